"""A manifest: the file that records the split of each image, and the rule that assigned it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from dataforge.codes import code
from dataforge.errors import InputError, UsageError, plural
from dataforge.findings import Finding, Place
from dataforge.io import (
    NamedFile,
    decode_json,
    explain_validation,
    load_toml,
    read_file,
    stem,
    toml_value,
    write_json,
    write_text,
)
from dataforge.splits.assign import ClassCounts, assign, grouping
from dataforge.splits.ratios import is_split_name, parse_ratios


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How images are assigned to splits.

    Attributes:
        ratios: split -> share of the images.
        seed: seed of the order of the images.
        group_by: regular expression; images whose names have the same first group (or the same
            match, if it has no group) stay together, such as the frames of one video.
        stratify: also keep the ratios for the instances of each class.
    """

    ratios: dict[str, float] = {}
    seed: int = 0
    group_by: str | None = None
    stratify: bool = False

    def assign(self, images: ClassCounts, kept: Mapping[str, str] | None = None) -> dict[str, str]:
        """Image -> split.

        Args:
            images: all images, including those in `kept`.
            kept: image -> split that does not change; may contain images that no longer exist.

        Raises:
            UsageError: there are fewer images or groups than splits.
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
    """The split of each image, so that later runs assign the same.

    Attributes:
        version: version of the file format.
        counts: split -> class -> number of instances when the manifest was written.
        images: image -> split.
    """

    version: int = 1
    counts: dict[str, dict[str, int]] = {}
    images: dict[str, str] = {}

    def assign(self, images: ClassCounts, kept: Mapping[str, str] | None = None) -> dict[str, str]:
        """Image -> split, for the images that the manifest lists.

        Names are matched exactly. If none match, as with a manifest made from another folder,
        they are matched without extension, and the shorter one may lack leading folders.
        """
        found = {name: self.images[name] for name in images if name in self.images}
        return found or _by_stem(images, self.images)


def _by_stem(images: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """Image -> split by the end of its path without extension, where that is unambiguous."""
    whole = _unambiguous((stem(name), split) for name, split in known.items())
    ends = _unambiguous((end, split) for name, split in known.items() for end in _ends(stem(name)))
    found = {}
    for name in images:
        shorter = (whole[end] for end in _ends(stem(name)) if end in whole)
        split = ends.get(stem(name)) or next(shorter, None)
        if split is not None:
            found[name] = split
    return found


def _ends(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[start:]) for start in range(len(parts))]


def _unambiguous(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, split in pairs:
        if found.setdefault(name, split) != split:
            found[name] = ""
    return {name: split for name, split in found.items() if split}


def load_rule(split: str | None, seed: int, stratify: bool, group_by: str | None) -> Rule | None:
    """The rule given by ``--split`` and its related options; None if nothing is to be split.

    Args:
        split: ratios (see `parse_ratios`), or a manifest file (.json, .toml).
        seed, stratify, group_by: see `Rule`; a manifest contains its own.

    Raises:
        UsageError: a value is invalid, or cannot be combined with the others.
        InputError: the manifest does not exist, or is invalid.
    """
    by_ratios = split is not None and not split.lower().endswith((".json", ".toml"))
    if not by_ratios and (stratify or group_by is not None):
        option = "--stratify" if stratify else "--group-by"
        raise UsageError(f"{option} requires --split with ratios; a manifest has its own")
    if split is None:
        return None
    if not by_ratios:
        return load_manifest(Path(split))
    grouping(group_by)
    return Rule(ratios=parse_ratios(split), seed=seed, group_by=group_by, stratify=stratify)


def split_names(rule: Rule, assigned: Mapping[str, str]) -> list[str]:
    """The splits in order: those of the ratios, then any others in a manifest, sorted."""
    if not isinstance(rule, Manifest):
        return list(rule.ratios)
    used = set(assigned.values())
    names = [name for name in rule.ratios if name in used]
    return [*names, *sorted(used - set(names))]


def not_in_manifest(names: Iterable[str], lost: int, manifest: str | None) -> Finding:
    """The finding about images that a manifest does not list."""
    missing = sorted(names)
    return code("not-in-manifest").at(
        Place(missing[0]),
        f"{plural(len(missing), 'image')} {'are' if len(missing) > 1 else 'is'} not in "
        f"{manifest} (the first is here): {plural(lost, 'shape')} not written",
        "`dataforge split SRC -o FILE` adds new images and moves none",
        lost=lost,
    )


# The file -----------------------------------------------------------------------------------


def load_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        InputError: the file cannot be read, or is not a manifest.
    """
    if path.suffix.lower() == ".toml":
        table = load_toml(path)
        try:
            manifest = msgspec.convert(table, Manifest)
        except msgspec.ValidationError as error:
            raise InputError(f"{path}: {explain_validation(error, table)}") from error
    else:
        manifest = decode_json(read_file(path), Manifest, str(path))
    if manifest.version != 1:
        raise InputError(f"{path}: version {manifest.version}: made by a newer dataforge")
    if not manifest.images:
        raise InputError(f"{path}: lists no images")
    for name in {**manifest.ratios, **dict.fromkeys(manifest.images.values())}:
        if not is_split_name(name):
            raise InputError(f"{path}: {name!r} cannot be a split's name")
    return manifest


def save_manifest(manifest: Manifest, file: Path | NamedFile) -> None:
    """Write a manifest, as TOML if the file name ends with .toml, else as JSON.

    The same manifest always gives the same bytes.

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
    path = file.path if isinstance(file, NamedFile) else file
    if path.suffix.lower() == ".toml":
        write_text(file, _toml(table))
    else:
        write_json(file, table)


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
