"""Outputs at URLs: made on this machine, and uploaded file by file at the end.

    what is there ─► empty files of the same names ─► the output is written there, as on any disk
                                                            │
    images ─► other files ─► what is no longer wanted goes ─► the files that list the others  ◄─┘

So the same rules hold as on disk: nothing is overwritten without ``--force``, and of what is there
only that is replaced which a disk would lose. A file that is new is only created, where the store
can say so, and never overwrites what somebody else has put there in the meantime. If an upload
fails, or the run is interrupted, the files that are new are deleted again. A run that writes an
output again and again overwrites what it has written itself, as it has left it.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from dataforge.errors import DataforgeError, InputError, OutputError, UsageError, plural
from dataforge.interrupts import announce, written
from dataforge.io import limits
from dataforge.io.ahead import submit
from dataforge.io.names import is_image
from dataforge.io.place import Kept, Signature, signature
from dataforge.io.urls import WITH_BUCKETS, attempt, file_system, is_url, scheme_of, state_of

if TYPE_CHECKING:
    from concurrent.futures import Future

_WITH_METADATA = frozenset({"s3", "s3a"})
_RUN = "dataforge-run"
"""Key of an object's metadata that says which run has written it."""

_OWN: Signature = (-1, -1, -1)
"""Of what this run has written before: it has no empty file, and is written anew or deleted."""

_TO_END = 10.0
"""Seconds that uploads which have begun are waited for when a run is interrupted."""


class Draft(NamedTuple):
    """Where an output is made.

    Attributes:
        path: of the output; itself, if it is on this machine.
        replaced: see `dataforge.io.output.staged`.
    """

    path: Path
    replaced: Sequence[Path]


@contextmanager
def published(
    out: str,
    replaced: Callable[[Path], Sequence[Path]],
    inputs: Collection[str] = (),
    progress: Callable[[int, int, str], object] | None = None,
    kept: Kept | None = None,
) -> Iterator[Draft]:
    """A path to write an output to, which is uploaded if the block succeeds.

    Args:
        out: a path, which is used as it is, or a URL.
        replaced: the files and folders that an output at a path contains; the files come last.
        inputs: URLs of files that the run has read, which are not overwritten.
        progress: called with the numbers of files uploaded and of all, and "uploading".
        kept: what this process has written there before; only that is overwritten then.

    Raises:
        UsageError: nothing can be written there.
        OutputError: it cannot be uploaded; what is new has been deleted.
    """
    if not is_url(out):
        yield Draft(Path(out), replaced(Path(out)))
        return
    target = _Target(out, inputs, progress, kept)
    before_this = [*written]
    with _private_folder() as home:
        path = home / target.name
        before = target.stand_ins(path)
        try:
            yield Draft(path, replaced(path))
        except DataforgeError as error:
            error.args = tuple(_said_of(one, path, target.url) for one in error.args)
            raise
        finally:
            written[:] = before_this  # what is written here is a draft
        target.upload(path, before, replaced(path))


@contextmanager
def _private_folder() -> Iterator[Path]:
    try:
        folder = tempfile.mkdtemp(prefix="dataforge-")
    except OSError as error:
        raise OutputError(f"no temporary folder: {error.strerror or error}") from error
    try:
        yield Path(os.path.realpath(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _said_of(text: Any, path: Path, url: str) -> Any:
    """A message about the draft, as one about the output."""
    return text.replace(str(path), url) if isinstance(text, str) else text


def refuse_unreachable(out: str) -> None:
    """Reject a URL that nothing can be written to, before anything is read.

    Raises:
        UsageError: it is such by its form.
        OutputError: there is no such bucket, or the store cannot be reached.
    """
    if is_url(out):
        _Target(out, ()).find_bucket()


class _Target:
    """Where an output goes.

    Attributes:
        url: of the output, without a slash at the end.
        name: its last part.
    """

    def __init__(
        self,
        url: str,
        inputs: Collection[str],
        progress: Callable[[int, int, str], object] | None = None,
        kept: Kept | None = None,
    ) -> None:
        import inspect

        if scheme_of(url) in ("http", "https"):
            raise UsageError(f"{url}: web servers can be read, but not written")
        self.url = url.rstrip("/")
        self._fs, self._base = file_system(self.url)
        self.name = self._base.rpartition("/")[2] or "out"
        if self.name in (".", "..") or "//" in self._base or "/../" in f"/{self._base}/":
            raise UsageError(f"{url}: not a location that can be written")
        self._inputs = inputs
        self._progress = progress
        self._kept = kept
        self._there: dict[str, str] = {}  # name -> state
        self._done = self._total = 0  # files
        self._takes_mode = "mode" in inspect.signature(self._fs.put_file).parameters
        self._run = os.urandom(8).hex() if scheme_of(url) in _WITH_METADATA else ""
        self._made: list[str] = []
        self._under_way: list[Future[None]] = []

    def find_bucket(self) -> None:
        """Raise OutputError if there is none."""
        if scheme_of(self.url) not in WITH_BUCKETS:
            return
        bucket = self._base.partition("/")[0]
        try:
            attempt(lambda: self._fs.info(bucket), self.url)
        except FileNotFoundError as error:
            raise OutputError(f"{self.url}: no such bucket: {bucket}") from error
        except PermissionError:  # some may write and not look
            return
        except (OSError, InputError) as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> OutputError:
        why = str(error).rpartition("cannot be read: ")[2]
        return OutputError(f"{self.url}: cannot be written: {why}")

    def stand_ins(self, path: Path) -> dict[str, Signature]:
        """Make an empty file for each that is there; returns how they are."""
        found = {}
        self._there = self._found()
        for name in self._there:
            file = path / name if name else path
            parts = PurePosixPath(name).parts
            if ".." in parts or name.startswith("/") or "\0" in name:
                continue  # no file of an output has such a name
            if self._is_own(name):
                found[name] = _OWN
                continue
            with suppress(OSError):  # nor can one that no disk holds
                file.parent.mkdir(parents=True, exist_ok=True)
                file.touch()
                found[name] = signature(file.stat())
        return found

    def _found(self) -> dict[str, str]:
        """Name -> state of what is there."""
        self._fs.invalidate_cache()
        try:
            found = attempt(lambda: self._fs.find(self._base, detail=True), self.url)
        except FileNotFoundError:
            return {}
        except (OSError, InputError) as error:
            raise self._failed(error) from error
        if len(found) > limits.MAX_LISTED:
            raise OutputError(f"{self.url}: contains {plural(len(found), 'file')}; name another")
        states = {
            str(one)[len(self._base) :].removeprefix("/"): state_of(info)
            for one, info in found.items()
            if str(one)[-1:] != "/"
        }
        # Folders come last, so that a key that is a file and a folder is a folder.
        return dict(sorted(states.items(), reverse=True))

    def upload(self, path: Path, before: dict[str, Signature], last: Sequence[Path]) -> None:
        """Upload what is new or changed, and delete what is gone."""
        names = [""] if path.is_file() else _files(path)
        now = {name: signature((path / name).stat() if name else path.stat()) for name in names}
        new = [name for name in names if now[name] != before.get(name)]
        final = {"" if one == path else one.relative_to(path).as_posix() for one in last}
        gone = {name for name in before.keys() - now.keys() if not self._is_others(name)}
        self._refuse_inputs([*new, *gone])
        self._refuse_others(new)
        self._done, self._total = 0, len(new)
        phases = (
            [name for name in new if is_image(name) and name not in final],
            [name for name in new if not is_image(name) and name not in final],
        )
        try:
            for phase in phases:
                self._put_all(path, phase, before)
            self._remove_all(gone)
            self._put_all(path, [name for name in new if name in final], before)
        except FileExistsError as error:
            self._undo()
            raise OutputError(
                f"{self.url}: somebody else has written there during the run; nothing of theirs is "
                "overwritten"
            ) from error
        except (OSError, InputError) as error:
            self._undo()
            raise self._failed(error) from error
        except BaseException:
            announce()
            self._undo()
            raise
        if self._kept is not None:
            there = self._found()
            self._kept.objects.update({name: there.get(name, "") for name in new})
        written.append(self.url)

    def _refuse_inputs(self, names: Collection[str]) -> None:
        for name in names:
            url = f"{self.url}/{name}".rstrip("/")
            if url in self._inputs:
                raise OutputError(f"{url} is read by this run, and is not overwritten; name "
                                  "another output")  # fmt: skip

    def _is_own(self, name: str) -> bool:
        """Whether what is there is as this process has left it."""
        return self._kept is not None and self._kept.objects.get(name) == self._there[name]

    def _is_others(self, name: str) -> bool:
        """Whether what is there is not, if this process has written before."""
        wrote = self._kept is not None and bool(self._kept.objects)
        return wrote and name in self._there and not self._is_own(name)

    def _refuse_others(self, names: Collection[str]) -> None:
        for name in filter(self._is_others, names):
            url = f"{self.url}/{name}".rstrip("/")
            raise OutputError(f"{url} is not as this run has left it, and is not overwritten; "
                              "start again with another output")  # fmt: skip

    def _put_all(self, path: Path, names: Sequence[str], before: dict[str, Signature]) -> None:
        self._under_way = [
            submit(lambda name=name: self._put(path, name, new=name not in before))  # type: ignore[misc]
            for name in names
        ]
        for future in self._under_way:
            future.result()
            self._done += 1
            if self._progress:
                self._progress(self._done, self._total, "uploading")

    def _put(self, path: Path, name: str, *, new: bool) -> None:
        file, key = (path / name, f"{self._base}/{name}") if name else (path, self._base)
        how: dict[str, Any] = {"mode": "create"} if new and self._takes_mode else {}
        if self._run:
            how["Metadata"] = {_RUN: self._run}
        if new:
            self._made.append(key)
        else:
            written.append(f"{self.url}/{name}".rstrip("/"))

        def put() -> None:
            try:
                self._fs.put_file(str(file), key, **how)
            except Exception as error:
                if not (new and _is_there(error)):
                    raise
                if self._run and self._is_ours(key):
                    return  # an answer was lost, and this is what was asked for
                self._made.remove(key)
                raise FileExistsError(str(error)) from error

        attempt(put, f"{self.url}/{name}".rstrip("/"))

    def _is_ours(self, key: str) -> bool:
        """Whether this run has written an object last; True if the store cannot say."""
        if not self._run:
            return True
        with suppress(Exception):
            return bool(self._fs.metadata(key, refresh=True).get(_RUN) == self._run)
        return False

    def _remove_all(self, names: Collection[str]) -> None:
        for name in sorted(names):
            key = f"{self._base}/{name}" if name else self._base
            with suppress(FileNotFoundError):
                attempt(lambda key=key: self._fs.rm_file(key), self.url)  # type: ignore[misc]

    def _undo(self) -> None:
        """Delete what is new, and nobody else has overwritten."""
        from concurrent.futures import wait

        for future in self._under_way:
            future.cancel()
        wait([one for one in self._under_way if not one.cancelled()], timeout=_TO_END)
        for key in self._made:
            with suppress(Exception):
                if self._is_ours(key):
                    self._fs.rm_file(key)


def _is_there(error: Exception) -> bool:
    """Whether a file cannot be created as there is one; packages say it in several ways."""
    return isinstance(error, FileExistsError) or bool(
        re.search("PreconditionFailed|pre-?conditions?.*did not hold|\\b412\\b", str(error), re.I)
    )


def _files(folder: Path) -> list[str]:
    return sorted(
        file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()
    )
