"""``dataforge convert`` as a person runs it: exit codes, words, files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from command_line import Cli
from helpers import (
    SAMPLE,
    SQUARE,
    document,
    load_coco,
    opens,
    picture,
    python,
    shape,
    snapshot,
    voc_object,
    voc_xml,
    write,
)

from dataforge.cli import main
from dataforge.converters import CONVERTERS


def labelled(folder: Path, label: str = "cat") -> Path:
    write(folder / "a.json", document(shape(label, SQUARE)))
    picture(folder / "a.jpg")
    return folder


def test_0_done(cli: Cli, tmp_path: Path) -> None:
    result = cli("convert", "labelme2coco", SAMPLE / "labelme", tmp_path / "out")
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == "14 images, 69 shapes as 68 instances, 1 image without annotations"
    rows = [line.split() for line in lines[1:]]
    assert ["face", "17"] in rows
    assert ["hand", "34"] in rows
    assert ["person", "17"] in rows
    assert ["(images)", "14"] in rows
    written = tmp_path / "out" / "annotations" / "instances_all.json"
    assert lines[-1] == f"wrote {written}"
    assert len(json.loads(written.read_text("utf-8"))["annotations"]) == 68


def test_file_used_for_format_detection_is_opened_once(cli: Cli, tmp_path: Path) -> None:
    source = labelled(tmp_path / "in")
    with opens(source) as opened:
        assert cli("convert", source, tmp_path / "out", "--to", "coco").returncode == 0
    assert opened["a.json"] == 1


def test_1_done_with_findings(cli: Cli, tmp_path: Path) -> None:
    source = labelled(tmp_path / "in", "cta")
    result = cli("convert", "labelme2coco", source, tmp_path / "out", "--labels", "cat,dog")
    assert result.returncode == 1
    assert "error unknown-label: 1, 1 shape left out" in result.stdout
    assert "a.json::$.shapes[0]: label 'cta'" in result.stdout
    assert "did you mean 'cat'?" in result.stdout
    assert (tmp_path / "out" / "annotations" / "instances_all.json").exists()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["labelme2yaml", "in", "out"], "no converter 'labelme2yaml'; did you mean 'labelme2"),
        (["cow2milk", "in", "out"], "no converter 'cow2milk'; name one FROM2TO, where FROM is "),
        ([], "missing argument CONVERTER"),
        (["labelme2coco", "in"], "missing argument OUT"),
        (["in", "out"], "missing --to FORMAT, or a converter such as labelme2coco in front"),
        (["labelme2coco", "in", "out", "more"], "unexpected argument more"),
        (["labelme2coco", "in", "out", "--lable", "x"],
         "no option --lable; did you mean --label?"),
        (["labelme2coco", "in", "out", "--split"], "option '--split' requires an argument"),
        (["labelme2coco", "in", "out", "--unknown", "maybe"],
         "--unknown maybe: must be one of error, ignore, add"),
        (["labelme2coco", "in", "out", "--image-mode", "copie"],
         "one of reference, copy, hardlink, symlink; did you mean 'copy'?"),
        (["labelme2coco", "in", "out", "--workers", "x"], "invalid value for '--workers': 'x' is"),
        (["labelme2coco", "in", "out", "--workers", "-1"], "--workers -1"),
        (["labelme2coco", "in", "out", "--engine", "x"], "no engine 'x'; choose from local"),
        (["labelme2coco", "in", "out", "--split", "train=0.9"], "add up to 0.9"),
        (["labelme2coco", "in", "out", "--seed", "1"], "--seed has no effect without --split"),
        (["labelme2coco", "in", "out", "--stratify"], "--stratify has no effect without --split"),
        (["labelme2coco", "in", "out", "--lines", "thick"], "--lines thick"),
        (["labelme2coco", "in", "out", "--labels", "gone.txt"], "gone.txt"),
        (["labelme2coco", "in", "out", "--missing-images", "x"],
         "--missing-images x: must be one of keep, skip"),
        (["voc2coco", "voc", "out", "--coords", "foo"],
         "--coords foo: must be one of auto, voc, mmdet, zero"),
        (["coco2voc", "voc", "out", "--coords", ""], "--coords : must be one of auto, voc"),
        (["voc2coco", "voc", "out", "--difficult", "maybe"],
         "--difficult maybe: must be one of keep, ignore, drop"),
        (["labelme2coco", "in", "out", "--labels", "obj.names"],
         "--labels obj.names: there is no such file"),
        (["voc2coco", "voc", "out", "--layout", "coco"], "--layout coco is for COCO files"),
        (["voc2coco", "voc", "out", "--layout", "humanpart"], "did you mean 'humanparts'?"),
        (["voc2coco", "voc", "out", "--layout", "x"], "--layout x"),
        (["labelme2coco", "in", "out", "--coords", "voc"],
         "--coords has no effect for labelme2coco"),
        (["voc2coco", "voc", "out", "--points", "error"], "--points has no effect for voc2coco"),
        (["voc2coco", "voc", "out", "--no-group"], "--no-group has no effect for voc2coco"),
        (["labelme2coco", "in", "out", "--from", "labelme"],
         "--from has no effect for labelme2coco"),
        (["labelme2coco", "in", "out", "--to", "coco"], "--to coco requires SRC and OUT"),
        (["in", "out", "--to", "coca"], "no format 'coca'; did you mean 'coco'?"),
        (["in", "out", "--to", "labelme"], "in: is labelme already"),
    ],
)  # fmt: skip
def test_2_wrong_usage(cli: Cli, tmp_path: Path, arguments: list[str], expected: str) -> None:
    labelled(tmp_path / "in")
    write(tmp_path / "voc" / "a.xml", voc_xml(voc_object("cat", (1, 2, 3, 4))))
    picture(tmp_path / "voc" / "a.jpg")
    images = [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}]
    write(tmp_path / "voc" / "a.json", {"images": images, "categories": [], "annotations": []})
    before = snapshot(tmp_path)
    result = cli("convert", *arguments, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    said, hint = result.stderr.splitlines()
    assert said.startswith("error: ")
    assert expected in said
    assert hint == "try 'dataforge convert --help'"
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    ("converter", "source", "said"),
    [
        ("labelme2coco", "gone", "gone: no such file or folder"),
        ("labelme2coco", "in/a.jpg", "in/a.jpg: is an image; give a folder"),
        ("labelme2coco", "empty", "empty: nothing can be converted from labelme"),
        ("labelme2coco", "other", "coco.json: is not a labelme file"),
        ("labelme2coco", "broken", "b.json:1:13: JSON ends unexpectedly"),
        ("voc2coco", "empty", "no .xml file"),
        ("voc2coco", "in", "no .xml file"),
    ],
)
def test_3_could_not_do_it(
    cli: Cli, tmp_path: Path, converter: str, source: str, said: str
) -> None:
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


def test_3_refuses_to_overwrite_unless_forced(cli: Cli, tmp_path: Path) -> None:
    arguments = ("convert", "labelme2coco", labelled(tmp_path / "in"), tmp_path / "out.json")
    assert cli(*arguments).returncode == 0
    result = cli(*arguments)
    assert result.returncode == 3
    assert "out.json already exists; use --force to overwrite" in result.stderr
    assert cli(*arguments, "--force").returncode == 0


def test_the_report(cli: Cli, tmp_path: Path) -> None:
    source = labelled(tmp_path / "in")
    marked = [shape("cat", SQUARE), shape("cow", SQUARE), shape("cat", [[1, 1]], "point")]
    write(source / "b.json", document(*marked, image="b.jpg"))
    picture(source / "b.jpg")
    arguments = ("--labels", "dog,cat", "--report", "deep/report.json")
    result = cli("convert", "labelme2coco", "in", "out", *arguments, cwd=tmp_path)
    assert result.returncode == 1
    assert result.stdout.splitlines()[-1] == "wrote deep/report.json"
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
    assert [(finding["code"], finding["place"]) for finding in findings] == [
        ("skipped-point", {"file": "b.json", "pointer": "$.shapes[2]"}),
        ("unknown-label", {"file": "b.json", "pointer": "$.shapes[1]"}),
    ]
    assert {"severity", "message", "remedy", "lost"} <= findings[0].keys()


def test_json_output_is_only_the_report(cli: Cli, tmp_path: Path) -> None:
    labelled(tmp_path / "in", "cow")
    arguments = ("--labels", "cat", "--report", "report.json", "--json")
    result = cli("convert", "labelme2coco", "in", "out", *arguments, cwd=tmp_path)
    assert (result.returncode, result.stderr) == (1, "")
    assert json.loads(result.stdout) == json.loads((tmp_path / "report.json").read_text())
    assert json.loads(result.stdout)["lost"] == {"unknown-label": 1}


def test_exit_zero(cli: Cli, tmp_path: Path) -> None:
    labelled(tmp_path / "in", "cow")
    arguments = ("convert", "labelme2coco", "in", "out", "--labels", "cat", "--force")
    assert cli(*arguments, cwd=tmp_path).returncode == 1
    result = cli(*arguments, "--exit-zero", cwd=tmp_path)
    assert result.returncode == 0
    assert "error unknown-label: 1" in result.stdout


def test_quiet_is_findings_alone(cli: Cli, tmp_path: Path) -> None:
    labelled(tmp_path / "in")
    result = cli("convert", "labelme2coco", "in", "out", "-q", cwd=tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    result = cli("convert", "labelme2coco", "in", "o", "-q", "--labels", "cow", cwd=tmp_path)
    assert result.stdout.startswith("error unknown-label: 1")
    assert "wrote" not in result.stdout


@pytest.mark.parametrize("named", [[], ["--from", "labelme"]])
def test_source_format_is_detected(cli: Cli, tmp_path: Path, named: list[str]) -> None:
    labelled(tmp_path / "in")
    result = cli("convert", "in", "out", "--to", "voc", *named, cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert (tmp_path / "out" / "Annotations" / "a.xml").is_file()
    result = cli("convert", "in/a.json", "one.json", "--to", "coco", *named, cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert (tmp_path / "one.json").is_file()
    result = cli("convert", "in", "out2", "--to", "coco", "--from", "voc", cwd=tmp_path)
    assert result.returncode == 3


def test_all_options_reach_the_conversion(cli: Cli, tmp_path: Path) -> None:
    source = labelled(tmp_path / "in" / "sub").parent
    for name in "bc":
        write(source / f"{name}.json", document(shape("KITTY", SQUARE), image=f"{name}.jpg"))
        picture(source / f"{name}.jpg")
    result = cli(
        "convert", "labelme2coco", "in/sub/..", "out", "--labels", "cat", "--label-aliases",
        write(tmp_path / "aliases.toml", "cat = ['kitty']"), "--ignore-case", "--split",
        "train=0.5,val=0.5", "--seed", "1", "--image-mode", "copy", "--category-start", "0",
        "--clip", "--drop-empty", "--no-group", "--lines", "stroke=2", "--points", "radius=2",
        "--verify-images", "--missing-images", "skip", "--image-dir", "in",
        cwd=tmp_path,
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")
    files = [load_coco(tmp_path / "out", split) for split in ("train", "val")]
    assert sorted(len(file["images"]) for file in files) == [1, 2]
    assert {entry["category_id"] for file in files for entry in file["annotations"]} == {0}
    assert sorted(path for path in snapshot(tmp_path / "out") if path.startswith("images/")) == [
        "images/b.jpg", "images/c.jpg", "images/sub/a.jpg",
    ]  # fmt: skip


def test_voc_options_reach_the_conversion(cli: Cli, tmp_path: Path) -> None:
    objects = voc_object("cat", (10, 12, 30, 40)), voc_object("cat", (1, 1, 5, 5), difficult="1")
    write(tmp_path / "in" / "a.xml", voc_xml(*objects))
    picture(tmp_path / "in" / "a.jpg")
    options = ("--coords", "voc", "--difficult", "drop")
    result = cli("convert", "voc2coco", "in", "out.json", *options, cwd=tmp_path)
    assert result.returncode == 0
    assert "difficult-dropped: 1, 1 shape left out" in result.stdout
    (entry,) = json.loads((tmp_path / "out.json").read_text())["annotations"]
    assert entry["bbox"] == [9, 11, 21, 29]  # x 9..30, y 11..40


def test_ascii_only_terminal(cli: Cli, tmp_path: Path) -> None:
    source = labelled(tmp_path / "in", "人\x1b[31m")
    arguments = ("convert", "labelme2coco", str(source), str(tmp_path / "out"))
    result = python("-m", "dataforge", *arguments, PYTHONIOENCODING="ascii")
    assert result.returncode == 0
    assert "\\u4eba" in result.stdout
    assert "\x1b" not in result.stdout


def test_the_help_names_every_format_that_a_converter_reads_or_writes(cli: Cli) -> None:
    result = cli("convert", "--help")
    assert result.returncode == 0
    told = " ".join(result.stdout.split())
    read, written = told.split("FROM is ")[1].split(", and TO is ")
    for name in CONVERTERS:
        source, target = name.split("2")
        assert re.search(rf"\b{source}\b", read)
        assert re.search(rf"\b{target}\b", written.split(".")[0])
    for option in ("--labels", "--split", "--image-mode", "--report", "--force", "--coords"):
        assert option in result.stdout


def test_help_documents_the_exit_codes(cli: Cli) -> None:
    result = cli("--help")
    assert result.returncode == 0
    assert "convert" in result.stdout
    assert "Exit codes: 0 done" in " ".join(result.stdout.split())


def test_a_dataset_of_the_format_asked_for_is_not_sent_to_the_coco_tools(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "set" / "a.json", document(shape("cat", SQUARE), image="a.jpg"))
    picture(tmp_path / "set" / "a.jpg")
    with pytest.raises(SystemExit):
        main(["convert", str(tmp_path / "set"), str(tmp_path / "out"), "--to", "labelme"])
    said = capsys.readouterr().err
    assert "is labelme already; name another --to" in said
    assert "COCO" not in said
