"""Generated files that are the same for every framework: the annotation readers."""

from __future__ import annotations

from dataforge.frameworks.render import planned_files
from dataforge.frameworks.spec import DatasetSpec, PlannedFile, palette
from dataforge.geometry import COORDS_OFFSETS


def package_files(dataset: DatasetSpec) -> list[PlannedFile]:
    """``__init__.py`` and ``annotations.py``, which need only the standard library and PIL."""
    values = {
        "dataset": dataset,
        "palette": palette(len(dataset.classes)),
        "offsets": COORDS_OFFSETS[dataset.coords],
    }
    names = {
        f"{dataset.folder}/__init__.py": "shared/package.py.j2",
        f"{dataset.folder}/annotations.py": f"shared/{dataset.format}_annotations.py.j2",
    }
    return planned_files(names, values)
