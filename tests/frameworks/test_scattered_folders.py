"""The generated code finds the images of folders that come in many pairs."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import pytest
from generated import planned, write_files
from helpers import picture, voc_object, voc_xml, write


@pytest.mark.parametrize(
    ("pairs", "files"),
    [
        (
            ["cam1/images/a.jpg cam1/xml/a.xml", "cam2/images/a.png cam2/xml/a.xml"],
            ["cam1/images/a.jpg", "cam2/images/a.png"],
        ),
        (["c/1/img/a.jpg c/1/a.xml", "c/2/img/a.jpg c/2/a.xml"], None),
        (["1/a.jpg 1/xml/a.xml", "2/a.jpg 2/xml/a.xml"], None),
        (["1/a.jpg xml/a.xml", "2/b.jpg xml/b.xml"], None),
        (["img/a.jpg 1/a.xml", "img/b.jpg 2/b.xml"], None),
        (["img/A.JPG xml/a.xml", "img/b.jpg xml/B.XML"], ["img/b.jpg", "img/A.JPG"]),
        (["1/IMG_1.JPG xml/img_1.xml", "2/b.jpg xml/b.xml"], ["2/b.jpg", "1/IMG_1.JPG"]),
        (["img/a.jpg xml/a.xml"], None),
        # images spread within the folders of each camera, or XML files; frames have equal numbers
        (
            ["c1/img/x/0.jpg c1/xml/0.xml", "c1/img/y/1.jpg c1/xml/1.xml",
             "c2/img/x/0.jpg c2/xml/0.xml", "c2/img/y/1.jpg c2/xml/1.xml"],
            None,
        ),
        (
            ["c1/img/0.jpg c1/xml/x/0.xml", "c1/img/1.jpg c1/xml/y/1.xml",
             "c2/img/0.jpg c2/xml/x/0.xml", "c2/img/1.jpg c2/xml/y/1.xml"],
            None,
        ),
        # a folder of images for each split, with XML files in one; and with folders in it
        (["img/train/a.jpg xml/a.xml", "img/val/b.jpg xml/b.xml"], None),
        (["I-train/a.jpg xml/a.xml", "I-val/b.jpg xml/b.xml"], None),
        (
            ["img/train/x/a.jpg xml/a.xml", "img/train/y/c.jpg xml/c.xml",
             "img/val/b.jpg xml/b.xml"],
            None,
        ),
        # the same, with XML files for each split
        (
            ["W_train/img/x/0.jpg W_train/xml/0.xml", "W_train/img/y/1.jpg W_train/xml/1.xml",
             "W_val/img/x/0.jpg W_val/xml/0.xml", "W_val/img/y/1.jpg W_val/xml/1.xml"],
            None,
        ),
    ],
)  # fmt: skip
def test_each_image_is_loaded_with_its_own_labels(
    pairs: Sequence[str],
    files: Sequence[str] | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    labels = [f"label{number}" for number in range(len(pairs))]
    truth = {}
    for pair, label in zip(pairs, labels, strict=True):
        image, xml = pair.split()
        picture(tmp_path / "set" / image)
        write(tmp_path / "set" / xml, voc_xml(voc_object(label, (0, 5, 30, 40))))
        truth[image] = label
    plan = planned(tmp_path / "set", layout="custom-voc")
    write_files(plan.out, plan.files, monkeypatch)
    annotations = importlib.import_module(f"{plan.dataset.package}.annotations")
    loaded = []
    for split in {spec.ann_file: spec for spec in plan.dataset.splits.values()}.values():
        paths = (split.ann_file, split.images, split.annotations)
        for info in annotations.read(*(str(tmp_path / "set" / path) for path in paths)):
            ((label, _, _),) = info["objects"]
            image = PurePosixPath(split.images, info["filename"]).as_posix()
            loaded.append((image, plan.dataset.classes[label]))
    assert dict(loaded) == truth
    assert [image for image, _ in loaded] == list(files or truth)
