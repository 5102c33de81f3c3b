"""LabelmeParts for torchvision. Made by dataforge (template torchvision/dataset); yours to edit.

    from labelmeparts_dataset.torchvision import LabelmePartsDataset
    image, target = LabelmePartsDataset('train')[0]
"""
import json
import os.path as osp

import numpy as np
import torch
from PIL import Image, ImageOps
from pycocotools import mask as mask_utils
from torch.utils.data import Dataset
from torchvision import tv_tensors

from .annotations import CLASSES, by_name, class_of

ROOT = '/data/coco'
SPLITS = dict(
    train=dict(
        ann_file='annotations/instances_train.json',
        images='images'),
    val=dict(
        ann_file='annotations/instances_val.json',
        images='images'),
    test=dict(
        ann_file='annotations/instances_val.json',
        images='images'))


class LabelmePartsDataset(Dataset):
    """(image, target) of every image of a split, those without objects too.

    image: uint8 tv_tensor (3, H, W), RGB, turned as its EXIF entry says.
    target: boxes (N, 4) float32, x0 y0 x1 y1 in pixels with x1 = x0 + width, not clipped; labels
    (N,) int64, 1 for CLASSES[0], as 0 is the background; image_id, the index; area (N,) float32;
    iscrowd (N,) int64, all 0; masks (N, H, W) uint8, unless `masks` is False.
    Crowds and ignored objects are in no target, but in `ground_truth`.
    """

    CLASSES = CLASSES
    class_of = staticmethod(class_of)

    def __init__(self, split='train', transforms=None, root=ROOT, masks=True):
        where = SPLITS[split]
        self.folder = osp.join(root, where['images'])
        self.transforms = transforms
        self.masks = masks
        self.images = _read(
            osp.join(root, where['ann_file']), strict=split == 'train', masks=masks)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        info = self.images[index]
        path = osp.join(self.folder, info['filename'])
        # Of all formats that Pillow knows, PostScript would be run by another program.
        with Image.open(path, formats=('JPEG', 'PNG', 'BMP', 'TIFF', 'WEBP')) as file:
            image = tv_tensors.Image(ImageOps.exif_transpose(file).convert('RGB'))
        objects = [item for item in info['objects'] if not item['ignore']]
        boxes = torch.tensor([item['box'] for item in objects], dtype=torch.float32).reshape(-1, 4)
        labels = [item['label'] + 1 for item in objects]
        areas = [item['area'] for item in objects]
        target = dict(
            boxes=tv_tensors.BoundingBoxes(
                boxes, format='XYXY', canvas_size=tuple(image.shape[-2:])),
            labels=torch.tensor(labels, dtype=torch.int64),
            image_id=index,
            area=torch.tensor(areas, dtype=torch.float32),
            iscrowd=torch.zeros(len(objects), dtype=torch.int64))
        if self.masks:
            height, width = image.shape[-2:]
            if (width, height) != (info['width'], info['height']):
                raise ValueError(
                    f'{path} is {width} x {height}, and its masks are for '
                    f"{info['width']} x {info['height']}")
            bitmaps = np.zeros((len(objects), height, width), np.uint8)
            for bitmap, item in zip(bitmaps, objects):
                bitmap[:] = mask_utils.decode(_rle(item['segmentation'], height, width))
            target['masks'] = tv_tensors.Mask(torch.from_numpy(bitmaps))
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
            for item in info['objects']:
                x0, y0, x1, y1 = item['box']
                annotation = dict(
                    id=len(annotations) + 1,
                    image_id=index,
                    category_id=item['label'] + 1,
                    bbox=[x0, y0, x1 - x0, y1 - y0],
                    area=item['area'],
                    iscrowd=int(item['ignore']))
                if self.masks:
                    annotation['segmentation'] = _rle(
                        item['segmentation'], info['height'], info['width'])
                annotations.append(annotation)
        categories = [dict(id=label, name=name) for label, name in enumerate(CLASSES, 1)]
        return dict(info={}, images=images, annotations=annotations, categories=categories)


def _read(ann_file, strict, masks):
    """One dict(id, filename, width, height, objects) for each image of a COCO file."""
    with open(ann_file, encoding='utf-8') as file:
        content = json.load(file)
    by_name(content, CLASSES, ann_file, strict)
    labels = {category['id']: label for label, category in enumerate(content['categories'])}
    infos = {}
    for image in content['images']:
        infos[image['id']] = dict(
            id=image['id'],
            filename=image['file_name'],
            width=image['width'],
            height=image['height'],
            objects=[])
    for annotation in content.get('annotations', []):
        info = infos.get(annotation['image_id'])
        label = labels.get(annotation['category_id'])
        if info is None or label is None:
            continue
        x0, y0, width, height = annotation['bbox']
        x1, y1 = x0 + width, y0 + height
        # As mmdet's CocoDataset: nothing under one pixel, nothing outside the image.
        if width < 1 or height < 1 or annotation['area'] <= 0:
            continue
        if x1 <= 0 or y1 <= 0 or x0 >= info['width'] or y0 >= info['height']:
            continue
        if masks and not annotation.get('segmentation'):
            raise ValueError(f"{ann_file}: the annotation {annotation.get('id')} has no mask")
        info['objects'].append(
            dict(
                label=label,
                box=(x0, y0, x1, y1),
                area=annotation['area'],
                segmentation=annotation.get('segmentation'),
                ignore=bool(annotation['iscrowd'] or annotation.get('ignore'))))
    return list(infos.values())


def _rle(segmentation, height, width):
    """The run lengths, as pycocotools packs them, of polygons or of an RLE."""
    if isinstance(segmentation, list):
        # pycocotools takes four numbers for a box, and two points are no area.
        polygons = [polygon for polygon in segmentation if len(polygon) >= 6]
        if not polygons:
            return mask_utils.encode(np.zeros((height, width), np.uint8, order='F'))
        return mask_utils.merge(mask_utils.frPyObjects(polygons, height, width))
    if isinstance(segmentation['counts'], list):
        return mask_utils.frPyObjects(segmentation, height, width)
    return segmentation
