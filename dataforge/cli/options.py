"""Options that several subcommands have: the same words, and the same meaning."""

from __future__ import annotations

from typing import Annotated, Any, Optional

import typer

from dataforge.cli.output import choice

Labels = Annotated[
    Optional[str],
    typer.Option(
        "--labels",
        "--classes",
        help="a,b,c, a file with a class name a line, or a classes.toml: the classes in the order "
        "of their labels. Default: what the dataset says, else every label there is, sorted.",
    ),
]
Aliases = Annotated[
    Optional[str], typer.Option("--aliases", help="TOML file: class = ['other spelling', ...].")
]
Unknown = Annotated[
    Optional[str],
    typer.Option("--unknown", help="A label that is no class: error (default), ignore or add."),
]
IgnoreCase = Annotated[
    Optional[bool],
    typer.Option(
        "--ignore-case/--match-case", help="Compare labels without regard to case, or with it."
    ),
]
Drop = Annotated[
    Optional[str], typer.Option("--drop", help="a,b: classes to leave out, and to count.")
]
Merge = Annotated[
    Optional[list[str]],
    typer.Option(
        "--merge",
        metavar="NEW=A,B",
        help="Classes that become one; again for more, or with ; between.",
    ),
]
Split = Annotated[
    Optional[str],
    typer.Option(
        "--split",
        help="train=0.8,val=0.2, or a manifest that `dataforge split` wrote (.json, .toml).",
    ),
]
Seed = Annotated[int, typer.Option("--seed", help="Of --split by ratios.")]
Stratify = Annotated[
    bool,
    typer.Option("--stratify", help="Share out each class's instances by the ratios, too."),
]
GroupBy = Annotated[
    Optional[str],
    typer.Option(
        "--group-by",
        metavar="REGEX",
        help="Images in whose names it finds the same (in its first group) stay on one side.",
    ),
]


def class_options(
    labels: str | None,
    aliases: str | None,
    unknown: str | None,
    ignore_case: bool | None,
    drop: str | None,
    merge: list[str] | None,
) -> dict[str, Any]:
    """The fields of `dataforge.classes.ClassOptions`.

    Raises:
        UsageError: `unknown` is none of its values.
    """
    return {
        "labels": labels,
        "aliases": aliases,
        "unknown": unknown and choice("unknown", unknown, ("error", "ignore", "add")),
        "ignore_case": ignore_case,
        "drop": drop,
        "merge": ";".join(merge) if merge else None,
    }
