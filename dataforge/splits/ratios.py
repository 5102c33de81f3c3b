"""Parsing the ratios of a split, and validating the names of splits."""

from __future__ import annotations

from collections.abc import Iterable

from dataforge.errors import InputError, UsageError
from dataforge.io import is_plain

_UNNAMED = {2: ("train", "val"), 3: ("train", "val", "test")}
"""Number of ratios given without names -> the splits they apply to."""

_TOTALS = (1, 100)


def parse_ratios(text: str, option: str = "--split") -> dict[str, float]:
    """Split -> share, parsed from fractions of 1 or percentages, with or without names.

    >>> parse_ratios("80,20")
    {'train': 0.8, 'val': 0.2}
    >>> parse_ratios("0.7,0.2,0.1")
    {'train': 0.7, 'val': 0.2, 'test': 0.1}
    >>> parse_ratios("train=90,holdout=10")
    {'train': 0.9, 'holdout': 0.1}

    Raises:
        UsageError: the text has none of these forms, a ratio is not above 0, a name is invalid or
                occurs twice, or the ratios add up to neither 1 nor 100.
    """
    given = [_parse_item(item, f"{option} {text}") for item in text.split(",")]
    unnamed = [number for name, number in given if name is None]
    if unnamed and len(unnamed) < len(given):
        raise UsageError(f"{option} {text}: name all of the ratios, or none")
    if unnamed and len(unnamed) not in _UNNAMED:
        raise UsageError(
            f"{option} {text}: expected 2 numbers (train,val) or 3 (train,val,test), got "
            f"{len(unnamed)}; for other splits name them, as in train=80,val=20"
        )
    names = _UNNAMED[len(unnamed)] if unnamed else [name or "" for name, _ in given]
    ratios: dict[str, float] = {}
    for name, (_, number) in zip(names, given, strict=True):
        if not is_split_name(name):
            raise UsageError(f"{option} {text}: {name!r} cannot be a split's name")
        if name in ratios:
            raise UsageError(f"{option} {text}: {name} occurs twice")
        if not number > 0:  # also rejects nan
            raise UsageError(f"{option} {text}: the ratio of {name} must be above 0")
        ratios[name] = number
    total = sum(ratios.values())
    whole = next((whole for whole in _TOTALS if abs(total - whole) <= 1e-6 * whole), None)
    if whole is None:
        raise UsageError(
            f"{option} {text}: the ratios add up to {total:g}; they must add up to 1, or to 100"
        )
    if whole == 1:
        return ratios
    return {name: round(number / whole, 9) for name, number in ratios.items()}


def _parse_item(item: str, given: str) -> tuple[str | None, float]:
    """Parse one ratio into (name or None, number)."""
    name, equals, number = (part.strip() for part in item.rpartition("="))
    try:
        return name if equals else None, float(number)
    except ValueError:
        raise UsageError(
            f"{given}: expected ratios such as 80,20 or train=80,val=20, got {item!r}"
        ) from None


def is_split_name(name: str) -> bool:
    """Whether this is a valid name for a new split; it becomes part of file names."""
    return name.replace("_", "").replace("-", "").isalnum()


def check_split_names(names: Iterable[str]) -> None:
    """Reject names of existing splits that cannot be part of a file name.

    Raises:
        InputError: a name cannot be part of a file name.
    """
    for name in names:
        if not is_plain(name):
            raise InputError(f"{name!r} cannot be a split's name: files are named after splits")
