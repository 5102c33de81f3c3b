"""A case: the small datasets of one code, what is found in them and what ``--fix`` makes of them.

``cases/<group>/<code>.txt`` holds all of them as text, each file after a line that names it::

    What is shown here: free text, up to the first marker.

    -- options.toml --
    drop = "dog"
    -- bad/labels/a.json --
    {"shapes": [{"label": "cat", "points": [[1, 1], [9, 1]]}], "imagePath": "../a.png"}
    -- bad/a.png: image --
    -- expect bad --
    error labels/a.json::$.shapes[0]: polygon needs at least 3 points, has 2; drop the shape
    -- fixed/labels/a.json --
    {"shapes": [], "imagePath": "../a.png"}
    -- good/...

Trees are called ``good*``, ``bad*`` and ``fixed*``. ``expect bad_x`` has a line for each finding in
`bad_x`, in the order of the report; the number of shapes that are lost, if there are any, follows
the severity. `fixed_x` is what becomes of `bad_x`, and only names the files that change; an
``expect fixed_x`` has what is still found there.
``options.toml`` holds fields of `CheckOptions`.

A colon after the name of a file is followed by words that say how it is made:

    encoding=NAME   not UTF-8, but this codec of Python's
    crlf            lines end in CR LF
    no-newline      the last line has no end
    base64          the text is base64 of the content
    link=TARGET     nothing follows, and it is a link
    image ...       nothing follows, and an image is drawn:
        80x60       width and height; 64x48 if not given
        seed=3      a pattern of coloured squares; without a seed it follows from the file's path,
                    so that no two images of a dataset are alike unless a case says so
        plain=90    one level of grey in place of a pattern
        blur=4      the radius, in pixels, of a Gaussian blur of it
        grey 16-bit palette     how pixels are stored, if not as RGB
        as=png      its format, if the file's suffix does not tell
        exif=6      an EXIF orientation
        cut=50      the file ends after so many percent of its bytes
"""

from __future__ import annotations

import base64
import io
import os
import random
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image, ImageFilter

CASES = Path(__file__).parent / "cases"
UPDATE = os.environ.get("DATAFORGE_UPDATE_GOLDEN") == "1"

MARKER = re.compile(r"^-- (?P<name>\S.*?)(?:: (?P<how>\S.*))? --\n", re.MULTILINE)


@dataclass
class Section:
    """A file of a dataset, or another part of a case.

    Attributes:
        name: path of the file, that begins with the name of its tree.
        how: words that say how it is made.
        text: all up to the next marker.
    """

    name: str
    how: str
    text: str = ""

    def __str__(self) -> str:
        how = f": {self.how}" if self.how else ""
        return f"-- {self.name}{how} --\n{self.text}"

    @property
    def content(self) -> bytes:
        """The bytes of the file."""
        words = self.how.split()
        if words[:1] == ["image"]:
            return drawn(self.name.partition("/")[2], self.how)
        if words == ["base64"]:
            return base64.b64decode(self.text)
        if unknown := {*words} - {"crlf", "no-newline", f"encoding={self.encoding}"}:
            raise ValueError(f"{self.name}: not understood: {', '.join(unknown)}")
        text = self.text.removesuffix("\n") if "no-newline" in words else self.text
        return (text.replace("\n", "\r\n") if "crlf" in words else text).encode(self.encoding)

    @property
    def encoding(self) -> str:
        """The codec of a text."""
        said = re.search(r"encoding=(\S+)", self.how)
        return said[1] if said else "utf-8"

    @classmethod
    def of(cls, name: str, content: bytes, encoding: str) -> Section:
        """A file that holds this text."""
        text = content.decode(encoding)
        how = [f"encoding={encoding}"] * (encoding != "utf-8") + ["crlf"] * ("\r\n" in text)
        text = text.replace("\r\n", "\n")
        if text and not text.endswith("\n"):
            how, text = [*how, "no-newline"], text + "\n"
        section = cls(name, " ".join(how), text)
        if section.content != content:
            raise ValueError(f"{name}: cannot be written as text")
        return section


class Case:
    """One file below `CASES`, see above."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.group, self.code = path.parent.name, path.stem
        self.about, self.sections = parsed(path.read_bytes().decode())
        names = [section.name for section in self.sections]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"{path}: stands there twice: {', '.join(sorted(twice))}")

    def __str__(self) -> str:
        return self.about + "".join(map(str, self.sections))

    def trees(self, kind: str) -> list[str]:
        """Names of the trees of a kind, in order."""
        names = dict.fromkeys(s.name.split("/")[0] for s in self.sections if "/" in s.name)
        return [name for name in names if re.fullmatch(rf"{kind}(_\w+)?", name)]

    def section(self, name: str) -> Section | None:
        """A part, if it is there."""
        return next((section for section in self.sections if section.name == name), None)

    def files(self, tree: str) -> dict[str, Section]:
        """Path -> file of a tree; `fixed` has those of `bad` that it does not name."""
        files = self.files(tree.replace("fixed", "bad", 1)) if tree.startswith("fixed") else {}
        start = f"{tree}/"
        own = [section for section in self.sections if section.name.startswith(start)]
        return files | {section.name.removeprefix(start): section for section in own}

    def unpack(self, tree: str, folder: Path) -> Path:
        """A tree as a folder below this one."""
        for name, section in self.files(tree).items():
            path = folder / tree / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if section.how.startswith("link="):
                path.symlink_to(section.how.removeprefix("link="))
            else:
                path.write_bytes(section.content)
        return folder / tree

    @property
    def options(self) -> dict[str, object]:
        """Fields of `CheckOptions`."""
        section = self.section("options.toml")
        return msgspec.toml.decode(section.text) if section else {}

    def expected(self, tree: str) -> list[str]:
        """Lines that say what is found in a tree."""
        section = self.section(f"expect {tree}")
        return section.text.splitlines() if section else []

    # Writing anew -------------------------------------------------------------------------------

    def expect(self, tree: str, lines: list[str]) -> None:
        """Write down what is found in a tree."""
        section = self.section(f"expect {tree}")
        if section is None:
            section = Section(f"expect {tree}", "")
            self.sections.insert(self._end(tree), section)
        section.text = "".join(f"{line}\n" for line in lines)
        if not lines:
            self.sections.remove(section)
        self.save()

    def expect_files(self, tree: str, content: dict[str, bytes]) -> None:
        """Write down what becomes of a tree: the files of `tree`, that differ from before."""
        bad = tree.replace("fixed", "bad", 1)
        self.sections = [s for s in self.sections if not s.name.startswith(f"{tree}/")]
        place = self._end(bad)
        for name, before in reversed(self.files(bad).items()):
            if content[name] != before.content:
                after = Section.of(f"{tree}/{name}", content[name], before.encoding)
                self.sections.insert(place, after)
        self.save()

    def _end(self, tree: str) -> int:
        """Where something goes that belongs to a tree: behind its last part."""
        return 1 + max(
            index
            for index, section in enumerate(self.sections)
            if section.name.startswith(f"{tree}/") or section.name == f"expect {tree}"
        )

    def save(self) -> None:
        """Write the file."""
        self.path.write_bytes(str(self).encode())


def parsed(text: str) -> tuple[str, list[Section]]:
    """What stands before the first marker, and all parts."""
    markers = [*MARKER.finditer(text)]
    ends = [found.start() for found in markers[1:]] + [len(text)]
    sections = [
        Section(found["name"], found["how"] or "", text[found.end() : end])
        for found, end in zip(markers, ends, strict=True)
    ]
    return text[: markers[0].start()], sections


@cache
def cases() -> list[Case]:
    """All, by group and code."""
    return [Case(path) for path in sorted(CASES.glob("*/*.txt"))]


def trees(*kinds: str) -> Iterator[tuple[Case, str]]:
    """Every tree of these kinds."""
    for case in cases():
        for kind in kinds:
            yield from ((case, tree) for tree in case.trees(kind))


# Images -----------------------------------------------------------------------------------------

MODES = {"grey": "L", "palette": "P", "16-bit": "I;16"}
SAID = {"as", "blur", "cut", "exif", "plain", "seed"}


@cache
def drawn(name: str, how: str) -> bytes:
    """The bytes of an image; `name` is its path in the dataset."""
    words = [word.partition("=") for word in how.split()[1:]]
    said = {key: value for key, is_, value in words if is_}
    bare = [key for key, is_, _ in words if not is_]
    sizes = [word for word in bare if re.fullmatch(r"\d+x\d+", word)]
    if unknown := {*said} - SAID | {*bare} - MODES.keys() - {*sizes}:
        raise ValueError(f"{name}: not understood: {', '.join(unknown)}")
    width, height = map(int, (sizes or ["64x48"])[0].split("x"))
    (mode,) = [MODES[word] for word in bare if word in MODES] or ["RGB"]
    if "plain" in said:
        image = Image.new("I;16" if mode == "I;16" else "L", (width, height), int(said["plain"]))
    else:
        seed = int(said.get("seed", zlib.crc32(name.encode())))
        image = Image.fromarray(pattern(seed)).resize((width, height), Image.Resampling.NEAREST)
    if "blur" in said:
        image = image.filter(ImageFilter.GaussianBlur(int(said["blur"])))
    exif = Image.Exif()
    if "exif" in said:
        exif[0x0112] = int(said["exif"])
    format_ = said.get("as") or Image.registered_extensions()[Path(name).suffix.lower()]
    stream = io.BytesIO()
    (image if image.mode == mode else image.convert(mode)).save(stream, format_, exif=exif)
    content = stream.getvalue()
    return content[: len(content) * int(said.get("cut", 100)) // 100]


def pattern(seed: int) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
    """(4, 4, 3) levels, of a generator that gives the same everywhere."""
    return np.frombuffer(random.Random(seed).randbytes(48), np.uint8).reshape(4, 4, 3)
