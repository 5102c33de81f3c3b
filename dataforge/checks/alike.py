"""Images that are the same: by their bytes, or by what is to be seen.

add(image)      for each image, by every check that asks
inside()        (image, an earlier one that it is like), no two splits between them
across()        (image, an earlier one of a split that it must not be in)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING

from dataforge.checks.base import Check, Data
from dataforge.datasets import apart
from dataforge.io import same_bytes
from dataforge.records import Finding, Image

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Alike:
    """Which images are like which earlier ones.

    Args:
        data: the dataset.
    """

    def __init__(self, data: Data) -> None:
        self._data = data
        self._splits: dict[str, dict[str, None]] = {}

    def add(self, image: Image) -> None:
        """Take in an image; one that is known may be in another split now."""
        if image.file_name not in self._splits:
            self._splits[image.file_name] = {}
            self._look(image)
        if image.split:
            self._splits[image.file_name][image.split] = None

    def _look(self, image: Image) -> None:
        raise NotImplementedError

    @cached_property
    def _pairs(self) -> dict[str, list[str]]:
        """Name -> earlier ones that it is like, the most alike first; called when all are added."""
        raise NotImplementedError

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
        """Those that an image is in, for a message."""
        return " and ".join(self._splits[name])


class SameBytes(Alike):
    """Images whose files are the same; of files of different sizes nothing more is read."""

    def __init__(self, data: Data) -> None:
        super().__init__(data)
        self._by_size: dict[int, list[str]] = defaultdict(list)

    def _look(self, image: Image) -> None:
        if header := self._data.file(image).header:
            self._by_size[header.size_bytes].append(image.file_name)

    @cached_property
    def _pairs(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for names in self._by_size.values():
            for group in same_bytes(self._data.image_root, names) if len(names) > 1 else ():
                # Of earlier ones in the same splits the first says all: thousands may be the same.
                first: dict[tuple[str, ...], str] = {}
                for name in group:
                    if first:
                        found[name] = list(first.values())
                    first.setdefault(tuple(self._splits[name]), name)
        return found


class Gathering(Check):
    """What the checks of images that are alike have in common.

    Attributes:
        kind: how they are alike.
    """

    kind: type[Alike]

    @property
    def alike(self) -> Alike:
        """What all checks of this kind gather together."""
        return self.data.shared(self.kind)

    def image(self, image: Image) -> Iterator[Finding]:
        self.alike.add(image)
        return iter(())


DISTANCE = 5
"""Bits of 64 that the hashes of two images that look alike may differ in."""

_SAME = 0.25
"""Of the contrast: what two images that look alike may differ by."""

_BLANK = 2.0
"""Levels of grey: an image of less contrast shows nothing to compare."""

_MOST = 50
"""Images with a part of the hash in common that one is compared with, the last ones."""


class LookAlike(Alike):
    """Images that look the same and whose files are not.

    The low frequencies of an image give a hash of 64 bits (pHash). Two that differ in no more than
    `DISTANCE` bits have one of six parts of it in common, so that not all pairs are looked at.
    What is left is compared by 16 x 16 levels of grey.
    """

    def __init__(self, data: Data) -> None:
        super().__init__(data)
        self._hashes: dict[str, int] = {}
        self._seen: dict[str, bytes] = {}
        self._sizes: dict[str, int] = {}
        self._digests: dict[str, bytes] = {}

    def _look(self, image: Image) -> None:
        import numpy as np

        file = self._data.file(image)
        header, grey = file.header, file.grey
        if header is None or grey is None:
            return
        small = (grey[::2, ::2] + grey[::2, 1::2] + grey[1::2, ::2] + grey[1::2, 1::2]) / 4
        flat = small.ravel()
        if flat @ flat / flat.size - (flat.sum() / flat.size) ** 2 < _BLANK**2:  # its variance
            return
        self._hashes[image.file_name] = perceptual_hash(grey)
        self._seen[image.file_name] = np.rint(small).astype(np.uint8).tobytes()
        self._sizes[image.file_name] = header.size_bytes

    @cached_property
    def _pairs(self) -> dict[str, list[str]]:
        buckets: dict[tuple[str, int, int], list[str]] = defaultdict(list)
        splits = sorted({split for known in self._splits.values() for split in known} | {""})
        found: dict[str, list[str]] = {}
        for name, bits in self._hashes.items():
            parts = list(enumerate(_parts(bits)))
            near = {
                other
                for split in splits
                for number, part in parts
                for other in buckets.get((split, number, part), ())[-_MOST:]
                if (self._hashes[other] ^ bits).bit_count() <= DISTANCE
            }
            if near and (like := self._like(name, sorted(near))):
                found[name] = like
            for split in self._splits[name] or ("",):
                for number, part in parts:
                    buckets[split, number, part].append(name)
        return found

    def _like(self, name: str, others: Sequence[str]) -> list[str]:
        """Those that look like an image and are not the same file, the most alike first."""
        differences = self._differences(name, others)
        ranked = sorted(zip(differences, others, strict=True))
        return [other for d, other in ranked if d < _SAME and not self._same(name, other)]

    def _differences(self, name: str, others: Sequence[str]) -> list[float]:
        """How different an image looks from others, in parts of the contrast."""
        import numpy as np

        seen = b"".join(self._seen[key] for key in (name, *others))
        grey = np.frombuffer(seen, np.uint8).reshape(len(others) + 1, -1).astype(np.float64)
        grey -= grey.mean(axis=1, keepdims=True)  # one may be lighter than the other as a whole
        contrast = grey.std(axis=1)
        found: list[float] = (
            (grey[1:] - grey[0]).std(axis=1) / np.minimum(contrast[1:], contrast[0])
        ).tolist()
        return found

    def _same(self, name: str, other: str) -> bool:
        """Whether two files hold the same bytes, which is told as that."""
        return self._sizes[name] == self._sizes[other] and self._digest(name) == self._digest(other)

    def _digest(self, name: str) -> bytes:
        if name not in self._digests:
            self._digests[name] = self._data.image_root.digest(name)
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
    """64 bits of (32, 32) levels of grey: which of the lowest frequencies are above their median.

    The first, the image's lightness, counts as 0.
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
