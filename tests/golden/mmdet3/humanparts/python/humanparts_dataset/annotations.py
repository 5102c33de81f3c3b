"""HumanParts: how its annotation files are read, whatever trains on it.

Made by dataforge (template shared/voc_annotations); yours to edit. A box is (x0, y0, x1, y1) in
pixels of the image as it is shown, with x1 = x0 + width.
"""
import hashlib
import math
import os
import os.path as osp
import re
import unicodedata
import xml.etree.ElementTree as ET

from PIL import Image

from .index import Index, Objects, index_path

CLASSES = ('face', 'person', 'hand')
PALETTE = [(230, 57, 57), (115, 156, 255), (108, 178, 9)]
# What the dataset is called where a framework goes by names.
ALIASES = ('humanparts', 'HumanParts', 'human_parts', 'privpersonpart')
# A name in an XML file, in lower case -> its class. Other names are no objects of this dataset.
NAMES = {'face': 'face', 'person': 'person', 'hand': 'hand'}
EXTENSIONS = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp')
# Added to xmin, ymin, xmax, ymax (convention 'zero'), so that x1 = x0 + width.
OFFSETS = (0.0, 0.0, 0.0, 0.0)
# Class -> its number in an index, whatever classes a config chooses.
NUMBERS = {name: number for number, name in enumerate(dict.fromkeys([*CLASSES, *NAMES.values()]))}
ALL = list(NUMBERS.values())
SOURCE = __spec__.loader.get_data(__file__)


def class_of(name):
    """The class that a name means, None where it means none."""
    name = unicodedata.normalize('NFC', name.strip())
    return NAMES.get(name.casefold())


def read(ann_file, images, annotations, classes=CLASSES, index=True):
    """One dict(id, filename, xml, width, height, objects) for each id that `ann_file` lists.

    `filename` is relative to the folder `images`, and `objects` is [(label, box, ignore), ...] with
    label an index of `classes`. What was read is kept for the next time, beside the XML files if
    `index` is True, in the folder that it names, or not at all if it is False. Raises
    FileNotFoundError where images or XML files are missing, ValueError where an XML file cannot be
    read.
    """
    with open(ann_file, encoding='utf-8-sig') as file:
        ids = [line.strip() for line in file if line.strip()]
    found = _images_by_stem(images)
    index = Index(index_path(index, ann_file, annotations), _reader(), len(ids), len(NUMBERS))
    labels = [list(classes).index(name) if name in classes else None for name in NUMBERS]
    infos, missing = [], []
    for id_ in ids:
        name = f'{id_}.xml'
        xml = osp.join(annotations, name)
        _, width, height, objects = index.read(name, xml, _content)
        image = found.get(id_)
        if image is None:
            missing.append(id_)
            continue
        if not width:
            path = osp.join(images, image)
            _, width, height, _ = index.read(f'size of {image}', path, _shown)
            objects = Objects.of(_inside(objects, width, height))
        if labels != ALL:
            objects = Objects.of(
                (labels[number], box, ignore) for number, box, ignore in objects
                if labels[number] is not None)
        infos.append(
            dict(id=id_, filename=image, xml=xml, width=width, height=height, objects=objects))
    if missing:
        raise FileNotFoundError(
            f'{len(missing)} of the {len(ids)} images that {ann_file} lists '
            f'are not in {images}; the first is {missing[0]}')
    index.save()
    return infos


def _reader():
    """A digest of this file and of its settings."""
    settings = ascii((CLASSES, NAMES, OFFSETS))
    return hashlib.sha256(SOURCE + settings.encode()).hexdigest()


def _content(xml):
    """('', width, height, [(number, box, ignore), ...]) of an XML file.

    Where it does not state the size, that is 0, and the objects may be outside the image.
    """
    root = _parse(xml)
    width, height = _stated(root)
    objects = _objects(root)
    if width:
        objects = _inside(objects, width, height)
    return '', width, height, Objects.of(objects)


def _objects(root):
    """Yield (number, (x0, y0, x1, y1), ignore) of every object that counts."""
    for item in root.iter('object'):
        number = NUMBERS.get(class_of(item.findtext('name', '')))
        if number is None:
            continue
        for box in filter(None, map(_box, item.findall('bndbox'))):
            yield number, box, False


def _inside(objects, width, height):
    """As mmdet's CocoDataset: nothing under one pixel, nothing outside the image."""
    return [
        (number, (x0, y0, x1, y1), ignore) for number, (x0, y0, x1, y1), ignore in objects
        if x1 - x0 >= 1 and y1 - y0 >= 1 and x1 > 0 and y1 > 0 and x0 < width and y0 < height]


def _images_by_stem(folder):
    """Path without extension -> path, both relative to the folder, of all images below it."""
    found = {}
    for directory, _, names in os.walk(folder, followlinks=True):
        inner = osp.relpath(directory, folder).replace(os.sep, '/')
        start = '' if inner == os.curdir else f'{inner}/'
        for name in names:
            stem, extension = osp.splitext(name)
            if extension.lower() in EXTENSIONS:
                found.setdefault(start + stem, []).append(start + name)
    for paths in found.values():
        if len(paths) > 1:
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


def _stated(root):
    """(width, height) as an XML file states them, (0, 0) if it does not."""
    try:
        width = float(root.findtext('size/width'))
        height = float(root.findtext('size/height'))
    except (TypeError, ValueError):
        return 0, 0
    if min(width, height) >= 1 and width.is_integer() and height.is_integer():
        return int(width), int(height)
    return 0, 0


def _shown(path):
    """('', width, height, []) of an image as it is shown."""
    with Image.open(path, formats=('JPEG', 'PNG', 'BMP', 'TIFF', 'WEBP')) as image:
        width, height = image.size
        turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    if turned:
        width, height = height, width
    return '', width, height, Objects.of([])


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
