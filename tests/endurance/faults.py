"""Kill, fill up and lock: what stood there before is whole, or what is new is.

    python tests/endurance/faults.py --kills 200 --full 50 --read-only 50

runs `convert`, `register` and `check --fix` so many times in all, each in a process of its own that
is killed by SIGKILL (every second time after so many milliseconds, every second time at one of the
steps that touch the output's folder), finds its disk full (RLIMIT_FSIZE, and a tmpfs where root may
mount one), or its target read-only (as another user, or a read-only mount). `--every` kills at each
of the steps, one after the other. After each, the output is compared with what it was and with what
it is to be, byte for byte; then the same command runs again, and has to end with what is to be and
nothing else. Of a dataset that is mended in place, each file is compared so, and the backup as a
whole. Linux only; what needs root is left out, and said, where it is not run by root.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import importlib
import io
import json
import os
import pkgutil
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from helpers import SQUARE, document, picture, python_with_site, shape, voc_object, voc_xml, write

import dataforge.cli
from dataforge.io.staging import SUFFIX
from dataforge.verbs.fix import BACKUP

NOBODY = 65534
State = dict[str, bytes]
"""Path -> content of each file, target of each link."""


class Case:
    """One command on one folder: `target` is where it writes, with what is there before it."""

    def __init__(self, name: str, folder: Path, before: Sequence[str], command: str) -> None:
        self.name = name
        self.target = folder / name
        self.kept = folder / f"{name}.before"
        places = {"out": self.target / "out", "src": folder / "src", "voc": folder / "devkit",
                  "untidy": folder / "untidy", "python": folder / "python",
                  "site": self.target / "site"}  # fmt: skip
        self.command = [word.format(**places) for word in command.split()]
        self.target.mkdir()
        (self.target / "site").mkdir()
        for line in before:
            words = [word.format(**places) for word in line.split()]
            if words[0] == "note":
                write(Path(words[1]), "kept")
            elif words[0] == "copy":
                shutil.copytree(words[1], words[2])
            else:
                _want(run(words)[0] <= 1, f"{name}: {line}")
        shutil.copytree(self.target, self.kept, symlinks=True)
        self.before = state(self.target)
        self.steps = self._steps()
        self.after = state(self.target)
        start = time.monotonic()
        self.reset()
        run(self.command)
        self.seconds = time.monotonic() - start
        _want(state(self.target) == self.after != self.before, f"{name}: not the same twice")

    def _steps(self) -> int:
        """The number of steps that touch the target's folder."""
        count = self.target.with_suffix(".count")
        _want(run(self.command, lambda: _at_step(self.target, 0, count))[0] <= 1, self.name)
        return int(count.read_text())

    def reset(self) -> None:
        """Put back what was there before; the folder itself may be a mount point."""
        for path in self.target.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        shutil.copytree(self.kept, self.target, symlinks=True, dirs_exist_ok=True)

    def check(self, fault: str) -> bool:
        """Compare what the fault left, and what the next run makes of it; True if new is there."""
        label = f"{self.name}, {fault}"
        left = {path: data for path, data in state(self.target).items() if SUFFIX not in path}
        # The line in site-packages comes last: without it, all else may be there.
        pth = {path for path in {*self.before, *self.after} if path.endswith(".pth")}
        plain, *whole = (
            {path: data for path, data in some.items() if path not in pth}
            for some in (left, self.before, self.after)
        )
        _want(plain in whole, f"{label}: neither the old nor the new is there")
        lines = {path: left.get(path) for path in pth}
        _want(
            all(
                line == self.before.get(path)
                or (line == self.after.get(path) and plain == whole[1])
                for path, line in lines.items()
            ),
            f"{label}: a path file to nothing",
        )
        return plain == whole[1]

    def heal(self, fault: str) -> None:
        """Run once more: what is to be is there, and nothing else."""
        code, said = run(self.command)
        done = code == 3 and "already exists" in said
        _want(code in (0, 1) or done, f"{self.name}, after {fault}: {said}")
        _want(state(self.target) == self.after, f"{self.name}, after {fault}: not healed")


class InPlace(Case):
    """A dataset that is mended file by file, with a backup of all of these files before."""

    def check(self, fault: str) -> bool:
        """Each file is the old or the new with its old permissions, the new behind a backup."""
        label = f"{self.name}, {fault}"
        left = {path: data for path, data in state(self.target).items() if SUFFIX not in path}
        _want(self.before.keys() <= left.keys(), f"{label}: a file is gone")
        for path, old in self.before.items():
            _want(left[path] in (old, self.after[path]), f"{label}: {path} is not whole")
            modes = [(folder / path).stat().st_mode for folder in (self.target, self.kept)]
            _want(modes[0] == modes[1], f"{label}: {path} has other permissions")
        backup = {path: left[path] for path in left.keys() - self.before.keys()}
        whole = {path: self.after[path] for path in self.after.keys() - self.before.keys()}
        _want(backup in ({}, whole), f"{label}: the backup is not whole")
        changed = any(left[path] != old for path, old in self.before.items())
        _want(not changed or backup == whole, f"{label}: mended without a backup")
        return left == self.after

    def heal(self, fault: str) -> None:
        """Run once more: all is mended, and another backup may have what was left to mend."""
        code, said = run(self.command)
        _want(code in (0, 1), f"{self.name}, after {fault}: {said}")
        now = state(self.target)
        again = {path for path in now.keys() - self.after.keys() if f"{BACKUP}-2/" in path}
        _want(
            {path: data for path, data in now.items() if path not in again} == self.after
            and all(now[path] == self.before[path.replace(f"{BACKUP}-2", "")] for path in again),
            f"{self.name}, after {fault}: not healed",
        )


class Shared(Case):
    """An output in a folder that holds other files, or a registration that is there, whose files
    are replaced only as they were: it is put in place one by one."""

    last = ("instances_", "data.yaml", "layout.toml", "dataforge_registration.json")

    def check(self, fault: str) -> bool:
        """Each file is the old or the new, others' are the very same, and what names all is last.

        Args:
            fault: what happened.
        """
        label = f"{self.name}, {fault}"
        left = {path: data for path, data in state(self.target).items() if SUFFIX not in path}
        for path in left.keys() | (self.before.keys() & self.after.keys()):
            known = [some[path] for some in (self.before, self.after) if path in some]
            _want(left.get(path) in known, f"{label}: {path} is not whole")
        for path, inode in self.others.items():
            _want(_inode(self.target / path) == inode, f"{label}: {path} was moved or rewritten")
        for path in self.after.keys() - self.before.keys():
            if Path(path).name.startswith(self.last):
                _want(path not in left or _without(left) == _without(self.after),
                      f"{label}: {path} is there before what it names")  # fmt: skip
        return left == self.after

    def reset(self) -> None:
        super().reset()
        both = self.before.keys() & self.after.keys()
        self.others = {path: _inode(self.target / path) for path in both if "mine" in path}

    def heal(self, fault: str) -> None:
        """Run once more; a first run that was killed has left files that need --force."""
        code, said = run(self.command)
        if code == 3 and "already exists" in said and "--force" not in self.command:
            code, said = run([*self.command, "--force"])
        _want(code in (0, 1), f"{self.name}, after {fault}: {said}")
        _want(state(self.target) == self.after, f"{self.name}, after {fault}: not healed")


def _inode(path: Path) -> int:
    return path.stat().st_ino


def _without(state_: State) -> State:
    """All but the files that come last, which are put in place one after the other."""
    return {path: data for path, data in state_.items()
            if not Path(path).name.startswith(Shared.last)}  # fmt: skip


def _want(true: bool, message: str) -> None:
    if not true:
        raise SystemExit(f"FAILED {message}")


def state(folder: Path) -> State:
    """All files and links below a folder; of an empty folder, its name with a slash."""
    found: State = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = os.fsencode(os.readlink(path))
        elif path.is_file():
            found[name] = path.read_bytes()
        elif SUFFIX in name and not any(path.iterdir()):
            found[f"{name}/"] = b""
    return found


# One run, in a process of its own ---------------------------------------------------------------


def start(command: Sequence[str], prepare: Callable[[], None] = lambda: None) -> tuple[int, int]:
    """(process, pipe of what it says on standard error) of one call of the command line."""
    read, wrote = os.pipe()
    process = os.fork()
    if process:
        os.close(wrote)
        return process, read
    code = 99
    try:
        os.dup2(wrote, 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.chdir("/")
        prepare()
        code = _call(command)
    except BaseException as error:  # noqa: BLE001 - a traceback is what is looked for
        os.write(2, f"TRACEBACK {error!r}".encode())
    finally:
        os._exit(code)


def _call(command: Sequence[str]) -> int:
    """The exit code of the command line."""
    sys.argv = ["dataforge", *command]
    try:
        dataforge.cli.main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 98
    return 0


def end(process: int, pipe: int) -> tuple[int, str]:
    """(exit code, or minus the signal; what it said)."""
    with open(pipe, encoding="utf-8", errors="replace") as stream:
        said = stream.read()
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), said


def run(command: Sequence[str], prepare: Callable[[], None] = lambda: None) -> tuple[int, str]:
    """One whole run."""
    return end(*start(command, prepare))


def _places(event: str, arguments: tuple[Any, ...]) -> Iterator[str]:
    """The paths that a step is about; those in a folder that is held open, by where this is."""
    for argument in arguments:
        if isinstance(argument, (str, bytes, Path)):
            path = os.fsdecode(argument)
            yield os.path.realpath(path) if path.startswith("/proc/") else path
        elif event in ("os.rename", "os.link", "os.mkdir", "os.remove", "os.rmdir"):
            with contextlib.suppress(OSError):
                yield os.readlink(f"/proc/self/fd/{argument}")


def _at_step(folder: Path, wanted: int, count: Path | None = None) -> None:
    """Die at the so-manieth step that touches the folder, or write down how many there are."""
    here, seen = str(folder), 0

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        touches = any(here in place for place in _places(event, arguments))
        if not (touches or event == "ctypes.dlsym") or (count and str(count) in str(arguments)):
            return
        seen += 1
        if seen == wanted:
            os.kill(os.getpid(), signal.SIGKILL)
        if count:
            with os.fdopen(handle, "w", closefd=False) as stream:
                stream.seek(0)
                stream.write(str(seen))

    handle = os.open(count, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) if count else -1
    sys.addaudithook(hook)


# The faults -------------------------------------------------------------------------------------


def kill(case: Case, draw: random.Random, number: int) -> bool:
    """SIGKILL after some time, or at some step."""
    if number % 2:
        step = draw.randint(1, case.steps)
        return kill_at(case, step)
    delay = draw.uniform(0, case.seconds)
    case.reset()
    process, pipe = start(case.command)
    time.sleep(delay)
    os.kill(process, signal.SIGKILL)
    end(process, pipe)
    fault = f"killed after {delay * 1000:.0f} ms"
    new = case.check(fault)
    case.heal(fault)
    return new


def kill_at(case: Case, step: int) -> bool:
    """SIGKILL at one step."""
    case.reset()
    code, said = run(case.command, lambda: _at_step(case.target, step))
    _want(code == -signal.SIGKILL, f"{case.name}: step {step} was not come to ({code}) {said}")
    new = case.check(f"killed at step {step}")
    case.heal(f"killed at step {step}")
    return new


def full(case: Case, draw: random.Random, number: int) -> bool:
    """A disk that fills up: no file may be longer than so, or a small tmpfs."""
    if number % 2 and can_mount():
        return full_tmpfs(case, draw)
    case.reset()
    longest = max(map(len, case.after.values()))
    limit = draw.randint(0, longest)
    code, said = run(
        case.command, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    )
    return _refused(case, f"no file over {limit} bytes", code, said)


def full_tmpfs(case: Case, draw: random.Random) -> bool:
    """A tmpfs with room for what is there and a part of what is to be."""
    page = os.sysconf("SC_PAGE_SIZE")
    pages = [sum(-(-len(data) // page) for data in some.values())
             for some in (case.before, case.after)]  # fmt: skip
    size = max(pages[0] + draw.randint(0, pages[1]), 1)
    shutil.rmtree(case.target)
    case.target.mkdir()
    with mounted("-t", "tmpfs", "-o", f"size={size * page}", "tmpfs", str(case.target)):
        case.reset()
        code, said = run(case.command)
        new = _refused(case, f"a disk of {size} pages", code, said, heal=False)
        subprocess.run(["mount", "-o", "remount,size=64m", str(case.target)], check=True)
        case.heal(f"a disk of {size} pages")
    return new


def read_only(case: Case, draw: random.Random, number: int) -> bool:
    """A target that cannot be written: for another user, or by a read-only mount."""
    case.reset()
    before = state(case.target)
    if number % 2 and can_mount():
        with mounted("--bind", str(case.target), str(case.target)):
            subprocess.run(["mount", "-o", "remount,ro,bind", str(case.target)], check=True)
            code, said = run(case.command)
    elif os.geteuid() == 0:
        code, said = run(case.command, lambda: os.setuid(NOBODY))
    else:
        os.chmod(case.target, 0o555)
        code, said = run(case.command)
        os.chmod(case.target, 0o755)
    _want(code == 3, f"{case.name}, read-only: ended with {code}: {said}")
    _want(state(case.target) == before, f"{case.name}, read-only: something was written")
    return _refused(case, "read-only", code, said)


def _refused(case: Case, fault: str, code: int, said: str, heal: bool = True) -> bool:
    """Whether it was done in spite of the fault; else it has to say so in a line."""
    _want(code in (0, 1, 3) and "TRACEBACK" not in said, f"{case.name}, {fault}: {code} {said}")
    _want(code != 3 or said.startswith("error: "), f"{case.name}, {fault}: says {said!r}")
    new = case.check(fault)
    _want(new == (code != 3), f"{case.name}, {fault}: ended with {code}: {said}")
    strays = [path for path in state(case.target) if SUFFIX in path]
    _want(not strays, f"{case.name}, {fault}: left {strays}")
    if heal:
        case.heal(fault)
    return new


@contextlib.contextmanager
def mounted(*arguments: str) -> Iterator[None]:
    """Something mounted, for this process and its children alone."""
    subprocess.run(["mount", *arguments], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", arguments[-1]], check=True)


_own_mounts = False


def can_mount() -> bool:
    """Whether mounts can be made that nobody else sees."""
    return _own_mounts


def _take_own_mounts() -> None:
    global _own_mounts  # noqa: PLW0603 - a property of the process
    new_mounts = 0x20000  # CLONE_NEWNS
    if os.geteuid() or ctypes.CDLL(None, use_errno=True).unshare(new_mounts):
        return
    made = subprocess.run(["mount", "--make-rprivate", "/"], check=False, capture_output=True)
    _own_mounts = made.returncode == 0


# The cases --------------------------------------------------------------------------------------

SPLIT = "--split train=0.5,val=0.5"


def _warm_up(folder: Path) -> None:
    """Import in this process what each run would import, as another user may not read it."""
    for module in pkgutil.walk_packages(dataforge.__path__, "dataforge."):
        if module.name != "dataforge.__main__":
            importlib.import_module(module.name)
    os.environ["SITE"] = "warm"
    (folder / "warm" / "site").mkdir(parents=True)
    with contextlib.redirect_stdout(io.StringIO()):
        for writes in ("coco", "voc", "yolo"):
            _call(["convert", f"labelme2{writes}", f"{folder}/src", f"{folder}/warm/{writes}"])
        _call(["register", "Warm", "--root", f"{folder}/devkit", "--output", f"{folder}/warm/out",
               "--python", f"{folder}/python", "--framework", "mmdet2"])  # fmt: skip


def cases(folder: Path) -> list[Case]:
    """Conversions, registrations and mendings, first ones and such over what is there."""
    for number in range(12):
        shapes = [shape(name, SQUARE) for name in ("cat", "dog")]
        write(folder / "src" / f"{number}.json", document(*shapes, image=f"{number}.jpg"))
        picture(folder / "src" / f"{number}.jpg")
        objects = [voc_object(name, (1, 2, 30, 40)) for name in ("cat", "dog")]
        write(folder / "devkit" / "Annotations" / f"{number}.xml", voc_xml(*objects))
        picture(folder / "devkit" / "JPEGImages" / f"{number}.jpg")
        untidy = document(shape("cat ", SQUARE), shape("dog", SQUARE), image=f"{number}.jpg")
        write(folder / "untidy" / f"{number}.json", untidy).chmod(0o640 + number % 8)
        picture(folder / "untidy" / f"{number}.jpg")
    python_with_site(folder / "python", f"{folder}/$SITE/site")
    _warm_up(folder)
    made = []
    coco = f"convert labelme2coco {{src}} {{out}} {SPLIT}"
    yolo = f"convert labelme2yolo {{src}} {{out}} {SPLIT}"
    voc = f"convert labelme2voc {{src}} {{out}} {SPLIT}"
    register = "register Pets --root {voc} --output {out} --python {python} --framework mmdet2 "
    note = "note {out}/notes/mine.txt"
    for name, before, command in (
        ("coco", [], coco),
        ("coco-again", [coco], f"{coco} --seed 2 --force"),
        ("coco-shared", [coco, note], f"{coco} --seed 2 --force"),
        ("coco-file", [], "convert labelme2coco {src} {out}/all.json"),
        ("coco-file-again", ["convert labelme2coco {src} {out}/all.json"],
         "convert labelme2coco {src} {out}/all.json --labels dog,cat --force"),
        ("yolo-again", [yolo], f"{yolo} --labels dog,cat --force"),
        ("yolo-shared", [yolo, note], f"{yolo} --seed 2 --force"),
        ("voc", [], voc),
        ("voc-again", [voc], f"{voc} --seed 2 --force"),
        ("voc-shared", [voc, note], f"{voc} --seed 2 --force"),
        ("beside-shared", ["note {out}/images/mine.txt"], yolo),
        ("register", [], register + SPLIT),
        ("register-shared", [register + SPLIT],
         f"{register} {SPLIT} --labels dog,cat --base retinanet_r50_fpn"),
        ("fix-out", [], "check {untidy} --fix --output {out}"),
        ("fix-in-place", ["copy {untidy} {out}"], "check {out} --fix"),
    ):  # fmt: skip
        os.environ["SITE"] = name
        kind = InPlace if "in-place" in name else Shared if "shared" in name else Case
        made.append(kind(name, folder, before, command))
    return made


def main() -> None:
    """Run what was asked for; the first fault that is not survived ends it with exit code 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("kills", "full", "read-only"):
        parser.add_argument(f"--{name}", type=int, default=0)
    parser.add_argument("--every", action="store_true", help="Kill at every step, too.")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    _take_own_mounts()
    if not can_mount():
        print("no mounts: disks are full by RLIMIT_FSIZE, and read-only by permissions alone")
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)  # another user is to read there
        all_cases = cases(Path(name))
        told: dict[str, Any] = {"cases": len(all_cases)}
        faults = {"kills": kill, "full": full, "read_only": read_only}
        for fault, inject in faults.items():
            draw = random.Random(options.seed)
            new = 0
            for number in range(getattr(options, fault)):
                case = all_cases[number // 2 % len(all_cases)]
                os.environ["SITE"] = case.name
                new += inject(case, draw, number)
            told[fault] = {"runs": getattr(options, fault), "new was complete": new}
        if options.every:
            told["every"] = {case.name: case.steps for case in all_cases}
            for case in all_cases:
                os.environ["SITE"] = case.name
                for step in range(1, case.steps + 1):
                    kill_at(case, step)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
