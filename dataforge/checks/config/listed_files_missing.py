"""Images or XML files that are listed but do not exist."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
from dataforge.errors import plural
from dataforge.findings import Finding, Place, Severity
from dataforge.io import IMAGE_EXTENSIONS
from dataforge.mmconfig import Dataset, datasets


class Check(base.Check):
    """Looks up the files as mmdetection's own dataset classes do."""

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        seen = set()
        for dataset in datasets(file.config):
            images = dataset.subfolder("img_subdir") if dataset.is_xml else dataset.prefix
            key = (dataset.ann_file, images, dataset.subfolder("ann_subdir"))
            if not dataset.is_built_in or key in seen or not (found := dataset.annotations()):
                continue
            seen.add(key)
            test = dataset.split == "test"
            severity: Severity = "warning" if test else "error"
            if found.missing:
                yield self.finding(
                    Place(file.name, f"{dataset.where}.ann_file"),
                    _lines(dataset, found.missing, len(found.images)),
                    "list the names of the XML files without extension, one a line",
                    severity=severity,
                )
            names = [image.name for image in found.images]
            names = [f"{name}.jpg" for name in names] if dataset.is_xml else names
            if not names or images is None or not os.path.isdir(images or "."):
                continue
            absent = [name for name in names if not os.path.exists(os.path.join(images, name))]
            if absent:
                yield self.finding(
                    Place(file.name, dataset.where),
                    f"{len(absent):,} of {plural(len(names), 'image')} not found in "
                    f"{images or '.'}, the first: {absent[0]}{_other(dataset, images, absent[0])}",
                    "correct the path, or convert the dataset: `dataforge convert`",
                    severity=severity,
                )


def _lines(dataset: Dataset, missing: Sequence[str], there: int) -> str:
    """What is wrong with the lines of a list for which there is no XML file."""
    folder, line = dataset.subfolder("ann_subdir"), missing[0]
    total = plural(len(missing) + there, "line")
    start = f"{dataset.ann_file}: {len(missing):,} of {total}"

    def exists(name: str) -> bool:
        return os.path.isfile(os.path.join(folder or "", f"{name}.xml"))

    if all(not text.strip() for text in missing):
        return f"{start} blank, which mmdetection takes for a name"
    line = next(text for text in missing if text.strip())
    columns = re.fullmatch(r"(\S+)\s+\S.*", line)
    if columns and exists(columns[1]):
        return f"{start} with further columns ({line!r}), which mmdetection takes for the name"
    if line != line.strip() and exists(line.strip()):
        return f"{start} with spaces around the name ({line!r}), which mmdetection keeps"
    stem = os.path.splitext(os.path.basename(line))[0]
    if stem != line and exists(stem):
        return f"{start} with more than the bare name ({line!r}): mmdetection adds .xml and .jpg"
    return f"{start} without XML file in {folder}, the first: {line!r}"


def _other(dataset: Dataset, folder: str, name: str) -> str:
    """A hint at the same image with another extension."""
    stem = os.path.splitext(name)[0]
    for suffix in sorted(IMAGE_EXTENSIONS):
        for written in (suffix, suffix.upper()):
            if os.path.exists(os.path.join(folder, stem + written)):
                why = f": {dataset.type} of mmdetection reads .jpg alone" if dataset.is_xml else ""
                return f"; there is {stem}{written}{why}"
    return ""
