"""dataforge, other tools and floors on the same files, in turn, in one process each."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

import contenders
import data
from contenders import DATAFORGE, Contender
from measure import Run, run_code
from results import Figure, Part, number


@dataclass
class Setting:
    """How the benchmarks run.

    Attributes:
        work: folder for datasets and outputs.
        quick: few files, few rounds.
        scale: numbers of files are divided by this.
        rounds: how often each is run; 0 for the usual number.
        python: that has dataforge and the peers.
        mmdet: that has mmdetection, or empty.
    """

    work: Path
    quick: bool
    scale: int
    rounds: int
    python: str
    mmdet: str
    made: dict[str, Path] = field(default_factory=dict)

    def files(self, full: int) -> int:
        """A number of files, in proportion."""
        return max(full // self.scale, 2)

    def times(self, full: int) -> int:
        return self.rounds or (2 if self.quick else full)

    def dataset(self, name: str, make: Callable[[Path], Path]) -> Path:
        """A dataset that is made once."""
        if name not in self.made:
            self.made[name] = make(self.work / "data" / name)
        return self.made[name]

    def drop(self, name: str) -> None:
        """Remove a large dataset."""
        shutil.rmtree(self.made.pop(name), ignore_errors=True)

    def out(self, name: str) -> Path:
        """A place where nothing is."""
        folder = self.work / "out"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder / name


@dataclass(frozen=True)
class Task:
    """A comparison.

    Attributes:
        name, title: see `results.Part`.
        unit: what the title counts.
        images, annotations: of the dataset in full; annotations of each image.
        make: makes a dataset of so many images.
        contenders: dataforge first.
        aims: contender -> (`peer`: least ratio of its time to dataforge's; floor: least share).
        out: name of the output.
        rounds: in full.
    """

    name: str
    title: str
    images: int
    each: float
    make: Callable[[Path, int], Path]
    contenders: Sequence[Contender]
    aims: dict[str, float]
    out: str = "out.json"
    rounds: int = 5

    def run(self, setting: Setting) -> Part:
        """All contenders in turn, round by round."""
        images = setting.files(self.images)
        sources = {}
        for share in {1, *(one.share for one in self.contenders)}:
            few = max(images // share, 2)
            sources[share] = setting.dataset(
                f"{self.name}-{few}", lambda path, few=few: self.make(path, few)
            )
        tiny = setting.dataset(f"{self.name}-tiny", lambda path: self.make(path, 2))
        runs: dict[str, list[Run]] = {one.name: [] for one in self.contenders}
        counts: dict[str, tuple[int, int] | None] = {}
        for _ in range(setting.times(self.rounds)):
            for one in self.contenders:
                known = runs[one.name]
                if known and known[-1].problem:
                    continue
                python = setting.mmdet if one.python else setting.python
                if not python:
                    known.append(Run(problem="not installed (mmdet; see --mmdet)"))
                    continue
                out = setting.out(self.out)
                run = run_code(python, one.code, sources[one.share], tiny, out)
                known.append(run)
                if one.kind != "floor" and not run.problem and one.name not in counts:
                    counts[one.name] = run.counts or counted(out)
        size = annotation_bytes(sources[1]) / images
        return self._part(images, size, runs, counts)

    def _part(
        self,
        images: int,
        size: float,
        runs: dict[str, list[Run]],
        counts: dict[str, tuple[int, int] | None],
    ) -> Part:
        annotations = round(images * self.each)
        title = f"{self.title}: {images:,} images, {annotations:,} annotations"
        part = Part(self.name, title, list(COLUMNS))
        own = runs[DATAFORGE]
        expected = counts.get(DATAFORGE)
        for one in self.contenders:
            found = runs[one.name]
            if found[-1].problem:
                part.rows.append([one.name, *["-"] * (len(COLUMNS) - 2), found[-1].problem])
                continue
            few = max(images // one.share, 2)
            ratio = ratios(found, own, images / few)
            shown = number(median(run.start + run.work for run in found))
            rate = few / median(run.work for run in found)
            part.bars.append([one.name, one.kind, rate])
            part.rows.append(
                [
                    one.name + (f" ({few:,} images)" if one.share > 1 else ""),
                    f"{number(median(run.work for run in found))} s",
                    f"{shown} s",
                    f"{median(run.start / (run.start + run.work) for run in found):.0%}",
                    f"{median(run.peak for run in found):,.0f} MB",
                    f"{number(rate)}/s",
                    "1" if one.kind == "dataforge" else number(ratio),
                    _agreement(one, counts.get(one.name), expected, few / images),
                ]
            )
            part.figures += self._figure(one, found, own, ratio, images / few)
        for name in self.aims:
            if runs[name][-1].problem:
                part.figures.append(Figure(f"{self.title}, {name}", None, note="see the table"))
        if not own[-1].problem:
            seconds = median(run.work for run in own)
            part.rates = {"images_per_core_second": images / seconds, "bytes_per_image": size}
        return part

    def _figure(
        self, one: Contender, found: list[Run], own: list[Run], ratio: float, scaled: float
    ) -> list[Figure]:
        aim = self.aims.get(one.name)
        if one.kind == "dataforge" or own[-1].problem:
            return []
        if one.kind == "floor":
            target = f">= {aim * 100:g}" if aim else ""
            what = f"{self.title}: share of the rate of {one.name}"
            return [Figure(what, 100 * ratio, "%", target)] if aim else []
        whole = median(
            (run.start + run.work * scaled) / (mine.start + mine.work)
            for run, mine in zip(found, own, strict=True)
        )
        note = f"{number(whole)} x as whole processes"
        target = f">= {aim:g}" if aim else ""
        return [Figure(f"{self.title}: time of {one.name} / dataforge", ratio, "x", target, note)]


COLUMNS = (
    "on one core",
    "processor time",
    "whole process",
    "start, imports",
    "peak memory",
    "images",
    "time / dataforge",
    "counts",
)


def ratios(found: list[Run], own: list[Run], scaled: float = 1) -> float:
    """Median of the ratios of processor time, round by round."""
    if own[-1].problem:
        return float("nan")
    return median(
        scaled * run.work / max(mine.work, 1e-3) for run, mine in zip(found, own, strict=True)
    )


def _agreement(
    one: Contender,
    counts: tuple[int, int] | None,
    expected: tuple[int, int] | None,
    share: float,
) -> str:
    if one.kind == "floor":
        return ""
    if counts is None or expected is None:
        return "nothing written"
    if counts == expected:
        return "equal" if one.kind != "dataforge" else f"{counts[0]:,}, {counts[1]:,}"
    if share < 1 and counts[0] == round(expected[0] * share):
        return "a part of the images"
    return f"DIFFER: {counts[0]:,}, {counts[1]:,}"


def annotation_bytes(folder: Path) -> int:
    """Of all files but images."""
    return sum(
        path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".jpg"
    )


def counted(out: Path) -> tuple[int, int] | None:
    """(images, annotations) of what was written: COCO files, or YOLO's rows."""
    folder = out.with_suffix("") if out.suffix else out
    documents = [out] if out.is_file() else sorted(folder.rglob("*.json"))
    if documents:
        found = [_keys(path) for path in documents]
        return sum(images for images, _ in found), sum(annotations for _, annotations in found)
    rows = [path for path in folder.rglob("*.txt") if path.stem.isdigit()]
    if not rows:
        return None
    return len(rows), sum(len(path.read_bytes().splitlines()) for path in rows)


def _keys(path: Path) -> tuple[int, int]:
    """How often a COCO file has an image's key, and an annotation's; read block by block, as what
    this process takes would count for those that it starts."""
    images = annotations = 0
    rest = b""
    with path.open("rb") as stream:
        while block := stream.read(2**20):
            text = rest + block
            end = len(text) - len(b'"file_name":')
            images += len(re.findall(rb'"file_name"', text[: end + 10]))
            annotations += len(re.findall(rb'"image_id"', text[: end + 10]))
            rest = text[end:]
    return images, annotations


def _coco(path: Path, images: int) -> Path:
    return data.coco(path, images, round(images * 860 / 120))


TASKS = (
    Task(
        "labelme",
        "labelme to COCO",
        2000,
        10,
        data.labelme,
        contenders.LABELME,
        {
            "labelme2coco": 5,
            "globox, boxes of polygons": 3,
            "orjson alone": 0.25,
        },
    ),
    Task(
        "imagedata",
        "labelme with 300 KB of imageData to COCO",
        500,
        10,
        partial(data.labelme, image_data=300_000),
        contenders.IMAGE_DATA,
        {},
    ),
    Task(
        "voc",
        "VOC to COCO",
        4004,
        13,
        data.voc,
        contenders.VOC,
        {"globox": 3, "lxml alone": 0.4},
    ),
    Task(
        "coco2yolo",
        "COCO to YOLO",
        20_000,
        7,
        lambda path, images: data.coco(path, images, images * 7),
        contenders.COCO2YOLO,
        {"labelformat": 3},
        out="out",
        rounds=3,
    ),
    Task(
        "yolo2coco",
        "YOLO to COCO",
        20_000,
        7,
        data.yolo,
        contenders.YOLO2COCO,
        {"labelformat": 3},
        rounds=3,
    ),
    Task(
        "coco20k",
        "COCO read and written",
        20_000,
        7,
        lambda path, images: data.coco(path, images, images * 7),
        contenders.COCO,
        {},
        rounds=3,
    ),
    Task(
        "coco120k",
        "COCO of the size of train2017 read and written",
        120_000,
        860 / 120,
        _coco,
        contenders.COCO,
        {"pycocotools, loading": 1},
        rounds=3,
    ),
)
