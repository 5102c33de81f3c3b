"""Runs the full pipeline on sample data: convert, register and prove two datasets."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from dataforge.errors import OutputError
from dataforge.frameworks import get_framework, usual_framework
from dataforge.io import asset, write_text
from dataforge.jobs import Job, Report
from dataforge.verbs import convert, register
from dataforge.verbs.register import DEMO_MARK
from dataforge.verbs.smoke import Device, SmokeOptions, SmokeReport, explained, smoke


class Account(msgspec.Struct, kw_only=True):
    """The result of the demo.

    Attributes:
        folder: contains everything.
        report: of the conversion from labelme to COCO.
        configs: dataset -> training config.
        proofs: dataset -> smoke report.
        seconds: duration.
    """

    folder: Path
    report: Report
    configs: dict[str, Path] = {}
    proofs: dict[str, SmokeReport] = {}
    seconds: float = 0.0

    @property
    def proved(self) -> bool:
        """Whether both detectors reached the target."""
        return bool(self.proofs) and all(
            proof.verdict == "proved" for proof in self.proofs.values()
        )


def demo(
    folder: Path, device: Device, log: Callable[[str], None], framework: str | None = None
) -> Account:
    """Convert, register and prove the sample data.

    Args:
        folder: is created; that of an earlier demo is replaced.
        device: as for `smoke`.
        log: called with one line at a time.
        framework: its name, such as mmdet3; None for the one that is installed.

    Raises:
        OutputError: the folder contains something else, or its names are registered from elsewhere.
        UsageError: there is no such framework.
        MissingDependencyError: it is not installed, or none is.
    """
    started = time.perf_counter()
    with explained():
        framework = framework or usual_framework()
        get_framework(framework).adapter().require()
    prepare(folder)
    sample = asset("sample_data")
    log(
        f"two Faster R-CNNs are trained with {framework}, each until it finds again what is marked "
        "in eight images: on two CPU cores, 2 to 4 minutes each"
    )
    log("1. labelme files to COCO")
    account = Account(folder=folder, report=_converted(sample, folder))
    counts = account.report.instances
    log(f"   {account.report.shapes} shapes, by split and class: {counts}")
    shutil.copytree(sample / "humanparts", folder / "HumanParts")
    for number, request in enumerate(_requests(folder, framework), 2):
        name = request.name
        log(f"{number}. {name}: register with {framework}, and prove")
        plan = register.plan(request)
        register.apply(plan)
        (target,) = plan.targets
        account.configs[name] = plan.out / target.config
        log(f"   {plan.dataset.class_name} in {target.module}, config {account.configs[name]}")
        options = SmokeOptions(work_dir=folder / f"smoke_{name}", device=device)
        account.proofs[name] = smoke(account.configs[name], options, lambda text: log(f"   {text}"))
    account.seconds = round(time.perf_counter() - started, 1)
    return account


def _converted(sample: Path, folder: Path) -> Report:
    """The labelme sample as COCO, in the demo's folder."""
    job = Job(
        source=str(sample / "labelme"),
        out=str(folder / "coco"),
        reads="labelme",
        writes="coco",
        labels="face,person,hand",
        split="train=80,val=20",
        image_mode="copy",
        read_options={"verify_images": True},
    )
    return convert.convert(job)


def _requests(folder: Path, framework: str) -> list[register.Request]:
    """Both datasets in the demo's folder, to be registered."""
    return [
        register.Request(
            name=name,
            root=str(folder / root),
            layout=layout,
            out=str(folder / f"{name.lower()}_registered"),
            frameworks=(framework,),
        )
        for name, root, layout in (
            ("HumanParts", "HumanParts", "custom-voc"),
            ("LabelmeParts", "coco", "coco"),
        )
    ]


def prepare(folder: Path) -> None:
    """Create the folder of a demo; what an earlier one left there is removed.

    Raises:
        OutputError: it contains something else.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise OutputError(f"{folder} is a link or a file; name a folder")
    if folder.exists() and any(folder.iterdir()):
        if not (folder / DEMO_MARK).is_file():
            raise OutputError(f"{folder} exists and is not a demo; name another folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / DEMO_MARK, "Made by `dataforge demo`, which may remove this folder.\n")
