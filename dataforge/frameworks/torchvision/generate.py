"""torchvision: dataset module and training script, using torchvision's own detectors.

The generated code must handle torchvision 0.16 to 0.29: labels begin at 1, degenerate boxes are
rejected (models/detection/generalized_rcnn.py), and backbone weights are downloaded unless disabled
(models/detection/faster_rcnn.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from dataforge.errors import UsageError
from dataforge.frameworks.adapter import Adapter
from dataforge.frameworks.backbone import find_weights, network_notes
from dataforge.frameworks.base import Framework
from dataforge.frameworks.render import network_text, planned_files
from dataforge.frameworks.spec import DatasetSpec, PlannedFile, TrainSpec, check_masks
from dataforge.learning_rate import BASE_BATCH, TORCHVISION_SCHEDULE
from dataforge.mmconfig import Signs
from dataforge.models import Network, get_network, networks, sources_of


@dataclass(frozen=True)
class Torchvision(Framework):
    """torchvision's own detectors, trained by a generated script."""

    name = "torchvision"
    title = "torchvision"
    packages: ClassVar[Mapping[str, str]] = {"torchvision": ""}
    needs = "torchvision 0.16 or later"
    imports = ("torch", "torchvision", "pycocotools")
    bases: ClassVar[Mapping[str, float]] = {
        "fasterrcnn_resnet50_fpn": 0.02,
        "fasterrcnn_resnet50_fpn_v2": 0.02,
        "maskrcnn_resnet50_fpn": 0.02,
        "retinanet_resnet50_fpn": 0.01,
    }
    signs = Signs(imports=frozenset({"torchvision"}))

    def adapter(self) -> Adapter:
        """See `Framework.adapter`."""
        from dataforge.frameworks.torchvision.smoke import TorchvisionAdapter

        return TorchvisionAdapter()

    def check(self, dataset: DatasetSpec, train: TrainSpec) -> None:
        """Reject what torchvision cannot train, before anything is written.

        Raises:
            UsageError: the base is unknown, or requires masks.
        """
        base = self.detector(train)
        check_masks(base, dataset)
        if train.settings:
            raise UsageError("--set is for mmdetection's configs; torchvision has train.py to edit")
        network = network_of(train)
        if network is None:
            return
        if not network.torchvision:
            names = [name for name in networks() if get_network(name).torchvision]
            raise UsageError(f"--backbone {network.name}: torchvision has {', '.join(names)}")
        if base.endswith("_v2"):
            raise UsageError(f"--base {base} has a backbone of its own; use one without _v2")
        weights, stages = find_weights(network, train), len(network.strides)
        borrowed = weights == network.weights and network.borrowed
        loaded = borrowed or stages if weights else -1
        frozen = -1 if train.frozen_stages is None else train.frozen_stages
        if not -1 <= frozen <= stages:
            why = f"must be -1 (none), 0 (the stem) to {stages}"
        elif frozen > loaded:
            why = f"would freeze random weights of {network.name}"
        else:
            return
        raise UsageError(f"--frozen-stages {frozen}: {why}")

    def notes(self, train: TrainSpec) -> tuple[str, ...]:
        """What to know about the weights of the backbone."""
        return network_notes(train) if network_of(train) else ()

    def render_files(self, dataset: DatasetSpec, train: TrainSpec) -> list[PlannedFile]:
        """The dataset class, the training script, and what a backbone of its own needs."""
        network = network_of(train)
        schedule = train.schedule(TORCHVISION_SCHEDULE, dataset)
        values = {
            "dataset": dataset,
            "train": train,
            "base": model_name(self.detector(train), network),
            "bases": {
                model_name(name, network): lr
                for name, lr in self.bases.items()
                if (dataset.has_masks or not name.startswith("mask"))
                and not (network and name.endswith("_v2"))
            },
            "module": self.module_name(dataset),
            "base_batch": BASE_BATCH,
            "schedule": schedule,
            "stock": TORCHVISION_SCHEDULE,
            "why": schedule.why(TORCHVISION_SCHEDULE),
            "network": network,
            **(body_values(network, train) if network else {}),
        }
        names = {
            f"{dataset.folder}/torchvision.py": "torchvision/dataset.py.j2",
            self.config_path(dataset, train): "torchvision/train.py.j2",
        }
        sources = list(sources_of("detection")) if network else []
        if network and network.source:
            sources += [name for name in sources_of(network.source) if name not in sources]
        copied = [
            PlannedFile(f"{dataset.folder}/{name}.py", network_text(name)) for name in sources
        ]
        return [*planned_files(names, values), *copied]

    def config_path(self, dataset: DatasetSpec, train: TrainSpec) -> str:
        """The training script, relative to the output folder; its options choose the detector.

        It is alone in its folder, which is the first that Python searches for what it imports.
        """
        return f"configs/torchvision/{dataset.key}/train.py"


def network_of(train: TrainSpec) -> Network | None:
    """The backbone that the script builds itself; None if torchvision's own ResNet-50 will do.

    Raises:
        UsageError: there is no such network.
    """
    if train.backbone == "resnet50" and not train.weights and train.frozen_stages is None:
        return None
    return get_network(train.backbone)


def model_name(base: str, network: Network | None) -> str:
    """What the script calls a detector.

    >>> model_name("maskrcnn_resnet50_fpn", get_network("detnet59"))
    'maskrcnn_detnet59_fpn'
    """
    return base.replace("resnet50", network.name) if network else base


def body_values(network: Network, train: TrainSpec) -> dict[str, object]:
    """What the template takes for a backbone of its own.

    Returns:
        body: the call that builds it.
        imports: names of the network's own file.
        imagenet: the classifier of torchvision's whose ImageNet weights it can start from.
        weights: default of --weights-backbone.
        blocks, trainable: number of its blocks, and of those that are trained.
    """
    body, imports = f"classifier_body({network.name!r})", []
    if network.source:
        arguments = dict(network.mmdet or {})
        kind = arguments.pop("type")
        arguments.pop("out_indices")
        given = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
        body, imports = f"{kind}({given})", [kind]
    if network.neck != "FPN":
        imports.append(network.neck)
    imagenet = network.weights.removeprefix("torchvision://")
    start = "imagenet" if find_weights(network, train) else "none"
    frozen = 1 if train.frozen_stages is None else train.frozen_stages
    return {
        "body": body,
        "imports": imports,
        "imagenet": imagenet,
        "weights": train.weights or start,
        "blocks": len(network.strides) + 1,
        "trainable": len(network.strides) - frozen,
    }
