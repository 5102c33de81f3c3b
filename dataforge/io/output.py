"""Atomic output: files and folders are written completely or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec

from dataforge.errors import OutputError
from dataforge.interrupts import held
from dataforge.io.folders import Folder
from dataforge.io.json import report_json
from dataforge.io.place import Kept, Place, Signature, refuse_special, signature
from dataforge.io.places import put_in_place
from dataforge.io.staging import Claim, claimed, noted


class NamedFile:
    """A file that the user named to be written, as it was when the run began.

    Other functions here accept it in place of a path. If the file has appeared or changed when it
    is written, perhaps because the run itself wrote it, it is not overwritten.

    Args:
        path: of the file.
        force: overwrite it if it exists.

    Raises:
        OutputError: it exists and `force` is not set, or it is no file.
    """

    def __init__(self, path: Path, *, force: bool = False) -> None:
        self.path = path
        self._then = self._now()
        if self._then is not None and not force:
            raise OutputError(f"{path} already exists; use --force to overwrite")

    def __str__(self) -> str:
        return str(self.path)

    def _now(self) -> Signature | None:
        try:
            status = os.lstat(self.path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written: {error.strerror}") from error
        refuse_special(self.path)
        if stat.S_ISDIR(status.st_mode):
            raise OutputError(f"{self.path} is a folder; name a file")
        return signature(status)

    def replace(self, home: Folder, temporary: str) -> None:
        """Give the temporary file in the same folder its name.

        Raises:
            OutputError: the file is not as it was when the run began.
            OSError: it cannot be written.
        """
        changed = OutputError(f"{self.path} was written during the run, and is not overwritten")
        if self._now() != self._then:
            raise changed
        if self._then is not None:
            home.replace(temporary, home, self.path.name)
            return
        try:
            home.add(temporary, home, self.path.name)
        except FileExistsError:
            raise changed from None


def refuse_planted(out: Path, folder: Path) -> None:
    """Reject an output whose path leads through a link that a dataset contains.

    Args:
        out: as the user named it.
        folder: of the dataset.

    Raises:
        OutputError: it does.
    """
    home = os.path.realpath(folder)
    path = os.path.abspath(out)
    while (above := os.path.dirname(path)) != path:
        if os.path.islink(path) and f"{os.path.realpath(above)}/".startswith(f"{home}/"):
            raise OutputError(
                f"{path} is a link inside {folder}, the dataset that is read; remove it, or name "
                "the folder that it leads to"
            )
        path = above


@contextmanager
def atomic_write(file: Path | NamedFile, *, mode: int | None = None) -> Iterator[IO[bytes]]:
    """A stream for a file that is put in place only if the block succeeds.

    A link with this path is replaced itself; its target is not written.

    Args:
        file: path of the file; missing folders are created.
        mode: file permissions; None for the default of new files.

    Raises:
        OutputError: the folder or the file cannot be written, or another run is writing it.
    """
    path = file.path if isinstance(file, NamedFile) else file
    refuse_special(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with Folder.open(path.parent) as home, claimed(path.name, home, folder=False) as claim:
            with os.fdopen(os.dup(claim.file), "wb") as stream:
                yield stream
            _set_mode(claim.file, mode)
            claim.check()
            with held():
                if isinstance(file, NamedFile):
                    file.replace(home, claim.name)
                else:
                    refuse_special(path)  # once more, as it may be new
                    home.replace(claim.name, home, path.name)
                noted(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error


def _set_mode(handle: int, mode: int | None) -> None:
    """Temporary files are private; the file gets its own permissions, or those of the umask."""
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(handle, 0o666 & ~umask if mode is None else mode)


@contextmanager
def staged(
    out: Path,
    replaced: Sequence[Path],
    *,
    force: bool,
    inputs: Collection[str] = (),
    unchanged: Mapping[str, Signature] | None = None,
    shared: bool = False,
    kept: Kept | None = None,
) -> Iterator[Path]:
    """A temporary path for `out`, a file or a folder, moved into place if the block succeeds.

    If the block fails, nothing is left behind. If the run is killed, the next run that writes
    `out` removes the leftovers. How the output is put in place, what is kept there, and what a
    killed run leaves, is drawn in `dataforge.io.places`.

    Args:
        out: path of the output.
        replaced: files and folders that the output contains; with `force`, what existing folders
            among them contained before is removed. The files are put in place last.
        force: overwrite existing files.
        inputs: real paths of files that the run reads, which are never overwritten or removed.
        unchanged: with `force`, path relative to `out` -> `signature` of the only files that are
            overwritten; None for all.
        shared: other machines write to the temporary path, too.
        kept: the output as this process has left it before: only what it has written itself is
            overwritten or removed, and nothing in another folder. At the end it is what is left
            now. It takes the place of `unchanged`.

    Raises:
        OutputError: the output exists and `force` is not set, it cannot be written, it is not the
            one that was kept, or another run is writing it.
    """
    refuse_special(out)
    target = Path(os.path.realpath(out)) if out.is_dir() else out
    home, name = target.parent, target.name
    if kept is not None and kept.files:
        unchanged = kept.files
        if target.is_dir():
            kept.refuse_other(out, target.stat())
    if target.is_dir() and (os.path.ismount(target) or not os.access(home, os.W_OK)):
        home, name = target, ""
    try:
        home.mkdir(parents=True, exist_ok=True)
        with Folder.open(home) as place, claimed(target.name, place, folder=True) as claim:
            for path in replaced:
                if path.exists() and not force:
                    raise OutputError(f"{path} already exists; use --force to overwrite")
            relative = {path.relative_to(out).as_posix() for path in replaced}
            names = frozenset("" if path == "." else path for path in relative)
            goal = Place(place, name, target, names, inputs, force, unchanged, kept)
            old = goal.found()
            with _stage(claim, target) as stage:
                yield (Path(os.path.abspath(stage.path)) if shared else stage.steady) / target.name
                made = _files_in(stage, target.name) if kept is not None else {}
                with held():
                    folder = put_in_place(stage, target.name, goal, old, claim.check)
                    if kept is not None:
                        kept.add(folder, made)
                    noted(out)
    except OSError as error:
        raise OutputError(f"{out}: cannot be written: {error.strerror or error}") from error


def _files_in(stage: Folder, name: str) -> dict[str, Signature]:
    """The signatures of a new output and what is in it, which moving does not change."""
    status = stage.status(name)
    if status is None:
        return {}
    if not stat.S_ISDIR(status.st_mode):
        return {"": signature(status)}
    with stage.inner(name) as new:
        return {path: signature(one) for path, one in new.files()}


def _stage(claim: Claim, target: Path) -> Folder:
    """The temporary folder; what is made in it belongs to the group that the output's does."""
    stage = claim.folder()
    if stage.handle is not None and target.is_dir():
        status = target.stat()
        if status.st_mode & stat.S_ISGID:
            os.chown(stage.handle, -1, status.st_gid)
            os.chmod(stage.handle, 0o2700)
    return stage


def write_text(path: Path | NamedFile, text: str) -> None:
    """Write UTF-8 text with LF line endings, atomically.

    Raises:
        OutputError: see `atomic_write`.
    """
    with atomic_write(path) as stream:
        stream.write(text.encode())


def write_json(path: Path | NamedFile, value: Any) -> None:
    """Write indented UTF-8 JSON, atomically.

    Raises:
        OutputError: see `atomic_write`.
    """
    write_text(path, msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def write_report(path: Path | NamedFile, report: Any) -> None:
    """Write a report as `report_json`, atomically.

    Raises:
        OutputError: see `atomic_write`.
    """
    write_text(path, report_json(report, ascii_only=False) + "\n")
