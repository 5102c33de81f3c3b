"""The evaluation of files of COCO, with its page."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from dataforge.datasets import Progress
from dataforge.errors import OutputError, ParseError, UsageError, masked, plural
from dataforge.io import NamedFile, is_url, without_file_scheme, write_text
from dataforge.pages import refuse_foreign
from dataforge.verbs.evaluate.build import FOLDER, Page, write_page
from dataforge.verbs.evaluate.material import Material, Pictured
from dataforge.verbs.evaluate.reading import read_coco
from dataforge.verbs.evaluate.report import Evaluation
from dataforge.verbs.evaluate.run import Evaluated, evaluate_material


class EvaluateOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How detections are evaluated, and what is shown.

    Attributes:
        out: folder of the page; None for none.
        most: images that the page shows; those with the costliest mistakes.
        score: 0 to 1, or to the highest score that there is; detections below it do not count in
            the confusion matrix; None for the score at which F1 is best.
        masks: compare masks instead of boxes.
        images: folder of the images of COCO files; None to look for it beside the annotations.
        force: overwrite an earlier page.
        results_out: file to write the detections to that were compared, as COCO results.
    """

    out: Path | None = None
    most: int = 100
    score: float | None = None
    masks: bool = False
    images: Path | None = None
    force: bool = False
    results_out: Path | None = None


def evaluate_results(
    annotations: str | os.PathLike[str],
    results: str | os.PathLike[str],
    options: EvaluateOptions | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Evaluate a file of COCO results.

    Args:
        annotations: an instances file.
        results: a list of detections, cocodataset.org/#format-results.
        options: see there.
        progress: see `dataforge.datasets.Progress`.

    Raises:
        UsageError: an option is invalid, or a URL is given.
        InputError: a file cannot be read, or none of its annotations or results can be compared.
        OutputError: a page exists and is not to be overwritten, or cannot be written.
    """
    options = options or EvaluateOptions()
    refuse_options(options)
    annotations, results = _local(annotations), _local(results)
    if progress:
        progress(0, 0, "reading")
    material = read_coco(annotations, results, images=options.images, masks=options.masks)
    if options.out is not None and not any(map(_is_there, material.images)):
        where = "" if options.images is None else f" in {options.images}"
        material.notes.append(
            f"no image file was found{where}; name the folder of the images with --images DIR"
        )
    scores = [one.score for found in material.found for one in found]
    refuse_score(options.score, scores)
    made = evaluate_material(material, [str(annotations), str(results)], options.score, progress)
    facts = [("Annotations", str(annotations)), ("Results", str(results))]
    return with_page(made, results.stem, facts, options, progress)


def _local(given: str | os.PathLike[str]) -> Path:
    text = without_file_scheme(os.fspath(given))
    if is_url(text):
        raise UsageError(f"{masked(text)}: name a file on this machine")
    return Path(text)


def _is_there(image: Pictured) -> bool:
    """Whether an image has a file, be it one that cannot be read."""
    if image.opened is None:
        return False
    try:
        with image.opened():
            return True
    except FileNotFoundError:
        return False
    except (OSError, ParseError):
        return True


def refuse_options(options: EvaluateOptions) -> None:
    """Refuse what cannot be, before anything is read.

    Raises:
        UsageError: an option is invalid.
        OutputError: a page exists and is not to be overwritten, or is none.
    """
    if options.most < 0:
        raise UsageError(f"most {options.most}: must be at least 0")
    path = options.results_out
    if path is not None and os.path.lexists(path) and not options.force:
        raise OutputError(f"{path} already exists; use --force to overwrite")
    if options.out is None:
        return
    for path in (options.out / "index.html", options.out / FOLDER):
        if os.path.lexists(path) and not options.force:
            raise OutputError(f"{path} already exists; use --force to overwrite")
    refuse_foreign(options.out / FOLDER)


def refuse_score(score: float | None, scores: Iterable[float] = ()) -> None:
    """Refuse a least score beyond the scores that there are, which are at least 0 to 1.

    Raises:
        UsageError: it is beyond them.
    """
    scores = [*scores]
    low, high = min([0.0, *scores]), max([1.0, *scores])
    if score is not None and not low <= score <= high:
        raise UsageError(f"--score {score:g}: must be from {low:g} to {high:g}")


def with_page(
    made: Evaluated,
    title: str,
    facts: list[tuple[str, str]],
    options: EvaluateOptions,
    progress: Progress | None = None,
) -> Evaluation:
    """The report of an evaluation; its page is written if one is wanted.

    Raises:
        OutputError: a page exists and is not to be overwritten, or cannot be written.
    """
    report = made.report
    if options.results_out is not None:
        file = NamedFile(options.results_out, force=options.force)
        _write_results(file, made.material)
        report = msgspec.structs.replace(report, results=str(options.results_out))
    if options.out is None:
        return report
    shown = _costliest_first(made, options.most)
    size = f"{plural(report.images, 'image')}, {plural(report.objects, 'object')}, "
    page = Page(
        title=title,
        verb="evaluate",
        facts=[*facts, ("Compared", f"{size}{plural(report.detections, 'detection')}; by "
                        f"{report.compared}")],
        notes=report.notes,
        about_classes="Averages by pycocotools, as COCO defines them. Precision and recall are "
        "those at the score where F1 is best, at IoU 0.5.",
        about_pictures=f"The {len(shown)} of {plural(report.images, 'image')} with the costliest "
        "mistakes first; what is there is at the left.",
    )  # fmt: skip
    path = write_page(
        options.out, page, made.material, made, shown, force=options.force, progress=progress
    )
    return msgspec.structs.replace(report, page=str(path))


def _write_results(file: NamedFile, material: Material) -> None:
    """Write detections as COCO's results: with the ids of the COCO file, else in order from 1."""
    images = material.image_ids or [*range(1, len(material.images) + 1)]
    categories = [*range(1, len(material.classes) + 1)]
    if material.image_ids:
        categories = material.category_ids
    entries = []
    for image, found in zip(images, material.found, strict=True):
        for one in found:
            if categories[one.label] is None:
                continue  # a class that the COCO file does not have
            x0, y0, x1, y1 = one.box
            entry = {
                "image_id": image,
                "category_id": categories[one.label],
                "bbox": [x0, y0, x1 - x0, y1 - y0],
                "score": one.score,
            }
            if one.mask is not None:
                counts = one.mask["counts"]
                text = counts.decode() if isinstance(counts, bytes) else counts
                entry["segmentation"] = {"size": [*one.mask["size"]], "counts": text}
            entries.append(msgspec.json.encode(entry).decode())
    write_text(file, "[\n" + ",\n".join(entries) + "\n]\n")


def _costliest_first(made: Evaluated, most: int) -> list[int]:
    """The images to show: those of the costliest mistakes, then the first others."""
    worst = (mistake.image for mistake in made.report.mistakes)
    return [*dict.fromkeys([*worst, *range(len(made.material.images))])][:most]
