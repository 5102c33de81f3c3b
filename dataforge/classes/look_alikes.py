"""Names that a person would take for one, and the name that a misspelt one is meant to be."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping

_MAX_LENGTH = 64
"""Letters of the longest name that is compared letter by letter."""

_MAX_PAIRS = 100_000
"""Pairs of names that `difflib` may compare in one call (about half a second)."""


def look_alikes(counts: Mapping[str, int]) -> Iterator[list[str]]:
    """Groups of names that a person would take for one.

    Alike are names that differ only in case, in the form of a letter, in spaces and ``_-./``
    (unless they separate digits), or in a plural's s; and words of 5 to 64 letters, without
    digits, that are one typing error apart, where one occurs at least three times as often as the
    other: horse and house may well be two. An error is a letter that is wrong, missing or too
    many, or two neighbours that are swapped, none of them the first.

    Args:
        counts: name -> how often it occurs.

    Returns:
        Lists of two names or more, the most frequent first in each and among them.

    >>> list(look_alikes({"car": 1, "Car": 3, "cars": 2, "persn": 1, "person": 4, "cat": 9}))
    [['person', 'persn'], ['Car', 'cars', 'car']]
    """
    groups: dict[str, list[str]] = {}  # by the first one's plain form
    index: dict[str, list[str]] = {}  # a plain form less a letter -> plain forms it may come from
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        plain = _plain(name) or name
        twin = next((form for form in _numbers(plain) if form in groups), None)
        shortened = _less_a_letter(plain)
        if twin is None and counts[name] > 0:
            known = (other for short in shortened for other in index.get(short, ()))
            frequent = (other for other in known if counts[groups[other][0]] >= 3 * counts[name])
            twin = next((other for other in frequent if _one_error_apart(plain, other)), None)
        if twin is None:
            for short in shortened:
                index.setdefault(short, []).append(plain)
        groups.setdefault(plain if twin is None else twin, []).append(name)
    yield from (group for group in groups.values() if len(group) > 1)


def closest(labels: Collection[str], names: Collection[str]) -> dict[str, str]:
    """Label -> the name that it is most likely meant to be, for those labels that have one.

    A name that looks alike (see `look_alikes`) comes first, found by an index. Others are compared
    by `difflib`, unless there are too many pairs for that or the label is very long.

    >>> closest(["Persn", "cet", "dog"], ["cat", "person"])
    {'Persn': 'person', 'cet': 'cat'}
    """
    by_form: dict[str, str] = {}
    index: dict[str, list[str]] = {}
    for name in names:
        by_form.setdefault(plain := _plain(name) or name, name)
        for short in _less_a_letter(plain):
            index.setdefault(short, []).append(plain)
    folded = {name.casefold(): name for name in names if len(name) <= _MAX_LENGTH}
    few = len(labels) * len(folded) <= _MAX_PAIRS
    found: dict[str, str] = {}
    for label in labels:
        plain = _plain(label) or label
        known = (other for short in _less_a_letter(plain) for other in index.get(short, ()))
        near = next((form for form in _numbers(plain) if form in by_form), None)
        near = near or next((other for other in known if _one_error_apart(plain, other)), None)
        if near is not None:
            found[label] = by_form[near]
        elif few and len(label) <= _MAX_LENGTH:
            matches = difflib.get_close_matches(label.casefold(), folded, n=1, cutoff=0.6)
            found.update((label, folded[match]) for match in matches)
    return found


_SEPARATORS = re.compile(r"(?<!\d)[\s_./-]+|[\s_./-]+(?!\d)")


def _plain(name: str) -> str:
    """What is left of a name when case, separators, width and composition are set aside."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return _SEPARATORS.sub("", folded)


def _numbers(plain: str) -> tuple[str, str, str]:
    """A word as it is, in the plural, and in the singular."""
    return plain, f"{plain}s", plain.removesuffix("s")


def _less_a_letter(plain: str) -> list[str]:
    """A word, and the word without one letter after the first.

    Two words that are one typing error apart have one of these in common.
    """
    if not 5 <= len(plain) <= _MAX_LENGTH or any(map(str.isdigit, plain)):
        return []  # wheel1 and wheel2 are two; so may be two short words
    return [plain, *(plain[:at] + plain[at + 1 :] for at in range(1, len(plain)))]


def _one_error_apart(one: str, other: str) -> bool:
    """For two words with something of `_less_a_letter` in common: whether one error makes them."""
    if len(one) != len(other):
        return True
    at = [i for i in range(len(one)) if one[i] != other[i]]
    return len(at) == 1 or (at[1] == at[0] + 1 and sorted(one) == sorted(other) and len(at) == 2)
