"""Folders in formats that dataforge does not read: each is named, with the way to go on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import SQUARE, document, picture, shape, voc_object, voc_xml, write

from dataforge.datasets import guess_format
from dataforge.errors import InputError, LayoutError
from dataforge.io import Root
from dataforge.jobs import Job
from dataforge.verbs.check import CheckOptions, check
from dataforge.verbs.convert import convert
from dataforge.verbs.inspect import inspect

RLE = {"size": [48, 64], "counts": "0320"}
CVAT = "<annotations><version>1.1</version><meta><task><id>1</id></task></meta>{}</annotations>"
CVAT_BOX = '<box label="cat" frame="0" xtl="1.0" ytl="2.0" xbr="9.0" ybr="8.0"/>'
CVAT_IMAGE = f'<image id="0" name="a.jpg" width="64" height="48">{CVAT_BOX}</image>'
MIT = (
    "<annotation><filename>a.jpg</filename><folder>s</folder>{}<object><name>w</name><deleted>0"
    "</deleted><polygon><pt><x>4</x><y>3</y></pt></polygon></object></annotation>"
)
CAR = "Car 0.00 0 -1.58 5.1 1.3 6.2 2.1 1.6 1.7 3.6 -0.6 1.7 46.7 -1.59\n"

READABLE: list[tuple[str, str, str]] = [
    # name of the format, path and content of a file beside images/a.jpg
    ("cvat", "annotations.xml", CVAT.format(CVAT_IMAGE)),
    ("cvat", "annotations.xml", CVAT.format(f'<track id="0" label="cat">{CVAT_BOX}</track>')),
    ("kitti", "label_2/a.txt", CAR),
    ("kitti", "label_2/a.txt", CAR.rstrip() + " 0.9"),
    ("labelmexml", "Annotations/a.xml", MIT.format("")),
    ("labelmexml", "a.xml", MIT.format("<imagesize><nrows>48</nrows></imagesize>")),
    ("visdrone", "annotations/a.txt", "28,8,17,11,1,4,0,0\n30,11,16,7,1,5,0,1,\n"),
]

NOT_BESIDE_IMAGES: list[tuple[str, str, str]] = [
    # the same of files that do not have the name of an image, or are JSON
    ("visdrone", "annotations/v.txt", "1,0,28,8,17,11,1,4,0,0\n2,0,30,11,16,7,0,0,0,1,\n"),
    (
        "widerface",
        "wider_face_split/wider_face_train_bbx_gt.txt",
        "0--P/a.jpg\n1\n4 1 9 5 2 0 0 0 0 0 \n",
    ),
    ("widerface", "faces.txt", "0--P/a b.jpg\n2\n4 1 9 5 2 0 0 0 0 0\n1 1 3 4 0 0 0 0 0 0\n"),
    ("widerface", "label.txt", f"# 0--P/a.jpg\n4 1 9 5 {'1.5 2 0.0 ' * 5}0.8\n"),
    ("widerface", "label.txt", "# 0--P/a.jpg\n4 1 9 5\n3 4 5 6\n"),
    ("crowdhuman", "annotation_train.odgt", '{"ID": "a", "gtboxes": [{"tag": "person"}]}\n'),
    (
        "bdd100k",
        "det_train.json",
        '[{"name": "a.jpg", "labels": [{"category": "car", "box2d": {"x1": 1, "y1": 2}}]}]',
    ),
    (
        "bdd100k",
        "det_train.json",
        '[{"name": "a.jpg", "attributes": {"weather": "clear"}, "timestamp": 1, "labels": []}]',
    ),
    (
        "bdd100k",
        "a.json",
        '{"name": "a", "frames": [{"timestamp": 1, "objects": [{"category": "car", "box2d": 1}]}]}',
    ),
    ("bdd100k", "a.json", '{"name": "a", "frames": [{"timestamp": 1, "objects": []}]}'),
]


@pytest.mark.parametrize(("name", "path", "content"), READABLE)
def test_a_format_that_is_read_is_known_by_its_signature(
    name: str, path: str, content: str, tmp_path: Path
) -> None:
    picture(tmp_path / "images" / "a.jpg")
    write(tmp_path / path, content)
    write(tmp_path / "classes.txt", "Car\n")
    assert guess_format(Root(tmp_path)) == name
    assert inspect(str(tmp_path)).foreign == []
    other = "voc" if path.endswith(".xml") else "yolo"  # nor is it read as what it is not
    with pytest.raises((InputError, LayoutError), match=rf"--from {name}|{name}: "):
        convert(Job(source=str(tmp_path), out=str(tmp_path / "out"), reads=other, writes="coco"))


@pytest.mark.parametrize(("name", "path", "content"), NOT_BESIDE_IMAGES)
def test_a_format_of_other_files_is_known_by_its_signature(
    name: str, path: str, content: str, tmp_path: Path
) -> None:
    picture(tmp_path / "images" / "a.jpg")
    write(tmp_path / path, content)
    assert guess_format(Root(tmp_path)) == name
    assert inspect(str(tmp_path)).foreign == []
    with pytest.raises((InputError, LayoutError), match=rf"--from {name}|{name}: "):
        convert(Job(source=str(tmp_path), out=str(tmp_path / "o"), reads="voc", writes="coco"))


FORMS: list[tuple[str, dict[str, object]]] = [
    # name of the format, its files beside images/a.jpg; each in its smallest real form
    (
        "UA-DETRAC XML",
        {
            "MVI_1.xml": '<?xml version="1.0"?><sequence name="MVI_1"><frame num="1">'
            '<target_list><target id="1"><box left="1" top="2" width="3" height="4"/></target>'
            "</target_list></frame></sequence>"
        },
    ),
    ("MOT", {"gt/gt.txt": "1,1,10,20,30,40,1,1,1.0\n", "seqinfo.ini": "[Sequence]\nname=x\n"}),
    ("MOT", {"tracks/cam.txt": "1,-1,10.5,20,30,40,0.9,-1,-1,-1\n2,-1,1,2,3,4,0.5,-1,-1,-1\n"}),
    ("a CSV of boxes without header", {"l.csv": "TRAIN,gs://b/a.jpg,cat,0.1,0.1,,,0.3,0.3,,\n"}),
    ("a CSV of run-length masks", {"train.csv": "ImageId,EncodedPixels\na.jpg,1 3 10 5\n"}),
    ("a list of boxes, one image a line", {"train.txt": "images/a.jpg 1,2,9,8,0 3,4,7,8,1\n"}),
    (
        "VoTT JSON",
        {
            "0a-asset.json": {
                "asset": {"format": "jpg", "id": "0a", "name": "a.jpg", "size": {"width": 64}},
                "regions": [{"id": "x", "type": "RECTANGLE", "tags": ["cat"]}],
            },
            "set.vott": {"name": "set", "securityToken": "t"},
        },
    ),
    ("Labelbox JSON", {"export.ndjson": '{"data_row": {"id": "c", "external_id": "a.jpg"}}\n'}),
    (
        "Labelbox JSON",
        {"export.json": [{"ID": "c", "Labeled Data": "https://x/a.jpg", "Label": {}}]},
    ),
    (
        "Supervisely JSON",
        {
            "ds/ann/a.jpg.json": {
                "description": "",
                "tags": [],
                "size": {"height": 48, "width": 64},
                "objects": [{"classTitle": "cat", "geometryType": "rectangle", "points": {}}],
            },
            "meta.json": {"classes": [{"title": "cat", "shape": "rectangle"}], "tags": []},
        },
    ),
    (
        "Supervisely JSON",
        {"ds/ann/a.jpg.json": {"tags": [], "size": {"height": 48, "width": 64}, "objects": []}},
    ),
    (
        "Datumaro JSON",
        {
            "annotations/default.json": {
                "dm_format_version": "1.0",
                "infos": {},
                "categories": {"label": {"labels": [{"name": "cat"}]}},
                "items": [],
            }
        },
    ),
    (
        "Datumaro JSON",
        {
            "annotations/default.json": {
                "info": {},
                "categories": {"label": {"labels": []}},
                "items": [{"id": "a", "annotations": []}],
            }
        },
    ),
    (
        "COCO panoptic segmentation",
        {
            "panoptic_train.json": {
                "images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}],
                "annotations": [
                    {"image_id": 1, "file_name": "a.png", "segments_info": [{"id": 1}]}
                ],
                "categories": [{"id": 1, "name": "cat", "isthing": 1}],
            }
        },
    ),
    (
        "COCO results",
        {"r.json": [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.9}]},
    ),
    (
        "COCO results",
        {"r.json": [{"image_id": 1, "category_id": 1, "segmentation": RLE, "score": 0.9}]},
    ),
    (
        "SA-1B JSON",
        {
            "a.json": {
                "image": {"image_id": 1, "width": 64, "height": 48, "file_name": "a.jpg"},
                "annotations": [
                    {"id": 1, "segmentation": RLE, "predicted_iou": 0.9, "stability_score": 0.9}
                ],
            }
        },
    ),
    ("TFRecord", {"train.tfrecord": b"\x10\x00\x00\x00\x00\x00\x00\x00abcd"}),
    ("TFRecord", {"coco_train.record-00000-of-00010": b"\x10\x00\x00\x00"}),
    (
        "V7 Darwin JSON",
        {"a.json": {"version": "2.0", "schema_ref": "https://x/schema", "item": {"name": "a.jpg"}}},
    ),
    (
        "Cityscapes JSON",
        {
            "gtFine/a_gtFine_polygons.json": {
                "imgHeight": 48,
                "imgWidth": 64,
                "objects": [{"label": "car", "polygon": [[1, 2], [3, 4], [5, 6]]}],
            }
        },
    ),
    ("Hugging Face metadata", {"train/metadata.jsonl": '{"file_name": "a.jpg", "objects": {}}\n'}),
    ("ICDAR text boxes", {"gt/gt_a.txt": "1,2,9,2,9,8,1,8,Genaxis Theatre\n1,2,9,2,9,8,1,8,###\n"}),
]


@pytest.fixture(params=range(len(FORMS)), ids=lambda number: FORMS[number][0])
def drawn(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    name, files = FORMS[request.param]
    folder = tmp_path / "set"
    picture(folder / "images" / "a.jpg")
    for path, content in files.items():
        write(folder / path, content)
    return name, folder


def test_inspect_names_the_format_and_the_way_on(drawn: tuple[str, Path]) -> None:
    name, folder = drawn
    found = inspect(str(folder))
    assert not found.usable
    named = [one.name for one in found.foreign] + ["COCO results"] * len(found.predictions)
    assert [one.startswith(name) for one in named] == [True]
    said = " ".join(found.needs)
    assert name in said
    assert "which dataforge does not read: " in said
    assert "without annotations" not in said  # they are marked


def test_check_convert_and_split_end_with_it(drawn: tuple[str, Path], tmp_path: Path) -> None:
    name, folder = drawn
    with pytest.raises(InputError, match="which dataforge does not read: ") as refused:
        guess_format(Root(folder))
    assert name in str(refused.value)
    with pytest.raises(InputError, match="which dataforge does not read"):
        check(str(folder), CheckOptions())
    format_ = "voc" if any(folder.rglob("*.xml")) else "yolo"  # nor as what it is not
    with pytest.raises((InputError, LayoutError), match="which dataforge does not read"):
        convert(Job(source=str(folder), out=str(tmp_path / "out"), reads=format_, writes="coco"))
    assert not (tmp_path / "out").exists()


def test_what_is_read_is_not_taken_for_another(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.jpg")
    write(tmp_path / "a.json", document(shape("gtboxes", SQUARE)))
    write(tmp_path / "a.xml", voc_xml(voc_object("box2d", (1, 2, 9, 8))))
    write(tmp_path / "b.xml", voc_xml())
    one = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}
    lvis = {"id": 1, "file_name": "a.jpg", "neg_category_ids": [], "width": 64, "height": 48}
    categories = [{"id": 1, "name": "c", "frequency": "r"}]
    write(
        tmp_path / "lvis.json",
        {"images": [lvis], "annotations": [one], "categories": categories},
    )
    write(tmp_path / "images" / "a.txt", "0 0.1 0.1 0.9 0.1 0.9 0.9 0.1 0.9\n1 0.5 0.5 0.2 0.2\n")
    write(tmp_path / "ImageSets" / "Main" / "cat_train.txt", "a  1\nb -1\n")
    write(tmp_path / "train.txt", "images/a.jpg\n")
    write(tmp_path / "split.csv", "image_id,split\na,train\n")
    write(tmp_path / "results.csv", "epoch,time,train/box_loss,lr/pg0\n1,2,3,4\n")
    write(tmp_path / "README.txt", "Images, boxes and labels of a.jpg\n")
    found = inspect(str(tmp_path))
    assert sorted(part.format for part in found.parts) == ["coco", "labelme", "voc", "yolo"]
    assert found.foreign == []


def test_a_format_beside_one_that_is_read_is_named(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    write(tmp_path / "a.json", document(shape("cat", SQUARE)))
    write(tmp_path / "predictions.json", [{"image_id": 1, "category_id": 1, "score": 0.5}])
    write(tmp_path / "train.tfrecord", b"x")
    found = inspect(str(tmp_path))
    assert found.usable
    assert [one.name for one in found.foreign] == ["TFRecord"]
    assert [one.file for one in found.predictions] == ["predictions.json"]
    assert guess_format(Root(tmp_path)) == "labelme"
    how = check(str(tmp_path)).how
    assert [line for line in how if line.startswith("not checked: predictions.json: 1 prediction")]


def test_only_a_few_files_of_a_folder_are_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(50):
        picture(tmp_path / "images" / f"{number}.jpg")
        write(tmp_path / "text" / f"{number}.txt", "1,1,9,1,9,9,1,9,word\n")
    opened: list[str] = []
    monkeypatch.setattr(
        Root, "open", lambda self, name, was=Root.open: opened.append(name) or was(self, name)
    )
    with pytest.raises(InputError, match=r"ICDAR text boxes \(text/0.txt and 49 more\)"):
        guess_format(Root(tmp_path))
    # YOLO looks at each, as it reads them; the signatures at five
    assert 50 <= len([name for name in opened if name.endswith(".txt")]) <= 55


def test_long_lines_cost_little(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    for number, text in enumerate(("x " * 9000, "1," * 9000, "x,y " * 5000, "a.jpg " * 3000)):
        write(tmp_path / f"{number}.csv", text)
        write(tmp_path / f"{number}.txt", text)
    write(tmp_path / "a.json", json.dumps({"asset": [{"asset": {}}] * 2000}))
    with pytest.raises(InputError, match="no annotations in a format that is recognised"):
        guess_format(Root(tmp_path))
