"""Size limits: no genuine dataset comes close to them, but a malicious file may."""

from __future__ import annotations

MAX_TEXT_BYTES = 512 * 2**20
"""Annotation files larger than this are rejected; the labels of one image never are."""

MAX_COCO_BYTES = 2 * 2**30
"""COCO files larger than this are rejected."""

MAX_TOML_BYTES = 64 * 2**20
"""Split manifests larger than this are rejected; one for a million images is smaller."""

MAX_NESTING = 100
"""Maximum nesting of lists and objects in JSON, and of dotted keys in TOML."""

MAX_IMAGE_PIXELS = 2**30
"""Maximum image size stated by an annotation: OpenCV's limit. Pillow itself refuses images of more
than 179 million pixels as decompression bombs."""

MAX_DECODED_BYTES = 512 * 2**20
"""Images whose pixels would take more than this while they are decoded are not decoded. That is
2**26 pixels in general, 2**25 of a WebP, 89 to 179 million of a progressive JPEG, and any number
that Pillow opens of another JPEG, which is reduced while it is decoded."""

MAX_LISTED = 5_000_000
"""Files below a URL; the list of them takes a gigabyte."""

MAX_LINKED_PATHS = 1000
"""Maximum paths to one folder via symlinks; two links per level make the number exponential."""

MAX_COORDINATE = 1e7
"""Pixels; a coordinate beyond this is an error in the file."""

MAX_PATH = 4096
"""Characters; Linux opens no longer path, so that a longer one names no file."""

MAX_OBJECTS = 50_000
"""Objects of one image; a photograph of a crowd has 25,000."""

MAX_TAGS = 2_000_000
"""Tags in an XML file; the tree takes fifty times the bytes of a short one."""

MAX_VALUES = 5_000_000
"""Values in a JSON file of one image, and in a list whose entries are no objects: each costs 50
bytes, but only two in the file."""
