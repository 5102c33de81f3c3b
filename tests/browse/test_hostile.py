"""Whatever a dataset holds is text on the page: nothing of it is run, or leads anywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from browsing import Shown
from helpers import SQUARE, document, picture, shape, write

from dataforge.io import asset
from dataforge.pages import copy_page, script
from dataforge.verbs.browse import BrowseOptions, browse

MARKS = (
    "<script>window.hit=1</script>", "</script><script>window.hit=1</script>",
    "<img src=x onerror=hit=1>", "\"'><svg onload=hit=1>", "' onmouseover='hit=1",
    "javascript:hit=1", "<!--<script>", "{{1+1}}${hit=1}", "\u202egpj.exe", "\u2066x\u2069",
    "a\nb\r\tc", "a\u2028b\u2029c", "\x1b[31mred\x07", "&lt;b&gt;&amp;", "עִבְרִית", "人物 👩\u200d🚒",
    "%2e%2e%2f%00#?a=b&c", "L" * 500, "__proto__", "constructor", "\\u003cb\\", "",
)  # fmt: skip


def hostile(folder: Path) -> Path:
    """An image for each mark, which has it in its name, its label and what is said of it."""
    for number, mark in enumerate(MARKS):
        name = mark.replace("/", "-")[:60].encode()[:180].decode(errors="ignore") + f"-{number}"
        flat = shape(mark or "x", [[1, 1], [1, 1]], "rectangle")
        image = f"{name}.jpg"
        held = document(shape(mark or "x", SQUARE), flat, image=image, description=mark)
        write(folder / f"{name}.json", held)
        picture(folder / image)
    write(folder / f"{MARKS[0].replace('/', '-')}.json", '{"shapes": [' + json.dumps(MARKS[1]))
    return folder


def test_names_labels_and_messages_are_text(show: Callable[..., Shown], tmp_path: Path) -> None:
    data = hostile(tmp_path / "<script>window.hit=1<.script>\u202e")
    report = browse(data, tmp_path / "page '\"<b>&#?%", BrowseOptions(compare=str(data)))
    assert report.images == len(MARKS)
    shown = show(tmp_path / "page '\"<b>&#?%")
    assert shown.status() == f"{len(MARKS)} images"
    classes = (
        shown.page.locator("#side fieldset", has_text="Classes").locator(".name").all_inner_texts()
    )
    assert "<img src=x onerror=hit=1>" in classes
    assert "\\u202egpj.exe" in classes
    assert "עִבְרִית" in classes
    assert not [one for one in classes if re.search(r"[\x00-\x1f\u202a-\u202e\u2066-\u2069]", one)]
    for at in range(len(MARKS)):
        shown.open(at) if at == 0 else shown.page.keyboard.press("ArrowRight")
        shown.page.wait_for_selector(".panel .object")
        shown.page.wait_for_timeout(30)
    assert shown.page.inner_text(".position") == f"{len(MARKS)} / {len(MARKS)}"
    shown.page.keyboard.press("Escape")
    shown.page.click("#tab-findings")
    shown.page.wait_for_selector(".card")
    assert "<script>window.hit=1<-script>.json" in shown.page.inner_text("#findings")
    shown.page.click("#tab-overview")
    shown.page.wait_for_selector(".charts[data-loaded] >> nth=1")
    assert "<img src=x" in shown.page.locator(".together").first.inner_text()
    assert shown.page.evaluate("typeof window.hit") == "undefined"
    own = set(
        shown.page.eval_on_selector_all("script", "all => all.map(e => e.getAttribute('src'))")
    )
    assert all(name and name.startswith("browse/") for name in own)
    assert (
        shown.page.locator("body img[onerror], body svg[onload], body [onmouseover]").count() == 0
    )
    assert not shown.page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_every_image_of_any_name_is_loaded(show: Callable[..., Shown], tmp_path: Path) -> None:
    browse(hostile(tmp_path / "data#1?%20"), tmp_path / "page")
    shown = show(tmp_path / "page")
    for at in range(len(MARKS)):
        shown.open(at) if at == 0 else shown.page.keyboard.press("ArrowRight")
        shown.page.wait_for_selector(".stage[data-loaded=full]")


def test_any_link_is_survived(show: Callable[..., Shown], tmp_path: Path) -> None:
    browse(hostile(tmp_path / "data"), tmp_path / "page")
    for link in (
        "#image=nothing", "#tab=x&sort=y&tile=abc&view=1,2&finding=x", "#class=%3Cb%3E&q=%00%ff",
        "#objects=9-1", "#image=%E0%A4%A", "#view=NaN,1,1e999&image=x", "#" + "a=" * 2000,
    ):  # fmt: skip
        shown = show(tmp_path / "page", link)
        assert shown.page.inner_text("#status").endswith("images")


@pytest.mark.parametrize("verb", ["browse", "evaluate"])
def test_a_page_says_what_it_may_load(tmp_path: Path, verb: str) -> None:
    copy_page(asset("verbs", verb, "page"), tmp_path, "data")
    text = (tmp_path / "index.html").read_text("utf-8")
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    assert policy.split("; ") == [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:",
        "base-uri 'none'", "form-action 'none'",
    ]  # fmt: skip
    for path in [tmp_path / "index.html", *(tmp_path / "data" / "app").iterdir()]:
        code = path.read_text("utf-8")
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function", code
        )
        assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", code)
        assert len(code.splitlines()) <= 400


def test_scripts_hold_data_alone() -> None:
    made = script("index", {"<": "</script>\u2028\u2029<!--", "caf\udce9": ["\ud800"]}).decode()
    assert "<" not in made
    assert not re.search("[\u2028\u2029]", made)
    given = made.removeprefix("dataforge.index(").removesuffix(");\n")
    assert json.loads(given) == {"<": "</script>\u2028\u2029<!--", "caf\\udce9": ["\\ud800"]}
