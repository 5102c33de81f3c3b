"""``dataforge inspect`` as a person runs it: exit codes, words, the saved layout at work."""

from __future__ import annotations

import json
from pathlib import Path

from command_line import Cli
from helpers import SAMPLE, load_coco, picture, voc_object, voc_xml, write

BOX = (0, 5, 30, 40)


def cameras(folder: Path) -> Path:
    for camera in ("cam1", "cam2"):
        size = 64, 48 + int(camera[-1])
        xml = voc_xml(voc_object(f"of {camera}", BOX), size=size)
        write(folder / camera / "xml" / "a.xml", xml)
        picture(folder / camera / "images" / "a.jpg", size)
    return folder


def test_0_suggested_commands_work(cli: Cli, tmp_path: Path) -> None:
    folder = cameras(tmp_path / "shots")
    result = cli("inspect", folder)
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == f"{folder}: 4 files"
    assert lines[1] == "  cam1/images/  1 .jpg"
    assert "voc: 2 XML files with <annotation>" in lines
    assert "  images in */images/ and XML in */xml/: 2 of 2 XML files have an image with the " in (
        result.stdout
    )
    assert "  coords zero: 2 of 2 boxes begin at 0, so pixels count from 0" in lines
    assert ["of", "cam1", "1"] in [line.split() for line in lines]
    commands = [line[6:] for line in lines if line.startswith(("next: ", "      dataforge"))]
    assert commands == [
        f"dataforge register shots --layout custom-voc --root {folder} --split train=80,val=20",
        f"dataforge convert voc2coco {folder} shots_coco --split train=80,val=20 --image-mode copy",
    ]
    converted = cli(*commands[1].split()[1:], cwd=tmp_path)
    assert converted.returncode == 0, converted.stderr
    assert (tmp_path / "shots_coco" / "annotations" / "instances_train.json").exists()
    shown = cli("browse", "shots_coco", "--workers", "1", cwd=tmp_path)
    assert (shown.returncode, "cannot be shown" in shown.stdout) == (0, False), shown.stdout


def test_saved_layout_is_accepted_by_convert_and_register(cli: Cli, tmp_path: Path) -> None:
    folder = cameras(tmp_path / "shots")
    result = cli("inspect", folder, "--save", "layout.toml", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert "wrote layout.toml" in result.stdout
    assert f"dataforge register shots --layout layout.toml --root {folder}" in result.stdout
    text = (tmp_path / "layout.toml").read_text("utf-8")
    assert 'images = "*/images"' in text
    converted = cli("convert", "voc2coco", folder, "out", "--layout", "layout.toml", cwd=tmp_path)
    assert converted.returncode == 0, converted.stderr
    document = load_coco(tmp_path / "out")
    assert {entry["file_name"] for entry in document["images"]} == {
        "cam1/images/a.jpg",
        "cam2/images/a.jpg",
    }
    registered = cli(
        "register", "shots", "--layout", "layout.toml", "--root", folder, "--dry-run", cwd=tmp_path
    )
    assert registered.returncode == 0, registered.stderr
    assert "+cam1/xml/a\n" in registered.stdout
    again = cli("inspect", folder, "--save", "layout.toml", cwd=tmp_path)
    assert again.returncode == 3
    assert "layout.toml already exists; use --force to overwrite" in again.stderr
    forced = cli("inspect", folder, "--save", "layout.toml", "--force", cwd=tmp_path)
    assert forced.returncode == 0
    assert (tmp_path / "layout.toml").read_text("utf-8") == text


def test_1_findings(cli: Cli, tmp_path: Path) -> None:
    folder = cameras(tmp_path)
    write(folder / "cam1" / "xml" / "b.xml", "<annotation><object>")
    picture(folder / "cam1" / "images" / "b.jpg", (64, 99))
    result = cli("inspect", folder)
    assert result.returncode == 1
    assert "error unreadable-xml: 1" in result.stdout
    assert "cam1/xml/b.xml" in result.stdout


def test_2_no_layout_to_save(cli: Cli, tmp_path: Path) -> None:
    result = cli("inspect", SAMPLE / "labelme", "--save", tmp_path / "x.toml")
    assert result.returncode == 2
    assert "found labelme, and only voc and coco have a layout" in result.stderr
    assert not (tmp_path / "x.toml").exists()


def test_3_nothing_recognised(cli: Cli, tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    result = cli("inspect", tmp_path)
    assert result.returncode == 3
    assert result.stderr.startswith(
        "error: 1 image without annotations: annotate them, for example with labelme"
    )
    assert "labelme: labelme JSON beside each image; " in result.stderr
    assert cli("inspect", tmp_path / "gone").returncode == 3


def test_json_output_is_complete_and_pure(cli: Cli, tmp_path: Path) -> None:
    folder = cameras(tmp_path / "shots")
    result = cli("inspect", folder, "--json", "--save", tmp_path / "x.toml")
    assert result.returncode == 0
    document = json.loads(result.stdout)
    assert document["files"] == 4
    assert document["images"] == {".jpg": 2}
    (part,) = document["parts"]
    assert part["format"] == "voc"
    assert part["layout"]["images"] == "*/images"
    assert part["splits"] == {"all": 2}
    assert part["classes"] == {"of cam1": {"all": 1}, "of cam2": {"all": 1}}
    assert document["findings"] == []
