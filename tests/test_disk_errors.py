"""An image whose content the disk does not give back is named, and the output is not blamed."""

from __future__ import annotations

import errno
import io
import os
from functools import partial
from pathlib import Path
from typing import IO, Any

import pytest
from command_line import Cli, run_cli
from helpers import SQUARE, document, run_convert, shape, write
from PIL import Image as PILImage

from dataforge.io import reading

_BAD = range(50_000, 60_000)
"""Bytes of `bad.png` that cannot be read: neither its header nor its end."""


class _Broken(io.FileIO):
    def readinto(self, buffer: Any) -> int:
        start = self.tell()
        self._refuse(start, start + len(memoryview(buffer).cast("B")))
        return super().readinto(buffer) or 0

    def readall(self) -> bytes:
        self._refuse(self.tell(), _BAD.stop)
        return super().readall()

    def _refuse(self, start: int, stop: int) -> None:
        if start < _BAD.stop and _BAD.start < stop:
            raise OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """labelme files of a good image and of one that cannot be read."""
    for name in ("bad", "good"):
        write(tmp_path / f"set/{name}.json", document(shape("cat", SQUARE), image=f"{name}.png"))
        noise = PILImage.frombytes("RGB", (200, 200), os.urandom(120_000))
        noise.save(tmp_path / f"set/{name}.png")
    as_it_is = reading.open_file

    def open_file(path: str) -> IO[bytes]:
        if os.path.basename(path) != "bad.png":
            return as_it_is(path)
        return io.BufferedReader(_Broken(path))

    monkeypatch.setattr("dataforge.io.roots.open_file", open_file)
    return tmp_path / "set"


def test_convert_places_the_others(folder: Path, tmp_path: Path) -> None:
    report = run_convert(folder, tmp_path / "out", image_mode="copy")
    (found,) = [finding for finding in report.findings if finding.code == "image-not-placed"]
    assert (found.file, found.message) == (
        "bad.png", "is missing from the output: cannot be read: Input/output error",
    )  # fmt: skip
    assert report.failed
    assert os.listdir(tmp_path / "out/images") == ["good.png"]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    return partial(run_cli, capsys)


def test_a_fixed_copy_is_whole_or_not_there(folder: Path, tmp_path: Path, cli: Cli) -> None:
    ran = cli("check", folder, "--fix", "--output", tmp_path / "out")
    assert ran.returncode == 3
    assert f"{folder / 'bad.png'}: cannot be read: Input/output error" in ran.stderr
    assert "written:" not in ran.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["inspect", "check"])
def test_identical_images_that_cannot_be_compared(command: str, folder: Path, cli: Cli) -> None:
    image = (folder / "bad.png").read_bytes()
    for split in ("train", "val"):
        target = folder.with_name("yolo") / "images" / split / "bad.png"
        target.parent.mkdir(parents=True)
        target.write_bytes(image)
        write(folder.with_name("yolo") / "labels" / split / "bad.txt", "0 0.5 0.5 0.2 0.2\n")
    names = "train: images/train\nval: images/val\nnames: [cat]\n"
    write(folder.with_name("yolo") / "data.yaml", names)
    ran = cli(command, folder.with_name("yolo"))
    assert ran.returncode in (0, 1), ran.stderr
    if command == "check":
        assert "images/train/bad.png: " in ran.stdout
        assert "Input/output error" in ran.stdout
