"""HumanParts: how its annotation files are read, whatever trains on it.

Made by dataforge (template shared/voc_annotations); yours to edit. A box is (x0, y0, x1, y1) in
pixels of the image as it is shown, with x1 = x0 + width.
"""
import math
import os
import os.path as osp
import re
import unicodedata
import xml.etree.ElementTree as ET

from PIL import Image

CLASSES = ('face', 'person', 'hand')
PALETTE = [(230, 57, 57), (115, 156, 255), (108, 178, 9)]
# What the dataset is called where a framework goes by names.
ALIASES = ('humanparts', 'HumanParts', 'human_parts', 'privpersonpart')
# A name in an XML file, in lower case -> its class. Other names are no objects of this dataset.
NAMES = {'face': 'face', 'person': 'person', 'hand': 'hand'}
EXTENSIONS = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp')
# Added to xmin, ymin, xmax, ymax (convention 'zero'), so that x1 = x0 + width.
OFFSETS = (0.0, 0.0, 0.0, 0.0)


def class_of(name):
    """The class that a name means, None where it means none."""
    name = unicodedata.normalize('NFC', name.strip())
    return NAMES.get(name.casefold())


def read(ann_file, images, annotations, classes=CLASSES):
    """One dict(id, filename, xml, width, height, objects) for each id that `ann_file` lists.

    `filename` is relative to the folder `images`, and `objects` is [(label, box, ignore), ...] with
    label an index of `classes`. Raises FileNotFoundError where images or XML files are missing,
    ValueError where an XML file cannot be read.
    """
    with open(ann_file, encoding='utf-8-sig') as file:
        ids = [line.strip() for line in file if line.strip()]
    found = _images_by_stem(images)
    infos, missing = [], []
    for id_ in ids:
        xml = osp.join(annotations, f'{id_}.xml')
        root = _parse(xml)
        image = found.get(id_)
        if image is None:
            missing.append(id_)
            continue
        width, height = _size(root, osp.join(images, image))
        infos.append(
            dict(
                id=id_,
                filename=image,
                xml=xml,
                width=width,
                height=height,
                objects=list(_objects(root, width, height, classes))))
    if missing:
        raise FileNotFoundError(
            f'{len(missing)} of the {len(ids)} images that {ann_file} lists '
            f'are not in {images}; the first is {missing[0]}')
    return infos


def _objects(root, width, height, classes):
    """Yield (label, (x0, y0, x1, y1), ignore) of every object that counts."""
    for item in root.iter('object'):
        name = class_of(item.findtext('name', ''))
        if name not in classes:
            continue
        for box in filter(None, map(_box, item.findall('bndbox'))):
            x0, y0, x1, y1 = box
            # As mmdet's CocoDataset: nothing under one pixel, nothing outside the image.
            if x1 - x0 < 1 or y1 - y0 < 1:
                continue
            if x1 <= 0 or y1 <= 0 or x0 >= width or y0 >= height:
                continue
            yield classes.index(name), box, False


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
    root = _element(data, path)
    for element in root.iter():
        if isinstance(element.tag, str):  # a namespace, or capitals
            element.tag = element.tag.rpartition('}')[2].lower()
    return root


def _element(data, path):
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
    with Image.open(path, formats=('JPEG', 'PNG', 'BMP', 'TIFF', 'WEBP')) as image:
        width, height = image.size
        turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    return (height, width) if turned else (width, height)


def _box(bndbox):
    """(x0, y0, x1, y1), corners in order; None where the numbers are not all there."""
    try:
        values = [float(bndbox.findtext(tag)) for tag in ('xmin', 'ymin', 'xmax', 'ymax')]
    except (TypeError, ValueError):
        return None
    if not all(map(math.isfinite, values)):
        return None
    xmin, ymin, xmax, ymax = values
    bounds = min(xmin, xmax), min(ymin, ymax), max(xmin, xmax), max(ymin, ymax)
    return tuple(value + offset for value, offset in zip(bounds, OFFSETS))
