"""``dataforge features``."""

from __future__ import annotations

from pathlib import Path

from dataforge.cli import options
from dataforge.cli.command import OUTPUT, Argument, Command, Option
from dataforge.cli.output import Output, say, show_table, tell
from dataforge.errors import UsageError, plural
from dataforge.features import FeaturesReport, save_features

_HELP = """Save what layers of a config's model return for an image: arrays and a picture.

CONFIG is a training config of mmdetection 2.x or 3.x, or the train.py that `register` generates for
torchvision. IMAGE goes through the config's own test pipeline. The .npz file has an array for each
output, named by layer and level (neck/0); the .png file beside it shows each map's mean and energy
over its channels. In Python, dataforge.features.capture does the same for any model, with gradient
if asked.
"""


def command() -> Command:
    """The command."""
    return Command(
        "features",
        _features,
        help=_HELP,
        params=[
            Argument("config", type=options.FILE, metavar="CONFIG", help="Config or train.py."),
            Argument("image", type=options.FILE, metavar="IMAGE", help="Image file."),
            Option(
                "--layers",
                required=True,
                metavar="A,B",
                help="Modules by their dotted names, such as neck,backbone.layer4; `dataforge "
                "describe CONFIG --json` lists those of the stages.",
            ),
            Option(
                "--checkpoint",
                type=options.FILE,
                metavar="FILE",
                help="Weights of the model. [default: random ones]",
            ),
            Option(
                "-o",
                "--output",
                "out",
                section=OUTPUT,
                type=options.FILE,
                metavar="FILE.npz",
                writes="output",
                help="File of the arrays; the picture is FILE.png. [default: IMAGE_features.npz "
                "in the working directory]",
            ),
            options.output(exit_zero=False),
            options.force_option("the files of --output and --report"),
        ],
    )


def _features(
    config: Path,
    image: Path,
    layers: str,
    checkpoint: Path | None,
    out: Path | None,
    output: Output,
    force: bool,
) -> int:
    names = [name.strip() for name in layers.split(",") if name.strip()]
    if not names:
        raise UsageError("--layers: name at least one module, such as neck")
    report = save_features(
        config,
        image,
        names,
        out or Path(f"{image.stem}_features.npz"),
        checkpoint=checkpoint,
        force=force,
    )
    return output.give(report, show)


def show(report: FeaturesReport) -> None:
    """Print what was saved."""
    rows = [["array", "shape", "mean", "smallest", "largest"]]
    for saved in report.maps:
        numbers = (saved.mean, saved.smallest, saved.largest)
        shape = "x".join(map(str, saved.shape))
        rows.append([saved.name, shape, *("" if n is None else f"{n:.4g}" for n in numbers)])
    show_table(rows)
    say(f"weights: {report.weights}")
    for note in report.notes:
        say(f"note: {note}")
    for path in filter(None, (report.arrays, report.picture)):
        tell(f"wrote {path}")
    say(f"{plural(len(report.maps), 'array')} of {report.image} saved")
