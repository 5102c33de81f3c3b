"""Draws browse.webp, pages of the sample data: ``uv run python docs/browse_picture.py``.

The machine needs a font with Chinese letters, which one image has in its name.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from browsing import Shown, chromium

from dataforge.verbs.browse import browse

SIZE = (1120, 700)
GAP = 20


def main() -> None:
    """Draw it."""
    sample = HERE.parent / "sample_data"
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        home = Path(folder)
        for name in ("labelme", "humanparts"):
            browse(sample / name, home / name)
        grid = Shown(browser, home / "labelme", "", SIZE, "light")
        image = Shown(browser, home / "labelme", "#labels=1", SIZE, "dark")
        image.open(1)
        found = Shown(browser, home / "humanparts", "#tab=findings", SIZE, "dark")
        charts = Shown(browser, home / "humanparts", "#tab=overview", SIZE, "light")
        charts.page.wait_for_selector(".charts[data-loaded]")
        charts.page.locator(".figures").evaluate("one => one.scrollIntoView()")
        for shown in (grid, image, found, charts):
            shown.page.mouse.move(0, 0)
            shown.page.wait_for_timeout(600)
        shots = [
            Image.open(io.BytesIO(one.page.screenshot())).convert("RGB")
            for one in (grid, image, found, charts)
        ]
    width, height = (2 * side + 3 * GAP for side in SIZE)
    sheet = Image.new("RGB", (width, height), (214, 216, 220))
    for number, shot in enumerate(shots):
        mask = Image.new("L", SIZE)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, SIZE[0] - 1, SIZE[1] - 1), 10, fill=255)
        across, down = number % 2, number // 2
        sheet.paste(shot, (GAP + across * (SIZE[0] + GAP), GAP + down * (SIZE[1] + GAP)), mask)
    sheet = sheet.resize((1520, round(1520 * height / width)), Image.Resampling.LANCZOS)
    sheet.save(HERE / "browse.webp", quality=80, method=6)


if __name__ == "__main__":
    main()
