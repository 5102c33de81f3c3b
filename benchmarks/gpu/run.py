"""All parts, several at a time, each a process of its own."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import parts
from compiled import Build
from environments import REPO, available, make_environment
from parts import Part, Place, Registration, Scale
from processes import end
from report import STARTED, Report, row_of


class Run:
    """All parts, several at a time."""

    def __init__(
        self, args: argparse.Namespace, work: Path, scale: Scale, report: Report, bccd: Path | None
    ) -> None:
        self.args = args
        self.work = work
        self.scale = scale
        self.report = report
        self.gpu = bool(report.head["gpu"]["name"])
        self.end = STARTED + (args.minutes or (9 if self.gpu else 60)) * 60
        cores = os.cpu_count() or 1
        self.slots = args.slots or (max(2, min(6, cores // 2)) if self.gpu else 1)
        report.head["slots"] = self.slots
        self.bccd = bccd
        self.pythons: dict[str, Path] = {}
        self.configs: dict[tuple[str, Registration], Path] = {}
        self.planned: set[str] = set()
        self.done: dict[str, bool] = {}
        self.running: set[subprocess.Popen[bytes]] = set()
        self.builds: dict[str, Build] = {}
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
        self._start_builds(frameworks)
        wanted = [text for text in self.args.only.split(",") if text]
        queue = [
            part
            for part in parts.all_parts(
                frameworks, self.scale, self.bccd is not None, self.gpu, [*self.builds]
            )
            if not wanted or any(text in part.id for text in wanted)
        ]
        self.planned = {part.id for part in queue}
        threads: list[threading.Thread] = []
        free = threading.Condition()
        used = 0
        while queue:
            if time.monotonic() > self.end - 60:
                self._stop_builds()
            with free:
                part = next((p for p in queue if self._is_ready(p)), None)
                size = min(part.slots, self.slots) if part else 0
                if part is None or used + size > self.slots:
                    free.wait(1)
                    continue
                queue.remove(part)
                used += size

            def work(part: Part = part, size: int = size) -> None:
                nonlocal used
                self._part(part)
                with free:
                    used -= size
                    free.notify()

            threads.append(threading.Thread(target=work, daemon=True))
            threads[-1].start()
        for thread in threads:
            thread.join()
        for name, build in self.builds.items():
            build.stop()
            row = row_of(Part(framework=name, what="compile"), "failed", build.problem)
            row["status"] = "failed" if build.problem else "ok"
            self.report.add(row, build.log.read_text("utf-8", "replace")[-20000:])

    def _is_ready(self, part: Part) -> bool:
        if part.compiled:
            return self.builds[part.framework].finished
        return part.after not in self.planned or part.after in self.done

    def stop(self) -> None:
        """End what still runs."""
        self._stop_builds()
        for process in [*self.running]:
            end(process)

    def _stop_builds(self) -> None:
        for build in self.builds.values():
            build.stop()

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

    def _start_builds(self, frameworks: Sequence[str]) -> None:
        for name in frameworks:
            if name in self.args.compiled.split(",") and self.args.wheels is not None:
                places = self.args.wheels, self.work, self.pythons[name]
                self.builds[name] = Build(name, *places, self.environ)

    # One part -----------------------------------------------------------------------------------

    def _part(self, part: Part) -> None:
        begun = time.monotonic()
        folder = self.work / "parts" / part.id
        folder.mkdir(parents=True, exist_ok=True)
        found: dict[str, Any] = {}
        try:
            reason = self._run(part, folder)
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

    def _run(self, part: Part, folder: Path) -> str:
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
            if problem := self.builds[part.framework].problem:
                raise NotRunError(f"mmcv {problem}")
            python = self.builds[part.framework].python
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
            process = subprocess.Popen(
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=folder,
                env=self.environ,
                start_new_session=True,  # with its own workers, it is ended as a whole
            )
            self.running.add(process)
            try:
                code = process.wait(seconds)
            except subprocess.TimeoutExpired:
                end(process)
                return f"took longer than {seconds:.0f} s"
            finally:
                self.running.discard(process)
        if code == 0 or (part.what == "proof" and code == 3):
            return ""  # the report of a proof says why
        return f"exit code {code}: {last_line(folder / 'log.txt')}"


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
