"""How long a registered dataset takes until the first batch, against mmdetection's XMLDataset."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import data
from compare import Setting
from measure import ENVIRONMENT, run
from parts import environment
from results import Figure, Part, number

# Arguments: the config, the folder, the file of arrays, and whether it is written or compared.
_SCRIPT = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np
config, root, arrays, stock = sys.argv[1:]
names = ("face", "hand", "person")
lists = root + "/ImageSets/Main/train.txt"
import mmdet
if mmdet.__version__ < "3":
    from mmcv import Config
    from mmdet.datasets import XMLDataset, build_dataset
    def own():
        train = Config.fromfile(config).data.train
        while "dataset" in train:
            train = train.dataset
        train.pipeline = []
        return lambda: build_dataset(train)
    def plain():
        return lambda: XMLDataset(
            ann_file=lists, img_prefix=root, pipeline=[], classes=names, min_size=None
        )
    def boxes(found, index):
        info = found.get_ann_info(index)
        return info["bboxes"], info["labels"]
else:
    from mmdet.datasets import XMLDataset
    from mmdet.registry import DATASETS
    from mmdet.utils import register_all_modules
    from mmengine.config import Config
    register_all_modules()
    def own():
        train = Config.fromfile(config).train_dataloader.dataset
        while "dataset" in train:
            train = train.dataset
        train.pipeline = []
        return lambda: DATASETS.build(train)
    def plain():
        return lambda: XMLDataset(
            ann_file=lists, data_root=root, data_prefix={"sub_data_root": root}, pipeline=[],
            metainfo={"classes": names},
        )
    def boxes(found, index):
        entries = found.get_data_info(index)["instances"]
        box = np.array([one["bbox"] for one in entries], float).reshape(-1, 4)
        return box, np.array([one["bbox_label"] for one in entries], int)
build = plain() if stock == "stock" else own()
started = time.perf_counter(), time.process_time()
found = build()
ended = time.perf_counter(), time.process_time()
items = [boxes(found, index) for index in range(len(found))]
all_boxes = np.concatenate([box for box, _ in items])
labels = np.concatenate([label for _, label in items])
sizes = np.array([len(box) for box, _ in items])
same, apart = None, 0.0
if stock == "stock":
    np.savez(arrays, boxes=all_boxes, labels=labels, sizes=sizes)
else:
    old = np.load(arrays)
    same = np.array_equal(sizes, old["sizes"]) and np.array_equal(labels, old["labels"])
    apart = float(abs(all_boxes - old["boxes"]).max()) if same else None
print("\\nMEASURED", json.dumps([ended[0] - started[0], ended[1] - started[1], len(found),
      len(all_boxes), same, apart]))
"""


def start(setting: Setting) -> Part:
    """Constructing the dataset: stock, generated for the first time, and again."""
    images = setting.files(10_000)
    title = f"A dataset's start: mmdetection's XMLDataset and the generated class, {images:,} files"
    part = Part("start", title, ["", "processor time", "wall time", "images", "boxes", "items"])
    what = "second start: XMLDataset / generated class"
    if not setting.mmdet:
        part.figures.append(Figure(what, None, note="no mmdetection; see --mmdet"))
        return part
    source = setting.dataset(f"voc-start-{images}", lambda path: data.voc(path, images, objects=5))
    python = environment(setting.work / "mmdet", setting.mmdet)
    asked = run([python, "-c", "import mmdet; print(mmdet.__version__)"], ENVIRONMENT)
    if asked.code:
        reason = asked.output.strip().splitlines()[-1]
        part.figures.append(Figure(what, None, note=f"{setting.mmdet}: {reason}"))
        return part
    framework = "mmdet2" if asked.output.split()[-1] < "3" else "mmdet3"
    out = setting.work / "registered"
    how = ["--root", str(source), "--framework", framework, "--python", python, "-o", str(out)]
    how += ["--coords", "mmdet"]  # as XMLDataset reads them
    command = [setting.python, "-m", "dataforge", "register", "BenchVoc", *how, "--json"]
    registered = run(command, ENVIRONMENT)
    configs = sorted(out.rglob("*faster_rcnn*.py"))
    if registered.code or not configs:
        reason = registered.output.strip().splitlines()[-1][:200]
        part.figures.append(Figure(what, None, note=f"register: {reason}"))
        return part
    return _measured(part, what, setting, Start(python, configs[0], source))


class Start:
    """What is started."""

    def __init__(self, python: str, config: Path, source: Path) -> None:
        self.python = python
        self.config = config
        self.source = source

    def seconds(self, arrays: Path, stock: str) -> Mapping[str, Any] | str:
        """What it took, or why it failed."""
        command = [self.python, "-c", _SCRIPT, str(self.config), str(self.source), str(arrays)]
        cost = run([*command, stock], ENVIRONMENT)
        _, found, text = cost.output.rpartition("\nMEASURED ")
        if cost.code or not found:
            return (cost.output.strip().splitlines() or ["it failed"])[-1][:200]
        keys = ("wall", "cpu", "images", "boxes", "same", "apart")
        return dict(zip(keys, json.loads(text), strict=True))


def _measured(part: Part, what: str, setting: Setting, started: Start) -> Part:
    arrays = setting.work / "arrays.npz"
    names = ("XMLDataset", "generated, first start", "generated, second start")
    rows: dict[str, list[Mapping[str, Any]]] = {name: [] for name in names}
    first: Mapping[str, Any] | None = None
    for _ in range(setting.times(5)):
        for name in names:
            if name == names[1] and first is not None:
                continue  # the index is there
            found = started.seconds(arrays, "stock" if name == names[0] else "own")
            if isinstance(found, str):
                part.figures.append(Figure(what, None, note=f"{name}: {found}"))
                return part
            rows[name].append(found)
            first = found if name == names[1] else first
    for name, runs in rows.items():
        last = runs[-1]
        same = "" if last["same"] is None else "the same" if last["same"] else "DIFFER"
        if last["apart"]:
            same = f"boxes {number(last['apart'])} px apart"
        times = (median(run["cpu"] for run in runs), median(run["wall"] for run in runs))
        cells = [f"{number(seconds)} s" for seconds in times]
        part.rows.append([name, *cells, f"{last['images']:,}", f"{last['boxes']:,}", same])
    pairs = zip(rows[names[0]], rows[names[2]], strict=True)
    ratio = median(stock["cpu"] / max(own["cpu"], 1e-3) for stock, own in pairs)
    part.figures.append(Figure(what, ratio, "x", ">= 10"))
    return part
