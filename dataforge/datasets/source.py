"""A dataset that is read: its format, where things are in it, and its images one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Set
from itertools import combinations
from typing import Any

import msgspec

from dataforge.classes import ClassRules
from dataforge.datasets.infer import choose
from dataforge.errors import UsageError, plural
from dataforge.formats import Canonical, Each, Records, get_format
from dataforge.io import Root
from dataforge.layouts import Layout
from dataforge.records import Finding, Image

Progress = Callable[[int, int], None]
"""Called with (annotation files done, of how many)."""


class Source:
    """A folder in some format.

    Attributes:
        root: the folder.
        reader: the format's module.
        options: of reading, its `Options`.
        layout: of a format that has one, else None.
        findings: how the layout was found.

    Raises:
        UsageError: an option does not fit the format, or is not understood.
        InputError: there is no such folder.
        LayoutError: the folder does not tell where things are.
    """

    def __init__(
        self,
        location: str | Root,
        format_: str,
        given: Mapping[str, Any],
        layout: str | None = None,
    ) -> None:
        self.reader = get_format(format_)
        self.root = location if isinstance(location, Root) else Root(location)
        self.layout: Layout | None = None
        self.findings: list[Finding] = []
        has_layout = "layout" in self.reader.Options.__struct_fields__
        if layout and not has_layout:
            raise UsageError(f"--layout means nothing for {format_}")
        if has_layout:
            inferred = choose(layout or "custom-voc", "", self.root)
            if inferred.layout.format == "coco":
                raise UsageError(f"--layout {layout}: it is of COCO files, and {format_} is read")
            self.layout = inferred.layout
            self.findings = [
                Finding(code="layout", severity="note", file=self.root.location, message=reason)
                for reason in inferred.reasons
            ]
        self.options = options_of(self.reader.Options, given, format_, "read")
        if self.layout:
            self.options = msgspec.structs.replace(self.options, layout=self.layout)

    @property
    def rules(self) -> ClassRules:
        """What the source's layout says of the classes."""
        return layout_rules(self.layout or Layout())

    def records(
        self,
        canonical: Canonical,
        own_splits: bool = True,
        progress: Progress | None = None,
        each: Each = map,
    ) -> Records:
        """What the reader yields, each image once.

        Args:
            canonical: the class that a label means.
            own_splits: keep the source's splits; an image may stand in several of them.
            progress: called now and then.
            each: does what the reader does for each file.
        """
        order = {name: number for number, name in enumerate(self.root.files(), 1)}
        first: dict[str, tuple[str, str]] = {}
        for record in self.reader.read(self.root, self.options, canonical, each):
            if not isinstance(record, Image):
                yield record
                continue
            image = record if own_splits else msgspec.structs.replace(record, split=None)
            if not is_utf8(image.file_name + image.source):
                yield _unwritable(image)
                continue
            key, place = image_key(image), (image.source, image.where)
            if key in first:
                if first[key] != place:  # else the same entry, listed in another split
                    yield _collision(image, first[key][0])
                continue
            first[key] = place
            if progress:
                progress(order.get(image.source, 1), len(order))
            yield image


def layout_rules(layout: Layout) -> ClassRules:
    """What a layout says of the classes."""
    return ClassRules(
        names=layout.classes,
        aliases=layout.aliases,
        skip=layout.skip,
        ignore_case=layout.ignore_case,
    )


def options_of(type_: Any, given: Mapping[str, Any], format_: str, verb: str) -> Any:
    """A format's `Options` or `WriteOptions` of what a caller gave.

    Raises:
        UsageError: there is no such option, or it cannot have this value.
    """
    for name in given:
        if name not in type_.__struct_fields__:
            flag = name.replace("_", "-")
            raise UsageError(f"--{flag} means nothing where {format_} is {verb}")
    try:
        return msgspec.convert(given, type_)
    except msgspec.ValidationError as error:
        raise UsageError(str(error)) from error


def image_key(image: Image) -> str:
    """What tells images apart: the same one may stand in two splits of its source."""
    return f"{image.split}\0{image.file_name}" if image.split else image.file_name


def apart(one: str, other: str) -> bool:
    """Whether no image may be in both splits; trainval is train and val."""
    return one != other and {one, other} not in ({"trainval", "train"}, {"trainval", "val"})


def in_two_splits(splits: Mapping[str, Set[str]]) -> Iterator[Finding]:
    """A warning for each two splits that have images in common; trainval is train and val.

    Args:
        splits: split -> its images.
    """
    for one, other in combinations(splits, 2):
        common = splits[one] & splits[other]
        if not common or not apart(one, other):
            continue
        number = f"{plural(len(common), 'image')} {'is' if len(common) == 1 else 'are'}"
        yield Finding(
            code="image-in-two-splits",
            severity="warning",
            file=min(common),
            message=f"{number} both in {one} and in {other} (this is the first): what is evaluated "
            "on must not be trained on",
            remedy="mend the split files; `dataforge split` writes new ones",
        )


def is_utf8(text: str) -> bool:
    """False for a file name whose bytes are in another encoding, as old archives leave them."""
    return text.isascii() or not re.search("[\ud800-\udfff]", text)


def in_utf8(finding: Finding) -> Finding:
    """The finding with escapes for the bytes of a name that is in another encoding."""
    if is_utf8(finding.file + finding.where + finding.message):
        return finding
    escaped = {
        field: getattr(finding, field).encode("utf-8", "backslashreplace").decode()
        for field in ("file", "where", "message")
    }
    return msgspec.structs.replace(finding, **escaped)


def _unwritable(image: Image) -> Finding:
    lost = sum(instance.parts for instance in image.instances)
    return Finding(
        code="name-not-utf8",
        severity="error",
        file=image.source,
        message=f"the name of this file or of its image {image.file_name} is not UTF-8: "
        f"{plural(lost, 'shape')} not converted",
        remedy="rename both files",
        lost=lost,
    )


def _collision(image: Image, owner: str) -> Finding:
    lost = sum(instance.parts for instance in image.instances)
    return Finding(
        code="image-marked-twice",
        severity="error",
        file=image.source,
        where=image.where,
        message=f"marks {image.file_name}, as {owner} does already: "
        f"{plural(lost, 'shape')} not converted",
        remedy="keep one of the two files",
        lost=lost,
    )
