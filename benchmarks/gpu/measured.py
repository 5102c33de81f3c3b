"""Runs a script or a module of a framework, and records what it took.

    python measured.py RECORD FRAMEWORK SCRIPT [ARGUMENT...]
    python measured.py RECORD FRAMEWORK -m MODULE [ARGUMENT...]

RECORD gets JSON: seconds, the peak of the GPU's memory, the device, the versions, and whose
operators served. mmdetection's own scripts run with torchvision's operators where mmcv has none.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import time
import traceback
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = (
    "torch", "torchvision", "numpy", "pycocotools", "opencv-python-headless", "mmdet", "mmcv",
    "mmcv-full", "mmcv-lite", "mmengine",
)  # fmt: skip


def main() -> int:
    record, framework, *command = sys.argv[1:]
    started = time.perf_counter()
    found: dict[str, Any] = {"operators": "torchvision"}
    peak = Peak()
    try:
        if framework != "torchvision" and command[0] != "-m":
            from dataforge.frameworks import operators

            found["operators"] = operators.serve().of
            code = run(lambda: operators.run_script(command))
        else:
            code = run(lambda: start(command))
    except Exception:  # noqa: BLE001 - scripts of others
        traceback.print_exc()
        code = 1
    found.update(seconds=round(time.perf_counter() - started, 1), code=code, **machine(peak))
    Path(record).write_text(json.dumps(found, indent=1), "utf-8")
    sys.stdout.flush()
    return code


class Peak:
    """The most that the GPU's memory held; mmengine forgets torch's figure whenever it logs it."""

    def __init__(self) -> None:
        import torch

        self.earlier = 0
        reset = torch.cuda.reset_peak_memory_stats

        def remember(*args: Any, **kwargs: Any) -> None:
            self.earlier = self.bytes()
            reset(*args, **kwargs)

        torch.cuda.reset_peak_memory_stats = remember

    def bytes(self) -> int:
        """So far, in this process."""
        import torch

        return max(self.earlier, int(torch.cuda.max_memory_allocated()))


def run(begin: Callable[[], None]) -> int:
    """The exit code of what runs in this process."""
    try:
        begin()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    return 0


def start(command: list[str]) -> None:
    """Run a script, or a module after ``-m``, as Python does."""
    if command[0] == "-m":
        sys.argv = command[1:]
        sys.path[0] = os.getcwd()
        runpy.run_module(command[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = command
        sys.path[0] = os.path.dirname(os.path.abspath(command[0]))
        runpy.run_path(command[0], run_name="__main__")


def machine(peak: Peak) -> dict[str, Any]:
    """The device and how much of its memory this process had, and the versions."""
    import torch

    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    versions["python"] = sys.version.split()[0]
    if not torch.cuda.is_available():
        return {"device": "cpu", "peak_mb": None, "versions": versions}
    versions["cuda"] = str(torch.version.cuda)
    versions["cudnn"] = str(torch.backends.cudnn.version())
    return {
        "device": torch.cuda.get_device_name(0),
        "capability": ".".join(map(str, torch.cuda.get_device_capability(0))),
        "peak_mb": round(peak.bytes() / 1e6),
        "versions": versions,
    }


if __name__ == "__main__":
    sys.exit(main())
