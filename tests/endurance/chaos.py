"""Disturb: whatever happens to the source and where the output goes, nothing else is harmed.

    python tests/endurance/chaos.py --rounds 200

runs every verb that reads or writes a dataset so many times in all, each in a process of its own,
while `disturbing.InSource` deletes, cuts off and replaces files and folders that it reads, by links
(to secrets, to /dev/zero, to nowhere, to themselves), pipes and each other, and
`disturbing.InOutput` makes files, folders, links and pipes where it writes, swaps the output's
folders for links to a victim's, and removes temporary files. After each round:

- it has ended, with no process and no temporary file left;
- its exit code is 0 to 3, and 2 and 3 come with one line that says why, and that somebody foresaw;
- the victim, the secrets and the working directory are as before, byte for byte;
- what others made is where they made it, unchanged;
- nothing of a secret is in the output or was printed, and links in the output lead to the source;
- exit code 0 or 1 means that all is there: if only the output was disturbed, byte for byte what an
  undisturbed run writes; else every file that the report names, whole, with an image or a finding
  for each image named in it. (The folders that a disturber moved away are looked at, too.)

What is deleted or moved away by a disturber is not missed. Temporary files are removed as a whole,
while the run stands still. Linux only.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import json
import os
import pkgutil
import random
import shutil
import signal
import stat
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock
from xml.etree import ElementTree

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from endurance.disturbing import SUFFIX, Disturber, InOutput, InSource
from endurance.faults import end, start
from endurance.signals import members, want
from helpers import REPO, SQUARE, document, picture, shape, voc_object, voc_xml, write

import dataforge.cli
from dataforge.verbs.fix import BACKUP

SECRET = b"topsecret"
OLD = b"old"  # what a file of an output that is overwritten contains
IMAGES = 12
MODES = ("copy", "symlink", "hardlink", "reference")
State = dict[str, tuple[int, bytes]]
"""Path -> mode, and content or target."""


class Verb(NamedTuple):
    """A command to disturb.

    Attributes:
        name: of the case.
        command: its arguments; `{src}` is what it reads, `{out}` what it writes.
        source: the folder, a copy of which is `{src}`.
        writes: what is at `{out}` afterwards: a format, a kind of file, or nothing.
        named: the user names the very files, so that links to others are followed.
    """

    name: str
    command: str
    source: str
    writes: str = ""
    named: bool = False

    @property
    def over(self) -> bool:
        """Whether it overwrites an output."""
        return "--force" in self.command

    @property
    def mode(self) -> str:
        """How images are placed."""
        return self.command.split("--image-mode ")[1].split()[0]


def _verbs() -> Iterator[Verb]:
    for writes in ("coco", "voc", "yolo", "labelme"):
        for mode in MODES:
            reads = "coco" if writes == "labelme" else "labelme"
            command = f"convert {reads}2{writes} {{src}} {{out}} --json --image-mode {mode}"
            split = " --split 80,20" if mode in ("symlink", "hardlink") else ""
            yield Verb(f"convert to {writes}, {mode}", command + split, reads, writes)
        yield Verb(f"convert to {writes} over", f"{command} --force".replace(mode, "copy"), reads,
                   writes)  # fmt: skip
    yield Verb("convert with workers", "convert voc2coco {src} {out} --json --image-mode copy "
               "--workers 2", "voc", "coco")  # fmt: skip
    yield Verb("convert from yolo", "convert yolo2voc {src} {out} --json --image-mode copy",
               "yolo", "voc")  # fmt: skip
    for name in ("labelme", "voc", "coco", "yolo"):
        yield Verb(f"check {name}", "check {src} --report {out}.json", name, ".json")
        yield Verb(f"inspect {name}", "inspect {src} --report {out}.json", name, ".json")
    yield Verb("fix", "check {src} --fix", "untidy", "backup")
    yield Verb("fix coco", "check {src} --fix", "untidy coco", "backup")
    yield Verb("fix elsewhere", "check {src} --fix --output {out}", "untidy", "copy")
    yield Verb("diff", "check {src} --diff", "untidy")
    yield Verb("split", "split {src} --split 80,20 --output {out}.json", "labelme", ".json")
    yield Verb("split voc", "split {src} --split 80,20 --output {out}.toml", "voc", ".toml")
    yield Verb("register", "register Pets --root {src} --output {out} --framework "
               "mmdet2,torchvision --split train=0.5,val=0.5", "voc", "register")  # fmt: skip
    yield Verb("merge", "coco merge {src}/a/1.json {src}/b/2.json {out}.json", "parts", ".json",
               named=True)  # fmt: skip
    yield Verb("list", "list", "registered")


VERBS = tuple(_verbs())


def kept(folder: Path) -> State:
    """All below a folder, with the folder itself."""
    found: State = {}
    for path in (folder, *sorted(folder.rglob("*"))):
        status = path.lstat()
        data = b""
        if stat.S_ISLNK(status.st_mode):
            data = os.fsencode(os.readlink(path))
        elif stat.S_ISREG(status.st_mode):
            data = path.read_bytes()
        found[path.relative_to(folder).as_posix()] = status.st_mode, data
    return found


def contents(folder: Path) -> dict[str, bytes]:
    """The files and links below a folder, or the one file."""
    return {name: data for name, (mode, data) in kept(folder).items()
            if stat.S_ISREG(mode) or stat.S_ISLNK(mode)}  # fmt: skip


class Ended(NamedTuple):
    """How a run ended."""

    code: int
    said: str
    printed: str


class Bench:
    """The datasets, and the runs on them.

    Args:
        folder: an empty one, by its real path.
        limit: seconds in which a run has to end.
    """

    def __init__(self, folder: Path, limit: float) -> None:
        self.folder, self.limit = folder, limit
        self.run = folder / "run"
        self.sources = folder / "sources"
        self.source = self.run / "data" / "src"
        self.site, self.temporary = self.run / "site", self.run / "tmp"
        self.results: dict[str, dict[str, bytes]] = {}
        self.took: dict[str, float] = {}
        self._warm_up()
        self._make()
        self.fixed = kept(folder / "victim"), kept(folder / "secrets"), kept(folder / "work")

    def _warm_up(self) -> None:
        """Import in this process what each run would import."""
        for module in pkgutil.walk_packages(dataforge.__path__, "dataforge."):
            if module.name != "dataforge.__main__" and ".testing" not in module.name:
                importlib.import_module(module.name)
        write(self.folder / "work" / "mine.txt", "mine")
        write(self.folder / "victim" / "kept.txt", "kept")
        write(self.folder / "victim" / "images" / "0.jpg", "kept")
        (self.folder / "victim" / "empty").mkdir()

    def _make(self) -> None:
        for number in range(IMAGES):
            part, name = "ab"[number % 2], f"{number}.jpg"
            for folder, label in (("labelme", "dog"), ("untidy", "dog ")):
                shapes = [shape(label, SQUARE), shape("cat", SQUARE)]
                place = self.sources / folder / part
                write(place / f"{number}.json", document(*shapes, image=name))
                self._picture(place / name)
            objects = [voc_object(each, (1, 2, 30, 40)) for each in ("cat", "dog")]
            voc, yolo = self.sources / "voc", self.sources / "yolo"
            write(voc / "Annotations" / f"{number}.xml", voc_xml(*objects))
            self._picture(voc / "JPEGImages" / name)
            write(yolo / "labels" / "train" / f"{number}.txt", "0 0.5 0.5 0.2 0.2\n" * 2)
            self._picture(yolo / "images" / "train" / name)
            for folder in ("coco", "untidy coco"):
                self._picture(self.sources / folder / "images" / name)
        write(yolo / "data.yaml", "path: .\ntrain: images/train\nval: images/train\nnames: [cat]\n")
        for folder, label in (("coco", "cat"), ("untidy coco", "cat ")):
            write(self.sources / folder / "annotations" / "instances_all.json", _coco("", label))
        for part, number in (("a", 1), ("b", 2)):
            write(self.sources / "parts" / part / f"{number}.json", _coco(part, "cat"))
        registering = next(verb for verb in VERBS if verb.name == "register")
        self.reset(registering)
        shutil.copytree(self.source, self.run / "data" / "voc")
        shutil.rmtree(self.source)
        words = {"src": self.run / "data" / "voc", "out": self.source}
        ended = self.ended(*self.start([w.format(**words) for w in registering.command.split()]))
        want(ended.code in (0, 1), f"register: {ended}")
        shutil.copytree(self.source, self.sources / "registered")
        shutil.copytree(self.site, self.folder / "registered site")
        shutil.copytree(self.sources, self.folder / "secrets")
        for path in (self.folder / "secrets").rglob("*"):
            if path.suffix == ".jpg":
                path.write_bytes(path.read_bytes() + SECRET)
            elif path.is_file():
                path.write_bytes(path.read_bytes().replace(b"cat", SECRET))

    @staticmethod
    def _picture(path: Path) -> None:
        """One that differs from the others."""
        with picture(path).open("ab") as stream:
            stream.write(path.name.encode())

    # One run ------------------------------------------------------------------------------------

    def place(self, verb: Verb) -> Path:
        """What is written: the output, where an option does not give it another name."""
        if verb.writes == "backup":
            return self.source.with_name(self.source.name + BACKUP)
        out = self.run / "place" / "out"
        return out.with_suffix(verb.writes) if verb.writes.startswith(".") else out

    def reset(self, verb: Verb) -> None:
        """All as before the first run."""
        shutil.rmtree(self.run, ignore_errors=True)
        for path in (self.run / "place", self.run / "scratch", self.temporary):
            path.mkdir(parents=True)
        shutil.copytree(self.sources / verb.source, self.source)
        if verb.name == "list":
            shutil.copytree(self.folder / "registered site", self.site)
        else:
            self.site.mkdir()

    def before(self, verb: Verb, draw: random.Random) -> None:
        """What an output that is overwritten holds."""
        out = self.place(verb)
        for name in self.results[verb.name]:
            write(out / name, OLD)
        if draw.random() < 0.5:
            write(out / "mine.md", "mine")

    def start(self, words: Sequence[str]) -> tuple[int, int]:
        """A run, in a process group of its own: process, and the pipe of what it says."""

        def prepare() -> None:
            os.setsid()
            os.chdir(self.folder / "work")
            printed = os.open(self.folder / "printed", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(printed, 1)
            os.environ["TMPDIR"] = tempfile.tempdir = str(self.temporary)
            folders = "dataforge.verbs.register.path_file.own_site_folders"
            mock.patch(folders, return_value=[self.site]).start()
            mock.patch("sys.path", [*sys.path]).start()
            if "--workers" in words:  # which end with an interpreter that ends as usual
                os.environ["PYTHONPATH"] = str(REPO)
                os.execv(sys.executable, [sys.executable, "-m", "dataforge", *words])

        return start(words, prepare)

    def ended(self, process: int, pipe: int) -> Ended:
        """Its end, for which it has `limit` seconds; nothing that it started is left."""
        found: list[tuple[int, str]] = []
        waiting = threading.Thread(target=lambda: found.append(end(process, pipe)), daemon=True)
        waiting.start()
        waiting.join(self.limit)
        left = members(process)
        deadline = time.monotonic() + self.limit / 2
        while found and left and time.monotonic() < deadline:
            time.sleep(0.02)
            left = members(process)
        if left:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process, signal.SIGKILL)
        want(bool(found), f"still there after {self.limit} s")
        want(not left, f"left {left}")
        printed = (self.folder / "printed").read_text("utf-8", "replace")
        return Ended(*found[0], printed)

    def words(self, verb: Verb) -> list[str]:
        """The command line."""
        places = {"src": self.source, "out": self.run / "place" / "out"}
        return [word.format(**places) for word in verb.command.split()]

    def learn(self, verb: Verb) -> None:
        """Run undisturbed, for what it makes and how long it takes."""
        self.reset(verb)
        begun = time.monotonic()
        ended = self.ended(*self.start(self.words(verb)))
        self.took[verb.name] = time.monotonic() - begun
        want(ended.code in (0, 1), f"{verb.name}: {ended}")
        out = self.place(verb)
        self.results[verb.name] = contents(out) if verb.writes else {}
        want(bool(self.results[verb.name]) == bool(verb.writes), f"{verb.name}: wrote nothing")
        if verb.writes != "backup":
            want(kept(self.source) == kept(self.sources / verb.source), f"{verb.name}: its source")

    def round(self, verb: Verb, seed: str) -> tuple[int, str]:
        """One disturbed run: exit code, and who disturbed it."""
        draw = random.Random(seed)
        if verb.name not in self.took:
            self.learn(verb)
        self.reset(verb)
        if verb.over:
            self.before(verb, draw)
        who = draw.choice(["source", "output", "both"] if verb.writes else ["source"])
        took = self.took[verb.name]
        pause = took / draw.choice([2, 5, 20])
        process, pipe = self.start(self.words(verb))
        disturbers: list[Disturber] = []
        out: InOutput | None = None
        scratch = self.run / "scratch"
        moments = [draw.uniform(0, 0.8 * took) for _ in range(2)]
        draws = [random.Random(f"{seed} {part}") for part in range(2)]
        if who != "output":
            secrets = None if verb.named else self.folder / "secrets" / verb.source
            disturbers.append(InSource(self.source, secrets, scratch, draws[0], moments[0], pause))
        if who != "source":
            inner = [name for name in self.results[verb.name] if name != "."]
            out = InOutput(self.place(verb), inner, verb.over, self.folder / "victim", scratch,
                           process, draws[1], moments[1], pause)  # fmt: skip
            disturbers.append(out)
        label = f"{verb.name}, seed {seed!r}"
        try:
            for one in disturbers:
                one.start()
            ended = self.ended(process, pipe)
        except SystemExit as fault:
            raise SystemExit(f"{fault}: {label}: {self.told(disturbers)}") from None
        finally:
            for one in disturbers:
                one.stop()
        try:
            self.judge(verb, ended, out, who)
        except SystemExit as fault:
            raise SystemExit(f"{fault}\n{label}: {ended}\n{self.told(disturbers)}") from None
        finally:
            if out is not None:
                out.close()
        return ended.code, who

    @staticmethod
    def told(disturbers: Sequence[Disturber]) -> str:
        return "\n".join(line for one in disturbers for line in one.told)

    # What has to hold ---------------------------------------------------------------------------

    def judge(self, verb: Verb, ended: Ended, out: InOutput | None, who: str) -> None:
        """Whether nothing is wrong with what was said and what is there."""
        want(ended.code in (0, 1, 2, 3), "exit code")
        for word in ("Traceback", "TRACEBACK", "unforeseen", "ignored"):
            want(word not in ended.said, word)
        errors = [line for line in ended.said.splitlines() if line.startswith("error: ")]
        want(len(errors) == (ended.code > 1), "not one line")
        for now, then in zip(("victim", "secrets", "work"), self.fixed, strict=True):
            want(kept(self.folder / now) == then, f"{now}: changed")
        strays = [
            path
            for path in self.run.rglob(f"*{SUFFIX}")
            if not path.relative_to(self.run).as_posix().startswith("scratch/gone")
        ]
        strays += self.temporary.iterdir()
        want(not strays, f"left {strays}")
        lost = [what for one in (out.foreign if out else ()) if (what := one.lost())]
        want(not lost, f"others' files: {lost}")
        view = self.view(verb, out)
        others = self.others(verb, out)
        want(not others, f"beside the output: {others}")
        self.no_secret(verb, ended, view)
        if ended.code > 1:
            reported = verb.writes == "backup" or "--report" in verb.command
            if verb.writes and not reported and not (out and out.moved):
                want(not view, f"something was written: {view.keys()}")
                now = contents(self.place(verb)) if verb.over else {}
                want(all(now.get(name) == OLD for name in self.results[verb.name] if verb.over),
                     "the old output is not whole")  # fmt: skip
        elif who == "output":
            result = self.results[verb.name]
            wrong = [name for name, data in result.items() if view.get(name) != data]
            want(not wrong, f"not complete: {wrong}")
        else:
            Complete(verb, view, ended).check()

    def view(self, verb: Verb, out: InOutput | None) -> dict[str, bytes]:
        """What the run has written: its output, with what was moved away, without others' files."""
        place = self.place(verb)
        if not verb.writes or not os.path.lexists(place):
            return {}
        found = contents(place)
        for aside, was in (out.moved if out else {}).items():
            above = was.relative_to(place).as_posix()
            found |= {f"{above}/{name}": data for name, data in contents(aside).items()}
        theirs = set()
        for one in out.foreign if out else ():
            path = one.path
            for aside, was in out.moved.items() if out else ():
                if path.is_relative_to(aside):
                    path = was / path.relative_to(aside)
            with contextlib.suppress(ValueError):
                theirs.add(path.relative_to(place).as_posix())
        victim = os.fsencode(self.folder / "victim")
        theirs |= {name for name, data in found.items() if data in (victim, OLD)} | {"mine.md"}
        return {name: data for name, data in found.items() if name not in theirs}

    def others(self, verb: Verb, out: InOutput | None) -> list[str]:
        """What is beside the output, and nobody's."""
        place = self.place(verb)
        known = {place, self.source}
        for one in out.foreign if out else ():
            known |= {one.path, *one.path.parents}
        found = [path for path in place.parent.iterdir() if path not in known]
        return [str(path) for path in found if not path.name.startswith(f"src{BACKUP}-")]

    def no_secret(self, verb: Verb, ended: Ended, view: dict[str, bytes]) -> None:
        """Whether nothing of a file that only a link in the source leads to is told."""
        if verb.named:
            return
        for name, data in view.items():
            want(SECRET not in data, f"a secret in {name}")
        for mode, data in kept(self.place(verb)).values() if view else ():
            if stat.S_ISLNK(mode):
                home = os.fsencode(self.run)
                inside = data.startswith((home, os.fsencode(self.folder / "victim")))
                want(inside, f"a link to {data!r}")
        for text in (ended.said, ended.printed):
            want(SECRET.decode() not in text, "a secret was printed")


class Complete:
    """Whether all is there that a run says it has written.

    Args:
        verb: the command.
        view: the files that it wrote.
        ended: how it ended, with the report it has printed.
    """

    def __init__(self, verb: Verb, view: dict[str, bytes], ended: Ended) -> None:
        self.verb, self.view, self.ended = verb, view, ended

    def check(self) -> None:
        """Raise SystemExit if something is missing."""
        for name, data in self.view.items():
            if name.endswith(".json") and self.verb.writes != "backup":
                self._whole(name, data)
            elif name.endswith(".xml"):
                ElementTree.fromstring(data)
        if self.verb.command.startswith("convert"):
            self._converted()
        elif self.verb.writes not in ("", "backup", "copy"):
            want(bool(self.view), "nothing was written")

    def _whole(self, name: str, data: bytes) -> None:
        with contextlib.suppress(ValueError):
            json.loads(data)
            return
        # A file of the source that was cut off is copied as it is.
        want(self.verb.writes == "copy", f"{name} is not whole")

    def _converted(self) -> None:
        report = json.loads(self.ended.printed)
        missing = [name for name in report["files"] if name not in self.view]
        want(not missing, f"not complete: {missing} of {report['files']}")
        want(bool(report["files"]), "nothing was written")
        if self.verb.mode == "reference":
            return
        told = {Path(finding["place"]["file"]).stem for finding in report["findings"]}
        for name, image in self._images():
            there = any(path.endswith(image) for path in self.view)
            want(there or Path(image).stem in told, f"{name} names {image}, which is not there")

    def _images(self) -> Iterator[tuple[str, str]]:
        """(annotation file, image that it is about)."""
        for name, data in self.view.items():
            if self.verb.writes == "coco" and name.startswith("annotations/"):
                yield from ((name, each["file_name"]) for each in json.loads(data)["images"])
            elif Path(name).suffix in (".xml", ".txt") and "ImageSets" not in name:
                yield name, f"/{Path(name).stem}.jpg"
            elif self.verb.writes == "labelme" and name.endswith(".json"):
                yield name, Path(json.loads(data)["imagePath"]).name


def _coco(prefix: str, label: str) -> dict[str, Any]:
    """A COCO file of all images with one box each."""
    boxes = [{"id": n, "image_id": n, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 12,
              "iscrowd": 0} for n in range(1, IMAGES + 1)]  # fmt: skip
    entries = [{"id": n, "file_name": f"{prefix}{n - 1}.jpg", "width": 64, "height": 48}
               for n in range(1, IMAGES + 1)]  # fmt: skip
    return {"images": entries, "annotations": boxes, "categories": [{"id": 1, "name": label}]}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what was asked for; the first fault ends it with exit code 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--limit", type=float, default=60, help="Seconds for a run to end in.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verb", help="Only this case.")
    parser.add_argument("--keep-going", action="store_true", help="Go on after a fault.")
    options = parser.parse_args(arguments)
    verbs = [verb for verb in VERBS if options.verb in (None, verb.name)]
    random.Random(options.seed).shuffle(verbs)
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        with contextlib.redirect_stdout(io.StringIO()):
            bench = Bench(Path(os.path.realpath(name)), options.limit)
        for number in range(options.rounds):
            verb = verbs[number % len(verbs)]
            try:
                code, who = bench.round(verb, f"{options.seed} {number}")
            except SystemExit as fault:
                if not options.keep_going:
                    raise
                print(fault)
                counts["faults"] += 1
                continue
            counts[f"exit {code}"] += 1
            counts[f"{who} disturbed"] += 1
    print(json.dumps({"rounds": options.rounds, **dict(sorted(counts.items()))}))


if __name__ == "__main__":
    main()
