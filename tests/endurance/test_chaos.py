"""A few of the rounds of `chaos.py`, and what it has found, one by one."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers import SQUARE, document, picture, python, run_convert, shape, write

import dataforge.verbs.split
from dataforge.errors import OutputError
from dataforge.io import NamedFile, open_file, staged
from dataforge.verbs.register.path_file import write_line
from dataforge.verbs.split import SplitJob, make

SCRIPT = Path(__file__).parent / "chaos.py"
pytestmark = [
    pytest.mark.endurance,
    pytest.mark.skipif(sys.platform == "win32", reason="pipes and links as Unix has them"),
]


def two_images(folder: Path) -> None:
    for name in "ab":
        write(folder / f"{name}.json", document(shape("cat", SQUARE), image=f"{name}.jpg"))
        picture(folder / f"{name}.jpg")


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_disturbed_run_harms_nothing() -> None:
    result = python(str(SCRIPT), "--rounds", "20")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout.splitlines()[-1])["rounds"] == 20


def test_file_swapped_for_a_pipe_while_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.json", "{}")
    opened = os.open

    def swap(name: Any, *arguments: Any, **more: Any) -> int:
        path.unlink()
        os.mkfifo(path)
        return opened(name, *arguments, **more)

    monkeypatch.setattr(os, "open", swap)
    with pytest.raises(OSError, match="is a pipe"):
        open_file(path)


@pytest.mark.parametrize("mode", ["hardlink", "symlink"])
def test_image_swapped_for_a_secret_while_it_is_linked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: Any
) -> None:
    source = tmp_path / "in"
    two_images(source)
    secret = write(tmp_path / "secret.jpg", "secret")
    call = {"hardlink": "link", "symlink": "symlink"}[mode]
    made = getattr(os, call)

    def swap(path: str, target: Path, **more: Any) -> None:
        if Path(path).name == "a.jpg":
            os.unlink(path)
            os.rename(shutil.copy(secret, tmp_path / "copy"), path)
        made(path, target, **more)

    monkeypatch.setattr(os, call, swap)
    report = run_convert(source, tmp_path / "out", image_mode=mode)
    assert os.listdir(tmp_path / "out" / "images") == ["b.jpg"]
    (finding,) = [each for each in report.findings if each.code == "image-not-placed"]
    assert (finding.file, "was replaced" in finding.message) == ("a.jpg", True)


@pytest.mark.parametrize("name", ["s.json", "s.toml"])
def test_manifest_that_somebody_else_writes_meanwhile_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    two_images(tmp_path / "in")
    theirs = tmp_path / name
    before = dataforge.verbs.split.survey

    def write_first(*arguments: Any, **more: Any) -> Any:
        theirs.write_text("theirs")
        return before(*arguments, **more)

    monkeypatch.setattr("dataforge.verbs.split.survey", write_first)
    with pytest.raises(OutputError, match="was written during the run"):
        make(SplitJob(source=str(tmp_path / "in"), out=str(theirs), ratios="50,50"))
    assert theirs.read_text() == "theirs"


def test_path_file_that_somebody_else_writes_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "dataforge_pets.pth"
    file = NamedFile(path, force=True)
    path.write_text("theirs")
    with pytest.raises(OutputError, match="was written during the run"):
        write_line(file, tmp_path / "out")
    assert path.read_text() == "theirs"


@pytest.mark.parametrize("over", [False, True])
def test_temporary_folder_removed_before_the_output_is_put_in_place(
    tmp_path: Path, over: bool
) -> None:
    """Exit code 0 means that the output is there; what it was to replace is kept."""
    out = tmp_path / "out"
    if over:
        write(out / "labels" / "old.txt", "old")

    def run() -> None:
        with staged(out, [out / "labels"], force=True) as stage:
            write(stage / "labels" / "a.txt", "a")
            shutil.rmtree(tmp_path / ".out.dataforge-tmp")

    with pytest.raises(OutputError, match="temporary file was removed"):
        run()
    assert [path.name for path in tmp_path.rglob("*.txt")] == ["old.txt"] * over
