"""`convert --watch`: the output follows what is labelled, and nothing else wakes it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import SQUARE, document, load_coco, picture, shape, snapshot, write

from dataforge.cli import main
from dataforge.errors import InputError, OutputError, UsageError
from dataforge.interrupts import Interrupted
from dataforge.jobs import Job
from dataforge.verbs import watch as watching
from dataforge.verbs.convert import convert
from dataforge.verbs.watch import Update, watch

Action = Callable[[], Any]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for name in "abc":
        label(tmp_path / "data", name)
    return tmp_path / "data"


def label(folder: Path, name: str, *labels: str) -> None:
    """A labelme file and its image."""
    picture(folder / f"{name}.png")
    shapes = [shape(one, SQUARE) for one in labels or ("cat",)]
    write(folder / f"{name}.json", document(*shapes, image=f"{name}.png"))


class Clock:
    """Time that passes only while the program sleeps, and what others do in the meantime."""

    def __init__(self) -> None:
        self.now = 0.0
        self.actions: list[Action] = []

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if not self.actions:
            raise Interrupted(signal.SIGINT)
        self.actions.pop(0)()

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(watching, "time", clock)
    return clock


def nothing() -> None:
    """Nobody does anything while the program sleeps."""


def started(source: Path, out: Path, **options: Any) -> Iterator[Update]:
    job = Job(source=str(source), out=str(out), reads="labelme", writes="coco", **options)
    job = job if job.cache else Job(**{name: getattr(job, name) for name in job.__struct_fields__}
                                    | {"cache": str(out.parent / "cache")})  # fmt: skip
    return watch(job)


def names(paths: list[str]) -> list[str]:
    return [os.path.basename(path) for path in paths]


def test_each_change_is_converted(tmp_path: Path, source: Path, clock: Clock) -> None:
    out = tmp_path / "out"
    updates = started(source, out)
    first = next(updates)
    assert first.report is not None
    assert first.report.images == {"all": 3}

    clock.actions = [nothing, lambda: label(source, "b", "cat", "dog"), nothing]
    changed = next(updates)
    assert (changed.added, names(changed.removed)) == ([], [])
    assert names(changed.changed) == ["b.json", "b.png"]
    assert [entry["name"] for entry in load_coco(out)["categories"]] == ["cat", "dog"]

    clock.actions = [lambda: label(source, "d"), nothing]
    assert names(next(updates).added) == ["d.json", "d.png"]
    assert len(load_coco(out)["images"]) == 4

    def renamed() -> None:
        (source / "a.json").rename(source / "e.json")

    clock.actions = [renamed, nothing]
    update = next(updates)
    assert (names(update.added), names(update.removed)) == (["e.json"], ["a.json"])

    clock.actions = [
        lambda: [(source / f"{name}").unlink() for name in ("d.json", "d.png")],
        nothing,
    ]
    assert names(next(updates).removed) == ["d.json", "d.png"]

    full = convert(Job(source=str(source), out=str(tmp_path / "full"), reads="labelme",
                       writes="coco"))  # fmt: skip
    assert full.images == {"all": 3}
    assert snapshot(out) == snapshot(tmp_path / "full")


def test_findings_come_and_go(tmp_path: Path, source: Path, clock: Clock) -> None:
    updates = started(source, tmp_path / "out")
    assert next(updates).new == []
    content = (source / "a.json").read_bytes()
    clock.actions = [lambda: write(source / "a.json", '{"shapes": []} x}'), nothing]
    update = next(updates)
    assert [(one.code, one.file) for one in update.new] == [("unreadable-json", "a.json")]
    clock.actions = [lambda: label(source, "d"), nothing]
    update = next(updates)
    assert (update.new, update.gone) == ([], 0)
    clock.actions = [lambda: (source / "a.json").write_bytes(content), nothing]
    update = next(updates)
    assert (update.new, update.gone) == ([], 1)


def test_what_is_no_part_of_a_dataset_wakes_nobody(
    tmp_path: Path, source: Path, clock: Clock
) -> None:
    updates = started(source, tmp_path / "out")
    next(updates)
    others = (
        ".a.json.swp",
        "a.json~",
        "#a.json#",
        ".#a.json",
        "a.json.tmp",
        ".hidden/b.json",
        "4913",
    )
    clock.actions = [lambda name=name: write(source / name, "x") for name in others]  # type: ignore[misc]
    assert [*updates] == []


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        ("csv", "labels.csv", "filename,xmin,ymin,xmax,ymax,class\na.png,10,10,30,30,{}\n"),
        ("crowdhuman", "boxes.odgt",
         '{{"ID": "a", "gtboxes": [{{"tag": "{}", "fbox": [10, 10, 20, 20]}}]}}\n'),
    ],
)  # fmt: skip
def test_tables_and_lists_are_watched(
    tmp_path: Path, source: Path, clock: Clock, kind: str, name: str, text: str
) -> None:
    table = write(source / name, text.format("person"))
    job = Job(source=str(source), out=str(tmp_path / "out"), reads=kind, writes="coco",
              cache=str(tmp_path / "cache"))  # fmt: skip
    updates = watch(job)
    next(updates)
    clock.actions = [lambda: write(table, text.format("robot")), nothing]
    assert names(next(updates).changed) == [name]
    assert [entry["name"] for entry in load_coco(tmp_path / "out")["categories"]] == ["robot"]


def test_a_temporary_file_that_comes_and_goes(tmp_path: Path, source: Path, clock: Clock) -> None:
    updates = started(source, tmp_path / "out")
    next(updates)
    clock.actions = [
        lambda: write(source / "tmp1.json", "{}"),
        lambda: (source / "tmp1.json").unlink(),
        nothing,
    ]
    assert [*updates] == []


def test_a_file_is_waited_for_until_it_is_whole(tmp_path: Path, source: Path, clock: Clock) -> None:
    whole = (source / "a.json").read_bytes()
    updates = started(source, tmp_path / "out")
    next(updates)
    clock.actions = [
        lambda: (source / "a.json").write_bytes(b""),
        lambda: (source / "a.json").write_bytes(whole[:50]),
        nothing,
        nothing,
        lambda: (source / "a.json").write_bytes(whole.replace(b"cat", b"cow")),
        nothing,
    ]
    update = next(updates)
    assert update.new == []
    assert update.report is not None
    assert update.report.classes == ["cat", "cow"]
    assert clock.actions == []


def test_but_not_for_ever(tmp_path: Path, source: Path, clock: Clock) -> None:
    """What is broken is said after ten seconds, and the rest is converted."""
    updates = started(source, tmp_path / "out")
    next(updates)
    clock.actions = [lambda: write(source / "a.json", '{"shapes"'), *[nothing] * 30]
    start = clock.now
    assert [one.code for one in next(updates).new] == ["unreadable-json"]
    assert 10 <= clock.now - start <= 12


def test_many_saves_are_one_update(tmp_path: Path, source: Path, clock: Clock) -> None:
    updates = started(source, tmp_path / "out")
    next(updates)
    clock.actions = [lambda at=at: label(source, f"n{at}") for at in range(4)] + [nothing]  # type: ignore[misc]
    assert len(next(updates).added) == 8
    assert [*updates] == []


@pytest.mark.parametrize("out", ["data/out", "data/a/b/out.json", "out"])
@pytest.mark.parametrize("mode", ["reference", "copy", "hardlink"])
def test_it_does_not_react_to_its_own_output(
    tmp_path: Path, source: Path, clock: Clock, out: str, mode: str
) -> None:
    if out.endswith(".json") and mode != "reference":
        pytest.skip("images need a folder")
    updates = started(source, tmp_path / out, image_mode=mode, cache=str(tmp_path / "cache"))
    first = next(updates)
    clock.actions = [nothing] * 5
    assert [*updates] == []
    updates = started(source, tmp_path / out, image_mode=mode, force=True,
                      cache=str(tmp_path / "cache"))  # fmt: skip
    again = next(updates)
    assert first.report == again.report
    clock.actions = [lambda: label(source, "d"), nothing, nothing, nothing]
    update, *more = updates
    assert more == []
    assert names(update.added) == ["d.json", "d.png"]
    assert update.new == []


@pytest.mark.parametrize("out", ["data", ".", "link"])
def test_an_output_that_contains_the_source_is_refused(
    tmp_path: Path, source: Path, out: str
) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="apart"):
        next(started(source, tmp_path / out, cache=str(tmp_path / "cache")))


def test_the_first_conversion_obeys_force(tmp_path: Path, source: Path, clock: Clock) -> None:
    out = tmp_path / "out"
    next(started(source, out))
    with pytest.raises(OutputError, match="already exists"):
        next(started(source, out))
    next(started(source, out, force=True))


def test_a_failure_leaves_the_output_and_goes_on(
    tmp_path: Path, source: Path, clock: Clock
) -> None:
    out = tmp_path / "out"
    updates = started(source, out)
    next(updates)
    before = snapshot(out)
    clock.actions = [lambda: source.rename(tmp_path / "away"), nothing]
    update = next(updates)
    assert update.report is None
    assert "no such file or folder" in update.error
    assert snapshot(out) == before
    clock.actions = [lambda: (tmp_path / "away").rename(source), nothing]
    assert next(updates).report is not None
    assert snapshot(out) == before


def test_files_that_options_name_are_watched(tmp_path: Path, source: Path, clock: Clock) -> None:
    labels = write(tmp_path / "labels.txt", "cat\n")
    updates = started(source, tmp_path / "out", labels=str(labels))
    next(updates)
    clock.actions = [lambda: write(labels, "cat\ndog\n"), nothing]
    update = next(updates)
    assert update.report is not None
    assert update.report.classes == ["cat", "dog"]


@pytest.mark.parametrize("asked", [False, True])
def test_it_does_without_a_cache_that_nobody_asked_for(
    tmp_path: Path, source: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, asked: bool
) -> None:
    """As in a container whose home is read-only, or full."""
    home = write(tmp_path / "home", "no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    job = Job(source=str(source), out=str(tmp_path / "out"), reads="labelme", writes="coco",
              cache=str(home / "dataforge") if asked else None)  # fmt: skip
    updates = watch(job)
    if asked:
        with pytest.raises(OutputError, match=r"cannot be made: .*; name another .* --cache-dir"):
            next(updates)
        return
    next(updates)
    clock.actions = [lambda: label(source, "a", "dog"), nothing]
    report = next(updates).report
    assert report is not None
    assert report.classes == ["cat", "dog"]


def test_only_what_has_changed_is_read(
    tmp_path: Path, source: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from helpers import opens

    from dataforge.io import tracing

    monkeypatch.setattr(tracing, "_YOUNG", -1)
    updates = started(source, tmp_path / "out")
    next(updates)
    clock.actions = [lambda: write(source / "b.json", document(image="b.png")), nothing]
    with opens(source) as opened:
        next(updates)
    # By the labeller, to see whether it is whole, and to read it.
    assert opened == {"b.json": 3, "b.png": 1}


def test_a_signal_during_a_conversion_is_an_interruption(
    tmp_path: Path, source: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    updates = started(source, tmp_path / "out")
    next(updates)

    def interrupted(*_: Any) -> Any:
        raise Interrupted(signal.SIGINT)

    clock.actions = [lambda: label(source, "d"), nothing]
    monkeypatch.setattr(watching, "convert", interrupted)
    with pytest.raises(Interrupted):
        next(updates)


def test_sigterm_ends_it_as_any_command(tmp_path: Path, source: Path, clock: Clock) -> None:
    def terminated() -> None:
        raise Interrupted(signal.SIGTERM)

    updates = started(source, tmp_path / "out")
    next(updates)
    clock.actions = [terminated]
    with pytest.raises(Interrupted):
        next(updates)


def test_what_cannot_be_watched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = ["convert", "labelme2coco", str(tmp_path), str(tmp_path / "out"), "--watch"]
    with pytest.raises(SystemExit, match="2"):
        main([*source, "--json"])
    assert "--json and --report do not apply" in capsys.readouterr().err
    with pytest.raises(InputError):
        next(started(tmp_path / "no", tmp_path / "out"))
    with pytest.raises(UsageError, match="local folder"):
        next(watch(Job(source="memory://x", out="out", reads="labelme", writes="coco")))


_INTERRUPTIBLE = """
import shutil
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored where tests run
from dataforge.cli import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_the_command(tmp_path: Path, source: Path) -> None:
    """It prints a line for an update, and Ctrl-C ends it with 0."""
    run = subprocess.Popen(
        [sys.executable, "-c", _INTERRUPTIBLE, "convert", "labelme2coco", "data", "out", "--watch",
         "--cache-dir", "cache"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert run.stdout is not None
        lines = [
            line.rstrip() for line in iter(run.stdout.readline, "watching data; Ctrl-C ends it\n")
        ]
        assert lines[0] == "3 images, 3 shapes as 3 instances"
        write(source / "a.json", document(shape("cat", SQUARE), image="no\x1b[2J.png"))
        line = run.stdout.readline()
        assert line[9:].startswith("a.json changed: 3 images, 3 shapes; new: ")
        assert "\x1b" not in line
        time.sleep(0.2)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=60)
        assert (out, err, run.returncode) == ("stopped; out is as of the last line\n", "", 0)
    finally:
        run.kill()
        run.communicate()


def _next_error(updates: Iterator[Update], clock: Clock, source: Path, action: Action) -> str:
    """Why the conversion failed that follows what somebody does."""
    clock.actions = [lambda: [action(), label(source, "n", "cat")], nothing]
    update = next(updates)
    assert update.report is None
    return update.error


@pytest.mark.skipif(sys.platform == "win32", reason="links")
@pytest.mark.parametrize("kind", ["link", "folder"])
def test_an_output_that_is_replaced_by_another_folder_is_not_written(
    tmp_path: Path, source: Path, clock: Clock, kind: str
) -> None:
    """`rm -rf out; ln -s victim out` while it waits: nothing in the victim is touched."""
    out, victim = tmp_path / "out", tmp_path / "victim"
    for name in ("annotations/instances_all.json", "images/a.png"):
        write(victim / name, "precious")
    updates = started(source, out, image_mode="copy")
    next(updates)

    def swapped() -> None:
        out.rename(tmp_path / "away")
        victim.rename(out) if kind == "folder" else out.symlink_to(victim)

    error = _next_error(updates, clock, source, swapped)
    assert "is not the folder that this run has written" in error
    assert snapshot(out) == {
        "annotations/instances_all.json": b"precious",
        "images/a.png": b"precious",
    }

    def back() -> None:
        out.rename(tmp_path / "victim2")
        (tmp_path / "away").rename(out)
        label(source, "m", "cat")

    clock.actions = [back, nothing]
    assert next(updates).report is not None
    assert len(load_coco(out)["images"]) == 5


@pytest.mark.parametrize("name", ["annotations/instances_all.json", "images/a.png"])
def test_a_file_of_the_output_that_somebody_has_changed_is_kept(
    tmp_path: Path, source: Path, clock: Clock, name: str
) -> None:
    out = tmp_path / "out"
    updates = started(source, out, image_mode="copy")
    next(updates)
    before = snapshot(out)
    error = _next_error(updates, clock, source, lambda: write(out / name, "precious"))
    assert error == f"{out / name} was changed during the run, and is not overwritten"
    assert snapshot(out) == before | {name: b"precious"}


def test_a_file_that_somebody_puts_in_the_place_of_a_new_one_is_kept(
    tmp_path: Path, source: Path, clock: Clock
) -> None:
    out = tmp_path / "out"
    updates = started(source, out, image_mode="copy")
    next(updates)
    theirs = out / "images" / "n.png"
    error = _next_error(updates, clock, source, lambda: write(theirs, "precious"))
    assert error == f"{theirs} was changed during the run, and is not overwritten"
    assert theirs.read_bytes() == b"precious"


@pytest.mark.skipif(sys.platform == "win32", reason="links")
@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_single_file_that_somebody_has_replaced_is_kept(
    tmp_path: Path, source: Path, clock: Clock, kind: str
) -> None:
    out, victim = tmp_path / "out.json", write(tmp_path / "victim.json", "precious")
    updates = started(source, out)
    next(updates)
    clock.actions = [lambda: label(source, "m"), nothing]
    assert next(updates).report is not None

    def replaced() -> None:
        out.unlink()
        out.symlink_to(victim) if kind == "link" else write(out, "precious")

    error = _next_error(updates, clock, source, replaced)
    assert "is not overwritten" in error
    assert out.read_bytes() == victim.read_bytes() == b"precious"
    assert out.is_symlink() == (kind == "link")


def test_an_output_that_is_removed_is_made_anew(tmp_path: Path, source: Path, clock: Clock) -> None:
    out = tmp_path / "out"
    updates = started(source, out)
    next(updates)
    clock.actions = [lambda: [shutil.rmtree(out), label(source, "n")], nothing]
    assert next(updates).report is not None
    clock.actions = [lambda: label(source, "m"), nothing]
    assert next(updates).report is not None
    assert len(load_coco(out)["images"]) == 5


@pytest.mark.skipif(sys.platform == "win32", reason="links")
@pytest.mark.parametrize("mode", ["copy", "hardlink", "symlink"])
def test_an_image_that_is_edited_is_written_again(
    tmp_path: Path, source: Path, clock: Clock, mode: str
) -> None:
    out = tmp_path / "out"
    updates = started(source, out, image_mode=mode)
    next(updates)

    def edited() -> None:
        picture(tmp_path / "b.png", (9, 9))
        (source / "a.png").write_bytes((tmp_path / "b.png").read_bytes())  # in place

    for _ in range(2):
        clock.actions = [lambda: [edited(), label(source, "n")], nothing]
        assert next(updates).error == ""
        assert (out / "images/a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
        label(source, "a", "cow")
        clock.actions = [nothing, nothing]
        assert next(updates).error == ""


def test_somebody_elses_files_in_the_output_stay(
    tmp_path: Path, source: Path, clock: Clock
) -> None:
    """A label file in a folder that is replaced is removed only if the run has written it."""
    out = tmp_path / "out"
    job = Job(source=str(source), out=str(out), reads="labelme", writes="yolo",
              cache=str(tmp_path / "cache"))  # fmt: skip
    updates = watch(job)
    next(updates)
    labels = out / "labels" / "all"
    assert sorted(os.listdir(labels)) == ["a.txt", "b.txt", "c.txt"]

    def changed() -> None:
        write(labels / "mine.txt", "precious")
        for name in ("c.json", "c.png"):
            (source / name).unlink()

    clock.actions = [changed, nothing]
    assert next(updates).error == ""
    assert sorted(os.listdir(labels)) == ["a.txt", "b.txt", "mine.txt"]
    assert (labels / "mine.txt").read_bytes() == b"precious"


@pytest.mark.parametrize("where", ["disk", "store"])
@pytest.mark.parametrize("theirs", [False, True])
def test_what_it_has_written_goes_with_its_source(
    tmp_path: Path, source: Path, clock: Clock, where: str, theirs: bool
) -> None:
    """The output is that of a full run, images included; an image of somebody else stays."""
    fsspec = pytest.importorskip("fsspec")
    out = str(tmp_path / "out") if where == "disk" else f"memory://{tmp_path.name}"
    store, home = fsspec.core.url_to_fs(out)
    label(source / "inner", "d")
    job = Job(source=str(source), out=out, reads="labelme", writes="yolo",
              cache=str(tmp_path / "cache"))  # fmt: skip
    try:
        updates = watch(job)
        next(updates)

        def changed() -> None:
            shutil.rmtree(source / "inner")
            (source / "a.json").unlink()
            if theirs:
                store.pipe(f"{home}/images/all/mine.png", b"precious")

        clock.actions = [changed, nothing]
        update = next(updates)
        assert update.error == ""
        assert [one.file for one in update.new if one.code == "left-over-files"] == (
            ["images/all/mine.png"] if theirs else []
        )
        convert(Job(source=str(source), out=str(tmp_path / "full"), reads="labelme",
                    writes="yolo"))  # fmt: skip
        there = {one[len(home) + 1 :]: store.cat(one) for one in store.find(home)}
        mine = {"images/all/mine.png": b"precious"} if theirs else {}
        assert there == snapshot(tmp_path / "full") | mine
        if where == "disk":
            assert not (tmp_path / "out" / "images" / "all" / "inner").exists()
    finally:
        if where == "store":
            store.rm(home, recursive=True)


def test_in_a_store_only_its_own_objects_are_overwritten(
    tmp_path: Path, source: Path, clock: Clock
) -> None:
    """As on a disk: what somebody else has written, or added, stays as it is."""
    fsspec = pytest.importorskip("fsspec")
    store, home = fsspec.filesystem("memory"), f"/{tmp_path.name}"
    job = Job(source=str(source), out=f"memory:/{home}", reads="labelme", writes="yolo",
              image_mode="copy", cache=str(tmp_path / "cache"))  # fmt: skip
    label(source, "c", "dog")
    try:
        updates = watch(job)
        next(updates)

        def changed() -> None:
            store.pipe(f"{home}/labels/all/mine.txt", b"precious")
            label(source, "a", "dog")
            for name in ("c.json", "c.png"):
                (source / name).unlink()

        clock.actions = [changed, nothing]
        assert next(updates).error == ""
        assert store.cat(f"{home}/labels/all/mine.txt") == b"precious"
        assert not store.exists(f"{home}/labels/all/c.txt")
        ours = f"{home}/labels/all/a.txt"
        assert store.cat(ours).startswith(b"1 ")  # dog, after cat
        error = _next_error(updates, clock, source, lambda: store.pipe(ours, b"precious"))
        assert error.startswith(f"{job.out}/labels/all/a.txt is not as this run has left it")
        assert store.cat(ours) == b"precious"
        assert not store.exists(f"{home}/images/all/n.png")
    finally:
        store.rm(home, recursive=True)
