"""``dataforge demo``."""

from __future__ import annotations

import shutil
import time
from functools import partial
from pathlib import Path
from typing import get_args

from dataforge.cli import options
from dataforge.cli.command import Argument, Command, Option
from dataforge.cli.output import Output, tell, warn
from dataforge.errors import UsageError
from dataforge.frameworks import frameworks, get_framework
from dataforge.io import asset
from dataforge.shell import command_line
from dataforge.verbs.demo import Account, demo, prepare
from dataforge.verbs.smoke import Device

_HELP = """Convert, register and train on sample data, end to end.

labelme files are converted to COCO; the result and a HumanParts folder are registered, and a Faster
R-CNN with a ResNet-50 FPN is trained on each from random weights until it detects the objects. This
takes minutes on two CPU cores; nothing is downloaded.

With --no-train the sample data are looked at, checked, converted, counted and shown as a page, by
the commands that are printed. That takes seconds and needs no framework.
"""


def command() -> Command:
    """The command."""
    return Command(
        "demo",
        _demo,
        help=_HELP,
        params=[
            Argument(
                "folder",
                required=False,
                default=Path("dataforge_demo"),
                type=options.FILE,
                metavar="[DIR]",
                writes="output",
                help="Folder to create. [default: dataforge_demo]",
            ),
            Option(
                "--no-train",
                is_flag=True,
                default=False,
                help="Show inspect, check, convert, stats and browse instead.",
            ),
            options.device_option(get_args(Device)),
            Option(
                "--framework",
                choices=frameworks(),
                look_up=get_framework,
                help="Framework to train with. [default: what is installed]",
            ),
            options.output(exit_zero=False),
            options.force_option(only_report=True),
        ],
    )


def _demo(
    folder: Path, no_train: bool, device: Device, framework: str | None, output: Output
) -> int:
    if no_train:
        if output.json or output.report:
            raise UsageError("--no-train shows other commands; --json and --report do not apply")
        return _tour(folder)
    account = demo(folder, device, warn if output.json else partial(tell, wrap=True), framework)
    output.give(account, show_account)
    return 0 if account.proved else 3


def _tour(folder: Path) -> int:
    """Run the commands that come before a training; returns 0 if all of them did their work."""
    from dataforge.cli.program import run  # it imports this module

    started = time.perf_counter()
    prepare(folder)
    shutil.copytree(asset("sample_data"), folder / "sample_data")
    labelme, voc, coco = (
        str(folder / name) for name in ("sample_data/labelme", "sample_data/humanparts", "coco")
    )
    steps = (
        ["inspect", labelme],
        ["check", voc, "--max-findings", "3"],
        [
            "convert",
            "labelme2coco",
            labelme,
            coco,
            "--split",
            "train=80,val=20",
            "--image-mode",
            "copy",
        ],
        ["stats", coco],
        ["browse", voc, "-o", str(folder / "page")],
    )
    for words in steps:
        tell(f"$ {command_line('dataforge', *words)}")
        if (code := run(words)) > 1:
            return code
        tell()
    took = time.perf_counter() - started
    tell(f"All in {took:.1f} s. The page: {folder / 'page' / 'index.html'}")
    tell("`dataforge demo` also registers and trains, where a framework is installed.")
    return 0


def show_account(account: Account) -> None:
    """Print what was generated, the training results, and the commands for other data."""
    tell()
    for name, proof in account.proofs.items():
        ap50 = "none" if proof.ap50 is None else f"{proof.ap50:.3f}"
        tell(f"{name}: {proof.verdict}, AP50 {ap50}")
        for reason in proof.reasons:
            tell(f"  {reason}", wrap=True)
        tell(f"  config  {account.configs[name]}")
        tell(f"  report  {account.folder / f'smoke_{name}' / 'smoke_report.json'}")
    tell(f"COCO file {account.folder / 'coco' / 'annotations' / 'instances_train.json'}")
    tell(f"All in {account.seconds:.0f} s, on {next(iter(account.proofs.values())).device}.")
    tell()
    tell("With your own data:")
    tell("  dataforge convert labelme2coco FOLDER coco --split train=80,val=20 --image-mode copy")
    tell("  dataforge register MyParts --layout coco --root coco")
    tell("  dataforge register HumanParts --layout custom-voc --root HUMANPARTS_FOLDER")
    tell("  dataforge smoke CONFIG            (register prints its path)")
    tell(f"Undo the demo: dataforge unregister {' && dataforge unregister '.join(account.proofs)}")
    tell()
    tell("What was trained on what, with the images: open")
    for name in account.proofs:
        tell(f"  {account.folder / f'smoke_{name}' / 'report.html'}")
