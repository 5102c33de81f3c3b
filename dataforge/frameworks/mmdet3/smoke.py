"""Smoke runs with mmdetection 3.x (mmengine): classic and lazy configs."""

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
    type_name,
)
from dataforge.frameworks.mmdet3.detecting import detections, results
from dataforge.frameworks.mmdet3.steps import PLAIN, fixed, step_name
from dataforge.frameworks.operators import serve
from dataforge.frameworks.samples import Sample, mm_sample
from dataforge.frameworks.weights import first_that_fits

MMCV = (
    "with mmcv 2.1, whose operators are compiled, or with mmcv-lite 2.1 and torchvision's "
    "operators (docs/environment.md)"
)


class Mmdet3Adapter(Adapter):
    """mmdet 3.3 with mmcv 2 and mmengine."""

    packages = (
        "mmdet", "onedl-mmdetection", "mmcv", "mmcv-lite", "onedl-mmcv", "mmengine",
        "onedl-mmengine",
    )  # fmt: skip

    def require(self) -> None:
        """See `Adapter.require`."""
        for package in ("mmdet", "onedl-mmdetection"):
            try:
                version = metadata.version(package)
            except metadata.PackageNotFoundError:
                continue
            if not version.startswith("3."):
                raise DataforgeError(
                    f"mmdet {version} is installed; this config requires mmdet 3.x: run dataforge "
                    "with the Python that has it"
                )
            return
        raise MissingDependencyError(
            f"mmdet 3.3 is required in the Python that runs dataforge, {MMCV}"
        )

    def prepare(self, device: str) -> None:
        """See `Adapter.prepare`."""
        with importing("mmdet 3", MMCV):
            self.operators = serve()
            from mmdet.evaluation.functional import mean_ap
            from mmdet.utils import register_all_modules

            register_all_modules(init_default_scope=True)
        evaluate_in_threads(mean_ap)

    def load(self, config: Path) -> Mmdet3Config:
        """See `Adapter.load`."""
        from mmengine.config import Config

        def read() -> Any:
            return Config.fromfile(str(config))

        return Mmdet3Config(loaded(config, read, "mmdet 3", "model", "train_dataloader"))


class Mmdet3Config(TrainingConfig):
    """A config of mmengine's `Runner`."""

    title = "mmdet"
    truth_method = "load_data_list"
    rules: Mapping[str, str] = {
        **RULES,
        "in an image that mmdet filters out": "mmdet 3 leaves out of training what filter_cfg of "
        "the dataset says, and nothing where there is none",
    }

    def __init__(self, cfg: Any) -> None:
        self.cfg = cfg
        sizes = sorted({part.min_size for part in self.parts("train") if part.min_size})
        small = {f"in an image under {size} px": "filter_cfg says min_size" for size in sizes}
        self.rules = {**self.rules, **small}

    def where(self, split: str) -> str:
        """The split's dataset."""
        return f"{split}_dataloader.dataset"

    def parts(self, split: str) -> Sequence[Part]:
        """The datasets inside wrappers such as RepeatDataset."""
        config = self._dataset(split)
        if config is None:
            return []
        return [Mmdet3Part(part, self.where(split)) for part in base_configs(config)]

    def same(self, split: str, other: str) -> bool:
        """Whether the two dataloaders' datasets are the same."""
        return bool(self._dataset(split) == self._dataset(other))

    def build_wrappers(self, split: str) -> None:
        """Build the whole split if it is more than one plain dataset."""
        config = self._dataset(split)
        if is_wrapped(config):
            _build_dataset(config)

    def heads(self) -> Sequence[tuple[str, int]]:
        """The heads that mmdet 3.3.0's NumClassCheckHook checks."""
        from mmdet.models.dense_heads import RPNHead
        from mmdet.models.roi_heads.mask_heads import FusedSemanticHead

        return [*heads_of(self._model(), (RPNHead, FusedSemanticHead))]

    def lacking(self) -> Mapping[str, Sequence[str]]:
        """See `TrainingConfig.lacking`."""
        return lacking(self._model, self.cfg.model)

    def _model(self) -> Any:
        return _build_model(small_model(self.cfg.model, random=False))

    def live(self) -> LiveModel:
        """See `TrainingConfig.live`."""
        from dataforge.frameworks.mmdet3.live import Mmdet3Model

        return Mmdet3Model(self.cfg, _build_model)

    def trained(self, weights: Path, device: str) -> Any:
        """See `TrainingConfig.trained`."""
        own = copy.deepcopy(self.cfg.model)
        forget_pretrained(own)
        proved = partial(small_model, self.cfg.model, random=True)
        builders = (lambda: _build_model(own), lambda: _build_model(proved()))
        return first_that_fits(builders, weights).to(device)

    def detect(self, part: Part, model: Any) -> Iterator[Detections]:
        """See `TrainingConfig.detect`."""
        tested = self._dataset("test") or self._dataset("val")
        own = {"pipeline": next(iter(base_configs(tested)))["pipeline"]} if tested else {}
        whole = {"test_mode": True, "filter_cfg": None, "lazy_init": False, **own}
        dataset = _build_dataset(cast("Mmdet3Part", part).config, **whole)
        return map(detections, results(model, dataset))

    def trial(self, images: Sequence[str], size: int, settings: TrialSettings) -> Trial:
        """See `TrainingConfig.trial`."""
        return Mmdet3Trial(self.cfg, images, size, settings)

    def _dataset(self, split: str) -> Any:
        loader = self.cfg.get(f"{split}_dataloader")
        return loader["dataset"] if loader else None


def _build_dataset(config: Any, **overrides: Any) -> Any:
    """Build a dataset with mmdet's own registry, without log output."""
    from mmdet.registry import DATASETS

    with quiet():
        return DATASETS.build(type(config)({**copy.deepcopy(config), **overrides}))


def _build_model(config: Any) -> Any:
    from mmdet.registry import MODELS

    with quiet():
        return MODELS.build(copy.deepcopy(config))


class Mmdet3Part(Part):
    """One dataset of a dataloader."""

    def __init__(self, config: Any, where: str) -> None:
        self.config = config
        self.where = f"{where} ({config.get('ann_file', type_name(config))})"
        self.min_size = int((config.get("filter_cfg") or {}).get("min_size", 0))

    def classes_as_text(self) -> str | None:
        """`classes` as a string, which mmengine keeps if it is not a file."""
        from mmdet.registry import DATASETS

        declared = (self.config.get("metainfo") or {}).get("classes")
        if declared is None:
            type_ = self.config["type"]
            class_ = DATASETS.get(type_) if isinstance(type_, str) else type_
            declared = getattr(class_, "METAINFO", {}).get("classes")
        return text_only(declared)

    def build(self, *, training: bool) -> BuiltDataset:
        """See `Part.build`."""
        # A serialised dataset would give its items only one by one and discard its index.
        overrides: dict[str, Any] = {"serialize_data": False, "lazy_init": False}
        if not training:
            overrides |= {"test_mode": True, "filter_cfg": None}
        return described(_build_dataset(self.config, **overrides))

    def samples(self, count: int) -> Iterator[Sample]:
        """See `Part.samples`."""
        dataset = _build_dataset(self.config, lazy_init=False)
        for index in range(min(count, len(dataset))):
            start = partial(dataset.get_data_info, index)
            if found := mm_sample(_name(dataset, start()), dataset.pipeline.transforms, start):
                yield found


def described(dataset: Any) -> BuiltDataset:
    """A built dataset, not serialised, in framework-independent form."""
    classes = tuple(dataset.metainfo["classes"])
    infos = dataset.data_list

    def truth(index: int, *, ignored: bool = False) -> Truth:
        instances = dataset.get_data_info(index)["instances"]
        used = [item for item in instances if bool(item["ignore_flag"]) == ignored]
        boxes = [tuple(float(value) for value in item["bbox"]) for item in used]
        return Truth([int(item["bbox_label"]) for item in used], boxes)  # type: ignore[arg-type]

    return BuiltDataset(
        classes=classes,
        images=[
            ImageInfo(
                name=_name(dataset, info),
                path=Path(info["img_path"]),
                width=info.get("width"),
                height=info.get("height"),
                id=info.get("img_id"),
                xml=Path(info["xml_path"]) if info.get("xml_path") else None,
            )
            for info in infos
        ],
        truth=truth,
        source=CocoSource(dataset.ann_file) if hasattr(dataset, "cat_ids") else None,
        cat_ids=getattr(dataset, "cat_ids", ()),
        class_of=getattr(dataset, "class_of", str),
        # A class generated by `register` states its coordinate convention.
        offsets=getattr(dataset, "OFFSETS", (0.0, 0.0, 0.0, 0.0)),
        ignored=partial(truth, ignored=True),
    )


def _name(dataset: Any, info: Mapping[str, Any]) -> str:
    """The image's path, relative to the dataset's root."""
    return str(info["img_path"]).removeprefix(dataset.data_root or "").lstrip("/")


# Proof ------------------------------------------------------------------------------------------


class Mmdet3Trial(Trial):
    """The first dataset of the training set, cut down to a few images."""

    def __init__(self, cfg: Any, images: Sequence[str], size: int, settings: TrialSettings) -> None:
        self.settings = settings
        self.model_config = small_model(cfg.model, random=settings.random)
        config = next(iter(base_configs(cfg.train_dataloader["dataset"])))
        pipeline = config["pipeline"]
        check_pipeline(map(step_name, pipeline), "PackDetInputs")
        self.left_out = [step_name(step) for step in pipeline if step_name(step) not in PLAIN]
        train = [fixed(step, size) for step in pipeline if step_name(step) in PLAIN]
        loader = cfg.get("val_dataloader") or cfg.train_dataloader
        tested = next(iter(base_configs(loader["dataset"])))
        test = [fixed(step, size) for step in tested["pipeline"] if step_name(step) in PLAIN]
        self.train = _kept(_build_dataset(config, pipeline=train, serialize_data=False), images)
        whole = {"test_mode": True, "filter_cfg": None, "serialize_data": False}
        self.test = _kept(_build_dataset(config, pipeline=test, **whole), images)
        self.evaluator = _evaluator(cfg)

    def new_model(self) -> Any:
        """See `Trial.new_model`."""
        model = _build_model(self.model_config)
        with quiet():
            model.init_weights()
        return model.to(self.settings.device)

    def batches(self) -> Iterator[Any]:
        """See `Trial.batches`."""
        import torch
        from mmengine.dataset import pseudo_collate
        from torch.utils.data import DataLoader

        loader = DataLoader(
            self.train,
            batch_size=self.settings.batch,
            shuffle=True,
            generator=torch.Generator().manual_seed(self.settings.seed),
            collate_fn=pseudo_collate,
        )
        while True:
            yield from loader

    def loss(self, model: Any, batch: Any) -> tuple[Any, Mapping[str, float]]:
        """Like mmengine's `BaseModel.train_step`, without the optimiser step."""
        data = model.data_preprocessor(batch, True)
        loss, parts = model.parse_losses(model(**data, mode="loss"))
        return loss, {name: float(value) for name, value in parts.items()}

    def detect(self, model: Any) -> list[Any]:
        """Data samples."""
        return [*results(model, self.test)]

    def detections(self, model: Any) -> Sequence[Detections]:
        """See `Trial.detections`."""
        return [detections(one) for one in results(model, self.test)]

    def ap50(self, found: list[Any]) -> float:
        """Computed by the config's type of evaluator: COCO on the images' annotations, else VOC."""
        from mmdet.evaluation.metrics import CocoMetric
        from mmdet.registry import METRICS

        is_coco = issubclass(_metric_class(self.evaluator), CocoMetric)
        if is_coco:
            settings = {"ann_file": self.test.ann_file, "metric": "bbox"}
            metric = METRICS.build({"type": self.evaluator["type"], **settings})
            metric.img_ids = [info["img_id"] for info in self.test.data_list]
        else:
            metric = METRICS.build({"type": "mmdet.VOCMetric", "eval_mode": "area"})
        metric.dataset_meta = self.test.metainfo
        with quiet():
            metric.process({}, [sample.to_dict() for sample in found])
            values = metric.evaluate(len(found))
        return float(values.get("coco/bbox_mAP_50" if is_coco else "pascal_voc/AP50", 0.0))

    def ap50_per_class(self, found: list[Any]) -> dict[str, float]:
        """Computed by mmdet's `eval_map`."""
        import numpy as np
        from mmdet.evaluation.functional import eval_map

        classes = self.test.metainfo["classes"]
        detections = []
        for sample in found:
            given = sample.pred_instances
            scored = np.column_stack([given.bboxes.numpy(), given.scores.numpy()])
            labels = given.labels.numpy()
            detections.append([scored[labels == label] for label in range(len(classes))])
        truth = []
        built = described(self.test)
        for index in range(len(built.images)):
            labels_, boxes = built.truth(index)
            truth.append({"labels": np.array(labels_, dtype=np.int64),
                          "bboxes": np.array(boxes, dtype=np.float32).reshape(-1, 4)})  # fmt: skip
        _, by_class = eval_map(detections, truth, dataset=classes, logger="silent", nproc=1)
        return ap_by_class(classes, by_class)

    def save(self, model: Any, path: Path, classes: Sequence[str]) -> None:
        """See `Trial.save`."""
        import torch

        meta = {"dataset_meta": {"classes": tuple(classes)}}
        torch.save({"meta": meta, "state_dict": model.state_dict()}, str(path))


def _kept(dataset: Any, names: Sequence[str]) -> Any:
    """The dataset cut down to some of its images, in this order."""
    infos = {_name(dataset, info): info for info in dataset.data_list}
    dataset.data_list = [infos[name] for name in names]
    return dataset


def _evaluator(cfg: Any) -> Any:
    """The config's first metric; VOC if it has none."""
    evaluator = cfg.get("val_evaluator") or {"type": "mmdet.VOCMetric"}
    return evaluator[0] if isinstance(evaluator, list | tuple) else evaluator


def _metric_class(evaluator: Mapping[str, Any]) -> type:
    from mmdet.registry import METRICS

    type_ = evaluator["type"]
    found: type = METRICS.get(type_) if isinstance(type_, str) else type_
    return found
