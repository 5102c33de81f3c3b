"""Layers that are frozen at random weights."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
from dataforge.errors import plural
from dataforge.findings import Finding, Place
from dataforge.mmconfig import Config, type_name

_REMEDY = "load pretrained weights, or set frozen_stages=-1 and norm_eval=False"


class Check(base.Check):
    """Looks at the backbone."""

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        config = file.config
        backbone = config.get("model.backbone")
        if not isinstance(backbone, dict) or not _is_random(config):
            return
        frozen, norm = backbone.get("frozen_stages"), backbone.get("norm_cfg", {})
        if isinstance(frozen, int) and frozen >= 0:
            what = "the stem" if frozen == 0 else f"the stem and {plural(frozen, 'stage')}"
            message = f"frozen_stages={frozen} freezes {what} at random weights: none are loaded"
            yield self.finding(Place(file.name, "model.backbone.frozen_stages"), message, _REMEDY)
        elif backbone.get("norm_eval") is True and type_name(norm) in ("", "BN", "SyncBN"):
            message = "norm_eval=True keeps BatchNorm at its initial statistics: none are loaded"
            where = "model.backbone.norm_eval"
            yield self.finding(Place(file.name, where), message, _REMEDY, severity="warning")


def _is_random(config: Config) -> bool:
    """Whether the backbone is certain to start from random weights."""
    sources = ["load_from", "resume_from", "model.pretrained", "model.init_cfg"]
    sources += ["model.backbone.init_cfg", "model.backbone.pretrained"]
    model = config.get("model.backbone.init_cfg") is None and (
        config.settled("model") or "init_cfg" in config.get("model.backbone")
    )
    return (
        model
        and config.get("resume") is not True
        and all(config.get(key) is None for key in sources)
    )
