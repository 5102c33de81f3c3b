"""What is registered is importable from anywhere, by the Python that trains."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from helpers import run_away, write
from register.datasets import planned

from dataforge.errors import UsageError
from dataforge.verbs.register import apply, unregister


def test_the_package_is_importable_from_anywhere(
    parts: Path, tmp_path: Path, other_python: str, site: Path
) -> None:
    """Not by the parent's Python: it shares its base interpreter, and is another environment."""
    plan_ = planned(parts, python=other_python, frameworks=("mmdet2",))
    apply(plan_)
    assert plan_.pth is not None
    assert tmp_path / "venv" in plan_.pth.parents
    assert list(site.iterdir()) == []
    assert imported_from(other_python, tmp_path) == f"{plan_.out / plan_.dataset.folder}"
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


def test_site_packages_of_the_running_python(
    parts: Path, tmp_path: Path, own_python: str, site: Path
) -> None:
    """By the Python that runs dataforge, in an environment that a test may write to."""
    command = ("-m", "dataforge", "register", "HumanParts", "--root", str(parts))
    run_away(own_python, tmp_path, *command, "--framework", "mmdet2")
    made = tmp_path / "humanparts_registered"
    (path_file,) = (tmp_path / "environment").rglob("dataforge_humanparts.pth")
    assert path_file.read_text() == f"{made}/python\n"
    assert imported_from(own_python, tmp_path / "work") == str(
        made / "python" / "humanparts_dataset"
    )
    run_away(own_python, tmp_path, "-m", "dataforge", "unregister", "HumanParts")
    assert not path_file.exists()
    assert not made.exists()
    assert list(site.iterdir()) == []


def test_invalid_python_is_refused(parts: Path) -> None:
    with pytest.raises(UsageError, match="--python /no/python: cannot be run"):
        planned(parts, python="/no/python")


def test_python_with_unexpected_output_is_refused(parts: Path, tmp_path: Path) -> None:
    """Its site-packages cannot be determined from such output."""
    loud = write(tmp_path / "python", "#!/bin/sh\necho hello\n")
    loud.chmod(0o755)
    with pytest.raises(UsageError, match=r"expected its packages, got 'hello\\n'"):
        planned(parts, python=str(loud), frameworks=())
