"""A manifest: the file that says which image is in which split, and how that was decided."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from dataforge.errors import InputError, UsageError, plural
from dataforge.io import (
    decode_json,
    is_plain,
    load_toml,
    read_file,
    stem,
    toml_value,
    write_json,
    write_text,
)
from dataforge.records import Finding
from dataforge.splits.draw import Labels, assign, can_be_name, grouping, parse_ratios


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How images are shared out.

    Attributes:
        ratios: split -> share of the images.
        seed: of the draw.
        group_by: regular expression; images whose names give the same first group (or the same
            match, where it has no group) stay together, such as the frames of one video.
        stratify: share out each class's instances by the ratios, too.
    """

    ratios: dict[str, float] = {}
    seed: int = 0
    group_by: str | None = None
    stratify: bool = False

    def sides(self, images: Labels, kept: Mapping[str, str] | None = None) -> dict[str, str]:
        """Image -> split.

        Args:
            images: all of them, those that have a side among them.
            kept: images whose side stands already; they need not be there any more.

        Raises:
            UsageError: fewer images, or groups, than splits.
        """
        return assign(
            images,
            self.ratios,
            self.seed,
            group=grouping(self.group_by),
            labels=images if self.stratify else None,
            kept=kept or {},
        )


class Manifest(Rule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which image is in which split; a file that later runs hold to.

    Attributes:
        version: of the file's form.
        counts: split -> class -> number of instances, as they were when it was written.
        images: image -> split.
    """

    version: int = 1
    counts: dict[str, dict[str, int]] = {}
    images: dict[str, str] = {}

    def sides(self, images: Labels, kept: Mapping[str, str] | None = None) -> dict[str, str]:
        """Image -> split, of those that the manifest knows.

        Names are matched as they are. Where not one is, as with a manifest that was made from
        another folder, the names without extension are; the shorter may lack leading folders.
        """
        found = {name: self.images[name] for name in images if name in self.images}
        return found or _sides_by_stem(images, self.images)


def _sides_by_stem(images: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """Image -> split by the end of its path without extension, where that can mean one only."""
    whole = _unambiguous((stem(name), side) for name, side in known.items())
    ends = _unambiguous((end, side) for name, side in known.items() for end in _ends(stem(name)))
    found = {}
    for name in images:
        shorter = (whole[end] for end in _ends(stem(name)) if end in whole)
        side = ends.get(stem(name)) or next(shorter, None)
        if side is not None:
            found[name] = side
    return found


def _ends(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[start:]) for start in range(len(parts))]


def _unambiguous(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, side in pairs:
        if found.setdefault(name, side) != side:
            found[name] = ""
    return {name: side for name, side in found.items() if side}


def load_rule(split: str | None, seed: int, stratify: bool, group_by: str | None) -> Rule | None:
    """What ``--split`` and its companions mean; None where nothing is to be split.

    Args:
        split: ``train=0.8,val=0.2``, or a manifest file (.json, .toml).
        seed, stratify, group_by: see `Rule`; a manifest has its own.

    Raises:
        UsageError: a value is not understood, or says nothing beside the others.
        InputError: the manifest is not there, or is none.
    """
    drawn = split is not None and not split.lower().endswith((".json", ".toml"))
    if not drawn and (stratify or group_by is not None):
        option = "--stratify" if stratify else "--group-by"
        raise UsageError(f"{option} goes with --split train=0.8,val=0.2; a manifest has its own")
    if split is None:
        return None
    if not drawn:
        return load(Path(split))
    grouping(group_by)
    return Rule(ratios=parse_ratios(split), seed=seed, group_by=group_by, stratify=stratify)


def split_names(rule: Rule, sides: Mapping[str, str]) -> list[str]:
    """The splits in order: those of the ratios, then others that a manifest names, sorted."""
    if not isinstance(rule, Manifest):
        return list(rule.ratios)
    used = set(sides.values())
    names = [name for name in rule.ratios if name in used]
    return [*names, *sorted(used - set(names))]


def not_listed(names: Iterable[str], lost: int, manifest: str | None) -> Finding:
    """The finding on images that a manifest does not know."""
    missing = sorted(names)
    return Finding(
        code="not-in-manifest",
        severity="error",
        file=missing[0],
        message=f"{plural(len(missing), 'image')} {'are' if len(missing) > 1 else 'is'} not in "
        f"{manifest}, the first is this: {plural(lost, 'shape')} not written",
        remedy="`dataforge split SRC --out FILE` adds new images, and moves none",
        lost=lost,
    )


# The file -----------------------------------------------------------------------------------


def load(path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        ParseError: it cannot be read, or is no manifest, with the place.
    """
    if path.suffix.lower() == ".toml":
        table = load_toml(path)
        try:
            manifest = msgspec.convert(table, Manifest)
        except msgspec.ValidationError as error:
            raise InputError(f"{path}: {error}") from error
    else:
        manifest = decode_json(read_file(path), Manifest, str(path))
    if manifest.version != 1:
        raise InputError(f"{path}: version {manifest.version}: made by a newer dataforge")
    if not manifest.images:
        raise InputError(f"{path}: lists no images")
    for name in {**manifest.ratios, **dict.fromkeys(manifest.images.values())}:
        if not can_be_name(name):
            raise InputError(f"{path}: {name!r} cannot be a split's name")
    return manifest


def want_split_names(names: Iterable[str]) -> None:
    """Refuse names, of splits that a dataset has, that cannot be part of a file's.

    Raises:
        InputError: one cannot.
    """
    for name in names:
        if not is_plain(name):
            raise InputError(f"{name!r} cannot be a split's name, as files are called by it")


def save(manifest: Manifest, path: Path) -> None:
    """Write a manifest, as TOML where the name ends so, else as JSON; always the same bytes.

    Raises:
        OutputError: it cannot be written.
    """
    table: dict[str, Any] = {
        "version": manifest.version,
        "ratios": manifest.ratios,
        "seed": manifest.seed,
        "group_by": manifest.group_by,
        "stratify": manifest.stratify,
        "counts": manifest.counts,
        "images": dict(sorted(manifest.images.items())),
    }
    if manifest.group_by is None:
        del table["group_by"]
    if path.suffix.lower() == ".toml":
        write_text(path, _toml(table))
    else:
        write_json(path, table)


def _toml(table: Mapping[str, Any], name: str = "") -> str:
    """A table of values and tables as TOML."""
    values = {key: value for key, value in table.items() if not isinstance(value, dict)}
    lines = [f"{_toml_key(key)} = {toml_value(value)}\n" for key, value in values.items()]
    head = f"\n[{name}]\n" if name and (lines or not table) else ""
    inner = (
        _toml(value, f"{name}.{_toml_key(key)}" if name else _toml_key(key))
        for key, value in table.items()
        if isinstance(value, dict)
    )
    return head + "".join(lines) + "".join(inner)


def _toml_key(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else toml_value(text)
