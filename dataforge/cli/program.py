"""The program: runs a subcommand; a foreseen error is reported as one line and an exit code."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem, get_completion_class

from dataforge import __version__
from dataforge.cli.command import Group, sentence
from dataforge.cli.output import warn
from dataforge.errors import DataforgeError
from dataforge.interrupts import Interrupted
from dataforge.io import failed_plugins

_PROGRAM = "dataforge"
_COMPLETE = "_DATAFORGE_COMPLETE"

_VERBS = {
    "inspect": "Show what a folder contains and what to do next.",
    "check": "Find problems before training.",
    "stats": "Count and measure a dataset, and advise.",
    "view": "Draw images with what is marked on them.",
    "browse": "Make a page that shows images, objects and findings.",
    "split": "Assign images to splits, and record the assignment.",
    "convert": "Convert a dataset from one format to another.",
    "coco": "Merge, filter or sample COCO files.",
    "register": "Register a dataset for training.",
    "lr": "Scale a learning rate, and fit a schedule to a small dataset.",
    "list": "List the registered datasets.",
    "unregister": "Remove what register wrote for a dataset.",
    "describe": "Describe the model of a training config.",
    "features": "Save what layers of a model return for an image.",
    "smoke": "Prove that a training config works by training it a little.",
    "evaluate": "Evaluate a detector, and show its mistakes.",
    "plot": "Show the curves of trainings: losses and AP.",
    "demo": "Convert, register and train on sample data.",
    "doctor": "Explain what the Python that trains has, and what is wrong with it.",
    "formats": "List formats and converters.",
    "explain": "Explain what a finding means.",
}
"""The subcommands and what they do, as listed by ``--help``; each is a module with a function
`command`, imported only when it is used."""


class _Verbs(Group):
    """The subcommands, each imported on demand."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return [*_VERBS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One of them."""
        if cmd_name in _VERBS and cmd_name not in self.commands:
            self.commands[cmd_name] = import_module(f"dataforge.cli.{cmd_name}").command()
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of subcommands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([*_VERBS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The subcommands and options that start with the incomplete text."""
        verbs = [
            CompletionItem(name, help=text)
            for name, text in _VERBS.items()
            if name.startswith(incomplete)
        ]
        return [*verbs, *click.Command.shell_complete(self, ctx, incomplete)]


def program() -> Group:
    """The whole command line."""

    def version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
        if wanted:
            click.echo(__version__)
            ctx.exit()

    def completion(ctx: click.Context, _: click.Parameter, shell: str | None) -> None:
        kind = get_completion_class(shell) if shell else None
        if kind is not None:
            click.echo(kind(ctx.command, {}, _PROGRAM, _COMPLETE).source())
            ctx.exit()

    eager: dict[str, Any] = {"expose_value": False, "is_eager": True}
    return _Verbs(
        _PROGRAM,
        help="From labelled images to a trained detector: check, convert, register and "
        "smoke-test detection datasets.",
        epilog="Exit codes: 0 done; 1 done, with findings at error level; 2 wrong usage; 3 could "
        "not be done; 130, 143 or 129 interrupted.",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        params=[
            click.Option(
                ["-V", "--version"],
                is_flag=True,
                callback=version,
                help="Print the version.",
                **eager,
            ),
            click.Option(
                ["--completion"],
                type=click.Choice(["bash", "zsh", "fish"]),
                callback=completion,
                help="Print a script that completes commands and options: "
                'eval "$(dataforge --completion bash)".',
                **eager,
            ),
        ],
    )


def run(arguments: Sequence[str] | None) -> int:
    """Run a subcommand; returns the exit code.

    Args:
        arguments: the arguments after ``dataforge``; None for those of this process.

    Raises:
        Interrupted: by a signal.
    """
    message, code = "", 0
    names: dict[str, Any] = {"prog_name": _PROGRAM, "complete_var": _COMPLETE}
    try:
        code = program().main(arguments, standalone_mode=False, **names) or 0
    except click.ClickException as error:
        code = _wrong_usage(error)
    except click.Abort:  # what click makes of a KeyboardInterrupt
        raise Interrupted(signal.SIGINT) from None
    except DataforgeError as error:
        message, code = str(error), error.exit_code
        warn(f"error: {error}")
    except OSError as error:
        code = DataforgeError.exit_code
        warn(f"error: {error}")
    finally:
        for line in failed_plugins():
            if line != message:
                warn(f"warning: {line}")
    return code


def _wrong_usage(error: click.ClickException) -> int:
    warn(f"error: {sentence(error)}")
    if isinstance(error, click.UsageError) and error.ctx:
        warn(f"try '{error.ctx.command_path} --help'")
    return error.exit_code
