"""Fixes a dataset: `dataforge check --fix` applies the edits of its findings.

    check ─► findings with edits ─► the format's editor ─► new texts ─► plan ─► diff | apply | copy

One pass: the texts are those that were checked, and nothing is read again. Of overlapping edits,
the first is made, and the others are left for the next run, which starts from the new state. Images
are never changed.
"""

from __future__ import annotations

import os
import time
from bisect import bisect_right, insort
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from dataforge.codes import code
from dataforge.datasets import Progress
from dataforge.diff import Moves, unified
from dataforge.errors import OutputError, ParseError, UsageError
from dataforge.findings import Clip, Drop, Edit, Finding, Place, Set, Severity, folded
from dataforge.formats import Change, Editor, Text, applied
from dataforge.io import (
    BACKUP,
    Folder,
    clear_away,
    copy_attributes,
    copy_rest,
    is_inside,
    refuse_unwritable,
    rewrite,
    staged,
)
from dataforge.verbs.check import Checked, CheckOptions, CheckReport, checked, is_config

Outcome: TypeAlias = Literal["made", "later", "never"]
"""Of a finding's edits: made in this run, left for the next one, or left for the user."""


class FileFix(msgspec.Struct, frozen=True):
    """What changes in one file.

    Attributes:
        text: as it was checked.
        changes: to the text, in order; they do not overlap.
        data: the new bytes.
        edits: that the changes make.
        signature: (size, modification time in ns) of the file that was read.
    """

    text: Text
    changes: list[Change]
    data: bytes
    edits: list[Edit]
    signature: tuple[int, int]


class FixPlan:
    """What will be fixed; nothing is written yet.

    Attributes:
        report: what is left afterwards; places are those in the new files.
        fixed: code -> how many of its findings are fixed, sorted by code.
    """

    def __init__(
        self, found: Checked, files: dict[str, FileFix], report: CheckReport, fixed: Counter[str]
    ) -> None:
        self._root = found.source.root
        self._files = files
        self.report = report
        self.fixed = dict(sorted(fixed.items()))

    @property
    def files(self) -> list[str]:
        """The files that change, relative to the folder, sorted."""
        return sorted(self._files)

    def diff(self, *names: str) -> Iterator[str]:
        """The lines of a unified diff for ``patch -p1``, of the files named or of all that change.

        Files that are not UTF-8 are shown as decoded text, which patch cannot find in them.
        """
        for name in names or self.files:
            yield from unified(name, self._files[name].text.text, self._files[name].changes)

    def apply(self, backup: str | None = None) -> Path | None:
        """Write the new texts in place.

        Args:
            backup: folder for the original files; None for one beside the dataset, with the suffix
                `BACKUP`.

        Returns:
            The backup folder; None if nothing changes.

        Raises:
            OutputError: a file is read-only, is behind a link out of the folder, or was changed
                since it was read, or the backup exists: nothing was written. Or the disk is full:
                some files are fixed and others are not, but each is complete.
        """
        if not self.files:
            return None
        folder = self._root.path
        for name in self.files:
            refuse_unwritable(folder, name)
        target = _backup_place(folder, backup)
        with staged(target, [target], force=False) as stage:
            for name in self.files:
                self._refuse_changed(name)
                _write(stage / name, self._files[name].text.data)
                copy_attributes(folder / name, stage / name)
        # With a link to a folder, a file has two names, of which one is fixed; a link to a file of
        # the dataset becomes a file before its target changes.
        places = {Path(os.path.realpath((folder / name).parent)) / Path(name).name: name
                  for name in self.files}  # fmt: skip
        for place in sorted(places, key=lambda place: not place.is_symlink()):
            self._put(place, places[place])
        return target

    def copy(self, out: str) -> None:
        """Write the whole dataset, fixed, to a new folder; the source is not changed.

        Hidden files are skipped, and if a single file was named, the other annotation files.

        Raises:
            OutputError: it exists or is inside the dataset, or a file was changed since it was
                read, or cannot be read or written.
        """
        target = Path(out)
        _refuse_place(self._root.path, target)
        with staged(target, [target], force=False) as stage:
            for name in self._root.files():
                if name in self._files:
                    self._refuse_changed(name)
                    _write(stage / name, self._files[name].data)
                else:
                    self._copy(name, stage / name)

    def _refuse_changed(self, name: str) -> None:
        path = self._root.path / name
        if _signature(path) != self._files[name].signature:
            raise _changed(path)

    def _put(self, path: Path, name: str) -> None:
        self._refuse_changed(name)
        folder = os.path.realpath(self._root.path)
        try:
            with (
                Folder.open(Path(folder)) as root,
                root.inner(Path(os.path.relpath(path.parent, folder)).as_posix()) as home,
            ):
                rewrite(home, path.name, self._files[name].data)
        except OSError as error:
            raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error

    def _copy(self, name: str, place: Path) -> None:
        path = self._root.path / name
        try:
            source = self._root.open(name)
        except OSError as error:
            raise OutputError(f"{path}: cannot be read: {error.strerror or error}") from error
        place.parent.mkdir(parents=True, exist_ok=True)
        with source, place.open("wb") as stream:
            copy_rest(source, stream, str(path))


@contextmanager
def planned_fixes(
    path: str,
    options: CheckOptions | None = None,
    *,
    unsafe: bool = False,
    progress: Progress | None = None,
) -> Iterator[FixPlan]:
    """Find out what can be fixed, and how; nothing is written.

    Args:
        path: a local folder, or an annotation file, which is then the only one that changes.
        options: of the check; codes that are not selected are not fixed.
        unsafe: also apply fixes that may lose information.
        progress: see `dataforge.verbs.check.check`.

    Raises:
        UsageError: `path` is a training config or not local; for others see `check`.
        InputError: see `check`.
        OutputError: a file was changed while it was read.
    """
    if is_config(path):
        raise UsageError(f"{path}: training configs can be checked, but not fixed")
    if "://" in path:
        raise UsageError(f"{path}: only local files can be fixed")
    started = time.time_ns()
    with checked(path, options or CheckOptions(), progress, keep_text=True) as found:
        wanted = ("safe", "unsafe") if unsafe else ("safe",)
        findings = [f for f in found.findings if code(f.code).fix in wanted]
        yield _plan(found, findings, started)


def _plan(found: Checked, findings: Sequence[Finding], started: int) -> FixPlan:
    by_file: dict[str, list[tuple[int, list[Edit]]]] = {}
    for number, finding in enumerate(findings):
        own: dict[str, list[Edit]] = {}
        for edit in finding.edits:
            own.setdefault(edit.place.file, []).append(edit)
        for name, edits in own.items():
            by_file.setdefault(name, []).append((number, edits))
    files: dict[str, FileFix] = {}
    outcomes: dict[int, set[Outcome]] = defaultdict(set)
    for name in sorted(by_file):
        file = _file_edits(found, name)
        # A dropped object needs no other edits, and a clipped one has a new area.
        for number, edits in sorted(by_file[name], key=lambda numbered: _turn(numbered[1])):
            outcomes[number].add(file.take(edits) if file else "never")
        if file and file.changes:
            files[name] = file.fix(_read(found.source.root.path / name, file.text, started))
    fixed = [findings[number] for number in sorted(outcomes) if outcomes[number] == {"made"}]
    never = [findings[number] for number in sorted(outcomes) if "never" in outcomes[number]]
    report = _left(found.report, fixed, never, files)
    numbers: Counter[str] = Counter()
    for finding in fixed:
        numbers[finding.code] += finding.count
    return FixPlan(found, files, report, numbers)


def _turn(edits: Sequence[Edit]) -> int:
    turns: dict[type, int] = {Drop: 0, Clip: 1}
    return min(turns.get(type(edit.action), 2) for edit in edits)


def _file_edits(found: Checked, name: str) -> _FileEdits | None:
    """The edits of a file, initially none; None if it cannot be edited."""
    editor, place = found.source.format.editor, found.survey.texts.get(name)
    if editor is None or place is None:
        return None
    return _FileEdits(editor, Text(name, found.survey.spool.get(place)))


class _FileEdits:
    """The edits of one file; of two that overlap, the first."""

    def __init__(self, editor: Editor, text: Text) -> None:
        self.text = text
        self.changes: list[Change] = []
        self._editor = editor
        self._made: list[Edit] = []
        self._dropped: set[Place] = set()
        self._clipped: set[Place] = set()

    def take(self, edits: Sequence[Edit]) -> Outcome:
        """Make all edits of a finding, or none.

        A dropped object needs no other edits; a clipped one is measured again in the next run.
        """
        edits = [edit for edit in edits if not self._is_done(edit)]
        if any(edit.place in self._clipped and _sets_area(edit) for edit in edits):
            return "later"
        new: list[Change] = []
        try:
            for edit in edits:
                changes = self._editor.changes(self.text, edit)
                if not changes:
                    return "never"
                new += changes
            for _, _, written in new:
                written.encode(self.text.codec)
        except (ParseError, UnicodeEncodeError):
            return "never"  # it cannot be parsed, or not written in its encoding
        if any(map(self._meets, new)):
            return "later"
        for change in new:
            insort(self.changes, change, key=_span)
        self._made += edits
        for kind, places in ((Drop, self._dropped), (Clip, self._clipped)):
            places.update(edit.place for edit in edits if isinstance(edit.action, kind))
        return "made"

    def _is_done(self, edit: Edit) -> bool:
        clipped = isinstance(edit.action, Clip) and edit.place in self._clipped
        return clipped or edit.place in self._dropped

    def _meets(self, change: Change) -> bool:
        start, end, _ = change
        at = bisect_right(self.changes, (start, end), key=_span)
        before = self.changes[at - 1] if at else (-1, -1, "")
        after = self.changes[at] if at < len(self.changes) else (end + 1, end + 1, "")
        if start == end and (start, end) == before[:2]:
            return False  # insertions at the same place are put side by side
        return start < before[1] or start == before[0] or end > after[0] or start == after[0]

    def fix(self, signature: tuple[int, int]) -> FileFix:
        """The fixed file; `signature` is that of the file that was read."""
        data = applied(self.text.text, self.changes).encode(self.text.codec)
        return FileFix(self.text, self.changes, data, self._made, signature)


def _span(change: Change) -> tuple[int, int]:
    return change[:2]


def _sets_area(edit: Edit) -> bool:
    return isinstance(edit.action, Set) and "area" in edit.action.values


def _signature(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise OutputError(f"{path}: cannot be read: {error.strerror or error}") from error
    return status.st_size, status.st_mtime_ns


def _read(path: Path, text: Text, started: int) -> tuple[int, int]:
    """The signature of the file, which must not have changed since `started`, ns."""
    size, changed = _signature(path)
    # A clock that runs ahead, such as that of a file server, is no evidence.
    if size != len(text.data) or started < changed <= time.time_ns():
        raise _changed(path)
    return size, changed


def _changed(path: Path) -> OutputError:
    return OutputError(f"{path} was changed while it was being fixed; run the command again")


def _left(
    report: CheckReport,
    fixed: Sequence[Finding],
    never: Sequence[Finding],
    files: Mapping[str, FileFix],
) -> CheckReport:
    """The report without findings that are fixed or on dropped objects."""
    done = {finding.identity for finding in fixed}
    moves, left, gone = Moves(files), [], []
    for finding in report.findings:
        if finding.identity not in done:
            moved = moves.of(finding)
            left += [moved] if moved else []
            gone += [] if moved else [finding]
    counts: dict[str, Counter[Severity]] = {
        name: Counter(severities) for name, severities in report.counts.items()
    }
    for finding in (*fixed, *gone):
        counts[finding.code][finding.severity] -= finding.count
    unpromised = {f.identity: f for f in (*fixed, *never, *gone) if f.edits}
    fixable = Counter(report.fixable)
    for finding in unpromised.values():
        fixable[finding.code] -= finding.count
    drops = sum(isinstance(edit.action, Drop) for file in files.values() for edit in file.edits)
    return msgspec.structs.replace(
        report,
        how=[*report.how, _AS_BEFORE] if files else report.how,
        shapes=report.shapes - drops,
        counts={name: dict(+numbers) for name, numbers in counts.items() if +numbers},
        fixable=dict(+fixable),
        findings=folded(left, counts),
    )


_AS_BEFORE = "what is left was found before the fixes; check again to see what they have changed"


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _backup_place(folder: Path, given: str | None) -> Path:
    if given is not None:
        _refuse_place(folder, Path(given))
        return Path(given)
    real = Path(os.path.realpath(folder))
    first = real.with_name(real.name + BACKUP)
    path, number = first, 1
    while os.path.lexists(path):
        clear_away(path)
        number += 1
        path = first.with_name(f"{first.name}-{number}")
    return path


def _refuse_place(folder: Path, target: Path) -> None:
    """Reject a place that exists, or would be read as part of the dataset next time."""
    if os.path.lexists(target):
        clear_away(target)
        raise OutputError(f"{target} already exists; name a new folder")
    if is_inside(folder, target):
        raise OutputError(f"{target} is inside the dataset; name a folder outside it")
