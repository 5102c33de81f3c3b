"""The generated class finds the images of folders that come in many pairs; mmdet is a stand-in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from helpers import picture, python, voc_object, voc_xml, write

from dataforge.fileio import write_text
from dataforge.register import Request, plan

# As much of mmdet 2 as the module needs to be imported and to load its annotations.
STAND_IN = """
import json, sys, types
core = types.ModuleType('mmdet.core.evaluation')
core.class_names = types.SimpleNamespace(dataset_aliases={})
datasets = types.ModuleType('mmdet.datasets')
class XMLDataset:
    def __init__(self, img_subdir, ann_subdir, img_prefix):
        self.img_subdir, self.ann_subdir, self.img_prefix = img_subdir, ann_subdir, img_prefix
datasets.XMLDataset = XMLDataset
datasets.DATASETS = types.SimpleNamespace(register_module=lambda: lambda cls: cls)
for name in ('mmdet', 'mmdet.core'):
    sys.modules[name] = types.ModuleType(name)
sys.modules['mmdet.core.evaluation'], sys.modules['mmdet.datasets'] = core, datasets
folder, root, *lists = sys.argv[1:]
sys.path.insert(0, folder)
from mine_dataset import mmdet2
dataset = mmdet2.MineDataset(img_prefix=root)
infos = [info for path in lists for info in dataset.load_annotations(path)]
print(json.dumps([[info['filename'], info['objects'][0][0]] for info in infos]))
"""


@pytest.mark.parametrize(
    ("pairs", "files"),
    [
        (
            ["cam1/images/a.jpg cam1/xml/a.xml", "cam2/images/a.png cam2/xml/a.xml"],
            ["cam1/images/a.jpg", "cam2/images/a.png"],
        ),
        (["c/1/img/a.jpg c/1/a.xml", "c/2/img/a.jpg c/2/a.xml"], None),
        (["1/a.jpg 1/xml/a.xml", "2/a.jpg 2/xml/a.xml"], None),
        (["1/a.jpg xml/a.xml", "2/b.jpg xml/b.xml"], None),
        (["img/a.jpg 1/a.xml", "img/b.jpg 2/b.xml"], None),
        (["img/A.JPG xml/a.xml", "img/b.jpg xml/B.XML"], ["img/b.jpg", "img/A.JPG"]),
        (["1/IMG_1.JPG xml/img_1.xml", "2/b.jpg xml/b.xml"], ["2/b.jpg", "1/IMG_1.JPG"]),
        (["img/a.jpg xml/a.xml"], None),
    ],
)
def test_it_loads_each_image_with_its_own_labels(
    pairs: Sequence[str], files: Sequence[str] | None, tmp_path: Path
) -> None:
    labels = [f"label{number}" for number in range(len(pairs))]
    truth = {}
    for pair, label in zip(pairs, labels, strict=True):
        image, xml = pair.split()
        picture(tmp_path / "set" / image)
        write(tmp_path / "set" / xml, voc_xml(voc_object(label, (0, 5, 30, 40))))
        truth[image] = label
    out = tmp_path / "out"
    planned = plan(
        Request(name="Mine", root=str(tmp_path / "set"), layout="custom-voc", out=str(out))
    )
    for file in planned.files:
        write_text(out / file.path, file.text)
    lists = {spec.ann_file for spec in planned.dataset.splits.values()}
    script = write(tmp_path / "stand_in.py", STAND_IN)
    result = python(str(script), str(out), str(tmp_path / "set"), *lists)
    assert result.returncode == 0, result.stderr
    loaded = json.loads(result.stdout)
    assert {image: planned.dataset.classes[label] for image, label in loaded} == truth
    assert [image for image, _ in loaded] == list(files or truth)
