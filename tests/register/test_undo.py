"""Taking back a registration whose record, path file or folder is not what `register` wrote."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from helpers import snapshot, write
from register.datasets import Cli, planned

from dataforge.errors import InputError, ParseError
from dataforge.io import REGISTRATION
from dataforge.verbs.register import apply, unregister
from dataforge.verbs.register.record import sha256


@pytest.fixture
def out(parts: Path) -> Path:
    """The folder of a registration."""
    plan_ = planned(parts)
    apply(plan_)
    return plan_.out


def add_to_record(out: Path, *names: str, **changes: Any) -> None:
    """List more files, each with its digest if it can be found."""
    record = json.loads((out / REGISTRATION).read_text())
    for name in names:
        path = out / name
        record["files"][name] = sha256(path.read_bytes()) if os.path.isfile(path) else "0"
    write(out / REGISTRATION, {**record, **changes})


@pytest.mark.parametrize(
    "name",
    [
        "../victim/x",
        "{victim}",
        "configs/../../victim/x",
        "./configs",
        "configs//x",
        "..",
        "",
        "/",
        "C:/x",
        "..\\victim\\x",
        "a\nb",
        REGISTRATION,
        "x" * 256,
        "x/" * 500 + "x",
    ],
)
@pytest.mark.parametrize("force", [False, True])
def test_record_that_names_files_elsewhere_is_refused(
    name: str, force: bool, out: Path, tmp_path: Path, site: Path
) -> None:
    victim = write(out.parent / "victim" / "x", "mine")
    add_to_record(out, name.format(victim=victim))
    before = snapshot(out.parent)
    for where in (None, str(out)):
        with pytest.raises(ParseError, match=r"is not the name of a file below"):
            unregister("HumanParts", out=where)
    shutil.move(site / "dataforge_humanparts.pth", site / "kept")
    with pytest.raises(ParseError, match=r"is not the name of a file below"):
        unregister("HumanParts", force=force)
    assert snapshot(out.parent) == before


def test_each_folder_of_a_record_is_looked_at_once(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2 files in each of 3 folders below 4 more: 6 files and 7 folders, and what is there."""
    before = json.loads((out / REGISTRATION).read_text())["files"]
    add_to_record(out, *(f"a/b/c/d/{inner}/{name}" for inner in "efg" for name in "xy"))
    looked: list[str] = []

    def is_link(path: str) -> bool:
        looked.append(os.path.relpath(path, out))
        return False

    monkeypatch.setattr("dataforge.verbs.register.undo.os.path.islink", is_link)
    unregister("HumanParts")
    own = {folder for name in before for folder in map(str, Path(name).parents)} - {"."}
    assert len([name for name in looked if name[:2] == "a/" or name == "a"]) == 6 + 7
    assert {*own, *before} <= {*looked}
    assert not out.exists()


@pytest.mark.parametrize(
    "inner",
    [
        "",
        "python",
        "python/humanparts_dataset",
        "python/humanparts_dataset/__init__.py",
        "configs/mmdet2",
        REGISTRATION,
    ],
)
def test_nothing_is_removed_through_a_link(inner: str, out: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.move(out / inner, elsewhere)
    (out / inner).symlink_to(elsewhere)
    before = snapshot(tmp_path)
    for where in (None, str(out)):
        with pytest.raises(InputError, match="is a link"):
            unregister("HumanParts", out=where)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("force", [False, True])
def test_files_of_others_and_their_caches_are_kept(force: bool, out: Path) -> None:
    package = out / "python" / "humanparts_dataset"
    own = [
        write(package / "__pycache__" / f"{name}.pyc", "")
        for name in ("mmdet2.cpython-311", "annotations.cpython-311.opt-1")
    ]
    kept = [
        write(package / "mine.py", ""),
        write(package / "__pycache__" / "mine.cpython-311.pyc", ""),
        write(package / "__pycache__" / "mmdet2_old.cpython-311.pyc", ""),
        write(package / "__pycache__" / "notes.txt", ""),
        write(out / "configs" / "__pycache__" / "other.cpython-311.pyc", ""),
    ]
    unregister("HumanParts", force=force)
    assert {*snapshot(out)} == {path.relative_to(out).as_posix() for path in kept}
    assert not any(path.exists() for path in own)


def test_caches_of_a_kept_module_are_kept(out: Path) -> None:
    module = out / "python" / "humanparts_dataset" / "mmdet2.py"
    module.write_text("mine\n")
    cache = write(module.parent / "__pycache__" / "mmdet2.cpython-311.pyc", "")
    assert unregister("HumanParts").kept == [module]
    assert cache.is_file()


def test_linked_cache_folder_is_not_followed(out: Path, tmp_path: Path) -> None:
    victim = write(tmp_path / "elsewhere" / "mmdet2.cpython-311.pyc", "mine")
    (out / "python" / "humanparts_dataset" / "__pycache__").symlink_to(victim.parent)
    unregister("HumanParts")
    assert victim.is_file()


def test_folder_of_another_dataset_is_refused(cli: Cli, out: Path, site: Path) -> None:
    add_to_record(out, name="Other")
    before = snapshot(out)
    for where in ((), ("-o", out)):
        code, _, errors = cli("unregister", "HumanParts", *where)
        assert code == 3
        assert f"{out} contains the registration of Other" in errors
    assert (site / "dataforge_humanparts.pth").is_file()
    code, text, _ = cli("unregister", "HumanParts", "--force")  # the path file alone
    assert (code, text) == (0, f"removed {site / 'dataforge_humanparts.pth'}\n")
    assert snapshot(out) == before


def test_folder_without_a_record_is_refused(out: Path, site: Path) -> None:
    (out / REGISTRATION).unlink()
    before = snapshot(out)
    with pytest.raises(InputError, match="--force removes the path file alone"):
        unregister("HumanParts")
    assert unregister("HumanParts", force=True).removed == [site / "dataforge_humanparts.pth"]
    assert snapshot(out) == before


def test_path_file_to_a_folder_that_is_gone_is_removed(out: Path, site: Path) -> None:
    shutil.rmtree(out)
    assert unregister("HumanParts").removed == [site / "dataforge_humanparts.pth"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "import os\n",
        "{out}\n",
        "{out}/python\nimport os\n",
        "work/python\n",
        "{out}/python\n\n",
    ],
)
def test_path_file_of_others_is_kept(text: str, out: Path, site: Path) -> None:
    pth = write(site / "dataforge_humanparts.pth", text.format(out=out))
    before = snapshot(out)
    with pytest.raises(InputError, match="not a line that `register` writes"):
        unregister("HumanParts", force=True)
    assert pth.read_text() == text.format(out=out)
    assert snapshot(out) == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'{{"name": "{"H" * (1 << 20)}", "files": {{}}}}', "larger than 1 MiB"),
        ('{"name": "2020", "files": {}}', "cannot be a Python name"),
        ('{"name": "HumanParts", "files": ["a"]}', "files"),
        ("[" * 100_000, "nested"),
        ("", "is empty"),
    ],
    ids=["large", "name", "list", "deep", "empty"],
)
def test_invalid_record_is_refused(text: str, said: str, out: Path, parts: Path) -> None:
    write(out / REGISTRATION, text)
    with pytest.raises(ParseError, match=said):
        unregister("HumanParts")
    with pytest.raises(ParseError, match=said):
        planned(parts)
    assert (out / "configs").is_dir()
