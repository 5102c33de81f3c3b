"""What a pass keeps of many images is small: what they have in common is there once."""

from __future__ import annotations

from pathlib import Path

from helpers import SQUARE, document, picture, shape, write

from dataforge.classes import ClassRules
from dataforge.datasets import Source, survey
from dataforge.engines import get_engine
from dataforge.formats import Context


def test_images_share_labels_sizes_and_names_and_the_first_place_of_a_label_is_kept(
    tmp_path: Path,
) -> None:
    for name in ("a", "b", "c"):
        shapes = [shape("cat", SQUARE), shape("cat", SQUARE)]
        content = document(*shapes, *([shape("dog", SQUARE)] if name == "c" else []))
        write(tmp_path / f"{name}.json", content | {"imagePath": f"{name}.jpg"})
        picture(tmp_path / f"{name}.jpg")
    source = Source(str(tmp_path), "labelme", {})
    with survey(
        source, Context(resolver=ClassRules().resolver()), get_engine("local", 1, {}), report=print
    ) as found:
        a, b, c = found.images
        assert [one.shapes for one in (a, b, c)] == [2, 2, 3]
        places = {label: count.place for label, count in found.tally.labels.items()}
        assert str(places["cat"]) == "a.json::$.shapes[0]"
        assert str(places["dog"]) == "c.json::$.shapes[2]"
        assert c.labels["cat"].place is None
        assert c.labels["cat"] is b.labels["cat"]
        assert c.size is b.size
        assert b.file_name in source.root.files()
        assert any(b.file_name is name for name in source.root.files())
        assert any(b.place.file is name for name in source.root.files())
