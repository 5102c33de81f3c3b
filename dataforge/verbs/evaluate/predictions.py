"""A file of COCO results: what it is of, and what is in it."""

from __future__ import annotations

import os
from collections.abc import Container, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from dataforge.errors import InputError, ParseError, plural
from dataforge.formats import COCO_RESULTS, Texts
from dataforge.formats.coco import ById, GroundTruth, decoded
from dataforge.io import MAX_COCO_BYTES, Root, read_file
from dataforge.shell import command_line, path_word
from dataforge.verbs.evaluate.box_forms import said_of_boxes
from dataforge.verbs.evaluate.material import Detected
from dataforge.verbs.evaluate.reading import Reader, Result, Truth, of_other_type


class Predictions(msgspec.Struct, kw_only=True):
    """What was found in the images of a COCO file.

    Attributes:
        classes: names in the order of their labels.
        places: of the images in their file, JSON pointers.
        names: of the images, as listed.
        found: the detections in each image.
        notes: what was left out, in words.
    """

    classes: list[str]
    places: list[str]
    names: list[str]
    found: list[list[Detected]]
    notes: list[str] = []

    @property
    def number(self) -> int:
        """Number of detections."""
        return sum(map(len, self.found))


def read_predictions(annotations: Path, results: Path) -> Predictions:
    """The detections in a file of COCO results, with masks where they have any.

    Args:
        annotations: the COCO file that they are of.
        results: cocodataset.org/#format-results.

    Raises:
        InputError: a file cannot be read, or no result is of an image and category of the other.
    """
    notes: list[str] = []
    data = read_file(annotations, MAX_COCO_BYTES)
    truth = decoded(data, GroundTruth, str(annotations), notes)
    reader = Reader(Truth(images=truth.images, categories=truth.categories), outlines=True)
    given = decoded(read_file(results, MAX_COCO_BYTES), list[Result], str(results), notes)
    found = reader.found(given, str(results))
    firsts: dict[ById, int] = {}
    for at, image in enumerate(truth.images):
        firsts.setdefault(image.id, at)
    return Predictions(
        classes=reader.classes,
        places=[f"$.images[{firsts[id_]}]" for id_ in reader.images],
        names=reader.names,
        found=found,
        notes=[*notes, *reader.notes],
    )


class Match(NamedTuple):
    """How results and a COCO file go together.

    Attributes:
        annotations: name of the COCO file.
        images: number of its images with results.
        no_image, no_category: results whose image, or category, it does not have.
        other_type: what the ids of images are, if it has the same ids of the other type.
    """

    annotations: str
    images: int
    no_image: int
    no_category: int
    other_type: str


class ResultsFile(NamedTuple):
    """A file of results.

    Attributes:
        number: of the results.
        boxes: what is said of boxes that seem to be of another form; empty for none.
        matches: the COCO files that they may be of, the best first; as good ones in their order.
    """

    number: int
    boxes: str
    matches: list[Match]

    @property
    def of(self) -> Match | None:
        """What they are of; None if that is not known."""
        if not self.number and len(self.matches) == 1:
            return self.matches[0]
        fitting = [one for one in self.matches if one.images]
        if not fitting or (len(fitting) > 1 and _faults(fitting[1]) == _faults(fitting[0])):
            return None
        return fitting[0]


def look_at_results(results: bytes, candidates: Mapping[str, bytes], name: str) -> ResultsFile:
    """What a file of results may be of.

    Args:
        results: its content.
        candidates: name -> content of COCO files.
        name: of the results.

    Raises:
        ParseError: they cannot be read.
    """
    given = decoded(results, list[Result], name, [])
    matches = []
    sizes: dict[ById, tuple[float, float]] = {}
    for file, data in candidates.items():
        try:
            truth = decoded(data, GroundTruth, file, [])
        except ParseError:
            continue
        images, categories = ({one.id for one in all_} for all_ in (truth.images, truth.categories))
        ids = {one.image_id for one in given}
        sizes |= {one.id: (one.width or 0, one.height or 0) for one in truth.images}
        strange = next((one.image_id for one in given if one.image_id not in images), None)
        matches.append(
            Match(
                file,
                len(ids & images),
                sum(one.image_id not in images for one in given),
                sum(one.category_id not in categories for one in given),
                _other_type(strange, images),
            )
        )
    matches.sort(key=_faults)
    boxes = said_of_boxes(((one.image_id, one.bbox) for one in given), sizes)
    return ResultsFile(len(given), boxes, matches)


def _other_type(id_: ById | None, known: Container[ById]) -> str:
    if id_ is None or of_other_type(id_, known) is None:
        return ""
    return "text" if isinstance(id_, str) else "numbers"


def _faults(match: Match) -> int:
    return match.no_image + match.no_category


class InFolder(msgspec.Struct, frozen=True):
    """A file of results in a folder.

    Attributes:
        file: its path, relative to the folder.
        said: what it is, in a sentence.
        commands: what can be done with it.
    """

    file: str
    said: str
    commands: list[str] = []

    def __str__(self) -> str:
        return f"{self.file}: {self.said}"


_MOST_FILES = 20
"""Files of results in a folder that are looked into."""


def results_in(root: Root, texts: Texts) -> list[InFolder]:
    """The files of results in a folder; none if a single file was named."""
    if root.only is not None:
        return []
    names = sorted(name for name, row in texts.documents.items() if row.name == COCO_RESULTS)
    candidates: dict[str, bytes] = {}
    for name in texts.coco if names else ():
        with suppress(ParseError):
            candidates[name] = root.look(name, MAX_COCO_BYTES)
    made = []
    for name in names[:_MOST_FILES]:
        try:
            found = look_at_results(root.look(name, MAX_COCO_BYTES), candidates, name)
        except ParseError as error:
            made.append(InFolder(name, f"COCO results that cannot be read: {error.message}"))
            continue
        made.append(InFolder(name, _said(found), _commands(root, name, found)))
    return made


def _said(found: ResultsFile) -> str:
    match = found.of
    number = plural(found.number, "prediction")
    boxes = f"; {found.boxes}" * bool(found.boxes)
    if match is None:
        fitting = [one.annotations for one in found.matches if one.images]
        if fitting:
            return f"{number}, with the image ids of {', '.join(fitting[:5])} alike{boxes}"
        if retyped := [one for one in found.matches if one.other_type]:
            which = (
                f"their image ids are {retyped[0].other_type}, unlike in {retyped[0].annotations}"
            )
        elif found.matches:
            which = "no COCO file here has their image ids"
        else:
            which = "the COCO file that they are of is not here"
        return f"{number}; {which}"
    of = f"{number} in {plural(match.images, 'image')} of {match.annotations}"
    parts = [
        f"{plural(count, 'prediction')} with {what} id that it does not have"
        for count, what in ((match.no_image, "an image"), (match.no_category, "a category"))
        if count
    ]
    return "; ".join([of, *parts]) + boxes


def _commands(root: Root, name: str, found: ResultsFile) -> list[str]:
    """How to evaluate and to see them, if that is known."""
    match = found.of
    if match is None or root.remote:
        return []
    truth, results = (path_word(os.path.join(root.location, one))
                      for one in (match.annotations, name))  # fmt: skip
    which = ["--ground-truth", truth] if len(found.matches) > 1 else []
    words = [
        ["dataforge", "evaluate", "--annotations", truth, results],
        ["dataforge", "browse", path_word(root.named), "--results", results, *which],
    ]
    commands = [command_line(*one, *root.flags * (one[1] == "browse")) for one in words]
    return commands if all(commands) else []


def of_which(found: ResultsFile, results: str) -> str:
    """The COCO file that results are of.

    Raises:
        InputError: none fits, or several do.
    """
    if (match := found.of) is not None:
        return match.annotations
    fitting = [one.annotations for one in found.matches if one.images]
    if fitting:
        raise InputError(
            f"{results}: its ids may be those of {', '.join(fitting[:5])}: name the file that it "
            "is of with --ground-truth"
        )
    raise InputError(
        f"{results}: none of its image ids is in a COCO file of the dataset: name the file that it "
        "is of with --ground-truth"
    )
