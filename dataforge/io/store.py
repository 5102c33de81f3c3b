"""The files below a URL: listed once, read in parallel, and only as they were listed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from dataforge.errors import InputError, plural
from dataforge.io import limits, named
from dataforge.io.ahead import Ahead, StoredFile, in_parallel
from dataforge.io.names import BACKUP, REGISTRATION, is_image, is_too_long, last_part, stem
from dataforge.io.urls import attempt, file_system, one_sentence, scheme_of, tag_of


class Entry(NamedTuple):
    """What a listing says about a file.

    Attributes:
        size: in bytes.
        tag: changes with the content; empty if the store has none.
    """

    size: int
    tag: str


class Store:
    """The files below a URL.

    Args:
        url: of a folder, or of a file until `at` is called.

    Attributes:
        url: without a slash at the end.
        listable: whether it can say what there is, which web servers cannot.
        unusable: names that no file of a folder can have, found by `files`.

    Raises:
        UsageError, MissingDependencyError: see `dataforge.io.urls.file_system`.
    """

    def __init__(self, url: str) -> None:
        self.url = url if url.endswith("://") else url.rstrip("/")
        self.listable = scheme_of(url) not in ("http", "https")
        self.unusable: list[str] = []
        self._entries: dict[str, Entry] | None = None
        self._connect()
        self._fs.invalidate_cache()

    def _connect(self) -> None:
        self._fs, self._base = file_system(self.url)
        self._ahead = Ahead(self._read, lambda name: self.entry(name).size)

    def __getstate__(self) -> dict[str, Any]:
        left = ("_fs", "_base", "_ahead")
        return {name: value for name, value in self.__dict__.items() if name not in left}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if scheme_of(self.url) == "memory":
            raise InputError(f"{self.url}: is in the memory of one process; use --workers 1")
        self._connect()
        if self._entries is not None:
            self._ahead.follow(sorted(self._entries))

    def kind(self) -> str:
        """What the URL is that of: `file`, `directory`, or nothing.

        Raises:
            InputError: the store cannot be reached, or does not say.
        """
        try:
            return str(attempt(lambda: self._fs.info(self._base), self.url)["type"])
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise InputError(f"{self.url}: cannot be read: {one_sentence(error)}") from error

    def at(self, folder: str) -> Store:
        """Another folder of the same store, by its path from the top."""
        return Store(f"{scheme_of(self.url)}://{folder.lstrip('/')}")

    # Looking around, before it is known what the folder is; paths from the top, with a slash.

    @property
    def path(self) -> str:
        """The path from the top of the store."""
        return "/" + self._base.lstrip("/")

    def has_image(self, folder: str, name: str) -> bool:
        """Whether a folder contains an image of this name, given without extension."""
        return any(is_image(one) and stem(one) == name for one in self._names(folder, "file"))

    def any_image(self, folder: str) -> bool:
        """Whether a folder contains an image."""
        return any(map(is_image, self._names(folder, "file")))

    def folders(self, above: str) -> list[str]:
        """The folders in a folder."""
        return [f"{above}/{name}" for name in self._names(above, "directory")]

    def head(self, file: str) -> bytes:
        """The first bytes of a file; none if it cannot be read."""
        inside = file if self._base.startswith("/") else file.lstrip("/")
        with suppress(OSError):
            return bytes(
                attempt(lambda: self._fs.cat_file(inside, start=0, end=named.HEAD), self.url)
            )
        return b""

    def _names(self, folder: str, kind: str) -> Iterator[str]:
        if not self.listable or not folder.strip("/"):
            return  # not the list of all buckets
        for info in self._ls(folder if self._base.startswith("/") else folder.lstrip("/")):
            if info["type"] == kind:
                yield last_part(str(info["name"]).rstrip("/"))

    def _ls(self, path: str) -> list[dict[str, Any]]:
        try:
            found: list[dict[str, Any]] = attempt(lambda: self._fs.ls(path, detail=True), self.url)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise InputError(f"{self.url}: cannot be listed: {one_sentence(error)}") from error
        return found

    # Files ----------------------------------------------------------------------------------------

    def files(self, registered: list[str]) -> list[str]:
        """The names of the files that `dataforge.io.walk.walk` would find, sorted.

        Args:
            registered: folders that contain the file `REGISTRATION` are added to it.

        Raises:
            InputError: it cannot be listed, or there are too many.
        """
        shown = [name for name in sorted(self._known()) if not _is_hidden(name)]
        ours: list[str] = []
        for name in shown:
            folder = name[: -len(REGISTRATION)]
            if folder and last_part(name) == REGISTRATION and not folder.startswith(tuple(ours)):
                ours.append(folder)
        registered.extend(folder.rstrip("/") for folder in ours)
        return [name for name in shown if not name.startswith(tuple(ours))]

    def _known(self) -> dict[str, Entry]:
        if self._entries is None:
            self._entries = self._listed()
            self._ahead.follow(sorted(self._entries))
        return self._entries

    def _listed(self) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        for path, info in self._found():
            rest = path[len(self._base) :] if self._base else f"/{path.lstrip('/')}"
            name = rest[1:]
            if not name or name.endswith("/"):
                continue  # what a console makes for an empty folder
            if rest[0] != "/" or not _is_usable(name):
                self.unusable.append(name)
                continue
            entries[name] = Entry(int(info.get("size") or 0), tag_of(info))
        folders = {name[:end] for name in entries for end in _slashes(name)}
        for name in sorted(entries.keys() & folders):
            if entries.pop(name).size:
                self.unusable.append(name)
        return entries

    def _found(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """(path in the store, what is known of it) of all files; folders beside each other."""
        folders = []
        number = 0
        for info in self._ls(self._base):
            path = str(info["name"])
            if info["type"] != "directory":
                number += 1
                yield path, info
            elif path.rstrip("/") != self._base:
                folders.append(path)
            elif path != self._base:
                self.unusable.append("/")  # a folder whose name is empty
        self._bound(number)
        for found in in_parallel(self._find, folders):
            number += len(found)
            self._bound(number)
            yield from found.items()
        self._fs.invalidate_cache()  # it may hold a gigabyte

    def _bound(self, number: int) -> None:
        if number > limits.MAX_LISTED:
            most = plural(limits.MAX_LISTED, "file")
            raise InputError(f"{self.url}: contains more than {most}; name a folder of it")

    def _find(self, folder: str) -> dict[str, dict[str, Any]]:
        try:
            found: dict[str, dict[str, Any]] = attempt(
                lambda: self._fs.find(folder, detail=True), self.url
            )
        except OSError as error:
            raise InputError(f"{self.url}: cannot be listed: {one_sentence(error)}") from error
        return found

    def take(self, name: str) -> None:
        """Make a file known where files cannot be listed."""
        self._entries = {}
        self.entry(name)

    def entry(self, name: str) -> Entry:
        """What is known of a file.

        Raises:
            OSError: there is no such file.
        """
        known = self._known()
        found = known.get(name)
        if found is None and not self.listable:
            info = attempt(lambda: self._fs.info(self._path(name)), self._path(name))
            if info.get("size") is None:
                raise OSError(errno.EINVAL, "the server does not say how large it is")
            found = known[name] = Entry(info["size"], tag_of(info))
        if found is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return found

    def exists(self, name: str) -> bool:
        """Whether there is such a file."""
        try:
            self.entry(name)
        except OSError:
            return False
        return True

    def open(self, name: str) -> StoredFile:
        """Open a file for reading bytes.

        Raises:
            OSError: there is no such file; also when it is read, if it cannot be or has changed.
        """
        self.entry(name)
        return StoredFile(self._ahead, name)

    def _path(self, name: str) -> str:
        return f"{self._base}/{name}"

    def _read(self, name: str, start: int, end: int) -> bytes:
        entry, path = self.entry(name), self._path(name)
        if end <= start:
            return b""

        def get() -> bytes:
            data = self._get(path, entry, start, end)
            if len(data) == entry.size and len(data) > end - start:
                data = data[start:end]  # of a server that does not send parts
            if len(data) != end - start:
                raise _changed()
            return data

        try:
            return attempt(get, f"{self.url}/{name}")
        except OSError as error:
            message = getattr(error, "strerror", None) or one_sentence(error)
            raise OSError(error.errno or errno.EIO, message) from error

    def _get(self, path: str, entry: Entry, start: int, end: int) -> bytes:
        if entry.tag and scheme_of(self.url) in ("s3", "s3a"):
            return self._get_same(path, entry, start, end)
        if (start, end) == (0, entry.size):
            return bytes(self._fs.cat_file(path))
        return bytes(self._fs.cat_file(path, start=start, end=end))

    def _get_same(self, path: str, entry: Entry, start: int, end: int) -> bytes:
        """Bytes of an object of S3, if it is the one that was listed."""
        with self._fs.open(path, "rb", cache_type="none", size=entry.size) as stream:
            for own in ("read_kw", "req_kw"):  # as versions of s3fs call it
                setattr(stream, own, {**getattr(stream, own, {}), "IfMatch": entry.tag})
            stream.details = {"name": path, "size": entry.size, "ETag": entry.tag}  # no request
            stream.seek(start)
            try:
                return bytes(stream.read(end - start))
            except OSError as error:
                if type(error).__name__ == "FileExpired":
                    raise _changed() from error
                raise


def _changed() -> OSError:
    return OSError(errno.ESTALE, "has changed since the folder was listed; run the command again")


def _is_usable(name: str) -> bool:
    """Whether a file can have the name, below a folder; a key of a bucket may be any text."""
    parts = name.split("/")
    return not {"", ".", ".."}.intersection(parts) and "\0" not in name and not is_too_long(name)


def _is_hidden(name: str) -> bool:
    """Whether a file is one that is not read, or in such a folder; see `dataforge.io.walk.walk`."""
    if "/." in f"/{name}":
        return True
    if BACKUP not in name and "lost+found" not in name:
        return False
    folders = name.split("/")[:-1]
    return "lost+found" in folders or any(_is_backup(folder) for folder in folders)


def _is_backup(folder: str) -> bool:
    _, found, number = folder.rpartition(BACKUP)
    return bool(found) and (not number or (number[0] == "-" and number[1:].isdigit()))


def _slashes(name: str) -> Iterable[int]:
    return (at for at, letter in enumerate(name) if letter == "/")


def opened_store(url: str) -> tuple[Store, str | None]:
    """(the folder that a URL leads to, the annotation file in it that is meant, if it is that).

    Raises:
        InputError: there is nothing, or no annotation file; or it is a web server's folder.
    """
    store = Store(url)
    if not store.listable and not store.url.lower().endswith(".json"):
        raise InputError(f"{url}: a web server does not say what a folder holds; name a COCO file")
    kind = store.kind()
    if not kind:
        raise InputError(f"{url}: no such bucket, folder or file")
    if kind != "file":
        return store, None
    named.refuse_others(store.url)
    if not store.listable:
        folder, _, name = store.url.rpartition("/")
        home = Store(folder)
        home.take(name)
        return home, name
    folder, name = named.home_of(store.path, store)
    return store.at(folder), name
