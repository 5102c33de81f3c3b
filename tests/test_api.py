"""What `import dataforge` offers."""

from __future__ import annotations

import ast
from importlib.metadata import version
from pathlib import Path

import pytest

import dataforge


def test_all_is_sorted_and_without_repeats() -> None:
    assert dataforge.__all__ == sorted(set(dataforge.__all__))


@pytest.mark.parametrize("name", dataforge.__all__)
def test_every_name_is_importable(name: str) -> None:
    assert getattr(dataforge, name) is not None


def test_star_import_brings_exactly_all() -> None:
    namespace: dict[str, object] = {}
    exec("from dataforge import *", namespace)
    namespace.pop("__builtins__")
    assert sorted(namespace) == dataforge.__all__


def test_names_for_type_checkers_match_the_api() -> None:
    """The names under TYPE_CHECKING are those of __all__, from the homes that are used."""
    tree = ast.parse(Path(dataforge.__file__).read_text("utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert sorted([*seen, "__version__"]) == dataforge.__all__
    for name, module in seen.items():
        item = getattr(dataforge, name)
        home = getattr(item, "__module__", module)
        assert home == module or home.startswith(f"{module}.")  # a package, or what is in it


def test_other_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = dataforge.nonsense


def test_the_version_is_the_packages() -> None:
    assert dataforge.__version__ == version("dataforge-cv")


def test_errors_have_their_exit_codes() -> None:
    from dataforge import errors

    codes = {
        name: item.exit_code
        for name, item in vars(errors).items()
        if isinstance(item, type) and issubclass(item, errors.DataforgeError)
    }
    assert {name for name, code in codes.items() if code == 2} == {"UsageError"}
    assert set(codes.values()) == {2, 3}
    assert str(errors.ParseError("a.json", "$.x", "want 1")) == "a.json::$.x: want 1"
    assert str(errors.ParseError("a.json", "", "is empty")) == "a.json: is empty"
