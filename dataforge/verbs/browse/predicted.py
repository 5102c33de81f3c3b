"""What a detector found in the images of a dataset, from a file of COCO results."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from dataforge.datasets import Seen
from dataforge.errors import InputError, UsageError, masked, plural
from dataforge.findings import Place
from dataforge.formats import Texts
from dataforge.formats.coco import ImageNames
from dataforge.io import MAX_COCO_BYTES, Root, is_url, read_file
from dataforge.records import Image
from dataforge.verbs.evaluate import (
    Detected,
    Predictions,
    look_at_results,
    of_which,
    read_predictions,
)


class Predicted(msgspec.Struct, frozen=True):
    """Detections, by the images of the dataset.

    Attributes:
        classes: names in the order of their labels.
        by_place: place of an image -> the detections in it.
        notes: what is not shown, in words.
    """

    classes: list[str] = []
    by_place: dict[tuple[str, str], list[Detected]] = {}
    notes: list[str] = []

    def of(self, image: Image) -> list[Detected]:
        """What was found in an image."""
        return self.by_place.get(_key(image.file_name, image.place), [])

    @property
    def number(self) -> int:
        """Number of detections."""
        return sum(map(len, self.by_place.values()))


def predicted(
    root: Root, images: Sequence[Seen], results: str, annotations: str | None
) -> Predicted:
    """The detections of a file of results.

    Args:
        root: folder of the dataset.
        images: of the dataset.
        results: path of the file.
        annotations: path of the COCO file that it is of; None for one of the dataset.

    Raises:
        UsageError: a URL is given.
        InputError: a file cannot be read; or it is not known what the results are of, or they are
            of no image of the dataset.
    """
    for path in (results, annotations or ""):
        if is_url(path):
            raise UsageError(f"{masked(path)}: name a file on this machine")
    own = ""
    if annotations is None:
        own = _own(root, results)
        annotations = os.path.join(root.location, own)
    else:
        own = _below(root, annotations)
    found = read_predictions(Path(annotations), Path(results))
    keys = _by_place(found, own, images) or _by_name(found, images)
    made = {key: of_one for key, of_one in keys.items() if of_one}
    shown = sum(map(len, made.values()))
    if found.number and not made:
        raise InputError(f"{results}: none of its images is in the dataset")
    left = found.number - shown
    notes = [f"{results}: {note}" for note in found.notes]
    if left:
        notes.append(f"{results}: {plural(left, 'prediction')} in images that are not shown")
    return Predicted(found.classes, made, notes)


def _own(root: Root, results: str) -> str:
    """Which COCO file of a dataset results are of."""
    if root.remote:
        raise UsageError("name the COCO file that the results are of with --ground-truth")
    given = read_file(Path(results), MAX_COCO_BYTES)
    names = [root.only] if root.only is not None else Texts(root).coco
    candidates = {name: root.look(name, MAX_COCO_BYTES) for name in names}
    return of_which(look_at_results(given, candidates, results), results)


def _below(root: Root, path: str) -> str:
    """The name of a file in a dataset; empty if it is elsewhere."""
    if root.remote:
        return ""
    relative = os.path.relpath(os.path.realpath(path), os.path.realpath(root.location))
    return "" if relative.startswith("..") else relative.replace(os.sep, "/")


def _key(file_name: str, place: Place) -> tuple[str, str]:
    return file_name, str(place)


def _by_place(
    found: Predictions, own: str, images: Iterable[Seen]
) -> dict[tuple[str, str], list[Detected]]:
    """Of the images that were read from the file that the results are of."""
    at = {(own, pointer): number for number, pointer in enumerate(found.places)}
    return {
        _key(seen.file_name, seen.place): found.found[number]
        for seen in images
        if (number := at.get((seen.place.file, seen.place.pointer))) is not None
    }


def _by_name(found: Predictions, images: Sequence[Seen]) -> dict[tuple[str, str], list[Detected]]:
    """Of the images that have the names, each once."""
    names = ImageNames([seen.file_name for seen in images])
    made: dict[tuple[str, str], list[Detected]] = {}
    for name, of_one in zip(found.names, found.found, strict=True):
        if (at := names.find(name)) is not None:
            made.setdefault(_key(images[at].file_name, images[at].place), []).extend(of_one)
    return made
