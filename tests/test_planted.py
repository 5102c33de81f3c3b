"""A dataset is a stranger's data: what it has planted where the output goes leads nowhere."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from helpers import SQUARE, document, picture, run_convert, shape, snapshot, write

from dataforge.errors import OutputError, ParseError
from dataforge.io import Root
from dataforge.verbs.check import CheckOptions, check
from dataforge.verbs.convert import Job, convert
from dataforge.verbs.inspect import inspect
from dataforge.verbs.split import SplitJob, make

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")

WRITES = {"coco": "images/a.jpg", "voc": "JPEGImages/a.jpg", "yolo": "images/all/a.jpg",
          "labelme": "a.jpg"}  # fmt: skip


def labelled(folder: Path, *names: str) -> Path:
    """labelme files with their images."""
    for name in names or ("a",):
        write(folder / f"{name}.json", document(shape("cat", SQUARE), image=f"{name}.jpg"))
        picture(folder / f"{name}.jpg")
    return folder


def job(source: Path, out: Path, writes: str, **more: Any) -> Job:
    reads = "coco" if writes == "labelme" else "labelme"
    return Job(source=str(source), out=str(out), reads=reads, writes=writes, **more)


def source_for(writes: str, folder: Path) -> Path:
    """A dataset in a format that can be converted to another."""
    if writes == "labelme":
        run_convert(labelled(folder.with_name("labelled")), folder, image_mode="copy")
        for path in (folder / "images").iterdir():
            path.rename(folder / path.name)
        (folder / "images").rmdir()
        return folder
    return labelled(folder)


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("mode", ["copy", "hardlink", "symlink"])
@pytest.mark.parametrize("writes", WRITES)
def test_nothing_is_written_through_planted_links(
    tmp_path: Path, writes: str, mode: Any, force: bool
) -> None:
    source = source_for(writes, tmp_path / "source")
    elsewhere = tmp_path / "elsewhere"
    write(elsewhere / "kept", "kept")
    parts = Path(WRITES[writes]).parts
    for depth in range(1, len(parts) + 1):
        out = source / f"out{depth}"
        link = out.joinpath(*parts[:depth])
        link.parent.mkdir(parents=True)
        is_file = depth == len(parts)
        link.symlink_to(elsewhere / "kept" if is_file else elsewhere)
        given = job(source, out, writes, image_mode=mode, force=force)
        if force and is_file:  # the link itself is overwritten
            convert(given)
        else:
            with pytest.raises(OutputError, match=r"is a link|already exists"):
                convert(given)
        assert snapshot(elsewhere) == {"kept": b"kept"}


@pytest.mark.parametrize("writes", WRITES)
def test_an_output_that_the_dataset_has_made_a_link_is_refused(tmp_path: Path, writes: str) -> None:
    source = source_for(writes, tmp_path / "source")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (source / "out").symlink_to(elsewhere)
    for out in (source / "out", source / "out" / "deeper"):
        with pytest.raises(OutputError, match="is a link inside"):
            convert(job(source, out, writes, force=True))
    assert snapshot(elsewhere) == {}
    (tmp_path / "named").symlink_to(elsewhere)  # by the user, not by the dataset
    convert(job(source, tmp_path / "named", writes))
    assert snapshot(elsewhere) != {}


@pytest.mark.parametrize("mode", ["copy", "hardlink", "symlink"])
@pytest.mark.parametrize("content", ["picture", "text"])
@pytest.mark.parametrize("name", ["evil.desktop", "evil.py", "evil.jpg", ".bashrc", "e.jpg.sh"])
def test_only_images_by_name_and_content_are_placed(
    tmp_path: Path, name: str, content: str, mode: Any
) -> None:
    source = labelled(tmp_path / "source")
    text = document(shape("cat", SQUARE), image=name)
    write(source / "evil.json", text)
    if content == "picture":
        picture(source / "x.jpg").rename(source / name)
    else:
        write(source / name, "[Desktop Entry]\nExec=evil\n")
    report = run_convert(source, tmp_path / "out", image_mode=mode)
    placed = sorted(os.listdir(tmp_path / "out" / "images"))
    if (name, content) == ("evil.jpg", "picture"):
        assert placed == ["a.jpg", "evil.jpg"]
        return
    assert placed == ["a.jpg"]
    known = ("image-not-placed", "no-image-path")  # the second if neither name nor content is one
    (finding,) = [f for f in report.findings if f.code in known]
    assert name in f"{finding.file} {finding.message}"


def test_embedded_data_that_are_no_image_are_not_placed(tmp_path: Path) -> None:
    import base64

    source = labelled(tmp_path / "source")
    for name in ("b.jpg", "c.desktop"):
        data = base64.b64encode(b"[Desktop Entry]").decode()
        text = document(shape("cat", SQUARE), image=name, imageData=data)
        write(source / f"{name[0]}.json", text)
    run_convert(source, tmp_path / "out", image_mode="copy", read_options={"extract_images": True})
    assert os.listdir(tmp_path / "out" / "images") == ["a.jpg"]


@pytest.mark.parametrize("writes", ["coco", "voc", "yolo"])
def test_output_into_its_own_source_loses_nothing(tmp_path: Path, writes: str) -> None:
    folder = tmp_path / "set"
    for name in ("labels", "Annotations"):  # which the formats replace with --force
        labelled(folder / name, f"{name}1", f"{name}2")
        write(folder / name / "notes.md", "mine")
        write(folder / name / "broken.json", "{")
    before = {path: (path.read_bytes(), path.stat().st_ino, path.stat().st_mode)
              for path in folder.rglob("*") if path.is_file()}  # fmt: skip
    for out in (folder, folder / "labels", tmp_path):
        convert(job(folder, out, writes, force=True, image_mode="copy"))
        for path, (data, inode, mode) in before.items():
            now = path.stat()
            assert (path.read_bytes(), now.st_ino, now.st_mode) == (data, inode, mode)


@pytest.mark.parametrize("writes", ["coco", "voc", "yolo"])
def test_files_made_in_the_output_during_the_run_are_kept(tmp_path: Path, writes: str) -> None:
    folder = labelled(tmp_path / "set", *"abcdefgh")
    made: dict[Path, str] = {}
    done = threading.Event()

    def make() -> None:
        places = ["", "images", "labels", "Annotations", "annotations", "ImageSets/Main"]
        while not done.is_set():
            number = len(made)
            place = folder / places[number % len(places)] / f"theirs{number}.md"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(str(number))
            made[place] = str(number)
            done.wait(0.001)

    thread = threading.Thread(target=make)
    thread.start()
    try:
        for _ in range(3):
            convert(job(folder, folder, writes, force=True, image_mode="copy"))
    finally:
        done.set()
        thread.join()
    assert made
    for path, text in made.items():
        assert path.read_text() == text


# Links in the dataset ----------------------------------------------------------------------------


@pytest.fixture
def linking(tmp_path: Path) -> Path:
    """A dataset with links out: to a folder, to an annotation file, and to an image."""
    folder = labelled(tmp_path / "set")
    private = labelled(tmp_path / "private", "secret", "other")
    with (private / "secret.jpg").open("ab") as stream:
        stream.write(b"secret")  # all pictures are alike
    (folder / "folder").symlink_to(private)
    (folder / "other.json").symlink_to(private / "other.json")
    (folder / "image.jpg").symlink_to(private / "secret.jpg")
    write(folder / "image.json", document(shape("cat", SQUARE), image="image.jpg"))
    write(folder / "way.json", document(shape("cat", SQUARE), image="folder/secret.jpg"))
    (folder / ".hidden").symlink_to(private)
    write(folder / "hidden.json", document(shape("cat", SQUARE), image=".hidden/secret.jpg"))
    (folder / "inner.json").symlink_to("a.json")
    return folder


@pytest.mark.parametrize("mode", ["copy", "hardlink", "symlink"])
@pytest.mark.parametrize("writes", ["coco", "voc", "yolo"])
def test_links_out_of_the_dataset_are_not_followed(
    tmp_path: Path, linking: Path, writes: str, mode: Any
) -> None:
    report = convert(job(linking, tmp_path / "out", writes, image_mode=mode))
    (finding,) = [f for f in report.findings if f.code == "link-leaves-folder"]
    assert (finding.file, "3 links" in finding.message) == ("folder", True)
    secret = (tmp_path / "private" / "secret.jpg").read_bytes()
    assert secret not in snapshot(tmp_path / "out").values()
    names = {Path(name).name for name in snapshot(tmp_path / "out")}
    assert "a.jpg" in names
    assert not names & {"secret.jpg", "image.jpg", "other.jpg"}
    followed = convert(job(linking, tmp_path / "more", writes, image_mode=mode, follow_links=True))
    assert not [f for f in followed.findings if f.code == "link-leaves-folder"]
    assert secret in snapshot(tmp_path / "more").values()


def test_every_verb_that_reads_says_what_it_leaves_out(tmp_path: Path, linking: Path) -> None:
    write(linking / "registered" / "dataforge_registration.json", "{}")
    write(linking / "registered" / "hidden.json", document(shape("dog", SQUARE), image="a.jpg"))
    findings = {
        "check": check(str(linking)).findings,
        "convert": run_convert(linking, tmp_path / "out").findings,
        "inspect": inspect(str(linking)).findings,
        "split": make(
            SplitJob(source=str(linking), out=str(tmp_path / "s.json"), ratios="50,50")
        ).findings,
    }
    for verb, found in findings.items():
        said = {finding.code: finding.file for finding in found}
        assert said["link-leaves-folder"] == "folder", verb
        assert said["registered-folder"] == "registered", verb
    followed = CheckOptions(follow_links=True)
    assert "link-leaves-folder" not in check(str(linking), followed).counts


def test_file_swapped_for_a_link_during_the_run_is_not_read(tmp_path: Path) -> None:
    folder = labelled(tmp_path / "set")
    secret = write(tmp_path / "secret", "secret")
    root = Root(folder)
    assert root.read_bytes("a.json")
    (folder / "a.json").unlink()
    (folder / "a.json").symlink_to(secret)
    with pytest.raises(ParseError, match="leads out of the folder"):
        root.read_bytes("a.json")
    labelled(tmp_path / "private" / "inner")
    labelled(folder / "inner")
    assert Root(folder).read_bytes("inner/a.json")
    (folder / "inner").rename(tmp_path / "aside")
    (folder / "inner").symlink_to(tmp_path / "private" / "inner")
    with pytest.raises(ParseError, match="leads out of the folder"):
        root.read_bytes("inner/a.json")
    assert Root(folder, follow_links=True).read_bytes("inner/a.json")


def test_a_folder_or_file_that_is_named_may_be_a_link(tmp_path: Path) -> None:
    labelled(tmp_path / "private")
    (tmp_path / "set").symlink_to("private")
    assert run_convert(tmp_path / "set", tmp_path / "one").shapes == 1
    (tmp_path / "a.json").symlink_to("private/a.json")
    (tmp_path / "a.jpg").symlink_to("private/a.jpg")
    assert run_convert(tmp_path / "a.json", tmp_path / "two.json").shapes == 1


def test_links_to_nothing_are_named_and_not_read(tmp_path: Path) -> None:
    source = labelled(tmp_path / "source")
    for name in ("gone.json", "gone.jpg"):
        (source / name).symlink_to(source / "nowhere")
    report = run_convert(source, tmp_path / "out")
    (finding,) = [f for f in report.findings if f.code == "dangling-link"]
    assert (finding.file, finding.message[:7]) == ("gone.jpg", "2 links")
    assert "unreadable-json" not in [f.code for f in report.findings]
