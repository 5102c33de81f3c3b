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

_MAX_LETTERS = 30_000_000
"""Pairs of letters of these."""

_MAX_KEYS = 500_000
"""Letters of the words that are indexed or searched for in one call (about two seconds)."""


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
    index = _Index()
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        plain = _plain(name) or name
        twin = next((form for form in _numbers(plain) if form in groups), None)
        if twin is None and counts[name] > 0:
            # Words that were added earlier are at least as frequent.
            twin = next((other for other in index.one_error_apart(plain)
                         if counts[groups[other][0]] >= 3 * counts[name]), None)  # fmt: skip
        if twin is None:
            index.add(plain)
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
    index = _Index()
    for name in names:
        by_form.setdefault(plain := _plain(name) or name, name)
        index.add(plain)
    folded = {name.casefold(): name for name in names if len(name) <= _MAX_LENGTH}
    letters = sum(len(label) for label in labels if len(label) <= _MAX_LENGTH)
    few = (
        len(labels) * len(folded) <= _MAX_PAIRS and letters * sum(map(len, folded)) <= _MAX_LETTERS
    )
    found: dict[str, str] = {}
    for label in labels:
        plain = _plain(label) or label
        near = next((form for form in _numbers(plain) if form in by_form), None)
        near = near or next(index.one_error_apart(plain), None)
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


class _Index:
    """Words, to find those that are one typing error apart from another word.

    Two such words are equal when each has lost a letter after the first: the same one where a
    letter is wrong, neighbours that are the same letter where two are swapped. Or one of them has
    lost one. The keys say which letter was lost, so that all words under a key fit.
    """

    def __init__(self) -> None:
        self._words: list[str] = []
        self._first: dict[int, int] = {}  # the first word under each key
        self._left = _MAX_KEYS

    def add(self, word: str) -> None:
        """Add a word of 5 to 64 letters, without digits; wheel1 and wheel2 are two."""
        if not self._takes(word):
            return
        number = len(self._words)
        self._words.append(word)
        whole, shorter = _hashes(word)
        self._first.setdefault(hash((whole, 0, "")), number)
        for at, short in enumerate(shorter, 1):
            self._first.setdefault(hash((short, at, "")), number)
            self._first.setdefault(hash((short, at, word[at])), number)

    def one_error_apart(self, word: str) -> Iterator[str]:
        """Words that are one error apart, not all of them: the earliest of each kind."""
        if not self._takes(word):
            return
        whole, shorter = _hashes(word)
        keys = {whole: [(whole, at, "") for at in range(1, len(word) + 1)]}
        for at, short in enumerate(shorter, 1):
            letter = word[at]
            keys.setdefault(short, [(short, 0, "")]).extend(
                [(short, at, ""), (short, at - 1, letter), (short, at + 1, letter)]
            )
        for group in keys.values():
            found = [self._first.get(hash(key)) for key in group]
            if numbers := [number for number in found if number is not None]:
                yield self._words[min(numbers)]

    def _takes(self, word: str) -> bool:
        """Whether a word is indexed: not if it is short, and not the ten thousandth."""
        if not 5 <= len(word) <= _MAX_LENGTH or any(map(str.isdigit, word)):
            return False
        self._left -= len(word)
        return self._left >= 0


def _hashes(word: str) -> tuple[int, list[int]]:
    """The hash of a word, and those of the word without each letter after the first."""
    letters, powers = [*map(ord, word)], [1]
    tails = [0]
    for letter in reversed(letters):
        tails.append((tails[-1] + letter * powers[-1]) % _PRIME)
        powers.append(powers[-1] * _BASE % _PRIME)
    tails.reverse()  # tails[at] is the hash of the letters from there on
    shorter, front = [], letters[0]
    for at in range(1, len(letters)):
        shorter.append((front * powers[len(letters) - 1 - at] + tails[at + 1]) % _PRIME)
        front = (front * _BASE + letters[at]) % _PRIME
    return tails[0], shorter


_PRIME = 2**61 - 1
_BASE = 1_315_423_911
