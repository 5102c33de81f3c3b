"""Readers, writers and editors driven as an engine does it, one item after the other."""

from __future__ import annotations

import io
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from dataforge.datasets import encodable
from dataforge.findings import Edit, Finding
from dataforge.formats import (
    Context,
    Editor,
    Evidence,
    Format,
    Item,
    LossCount,
    Numbered,
    Reader,
    SourceText,
    Text,
    WritePlan,
    Writer,
    applied,
    merge_losses,
)
from dataforge.io import Root
from dataforge.records import Header, Image

Told: TypeAlias = Header | Image | Finding
"""What a reader tells; evidence goes back to it, and texts to the editor."""


class AnyLabel:
    """Stands in for a resolver without rules: each label is a class."""

    def same(self, label: str) -> str | None:
        """The class of a label; None for an empty one."""
        return unicodedata.normalize("NFC", label.strip()) or None


def reader_of(format_: Format) -> Reader[Any]:
    """Its reader."""
    assert format_.reader is not None, f"{format_.name} has no reader"
    return format_.reader


def writer_of(format_: Format) -> Writer[Any]:
    """Its writer."""
    assert format_.writer is not None, f"{format_.name} has no writer"
    return format_.writer


def editor_of(format_: Format) -> Editor:
    """Its editor."""
    assert format_.editor is not None, f"{format_.name} has no editor"
    return format_.editor


class Read:
    """What a reader has told, sorted out.

    Attributes:
        headers, images, findings: in the order in which they came.
    """

    def __init__(self, records: Iterable[Told]) -> None:
        records = [*records]
        self.headers = [record for record in records if isinstance(record, Header)]
        self.images = [record for record in records if isinstance(record, Image)]
        self.findings = [record for record in records if isinstance(record, Finding)]

    @property
    def image(self) -> Image:
        """The only image."""
        (image,) = self.images
        return image

    @property
    def instance(self) -> Any:
        """The only instance of the only image."""
        (instance,) = self.image.instances
        return instance

    @property
    def codes(self) -> list[str]:
        """Codes of the findings, in order."""
        return [finding.code for finding in self.findings]

    def finding(self, code: str) -> Finding:
        """The only finding of a code."""
        (finding,) = [finding for finding in self.findings if finding.code == code]
        return finding


def read_all(
    format_: Format, root: Path | Root, options: Any = None, **context: Any
) -> list[Told | SourceText]:
    """All that a reader yields, in order; evidence goes its way encoded.

    Args:
        format_: of the reader.
        root: the folder.
        options: of the reader; None for those that it has where nothing is chosen.
        context: fields of `dataforge.formats.Context`.
    """
    reader = reader_of(format_)
    options = options if options is not None else reader.Options()
    root = root if isinstance(root, Root) else Root(root)
    told: Any = Context(**{"resolver": AnyLabel(), **context})
    reading = reader.open(root, options, told)
    found: dict[str, list[Any]] = defaultdict(list)
    records: list[Any] = []

    def take(record: Any) -> None:
        if isinstance(record, Evidence):
            value = msgspec.msgpack.decode(msgspec.msgpack.encode(encodable(record).value))
            found[record.kind].append(value)
        else:
            records.append(record)

    for item in reading.items():
        for record in reading.read(item) if isinstance(item, Item) else (item,):
            take(record)
    decision = None
    if reading.decides:
        decision = reading.decide(found)
        read, records = records, []
        for record in read:
            if isinstance(record, Image):
                records += reading.settle(record, decision)
            else:
                records.append(record)
    return [*records, *reading.finish(found, decision)]


def read(format_: Format, root: Path | Root, options: Any = None, **context: Any) -> list[Told]:
    """`read_all` without the texts."""
    records = read_all(format_, root, options, **context)
    return [record for record in records if not isinstance(record, SourceText)]


def write(
    format_: Format,
    out: Path,
    splits: Mapping[str, Iterable[Image]],
    header: Header | None = None,
    options: Any = None,
    shard: int = 2,
) -> list[Finding]:
    """Write images, without their image files; returns all that is said.

    Args:
        format_: of the writer.
        out: folder, or a file that ends in ``.json``.
        splits: name -> images.
        header: its categories are the classes in order.
        options: of the writer; None for those that it has where nothing is chosen.
        shard: number of images that are written together.
    """
    writer = writer_of(format_)
    header = header or Header()
    if out.suffix.lower() != ".json":
        out.mkdir(parents=True, exist_ok=True)
    plan = WritePlan(stage=out, out=out.name, header=header, splits=tuple(splits))
    writing = writer.open(plan, options if options is not None else writer.Options())
    numbered = []
    for split, images in splits.items():
        first = 1
        for number, image in enumerate(images, 1):
            numbered.append(Numbered(split, number, first, image))
            first += len(image.instances)
    losses: dict[str, LossCount] = {}
    streams: dict[str, io.BytesIO] = defaultdict(io.BytesIO)
    findings: list[Finding] = []
    for start in range(0, len(numbered), shard):
        written = writing.write(numbered[start : start + shard])
        findings += written.findings
        merge_losses(losses, _sent(written.losses))
        for name, piece in written.streams.items():
            streams[name].write(piece)
    for stream in streams.values():
        stream.seek(0)
    return findings + list(writing.finish(streams, losses))


def _sent(losses: dict[str, LossCount]) -> dict[str, LossCount]:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(losses), type=dict[str, LossCount])


def edit(format_: Format, name: str, data: bytes, edits: Iterable[Edit]) -> bytes:
    """A file's new text.

    Args:
        format_: of the editor.
        name: of the file; edits of others are passed over.
        data: its bytes.
        edits: what is done to it; no two of them change the same place.
    """
    editor, text = editor_of(format_), Text(name, data)
    own = [edit for edit in edits if edit.place.file == name]
    changes = [change for edit in own for change in editor.changes(text, edit)]
    return applied(text.text, sorted(changes)).encode(text.codec)


def edited(format_: Format, name: str, data: bytes, findings: Sequence[Finding]) -> bytes:
    """A file's new text: all edits of the findings, in order."""
    return edit(format_, name, data, [edit for finding in findings for edit in finding.edits])
