"""The page of an evaluation, and of a smoke run: numbers, and images with what was found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from dataforge.datasets import Progress
from dataforge.errors import ParseError
from dataforge.io import asset, staged
from dataforge.pages import Picture, copy_page, picture, refuse_foreign, write_script
from dataforge.verbs.evaluate.material import Detected, Marked, Material, Pictured
from dataforge.verbs.evaluate.report import KINDS
from dataforge.verbs.evaluate.run import Evaluated

FOLDER = "evaluation"
"""Beside the page: what it needs."""

_SIDE = 1280
"""Longest side of the images of a page, pixels."""

Tone = Literal["good", "bad", "warn"]


class Verdict(msgspec.Struct, frozen=True):
    """What has come out, in words.

    Attributes:
        word: a word or two.
        tone: how it looks.
        text: a sentence.
        reasons: why.
    """

    word: str
    tone: Tone
    text: str
    reasons: list[str] = []


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """The curve of a training.

    Attributes:
        losses: of each iteration.
        ap50: (iteration, AP50) of each evaluation.
        target: AP50 to reach.
        about: what was trained on what.
    """

    losses: list[float]
    ap50: list[tuple[int, float]]
    target: float
    about: str


class SplitCounts(msgspec.Struct, frozen=True):
    """Objects of a split by label: annotated, and used by the framework."""

    split: str
    images: int
    images_kept: int
    marked: list[int]
    kept: list[int]


class Page(msgspec.Struct, kw_only=True):
    """What stands on a page, in its order; what is empty is left out.

    Attributes:
        title: of the page.
        verb: that made it.
        verdict: what has come out.
        facts: (name, value).
        notes: sentences.
        cannot_see: what has not been looked at, in sentences.
        loss: the curve of a training.
        counts: what the splits have.
        dropped: why objects are not used, in sentences.
        findings: (severity, code, text).
        about_classes: what the numbers of the classes are about.
        about_pictures: which images are shown.
    """

    title: str
    verb: str
    verdict: Verdict | None = None
    facts: list[tuple[str, str]] = []
    notes: list[str] = []
    cannot_see: list[str] = []
    loss: Loss | None = None
    counts: list[SplitCounts] = []
    dropped: list[str] = []
    findings: list[tuple[str, str, str]] = []
    about_classes: str = ""
    about_pictures: str = ""


def write_page(
    out: Path,
    page: Page,
    material: Material,
    evaluated: Evaluated | None = None,
    shown: Iterable[int] | None = None,
    *,
    force: bool,
    index: str = "index.html",
    progress: Progress | None = None,
) -> Path:
    """Write a page that opens from disk, with copies of the images that it shows.

    Args:
        out: folder to write `index` and a folder ``evaluation`` to.
        page: texts and curves.
        material: what is there, and what was found if it is `evaluated`.
        evaluated: the numbers.
        shown: indices of the images to show; None for all.
        force: overwrite an earlier page.
        index: name of the HTML file.
        progress: see `dataforge.datasets.Progress`.

    Returns:
        The path of the HTML file.

    Raises:
        OutputError: a page exists and is not to be overwritten, or cannot be written.
    """
    if force:
        refuse_foreign(out / FOLDER)
    chosen = [*(range(len(material.images)) if shown is None else shown)]
    with staged(out, [out / index, out / FOLDER], force=force) as stage:
        copy_page(asset("verbs", "evaluate", "page"), stage, FOLDER, index)
        pictures = _pictures(stage / FOLDER, material, evaluated, chosen, progress)
        data: dict[str, Any] = {
            "version": 1,
            **msgspec.to_builtins(page),
            "cannotSee": page.cannot_see,
            "aboutClasses": page.about_classes,
            "pictures": {**pictures, "about": page.about_pictures},
            "pictured": chosen,
            "classes": material.classes,
            "kinds": [*KINDS.items()],
            "evaluation": msgspec.to_builtins(evaluated.report) if evaluated else None,
            "confusions": evaluated.confusions if evaluated else [],
        }
        write_script(stage / FOLDER / "data" / "index.js", "index", data)
    return out / index


def _pictures(
    home: Path,
    material: Material,
    evaluated: Evaluated | None,
    chosen: Sequence[int],
    progress: Progress | None,
) -> dict[str, Any]:
    """Write the images; returns what the page knows of them, a list for each column."""
    for name in ("thumbs", "images"):
        (home / name).mkdir()
    made: dict[str, Any] = {
        name: [] for name in ("names", "widths", "heights", "shown", "faults", "there")
    }
    for number, image in enumerate(chosen):
        listed = material.images[image]
        drawn = _picture(listed)
        if drawn.thumbnail:
            (home / "thumbs" / f"{number}.jpg").write_bytes(drawn.thumbnail)
            (home / "images" / f"{number}.jpg").write_bytes(drawn.copy)
        width, height = drawn.size or (listed.width, listed.height)
        made["names"].append(listed.name)
        made["widths"].append(width)
        made["heights"].append(height)
        made["shown"].append(bool(drawn.thumbnail))
        made["faults"].append(drawn.fault[:500])
        made["there"].append([_there(one) for one in material.marked[image]])
        if progress:
            progress(number + 1, len(chosen), "pictures")
    made["found"] = evaluated and _found(evaluated, chosen)
    return made


def _picture(image: Pictured) -> Picture:
    if image.opened is None:
        return Picture(fault="it is not known where the image is")
    try:
        with image.opened() as stream:
            return picture(stream, copy=True, copy_side=_SIDE)
    except ParseError as error:
        return Picture(fault=error.message)
    except FileNotFoundError:
        return Picture(fault="the image file does not exist")
    except OSError as error:
        return Picture(fault=error.strerror or str(error))


def _there(one: Marked) -> list[Any]:
    """Class, box, flags and form, as pages draw objects."""
    return [one.label, _rounded(one.box), int(one.crowd), _form(one.mask)]


def _found(evaluated: Evaluated, chosen: Sequence[int]) -> list[list[list[Any]]]:
    """The same for detections, with score, the object that each has found, and its mistake."""
    kinds = {(one.image, one.detection): one.kind for one in evaluated.analysis.wrong}
    made = []
    for image in chosen:
        counted, of = evaluated.analysis.matches[image]
        there = set(counted)
        made.append(
            [
                [
                    *_drawn(one),
                    round(one.score, 4),
                    of.get(at, -1),
                    kinds.get((image, at), "") if at in there else "ignored",
                ]
                for at, one in enumerate(evaluated.material.found[image])
            ]
        )
    return made


def _drawn(one: Detected) -> list[Any]:
    return [one.label, _rounded(one.box), 0, _form(one.mask)]


def _form(mask: Any) -> list[Any] | None:
    return mask and [*mask["size"], mask["counts"].decode()]


def _rounded(box: Sequence[float]) -> list[float]:
    return [round(value, 2) for value in box]
