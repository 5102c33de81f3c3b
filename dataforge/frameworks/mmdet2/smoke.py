"""Smoke runs with mmdetection 2.x, using its own builders, data loader and MMDataParallel."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, cast

from dataforge.errors import DataforgeError, MissingDependencyError
from dataforge.frameworks.adapter import (
    Adapter,
    BuiltDataset,
    CocoSource,
    ImageInfo,
    Part,
    TrainingConfig,
    Trial,
    TrialSettings,
    Truth,
    quiet,
)
from dataforge.frameworks.detections import Detections
from dataforge.frameworks.lacking import lacking
from dataforge.frameworks.live import LiveModel
from dataforge.frameworks.mm import (
    RULES,
    ap_by_class,
    base_configs,
    check_pipeline,
    evaluate_in_threads,
    forget_pretrained,
    heads_of,
    importing,
    is_wrapped,
    loaded,
    small_model,
    text_only,
)
from dataforge.frameworks.mmdet2.detecting import detections, results
from dataforge.frameworks.operators import serve
from dataforge.frameworks.patches import adapt_mmcv_streams
from dataforge.frameworks.samples import Sample, mm_sample
from dataforge.frameworks.weights import first_that_fits

MMCV = (
    "with mmcv-full 1.7, whose operators are compiled, or with mmcv 1.7 and torchvision's "
    "operators (docs/environment.md)"
)


class Mmdet2Adapter(Adapter):
    """mmdet 2.28 with mmcv-full 1.7, or with mmcv 1.7, which has no compiled operators."""

    packages = ("mmdet", "mmcv-full", "mmcv")

    def require(self) -> None:
        """Raise MissingDependencyError if mmdetection 2.x is not installed."""
        try:
            version = metadata.version("mmdet")
        except metadata.PackageNotFoundError as error:
            raise MissingDependencyError(
                f"mmdet 2.28 is required in the Python that runs dataforge, {MMCV}"
            ) from error
        if not version.startswith("2."):
            raise DataforgeError(
                f"mmdet {version} is installed; this config requires mmdet 2.x: run dataforge with "
                "the Python that has it"
            )

    def prepare(self, device: str) -> None:
        """Import mmdet without its import warnings; on a GPU, patch mmcv's scatter."""
        with importing("mmdet 2", MMCV):
            self.operators = serve()
            import mmdet.apis  # noqa: F401
            from mmdet.core.evaluation import mean_ap
        evaluate_in_threads(mean_ap)
        if device == "cuda":
            adapt_mmcv_streams()

    def load(self, config: Path) -> Mmdet2Config:
        """Load the config as mmdet's own train.py does.

        Raises:
            InputError: the config does not load, or is not a training config.
        """
        from mmcv import Config
        from mmdet.utils import replace_cfg_vals, update_data_root

        def read() -> Any:
            cfg = replace_cfg_vals(Config.fromfile(str(config)))
            update_data_root(cfg)
            return cfg

        return Mmdet2Config(loaded(config, read, "mmdet 2", "model", "data"))


class Mmdet2Config(TrainingConfig):
    """An mmdet 2 config: datasets under ``data``, wrapped or not.

    Attributes:
        cfg: mmcv's Config.
    """

    title = "mmdet"
    truth_method = "get_ann_info"
    rules: Mapping[str, str] = {
        **RULES,
        "in an image under 32 px": "mmdet 2 trains on no image whose shorter side is under 32 px, "
        "_filter_imgs of its dataset classes",
        "in an image that mmdet filters out": "mmdet 2 leaves images without ground truth out of "
        "training unless filter_empty_gt=False",
    }

    def __init__(self, cfg: Any) -> None:
        self.cfg = cfg

    def where(self, split: str) -> str:
        return f"data.{split}"

    def parts(self, split: str) -> Sequence[Part]:
        if split not in self.cfg.data:
            return []
        return [
            Mmdet2Part(config, f"data.{split} ({config.get('ann_file', config.get('type'))})")
            for config in base_configs(self.cfg.data[split])
        ]

    def same(self, split: str, other: str) -> bool:
        return bool(self.cfg.data.get(split) == self.cfg.data.get(other))

    def build_wrappers(self, split: str) -> None:
        config = self.cfg.data[split]
        if is_wrapped(config):
            build(config, **({} if split == "train" else {"test_mode": True}))

    def heads(self) -> Sequence[tuple[str, int]]:
        from mmcv.cnn import VGG
        from mmdet.models.dense_heads import GARPNHead, RPNHead
        from mmdet.models.roi_heads.mask_heads import FusedSemanticHead

        return list(heads_of(self._model(), (RPNHead, VGG, FusedSemanticHead, GARPNHead)))

    def lacking(self) -> Mapping[str, Sequence[str]]:
        tests = {"test_cfg": self.cfg.get("test_cfg"), "train_cfg": self.cfg.get("train_cfg")}
        return lacking(self._model, {**self.cfg.model, **{k: v for k, v in tests.items() if v}})

    def _model(self) -> Any:
        return build_model(small_model(self.cfg.model, random=False), self.cfg)

    def live(self) -> LiveModel:
        from dataforge.frameworks.mmdet2.live import Mmdet2Model

        return Mmdet2Model(self.cfg)

    def trained(self, weights: Path, device: str) -> Any:
        own = copy.deepcopy(self.cfg.model)
        forget_pretrained(own)
        proved = partial(small_model, self.cfg.model, random=True)
        builders = (lambda: build_model(own, self.cfg), lambda: build_model(proved(), self.cfg))
        return parallel(first_that_fits(builders, weights), device)

    def detect(self, part: Part, model: Any) -> Iterator[Detections]:
        tested = self.cfg.data.get("test") or self.cfg.data.get("val")
        own = {"pipeline": next(iter(base_configs(tested)))["pipeline"]} if tested else {}
        dataset = build(cast("Mmdet2Part", part).config, test_mode=True, **own)
        return map(detections, results(model, dataset))

    def trial(self, images: Sequence[str], size: int, settings: TrialSettings) -> Trial:
        return Mmdet2Trial(self.cfg, images, size, settings)


class Mmdet2Part(Part):
    """One dataset config of mmdet 2."""

    min_size = 32  # in _filter_imgs, regardless of filter_empty_gt

    def __init__(self, config: Any, where: str) -> None:
        self.config = config
        self.where = where

    def classes_as_text(self) -> str | None:
        """A `classes` string that mmdet interprets as the name of a file that does not exist."""
        from mmdet.datasets import DATASETS

        declared = self.config.get("classes")
        if declared is None:
            declared = getattr(DATASETS.get(self.config["type"]), "CLASSES", None)
        return text_only(declared)

    def build(self, *, training: bool) -> BuiltDataset:
        return view(build(self.config, **({} if training else {"test_mode": True})))

    def samples(self, count: int) -> Iterator[Sample]:
        dataset = build(self.config)

        def start(index: int) -> dict[str, Any]:
            info, annotation = dataset.data_infos[index], dataset.get_ann_info(index)
            data = copy.deepcopy({"img_info": info, "ann_info": annotation})
            dataset.pre_pipeline(data)
            return data

        for index, info in enumerate(dataset.data_infos[:count]):
            steps = dataset.pipeline.transforms
            if found := mm_sample(info["filename"], steps, partial(start, index)):
                yield found


def build(config: Any, **overrides: Any) -> Any:
    """Build a dataset with mmdet's own builder, without log output."""
    from mmdet.datasets import build_dataset

    with quiet():
        if isinstance(config, (list, tuple)):  # which mmdet concatenates
            return build_dataset(config, overrides)
        return build_dataset(type(config)({**config, **overrides}))


def build_model(config: Any, cfg: Any) -> Any:
    """Build the model with mmdet's own builder, without log output."""
    from mmdet.models import build_detector

    with quiet():
        return build_detector(
            copy.deepcopy(config), train_cfg=cfg.get("train_cfg"), test_cfg=cfg.get("test_cfg")
        )


def parallel(model: Any, device: str) -> Any:
    """The model in mmcv's MMDataParallel, which unpacks its batches."""
    from mmcv.parallel import MMDataParallel

    if device == "cuda":
        return MMDataParallel(model.cuda(), device_ids=[0])
    return MMDataParallel(model, device_ids=[])


def _xml_file(dataset: Any, info: Any) -> Path:
    """The file opened by a class that `register` generated, else by mmdet's own path rule."""
    by_rule = Path(dataset.img_prefix or "") / dataset.ann_subdir / f"{info['id']}.xml"
    return Path(info.get("xml", by_rule))


def _listed(array: Any) -> list[Any]:
    return [] if array is None else list(array.tolist())


def view(dataset: Any) -> BuiltDataset:
    """A dataset of mmdet 2 in framework-independent form."""
    prefix = Path(dataset.img_prefix or "")
    is_coco = hasattr(dataset, "coco")
    is_xml = not is_coco and hasattr(dataset, "ann_subdir")

    def truth(index: int) -> Truth:
        annotation = dataset.get_ann_info(index)
        boxes = [(x0, y0, x1, y1) for x0, y0, x1, y1 in annotation["bboxes"].tolist()]
        return Truth(annotation["labels"].tolist(), boxes)

    def ignored(index: int) -> Truth:
        annotation = dataset.get_ann_info(index)
        boxes = [tuple(box) for box in _listed(annotation.get("bboxes_ignore"))]
        labels = _listed(annotation.get("labels_ignore"))
        return Truth(labels if len(labels) == len(boxes) else [0] * len(boxes), boxes)

    return BuiltDataset(
        classes=tuple(dataset.CLASSES),
        images=[
            ImageInfo(
                name=info["filename"],
                path=prefix / info["filename"],
                width=info.get("width"),
                height=info.get("height"),
                id=info.get("id"),
                xml=_xml_file(dataset, info) if is_xml else None,
            )
            for info in dataset.data_infos
        ],
        truth=truth,
        source=CocoSource(dataset.ann_file) if is_coco else None,
        cat_ids=dataset.cat_ids if is_coco else (),
        class_of=getattr(dataset, "class_of", str),
        # A class generated by `register` states its coordinate convention.
        offsets=getattr(dataset, "OFFSETS", (0.0, 0.0, 0.0, 0.0)),
        ignored=ignored,
    )


# Proof ------------------------------------------------------------------------------------------

# Pipeline steps kept for training and testing on a few images. The other steps of a config's
# pipeline are augmentations, which hinder overfitting.
_PLAIN = (
    "LoadImageFromFile", "LoadAnnotations", "FilterAnnotations", "Resize", "RandomFlip",
    "Normalize", "Pad", "DefaultFormatBundle", "ImageToTensor", "ToTensor", "Collect",
)  # fmt: skip


class Mmdet2Trial(Trial):
    """See `Trial`."""

    def __init__(self, cfg: Any, images: Sequence[str], size: int, settings: TrialSettings) -> None:
        self.cfg = cfg
        self.settings = settings
        self.model_config = small_model(cfg.model, random=settings.random)
        config = next(iter(base_configs(cfg.data.train)))
        check_pipeline((step["type"] for step in config["pipeline"]), "Collect")
        train, self.left_out = train_pipeline(config["pipeline"], size)
        test_config = next(iter(base_configs(cfg.data.get("val", cfg.data.train))))
        test = test_pipeline(test_config["pipeline"], size)
        self.train = build(config, pipeline=train)
        self.test = build(config, pipeline=test, test_mode=True)
        _keep(self.train, images)
        _keep(self.test, images)
        self.train._set_group_flag()

    def new_model(self) -> Any:
        model = build_model(self.model_config, self.cfg)
        with quiet():
            model.init_weights()
        return parallel(model, self.settings.device)

    def batches(self) -> Iterator[Any]:
        from mmdet.datasets import build_dataloader

        batch, seed = self.settings.batch, self.settings.seed
        loader = build_dataloader(self.train, batch, 0, dist=False, shuffle=True, seed=seed)
        while True:
            yield from loader

    def loss(self, model: Any, batch: Any) -> tuple[Any, Mapping[str, float]]:
        outputs = model.train_step(batch, None)
        return outputs["loss"], outputs["log_vars"]

    def detect(self, model: Any) -> list[Any]:
        """mmdet's results."""
        return [*results(model, self.test)]

    def detections(self, model: Any) -> Sequence[Detections]:
        return [detections(one) for one in results(model, self.test)]

    def ap50(self, found: Sequence[Any]) -> float:
        is_coco = hasattr(self.test, "coco")
        with quiet():
            figures = self.test.evaluate(
                found, metric="bbox" if is_coco else "mAP", logger="silent"
            )
        return float(figures.get("bbox_mAP_50" if is_coco else "AP50", 0.0))

    def ap50_per_class(self, found: Sequence[Any]) -> dict[str, float]:
        """Computed by mmdet's eval_map."""
        from mmdet.core import eval_map

        boxes = [result[0] if isinstance(result, tuple) else result for result in found]
        truth = [self.test.get_ann_info(i) for i in range(len(self.test))]
        _, by_class = eval_map(boxes, truth, dataset=self.test.CLASSES, logger="silent", nproc=1)
        return ap_by_class(self.test.CLASSES, by_class)

    def save(self, model: Any, path: Path, classes: Sequence[str]) -> None:
        from mmcv.runner import save_checkpoint

        save_checkpoint(model, str(path), meta={"CLASSES": tuple(classes)})


def _keep(dataset: Any, file_names: Sequence[str]) -> None:
    """Cut a dataset down to some of its images, in this order."""
    index = {info["filename"]: i for i, info in enumerate(dataset.data_infos)}
    kept = [index[name] for name in file_names]
    dataset.data_infos = [dataset.data_infos[i] for i in kept]
    if hasattr(dataset, "img_ids"):
        dataset.img_ids = [dataset.img_ids[i] for i in kept]


def train_pipeline(pipeline: Sequence[Mapping[str, Any]], size: int) -> tuple[list[Any], list[str]]:
    """The config's training pipeline at another size without randomness, and the steps removed."""
    plain = [copy.deepcopy(dict(step)) for step in pipeline if step["type"] in _PLAIN]
    left_out = [step["type"] for step in pipeline if step["type"] not in _PLAIN]
    return [_fixed(step, size) for step in plain], left_out


def test_pipeline(pipeline: Sequence[Mapping[str, Any]], size: int) -> list[Any]:
    """The config's test pipeline at another size."""
    steps = [copy.deepcopy(dict(step)) for step in pipeline]
    for step in steps:
        if step["type"] == "MultiScaleFlipAug":
            step.pop("scale_factor", None)
            step.update(img_scale=(size, size), flip=False)
    return steps


def _fixed(step: dict[str, Any], size: int) -> dict[str, Any]:
    if step["type"] == "Resize":
        return {"type": "Resize", "img_scale": (size, size), "keep_ratio": True}
    if step["type"] == "RandomFlip":
        return {"type": "RandomFlip", "flip_ratio": 0.0}
    return step
