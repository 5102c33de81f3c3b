"""Features of a config's model on one image, as arrays and as a picture."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from dataforge.errors import InputError, OutputError, UsageError
from dataforge.features.hooking import capture
from dataforge.features.pictures import draw_maps
from dataforge.frameworks import load_weights, open_model, quiet
from dataforge.hooks import tensors
from dataforge.io import NamedFile, atomic_write, read_header, refuse_planted

ENDING = ".npz"


class SavedMap(msgspec.Struct, kw_only=True):
    """One tensor.

    Attributes:
        name: of the array: the layer, and what leads to the tensor in its output: ``neck/0``.
        shape: of the array; (1, channels, height, width) of a map.
        mean, smallest, largest: of its values; None if it has none.
    """

    name: str
    shape: list[int]
    mean: float | None = None
    smallest: float | None = None
    largest: float | None = None


class FeaturesReport(msgspec.Struct, kw_only=True):
    """What was saved, and of what.

    Attributes:
        config, framework, image: the model and its input.
        weights: where the weights are from, in words.
        maps: the arrays.
        arrays: path of the .npz file.
        picture: path of the picture; empty if there are no maps to draw.
        notes: what is not in the files, and why.
    """

    config: str
    framework: str
    image: str
    weights: str
    maps: list[SavedMap] = []
    arrays: str = ""
    picture: str = ""
    notes: list[str] = []


def save_features(
    config: Path,
    image: Path,
    layers: Sequence[str],
    out: Path,
    *,
    checkpoint: Path | None = None,
    force: bool = False,
) -> FeaturesReport:
    """Run a config's model on an image and save what some of its layers return.

    The image goes through the config's own test pipeline, and the model through all that it does
    in a test. An array is float32 where the model's own type is a shorter one, and contains what
    the layer returned for the padded image: (1, C, H, W) for a map. The picture has a row for each
    map: the image, the mean over its channels, and their energy (the root of the mean of the
    squares).

    Args:
        config: of mmdetection 2.x or 3.x, or the `train.py` that `register` generates.
        image: path of the image.
        layers: dotted names of modules.
        out: path of the .npz file; the picture has the same name with .png.
        checkpoint: weights; None for random ones, which are the same each time.
        force: overwrite the two files.

    Raises:
        UsageError: the model has no such layer, or `out` does not end in .npz.
        InputError: a file does not exist or cannot be read, or the model does not run on it.
        OutputError: a file of `out` exists, or is one of those that are read.
        MissingDependencyError: the framework is not installed.
    """
    import numpy as np

    read = [path for path in (config, image, checkpoint) if path is not None]
    arrays, picture = _outputs(out, read, force=force)
    for path in (image, checkpoint):
        if path is not None and not path.is_file():
            raise InputError(f"{path}: no such file")
    with open(image, "rb") as stream:
        read_header(stream, str(image))  # in words, where a framework would say anything
    opened = open_model(config)
    report = FeaturesReport(
        config=str(config), framework=opened.framework.name, image=str(image), weights="random"
    )
    if checkpoint is not None:
        load_weights(opened.live.model, checkpoint, lambda line: _say(report, line))
    share = (1.0, 1.0)
    with capture(opened.live.model, *layers) as captured:
        try:
            with quiet(), _no_grad():
                share = opened.live.run(image)
        except Exception as error:
            raise InputError(
                f"{image}: the model does not run on it: {type(error).__name__}: {error}"
            ) from error
    found = _as_arrays(captured, layers, report)
    if not found:
        raise InputError(f"{', '.join(layers)}: returned no tensor: {' '.join(report.notes)}")
    maps = {name: array[0] for name, array in found.items() if _is_map(array)}
    if others := [name for name in found if name not in maps]:
        report.notes.append(
            f"not in the picture, as it is no map of the image: {', '.join(others)}"
        )
    sheet = draw_maps(image, maps, share) if maps else None
    with atomic_write(arrays) as stream:
        np.savez(stream, **found)
    report.arrays = str(arrays)
    if sheet is not None:
        with atomic_write(picture) as stream:
            sheet.save(stream, "PNG")
        report.picture = str(picture)
    return report


def _outputs(out: Path, read: Sequence[Path], *, force: bool) -> tuple[NamedFile, NamedFile]:
    """The two files, which may be written.

    Raises:
        UsageError: the name has another ending.
        OutputError: one must not be written.
    """
    if out.suffix != ENDING:
        raise UsageError(f"{out}: the name must end in {ENDING}")
    paths = (out, out.with_suffix(".png"))
    for path in paths:
        refuse_planted(path, read[1].parent)
        if any(os.path.exists(path) and os.path.samefile(path, one)
               for one in read if one.exists()):  # fmt: skip
            raise OutputError(f"{path} is read by this run, and is not overwritten")
    arrays, picture = (NamedFile(path, force=force) for path in paths)
    return arrays, picture


def _no_grad() -> Any:
    import torch

    return torch.no_grad()


def _say(report: FeaturesReport, line: str) -> None:
    report.weights = line


def _as_arrays(
    captured: dict[str, Any], layers: Sequence[str], report: FeaturesReport
) -> dict[str, Any]:
    """Name -> array of every tensor; fills in the report."""
    found: dict[str, Any] = {}
    for layer in dict.fromkeys(layers):  # once, even if named twice
        if layer not in captured:
            report.notes.append(f"{layer} did not run in a test of this model.")
            continue
        before = len(found)
        for name, tensor in tensors(captured[layer], layer):
            if tensor.is_floating_point() and tensor.element_size() < 4:
                tensor = tensor.float()
            array = found[name] = tensor.cpu().numpy()
            saved = SavedMap(name=name, shape=list(array.shape))
            if array.size:
                saved.mean = float(array.mean())
                saved.smallest, saved.largest = float(array.min()), float(array.max())
            report.maps.append(saved)
        if len(found) == before:
            report.notes.append(f"{layer} returned no tensor.")
    return found


def _is_map(array: Any) -> bool:
    is_one = array.ndim == 4 and array.shape[0] == 1
    return bool(is_one and array.size and array.dtype.kind == "f")
