"""Files as most tools write them are read in a shorter way, with the same result."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from dataforge.errors import ParseError
from dataforge.formats.voc.objects import VocFile, read_file
from dataforge.formats.voc.usual import read_usual
from dataforge.io import parse_xml

_HEAD = (
    "<annotation>\n\t<folder>JPEGImages</folder>\n\t<filename>a.jpg</filename>\n"
    "\t<path>/home/a.jpg</path>\n\t<source>\n\t\t<database>Unknown</database>\n\t</source>\n"
    "\t<size>\n\t\t<width>640</width>\n\t\t<height>480</height>\n\t\t<depth>3</depth>\n\t</size>\n"
    "\t<segmented>0</segmented>\n"
)
_OBJECT = (
    "\t<object>\n\t\t<name>{name}</name>\n\t\t<pose>{pose}</pose>\n"
    "\t\t<truncated>{truncated}</truncated>\n\t\t<difficult>{difficult}</difficult>\n"
    "\t\t<bndbox>\n\t\t\t<xmin>{x}</xmin>\n\t\t\t<ymin>2</ymin>\n\t\t\t<xmax>30</xmax>\n"
    "\t\t\t<ymax>40</ymax>\n\t\t</bndbox>\n\t</object>\n"
)
_END = "</annotation>\n"
_PLAIN = {"name": "cat", "pose": "Unspecified", "truncated": "0", "difficult": "0", "x": "1"}

_TEXTS = st.sampled_from(
    ["", " ", "cat", " cat\n", "猫", "0", "1", "true", "Left", "unspecified", "1.5", "-0", "nan",
     "1e400", "1_0", "\xa0", "\x85", "\x0b", "\x00", "\uffff", "a&amp;b", "a&b", "a>b", "]]>"]
)  # fmt: skip
_INSERTED = [
    "<!-- <object> -->", "<object/>", "<object>", "</object>", "<name>b</name>", "<foo>7</foo>",
    "<part><name>x</name></part>", "<bndbox></bndbox>", "<![CDATA[x]]>", "<?pi?>", "&#65;", "text",
    "<Object/>", "<x:name/>", "\r", "\r\n", "\x00", "</annotation>", "<annotation>", " ", "\ufeff",
    "<polygon/>", "<occluded>1</occluded>", "\x0c", "<!DOCTYPE a>", "<name a='1'>q</name>",
]  # fmt: skip
_DECLARATIONS = [
    "", '<?xml version="1.0"?>\n', '<?xml version="1.0" encoding="UTF-8"?>',
    "<?xml version='1.0' encoding='utf-8' ?>", '<?xml version="1.1"?>',
    '<?xml version="1.0" encoding="gbk"?>', '<?xml version="1.0" standalone="yes"?>', "\n",
]  # fmt: skip


def _general(data: bytes) -> VocFile | None:
    try:
        return read_file(parse_xml(data, "a.xml"))
    except ParseError:
        return None


def _objects() -> st.SearchStrategy[str]:
    values = {key: st.one_of(st.just(value), _TEXTS) for key, value in _PLAIN.items()}
    return st.fixed_dictionaries(values).map(lambda texts: _OBJECT.format(**texts))


def test_a_file_of_labelimg_is_usual() -> None:
    data = (_HEAD + 2 * _OBJECT.format(**_PLAIN) + _END).encode()
    usual = read_usual(data)
    assert usual == _general(data)
    assert usual is not None
    assert [(item.line, item.name, item.bounds) for item in usual.objects] == [
        (14, "cat", (1, 2, 30, 40)),
        (26, "cat", (1, 2, 30, 40)),
    ]
    assert (usual.filename, usual.size, usual.origin) == ("a.jpg", (640, 480), "labelimg")


def test_ends_of_lines_of_windows_are_usual() -> None:
    data = (_HEAD + _OBJECT.format(**_PLAIN) + _END).replace("\n", "\r\n").encode()
    assert read_usual(data) == _general(data) != None  # noqa: E711


@given(
    declaration=st.sampled_from(_DECLARATIONS),
    objects=st.lists(_objects(), min_size=1, max_size=3),
    size=_TEXTS,
    inserted=st.lists(st.tuples(st.sampled_from(_INSERTED), st.integers(0)), max_size=2),
    removed=st.lists(st.integers(0), max_size=1),
)
@example(declaration="", objects=[_OBJECT.format(**_PLAIN)], size="640", inserted=[], removed=[])
def test_what_is_usual_is_read_the_same(
    declaration: str,
    objects: list[str],
    size: str,
    inserted: list[tuple[str, int]],
    removed: list[int],
) -> None:
    text = declaration + _HEAD.replace("640", size) + "".join(objects) + _END
    for at in removed:
        lines = text.splitlines(keepends=True)
        del lines[at % len(lines)]
        text = "".join(lines)
    for what, at in inserted:
        at %= len(text) + 1
        text = text[:at] + what + text[at:]
    data = text.encode()
    usual = read_usual(data)
    if usual is not None:
        assert repr(usual) == repr(_general(data))  # NaN is unlike itself
