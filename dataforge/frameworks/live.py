"""The interface to a config's model as it runs: for `describe` and `features`."""

from __future__ import annotations

import contextlib
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from dataforge.records import Box


class Sizing(msgspec.Struct, frozen=True, kw_only=True):
    """How a config's test pipeline brings an image to the size that the model is given.

    Attributes:
        scale: (width, height) in pixels, in any order if the ratio is kept; None if images keep
            their size.
        keep_ratio: an image is made as large as fits into the scale, laid so that its longer side
            is along the longer one; else it is stretched.
        divisor: the sides are padded at right and bottom to multiples of this.
    """

    scale: tuple[int, int] | None = None
    keep_ratio: bool = True
    divisor: int = 1

    def resized(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) of an image after resizing, pixels."""
        if self.scale is None:
            return width, height
        if not self.keep_ratio:
            return self.scale
        factor = min(max(self.scale) / max(width, height), min(self.scale) / min(width, height))
        return int(width * factor + 0.5), int(height * factor + 0.5)

    def padded(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) after padding, pixels."""
        return (
            math.ceil(width / self.divisor) * self.divisor,
            math.ceil(height / self.divisor) * self.divisor,
        )


class LevelAnchors(NamedTuple):
    """The anchors of one level.

    Attributes:
        stride: pixels between two cells, (x, y).
        boxes: the anchors of the first cell, (x0, y0, x1, y1) pixels; all others are these,
            moved by multiples of the stride.
        fitted: the steps are those of the stride only nearly: the side of the image divided by
            the number of cells, rounded down.
    """

    stride: tuple[float, float]
    boxes: Sequence[Box]
    fitted: bool = False


class LiveModel(ABC):
    """A config's model, built by its framework; nothing is downloaded, weights are random.

    Attributes:
        model: the torch module, on the CPU.
        backbone: dotted name of the module whose children are the stages.
        neck: dotted name of the module that makes the levels of it; None if there is none.
        sizing: how images are resized.
    """

    model: Any
    backbone: str
    neck: str | None
    sizing: Sizing

    @abstractmethod
    def run(self, image: Path) -> tuple[float, float]:
        """Detect in an image, brought in by the config's own test pipeline; for its hooks.

        Returns:
            The share of the model's input that the image fills, (of the width, of the height); the
            rest is padding.
        """

    @abstractmethod
    def run_blank(self, width: int, height: int) -> None:
        """Run every part of the model on an empty image of this size in pixels."""

    @abstractmethod
    def extract_blank(self, width: int, height: int) -> None:
        """Run only the backbone and the neck on an empty image."""

    @abstractmethod
    def anchors(self, strides: Sequence[float]) -> Sequence[LevelAnchors]:
        """The anchors of each level; empty for a detector without any.

        Args:
            strides: of the levels, pixels.
        """


@contextlib.contextmanager
def same_weights() -> Iterator[None]:
    """Random weights are the same each time; torch's own random state is left as it was."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield
