"""Factories: labelme JSON, VOC XML; and the two readers run over a folder.

Files, pictures and what a reader told are `dataforge.testing`'s; most tests have all from here.
"""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image as PILImage

from dataforge import testing
from dataforge.io import Root
from dataforge.layouts import Layout
from dataforge.testing import HEIGHT, WIDTH, Read, driver, opens, picture, snapshot, write

if TYPE_CHECKING:
    from dataforge.jobs import Report

__all__ = [
    "HEIGHT",
    "REAL",
    "REPO",
    "SAMPLE",
    "SQUARE",
    "WIDTH",
    "Read",
    "document",
    "load_coco",
    "mask_shape",
    "mmdet_tool",
    "opens",
    "picture",
    "python",
    "python_with_site",
    "read_labelme",
    "read_voc",
    "run_away",
    "run_convert",
    "shape",
    "snapshot",
    "voc_object",
    "voc_xml",
    "write",
]

REPO = Path(__file__).resolve().parents[1]
SAMPLE = REPO / "sample_data"
REAL = REPO.parent / "shared" / "data"

SQUARE = [[10, 10], [30, 10], [30, 30], [10, 30]]  # 20 x 20 = 400 px²


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


def read_labelme(folder: Path, **options: Any) -> Read:
    """All that the labelme reader yields for a folder."""
    from dataforge.formats.labelme import FORMAT

    return Read(driver.read(FORMAT, folder, driver.reader_of(FORMAT).Options(**options)))


def read_voc(
    folder: Path,
    layout: Layout | None = None,
    context: dict[str, Any] | None = None,
    **options: Any,
) -> Read:
    """All that the VOC reader yields for a folder, of an inferred layout if none is given."""
    from dataforge.datasets import find_voc_layout
    from dataforge.formats.voc import FORMAT

    context = {"layout": layout or find_voc_layout(Root(folder)).layout, **(context or {})}
    return Read(driver.read(FORMAT, folder, driver.reader_of(FORMAT).Options(**options), **context))


def run_convert(source: Path, out: Path, reads: str = "labelme", **options: Any) -> Report:
    """One conversion to COCO."""
    from dataforge.jobs import Job
    from dataforge.verbs.convert import convert

    return convert(Job(source=str(source), out=str(out), reads=reads, writes="coco", **options))


def python_with_site(path: Path, site: str) -> Path:
    """A Python for ``--python`` that has one site-packages, as the shell sees its path, and nothing
    installed."""
    answer = f"""case "$*" in *purelib*) echo "[\\"{site}\\"]";; *) echo '[]';; esac"""
    write(path, f"#!/bin/sh\n{answer}\n").chmod(0o755)
    return path


def redirect_registrations(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let `dataforge.verbs.register` take a folder for the site-packages of the running Python."""
    patch.setattr("dataforge.verbs.register.path_file.own_site_folders", lambda: [folder])


def load_coco(out: Path, split: str = "all") -> dict[str, Any]:
    """The COCO file of a split, by json alone."""
    document: dict[str, Any] = json.loads(
        (out / "annotations" / f"instances_{split}.json").read_text("utf-8")
    )
    return document


def python(
    *arguments: str, cwd: Path | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    """This interpreter in a process of its own, able to import the checkout alone."""
    return testing.python(*arguments, cwd=cwd, **{"PYTHONPATH": str(REPO), **env})


def cut_humanparts(folder: Path) -> Path:
    """The HumanParts sample, cut to two images a split."""
    shutil.copytree(SAMPLE / "humanparts", folder)
    for path in (folder / "ImageSets").glob("*.txt"):
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:2]))
    return folder


def mmdet_tool(name: str) -> list[str]:
    """Arguments of a Python that runs one of mmdet's own scripts; nothing is compiled for some."""
    import mmdet

    from dataforge.frameworks.operators import serve

    script = Path(str(mmdet.__file__)).parent / ".mim" / "tools" / name
    module = [] if serve().of == "mmcv" else ["-m", "dataforge.frameworks.operators"]
    return [*module, str(script)]


def run_away(python: str, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A Python in another folder, without PYTHONPATH and without a GPU; it has to succeed."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    result = subprocess.run(
        [python, *arguments],
        cwd=cwd,
        env={**environment, "CUDA_VISIBLE_DEVICES": "-1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return result
