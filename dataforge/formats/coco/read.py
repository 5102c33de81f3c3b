"""Reads COCO's instances JSON: each file is opened once, and split into pages."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import cached_property, partial
from hashlib import blake2b
from itertools import count
from typing import Any

import msgspec

from dataforge.codes import code
from dataforge.errors import ParseError, plural
from dataforge.findings import Edit, Finding, Place, Set
from dataforge.formats.base import (
    Context,
    Evidence,
    Found,
    Inputs,
    Item,
    Reader,
    Reading,
    Record,
    SourceText,
    finished,
)
from dataforge.formats.coco.categories import CategoryIds, names_of, note_id_gap
from dataforge.formats.coco.file import (
    Document,
    NotCocoError,
    Notes,
    document_of,
    extra_of,
    header_of,
    keys_of,
    shortly,
)
from dataforge.formats.coco.grouping import (
    Grouping,
    counted,
    note_annotation_ids,
    note_missing_iscrowd,
)
from dataforge.formats.coco.options import Options as CocoOptions
from dataforge.formats.coco.page import PageReader
from dataforge.formats.coco.pages import COUNTS, Count, Page, Source
from dataforge.formats.coco.places import ImagePlaces
from dataforge.formats.coco.several import are_settled, splits_of, unite
from dataforge.formats.labels import UNTIDY_LABEL, UntidyLabels
from dataforge.io import MAX_COCO_BYTES, Root, resolve
from dataforge.layouts import FoundImages, of_other_tasks, path_of_url, split_of_json
from dataforge.records import Category, Header, Image

_HEADERS = "headers"
"""Evidence of a file's header: [file, [category, ...], other keys]."""


_IMAGES = "images"
"""Evidence of a file's number of images: [file, number]."""


class CocoReader(Reader[CocoOptions]):
    """Reads every COCO file below a folder; each is a split, named after the file or its folder."""

    Options = CocoOptions

    def image_root(self, options: CocoOptions) -> str | None:
        return options.image_dir

    def open(self, root: Root, options: CocoOptions, context: Context) -> CocoReading:
        return CocoReading(root, options, context)


class CocoReading(Reading):
    """The COCO files of one folder."""

    shard = 1

    def __init__(self, root: Root, options: CocoOptions, context: Context) -> None:
        self.root = root
        self.options = options
        self.context = context
        self.strict = context.strict or options.as_it_is
        self.places = ImagePlaces(root, options)
        self.untidy = UntidyLabels(context.resolver, ".name", declared=True)
        self.other_tasks: dict[str, str] = {}
        self.files: list[tuple[str, str | None]]
        if options.files is not None:
            self.files = [(file, split) for split, file in options.files.items()]
            return
        names = [name for name in root.files() if name.lower().endswith(".json")]
        self.other_tasks = of_other_tasks(names)
        names = [name for name in names if name not in self.other_tasks]
        self.decides = not are_settled(names)
        if len(names) == 1:
            self.files = [*finished(splits_of(names))[1].items()]
        else:  # preliminary if the names do not decide it; see `settle`
            self.files = [(name, split_of_json(name)) for name in names]

    def items(self) -> Iterator[Item | Record]:
        return self._as_others_see_it(self._items())

    def inputs(self, item: Item) -> Inputs:
        page = blake2b(pickle.dumps(item.value), digest_size=16).hexdigest()
        return Inputs(f"{item.value.source.name}\0{page}", "", self._images_there)

    @cached_property
    def _images_there(self) -> bytes:
        names = "\0".join(self.places.root.files())
        return blake2b(names.encode("utf-8", "surrogatepass"), digest_size=16).digest()

    def file_of(self, item: Item) -> str:
        page: Page = item.value
        return page.source.name

    def number_of(self, item: Item) -> int:
        page: Page = item.value
        return len(page.images)

    def read(self, item: Item) -> Iterator[Record]:
        page = PageReader(item.value, self.places, self.options, self.context).read()
        return self._as_others_see_it(page) if self.options.as_it_is else page

    def decide(self, found: Found) -> dict[str, str | None]:
        """File -> split."""
        return finished(splits_of(_headers(found)))[1]

    def settle(self, image: Image, decision: Any) -> Iterator[Image]:
        split = decision[image.place.file]
        yield image if image.split == split else msgspec.structs.replace(image, split=split)

    def finish(self, found: Found, decision: Any) -> Iterator[Header | Finding]:
        headers = _headers(found)
        findings, header = finished(unite(headers))
        yield from () if self.options.as_it_is else findings
        yield header
        if self.decides:
            yield from finished(splits_of(headers))[0]
        yield from self._as_others_see_it(_counts(found))
        yield from self.untidy.finish(found)

    def _items(self) -> Iterator[Item | Record]:
        numbers = count()
        category_ids = CategoryIds()
        others: list[tuple[str, str]] = []
        yield from _other_tasks(self.other_tasks)
        for name, split in self.files:
            try:
                for found in self._file(name, split, category_ids):
                    yield Item(next(numbers), found) if isinstance(found, Page) else found
            except NotCocoError as reason:
                if self.options.files is not None:
                    raise ParseError(name, "$", f"is not a COCO file: {reason}") from reason
                others.append((name, str(reason)))
            except ParseError as error:
                if self.options.files is not None:
                    raise
                yield code("unreadable-json").at(
                    Place.of(error),
                    error.message,
                    "none of its annotations are converted; restore the file",
                )
        for fault in dict.fromkeys(fault for _, fault in others):
            files = [name for name, own in others if own == fault]
            message = f"is not a COCO file ({fault}): ignored{_and_more(files)}"
            yield code("not-coco").at(Place(files[0]), message)

    def _file(
        self, name: str, split: str | None, category_ids: CategoryIds
    ) -> Iterator[Page | Record]:
        """The header and findings of one file, then its pages."""
        keep_text = self.context.keep_text
        data = self.root.read_bytes(name, MAX_COCO_BYTES) if keep_text else None
        read = partial(self.root.read_bytes, name, MAX_COCO_BYTES)
        document = document_of(
            self.root, name, (lambda: data) if data is not None else read, whole=keep_text
        )
        with closing(document):
            if data is not None:
                yield SourceText(name, data)
            yield from self._document(document, split, category_ids)

    def _document(
        self, document: Document, split: str | None, category_ids: CategoryIds
    ) -> Iterator[Page | Record]:
        name = document.name
        notes = Notes(name)
        header, labels = header_of(document, notes)
        categories = msgspec.to_builtins(header.categories)
        yield Evidence(_HEADERS, [name, categories, keys_of(header.extra)])
        yield Evidence(_IMAGES, [name, len(document.images)])
        self._note_more(document, category_ids, notes)
        yield from notes.take()
        if self.context.wants(UNTIDY_LABEL):
            names = names_of(document)
            yield from self.untidy.in_file([name for name, _ in names], lambda at: names[at][1])
        images = self._images(document, notes)
        grouping = Grouping(document, notes)
        note_annotation_ids(document, notes, fix=self.context.wants("annotation-ids"))
        if self.context.wants("no-iscrowd"):
            note_missing_iscrowd(document, notes)
        yield from notes.take()
        number, pointer = grouping.ids_of_two_kinds
        if self.strict and number:
            found = Count("ids-of-two-kinds", number, pointer, [])
            yield Evidence(COUNTS, [name, split, msgspec.to_builtins([found])])
        document.annotations.forget()
        if not images.others:
            document.images.forget()
        yield from grouping.pages(Source(name, split, images.prefix, labels), images.others)

    def _note_more(self, document: Document, category_ids: CategoryIds, notes: Notes) -> None:
        """Note what a strict reader reports in addition."""
        if self.strict and document.encoding == "utf-8-sig":
            message = "starts with a byte order mark, which is not valid JSON"
            notes.add("byte-order-mark", "", message, _REWRITE)
        if self.context.wants("category-id-gap"):
            note_id_gap(document, notes)
        if self.context.wants("category-ids-differ"):
            category_ids.note_differing(document, notes)

    def _images(self, document: Document, notes: Notes) -> FoundImages:
        """Where a file's images are, relative to the folder that is read."""
        names = document.names if self.places.looked_for else ()
        found = self.places.of(document.name, names)
        if found.alike:
            others = f"{found.alike[0]}{' and others' * (len(found.alike) > 1)}"
            notes.add(
                "image-folder",
                "$.images",
                f"images of these names are in {found.prefix or './'} and in {others}: those in "
                f"{found.prefix or './'} are used",
                "name the folder with --image-dir",
                severity="warning",
            )
        elif found.prefix:
            message = (
                f"the images are in {found.prefix}: file names are relative to the folder read"
            )
            notes.add("image-folder", "$.images", message)
        renamed = [name for name in found.others if resolve("", path_of_url(name))]
        if renamed:  # the others are reported one by one, as they lead out of the folder
            more = f" ({len(renamed):,} in this file, this is the first)" * (len(renamed) > 1)
            notes.add(
                "image-name-differs",
                "$.images",
                f"there is no image {shortly(renamed[0])}: {found.others[renamed[0]]} is used, the "
                f"only one that it can mean{more}",
                "compare the images with their boxes; converting writes the names of the files",
            )
        return found

    def _as_others_see_it(self, records: Iterable[Any]) -> Iterator[Any]:
        """With `as_it_is`, findings on what only this reader understands are errors."""
        if not self.options.as_it_is:
            yield from records
            return
        for record in records:
            if isinstance(record, Finding) and record.code in _UNDERSTOOD_HERE:
                remedy = _UNDERSTOOD_HERE[record.code]
                record = msgspec.structs.replace(record, severity="error", remedy=remedy)
            yield record


def _other_tasks(files: Mapping[str, str]) -> Iterator[Finding]:
    """One finding per task on the files that are not read."""
    for task in sorted({*files.values()}):
        names = [name for name in files if files[name] == task]
        yield code("other-task").at(
            Place(names[0]),
            f"{task} of the images in the file of instances beside it: not read{_and_more(names)}",
            "name the file to read it",
        )


def _and_more(names: Sequence[str]) -> str:
    return f", and {plural(len(names) - 1, 'more file')}" if len(names) > 1 else ""


def _headers(found: Found) -> dict[str, Header]:
    """File -> its header."""
    return {
        file: Header(categories=msgspec.convert(own, tuple[Category, ...]), extra=extra_of(rest))
        for file, own, rest in found.get(_HEADERS, ())
    }


def _counts(found: Found) -> Iterator[Finding]:
    """Common problems, each reported once per file."""
    counts: dict[tuple[str, str | None], dict[str, Count]] = {}
    images = dict(found.get(_IMAGES, ()))
    for file, split, values in found.get(COUNTS, ()):
        known = counts.setdefault((file, split), {})
        for new in msgspec.convert(values, list[Count]):
            if new.code in known:
                known[new.code].number += new.number
                known[new.code].edits += new.edits
                for detail in new.details:
                    known[new.code].tell(detail)
            else:
                known[new.code] = new
    for (file, _), known in counts.items():
        for name, one in known.items():
            message, remedy = _COUNTED[name]
            more = ", ..." * (one.number > len(one.details))
            message = message.format(*one.details[:1], names=", ".join(one.details) + more)
            some_missing = name == "image-missing" and one.number < images[file]
            yield code(name).at(
                Place(file, one.pointer),
                f"{message} {counted(one.number)}",
                remedy,
                edits=[Edit(Place(file, pointer), Set(values)) for pointer, values in one.edits],
                severity="warning" if some_missing else None,
                count=one.number,
            )


_REWRITE = "`dataforge coco filter IN.json OUT.json` writes the file as it was read"

_COUNTED = {
    "backslashes": (
        "a file name has backslashes, which separate folders only on Windows",
        _REWRITE,
    ),
    "ids-of-two-kinds": ("an id is a number in one place and a string in another", _REWRITE),
    "image-missing": (
        "the image is missing: {names}; its annotations are kept",
        "restore the image, or name its folder with --image-dir, or skip the annotations with "
        "--missing-images skip",
    ),
    "rotated-box": (
        "the box is turned by {} degrees, which COCO's bbox does not show",
        "read the outlines of the turned boxes with --rotated outline",
    ),
    "keypoints-miscounted": (
        "num_keypoints is not the number of keypoints with a visibility above 0",
        _REWRITE,
    ),
    "no-area": ("has no area: that of the segmentation or box is used", ""),
    "no-bbox": ("has no valid bbox: that of the segmentation is used", ""),
    "no-stated-size": ("has no valid width and height: those of the image are used", ""),
}
"""Code -> (message, remedy)."""

_UNDERSTOOD_HERE = {
    **dict.fromkeys(
        ("annotation-ids", "bad-value", "encoding", "no-bbox", "odd-number", "no-stated-size"),
        _REWRITE,
    ),
    "image-missing": "restore the image, or name the image folder",
    "image-name-differs": "rename the images, or write a dataset with the names of the files: "
    "`dataforge convert coco2voc DATASET OUT --image-mode copy`",
    "path-leaves-root": "make it relative to the image folder",
}  # fmt: skip
"""Code of what this reader understands, but other readers of the file do not -> remedy."""
