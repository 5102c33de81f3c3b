"""Rendering of templates/: undefined names are errors, values are inserted by `repr`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from functools import cache
from pprint import pformat
from typing import TYPE_CHECKING, Any

from dataforge.frameworks.spec import PlannedFile
from dataforge.io import IMAGE_FORMATS, asset
from dataforge.models import source_text

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        loader=FunctionLoader(lambda name: asset("templates", *name.split("/")).read_text("utf-8")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.globals["image_formats"] = IMAGE_FORMATS
    environment.filters["repr"] = repr
    environment.filters["literal"] = literal
    environment.filters["comment"] = comment
    environment.filters["as_comment"] = as_comment
    environment.filters["setting"] = setting
    environment.globals["import_line"] = import_line
    return environment


def render(name: str, **values: Any) -> str:
    """Render a template file; `name` is relative to templates/.

    Raises:
        jinja2.UndefinedError: the template uses an undefined name.
    """
    return _environment().get_template(name).render(**values)


def planned_files(names: Mapping[str, str], values: Mapping[str, Any]) -> list[PlannedFile]:
    """Render files from template files.

    Args:
        names: path, relative to the output folder -> template, relative to templates/.
        values: what the templates take.

    Raises:
        jinja2.UndefinedError: a template uses an undefined name.
    """
    return [PlannedFile(path, render(template, **values)) for path, template in names.items()]


def render_text(template: str, **values: Any) -> str:
    """Render a template given as text, for frameworks of other packages.

    Raises:
        jinja2.UndefinedError: the template uses an undefined name.
    """
    return _environment().from_string(template).render(**values)


def network_text(module: str) -> str:
    """A file of `dataforge.models`, as it stands in a generated package."""
    return f"# Made by dataforge, from its dataforge/models/{module}.py; yours to edit.\n" + (
        source_text(module)
    )


def literal(value: Any, indent: int = 0) -> str:
    """A Python literal for a given indent, on several lines if it does not fit on one."""
    text = repr(value)
    if indent + len(text) <= 88:
        return text
    return pformat(value, width=92 - indent, sort_dicts=False).replace("\n", "\n" + " " * indent)


def setting(value: Any, name: str, indent: int, classes: bool = False) -> str:
    """A keyword argument of a config in mmdetection's style, on several lines if it is long.

    Args:
        value: dicts become calls of `dict`.
        name: the keyword.
        indent: of the line that it stands on.
        classes: the value's own `type` is the name of a class, in the lazy style.
    """
    items = [f"{key}={_call(item)}" for key, item in value.items()]
    if classes:
        items[0] = f"type={value['type']}"
    line = f"{name}=dict({', '.join(items)})"
    inner = sum(isinstance(item, Mapping) for item in value.values())
    if indent + len(line) < 92 and inner <= 1:
        return line
    pad = " " * (indent + 4)
    lines = [
        setting(item, key, indent + 4) if isinstance(item, Mapping) else text
        for (key, item), text in zip(value.items(), items, strict=True)
    ]
    return f"{name}=dict(\n{pad}" + f",\n{pad}".join(lines) + ")"


def _call(value: Any) -> str:
    """A literal in which dicts are calls of `dict`."""
    if isinstance(value, Mapping):
        return f"dict({', '.join(f'{key}={_call(item)}' for key, item in value.items())})"
    if isinstance(value, tuple | list):
        text = ", ".join(map(_call, value))
        comma = "," if len(value) == 1 else ""
        return f"({text}{comma})" if isinstance(value, tuple) else f"[{text}]"
    return repr(value)


def import_line(module: str, names: Iterable[str]) -> str:
    """An import statement in mmdetection's style, its names sorted."""
    ordered = sorted({*names}, key=lambda name: (not name.isupper(), name.lower()))
    line = f"from {module} import {', '.join(ordered)}"
    if len(line) < 100:
        return line
    start = f"from {module} import ("
    return textwrap.fill(
        ", ".join(ordered) + ")",
        99,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_long_words=False,  # half an identifier is not Python
    )


def comment(value: str) -> str:
    """Text that is safe inside a comment or docstring: no lines, quotes, backslashes or braces."""
    kept = "".join(c if c.isprintable() and c not in "\"'\\{}" else " " for c in value)
    return " ".join(kept.split())


def as_comment(text: str, indent: int = 0) -> str:
    """A sentence as the lines of a comment in Python; the first one is not indented."""
    start = " " * indent + "# "
    return textwrap.fill(text, 99, initial_indent=start, subsequent_indent=start).lstrip()
