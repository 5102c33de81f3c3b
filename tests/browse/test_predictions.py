"""Predictions over the objects: whose they are, and where they are drawn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browsing import NARROW, Shown, index, read
from helpers import picture, voc_object, voc_xml, write

from dataforge.errors import InputError, UsageError
from dataforge.verbs.browse import BrowseOptions, browse

Show = Callable[..., Shown]
GREY = (90, 90, 90)  # of a picture
RED, BLUE = (255, 93, 93), (53, 182, 255)  # of the first and the second class
TRUTH = {
    "images": [{"id": 7, "file_name": "a.png", "width": 64, "height": 48},
               {"id": 9, "file_name": "b.png", "width": 64, "height": 48}],
    "categories": [{"id": 3, "name": "cat"}, {"id": 5, "name": "dog"}],
    "annotations": [{"id": 1, "image_id": 7, "category_id": 3, "bbox": [4, 4, 16, 16],
                     "area": 256, "iscrowd": 0, "segmentation": []}],
}  # fmt: skip


def result(image: int, category: int, score: float, *box: float, **more: Any) -> dict[str, Any]:
    return {"image_id": image, "category_id": category, "score": score, "bbox": [*box], **more}


RESULTS = [
    result(7, 5, 0.875, 30, 20, 20, 16),
    result(7, 3, 0.25, 6, 24, 16, 16),
    result(9, 5, 0.5, 10, 10, 30, 30),
    result(8, 5, 0.5, 10, 10, 30, 30),
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two images, and what was found in them; one result is of none."""
    write(tmp_path / "data" / "val.json", TRUTH)
    for name in "ab":
        picture(tmp_path / "data" / f"{name}.png")
    write(tmp_path / "results.json", RESULTS)
    return tmp_path / "data"


def page_of(data: Path, **options: Any) -> Path:
    out = data.parent / "page"
    browse(data, out, BrowseOptions(results=str(data.parent / "results.json"), **options))
    return out


def near(one: tuple[int, ...], other: tuple[int, ...], most: int = 24) -> bool:
    return all(abs(a - b) <= most for a, b in zip(one, other, strict=True))


def along(at: Any, colour: tuple[int, int, int], y: float) -> int:
    """On how many places of an upper edge from x = 30 to 50 a colour is."""
    return sum(near(at(30 + step / 4, y), colour) for step in range(2, 78))


def counted(shown: Shown) -> str:
    """The title of the layer."""
    text: str = shown.page.text_content(".predictions h3")
    return text


def test_predictions_are_drawn_dashed_from_a_score_on(show: Show, data: Path) -> None:
    shown = show(page_of(data))
    shown.open(0)
    at = shown.pixels()
    assert near(at(4, 12), RED)  # the object, a line without gaps
    assert all(near(at(6 + step / 4, 4), RED) for step in range(48))
    assert 20 <= along(at, BLUE, 20) <= 60  # dashes: about half of 76 places
    assert near(at(6, 32), GREY)  # 0.25 is below 0.3
    assert counted(shown) == "Predictions 1 of 2"
    shown.page.locator(".predictions input[type=range]").fill("0.2")
    assert counted(shown) == "Predictions 2 of 2"
    assert "score=0.2" in shown.hash()
    at = shown.pixels()
    assert any(near(at(6, 24 + step / 4), RED) for step in range(4, 60))
    shown.page.get_by_label("Draw them, dashed").uncheck()
    at = shown.pixels()
    assert along(at, BLUE, 20) == 0
    assert near(at(4, 12), RED)


def test_a_link_keeps_the_score_and_thumbnails_follow_it(show: Show, data: Path) -> None:
    shown = show(page_of(data), "#score=0.9&image=a.png")
    shown.wait_for_stage()
    assert counted(shown) == "Predictions 0 of 2"
    assert along(shown.pixels(), BLUE, 20) == 0
    shown.page.keyboard.press("Escape")
    assert shown.page.inner_text("#least-score") == "0.90"


def test_the_toolbar_of_a_narrow_page_wraps(show: Show, data: Path) -> None:
    page = show(page_of(data), size=NARROW).page
    page.wait_for_selector("#predicted:visible")
    labels = page.locator("#tools label")
    for at in range(labels.count()):
        box = labels.nth(at).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= NARROW[0]
    assert "Size" in page.locator("#tools .slider").first.inner_text()
    assert page.locator("#predicted").inner_text().strip() == "Score ≥ 0.30"
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]


def test_a_page_without_predictions_has_no_slider(show: Show, data: Path) -> None:
    browse(data, data.parent / "page")
    shown = show(data.parent / "page")
    shown.open(0)
    assert shown.page.locator(".predictions").count() == 0
    assert not shown.page.locator("#score").is_visible()


def test_what_is_not_shown_is_said(data: Path) -> None:
    out = data.parent / "page"
    report = browse(data, out, BrowseOptions(results=str(data.parent / "results.json")))
    assert (report.objects, report.predictions) == (1, 3)
    (note,) = report.notes
    assert "left out: 1 result whose image_id the annotations do not have" in note
    assert index(out)["classes"] == ["cat", "dog"]
    (_, chunk) = read(next((out / "browse" / "data").glob("a000000*.js")))
    # class, corners, predicted, no mask, score
    assert chunk[0]["r"] == [
        [1, [30, 20, 50, 36], 4, 0, 0, 0.875],
        [0, [6, 24, 22, 40], 4, 0, 0, 0.25],
    ]
    assert chunk[1]["r"] == [[1, [10, 10, 40, 40], 4, 0, 0, 0.5]]


def test_no_results_are_no_predictions(data: Path) -> None:
    write(data.parent / "results.json", [])
    out = data.parent / "page"
    report = browse(data, out, BrowseOptions(results=str(data.parent / "results.json")))
    assert (report.predictions, report.notes) == (0, [])


def test_masks_are_drawn_as_such(data: Path) -> None:
    mask = {"size": [48, 64], "counts": "`12^1000Pj2"}  # 2 rows of 3 pixels from (1, 0)
    write(data.parent / "results.json", [result(7, 3, 0.5, 1, 0, 3, 2, segmentation=mask)])
    page = page_of(data)
    (_, chunk) = read(next((page / "browse" / "data").glob("a000000*.js")))
    assert chunk[0]["r"] == [[0, [1, 0, 4, 2], 4, [48, 64, "`12^1000Pj2"], 0, 0.5]]


def test_results_of_one_of_two_files(data: Path) -> None:
    """Ids that both have are of neither, unless it is said."""
    other = TRUTH | {"images": [{**one, "id": one["id"] + 1} for one in TRUTH["images"]]}
    other["annotations"] = []
    write(data / "train.json", other)
    write(data.parent / "results.json", [RESULTS[0], RESULTS[3]])
    with pytest.raises(InputError, match=r"may be those of .* with --ground-truth"):
        page_of(data)
    write(data.parent / "results.json", RESULTS[:3])
    page_of(data)  # all three are of val.json
    page_of(data, ground_truth=str(data / "val.json"), force=True)


def test_a_dataset_of_another_format_by_the_names_of_images(tmp_path: Path) -> None:
    write(tmp_path / "voc" / "Annotations" / "b.xml", voc_xml(voc_object("dog", (1, 2, 30, 40))))
    picture(tmp_path / "voc" / "JPEGImages" / "b.jpg")
    write(tmp_path / "gt.json", TRUTH)
    write(tmp_path / "results.json", RESULTS[:3])
    options = BrowseOptions(results=str(tmp_path / "results.json"),
                            ground_truth=str(tmp_path / "gt.json"))  # fmt: skip
    report = browse(tmp_path / "voc", tmp_path / "page", options)
    assert (report.predictions, report.classes) == (1, ["dog", "cat"])
    assert "2 predictions in images that are not shown" in report.notes[0]


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"results": "gone.json"}, InputError, "gone.json: cannot be read"),
        ({"ground_truth": "val.json"}, UsageError, "--ground-truth names what"),
        ({"results": "s3://b/r.json"}, UsageError, "name a file on this machine"),
    ],
)
def test_what_cannot_be_shown(
    data: Path, options: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        browse(data, data.parent / "page", BrowseOptions(**options))
    assert not (data.parent / "page").exists()
