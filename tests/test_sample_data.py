"""sample_data/ is what sample_data/make.py draws, and has the oddities that it promises."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from helpers import SAMPLE
from PIL import Image, ImageChops, ImageStat


def files(folder: Path) -> dict[str, Path]:
    return {
        path.relative_to(folder).as_posix(): path
        for name in ("labelme", "humanparts")
        for path in (folder / name).rglob("*")
        if path.is_file()
    }


def test_sample_data_matches_its_script(tmp_path: Path) -> None:
    command = [sys.executable, str(SAMPLE / "make.py"), "--out", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    made, kept = files(tmp_path), files(SAMPLE)
    assert made.keys() == kept.keys()
    for name, path in made.items():
        if path.suffix == ".jpg":  # another libjpeg may round another way
            with Image.open(path) as new, Image.open(kept[name]) as old:
                difference = ImageStat.Stat(ImageChops.difference(new, old))
            assert max(difference.mean) < 2
        else:
            assert path.read_bytes() == kept[name].read_bytes()


def test_sample_data_is_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()) < 2_000_000


def test_labelme_has_every_kind_of_shape() -> None:
    documents = {
        path: json.loads(path.read_text("utf-8")) for path in (SAMPLE / "labelme").rglob("*.json")
    }
    assert len(documents) == 14
    kinds: Counter[str] = Counter()
    groups: Counter[tuple[str, str, int]] = Counter()
    for path, document in documents.items():
        for entry in document["shapes"]:
            kinds[entry["shape_type"]] += 1
            if entry["group_id"] is not None:
                groups[path.name, entry["label"], entry["group_id"]] += 1
            if entry["shape_type"] == "mask":
                with Image.open(io.BytesIO(base64.b64decode(entry["mask"]))) as mask:
                    assert has_hole(np.asarray(mask.convert("L")) > 0)
    assert kinds.keys() == {"polygon", "rectangle", "circle", "mask"}
    assert kinds["mask"] == 1
    assert list(groups.values()) == [2]
    assert [not document["shapes"] for document in documents.values()].count(True) == 1
    assert any("\\" in document["imagePath"] for document in documents.values())
    assert any(" " in path.name for path in documents)
    assert any(not path.name.isascii() for path in documents)
    assert len({path.parent for path in documents}) == 3


def has_hole(mask: np.ndarray) -> bool:
    """Whether some background cannot be reached from outside by steps to the four sides."""
    outside = np.zeros(np.add(mask.shape, 2), dtype=bool)
    outside[0] = True
    solid = np.pad(mask, 1)
    while True:
        grown = outside.copy()
        for axis in (0, 1):
            for step in (-1, 1):
                grown |= np.roll(outside, step, axis)
        grown &= ~solid
        grown[0] = True
        if (grown == outside).all():
            return bool((~outside & ~solid).any())
        outside = grown


def test_humanparts_has_the_quirks_of_the_real_one() -> None:
    root = SAMPLE / "humanparts"
    listed = [
        (root / "ImageSets" / f"privpersonpart_{split}.txt").read_text().split("\n")
        for split in ("train", "val")
    ]
    assert [len(ids) for ids in listed] == [17, 7]  # 16 and 6, and what follows the last newline
    quirks: Counter[str] = Counter()
    for path in (root / "Annotations").glob("*.xml"):
        element = ElementTree.parse(path).getroot()
        quirks["no extension"] += not (element.findtext("filename") or "").endswith(".jpg")
        quirks["no size"] += element.find("size") is None
        for item in element.iter("object"):
            name = item.findtext("name") or ""
            quirks["untidy name"] += name != name.strip().lower()
            quirks["none"] += name.strip() == "none"
            quirks["xmin 0"] += float(item.findtext("bndbox/xmin") or 1) == 0
            quirks["no difficult"] += item.find("difficult") is None
            quirks["float"] += float(item.findtext("bndbox/xmax") or 0) % 1 != 0
    assert min(quirks.values()) > 0
    assert quirks["none"] == 3
