"""``browser``: one for all tests; ``show``: opens a page in it, and looks at what it asks for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from browsing import WIDE, Shown, chromium


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
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
