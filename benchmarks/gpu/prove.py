"""Proves and trains detectors in every framework that can be had, and writes one table.

    python prove.py OUT [--wheels DIR] [--bccd DIR] [--small] [--jobs N] [--minutes N] ...

OUT gets results.json, table.md and log.txt, written anew after each part, so that what is done is
kept whatever ends the run. Each part is a process of its own with a time limit; one that fails is a
row with its reason. Exit code 0: every part succeeded; 1: some did not.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import parts
import table
from compiled import Build
from environments import FRAMEWORKS, REPO, available, make_environment
from parts import Part, Place, Registration, Scale

STARTED = time.monotonic()


def main() -> int:
    args = parse_args()
    out = args.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    work = Path(args.work or tempfile.mkdtemp(prefix="dataforge-gpu-")).resolve()
    work.mkdir(parents=True, exist_ok=True)
    gpu = find_gpu()
    scale = parts.SMALL if args.small or not gpu["name"] else parts.FULL
    scale = replace(
        scale, **{key: value for key, value in vars(args).items() if key in SCALED and value}
    )
    report = Report(out, gpu, args, scale)
    try:
        run = Run(args, work, scale, report)
        run.everything()
    finally:
        report.finish()
        if args.work is None:
            shutil.rmtree(work, ignore_errors=True)
    return 0 if report.passed else 1


SCALED = ("epochs", "repeat", "batch", "size", "workers")


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("out", type=Path, help="folder for results.json, table.md and log.txt")
    add("--wheels", type=Path, help="folder made by wheels.sh; else what this Python has")
    add("--bccd", type=Path, help="folder of the BCCD dataset, to train on")
    add("--small", action="store_true", help="a few iterations on sample data, as without a GPU")
    add("--frameworks", default=",".join(FRAMEWORKS), help="A,B")
    add("--only", default="", help="text in the names of the parts to run, A,B")
    add("--slots", type=int, help="parts at a time; a training counts as two")
    add("--minutes", type=float, help="nothing runs longer; else 9, or 60 on a CPU")
    add("--compiled", action="store_true", help="also compile mmcv's operators, from --wheels")
    add("--work", type=Path, help="folder for all other files; else a temporary one")
    for name in SCALED:
        add(f"--{name}", type=int, help="of the trainings")
    return parser.parse_args()


def find_gpu() -> dict[str, str]:
    """The GPU that torch sees, in a process of its own: this one shall not occupy it."""
    code = (
        "import json, torch; there = torch.cuda.is_available();"
        "print(json.dumps({'name': torch.cuda.get_device_name(0) if there else '',"
        " 'capability': str(torch.cuda.get_device_capability(0)) if there else '',"
        " 'memory_gb': torch.cuda.get_device_properties(0).total_memory // 10**9 if there else 0,"
        " 'torch': torch.__version__, 'cuda': torch.version.cuda}))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if ran.returncode:
        raise SystemExit(f"{sys.executable} has no torch that works:\n{ran.stderr}")
    return json.loads(ran.stdout.splitlines()[-1])


class Report:
    """The files in OUT, of what is known so far."""

    def __init__(
        self, out: Path, gpu: dict[str, str], args: argparse.Namespace, scale: Scale
    ) -> None:
        self.out = out
        self.rows: list[dict[str, Any]] = []
        self.lock = threading.Lock()
        self.head: dict[str, Any] = {
            "device": gpu["name"] or f"CPU, {os.cpu_count()} cores",
            "gpu": gpu,
            "cores": os.cpu_count(),
            "date": time.strftime("%Y-%m-%d"),
            "small": scale.is_small,
            "scale": {name: getattr(scale, name) for name in (*SCALED, "lr")},
            "slots": args.slots,
        }
        (out / "log.txt").write_text("", "utf-8")

    @property
    def passed(self) -> bool:
        return bool(self.rows) and all(row["status"] == "ok" for row in self.rows)

    def add(self, row: dict[str, Any], log: str = "") -> None:
        """One more row, into all files."""
        with self.lock:
            self.rows.append(row)
            with (self.out / "log.txt").open("a", encoding="utf-8") as stream:
                stream.write(f"\n===== {row['id']}: {row['status']} {row['reason']}\n{log}")
            self._write()
            print(f"{elapsed():6.1f} s  {table.line(row)}", flush=True)

    def finish(self) -> None:
        with self.lock:
            self._write()
        print("\n" + table.text(self.head, self.rows))

    def _write(self) -> None:
        self.head["seconds"] = round(elapsed(), 1)
        content = json.dumps({**self.head, "rows": self.rows}, indent=1, ensure_ascii=False)
        for name, text in (
            ("results.json", content),
            ("table.md", table.markdown(self.head, self.rows)),
        ):
            part = self.out / f".{name}.part"
            part.write_text(text + "\n", "utf-8")
            part.replace(self.out / name)


def elapsed() -> float:
    return time.monotonic() - STARTED


class Run:
    """All parts, several at a time."""

    def __init__(self, args: argparse.Namespace, work: Path, scale: Scale, report: Report) -> None:
        self.args = args
        self.work = work
        self.scale = scale
        self.report = report
        self.gpu = bool(report.head["gpu"]["name"])
        self.end = STARTED + (args.minutes or (9 if self.gpu else 60)) * 60
        cores = os.cpu_count() or 1
        self.slots = args.slots or (max(2, min(6, cores // 2)) if self.gpu else 1)
        report.head["slots"] = self.slots
        self.bccd = find_bccd(args.bccd)
        self.pythons: dict[str, Path] = {}
        self.configs: dict[tuple[str, Registration], Path] = {}
        self.planned: set[str] = set()
        self.done: dict[str, bool] = {}
        self.environ = {
            "OMP_NUM_THREADS": str(max(1, cores // self.slots)),
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore",
            "MPLCONFIGDIR": str(work / "cache" / "matplotlib"),
            "XDG_CACHE_HOME": str(work / "cache"),
            "TMPDIR": str(work / "tmp"),
        }
        (work / "tmp").mkdir(parents=True, exist_ok=True)

    def everything(self) -> None:
        frameworks = self._set_up()
        builds = self._start_builds(frameworks)
        wanted = [text for text in self.args.only.split(",") if text]
        queue = [
            part
            for part in parts.all_parts(
                frameworks, self.scale, self.bccd is not None, self.gpu, [*builds]
            )
            if not wanted or any(text in part.id for text in wanted)
        ]
        self.planned = {part.id for part in queue}
        threads: list[threading.Thread] = []
        free = threading.Condition()
        used = 0
        while queue:
            if time.monotonic() > self.end - 60:
                for build in builds.values():
                    build.stop()
            with free:
                part = next((p for p in queue if self._is_ready(p, builds)), None)
                size = min(part.slots, self.slots) if part else 0
                if part is None or used + size > self.slots:
                    free.wait(1)
                    continue
                queue.remove(part)
                used += size

            def work(part: Part = part, size: int = size) -> None:
                nonlocal used
                self._part(part, builds)
                with free:
                    used -= size
                    free.notify()

            threads.append(threading.Thread(target=work))
            threads[-1].start()
        for thread in threads:
            thread.join()

    def _is_ready(self, part: Part, builds: dict[str, Build]) -> bool:
        if part.compiled:
            return builds[part.framework].finished
        return part.after not in self.planned or part.after in self.done

    # Setting up ---------------------------------------------------------------------------------

    def _set_up(self) -> list[str]:
        """Environments, data and registrations; the frameworks that can be had."""
        wanted = self.args.frameworks.split(",")
        usable = []
        for framework, reason in available(self.args.wheels).items():
            if framework not in wanted:
                continue
            if reason:
                self.report.add(row_of(Part(framework=framework, what="set-up"), "not run", reason))
            else:
                usable.append(framework)
        threads = [threading.Thread(target=self._set_up_one, args=(name,)) for name in usable]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [name for name in usable if name in self.pythons]

    def _set_up_one(self, framework: str) -> None:
        part = Part(framework=framework, what="register")
        begun = time.monotonic()
        log: list[str] = []
        failed = []
        try:
            python = make_environment(framework, self.work, self.args.wheels)
            data = self.work / "data" / framework
            self._make_data(python, data, log)
            for of in parts.registrations(framework, self.scale, self.bccd is not None):
                try:
                    self.configs[framework, of] = self._register(framework, python, of, data, log)
                except RuntimeError as error:
                    failed.append(f"{of.name}: {error}")
            self.pythons[framework] = python
        except Exception as error:  # noqa: BLE001 - a row, whatever it is
            failed.append(f"{type(error).__name__}: {error}")
            log.append(traceback.format_exc())
        row = row_of(part, "failed" if failed else "ok", "; ".join(failed))
        row["seconds"] = round(time.monotonic() - begun, 1)
        self.report.add(row, "".join(log))

    def _make_data(self, python: Path, data: Path, log: list[str]) -> None:
        sample = REPO / "sample_data"
        shutil.copytree(sample / "humanparts", data / "humanparts", dirs_exist_ok=True)
        convert = ["convert", "labelme2coco", str(sample / "labelme"), str(data / "labelme")]
        options = ["--labels", "face,person,hand", "--split", "train=80,val=20"]
        self._dataforge(python, [*convert, *options, "--image-mode", "copy"], log)
        if self.bccd is not None:
            (data / "bccd").symlink_to(self.bccd)

    def _register(
        self, framework: str, python: Path, of: Registration, data: Path, log: list[str]
    ) -> Path:
        """Register a dataset with a detector; its training config or script."""
        folder = self.work / "registered" / framework / of.name
        layout = {
            "humanparts": ["--layout", "humanparts"],
            "labelme": ["--layout", "coco"],
            # As from 0, which its files say, two boxes have no area.
            "bccd": ["--layout", "voc", "--coords", "voc", "--follow-links"],
        }[of.data]
        words = ["register", of.name, "--root", str(data / of.data), *layout]
        words += ["--framework", framework, "--pretrained", "random", "-o", str(folder)]
        words += ["--base", parts.DETECTORS[of.detector], "--batch-size", str(self.scale.batch)]
        if of.backbone != "resnet50":
            words += ["--backbone", of.backbone]
        if of.data == self.scale.data:
            words += ["--repeat", str(self.scale.repeat)]
        report = self._dataforge(python, [*words, "--json"], log)
        return folder / json.loads(report)["targets"][0]["config"]

    def _dataforge(self, python: Path, words: Sequence[str], log: list[str]) -> str:
        """What a command printed.

        Raises:
            RuntimeError: it failed; the message is its own.
        """
        command = [str(python), "-m", "dataforge", *words]
        ran = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=120, env=self.environ
        )
        log.append(f"$ {' '.join(command)}\n{ran.stdout}{ran.stderr}")
        if ran.returncode:
            said = (ran.stderr.strip() or ran.stdout.strip()).splitlines()
            raise RuntimeError(said[0] if said else f"exit code {ran.returncode}")
        return ran.stdout

    def _start_builds(self, frameworks: Sequence[str]) -> dict[str, Build]:
        if not self.args.compiled or self.args.wheels is None:
            return {}
        return {
            name: Build(name, self.args.wheels, self.work, self.environ)
            for name in frameworks
            if name != "torchvision"
        }

    # One part -----------------------------------------------------------------------------------

    def _part(self, part: Part, builds: dict[str, Build]) -> None:
        begun = time.monotonic()
        folder = self.work / "parts" / part.id
        folder.mkdir(parents=True, exist_ok=True)
        found: dict[str, Any] = {}
        try:
            reason = self._run(part, folder, builds)
            found = read(lambda: json.loads((folder / "record.json").read_text("utf-8")))
            found |= read(lambda: parts.result(part, folder, self.scale))
            found["reason"] = reason or found.get("reason") or ""
            status = "failed" if found["reason"] else "ok"
        except NotRunError as error:
            status, found["reason"] = "not run", str(error)
        except Exception as error:  # noqa: BLE001 - a row, whatever it is
            traceback.print_exc()
            status, found["reason"] = "failed", f"{type(error).__name__}: {error}"
        row = row_of(part, status, found.pop("reason"))
        row["seconds"] = round(time.monotonic() - begun, 1)
        row.update({key: value for key, value in found.items() if key not in ("seconds", "code")})
        self.done[part.id] = status == "ok"
        log = folder / "log.txt"
        self.report.add(row, log.read_text("utf-8", "replace") if log.exists() else "")

    def _run(self, part: Part, folder: Path, builds: dict[str, Build]) -> str:
        """Run a part; why it failed, or nothing.

        Raises:
            NotRunError: it cannot be run.
        """
        left = self.end - time.monotonic()
        if left < 15:
            raise NotRunError("no time left")
        if part.after in self.planned and not self.done[part.after]:
            raise NotRunError(f"{part.after} failed")
        config = Path()
        if part.of is not None:
            if (part.framework, part.of) not in self.configs:
                raise NotRunError(f"{part.of.name} is not registered")
            config = self.configs[part.framework, part.of]
        python = self.pythons[part.framework]
        if part.compiled:
            if problem := builds[part.framework].problem:
                raise NotRunError(f"mmcv {problem}")
            python = builds[part.framework].python
        site = next(self._package(part.framework), Path())
        place = Place(folder, config, site, self.work / "parts" / part.after)
        command = [str(python), *parts.command(part, place, self.scale)]
        return self._process(
            command, folder, min(part.timeout * (1 if self.gpu else 4), left), part
        )

    def _package(self, framework: str) -> Any:
        """The folder of mmdet's package."""
        roots = [self.work / "sites" / framework, *map(Path, sys.path)]
        return (root / "mmdet" for root in roots if (root / "mmdet" / "__init__.py").is_file())

    def _process(self, command: Sequence[str], folder: Path, seconds: float, part: Part) -> str:
        with (folder / "log.txt").open("w", encoding="utf-8") as log:
            log.write(f"$ {' '.join(command)}\n")
            log.flush()
            try:
                ran = subprocess.run(
                    command,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    stdin=subprocess.DEVNULL,
                    cwd=folder,
                    env=self.environ,
                    timeout=seconds,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                return f"took longer than {seconds:.0f} s"
        if ran.returncode == 0 or (part.what == "proof" and ran.returncode == 3):
            return ""  # the report of a proof says why
        return f"exit code {ran.returncode}: {last_line(folder / 'log.txt')}"


class NotRunError(Exception):
    """A part was not run; the message says why."""


def read(get: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a file of a part says, or why it says nothing."""
    try:
        return get()
    except (OSError, ValueError, KeyError, IndexError) as error:
        return {"reason": f"no result: {type(error).__name__}: {error}"}


def last_line(path: Path) -> str:
    lines = [line.strip() for line in path.read_text("utf-8", "replace").splitlines()]
    return next((line for line in reversed(lines) if line), "")[:300]


def row_of(part: Part, status: str, reason: str) -> dict[str, Any]:
    of = part.of or Registration("", "", "")
    return {
        "id": part.id,
        "status": status,
        "reason": reason,
        "framework": part.framework,
        "what": part.what,
        "detector": of.detector,
        "backbone": of.backbone,
        "data": of.data,
        "amp": part.amp,
    }


def find_bccd(given: Path | None) -> Path | None:
    """The folder that has JPEGImages.

    Raises:
        SystemExit: a folder is given, and there is none in it.
    """
    if given is None:
        return None
    for folder in (given, given / "BCCD"):
        if (folder / "JPEGImages").is_dir():
            return folder.resolve()
    raise SystemExit(f"--bccd {given}: has no JPEGImages")


if __name__ == "__main__":
    sys.exit(main())
