"""No format goes without the contract."""

from __future__ import annotations

from importlib import import_module

import pytest

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
