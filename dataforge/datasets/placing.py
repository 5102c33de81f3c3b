"""Putting images where an output format has them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypeAlias

from dataforge.datasets.source import Source
from dataforge.errors import ParseError, UsageError, plural
from dataforge.io import Root, is_image
from dataforge.records import Finding, Image

How: TypeAlias = Literal["reference", "copy", "hardlink", "symlink"]


def folder_of(out: str) -> Path:
    """The folder that an output is in: itself, unless it names a single file."""
    path = Path(out)
    return path.parent if path.suffix.lower() == ".json" else path


class Placing:
    """Puts images where the output format has them.

    Args:
        how: None is the format's own habit.
        out: as the user named it.
        writer: the format's module.
        source: where the images are.

    Raises:
        UsageError: images cannot be placed so.
        InputError: there is no such folder of images.
    """

    def __init__(self, how: How | None, out: str, writer: Any, source: Source) -> None:
        self.how = how or writer.IMAGES
        self.writer = writer
        self.images = Root(getattr(source.options, "image_root", None) or source.root.location)
        self.extract: Callable[[str], bytes] | None = None
        if getattr(source.options, "extract_images", False):
            if self.how == "reference":
                raise UsageError("--extract-images writes images: it needs --images copy")
            self.extract = partial(source.reader.embedded_image, source.root)
        if self.how != "reference" and folder_of(out) != Path(out):
            raise UsageError(f"--images {self.how} needs a folder to write to, not {out}")
        if self.how in ("hardlink", "symlink") and self.images.remote:
            raise UsageError(f"--images {self.how} needs local images; use copy")

    def left_at(self, out: str) -> str:
        """The way from the output's folder to images that stay where they are; else empty."""
        if self.how != "reference" or self.images.remote or "://" in out:
            return ""
        way = os.path.relpath(self.images.path.resolve(), folder_of(out).resolve())
        return "" if way == "." else way.replace(os.sep, "/")

    def place(
        self, views: Mapping[str, Iterable[Image]], stage: Path, out: Path
    ) -> Iterator[Finding]:
        """Put all images into the stage; yields a finding for each that is not there."""
        if self.how == "reference":
            return
        done: set[str] = set()
        for name, images in views.items():
            for image in images:
                target = self.writer.image_path(name, image.file_name)
                if target in done or _in_place(self.images, image.file_name, out / target):
                    continue
                done.add(target)
                try:
                    self._place_one(image, stage / target)
                except ParseError as error:
                    yield Finding(
                        code="image-not-placed",
                        severity="error",
                        file=image.file_name,
                        message=f"is not in the output: {error.message}",
                        remedy="restore the image and convert again",
                    )

    def left_over(
        self, views: Mapping[str, Iterable[Image]], stage: Path, out: Path
    ) -> Iterator[Finding]:
        """Name the files that stay where the output has its images, and are none of the dataset's.

        They are not removed: nobody can tell what is left of an older output from a person's own.

        Args:
            views: split -> the images that are written.
            stage: where the output is before it is put in place.
            out: where it is going to be.
        """
        listed = getattr(self.writer, "LISTS_IMAGES", False)
        if listed and self.how == "reference":
            return
        splits_in: dict[str, list[str]] = {}
        for name in views:
            folder = self.writer.image_path(name, "x").rpartition("/")[0]
            splits_in.setdefault(folder, []).append(name)
        replaced = self.writer.targets(out, list(views))
        for folder, names in splits_in.items():
            if not (out / folder).is_dir():
                continue
            wanted = {
                self.writer.image_path(name, image.file_name)
                for name in names
                for image in views[name]
            }
            made = {path.suffix for path in (stage / folder).rglob("*") if path.is_file()}
            own = self._own(out / folder)
            found = [
                path
                for path in (f"{folder}/{file}".lstrip("/") for file in Root(out / folder).files())
                if (is_image(path) or PurePosixPath(path).suffix in made)
                and path not in wanted
                and not (stage / path).exists()
                and own not in (out / path).parents
                and not {out / path, *(out / path).parents}.intersection(replaced)
            ]
            if found:
                yield _left_over(found, folder, listed)

    def _own(self, folder: Path) -> Path | None:
        """The folder that images are read from, where it is below another, by that one's name."""
        if self.images.remote:
            return None
        source, target = self.images.path.resolve(), folder.resolve()
        return folder / source.relative_to(target) if source.is_relative_to(target) else None

    def _place_one(self, image: Image, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        if not self.images.exists(image.file_name):
            if self.extract is None:
                raise ParseError(image.file_name, "", "it does not exist")
            target.write_bytes(self.extract(image.source))
        elif self.how == "copy":
            try:
                source = self.images.open(image.file_name)
            except OSError as error:
                message = f"it cannot be read: {error.strerror or error}"
                raise ParseError(image.file_name, "", message) from error
            with source, target.open("wb") as stream:
                shutil.copyfileobj(source, stream)
        else:
            link = os.link if self.how == "hardlink" else os.symlink
            link(os.path.realpath(self.images.path / image.file_name), target)


def _left_over(found: list[str], folder: str, listed: bool) -> Finding:
    names = ", ".join(found[:5]) + ", ..." * (len(found) > 5)
    read = "" if listed else ", but whoever reads that folder takes them for its own"
    return Finding(
        code="left-over-files",
        severity="note" if listed else "warning",
        file=found[0],
        message=f"{plural(len(found), 'file')} in {folder or 'the output'} ({names}): there before "
        f"and none of this dataset's{read}",
        remedy="remove what an older output left there, or write to a new folder",
    )


def _in_place(images: Root, name: str, target: Path) -> bool:
    """Whether the target is the image itself, where OUT/images is the folder that was read."""
    if images.remote or target.is_symlink() or not target.exists():
        return False
    return os.path.realpath(images.path / name) == os.path.realpath(target)
