"""Annotation formats: one package and one row each; `base.py` defines what a format is."""

from __future__ import annotations

from dataforge.formats.base import (
    Context,
    Editor,
    Evidence,
    Format,
    Inputs,
    Item,
    Numbered,
    Outlines,
    Part,
    Reader,
    Reading,
    Record,
    SourceText,
    WritePlan,
    Writer,
    Writing,
    Written,
    WrittenOutline,
    finished,
)
from dataforge.formats.recognise import Recognised, Texts
from dataforge.formats.signatures import (
    Foreign,
    Signature,
    counted,
    document_signatures,
    not_readable,
    text_signatures,
    xml_signature,
)
from dataforge.formats.sizes import find_size
from dataforge.formats.spans import Change, applied
from dataforge.formats.table import formats, get_format, recognised
from dataforge.formats.tally import KeyLosses, Loss, LossCount, Losses, key_losses, merge_losses
from dataforge.formats.text import Text

__all__ = [
    "Change",
    "Context",
    "Editor",
    "Evidence",
    "Foreign",
    "Format",
    "Inputs",
    "Item",
    "KeyLosses",
    "Loss",
    "LossCount",
    "Losses",
    "Numbered",
    "Outlines",
    "Part",
    "Reader",
    "Reading",
    "Recognised",
    "Record",
    "Signature",
    "SourceText",
    "Text",
    "Texts",
    "WritePlan",
    "Writer",
    "Writing",
    "Written",
    "WrittenOutline",
    "applied",
    "counted",
    "document_signatures",
    "find_size",
    "finished",
    "formats",
    "get_format",
    "key_losses",
    "merge_losses",
    "not_readable",
    "recognised",
    "text_signatures",
    "xml_signature",
]
