"""What somebody says of the classes: options, a ``classes.toml``, a layout; and reading that."""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec

from dataforge.classes.resolver import ClassMap, Unknown
from dataforge.errors import UsageError
from dataforge.io import load_toml, read_file

LABELME_RESERVED = ("__ignore__", "_background_")
"""First lines of labelme's labels.txt; never classes (labelme examples, labels.txt)."""


class ClassRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody says of the classes: a user, a ``classes.toml``, a layout. Empty: not said.

    Attributes:
        names: the classes in the order of their labels; None takes every label, sorted.
        aliases: class -> other spellings of it.
        merge: class -> classes that become it, at the place of the first of them.
        drop: classes that are left out on purpose.
        skip: labels that mean no object, such as HumanParts' ``none``.
        unknown: what to do with a label that is none of the classes; `error` if nobody says.
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
        """These rules, and the other's where these do not say."""
        said = {
            field: value
            for field in self.__struct_fields__
            if (value := getattr(self, field)) not in (None, (), {})
        }
        if self.names is not None and other.aliases:
            # Aliases that the other has for classes that are not wanted here are no mistake.
            merged = (name for sources in self.merge.values() for name in sources)
            names = (*self.names, *self.drop, *self.merge, *merged)
            known = {name.strip().casefold() for name in names}
            kept = {n: others for n, others in other.aliases.items() if n.casefold() in known}
            said = {"aliases": kept} | said
        return msgspec.structs.replace(other, **said)

    def class_map(self) -> ClassMap:
        """The map that these rules make; labelme's reserved labels are skipped, too."""
        return ClassMap(
            self.names,
            self.aliases,
            unknown=self.unknown or "error",
            ignore_case=bool(self.ignore_case),
            skipped=(*LABELME_RESERVED, *self.skip),
            dropped=self.drop,
            merged=self.merge,
        )


class ClassOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a caller may choose about classes, wherever classes are chosen.

    Attributes:
        labels: ``a,b,c``, a file with a class name a line, or a ``classes.toml`` with all the
            rules; fixes the classes and their order.
        aliases: TOML file, class = [spellings].
        unknown: what to do with a label that is none of the classes: `error` (the default),
            `ignore`, or `add`.
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
        """All of it together; an option goes before what the file of `labels` says.

        Raises:
            UsageError: a value is not of its form, or a file is not there.
            ParseError: a file is no TOML.
        """
        is_file = self.labels is not None and self.labels.lower().endswith(".toml")
        said = ClassRules(
            names=None if self.labels is None or is_file else tuple(load_names(self.labels)),
            aliases=load_aliases(Path(self.aliases)) if self.aliases else {},
            merge=parse_merge(self.merge) if self.merge else {},
            drop=tuple(comma_list(self.drop or "")),
            skip=self.skip,
            unknown=self.unknown,
            ignore_case=self.ignore_case,
        )
        return said.over(load_classes(Path(self.labels))) if self.labels and is_file else said


def comma_list(text: str) -> list[str]:
    """The items of ``a, b,,c``, without spaces around them and without empty ones."""
    return [name for item in text.split(",") if (name := item.strip())]


def parse_merge(text: str) -> dict[str, list[str]]:
    """``limb=hand,foot;person=man,woman`` as a dict.

    Raises:
        UsageError: it is not of that form.
    """
    merged: dict[str, list[str]] = {}
    for item in filter(str.strip, text.split(";")):
        name, equals, sources = item.partition("=")
        if not (name.strip() and equals and comma_list(sources)):
            raise UsageError(f"--merge {item.strip()}: want new=a,b")
        merged.setdefault(name.strip(), []).extend(comma_list(sources))
    return merged


_MEANS_A_FILE = re.compile(r"^[^,]*([\\/]|[^,\s]\.\w+$)[^,]*$")


def load_names(source: str) -> list[str]:
    """The classes of a ``--labels`` value: a file with a name a line, or ``a,b,c``.

    A single value with an extension or a folder in it means a file. labelme's ``__ignore__`` and
    ``_background_`` are no classes.

    Raises:
        UsageError: it is neither, or the file is not there.
    """
    if os.path.isfile(source):  # where Path.is_file raises for a list longer than a file name
        try:
            lines = read_file(Path(source)).decode("utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise UsageError(f"labels file {source} is not UTF-8 text: {error}") from error
    elif source.endswith(".txt") or _MEANS_A_FILE.search(source):
        raise UsageError(
            f"--labels {source}: there is no such file; a class of that name is given with a comma "
            f"({source},), or by a classes.toml: names = ['{source}'] below [classes]"
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
        UsageError: a value is no list of strings.
        ParseError: the file is no TOML.
    """
    table = load_toml(path)
    try:
        return msgspec.convert(table.get("aliases", table), dict[str, list[str]])
    except msgspec.ValidationError as error:
        raise UsageError(f"{path}: want lines such as person = ['pedestrian']: {error}") from error


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

        [classes]                    # each line may be left out
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
        UsageError: a table, key or value is none of these.
        ParseError: the file is no TOML.
    """
    try:
        file = msgspec.convert(load_toml(path), _File)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"{path}: {error}; want [classes] with names, drop, skip, unknown, ignore_case, and "
            "[aliases] and [merge] with lines such as person = ['pedestrian']"
        ) from error
    said = msgspec.structs.asdict(file.classes)
    return ClassRules(aliases=file.aliases, merge=file.merge, **said)
