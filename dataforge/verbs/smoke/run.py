"""One smoke run: preflight, proof, and their output files."""

from __future__ import annotations

import os
import re
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from dataforge import __version__
from dataforge.errors import (
    DataforgeError,
    InputError,
    MissingDependencyError,
    OutputError,
    UsageError,
)
from dataforge.frameworks import (
    Adapter,
    BuiltDataset,
    TrainingConfig,
    framework_of,
    palette,
)
from dataforge.io import installed_versions, write_report
from dataforge.shell import keeping_variables
from dataforge.verbs.smoke.plots import contact_sheet, loss_curve
from dataforge.verbs.smoke.preflight import preflight
from dataforge.verbs.smoke.proof import choose_images, prove
from dataforge.verbs.smoke.report import SmokeOptions, SmokeReport
from dataforge.verbs.smoke.stated import stated

DOCTOR = "`dataforge doctor` explains"
_ENVIRONMENT = re.compile(
    r"C\+\+ ops|operator \w+::\w+ does not exist|implementation for device|no kernel image|"
    r"Numpy is not available|CUDA driver|numpy.*has no attribute"
)
"""In errors that come from what is installed, and not from config or data."""

SHOWN_IMAGES = 12
OUTPUTS = ("smoke_report.json", "loss_curve.png", "ground_truth.png", "proof.pth")


def smoke(config: Path, options: SmokeOptions, log: Callable[[str], None]) -> SmokeReport:
    """Prove a config; writes smoke_report.json and loss_curve.png into `options.work_dir`.

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
    # torch's DataParallel uses every visible GPU, whatever the config says.
    with _hidden_gpus() if options.device == "cpu" else nullcontext():
        report = _proved(config, framework.name, adapter, options, log)
    report.seconds = round(time.perf_counter() - started, 1)
    write_report(options.work_dir / "smoke_report.json", report)
    if report.proof is not None and report.proof.losses:
        title = f"{config.stem}: {report.verdict}"
        curve = options.work_dir / "loss_curve.png"
        loss_curve(curve, report.proof.losses, report.proof.ap50, options.target, title)
    return report


def _proved(
    config: Path,
    framework: str,
    adapter: Adapter,
    options: SmokeOptions,
    log: Callable[[str], None],
) -> SmokeReport:
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
    log(f"preflight of {config}")
    if adapter.operators.reason:
        log(f"operators: {adapter.operators}")
    try:
        loaded = adapter.load(config)
    except InputError as error:
        report.reasons = [str(error)]
    else:
        datasets = preflight(loaded, report)
        report.findings += [*stated(config, report.findings)]
        report.reasons = [
            str(finding) for finding in report.findings if finding.severity == "error"
        ]
        if not report.reasons:
            draw_ground_truth(datasets["train"], options.work_dir / "ground_truth.png")
        if not report.reasons and options.preflight_only:
            report.verdict = "ready"
        elif not report.reasons:
            log(f"preflight passed; proof on {report.device}")
            run_proof(loaded, datasets["train"], options, device, report, log)
            report.verdict = "not proved" if report.reasons else "proved"
    return report


@contextmanager
def _hidden_gpus() -> Iterator[None]:
    """No GPU for torch, if it is imported inside, nor for processes that are started inside."""
    with keeping_variables("CUDA_VISIBLE_DEVICES"):
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
        yield


@contextmanager
def explained() -> Iterator[None]:
    """Import a framework: what fails, as an environment may fail in any way, says who explains it.

    Raises:
        DataforgeError: what is raised inside, as a MissingDependencyError if it is one.
    """
    try:
        yield
    except MissingDependencyError as error:
        raise MissingDependencyError(f"{error}; {DOCTOR}") from error
    except (InputError, UsageError):  # of the config or the call
        raise
    except DataforgeError as error:
        raise DataforgeError(f"{error}; {DOCTOR}") from error
    except Exception as error:
        message = f"the framework cannot be imported: {type(error).__name__}: {error}"
        raise DataforgeError(f"{message}; {DOCTOR}") from error


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


def prepare_device(adapter: Adapter, wanted: str) -> str:
    """`cuda` or `cpu`.

    Raises:
        InputError: CUDA is requested but not available.
        MissingDependencyError: the framework is not installed.
    """
    adapter.require()
    import torch

    if wanted == "cpu" or (wanted == "auto" and not torch.cuda.is_available()):
        return "cpu"
    if not torch.cuda.is_available():
        raise InputError(f"--device cuda: torch finds no GPU; use --device cpu, or {DOCTOR}")
    return "cuda"


def describe_device(device: str) -> str:
    """``cpu (2 threads)`` or the GPU's name."""
    import torch

    if device == "cpu":
        return f"cpu ({torch.get_num_threads()} threads)"
    return str(torch.cuda.get_device_name(0))


def versions(adapter: Adapter) -> dict[str, str]:
    """Package -> version, for packages that affect a run."""
    packages = [*adapter.packages, "torch", "torchvision", "numpy", "pycocotools"]
    return {"dataforge": __version__, **installed_versions(packages)}


def draw_ground_truth(dataset: BuiltDataset, path: Path) -> None:
    """Draw some images with the boxes that the dataset class returns for training."""
    images = [
        (dataset.images[index].path, list(zip(*dataset.truth(index), strict=True)))
        for index in choose_images(dataset, SHOWN_IMAGES)
    ]
    contact_sheet(path, images, dataset.classes, palette(len(dataset.classes)))


def run_proof(
    config: TrainingConfig,
    dataset: BuiltDataset,
    options: SmokeOptions,
    device: str,
    report: SmokeReport,
    log: Callable[[str], None],
) -> None:
    """Run the proof; errors of the framework become reasons."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old mmcv with new torch: pages of them
        try:
            prove(config, dataset, options, device, report, log)
        except DataforgeError as error:
            report.reasons.append(str(error))
        except Exception as error:  # noqa: BLE001 - detectors are other people's
            explain = isinstance(error, ImportError) or _ENVIRONMENT.search(str(error))
            hint = f"; {DOCTOR}" if explain else ""
            report.reasons.append(f"training stopped: {type(error).__name__}: {error}{hint}")


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
