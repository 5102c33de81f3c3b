"""The table of networks, and their files as text: what they import and are copied with."""

from __future__ import annotations

import ast
import sys

import pytest
from helpers import REPO, python

from dataforge.errors import UsageError
from dataforge.models import get_network, networks, source_text, sources_of

SOURCES = sorted(
    path.stem
    for path in (REPO / "dataforge" / "models").glob("*.py")
    if path.stem not in ("__init__", "table")
)


def test_the_networks() -> None:
    assert {
        "detnet59", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "vgg16",
        "vgg16_bn", "res2net50_26w_4s", "res2net50_26w_6s", "res2net50_26w_8s",
        "mobilenet_v3_large",
    } <= {*networks()}  # fmt: skip


def test_a_network_that_there_is_not() -> None:
    with pytest.raises(UsageError, match="--backbone resnet51: must be one of detnet59, resnet18"):
        get_network("resnet51")


@pytest.mark.parametrize("name", networks())
def test_a_row_is_consistent(name: str) -> None:
    row = get_network(name)
    assert row.name == name
    assert len(row.channels) == len(row.strides)
    assert row.torchvision or row.mmdet
    assert (row.neck == "DetNetFPN") == (len(set(row.strides)) < len(row.strides))
    if row.source:
        classes = {
            node.name
            for node in ast.parse(source_text(row.source)).body
            if isinstance(node, ast.ClassDef)
        }
        assert row.mmdet is not None
        assert row.mmdet["type"] in classes


def test_a_network_is_copied_with_what_it_imports() -> None:
    assert sources_of("res2net") == ("res2net", "parts")
    assert sources_of("detection") == ("detection", "parts")
    assert sources_of("parts") == ("parts",)


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_copied_needs_torch_alone(name: str) -> None:
    allowed = {"torch", *(("torchvision",) if name == "detection" else ())}
    for node in ast.walk(ast.parse(source_text(name), feature_version=(3, 8))):
        if isinstance(node, ast.ImportFrom) and node.level:
            assert node.level == 1
            assert node.module in sources_of(name)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            modules = [node.module] if isinstance(node, ast.ImportFrom) else node.names
            for module in modules:
                top = (module if isinstance(module, str) else module.name).partition(".")[0]
                assert top in allowed or top in sys.stdlib_module_names


def test_the_table_imports_no_torch() -> None:
    code = (
        "import sys, dataforge.models as m\n"
        "[m.sources_of(m.get_network(n).source) for n in m.networks() if m.get_network(n).source]\n"
        "assert 'torch' not in sys.modules"
    )
    done = python("-c", code)
    assert done.returncode == 0, done.stderr
