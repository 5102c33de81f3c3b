"""Checkpoints: tensors are read, and nothing in a file is run."""

from __future__ import annotations

import os
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch import nn

from dataforge.errors import InputError
from dataforge.frameworks import load_strictly, load_weights


class Log:
    """As mmengine's HistoryBuffer: numbers, and methods looked up by name."""

    def __init__(self) -> None:
        self.numbers = [1.0]
        self.methods = {"mean": self.mean}

    def mean(self) -> float:
        return sum(self.numbers)


class Evil:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.folder),)


@pytest.fixture
def model() -> nn.Module:
    return nn.Sequential(OrderedDict(backbone=nn.Linear(2, 3), head=nn.Linear(3, 1)))


def loaded(model: nn.Module, path: Path) -> list[str]:
    lines: list[str] = []
    load_weights(model, path, lines.append)
    return lines


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("key", ["", "state_dict", "model"])
def test_what_fits_is_loaded(model: nn.Module, tmp_path: Path, key: str, old: bool) -> None:
    state = {"backbone.weight": torch.ones(3, 2), "head.weight": torch.ones(5, 3)}
    path = tmp_path / "a.pth"
    content = {key: state, "meta": {"epoch": 1}, "log": Log()} if key else state
    torch.save(content, path, _use_new_zipfile_serialization=not old)
    assert loaded(model, path) == [f"1 of 4 tensors are from {path}"]
    assert torch.equal(model.backbone.weight, torch.ones(3, 2))


def test_parameters_and_buffers_are_as_saved(model: nn.Module, tmp_path: Path) -> None:
    other = nn.Sequential(OrderedDict(backbone=nn.Linear(2, 3), head=nn.Linear(3, 1)))
    state = {name: nn.Parameter(value) for name, value in other.state_dict().items()}
    torch.save({"state_dict": state, "log": Log()}, tmp_path / "a.pth")
    load_strictly(nn.DataParallel(model, device_ids=[]), tmp_path / "a.pth")
    for one, two in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize("old", [False, True])
def test_nothing_in_a_file_is_run(model: nn.Module, tmp_path: Path, old: bool) -> None:
    torch.save(
        {"state_dict": {"head.bias": torch.ones(1)}, "evil": Evil(tmp_path / "made")},
        tmp_path / "a.pth",
        _use_new_zipfile_serialization=not old,
    )
    assert len(loaded(model, tmp_path / "a.pth")) == 1
    torch.save({"head.bias": Evil(tmp_path / "made")}, tmp_path / "b.pth")
    with pytest.raises(InputError, match="expected tensors by name"):
        loaded(model, tmp_path / "b.pth")
    assert not (tmp_path / "made").exists()


def test_what_is_no_checkpoint_is_refused(model: nn.Module, tmp_path: Path) -> None:
    (tmp_path / "a.pth").write_bytes(b"text")
    torch.save({"other": torch.ones(1)}, tmp_path / "b.pth")
    torch.save([1], tmp_path / "c.pth")
    for name, message in (
        ("a", "cannot be read as a checkpoint: [A-Za-z]*Error: "),
        ("b", "none of its 1 tensors"),
        ("c", "expected tensors"),
        ("d", "cannot be read"),
    ):
        with pytest.raises(InputError, match=message):
            loaded(model, tmp_path / f"{name}.pth")
