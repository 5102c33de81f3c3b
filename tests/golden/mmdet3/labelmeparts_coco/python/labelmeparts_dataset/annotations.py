"""LabelmeParts: how its annotation files are read, whatever trains on it.

Made by dataforge (template shared/coco_annotations); yours to edit.
"""
import unicodedata

CLASSES = ('face', 'person', 'hand')
PALETTE = [(230, 57, 57), (115, 156, 255), (108, 178, 9)]
# What the dataset is called where a framework goes by names.
ALIASES = ('labelmeparts', 'LabelmeParts', 'labelme_parts')
# A category's name -> its class. Other categories are no classes of this dataset.
NAMES = {'face': 'face', 'head': 'face', 'person': 'person', 'hand': 'hand'}
# Categories of the files that are left out on purpose.
DROPPED = ()


def class_of(name):
    """The class that a category's name means, None where it means none."""
    name = unicodedata.normalize('NFC', name.strip())
    return NAMES.get(name)


def by_name(content, classes=CLASSES, ann_file='the COCO file', strict=True):
    """Rewrite a loaded COCO file, in place: its categories become `classes`, in that order.

    Categories of one class are merged; `iscrowd` and `area` are filled in where they are missing.
    Raises ValueError for a class that has no category, unless not `strict` and no other category
    might be its misspelt name.
    """
    categories = content['categories']
    id_of, same_as, others = {}, {}, []
    for category in categories:
        name = class_of(category['name'])
        if name in classes:
            same_as[category['id']] = id_of.setdefault(name, category['id'])
        elif category['name'] not in DROPPED:
            others.append(category['name'])
    missing = [name for name in classes if name not in id_of]
    # A split may lack a class, but a name that nobody knows beside it is a misspelt one.
    if missing and (others or strict):
        raise ValueError(
            f'{ann_file} has no category {missing}, which CLASSES names; '
            f'its other categories are {others}')
    for name in missing:
        taken = [category['id'] for category in categories] + list(id_of.values())
        numbers = all(isinstance(id_, int) for id_ in taken)
        id_of[name] = max(taken, default=0) + 1 if numbers else f'missing {name}'
    content['categories'] = [dict(id=id_of[name], name=name) for name in classes]
    for annotation in content.get('annotations', []):
        category_id = annotation['category_id']
        annotation['category_id'] = same_as.get(category_id, category_id)
        annotation.setdefault('iscrowd', 0)  # pycocotools evaluates nothing without it
        if annotation.get('area') is None and annotation.get('bbox'):
            annotation['area'] = annotation['bbox'][2] * annotation['bbox'][3]
