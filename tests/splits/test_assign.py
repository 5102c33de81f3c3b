"""Assigning images: exact numbers, whole groups, classes in proportion, nothing moved."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataforge.errors import UsageError
from dataforge.splits.assign import assign, grouping

NAMES = [f"{number:03}.jpg" for number in range(100)]


@pytest.mark.parametrize(
    ("count", "ratios", "wanted"),
    [
        (100, {"train": 0.8, "val": 0.2}, {"train": 80, "val": 20}),
        (100, {"a": 0.29, "b": 0.71}, {"a": 29, "b": 71}),  # 100 * 0.29 is 28.999999999999996
        (10, {"a": 0.34, "b": 0.33, "c": 0.33}, {"a": 4, "b": 3, "c": 3}),  # 3.4 3.3 3.3
        (14, {"train": 0.8, "val": 0.2}, {"train": 11, "val": 3}),  # 11.2 and 2.8
        (10, {"a": 0.98, "b": 0.01, "c": 0.01}, {"a": 8, "b": 1, "c": 1}),  # at least one each
        (2, {"a": 0.99, "b": 0.01}, {"a": 1, "b": 1}),
    ],
)
def test_split_sizes_are_exact(
    count: int, ratios: dict[str, float], wanted: dict[str, int]
) -> None:
    assert Counter(assign(NAMES[:count], ratios, seed=0).values()) == wanted


def test_fewer_images_than_splits() -> None:
    with pytest.raises(UsageError, match="1 image cannot fill 2 splits"):
        assign(["a"], {"train": 0.5, "val": 0.5}, seed=0)


@given(st.permutations(NAMES[:20]))
def test_the_order_of_the_files_does_not_matter(names: list[str]) -> None:
    ratios = {"train": 0.6, "val": 0.4}
    assert assign(names, ratios, seed=3) == assign(NAMES[:20], ratios, seed=3)


def test_assignment_depends_on_the_seed() -> None:
    ratios = {"train": 0.5, "val": 0.5}
    assert assign(NAMES, ratios, seed=0) != assign(NAMES, ratios, seed=1)


def test_adding_an_image_moves_few() -> None:
    """The rank of an image is its own hash, so a new image shifts the border by one at most."""
    ratios = {"train": 0.5, "val": 0.5}
    before, after = assign(NAMES[:98], ratios, 0), assign(NAMES[:99], ratios, 0)
    assert sum(before[name] != after[name] for name in before) <= 1


# Groups ----------------------------------------------------------------------------------------


def sizes(sides: dict[str, str]) -> dict[str, int]:
    return dict(Counter(sides.values()))


def frames(**videos: int) -> list[str]:
    return [
        f"{video}/{number:03}.jpg" for video, count in videos.items() for number in range(count)
    ]


by_folder = grouping(r"^([^/]+)/")


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 30), min_size=3),
    st.integers(0, 5),
    st.booleans(),
)
def test_groups_are_never_divided_and_no_split_is_empty(
    videos: dict[str, int], seed: int, stratify: bool
) -> None:
    names = frames(**videos)
    labels = {name: {name[0]: 1, "x": int(name[2:5])} for name in names} if stratify else None
    sides = assign(names, {"a": 0.7, "b": 0.2, "c": 0.1}, seed, group=by_folder, labels=labels)
    assert sides.keys() == set(names)
    assert len({(name[0], side) for name, side in sides.items()}) == len(videos)
    assert {*sides.values()} == {"a", "b", "c"}


def test_groups_are_assigned_largest_first() -> None:
    ratios = {"train": 0.6, "val": 0.4}
    names = frames(a=30, b=20, c=20, d=20, e=10)
    # 60 and 40: a to train (30 left), one of 20 to val (20), one to train (10), one to val, e
    sides = assign(names, ratios, 0, group=by_folder)
    assert sizes(sides) == {"train": 60, "val": 40}
    # single images fill what the groups leave, to the image
    names = [*frames(a=30, b=25), *NAMES[:45]]
    assert sizes(assign(names, ratios, 0, group=by_folder)) == {"train": 60, "val": 40}


def test_oversized_group_leaves_images_for_other_splits() -> None:
    names = [*frames(a=100), "b", "c"]
    sides = assign(names, {"x": 0.5, "y": 0.3, "z": 0.2}, 0, group=by_folder)
    assert sizes(sides) == {"x": 100, "y": 1, "z": 1}


def test_fewer_groups_than_splits() -> None:
    with pytest.raises(UsageError, match="1 group cannot fill 2 splits"):
        assign(frames(a=9), {"train": 0.5, "val": 0.5}, 0, group=by_folder)


def test_grouping() -> None:
    assert grouping(None)("a") is None
    assert grouping(r"video\d+")("in/video12_003.jpg") == "video12"  # the whole match
    assert grouping(r"(video\d+)_|x")("video12_003.jpg") == "video12"
    assert grouping(r"(video\d+)_|x")("x.jpg") is None  # the group took no part
    assert grouping(r"video\d+")("photo.jpg") is None
    with pytest.raises(UsageError, match=r"--group-by \(: missing \)"):
        grouping("(")


def test_group_and_image_with_one_name_are_distinct() -> None:
    names = ["a", "a/1", "a/2"]
    sides = assign(names, {"x": 0.67, "y": 0.33}, 0, group=by_folder)
    assert sides["a/1"] == sides["a/2"] != sides["a"]


# Classes ---------------------------------------------------------------------------------------


def share(labels: dict[str, dict[str, int]], sides: dict[str, str], label: str) -> dict[str, int]:
    found: Counter[str] = Counter()
    for name, side in sides.items():
        found[side] += labels[name].get(label, 0)
    return dict(found)


def test_stratified_by_hand() -> None:
    """10 images, 2 of them with the rare class: one on each side, where chance might put both."""
    labels: dict[str, dict[str, int]] = {name: {"common": 1} for name in NAMES[:10]}
    labels[NAMES[3]] = {"common": 1, "rare": 1}
    labels[NAMES[7]] = {"common": 1, "rare": 1}
    for seed in range(20):
        sides = assign(labels, {"a": 0.5, "b": 0.5}, seed, labels=labels)
        assert share(labels, sides, "rare") == {"a": 1, "b": 1}
        assert share(labels, sides, "common") == {"a": 5, "b": 5}


def test_stratified_by_instances_and_not_by_images() -> None:
    """One image with 8 and eight with 1: by images 4.5 each, by instances 8 and 8."""
    labels = {name: {"cat": 1} for name in NAMES[:8]} | {NAMES[8]: {"cat": 8}}
    labels |= {name: {} for name in NAMES[9:16]}
    sides = assign(labels, {"a": 0.5, "b": 0.5}, 0, labels=labels)
    assert share(labels, sides, "cat") == {"a": 8, "b": 8}
    assert sizes(sides) == {"a": 8, "b": 8}  # the empty ones make up for it


@given(
    st.lists(st.dictionaries(st.sampled_from("xyz"), st.integers(1, 3)), min_size=10, max_size=60),
    st.integers(0, 3),
)
def test_stratifying_keeps_split_sizes_exact(marked: list[dict[str, int]], seed: int) -> None:
    labels = {f"{number}.jpg": counts for number, counts in enumerate(marked)}
    ratios = {"train": 0.6, "val": 0.3, "test": 0.1}
    stratified = assign(labels, ratios, seed, labels=labels)
    assert sizes(stratified) == sizes(assign(labels, ratios, seed))
    backwards = dict(reversed(labels.items()))
    assert assign(backwards, ratios, seed, labels=backwards) == stratified


def test_stratified_is_closer_than_random() -> None:
    """200 images, 5 classes from common to rare; the worst share is off by at most 2 %."""
    labels = {
        f"{n:03}": {c: 1 + n % 3 for c, every in zip("abcde", (1, 2, 4, 8, 20), strict=True)
                    if n % every == 0}
        for n in range(200)
    }  # fmt: skip
    ratios = {"train": 0.8, "val": 0.1, "test": 0.1}

    def worst(sides: dict[str, str]) -> float:
        return max(
            abs(share(labels, sides, label).get(split, 0) / total - ratio)
            for label in "abcde"
            for total in [sum(counts.get(label, 0) for counts in labels.values())]
            for split, ratio in ratios.items()
        )

    for seed in range(5):
        assert worst(assign(labels, ratios, seed, labels=labels)) <= 0.02
        assert worst(assign(labels, ratios, seed)) > 0.02


def test_a_groups_labels_are_summed() -> None:
    """Four videos with 4 cats each in some frame: two on each side."""
    names = frames(a=5, b=5, c=5, d=5)
    labels = {name: {"cat": 4} if name.endswith("000.jpg") else {} for name in names}
    for seed in range(10):
        sides = assign(names, {"x": 0.5, "y": 0.5}, seed, group=by_folder, labels=labels)
        assert share(labels, sides, "cat") == {"x": 8, "y": 8}


# What stands already ---------------------------------------------------------------------------


@given(st.integers(2, 40), st.integers(0, 60), st.booleans(), st.booleans())
def test_kept_images_never_move(before: int, more: int, stratify: bool, grouped: bool) -> None:
    names = [f"{number % 9}/{number:03}" for number in range(before + more)]
    labels = {name: {name[0]: 1} for name in names} if stratify else None
    group = by_folder if grouped else grouping(None)
    ratios = {"train": 0.8, "val": 0.2}
    kept = assign(names[:before], ratios, 0, labels=labels, group=group)
    grown = assign(names, {"train": 0.5, "val": 0.5}, 1, labels=labels, group=group, kept=kept)
    assert grown.keys() == set(names)
    assert grown | kept == grown
    if grouped:
        assert len({(name[0], side) for name, side in grown.items()}) == len({n[0] for n in names})


def test_new_images_restore_the_ratios() -> None:
    ratios = {"train": 0.8, "val": 0.2}
    kept = assign(NAMES[:10], ratios, 0)  # 8 and 2
    grown = assign(NAMES, ratios, 0, kept=kept)
    assert sizes(grown) == {"train": 80, "val": 20}
    # what went astray is made up for: 10 in train, so of 20 the 10 new ones are 6 and 4
    grown = assign(NAMES[:20], ratios, 0, kept=dict.fromkeys(NAMES[:10], "train"))
    assert sizes({name: grown[name] for name in NAMES[10:20]}) == {"train": 6, "val": 4}


def test_new_images_restore_the_class_ratios() -> None:
    labels = {name: {"cat": 1} if number % 2 else {"dog": 1} for number, name in enumerate(NAMES)}
    kept = dict.fromkeys(NAMES[1:20:2], "train")  # ten cats
    kept |= dict.fromkeys(NAMES[0:20:2], "val")  # ten dogs
    sides = assign(NAMES, {"train": 0.5, "val": 0.5}, 0, labels=labels, kept=kept)
    assert share(labels, sides, "cat") == share(labels, sides, "dog") == {"train": 25, "val": 25}


def test_new_frame_joins_its_group_even_if_old_frames_are_gone() -> None:
    kept = {"v1/000.jpg": "val", "v2/000.jpg": "train"}
    names = [f"v1/{number:03}.jpg" for number in range(1, 50)]
    sides = assign(names, {"train": 0.9, "val": 0.1}, 0, group=by_folder, kept=kept)
    assert {*sides.values()} == {"val"}
    assert sides.keys() == set(names)  # nothing is said of what is not there


def test_divided_group_grows_in_its_largest_split() -> None:
    kept = {"v/0": "train", "v/1": "val", "v/2": "val"}
    assert assign(["v/3"], {"train": 0.5, "val": 0.5}, 0, group=by_folder, kept=kept) == {
        "v/3": "val"
    }
