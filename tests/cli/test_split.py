"""``dataforge split`` as a person runs it, and what convert and register make of its file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Cli
from helpers import SAMPLE, load_coco, picture, voc_object, voc_xml, write


def test_split_then_convert(cli: Cli, tmp_path: Path) -> None:
    source = SAMPLE / "labelme"
    result = cli("split", source, "--split", "train=0.8,val=0.2", "--stratify", cwd=tmp_path)
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
        "14 images unchanged, 0 new",
        "splits.json is up to date",
    ]
    result = cli("convert", "labelme2coco", source, "out", "--split", "splits.json", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    for split in ("train", "val"):
        names = {entry["file_name"] for entry in load_coco(tmp_path / "out", split)["images"]}
        assert names == {name for name, side in manifest["images"].items() if side == split}


def test_split_then_register(cli: Cli, tmp_path: Path) -> None:
    for number in range(10):
        xml = voc_xml(voc_object("cat" if number % 5 else "dog", (1, 2, 30, 40)))
        write(tmp_path / "d" / "xml" / f"p{number}.xml", xml)
        picture(tmp_path / "d" / "img" / f"p{number}.png")
    arguments = ("--split", "train=0.5,val=0.5", "--stratify", "-o", "s.toml")
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
        (["gone", "--split", "a=1"], 3, "gone: no such file or folder"),
        (["empty", "--split", "a=1"], 3, "no annotations and no images"),
        ([SAMPLE / "labelme"], 2, "requires --split"),
        ([SAMPLE / "labelme", "--split", "a=2"], 2, "--split a=2"),
        ([SAMPLE / "labelme", "--split", "a=1", "-o", "s.txt"], 2, "--output s.txt"),
        (
            [SAMPLE / "labelme", "--split", "a=1", "--from", "x"],
            2,
            "no format 'x'; choose from bdd100k, coco, ",
        ),
    ],
)
def test_exit_codes(
    cli: Cli, arguments: list[str | Path], code: int, said: str, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    result = cli("split", *arguments, cwd=tmp_path)
    assert result.returncode == code
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty"]


def test_class_options_are_shared_with_convert_and_register(cli: Cli) -> None:
    texts = {}
    for command in ("convert", "register"):
        result = cli(command, "--help")
        assert result.returncode == 0
        texts[command] = " ".join(result.stdout.split())
    for option in ("--labels", "--label-aliases", "--unknown", "--ignore-case", "--drop", "--merge",
                   "--split", "--seed", "--stratify", "--group-by"):  # fmt: skip
        assert all(f" {option}" in text for text in texts.values()), option


def test_json_exit_zero_and_quiet(cli: Cli, tmp_path: Path) -> None:
    for name in "ab":
        write(tmp_path / "in" / f"{name}.xml", voc_xml(voc_object("cat", (1, 2, 30, 40))))
        picture(tmp_path / "in" / f"{name}.png")
    write(tmp_path / "in" / "c.xml", "<annotation>")
    arguments = ("split", "in", "--split", "50,50", "--report", "r.json")
    result = cli(*arguments, "--json", cwd=tmp_path)
    assert result.returncode == 1
    report = json.loads(result.stdout)
    assert report == json.loads((tmp_path / "r.json").read_text())
    assert report["images"] == {"train": 1, "val": 1}
    assert "unreadable-xml" in {finding["code"] for finding in report["findings"]}
    result = cli(*arguments, "--exit-zero", "-q", cwd=tmp_path)
    assert (result.returncode, "r.json already exists" in result.stderr) == (3, True)
    result = cli(*arguments, "--exit-zero", "-q", "--force", cwd=tmp_path)
    assert result.returncode == 0
    assert result.stdout.startswith("error unreadable-xml: 1")
    assert "wrote" not in result.stdout
