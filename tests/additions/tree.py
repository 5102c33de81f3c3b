"""A copy of the package that is added to, with what CONTRIBUTING.md spells out."""

from __future__ import annotations

import difflib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from helpers import REPO, python, write


def spelled_out(ending: str) -> dict[str, str]:
    """Path -> content of the files in CONTRIBUTING.md whose paths match a pattern.

    The path of a block of code is the last one that the paragraph above it names.
    """
    text = (REPO / "CONTRIBUTING.md").read_text("utf-8")
    found = {}
    blocks = r"([^\n]+)\n\n(?:```python\n(.*?)```|((?:    [^\n]*\n|\n)+))"
    for said, code, indented in re.findall(blocks, text, re.DOTALL):
        paths = re.findall(r"`([\w./-]+\.(?:py|md))`", said)
        if paths:
            path = re.sub("^(?!dataforge/|tests/)", "dataforge/", paths[-1])
            found[path] = code or dedent(indented).strip() + "\n"
    return {path: code for path, code in found.items() if re.search(ending, path)}


class Tree:
    """A copy of the package in a folder of its own, with its templates inside as in a wheel."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(REPO / "dataforge", folder / "dataforge", ignore=ignored)
        for name in ("templates", "sample_data"):
            (folder / "dataforge" / name).symlink_to(REPO / name)

    def add(self, files: Mapping[str, str]) -> None:
        """Add files; none of them is there."""
        for path, text in files.items():
            assert not (self.folder / path).exists(), path
            write(self.folder / path, text)

    def row(self, path: str, row: str) -> None:
        """Add a row to the table in a file, as its first."""
        file = self.folder / path
        text = file.read_text("utf-8")
        opening = re.search(
            r"Plugins\(\n    \"dataforge\.\w+\",\n    \{\n|^_ROWS = \(\n", text, re.M
        )
        assert opening, path
        file.write_text(f"{text[: opening.end()]}        {row},\n{text[opening.end() :]}", "utf-8")

    @property
    def edits(self) -> dict[str, int]:
        """Path of a file of the checkout -> number of lines that are other ones here."""
        found = {}
        for path in sorted((REPO / "dataforge").rglob("*.py")):
            name = path.relative_to(REPO).as_posix()
            lines = [one.read_text("utf-8").splitlines() for one in (path, self.folder / name)]
            if lines[0] != lines[1]:
                found[name] = sum(line[0] in "+-" for line in difflib.ndiff(*lines))
        return found

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """A fresh Python that has the copy."""
        return python(*map(str, arguments), cwd=self.folder, PYTHONPATH=str(self.folder))

    def cli(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """A command."""
        return self.run("-m", "dataforge", *arguments)


class Site:
    """A folder of installed packages, beside the checkout."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, module: str, text: str, group: str, row: str) -> None:
        """Put a package of one file where an installer would."""
        write(self.folder / f"{module}.py", text)
        info = self.folder / f"{module}-1.0.dist-info"
        write(info / "METADATA", f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        write(info / "entry_points.txt", f"[{group}]\n{row}\n")

    def cli(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """A command."""
        path = os.pathsep.join([str(self.folder), str(REPO)])
        return python("-m", "dataforge", *map(str, arguments), cwd=self.folder, PYTHONPATH=path)
