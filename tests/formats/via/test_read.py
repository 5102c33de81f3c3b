"""What files of VIA are read as; expected values are worked out by hand."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import pytest

from dataforge.datasets import guess_formats
from dataforge.errors import InputError
from dataforge.findings import Place
from dataforge.formats import get_format
from dataforge.io import Root
from dataforge.records import Polygons
from dataforge.testing import driver, picture, write


def read(folder: Path, **options: Any) -> driver.Read:
    format_ = get_format("via")
    given = driver.reader_of(format_).Options(**options)
    return driver.Read(driver.read(format_, folder, given))


def region(name: str, marks: Any = "cat", **numbers: Any) -> dict[str, Any]:
    marks = {"type": marks} if isinstance(marks, str) else marks
    return {"shape_attributes": {"name": name, **numbers}, "region_attributes": marks}


BOX = region("rect", x=10, y=12, width=20, height=28)


def one(folder: Path, *regions: Any, **attributes: Any) -> Path:
    picture(folder / "a.jpg")
    entry = {"filename": "a.jpg", "size": 9, "regions": [*regions], "file_attributes": attributes}
    write(folder / "x.json", {"a.jpg9": entry})
    return folder


# Shapes ------------------------------------------------------------------------------------------


def test_a_rectangle_is_a_box(tmp_path: Path) -> None:
    found = read(one(tmp_path, BOX)).instance
    assert (found.box, found.area, found.shape) == ((10, 12, 30, 40), 560, None)


def test_a_polygon_closed_or_not(tmp_path: Path) -> None:
    triangle = region("polygon", all_points_x=[1, 9.5, 1], all_points_y=[2, 2, 6])
    closed = region("polygon", all_points_x=[1, 9.5, 1, 1], all_points_y=[2, 2, 6, 2])
    for found in read(one(tmp_path, triangle, closed)).image.instances:
        assert (found.box, found.area) == ((1, 2, 9.5, 6), 17)
        assert found.shape == Polygons(((1, 2, 9.5, 2, 1, 6),))


def test_a_circle_and_an_ellipse_have_exact_boxes_and_areas(tmp_path: Path) -> None:
    circle = region("circle", cx=32, cy=24, r=10)
    ellipse = region("ellipse", cx=32, cy=24, rx=20, ry=10)
    round_, flat = read(one(tmp_path, circle, ellipse)).image.instances
    assert (round_.box, flat.box) == ((22, 14, 42, 34), (12, 14, 52, 34))
    assert round_.area == pytest.approx(100 * math.pi)
    assert flat.area == pytest.approx(200 * math.pi)
    assert isinstance(flat.shape, Polygons)
    for x, y in zip(flat.shape.rings[0][0::2], flat.shape.rings[0][1::2], strict=True):
        assert ((x - 32) / 20) ** 2 + ((y - 24) / 10) ** 2 == pytest.approx(1)


def test_theta_turns_an_ellipse_in_radians(tmp_path: Path) -> None:
    """By a quarter turn, the axes change places."""
    turned = region("ellipse", cx=32, cy=24, rx=20, ry=10, theta=math.pi / 2)
    found = read(one(tmp_path, turned)).instance
    assert found.box == pytest.approx((22, 4, 42, 44))


def test_points_and_lines_are_skipped_and_counted(tmp_path: Path) -> None:
    point = region("point", cx=1, cy=2)
    line = region("polyline", all_points_x=[1, 2], all_points_y=[3, 4])
    found = read(one(tmp_path, point, BOX, line))
    assert [instance.box for instance in found.image.instances] == [(10, 12, 30, 40)]
    skipped = [one for one in found.findings if one.code == "skipped-shape"]
    assert [(one.message, one.lost) for one in skipped] == [
        ("a point has no area: skipped", 1),
        ("a polyline has no area: skipped", 1),
    ]


def test_a_polygon_that_crosses_itself_is_said(tmp_path: Path) -> None:
    bow = region("polygon", all_points_x=[10, 30, 30, 10], all_points_y=[10, 30, 10, 30])
    found = read(one(tmp_path, bow))
    assert found.codes == ["label-attribute", "self-intersecting"]
    assert found.instance.area > 150


@pytest.mark.parametrize(
    "bad",
    [
        region("cube"),
        region("rect", x=1, y=2, width=3),
        region("rect", x=1, y=2, width=None, height=3),
        region("rect", x=1, y=2, width=True, height=3),
        region("rect", x=1e9, y=2, width=3, height=3),
        region("circle", cx=1, cy=2, r=0),
        region("circle", cx=1, cy=2, r=-3),
        region("ellipse", cx=1, cy=2, rx=0, ry=1),
        region("polygon", all_points_x=[1, 2, 3], all_points_y=[1, 2]),
        region("polygon", all_points_x=[1, 2], all_points_y=[1, 2]),
        region("polygon", all_points_x=7, all_points_y=[1, 2]),
        region("rect", {}, x=1, y=2, width=3, height=3),
        region("rect", {"type": ""}, x=1, y=2, width=3, height=3),
        region("rect", {"type": {"cat": True, "dog": True}}, x=1, y=2, width=3, height=3),
        {"shape_attributes": [], "region_attributes": {"type": "cat"}},
        {"region_attributes": {"type": "cat"}},
        "rect",
        None,
    ],
)
def test_a_bad_region_costs_itself_alone(tmp_path: Path, bad: Any) -> None:
    found = read(one(tmp_path, bad, BOX))
    assert [instance.box for instance in found.image.instances] == [(10, 12, 30, 40)]
    finding = found.finding("bad-entry")
    assert (finding.place, finding.lost) == (Place("x.json", '$["a.jpg9"].regions[0]'), 1)


def test_ellipses_that_would_fill_the_memory_are_refused(tmp_path: Path) -> None:
    large = region("ellipse", cx=0, cy=0, rx=4e6, ry=9e6)
    found = read(one(tmp_path, *[large] * 200))
    assert 0 < len(found.image.instances) < 200
    assert "too large" in found.findings[-1].message


# Classes -----------------------------------------------------------------------------------------


def marked(**marks: Any) -> dict[str, Any]:
    return region("rect", marks, x=10, y=12, width=20, height=28)


def test_the_only_attribute_is_the_class(tmp_path: Path) -> None:
    found = read(one(tmp_path, marked(sort="cat")))
    assert found.instance.label == "cat"
    assert found.finding("label-attribute").message == "the class is the attribute 'sort'"


def test_a_usual_name_is_the_class_and_the_others_are_kept(tmp_path: Path) -> None:
    found = read(one(tmp_path, marked(quality={"good": True}, Class="cat", note="")))
    assert found.instance.label == "cat"
    assert found.instance.attributes == {"quality": {"good": True}}


def test_several_attributes_that_could_be_the_class_are_asked_for(tmp_path: Path) -> None:
    one(tmp_path, marked(sort="cat", colour="red"))
    with pytest.raises(InputError, match=r"class: colour, sort; name one with --label-attribute"):
        read(tmp_path)
    assert read(tmp_path, label_attribute="colour").instance.label == "red"
    assert read(tmp_path, label_attribute="sort").instance.attributes == {"colour": "red"}


def test_the_attribute_that_all_regions_have_is_the_class(tmp_path: Path) -> None:
    found = read(one(tmp_path, marked(sort="cat", colour="red"), marked(sort="dog", colour="")))
    assert [instance.label for instance in found.image.instances] == ["cat", "dog"]


def test_regions_without_attributes_are_of_one_class(tmp_path: Path) -> None:
    """As in Matterport's balloon dataset."""
    assert read(one(tmp_path, marked())).instance.label == "object"
    assert read(tmp_path, label="balloon").instance.label == "balloon"


def test_a_ticked_box_is_the_class(tmp_path: Path) -> None:
    found = read(one(tmp_path, marked(type={"cat": True, "dog": False})))
    assert found.instance.label == "cat"


def test_attributes_of_the_image_are_kept(tmp_path: Path) -> None:
    assert read(one(tmp_path, BOX, caption="night", url="")).image.attributes == {
        "caption": "night"
    }


# Files -------------------------------------------------------------------------------------------


def test_version_1_has_regions_by_number(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    entry = {"fileref": "", "size": 9, "filename": "a.jpg", "base64_img_data": "",
             "file_attributes": {}, "regions": {"0": BOX, "1": region("cube")}}  # fmt: skip
    write(tmp_path / "x.json", {"a.jpg9": entry})
    found = read(tmp_path)
    assert found.instance.place == Place("x.json", '$["a.jpg9"].regions.0')
    assert found.finding("bad-entry").where == '$["a.jpg9"].regions.1'


def test_a_table_of_version_2(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    picture(tmp_path / "b.jpg")
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["#filename", "file_size", "file_attributes", "region_count", "region_id",
                   "region_shape_attributes", "region_attributes"])  # fmt: skip
    for number, one_ in enumerate([BOX, region("cube")]):
        rows.writerow(["a.jpg", 9, "{}", 2, number, json.dumps(one_["shape_attributes"]),
                       json.dumps(one_["region_attributes"])])  # fmt: skip
    rows.writerow(["b.jpg", 9, "{}", 0, 0, "{}", "{}"])
    write(tmp_path / "x.csv", out.getvalue() + 'a.jpg,9,"{}"\n')
    found = read(tmp_path)
    assert [(image.file_name, len(image.instances)) for image in found.images] == [
        ("a.jpg", 1),
        ("b.jpg", 0),
    ]
    assert found.images[0].instances[0].place == Place("x.csv", line=2)
    bad = [one for one in found.findings if one.code == "bad-entry"]
    assert [one.place.line for one in bad] == [5, 3]


def version_3(**metadata: Any) -> dict[str, Any]:
    return {
        "project": {"pid": "__VIA_PROJECT_ID__", "data_format_version": "3.1.1"},
        "config": {"file": {"loc_prefix": {"1": ""}}},
        "attribute": {
            "1": {"aname": "type", "anchor_id": "FILE1_Z0_XY1", "type": 4,
                  "options": {"0": "cat", "1": "dog"}, "default_option_id": ""},
        },
        "file": {"1": {"fid": "1", "fname": "a.jpg", "type": 2, "loc": 1, "src": "a.jpg"}},
        "metadata": {
            name: {"vid": "1", "flg": 0, "z": [], "xy": xy, "av": {"1": "1"}}
            for name, xy in metadata.items()
        },
        "view": {"1": {"fid_list": ["1"]}},
    }  # fmt: skip


def test_all_shapes_of_version_3(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    project = version_3(
        r=[2, 10, 12, 20, 28],
        c=[3, 32, 24, 10],
        e=[4, 32, 24, 20, 10],
        p=[7, 1, 2, 9.5, 2, 1, 6],
        er=[8, 10, 20, 20, 12, 30, 20, 20, 40],
        ec=[9, 22, 24, 32, 14, 42, 24],
        point=[1, 1, 2],
        line=[5, 1, 2, 3, 4],
        polyline=[6, 1, 2, 3, 4, 5, 6],
        bad=[7, 1, 2],
        odd=[99, 1],
    )
    write(tmp_path / "x.json", project)
    found = read(tmp_path)
    assert [pytest.approx(one.box) for one in found.image.instances] == [
        (10, 12, 30, 40),
        (22, 14, 42, 34),
        (12, 14, 52, 34),
        (1, 2, 9.5, 6),
        (10, 12, 30, 40),
        (22, 14, 42, 34),
    ]
    assert {one.label for one in found.image.instances} == {"dog"}
    assert found.headers[0].categories[0].name == "cat"
    assert found.codes.count("skipped-shape") == 3
    assert [one.where for one in found.findings if one.code == "bad-entry"] == [
        "$.metadata.bad",
        "$.metadata.odd",
    ]


TABLE_3 = """# Exported using VGG Image Annotator (http://www.robots.ox.ac.uk/~vgg/software/via)
# Notes:
# - metadata of {""1"":""3""} indicates attribute with id "1" set to an attribute option with id "3"
# SHAPE_ID = {"POINT":1,"RECTANGLE":2,"CIRCLE":3}
# ATTRIBUTE = {"1":{"aname":"kind","type":3,"options":{"0":"cat","1":"dog"}}}
# CSV_HEADER = metadata_id,file_list,flags,temporal_coordinates,spatial_coordinates,metadata
"k1","[""a.jpg""]",0,"[]","[2,10,12,20,28]","{""1"":""1""}"
"k2","[""a.jpg""]",0,"[]","[7,1,2,9.5,2,1,6]","{""1"":""0""}"
"k3","[""a.jpg""]",0,"[]","[]","{}"
"k4","[""v.mp4""]",0,"[1.5]","[2,10,12,20,28]","{""1"":""1""}"
"k5",broken
"""


def test_a_table_of_version_3(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    write(tmp_path / "x.csv", TABLE_3)
    assert guess_formats(Root(str(tmp_path)))[0] == "via"
    found = read(tmp_path)
    assert [(one.label, one.box, str(one.place)) for one in found.image.instances] == [
        ("dog", (10, 12, 30, 40), "x.csv:7"),
        ("cat", (1, 2, 9.5, 6), "x.csv:8"),
    ]
    assert [category.name for category in found.headers[0].categories] == ["cat", "dog"]
    assert [str(one.place) for one in found.findings if one.code == "bad-entry"] == [
        "x.csv:10", "x.csv:11",
    ]  # fmt: skip


def test_moments_of_videos_and_metadata_of_nothing_are_said(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    project = version_3(r=[2, 10, 12, 20, 28])
    project["metadata"]["t"] = {"vid": "1", "z": [1.5], "xy": [2, 1, 2, 3, 4], "av": {}}
    project["metadata"]["n"] = {"vid": "9", "z": [], "xy": [2, 1, 2, 3, 4], "av": {}}
    project["metadata"]["whole"] = {"vid": "1", "z": [], "xy": [], "av": {"1": "0"}}
    write(tmp_path / "x.json", project)
    found = read(tmp_path)
    assert len(found.image.instances) == 1
    assert [one.lost for one in found.findings if one.code == "bad-entry"] == [1, 1]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"_via_img_metadata": ' + '{"a":' * 500,
        '{"_via_img_metadata": [1]}',
        '{"a": {"filename": "a.jpg", "regions": ' + "[" * 200 + "]" * 200 + "}}",
        '{"a": {"filename": "a.jpg", "regions": 7}}',
        '{"metadata": 1, "file": 2, "view": 3}',
        "",
    ],
)
def test_deep_and_other_json_is_refused_or_left_out(tmp_path: Path, text: str) -> None:
    picture(tmp_path / "a.jpg")
    write(tmp_path / "x.json", text)
    found = read(tmp_path)
    assert [image for image in found.images if image.instances] == []
    assert found.codes


def test_a_negative_size_is_put_in_order(tmp_path: Path) -> None:
    found = read(one(tmp_path, region("rect", x=30, y=12, width=-20, height=28)))
    assert (found.instance.box, found.instance.area) == ((10, 12, 30, 40), 560)
    assert found.finding("reversed-box").message == (
        "corners of 'cat' are reversed (30, 12, 10, 40): reordered"
    )


def test_files_with_different_attributes_as_the_class_are_said(tmp_path: Path) -> None:
    one(
        tmp_path / "train",
        region("rect", {"label": "cat", "colour": "red"}, x=1, y=1, width=9, height=9),
    )
    one(
        tmp_path / "val",
        region("rect", {"label": "", "colour": "blue"}, x=1, y=1, width=9, height=9),
    )
    found = read(tmp_path)
    said = [one.message for one in found.findings if one.severity == "warning"]
    assert said == [
        "the class is the attribute 'colour' here, but the attribute 'label' in train/x.json"
    ]
    assert [one.severity for one in read(tmp_path, label_attribute="colour").findings] == [
        "note",
        "note",
    ]
