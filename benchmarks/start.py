"""How long a dataset of XML files takes to be built for training: mmdetection's class and ours.

    uv run python benchmarks/start.py
    uv run python benchmarks/start.py --files 2000 --boxes 5

Made-up files in the form of labelImg's, a tiny image each. Each start is a process of its own; the
contenders take turns. Printed are seconds of processor time (user and system) from the call of the
class to the end of its construction, of the round with the least, and the ratio to mmdetection's.
The first start writes the index, the second reads it. It is mmdetection 2 or 3, whichever the
running Python has.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from dataforge.register import Request, plan

OBJECT = """
  <object>
    <name>{}</name>
    <pose>Unspecified</pose>
    <truncated>0</truncated>
    <difficult>0</difficult>
    <bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox>
  </object>"""
XML = """<annotation>
  <folder>JPEGImages</folder>
  <filename>{}.jpg</filename>
  <source><database>Unknown</database></source>
  <size><width>640</width><height>480</height><depth>3</depth></size>
  <segmented>0</segmented>{}
</annotation>
"""
START = """
import sys, time, warnings
warnings.simplefilter("ignore")
from dataforge.frameworks.operators import serve
try:
    import mmcv.ops
except ImportError:
    serve()
import mmdet
from mmdet.datasets import XMLDataset
python, root, kind = sys.argv[1:]
sys.path.insert(0, python)
version = "mmdet" + mmdet.__version__[0]
module = __import__("start_dataset." + version, fromlist=["StartDataset"])
given = {"index": kind != "without"}
type_ = module.StartDataset
if kind == "stock":
    given = {"classes": ("cat", "dog")} if version == "mmdet2" else {}
    type_ = XMLDataset
    if version == "mmdet3":
        type_ = type("Stock", (XMLDataset,), {"METAINFO": {"classes": ("cat", "dog")}})
place = {"img_prefix": ""} if version == "mmdet2" else {"data_prefix": {"sub_data_root": ""}}
began = time.process_time()
dataset = type_(ann_file="ImageSets/Main/train.txt", data_root=root, pipeline=[], **place, **given,
    img_subdir="JPEGImages", ann_subdir="Annotations")
print(time.process_time() - began, len(dataset))
"""
KINDS = {
    "stock": "XMLDataset of mmdetection",
    "without": "generated, index=False",
    "first": "generated, first start",
    "second": "generated, second start",
}


def make(root: Path, files: int, boxes: int) -> None:
    """A dataset in the devkit's folders."""
    rng = random.Random(0)
    for folder in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (root / folder).mkdir(parents=True)
    ids = [f"{number:06d}" for number in range(files)]
    for id_ in ids:
        Image.new("RGB", (64, 48)).save(root / "JPEGImages" / f"{id_}.jpg")
        corners = [(rng.randrange(300), rng.randrange(200)) for _ in range(boxes)]
        objects = [
            OBJECT.format(rng.choice(["cat", "dog"]), x, y, x + 99, y + 99) for x, y in corners
        ]
        (root / "Annotations" / f"{id_}.xml").write_text(XML.format(id_, "".join(objects)))
    for split in ("train", "val"):
        (root / "ImageSets" / "Main" / f"{split}.txt").write_text("\n".join(ids))


def register(root: Path, out: Path) -> None:
    """The generated package, in a folder that no Python searches."""
    request = Request(name="Start", root=str(root), layout="voc", frameworks=("mmdet2", "mmdet3"))
    for file in plan(request).files:
        (out / file.path).parent.mkdir(parents=True, exist_ok=True)
        (out / file.path).write_text(file.text)


def main() -> None:
    """Build, run and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--boxes", type=int, default=13)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    best = dict.fromkeys(KINDS, float("inf"))
    with tempfile.TemporaryDirectory() as folder:
        root, out = Path(folder, "data"), Path(folder, "out")
        make(root, args.files, args.boxes)
        register(root, out)
        for _ in range(args.rounds):
            for index in (root / "Annotations").glob(".dataforge-index-*"):
                index.unlink()
            for kind in KINDS:
                command = [sys.executable, "-c", START, str(out / "python"), str(root), kind]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                seconds, images = done.stdout.split()[-2:]
                assert int(images) == args.files
                best[kind] = min(best[kind], float(seconds))
    for kind, title in KINDS.items():
        print(f"{title:28} {best[kind]:6.2f} s  {best['stock'] / best[kind]:5.1f}x")


if __name__ == "__main__":
    main()
