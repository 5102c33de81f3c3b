"""Formats are recognised by what is in their files, whatever these are called."""

from __future__ import annotations

from pathlib import Path

import pytest
from contract import (
    test_createml,
    test_csv,
    test_isat,
    test_labelmexml,
    test_labelstudio,
    test_via,
)

from dataforge.datasets import formats_in
from dataforge.io import Root
from dataforge.testing import FormatContract

BROUGHT: list[type[FormatContract]] = [
    test_createml.TestCreateml,
    test_csv.TestCsv,
    test_isat.TestIsat,
    test_labelmexml.TestLabelmeXml,
    test_labelstudio.TestLabelStudio,
    test_via.TestVia,
]


@pytest.mark.parametrize("brought", BROUGHT, ids=lambda one: one.format)
def test_the_dataset_is_recognised(brought: type[FormatContract], tmp_path: Path) -> None:
    brought().dataset(tmp_path)
    assert [one.format for one in formats_in(Root(tmp_path))] == [brought.format]
