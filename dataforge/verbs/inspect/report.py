"""What an inspection reports."""

from __future__ import annotations

import msgspec

from dataforge.errors import plural
from dataforge.findings import Finding, any_error
from dataforge.formats import Foreign
from dataforge.layouts import Layout
from dataforge.reports import Shown, Table, summed_up
from dataforge.verbs.evaluate import InFolder


class Part(msgspec.Struct, kw_only=True):
    """One format that was recognised.

    Attributes:
        format: its name.
        files: number of annotation files in it.
        evidence: a sentence that says why.
        layout: where the files are, for a format that has a layout.
        reasons: how the layout was found, and why options were chosen.
        options: of the reader, that had to be chosen.
        coords: the coordinate convention, and why (voc).
        splits: split -> number of images.
        classes: class -> split -> number of instances.
        needs: why it cannot be read, and what it needs; empty if it can.
        commands: the next commands.
        no_commands: why there are none although it can be read.
    """

    format: str
    files: int
    evidence: str
    layout: Layout | None = None
    reasons: list[str] = []
    options: dict[str, str] = {}
    coords: str = ""
    splits: dict[str, int] = {}
    classes: dict[str, dict[str, int]] = {}
    needs: str = ""
    commands: list[str] = []
    no_commands: str = ""


class Inspection(Shown, msgspec.Struct, kw_only=True):
    """What is in a folder.

    Attributes:
        root: as given.
        files: number of files.
        folders: folder -> extension -> number of files.
        images: extension as written -> number of images.
        parts: one for each format that was recognised, the largest first.
        foreign: formats that are recognised and not read.
        predictions: files of COCO results.
        findings: problems.
        needs: what is missing, if nothing can be read.
    """

    root: str
    files: int
    folders: dict[str, dict[str, int]]
    images: dict[str, int]
    parts: list[Part] = []
    foreign: list[Foreign] = []
    predictions: list[InFolder] = []
    findings: list[Finding] = []
    needs: list[str] = []

    def title(self) -> str:
        formats = ", ".join(part.format for part in self.parts) or "no dataset"
        return f"{self.root}: {plural(self.files, 'file')}, {formats}; {summed_up(self.findings)}"

    def table(self) -> Table:
        rows = [
            [part.format, name, *(f"{split}: {number:,}" for split, number in [*splits.items()])]
            for part in self.parts
            for name, splits in part.classes.items()
        ]
        width = max(map(len, rows), default=2)
        head = ["format", "class", *(["objects"] + [""] * (width - 3))[: width - 2]]
        return Table(head, [row + [""] * (width - len(row)) for row in rows])

    @property
    def usable(self) -> bool:
        """Whether anything can be converted or registered."""
        return any(not part.needs for part in self.parts)

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return any_error(self.findings)

    @property
    def layout(self) -> Layout | None:
        """The layout of the largest part that has one."""
        return next((part.layout for part in self.parts if part.layout), None)
