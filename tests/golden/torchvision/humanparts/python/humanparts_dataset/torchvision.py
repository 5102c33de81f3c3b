"""HumanParts for torchvision. Made by dataforge (template torchvision/dataset); yours to edit.

    from humanparts_dataset.torchvision import HumanPartsDataset
    image, target = HumanPartsDataset('train')[0]
"""
import os.path as osp

import torch
from PIL import Image, ImageOps
from torch.utils.data import Dataset
from torchvision import tv_tensors

from .annotations import CLASSES, OFFSETS, class_of, read

ROOT = '/data/HumanParts'
SPLITS = dict(
    train=dict(
        ann_file='ImageSets/privpersonpart_train.txt',
        images='Images',
        annotations='Annotations'),
    val=dict(
        ann_file='ImageSets/privpersonpart_val.txt',
        images='Images',
        annotations='Annotations'),
    test=dict(
        ann_file='ImageSets/privpersonpart_val.txt',
        images='Images',
        annotations='Annotations'))


class HumanPartsDataset(Dataset):
    """(image, target) of every image of a split, those without objects too.

    image: uint8 tv_tensor (3, H, W), RGB, turned as its EXIF entry says.
    target: boxes (N, 4) float32, x0 y0 x1 y1 in pixels with x1 = x0 + width, not clipped; labels
    (N,) int64, 1 for CLASSES[0], as 0 is the background; image_id, the index; area (N,) float32;
    iscrowd (N,) int64, all 0.
    Crowds and ignored objects are in no target, but in `ground_truth`.
    """

    CLASSES = CLASSES
    OFFSETS = OFFSETS
    class_of = staticmethod(class_of)

    def __init__(self, split='train', transforms=None, root=ROOT, index=True):
        where = SPLITS[split]
        self.folder = osp.join(root, where['images'])
        self.transforms = transforms
        ann_file, annotations = (osp.join(root, where[key]) for key in ('ann_file', 'annotations'))
        self.images = read(ann_file, self.folder, annotations, index=index)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        info = self.images[index]
        path = osp.join(self.folder, info['filename'])
        # Of all formats that Pillow knows, PostScript would be run by another program.
        with Image.open(path, formats=('JPEG', 'PNG', 'BMP', 'TIFF', 'WEBP')) as file:
            image = tv_tensors.Image(ImageOps.exif_transpose(file).convert('RGB'))
        objects = [(label, box) for label, box, ignore in info['objects'] if not ignore]
        boxes = torch.tensor([box for _, box in objects], dtype=torch.float32).reshape(-1, 4)
        labels = [label + 1 for label, _ in objects]
        areas = [(x1 - x0) * (y1 - y0) for _, (x0, y0, x1, y1) in objects]
        target = dict(
            boxes=tv_tensors.BoundingBoxes(
                boxes, format='XYXY', canvas_size=tuple(image.shape[-2:])),
            labels=torch.tensor(labels, dtype=torch.int64),
            image_id=index,
            area=torch.tensor(areas, dtype=torch.float32),
            iscrowd=torch.zeros(len(objects), dtype=torch.int64))
        if self.transforms is not None:
            image, target = self.transforms(image, target)
        return image, target

    def ground_truth(self):
        """The split as a COCO dataset for pycocotools; what is not trained on counts as a crowd.

        An image's id is its index, a category's its label.
        """
        images, annotations = [], []
        for index, info in enumerate(self.images):
            images.append(
                dict(
                    id=index,
                    file_name=info['filename'],
                    width=info['width'],
                    height=info['height']))
            for label, (x0, y0, x1, y1), ignore in info['objects']:
                annotations.append(
                    dict(
                        id=len(annotations) + 1,
                        image_id=index,
                        category_id=label + 1,
                        bbox=[x0, y0, x1 - x0, y1 - y0],
                        area=(x1 - x0) * (y1 - y0),
                        iscrowd=int(ignore)))
        categories = [dict(id=label, name=name) for label, name in enumerate(CLASSES, 1)]
        return dict(info={}, images=images, annotations=annotations, categories=categories)
