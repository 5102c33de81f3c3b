"""Compiling rules about classes into a `Resolver`; contradictory rules are refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from dataforge.classes.resolver import Resolver, Unknown, normal_form
from dataforge.errors import UsageError


def compile_rules(
    names: Sequence[str] | None,
    *,
    aliases: Mapping[str, Sequence[str]],
    merge: Mapping[str, Sequence[str]],
    drop: Sequence[str],
    skip: Iterable[str],
    unknown: Unknown,
    ignore_case: bool,
) -> Resolver:
    """Aliases are resolved first, then classes are merged, then dropped.

    Args:
        names: the classes in order; None takes every label that comes, sorted by name.
        aliases: class -> other spellings of it.
        merge: class -> classes that become it.
        drop: classes that are left out.
        skip: labels that mean no object.
        unknown: what to do with a label that is not in `names`.
        ignore_case: compare labels case-folded.

    Raises:
        UsageError: a class is declared twice, a spelling belongs to two classes, or rules
            contradict each other.
    """
    table = _Table(ignore_case)
    table.declare(names or ())
    # What is dropped or merged is known, though it is not in the list of classes.
    ruled = [*drop, *merge, *(name for sources in merge.values() for name in sources)]
    table.add_aliases(aliases, None if names is None else ruled)
    table.add(ruled)
    dropped = tuple(map(table.class_of, drop))
    into = _merges(table, merge, dropped)
    skipped = frozenset(map(table.key, skip))
    return Resolver(
        ignore_case=ignore_case,
        unknown=unknown,
        is_open=names is None or unknown == "add",
        declared=None if names is None else _order(table, [*names, *merge], into, dropped),
        spellings=table.spellings,
        into=into,
        dropped=dropped,
        skipped=skipped,
        meanings=_meanings(table, into, dropped, skipped),
    )


class _Table:
    """Normal form -> class, before dropping and merging."""

    def __init__(self, ignore_case: bool) -> None:
        self.ignore_case = ignore_case
        self.spellings: dict[str, str] = {}

    def key(self, label: str) -> str:
        return normal_form(label, self.ignore_case)

    def class_of(self, name: str) -> str:
        return self.spellings[self.key(name)]

    def declare(self, names: Iterable[str]) -> None:
        for name in names:
            if self.key(name) in self.spellings:
                raise UsageError(f"class {name.strip()!r} is declared twice")
            self.spellings[self.key(name)] = name.strip()

    def add(self, names: Iterable[str]) -> None:
        for name in names:
            self.spellings.setdefault(self.key(name), name.strip())

    def add_aliases(
        self, aliases: Mapping[str, Sequence[str]], also_known: Iterable[str] | None
    ) -> None:
        """Add aliases of the classes that there are, and of those `also_known`; None for any."""
        keys = None if also_known is None else {*map(self.key, also_known)}
        for name, others in aliases.items():
            key = self.key(name)
            if keys is not None and key not in self.spellings and key not in keys:
                raise UsageError(f"aliases name the class {name!r}, which is not among the classes")
            name = self.spellings.setdefault(key, name.strip())
            for spelling in others:
                owner = self.spellings.setdefault(self.key(spelling), name)
                if owner != name:
                    raise UsageError(f"the spelling {spelling!r} belongs to {owner!r} and {name!r}")


def _merges(
    table: _Table, merge: Mapping[str, Sequence[str]], dropped: Sequence[str]
) -> dict[str, str]:
    """Class -> the class that it becomes, of those that become another."""
    into: dict[str, str] = {}
    for new, sources in merge.items():
        target = table.class_of(new)
        for name in map(table.class_of, sources):
            if name in dropped:
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


def _order(
    table: _Table, names: Iterable[str], into: Mapping[str, str], dropped: Sequence[str]
) -> tuple[str, ...]:
    """The declared classes as they are after dropping and merging."""
    classes = map(table.class_of, names)
    merged = (into.get(name, name) for name in classes if name not in dropped)
    kept = tuple(dict.fromkeys(name for name in merged if name not in dropped))
    if not kept:
        raise UsageError("every class is dropped: no class is left")
    return kept


def _meanings(
    table: _Table, into: Mapping[str, str], dropped: Sequence[str], skipped: frozenset[str]
) -> dict[str, str | None]:
    """Normal form -> that of the name of the class it ends up in, None where it is left out."""
    meanings: dict[str, str | None] = dict.fromkeys(skipped)
    for key, spelt in table.spellings.items():
        name = into.get(spelt, spelt)
        left_out = not key or key in skipped or name in dropped
        meanings[key] = None if left_out else table.key(name)
    return meanings
