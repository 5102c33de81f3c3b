"""Other packages read what is written, and see the same images, classes and boxes.

labelme's own reader is run in `formats/labelme/test_converted.py`, mmdetection's in `frameworks/`
and `smoke/`. The README's table "What other readers see" says what these tests show.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from formats.yolo.test_write import ultralytics
from helpers import SAMPLE, picture, write
from pycocotools.coco import COCO

from dataforge.datasets import Source
from dataforge.formats import get_format
from dataforge.jobs import Job
from dataforge.records import Box, Image
from dataforge.testing import driver
from dataforge.verbs.convert import convert

Marked = list[tuple[str, Box]]
"""(class, box as edges) of all that is marked in an image."""
Found = dict[str, dict[str, Marked]]
"""Split -> last part of the image's name -> what is marked in it."""

HAND: Found = {
    "train": {
        "a.jpg": [("cat", (10, 12, 30, 40)), ("dog", (0, 0, 64, 48)), ("cat", (63, 47, 64, 48))],
        "b c.jpg": [],
    },
    "val": {"人.jpg": [("dog", (1, 2, 3, 5))]},
}
FRACTIONS: Found = {
    "train": {"a.jpg": [("cat", (10.5, 12.25, 30.125, 40))]},
    "val": {"b.jpg": [("dog", (0.5, 0, 1.5, 0.75))]},
}
COUNTS = {
    "hand": (3, 4),
    "fractions": (2, 2),
    "humanparts": (22, 120),
    "whole": (22, 120),
    "labelme": (14, 68),
}
"""Source -> (images, boxes); those of the sample data are what sample_data/make.py draws, and
`whole` is humanparts with its numbers cut to whole ones."""


class Written(NamedTuple):
    """What was written of each source.

    Attributes:
        folder: holds ``<source>/<output>``.
        ours: source -> what is in it.
    """

    folder: Path
    ours: dict[str, Found]


def make_coco(folder: Path, found: Found) -> None:
    """COCO files by hand."""
    for split, images in found.items():
        file: dict[str, Any] = {"images": [], "annotations": []}
        for name, marked in images.items():
            number = len(file["images"]) + 1
            file["images"].append({"id": number, "file_name": name, "width": 64, "height": 48})
            picture(folder / "images" / name)
            for label, (x0, y0, x1, y1) in marked:
                entry = {"id": len(file["annotations"]) + 1, "image_id": number,
                         "category_id": 1 + (label == "dog"), "bbox": [x0, y0, x1 - x0, y1 - y0],
                         "area": (x1 - x0) * (y1 - y0), "iscrowd": 0,
                         "segmentation": []}  # fmt: skip
                file["annotations"].append(entry)
        file["categories"] = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
        write(folder / "annotations" / f"instances_{split}.json", file)


def in_source(folder: Path, format_: str, layout: str | None = None) -> Found:
    """What our reader says of a source."""
    found: Found = {}
    source = Source(str(folder), format_, {}, layout)
    for record in driver.read(source.format, source.root, source.options, layout=source.layout):
        if isinstance(record, Image):
            split = found.setdefault(record.split or "all", {})
            split[last(record.file_name)] = [
                (one.label.lower(), one.box)
                for one in record.instances
                if one.label.lower() != "none"  # as HumanParts' layout says
            ]
    return found


def last(path: str | Path) -> str:
    return str(path).rpartition("/")[2]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("readers")
    make_coco(folder / "hand" / "in", HAND)
    make_coco(folder / "fractions" / "in", FRACTIONS)
    shutil.copytree(SAMPLE / "humanparts", folder / "whole" / "in")
    for path in (folder / "whole" / "in" / "Annotations").iterdir():
        path.write_text(re.sub(r"(\d)\.\d+", r"\1", path.read_text("utf-8")), "utf-8")
    sources: dict[str, tuple[Path, str, str | None]] = {
        "hand": (folder / "hand" / "in", "coco", None),
        "fractions": (folder / "fractions" / "in", "coco", None),
        "humanparts": (SAMPLE / "humanparts", "voc", "humanparts"),
        "whole": (folder / "whole" / "in", "voc", "humanparts"),
        "labelme": (SAMPLE / "labelme", "labelme", None),
    }
    for name, (source, reads, layout) in sources.items():
        for out, options in (
            ("coco", {}),
            ("voc", {}),
            ("voc-mmdet", {"coords": "mmdet"}),
            ("yolo", {}),
        ):
            where = folder / name / out / ("VOCdevkit/VOC2012" if "voc" in out else "")
            convert(
                Job(source=str(source), out=str(where), reads=reads, writes=out.split("-")[0],
                    layout=layout, image_mode="copy", write_options=options)
            )  # fmt: skip
    ours = {"hand": HAND, "fractions": FRACTIONS}
    for name in ("humanparts", "whole", "labelme"):
        ours[name] = in_source(*sources[name])
    return Written(folder, ours)


def agree(found: Found, ours: Found, moved: Box = (0, 0, 0, 0), within: float = 1e-9) -> None:
    """The same splits, images, classes and boxes, but for a shift of each number.

    Args:
        found: by another reader.
        ours: what was written.
        moved: what that reader adds to x0, y0, x1, y1.
        within: pixels, what its floats cost.
    """
    assert found.keys() == ours.keys()
    for split, images in ours.items():
        assert found[split].keys() == images.keys()
        for name, marked in images.items():
            assert [label for label, _ in found[split][name]] == [label for label, _ in marked]
            for (_, box), (_, wanted) in zip(found[split][name], marked, strict=True):
                shifted = tuple(a + b for a, b in zip(wanted, moved, strict=True))
                assert tuple(box) == pytest.approx(shifted, abs=within), name


def counts(found: Found) -> tuple[int, int]:
    """(images, boxes)."""
    images = [marked for split in found.values() for marked in split.values()]
    return len(images), sum(map(len, images))


@pytest.mark.parametrize("source", COUNTS)
def test_sources_hold_the_expected_counts(written: Written, source: str) -> None:
    assert counts(written.ours[source]) == COUNTS[source]


# COCO -------------------------------------------------------------------------------------------


def of_entries(entries: list[Any], api: COCO) -> Marked:
    marked: Marked = []
    for entry in entries:
        x, y, w, h = entry["bbox"]
        (category,) = api.loadCats(entry["category_id"])
        marked.append((category["name"], (x, y, x + w, y + h)))
    return marked


def by_pycocotools(out: Path, split: str) -> dict[str, Marked]:
    with contextlib.redirect_stdout(io.StringIO()):
        api = COCO(str(out / "annotations" / f"instances_{split}.json"))
    return {
        last(image["file_name"]): of_entries(api.loadAnns(api.getAnnIds(imgIds=[number])), api)
        for number, image in api.imgs.items()
    }


def by_torchvision_coco(out: Path, split: str) -> dict[str, Marked]:
    datasets = pytest.importorskip("torchvision.datasets")
    with contextlib.redirect_stdout(io.StringIO()):
        dataset = datasets.CocoDetection(
            str(out / "images"), str(out / "annotations" / f"instances_{split}.json")
        )
    found = {}
    for number, id_ in enumerate(dataset.ids):
        image, entries = dataset[number]  # opens the image
        (said,) = dataset.coco.loadImgs(id_)
        assert image.size == (said["width"], said["height"])
        found[last(said["file_name"])] = of_entries(entries, dataset.coco)
    return found


@pytest.mark.parametrize("reader", [by_pycocotools, by_torchvision_coco])
@pytest.mark.parametrize("source", COUNTS)
def test_coco(
    written: Written, source: str, reader: Callable[[Path, str], dict[str, Marked]]
) -> None:
    ours = written.ours[source]
    agree({split: reader(written.folder / source / "coco", split) for split in ours}, ours)


# Pascal VOC -------------------------------------------------------------------------------------


def by_torchvision_voc(out: Path, split: str) -> dict[str, Marked]:
    """The numbers as they stand in the XML."""
    datasets = pytest.importorskip("torchvision.datasets")
    dataset = datasets.VOCDetection(str(out), "2012", split)
    found = {}
    for number in range(len(dataset)):
        image, parsed = dataset[number]  # opens the image
        said = parsed["annotation"]
        assert image.size == (int(said["size"]["width"]), int(said["size"]["height"]))
        found[said["filename"]] = [
            (one["name"], tuple(float(one["bndbox"][tag]) for tag in TAGS))
            for one in said.get("object", [])
        ]
    return found


TAGS = ("xmin", "ymin", "xmax", "ymax")


@pytest.mark.parametrize("source", ["hand", "fractions", "humanparts"])
@pytest.mark.parametrize(("output", "moved"), [("voc", (1, 1, 0, 0)), ("voc-mmdet", (1, 1, 1, 1))])
def test_voc_by_torchvision(written: Written, source: str, output: str, moved: Box) -> None:
    """It hands out the texts, so that the convention shows: from 1, and the last pixel inside."""
    ours = written.ours[source]
    found = {split: by_torchvision_voc(written.folder / source / output, split) for split in ours}
    agree(found, ours, moved)


# YOLO -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["hand", "humanparts"])
def test_yolo_by_the_rules_of_ultralytics(written: Written, source: str) -> None:
    """Labels found, rows accepted, classes counted as its dataset check does."""
    import yaml

    out = written.folder / source / "yolo"
    names = yaml.safe_load((out / "data.yaml").read_text("utf-8"))["names"]
    records = driver.read(get_format("yolo"), out)
    sizes = {one.file_name: (one.width, one.height) for one in records if isinstance(one, Image)}
    found: Found = {}
    for split, images in ultralytics(out).items():
        found[split] = {}
        for name, rows in images.items():
            w, h = next(size for path, size in sizes.items() if last(path) == name)
            found[split][name] = [
                (names[int(n)], ((x - a / 2) * w, (y - b / 2) * h, (x + a / 2) * w,
                                 (y + b / 2) * h))
                for n, x, y, a, b in rows
            ]  # fmt: skip
    agree(found, written.ours[source])


# supervision, which is downloaded ---------------------------------------------------------------

# It looks into one folder at a time, so that each folder with images is loaded by itself.
SUPERVISION = """
import json
from pathlib import Path
import supervision as sv

def found(data):
    return {
        Path(path).name: [
            [data.classes[number], box]
            for number, box in zip(marked.class_id.tolist(), marked.xyxy.tolist())
        ] if len(marked) else []
        for path, marked in data.annotations.items()
    }

def below(folder):
    return [folder, *sorted(path for path in folder.rglob("*") if path.is_dir())]

def coco(out):
    return {
        path.stem.split("_")[-1]: found(
            sv.DetectionDataset.from_coco(str(out / "images"), str(path)))
        for path in sorted((out / "annotations").glob("*.json"))
    }

def voc(out):
    out = out / "VOCdevkit" / "VOC2012"
    try:
        data = found(sv.DetectionDataset.from_pascal_voc(
            str(out / "JPEGImages"), str(out / "Annotations")))
    except ValueError as error:
        return str(error)
    lists = sorted((out / "ImageSets" / "Main").glob("*.txt"))
    return {path.stem: {f"{name}.jpg": data[f"{name}.jpg"]
                        for name in path.read_text("utf-8").splitlines()} for path in lists}

def yolo(out):
    splits = {}
    for folder in sorted((out / "images").iterdir()):
        splits[folder.name] = {}
        for images in below(folder):
            labels = out / "labels" / images.relative_to(out / "images")
            splits[folder.name] |= found(sv.DetectionDataset.from_yolo(
                str(images), str(labels), str(out / "data.yaml")))
    return splits

loaders = {"coco": coco, "voc": voc, "voc-mmdet": voc, "yolo": yolo}
print(json.dumps({
    f"{source}/{name}": load(Path(source) / name)
    for source in ("hand", "fractions", "humanparts", "whole", "labelme")
    for name, load in loaders.items()
    if not (source == "labelme" and load is voc)
}))
"""


@pytest.fixture(scope="module")
def by_supervision(written: Written) -> dict[str, Any]:
    """``<source>/<output>`` -> what supervision finds there, or why it cannot."""
    if shutil.which("uv") is None:
        pytest.skip("uv is not there to install supervision")
    script = write(written.folder / "run.py", SUPERVISION)
    result = subprocess.run(
        ["uv", "run", "--no-project", "--isolated", "--python", "3.11",
         "--with", "supervision==0.27.0", "python", str(script)],
        cwd=written.folder, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    offline = ("error sending request", "dns error", "Network connectivity", "Failed to fetch")
    if result.returncode and any(words in result.stderr for words in offline):
        pytest.skip("supervision cannot be downloaded")
    assert result.returncode == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.mark.peers
@pytest.mark.parametrize("source", COUNTS)
def test_coco_by_supervision(written: Written, by_supervision: dict[str, Any], source: str) -> None:
    agree(by_supervision[f"{source}/coco"], written.ours[source])


@pytest.mark.peers
@pytest.mark.parametrize("source", ["hand", "whole"])
@pytest.mark.parametrize(
    ("output", "moved"), [("voc", (0, 0, -1, -1)), ("voc-mmdet", (0, 0, 0, 0))]
)
def test_voc_by_supervision(
    written: Written, by_supervision: dict[str, Any], source: str, output: str, moved: Box
) -> None:
    """It takes 1 from all four numbers, as mmdetection does: what `--coords mmdet` is for."""
    agree(by_supervision[f"{source}/{output}"], written.ours[source], moved)


@pytest.mark.peers
def test_supervision_requires_integers_in_voc(by_supervision: dict[str, Any]) -> None:
    """A fact about supervision 0.27, so that the README may say it."""
    for output in ("voc", "voc-mmdet"):
        assert "invalid literal for int()" in by_supervision[f"fractions/{output}"]


@pytest.mark.peers
@pytest.mark.parametrize("source", COUNTS)
def test_yolo_by_supervision(written: Written, by_supervision: dict[str, Any], source: str) -> None:
    """Its floats are of 32 bits: a ten-thousandth of a pixel on images of this size."""
    agree(by_supervision[f"{source}/yolo"], written.ours[source], within=1e-4)
