"""Datasets on several processes here: the same bytes as one, also when workers are killed."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers import snapshot, voc_object, voc_xml, write

from dataforge.engines import local
from dataforge.errors import DataforgeError
from dataforge.formats import Reading
from dataforge.jobs import Report
from dataforge.verbs.check import CheckOptions, check
from dataforge.verbs.convert import Job, convert

FILES = 200
WRITES = ["coco", "voc", "yolo", "labelme"]


@pytest.fixture(autouse=True)
def _small_shards_and_four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reading, "shard", 10)
    monkeypatch.setattr(local, "_cores", lambda: 4)


@pytest.fixture(scope="module")
def labelme(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files with three shapes each, some with faults; no images."""
    folder = tmp_path_factory.mktemp("labelme")
    for number in range(FILES):
        x = float(number % 50)
        points = [[x, 5], [x + 40.5, 30], [x, 44]]
        shapes = [{"label": f"c{number % 7}", "points": points, "shape_type": "polygon"}] * 3
        file = {"shapes": shapes, "imagePath": f"{number:04}.jpg", "imageHeight": 100,
                "imageWidth": 120 if number % 40 else 10}  # fmt: skip
        write(folder / f"{number:04}.json", file)
    return folder


@pytest.fixture(scope="module")
def voc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files with an object each."""
    folder = tmp_path_factory.mktemp("voc")
    for number in range(FILES):
        text = voc_xml(voc_object(f"c{number % 7}", (1, 2, 30, 40)))
        write(folder / "Annotations" / f"{number:04}.xml", text)
    return folder


def converted(
    source: Path, out: Path, writes: str, workers: int | None, progress: Any = None
) -> Report:
    """Convert without images, in two splits."""
    reads = "voc" if (source / "Annotations").is_dir() else "labelme"
    job = Job(source=str(source), out=str(out), reads=reads, writes=writes, workers=workers,
              split="train=70,val=30", image_mode="reference")  # fmt: skip
    return convert(job, progress)


def killing(*when: str) -> tuple[Callable[[int, int, str], None], list[str]]:
    """(a progress that kills all workers once in each of these steps, the steps to come)."""
    left = [*when]

    def progress(done: int, total: int, what: str) -> None:
        if left and what.startswith(left[0]) and done > total / 4:
            left.pop(0)
            for child in multiprocessing.active_children():
                child.kill()

    return progress, left


@pytest.mark.parametrize("writes", WRITES)
@pytest.mark.parametrize("kind", ["labelme", "voc"])
def test_output_is_the_same_for_any_number_of_workers(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, writes: str
) -> None:
    source = request.getfixturevalue(kind)
    one = converted(source, tmp_path / "1" / "out", writes, 1)
    for workers in (2, 4, None):
        other = converted(source, tmp_path / str(workers) / "out", writes, workers)
        assert snapshot(tmp_path / str(workers)) == snapshot(tmp_path / "1")
        assert other.findings == one.findings


@pytest.mark.parametrize("writes", WRITES)
@pytest.mark.parametrize("kind", ["labelme", "voc"])
def test_killed_workers_change_nothing_of_the_output(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, writes: str
) -> None:
    source = request.getfixturevalue(kind)
    one = converted(source, tmp_path / "1" / "out", writes, 1)
    progress, left = killing("reading", "checking", "writing")
    two = converted(source, tmp_path / "2" / "out", writes, 2, progress)
    assert left == []
    assert snapshot(tmp_path / "2") == snapshot(tmp_path / "1")
    assert multiprocessing.active_children() == []
    notes = [one for one in two.findings if one.code == "work-done-again"]
    assert notes
    for note in notes:
        assert re.fullmatch(
            r"\d+ shards? done again: a worker process died \(Killed\)", note.message
        )
    assert [finding for finding in two.findings if finding not in notes] == one.findings


def test_killed_workers_change_nothing_of_a_check(labelme: Path) -> None:
    one = check(str(labelme), CheckOptions(images=False))
    progress, left = killing("reading", "checking")
    two = check(str(labelme), CheckOptions(images=False, workers=2), progress)
    assert left == []
    again = [finding for finding in two.findings if finding.code == "work-done-again"]
    assert again
    assert [finding for finding in two.findings if finding not in again] == one.findings


def dies(*_: Any, **__: Any) -> Any:
    """What the kernel does where memory is short."""
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="workers that are forked have what is patched")
@pytest.mark.parametrize(
    "patched",
    [
        "dataforge.formats.labelme.read.LabelmeReading.read_all",
        "dataforge.datasets.steps.Measurable.image",
        "dataforge.datasets.shards.WriteShard._of_classes",
    ],
)
def test_a_shard_that_kills_its_workers_is_named(
    labelme: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patched: str
) -> None:
    monkeypatch.setattr(patched, dies)
    # Tests before this one may have left threads, with which workers would not be forked.
    monkeypatch.setattr("dataforge.engines.processes.threading.active_count", lambda: 1)
    named = r"00(\d)0\.json to 00\1\d\.json \(\d+ files\)"
    said = rf"a worker process died \(Killed\), 3 times on {named}; it probably ran"
    with pytest.raises(DataforgeError, match=said):
        converted(labelme, tmp_path / "out", "coco", 2)
    assert [*tmp_path.iterdir()] == []
    assert multiprocessing.active_children() == []
