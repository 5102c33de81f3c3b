"""The generated dataset class for XML files, in the real mmdet 2, against independent readers."""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from generated import made, truth
from helpers import HEIGHT, SAMPLE, WIDTH, picture, voc_object, voc_xml, write

from dataforge.cli import main

pytest.importorskip("mmcv.runner")  # mmcv 1 alone has it
from mmdet.core.evaluation import get_classes
from mmdet.datasets import CocoDataset

pytestmark = [pytest.mark.mmdet, pytest.mark.lite]

PARTS = ("face", "person", "hand")


def folder(root: Path, *objects: str, **more: str | bytes) -> Path:
    """A dataset of one or more images: `a` holds the objects, the others the XML given."""
    xmls = ({"a": voc_xml(*objects)} if objects else {}) | more
    for id_, text in xmls.items():
        write(root / "xml" / f"{id_}.xml", text)
        picture(root / "img" / f"{id_}.jpg")
    for split in ("train", "val"):
        write(root / "lists" / f"{split}.txt", "".join(f"{id_}\n" for id_ in xmls))
    return root


# HumanParts -------------------------------------------------------------------------------------


def by_hand(id_: str) -> tuple[list[int], list[list[float]]]:
    """(labels, boxes) of a sample picture, by the standard library alone."""
    tree = ET.parse(SAMPLE / "humanparts" / "Annotations" / f"{id_}.xml")
    labels, boxes = [], []
    for item in tree.iter("object"):
        name = (item.findtext("name") or "").strip().lower()
        if name != "none":
            labels.append(PARTS.index(name))
            corners = ("xmin", "ymin", "xmax", "ymax")
            boxes.append([float(item.findtext(f"bndbox/{tag}") or "nan") for tag in corners])
    return labels, boxes


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's COCO files, as the command line writes them."""
    out = tmp_path_factory.mktemp("converted")
    arguments = ["convert", "voc2coco", str(SAMPLE / "humanparts"), str(out)]
    with pytest.raises(SystemExit) as exit_:
        main([*arguments, "--layout", "humanparts"])
    assert exit_.value.code in (0, None)
    return out


@pytest.mark.parametrize(("use", "images"), [("train", 16), ("val", 6)])
def test_humanparts_matches_independent_readers(
    use: str, images: int, converted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "HumanParts"
    shutil.copytree(SAMPLE / "humanparts", copy)
    name = f"HumanParts_{use}"
    ours = made(copy, monkeypatch, name=name, layout="humanparts").dataset(use)
    assert ours.CLASSES == PARTS
    assert len(ours) == images  # the training set keeps the images in which nothing is marked
    stock = CocoDataset(
        str(converted / "annotations" / f"instances_{use}.json"),
        pipeline=[],
        classes=PARTS,
        img_prefix=str(SAMPLE / "humanparts"),
        test_mode=True,
    )
    place = {info["file_name"].rsplit("/", 1)[-1]: i for i, info in enumerate(stock.data_infos)}
    assert len(place) == images
    seen = 0
    for i, info in enumerate(ours.data_infos):
        annotation = ours.get_ann_info(i)
        labels, boxes = by_hand(info["id"])
        assert annotation["labels"].tolist() == labels == ours.get_cat_ids(i)
        assert annotation["bboxes"].tolist() == boxes
        assert annotation["bboxes_ignore"].shape == (0, 4)
        other_place = place[f"{info['id']}.jpg"]
        other = stock.get_ann_info(other_place)
        assert other["labels"].tolist() == labels
        assert other["bboxes"].tolist() == boxes
        assert other["bboxes"].dtype == annotation["bboxes"].dtype
        assert other["labels"].dtype == annotation["labels"].dtype
        other_info = stock.data_infos[other_place]
        assert (info["width"], info["height"]) == (other_info["width"], other_info["height"])
        seen += len(boxes)
    # counted in the XML with grep, and the objects named `none` taken away
    assert seen == {"train": 88, "val": 32}[use]


def test_the_pipelines_load_and_perfect_detections_are_perfect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "Parts"
    shutil.copytree(SAMPLE / "humanparts", copy)
    registered = made(copy, monkeypatch, name="PerfectParts", layout="humanparts")
    sample = registered.dataset("train")[0]
    assert sample["gt_labels"].data.tolist() == by_hand("000001")[0]
    assert sample["img_metas"].data["ori_shape"] == (240, 320, 3)
    val = registered.dataset("val")
    assert val[0]["img_metas"][0].data["ori_filename"] == "Images/000003.jpg"
    scores = val.evaluate(truth(val), metric="mAP")
    assert dict(scores) == {"AP50": 1.0, "mAP": 1.0}
    shifted = truth(val)
    for image in shifted:
        for boxes in image:
            boxes[:, :4] += 500
    assert val.evaluate(shifted, metric="mAP")["mAP"] == 0


# Boxes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("coords", "box"),
    [
        ("voc", [9, 11, 30, 40]),
        ("mmdet", [9, 11, 29, 39]),
        ("zero", [10, 12, 30, 40]),
    ],
)
def test_coords(
    coords: str, box: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder(tmp_path / "d", voc_object("cat", (10, 12, 30, 40)))
    registered = made(root, monkeypatch, coords=coords)
    assert registered.boxes() == registered.boxes("val") == [[box]]
    if coords == "mmdet":
        from mmdet.datasets import XMLDataset

        stock = XMLDataset(
            ann_file=str(root / "lists" / "train.txt"),
            pipeline=[],
            classes=("cat",),
            img_prefix=str(root),
            img_subdir="img",
            ann_subdir="xml",
        )
        assert stock.get_ann_info(0)["bboxes"].tolist() == [box]


@pytest.mark.parametrize(
    ("bounds", "box"),
    [
        (("10.25", "12.5", " 30.75 ", "40"), [10.25, 12.5, 30.75, 40]),
        (("3e1", "12", "1e1", "40"), [10, 12, 30, 40]),  # corners reversed, and odd numbers
        ((30, 40, 10, 12), [10, 12, 30, 40]),
        ((10, 12, 11, 13), [10, 12, 11, 13]),  # one pixel is enough
        ((10, 12, 10.5, 40), None),  # less is not: mmdet's CocoDataset drops it too
        ((10, 12, 30, 12), None),
        ((-5, -6, 100, 200), [-5, -6, 100, 200]),  # overhangs, and is not clipped
        ((WIDTH, 0, WIDTH + 20, 20), None),  # begins where the image ends
        ((0, HEIGHT + 5, 20, HEIGHT + 9), None),
        ((-20, 0, 0, 20), None),
        (("", 12, 30, 40), None),
        (("nan", 12, 30, 40), None),
        ((10, "inf", 30, 40), None),
        (("ten", 12, 30, 40), None),
        (None, None),
    ],
)
def test_boxes(
    bounds: Any, box: list[float] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder(tmp_path / "d", voc_object("cat", (1, 2, 3, 4)), voc_object("cat", bounds))
    registered = made(root, monkeypatch, coords="zero")
    assert registered.boxes() == [[[1, 2, 3, 4], *([box] if box else [])]]


def test_odd_boxes_are_filtered_as_in_coco(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too small or outside leaves the training set in the same way from both formats."""
    bounds = [
        (-5, 2, 1, 9), (-5, 2, 0, 9), (63.5, 2, 70, 9), (64, 2, 70, 9), (5, 5, 6, 6),
        (5, 5, 5.75, 9), (5, 5, 9, 5.75), (0, 0, 64, 48), (5, 47, 9, 50), (5, 48, 9, 50),
        (10.25, 3.5, 12.75, 30),
    ]  # fmt: skip
    root = folder(tmp_path / "d", *(voc_object("cat", box) for box in bounds))
    entries = [
        {
            "id": number,
            "image_id": 1,
            "category_id": 1,
            "bbox": [x0, y0, x1 - x0, y1 - y0],
            "area": (x1 - x0) * (y1 - y0),
            "iscrowd": 0,
        }
        for number, (x0, y0, x1, y1) in enumerate(bounds)
    ]
    image = {"id": 1, "file_name": "a.jpg", "width": WIDTH, "height": HEIGHT}
    document = {
        "images": [image],
        "annotations": entries,
        "categories": [{"id": 1, "name": "cat"}],
    }
    path = write(tmp_path / "a.json", document)
    stock = CocoDataset(str(path), pipeline=[], classes=("cat",), test_mode=True)
    expected = stock.get_ann_info(0)["bboxes"].tolist()
    assert len(expected) == 6  # by hand: the 1st, 3rd, 5th, 8th, 9th and last
    assert made(root, monkeypatch, coords="zero").boxes() == [expected]


# Files ------------------------------------------------------------------------------------------

CAT = voc_object("cat", (1, 2, 30, 40))


@pytest.mark.parametrize(
    ("size", "wanted"),
    [
        ((WIDTH, HEIGHT), (WIDTH, HEIGHT)),
        (("64.0", " 48 "), (64, 48)),
        (None, (48, 64)),
        ((0, 0), (48, 64)),
        (("", ""), (48, 64)),
        (("64.5", "48"), (48, 64)),
        (("wide", "48"), (48, 64)),
    ],
)
def test_the_size_is_the_xmls_or_the_pictures(
    size: Any, wanted: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder(tmp_path / "d", a=voc_xml(CAT, size=size))
    picture(root / "img" / "a.jpg", orientation=6)  # lies on its side: shown as 48 x 64
    (info,) = made(root, monkeypatch).dataset().data_infos
    assert (info["width"], info["height"]) == wanted


def test_pictures_of_any_kind_in_nested_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "d"
    names = ["cam 1/001.png", "cam 1/002.JPG", "cam2/001.jpeg", "003.v2.bmp", "人物.webp"]
    for i, name in enumerate(names):
        picture(root / "img" / name)
        box = voc_object("cat", (i, 2, 30, 40))
        write(root / "xml" / f"{name.rsplit('.', 1)[0]}.xml", voc_xml(box))
    picture(root / "img" / "cam2" / "001.tif")  # .jpeg comes before it
    write(root / "train.txt", "".join(f"{name.rsplit('.', 1)[0]}\n" for name in names))
    dataset = made(root, monkeypatch, coords="zero").dataset()
    assert [info["filename"] for info in dataset.data_infos] == [f"img/{name}" for name in names]
    assert [dataset.get_ann_info(i)["bboxes"][0][0] for i in range(5)] == [0, 1, 2, 3, 4]
    assert {dataset[i]["img_metas"].data["ori_shape"] for i in range(5)} == {(HEIGHT, WIDTH, 3)}


@pytest.mark.parametrize(
    ("said", "by_name", "by_id"),
    [
        ("b.jpg", "img/b.jpg", "img/a.jpg"),
        ("b", "img/b.jpg", "img/a.jpg"),
        ("b.png", "img/b.png", "img/a.jpg"),  # it says which of the two
        ("sub\\c.jpg", "img/sub/c.jpg", "img/a.jpg"),
        ("c.gif", "img/a.jpg", "img/a.jpg"),
        ("", "img/a.jpg", "img/a.jpg"),
    ],
)
def test_lookup(
    said: str, by_name: str, by_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder(tmp_path / "d", a=voc_xml(CAT, filename=said))
    for name in ("b.jpg", "b.png", "sub/c.jpg"):
        picture(root / "img" / name)
    for lookup, wanted in (("filename", by_name), ("id", by_id)):
        registered = made(root, monkeypatch, images="img", annotations="xml", lookup=lookup)
        (info,) = registered.dataset().data_infos
        assert info["filename"] == wanted


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ("", "utf-8"),
        ("", "utf-8-sig"),
        ('<?xml version="1.0" encoding="utf-8"?>', "utf-8"),
        ('<?xml version="1.0" encoding="gb2312"?>', "gb2312"),
        ("<?xml version='1.0' encoding='GBK' ?>\n", "gbk"),
        ('<?xml version="1.0" encoding="big5"?>', "big5"),
        ('<?xml version="1.0" encoding="utf-8"?>', "gbk"),  # old Windows tools lie
        ("", "gbk"),
        ('<?xml version="1.0" encoding="utf-16"?>', "utf-16"),
    ],
)
def test_encodings(
    head: str, encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = head + voc_xml(voc_object("人物", (1, 2, 30, 40)))
    root = folder(tmp_path / "d", a=text.encode(encoding))
    registered = made(root, monkeypatch, coords="zero")
    assert registered.module.CLASSES == ("人物",)
    assert registered.boxes() == [[[1, 2, 30, 40]]]


def test_split_files_with_spaces_and_blank_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder(tmp_path / "d", a=voc_xml(CAT), b=voc_xml(CAT), c=voc_xml(CAT))
    write(root / "lists" / "train.txt", "\ufeffc \n\n  a\n\n\n")
    registered = made(root, monkeypatch)
    assert registered.config.data.train.ann_file == "lists/train.txt"  # as it is
    assert [info["id"] for info in registered.dataset().data_infos] == ["c", "a"]


def test_negative_images_stay_and_tiny_images_are_excluded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder(
        tmp_path / "d",
        a=voc_xml(CAT),
        empty=voc_xml(),
        small=voc_xml(CAT, size=(31, 48)),
        other=voc_xml(voc_object("none", (1, 2, 30, 40))),
    )
    registered = made(root, monkeypatch, classes=("cat",), skip=("none",))
    ids = {use: [i["id"] for i in registered.dataset(use).data_infos] for use in ("train", "val")}
    assert ids == {"train": ["a", "empty", "other"], "val": ["a", "empty", "small", "other"]}
    annotation = registered.dataset().get_ann_info(1)
    assert (annotation["bboxes"].shape, annotation["labels"].shape) == ((0, 4), (0,))
    # who wants mmdet's own default has it
    without = registered.dataset(filter_empty_gt=True)
    assert [info["id"] for info in without.data_infos] == ["a"]


def test_missing_pictures_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder(tmp_path / "d", a=voc_xml(CAT), b=voc_xml(CAT), c=voc_xml(CAT))
    registered = made(root, monkeypatch)
    for name in ("b", "c"):
        (root / "img" / f"{name}.jpg").unlink()
    with pytest.raises(FileNotFoundError) as caught:
        registered.dataset()
    assert "2 of the 3 images that" in str(caught.value)
    assert "the first is b" in str(caught.value)
    assert str(root / "lists" / "train.txt") in str(caught.value)
    (root / "xml" / "a.xml").unlink()
    with pytest.raises(FileNotFoundError, match=r"xml/a\.xml"):
        registered.dataset()


@pytest.mark.parametrize(
    "content",
    [b"", b"<annotation><object>", "<annotation><object><name>人".encode(), b"\xff\xff", b"no"],
)
def test_a_broken_file_is_named(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = folder(tmp_path / "d", a=voc_xml(CAT), b=voc_xml(CAT))
    registered = made(root, monkeypatch)
    write(root / "xml" / "b.xml", content)
    with pytest.raises(ValueError, match=r"xml/b\.xml: "):
        registered.dataset()


# Objects ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "kept", "ignored"),
    [("keep", 9, 0), ("ignore", 5, 4), ("drop", 5, 0)],
)
def test_difficult(
    policy: str, kept: int, ignored: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = ["0", "", "Unspecified", "false", "1", " 1 ", "True", "yes"]
    objects = [voc_object("cat", (i, 2, 30, 40), difficult=f) for i, f in enumerate(flags)]
    root = folder(tmp_path / "d", *objects, voc_object("cat", (8, 2, 30, 40)))
    dataset = made(root, monkeypatch, coords="zero", difficult=policy).dataset("val")
    annotation = dataset.get_ann_info(0)
    assert len(annotation["bboxes"]) == len(annotation["labels"]) == kept
    assert annotation["bboxes_ignore"][:, 0].tolist() == [4, 5, 6, 7][:ignored]
    assert annotation["labels_ignore"].tolist() == [0] * ignored
    if policy != "keep":
        assert annotation["bboxes"][:, 0].tolist() == [0, 1, 2, 3, 8]
    assert dataset.evaluate(truth(dataset), metric="mAP")["mAP"] == 1


def test_min_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small, high = voc_object("cat", (1, 2, 30, 11.5)), voc_object("cat", (1, 2, 30, 12))
    registered = made(folder(tmp_path / "d", small, high), monkeypatch, coords="zero")
    annotation = registered.dataset(min_size=10).get_ann_info(0)
    assert annotation["bboxes"].tolist() == [[1, 2, 30, 12]]
    assert annotation["bboxes_ignore"].tolist() == [[1, 2, 30, 11.5]]
    assert registered.boxes() == [[[1, 2, 30, 11.5], [1, 2, 30, 12]]]


def test_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = ["dog", " Cat ", "kitty", "zebra", "KITTY", "", "none", "hound", "cafe\u0301"]
    root = folder(
        tmp_path / "d", *(voc_object(name, (i, 2, 30, 40)) for i, name in enumerate(written))
    )

    def labels(**flags: Any) -> dict[int, int]:
        """xmin -> label."""
        registered = made(
            root,
            monkeypatch,
            coords="zero",
            classes=("cat", "dog", "café"),
            aliases={"cat": ["kitty"], "dog": ["hound"]},
            **flags,
        )
        annotation = registered.dataset().get_ann_info(0)
        starts = [int(box[0]) for box in annotation["bboxes"]]
        return dict(zip(starts, annotation["labels"].tolist(), strict=True))

    assert labels() == {0: 1, 2: 0, 7: 1, 8: 2}
    assert labels(ignore_case=True) == {0: 1, 1: 0, 2: 0, 4: 0, 7: 1, 8: 2}


def test_a_choice_of_classes_in_the_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cat, dog = voc_object("cat", (1, 2, 30, 40)), voc_object("dog", (5, 2, 30, 40))
    registered = made(folder(tmp_path / "d", cat, dog), monkeypatch, coords="zero")
    dataset = registered.dataset(classes=("dog",))
    annotation = dataset.get_ann_info(0)
    assert annotation["bboxes"].tolist() == [[5, 2, 30, 40]]
    assert annotation["labels"].tolist() == [0]


def test_an_index_changes_no_item(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "HumanParts"
    shutil.copytree(SAMPLE / "humanparts", root)
    registered = made(root, monkeypatch, layout="humanparts")
    monkeypatch.setattr(f"{registered.plan.dataset.package}.index.TICK", -(10**10))
    items = []
    for index in (False, True, True):
        dataset = registered.dataset(index=index)
        annotations = [dataset.get_ann_info(i) for i in range(len(dataset))]
        items.append([{key: a.tolist() for key, a in each.items()} for each in annotations])
        assert len([*(root / "Annotations").glob(".dataforge-index-*")]) == index
    assert items[0] == items[1] == items[2]
    assert len(items[0]) == 16


def test_get_classes_accepts_every_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder(tmp_path / "d", CAT, voc_object("dog", (1, 2, 30, 40)))
    registered = made(
        root,
        monkeypatch,
        name="My PetSet-7",
        also_known_as=("pets seven", "it's"),
        classes=("dog", "cat"),
    )
    names = ("my_petset_7", "My PetSet-7", "pets seven", "it's")
    assert set(names) <= set(registered.plan.dataset.aliases)
    for name in registered.plan.dataset.aliases:
        assert get_classes(name) == ["dog", "cat"]
    assert registered.module.__name__ == "my_petset_7_dataset.mmdet2"
    assert registered.config.data.train.type == "MyPetSet7Dataset"


def test_made_splits_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder(tmp_path / "d", **{f"p{i}": voc_xml(CAT) for i in range(10)})
    shutil.rmtree(root / "lists")
    registered = made(root, monkeypatch, split="train=0.7,val=0.3")
    ids = {use: {i["id"] for i in registered.dataset(use).data_infos} for use in ("train", "val")}
    assert (len(ids["train"]), len(ids["val"])) == (7, 3)
    assert ids["train"] | ids["val"] == {f"p{i}" for i in range(10)}
    assert registered.plan.images == {"train": 7, "val": 3}


def test_a_folder_for_each_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Roboflow's export: XML beside the images, and no lists."""
    root = tmp_path / "d"
    for split, left in (("train", 1), ("valid", 2)):
        picture(root / split / "a.jpg")
        write(root / split / "a.xml", voc_xml(voc_object("cat", (left, 2, 30, 40))))
    registered = made(root, monkeypatch, coords="zero")
    assert registered.boxes("train") == [[[1, 2, 30, 40]]]
    assert registered.boxes("val") == registered.boxes("test") == [[[2, 2, 30, 40]]]
