"""Merging, filtering and cutting COCO files; what is written is worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers import SAMPLE, picture, run_convert, write

from dataforge.errors import InputError, OutputError, UsageError
from dataforge.verbs.coco_tools import Filter, filter_file, merge, subset


def image(number: int, name: str, **more: Any) -> dict[str, Any]:
    return {"id": number, "file_name": name, "width": 64, "height": 48, **more}


def mark(number: int, on: int, category: int, area: float = 12, **more: Any) -> dict[str, Any]:
    return {"id": number, "image_id": on, "category_id": category, "bbox": [1, 2, 3, 4],
            "area": area, "iscrowd": 0, "segmentation": [], **more}  # fmt: skip


def categories(*names: str, start: int = 1) -> list[dict[str, Any]]:
    return [{"id": i, "name": name, "supercategory": ""} for i, name in enumerate(names, start)]


A: dict[str, Any] = {
    "info": {"year": 1},
    "licenses": [{"id": 1, "name": "CC"}],
    "images": [image(7, "a.jpg", license=1), image(8, "b.jpg")],
    "annotations": [mark(1, 8, 5, 10), mark(2, 7, 6, 20, note="x"), mark(3, 7, 5, 30, iscrowd=1)],
    "categories": categories("cat", "dog", start=5),
    "videos": [1],
}
B: dict[str, Any] = {
    "info": {"year": 1},
    "licenses": [{"id": 1, "name": "MIT"}, {"id": 2, "name": "CC"}],
    "images": [image(1, "c.jpg", license=1), image(2, "d.jpg", license=2)],
    "annotations": [mark(1, 1, 0), mark(1, 2, 1)],
    "categories": categories("dog", "cow", start=0),
}


def files(folder: Path, *contents: Any) -> list[str]:
    return [
        str(write(folder / f"{letter}.json", content))
        for letter, content in zip("ABC", contents, strict=False)
    ]


def written(folder: Path) -> Any:
    return json.loads((folder / "out.json").read_text("utf-8"))


def test_merge(tmp_path: Path) -> None:
    report = merge(files(tmp_path, A, B), str(tmp_path / "out.json"))
    assert written(tmp_path) == {
        "info": {"year": 1},
        "licenses": [{"id": 1, "name": "CC"}, {"id": 2, "name": "MIT"}],
        "images": [
            image(1, "a.jpg", license=1),
            image(2, "b.jpg"),
            image(3, "c.jpg", license=2),
            image(4, "d.jpg", license=1),
        ],
        "annotations": [
            mark(1, 1, 2, 20, note="x"),
            mark(2, 1, 1, 30, iscrowd=1),
            mark(3, 2, 1, 10),
            mark(4, 3, 2),
            mark(5, 4, 3),
        ],
        "categories": categories("cat", "dog", "cow"),
        "videos": [1],
    }
    assert (report.images, report.shapes, report.failed) == ({"all": 4}, 5, False)
    assert report.instances == {"all": {"cat": 2, "dog": 2, "cow": 1}}
    assert [finding.code for finding in report.findings] == [
        "annotation-ids",
        "categories-differ",
        "categories-differ",
    ]


def test_merging_files_that_share_an_image(tmp_path: Path) -> None:
    same = A | {"annotations": [one | {"id": one["id"] + 50} for one in A["annotations"]]}
    other = B | {"images": [image(1, "c.jpg"), image(2, "b.jpg")]}
    sources = files(tmp_path, A, same, other)
    report = merge(sources, str(tmp_path / "out.json"))
    assert [one["file_name"] for one in written(tmp_path)["images"]] == ["a.jpg", "b.jpg", "c.jpg"]
    (again,) = [finding for finding in report.findings if finding.code == "same-image"]
    assert (again.file, again.severity, again.lost) == (sources[1], "note", 3)
    (collision,) = [finding for finding in report.findings if finding.code == "image-collision"]
    assert (collision.file, collision.where, collision.severity, collision.lost) == (
        sources[2], "$.images[1]", "error", 1,
    )  # fmt: skip
    assert report.shapes + sum(report.lost.values()) == 3 + 3 + 2


@pytest.mark.parametrize(
    ("wanted", "ids", "names", "images", "lost"),
    [
        (Filter(), [2, 3, 1], ["cat", "dog"], 2, {}),
        (Filter(classes=("dog",)), [2], ["dog"], 2, {"other-class": 2}),
        (Filter(classes=("dog", "cat")), [2, 3, 1], ["cat", "dog"], 2, {}),
        (Filter(classes=("dog",), drop_empty=True), [2], ["dog"], 1, {"other-class": 2}),
        (Filter(min_area=20), [2, 3], ["cat", "dog"], 2, {"other-area": 1}),
        (Filter(max_area=20), [2, 1], ["cat", "dog"], 2, {"other-area": 1}),
        (Filter(drop_crowd=True), [2, 1], ["cat", "dog"], 2, {"crowds-left-out": 1}),
        (
            Filter(drop_crowd=True, min_area=15, drop_empty=True),
            [2],
            ["cat", "dog"],
            1,
            {"crowds-left-out": 1, "other-area": 1},
        ),
    ],
)
def test_filter(
    tmp_path: Path, wanted: Filter, ids: list[int], names: list[str], images: int, lost: Any
) -> None:
    (source,) = files(tmp_path, A)
    report = filter_file(source, str(tmp_path / "out.json"), wanted)
    out = written(tmp_path)
    by_area = {10: 1, 20: 2, 30: 3}
    assert [by_area[one["area"]] for one in out["annotations"]] == ids
    assert out["categories"] == categories(*names)
    assert len(out["images"]) == images
    assert report.lost == lost
    assert report.shapes + sum(lost.values()) == 3
    assert not report.failed
    assert (out["videos"], out["licenses"]) == (A["videos"], A["licenses"])


def test_subset_by_number(tmp_path: Path) -> None:
    run_convert(SAMPLE / "labelme", tmp_path / "source.json")
    source = json.loads((tmp_path / "source.json").read_text("utf-8"))
    order = [one["file_name"] for one in source["images"]]
    taken: dict[tuple[int, int], list[str]] = {}
    for number, seed in ((3, 0), (3, 1), (8, 0), (14, 5)):
        out = str(tmp_path / "out.json")
        report = subset(str(tmp_path / "source.json"), out, images=number, seed=seed, force=True)
        names = [one["file_name"] for one in written(tmp_path)["images"]]
        assert len(names) == number
        assert names == [name for name in order if name in names]
        assert report.shapes + sum(report.lost.values()) == 68
        taken[number, seed] = names
    assert set(taken[3, 0]) < set(taken[8, 0])
    assert taken[3, 0] != taken[3, 1]


def test_subset_of_all_images_skips_none(tmp_path: Path) -> None:
    (source,) = files(tmp_path, A)
    report = subset(source, str(tmp_path / "out.json"), images=len(A["images"]))
    assert not [finding for finding in report.findings if finding.code == "other-image"]


def test_subset_by_list(tmp_path: Path) -> None:
    (source,) = files(tmp_path, A | {"images": [image(7, "d/a.jpg"), image(8, "b.jpg")]})
    listed = write(tmp_path / "list.txt", "\nimages\\d\\a.jpg \r\nno.jpg\n")
    report = subset(source, str(tmp_path / "out.json"), listed=listed)
    out = written(tmp_path)
    assert [one["file_name"] for one in out["images"]] == ["d/a.jpg"]
    assert [one["area"] for one in out["annotations"]] == [20, 30]
    assert report.failed
    (missing,) = [finding for finding in report.findings if finding.severity == "error"]
    assert missing.file == str(listed)
    assert "'no'" in missing.message


def test_what_is_done_is_told(tmp_path: Path) -> None:
    coco = run_convert(SAMPLE / "labelme", tmp_path / "coco", reads="labelme").out
    source = str(Path(coco) / "annotations" / "instances_all.json")
    told: list[tuple[int, int, str]] = []
    merge([source], str(tmp_path / "a.json"), progress=lambda *one: told.append(one))
    assert (14, 0, "reading") in told
    assert told[-1] == (14, 0, "writing")


def test_findings_name_their_source_file(tmp_path: Path) -> None:
    (source,) = files(tmp_path, A | {"annotations": [*A["annotations"], mark(9, 99, 5)]})
    report = filter_file(source, str(tmp_path / "out.json"), Filter())
    (finding,) = report.findings
    assert (finding.file, finding.where, finding.lost) == (
        source, "$.annotations[3].image_id", 1,
    )  # fmt: skip
    assert report.failed


def test_invalid_requests_are_refused(tmp_path: Path) -> None:
    (source,) = files(tmp_path, A)
    out = str(tmp_path / "out.json")
    with pytest.raises(UsageError, match="it has cat, dog"):
        filter_file(source, out, Filter(classes=("cow",)))
    for options in ({}, {"images": 3}, {"images": 0}, {"images": 1, "listed": Path("x")}):
        with pytest.raises(UsageError):
            subset(source, out, **options)
    with pytest.raises(UsageError, match=r"expected a \.json file"):
        merge([source], str(tmp_path / "out"))
    with pytest.raises(UsageError, match=r"expected a \.json file"):
        merge([str(tmp_path)], out)
    with pytest.raises(UsageError, match="no COCO files"):
        merge([], out)
    with pytest.raises(InputError, match="no such file or folder"):
        merge([str(tmp_path / "no.json")], out)
    with pytest.raises(InputError, match="no images left"):
        filter_file(source, out, Filter(min_area=99, drop_empty=True))
    with pytest.raises(InputError, match="no images left"):
        merge(files(tmp_path / "other", {"shapes": []}), out)
    with pytest.raises(InputError, match="cannot be read"):
        subset(source, out, listed=tmp_path / "no.txt")
    assert not Path(out).exists()
    merge([source], out)
    with pytest.raises(OutputError, match="--force"):
        merge([source], out)
    before = Path(source).read_bytes()
    with pytest.raises(OutputError, match="is read by this run"):
        merge([source, out], source, force=True)
    assert Path(source).read_bytes() == before


# Tables, objects, images of equal names -----------------------------------------------------------


def video(letter: str, **more: Any) -> dict[str, Any]:
    """Two frames of a video with one object."""
    return {
        "images": [image(k, f"{letter}/{k}.jpg", video_id=1) for k in (1, 2)],
        "annotations": [mark(k, k, 1, instance_id=7, video_id=1) for k in (1, 2)],
        "categories": categories("car"),
        "videos": [{"id": 1, "name": letter}],
        **more,
    }


def test_a_file_that_cannot_be_read_is_told_before_its_classes(tmp_path: Path) -> None:
    """The file ends within its first image, at its 30th character."""
    source = write(tmp_path / "a.json", '{"images": [{"id": 1, "file_na')
    names, out = write(tmp_path / "names.txt", "a.jpg\n"), tmp_path / "out.json"
    why = r"no images left to write\n  .*a\.json:1:31: JSON ends unexpectedly here"
    for call in (
        lambda: filter_file(str(source), str(out), Filter(classes=("cat",))),
        lambda: subset(str(source), str(out), images=1),
        lambda: subset(str(source), str(out), listed=names),
        lambda: merge([str(source)], str(out)),
    ):
        with pytest.raises(InputError, match=why) as caught:
            call()
        assert "names.txt" not in str(caught.value)
    assert not out.exists()


def test_a_file_without_classes_has_none(tmp_path: Path) -> None:
    (source,) = files(
        tmp_path, {"images": [image(1, "a.jpg")], "annotations": [], "categories": []}
    )
    with pytest.raises(UsageError, match=r"it has none$"):
        filter_file(source, str(tmp_path / "out.json"), Filter(classes=("cat",)))


def test_merge_gives_videos_and_objects_ids_of_their_own(tmp_path: Path) -> None:
    merge(files(tmp_path, video("a"), video("b")), str(tmp_path / "out.json"))
    found = written(tmp_path)
    assert found["videos"] == [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]
    assert [one["video_id"] for one in found["images"]] == [1, 1, 2, 2]
    assert [one["video_id"] for one in found["annotations"]] == [1, 1, 2, 2]
    assert [one["instance_id"] for one in found["annotations"]] == [7, 7, 8, 8]


def test_merge_knows_a_video_that_both_files_have(tmp_path: Path) -> None:
    other = video("a", images=[image(1, "a/3.jpg", video_id=4)], annotations=[])
    other["videos"] = [{"name": "a", "id": 4}]
    merge(files(tmp_path, video("a"), other), str(tmp_path / "out.json"))
    found = written(tmp_path)
    assert found["videos"] == [{"id": 1, "name": "a"}]
    assert [one["video_id"] for one in found["images"]] == [1, 1, 1]


def test_merge_renumbers_tables_that_refer_to_each_other(tmp_path: Path) -> None:
    contents = [
        video(letter, tracks=[{"id": 5, "video_id": 1}, {"id": 6, "video_id": 1}])
        for letter in "ab"
    ]
    for content in contents:
        content["annotations"] = [mark(1, 1, 1, track_id=6), mark(2, 2, 1, track_id=5)]
    merge(files(tmp_path, *contents), str(tmp_path / "out.json"))
    found = written(tmp_path)
    assert found["tracks"] == [
        {"id": 5, "video_id": 1},
        {"id": 6, "video_id": 1},
        {"id": 7, "video_id": 2},
        {"id": 8, "video_id": 2},
    ]
    assert [one["track_id"] for one in found["annotations"]] == [6, 5, 8, 7]


def test_merge_refuses_a_table_of_what_it_numbers_anew(tmp_path: Path) -> None:
    content = video("b", tracks=[{"id": 5, "category_id": 1}])
    with pytest.raises(UsageError, match="tracks have category_id"):
        merge(files(tmp_path, video("a"), content), str(tmp_path / "out.json"))
    assert not (tmp_path / "out.json").exists()


def test_ids_of_categories_in_images_change_with_the_categories(tmp_path: Path) -> None:
    """As in LVIS, whose images also have no file_name."""
    content = dict(A)
    content["images"] = [
        image(7, "", coco_url="http://example.org/val2017/a.jpg", neg_category_ids=[5, 6, 9])
    ]
    del content["images"][0]["file_name"]
    (source,) = files(tmp_path, content | {"annotations": [mark(1, 7, 6)]})
    filter_file(source, str(tmp_path / "out.json"), Filter(classes=("dog",)))
    (found,) = written(tmp_path)["images"]
    assert (found["file_name"], found["neg_category_ids"]) == ("val2017/a.jpg", [1])
    merge(files(tmp_path, B, content), str(tmp_path / "out.json"), force=True)
    assert written(tmp_path)["images"][2]["neg_category_ids"] == [3, 1]  # dog, cow, cat


def tasks(folder: Path, seeds: tuple[int, int]) -> list[str]:
    """Two CVAT tasks, each with an image called 0.png."""
    paths = []
    for task, seed in zip(("task_1", "task_2"), seeds, strict=True):
        content = {"images": [image(1, "0.png")], "annotations": [mark(1, 1, 1, area=seed)]}
        picture(folder / task / "images/default/0.png", (64, 48 + seed))
        path = folder / task / "annotations/instances_default.json"
        paths.append(str(write(path, content | {"categories": categories("x")})))
    return paths


def test_merge_refuses_two_images_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"both have an image 0\.png.*--prefix"):
        merge(tasks(tmp_path, (1, 2)), str(tmp_path / "out.json"))
    assert not (tmp_path / "out.json").exists()


def test_merge_keeps_images_of_one_name_with_prefixes(tmp_path: Path) -> None:
    merge(tasks(tmp_path, (1, 2)), str(tmp_path / "out.json"), prefix=True)
    found = written(tmp_path)
    names = [one["file_name"] for one in found["images"]]
    assert names == ["task_1/images/default/0.png", "task_2/images/default/0.png"]
    assert [one["area"] for one in found["annotations"]] == [1, 2]


def test_merge_writes_an_image_once_that_is_the_same_in_both(tmp_path: Path) -> None:
    report = merge(tasks(tmp_path, (1, 1)), str(tmp_path / "out.json"))
    assert [one.code for one in report.findings] == ["same-image"]
    assert len(written(tmp_path)["images"]) == 1
