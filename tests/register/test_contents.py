"""Python finds nothing of a stranger in what `register` makes importable."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers import snapshot, write
from register.datasets import Cli, planned

from dataforge.errors import OutputError, ParseError, UsageError
from dataforge.frameworks import frameworks
from dataforge.io import REGISTRATION
from dataforge.verbs.register import apply, registered
from dataforge.verbs.register.record import sha256

EVIL = "print('stranger')\n"
PLANTS = (
    "sitecustomize.py",
    "usercustomize.py",
    "stranger.pth",
    ".hidden",
    "json.py",
    "python/sitecustomize.py",
    "python/humanparts_dataset.py",
    "python/json/__init__.py",
    "python/humanparts_dataset/json/__init__.py",
    "python/humanparts_dataset/__pycache__/json.cpython-311.pyc",
    "python/humanparts_dataset/annotations.cpython-311-x86_64-linux-gnu.so",
    "python/__pycache__/sitecustomize.cpython-311.pyc",
    "configs/torchvision/humanparts/json.py",
    "configs/torchvision/humanparts/torch/__init__.py",
)


def out() -> Path:
    return Path.cwd() / "humanparts_registered"


def forge(folder: Path, *names: str, name: str = "HumanParts") -> None:
    """A record that lists files, each with its digest."""
    files = {path: sha256((folder / path).read_bytes()) for path in names}
    write(folder / REGISTRATION, {"name": name, "files": files})


@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("options", [(), ("--force",), ("--dry-run",)])
def test_output_folder_with_anything_else_is_refused(
    plant: str, options: tuple[str, ...], cli: Cli, parts: Path, site: Path
) -> None:
    write(out() / plant, EVIL)
    before = snapshot(out())
    arguments = ("register", "HumanParts", "--root", parts, "--framework", "all", *options)
    code, _, errors = cli(*arguments)
    assert code == 3
    assert "contains what `register` did not write: " in errors
    top = errors.split("did not write: ")[1].split(";")[0]
    assert plant.startswith(top.rstrip("/"))
    assert "choose another --output, or remove it" in errors
    assert snapshot(out()) == before
    assert list(site.iterdir()) == []


@pytest.mark.parametrize("plant", [name for name in PLANTS if "/" in name])
def test_forged_record_brings_nothing_onto_the_path(plant: str, parts: Path, site: Path) -> None:
    write(out() / plant, EVIL)
    forge(out(), plant)
    with pytest.raises(OutputError, match="contains what `register` did not write"):
        apply(planned(parts, frameworks=frameworks()))
    assert list(site.iterdir()) == []


def test_again_after_training_with_anything_else(parts: Path) -> None:
    """What Python compiled is of the registration, what is beside it is not."""
    apply(planned(parts, frameworks=frameworks()))
    for name in ("annotations", "torchvision"):
        write(out() / f"python/humanparts_dataset/__pycache__/{name}.cpython-311.opt-1.pyc", b"")
    apply(planned(parts))
    write(out() / "python" / "usercustomize.py", EVIL)
    with pytest.raises(OutputError, match=r"python/usercustomize\.py; choose another"):
        planned(parts)


@pytest.mark.parametrize(
    "place",
    [
        "",
        "python",
        "python/humanparts_dataset",
        "python/humanparts_dataset/__pycache__",
        "configs",
        REGISTRATION,
    ],
)
def test_links_in_the_output_folder_are_refused(
    place: str, parts: Path, tmp_path: Path, site: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = out() / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(elsewhere)
    with pytest.raises((OutputError, ParseError), match="link"):
        planned(parts)
    assert list(elsewhere.iterdir()) == list(site.iterdir()) == []


def test_link_in_place_of_a_planned_file_is_refused(parts: Path, tmp_path: Path) -> None:
    plan_ = planned(parts)
    victim = write(tmp_path / "victim", plan_.files[0].text)
    (out() / plan_.files[0].path).parent.mkdir(parents=True)
    (out() / plan_.files[0].path).symlink_to(victim)
    with pytest.raises(OutputError, match=r"__init__\.py \(a link\)"):
        apply(plan_, force=True)


def test_what_comes_in_during_the_run_is_not_made_importable(
    parts: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def protect(*_: Any) -> None:
        write(out() / "python" / "sitecustomize.py", EVIL)

    monkeypatch.setattr("dataforge.verbs.register.applying._protect", protect)
    with pytest.raises(OutputError, match=r"sitecustomize\.py"):
        apply(planned(parts))
    assert list(site.iterdir()) == []


def start(python: str, code: str) -> str:
    """What a new process of a Python prints."""
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        [python, "-c", code], env=env, capture_output=True, text=True, check=True
    ).stdout


def test_python_searches_the_package_alone(parts: Path, other_python: str) -> None:
    apply(planned(parts, python=other_python, frameworks=frameworks()))
    for name in ("sitecustomize.py", "usercustomize.py", "stranger.py"):
        write(out() / name, EVIL)  # later, by somebody else
    lines = start(other_python, "import sys; print(*sys.path, sep='\\n')").splitlines()
    assert [line for line in lines if line.startswith(str(out()))] == [str(out() / "python")]
    assert os.listdir(out() / "python") == ["humanparts_dataset"]


def test_script_is_alone_in_its_folder(parts: Path) -> None:
    plan_ = planned(parts, frameworks=frameworks())
    apply(plan_)
    (config,) = (target.config for target in plan_.targets if target.framework == "torchvision")
    script = plan_.out / config
    assert [*script.parent.iterdir()] == [script]


def test_planted_cache_is_not_run(parts: Path, other_python: str) -> None:
    """Python runs a cache that says it is not to be compared with its source (PEP 552)."""
    apply(planned(parts, python=other_python, frameworks=("torchvision",)))
    package = out() / "python" / "humanparts_dataset"
    compile_ = (
        "import py_compile, sys; py_compile.compile(sys.argv[1], sys.argv[2], "
        "invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)"
    )
    evil = write(out().parent / "evil.py", EVIL)
    cache = package / "__pycache__" / f"__init__.{sys.implementation.cache_tag}.pyc"
    subprocess.run([sys.executable, "-c", compile_, str(evil), str(cache)], check=True)
    assert start(other_python, "import humanparts_dataset") == "stranger\n"
    apply(planned(parts, python=other_python, frameworks=("torchvision",)))
    assert not cache.exists()
    assert start(other_python, "import humanparts_dataset") == ""


def test_others_cannot_write_to_what_python_imports(parts: Path, site: Path) -> None:
    before = os.umask(0)
    try:
        apply(planned(parts, frameworks=("torchvision",)))
    finally:
        os.umask(before)
    searched = [out(), *(out() / "python").rglob("*"), *(out() / "configs").rglob("*")]
    assert [path for path in searched if path.stat().st_mode & 0o022] == []


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_path_file_has_the_same_mode_whatever_the_umask(
    umask: int, parts: Path, site: Path
) -> None:
    before = os.umask(umask)
    try:
        apply(planned(parts))
    finally:
        os.umask(before)
    assert (site / "dataforge_humanparts.pth").stat().st_mode & 0o777 == 0o644


def test_two_datasets_do_not_share_a_folder(parts: Path) -> None:
    apply(planned(parts))
    with pytest.raises(OutputError, match="contains the registration of HumanParts"):
        planned(parts, "Other", out=str(out()))


def test_name_of_an_installed_package_is_refused(
    parts: Path, tmp_path: Path, site: Path, other_python: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path / "installed")
    write(tmp_path / "installed" / "humanparts_dataset" / "__init__.py", "")
    with pytest.raises(UsageError, match="humanparts_dataset is already a package, in"):
        planned(parts)
    planned(parts, python=other_python, frameworks=("mmdet2",))
    code = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    write(Path(start(other_python, code).strip()) / "humanparts_dataset" / "__init__.py", "")
    with pytest.raises(UsageError, match="humanparts_dataset is already a package, in"):
        planned(parts, python=other_python, frameworks=("mmdet2",))


def test_list_names_what_is_on_the_path_beside_the_package(cli: Cli, parts: Path) -> None:
    apply(planned(parts))
    write(out() / "notes.txt", "mine")  # on no path
    (found,) = registered()
    assert found.problems == ()
    evil = write(out() / "python" / "sitecustomize.py", EVIL)
    forge(out(), "python/sitecustomize.py")
    (package,) = (out() / "python").glob("*_dataset")
    code, _, errors = cli("list")
    assert code == 0
    assert f"{evil} was not written by `register`" in errors
    assert f"{package} was not written by `register`" in errors
    (out() / REGISTRATION).write_text("[]")
    (found,) = json.loads(cli("list", "--json")[1])
    assert not found["exists"]
    assert "expected an object, got a list" in found["problems"][0]
