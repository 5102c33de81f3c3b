"""XML that mmdetection cannot read."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
from dataforge.errors import plural
from dataforge.findings import Finding, Place, Severity
from dataforge.mmconfig import datasets


class Check(base.Check):
    """Reads the XML files as mmdetection's own classes do."""

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        seen = set()
        for dataset in datasets(file.config):
            key = (dataset.ann_file, dataset.subfolder("ann_subdir") if dataset.is_xml else None)
            if not dataset.is_built_in or not dataset.is_xml or key in seen:
                continue
            seen.add(key)
            found, classes = dataset.annotations(), dataset.classes
            names = classes.names if classes else None
            faults = [
                (image.name, what)
                for image in (found.images if found else ())
                for name, what in image.faults
                # mmdetection skips an object of another name before it reads the rest.
                if name is None or names is None or name in names
            ]
            severity: Severity = "warning" if dataset.split == "test" else "error"
            if found and faults:
                files = len({name for name, _ in faults})
                name, what = faults[0]
                yield self.finding(
                    Place(file.name, f"{dataset.where}.ann_subdir"),
                    f"{plural(files, 'XML file')} of {len(found.images):,} cannot be read by "
                    f"{dataset.type}, the first: {name}.xml: {what}",
                    "`dataforge convert` writes them anew; the class that `dataforge register` "
                    "generates reads them as they are",
                    severity=severity,
                )
