"""``dataforge smoke``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, get_args

from dataforge.cli import options
from dataforge.cli.command import OUTPUT, Argument, Command, Option
from dataforge.cli.output import Output, say, show_findings, show_numbers, tell, warn
from dataforge.errors import plural
from dataforge.verbs.smoke import Device, SmokeOptions, SmokeReport, own_folder, smoke

_HELP = """Prove that a training config works: preflight, then overfit its detector on a few images.

CONFIG is a training config of mmdetection 2.x or 3.x, or the train.py that `register` generates for
torchvision; the framework is detected from its source. The preflight builds the datasets in that
framework, compares classes, category order and num_classes, checks the images, and counts the
ground truth before and after the framework's own filters. The proof trains the config's own
detector from random weights on a few small images until it detects their objects.

Exit code 0: proved; 3: not proved, with the reason. Wrong labels, and a shift common to all boxes,
cannot be found this way; report.html shows them, and --preflight makes it in seconds.
"""


_MOST_BAD = 50
"""Bad images that are listed."""


def command() -> Command:
    """The command."""
    return Command(
        "smoke",
        _smoke,
        help=_HELP,
        params=[
            Argument("config", type=options.FILE, metavar="CONFIG", help="Config or train.py."),
            Option(
                "--preflight",
                is_flag=True,
                default=False,
                help="Stop after the preflight.",
            ),
            *_training(),
            Option(
                "--work-dir",
                section=OUTPUT,
                type=options.FILE,
                metavar="DIR",
                writes="output",
                help="Folder for report and images. [default: work_dirs/CONFIG_smoke, for a "
                "train.py work_dirs/FOLDER_smoke]",
            ),
            options.output(exit_zero=False),
            options.force_option(only_report=True),
        ],
    )


def _training() -> list[Option]:
    shown: dict[str, Any] = {"show_default": True}
    positive: dict[str, Any] = {"type": int, "least": 1}
    return [
        options.device_option(get_args(Device)),
        Option("--images", default=8, help="Images to overfit.", **positive, **shown),
        Option(
            "--target",
            type=float,
            least=0,
            most=1,
            metavar="AP50",
            default=0.9,
            help="AP50 to reach on these images.",
            **shown,
        ),
        Option(
            "--max-iters", default=200, help="Maximum number of iterations.", **positive, **shown
        ),
        Option("--batch-size", default=4, help="Images per iteration.", **positive, **shown),
        Option(
            "--size",
            type=int,
            least=64,
            metavar="PIXELS",
            help="Longer side of the images. [default: what the boxes require]",
        ),
        Option(
            "--seed",
            type=int,
            default=0,
            help="Seed of the weights and the order of the images.",
            **shown,
        ),
        Option(
            "--checkpoint",
            type=options.FILE,
            metavar="FILE",
            help="Start from this checkpoint instead of random weights.",
        ),
    ]


def _smoke(
    config: Path,
    preflight: bool,
    batch_size: int,
    checkpoint: Path | None,
    work_dir: Path | None,
    output: Output,
    **more: Any,
) -> int:
    smoke_options = SmokeOptions(
        work_dir=work_dir or own_folder(config),
        batch=batch_size,
        weights=checkpoint,
        preflight_only=preflight,
        **more,
    )
    report = smoke(config, smoke_options, warn if output.json else partial(tell, wrap=True))
    output.give(report, lambda report: show_smoke(report, smoke_options.work_dir))
    return 0 if report.verdict in ("proved", "ready") else 3


def show_smoke(report: SmokeReport, work_dir: Path) -> None:
    """Print the ground truth counts, the findings and the verdict."""
    for split, count in report.counts.items():
        tell(f"{split}: {count.images_kept:,} of {count.images:,} images")
        if count.marked:
            rows = {
                name: (count.marked.get(name, 0), count.kept.get(name, 0))
                for name in report.classes or sorted(count.marked)
            }
            totals = [sum(count.marked.values()), sum(count.kept.values())]
            show_numbers(["annotated", "used"], rows, "(all)", totals)
    show_findings([finding for finding in report.findings if str(finding) not in report.reasons])
    for bad in report.bad_images[:_MOST_BAD]:
        tell(f"  {bad.path}: {bad.fault}", wrap=True)
    if (more := len(report.bad_images) - _MOST_BAD) > 0:
        tell(f"  ... and {plural(more, 'image')} more; smoke_report.json has all")
    if report.proof is not None and report.proof.ap50_per_class:
        listed = (f"{name} {value:.3f}" for name, value in report.proof.ap50_per_class.items())
        tell(f"AP50 by class: {', '.join(listed)}", wrap=True)
    for reason in report.reasons:
        say(f"reason: {reason}", wrap=True)
    ap50 = "" if report.ap50 is None else f": AP50 {report.ap50:.3f}"
    where = f"{report.seconds:.0f} s on {report.device}"
    if report.operators:
        where += f", operators: {report.operators}"
    say(f"{report.verdict}{ap50} ({where})")
    if report.verdict in ("proved", "ready"):
        tell(report.not_seen, wrap=True)
    names = ("smoke_report.json", "loss_curve.png", "ground_truth.png", "report.html")
    for path in (work_dir / name for name in names):
        if path.is_file():
            tell(f"wrote {path}")
