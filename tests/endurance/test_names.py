"""Names and paths that files can hardly have, or cannot: a finding, and the rest goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from command_line import run_cli
from helpers import (
    SQUARE,
    document,
    load_coco,
    picture,
    run_convert,
    shape,
    voc_object,
    voc_xml,
    write,
)

from dataforge.errors import ParseError
from dataforge.io import Root
from dataforge.jobs import Job
from dataforge.verbs.check import check
from dataforge.verbs.convert import convert
from dataforge.verbs.inspect import inspect

LONG = "x" * 251 + ".jpg"
DEEP = "x/" * 5000 + "x.jpg"


@pytest.fixture(autouse=True)
def good(tmp_path: Path) -> Path:
    """A dataset of one good image."""
    folder = tmp_path / "in"
    picture(folder / "good.jpg")
    write(folder / "good.json", document(shape("cat", SQUARE), image="good.jpg"))
    return folder


@pytest.mark.parametrize("image", [DEEP, "y" * 10_000 + ".jpg", "人" * 100 + ".jpg"])
@pytest.mark.parametrize("writes", ["coco", "voc", "yolo"])
@pytest.mark.parametrize("mode", ["reference", "copy"])
def test_an_image_path_that_no_file_can_have(
    good: Path, tmp_path: Path, image: str, writes: str, mode: str
) -> None:
    write(good / "bad.json", document(shape("cat", SQUARE), shape("cat", SQUARE), image=image))
    job = Job(source=str(good), out=str(tmp_path / "out"), reads="labelme", writes=writes)
    report = convert(msgspec.structs.replace(job, image_mode=mode))
    assert (report.shapes, report.lost) == (1, {"name-too-long": 2})
    [finding] = [one for one in report.findings if one.code == "name-too-long"]
    assert (finding.file, finding.lost, finding.severity) == ("bad.json", 2, "error")
    assert f"has {len(image):,} characters" in finding.message


def test_the_longest_name_is_no_finding(good: Path, tmp_path: Path) -> None:
    picture(good / LONG)
    write(good / f"{LONG[1:-4]}.json", document(shape("cat", SQUARE), image=LONG))
    report = run_convert(good, tmp_path / "out", image_mode="copy")
    assert (report.shapes, report.lost) == (2, {})
    assert (tmp_path / "out" / "images" / LONG).is_file()


def test_an_annotation_file_whose_name_would_be_too_long(tmp_path: Path) -> None:
    """``.json`` is longer than ``.xml``."""
    folder = tmp_path / "voc"
    for name in (LONG[:-4], "good"):
        write(folder / "Annotations" / f"{name}.xml", voc_xml(voc_object("cat", (1, 2, 30, 40))))
        picture(folder / "JPEGImages" / f"{name}.jpg")
    report = convert(
        Job(source=str(folder), out=str(tmp_path / "out"), reads="voc", writes="labelme")
    )
    assert report.lost == {"name-too-long": 1}
    assert [path.name for path in (tmp_path / "out").rglob("*.json")] == ["good.json"]


@pytest.fixture
def far(good: Path) -> Iterator[Path]:
    """A file 10 kB away from the folder."""
    here = os.getcwd()
    os.chdir(good)
    for _ in range(50):
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
    Path("far.json").write_text("{}")
    end = os.open(".", os.O_RDONLY)
    os.chdir(here)
    yield good
    os.fchdir(end)
    os.close(end)
    os.unlink("far.json")
    while not os.path.samefile(".", good):
        os.chdir("..")
        os.rmdir("d" * 200)  # pytest cannot remove them
    os.chdir(here)


def test_a_folder_whose_path_is_too_long_to_be_opened(far: Path, tmp_path: Path) -> None:
    for findings in (check(str(far)).findings, inspect(str(far)).findings,
                     run_convert(far, tmp_path / "out").findings):  # fmt: skip
        [finding] = [one for one in findings if one.code == "name-too-long"]
        assert "cannot be opened: its files are not read" in finding.message
    assert len(load_coco(tmp_path / "out")["annotations"]) == 1


@pytest.mark.parametrize("special", ["/proc/kmsg", "/proc/self/pagemap", "/proc/self/status"])
def test_a_file_that_is_called_a_file_but_has_no_size(
    good: Path, tmp_path: Path, special: str
) -> None:
    """It may wait for data, or have no end."""
    if not Path(special).exists():
        pytest.skip("no /proc here")
    for name in ("bad.json", "bad.jpg"):
        os.symlink(special, good / name)
    with pytest.raises(ParseError, match="cannot be read"):
        Root(good, follow_links=True).read_bytes("bad.json")
    report = run_convert(good, tmp_path / "out", follow_links=True)
    assert (report.shapes, [one.code for one in report.findings]) == (1, ["unreadable-json"])


@pytest.fixture
def latin(good: Path) -> Path:
    """The same with a file in Latin-1 whose image is missing."""
    try:
        (good / os.fsdecode(b"caf\xe9.json")).write_text(
            json.dumps(document(shape("cat", SQUARE), image="gone.jpg"))
        )
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    return good


@pytest.mark.parametrize("form", ["text", "json", "github", "sarif"])
def test_names_in_another_encoding_are_printed(
    latin: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    """In the remedy too, which names the file that is missing."""
    report = latin.parent / "r.json"
    result = run_cli(capsys, "check", latin, "--output-format", form, "--report", report)
    assert (result.returncode, result.stderr) == (1, "")
    assert "udce9" in result.stdout
    result.stdout.encode("utf-8")
    remedies = [one["remedy"] for one in json.loads(report.read_text("utf-8"))[
        "findings"] if one["code"] == "image-missing"]  # fmt: skip
    assert any("caf\\udce9.jpg" in remedy for remedy in remedies)
