"""``dataforge browse`` on the command line."""

from __future__ import annotations

import json
import webbrowser
from pathlib import Path

import pytest
from command_line import Cli
from helpers import SQUARE, document, picture, shape, write


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write(tmp_path / "data" / "a.json", document(shape("cat", SQUARE)))
    picture(tmp_path / "data" / "a.jpg")
    return tmp_path / "data"


def test_it_says_what_the_page_shows(cli: Cli, data: Path, tmp_path: Path) -> None:
    result = cli("browse", "data", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "data: labelme, 1 image, 1 object, 1 class",
        "wrote data-browse/index.html",
    ]
    assert (tmp_path / "data-browse" / "index.html").is_file()
    again = cli("browse", "data", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (3, "")
    assert again.stderr == (
        "error: data-browse/index.html already exists; use --force to overwrite\n"
    )
    result = cli("browse", "data", "--compare", "data", "--force", cwd=tmp_path)
    assert "objects differ in 0 images" in result.stdout


def test_findings_at_error_level_are_exit_code_1(cli: Cli, data: Path, tmp_path: Path) -> None:
    write(data / "b.json", "{")
    result = cli("browse", data, "-o", tmp_path / "page", "--json")
    assert result.returncode == 1
    report = json.loads(result.stdout)
    assert report["counts"] == {"unreadable-json": {"error": 1}}
    assert report["images"] == 1
    result = cli("browse", data, "-o", tmp_path / "page", "--force", "--exit-zero")
    assert result.returncode == 0
    assert "1 error" in result.stdout


@pytest.mark.parametrize("works", [True, False])
def test_open(
    cli: Cli, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, works: bool
) -> None:
    opened: list[str] = []

    def browser(address: str) -> bool:
        opened.append(address)
        return works

    monkeypatch.setattr(webbrowser, "open", browser)
    result = cli("browse", data, "-o", "a page", "--open", cwd=tmp_path)
    assert result.returncode == 0
    assert opened == [f"{tmp_path.as_uri()}/a%20page/index.html"]
    assert ("no browser could be started" in result.stderr) == (not works)


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("data", "data-browse"),
        ("data/", "data-browse"),
        ("x/instances_train.JSON", "instances_train-browse"),
        ("s3://bucket/pets/", "pets-browse"),
        ("/", "dataset-browse"),
    ],
)
def test_the_default_folder(path: str, folder: str) -> None:
    from dataforge.cli.browse import default_folder

    assert default_folder(path) == folder


def test_images_that_are_elsewhere_have_a_remedy(cli: Cli, tmp_path: Path) -> None:
    images = '"images": [{"id": 1, "file_name": "a.jpg", "width": 9, "height": 9}]'
    boxes = '"annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 5, 5]}]'
    text = f'{{{images}, {boxes}, "categories": [{{"id": 1, "name": "cat"}}]}}'
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a.json").write_text(text)
    said = "1 image cannot be shown; if they are elsewhere, name their folder with --image-dir DIR"
    assert said in cli("browse", "set", "-o", "page", cwd=tmp_path).stdout
