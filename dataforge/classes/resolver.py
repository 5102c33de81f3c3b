"""Which class a label means: declared names, aliases, merges, and what to do with the rest."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from dataforge.errors import UsageError, plural
from dataforge.records import Finding, Image

Unknown: TypeAlias = Literal["error", "ignore", "add"]


class ClassMap:
    """From labels as written to class names; counts what it could not place.

    Labels are compared without spaces around them and in Unicode's composed form (NFC).

    Args:
        names: the classes in order; None takes every label that comes, sorted by name.
        aliases: class name -> other spellings of it.
        unknown: a label not in `names`: `error` (finding, instance left out), `ignore` (left out
            with a note), `add` (a new class after the declared ones, sorted).
        ignore_case: compare case-folded.
        skipped: labels that mean no object.
        dropped: classes whose instances are left out with a note.
        merged: class -> classes that become it, where their aliases have been resolved.

    Raises:
        UsageError: a class twice, a spelling that belongs to two classes, or rules that
            contradict each other.
    """

    def __init__(
        self,
        names: Sequence[str] | None = None,
        aliases: Mapping[str, Sequence[str]] | None = None,
        *,
        unknown: Unknown = "error",
        ignore_case: bool = False,
        skipped: Iterable[str] = (),
        dropped: Sequence[str] = (),
        merged: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._open = names is None or unknown == "add"
        self._unknown_policy = unknown
        self.ignore_case = ignore_case
        merged = merged or {}
        self._class_of: dict[str, str] = {}  # before merging
        for name in names or ():
            if self._key(name) in self._class_of:
                raise UsageError(f"class {name.strip()!r} is declared twice")
            self._class_of[self._key(name)] = name.strip()
        # What is dropped or merged is known, though it is not in the list of classes.
        ruled = [*dropped, *merged, *(name for sources in merged.values() for name in sources)]
        self._add_aliases(aliases or {}, None if names is None else {*map(self._key, ruled)})
        for name in ruled:
            self._class_of.setdefault(self._key(name), name.strip())
        self._dropped = [self._class_of[self._key(name)] for name in dropped]
        self._into = self._merges(merged)
        self._declared = None if names is None else self._order(names, merged)
        self._skipped = {self._key(label) for label in skipped}
        self._resolved: dict[str, str | None] = {}
        self._seen: set[str] = set()
        self._source: list[str] = []
        self._used: dict[str, _Tally] = {}
        self._left_out: dict[str, _Tally] = {}

    def _add_aliases(self, aliases: Mapping[str, Sequence[str]], known: set[str] | None) -> None:
        for name, spellings in aliases.items():
            key = self._key(name)
            if known is not None and key not in self._class_of and key not in known:
                raise UsageError(f"aliases name the class {name!r}, which is not among the classes")
            name = self._class_of.setdefault(key, name.strip())
            for spelling in spellings:
                other = self._class_of.setdefault(self._key(spelling), name)
                if other != name:
                    raise UsageError(f"the spelling {spelling!r} belongs to {other!r} and {name!r}")

    def _merges(self, merged: Mapping[str, Sequence[str]]) -> dict[str, str]:
        """Class -> the class that it becomes, of those that become another."""
        into: dict[str, str] = {}
        for new, sources in merged.items():
            target = self._class_of[self._key(new)]
            for source in sources:
                name = self._class_of[self._key(source)]
                if name in self._dropped:
                    raise UsageError(f"{name!r} is both dropped and merged into {target!r}")
                if name != target and into.setdefault(name, target) != target:
                    raise UsageError(f"{name!r} is merged into both {into[name]!r} and {target!r}")
        for name, target in into.items():
            if target in into:
                raise UsageError(
                    f"{name!r} is merged into {target!r}, which is merged into {into[target]!r}: "
                    f"merge all of them into {into[target]!r}"
                )
        return into

    def _order(self, names: Sequence[str], merged: Mapping[str, Sequence[str]]) -> list[str]:
        """The declared classes as they are after dropping and merging."""
        classes = [self._class_of[self._key(name)] for name in (*names, *merged)]
        classes = [self._into.get(name, name) for name in classes if name not in self._dropped]
        kept = list(dict.fromkeys(name for name in classes if name not in self._dropped))
        if not kept:
            raise UsageError("every class is dropped: no class is left")
        return kept

    def declare(self, names: Iterable[str]) -> None:
        """Take the source's own classes in their order, where the user named none."""
        if self._declared is not None:
            return
        self._source = list(dict.fromkeys(c for name in names if (c := self.canonical(name))))

    def _key(self, label: str) -> str:
        key = unicodedata.normalize("NFC", label.strip())
        return key.casefold() if self.ignore_case else key

    def canonical(self, label: str) -> str | None:
        """The class that a label means; None for one that is unknown, skipped or dropped."""
        if label not in self._resolved:
            self._resolved[label] = self._resolve(label)
        return self._resolved[label]

    def _resolve(self, label: str) -> str | None:
        key = self._key(label)
        if key in self._skipped or not key:
            return None
        if self._open:
            name = self._class_of.setdefault(key, label.strip())
        elif key in self._class_of:
            name = self._class_of[key]
        else:
            return None
        self._seen.add(name)
        name = self._into.get(name, name)
        return None if name in self._dropped else name

    def apply(self, image: Image) -> Image:
        """The same image with class names for labels, without what has no class (counted)."""
        kept = []
        for instance in image.instances:
            name = self.take(instance.label, instance.parts, image.source, instance.where)
            if name is not None:
                same = name == instance.label
                kept.append(instance if same else msgspec.structs.replace(instance, label=name))
        return msgspec.structs.replace(image, instances=tuple(kept))

    def take(self, label: str, shapes: int, file: str, where: str) -> str | None:
        """`canonical`, counted: so many shapes of this label are there, the first at this place."""
        name = self.canonical(label)
        if name is None:
            tally = self._left_out.setdefault(label.strip(), _Tally(file, where))
        else:
            tally = self._used.setdefault(name, _Tally(file, where))
        tally.shapes += shapes
        return name

    def names(self) -> list[str]:
        """The classes in order: as declared by the user or the source, then the rest, sorted."""
        declared = self._declared if self._declared is not None else self._source
        return [*declared, *sorted(self._used.keys() - set(declared))]

    def shapes(self) -> dict[str, int]:
        """Class -> how many shapes of it were there, classes in order."""
        return {name: self._shapes(name) for name in self.names()}

    def first(self, name: str) -> tuple[str, str]:
        """(file, place in it) of a class's first shape; the whole dataset where there is none."""
        tally = self._used.get(name) or _Tally(".", "")
        return tally.file, tally.where

    def spellings(self) -> dict[str, str]:
        """Normalised label -> class, of every label that counts, classes in order."""
        rank = {name: number for number, name in enumerate(self.names())}
        found = {
            key: self._into.get(name, name)
            for key, name in self._class_of.items()
            if key not in self._skipped and name not in self._dropped
        }
        return dict(
            sorted(
                ((key, name) for key, name in found.items() if name in rank),
                key=lambda item: (rank[item[1]], item[0]),
            )
        )

    def findings(self) -> Iterator[Finding]:
        """What was left out, label by label with its count; look-alikes; rules without effect."""
        for label, tally in sorted(self._left_out.items()):
            yield self._left_out_finding(label, tally)
        yield from self.look_alikes()
        yield from self._without_effect()

    def _left_out_finding(self, label: str, tally: _Tally) -> Finding:
        key = self._key(label)
        remedy = ""
        severity: Literal["error", "note"] = "note"
        if key in self._skipped:
            code, why = "skipped-label", f"{label!r} means no object"
        elif key in self._class_of:  # known, and yet no class
            name = self._class_of[key]
            name = self._into.get(name, name)
            code, why = "dropped-class", f"{label!r} is of the class {name!r}, which is dropped"
        else:
            severity = "note" if self._unknown_policy == "ignore" else "error"
            if label:
                code = "unknown-label"
                why = f"label {label!r} is not among the {plural(len(self.names()), 'class')}"
                close = self._nearest(label)
                hint = f"did you mean {close!r}? Then add" if close else "add"
                remedy = f"{hint} it to the aliases or the labels, or pass --unknown add"
            else:  # no class has an empty name, so that neither lists nor aliases can mend it
                code, why = "empty-label", "the label is empty"
                remedy = "give it a label in the tool that it was marked with"
        return Finding(
            code=code,
            severity=severity,
            file=tally.file,
            where=tally.where,
            message=f"{why}: {plural(tally.shapes, 'shape')} left out, the first one here",
            remedy=remedy,
            lost=tally.shapes,
        )

    def look_alikes(self) -> Iterator[Finding]:
        """A warning for each group of classes that a person would take for one (`look_alikes`)."""
        names = dict.fromkeys([*self.names(), *self._dropped])
        counts = {name: self._shapes(name) for name in names}
        for group in look_alikes(counts):
            most, *rest = group
            place = self._used.get(rest[-1]) or self._left_out.get(rest[-1]) or _Tally(".", "")
            said = [f"{name!r} ({plural(counts[name], 'shape')})" for name in group]
            by_case = len({name.casefold() for name in group}) == 1
            yield Finding(
                code="look-alike-labels",
                severity="warning",
                file=place.file,
                where=place.where,
                message=f"{', '.join(said[:-1])} and {said[-1]} look alike, "
                f"and count as {plural(len(group), 'class')}",
                remedy="if they are one, "
                + ("--ignore-case, or " if by_case else "")
                + f"--merge '{most}={','.join(rest)}' (or an alias) makes them so",
            )

    def _shapes(self, name: str) -> int:
        tally = self._used.get(name) or self._left_out.get(name)
        return tally.shapes if tally else 0

    def _without_effect(self) -> Iterator[Finding]:
        """Classes to drop or to merge that no label is: most likely misspelt."""
        verbs = dict.fromkeys(self._dropped, "dropped") | dict.fromkeys(self._into, "merged")
        for name, verb in verbs.items():
            targets = self._into.values()
            if name not in self._seen and name not in targets:
                close = difflib.get_close_matches(
                    name.casefold(), sorted(self._seen), n=1, cutoff=0.6
                )
                yield Finding(
                    code="class-rule-without-effect",
                    severity="note",
                    file=".",
                    message=f"{name!r} is to be {verb}, but nothing is labelled so",
                    remedy=f"did you mean {close[0]!r}?" if close else "",
                )

    def _nearest(self, label: str) -> str | None:
        names = {name.casefold(): name for name in self._class_of.values()}
        found = difflib.get_close_matches(label.casefold(), names, n=1, cutoff=0.6)
        return names[found[0]] if found else None


def look_alikes(counts: Mapping[str, int]) -> Iterator[list[str]]:
    """Groups of names that a person would take for one.

    Alike are names that differ only in case, in the form of a letter, in spaces and ``_-./``
    (unless they part digits), or in a plural's s; and words of 5 to 64 letters, without digits,
    of which one is the other after one slip of the hand, where one is there three times as often
    (or more) as the other: horse and house may well be two. A slip is a letter that is wrong,
    missing or too many, or two neighbours that are swapped, none of them the first.

    Args:
        counts: name -> how often it is there.

    Returns:
        Lists of two names or more, the most frequent first in each and among them.

    >>> list(look_alikes({"car": 1, "Car": 3, "cars": 2, "persn": 1, "person": 4, "cat": 9}))
    [['person', 'persn'], ['Car', 'cars', 'car']]
    """
    groups: dict[str, list[str]] = {}  # by the first one's plain form
    near: dict[str, list[str]] = {}  # a plain form less a letter -> those that it may be of
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        plain = _plain(name) or name
        ways = plain, f"{plain}s", plain.removesuffix("s")
        twin = next((way for way in ways if way in groups), None)
        slips = _less_a_letter(plain)
        if twin is None and counts[name] > 0:
            known = (key for slip in slips for key in near.get(slip, ()))
            often = (key for key in known if counts[groups[key][0]] >= 3 * counts[name])
            twin = next((key for key in often if _is_slip(plain, key)), None)
        if twin is None:
            for slip in slips:
                near.setdefault(slip, []).append(plain)
        groups.setdefault(plain if twin is None else twin, []).append(name)
    yield from (group for group in groups.values() if len(group) > 1)


_SEPARATORS = re.compile(r"(?<!\d)[\s_./-]+|[\s_./-]+(?!\d)")


def _plain(name: str) -> str:
    """What is left of a name when case, separators, width and composition are set aside."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return _SEPARATORS.sub("", folded)


def _less_a_letter(plain: str) -> list[str]:
    """A word and what it is without one letter after the first: two slips have one in common."""
    if not 5 <= len(plain) <= 64 or any(map(str.isdigit, plain)):
        return []  # wheel1 and wheel2 are two; so may be two short words
    return [plain, *(plain[:at] + plain[at + 1 :] for at in range(1, len(plain)))]


def _is_slip(one: str, other: str) -> bool:
    """Of two words with something of `_less_a_letter` in common: whether one slip parts them."""
    if len(one) != len(other):
        return True
    at = [i for i in range(len(one)) if one[i] != other[i]]
    return len(at) == 1 or (at[1] == at[0] + 1 and sorted(one) == sorted(other) and len(at) == 2)


class _Tally:
    """How many shapes, and where the first of them is."""

    def __init__(self, file: str, where: str) -> None:
        self.file = file
        self.where = where
        self.shapes = 0
