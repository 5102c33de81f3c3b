"""What the columns of a table of boxes mean: by the names in its header, and by its values.

TensorFlow    filename,width,height,class,xmin,ymin,xmax,ymax     (object_detection, xml_to_csv.py)
RetinaNet     path,x1,y1,x2,y2,class                no header     (fizyr/keras-retinanet, README)
SKU-110K      image,x1,y1,x2,y2,class,width,height  no header     (github.com/eg4000/SKU110K_CVPR19)
Udacity       frame xmin ymin xmax ymax occluded "label" ["attributes"]    no header
              (github.com/udacity/self-driving-car, annotations)
Kaggle        image_id,width,height,bbox            "[x, y, w, h]"  (global-wheat-detection)
OpenImages    ImageID,...,LabelName,...,XMin,XMax,YMin,YMax  shares of the image, and a file of
              class names                           (storage.googleapis.com/openimages, from v4 on)
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from dataforge.formats.csv.texts import Form, groups_of, is_keyed, is_nothing
from dataforge.formats.signatures import Signature
from dataforge.formats.sizes import stated_size
from dataforge.io import IMAGE_EXTENSIONS, is_image
from dataforge.records import Box

Unit: TypeAlias = Literal["pixels", "shares"]

_IMAGE = ("filename", "imageid", "image", "imagename", "imagepath", "imgpath", "imgname", "img",
          "filepath", "path", "file", "frame", "framename", "imgid", "patientid", "id")  # fmt: skip
_LABEL = ("labelname", "class", "classname", "label", "category", "categoryname", "object", "name",
          "classid", "labelid", "categoryid")  # fmt: skip
_CLASS_NUMBER = ("classid", "labelid", "categoryid")
_LIKE_LABEL = ("class", "label", "category", "type", "species")
"""Ends of the name of the only such column, where no column has one of the names above."""
_CORNERS = (
    ("xmin", "ymin", "xmax", "ymax"),
    ("x0", "y0", "x1", "y1"),
    ("x1", "y1", "x2", "y2"),
    ("left", "top", "right", "bottom"),
)
_TEXT = ("bbox", "bboxes", "box", "boxes", "coords", "boundingbox")
_CENTRES = (("xcenter", "ycenter"), ("xcentre", "ycentre"), ("centerx", "centery"),
            ("centrex", "centrey"), ("xc", "yc"), ("cx", "cy"))  # fmt: skip
_FIRST_CORNERS = (("x", "y"), ("left", "top"), ("xmin", "ymin"), ("x1", "y1"), ("x0", "y0"))
_LENGTHS = (("bboxwidth", "bboxheight"), ("boxwidth", "boxheight"), ("bboxw", "bboxh"),
            ("boxw", "boxh"), ("w", "h"), ("width", "height"))  # fmt: skip
"""Of the box; `width` and `height` come last, as they are the image's where there are others."""

_SIZE = (("imagewidth", "imageheight"), ("imgwidth", "imgheight"), ("width", "height"))
_CROWD = "isgroupof"

_MOST = 0.95
"""Share of boxes whose numbers are all between 0 and 1 from which on they are shares of the image:
of boxes in pixels, hardly any lies within the first one."""

_NUMBER = r"[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?"
_NAME = rf"[^,;\t\n]+\.(?:{'|'.join(end[1:] for end in IMAGE_EXTENSIONS)})"
_COMMA = r"[,;\t]\s*"


def _word(words: str) -> str:
    """A pattern of whole words, between which an underscore may stand."""
    return f"(?<![a-z0-9])(?:{words})(?![a-z0-9])"


SIGNATURES = (
    Signature(name="OpenImages CSV", format="csv", header=r"\s*ImageID\s*,.*\bXMin\b.*"),
    Signature(
        name="a CSV of boxes",
        format="csv",
        header=r"(?=.*(?:image|file|img|path|frame|patientid|(?<![a-z])id(?![a-z])))"
        rf"(?:(?=.*{_word('x_?min|x_?[01]|left|x_?cent(?:er|re)|xc|bbox(?:es)?|box(?:es)?|bbox_x|coords')})"
        rf"|(?=.*{_word('x')})(?=.*{_word('y')})(?=.*{_word('w|width')}))(?!.*(?:rle|encoded)).*",
        rows=rf'"?{_NAME}"?(?:{_COMMA}{_NUMBER}){{4}}{_COMMA}[^,;\t]+(?:(?:{_COMMA}\d+){{2}})?'
        rf'|"?{_NAME}"?[,;\t]{{5}}|{_NAME}(?: {_NUMBER}){{5}}(?: "[^"]*")+',
    ),
)
"""What betrays a table of boxes."""


class Columns(NamedTuple):
    """What the columns of a table mean; indices count from 0.

    Attributes:
        delimiter: what separates them.
        number: of columns; a row may have fewer, if its last ones are blank.
        image: the name of the image.
        label: the class; None if there is no such column.
        sides: of the four numbers; one alone if they stand in one text.
        form, unit: what the numbers are.
        size: of the width and height of the image, if there are such columns.
        crowd: of the mark that a box has several objects.
        number_of_class: of the number of the class, beside its name.
        without_box: classes that have rows, but never a box.
        rest: index -> name of further columns.
        dialect: how such a table is called.
    """

    delimiter: str
    number: int
    image: int
    label: int | None
    sides: tuple[int, ...]
    form: Form
    unit: Unit = "pixels"
    size: tuple[int, int] | None = None
    crowd: int | None = None
    number_of_class: int | None = None
    without_box: frozenset[str] = frozenset()
    rest: Mapping[int, str] = {}
    dialect: str = ""

    def cell(self, row: Sequence[str], index: int | None) -> str:
        """The content of a cell; empty if there is none."""
        return row[index].strip() if index is not None and index < len(row) else ""

    def is_blank(self, row: Sequence[str]) -> bool:
        """Whether there is no box in a row."""
        if len(row) > self.sides[0] and not is_nothing(row[self.sides[0]]):  # most of the time
            return False
        return all(is_nothing(self.cell(row, index)) for index in self.sides)

    def boxes(self, row: Sequence[str]) -> list[list[float]]:
        """The four numbers of each box of a row; none if there is no box in it.

        Raises:
            ValueError: they are no four numbers.
        """
        cells: Sequence[str] = [self.cell(row, index) for index in self.sides]
        if all(map(is_nothing, cells)):
            return []
        found = []
        for one in groups_of(cells[0], _sides) if len(cells) == 1 else [cells]:
            if len(one) != 4:
                raise ValueError(f"expected four numbers, got {len(one)}")
            found.append([_number(cell) for cell in one])
        return found

    def box(self, numbers: Sequence[float], size: tuple[int, int]) -> Box:
        """The edges that four numbers mean, pixels, in an image of (width, height)."""
        a, b, c, d = numbers
        if self.unit == "shares":
            a, b, c, d = a * size[0], b * size[1], c * size[0], d * size[1]
        if self.form == "corners":
            return a, b, c, d
        if self.form == "corner and size":
            return a, b, a + c, b + d
        return a - c / 2, b - d / 2, a + c / 2, b + d / 2

    def stated(self, row: Sequence[str]) -> tuple[int, int] | None:
        """(width, height) of the image as a row states it."""
        if self.size is None:
            return None
        try:
            width, height = (_number(self.cell(row, index)) for index in self.size)
        except ValueError:
            return None
        return stated_size(width, height)


def _number(text: str) -> float:
    """A finite number.

    Raises:
        ValueError: the text is none.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in text:
        raise ValueError(f"{text[:40]!r} is no number")
    return value


def _places(header: Sequence[str]) -> dict[str, int]:
    """The index of each name of a header, plain, also without what says that it is of a box."""
    at: dict[str, int] = {}
    for index, cell in enumerate(header):
        name = re.sub(r"[^a-z0-9]+", "", cell.lower())
        at.setdefault(name, index)
        short = re.sub(r"^(?:b?box|roi)", "", name)
        if short and short != name:
            at.setdefault(short, index)
    return at


def not_found(header: Sequence[str]) -> str:
    """Says which columns are missing, if there is that of the image or those of the box."""
    at = _places(header)
    image, sides = _first(at, _IMAGE) is not None, _sides(at) is not None
    if image == sides:
        return ""
    names = ", ".join(cell.strip()[:40] for cell in header[:16])
    more = ", ..." if len(header) > 16 else ""
    wanted = "the four numbers of a box" if image else "the name of the image"
    return f"no column has {wanted} (there are {names}{more})"


def of_header(header: Sequence[str], delimiter: str) -> Columns | None:
    """What the columns of a table with a header mean; None if it is no table of boxes."""
    at = _places(header)
    image = _first(at, _IMAGE)
    found = _sides(at)
    if image is None or found is None or image in found[0]:
        return None
    sides, form = found
    size = next(
        ((at[w], at[h]) for w, h in _SIZE if w in at and h in at and at[w] not in sides), None
    )
    others = {name: i for name, i in at.items() if i not in {image, *sides, *(size or ())}}
    label = _first(others, _LABEL)
    alike = {i for name, i in others.items() if name.endswith(_LIKE_LABEL)}
    if label is None and len(alike) == 1:
        (label,) = alike
    numbers = [i for name, i in others.items() if name in _CLASS_NUMBER and i != label]
    known = {image, label, *sides, *(size or ())}
    crowd = at.get(_CROWD)
    rest = {i: header[i].strip() for i in range(len(header)) if i not in {*known, crowd}}
    rest = {i: name for i, name in rest.items() if name}
    dialect = "TensorFlow's"
    if "labelname" in at and "imageid" in at:
        dialect = "OpenImages'"
    elif len(sides) == 1:
        dialect = "Kaggle's"
    elif [*header] != [*TENSORFLOW]:
        dialect = "a table of its own"
    return Columns(
        delimiter=delimiter,
        number=len(header),
        image=image,
        label=label,
        sides=sides,
        form=form,
        size=size,
        crowd=crowd,
        number_of_class=numbers[0] if label is not None and len(numbers) == 1 else None,
        rest=rest,
        dialect=dialect,
    )


TENSORFLOW = ("filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax")
"""The header of what is written."""


def _first(at: Mapping[str, int], names: Iterable[str]) -> int | None:
    return next((at[name] for name in names if name in at), None)


def _sides(at: Mapping[str, int]) -> tuple[tuple[int, ...], Form] | None:
    """(the columns of the box, what they are)."""
    for names in _CORNERS:
        if all(name in at for name in names):
            return tuple(at[name] for name in names), "corners"
    for name in _TEXT:
        if name in at:
            return (at[name],), "corner and size"
    pairs: tuple[tuple[tuple[tuple[str, str], ...], Form], ...] = (
        (_CENTRES, "centre and size"),
        (_FIRST_CORNERS, "corner and size"),
    )
    for points, form in pairs:
        for names in (point + lengths for point in points for lengths in _LENGTHS):
            if all(name in at for name in names):
                return tuple(at[name] for name in names), form
    return None


_EDGES = (1, 2, 3, 4)
_HEADLESS = (
    Columns(",", 6, 0, 5, _EDGES, "corners", dialect="RetinaNet's"),
    Columns(",", 8, 0, 5, _EDGES, "corners", size=(6, 7), dialect="SKU-110K's"),
    Columns(
        " ", 8, 0, 6, _EDGES, "corners", rest={5: "occluded", 7: "attributes"}, dialect="Udacity's"
    ),
)
"""Tables without header."""

_FEWEST = {"Udacity's": 7}
"""Columns of a row, where the last ones may be left out."""


def without_header(rows: Sequence[Sequence[str]], delimiter: str) -> Columns | None:
    """What the columns of a table without header mean; None if the rows are not such.

    A first row that has words where the numbers should be is a header that is not understood.
    """
    for columns in _HEADLESS:
        if (columns.delimiter == " ") == (delimiter == " "):
            columns = columns._replace(delimiter=delimiter)
            if _fits(columns, rows):
                return columns
    return None


def _fits(columns: Columns, rows: Sequence[Sequence[str]]) -> bool:
    """Whether most rows are those of a table."""
    fewest = _FEWEST.get(columns.dialect, columns.number)
    good = 0
    for number, row in enumerate(rows):
        try:
            boxes = columns.boxes(row)
        except ValueError:
            if number == 0:
                return False
            continue
        good += (
            fewest <= len(row) <= columns.number
            and bool(columns.cell(row, columns.label)) == bool(boxes)
            and is_image(columns.cell(row, columns.image))
            and (columns.size is None or columns.stated(row) is not None)
        )
    return 2 * good > len(rows)


def by_values(
    columns: Columns,
    rows: Iterable[Sequence[str]],
    size_of: Callable[[str], tuple[int, int] | None],
) -> Columns:
    """The same columns, with what only their values tell: shares of the image, other corners.

    Args:
        columns: as far as the header tells.
        rows: some of the table, evenly spread.
        size_of: (width, height) of the image of a name, if it is known; asked where the table
            states none, and the numbers stand in one text.
    """
    asks = len(columns.sides) == 1 and columns.size is None
    fraction = False
    beyond = ordered = inside = count = 0
    for row in rows:
        try:
            boxes = columns.boxes(row)
        except ValueError:
            continue
        told = len(columns.sides) == 1 and is_keyed(columns.cell(row, columns.sides[0]))
        for numbers in boxes:
            count += 1
            inside += min(numbers) >= 0 and max(numbers) <= 1
            fraction = fraction or any(value != int(value) for value in numbers)
            a, b, c, d = numbers
            ordered += c > a and d > b and not told
            asked = asks and ordered == count and not beyond
            size = size_of(columns.cell(row, columns.image)) if asked else columns.stated(row)
            if size is not None:
                beyond += a + c > size[0] + 1 or b + d > size[1] + 1
    if not count:
        return columns
    is_open = columns.dialect == "OpenImages'"
    if inside >= _MOST * count and (fraction or is_open):
        columns = columns._replace(unit="shares")
    elif len(columns.sides) == 1 and beyond and ordered == count:
        columns = columns._replace(form="corners")
    return columns
