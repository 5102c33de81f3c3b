"""XML: encodings, located errors, no entities."""

from __future__ import annotations

import pytest

from dataforge.errors import ParseError
from dataforge.io import parse_xml


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ('<?xml version="1.0" encoding="gb2312"?>', "gb2312"),
        ('<?xml version="1.0" encoding="GBK"?>\n', "gbk"),
        ("<?xml version='1.0' encoding='big5'?>", "big5"),
        ('<?xml version="1.0" encoding="utf-8"?>', "utf-8"),
        ('<?xml version="1.0" encoding="utf-8"?>', "gb18030"),  # what old Windows tools wrote
        ("", "gb18030"),
        ("", "utf-8"),
        ("", "utf-8-sig"),
    ],
)
def test_parse_xml_reads_encodings(declared: str, encoding: str) -> None:
    data = f"{declared}<a><name>人物</name></a>".encode(encoding)
    assert parse_xml(data, "a.xml").findtext("name") == "人物"


@pytest.mark.parametrize(
    ("data", "where", "said"),
    [
        (b"<a>\n<b>\n</a>", "line 3", "mismatch"),
        (b"<a>\n<b>", "line 2", "end"),
        (b"", "", "is empty"),
        (b" \n ", "", "is empty"),
        (b"no xml", "line 1", "'<' not found"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "line 1", "klingon"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "/etc/hostname">]><a>&x;</a>', "", "entities"),
    ],
)
def test_parse_xml_locates_errors(data: bytes, where: str, said: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_xml(data, "a.xml")
    assert (caught.value.file, caught.value.where) == ("a.xml", where)
    assert said.lower() in caught.value.message.lower()


def test_a_dtd_in_another_encoding_expands_nothing() -> None:
    document = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY x "boo">]><a>&x;</a>'
    try:
        element = parse_xml(document.encode("utf-16"), "a.xml")
    except ParseError:
        return
    assert "boo" not in "".join(element.itertext())
