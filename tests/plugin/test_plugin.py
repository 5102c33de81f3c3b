"""A package that is not dataforge adds a format, a converter and a check, by entry points alone."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from helpers import REPO, picture, python, write

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


def test_it_is_not_there_uninstalled() -> None:
    assert "acme" not in python("-m", "dataforge", "formats").stdout


def test_formats_lists_it(site: Path) -> None:
    result = cli(site, "formats")
    assert (result.returncode, result.stderr) == (0, "")
    assert "acme: Acme's text files: one beside each image" in result.stdout
    assert "  cannot hold: outlines and masks: a line is a box" in result.stdout
    converters = result.stdout.splitlines()[-1].split(": ")[1].split(", ")
    assert {"acme2coco", "acme2count", "coco2acme", "labelme2acme", "voc2acme"} <= {*converters}
    assert "| `acme` |" in cli(site, "formats", "--markdown").stdout


def test_inspect_and_split_recognise_it(site: Path, labelled: Path, tmp_path: Path) -> None:
    picture(labelled / "b.png", (50, 40))
    write(labelled / "b.acme", "cat 1 2 3 4\n")
    result = cli(site, "inspect", labelled)
    assert result.returncode == 1  # the third line is no box
    lines = result.stdout.splitlines()
    assert "acme: 2 .acme files beside images" in lines
    assert ["cat", "2"] in [line.split() for line in lines]
    assert f"next: dataforge convert acme2coco {labelled} data_in_coco" in result.stdout
    out = tmp_path / "splits.json"
    result = cli(site, "split", labelled, "--ratios", "train=0.5,val=0.5", "--out", out)
    assert "2 images (acme)" in result.stdout, result.stderr
    (labelled / "b.acme").unlink()
    (labelled / "a.acme").rename(labelled / "other.acme")  # of no image
    result = cli(site, "inspect", labelled)
    assert result.returncode == 3
    assert "what can be recognised is acme: Acme's text files" in result.stderr


def test_convert_reads_it(site: Path, labelled: Path, tmp_path: Path) -> None:
    result = cli(site, "convert", "acme2coco", labelled, tmp_path / "out.json")
    assert result.returncode == 1  # the third line is no box
    assert "a.acme::line 3: want 'label x0 y0 x1 y1', got 'nonsense'" in result.stdout
    document = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert [category["name"] for category in document["categories"]] == ["big dog", "cat"]
    assert [entry["bbox"] for entry in document["annotations"]] == [
        [10, 12, 20, 28],
        [1.5, 2, 1.5, 2],
    ]


def test_convert_writes_it(site: Path, labelled: Path, tmp_path: Path) -> None:
    cli(site, "convert", "acme2coco", labelled, tmp_path / "coco", "--images", "copy")
    picture(tmp_path / "v" / "b.jpg")
    write(tmp_path / "v" / "b.json", '{"shapes": [{"label": "cat", "points": [[1, 2], [3, 5]], '
          '"shape_type": "rectangle"}], "imagePath": "b.jpg"}')  # fmt: skip
    result = cli(site, "convert", "labelme2acme", tmp_path / "v", tmp_path / "acme")
    assert result.returncode == 0, result.stdout + result.stderr
    assert (tmp_path / "acme" / "all" / "b.acme").read_text() == "cat 1.0 2.0 3.0 5.0\n"
    assert (tmp_path / "acme" / "all" / "b.jpg").exists()


def test_the_registry_builds_both(site: Path, labelled: Path, tmp_path: Path) -> None:
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
    assert "--drop-empty means nothing for acme2count" in result.stderr
    assert not (tmp_path / "m.txt").exists()


def test_check_knows_what_it_finds(site: Path, labelled: Path) -> None:
    result = cli(site, "check", labelled, "--reads", "acme", "--select", "acme")
    assert result.returncode == 1, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "error bad-line: A line that is no box"
    assert "note long-label: A label of more than one word" in lines
    result = cli(site, "check", labelled, "--reads", "acme", "--ignore", "bad-line")
    assert result.returncode == 0
    assert cli(site, "explain", "bad-line").stdout.startswith("bad-line (acme, error)")
    assert "acme\n  bad-line " in cli(site, "explain").stdout


@pytest.mark.parametrize(
    ("group", "rows", "said"),
    [
        (
            "dataforge.checks",
            "zero-area = acme_dataforge.bad_line",
            "check 'zero-area' of acme_dataforge.bad_line clashes with dataforge.checks.zero_area",
        ),
        (
            "dataforge.formats",
            "acme = acme_dataforge.count",
            "format 'acme' of acme_dataforge.(acme|count) clashes with acme_dataforge.(count|acme)",
        ),
        (
            "dataforge.formats",
            "voc = acme_dataforge.acme",
            "format 'voc' of acme_dataforge.acme clashes with dataforge.formats.voc.read",
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
    assert result.returncode == 3, result.stderr
    assert re.search(said, result.stderr), result.stderr
    assert "Traceback" not in result.stderr


def test_a_plugin_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    site = install(tmp_path)
    (site / "acme_dataforge" / "acme.py").write_text("import no_such_package\n")
    result = cli(site, "formats")
    assert result.returncode == 3, result.stderr
    assert "acme_dataforge.acme" in result.stderr
    assert "no_such_package" in result.stderr
    assert "Traceback" not in result.stderr
