"""Proves and trains detectors in every framework that can be had, and writes one table.

    python prove.py OUT [--wheels DIR] [--bccd DIR] [--small] [--jobs N] [--minutes N] ...

OUT gets results.json, table.md and log.txt, written anew after each part, so that what is done is
kept whatever ends the run. Each part is a process of its own with a time limit; one that fails is a
row with its reason. Exit code 0: every part succeeded; 1: some did not.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import parts
from environments import FRAMEWORKS
from report import SCALED, Report
from run import Run


def main() -> int:
    args = parse_args()
    out = args.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    work = Path(args.work or tempfile.mkdtemp(prefix="dataforge-gpu-")).resolve()
    work.mkdir(parents=True, exist_ok=True)
    gpu = find_gpu()
    scale = parts.SMALL if args.small or not gpu["name"] else parts.FULL
    scale = replace(
        scale, **{key: value for key, value in vars(args).items() if key in SCALED and value}
    )
    bccd = find_bccd(args.bccd)
    if scale.data == "bccd" and bccd is None:
        scale = replace(scale, data="humanparts")
    report = Report(out, gpu, args, scale)
    run = Run(args, work, scale, report, bccd)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        run.everything()
    finally:
        run.stop()
        report.finish()
        if args.work is None:
            shutil.rmtree(work, ignore_errors=True)
    return 0 if report.passed else 1


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("out", type=Path, help="folder for results.json, table.md and log.txt")
    add("--wheels", type=Path, help="folder made by wheels.sh; else what this Python has")
    add("--bccd", type=Path, help="folder of the BCCD dataset, to train on")
    add("--small", action="store_true", help="a few iterations on sample data, as without a GPU")
    add("--frameworks", default=",".join(FRAMEWORKS), help="A,B")
    add("--only", default="", help="text in the names of the parts to run, A,B")
    add("--slots", type=int, help="parts at a time; a training counts as two")
    add("--minutes", type=float, help="nothing runs longer; else 9, or 60 on a CPU")
    add("--compiled", default="", metavar="A,B", help="compile mmcv's operators for mmdet2, mmdet3")
    add("--work", type=Path, help="folder for all other files; else a temporary one")
    add("--data", choices=["bccd", "humanparts"], help="of the trainings")
    for name in SCALED[1:]:
        add(f"--{name}", type=int, help="of the trainings")
    return parser.parse_args()


def find_gpu() -> dict[str, Any]:
    """The GPU that torch sees, in a process of its own: this one shall not occupy it."""
    code = (
        "import json, torch; there = torch.cuda.is_available();"
        "print(json.dumps({'name': torch.cuda.get_device_name(0) if there else '',"
        " 'capability': str(torch.cuda.get_device_capability(0)) if there else '',"
        " 'memory_gb': torch.cuda.get_device_properties(0).total_memory // 10**9 if there else 0,"
        " 'torch': torch.__version__, 'cuda': torch.version.cuda}))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if ran.returncode:
        raise SystemExit(f"{sys.executable} has no torch that works:\n{ran.stderr}")
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def find_bccd(given: Path | None) -> Path | None:
    """The folder that has JPEGImages.

    Raises:
        SystemExit: a folder is given, and there is none in it.
    """
    if given is None:
        return None
    for folder in (given, given / "BCCD"):
        if (folder / "JPEGImages").is_dir():
            return folder.resolve()
    raise SystemExit(f"--bccd {given}: has no JPEGImages")


if __name__ == "__main__":
    sys.exit(main())
