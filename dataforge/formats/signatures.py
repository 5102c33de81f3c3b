"""Annotation formats that dataforge does not read: what betrays each, and how to go on.

A row a format. Only the beginning of a file is looked at, and of many text files in a folder a few.
The rows of formats that are read stand in their packages (`Format.signatures`); they come first.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import msgspec

from dataforge.io import IMAGE_EXTENSIONS, Root, is_image, unmarked_utf16

HEAD = 16 * 2**10
"""Bytes of a file that are looked at."""

_SAMPLED = 5
"""Text files of a folder that say what it contains; they are all alike."""

_MOST_FILES = 50
"""Text files, and tables, of a folder that are looked at: many may be empty, or something else."""

_WINDOWS = 8
"""Parts of a JSON file that are looked at where its beginning says nothing."""

_MOST_FOLDERS = 200
"""Folders whose text files are looked at."""

_MOST_LINES = 100
_LONGEST = 2_000  # characters of a line


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """What betrays a format.

    The patterns that are given are those of the kind of file that the format has; one is enough.

    Attributes:
        name: of the format.
        how: how to get on with it, if it is not read: a sentence that begins with a verb.
        format: name of the `Format` that reads it; empty if none does.
        path: of the files' paths.
        json: of the text of JSON files (also with a document a line).
        xml: of the text of XML files.
        header: of the first line of a table.
        start: of the first lines of a text file.
        rows: of each line of a text file; most of them match.
    """

    name: str
    how: str = ""
    format: str = ""
    path: str = ""
    json: str = ""
    xml: str = ""
    header: str = ""
    start: str = ""
    rows: str = ""


_IMAGE = rf"[^,;\t\n]+\.(?:{'|'.join(end[1:] for end in IMAGE_EXTENSIONS)})"
_NUMBER = r"[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?"

_COMMA = r"[,;\t]\s*"


_DATUMARO = "convert it with Datumaro, which reads it and writes COCO"
_CVAT = "import it into CVAT and export it as COCO 1.0, or " + _DATUMARO
COCO_RESULTS = "COCO results"
"""What predictions are called, which are no dataset."""

_SCRIPT = "write it as COCO or Pascal VOC with a few lines of Python"

SIGNATURES = (
    # XML
    Signature(
        name="UA-DETRAC XML",
        how=_SCRIPT,
        xml=r"<sequence\s.*<(?:frame|ignored_region|target_list)\b",
    ),
    # JSON
    Signature(
        name="Labelbox JSON",
        how="convert it with labelformat, which reads Labelbox and writes COCO",
        json=r'"(?:data_row|Labeled Data|DataRow ID)"\s*:',
    ),
    Signature(
        name="VoTT JSON",
        how="export the project from VoTT as Pascal VOC, or " + _DATUMARO,
        json=r'"asset"\s*:\s*\{(?=.*"regions")|"(?:visitedAssets|lastVisitedAssetId)"',
        path=r".*\.vott",
    ),
    Signature(
        name="SA-1B JSON",
        how="put the annotations of all files into one COCO file with a single category, as "
        "SA-1B's masks (COCO's RLE) have no classes",
        json=r'"(?:predicted_iou|stability_score)"\s*:',
    ),
    Signature(
        name="Supervisely JSON",
        how="export the project with Supervisely's app Export to COCO or Export to Pascal VOC",
        json=r'"(?:classTitle|geometryType)"\s*:|"size"\s*:\s*\{\s*"(?:height|width)"(?=.*"objects")',
    ),
    Signature(
        name="Datumaro JSON",
        how=_DATUMARO,
        json=r'"(?:dm_format_version)"|"categories"\s*:\s*\{\s*"(?:label|mask|points)"|'
        r'"categories"\s*:\s*\{\s*\}(?=.*"items")',
    ),
    Signature(
        name="V7 Darwin JSON",
        how="export the dataset from V7 as COCO",
        json=r'"(?:schema_ref|team_slug)"\s*:',
    ),
    Signature(
        name="Cityscapes JSON",
        how=_SCRIPT + ", or mmdetection's tools/dataset_converters/cityscapes.py",
        json=r'"imgHeight"\s*:(?=.*"objects")',
    ),
    Signature(
        name="COCO panoptic segmentation",
        how="convert it to instances with panopticapi's panoptic2detection_coco_format.py",
        json=r'"segments_info"\s*:',
    ),
    Signature(
        name=COCO_RESULTS,
        how="these are predictions: dataforge evaluate --annotations THEIR-COCO-FILE results.json",
        json=r'\A\s*\[\s*\{(?=.*"image_id"\s*:)(?=.*"score"\s*:)',
    ),
    Signature(
        name="Hugging Face metadata",
        how=_SCRIPT,
        path=r"(?:.*/)?metadata\.jsonl",
    ),
    Signature(
        name="a SageMaker Ground Truth manifest",
        how=_SCRIPT,
        json=r'\A\s*\{\s*"source-ref"\s*:',
    ),
    # Binary
    Signature(
        name="TFRecord",
        how="export it as COCO or Pascal VOC from where it came (CVAT, Roboflow), or "
        "convert it with Datumaro, which reads it with TensorFlow and writes COCO",
        path=r".*\.(?:tfrecords?|record)(?:-\d+-of-\d+)?",
    ),
    # Tables
    Signature(
        name="a CSV of run-length masks (Kaggle)",
        how=_SCRIPT + "; pycocotools counts the pixels in the same order, down the columns",
        header=r".*(?<![a-z])(?:encoded_?pixels|rle)(?![a-z]).*",
    ),
    Signature(
        name="a CSV of boxes without header",
        how=_SCRIPT + " (csv.reader; group the rows by image), or import it into Roboflow and "
        "export it as COCO",
        rows=rf'"?{_IMAGE}"?{_COMMA}[^,;\t]+(?:{_COMMA}{_NUMBER}){{4,6}}'
        rf"|(?:TRAIN|TEST|VALIDAT\w+|UNASSIGNED),{_IMAGE},.*",
    ),
    Signature(
        name="a list of boxes, one image a line (keras-yolo3)",
        how=_SCRIPT,
        rows=rf"{_IMAGE}(?:\s+\d+,\d+,\d+,\d+,\d+)*\s+\d+,\d+,\d+,\d+,\d+",
    ),
    # Text files
    Signature(
        name="MOT",
        how="convert it with mmdetection's tools/dataset_converters/mot2coco.py, or " + _CVAT,
        path=r"(?:.*/)?(?:seqinfo\.ini|(?:gt/gt|det/det)(?:_\w+_half)?\.txt)",
        rows=rf"\d+,\s*-?\d+(?:,\s*{_NUMBER}){{7,8}}",
    ),
    Signature(
        name="ICDAR text boxes",
        how=_SCRIPT,
        rows=rf"(?:{_NUMBER},\s*){{8}}.+",
    ),
)
"""All of them; a file is the first that fits."""


@cache
def signatures() -> tuple[Signature, ...]:
    """Those of formats that are read, then the others."""
    from dataforge.formats.table import formats  # whose formats have signatures

    own = (row for format_ in formats().values() for row in format_.signatures)
    return (*own, *SIGNATURES)


@cache
def _any_path() -> re.Pattern[str]:
    return re.compile("|".join(row.path for row in signatures() if row.path), re.IGNORECASE)


_TABLES = (".csv", ".tsv", ".txt")
_LINES = (".odgt", ".ndjson", ".jsonl", ".manifest")


class Foreign(msgspec.Struct, frozen=True):
    """The files of a format that is recognised and not read.

    Attributes:
        name: of the format.
        files: number of its files; of many text files in a folder, all count as those looked at.
        first: one of them.
        how: how to go on.
        format: name of the `Format` that reads it; empty if none does.
    """

    name: str
    files: int
    first: str
    how: str
    format: str = ""

    def __str__(self) -> str:
        more = f" and {self.files - 1:,} more" if self.files > 1 else ""
        if self.format:
            return f"{self.name} ({self.first}{more}): use --from {self.format}"
        return f"{self.name} ({self.first}{more}), which dataforge does not read: {self.how}"


def json_signature(text: bytes) -> Signature | None:
    """The format that a JSON file has by its beginning; else by some other parts of it."""
    rest = max(len(text) - HEAD, 0)
    starts = sorted({rest * number // _WINDOWS for number in range(_WINDOWS + 1)})
    parts = (text[start : start + HEAD].decode("utf-8", "replace") for start in starts)
    return next(filter(None, (_first("json", part) for part in parts)), None)


def xml_signature(text: bytes) -> Signature | None:
    """The format that an XML file has by its beginning."""
    return _first("xml", text[:HEAD].decode("utf-8", "replace"))


def document_signatures(root: Root, names: Iterable[str]) -> dict[str, Signature]:
    """File -> its format, of some JSON and XML files, by their beginnings."""
    found: dict[str, Signature] = {}
    for name in names:
        head = _head(root, name)
        if name.lower().endswith(".json"):
            signature = json_signature(head)
        else:
            signature = None if b"<bndbox" in head else xml_signature(head)
        if signature:
            found[name] = signature
    return found


def text_signatures(root: Root, names: Iterable[str]) -> dict[str, Signature]:
    """File -> its format, of the files of a folder that are neither JSON, XML nor images."""
    found: dict[str, Signature] = {}
    lists: dict[str, list[str]] = defaultdict(list)
    for name in names:
        if is_image(name):
            continue
        if _any_path().fullmatch(name):
            found[name] = next(row for row in signatures() if _has_path(row, name))
        elif name.lower().endswith((*_TABLES, *_LINES)):
            lists[name.rpartition("/")[0]].append(name)
    for files in [*lists.values()][:_MOST_FOLDERS]:
        texts = [name for name in files if name.lower().endswith(".txt")]
        found |= _of_texts(root, texts)
        tables = [name for name in files if name not in {*texts}][:_MOST_FILES]
        found |= {name: row for name in tables if (row := _of_text(root, name))}
    return found


def _of_texts(root: Root, texts: Sequence[str]) -> dict[str, Signature]:
    """File -> its format, of the text files of one folder."""
    some: dict[str, Signature | None] = {}  # that are not empty
    for number in (_SAMPLED, _MOST_FILES):
        for name in texts[:: max(len(texts) // number, 1)][:number]:
            if len(some) < _SAMPLED and name not in some and (head := _head(root, name)).strip():
                some[name] = _of_head(name, head)
    own = {name: row for name, row in some.items() if row}
    if 2 * len(own) > len(some):  # the others are like those
        usual = max(own.values(), key=[*own.values()].count)
        own |= {name: usual for name in texts if name not in some}
    return own


def counted(found: dict[str, Signature]) -> list[Foreign]:
    """The formats of some files, that of the most files first."""
    files: dict[str, list[str]] = defaultdict(list)
    rows = {row.name: row for row in found.values()}
    for name in sorted(found):
        files[found[name].name].append(name)
    formats = [foreign(rows[name], own) for name, own in files.items()]
    return sorted(formats, key=lambda one: -one.files)


def foreign(row: Signature, files: Sequence[str]) -> Foreign:
    """The format of some files."""
    return Foreign(row.name, len(files), files[0], row.how, row.format)


def not_readable(found: Mapping[str, Signature]) -> dict[str, Signature]:
    """Those of formats that are not read."""
    return {name: row for name, row in found.items() if not row.format}


def _head(root: Root, name: str) -> bytes:
    """The beginning of a file; empty if it cannot be read."""
    try:
        return root.head(name, HEAD)
    except OSError:
        return b""


def _has_path(row: Signature, name: str) -> bool:
    return bool(row.path and re.fullmatch(row.path, name, re.IGNORECASE))


def _of_text(root: Root, name: str) -> Signature | None:
    return _of_head(name, _head(root, name))


def _of_head(name: str, head: bytes) -> Signature | None:
    marked = head[:2] in (b"\xff\xfe", b"\xfe\xff")
    encoding = "utf-16" if marked else unmarked_utf16(head) or "utf-8-sig"
    text = head.decode(encoding, "replace")
    return text_signature(name, text, is_whole=len(head) < HEAD)


def text_signature(name: str, text: str, *, is_whole: bool) -> Signature | None:
    """The format of a text file or table.

    Args:
        name: of the file.
        text: its beginning.
        is_whole: whether that is all; else the last line is cut off.
    """
    text = text.replace("\r\n", "\n").lstrip()
    if name.lower().endswith(_LINES):
        return _first("json", text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not is_whole:
        lines = lines[:-1]
    if not lines:
        return None
    if name.lower().endswith(".txt"):
        found = _first("start", text)
    else:
        found = _first("header", lines[0][:_LONGEST])
    return found or _of_rows(lines[:_MOST_LINES])


def _first(kind: str, text: str) -> Signature | None:
    flags = re.DOTALL if kind in ("json", "xml") else re.IGNORECASE
    match = re.search if kind in ("json", "xml") else re.match
    rows = (row for row in signatures() if getattr(row, kind))
    return next((row for row in rows if match(getattr(row, kind), text, flags)), None)


def _of_rows(lines: list[str]) -> Signature | None:
    for row in signatures():
        pattern = re.compile(row.rows, re.IGNORECASE)
        fits = (len(line) <= _LONGEST and pattern.fullmatch(line) for line in lines)
        if row.rows and 2 * sum(map(bool, fits)) > len(lines):
            return row
    return None
