"""Rules about classes: from options, a ``classes.toml`` or a layout."""

from __future__ import annotations

from pathlib import Path

import msgspec

from dataforge.classes.compile import compile_rules
from dataforge.classes.options import LABELME_RESERVED, comma_list, load_names, parse_merge
from dataforge.classes.resolver import Resolver, Unknown
from dataforge.errors import UsageError
from dataforge.io import explain_validation, load_toml


class ClassRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules about classes, from a user, a ``classes.toml`` or a layout. Empty: not given.

    Attributes:
        names: the classes in the order of their ids; None takes every label, sorted.
        aliases: class -> other spellings of it.
        merge: class -> classes that become it, at the place of the first of them.
        drop: classes that are left out on purpose.
        skip: labels that mean no object, such as HumanParts' ``none``.
        unknown: what to do with a label that means none of the classes: `error` (a finding; the
            shape is left out), which is the default, `ignore` (left out with a note), or `add` (a
            new class after the declared ones, sorted).
        ignore_case: compare labels case-folded.
    """

    names: tuple[str, ...] | None = None
    aliases: dict[str, list[str]] = {}
    merge: dict[str, list[str]] = {}
    drop: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    unknown: Unknown | None = None
    ignore_case: bool | None = None

    def over(self, other: ClassRules) -> ClassRules:
        """These rules, and the other's where these are empty."""
        given = {
            field: value
            for field in self.__struct_fields__
            if (value := getattr(self, field)) not in (None, (), {})
        }
        if self.names is not None and other.aliases:
            # It is no mistake that the other has aliases for classes that are not listed here.
            merged = (name for sources in self.merge.values() for name in sources)
            names = (*self.names, *self.drop, *self.merge, *merged)
            known = {name.strip().casefold() for name in names}
            kept = {n: others for n, others in other.aliases.items() if n.casefold() in known}
            given = {"aliases": kept} | given
        return msgspec.structs.replace(other, **given)

    def resolver(self) -> Resolver:
        """The rules compiled; labelme's reserved labels are skipped, too.

        Raises:
            UsageError: a class is declared twice, a spelling belongs to two classes, or rules
                contradict each other.
        """
        return compile_rules(
            self.names,
            aliases=self.aliases,
            merge=self.merge,
            drop=self.drop,
            skip=(*LABELME_RESERVED, *self.skip),
            unknown=self.unknown or "error",
            ignore_case=bool(self.ignore_case),
        )


class ClassOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options about classes, as the verbs that choose classes take them.

    Attributes:
        labels: ``a,b,c``, a file with one class name per line, or a ``classes.toml`` with all
            the rules; fixes the classes and their order.
        aliases: TOML file, class = [spellings].
        unknown: what to do with a label that means none of the classes, see `ClassRules`.
        ignore_case: compare labels case-folded.
        drop: ``a,b``: classes to leave out.
        merge: ``limb=hand,foot;...``: classes that become one.
        skip: labels that mean no object.
    """

    labels: str | None = None
    aliases: str | None = None
    unknown: Unknown | None = None
    ignore_case: bool | None = None
    drop: str | None = None
    merge: str | None = None
    skip: tuple[str, ...] = ()

    def rules(self) -> ClassRules:
        """All of them together; an option takes precedence over the file of `labels`.

        Raises:
            UsageError: a value is invalid, or a file does not exist.
            ParseError: a file is not TOML.
        """
        is_file = self.labels is not None and self.labels.lower().endswith(".toml")
        rules = ClassRules(
            names=None if self.labels is None or is_file else tuple(load_names(self.labels)),
            aliases=load_aliases(Path(self.aliases)) if self.aliases else {},
            merge=parse_merge(self.merge) if self.merge else {},
            drop=tuple(comma_list(self.drop or "")),
            skip=self.skip,
            unknown=self.unknown,
            ignore_case=self.ignore_case,
        )
        return rules.over(load_classes(Path(self.labels))) if self.labels and is_file else rules


def load_aliases(path: Path) -> dict[str, list[str]]:
    """Class name -> spellings, of a TOML file with lines such as ``person = ["pedestrian"]``.

    Raises:
        UsageError: a value is not a list of strings.
        ParseError: the file is not TOML.
    """
    table = load_toml(path)
    aliases = table.get("aliases", table)
    try:
        return msgspec.convert(aliases, dict[str, list[str]])
    except msgspec.ValidationError as error:
        raise UsageError(
            f"{path}: expected lines such as person = ['pedestrian']: "
            f"{explain_validation(error, aliases)}"
        ) from error


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    names: tuple[str, ...] | None = None
    drop: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    unknown: Unknown | None = None
    ignore_case: bool | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    classes: _Table = _Table()
    aliases: dict[str, list[str]] = {}
    merge: dict[str, list[str]] = {}


def load_classes(path: Path) -> ClassRules:
    """The rules of a ``classes.toml``::

        [classes]                    # every line is optional
        names = ["person", "hand"]   # in the order of their labels
        drop = ["background"]
        skip = ["none"]
        unknown = "error"
        ignore_case = true

        [aliases]
        person = ["pedestrian", "passer-by"]

        [merge]
        hand = ["left hand", "right hand"]

    Raises:
        UsageError: a table, key or value is not one of these.
        ParseError: the file is not TOML.
    """
    table = load_toml(path)
    try:
        file = msgspec.convert(table, _File)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"{path}: {explain_validation(error, table)}; expected [classes] with names, drop, "
            "skip, unknown, ignore_case, and [aliases] and [merge] with lines such as "
            "person = ['pedestrian']"
        ) from error
    table = msgspec.structs.asdict(file.classes)
    return ClassRules(aliases=file.aliases, merge=file.merge, **table)
