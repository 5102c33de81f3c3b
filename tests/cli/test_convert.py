"""``dataforge convert`` as a person runs it: exit codes, words, files."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from helpers import (
    SAMPLE,
    SQUARE,
    document,
    load_coco,
    picture,
    python,
    shape,
    snapshot,
    voc_object,
    voc_xml,
    write,
)

from dataforge.converters import CONVERTERS


def cli(
    *arguments: str | Path, cwd: Path | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    return python("-m", "dataforge", *map(str, arguments), cwd=cwd, **env)


def labelled(folder: Path, label: str = "cat") -> Path:
    write(folder / "a.json", document(shape(label, SQUARE)))
    picture(folder / "a.jpg")
    return folder


def test_0_done(tmp_path: Path) -> None:
    result = cli("convert", "labelme2coco", SAMPLE / "labelme", tmp_path / "out")
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == "14 images, 69 shapes as 68 instances, 1 image with nothing marked"
    rows = [line.split() for line in lines[1:]]
    assert ["face", "17"] in rows
    assert ["hand", "34"] in rows
    assert ["person", "17"] in rows
    assert ["(images)", "14"] in rows
    written = tmp_path / "out" / "annotations" / "instances_all.json"
    assert lines[-1] == f"wrote {written}"
    assert len(json.loads(written.read_text("utf-8"))["annotations"]) == 68


def test_1_done_with_findings(tmp_path: Path) -> None:
    source = labelled(tmp_path / "in", "cta")
    result = cli("convert", "labelme2coco", source, tmp_path / "out", "--labels", "cat,dog")
    assert result.returncode == 1
    assert "error unknown-label: 1, 1 shape left out" in result.stdout
    assert "a.json::$.shapes[0]: label 'cta'" in result.stdout
    assert "did you mean 'cat'?" in result.stdout
    assert (tmp_path / "out" / "annotations" / "instances_all.json").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["labelme2yaml", "in", "out"], "no converter 'labelme2yaml'; there are"),
        (["labelme2coco", "in"], "Missing argument"),
        (["labelme2coco", "in", "out", "--no-such-option"], "--no-such-option"),
        (["labelme2coco", "in", "out", "--unknown", "maybe"], "error, ignore, add"),
        (["labelme2coco", "in", "out", "--images", "move"], "reference, copy, hardlink, symlink"),
        (["labelme2coco", "in", "out", "--split", "train=0.9"], "add up to 0.9"),
        (["labelme2coco", "in", "out", "--lines", "thick"], "--lines thick"),
        (["labelme2coco", "in", "out", "--labels", "gone.txt"], "gone.txt"),
        (["labelme2coco", "in", "out", "--missing-images", "x"],
         "--missing-images x: want one of keep, skip"),
        (["voc2coco", "voc", "out", "--coords", "foo"],
         "--coords foo: want one of auto, voc, mmdet, zero"),
        (["coco2voc", "voc", "out", "--coords", ""], "--coords : want one of auto, voc"),
        (["voc2coco", "voc", "out", "--difficult", "maybe"],
         "--difficult maybe: want one of keep, ignore, drop"),
        (["labelme2coco", "in", "out", "--labels", "obj.names"],
         "--labels obj.names: there is no such file"),
        (["voc2coco", "voc", "out", "--layout", "coco"], "--layout coco: it is of COCO files"),
        (["labelme2coco", "in", "out", "--coords", "voc"], "where labelme is read"),
        (["voc2coco", "voc", "out", "--points", "error"], "where voc is read"),
        (["voc2coco", "voc", "out", "--layout", "x"], "--layout x"),
    ],
)  # fmt: skip
def test_2_wrong_usage(tmp_path: Path, arguments: list[str], said: str) -> None:
    labelled(tmp_path / "in")
    write(tmp_path / "voc" / "a.xml", voc_xml(voc_object("cat", (1, 2, 3, 4))))
    picture(tmp_path / "voc" / "a.jpg")
    images = [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}]
    write(tmp_path / "voc" / "a.json", {"images": images, "categories": [], "annotations": []})
    before = snapshot(tmp_path)
    result = cli("convert", *arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    ("converter", "source", "said"),
    [
        ("labelme2coco", "gone", "gone: no such folder"),
        ("labelme2coco", "in/a.jpg", "in/a.jpg: no such folder"),
        ("labelme2coco", "empty", "empty: nothing here can be converted from labelme"),
        ("labelme2coco", "other", "coco.json: is JSON but no labelme file"),
        ("labelme2coco", "broken", "b.json::line 1, column 13: JSON breaks off"),
        ("voc2coco", "empty", "no .xml file"),
        ("voc2coco", "in", "no .xml file"),
    ],
)
def test_3_could_not_do_it(tmp_path: Path, converter: str, source: str, said: str) -> None:
    labelled(tmp_path / "in")
    (tmp_path / "empty").mkdir()
    write(tmp_path / "other" / "coco.json", {"images": []})
    write(tmp_path / "broken" / "b.json", '{"shapes": [')
    before = snapshot(tmp_path)
    report = ("--report", "report.json")
    result = cli("convert", converter, source, "out", *report, cwd=tmp_path)
    assert result.returncode == 3
    assert result.stderr.startswith("error: ")
    assert said in result.stderr
    assert result.stdout == ""
    assert snapshot(tmp_path) == before
    assert not (tmp_path / "out").exists()


def test_3_refuses_to_overwrite_unless_forced(tmp_path: Path) -> None:
    arguments = ("convert", "labelme2coco", labelled(tmp_path / "in"), tmp_path / "out.json")
    assert cli(*arguments).returncode == 0
    result = cli(*arguments)
    assert result.returncode == 3
    assert "out.json is there already; --force overwrites it" in result.stderr
    assert cli(*arguments, "--force").returncode == 0


def test_the_report(tmp_path: Path) -> None:
    source = labelled(tmp_path / "in")
    marked = [shape("cat", SQUARE), shape("cow", SQUARE), shape("cat", [[1, 1]], "point")]
    write(source / "b.json", document(*marked, image="b.jpg"))
    picture(source / "b.jpg")
    arguments = ("--labels", "dog,cat", "--report", "deep/report.json")
    result = cli("convert", "labelme2coco", "in", "out", *arguments, cwd=tmp_path)
    assert result.returncode == 1
    assert "report: deep/report.json" in result.stdout
    report = json.loads((tmp_path / "deep" / "report.json").read_text("utf-8"))
    findings = report.pop("findings")
    assert report == {
        "source": "in",
        "out": "out",
        "files": ["annotations/instances_all.json"],
        "classes": ["dog", "cat"],
        "images": {"all": 2},
        "instances": {"all": {"dog": 0, "cat": 2}},
        "empty_images": 0,
        "shapes": 2,
        "lost": {"skipped-point": 1, "unknown-label": 1},
    }
    assert [(finding["code"], finding["file"], finding["where"]) for finding in findings] == [
        ("skipped-point", "b.json", "$.shapes[2]"),
        ("unknown-label", "b.json", "$.shapes[1]"),
    ]
    assert {"severity", "message", "remedy", "lost"} <= findings[0].keys()


def test_all_options_reach_the_conversion(tmp_path: Path) -> None:
    source = labelled(tmp_path / "in" / "sub").parent
    for name in "bc":
        write(source / f"{name}.json", document(shape("KITTY", SQUARE), image=f"{name}.jpg"))
        picture(source / f"{name}.jpg")
    result = cli(
        "convert", "labelme2coco", "in/sub/..", "out", "--labels", "cat", "--aliases",
        write(tmp_path / "aliases.toml", "cat = ['kitty']"), "--ignore-case", "--split",
        "train=0.5,val=0.5", "--seed", "1", "--images", "copy", "--category-start", "0", "--clip",
        "--drop-empty", "--no-group", "--lines", "stroke=2", "--points", "radius=2",
        "--verify-images", "--missing-images", "skip", "--image-root", "in",
        cwd=tmp_path,
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")
    files = [load_coco(tmp_path / "out", split) for split in ("train", "val")]
    assert sorted(len(file["images"]) for file in files) == [1, 2]
    assert {entry["category_id"] for file in files for entry in file["annotations"]} == {0}
    assert sorted(path for path in snapshot(tmp_path / "out") if path.startswith("images/")) == [
        "images/b.jpg", "images/c.jpg", "images/sub/a.jpg",
    ]  # fmt: skip


def test_voc_options_reach_the_conversion(tmp_path: Path) -> None:
    objects = voc_object("cat", (10, 12, 30, 40)), voc_object("cat", (1, 1, 5, 5), difficult="1")
    write(tmp_path / "in" / "a.xml", voc_xml(*objects))
    picture(tmp_path / "in" / "a.jpg")
    options = ("--coords", "voc", "--difficult", "drop")
    result = cli("convert", "voc2coco", "in", "out.json", *options, cwd=tmp_path)
    assert result.returncode == 0
    assert "difficult-dropped: 1, 1 shape left out" in result.stdout
    (entry,) = json.loads((tmp_path / "out.json").read_text())["annotations"]
    assert entry["bbox"] == [9, 11, 21, 29]  # x 9..30, y 11..40


def test_a_terminal_that_knows_only_ascii(tmp_path: Path) -> None:
    source = labelled(tmp_path / "in", "人\x1b[31m")
    result = cli("convert", "labelme2coco", source, tmp_path / "out", PYTHONIOENCODING="ascii")
    assert result.returncode == 0
    assert "\\u4eba" in result.stdout
    assert "\x1b" not in result.stdout


def test_the_help_names_every_converter() -> None:
    result = cli("convert", "--help")
    assert result.returncode == 0
    for name in CONVERTERS:
        assert name in result.stdout
    for option in ("--labels", "--split", "--images", "--report", "--force", "--coords"):
        assert option in result.stdout


def test_the_help_of_all_says_the_exit_codes() -> None:
    result = cli("--help")
    assert result.returncode == 0
    assert "convert" in result.stdout
    assert "Exit codes: 0 done" in " ".join(result.stdout.split())
