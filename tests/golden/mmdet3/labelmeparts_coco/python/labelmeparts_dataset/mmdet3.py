"""LabelmeParts for mmdetection 3.x. Made by dataforge (template mmdet3/coco); yours to edit.

In a config:
    custom_imports = dict(imports=['labelmeparts_dataset.mmdet3'], allow_failed_imports=False)
    dataset_type = 'LabelmePartsDataset'
    val_evaluator = dict(type='LabelmePartsMetric', ann_file=..., metric='bbox')
"""
from mmdet.datasets import CocoDataset
from mmdet.datasets.api_wrappers import COCO
from mmdet.evaluation.functional import class_names
from mmdet.evaluation.metrics import CocoMetric
from mmdet.registry import DATASETS, METRICS

from .annotations import ALIASES, CLASSES, PALETTE, by_name, class_of


@DATASETS.register_module()
class LabelmePartsDataset(CocoDataset):
    """COCO read by name: a label is its class's place in CLASSES, whatever the file's order."""

    METAINFO = dict(classes=CLASSES, palette=PALETTE)
    class_of = staticmethod(class_of)

    def COCOAPI(self, ann_file):
        return _read(ann_file, self.metainfo['classes'], strict=not self.test_mode)


@METRICS.register_module()
class LabelmePartsMetric(CocoMetric):
    """COCO evaluation by name: mmdet's own takes labels for places in the file's categories."""

    def __init__(self, ann_file, classes=CLASSES, **kwargs):
        super().__init__(**kwargs)
        self._coco_api = _read(ann_file, classes, strict=False)


def _read(ann_file, classes, strict):
    """The COCO file with the categories that `classes` names, in that order."""
    coco = COCO(ann_file)
    by_name(coco.dataset, classes, ann_file, strict)
    coco.createIndex()
    coco.img_ann_map, coco.cat_img_map = coco.imgToAnns, coco.catToImgs
    return coco


def labelmeparts_classes():
    return list(CLASSES)


# mmdet's get_classes('labelmeparts') evaluates 'labelmeparts_classes()' in its own module.
class_names.labelmeparts_classes = labelmeparts_classes
class_names.dataset_aliases['labelmeparts'] = list(ALIASES)
