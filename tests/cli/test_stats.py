"""``dataforge stats`` as a person runs it: words, widths, JSON, charts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Cli
from helpers import SAMPLE, document, picture, shape, write
from PIL import Image

SOURCE = SAMPLE / "humanparts"


def test_table_and_measures(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    result = cli("stats", SOURCE)
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == f"{SOURCE}: 22 images, 123 objects, 5 classes (voc)"
    rows = [line.split() for line in lines]
    assert rows[2] == [
        "class", "objects", "images", "small", "medium", "large", "in", "train", "in", "val",
    ]  # fmt: skip
    assert ["face", "30", "22", "0", "30", "0", "22", "8"] in rows
    assert ["(all)", "123", "22", "3", "90", "30", "90", "33"] in rows
    assert "  size of images       320x240" in lines
    assert any(line.startswith("  width : height ") for line in lines)


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_it_is_as_wide_as_the_terminal(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    result = cli("stats", SOURCE)
    _, *lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= max(columns, 48)
    rows = [line.split() for line in lines]
    names = [row for row in rows if row[:1] == ["face"]]
    numbers = [number for row in names for number in row[1:]]
    assert numbers == ["30", "22", "0", "30", "0", "22", "8"]  # in one table or in several


def test_json_has_what_is_printed_and_quiet_prints_nothing(cli: Cli, tmp_path: Path) -> None:
    result = cli("stats", SOURCE, "--json", "--report", tmp_path / "r.json")
    report = json.loads(result.stdout)
    assert report == json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert report["classes"]["face"]["splits"]["val"] == {"objects": 8, "images": 6}
    assert cli("stats", SOURCE, "--quiet").stdout == ""


def test_findings_of_reading_are_printed_and_are_the_exit_code(cli: Cli, tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    write(tmp_path / "a.json", document(shape("cat", [[1, 1], [9, 1]]), image="a.jpg"))
    result = cli("stats", tmp_path)
    assert result.returncode == 1
    assert "error bad-shape: 1, 1 shape left out" in result.stdout
    assert cli("stats", tmp_path, "--exit-zero").returncode == 0


def test_charts_are_pictures_and_replace_only_with_force(cli: Cli, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    folder = tmp_path / "charts"
    result = cli("stats", SOURCE, "--plots", folder)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1].startswith("wrote 8 charts into ")
    names = {path.name for path in folder.iterdir()}
    assert names == {"overview.png", "classes.png", "objects_per_image.png", "sizes.png",
                     "shapes.png", "image_sizes.png", "positions.png", "together.png"}  # fmt: skip
    for name in names:
        with Image.open(folder / name) as opened:
            assert opened.format == "PNG"
            assert len(opened.convert("L").getcolors()) > 10
    write(folder / "mine.txt", "mine")
    again = cli("stats", SOURCE, "--plots", folder)
    assert again.returncode == 3
    assert "use --force to overwrite" in again.stderr
    assert cli("stats", SOURCE, "--plots", folder, "--force").returncode == 0
    assert (folder / "mine.txt").read_text() == "mine"


def test_charts_of_any_names_and_of_nothing(cli: Cli, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    labels = ["人物", "$x_1", "_a", "عربى", "L" * 300, "{", "\\frac"]
    shapes = [shape(label, [[1, 1], [9, 1], [9, 9]]) for label in labels]
    picture(tmp_path / "set" / "a.jpg")
    write(tmp_path / "set" / "a.json", document(*shapes, image="a.jpg"))
    assert cli("stats", tmp_path / "set", "--plots", tmp_path / "charts").returncode == 0
    picture(tmp_path / "none" / "a.jpg")
    write(tmp_path / "none" / "a.json", document(image="a.jpg"))
    result = cli("stats", tmp_path / "none", "--plots", tmp_path / "empty")
    assert (result.returncode, result.stderr) == (0, "")
    assert "0 objects" in result.stdout


def test_no_image_of_the_dataset_is_overwritten(cli: Cli, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    image = picture(tmp_path / "sizes.png")
    before = image.read_bytes()
    write(tmp_path / "a.json", document(shape("a", [[1, 1], [9, 1], [9, 9]]), image="sizes.png"))
    result = cli("stats", tmp_path, "--plots", tmp_path, "--force")
    assert result.returncode == 3
    assert image.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "sizes.png"]
