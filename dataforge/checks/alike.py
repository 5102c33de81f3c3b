"""Images that are the same: by their bytes, or by their looks.

Each image yields what it is compared by (`Bytes`, `Looks`); at the end `SameFiles` and `SameLooks`
find the earlier images that each one equals, once for all checks that need it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from dataforge.checks.base import Facts, Gatherer, Whole
from dataforge.datasets import apart
from dataforge.io import Root, same_bytes
from dataforge.records import Image

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

DISTANCE = 5
"""Bits, of 64, in which the hashes of two images that look the same may differ."""

_SAME = 0.25
"""Share of the contrast by which two images that look the same may differ."""

_BLANK = 2.0
"""Grey levels: an image with less contrast has nothing to compare."""

_MOST = 50
"""Images of a split, the last ones with a part of the hash in common, that one is compared with;
and splits."""


class Bytes(Gatherer):
    """[name, size of the file in bytes] of each image that can be opened."""

    key = "bytes"

    def image(self, image: Image) -> Iterator[Any]:
        if header := self.data.file(image).header:
            yield [image.file_name, header.size_bytes]


class Looks(Gatherer):
    """[name, size of the file in bytes, perceptual hash, 16 x 16 levels of grey] of each image."""

    key = "looks"

    def image(self, image: Image) -> Iterator[Any]:
        import numpy as np

        file = self.data.file(image)
        header, grey = file.header, file.grey
        if header is None or grey is None:
            return
        small = (grey[::2, ::2] + grey[::2, 1::2] + grey[1::2, ::2] + grey[1::2, 1::2]) / 4
        flat = small.ravel()
        if flat @ flat / flat.size - (flat.sum() / flat.size) ** 2 < _BLANK**2:  # its variance
            return
        levels = np.rint(small).astype(np.uint8).tobytes()
        yield [image.file_name, header.size_bytes, perceptual_hash(grey), levels]


class Alike(ABC):
    """Which images equal which earlier ones.

    Args:
        facts: what the images yielded.
        whole: the dataset.
    """

    def __init__(self, facts: Facts, whole: Whole) -> None:
        self._facts = facts
        self._root: Root = whole.data.image_root
        self._splits: dict[str, dict[str, None]] = {}
        for seen in whole.images:
            splits = self._splits.setdefault(seen.file_name, {})
            if seen.split:
                splits[seen.split] = None

    @cached_property
    @abstractmethod
    def _pairs(self) -> dict[str, list[str]]:
        """Name -> earlier images that it equals, the most similar first."""

    def inside(self) -> Iterator[tuple[str, str]]:
        """(name, earlier name) of each that is not in `across`."""
        for name, twins in self._pairs.items():
            if not any(self._apart(name, twin) for twin in twins):
                yield name, twins[0]

    def across(self) -> Iterator[tuple[str, str]]:
        """(name, earlier name) of two in splits that must have no image in common."""
        for name, twins in self._pairs.items():
            twin = next((twin for twin in twins if self._apart(name, twin)), None)
            if twin is not None:
                yield name, twin

    def _apart(self, name: str, twin: str) -> bool:
        return any(apart(a, b) for a in self._splits[name] for b in self._splits[twin])

    def splits(self, name: str) -> str:
        """The splits of an image, for a message."""
        return " and ".join(self._splits[name])


class SameFiles(Alike):
    """Images whose files are identical; files of different sizes are not read."""

    @cached_property
    def _pairs(self) -> dict[str, list[str]]:
        by_size: dict[int, list[str]] = defaultdict(list)
        for name, size in dict(self._facts.of(Bytes.key)).items():
            by_size[size].append(name)
        found: dict[str, list[str]] = {}
        for names in by_size.values():
            for group in same_bytes(self._root, names) if len(names) > 1 else ():
                # One earlier image per set of splits is enough: thousands may be identical.
                first: dict[tuple[str, ...], str] = {}
                for name in group:
                    if first:
                        found[name] = list(first.values())
                    first.setdefault(tuple(self._splits[name]), name)
        return found


class SameLooks(Alike):
    """Images that look the same but whose files differ.

    The low frequencies of an image give a hash of 64 bits (pHash). Two that differ in no more than
    `DISTANCE` bits have one of six parts of it in common, so that not all pairs are looked at.
    What is left is compared by 16 x 16 levels of grey.
    """

    def __init__(self, facts: Facts, whole: Whole) -> None:
        super().__init__(facts, whole)
        gathered = {name: rest for name, *rest in facts.of(Looks.key)}
        self._sizes: dict[str, int] = {name: size for name, (size, _, _) in gathered.items()}
        self._hashes: dict[str, int] = {name: bits for name, (_, bits, _) in gathered.items()}
        self._levels: dict[str, bytes] = {name: grey for name, (_, _, grey) in gathered.items()}
        self._digests: dict[str, bytes] = {}

    @cached_property
    def _pairs(self) -> dict[str, list[str]]:
        buckets: dict[tuple[int, int], dict[str, deque[str]]] = defaultdict(dict)
        found: dict[str, list[str]] = {}
        for name, bits in self._hashes.items():
            parts = list(enumerate(_parts(bits)))
            near = {
                other
                for key in parts
                for of_split in islice(reversed(buckets[key].values()), _MOST)
                for other in of_split
                if (self._hashes[other] ^ bits).bit_count() <= DISTANCE
            }
            if near and (like := self._like(name, sorted(near))):
                found[name] = like
            for split in self._splits[name] or ("",):
                for key in parts:
                    buckets[key].setdefault(split, deque(maxlen=_MOST)).append(name)
        return found

    def _like(self, name: str, others: Sequence[str]) -> list[str]:
        """Those that look like an image but are not identical to it, the most similar first."""
        differences = self._differences(name, others)
        ranked = sorted(zip(differences, others, strict=True))
        return [other for d, other in ranked if d < _SAME and not self._same(name, other)]

    def _differences(self, name: str, others: Sequence[str]) -> list[float]:
        """How much an image differs from others, as a share of the contrast."""
        import numpy as np

        levels = b"".join(self._levels[key] for key in (name, *others))
        grey = np.frombuffer(levels, np.uint8).reshape(len(others) + 1, -1).astype(np.float64)
        grey -= grey.mean(axis=1, keepdims=True)  # one may be lighter than the other as a whole
        contrast = grey.std(axis=1)
        found: list[float] = (
            (grey[1:] - grey[0]).std(axis=1) / np.minimum(contrast[1:], contrast[0])
        ).tolist()
        return found

    def _same(self, name: str, other: str) -> bool:
        """Whether two files are identical, which is reported as a duplicate instead."""
        return self._sizes[name] == self._sizes[other] and self._digest(name) == self._digest(other)

    def _digest(self, name: str) -> bytes:
        if name not in self._digests:
            try:
                self._digests[name] = self._root.digest(name)
            except OSError:
                self._digests[name] = name.encode("utf-8", "replace")  # that of no other
        return self._digests[name]


def _parts(bits: int) -> list[int]:
    """Six parts of a hash, of 11 and of 10 bits."""
    widths = (11, 11, 11, 11, 10, 10)
    found = []
    for width in widths:
        found.append(bits & ((1 << width) - 1))
        bits >>= width
    return found


def perceptual_hash(grey: npt.NDArray[np.float64]) -> int:
    """A 64-bit hash of (32, 32) grey levels: which of the lowest frequencies exceed their median.

    The first one, the brightness of the image, counts as 0.
    """
    import numpy as np

    waves = _waves(len(grey))
    low = np.rint(waves @ grey @ waves.T)
    low[0, 0] = 0
    ranked = sorted(low.ravel().tolist())
    median = (ranked[31] + ranked[32]) / 2
    return int.from_bytes(np.packbits(low > median).tobytes(), "big")


@cache
def _waves(length: int) -> npt.NDArray[np.float64]:
    """The 8 lowest cosines of so many steps, (8, length)."""
    import numpy as np

    steps = np.arange(length)
    waves: npt.NDArray[np.float64] = np.cos(np.pi / length * np.outer(np.arange(8), steps + 0.5))
    return waves
