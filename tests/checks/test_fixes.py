"""``check --fix``: what it makes of the bad cases, and what it never touches."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from helpers import (
    HEIGHT,
    SQUARE,
    WIDTH,
    document,
    picture,
    python,
    shape,
    snapshot,
    voc_object,
    voc_xml,
    write,
)

from dataforge.check import CheckOptions, CheckReport
from dataforge.checks.files import Document, KeepingRoot
from dataforge.checks.fixing import Fix
from dataforge.checks.table import checks
from dataforge.checks.text import Text, applied
from dataforge.errors import OutputError, ParseError, UsageError
from dataforge.fix import FORMATS, planned_fixes, unified

CASES = Path(__file__).parent / "cases"
FIXED = [code for code, row in checks().items() if row.fix]
FLAT = [[10, 10], [30, 10]]


def mended(path: Path, out: Path, *, unsafe: bool = True, **options: Any) -> dict[str, int]:
    """Code -> edits of a copy with all that can be mended."""
    with planned_fixes(str(path), CheckOptions(**options), unsafe=unsafe) as plan:
        plan.copy(str(out))
        return plan.edits


def diff(path: Path, *codes: str, unsafe: bool = True) -> list[str]:
    """The lines that differ, without those around them."""
    with planned_fixes(str(path), CheckOptions(select=codes), unsafe=unsafe) as plan:
        lines = list(plan.diff())
    return [line for line in lines if line[0] in "+-" and line[:4] not in ("--- ", "+++ ")]


def text_of(folder: Path, name: str, content: str | bytes) -> Text:
    write(folder / name, content)
    return Text(Document(KeepingRoot(folder), name))


# Cases ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "case",
    [pytest.param(p, id=f"{p.parent.name}-{p.name}") for p in sorted(CASES.glob("*/fixed*"))],
)
def test_bad_becomes_fixed(case: Path, tmp_path: Path) -> None:
    """`DATAFORGE_UPDATE_GOLDEN=1` writes it anew: read the diff."""
    code, bad = case.parent.name, case.with_name(case.name.replace("fixed", "bad", 1))
    edits = mended(bad, tmp_path / "out", select=(code,))
    assert edits.keys() == {code}
    if os.environ.get("DATAFORGE_UPDATE_GOLDEN") == "1":
        shutil.rmtree(case)
        shutil.copytree(tmp_path / "out", case)
    assert snapshot(tmp_path / "out") == snapshot(case)
    if checks()[code].fix == "safe":
        assert mended(bad, tmp_path / "safe", unsafe=False, select=(code,)) == edits
    else:
        assert mended(bad, tmp_path / "safe", unsafe=False, select=(code,)) == {}


@pytest.mark.parametrize("code", FIXED)
def test_nothing_is_mended_where_nothing_is_found(code: str, tmp_path: Path) -> None:
    cases = [path for kind in ("good", "fixed") for path in sorted(CASES.glob(f"{code}/{kind}*"))]
    assert cases
    for case in cases:
        assert mended(case, tmp_path / case.name, select=(code,)) == {}, case.name
        assert snapshot(tmp_path / case.name) == snapshot(case)


@pytest.mark.parametrize("code", FIXED)
def test_what_a_module_offers(code: str) -> None:
    module = checks()[code].load()
    assert issubclass(module.Fix, Fix)
    assert set(getattr(module, "FORMATS", FORMATS)) & set(FORMATS)
    hooks = ("document", "image", "finish")
    assert any(getattr(module.Fix, name) is not getattr(Fix, name) for name in hooks)


# All at once, in several passes -----------------------------------------------------------------


def coco_of(folder: Path, annotations: str, name: str = "cat") -> Path:
    picture(folder / "a.png")
    return write(
        folder / "x.json",
        '{"images": [{"file_name": "a.png", "id": 7}],\r\n "annotations": ['
        + annotations
        + '],\r\n "categories": [{"id": 1, "name": "'
        + name
        + '", "x": [1.50, 2e0]}]}',
    )


def test_edits_that_meet_are_made_one_after_the_other(tmp_path: Path) -> None:
    """Two keys are put in the same place; the box is turned, then cut, then measured."""
    file = coco_of(
        tmp_path / "in",
        '{"id": 3, "image_id": 7, "category_id": 1, "bbox": [70.5, 5, -20.25, 10.0]},\r\n  '
        '{"bbox":[1,2,3,4],"image_id":7,"category_id":1,"id":3,"note":"é\\u00e9 \\" ]}"}',
        " cat",
    )
    before = file.read_bytes().decode()
    edits = mended(tmp_path / "in", tmp_path / "out")
    after = (tmp_path / "out" / "x.json").read_bytes().decode()
    wanted = before.replace("[70.5, 5, -20.25, 10.0]}", "[50.25, 5, 13.75, 10.0], @}")
    wanted = wanted.replace("@", '"iscrowd": 0, "area": 137.5')
    wanted = wanted.replace('"id": 7}', '"id": 7, "width": 64, "height": 48}')
    wanted = wanted.replace('"id":3,', '"id":4,').replace(']}"}]', ']}","iscrowd":0,"area":12}]')
    assert after == wanted.replace('" cat"', '"cat"')
    assert list(edits) == sorted(edits)
    assert edits["reversed-box"] == edits["annotation-ids"] == edits["no-stated-size"] == 1
    assert mended(tmp_path / "out", tmp_path / "again") == {}


def test_a_second_run_finds_nothing_to_mend(tmp_path: Path) -> None:
    """On all bad cases of all formats, with all codes."""
    for case in sorted(path for path in CASES.glob("*/bad*") if path.is_dir()):
        if (case / "config.py").exists() or (case.parent / "options.toml").exists():
            continue
        out, again = (tmp_path / kind / case.parent.name / case.name for kind in ("out", "again"))
        mended(case, out)
        assert mended(out, again) == {}, case
        assert snapshot(out) == snapshot(again), case


def test_what_is_not_selected_is_not_mended(tmp_path: Path) -> None:
    coco_of(tmp_path, '{"id": 3, "image_id": 7, "category_id": 1, "bbox": [1, 2, 3, 4]}', " cat")
    write(tmp_path / "dataforge.toml", "[check]\nper-file = [{ files = '*.json', code = 'no-area', "
          "reason = 'why' }]\n")  # fmt: skip
    with planned_fixes(str(tmp_path), CheckOptions(ignore=("classes", "no-stated-size"))) as plan:
        assert plan.edits == {"no-iscrowd": 1}


# The text ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encoding_and_line_ends_stay(tmp_path: Path, codec: str) -> None:
    picture(tmp_path / "in" / "a.png")
    text = json.dumps(document(shape("人 ", SQUARE), image="a.png"), indent=1, ensure_ascii=False)
    write(tmp_path / "in" / "a.json", text.replace("\n", "\r\n").encode(codec))
    mended(tmp_path / "in", tmp_path / "out", select=("untidy-label",))
    after = (tmp_path / "out" / "a.json").read_bytes()
    assert after == text.replace("人 ", "人").replace("\n", "\r\n").encode(codec)


def test_xml_in_a_declared_encoding_stays_in_it(tmp_path: Path) -> None:
    head = '<?xml version="1.0" encoding="gb2312"?>\n<!-- 人 -->\n'
    xml = head + voc_xml(voc_object(" 车", (30, 5, 20, 9), difficult="true", note="a&gt;b"))
    picture(tmp_path / "in" / "JPEGImages" / "a.jpg")
    write(tmp_path / "in" / "Annotations" / "a.xml", xml.encode("gb2312"))
    mended(tmp_path / "in", tmp_path / "out", unsafe=False)
    wanted = xml.replace(" 车", "车").replace("true", "1")
    wanted = wanted.replace(">30</xmin>", ">20</xmin>").replace(">20</xmax>", ">30</xmax>")
    assert (tmp_path / "out" / "Annotations" / "a.xml").read_bytes() == wanted.encode("gb2312")


def test_members_are_put_as_their_neighbours_are(tmp_path: Path) -> None:
    for before, after in (
        ("{}", '{"a": 1}'),
        ('{"x":2}', '{"x":2,"a":1}'),
        ('{"x": 2}', '{"x": 2, "a": 1}'),
        ('{\n  "x": [1, 2]\n}', '{\n  "x": [1, 2],\n  "a": 1\n}'),
        ('{"y" :{"a": 0},"x" :2 }', '{"y" :{"a": 0},"x" :2,"a" :1 }'),
        ('{"a": 0, "b": 0}', '{"a": 1, "b": 0}'),
        ('{"a": 0, "a": 0}', '{"a": 0, "a": 1}'),
    ):
        text = text_of(tmp_path, "a.json", before)
        assert applied(text.text, text.json.put((), {"a": "1"})) == after


def test_elements_go_with_their_commas(tmp_path: Path) -> None:
    text = text_of(tmp_path, "a.json", '{"a": [\n {"b": "],"},\n {},\n 3 ]}')
    gone = [applied(text.text, [text.json.removed(("a", index))]) for index in range(3)]
    assert gone == [
        '{"a": [\n {},\n 3 ]}',
        '{"a": [\n {"b": "],"},\n 3 ]}',
        '{"a": [\n {"b": "],"},\n {} ]}',
    ]
    text = text_of(tmp_path, "b.json", '{"a": [ 3 ]}')
    assert applied(text.text, [text.json.removed(("a", 0))]) == '{"a": []}'


def test_what_is_no_json_or_xml_is_located(tmp_path: Path) -> None:
    for broken in ("{", '{"a" 1}', "{'a': 1}", '{"a": 1,}', '{"a": [1 2]}', '{"a": [1,]}', '{"a"'):
        text = text_of(tmp_path, "a.json", broken)
        with pytest.raises(ParseError, match="malformed JSON"):
            text.json.put((), {"b": "1"})
    with pytest.raises(ParseError, match="line 2: malformed XML"):
        _ = text_of(tmp_path, "a.xml", "<a>\n<b></a>").xml
    with pytest.raises(ParseError, match="entities"):
        _ = text_of(tmp_path, "a.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>').xml
    with pytest.raises(ParseError, match="encoding"):
        _ = text_of(tmp_path, "a.txt", b"\xff").text


def test_objects_on_one_line_are_told_apart(tmp_path: Path) -> None:
    """The second of three; but not where one of them is no object at all."""
    objects = [voc_object("cat", (5, 5, 9, 9)), voc_object("cat", (5, 5, 5, 9))]
    objects += [voc_object("dog", (15, 15, 19, 19))]
    picture(tmp_path / "a.jpg")
    write(tmp_path / "a.xml", voc_xml("".join(objects)))
    assert diff(tmp_path, "zero-area") == ["-" + "".join(objects), "+" + objects[0] + objects[2]]
    write(tmp_path / "a.xml", voc_xml("".join([*objects, voc_object(None, (1, 1, 2, 2))])))
    assert diff(tmp_path, "zero-area") == []


def test_a_group_of_shapes_stays(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    parts = [shape("cat", FLAT, "rectangle", group_id=1) for _ in range(2)]
    write(tmp_path / "a.json", document(*parts))
    assert diff(tmp_path, "zero-area") == []


def test_an_image_with_an_exif_turn_is_left_to_a_person(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg", orientation=6)
    write(tmp_path / "a.json", document(shape("cat", SQUARE), imageWidth=None))
    assert diff(tmp_path, "no-stated-size") == []
    picture(tmp_path / "a.jpg")
    assert diff(tmp_path, "no-stated-size") != []


def test_full_width_letters_stay_where_they_are_what_tells_two_classes_apart(
    tmp_path: Path,
) -> None:
    for name, label in (("a", "ｃａｔ"), ("b", "ｃａｔ ")):
        picture(tmp_path / f"{name}.jpg")
        write(tmp_path / f"{name}.json", document(shape(label, SQUARE), image=f"{name}.jpg"))
    with planned_fixes(str(tmp_path)) as plan:
        assert plan.report.classes == ["cat"]
        assert plan.files == ["a.json", "b.json"]
    with planned_fixes(str(tmp_path), CheckOptions(labels="ｃａｔ,dog")) as plan:
        assert plan.report.classes == ["ｃａｔ", "dog"]
        assert plan.edits == {}
    picture(tmp_path / "c.jpg")
    write(tmp_path / "c.json", document(shape("cat", SQUARE), image="c.jpg"))
    with planned_fixes(str(tmp_path)) as plan:
        assert plan.report.classes == ["cat", "ｃａｔ"]
        assert plan.files == []


# What is written --------------------------------------------------------------------------------


def dataset(folder: Path, number: int = 2) -> Path:
    """A labelme dataset with a label to strip in each file."""
    for index in range(number):
        picture(folder / f"{index}.jpg", (WIDTH, HEIGHT + index))
        labels = document(
            shape("cat ", SQUARE), image=f"../{index}.jpg", imageHeight=HEIGHT + index
        )
        write(folder / "s" / f"{index}.json", labels)
    return folder


def test_the_diff_is_one_that_patch_takes(tmp_path: Path) -> None:
    """The first and the last line of two hunks, and a line between that stays."""
    labels = json.dumps(document(shape("cat ", SQUARE), image="a.png"))[1:-1] + ","
    rows = [f'"{number}":\t0,\r' for number in range(20)]
    broken = '"shapes": [{"label": "dog ", "shape_type": "rectangle", "points": [[1, 1], [9, 9]]}]}'
    picture(tmp_path / "a.png")
    write(tmp_path / "a.json", "\n".join(["{", labels.replace('"shapes"', '"old"'), *rows, broken]))
    with planned_fixes(str(tmp_path)) as plan:
        lines = list(plan.diff())
    assert lines == [
        "--- a/a.json",
        "+++ b/a.json",
        "@@ -20,4 +20,4 @@",
        ' "17":\t0,\r',
        ' "18":\t0,\r',
        ' "19":\t0,\r',
        "-" + broken,
        "\\ No newline at end of file",
        "+" + broken.replace("dog ", "dog"),
        "\\ No newline at end of file",
    ]


def test_two_hunks_are_apart_and_near_ones_are_one() -> None:
    old = [f"{number}\n" for number in range(30)]
    new = [*old[:1], "new\n", *old[2:6], *old[8:20], "a\n", "b\n", *old[21:]]
    assert list(unified("x", "".join(old), "".join(new))) == [
        "--- a/x",
        "+++ b/x",
        "@@ -1,11 +1,9 @@",
        " 0", "-1", "+new", " 2", " 3", " 4", " 5", "-6", "-7", " 8", " 9", " 10",
        "@@ -18,7 +16,8 @@",
        " 17", " 18", " 19", "-20", "+a", "+b", " 21", " 22", " 23",
    ]  # fmt: skip
    assert list(unified("x", "a\n", ""))[2:] == ["@@ -1 +0,0 @@", "-a"]
    assert list(unified("x", "", "a\n"))[2:] == ["@@ -0,0 +1 @@", "+a"]


def test_a_backup_holds_the_bytes_and_images_are_not_touched(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "set")
    os.chmod(folder / "s" / "0.json", 0o640)
    before = snapshot(folder)
    times = {path: path.stat().st_mtime_ns for path in folder.glob("*.jpg")}
    with planned_fixes(str(folder)) as plan:
        assert snapshot(tmp_path) == {f"set/{name}": data for name, data in before.items()}
        kept = plan.apply()
    assert kept == tmp_path / "set.dataforge-backup"
    assert snapshot(kept) == {name: data for name, data in before.items() if ".json" in name}
    after = snapshot(folder)
    assert after.keys() == before.keys()
    for name in before:
        assert after[name] == before[name].replace(b'"cat "', b'"cat"')
    assert times == {path: path.stat().st_mtime_ns for path in folder.glob("*.jpg")}
    assert (folder / "s" / "0.json").stat().st_mode & 0o777 == 0o640
    with planned_fixes(str(folder)) as plan:
        assert (plan.edits, plan.apply()) == ({}, None)
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    with planned_fixes(str(folder)) as plan:
        assert plan.apply() == tmp_path / "set.dataforge-backup-2"
    assert not [path for path in tmp_path.rglob("*") if "dataforge-tmp" in path.name]


def test_out_leaves_the_source_as_it_is(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "set")
    before = snapshot(folder)
    edits = mended(folder, tmp_path / "out")
    assert edits == {"untidy-label": 2}
    assert snapshot(folder) == before
    assert snapshot(tmp_path / "out") == {
        name: data.replace(b'"cat "', b'"cat"') for name, data in before.items()
    }
    for wrong in (tmp_path / "out", folder / "s" / "new", folder):
        with pytest.raises(OutputError), planned_fixes(str(folder)) as plan:
            plan.copy(str(wrong))
    assert snapshot(folder) == before


def test_a_file_that_changes_meanwhile_is_refused(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "set")
    for change in ("write", "remove"):
        with planned_fixes(str(folder)) as plan:
            other = (folder / "s" / "0.json").read_bytes()
            write(folder / "s" / "1.json", document(shape("dog ", SQUARE), image="../1.jpg"))
            if change == "remove":
                (folder / "s" / "1.json").unlink()
            before = snapshot(tmp_path)
            for write_out in (plan.apply, lambda: plan.copy(str(tmp_path / "out"))):
                with pytest.raises(
                    OutputError, match=r"s/1\.json: (was changed|cannot be (read|written))"
                ):
                    write_out()
            assert snapshot(tmp_path) == before
        assert (folder / "s" / "0.json").read_bytes() == other
        dataset(folder)


def test_a_file_that_is_read_only_is_a_located_error(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "set")
    before = snapshot(folder)
    os.chmod(folder / "s" / "1.json", 0o444)
    with planned_fixes(str(folder)) as plan:
        with pytest.raises(OutputError, match=r"s/1\.json: is read-only: nothing was written"):
            plan.apply()
        assert snapshot(tmp_path) == {f"set/{name}": data for name, data in before.items()}
        plan.copy(str(tmp_path / "out"))


def test_what_lies_behind_a_link_stays(tmp_path: Path) -> None:
    """A folder elsewhere is refused; of a file elsewhere the link becomes the mended file."""
    dataset(tmp_path / "elsewhere", 1)
    before = snapshot(tmp_path / "elsewhere")
    for name in ("one", "two"):
        picture(tmp_path / name / "0.jpg")
    (tmp_path / "one" / "s").symlink_to(tmp_path / "elsewhere" / "s")
    with planned_fixes(str(tmp_path / "one")) as plan:
        assert plan.files == ["s/0.json"]
        with pytest.raises(OutputError, match="behind a link"):
            plan.apply()
    (tmp_path / "two" / "s").mkdir()
    (tmp_path / "two" / "s" / "0.json").symlink_to(tmp_path / "elsewhere" / "s" / "0.json")
    with planned_fixes(str(tmp_path / "two")) as plan:
        plan.apply(str(tmp_path / "kept"))
    assert b'"cat"' in (tmp_path / "two" / "s" / "0.json").read_bytes()
    assert snapshot(tmp_path / "elsewhere") == before


def test_a_file_of_several_names_is_mended_once(tmp_path: Path) -> None:
    """One name by a link to its folder, one by a link to the file itself."""
    folder = tmp_path / "set"
    write(folder / "s" / "0.json", document(shape("cat ", SQUARE), image="0.jpg"))
    for place in ("s", "t"):
        picture(folder / place / "0.jpg")
    (folder / "also").symlink_to("s")
    (folder / "t" / "0.json").symlink_to("../s/0.json")
    with planned_fixes(str(folder)) as plan:
        assert plan.files == ["also/0.json", "s/0.json", "t/0.json"]
        plan.apply()
    texts = {(folder / place / "0.json").read_bytes() for place in ("also", "s", "t")}
    assert len(texts) == 1
    assert b'"cat"' in texts.pop()
    with planned_fixes(str(folder)) as plan:
        assert plan.files == []


def test_where_a_backup_may_be(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "set")
    before = snapshot(folder)
    (tmp_path / "there").mkdir()
    for wrong in (tmp_path / "there", folder / "backup"):
        with pytest.raises(OutputError), planned_fixes(str(folder)) as plan:
            plan.apply(str(wrong))
    assert snapshot(folder) == before
    with planned_fixes(str(folder)) as plan:
        assert plan.apply(str(tmp_path / "kept")) == tmp_path / "kept"


def test_a_run_that_is_interrupted_leaves_whole_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = dataset(tmp_path / "set", 3)
    before = snapshot(folder)
    replace, done = os.replace, list[str]()

    def interrupted(source: Any, target: Any) -> None:
        if str(target).endswith("1.json"):
            raise KeyboardInterrupt
        done.append(str(target))
        replace(source, target)

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt), planned_fixes(str(folder)) as plan:
        plan.apply()
    monkeypatch.undo()
    assert any(name.endswith("0.json") for name in done)
    after = snapshot(folder)
    assert after.keys() == before.keys()
    changed = [name for name in before if after[name] != before[name]]
    assert changed == ["s/0.json"]
    assert after["s/0.json"] == before["s/0.json"].replace(b'"cat "', b'"cat"')
    kept = snapshot(tmp_path / "set.dataforge-backup")
    assert kept == {name: data for name, data in before.items() if name.endswith(".json")}
    with planned_fixes(str(folder)) as plan:
        assert plan.edits == {"untidy-label": 2}


def test_one_coco_file_of_a_folder(tmp_path: Path) -> None:
    coco_of(tmp_path / "set", '{"id": 3, "image_id": 7, "category_id": 1, "bbox": [1, 2, 3, 4]}')
    other = write(tmp_path / "set" / "y.json", (tmp_path / "set" / "x.json").read_bytes())
    with planned_fixes(str(tmp_path / "set" / "x.json")) as plan:
        assert plan.files == ["x.json"]
        plan.copy(str(tmp_path / "out"))
        assert sorted(snapshot(tmp_path / "out")) == ["a.png", "x.json"]
        before = other.read_bytes()
        assert plan.apply() == tmp_path / "set.dataforge-backup"
    assert other.read_bytes() == before


def test_what_is_not_mended_at_all(tmp_path: Path) -> None:
    config = write(tmp_path / "config.py", "model = dict(type='FasterRCNN')\n")
    for wrong in (str(config), "memory://set"):
        with pytest.raises(UsageError), planned_fixes(wrong):
            pass


# The command ------------------------------------------------------------------------------------


def cli(*arguments: str | Path) -> Any:
    return python("-m", "dataforge", "check", *map(str, arguments))


def test_the_command(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "set")
    before = snapshot(tmp_path)
    result = cli(folder, "--diff")
    assert (result.returncode, result.stderr) == (0, "2 files would change: untidy-label 2\n")
    assert result.stdout.startswith("--- a/s/0.json\n+++ b/s/0.json\n@@ -1 +1 @@\n-{")
    assert "\\ No newline at end of file\n" in result.stdout
    assert snapshot(tmp_path) == before
    result = cli(folder, "--fix", "--format", "json")
    assert msgspec.convert(json.loads(result.stdout), CheckReport).counts == {}
    assert f"files as they were are in {folder}.dataforge-backup" in result.stderr
    result = cli(folder, "--fix")
    assert (result.returncode, result.stdout.split("\n")[0]) == (0, "nothing to mend")


def test_options_that_mean_nothing_are_usage_errors(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "set")
    out, backup = ("--out", tmp_path / "out"), ("--backup", tmp_path / "backup")
    for wrong in (
        ("--unsafe-fixes",), out, backup, ("--diff", *out), ("--fix", "--diff", *backup),
        ("--fix", *out, *backup),
    ):  # fmt: skip
        assert cli(folder, *wrong).returncode == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set"]
