"""TOML with located errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import write

from dataforge.errors import ParseError
from dataforge.io import load_toml


def test_load_toml(tmp_path: Path) -> None:
    path = write(tmp_path / "a.toml", "\ufeffperson = ['人']\n")
    assert load_toml(path) == {"person": ["人"]}


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), ("a = [", "is not TOML"), (b"a = '\xff'", "is not TOML")],
)
def test_load_toml_names_the_file(tmp_path: Path, content: str | bytes | None, said: str) -> None:
    path = tmp_path / "a.toml"
    if content is not None:
        write(path, content)
    with pytest.raises(ParseError, match=said) as caught:
        load_toml(path)
    assert str(caught.value).startswith(str(path))
