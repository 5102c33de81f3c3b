"""Generated files that are the same for every framework: the annotation readers."""

from __future__ import annotations

from dataforge.frameworks.render import planned_files
from dataforge.frameworks.spec import DatasetSpec, PlannedFile, palette
from dataforge.geometry import COORDS_OFFSETS


def package_files(dataset: DatasetSpec) -> list[PlannedFile]:
    """How annotation files are read, with only the standard library and PIL.

    Many XML files are read by an index; one COCO file is read at once.
    """
    values = {
        "dataset": dataset,
        "palette": palette(len(dataset.classes)),
        "offsets": COORDS_OFFSETS[dataset.coords],
    }
    names = {
        f"{dataset.folder}/__init__.py": "shared/package.py.j2",
        f"{dataset.folder}/annotations.py": f"shared/{dataset.format}_annotations.py.j2",
    }
    if dataset.format == "voc":
        names[f"{dataset.folder}/index.py"] = "shared/index.py.j2"
    return planned_files(names, values)
