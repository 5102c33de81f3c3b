"""HumanParts for mmdetection 2.x. Made by dataforge (template mmdet2/voc); yours to edit.

In a config:
    custom_imports = dict(imports=['humanparts_dataset.mmdet2'], allow_failed_imports=False)
    dataset_type = 'HumanPartsDataset'
"""
import math
import os
import os.path as osp
import re
import unicodedata
import xml.etree.ElementTree as ET

import numpy as np
from mmdet.core.evaluation import class_names
from mmdet.datasets import DATASETS, XMLDataset
from PIL import Image

CLASSES = ('face', 'person', 'hand')
PALETTE = [(230, 57, 57), (115, 156, 255), (108, 178, 9)]
# A name in an XML file, in lower case -> its class. Other names are no objects of this dataset.
NAMES = {'face': 'face', 'person': 'person', 'hand': 'hand'}
EXTENSIONS = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp')
# Added to xmin, ymin, xmax, ymax (convention 'zero'), so that x1 = x0 + width.
OFFSETS = (0.0, 0.0, 0.0, 0.0)


@DATASETS.register_module()
class HumanPartsDataset(XMLDataset):
    """One XML file an image; each is read once, when the dataset is built."""

    CLASSES = CLASSES
    PALETTE = PALETTE

    def __init__(self,
                 img_subdir='Images',
                 ann_subdir='Annotations',
                 **kwargs):
        super().__init__(img_subdir=img_subdir, ann_subdir=ann_subdir, **kwargs)

    @staticmethod
    def class_of(name):
        """The class that a name means, None where it means none."""
        name = unicodedata.normalize('NFC', name.strip())
        return NAMES.get(name.casefold())

    def load_annotations(self, ann_file):
        with open(ann_file, encoding='utf-8-sig') as file:
            ids = [line.strip() for line in file if line.strip()]
        folder = osp.join(self.img_prefix, self.img_subdir)
        images = _images_by_stem(folder)
        infos, missing = [], []
        for id_ in ids:
            root = _parse(osp.join(self.img_prefix, self.ann_subdir, f'{id_}.xml'))
            image = images.get(id_)
            if image is None:
                missing.append(id_)
                continue
            width, height = _size(root, osp.join(folder, image))
            infos.append(
                dict(
                    id=id_,
                    filename=osp.join(self.img_subdir, image),
                    width=width,
                    height=height,
                    objects=list(self._objects(root, width, height))))
        if missing:
            raise FileNotFoundError(
                f'{len(missing)} of the {len(ids)} images that {ann_file} lists '
                f'are not in {folder}; the first is {missing[0]}')
        return infos

    def _objects(self, root, width, height):
        """Yield (label, (x0, y0, x1, y1), ignore) of every object that counts."""
        for item in root.iter('object'):
            name = self.class_of(item.findtext('name', ''))
            box = _box(item)
            if name not in self.CLASSES or box is None:
                continue
            x0, y0, x1, y1 = box
            # As mmdet's CocoDataset: nothing under one pixel, nothing outside the image.
            if x1 - x0 < 1 or y1 - y0 < 1:
                continue
            if x1 <= 0 or y1 <= 0 or x0 >= width or y0 >= height:
                continue
            yield self.CLASSES.index(name), box, False

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


def _images_by_stem(folder):
    """Path without extension -> path, both relative to the folder, of all images below it."""
    found = {}
    for directory, _, names in os.walk(folder, followlinks=True):
        for name in names:
            path = osp.relpath(osp.join(directory, name), folder).replace(os.sep, '/')
            stem, extension = osp.splitext(path)
            if extension.lower() in EXTENSIONS:
                found.setdefault(stem, []).append(path)
    for paths in found.values():
        paths.sort(key=lambda path: (EXTENSIONS.index(osp.splitext(path)[1].lower()), path))
    return {stem: paths[0] for stem, paths in found.items()}


def _parse(path):
    """The root element of an XML file; what is no UTF-8 is as declared, or else GBK."""
    with open(path, 'rb') as file:
        data = file.read()
    try:
        return ET.fromstring(data)
    except (ET.ParseError, ValueError) as error:
        said = re.match(rb'<\?xml[^>]*encoding=["\']([\w.-]+)', data)
        encoding = said.group(1).decode().lower() if said else 'gbk'
        if encoding in ('utf-8', 'gb2312', 'gbk'):
            encoding = 'gb18030'  # holds all that the older two do
        try:
            text = data.decode(encoding)
            return ET.fromstring(text.split('?>', 1)[1] if text.startswith('<?xml') else text)
        except (ET.ParseError, ValueError, LookupError):
            raise ValueError(f'{path}: {error}') from error


def _size(root, path):
    """(width, height) as stated in the XML file, else of the image as it is shown."""
    try:
        width = float(root.findtext('size/width'))
        height = float(root.findtext('size/height'))
    except (TypeError, ValueError):
        width = height = 0
    if width >= 1 and height >= 1 and width == int(width) and height == int(height):
        return int(width), int(height)
    with Image.open(path) as image:
        width, height = image.size
        turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    return (height, width) if turned else (width, height)


def _box(item):
    """(x0, y0, x1, y1), corners in order; None where the numbers are not all there."""
    try:
        values = [float(item.findtext(f'bndbox/{tag}')) for tag in ('xmin', 'ymin', 'xmax', 'ymax')]
    except (TypeError, ValueError):
        return None
    if not all(map(math.isfinite, values)):
        return None
    xmin, ymin, xmax, ymax = values
    bounds = min(xmin, xmax), min(ymin, ymax), max(xmin, xmax), max(ymin, ymax)
    return tuple(value + offset for value, offset in zip(bounds, OFFSETS))


def _arrays(objects):
    """(labels (N,) int64, boxes (N, 4) float32)."""
    labels = np.array([label for label, _ in objects], dtype=np.int64)
    boxes = np.array([box for _, box in objects], dtype=np.float32).reshape(-1, 4)
    return labels, boxes


def humanparts_classes():
    return list(CLASSES)


# mmdet's get_classes('humanparts') evaluates 'humanparts_classes()' in its own module.
class_names.humanparts_classes = humanparts_classes
class_names.dataset_aliases['humanparts'] = ['humanparts',
                                             'HumanParts',
                                             'human_parts',
                                             'privpersonpart']
