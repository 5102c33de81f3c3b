"""Which codes are wanted: ``--select``, ``--ignore`` and what ``dataforge.toml`` says.

[check]
select = ["boxes", "duplicate-image"]            # codes and groups; without it: all
ignore = [{ code = "zero-area", reason = "single points are drawn so" }]
per-file = [{ files = "old/*", code = "boxes", reason = "replaced next month" }]
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from dataforge.checks.table import checks, codes_of
from dataforge.errors import UsageError
from dataforge.io import load_toml
from dataforge.records import Finding

SETTINGS = "dataforge.toml"


class Ignore(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that is not to be reported.

    Attributes:
        code: a code or a group.
        reason: why; empty only for what the command line says.
        files: pattern of the files it holds for, ``*`` any part of a path; empty for all.
    """

    code: str
    reason: str = ""
    files: str = ""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """The table ``[check]`` of a ``dataforge.toml``."""

    select: tuple[str, ...] | None = None
    ignore: tuple[Ignore, ...] = ()
    per_file: tuple[Ignore, ...] = ()


def find_settings(folder: Path | None) -> Path | None:
    """The ``dataforge.toml`` of the folder that is checked, else of the nearest one above here."""
    here = Path.cwd()
    places = ([folder] if folder else []) + [here, *here.parents]
    return next((path for place in places if (path := place / SETTINGS).is_file()), None)


def load_settings(path: Path) -> Settings:
    """The settings of a file.

    Raises:
        UsageError: a key or value is none of those above, a reason or a pattern is missing.
        ParseError: the file is no TOML.
    """
    try:
        settings = msgspec.convert(load_toml(path).get("check", {}), Settings)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"{path}: [check]: {error}; want select = [...], "
            "ignore = [{ code = '...', reason = '...' }] and "
            "per-file = [{ files = '...', code = '...', reason = '...' }]"
        ) from error
    for entry in (*settings.ignore, *settings.per_file):
        if not entry.reason.strip():
            raise UsageError(f"{path}: [check]: say why {entry.code!r} is ignored: reason = '...'")
    if any(entry.files for entry in settings.ignore):
        raise UsageError(f"{path}: [check]: a pattern of files belongs under per-file")
    if not all(entry.files for entry in settings.per_file):
        raise UsageError(f"{path}: [check]: per-file wants a pattern: files = 'folder/*'")
    return settings


class Selection:
    """The codes that are wanted.

    Args:
        select: codes and groups; empty for all.
        ignored: what is not wanted.

    Raises:
        UsageError: there is no such code or group.
    """

    def __init__(self, select: Sequence[str], ignored: Sequence[Ignore]) -> None:
        self._all = not select
        self._chosen = frozenset[str]().union(*map(codes_of, select))
        self._dropped = frozenset[str]().union(
            *(codes_of(entry.code) for entry in ignored if not entry.files)
        )
        self._per_file = [(entry.files, codes_of(entry.code)) for entry in ignored if entry.files]

    def has(self, code: str) -> bool:
        """Whether findings of this code are wanted, of some file."""
        return (self._all or code in self._chosen) and code not in self._dropped

    def codes(self) -> list[str]:
        """The codes of the table that are wanted, sorted."""
        return [code for code in checks() if self.has(code)]

    def takes(self, finding: Finding) -> bool:
        """Whether a finding is wanted."""
        return self.covers(finding.code, finding.file)

    def covers(self, code: str, file: str) -> bool:
        """Whether findings of this code are wanted of this file."""
        return self.has(code) and not any(
            code in codes and fnmatchcase(file, pattern) for pattern, codes in self._per_file
        )
