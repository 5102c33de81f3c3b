"""The verbs as functions, and what their reports look like at a prompt and in a notebook."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from helpers import REPO, document, picture, shape, write

import dataforge
from dataforge.errors import MissingDependencyError, UsageError

LABELME = REPO / "sample_data" / "labelme"
SQUARE = [[1, 1], [9, 1], [9, 9], [1, 9]]


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    out = tmp_path / "coco"
    report = dataforge.convert(LABELME, out, split="train=80,val=20", image_mode="copy")
    # 14 files with 69 shapes, of which two share a group.
    assert repr(report) == f"<Report {out}: 14 images, 68 objects, 3 classes; no findings>"
    return out


def test_convert_finds_the_format_or_is_told(coco: Path, tmp_path: Path) -> None:
    for name, reads in (("found", None), ("told", "coco")):
        report = dataforge.convert(coco, tmp_path / name, to="yolo", reads=reads)
        assert sum(report.images.values()) == 14
    found, told = (sorted((tmp_path / name).rglob("*.txt")) for name in ("found", "told"))
    assert [path.read_bytes() for path in found] == [path.read_bytes() for path in told]


def test_the_other_verbs(coco: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert repr(dataforge.check("coco")) == (
        "<CheckReport coco (coco: 14 images, 68 shapes): no findings>"
    )
    assert dataforge.inspect("coco").parts[0].format == "coco"
    assert dataforge.split("coco", "s.json", ratios="train=50,val=50").images == {
        "train": 7, "val": 7,
    }  # fmt: skip
    assert dataforge.stats("coco").objects == 68
    sheet = dataforge.view("coco", ["scene_0*"], out="sheet.png")
    assert "data:image/png;base64,iVBOR" in sheet._repr_html_()
    assert Path(dataforge.browse("coco", "page", check={"pixels": False}).page).is_file()
    plan = dataforge.register(
        "Parts", "coco", layout="coco", frameworks=("torchvision",), dry_run=True
    )
    assert repr(plan).startswith("<Plan Parts: 3 classes; ")
    assert not plan.out.exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"slpit": "a"}, "slpit: no such option; did you mean 'split'?"),
        ({"split": 3}, "split: expected text or null, got 3"),
        ({"image_mode": "move"}, "image_mode: invalid value 'move'"),
        ({"force": "yes"}, "force: expected"),
    ],
)
def test_wrong_options(tmp_path: Path, options: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as error:
        dataforge.convert(LABELME, tmp_path / "out", **options)
    assert str(error.value).startswith(said)
    assert not (tmp_path / "out").exists()


def test_dir_lists_the_names() -> None:
    assert dir(dataforge) == dataforge.__all__
    import_module("dataforge.verbs.check")
    assert callable(dataforge.check)  # a module of this name does not take its place


def hostile(folder: Path) -> Path:
    picture(write(folder / "a.jpg", ""))
    label = "<script>alert(1)</script>"
    write(folder / "a.json", document(shape(label, SQUARE), shape(label, [[1, 1]])))
    return folder


def test_what_a_notebook_shows_is_text(tmp_path: Path) -> None:
    report = dataforge.check(hostile(tmp_path / "in"))
    page = report._repr_html_()
    assert "<td>bad-shape</td>" in page
    for shown in (page, dataforge.stats(tmp_path / "in")._repr_html_()):
        assert "<script" not in shown
    assert "&lt;script&gt;" in shown


def test_long_tables_are_cut_off(tmp_path: Path) -> None:
    picture(write(tmp_path / "a.jpg", ""))
    write(tmp_path / "a.json", document(*[shape(f"c{one}", [[1, 1]]) for one in range(25)]))
    page = dataforge.check(tmp_path, select=("bad-shape",))._repr_html_()
    assert page.count("<td>bad-shape</td>") == 20
    assert "... and 5 more; to_pandas() has all" in page


def test_to_pandas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The names and rows that pandas is given."""
    report = dataforge.check(hostile(tmp_path / "in"), select=("bad-shape",))
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingDependencyError, match="pip install pandas"):
        report.to_pandas()
    pandas = ModuleType("pandas")
    pandas.DataFrame = lambda rows, columns: (columns, rows)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pandas", pandas)
    columns, (row,) = report.to_pandas()
    assert columns == [
        "severity", "code", "file", "place", "message", "remedy", "count", "lost",
    ]  # fmt: skip
    assert row[:4] == ["error", "bad-shape", "a.json", "$.shapes[1]"]
    assert row[6:] == [1, 1]


def test_real_pandas(coco: Path) -> None:
    pytest.importorskip("pandas")
    frame = dataforge.stats(coco).to_pandas().set_index("class")
    assert frame.loc["hand", "objects"] == 34
