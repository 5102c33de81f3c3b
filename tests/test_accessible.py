"""What axe-core finds in the pages: labels, contrast, focus, sizes of what is pressed."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from browsing import NARROW, WIDE, Shown
from helpers import SAMPLE, document, picture, shape, write

from dataforge.verbs.browse import BrowseOptions, browse
from dataforge.verbs.evaluate import (
    Detected,
    Loss,
    Marked,
    Material,
    Page,
    Pictured,
    SplitCounts,
    Verdict,
    evaluate_material,
    write_page,
)

Show = Callable[..., Shown]
AXE = find_spec("axe_playwright_python")
SIZES = pytest.mark.parametrize(("theme", "size"), [("light", WIDE), ("dark", NARROW)])
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def wrong(shown: Shown) -> list[str]:
    """What axe-core says is wrong with what a page shows."""
    if AXE is None or AXE.origin is None:
        pytest.skip("needs axe-playwright-python")
    shown.page.wait_for_timeout(300)  # what is faded in has its contrast then
    said = [*shown.said]
    shown.page.evaluate((Path(AXE.origin).parent / "axe.min.js").read_text("utf-8"))
    found: dict[str, Any] = shown.page.evaluate("rules => axe.run({ runOnly: rules })", RULES)
    assert found["passes"]
    shown.said[:] = said  # the page refuses styles of axe-core
    return [
        f"{one['id']}: {node['html'][:200]}" for one in found["violations"] for node in one["nodes"]
    ]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page that compares two datasets with findings."""
    folder = tmp_path_factory.mktemp("accessible")
    picture(folder / "other/camera_a/a_0001.jpg", (320, 240))
    square = [[9, 9], [60, 9], [60, 60], [9, 60]]
    write(folder / "other/camera_a/a_0001.json", document(shape("face", square)))
    options = BrowseOptions(compare=str(folder / "other"))
    browse(SAMPLE / "humanparts", folder / "page")
    browse(SAMPLE / "labelme", folder / "compared", options)
    return folder


@SIZES
@pytest.mark.parametrize("view", ["", "#tab=findings", "#tab=overview"])
def test_browse(dataset: Path, show: Show, view: str, theme: str, size: tuple[int, int]) -> None:
    shown = show(dataset / "page", view, size=size, theme=theme)
    if "overview" in view:
        shown.page.wait_for_selector(".charts[data-loaded]")
    assert wrong(shown) == []


@SIZES
@pytest.mark.parametrize("name", ["page", "compared"])
def test_an_image(dataset: Path, show: Show, name: str, theme: str, size: tuple[int, int]) -> None:
    shown = show(dataset / name, size=size, theme=theme)
    shown.open()
    assert wrong(shown) == []


def test_the_filters_of_a_narrow_screen(dataset: Path, show: Show) -> None:
    shown = show(dataset / "page", size=NARROW)
    shown.page.click("#show-filters")
    assert wrong(shown) == []


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with every section that an evaluation, and the proof of a detector, have."""
    folder = tmp_path_factory.mktemp("report")
    box = (10.0, 10.0, 40.0, 40.0)
    material = Material(
        classes=["cat", "dog"],
        images=[Pictured(f"{at}.jpg", None, 60, 60) for at in range(2)],
        marked=[[Marked(0, box, 900.0)], [Marked(1, box, 900.0)]],
        found=[[Detected(0, 0.9, box), Detected(0, 0.8, (0, 0, 9, 9))], [Detected(0, 0.7, box)]],
    )
    page = Page(
        title="cats and dogs", verb="smoke", verdict=Verdict("proved", "good", "It was.", ["why"]),
        facts=[("Config", "train.py")], notes=["a note"], cannot_see=["wrong labels"],
        loss=Loss(losses=[2.0, 1.0, 0.5], ap50=[(2, 0.5), (3, 0.9)], target=0.9, about="Eight."),
        counts=[SplitCounts("train", 2, 1, [1, 1], [1, 0])], dropped=["a dog"],
        findings=[("warning", "zero-area", "a dog"), ("error", "x", "y"), ("note", "x", "y")],
    )  # fmt: skip
    write_page(folder, page, material, evaluate_material(material, ["it"]), force=False)
    return folder


@SIZES
def test_a_report(report: Path, show: Show, theme: str, size: tuple[int, int]) -> None:
    shown = show(report, size=size, theme=theme)
    assert wrong(shown) == []
    shown.page.locator(".pair").first.click()
    assert wrong(shown) == []
