"""Every command that `inspect` prints runs as it is printed."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cases.folders import coco, image
from command_line import run_cli
from contract import test_isat, test_labelmexml
from helpers import REAL, SAMPLE, SQUARE, document, shape, voc_object, voc_xml, write

from dataforge.verbs.inspect import inspect

CAT = voc_object("cat", (1, 2, 20, 30))


def labelme(folder: Path, *names: str, images: bool = True) -> None:
    for name in names:
        write(folder / f"{name}.json", document(shape("cat", SQUARE), image=f"{name}.png"))
        if images:
            image(folder / f"{name}.png")


def voc(folder: Path, *names: str, images: bool = True) -> None:
    for name in names:
        write(folder / "Annotations" / f"{name}.xml", voc_xml(CAT))
        if images:
            image(folder / "JPEGImages" / f"{name}.jpg")


def yolo(folder: Path, *names: str) -> None:
    for name in names:
        write(folder / "labels" / f"{name}.txt", "0 0.5 0.5 0.2 0.2\n")
        image(folder / "images" / f"{name}.jpg")
    write(folder / "classes.txt", "cat\n")


def coco_file(folder: Path, *names: str, images: bool = True, written: str = "") -> None:
    entries = [(number, written or f"{name}.jpg") for number, name in enumerate(names, 1)]
    boxes = [(number, number, 1, [1, 2, 10, 20]) for number, _ in entries]
    write(folder / "instances_all.json", json.dumps(coco(entries, boxes)))
    for name in names if images else ():
        image(folder / f"{name}.jpg")


def two_formats(folder: Path) -> None:
    labelme(folder, "l1", "l2", "l3")
    yolo(folder, "y1", "y2")
    voc(folder, "v1", "v2")


def with_errors(folder: Path) -> None:
    voc(folder, "a", "b", "c")
    write(folder / "Annotations" / "d.xml", "<annotation><object>")


FOLDERS: list[tuple[str, Callable[[Path], None]]] = [
    ("one", lambda folder: labelme(folder, "a")),
    ("one", lambda folder: voc(folder, "a")),
    ("one", lambda folder: yolo(folder, "a")),
    ("one", lambda folder: coco_file(folder, "a")),
    ("one", lambda folder: coco_file(folder, "a", written="a.png")),  # its name differs
    ("coco", lambda folder: labelme(folder, "a", "b")),
    ("coco", lambda folder: coco_file(folder, "a", "b")),
    ("voc", lambda folder: voc(folder, "a", "b")),
    ("VOC", lambda folder: yolo(folder, "a", "b")),
    ("lvis", lambda folder: coco_file(folder, "a", written="a.png")),
    ("class", lambda folder: labelme(folder, "a", "b")),
    ("0 a'b", lambda folder: labelme(folder, "a", "b")),
    ("-x", lambda folder: voc(folder, "a", "b")),
    ("mixed", two_formats),
    ("bare", lambda folder: labelme(folder, "a", "b", images=False)),
    ("bare", lambda folder: voc(folder, "a", "b", images=False)),
    ("bare", lambda folder: coco_file(folder, "a", "b", images=False)),
    ("isat", test_isat.TestIsat().dataset),
    ("mit", test_labelmexml.TestLabelmeXml().dataset),
    ("broken", with_errors),
    ("unmarked", lambda folder: [image(folder / "a.png"), write(folder / "a.json", document())]),
]  # fmt: skip


def run_all(
    capsys: pytest.CaptureFixture[str], location: str, cwd: Path, where: Path, *given: str
) -> list[str]:
    """Run what `inspect` prints in a folder, and give it back.

    Args:
        location: of the dataset.
        cwd: working directory.
        where: folder for registrations.
        given: options of `inspect`.
    """
    inspected = run_cli(capsys, "inspect", location, *given, cwd=cwd)
    lines = inspected.stdout.splitlines()
    start = next((at for at, line in enumerate(lines) if line.startswith("next: ")), len(lines))
    commands = [line[6:] for line in lines[start:]]
    assert all(command.startswith("dataforge ") for command in commands)
    for command in commands:
        words = shlex.split(command)[1:]
        if words[0] == "register":  # of the frameworks that need no installation to be planned
            words += ["--framework", "all", "--output", str(where), "--dry-run"]
        ran = run_cli(capsys, *words, cwd=cwd)
        faulty = inspected.returncode == 1 or words[0] == "check"
        # with what is wrong with the data in the report
        assert ran.returncode in ((0, 1) if faulty else (0,)), (command, ran.stdout, ran.stderr)
    return commands


@pytest.mark.parametrize("number", range(len(FOLDERS)))
def test_what_is_printed_runs(
    number: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, draw = FOLDERS[number]
    draw(tmp_path / name)
    before = inspect(str(tmp_path / name)).usable
    location = f"./{name}" if name.startswith("-") else name
    commands = run_all(capsys, location, tmp_path, tmp_path / "registered")
    assert bool(commands) == before
    assert len({*commands}) == len(commands)


@pytest.mark.parametrize("folder", sorted(path.name for path in SAMPLE.iterdir() if path.is_dir()))
def test_the_sample(folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_all(capsys, str(SAMPLE / folder), tmp_path, tmp_path / "registered")


@pytest.mark.parametrize(
    "path", ["bccd/BCCD", *(f"labelme/{name}" for name in ("primitives", "bbox_detection"))]
)
def test_real_folders(path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not (REAL / path).is_dir():
        pytest.skip("the real data are not here")
    assert run_all(capsys, str(REAL / path), tmp_path, tmp_path / "registered")


def test_check_is_proposed_where_there_are_errors(tmp_path: Path) -> None:
    with_errors(tmp_path / "set")
    (part,) = inspect(str(tmp_path / "set")).parts
    assert part.commands[0] == f"dataforge check {tmp_path / 'set'}"
    (tmp_path / "set" / "Annotations" / "d.xml").unlink()
    (part,) = inspect(str(tmp_path / "set")).parts
    assert not any(command.startswith("dataforge check") for command in part.commands)


def test_an_output_that_is_there_is_not_proposed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labelme(tmp_path / "set", "a", "b")
    (tmp_path / "set_coco").mkdir()
    shutil.copytree(tmp_path / "set", tmp_path / "set_coco_2")
    monkeypatch.chdir(tmp_path)
    (part,) = inspect("set").parts
    assert " set_coco_3 " in part.commands[0]
    assert part.commands[1].endswith("--root set_coco_3")


@pytest.mark.skipif(sys.platform == "win32", reason="paths are written otherwise there")
def test_names_of_frameworks_are_not_proposed(tmp_path: Path) -> None:
    for name in ("coco", "voc", "CityscapesDataset", "get"):
        voc(tmp_path / name, "a", "b")
        (part,) = inspect(str(tmp_path / name)).parts
        assert part.commands[0].startswith(f"dataforge register data_{name} ")


@pytest.mark.parametrize("draw", [labelme, voc, yolo, coco_file])
def test_commands_follow_the_links_that_inspect_followed(
    draw: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw(tmp_path / "kept", "a", "b")
    (tmp_path / "set").mkdir()
    for path in (tmp_path / "kept").iterdir():
        (tmp_path / "set" / path.name).symlink_to(path)
    where = tmp_path / "registered"
    assert not run_all(capsys, "set", tmp_path, where)  # nothing is read
    commands = run_all(capsys, "set", tmp_path, where, "--follow-links")
    of_set = [command for command in commands if "--root set_" not in command]  # not its output
    assert of_set
    assert all("--follow-links" in command for command in of_set)
