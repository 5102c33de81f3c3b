"""``register`` and ``unregister``: plan, show, write, take back. No mmdet is needed here."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Sequence
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import pytest
from helpers import (
    HEIGHT,
    SAMPLE,
    WIDTH,
    load_coco,
    picture,
    run_convert,
    snapshot,
    voc_object,
    voc_xml,
    write,
)

from dataforge import register
from dataforge.cli import main
from dataforge.errors import InputError, LayoutError, OutputError, UsageError
from dataforge.frameworks.spec import TrainSpec
from dataforge.frameworks.table import TARGETS
from dataforge.io.files import REGISTRATION
from dataforge.register import Plan, Request, apply, plan, unregister

FILES = {
    "humanparts_dataset/__init__.py",
    "humanparts_dataset/annotations.py",
    "humanparts_dataset/mmdet2.py",
    "configs/mmdet2/_base_/datasets/humanparts.py",
    "configs/mmdet2/humanparts/faster_rcnn_r50_fpn_humanparts.py",
}


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of site-packages, and a working directory of the test's own."""
    folder = tmp_path / "site"
    folder.mkdir()
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setattr(sys, "path", [*sys.path])
    real = register.site_folders
    monkeypatch.setattr(
        register, "site_folders", lambda python=None: real(python) if python else [folder]
    )
    return folder


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """A copy of the sample."""
    return Path(shutil.copytree(SAMPLE / "humanparts", tmp_path / "HumanParts"))


def planned(root: Path, name: str = "HumanParts", **more: Any) -> Plan:
    return plan(Request(name=name, root=str(root), **more))


Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs a command line: (exit code, output, errors)."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["dataforge", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            main()
        return int(exit_.value.code or 0), *capsys.readouterr()

    return run


# Writing and taking back ------------------------------------------------------------------------


def test_apply_writes_and_unregister_takes_back(parts: Path, site: Path) -> None:
    before = snapshot(parts)
    out = Path.cwd() / "humanparts_registered"
    plan_ = planned(parts)
    assert plan_.out == out
    assert not out.exists()  # planning writes nothing
    written = apply(plan_)
    assert {path.relative_to(out).as_posix() for path in written} == FILES
    assert {file.path: file.text.encode() for file in plan_.files} | {
        REGISTRATION: (out / REGISTRATION).read_bytes()
    } == snapshot(out)
    assert (site / "dataforge_humanparts.pth").read_text() == f"{out}\n"
    assert str(out) in sys.path
    assert plan_.diff() == ""
    stamps = {path: path.stat().st_mtime_ns for path in written}
    assert apply(planned(parts)) == []
    assert {path: path.stat().st_mtime_ns for path in written} == stamps
    cache = out / "humanparts_dataset" / "__pycache__"
    write(cache / "mmdet2.cpython-311.pyc", b"x")
    result = unregister("HumanParts")
    assert {*result.removed} == {*written, site / "dataforge_humanparts.pth"}
    assert result.kept == []
    assert not out.exists()
    assert list(site.iterdir()) == []
    assert snapshot(parts) == before
    with pytest.raises(InputError, match="not registered here"):
        unregister("HumanParts")


def test_other_peoples_files_stay(parts: Path, site: Path) -> None:
    plan_ = planned(parts)
    own = write(plan_.out / "configs" / "humanparts" / "mine.py", "x = 1\n")
    notes = write(plan_.out / "notes.txt", "keep")
    other = write(site / "dataforge_other.pth", "/elsewhere\n")
    apply(plan_)
    unregister("HumanParts")
    assert [*snapshot(plan_.out)] == ["configs/humanparts/mine.py", "notes.txt"]
    assert own.read_text() == "x = 1\n"
    assert notes.read_text() == "keep"
    assert other.is_file()


def test_what_was_changed_by_hand_is_kept(parts: Path) -> None:
    plan_ = planned(parts)
    apply(plan_)
    config = plan_.out / plan_.targets[0].config
    config.write_text(config.read_text() + "total_epochs = 24\n")
    mine = snapshot(plan_.out)
    again = planned(parts, train=TrainSpec(gpus=4))
    with pytest.raises(OutputError, match="changed by hand") as caught:
        apply(again)
    assert plan_.targets[0].config in str(caught.value)
    assert "mmdet2.py" not in str(caught.value)
    assert snapshot(plan_.out) == mine
    assert "-total_epochs = 24" in again.diff()
    result = unregister("HumanParts")
    assert result.kept == [config]
    assert [*snapshot(plan_.out)] == [plan_.targets[0].config, REGISTRATION]
    assert unregister("HumanParts").kept == [config]  # it can be taken back still
    with pytest.raises(OutputError, match="changed by hand"):
        apply(again)
    apply(again, force=True)
    assert "lr=0.01" in config.read_text()
    assert "total_epochs" not in config.read_text()
    config.write_text("mine\n")
    assert unregister("HumanParts").kept == [config]
    assert config in unregister("HumanParts", force=True).removed
    assert not plan_.out.exists()
    with pytest.raises(InputError, match="not registered here"):
        unregister("HumanParts", force=True)
    with pytest.raises(InputError, match="nothing was registered into this folder"):
        unregister("HumanParts", out=str(plan_.out), force=True)


def test_unchanged_files_are_replaced_when_the_options_change(parts: Path) -> None:
    apply(planned(parts))
    second = planned(parts, train=TrainSpec(base="retinanet_r50_fpn", repeat=3))
    first = Path.cwd() / "humanparts_registered" / planned(parts).targets[0].config
    text = first.read_text()
    assert {path.name for path in apply(second)} == {"retinanet_r50_fpn_humanparts.py"}
    assert first.read_text() == text
    third = planned(parts, train=TrainSpec(gpus=8))
    assert [path.name for path in apply(third)] == [first.name]
    unregister("HumanParts")  # all configs go
    assert not second.out.exists()


def test_what_an_earlier_registration_left_is_named_where_the_dataset_changed(parts: Path) -> None:
    apply(planned(parts, frameworks=("mmdet2",)))
    same = planned(parts, frameworks=("mmdet3",))
    assert "registered-otherwise" not in {finding.code for finding in same.findings}
    apply(same)
    other = planned(parts, frameworks=("mmdet3",), drop="hand")
    (finding,) = (f for f in other.findings if f.code == "registered-otherwise")
    # mmdet 2's class, dataset fragment and training config
    assert finding.message.startswith("3 files (this is the first) of an earlier registration")
    assert "/mmdet2" in finding.file
    both = planned(parts, frameworks=("mmdet2", "mmdet3"), drop="hand")
    assert "registered-otherwise" not in {finding.code for finding in both.findings}


def test_a_name_is_registered_once(parts: Path, tmp_path: Path, site: Path) -> None:
    first = planned(parts)
    apply(first)
    second = planned(parts, out=str(tmp_path / "second"))
    with pytest.raises(OutputError, match="registered already, from") as caught:
        apply(second)
    assert str(first.out) in str(caught.value)
    assert not second.out.exists()
    apply(second, force=True)
    assert (site / "dataforge_humanparts.pth").read_text() == f"{second.out}\n"
    unregister("HumanParts")
    assert first.out.exists()
    assert not second.out.exists()
    unregister("HumanParts", out=str(first.out))
    assert not first.out.exists()


def test_a_folder_that_is_gone_does_not_stand_in_the_way(parts: Path, tmp_path: Path) -> None:
    first = planned(parts)
    apply(first)
    shutil.rmtree(first.out)
    second = planned(parts, out=str(tmp_path / "second"))
    assert len(apply(second)) == 5


def test_without_a_place_for_the_path_file(parts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "site_folders", lambda python=None: [Path("/no/such/folder")])
    plan_ = planned(parts)
    assert plan_.pth is None
    assert len(apply(plan_)) == 5
    unregister("HumanParts")  # found in the working directory
    assert not plan_.out.exists()


# Importable from anywhere -----------------------------------------------------------------------


@pytest.fixture
def other_python(tmp_path: Path) -> str:
    """The python of a virtual environment of its own."""
    folder = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return str(folder / "bin" / "python")


def test_the_package_is_importable_from_anywhere(
    parts: Path, tmp_path: Path, other_python: str, site: Path
) -> None:
    """Not by the parent's Python: it shares its base interpreter, and is another environment."""
    plan_ = planned(parts, python=other_python, frameworks=("mmdet2",))
    apply(plan_)
    assert plan_.pth is not None
    assert tmp_path / "venv" in plan_.pth.parents
    assert list(site.iterdir()) == []
    assert imported_from(other_python, tmp_path) == f"{plan_.out / plan_.dataset.package}"
    unregister("HumanParts", python=other_python)
    assert imported_from(other_python, tmp_path) == ""


def imported_from(python: str, cwd: Path) -> str:
    """Where a new process finds the package, empty where it does not."""
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    code = "import humanparts_dataset as d; print(d.__path__[0])"
    result = subprocess.run(
        [python, "-c", code], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0 or "No module named 'humanparts_dataset'" in result.stderr
    return result.stdout.strip()


def test_this_pythons_own_site_packages(
    parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    name = "DataforgeTestOfPathFiles"
    plan_ = planned(parts, name, layout="humanparts", out=str(tmp_path / "out"))
    try:
        apply(plan_)
        env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        code = f"import {plan_.dataset.package}"
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, check=True)
    finally:
        removed = unregister(name).removed
        sys.path.remove(str(plan_.out))
    assert plan_.pth in removed
    assert plan_.pth is not None
    assert not plan_.pth.exists()


def test_a_python_that_is_none(parts: Path) -> None:
    with pytest.raises(UsageError, match="--python /no/python: cannot be run"):
        planned(parts, python="/no/python")


def test_a_python_that_talks_before_it_answers(parts: Path, tmp_path: Path) -> None:
    """Its packages cannot be told from that."""
    loud = write(tmp_path / "python", "#!/bin/sh\necho hello\n")
    loud.chmod(0o755)
    with pytest.raises(UsageError, match=r"want its packages, got 'hello\\n'"):
        planned(parts, python=str(loud), frameworks=())


# What is planned --------------------------------------------------------------------------------


def test_a_well_known_name_brings_its_rules(parts: Path) -> None:
    plan_ = planned(parts)
    assert plan_.reasons[0] == "layout: HumanParts is well known (templates/layouts)"
    dataset = plan_.dataset
    assert dataset.classes == ("face", "person", "hand")
    assert (dataset.coords, dataset.ignore_case, dataset.difficult) == ("zero", True, "keep")
    assert dataset.splits["train"].ann_file == "ImageSets/privpersonpart_train.txt"
    assert dataset.splits["val"] == dataset.splits["test"]
    assert {"humanparts", "HumanParts", "human_parts", "privpersonpart"} <= {*dataset.aliases}
    assert plan_.images == {"train": 16, "val": 6}
    # counted with grep: 88 + 32 names that are not `none`, 30 of them faces, 30 persons
    assert sum(plan_.instances["train"].values()) == 88
    assert sum(plan_.instances["val"].values()) == 32
    assert [sum(c[name] for c in plan_.instances.values()) for name in dataset.classes] == [
        30,
        30,
        60,
    ]
    assert [finding.code for finding in plan_.findings] == ["skipped-label"]
    assert not plan_.failed


def test_a_well_known_name_over_another_folder(parts: Path) -> None:
    (parts / "Images").rename(parts / "pictures")
    plan_ = planned(parts)
    assert "but this folder differs (no folder Images/): folders are inferred" in plan_.reasons
    assert plan_.dataset.splits["train"].images == "pictures"
    assert plan_.dataset.classes == ("face", "person", "hand")


def test_flags_override_the_layout(parts: Path) -> None:
    plan_ = planned(
        parts,
        flags={
            "classes": ["hand", "face"],
            "coords": "voc",
            "difficult": "drop",
            "splits": {"train": "ImageSets/privpersonpart_val.txt"},
        },
        unknown="ignore",
    )
    assert plan_.dataset.classes == ("hand", "face")
    assert (plan_.dataset.coords, plan_.dataset.difficult) == ("voc", "drop")
    assert plan_.images == {"train": 6}
    assert plan_.instances == {"train": {"hand": 16, "face": 8}}
    codes = {finding.code: finding.severity for finding in plan_.findings}
    assert codes["unknown-label"] == "note"
    assert codes["val-is-train"] == "warning"
    text = {file.path: file.text for file in plan_.files}["humanparts_dataset/annotations.py"]
    assert "OFFSETS = (-1.0, -1.0, 0.0, 0.0)" in text


def test_a_layout_file(parts: Path, tmp_path: Path) -> None:
    layout = write(
        tmp_path / "mine.toml",
        'images = "Images"\nannotations = "Annotations"\ncoords = "mmdet"\nignore_case = true\n'
        'skip = ["none"]\n[splits]\ntrain = "ImageSets/privpersonpart_val.txt"\n'
        'val = "ImageSets/privpersonpart_train.txt"\n[aliases]\nhead = ["face"]\n',
    )
    plan_ = planned(parts, "Mine", layout=str(layout))
    assert plan_.images == {"train": 6, "val": 16}
    assert plan_.dataset.coords == "mmdet"
    assert plan_.dataset.classes == ("hand", "head", "person")  # none declared: sorted
    assert plan_.dataset.spellings["face"] == "head"
    (parts / "ImageSets" / "privpersonpart_val.txt").unlink()
    with pytest.raises(LayoutError, match=r"no file ImageSets/privpersonpart_val\.txt"):
        planned(parts, "Mine", layout=str(layout))


def test_unknown_labels_are_errors_unless_asked_otherwise(parts: Path) -> None:
    plan_ = planned(parts, flags={"classes": ["face", "hand"]})
    assert plan_.failed
    lost = {finding.message.split("'")[1]: finding.lost for finding in plan_.findings}
    assert lost == {"person": 25, "Person": 5, "none": 3}  # by grep
    added = planned(parts, flags={"classes": ["face", "hand"]}, unknown="add")
    assert added.dataset.classes == ("face", "hand", "person")
    assert not added.failed


def voc(root: Path, *ids: str, **lists: str) -> Path:
    """Images and XML files of these ids, a cat on each, and lists."""
    for id_ in ids:
        write(root / "xml" / f"{id_}.xml", voc_xml(voc_object("cat", (1, 2, 30, 40))))
        picture(root / "img" / f"{id_}.jpg")
    for name, text in lists.items():
        write(root / f"{name}.txt", text)
    return root


def test_made_splits(tmp_path: Path) -> None:
    root = voc(tmp_path / "d", *(f"p{i}" for i in range(10)))
    plan_ = planned(root, "Cats", split="train=0.7,val=0.2,test=0.1", seed=3)
    files = {file.path: file.text for file in plan_.files}
    lists = {name: files[f"splits/{name}.txt"].split() for name in ("train", "val", "test")}
    assert [len(ids) for ids in lists.values()] == [7, 2, 1]
    assert sorted(chain(*lists.values())) == [f"p{i}" for i in range(10)]
    assert plan_.images == {"train": 7, "val": 2, "test": 1}
    assert plan_.instances["train"] == {"cat": 7}
    for name in lists:
        assert plan_.dataset.splits[name].ann_file == str(plan_.out / "splits" / f"{name}.txt")
    again = planned(root, "Cats", split="train=0.7,val=0.2,test=0.1", seed=3)
    assert again.files == plan_.files
    other = planned(root, "Cats", split="train=0.7,val=0.2,test=0.1", seed=4)
    assert other.files != plan_.files
    apply(plan_)
    assert {"train.txt", "val.txt", "test.txt"} == {*os.listdir(plan_.out / "splits")}
    unregister("Cats")
    assert not plan_.out.exists()


def test_no_second_splits(parts: Path) -> None:
    with pytest.raises(UsageError, match="has splits already"):
        planned(parts, split="train=0.5,val=0.5")


def test_one_split_is_said_to_be_all(tmp_path: Path) -> None:
    plan_ = planned(voc(tmp_path / "d", "a", "b"), "Cats")
    assert plan_.images == {"all": 2}
    (finding,) = [finding for finding in plan_.findings if finding.code == "val-is-train"]
    assert "--split train=0.8,val=0.2" in (finding.remedy or "")
    assert {s.ann_file for s in plan_.dataset.splits.values()} == {
        str(plan_.out / "splits" / "all.txt")
    }


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a\nb\n", True),
        ("  a \n\n\tb\n\n", True),
        ("\ufeffa\nb", True),
        ("a\r\nb\r\n", True),
        ("a.jpg\nb.jpg\n", False),
        ("a  1\nc -1\nb  1\n", False),
        ("a,1\r\nb,1\r\n", False),
        ("img/a.jpg\n./b.jpg\n", False),
        ("a\nb\na\n", False),
    ],
)
def test_an_untidy_list_gets_a_tidy_copy(text: str, clean: bool, tmp_path: Path) -> None:
    root = voc(tmp_path / "d", "a", "b", "c", train=text, val="c\n")
    plan_ = planned(root, "Cats")
    assert plan_.images == {"train": 2, "val": 1}
    lists = {file.path: file.text for file in plan_.files if file.path.endswith(".txt")}
    assert lists == ({} if clean else {"splits/train.txt": "a\nb\n"})
    ann_file = plan_.dataset.splits["train"].ann_file
    assert ann_file == ("train.txt" if clean else str(plan_.out / "splits" / "train.txt"))
    assert plan_.dataset.splits["val"].ann_file == "val.txt"


def test_what_cannot_be_read_is_reported_and_left_out_of_our_lists(tmp_path: Path) -> None:
    root = voc(tmp_path / "d", *"abcde")
    write(root / "xml" / "b.xml", "<annotation>")
    (root / "img" / "c.jpg").unlink()
    plan_ = planned(root, "Cats", split="train=0.5,val=0.5")
    assert plan_.failed
    assert {"unreadable-xml", "image-missing"} <= {finding.code for finding in plan_.findings}
    lists = [file.text.split() for file in plan_.files if file.path.endswith(".txt")]
    assert sorted(chain(*lists)) == ["a", "d", "e"]
    assert sum(counts["cat"] for counts in plan_.instances.values()) == 3


def test_a_path_that_mmcv_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="Bob's data"):
        planned(voc(tmp_path / "Bob's data", "a", "b"), "Cats")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Coco", "CocoDataset of its own"),
        ("voc07", "'voc07'"),
        ("2020", "cannot be a Python name"),
        ("XML", "XMLDataset of its own"),
    ],
)
def test_names_that_cannot_be(name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        planned(voc(tmp_path / "d", "a", "b"), name)


# Manifests and class maps -----------------------------------------------------------------------


def test_a_manifest_makes_the_lists(tmp_path: Path) -> None:
    root = voc(tmp_path / "d", *"abcd")
    images = {"img/a.jpg": "val", "img/b.jpg": "train", "img/c.jpg": "train"}
    manifest = write(tmp_path / "s.json", {"images": images})
    plan_ = planned(root, "Cats", split=str(manifest))
    lists = {file.path: file.text for file in plan_.files if file.path.endswith(".txt")}
    assert lists == {"splits/train.txt": "b\nc\n", "splits/val.txt": "a\n"}
    assert plan_.images == {"train": 2, "val": 1}
    (finding,) = [finding for finding in plan_.findings if finding.code == "not-in-manifest"]
    assert (finding.severity, finding.file, finding.lost) == ("error", "img/d.jpg", 1)
    # by the id alone, as from another folder
    write(manifest, {"images": {f"{id_}.png": "train" if id_ == "d" else "val" for id_ in "abcd"}})
    plan_ = planned(root, "Cats", split=str(manifest))
    assert not plan_.failed
    assert plan_.images == {"train": 1, "val": 3}
    write(manifest, {"images": {"x.png": "train"}})
    with pytest.raises(InputError, match="none of its images"):
        planned(root, "Cats", split=str(manifest))


def test_a_manifest_takes_the_place_of_the_datasets_lists(tmp_path: Path) -> None:
    root = voc(tmp_path / "d", *"abc", train="a\nb\n", val="b\nc\n")  # b is in both
    images = {"img/a.jpg": "train", "img/b.jpg": "val", "img/c.jpg": "train"}
    manifest = write(tmp_path / "s.json", {"images": images})
    plan_ = planned(root, "Cats", split=str(manifest))
    assert plan_.images == {"train": 2, "val": 1}
    assert plan_.instances == {"train": {"cat": 2}, "val": {"cat": 1}}
    assert plan_.dataset.splits["train"].ann_file == str(plan_.out / "splits" / "train.txt")


def test_made_splits_are_those_of_a_conversion(tmp_path: Path) -> None:
    """The same rule, the same sides: what is registered is what was converted."""
    root = voc(tmp_path / "d", *(f"v{i % 4}_{i}" for i in range(20)))
    rule = {"split": "train=0.5,val=0.5", "seed": 3, "stratify": True, "group_by": "(v.)_"}
    plan_ = planned(root, "Cats", **rule)
    run_convert(root, tmp_path / "coco", "voc", **rule)
    for file in plan_.files:
        if file.path.endswith(".txt"):
            name = Path(file.path).stem
            file_names = [
                image["file_name"] for image in load_coco(tmp_path / "coco", name)["images"]
            ]
            assert sorted(f"img/{id_}.jpg" for id_ in file.text.split()) == sorted(file_names)


CLASSES = """
[classes]
names = ["person", "hand", "face"]
drop = ["background"]
skip = ["none"]
ignore_case = true
[aliases]
person = ["pedestrian", "cafe\u0301"]
[merge]
limb = ["hand", "foot"]
"""


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"drop": "background,face"},
        {"unknown": "add"},
        {"unknown": "ignore", "ignore_case": False},
        {"merge": "body=face,hand;person=foot", "labels": None},
        {"labels": "face,limb", "drop": "background", "merge": "limb=hand,foot", "skip": ("None",)},
    ],
)
@pytest.mark.parametrize("form", ["voc", "coco"])
def test_the_generated_class_and_the_converted_coco_agree(
    form: str, options: dict[str, Any], tmp_path: Path
) -> None:
    written = ["Person", "PEDESTRIAN", "caf\u00e9", " hand ", "Foot", "face", "Background", "none",
               "None", "limb", "dragon", "person", "_background_"]  # fmt: skip
    root = tmp_path / "d"
    picture(root / "img" / "a.jpg")
    if form == "voc":
        objects = (voc_object(name, (1, 2, 30, 40)) for name in written)
        write(root / "xml" / "a.xml", voc_xml(*objects))
    else:
        document = coco("a.jpg")
        document["categories"] = [{"id": n, "name": name} for n, name in enumerate(written)]
        document["annotations"] = [
            document["annotations"][0] | {"id": n, "category_id": n} for n in range(len(written))
        ]
        write(root / "train.json", document)
    rules = {"labels": str(write(tmp_path / "classes.toml", CLASSES)), **options}
    plan_ = planned(root, "Parts", **rules)
    report = run_convert(root, tmp_path / "out", form, **rules)
    assert list(plan_.dataset.classes) == report.classes
    ((split, converted),) = report.instances.items()
    assert {name: plan_.instances[split].get(name, 0) for name in report.classes} == converted
    assert sum(converted.values()) + sum(report.lost.values()) == len(written)
    lost = sum(finding.lost for finding in plan_.findings)
    assert lost == sum(report.lost.values())
    # what the generated class does with a name (templates/mmdet2), by hand
    found = [unicodedata.normalize("NFC", name.strip()) for name in written]
    if plan_.dataset.ignore_case:
        found = [name.casefold() for name in found]
    classes = [plan_.dataset.spellings.get(name) for name in found]
    assert {name: classes.count(name) for name in report.classes} == converted


def test_cli_class_options(cli: Cli, parts: Path, tmp_path: Path) -> None:
    code, out, errors = cli(
        "register", "HumanParts", "--root", parts, "--drop", "face", "--merge", "body=person,hand",
    )  # fmt: skip
    assert (code, errors) == (0, "")
    # 30 persons and 60 hands, less what is in the other split; by grep
    rows = [line.split() for line in out.splitlines()]
    assert ["body", "66", "24"] in rows
    assert "note dropped-class: 1, 30 shapes left out" in out
    text = Path("humanparts_registered/humanparts_dataset/annotations.py").read_text()
    assert "CLASSES = ('body', )" in text or "CLASSES = ('body',)" in text
    assert "face" not in text


# COCO -------------------------------------------------------------------------------------------


def coco(*file_names: str, **more: Any) -> dict[str, Any]:
    """A COCO file with a cat on each image."""
    entries = [
        {"id": n, "image_id": n, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 12, **more}
        for n in range(len(file_names))
    ]
    return {
        "images": [
            {"id": n, "file_name": name, "width": 64, "height": 48}
            for n, name in enumerate(file_names)
        ],
        "annotations": entries,
        "categories": [{"id": 1, "name": "cat"}, {"id": 0, "name": "dog"}],
    }


@pytest.mark.parametrize(
    ("jsons", "images", "splits"),
    [
        (
            {"annotations/instances_train2017.json": "a.jpg",
             "annotations/instances_val2017.json": "b.jpg"},
            ["train2017/a.jpg", "val2017/b.jpg"],
            {"train": ("annotations/instances_train2017.json", "train2017"),
             "val": ("annotations/instances_val2017.json", "val2017")},
        ),
        (
            {"train.json": "a.jpg", "val.json": "sub/b.jpg", "test.json": "c.jpg"},
            ["images/a.jpg", "images/sub/b.jpg", "images/c.jpg"],
            {"train": ("train.json", "images"), "val": ("val.json", "images"),
             "test": ("test.json", "images")},
        ),
        (
            {"train/_annotations.coco.json": "a.jpg", "valid/_annotations.coco.json": "a.jpg"},
            ["train/a.jpg", "valid/a.jpg"],  # the same name in both
            {"train": ("train/_annotations.coco.json", "train"),
             "val": ("valid/_annotations.coco.json", "valid")},
        ),
        (
            {"coco.json": "a.jpg"},
            ["a.jpg"],
            {"train": ("coco.json", "")},
        ),
    ],
)  # fmt: skip
def test_coco_folders(
    jsons: dict[str, str],
    images: list[str],
    splits: dict[str, tuple[str, str]],
    tmp_path: Path,
) -> None:
    root = tmp_path / "d"
    for name in images:
        write(root / name)
    for name, file_name in jsons.items():
        write(root / name, coco(file_name))
    plan_ = planned(root, "Cats")
    assert plan_.dataset.format == "coco"
    assert plan_.dataset.classes == ("cat",)  # no dog is marked
    found = {use: (s.ann_file, s.images) for use, s in plan_.dataset.splits.items()}
    assert {use: found[use] for use in splits} == splits
    assert all(instances == {"cat": 1} for instances in plan_.instances.values())
    assert not plan_.failed


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("pictures", "pictures"),  # in the root
        ("here", "{cwd}/here"),  # in the working directory
        ("../elsewhere", "{tmp}/elsewhere"),
        ("{tmp}/elsewhere", "{tmp}/elsewhere"),
        ("both", "both"),  # the root comes first
    ],
)
def test_coco_images_where_they_are_said_to_be(given: str, written: str, tmp_path: Path) -> None:
    root = tmp_path / "deep" / "d"
    write(root / "train.json", coco("a.jpg"))
    for folder in (root / "pictures", root / "both", Path("here"), Path("both")):
        picture(folder / "a.jpg")
    picture(tmp_path / "elsewhere" / "a.jpg")
    names = {"tmp": tmp_path, "cwd": Path.cwd()}
    plan_ = planned(root, "Cats", flags={"images": given.format(**names)})
    assert plan_.dataset.splits["train"].images == written.format(**names)


def test_coco_images_of_each_split_in_a_layout_file(tmp_path: Path) -> None:
    root = tmp_path / "d"
    for folder in ("one", "two", "three"):  # the same names in all of them
        picture(root / folder / "a.jpg")
    write(root / "train.json", coco("a.jpg"))
    write(root / "val.json", coco("a.jpg"))
    layout = 'format = "coco"\n[split_images]\ntrain = "two"\nval = "three"\n'
    dataset = planned(root, "Cats", layout=str(write(tmp_path / "cats.toml", layout))).dataset
    assert {use: spec.images for use, spec in dataset.splits.items()} == {
        "train": "two",
        "val": "three",
        "test": "three",
    }


def test_coco_images_that_are_nowhere(tmp_path: Path) -> None:
    write(tmp_path / "d" / "train.json", coco("a.jpg"))
    with pytest.raises(LayoutError, match="--images nowhere: no such folder"):
        planned(tmp_path / "d", "Cats", flags={"images": "nowhere"})


@pytest.mark.parametrize(
    ("segmentations", "masks"),
    [([[1, 2, 3, 4, 5, 6]], True), ([], False), ({"size": [48, 64], "counts": [0, 3072]}, True)],
)
def test_coco_masks(segmentations: Any, masks: bool, tmp_path: Path) -> None:
    root = tmp_path / "d"
    picture(root / "a.jpg")
    write(root / "train.json", coco("a.jpg", segmentation=segmentations))
    assert planned(root, "Cats").dataset.has_masks is masks
    request = Request(name="Cats", root=str(root), train=TrainSpec(base="mask_rcnn_r50_fpn"))
    if masks:
        assert plan(request).targets[0].config == "configs/mmdet2/cats/mask_rcnn_r50_fpn_cats.py"
    else:
        with pytest.raises(UsageError, match="needs masks"):
            plan(request)


def test_what_has_no_mask_is_named(cli: Cli, tmp_path: Path) -> None:
    ring = [1, 2, 30, 4, 5, 36]
    marked = [
        {"id": n, "image_id": 1, "category_id": 1, "bbox": [0, 0, 9, 9], "segmentation": [rings]}
        for n, rings in enumerate((ring, ring[:4], ring), 1)
    ]
    document = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": WIDTH, "height": HEIGHT}],
        "annotations": marked,
        "categories": [{"id": 1, "name": "cat"}],
    }
    picture(tmp_path / "d" / "a.jpg")
    write(tmp_path / "d" / "train.json", document)
    said = "1 of 3 objects have none, the first train.json::$.annotations[1]"
    code, out, _ = cli("register", "Cats", "--root", tmp_path / "d", "--dry-run")
    assert code == 0
    assert f"masks: {said}" in out
    for name in TARGETS:
        options = ("--root", tmp_path / "d", "--framework", name, "--base", "mask_rcnn_r50_fpn")
        code, _, errors = cli("register", "Cats", *options)
        assert (code, "needs masks, and " + said in errors) == (2, True), name


def test_coco_is_not_split_here(tmp_path: Path) -> None:
    picture(tmp_path / "d" / "a.jpg")
    write(tmp_path / "d" / "train.json", coco("a.jpg"))
    with pytest.raises(UsageError, match="split by `convert`"):
        planned(tmp_path / "d", "Cats", split="train=0.5,val=0.5")


def test_coco_categories_that_are_no_classes(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        picture(tmp_path / "d" / name)
    document = coco("a.jpg", "b.jpg")
    document["annotations"][1]["category_id"] = 0  # a dog
    write(tmp_path / "d" / "train.json", document)
    plan_ = planned(tmp_path / "d", "Cats", labels="dog")
    assert plan_.failed
    (finding,) = [finding for finding in plan_.findings if finding.code == "unknown-label"]
    assert (finding.file, finding.where, finding.lost) == ("train.json", "category 'cat'", 1)
    assert plan_.instances["train"] == {"dog": 1}
    added = planned(tmp_path / "d", "Cats", labels="dog", unknown="add")
    assert added.dataset.classes == ("dog", "cat")
    assert added.instances["train"] == {"dog": 1, "cat": 1}
    aliases = str(write(tmp_path / "aliases.toml", 'dog = ["hound"]\n'))
    assert planned(tmp_path / "d", "Cats", aliases=aliases).dataset.classes == ("cat", "dog")
    dropped = planned(tmp_path / "d", "Cats", labels="dog", drop="cat")
    assert not dropped.failed
    assert "dropped-class" in {finding.code for finding in dropped.findings}


# Roboflow's exports begin with a supercategory that nothing is marked with.
ROBOFLOW = [{"id": 0, "name": "cells-ab1", "supercategory": "none"},
            {"id": 1, "name": "WBC", "supercategory": "cells-ab1"},
            {"id": 2, "name": "red, round", "supercategory": "cells-ab1"}]  # fmt: skip


def roboflow(root: Path, used: dict[str, int], names: Sequence[str] = ()) -> Path:
    """Folders of splits; what is marked in each is of one category."""
    for split, category in used.items():
        picture(root / split / f"{split}.jpg")
        document = coco(f"{split}.jpg", category_id=category)
        document["categories"] = [
            entry | {"name": name} if name else entry
            for entry, name in zip_longest(ROBOFLOW, names)
        ]
        write(root / split / "_annotations.coco.json", document)
    return root


def test_a_category_that_nothing_is_marked_with_is_no_class(tmp_path: Path) -> None:
    root = roboflow(tmp_path / "d", {"train": 1, "valid": 1})
    plan_ = planned(root, "Cells", layout="coco")
    assert plan_.dataset.classes == ("WBC",)
    assert plan_.dataset.spellings == {"WBC": "WBC"}
    assert plan_.dataset.dropped == ("cells-ab1", "red, round")
    assert plan_.instances == {"train": {"WBC": 1}, "val": {"WBC": 1}}
    (finding,) = plan_.findings
    assert (finding.code, finding.severity) == ("category-without-instances", "note")
    assert (finding.file, finding.where) == ("train/_annotations.coco.json", "$.categories")
    assert "'cells-ab1', 'red, round'" in finding.message
    # A comma in a name is no comma between names.
    assert "--labels FILE with the lines 'cells-ab1', 'WBC', 'red, round' keeps" in finding.remedy


def test_what_the_note_says_keeps_the_category(cli: Cli, tmp_path: Path) -> None:
    names = ["cells-ab1", "WBC", "it's red"]
    root = roboflow(tmp_path / "d", {"train": 1, "valid": 2}, names)
    code, out, _ = cli("register", "Cells", "--root", root, "--dry-run")
    assert code == 0
    (line,) = [line for line in out.splitlines() if "::$.categories: " in line]
    assert "nothing is marked 'cells-ab1' in any split" in line
    option, value = shlex.split(line.split("; ")[1])[:2]
    plan_ = planned(root, "Cells", **{option.removeprefix("--"): value})
    assert plan_.dataset.classes == (*names,)
    assert plan_.dataset.dropped == ()
    assert "category-without-instances" not in {finding.code for finding in plan_.findings}


@pytest.mark.parametrize(
    ("options", "classes", "dropped"),
    [
        ({}, ["WBC", "RBC"], ["cells"]),
        ({"drop": "RBC"}, ["WBC"], ["cells", "RBC"]),
        ({"skip": ("RBC ",)}, ["WBC"], ["cells", "RBC"]),
        ({"merge": "cells=WBC,RBC"}, ["cells"], []),
        ({"labels": "WBC", "unknown": "ignore"}, ["WBC"], ["cells", "RBC"]),
        ({"labels": "WBC", "unknown": "add"}, ["WBC", "RBC"], ["cells"]),
        ({"labels": "RBC,cells,WBC"}, ["RBC", "cells", "WBC"], []),
        # what may be a misspelt class is not on purpose none
        ({"labels": "WBC,red"}, ["WBC", "red"], []),
        ({"labels": "WBC,red", "drop": "cells"}, ["WBC", "red"], ["cells"]),
        ({"flags": {"classes": ["cells", "RBC"]}}, ["cells", "RBC"], []),
    ],
)
def test_categories_that_are_on_purpose_no_class(
    options: dict[str, Any], classes: list[str], dropped: list[str], tmp_path: Path
) -> None:
    root = roboflow(tmp_path / "d", {"train": 1, "valid": 2}, ["cells", "WBC", "RBC"])
    dataset = planned(root, "Cells", **options).dataset
    assert [*dataset.classes] == classes
    assert [*dataset.dropped] == dropped


def test_nothing_is_marked_at_all(tmp_path: Path) -> None:
    root = roboflow(tmp_path / "d", {"train": 7})
    with pytest.raises(InputError, match="nothing is marked there") as caught:
        planned(root, "Cells")
    assert "no category has the id 7" in str(caught.value)


def test_a_voc_folder_has_no_categories(parts: Path) -> None:
    assert planned(parts, drop="face").dataset.dropped == ()


def text_of(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False)


def entry(document: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The same with another first annotation."""
    first, *others = document["annotations"]
    return document | {"annotations": [first | changes, *others]}


FINE = coco("d/ä.jpg", "d/b.jpg")
A, B = FINE["images"]


@pytest.mark.parametrize(
    ("content", "code", "where"),
    [
        (FINE | {"images": [A | {"file_name": "d\\ä.jpg"}, B]}, "backslashes",
         "$.images[0].file_name"),
        (FINE | {"images": [A, B | {"file_name": "d/c.jpg"}]}, "image-missing",
         "$.images[1].file_name"),
        (FINE | {"images": [A | {"width": None}, B]}, "no-stated-size", "$.images[0]"),
        (FINE | {"images": [A | {"id": "0"}, B]}, "ids-of-two-kinds", "$.annotations[0].image_id"),
        (b"\xef\xbb\xbf" + text_of(FINE).encode(), "byte-order-mark", ""),
        (text_of(FINE).encode("gb18030"), "encoding", ""),
        (entry(FINE, image_id=7), "dangling-image-id", "$.annotations[0].image_id"),
        (entry(FINE, category_id=7), "dangling-category-id", "$.annotations[0].category_id"),
        (entry(FINE, category_id="1"), "ids-of-two-kinds", "$.annotations[0].category_id"),
        (entry(FINE, id=1), "annotation-ids", "$.annotations[1].id"),
        (entry(FINE, bbox=["1", "2", "3", "4"]), "odd-number", "$.annotations[0].bbox"),
        (entry(FINE, iscrowd="no"), "bad-value", "$.annotations[0].iscrowd"),
        (entry(FINE, bbox=[], segmentation=[[1, 2, 3, 4, 5, 0]]), "no-bbox", "$.annotations[0]"),
    ],
)  # fmt: skip
def test_coco_files_that_training_stops_at(
    content: Any, code: str, where: str, cli: Cli, tmp_path: Path
) -> None:
    root = tmp_path / "data"
    for name in ("ä.jpg", "b.jpg"):
        picture(root / "d" / name)
    write(root / "train.json", content)
    plan_ = planned(root, "Cats")
    (finding,) = [finding for finding in plan_.findings if finding.severity == "error"]
    assert (finding.code, finding.file, finding.where) == (code, "train.json", where)
    assert finding.remedy
    result, out, _ = cli("register", "Cats", "--root", root)
    assert result == 1
    assert f"error {code}: 1" in out
    assert f"registered {plan_.dataset.class_name}" in out
    assert (Path("cats_registered") / plan_.targets[0].config).is_file()
    if "coco filter" in finding.remedy:
        result, _, _ = cli("coco", "filter", root / "train.json", tmp_path / "mended.json")
        assert result in (0, 1)
        shutil.copy(tmp_path / "mended.json", root / "train.json")
        assert not planned(root, "Cats").failed


@pytest.mark.parametrize("form", ["voc", "coco"])
def test_boxes_of_no_use_are_reported_as_in_a_conversion(form: str, tmp_path: Path) -> None:
    root = tmp_path / "d"
    picture(root / "img" / "a.jpg")
    if form == "voc":
        boxes = (5, 5, 5, 9), (70, 2, 80, 9), (1, 2, 30, 40)
        write(root / "xml" / "a.xml", voc_xml(*(voc_object("cat", box) for box in boxes)))
        for split in ("train", "trainval"):  # told once all the same
            write(root / f"{split}.txt", "a\n")
    else:
        document = coco("a.jpg")
        (first,) = document["annotations"]
        boxes = (5, 5, 0, 4), (70, 2, 10, 7), (1, 2, 29, 38)
        document["annotations"] = [first | {"id": n, "bbox": box} for n, box in enumerate(boxes)]
        write(root / "train.json", document)
    plan_ = planned(root, "Cats", flags={"coords": "zero"} if form == "voc" else {})
    useless = [
        finding for finding in plan_.findings if finding.code in ("zero-area", "outside-image")
    ]
    assert [(finding.code, finding.severity) for finding in useless] == [
        ("zero-area", "warning"),
        ("outside-image", "warning"),
    ]
    assert plan_.instances["train"] == {"cat": 3}
    report = run_convert(root, tmp_path / "out", form)
    assert useless == list(
        dict.fromkeys(finding for finding in report.findings if finding in useless)
    )


def test_register_inside_the_dataset_twice(parts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lists that the first run wrote are not the dataset's own splits for the second."""
    shutil.rmtree(parts / "ImageSets")
    monkeypatch.chdir(parts)
    for _ in range(2):
        plan_ = plan(Request(name="Inside", split="train=0.5,val=0.5"))
        apply(plan_)
        assert plan_.images == {"train": 11, "val": 11}


def test_a_demo_gives_way(parts: Path, tmp_path: Path) -> None:
    demo = tmp_path / "demo"
    write(demo / "dataforge_demo", "")
    apply(plan(Request(name="Parts", root=str(parts), out=str(demo / "out"))))
    apply(plan(Request(name="Parts", root=str(parts), out=str(tmp_path / "mine"))))
    with pytest.raises(OutputError, match=r"registered already, from .*mine"):
        apply(plan(Request(name="Parts", root=str(parts), out=str(tmp_path / "other"))))


# Command line -----------------------------------------------------------------------------------


def test_cli_dry_run(cli: Cli, parts: Path, tmp_path: Path) -> None:
    before = snapshot(tmp_path)
    code, out, errors = cli("register", "HumanParts", "--root", parts, "--dry-run")
    assert (code, errors) == (0, "")
    lines = out.splitlines()
    assert lines[0] == f"HumanParts: voc in {parts}"
    assert ["person", "22", "8"] in [line.split() for line in lines]
    assert ["(images)", "16", "6"] in [line.split() for line in lines]
    assert "+++ " in out
    assert "+class HumanPartsDataset(XMLDataset):" in lines
    assert "-" not in {line[0] for line in lines if line and not line.startswith("---")}
    assert lines[-1] == "nothing is written (--dry-run)"
    assert snapshot(tmp_path) == before


def test_cli_register_twice_and_unregister(cli: Cli, parts: Path, site: Path) -> None:
    out_folder = Path.cwd() / "humanparts_registered"
    code, out, errors = cli("register", "HumanParts", "--layout", "custom-voc", "--root", parts)
    assert (code, errors) == (0, "")
    assert out.count("\nwrote ") == 5
    assert f"importable as humanparts_dataset.mmdet2, by the line in {site}" in out
    assert "registered HumanPartsDataset; get_classes() knows it as humanparts, HumanParts" in out
    config = out_folder / "configs/mmdet2/humanparts/faster_rcnn_r50_fpn_humanparts.py"
    assert f"dataforge smoke {config}" in out
    assert config.is_file()
    code, out, _ = cli("register", "HumanParts", "--root", parts)
    assert code == 0
    assert f"{out_folder} is up to date (5 files)" in out
    code, out, _ = cli("register", "HumanParts", "--root", parts, "--dry-run")
    assert "nothing would change" in out
    config.write_text("mine\n")
    code, out, errors = cli("register", "HumanParts", "--root", parts)
    assert code == 3
    assert "changed by hand" in errors
    assert "faster_rcnn_r50_fpn_humanparts.py" in errors
    code, out, errors = cli("unregister", "HumanParts")
    assert (code, errors) == (1, "")
    assert out.count("removed ") == 4
    assert f"kept {config}: it was changed by hand" in out
    code, out, _ = cli("unregister", "HumanParts", "--force")
    assert (code, out.count("removed ")) == (0, 2)
    assert list(site.iterdir()) == []
    code, _, errors = cli("unregister", "HumanParts")
    assert code == 3
    assert errors.startswith("error: HumanParts is not registered here")


def test_cli_says_what_to_type(
    cli: Cli, parts: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it has to be typed: in quotes, and with the Python that trains."""
    monkeypatch.setattr(register, "site_folders", lambda python=None: [site])
    options = ("--framework", "torchvision,", "--python", "/my env/python", "--out", "my out")
    code, out, _ = cli("register", "My Parts", "--root", parts, *options)
    assert code == 0
    script = Path.cwd() / "my out" / "train.py"
    assert out.splitlines()[-4:] == [
        "registered MyPartsDataset",
        f"prove it:  '/my env/python' -m dataforge smoke '{script}'",
        f"train it:  '/my env/python' '{script}'",
        "undo it:   dataforge unregister 'My Parts' --python '/my env/python'",
    ]
    code, _, errors = cli("register", "My Parts", "--root", parts, *options[:-1], "another")
    assert code == 3
    assert "`dataforge unregister 'My Parts'` undoes that" in errors


def test_cli_options(cli: Cli, parts: Path, tmp_path: Path) -> None:
    aliases = write(tmp_path / "aliases.toml", 'people = ["person"]\n')
    classes = write(tmp_path / "classes.txt", "people\nface\nhand\n")
    code, out, _ = cli(
        "register", "Parts", "--layout", "humanparts", "--root", parts, "--classes", classes,
        "--aliases", aliases, "--also-known-as", " pp, p 2,,", "--out", tmp_path / "out",
        "--base", "retinanet_r50_fpn", "--gpus", "8", "--repeat", "3", "--init", "random",
        "--difficult", "ignore", "--coords", "voc",
    )  # fmt: skip
    assert code == 0
    assert "get_classes() knows it as parts, Parts, pp, p 2" in out
    assert ["people", "22", "8"] in [line.split() for line in out.splitlines()]
    config = (tmp_path / "out/configs/mmdet2/parts/retinanet_r50_fpn_parts.py").read_text()
    assert "lr=0.01)" in config
    assert "init_cfg=None" in config
    assert "times=3" in config
    recorded = json.loads((tmp_path / "out" / REGISTRATION).read_text())
    assert recorded["name"] == "Parts"
    assert len(recorded["files"]) == 5


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--classes", "face,hand"], 1, ""),
        (["--coords", "one"], 2, "--coords one: want one of auto, voc, mmdet, zero"),
        (["--difficult", "no"], 2, "--difficult no"),
        (["--splits", "train"], 2, "--splits train: want train=FILE,val=FILE"),
        (["--base", "yolo"], 2, "--base yolo"),
        (["--framework", "mmdet9"], 2, "no framework 'mmdet9'"),
        (["--layout", "nonsense"], 2, "--layout nonsense"),
        (["--gpus", "0"], 2, "gpus"),
        (["--classes", "a,a"], 2, "class 'a' is declared twice"),
        (["--root", "/no/such/folder"], 3, "/no/such/folder: no such folder"),
        (["--layout", "voc"], 3, "is not laid out as voc says"),
        (["--layout", "no.toml"], 3, "no.toml: cannot be read"),
        (["--images", "Pictures", "--layout", "humanparts"], 3, "--images Pictures: "),
    ],
)
def test_cli_exit_codes(arguments: list[str], code: int, said: str, cli: Cli, parts: Path) -> None:
    result = cli("register", "HumanParts", "--root", parts, *arguments)
    assert result[0] == code
    assert said in result[2]
    assert "Traceback" not in result[2]
    assert Path("humanparts_registered").exists() is (code == 1)
