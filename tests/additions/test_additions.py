"""What an addition costs: CONTRIBUTING.md's format, engine, network and check are really added."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from additions.tree import Site, Tree, spelled_out
from helpers import SAMPLE, SQUARE, document, picture, python, shape, snapshot, write

from dataforge.formats import formats

ROW = '"box": "dataforge.formats.box:FORMAT"'
ENGINE_ROW = '"threads": "dataforge.engines.threads:ThreadsEngine"'


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "tree")


@pytest.fixture
def boxes(tmp_path: Path) -> Path:
    """An image with two objects, one of them without area, and a line that is no box."""
    folder = tmp_path / "boxes"
    picture(folder / "a.jpg")
    write(folder / "a.box", "cat 8 12 4 6\ncat 1 1 0 0\nnonsense\n")
    return folder


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """Six images of labelme."""
    folder = tmp_path / "drawn"
    for number in range(6):
        picture(folder / f"{number}.jpg")
        write(folder / f"{number}.json", document(shape("cat", SQUARE), image=f"{number}.jpg"))
    return folder


# A format ---------------------------------------------------------------------------------------


def with_box(tree: Tree) -> Tree:
    files = spelled_out(r"^dataforge/formats/box/")
    assert [*files] == [f"dataforge/formats/box/{name}.py" for name in ("__init__", "read", "edit")]
    tree.add(files)
    tree.row("dataforge/formats/table.py", ROW)
    return tree


def test_a_format_is_one_folder_and_one_row(tree: Tree, boxes: Path, tmp_path: Path) -> None:
    with_box(tree)
    assert tree.edits == {"dataforge/formats/table.py": 1}
    listed = tree.cli("formats").stdout
    assert "box: lines of label, corner and size beside each image (read)" in listed
    written = [name for name, row in formats().items() if row.writer]
    assert ", ".join(f"box2{name}" for name in written) in listed
    assert "Factor of all numbers (box)." in " ".join(tree.cli("convert", "--help").stdout.split())
    done = tree.cli("convert", "box2coco", boxes, tmp_path / "out.json", "--scale", "2")
    assert "a.box:3: expected a label and four numbers" in done.stdout, done.stderr
    (first, _) = json.loads((tmp_path / "out.json").read_text())["annotations"]
    assert first["bbox"] == [16, 24, 8, 12]
    done = tree.cli("inspect", boxes)
    assert "box: 1 .box file beside images" in done.stdout
    done = tree.cli("check", boxes, "--scale", "2")
    assert "error bad-row" in done.stdout
    done = tree.cli("check", boxes, "--fix", "--unsafe-fixes")
    assert "zero-area 1" in done.stdout, done.stderr
    assert (boxes / "a.box").read_text() == "cat 8 12 4 6\nnonsense\n"


def test_a_format_keeps_the_contract(tree: Tree) -> None:
    with_box(tree).add(spelled_out(r"^tests/contract/test_box\.py$"))
    done = tree.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tree.folder,
                    tree.folder / "tests" / "contract" / "test_box.py")  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert "skipped" not in done.stdout


# An engine --------------------------------------------------------------------------------------


def the_engine() -> dict[str, str]:
    files = spelled_out(r"^dataforge/engines/")
    assert [*files] == ["dataforge/engines/threads.py"]
    return files


def check_engine(where: Tree | Site, drawn: Path, out: Path) -> None:
    """It is chosen, its options reach it, and it writes what the other one writes."""
    for verb in ("convert", "check"):
        said = " ".join(where.cli(verb, "--help").stdout.split())
        assert "--engine local|ray|threads" in said
        assert "Shards that each thread reads ahead (--engine threads). [default: 2]" in said
    local = where.cli("convert", "labelme2voc", drawn, out / "local")
    assert local.returncode == 0, local.stderr
    given = ("--engine", "threads", "--workers", "3", "--ahead", "4")
    done = where.cli("convert", "labelme2voc", drawn, out / "threads", *given)
    assert (done.returncode, done.stderr) == (0, "")
    assert snapshot(out / "threads") == snapshot(out / "local")
    checked = [where.cli("check", drawn, *more).stdout for more in ((), given)]
    assert checked[0] == checked[1]
    refused = where.cli("check", drawn, "--engine", "threads", "--ahead", "0")
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: --ahead 0: must be at least 1\n")
    refused = where.cli("check", drawn, "--ahead", "4")
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: --ahead has no effect with --engine local\n")


def test_an_engine_is_one_file_and_one_row(tree: Tree, drawn: Path, tmp_path: Path) -> None:
    tree.add(the_engine())
    tree.row("dataforge/engines/table.py", ENGINE_ROW)
    assert tree.edits == {"dataforge/engines/table.py": 1}
    check_engine(tree, drawn, tmp_path)


def test_an_engine_comes_from_another_package(drawn: Path, tmp_path: Path) -> None:
    site = Site(tmp_path / "site")
    (text,) = the_engine().values()
    row = "threads = threads_dataforge:ThreadsEngine"
    site.install("threads_dataforge", text, "dataforge.engines", row)
    check_engine(site, drawn, tmp_path)


# A network --------------------------------------------------------------------------------------


def with_network(tree: Tree) -> Tree:
    files = spelled_out(r"^dataforge/models/")
    row = files.pop("dataforge/models/table.py").strip().removesuffix(",")
    assert [*files] == ["dataforge/models/plainnet.py"]
    tree.add(files)
    tree.row("dataforge/models/table.py", row)
    return tree


def registered(tree: Tree, out: Path, own_python: str) -> None:
    done = tree.cli("register", "Parts", "--root", SAMPLE / "humanparts", "-o", out, "--framework",
                    "all", "--backbone", "plainnet", "--python", own_python)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "no weights of plainnet can be fetched" in done.stdout


def test_a_network_is_one_file_and_one_row(tree: Tree, tmp_path: Path, own_python: str) -> None:
    with_network(tree)
    assert tree.edits == {"dataforge/models/table.py": 7}  # the lines of one row
    registered(tree, tmp_path / "out", own_python)
    made = {path.name for path in (tmp_path / "out" / "python" / "parts_dataset").iterdir()}
    assert {"plainnet.py", "parts.py", "mmdet2_plainnet.py", "mmdet3_plainnet.py"} <= made
    configs = {path.name for path in (tmp_path / "out" / "configs").rglob("*plainnet*")}
    assert configs == {"faster_rcnn_plainnet_fpn_parts.py", "faster-rcnn_plainnet_fpn_parts.py"}


def test_a_network_that_was_added_detects(tree: Tree, tmp_path: Path, own_python: str) -> None:
    pytest.importorskip("torchvision")
    registered(with_network(tree), tmp_path / "out", own_python)
    code = (
        "import torch, train\n"
        "model = train.build_model('fasterrcnn_plainnet_fpn', size=(64, 64)).eval()\n"
        "print(sorted(model([torch.rand(3, 64, 64)])[0]), type(model.backbone.body).__name__)"
    )
    out = tmp_path / "out"
    path = os.pathsep.join(map(str, (out / "python", out / "configs" / "torchvision" / "parts")))
    done = python("-c", code, cwd=tmp_path, PYTHONPATH=path)
    assert done.stdout == "['boxes', 'labels', 'scores'] PlainNet\n", done.stderr


# A check ----------------------------------------------------------------------------------------


def test_a_check_is_one_file_and_its_page(tree: Tree, tmp_path: Path) -> None:
    files = spelled_out(r"wide.box\.")
    assert sorted(files) == [
        "dataforge/checks/boxes/wide_box.py",
        "dataforge/codes/boxes/wide-box.md",
    ]
    tree.add(files)
    assert tree.edits == {}
    folder = tmp_path / "in"
    wide = [[0, 0], [1500, 0], [1500, 9], [0, 9]]
    picture(folder / "a.png", (2000, 10))
    size = {"imageWidth": 2000, "imageHeight": 10}
    shapes = shape("cat", wide), shape("dog", [[0, 0], [9, 0], [9, 9]])
    write(folder / "a.json", document(*shapes, image="a.png", **size))
    done = tree.cli("check", folder, "--select", "wide-box", "--workers", "2")
    assert "warning wide-box: A box that is wider than a thousand pixels" in done.stdout
    assert "a.json::$.shapes[0]: 'cat' is too wide" in done.stdout
    page = tree.cli("explain", "wide-box").stdout
    assert page.startswith("wide-box (boxes, warning, fix unsafe)\n\nA box that is wider than")
    assert "wide-box" in tree.cli("explain", "boxes").stdout
    assert "wide-box" not in tree.cli("check", folder, "--ignore", "boxes").stdout
    done = tree.cli("check", folder, "--fix", "--unsafe-fixes", "--select", "wide-box")
    assert "fixed 1 finding in 1 file: wide-box 1" in done.stdout, done.stderr
    left = json.loads((folder / "a.json").read_text())["shapes"]
    assert [one["label"] for one in left] == ["dog"]
