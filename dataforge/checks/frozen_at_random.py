"""Layers that are frozen before anything has trained them.

What: the backbone has ``frozen_stages`` of 0 or more, and starts from random weights: ``init_cfg``
is None or not there, there is no ``pretrained`` and no ``load_from``. It is a warning where nothing
is frozen but ``norm_eval=True`` keeps a BatchNorm at the mean 0 and variance 1 that it begins with.

Why: mmdetection's bases freeze the stem and the first stage, as their weights are ImageNet's. Who
sets ``init_cfg=None``, as the weights cannot be downloaded, and leaves that, trains on what random
filters give, for good: the loss falls, and the AP stays low.

Example: ``model = dict(backbone=dict(init_cfg=None))`` over faster_rcnn_r50_fpn.py.

Fix: give the weights as a file, ``init_cfg=dict(type='Pretrained', checkpoint='resnet50.pth')``. To
train from scratch, set ``frozen_stages=-1, norm_eval=False``, with GroupNorm for small batches
(``norm_cfg=dict(type='GN', num_groups=32)``), and for many more epochs.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks.files import Document
from dataforge.errors import plural
from dataforge.mmconfig import Config, type_name
from dataforge.records import Finding

SEVERITY = "error"

_REMEDY = "give it weights, or set frozen_stages=-1 and norm_eval=False"


class Check(_base.Check):
    """Looks at the backbone."""

    def config(self, document: Document) -> Iterator[Finding]:
        config = document.config
        backbone = config.get("model.backbone")
        if not isinstance(backbone, dict) or not _is_random(config):
            return
        frozen, norm = backbone.get("frozen_stages"), backbone.get("norm_cfg", {})
        if isinstance(frozen, int) and frozen >= 0:
            what = "the stem" if frozen == 0 else f"the stem and {plural(frozen, 'stage')}"
            message = f"frozen_stages={frozen} keeps {what} at random weights: nothing is loaded"
            yield self.finding(
                document.name, message, _REMEDY, where="model.backbone.frozen_stages"
            )
        elif backbone.get("norm_eval") is True and type_name(norm) in ("", "BN", "SyncBN"):
            message = "norm_eval=True keeps BatchNorm as it begins: nothing is loaded"
            where = "model.backbone.norm_eval"
            yield self.finding(document.name, message, _REMEDY, where=where, severity="warning")


def _is_random(config: Config) -> bool:
    """Whether the backbone certainly starts from random weights."""
    told = ["load_from", "resume_from", "model.pretrained", "model.init_cfg"]
    told += ["model.backbone.init_cfg", "model.backbone.pretrained"]
    model = config.get("model.backbone.init_cfg") is None and (
        config.settled("model") or "init_cfg" in config.get("model.backbone")
    )
    return (
        model and config.get("resume") is not True and all(config.get(key) is None for key in told)
    )
