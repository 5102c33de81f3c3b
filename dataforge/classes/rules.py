"""Rules about classes: from options, a ``classes.toml`` or a layout."""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec

from dataforge.classes.compile import compile_rules
from dataforge.classes.resolver import Resolver, Unknown
from dataforge.errors import UsageError
from dataforge.io import explain_validation, load_toml, read_file

LABELME_RESERVED = ("__ignore__", "_background_")
"""First lines of labelme's labels.txt; never classes (labelme examples, labels.txt)."""


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


def comma_list(text: str) -> list[str]:
    """The items of ``a, b,,c``, without spaces around them and without empty ones."""
    return [name for item in text.split(",") if (name := item.strip())]


def parse_merge(text: str) -> dict[str, list[str]]:
    """``limb=hand,foot;person=man,woman`` as a dict.

    Raises:
        UsageError: it does not have that form.
    """
    merged: dict[str, list[str]] = {}
    for item in filter(str.strip, text.split(";")):
        name, equals, sources = item.partition("=")
        if not (name.strip() and equals and comma_list(sources)):
            raise UsageError(f"--merge {item.strip()}: expected new=a,b")
        merged.setdefault(name.strip(), []).extend(comma_list(sources))
    return merged


_MEANS_A_FILE = re.compile(r"^[^,]*([\\/]|[^,\s]\.\w+$)[^,]*$")


def load_names(source: str) -> list[str]:
    """The classes of a ``--labels`` value: a file with one name per line, or ``a,b,c``.

    A single value with an extension or a folder in it means a file. labelme's ``__ignore__`` and
    ``_background_`` are not classes.

    Raises:
        UsageError: it is neither, or the file does not exist.
    """
    if os.path.isfile(source):  # where Path.is_file raises for a list longer than a file name
        try:
            lines = read_file(Path(source)).decode("utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise UsageError(f"labels file {source} is not UTF-8 text: {error}") from error
    elif source.endswith(".txt") or _MEANS_A_FILE.search(source):
        raise UsageError(
            f"--labels {source}: there is no such file; for a class of that name add a comma "
            f"({source},), or write names = ['{source}'] under [classes] in a classes.toml"
        )
    else:
        lines = source.split(",")
    names = [line.strip() for line in lines]
    names = [name for name in names if name and name not in LABELME_RESERVED]
    if not names:
        raise UsageError(f"no class names in {source}")
    return names


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
