"""A page of 20,000 images: only what is in sight is in the page."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from browsing import Shown, read
from helpers import SQUARE, document, picture, shape, write

from dataforge.pages import write_script
from dataforge.verbs.browse import browse

MANY = 20_000
AT_ONCE = 300
"""Thumbnails in the page, at most."""


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page whose index lists each of 50 images 400 times."""
    folder = tmp_path_factory.mktemp("many")
    for at in range(50):
        shapes = [shape(f"class {at % 7}", SQUARE)] * (at % 9)
        write(folder / "data" / f"{at:02}.json", document(*shapes, image=f"{at:02}.jpg"))
        picture(folder / "data" / f"{at:02}.jpg", (64, 40 + at))
    browse(folder / "data", folder / "page")
    path = folder / "page" / "browse" / "data" / "index.js"
    (index,) = read(path)
    (side,) = index["sides"]
    times = MANY // 50
    ((chunk, _),) = side["chunks"]
    side["chunks"] = [[chunk, 50 * at] for at in range(times)]
    for key in ("name", "width", "height", "split", "counts", "sizes", "code", "shown",
                "sides", "ratios", "cells"):  # fmt: skip
        side[key] = side[key] * times
    side["name"] = [f"{at:05}.jpg" for at in range(MANY)]
    write_script(path, "index", index)
    return folder / "page"


def test_it_is_there_at_once(show: Callable[..., Shown], many: Path) -> None:
    began = time.process_time()
    shown = show(many)
    took = shown.page.evaluate("performance.now()") / 1000
    assert took < 3 * 10  # of an idle machine 3, at most; tests run on busy ones
    assert time.process_time() - began < 10
    assert shown.status() == "20,000 images"
    assert 0 < shown.page.evaluate("document.images.length") < AT_ONCE


def test_scrolling_keeps_few_thumbnails(show: Callable[..., Shown], many: Path) -> None:
    shown = show(many)
    for part in (0.2, 0.9, 0.5, 1):
        shown.page.evaluate(
            f"e = document.getElementById('images'); e.scrollTop = e.scrollHeight * {part}"
        )
        shown.page.wait_for_timeout(150)
        assert 0 < shown.page.evaluate("document.images.length") < AT_ONCE
    assert shown.names()[-1] == "19999.jpg"
    shown.page.keyboard.press("Home")
    shown.page.locator(".picture").first.focus()
    shown.page.keyboard.press("Home")
    shown.page.wait_for_timeout(150)
    assert shown.names()[0] == "00000.jpg"
    shown.page.keyboard.press("End")
    shown.page.wait_for_timeout(150)
    assert shown.names()[-1] == "19999.jpg"
    assert shown.page.evaluate("document.images.length") < AT_ONCE


def test_filters_and_search_find_them(show: Callable[..., Shown], many: Path) -> None:
    shown = show(many)
    shown.page.fill("#search", "1234")
    assert shown.status() == "12 of 20,000 images"
    assert shown.names()[:2] == ["01234.jpg", "11234.jpg"]
    shown.page.fill("#search", "")
    shown.page.select_option("#sort", "objects")
    shown.page.locator("#side .choice", has_text="class 3").locator("input").check()
    assert shown.status().endswith(" of 20,000 images")


def test_charts_count_all_of_them(show: Callable[..., Shown], many: Path) -> None:
    began = time.process_time()
    shown = show(many, "#tab=overview")
    shown.page.wait_for_selector(".charts[data-loaded]")
    shown.page.locator(".lines button").first.click()
    assert time.process_time() - began < 3
    assert shown.status() == "400 of 20,000 images"
    shown.page.go_back()
    shown.page.locator(".columns button").first.click()
    expected = 400 * sum(at % 9 == 0 for at in range(50))
    assert shown.status() == f"{expected:,} of 20,000 images"
    assert shown.page.evaluate("document.images.length") < AT_ONCE
