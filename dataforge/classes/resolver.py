"""Which class a label means: `Resolver` while reading, `Classes` when all labels are counted.

    ClassRules ──resolver()──► Resolver ──settle(tally, declared)──► Classes
                                  │                 ▲
                        same(label) while reading   └── Tally: labels counted as written

Both are immutable. As long as the set of classes is open, nobody knows which classes there will be
or how they are spelt; but whether two labels mean the same class, and whether one means none, is
known from the rules alone: `Resolver.same` decides it, in any process.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from dataforge.classes.look_alikes import closest, look_alikes
from dataforge.classes.options import merge_option
from dataforge.classes.tally import Count, Tally
from dataforge.codes import code
from dataforge.errors import plural
from dataforge.findings import Finding, Place
from dataforge.records import Image

Unknown: TypeAlias = Literal["error", "ignore", "add"]
"""What to do with a label that means none of the classes."""

_NOWHERE = Count(Place("."))


def normal_form(label: str, ignore_case: bool) -> str:
    """A label as labels are compared: no spaces around it, in NFC, case-folded if asked."""
    form = label.strip()
    if not form.isascii():
        form = unicodedata.normalize("NFC", form)
    return form.casefold() if ignore_case else form


def sorted_names(names: Collection[str]) -> list[str]:
    """Names sorted; as numbers if all of them are whole numbers.

    >>> sorted_names({"10", "2", "0"}), sorted_names({"10", "2", "cat"})
    (['0', '2', '10'], ['10', '2', 'cat'])
    """
    if all(map(_WHOLE.fullmatch, names)):
        return sorted(names, key=lambda name: (int(name), name))
    return sorted(names)


_WHOLE = re.compile(r"-?[0-9]{1,18}")


class Resolver(msgspec.Struct, frozen=True, kw_only=True):
    """Rules about classes, compiled (by `dataforge.classes.ClassRules.resolver`).

    Attributes:
        ignore_case: whether labels are compared case-folded.
        unknown: what happens to a label that means none of the classes.
        is_open: whether labels that no rule names are classes, too.
        declared: the classes that the user lists, after dropping and merging; None if not listed.
        spellings: normal form -> class, before dropping and merging, of all that rules name.
        into: class -> the class that it is merged into.
        dropped: classes that are left out on purpose.
        skipped: normal forms of the labels that mean no object.
        meanings: normal form -> that of the class it ends up in, or None; of all that rules name.
    """

    ignore_case: bool
    unknown: Unknown
    is_open: bool
    declared: tuple[str, ...] | None
    spellings: dict[str, str]
    into: dict[str, str]
    dropped: tuple[str, ...]
    skipped: frozenset[str]
    meanings: dict[str, str | None]

    def key(self, label: str) -> str:
        """The normal form of a label."""
        return normal_form(label, self.ignore_case)

    def same(self, label: str) -> str | None:
        """What two labels have in common if, and only if, they mean the same class.

        It is the normal form of one of the class's labels, and not the class's name, which may not
        be known yet. None: the label is left out (unknown where the classes are closed, skipped,
        dropped, or empty).
        """
        key = normal_form(label, self.ignore_case)
        return self.meanings.get(key, key if self.is_open and key else None)

    def settle(self, tally: Tally, declared: Iterable[str] = ()) -> Classes:
        """The classes, now that all labels are counted.

        Args:
            tally: all labels, in the order in which they were read.
            declared: the source's own classes in their order; used where the user lists none.
        """
        declared = dict.fromkeys(declared if self.declared is None else ())
        known = dict(self.spellings)
        by_key = {
            same: self.into.get(name, name)
            for key, name in self.spellings.items()
            if (same := self.meanings[key]) is not None
        }
        by_label: dict[str, str | None] = {}
        for label in (*declared, *tally.labels):  # the first spelling that is met names a class
            same = self.same(label)
            by_label[label] = None if same is None else by_key.setdefault(same, label.strip())
            if same is not None:
                known.setdefault(self.key(label), by_key[same])
        used: dict[str, Count] = {}
        left_out: dict[str, Count] = {}
        for label, count in tally.labels.items():
            name = by_label[label]
            counts, owner = (left_out, label.strip()) if name is None else (used, name)
            counts.setdefault(owner, Count(count.place)).shapes += count.shapes
        first = self.declared
        if first is None:
            first = tuple(dict.fromkeys(name for label in declared if (name := by_label[label])))
        listed = frozenset(first)
        rest = used.keys() - listed
        met = {self.key(label) for label in by_label} & known.keys() - self.skipped
        return Classes(
            resolver=self,
            names=(*first, *sorted_names(rest)),
            used=used,
            left_out=left_out,
            by_label=by_label,
            by_key={key: name for key, name in by_key.items() if name in rest or name in listed},
            known=known,
            met=frozenset(known[key] for key in met),
        )


class Classes(msgspec.Struct, frozen=True, kw_only=True):
    """The classes of a dataset, and what became of each label (made by `Resolver.settle`).

    Attributes:
        resolver: the rules.
        names: the classes in order: as the user declares them, else as the source does; then the
            rest, sorted (see `sorted_names`).
        used: class -> number of its shapes, and the first.
        left_out: label -> number of its shapes, which have no class, and the first.
        by_label: label as written -> class or None, of all that were counted or declared.
        by_key: what `Resolver.same` gives -> class.
        known: normal form -> class, before merging, of all labels that were named or met.
        met: classes, before merging, that a label meant.
    """

    resolver: Resolver
    names: tuple[str, ...]
    used: dict[str, Count]
    left_out: dict[str, Count]
    by_label: dict[str, str | None]
    by_key: dict[str, str]
    known: dict[str, str]
    met: frozenset[str]

    def of(self, label: str) -> str | None:
        """The class (one of `names`) that a label means; None for one that is left out."""
        if label in self.by_label:
            return self.by_label[label]
        same = self.resolver.same(label)
        return None if same is None else self.by_key.get(same)

    def counts(self, labels: Mapping[str, int]) -> Counter[str]:
        """Class -> number, of labels with their numbers; those without a class are left out."""
        found: Counter[str] = Counter()
        for label, number in labels.items():
            if (name := self.of(label)) is not None:
                found[name] += number
        return found

    def apply(self, image: Image) -> Image:
        """The image with class names for labels, without the instances that have no class."""
        kept = []
        changed = False
        for instance in image.instances:
            name = self.of(instance.label)
            changed |= name != instance.label
            if name == instance.label:
                kept.append(instance)
            elif name is not None:
                kept.append(msgspec.structs.replace(instance, label=name))
        return msgspec.structs.replace(image, instances=tuple(kept)) if changed else image

    def shapes(self) -> dict[str, int]:
        """Class -> number of its shapes, classes in order."""
        return {name: self._count(name).shapes for name in self.names}

    def first(self, name: str) -> Place:
        """The place of a class's first shape; ``.`` where there is none."""
        return self.used.get(name, _NOWHERE).place

    def spellings(self) -> dict[str, str]:
        """Normal form -> class, of every label that counts, classes in order."""
        rank = {name: number for number, name in enumerate(self.names)}
        merged = {
            key: self.resolver.into.get(name, name)
            for key, name in self.known.items()
            if key not in self.resolver.skipped and name not in self.resolver.dropped
        }
        found = [(key, name) for key, name in merged.items() if name in rank]
        return dict(sorted(found, key=lambda item: (rank[item[1]], item[0])))

    def findings(self) -> Iterator[Finding]:
        """What was left out, label by label; look-alikes; rules without effect."""
        yield from self._left_out()
        yield from self.look_alikes()
        yield from self._without_effect()

    def look_alikes(self) -> Iterator[Finding]:
        """A warning for each group of classes that a person would take for one."""
        counts = {name: self._count(name) for name in (*self.names, *self.resolver.dropped)}
        for group in look_alikes({name: count.shapes for name, count in counts.items()}):
            most, *rest = group
            *others, last = (f"{name!r} ({plural(counts[name].shapes, 'shape')})" for name in group)
            by_case = len({name.casefold() for name in group}) == 1
            yield code("look-alike-labels").at(
                counts[rest[-1]].place,
                f"{', '.join(others)} and {last} look alike, "
                f"but count as {plural(len(group), 'class')}",
                _to_make_one(most, rest, by_case=by_case),
            )

    def _count(self, name: str) -> Count:
        """The shapes of a class, or of a label that is left out."""
        return self.used.get(name) or self.left_out.get(name) or _NOWHERE

    def _left_out(self) -> Iterator[Finding]:
        unknown = [label for label in self.left_out if self._reason(label) == "unknown-label"]
        meant = closest(unknown, dict.fromkeys(self.known.values()))
        for label, count in sorted(self.left_out.items()):
            name = self._reason(label)
            why, remedy = self._explain(name, label, meant.get(label))
            ignored = self.resolver.unknown == "ignore" and name in ("unknown-label", "empty-label")
            yield code(name).at(
                count.place,
                f"{why}: {plural(count.shapes, 'shape')} skipped, this is the first",
                remedy,
                lost=count.shapes,
                severity="note" if ignored else None,
            )

    def _reason(self, label: str) -> str:
        """The code of the finding on a label that is left out."""
        key = self.resolver.key(label)
        if key in self.resolver.skipped:
            return "skipped-label"
        if not key:
            return "empty-label"
        return "dropped-class" if key in self.known else "unknown-label"

    def _explain(self, name: str, label: str, meant: str | None) -> tuple[str, str]:
        """(why a label is left out, what to do about it)."""
        if name == "skipped-label":
            return f"{label!r} means no object", ""
        if name == "empty-label":  # no class has an empty name: neither lists nor aliases fix it
            return "the label is empty", "add a label, or delete the shapes"
        if name == "dropped-class":
            meaning = self.known[self.resolver.key(label)]
            meaning = self.resolver.into.get(meaning, meaning)
            return f"{label!r} belongs to the class {meaning!r}, which is dropped", ""
        hint = f"did you mean {meant!r}? Then add" if meant else "add"
        return (
            f"label {label!r} is not among the {plural(len(self.names), 'class')}",
            f"{hint} it to the aliases or the labels, or pass --unknown add",
        )

    def _without_effect(self) -> Iterator[Finding]:
        """Classes to drop or to merge that no label means: most likely misspelt."""
        rules = dict.fromkeys(self.resolver.dropped, "dropped")
        rules |= dict.fromkeys(self.resolver.into, "merged")
        targets = {*self.resolver.into.values()}
        idle = {n: verb for n, verb in rules.items() if n not in self.met and n not in targets}
        meant = closest(idle, sorted(self.met))
        for name, verb in idle.items():
            yield code("class-rule-without-effect").at(
                Place("."),
                f"{name!r} should be {verb}, but no label means it",
                f"did you mean {meant[name]!r}?" if name in meant else "",
            )


def _to_make_one(name: str, others: Sequence[str], *, by_case: bool) -> str:
    option = merge_option(name, others)
    if not option and not by_case:
        return "if they are one, rename them: no option can name them as they are"
    ways = ["--ignore-case"] * by_case + [option] * bool(option)
    alias = " or an alias" if option.startswith("--merge") else ""
    return f"if they are one, use {', '.join(ways)}{alias}"
