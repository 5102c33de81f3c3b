"""The training config that checks look at, read on first use, and only once."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cached_property

from dataforge.errors import ParseError
from dataforge.io import Root
from dataforge.mmconfig import MAX_BYTES, MMDETECTION, Config, Signs, parse_python


class ConfigFile:
    """A training config, read on first use.

    Every property raises ParseError if it is not a training config.

    Args:
        root: the folder that is being checked.
        name: path relative to it.
        signs: of every framework that the config may be for, by name.
    """

    def __init__(self, root: Root, name: str, signs: Mapping[str, Signs] = MMDETECTION) -> None:
        self._root = root
        self.name = name
        self._signs = signs

    @cached_property
    def python(self) -> ast.Module:
        """The syntax tree; nothing of it is run."""
        data = self._root.read_bytes(self.name, MAX_BYTES)
        try:
            return parse_python(data, self.name)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = error.lineno if isinstance(error, SyntaxError) else None
            where = f"line {line}" if line else ""
            raise ParseError(
                self.name, where, f"is not Python: {str(error) or 'nested too deeply'}"
            ) from error

    @cached_property
    def config(self) -> Config:
        """The config with its bases; nothing of them is run."""
        return Config(self.python, self._root.path / self.name, self._signs)
