"""Writing a registration, and taking it back."""

from __future__ import annotations

import errno
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers import redirect_registrations, snapshot, write
from register.datasets import planned

from dataforge.errors import InputError, OutputError
from dataforge.frameworks import TrainSpec
from dataforge.io import REGISTRATION
from dataforge.verbs.register import Request, apply, plan, unregister

FILES = {
    "python/humanparts_dataset/__init__.py",
    "python/humanparts_dataset/annotations.py",
    "python/humanparts_dataset/index.py",
    "python/humanparts_dataset/mmdet2.py",
    "configs/mmdet2/_base_/datasets/humanparts.py",
    "configs/mmdet2/humanparts/faster_rcnn_r50_fpn_humanparts.py",
}


def test_apply_writes_and_unregister_removes(parts: Path, site: Path) -> None:
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
    assert (site / "dataforge_humanparts.pth").read_text() == f"{out}/python\n"
    assert str(out / "python") in sys.path
    assert plan_.diff() == ""
    stamps = {path: path.stat().st_mtime_ns for path in written}
    assert apply(planned(parts)) == []
    assert {path: path.stat().st_mtime_ns for path in written} == stamps
    cache = out / "python" / "humanparts_dataset" / "__pycache__"
    write(cache / "mmdet2.cpython-311.pyc", b"x")
    result = unregister("HumanParts")
    assert {*result.removed} == {*written, site / "dataforge_humanparts.pth"}
    assert result.kept == []
    assert not out.exists()
    assert list(site.iterdir()) == []
    assert snapshot(parts) == before
    with pytest.raises(InputError, match="not registered here"):
        unregister("HumanParts")


def test_foreign_files_are_kept(parts: Path, site: Path) -> None:
    plan_ = planned(parts)
    apply(plan_)
    own = write(plan_.out / "configs" / "humanparts" / "mine.py", "x = 1\n")
    notes = write(plan_.out / "notes.txt", "keep")
    other = write(site / "dataforge_other.pth", "/elsewhere\n")
    unregister("HumanParts")
    assert [*snapshot(plan_.out)] == ["configs/humanparts/mine.py", "notes.txt"]
    assert own.read_text() == "x = 1\n"
    assert notes.read_text() == "keep"
    assert other.is_file()


def test_manually_changed_files_are_kept(parts: Path) -> None:
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


def test_leftovers_of_an_earlier_registration_are_named(parts: Path) -> None:
    apply(planned(parts, frameworks=("mmdet2",)))
    same = planned(parts, frameworks=("mmdet3",))
    assert "registered-otherwise" not in {finding.code for finding in same.findings}
    apply(same)
    other = planned(parts, frameworks=("mmdet3",), drop="hand")
    (finding,) = (f for f in other.findings if f.code == "registered-otherwise")
    # mmdet 2's class, dataset fragment and training config
    assert finding.message.startswith("3 files of an earlier registration not changed")
    assert "/mmdet2" in finding.file
    both = planned(parts, frameworks=("mmdet2", "mmdet3"), drop="hand")
    assert "registered-otherwise" not in {finding.code for finding in both.findings}


def test_a_name_is_registered_once(parts: Path, tmp_path: Path, site: Path) -> None:
    first = planned(parts)
    apply(first)
    second = planned(parts, out=str(tmp_path / "second"))
    with pytest.raises(OutputError, match="already registered, from") as caught:
        apply(second)
    assert str(first.out) in str(caught.value)
    assert not second.out.exists()
    apply(second, force=True)
    assert (site / "dataforge_humanparts.pth").read_text() == f"{second.out}/python\n"
    unregister("HumanParts")
    assert first.out.exists()
    assert not second.out.exists()
    unregister("HumanParts", out=str(first.out))
    assert not first.out.exists()


def test_deleted_registration_folder_does_not_block(parts: Path, tmp_path: Path) -> None:
    first = planned(parts)
    apply(first)
    shutil.rmtree(first.out)
    second = planned(parts, out=str(tmp_path / "second"))
    assert len(apply(second)) == 6


def test_without_a_place_for_the_path_file(parts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    redirect_registrations(monkeypatch, Path("/no/such/folder"))
    plan_ = planned(parts)
    assert plan_.pth is None
    assert len(apply(plan_)) == 6
    unregister("HumanParts")  # found in the working directory
    assert not plan_.out.exists()


def test_register_inside_the_dataset_twice(parts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lists that the first run wrote are not the dataset's own splits for the second."""
    shutil.rmtree(parts / "ImageSets")
    monkeypatch.chdir(parts)
    for _ in range(2):
        plan_ = plan(Request(name="Inside", split="train=0.5,val=0.5"))
        apply(plan_)
        assert plan_.images == {"train": 11, "val": 11}


def test_demo_registration_is_replaced(parts: Path, tmp_path: Path) -> None:
    demo = tmp_path / "demo"
    write(demo / "dataforge_demo", "")
    apply(plan(Request(name="Parts", root=str(parts), out=str(demo / "out"))))
    apply(plan(Request(name="Parts", root=str(parts), out=str(tmp_path / "mine"))))
    with pytest.raises(OutputError, match=r"already registered, from .*mine"):
        apply(plan(Request(name="Parts", root=str(parts), out=str(tmp_path / "other"))))


CONFIG = "configs/mmdet2/humanparts/faster_rcnn_r50_fpn_humanparts.py"


@pytest.mark.parametrize(
    "function",
    [
        "dataforge.verbs.register.applying.write_json",  # before it is looked at once more
        "dataforge.io.output.put_in_place",  # before it is listed
        "dataforge.io.places.swapped",  # before it is replaced
        "dataforge.io.moving.exchange",  # while it is replaced
    ],
)
@pytest.mark.parametrize("how", ["edited", "replaced", "no exchange"])
def test_a_file_that_is_changed_at_the_last_moment_is_kept(
    how: str, function: str, parts: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(planned(parts))
    new = planned(parts, train=TrainSpec(samples_per_gpu=3))
    before = snapshot(new.out)
    assert CONFIG in new.diff()
    module, _, name = function.rpartition(".")
    real = getattr(sys.modules[module], name)
    done: list[str] = []

    def change_first(*given: Any, **more: Any) -> Any:
        if not done:
            done.append(name)
            if how == "replaced":
                write(new.out.parent / "new.py", "mine\n").replace(new.out / CONFIG)
            else:
                write(new.out / CONFIG, "mine\n")
        if how == "no exchange" and name == "exchange":
            raise OSError(errno.ENOSYS, "not here")
        return real(*given, **more)

    monkeypatch.setattr(function, change_first)
    with pytest.raises(OutputError, match=r"changed (by hand|during the run)"):
        apply(new)
    assert done
    assert snapshot(new.out) == before | {CONFIG: b"mine\n"}
    apply(new, force=True)
    assert snapshot(new.out)[CONFIG] != b"mine\n"
