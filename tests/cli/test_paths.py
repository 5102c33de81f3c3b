"""Every parameter that takes a path: links, leftovers, files that exist, and inputs on each.

The parameters are taken from the commands themselves: a new one fails the first test until it is
classified here, and those that are written are then tried by all others.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from helpers import (
    SQUARE,
    document,
    picture,
    python_with_site,
    shape,
    snapshot,
    voc_object,
    voc_xml,
    write,
)

from dataforge.cli import main
from dataforge.cli.program import program
from dataforge.io.staging import SUFFIX

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")

READ = """
browse --results; browse --ground-truth
browse path; browse --compare; browse --layout; browse --image-dir; browse --data
check path; check --layout; check --labels; check --label-aliases; check --image-dir; check --data
check --settings
coco filter src; coco merge files; coco subset src; coco subset --list
convert --image-dir; convert --data; convert --label-aliases; convert --ground-truth
convert --labels; convert --layout; convert --split
describe config; evaluate --annotations; evaluate --images; evaluate files
features --checkpoint; features config; features image; inspect path; plot logs
register --annotation-dir; register --image-dir; register --label-aliases; register --labels
register --layout; register --python; register --root; register --split; register --split-files
register --weights
doctor --python; list --python; unregister --python
smoke --checkpoint; smoke config
split --layout; split src
stats path; stats --layout; stats --image-dir; stats --data
view path; view names; view --layout; view --image-dir; view --data
"""
"""Files and folders that are read."""

WRITTEN = """
browse --output; browse --report
check --backup; check --cache-dir; check --output; check --report
coco filter --report; coco filter out; coco merge --report; coco merge out
coco subset --report; coco subset out
convert --cache-dir; convert --report; convert what
demo --report; demo folder; describe --report; evaluate --output; evaluate --report
evaluate --results-out
 features --output; features --report; plot --output
inspect --report; inspect --save
register --output; register --report
smoke --report; smoke --work-dir
split --output; split --report
stats --plots; stats --report
unregister --output; view --output; view --report
"""
"""Files and folders that are written; of `convert what`, the last one."""

NEITHER = """
browse --address; browse --keypoints; browse --lines; browse --points
check --address; check --drop; check --ignore; check --merge; check --select
coco filter --classes
convert --address; convert --drop; convert --merge; convert --group-by
describe --image-size; explain name; inspect --address; register --address; split --address
features --layers; convert --local-files
check --keypoints; check --lines; check --points
convert --keypoints; convert --lines; convert --points
browse --label; check --label; convert --label; stats --label; view --label
browse --label-attribute; check --label-attribute; convert --label-attribute
stats --label-attribute; view --label-attribute
register --framework; register --alias; register --base; register --drop; register --merge
register --backbone; register --set; plot --keys
stats --address; stats --keypoints; stats --lines; stats --points
register --group-by; register name; split --group-by; split --split; unregister name
view --address; view --class; view --code; view --keypoints; view --lines; view --points
"""
"""Text that is no path."""


def _commands(command: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            yield from _commands(found, f"{name} {inner}".strip())
    else:
        yield name, command


def _with_text() -> dict[str, click.Parameter]:
    """Each parameter that takes a text."""
    found = {}
    for name, command in _commands(program()):
        for param in command.params:
            is_text = isinstance(param.type, (click.Path, click.types.StringParamType))
            is_flag = isinstance(param, click.Option) and param.is_flag
            if is_text and not is_flag and not getattr(param, "choices", ()):
                option = isinstance(param, click.Option)
                found[f"{name} {max(param.opts, key=len) if option else param.name}"] = param
    return found


def _listed(text: str) -> set[str]:
    return {one.strip() for line in text.splitlines() for one in line.split(";") if one.strip()}


def test_every_parameter_that_takes_a_path_is_classified() -> None:
    found = _with_text()
    assert set(found) == _listed(READ) | _listed(WRITTEN) | _listed(NEITHER)
    assert {name for name, param in found.items() if getattr(param, "writes", None)} == _listed(
        WRITTEN
    )
    for name, command in _commands(program()):
        if any(getattr(param, "writes", None) == "report" for param in command.params):
            assert any("--force" in param.opts for param in command.params), name


# A run of each ---------------------------------------------------------------------------------

RUNS = {
    "browse --output": "browse set --output {new}",
    "browse --report": "browse set --output page --report {new}",
    "check --report": "check set --report {new}",
    "check --output": "check set --fix --output {new}",
    "check --backup": "check set --fix --backup {new}",
    "coco filter --report": "coco filter a.json b.json --report {new}",
    "coco filter out": "coco filter a.json {new}.json",
    "coco merge --report": "coco merge a.json b.json --report {new}",
    "coco merge out": "coco merge a.json {new}.json",
    "coco subset --report": "coco subset a.json b.json --images 1 --report {new}",
    "coco subset out": "coco subset a.json {new}.json --images 1",
    "convert --report": "convert labelme2coco set out --report {new}",
    "convert what": "convert labelme2yolo set {new}",
    "evaluate --output": "evaluate --annotations a.json results.json --output {new}",
    "evaluate --report": "evaluate --annotations a.json results.json -o page --report {new}",
    "evaluate --results-out": "evaluate --annotations a.json results.json -o page "
    "--results-out {new}",
    "inspect --report": "inspect set --report {new}",
    "inspect --save": "inspect voc --save {new}",
    "plot --output": "plot run.json --out {new}.png",
    "register --report": "register Pets --root voc --output out --python ./python "
    "--framework mmdet2 --dry-run --report {new}",
    "register --output": "register Pets --root voc --output {new} --python ./python "
    "--framework mmdet2",
    "split --report": "split set --split 50,50 -o s.json --report {new}",
    "split --output": "split set --split 50,50 --output {new}.json",
    "stats --plots": "stats set --plots {new}",
    "stats --report": "stats set --report {new}",
    "view --output": "view set --output {new}.png",
    "view --report": "view set --report {new}",
}
"""One run of each parameter that is written; those of verbs that train or run models, or that only
remove what `register` wrote, are tried where these are tested, as are the folders of `--cache-dir`
(datasets/test_cache.py)."""

REPORTS = [name for name in RUNS if name.endswith(("--report", "--save", "--results-out"))]
FILES = [
    *REPORTS,
    *(
        name
        for name in RUNS
        if name.endswith((" out", "split --output", "plot --output", "view --output"))
    ),
]
NO_FORCE = ["check --output", "check --backup", "split --output"]
FOLDERS = [
    "browse --output", "check --output", "check --backup", "convert what", "register --output",
    "evaluate --output", "stats --plots",
]  # fmt: skip


def test_every_parameter_that_is_written_is_run() -> None:
    trains = {"demo --report", "demo folder", "smoke --report", "smoke --work-dir"}
    trains |= {"describe --report", "features --output", "features --report"}
    kept = {"check --cache-dir", "convert --cache-dir"}
    assert RUNS.keys() | trains | kept | {"unregister --output"} == _listed(WRITTEN)
    assert {*FILES, *FOLDERS} == RUNS.keys()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory that holds datasets, and beside it a file and a folder of the user."""
    folder = tmp_path / "here"
    for name in ("a", "b"):
        shapes = [shape("cat ", SQUARE), shape("cat", SQUARE)]
        write(folder / "set" / f"{name}.json", document(*shapes, image=f"{name}.jpg"))
        picture(folder / "set" / f"{name}.jpg")
        write(folder / "voc" / "Annotations" / f"{name}.xml",
              voc_xml(voc_object("cat", (1, 2, 30, 40))))  # fmt: skip
        picture(folder / "voc" / "JPEGImages" / f"{name}.jpg")
    write(folder / "a.json", {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4],
                         "area": 12, "iscrowd": 0, "segmentation": []}],
    })  # fmt: skip
    write(folder / "results.json",
          [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}])  # fmt: skip
    write(folder / "run.json", '{"step": 1, "iter": 1, "epoch": 1, "loss": 1}\n')
    (folder / "site").mkdir()
    python_with_site(folder / "python", f"{folder}/site")
    write(tmp_path / "home" / "kept", "kept")
    monkeypatch.chdir(folder)
    return folder


def run(name: str, new: str, *more: str) -> int:
    """The exit code of one run."""
    if "plot" in name:
        pytest.importorskip("matplotlib")
    command = RUNS[name]
    if new.endswith(".json"):
        command = re.sub(r"{new}\.\w+", "{new}", command)
    with pytest.raises(SystemExit) as ended:
        main([*shlex.split(command.format(new=shlex.quote(new))), *more])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def source(name: str) -> str:
    """The folder that a run reads; empty if it reads files."""
    return next((word for word in RUNS[name].split() if word in ("set", "voc")), "")


def inodes(folder: Path) -> dict[str, tuple[int, int]]:
    """Inode and mode of each file and folder."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_ino, path.lstat().st_mode)
        for path in folder.rglob("*")
    }


def suffixed(name: str, new: str) -> str:
    ending = re.search(r"{new}(\.\w+)", RUNS[name])
    return new + (ending[1] if ending else "")


@pytest.mark.parametrize("name", RUNS)
def test_a_new_place_is_written(here: Path, name: str) -> None:
    code = run(name, "new")
    assert code in (0, 1)
    assert (here / suffixed(name, "new")).exists()
    assert not [*here.rglob(f"*{SUFFIX}")]


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_exists_is_overwritten_only_with_force(here: Path, name: str) -> None:
    place = write(here / suffixed(name, "new"), "kept")
    code = run(name, "new")
    assert code == 3
    assert place.read_text() == "kept"
    if name != "split --output":  # adds to a manifest, and takes nothing else for one
        code = run(name, "new", "--force")
        assert code in (0, 1)
        assert place.read_bytes() != b"kept"


@pytest.mark.parametrize("force", [[], ["--force"]])
@pytest.mark.parametrize("name", RUNS)
def test_a_planted_link_is_not_written_through(
    here: Path, tmp_path: Path, name: str, force: list[str]
) -> None:
    if force and name in NO_FORCE:
        pytest.skip("has no --force")
    elsewhere = tmp_path / "home" / "kept" if name in FILES else tmp_path / "home"
    # The name itself, and a folder on the way in a dataset that is read.
    (here / suffixed(name, "new")).symlink_to(elsewhere)
    (here / "set" / "way").symlink_to(tmp_path / "home")
    (here / "voc" / "way").symlink_to(tmp_path / "home")
    before = inodes(tmp_path / "home")
    if name in FILES:
        run(name, "new", *force)
    else:
        (here / "set" / "new").symlink_to(tmp_path / "home")
        (here / "voc" / "new").symlink_to(tmp_path / "home")
        run(name, f"{source(name)}/new", *force)
    assert snapshot(tmp_path / "home") == {"kept": b"kept"}
    if source(name):
        assert run(name, f"{source(name)}/way/new", *force) == 3
    assert inodes(tmp_path / "home") == before


@pytest.mark.parametrize("run_of", [
    "coco filter {src} {out}/z.json", "coco merge {src} {src} {out}/z.json",
    "coco subset {src} {out}/z.json --images 1", "convert {src} {out}/z --to voc",
    "check {src} --report {out}/z", "check {src} --fix --output {out}/z",
    "inspect {src} --report {out}/z", "stats {src} --report {out}/z",
    "split {src} --split 50,50 --output {out}/z.json",
])  # fmt: skip
@pytest.mark.parametrize("folder", ["data", "data/annotations"])
def test_a_link_beside_the_file_that_is_read_is_not_written_through(
    here: Path, tmp_path: Path, folder: str, run_of: str
) -> None:
    (here / folder).mkdir(parents=True)
    (here / "a.json").rename(here / folder / "a.json")
    (here / "data" / "way").symlink_to(tmp_path / "home")
    with pytest.raises(SystemExit) as ended:
        main(shlex.split(run_of.format(src=f"{folder}/a.json", out="data/way")))
    assert ended.value.code == 3
    assert snapshot(tmp_path / "home") == {"kept": b"kept"}


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
@pytest.mark.parametrize("name", RUNS)
def test_planted_leftovers_are_not_used(here: Path, tmp_path: Path, name: str, kind: str) -> None:
    new = suffixed(name, "new")
    left = here / f".{new}{SUFFIX}"
    if kind == "folder":
        write(left / "old" / "evil", "evil")
        (left / "old" / "link").symlink_to(tmp_path / "home")
        write(left / new / "evil", "evil")
    elif kind == "file":
        write(left, "evil")
    else:
        left.symlink_to(tmp_path / "home")
    before = inodes(tmp_path / "home")
    code = run(name, "new")
    assert (code == 3) == (kind == "link")
    assert inodes(tmp_path / "home") == before
    assert snapshot(tmp_path / "home") == {"kept": b"kept"}
    if kind != "link":
        assert not os.path.lexists(left)
        assert not [path for path in here.rglob("*") if path.name == "evil"]


@pytest.mark.parametrize("name", FILES)
def test_no_input_is_overwritten_even_with_force(here: Path, name: str) -> None:
    read = {"set": "set/a.json", "voc": "voc/Annotations/a.xml", "a.json": "a.json",
            "run.json": "run.json"}  # fmt: skip
    (path,) = [path for word, path in read.items() if word in RUNS[name].split()]
    before = snapshot(here)
    force = [] if name == "split --output" else ["--force"]
    for given in (path, f"./{path}", str(here / path)):
        code = run(name, given, *force)
        assert code in (2, 3)
        assert snapshot(here)[path] == before[path]


def special(place: Path, kind: str) -> None:
    """Make a pipe, a device that is a copy of /dev/null, a folder, or a link to a pipe."""
    if kind == "device":
        try:
            os.mknod(place, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        except PermissionError:
            pytest.skip("only root can make devices")
    elif kind == "pipe":
        os.mkfifo(place)
    elif kind == "link":
        os.mkfifo(place.with_name("led-to"))
        place.symlink_to("led-to")
    else:
        place.mkdir()


@pytest.mark.parametrize("kind", ["pipe", "device", "link", "folder"])
@pytest.mark.parametrize("name", RUNS)
def test_devices_pipes_and_folders_are_not_replaced(here: Path, name: str, kind: str) -> None:
    if kind == "folder" and name in FOLDERS:
        pytest.skip("is what it writes")
    place = here / suffixed(name, "new")
    special(place, kind)
    before = os.lstat(place)
    if kind == "folder" and name == "split --output":
        assert run(name, "new") in (2, 3)
        return
    forces = [[], ["--force"]] if name not in NO_FORCE else [[]]
    for force in forces:
        assert run(name, "new", *force) == 3
        now = os.lstat(place)
        assert (now.st_mode, now.st_ino, now.st_rdev) == (
            before.st_mode, before.st_ino, before.st_rdev)  # fmt: skip


@pytest.mark.parametrize("command", [
    "demo {new}", "describe c.py --report {new}", "features c.py a.png --layers neck -o {new}",
    "features c.py a.png --layers neck --report {new}", "smoke c.py --report {new}",
    "smoke c.py --work-dir {new}", "unregister Pets --output {new}",
])  # fmt: skip
@pytest.mark.parametrize("kind", ["pipe", "device", "link"])
def test_verbs_that_train_or_run_models_replace_none_either(
    here: Path, command: str, kind: str
) -> None:
    write(here / "c.py", "model = dict()\n")
    special(here / "new", kind)
    before = os.lstat(here / "new")
    for force in ([], ["--force"]):
        with pytest.raises(SystemExit) as ended:
            main([*shlex.split(command.format(new="new")), *force])
        assert ended.value.code in (2, 3)
    assert os.lstat(here / "new").st_ino == before.st_ino


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_those_inside_an_output_are_not_replaced(here: Path, kind: str) -> None:
    assert run("convert what", "out") in (0, 1)
    for name in ("data.yaml", "labels/a.txt"):
        (place,) = (here / "out").rglob(Path(name).name)
        place.unlink()
        special(place, kind)
        for force in ([], ["--force"]):
            assert run("convert what", "out", *force) == 3
            assert not place.is_file()
        place.unlink()


def test_a_report_does_not_overwrite_what_the_run_wrote(here: Path) -> None:
    written = "out/annotations/instances_all.json"
    assert run("convert --report", written) == 3
    assert "images" in json.loads((here / written).read_text())
    assert run("convert --report", written, "--force") == 3
    assert "images" in json.loads((here / written).read_text())
    for name in ("coco filter --report", "split --report"):
        assert run(name, "b.json" if "coco" in name else "s.json", "--force") == 2


def test_an_earlier_report_inside_the_dataset_is_overwritten_with_force(here: Path) -> None:
    for name in ("check --report", "convert --report", "inspect --report"):
        assert run(name, "set/report.json") in (0, 1)
        assert run(name, "set/report.json") == 3
        assert run(name, "set/report.json", "--force") in (0, 1, 3)
        (here / "set" / "report.json").unlink()
