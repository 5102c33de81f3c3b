"""No format goes without the contract."""

from __future__ import annotations

from importlib import import_module

import pytest
from contract.suite import FormatContract, WriterContract

from dataforge.formats.table import formats


@pytest.mark.parametrize("name", formats())
def test_it_has_its_subclass(name: str) -> None:
    """If this fails: add tests/contract/test_<format>.py, as the others are."""
    module = import_module(f"contract.test_{name}")
    own = [item for item in vars(module).values() if _is_contract(item)]
    assert [item.format for item in own] == [name]
    assert own[0].__name__.startswith("Test")
    assert issubclass(own[0], WriterContract) is formats()[name].writes


def _is_contract(item: object) -> bool:
    subclass = isinstance(item, type) and issubclass(item, FormatContract)
    return subclass and item not in (FormatContract, WriterContract)
