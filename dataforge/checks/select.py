"""Which codes are reported: ``--select``, ``--ignore`` and the settings in ``dataforge.toml``.

[check]
select = ["boxes", "duplicate-image"]            # codes and groups; without it: all
ignore = [{ code = "zero-area", reason = "single points are drawn like this" }]
per-file = [{ files = "old/*", code = "boxes", reason = "replaced next month" }]
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from dataforge.checks.table import known_codes
from dataforge.codes import code, codes_of
from dataforge.errors import UsageError, did_you_mean
from dataforge.findings import Finding
from dataforge.io import explain_validation, load_toml

SETTINGS = "dataforge.toml"


class Ignore(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Findings that are not reported.

    Attributes:
        code: a code or a group.
        reason: why; empty only for ``--ignore``.
        files: pattern of the files, where ``*`` matches any part of a path; empty for all files.
    """

    code: str
    reason: str = ""
    files: str = ""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """The table ``[check]`` of a ``dataforge.toml``."""

    select: tuple[str, ...] | None = None
    ignore: tuple[Ignore, ...] = ()
    per_file: tuple[Ignore, ...] = ()


def find_settings(folder: Path | None, *, data: bool = True) -> tuple[Path | None, list[Path]]:
    """(the ``dataforge.toml`` that applies, those that do not although they are nearer).

    It is the nearest in or above the working directory. One that came with the data may have been
    written to hide what is wrong with them, so it never applies by itself.

    Args:
        folder: what is checked, or where it is; None if it is remote.
        data: whether the whole folder is data; not that of a training config.
    """
    here = Path.cwd()
    places = [here, *here.parents]
    own = Path(os.path.realpath(folder)) if folder else None
    nearer: list[Path] = []
    for place in dict.fromkeys([own or here, *places]):
        path = place / SETTINGS
        if not os.path.isfile(path):  # False also for a path that is too long
            continue
        if place in places and not (data and own and place.is_relative_to(own)):
            return path, nearer
        nearer.append(path)
    return None, nearer


def load_settings(path: Path) -> Settings:
    """The settings of a file.

    Raises:
        UsageError: a key or value is invalid, or a reason or a pattern is missing.
        ParseError: the file is not valid TOML.
    """
    tables = load_toml(path)
    if unknown := [name for name in tables if name != "check"]:
        hint = did_you_mean(unknown[0], ["check"], "expected [check]")
        raise UsageError(f"{path}: no table [{unknown[0]}]; {hint}")
    table = tables.get("check", {})
    try:
        settings = msgspec.convert(table, Settings)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"{path}: [check]: {explain_validation(error, table)}; expected select = [...], "
            "ignore = [{ code = '...', reason = '...' }] and "
            "per-file = [{ files = '...', code = '...', reason = '...' }]"
        ) from error
    for entry in (*settings.ignore, *settings.per_file):
        if not entry.reason.strip():
            raise UsageError(f"{path}: [check]: ignoring {entry.code!r} requires reason = '...'")
    if any(entry.files for entry in settings.ignore):
        raise UsageError(f"{path}: [check]: a file pattern belongs in per-file, not in ignore")
    if not all(entry.files for entry in settings.per_file):
        raise UsageError(f"{path}: [check]: per-file requires a pattern: files = 'folder/*'")
    return settings


class Selection:
    """The codes that are reported.

    Args:
        select: codes and groups; empty for all.
        ignored: what is not reported.

    Raises:
        UsageError: there is no such code or group.
    """

    def __init__(self, select: Sequence[str], ignored: Sequence[Ignore]) -> None:
        known_codes()  # those of other packages, too
        self._all = not select
        self._chosen = frozenset[str]().union(*map(codes_of, select))
        self._dropped = frozenset[str]().union(
            *(codes_of(entry.code) for entry in ignored if not entry.files)
        )
        self._per_file = [(entry.files, codes_of(entry.code)) for entry in ignored if entry.files]

    def has(self, code: str) -> bool:
        """Whether findings of this code are reported for any file."""
        return (self._all or code in self._chosen) and code not in self._dropped

    def codes(self, *, images: bool = True, pixels: bool = True) -> list[str]:
        """The codes that are reported, sorted.

        Args:
            images: image files may be opened.
            pixels: they may also be decoded.
        """
        closed = ("pixels",) * (not pixels or not images) + ("images",) * (not images)
        return [name for name in known_codes() if self.has(name) and code(name).opens not in closed]

    def takes(self, finding: Finding) -> bool:
        """Whether a finding is reported."""
        return self.covers(finding.code, finding.file)

    def covers(self, code: str, file: str) -> bool:
        """Whether findings of this code are reported for this file."""
        return self.has(code) and not any(
            code in codes and fnmatchcase(file, pattern) for pattern, codes in self._per_file
        )
