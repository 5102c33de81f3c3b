"""Folders of images and XML files as people have them: what each command makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import load_coco, run_convert, voc_object, voc_xml, write
from PIL import Image as PILImage

from dataforge.datasets import find_voc_layout
from dataforge.findings import Finding
from dataforge.io import Root
from dataforge.verbs.check import check
from dataforge.verbs.inspect import inspect
from dataforge.verbs.register import Request, plan
from dataforge.verbs.split import SplitJob, make

BOX = (10, 20, 40, 40)


def drawn(path: Path, mode: str = "RGB", width: int = 64) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    PILImage.new(mode, (width, 48)).save(path)


def pair(folder: Path, image: str, xml: str, label: str = "cat") -> None:
    """An image of a width that depends on its name, and an XML file that names it."""
    width = 64 + sum(image.encode()) % 89
    drawn(folder / image, width=width)
    filename = image.rpartition("/")[2]
    write(folder / xml, voc_xml(voc_object(label, BOX), filename=filename, size=(width, 48)))


def listed(*names: str) -> str:
    return "".join(f"{name}\n" for name in names)


def read_by_all(folder: Path, splits: dict[str, int]) -> tuple[set[str], list[Finding]]:
    """(images, findings) if all commands see these splits, with an object in each image."""
    out = folder.parent / "out"
    report = run_convert(folder, out, "voc")
    assert not report.failed
    assert report.images == splits
    images: set[str] = set()
    for split, number in splits.items():
        document = load_coco(out, split)
        assert len(document["annotations"]) == len(document["images"]) == number
        images.update(image["file_name"] for image in document["images"])
    checked = check(str(folder))
    assert (checked.images, checked.shapes) == (sum(splits.values()),) * 2
    assert not checked.failed
    (part,) = (part for part in inspect(str(folder)).parts if part.format == "voc")
    assert (part.splits, part.needs) == (splits, "")
    manifest = make(SplitJob(source=str(folder), ratios="50,50", out=str(folder.parent / "s.json")))
    assert set(manifest.manifest.images) == images
    request = Request(name="Mine", root=str(folder), layout="custom-voc", frameworks=("mmdet2",))
    planned = plan(request)
    assert planned.images == splits
    assert {split: sum(own.values()) for split, own in planned.instances.items()} == splits
    return images, report.findings


# Masks beside images ------------------------------------------------------------------------------


def pets(folder: Path) -> None:
    """Images, grey trimaps beside the XML files, and lists with further columns."""
    for number in range(6):
        name = f"cat_{number}"
        pair(folder, f"images/{name}.jpg", f"annotations/xmls/{name}.xml")
        drawn(folder / f"annotations/trimaps/{name}.png", mode="L")
    for number in (4, 5):
        (folder / f"annotations/xmls/cat_{number}.xml").unlink()
    for split, numbers in (("trainval", range(4)), ("test", (4, 5))):
        rows = listed(*(f"cat_{number} 1 1 1" for number in numbers))
        write(folder / f"annotations/{split}.txt", rows)


def test_masks_are_not_the_images(tmp_path: Path) -> None:
    pets(tmp_path / "d")
    images, _ = read_by_all(tmp_path / "d", {"trainval": 4})
    assert images == {f"images/cat_{number}.jpg" for number in range(4)}


@pytest.mark.parametrize(
    ("masks", "mode", "xmls"),
    [
        ("annotations/grey", "L", "annotations/xml"),  # by colour
        ("annotations/other", "P", "annotations/xml"),
        ("annotations/other", "RGB", "annotations/xml"),  # by the extension of <filename>
        ("labels/masks", "RGB", "labels"),  # by name
        ("xml/SegmentationObject", "RGB", "xml"),
    ],
)
def test_signs_of_masks_come_before_nearness(
    tmp_path: Path, masks: str, mode: str, xmls: str
) -> None:
    for name in "ab":
        pair(tmp_path, f"photos/{name}.jpg", f"{xmls}/{name}.xml")
        extension = "jpg" if "mask" in masks or "Seg" in masks else "png"
        drawn(tmp_path / f"{masks}/{name}.{extension}", mode=mode)
    assert find_voc_layout(Root(tmp_path)).layout.images == "photos"


def test_images_of_another_extension_than_named_are_still_the_images(tmp_path: Path) -> None:
    for name in "ab":
        pair(tmp_path, f"photos/{name}.jpg", f"xml/{name}.xml")
        text = (tmp_path / f"xml/{name}.xml").read_text()
        write(tmp_path / f"xml/{name}.xml", text.replace(".jpg", ".png"))
        drawn(tmp_path / f"masks/{name}.png", mode="L")
    assert find_voc_layout(Root(tmp_path)).layout.images == "photos"


# Folders at two levels ----------------------------------------------------------------------------


def wider(folder: Path) -> None:
    for split in ("train", "val"):
        names = []
        for event in ("0--Parade", "57--Angler"):
            for number in range(3):
                name = f"{event.replace('--', '_')}_{split}_{number}"
                base = f"WIDER_{split}"
                pair(folder, f"{base}/images/{event}/{name}.jpg", f"{base}/Annotations/{name}.xml")
                names.append(name)
        write(folder / f"{split}.txt", listed(*names))


def test_images_in_a_folder_for_each_event_of_each_split(tmp_path: Path) -> None:
    wider(tmp_path / "d")
    images, findings = read_by_all(tmp_path / "d", {"train": 6, "val": 6})
    assert "WIDER_val/images/57--Angler/57_Angler_val_2.jpg" in images
    assert "image-missing" not in {finding.code for finding in findings}


def test_folders_named_after_splits_are_splits_without_lists(tmp_path: Path) -> None:
    wider(tmp_path / "d")
    for split in ("train", "val"):
        (tmp_path / f"d/{split}.txt").unlink()
    read_by_all(tmp_path / "d", {"train": 6, "val": 6})
    layout = find_voc_layout(Root(tmp_path / "d")).layout
    assert (layout.images, layout.annotations) == ("{split}/images/*", "{split}/Annotations")


def test_images_in_a_folder_for_each_day_of_each_camera(tmp_path: Path) -> None:
    for camera in ("cam1", "cam2"):
        for day in (1, 2):
            name = f"{camera}/images/{day}/{day}.jpg"  # frames have equal names
            pair(tmp_path / "d", name, f"{camera}/xml/{day}.xml", label=camera)
    images, _ = read_by_all(tmp_path / "d", {"all": 4})
    assert len(images) == 4
    document = load_coco(tmp_path / "out")
    names = {image["id"]: image["file_name"] for image in document["images"]}
    classes = {category["id"]: category["name"] for category in document["categories"]}
    for one in document["annotations"]:
        assert names[one["image_id"]].startswith(classes[one["category_id"]])


# Several XML files for an image -------------------------------------------------------------------

TURNED = (
    "<annotation><object><name>ship</name><robndbox><x_left_top>10</x_left_top></robndbox></object>"
    "</annotation>"
)


def test_oriented_boxes_beside_upright_ones_are_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    splits = {"train": range(1, 5), "val": range(5, 7), "test": range(7, 10)}
    for split, numbers in splits.items():
        images = "JPEGImages-test" if split == "test" else "JPEGImages-trainval"
        for number in numbers:
            name = f"{number:05d}"
            pair(folder, f"{images}/{name}.jpg", f"Annotations/Horizontal Boxes/{name}.xml", "ship")
            write(folder / f"Annotations/A oriented/{name}.xml", TURNED)
        names = (f"{number:05d}" for number in numbers)
        write(folder / f"ImageSets/Main/{split}.txt", listed(*names))
    images, findings = read_by_all(folder, {"train": 4, "val": 2, "test": 3})
    assert {name.partition("/")[0] for name in images} == {"JPEGImages-trainval", "JPEGImages-test"}
    said = [finding.message for finding in findings if finding.code == "layout"]
    assert any("XML in Annotations/A oriented/ is passed over" in message for message in said)


def test_a_backup_of_the_xml_files_is_passed_over(tmp_path: Path) -> None:
    for name in "abc":
        pair(tmp_path / "d", f"images/{name}.jpg", f"xml_old/{name}.xml", "old")
        pair(tmp_path / "d", f"images/{name}.jpg", f"xml/{name}.xml", "new")
    assert find_voc_layout(Root(tmp_path / "d")).layout.annotations == "xml"
    read_by_all(tmp_path / "d", {"all": 3})
    assert [c["name"] for c in load_coco(tmp_path / "out")["categories"]] == ["new"]


def test_cameras_with_equal_names_are_not_passed_over(tmp_path: Path) -> None:
    for camera in ("cam1", "cam2"):
        for name in "ab":
            pair(tmp_path / "d", f"{camera}/images/{name}.jpg", f"{camera}/xml/{name}.xml")
    read_by_all(tmp_path / "d", {"all": 4})


# Splits -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place",
    ["images/{split}/{name}.jpg", "JPEGImages-{split}/{name}.jpg", "images/{split}/day/{name}.jpg"],
)
def test_folders_of_images_for_each_split_with_flat_xml(tmp_path: Path, place: str) -> None:
    for split, number in (("train", 4), ("val", 2)):
        for name in (f"{split}{at}" for at in range(number)):
            image = place.format(split=split, name=name)
            pair(tmp_path / "d", image, f"Annotations/{name}.xml")
    read_by_all(tmp_path / "d", {"train": 4, "val": 2})


def test_folders_of_xml_for_each_split_with_flat_images(tmp_path: Path) -> None:
    for split, number in (("train", 4), ("valid", 2)):
        for name in (f"{split}{at}" for at in range(number)):
            pair(tmp_path / "d", f"images/{name}.jpg", f"xml/{split}/{name}.xml")
    read_by_all(tmp_path / "d", {"train": 4, "val": 2})


def nine(folder: Path, top: str = "") -> Path:
    for number in range(9):
        pair(folder, f"{top}JPEGImages/a{number}.jpg", f"{top}Annotations/a{number}.xml", "RBC")
    return folder


def table(*numbers: int) -> str:
    header = "filename,cell_type,xmin,xmax,ymin,ymax\n"
    return header + listed(*(f"a{number}.jpg,RBC,10,60,20,80" for number in numbers))


def test_the_devkits_lists_come_before_a_table_elsewhere(tmp_path: Path) -> None:
    folder = nine(tmp_path / "d", "BCCD/")
    for split, numbers in (("train", range(5)), ("val", (5, 6)), ("test", (7, 8))):
        names = (f"a{number}" for number in numbers)
        write(folder / f"BCCD/ImageSets/Main/{split}.txt", listed(*names))
    write(folder / "test.csv", table(*range(9)))
    read_by_all(folder, {"train": 5, "val": 2, "test": 2})


def test_a_table_of_all_images_is_no_split(tmp_path: Path) -> None:
    folder = nine(tmp_path / "d")
    write(folder / "train.txt", listed(*(f"a{number}" for number in range(5))))
    write(folder / "val.txt", listed("a5", "a6"))
    write(folder / "test.csv", table(*range(9)))
    found = find_voc_layout(Root(folder))
    assert found.layout.splits == {"train": "train.txt", "val": "val.txt"}
    assert any("ignored test.csv: it lists the others" in reason for reason in found.reasons)


@pytest.mark.parametrize(
    "row",
    [
        "{} 1 1 1",
        "{} 12 3",
        "{}.jpg 10,20,60,80,0",
        "JPEGImages/{}.jpg cat",
        "{};cat;7",
        "{} dog 1",
    ],
)
def test_lists_with_further_columns(tmp_path: Path, row: str) -> None:
    folder = nine(tmp_path / "d")
    write(folder / "train.txt", listed(*(row.format(f"a{number}") for number in range(6))))
    write(folder / "val.txt", listed(*(row.format(f"a{number}") for number in range(6, 9))))
    read_by_all(folder, {"train": 6, "val": 3})


@pytest.mark.parametrize(
    "files",
    [
        # as the devkit writes them
        {"cat_train": "a0  1\na1 -1\na2 -1\n", "dog_train": "a0 -1\na1  1\na2  1\n",
         "cat_val": "a3 1\na4 -1\n", "dog_val": "a3 -1\na4 1\n"},
        # with the images of each class alone, known by the class names
        {"rbc_train": "a0\na1\n", "WBC_train": "a1\na2\n", "RBC_val": "a3\n", "WBC_val": "a4\n"},
    ],
)  # fmt: skip
def test_lists_of_single_classes_are_united(tmp_path: Path, files: dict[str, str]) -> None:
    folder = nine(tmp_path / "d")
    pair(folder, "JPEGImages/b.jpg", "Annotations/b.xml", "WBC")
    for name, text in files.items():
        write(folder / f"ImageSets/Main/{name}.txt", text)
    read_by_all(folder, {"train": 3, "val": 2})
    assert find_voc_layout(Root(folder)).layout.splits["train"] == "ImageSets/Main/*_train.txt"


# Without images -----------------------------------------------------------------------------------


@pytest.mark.parametrize("xmls", ["Annotations", ".", "data/xml"])
def test_xml_files_without_images_are_read_by_their_sizes(tmp_path: Path, xmls: str) -> None:
    folder = tmp_path / "d"
    for number in range(3):
        xml = voc_xml(voc_object("cat", BOX), filename=f"a{number}.png", size=(200, 150))
        write(folder / xmls / f"a{number}.xml", xml)
    report = run_convert(folder, tmp_path / "out", "voc")
    document = load_coco(tmp_path / "out")
    assert [image["file_name"] for image in document["images"]] == ["a0.png", "a1.png", "a2.png"]
    assert {(image["width"], image["height"]) for image in document["images"]} == {(200, 150)}
    assert len(document["annotations"]) == 3
    errors = [(f.code, f.count) for f in report.findings if f.severity == "error"]
    assert errors == [("image-missing", 3)]
    checked = check(str(folder))
    assert (checked.images, checked.shapes, checked.failed) == (3, 3, True)
    (part,) = inspect(str(folder)).parts
    assert (part.splits, part.needs) == ({"all": 3}, "")
    assert all(" register " not in command for command in part.commands)  # it needs the images
