"""Fonts for names in any script: Pillow's own has the letters of ASCII, and few others."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from dataforge.errors import first_of, one_line

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

_EAST_ASIAN = ("CJK", "HANGUL", "HIRAGANA", "KATAKANA", "BOPOMOFO", "FULLWIDTH", "HALFWIDTH")
_EAST_ASIAN_PACKAGE = "fonts-noto-cjk"  # of Debian
_EAST_ASIAN_WHEEL = "noto-cjk-sans-otc"
"""Noto Sans CJK from PyPI, 15 MB under the OFL; extra `fonts`."""
_JOINERS = "\u200c\u200d"
"""Have no width: they say whether the letters beside them join."""
_NO_LETTERS = "lastresort"
"""Fonts with a box for every letter, of macOS and matplotlib."""

_IN_PACKAGES = {
    "matplotlib": "mpl-data/fonts/ttf",
    _EAST_ASIAN_WHEEL.replace("-", "_"): ".",
}
"""Folders of fonts in Python's packages."""

HEIGHT = 12
"""Pixels."""
_MOST_FONTS = 1_000
_WIDE = ("dejavusans.", "notosans", "unifont", "arialuni", "droidsansfallback", "wqy")
"""How the names of fonts begin that have many letters; they are tried first."""


def drawable(name: str, height: int = HEIGHT) -> tuple[str, FreeTypeFont | None]:
    """A name as it can be drawn, and the font that has its letters; None is Pillow's own.

    If no font of this machine has all letters, those beyond ASCII are escaped.

    Args:
        name: any text.
        height: of the font, pixels.
    """
    text = one_line(name)
    if text.isascii():
        return text, None
    font = font_of("".join(sorted({*text})), height)
    return (text, font) if font else (escaped(text), None)


def fonts_to_install(texts: Iterable[str]) -> str:
    """A sentence on letters that no font of this machine has; empty if there are none."""
    letters = {letter for text in texts for letter in one_line(text) if not letter.isascii()}
    lacking = [letter for letter in sorted(letters) if font_of(letter, HEIGHT) is None]
    if not lacking:
        return ""
    packages = sorted({_package(letter) for letter in lacking})
    pip = f"; anywhere: pip install {_EAST_ASIAN_WHEEL}" if _EAST_ASIAN_PACKAGE in packages else ""
    return (
        f"no font of this machine has {first_of(lacking)}: drawn as numbers, such as "
        f"{escaped(lacking[0])}; install one (on Debian: {', '.join(packages)}{pip})"
    )


def _package(letter: str) -> str:
    """The package of Debian with a font that has a letter."""
    if unicodedata.name(letter, "").startswith(_EAST_ASIAN):
        return _EAST_ASIAN_PACKAGE
    return "fonts-symbola" if unicodedata.category(letter)[0] == "S" else "fonts-noto-core"


def escaped(text: str) -> str:
    """A text whose letters beyond ASCII are written as numbers."""
    return text.encode("ascii", "backslashreplace").decode("ascii")


@cache
def font_of(letters: str, height: int) -> FreeTypeFont | None:
    """The first font that has these letters."""
    fonts = filter(None, (_load(path, height) for path in _files()))
    return next((font for font in fonts if _has(font, letters)), None)


@cache
def _load(path: str, height: int) -> FreeTypeFont | None:
    from PIL import ImageFont

    try:
        return ImageFont.truetype(path, height)
    except (OSError, ImportError):  # no font, or Pillow was built without FreeType
        return None


def _has(font: FreeTypeFont, letters: str) -> bool:
    """Whether a font has letters: the glyph of one that it lacks is empty, or that of no letter."""
    try:
        lacking = _glyph(font, "\uffff")
        return all(
            letter.isspace() or letter in _JOINERS or (any(glyph[1]) and glyph != lacking)
            for letter in letters
            for glyph in [_glyph(font, letter)]
        )
    except (OSError, ValueError):  # what FreeType says of a broken font
        return False


def _glyph(font: FreeTypeFont, letter: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(letter)
    return mask.size, bytes(mask)


@cache
def _files() -> tuple[str, ...]:
    """The font files of the system and of packages, those with many letters first."""
    found = list(dict.fromkeys(_found()))
    found.sort(key=_rank)
    return tuple(found[:_MOST_FONTS])


def _rank(path: str) -> tuple[bool, bool, str]:
    """Fonts with many letters first, and of a family its plain one."""
    name = os.path.basename(path).lower()
    styled = any(style in name for style in ("bold", "italic", "oblique", "light", "thin", "black"))
    return not name.startswith(_WIDE), styled, path


def _found() -> Iterator[str]:
    folders = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts")]
    folders += [Path.home() / ".fonts", Path.home() / ".local/share/fonts"]
    if sys.platform == "darwin":
        folders = [Path("/System/Library/Fonts"), Path("/Library/Fonts")]
        folders += [Path.home() / "Library/Fonts"]
    elif sys.platform == "win32":
        folders = [Path(os.environ.get("WINDIR", "C:\\Windows"), "Fonts")]
        folders += [Path.home() / "AppData/Local/Microsoft/Windows/Fonts"]
    folders.append(Path(sys.prefix, "fonts"))  # conda's
    for package, within in _IN_PACKAGES.items():
        spec = find_spec(package)
        if spec and spec.origin:
            folders.append(Path(spec.origin).parent / within)
    for folder in folders:
        for here, _, names in os.walk(folder):
            for name in names:
                lower = name.lower()
                if lower.endswith((".ttf", ".otf", ".ttc")) and not lower.startswith(_NO_LETTERS):
                    yield os.path.join(here, name)
