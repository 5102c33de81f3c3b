"""`--cache`: whatever has changed, the same bytes and findings as without, from fewer files."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from helpers import SQUARE, document, opens, picture, shape, snapshot, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataforge.cli import main
from dataforge.datasets import cache as caches
from dataforge.datasets import default_cache_folder
from dataforge.errors import DataforgeError, OutputError, UsageError
from dataforge.formats.coco.read import CocoReading
from dataforge.formats.images.read import ImagesReading
from dataforge.formats.labelme.read import LabelmeReading
from dataforge.formats.voc.read import VocReading
from dataforge.formats.yolo.read import YoloReading
from dataforge.io import tracing
from dataforge.jobs import Job
from dataforge.verbs.check import CheckOptions, check
from dataforge.verbs.convert import convert

_COMPARES = (
    "duplicate-image",
    "duplicate-across-splits",
    "near-duplicate-image",
    "near-duplicate-across-splits",
)
"""Codes for which files of the same size are read in the end, whatever was kept."""

FORMATS = ("labelme", "voc", "yolo", "coco")


@pytest.fixture(autouse=True)
def _trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are trusted although they have just been written, and shards are small."""
    monkeypatch.setattr(tracing, "_YOUNG", -1)
    for reading in (ImagesReading, LabelmeReading, VocReading, YoloReading):
        monkeypatch.setattr(reading, "shard", 3)


def dataset(folder: Path, format_: str, number: int = 8) -> Path:
    """A dataset with objects of two classes, made from labelme files."""
    labelme = folder if format_ == "labelme" else folder.with_name("labelme")
    for index in range(number):
        name = f"{'ab'[index % 2]}/im{index}"
        picture(labelme / f"{name}.png", size=(64, 48 + index))
        shapes = [shape("cat", SQUARE), *[shape("dog", [[1, 2], [9, 2], [9, 30]])] * (index % 3)]
        size = {"imageWidth": 64, "imageHeight": 48 + index}
        write(labelme / f"{name}.json", document(*shapes, image=f"im{index}.png", **size))
    if format_ != "labelme":
        job = Job(source=str(labelme), out=str(folder), reads="labelme", writes=format_)
        convert(msgspec.structs.replace(job, image_mode="copy"))
    return folder


def outcome(work: Callable[[], Any]) -> Any:
    """What work gives: a report, or why there is none."""
    try:
        return msgspec.to_builtins(work())
    except DataforgeError as error:
        return f"{type(error).__name__}: {error}"


def converted(source: Path, home: Path, reads: str, cache: Path | None, **options: Any) -> Any:
    """(report, files) of a conversion."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    writes = "coco" if reads != "coco" else "voc"
    job = Job(source=str(source), out="out", reads=reads, writes=writes, **options)
    job = msgspec.structs.replace(job, cache=str(cache) if cache else None)
    before = Path.cwd()
    os.chdir(home)
    try:
        return outcome(lambda: convert(job)), snapshot(home)
    finally:
        os.chdir(before)


def checked(source: Path, reads: str | None, cache: Path | None, **options: Any) -> Any:
    """The report of a check."""
    folder = str(cache) if cache else None
    how = CheckOptions(reads=reads, cache=folder, **options)
    return outcome(lambda: check(source, how))


def assert_same(source: Path, reads: str, home: Path, **options: Any) -> None:
    """With and without the cache, a conversion and a check give the same."""
    kept = home / "cache"
    full = converted(source, home / "full", reads, None, **options)
    assert converted(source, home / "part", reads, kept, **options) == full
    assert checked(source, reads, kept) == checked(source, reads, None)


def read_again(source: Path, reads: str, cache: Path) -> set[str]:
    """The names of the files below a dataset that a check opens."""
    with opens(source) as opened:
        seen(source, reads, cache)
    return {*opened}


def seen(source: Path, reads: str, cache: Path | None) -> Any:
    """The report of a check that opens no file but to read it."""
    return checked(source, reads, cache, ignore=_COMPARES)


# What may change -------------------------------------------------------------------------------


def files(source: Path, *endings: str) -> list[Path]:
    return sorted(path for path in source.rglob("*") if path.suffix in endings and path.is_file())


def annotations(source: Path) -> list[Path]:
    return files(source, ".json", ".xml", ".txt")


def edit(path: Path, old: bytes, new: bytes) -> None:
    """Replace the first occurrence in place."""
    path.write_bytes(path.read_bytes().replace(old, new, 1))


def edited(source: Path, random: Random) -> None:
    path = random.choice(annotations(source))
    edit(path, b"1", b"%d" % random.randrange(10, 99))


def edited_quietly(source: Path, random: Random) -> None:
    """The size and the time of the last change stay."""
    path = random.choice(annotations(source))
    status = path.stat()
    edit(path, b"1", b"%d" % random.randrange(10))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def replaced(source: Path, random: Random) -> None:
    """By a new file of this name, as most editors do."""
    path = random.choice(annotations(source))
    new = path.with_name("new")
    new.write_bytes(path.read_bytes().replace(b"cat", b"cow", 1))
    new.replace(path)


def touched(source: Path, random: Random) -> None:
    os.utime(random.choice(files(source, ".png", ".json", ".xml", ".txt")))


def image_replaced(source: Path, random: Random) -> None:
    if images := files(source, ".png"):
        picture(random.choice(images), size=(random.randrange(20, 90), 60))


def image_removed(source: Path, random: Random) -> None:
    if images := files(source, ".png"):
        random.choice(images).unlink()


def image_cut(source: Path, random: Random) -> None:
    if images := files(source, ".png"):
        path = random.choice(images)
        path.write_bytes(path.read_bytes()[:-20])


def image_added(source: Path, random: Random) -> None:
    if images := files(source, ".png"):
        near = random.choice(images)
        name = random.choice([near.stem, f"im{random.randrange(12)}"])
        picture(near.with_name(f"{name}.{random.choice(['png', 'jpg', 'PNG'])}"), size=(64, 50))


def image_moved(source: Path, random: Random) -> None:
    if images := files(source, ".png"):
        path = random.choice(images)
        (source / "moved").mkdir(exist_ok=True)
        path.rename(source / "moved" / path.name)


def annotation_removed(source: Path, random: Random) -> None:
    random.choice(annotations(source)).unlink()


def annotation_copied(source: Path, random: Random) -> None:
    path = random.choice(annotations(source))
    copy = path.with_name(f"im{random.randrange(12)}{path.suffix}")
    if copy != path:
        shutil.copy(path, copy)


def annotation_cut(source: Path, random: Random) -> None:
    path = random.choice(annotations(source))
    path.write_bytes(path.read_bytes()[:-9])


def swapped(source: Path, random: Random) -> None:
    one, other = (random.choice(annotations(source)) for _ in range(2))
    if one.suffix == other.suffix:
        content = one.read_bytes(), other.read_bytes()
        one.write_bytes(content[1])
        other.write_bytes(content[0])


def object_added(source: Path, random: Random) -> None:
    path = random.choice(annotations(source))
    if path.suffix == ".txt":
        path.write_text(path.read_text() + f"{random.randrange(3)} 0.5 0.5 0.2 0.2\n")


def linked(source: Path, random: Random) -> None:
    """A file becomes a link to another one."""
    path, other = (random.choice(files(source, ".png", ".json", ".xml")) for _ in range(2))
    if path != other and path.suffix == other.suffix:
        path.unlink()
        path.symlink_to(other)


def locked(source: Path, random: Random) -> None:
    """Nobody may read it, unless root does."""
    random.choice(annotations(source)).chmod(random.choice([0o000, 0o644]))


CHANGES = [
    edited, edited_quietly, replaced, touched, image_replaced, image_removed, image_cut,
    image_added, image_moved, annotation_removed, annotation_copied, annotation_cut, swapped,
    object_added, linked, locked,
]  # fmt: skip


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_after_each_change_the_result_is_that_of_a_full_run(
    tmp_path: Path, format_: str, change: Callable[[Path, Random], None]
) -> None:
    source = dataset(tmp_path / "data", format_)
    assert_same(source, format_, tmp_path)
    assert_same(source, format_, tmp_path)
    change(source, Random(1))
    assert_same(source, format_, tmp_path)
    assert_same(source, format_, tmp_path)


@given(
    format_=st.sampled_from(FORMATS),
    changes=st.lists(
        st.lists(st.tuples(st.sampled_from(CHANGES), st.integers(0, 99)), max_size=3),
        min_size=1,
        max_size=6,
    ),
)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_after_any_changes_the_result_is_that_of_a_full_run(
    format_: str, changes: list[list[tuple[Callable[[Path, Random], None], int]]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = dataset(Path(folder, "data"), format_)
        assert_same(source, format_, Path(folder))
        for together in changes:
            for change, seed in together:
                if annotations(source):
                    change(source, Random(seed))
            assert_same(source, format_, Path(folder))


@pytest.mark.parametrize(
    "options",
    [
        {"clip": True},
        {"labels": "dog,cat,bird"},
        {"ignore_case": True},
        {"drop": "cat"},
        {"merge": "pet=cat,dog"},
        {"drop_empty": True},
        {"split": "50,50"},
        {"seed": 3, "split": "50,50"},
        {"image_mode": "copy"},
        {"read_options": {"verify_images": True}},
        {"read_options": {"group": False}},
        {"read_options": {"missing_images": "skip"}},
        {"workers": 2},
    ],
    ids=str,
)
def test_other_options_do_not_get_what_was_kept_for_these(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    source = dataset(tmp_path / "data", "labelme")
    write(source / "out.json", document(shape("Cat", [[-9, 5], [90, 5], [90, 30]]), image="no.png"))
    assert_same(source, "labelme", tmp_path)
    assert_same(source, "labelme", tmp_path, **options)
    assert_same(source, "labelme", tmp_path, **options)
    assert_same(source, "labelme", tmp_path)


def test_files_that_options_name_count_by_their_content(tmp_path: Path) -> None:
    source = dataset(tmp_path / "data", "labelme")
    labels = write(tmp_path / "labels.txt", "cat\ndog\n")
    aliases = write(tmp_path / "aliases.toml", 'cat = ["dog"]\n')
    for content in ("cat\ndog\n", "dog\ncat\n", "cat\nbird\n"):
        write(labels, content)
        assert_same(source, "labelme", tmp_path, labels=str(labels))
    for content in ('cat = ["bird"]\n', 'cat = ["dogs"]\n'):
        write(aliases, content)
        assert_same(source, "labelme", tmp_path, aliases=str(aliases))


def test_checks_that_settings_select(tmp_path: Path) -> None:
    source = dataset(tmp_path / "data", "labelme")
    write(source / "a/im0.json", document(shape("cat", [[1, 1], [1, 1], [1, 1]]), image="im0.png"))
    toml = tmp_path / "dataforge.toml"
    for selected in ("boxes", "files", "boxes"):
        write(toml, f'[check]\nselect = ["{selected}"]\n')
        for more in ({}, {"images": False}, {"pixels": False}):
            options = {"settings": str(toml), **more}
            full = checked(source, "labelme", None, **options)
            for _ in range(2):
                assert checked(source, "labelme", tmp_path / "cache", **options) == full


def test_a_folder_of_images_beside_the_dataset(tmp_path: Path) -> None:
    """--image-dir: names and files of another folder count."""
    source = dataset(tmp_path / "images" / "data", "labelme")
    options = {"read_options": {"image_dir": str(tmp_path / "images")}}
    assert_same(source, "labelme", tmp_path, **options)
    picture(tmp_path / "images" / "im1.png")
    for path in files(source, ".png")[:3]:
        path.unlink()
    assert_same(source, "labelme", tmp_path, **options)
    (tmp_path / "images" / "im1.png").unlink()
    assert_same(source, "labelme", tmp_path, **options)


def test_the_same_files_at_another_place_are_read_again(tmp_path: Path) -> None:
    source = dataset(tmp_path / "data", "labelme")
    assert_same(source, "labelme", tmp_path)
    moved = source.rename(tmp_path / "moved")
    assert_same(moved, "labelme", tmp_path)
    assert len(read_again(moved, "labelme", tmp_path / "cache")) == 16
    assert read_again(moved, "labelme", tmp_path / "cache") == set()


# How much is read ------------------------------------------------------------------------------


def test_only_what_has_changed_is_read(tmp_path: Path) -> None:
    source, kept = dataset(tmp_path / "data", "labelme", 40), tmp_path / "cache"
    assert len(read_again(source, "labelme", kept)) == 80
    assert read_again(source, "labelme", kept) == set()
    edit(source / "a/im4.json", b"cat", b"cow")
    assert read_again(source, "labelme", kept) == {"a/im4.json", "a/im4.png"}
    picture(source / "b/im7.png", size=(64, 48 + 7))
    assert read_again(source, "labelme", kept) == {"b/im7.json", "b/im7.png"}
    assert read_again(source, "labelme", kept) == set()


def test_a_new_file_does_not_let_the_others_be_read_again(tmp_path: Path) -> None:
    """But for those whose turn it is now to be in the sample (one of 50)."""
    source, kept = dataset(tmp_path / "data", "labelme", 40), tmp_path / "cache"
    read_again(source, "labelme", kept)
    picture(source / "a/im001.png")
    write(source / "a/im001.json", document(shape("cat", SQUARE), image="im001.png"))
    assert {"a/im001.json", "a/im001.png"} <= read_again(source, "labelme", kept)
    (source / "a/im001.json").unlink()
    (source / "a/im001.png").unlink()
    assert len(read_again(source, "labelme", kept)) <= 4


@pytest.mark.parametrize("format_", ["voc", "yolo"])
def test_other_formats_are_not_read_again_either(tmp_path: Path, format_: str) -> None:
    source, kept = dataset(tmp_path / "data", format_, 40), tmp_path / "cache"
    assert {f"{file.relative_to(source)}" for file in files(source, ".png")} <= read_again(
        source, format_, kept
    )
    again = read_again(source, format_, kept)  # lists, and a look at the form of YOLO's rows
    assert not any(name.endswith(".png") for name in again)
    assert sum(name.endswith(".xml") for name in again) <= 3  # a look at the layout


def test_images_are_not_opened_again_for_pages_that_are_the_same(tmp_path: Path) -> None:
    source, kept = dataset(tmp_path / "data", "coco", 40), tmp_path / "cache"
    read_again(source, "coco", kept)
    assert read_again(source, "coco", kept) == {"annotations/instances_all.json"}


def test_a_file_that_is_too_young_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be written again at what the clock of its disk calls the same time."""
    source, kept = dataset(tmp_path / "data", "labelme"), tmp_path / "cache"
    monkeypatch.setattr(tracing, "_YOUNG", 2 * 10**9)
    assert len(read_again(source, "labelme", kept)) == 16
    assert len(read_again(source, "labelme", kept)) == 16


# Where it lies ---------------------------------------------------------------------------------


def packs(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_only_the_user_can_look_into_the_folder(tmp_path: Path) -> None:
    source, kept = dataset(tmp_path / "data", "labelme"), tmp_path / "new" / "cache"
    seen(source, "labelme", kept)
    for path in (kept / "parts-1", *packs(kept)):
        assert not path.stat().st_mode & 0o077
    assert packs(kept)


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "grown", "other", "link", "folder"])
def test_damaged_packs_are_written_again(tmp_path: Path, damage: str) -> None:
    source, kept = dataset(tmp_path / "data", "labelme"), tmp_path / "cache"
    full = seen(source, "labelme", kept)
    for pack in packs(kept):
        data = pack.read_bytes()
        new = {"cut": data[:-3], "flipped": data[:40] + b"\0" + data[41:], "empty": b"",
               "grown": data + b"x", "other": b"x" * 99}.get(damage)  # fmt: skip
        if new is not None:
            pack.write_bytes(new)
            continue
        pack.unlink()
        if damage == "link":
            pack.symlink_to("/dev/zero")
        else:
            pack.mkdir()
    assert seen(source, "labelme", kept) == full
    if damage != "folder":
        assert read_again(source, "labelme", kept) == set()


def test_a_checksum_that_fits_nonsense_is_no_pack(tmp_path: Path) -> None:
    source, kept = dataset(tmp_path / "data", "labelme"), tmp_path / "cache"
    full = seen(source, "labelme", kept)
    for pack in packs(kept):
        body = msgspec.msgpack.encode([["a", b"", [], [], b"\xff\xff"], {"b": 1}])
        pack.write_bytes(caches.checksum(body) + body)
    assert seen(source, "labelme", kept) == full


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners")
@pytest.mark.parametrize("fault", ["writable", "sticky", "group", "link", "file"])
@pytest.mark.parametrize("place", ["cache", "cache/parts-1"])
def test_a_folder_of_others_is_refused(tmp_path: Path, fault: str, place: str) -> None:
    """Who can write to the folder that was named, can replace what is in it."""
    source, kept = dataset(tmp_path / "data", "labelme"), tmp_path / "cache"
    own = tmp_path / place
    own.parent.mkdir(mode=0o755, exist_ok=True)
    modes = {"writable": 0o777, "sticky": 0o1777, "group": 0o770}
    if fault in modes:
        own.mkdir()
        own.chmod(modes[fault])
    elif fault == "link":
        (tmp_path / "elsewhere").mkdir()
        own.symlink_to(tmp_path / "elsewhere")
    else:
        own.write_text("x")
    before = snapshot(tmp_path)
    with pytest.raises(OutputError) as refused:
        check(source, CheckOptions(cache=str(kept)))
    assert str(refused.value) == (
        f"{own} is not a folder that only you can write to; remove it, or name another folder "
        "with --cache-dir"
    )
    assert snapshot(tmp_path) == before


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners")
@pytest.mark.parametrize("mode", [0o700, 0o755, 0o1777])
def test_what_is_above_the_folder_is_the_users_choice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    """What does not exist is made for this user alone, also where the umask lets a group write."""
    source, home = dataset(tmp_path / "data", "labelme"), tmp_path / "home"
    home.mkdir()
    home.chmod(mode)
    (tmp_path / "link").symlink_to(home)
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    umask = os.umask(0o002)
    try:
        for folder in (default_cache_folder(), tmp_path / "link" / "mine", home / "a" / "b"):
            for _ in range(2):
                check(source, CheckOptions(cache=str(folder)))
            assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
            assert packs(Path(folder))
    finally:
        os.umask(umask)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners")
def test_a_folder_that_others_can_read_is_used(tmp_path: Path) -> None:
    source, kept = dataset(tmp_path / "data", "labelme"), tmp_path / "cache"
    kept.mkdir()
    kept.chmod(0o755)
    check(source, CheckOptions(cache=str(kept)))
    assert packs(kept)


def test_a_pack_that_others_can_write_is_not_read(tmp_path: Path) -> None:
    source, kept = dataset(tmp_path / "data", "labelme"), tmp_path / "cache"
    seen(source, "labelme", kept)
    for pack in packs(kept):
        pack.chmod(0o666)
    assert len(read_again(source, "labelme", kept)) == 16


def test_a_folder_inside_the_dataset_is_refused(tmp_path: Path) -> None:
    """It may have come with it."""
    source = dataset(tmp_path / "data", "labelme")
    (tmp_path / "link").symlink_to(source)
    for folder in (source, source / "cache", tmp_path / "link" / "cache"):
        with pytest.raises(OutputError, match="part of the dataset"):
            check(source, CheckOptions(cache=str(folder)))
    assert not (source / "cache").exists()


def test_a_folder_behind_a_link_of_the_dataset_is_refused(tmp_path: Path) -> None:
    source = dataset(tmp_path / "data", "labelme")
    (tmp_path / "home").mkdir()
    (source / "way").symlink_to(tmp_path / "home")
    for folder in (source / "way", source / "way" / "cache"):
        with pytest.raises(OutputError, match="is a link inside"):
            check(source, CheckOptions(cache=str(folder)))
    assert [*(tmp_path / "home").iterdir()] == []


def test_the_default_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/x/y")
    assert default_cache_folder() == "/x/y/dataforge"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # to be ignored, by the specification
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setattr(sys, "platform", "linux")
    assert default_cache_folder() == "/home/me/.cache/dataforge"
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    with pytest.raises(UsageError, match="--cache-dir"):
        default_cache_folder()


def test_what_was_not_used_for_longest_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "cache"
    one, other = (dataset(tmp_path / name / "data", "labelme") for name in ("one", "other"))
    seen(one, "labelme", kept)
    old = packs(kept)
    for path in old:
        os.utime(path, (1, 1))
    size = sum(path.stat().st_size for path in old)
    monkeypatch.setattr(caches, "MAX_CACHE_BYTES", size + 200)
    seen(other, "labelme", kept)
    left = packs(kept)
    assert left
    assert not {*left} & {*old}
    assert sum(path.stat().st_size for path in left) <= size + 200
    assert read_again(other, "labelme", kept) == set()


def test_what_runs_have_left_is_removed(tmp_path: Path) -> None:
    source, kept = dataset(tmp_path / "data", "labelme"), tmp_path / "cache"
    seen(source, "labelme", kept)
    left = [pack.with_name(name) for pack in packs(kept)[:1] for name in (".tmpold", ".tmpnew")]
    for path in left:
        path.write_bytes(b"x")
    os.utime(left[0], (1, 1))
    seen(source, "labelme", kept)
    assert [path.exists() for path in left] == [False, True]


def test_a_disk_without_room_costs_only_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, kept = dataset(tmp_path / "data", "labelme"), tmp_path / "cache"

    def full(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(caches.os, "replace", full)
    assert seen(source, "labelme", kept) == seen(source, "labelme", None)
    assert packs(kept) == []


def test_two_runs_at_once(tmp_path: Path) -> None:
    source, kept = dataset(tmp_path / "data", "labelme", 60), tmp_path / "cache"
    full = subprocess.run(
        [sys.executable, "-m", "dataforge", "check", source, "--json", "--exit-zero"],
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    for _ in range(2):
        runs = [
            subprocess.Popen(
                [sys.executable, "-m", "dataforge", "check", source, "--json", "--exit-zero",
                 "--cache-dir", kept],
                stdout=subprocess.PIPE,
            )
            for _ in range(3)
        ]  # fmt: skip
        assert [run.communicate()[0] for run in runs] == [full] * 3


def test_another_version_of_the_code_reads_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, kept = dataset(tmp_path / "data", "labelme"), tmp_path / "cache"
    seen(source, "labelme", kept)
    monkeypatch.setattr(caches, "_environment", lambda: ["another"])
    assert len(read_again(source, "labelme", kept)) == 16


def test_joined_arrays() -> None:
    """Of fewer than 16 elements, fewer than 65,536, and more."""
    lists = [[], [1, "a"], [*range(300)], [*range(70_000)]]
    encoded = [b"", *map(msgspec.msgpack.encode, lists)]
    joined = msgspec.msgpack.decode(caches.joined_arrays(encoded))
    assert joined == [one for each in lists for one in each]


@pytest.fixture
def plugin_check(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A check of another package."""
    from dataforge.checks.boxes.zero_area import Check

    monkeypatch.setattr(Check, "__module__", "somebody.checks")
    return


@pytest.mark.usefixtures("plugin_check")
def test_with_checks_of_others_everything_is_read(tmp_path: Path) -> None:
    """Nobody knows what they look at."""
    source, kept = dataset(tmp_path / "data", "labelme"), tmp_path / "cache"
    for _ in range(2):
        assert len(read_again(source, "labelme", kept)) == 16


def test_fixes_need_all_texts(capsys: pytest.CaptureFixture[str]) -> None:
    for fix in ("--fix", "--diff"):
        with pytest.raises(SystemExit, match="2"):
            main(["check", "data", fix, "--cache-dir", "x"])
        assert "--cache has no effect" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes")
def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    """Such files are read each time, and the others are kept."""
    source = dataset(tmp_path / "data", "labelme")
    content = (source / "a/im0.json").read_bytes()
    for name in (b"a/b\xff.json", b"a/c\xff.json"):
        Path(os.fsdecode(os.path.join(os.fsencode(source), name))).write_bytes(content)
    for _ in range(3):
        assert_same(source, "labelme", tmp_path)
    read_again(source, "labelme", tmp_path / "cache")
    again = read_again(source, "labelme", tmp_path / "cache")
    assert {name for name in again if name.endswith(".png")} <= {"a/im0.png"}


def test_a_coco_file_in_several(tmp_path: Path) -> None:
    source = dataset(tmp_path / "data", "coco")
    file = source / "annotations/instances_all.json"
    shutil.copy(file, source / "annotations/instances_val.json")
    assert_same(source, "coco", tmp_path)
    content = json.loads(file.read_text())
    content["annotations"][3]["bbox"][0] = 5
    file.write_text(json.dumps(content))
    assert_same(source, "coco", tmp_path)
    assert CocoReading.shard == 1
