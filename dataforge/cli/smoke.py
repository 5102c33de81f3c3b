"""``dataforge smoke``."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import typer

from dataforge.cli.output import choice, say, show_findings, table
from dataforge.smoke import SmokeOptions, SmokeReport, smoke


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("smoke", help=_HELP, short_help="Prove a training config by training it a little.")(
        _smoke
    )


_HELP = """Prove a training config: preflight, then overfit its detector on a few of its images.

CONFIG may be one of mmdetection 2.x or 3.x, or the train.py that `register` makes for
torchvision: its text tells which. The preflight builds its datasets in that framework, compares
classes, category order and every num_classes, looks at the images, and counts the ground truth
before and after the framework's own filters. The proof trains the config's own detector from
random weights on a few small images until it finds the objects again.

Exit code 0: proved; 3: not, with the reason in words. Wrong labels in the data, and one shift
common to all boxes, cannot be learnt this way; ground_truth.png shows them to the eye, and
--preflight draws it in seconds.
"""


def _smoke(
    config: Path = typer.Argument(
        ..., metavar="CONFIG", help="A training config or train.py, such as `register` writes."
    ),
    device: str = typer.Option("auto", help="auto, cuda or cpu."),
    images: int = typer.Option(8, min=1, help="How many to overfit."),
    target: float = typer.Option(0.9, min=0.0, max=1.0, help="AP50 to reach on them."),
    max_iters: int = typer.Option(200, min=1, help="Give up after so many iterations."),
    seed: int = typer.Option(0, help="Of the weights and the order of the images."),
    size: Optional[int] = typer.Option(
        None, min=64, help="Longer side of the images, pixels. [default: as the boxes need]"
    ),
    batch: int = typer.Option(4, min=1, help="Images a step."),
    weights: Optional[Path] = typer.Option(None, help="Checkpoint to start from."),
    preflight: bool = typer.Option(False, "--preflight", help="Stop after the preflight."),
    work_dir: Optional[Path] = typer.Option(
        None,
        help="For the report and the pictures. [default: work_dirs/CONFIG_smoke, of a "
        "train.py FOLDER_smoke]",
    ),
) -> None:
    options = SmokeOptions(
        work_dir=work_dir or Path("work_dirs") / f"{_name(config)}_smoke",
        device=choice("device", device, ("auto", "cuda", "cpu")),
        images=images,
        target=target,
        max_iters=max_iters,
        seed=seed,
        size=size,
        batch=batch,
        weights=weights,
        preflight_only=preflight,
    )
    report = smoke(config, options, say)
    show_smoke(report, options.work_dir)
    raise typer.Exit(0 if report.verdict in ("proved", "ready") else 3)


def _name(config: Path) -> str:
    """What tells a config from others; every script of `register` is called train.py."""
    return config.resolve().parent.name if config.name == "train.py" else config.stem


def show_smoke(report: SmokeReport, work_dir: Path) -> None:
    """Ground truth, findings and the verdict."""
    for split, count in report.counts.items():
        say(f"{split}: {count.images_kept:,} of {count.images:,} images")
        if count.marked:
            rows = [["class", "marked", "used"]]
            rows += [
                [name, f"{count.marked.get(name, 0):,}", f"{count.kept.get(name, 0):,}"]
                for name in report.classes or sorted(count.marked)
            ]
            marked, kept = sum(count.marked.values()), sum(count.kept.values())
            rows.append(["(all)", f"{marked:,}", f"{kept:,}"])
            for line in table(rows):
                say(line)
    show_findings([finding for finding in report.findings if str(finding) not in report.reasons])
    if report.proof is not None and report.proof.ap50_per_class:
        listed = (f"{name} {value:.3f}" for name, value in report.proof.ap50_per_class.items())
        say(f"AP50 by class: {', '.join(listed)}")
    for reason in report.reasons:
        say(f"reason: {reason}")
    ap50 = "" if report.ap50 is None else f": AP50 {report.ap50:.3f}"
    say(f"{report.verdict}{ap50} ({report.seconds:.0f} s on {report.device})")
    if report.verdict in ("proved", "ready"):
        say(report.not_seen)
    pictures = (work_dir / name for name in ("loss_curve.png", "ground_truth.png"))
    for path in (work_dir / "smoke_report.json", *pictures):
        if path.is_file():
            say(f"wrote {path}")
