"""What a smoke run leaves to look at: a page, and pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from dataforge.errors import DataforgeError, MissingDependencyError, plural
from dataforge.frameworks import BuiltDataset, Detections, Truth, palette
from dataforge.verbs.evaluate import (
    Evaluated,
    Loss,
    Material,
    Page,
    SplitCounts,
    Verdict,
    evaluate_material,
    material_of,
    write_page,
)
from dataforge.verbs.smoke.plots import contact_sheet, loss_curve
from dataforge.verbs.smoke.proof import choose_images, duration
from dataforge.verbs.smoke.report import Proof, SmokeOptions, SmokeReport

PAGE = "report.html"

SHOWN_IMAGES = 12
"""Images that are drawn where nothing was trained."""

_MOST_BAD = 500
"""Bad images that the page lists."""

_WORDS = {
    "proved": ("Proved", "good"),
    "not proved": ("Not proved", "bad"),
    "refused": ("Refused", "bad"),
    "ready": ("Ready", "good"),
    "interrupted": ("Interrupted", "warn"),
}


_BY_HEART = (
    "On the images that it was trained on: what it has learned by heart. Averages by pycocotools, "
    "on the boxes that training gets."
)


class Seen(msgspec.Struct):
    """What a run has come to know, for its pictures.

    Attributes:
        train: the training set, as far as it builds.
        detections: in the images of the proof.
    """

    train: BuiltDataset | None = None
    detections: Sequence[Detections] = ()


def draw_ground_truth(seen: Seen, path: Path) -> None:
    """Draw some images with the boxes that the dataset class returns for training."""
    if seen.train is None:
        return
    dataset = _lenient(seen.train)
    images = [
        (dataset.images[index].path, list(zip(*dataset.truth(index), strict=True)))
        for index in choose_images(dataset, SHOWN_IMAGES)
    ]
    if images:
        contact_sheet(path, images, dataset.classes, palette(len(dataset.classes)))


def draw(
    report: SmokeReport, name: str, seen: Seen, options: SmokeOptions, log: Callable[[str], None]
) -> None:
    """Draw the loss curve, if there is one, and write the page; `name` is the config's."""
    title = f"{name}: {report.verdict}"
    if report.proof is not None and report.proof.losses:
        curve = options.work_dir / "loss_curve.png"
        try:
            loss_curve(curve, report.proof.losses, report.proof.ap50, options.target, title)
        except MissingDependencyError as error:
            log(f"no {curve.name}: {error}; {PAGE} has the curve")
    try:
        material, evaluated = _material(report, seen)
        page = _page(report, title, material, evaluated, options)
        write_page(options.work_dir, page, material, evaluated, force=True, index=PAGE)
    except DataforgeError as error:  # the report is more than its page
        log(f"no {PAGE}: {error}")


def _lenient(dataset: BuiltDataset) -> BuiltDataset:
    """The dataset, with no objects where its class raises."""

    def truth(index: int) -> Truth:
        try:
            return dataset.truth(index)
        except Exception:  # noqa: BLE001 - a finding says what is wrong
            return Truth([], [])

    return msgspec.structs.replace(dataset, truth=truth)


def _material(report: SmokeReport, seen: Seen) -> tuple[Material, Evaluated | None]:
    """The images to show, and what was found in them."""
    if seen.train is None:
        return Material(classes=report.classes, images=[], marked=[], found=[]), None
    dataset = _lenient(seen.train)
    if report.proof is not None and report.proof.images:
        wanted = {name: number for number, name in enumerate(report.proof.images)}
        indices = [at for at, image in enumerate(dataset.images) if image.name in wanted]
        chosen = sorted(indices, key=lambda at: wanted[dataset.images[at].name])[: len(wanted)]
    else:
        chosen = choose_images(dataset, SHOWN_IMAGES)
    found = seen.detections if len(seen.detections) == len(chosen) else None
    material = material_of(dataset, chosen, found)
    return material, evaluate_material(material, [report.config]) if found else None


def _page(
    report: SmokeReport,
    title: str,
    material: Material,
    evaluated: Evaluated | None,
    options: SmokeOptions,
) -> Page:
    word, tone = _WORDS[report.verdict]
    shown = plural(len(material.images), "image")
    trained = (
        f"The {shown} of the proof. What is there, as the dataset class gives it to training, "
        "is at the left."
        if evaluated
        else f"{shown} of the training set, with the boxes that training gets: look whether they "
        "are right."
    )
    return Page(
        title=title,
        verb="smoke",
        verdict=Verdict(word, tone, _sentence(report), [*_reasons(report)]),  # type: ignore[arg-type]
        facts=_facts(report),
        cannot_see=_cannot_see(report, material),
        loss=_loss(report, options),
        counts=_counts(report, material.classes),
        dropped=_dropped(report),
        findings=[
            *((one.severity, one.code, str(one)) for one in report.findings),
            *(
                ("error", "image", f"{bad.path}: {bad.fault}")
                for bad in report.bad_images[:_MOST_BAD]
            ),
        ],
        about_classes=_BY_HEART if evaluated else "",
        about_pictures=trained,
    )


def _loss(report: SmokeReport, options: SmokeOptions) -> Loss | None:
    proof = report.proof
    if proof is None or not proof.losses:
        return None
    return Loss(
        losses=proof.losses,
        ap50=[*proof.ap50.items()],
        target=report.target,
        about=_trained(report, proof, options),
    )


def _counts(report: SmokeReport, classes: Sequence[str]) -> list[SplitCounts]:
    return [
        SplitCounts(
            split,
            count.images,
            count.images_kept,
            [count.marked.get(name, 0) for name in classes],
            [count.kept.get(name, 0) for name in classes],
        )
        for split, count in report.counts.items()
    ]


def _dropped(report: SmokeReport) -> list[str]:
    """Why objects are not used, in sentences."""
    return [
        f"{split}: {plural(number, 'object')} not used: {reason}"
        + (f" ({report.rules[reason]})" if reason in report.rules else "")
        for split, count in report.counts.items()
        for reason, number in count.dropped.items()
    ]


def _reasons(report: SmokeReport) -> Sequence[str]:
    rest = len(report.reasons) - 20
    return [*report.reasons[:20], *([f"and {rest} more"] if rest > 0 else [])]


def _sentence(report: SmokeReport) -> str:
    proof = report.proof
    if report.verdict == "proved" and proof is not None:
        return (
            f"The config's own detector finds the objects of {plural(len(proof.images), 'image')} "
            f"that it was trained on for {proof.iterations} iterations: AP50 {report.ap50:.3f}, "
            f"from the checkpoint that it has written."
        )
    if report.verdict == "ready":
        return "The preflight has found no errors. Nothing was trained."
    if report.verdict == "refused":
        return "The preflight has found what would spoil or stop a training. Nothing was trained."
    if report.verdict == "interrupted":
        done = proof.iterations if proof is not None else 0
        return (
            f"The run was interrupted after {plural(done, 'iteration')}; this is what it had found."
        )
    return "The config's own detector has not learned its own images. Why:"


def _facts(report: SmokeReport) -> list[tuple[str, str]]:
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    facts = [
        ("Config", report.config),
        ("Framework", report.framework),
        ("Device", report.device),
        ("Operators", report.operators),
        ("Classes", ", ".join(report.classes)),
        ("Time", duration(report.seconds)),
        ("Versions", versions),
    ]
    return [(name, value) for name, value in facts if value]


def _trained(report: SmokeReport, proof: Proof, options: SmokeOptions) -> str:
    """What was trained on what."""
    start = f"from {options.weights}" if options.weights else "from random weights, with GroupNorm"
    left = ""
    if proof.left_out:
        left = f" Without the config's augmentations {', '.join(proof.left_out)}."
    return (
        f"The detector of {report.config}, {start}, on {plural(len(proof.images), 'image')} of its "
        f"training set, scaled to {proof.size} pixels, {min(options.batch, len(proof.images))} an "
        f"iteration: {proof.iterations} iterations of {proof.seconds_per_iteration:.3g} s.{left}"
    )


def _cannot_see(report: SmokeReport, material: Material) -> list[str]:
    """What has not been looked at, in sentences."""
    proof = report.proof
    if report.verdict == "refused":
        return []
    limits = [
        "Wrong labels: a detector learns them as well as right ones. So look at the boxes below.",
        "A shift that all boxes have in common, for the same reason.",
    ]
    if proof is None or not proof.losses:
        return [*limits, "Whether the detector learns: nothing was trained."]
    limits.append(
        f"Images that it has not seen: it knows {plural(len(proof.images), 'image')} by heart, "
        "which says nothing of others. That takes a training, and dataforge evaluate."
    )
    limits.append(
        "The config's schedule, learning rate, augmentation and image size: the proof has others."
    )
    there = {one.label for of_one in material.marked for one in of_one}
    absent = [name for label, name in enumerate(material.classes) if label not in there]
    if absent:
        named = ", ".join(absent[:10]) + (", ..." if len(absent) > 10 else "")
        limits.append(f"Classes that none of these images has: {named}.")
    return limits
