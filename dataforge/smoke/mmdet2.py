"""Smoke run for mmdetection 2.x: loads the config, runs the preflight, then the proof."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from dataforge.codegen.spec import palette
from dataforge.errors import DataforgeError, InputError, MissingDependencyError, OutputError
from dataforge.fileio import write_json
from dataforge.plots import contact_sheet, loss_curve
from dataforge.records import Finding
from dataforge.smoke._report import SmokeOptions, SmokeReport
from dataforge.smoke.mmdet2_model import quiet
from dataforge.smoke.mmdet2_preflight import preflight
from dataforge.smoke.mmdet2_proof import choose_images, prove

SHOWN_IMAGES = 12
PACKAGES = ("dataforge", "mmdet", "mmcv-full", "torch", "torchvision", "numpy", "pycocotools")


def smoke(config: Path, options: SmokeOptions, log: Callable[[str], None]) -> SmokeReport:
    """See `dataforge.smoke.smoke`."""
    started = time.perf_counter()
    if options.weights is not None and not options.weights.is_file():
        raise InputError(f"--weights {options.weights}: no such file")
    clear_work_dir(options.work_dir)
    device = prepare_device(options.device)
    with quiet():
        import mmdet.apis  # noqa: F401 - says a great deal when it is first imported

    report = SmokeReport(
        target=options.target,
        config=str(config),
        framework="mmdet2",
        device=describe_device(device),
        seed=options.seed,
        versions=versions(),
    )
    log(f"preflight of {config}")
    try:
        cfg = load_config(config)
    except InputError as error:
        report.reasons = [str(error)]
    else:
        datasets = preflight(cfg, report)
        report.reasons = [str(finding) for finding in report.findings if is_error(finding)]
        if not report.reasons:
            draw_ground_truth(datasets["train"], options.work_dir / "ground_truth.png")
        if not report.reasons and options.preflight_only:
            report.verdict = "ready"
        elif not report.reasons:
            log(f"preflight passed; proof on {report.device}")
            run_proof(cfg, options, device, report, log)
            report.verdict = "not proved" if report.reasons else "proved"
    report.seconds = round(time.perf_counter() - started, 1)
    write_json(options.work_dir / "smoke_report.json", report)
    if report.proof is not None and report.proof.losses:
        title = f"{config.stem}: {report.verdict}"
        curve = options.work_dir / "loss_curve.png"
        loss_curve(curve, report.proof.losses, report.proof.ap50, options.target, title)
    return report


OUTPUTS = ("smoke_report.json", "loss_curve.png", "ground_truth.png", "proof.pth")


def clear_work_dir(work_dir: Path) -> None:
    """Make the folder, and take an earlier run's results out of it: they would pass for this one's.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        work_dir.mkdir(parents=True, exist_ok=True)
        for name in OUTPUTS:
            (work_dir / name).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{work_dir}: cannot be written: {error.strerror or error}") from error


def run_proof(
    cfg: Any, options: SmokeOptions, device: str, report: SmokeReport, log: Callable[[str], None]
) -> None:
    """Prove; what mmdet raises on the way becomes a reason."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old mmcv on new torch, a page of them
        try:
            prove(cfg, options, device, report, log)
        except DataforgeError as error:
            report.reasons.append(str(error))
        except Exception as error:  # noqa: BLE001 - detectors are other people's
            report.reasons.append(f"training stopped: {type(error).__name__}: {error}")


def draw_ground_truth(dataset: Any, path: Path) -> None:
    """Draw some images with the boxes that the dataset class hands to training."""
    chosen = choose_images(dataset, SHOWN_IMAGES)
    images = []
    for index in chosen:
        annotation = dataset.get_ann_info(index)
        boxes = zip(annotation["labels"].tolist(), annotation["bboxes"].tolist(), strict=True)
        file = Path(dataset.img_prefix or "") / dataset.data_infos[index]["filename"]
        images.append((file, [(label, (x0, y0, x1, y1)) for label, (x0, y0, x1, y1) in boxes]))
    contact_sheet(path, images, dataset.CLASSES, palette(len(dataset.CLASSES)))


def is_error(finding: Finding) -> bool:
    """Whether a finding stops the proof."""
    return finding.severity == "error"


def prepare_device(wanted: str) -> str:
    """`cuda` or `cpu`, with torch set up for it.

    Raises:
        InputError: CUDA is asked for and is not there.
    """
    if wanted == "cpu":
        # torch's DataParallel takes every GPU that it can see, whatever the config says.
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    require_mmdet()
    import torch

    if wanted == "cpu" or (wanted == "auto" and not torch.cuda.is_available()):
        return "cpu"
    if not torch.cuda.is_available():
        raise InputError("--device cuda: torch sees no GPU; --device cpu does without")
    adapt_mmcv_streams()
    return "cuda"


def adapt_mmcv_streams() -> None:
    """Let mmcv 1.7's scatter work with torch 2.1 and later.

    mmcv 1.7.2 parallel/_functions.py:75 hands device numbers to torch's `_get_stream`, which has
    wanted a `torch.device` since torch 2.1 (mmdetection issue 10720).
    """
    import mmcv.parallel._functions as functions
    import torch

    original = functions._get_stream
    if getattr(original, "takes_numbers", False):
        return

    def get_stream(device: Any) -> Any:
        if isinstance(device, int):
            device = torch.device("cpu") if device < 0 else torch.device("cuda", device)
        return original(device)

    get_stream.takes_numbers = True  # type: ignore[attr-defined]
    functions._get_stream = get_stream


def require_mmdet() -> None:
    """Raise MissingDependencyError where mmdetection 2.x is not installed."""
    try:
        version = metadata.version("mmdet")
    except metadata.PackageNotFoundError as error:
        raise MissingDependencyError(
            "smoke needs mmdet 2.28 and mmcv-full 1.7 in the Python that runs dataforge; "
            "CONTRIBUTING.md says how they are built"
        ) from error
    if not version.startswith("2."):
        raise DataforgeError(f"mmdet {version} is installed; this config wants mmdet 2.x")


def describe_device(device: str) -> str:
    """``cpu (2 threads)`` or the GPU's name."""
    import torch

    if device == "cpu":
        return f"cpu ({torch.get_num_threads()} threads)"
    return str(torch.cuda.get_device_name(0))


def versions() -> dict[str, str]:
    """Package -> version, of what matters to a run."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def load_config(path: Path) -> Any:
    """The config as mmdet's own train.py makes it.

    Raises:
        InputError: it does not load, with mmcv's reason or what lies behind it.
    """
    from mmcv import Config
    from mmdet.utils import replace_cfg_vals, update_data_root

    try:
        with quiet():
            cfg = replace_cfg_vals(Config.fromfile(str(path)))
            update_data_root(cfg)
    except Exception as error:
        cause: BaseException | None = error
        while cause is not None and not str(cause):  # mmcv 1.x raises a bare ImportError
            cause = cause.__cause__ or cause.__context__
        hint = ""
        if isinstance(cause, ImportError):
            hint = "; is the dataset registered for this Python? (dataforge register)"
        kind = type(cause or error).__name__
        raise InputError(f"{path}: the config does not load: {kind}: {cause}{hint}") from error
    missing = [key for key in ("model", "data") if key not in cfg]
    if missing:
        raise InputError(
            f"{path}: no training config of mmdet 2: it has no {' and no '.join(missing)}"
        )
    return cfg
