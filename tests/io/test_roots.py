"""Folders and named files, local and remote."""

from __future__ import annotations

import errno
import os
import pickle
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from helpers import SQUARE, document, picture, shape, snapshot, voc_object, voc_xml, write

from dataforge.datasets import KeepingRoot
from dataforge.datasets.oddities import left_out
from dataforge.errors import InputError, ParseError
from dataforge.io import Root, limits, same_bytes
from dataforge.verbs.check import check
from dataforge.verbs.fix import planned_fixes
from dataforge.verbs.inspect import inspect
from dataforge.verbs.split import SplitJob, make


def test_files_are_sorted_posix_paths_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("b/2.json", "a.json", "b/c/1.JPG", ".git/x.json", "b/._2.json", "B.txt"):
        write(tmp_path / name)
    assert Root(tmp_path).files() == ["B.txt", "a.json", "b/2.json", "b/c/1.JPG"]


def test_links_to_folders_are_followed_and_loops_are_not(tmp_path: Path) -> None:
    write(tmp_path / "data" / "a.json")
    write(tmp_path / "elsewhere" / "b.json")
    (tmp_path / "data" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data" / "loop").symlink_to(tmp_path / "data")
    (tmp_path / "elsewhere" / "up").symlink_to(tmp_path)
    root = Root(tmp_path / "data", follow_links=True)
    assert root.files() == ["a.json", "more/b.json"]
    assert Root(tmp_path / "data").files() == ["a.json"]


def test_mutually_linked_folders_terminate(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        write(tmp_path / name / f"{name}.json")
        (tmp_path / name / "link").symlink_to(tmp_path / other)
    names = ["a/a.json", "a/link/b.json", "b/b.json", "b/link/a.json"]
    assert Root(tmp_path).files() == names


class _Fleeting:
    """An entry of a folder of which the system says nothing any more."""

    def __init__(self, entry: os.DirEntry[str], number: int) -> None:
        self.name, self.path, self._number = entry.name, entry.path, number

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        raise OSError(self._number, os.strerror(self._number), self.path)

    is_dir = is_symlink = is_file


@pytest.mark.parametrize(
    ("number", "left"),
    [(errno.ENOENT, []), (errno.ESRCH, []), (errno.ESTALE, []), (errno.EACCES, ["x/b.json"])],
)
def test_a_file_that_is_gone_when_it_is_looked_at_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, left: list[str]
) -> None:
    """One that is there counts: its reading says what is wrong with it."""
    for name in ("a.json", "x/b.json", "x/c.json"):
        write(tmp_path / name)
    scandir = os.scandir

    @contextmanager
    def scanned(folder: str) -> Iterator[Iterator[Any]]:
        with scandir(folder) as entries:
            yield (_Fleeting(one, number) if one.name == "b.json" else one for one in entries)

    monkeypatch.setattr(os, "scandir", scanned)
    assert Root(tmp_path).files() == ["a.json", *left, "x/c.json"]


@pytest.mark.parametrize("call", ["readlink", "realpath"])
@pytest.mark.parametrize("follow_links", [True, False])
@pytest.mark.parametrize("number", [errno.ENOENT, errno.ESRCH, errno.EACCES])
def test_a_link_that_cannot_be_looked_at_costs_itself_alone(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    follow_links: bool,
    number: int,
) -> None:
    """As in /proc, where a link ends with its process, or only its owner may read it."""
    write(tmp_path / "a.json")
    write(tmp_path / "x" / "b.json")
    (tmp_path / "x" / "link").symlink_to(tmp_path / "nothing")
    place = os if call == "readlink" else os.path
    real = getattr(place, call)

    def failing(path: str, *more: Any, **options: Any) -> str:
        if str(path).endswith("link"):
            raise OSError(number, os.strerror(number), path)
        return real(path, *more, **options)

    monkeypatch.setattr(place, call, failing)
    root = Root(tmp_path, follow_links=follow_links)
    assert root.files() == ["a.json", "x/b.json"]
    unseen = "what cannot be looked at: Permission denied"
    assert root.left_out().dangling == ([("x/link", unseen)] if number == errno.EACCES else [])


@pytest.mark.parametrize("number", [errno.ENOENT, errno.ESRCH])
def test_a_folder_that_is_gone_when_it_is_listed_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    for name in ("a.json", "x/b.json"):
        write(tmp_path / name)
    scandir = os.scandir

    def scanned(folder: str) -> Any:
        if folder.endswith("x"):
            raise OSError(number, os.strerror(number), folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", scanned)
    assert Root(tmp_path).files() == ["a.json"]


def test_a_folder_behind_a_link_that_cannot_be_listed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is read; a folder of the dataset itself must be listed."""
    write(tmp_path / "data" / "a.json")
    write(tmp_path / "elsewhere" / "b.json")
    write(tmp_path / "elsewhere" / "closed" / "c.json")
    (tmp_path / "data" / "link").symlink_to(tmp_path / "elsewhere")
    scandir = os.scandir

    def scanned(folder: str) -> Any:
        if str(folder).endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", scanned)
    root = Root(tmp_path / "data", follow_links=True)
    assert root.files() == ["a.json", "link/b.json"]
    assert [str(one) for one in left_out(root)] == [
        "link/closed: 1 folder behind links out of the folder cannot be listed (this is the first: "
        "Permission denied): not read; let this user list them, or remove the links"
    ]
    with pytest.raises(InputError, match="closed/: cannot be listed: Permission denied"):
        Root(tmp_path / "elsewhere").files()


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("absent", "no such file or folder"),
        ("absent.json", "no such file or folder"),
        ("file.jpg", "is an image; give a folder or an annotation file"),
    ],
)
def test_a_root_must_be_a_folder_or_an_annotation_file(
    tmp_path: Path, name: str, fault: str
) -> None:
    write(tmp_path / "file.jpg")
    with pytest.raises(InputError, match=f"{name}: {fault}"):
        Root(tmp_path / name)


def test_a_file_of_any_other_name_is_the_only_one(tmp_path: Path) -> None:
    """A format of another package may be called as it likes."""
    for name in ("a.box", "b.box", "a.json", "a.jpg"):
        write(tmp_path / name)
    assert Root(tmp_path / "a.box").files() == ["a.box", "a.jpg"]


def test_a_remote_root_reads_like_a_local_one() -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.pipe("/set/sub/a.json", b"{}")
    memory.pipe("/set/b.json", b"[]")
    root = Root("memory://set")
    assert root.files() == ["b.json", "sub/a.json"]
    assert root.read_bytes("sub/a.json") == b"{}"
    assert root.exists("b.json")
    assert not root.exists("sub")
    with pytest.raises(ParseError, match="cannot be read"):
        root.read_bytes("c.json")


@pytest.mark.parametrize("scheme", ["", "memory://one-of-many"])
def test_json_file_stands_for_its_folder_without_other_json(tmp_path: Path, scheme: str) -> None:
    import fsspec

    folder = scheme or str(tmp_path)
    for name in ("a.json", "b.json", "c/d.json", "a.jpg"):
        if scheme:
            fsspec.filesystem("memory").pipe(f"/one-of-many/{name}", b"{}")
        else:
            write(tmp_path / name, "{}")
    root = Root(f"{folder}/a.json")
    assert root.files() == ["a.jpg", "a.json"]
    assert root.read_bytes("a.json") == b"{}"
    assert root.location == folder


def test_reading_a_missing_file_names_it(tmp_path: Path) -> None:
    with pytest.raises(ParseError, match=r"^a\.json: cannot be read: No such file"):
        Root(tmp_path).read_bytes("a.json")


def test_a_huge_text_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_TEXT_BYTES", 10)
    write(tmp_path / "a.json", b" " * 11)
    with pytest.raises(ParseError, match="larger than"):
        Root(tmp_path).read_bytes("a.json")


def test_registered_files_are_excluded_from_the_dataset(tmp_path: Path) -> None:
    write(tmp_path / "a.xml", "<a/>")
    write(tmp_path / "x_registered" / "dataforge_registration.json", "{}")
    write(tmp_path / "x_registered" / "splits" / "train.txt", "a")
    assert Root(tmp_path).files() == ["a.xml"]
    # Unless it is the very folder that is asked for.
    assert "splits/train.txt" in Root(tmp_path / "x_registered").files()


def test_files_of_the_same_bytes_are_grouped(tmp_path: Path) -> None:
    for name, content in (("a", "x"), ("b", "y"), ("c", "x"), ("d", "x" * 2**21)):
        write(tmp_path / name, content)
    assert same_bytes(Root(tmp_path), "abcd") == [["a", "c"], ["b"], ["d"]]
    for name, first in (("f", "1"), ("g", "2"), ("h", "1")):  # the same for their last bytes
        write(tmp_path / name, first + "x" * 5000)
    assert same_bytes(Root(tmp_path), "fgh") == [["f", "h"], ["g"]]
    assert same_bytes(Root(tmp_path), "aec") == [["a", "c"]]  # there is no e


# A file that is named ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "location", "only", "files"),
    [
        ("one.json", "", "one.json", ["a.jpg", "d/b.jpg", "one.json"]),
        ("a.xml", "", "a.xml", ["a.jpg", "a.xml", "d/b.jpg"]),
        ("d/b.txt", "d", "b.txt", ["b.jpg", "b.txt"]),  # of YOLO's, only the image of its name
        ("z.JSON", "", "z.JSON", ["a.jpg", "d/b.jpg", "z.JSON"]),
    ],
)
def test_a_named_file_is_the_only_annotation_file(
    tmp_path: Path, name: str, location: str, only: str, files: list[str]
) -> None:
    for path in ("one.json", "two.json", "z.JSON", "a.xml", "b.xml", "a.txt", "d/b.txt", "x.yaml"):
        write(tmp_path / path)
    for path in ("a.jpg", "d/b.jpg"):
        picture(tmp_path / path)
    root = Root(tmp_path / name)
    assert (Path(root.location), root.only) == (tmp_path / location, only)
    assert root.named == str(tmp_path / name)
    assert root.files() == files
    assert root.exists(only)
    assert root.exists(files[0])
    assert not root.exists("two.json")  # it is there, but not part of what was named
    assert not root.exists("x.yaml")
    assert Root(tmp_path).only is None
    assert Root(tmp_path).named == str(tmp_path)


@pytest.mark.parametrize(
    ("file", "image", "home"),
    [
        ("V/Annotations/1.xml", "V/JPEGImages/1.jpg", "V"),
        ("Y/labels/train/1.txt", "Y/images/train/1.PNG", "Y"),
        ("Y/train/labels/1.txt", "Y/train/images/1.jpg", "Y/train"),
        ("L/jsons/1.json", "L/pictures/1.jpg", "L"),
        ("C/annotations/instances_train.json", "C/images/train/7.jpg", "C"),
        ("C/annotations/instances_train.json", "C/train2017/7.jpg", "C"),
        ("C/annotations/instances_train.json", "C/annotations/7.jpg", "C/annotations"),
        ("C/one/instances_train.json", "C/two/7.jpg", "C/one"),
        ("C/cannot/instances_train.json", "C/two/7.jpg", "C/cannot"),
        ("C/VOCAnnotations/instances_train.json", "C/two/7.jpg", "C"),
        ("V/Annotations/1.xml", "V/Annotations/1.jpg", "V/Annotations"),
        ("one/1.xml", "two/1.jpg", "one"),  # two datasets side by side
        ("V/Annotations/1.xml", "V/JPEGImages/2.jpg", "V/Annotations"),
    ],
)
def test_a_named_file_is_read_from_the_folder_that_also_holds_its_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, image: str, home: str
) -> None:
    write(tmp_path / file)
    picture(tmp_path / image)
    root = Root(tmp_path / file)
    assert Path(root.location) == tmp_path / home
    assert f"{home}/{root.only}" == file
    assert (image.removeprefix(f"{home}/") in root.files()) == image.startswith(f"{home}/")
    monkeypatch.chdir((tmp_path / file).parent)
    assert Path(Root(Path(file).name).location).resolve() == (tmp_path / home).resolve()
    monkeypatch.chdir(tmp_path)
    assert Root(file).named == file


@pytest.mark.parametrize("scheme", ["", "memory://"])
@pytest.mark.parametrize(
    ("named", "images", "home"),
    [
        ("7.jpg", ["two/7.jpg"], "."),
        ("7.jpg", ["two/8.jpg"], "json"),
        ("7.jpg", ["two/train/7.PNG"], "."),  # a subfolder, another extension
        ("train/7.jpg", ["two/train/7.jpg"], "."),
        (r"C:\\data\\7.jpg", ["two/7.jpg"], "."),
        ("\\u0041.jpg", ["two/A.jpg"], "."),
        ("7.jpg", ["json/8.jpg", "two/7.jpg"], "json"),
        ("no picture", ["two/8.jpg"], "."),  # names no image: any will do
    ],
)
def test_a_json_file_is_read_with_the_images_it_names(
    tmp_path: Path, scheme: str, named: str, images: list[str], home: str
) -> None:
    import fsspec

    text = f'{{"images": [{{"file_name": "0.jpg"}}, {{"file_name": "{named}"}}]}}'
    files = {"json/all.json": text if named != "no picture" else "{}", **dict.fromkeys(images, "x")}
    top = f"{scheme}{tmp_path}"
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        fsspec.filesystem(scheme.rstrip(":/") or "file").pipe(
            f"{tmp_path}/{name}", content.encode()
        )
    location = Root(f"{top}/json/all.json").location
    assert location.replace(":///", "://") == f"{top}/{home}".removesuffix("/.").replace(
        ":///", "://"
    )


def test_yaml_file_is_refused_naming_its_folder(tmp_path: Path) -> None:
    write(tmp_path / "set" / "data.yaml", "names: [a]\n")
    with pytest.raises(InputError, match=r"data\.yaml: describes a whole dataset.*folder: .*set$"):
        Root(tmp_path / "set" / "data.yaml")


def test_remote_root_excludes_the_same_files_as_a_local_one() -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    for name in (
        ".hid/a.json",
        "._b.json",
        "b.json",
        "reg/dataforge_registration.json",
        "reg/c.xml",
    ):
        memory.pipe(f"/hiding/{name}", b"{}")
    assert Root("memory://hiding").files() == ["b.json"]


def labelled(folder: Path) -> Path:
    """Five images, each marked by a labelme file and a VOC file; all with something to fix."""
    for name in "abcde":
        picture(folder / f"{name}.jpg")
        content = document(shape(" cat", SQUARE), image=f"{name}.jpg")
        write(folder / f"{name}.json", content)
        box = voc_object(" cat", (30, 30, 10, 10))
        write(folder / f"{name}.xml", voc_xml(box, filename=f"{name}.jpg"))
    write(folder / "f.jpg")  # marked by none, and empty
    write(folder / "layout.toml", "images = 'elsewhere'\nannotations = 'elsewhere'\n")
    return folder


@pytest.mark.parametrize("name", ["c.json", "c.xml"])
def test_check_of_one_file_reports_and_fixes_that_file_alone(tmp_path: Path, name: str) -> None:
    folder = labelled(tmp_path / "set")
    before = snapshot(folder)
    report = check(str(folder / name))
    assert report.images == report.shapes == 1
    assert report.findings
    assert {finding.file for finding in report.findings} == {name}
    with planned_fixes(str(folder / name)) as plan:
        assert plan.files == [name]
        assert plan.apply() is not None
    after = snapshot(folder)
    assert {path for path in before if before[path] != after[path]} == {name}
    assert after.keys() == before.keys()
    assert not check(str(folder / name)).findings


def test_inspect_and_split_take_a_file_as_that_file(tmp_path: Path) -> None:
    folder = labelled(tmp_path / "set")
    for name, format_ in (("c.json", "labelme"), ("c.xml", "voc")):
        found = inspect(str(folder / name))
        assert [(part.format, part.files) for part in found.parts] == [(format_, 1)]
        assert {finding.file for finding in found.findings} <= {name}
        assert str(folder / name) in found.parts[0].commands[0]
        job = SplitJob(source=str(folder / name), out=str(tmp_path / "s.json"), ratios="train=1")
        (tmp_path / "s.json").unlink(missing_ok=True)
        assert make(job).manifest.images == {"c.jpg": "train"}


def test_a_label_file_of_yolo_is_checked_alone(tmp_path: Path) -> None:
    for name in "abc":
        picture(tmp_path / "images" / f"{name}.jpg")
        write(tmp_path / "labels" / f"{name}.txt", "0 0.5 0.5 1.2 0.2\n")
    write(tmp_path / "data.yaml", "names: [cat]\ntrain: images\n")
    report = check(str(tmp_path / "labels" / "b.txt"))
    assert (report.images, report.root) == (1, str(tmp_path))
    assert {finding.file for finding in report.findings} - {"."} == {"labels/b.txt"}


@pytest.mark.parametrize("kind", [Root, KeepingRoot])
def test_a_machine_that_lacks_the_folder_is_named(tmp_path: Path, kind: type[Root]) -> None:
    """Else each file would be unreadable there, and the run would go on."""
    folder = tmp_path / "data"
    folder.mkdir()
    sent = pickle.dumps(kind(str(folder)))
    assert pickle.loads(sent).location == str(folder)
    folder.rmdir()
    with pytest.raises(InputError, match=f"data: does not exist on {platform.node()}; all"):
        pickle.loads(sent)
