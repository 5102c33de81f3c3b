"""Temporary files that a killed run leaves, and the one step that puts the new in place."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import REPO, snapshot, write

from dataforge.errors import OutputError
from dataforge.io import staged, staging, write_text
from dataforge.io.staging import SUFFIX

STAGE = f".out{SUFFIX}"


def put(out: Path, *names: str, replaced: tuple[str, ...] = (), force: bool = True) -> None:
    """Write files that hold `new` into an output."""
    with staged(out, [out / name for name in replaced], force=force) as stage:
        for name in names:
            write(stage / name, "new")


def no_exchange(*_: object) -> None:
    raise OSError(errno.ENOSYS, "no")


@pytest.fixture(params=["one step", "two steps"])
def steps(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without the system call that only Linux has."""
    if request.param == "two steps":
        monkeypatch.setattr(staging, "_exchange", no_exchange)


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


def test_refused_run_removes_leftovers_too(tmp_path: Path) -> None:
    write(tmp_path / "out" / "a", "old")
    write(tmp_path / STAGE / "out" / "half", "half")
    with pytest.raises(OutputError):
        put(tmp_path / "out", "b", replaced=("a",), force=False)
    assert snapshot(tmp_path) == {"out/a": b"old"}


def test_run_killed_between_the_two_steps_is_rolled_back(tmp_path: Path) -> None:
    write(tmp_path / STAGE / "old" / "mine", "old")
    write(tmp_path / STAGE / "out" / "a", "half")
    with pytest.raises(RuntimeError), staged(tmp_path / "out", [], force=True):
        raise RuntimeError
    assert snapshot(tmp_path) == {"out/mine": b"old"}


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
