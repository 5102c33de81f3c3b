"""The tables and the chart in docs/, made from results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path

from results import Part, number, target

BEGIN, END = "<!-- benchmarks/run.py -->", "<!-- end -->"

IMAGES = 10_000_000
CORES = (1, 16, 128)


def write(parts: Mapping[str, Part], docs: Path) -> None:
    """Write the tables between the marks of speed.md and scale.md, and speed.svg.

    Raises:
        SystemExit: a mark is missing.
    """
    _replace(docs / "speed.md", "\n".join(speed(parts)))
    _replace(docs / "scale.md", "\n".join(scale(parts)))
    (docs / "speed.svg").write_text(chart(parts), "utf-8")


def _replace(path: Path, text: str) -> None:
    content = path.read_text("utf-8")
    if content.count(BEGIN) != 1 or content.count(END) != 1:
        raise SystemExit(f"{path}: expected one {BEGIN} and one {END}")
    before, _, rest = content.partition(BEGIN)
    after = rest.partition(END)[2]
    path.write_text(f"{before}{BEGIN}\n\n{text.strip()}\n\n{END}{after}", "utf-8")


# speed.md ---------------------------------------------------------------------------------------


def speed(parts: Mapping[str, Part]) -> Iterator[str]:
    """All figures with their targets, then a table of each part."""
    figures = [(part, figure) for part in parts.values() for figure in part.figures]
    aims = [(part, figure) for part, figure in figures if figure.target or figure.value is None]
    if not aims:
        yield "Not measured yet."
        return
    places = {f"{part.date}, {part.machine}" for part in parts.values()}
    if len(places) == 1:
        yield f"Measured {places.pop()}."
        yield ""
    yield from _row(["figure", "measured", "target", ""])
    yield from _row(["---", "---:", "---:", "---"])
    words = {True: "met", False: "**missed**", None: ""}
    for _, one in aims:
        measured = "-" if one.value is None else f"{number(one.value)} {one.unit}"
        remark = f"not measured: {one.note}" if one.value is None else words[one.met]
        sign = target(one).strip(" []").replace(">=", "at least").replace("<=", "at most")
        yield from _row([one.what, measured, sign, remark])
    for part in parts.values():
        yield f"\n### {part.title}\n"
        if len(places) > 0:
            yield f"{part.date}, {part.machine}.\n"
        if part.rows:
            yield from _row(part.columns)
            yield from _row(["---"] + ["---:"] * (len(part.columns) - 1))
            for row in part.rows:
                yield from _row(row)


def _row(cells: list[str]) -> Iterator[str]:
    yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


# scale.md ---------------------------------------------------------------------------------------

_KINDS = {
    "labelme": "labelme to COCO, 10 polygons of 20 points",
    "imagedata": "the same with 300 KB of imageData",
    "voc": "VOC to COCO, 13 boxes",
    "yolo2coco": "YOLO to COCO, 7 boxes",
    "coco2yolo": "COCO to YOLO, 7 boxes",
    "coco120k": "COCO read and written, 7 polygons of 20 points",
    "check": "check with images of 640x640, decoded",
}


def scale(parts: Mapping[str, Part]) -> Iterator[str]:
    """The rates that were measured, and what follows for ten million images."""
    rates = {name: parts[name].rates for name in _KINDS if name in parts and parts[name].rates}
    if not rates:
        yield "Not measured yet."
        return
    yield from _row(
        [
            *("", "images a second and core", "MB read for 1,000 images"),
            *("cores that 1 GB/s of storage feeds",),
            *(f"{IMAGES // 10**6} million on {_cores(cores)}" for cores in CORES),
        ]
    )
    yield from _row(["---"] + ["---:"] * (3 + len(CORES)))
    for name, found in rates.items():
        rate, size = found["images_per_core_second"], found.get("bytes_per_image", 0)
        fed = number(1e9 / (rate * size)) if size else "-"
        times = [_time(hours(rate, cores)) for cores in CORES]
        cells = [_KINDS[name], f"{rate:,.0f}", f"{size / 1e3:,.3g}" if size else "-", fed]
        yield from _row([*cells, *times])
    yield ""
    yield from _example(parts, rates)


def hours(rate: float, cores: int) -> float:
    """Of ten million images at so many a second and core."""
    return IMAGES / rate / cores / 3600


def _example(parts: Mapping[str, Part], rates: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    if "labelme" not in rates:
        return
    rate, size = (rates["labelme"][key] for key in ("images_per_core_second", "bytes_per_image"))
    gb = IMAGES * size / 1e9
    whole = hours(rate, 16)
    yield (
        f"**Ten million labelme files**, {size / 1e3:.3g} KB each, are {gb:,.0f} GB. One core does "
        f"{rate:,.0f} a second, so they are {IMAGES / rate:,.0f} core-seconds "
        f"({hours(rate, 1):.2g} core-hours). On 16 cores: {IMAGES:,} / ({rate:,.0f} x 16) = "
        f"{IMAGES / rate / 16:,.0f} s, {_time(whole)}, for which the storage has to deliver "
        f"{gb / (whole * 3600):.2g} GB/s and {16 * rate:,.0f} files a second. At 1 GB/s, reading "
        f"alone takes {_time(gb / 3600)}: more than {1e9 / (rate * size):,.0f} cores then wait."
    )
    memory = parts["memory"].rates if "memory" in parts else {}
    per = memory.get("convert labelme2coco --workers 1: bytes_per_image")
    if per is not None:
        yield ""
        yield (
            f"**Memory.** The process that joins the shards keeps {per:,.0f} bytes for each image "
            f"(its name, size, place and labels), measured between 20,000 and 200,000 files: "
            f"{per * IMAGES / 1e9:.1f} GB for ten million. The workers keep one shard each."
        )


def _time(value: float) -> str:
    """Hours, in words."""
    if value < 1:
        return f"{60 * value:.2g} min" if value * 60 < 99.5 else "1 h"
    return f"{value:.1f} h"


def _cores(cores: int) -> str:
    return "1 core" if cores == 1 else f"{cores} cores"


# speed.svg --------------------------------------------------------------------------------------

_WIDTH, _LEFT, _RIGHT, _BAR, _GAP = 760, 210, 110, 16, 5
_COLOURS = {"dataforge": "#2463a5", "peer": "#b0b7bf", "floor": "#e6e1cf"}


def chart(parts: Mapping[str, Part]) -> str:
    """Images a second on one core, a panel for each comparison."""
    lines: list[str] = []
    y = 30
    for part in parts.values():
        if not part.bars:
            continue
        lines.append(_text(10, y, escape(part.title), "start", "bold"))
        y += 10
        # A floor that reads a hundred times as fast is cut off.
        most = max(rate for _, kind, rate in part.bars if kind != "floor") * 1.6
        for name, kind, rate in part.bars:
            room = _WIDTH - _LEFT - _RIGHT
            width = max(min(rate / most, 1) * room, 1)
            lines.append(_text(_LEFT - 8, y + 13, escape(name), "end"))
            lines.append(
                f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR}" '
                f'fill="{_COLOURS[kind]}"/>'
            )
            beyond = " →" if rate > most else ""
            lines.append(_text(_LEFT + width + 6, y + 13, f"{number(rate)}/s{beyond}", "start"))
            y += _BAR + _GAP
        y += 28
    if not lines:
        lines, y = [_text(10, 20, "Not measured yet.", "start")], 30
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{y}" '
        f'viewBox="0 0 {_WIDTH} {y}" font-family="sans-serif" font-size="12">'
    )
    label = "<title>Images a second on one core: dataforge, other tools, and floors</title>"
    ground = f'<rect width="{_WIDTH}" height="{y}" fill="#ffffff"/>'
    return "\n".join([head, label, ground, *lines, "</svg>", ""])


def _text(x: float, y: float, text: str, anchor: str, weight: str = "normal") -> str:
    return (
        f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}" font-weight="{weight}" '
        f'fill="#222222">{text}</text>'
    )
