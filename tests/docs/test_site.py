"""The site builds without a warning, and has a page for each code and command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import REPO

import dataforge.geometry
from dataforge.checks import known_codes
from dataforge.cli.program import program
from dataforge.geometry import __all__ as geometry_names

pytest.importorskip("mkdocs")


def test_the_site(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(REPO)}
    ran = subprocess.run(
        command, cwd=REPO, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    pages = {page.stem for page in (tmp_path / "codes").glob("*.html")}
    assert pages == {"index", *known_codes()}
    line = (tmp_path / "cli.html").read_text("utf-8")
    for name in program().commands:
        assert f'id="{name}"' in line
    functions = (tmp_path / "api" / "functions.html").read_text("utf-8")
    for name in dataforge.__all__:
        if dataforge._HOMES.get(name) == "api":
            assert f'id="dataforge.api.{name}"' in functions
    geometry = (tmp_path / "api" / "geometry.html").read_text("utf-8")
    for name in (one for one in geometry_names if callable(getattr(dataforge.geometry, one))):
        assert f'id="dataforge.geometry.{name}"' in geometry, name
    assert "&gt;&gt;&gt;" in geometry  # examples are code, and no quotations
    assert "<blockquote>" not in geometry
    formats = (tmp_path / "formats.html").read_text("utf-8")
    assert "labelme2coco" in formats
    assert "<!-- formats -->" not in formats
