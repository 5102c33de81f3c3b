"""Images of a dataset with what is marked on them, on one sheet.

survey ─► images that are asked for ─► tiles ─► sheet
              ▲
check ─► findings of one code
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from dataforge.checks import find_known_code
from dataforge.classes import Classes
from dataforge.datasets import (
    KeepingRoot,
    Measurable,
    Progress,
    Source,
    Survey,
    guess_formats,
    survey,
    verifying,
)
from dataforge.drawing import class_colours
from dataforge.engines import get_engine
from dataforge.errors import InputError, OutputError, UsageError, did_you_mean, plural
from dataforge.findings import Finding, Gathered, as_reasons
from dataforge.formats import Context
from dataforge.io import NamedFile, Root, atomic_write, open_image
from dataforge.reports import Shown, Table
from dataforge.verbs.check import CheckOptions, check
from dataforge.verbs.view.choose import Marked, choose
from dataforge.verbs.view.sheet import HIGHEST, draw_sheet

if TYPE_CHECKING:
    from PIL.Image import Image

ENDINGS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
"""Ending of the sheet -> Pillow's name of its format."""

_SOFTWARE = 0x0131  # EXIF
_MADE_BY = "dataforge view"

LARGEST = 16_000
"""Pixels of the sheet's longer side at most; a WebP has hardly more."""


class ViewOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to show, and how.

    Attributes:
        images: names of images, ends of their paths, or patterns; empty for all.
        classes: that an image must have one of; empty for all.
        code: of a finding that an image must have; the objects that it is on are lit.
        most: number of images, evenly spread over those that fit.
        columns: images in a row; 0 for as many as make the sheet about as high as it is wide.
        width: of an image, pixels.
        reads: format; None for that of most of the annotation files.
        read_options: fields of the reader's `Options`.
        layout: of a VOC-like source, see `dataforge.datasets.find_layout`.
        follow_links: also read what links out of the folder lead to.
        engine: where the work runs, see `dataforge.engines`.
        engine_options: fields of the engine's `Options`.
        workers: processes, 0 for one per core; the sheet is the same.
    """

    images: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    code: str | None = None
    most: int = 24
    columns: int = 0
    width: int = 320
    reads: str | None = None
    read_options: dict[str, Any] = msgspec.field(default_factory=dict)
    layout: str | None = None
    follow_links: bool = False
    engine: str = "local"
    engine_options: dict[str, Any] = msgspec.field(default_factory=dict)
    workers: int = 1


class ViewReport(Shown, msgspec.Struct, kw_only=True):
    """What is on a sheet.

    Attributes:
        sheet: its path.
        path, format: the dataset, and the format that was read.
        images: names of the images on it, row by row.
        fitting: number of images that fit what was asked for.
        total: number of images of the dataset.
        width, height: of the sheet, pixels.
        classes: class -> its colour, red, green and blue; those of the dataset.
    """

    sheet: str
    path: str
    format: str
    images: list[str]
    fitting: int
    total: int
    width: int
    height: int
    classes: dict[str, tuple[int, int, int]]

    def title(self) -> str:
        return f"{self.sheet}: {plural(len(self.images), 'image')} of {self.total:,} in {self.path}"

    def table(self) -> Table:
        return Table(["image"], [[name] for name in self.images])

    def picture(self) -> str:
        """The sheet, if it is still there."""
        kind = ENDINGS.get(Path(self.sheet).suffix.lower(), "PNG").lower()
        try:
            data = b64encode(Path(self.sheet).read_bytes()).decode()
        except OSError:
            return ""
        return f'<img src="data:image/{kind};base64,{data}">'


def view(
    path: str | os.PathLike[str],
    out: str | os.PathLike[str] = "sheet.png",
    options: ViewOptions | None = None,
    progress: Progress | None = None,
    *,
    force: bool = False,
) -> ViewReport:
    """Draw images of a dataset with their objects on one sheet.

    Args:
        path: a folder, local or an fsspec URL, or an annotation file.
        out: the sheet; its ending (.png, .jpg, .webp) is its format.
        options: what to show.
        progress: see `dataforge.datasets.Progress`.
        force: overwrite `out`; in the dataset's folder, only an earlier sheet is overwritten.

    Raises:
        UsageError: there is no such image, class, code or ending.
        InputError: the dataset cannot be read, or none of its images fits.
        OutputError: `out` exists and `force` is not set, or it cannot be written.
    """
    path, options, target = os.fspath(path), options or ViewOptions(), Path(out)
    form = _require_understood(path, target, options)
    root = KeepingRoot(path, follow_links=options.follow_links)
    file = NamedFile(target, force=force)
    _refuse_part(target, root)
    format_ = options.reads or guess_formats(root)[0]
    given = verifying(format_, verify=False) | options.read_options
    source = Source(root, format_, given, options.layout)
    marked = _marked(path, options)
    with _read(source, path, options, progress) as (found, classes):
        shown, fits = choose(
            found, classes, options.images, {*options.classes}, marked, options.most
        )
        total = len(found.images)
    colours = class_colours(classes.names)
    title = _title(path, options, len(shown), fits, total)
    columns = _columns(options, len(shown))
    sheet = draw_sheet(source.image_root, shown, colours, title, columns, options.width)
    _save(sheet, file, form)
    return ViewReport(
        sheet=str(target),
        path=path,
        format=format_,
        images=[one.image.file_name for one in shown],
        fitting=fits,
        total=total,
        width=sheet.width,
        height=sheet.height,
        classes=colours,
    )


def _require_understood(path: str, target: Path, options: ViewOptions) -> str:
    """Refuse what cannot be, before a long run; returns Pillow's name of the sheet's format."""
    form = ENDINGS.get(target.suffix.lower())
    if form is None:
        raise UsageError(f"--output {target}: must end in {', '.join(ENDINGS)}")
    if path.lower().endswith(".py") and os.path.isfile(path):
        raise UsageError(f"{path}: is a training config; name the dataset that it trains on")
    if options.code is not None:
        find_known_code(options.code)
    return form


def _columns(options: ViewOptions, shown: int) -> int:
    """Images in a row.

    Raises:
        UsageError: the sheet would be too large.
    """
    columns = min(options.columns, shown) or round(shown**0.5 + 0.49)
    rows = -(-shown // columns)
    if max(columns, rows * HIGHEST) * options.width > LARGEST:
        raise UsageError(
            f"{plural(shown, 'image')} of {options.width} px make a sheet of more than "
            f"{LARGEST:,} px; show fewer, or smaller ones, or in other --columns"
        )
    return columns


@contextmanager
def _read(
    source: Source, path: str, options: ViewOptions, progress: Progress | None
) -> Iterator[tuple[Survey, Classes]]:
    """A pass that keeps the images, and the classes."""
    resolver = msgspec.structs.replace(source.rules, unknown="add").resolver()
    gathered = Gathered(fold=True)
    with survey(
        source,
        Context(resolver=resolver),
        get_engine(options.engine, options.workers, options.engine_options),
        report=gathered.take,
        steps=[Measurable()],
        keep=True,
        progress=progress,
    ) as found:
        if not found.images:
            reasons = as_reasons(gathered.findings)
            raise InputError(f"{path}: no images can be read as {source.format.name}{reasons}")
        classes = found.settled(resolver)
        for name in options.classes:
            if name not in classes.names:
                raise UsageError(f"--class {name}: {_no_class(name, classes.names)}")
        yield found, classes


def _marked(path: str, options: ViewOptions) -> Marked | None:
    """The findings of the code that is asked for; None if none is."""
    if options.code is None:
        return None
    report = check(
        path,
        CheckOptions(
            reads=options.reads,
            read_options=options.read_options,
            layout=options.layout,
            select=(options.code,),
            follow_links=options.follow_links,
            max_findings=0,
            unknown="add",
            engine=options.engine,
            engine_options=options.engine_options,
            workers=options.workers,
        ),
    )
    findings: list[Finding] = report.findings
    return Marked.of(findings)


def _no_class(name: str, names: tuple[str, ...]) -> str:
    hint = did_you_mean(name, names, f"there are {', '.join(names[:8])}" if names else "")
    return "no such class" + (f"; {hint}" if hint else "")


def _title(path: str, options: ViewOptions, shown: int, fits: int, total: int) -> tuple[str, str]:
    name = os.path.basename(os.path.abspath(path)) or path
    what = [f"{shown:,} of {plural(fits, 'image')}" if shown < fits else plural(fits, "image")]
    if options.classes:
        what.append(f"with {' or '.join(options.classes)}")
    if options.code:
        what.append(f"with {options.code}")
    if fits < total:
        what.append(f"(of {total:,})")
    return name, " ".join(what)


def _save(sheet: Image, file: NamedFile, form: str) -> None:
    """Write the sheet, with a tag that says what it is."""
    from PIL import Image

    exif = Image.Exif()
    exif[_SOFTWARE] = _MADE_BY
    with atomic_write(file) as stream:
        sheet.save(stream, form, quality=90, exif=exif)


def _refuse_part(target: Path, root: Root) -> None:
    """Reject a sheet that would replace a file of the dataset, other than an earlier sheet."""
    if root.remote or not os.path.lexists(target):
        return
    home = os.path.realpath(root.location)
    home = home if os.path.isdir(home) else os.path.dirname(home)
    inside = os.path.realpath(target).startswith(os.path.join(home, ""))
    if inside and not _is_sheet(target):
        raise OutputError(f"{target} is part of {home}, which this run reads; name another file")


def _is_sheet(path: Path) -> bool:
    try:
        with open_image(path) as image:
            return bool(image.getexif().get(_SOFTWARE) == _MADE_BY)
    except Exception:  # noqa: BLE001 Pillow raises anything for a broken file
        return False
