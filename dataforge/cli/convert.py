"""``dataforge convert``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Optional, cast, get_args

import typer

from dataforge.cli.options import (
    Aliases,
    Drop,
    GroupBy,
    IgnoreCase,
    Labels,
    Merge,
    Seed,
    Split,
    Stratify,
    Unknown,
    class_options,
)
from dataforge.cli.output import choice, progress_bar, say, show_findings, table
from dataforge.convert import Job, Report, save_report
from dataforge.convert import convert as run
from dataforge.converters import CONVERTERS, Between
from dataforge.datasets import How, folder_of
from dataforge.errors import UsageError, plural
from dataforge.formats import get_format
from dataforge.layouts import CoordsChoice, Difficult

_CHOICES: dict[str, tuple[str, ...]] = {
    "coords": get_args(CoordsChoice),
    "difficult": get_args(Difficult),
    "images": get_args(How),
    "missing_images": ("keep", "skip"),
}


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("convert", help=_HELP, short_help="Convert a dataset from one format to another.")(
        _convert
    )


_HELP = f"""Convert a dataset from one format to another.

CONVERTER is one of: {", ".join(CONVERTERS)}.

SRC is searched recursively; a file that cannot be read is reported with its place and the others
are converted. OUT appears whole or not at all: OUT/annotations/instances_SPLIT.json, or OUT itself
where it ends in .json.
"""


def _convert(
    context: typer.Context,
    converter: str = typer.Argument(..., metavar="CONVERTER", help="Such as labelme2coco."),
    src: str = typer.Argument(..., metavar="SRC", help="Folder, or a .json file."),
    out: str = typer.Argument(..., metavar="OUT", help="Folder to write, or a .json file."),
    labels: Labels = None,
    aliases: Aliases = None,
    unknown: Unknown = None,
    ignore_case: IgnoreCase = None,
    drop: Drop = None,
    merge: Merge = None,
    split: Split = None,
    seed: Seed = 0,
    stratify: Stratify = False,
    group_by: GroupBy = None,
    images: Optional[str] = typer.Option(
        None,
        help="Leave the images where they are (reference), or put them where the format has "
        "them: copy, hardlink or symlink. Default: reference for coco, else copy.",
    ),
    category_start: Optional[int] = typer.Option(
        None, help="Id of the first category, 1 by default (to coco)."
    ),
    clip: bool = typer.Option(False, "--clip", help="Cut boxes and outlines to the image."),
    drop_empty: bool = typer.Option(
        False, "--drop-empty", help="Leave out images in which nothing is marked."
    ),
    image_root: Optional[str] = typer.Option(
        None, help="Folder that image paths are relative to, if not SRC (labelme, coco)."
    ),
    group: Optional[bool] = typer.Option(
        None,
        "--group/--no-group",
        help="Shapes with one label and one group_id are one instance, by default (labelme).",
    ),
    lines: Optional[str] = typer.Option(
        None, help="Lines: skip (default), error, or stroke=W pixels wide (labelme)."
    ),
    points: Optional[str] = typer.Option(
        None, help="Points: skip (default), error, or discs of radius=R pixels (labelme)."
    ),
    verify_images: Optional[bool] = typer.Option(
        None,
        "--verify-images",
        help="Compare the sizes that are stated with the headers of all images (labelme, voc, "
        "coco); without it labelme and voc go by a sample.",
    ),
    extract_images: Optional[bool] = typer.Option(
        None,
        "--extract-images",
        help="Take an image that is not there from imageData; needs --images copy (labelme).",
    ),
    missing_images: Optional[str] = typer.Option(
        None, help="keep (default) or skip the annotations of an image that is not there."
    ),
    layout: Optional[str] = typer.Option(
        None,
        help="Where things are: custom-voc (inferred, the default), voc, a well-known name such "
        "as humanparts, or a .toml file (voc).",
    ),
    coords: Optional[str] = typer.Option(
        None,
        help="How boxes are counted: auto, voc (from 1), zero (from 0), or mmdet (-1 on all "
        "four); what is written to voc is counted from 1, unless this says otherwise (voc).",
    ),
    difficult: Optional[str] = typer.Option(
        None, help="Difficult objects: keep, ignore or drop (voc)."
    ),
    data: Optional[str] = typer.Option(
        None, help="The YAML file to go by, such as data.yaml, where SRC has several (yolo)."
    ),
    segments: Optional[bool] = typer.Option(
        None, "--segments", help="Write outlines instead of boxes (to yolo)."
    ),
    report: Optional[Path] = typer.Option(None, help="Write what was done and found, as JSON."),
    workers: int = typer.Option(
        1, help="Processes that read, 0 for one on each core; the output is the same."
    ),
    force: bool = typer.Option(False, "--force", help="Overwrite files that are there."),
) -> None:
    if converter not in CONVERTERS:
        raise UsageError(f"no converter {converter!r}; there are {', '.join(CONVERTERS)}")
    given: dict[str, Any] = {
        "image_root": image_root, "group": group, "lines": lines, "points": points,
        "verify_images": verify_images, "extract_images": extract_images,
        "missing_images": missing_images, "coords": coords, "difficult": difficult,
        "category_start": category_start, "data": data, "segments": segments,
    }  # fmt: skip
    for name, value in {**given, "images": images}.items():
        if name in _CHOICES and value is not None:
            choice(name.replace("_", "-"), value, _CHOICES[name])
    between = CONVERTERS[converter]
    if not isinstance(between, Between):  # another package's: it has options of its own
        _want_no_options(context, converter)
        between(source=src, out=out)()
        raise typer.Exit(0)
    read_options, write_options = _sides(between, given)
    job = Job(
        source=src,
        out=out,
        reads=between.reads,
        writes=between.writes,
        read_options=read_options,
        write_options=write_options,
        layout=layout,
        split=split,
        seed=seed,
        stratify=stratify,
        group_by=group_by,
        images=cast("How | None", images),
        clip=clip,
        drop_empty=drop_empty,
        force=force,
        workers=workers,
        **class_options(labels, aliases, unknown, ignore_case, drop, merge),
    )
    with progress_bar(converter) as progress:
        result = run(job, progress)
    show_report(result)
    if report:
        save_report(result, report)
        say(f"report: {report}")
    raise typer.Exit(1 if result.failed else 0)


def _want_no_options(context: typer.Context, converter: str) -> None:
    """Refuse options that would have no effect.

    Raises:
        UsageError: one was given.
    """
    for name in context.params.keys() - {"converter", "src", "out"}:
        source = context.get_parameter_source(name)
        if source is not None and source.name != "DEFAULT":
            option = name.replace("_", "-")
            raise UsageError(f"--{option} means nothing for {converter}, which takes SRC and OUT")


def _sides(between: Between, given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(options of reading, options of writing): an option goes to the format that knows it."""
    written = get_format(between.writes).WriteOptions.__struct_fields__
    given = {name: value for name, value in given.items() if value is not None}
    write_options = {name: value for name, value in given.items() if name in written}
    read = get_format(between.reads).Options.__struct_fields__
    read_options = {
        name: value for name, value in given.items() if name in read or name not in written
    }
    return read_options, write_options


def show_report(report: Report) -> None:
    """The conversion in words: what was written, by class and split, then what was found."""
    instances = sum(sum(counts.values()) for counts in report.instances.values())
    images = sum(report.images.values())
    empty = (
        f", {plural(report.empty_images, 'image')} with nothing marked"
        if report.empty_images
        else ""
    )
    shapes = f"{plural(report.shapes, 'shape')} as {plural(instances, 'instance')}"
    say(f"{plural(images, 'image')}, {shapes}{empty}")
    splits = list(report.images)
    rows = [["class", *splits]]
    rows += [
        [name, *(f"{report.instances[split][name]:,}" for split in splits)]
        for name in report.classes
    ]
    rows.append(["(images)", *(f"{report.images[split]:,}" for split in splits)])
    for line in table(rows):
        say(line)
    show_findings(report.findings)
    if report.lost:
        total = sum(report.lost.values())
        parts = ", ".join(f"{number:,} {code}" for code, number in sorted(report.lost.items()))
        say(f"{plural(total, 'shape')} left out: {parts}")
    for line in _written(report.files):
        say(f"wrote {folder_of(report.out) / line}")


def _written(files: list[str]) -> list[str]:
    """Files one by one, or by folder with their number where a folder has many."""
    folders = Counter(file.rpartition("/")[0] for file in files)
    lines = []
    for file in files:
        folder = file.rpartition("/")[0]
        lines.append(file if folders[folder] <= 5 else f"{folder}/ ({folders[folder]:,} files)")
    return list(dict.fromkeys(lines))
