"""Files of LabelMe's web tool, and others, among those of Pascal VOC."""

from __future__ import annotations

from pathlib import Path

from helpers import picture, voc_object, voc_xml, write

from dataforge.datasets import find_voc_layout
from dataforge.findings import Finding
from dataforge.io import Root
from dataforge.verbs.convert import Job, Report, convert

LABELME = (
    "<annotation><filename>a.jpg</filename><object><name>cat</name><deleted>0</deleted>"
    "<polygon><pt><x>1</x><y>1</y></pt></polygon></object></annotation>"
)


def converted(folder: Path) -> Report:
    job = Job(source=str(folder), out=f"{folder}_out", reads="voc", writes="coco")
    return convert(job)


def ignored(report: Report) -> list[Finding]:
    return [one for one in report.findings if one.code == "not-of-this-format"]


def test_files_of_labelme_are_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for name in "abcdef":
        picture(folder / f"Images/{name}.jpg")
        write(folder / f"Annotations/{name}.xml", LABELME)
    for name in "ef":
        write(folder / f"Annotations/{name}.xml", voc_xml(voc_object("dog", (5, 5, 15, 15))))
    report = converted(folder)
    assert report.images == {"all": 2}
    assert report.instances == {"all": {"dog": 2}}
    assert [str(one) for one in ignored(report)] == [
        "Annotations/a.xml: is not Pascal VOC, but LabelMe (MIT) XML: ignored, and 3 more files"
    ]
    assert not report.failed
    assert find_voc_layout(Root(str(folder))).layout.annotations == "Annotations"


def test_empty_files_of_voc_are_read(tmp_path: Path) -> None:
    picture(tmp_path / "in/a.jpg")
    write(tmp_path / "in/a.xml", voc_xml())
    report = converted(tmp_path / "in")
    assert (report.images, ignored(report)) == ({"all": 1}, [])
