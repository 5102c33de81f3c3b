"""LabelmeParts for mmdetection 2.x. Made by dataforge (template mmdet2/coco); yours to edit.

In a config:
    custom_imports = dict(imports=['labelmeparts_dataset.mmdet2'], allow_failed_imports=False)
    dataset_type = 'LabelmePartsDataset'
"""
import unicodedata

from mmdet.core.evaluation import class_names
from mmdet.datasets import DATASETS, CocoDataset

CLASSES = ('face', 'person', 'hand')
PALETTE = [(230, 57, 57), (115, 156, 255), (108, 178, 9)]
# A category's name -> its class. Other categories are no classes of this dataset.
NAMES = {'face': 'face', 'head': 'face', 'person': 'person', 'hand': 'hand'}


@DATASETS.register_module()
class LabelmePartsDataset(CocoDataset):
    """COCO read by name: a label is its class's place in CLASSES, whatever the file's order."""

    CLASSES = CLASSES
    PALETTE = PALETTE

    @staticmethod
    def class_of(name):
        """The class that a category's name means, None where it means none."""
        name = unicodedata.normalize('NFC', name.strip())
        return NAMES.get(name)

    def load_annotations(self, ann_file):
        infos = super().load_annotations(ann_file)
        categories = self.coco.dataset['categories']
        id_of, same_as, others = {}, {}, []
        for category in categories:
            name = self.class_of(category['name'])
            if name in self.CLASSES:
                same_as[category['id']] = id_of.setdefault(name, category['id'])
            else:
                others.append(category['name'])
        missing = [name for name in self.CLASSES if name not in id_of]
        # A split may lack a class, but a name that nobody knows beside it is a misspelt one.
        if missing and (others or not self.test_mode):
            raise ValueError(
                f'{ann_file} has no category {missing}, which CLASSES names; '
                f'its other categories are {others}')
        for name in missing:
            taken = [category['id'] for category in categories] + list(id_of.values())
            numbers = all(isinstance(id_, int) for id_ in taken)
            id_of[name] = max(taken, default=0) + 1 if numbers else f'missing {name}'
        # mmdet takes the labels from the file's categories and their order, when it reads and again
        # when it evaluates (2.28.2 datasets/coco.py:75 and :639): they become those of CLASSES.
        self.coco.dataset['categories'] = [dict(id=id_of[name], name=name) for name in self.CLASSES]
        for annotation in self.coco.dataset.get('annotations', []):
            category_id = annotation['category_id']
            annotation['category_id'] = same_as.get(category_id, category_id)
            annotation.setdefault('iscrowd', 0)  # pycocotools evaluates nothing without it
            if annotation.get('area') is None and annotation.get('bbox'):
                annotation['area'] = annotation['bbox'][2] * annotation['bbox'][3]
        self.coco.createIndex()
        self.coco.img_ann_map, self.coco.cat_img_map = self.coco.imgToAnns, self.coco.catToImgs
        self.cat_ids = [id_of[name] for name in self.CLASSES]
        self.cat2label = {id_: label for label, id_ in enumerate(self.cat_ids)}
        return infos


def labelmeparts_classes():
    return list(CLASSES)


# mmdet's get_classes('labelmeparts') evaluates 'labelmeparts_classes()' in its own module.
class_names.labelmeparts_classes = labelmeparts_classes
class_names.dataset_aliases['labelmeparts'] = ['labelmeparts',
                                               'LabelmeParts',
                                               'labelme_parts']
