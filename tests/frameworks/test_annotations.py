"""The generated annotations.py: no framework is needed, and categories go by name."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from generated import READING, check_code, planned, spec, unique, write_files
from helpers import picture, python, voc_object, voc_xml, write

from dataforge.frameworks.package import package_files
from dataforge.frameworks.spec import DatasetSpec


def annotations_of(dataset: DatasetSpec, out: Path, patch: pytest.MonkeyPatch) -> ModuleType:
    write_files(out, package_files(dataset), patch)
    return importlib.import_module(f"{dataset.package}.annotations")


def coco_module(out: Path, patch: pytest.MonkeyPatch, **changes: Any) -> ModuleType:
    return annotations_of(spec(unique(), format="coco", **changes), out, patch)


@pytest.mark.parametrize("format_", ["voc", "coco"])
@pytest.mark.parametrize("plain", [True, False])
def test_needs_only_the_standard_library_and_pillow(format_: str, plain: bool) -> None:
    odd = {
        "by_name": True,
        "other_case": True,
        "upper_xml": True,
        "lookup": "filename",
        "difficult": "ignore",
        "dropped": ("none",),
    }
    dataset = spec("Any", format=format_, **({} if plain else odd))
    allowed = READING if format_ == "voc" else {"unicodedata"}
    for file in package_files(dataset):
        check_code(file.path, file.text, allowed, floor=(3, 7))


def test_works_without_a_framework(tmp_path: Path) -> None:
    root = tmp_path / "set"
    picture(root / "img" / "sub" / "a.png")
    write(root / "xml" / "sub" / "a.xml", voc_xml(voc_object("dog", (1, 2, 30, 40))))
    plan = planned(root, name="Alone", coords="voc")
    with pytest.MonkeyPatch.context() as patch:
        write_files(plan.out, plan.files, patch)
    code = f"""
import sys
sys.path.insert(0, {str(plan.out / "python")!r})
from alone_dataset.annotations import read
(info,) = read({str(plan.out / plan.dataset.splits["train"].ann_file)!r}, 'img', 'xml')
assert info == dict(
    id='sub/a', filename='sub/a.png', xml='xml/sub/a.xml', width=64, height=48,
    objects=[(0, (0.0, 1.0, 30.0, 40.0), False)]), info
assert not {{'torch', 'mmdet', 'mmcv', 'numpy', 'dataforge'}} & {{*sys.modules}}
"""
    result = python("-I", "-c", code, cwd=root)
    assert result.returncode == 0, result.stderr


def test_reads_the_tags_and_boxes_that_dataforge_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A namespace, capitals, and two boxes in one object."""
    dataset = spec(unique(), coords="zero", classes=("cat",), spellings={"cat": "cat"})
    module = annotations_of(dataset, tmp_path / "out", monkeypatch)
    box = "<bndbox><xmin>{}</xmin><ymin>2</ymin><xmax>{}</xmax><ymax>9</ymax></bndbox>"
    two = f"<object><name>cat</name>{box.format(1, 9)}{box.format(20, 29)}</object>"
    files = {
        "a": voc_xml(two).replace("<annotation>", '<annotation xmlns="http://example.org/voc">'),
        "b": voc_xml(two).replace("object>", "Object>").replace("xmin>", "Xmin>"),
    }
    for name, xml in files.items():
        picture(tmp_path / f"{name}.jpg")
        write(tmp_path / f"{name}.xml", xml)
    write(tmp_path / "list.txt", "a\nb\n")
    infos = module.read(str(tmp_path / "list.txt"), str(tmp_path), str(tmp_path))
    expected = [(0, (1.0, 2.0, 9.0, 9.0), False), (0, (20.0, 2.0, 29.0, 9.0), False)]
    assert [info["objects"] for info in infos] == [expected] * 2


def test_categories_become_the_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = coco_module(
        tmp_path,
        monkeypatch,
        classes=("cat", "dog", "cow"),
        spellings={"cat": "cat", "kitten": "cat", "dog": "dog", "cow": "cow"},
    )
    content = {
        "categories": [
            {"id": 9, "name": "dog", "supercategory": "animal"},
            {"id": 4, "name": "kitten"},
            {"id": 2, "name": "cat"},
        ],
        "annotations": [
            {"id": 1, "category_id": 2, "bbox": [1, 2, 3, 4]},
            {"id": 2, "category_id": 9, "bbox": [1, 2, 3, 4], "area": 5, "iscrowd": 1},
        ],
    }
    module.by_name(content, strict=False)
    assert content == {
        "categories": [
            {"id": 4, "name": "cat"},
            {"id": 9, "name": "dog"},
            {"id": 10, "name": "cow"},  # this split has none
        ],
        "annotations": [
            {"id": 1, "category_id": 4, "bbox": [1, 2, 3, 4], "area": 12, "iscrowd": 0},
            {"id": 2, "category_id": 9, "bbox": [1, 2, 3, 4], "area": 5, "iscrowd": 1},
        ],
    }


@pytest.mark.parametrize(
    ("names", "strict", "said"),
    [
        (("cat", "none"), False, None),  # dropped on purpose: no misspelt dog
        (("cat", "nnoe"), False, r"val.json has no category \['dog'\].* are \['nnoe'\]"),
        (("cat", "none"), True, r"val.json has no category \['dog'\].* are \[\]"),
        (("cat", "dog", "zebra"), True, None),
    ],
)
def test_a_class_that_is_missing(
    names: tuple[str, ...],
    strict: bool,
    said: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = coco_module(tmp_path, monkeypatch, dropped=("none",))
    content = {"categories": [{"id": i, "name": name} for i, name in enumerate(names)]}
    if said is None:
        module.by_name(content, ("cat", "dog"), "val.json", strict)
        assert [category["name"] for category in content["categories"]] == ["cat", "dog"]
    else:
        with pytest.raises(ValueError, match=said):
            module.by_name(content, ("cat", "dog"), "val.json", strict)


def test_a_choice_of_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "set"
    picture(root / "img" / "a.jpg")
    objects = [voc_object(name, (i, 2, 30, 40)) for i, name in enumerate(["cat", "dog", "cat"])]
    write(root / "xml" / "a.xml", voc_xml(*objects))
    write(root / "list.txt", "a\n")
    module = annotations_of(spec(unique()), tmp_path / "out", monkeypatch)
    paths = [str(root / name) for name in ("list.txt", "img", "xml")]
    (info,) = module.read(*paths)
    assert [(label, box[0]) for label, box, _ in info["objects"]] == [(0, 0), (1, 1), (0, 2)]
    (info,) = module.read(*paths, classes=["dog"])
    assert [(label, box[0]) for label, box, _ in info["objects"]] == [(0, 1)]
