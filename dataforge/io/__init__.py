"""Bytes in and out: roots, JSON, XML and TOML with located errors, image headers, atomic output."""

from __future__ import annotations

from dataforge.io.images import IMAGE_FORMATS, ImageHeader, open_image, too_large
from dataforge.io.json import decode_json, decode_repaired, in_64_bits, plain, without_nan
from dataforge.io.limits import MAX_COCO_BYTES, MAX_COORDINATE, MAX_IMAGE_PIXELS
from dataforge.io.names import (
    BACKUP,
    IMAGE_EXTENSIONS,
    REGISTRATION,
    is_image,
    is_plain,
    last_part,
    resolve,
    stem,
)
from dataforge.io.output import atomic_write, staged, write_json, write_text
from dataforge.io.packaged import asset, installed_versions
from dataforge.io.plugins import Plugins, failed_plugins
from dataforge.io.reading import read_file, to_utf8
from dataforge.io.roots import Root, same_bytes
from dataforge.io.staging import clear_away
from dataforge.io.toml import load_toml, toml_value
from dataforge.io.validation import convert_options, explain_validation, split_pointer
from dataforge.io.xml import declared_encoding, parse_xml

__all__ = [
    "BACKUP",
    "IMAGE_EXTENSIONS",
    "IMAGE_FORMATS",
    "MAX_COCO_BYTES",
    "MAX_COORDINATE",
    "MAX_IMAGE_PIXELS",
    "REGISTRATION",
    "ImageHeader",
    "Plugins",
    "Root",
    "asset",
    "atomic_write",
    "clear_away",
    "convert_options",
    "declared_encoding",
    "decode_json",
    "decode_repaired",
    "explain_validation",
    "failed_plugins",
    "in_64_bits",
    "installed_versions",
    "is_image",
    "is_plain",
    "last_part",
    "load_toml",
    "open_image",
    "parse_xml",
    "plain",
    "read_file",
    "resolve",
    "same_bytes",
    "split_pointer",
    "staged",
    "stem",
    "to_utf8",
    "toml_value",
    "too_large",
    "without_nan",
    "write_json",
    "write_text",
]
