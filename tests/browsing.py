"""A real browser that opens pages from disk, and what is looked at in them."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
_QUIET = (
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
WIDE = (1200, 800)
NARROW = (400, 800)


def read(path: Path) -> list[Any]:
    """The values that a script of data passes on."""
    text = path.read_text("utf-8")
    return list(json.loads(f"[{text[text.index('(') + 1 : text.rindex(')')]}]"))


def index(page: Path) -> dict[str, Any]:
    """The first dataset of a page."""
    side: dict[str, Any] = read(page / "browse" / "data" / "index.js")[0]["sides"][0]
    return side


@contextmanager
def chromium() -> Iterator[Any]:
    """The browser, with a new profile; the test is skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("needs chromium")
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=[*_QUIET, *as_root])
        try:
            yield browser
        finally:
            browser.close()


class Shown:
    """A page that is open.

    Attributes:
        page: of Playwright.
        said: errors and warnings of its console.
        asked: addresses that it asked for.
    """

    def __init__(
        self, browser: Any, folder: Path, hash_: str, size: tuple[int, int], theme: str
    ) -> None:
        self.context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=theme
        )
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda one: self.said.append(f"{one.type}: {one.text}"))
        self.page.on("pageerror", lambda one: self.said.append(str(one)))
        self.page.on("request", lambda one: self.asked.append(one.url))
        page = folder if folder.suffix == ".html" else folder / "index.html"
        self.page.goto(f"{page.absolute().as_uri()}{hash_}")
        self.page.wait_for_selector("html[data-ready]")

    def names(self) -> list[str]:
        """The images in the grid, by their file names."""
        found: list[str] = self.page.eval_on_selector_all(
            ".tile", "all => all.sort((a, b) => a.ariaPosInSet - b.ariaPosInSet)"
            ".map(one => one.querySelector('.name').textContent)")  # fmt: skip
        return found

    def status(self) -> str:
        """How many images are shown."""
        text: str = self.page.inner_text("#status")
        return text

    def open(self, number: int = 0) -> None:
        """Open an image, and wait until all of it is drawn."""
        self.page.locator(".picture").nth(number).click()
        self.wait_for_stage()

    def wait_for_stage(self) -> None:
        """Wait until the open image is drawn."""
        self.page.wait_for_selector("dialog[open] .stage[data-loaded]")
        self.page.wait_for_selector(".panel section")
        self.page.wait_for_timeout(100)

    def hash(self) -> str:
        """What a link to this view ends with."""
        self.page.wait_for_timeout(250)
        found: str = self.page.evaluate("location.hash")
        return found

    def pixels(self) -> Callable[[float, float], tuple[int, int, int]]:
        """The colour on the screen at (x, y), pixels of the open image."""
        left, top, width, own = self.page.evaluate(
            "() => { const one = document.querySelector('.stage .world');"
            "const box = one.getBoundingClientRect();"
            "return [box.left, box.top, box.width, parseFloat(one.style.width)]; }"
        )
        screen = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        scale = width / own

        def at(x: float, y: float) -> tuple[int, int, int]:
            found = screen.getpixel((round(left + x * scale - 0.5), round(top + y * scale - 0.5)))
            assert isinstance(found, tuple)
            return found

        return at


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One for all tests."""
    with chromium() as found:
        yield found


@pytest.fixture
def show(browser: Any) -> Iterator[Callable[..., Shown]]:
    """Opens a page; at the end no page has complained, or asked for anything but files."""
    opened: list[Shown] = []

    def opener(
        folder: Path, hash_: str = "", size: tuple[int, int] = WIDE, theme: str = "light"
    ) -> Shown:
        opened.append(Shown(browser, folder, hash_, size, theme))
        return opened[-1]

    yield opener
    for shown in opened:
        shown.context.close()
    for shown in opened:
        assert not shown.said
        assert not [url for url in shown.asked if not url.startswith(("file://", "data:"))]
