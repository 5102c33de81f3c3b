"""Interrupt: no process and no temporary file is left, and the output is whole or absent.

    python tests/endurance/signals.py --rounds 300
    python tests/endurance/signals.py --rounds 300 --load

runs every verb that takes a while so many times in all, with one worker and with several, each in
a process group of its own. At a random moment after its start SIGINT, SIGTERM or SIGHUP goes to the
group, as from a terminal, or to the program alone; now and then a second one follows. Moments
before the interpreter has come to dataforge's first line are counted as `early`: there the signal
kills it, or Python prints a traceback of its own. `--load` keeps all cores busy meanwhile.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from helpers import (
    REPO,
    SQUARE,
    document,
    picture,
    python_with_site,
    shape,
    snapshot,
    voc_object,
    voc_xml,
    write,
)

SUFFIX = ".dataforge-tmp"
SIGNALS = (signal.SIGINT, signal.SIGINT, signal.SIGTERM, signal.SIGTERM, signal.SIGHUP)


class Verb(NamedTuple):
    """A command to interrupt.

    Attributes:
        name: of the case.
        command: its arguments; `{src}` is what it reads, `{out}` a folder that does not exist.
        source: the folder, a copy of which is `{src}`.
        workers: whether it takes ``--workers``.
    """

    name: str
    command: str
    source: str
    workers: bool = False


VERBS = (
    Verb("convert", "convert labelme2coco {src} {out} --image-mode copy", "labelme", True),
    Verb("convert to yolo", "convert labelme2yolo {src} {out} --split 80,20", "labelme", True),
    Verb("convert over", "convert labelme2voc {src} {out} --force", "labelme", True),
    Verb("check", "check {src}", "labelme", True),
    Verb("fix", "check {src} --fix", "untidy", True),
    Verb("fix elsewhere", "check {src} --fix --output {out}", "untidy", True),
    Verb("split", "split {src} --split 80,20 --output {out}.json", "labelme", True),
    Verb("inspect", "inspect {src}", "labelme", True),
    Verb("register", "register Pets --root {src} --output {out} --python {python} "
         "--framework mmdet2 --split train=0.5,val=0.5", "voc", True),
    Verb("merge", "coco merge {src}/1.json {src}/2.json {out}.json", "coco"),
)  # fmt: skip


class Ended(NamedTuple):
    """How a run ended: exit code, standard error, seconds since the signal, and whether early."""

    code: int
    said: str
    seconds: float
    early: bool


class Bench:
    """The datasets, and the runs on them.

    Args:
        folder: an empty one.
        images: of each dataset.
        limit: seconds after a signal in which all has to be over.
    """

    def __init__(self, folder: Path, images: int, limit: float) -> None:
        self.folder = folder
        self.images = images
        self.limit = limit
        self._make()
        self.took: dict[str, float] = {}
        self.source = ""  # what `run/src` is a copy of
        self.sources: dict[str, dict[str, bytes]] = {}
        self.before: dict[str, dict[str, bytes]] = {}
        self.results: dict[str, dict[str, bytes]] = {}

    def _make(self) -> None:
        for number in range(self.images):
            name = f"{number}.jpg"
            for folder, label in (("labelme", "dog"), ("untidy", "dog ")):
                shapes = [shape(label, SQUARE), shape("cat", SQUARE)]
                write(self.folder / folder / f"{number}.json", document(*shapes, image=name))
                picture(self.folder / folder / name)
            objects = [voc_object(each, (1, 2, 30, 40)) for each in ("cat", "dog")]
            write(self.folder / "voc" / "Annotations" / f"{number}.xml", voc_xml(*objects))
            picture(self.folder / "voc" / "JPEGImages" / name)
        for part in (1, 2):
            numbers = range(1, 20 * self.images)
            boxes = [{"id": n, "image_id": n, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 12,
                      "iscrowd": 0} for n in numbers]  # fmt: skip
            entries = [{"id": n, "file_name": f"{part}-{n}.jpg", "width": 64, "height": 48}
                       for n in numbers]  # fmt: skip
            write(self.folder / "coco" / f"{part}.json", {
                "images": entries, "annotations": boxes, "categories": [{"id": 1, "name": "cat"}],
            })  # fmt: skip
        (self.folder / "site").mkdir()
        python = self.folder / "python"
        python_with_site(python, f"{self.folder}/run/site")

    def reset(self, verb: Verb) -> dict[str, bytes]:
        """All as before the first run; returns `state`."""
        run = self.folder / "run"
        if self.source != verb.source:
            shutil.rmtree(run, ignore_errors=True)
            shutil.copytree(self.folder / verb.source, run / "src")
            self.source = verb.source
        for name in ("tmp", "site", "place"):
            shutil.rmtree(run / name, ignore_errors=True)
            (run / name).mkdir(parents=True)
        if verb.name == "convert over":
            write(run / "place" / "out" / "Annotations" / "0.xml", "<old/>")
            write(run / "place" / "out" / "mine.txt", "mine")
        if verb.name not in self.before:
            self.before[verb.name] = self.state()
        return self.before[verb.name]

    def start(self, verb: Verb, workers: int) -> subprocess.Popen[str]:
        """One run, in a process group of its own."""
        run = self.folder / "run"
        places = {
            "src": run / "src",
            "out": run / "place" / "out",
            "python": self.folder / "python",
        }
        words = [word.format(**places) for word in verb.command.split()]
        if verb.workers:
            words += ["--workers", str(workers)]
        return subprocess.Popen(
            [sys.executable, "-m", "dataforge", *words],
            cwd=run / "place",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(REPO), "TMPDIR": str(run / "tmp")},
        )

    def state(self) -> dict[str, bytes]:
        """All files that a run may change; the source is copied again if it has changed."""
        state = snapshot(self.folder / "run")
        source = {name: data for name, data in state.items() if name.startswith("src")}
        if self.sources.setdefault(self.source, source) != source:
            self.source = ""
        return state

    def learn(self, verb: Verb, workers: int) -> None:
        """Run undisturbed, for what it makes and how long it takes."""
        self.reset(verb)
        begun = time.monotonic()
        with self.start(verb, workers) as process:
            _, said = process.communicate()
        self.took[verb.name] = time.monotonic() - begun
        want(process.returncode in (0, 1), f"{verb.name}: {process.returncode} {said}")
        self.results[verb.name] = self.state()

    def round(self, verb: Verb, workers: int, draw: random.Random) -> Ended:
        """One interrupted run."""
        if verb.name not in self.took:
            self.learn(verb, workers)
        before = self.reset(verb)
        number, group, again = draw.choice(SIGNALS), draw.random() < 0.6, draw.random() < 0.2
        moment = draw.uniform(0, 1.1 * self.took[verb.name])
        label = f"{verb.name}, {workers} workers, {number.name} after {moment:.3f} s"
        process = self.start(verb, workers)
        send = os.killpg if group else os.kill
        try:
            time.sleep(moment)
            early = not handles_signals(process.pid)
            begun = time.monotonic()
            with contextlib.suppress(ProcessLookupError):
                send(process.pid, number)
            if again:
                time.sleep(draw.uniform(0, 0.1))
                with contextlib.suppress(ProcessLookupError):
                    send(process.pid, draw.choice(SIGNALS))
            try:
                _, said = process.communicate(timeout=self.limit)
            except subprocess.TimeoutExpired:
                want(False, f"{label}: still there after {self.limit} s")
            ended = Ended(process.returncode, said, time.monotonic() - begun, early)
            while left := members(process.pid):
                want(time.monotonic() - begun < self.limit, f"{label}: left {left}")
                time.sleep(0.02)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        self.judge(verb, label, before, ended, {130, 143, 129} if again else {128 + number})
        return ended

    def judge(
        self, verb: Verb, label: str, before: dict[str, bytes], ended: Ended, codes: set[int]
    ) -> None:
        """Whether nothing is wrong with what was said and what is there."""
        label = f"{label}: {ended.code} after {ended.seconds:.2f} s, {ended.said!r}"
        run, after, result = self.folder / "run", self.state(), self.results[verb.name]
        want(not [*(run / "tmp").iterdir()], f"{label}: left {[*(run / 'tmp').iterdir()]}")
        strays = [path for path in run.rglob("*") if path.name.endswith(SUFFIX)]
        want(not strays, f"{label}: left {strays}")
        if ended.early and (ended.code < 0 or "Traceback" in ended.said):
            want(after == before, f"{label}: something was written")
            return
        want("Traceback" not in ended.said and "ignored" not in ended.said, label)
        if ended.code in (0, 1):
            want("interrupted" not in ended.said, label)
            want(after == result, f"{label}: the output is not whole")
            return
        want(ended.code in codes, label)
        want(ended.said.startswith("interrupted") and ended.said.count("\n") == 1, label)
        if ended.said == "interrupted, nothing written\n":
            want(after == before, f"{label}: {changed(before, after)} changed")
            return
        want("; already written: " in ended.said, label)
        for name, data in after.items():
            want(data in (before.get(name), result.get(name)), f"{label}: {name} is not whole")
        lost = before.keys() - after.keys() - (before.keys() - result.keys())
        want(not lost, f"{label}: {lost} lost")
        want(after != before, f"{label}: nothing was written")
        if verb.name == "fix":  # the backup is a folder, the others are files
            more = int([*ended.said.rsplit(" and ", 1), "0"][1].split()[0].replace(",", ""))
            named = ended.said.split("written: ")[1].count(", ") + 1 + more
            fixed = [name for name in changed(before, after) if name in before]
            want(len(fixed) == named - 1, f"{label}: {len(fixed)} files were fixed")


def changed(before: dict[str, bytes], after: dict[str, bytes]) -> list[str]:
    """The files that differ."""
    return sorted(name for name in before | after if before.get(name) != after.get(name))


def handles_signals(process: int) -> bool:
    """Whether a process has come to the point where it handles SIGTERM, or is past it."""
    bit = 1 << signal.SIGTERM - 1
    try:
        status = Path(f"/proc/{process}/status").read_text("utf-8")
    except FileNotFoundError:
        return True
    fields = dict(line.split(":\t", 1) for line in status.splitlines())
    if fields["State"].startswith("Z"):
        return True
    return any(int(fields[name], 16) & bit for name in ("SigCgt", "SigIgn"))


def members(group: int) -> list[str]:
    """The processes of a group that have not ended: ``pid name``."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            number, rest = path.read_text("utf-8", "replace").split(" (", 1)
            name, fields = rest.rsplit(") ", 1)
            state, _, own, *_ = fields.split()
            if int(own) == group and state != "Z":
                found.append(f"{number} {name}")
    return found


def want(true: bool, message: str) -> None:
    """End with an error if something does not hold."""
    if not true:
        raise SystemExit(f"FAILED {message}")


@contextlib.contextmanager
def busy(processes: int) -> Iterator[None]:
    """Keep cores busy."""
    hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what was asked for; the first fault ends it with exit code 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--images", type=int, default=600, help="Images of each dataset.")
    parser.add_argument("--limit", type=float, default=10, help="Seconds to end in.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verb", help="Only this case.")
    parser.add_argument("--load", action="store_true", help="Keep all cores busy.")
    parser.add_argument("--keep-going", action="store_true", help="Go on after a fault.")
    options = parser.parse_args(arguments)
    for number in SIGNALS:  # what is ignored here, as under nohup, would be ignored by all runs
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    draw = random.Random(options.seed)
    verbs = [verb for verb in VERBS if options.verb in (None, verb.name)]
    counts: Counter[str] = Counter()
    times = []
    hogs = 2 * (os.cpu_count() or 1) if options.load else 0
    with tempfile.TemporaryDirectory() as name, busy(hogs):
        bench = Bench(Path(name), options.images, options.limit)
        for number in range(options.rounds):
            verb = verbs[number % len(verbs)]
            workers = 1 + number // len(verbs) % 2 if verb.workers else 1
            try:
                ended = bench.round(verb, workers, draw)
            except SystemExit as fault:
                if not options.keep_going:
                    raise
                print(fault)
                counts["faults"] += 1
                continue
            if ended.early:
                counts["early"] += 1
            elif ended.code in (0, 1):
                counts["done"] += 1
            else:
                counts["written" if "already" in ended.said else "nothing written"] += 1
                times.append(ended.seconds)
    times.sort()
    told = {"median": times[len(times) // 2], "longest": times[-1]} if times else {}
    print(json.dumps({"rounds": options.rounds, **counts, "seconds": told}))


if __name__ == "__main__":
    main()
