"""The charts of the overview: what they count, and that each bar leads to its pictures."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browsing import NARROW, Shown, index, read
from helpers import document, picture, shape, voc_object, voc_xml, write

from dataforge.verbs.browse import BrowseOptions, browse
from dataforge.verbs.check import CheckOptions
from dataforge.verbs.stats import stats

Show = Callable[..., Shown]

BOXES: dict[str, tuple[tuple[int, int], list[tuple[str, tuple[int, int, int, int]]]]] = {
    "a": ((640, 480), [("cat", (0, 0, 20, 20)), ("dog", (100, 100, 200, 140))]),
    "b": ((640, 480), [("cat", (5, 5, 25, 25)), ("cat", (300, 300, 340, 340))]),
    "c": ((320, 480), [("dog", (0, 0, 300, 400))]),
    "d": ((320, 480), []),
    "e": ((480, 480), [("cat", (470, 470, 480, 480)), ("dog", (9, 9, 11, 13)),
                       ("bird", (100, 0, 300, 100))]),
}  # fmt: skip
"""Image -> its size, and label and box of each object."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("charts") / "data"
    for name, (size, boxes) in BOXES.items():
        shapes: list[Any] = [
            shape(label, [[x0, y0], [x1, y1]], "rectangle") for label, (x0, y0, x1, y1) in boxes
        ]
        sizes = {"imageWidth": size[0], "imageHeight": size[1]}
        write(folder / f"{name}.json", document(*shapes, image=f"{name}.jpg", **sizes))
        picture(folder / f"{name}.jpg", size)
    browse(folder, folder.parent / "page")
    return folder.parent / "page"


def overview(show: Show, page: Path, **more: Any) -> Shown:
    shown = show(page, "#tab=overview", **more)
    shown.page.wait_for_selector(".charts[data-loaded]")
    return shown


def bars(shown: Shown, title: str) -> dict[str, int]:
    """What the bars of a chart stand for -> what they count."""
    texts = shown.page.locator(f".chart [aria-label='{title}'] button").evaluate_all(
        "all => all.map(one => one.dataset.said)"
    )
    found = [re.fullmatch(r"(.*): ([\d,]+).*", text) for text in texts]
    return {one[1]: int(one[2].replace(",", "")) for one in found if one}


def click(shown: Shown, title: str, what: str) -> list[str]:
    """Click a bar; returns the images that it leads to, and goes back."""
    shown.page.locator(f".chart [aria-label='{title}'] button[data-said^='{what}: ']").click()
    names = [name.removesuffix(".jpg") for name in shown.names()]
    shown.page.go_back()
    assert shown.page.locator("#tab-overview[aria-selected=true]").count()
    return names


def having(wanted: Callable[..., bool]) -> list[str]:
    """The images with an object whose (label, width, height, x, y) is wanted."""
    return [
        name
        for name, ((w, h), boxes) in BOXES.items()
        if any(
            wanted(label, x1 - x0, y1 - y0, (x0 + x1) / 2 / w, (y0 + y1) / 2 / h)
            for label, (x0, y0, x1, y1) in boxes
        )
    ]


def test_images_by_their_number_of_objects(show: Show, page: Path) -> None:
    shown = overview(show, page)
    title = "Objects in an image"
    assert bars(shown, title) == {"0 objects": 1, "1 object": 1, "2 objects": 2, "3 objects": 1}
    assert click(shown, title, "0 objects") == ["d"]
    assert click(shown, title, "2 objects") == ["a", "b"]


def test_half_of_the_images_is_as_stats_says(show: Show, tmp_path: Path) -> None:
    for name, count in (("a", 1), ("b", 9)):
        shapes: list[Any] = [
            shape("cat", [[at, 0], [at + 5, 5]], "rectangle") for at in range(count)
        ]
        write(tmp_path / "in" / f"{name}.json", document(*shapes, image=f"{name}.jpg"))
        picture(tmp_path / "in" / f"{name}.jpg")
    browse(tmp_path / "in", tmp_path / "page")
    shown = overview(show, tmp_path / "page")
    said = shown.page.locator(".chart figcaption", has_text="Objects in an image").inner_text()
    assert "Half of the images have 5 or fewer, none more than 9." in said


def test_images_by_size(show: Show, page: Path) -> None:
    shown = overview(show, page)
    found = bars(shown, "Image sizes")
    assert found == {"640 × 480 px": 2, "320 × 480 px": 2, "480 × 480 px": 1}
    assert click(shown, "Image sizes", "320 × 480 px") == ["c", "d"]


def test_objects_by_size(show: Show, page: Path) -> None:
    shown = overview(show, page)
    found = bars(shown, "Object sizes")
    assert sum(found.values()) == 8
    for what in found:
        edges = map(float, re.findall(r"[\d.]+", what))
        low, high = (2 ** (round(2 * math.log2(edge)) / 2) for edge in edges)
        expected = having(lambda _, w, h, *__: low <= math.sqrt(w * h) < high)  # noqa: B023
        assert click(shown, "Object sizes", what) == expected, what
    bands = bars(shown, "Small, medium and large objects")
    assert [*bands.values()] == [4, 2, 2]
    shown.page.click(".bands button:nth-child(3)")
    assert shown.names() == ["c.jpg", "e.jpg"]
    assert "objectsize=large" in shown.hash()


def test_objects_by_shape(show: Show, page: Path) -> None:
    shown = overview(show, page)
    found = bars(shown, "Shapes of boxes")
    assert found == {"boxes of 1:2 – 1:1.7": 1, "boxes of 1:1.4 – 1:1.2": 1,
                     "boxes of 1:1 – 1.2:1": 4, "boxes of 2:1 – 2.4:1": 1,
                     "boxes of 2.4:1 – 2.8:1": 1}  # fmt: skip
    assert click(shown, "Shapes of boxes", "boxes of 1:1 – 1.2:1") == ["a", "b", "e"]
    assert click(shown, "Shapes of boxes", "boxes of 2:1 – 2.4:1") == ["e"]
    assert click(shown, "Shapes of boxes", "boxes of 1:2 – 1:1.7") == ["e"]


def test_objects_by_position(show: Show, page: Path) -> None:
    shown = overview(show, page)
    found = {what: count for what, count in bars(shown, "Positions").items() if count}
    assert sum(found.values()) == 8
    assert len(bars(shown, "Positions")) == 256
    corner = "centres at 0–6% from the left, 0–6% from the top"
    assert found[corner] == 3
    assert click(shown, "Positions", corner) == ["a", "b", "e"]
    last = "centres at 94–100% from the left, 94–100% from the top"
    assert click(shown, "Positions", last) == ["e"]
    empty = "centres at 94–100% from the left, 0–6% from the top"
    shown.page.locator(f".heat button[data-said^='{empty}']").click(force=True)
    assert shown.page.locator("#tab-overview[aria-selected=true]").count()


def test_classes_together(show: Show, page: Path) -> None:
    shown = overview(show, page)
    title = "Classes in the same image"
    found = bars(shown, title)
    assert found["cat"] == 3
    assert found["cat with dog"] == found["dog with cat"] == 2
    assert found["bird with cat"] == 1
    assert click(shown, title, "dog with cat") == ["a", "e"]
    assert click(shown, title, "cat") == ["a", "b", "e"]
    shown.page.locator(".together button", has_text="2").first.click()
    assert "together=1" in shown.hash()
    shown.page.uncheck("text=All of them in an image")
    assert len(shown.names()) == 4


def test_a_bar_of_a_class(show: Show, page: Path) -> None:
    shown = overview(show, page)
    shown.page.locator("tr", has_text="bird").locator("td.bars").click()
    assert shown.names() == ["e.jpg"]
    shown.page.go_back()
    assert shown.page.locator("#tab-overview[aria-selected=true]").count()


@pytest.mark.parametrize("chart", ["Object sizes", "Shapes of boxes", "Positions", "Image sizes"])
def test_a_link_to_a_bar(show: Show, page: Path, chart: str) -> None:
    shown = overview(show, page)
    shown.page.locator(f".chart [aria-label='{chart}'] button:not([aria-disabled])").last.click()
    link, names = shown.hash(), shown.names()
    assert names
    assert len(names) < len(BOXES)
    again = show(page, link)
    assert again.names() == names
    assert again.hash() == link
    again.page.locator(".chip").click()
    assert again.status() == "5 images"


def test_arrows_move_within_a_chart(show: Show, page: Path) -> None:
    shown = overview(show, page)
    focused = "document.activeElement.dataset.said"
    shown.page.locator(".columns button").first.focus()
    assert shown.page.evaluate(focused) == "0 objects: 1 image"
    shown.page.keyboard.press("ArrowRight")
    assert shown.page.evaluate(focused) == "1 object: 1 image"
    assert (
        shown.page.locator("figure").first.locator(".readout").inner_text() == "1 object: 1 image"
    )
    shown.page.keyboard.press("End")
    assert shown.page.evaluate(focused) == "3 objects: 1 image"
    shown.page.keyboard.press("Tab")
    assert shown.page.evaluate(focused).startswith("small, below 32²")
    shown.page.locator(".heat button").nth(17).focus()
    shown.page.keyboard.press("ArrowUp")
    assert shown.page.evaluate(focused).startswith("centres at 6–13% from the left, 0–6% from")
    stops = "all => all.filter(one => one.tabIndex === 0).length"
    assert shown.page.eval_on_selector_all(".heat button", stops) == 1
    shown.page.keyboard.press("Home")
    shown.page.keyboard.press("Enter")
    assert shown.names() == ["a.jpg", "b.jpg", "e.jpg"]


def test_advice_is_that_of_stats(show: Show, page: Path) -> None:
    shown = overview(show, page)
    expected = [one.text for one in stats(page.parent / "data").advice]
    assert expected
    assert shown.page.locator(".advice li > p").all_inner_texts() == expected
    shown.page.locator(".advice .chip", has_text="bird").click()
    assert shown.names() == ["e.jpg"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_charts_on_a_narrow_screen(show: Show, page: Path, theme: str) -> None:
    shown = overview(show, page, size=NARROW, theme=theme)
    assert not shown.page.evaluate("document.documentElement.scrollWidth > innerWidth")
    for box in shown.page.locator(".chart").all():
        found = box.bounding_box()
        assert found["x"] >= 0
        assert found["x"] + found["width"] <= 400
    nameless = "all => all.filter(e => !e.ariaLabel && !e.textContent.trim()).length"
    assert shown.page.eval_on_selector_all("#overview button", nameless) == 0


def test_many_sizes_are_shown_by_their_longest_side(show: Show, tmp_path: Path) -> None:
    for at in range(13):
        size = (60 + 10 * at, 50)
        write(tmp_path / "data" / "Annotations" / f"{at:02}.xml", voc_xml(size=size))
        picture(tmp_path / "data" / "JPEGImages" / f"{at:02}.jpg", size)
    browse(tmp_path / "data", tmp_path / "page")
    shown = overview(show, tmp_path / "page")
    assert "and 3 other sizes, of 3 images" in shown.page.inner_text(".charts")
    found = bars(shown, "Longest sides of images")
    assert sum(found.values()) == 13
    what = next(iter(found))
    assert len(click(shown, "Longest sides of images", what)) == found[what]
    assert not shown.page.locator(".heat").count()  # there are no objects


# What the data are --------------------------------------------------------------------------------


def numbers(page: Path) -> dict[str, Any]:
    found: dict[str, Any] = read(page / "browse" / "data" / "a-stats.js")[1]
    return found


def test_the_numbers_are_those_of_stats(page: Path) -> None:
    report, found = stats(page.parent / "data"), numbers(page)
    assert found["sides"]["counts"] == report.sides.counts
    assert found["aspect_ratios"]["counts"] == report.aspect_ratios.counts
    assert found["positions"] == report.positions
    assert (found["images"], found["objects"]) == (5, 8)
    side = index(page)
    bits = [[number for number in range(24) if mask >> number & 1] for mask in side["sides"]]
    assert {number for one in bits for number in one} == {
        number for number, count in enumerate(report.sides.counts) if count
    }
    assert side["cells"][0] == "0034"


def test_an_image_of_two_splits_counts_once(tmp_path: Path) -> None:
    write(tmp_path / "data" / "Annotations" / "a.xml", voc_xml(voc_object("cat", (1, 2, 9, 9))))
    picture(tmp_path / "data" / "JPEGImages" / "a.jpg")
    for split in ("train", "val"):
        write(tmp_path / "data" / "ImageSets" / "Main" / f"{split}.txt", "a\n")
    browse(tmp_path / "data", tmp_path / "page")
    assert (stats(tmp_path / "data").objects, numbers(tmp_path / "page")["objects"]) == (2, 1)


def test_a_label_that_is_no_class_is_not_measured(tmp_path: Path) -> None:
    square = [[1, 1], [9, 9]]
    held = document(shape("cat", square, "rectangle"), shape("x", square, "rectangle"))
    write(tmp_path / "data" / "a.json", held)
    picture(tmp_path / "data" / "a.jpg")
    options = CheckOptions(drop="x")
    browse(tmp_path / "data", tmp_path / "page", BrowseOptions(check=options))
    assert index(tmp_path / "page")["counts"] == [[0, 1, 1, 1]]
    assert sum(numbers(tmp_path / "page")["sides"]["counts"]) == 1
