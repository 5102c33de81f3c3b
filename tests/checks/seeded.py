"""Faults on purpose: a clean dataset, damaged in one way after the other, and what `check` says.

    python tests/checks/seeded.py              # all ways; exit code 1 if one is not found
    python tests/checks/seeded.py --out DIR    # leave the clean datasets and each damaged one there

The clean dataset is drawn: 12 images of 320x240 with crates, balls and tents, 8 of them to train
and 4 to evaluate, once as labelme, VOC, COCO and YOLO. `check` has nothing to say of them, not so
much as a note. Each way damages a copy of one of them. In the order of the groups of codes:

    way                          format   expected code
    ---------------------------  -------  -----------------------------
    image deleted                labelme  image-missing
    image cut off                labelme  truncated-image
    image of other bytes         voc      unreadable-image
    image of no bytes            coco     empty-file
    png called jpg               yolo     wrong-extension
    image copied                 labelme  duplicate-image
    image saved anew             labelme  near-duplicate-image
    two images of one stem       voc      name-collision
    width and height swapped     voc      swapped-size
    size of another image        voc      image-size-differs
    turned by EXIF               coco     exif-frame
    image beside the xml         voc      image-without-annotation
    image beside the json        labelme  image-without-labels
    images resized               labelme  image-size-differs
    12 bits of 16                voc      deep-image
    path that leaves the root    labelme  path-leaves-root
    copy in another split        coco     duplicate-across-splits
    saved anew in another split  voc      near-duplicate-across-splits
    listed in both splits        voc      image-in-two-splits
    listed in no split           voc      annotation-not-listed
    val is train                 yolo     same-split
    val in train, too            yolo     duplicate-across-splits
    box of no width              voc      zero-area
    corners reversed             voc      reversed-box
    box beside its image         coco     outside-image
    box over the edge            labelme  partly-outside-image
    box of three pixels          labelme  tiny-object
    box of the whole image       coco     huge-box
    row twice                    yolo     duplicate-box
    shape copied                 labelme  near-duplicate-box
    bow tie                      labelme  self-intersecting
    hole by a bridge             labelme  bridged-polygon
    mask of another size         coco     mask-size-differs
    boxes one pixel off          voc      shifted-set
    boxes as corners             coco     wrong-box-format
    boxes from 0 to 1            coco     wrong-box-format
    sizes as corners             voc      wrong-box-format
    x and y swapped              labelme  wrong-box-format
    corners in rows              yolo     wrong-box-format
    no objects                   voc      nothing-marked
    commas in rows               yolo     nothing-marked
    labels of other names        yolo     nothing-marked
    no label files               yolo     nothing-marked
    objects of most images lost  coco     nothing-marked
    coordinate of 1e308          voc      coordinates-too-large
    other case                   labelme  look-alike-labels
    slip of the hand             voc      look-alike-labels
    space behind a name          voc      untidy-label
    full-width letters           labelme  untidy-label
    label left empty             labelme  empty-label
    class in one split alone     voc      class-absent-from-split
    class that nothing is        yolo     class-without-instances
    rare class                   voc      class-imbalance
    categories in other order    coco     class-order
    saved as GB18030             labelme  encoding
    image marked by two files    labelme  image-marked-twice
    json cut off                 labelme  unreadable-json
    no size in the xml           voc      no-stated-size
    no size in the entry         coco     no-stated-size
    image id twice               coco     ambiguous-image-id
    category id twice            coco     ambiguous-category-id
    annotation id twice          coco     annotation-ids
    image id of none             coco     dangling-image-id
    category id of none          coco     dangling-category-id
    category ids with a gap      coco     category-id-gap
    category ids swapped         coco     category-ids-differ
    area left out                coco     no-area
    area of something else       coco     area-differs
    iscrowd left out             coco     no-iscrowd
    iscrowd of 2                 coco     odd-iscrowd
    outline called a crowd       coco     crowd-polygon
    box left out                 coco     no-bbox
    NaN in a box                 coco     nan
    broken run lengths           coco     bad-rle
    outlines of smaller images   coco     box-differs
    image ids as text            coco     ids-of-two-kinds
    xml deleted                  voc      annotation-missing
    difficult of maybe           voc      odd-difficult
    file name of another image   voc      filename-disagrees
    image name in other case     voc      case-differs
    object without a box         voc      bad-object
    xml cut off                  voc      unreadable-xml
    group of one shape           labelme  group-of-one
    version 2                    labelme  labelme-version
    imageData of another image   labelme  image-data-differs
    polygon of two points        labelme  bad-shape
    line for an object           labelme  skipped-line
    shape of no known type       labelme  unknown-shape-type
    row of four columns          yolo     bad-row
    rows in pixels               yolo     bad-row
    class numbers from 1         yolo     classes-from-one
    number above 1               yolo     outside-unit
    outline among boxes          yolo     mixed-rows
    column of scores             yolo     confidence-column
    nc of other classes          yolo     class-count
    class named twice            yolo     class-twice
    folder of a split gone       yolo     split-missing
    yaml cut off                 yolo     unreadable-yaml

Beside the expected code, a way may have others, which `WAYS` names too: nothing else may be said.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import math
import random
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image, ImageDraw

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from helpers import document, shape, voc_object, voc_xml, write

from dataforge.verbs.check import CheckReport, check

FORMATS = ("labelme", "voc", "coco", "yolo")
CLASSES = ("crate", "ball", "tent")
WIDTH, HEIGHT = 320, 240
TRAIN = tuple(f"{number:04}" for number in range(1, 9))
VAL = tuple(f"{number:04}" for number in range(9, 13))
FIRST, LAST = TRAIN[0], VAL[-1]
SPLITS = {"train": TRAIN, "val": VAL}

Point = tuple[float, float]


class Thing(NamedTuple):
    """One drawn object.

    Attributes:
        label: its class.
        box: (x0, y0, x1, y1), whole pixels, edges.
    """

    label: str
    box: tuple[int, int, int, int]

    @property
    def ring(self) -> list[Point]:
        """Its corners; a ball has 24."""
        x0, y0, x1, y1 = self.box
        if self.label == "crate":
            return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
        if self.label == "tent":
            return [((x0 + x1) / 2, y0), (x1, y1), (x0, y1)]
        cx, cy, radius = (x0 + x1) / 2, (y0 + y1) / 2, (x1 - x0) / 2
        turns = [math.pi * step / 12 for step in range(24)]
        return [(round(cx + radius * math.cos(t), 3), round(cy + radius * math.sin(t), 3))
                for t in turns]  # fmt: skip

    @property
    def area(self) -> float:
        """Of the ring, px²."""
        ring = self.ring
        pairs = zip(ring, ring[1:] + ring[:1], strict=True)
        return abs(sum(xa * yb - xb * ya for (xa, ya), (xb, yb) in pairs)) / 2


# The clean dataset ------------------------------------------------------------------------------


def things(name: str) -> list[Thing]:
    """What is on an image: three to five objects, each class among them, in cells of their own."""
    rng = random.Random(f"things {name}")
    cells = rng.sample([(x, y) for x in range(3) for y in range(2)], rng.randint(3, 5))
    found = []
    for number, (column, row) in enumerate(cells):
        label = CLASSES[number % 3]
        width = 2 * rng.randint(25, 45)
        height = width if label == "ball" else 2 * rng.randint(25, 50)
        x0 = column * 106 + rng.randint(3, 103 - width)
        y0 = row * 120 + rng.randint(3, 117 - height)
        found.append(Thing(label, (x0, y0, x0 + width, y0 + height)))
    return found


def drawn(name: str) -> Image.Image:
    """The image: its objects on patches of colour."""
    rng = random.Random(f"image {name}")
    patches = Image.frombytes("RGB", (5, 4), rng.randbytes(5 * 4 * 3))
    image = patches.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for thing in things(name):
        draw.polygon(thing.ring, fill=(rng.randrange(256), 40, 60), outline="white")
    return image


def save(path: Path, image: Image.Image, quality: int = 85, **more: Any) -> None:
    """Write an image as a JPEG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, "JPEG", quality=quality, **more)


def make(folder: Path, format_: str) -> None:
    """Write the clean dataset in one of the formats."""
    _MAKERS[format_](folder)


def _make_labelme(folder: Path) -> None:
    for name in TRAIN + VAL:
        save(folder / f"{name}.jpg", drawn(name))
        shapes = [_labelme_shape(thing) for thing in things(name)]
        write(folder / f"{name}.json", _labelme_file(name, *shapes))


def _labelme_file(name: str, *shapes: Any) -> dict[str, Any]:
    return document(*shapes, image=f"{name}.jpg", imageWidth=WIDTH, imageHeight=HEIGHT)


def _labelme_shape(thing: Thing) -> Any:
    x0, y0, x1, y1 = thing.box
    if thing.label == "crate":
        return shape(thing.label, [[x0, y0], [x1, y1]], "rectangle")
    if thing.label == "ball":
        middle = (y0 + y1) / 2
        return shape(thing.label, [[(x0 + x1) / 2, middle], [x1, middle]], "circle")
    return shape(thing.label, thing.ring)


def _make_voc(folder: Path) -> None:
    for name in TRAIN + VAL:
        save(folder / f"JPEGImages/{name}.jpg", drawn(name))
        write(folder / f"Annotations/{name}.xml", _voc_file(name))
    for split, names in SPLITS.items():
        write(folder / f"ImageSets/Main/{split}.txt", "".join(f"{name}\n" for name in names))


def _voc_file(name: str) -> str:
    objects = []
    for label, (x0, y0, x1, y1) in things(name):
        objects.append(voc_object(label, (x0 + 1, y0 + 1, x1, y1), difficult="0"))
    return voc_xml(*objects, filename=f"{name}.jpg", size=(WIDTH, HEIGHT))


def _make_coco(folder: Path) -> None:
    for split, names in SPLITS.items():
        for name in names:
            save(folder / f"images/{name}.jpg", drawn(name))
        write(folder / f"annotations/instances_{split}.json", _coco_file(names))


def _coco_file(names: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {"images": [], "annotations": []}
    for number, name in enumerate(names, 1):
        entry = {"id": number, "file_name": f"{name}.jpg", "width": WIDTH, "height": HEIGHT}
        found["images"].append(entry)
        for thing in things(name):
            x0, y0, x1, y1 = thing.box
            found["annotations"].append({
                "id": len(found["annotations"]) + 1,
                "image_id": number,
                "category_id": CLASSES.index(thing.label) + 1,
                "bbox": [x0, y0, x1 - x0, y1 - y0],
                "area": thing.area,
                "segmentation": [[value for point in thing.ring for value in point]],
                "iscrowd": 0,
            })  # fmt: skip
    found["categories"] = [{"id": i, "name": label} for i, label in enumerate(CLASSES, 1)]
    return found


def _make_yolo(folder: Path) -> None:
    for split, names in SPLITS.items():
        for name in names:
            save(folder / f"images/{split}/{name}.jpg", drawn(name))
            write(folder / f"labels/{split}/{name}.txt", "".join(map(_yolo_row, things(name))))
    names_said = ", ".join(CLASSES)
    write(folder / "data.yaml", f"train: images/train\nval: images/val\nnames: [{names_said}]\n")


def _yolo_row(thing: Thing) -> str:
    x0, y0, x1, y1 = thing.box
    numbers = ((x0 + x1) / 2 / WIDTH, (y0 + y1) / 2 / HEIGHT, (x1 - x0) / WIDTH, (y1 - y0) / HEIGHT)
    return " ".join([str(CLASSES.index(thing.label)), *(f"{n:.6f}" for n in numbers)]) + "\n"


_MAKERS: dict[str, Callable[[Path], None]] = {
    "labelme": _make_labelme,
    "voc": _make_voc,
    "coco": _make_coco,
    "yolo": _make_yolo,
}

# Damage -----------------------------------------------------------------------------------------

Damage = Callable[[Path], None]
"""Takes the file that is to be damaged."""


class Way(NamedTuple):
    """One way to spoil a dataset.

    Attributes:
        name: in the table above.
        format: of the dataset.
        code: that has to be found.
        file: that the finding has to name.
        damage: how.
        target: what is damaged; empty for the file that is named.
        also: other codes that are true of it.
    """

    name: str
    format: str
    code: str
    file: str
    damage: Damage
    target: str = ""
    also: tuple[str, ...] = ()


def _text(old: str, new: str) -> Damage:
    """The first of this pattern becomes something else."""

    def damage(path: Path) -> None:
        text, number = re.subn(old, new, path.read_text("utf-8"), count=1, flags=re.DOTALL)
        assert number, f"{old} is not in {path}"
        path.write_text(text, "utf-8")

    return damage


def _json(edit: Callable[[dict[str, Any]], None]) -> Damage:
    """A JSON file is edited."""

    def damage(path: Path) -> None:
        content = json.loads(path.read_text("utf-8"))
        edit(content)
        write(path, content)

    return damage


def _entry(kind: str, **said: Any) -> Damage:
    """The first entry of a list in a JSON file says this; a value of None takes the key away."""

    def edit(content: dict[str, Any]) -> None:
        for key, value in said.items():
            if value is None:
                del content[kind][0][key]
            else:
                content[kind][0][key] = value

    return _json(edit)


def _added(new: Any) -> Damage:
    """A labelme file has one more shape."""
    return _json(lambda content: content["shapes"].append(new))


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _not_an_image(path: Path) -> None:
    path.write_bytes(b"<html>404</html>")


def _as_png(path: Path) -> None:
    drawn(path.stem).save(path, "PNG")


def _turned(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    save(path, drawn(path.stem), exif=exif)


def _odd_one(path: Path) -> None:
    save(path, drawn("another"))


def _twin_of_labelme(path: Path) -> None:
    """The first image and its JSON again, under another name."""
    shutil.copy(path.with_name(f"{FIRST}.jpg"), path)
    _labelme_of(path)


def _resaved_labelme(path: Path) -> None:
    save(path, drawn(FIRST), quality=60)
    _labelme_of(path)


def _labelme_of(path: Path) -> None:
    shapes = [_labelme_shape(thing) for thing in things(FIRST)]
    write(path.with_suffix(".json"), _labelme_file(path.stem, *shapes))


def _copied_to_val(path: Path) -> None:
    """The first image of train in place of one of val."""
    shutil.copy(path.with_name(f"{FIRST}.jpg"), path)


def _resaved_to_val(path: Path) -> None:
    save(path, drawn(FIRST), quality=60)


def _listed(path: Path) -> None:
    path.write_text(path.read_text() + f"{FIRST}\n")


def _coco_beside(path: Path) -> None:
    """The COCO file of a script that took 1 from what counts from 0: all boxes one pixel off."""
    content = _coco_file(TRAIN)
    for entry in content["annotations"]:
        x, y, width, height = entry["bbox"]
        entry["bbox"] = [x - 1, y - 1, width, height]
        del entry["segmentation"], entry["area"]
    write(path, content)


def _no_tents(names: tuple[str, ...]) -> Damage:
    """The XML files of these images are without tents."""

    def damage(folder: Path) -> None:
        for name in names:
            path = folder / f"{name}.xml"
            path.write_text(re.sub("<object><name>tent</name>.*?</object>", "", path.read_text()))

    return damage


def _gb18030(path: Path) -> None:
    content = json.loads(path.read_text("utf-8"))
    content["shapes"][0]["description"] = "木箱"
    path.write_bytes(json.dumps(content, ensure_ascii=False).encode("gb18030"))


def _other_image_data(path: Path) -> None:
    stream = io.BytesIO()
    drawn("another").save(stream, "JPEG")
    content = json.loads(path.read_text("utf-8"))
    write(path, content | {"imageData": base64.b64encode(stream.getvalue()).decode()})


def _marked_again(path: Path) -> None:
    shutil.copy(path.with_name(_JSON), path)


def _rare(folder: Path) -> None:
    """One tent, and a hundred crates more."""
    _no_tents(TRAIN[1:] + VAL)(folder)
    boxes = [(1 + x, 1 + y, 26 + x, 19 + y) for x in range(1, 310, 31) for y in range(1, 230, 23)]
    new = "".join(voc_object("crate", box, difficult="0") for box in boxes)
    _text("</annotation>", f"{new}</annotation>")(folder / f"{FIRST}.xml")


def _first_box() -> tuple[int, int, int, int]:
    return things(FIRST)[0].box


def _edge(tag: str, value: object) -> Damage:
    """The first of a tag in a VOC file."""
    return _text(f"<{tag}>[0-9]+<", f"<{tag}>{value}<")


def _reversed(path: Path) -> None:
    x0, _, x1, _ = _first_box()
    _edge("xmin", x1)(path)
    _edge("xmax", x0 + 1)(path)


def _line(text: str) -> Damage:
    """One more line at the end."""

    def damage(path: Path) -> None:
        path.write_text(path.read_text("utf-8") + text, "utf-8")

    return damage


def _scores(path: Path) -> None:
    path.write_text("".join(f"{line} 0.87\n" for line in path.read_text().splitlines()))


def _case(path: Path) -> None:
    path.rename(path.with_name(path.name.upper()))


_X0, _Y0, _X1, _Y1 = _first_box()
_JSON, _JPG, _XML = f"{FIRST}.json", f"{FIRST}.jpg", f"Annotations/{FIRST}.xml"
_VOC_JPG, _COCO_JPG = f"JPEGImages/{FIRST}.jpg", f"images/{FIRST}.jpg"
_COCO, _COCO_VAL = "annotations/instances_train.json", "annotations/instances_val.json"
_ROWS, _YOLO_JPG = f"labels/train/{FIRST}.txt", f"images/train/{FIRST}.jpg"
_BOX = [[_X0, _Y0], [_X1, _Y1]]
_RINGS = [(60, 60), (180, 60), (180, 180), (60, 180), (60, 60), (90, 90), (90, 150), (150, 150),
          (150, 90), (90, 90)]  # fmt: skip


def _ids(*new: int) -> Damage:
    """The categories of a COCO file, or of all in a folder, have these ids."""

    def edit(content: dict[str, Any]) -> None:
        for entry in content["categories"]:
            entry["id"] = new[entry["id"] - 1]
        for entry in content["annotations"]:
            entry["category_id"] = new[entry["category_id"] - 1]

    def damage(path: Path) -> None:
        for file in path.glob("*.json") if path.is_dir() else [path]:
            _json(edit)(file)

    return damage


def _img_1(path: Path) -> None:
    """The first image and its XML as people copy them from Windows: IMG_1.JPG and img_1.xml."""
    folder = path.parents[1]
    _case(folder / _VOC_JPG)
    (folder / "JPEGImages/0001.JPG").rename(folder / "JPEGImages/IMG_1.JPG")
    text = (folder / _XML).read_text().replace("0001.jpg", "img_1.jpg")
    (folder / _XML).unlink()
    write(path, text)
    _text("0001\n", "img_1\n")(folder / "ImageSets/Main/train.txt")


def _resized(folder: Path) -> None:
    """All images at half the size; nobody told the annotations."""
    for path in folder.rglob("*.jpg"):
        save(path, drawn(path.stem).resize((WIDTH // 2, HEIGHT // 2)))


def _deep(folder: Path) -> None:
    """The first image as a camera of 12 bits saves it."""
    grey = drawn(FIRST).convert("I").point(lambda level: level * 16)
    grey.convert("I;16").save(folder / f"JPEGImages/{FIRST}.png")
    (folder / _VOC_JPG).unlink()
    _text("0001.jpg", "0001.png")(folder / _XML)


def _val_in_train(folder: Path) -> None:
    for kind, end in (("images", "jpg"), ("labels", "txt")):
        for name in VAL:
            shutil.copy(folder / f"{kind}/val/{name}.{end}", folder / f"{kind}/train")


_Numbers = Callable[[float, float, float, float], tuple[float, ...]]


def _boxes(other: _Numbers) -> Damage:
    """All boxes of a COCO file are written otherwise."""

    def edit(content: dict[str, Any]) -> None:
        for entry in content["annotations"]:
            entry["bbox"] = other(*entry["bbox"])

    return _json(edit)


def _rows(other: _Numbers) -> Damage:
    """All rows of a YOLO dataset are written otherwise."""

    def damage(folder: Path) -> None:
        for path in folder.glob("labels/*/*.txt"):
            rows = [line.split() for line in path.read_text().splitlines()]
            path.write_text("".join(
                f"{number} {' '.join(f'{n:.6f}' for n in other(*map(float, rest)))}\n"
                for number, *rest in rows
            ))  # fmt: skip

    return damage


def _sizes(folder: Path) -> None:
    """In place of the lower right corners, widths and heights."""
    for path in folder.glob("*.xml"):
        objects = (
            voc_object(label, (x0, y0, x1 - x0, y1 - y0), difficult="0")
            for label, (x0, y0, x1, y1) in things(path.stem)
        )
        write(path, voc_xml(*objects, filename=f"{path.stem}.jpg", size=(WIDTH, HEIGHT)))


def _y_first(folder: Path) -> None:
    def edit(content: dict[str, Any]) -> None:
        for entry in content["shapes"]:
            entry["points"] = [[y, x] for x, y in entry["points"]]

    for path in folder.glob("*.json"):
        _json(edit)(path)


def _no_objects(folder: Path) -> None:
    for path in folder.glob("*.xml"):
        write(path, voc_xml(filename=f"{path.stem}.jpg", size=(WIDTH, HEIGHT)))


def _commas(folder: Path) -> None:
    for path in folder.glob("labels/*/*.txt"):
        path.write_text(path.read_text().replace(" ", ","))


def _jpg_txt(folder: Path) -> None:
    for path in [*folder.glob("labels/*/*.txt")]:
        path.rename(path.with_suffix(".jpg.txt"))


def _from_1(folder: Path) -> None:
    for path in folder.glob("labels/*/*.txt"):
        lines = path.read_text().splitlines()
        path.write_text("".join(f"{int(line[0]) + 1}{line[1:]}\n" for line in lines))


def _mostly_empty(path: Path) -> None:
    def edit(content: dict[str, Any]) -> None:
        content["annotations"] = [a for a in content["annotations"] if a["image_id"] < 3]

    _json(edit)(path)


def _small_outlines(path: Path) -> None:
    """The outlines as they were when the images had half the size."""

    def edit(content: dict[str, Any]) -> None:
        for entry in content["annotations"]:
            entry["segmentation"] = [[v / 2 for v in ring] for ring in entry["segmentation"]]

    _json(edit)(path)


# fmt: off
WAYS: tuple[Way, ...] = (
    # files
    Way("image deleted", "labelme", "image-missing", _JSON, Path.unlink, target=_JPG),
    Way("image cut off", "labelme", "truncated-image", _JPG, _cut),
    Way("image of other bytes", "voc", "unreadable-image", _VOC_JPG, _not_an_image),
    Way("image of no bytes", "coco", "empty-file", _COCO_JPG, _empty,
        also=("unreadable-image",)),
    Way("png called jpg", "yolo", "wrong-extension", _YOLO_JPG, _as_png),
    Way("image copied", "labelme", "duplicate-image", "0099.jpg", _twin_of_labelme),
    Way("image saved anew", "labelme", "near-duplicate-image", "0099.jpg", _resaved_labelme),
    Way("two images of one stem", "voc", "name-collision", f"JPEGImages/{FIRST}.png", _odd_one),
    Way("width and height swapped", "voc", "swapped-size", _XML,
        _text("<width>320</width><height>240<", "<width>240</width><height>320<"),
        also=("partly-outside-image",)),
    Way("size of another image", "voc", "image-size-differs", _XML, _edge("width", 640)),
    Way("turned by EXIF", "coco", "exif-frame", _COCO, _turned, target=_COCO_JPG),
    Way("image beside the xml", "voc", "image-without-annotation", "JPEGImages/0099.jpg",
        _odd_one),
    Way("image beside the json", "labelme", "image-without-labels", "0099.jpg", _odd_one),
    Way("images resized", "labelme", "image-size-differs", _JSON, _resized, target="."),
    Way("12 bits of 16", "voc", "deep-image", f"JPEGImages/{FIRST}.png", _deep, target="."),
    Way("path that leaves the root", "labelme", "path-leaves-root", _JSON,
        _json(lambda content: content.update(imagePath="../../0001.jpg"))),
    # splits
    Way("copy in another split", "coco", "duplicate-across-splits", f"images/{LAST}.jpg",
        _copied_to_val),
    Way("saved anew in another split", "voc", "near-duplicate-across-splits",
        f"JPEGImages/{LAST}.jpg", _resaved_to_val),
    Way("listed in both splits", "voc", "image-in-two-splits", _VOC_JPG, _listed,
        target="ImageSets/Main/val.txt"),
    Way("listed in no split", "voc", "annotation-not-listed", _XML, _text("0001\n", ""),
        target="ImageSets/Main/train.txt"),
    Way("val is train", "yolo", "same-split", "data.yaml", _text("images/val", "images/train"),
        also=("annotation-not-listed",)),
    Way("val in train, too", "yolo", "duplicate-across-splits", f"images/val/{LAST}.jpg",
        _val_in_train, target="."),
    # boxes
    Way("box of no width", "voc", "zero-area", _XML, _edge("xmax", _X0)),
    Way("corners reversed", "voc", "reversed-box", _XML, _reversed),
    Way("box beside its image", "coco", "outside-image", _COCO,
        _entry("annotations", bbox=[400, 20, 60, 60], area=3600, segmentation=[])),
    Way("box over the edge", "labelme", "partly-outside-image", _JSON,
        _entry("shapes", points=[[250, 100], [350, 200]])),
    Way("box of three pixels", "labelme", "tiny-object", _JSON,
        _entry("shapes", points=[[100, 100], [103, 103]])),
    Way("box of the whole image", "coco", "huge-box", _COCO,
        _entry("annotations", bbox=[0, 0, WIDTH, HEIGHT], area=WIDTH * HEIGHT, segmentation=[])),
    Way("row twice", "yolo", "duplicate-box", _ROWS, _line(_yolo_row(things(FIRST)[0]))),
    Way("shape copied", "labelme", "near-duplicate-box", _JSON,
        _added(shape("crate", [[x + 1, y + 1] for x, y in _BOX], "rectangle"))),
    Way("bow tie", "labelme", "self-intersecting", _JSON,
        _added(shape("tent", [[60, 60], [180, 180], [180, 60], [60, 180]]))),
    Way("hole by a bridge", "labelme", "bridged-polygon", _JSON, _added(shape("crate", _RINGS))),
    Way("mask of another size", "coco", "mask-size-differs", _COCO,
        _entry("annotations", segmentation={"size": [48, 64], "counts": [500, 20, 2552]})),
    Way("boxes one pixel off", "voc", "shifted-set", _XML, _coco_beside, target="old.json"),
    Way("boxes as corners", "coco", "wrong-box-format", _COCO,
        _boxes(lambda x, y, w, h: (x, y, x + w, y + h)),
        also=("box-differs", "partly-outside-image")),
    Way("boxes from 0 to 1", "coco", "wrong-box-format", _COCO,
        _boxes(lambda x, y, w, h: (x / WIDTH, y / HEIGHT, w / WIDTH, h / HEIGHT)),
        also=("box-differs", "tiny-object")),
    Way("sizes as corners", "voc", "wrong-box-format", ".", _sizes, target="Annotations",
        also=("reversed-box", "tiny-object")),
    Way("x and y swapped", "labelme", "wrong-box-format", ".", _y_first,
        also=("outside-image", "partly-outside-image")),
    Way("corners in rows", "yolo", "wrong-box-format", ".",
        _rows(lambda x, y, w, h: (x - w / 2, y - h / 2, x + w / 2, y + h / 2)),
        also=("partly-outside-image",)),
    Way("no objects", "voc", "nothing-marked", ".", _no_objects, target="Annotations"),
    Way("commas in rows", "yolo", "nothing-marked", ".", _commas,
        also=("bad-row", "class-without-instances")),
    Way("labels of other names", "yolo", "nothing-marked", ".", _jpg_txt,
        also=("class-without-instances", "image-missing")),
    Way("no label files", "yolo", "nothing-marked", ".", shutil.rmtree, target="labels",
        also=("class-without-instances",)),
    Way("objects of most images lost", "coco", "nothing-marked", ".", _mostly_empty, target=_COCO),
    Way("coordinate of 1e308", "voc", "coordinates-too-large", _XML, _edge("xmax", "1e308")),
    # classes
    Way("other case", "labelme", "look-alike-labels", _JSON, _entry("shapes", label="Crate")),
    Way("slip of the hand", "voc", "look-alike-labels", _XML, _text(">crate<", ">craet<"),
        also=("class-absent-from-split",)),
    Way("space behind a name", "voc", "untidy-label", _XML, _text(">crate<", ">crate <")),
    Way("full-width letters", "labelme", "untidy-label", _JSON,
        _entry("shapes", label="ｃｒａｔｅ"), also=("look-alike-labels",)),
    Way("label left empty", "labelme", "empty-label", _JSON, _entry("shapes", label=" ")),
    Way("class in one split alone", "voc", "class-absent-from-split", ".", _no_tents(VAL),
        target="Annotations"),
    Way("class that nothing is", "yolo", "class-without-instances", ".",
        _text("tent", "tent, car"), target="data.yaml"),
    Way("rare class", "voc", "class-imbalance", _XML, _rare, target="Annotations",
        also=("class-absent-from-split",)),
    Way("categories in other order", "coco", "class-order", _COCO_VAL,
        _json(lambda content: content["categories"].reverse())),
    # reading
    Way("saved as GB18030", "labelme", "encoding", _JSON, _gb18030),
    Way("image marked by two files", "labelme", "image-marked-twice", f"{FIRST}_old.json",
        _marked_again),
    Way("json cut off", "labelme", "unreadable-json", _JSON, _cut),
    Way("no size in the xml", "voc", "no-stated-size", _XML, _text("<size>.*</size>", "")),
    Way("no size in the entry", "coco", "no-stated-size", _COCO,
        _entry("images", width=None, height=None)),
    # coco
    Way("image id twice", "coco", "ambiguous-image-id", _COCO,
        _json(lambda content: content["images"][1].update(id=1)),
        also=("dangling-image-id", "image-not-usable", "image-without-annotation")),
    Way("category id twice", "coco", "ambiguous-category-id", _COCO,
        _json(lambda content: content["categories"][1].update(id=1)),
        also=("category-id-gap", "category-ids-differ", "class-absent-from-split",
              "dangling-category-id")),
    Way("annotation id twice", "coco", "annotation-ids", _COCO,
        _json(lambda content: content["annotations"][1].update(id=1))),
    Way("image id of none", "coco", "dangling-image-id", _COCO,
        _entry("annotations", image_id=99)),
    Way("category id of none", "coco", "dangling-category-id", _COCO,
        _entry("annotations", category_id=99)),
    Way("category ids with a gap", "coco", "category-id-gap", _COCO, _ids(1, 2, 9),
        target="annotations"),
    Way("category ids swapped", "coco", "category-ids-differ", _COCO_VAL, _ids(2, 1, 3)),
    Way("area left out", "coco", "no-area", _COCO, _entry("annotations", area=None)),
    Way("area of something else", "coco", "area-differs", _COCO, _entry("annotations", area=77)),
    Way("iscrowd left out", "coco", "no-iscrowd", _COCO, _entry("annotations", iscrowd=None)),
    Way("iscrowd of 2", "coco", "odd-iscrowd", _COCO, _entry("annotations", iscrowd=2),
        also=("crowd-polygon",)),
    Way("outline called a crowd", "coco", "crowd-polygon", _COCO,
        _entry("annotations", iscrowd=1)),
    Way("box left out", "coco", "no-bbox", _COCO, _entry("annotations", bbox=None)),
    Way("NaN in a box", "coco", "nan", _COCO, _entry("annotations", bbox=[math.nan, 20, 60, 60]),
        also=("bad-value", "no-bbox")),
    Way("broken run lengths", "coco", "bad-rle", _COCO,
        _entry("annotations", segmentation={"size": [HEIGHT, WIDTH], "counts": [5, 7]})),
    Way("outlines of smaller images", "coco", "box-differs", _COCO, _small_outlines,
        also=("area-differs",)),
    Way("image ids as text", "coco", "ids-of-two-kinds", _COCO,
        _text('"image_id": ([0-9]+)', r'"image_id": "\1"')),
    # voc
    Way("xml deleted", "voc", "annotation-missing", "ImageSets/Main/train.txt", Path.unlink,
        target=_XML, also=("image-without-annotation",)),
    Way("difficult of maybe", "voc", "odd-difficult", _XML,
        _text("<difficult>0<", "<difficult>maybe<")),
    Way("file name of another image", "voc", "filename-disagrees", _XML,
        _text("0001.jpg", "0002.jpg")),
    Way("image name in other case", "voc", "case-differs", "Annotations/img_1.xml", _img_1),
    Way("object without a box", "voc", "bad-object", _XML, _text("<bndbox>.*?</bndbox>", "")),
    Way("xml cut off", "voc", "unreadable-xml", _XML, _cut),
    # labelme
    Way("group of one shape", "labelme", "group-of-one", _JSON, _entry("shapes", group_id=1)),
    Way("version 2", "labelme", "labelme-version", _JSON,
        _json(lambda content: content.update(version="2.9.0"))),
    Way("imageData of another image", "labelme", "image-data-differs", _JSON, _other_image_data),
    Way("polygon of two points", "labelme", "bad-shape", _JSON,
        _added(shape("tent", [[60, 60], [90, 90]]))),
    Way("line for an object", "labelme", "skipped-line", _JSON,
        _added(shape("tent", [[60, 60], [90, 90]], "line"))),
    Way("shape of no known type", "labelme", "unknown-shape-type", _JSON,
        _entry("shapes", shape_type="heart")),
    # yolo
    Way("row of four columns", "yolo", "bad-row", _ROWS, _line("0 0.5 0.5 0.1\n")),
    Way("rows in pixels", "yolo", "bad-row", _ROWS,
        _rows(lambda x, y, w, h: (x * WIDTH, y * HEIGHT, w * WIDTH, h * HEIGHT)), target=".",
        also=("class-without-instances", "nothing-marked")),
    Way("class numbers from 1", "yolo", "classes-from-one", _ROWS, _from_1, target=".",
        also=("bad-row", "class-without-instances")),
    Way("number above 1", "yolo", "outside-unit", _ROWS, _line("0 0.4 0.4 1.2 0.2\n"),
        also=("partly-outside-image",)),
    Way("outline among boxes", "yolo", "mixed-rows", _ROWS,
        _line("2 0.1 0.1 0.4 0.1 0.4 0.4\n")),
    Way("column of scores", "yolo", "confidence-column", _ROWS, _scores),
    Way("nc of other classes", "yolo", "class-count", "data.yaml", _line("nc: 4\n")),
    Way("class named twice", "yolo", "class-twice", "data.yaml", _text("tent", "tent, crate")),
    Way("folder of a split gone", "yolo", "split-missing", "data.yaml",
        _text("images/val", "images/test"), also=("annotation-not-listed",)),
    Way("yaml cut off", "yolo", "unreadable-yaml", "data.yaml", _text(r"tent\]\n", ""),
        also=("classes-unnamed",)),
)
# fmt: on

# Running ----------------------------------------------------------------------------------------


def damaged(way: Way, clean: Path, folder: Path) -> CheckReport:
    """Damage a copy of a clean dataset, and check it.

    Args:
        way: how.
        clean: the clean dataset of the way's format.
        folder: of the copy.
    """
    shutil.copytree(clean, folder)
    way.damage(folder / (way.target or way.file))
    return check(str(folder))


def fault(way: Way, report: CheckReport) -> str:
    """What is wrong with what was found, or nothing."""
    files = {finding.file for finding in report.findings if finding.code == way.code}
    if way.file not in files:
        return f"no {way.code} at {way.file}, but {list(map(str, report.findings))}"
    if set(report.counts) != {way.code, *way.also}:
        return f"found {sorted(report.counts)}: {list(map(str, report.findings))}"
    return ""


def main() -> int:
    """Check the clean datasets, and each way."""
    parser = argparse.ArgumentParser(description="Damage a clean dataset and check it.")
    parser.add_argument("--out", type=Path, help="a new folder for the datasets; else they go")
    out = parser.parse_args().out
    wrong = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = out or Path(temporary)
        for format_ in FORMATS:
            make(folder / "clean" / format_, format_)
            report = check(str(folder / "clean" / format_))
            wrong += bool(report.counts)
            said = f"FOUND {sorted(report.counts)}" if report.counts else "nothing found"
            print(f"clean {format_}: {said}")
        for way in WAYS:
            place = folder / way.name.replace(" ", "_")
            said = fault(way, damaged(way, folder / "clean" / way.format, place))
            wrong += bool(said)
            print(f"{way.name:28} {way.format:8} {way.code:28} {said or 'found'}")
    print(f"{len(WAYS)} ways, {wrong} faults")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
