"""Models of mmdetection 2 as they run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dataforge.errors import InputError
from dataforge.frameworks.adapter import quiet
from dataforge.frameworks.mm import base_configs
from dataforge.frameworks.mm_live import MmModel, blank, sizing_of
from dataforge.frameworks.mmdet2.smoke import build_model


class Mmdet2Model(MmModel):
    """See `LiveModel`.

    Args:
        cfg: mmcv's Config.
    """

    def __init__(self, cfg: Any) -> None:
        splits = [cfg.data[split] for split in ("test", "val", "train") if split in cfg.data]
        if not splits:
            raise InputError("the config has no data.train, data.val or data.test")
        tested = splits[0]
        pipeline = next(iter(base_configs(tested)))["pipeline"]
        super().__init__(cfg.model, lambda config: build_model(config, cfg), pipeline)
        self.sizing = sizing_of(pipeline, 2)

    def run(self, image: Path) -> tuple[float, float]:
        """See `LiveModel.run`; like mmdet.apis.inference_detector, which needs a compiled mmcv."""
        from mmdet.datasets.pipelines import Compose

        info = {"img_info": {"filename": str(image.absolute())}, "img_prefix": None}
        with quiet():
            data = Compose(self.pipeline)(info)
        images, metas = ([_inside(each) for each in _listed(data[key])] for key in _KEYS)
        images = [each[None] for each in images]
        self.model(return_loss=False, rescale=True, img=images, img_metas=[[m] for m in metas])
        height, width = images[0].shape[-2:]
        return metas[0]["img_shape"][1] / width, metas[0]["img_shape"][0] / height

    def run_blank(self, width: int, height: int) -> None:
        """See `LiveModel.run_blank`."""
        model, image = self.model, blank(width, height)
        if not (getattr(model, "with_rpn", False) and getattr(model, "with_roi_head", False)):
            model.forward_dummy(image)
            return
        # forward_dummy of two stages takes random boxes, which the RoIAlign for CPUs refuses.
        levels = model.extract_feat(image)
        shape = (height, width, 3)
        meta = {**dict.fromkeys(("img_shape", "ori_shape", "pad_shape"), shape), "scale_factor": 1}
        (proposals,) = model.rpn_head.simple_test_rpn(levels, [meta])
        model.roi_head.forward_dummy(levels, proposals[:, :4])


_KEYS = ("img", "img_metas")


def _listed(value: Any) -> list[Any]:
    """One item for each scale of test-time augmentation."""
    return value if isinstance(value, list) else [value]


def _inside(value: Any) -> Any:
    """What is in mmcv's DataContainer."""
    from mmcv.parallel import DataContainer

    return value.data if isinstance(value, DataContainer) else value
