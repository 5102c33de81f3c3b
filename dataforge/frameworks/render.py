"""Text from a template of templates/: undefined names are errors, values go in by `repr`."""

from __future__ import annotations

from functools import cache
from pprint import pformat
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from dataforge.io import asset


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(lambda name: asset("templates", *name.split("/")).read_text("utf-8")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters["repr"] = repr
    environment.filters["literal"] = literal
    environment.filters["comment"] = comment
    return environment


def render(name: str, **values: Any) -> str:
    """The text of one template; `name` is relative to templates/.

    Raises:
        jinja2.UndefinedError: the template names something that is not given.
    """
    return _environment().get_template(name).render(**values)


def literal(value: Any, indent: int = 0) -> str:
    """A Python literal, over several lines where one is too narrow, to stand at a column."""
    text = repr(value)
    if indent + len(text) <= 88:
        return text
    return pformat(value, width=92 - indent, sort_dicts=False).replace("\n", "\n" + " " * indent)


def comment(value: str) -> str:
    """Text that is safe inside a comment or docstring: one line, no quotes or backslashes."""
    kept = "".join(c if c.isprintable() and c not in "\"'\\" else " " for c in value)
    return " ".join(kept.split())
