"""A package that is not dataforge adds a format, a converter and a check, by entry points alone."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import pytest
from helpers import REPO, picture, python, write

from dataforge.checks import table
from dataforge.errors import DataforgeError

ACME = REPO / "tests" / "plugin" / "acme"


def install(site: Path, name: str = "acme-dataforge", package: Path = ACME) -> Path:
    """Put the package where an installer would, with the entry points of its pyproject.toml."""
    for folder in package.glob("*_dataforge"):
        shutil.copytree(folder, site / folder.name, ignore=shutil.ignore_patterns("__pycache__"))
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    write(info / "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    said = (package / "pyproject.toml").read_text("utf-8")
    groups = re.findall(r'\[project\.entry-points\."([\w.]+)"\]\n((?:[\w-]+ = ".+"\n)+)', said)
    assert len(groups) == 3
    text = "".join(f"[{group}]\n{rows}\n" for group, rows in groups)
    write(info / "entry_points.txt", text.replace('"', ""))
    return site


def run(site: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A fresh Python that has the site folder and dataforge."""
    path = os.pathsep.join([str(site), str(REPO)])
    return python(*map(str, arguments), PYTHONPATH=path)


def cli(site: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return run(site, "-m", "dataforge", *arguments)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("site"))


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    picture(folder / "a.png")
    write(folder / "a.acme", "cat 10 12 30 40\nbig dog 1.5 2 3 4\nnonsense\n")
    return folder


def test_absent_when_not_installed() -> None:
    assert "acme" not in python("-m", "dataforge", "formats").stdout


def test_formats_lists_the_plugin(site: Path) -> None:
    result = cli(site, "formats")
    assert (result.returncode, result.stderr) == (0, "")
    assert "acme: Acme's text files: one beside each image" in result.stdout
    assert "  cannot hold: outlines and masks: a line is a box" in result.stdout
    converters = result.stdout.splitlines()[-1].split(": ")[1].split(", ")
    assert {"acme2coco", "acme2count", "coco2acme", "labelme2acme", "voc2acme"} <= {*converters}
    assert "| `acme` |" in cli(site, "formats", "--markdown").stdout


def test_inspect_and_split_recognise_the_plugin_format(
    site: Path, labelled: Path, tmp_path: Path
) -> None:
    picture(labelled / "b.png", (50, 40))
    write(labelled / "b.acme", "cat 1 2 3 4\n")
    result = cli(site, "inspect", labelled)
    assert result.returncode == 1  # the third line is no box
    lines = result.stdout.splitlines()
    assert "acme: 2 .acme files beside images" in lines
    assert ["cat", "2"] in [line.split() for line in lines]
    assert f"next: dataforge check {labelled}" in result.stdout
    assert f"dataforge convert acme2coco {labelled} data_in_coco" in result.stdout
    out = tmp_path / "splits.json"
    result = cli(site, "split", labelled, "--split", "train=0.5,val=0.5", "--output", out)
    assert "2 images (acme)" in result.stdout, result.stderr
    (labelled / "b.acme").unlink()
    (labelled / "a.acme").rename(labelled / "other.acme")  # of no image
    result = cli(site, "inspect", labelled)
    assert result.returncode == 3
    assert "formats that are recognised: acme: Acme's text files" in result.stderr


def test_convert_reads_the_plugin_format(site: Path, labelled: Path, tmp_path: Path) -> None:
    result = cli(site, "convert", "acme2coco", labelled, tmp_path / "out.json")
    assert result.returncode == 1  # the third line is no box
    assert "a.acme:3: expected 'label x0 y0 x1 y1', got 'nonsense'" in result.stdout
    document = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert [category["name"] for category in document["categories"]] == ["big dog", "cat"]
    assert [entry["bbox"] for entry in document["annotations"]] == [
        [10, 12, 20, 28],
        [1.5, 2, 1.5, 2],
    ]


def test_convert_and_check_have_its_options(site: Path, labelled: Path, tmp_path: Path) -> None:
    for verb in ("convert", "check"):
        said = " ".join(cli(site, verb, "--help").stdout.split())
        assert "Ending of Acme's files (acme). [default: .acme]" in said
    (labelled / "a.acme").rename(labelled / "a.txt")
    given = ("--suffix", ".txt")
    result = cli(site, "convert", "acme2coco", labelled, tmp_path / "out.json", *given)
    assert "1 image, 2 shapes as 2 instances" in result.stdout
    result = cli(site, "check", labelled, "--from", "acme", *given, "--select", "acme")
    assert "bad-line" in result.stdout
    result = cli(site, "convert", "images2coco", labelled, tmp_path / "out.json", *given)
    assert (result.returncode, result.stdout) == (2, "")
    assert "--suffix has no effect for images2coco" in result.stderr


def test_convert_writes_the_plugin_format(site: Path, tmp_path: Path) -> None:
    picture(tmp_path / "v" / "b.jpg")
    write(tmp_path / "v" / "b.json", '{"shapes": [{"label": "cat", "points": [[1, 2], [3, 5]], '
          '"shape_type": "rectangle"}], "imagePath": "b.jpg"}')  # fmt: skip
    result = cli(site, "convert", "labelme2acme", tmp_path / "v", tmp_path / "acme")
    assert result.returncode == 0, result.stdout + result.stderr
    assert (tmp_path / "acme" / "all" / "b.acme").read_text() == "cat 1.0 2.0 3.0 5.0\n"
    assert (tmp_path / "acme" / "all" / "b.jpg").exists()
    result = cli(site, "convert", "labelme2acme", tmp_path / "v", tmp_path / "big", "--upper")
    assert result.returncode == 0, result.stdout + result.stderr
    assert (tmp_path / "big" / "all" / "b.acme").read_text() == "CAT 1.0 2.0 3.0 5.0\n"


def test_plugin_tests_inherit_the_contract(site: Path, tmp_path: Path) -> None:
    test = shutil.copy(ACME / "tests" / "test_acme.py", tmp_path)
    result = run(site, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, test)
    assert result.returncode == 0, result.stdout[-3000:]
    assert re.search(r"^\d+ passed in ", result.stdout, re.MULTILINE)  # and nothing is skipped


def test_registry_builds_both_converters(site: Path, labelled: Path, tmp_path: Path) -> None:
    code = (
        "from dataforge import CONVERTERS\n"
        f"source = {str(labelled)!r}\n"
        "job = dict(type='acme2coco', source=source, out='out.json', labels='cat', unknown='add')\n"
        "report = CONVERTERS.build(job)()\n"
        "print(report.classes, report.instances, report.lost)\n"
        "print(CONVERTERS.build(dict(type='acme2count', source=source, out='n.txt'))())\n"
        "print(CONVERTERS.get('acme2count').__module__, CONVERTERS.get('acme2x'))\n"
    )
    script = write(tmp_path / "script.py", code)
    path = os.pathsep.join([str(site), str(REPO)])
    result = python(str(script), cwd=tmp_path, PYTHONPATH=path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [
        "['cat', 'big dog'] {'all': {'cat': 1, 'big dog': 1}} {'bad-line': 1}",
        "3",
        "acme_dataforge.count None",
    ]
    assert (tmp_path / "n.txt").read_text() == "3\n"


def test_a_converter_made_by_hand_runs_from_the_command_line(
    site: Path, labelled: Path, tmp_path: Path
) -> None:
    result = cli(site, "convert", "acme2count", labelled, tmp_path / "n.txt")
    assert (result.returncode, result.stderr) == (0, "")
    assert (tmp_path / "n.txt").read_text() == "3\n"
    result = cli(site, "convert", "acme2count", labelled, tmp_path / "m.txt", "--drop-empty")
    assert (result.returncode, result.stdout) == (2, "")
    assert "--drop-empty has no effect for acme2count" in result.stderr
    assert not (tmp_path / "m.txt").exists()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_check_runs_the_plugin_check(site: Path, labelled: Path, workers: str) -> None:
    result = cli(site, "check", labelled, "--select", "acme", "--workers", workers)
    assert (result.returncode, result.stderr) == (1, "")
    lines = result.stdout.splitlines()
    assert "error bad-line: A line that is no box" in lines
    assert "note long-label: A label of more than one word" in lines
    result = cli(site, "check", labelled, "--from", "acme", "--ignore", "bad-line")
    assert result.returncode == 0


def test_explain_has_its_pages(site: Path) -> None:
    assert cli(site, "explain", "bad-line").stdout.startswith("bad-line (acme, error, fix unsafe)")
    listed = cli(site, "explain", "acme").stdout
    assert [line.split()[0] for line in listed.splitlines()[1:]] == ["bad-line", "long-label"]


def test_fixes_edit_the_plugin_format(site: Path, labelled: Path) -> None:
    changed = "-big dog 1.5 2 3 4\n+big-dog 1.5 2 3 4\n"
    assert changed in cli(site, "check", labelled, "--diff").stdout
    result = cli(site, "check", labelled, "--fix", "--select", "acme")
    assert "fixed 1 finding in 1 file: long-label 1" in result.stdout, result.stderr
    assert (labelled / "a.acme").read_text() == "cat 10 12 30 40\nbig-dog 1.5 2 3 4\nnonsense\n"
    result = cli(site, "check", labelled, "--fix", "--unsafe-fixes", "--select", "acme")
    assert (result.returncode, result.stderr) == (0, "")
    assert (labelled / "a.acme").read_text() == "cat 10 12 30 40\nbig-dog 1.5 2 3 4\n"


@pytest.mark.parametrize(
    ("group", "rows", "said"),
    [
        (
            "dataforge.checks",
            "zero-area = acme_dataforge.long_label",
            "check 'zero-area' of acme_dataforge.long_label clashes with "
            "dataforge.checks.boxes.zero_area",
        ),
        (
            "dataforge.formats",
            "acme = acme_dataforge.count",
            r"format 'acme' of acme_dataforge\.\S+ clashes with acme_dataforge\.\S+: uninstall",
        ),
        (
            "dataforge.formats",
            "voc = acme_dataforge.acme:FORMAT",
            "format 'voc' of acme_dataforge.acme:FORMAT clashes with dataforge.formats.voc:FORMAT: "
            "uninstall other",
        ),
        (
            "dataforge.converters",
            "voc2coco = acme_dataforge.count:acme2count",
            "'voc2coco' of acme_dataforge.count:acme2count clashes with dataforge.converters",
        ),
    ],
)
def test_a_clash_names_both_owners(tmp_path: Path, group: str, rows: str, said: str) -> None:
    site = install(tmp_path)
    info = site / "other-1.0.dist-info"
    write(info / "METADATA", "Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    write(info / "entry_points.txt", f"[{group}]\n{rows}\n")
    result = cli(site, "explain" if group == "dataforge.checks" else "formats")
    assert result.returncode == 0, result.stderr
    (line,) = result.stderr.splitlines()  # the second is left out, and all else works
    assert re.match(f"warning: .*{said}", line), line


@pytest.mark.parametrize("fault", ["import no_such_package", "1 / 0", "raise SystemExit(5)"])
def test_unimportable_plugin_is_left_out(tmp_path: Path, fault: str) -> None:
    site = install(tmp_path)
    write(site / "acme_dataforge" / "acme.py", f"{fault}\n")
    result = cli(site, "formats")
    assert result.returncode == 0
    assert "voc: " in result.stdout
    assert "acme: " not in result.stdout
    [said] = result.stderr.splitlines()
    assert said.startswith(
        "warning: format 'acme' (acme_dataforge.acme:FORMAT) of acme-dataforge cannot be loaded: "
    )
    assert said.endswith("; fix or uninstall it")
    result = cli(site, "check", tmp_path, "--from", "acme")
    assert result.returncode == 3
    [said] = result.stderr.splitlines()
    assert said.startswith("error: format 'acme' (acme_dataforge.acme:FORMAT) of acme-dataforge ")


def test_a_check_outside_a_package_is_told_what_it_lacks() -> None:
    point = EntryPoint("long-label", "alone", "dataforge.checks")
    with pytest.raises(
        DataforgeError, match=r"a module of a package, with the page long-label\.md"
    ):
        table._add(point, ModuleType("alone"))


def test_unimportable_converter_or_check_is_left_out(tmp_path: Path) -> None:
    site = install(tmp_path)
    write(site / "acme_dataforge" / "count.py", "raise SystemExit(0)\n")
    write(site / "acme_dataforge" / "long_label.py", "# no GROUP\n")
    result = cli(site, "convert", "acme2count", "in", "out")
    assert result.returncode == 3
    assert "error: converter 'acme2count' (acme_dataforge.count:acme2count)" in result.stderr
    result = cli(site, "explain", "long-label")
    assert result.returncode == 3
    assert (
        "error: check 'long-label' (acme_dataforge.long_label) of acme-dataforge" in result.stderr
    )
    assert "has no attribute 'GROUP'" in result.stderr
    assert cli(site, "explain", "zero-area").returncode == 0
