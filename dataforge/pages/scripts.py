"""Data as scripts: a page that is opened from disk may run scripts, but not read files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

_ESCAPES = str.maketrans({"<": "\\u003c", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def script(name: str, *values: Any) -> bytes:
    r"""A call of the page's own function with values of any content.

    Data are the content of JSON strings in it, whatever a dataset says: nothing in them ends the
    script, or is run.

    >>> script("chunk", "a", ["</script>\u2028"]).decode()
    'dataforge.chunk("a",["\\u003c/script>\\u2028"]);\n'
    """
    try:
        texts = [msgspec.json.encode(value) for value in values]
    except UnicodeEncodeError:  # a name that is not UTF-8
        texts = [msgspec.json.encode(_in_utf8(value)) for value in values]
    given = b",".join(texts).decode().translate(_ESCAPES)
    return f"dataforge.{name}({given});\n".encode()


def write_script(path: Path, name: str, *values: Any) -> None:
    """Write a script, see `script`."""
    path.write_bytes(script(name, *values))


def _in_utf8(value: Any) -> Any:
    """The value, with bytes of names that are not UTF-8 escaped."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_in_utf8(key): _in_utf8(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_in_utf8(item) for item in value]
    return value
