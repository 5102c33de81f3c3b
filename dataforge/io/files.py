"""Bytes in and out: folders local or remote, JSON and XML with located errors, atomic writes."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import re
import stat
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, TYPE_CHECKING, Any, TypeVar

import msgspec

from dataforge.errors import InputError, OutputError, ParseError
from dataforge.io.staging import claimed, put_in_place

if TYPE_CHECKING:
    from lxml.etree import _Element
    from PIL.Image import Image

T = TypeVar("T")

IMAGE_EXTENSIONS = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
"""What counts as an image, compared in lower case."""

REGISTRATION = "dataforge_registration.json"
"""Marks a folder that `dataforge register` wrote; such a folder is no part of a dataset."""

MAX_TEXT_BYTES = 512 * 2**20
"""Annotation files larger than this are refused: one image's labels never are."""

MAX_COCO_BYTES = 2 * 2**30
"""COCO files larger than this are refused."""

MAX_NESTING = 100
"""Levels of lists and objects in JSON."""

MAX_TOML_BYTES = 64 * 2**20
"""A manifest of a million images is not larger."""

MAX_IMAGE_PIXELS = 2**30
"""A stated size beyond this is no image's, as OpenCV has it; Pillow itself opens none of more
than 179 million pixels, which it takes for decompression bombs."""

_END = 4096

MAX_VISITS = 1000
"""Ways to one folder over links; where each folder has two links to the next, there is no end."""

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
            what = ", but a file: want a folder, or a COCO file (.json)" if self._is_file() else ""
            raise InputError(f"{self.location}: no such folder{what}")
        self._files: list[str] | None = None

    @property
    def one_json(self) -> bool:
        """Whether one JSON file is meant, and the others of its folder are none of the dataset."""
        return self._only is not None

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
        # here, would be walked for ever. Not os.walk, which ends at folders 1,000 deep.
        waiting: list[tuple[str, tuple[str, ...]]] = [("", (os.path.realpath(self.location),))]
        visits: Counter[str] = Counter()
        while waiting:
            prefix, way = waiting.pop()
            # By its real path, as the system follows no more than 40 links in one.
            entries = _entries(way[-1], os.path.join(self.location, prefix))
            names = [entry.name for entry in entries if not _is_folder(entry)]
            if REGISTRATION in names and prefix:
                continue  # what `register` wrote is no part of the dataset
            # "._x.json" are the companions that macOS leaves on foreign disks.
            yield from (prefix + name for name in names if not name.startswith("."))
            for entry in entries:
                if entry.name.startswith(".") or not _is_folder(entry):
                    continue
                real = os.path.join(way[-1], entry.name)
                if entry.is_symlink():
                    real = os.path.realpath(real)
                    if any(_contains(real, above) for above in way):
                        continue
                    visits[real] += 1
                    if visits[real] > MAX_VISITS:
                        raise InputError(
                            f"{self.location}: links lead to {real} in more than {MAX_VISITS} "
                            "ways: remove the links that lead from one to the next"
                        )
                waiting.append((f"{prefix}{entry.name}/", (*way, real)))

    def read_bytes(self, name: str, limit: int | None = None) -> bytes:
        """The file's content.

        Raises:
            ParseError: it cannot be read, or is larger than `limit` (`MAX_TEXT_BYTES`).
        """
        try:
            with self.open(name) as stream:
                return _bounded(stream, name, limit)
        except OSError as error:
            raise ParseError(name, "", f"cannot be read: {error.strerror or error}") from error

    def open(self, name: str) -> IO[bytes]:
        """The file, open for reading bytes.

        Raises:
            OSError: it cannot be, or is a pipe, a socket or a device.
        """
        if self.remote:
            stream: IO[bytes] = self._fs.open(f"{self._base}/{name}", "rb")
            return stream
        return open(os.path.join(self.location, name), "rb", opener=_open_file)

    def digest(self, name: str) -> bytes:
        """A hash of all the file's bytes.

        Raises:
            OSError: it cannot be read.
        """
        found = hashlib.blake2b(digest_size=16)
        with self.open(name) as stream:
            while block := stream.read(2**20):
                found.update(block)
        return found.digest()

    def end(self, name: str) -> bytes:
        """The last bytes of a file, in which images differ that are of one size.

        Raises:
            OSError: it cannot be read.
        """
        with self.open(name) as stream:
            stream.seek(max(stream.seek(0, os.SEEK_END) - _END, 0))
            return stream.read()

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
        return self.image_header(name).size

    def image_header(self, name: str) -> ImageHeader:
        """What an image says of itself, from its header alone.

        Raises:
            ParseError: no image, or one that claims more than `MAX_IMAGE_PIXELS`.
        """
        from PIL import Image, UnidentifiedImageError

        try:
            with self.open(name) as stream, warnings.catch_warnings():
                # Pillow warns of large images, of which not more than the header is read here.
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)
                with Image.open(stream) as image:
                    header = ImageHeader(
                        stored_size=image.size,
                        orientation=_orientation(image, stream),
                        format=image.format or "",
                        mode=image.mode,
                        size_bytes=stream.seek(0, os.SEEK_END),
                    )
        except UnidentifiedImageError as error:
            raise ParseError(name, "", "is not an image that Pillow can read") from error
        except Exception as error:  # what Pillow trips over in a broken file varies
            message = getattr(error, "strerror", None) or error
            raise ParseError(name, "", f"cannot be opened as an image: {message}") from error
        width, height = header.stored_size
        if width * height > MAX_IMAGE_PIXELS:
            raise ParseError(name, "", f"claims {width}x{height} pixels, not opened")
        return header


class ImageHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What an image file says of itself before its pixels.

    Attributes:
        stored_size: (width, height) in pixels, as they are stored.
        orientation: EXIF's, 1 to 8; 1 where it says nothing.
        format: as Pillow calls it, such as `JPEG`.
        mode: of its pixels, as Pillow calls it, such as `RGB`.
        size_bytes: of the file.
    """

    stored_size: tuple[int, int]
    orientation: int
    format: str
    mode: str
    size_bytes: int

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels of the frame that a viewer shows, its orientation applied."""
        width, height = self.stored_size
        return (height, width) if self.orientation in _EXIF_TRANSPOSED else (width, height)


def same_bytes(root: Root, names: Iterable[str]) -> list[list[str]]:
    """The files in groups of those that hold the same bytes; what ends alike is read as a whole.

    Raises:
        OSError: one cannot be read.
    """
    groups: dict[bytes, list[str]] = {}
    for name in names:
        groups.setdefault(root.end(name), []).append(name)
    found: list[list[str]] = []
    for alike in groups.values():
        if len(alike) == 1:
            found.append(alike)
            continue
        same: dict[bytes, list[str]] = {}
        for name in alike:
            same.setdefault(root.digest(name), []).append(name)
        found += same.values()
    return found


def _entries(folder: str, shown: str) -> list[os.DirEntry[str]]:
    """What is in a folder; nothing is in one that has gone away.

    Raises:
        InputError: it cannot be looked into; nothing that is in it may go missing unsaid.
    """
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InputError(f"{shown}: cannot be looked into: {error.strerror or error}") from error


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        # fsck's own on each Linux disk, which none but root may look into
        return entry.is_dir() and entry.name != "lost+found"
    except OSError:  # a link that leads to itself
        return False


def _open_file(path: str, flags: int) -> int:
    """Open no pipe, which would wait for ever for somebody to write, nor any device."""
    if not stat.S_ISREG(mode := os.stat(path).st_mode):
        said = "is a folder" if stat.S_ISDIR(mode) else "is a pipe, a socket or a device"
        raise OSError(errno.EINVAL, f"{said}, not a file", path)
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _bounded(stream: IO[bytes], name: str, limit: int | None = None) -> bytes:
    """All of a stream, or a ParseError where that is more than the limit."""
    limit = limit or MAX_TEXT_BYTES
    # A file here has its size known before; `read` would set aside as much as it is asked for.
    size = os.fstat(stream.fileno()).st_size if isinstance(stream, io.BufferedReader) else limit
    data = stream.read(size + 1) if size <= limit else b""
    if size < len(data) <= limit:  # it has grown since
        data += stream.read(limit + 1 - len(data))
    if size > limit or len(data) > limit:
        raise ParseError(name, "", f"larger than {limit >> 20} MiB, not read")
    return data


def read_file(path: Path, limit: int | None = None) -> bytes:
    """The content of a file outside of a dataset, which a user or a registration names.

    Raises:
        ParseError: it cannot be read, or is larger than `limit` (`MAX_TEXT_BYTES`).
    """
    try:
        with open(path, "rb", opener=_open_file) as stream:
            return _bounded(stream, str(path), limit)
    except OSError as error:
        raise ParseError(str(path), "", f"cannot be read: {error.strerror or error}") from error


def _orientation(image: Image, stream: IO[bytes]) -> int:
    """The EXIF orientation, without a look at the pixels."""
    from PIL import Image as PILImage

    # PngImageFile.getexif would decode all pixels, as the chunk may stand behind them.
    exif = PILImage.Image.getexif(image)
    if image.format == "PNG" and not exif:
        exif.load(_png_exif(stream))
    orientation: int = exif.get(_EXIF_ORIENTATION, 1)
    return orientation


def _png_exif(stream: IO[bytes]) -> bytes:
    """The content of a PNG's eXIf chunk, empty where it has none."""
    at = stream.seek(8)
    while len(head := stream.read(8)) == 8 and head[4:] != b"IEND":
        length = int.from_bytes(head[:4], "big")
        if head[4:] == b"eXIf":
            return stream.read(min(length, _LARGEST_EXIF))
        at = stream.seek(at + 12 + length)
    return b""


_LARGEST_EXIF = 2**20
_EXIF_ORIENTATION = 0x0112
_EXIF_TRANSPOSED = (5, 6, 7, 8)


def _contains(folder: str, inner: str) -> bool:
    return inner == folder or inner.startswith(folder.rstrip(os.sep) + os.sep)


def is_image(name: str) -> bool:
    """Whether the name ends like an image's."""
    return name.lower().endswith(IMAGE_EXTENSIONS)


def is_plain(name: str) -> bool:
    r"""Whether a name from a dataset can be part of a file's that is written.

    >>> is_plain("train 2"), is_plain("../train"), is_plain("a\nb"), is_plain("..")
    (True, False, False, False)
    """
    return name.isprintable() and not re.search(r"[/\\]", name) and name.strip(". ") != ""


def stem(name: str) -> str:
    """The POSIX path without its last extension; a dot at either end of a name parts none off.

    >>> stem("a/b.c.png"), stem("a.b/.c"), stem("a.")
    ('a/b.c', 'a.b/.c', 'a.')
    """
    # By hand, as pathlib takes ten times as long, and this is asked of each file many times.
    dot = name.rfind(".", name.rfind("/") + 2)
    return name[:dot] if 0 < dot < len(name) - 1 else name


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
    if _is_deep(data):
        raise ParseError(name, "", f"is nested more than {MAX_NESTING} levels deep")
    try:
        return msgspec.json.decode(data, type=type_)
    except msgspec.ValidationError as error:
        message, where = split_pointer(error)
        raise ParseError(name, where, message) from error
    except UnicodeDecodeError as error:
        raise ParseError(
            name, "", f"is not UTF-8 text: {error.reason}; save it as UTF-8"
        ) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise ParseError(name, *_locate(data, error)) from error


def without_nan(data: bytes) -> bytes | None:
    """JSON with null for NaN and Infinity; None where it has neither, or is no JSON even then."""
    if not re.search(rb"\b(NaN|Infinity)\b", data):
        return None
    try:
        return msgspec.json.encode(json.loads(data, parse_constant=lambda _: None))
    except (ValueError, RecursionError, OverflowError):
        return None


def plain(raw: msgspec.Raw) -> Any:
    """Any JSON; numbers that 64 bits do not hold become floats, as in most readers of JSON."""
    try:
        return in_64_bits(msgspec.json.decode(raw))
    except msgspec.ValidationError:  # a number too large for a float, too
        return in_64_bits(json.loads(bytes(raw), parse_int=float))


def in_64_bits(value: Any) -> Any:
    """The same value with floats for whole numbers that 64 bits do not hold."""
    if isinstance(value, dict):
        return {key: in_64_bits(item) for key, item in value.items()}
    if isinstance(value, list):
        return [in_64_bits(item) for item in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return float(str(value))  # which is infinite where float(value) raises
    return value


def _is_deep(data: bytes) -> bool:
    """Whether lists and objects stand in each other so deep that walking them would fail."""
    if data.count(b"[") + data.count(b"{") <= MAX_NESTING or not _looks_deep(data):
        return False
    return _looks_deep(_JSON_TEXT.sub(b"", data))  # the brackets may stand in texts


# To the end of the data where it breaks off, as nothing is to be tried over and over.
_JSON_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)


def _looks_deep(data: bytes) -> bool:
    brackets = data.translate(_ONE_KIND, _NO_BRACKETS)
    for _ in range(MAX_NESTING):
        shorter = brackets.replace(b"[]", b"")  # the innermost ones
        if len(shorter) == len(brackets):  # the rest is a file that breaks off, or in texts
            return brackets.count(b"[") > MAX_NESTING
        brackets = shorter
    return b"[]" in brackets


_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


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

    # Without the zeros of UTF-16 and UTF-32.
    if b"<!ENTITY" in data or (b"\0" in data and b"<!ENTITY" in data.replace(b"\0", b"")):
        raise ParseError(name, "", _ENTITIES)
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
        element = etree.fromstring(_undeclared_gb(data), parser)
        dtd: Any = element.getroottree().docinfo.internalDTD
        if dtd is not None and any(True for _ in dtd.iterentities()):
            raise ParseError(name, "", _ENTITIES)  # in an encoding that hides the word
        return element
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        line = getattr(error, "lineno", None)
        message = re.sub(r", line \d+, column \d+.*$", "", str(error))
        raise ParseError(name, f"line {line}" if line else "", message) from error


_ENTITIES = "declares entities, which are not read for safety: remove them"


def declared_encoding(data: bytes) -> str:
    """The encoding that an XML file says it is in, in lower case; empty where it says none."""
    found = re.match(rb"\s*<\?xml[^>]*encoding=[\"']([\w.-]+)", data)
    return found[1].decode("ascii", "replace").lower() if found else ""


def _undeclared_gb(data: bytes) -> bytes:
    """Old Windows tools wrote GBK and declared UTF-8 or nothing: say what it is."""
    if data.isascii() or (declared_encoding(data) or "utf-8") != "utf-8":
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
def atomic_write(path: Path, mode: int | None = None) -> Iterator[IO[bytes]]:
    """A file that appears whole when the block ends well, or not at all.

    Args:
        path: of it.
        mode: its permissions; None for those that a new file has.

    Raises:
        OutputError: the folder or the file cannot be written, or another run is writing it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with claimed(path, path.parent, folder=False) as temporary:
            with temporary.open("wb") as stream:
                yield stream
            # It was made for nobody else; a dataset is to be read as far as the umask says.
            umask = os.umask(0)
            os.umask(umask)
            os.chmod(temporary, 0o666 & ~umask if mode is None else mode)
            os.replace(temporary, path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error


@contextmanager
def staged(out: Path, replaced: Sequence[Path], *, force: bool) -> Iterator[Path]:
    """A place to write what is to be `out`, a folder or a file; it is put there at the end.

    Nothing of it is left when the block ends badly; when the run is killed, the next one that
    writes `out` clears away what is left. See `dataforge.io.staging.put_in_place`.

    Args:
        out: where it is to be.
        replaced: files and folders that the output makes; with `force` a folder among them that
            is there already gives way as a whole.
        force: overwrite what is there.

    Raises:
        OutputError: something is there already and `force` is not set, it cannot be written, or
            another run is writing it.
    """
    target = Path(os.path.realpath(out)) if out.is_dir() else out
    home = target.parent
    if target.is_dir() and (os.path.ismount(target) or not os.access(home, os.W_OK)):
        home = target
    try:
        home.mkdir(parents=True, exist_ok=True)
        with claimed(target, home, folder=True) as stage:
            for path in replaced:
                if path.exists() and not force:
                    raise OutputError(f"{path} is there already; --force overwrites it")
            yield stage / target.name
            folders = {target / path.relative_to(out) for path in replaced}
            put_in_place(stage, stage / target.name, target, folders, force=force)
    except OSError as error:
        raise OutputError(f"{out}: cannot be written: {error.strerror or error}") from error


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with LF line ends, atomically."""
    with atomic_write(path) as stream:
        stream.write(text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write indented UTF-8 JSON, atomically."""
    write_text(path, msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


_DEEP_KEY = re.compile(rb"""(?:["'\w-]{1,64}[ \t]*\.[ \t]*){%d}""" % MAX_NESTING)


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

    data = read_file(path, MAX_TOML_BYTES)
    if _DEEP_KEY.search(data):  # which tomllib would be at for minutes
        raise ParseError(str(path), "", f"is nested more than {MAX_NESTING} levels deep")
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, and numbers of 5,000 digits
        raise ParseError(str(path), "", f"is not TOML: {error}") from error
