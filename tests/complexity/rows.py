"""Inputs whose size can be chosen, and the commands that read, check, fix and write them.

`GROWING` has each reader, writer, check and fix: ten times the input may cost 15 times as much.
`SMALL` has inputs that are small and were expensive: each is read, or refused with a finding.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from PIL import Image as PILImage

SIDE = 1000
"""Pixels of each side of an image."""


class Row(NamedTuple):
    """A kind of input with a command.

    Attributes:
        name: what it is about.
        make: writes an input of a size to a folder.
        arguments: of the command, which is run in that folder.
        number: the size: of `GROWING` the small one; of `SMALL` the only one.
        short: whether the test suite has it, too.
    """

    name: str
    make: Callable[[Path, int], None]
    arguments: tuple[str, ...]
    number: int
    short: bool = False


def picture(path: Path) -> None:
    """Write an image; all have the same content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    PILImage.linear_gradient("L").resize((SIDE, SIDE)).save(path)


def boxes(number: int, kind: str = "apart", side: int = SIDE) -> list[tuple[int, int, int, int]]:
    """(x0, y0, x1, y1) of a number of boxes in an image.

    Args:
        number: of boxes.
        kind: ``apart`` (few of them overlap), ``near`` (each nearly equals a hundred others) or
            ``same``.
        side: pixels of the image.
    """
    draw = random.Random(number)
    found = []
    for _ in range(number):
        if kind == "same":
            found.append((100, 100, 300, 300))
        elif kind == "near":
            x, y = draw.randrange(100, 110), draw.randrange(100, 110)
            found.append((x, y, x + 700 + draw.randrange(10), y + 700 + draw.randrange(10)))
        else:
            x, y = draw.randrange(side - 20), draw.randrange(side - 20)
            found.append((x, y, x + draw.randrange(5, 20), y + draw.randrange(5, 20)))
    return found


# Readers ------------------------------------------------------------------------------------------


def coco(
    folder: Path, number: int, kind: str = "apart", images: int = 1, categories: int = 1
) -> None:
    """A COCO file with a number of annotations."""
    for at in range(min(images, 20)):
        picture(folder / f"{at}.png")
    _json(folder / "a.json", {
        "images": [
            {"id": at, "file_name": f"{at}.png", "width": SIDE, "height": SIDE}
            for at in range(images)
        ],
        "categories": [{"id": at, "name": f"class {at}"} for at in range(categories)],
        "annotations": [
            {"id": at, "image_id": at % images, "category_id": at % categories, "iscrowd": 0,
             "bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0)}
            for at, (x0, y0, x1, y1) in enumerate(boxes(number, kind))
        ],
    })  # fmt: skip


def results(folder: Path, number: int, categories: int = 1, kind: str = "apart") -> None:
    """A COCO file with a number of annotations, and results that find each of them."""
    coco(folder, number, kind, categories=categories)
    made = json.loads((folder / "a.json").read_text())["annotations"]
    keys = ("image_id", "category_id", "bbox")
    _json(folder / "r.json", [
        {**{key: one[key] for key in keys}, "score": (one["id"] + 1) / len(made)} for one in made
    ])  # fmt: skip


def voc(folder: Path, number: int, kind: str = "apart", one_line: bool = False) -> None:
    """An XML file with a number of objects."""
    picture(folder / "JPEGImages" / "a.png")
    gap = "" if one_line else "\n"
    objects = gap.join(
        f"<object><name>class</name><difficult>0</difficult><bndbox><xmin>{x0}</xmin>"
        f"<ymin>{y0}</ymin><xmax>{x1}</xmax><ymax>{y1}</ymax></bndbox></object>"
        for x0, y0, x1, y1 in boxes(number, kind)
    )
    _text(
        folder / "Annotations" / "a.xml",
        f"<annotation>{gap}<filename>a.png</filename>{gap}<size><width>{SIDE}</width>"
        f"<height>{SIDE}</height><depth>1</depth></size>{gap}{objects}{gap}</annotation>",
    )


def yolo(folder: Path, number: int, kind: str = "apart") -> None:
    """A label file with a number of rows."""
    picture(folder / "images" / "a.png")
    _text(folder / "data.yaml", "train: images\nnames: [class]\n")
    rows = (
        f"0 {(x0 + x1) / 2 / SIDE} {(y0 + y1) / 2 / SIDE} {(x1 - x0) / SIDE} {(y1 - y0) / SIDE}\n"
        for x0, y0, x1, y1 in boxes(number, kind)
    )
    _text(folder / "labels" / "a.txt", "".join(rows))


def labelme(folder: Path, number: int, kind: str = "apart", indent: int | None = None) -> None:
    """A labelme file with a number of rectangles."""
    picture(folder / "a.png")
    shapes = [
        {"label": "class", "points": [[x0, y0], [x1, y1]], "shape_type": "rectangle",
         "group_id": None, "flags": {}}
        for x0, y0, x1, y1 in boxes(number, kind)
    ]  # fmt: skip
    _json(folder / "a.json", _labelme(shapes), indent)


def cvat(folder: Path, number: int, kind: str = "apart") -> None:
    """A file of CVAT with an image of a number of boxes."""
    picture(folder / "images" / "a.png")
    drawn = (
        f'<box label="class" xtl="{x0}" ytl="{y0}" xbr="{x1}" ybr="{y1}"></box>\n'
        for x0, y0, x1, y1 in boxes(number, kind)
    )
    image = f'<image id="0" name="a.png" width="{SIDE}" height="{SIDE}">\n{"".join(drawn)}</image>'
    _text(folder / "annotations.xml", f"<annotations><meta></meta>\n{image}\n</annotations>")


def kitti(folder: Path, number: int, kind: str = "apart") -> None:
    """A label file of KITTI with a number of rows."""
    picture(folder / "image_2" / "a.png")
    rows = (
        f"class 0 0 -10 {x0} {y0} {x1} {y1} -1 -1 -1 -1000 -1000 -1000 -10\n"
        for x0, y0, x1, y1 in boxes(number, kind)
    )
    _text(folder / "label_2" / "a.txt", "".join(rows))


def isat(folder: Path, number: int, kind: str = "apart") -> None:
    """A file of ISAT with a number of squares, each on a layer of its own, and a hole."""
    picture(folder / "a.png")
    objects = [
        {"category": "class", "group": at + 1, "layer": at, "iscrowd": False, "note": "",
         "segmentation": [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]}
        for at, (x0, y0, x1, y1) in enumerate(boxes(number, kind))
    ]  # fmt: skip
    hole = {**objects[0], "category": "__background__", "group": 0, "layer": number}
    info = {"description": "ISAT", "name": "a.png", "width": SIDE, "height": SIDE}
    _json(folder / "a.json", {"info": info, "objects": [*objects, hole]})


def labelmexml(folder: Path, number: int, kind: str = "apart", mask: str = "") -> None:
    """A file of LabelMe's web tool with a number of polygons, or with the same mask again."""
    picture(folder / "Images" / "a.png")
    if mask:
        (folder / "Masks").mkdir()
        PILImage.new("L", (SIDE, SIDE), 1).save(folder / "Masks" / mask)
    drawn = (
        f"<segm><mask>{mask}</mask></segm>"
        if mask
        else "<polygon>"
        + "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in ((x0, y0), (x1, y0), (x1, y1)))
        + "</polygon>"
        for x0, y0, x1, y1 in boxes(number, kind)
    )
    objects = "".join(f"<object><name>class</name>{one}</object>\n" for one in drawn)
    _text(
        folder / "Annotations" / "a.xml",
        f"<annotation><filename>a.png</filename><imagesize><nrows>{SIDE}</nrows><ncols>{SIDE}"
        f"</ncols></imagesize>\n{objects}</annotation>",
    )


def _labelme(shapes: list[dict[str, object]]) -> dict[str, object]:
    return {"version": "5.4.1", "flags": {}, "shapes": shapes, "imagePath": "a.png",
            "imageData": None, "imageHeight": SIDE, "imageWidth": SIDE}  # fmt: skip


def _json(path: Path, value: object, indent: int | None = None) -> None:
    _text(path, json.dumps(value, indent=indent))


def _text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


READERS = {
    "coco": coco, "voc": voc, "yolo": yolo, "labelme": labelme, "cvat": cvat, "kitti": kitti,
}  # fmt: skip
"""Format -> what writes a dataset of it: one image with a number of objects."""


def widerface(folder: Path, number: int) -> None:
    """A list of faces of an image."""
    picture(folder / "WIDER_train" / "images" / "a.png")
    rows = (f"{x0} {y0} {x1 - x0} {y1 - y0} 0 0 0 0 0 0 \n" for x0, y0, x1, y1 in boxes(number))
    _text(folder / "wider_face_split" / "wider_face_train_bbx_gt.txt",
          f"a.png\n{number}\n{''.join(rows)}")  # fmt: skip


def visdrone(folder: Path, number: int) -> None:
    """A label file of VisDrone with a number of rows."""
    picture(folder / "images" / "a.png")
    rows = (f"{x0},{y0},{x1 - x0},{y1 - y0},1,4,0,0\n" for x0, y0, x1, y1 in boxes(number))
    _text(folder / "annotations" / "a.txt", "".join(rows))


def crowdhuman(folder: Path, number: int) -> None:
    """A line of CrowdHuman with a number of persons."""
    picture(folder / "Images" / "a.png")
    persons = [{"tag": "person", "fbox": [x0, y0, x1 - x0, y1 - y0], "extra": {"box_id": 0}}
               for x0, y0, x1, y1 in boxes(number)]  # fmt: skip
    _json(folder / "annotation_train.odgt", {"ID": "a", "gtboxes": persons})


def bdd100k(folder: Path, number: int) -> None:
    """A frame of BDD100K with a number of boxes."""
    picture(folder / "images" / "a.png")
    objects = [{"category": "car", "box2d": {"x1": x0, "y1": y0, "x2": x1, "y2": y1}}
               for x0, y0, x1, y1 in boxes(number)]  # fmt: skip
    _json(folder / "det_train.json", [{"name": "a.png", "labels": objects}])


ONLY_READ = {
    "widerface": widerface, "visdrone": visdrone, "crowdhuman": crowdhuman, "bdd100k": bdd100k,
    "isat": isat, "labelmexml": labelmexml,
}  # fmt: skip
"""The same of formats that are neither fixed nor written."""


def many_of_list(format_: str) -> Callable[[Path, int], None]:
    """As many images in one file, or with a file each; all images are links to one."""

    def make(folder: Path, number: int) -> None:
        picture(folder / "one.png")
        (folder / "images").mkdir()
        names = [f"{at}.png" for at in range(number)]
        for name in names:
            (folder / "images" / name).hardlink_to(folder / "one.png")
        (folder / "one.png").unlink()
        box = {"x1": 1, "y1": 1, "x2": 9, "y2": 9}
        labels = [{"category": "car", "box2d": box}]
        if format_ == "bdd100k":
            _json(folder / "det_train.json", [{"name": name, "labels": labels} for name in names])
        elif format_ == "a file for each image":
            for at in range(number):
                frame = {"timestamp": 1, "objects": labels}
                _json(folder / "labels" / f"{at}.json", {"name": f"{at}", "frames": [frame]})
        elif format_ == "crowdhuman":
            person = {"tag": "person", "fbox": [1, 1, 8, 8]}
            lines = (json.dumps({"ID": f"{at}", "gtboxes": [person]}) for at in range(number))
            _text(folder / "annotation_train.odgt", "\n".join(lines))
        else:
            rows = (f"{name}\n1\n1 1 8 8 0 0 0 0 0 0\n" for name in names)
            _text(folder / "wider_face_train_bbx_gt.txt", "".join(rows))

    return make


def of_kind(format_: str, kind: str) -> Callable[[Path, int], None]:
    """A dataset whose boxes are of a kind, see `boxes`."""
    return lambda folder, number: READERS[format_](folder, number, kind)


def many_images(format_: str) -> Callable[[Path, int], None]:
    """A dataset of so many images with an object each; all images are links to one."""

    def make(folder: Path, number: int) -> None:
        picture(folder / "one.png")
        folders = {
            "voc": ("JPEGImages", "Annotations"), "yolo": ("images", "labels"),
            "cvat": ("images", ""), "kitti": ("image_2", "label_2"),
            "labelmexml": ("Images", "Annotations"), "isat": ("images", "labels"),
        }  # fmt: skip
        images, labels = (folder / name for name in folders.get(format_, ("", "")))
        for place in (images, labels):
            place.mkdir(exist_ok=True, parents=True)
        if format_ == "coco":
            coco(folder, number, images=number)
        for at in range(number):
            if format_ != "coco":
                (images / f"{at}.png").hardlink_to(folder / "one.png")
            if format_ == "voc":
                _text(labels / f"{at}.xml", _XML.format(at))
            elif format_ == "isat":
                outline = {"category": "class", "segmentation": [[1, 1], [9, 1], [9, 9]]}
                info = {"description": "ISAT", "name": f"{at}.png", "width": SIDE, "height": SIDE}
                _json(labels / f"{at}.json", {"info": info, "objects": [outline]})
            elif format_ == "labelmexml":
                _text(labels / f"{at}.xml", _LABELME_XML.format(at))
            elif format_ == "kitti":
                row = "class 0 0 -10 1 1 9 9 -1 -1 -1 -1000 -1000 -1000 -10\n"
                _text(labels / f"{at}.txt", row)
            elif format_ == "yolo":
                _text(labels / f"{at}.txt", "0 0.5 0.5 0.25 0.25\n")
            elif format_ == "labelme":
                shape = {"label": "class", "points": [[1, 1], [9, 9]], "shape_type": "rectangle"}
                _json(labels / f"{at}.json", {**_labelme([shape]), "imagePath": f"{at}.png"})
        if format_ == "yolo":
            _text(folder / "data.yaml", "train: images\nnames: [class]\n")
        if format_ == "cvat":
            box = '<box label="class" xtl="1" ytl="1" xbr="9" ybr="9"/>'
            entries = (
                f'<image name="{at}.png" width="{SIDE}" height="{SIDE}">{box}</image>\n'
                for at in range(number)
            )
            _text(folder / "annotations.xml",
                  f"<annotations><meta/>{''.join(entries)}</annotations>")  # fmt: skip
        (folder / "one.png").unlink()

    return make


_XML = (
    "<annotation><filename>{}.png</filename><size><width>1000</width><height>1000</height>"
    "<depth>1</depth></size><object><name>class</name><bndbox><xmin>1</xmin><ymin>1</ymin>"
    "<xmax>9</xmax><ymax>9</ymax></bndbox></object></annotation>"
)


_LABELME_XML = (
    "<annotation><filename>{}.png</filename><imagesize><nrows>1000</nrows><ncols>1000</ncols>"
    "</imagesize><object><name>class</name><polygon><pt><x>1</x><y>1</y></pt><pt><x>9</x><y>1</y>"
    "</pt><pt><x>9</x><y>9</y></pt></polygon></object></annotation>"
)


def labels(folder: Path, number: int) -> None:
    """As many labels, each of one shape, as there are classes; none is among the others."""
    draw = random.Random(number)
    shapes = [
        {"label": _word(draw), "points": [[1, 1], [9, 9]], "shape_type": "rectangle"}
        for _ in range(number)
    ]
    picture(folder / "a.png")
    _json(folder / "a.json", _labelme(shapes))
    _text(folder.parent / f"{folder.name}.txt", "\n".join({_word(draw): 0 for _ in range(number)}))
    (folder / "labels").symlink_to(folder.parent / f"{folder.name}.txt")


def _word(draw: random.Random) -> str:
    return "".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=12))


# Files of other kinds -----------------------------------------------------------------------------


def split_line(line: Callable[[int], str]) -> Callable[[Path, int], None]:
    """A VOC dataset whose list of images has a strange line."""

    def make(folder: Path, number: int) -> None:
        voc(folder, 1)
        _text(folder / "ImageSets" / "Main" / "train.txt", f"a\n{line(number)}\n")

    return make


def config(text: Callable[[int], str]) -> Callable[[Path, int], None]:
    """A training config."""
    return lambda folder, number: _text(folder / "config.py", text(number))


def with_text(
    name: str, text: Callable[[int], str], base: Callable[[Path, int], None] = labelme
) -> Callable[[Path, int], None]:
    """A small dataset with one more file, or another text in one of its files."""

    def make(folder: Path, number: int) -> None:
        base(folder, 1)
        _text(folder / name, text(number))

    return make


def replaced(
    format_: str, number: str, pattern: str = r"\d+(?=</xmin>)|(?<=\[\[)\d+|(?<=\[)\d+(?=, \d)"
) -> Callable[[Path, int], None]:
    """A dataset with another number in place of its first one that a pattern finds."""

    def make(folder: Path, count: int) -> None:
        READERS[format_](folder, count)
        for path in sorted([*folder.rglob("*.json"), *folder.rglob("*.xml")]):
            path.write_text(re.sub(pattern, number, path.read_text("utf-8"), count=1), "utf-8")

    return make


def zeros(key: str) -> Callable[[Path, int], None]:
    """A COCO or labelme file with a list of zeros for objects, or for what else has that key."""

    def make(folder: Path, number: int) -> None:
        (labelme if key == "shapes" else coco)(folder, 1)
        path = folder / "a.json"
        content = json.loads(path.read_text("utf-8"))
        content[key] = "ZEROS"
        _text(path, json.dumps(content).replace('"ZEROS"', f"[{'0,' * number}0]"))

    return make


def without(key: str) -> Callable[[Path, int], None]:
    """A COCO file whose annotations have no such key, or all the same id."""
    pattern = r'(?<="annotations": \[).*'

    def make(folder: Path, number: int) -> None:
        coco(folder, number)
        path = folder / "a.json"
        change = (r'"id": \d+', '"id": 1') if key == "id" else (rf'"{key}": [^,}}]+, ', "")
        if key == "area":
            change = (r', "area": \d+', "")
        text = re.sub(pattern, lambda found: re.sub(*change, found[0]), path.read_text("utf-8"))
        _text(path, text)

    return make


def grouped(folder: Path, number: int) -> None:
    """A labelme file whose shapes leave the image, two in each group."""
    picture(folder / "a.png")
    shapes = [
        {"label": "class", "points": [[at % 900, 1], [at % 900 + 50, SIDE + 500]],
         "shape_type": "rectangle", "group_id": at // 2}
        for at in range(number)
    ]  # fmt: skip
    _json(folder / "a.json", _labelme(shapes))


def alike(folder: Path, number: int) -> None:
    """Labels that differ in one letter of fifty, each in a place and a letter of its own."""
    word = "abcdefghijklmnopqrstuvwxyz" * 2
    names = [
        f"{word[: 1 + at % 25]}{chr(0x4E00 + at)}{word[1 + at % 25 :]}" for at in range(number)
    ]
    others = [
        f"{word[: 28 + at % 20]}{chr(0x9000 + at)}{word[28 + at % 20 :]}" for at in range(number)
    ]
    picture(folder / "a.png")
    shape = {"points": [[1, 1], [9, 9]], "shape_type": "rectangle"}
    _json(folder / "a.json", _labelme([{"label": name, **shape} for name in names]))
    _text(folder / "classes.toml", f"[classes]\nnames = {json.dumps(others)}\n")


def config_classes(folder: Path, number: int) -> None:
    """A config with as many classes as its annotation file has categories, all others."""
    coco(folder, 1, categories=number)
    names = ", ".join(f"'klass {at}'" for at in range(number))
    _text(
        folder / "config.py",
        f"data = dict(train=dict(type='CocoDataset', ann_file='a.json', classes=[{names}]))\n",
    )


def folders(folder: Path, number: int) -> None:
    """A VOC dataset with a folder of images and one of XML files for each image."""
    for at in range(number):
        for part, name in (("JPEGImages", f"{at}.png"), ("Annotations", f"{at}.xml")):
            (folder / part / str(at)).mkdir(parents=True)
            if part == "Annotations":
                _text(folder / part / str(at) / name, _XML.format(at))
            else:
                (folder / part / str(at) / name).touch()


# The rows -----------------------------------------------------------------------------------------

_CHECK = ("check", ".")
_UNSAFE = ("check", ".", "--fix", "--unsafe-fixes")

GROWING = (
    *(Row(f"check {name}", make, _CHECK, 3_000, name == "voc") for name, make in READERS.items()),
    *(Row(f"check {name}", make, _CHECK, 3_000, name == "bdd100k")
      for name, make in ONLY_READ.items()),
    *(Row(f"check many images {name}", many_of_list(name), ("check", ".", "--no-images"), 1_000)
      for name in ("bdd100k", "a file for each image", "crowdhuman", "widerface")),
    *(
        Row(f"convert {reads}2{writes}", READERS[reads],
            ("convert", f"{reads}2{writes}", ".", "out", "--image-mode", mode), 3_000,
            (reads, writes) in (("coco", "yolo"), ("yolo", "coco")))
        for reads, writes, mode in (
            ("coco", "voc", "symlink"), ("coco", "yolo", "symlink"), ("coco", "labelme", "symlink"),
            ("labelme", "coco", "reference"), ("voc", "coco", "reference"),
            ("yolo", "coco", "reference"), ("coco", "cvat", "symlink"),
            ("coco", "kitti", "symlink"), ("cvat", "coco", "reference"),
            ("kitti", "coco", "reference"),
        )
    ),
    *(Row(f"--unsafe-fixes {name}", of_kind(name, "same"), _UNSAFE, 1_500, name == "voc")
      for name in READERS),
    *(Row(f"--diff {name}", of_kind(name, "same"),
          ("check", ".", "--diff", "--unsafe-fixes"), 1_500) for name in READERS),
    *(Row(f"near-duplicates {name}", of_kind(name, "near"), _CHECK, 2_000, name == "coco")
      for name in READERS),
    *(Row(f"--fix without {key}", without(key), ("check", ".", "--fix"), 3_000)
      for key in ("area", "iscrowd", "id")),
    *(Row(f"convert {name}2coco {' '.join(more)}".strip(), make,
          ("convert", f"{name}2coco", ".", "out", *more), 3_000, more == ("--layers", "cut"))
      for name, make, more in (("isat", isat, ()), ("isat", isat, ("--layers", "cut")),
                               ("labelmexml", labelmexml, ()))),
    *(Row(f"check {name}, many images", many_images(name), _CHECK, 1_000)
      for name in ("isat", "labelmexml")),
    Row("--unsafe-fixes in groups", grouped, _UNSAFE, 1_000),
    *(Row(f"{verb} many images", many_images("coco"), arguments, 1_000)
      for verb, arguments in (
          ("inspect", ("inspect", ".")),
          ("split", ("split", ".", "--split", "80,20", "-o", "split.json", "--stratify")),
          ("check", ("check", ".", "--no-images")))),
    Row("many categories", lambda folder, n: coco(folder, n, categories=n), _CHECK, 2_000, True),
    Row("categories x images", lambda folder, n: coco(folder, n, images=n, categories=n),
        ("check", ".", "--no-images"), 1_000),
    Row("many folders", folders, ("check", ".", "--no-images"), 500),
    Row("split list", split_line(lambda n: "\n".join(f"a{at}" for at in range(n))), _CHECK, 20_000),
    Row("split line of parts", split_line(lambda n: "a/" * n), _CHECK, 20_000, True),
    Row("split line of spaces", split_line(lambda n: f"x{' ' * n}x"), _CHECK, 20_000, True),
    Row("unknown labels", alike, ("convert", "labelme2coco", ".", "out", "--labels",
                                  "classes.toml"), 500),
    Row("names in data.yaml", with_text(
        "data.yaml", lambda n: f"train: images\nnames: [{', '.join(map(str, range(n)))}]\n", yolo),
        _CHECK, 2_000),
    Row("assignments in a config", config(
        lambda n: "data = dict()\n" + "".join(f"a{at} = {at}\n" for at in range(n))),
        ("check", "config.py"), 3_000),
)  # fmt: skip
"""Ten times as much may cost fifteen times as much."""

_CONFIG = "data = dict(train=1)\n"
_HUGE = {
    "range": "a = list(range(10000000000))\n",
    "joins": "import os\na = 'x' * 9\nb = 'abc'\n" + "b = os.path.join(b, b)\n" * 40,
    "f-strings": "b = 'abc'\n" + "b = f'{b}{b}'\n" * 40,
    "lists": "b = [1]\n" + "b = [*b, *b]\n" * 40,
    "tuples": "b = (1,)\n" + "b = (*b, *b)\n" * 40,
    "arguments": "b = [1]\n" + "b = list(b + b)\n" * 40,
    "dicts": "b = dict(a=1)\n" + "b = dict(a=b, c=b)\n" * 40,
    "rounding": "a = round(5, -10000000000)\n",
    "many": "b = 'x' * 9\nb = " + " + ".join(["'abcdefghij'"] * 500)
    + "\nc = [b + b for x in range(100000)]\n",
    "classes": "".join(f"class A{at}:\n    a = 1\n" for at in range(20_000)),
    "changes": "_base_ = []\n" + "_base_.a.b = dict(x=1)\n" * 30_000,
    "text": "x = 'a' * 10**9\ny = '%1000000000d' % 1\nz = f'{1:>1000000000}'\n"
    "v = 'a'.ljust(10**9)\nw = '{:>1000000000}'.format(1)\n",
    "powers": "x = 10**10**10\ny = 1 << 10**9\nz = str(10**9999)\n",
    "number": f"x = 0x{'f' * 500_000}\ny = x * x\nz = str(y)\n",
    "comprehensions": "x = [i for i in range(10**5) for j in range(10**5) if 0]\n",
    "loops": "for i in range(10**5):\n    for j in range(10**5):\n        pass\n",
    "copies": "import copy\nd = [dict(a=1, b=[1]) for i in range(500)]\n"
    "x = [copy.deepcopy(d) for i in range(100000)]\n",
    "updates": "d = {str(i): i for i in range(1000)}\ne = {}\n"
    "for i in range(100000):\n    e.update({**d})\n",
    "additions": "a = []\nfor i in range(100000):\n    a += [1, 2]\n",
    "slices": "a = list(range(100000))\nfor i in range(100000):\n    b = a[1:]\n",
    "keys": "b = (1,)\nfor i in range(60):\n    b = (b, b)\nx = {b: 1}\n",
    "nesting": "a = [1]\nfor i in range(5000):\n    a = [a]\n",
    "templates": f"a = '{'{{fileDirname}}' * 20_000}'\nb = '{'{{$a:' * 60_000}'\n",
    "faults": "".join(f"a{at} = b{at}\n" for at in range(10_000)),
    "forgotten": "for i in range(100000):\n    while x:\n" + "        y = 1\n" * 20_000,
    "quotes": f"for i in range(100000):\n    x = {{'a': '{'b' * 500_000}'}}.b\n",
    "chains": "while x:\n" + f"    a{'.b' * 900}\n" * 500,
    "subscripts": f"a = [{'1, ' * 100_000}]{'.a' * 90}\n",
}  # fmt: skip
_SHORT = ("range", "joins", "lists", "rounding", "text", "keys", "copies", "templates")
_DEEP = ("[" * 100_000 + "]" * 100_000, '{"a":' * 100_000 + "1" + "}" * 100_000)

_EVALUATE = ("evaluate", "r.json", "--annotations", "a.json", "--json")

SMALL = (
    Row("split line a/ x 50,000", split_line(lambda n: "a/" * n), _CHECK, 50_000, True),
    Row("split line of 32,000 spaces", split_line(lambda n: f"x{' ' * n}x"), _CHECK, 32_000, True),
    Row("split line of names", split_line(lambda n: "a.b " * n), _CHECK, 50_000),
    *(Row(f"config: {name}", config(lambda _, text=text: _CONFIG + text),  # type: ignore[misc]
          ("check", "config.py"), 1, name in _SHORT)
      for name, text in _HUGE.items()),
    *(Row(f"config: {name}", with_text("config.py", lambda _, name=name: f"_base_ = '{name}'\n",  # type: ignore[misc]
          with_text(name, lambda _, text=text: text)), ("check", "config.py"), 1)  # type: ignore[misc]
      for name, text in (
          ("aliases.yaml", "a0: &a0 [x]\n" + "".join(
              f"a{at + 1}: &a{at + 1} [{', '.join([f'*a{at}'] * 9)}]\n" for at in range(30))),
          ("merged.yaml", "a0: &a0 {x: 1}\n" + "".join(
              f"a{at + 1}: &a{at + 1} {{<<: [{', '.join([f'*a{at}'] * 4)}]}}\n"
              for at in range(30))),
          ("sixty.yaml", f"a: {'1:' * 400_000}1\n"),
          ("deep.yaml", "a: " + "[" * 100_000), ("deep.json", _DEEP[1]),
          ("long.yaml", f"a: [{'1, ' * 300_000}1]\n"), ("long.json", f"[{'{}, ' * 250_000}1]"),
          ("templates.json", '{"a": "' + "{{$a:" * 190_000 + '"}'))),
    *(Row(f"{kind} boxes, {name}", of_kind(name, kind), _CHECK, 20_000,
          (kind, name) == ("near", "coco"))
      for kind in ("near", "same") for name in READERS),
    *(Row(f"--unsafe-fixes on 5,000 duplicates, {name}", of_kind(name, "same"), _UNSAFE, 5_000,
          name == "voc") for name in READERS),
    *(Row(f"a million objects, {name}", make, _CHECK, 1_000_000)
      for name, make in ONLY_READ.items()),
    Row("isat: the same outline on every layer", lambda folder, n: isat(folder, n, "same"),
        ("check", ".", "--layers", "cut"), 20_000, True),  # equal but for an attribute
    Row("labelmexml: the same mask again", lambda folder, n: labelmexml(folder, n, mask="m.png"),
        _CHECK, 20_000),
    Row("csv: a word of 100,000 letters for a box", with_text("b.csv",
        lambda n: f'image,bbox\nb.jpg,"[{{:{"a" * n}}}]"\n'), ("check", "b.csv"), 100_000, True),
    Row("cvat: a thousand million frames", with_text("b.xml", lambda n: (
        f"<annotations><meta><task><id>1</id><size>{n}</size></task></meta><track id='0' label='a'>"
        "<box frame='0' outside='0' xtl='1' ytl='1' xbr='9' ybr='9'/></track></annotations>")),
        ("check", "b.xml"), 1_000_000_000, True),
    Row("--unsafe-fixes on one line", lambda folder, n: voc(folder, n, "same", one_line=True),
        _UNSAFE, 5_000),
    Row("unknown labels", labels,
        ("convert", "labelme2coco", ".", "out", "--labels", "labels"), 5_000),
    Row("unknown labels that are alike", alike,
        ("convert", "labelme2coco", ".", "out", "--labels", "classes.toml"), 5_000, True),
    Row("classes of a config, 5,000 x 5,000", config_classes, ("check", "config.py"), 5_000, True),
    *(Row(f"{name}: {shown}", replaced(name, number), arguments, 3, shown == "1e-999998")
      for name in ("voc", "coco", "labelme")
      for shown, number in (("1e-999998", "1e-999998"), ("1e999998", "1e999998"),
                            ("a million digits", "9" * 1_000_000),
                            ("a million zeros", "0." + "0" * 1_000_000 + "1"))
      for arguments in [_CHECK if name != "voc" else ("check", ".", "--coords", "voc")]),
    Row("evaluate: 10,000 categories, few of which occur",
        lambda folder, n: results(folder, 10, n), _EVALUATE, 10_000, True),
    Row("evaluate: 2,000 categories in an image, all of which occur",
        lambda folder, n: results(folder, n, n), _EVALUATE, 2_000),
    Row("evaluate: 50,000 objects of a class in an image", results, _EVALUATE, 50_000, True),
    Row("shapes [0,0,...", zeros("shapes"), _CHECK, 30_000_000, True),
    *(Row(f"{key} [0,0,...", zeros(key), _CHECK, 30_000_000)
      for key in ("images", "annotations", "categories", "info")),
    *(Row(f"a million objects, {name}", make, _CHECK, 1_000_000, name == "voc")
      for name, make in READERS.items()),
    Row("yaml: nested aliases", with_text("data.yaml", lambda n: "a0: &a0 [x]\n" + "".join(
        f"a{at + 1}: &a{at + 1} [{', '.join([f'*a{at}'] * 9)}]\n" for at in range(n))
        + f"train: images\nnames: *a{n}\n", yolo), _CHECK, 30, True),
    Row("yaml: merged aliases", with_text("data.yaml", lambda n: "a0: &a0 {x: 1}\n" + "".join(
        f"a{at + 1}: &a{at + 1} {{<<: [{', '.join([f'*a{at}'] * 4)}]}}\n" for at in range(n))
        + "train: images\nnames: [class]\n", yolo), _CHECK, 30),
    Row("yaml: nested lists", with_text("data.yaml", lambda n: (
        f"train: images\nnames: [class]\nx: {'[' * n}{']' * n}\n"), yolo), _CHECK, 100_000),
    Row("yaml: a number of base 60", with_text("data.yaml", lambda n: (
        f"train: images\nnames: [class]\nnc: {'1:' * n}1\n"), yolo), _CHECK, 100_000),
    Row("yaml: a billion classes", with_text(
        "data.yaml", lambda n: f"train: images\nnc: {n}\n", yolo), _CHECK, 10**9),
    Row("yaml: a long path", with_text(
        "data.yaml", lambda n: f"train: {'a/' * n}\nnames: [class]\n", yolo), _CHECK, 50_000),
    Row("yaml: the same folder again", with_text("data.yaml", lambda n: (
        f"train: [{', '.join(['images'] * n)}]\nnames: [class]\n"), yolo), _CHECK, 50_000),
    Row("toml: nested lists", with_text(
        "dataforge.toml", lambda n: f"x = {'[' * n}{']' * n}\n"), _CHECK, 100_000),
    Row("toml: a dotted name", with_text(
        "dataforge.toml", lambda n: f"[{'a.' * n}a]\n"), _CHECK, 100_000),
    Row("toml: many tables", with_text("dataforge.toml", lambda n: "".join(
        f"[{'a.' * 90}b{at}]\n" for at in range(n))), _CHECK, 20_000),
    *(Row(f"json: nested {kind}", with_text("b.json", lambda n, text=text: text), _CHECK, 1)  # type: ignore[misc]
      for kind, text in zip(("lists", "objects"), _DEEP, strict=True)),
    Row("json: a million NaN", with_text(
        "b.json", lambda n: f'{{"shapes": [{"NaN, " * n}1]}}'), _CHECK, 1_000_000),
    Row("labelme: a path of 200,000 parts", replaced(
        "labelme", f'"{"a/" * 100_000}{"../" * 100_000}a.png"', r'(?<="imagePath": )"a.png"'),
        _CHECK, 1),
)  # fmt: skip
"""Each is read within 10 s of the processor and 1 GB, or is refused with a finding."""
