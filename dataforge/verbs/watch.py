"""Keeps an output current while somebody labels: converts again whatever has changed.

    look ─► the same? ─ wait ─► look ...
      └──── changed? ─ wait until it is quiet ─► convert, with a cache ─► Update

The folder is looked at from time to time, which works on any disk, also on those of other machines,
of whose changes the system tells nobody. What the run writes itself is not looked at.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import msgspec

from dataforge.datasets import FormatFound, KeepingRoot, Progress, usable_cache_folder
from dataforge.errors import DataforgeError, InputError, ParseError, UsageError
from dataforge.findings import Finding
from dataforge.formats import get_format
from dataforge.interrupts import Interrupted, written
from dataforge.io import Kept, Root, Stamp, contains, is_image, stamp
from dataforge.verbs.convert import Job, Report, convert

PAUSE = 1.0
"""Seconds between two looks, or ten times as long as a look takes."""

_QUIET = 0.5
"""Seconds without a further change, after which a file counts as written."""

_PATIENCE = 10.0
"""Seconds after which what does not come to rest is converted as it is."""

_USUAL = (
    *(".json", ".xml", ".txt", ".yaml", ".yml", ".toml", ".names"),
    *(".csv", ".tsv", ".lst", ".jsonl", ".ndjson", ".odgt", ".manifest"),
)

_ENDS = {".json": b"}", ".xml": b">"}
"""Ending -> how the content of a file ends, once it is written."""


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """One conversion.

    Attributes:
        added, changed, removed: names of the files because of which it was done.
        report: of it; None if it failed, and the output is as it was.
        error: why it failed.
        new: findings that the conversion before did not have.
        gone: number of those that only the one before had.
    """

    added: list[str] = []
    changed: list[str] = []
    removed: list[str] = []
    report: Report | None = None
    error: str = ""
    new: list[Finding] = []
    gone: int = 0


def watch(
    job: Job, progress: Progress | None = None, others: list[FormatFound] | None = None
) -> Iterator[Update]:
    """Convert, and again whenever something has changed, until the user presses Ctrl-C.

    The first conversion obeys `job.force`; the others replace what those before have written, and
    nothing else: they fail if the output is another folder by then, or a file in it has changed.
    Ctrl-C ends the iteration, unless it comes during a conversion, which it interrupts.

    Args:
        job: what to convert, and how; without a cache, that of `usable_cache_folder` is used.
        progress, others: of the first conversion, see `convert`.

    Raises:
        UsageError: it cannot be watched; also as `convert`, as all that follow.
        InputError, OutputError: from the first conversion.
    """
    watched = _Watched(job)
    job = msgspec.structs.replace(job, cache=job.cache or usable_cache_folder())
    seen = watched.look()
    kept = Kept()
    report = convert(job, progress, watched.root(), others or (), kept)
    known = _identities(report)
    yield Update(report=report, new=report.findings)
    job = msgspec.structs.replace(job, force=True)
    while True:
        try:
            now = watched.next(seen)
        except Interrupted as error:
            if error.number == signal.SIGINT:
                return
            raise
        update = _difference(seen, now)
        seen = now
        written.clear()  # an interruption says what this conversion has written
        try:
            report = convert(job, None, watched.root(), (), kept)
        except (DataforgeError, OSError) as error:
            yield msgspec.structs.replace(update, error=str(error))
            continue
        before, known = known, _identities(report)
        new = [finding for finding in report.findings if finding.identity not in before]
        gone = len(before.keys() - known.keys())
        yield msgspec.structs.replace(update, report=report, new=new, gone=gone)


def endings_of(name: str) -> tuple[str, ...]:
    """Endings of the files that a dataset of a format may consist of, beside images.

    Editors' temporary files and backups end otherwise, or begin with a dot.

    Raises:
        UsageError: there is no such format.
    """
    reader = get_format(name).reader
    return (*_USUAL, *(reader.endings if reader else ()))


class _Watched:
    """The files that a conversion depends on.

    Raises:
        UsageError: it is remote, or the output is not apart from it.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        if "://" in job.source:
            raise UsageError(f"--watch requires a local folder, not {job.source}")
        self.out = os.path.realpath(job.out)
        if contains(self.out, os.path.realpath(job.source)):
            raise UsageError(
                f"--watch requires an output apart from what it reads; {job.out} contains it"
            )
        given = job.read_options.get("image_dir")
        self.folders = [job.source, *([given] if isinstance(given, str) else [])]
        named = (job.labels, job.aliases, job.layout, job.split)
        self.files = [value for value in named if isinstance(value, str)]
        self._endings = endings_of(job.reads)
        self.root()  # raises if there is nothing
        self._pause = PAUSE

    def root(self) -> KeepingRoot:
        """The folder as it is now, without the output."""
        return self._root(self.job.source)

    def _root(self, folder: str) -> KeepingRoot:
        root = KeepingRoot(folder, follow_links=self.job.follow_links)
        root.apart = self.out
        return root

    def look(self) -> dict[str, Stamp | None]:
        """Path -> stamp of all files; none if their folder is not there for the moment."""
        found = {path: stamp(path) for path in self.files}
        for folder in self.folders:
            try:
                root: Root = self._root(folder)
                names = root.files()
            except InputError:
                continue
            for name in names:
                if is_image(name) or name.lower().endswith(self._endings):
                    path = root.local(name)
                    found[path] = self._stamp(path)
        return found

    def _stamp(self, path: str) -> Stamp | None:
        """Of a file; a conversion that links an image changes its inode, which wakes nobody."""
        found = stamp(path)
        if found is None or self.job.image_mode != "hardlink" or not is_image(path):
            return found
        return *found[:3], 0

    def next(self, seen: dict[str, Stamp | None]) -> dict[str, Stamp | None]:
        """What there is when something has changed, and has come to rest."""
        while True:
            time.sleep(self._pause)
            start = time.monotonic()
            now = self.look()
            self._pause = max(PAUSE, 10 * (time.monotonic() - start))
            if now != seen and (rest := self._at_rest(seen, now)) != seen:
                return rest

    def _at_rest(
        self, seen: dict[str, Stamp | None], now: dict[str, Stamp | None]
    ) -> dict[str, Stamp | None]:
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            time.sleep(_QUIET)
            later = self.look()
            changed = (path for path in later if later[path] != seen.get(path))
            if later == now and all(map(_is_whole, changed)):
                break
            now = later
        return now


def _is_whole(path: str) -> bool:
    """Whether a file does not look as if somebody were writing it."""
    end = _ENDS.get(os.path.splitext(path)[1].lower())
    if end is None:
        return True
    try:
        last = Root(os.path.dirname(path) or ".", follow_links=True).end(os.path.basename(path))
    except (OSError, InputError, ParseError):
        return True  # a conversion says what is wrong with it
    return last.rstrip(b" \t\r\n\0").endswith(end)


def _difference(before: dict[str, Any], now: dict[str, Any]) -> Update:
    return Update(
        added=[path for path in now if path not in before],
        changed=[path for path in now if path in before and now[path] != before[path]],
        removed=[path for path in before if path not in now],
    )


def _identities(report: Report) -> dict[Any, Finding]:
    return {finding.identity: finding for finding in report.findings}
