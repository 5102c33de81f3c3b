"""dataforge, other tools and floors on the same made-up files: ratios, memory, and their targets.

    python benchmarks/run.py                # an hour on an idle machine; writes docs/speed.md
    python benchmarks/run.py --quick        # some minutes: a tenth of the files, nothing is kept
    python benchmarks/run.py --only labelme,voc
    python benchmarks/run.py --list

Each contender runs in a process of its own, in turn, round by round, on the same files. `processor
time` is what a process uses (user and system) once it has done a tiny dataset, hence without the
start of Python and imports; `whole process` has these, too. Ratios are medians over the rounds.

A part that ran replaces what benchmarks/results.json has of it, with its machine and date; the
tables of docs/speed.md and docs/scale.md and the chart are made from that file.

The exit code is 1 if a target is missed, or if a part fails.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

import document
import parts
import results
import start
from compare import TASKS, Setting
from results import Figure, Part

PARTS: Mapping[str, Callable[[Setting], Part]] = {
    **{task.name: task.run for task in TASKS},
    "check": parts.check,
    "workers": parts.workers,
    "startup": parts.startup,
    "memory": parts.memory,
    "start": start.start,
}


def main() -> int:
    """Run the parts that are asked for; returns the exit code."""
    arguments = _arguments()
    kept = results.load(arguments.results)
    if arguments.list:
        for name in PARTS:
            took = f"{kept[name].seconds / 60:5.1f} min" if name in kept else "    not yet"
            print(f"{name:10} {took}")
        return 0
    if arguments.document:
        document.write(kept, arguments.docs)
        return 0
    # Without bytecode on disk, each process would compile all that it imports.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    keeps = not arguments.quick and arguments.scale == 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the folder is removed
    done: dict[str, Part] = {}
    with tempfile.TemporaryDirectory(dir=arguments.work, prefix="dataforge-benchmarks-") as work:
        scale = arguments.scale if arguments.scale != 1 or not arguments.quick else 10
        setting = Setting(
            Path(work), arguments.quick, scale, arguments.rounds, sys.executable, _mmdet(arguments)
        )
        free = shutil.disk_usage(work).free / 1e9
        if keeps and free < NEEDED_GB:
            print(f"{work}: {free:.0f} GB free, {NEEDED_GB} are needed; see --work")
            return 2
        print(f"{results.machine()}, {results.today()}", flush=True)
        for name in arguments.only or PARTS:
            done[name] = _timed(name, setting)
            print("\n" + done[name].text(), flush=True)
            if keeps:
                found = results.load(arguments.results) | done
                results.save(arguments.results, {one: found[one] for one in PARTS if one in found})
    if keeps:
        document.write(results.load(arguments.results), arguments.docs)
    figures = [figure for part in done.values() for figure in part.figures]
    print("\nTargets:")
    for figure in figures:
        if figure.target or figure.value is None:
            print(f"  {figure.what}: {results.shown(figure)}")
    return int(any(figure.met is False or figure.value is None for figure in figures))


NEEDED_GB = 12
"""Of disk space, in full."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few files and rounds, nothing kept")
    parser.add_argument("--only", type=_names, metavar="A,B", help="parts: " + ", ".join(PARTS))
    parser.add_argument("--list", action="store_true", help="list the parts, and what they took")
    parser.add_argument("--rounds", type=int, default=0, help="of each contender [2 to 15]")
    parser.add_argument("--scale", type=int, default=1, help="divide numbers of files by this")
    parser.add_argument("--mmdet", default="", metavar="PYTHON", help="a Python with mmdetection")
    parser.add_argument("--work", type=Path, metavar="DIR", help="for the files [the system's]")
    parser.add_argument("--document", action="store_true", help="only write the docs anew")
    parser.add_argument("--results", type=Path, default=results.KEPT, metavar="FILE")
    parser.add_argument("--docs", type=Path, default=results.REPO / "docs", metavar="DIR")
    arguments = parser.parse_args()
    if arguments.scale < 1 or arguments.rounds < 0:
        parser.error("--scale and --rounds: positive numbers")
    return arguments


def _names(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in PARTS:
            raise argparse.ArgumentTypeError(f"{name!r}; the parts are {', '.join(PARTS)}")
    return names


def _mmdet(arguments: argparse.Namespace) -> str:
    """The Python that has mmdetection, or empty."""
    if arguments.mmdet:
        return str(arguments.mmdet)
    return sys.executable if results.version("mmdet") else ""


def _timed(name: str, setting: Setting) -> Part:
    """Run a part; what breaks in it is a figure that says so, and the others go on."""
    started = time.perf_counter()
    try:
        part = PARTS[name](setting)
    except Exception as error:  # noqa: BLE001
        traceback.print_exc()
        figure = Figure(name, None, note=f"{type(error).__name__}: {error}")
        part = Part(name, "failed", figures=[figure])
    part.seconds = round(time.perf_counter() - started, 1)
    part.quick = setting.quick
    part.machine, part.date = results.machine(), results.today()
    return part


if __name__ == "__main__":
    sys.exit(main())
