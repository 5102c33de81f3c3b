"""Datasets to register, and a plan of one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from helpers import picture, voc_object, voc_xml, write

from dataforge.verbs.register import Plan, Request, plan

Cli: TypeAlias = Callable[..., tuple[int, str, str]]
"""Runs a command line: (exit code, output, errors)."""


def planned(root: Path, name: str = "HumanParts", **more: Any) -> Plan:
    """What a registration would write."""
    return plan(Request(name=name, root=str(root), **more))


def voc(root: Path, *ids: str, **lists: str) -> Path:
    """Images and XML files of these ids, a cat on each, and lists."""
    for id_ in ids:
        write(root / "xml" / f"{id_}.xml", voc_xml(voc_object("cat", (1, 2, 30, 40))))
        picture(root / "img" / f"{id_}.jpg")
    for name, text in lists.items():
        write(root / f"{name}.txt", text)
    return root


def coco(*file_names: str, **more: Any) -> dict[str, Any]:
    """A COCO file with a cat on each image."""
    entries = [
        {"id": n, "image_id": n, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 12, **more}
        for n in range(len(file_names))
    ]
    return {
        "images": [
            {"id": n, "file_name": name, "width": 64, "height": 48}
            for n, name in enumerate(file_names)
        ],
        "annotations": entries,
        "categories": [{"id": 1, "name": "cat"}, {"id": 0, "name": "dog"}],
    }
