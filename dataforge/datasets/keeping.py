"""How images are kept until they are written: with outlines as the writer wants them.

Most of an image are the numbers of its outlines. A writer that copies them to JSON gets them as
JSON, and one that only writes boxes gets none, so that they are decoded and encoded once.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, overload

import msgspec

from dataforge.findings import Place
from dataforge.formats import Outlines, WrittenOutline
from dataforge.records import Image, Instance, Mask, Polygons


class _Instance(Instance, frozen=True, gc=False):
    shape: WrittenOutline | Mask | None = None


class _Image(Image, frozen=True, gc=False):
    instances: tuple[_Instance, ...] = ()


class _Placed(msgspec.Struct, gc=False):
    place: Place = Place("")


class PackedValues(Sequence[Any]):
    """Values of builtin types, in the memory that they take encoded."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("Q", [0])

    def append(self, value: Any) -> None:
        """Add a value that can be encoded."""
        self._bytes += _encode(value)
        self._ends.append(len(self._bytes))

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        at = range(len(self))[index]
        return _decode(self._bytes[self._ends[at] : self._ends[at + 1]])

    def __iter__(self) -> Iterator[Any]:
        return (_decode(self._bytes[start:end]) for start, end in pairwise(self._ends))


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode
_as_json = msgspec.json.Encoder().encode
_without_rings = msgspec.msgpack.Decoder(list[_Image]).decode

decode_images = msgspec.msgpack.Decoder(list[Image]).decode
"""Decodes images that were kept with rings."""

decode_places = msgspec.msgpack.Decoder(list[_Placed]).decode
"""Decodes the places of images, however they were kept."""


_ANY = WrittenOutline()
"""An outline, whatever it is."""


def encode_images(images: Sequence[Image], outlines: Outlines) -> bytes:
    """Encode images for `decoder`."""
    return _encode(images if outlines == "rings" else [_kept(one, outlines) for one in images])


def decoder(outlines: Outlines) -> Callable[[bytes], Sequence[Image]]:
    """Decodes images that were encoded with these outlines."""
    return decode_images if outlines == "rings" else _without_rings


def _kept(image: Image, outlines: Outlines) -> Image:
    replace, changed = msgspec.structs.replace, False
    instances = []
    for instance in image.instances:
        shape = instance.shape
        if isinstance(shape, Polygons):
            kept = WrittenOutline(text=_as_json(shape.rings)) if outlines == "json" else _ANY
            instance, changed = replace(instance, shape=kept), True
        instances.append(instance)
    return replace(image, instances=tuple(instances)) if changed else image
