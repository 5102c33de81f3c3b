"""One smoke run: preflight, proof, and their output files."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

from dataforge import __version__
from dataforge.errors import (
    DataforgeError,
    InputError,
    OutputError,
)
from dataforge.frameworks import (
    DOCTOR,
    Adapter,
    BuiltDataset,
    Detections,
    TrainingConfig,
    describe_device,
    explained,
    framework_of,
    hidden_gpus,
    prepare_device,
)
from dataforge.interrupts import Interrupted
from dataforge.io import installed_versions, write_report
from dataforge.verbs.smoke.preflight import preflight
from dataforge.verbs.smoke.proof import prove
from dataforge.verbs.smoke.report import SmokeOptions, SmokeReport
from dataforge.verbs.smoke.shown import PAGE, Seen, draw, draw_ground_truth
from dataforge.verbs.smoke.stated import stated

_ENVIRONMENT = re.compile(
    r"C\+\+ ops|operator \w+::\w+ does not exist|implementation for device|no kernel image|"
    r"Numpy is not available|CUDA driver|numpy.*has no attribute"
)
"""In errors that come from what is installed, and not from config or data."""

OUTPUTS = ("smoke_report.json", PAGE, "loss_curve.png", "ground_truth.png", "proof.pth")


def smoke(config: Path, options: SmokeOptions, log: Callable[[str], None]) -> SmokeReport:
    """Prove a config; writes a report, its page and pictures into `options.work_dir`.

    A run that is interrupted leaves a report, too.

    Args:
        config: a training config of mmdetection 2.x or 3.x, or the `train.py` that `register`
            generates for torchvision; recognised by its text.
        options: see `SmokeOptions`.
        log: called with one line of progress at a time.

    Returns:
        The report; `verdict` is `proved`, `not proved`, or `refused` if the preflight failed.

    Raises:
        InputError: the file does not exist.
        MissingDependencyError: the framework is not installed.
        DataforgeError: it cannot be imported.
    """
    if not config.is_file():
        raise InputError(f"{config}: no such config")
    started = time.perf_counter()
    if options.weights is not None and not options.weights.is_file():
        raise InputError(f"--checkpoint {options.weights}: no such file")
    with explained():
        framework = framework_of(config)
        adapter = framework.adapter()
    clear_work_dir(options.work_dir)
    seen = Seen()
    # torch's DataParallel uses every visible GPU, whatever the config says.
    with hidden_gpus() if options.device == "cpu" else nullcontext():
        report, device = _begun(config, framework.name, adapter, options)
        try:
            _prove(config, adapter, device, report, seen, options, log)
        except (Interrupted, KeyboardInterrupt):
            report.verdict = "interrupted"
            report.reasons.append("the run was interrupted")
            _leave(report, seen, started, options, log)
            raise
    _leave(report, seen, started, options, log)
    return report


def _leave(
    report: SmokeReport,
    seen: Seen,
    started: float,
    options: SmokeOptions,
    log: Callable[[str], None],
) -> None:
    """Write the report, then its pictures."""
    report.seconds = round(time.perf_counter() - started, 1)
    write_report(options.work_dir / "smoke_report.json", report)
    draw(report, _name(Path(report.config)), seen, options, log)


def _begun(
    config: Path, framework: str, adapter: Adapter, options: SmokeOptions
) -> tuple[SmokeReport, str]:
    """A report that says what runs where, and the device."""
    with explained():
        device = prepare_device(adapter, options.device)
        adapter.prepare(device)
    report = SmokeReport(
        target=options.target,
        config=str(config),
        framework=framework,
        device=describe_device(device),
        operators=adapter.operators.of,
        operators_reason=adapter.operators.reason,
        seed=options.seed,
        versions=versions(adapter),
    )
    return report, device


def _prove(
    config: Path,
    adapter: Adapter,
    device: str,
    report: SmokeReport,
    seen: Seen,
    options: SmokeOptions,
    log: Callable[[str], None],
) -> None:
    """The preflight, pictures of the ground truth, and the proof; fills in report and `seen`."""
    log(f"preflight of {config}")
    if adapter.operators.reason:
        log(f"operators: {adapter.operators}")
    try:
        loaded = adapter.load(config)
    except InputError as error:
        report.reasons = [str(error)]
        return
    drawn: dict[str, BuiltDataset] = {}
    datasets = preflight(loaded, report, drawn, log)
    seen.train = drawn.get("train")
    report.findings += [*stated(config, report.findings)]
    report.reasons = [str(finding) for finding in report.findings if finding.severity == "error"]
    if not report.classes and seen.train is not None:
        report.classes = list(seen.train.classes)
    draw_ground_truth(seen, options.work_dir / "ground_truth.png")
    if not report.reasons and options.preflight_only:
        report.verdict = "ready"
    elif not report.reasons:
        log(f"preflight passed; proof on {report.device}")
        seen.detections = run_proof(loaded, datasets["train"], options, device, report, log)
        report.verdict = "not proved" if report.reasons else "proved"


def clear_work_dir(work_dir: Path) -> None:
    """Create the folder, and remove an earlier run's results, which could be mistaken for new ones.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        work_dir.mkdir(parents=True, exist_ok=True)
        for name in OUTPUTS:
            (work_dir / name).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{work_dir}: cannot be written: {error.strerror or error}") from error


def versions(adapter: Adapter) -> dict[str, str]:
    """Package -> version, for packages that affect a run."""
    packages = [*adapter.packages, "torch", "torchvision", "numpy", "pycocotools"]
    return {"dataforge": __version__, **installed_versions(packages)}


def run_proof(
    config: TrainingConfig,
    dataset: BuiltDataset,
    options: SmokeOptions,
    device: str,
    report: SmokeReport,
    log: Callable[[str], None],
) -> Sequence[Detections]:
    """Run the proof; errors of the framework become reasons. Returns what `prove` does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old mmcv with new torch: pages of them
        try:
            return prove(config, dataset, options, device, report, log)
        except DataforgeError as error:
            report.reasons.append(str(error))
        except Exception as error:  # noqa: BLE001 - detectors are other people's
            explain = isinstance(error, ImportError) or _ENVIRONMENT.search(str(error))
            hint = f"; {DOCTOR}" if explain else ""
            report.reasons.append(f"training stopped: {type(error).__name__}: {error}{hint}")
    return ()


def own_folder(config: Path) -> Path:
    """The folder for a config's results in the working directory.

    Raises:
        OutputError: it is a link, which may be part of a dataset.
    """
    folder = Path("work_dirs") / f"{_name(config)}_smoke"
    for path in (folder.parent, folder):
        if path.is_symlink():
            raise OutputError(f"{path} is a link; to write where it leads, use --work-dir {folder}")
    return folder


def _name(config: Path) -> str:
    """A distinctive name for a config; every script from `register` is called train.py."""
    return config.resolve().parent.name if config.name == "train.py" else config.stem
