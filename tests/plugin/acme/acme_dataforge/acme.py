"""Acme's text files: one beside each image, a line ``label x0 y0 x1 y1`` for each box.

The whole of what `dataforge.formats.base` asks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from dataforge.errors import ParseError, plural
from dataforge.formats.base import Canonical, Each, Records, Splits
from dataforge.formats.recognise import Recognised, Texts
from dataforge.io.files import Root, is_image, stem, write_text
from dataforge.records import Finding, Header, Image, Instance

LOSSY = ("outlines and masks: a line is a box", "images in subfolders keep their names alone")
IMAGES = "copy"


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing can be chosen when reading."""


class WriteOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing can be chosen when writing."""


def read(root: Root, options: Options, canonical: Canonical, each: Each = map) -> Records:
    """Yield an Image for every image with a text file beside it.

    One after the other: `each(function, names)` would read them at as many `--workers` as asked.
    """
    names = set(root.files())
    for name in root.files():
        source = f"{stem(name)}.acme"
        if is_image(name) and source in names:
            try:
                width, height = root.image_size(name)
            except ParseError as error:
                yield Finding(
                    code="unreadable-image", severity="error", file=name, message=error.message
                )
                continue
            instances = []
            text = root.read_bytes(source).decode("utf-8", "replace")
            for number, line in enumerate(text.splitlines(), 1):
                instance = _instance(line, f"line {number}")
                if instance is None:
                    yield Finding(
                        code="bad-line",
                        severity="error",
                        file=source,
                        where=f"line {number}",
                        message=f"want 'label x0 y0 x1 y1', got {line!r}",
                        remedy="mend or remove the line",
                        lost=1,
                    )
                else:
                    instances.append(instance)
            yield Image(
                file_name=name,
                width=width,
                height=height,
                instances=tuple(instances),
                source=source,
            )


def recognise(texts: Texts) -> Recognised:
    """What `dataforge inspect` and `dataforge split` go by; a format may leave it out."""
    number = len(texts.beside_images(".acme"))
    return Recognised(number, f"{plural(number, '.acme file')} beside images")


def _instance(line: str, where: str) -> Instance | None:
    try:
        label, *numbers = line.rsplit(maxsplit=4)
        x0, y0, x1, y1 = map(float, numbers)
    except ValueError:
        return None
    return Instance(label=label, box=(x0, y0, x1, y1), area=(x1 - x0) * (y1 - y0), where=where)


def image_path(split: str, file_name: str) -> str:
    """Images stand beside their text files, in a folder for each split."""
    return f"{split}/{file_name.rsplit('/', 1)[-1]}"


def key(file_name: str) -> str:
    """Two images of one split differ in the name of their text file."""
    return stem(file_name.rsplit("/", 1)[-1])


def targets(out: Path, splits: Sequence[str]) -> list[Path]:
    """A folder for each split."""
    return [out / split for split in splits]


def write(out: Path, splits: Splits, header: Header, options: WriteOptions) -> Iterator[Finding]:
    """Write a text file for each image; yields a finding for each that had outlines."""
    for split, images in splits.items():
        for image in images:
            lines = [" ".join([item.label, *map(repr, item.box)]) for item in image.instances]
            path = out / split / f"{key(image.file_name)}.acme"
            write_text(path, "".join(f"{line}\n" for line in lines))
            outlines = sum(item.shape is not None for item in image.instances)
            if outlines:
                yield Finding(
                    code="outline-not-written",
                    severity="note",
                    file=image.file_name,
                    message=f"{outlines} outlines became boxes",
                )
