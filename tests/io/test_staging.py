"""Temporary files that a killed run leaves, and the one step that puts the new in place."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from helpers import REPO, snapshot, write

from dataforge.errors import OutputError
from dataforge.interrupts import Interrupted, Signals
from dataforge.io import Folder, atomic_write, staged, swapping, write_text
from dataforge.io.staging import SUFFIX

STAGE = f".out{SUFFIX}"


def put(out: Path, *names: str, replaced: tuple[str, ...] = (), force: bool = True) -> None:
    """Write files that hold `new` into an output."""
    with staged(out, [out / name for name in replaced], force=force) as stage:
        for name in names:
            write(stage / name, "new")


def no_exchange(*_: object) -> None:
    raise OSError(errno.ENOSYS, "no")


@pytest.fixture(params=["one step", "one by one"])
def steps(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without the system call that swaps folders."""
    if request.param == "one by one":
        monkeypatch.setattr(swapping, "exchange", no_exchange)


@pytest.mark.usefixtures("steps")
def test_new_files_are_added_and_others_kept(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for name in ("a/1", "a/2", "b/1", "notes/mine", "top"):
        write(out / name, "old")
    (out / "link").symlink_to("top")
    put(out, "a/1", "b/3", "new/x", replaced=("b",))
    assert snapshot(out) == {
        "a/1": b"new", "a/2": b"old", "b/3": b"new", "new/x": b"new", "notes/mine": b"old",
        "top": b"old", "link": b"old",
    }  # fmt: skip
    assert (out / "link").is_symlink()
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.usefixtures("steps")
def test_replaced_folder_is_removed_even_without_new_files(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out / "labels" / "a", "old")
    write(out / "images" / "a", "old")
    put(out, "images/b", replaced=("labels", "images"))
    assert snapshot(out) == {"images/b": b"new"}
    assert not (out / "labels").exists()


def test_files_are_moved_one_by_one_if_the_folder_cannot_be_swapped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    write(out / "a" / "1", "old")
    write(out / "b" / "1", "old")
    inode = out.stat().st_ino
    monkeypatch.chdir(out)  # which would be taken away from under us
    put(Path(), "a/2", "b/2", "c", replaced=("b",))
    assert snapshot(out) == {"a/1": b"old", "a/2": b"new", "b/2": b"new", "c": b"new"}
    assert out.stat().st_ino == inode

    def no_links(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "link", no_links)
    put(out, "a/3", "d")
    assert snapshot(out)["a/3"] == snapshot(out)["d"] == b"new"
    assert sorted(os.listdir(tmp_path)) == ["out"]


def test_output_behind_a_link_is_written_to_its_target(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to("disk")
    put(tmp_path / "out", "a/1", "b")
    assert snapshot(tmp_path / "disk") == {"a/1": b"new", "b": b"new"}
    assert (tmp_path / "out").is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["disk", "out"]


def test_folder_mode_is_preserved(tmp_path: Path) -> None:
    write(tmp_path / "out" / "a", "old")
    (tmp_path / "out").chmod(0o750)
    put(tmp_path / "out", "a", "b")
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o750


@pytest.mark.parametrize("there", ["a/b/c", "a"])
def test_a_folder_in_place_of_a_file_is_refused(tmp_path: Path, there: str) -> None:
    write(tmp_path / "out" / there, "old")
    new = "a/b" if there == "a/b/c" else "a/x"
    with pytest.raises(OutputError, match="move it away"):
        put(tmp_path / "out", new, "z")
    assert snapshot(tmp_path) == {f"out/{there}": b"old"}


def test_nothing_is_overwritten_without_force(tmp_path: Path) -> None:
    write(tmp_path / "out" / "a", "old")
    with pytest.raises(OutputError, match=r"a already exists; use --force"):
        put(tmp_path / "out", "a", "b", force=False)
    with pytest.raises(OutputError, match=r"a already exists; use --force"):
        put(tmp_path / "out", "b", replaced=("a",), force=False)
    assert snapshot(tmp_path) == {"out/a": b"old"}


# What a killed run leaves ------------------------------------------------------------------------


@pytest.mark.parametrize("left", ["folder", "file", "link"])
def test_leftovers_of_a_killed_run_are_removed(tmp_path: Path, left: str) -> None:
    kept = write(tmp_path / "kept", "kept")
    if left == "folder":
        write(tmp_path / STAGE / "out" / "half", "half")
    elif left == "file":
        write(tmp_path / STAGE, "half")
    else:
        (tmp_path / STAGE).symlink_to(kept)
    if left == "link":  # nobody's but an enemy's
        with pytest.raises(OutputError, match="cannot be written"):
            put(tmp_path / "out", "a")
        assert kept.read_text() == "kept"
        return
    put(tmp_path / "out", "a")
    assert snapshot(tmp_path) == {"out/a": b"new", "kept": b"kept"}
    write(tmp_path / f".kept{SUFFIX}", "half")
    write_text(tmp_path / "kept", "new")
    assert snapshot(tmp_path) == {"out/a": b"new", "kept": b"new"}


@pytest.mark.skipif(sys.platform == "win32", reason="links, pipes")
@pytest.mark.parametrize("kind", ["link", "dangling", "folder", "socket", "pipe", "foreign"])
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_is_planted_in_the_place_of_a_temporary_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, what: str
) -> None:
    """The hidden entry, so that it can be removed; a pipe is not waited for, and goes."""
    kept, stage = write(tmp_path / "kept" / "x", "kept"), tmp_path / STAGE
    why = "is a link"
    if kind == "foreign":
        stage.mkdir()
        why = "cannot be opened (Permission denied)"
        opened = Folder.open_file

        def refused(folder: Folder, name: str) -> int:
            if name == STAGE:
                raise PermissionError(errno.EACCES, "Permission denied")
            return opened(folder, name)

        monkeypatch.setattr(Folder, "open_file", refused)
    elif kind == "socket":
        monkeypatch.chdir(tmp_path)  # their paths are short
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(STAGE)
        why = f"cannot be opened ({os.strerror(errno.ENXIO)})"
    elif kind == "pipe":
        os.mkfifo(stage)
    else:
        stage.symlink_to({"link": kept, "dangling": "nothing", "folder": kept.parent}[kind])

    def run() -> None:
        put(tmp_path / "out", "a") if what == "folder" else write_text(tmp_path / "out", "new")

    if kind != "pipe":
        with pytest.raises(OutputError) as refused_:
            run()
        assert str(refused_.value) == (
            f"{tmp_path / 'out'}: cannot be written: {stage} {why}, where a temporary file goes; "
            "remove it, or name another output"
        )
        assert os.path.lexists(stage)
        assert not (tmp_path / "out").exists()
        monkeypatch.undo()
        stage.rmdir() if kind == "foreign" else stage.unlink()
    run()
    assert kept.read_text() == "kept"
    assert sorted(os.listdir(tmp_path)) == ["kept", "out"]


def test_refused_run_removes_leftovers_too(tmp_path: Path) -> None:
    write(tmp_path / "out" / "a", "old")
    write(tmp_path / STAGE / "out" / "half", "half")
    with pytest.raises(OutputError):
        put(tmp_path / "out", "b", replaced=("a",), force=False)
    assert snapshot(tmp_path) == {"out/a": b"old"}


def test_nothing_in_planted_leftovers_becomes_output(tmp_path: Path) -> None:
    elsewhere = write(tmp_path / "elsewhere" / "kept", "kept").parent
    write(tmp_path / STAGE / "old" / "evil", "evil")
    (tmp_path / STAGE / "old" / "a").symlink_to(elsewhere)
    write(tmp_path / STAGE / "out" / "a", "half")
    with pytest.raises(RuntimeError), staged(tmp_path / "out", [], force=True):
        raise RuntimeError
    assert snapshot(tmp_path) == {"elsewhere/kept": b"kept"}
    write(tmp_path / STAGE / "old" / "evil", "evil")
    put(tmp_path / "out", "a/x")
    assert snapshot(tmp_path) == {"elsewhere/kept": b"kept", "out/a/x": b"new"}


@pytest.mark.skipif(sys.platform == "win32", reason="what is open there cannot be removed")
def test_two_runs_do_not_write_the_same(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from dataforge.io import staged, atomic_write\n"
        f"out = Path({str(tmp_path)!r})\n"
        "with staged(out / 'out', [], force=True), atomic_write(out / 'a'):\n"
        "    print('ready', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=REPO, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"ready\n"
        with pytest.raises(OutputError, match=r"out: another run is writing it"):
            put(tmp_path / "out", "b")
        with pytest.raises(OutputError, match=r"a: another run is writing it"):
            write_text(tmp_path / "a", "")
        other.kill()
    put(tmp_path / "out", "b")
    write_text(tmp_path / "a", "mine")
    assert snapshot(tmp_path) == {"out/b": b"new", "a": b"mine"}


def test_names_as_long_as_the_system_allows(tmp_path: Path) -> None:
    name = "人" * 85  # 255 bytes
    write_text(tmp_path / name, "new")
    put(tmp_path / f"{name[:-1]}x", "a")
    assert (tmp_path / name).read_text() == "new"
    assert sorted(os.listdir(tmp_path)) == sorted([name, f"{name[:-1]}x"])


# What is not ours --------------------------------------------------------------------------------


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("planted", ["a", "a/b", "a/b/c.jpg"])
def test_nothing_is_written_through_a_link_in_the_output(
    tmp_path: Path, planted: str, force: bool
) -> None:
    elsewhere = tmp_path / "elsewhere"
    write(elsewhere / "kept", "kept")
    link = tmp_path / "out" / planted
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere / "kept" if link.suffix else elsewhere)
    if link.suffix and force:  # the link itself is what --force overwrites
        put(tmp_path / "out", "a/b/c.jpg", "z", force=force)
        assert not link.is_symlink()
    else:
        with pytest.raises(OutputError, match=r"is a link|already exists"):
            put(tmp_path / "out", "a/b/c.jpg", "z", force=force)
        assert link.is_symlink()
        assert not (tmp_path / "out" / "z").exists()
    assert snapshot(elsewhere) == {"kept": b"kept"}


@pytest.mark.parametrize("when", ["while it is written", "while it is moved"])
def test_folder_swapped_for_a_link_during_the_run_leads_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    write(elsewhere / "kept", "kept")
    write(tmp_path / "out" / "a" / "mine", "mine")

    def swap(path: Path) -> None:
        path.rename(tmp_path / "aside")
        path.symlink_to(elsewhere)

    moved = Folder.add

    def add(*arguments: Any) -> None:
        if not (tmp_path / "aside").exists():
            swap(tmp_path / "out" / "a")
        moved(*arguments)

    if when == "while it is moved":
        monkeypatch.setattr(Folder, "add", add)
    with suppress(OutputError), staged(tmp_path / "out", [], force=True) as stage:
        if when == "while it is written":
            swap(tmp_path / "out" / "a")
        for name in ("a/x", "a/y", "b/z"):
            write(stage / name, "new")
    assert snapshot(elsewhere) == {"kept": b"kept"}


@pytest.mark.skipif(sys.platform != "linux", reason="folders are written by their descriptor")
def test_stage_swapped_for_a_link_during_the_run_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "out").mkdir(parents=True)
    with suppress(OutputError), staged(tmp_path / "out", [], force=True) as stage:
        write(stage / "a", "new")
        (tmp_path / STAGE).rename(tmp_path / "aside")
        (tmp_path / STAGE).symlink_to(tmp_path / "elsewhere")
        write(stage / "b", "new")
    assert snapshot(tmp_path / "elsewhere") == {}
    assert snapshot(tmp_path / "out") == {"a": b"new", "b": b"new"}


def test_temporary_file_swapped_for_a_link_is_not_written_through(tmp_path: Path) -> None:
    kept = write(tmp_path / "kept", "kept")
    temporary = tmp_path / f".a{SUFFIX}"

    def swapped() -> None:
        with atomic_write(tmp_path / "a") as stream:
            temporary.unlink()
            temporary.symlink_to(kept)
            stream.write(b"new")

    with pytest.raises(OutputError, match="temporary file"):
        swapped()
    assert kept.read_text() == "kept"
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("when", ["before", "after"])
def test_folder_that_others_make_while_files_are_moved_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    out = tmp_path / "out"
    write(out / "mine", "mine")
    status, replaced = Folder.status, Folder.replace
    moving = False

    def late(self: Any, name: str) -> Any:
        nonlocal moving
        if moving and when == "before" and (self.path, name) == (out, "b"):
            write(out / "b" / "sub" / "theirs", "theirs")
        moving = moving or name == "a"
        return status(self, name)

    def later(self: Any, name: str, to: Any, new: str) -> None:
        if when == "after" and new == "b":
            write(out / "b" / "sub" / "theirs", "theirs")
        replaced(self, name, to, new)

    put(out, "a")
    monkeypatch.setattr(Folder, "status", late)
    monkeypatch.setattr(Folder, "replace", later)
    put(out, "a", "b/sub/x", "b/y")
    assert snapshot(out) == {
        **dict.fromkeys(("a", "b/sub/x", "b/y"), b"new"),
        "mine": b"mine", "b/sub/theirs": b"theirs",
    }  # fmt: skip


@pytest.mark.usefixtures("steps")
def test_what_others_write_during_the_run_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for name in ("labels/a", "labels/old", "labels/edited", "data"):
        write(out / name, "old")
    with staged(out, [out / "labels", out / "data"], force=True) as stage:
        for name in ("labels/a", "labels/b", "data", "images/a.jpg"):
            write(stage / name, "new")
        for name in ("labels/theirs", "labels/sub/theirs", "images/theirs.jpg", "notes"):
            write(out / name, "theirs")
        write(out / "labels" / "edited", "edited by hand")
    assert snapshot(out) == {
        **dict.fromkeys(("labels/a", "labels/b", "data", "images/a.jpg"), b"new"),
        **dict.fromkeys(("labels/theirs", "labels/sub/theirs", "images/theirs.jpg"), b"theirs"),
        "notes": b"theirs", "labels/edited": b"edited by hand",
    }  # fmt: skip


def test_file_written_just_before_the_swap_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "out" / "a", "old")
    write(tmp_path / "out" / "b", "old")
    exchange = swapping.exchange

    def late(*arguments: Any) -> None:
        write(tmp_path / "out" / "new" / "theirs", "theirs")
        exchange(*arguments)

    monkeypatch.setattr(swapping, "exchange", late)
    put(tmp_path / "out", "a", "b", "c")
    assert snapshot(tmp_path / "out") == {
        **dict.fromkeys("abc", b"new"), "new/theirs": b"theirs"}  # fmt: skip


def test_files_and_folders_of_others_are_the_very_same_afterwards(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for name in ("a/1", "notes/mine", "top"):
        write(out / name, "old")
    (out / "notes").chmod(0o770)
    (out / "a").chmod(0o2750)
    before = {path: path.stat() for path in (out, *out.rglob("*"))}
    put(out, "a/1", "a/2", "b/3")
    for path, old in before.items():
        if path != out / "a" / "1":
            now = path.stat()
            assert (now.st_ino, now.st_mode, now.st_gid) == (old.st_ino, old.st_mode, old.st_gid)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="gives files away")
def test_folder_of_another_group_is_kept_and_passed_on(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out / "a", "old")
    write(out / "b", "old")
    os.chown(out, -1, 12345)
    out.chmod(0o2775)
    put(out, "a", "b", "new/c")
    for path in (out, out / "a", out / "new", out / "new" / "c"):
        assert path.stat().st_gid == 12345
    assert out.stat().st_mode & 0o7777 == 0o2775
    os.chown(out / "b", 12345, -1)
    inode = out.stat().st_ino
    put(out, "a", "b", "new/c")
    assert out.stat().st_ino == inode  # somebody else's file is in it


@pytest.mark.parametrize("kept", ["labels/a", "data"])
def test_files_that_the_run_reads_are_never_replaced(tmp_path: Path, kept: str) -> None:
    out = tmp_path / "out"
    for name in ("labels/a", "labels/b", "data"):
        write(out / name, "old")
    inputs = {os.path.realpath(out / kept)}
    replaced = [out / "labels", out / "data"]
    with staged(out, replaced, force=True, inputs=inputs) as stage:
        write(stage / "labels" / "c", "new")
    assert snapshot(out)[kept] == b"old"
    with (
        pytest.raises(OutputError, match="is read by this run"),
        staged(out, replaced, force=True, inputs=inputs) as stage,
    ):
        write(stage / kept, "new")
    assert snapshot(out)[kept] == b"old"


def test_failure_in_the_middle_moves_everything_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    for name in ("labels/a", "labels/old", "data", "notes"):
        write(out / name, "old")
    before = snapshot(out)
    replaced = Folder.replace

    def full(self: Any, name: str, to: Any, new: str) -> None:
        if new == "data" and self.path.name != "old":
            raise OSError(errno.ENOSPC, "No space left on device")
        replaced(self, name, to, new)

    monkeypatch.setattr(Folder, "replace", full)
    with pytest.raises(OutputError, match="No space left"):
        put(out, "labels/a", "labels/b", "images/x/a.jpg", "data", replaced=("labels", "data"))
    assert snapshot(out) == before
    assert not (out / "images").exists()
    assert sorted(os.listdir(tmp_path)) == ["out"]


# Interruptions ------------------------------------------------------------------------------------


def interrupted_after(out: Path, number: int, *names: str) -> None:
    """Write files, until a signal arrives."""
    with staged(out, [], force=False) as stage:
        for name in names:
            write(stage / name, "new")
        raise Interrupted(number)


def test_it_is_said_that_a_run_is_interrupted_before_its_files_are_removed(tmp_path: Path) -> None:
    there: list[int] = []
    Signals(lambda: there.append(len([*tmp_path.rglob("[ab]")])))
    with pytest.raises(Interrupted):
        interrupted_after(tmp_path / "out", 15, "a", "b")
    assert there == [2]  # said once, with both files there
    assert os.listdir(tmp_path) == []


def test_a_second_signal_ends_the_removal_and_the_next_run_does_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", lambda *_, **__: interrupt(2))
        with pytest.raises(Interrupted) as ended:
            interrupted_after(tmp_path / "out", 15, "a")
    assert ended.value.number == 2
    assert os.listdir(tmp_path) == [STAGE]
    put(tmp_path / "out", "b")
    assert snapshot(tmp_path) == {"out/b": b"new"}


def interrupt(number: int) -> None:
    raise Interrupted(number)
