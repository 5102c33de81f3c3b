"""What tables of boxes are read as; expected values are worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dataforge.findings import Place
from dataforge.formats import get_format
from dataforge.formats.recognise import Texts
from dataforge.io import Root
from dataforge.testing import driver, picture, write


def read(folder: Path, **options: Any) -> driver.Read:
    format_ = get_format("csv")
    given = driver.reader_of(format_).Options(**options)
    return driver.Read(driver.read(format_, folder, given))


def table(folder: Path, text: str, name: str = "x.csv") -> Path:
    picture(folder / "a.jpg")
    write(folder / name, text)
    return folder


def boxes(found: driver.Read) -> list[tuple[str, tuple[float, ...]]]:
    return [(one.label, one.box) for image in found.images for one in image.instances]


TENSORFLOW = "filename,width,height,class,xmin,ymin,xmax,ymax\na.jpg,64,48,cat,10,12,30,40\n"
RETINANET = "a.jpg,10,12,30,40,cat\nb.jpg,,,,,\n"
KAGGLE = 'image_id,width,height,bbox,source\na,64,48,"[10.0, 12.0, 20.0, 28.0]",arvalis_1\n'
OPENIMAGES = (
    "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsGroupOf\n"
    "a,xclick,/m/01yrx,1,0.25,0.5,0.5,0.75,0,1\n"
)


def test_tensorflow(tmp_path: Path) -> None:
    """Edges in pixels: 10, 12 to 30, 40 of an image of 64 x 48."""
    found = read(table(tmp_path, TENSORFLOW))
    assert boxes(found) == [("cat", (10, 12, 30, 40))]
    assert found.finding("table-dialect").message == (
        "TensorFlow's: the image in column 1, the class in 4, corners of the box in 5, 6, 7, 8, "
        "in pixels"
    )


def test_retinanet_has_no_header_and_names_images_without_objects(tmp_path: Path) -> None:
    picture(tmp_path / "b.jpg")
    found = read(table(tmp_path, RETINANET))
    assert boxes(found) == [("cat", (10, 12, 30, 40))]
    assert [image.file_name for image in found.images] == ["a.jpg", "b.jpg"]
    assert found.codes == ["table-dialect"]
    assert found.finding("table-dialect").message.startswith("RetinaNet's: ")


def test_kaggle_has_corner_and_size_in_a_text(tmp_path: Path) -> None:
    found = read(table(tmp_path, KAGGLE))
    assert boxes(found) == [("object", (10, 12, 30, 40))]
    assert found.instance.attributes == {"source": "arvalis_1"}
    assert "Kaggle's" in found.finding("table-dialect").message
    assert boxes(read(tmp_path, label="wheat")) == [("wheat", (10, 12, 30, 40))]


def test_a_text_of_corners_is_told_by_values_beyond_the_image(tmp_path: Path) -> None:
    text = KAGGLE.replace("10.0, 12.0, 20.0, 28.0", "40, 30, 60, 40")
    assert boxes(read(table(tmp_path, text))) == [("object", (40, 30, 60, 40))]


def test_openimages_has_shares_names_without_ending_and_a_file_of_classes(tmp_path: Path) -> None:
    """A quarter and a half of 64 are 16 and 32; a half and three quarters of 48 are 24 and 36."""
    write(tmp_path / "class-descriptions-boxable.csv", "/m/01yrx,Cat\n/m/0bt9lr,Dog\n")
    found = read(table(tmp_path, OPENIMAGES, "train-annotations-bbox.csv"))
    assert boxes(found) == [("Cat", (16, 24, 32, 36))]
    assert found.instance.iscrowd
    assert found.instance.attributes == {"Source": "xclick", "Confidence": 1, "IsOccluded": 0}
    assert found.image.split == "train"
    assert found.codes == ["table-dialect"]


def test_openimages_without_a_file_of_classes_keeps_its_keys(tmp_path: Path) -> None:
    assert read(table(tmp_path, OPENIMAGES)).instance.label == "/m/01yrx"


def test_a_file_of_classes_of_retinanet_gives_their_order(tmp_path: Path) -> None:
    write(tmp_path / "classes.csv", "zebra,0\ncat,1\n")
    picture(tmp_path / "b.jpg")
    found = read(table(tmp_path, RETINANET, "annotations.csv"))
    assert [one.name for one in found.headers[0].categories] == ["zebra", "cat"]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("image;label;x_min;y_min;x_max;y_max", "a.jpg;cat;10;12;30;40"),
        ("image\tlabel\tx\ty\tw\th", "a.jpg\tcat\t10\t12\t20\t28"),
        ("label,bbox_x,bbox_y,bbox_width,bbox_height,image_name", "cat,10,12,20,28,a.jpg"),
        ("img_path,class,x_center,y_center,width,height", "a.jpg,cat,20,26,20,28"),
        ("File,Class,Left,Top,Right,Bottom", "a.jpg,cat,10,12,30,40"),
        ("filename,cell_type,xmin,xmax,ymin,ymax", "a.jpg,cat,10,30,12,40"),  # BCCD's
        ('"id","class","x1","y1","x2","y2"', '"a","cat","10","12","30","40"'),
    ],
)
def test_columns_are_told_by_their_names(tmp_path: Path, header: str, row: str) -> None:
    assert boxes(read(table(tmp_path, f"{header}\n{row}\n"))) == [("cat", (10, 12, 30, 40))]


def test_shares_are_told_by_their_values_or_by_an_option(tmp_path: Path) -> None:
    text = "image,label,xmin,ymin,xmax,ymax\na.jpg,cat,0.25,0.5,0.5,0.75\n"
    assert boxes(read(table(tmp_path, text))) == [("cat", (16, 24, 32, 36))]
    assert boxes(read(tmp_path, unit="pixels")) == [("cat", (0.25, 0.5, 0.5, 0.75))]
    one = "image,label,xmin,ymin,xmax,ymax\na.jpg,cat,0,0,1,1\n"
    assert boxes(read(table(tmp_path, one))) == [("cat", (0, 0, 1, 1))]
    assert boxes(read(tmp_path, unit="shares")) == [("cat", (0, 0, 64, 48))]


def test_rows_of_an_image_need_not_follow_each_other(tmp_path: Path) -> None:
    picture(tmp_path / "b.jpg")
    text = TENSORFLOW + "b.jpg,64,48,dog,1,2,3,4\na.jpg,64,48,cat,5,6,7,8\n"
    found = read(table(tmp_path, text))
    assert [image.file_name for image in found.images] == ["a.jpg", "b.jpg"]
    assert [len(image.instances) for image in found.images] == [2, 1]


def test_a_quotation_mark_costs_its_line_alone(tmp_path: Path) -> None:
    text = TENSORFLOW + 'a.jpg,64,48,"cat,1,2,3,4\na.jpg,64,48,dog,5,6,7,8\n'
    found = read(table(tmp_path, text))
    assert [label for label, _ in boxes(found)] == ["cat", "dog"]
    assert found.finding("bad-entry").place == Place("x.csv", line=3)


def test_names_with_line_ends_commas_and_quotation_marks(tmp_path: Path) -> None:
    text = TENSORFLOW + 'a.jpg,64,48,"a ""b"", c\nd",1,2,3,4\na.jpg,64,48,dog,5,6,7,8\n'
    found = read(table(tmp_path, text))
    assert [one.label for one in found.image.instances] == ["cat", 'a "b", c\nd', "dog"]
    assert found.image.instances[2].place == Place("x.csv", line=5)


@pytest.mark.parametrize(
    "row",
    [
        "a.jpg,64,48,cat,1,2,3",
        "a.jpg,64,48,cat,1,2,3,inf",
        "a.jpg,64,48,cat,1,2,3,1_0",
        "a.jpg,64,48,cat,1,2,3,1e9",
        "a.jpg,64,48,,1,2,3,4",
        "a.jpg,64,48,cat,1,2,3,4,5",
        "a.jpg,64,48,cat,,,,",
        f"a.jpg,64,48,cat,1,2,3,{'9' * 5000}",
        "a.jpg,64,48,cat,1,2,3," + "x" * 200_000,
    ],
)
def test_a_bad_row_costs_itself_alone(tmp_path: Path, row: str) -> None:
    found = read(table(tmp_path, f"{TENSORFLOW}{row}\na.jpg,64,48,dog,5,6,7,8\n"))
    assert [label for label, _ in boxes(found)] == ["cat", "dog"]
    finding = found.finding("bad-entry")
    assert (finding.place, finding.lost) == (Place("x.csv", line=3), 1)


def test_encodings(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    text = TENSORFLOW.replace("cat", "人物")
    for encoding, codes in (("utf-8-sig", []), ("utf-16", ["encoding"]), ("gb18030", ["encoding"])):
        write(tmp_path / "x.csv", text.encode(encoding))
        found = read(tmp_path)
        assert found.instance.label == "人物"
        assert [code for code in found.codes if code != "table-dialect"] == codes


def test_images_without_rows_lie_beside_the_table(tmp_path: Path) -> None:
    """Those of a test set that no table is about are no images without objects."""
    for split in ("train", "test"):
        picture(tmp_path / split / "b.jpg")
    picture(tmp_path / "train" / "a.jpg")
    write(tmp_path / "train.csv", TENSORFLOW.replace("a.jpg", "train/a.jpg"))
    found = read(tmp_path)
    assert [image.file_name for image in found.images] == ["train/a.jpg", "train/b.jpg"]
    notes = [one.message for one in found.findings if one.code == "image-without-labels"]
    assert notes == [
        "1 image without a row (train/b.jpg is the first): read as images without objects",
        "1 image without a row (test/b.jpg is the first): not written",
    ]


@pytest.mark.parametrize("broken", ["b.jpg,64,48,cat,1,2,3,4,5,6,7,8\n", '"b.jpg,64,48,cat,1,2\n'])
def test_images_without_rows_may_have_those_that_cannot_be_read(
    tmp_path: Path, broken: str
) -> None:
    picture(tmp_path / "b.jpg")
    found = read(table(tmp_path, TENSORFLOW + broken))
    assert [image.file_name for image in found.images] == ["a.jpg"]
    assert found.finding("bad-entry").lost == 1
    assert found.finding("image-without-labels").message == (
        "1 image without a row (b.jpg is the first): not written, as rows that cannot be read may "
        "be theirs"
    )


def test_two_tables_of_one_folder_share_no_images_without_rows(tmp_path: Path) -> None:
    for name in "abc":
        picture(tmp_path / "images" / f"{name}.jpg")
    write(tmp_path / "train.csv", TENSORFLOW)
    write(tmp_path / "val.csv", TENSORFLOW.replace("a.jpg", "b.jpg"))
    found = read(tmp_path)
    assert [(image.file_name, image.split) for image in found.images] == [
        ("images/a.jpg", "train"),
        ("images/b.jpg", "val"),
    ]
    assert found.finding("image-without-labels").place == Place("images/c.jpg")


def test_a_missing_image_is_kept_where_the_table_states_its_size(tmp_path: Path) -> None:
    text = TENSORFLOW + "gone.jpg,64,48,cat,1,2,3,4\n"
    found = read(table(tmp_path, text))
    assert len(found.images) == 2
    assert found.finding("image-missing").lost == 0
    found = read(tmp_path, missing_images="skip")
    assert len(found.images) == 1
    assert found.finding("image-missing").lost == 1
    found = read(table(tmp_path, "a.jpg,1,2,3,4,cat\ngone.jpg,1,2,3,4,cat\n"))
    assert (len(found.images), found.finding("image-missing").lost) == (1, 1)


def test_a_name_of_two_images_is_neither_and_both_may_have_its_objects(tmp_path: Path) -> None:
    for name in ("a.jpg", "q.jpg", "q.png"):
        picture(tmp_path / name)
    write(tmp_path / "x.csv", "image_id,class,xmin,ymin,xmax,ymax\na,cat,1,2,3,4\nq,cat,1,2,3,4\n")
    found = read(tmp_path)
    assert [image.file_name for image in found.images] == ["a.jpg"]
    finding = found.finding("image-missing")
    assert (finding.place, finding.lost) == (Place("x.csv", line=3), 1)
    assert finding.message == (
        "q does not exist, and q.jpg or q.png could be meant: 1 object not converted"
    )
    assert "image-without-labels" not in found.codes


def test_an_image_that_two_names_mean_is_neither_s(tmp_path: Path) -> None:
    for name in ("a.jpg", "q.jpg"):
        picture(tmp_path / name)
    text = (
        "image,class,xmin,ymin,xmax,ymax\na.jpg,cat,1,2,3,4\nq.png,cat,1,2,3,4\nQ.bmp,cat,1,2,3,4\n"
    )
    write(tmp_path / "x.csv", text)
    found = read(tmp_path)
    assert [image.file_name for image in found.images] == ["a.jpg"]
    assert [one.message for one in found.findings if one.code == "image-missing"] == [
        f"{name} does not exist, and q.jpg could be meant, but by another name as well: 1 object "
        "not converted"
        for name in ("q.png", "Q.bmp")
    ]
    assert "image-without-labels" not in found.codes


def test_an_image_of_too_many_objects_is_not_one_without_objects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataforge.formats.listed_images.MAX_OBJECTS", 1)
    picture(tmp_path / "b.jpg")
    found = read(table(tmp_path, TENSORFLOW + "b.jpg,64,48,cat,1,2,3,4\n" * 2))
    assert [image.file_name for image in found.images] == ["a.jpg"]
    assert sorted(found.codes) == ["table-dialect", "too-many-objects"]


def test_other_tables_and_texts_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path / "labels" / "a.txt", "0 0.5 0.5 0.2 0.2\n")
    write(tmp_path / "weather.csv", "day,weather\nMonday,rain\n")
    write(tmp_path / "tracks.csv", "1,1,10,20,30,40,1,1,1.0\n")
    found = read(table(tmp_path, TENSORFLOW))
    assert found.codes == ["table-dialect", "not-of-this-format"]
    assert found.findings[-1].message == "is not a table of boxes: ignored, and 2 more files"


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("image_name,xmin,ymin,width,height,class", "a.jpg,10,12,20,28,cat"),
        ("image_name,x1,y1,w,h,class", "a.jpg,10,12,20,28,cat"),
        ("frame,xmin,xmax,ymin,ymax,class_id", "a.jpg,10,30,12,40,cat"),
        ("filename,width,height,class,x_center,y_center,w,h", "a.jpg,64,48,cat,20,26,20,28"),
        ("filename,width,height,class,left,top,w,h", "a.jpg,64,48,cat,10,12,20,28"),
        (
            "filename,width,height,class,bbox_x,bbox_y,bbox_width,bbox_height",
            "a.jpg,64,48,cat,10,12,20,28",
        ),
    ],
)
def test_a_header_says_which_columns_are_the_box(tmp_path: Path, header: str, row: str) -> None:
    """Corner 10, 12 and size 20 x 28, however written: edges 10, 12 to 30, 40."""
    assert boxes(read(table(tmp_path, f"{header}\n{row}\n"))) == [("cat", (10, 12, 30, 40))]


def test_a_header_that_is_not_understood_is_not_a_row_of_retinanet(tmp_path: Path) -> None:
    text = "image_name,ax,ay,bw,bh,class\na.jpg,10,12,20,28,cat\na.jpg,10,12,20,28,cat\n"
    found = read(table(tmp_path, text))
    assert boxes(found) == []
    assert found.codes == ["not-of-this-format"]


def test_corners_in_the_wrong_order_are_put_right(tmp_path: Path) -> None:
    found = read(table(tmp_path, TENSORFLOW.replace("10,12,30,40", "30,12,10,40")))
    assert (found.instance.box, found.instance.area) == ((10, 12, 30, 40), 560)
    finding = found.finding("reversed-box")
    assert finding.place == Place("x.csv", line=2)
    assert finding.message == "corners of 'cat' are reversed (30, 12, 10, 40): reordered"


def test_an_image_that_another_table_names_is_not_borrowed(tmp_path: Path) -> None:
    """A/a.jpg is gone, but its size is stated; B/a.jpg is B's own."""
    picture(tmp_path / "A" / "b.jpg")
    text = TENSORFLOW + TENSORFLOW.splitlines()[1].replace("a.jpg", "b.jpg").replace("cat", "dog")
    write(tmp_path / "A" / "x.csv", text)
    table(tmp_path / "B", TENSORFLOW.replace("cat", "car"))
    found = read(tmp_path)
    assert [(one.file_name, one.instances[0].label) for one in found.images] == [
        ("A/a.jpg", "cat"),
        ("A/b.jpg", "dog"),
        ("B/a.jpg", "car"),
    ]
    assert "image-missing" in found.codes


def test_a_text_of_corners_is_told_by_the_image_where_no_size_is_stated(tmp_path: Path) -> None:
    """Of an image of 64 x 48: 40 + 60 would be beyond it."""
    text = 'image_id,bbox,label\na,"[10, 12, 30, 36]",dog\na,"[40, 30, 60, 40]",cat\n'
    found = read(table(tmp_path, text))
    assert boxes(found) == [("dog", (10, 12, 30, 36)), ("cat", (40, 30, 60, 40))]
    assert "corners of the box" in found.finding("table-dialect").message
    text = 'image_id,bbox,label\na,"[10, 12, 30, 36]",dog\n'
    assert boxes(read(table(tmp_path, text))) == [("dog", (10, 12, 40, 48))]


def test_no_boxes_in_a_text(tmp_path: Path) -> None:
    picture(tmp_path / "b.jpg")
    found = read(table(tmp_path, KAGGLE + "b,64,48,[],arvalis_1\n"))
    assert [(one.file_name, len(one.instances)) for one in found.images] == [
        ("a.jpg", 1),
        ("b.jpg", 0),
    ]
    assert found.codes == ["table-dialect"]


@pytest.mark.parametrize(
    "text",
    [
        "[[10, 12, 20, 28], [1, 2, 3, 4]]",
        "[{'x': 10, 'y': 12, 'width': 20, 'height': 28}, {'x': 1, 'y': 2, 'w': 3, 'h': 4}]",
        "[{'xmin': 10, 'ymin': 12, 'xmax': 30, 'ymax': 40}, {'x': 1, 'y': 2, 'w': 3, 'h': 4}]",
    ],
)
def test_several_boxes_in_a_text(tmp_path: Path, text: str) -> None:
    """10 + 20, 12 + 28 and 1 + 3, 2 + 4."""
    found = read(table(tmp_path, f'image_id,bbox\na,"{text}"\n'))
    assert boxes(found) == [("object", (10, 12, 30, 40)), ("object", (1, 2, 4, 6))]


def test_boxes_of_other_keys_are_said(tmp_path: Path) -> None:
    text = "[{'x': 1, 'y': 2, 'width': 3, 'height': 4, 'class': 'cat'}]"
    found = read(table(tmp_path, f'image_id,bbox\na,"{text}"\n'))
    assert boxes(found) == []
    assert found.finding("bad-entry").message == (
        "expected x, y, width and height of a box, got 'x, y, width, height, class'"
    )


def test_a_class_that_never_has_a_box_means_no_object(tmp_path: Path) -> None:
    """VinBigData's form."""
    picture(tmp_path / "b.jpg")
    picture(tmp_path / "c.jpg")
    text = (
        "image_id,class_name,class_id,rad_id,x_min,y_min,x_max,y_max\n"
        "b,No finding,14,R11,,,,\nb,No finding,14,R7,,,,\n"
        "a,Nodule,3,R10,10,12,30,40\nc,No finding,14,R11,,,,\n"
    )
    found = read(table(tmp_path, text))
    assert [(one.file_name, len(one.instances)) for one in found.images] == [
        ("b.jpg", 0),
        ("a.jpg", 1),
        ("c.jpg", 0),
    ]
    assert found.codes == ["table-dialect", "image-without-labels"]
    assert found.finding("image-without-labels").message == (
        "3 rows of the class 'No finding', which never has a box: read as no objects"
    )
    assert [one.name for one in found.headers[0].categories] == ["Nodule"]


def test_rows_of_an_image_that_state_different_sizes(tmp_path: Path) -> None:
    """The image has 64 x 48 pixels; a half of that is 32 x 24."""
    text = (
        "filename,width,height,class,xmin,ymin,xmax,ymax\n"
        "a.jpg,640,480,cat,0,0.25,0.5,0.5\na.jpg,64.0,48,cat,0,0,0.5,0.5\n"
    )
    found = read(table(tmp_path, text))
    assert (found.image.width, found.image.height) == (64, 48)
    assert boxes(found) == [("cat", (0, 12, 32, 24)), ("cat", (0, 0, 32, 24))]
    finding = found.finding("image-size-differs")
    assert finding.place == Place("x.csv", line=3)
    assert finding.message == (
        "the rows of a.jpg state different sizes, 640x480 and 64x48: that of the image file is used"
    )
    text = text.replace("640,480", "64,48")
    assert "image-size-differs" not in read(table(tmp_path, text)).codes


@pytest.mark.parametrize(
    ("rows", "order"),
    [
        ("a.jpg,3,ant,1,2,3,4\na.jpg,1,zebra,1,2,3,5\n", ["zebra", "ant"]),
        ("a.jpg,10,ant,1,2,3,4\na.jpg,9,zebra,1,2,3,5\n", ["zebra", "ant"]),
        ("a.jpg,3,ant,1,2,3,4\na.jpg,3,zebra,1,2,3,5\n", None),
        ("a.jpg,3,ant,1,2,3,4\na.jpg,1,ant,1,2,3,5\n", None),
        ("a.jpg,three,ant,1,2,3,4\na.jpg,1,zebra,1,2,3,5\n", None),
    ],
)
def test_numbers_beside_names_give_the_order_of_the_classes(
    tmp_path: Path, rows: str, order: list[str] | None
) -> None:
    found = read(table(tmp_path, f"image,class_id,class_name,xmin,ymin,xmax,ymax\n{rows}"))
    names = [[one.name for one in header.categories] for header in found.headers]
    assert names == ([order] if order else [])


GTSRB = "Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (f"Filename;{GTSRB}\na.jpg,64,48,10,12,30,40,20\n".replace(",", ";"), "20"),
        (f"{GTSRB},Path\n64,48,10,12,30,40,20,a.jpg\n".replace(";", ","), "20"),
        ('a.jpg 10 12 30 40 0 "car"\n', "car"),
        ('a.jpg 10 12 30 40 1 "trafficLight" "Red"\n', "trafficLight"),
        ('frame xmin ymin xmax ymax occluded label attributes\na.jpg 10 12 30 40 0 "car"\n', "car"),
        ("patientId,x,y,width,height,Target\nb,,,,,0\na,10,12,20,28,1\n", "object"),
        ("a.jpg,10,12,30,40,object,64,48\n", "object"),
    ],
)  # fmt: skip
def test_tables_of_known_datasets(tmp_path: Path, text: str, label: str) -> None:
    """GTSRB's, Udacity's, RSNA's and SKU-110K's."""
    picture(tmp_path / "b.jpg")
    found = read(table(tmp_path, text))
    assert boxes(found) == [(label, (10, 12, 30, 40))]
    texts = Texts(Root(tmp_path))
    assert texts.of("csv", texts=True) == ["x.csv"]


def test_columns_that_are_not_found_are_said(tmp_path: Path) -> None:
    found = read(table(tmp_path, "image_name,ax,ay,bw,bh,class\na.jpg,10,12,20,28,cat\n"))
    assert found.finding("not-of-this-format").message == (
        "is not read as a table of boxes, as no column has the four numbers of a box (there are "
        "image_name, ax, ay, bw, bh, class): ignored"
    )
