"""Images alone."""

from __future__ import annotations

from pathlib import Path

from helpers import Read, load_coco, picture, run_convert, write

from dataforge.converters import CONVERTERS
from dataforge.formats.images import FORMAT
from dataforge.testing import driver


def read_images(folder: Path) -> Read:
    return Read(driver.read(FORMAT, folder))


def test_images_are_read_in_path_order(tmp_path: Path) -> None:
    picture(tmp_path / "b.PNG", (20, 10))
    picture(tmp_path / "a" / "c.d.jpg", (30, 40))
    picture(tmp_path / "人 1.bmp", (5, 6))
    write(tmp_path / "notes.txt", "x")
    write(tmp_path / "a" / ".hidden.png", "x")
    read = read_images(tmp_path)
    assert [(i.file_name, i.width, i.height) for i in read.images] == [
        ("a/c.d.jpg", 30, 40),
        ("b.PNG", 20, 10),
        ("人 1.bmp", 5, 6),
    ]
    assert read.findings == []
    assert all(image.instances == () and image.split is None for image in read.images)


def test_the_size_is_that_of_the_frame_that_viewers_show(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg", (30, 40), orientation=6)
    assert (read_images(tmp_path).image.width, read_images(tmp_path).image.height) == (40, 30)


def test_unreadable_image_is_reported_and_the_others_are_read(tmp_path: Path) -> None:
    write(tmp_path / "a.jpg", "no image")
    picture(tmp_path / "b.jpg")
    read = read_images(tmp_path)
    assert [image.file_name for image in read.images] == ["b.jpg"]
    finding = read.finding("unreadable-image")
    assert (finding.file, finding.severity, finding.lost) == ("a.jpg", "error", 0)


def test_images_without_classes_are_converted(tmp_path: Path) -> None:
    picture(tmp_path / "in" / "sub" / "a.jpg", (30, 40))
    report = run_convert(tmp_path / "in", tmp_path / "out", "images")
    assert (report.findings, report.images, report.empty_images) == ([], {"all": 1}, 1)
    file = load_coco(tmp_path / "out")
    assert [entry["file_name"] for entry in file["images"]] == ["sub/a.jpg"]
    assert (file["annotations"], file["categories"]) == ([], [])


def test_labels_name_the_categories(tmp_path: Path) -> None:
    picture(tmp_path / "in" / "a.jpg")
    run_convert(tmp_path / "in", tmp_path / "out", "images", labels="dog,cat")
    names = [entry["name"] for entry in load_coco(tmp_path / "out")["categories"]]
    assert names == ["dog", "cat"]


def test_images_convert_only_to_coco() -> None:
    assert [name for name in CONVERTERS if name.startswith("images2")] == ["images2coco"]
