"""``dataforge split`` as a person runs it, and what convert and register make of its file."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from helpers import SAMPLE, load_coco, picture, python, voc_object, voc_xml, write


def cli(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return python("-m", "dataforge", *map(str, arguments), cwd=cwd)


def test_split_then_convert(tmp_path: Path) -> None:
    source = SAMPLE / "labelme"
    result = cli("split", source, "--ratios", "train=0.8,val=0.2", "--stratify", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0] == ["14", "images", "(labelme)"]
    assert lines[1] == ["class", "train", "val"]
    assert ["(images)", "11", "(78.6%)", "3", "(21.4%)"] in lines  # 11.2 and 2.8
    assert lines[-1] == ["wrote", "splits.json"]
    manifest = json.loads((tmp_path / "splits.json").read_text())
    again = cli("split", source, cwd=tmp_path)
    assert again.returncode == 0
    assert again.stdout.splitlines()[-2:] == [
        "14 images as before, 0 new",
        "splits.json is up to date",
    ]
    result = cli("convert", "labelme2coco", source, "out", "--split", "splits.json", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    for split in ("train", "val"):
        names = {entry["file_name"] for entry in load_coco(tmp_path / "out", split)["images"]}
        assert names == {name for name, side in manifest["images"].items() if side == split}


def test_split_then_register(tmp_path: Path) -> None:
    for number in range(10):
        xml = voc_xml(voc_object("cat" if number % 5 else "dog", (1, 2, 30, 40)))
        write(tmp_path / "d" / "xml" / f"p{number}.xml", xml)
        picture(tmp_path / "d" / "img" / f"p{number}.png")
    arguments = ("--ratios", "train=0.5,val=0.5", "--stratify", "--out", "s.toml")
    assert cli("split", "d", *arguments, cwd=tmp_path).returncode == 0
    result = cli("register", "Cats", "--root", "d", "--split", "s.toml", "--dry-run", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["dog", "1", "1"] in rows
    assert ["cat", "4", "4"] in rows
    assert any(row[-1].endswith("splits/val.txt") for row in rows if row and row[0] == "+++")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["gone", "--ratios", "a=1"], 3, "gone: no such folder"),
        (["empty", "--ratios", "a=1"], 3, "no annotations and no images"),
        ([SAMPLE / "labelme"], 2, "--ratios are needed"),
        ([SAMPLE / "labelme", "--ratios", "a=2"], 2, "--ratios a=2"),
        ([SAMPLE / "labelme", "--ratios", "a=1", "--out", "s.txt"], 2, "--out s.txt"),
        ([SAMPLE / "labelme", "--ratios", "a=1", "--format", "x"], 2, "no format 'x'"),
    ],
)
def test_exit_codes(arguments: list[str | Path], code: int, said: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = cli("split", *arguments, cwd=tmp_path)
    assert result.returncode == code
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty"]


def test_the_class_options_are_the_same_in_convert_and_register() -> None:
    texts = {}
    for command in ("convert", "register"):
        result = cli(command, "--help")
        assert result.returncode == 0
        texts[command] = " ".join(result.stdout.split())
    for option in ("--labels", "--aliases", "--unknown", "--ignore-case", "--drop", "--merge",
                   "--split", "--seed", "--stratify", "--group-by"):  # fmt: skip
        assert all(f" {option}" in text for text in texts.values()), option
