"""No format goes without the contract."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

import dataforge
from dataforge.formats import formats
from dataforge.testing import FormatContract


@pytest.mark.parametrize("name", formats())
def test_every_format_has_a_contract_subclass(name: str) -> None:
    """If this fails: add tests/contract/test_<format>.py, as the others are."""
    module = import_module(f"contract.test_{name}")
    own = [item for item in vars(module).values() if _is_contract(item)]
    assert [item.format for item in own] == [name]
    assert own[0].__name__.startswith("Test")


def _is_contract(item: object) -> bool:
    subclass = isinstance(item, type) and issubclass(item, FormatContract)
    return subclass and item is not FormatContract


@pytest.mark.parametrize("name", formats())
def test_every_format_documents_its_losses(name: str) -> None:
    from dataforge.cli.formats import as_text

    listed = as_text()
    for sentence in formats()[name].lossy:
        assert f"  cannot hold: {sentence}" in listed


FOUNDING = {"coco", "images", "labelme", "voc", "yolo"}
"""Formats that layouts, training and checks of their own know by name."""


def _named(name: str) -> str:
    """A pattern of a format's name as code has it; as a word, some are English."""
    return rf"[\"']{name}[\"']|\bformats[./]{name}\b|\b{name}2[a-z]|[a-z]2{name}\b"


@pytest.mark.parametrize("name", sorted({*formats()} - FOUNDING))
def test_a_name_occurs_only_in_its_folder_and_its_row(name: str) -> None:
    package = Path(dataforge.__file__).parent
    own = package / "formats" / name
    found = [
        path.relative_to(package).as_posix()
        for path in sorted(package.rglob("*.py"))
        if own not in path.parents and re.search(_named(name), path.read_text("utf-8"))
    ]
    assert found == ["formats/table.py"]
