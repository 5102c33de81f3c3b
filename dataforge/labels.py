"""Which class a label means: declared names, aliases, and what to do with the rest."""

from __future__ import annotations

import difflib
import os
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from dataforge.errors import UsageError
from dataforge.fileio import load_toml
from dataforge.records import Finding, Image, Instance

Unknown: TypeAlias = Literal["error", "ignore", "add"]

LABELME_RESERVED = ("__ignore__", "_background_")
"""First lines of labelme's labels.txt; never classes (labelme examples, labels.txt)."""


class ClassMap:
    """From labels as written to class names; counts what it could not place.

    Args:
        names: the classes in order; None takes every label that comes, sorted by name.
        aliases: class name -> other spellings of it.
        unknown: a label not in `names`: `error` (finding, instance left out), `ignore` (left out
            with a note), `add` (a new class after the declared ones, sorted).
        ignore_case: compare case-folded.
        skipped: labels that mean no object, such as HumanParts' ``none``.

    Raises:
        UsageError: a class twice, or a spelling that belongs to two classes.
    """

    def __init__(
        self,
        names: Sequence[str] | None = None,
        aliases: Mapping[str, Sequence[str]] | None = None,
        *,
        unknown: Unknown = "error",
        ignore_case: bool = False,
        skipped: Iterable[str] = (),
    ) -> None:
        self._declared = None if names is None else [name.strip() for name in names]
        self._open = names is None or unknown == "add"
        self._unknown_policy = unknown
        self._ignore_case = ignore_case
        self._class_of: dict[str, str] = {}
        for name in self._declared or ():
            if self._key(name) in self._class_of:
                raise UsageError(f"class {name!r} is declared twice")
            self._class_of[self._key(name)] = name
        for name, spellings in (aliases or {}).items():
            if self._declared is not None and self._key(name) not in self._class_of:
                raise UsageError(f"aliases name the class {name!r}, which is not among the classes")
            name = self._class_of.setdefault(self._key(name), name)
            for spelling in spellings:
                other = self._class_of.setdefault(self._key(spelling), name)
                if other != name:
                    raise UsageError(f"the spelling {spelling!r} belongs to {other!r} and {name!r}")
        self._skipped = {self._key(label) for label in skipped}
        self._resolved: dict[str, str | None] = {}
        self._used: set[str] = set()
        self._source: list[str] = []
        self._left_out: dict[str, _LeftOut] = {}

    def declare(self, names: Iterable[str]) -> None:
        """Take the source's own classes in their order, where the user named none."""
        if self._declared is not None:
            return
        self._source = list(dict.fromkeys(c for name in names if (c := self.canonical(name))))

    def _key(self, label: str) -> str:
        key = unicodedata.normalize("NFC", label.strip())
        return key.casefold() if self._ignore_case else key

    def canonical(self, label: str) -> str | None:
        """The class that a label means; None for an unknown one or one to skip."""
        if label not in self._resolved:
            self._resolved[label] = self._resolve(label)
        return self._resolved[label]

    def _resolve(self, label: str) -> str | None:
        key = self._key(label)
        if key in self._skipped or not key:
            return None
        if self._open:
            return self._class_of.setdefault(key, label.strip())
        return self._class_of.get(key)

    def apply(self, image: Image) -> Image:
        """The same image with class names for labels, without what has no class (counted)."""
        kept = []
        for instance in image.instances:
            name = self.canonical(instance.label)
            if name is None:
                self._leave_out(image, instance)
            else:
                self._used.add(name)
                same = name == instance.label
                kept.append(instance if same else msgspec.structs.replace(instance, label=name))
        return msgspec.structs.replace(image, instances=tuple(kept))

    def _leave_out(self, image: Image, instance: Instance) -> None:
        label = instance.label.strip()
        entry = self._left_out.setdefault(label, _LeftOut(image.source, instance.where))
        entry.shapes += instance.parts

    def names(self) -> list[str]:
        """The classes in order: as declared by the user or the source, then the rest, sorted."""
        declared = self._declared if self._declared is not None else self._source
        return [*declared, *sorted(self._used - set(declared))]

    def spellings(self) -> dict[str, str]:
        """Normalised label -> class, of every label that counts, classes in order."""
        names = self.names()
        return dict(
            sorted(
                ((key, name) for key, name in self._class_of.items() if name in names),
                key=lambda item: (names.index(item[1]), item[0]),
            )
        )

    def findings(self) -> Iterator[Finding]:
        """One finding for each label that was left out, with its count and the nearest class."""
        for label, entry in sorted(self._left_out.items()):
            times = f"{entry.shapes} shape{'s' * (entry.shapes != 1)}"
            if self._key(label) in self._skipped:
                yield Finding(
                    code="skipped-label",
                    severity="note",
                    file=entry.file,
                    where=entry.where,
                    message=f"{label!r} means no object: {times} left out, the first one here",
                    lost=entry.shapes,
                )
                continue
            close = self._nearest(label)
            hint = f"did you mean {close!r}? Then add" if close else "add"
            yield Finding(
                code="empty-label" if not label else "unknown-label",
                severity="note" if self._unknown_policy == "ignore" else "error",
                file=entry.file,
                where=entry.where,
                message=f"label {label!r} is none of the {len(self.names())} classes: "
                f"{times} left out, the first one here",
                remedy=f"{hint} it to the aliases or the labels, or pass --unknown add",
                lost=entry.shapes,
            )

    def _nearest(self, label: str) -> str | None:
        names = {name.casefold(): name for name in self._class_of.values()}
        found = difflib.get_close_matches(label.casefold(), names, n=1, cutoff=0.6)
        return names[found[0]] if found else None


class _LeftOut:
    def __init__(self, file: str, where: str) -> None:
        self.file = file
        self.where = where
        self.shapes = 0


def load_names(source: str | None) -> tuple[list[str] | None, list[str]]:
    """(classes, labels to skip) of a ``--labels`` value: a file with a name a line, or ``a,b,c``.

    labelme's ``__ignore__`` and ``_background_`` are labels to skip.

    Raises:
        UsageError: it is neither.
    """
    if source is None:
        return None, list(LABELME_RESERVED)
    if os.path.isfile(source):  # where Path.is_file raises for a list longer than a file name
        try:
            lines = Path(source).read_text("utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise UsageError(f"labels file {source} is not UTF-8 text: {error}") from error
    elif source.endswith(".txt") or "/" in source:
        raise UsageError(f"labels file {source} does not exist")
    else:
        lines = source.split(",")
    names = [line.strip() for line in lines]
    names = [name for name in names if name and name not in LABELME_RESERVED]
    if not names:
        raise UsageError(f"no class names in {source}")
    return names, list(LABELME_RESERVED)


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
