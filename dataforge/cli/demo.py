"""``dataforge demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import typer

from dataforge.cli.output import choice, say
from dataforge.demo import Account, demo
from dataforge.frameworks import FRAMEWORKS


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo", help=_HELP, short_help="Go the whole way on sample data.")(_demo)


_HELP = """Go the whole way on the sample data: convert, register, train, prove.

Labelme files become COCO, both it and a HumanParts folder become registered datasets, and a Faster
R-CNN with a ResNet-50 FPN is trained from nothing until it finds the objects in both. Minutes on
two CPU cores; nothing is downloaded.
"""


def _demo(
    folder: Path = typer.Argument(Path("dataforge_demo"), metavar="[DIR]", help="Folder to make."),
    device: str = typer.Option("auto", help="auto, cuda or cpu."),
    framework: Optional[str] = typer.Option(
        None, help=f"One of: {', '.join(FRAMEWORKS)}. [default: what is installed]"
    ),
) -> None:
    account = demo(folder, choice("device", device, ("auto", "cuda", "cpu")), say, framework)
    show_account(account)
    raise typer.Exit(0 if account.proved else 3)


def show_account(account: Account) -> None:
    """What was made, what was reached, and the commands for one's own data."""
    say()
    for name, proof in account.proofs.items():
        ap50 = "none" if proof.ap50 is None else f"{proof.ap50:.3f}"
        say(f"{name}: {proof.verdict}, AP50 {ap50}")
        for reason in proof.reasons:
            say(f"  {reason}")
        say(f"  config  {account.configs[name]}")
        say(f"  report  {account.folder / f'smoke_{name}' / 'smoke_report.json'}")
        say(f"  curve   {account.folder / f'smoke_{name}' / 'loss_curve.png'}")
    say(f"COCO file {account.folder / 'coco' / 'annotations' / 'instances_train.json'}")
    say(f"All in {account.seconds:.0f} s, on {next(iter(account.proofs.values())).device}.")
    say()
    say("The same with your own data:")
    say("  dataforge convert labelme2coco FOLDER coco --split train=0.8,val=0.2 --images copy")
    say("  dataforge register MyParts --layout coco --root coco")
    say("  dataforge register HumanParts --layout custom-voc --root HUMANPARTS_FOLDER")
    say("  dataforge smoke CONFIG            (register says which)")
    say(f"Undo the demo: dataforge unregister {' && dataforge unregister '.join(account.proofs)}")
