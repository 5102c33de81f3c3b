"""Acme's text files: one beside each image, a line ``label x0 y0 x1 y1`` for each box.

The whole of what `dataforge.formats` asks for, in one file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import IO, Annotated

import msgspec

from dataforge.codes import add_page, code
from dataforge.errors import ParseError, plural
from dataforge.findings import Drop, Edit, Finding, Place, Set
from dataforge.formats import (
    Change,
    Context,
    Editor,
    Format,
    Item,
    KeyLosses,
    Loss,
    LossCount,
    Losses,
    Numbered,
    Reader,
    Reading,
    Recognised,
    Record,
    SourceText,
    Text,
    Texts,
    WritePlan,
    Writer,
    Writing,
    Written,
    key_losses,
)
from dataforge.io import Root, is_image, stem, write_text
from dataforge.records import Image, Instance

# Of what this reader says, in workers too, which import this module for it.
add_page("bad-line", "acme", files(__package__).joinpath("bad-line.md").read_text(), __name__)


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How Acme's files are read."""

    suffix: Annotated[str, msgspec.Meta(description="Ending of Acme's files.")] = ".acme"


class AcmeReader(Reader[Options]):
    """Reads every image with a text file beside it."""

    Options = Options
    endings = (".acme",)

    def open(self, root: Root, options: Options, context: Context) -> AcmeReading:
        return AcmeReading(root, options, context.keep_text)


class AcmeReading(Reading):
    """One folder; an item is (image, its text file)."""

    def __init__(self, root: Root, options: Options, keep_text: bool) -> None:
        self.root = root
        self.suffix = options.suffix
        self.keep_text = keep_text

    def items(self) -> Iterator[Item]:
        names = set(self.root.files())
        pairs = ((name, stem(name) + self.suffix) for name in self.root.files() if is_image(name))
        return map(Item._make, enumerate(pair for pair in pairs if pair[1] in names))

    def read(self, item: Item) -> Iterator[Record]:
        name, source = item.value
        try:
            data = self.root.read_bytes(source)
            width, height = self.root.image_size(name)
        except ParseError as error:
            yield code("unreadable-image").at(Place(name), error.message)
            return
        if self.keep_text:
            yield SourceText(source, data)
        instances = []
        for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
            place = Place(source, line=number)
            instance = _instance(line, place)
            if instance is None:
                yield code("bad-line").at(
                    place,
                    f"expected 'label x0 y0 x1 y1', got {line!r}",
                    "fix or drop the line",
                    lost=1,
                    edits=[Edit(place, Drop())],
                )
            else:
                instances.append(instance)
        yield Image(
            file_name=name,
            width=width,
            height=height,
            instances=tuple(instances),
            place=Place(source),
        )


def _instance(line: str, place: Place) -> Instance | None:
    try:
        label, *numbers = line.rsplit(maxsplit=4)
        x0, y0, x1, y1 = map(float, numbers)
    except ValueError:
        return None
    return Instance(label=label, box=(x0, y0, x1, y1), area=(x1 - x0) * (y1 - y0), place=place)


def recognise(texts: Texts) -> Recognised:
    """What the verbs go by where nobody names a format; a format may leave it out."""
    number = len(texts.beside_images(".acme"))
    return Recognised(number, f"{plural(number, '.acme file')} beside images")


class WriteOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How Acme's files are written."""

    upper: Annotated[bool, msgspec.Meta(description="Write labels in capitals.")] = False


_LOSSES = {
    "outlines": Loss("outlines-not-carried", "object", "with an outline: Acme's lines are boxes"),
    **key_losses("Acme"),
}


class AcmeWriter(Writer[WriteOptions]):
    """Writes a folder for each split, with images and text files side by side."""

    Options = WriteOptions

    def image_path(self, split: str, file_name: str) -> str:
        return f"{split}/{file_name.rpartition('/')[2]}"

    def key(self, file_name: str) -> str:
        return stem(file_name.rpartition("/")[2])

    def targets(self, out: Path, splits: Sequence[str]) -> list[Path]:
        return [out / split for split in splits]

    def open(self, plan: WritePlan, options: WriteOptions) -> AcmeWriting:
        return AcmeWriting(plan, options)


class AcmeWriting(Writing):
    """One output: each shard writes its own files, and there are no others."""

    def __init__(self, plan: WritePlan, options: WriteOptions) -> None:
        self.plan = plan
        self.options = options

    def write(self, images: Iterable[Numbered]) -> Written:
        losses = Losses(_LOSSES)
        keys = KeyLosses(losses)
        for split, _, _, image in images:
            keys.image(image)
            lines = []
            for item in image.instances:
                keys.instance(item)
                if item.shape:
                    losses.add("outlines", item.place)
                label = item.label.upper() if self.options.upper else item.label
                lines.append(" ".join([label, *map(repr, item.box)]) + "\n")
            name = f"{stem(image.file_name.rpartition('/')[2])}.acme"
            write_text(self.plan.stage / split / name, "".join(lines))
        return Written(losses=losses.counts)

    def finish(
        self, streams: Mapping[str, IO[bytes]], losses: Mapping[str, LossCount]
    ) -> Iterator[Finding]:
        found = Losses(_LOSSES, losses)
        KeyLosses(found).header(self.plan.header, self.plan.out)
        return found.findings()


class AcmeEditor(Editor):
    """Renames and drops lines."""

    def changes(self, text: Text, edit: Edit) -> Sequence[Change]:
        line, action = edit.place.line, edit.action
        if not 0 < line <= len(text.lines):
            return []
        if isinstance(action, Drop):
            return [(*text.lines[line - 1], "")]
        columns = text.columns(line)
        if not isinstance(action, Set) or action.values.keys() != {"label"} or len(columns) < 5:
            return []
        return [(columns[0][0], columns[-5][1], action.values["label"])]


FORMAT = Format(
    name="acme",
    about="Acme's text files: one beside each image",
    lossy=("outlines and masks: a line is a box", "images in subfolders keep their names alone"),
    reader=AcmeReader(),
    writer=AcmeWriter(),
    editor=AcmeEditor(),
    recognise=recognise,
)
