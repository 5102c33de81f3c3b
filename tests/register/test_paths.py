"""Paths that a path file, a config or a command line cannot hold; Python in a strange folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from helpers import snapshot, write
from register.datasets import Cli, planned, voc

from dataforge.errors import OutputError
from dataforge.frameworks import frameworks
from dataforge.verbs.register import apply

NAMES = (
    "a\nimport os; os.mkdir('run')",
    "a\rimport os",
    "a\x0bb",
    "a\x0cb",
    "a\x1cb",
    "a\x85b",
    "a\u2028b",
    "a\u2029b",
    "a\x1b[2Jb",
    "a\x7fb",
    "a\tb",
    os.fsdecode(b"a\xff"),
)


@pytest.mark.parametrize("framework", frameworks())
@pytest.mark.parametrize("name", NAMES)
def test_path_of_several_lines_is_refused(
    name: str, framework: str, parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the output, as the working directory, as the folder of the data, and as that of Python."""
    strange = tmp_path / name
    strange.mkdir()
    before = snapshot(tmp_path)
    with pytest.raises(OutputError, match="cannot hold; rename it") as caught:
        planned(parts, out=str(strange / "out"), frameworks=(framework,))
    assert str(caught.value).isascii()
    assert str(caught.value).isprintable()
    with pytest.raises(OutputError, match="cannot hold"):
        planned(strange, frameworks=(framework,))
    with pytest.raises(OutputError, match="cannot hold"):
        planned(parts, python=str(strange / "python"), frameworks=(framework,))
    monkeypatch.chdir(strange)
    with pytest.raises(OutputError, match="cannot hold"):
        planned(parts, frameworks=(framework,))
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("framework", frameworks())
def test_path_of_a_split_of_several_lines_is_refused(framework: str, tmp_path: Path) -> None:
    root = voc(tmp_path / "d", "a", "b")
    write(root / "li\nst.txt", "a\nb\n")
    with pytest.raises(OutputError, match=r"'li\\nst\.txt': contains '\\n'"):
        planned(root, "Cats", flags={"splits": {"train": "li\nst.txt"}}, frameworks=(framework,))


@pytest.mark.parametrize("name", ["import os; os.mkdir('run')", "import\u00a0os", "# out", " out ",
                                  "\ufeffout", "a%sb", "人物", "a:b"])  # fmt: skip
def test_path_file_is_one_line_that_is_no_code(
    name: str, parts: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path.cwd() / name
    folder.mkdir()
    monkeypatch.chdir(folder)
    apply(planned(parts, frameworks=("torchvision",)))
    text = (site / "dataforge_humanparts.pth").read_text("utf-8")
    assert text == f"{folder}/humanparts_registered/python\n"
    assert text.splitlines() == [text.rstrip()]
    assert text.startswith("/")


def test_path_that_pythonpath_cannot_hold(parts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataforge.verbs.register.path_file.own_site_folders", list)
    with pytest.raises(OutputError, match="PYTHONPATH cannot hold it"):
        planned(parts, out="a:b")


@pytest.mark.parametrize("part", ["{{ fileDirname }}", "{{_base_.model}}", "${model}"])
@pytest.mark.parametrize("framework", ["mmdet2", "mmdet3"])
def test_variable_of_a_config_in_a_path_is_refused(
    part: str, framework: str, tmp_path: Path
) -> None:
    root = voc(tmp_path / part, "a", "b")
    with pytest.raises(OutputError, match="rename or link the folder"):
        planned(root, "Cats", frameworks=(framework,))


def test_too_long_a_path_is_refused(cli: Cli, parts: Path, tmp_path: Path, site: Path) -> None:
    deep = tmp_path.joinpath(*["d" * 200] * 21)
    before = snapshot(tmp_path)
    for arguments in (("HumanParts", "-o", deep), ("H" * 242,)):
        code, _, errors = cli("register", *arguments, "--root", parts)
        assert code == 3
        assert "the path is too long; choose a shorter name or --output" in errors
    assert snapshot(tmp_path) == before


def test_other_python_runs_nothing_of_the_working_directory(
    parts: Path, other_python: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`python -c` searches it before the standard library."""
    monkeypatch.chdir(parts)
    for name in ("json", "site", "sysconfig", "importlib"):
        write(parts / f"{name}.py", "raise SystemExit('stranger')\n")
    apply(planned(parts, python=other_python, frameworks=("torchvision",)))
    assert (parts / "humanparts_registered").is_dir()
