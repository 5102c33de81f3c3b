"""click commands in a common style: option sections, "did you mean" hints, one-line errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import click
from click.shell_completion import CompletionItem

from dataforge.cli.targets import Writes, settle
from dataforge.errors import DataforgeError, UsageError, did_you_mean

GENERAL = "General options"
FORMATS = "Options of formats"
CLASSES = "Classes"
SPLITS = "Splits"
OUTPUT = "Output"


class Argument(click.Argument):
    """An argument with a help text, like an option.

    Args:
        name: of the argument.
        help: help text.
        writes: what is written to the path that it names, the last one if there are several.
        attrs: passed to `click.Argument`.
    """

    section = "Arguments"

    def __init__(
        self,
        name: str,
        *,
        help: str = "",  # noqa: A002
        writes: Writes | None = None,
        **attrs: Any,
    ) -> None:
        super().__init__([name], **attrs)
        self.text = help
        self.writes = writes

    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        """The argument's row in ``--help``."""
        return self.metavar or self.human_readable_name, self.text


class Option(click.Option):
    """An option with its section in ``--help`` and its allowed values.

    Args:
        names: such as ``-o``, ``--output``, or ``--group/--no-group``.
        section: title of its section.
        choices: allowed values, shown in place of a metavar; empty for any.
        look_up: called with a value that is not one of the choices; raises an error with the
            reason, such as a plug-in of this name that cannot be loaded.
        least, most: minimum and maximum value of a number.
        writes: what is written to the path that it names; see `dataforge.cli.targets`.
        attrs: passed to `click.Option`.
    """

    def __init__(
        self,
        *names: str,
        section: str = "Options",
        choices: Sequence[str] = (),
        look_up: Callable[[str], Any] | None = None,
        least: float | None = None,
        most: float | None = None,
        writes: Writes | None = None,
        **attrs: Any,
    ) -> None:
        if attrs.get("type") is int:
            attrs.setdefault("metavar", "N")
        if choices:
            attrs.setdefault("metavar", "|".join(choices))
        if attrs.pop("show_default", False):
            attrs["help"] = f"{attrs['help']} [default: {attrs['default']}]"
        super().__init__(names, **attrs)
        self.section = section
        self.choices = tuple(choices)
        self.writes = writes
        self._look_up = look_up
        self._least = least
        self._most = most

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """The converted value, if it is allowed.

        Raises:
            click.UsageError: the value is not allowed.
            DataforgeError: raised by `look_up`.
        """
        value = super().type_cast_value(ctx, value)
        if value is not None and (fault := self._fault(value)):
            raise click.UsageError(f"{self.opts[-1]} {value}: {fault}", ctx)
        return value

    def _fault(self, value: Any) -> str:
        if self.choices and value not in self.choices:
            if self._look_up is not None:
                self._look_up(value)
            hint = did_you_mean(value, self.choices)
            return f"must be one of {', '.join(self.choices)}" + (f"; {hint}" if hint else "")
        if self._least is not None and not value >= self._least:  # NaN, too
            return f"must be at least {self._least}"
        if self._most is not None and not value <= self._most:
            return f"must be at most {self._most}"
        return ""

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The choices that start with the incomplete text, if any."""
        if not self.choices:
            return super().shell_complete(ctx, incomplete)
        return [CompletionItem(one) for one in self.choices if one.startswith(incomplete)]


class Bundle(NamedTuple):
    """A group of options passed to a command as one argument.

    Attributes:
        name: name of that argument of the command's function.
        options: the options.
        make: builds the argument; called with the value of each option as a keyword.
    """

    name: str
    options: Sequence[Option]
    make: Callable[..., Any]


class Command(click.Command):
    """A subcommand.

    Args:
        name: name on the command line.
        run: the function; it returns the exit code, None for 0.
        help: help text.
        params: arguments, options and bundles, in the order of ``--help``.
        short_help: a sentence for the list of a group's subcommands; those of the program itself
            are listed without importing them.

    Raises:
        DataforgeError: two options have the same name.
    """

    def __init__(
        self,
        name: str,
        run: Callable[..., int | None],
        *,
        help: str,  # noqa: A002
        params: Sequence[Argument | Option | Bundle],
        short_help: str | None = None,
    ) -> None:
        flat: list[click.Parameter] = []
        for param in params:
            if isinstance(param, Bundle):
                flat += param.options
            else:
                flat.append(param)
        flat.append(_quiet())
        _refuse_shared_names(flat)
        super().__init__(name, callback=run, params=flat, help=help, short_help=short_help)
        self._bundles = [param for param in params if isinstance(param, Bundle)]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; errors refer to this command."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise
        except UsageError as error:
            raise click.UsageError(str(error), ctx) from error

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a UsageError becomes a click error that refers to this command."""
        try:
            settle(ctx)
            for bundle in self._bundles:
                values = {str(one.name): ctx.params.pop(str(one.name)) for one in bundle.options}
                ctx.params[bundle.name] = bundle.make(**values)
            return super().invoke(ctx)
        except UsageError as error:
            raise click.UsageError(str(error), ctx) from error

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write usage, help text, arguments, and options by section."""
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            title = param.section if isinstance(param, (Argument, Option)) else GENERAL
            if record := param.get_help_record(ctx):
                sections.setdefault(title, []).append(record)
        if general := sections.pop(GENERAL, None):
            sections[GENERAL] = general
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)


class Group(click.Group):
    """A group of subcommands; without a subcommand it prints its help."""

    def __init__(self, name: str, **attrs: Any) -> None:
        super().__init__(name, invoke_without_command=True, **attrs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand."""
        result = super().invoke(ctx)
        if ctx.invoked_subcommand is None:
            click.echo(ctx.get_help())
        return result

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The subcommand named by the first argument.

        Raises:
            click.UsageError: there is none of that name.
        """
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            names = self.list_commands(ctx)
            hint = did_you_mean(name, names, f"there are {', '.join(names)}")
            raise click.UsageError(f"no command {name!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)


def sentence(error: click.ClickException) -> str:
    """A usage error as one line, in the style of all errors."""
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    if isinstance(error, click.NoSuchOption):
        names = _option_names(ctx.command, ctx) if ctx else []
        hint = did_you_mean(error.option_name, names)
        return f"no option {error.option_name}" + (f"; {hint}" if hint else "")
    if isinstance(error, click.MissingParameter) and error.param is not None:
        name = error.param.human_readable_name
        if isinstance(error.param, click.Option):
            name = error.param.opts[-1]
        return f"missing {error.param.param_type_name} {name}"
    text = error.format_message().strip().rstrip(".")
    # Lower-case the first letter of click's message, unless it starts with a name.
    return text[:1].lower() + text[1:] if text[1:2].islower() and " " in text else text


def given_options(ctx: click.Context) -> list[str]:
    """The options given on the command line, as spelled, in the order of ``--help``."""
    sources = {
        param: ctx.get_parameter_source(str(param.name))
        for param in ctx.command.params
        if isinstance(param, Option) and param.section != GENERAL
    }
    return [
        param.opts[-1]
        for param, source in sources.items()
        if source is not None and source.name == "COMMANDLINE"
    ]


def is_quiet() -> bool:
    """Whether ``--quiet`` was given."""
    ctx = click.get_current_context(silent=True)
    return ctx is not None and bool(ctx.meta.get(_QUIET))


_QUIET = "dataforge.quiet"


def _quiet() -> Option:
    def remember(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        ctx.meta[_QUIET] = value

    return Option(
        "-q",
        "--quiet",
        is_flag=True,
        default=False,
        expose_value=False,
        callback=remember,
        section=GENERAL,
        help="Print findings and errors only.",
    )


def _option_names(command: click.Command, ctx: click.Context) -> list[str]:
    return [
        name
        for param in command.get_params(ctx)
        if isinstance(param, click.Option)
        for name in (*param.opts, *param.secondary_opts)
    ]


def _refuse_shared_names(params: Iterable[click.Parameter]) -> None:
    """Raise DataforgeError if two options have the same name; the message quotes their help."""
    seen: dict[str, click.Option] = {}
    for param in params:
        if not isinstance(param, click.Option):
            continue
        for name in (*param.opts, *param.secondary_opts):
            if name in seen:
                raise DataforgeError(
                    f"two options are called {name}: {seen[name].help!r} and {param.help!r}"
                )
            seen[name] = param
