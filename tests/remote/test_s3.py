"""Datasets in a bucket: the same bytes and findings as on a disk."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from helpers import SAMPLE, cut_humanparts, snapshot

from dataforge.io import Root
from dataforge.jobs import Job, Report
from dataforge.verbs.check import CheckOptions, check
from dataforge.verbs.convert import convert
from dataforge.verbs.inspect import inspect
from dataforge.verbs.split import SplitJob, make

if TYPE_CHECKING:
    from conftest import Bucket  # type: ignore[import-not-found]

FORMATS = ("coco", "labelme", "voc", "yolo")
PAIRS = [(reads, writes) for reads in FORMATS for writes in FORMATS if reads != writes]


def run(source: str | Path, out: str | Path, reads: str, writes: str, **options: Any) -> Report:
    return convert(Job(source=str(source), out=str(out), reads=reads, writes=writes, **options))


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """A dataset in each format, with images; two of them are not as they should be."""
    home = tmp_path_factory.mktemp("datasets")
    sets = {name: home / name for name in FORMATS}
    shutil.copytree(SAMPLE / "labelme", sets["labelme"])
    cut_humanparts(sets["voc"])
    run(sets["labelme"], sets["coco"], "labelme", "coco", image_mode="copy", split="60,40")
    run(sets["labelme"], sets["yolo"], "labelme", "yolo", image_mode="copy", split="60,40")
    for folder in sets.values():
        first, second, *_ = sorted(folder.rglob("*.jpg"))
        first.write_bytes(first.read_bytes()[:3000])
        second.write_bytes(b"")
    return sets


def told(report: Report) -> str:
    """All that a report says of the data; the images of a bucket are not looked at for it alone."""
    found = [one for one in report.findings if one.code not in ("truncated-image", "empty-file")]
    return json.dumps(msgspec.to_builtins(found)).replace(report.source, "SRC")


@pytest.mark.parametrize(("reads", "writes"), PAIRS)
@pytest.mark.parametrize("mode", ["reference", "copy"])
def test_bytes_are_those_of_a_disk(
    bucket: Bucket,
    datasets: dict[str, Path],
    tmp_path: Path,
    reads: str,
    writes: str,
    mode: Any,
) -> None:
    shutil.copytree(datasets[reads], tmp_path / "set")
    there = bucket.put_folder(tmp_path / "set", "set")
    plain = run(tmp_path / "set", tmp_path / "out", reads, writes, image_mode=mode)
    wanted = snapshot(tmp_path / "out")

    both = run(there, f"{bucket.server.url}/out", reads, writes, image_mode=mode)
    assert bucket.files("out") == wanted
    assert told(both) == told(plain)
    assert (both.out, both.files) == (f"{bucket.server.url}/out", plain.files)
    if mode == "reference" and writes == "labelme":
        return  # the path from a disk to a bucket is none
    run(there, tmp_path / "down", reads, writes, image_mode=mode)
    assert snapshot(tmp_path / "down") == wanted
    run(tmp_path / "set", f"{bucket.server.url}/up", reads, writes, image_mode=mode)
    assert bucket.files("up") == wanted


@pytest.mark.parametrize("format_", FORMATS)
def test_check_finds_what_it_finds_on_a_disk(
    bucket: Bucket, datasets: dict[str, Path], format_: str
) -> None:
    there = bucket.put_folder(datasets[format_], "set")
    here = str(datasets[format_])
    options = CheckOptions(reads=format_)
    found, wanted = check(there, options), check(here, options)
    as_text = json.dumps(msgspec.to_builtins(wanted)).replace(here, there)
    assert json.dumps(msgspec.to_builtins(found)) == as_text
    assert {"truncated-image", "unreadable-image"} & found.counts.keys()


def test_workers_read_and_write_the_same(
    bucket: Bucket, datasets: dict[str, Path], tmp_path: Path
) -> None:
    there = bucket.put_folder(datasets["voc"], "set")
    run(there, f"{bucket.server.url}/out", "voc", "yolo", workers=2)
    run(datasets["voc"], tmp_path / "out", "voc", "yolo")
    assert bucket.files("out") == snapshot(tmp_path / "out")


def test_a_single_file_stands_for_its_folder(bucket: Bucket, datasets: dict[str, Path]) -> None:
    there = bucket.put_folder(datasets["voc"], "set")
    name = next(path.name for path in sorted((datasets["voc"] / "Annotations").iterdir()))
    found = Root(f"{there}/Annotations/{name}")
    here = Root(datasets["voc"] / "Annotations" / name)
    assert (found.location, found.only) == (there, here.only)
    assert found.files() == here.files()


@pytest.mark.parametrize("format_", FORMATS)
def test_inspect_and_split_read_a_bucket(
    bucket: Bucket, datasets: dict[str, Path], tmp_path: Path, format_: str
) -> None:
    there = bucket.put_folder(datasets[format_], format_)
    found, wanted = inspect(there), inspect(str(datasets[format_]))
    assert [part.format for part in found.parts] == [part.format for part in wanted.parts]
    assert [part.classes for part in found.parts] == [part.classes for part in wanted.parts]
    assert found.findings == wanted.findings
    assert not any("--root s3:" in one for part in found.parts for one in part.commands)
    for source, out in ((there, "a.json"), (str(datasets[format_]), "b.json")):
        make(SplitJob(source=source, out=str(tmp_path / out), ratios="60,40"))
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_each_file_is_asked_for_once_and_many_at_a_time(bucket: Bucket, tmp_path: Path) -> None:
    """One listing of each folder, one request for each file; never more than 16 at once."""
    for number in range(60):
        text = json.dumps({"shapes": [], "imagePath": f"{number}.jpg", "imageHeight": 5,
                           "imageWidth": 5, "version": "5.4.1", "imageData": None})  # fmt: skip
        bucket.put(f"set/{number}.json", text.encode())
    running, most, lock = [0], [0], threading.Lock()

    def slowly(method: str, path: str) -> int:
        if path.endswith(".json"):
            with lock:
                running[0] += 1
                most[0] = max(most[0], running[0])
            time.sleep(0.02)
            with lock:
                running[0] -= 1
        return 0

    bucket.server.fault = slowly
    bucket.server.requests.clear()
    report = check(f"{bucket.server.url}/set", CheckOptions(reads="labelme", images=False))
    assert report.images == 60
    asked = [path for _, path, _ in bucket.server.requests if path.endswith(".json")]
    assert len(asked) == len(set(asked)) == 60
    assert len(bucket.server.requests) < 66
    assert 4 < most[0] <= 16
