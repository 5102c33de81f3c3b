"""COCO folders as exporters and people leave them: each image keeps its own boxes."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from cases.folders import coco, image, voc_boxes, write
from command_line import run_cli

from dataforge.errors import InputError
from dataforge.verbs.check import CheckOptions, check
from dataforge.verbs.inspect import inspect

BOX = [10, 12, 20, 24]
EDGES = (10.0, 12.0, 30.0, 36.0)


def codes(folder: Path) -> list[str]:
    return [one.code for one in check(str(folder), CheckOptions()).findings]


def test_two_cvat_tasks(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for number, task in enumerate(("task_1", "task_2")):
        names = [f"frame_{k:06d}.png" for k in (0, 1)]
        for name in names:
            image(data / task / "images/default" / name)
        boxes = [[10 * number + k, 5, 8, 8] for k in (0, 1)]
        write(
            data / task / "annotations/instances_default.json",
            coco([(k, name) for k, name in enumerate(names)],
                 [(k, k, 1, box) for k, box in enumerate(boxes)]),
        )  # fmt: skip
    assert codes(data) == ["split-of-several-files"]
    found = voc_boxes(data, "coco", tmp_path / "out")
    assert found == {
        f"task_{number + 1}/images/default/frame_{k:06d}.png":
            [("x", (10 * number + k, 5, 10 * number + k + 8, 13))]
        for number in (0, 1) for k in (0, 1)
    }  # fmt: skip


def parts(folder: Path, *files: str) -> None:
    """COCO files, each with two images of its own beside it, of the same names as the others'."""
    for file in files:
        for name in ("1.png", "2.png"):
            image((folder / file).parent / "images" / name)
        listed = [(number, f"{number}.png") for number in (1, 2)]
        write(folder / file, coco(listed, [(number, number, 1, BOX) for number, _ in listed]))


@pytest.mark.parametrize(
    ("files", "split"),
    [
        (("task_1/x.json", "task_2/x.json"), "all"),
        (("A/A.json", "B/B.json", "C/C.json"), "all"),
        (("a/train.json", "b/train.json"), "train"),
        (("a/train.json", "b/train.json", "val/val.json"), "train"),
        (("train/train.json", "v1/val.json", "v2/val.json"), "val"),
    ],
)
def test_several_files_of_a_split_are_never_half_registered(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    files: tuple[str, ...],
    split: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    parts(tmp_path / "data", *files)
    (part,) = inspect("data").parts
    assert part.layout
    assert part.layout.splits.keys() == part.splits.keys()
    assert sorted(part.layout.splits.values()) == sorted(files)
    assert not [reason for reason in part.reasons if "ignored" in reason]
    register = ["register", "Pets", "--layout", "coco", "--root", "data", "--framework", "all"]
    refused = run_cli(capsys, *register, "--dry-run")
    assert refused.returncode == 2
    assert f"belong to the split {split}" in refused.stderr
    assert "dataforge coco merge --prefix" in refused.stderr
    *merging, registering = (shlex.split(command)[1:] for command in part.commands)
    assert [words[:2] for words in merging] == [["coco", "merge"]]
    assert run_cli(capsys, *merging[0]).returncode == 0
    given = ["--framework", "all", "--dry-run", "--json", "--output", "out"]
    done = run_cli(capsys, *registering, *given)
    assert done.returncode == 0
    assert sum(json.loads(done.stdout)["images"].values()) == 2 * len(files)


def test_files_that_mark_the_same_images_are_not_merged(tmp_path: Path) -> None:
    image(tmp_path / "images/a.jpg")
    for number, name in enumerate(("anna", "bob"), 1):
        box = [number, 2, 20, 20]
        write(tmp_path / f"{name}.json", coco([(1, "a.jpg")], [(1, 1, 1, box)]))
    (part,) = inspect(str(tmp_path)).parts
    assert (part.commands, "mark the same images" in part.no_commands) == ([], True)


def test_names_that_no_training_opens_are_converted(tmp_path: Path) -> None:
    image(tmp_path / "imgs/a.png")
    write(tmp_path / "x.json", coco([(1, "/home/u/imgs/a.png")], [(1, 1, 1, BOX)]))
    (part,) = inspect(str(tmp_path)).parts
    assert [command.split()[1] for command in part.commands if " check " not in command] == [
        "convert", "register",
    ]  # fmt: skip


def test_many_files_of_a_split_are_converted_into_one(tmp_path: Path) -> None:
    parts(tmp_path / "data", *(f"{number}/x.json" for number in range(30)))
    (part,) = inspect(str(tmp_path / "data")).parts
    assert "and 10 more files, each as its own split" in part.reasons
    assert " coco2voc " in part.commands[0]
    assert "--split train=80,val=20" in part.commands[0]


def test_a_task_whose_images_are_missing_does_not_take_those_of_the_other(tmp_path: Path) -> None:
    for task in ("task_1", "task_2"):
        write(tmp_path / task / "annotations/a.json", coco([(1, "0.png")], [(1, 1, 1, BOX)]))
    image(tmp_path / "task_2/images/0.png")
    found = [(one.code, one.severity, one.place.file) for one in check(str(tmp_path)).findings]
    assert ("image-missing", "error", "task_1/annotations/a.json") in found
    assert "image-in-two-splits" not in [code for code, _, _ in found]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("000001", "images/000001.jpg"),
        ("https://example.org/data/000001.jpg?X-Amz-Expires=900", "images/000001.jpg"),
        ("my%20photo%20%281%29.jpg", "images/my photo (1).jpg"),
    ],
)
def test_names_that_are_not_those_of_the_files(tmp_path: Path, written: str, name: str) -> None:
    image(tmp_path / "data" / name)
    write(tmp_path / "data/x.json", coco([(1, written)], [(1, 1, 1, BOX)]))
    assert codes(tmp_path / "data") == ["image-name-differs"]
    out = tmp_path / "out"
    found = voc_boxes(tmp_path / "data", "coco", out, image_mode="copy")
    assert found == {Path(name).name: [("x", EDGES)]}
    assert not [path for path in out.rglob("*") if "https" in path.name]


def test_absolute_paths_of_another_machine_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for folder in "pq":
        image(tmp_path / "data/images" / folder / "1.jpg")
    names = ["/home/u/data/p/1.jpg", "C:\\data\\q\\1.jpg", "/home/u/data/r/1.jpg"]
    write(
        tmp_path / "data/x.json",
        coco([*enumerate(names)], [(0, 0, 1, BOX), (1, 1, 1, [1, 2, 3, 4]), (2, 2, 1, BOX)]),
    )
    found = voc_boxes(tmp_path / "data", "coco", tmp_path / "out")
    assert {name: boxes for name, boxes in found.items() if boxes} == {
        "p/1.jpg": [("x", EDGES)], "q/1.jpg": [("x", (1, 2, 4, 6))],
    }  # fmt: skip
    lost = [one for one in check(str(tmp_path / "data")).findings if one.lost]
    assert [(one.code, one.lost) for one in lost] == [("path-leaves-root", 1)]


def test_names_with_a_dot_in_front_are_found_by_inspect_and_register(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image(tmp_path / "data/imgs/a.png")
    write(tmp_path / "data/labels/x.json", coco([(1, "./imgs/a.png")], [(1, 1, 1, BOX)]))
    assert inspect(str(tmp_path / "data")).usable
    register = ["register", "Pets", "--root", tmp_path / "data", "--framework", "all", "--dry-run"]
    assert run_cli(capsys, *register).returncode in (0, 1)
    refused = run_cli(capsys, *register, "--layout", "custom-voc")
    assert refused.stderr.rstrip().endswith("; use --layout coco")


def test_a_missing_image_named_by_a_url_is_written_under_the_path_in_it(tmp_path: Path) -> None:
    image(tmp_path / "data/other.jpg")
    url = "https://example.org/data/a.jpg"
    write(
        tmp_path / "data/x.json",
        coco([(1, url), (2, "other.jpg")], [(1, 1, 1, BOX)]),
    )
    assert codes(tmp_path / "data") == ["image-missing"]
    assert "data/a.jpg" in voc_boxes(tmp_path / "data", "coco", tmp_path / "out")


def test_no_image_at_all_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(
        tmp_path / "annotations/instances_train.json",
        coco([(1, "a.jpg"), (2, "b.jpg")], [(1, 1, 1, BOX)]),
    )
    done = run_cli(capsys, "check", tmp_path)
    assert (done.returncode, "error image-missing" in done.stdout) == (1, True)


def official(folder: Path) -> None:
    for split, first in (("train2017", 1), ("val2017", 101)):
        ids = (first, first + 1)
        images = [(number, f"{number:012d}.jpg") for number in ids]
        for _, name in images:
            image(folder / split / name)
        marked = [(1, ids[0], 1, BOX), (2, ids[0], 2, BOX), (3, ids[1], 1, BOX)]
        listed = coco(images, [])["images"]
        contents = {
            "instances": coco(images, marked, ("person", "car")),
            "person_keypoints": coco(images, [one for one in marked if one[2] == 1], ("person",)),
            "captions": {"images": listed, "annotations": [{"id": 1, "caption": "A person."}]},
            "panoptic": {
                "images": listed,
                "annotations": [{"image_id": ids[0], "segments_info": [{"category_id": 1}]}],
                "categories": [{"id": 1, "name": "person", "isthing": 1}],
            },
        }
        for kind, content in contents.items():
            write(folder / f"annotations/{kind}_{split}.json", content)


def test_the_official_folder_is_one_dataset(tmp_path: Path) -> None:
    data = tmp_path / "data"
    official(data)
    found = check(str(data)).findings
    assert [one.code for one in found] == ["other-task"] * 3
    assert all(one.severity == "note" for one in found)
    (part,) = inspect(str(data)).parts
    assert part.splits == {"train": 2, "val": 2}
    assert part.classes == {"person": {"train": 2, "val": 2}, "car": {"train": 1, "val": 1}}
    boxes = voc_boxes(data, "coco", tmp_path / "out")
    assert sorted(boxes) == [
        *(f"train2017/{number:012d}.jpg" for number in (1, 2)),
        *(f"val2017/{number:012d}.jpg" for number in (101, 102)),
    ]
    assert sum(map(len, boxes.values())) == 6


def test_a_named_file_of_another_task_is_read(tmp_path: Path) -> None:
    official(tmp_path)
    (part,) = inspect(str(tmp_path / "annotations/person_keypoints_val2017.json")).parts
    assert part.splits == {"val": 2}


def test_a_panoptic_file_alone_is_named(tmp_path: Path) -> None:
    official(tmp_path)
    for path in (tmp_path / "annotations").glob("[!p]*"):
        path.unlink()
    for path in (tmp_path / "annotations").glob("person*"):
        path.unlink()
    with pytest.raises(InputError, match="panoptic segmentation"):
        check(str(tmp_path))


def test_lvis_names_its_images_by_url(tmp_path: Path) -> None:
    names = ["train2017/000000000009.jpg", "val2017/000000000025.jpg"]
    content = coco([], [(1, 9, 1, BOX), (2, 25, 2, BOX)], ("aerosol_can", "airplane"))
    for number, name in zip((9, 25), names, strict=True):
        image(tmp_path / "data" / name)
        url = f"http://images.cocodataset.org/{name}"
        content["images"].append({"id": number, "coco_url": url, "width": 64, "height": 48})
    write(tmp_path / "data/lvis_v1_train.json", content)
    assert voc_boxes(tmp_path / "data", "coco", tmp_path / "out") == {
        names[0]: [("aerosol_can", EDGES)],
        names[1]: [("airplane", EDGES)],
    }


def test_every_command_that_inspect_prints_for_renamed_images_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        image(tmp_path / f"data/images/{number}.jpg")
    content = coco([(k, f"{k}") for k in range(4)], [(k, k, 1, BOX) for k in range(4)])
    write(tmp_path / "data/x.json", content)
    monkeypatch.chdir(tmp_path)
    (part,) = inspect("data").parts
    first, second = part.commands
    assert run_cli(capsys, *first.split()[1:]).returncode == 0
    done = run_cli(capsys, *second.split()[1:], "--dry-run")
    assert done.returncode == 0, done
    assert json.loads((tmp_path / "data/x.json").read_text())["images"] == content["images"]


def test_boxes_that_cvat_turned(tmp_path: Path) -> None:
    """20 wide and 100 high around the centre (250, 210)."""
    data = tmp_path / "data"
    image(data / "a.jpg", (640, 480))
    turned = [(1, 1, 1, [200, 200, 100, 20], {"attributes": {"rotation": 90.0}})]
    content = coco([(1, "a.jpg", {"width": 640, "height": 480})], turned)
    write(data / "instances_default.json", content)
    (finding,) = check(str(data)).findings
    assert (finding.code, "turned by 90 degrees" in finding.message) == ("rotated-box", True)
    assert voc_boxes(data, "coco", tmp_path / "a") == {"a.jpg": [("x", (200, 200, 300, 220))]}
    options = {"rotated": "outline"}
    found = voc_boxes(data, "coco", tmp_path / "b", read_options=options)
    assert found == {"a.jpg": [("x", (240, 160, 260, 260))]}
