"""Every code by name: the module that has its page, and the group that it belongs to.

Built-ins are listed here. Other packages add codes by the entry point group ``dataforge.checks``: a
code and a module that offers what `dataforge.checks.base` says, and its ``GROUP``.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

import msgspec

from dataforge.checks.base import About, Check, Data
from dataforge.errors import DataforgeError, UsageError
from dataforge.formats import load_plugin

GROUPS: dict[str, str] = {
    "boxes": "boxes and outlines",
    "classes": "class names and how often they occur",
    "coco": "COCO files alone",
    "config": "training configs, read as text: nothing of them is run",
    "files": "files, names and images",
    "labelme": "labelme files alone",
    "reading": "what readers say of any format",
    "smoke": "what `dataforge smoke` says before it trains",
    "splits": "who is trained on and who is evaluated on",
    "voc": "Pascal VOC files alone",
    "writing": "what convert, register, split and coco say of their output",
    "yolo": "YOLO files alone",
}

# One line for each code, sorted by group and code.
_GROUP_OF: dict[str, str] = {
    # boxes
    "bridged-polygon": "boxes",
    "coordinates-too-large": "boxes",
    "duplicate-box": "boxes",
    "huge-box": "boxes",
    "mask-size-differs": "boxes",
    "near-duplicate-box": "boxes",
    "nothing-marked": "boxes",
    "outside-image": "boxes",
    "partly-outside-image": "boxes",
    "reversed-box": "boxes",
    "self-intersecting": "boxes",
    "shifted-set": "boxes",
    "tiny-object": "boxes",
    "wrong-box-format": "boxes",
    "zero-area": "boxes",
    # classes
    "class-absent-from-split": "classes",
    "class-imbalance": "classes",
    "class-order": "classes",
    "class-rule-without-effect": "classes",
    "class-without-instances": "classes",
    "dropped-class": "classes",
    "empty-label": "classes",
    "look-alike-labels": "classes",
    "skipped-label": "classes",
    "unknown-label": "classes",
    "untidy-label": "classes",
    # coco
    "ambiguous-category-id": "coco",
    "ambiguous-image-id": "coco",
    "annotation-ids": "coco",
    "area-differs": "coco",
    "backslashes": "coco",
    "bad-annotation": "coco",
    "bad-category": "coco",
    "bad-image": "coco",
    "bad-ring": "coco",
    "bad-rle": "coco",
    "bad-segmentation": "coco",
    "bad-value": "coco",
    "box-differs": "coco",
    "byte-order-mark": "coco",
    "categories-differ": "coco",
    "category-id-gap": "coco",
    "category-ids-differ": "coco",
    "crowd-polygon": "coco",
    "dangling-category-id": "coco",
    "dangling-image-id": "coco",
    "duplicate-category": "coco",
    "flat-ring": "coco",
    "header-differs": "coco",
    "ids-of-two-kinds": "coco",
    "image-folder": "coco",
    "image-listed-twice": "coco",
    "nan": "coco",
    "no-area": "coco",
    "no-bbox": "coco",
    "no-file-name": "coco",
    "no-geometry": "coco",
    "no-iscrowd": "coco",
    "not-coco": "coco",
    "odd-iscrowd": "coco",
    "odd-number": "coco",
    "only-crowds": "coco",
    "split-of-several-files": "coco",
    # config
    "boxes-dropped": "config",
    "category-missing": "config",
    "classes-differ": "config",
    "classes-is-text": "config",
    "evaluated-on-train": "config",
    "evaluator-differs": "config",
    "frozen-at-random": "config",
    "images-filtered": "config",
    "import-missing": "config",
    "learning-rate": "config",
    "log-interval": "config",
    "num-classes": "config",
    "path-missing": "config",
    "persistent-workers": "config",
    "save-best": "config",
    "type-not-registered": "config",
    # files
    "deep-image": "files",
    "duplicate-image": "files",
    "empty-file": "files",
    "exif-frame": "files",
    "image-missing": "files",
    "image-size-differs": "files",
    "image-without-annotation": "files",
    "image-without-labels": "files",
    "name-collision": "files",
    "near-duplicate-image": "files",
    "path-leaves-root": "files",
    "swapped-size": "files",
    "truncated-image": "files",
    "unreadable-image": "files",
    "wrong-extension": "files",
    # labelme
    "bad-mask": "labelme",
    "bad-shape": "labelme",
    "group-differs": "labelme",
    "group-of-one": "labelme",
    "image-data-differs": "labelme",
    "labelme-version": "labelme",
    "no-image-path": "labelme",
    "no-shape-type": "labelme",
    "not-labelme": "labelme",
    "skipped-line": "labelme",
    "skipped-point": "labelme",
    "unknown-shape-type": "labelme",
    # reading
    "encoding": "reading",
    "image-marked-twice": "reading",
    "image-not-usable": "reading",
    "layout": "reading",
    "name-not-utf8": "reading",
    "no-image-size": "reading",
    "no-stated-size": "reading",
    "not-read-in-full": "reading",
    "unreadable-json": "reading",
    # smoke
    "annotation-unreadable": "smoke",
    "boxes-lost": "smoke",
    "boxes-outside-images": "smoke",
    "class-without-ground-truth": "smoke",
    "dataset-does-not-build": "smoke",
    "images-sampled": "smoke",
    "model-does-not-build": "smoke",
    "no-ground-truth": "smoke",
    "no-split": "smoke",
    "split-empty": "smoke",
    # splits
    "annotation-not-listed": "splits",
    "duplicate-across-splits": "splits",
    "image-in-two-splits": "splits",
    "near-duplicate-across-splits": "splits",
    "same-split": "splits",
    # voc
    "annotation-missing": "voc",
    "annotation-outside-layout": "voc",
    "bad-object": "voc",
    "case-differs": "voc",
    "coords": "voc",
    "difficult-dropped": "voc",
    "filename-disagrees": "voc",
    "odd-difficult": "voc",
    "parts-not-read": "voc",
    "unreadable-xml": "voc",
    # writing
    "area-not-carried": "writing",
    "attributes-moved": "writing",
    "attributes-not-carried": "writing",
    "box-not-kept": "writing",
    "boxes-as-outlines": "writing",
    "category-without-instances": "writing",
    "class-order-not-carried": "writing",
    "classes-not-carried": "writing",
    "clipped-away": "writing",
    "clipped-to-image": "writing",
    "crowd-as-difficult": "writing",
    "crowd-not-kept": "writing",
    "crowds-left-out": "writing",
    "divided-group": "writing",
    "empty-image": "writing",
    "empty-mask": "writing",
    "group-id-shared": "writing",
    "hidden-name": "writing",
    "image-attributes-not-carried": "writing",
    "image-collision": "writing",
    "image-gone": "writing",
    "image-in-several-splits": "writing",
    "image-not-placed": "writing",
    "keys-not-carried": "writing",
    "left-over-files": "writing",
    "listed-image-missing": "writing",
    "name-not-xml": "writing",
    "not-in-manifest": "writing",
    "nothing-in-image": "writing",
    "object-not-written": "writing",
    "other-area": "writing",
    "other-class": "writing",
    "other-image": "writing",
    "outlines-not-carried": "writing",
    "registered-otherwise": "writing",
    "rings-joined": "writing",
    "rule-changed": "writing",
    "same-image": "writing",
    "split-made-up": "writing",
    "split-not-used": "writing",
    "splits-not-kept": "writing",
    "val-is-train": "writing",
    "without-group": "writing",
    # yolo
    "bad-class-name": "yolo",
    "bad-row": "yolo",
    "class-count": "yolo",
    "class-names-differ": "yolo",
    "class-twice": "yolo",
    "classes-unnamed": "yolo",
    "confidence-column": "yolo",
    "keypoints-not-read": "yolo",
    "mixed-rows": "yolo",
    "outside-unit": "yolo",
    "several-yaml": "yolo",
    "split-elsewhere": "yolo",
    "split-missing": "yolo",
    "split-outside": "yolo",
    "unreadable-labels": "yolo",
    "unreadable-yaml": "yolo",
}


class Row(msgspec.Struct, frozen=True):
    """One code.

    Attributes:
        code: kebab-case.
        module: dotted path.
        group: one of `GROUPS`, or another package's own.
    """

    code: str
    module: str
    group: str

    def load(self) -> Any:
        """The module."""
        return import_module(self.module)

    @property
    def page(self) -> str:
        """What `dataforge explain` prints."""
        return inspect.cleandoc(self.load().__doc__ or "")

    @property
    def title(self) -> str:
        """The page's first line, without its full stop."""
        return self.page.split("\n", 1)[0].rstrip(".")

    @property
    def fix(self) -> str:
        """`safe`, `unsafe` or empty: what ``--fix`` does about it."""
        return getattr(self.load(), "FIX", "")


@cache
def checks() -> dict[str, Row]:
    """All codes, those of other packages too, sorted.

    Raises:
        DataforgeError: two packages offer the same code, or one cannot be imported.
    """
    found = {
        code: Row(code, f"dataforge.checks.{code.replace('-', '_')}", group)
        for code, group in _GROUP_OF.items()
    }
    for point in entry_points(group="dataforge.checks"):
        if point.name in found:
            owner = found[point.name].module
            raise DataforgeError(
                f"check {point.name!r} of {point.value} clashes with {owner}: uninstall one"
            )
        found[point.name] = Row(point.name, point.value, load_plugin(point).GROUP)
    return dict(sorted(found.items()))


def get_check(code: str) -> Row:
    """The row of a code.

    Raises:
        UsageError: there is none.
    """
    if code not in checks():
        raise _unknown(code, checks())
    return checks()[code]


def codes_of(name: str) -> frozenset[str]:
    """The codes that a code or a group means.

    Raises:
        UsageError: there is no such code or group.
    """
    found = frozenset(row.code for row in checks().values() if name in (row.code, row.group))
    if not found and name not in GROUPS:
        groups = {*GROUPS, *(row.group for row in checks().values())}
        raise _unknown(name, [*checks(), *sorted(groups)])
    return found


def _unknown(name: str, known: Iterable[str]) -> UsageError:
    close = difflib.get_close_matches(name, list(known), n=1)
    hint = f"did you mean {close[0]!r}?" if close else "`dataforge explain` lists them"
    return UsageError(f"no check {name!r}: {hint}")


def start(
    codes: Iterable[str], data: Data, *, images: bool = True, pixels: bool = True
) -> list[Check]:
    """The checks of these codes that have something to run on this dataset, in that order.

    Args:
        codes: in the table.
        data: the dataset.
        images: image files may be opened.
        pixels: they may be decoded, too.
    """
    started: list[Check] = []
    for code in codes:
        module = checks()[code].load()
        formats = getattr(module, "FORMATS", (data.format,))
        decodes = getattr(module, "PIXELS", False)
        opens = getattr(module, "IMAGES", decodes)
        unwanted = (opens and not images) or (decodes and not pixels)
        if hasattr(module, "Check") and data.format in formats and not unwanted:
            started.append(module.Check(About(code, module.SEVERITY), data))
    return started
