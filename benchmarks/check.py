"""`dataforge check` on labelme files: against converting them, and against reading their images.

    uv run python benchmarks/check.py
    uv run python benchmarks/check.py --files 2000 --scale 8

20,000 made-up files: distinct JPEGs of 96x72 pixels, or a multiple of that (`--scale`), with five
polygons of ten corners each. Each contender runs in a process of its own, in turn, round by round.
Printed are seconds of processor time (user and system, without the start of Python and NumPy) and
of wall time, both of the round with the least processor time, and the ratio of processor time to
that of converting.

The share of `check` that is spent reading images is measured by two loops that do nothing else:
`headers` reads the size and the EXIF orientation of each image as dataforge does, `pixels` opens
and decodes each as `dataforge.checks` does.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import random
import subprocess
import sys
import tempfile
from pathlib import Path

CONVERT = "convert"
CONTENDERS = {
    CONVERT: """
from dataforge.convert import Job, convert
assert not convert(Job(source=source, out=out, reads="labelme", writes="coco")).findings
""",
    "check --no-images": """
from dataforge.check import CheckOptions, check
assert check(source, CheckOptions(images=False)).images
""",
    "check --no-pixels": """
from dataforge.check import CheckOptions, check
assert check(source, CheckOptions(pixels=False)).images
""",
    "check": """
from dataforge.check import check
assert check(source).images
""",
    "headers": """
from dataforge.io import Root, is_image
root = Root(source)
for name in filter(is_image, root.files()):
    root.image_header(name)
""",
    "pixels": """
import glob
from PIL import Image
for path in glob.glob(source + "/*.jpg"):
    with open(path, "rb") as stream, Image.open(stream) as image:
        image.getexif()
    with open(path, "rb") as stream, Image.open(stream) as image:
        image.draft("L", (32, 32))
        image.convert("L").resize((32, 32), Image.Resampling.BOX)
""",
}

MEASURE = """
import resource, sys, time
import numpy, PIL.JpegImagePlugin
source, out = sys.argv[1:3]
{imports}
def used():
    of = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in of)
started, before = time.perf_counter(), used()
{code}
print(used() - before, time.perf_counter() - started)
"""

WIDTH, HEIGHT = 96, 72


def make(folder: Path, number: int, scale: int) -> None:
    """Write labelme files with star-shaped polygons, and a JPEG of coloured patches for each."""
    rng = random.Random(0)
    for index in range(number):
        name = f"{index:06}"
        shapes = [_star(rng, scale) for _ in range(5)]
        content = {"version": "5.4.1", "flags": {}, "shapes": shapes, "imagePath": f"{name}.jpg"}
        content |= {"imageData": None, "imageWidth": WIDTH * scale, "imageHeight": HEIGHT * scale}
        (folder / f"{name}.json").write_text(json.dumps(content))
        (folder / f"{name}.jpg").write_bytes(_jpeg(rng, scale))


def _star(rng: random.Random, scale: int) -> dict[str, object]:
    cx, cy = rng.uniform(20, WIDTH - 20) * scale, rng.uniform(20, HEIGHT - 20) * scale
    points = [
        [cx + radius * math.cos(k * math.pi / 5), cy + radius * math.sin(k * math.pi / 5)]
        for k in range(10)
        for radius in [rng.uniform(8, 19) * scale]
    ]
    label = rng.choice(["person", "face", "hand"])
    return {"label": label, "points": points, "shape_type": "polygon", "flags": {}}


def _jpeg(rng: random.Random, scale: int) -> bytes:
    from PIL import Image

    size = WIDTH * scale, HEIGHT * scale
    patches = Image.frombytes("RGB", (8, 6), rng.randbytes(8 * 6 * 3))
    grain = Image.frombytes("L", (WIDTH, HEIGHT), rng.randbytes(WIDTH * HEIGHT))
    grain = grain.resize(size, Image.Resampling.NEAREST).convert("RGB")
    image = Image.blend(patches.resize(size, Image.Resampling.BICUBIC), grain, 0.1)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=80)
    return stream.getvalue()


def measure(code: str, source: Path) -> tuple[float, float]:
    """(seconds of processor time, of wall time) of one run."""
    imports = "\n".join(line for line in code.splitlines() if line.startswith(("import", "from")))
    with tempfile.TemporaryDirectory() as out:
        program = MEASURE.format(imports=imports, code=code)
        command = [sys.executable, "-c", program, str(source), f"{out}/out"]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise SystemExit(result.stderr)
    cpu, wall = result.stdout.split()[-2:]
    return float(cpu), float(wall)


def share(part: float, whole: float, less: float) -> str:
    """A part as a percentage of a difference."""
    return f"{part / (whole - less):.0%}"


def main() -> None:
    """Run all contenders in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=int, default=1, help="of the images: times 96x72 pixels")
    arguments = parser.parse_args()
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in CONTENDERS}
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), arguments.files, arguments.scale)
        for _ in range(arguments.rounds):
            for name, code in CONTENDERS.items():
                runs[name].append(measure(code, Path(folder)))
    best = {name: min(results) for name, results in runs.items()}
    size = f"{WIDTH * arguments.scale}x{HEIGHT * arguments.scale}"
    print(f"{arguments.files} files, {5 * arguments.files} polygons, images of {size}")
    for name, (cpu, wall) in best.items():
        ratio = cpu / best[CONVERT][0]
        print(f"{name:18} {cpu:7.2f} s of processor, {wall:7.2f} s, {ratio:5.2f} x converting")
    without = best["check --no-images"][0]
    for what, with_them in (("headers", "check --no-pixels"), ("pixels", "check")):
        reading = share(best[what][0], best[with_them][0], without)
        print(f"of what {what} add to check, reading them is {reading}")


if __name__ == "__main__":
    main()
