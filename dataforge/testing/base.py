"""The dataset that a format brings to its tests, and the ways in which these look at it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from dataforge.classes import ClassRules
from dataforge.converters import CONVERTERS
from dataforge.datasets import Source, survey
from dataforge.engines import get_engine
from dataforge.findings import Finding
from dataforge.formats import Context, Format, formats, get_format
from dataforge.layouts import Layout
from dataforge.records import Header, Image
from dataforge.testing import driver
from dataforge.testing.driver import Read
from dataforge.testing.samples import LABELS


class Subject:
    """What a subclass brings, and what the tests use.

    Attributes:
        format: its name.
        header: what the dataset's header must be, None where the format has none.
        records: the images that must be read, in order.
        codes: codes of the findings that the dataset gives.
        labels: what an object may be called; a format with classes of its own has these.
    """

    format: ClassVar[str]
    header: ClassVar[Header | None] = None
    records: ClassVar[Sequence[Image]] = ()
    codes: ClassVar[Sequence[str]] = ()
    labels: ClassVar[Sequence[str]] = LABELS

    # What a subclass writes by hand.

    def dataset(self, folder: Path) -> None:
        """Write the dataset that `records` are in."""
        raise NotImplementedError

    def one(self, folder: Path, name: str, label: str) -> str:
        """Write a dataset of one image with the one object `BOX`; returns the image's path."""
        raise NotImplementedError

    def nothing(self, folder: Path) -> None:
        """Write a dataset without images."""
        folder.mkdir(parents=True, exist_ok=True)

    def options(self, folder: Path) -> dict[str, Any]:
        """How to read it: fields of the reader's `Options`."""
        return {}

    # What the tests use.

    @property
    def row(self) -> Format:
        """The format."""
        return get_format(self.format)

    def layout(self, folder: Path) -> Layout | None:
        """Where things are in a dataset, for a format that has a layout."""
        return Source(str(folder), self.format, {}).layout

    def source(self, folder: Path, layout: Layout | None = None) -> Source:
        """A dataset, where things are as they were before it was changed."""
        layout = layout or self.layout(folder)
        return Source(str(folder), self.format, self.options(folder), layout)

    def read(self, folder: Path, layout: Layout | None = None, **context: Any) -> Read:
        """All that the reader tells of a folder.

        Args:
            folder: the dataset.
            layout: see `source`.
            context: fields of `dataforge.formats.Context`.
        """
        source = self.source(folder, layout)
        context = {"resolver": ClassRules().resolver(), "layout": source.layout, **context}
        return Read(driver.read(self.row, source.root, source.options, **context))

    def read_nothing(self, folder: Path) -> Read:
        """The same of a folder that has nothing by which a layout could be found."""
        return Read(driver.read(self.row, folder, layout=Layout()))

    def surveyed(
        self, source: Source, workers: int, **context: Any
    ) -> tuple[list[Finding], list[Image], Header, dict[str, bytes]]:
        """(findings, images, header, texts) of a dataset as the verbs go over it."""
        findings: list[Finding] = []
        told = Context(resolver=ClassRules().resolver(), **context)
        engine = get_engine("local", workers)
        with survey(source, told, engine, report=findings.append, keep=True) as found:
            texts = {name: found.spool.get(place) for name, place in found.texts.items()}
            return findings, [*found.kept()], found.header, texts

    def targets(self) -> list[str]:
        """Formats that this one can be converted to, and itself."""
        return [
            name
            for name, row in formats().items()
            if row.writer and (f"{self.format}2{name}" in CONVERTERS or name == self.format)
        ]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test for each thing that can be wrong, and for each edit that is made."""
        for name in {"broken", "edited"} & {*metafunc.fixturenames}:
            kinds = getattr(metafunc.cls, name)
            ids = [f"{kind.name}-{i}" for i, kind in enumerate(kinds)]
            metafunc.parametrize(name, kinds, ids=ids)
        if "own_label" in metafunc.fixturenames:
            metafunc.parametrize("own_label", metafunc.cls.labels)


def check_findings(findings: Sequence[Finding], folder: Path | None = None) -> None:
    """Every finding has a code, a file and a message; the file is there, if a folder is given."""
    for finding in findings:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", finding.code), finding
        assert finding.severity in ("error", "warning", "note")
        assert finding.file, finding
        assert len(finding.message.split()) > 1, finding
        assert finding.message == finding.message.strip()
        assert finding.lost >= 0
        if folder:
            assert (folder / finding.file).exists(), finding


def python(
    *arguments: str, cwd: Path | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    """This interpreter in a process of its own, able to import what this one is."""
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        encoding="utf-8",
        check=False,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **env},
    )
