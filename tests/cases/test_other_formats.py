"""What lies beside the annotations that are read, and is not read, is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cases.folders import coco, image
from command_line import Cli
from helpers import SQUARE, document, run_convert, shape, voc_object, voc_xml, write

from dataforge.errors import InputError
from dataforge.findings import Finding
from dataforge.verbs.check import CheckOptions, check
from dataforge.verbs.convert import Job, convert

DETRAC = '<?xml version="1.0"?>\n<sequence name="x"><frame num="1"></frame></sequence>'
TABLE = "ImageId,EncodedPixels\na.jpg,1 3 10 5\n"


def labelme(folder: Path) -> None:
    write(folder / "a.json", document(shape("cat", SQUARE), image="a.jpg"))


def voc(folder: Path) -> None:
    write(folder / "a.xml", voc_xml(voc_object("cat", (1, 2, 9, 8))))


def yolo(folder: Path) -> None:
    write(folder / "a.txt", "0 0.5 0.5 0.2 0.2\n")


def coco_file(folder: Path) -> None:
    write(folder / "all.json", json.dumps(coco([(1, "a.jpg")], [(1, 1, 1, [1, 2, 9, 8])])))


READ = {"labelme": labelme, "voc": voc, "yolo": yolo, "coco": coco_file}


def said(findings: list[Finding]) -> list[tuple[str, str, str]]:
    found = [one for one in findings if one.code == "other-format"]
    return sorted((one.file, one.message, one.severity) for one in found)


@pytest.mark.parametrize("reads", READ)
def test_formats_that_are_not_read_are_named(reads: str, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    image(folder / "a.jpg")
    READ[reads](folder)
    write(folder / "annotations.xml", DETRAC)
    write(folder / "train.csv", TABLE)
    write(folder / "results.json", [{"image_id": 1, "category_id": 1, "score": 0.5}])
    wanted = [
        ("annotations.xml", "1 file in a format that is not read: UA-DETRAC XML", "note"),
        ("results.json", "1 file in a format that is not read: COCO results", "note"),
        (
            "train.csv",
            "1 file in a format that is not read: a CSV of run-length masks (Kaggle)",
            "note",
        ),
    ]
    own = {"voc": "annotations.xml", "labelme": "results.json", "coco": "results.json"}.get(reads)
    writes = "coco" if reads == "voc" else "voc"
    job = Job(source=str(folder), out=str(tmp_path / "out"), reads=reads, writes=writes)
    findings = convert(job).findings
    # of its own kind of file the reader itself may have said it
    assert {*said(findings)} >= {line for line in wanted if line[0] != own}
    assert {*said(findings)} <= {*wanted}


def test_a_recognised_format_that_was_not_chosen_is_named(tmp_path: Path, cli: Cli) -> None:
    for name in ("a", "b"):
        image(tmp_path / f"set/{name}.jpg")
        write(tmp_path / f"set/{name}.txt", "0 0.5 0.5 0.2 0.2\n")
    labelme(tmp_path / "set")
    message = "1 annotation file in the format labelme: not read; use --from labelme"
    assert message in cli("convert", tmp_path / "set", tmp_path / "out", "--to", "voc").stdout
    words = ("--split", "50,50", "--output", tmp_path / "s.json")
    assert message in cli("split", tmp_path / "set", *words).stdout
    named = cli("convert", "yolo2voc", tmp_path / "set", tmp_path / "out2").stdout
    assert "other-format" not in named


KITTI = "Car 0.00 0 -1.58 5.1 1.3 6.2 2.1 1.6 1.7 3.6 -0.6 1.7 46.7 -1.59\n"
DOTA = "imagesource:GoogleEarth\ngsd:0.1\n1 1 9 1 9 9 1 9 plane 0\n"
ROWS = {"KITTI": KITTI, "DOTA": DOTA, "VisDrone": "28,8,17,11,1,4,0,0\n30,11,16,7,1,5,0,1\n"}


@pytest.mark.parametrize("labels", ["labels", "label_2", "images"])
@pytest.mark.parametrize("name", ROWS)
def test_label_files_of_another_format_are_no_bad_rows(
    name: str, labels: str, tmp_path: Path
) -> None:
    for number in range(3):
        image(tmp_path / f"set/images/{number}.jpg")
        write(tmp_path / f"set/{labels}/{number}.txt", ROWS[name])
    write(tmp_path / "set/classes.txt", "Car\nplane\n")
    way = rf"(, which dataforge does not read: |: use --from {name.lower()}$)"
    said = rf"contains {name} \({labels}/0.txt and 2 more\){way}"
    with pytest.raises(InputError, match=said):
        run_convert(tmp_path / "set", tmp_path / "out", "yolo")
    with pytest.raises(InputError, match=said):
        check(str(tmp_path / "set"), CheckOptions(reads="yolo"))


def test_a_few_files_of_another_format_are_bad_rows(tmp_path: Path) -> None:
    for number in range(5):
        image(tmp_path / f"set/images/{number}.jpg")
        text = KITTI if number == 4 else "0 0.5 0.5 0.2 0.2\n"
        write(tmp_path / f"set/labels/{number}.txt", text)
    report = run_convert(tmp_path / "set", tmp_path / "out", "yolo")
    assert report.lost == {"bad-row": 1}
    assert report.shapes == 4


def test_a_list_without_annotations_is_named(tmp_path: Path, cli: Cli) -> None:
    for name in "abcd":
        image(tmp_path / f"images/{name}.jpg")
    for name in "ab":
        write(tmp_path / f"annotations/{name}.xml", voc_xml(voc_object("cat", (1, 2, 9, 8))))
    write(tmp_path / "annotations/trainval.txt", "a 1 1 1\nb 1 1 1\n")
    write(tmp_path / "annotations/test.txt", "c 1 1 1\nd 1 1 1\n")
    ignored = "split test: ignored annotations/test.txt: 0 of 2 lines name an existing XML file"
    for command in (["inspect"], ["check"], ["convert", "--to", "coco"]):
        out = [tmp_path / "out"] if command[0] == "convert" else []
        assert ignored in cli(command[0], tmp_path, *out, *command[1:]).stdout
