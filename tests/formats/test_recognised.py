"""Formats with signatures are recognised by what is in their files, whatever these are called."""

from __future__ import annotations

from pathlib import Path

import pytest
from contract import (
    test_bdd100k,
    test_createml,
    test_crowdhuman,
    test_csv,
    test_isat,
    test_labelmexml,
    test_labelstudio,
    test_via,
    test_visdrone,
    test_widerface,
)

from dataforge.datasets import formats_in
from dataforge.io import Root
from dataforge.testing import FormatContract

BROUGHT: list[type[FormatContract]] = [
    test_bdd100k.TestBdd100k,
    test_createml.TestCreateml,
    test_crowdhuman.TestCrowdhuman,
    test_csv.TestCsv,
    test_isat.TestIsat,
    test_labelmexml.TestLabelmeXml,
    test_labelstudio.TestLabelStudio,
    test_via.TestVia,
    test_visdrone.TestVisdrone,
    test_widerface.TestWiderface,
]


@pytest.mark.parametrize("brought", BROUGHT, ids=lambda one: one.format)
def test_the_dataset_is_recognised(brought: type[FormatContract], tmp_path: Path) -> None:
    brought().dataset(tmp_path)
    assert [one.format for one in formats_in(Root(tmp_path))] == [brought.format]
