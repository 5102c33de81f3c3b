"""Places images where an output format requires them."""

from __future__ import annotations

import io
import os
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from math import prod
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal, TypeAlias

from dataforge.codes import code
from dataforge.datasets.seen import Seen
from dataforge.datasets.source import Source
from dataforge.datasets.watched import Progress
from dataforge.errors import ParseError, UsageError, first_of, plural
from dataforge.findings import Finding, Place
from dataforge.formats import Writer
from dataforge.io import (
    IMAGE_EXTENSIONS,
    MAX_IMAGE_PIXELS,
    Kept,
    Root,
    copy_rest,
    glance,
    is_image,
    is_url,
    read_header,
    where,
)

_DOING = {"copy": "copying images", "hardlink": "linking images", "symlink": "linking images"}

ImageMode: TypeAlias = Literal["reference", "copy", "hardlink", "symlink"]


def is_file(out: str) -> bool:
    """Whether an output is a single file, by its name."""
    return out.lower().endswith(".json")


def folder_of(out: str) -> Path:
    """The folder of an output: itself, unless it names a single file."""
    path = Path(out)
    return path.parent if path.suffix.lower() == ".json" else path


def output_file(out: str, name: str) -> str:
    """The path, or URL, of a file of an output."""
    if not is_url(out):
        return str(folder_of(out) / name)
    return f"{os.path.dirname(out) if is_file(out) else out.rstrip('/')}/{name}"


def hidden_names(splits: Mapping[str, Sequence[Seen]], writer: Writer[Any]) -> Iterator[Finding]:
    """Images whose names, or folders, start with a dot.

    Programs that list folders skip them: dataforge and Ultralytics (because of `glob`). mmdet,
    pycocotools and torchvision open what a list names.
    """
    names = (seen.file_name for images in splits.values() for seen in images)
    hidden = sorted({name for name in names if re.search(r"(^|/)\.(?!\.?(/|$))", name)})
    if hidden:
        # If an image has its own annotation file, this is hidden, too.
        one_file = writer.key(hidden[0]) == hidden[0]
        yield code("hidden-name").at(
            Place(hidden[0]),
            f"{plural(len(hidden), 'image')} with a name or folder that starts with a dot (this is "
            "the first): tools that list folders, such as dataforge and Ultralytics, skip "
            + ("the image" if one_file else "the image and its annotations"),
            "rename the file or folder",
            severity="note" if one_file else "warning",
        )


class Placing:
    """Places images where the output format requires them.

    Args:
        mode: None is the format's default.
        out: as the user named it.
        writer: of the output's format.
        source: where the images are.

    Raises:
        UsageError: images cannot be placed in this way.
        InputError: the image folder does not exist.
    """

    def __init__(
        self, mode: ImageMode | None, out: str, writer: Writer[Any], source: Source
    ) -> None:
        self.mode = mode or writer.image_mode
        self.out = out
        self.writer = writer
        self.images = source.image_root
        self._roots = (source.root, self.images)
        self.extract: Callable[[str], bytes] | None = None
        if source.reader.extracts_images(source.options):
            if self.mode == "reference":
                raise UsageError("--extract-images requires --image-mode copy")
            self.extract = partial(source.reader.extracted_image, source.root)
        if self.mode != "reference" and folder_of(out) != Path(out):
            raise UsageError(f"--image-mode {self.mode} requires a folder to write to, not {out}")
        if self.mode in ("hardlink", "symlink") and (self.images.remote or is_url(out)):
            what = "a local output" if is_url(out) else "local images"
            raise UsageError(f"--image-mode {self.mode} requires {what}; use copy")

    def left_at(self, out: str) -> str:
        """The path from the output folder to images that stay in place; else empty."""
        if self.mode != "reference" or self.images.remote != is_url(out):
            return ""
        if self.images.remote:
            here, there = self.images.location, os.path.dirname(out) if is_file(out) else out
            if here.split("/")[:3] != there.split("/")[:3]:
                return ""  # another bucket
            path = posixpath.relpath(*("/" + one.partition("://")[2] for one in (here, there)))
        else:
            path = os.path.relpath(self.images.path.resolve(), folder_of(out).resolve())
        return "" if path == "." else path.replace(os.sep, "/")

    def place(
        self,
        splits: Mapping[str, Sequence[Seen]],
        stage: Path,
        out: Path,
        progress: Progress | None = None,
    ) -> Iterator[Finding]:
        """Put all images into the stage; yields a finding for each missing one."""
        if self.mode == "reference":
            return
        total = sum(map(len, splits.values()))
        done: set[str] = set()
        folders: set[Path] = set()
        is_new = not is_url(self.out) and not out.exists()
        for name, images in splits.items():
            for image in images:
                target = self.writer.image_path(name, image.file_name)
                if target in done:
                    continue
                if not is_new and self._in_place(image.file_name, out, target):
                    continue
                done.add(target)
                try:
                    self._place_one(image, stage / target, folders)
                except ParseError as error:
                    yield code("image-not-placed").at(
                        Place(image.file_name),
                        f"is missing from the output: {error.message}",
                        "restore the image, or save it as .jpg or .png, and convert again",
                    )
                if progress:
                    progress(len(done), total, _DOING[self.mode])

    def inputs(self, images: Iterable[Seen]) -> set[str]:
        """The real paths of the files that were read, if the output can hold some of them."""
        home = Path(os.path.realpath(self.out))
        roots = [Path(os.path.realpath(root.location)) for root in self._roots if not root.remote]
        if not any(home.is_relative_to(root) or root.is_relative_to(home) for root in roots):
            return set()
        return {
            os.path.realpath(os.path.join(root.location, name))
            for root in self._roots
            if not root.remote
            for image in images
            for name in (image.place.file, image.file_name)
        }

    def remote_inputs(self, images: Iterable[Seen]) -> set[str]:
        """The URLs of the files that were read, if the output is in the same store."""
        stores = {root.location.partition("/")[0] for root in self._roots if root.remote}
        if not is_url(self.out) or self.out.partition("/")[0] not in stores:
            return set()
        return {
            root.url(name)
            for root in self._roots
            if root.remote
            for image in images
            for name in (image.place.file, image.file_name)
        }

    def left_over(
        self,
        splits: Mapping[str, Sequence[Seen]],
        stage: Path,
        out: Path,
        kept: Kept | None = None,
    ) -> Iterator[Finding]:
        """Report files in the image folders of the output that do not belong to the dataset.

        They are not removed: they may be left over from an older output, or the user's own.

        Args:
            splits: split -> the images that are written.
            stage: where the output is before it is moved into place.
            out: where it will be.
            kept: the output as it was left before, which is removed.
        """
        listed = self.writer.lists_images
        if listed and self.mode == "reference":
            return
        splits_in: dict[str, list[str]] = {}
        for name in splits:
            folder = self.writer.image_path(name, "x").rpartition("/")[0]
            splits_in.setdefault(folder, []).append(name)
        replaced = self.writer.targets(out, list(splits))
        for folder, names in splits_in.items():
            if not (out / folder).is_dir():
                continue
            wanted = {
                self.writer.image_path(name, image.file_name)
                for name in names
                for image in splits[name]
            }
            made = {path.suffix for path in (stage / folder).rglob("*") if path.is_file()}
            own = self._own(out / folder)
            found = [
                path
                for path in (
                    f"{folder}/{file}".lstrip("/")
                    for file in Root(out / folder, follow_links=True).files()
                )
                if (is_image(path) or PurePosixPath(path).suffix in made)
                and path not in wanted
                and not (kept and kept.owns(out, path))
                and not (stage / path).exists()
                and own not in (out / path).parents
                and not {out / path, *(out / path).parents}.intersection(replaced)
            ]
            if found:
                yield _left_over(found, folder, listed)

    def _own(self, folder: Path) -> Path | None:
        """The folder that images are read from, if it is below this one, in terms of this one."""
        if self.images.remote:
            return None
        source, target = self.images.path.resolve(), folder.resolve()
        return folder / source.relative_to(target) if source.is_relative_to(target) else None

    def _in_place(self, name: str, out: Path, target: str) -> bool:
        """Whether the target is the image itself, because OUT/images is the folder that was read.

        Args:
            name: of the image.
            out: where the output is made.
            target: of the image, relative to it.
        """
        path = out / target
        if self.images.remote:
            return self.images.url(name) == output_file(self.out, target)
        if is_url(self.out) or path.is_symlink() or not path.exists():
            return False
        return os.path.realpath(self.images.path / name) == os.path.realpath(path)

    def _place_one(self, image: Seen, target: Path, folders: set[Path]) -> None:
        """Put one image into the stage; only what is an image by its name and content.

        A label file may name any file; copied to a place where programs look, it could do harm.

        Args:
            image: to put there.
            target: where.
            folders: that were made for other images.
        """
        name = image.file_name
        if not is_image(name):
            kinds = ", ".join(IMAGE_EXTENSIONS)
            raise ParseError(name, "", f"its name is not that of an image ({kinds})")
        if target.parent not in folders:
            target.parent.mkdir(parents=True, exist_ok=True)
            folders.add(target.parent)
        if not self.images.exists(name):
            if self.extract is None:
                raise ParseError(name, "", "it does not exist")
            data = self.extract(image.place.file)
            read_header(io.BytesIO(data), name)
            target.write_bytes(data)
            return
        try:
            source = self.images.open(name)
        except OSError as error:
            message = f"it cannot be read: {error.strerror or error}"
            raise ParseError(name, "", message) from error
        with source:
            _require_image(source, name)
            source.seek(0)
            if self.mode == "copy":
                _copy(source, target, name)
                return
            try:
                (os.link if self.mode == "hardlink" else os.symlink)(where(source), target)
                same = os.path.samestat(os.stat(target), os.fstat(source.fileno()))
            except FileNotFoundError:
                same = False
            if not same:
                target.unlink(missing_ok=True)
                raise ParseError(name, "", "it was replaced while it was read")


def _require_image(source: IO[bytes], name: str) -> None:
    """Most images can be told by a glance; the header of any other is read.

    Raises:
        ParseError: it is no image, or too large.
    """
    seen = glance(source)
    if seen.size is None or not seen.whole or not 0 < prod(seen.size) <= MAX_IMAGE_PIXELS:
        source.seek(0)
        read_header(source, name)


def _copy(source: IO[bytes], target: Path, name: str) -> None:
    """Copy an image, or nothing of it."""
    try:
        with target.open("wb") as stream:
            copy_rest(source, stream, name)
    except ParseError:
        target.unlink()
        raise


def _left_over(found: list[str], folder: str, listed: bool) -> Finding:
    names = first_of(found)
    read = "" if listed else ", but programs that list the folder will use them"
    return code("left-over-files").at(
        Place(found[0]),
        f"{plural(len(found), 'file')} in {folder or 'the output'} ({names}) existed before "
        f"and do not belong to this dataset{read}",
        "delete them, or write to a new folder",
        severity="note" if listed else "warning",
    )
