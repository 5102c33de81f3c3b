"""The parts of the proof: what each runs, and what is read from its files afterwards."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
DETECTORS = {
    "cascade": "cascade_rcnn_r50_fpn",
    "faster": "faster_rcnn_r50_fpn",
    "mask": "mask_rcnn_r50_fpn",
}


@dataclass(frozen=True)
class Scale:
    """How much is done: all of it on a GPU, a little on a CPU.

    Attributes:
        data: of the trainings.
        epochs, repeat: the learning rate falls to a tenth before the last epoch.
        size: longer side of the images, pixels.
        smoke: options of the proofs.
    """

    data: str
    epochs: int
    repeat: int
    batch: int
    size: int
    workers: int
    smoke: tuple[str, ...] = ()
    lr: float = 2e-4
    warm_up: int = 50

    @property
    def last_step(self) -> int:
        """The epoch after which the learning rate falls."""
        return max(1, self.epochs - 1)

    @property
    def is_small(self) -> bool:
        """Whether the proofs only run, and reach nothing."""
        return bool(self.smoke)


FULL = Scale(data="bccd", epochs=2, repeat=4, batch=8, size=512, workers=3)
SMALL = Scale(
    data="humanparts",
    epochs=1,
    repeat=1,
    batch=4,
    size=96,
    workers=0,
    smoke=(
        "--images",
        "2",
        "--batch-size",
        "2",
        "--size",
        "96",
        "--max-iters",
        "2",
        "--target",
        "0",
    ),
)


@dataclass(frozen=True)
class Registration:
    """A dataset with a detector, registered under a name of its own."""

    data: str
    detector: str
    backbone: str

    @property
    def name(self) -> str:
        """Such as BccdFasterResnet50."""
        return "".join(word.title() for word in (self.data, self.detector, self.backbone))


@dataclass(frozen=True, kw_only=True)
class Part:
    """One row of the table.

    Attributes:
        what: operators, proof, training, resume or test.
        timeout: seconds.
        slots: how much of the machine it takes.
        after: id of the part that must have succeeded.
    """

    framework: str
    what: str
    of: Registration | None = None
    amp: bool | None = None
    timeout: int = 200
    slots: int = 1
    after: str = ""
    compiled: bool = False
    why: str = field(default="", compare=False)

    @property
    def id(self) -> str:
        names = [self.framework, self.what]
        if self.of is not None:
            names += [self.of.data, self.of.detector, self.of.backbone]
        return "-".join(names + ["amp"] * bool(self.amp) + ["compiled"] * self.compiled)


def registrations(framework: str, scale: Scale, bccd: bool) -> list[Registration]:
    """What is registered in a framework."""
    is_torchvision = framework == "torchvision"
    own = ("faster", "vgg16") if is_torchvision else ("cascade", "res2net50_26w_6s")
    wanted = [
        Registration("humanparts", "faster", "resnet50"),
        Registration("labelme", "mask", "resnet50"),
        Registration("humanparts", "faster", "detnet59"),
        Registration("labelme", "mask", "detnet59"),
        Registration("humanparts", *own),
    ]
    return wanted + [Registration("bccd", "faster", "resnet50")] * bccd


def all_parts(
    frameworks: Sequence[str], scale: Scale, bccd: bool, gpu: bool, compiled: Sequence[str]
) -> Iterator[Part]:
    """Every part, the most important first."""
    known = {name: registrations(name, scale, bccd) for name in frameworks}
    trained = Registration(scale.data, "faster", "resnet50")
    for name in frameworks:
        yield Part(framework=name, what="operators")
    for name in frameworks:
        yield Part(framework=name, what="proof", of=known[name][0])
    for amp in (False, True)[: 1 + gpu]:
        for name in frameworks:
            yield Part(framework=name, what="training", of=trained, amp=amp, timeout=300, slots=2)
    for number in range(1, max(map(len, known.values()), default=0)):
        for name in frameworks:
            yield Part(framework=name, what="proof", of=known[name][number])
    for what, amp in (("test", False), ("resume", gpu)):
        for name in frameworks:
            first = Part(framework=name, what="training", of=trained, amp=amp)
            yield Part(framework=name, what=what, of=trained, amp=amp, after=first.id)
    for name in compiled:
        yield Part(framework=name, what="operators", compiled=True)
        yield Part(framework=name, what="proof", of=known[name][0], compiled=True)


# Commands ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """Where a part runs.

    Attributes:
        folder: of the part, for its files.
        config: the registered training config or script, if it has one.
        site: the folder of mmdet's package.
        first: the folder of the part that it comes after.
    """

    folder: Path
    config: Path = Path()
    mmdet: Path = Path()
    first: Path = Path()


def command(part: Part, place: Place, scale: Scale) -> list[str]:
    """What measured.py runs, without the Python."""
    head = [str(HERE / "measured.py"), str(place.folder / "record.json"), part.framework]
    if part.what == "operators":
        script = [str(HERE / "operators.py"), str(place.folder / "operators.json")]
        return [*head, *script, part.framework]
    if part.what == "proof":
        smoke = ["-m", "dataforge", "smoke", str(place.config), "--work-dir", str(place.folder)]
        return [*head, *smoke, *scale.smoke]
    return [*head, *_COMMANDS[part.framework](part, place, scale)]


def _torchvision(part: Part, place: Place, scale: Scale) -> list[str]:
    epochs = scale.epochs + (part.what == "resume")
    checkpoint = str(place.first / f"epoch_{scale.epochs}.pth")
    options = {
        "--weights-backbone": ["none"],
        "--output-dir": [place.folder],
        "--size": [scale.size, scale.size],
        "--workers": [scale.workers],
        "--batch-size": [scale.batch],
    }
    if part.what == "test":
        options |= {"--test-only": [], "--resume": [checkpoint]}
    else:
        options |= {
            "--epochs": [epochs],
            "--repeat": [scale.repeat],
            "--every": [1],
            "--lr-steps": [scale.last_step],
            "--optimizer": ["adamw"],
            "--lr": [scale.lr],
        }
    if part.what == "resume":
        options |= {"--resume": [checkpoint]}
    if part.amp and part.what != "test":
        options |= {"--amp": []}
    words = [str(word) for option, values in options.items() for word in (option, *values)]
    return [str(place.config), *words]


def _mmdet2(part: Part, place: Place, scale: Scale) -> list[str]:
    config = place.folder / "config.py"
    config.write_text(
        f"""_base_ = [{str(place.config)!r}]
optimizer = dict(_delete_=True, type='AdamW', lr={scale.lr}, weight_decay=1e-4)
optimizer_config = dict(_delete_=True, grad_clip=dict(max_norm=10, norm_type=2))
lr_config = dict(
    _delete_=True, policy='step', step=[{scale.last_step}],
    warmup='linear', warmup_iters={scale.warm_up}, warmup_ratio=0.1)
runner = dict(max_epochs={scale.epochs + (part.what == "resume")})
checkpoint_config = dict(interval=1, max_keep_ckpts=1)
evaluation = dict(interval=1)
log_config = dict(interval=1)
data = dict(
    samples_per_gpu={scale.batch}, workers_per_gpu={scale.workers},
    train_dataloader=dict(pin_memory=True))
"""
        + "fp16 = dict(loss_scale='dynamic')\n" * bool(part.amp),
        "utf-8",
    )
    inner = "data.train.dataset" if scale.repeat > 1 else "data.train"
    square = f"({scale.size},{scale.size})"
    options = [
        f"{inner}.pipeline.2.img_scale={square}",
        f"data.val.pipeline.1.img_scale={square}",
        f"data.test.pipeline.1.img_scale={square}",
    ]
    tools = place.mmdet / ".mim" / "tools"
    checkpoint = str(place.first / f"epoch_{scale.epochs}.pth")
    if part.what == "test":
        words = [str(tools / "test.py"), str(config), checkpoint, "--eval", "mAP"]
    else:
        words = [str(tools / "train.py"), str(config), "--seed", "0"]
    if part.what == "resume":
        words += ["--resume-from", checkpoint]
    return [*words, "--work-dir", str(place.folder), "--cfg-options", *options]


def _mmdet3(part: Part, place: Place, scale: Scale) -> list[str]:
    config = place.folder / "config.py"
    config.write_text(
        f"""_base_ = [{str(place.config)!r}]
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='AdamW', lr={scale.lr}, weight_decay=1e-4),
    clip_grad=dict(max_norm=10, norm_type=2))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end={scale.warm_up}),
    dict(type='MultiStepLR', by_epoch=True, milestones=[{scale.last_step}], gamma=0.1),
]
train_cfg = dict(max_epochs={scale.epochs + (part.what == "resume")}, val_interval=1)
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(interval=1, max_keep_ckpts=1))
log_processor = dict(window_size=1)
workers = dict(num_workers={scale.workers}, persistent_workers={scale.workers > 0})
train_dataloader = dict(batch_size={scale.batch}, pin_memory=True, **workers)
val_dataloader = dict(**workers)
test_dataloader = dict(**workers)
""",
        "utf-8",
    )
    inner = "train_dataloader.dataset" + ".dataset" * (scale.repeat > 1)
    square = f"({scale.size},{scale.size})"
    options = [
        f"{inner}.pipeline.2.scale={square}",
        f"val_dataloader.dataset.pipeline.1.scale={square}",
        f"test_dataloader.dataset.pipeline.1.scale={square}",
    ]
    tools = place.mmdet / ".mim" / "tools"
    checkpoint = str(place.first / f"epoch_{scale.epochs}.pth")
    if part.what == "test":
        words = [str(tools / "test.py"), str(config), checkpoint]
    else:
        words = [str(tools / "train.py"), str(config)]
    if part.what == "resume":
        words += ["--resume", checkpoint]
    if part.amp and part.what != "test":
        words += ["--amp"]
    return [*words, "--work-dir", str(place.folder), "--cfg-options", *options]


_COMMANDS = {"torchvision": _torchvision, "mmdet2": _mmdet2, "mmdet3": _mmdet3}


# Results ----------------------------------------------------------------------------------------


def result(part: Part, folder: Path, scale: Scale) -> dict[str, Any]:
    """What a part's files say, for its row."""
    if part.what == "operators":
        return json.loads((folder / "operators.json").read_text("utf-8"))
    if part.what == "proof":
        return _proof(json.loads((folder / "smoke_report.json").read_text("utf-8")), scale)
    if part.what == "test":
        return {"ap50": _TESTED[part.framework](folder)}
    rows = [*_LOGS[part.framework](folder)]
    steps = [row for row in rows if "loss" in row]
    if not steps:
        raise ValueError("no iteration is in its log")
    return {
        "iterations": len(steps),
        "seconds_per_iteration": round(statistics.median(row["time"] for row in steps), 4),
        "loss": [round(steps[0]["loss"], 4), round(steps[-1]["loss"], 4)],
        "ap50": [row["ap50"] for row in rows if "ap50" in row][-1],
        "ap50_by_epoch": [row["ap50"] for row in rows if "ap50" in row],
    }


def _proof(report: Mapping[str, Any], scale: Scale) -> dict[str, Any]:
    proof = report["proof"] or {}
    # In small it only runs: two iterations prove nothing.
    ran = scale.is_small and report["ap50"] is not None
    return {
        "verdict": "ran" if ran else report["verdict"],
        "reason": "" if ran else "; ".join(report["reasons"]),
        "ap50": report["ap50"],
        "ap50_per_class": proof.get("ap50_per_class"),
        "iterations": proof.get("iterations"),
        "seconds_per_iteration": proof.get("seconds_per_iteration"),
        "size": proof.get("size"),
        "counts": report["counts"],
        "findings": len(report["findings"]),
        **({"operators": report["operators"]} if "operators" in report else {}),
    }


def _json_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _newest(folder: Path, pattern: str) -> Path:
    return max(folder.glob(pattern), key=lambda path: path.stat().st_mtime)


def _torchvision_log(folder: Path) -> Iterator[dict[str, Any]]:
    for row in _json_lines(folder / "log.json"):
        yield {**row, "ap50": row["AP50"]} if row["mode"] == "val" else row


def _mmdet2_log(folder: Path) -> Iterator[dict[str, Any]]:
    for row in _json_lines(_newest(folder, "*.log.json")):
        if row.get("mode") == "val":
            yield {"ap50": row["AP50"]}
        elif row.get("mode") == "train":
            yield row


def _mmdet3_log(folder: Path) -> Iterator[dict[str, Any]]:
    for row in _json_lines(_newest(folder, "*/vis_data/scalars.json")):
        yield {"ap50": row["pascal_voc/AP50"]} if "pascal_voc/AP50" in row else row


_LOGS = {"torchvision": _torchvision_log, "mmdet2": _mmdet2_log, "mmdet3": _mmdet3_log}


def _torchvision_tested(folder: Path) -> float:
    text = (folder / "log.txt").read_text("utf-8")
    return float(re.findall(r"^boxes: AP \S+, AP50 (\S+)$", text, re.MULTILINE)[-1])


def _mmdet2_tested(folder: Path) -> float:
    return float(json.loads(_newest(folder, "eval_*.json").read_text("utf-8"))["metric"]["AP50"])


def _mmdet3_tested(folder: Path) -> float:
    return float(json.loads(_newest(folder, "*/*.json").read_text("utf-8"))["pascal_voc/AP50"])


_TESTED = {"torchvision": _torchvision_tested, "mmdet2": _mmdet2_tested, "mmdet3": _mmdet3_tested}
