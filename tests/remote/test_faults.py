"""What goes wrong with a bucket: the run ends in words, and leaves the bucket as it was."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from helpers import REPO, SAMPLE, SQUARE, document, shape

from dataforge.errors import InputError, MissingDependencyError, OutputError, UsageError
from dataforge.io import Root, limits
from dataforge.jobs import Job, Report
from dataforge.verbs.check import CheckOptions, check
from dataforge.verbs.convert import convert

if TYPE_CHECKING:
    from conftest import Bucket  # type: ignore[import-not-found]


def run(source: str, out: str | Path, writes: str = "coco", **options: Any) -> Report:
    return convert(Job(source=source, out=str(out), reads="labelme", writes=writes, **options))


@pytest.fixture
def labelled(bucket: Bucket) -> str:
    """Three labelme files and their images."""
    picture = (SAMPLE / "labelme" / "scene_01.jpg").read_bytes()
    for name in "abc":
        text = document(shape("cat", SQUARE), image=f"{name}.jpg", imageHeight=240, imageWidth=320)
        bucket.put(f"set/{name}.json", json.dumps(text).encode())
        bucket.put(f"set/{name}.jpg", picture)
    return f"{bucket.server.url}/set"


# Reading --------------------------------------------------------------------------------------


def test_a_server_that_is_busy_is_asked_again(
    bucket: Bucket, labelled: str, tmp_path: Path
) -> None:
    left = {"/pictures/set/a.json": 2, "/pictures/set/b.json": 1}

    def busy(method: str, path: str) -> int:
        if left.get(path, 0) > 0:
            left[path] -= 1
            return 503
        return 0

    bucket.server.fault = busy
    report = run(labelled, tmp_path / "out")
    assert (report.images, report.findings) == ({"all": 3}, [])
    assert not any(left.values())


def test_a_server_that_stays_away_ends_the_run(
    bucket: Bucket, labelled: str, tmp_path: Path
) -> None:
    bucket.server.fault = lambda method, path: 500 if path.endswith("b.json") else 0
    with pytest.raises(InputError, match=r"^s3://pictures/set/b\.json: cannot be read: "):
        run(labelled, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_file_that_may_not_be_read_is_a_finding(
    bucket: Bucket, labelled: str, tmp_path: Path
) -> None:
    bucket.server.fault = lambda method, path: 403 if path.endswith("b.json") else 0
    report = run(labelled, tmp_path / "out")
    (found,) = [one for one in report.findings if one.severity == "error"]
    assert (found.code, found.place.file) == ("unreadable-json", "b.json")
    assert report.images == {"all": 2}


@pytest.mark.parametrize("longer", [b"", b" "])
def test_a_file_that_has_changed_since_the_listing_is_a_finding(
    bucket: Bucket, labelled: str, tmp_path: Path, longer: bytes
) -> None:
    """Also one of the same size."""
    old = bucket.client.get_object(Bucket="pictures", Key="set/b.json")["Body"].read()

    def change(method: str, path: str) -> int:
        if method == "GET" and path.endswith("b.json"):
            bucket.server.fault = lambda method, path: 0
            bucket.put("set/b.json", old.replace(b"cat", b"dog") + longer)
        return 0

    bucket.server.fault = change
    report = run(labelled, tmp_path / "out")
    (found,) = [one for one in report.findings if one.severity == "error"]
    assert (found.code, found.place.file) == ("unreadable-json", "b.json")
    assert "has changed since the folder was listed" in found.message
    assert report.classes == ["cat"]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("s3://no-such-bucket/set", "s3://no-such-bucket/set: no such bucket, folder or file"),
        ("s3://pictures/sets", "s3://pictures/sets: no such bucket, folder or file"),
        ("s3://pictures/set/a.jpg", "is an image; give a folder or an annotation file"),
    ],
)
def test_what_is_not_there(labelled: str, url: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        check(url)
    assert message in str(error.value)


def test_no_credentials(labelled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    _forget_connections()
    with pytest.raises(InputError, match="no credentials; set AWS_ACCESS_KEY_ID"):
        check(labelled)
    _forget_connections()


def test_nobody_listens(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{one.getsockname()[1]}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    _forget_connections()
    with pytest.raises(InputError, match=r"^s3://pictures/set: cannot be read: Could not connect"):
        check("s3://pictures/set")
    _forget_connections()


def _forget_connections() -> None:
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()


def test_keys_that_no_file_can_have_are_left_out_and_named(bucket: Bucket, labelled: str) -> None:
    odd = ["/d.json", "../e.json", "./f.json", "a.json/g.json", "x/", "h/i.txt", ".hidden/j.json"]
    for key in [*odd, "n" * 300 + ".json"]:
        bucket.put(f"set/{key}", b"{}")
    bucket.put("set/h")  # what some tools make for a folder
    root = Root(labelled)
    assert root.files() == [
        "a.jpg",
        "a.json/g.json",
        "b.jpg",
        "b.json",
        "c.jpg",
        "c.json",
        "h/i.txt",
    ]
    assert root.left_out().unusable == sorted(
        ["/", "../e.json", "./f.json", "a.json", "n" * 300 + ".json"]
    )
    assert root.exists(".hidden/j.json")
    assert not root.exists("../e.json")
    (found,) = [f for f in check(labelled, CheckOptions(reads="labelme")).findings
                if f.code == "unusable-key"]  # fmt: skip
    assert "5 objects with a key that no file can have" in found.message


def test_names_that_differ_in_case_and_odd_letters_are_files(
    bucket: Bucket, tmp_path: Path
) -> None:
    names = ["A.json", "a b+c&d=e%20f?.json", "a.json", "人.json", "~'\".json"]
    for name in names:
        bucket.put(f"set/{name}", name.encode())
    root = Root("s3://pictures/set")
    assert root.files() == sorted(names)
    assert [root.read_bytes(name).decode() for name in names] == names


def test_too_many_files_are_refused(
    bucket: Bucket, labelled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_LISTED", 5)
    with pytest.raises(InputError, match=r"s3://pictures/set: contains more than 5 files"):
        Root(labelled).files()


# Writing --------------------------------------------------------------------------------------


def test_the_file_that_lists_the_others_comes_last(bucket: Bucket, labelled: str) -> None:
    run(labelled, "s3://pictures/out", image_mode="copy")
    put = [
        path for method, path, _ in bucket.server.requests if method == "PUT" and "/out/" in path
    ]
    assert put[-1] == "/pictures/out/annotations/instances_all.json"
    assert len(put) == 4


def test_what_exists_is_overwritten_only_if_forced(bucket: Bucket, labelled: str) -> None:
    run(labelled, "s3://pictures/out", "yolo")
    bucket.put("out/labels/all/old.txt", b"0 0.5 0.5 0.1 0.1\n")
    bucket.put("out/labels/all/notes.md", b"mine")
    bucket.put("out/readme.txt", b"mine, too")
    before = bucket.files("out")
    with pytest.raises(OutputError, match=r"^s3://pictures/out/\S+ already exists; use --force"):
        run(labelled, "s3://pictures/out", "yolo")
    assert bucket.files("out") == before
    report = run(labelled, "s3://pictures/out", "yolo", force=True, drop_empty=True)
    after = bucket.files("out")
    assert before.keys() - after.keys() == {"labels/all/old.txt"}
    assert (after["labels/all/notes.md"], after["readme.txt"]) == (b"mine", b"mine, too")
    assert report.files == [key for key in sorted(after) if key.endswith(("yaml", ".txt"))
                            and key != "readme.txt"]  # fmt: skip


@pytest.mark.parametrize("where", ["out/set.json", "out"])
def test_an_output_may_be_one_file_and_is_not_put_over_a_folder(
    bucket: Bucket, labelled: str, where: str
) -> None:
    run(labelled, "s3://pictures/out/set.json")
    assert bucket.keys("out/") == ["set.json"]
    bucket.put("out/annotations/instances_all.json/x", b"")
    before = bucket.files("out")
    with pytest.raises(OutputError, match=r"already exists|expected a file"):
        run(labelled, f"s3://pictures/{where}")
    assert bucket.files("out") == before


def test_what_is_read_is_not_overwritten(bucket: Bucket, labelled: str) -> None:
    before = bucket.files("set")
    with pytest.raises(OutputError, match=r"s3://pictures/set/\S+ is read by this run"):
        run(labelled, f"{labelled}/a.json", force=True)
    assert bucket.files("set") == before


def test_images_in_place_stay_there(bucket: Bucket, labelled: str, tmp_path: Path) -> None:
    """OUT/images/all is the folder that is read, as on a disk."""
    for name in "abc":
        bucket.client.copy_object(
            Bucket="pictures",
            Key=f"new/images/all/{name}.json",
            CopySource=f"pictures/set/{name}.json",
        )
        bucket.client.copy_object(
            Bucket="pictures",
            Key=f"new/images/all/{name}.jpg",
            CopySource=f"pictures/set/{name}.jpg",
        )
    run("s3://pictures/new/images/all", "s3://pictures/new", "yolo")
    assert {"data.yaml", "labels/all/a.txt", "images/all/a.jpg"} <= bucket.files("new").keys()


@pytest.mark.parametrize("mode", ["copy", "reference"])
def test_an_upload_that_fails_leaves_nothing(bucket: Bucket, labelled: str, mode: Any) -> None:
    def full(method: str, path: str) -> int:
        return 507 if method == "PUT" and path.endswith("instances_all.json") else 0

    bucket.server.fault = full
    with pytest.raises(OutputError, match=r"^s3://pictures/out: cannot be written: "):
        run(labelled, "s3://pictures/out", image_mode=mode)
    assert bucket.keys("out") == []


def test_what_others_write_in_the_meantime_is_kept(bucket: Bucket, labelled: str) -> None:
    def meanwhile(method: str, path: str) -> int:
        if method == "PUT" and path.endswith("b.jpg"):
            bucket.server.fault = lambda method, path: 0
            bucket.put("out/images/all/b.jpg", b"theirs")
        return 0

    bucket.server.fault = meanwhile
    with pytest.raises(OutputError, match="somebody else has written there during the run"):
        run(labelled, "s3://pictures/out", "yolo")
    assert bucket.files("out") == {"images/all/b.jpg": b"theirs"}


def test_of_two_runs_into_one_place_the_output_is_that_of_one(
    bucket: Bucket, labelled: str
) -> None:
    """The second runs while the first uploads; their images are the same, their labels are not."""
    for name, data in bucket.files("set").items():
        bucket.put(f"other/{name}", data.replace(b'"cat"', b'"dog"'))

    def second(method: str, path: str) -> int:
        if method == "PUT" and path.endswith("out/images/all/b.jpg"):
            bucket.server.fault = lambda method, path: 0
            run("s3://pictures/other", "s3://pictures/out", "yolo", force=True)
        return 0

    bucket.server.fault = second
    with pytest.raises(OutputError, match="somebody else has written there during the run"):
        run(labelled, "s3://pictures/out", "yolo")
    run("s3://pictures/other", "s3://pictures/alone", "yolo")
    assert bucket.files("out") == bucket.files("alone")


def test_an_answer_that_was_lost_is_no_other_writer(bucket: Bucket, labelled: str) -> None:
    """The first request has written the file, and is sent again."""
    bucket.server.lost = lambda method, path: method == "PUT" and path.endswith("b.jpg")
    run(labelled, "s3://pictures/out", "yolo")
    puts = [path for method, path, _ in bucket.server.requests if method == "PUT"]
    assert puts.count("/pictures/out/images/all/b.jpg") == 2
    assert len(bucket.keys("out")) == 7


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        ("s3://no-such-bucket/x", OutputError, "no such bucket: no-such-bucket"),
        ("https://example.org/x", UsageError, "web servers can be read, but not written"),
        ("s3://me:secret@pictures/x", UsageError, "credentials do not belong into a URL"),
        ("zip://a::s3://pictures/x", UsageError, "chained URLs"),
        ("s3://pictures/../x", UsageError, "not a location that can be written"),
        ("unheard-of://x", UsageError, "unheard-of://x: cannot be opened"),
    ],
)
def test_where_nothing_can_be_written_is_said_before_anything_is_read(
    labelled: str, out: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as said:
        run(f"{labelled}-that-does-not-exist", out)
    assert message in str(said.value)
    assert "secret" not in str(said.value)


def test_links_to_or_from_a_bucket_are_refused(labelled: str, tmp_path: Path) -> None:
    shutil.copytree(SAMPLE / "labelme", tmp_path / "set")
    for source, out in (
        (labelled, str(tmp_path / "out")),
        (str(tmp_path / "set"), "s3://pictures/o"),
    ):
        with pytest.raises(UsageError, match=r"--image-mode symlink requires .*; use copy"):
            run(source, out, image_mode="symlink")


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import fsspec

    monkeypatch.setitem(sys.modules, "s3fs", None)
    known = sys.modules[fsspec.get_filesystem_class.__module__]
    monkeypatch.delitem(known._registry, "s3", raising=False)
    with pytest.raises(
        MissingDependencyError, match=r"pip install 's3fs>=2025\.3' 'aiobotocore>=2\.16'"
    ):
        check("s3://pictures/set")


# Ctrl-C ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["GET /pictures/set/b.json", "PUT instances_all.json"])
def test_an_interruption_leaves_nothing(bucket: Bucket, labelled: str, at: str) -> None:
    """Within seconds, and with what was uploaded already taken back."""
    method_of, name = at.split()
    there: list[float] = []

    def slow(method: str, path: str) -> int:
        if method == method_of and path.endswith(name):
            there.append(time.monotonic())
            time.sleep(4)
        return 0

    bucket.server.fault = slow
    words = ["convert", "labelme2coco", labelled, "s3://pictures/out", "--image-mode", "copy"]
    process = subprocess.Popen(
        [sys.executable, "-m", "dataforge", *words],
        env={**os.environ, "PYTHONPATH": str(REPO)},
        stderr=subprocess.PIPE,
        text=True,
    )
    while not there and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, "interrupted, nothing written\n")
    bucket.server.fault = lambda method, path: 0
    assert bucket.keys("out") == []
