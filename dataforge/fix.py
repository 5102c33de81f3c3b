"""Mending a dataset: what `dataforge check --fix` does.

    check a pass ─► edits ─► texts ─► check again ─► ... nothing left ─► Plan ─► diff | apply | copy

Nothing is written before all passes are done: the texts as they will be are kept beside the
dataset's own, and are what the next pass reads. Images are never changed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import tempfile
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from dataforge.check import CheckOptions, CheckReport, check_dataset, is_config
from dataforge.checks import (
    Change,
    Data,
    Document,
    Edit,
    Fix,
    KeepingRoot,
    Selection,
    Text,
    applied,
    checks,
)
from dataforge.datasets import Progress
from dataforge.errors import OutputError, ParseError, UsageError, one_line
from dataforge.io import MAX_COCO_BYTES, Root, atomic_write, clear_away, staged
from dataforge.records import Image

PASSES = 10
"""Edits that meet in one place need several; what is not done by then is left as it is."""

BACKUP = ".dataforge-backup"
"""What the name of a backup ends with, if nobody says otherwise."""

FORMATS = ("coco", "labelme", "voc", "yolo")
"""Formats whose files are mended."""


class Mended(KeepingRoot):
    """A dataset as it will be: its own files, and the new texts of those that are mended.

    Args:
        location: of the dataset.
        texts: an empty file, open for reading and writing, for the new texts.
    """

    def __init__(self, location: str, texts: IO[bytes]) -> None:
        super().__init__(location)
        self._texts = texts
        self._places: dict[str, tuple[int, int]] = {}
        self._before: dict[str, bytes] = {}

    def read_bytes(self, name: str, limit: int | None = None) -> bytes:
        if name not in self._places:
            return super().read_bytes(name, limit)
        start, length = self._places[name]
        self._texts.seek(start)
        return self._texts.read(length)

    @property
    def changed(self) -> list[str]:
        """The files that have a new text, sorted."""
        return sorted(self._places)

    def put(self, name: str, old: bytes, new: bytes) -> None:
        """Give a file a new text.

        Args:
            name: of the file.
            old: what the new text was made of.
            new: what is to be there.

        Raises:
            OutputError: the file was changed since.
        """
        if name not in self._places:
            self._before[name] = _digest(old)
            self.original(name)
        try:
            self._places[name] = self._texts.seek(0, os.SEEK_END), len(new)
            self._texts.write(new)
            self._texts.flush()
        except OSError as error:
            said = f"the folder for temporary files: {error.strerror or error}"
            raise OutputError(f"{said}; TMPDIR names another") from error

    def original(self, name: str) -> bytes:
        """What stands in a file that is mended.

        Raises:
            OutputError: it was changed, or is gone, since it was read.
        """
        try:
            data = Root(self.location).read_bytes(name, MAX_COCO_BYTES)
        except ParseError as error:
            raise OutputError(f"{self.path / name}: {error.message}") from error
        if _digest(data) != self._before[name]:
            raise OutputError(
                f"{self.path / name}: was changed while it was mended: run again when nobody "
                "writes it"
            )
        return data


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


class _Pass:
    """Gathers the edits of one pass; see `dataforge.check.Beside`."""

    def __init__(self, root: Mended, unsafe: bool) -> None:
        self._root = root
        self._wanted = ("safe", "unsafe") if unsafe else ("safe",)
        self._files: dict[str, _File] = {}
        self._source = ""

    def begin(self, data: Data, selection: Selection) -> None:
        self._selection = selection
        self._fixes = dict(_fixes(data, selection.codes(), self._wanted))

    def image(self, image: Image) -> None:
        if image.source != self._source:
            self._source = image.source
            self._text = Text(Document(self._root, image.source))
            for code, fix in self._fixes.items():
                self._take(code, fix.document(self._text, image))
        for code, fix in self._fixes.items():
            self._take(code, fix.image(self._text, image))

    def finish(self) -> None:
        for code, fix in self._fixes.items():
            self._take(code, fix.finish())

    def _take(self, code: str, edits: Iterator[Edit]) -> None:
        try:
            for edit in edits:
                if self._selection.covers(code, edit.file):
                    self._files.setdefault(edit.file, _File()).take(code, edit)
        except ParseError:
            return  # what cannot be taken apart stays as it is, and its findings say so

    def apply(self) -> Counter[str]:
        """Give the files their new texts; code -> number of edits."""
        made: Counter[str] = Counter()
        for name in sorted(self._files):
            file = self._files[name]
            text = Text(Document(self._root, name))
            new = applied(text.text, sorted(file.changes))
            try:
                self._root.put(name, text.data, new.encode(text.codec))
            except UnicodeEncodeError:
                continue  # a letter that the file's encoding does not have
            made += file.made
        return made


def _fixes(data: Data, codes: Iterable[str], wanted: Sequence[str]) -> Iterator[tuple[str, Fix]]:
    """(code, what mends it) of the codes that have something to mend in this format."""
    for code in codes if data.format in FORMATS else ():
        module = checks()[code].load()
        if checks()[code].fix in wanted and data.format in getattr(module, "FORMATS", FORMATS):
            yield code, module.Fix(data)


class _File:
    """The edits of one file in one pass; of two that meet, the first that came."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.made: Counter[str] = Counter()

    def take(self, code: str, edit: Edit) -> None:
        if not any(map(self._meets, edit.changes)):
            for change in edit.changes:
                insort(self.changes, change)
            self.made[code] += 1

    def _meets(self, change: Change) -> bool:
        start, end, _ = change
        at = bisect_left(self.changes, change)
        before = self.changes[at - 1] if at else (-1, -1, "")
        after = self.changes[at] if at < len(self.changes) else (end + 1, end + 1, "")
        return start < before[1] or start == before[0] or end > after[0] or start == after[0]


class Plan:
    """What mending comes to; nothing is written yet.

    Attributes:
        report: what `check` says of the dataset as it will be.
        edits: code -> how many of its findings are mended, sorted by code.
    """

    def __init__(self, root: Mended, report: CheckReport, edits: Counter[str]) -> None:
        self._root = root
        self.report = report
        self.edits = dict(sorted(edits.items()))

    @property
    def files(self) -> list[str]:
        """The files that change, relative to the folder, sorted."""
        return self._root.changed

    def diff(self) -> Iterator[str]:
        """The lines of a unified diff, which ``patch -p1`` takes."""
        for name in self.files:
            old, new = self._root.original(name), self._root.read_bytes(name)
            codec = Text(Document(self._root, name)).codec
            yield from unified(name, old.decode(codec), new.decode(codec))

    def apply(self, backup: str | None = None) -> Path | None:
        """Write the new texts in place.

        Args:
            backup: folder for the files as they were; None for one beside the dataset, whose name
                ends with `BACKUP`.

        Returns:
            The folder of the backup; None where nothing changes.

        Raises:
            OutputError: a file is read-only, lies behind a link that leads out, or was changed
                since it was read, or there is something where the backup is to be: nothing was
                written. Or the disk is full: some files are mended and others are not, each whole.
        """
        if not self.files:
            return None
        folder = self._root.path
        for name in self.files:
            _refuse_unwritable(folder, name)
        target = _backup_place(folder, backup)
        with staged(target, [target], force=False) as stage:
            for name in self.files:
                _write(stage / name, self._root.original(name))
        # A link to a folder gives a file two names, of which one is mended; a link to a file of the
        # dataset becomes a file before that one changes.
        places = {Path(os.path.realpath((folder / name).parent)) / Path(name).name: name
                  for name in self.files}  # fmt: skip
        for place in sorted(places, key=lambda place: not place.is_symlink()):
            self._put(place, places[place])
        return target

    def _put(self, path: Path, name: str) -> None:
        self._root.original(name)
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            with atomic_write(path, mode) as stream:
                stream.write(self._root.read_bytes(name))
        except OSError as error:
            raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error

    def copy(self, out: str) -> None:
        """Write the whole dataset, mended, to a new folder; what was read stays as it is.

        Hidden files are left out, and of a folder of which one COCO file was read, the other JSON.

        Raises:
            OutputError: there is something already, it lies in the dataset, a file was changed
                since it was read, or cannot be read or written.
        """
        target = Path(out)
        _refuse_place(self._root.path, target)
        with staged(target, [target], force=False) as stage:
            for name in self._root.files():
                if name in self.files:
                    self._root.original(name)
                    _write(stage / name, self._root.read_bytes(name))
                else:
                    self._copy(name, stage / name)

    def _copy(self, name: str, place: Path) -> None:
        try:
            source = self._root.open(name)
        except OSError as error:
            path = self._root.path / name
            raise OutputError(f"{path}: cannot be read: {error.strerror or error}") from error
        place.parent.mkdir(parents=True, exist_ok=True)
        with source, place.open("wb") as stream:
            shutil.copyfileobj(source, stream)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@contextmanager
def planned_fixes(
    path: str,
    options: CheckOptions | None = None,
    *,
    unsafe: bool = False,
    progress: Progress | None = None,
) -> Iterator[Plan]:
    """Find out what is to be mended, and how; writes nothing.

    The plan holds until the block ends. Its texts lie in a file without a name, which is gone when
    the run is, however that ends.

    Args:
        path: a local folder, or a COCO file in one.
        options: of the check; what is not selected is not mended.
        unsafe: mend by fixes that lose something, too.
        progress: see `dataforge.check.check`.

    Raises:
        UsageError: `path` is a training config or not local; see `check` for the others.
        InputError: see `check`.
        OutputError: a file was changed while it was read.
    """
    options = options or CheckOptions()
    if is_config(path):
        raise UsageError(f"{path}: nothing in a training config is mended")
    if "://" in path:
        raise UsageError(f"{path}: only what lies on a disk is mended")
    with tempfile.TemporaryFile() as texts:
        root = Mended(path, texts)
        edits: Counter[str] = Counter()
        for _ in range(PASSES):
            step = _Pass(root, unsafe)
            report = check_dataset(root, path, options, progress, step)
            made = step.apply()
            if not made:
                break
            edits += made
        else:
            report = check_dataset(root, path, options, progress)
        yield Plan(root, report, edits)


def _refuse_unwritable(folder: Path, name: str) -> None:
    """A file that somebody has protected, though its folder is not, or that lies elsewhere."""
    path = folder / name
    home = os.path.realpath(folder)
    if os.path.commonpath([home, os.path.realpath(path.parent)]) != home:
        raise OutputError(f"{path}: lies outside of {folder}, behind a link: --out leaves it there")
    try:
        protected = not path.stat().st_mode & 0o222
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error
    if protected or not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        raise OutputError(f"{path}: is read-only: nothing was written; --out writes elsewhere")


def _backup_place(folder: Path, said: str | None) -> Path:
    if said is not None:
        _refuse_place(folder, Path(said))
        return Path(said)
    real = Path(os.path.realpath(folder))
    first = real.with_name(real.name + BACKUP)
    path, number = first, 1
    while os.path.lexists(path):
        clear_away(path)
        number += 1
        path = first.with_name(f"{first.name}-{number}")
    return path


def _refuse_place(folder: Path, target: Path) -> None:
    """A place that has something, or would be read as a part of the dataset next time."""
    if os.path.lexists(target):
        clear_away(target)
        raise OutputError(f"{target} is there already: name a new folder")
    home = os.path.realpath(folder)
    if os.path.commonpath([home, os.path.realpath(target)]) == home:
        raise OutputError(f"{target}: lies in the dataset itself: name a folder outside of it")


# A diff in one walk over the lines; difflib would take hours for the millions of a COCO file. ---

_CONTEXT = 3
_LOOK_AHEAD = 1000


def unified(name: str, old: str, new: str) -> Iterator[str]:
    """The lines of a unified diff of two texts, without their line ends."""
    before, after = (re.findall(r"[^\n]*\n|[^\n]+", text) for text in (old, new))
    blocks = list(_blocks(before, after))
    yield f"--- a/{one_line(name)}"
    yield f"+++ b/{one_line(name)}"
    for group in _hunks(blocks):
        first, last = group[0], group[-1]
        start = max(first[0] - _CONTEXT, 0)
        stop = min(last[1] + _CONTEXT, len(before))
        new_start, new_stop = first[2] - (first[0] - start), last[3] + (stop - last[1])
        yield f"@@ -{_range(start, stop)} +{_range(new_start, new_stop)} @@"
        at = start
        for i, i_end, j, j_end in group:
            yield from _marked(" ", before[at:i])
            yield from _marked("-", before[i:i_end])
            yield from _marked("+", after[j:j_end])
            at = i_end
        yield from _marked(" ", before[at:stop])


def _blocks(a: list[str], b: list[str]) -> Iterator[tuple[int, int, int, int]]:
    """(from, to, from, to) of lines of `a` that give way to lines of `b`."""
    i = j = 0
    while i < len(a) or j < len(b):
        if i < len(a) and j < len(b) and a[i] == b[j]:
            i, j = i + 1, j + 1
            continue
        i_end, j_end = _next_common(a, b, i, j)
        yield i, i_end, j, j_end
        i, j = i_end, j_end


def _next_common(a: list[str], b: list[str], i: int, j: int) -> tuple[int, int]:
    """Where the two go on alike for two lines, or end."""
    for steps in range(1, _LOOK_AHEAD):
        for more in range(steps + 1):
            at, to = i + steps - more, j + more
            if at <= len(a) and to <= len(b) and a[at : at + 2] == b[to : to + 2]:
                return at, to
    return len(a), len(b)


Block = tuple[int, int, int, int]


def _hunks(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    group: list[Block] = []
    for block in blocks:
        if group and block[0] - group[-1][1] > 2 * _CONTEXT:
            yield group
            group = []
        group.append(block)
    if group:
        yield group


def _range(start: int, stop: int) -> str:
    length = stop - start
    first = start + 1 if length else start
    return f"{first}" if length == 1 else f"{first},{length}"


def _marked(mark: str, lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield mark + line.removesuffix("\n")
        if not line.endswith("\n"):
            yield "\\ No newline at end of file"
