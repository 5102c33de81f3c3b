"""`dataforge.verbs.check`: one pass over any format, and the report."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from helpers import SAMPLE, SQUARE, document, picture, shape, voc_object, voc_xml, write

from dataforge.errors import InputError, ParseError, UsageError
from dataforge.verbs.check import CheckOptions, UsedSettings, check

FLAT = [[10, 10], [30, 10]]


def labelled(folder: Path, *shapes: object) -> Path:
    picture(folder / "a.jpg")
    write(folder / "a.json", document(*shapes))
    return folder


def test_findings_come_from_readers_and_checks(tmp_path: Path) -> None:
    folder = labelled(
        tmp_path, shape("cat", SQUARE), shape("dog", FLAT, "rectangle"), shape("x", FLAT)
    )
    report = check(str(folder))
    assert [(f.code, f.severity, f.where) for f in report.findings] == [
        ("bad-shape", "error", "$.shapes[2]"),
        ("zero-area", "warning", "$.shapes[1]"),
    ]
    assert report.counts == {"bad-shape": {"error": 1}, "zero-area": {"warning": 1}}
    assert (report.format, report.images, report.shapes) == ("labelme", 1, 2)
    assert (report.classes, report.failed) == (["cat", "dog"], True)


def test_clean_dataset_has_no_findings() -> None:
    assert check(str(SAMPLE / "labelme")).findings == []


def test_dataset_quirks_are_the_only_findings() -> None:
    """HumanParts' own: names with spaces and in two cases, files without a size."""
    counts = check(str(SAMPLE / "humanparts")).counts
    assert counts == {
        "look-alike-labels": {"warning": 1},
        "no-stated-size": {"note": 2},
        "untidy-label": {"warning": 14},
    }


def test_the_same_finding_in_two_splits_counts_once(tmp_path: Path) -> None:
    picture(tmp_path / "JPEGImages" / "a.jpg")
    write(tmp_path / "Annotations" / "a.xml", voc_xml(voc_object("cat", (70, 5, 80, 9))))
    for split in ("train", "val"):
        write(tmp_path / "ImageSets" / "Main" / f"{split}.txt", "a\n")
    report = check(str(tmp_path), CheckOptions(select=("outside-image",)))
    assert report.images == 2
    assert report.counts == {"outside-image": {"warning": 1}}


def test_remark_common_to_two_files_appears_once(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.jpg")
    images = [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}]
    for split in ("train", "val"):
        file = {"images": images, "annotations": [], "categories": [{"id": 1, "name": "cat"}]}
        write(tmp_path / f"{split}.json", file)
    assert check(str(tmp_path)).how == [
        "the images are in images/: file names are relative to the folder read"
    ]


def test_findings_beyond_the_limit_are_counted(tmp_path: Path) -> None:
    folder = labelled(tmp_path, *[shape("cat", FLAT, "rectangle") for _ in range(5)])
    options = CheckOptions(max_findings=2, ignore=("duplicate-box",))
    report = check(str(folder), options)
    assert [f.where for f in report.findings] == ["$.shapes[0]", "$.shapes[1]"]
    assert report.counts == {"zero-area": {"warning": 5}}
    everything = CheckOptions(max_findings=0, ignore=("duplicate-box",))
    assert len(check(str(folder), everything).findings) == 5


def test_images_are_opened_by_default(tmp_path: Path) -> None:
    folder = labelled(tmp_path, shape("cat", SQUARE))
    picture(folder / "a.jpg", (10, 10))
    assert [f.code for f in check(str(folder)).findings] == ["image-size-differs"]
    assert check(str(folder), CheckOptions(images=False)).findings == []
    cut = (folder / "a.jpg").read_bytes()[:-20]
    (folder / "a.jpg").write_bytes(cut)
    assert "truncated-image" in {f.code for f in check(str(folder)).findings}
    headers = check(str(folder), CheckOptions(pixels=False)).findings
    assert [f.code for f in headers] == ["image-size-differs"]


def test_settings_apply_and_are_reported(tmp_path: Path) -> None:
    folder = labelled(tmp_path, shape("cat", FLAT, "rectangle"))
    settings = write(
        folder / "dataforge.toml",
        "[check]\nignore = [{ code = 'zero-area', reason = 'drawn so' }]\n",
    )
    report = check(str(folder), CheckOptions(settings=str(settings)))
    assert report.findings == []
    assert [(entry.code, entry.reason) for entry in report.ignored] == [("zero-area", "drawn so")]


HIDES = "[check]\nignore = [{ code = 'zero-area', reason = 'drawn so' }]\n"


def test_settings_that_came_with_the_data_apply_only_if_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    (data / "sub").mkdir(parents=True)
    labelled(data, shape("cat", FLAT, "rectangle"))
    own = write(data / "dataforge.toml", HIDES)
    for place, path in (
        (tmp_path, "data"), (data, "."), (data / "sub", ".."), (data, "a.json"),
    ):  # fmt: skip
        monkeypatch.chdir(place)
        report = check(path)
        assert report.counts == {"zero-area": {"warning": 1}}
        assert report.settings is None
        (said,) = [line for line in report.how if "dataforge.toml" in line]
        assert said.endswith("does not apply, because it came with the data; apply it with "
                             "--settings")  # fmt: skip
    report = check(str(data), CheckOptions(settings=str(own)))
    assert report.counts == {}
    assert report.settings == UsedSettings(file=str(own), ignored={"zero-area": 1})


def test_settings_above_are_named_with_what_they_hide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    labelled(data, shape("cat ", FLAT, "rectangle"))
    monkeypatch.chdir(tmp_path)
    above = write(tmp_path / "dataforge.toml", HIDES)
    report = check("data")
    assert report.counts == {"untidy-label": {"warning": 1}}
    assert report.settings == UsedSettings(file=str(above), ignored={"zero-area": 1})
    write(data / "b.json", "{")
    write(above, "[check]\nselect = ['boxes']\n")  # what the reader finds is counted
    report = check("data")
    assert report.counts == {"zero-area": {"warning": 1}}
    assert report.settings == UsedSettings(
        file=str(above), select=["boxes"], ignored={"unreadable-json": 1}
    )
    report = check("data", CheckOptions(select=("classes",)))  # the command line decides
    assert report.counts == {"untidy-label": {"warning": 1}}
    assert report.settings is None
    (data / "b.json").unlink()
    write(above, "[check]\n")
    assert check("data").settings is None  # it hides nothing


def test_settings_beside_a_config_apply_only_where_the_user_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "work" / "config.py", "total_epochs = 12\n")
    own = write(tmp_path / "work" / "dataforge.toml", "[check]\nselect = ['config']\n")
    monkeypatch.chdir(tmp_path / "work")
    used = check("config.py").settings
    assert used is not None
    assert used.file == str(own)
    monkeypatch.chdir(tmp_path)
    report = check("work/config.py")
    assert report.settings is None
    assert any("does not apply" in line for line in report.how)


def test_labels_outside_the_classes_are_reported(tmp_path: Path) -> None:
    folder = labelled(tmp_path, shape("cta", SQUARE))
    report = check(str(folder), CheckOptions(labels="cat,dog"))
    assert [(f.code, f.file) for f in report.findings] == [
        ("unknown-label", "a.json"),
        ("class-without-instances", "."),
    ]
    assert report.findings[1].message == "2 classes without objects: 'cat', 'dog'"
    assert report.counts["class-without-instances"] == {"warning": 2}
    assert report.classes == ["cat", "dog"]


def test_absurd_coordinates_are_reported(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    box = '{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 1e308, 1e308], "area": 1}'
    write(
        tmp_path / "x.json",
        '{"images": [{"id": 1, "file_name": "a.png", "width": 64, "height": 48}], '
        f'"annotations": [{box}], "categories": [{{"id": 1, "name": "cat"}}]}}',
    )
    report = check(str(tmp_path / "x.json"))
    assert "coordinates-too-large" in [f.code for f in report.findings]
    assert report.shapes == 0


def test_only_broken_files_are_findings_but_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    write(tmp_path / "a.json", '{"shapes": [')
    report = check(str(tmp_path), CheckOptions(reads="labelme"))
    assert report.failed
    assert report.images == 0
    with pytest.raises(InputError, match="nothing can be read as coco"):
        check(str(labelled(tmp_path / "b", shape("cat", SQUARE))), CheckOptions(reads="coco"))
    (tmp_path / "c").mkdir()
    with pytest.raises(InputError):
        check(str(tmp_path / "c"))
    with pytest.raises(InputError, match="no such file or folder"):
        check(str(tmp_path / "d"))
    with pytest.raises(InputError, match=r"a\.jpg: is an image; give a folder"):
        check(str(tmp_path / "a.jpg"))


def test_annotations_in_another_format_are_mentioned(tmp_path: Path) -> None:
    for name in ("a", "b"):
        picture(tmp_path / f"{name}.jpg")
        write(tmp_path / f"{name}.json", document(shape("cat", SQUARE), image=f"{name}.jpg"))
    write(tmp_path / "b.xml", voc_xml(voc_object("cat", (1, 1, 20, 20)), filename="b.jpg"))
    report = check(str(tmp_path))
    said = "not checked: 1 annotation file in the format voc; use --from voc to check them"
    assert (report.format, report.how) == ("labelme", [said])
    assert said not in check(str(tmp_path), CheckOptions(reads="labelme")).how


def test_wrong_options_are_usage_errors(tmp_path: Path) -> None:
    folder = str(labelled(tmp_path, shape("cat", SQUARE)))
    for options in (
        CheckOptions(select=("zero",)),
        CheckOptions(ignore=("no-such-code",)),
        CheckOptions(reads="no-such-format"),
        CheckOptions(read_options={"coords": "voc"}),
    ):
        with pytest.raises(UsageError):
            check(folder, options)


def test_config_file_is_not_a_dataset(tmp_path: Path) -> None:
    good = write(tmp_path / "config.py", "model = dict(type='FasterRCNN')\n")
    report = check(str(good))
    assert (report.format, report.images) == ("config", 0)
    with pytest.raises(ParseError, match="is not Python"):
        check(str(write(tmp_path / "bad.py", "model = dict(\n")))


def test_it_reads_over_fsspec(tmp_path: Path) -> None:
    import fsspec

    labelled(tmp_path, shape("cat", FLAT, "rectangle"))
    memory = fsspec.filesystem("memory")
    for path in tmp_path.iterdir():
        memory.pipe(f"/check/{path.name}", path.read_bytes())
    report = check("memory://check")
    assert [f.code for f in report.findings] == ["zero-area"]


def test_the_schema_is_stable(tmp_path: Path) -> None:
    """Programs read this: keys are added, never changed."""
    write(tmp_path / "dataforge.toml", "[check]\nper-file = [{ files = 'b/*', code = 'boxes', "
          "reason = 'old' }]\n")  # fmt: skip
    folder = str(labelled(tmp_path, shape("cat", FLAT, "rectangle")))
    settings = str(tmp_path / "dataforge.toml")
    report = check(folder, CheckOptions(settings=settings))
    place = {"file": "a.json", "pointer": "$.shapes[0]"}
    assert msgspec.to_builtins(report) == {
        "version": 1,
        "path": str(tmp_path),
        "root": str(tmp_path),
        "format": "labelme",
        "how": [],
        "images": 1,
        "shapes": 1,
        "classes": ["cat"],
        "findings": [
            {
                "code": "zero-area",
                "severity": "warning",
                "place": place,
                "message": "'cat' has no area: trainers drop it",
                "remedy": "redraw or delete it",
                "edits": ({"place": place, "action": {"type": "drop"}},),
            }
        ],
        "counts": {"zero-area": {"warning": 1}},
        "fixable": {"zero-area": 1},
        "ignored": [{"code": "boxes", "reason": "old", "files": "b/*"}],
        "settings": {"file": settings, "select": [], "ignored": {}},
    }
