"""Tables as Excel and Windows save them."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import picture

from dataforge.datasets import guess_formats
from dataforge.io import Root, to_utf8
from dataforge.jobs import Job
from dataforge.verbs.convert import convert

HEAD = "filename,width,height,class,xmin,ymin,xmax,ymax\n"


@pytest.mark.parametrize(
    ("label", "encoding", "said"),
    [
        ("Größe", "utf-16", "utf-16"),
        ("猫", "utf-16", "utf-16"),
        ("cat", "utf-16-le", "utf-16-le"),
        ("猫", "utf-16-le", "utf-16-le"),
        ("猫", "utf-16-be", "utf-16-be"),
        ("Größe", "utf-8-sig", ""),
        ("Größe", "cp1252", "cp1252"),
        ("Hundhütte", "cp1252", "cp1252"),
        ("über", "cp1252", "cp1252"),
        ("café", "cp1252", "cp1252"),
        ("汽车", "gb18030", "gb18030"),
        ("汽车cat", "gb18030", "gb18030"),
        ("人物 face", "gb18030", "gb18030"),
    ],
)
def test_a_table_is_recognised_and_read(
    label: str, encoding: str, said: str, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    picture(folder / "a.png")
    table = HEAD + f"a.png,64,48,{label},8,12,24,36\n"
    (folder / "labels.csv").write_bytes(table.encode(encoding))
    format_, _, _ = guess_formats(Root(str(folder)))
    assert format_ == "csv"
    out = str(tmp_path / "out")
    report = convert(Job(source=str(folder), out=out, reads="csv", writes="coco"))
    assert report.classes == [label]
    assert report.instances == {"all": {label: 1}}
    encodings = [one.message for one in report.findings if one.code == "encoding"]
    assert encodings == ([f"is not UTF-8; read as {said}"] if said else [])


def test_the_larger_part_decides() -> None:
    """A rare character beside a letter among common ones, and an accent among many characters."""
    chinese = "狗;猫;人;鯼a;汽车".encode("gb18030")
    assert to_utf8(chinese, "x")[1] == "gb18030"
    western = "Ää;Größe;Süßkartoffel;Straße".encode("cp1252")
    assert to_utf8(western, "x") == ("Ää;Größe;Süßkartoffel;Straße".encode(), "cp1252")
