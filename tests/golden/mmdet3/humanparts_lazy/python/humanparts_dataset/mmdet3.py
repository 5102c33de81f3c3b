"""HumanParts for mmdetection 3.x. Made by dataforge (template mmdet3/voc); yours to edit.

In a config:
    custom_imports = dict(imports=['humanparts_dataset.mmdet3'], allow_failed_imports=False)
    dataset_type = 'HumanPartsDataset'
"""
import os.path as osp

from mmdet.datasets import XMLDataset
from mmdet.evaluation.functional import class_names
from mmdet.registry import DATASETS

from .annotations import ALIASES, CLASSES, OFFSETS, PALETTE, class_of, read


@DATASETS.register_module()
class HumanPartsDataset(XMLDataset):
    """One XML file an image; each is read when the dataset is built, if it has changed since."""

    METAINFO = dict(classes=CLASSES, palette=PALETTE)
    OFFSETS = OFFSETS
    class_of = staticmethod(class_of)

    def __init__(self,
                 img_subdir='Images',
                 ann_subdir='Annotations',
                 data_prefix=dict(sub_data_root=''),
                 index=True,
                 **kwargs):
        self.index = index  # True, False or a folder, see `read`
        super().__init__(
            img_subdir=img_subdir, ann_subdir=ann_subdir, data_prefix=data_prefix, **kwargs)

    def load_data_list(self):
        images = osp.join(self.sub_data_root, self.img_subdir)
        annotations = osp.join(self.sub_data_root, self.ann_subdir)
        infos = read(self.ann_file, images, annotations, self.metainfo['classes'], self.index)
        return [
            dict(
                img_id=info['id'],
                img_path=osp.join(images, info['filename']),
                xml_path=info['xml'],
                height=info['height'],
                width=info['width'],
                instances=info['objects'])
            for info in infos
        ]

    def get_data_info(self, idx):
        info = super().get_data_info(idx)
        # Not in load_data_list: to make and to pickle them all is most of a start.
        info['instances'] = [self._instance(*item) for item in info['instances']]
        return info

    def _instance(self, label, box, ignore):
        least = self.bbox_min_size or 0
        small = min(box[2] - box[0], box[3] - box[1]) < least
        return dict(bbox=list(box), bbox_label=label, ignore_flag=int(ignore or small))


def humanparts_classes():
    return list(CLASSES)


# mmdet's get_classes('humanparts') evaluates 'humanparts_classes()' in its own module.
class_names.humanparts_classes = humanparts_classes
class_names.dataset_aliases['humanparts'] = list(ALIASES)
