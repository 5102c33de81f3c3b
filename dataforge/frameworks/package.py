"""What the generated package holds whatever the framework: how the annotation files are read."""

from __future__ import annotations

from dataforge.frameworks.spec import DatasetSpec, PlannedFile, palette
from dataforge.geometry import COORDS_OFFSETS


def package_files(dataset: DatasetSpec) -> list[PlannedFile]:
    """``__init__.py`` and ``annotations.py``, which need the standard library and PIL alone."""
    from dataforge.frameworks.render import render

    values = {
        "dataset": dataset,
        "palette": palette(len(dataset.classes)),
        "offsets": COORDS_OFFSETS[dataset.coords],
    }
    names = {
        f"{dataset.package}/__init__.py": "shared/package.py.j2",
        f"{dataset.package}/annotations.py": f"shared/{dataset.format}_annotations.py.j2",
    }
    return [PlannedFile(path, render(template, **values)) for path, template in names.items()]
