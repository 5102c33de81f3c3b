"""``check --fix``: what it makes of the bad cases, and what it never touches."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from casefile import UPDATE, Case, cases, trees
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

from dataforge.codes import code, codes
from dataforge.diff import unified
from dataforge.errors import OutputError, UsageError
from dataforge.formats import applied, get_format
from dataforge.interrupts import written
from dataforge.verbs.check import CheckOptions, CheckReport, check
from dataforge.verbs.fix import planned_fixes

FIXED = [name for name in codes() if code(name).fix]
FLAT = [[10, 10], [30, 10]]
MOST_RUNS = 10


def fixed_once(path: Path, out: Path, *, unsafe: bool = True, **options: Any) -> dict[str, int]:
    """Code -> findings that one run fixes in a copy."""
    with planned_fixes(str(path), CheckOptions(**options), unsafe=unsafe) as plan:
        plan.copy(str(out))
        return plan.fixed


def fixed(path: Path, out: Path, *, unsafe: bool = True, **options: Any) -> dict[str, int]:
    """Code -> findings that are fixed in a copy, by runs until there is nothing to fix.

    What a run promises, the next one does, or it is no longer found.
    """
    promised: dict[str, int] = {}
    total = Counter[str]()
    shutil.copytree(path, out, symlinks=True)
    for _ in range(MOST_RUNS):
        with planned_fixes(str(out), CheckOptions(**options), unsafe=unsafe) as plan:
            plan.apply(str(out.with_name(f"{out.name}-before-{total.total()}")))
        left = plan.report.fixable if unsafe else {}
        assert not left.keys() & promised.keys(), "promised, and not done"
        if not plan.fixed:
            assert not left
            return dict(total)
        promised = left
        total += Counter(plan.fixed)
    pytest.fail(f"still something to fix after {MOST_RUNS} runs: {plan.fixed}")


def diff(path: Path, *codes: str, unsafe: bool = True) -> list[str]:
    """The lines that differ, without those around them."""
    with planned_fixes(str(path), CheckOptions(select=codes), unsafe=unsafe) as plan:
        lines = list(plan.diff())
    return [line for line in lines if line[0] in "+-" and line[:4] not in ("--- ", "+++ ")]


# Cases ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "bad"),
    [pytest.param(*at, id=f"{at[0].code}-{at[1]}") for at in trees("bad") if at[0].code in FIXED],
)
def test_bad_becomes_fixed(case: Case, bad: str, tmp_path: Path) -> None:
    """Or stays, where a case has no such `fixed`. `DATAFORGE_UPDATE_GOLDEN=1` writes it anew."""
    folder, good = case.unpack(bad, tmp_path), bad.replace("bad", "fixed", 1)
    edits = fixed(folder, tmp_path / "out", select=(case.code,))
    if UPDATE:
        case.expect_files(good, snapshot(tmp_path / "out"))
    assert edits.keys() == ({case.code} if good in case.trees("fixed") else set())
    assert snapshot(tmp_path / "out") == contents(case, good)
    safe = edits if code(case.code).fix == "safe" else {}
    assert fixed(folder, tmp_path / "safe", unsafe=False, select=(case.code,)) == safe


def test_every_code_that_is_fixed_has_fixed_cases() -> None:
    assert {case.code for case in cases() if case.trees("fixed")} == set(FIXED)


def contents(case: Case, tree: str) -> dict[str, bytes]:
    """Path -> content of all files of a tree."""
    return {name: file.content for name, file in case.files(tree).items()}


@pytest.mark.parametrize("case", [pytest.param(c, id=c.code) for c in cases() if c.code in FIXED])
def test_clean_datasets_are_not_changed(case: Case, tmp_path: Path) -> None:
    for tree in case.trees("good") + case.trees("fixed"):
        folder = case.unpack(tree, tmp_path)
        assert fixed(folder, tmp_path / "out" / tree, select=(case.code,)) == {}, tree
        assert snapshot(tmp_path / "out" / tree) == contents(case, tree)


# All at once, in several runs -------------------------------------------------------------------


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


def test_adjacent_edits_are_applied_in_sequence(tmp_path: Path) -> None:
    """Two keys are inserted in one place; the box is clipped, reordered and then measured."""
    file = coco_of(
        tmp_path / "in",
        '{"id": 3, "image_id": 7, "category_id": 1, "bbox": [70.5, 5, -20.25, 10.0]},\r\n  '
        '{"bbox":[1,2,3,4],"image_id":7,"category_id":1,"id":3,"note":"é\\u00e9 \\" ]}"}',
        " cat",
    )
    before = file.read_bytes().decode()
    edits = fixed(tmp_path / "in", tmp_path / "out")
    after = (tmp_path / "out" / "x.json").read_bytes().decode()
    wanted = before.replace("[70.5, 5, -20.25, 10.0]}", "[50.25, 5, 13.75, 10.0], @}")
    wanted = wanted.replace("@", '"iscrowd": 0, "area": 137.5')
    wanted = wanted.replace('"id": 7}', '"id": 7, "width": 64, "height": 48}')
    wanted = wanted.replace('"id":3,', '"id":4,').replace(']}"}]', ']}","iscrowd":0,"area":12}]')
    assert after == wanted.replace('" cat"', '"cat"')
    assert edits["partly-outside-image"] == edits["annotation-ids"] == 1
    assert edits["no-area"] == edits["no-iscrowd"] == 2  # annotations
    assert edits["no-stated-size"] == edits["untidy-label"] == 1
    once = fixed_once(tmp_path / "in", tmp_path / "once")
    assert list(once) == sorted(once)


def test_repeated_fixes_terminate_and_deliver_what_was_announced(tmp_path: Path) -> None:
    """Covers all bad cases of all formats with all codes."""
    for case, tree in trees("bad"):
        if "config.py" in case.files(tree) or case.options:
            continue
        if case.code == "registered-folder":  # which is no part of the copy
            continue
        out, again = (tmp_path / kind / case.code / tree for kind in ("out", "again"))
        fixed(case.unpack(tree, tmp_path / case.code), out)
        assert fixed_once(out, again) == {}, out
        assert snapshot(out) == snapshot(again), out


def test_unselected_codes_are_not_fixed(tmp_path: Path) -> None:
    coco_of(tmp_path, '{"id": 3, "image_id": 7, "category_id": 1, "bbox": [1, 2, 3, 4]}', " cat")
    settings = write(
        tmp_path / "dataforge.toml",
        "[check]\nper-file = [{ files = '*.json', code = 'no-area', reason = 'why' }]\n",
    )
    options = CheckOptions(ignore=("classes", "no-stated-size"), settings=str(settings))
    with planned_fixes(str(tmp_path), options) as plan:
        assert plan.fixed == {"no-iscrowd": 1}


# The text ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encoding_and_line_endings_are_preserved(tmp_path: Path, codec: str) -> None:
    picture(tmp_path / "in" / "a.png")
    text = json.dumps(document(shape("人 ", SQUARE), image="a.png"), indent=1, ensure_ascii=False)
    write(tmp_path / "in" / "a.json", text.replace("\n", "\r\n").encode(codec))
    fixed(tmp_path / "in", tmp_path / "out", select=("untidy-label",))
    after = (tmp_path / "out" / "a.json").read_bytes()
    assert after == text.replace("人 ", "人").replace("\n", "\r\n").encode(codec)


def test_declared_xml_encoding_is_preserved(tmp_path: Path) -> None:
    head = '<?xml version="1.0" encoding="gb2312"?>\n<!-- 人 -->\n'
    xml = head + voc_xml(voc_object(" 车", (30, 5, 20, 9), difficult="true", note="a&gt;b"))
    picture(tmp_path / "in" / "JPEGImages" / "a.jpg")
    write(tmp_path / "in" / "Annotations" / "a.xml", xml.encode("gb2312"))
    fixed(tmp_path / "in", tmp_path / "out", unsafe=False)
    wanted = xml.replace(" 车", "车").replace("true", "1")
    wanted = wanted.replace(">30</xmin>", ">20</xmin>").replace(">20</xmax>", ">30</xmax>")
    assert (tmp_path / "out" / "Annotations" / "a.xml").read_bytes() == wanted.encode("gb2312")


def test_objects_on_one_line_are_distinguished(tmp_path: Path) -> None:
    """The second of three, and also where one of them is no object at all."""
    objects = [voc_object("cat", (5, 5, 9, 9)), voc_object("cat", (5, 5, 5, 9))]
    objects += [voc_object("dog", (15, 15, 19, 19))]
    picture(tmp_path / "a.jpg")
    write(tmp_path / "a.xml", voc_xml("".join(objects)))
    assert diff(tmp_path, "zero-area") == ["-" + "".join(objects), "+" + objects[0] + objects[2]]
    objects.insert(0, voc_object(None, (1, 1, 2, 2)))
    write(tmp_path / "a.xml", voc_xml("".join(objects)))
    assert diff(tmp_path, "zero-area") == [
        "-" + "".join(objects), "+" + "".join(objects[:2] + objects[3:]),
    ]  # fmt: skip


def test_group_of_shapes_is_kept(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    parts = [shape("cat", FLAT, "rectangle", group_id=1) for _ in range(2)]
    write(tmp_path / "a.json", document(*parts))
    assert diff(tmp_path, "zero-area") == []


def test_size_of_exif_rotated_image_is_not_fixed(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg", orientation=6)
    write(tmp_path / "a.json", document(shape("cat", SQUARE), imageWidth=None))
    assert diff(tmp_path, "no-stated-size") == []
    picture(tmp_path / "a.jpg")
    assert diff(tmp_path, "no-stated-size") != []


def test_full_width_letters_stay_if_they_distinguish_two_classes(
    tmp_path: Path,
) -> None:
    for name, label in (("a", "ｃａｔ"), ("b", "ｃａｔ ")):
        picture(tmp_path / f"{name}.jpg")
        write(tmp_path / f"{name}.json", document(shape(label, SQUARE), image=f"{name}.jpg"))
    with planned_fixes(str(tmp_path)) as plan:
        assert plan.files == ["a.json", "b.json"]
        plan.copy(str(tmp_path.with_name("fixed")))
        assert check(str(tmp_path.with_name("fixed"))).classes == ["cat"]
    with planned_fixes(str(tmp_path), CheckOptions(labels="ｃａｔ,dog")) as plan:
        assert plan.report.classes == ["ｃａｔ", "dog"]
        assert plan.fixed == {}
    picture(tmp_path / "c.jpg")
    write(tmp_path / "c.json", document(shape("cat", SQUARE), image="c.jpg"))
    with planned_fixes(str(tmp_path)) as plan:
        assert plan.report.classes == ["cat", "ｃａｔ"]
        assert plan.files == []


# The diff ---------------------------------------------------------------------------------------


def dataset(folder: Path, number: int = 2) -> Path:
    """A labelme dataset with a label to strip in each file."""
    for index in range(number):
        picture(folder / f"{index}.jpg", (WIDTH, HEIGHT + index))
        labels = document(
            shape("cat ", SQUARE), image=f"../{index}.jpg", imageHeight=HEIGHT + index
        )
        write(folder / "s" / f"{index}.json", labels)
    return folder


def test_diff_can_be_applied_by_patch(tmp_path: Path) -> None:
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


def test_near_changes_share_a_hunk() -> None:
    old = "".join(f"{number}\n" for number in range(30))
    at = [old.index(f"\n{number}\n") + 1 for number in range(1, 30)]
    changes = [
        (at[0], at[0] + 1, "new"),
        (at[5], at[7], ""),
        (at[19], at[20], "a\nb\n"),
    ]
    assert list(unified("x", old, changes)) == [
        "--- a/x",
        "+++ b/x",
        "@@ -1,11 +1,9 @@",
        " 0", "-1", "+new", " 2", " 3", " 4", " 5", "-6", "-7", " 8", " 9", " 10",
        "@@ -18,7 +16,8 @@",
        " 17", " 18", " 19", "-20", "+a", "+b", " 21", " 22", " 23",
    ]  # fmt: skip
    assert list(unified("x", "a\n", [(0, 2, "")]))[2:] == ["@@ -1 +0,0 @@", "-a"]
    assert list(unified("x", "", [(0, 0, "a\n")]))[2:] == ["@@ -0,0 +1 @@", "+a"]


@pytest.mark.skipif(shutil.which("patch") is None, reason="needs patch")
@pytest.mark.parametrize(
    ("case", "bad"),
    [pytest.param(*at, id=f"{at[0].code}-{at[1]}") for at in trees("bad") if at[0].code in FIXED],
)
def test_patching_with_the_diff_equals_fix(case: Case, bad: str, tmp_path: Path) -> None:
    """With all codes; but of a file that is not UTF-8 the diff is shown as text."""
    if any(file.encoding not in ("utf-8", "utf-8-sig") for file in case.files(bad).values()):
        pytest.skip("not UTF-8")
    folder = case.unpack(bad, tmp_path)
    with planned_fixes(str(folder), unsafe=True) as plan:
        plan.copy(str(tmp_path / "out"))
        patch(folder, plan.diff())
    assert snapshot(folder) == snapshot(tmp_path / "out")


def patch(folder: Path, diff: Iterable[str]) -> None:
    """Apply a diff; nothing of it may be off by a line."""
    text = "".join(f"{line}\n" for line in diff).encode()
    done = subprocess.run(
        ["patch", "-p1", "--no-backup-if-mismatch", "--fuzz=0"],
        input=text, cwd=folder, capture_output=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b""), done.stdout
    assert b"offset" not in done.stdout


@pytest.mark.skipif(shutil.which("patch") is None, reason="needs patch")
@pytest.mark.parametrize("name", ["a b", "人 物", 'a"b', "a\\b", "a\tb", "new\nline", " ", "-a"])
def test_patch_finds_files_of_odd_names(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    picture(folder / name / f"{name}.jpg")
    write(folder / name / f"{name}.json", document(shape("cat ", SQUARE), image=f"{name}.jpg"))
    with planned_fixes(str(folder)) as plan:
        assert plan.fixed == {"untidy-label": 1}
        plan.copy(str(tmp_path / "out"))
        patch(folder, plan.diff())
    assert snapshot(folder) == snapshot(tmp_path / "out")


@pytest.mark.parametrize("number", range(30))
def test_the_diff_of_any_changes_gives_the_text(number: int, tmp_path: Path) -> None:
    """Random deletions, insertions, adjacent changes and missing newlines."""
    draw = random.Random(number)
    old = "".join(draw.choice(["a", "b", "\r", "\n", "\n", "c\n", "\f"]) for _ in range(60))
    at = sorted(draw.sample(range(len(old) + 1), 8))
    changes = [
        (start, end, "".join(draw.choice("xy\n") for _ in range(draw.randrange(4))))
        for start, end in zip(at[::2], at[1::2], strict=True)
    ]
    write(tmp_path / "x", old)
    patch(tmp_path, unified("x", old, changes))
    assert (tmp_path / "x").read_bytes() == applied(old, changes).encode()


# What is left -----------------------------------------------------------------------------------


def test_clipped_object_gets_its_area_in_the_next_run(tmp_path: Path) -> None:
    coco_of(
        tmp_path / "in",
        '{"id": 3, "image_id": 7, "category_id": 1, "iscrowd": 0, "bbox": [50, 5, 20, 10]}, '
        '{"id": 4, "image_id": 7, "category_id": 1, "iscrowd": 0, "bbox": [5, 5, 20, 10]}',
    )
    options = CheckOptions(ignore=("no-stated-size",))
    areas = []
    for run, done, left in (
        ("1", {"partly-outside-image": 1}, {"no-area": 2}),
        ("2", {"no-area": 2}, {}),
        ("3", {}, {}),
    ):
        with planned_fixes(str(tmp_path / "in"), options, unsafe=True) as plan:
            assert (plan.fixed, plan.report.fixable) == (done, left)
            plan.apply(str(tmp_path / run))
        entries = json.loads((tmp_path / "in" / "x.json").read_bytes())["annotations"]
        areas.append([entry.get("area") for entry in entries])
    assert areas == [[None, None], [140, 200], [140, 200]]
    assert check(str(tmp_path / "in"), options).counts == {}


def test_remaining_findings_are_renumbered_after_drops(tmp_path: Path) -> None:
    whole = [[0, 0], [WIDTH, HEIGHT]]
    picture(tmp_path / "json" / "a.jpg")
    shapes = [shape("cat", points, "rectangle") for points in (FLAT, whole, FLAT[::-1], whole)]
    write(tmp_path / "json" / "a.json", document(*shapes))
    picture(tmp_path / "xml" / "a.jpg")
    boxes = [(5, 5, 5, 9), (0, 0, WIDTH, HEIGHT), (0, 0, WIDTH, HEIGHT)]
    write(tmp_path / "xml" / "a.xml", voc_xml(*(voc_object("cat", box) for box in boxes)))
    picture(tmp_path / "txt" / "images" / "a.jpg")
    rows = ["0 .2 .2 .1 .1", "0 .2 .2 .1 .1", "0 .5 .5 1 1", "0 .5 .5 1 1"]
    write(tmp_path / "txt" / "labels" / "a.txt", "".join(f"{row}\n" for row in rows))
    write(tmp_path / "txt" / "data.yaml", "train: images\nnames: [cat]\n")
    for name, done, place in (
        ("json", {"zero-area": 2, "duplicate-box": 2}, "$.shapes[0]"),
        ("xml", {"zero-area": 1, "duplicate-box": 1}, "line 3"),
        ("txt", {"duplicate-box": 2}, "line 2"),
    ):
        with planned_fixes(str(tmp_path / name), unsafe=True) as plan:
            assert plan.fixed == done, name
            huge = [f.where for f in plan.report.findings if f.code == "huge-box"]
            assert (huge, plan.report.counts["huge-box"]) == ([place], {"warning": 1})
            plan.copy(str(tmp_path / "out" / name))
        again = check(str(tmp_path / "out" / name))
        assert again.counts == plan.report.counts
        assert [f.where for f in again.findings if f.code == "huge-box"] == [place]


def test_edits_the_editor_refuses_are_not_announced(tmp_path: Path) -> None:
    """Other places may refer to a YAML anchor."""
    picture(tmp_path / "in" / "images" / "a.jpg")
    write(tmp_path / "in" / "labels" / "a.txt", "0 .5 .5 .5 .5\n1 .2 .2 .2 .2\n")
    write(tmp_path / "in" / "data.yaml", "train: images\nnames: [&a 'cat ', 'dog ']\n")
    with planned_fixes(str(tmp_path / "in")) as plan:
        assert plan.fixed == {"untidy-label": 1}
        assert plan.report.counts == {"untidy-label": {"warning": 1}}
        assert plan.report.fixable == {}


def test_format_without_editor_announces_no_fixes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture(tmp_path / "a.jpg")
    write(tmp_path / "a.json", document(shape("cat", FLAT, "rectangle")))
    assert check(str(tmp_path)).fixable == {"zero-area": 1}
    bare = msgspec.structs.replace(get_format("labelme"), editor=None)
    monkeypatch.setattr("dataforge.datasets.source.get_format", lambda _: bare)
    assert check(str(tmp_path)).fixable == {}
    with planned_fixes(str(tmp_path), unsafe=True) as plan:
        assert (plan.fixed, plan.files) == ({}, [])
        assert plan.report.counts == {"zero-area": {"warning": 1}}


# What is written --------------------------------------------------------------------------------


def test_backup_holds_original_bytes_and_images_are_untouched(tmp_path: Path) -> None:
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
        assert (plan.fixed, plan.apply()) == ({}, None)
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    with planned_fixes(str(folder)) as plan:
        assert plan.apply() == tmp_path / "set.dataforge-backup-2"
    assert not [path for path in tmp_path.rglob("*") if "dataforge-tmp" in path.name]


def test_fixing_into_out_leaves_the_source_unchanged(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "set")
    before = snapshot(folder)
    edits = fixed_once(folder, tmp_path / "out")
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
                    OutputError, match=r"s/1\.json( was changed|: cannot be (read|written))"
                ):
                    write_out()
            assert snapshot(tmp_path) == before
        assert (folder / "s" / "0.json").read_bytes() == other
        dataset(folder)


def test_file_changed_during_the_check_is_refused(tmp_path: Path) -> None:
    """Even if its size is unchanged."""
    folder = dataset(tmp_path / "set")
    file = folder / "s" / "0.json"

    def change(done: int, total: int, what: str) -> None:
        file.write_bytes(file.read_bytes().replace(b'"cat "', b'"dog "'))

    with (
        pytest.raises(OutputError, match=r"s/0\.json was changed while it was being fixed"),
        planned_fixes(str(folder), progress=change),
    ):
        pass
    os.utime(file, ns=(0, time.time_ns() + 10**12))  # of a clock that runs ahead
    with planned_fixes(str(folder)) as plan:
        assert plan.files == ["s/0.json", "s/1.json"]


def test_a_file_that_is_read_only_is_a_located_error(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "set")
    before = snapshot(folder)
    os.chmod(folder / "s" / "1.json", 0o444)
    with planned_fixes(str(folder)) as plan:
        with pytest.raises(OutputError, match=r"s/1\.json is read-only: nothing was written"):
            plan.apply()
        assert snapshot(tmp_path) == {f"set/{name}": data for name, data in before.items()}
        plan.copy(str(tmp_path / "out"))


def test_link_targets_are_not_modified(tmp_path: Path) -> None:
    """A folder elsewhere is refused, and so is a file elsewhere."""
    following = CheckOptions(follow_links=True)
    dataset(tmp_path / "elsewhere", 1)
    before = snapshot(tmp_path / "elsewhere")
    for name in ("one", "two"):
        picture(tmp_path / name / "0.jpg")
    (tmp_path / "one" / "s").symlink_to(tmp_path / "elsewhere" / "s")
    with planned_fixes(str(tmp_path / "one"), following) as plan:
        assert plan.files == ["s/0.json"]
        with pytest.raises(OutputError, match="behind a link"):
            plan.apply()
    (tmp_path / "two" / "s").mkdir()
    (tmp_path / "two" / "s" / "0.json").symlink_to(tmp_path / "elsewhere" / "s" / "0.json")
    with planned_fixes(str(tmp_path / "two"), following) as plan:
        with pytest.raises(OutputError, match="behind a link"):
            plan.apply(str(tmp_path / "kept"))
        plan.copy(str(tmp_path / "fixed"))
    assert (tmp_path / "two" / "s" / "0.json").is_symlink()
    assert b'"cat"' in (tmp_path / "fixed" / "s" / "0.json").read_bytes()
    assert snapshot(tmp_path / "elsewhere") == before


@pytest.mark.skipif(sys.platform != "linux", reason="extended attributes")
def test_owner_mode_and_attributes_are_kept(tmp_path: Path) -> None:
    path = dataset(tmp_path / "set", 1) / "s" / "0.json"
    path.chmod(0o2640)
    try:
        os.setxattr(path, "user.reviewed", b"yes")
    except OSError:
        pytest.skip("no extended attributes here")
    if os.geteuid() == 0:
        os.chown(path, 1234, 4321)
        path.chmod(0o2640)
    before = path.stat()
    with planned_fixes(str(tmp_path / "set")) as plan:
        kept = plan.apply()
    assert kept is not None
    assert b'"cat"' in path.read_bytes()
    for file in (path, kept / "s" / "0.json"):
        now = file.stat()
        assert (now.st_uid, now.st_gid, now.st_mode) == (
            before.st_uid, before.st_gid, before.st_mode)  # fmt: skip
        assert os.getxattr(file, "user.reviewed") == b"yes"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="gives files away")
def test_file_whose_owner_cannot_be_kept_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = dataset(tmp_path / "set", 2)
    os.chown(folder / "s" / "1.json", 1234, -1)
    before = snapshot(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    with planned_fixes(str(folder)) as plan, pytest.raises(OutputError, match="another user"):
        plan.apply()
    assert snapshot(tmp_path) == before


def test_a_file_of_several_names_is_fixed_once(tmp_path: Path) -> None:
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


def test_backup_location_is_validated(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "set")
    before = snapshot(folder)
    (tmp_path / "there").mkdir()
    for wrong in (tmp_path / "there", folder / "backup"):
        with pytest.raises(OutputError), planned_fixes(str(folder)) as plan:
            plan.apply(str(wrong))
    assert snapshot(folder) == before
    with planned_fixes(str(folder)) as plan:
        assert plan.apply(str(tmp_path / "kept")) == tmp_path / "kept"


def test_backup_below_the_checked_folder_is_ignored(tmp_path: Path) -> None:
    dataset(tmp_path / "all" / "set")
    with planned_fixes(str(tmp_path / "all" / "set")) as plan:
        kept = plan.apply()
    assert kept == tmp_path / "all" / "set.dataforge-backup"
    assert check(str(tmp_path / "all")).counts == {}


def test_two_reasons_to_clip_one_box_are_one_clip(tmp_path: Path) -> None:
    picture(tmp_path / "set" / "images" / "a.jpg")
    label = write(tmp_path / "set" / "labels" / "a.txt", "0 1.02 0.5 0.2 0.2\n")
    write(tmp_path / "set" / "data.yaml", "train: images\nnames: [cat]\n")
    codes = ("outside-unit", "partly-outside-image")
    assert check(str(tmp_path / "set"), CheckOptions(select=codes)).counts.keys() == set(codes)
    with planned_fixes(str(tmp_path / "set"), CheckOptions(select=codes), unsafe=True) as plan:
        assert plan.fixed == dict.fromkeys(codes, 1)
        assert plan.report.counts == {}
        plan.apply()
    cx, _, width, _ = map(float, label.read_text().split()[1:])
    assert (cx, width) == pytest.approx((0.96, 0.08))


def test_a_run_that_is_interrupted_leaves_whole_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = dataset(tmp_path / "set", 3)
    before = snapshot(folder)
    replace, done = os.replace, list[str]()

    def interrupted(source: Any, target: Any, **folders: Any) -> None:
        if str(target).endswith("1.json"):
            raise KeyboardInterrupt
        done.append(str(target))
        replace(source, target, **folders)

    monkeypatch.setattr(os, "replace", interrupted)
    written.clear()
    with pytest.raises(KeyboardInterrupt), planned_fixes(str(folder)) as plan:
        plan.apply()
    monkeypatch.undo()
    assert written == [tmp_path / "set.dataforge-backup", folder / "s" / "0.json"]  # to be said
    written.clear()
    assert any(name.endswith("0.json") for name in done)
    after = snapshot(folder)
    assert after.keys() == before.keys()
    changed = [name for name in before if after[name] != before[name]]
    assert changed == ["s/0.json"]
    assert after["s/0.json"] == before["s/0.json"].replace(b'"cat "', b'"cat"')
    kept = snapshot(tmp_path / "set.dataforge-backup")
    assert kept == {name: data for name, data in before.items() if name.endswith(".json")}
    with planned_fixes(str(folder)) as plan:
        assert plan.fixed == {"untidy-label": 2}


def test_a_file_that_is_named_is_the_only_one_that_changes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        image = picture(tmp_path / "labelme" / f"{name}.jpg")
        untidy = document(shape("cat ", SQUARE), image=image.name)
        write(tmp_path / "labelme" / f"{name}.json", untidy)
        picture(tmp_path / "voc" / "JPEGImages" / f"{name}.jpg")
        reversed_ = voc_xml(voc_object("cat", (30, 5, 20, 9)), filename=f"{name}.jpg")
        write(tmp_path / "voc" / "Annotations" / f"{name}.xml", reversed_)
        picture(tmp_path / "yolo" / "images" / f"{name}.jpg")
        write(tmp_path / "yolo" / "labels" / f"{name}.txt", "0 .5 .5 .5 .5\n" * 2)
    write(tmp_path / "yolo" / "data.yaml", "train: images\nnames: [cat ]\n")
    for file, made in (
        ("labelme/a.json", {"untidy-label": 1}),
        ("voc/Annotations/a.xml", {"reversed-box": 1}),
        ("yolo/labels/a.txt", {"duplicate-box": 1}),
    ):
        before = snapshot(tmp_path)
        options = CheckOptions(reads=file.partition("/")[0])
        with planned_fixes(str(tmp_path / file), options, unsafe=True) as plan:
            assert plan.fixed == made
            assert [line for line in plan.diff() if line.startswith("--- ")] == [
                f"--- a/{plan.files[0]}"
            ]
            kept = plan.apply()
        after = snapshot(tmp_path)
        assert kept
        backup = kept.relative_to(tmp_path).as_posix()
        assert [name for name in before if after[name] != before[name]] == [file]
        assert after.keys() - before.keys() == {f"{backup}/{plan.files[0]}"}


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


def test_configs_and_remote_folders_cannot_be_fixed(tmp_path: Path) -> None:
    config = write(tmp_path / "config.py", "model = dict(type='FasterRCNN')\n")
    for wrong in (str(config), "memory://set"):
        with pytest.raises(UsageError), planned_fixes(wrong):
            pass


# The command ------------------------------------------------------------------------------------


def cli(*arguments: str | Path) -> Any:
    return python("-m", "dataforge", "check", *map(str, arguments))


def test_check_command_diffs_and_fixes(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "set")
    before = snapshot(tmp_path)
    result = cli(folder, "--diff")
    said = "2 findings in 2 files: untidy-label 2"
    assert (result.returncode, result.stderr) == (1, f"would fix {said}\n")
    assert result.stdout.startswith("--- a/s/0.json\n+++ b/s/0.json\n@@ -1 +1 @@\n-{")
    assert "\\ No newline at end of file\n" in result.stdout
    assert snapshot(tmp_path) == before
    result = cli(folder, "--fix", "--json")
    assert msgspec.convert(json.loads(result.stdout), CheckReport).counts == {}
    assert f"fixed {said}; the original files are in {folder}.dataforge-backup" in result.stderr
    result = cli(folder, "--fix")
    assert (result.returncode, result.stdout.split("\n")[0]) == (0, "nothing to fix")


def test_options_without_effect_are_usage_errors(tmp_path: Path) -> None:
    folder = dataset(tmp_path / "set")
    out, backup = ("--output", tmp_path / "out"), ("--backup", tmp_path / "backup")
    for wrong in (
        ("--unsafe-fixes",), out, backup, ("--diff", *out), ("--fix", "--diff", *backup),
        ("--fix", *out, *backup), ("--diff", "--json"), ("--diff", "--report", tmp_path / "r"),
    ):  # fmt: skip
        assert cli(folder, *wrong).returncode == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set"]
