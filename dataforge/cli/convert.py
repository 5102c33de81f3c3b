"""``dataforge convert``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

import typer

from dataforge.cli._output import choice, count, progress_bar, say, show_findings, table
from dataforge.convert import Job, Report, folder_of, save_report
from dataforge.convert import convert as run
from dataforge.converters import CONVERTERS, Between
from dataforge.errors import UsageError
from dataforge.formats._table import get_format


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
    converter: str = typer.Argument(..., metavar="CONVERTER", help="Such as labelme2coco."),
    src: str = typer.Argument(..., metavar="SRC", help="Folder to read."),
    out: str = typer.Argument(..., metavar="OUT", help="Folder to write, or a .json file."),
    labels: Optional[str] = typer.Option(
        None,
        help="File with a class name a line, or a,b,c: fixes the classes and their order. "
        "Default: every label there is, sorted.",
    ),
    aliases: Optional[Path] = typer.Option(
        None, help="TOML file: class = ['other spelling', ...]."
    ),
    unknown: str = typer.Option("error", help="A label that is no class: error, ignore or add."),
    ignore_case: bool = typer.Option(
        False, "--ignore-case", help="Compare labels without regard to case."
    ),
    split: Optional[str] = typer.Option(None, help="Such as train=0.8,val=0.2: one file each."),
    seed: int = typer.Option(0, help="Of the split."),
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
        None, help="Folder that image paths are relative to, where it is not SRC (labelme)."
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
        None, "--verify-images", help="Compare sizes with the images' headers (labelme)."
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
        "four) (voc).",
    ),
    difficult: Optional[str] = typer.Option(
        None, help="Difficult objects: keep, ignore or drop (voc)."
    ),
    report: Optional[Path] = typer.Option(None, help="Write what was done and found, as JSON."),
    force: bool = typer.Option(False, "--force", help="Overwrite files that are there."),
) -> None:
    if converter not in CONVERTERS:
        raise UsageError(f"no converter {converter!r}; there are {', '.join(CONVERTERS)}")
    given: dict[str, Any] = {
        "image_root": image_root, "group": group, "lines": lines, "points": points,
        "verify_images": verify_images, "extract_images": extract_images,
        "missing_images": missing_images, "coords": coords, "difficult": difficult,
        "category_start": category_start,
    }  # fmt: skip
    between = CONVERTERS[converter]
    if not isinstance(between, Between):  # another package's: it has options of its own
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
        labels=labels,
        aliases=str(aliases) if aliases else None,
        unknown=choice("unknown", unknown, ("error", "ignore", "add")),
        ignore_case=ignore_case,
        split=split,
        seed=seed,
        images=choice("images", images, ("reference", "copy", "hardlink", "symlink"))
        if images
        else None,
        clip=clip,
        drop_empty=drop_empty,
        force=force,
    )
    with progress_bar(converter) as progress:
        result = run(job, progress)
    show_report(result)
    if report:
        save_report(result, report)
        say(f"report: {report}")
    raise typer.Exit(1 if result.failed else 0)


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
        f", {count(report.empty_images, 'image')} with nothing marked"
        if report.empty_images
        else ""
    )
    shapes = f"{count(report.shapes, 'shape')} as {count(instances, 'instance')}"
    say(f"{count(images, 'image')}, {shapes}{empty}")
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
        say(f"{count(total, 'shape')} left out: {parts}")
    for file in report.files:
        say(f"wrote {folder_of(report.out) / file}")
