"""Files that the user names to be written: what must not be overwritten is refused at the start."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import click

from dataforge.errors import DataforgeError, OutputError, UsageError
from dataforge.io import (
    NamedFile,
    decode_json,
    load_toml,
    may_hold_annotations,
    read_file,
    refuse_planted,
    refuse_special,
    without_file_scheme,
)

Writes: TypeAlias = Literal["report", "layout", "picture", "output", "url"]
"""What a parameter names: a JSON report, a layout, one of `PICTURES`, or something else that the
verb guards: on this machine, or also at a URL."""

PICTURES = (".png", ".svg", ".pdf")
"""Endings of the pictures that verbs draw."""

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
"""A URL, also after `Path` has taken a slash away; drives have one letter."""

FORCE = "dataforge.force"
"""Key in `click.Context.meta` for whether --force is given."""


class _Target(NamedTuple):
    name: str
    option: str
    kind: Writes
    path: Path


def settle(ctx: click.Context) -> None:
    """Replace the paths of files to be written by `NamedFile`, unless they must not be written.

    Args:
        ctx: its `params` are changed.

    Raises:
        UsageError: two parameters name the same file.
        OutputError: a file exists and --force is not given, or it is read by this run, is
            reached through a link inside the dataset that is read, or is a device.
    """
    targets: list[_Target] = []
    read: list[str] = []
    datasets: list[str] = []
    for param in ctx.command.params:
        texts = [*_texts(ctx.params.get(str(param.name)))]
        kind: Writes | None = getattr(param, "writes", None)
        if kind and texts:
            option = param.opts[-1] if isinstance(param, click.Option) else param.make_metavar(ctx)
            text = without_file_scheme(texts.pop())
            if kind != "url" and _URL.match(text):
                raise UsageError(f"{option} {text}: name a path on this machine")
            targets.append(_Target(str(param.name), option, kind, Path(text)))
        read += texts
        datasets += texts if isinstance(param, click.Argument) else ()
    inputs = {path for text in read for path in _paths(text) if os.path.exists(path)}
    folders = [Path(path) for path in inputs if os.path.isdir(path)]
    for one, other in combinations(targets, 2):
        if os.path.realpath(one.path) == os.path.realpath(other.path):
            raise UsageError(f"{one.option} and {other.option} name the same file: {one.path}")
    homes = {home for text in datasets if os.path.isfile(text) and (home := _home(text))}
    for target in targets:
        refuse_special(target.path)
        for folder in (*folders, *sorted(homes)):
            refuse_planted(target.path, folder)
        if target.kind not in ("output", "url"):
            named = NamedFile(target.path, force=bool(ctx.meta.get(FORCE)))
            _refuse_input(target, inputs, folders)
            ctx.params[target.name] = named


def _texts(value: Any) -> Iterator[str]:
    """The texts in a parameter's value, in order."""
    if isinstance(value, (str, Path)):
        yield str(value)
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from _texts(each)


def _paths(text: str) -> list[str]:
    """The paths that a value such as ``a.json``, ``a,b`` or ``train=a.txt,val=b.txt`` may name."""
    return [text, *(part.strip() for part in re.split("[,=]", text) if part.strip())]


def _home(file: str) -> Path | None:
    """The folder of the dataset that an annotation file belongs to; None for other files."""
    if not file.lower().endswith((".json", ".xml", ".txt")):
        return None
    folder = Path(os.path.realpath(file)).parent
    return folder.parent if may_hold_annotations(folder.name) else folder


def _refuse_input(target: _Target, inputs: set[str], folders: Sequence[Path]) -> None:
    """Reject an existing file that this run reads; an earlier report is not read."""
    if not os.path.exists(target.path):
        return
    real = os.path.realpath(target.path)
    for path in inputs:
        if os.path.isfile(path) and os.path.samefile(path, target.path):
            raise OutputError(f"{target.path} is read by this run, and is not overwritten")
    for folder in folders:
        inside = real.startswith(os.path.join(os.path.realpath(folder), ""))
        if inside and not _is_earlier(target):
            raise OutputError(
                f"{target.path} is part of {folder}, which this run reads; name another file"
            )


def _is_earlier(target: _Target) -> bool:
    """Whether a file was written by the same option before."""
    if target.kind == "picture":
        return target.path.suffix.lower() in PICTURES  # no verb that draws reads one
    try:
        if target.kind == "layout":
            return bool(load_toml(target.path))
        report = decode_json(read_file(target.path), dict[str, Any], str(target.path))
    except DataforgeError:
        return False
    return isinstance(report.get("findings"), list)
