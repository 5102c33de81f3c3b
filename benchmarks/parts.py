"""What is measured of dataforge itself: check, workers, start-up, memory, growth."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median

import data
from compare import Setting
from measure import ENVIRONMENT, Cost, Run, run, run_code
from results import Figure, Part, number

# check ------------------------------------------------------------------------------------------

_CONVERT = """
from dataforge.verbs.convert import Job, convert
def run(source, out):
    job = Job(source=source, out=out, reads="{reads}", writes="coco", workers={workers})
    assert not convert(job).lost
"""

_CHECK = """
from dataforge.verbs.check import CheckOptions, check
def run(source, out):
    options = CheckOptions(images={images}, pixels={pixels}, workers={workers})
    assert check(source, options).images
"""

_HEADERS = """
from dataforge.io import Root, is_image
def run(source, out):
    root = Root(source)
    for name in filter(is_image, root.files()):
        root.image_header(name)
"""

_DECODED = """
import glob
from PIL import Image
def run(source, out):
    for path in glob.glob(source + "/*.jpg"):
        with open(path, "rb") as stream, Image.open(stream) as image:
            image.draft("L", (32, 32))
            image.convert("L").resize((32, 32), Image.Resampling.BOX)
"""


def check(setting: Setting) -> Part:
    """`check` against converting the same files, and against reading their images."""
    images = setting.files(5000)
    title = f"check: {images:,} labelme files, distinct images of 640x640"
    part = Part("check", title, ["on one core", "processor time", "time / converting"])

    def make(path: Path, number: int) -> Path:
        return data.labelme(path, number, distinct=640)

    files = setting.dataset(f"distinct-{images}", lambda path: make(path, images))
    tiny = setting.dataset("distinct-tiny", lambda path: make(path, 2))
    contenders = {
        "convert": _CONVERT.format(reads="labelme", workers=1),
        "check --no-images": _CHECK.format(images=False, pixels=False, workers=1),
        "check --no-pixels": _CHECK.format(images=True, pixels=False, workers=1),
        "check": _CHECK.format(images=True, pixels=True, workers=1),
        "headers read, alone": _HEADERS,
        "images decoded, alone": _DECODED,
    }
    runs: dict[str, list[Run]] = {name: [] for name in contenders}
    for _ in range(setting.times(5)):
        for name, code in contenders.items():
            out = setting.out("out.json")
            runs[name].append(run_code(setting.python, code, files, tiny, out))
    if problem := _problem(runs.values()):
        part.figures.append(Figure("check --no-images / convert", None, note=problem))
        return part
    for name, found in runs.items():
        ratio = median(a.work / b.work for a, b in zip(found, runs["convert"], strict=True))
        part.rows.append([name, f"{number(median(a.work for a in found))} s", number(ratio)])
        if name == "check --no-images":
            part.figures.append(Figure("check --no-images / convert", ratio, "x", "<= 1.5"))
    added = [
        (headers.work + decoded.work) / max(whole.work - without.work, 1e-3)
        for whole, without, headers, decoded in zip(
            runs["check"],
            runs["check --no-images"],
            runs["headers read, alone"],
            runs["images decoded, alone"],
            strict=True,
        )
    ]
    what = "of what images add to check: reading and decoding them"
    part.figures.append(Figure(what, 100 * median(added), "%", ">= 67"))
    seconds = median(one.work for one in runs["check"])
    size = sum(path.stat().st_size for path in files.iterdir()) / images
    part.rates = {"images_per_core_second": images / seconds, "bytes_per_image": size}
    return part


def _problem(runs: Iterable[Sequence[Run]]) -> str:
    """What went wrong first, or empty."""
    return next((one.problem for found in runs for one in found if one.problem), "")


# Workers ----------------------------------------------------------------------------------------


_UNRELATED = """
import os
def load():
    found = {{}}
    for number in range(3_000_000):
        found[number % 1000] = str(number)
def run(source, out):
    if {workers} == 2 and not os.fork():
        load()
        os._exit(0)
    load()
    os.wait() if {workers} == 2 else load()
"""


def workers(setting: Setting) -> Part:
    """Two workers against one: seconds of wall time, on a machine that does nothing else.

    What two processes of Python can do that share nothing is measured in the same rounds. Cores
    that are two threads of one core, or that are lent to others, do less than twice the work.
    """
    part = Part("workers", "One and two workers", ["", "1 worker", "2 workers", "gain"])
    few, many = setting.files(5000), setting.files(20_000)
    few_files = setting.dataset(f"distinct-{few}", lambda p: data.labelme(p, few, distinct=640))
    many_files = setting.dataset(f"labelme-{many}", lambda path: data.labelme(path, many))
    xml = setting.dataset(f"voc-{few}", lambda path: data.voc(path, few))
    tiny = setting.dataset("labelme-tiny", lambda path: data.labelme(path, 2))
    tiny_xml = setting.dataset("voc-tiny", lambda path: data.voc(path, 2))
    cases = (
        ("two processes that share nothing", _UNRELATED, "", few_files, tiny, ""),
        (f"convert, {few:,} labelme files", _CONVERT, "labelme", few_files, tiny, ">= 1.7"),
        (f"convert, {many:,} labelme files", _CONVERT, "labelme", many_files, tiny, ">= 1.7"),
        (f"convert, {few:,} VOC files", _CONVERT, "voc", xml, tiny_xml, ">= 1.7"),
        (f"check --no-images, {many:,} labelme files", _CHECK, "False", many_files, tiny, ">= 1.7"),
        (f"check with images, {few:,}", _CHECK, "True", few_files, tiny, ">= 1.7"),
    )
    runs_of: list[dict[int, list[Run]]] = [{1: [], 2: []} for _ in cases]
    for _ in range(setting.times(5)):
        for runs, (_, code, what, source, small, _) in zip(runs_of, cases, strict=True):
            for workers_used, found in runs.items():
                text = code.format(reads=what, images=what, pixels=what, workers=workers_used)
                out = setting.out("out.json")
                found.append(run_code(setting.python, text, source, small, out))
    for runs, (name, *_, target) in zip(runs_of, cases, strict=True):
        if problem := _problem(runs.values()):
            part.rows.append([name, "-", "-", problem])
            part.figures.append(Figure(f"two workers, {name}", None, note=problem))
            continue
        gain = median(one.wall / two.wall for one, two in zip(runs[1], runs[2], strict=True))
        walls = [f"{number(median(run.wall for run in found))} s" for found in runs.values()]
        part.rows.append([name, *walls, f"{number(gain)} x"])
        part.figures.append(Figure(f"two workers, {name}" if target else name, gain, "x", target))
    return part


# Start-up ---------------------------------------------------------------------------------------


def startup(setting: Setting) -> Part:
    """Wall time of what a person waits for at the prompt."""
    part = Part("startup", "Start-up", ["", "median", "least"])
    files = setting.dataset("labelme-10", lambda path: data.labelme(path, 10))
    imported = "import time\nt = time.perf_counter()\nimport dataforge\n"
    imported += "print(time.perf_counter() - t)"
    python = setting.python
    cases: tuple[tuple[str, float, Callable[[], list[str]]], ...] = (
        ("Python alone", 0, lambda: [python, "-c", ""]),
        ("import dataforge, without Python's start", 30, lambda: [python, "-c", imported]),
        ("dataforge --help", 150, lambda: [python, "-m", "dataforge", "--help"]),
        (
            "dataforge convert, ten labelme files",
            300,
            lambda: [
                *(python, "-m", "dataforge", "convert", "labelme2coco"),
                *(str(files), str(setting.out("out.json"))),
            ],
        ),
    )
    times: dict[str, list[float]] = {name: [] for name, _, _ in cases}
    for _ in range(setting.times(15) + 1):
        for name, _, command in cases:
            cost = run(command(), ENVIRONMENT)
            seconds = float(cost.output) if name.startswith("import") else cost.wall
            times[name].append(1000 * seconds)
    for name, bound, _ in cases:
        found = times[name][1:]  # the first writes bytecode
        part.rows.append([name, f"{median(found):.0f} ms", f"{min(found):.0f} ms"])
        if bound:
            part.figures.append(Figure(name, median(found), "ms", f"<= {bound:g}"))
    return part


# Memory, and growth -----------------------------------------------------------------------------


def memory(setting: Setting) -> Part:
    """Peak memory of many files against that of a tenth of them, and of a large COCO file."""
    columns = ["", "images", "peak", "processor time", "wall time"]
    part = Part("memory", "Memory and growth, whole commands", columns)
    few, many = setting.files(20_000), setting.files(200_000)

    def labelme(path: Path, number: int) -> Path:
        return data.labelme(path, number, indent=None, digits=1)

    def voc(path: Path, number: int) -> Path:
        return data.voc(path, number, objects=5)

    cases = [
        ("convert labelme2coco", labelme, ("--workers", "1")),
        ("convert labelme2coco", labelme, ("--workers", "2")),
        ("convert voc2coco", voc, ("--workers", "1")),
        ("convert voc2coco", voc, ("--workers", "2")),
        ("register", voc, ()),
    ]
    for what, make, more in cases:
        costs = []
        name = " ".join((what, *more))
        for images in (few, many):
            source = setting.dataset(
                f"{make.__name__}-small-{images}",
                lambda path, make=make, images=images: make(path, images),
            )
            costs.append(run(_command(setting, what, source, more), ENVIRONMENT))
            part.rows.append(_row(name, images, costs[-1]))
            if costs[-1].code:
                break
        part.figures += _grown(name, few, many, costs)
        if len(costs) == 2 and not costs[1].code:
            per = (costs[1].peak - costs[0].peak) * 1e6 / (many - few)
            part.rates[f"{name}: bytes_per_image"] = max(per, 0)
            part.rates[f"{name}: images_per_core_second"] = many / costs[1].cpu
        if what.endswith("2coco") and more[-1] == "2" and make is labelme:
            setting.drop(f"labelme-small-{many}")
    setting.drop(f"voc-small-{many}")
    part.figures.append(_large_coco(setting, part))
    return part


def _command(setting: Setting, what: str, source: Path, more: Sequence[str]) -> list[str]:
    dataforge = [setting.python, "-m", "dataforge"]
    out = setting.out("out")
    if what == "register":
        python = environment(setting.work / "environment", setting.python)
        how = ["--root", str(source), "--framework", "torchvision", "--python", python]
        return [*dataforge, "register", f"Bench{source.name}", *how, "--force", "-o", str(out)]
    return [*dataforge, *what.split(), str(source), str(out), *more]


def _row(name: str, images: int, cost: Cost) -> list[str]:
    if cost.code:
        why = (cost.output.strip().splitlines() or [""])[-1][:150]
        return [name, f"{images:,}", "-", "-", f"exit code {cost.code}: {why}"]
    times = (f"{number(cost.cpu)} s", f"{number(cost.wall)} s")
    return [name, f"{images:,}", f"{cost.peak:,.0f} MB", *times]


def _grown(name: str, few: int, many: int, costs: Sequence[Cost]) -> list[Figure]:
    if any(cost.code for cost in costs):
        return [Figure(f"memory, {name}", None, note="it failed")]
    small, large = costs
    times = f"{many:,} / {few:,} files"
    cpu = large.cpu / small.cpu
    return [
        Figure(f"memory, {name}: {times}", large.peak / small.peak, "x", "<= 1.3"),
        Figure(f"memory, {name}: {many:,} files", large.peak, "MB", "<= 300"),
        Figure(f"growth, {name}: processor time of {times}", cpu, "x", "<= 11"),
    ]


def _large_coco(setting: Setting, part: Part) -> Figure:
    each, per_annotation = 7, 517
    images = setting.files(2 * 10**9 // (each * per_annotation))
    folder = setting.dataset(
        "coco-2gb", lambda path: data.coco(path, images, images * each, points=24, linked=False)
    )
    (file,) = folder.rglob("*.json")
    size = file.stat().st_size / 1e9
    command = [setting.python, "-m", "dataforge", "coco", "filter"]
    cost = run([*command, str(file), str(setting.out("out.json"))], ENVIRONMENT)
    name = f"coco filter, a file of {size:.2f} GB"
    part.rows.append(_row(name, images, cost))
    setting.drop("coco-2gb")
    if cost.code:
        return Figure(f"memory, {name}", None, note="it failed")
    part.rates["coco: bytes_per_core_second"] = size * 1e9 / cost.cpu
    return Figure(f"memory, {name}", cost.peak, "MB", "<= 500")


def environment(folder: Path, python: str) -> str:
    """The Python of an environment of its own with all packages of another: what is registered for
    it is written there."""
    if not folder.exists():
        run([python, "-m", "venv", "--without-pip", str(folder)])
        listed = run([python, "-c", "import site; print(*site.getsitepackages(), sep='\\n')"])
        (packages,) = folder.glob("lib/python*/site-packages")
        (packages / "benchmarks.pth").write_text(listed.output)
    return str(folder / "bin" / ("python.exe" if sys.platform == "win32" else "python"))
