"""labelme to COCO: dataforge against json.load alone and against fcakyon/labelme2coco, in one run.

    uv run python benchmarks/labelme2coco.py
    uv run --with labelme2coco==0.2.6 python benchmarks/labelme2coco.py

Each contender runs in a process of its own, on the same made-up files: images of 1280x720 with ten
polygons of twenty corners. Printed are seconds of wall time without the start of Python, the peak
of resident memory, and the ratio to dataforge. The best of three runs counts.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import subprocess
import sys
import tempfile
from pathlib import Path

CONTENDERS = {
    "json.load alone": """
import glob, json
for path in glob.glob(source + "/*.json"):
    with open(path, "rb") as stream:
        json.load(stream)
""",
    "dataforge": """
from dataforge.convert import Job, convert
report = convert(Job(source=source, out=out + "/dataforge.json", reads="labelme", writes="coco"))
assert not report.lost
""",
    "labelme2coco": """
import labelme2coco
labelme2coco.convert(source, out + "/labelme2coco")
""",
}

MEASURE = """
import resource, sys, time
source, out = sys.argv[1:3]
{imports}
started = time.perf_counter()
{code}
print(time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def make(folder: Path, number: int) -> None:
    """Write labelme files with star-shaped polygons, and empty files as their images."""
    rng = random.Random(0)
    for index in range(number):
        shapes = []
        for _ in range(10):
            cx, cy = rng.uniform(100, 1180), rng.uniform(100, 620)
            points = [
                [cx + radius * math.cos(k * math.pi / 10), cy + radius * math.sin(k * math.pi / 10)]
                for k in range(20)
                for radius in [rng.uniform(20, 90)]
            ]
            label = rng.choice(["person", "face", "hand"])
            shapes.append({"label": label, "points": points, "shape_type": "polygon"})
        name = f"{index:06}"
        content = {"version": "5.4.1", "flags": {}, "shapes": shapes, "imagePath": f"{name}.jpg"}
        content |= {"imageData": None, "imageWidth": 1280, "imageHeight": 720}
        (folder / f"{name}.json").write_text(json.dumps(content))
        (folder / f"{name}.jpg").touch()


def measure(code: str, source: Path, repeats: int = 3) -> tuple[float, int] | None:
    """(best seconds, MiB of resident memory), None where the contender is not installed."""
    imports = "\n".join(line for line in code.splitlines() if line.startswith(("import", "from")))
    best = None
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as out:
            program = MEASURE.format(imports=imports, code=code)
            command = [sys.executable, "-c", program, str(source), out]
            result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode:
            if "ModuleNotFoundError" in result.stderr:
                return None
            raise SystemExit(result.stderr)
        seconds, mib = result.stdout.split()[-2:]
        best = min(best or (math.inf, 0), (float(seconds), int(mib)))
    return best


def main() -> None:
    """Run all contenders that are installed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1000)
    number = parser.parse_args().files
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), number)
        results = {name: measure(code, Path(folder)) for name, code in CONTENDERS.items()}
    own = results["dataforge"]
    assert own is not None
    print(f"{number} files, {10 * number} polygons")
    for name, result in results.items():
        if result is None:
            print(f"{name:16} not installed")
        else:
            seconds, mib = result
            print(f"{name:16} {seconds:7.2f} s {mib:5} MiB  {seconds / own[0]:5.2f} x dataforge")


if __name__ == "__main__":
    main()
