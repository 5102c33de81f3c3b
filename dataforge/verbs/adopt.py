"""Registers a dataset of any format that is read.

Generated dataset classes read COCO and Pascal VOC. What is in another format is converted to COCO
beside the output first (``NAME_registered_coco`` beside ``NAME_registered``), and registered then.
"""

from __future__ import annotations

import os
import shutil
from typing import get_args, get_type_hints

import msgspec

from dataforge.datasets import Progress, formats_in
from dataforge.errors import DataforgeError, UsageError, plural
from dataforge.frameworks import identify
from dataforge.io import Root
from dataforge.jobs import Job
from dataforge.layouts import Layout
from dataforge.shell import UNPRINTABLE, command_line, path_word
from dataforge.verbs.convert import convert
from dataforge.verbs.register import Plan, Request, plan

_READ_IN_TRAINING = get_args(get_type_hints(Layout)["format"])


def plan_any(
    request: Request,
    progress: Progress | None = None,
    *,
    dry_run: bool = False,
    force: bool = False,
) -> Plan:
    """What a registration would write, see `dataforge.verbs.register.plan`.

    A dataset that training cannot read is converted first, and its conversion is part of the
    reasons and findings; if it cannot be registered, the conversion is removed again.

    Args:
        request: what to register, and how.
        progress: see `dataforge.datasets.Progress`.
        dry_run: nothing may be written.
        force: a conversion that exists may be overwritten.

    Raises:
        UsageError: with `dry_run`, it has to be converted; or see `plan`.
        DataforgeError: see `plan` and `dataforge.verbs.convert.convert`.
    """
    format_ = _other_format(request)
    if not format_:
        return plan(request, progress)
    key, _ = identify(request.name)
    out = os.path.abspath(request.out or f"{key}_registered")
    target = f"{out}_coco"
    if dry_run:
        words = ["dataforge", "convert", f"{format_}2coco", path_word(request.root), target]
        command = command_line(*words, "--image-mode", "copy")
        raise UsageError(
            f"--dry-run: {request.root} is in the format {format_}, which is converted first: "
            f"{command or UNPRINTABLE}; then register {target}"
        )
    existed = os.path.lexists(target)
    report = convert(_job(request, format_, target, force=force), progress)
    try:
        planned = plan(_of_the_conversion(request, target, out), progress)
    except DataforgeError:
        if not existed:
            shutil.rmtree(target, ignore_errors=True)
        raise
    number = sum(report.images.values())
    planned.reasons.insert(
        0, f"{format_}: {plural(number, 'image')} converted to {target}, which is registered"
    )
    planned.findings = [*report.findings, *planned.findings]
    return planned


def _other_format(request: Request) -> str:
    """The format of a folder that has to be converted; empty if there is none."""
    if request.layout or request.flags or not os.path.isdir(request.root):
        return ""
    found = [
        one.format for one in formats_in(Root(request.root, follow_links=request.follow_links))
    ]
    return "" if not found or {*found} & {*_READ_IN_TRAINING} else found[0]


def _job(request: Request, format_: str, target: str, *, force: bool) -> Job:
    """The conversion, with the splits that were asked for, and all classes."""
    return Job(
        source=request.root,
        out=target,
        reads=format_,
        writes="coco",
        split=request.split,
        seed=request.seed,
        stratify=request.stratify,
        group_by=request.group_by,
        image_mode="copy",
        follow_links=request.follow_links,
        force=force,
        engine=request.engine,
        engine_options=request.engine_options,
        workers=request.workers,
    )


def _of_the_conversion(request: Request, target: str, out: str) -> Request:
    """The request for what was written, whose splits are made."""
    return msgspec.structs.replace(
        request, root=target, out=out, layout="coco", split=None, stratify=False, group_by=None
    )
