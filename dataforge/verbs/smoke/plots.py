"""Pictures of a run; curves need matplotlib, an extra (``pip install dataforge-cv[plots]``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from dataforge.drawing import Drawing, drawable, lettered
from dataforge.io import atomic_write, open_image
from dataforge.records import Box


def loss_curve(
    path: Path, losses: Sequence[float], ap50: Mapping[int, float], target: float, title: str
) -> None:
    """Draw the loss of each iteration and the AP50 of each evaluation into a PNG.

    Args:
        path: of the PNG.
        losses: one for each iteration.
        ap50: iteration (1-based) -> AP50, 0 to 1.
        target: the bar that AP50 was to reach.
        title: above the picture.

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    drawing = Drawing(7, 4)
    (axes,) = drawing.panels(1)
    axes.plot(range(1, len(losses) + 1), losses, color="tab:blue", linewidth=1.2)
    axes.set_xlabel("iteration")
    axes.set_ylabel("loss", color="tab:blue")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    text, font = lettered(title)
    axes.set_title(text, font=font, parse_math=False)
    right = axes.twinx()
    right.plot(list(ap50), list(ap50.values()), "o-", color="tab:red", markersize=4)
    right.axhline(target, color="tab:red", linestyle=":", linewidth=1)
    right.set_ylabel("AP50", color="tab:red")
    right.set_ylim(0, 1.05)
    drawing.save(path)


def contact_sheet(
    path: Path,
    images: Sequence[tuple[Path, Sequence[tuple[int, Box]]]],
    names: Sequence[str],
    colours: Sequence[tuple[int, int, int]],
    columns: int = 4,
    width: int = 400,
) -> None:
    """Draw images with their boxes and class names side by side into a PNG.

    Images that cannot be opened are left out; there is no picture if none can.

    Args:
        path: of the PNG.
        images: (file, [(label, (x0, y0, x1, y1) pixels), ...]).
        names: class names by label.
        colours: RGB by label.
        columns: images in a row.
        width: pixels that an image is scaled to.
    """
    from PIL import Image, ImageDraw, ImageOps

    tiles = []
    for file, boxes in images:
        try:
            with open_image(file) as opened:
                picture = ImageOps.exif_transpose(opened).convert("RGB")
        except Exception:  # noqa: BLE001 Pillow raises anything for a broken file
            continue  # the report names it
        scale = width / picture.width
        tile = picture.resize((width, max(1, round(picture.height * scale))))
        draw = ImageDraw.Draw(tile)
        for label, box in boxes:
            x0, y0, x1, y1 = (value * scale for value in box)
            draw.rectangle((x0, y0, max(x0, x1), max(y0, y1)), outline=colours[label], width=2)
            text, font = drawable(names[label])
            left, top, right, bottom = draw.textbbox((x0 + 2, y0 + 1), text, font=font)
            draw.rectangle((left - 1, top - 1, right + 1, bottom + 1), fill=colours[label])
            draw.text((x0 + 2, y0 + 1), text, fill="white", font=font)
        tiles.append(tile)
    if not tiles:
        return
    rows = [tiles[i : i + columns] for i in range(0, len(tiles), columns)]
    heights = [max(tile.height for tile in row) for row in rows]
    sheet = Image.new("RGB", (width * min(columns, len(tiles)), sum(heights)), "white")
    top_edge = 0
    for row, height in zip(rows, heights, strict=True):
        for column, tile in enumerate(row):
            sheet.paste(tile, (column * width, top_edge))
        top_edge += height
    with atomic_write(path) as stream:
        sheet.save(stream, "PNG")
