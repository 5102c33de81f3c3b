"""What is known about a folder of YOLO text files before its label files are read."""

from __future__ import annotations

import msgspec

from dataforge.formats.base import Part
from dataforge.formats.yolo.class_names import (
    is_name_list,
    names_in_lists,
    names_in_yaml,
    other_names,
)
from dataforge.formats.yolo.dataset_yaml import DatasetYaml, find_yaml
from dataforge.formats.yolo.pose import Pose, pose_of
from dataforge.formats.yolo.splits import (
    Places,
    Splits,
    listed_splits,
    splits_by_folder,
    splits_in_yaml,
    united,
)
from dataforge.io import Root, is_image


class Dataset(msgspec.Struct, frozen=True):
    """What is known about a dataset before its label files are read.

    Attributes:
        described: its YAML file, if there is one.
        file: the source of the names, or empty.
        names: class number -> name; None if unknown.
        splits: split -> its images, in order; None is the single split of all images.
        pose: what the file says of keypoints; None if it has no ``kpt_shape``.
        lists: text files that are not label files.
    """

    described: DatasetYaml | None
    file: str
    names: dict[int, str] | None
    splits: Splits
    pose: Pose | None
    lists: set[str]


def find_data(root: Root, wanted: str | None) -> Part[Dataset]:
    """Find out what there is, with findings.

    Args:
        root: the folder.
        wanted: the YAML file to use, relative to the folder.

    Raises:
        InputError: `wanted` does not exist, or does not describe a dataset.
    """
    described = yield from find_yaml(root, wanted)
    lists = {file for file in root.files() if is_name_list(file)}
    places = Places(root, described)
    if described:
        file, pose = described.file, pose_of(described.table)
        names = yield from names_in_yaml(described)
    else:
        pose = None
        file, names = names_in_lists(root, lists)
    if names:
        yield from other_names(root, lists, file, names)
    if described:
        splits = yield from splits_in_yaml(described, places, lists)
    else:
        splits = listed_splits(places, lists)
    if not any(splits.values()):
        splits = splits_by_folder([*filter(is_image, root.files())])
    splits = yield from united(splits, file)
    return Dataset(described, file, names, splits, pose, lists)
