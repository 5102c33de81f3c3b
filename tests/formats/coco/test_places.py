"""Which images a COCO file's names mean: those nearest the file, and no other file's."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from dataforge.layouts import CocoImages, FoundImages, of_other_tasks, path_of_url


def found(names: Sequence[str], file: str, wanted: Sequence[str]) -> FoundImages:
    """The images of a file, where every JSON file is a COCO file."""
    return CocoImages(names, lambda name: True).of(file, wanted)


TASKS = [
    *(f"task_{task}/images/default/{k}.png" for task in (1, 2) for k in (0, 1)),
    *(f"task_{task}/annotations/instances_default.json" for task in (1, 2)),
]


@pytest.mark.parametrize("task", ["task_1", "task_2"])
def test_images_below_the_folder_of_the_file_are_its_own(task: str) -> None:
    file = f"{task}/annotations/instances_default.json"
    assert found(TASKS, file, ["0.png", "1.png"]) == FoundImages(f"{task}/images/default/")


def test_missing_images_are_not_those_of_a_nearer_file() -> None:
    names = [name for name in TASKS if not name.startswith("task_1/images/")]
    file = "task_1/annotations/instances_default.json"
    assert found(names, file, ["0.png", "1.png"]) == FoundImages("", {})
    assert found([*names, "task_1/images/default/0.png"], file, ["0.png", "1.png"]) == FoundImages(
        "task_1/images/default/", {}
    )


def test_another_json_near_the_images_does_not_matter() -> None:
    names = ["train/a.jpg", "train/meta.json", "annotations/train.json"]
    images = CocoImages(names, lambda name: name != "train/meta.json")
    assert images.of("annotations/train.json", ["a.jpg"]) == FoundImages("train/")


@pytest.mark.parametrize(
    ("file", "folder"),
    [
        ("annotations/cam1.json", "images/cam1/"),
        ("annotations/cam2.json", "images/cam2/"),
        ("annotations/instances_val2017.json", "val2017/"),
        ("annotations/instances_train2017.json", "train2017/"),
        ("valid/_annotations.coco.json", "valid/"),
        ("train/_annotations.coco.json", "train/"),
    ],
)
def test_files_of_equal_names_belong_to_the_file_of_the_most_common_words(
    file: str, folder: str
) -> None:
    folders = ("images/cam1/", "images/cam2/", "train2017/", "val2017/", "train/", "valid/")
    names = [f"{one}{name}" for one in folders for name in ("a.jpg", "b.jpg")]
    names.remove(f"{folder}b.jpg")  # another folder has more of them
    jsons = [
        *(f"annotations/{name}.json" for name in ("cam1", "cam2")),
        *(f"annotations/instances_{name}2017.json" for name in ("train", "val")),
        *(f"{name}/_annotations.coco.json" for name in ("train", "valid")),
    ]
    assert found([*names, *jsons], file, ["a.jpg", "b.jpg"]) == FoundImages(folder)


def test_one_file_for_all_splits_finds_the_images_of_all() -> None:
    jsons = [f"annotations/{name}.json" for name in ("all", "train", "val")]
    names = ["train/a.jpg", "val/b.jpg", *jsons]
    assert found(names, "annotations/all.json", ["a.jpg", "b.jpg"]) == FoundImages(
        "val/", {"a.jpg": "train/a.jpg"}
    )


def test_folders_with_an_equal_claim_are_named() -> None:
    names = ["big/a.jpg", "small/a.jpg", "x.json"]
    assert found(names, "x.json", ["a.jpg"]) == FoundImages("big/", {}, ("small/",))


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("000001", "images/000001.jpg"),  # without extension
        ("000001.png", "images/000001.jpg"),  # with another one
        ("old/place/000001.jpg", "images/000001.jpg"),  # in another folder
        ("/home/me/000001.jpg", "images/000001.jpg"),
        (r"C:\data\000001.jpg", "images/000001.jpg"),
        ("https://example.org/data/000001.jpg?X-Amz-Expires=900", "images/000001.jpg"),
        ("s3://bucket/old/000001.jpg", "images/000001.jpg"),
        ("my%20photo%20%281%29.jpg", "images/my photo (1).jpg"),
        ("cafe\u0301.jpg", "images/caf\u00e9.jpg"),  # decomposed, as on macOS
        ("IMG_1.JPG", "images/img_1.jpg"),
        ("v1.0", "images/v1.0.jpg"),  # a dot that starts no extension
    ],
)
def test_a_name_that_can_mean_one_image_only(written: str, name: str) -> None:
    names = ["000001.jpg", "my photo (1).jpg", "caf\u00e9.jpg", "img_1.jpg", "v1.0.jpg", "b.jpg"]
    files = [*(f"images/{one}" for one in names), "x.json"]
    assert found(files, "x.json", [written, "b.jpg"]) == FoundImages("images/", {written: name})


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("a", ["images/a.jpg", "images/a.png"]),  # two extensions
        ("c/a.jpg", ["images/x/a.jpg", "images/y/a.jpg"]),  # two folders
        ("A.jpg", ["images/a.jpg", "images/a.JPG"]),  # two cases
        ("b", ["images/b.jpg"]),  # the image of another entry
    ],
)
def test_a_name_that_can_mean_several_images_means_none(written: str, names: list[str]) -> None:
    assert found([*names, "images/b.jpg", "x.json"], "x.json", ["b.jpg", written]).others == {}


def test_two_names_do_not_share_an_image() -> None:
    names = ["images/a.jpg", "images/b.jpg", "x.json"]
    assert found(names, "x.json", ["b.jpg", "cam1/a.jpg", "cam2/a.jpg"]).others == {}


def test_the_folders_in_a_name_tell_images_apart() -> None:
    names = ["images/cam1/a.jpg", "images/cam2/a.jpg", "x.json"]
    assert found(names, "x.json", ["data/cam1/a", "data/cam2/a"]).others == {
        "data/cam1/a": "images/cam1/a.jpg",
        "data/cam2/a": "images/cam2/a.jpg",
    }


def test_names_relative_to_a_named_folder() -> None:
    images = CocoImages(["a.jpg", "sub/b.jpg"], lambda name: False)
    assert images.in_root(["a.jpg", "b"]) == FoundImages("", {"b": "sub/b.jpg"})


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://images.cocodataset.org/val2017/000000000025.jpg", "val2017/000000000025.jpg"),
        ("https://example.org/a%20b.jpg?x=1#y", "a b.jpg"),
        ("https:/a.jpg", "https:/a.jpg"),
        ("a%20b.jpg", "a%20b.jpg"),
    ],
)
def test_path_of_url(url: str, path: str) -> None:
    assert path_of_url(url) == path


def test_files_of_other_tasks_are_those_beside_instances() -> None:
    names = [
        "instances_val2017.json",
        "stuff_val2017.json",
        "captions_train2017.json",
        "sub/panoptic_val2017.json",
    ]
    assert of_other_tasks(names) == {"stuff_val2017.json": "stuff"}
