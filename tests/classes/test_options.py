r"""Options that messages propose: what is shown means the names, or is not shown."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from helpers import write

from dataforge.classes import ClassOptions, labels_option


@pytest.mark.parametrize(
    ("names", "option"),
    [
        (["cat", "dog"], "--labels cat,dog"),
        (["red car", "dog"], "--labels 'red car,dog'"),
        (["red, round", "dog"], "--labels FILE with the lines 'red, round', 'dog'"),
        (["red\tcar", "dog"], '["red\\tcar", "dog"]'),
        (["a\x1b[2J", "dog"], '["a\\u001b[2J", "dog"]'),
        (["a\nb"], '["a\\nb"]'),
        (["a\\t, b", "dog"], '["a\\\\t, b", "dog"]'),
        (["a\u202e"], '["a\\U0000202e"]'),
        (["a\udce9", "dog"], ""),  # a byte that is not UTF-8
    ],
)  # fmt: skip
def test_the_classes_in_an_order(tmp_path: Path, names: list[str], option: str) -> None:
    if option.startswith("["):
        line = f"names = {option}"
        option = f"--labels FILE.toml with the line {line} under [classes]"
        value = str(write(tmp_path / "classes.toml", f"[classes]\n{line}\n"))
    elif "FILE" in option:
        value = str(write(tmp_path / "labels.txt", "".join(f"{name}\n" for name in names)))
    else:
        value = shlex.split(option)[-1] if option else ""
    assert labels_option(names) == option
    if option:
        assert ClassOptions(labels=value).rules().names == tuple(names)
