"""Bytes in and out: folders local or remote, JSON and XML with located errors, atomic writes."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, TYPE_CHECKING, Any, TypeVar

import msgspec

from dataforge.errors import InputError, OutputError, ParseError

if TYPE_CHECKING:
    from lxml.etree import _Element

T = TypeVar("T")

IMAGE_EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
"""What counts as an image, compared in lower case."""

REGISTRATION = "dataforge_registration.json"
"""Marks a folder that `dataforge register` wrote; such a folder is no part of a dataset."""

MAX_TEXT_BYTES = 512 * 2**20
"""Annotation files larger than this are refused: one image's labels never are."""

MAX_IMAGE_PIXELS = 2**30
"""A stated size beyond this is no image's, as OpenCV has it; Pillow itself opens none of more
than 179 million pixels, which it takes for decompression bombs."""

MAX_COORDINATE = 1e7
"""Pixels; what lies farther out is no mark on an image but a fault of the file."""


class Root:
    """A folder, local or behind fsspec, whose files are named by POSIX paths relative to it.

    Args:
        location: a local path, or a URL that fsspec understands (``s3://bucket/folder``). A
            ``.json`` file means its folder without the other JSON files in it.

    Raises:
        InputError: there is no such folder.
    """

    def __init__(self, location: str | os.PathLike[str]) -> None:
        self.location = os.fspath(location)
        self.remote = "://" in self.location
        self._only: str | None = None
        if self.location.lower().endswith(".json") and self._is_file():
            folder, self._only = os.path.split(self.location)
            self.location = folder or "."
        if self.remote:
            import fsspec

            self._fs, path = fsspec.core.url_to_fs(self.location)
            self._base = str(path).rstrip("/")
            found = self._fs.isdir(self._base)
        else:
            found = os.path.isdir(self.location)
            self.path = Path(self.location)
        if not found:
            raise InputError(f"{self.location}: no such folder")
        self._files: list[str] | None = None

    def files(self) -> list[str]:
        """All files below, sorted; looked up once. Links to folders are followed, loops are not."""
        if self._files is None:
            names = self._walk_remote() if self.remote else self._walk_local()
            self._files = sorted(name for name in names if self._is_meant(name))
        return self._files

    def _is_file(self) -> bool:
        if not self.remote:
            return os.path.isfile(self.location)
        import fsspec

        fs, path = fsspec.core.url_to_fs(self.location)
        return bool(fs.isfile(path))

    def _is_meant(self, name: str) -> bool:
        return self._only in (None, name) or not name.lower().endswith(".json")

    def _walk_remote(self) -> Iterator[str]:
        for path in self._fs.find(self._base):
            yield str(path)[len(self._base) :].lstrip("/")

    def _walk_local(self) -> Iterator[str]:
        # A link to a folder that we are inside of, by its real path or by the way that led
        # here, would be walked for ever.
        ways = {self.location: [os.path.realpath(self.location)]}
        for folder, subfolders, names in os.walk(self.location, followlinks=True):
            way = ways.pop(folder)
            if REGISTRATION in names and folder != self.location:
                subfolders.clear()  # what `register` wrote is no part of the dataset
                continue
            inside = []
            for name in subfolders:
                path = os.path.join(folder, name)
                real = os.path.realpath(path)
                if not name.startswith(".") and not any(_contains(real, above) for above in way):
                    ways[path] = [*way, real]
                    inside.append(name)
            subfolders[:] = inside
            prefix = os.path.relpath(folder, self.location).replace(os.sep, "/")
            for name in names:
                # "._x.json" are the companions that macOS leaves on foreign disks.
                if not name.startswith("."):
                    yield name if prefix == "." else f"{prefix}/{name}"

    def read_bytes(self, name: str, limit: int | None = None) -> bytes:
        """The file's content.

        Raises:
            ParseError: it cannot be read, or is larger than `limit` (`MAX_TEXT_BYTES`).
        """
        limit = limit or MAX_TEXT_BYTES
        try:
            with self.open(name) as stream:
                data = stream.read(limit + 1)
        except OSError as error:
            raise ParseError(name, "", f"cannot be read: {error.strerror or error}") from error
        if len(data) > limit:
            raise ParseError(name, "", f"larger than {limit >> 20} MiB, not read")
        return data

    def open(self, name: str) -> IO[bytes]:
        """The file, open for reading bytes."""
        if self.remote:
            stream: IO[bytes] = self._fs.open(f"{self._base}/{name}", "rb")
            return stream
        return open(os.path.join(self.location, name), "rb")

    def exists(self, name: str) -> bool:
        """Whether there is such a file."""
        if self.remote:
            return bool(self._fs.isfile(f"{self._base}/{name}"))
        return os.path.isfile(os.path.join(self.location, name))

    def image_size(self, name: str) -> tuple[int, int]:
        """(width, height) in the frame that a viewer shows, from the header alone.

        The EXIF orientation is applied, as labelme and OpenCV do.

        Raises:
            ParseError: no image, or one that claims more than `MAX_IMAGE_PIXELS`.
        """
        from PIL import Image, UnidentifiedImageError

        try:
            with self.open(name) as stream, Image.open(stream) as image:
                width, height = image.size
                turned = image.getexif().get(_EXIF_ORIENTATION, 1) in _EXIF_TRANSPOSED
        except UnidentifiedImageError as error:
            raise ParseError(name, "", "is not an image that Pillow can read") from error
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise ParseError(name, "", f"cannot be opened as an image: {error}") from error
        if width * height > MAX_IMAGE_PIXELS:
            raise ParseError(name, "", f"claims {width}x{height} pixels, not opened")
        return (height, width) if turned else (width, height)


_EXIF_ORIENTATION = 0x0112
_EXIF_TRANSPOSED = (5, 6, 7, 8)


def _contains(folder: str, inner: str) -> bool:
    return inner == folder or inner.startswith(folder.rstrip(os.sep) + os.sep)


def is_image(name: str) -> bool:
    """Whether the name ends like an image's."""
    return name.lower().endswith(IMAGE_EXTENSIONS)


def stem(name: str) -> str:
    """The POSIX path without its last extension: ``a/b.c.png`` -> ``a/b.c``."""
    return name[: -len(suffix)] if (suffix := PurePosixPath(name).suffix) else name


def resolve(folder: str, reference: str) -> str | None:
    r"""A path that a file in `folder` names, relative to the root; None where it leads outside.

    Both separators are understood. Absolute paths and drives lead outside.

    >>> resolve("a/b", "..\\c\\x.jpg")
    'a/c/x.jpg'
    >>> resolve("a", "../../x.jpg") is None
    True
    """
    windows = PureWindowsPath(reference)
    if windows.drive or windows.root or "\0" in reference:
        return None
    parts: list[str] = []
    for part in (*PurePosixPath(folder).parts, *windows.parts):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts) or None


def to_utf8(data: bytes, name: str) -> tuple[bytes, str]:
    """The same text in UTF-8 without a byte order mark, and the encoding it was in.

    Raises:
        ParseError: it is neither UTF-8, UTF-16 with a mark, nor GB18030 (old Windows labelme).
    """
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
        encoding = "utf-8-sig"
    else:
        encoding = "utf-8"
    if data.isascii():
        return data, encoding
    candidates = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else (encoding, "gb18030")
    for candidate in candidates:
        try:
            text = data.decode(candidate)
        except UnicodeDecodeError:
            continue
        return (data if candidate.startswith("utf-8") else text.encode()), candidate
    raise ParseError(name, "", "is neither UTF-8 nor GB18030 text; save it as UTF-8")


def decode_json(data: bytes, type_: type[T], name: str) -> T:
    """Decode UTF-8 JSON into a type.

    Raises:
        ParseError: with the JSON path, or the line and column.
    """
    try:
        return msgspec.json.decode(data, type=type_)
    except msgspec.ValidationError as error:
        message, where = split_pointer(error)
        raise ParseError(name, where, message) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise ParseError(name, *_locate(data, error)) from error


def split_pointer(error: msgspec.ValidationError) -> tuple[str, str]:
    """msgspec's text as (what is wrong, JSON path)."""
    message, _, where = str(error).partition(" - at `")
    return _plain(message), where.rstrip("`") or "$"


def _plain(message: str) -> str:
    return re.sub(r"^Expected (.*), got (.*)$", r"want \1, got \2", message)


def _locate(data: bytes, error: Exception) -> tuple[str, str]:
    if not data.strip():
        return "", "is empty"
    at = re.search(r"\(byte (\d+)\)", str(error))
    offset = int(at[1]) if at else len(data)
    before = data[:offset]
    place = f"line {before.count(10) + 1}, column {offset - (before.rfind(10) + 1) + 1}"
    if len(data) < 300 and re.fullmatch(rb"[^\s{}\[\]\"]+", data):
        return (
            place,
            "is no JSON but a path: a git link checked out as text; copy the real file here",
        )
    if "truncated" in str(error):
        return place, "JSON breaks off here: the file is truncated"
    return place, "malformed JSON" if at is None else str(error).replace(at[0], "").strip()


def parse_xml(data: bytes, name: str) -> _Element:
    """The root element of an XML file; entities, DTDs and the network are off.

    A declared multi-byte encoding (gb2312, gbk, big5) is honoured.

    Raises:
        ParseError: with the line.
    """
    from lxml import etree

    if b"<!ENTITY" in data:
        raise ParseError(name, "", "declares entities, which are not read for safety: remove them")
    if not data.strip():
        raise ParseError(name, "", "is empty")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
    )
    try:
        return etree.fromstring(_undeclared_gb(data), parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        line = getattr(error, "lineno", None)
        message = re.sub(r", line \d+, column \d+.*$", "", str(error))
        raise ParseError(name, f"line {line}" if line else "", message) from error


def _undeclared_gb(data: bytes) -> bytes:
    """Old Windows tools wrote GBK and declared UTF-8 or nothing: say what it is."""
    declared = re.match(rb"\s*<\?xml[^>]*encoding=[\"']([\w.-]+)", data)
    if data.isascii() or (declared and declared[1].lower() != b"utf-8"):
        return data
    try:
        data.decode("utf-8-sig")
        return data
    except UnicodeDecodeError:
        with suppress(UnicodeDecodeError):
            text = data.decode("gb18030")
            return re.sub(r"^\s*<\?xml[^>]*\?>", "", text).encode()
    return data


@contextmanager
def atomic_write(path: Path) -> Iterator[IO[bytes]]:
    """A file that appears whole when the block ends well, or not at all.

    Raises:
        OutputError: the folder or the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error
    try:
        with open(handle, "wb") as stream:
            yield stream
        # mkstemp gives 0600; a dataset is meant to be read by others as far as the umask says.
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)


@contextmanager
def staged(out: Path, replaced: Sequence[Path], *, force: bool) -> Iterator[Path]:
    """A place to write what is to be `out`, a folder or a file; it is moved there at the end.

    Nothing of it is left when the block ends badly.

    Args:
        out: where it is to be.
        replaced: files and folders that the output makes; with `force` a folder among them that
            is there already gives way as a whole.
        force: overwrite what is there.

    Raises:
        OutputError: something is there already and `force` is not set, or it cannot be written.
    """
    for path in replaced:
        if path.exists() and not force:
            raise OutputError(f"{path} is there already; --force overwrites it")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=f".{out.name[:100]}.", dir=out.parent))
    except OSError as error:
        raise OutputError(f"{out}: cannot be written: {error.strerror or error}") from error
    try:
        yield stage / out.name
        _put_in_place(stage, out, replaced, force)
    except OSError as error:
        raise OutputError(f"{out}: cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _put_in_place(stage: Path, out: Path, replaced: Sequence[Path], force: bool) -> None:
    made = [
        path for path in (stage / out.name).rglob("*") if not path.is_dir() or path.is_symlink()
    ]
    if (stage / out.name).is_file():
        made = [stage / out.name]
    pairs = [(path, out.parent / path.relative_to(stage)) for path in made]
    for _, target in pairs:
        if target.exists() and not force:
            raise OutputError(f"{target} is there already; --force overwrites it")
    for number, old in enumerate(path for path in replaced if path.is_dir()):
        os.replace(old, stage / f"old{number}")
    for path, target in pairs:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, target)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with LF line ends, atomically."""
    with atomic_write(path) as stream:
        stream.write(text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write indented UTF-8 JSON, atomically."""
    write_text(path, msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def toml_value(value: Any) -> str:
    """A text, number or truth value, or a list of them, as TOML has it.

    >>> toml_value(["a", True, 0.5])
    '["a", true, 0.5]'
    """
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(toml_value, value))}]"
    # JSON's are TOML's, but for the one letter that JSON does not escape.
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")


def load_toml(path: Path) -> dict[str, Any]:
    """A TOML file as a dict.

    Raises:
        ParseError: with tomllib's line and column.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise ParseError(str(path), "", f"cannot be read: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ParseError(str(path), "", f"is not TOML: {error}") from error
