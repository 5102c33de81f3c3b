"""COCO results keep the contract: they are read back beside COCO, whose ids they have."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from dataforge.findings import Finding
from dataforge.formats import get_format
from dataforge.records import Category, Header, Image, Instance
from dataforge.testing import FormatContract, driver
from dataforge.testing.base import Read


class TestCocoResults(FormatContract):
    format = "cocoresults"

    def write(
        self, out: Path, splits: Mapping[str, Sequence[Image]], classes: Sequence[str],
        shard: int = 2,
    ) -> list[Finding]:  # fmt: skip
        """Objects with scores, and beside them what they are of, as COCO."""
        header = Header(categories=tuple(Category(name=name) for name in classes))
        driver.write(get_format("coco"), out.parent / "truth", splits, header)
        scored = {split: [*map(_scored, images)] for split, images in splits.items()}
        return super().write(out, scored, classes, shard)

    def read(self, folder: Path, *_: Any, **context: Any) -> Read:
        found = []
        for path in sorted(folder.glob("results_*.json")):
            split = path.stem.removeprefix("results_")
            truth = folder.parent / "truth" / "annotations" / f"instances_{split}.json"
            found += _joined(json.loads(truth.read_text("utf-8")),
                             json.loads(path.read_text("utf-8")))  # fmt: skip
        return Read(found)

    read_nothing = read


def _scored(image: Image) -> Image:
    instances = tuple(
        msgspec.structs.replace(one, attributes=one.attributes | {"score": 0.5})
        for one in image.instances
    )
    return msgspec.structs.replace(image, instances=instances)


def _joined(truth: dict[str, Any], results: list[dict[str, Any]]) -> list[Image]:
    names = {one["id"]: one["name"] for one in truth["categories"]}
    assert {one["score"] for one in results} <= {0.5}
    return [
        Image(
            file_name=f"images/{image['file_name']}", width=image["width"], height=image["height"],
            instances=tuple(
                Instance(label=names[one["category_id"]], area=0,
                         box=(x, y, x + width, y + height))
                for one in results if one["image_id"] == image["id"]
                for x, y, width, height in [one["bbox"]]
            ),
        )
        for image in truth["images"]
    ]  # fmt: skip
