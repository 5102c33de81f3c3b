"""A dataset: the formats and layout of a folder, the single pass over it, and where images go."""

from __future__ import annotations

from dataforge.datasets.cache import Cache, default_cache_folder, usable_cache_folder
from dataforge.datasets.cached import CachedWrite
from dataforge.datasets.encoding import encodable, in_utf8
from dataforge.datasets.found_layout import FoundLayout
from dataforge.datasets.keeping import decode_images
from dataforge.datasets.layout_choice import find_layout, well_known_name
from dataforge.datasets.oddities import empty_files, images_without_annotation, left_out
from dataforge.datasets.pieces import Pieces
from dataforge.datasets.placing import ImageMode, Placing, hidden_names, output_file
from dataforge.datasets.recognise import (
    FormatFound,
    formats_in,
    guess_format,
    guess_formats,
    not_read,
    passed_over,
    recognisable,
    to_unpack,
    unread_in_words,
)
from dataforge.datasets.root import KeepingRoot
from dataforge.datasets.same_images import twins
from dataforge.datasets.seen import Fact, Seen, Step
from dataforge.datasets.shards import WriteShard, WriteTask, collected_later, seldom_collected
from dataforge.datasets.source import Source, apart, in_two_splits, layout_rules, verifying
from dataforge.datasets.steps import Clipped, Measurable, is_usual
from dataforge.datasets.surveys import Survey, done_again, survey
from dataforge.datasets.voc_layout import find_voc_layout
from dataforge.datasets.watched import Progress, writing_with

__all__ = [
    "Cache",
    "CachedWrite",
    "Clipped",
    "Fact",
    "FormatFound",
    "FoundLayout",
    "ImageMode",
    "KeepingRoot",
    "Measurable",
    "Pieces",
    "Placing",
    "Progress",
    "Seen",
    "Source",
    "Step",
    "Survey",
    "WriteShard",
    "WriteTask",
    "apart",
    "collected_later",
    "decode_images",
    "default_cache_folder",
    "done_again",
    "empty_files",
    "encodable",
    "find_layout",
    "find_voc_layout",
    "formats_in",
    "guess_format",
    "guess_formats",
    "hidden_names",
    "images_without_annotation",
    "in_two_splits",
    "in_utf8",
    "is_usual",
    "layout_rules",
    "left_out",
    "not_read",
    "output_file",
    "passed_over",
    "recognisable",
    "seldom_collected",
    "survey",
    "to_unpack",
    "twins",
    "unread_in_words",
    "usable_cache_folder",
    "verifying",
    "well_known_name",
    "writing_with",
]
