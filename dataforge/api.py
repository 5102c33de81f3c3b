"""The verbs as functions; their options are the fields of the option structs that they name.

    >>> import dataforge
    >>> dataforge.convert("labels", "coco", to="coco", split="train=80,val=20")  # doctest: +SKIP
    <Report coco: 14 images, 68 objects, 3 classes; no findings>

An option that does not exist, or has a value of the wrong type, is a `UsageError`; so is one that
does not apply. Bad data raise nothing: they are findings of the report.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

if TYPE_CHECKING:
    import msgspec

    from dataforge.jobs import Report
    from dataforge.verbs.browse import BrowseReport
    from dataforge.verbs.check import CheckReport
    from dataforge.verbs.evaluate import Evaluation
    from dataforge.verbs.inspect import Inspection
    from dataforge.verbs.register import Plan
    from dataforge.verbs.smoke import SmokeReport
    from dataforge.verbs.split import SplitReport
    from dataforge.verbs.stats import Stats
    from dataforge.verbs.view import ViewReport

PathLike: TypeAlias = "str | os.PathLike[str]"


def inspect(path: PathLike, *, layout: str | None = None, follow_links: bool = False) -> Inspection:
    """What is in a folder, and what to do with it.

    Args:
        path: a folder, local or an fsspec URL, or a file in it.
        layout: a layout file; see `dataforge.Layout`.
        follow_links: also look at what links out of the folder lead to.

    Raises:
        InputError: there is no such folder or file.
    """
    from dataforge.verbs.inspect import inspect as run

    return run(os.fspath(path), layout, follow_links=follow_links)


def check(path: PathLike, **options: Any) -> CheckReport:
    """Find what will spoil a training.

    Args:
        path: a folder in any format, an annotation file, or a training config.
        options: fields of `dataforge.verbs.check.CheckOptions`, such as ``select=("boxes",)``.

    Raises:
        UsageError: an option does not exist, does not apply, or is invalid.
        InputError: there is no such folder or file, or nothing in it can be read.
    """
    from dataforge.verbs.check import CheckOptions
    from dataforge.verbs.check import check as run

    return run(os.fspath(path), _options(CheckOptions, options))


def convert(
    src: PathLike, out: PathLike, *, to: str = "coco", reads: str | None = None, **options: Any
) -> Report:
    """Convert a dataset from one format to another.

    Args:
        src: a folder, local or an fsspec URL, or a file in it.
        out: a folder, local or an fsspec URL, or a file if the format allows one.
        to: the format that is written.
        reads: the format that is read; None for that of most of the annotation files.
        options: further fields of `dataforge.Job`, such as ``split="train=80,val=20"`` and
            ``image_mode="copy"``; those of formats are in `read_options` and `write_options`.

    Raises:
        UsageError: an option does not exist, does not apply to the format, or is invalid.
        InputError: there is no such folder, or nothing in it can be converted.
        OutputError: the output exists and `force` is not given, or cannot be written.
    """
    from dataforge.datasets import KeepingRoot, guess_formats
    from dataforge.jobs import Job
    from dataforge.verbs.convert import convert as run

    fields = {"source": os.fspath(src), "out": os.fspath(out), "writes": to, **options}
    if reads is not None:
        return run(_options(Job, {**fields, "reads": reads}))
    root = KeepingRoot(fields["source"], follow_links=bool(options.get("follow_links")))
    reads, others, _ = guess_formats(root)
    job = _options(Job, {**fields, "reads": reads})
    return run(job, root=root, others=others)


def split(src: PathLike, out: PathLike = "splits.json", **options: Any) -> SplitReport:
    """Draw splits, and record them in a manifest that `convert` and `register` take.

    Args:
        src: a folder, or a file in it.
        out: the manifest; images that it has already keep their split.
        options: further fields of `dataforge.verbs.split.SplitJob`, such as
            ``ratios="train=80,val=20"``.

    Raises:
        UsageError: an option does not exist, does not apply, or is invalid.
        InputError: there is no such folder, or nothing in it can be read.
        OutputError: the manifest cannot be written.
    """
    from dataforge.verbs.split import SplitJob, make

    fields = {"source": os.fspath(src), "out": os.fspath(out), **options}
    return make(_options(SplitJob, fields))


def register(
    name: str, root: PathLike = ".", *, dry_run: bool = False, force: bool = False, **options: Any
) -> Plan:
    """Generate a dataset class, its alias and a training config, and make them importable.

    Args:
        name: of the dataset, such as ``HumanParts``.
        root: its folder.
        dry_run: plan it, and write nothing.
        force: overwrite generated files that somebody has changed.
        options: further fields of `dataforge.verbs.register.Request`, such as
            ``frameworks=("mmdet3",)``.

    Returns:
        What was written, or would be.

    Raises:
        UsageError: an option does not exist, does not apply, or is invalid.
        InputError, LayoutError: there is no such dataset, or its layout cannot be inferred.
        OutputError: a file was changed by somebody, or cannot be written.
    """
    from dataforge.verbs.adopt import plan_any
    from dataforge.verbs.register import Request, apply

    fields = {"name": name, "root": os.fspath(root), **options}
    planned = plan_any(_options(Request, fields), dry_run=dry_run, force=force)
    if not dry_run:
        apply(planned, force)
    return planned


def smoke(config: PathLike, work_dir: PathLike | None = None, **options: Any) -> SmokeReport:
    """Prove a training config: train it on a few of its images until it finds their objects.

    Args:
        config: of mmdetection 2 or 3, or the script that `register` generates for torchvision.
        work_dir: where the report and pictures are written; None for
            ``work_dirs/<config>_smoke``.
        options: further fields of `dataforge.verbs.smoke.SmokeOptions`, such as
            ``preflight_only=True``.

    Raises:
        UsageError: an option does not exist or is invalid.
        InputError: there is no such config.
        MissingDependencyError: its framework is not installed.
    """
    from dataforge.verbs.smoke import SmokeOptions, own_folder
    from dataforge.verbs.smoke import smoke as run

    path = Path(config)
    fields = {"work_dir": Path(work_dir) if work_dir else own_folder(path), **options}
    return run(path, _options(SmokeOptions, fields), _quiet)


def evaluate(
    what: PathLike,
    checkpoint: PathLike | None = None,
    *,
    annotations: PathLike | None = None,
    out: PathLike | None = None,
    split: Literal["train", "val", "test"] | None = None,
    device: Literal["auto", "cuda", "cpu"] = "auto",
    **options: Any,
) -> Evaluation:
    """Evaluate a detector: AP by class and size, confusion, and what mistakes cost.

    Args:
        what: a training config; or, with `annotations`, a file of COCO results.
        checkpoint: of the config's model.
        annotations: the COCO file that the results are of.
        out: folder of a page; None for none.
        split: of the config; None for test, or val if it has no test.
        device: where the detector runs.
        options: further fields of `dataforge.verbs.evaluate.EvaluateOptions`.

    Raises:
        UsageError: an option does not exist, does not apply, or is invalid.
        InputError: a file does not exist, or nothing in it can be compared.
        MissingDependencyError: the framework of a config is not installed.
        OutputError: a page exists and `force` is not given, or it cannot be written.
    """
    from dataforge.errors import UsageError
    from dataforge.verbs.evaluate import EvaluateOptions, evaluate_config, evaluate_results

    fields = {"out": out, **options}
    for name in ("out", "images", "results_out"):
        if isinstance(given := fields.get(name), (str, os.PathLike)):
            fields[name] = Path(given)
    chosen = _options(EvaluateOptions, fields)
    if (annotations is None) == (checkpoint is None):
        raise UsageError("give the checkpoint of a config, or the annotations of results")
    if annotations is not None:
        for name, value in (("split", split), ("device", None if device == "auto" else device)):
            if value is not None:
                raise UsageError(f"{name}: is for a config, not for annotations and results")
    try:
        if checkpoint is None:
            return evaluate_results(annotations or "", what, chosen)
        return evaluate_config(
            Path(what), Path(checkpoint), chosen, split=split, device=device, log=_quiet
        )
    except UsageError as error:
        raise UsageError(_as_argument(error)) from None


def stats(path: PathLike, **options: Any) -> Stats:
    """Count and measure a dataset.

    Args:
        path: a folder in any format, or an annotation file.
        options: fields of `dataforge.verbs.stats.StatsOptions`.

    Raises:
        UsageError: an option does not exist, does not apply, or is invalid.
        InputError: there is no such folder or file, or nothing in it can be read.
    """
    from dataforge.verbs.stats import StatsOptions
    from dataforge.verbs.stats import stats as run

    return run(os.fspath(path), _options(StatsOptions, options))


def view(
    path: PathLike,
    images: Iterable[str] = (),
    *,
    out: PathLike = "sheet.png",
    force: bool = False,
    **options: Any,
) -> ViewReport:
    """Draw a contact sheet of images with what is marked on them.

    Args:
        path: a folder in any format, or an annotation file.
        images: names or patterns of the images; none for the first ones.
        out: the picture.
        force: replace a file that is no contact sheet.
        options: further fields of `dataforge.verbs.view.ViewOptions`, such as ``code="zero-area"``.

    Raises:
        UsageError: an option does not exist, does not apply, or is invalid.
        InputError: there is no such folder or file, or nothing in it can be read.
        OutputError: the picture cannot be written.
    """
    from dataforge.verbs.view import ViewOptions
    from dataforge.verbs.view import view as run

    fields = {"images": tuple(images), **options}
    chosen = _options(ViewOptions, fields)
    return run(os.fspath(path), out, chosen, force=force)


def browse(
    path: PathLike, out: PathLike, *, check: dict[str, Any] | None = None, **options: Any
) -> BrowseReport:
    """Make a page of all images, objects and findings that opens from disk.

    Args:
        path: a folder in any format, an annotation file, or a training config.
        out: a folder for the page.
        check: options of `check`.
        options: further fields of `dataforge.verbs.browse.BrowseOptions`, such as
            ``compare="other"``.

    Raises:
        UsageError: an option does not exist, does not apply, or is invalid.
        InputError: there is no such folder or file, or nothing in it can be read.
        OutputError: the folder has a page, and `force` is not given; or it cannot be written.
    """
    from dataforge.verbs.browse import BrowseOptions
    from dataforge.verbs.browse import browse as run
    from dataforge.verbs.check import CheckOptions

    checked = _options(CheckOptions, check or {})
    chosen = _options(BrowseOptions, {"check": checked, **options})
    return run(path, out, chosen)


_S = TypeVar("_S", bound="msgspec.Struct")


def _options(struct: type[_S], given: Mapping[str, Any]) -> _S:
    """An option struct; raises UsageError."""
    from dataforge.errors import UsageError, did_you_mean
    from dataforge.io import convert_options

    known = struct.__struct_fields__
    for name in given:
        if name not in known:
            raise UsageError(f"{name}: no such option; {did_you_mean(name, known)}".rstrip("; "))
    try:
        return convert_options(struct, given, "here")
    except UsageError as error:
        raise UsageError(_as_argument(error)) from None


def _as_argument(error: Exception) -> str:
    """What an error says, which names an option as it is typed in a shell, of an argument."""
    text = str(error)
    if not text.startswith("--"):
        return text
    name, colon, rest = text[2:].partition(":")
    option, blank, value = name.partition(" ")
    return option.replace("-", "_") + blank + value + colon + rest


def _quiet(_: str) -> None:
    """The log of a call: its report has all that matters."""
