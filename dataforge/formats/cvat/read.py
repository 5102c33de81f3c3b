"""Reads CVAT XML: an item is a file, with all of its images or the frames of its tracks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import msgspec

from dataforge.codes import code
from dataforge.errors import ParseError, plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import (
    Context,
    Evidence,
    Found,
    Item,
    Reader,
    Reading,
    Record,
    SourceText,
    too_many_objects,
)
from dataforge.formats.borrowed import image_borrowed
from dataforge.formats.cvat.frames import with_frames
from dataforge.formats.cvat.images import ImageFiles, Where
from dataforge.formats.cvat.meta import Meta, Task, read_meta, split_of
from dataforge.formats.cvat.objects import Objects, line_of, number_of
from dataforge.formats.cvat.shapes import Room
from dataforge.formats.cvat.tracks import Shown
from dataforge.formats.cvat.united import united
from dataforge.formats.sizes import VERIFY_IMAGES, MissingImages, find_size, stated_size
from dataforge.io import MAX_OBJECTS, Root, parse_xml
from dataforge.layouts import SPLIT_NAMES, split_of_json
from dataforge.records import Category, Header, Image, Instance

if TYPE_CHECKING:
    from lxml import etree

_LABELS, _MISSING, _BORROWED = "labels", "missing image", "image of another folder"
_OTHER, _VIDEOS = "other XML", "videos"
_NAMED, _LOST = "images of file", "entries of unknown images"
"""Kinds of evidence: the labels of a file; [file, pointer, line, image] of one that is not there,
with the number of its objects, and of one in another folder; a file that is no CVAT XML; the
files of videos in one folder; [file, its images, those that are there by their name alone]; and a
file that names images which are not known."""


class ReadOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How XML files are read.

    Attributes:
        missing_images: `keep` the annotations of a missing image, or `skip` them.
        verify_images: compare the sizes in the XML with the image headers.
    """

    missing_images: MissingImages = "keep"
    verify_images: Annotated[bool, VERIFY_IMAGES] = False


class CvatReader(Reader[ReadOptions]):
    """Reads the XML files of CVAT below a folder."""

    Options = ReadOptions

    def open(self, root: Root, options: ReadOptions, context: Context) -> CvatReading:
        return CvatReading(root, options, context)


class _Entry(NamedTuple):
    """An image as a file has it.

    Attributes:
        where: its file is, relative to the root.
        size: (width, height) as stated; None if it is not.
        place: of the entry.
        split: see `dataforge.records.Image`.
    """

    where: Where
    size: tuple[int, int] | None
    place: Place
    split: str | None


class CvatReading(Reading):
    """The XML files of one folder.

    Args:
        root: the folder.
        options: see `ReadOptions`.
        context: see `Context`.
    """

    shard = 1

    def __init__(self, root: Root, options: ReadOptions, context: Context) -> None:
        self._root = root
        self._verifies = options.verify_images
        self._skips = options.missing_images == "skip"
        self._keep_text = context.keep_text
        self._files: ImageFiles | None = None

    def items(self) -> Iterator[Item]:
        names = [name for name in self._root.files() if name.lower().endswith(".xml")]
        self.total = len(names)
        yield from map(Item._make, enumerate(names))

    @property
    def _images(self) -> ImageFiles:
        if self._files is None:
            self._files = ImageFiles(self._root)
        return self._files

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_files": None}

    def read(self, item: Item) -> Iterator[Record]:
        file: str = item.value
        try:
            data = self._root.read_bytes(file)
            top = parse_xml(data, file)
        except ParseError as error:
            yield code("unreadable-xml").at(
                Place.of(error, file),
                error.message,
                "none of its objects are converted; restore the file, or export it again",
            )
            yield Evidence(_LOST, file)
            return
        if top.tag != "annotations":
            yield Evidence(_OTHER, file)
            return
        if self._keep_text:
            yield SourceText(file, data)
        meta = yield from with_frames(file, read_meta(top), [*top.iterchildren("track")])
        yield Evidence(_LABELS, meta.labels)
        objects = Objects(file, meta, Room(len(data)))
        used = yield from self._read_images(file, top, meta, objects)
        used += yield from self._read_tracks(file, top, meta, objects)
        there = [one for one in used if self._images.has(one.path)]
        near = [one.path for one in there if not (one.is_borrowed or one.leaves)]
        far = [one.path for one in there if one.is_borrowed or one.leaves]
        yield Evidence(_NAMED, [file, near, far])

    # Images -------------------------------------------------------------------------------------

    def _read_images(
        self, file: str, top: etree._Element, meta: Meta, objects: Objects
    ) -> Generator[Record, None, list[Where]]:
        """Returns where its images are."""
        used: list[Where] = []
        own = _split_of_file(file)
        entries = Counter(element.get("name", "") for element in top.iterchildren("image"))
        twice: dict[tuple[str, str | None], list[Image]] = defaultdict(list)
        for number, element in enumerate(top.iterchildren("image")):
            place = Place(file, f"image[{number}]", line_of(element))
            count = number_of(element)
            name, subset = element.get("name", ""), element.get("subset", "")
            where = self._images.named(file, name, subset) if name else None
            if where is None:
                message = f"{name!r} leaves the image folder" if name else "has no name"
                yield code("path-leaves-root" if name else "unusable-shape").at(
                    place, message, "give the image a path in the folder", lost=count
                )
                yield Evidence(_LOST, file)
                continue
            used.append(where)
            if count > MAX_OBJECTS:
                yield too_many_objects(place, count)
                continue
            if where.leaves:
                message = f"{name!r} leaves the image folder; {where.path} is used"
                yield code("path-leaves-root").at(place, message, severity="warning")
            split = split_of(subset) or meta.task_of(element).split or own
            entry = _Entry(where, _stated(element), place, split)
            size = yield from self._size(entry, count)
            if size is not None:
                instances = yield from objects.of_image(element, place, size)
                tags = [tag.get("label", "") for tag in element.iterchildren("tag")]
                image = _image(entry, size, instances, [tag for tag in tags if tag])
                if entries[name] > 1:  # jobs that overlap, or tasks of a project
                    twice[image.file_name, image.split].append(image)
                else:
                    yield image
        for images in twice.values():
            yield from united(images)
        return used

    def _size(self, entry: _Entry, count: int) -> Generator[Record, None, tuple[int, int] | None]:
        """Returns (width, height) of an image with objects; None if it is not read."""
        place, name = entry.place, entry.where.path
        said = [place.file, place.pointer, place.line, name]
        if not self._images.has(name):
            yield Evidence(_MISSING, [*said, count])
            if self._skips:
                return None
        if entry.where.is_borrowed:
            yield Evidence(_BORROWED, said)
        verify = self._verifies and self._images.has(name)
        size = yield from find_size(self._root, name, entry.size, verify=verify, place=place)
        if size is None:
            yield code("no-image-size").at(
                place,
                f"{name}: no size is stated, and there is no image that has one",
                "add the image, or its width and height",
                lost=count,
            )
        return size

    # Video --------------------------------------------------------------------------------------

    def _read_tracks(
        self, file: str, top: etree._Element, meta: Meta, objects: Objects
    ) -> Generator[Record, None, list[Where]]:
        """Returns where its frames are."""
        used: list[Where] = []
        tracks = [*top.iterchildren("track")]
        if not tracks:
            return used
        own = _split_of_file(file)
        others = self._images.other_videos(file)
        alone = len(meta.tasks) < 2 and not others
        if others:
            yield Evidence(_VIDEOS, [file, *others])
        found = yield from objects.of_tracks(tracks)
        frames: dict[tuple[Task, int], list[Shown]] = defaultdict(list)
        for task, shown in found:
            frames[task, shown.frame].append(shown)
        for task in dict.fromkeys((*meta.tasks.values(), meta.default)):
            for number in self._images.numbers:
                name = self._images.frame(file, task, number, alone=alone).path
                if number in task.frames and self._images.has(name):
                    frames.setdefault((task, number), [])
        for (task, number), shapes in sorted(
            frames.items(), key=lambda one: (one[0][0].id, one[0][1])
        ):
            place = Place(file, f"frame {number}")
            where = self._images.frame(file, task, number, alone=alone)
            used.append(where)
            if len(shapes) > MAX_OBJECTS:
                yield too_many_objects(place, len(shapes))
                continue
            entry = _Entry(where, task.size, place, task.split or own)
            size = yield from self._size(entry, len(shapes))
            if size is not None:
                yield _image(entry, size, (yield from objects.of_frame(shapes, size)), [])
        return used

    # The dataset --------------------------------------------------------------------------------

    def finish(self, found: Found, decision: Any) -> Iterator[Header | Finding]:
        labels = dict.fromkeys(label for own in found.get(_LABELS, ()) for label in own)
        if labels:
            yield Header(categories=tuple(Category(name=name) for name in labels))
        if missing := found.get(_MISSING):
            file, pointer, line, name, _ = missing[0]
            lost = sum(count for *_, count in missing) if self._skips else 0
            remedy = "add the images to the folder, in images/ beside the XML file"
            if pointer.startswith("frame "):
                remedy += "; ffmpeg -i VIDEO -start_number 0 images/frame_%06d.png extracts them"
            if videos := found.get(_VIDEOS):
                remedy += (
                    f"; {plural(len(videos[0]), 'video')} here ({', '.join(videos[0][:3])}) have "
                    "frames of the same numbers: put those of each in images/NAME-OF-THE-TASK"
                )
            yield code("image-missing").at(
                Place(file, pointer, line),
                f"{plural(len(missing), 'image')} not found (this is the first, {name}): "
                + ("skipped" if self._skips else "the annotations are kept"),
                remedy,
                lost=lost,
                severity="error" if lost else "warning",
            )
        if borrowed := found.get(_BORROWED):
            yield from image_borrowed([(Place(*place), image) for *place, image in borrowed])
        if others := found.get(_OTHER):
            yield code("other-format").at(
                Place(others[0]),
                f"{plural(len(others), 'XML file')} without <annotations> (this is the first): not "
                "read",
                "if it has annotations, too, name its format with --from",
            )
        yield from self._without_entry(found)

    def _without_entry(self, found: Found) -> Iterator[Finding]:
        """The finding on images that no file names: beside those that are named, and in images/."""
        if self._root.only is not None or found.get(_LOST):
            return  # the other files of the folder, or what is lost, may be about its images
        used: set[str] = set()
        folders: set[str] = set()
        trees: list[str] = []
        videos = {file for files in found.get(_VIDEOS, ()) for file in files}
        for file, near, far in found.get(_NAMED, ()):
            used.update(near, far)
            folders.update(path.rpartition("/")[0] for path in near)
            if file not in videos:  # of several, a frame is of none for sure
                trees.append(f"{file.rpartition('/')[0]}/images/".lstrip("/"))
        if rest := self._images.others(used, folders, tuple(dict.fromkeys(trees))):
            yield code("image-without-labels").at(
                Place(rest[0]),
                f"{plural(len(rest), 'image')} that no CVAT file names (this is the first): "
                "not written",
                "annotate them; an image without objects belongs into the file, too",
            )


def _image(
    entry: _Entry, size: tuple[int, int], instances: Sequence[Instance], tags: list[str]
) -> Image:
    """An image; `tags` are labels of it as a whole."""
    return Image(
        file_name=entry.where.path,
        width=size[0],
        height=size[1],
        instances=tuple(instances),
        place=entry.place,
        split=entry.split,
        attributes={"tags": tags} if tags else {},
    )


def _stated(element: etree._Element) -> tuple[int, int] | None:
    try:
        return stated_size(float(element.get("width", "0")), float(element.get("height", "0")))
    except (ValueError, OverflowError):
        return None


def _split_of_file(file: str) -> str | None:
    """The split that the name of a file or its folder says."""
    split = split_of_json(file)
    return split if split in SPLIT_NAMES.values() else None
