"""How much a config may take to follow: it is counted before anything is built.

A few lines can expand to more than fits in memory, or go on for days.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dataforge.errors import ParseError

MAX_BYTES = 2**20
"""Configs and modules larger than this are rejected; the syntax tree takes 200 times as much."""

MAX_STEPS = 300_000
"""Maximum number of statements and expressions evaluated for one config."""

MAX_BUILT = 1_000_000
"""Maximum number of values and characters that the expressions of one config build."""

MAX_LENGTH = 100_000
"""Maximum number of values, or of characters, that one expression builds."""

MAX_NODES = 100_000
"""Maximum number of values in one file."""

MAX_LEVELS = 100
"""Maximum number of lists and dicts inside one another."""

LOOK_UP = 1_000
"""Values that take as long to build as looking for a module or a file."""

Build = Callable[[int], None]
"""Counts a number of values, or of characters, that are about to be built."""


class Budget:
    """Counts what all files of one config take together."""

    def __init__(self) -> None:
        self._steps = 0
        self._built = 0

    def step(self, file: Path) -> None:
        """Count one more statement or expression of a file.

        Raises:
            ParseError: there are too many.
        """
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise ParseError(str(file), "", f"takes more than {MAX_STEPS:,} steps to follow")

    def build(self, file: Path, size: int) -> None:
        """Count what a file is about to build.

        Args:
            file: the file.
            size: number of its values, or of its characters.

        Raises:
            ParseError: it is too much.
        """
        self._built += size
        if self._built > MAX_BUILT:
            raise ParseError(str(file), "", f"builds more than {MAX_BUILT:,} values")
