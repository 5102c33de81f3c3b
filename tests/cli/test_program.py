"""What all subcommands have in common: help, errors, completion; `list` and `unregister`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Literal

import click
import msgspec
import pytest
from command_line import Cli
from helpers import REPO, picture, python, voc_object, voc_xml, write

from dataforge.cli.command import FORMATS, Argument, Command, Option
from dataforge.cli.struct_options import fields_of, struct_options
from dataforge.errors import DataforgeError
from dataforge.verbs.register import Registration

VERBS = (
    "inspect", "check", "split", "convert", "coco", "register", "list", "unregister", "smoke",
    "demo", "formats", "explain",
)  # fmt: skip


def test_help_lists_all_subcommands(cli: Cli) -> None:
    result = cli("--help")
    assert (result.returncode, result.stderr) == (0, "")
    listed = [line.split()[0] for line in result.stdout.splitlines() if line.startswith("  ")]
    assert [name for name in listed if name in VERBS] == [*VERBS]
    assert cli().stdout == result.stdout
    assert cli("-h").stdout == result.stdout
    assert "Exit codes: 0 done" in " ".join(result.stdout.split())


@pytest.mark.parametrize("verb", [*VERBS, "coco merge", "coco filter", "coco subset"])
def test_every_subcommand_has_help_and_refuses_unknown_options(cli: Cli, verb: str) -> None:
    result = cli(*verb.split(), "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(f"Usage: dataforge {verb} ")
    assert result.stdout.isascii()
    result = cli(*verb.split(), "--no-such-option")
    assert (result.returncode, result.stdout) == (2, "")
    said, hint = result.stderr.splitlines()
    assert said.startswith("error: no option --no-such-option")
    assert hint == f"try 'dataforge {verb} --help'"


@pytest.mark.parametrize(
    "verb", ["inspect", "check", "split", "convert", "register", "smoke", "coco merge"]
)
def test_one_concept_has_one_name(cli: Cli, verb: str) -> None:
    said = cli(*verb.split(), "--help").stdout
    for option in ("--json", "--report FILE", "--quiet"):
        assert f" {option} " in said, option
    if verb in ("check", "convert", "split"):
        assert " --from FORMAT " in said
        assert "Format to read: bdd100k, coco, createml, " in " ".join(said.split())
    if verb in ("check", "convert", "register"):
        for option in ("--labels", "--label-aliases", "--unknown", "--merge", "--exit-zero"):
            assert f" {option} " in said, option
    if verb in ("check", "convert"):
        assert " --engine " in said
        assert " --workers N " in said


def test_an_unknown_subcommand(cli: Cli) -> None:
    result = cli("convret")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "error: no command 'convret'; did you mean 'convert'?\ntry 'dataforge --help'\n"
    )
    assert "no command 'x'; there are merge, " not in cli("coco", "merg").stderr
    assert "did you mean 'merge'?" in cli("coco", "merg").stderr


def test_version_and_completion(cli: Cli) -> None:
    assert cli("-V").stdout == cli("--version").stdout == "0.1.0\n"
    script = cli("--completion", "zsh").stdout
    assert "_DATAFORGE_COMPLETE=zsh_complete dataforge" in script
    result = python(
        "-m",
        "dataforge",
        _DATAFORGE_COMPLETE="zsh_complete",
        COMP_WORDS="dataforge convert --unknown ",
        COMP_CWORD="3",
    )
    assert [line for line in result.stdout.splitlines() if line not in ("plain", "_")] == [
        "error", "ignore", "add",
    ]  # fmt: skip


def test_the_program_starts_without_heavy_packages() -> None:
    code = (
        "import sys, dataforge.cli\n"
        "heavy = {'torch', 'numpy', 'PIL', 'lxml', 'jinja2', 'rich', 'pycocotools', 'fsspec'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert python("-c", code).stdout == "[]\n"


def test_a_full_disk_is_an_error_and_no_traceback() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "dataforge", "explain"],
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
            env={**os.environ, "PYTHONPATH": str(REPO)},
        )
    assert done.returncode == 3
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


# Options of option structs -----------------------------------------------------------------------


class _One(msgspec.Struct, frozen=True, kw_only=True):
    mode: Annotated[Literal["a", "b"], msgspec.Meta(description="How it is done.")] = "a"
    size: Annotated[int, msgspec.Meta(description="Number of pixels.")] = 3
    deep_dive: Annotated[bool, msgspec.Meta(description="Go deep.")] = False
    group: Annotated[bool, msgspec.Meta(description="Group them.")] = True
    verify: Annotated[bool | None, msgspec.Meta(description="Compare all.")] = None
    only_python: int = 1


class _Other(msgspec.Struct, frozen=True, kw_only=True):
    mode: Annotated[Literal["b", "c"], msgspec.Meta(description="How it is done.")] = "b"
    name: Annotated[str | None, msgspec.Meta(description="What it is called.")] = None


def test_a_field_with_a_description_is_an_option() -> None:
    options = struct_options({"one": _One, "to other": _Other}, FORMATS)
    records = {}
    for option in options:
        context = click.Context(click.Command("x", params=[option]))
        records[option.name] = option.get_help_record(context)
    assert records == {
        "mode": ("--mode a|b|c", "How it is done (one, to other)."),
        "size": ("--size N", "Number of pixels (one). [default: 3]"),
        "deep_dive": ("--deep-dive", "Go deep (one)."),
        "group": ("--group / --no-group", "Group them (one). [default: group]"),
        "verify": ("--verify / --no-verify", "Compare all (one)."),
        "name": ("--name TEXT", "What it is called (to other)."),
    }
    assert [field.name for field in fields_of(_One)] == [
        "mode", "size", "deep_dive", "group", "verify",
    ]  # fmt: skip


def test_fields_of_one_name_and_two_types_are_refused() -> None:
    class Third(msgspec.Struct):
        size: Annotated[str, msgspec.Meta(description="How large.")] = "large"

    with pytest.raises(
        DataforgeError, match="option 'size' of 'third' is a str, but that of 'one'"
    ):
        struct_options({"one": _One, "third": Third}, FORMATS)


def test_two_options_of_one_name_are_refused() -> None:
    with pytest.raises(DataforgeError, match="two options are called --force: 'A' and 'B'"):
        Command(
            "x",
            lambda **_: 0,
            help="X.",
            short_help="X.",
            params=[Argument("path"), Option("--force", help="A"), Option("--force", help="B")],
        )


# list and unregister -----------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.setattr(
        "dataforge.verbs.register.path_file.site_folders", lambda python=None: [folder]
    )
    return folder


def test_list(cli: Cli, site: Path, tmp_path: Path) -> None:
    assert cli("list").stdout == "no dataset is registered; `dataforge register` registers one\n"
    assert json.loads(cli("list", "--json").stdout) == []
    files = ("python/cats_dataset/mmdet3.py", "python/cats_dataset/mmdet2.py")
    record = Registration(name="Cats", files=dict.fromkeys(files, ""))
    write(tmp_path / "cats" / "dataforge_registration.json", msgspec.json.encode(record))
    write(site / "dataforge_cats.pth", f"{tmp_path / 'cats' / 'python'}\n")
    write(site / "dataforge_dogs.pth", f"{tmp_path / 'dogs' / 'python'}\n")
    write(site / "other.pth", "/elsewhere\n")
    assert cli("list").stdout.splitlines() == [
        f"Cats  {tmp_path / 'cats'}  (mmdet2, mmdet3)",
        f"dogs  {tmp_path / 'dogs'}  (the folder does not exist)",
    ]
    assert json.loads(cli("list", "--json").stdout) == [
        {
            "name": "Cats",
            "folder": str(tmp_path / "cats"),
            "path_file": str(site / "dataforge_cats.pth"),
            "frameworks": ["mmdet2", "mmdet3"],
            "exists": True,
            "problems": [],
            "missing": [str(tmp_path / "cats" / file) for file in files],
        },
        {
            "name": "dogs",
            "folder": str(tmp_path / "dogs"),
            "path_file": str(site / "dataforge_dogs.pth"),
            "frameworks": [],
            "exists": False,
            "problems": [],
            "missing": [],
        },
    ]


def test_unregister_suggests_a_name(cli: Cli, site: Path, tmp_path: Path) -> None:
    write(site / "dataforge_cats.pth", f"{tmp_path / 'cats' / 'python'}\n")
    result = cli("unregister", "catz")
    assert (result.returncode, result.stdout) == (3, "")
    assert result.stderr == "error: catz is not registered here; did you mean 'cats'?\n"
    result = cli("unregister", "submarines")
    assert "--output names the folder it was written to" in result.stderr


def test_register_as_json_and_dry_run(cli: Cli, site: Path, tmp_path: Path) -> None:
    for name in "abcd":
        write(tmp_path / "d" / "xml" / f"{name}.xml", voc_xml(voc_object("cat", (1, 2, 30, 40))))
        picture(tmp_path / "d" / "img" / f"{name}.png")
    arguments = (
        "register", "Cats", "--root", "d", "--split", "50,50", "--framework", "mmdet3",
        "--alias", "felines", "--style", "lazy", "--batch-size", "4", "--pretrained", "random",
        "--image-dir", "img", "--annotation-dir", "xml", "--dry-run", "-o", "o",
    )  # fmt: skip
    result = cli(*arguments, "--json", "--report", "r.json", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    report = json.loads(result.stdout)
    assert report == json.loads((tmp_path / "r.json").read_text())
    assert report["class_name"] == "CatsDataset"
    assert "felines" in report["aliases"]
    assert report["images"] == {"train": 2, "val": 2}
    assert report["out"] == str(tmp_path / "o")
    assert report["written"] == []
    assert [target["framework"] for target in report["targets"]] == ["mmdet3"]
    assert not (tmp_path / "o").exists()
    result = cli(*arguments, cwd=tmp_path)
    assert "+batch_size = 4" in result.stdout or "batch_size=4" in result.stdout
    assert result.stdout.splitlines()[-1] == "nothing was written (--dry-run)"
    refused = cli("register", "Cats", "--root", "d", "--framework", "mmdet4", cwd=tmp_path)
    assert refused.returncode == 2
    assert "did you mean 'mmdet" in refused.stderr
