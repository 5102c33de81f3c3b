"""Which class a label means: declared names, aliases, merges, and what to do with the rest."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from dataforge.errors import UsageError
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
        yield from self._look_alikes()
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
        elif not label:
            code, why, remedy = "empty-label", "the label is empty", "label it, or drop it"
            severity = "note" if self._unknown_policy == "ignore" else "error"
        else:
            code = "unknown-label"
            severity = "note" if self._unknown_policy == "ignore" else "error"
            why = f"label {label!r} is none of the {len(self.names())} classes"
            close = self._nearest(label)
            hint = f"did you mean {close!r}? Then add" if close else "add"
            remedy = f"{hint} it to the aliases or the labels, or pass --unknown add"
        return Finding(
            code=code,
            severity=severity,
            file=tally.file,
            where=tally.where,
            message=f"{why}: {_times(tally.shapes)} left out, the first one here",
            remedy=remedy,
            lost=tally.shapes,
        )

    def _look_alikes(self) -> Iterator[Finding]:
        """Classes whose names a person would take for one."""
        alike: dict[str, list[str]] = defaultdict(list)
        for name in dict.fromkeys([*self.names(), *self._dropped]):
            alike[folded(name)].append(name)
        for group in alike.values():
            if len(group) == 1:
                continue
            counts = {name: self._shapes(name) for name in group}
            most = max(group, key=lambda name: counts[name])
            rest = [name for name in group if name != most]
            rarest = min(rest, key=lambda name: counts[name])
            place = self._used.get(rarest) or self._left_out.get(rarest) or _Tally(".", "")
            said = " and ".join(f"{name!r} ({_times(counts[name])})" for name in group)
            by_case = len({name.casefold() for name in group}) == 1
            yield Finding(
                code="look-alike-labels",
                severity="warning",
                file=place.file,
                where=place.where,
                message=f"{said} differ only in case, spaces or the form of a letter, "
                f"and count as {len(group)} classes",
                remedy=("--ignore-case, or " if by_case else "")
                + f"--merge '{most}={','.join(rest)}' (or an alias) makes them one",
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


def folded(name: str) -> str:
    """What is left of a name when case, spaces, width and composition are set aside."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(text.split())


def near_misses(counts: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """(name, the more frequent one that it most likely is), for each name that has one.

    Two names that are the same when `folded` are left to others. Two that differ in a final s, or
    in what is neither letter nor digit, are near. So are two words of 5 to 64 letters when one
    letter after the first is wrong, missing or too many, or two neighbours are swapped, and one of
    the words is at most a third as frequent: `horse` and `house` may well be two.

    >>> list(near_misses({"person": 9, "persno": 1, "left hand": 4, "left_hand": 4}))
    [('left_hand', 'left hand'), ('persno', 'person')]

    Args:
        counts: class -> number of its shapes.
    """
    before: dict[str, list[str]] = defaultdict(list)
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        keys = _near_keys(_letters(name))
        known = dict.fromkeys(other for key in keys for other in before.get(key, ()))
        for other in known:
            if folded(name) != folded(other) and _is_near(name, other, counts):
                yield name, other
                break
        for key in keys:
            before[key].append(name)


def _letters(name: str) -> str:
    return re.sub(r"[\W_]+", "", folded(name))


def _is_word(letters: str) -> bool:
    return 5 <= len(letters) <= 64 and not any(map(str.isdigit, letters))


def _near_keys(letters: str) -> list[str]:
    """Texts of which two near names have one in common: themselves, less one letter at most."""
    keys = [letters, letters.removesuffix("s")]
    if _is_word(letters):
        keys += [letters[:at] + letters[at + 1 :] for at in range(1, len(letters))]
    return [key for key in dict.fromkeys(keys) if key]


def _is_near(rare: str, frequent: str, counts: Mapping[str, int]) -> bool:
    a, b = _letters(rare), _letters(frequent)
    if a == b or a + "s" == b or b + "s" == a:
        return True
    if 3 * counts[rare] > counts[frequent] or not (_is_word(a) and _is_word(b)):
        return False
    if len(a) != len(b):
        return True  # one of them is the other, less a letter
    at = [i for i in range(len(a)) if a[i] != b[i]]
    return len(at) == 1 or (at[1] == at[0] + 1 and sorted(a) == sorted(b) and len(at) == 2)


def _times(shapes: int) -> str:
    return f"{shapes:,} shape{'s' * (shapes != 1)}"


class _Tally:
    """How many shapes, and where the first of them is."""

    def __init__(self, file: str, where: str) -> None:
        self.file = file
        self.where = where
        self.shapes = 0
