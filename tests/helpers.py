"""Factories: labelme JSON, VOC XML, tiny images; and the two readers run over a folder."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as PILImage

from dataforge.classes.resolver import ClassMap
from dataforge.convert import Job, Report, convert
from dataforge.datasets.infer import infer
from dataforge.formats import labelme, voc
from dataforge.io.files import Root
from dataforge.layouts.layout import Layout
from dataforge.records import Finding, Image, Instance

REPO = Path(__file__).resolve().parents[1]
SAMPLE = REPO / "sample_data"
REAL = REPO.parent / "shared" / "data"

WIDTH, HEIGHT = 64, 48
SQUARE = [[10, 10], [30, 10], [30, 30], [10, 30]]  # 20 x 20 = 400 px²


def write(path: Path, content: str | bytes | dict[str, Any] | list[Any] = "") -> Path:
    """A file with its folders; a dict becomes JSON, text UTF-8."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, (dict, list)):
        content = json.dumps(content, ensure_ascii=False)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def picture(path: Path, size: tuple[int, int] = (WIDTH, HEIGHT), orientation: int = 0) -> Path:
    """A grey image; with an EXIF orientation, if it is not 0."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = PILImage.new("RGB", size, (90, 90, 90))
    exif = PILImage.Exif()
    if orientation:
        exif[0x0112] = orientation
    image.save(path, exif=exif)
    return path


def shape(label: Any, points: Any, shape_type: str | None = "polygon", **more: Any) -> Any:
    """One labelme shape; `shape_type` None leaves the key out."""
    entry = {"label": label, "points": points, **more}
    return entry if shape_type is None else {**entry, "shape_type": shape_type}


def document(*shapes: Any, image: str | None = "a.jpg", **more: Any) -> dict[str, Any]:
    """A labelme file."""
    return {
        "version": "5.4.1",
        "flags": {},
        "shapes": list(shapes),
        "imagePath": image,
        "imageData": None,
        "imageHeight": HEIGHT,
        "imageWidth": WIDTH,
        **more,
    }


def mask_shape(label: str, rows: Sequence[str], left: float, top: float, **more: Any) -> Any:
    """A labelme mask drawn in text, '#' inside; its points are the inclusive corners."""
    pixels = np.array([[letter == "#" for letter in row] for row in rows])
    stream = io.BytesIO()
    PILImage.fromarray(pixels).save(stream, "PNG")
    corners = [[left, top], [left + len(rows[0]) - 1, top + len(rows) - 1]]
    png = base64.b64encode(stream.getvalue()).decode()
    return shape(label, corners, "mask", mask=png, **more)


def voc_object(name: str | None, bounds: Sequence[object] | None, **tags: str) -> str:
    """One VOC object on one line."""
    inner = "" if name is None else f"<name>{name}</name>"
    inner += "".join(f"<{tag}>{text}</{tag}>" for tag, text in tags.items())
    if bounds is not None:
        corners = zip(("xmin", "ymin", "xmax", "ymax"), bounds, strict=True)
        inner += f"<bndbox>{''.join(f'<{tag}>{text}</{tag}>' for tag, text in corners)}</bndbox>"
    return f"<object>{inner}</object>"


def voc_xml(
    *objects: str, filename: str | None = None, size: Sequence[object] | None = (WIDTH, HEIGHT)
) -> str:
    """A VOC file: line 1 is <annotation>, each object has a line of its own after the head's."""
    head = ["<annotation>"]
    if filename is not None:
        head.append(f"<filename>{filename}</filename>")
    if size is not None:
        head.append(f"<size><width>{size[0]}</width><height>{size[1]}</height></size>")
    return "\n".join([*head, *objects, "</annotation>\n"])


class Read:
    """What a reader yielded."""

    def __init__(self, records: Sequence[Image | Finding]) -> None:
        self.images = [record for record in records if isinstance(record, Image)]
        self.findings = [record for record in records if isinstance(record, Finding)]

    @property
    def image(self) -> Image:
        """The only image."""
        (image,) = self.images
        return image

    @property
    def instance(self) -> Instance:
        """The only instance of the only image."""
        (instance,) = self.image.instances
        return instance

    @property
    def codes(self) -> list[str]:
        """Codes of the findings, in order."""
        return [finding.code for finding in self.findings]

    def finding(self, code: str) -> Finding:
        """The only finding of a code."""
        (finding,) = [finding for finding in self.findings if finding.code == code]
        return finding


def read_labelme(folder: Path, **options: Any) -> Read:
    """All that the labelme reader yields for a folder."""
    reader_options = labelme.Options(**options)
    return Read(list(labelme.read(Root(folder), reader_options, ClassMap().canonical)))


def read_voc(folder: Path, layout: Layout | None = None, **options: Any) -> Read:
    """All that the VOC reader yields for a folder, of an inferred layout if none is given."""
    root = Root(folder)
    reader_options = voc.Options(layout=layout or infer(root).layout, **options)
    return Read(list(voc.read(root, reader_options, ClassMap().canonical)))


def run_convert(source: Path, out: Path, reads: str = "labelme", **options: Any) -> Report:
    """One conversion to COCO."""
    return convert(Job(source=str(source), out=str(out), reads=reads, writes="coco", **options))


def load_coco(out: Path, split: str = "all") -> dict[str, Any]:
    """The COCO file of a split, by json alone."""
    document: dict[str, Any] = json.loads(
        (out / "annotations" / f"instances_{split}.json").read_text("utf-8")
    )
    return document


def snapshot(folder: Path) -> dict[str, bytes]:
    """Path -> content of all files below."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def python(
    *arguments: str, cwd: Path | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    """This interpreter in a process of its own, able to import the checkout."""
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        encoding="utf-8",
        check=False,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(REPO), **env},
    )


def run_away(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python in another folder, without PYTHONPATH and without a GPU; it has to succeed."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**environment, "CUDA_VISIBLE_DEVICES": "-1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return result
