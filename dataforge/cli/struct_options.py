"""Command-line options generated from option structs.

A format's reader and writer, and a framework, each declare their options as a struct. A field with
``Annotated[..., msgspec.Meta(description=...)]`` becomes a command-line option, and fields with the
same name in several structs become one option::

    class ReadOptions(msgspec.Struct, ...):
        lines: Annotated[str, msgspec.Meta(description="Lines: skip, error ...")] = "skip"

    --lines TEXT    Lines: skip, error ... (labelme) [default: skip]

An option that is not given is None, so that the struct's own default applies.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import msgspec

from dataforge.cli.command import FORMATS, Option
from dataforge.errors import DataforgeError
from dataforge.formats import Format


class Field(NamedTuple):
    """A field of an option struct.

    Attributes:
        name: with underscores.
        type: bool, int, float or str (also for a Literal).
        choices: values of a Literal; empty for other types.
        default: default value in the struct.
        about: a sentence for ``--help``.
    """

    name: str
    type: type[bool] | type[int] | type[float] | type[str]
    choices: tuple[str, ...]
    default: Any
    about: str


def fields_of(struct: type[msgspec.Struct]) -> Iterator[Field]:
    """The fields of an option struct that have a description."""
    for field in msgspec.structs.fields(struct):
        hint, about = field.type, ""
        if get_origin(hint) is Annotated:
            hint, *metas = get_args(hint)
            about = next((m.description or "" for m in metas if isinstance(m, msgspec.Meta)), "")
        if not about:
            continue
        if get_origin(hint) in (Union, types.UnionType):
            hint = next(one for one in get_args(hint) if one is not types.NoneType)
        default = None if field.default is msgspec.NODEFAULT else field.default
        if get_origin(hint) is Literal:
            yield Field(field.name, str, tuple(map(str, get_args(hint))), default, about)
        else:
            type_ = next((one for one in (bool, int, float) if hint is one), str)
            yield Field(field.name, type_, (), default, about)


def struct_options(structs: Mapping[str, type[msgspec.Struct]], section: str) -> list[Option]:
    """One option for each field name in these structs.

    Args:
        structs: name of the owner as shown in ``--help`` -> its struct.
        section: section in ``--help``.

    Raises:
        DataforgeError: fields with the same name have different types.
    """
    found: dict[str, dict[str, Field]] = {}
    for owner, struct in structs.items():
        for field in fields_of(struct):
            found.setdefault(field.name, {})[owner] = field
    return [_option(name, fields, section) for name, fields in found.items()]


def read_structs(formats: Iterable[Format]) -> dict[str, type[msgspec.Struct]]:
    """The option structs of the readable formats, by format name."""
    return {one.name: one.reader.Options for one in formats if one.reader}


def write_structs(formats: Iterable[Format]) -> dict[str, type[msgspec.Struct]]:
    """The option structs of the writable formats, such as ``to coco``."""
    return {f"to {one.name}": one.writer.Options for one in formats if one.writer}


def format_options(formats: Iterable[Format], *, writes: bool = False) -> list[Option]:
    """The options of all formats' readers, and of their writers if the command writes."""
    formats = list(formats)
    structs = read_structs(formats) | (write_structs(formats) if writes else {})
    return struct_options(structs, FORMATS)


def given(**values: Any) -> dict[str, Any]:
    """The values that were given."""
    return {name: value for name, value in values.items() if value is not None}


def _option(name: str, fields: Mapping[str, Field], section: str) -> Option:
    first = next(iter(fields.values()))
    for owner, field in fields.items():
        if field.type is not first.type:
            raise DataforgeError(
                f"option {name!r} of {owner!r} is a {field.type.__name__}, but that of "
                f"{next(iter(fields))!r} is a {first.type.__name__}"
            )
    flag = f"--{name.replace('_', '-')}"
    attrs: dict[str, Any] = {"default": None, "help": _help(fields), "section": section}
    if first.type is bool:
        pair = any(field.default is not False for field in fields.values())
        names = f"{flag}/--no-{flag[2:]}" if pair else flag
        return Option(names, name, is_flag=True, **attrs)
    choices = dict.fromkeys(choice for field in fields.values() for choice in field.choices)
    if choices and all(field.choices for field in fields.values()):
        return Option(flag, name, choices=[*choices], **attrs)
    return Option(flag, name, type=first.type, **attrs)


def _help(fields: Mapping[str, Field]) -> str:
    """The option's help with its owners; identical descriptions are merged."""
    owners: dict[str, list[str]] = {}
    for owner, field in fields.items():
        owners.setdefault(field.about.rstrip("."), []).append(owner)
    text = " ".join(f"{about} ({', '.join(who)})." for about, who in owners.items())
    defaults = {field.default for field in fields.values()}
    default = defaults.pop() if len(defaults) == 1 else None
    if default is True:
        text += f" [default: {next(iter(fields.values())).name.replace('_', '-')}]"
    elif default not in (None, False, ""):
        text += f" [default: {default}]"
    return text
