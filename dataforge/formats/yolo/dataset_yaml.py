"""The YAML file with the classes and splits of a dataset, usually called data.yaml.

Ultralytics' rules are in ``ultralytics/data/utils.py::check_det_dataset``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeGuard

import msgspec

from dataforge.codes import code
from dataforge.errors import InputError, ParseError
from dataforge.findings import Place
from dataforge.formats.base import Part
from dataforge.formats.yaml_nodes import MAX_YAML_BYTES, parse_yaml
from dataforge.io import Root, last_part

if TYPE_CHECKING:
    from yaml.nodes import Node, ScalarNode

_SUFFIXES = (".yaml", ".yml")
_USUAL = ("data.yaml", "dataset.yaml", "data.yml", "dataset.yml")


class DatasetYaml(msgspec.Struct, frozen=True):
    """A dataset's YAML file.

    Attributes:
        file: path relative to the folder that is read.
        data: its bytes.
        top: its root node.
        table: its content, with every scalar as a string.
    """

    file: str
    data: bytes
    top: Any
    table: Mapping[str, Any]

    def names(self) -> list[tuple[str, Place]]:
        """The class names as written, in the order of the file."""
        return [
            (node.value, Place(self.file, f"names[{at}]", line=node.start_mark.line + 1))
            for at, node in name_nodes(self.top).items()
        ]


def find_yaml(root: Root, wanted: str | None) -> Part[DatasetYaml | None]:
    """Find the file that describes the dataset.

    Args:
        root: the folder.
        wanted: path of the file that the user named.

    Raises:
        InputError: `wanted` does not exist, or does not describe a dataset.
    """
    if wanted is not None:
        return _named(root, wanted)
    files = [name for name in root.files() if name.lower().endswith(_SUFFIXES)]
    files.sort(key=lambda name: (name.count("/"), last_part(name) not in _USUAL, name))
    found: list[DatasetYaml] = []
    for name in files:
        try:
            described = _load(root, name)
        except ParseError as error:
            if last_part(name) in _USUAL:
                place = Place.of(error, name)
                yield code("unreadable-yaml").at(place, error.message)
            continue
        if described is not None:
            found.append(described)
    if len(found) > 1:
        others = ", ".join(other.file for other in found[1:])
        yield code("several-yaml").at(
            Place(found[0].file),
            f"is used; not read: {others}",
            "name the correct one with --data",
        )
    return found[0] if found else None


def _named(root: Root, name: str) -> DatasetYaml:
    if name not in root.files():
        raise InputError(f"{root.location} has no file {name}")
    try:
        described = _load(root, name)
    except ParseError as error:
        raise InputError(str(error)) from error
    if described is None:
        raise InputError(f"{name}: expected a YAML file with names and train, such as data.yaml")
    return described


def _load(root: Root, name: str) -> DatasetYaml | None:
    """A dataset's YAML file; None if it describes something else.

    Raises:
        ParseError: it is not valid YAML.
    """
    data = root.read_bytes(name, MAX_YAML_BYTES)
    top, table = parse_yaml(data, name)
    return DatasetYaml(name, data, top, table) if _describes(table) else None


def _describes(table: Any) -> TypeGuard[dict[str, Any]]:
    """Whether the content of a YAML file describes a dataset."""
    if not isinstance(table, dict) or not ({"names", "nc"} & table.keys()):
        return False
    return isinstance(table.get("names"), (list, dict)) or "train" in table


def name_nodes(top: Node) -> dict[int, ScalarNode]:
    """Index in ``names`` -> the node of the name, if it is a scalar."""
    from yaml.nodes import MappingNode, ScalarNode, SequenceNode

    names: Any = None
    for key, value in top.value if isinstance(top, MappingNode) else ():
        if key.value == "names":
            names = value  # the last of several, as in the table
    if isinstance(names, MappingNode):
        nodes = [value for _, value in names.value]
    else:
        nodes = names.value if isinstance(names, SequenceNode) else []
    return {at: node for at, node in enumerate(nodes) if isinstance(node, ScalarNode)}


def whole_number(value: Any) -> int:
    """A non-negative integer that YAML has as a string, -1 for anything else."""
    is_number = isinstance(value, (str, int)) and len(str(value)) < 10 and str(value).isdecimal()
    return int(value) if is_number else -1


def quoted(text: str) -> str:
    """A YAML string in double quotes: a JSON string with more characters escaped.

    >>> print(quoted('no: "1"'), quoted("\\u2028"))
    "no: \\"1\\"" "\\u2028"
    """
    # Characters that are not printable in YAML, and the line and paragraph separators.
    rest = "[\\x7f-\\x9f\\u2028\\u2029\\ufeff\\ufffe\\uffff]"
    escaped = json.dumps(text, ensure_ascii=False)
    return re.sub(rest, lambda letter: f"\\u{ord(letter[0]):04x}", escaped)
