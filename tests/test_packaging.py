"""The wheel holds what it needs, and works alone: no checkout, no torch."""

from __future__ import annotations

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from helpers import REPO, SAMPLE

UV = shutil.which("uv")
pytestmark = pytest.mark.skipif(UV is None, reason="needs uv")


def uv(*command: str, cwd: Path) -> str:
    result = subprocess.run(
        [str(UV), *command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the sdist as an installer would."""
    folder = tmp_path_factory.mktemp("dist")
    uv("build", "--quiet", "--out-dir", str(folder), cwd=REPO)
    (found,) = folder.glob("*.whl")
    return found


def files_below(folder: str) -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", folder],
        cwd=REPO,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name for name in listed.stdout.split("\0") if name}


def test_the_wheel_holds_templates_sample_data_and_pages(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for folder in ("templates", "sample_data"):
        shipped = {
            name.removeprefix("dataforge/")
            for name in names
            if name.startswith(f"dataforge/{folder}/")
        }
        assert shipped == files_below(folder)
    pages = {name for name in names if name.startswith("dataforge/codes/") and name[-3:] == ".md"}
    assert pages == {name for name in files_below("dataforge/codes") if name[-3:] == ".md"}
    assert pages
    for page in ("dataforge/pages", "dataforge/verbs/browse/page", "dataforge/verbs/evaluate/page"):
        assert {name for name in names if name.startswith(f"{page}/")} == files_below(page)
    assert "dataforge/verbs/browse/page/index.html" in names
    assert "dataforge/py.typed" in names
    assert not any(name.startswith(("tests/", "benchmarks/")) for name in names)


EVERY_MODULE = """
import pkgutil
from importlib import import_module

import dataforge

for module in pkgutil.walk_packages(dataforge.__path__, "dataforge."):
    needs_pytest = module.name.startswith("dataforge.testing")
    needs_torch = module.name.startswith("dataforge.models.") and module.name[17:] != "table"
    if not module.name.endswith("__main__") and not needs_pytest and not needs_torch:
        import_module(module.name)
"""


def find_python(version: str) -> str | None:
    """A Python of this version, on the path or among pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for candidate in (f"python{version}", *pyenv.glob(f"versions/{version}.*/bin/python")):
        try:
            command = [str(candidate), "-c", "import sys; print(sys.executable)"]
            result = subprocess.run(command, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            continue  # pyenv's shims are there for versions that are not switched on
        return result.stdout.strip()
    return None


@pytest.mark.parametrize("version", ["3.10", "3.13"])
def test_wheel_works_alone_with_light_dependencies(
    wheel: Path, tmp_path: Path, version: str
) -> None:
    interpreter = find_python(version)
    if interpreter is None:
        pytest.skip(f"no Python {version} on this machine")
    environment = tmp_path / "venv"
    uv("venv", "--quiet", "--python", interpreter, str(environment), cwd=tmp_path)
    python = environment / "bin" / "python"
    uv("pip", "install", "--quiet", "--python", str(python), str(wheel), cwd=tmp_path)

    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(python), *command],
            cwd=tmp_path,
            env=alone,
            capture_output=True,
            text=True,
            check=False,
        )

    assert run("-c", "import torch").returncode != 0
    done = run("-c", EVERY_MODULE)
    assert done.returncode == 0, done.stderr
    done = run("-m", "dataforge", "convert", "labelme2coco", str(SAMPLE / "labelme"), "coco")
    assert done.returncode == 0, done.stderr
    assert "14 images" in done.stdout
    root = str(SAMPLE / "humanparts")
    register = ("-m", "dataforge", "register", "HumanParts", "--root", root, "--dry-run")
    done = run(*register)
    assert done.returncode == 2
    assert "has no mmdet and no torchvision: choose one of" in done.stderr
    done = run(*register, "--framework", "all")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("class HumanPartsDataset(XMLDataset)") == 2
    assert "class HumanPartsDataset(Dataset)" in done.stdout
    done = run("-m", "dataforge", "demo")
    assert done.returncode == 3
    assert "mmdet 2.28" in done.stderr
