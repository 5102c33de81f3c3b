"""`convert` and `split` say what `check` finds and what would spoil or stop a training."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from cases.folders import SIZE, coco, image, write
from command_line import Cli
from helpers import document, shape, voc_object, voc_xml
from PIL import Image

from dataforge.findings import Finding
from dataforge.verbs.convert import Job, convert
from dataforge.verbs.split import SplitJob, make

BOX = [[4, 4], [14, 14]]


def damaged(folder: Path) -> Path:
    """Twelve images in labelme's format, of which two are empty, and one of each is otherwise bad.

    The names of none are at a place of a sample of every fiftieth.
    """
    size: dict[str, Any] = {"imageWidth": SIZE[0], "imageHeight": SIZE[1]}
    for k in range(12):
        name = f"{k:02}.{'png' if k % 2 else 'jpg'}"
        image(folder / name)
        write(folder / f"{k:02}.json", document(shape("cat", BOX, "rectangle"), image=name, **size))
    for name in ("04.jpg", "05.png"):
        (folder / name).write_bytes(b"")
    (folder / "06.jpg").write_bytes(b"<html>not found</html>")
    for name in ("07.png", "08.jpg"):
        Image.effect_noise(SIZE, 100).save(folder / name)
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) * 2 // 3])
    image(folder / "09.png", SIZE[::-1])
    image(folder / "10.jpg", (32, 24))
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", SIZE).save(folder / "02.jpg", exif=turned)
    marked = [shape("cat", [[500, 500], [600, 600]], "rectangle"),
              shape("Cat", [[10, 10], [900, 40]], "rectangle")]  # fmt: skip
    write(folder / "11.json", document(*marked, image="11.png", **size))
    return folder


WANTED = {
    "empty-file": ("error", 2, "04.jpg"),
    "unreadable-image": ("error", 1, "06.jpg"),
    "truncated-image": ("error", 2, "07.png"),
    "swapped-size": ("error", 1, "09.json"),
    "image-size-differs": ("error", 1, "10.json"),
    "exif-frame": ("error", 1, "02.json"),
    "outside-image": ("warning", 1, "11.json"),
    "partly-outside-image": ("note", 1, "11.json"),
    "look-alike-labels": ("warning", 1, "11.json"),
}


def summed(findings: list[Finding]) -> dict[str, tuple[str, int, str]]:
    assert len(findings) == len({finding.code for finding in findings})  # one of each
    return {one.code: (one.severity, one.count, one.place.file) for one in findings}


@pytest.mark.parametrize("workers", [1, 2])
def test_convert(tmp_path: Path, workers: int) -> None:
    source = str(damaged(tmp_path / "in"))
    job = Job(source=source, out=str(tmp_path / "out"), reads="labelme", writes="coco",
              workers=workers)  # fmt: skip
    report = convert(job)
    assert summed(report.findings) == WANTED
    assert (sum(report.images.values()), report.failed) == (12, True)


def test_split(tmp_path: Path) -> None:
    source, out = str(damaged(tmp_path / "in")), str(tmp_path / "s.json")
    report = make(SplitJob(source=source, out=out, ratios="50,50"))
    assert summed(report.findings) == WANTED
    assert report.failed


def test_both_name_the_command_that_lists_them(tmp_path: Path, cli: Cli) -> None:
    damaged(tmp_path / "in")
    for command in (
        ("convert", "labelme2coco", "in", "out"),
        ("split", "in", "--split", "50,50", "-o", "s.json"),
    ):
        done = cli(*command, cwd=tmp_path)
        assert done.returncode == 1
        assert "error empty-file: 2\n  04.jpg: " in done.stdout
        assert "(2 in all; also 05.png)" in done.stdout
        assert "\n8 errors, 2 warnings; dataforge check in shows them\n" in done.stdout
    listed = cli("check", "in", cwd=tmp_path)
    assert all(code in listed.stdout for code in WANTED)


def test_a_mixed_folder_is_checked_in_the_format_that_was_read(tmp_path: Path, cli: Cli) -> None:
    damaged(tmp_path / "in")
    for k in range(20):
        write(tmp_path / f"in/{k}.xml", voc_xml(voc_object("cat", (5, 5, 15, 15))))
    done = cli("convert", "labelme2coco", "in", "out", cwd=tmp_path)
    assert "; dataforge check in --from labelme shows them\n" in done.stdout


def test_the_command_names_the_format_if_another_one_would_be_guessed(
    tmp_path: Path, cli: Cli
) -> None:
    """VisDrone's files beside as many of YOLO; the same files of VisDrone alone need no option."""
    for name in "ab":
        image(tmp_path / f"in/images/{name}.jpg")
        write(tmp_path / f"in/annotations/{name}.txt", "4,4,9,9,1,4,0,0\n1,2,3,4,1,4,0,0\n1,2\n")
    done = cli("convert", "visdrone2coco", "in", "one", cwd=tmp_path)
    assert "\n2 errors; dataforge check in shows them\n" in done.stdout
    for name in "abc":
        image(tmp_path / f"in/images/{name}.jpg")
        write(tmp_path / f"in/labels/{name}.txt", "3 0.5 0.5 0.25 0.25\n")
    for command in (
        ("convert", "visdrone2coco", "in", "two"),
        ("split", "in", "--from", "visdrone", "--split", "50,50", "-o", "s.json"),
    ):
        done = cli(*command, cwd=tmp_path)
        assert "\n2 errors; dataforge check in --from visdrone shows them\n" in done.stdout
    listed = cli("check", "in", "--from", "visdrone", cwd=tmp_path)
    assert "(visdrone: 2 images, 4 shapes): 2 errors" in listed.stdout


def test_good_images_of_all_kinds_are_not_reported(tmp_path: Path) -> None:
    names = [f"a{k}.{kind}" for k, kind in enumerate(("jpg", "png", "bmp", "tif", "webp", "jpg"))]
    for name in names:
        image(tmp_path / "in" / name)
    Image.new("RGB", SIZE[::-1]).save(tmp_path / "in/a5.jpg", exif=_turned())  # seen as SIZE
    with (tmp_path / "in/a0.jpg").open("ab") as stream:
        stream.write(b"\0" * 100)  # as some cameras do
    content = coco(list(enumerate(names)), [(k, k, 1, [4, 4, 9, 9]) for k in range(len(names))])
    write(tmp_path / "in/a.json", content)
    job = Job(source=str(tmp_path / "in"), out=str(tmp_path / "out"), reads="coco", writes="voc")
    assert convert(job).findings == []


def _turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def test_sizes_are_not_compared_where_that_is_not_wanted(tmp_path: Path) -> None:
    source = str(damaged(tmp_path / "in"))
    job = Job(source=source, out=str(tmp_path / "out"), reads="labelme", writes="coco",
              read_options={"verify_images": False})  # fmt: skip
    sizes = {"swapped-size", "image-size-differs", "exif-frame"}
    assert summed(convert(job).findings).keys() == WANTED.keys() - sizes


def test_only_background(tmp_path: Path, cli: Cli) -> None:
    """Each of two images has nothing but a point, or nothing."""
    size: dict[str, Any] = {"imageWidth": SIZE[0], "imageHeight": SIZE[1]}
    for name, marked in (("a", [shape("cat", [[5, 5]], "point")]), ("b", [])):
        image(tmp_path / f"in/{name}.png")
        write(tmp_path / f"in/{name}.json", document(*marked, image=f"{name}.png", **size))
    done = cli("convert", "labelme2coco", "in", "in/out", cwd=tmp_path)
    assert done.returncode == 1
    assert "2 images, 0 shapes" in done.stdout
    assert "error nothing-marked: 1\n" in done.stdout
    assert "1 shape left out: 1 skipped-point\n" in done.stdout
    content = json.loads((tmp_path / "in/out/annotations/instances_all.json").read_text())
    assert (len(content["images"]), content["annotations"]) == (2, [])
    shutil.rmtree(tmp_path / "in/out")
    for to in ("voc", "yolo"):
        done = cli("convert", f"labelme2{to}", "in", f"out_{to}", cwd=tmp_path)
        assert (done.returncode, "2 images, 0 shapes" in done.stdout) == (1, True)
        assert len([*(tmp_path / f"out_{to}").rglob("*.png")]) == 2
    layout = ("--root", "out_voc", "--layout", "custom-voc", "--dry-run")
    assert cli("register", "nothing", *layout, cwd=tmp_path).returncode == 3


def test_a_gap_in_the_numbers_of_classes(tmp_path: Path) -> None:
    image(tmp_path / "data/images/train/a.png")
    write(tmp_path / "data/labels/train/a.txt", "0 0.5 0.5 0.2 0.2\n2 0.5 0.5 0.4 0.4\n")
    names = "path: .\ntrain: images/train\nnames:\n  0: a\n  2: c\n"
    write(tmp_path / "data/data.yaml", names)
    job = Job(source=str(tmp_path / "data"), out=str(tmp_path / "out"), reads="yolo", writes="coco")
    report = convert(job)
    assert [one.severity for one in report.findings if one.code == "class-number-gap"] == [
        "warning"
    ]
    assert report.shapes == 2
