"""LabelmeParts for mmdetection 2.x. Made by dataforge (template mmdet2/coco); yours to edit.

In a config:
    custom_imports = dict(imports=['labelmeparts_dataset.mmdet2'], allow_failed_imports=False)
    dataset_type = 'LabelmePartsDataset'
"""
from mmdet.core.evaluation import class_names
from mmdet.datasets import DATASETS, CocoDataset

from .annotations import ALIASES, CLASSES, PALETTE, by_name, class_of


@DATASETS.register_module()
class LabelmePartsDataset(CocoDataset):
    """COCO read by name: a label is its class's place in CLASSES, whatever the file's order."""

    CLASSES = CLASSES
    PALETTE = PALETTE
    class_of = staticmethod(class_of)

    def load_annotations(self, ann_file):
        infos = super().load_annotations(ann_file)
        # mmdet takes the labels from the file's categories and their order, when it reads and again
        # when it evaluates (2.28.2 datasets/coco.py:75 and :639): they become those of CLASSES.
        by_name(self.coco.dataset, self.CLASSES, ann_file, strict=not self.test_mode)
        self.coco.createIndex()
        self.coco.img_ann_map, self.coco.cat_img_map = self.coco.imgToAnns, self.coco.catToImgs
        self.cat_ids = [category['id'] for category in self.coco.dataset['categories']]
        self.cat2label = {id_: label for label, id_ in enumerate(self.cat_ids)}
        return infos


def labelmeparts_classes():
    return list(CLASSES)


# mmdet's get_classes('labelmeparts') evaluates 'labelmeparts_classes()' in its own module.
class_names.labelmeparts_classes = labelmeparts_classes
class_names.dataset_aliases['labelmeparts'] = list(ALIASES)
