"""Options shared by several subcommands, with the same names and meaning."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from dataforge.cli.command import CLASSES, GENERAL, OUTPUT, SPLITS, Bundle, Option
from dataforge.cli.output import Output
from dataforge.cli.struct_options import given, struct_options
from dataforge.cli.targets import FORCE
from dataforge.datasets import default_cache_folder
from dataforge.engines import engine_options, engines, get_engine
from dataforge.errors import UsageError
from dataforge.formats import Format, get_format

FILE = click.Path(path_type=Path)


def from_option(formats: dict[str, Format]) -> Option:
    """The input format."""
    names = [name for name, one in formats.items() if one.reader]
    return Option(
        "--from",
        "from_",
        metavar="FORMAT",
        choices=names,
        look_up=get_format,
        help=f"Format to read: {', '.join(names)}. [default: that of most annotation files]",
    )


def layout_option() -> Option:
    """The layout, for formats that have one."""
    return Option(
        "--layout",
        metavar="NAME|FILE",
        help="Where images, annotations and split lists are: custom-voc (inferred, the default), "
        "voc, the name of a well-known dataset such as humanparts, or a .toml file (voc).",
    )


def output_option(what: str, metavar: str, default: str | None = None) -> Option:
    """The output path, for commands that have a default or do not require one."""
    return Option(
        "-o",
        "--output",
        "out",
        section=OUTPUT,
        metavar=metavar,
        default=default,
        show_default=default is not None,
        writes="output",
        help=what,
    )


def python_option() -> Option:
    """The Python interpreter whose site-packages are used."""
    return Option(
        "--python",
        metavar="PYTHON",
        help="Python interpreter used for training. [default: the one that runs dataforge]",
    )


def device_option(devices: Sequence[str], what: str = "train") -> Option:
    """What trains, or does something else."""
    return Option(
        "--device",
        choices=devices,
        default="auto",
        show_default=True,
        help=f"Where to {what}; auto is cuda if there is a GPU.",
    )


def follow_links_option() -> Option:
    """Permission to read what a dataset links to."""
    return Option(
        "--follow-links",
        is_flag=True,
        default=False,
        help="Also read what links out of the folder lead to.",
    )


def force_option(what: str = "the file of --report", *, only_report: bool = False) -> Option:
    """Permission to overwrite.

    Args:
        what: is overwritten.
        only_report: the verb itself overwrites nothing, and does not get the option.
    """

    def remember(ctx: click.Context, _: click.Parameter, value: bool) -> bool:
        ctx.meta[FORCE] = value
        return value

    return Option(
        "--force",
        is_flag=True,
        default=False,
        expose_value=not only_report,
        callback=remember,
        section=OUTPUT,
        help=f"Overwrite {what}.",
    )


def classes() -> Bundle:
    """Mapping of labels to classes; the fields of `dataforge.classes.ClassOptions`."""
    options = [
        Option(
            "--labels",
            section=CLASSES,
            metavar="A,B|FILE",
            help="The classes in the order of their ids: a,b,c, a file with one name per line, or "
            "a classes.toml. [default: what the dataset declares, else all labels, sorted]",
        ),
        Option(
            "--label-aliases",
            section=CLASSES,
            metavar="FILE",
            help="TOML file with alternative spellings: class = ['spelling', ...].",
        ),
        Option(
            "--unknown",
            section=CLASSES,
            choices=("error", "ignore", "add"),
            help="What to do with a label that is not a class. [default: error]",
        ),
        Option(
            "--ignore-case/--match-case",
            "ignore_case",
            section=CLASSES,
            is_flag=True,
            default=None,
            help="Whether case matters in labels. [default: match-case]",
        ),
        Option(
            "--drop",
            section=CLASSES,
            metavar="A,B",
            help="Classes to leave out; their shapes are counted.",
        ),
        Option(
            "--merge",
            section=CLASSES,
            metavar="NEW=A,B",
            multiple=True,
            help="Merge classes into one; may be repeated.",
        ),
    ]
    return Bundle("classes", options, _class_options)


def _class_options(
    label_aliases: str | None, merge: tuple[str, ...], **same: Any
) -> dict[str, Any]:
    return {"aliases": label_aliases, "merge": ";".join(merge) or None, **same}


def split() -> Bundle:
    """Assignment of images to splits; the fields of a `dataforge.splits.Rule` in a job."""
    options = [
        Option(
            "--split",
            section=SPLITS,
            metavar="RATIOS|FILE",
            help="80,20 or train=80,val=20, or a manifest of `dataforge split` (.json, .toml). "
            "[default: the dataset's own splits]",
        ),
        Option("--seed", section=SPLITS, type=int, help="Random seed. [default: 0]"),
        Option(
            "--stratify",
            section=SPLITS,
            is_flag=True,
            default=False,
            help="Also keep the ratios for the instances of each class.",
        ),
        group_by_option(),
    ]
    return Bundle("split", options, _split_options)


def group_by_option() -> Option:
    """Images that belong together."""
    return Option(
        "--group-by",
        section=SPLITS,
        metavar="REGEX",
        help="Keep images together whose names match with the same text (that of its first group, "
        "if it has one).",
    )


def _split_options(
    split: str | None, seed: int | None, stratify: bool, group_by: str | None
) -> dict[str, Any]:
    if split is None:
        unused = {"--seed": seed is not None, "--stratify": stratify, "--group-by": bool(group_by)}
        for option in (name for name, is_given in unused.items() if is_given):
            raise UsageError(f"{option} has no effect without --split")
    return {"split": split, "seed": seed or 0, "stratify": stratify, "group_by": group_by}


def work() -> Bundle:
    """The engine: the arguments of `dataforge.engines.get_engine` in a job."""
    options = [
        Option(
            "--engine",
            section=GENERAL,
            choices=engines(),
            look_up=lambda name: get_engine(name, 1),
            default="local",
            show_default=True,
            help="Where the work runs.",
        ),
        Option(
            "--workers",
            section=GENERAL,
            type=int,
            help="Number of processes, 0 for one per core. The result is the same. [default: this "
            "one, and one per core from when that pays, after about half a second of work]",
        ),
    ]
    structs = {f"--engine {name}": struct for name, struct in engine_options().items()}
    return Bundle("work", [*options, *struct_options(structs, GENERAL)], _work_options)


def _work_options(engine: str, workers: int | None, **own: Any) -> dict[str, Any]:
    return {"engine": engine, "workers": workers, "engine_options": given(**own)}


def cache() -> Bundle:
    """Where it is kept what was read; None for nowhere."""
    options = [
        Option(
            "--cache",
            section=GENERAL,
            is_flag=True,
            default=False,
            help="Read only what has changed since the last run with this option. The result is "
            "the same.",
        ),
        Option(
            "--cache-dir",
            section=GENERAL,
            metavar="DIR",
            writes="output",
            help="With --cache, which it implies: the folder of what is kept. [default: your "
            "cache folder, such as ~/.cache/dataforge]",
        ),
    ]
    return Bundle("cache", options, _cache_folder)


def _cache_folder(cache: bool, cache_dir: str | None) -> str | None:
    if cache_dir == "":
        raise UsageError("--cache-dir: expected a folder, got an empty path")
    return cache_dir or (default_cache_folder() if cache else None)


def output(*, exit_zero: bool = True, report: bool = True) -> Bundle:
    """The output options of a command, see `Output`."""
    options = [
        Option(
            "--json",
            section=OUTPUT,
            is_flag=True,
            default=False,
            help="Print only JSON.",
        )
    ]
    if report:
        options.append(
            Option(
                "--report",
                section=OUTPUT,
                metavar="FILE",
                type=FILE,
                writes="report",
                help="Also write the report to a JSON file.",
            )
        )
    if exit_zero:
        options.append(
            Option(
                "--exit-zero",
                section=OUTPUT,
                is_flag=True,
                default=False,
                help="Exit with 0 even if there are findings at error level.",
            )
        )
    return Bundle("output", options, Output)
