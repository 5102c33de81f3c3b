"""Which split the folders of a file name; expected values by hand."""

from __future__ import annotations

import pytest

from dataforge.formats.split_names import split_of_folders, split_of_words


@pytest.mark.parametrize(
    ("names", "whole", "words"),
    [
        (("train/a.txt",), "train", "train"),
        (("Valid/labels/a.txt",), "val", "val"),
        (("train/val/a.txt",), "val", "val"),
        (("train.txt",), None, None),
        (("a/train.txt", "test/a.jpg"), "test", "test"),
        (("val/a.txt", "test/a.jpg"), "val", "val"),
        (("VisDrone2019-DET-test-dev/images/a.jpg",), None, "test"),
        (("Train_Task2_gt/trainset_reclabelTxt/a.txt",), None, "train"),
        (("train_station_oct_2005/a.xml",), None, "train"),
        (("latest/a.txt",), None, None),
        ((), None, None),
    ],
)
def test_the_closest_folder_counts(
    names: tuple[str, ...], whole: str | None, words: str | None
) -> None:
    assert (split_of_folders(*names), split_of_words(*names)) == (whole, words)
