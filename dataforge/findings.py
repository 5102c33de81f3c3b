"""Findings on a dataset: place, message, remedy, and the edits that fix it.

A reader, check or verb never raises for bad data: it yields a `Finding`. Findings are created by
`dataforge.codes.code`, because their severity and group are defined only on the page of the code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, Literal, TypeAlias, TypeVar

import msgspec

from dataforge.errors import ParseError, one_line, shortened

Severity: TypeAlias = Literal["error", "warning", "note"]

MOST_REASONS = 5
"""Findings that an error message names at most."""

MOST_EXAMPLES = 5
"""Places that a finding names at most if it stands for many."""

MOST_OF_A_KIND = 100
"""Findings of one code in one file that are kept; the rest are counted."""


class Place(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A place in a dataset.

    Attributes:
        file: POSIX path relative to the folder that was read; ``.`` for the dataset as a whole.
        pointer: the part of the file: ``$.shapes[3].points`` in JSON, ``object[2]/bndbox`` in XML
            (the third object), a name or an id elsewhere; empty for the file as a whole.
        line: counted from 1; 0 if unknown.
        column: counted from 1; 0 if unknown.
    """

    file: str
    pointer: str = ""
    line: int = 0
    column: int = 0

    @classmethod
    def of(cls, error: ParseError, file: str = "") -> Place:
        """Where a file cannot be read; `file` is its path, if not that of the error."""
        line, column = error.line_and_column
        return cls(file or error.file, "" if line else error.where, line, column)

    @property
    def inside(self) -> str:
        """The place in its file in readable form: the line if it is known."""
        if not self.line:
            return self.pointer
        return f"line {self.line}" + (f", column {self.column}" if self.column else "")

    def at(self, step: str) -> Place:
        """The place of a member: ``place.at(".bbox")``."""
        return msgspec.structs.replace(self, pointer=self.pointer + step)

    def __str__(self) -> str:
        """``file:line:column``, which terminals and editors open, or ``file::pointer``."""
        file = shortened(self.file)
        if self.line:
            return f"{file}:{self.line}" + (f":{self.column}" if self.column else "")
        return f"{file}::{shortened(self.pointer)}" if self.pointer else file


# Edits ------------------------------------------------------------------------------------------


class Set(msgspec.Struct, frozen=True, tag="set"):
    """Set fields.

    Attributes:
        values: field -> value. An object has label, area, iscrowd, difficult and id; an image has
            width and height, pixels; a class has label.
    """

    values: dict[str, Any]


class Drop(msgspec.Struct, frozen=True, tag="drop"):
    """Remove the object from its file."""


class Clip(msgspec.Struct, frozen=True, tag="clip"):
    """Clip the object's geometry to its image; numbers inside it are not changed.

    Attributes:
        size: (width, height) of the image, pixels.
        box: of the object as read, (x0, y0, x1, y1), pixels, edges; determines the coordinate
            convention of the file.
    """

    size: tuple[int, int]
    box: tuple[float, float, float, float]


class Reorder(msgspec.Struct, frozen=True, tag="reorder"):
    """Put the corners of a box in order, without rounding."""


Action: TypeAlias = Set | Drop | Clip | Reorder


class Edit(msgspec.Struct, frozen=True):
    """One change of an annotation file; the format's editor turns it into text.

    Attributes:
        place: of the object, image entry or class that changes.
        action: what is done there.
    """

    place: Place
    action: Action


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something the user should know about the data; created by `dataforge.codes.code`.

    Attributes:
        code: kebab-case name of the problem, stable.
        severity: `error` (something was lost or is unusable), `warning`, `note`.
        place: where it is.
        message: what was expected and what was found.
        remedy: what to do about it.
        lost: number of shapes that do not reach the output because of it.
        edits: what fixes it, all of them or none; empty if the user has to.
        count: number of objects, images or classes that it stands for.
        once: a report has one finding of this code and severity, see `joined`.
        examples: further places, if it stands for many; `edits` has those of the places named.
    """

    code: str
    severity: Severity
    place: Place
    message: str
    remedy: str = ""
    lost: int = 0
    edits: tuple[Edit, ...] = ()
    count: int = 1
    once: bool = False
    examples: tuple[Place, ...] = ()

    @property
    def identity(self) -> tuple[str, Place, str]:
        """What two findings have in common that say the same; edits cannot be hashed."""
        return self.code, self.place, self.message

    @property
    def file(self) -> str:
        """The file that it is about, relative to the folder that was read."""
        return self.place.file

    @property
    def where(self) -> str:
        """The place in that file in readable form."""
        return self.place.inside

    @property
    def said(self) -> str:
        """The message, with the number and the other places if it stands for many."""
        if not self.examples:
            return shortened(self.message)
        more = self.count - 1 - len(self.examples)
        others = ", ".join(map(str, self.examples)) + (f" and {more:,} more" if more > 0 else "")
        return f"{shortened(self.message)} ({self.count:,} in all; also {others})"

    def __str__(self) -> str:
        remedy = f"; {shortened(self.remedy)}" if self.remedy else ""
        return one_line(f"{self.place}: {self.said}{remedy}")


def any_error(findings: Iterable[Finding]) -> bool:
    """Whether any finding is an error."""
    return any(finding.severity == "error" for finding in findings)


def as_reasons(findings: Sequence[Finding]) -> str:
    """The first few findings as lines below an error message."""
    return "".join(f"\n  {finding}" for finding in findings[:MOST_REASONS])


# Counting -----------------------------------------------------------------------------------------

S = TypeVar("S")


class Excess(Generic[S]):
    """Tells which findings are only counted: of one code in one file, those after the hundredth.

    A file of a few megabytes can have a million faults. The first finding that is only counted
    stands for all of them.

    Args:
        keep_edits: findings that have edits are all kept, because they will be fixed.
    """

    def __init__(self, *, keep_edits: bool = False) -> None:
        self._keep_edits = keep_edits
        self._numbers: dict[tuple[str, Severity, str, bool], int] = {}
        self._slots: dict[tuple[str, Severity, str, bool], S] = {}

    def slot(self, finding: Finding, own: S) -> S | None:
        """Where the finding is that this one is to be `joined` to; None if it is kept.

        Args:
            finding: the next one.
            own: where it will be if it is kept.
        """
        if finding.edits and self._keep_edits:
            return None
        key = finding.code, finding.severity, finding.file, bool(finding.edits)
        number = self._numbers[key] = self._numbers.get(key, 0) + 1
        if number <= MOST_OF_A_KIND:
            return None
        slot = self._slots.setdefault(key, own)
        return None if slot is own else slot


def joined(finding: Finding, other: Finding) -> Finding:
    """A finding that also stands for another one."""
    count, lost = finding.count + other.count, finding.lost + other.lost
    examples, edits = finding.examples, finding.edits
    if finding.once and len(examples) < MOST_EXAMPLES - 1 and other.place != finding.place:
        examples += (other.place,)
        edits += other.edits
    return msgspec.structs.replace(finding, count=count, lost=lost, examples=examples, edits=edits)


class Folded:
    """Findings in order; those of a code that is said once are one, however many they are.

    Attributes:
        findings: see above.
    """

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._once: dict[tuple[str, Severity], int] = {}
        self._seen: set[int] = set()

    def joins(self, finding: Finding) -> bool:
        """Whether a finding is part of one that is there; then it has been added to that."""
        at = self._once.get((finding.code, finding.severity)) if finding.once else None
        if at is not None:
            known = hash(finding.identity)  # the same file may be in two splits
            if known in self._seen and not finding.lost:
                return True
            self._seen.add(known)
            self.findings[at] = joined(self.findings[at], finding)
        return at is not None

    def append(self, finding: Finding) -> None:
        """Add one that is not part of another."""
        if finding.once:
            self._once[finding.code, finding.severity] = len(self.findings)
            self._seen.add(hash(finding.identity))
        self.findings.append(finding)


def folded(
    findings: Iterable[Finding], counts: Mapping[str, Mapping[Severity, int]]
) -> list[Finding]:
    """Findings as a report has them; of some only a part is given, and the counts have all."""
    found = Folded()
    for finding in findings:
        if not found.joins(finding):
            found.append(finding)
    return [
        msgspec.structs.replace(one, count=counts[one.code][one.severity]) if one.once else one
        for one in found.findings
    ]


class Gathered:
    """Findings in order, of one code and file a hundred and one that stands for the rest.

    Args:
        unique: leave out those that were said before, such as about a file in two splits.
        fold: as a report has them, see `Folded`.
        keep_edits: see `Excess`.

    Attributes:
        findings: see above.
    """

    def __init__(
        self, *, unique: bool = False, fold: bool = False, keep_edits: bool = False
    ) -> None:
        self._folded = Folded()
        self.findings = self._folded.findings
        self._fold = fold
        self._excess = Excess[int](keep_edits=keep_edits)
        self._seen: set[int] | None = set() if unique else None

    def take(self, finding: Finding) -> None:
        """Add a finding."""
        if self._seen is not None:
            if (known := hash(finding.identity)) in self._seen:
                return
            self._seen.add(known)
        if self._fold and self._folded.joins(finding):
            return
        at = self._excess.slot(finding, len(self.findings))
        if at is None:
            self._folded.append(finding)
        else:
            self.findings[at] = joined(self.findings[at], finding)

    def add(self, findings: Iterable[Finding]) -> None:
        """Add findings."""
        for finding in findings:
            self.take(finding)
