"""Bytes in and out: roots, JSON, XML and TOML with located errors, image headers, atomic output."""

from __future__ import annotations

from dataforge.io.attributes import copy_attributes
from dataforge.io.folders import Folder
from dataforge.io.glances import Glance, glance
from dataforge.io.images import IMAGE_FORMATS, ImageHeader, open_image, read_header, too_large
from dataforge.io.json import (
    decode_json,
    decode_repaired,
    escaped,
    in_64_bits,
    is_deep,
    plain,
    repaired,
    report_json,
)
from dataforge.io.limits import (
    MAX_COCO_BYTES,
    MAX_COORDINATE,
    MAX_IMAGE_PIXELS,
    MAX_OBJECTS,
    MAX_PATH,
    MAX_VALUES,
)
from dataforge.io.named import may_hold_annotations
from dataforge.io.names import (
    BACKUP,
    IMAGE_EXTENSIONS,
    MAX_NAME_BYTES,
    REGISTRATION,
    is_image,
    is_plain,
    is_too_long,
    last_part,
    resolve,
    stem,
)
from dataforge.io.output import (
    NamedFile,
    atomic_write,
    refuse_planted,
    staged,
    write_json,
    write_report,
    write_text,
)
from dataforge.io.packaged import asset, installed_versions
from dataforge.io.packed import PackedNames
from dataforge.io.place import Kept, Signature, refuse_special, signature
from dataforge.io.plugins import Plugins, failed_plugins
from dataforge.io.publishing import published, refuse_unreachable
from dataforge.io.reading import (
    copy_rest,
    open_file,
    read_file,
    to_utf8,
    unmarked_utf16,
    where,
    windows_encodings,
)
from dataforge.io.rewriting import is_inside, refuse_unwritable, rewrite
from dataforge.io.roots import Root, same_bytes
from dataforge.io.spool import Spool, Spooled, discard, temporary_data, temporary_file, whole
from dataforge.io.staging import clear_away
from dataforge.io.toml import load_toml, toml_value
from dataforge.io.tracing import UNSTEADY, Stamp, Trace, alike, by_likeness, stamp
from dataforge.io.urls import is_url, without_file_scheme
from dataforge.io.validation import convert_options, explain_validation, split_pointer
from dataforge.io.walk import LeftOut, contains
from dataforge.io.xml import declared_encoding, parse_xml

__all__ = [
    "BACKUP",
    "IMAGE_EXTENSIONS",
    "IMAGE_FORMATS",
    "MAX_COCO_BYTES",
    "MAX_COORDINATE",
    "MAX_IMAGE_PIXELS",
    "MAX_NAME_BYTES",
    "MAX_OBJECTS",
    "MAX_PATH",
    "MAX_VALUES",
    "REGISTRATION",
    "UNSTEADY",
    "Folder",
    "Glance",
    "ImageHeader",
    "Kept",
    "LeftOut",
    "NamedFile",
    "PackedNames",
    "Plugins",
    "Root",
    "Signature",
    "Spool",
    "Spooled",
    "Stamp",
    "Trace",
    "alike",
    "asset",
    "atomic_write",
    "by_likeness",
    "clear_away",
    "contains",
    "convert_options",
    "copy_attributes",
    "copy_rest",
    "declared_encoding",
    "decode_json",
    "decode_repaired",
    "discard",
    "escaped",
    "explain_validation",
    "failed_plugins",
    "glance",
    "in_64_bits",
    "installed_versions",
    "is_deep",
    "is_image",
    "is_inside",
    "is_plain",
    "is_too_long",
    "is_url",
    "last_part",
    "load_toml",
    "may_hold_annotations",
    "open_file",
    "open_image",
    "parse_xml",
    "plain",
    "published",
    "read_file",
    "read_header",
    "refuse_planted",
    "refuse_special",
    "refuse_unreachable",
    "refuse_unwritable",
    "repaired",
    "report_json",
    "resolve",
    "rewrite",
    "same_bytes",
    "signature",
    "split_pointer",
    "staged",
    "stamp",
    "stem",
    "temporary_data",
    "temporary_file",
    "to_utf8",
    "toml_value",
    "too_large",
    "unmarked_utf16",
    "where",
    "whole",
    "windows_encodings",
    "without_file_scheme",
    "write_json",
    "write_report",
    "write_text",
]
