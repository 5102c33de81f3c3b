"""Models of mmdetection 3 as they run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dataforge.errors import InputError
from dataforge.frameworks.adapter import quiet
from dataforge.frameworks.mm import base_configs
from dataforge.frameworks.mm_live import MmModel, blank, sizing_of


class Mmdet3Model(MmModel):
    """See `LiveModel`.

    Args:
        cfg: mmengine's Config.
        build: builds a model from its config.
    """

    def __init__(self, cfg: Any, build: Callable[[Any], Any]) -> None:
        loaders = (cfg.get(f"{split}_dataloader") for split in ("test", "val", "train"))
        tested = [loader["dataset"] for loader in loaders if loader][:1]
        if not tested:
            raise InputError(
                "the config has no train_dataloader, val_dataloader or test_dataloader"
            )
        pipeline = next(iter(base_configs(tested[0])))["pipeline"]
        super().__init__(cfg.model, build, pipeline)
        preprocessor = getattr(self.model, "data_preprocessor", None)
        self.sizing = sizing_of(pipeline, 3, getattr(preprocessor, "pad_size_divisor", 1))

    def run(self, image: Path) -> tuple[float, float]:
        """See `LiveModel.run`; like mmdet.apis.inference_detector."""
        from mmcv.transforms import Compose
        from mmengine.dataset import pseudo_collate

        with quiet():
            data = Compose(self.pipeline)({"img_path": str(image.absolute()), "img_id": 0})
        (found,) = self.model.test_step(pseudo_collate([data]))
        height, width = found.batch_input_shape
        return found.img_shape[1] / width, found.img_shape[0] / height

    def run_blank(self, width: int, height: int) -> None:
        """See `LiveModel.run_blank`."""
        from mmdet.structures import DetDataSample

        shape = (height, width)
        names = ("img_shape", "ori_shape", "pad_shape", "batch_input_shape")
        meta = {**dict.fromkeys(names, shape), "scale_factor": (1.0, 1.0)}
        self.model(blank(width, height), [DetDataSample(metainfo=meta)], mode="tensor")
