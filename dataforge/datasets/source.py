"""A dataset to read: its format, its options, and its layout."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Set
from heapq import nsmallest
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec

from dataforge.classes import ClassRules
from dataforge.codes import code
from dataforge.datasets.cache import Cache, default_cache_folder
from dataforge.datasets.layout_choice import find_layout
from dataforge.datasets.oddities import left_out
from dataforge.datasets.root import KeepingRoot
from dataforge.errors import OutputError, UsageError, first_of, plural
from dataforge.findings import MOST_EXAMPLES, Finding, Place
from dataforge.formats import Context, Reader, Reading, get_format
from dataforge.io import Root, contains, convert_options, refuse_planted
from dataforge.layouts import Layout


class Source:
    """A folder in some format.

    Args:
        location: of the folder, or its root.
        format_: to read it in.
        given: options of the reader.
        layout: where the files are, or its name; None to infer it.
        follow_links: of the root, if it is given by its location.

    Attributes:
        root: the folder.
        format: the format it is read in.
        reader: of the format.
        options: of the reader.
        layout: where the files are, for a format that has a layout; else None.
        findings: how the layout was found.

    Raises:
        UsageError: the format cannot be read, or an option does not apply to it.
        InputError: the folder does not exist.
        LayoutError: the layout cannot be inferred.
    """

    def __init__(
        self,
        location: str | Root,
        format_: str,
        given: Mapping[str, Any],
        layout: str | Layout | None = None,
        *,
        follow_links: bool = False,
    ) -> None:
        self.format = get_format(format_)
        if self.format.reader is None:
            raise UsageError(f"{format_} can be written, but not read")
        self.reader: Reader[Any] = self.format.reader
        self.root = (
            location
            if isinstance(location, Root)
            else KeepingRoot(location, follow_links=follow_links)
        )
        self.layout: Layout | None = None
        self.findings: list[Finding] = [*left_out(self.root)]
        if layout and not self.format.has_layout:
            raise UsageError(f"--layout does not apply to {format_}")
        if isinstance(layout, Layout):
            self.layout = layout
        elif self.format.has_layout:
            found = find_layout(layout or "custom-voc", "", self.root)
            if found.layout.format == "coco":
                raise UsageError(
                    f"--layout {layout} is for COCO files, but the format is {format_}"
                )
            self.layout = found.layout
            place = Place(self.root.location)
            self.findings += [code("layout").at(place, reason) for reason in found.reasons]
        self.options = convert_options(self.reader.Options, given, f"where {format_} is read")

    @property
    def rules(self) -> ClassRules:
        """The class rules of the source's layout."""
        return layout_rules(self.layout or Layout())

    @property
    def image_root(self) -> Root:
        """The folder that `Image.file_name` is relative to."""
        given = self.reader.image_root(self.options)
        return self.root.other(given) if given else self.root

    def cache(self, folder: str | None, *settings: Any) -> Cache | None:
        """What earlier runs have kept of it; None without a folder, or if the dataset is remote.

        Args:
            folder: where it is kept.
            settings: see `Cache`; the source adds its own.

        Raises:
            OutputError: the folder cannot be used, or is part of the dataset.
        """
        images = self.image_root
        if not folder or self.root.remote or images.remote:
            return None
        refuse_planted(Path(folder), self.root.path)
        homes = [os.path.realpath(root.location) for root in (self.root, images)]
        real = os.path.realpath(folder)
        if folder != default_cache_folder() and any(contains(home, real) for home in homes):
            raise OutputError(
                f"{folder} is part of the dataset, which may come from anybody; name another "
                "folder with --cache-dir"
            )
        own = [self.format.name, self.options, self.layout, self.root.named, self.root.follow_links]
        return Cache(folder, [*own, *homes, *settings])

    def open(self, context: Context) -> Reading:
        """Start to read it.

        Args:
            context: for the reader; its layout is replaced by the source's own.
        """
        context = msgspec.structs.replace(context, layout=self.layout)
        return self.reader.open(self.root, self.options, context)


def verifying(format_: str, *, verify: bool) -> dict[str, bool]:
    """The reader's option to compare stated sizes with the image files, if it has one."""
    reader = get_format(format_).reader
    has_option = reader is not None and "verify_images" in reader.Options.__struct_fields__
    return {"verify_images": verify} if has_option else {}


def layout_rules(layout: Layout) -> ClassRules:
    """The class rules of a layout."""
    return ClassRules(
        names=layout.classes or None,  # a file of an empty dataset lists none
        aliases=layout.aliases,
        skip=layout.skip,
        ignore_case=layout.ignore_case,
    )


def apart(one: str, other: str) -> bool:
    """Whether no image may be in both splits; trainval is the union of train and val."""
    return one != other and {one, other} not in ({"trainval", "train"}, {"trainval", "val"})


def in_two_splits(splits: Mapping[str, Set[str]]) -> Iterator[Finding]:
    """A warning if splits have common images; trainval is the union of train and val.

    Args:
        splits: split -> its images.
    """
    found: dict[str, str] = {}
    pairs = []
    for one, other in combinations(splits, 2):
        common = splits[one] & splits[other]
        if common and apart(one, other):
            pairs.append(f"{one} and {other}")
            found |= dict.fromkeys(common - found.keys(), pairs[-1])
    if not found:
        return
    first, *more = nsmallest(MOST_EXAMPLES, found)
    number = f"{plural(len(found), 'image')} {'is' if len(found) == 1 else 'are'}"
    where = f"both {pairs[0]}" if len(pairs) == 1 else f"two splits ({first_of(pairs)})"
    yield code("image-in-two-splits").at(
        Place(first),
        f"{number} in {where}: evaluation must not use training images",
        "fix the split files, or create new splits with `dataforge split`",
        count=len(found),
        examples=map(Place, more),
    )
