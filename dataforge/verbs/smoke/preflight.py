"""Checks a training config before anything is trained."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from dataforge.errors import plural
from dataforge.findings import Finding
from dataforge.frameworks import BuiltDataset, TrainingConfig
from dataforge.verbs.smoke.findings import does_not_build, finding
from dataforge.verbs.smoke.report import SmokeReport
from dataforge.verbs.smoke.split import SplitCheck

SPLITS = ("train", "val", "test")


def preflight(
    config: TrainingConfig,
    report: SmokeReport,
    drawn: dict[str, BuiltDataset] | None = None,
    log: Callable[[str], None] = lambda text: None,
) -> dict[str, BuiltDataset]:
    """Fill in the report's classes, rules, counts and findings; bad data raises nothing.

    Args:
        drawn: gets what there is to be drawn of each split, also of one that cannot be used.
        log: called from time to time with what is done.

    Returns:
        Split -> its first dataset as it is used, for the splits that could be built.
    """
    findings = report.findings
    report.rules = dict(config.rules)
    built: dict[str, BuiltDataset] = {}
    for split in SPLITS:
        parts = config.parts(split)
        if not parts:
            findings.append(
                finding(
                    "no-split",
                    config.where(split),
                    "the config does not have this split",
                    f"train.py evaluates on {config.where('val')} and test.py on "
                    f"{config.where('test')}: add it",
                    "error" if split == "train" else "warning",
                )
            )
        elif split != "test" or not config.same("test", "val"):
            check = SplitCheck(config, split, report, log)
            findings += check.check(parts, built)
            if drawn is not None and (first := built.get(split) or check.whole):
                drawn[split] = first
    if "train" not in built:
        return built
    report.classes = list(built["train"].classes)
    for split, dataset in built.items():
        if list(dataset.classes) != report.classes:
            message = f"has the classes {dataset.classes}, but train has {tuple(report.classes)}"
            findings.append(finding("classes-differ", config.where(split), message))
    findings += check_model(config, report.classes)
    return built


def check_model(config: TrainingConfig, classes: Iterable[str]) -> Iterator[Finding]:
    """Whether the config's model builds, and every head has as many classes as the dataset.

    The heads are taken from the built model: one whose config does not set it has the framework's
    default.
    """
    names = list(classes)
    try:
        heads = config.heads()
    except Exception as error:  # noqa: BLE001 - a config may ask for anything
        yield does_not_build(config, "model", error, "model-does-not-build")
        return
    for operator, places in config.lacking().items():
        more = f" and in {plural(len(places) - 1, 'more place')}" if len(places) > 1 else ""
        yield finding(
            "operator-missing",
            places[0],
            f"the model needs {operator}{more}, an operator that this mmcv has not compiled, and "
            "torchvision has none in its place",
            "install an mmcv with its compiled operators, or use a model that needs none",
        )
    wanted = len(names) + config.background
    counted = "the background" if config.background else "no background"
    for place, number in heads:
        if number != wanted:
            yield finding(
                "num-classes",
                place,
                f"num_classes is {number}, but the dataset has {plural(len(names), 'class')} "
                f"({', '.join(names)})",
                f"set it to {wanted}; {config.title} counts {counted}",
            )
