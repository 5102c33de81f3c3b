"""A labelme file as written: the keys that labelme knows, and custom ones.

Source: the files themselves are labelme's interface (github.com/wkentaro/labelme, examples/).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence, Set
from typing import Any

import msgspec

from dataforge.errors import ParseError
from dataforge.io import (
    MAX_VALUES,
    Root,
    decode_json,
    decode_repaired,
    plain,
    split_pointer,
    to_utf8,
)
from dataforge.records import Extra


class Shape(msgspec.Struct, gc=False):
    """One shape, without custom keys."""

    label: str | int
    points: list[tuple[float, float]]
    shape_type: str | None = None
    group_id: int | str | None = None
    mask: str | None = None
    flags: Any = None
    description: Any = None
    score: Any = None
    difficult: Any = None
    attributes: Any = None

    def says_no_more(self) -> bool:
        """Whether it certainly has no attributes: a quick answer for most shapes."""
        return (
            self.group_id is None
            and self.score is None
            and (self.flags is None or self.flags == {})
            and (self.description is None or self.description == "")
            and (self.difficult is None or self.difficult is False)
            and self.attributes is None
        )


class Head(msgspec.Struct, rename="camel", gc=False):
    """The content of a file other than its shapes."""

    image_path: str | None = None
    image_width: float | None = None
    image_height: float | None = None
    image_data: msgspec.Raw = msgspec.Raw()
    flags: Any = None
    attributes: Any = None
    version: Any = None


class _UsualShape(Shape, forbid_unknown_fields=True, gc=False):
    flags: dict[str, bool] | None = None
    description: str | None = None
    score: float | int | None = None
    difficult: bool | None = None
    attributes: dict[str, str] | None = None


class _UsualFile(Head, forbid_unknown_fields=True, kw_only=True, gc=False):
    """A file without anything unusual, which most files are: decoded in one step."""

    shapes: list[_UsualShape]
    flags: dict[str, bool] | None = None
    attributes: dict[str, str] | None = None
    version: str | None = None


class _ImageData(msgspec.Struct, rename="camel"):
    image_data: msgspec.Raw = msgspec.Raw()


_decode_usual = msgspec.json.Decoder(_UsualFile).decode
_decode_shape = msgspec.json.Decoder(Shape).decode
_decode_keys = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class File(msgspec.Struct):
    """A labelme file.

    Attributes:
        head: its content other than the shapes.
        shapes: decoded if the whole file is as labelme writes it, else see `read_shape`.
        own: its custom keys.
        odd: (code, key, message) of values that are not as labelme writes them.
        is_repaired: whether it contains what JSON does not allow, see `dataforge.io.repaired`.
    """

    head: Head
    shapes: Sequence[Shape | msgspec.Raw]
    own: Extra = {}
    odd: Sequence[tuple[str, str, str]] = ()
    is_repaired: bool = False


def parse(data: bytes, name: str) -> File | None:
    """A parsed file; None if it is JSON but not a labelme file.

    Args:
        data: of the file, UTF-8.
        name: of the file, for errors.

    Raises:
        ParseError: it is not JSON, its shapes are not a list, or it has too many values for one
            image.
    """
    if data.count(b",") > MAX_VALUES:  # base64 has no commas
        raise ParseError(name, "", f"holds more than {MAX_VALUES:,} values: not read")
    try:
        usual = _decode_usual(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass  # reported below, or harmless
    else:
        return File(usual, usual.shapes)
    try:
        keys, better = decode_repaired(data, dict[str, msgspec.Raw], name)
    except ParseError as error:
        if isinstance(error.__cause__, msgspec.ValidationError):
            return None
        raise
    if "shapes" not in keys:
        return None
    shapes = _shapes(keys["shapes"], name)
    values, odd = _understood(keys, Head)
    own = _own_keys(keys, {*Head.__struct_encode_fields__, "shapes"})
    return File(Head(**values), shapes, own, odd, better is not None)


def _shapes(raw: msgspec.Raw, name: str) -> list[msgspec.Raw]:
    try:
        return msgspec.json.decode(raw, type=list[msgspec.Raw])
    except msgspec.ValidationError as error:
        raise ParseError(name, "$.shapes", split_pointer(error, plain(raw))[0]) from error


def _understood(
    keys: Mapping[str, msgspec.Raw], type_: type[Head | Shape]
) -> tuple[dict[str, Any], list[tuple[str, str, str]]]:
    """(field -> its value, [(code, key, message)] for values of another type than labelme's).

    A number written as text, or an integer as 1.0, is read as what it means; else the value is
    left out.
    """
    values: dict[str, Any] = {}
    odd: list[tuple[str, str, str]] = []
    for field in msgspec.structs.fields(type_):
        if field.encode_name not in keys:
            continue
        raw = keys[field.encode_name]
        try:
            values[field.name] = msgspec.json.decode(raw, type=field.type)
        except msgspec.ValidationError as error:
            value = plain(raw)
            message = split_pointer(error, value)[0]
            try:
                values[field.name] = msgspec.convert(value, field.type, strict=False)
                odd.append(("odd-number", field.encode_name, f"{message}: read as a number"))
            except (msgspec.ValidationError, OverflowError):
                odd.append(("bad-value", field.encode_name, f"{message}: ignored"))
    return values, odd


def read_shape(shape: Shape | msgspec.Raw) -> tuple[Shape, Extra, list[tuple[str, str, str]]]:
    """(shape of a `File`, its custom keys, [(code, key, message)] for its odd values).

    Raises:
        msgspec.ValidationError: it is not a shape.
    """
    if isinstance(shape, Shape):
        return shape, {}, []
    keys = _decode_keys(shape)
    own = _own_keys(keys, {*Shape.__struct_encode_fields__})
    try:
        return _decode_shape(shape), own, []
    except msgspec.ValidationError:
        values, odd = _understood(keys, Shape)
        if not {"label", "points"} <= values.keys():
            raise
        return Shape(**values), own, odd


def label_of(shape: Shape | msgspec.Raw) -> str:
    """The label of a shape as written; empty if there is none, or it is a number."""
    try:
        label = shape.label if isinstance(shape, Shape) else plain(_decode_keys(shape)["label"])
    except (KeyError, msgspec.ValidationError):
        return ""
    return label if isinstance(label, str) else ""


def says(value: Any) -> bool:
    """Whether a value is not blank; a score of 0 is not blank."""
    return value is not None and value is not False and value not in ("", {}, [])


def _own_keys(keys: Mapping[str, msgspec.Raw], known: Set[str]) -> Extra:
    """Custom keys of a person or a tool; labelme keeps them when it saves the file."""
    own = {
        key: value for key, item in keys.items() if key not in known and says(value := plain(item))
    }
    return {"labelme": own} if own else {}


# The image inside -------------------------------------------------------------------------------


def has_image_data(head: Head) -> bool:
    """Whether there is a value where an image may be embedded."""
    return bytes(head.image_data) not in (b"", b"null", b'""')


def image_inside(data: msgspec.Raw, name: str) -> bytes:
    """The image file embedded in imageData.

    Args:
        data: the value of that key.
        name: of the labelme file, for errors.

    Raises:
        ParseError: there is none, or it is not base64.
    """
    where = "$.imageData"
    try:
        text = msgspec.json.decode(data, type=str | None) if bytes(data) else None
    except msgspec.ValidationError as error:
        raise ParseError(name, where, split_pointer(error)[0]) from error
    if not text:
        raise ParseError(name, where, "contains no image")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ParseError(name, where, f"is not base64: {error}") from error


def extracted_image(root: Root, source: str) -> bytes:
    """The image file embedded in a labelme file.

    Raises:
        ParseError: there is none.
    """
    data, _ = to_utf8(root.read_bytes(source), source)
    return image_inside(decode_json(data, _ImageData, source).image_data, source)
