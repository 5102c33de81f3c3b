"""The whole way on the sample data: convert, register, prove, twice."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from dataforge import convert, register
from dataforge.convert import Job, Report
from dataforge.errors import OutputError
from dataforge.frameworks import get_framework, usual_framework
from dataforge.io import asset
from dataforge.register import DEMO_MARK
from dataforge.smoke import SmokeOptions, SmokeReport, smoke


class Account(msgspec.Struct, kw_only=True):
    """What the demo made.

    Attributes:
        folder: all of it is in there.
        report: of the conversion from labelme to COCO.
        configs: dataset -> training config.
        proofs: dataset -> smoke report.
        seconds: it took.
    """

    folder: Path
    report: Report
    configs: dict[str, Path] = {}
    proofs: dict[str, SmokeReport] = {}
    seconds: float = 0.0

    @property
    def proved(self) -> bool:
        """Whether both detectors found their objects again."""
        return bool(self.proofs) and all(
            proof.verdict == "proved" for proof in self.proofs.values()
        )


def demo(
    folder: Path, device: str, log: Callable[[str], None], framework: str | None = None
) -> Account:
    """Convert, register and prove the sample data.

    Args:
        folder: is made; a demo's folder is made anew.
        device: as for `smoke`.
        log: takes one line at a time.
        framework: mmdet2, mmdet3 or torchvision; None is what is installed.

    Raises:
        OutputError: the folder holds something else, or its names are registered from elsewhere.
        UsageError: there is no such framework.
        MissingDependencyError: it is not installed, or none is.
    """
    started = time.perf_counter()
    framework = framework or usual_framework()
    get_framework(framework).require()
    _fresh(folder)
    sample = asset("sample_data")
    log("1. labelme files to COCO")
    job = Job(
        source=str(sample / "labelme"),
        out=str(folder / "coco"),
        reads="labelme",
        writes="coco",
        labels="face,person,hand",
        split="train=0.8,val=0.2",
        images="copy",
        read_options={"verify_images": True},
    )
    account = Account(folder=folder, report=convert.convert(job))
    counts = account.report.instances
    log(f"   {account.report.shapes} shapes, by split and class: {counts}")
    shutil.copytree(sample / "humanparts", folder / "HumanParts")
    requests = {
        "HumanParts": register.Request(
            name="HumanParts",
            root=str(folder / "HumanParts"),
            layout="custom-voc",
            out=str(folder / "humanparts_registered"),
            frameworks=(framework,),
        ),
        "LabelmeParts": register.Request(
            name="LabelmeParts",
            root=str(folder / "coco"),
            layout="coco",
            out=str(folder / "labelmeparts_registered"),
            frameworks=(framework,),
        ),
    }
    for number, (name, request) in enumerate(requests.items(), 2):
        log(f"{number}. {name}: register with {framework}, and prove")
        plan = register.plan(request)
        register.apply(plan)
        (target,) = plan.targets
        account.configs[name] = plan.out / target.config
        log(f"   {plan.dataset.class_name} in {target.module}, config {account.configs[name]}")
        options = SmokeOptions(work_dir=folder / f"smoke_{name}", device=device)  # type: ignore[arg-type]
        account.proofs[name] = smoke(account.configs[name], options, lambda text: log(f"   {text}"))
    account.seconds = round(time.perf_counter() - started, 1)
    return account


def _fresh(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file: name a folder")
    if folder.exists() and any(folder.iterdir()):
        if not (folder / DEMO_MARK).is_file():
            raise OutputError(f"{folder} is there and is no demo's: name another folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DEMO_MARK).write_text("Made by `dataforge demo`, which may remove this folder.\n")
