"""What a part of the benchmarks found, and the file that keeps the latest of each part."""

from __future__ import annotations

import json
import os
import platform
import re
import time
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from measure import REPO

KEPT = REPO / "benchmarks" / "results.json"


@dataclass
class Figure:
    """One number, and what it should be.

    Attributes:
        what: in words.
        value: None where it could not be measured.
        unit: such as `x` (times), `%`, `ms`, `MB`.
        target: such as `>= 3`; empty if there is none.
        note: why there is no value, or what it was made of.
    """

    what: str
    value: float | None
    unit: str = "x"
    target: str = ""
    note: str = ""

    @property
    def met(self) -> bool | None:
        """None where there is no target, or no value."""
        if not self.target or self.value is None:
            return None
        sign, bound = self.target.split()
        return self.value >= float(bound) if sign == ">=" else self.value <= float(bound)


@dataclass
class Part:
    """One part of the benchmarks.

    Attributes:
        name: for `--only`.
        title: of its table.
        columns, rows: the table.
        figures: what it comes to.
        rates: name -> number, for docs/scale.md.
        bars: (name, kind, images a second) of each contender, for the chart.
        seconds: that it took.
        quick: whether with few files.
        machine, date: where and when.
    """

    name: str
    title: str = ""
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    rates: dict[str, float] = field(default_factory=dict)
    bars: list[list[Any]] = field(default_factory=list)
    seconds: float = 0
    quick: bool = False
    machine: str = ""
    date: str = ""

    def text(self) -> str:
        """For a terminal."""
        lines = [f"== {self.name}: {self.title}"]
        table = [self.columns, *self.rows]
        widths = [max(len(row[index]) for row in table) for index in range(len(self.columns))]
        for row in table if self.rows else ():
            cells = [
                cell.rjust(width) if index else cell.ljust(width)
                for index, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            lines.append("  ".join(cells).rstrip())
        lines += [f"  {one.what}: {shown(one)}" for one in self.figures]
        return "\n".join(lines)


def shown(figure: Figure) -> str:
    """A figure, with its target and whether it is met."""
    if figure.value is None:
        return f"not measured: {figure.note}"
    word = {True: ", met", False: ", MISSED", None: ""}[figure.met]
    note = f" ({figure.note})" if figure.note else ""
    return f"{number(figure.value)} {figure.unit}{target(figure)}{word}{note}"


def target(figure: Figure) -> str:
    return f" [{figure.target} {figure.unit}]" if figure.target else ""


def number(value: float) -> str:
    """Three digits."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value else "0"


def load(path: Path) -> dict[str, Part]:
    """The parts in a file, by name; none if there is no file."""
    if not path.exists():
        return {}
    parts = {}
    for content in json.loads(path.read_text("utf-8"))["parts"]:
        figures = [Figure(**figure) for figure in content.pop("figures")]
        parts[content["name"]] = Part(**content, figures=figures)
    return parts


def save(path: Path, parts: dict[str, Part]) -> None:
    """Write the parts, in the order given."""
    content: dict[str, Any] = {"parts": [asdict(part) for part in parts.values()]}
    new = path.with_name(f".{path.name}.part")
    new.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    new.replace(path)


def machine() -> str:
    """The processor, its cores, memory, and the Python."""
    model = platform.processor() or platform.machine()
    memory = ""
    if Path("/proc/cpuinfo").exists():
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
        model = found[1] if found else model
        kib = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
        memory = f", {int(kib[1]) / 2**20:.0f} GB" if kib else ""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    python = platform.python_version()
    return f"{model}, {cores} cores{memory}, {platform.system()}, CPython {python}"


def today() -> str:
    return time.strftime("%Y-%m-%d")


def version(package: str) -> str:
    """Of an installed package, or empty."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
