"""HumanParts for mmdetection 2.x. Made by dataforge (template mmdet2/voc); yours to edit.

In a config:
    custom_imports = dict(imports=['humanparts_dataset.mmdet2'], allow_failed_imports=False)
    dataset_type = 'HumanPartsDataset'
"""
import os.path as osp

import numpy as np
from mmdet.core.evaluation import class_names
from mmdet.datasets import DATASETS, XMLDataset

from .annotations import ALIASES, CLASSES, OFFSETS, PALETTE, class_of, read


@DATASETS.register_module()
class HumanPartsDataset(XMLDataset):
    """One XML file an image; each is read when the dataset is built, if it has changed since."""

    CLASSES = CLASSES
    PALETTE = PALETTE
    OFFSETS = OFFSETS
    class_of = staticmethod(class_of)

    def __init__(self,
                 img_subdir='Images',
                 ann_subdir='Annotations',
                 index=True,
                 **kwargs):
        self.index = index  # True, False or a folder, see `read`
        super().__init__(img_subdir=img_subdir, ann_subdir=ann_subdir, **kwargs)

    def load_annotations(self, ann_file):
        images = osp.join(self.img_prefix, self.img_subdir)
        annotations = osp.join(self.img_prefix, self.ann_subdir)
        infos = read(ann_file, images, annotations, self.CLASSES, self.index)
        for info in infos:
            info['filename'] = osp.join(self.img_subdir, info['filename'])
        return infos

    def _filter_imgs(self, min_size=32):
        return [
            i for i, info in enumerate(self.data_infos)
            if min(info['width'], info['height']) >= min_size
            and (info['objects'] or not self.filter_empty_gt)
        ]

    def get_cat_ids(self, idx):
        return [label for label, _, _ in self.data_infos[idx]['objects']]

    def get_ann_info(self, idx):
        kept, ignored = [], []
        for label, box, ignore in self.data_infos[idx]['objects']:
            small = self.min_size and min(box[2] - box[0], box[3] - box[1]) < self.min_size
            (ignored if ignore or small else kept).append((label, box))
        labels, bboxes = _arrays(kept)
        labels_ignore, bboxes_ignore = _arrays(ignored)
        return dict(
            bboxes=bboxes,
            labels=labels,
            bboxes_ignore=bboxes_ignore,
            labels_ignore=labels_ignore)


def _arrays(objects):
    """(labels (N,) int64, boxes (N, 4) float32)."""
    labels = np.array([label for label, _ in objects], dtype=np.int64)
    boxes = np.array([box for _, box in objects], dtype=np.float32).reshape(-1, 4)
    return labels, boxes


def humanparts_classes():
    return list(CLASSES)


# mmdet's get_classes('humanparts') evaluates 'humanparts_classes()' in its own module.
class_names.humanparts_classes = humanparts_classes
class_names.dataset_aliases['humanparts'] = list(ALIASES)
