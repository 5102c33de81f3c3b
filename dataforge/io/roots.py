"""The folder of a dataset, local or remote, optionally restricted to one annotation file."""

from __future__ import annotations

import errno
import hashlib
import os
import platform
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast

from dataforge.errors import InputError, ParseError
from dataforge.io import named
from dataforge.io.glances import Glance, glance
from dataforge.io.images import ImageHeader, not_opened, read_header
from dataforge.io.names import is_image
from dataforge.io.reading import open_file, read_bounded, where
from dataforge.io.store import Store, opened_store
from dataforge.io.tracing import Trace
from dataforge.io.urls import is_url, without_file_scheme
from dataforge.io.walk import LeftOut, contains, walk

_END = 4096


class Root:
    """A folder, local or at a URL; its files are POSIX paths relative to it.

    The files at a URL are listed once; they are read in parallel, and again if that fails for a
    moment (`dataforge.io.store`).

    If the location is a file, it is the only annotation file: `files` lists it and the images, and
    nothing else `exists`. The root is the file's folder, or the parent that also contains the
    images (``VOC/`` for ``VOC/Annotations/1.xml`` beside ``VOC/JPEGImages/1.jpg``).

    Args:
        location: local path or fsspec URL (``s3://bucket/folder``) of a folder or of one
            annotation file.
        follow_links: also read what links to files and folders outside the folder lead to.

    Attributes:
        location: the folder, as given.
        remote: whether it is a URL.
        only: the given annotation file, relative to the folder; None if a folder was given.
        path: path of a local folder.
        follow_links: as given.
        trace: of what is looked at, here and in every `other`.
        apart: a real path, of a file or folder that is not part of it even if it is below; empty
            for none.

    Raises:
        InputError: there is no such folder or file, or the file is not an annotation file; or what
            a URL leads to cannot be reached, now or later, when it is listed or read.
        UsageError, MissingDependencyError: the URL cannot be opened.
    """

    only: str | None = None
    path: Path
    _store: Store

    def __init__(self, location: str | os.PathLike[str], *, follow_links: bool = False) -> None:
        self.location = without_file_scheme(os.fspath(location))
        self.follow_links = follow_links
        self.remote = is_url(self.location)
        self._files: list[str] | None = None
        self._left_out = LeftOut([], [], [], [], [], [])
        self.trace = Trace()
        self.apart = ""
        if self.remote:
            self._store, self.only = opened_store(self.location)
            self.location = self._store.url
            return
        if os.path.isfile(self.location):
            named.refuse_others(self.location)
            self.location, self.only = named.home_of(self.location)
        if not os.path.isdir(self.location):
            raise InputError(_absence(self.location))
        self.path = Path(self.location)
        self._real = os.path.realpath(self.location)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """A copy in another process, perhaps on another machine."""
        self.__dict__ = state
        if not self.remote and not os.path.isdir(self.location):
            raise InputError(
                f"{self.location}: does not exist on {platform.node()}; all machines that work on "
                "a dataset must see it at the same path"
            )

    @property
    def lists(self) -> bool:
        """Whether `files` knows all that is there; a web server does not say."""
        return not self.remote or self._store.listable

    @property
    def named(self) -> str:
        """The location as given: the folder, or the one file in it."""
        return self.location if self.only is None else os.path.join(self.location, self.only)

    def url(self, name: str) -> str:
        """Where a file is, as a path or a URL."""
        return f"{self.location}/{name}" if self.remote else os.path.join(self.location, name)

    @property
    def flags(self) -> list[str]:
        """The options that let a further command read the same files."""
        return ["--follow-links"] * self.follow_links

    def files(self) -> list[str]:
        """All files below, or the given file and the images; sorted, cached."""
        if self._files is None:
            names = self._listed() if self.remote else self._walk()
            if self.only is not None:
                names = named.with_images(self.only, names)
            self._files = sorted(self._without_apart(names))
        return self._files

    def left_out(self) -> LeftOut:
        """What is below and not read, sorted."""
        self.files()
        found = self._left_out
        return LeftOut(
            sorted(found.links),
            sorted(found.registered),
            sorted(found.dangling),
            sorted(found.too_long),
            sorted(found.unusable),
            sorted(found.closed),
        )

    def other(self, location: str) -> Root:
        """A further folder that the user named, with the same rule for links."""
        found = Root(location, follow_links=self.follow_links)
        found.trace, found.apart = self.trace, self.apart
        return found

    def local(self, name: str) -> str:
        """The path of a file in a local folder."""
        return os.path.join(self.location, name)

    def _without_apart(self, names: Iterable[str]) -> Iterable[str]:
        if self.remote or not self.apart or not contains(self._real, self.apart):
            return names
        apart = os.path.relpath(self.apart, self._real).replace(os.sep, "/")
        return (name for name in names if name != apart and not name.startswith(f"{apart}/"))

    def _walk(self) -> Iterator[str]:
        return walk(self.location, self._left_out, follow_links=self.follow_links)

    def _listed(self) -> Iterable[str]:
        if self.only is not None and not self._store.listable:
            return [self.only]
        found = self._store.files(self._left_out.registered)
        self._left_out.unusable.extend(self._store.unusable)
        return found

    def read_bytes(self, name: str, limit: int | None = None) -> bytes:
        """The file's content.

        Raises:
            ParseError: the file cannot be read, or is larger than `limit`
                (default `limits.MAX_TEXT_BYTES`).
        """
        try:
            with self.open(name) as stream:
                return read_bounded(stream, name, limit)
        except OSError as error:
            raise ParseError(name, "", f"cannot be read: {error.strerror or error}") from error

    def look(self, name: str, limit: int | None = None) -> bytes:
        """The file's content, for detecting its format before it is read.

        A root may cache it for `read_bytes`, so that the file is opened only once.

        Raises:
            ParseError: see `read_bytes`.
        """
        return self.read_bytes(name, limit)

    def head(self, name: str, size: int) -> bytes:
        """The first bytes of a file.

        Raises:
            OSError: see `open`.
        """
        with self.open(name) as stream:
            return stream.read(size)

    def open(self, name: str) -> IO[bytes]:
        """Open the file for reading bytes.

        Raises:
            OSError: the file cannot be opened, is a pipe, a socket or a device, or is outside the
                folder, behind a link, and links are not followed.
        """
        if self.remote:
            return cast(IO[bytes], self._store.open(name))
        path = self._looked_at(name)
        stream = open_file(path)
        # The file itself is asked where it is: the path may lead elsewhere by now.
        if not (self.follow_links or name == self.only or contains(self._real, where(stream))):
            stream.close()
            raise OSError(
                errno.EACCES, "is a link that leads out of the folder; --follow-links follows it"
            )
        return stream

    def digest(self, name: str) -> bytes:
        """A hash of the file's content.

        Raises:
            OSError: it cannot be read.
        """
        found = hashlib.blake2b(digest_size=16)
        with self.open(name) as stream:
            while block := stream.read(2**20):
                found.update(block)
        return found.digest()

    def end(self, name: str) -> bytes:
        """The last bytes of a file, which distinguish most images of the same size.

        Raises:
            OSError: it cannot be read.
        """
        with self.open(name) as stream:
            stream.seek(max(stream.seek(0, os.SEEK_END) - _END, 0))
            return stream.read()

    def exists(self, name: str) -> bool:
        """Whether the file exists; if one annotation file was given, only it and images do."""
        if self.only is not None and name != self.only and not is_image(name):
            return False
        if self.remote:
            return self._store.exists(name)
        return os.path.isfile(self._looked_at(name))

    def is_folder(self, name: str) -> bool:
        """Whether there is such a folder."""
        if self.remote:
            start = f"{os.path.normpath(name)}/".removeprefix("./")
            return any(file.startswith(start) for file in self.files())
        return os.path.isdir(self._looked_at(name))

    def size(self, name: str) -> int:
        """The number of bytes of a file.

        Raises:
            OSError: there is no such file.
        """
        if self.remote:
            return self._store.entry(name).size
        return os.path.getsize(self._looked_at(name))

    def _looked_at(self, name: str) -> str:
        """The path of a file, which is traced."""
        path = self.local(name)
        if self.trace.on:
            self.trace.look(path)
        return path

    def glance(self, name: str) -> Glance:
        """What the first and last bytes of an image show, see `dataforge.io.glance`.

        Raises:
            OSError: see `open`.
        """
        with self.open(name) as stream:
            return glance(stream)

    def image_size(self, name: str) -> tuple[int, int]:
        """(width, height) in pixels as displayed, read from the header only.

        The EXIF orientation is applied, as labelme and OpenCV do.

        Raises:
            ParseError: see `image_header`.
        """
        return self.image_header(name).size

    def image_header(self, name: str) -> ImageHeader:
        """The metadata in an image's header.

        Raises:
            ParseError: not an image, or larger than `limits.MAX_IMAGE_PIXELS` by its header.
        """
        try:
            with self.open(name) as stream:
                return read_header(stream, name)
        except OSError as error:
            raise not_opened(name, error) from error


def _absence(location: str) -> str:
    """Why nothing can be read there."""
    if not location:
        return "expected a folder or a file, got an empty path"
    if os.path.islink(location):
        return f"{location}: a link to {os.readlink(location)}, which does not exist"
    if os.path.exists(location):
        return f"{location}: is neither a folder nor a file"
    return f"{location}: no such file or folder"


def same_bytes(root: Root, names: Iterable[str]) -> list[list[str]]:
    """Groups of files with identical content; only files with equal last bytes are read whole.

    Files that cannot be read are in none of them.
    """
    found: list[list[str]] = []
    for alike in _grouped(root.end, names):
        found += _grouped(root.digest, alike) if len(alike) > 1 else [alike]
    return found


def _grouped(key: Callable[[str], bytes], names: Iterable[str]) -> list[list[str]]:
    groups: dict[bytes, list[str]] = {}
    for name in names:
        with suppress(OSError):
            groups.setdefault(key(name), []).append(name)
    return [*groups.values()]
