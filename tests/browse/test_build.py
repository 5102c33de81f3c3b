"""What a page is made of, and where it may be written; without a browser."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import msgspec
import pytest
from browsing import index, read
from helpers import SQUARE, document, opens, picture, shape, snapshot, voc_object, voc_xml, write
from PIL import Image

from dataforge.errors import InputError, OutputError
from dataforge.pages import picture as made_picture
from dataforge.verbs.browse import BrowseOptions, browse
from dataforge.verbs.browse.compare import pairs
from dataforge.verbs.browse.shards import Row
from dataforge.verbs.check import CheckOptions, check


def details(page: Path) -> list[dict[str, Any]]:
    """What is drawn on all images."""
    chunks = [name for name, _ in index(page)["chunks"]]
    return [one for name in chunks for one in read(page / "browse" / "data" / f"{name}.js")[1]]


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    """Two images: a box, a polygon of two rings, a crowd as RLE; a box outside of its image."""
    folder = tmp_path / "data"
    annotation = {"iscrowd": 0, "segmentation": [], "category_id": 5}
    write(folder / "annotations" / "instances_train.json", {
        "images": [{"id": 7, "file_name": "b.jpg", "width": 64, "height": 48},
                   {"id": 3, "file_name": "a.jpg", "width": 64, "height": 48}],
        "categories": [{"id": 9, "name": "dog"}, {"id": 5, "name": "cat"}],
        "annotations": [
            {**annotation, "id": 1, "image_id": 7, "bbox": [1.125, 2, 30, 40.5], "area": 1215},
            {**annotation, "id": 2, "image_id": 3, "bbox": [2, 2, 12, 10], "area": 70,
             "segmentation": [[2, 2, 12, 2, 12, 7, 2, 7], [10, 8, 14, 8, 14, 12, 10, 12]]},
            {**annotation, "id": 3, "image_id": 3, "category_id": 9, "bbox": [0, 1, 1, 2],
             "area": 2, "iscrowd": 1, "segmentation": {"size": [48, 64], "counts": [1, 2, 3069]}},
            {**annotation, "id": 4, "image_id": 7, "bbox": [70, 2, 9, 9], "area": 81},
        ],
    })  # fmt: skip
    for name in ("a", "b"):
        picture(folder / f"{name}.jpg")
    return folder


def test_the_data_of_a_page(coco: Path, tmp_path: Path) -> None:
    report = browse(coco, tmp_path / "page")
    assert (report.images, report.objects, report.classes) == (2, 4, ["dog", "cat"])
    side = index(tmp_path / "page")
    assert side["images"] == "../data/"
    assert side["name"] == ["b.jpg", "a.jpg"]
    assert (side["width"], side["height"]) == ([64, 64], [48, 48])
    assert side["counts"] == [[1, 2], [0, 1, 1, 1]]
    assert side["sizes"] == [0b011, 0b001]
    assert (side["splits"], side["split"], side["shown"]) == (["train"], [[0], [0]], [1, 1])
    first, second = details(tmp_path / "page")
    assert first["o"] == [[1, [1.12, 2, 31.12, 42.5], 0], [1, [70, 2, 79, 11], 0]]
    rings = [[2, 2, 12, 2, 12, 7, 2, 7], [10, 8, 14, 8, 14, 12, 10, 12]]
    assert second["o"][0] == [1, [2, 2, 14, 12], 0, rings]
    assert second["o"][1][:3] == [0, [0, 1, 1, 3], 1]
    assert second["o"][1][3][:2] == [48, 64]
    names = [code["name"] for code in side["codes"]]
    assert [names[code] for code in side["code"][0]] == ["outside-image"]
    (finding,) = first["f"]
    assert names[finding[0]] == "outside-image"
    assert finding[4:] == ["annotations/instances_train.json::$.annotations[3]", 1]


def test_findings_of_every_format_are_at_their_objects(tmp_path: Path) -> None:
    flat = shape("cat", [[5, 5], [5, 5]], "rectangle")
    write(tmp_path / "labelme" / "a.json", document(shape("cat", SQUARE), flat))
    write(tmp_path / "voc" / "Annotations" / "a.xml",
          voc_xml(voc_object("cat", (1, 2, 30, 40)), voc_object("cat", (9, 9, 9, 20))))  # fmt: skip
    write(tmp_path / "yolo" / "data.yaml", "names: [cat]\ntrain: images\n")
    write(tmp_path / "yolo" / "labels" / "a.txt", "0 .5 .5 .2 .2\n0 .5 .5 0 0\n")
    for place in ("labelme/a.jpg", "voc/JPEGImages/a.jpg", "yolo/images/a.jpg"):
        picture(tmp_path / place)
    for name in ("labelme", "voc", "yolo"):
        browse(tmp_path / name, tmp_path / f"{name}-page")
        side = index(tmp_path / f"{name}-page")
        (only,) = details(tmp_path / f"{name}-page")
        found = {side["codes"][code]["name"]: at for code, *_, at in only["f"]}
        assert found["zero-area"] == 1, name


def test_what_is_on_no_image_is_said_of_the_dataset(tmp_path: Path) -> None:
    write(tmp_path / "data" / "a.json", document(shape("cat", SQUARE)))
    write(tmp_path / "data" / "broken.json", "{")
    picture(tmp_path / "data" / "a.jpg")
    browse(tmp_path / "data", tmp_path / "page")
    side = index(tmp_path / "page")
    assert [
        (side["codes"][code]["name"], place) for code, _, _, _, place, _ in side["findings"]
    ] == [("unreadable-json", "broken.json:1:2")]


def test_an_image_of_several_splits_is_there_once(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(
            tmp_path / "data" / "Annotations" / f"{name}.xml",
            voc_xml(voc_object("cat", (1, 2, 9, 9))),
        )
        picture(tmp_path / "data" / "JPEGImages" / f"{name}.jpg", (64, 48 + ord(name)))
    lists = tmp_path / "data" / "ImageSets" / "Main"
    for split, names in {"train": "a\nb\n", "val": "b\n"}.items():
        write(lists / f"{split}.txt", names)
    report = browse(tmp_path / "data", tmp_path / "page")
    side = index(tmp_path / "page")
    assert report.images == len(side["name"]) == 2
    splits = {name: {side["splits"][one] for one in split}
              for name, split in zip(side["name"], side["split"], strict=True)}  # fmt: skip
    assert splits == {"JPEGImages/a.jpg": {"train"}, "JPEGImages/b.jpg": {"train", "val"}}


def test_the_same_bytes_with_any_number_of_workers(tmp_path: Path) -> None:
    for at in range(60):
        write(tmp_path / "data" / f"{at}.json", document(shape("cat", SQUARE), image=f"{at}.jpg"))
        picture(tmp_path / "data" / f"{at}.jpg", (64, 48 + at))
    browse(tmp_path / "data", tmp_path / "one" / "page")
    browse(
        tmp_path / "data", tmp_path / "two" / "page", BrowseOptions(check=CheckOptions(workers=2))
    )
    one, two = (snapshot(tmp_path / name) for name in ("one", "two"))
    assert one == two
    assert len([name for name in one if name.endswith(".jpg")]) == 60


def test_a_page_opens_each_image_once_more_than_a_check(tmp_path: Path) -> None:
    """Thumbnail and copy are of one decoding; annotation files are not read again."""
    for at in range(5):
        write(tmp_path / "data" / f"{at}.json", document(shape("cat", SQUARE), image=f"{at}.jpg"))
        picture(tmp_path / "data" / f"{at}.jpg", (64, 48 + at))
    with opens(tmp_path / "data") as checking:
        check(tmp_path / "data")
    with opens(tmp_path / "data") as counts:
        browse(tmp_path / "data", tmp_path / "page", BrowseOptions(embed=True))
    for at in range(5):
        assert counts[f"{at}.jpg"] == checking[f"{at}.jpg"] + 1
        assert counts[f"{at}.json"] == checking[f"{at}.json"]


# Where it is written ------------------------------------------------------------------------------


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write(tmp_path / "data" / "a.json", document(shape("cat", SQUARE)))
    picture(tmp_path / "data" / "a.jpg")
    return tmp_path / "data"


def test_a_page_is_overwritten_only_with_force_and_alone(data: Path, tmp_path: Path) -> None:
    page = tmp_path / "page"
    write(page / "mine.txt", "kept")
    browse(data, page)
    before = snapshot(page)
    with pytest.raises(OutputError, match="already exists; use --force"):
        browse(data, page)
    assert snapshot(page) == before
    write(page / "browse" / "thumbs" / "old.jpg", "old")
    browse(data, page, BrowseOptions(force=True))
    assert snapshot(page) == before
    assert before["mine.txt"] == b"kept"


@pytest.mark.parametrize("force", [False, True])
def test_what_is_no_page_is_never_replaced(data: Path, tmp_path: Path, force: bool) -> None:
    write(tmp_path / "out" / "browse" / "thesis.tex", "kept")
    with pytest.raises(OutputError):
        browse(data, tmp_path / "out", BrowseOptions(force=force))
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "browse").symlink_to(tmp_path / "out" / "browse")
    with pytest.raises(OutputError):
        browse(data, tmp_path / "link", BrowseOptions(force=force))
    assert snapshot(tmp_path / "out") == {"browse/thesis.tex": b"kept"}


@pytest.mark.parametrize("out", ["data", "data/page", "data/../data/deep/page"])
def test_a_page_is_no_part_of_the_dataset(data: Path, tmp_path: Path, out: str) -> None:
    before = snapshot(tmp_path)
    with pytest.raises(OutputError, match="is part of"):
        browse(data, tmp_path / out)
    with pytest.raises(OutputError, match="is part of"):
        browse(data, tmp_path / "data/page", BrowseOptions(compare=str(data)))
    assert snapshot(tmp_path) == before


def test_nothing_is_left_of_a_page_that_cannot_be_made(data: Path, tmp_path: Path) -> None:
    before = snapshot(tmp_path)
    with pytest.raises(InputError):
        browse(tmp_path / "nothing", tmp_path / "page")
    with pytest.raises(InputError):
        browse(data, tmp_path / "page", BrowseOptions(compare=str(tmp_path / "nothing")))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError):
        browse(data, tmp_path / "page", BrowseOptions(compare=str(tmp_path / "empty")))
    assert snapshot(tmp_path) == before
    assert not (tmp_path / "page").exists()


# Pictures -----------------------------------------------------------------------------------------


def stored(image: Image.Image, form: str, **more: Any) -> io.BytesIO:
    stream = io.BytesIO()
    image.save(stream, form, **more)
    stream.seek(0)
    return stream


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_thumbnail_is_turned_as_displayed(form: str, orientation: int) -> None:
    """The corner that is displayed at the top left is white."""
    shown = Image.new("L", (60, 40), 40)
    shown.paste(255, (0, 0, 20, 14))
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # from displayed to stored
    turned = shown.transpose(Image.Transpose(turns[orientation])) if orientation > 1 else shown
    exif = Image.Exif()
    exif[0x0112] = orientation
    made = made_picture(stored(turned.convert("RGB"), form, exif=exif), copy=False)
    assert made.fault == ""
    assert made.size == (60, 40)
    small = Image.open(io.BytesIO(made.thumbnail)).convert("L")
    assert small.size == (60, 40)
    assert small.getpixel((8, 6)) > 200  # type: ignore[operator]
    for place in ((52, 6), (8, 34), (52, 34)):
        assert small.getpixel(place) < 100  # type: ignore[operator]


@pytest.mark.parametrize(
    ("image", "form", "colour"),
    [
        (Image.new("CMYK", (50, 40), (0, 255, 255, 0)), "JPEG", (255, 0, 0)),
        (Image.new("RGBA", (50, 40), (0, 0, 255, 0)), "PNG", (128, 128, 128)),
        (Image.new("P", (50, 40)), "PNG", (0, 0, 0)),
        (Image.new("1", (50, 40), 1), "PNG", (255, 255, 255)),
        (Image.new("I;16", (50, 40), 700), "PNG", (0, 0, 0)),
        (Image.new("LA", (50, 40), (255, 255)), "PNG", (255, 255, 255)),
        (Image.new("RGB", (3000, 2), (0, 200, 0)), "PNG", (0, 200, 0)),
    ],
)
def test_pixels_of_any_kind(image: Image.Image, form: str, colour: tuple[int, int, int]) -> None:
    made = made_picture(stored(image, form), copy=False)
    small = Image.open(io.BytesIO(made.thumbnail))
    assert made.size == image.size
    assert max(small.size) <= 256
    pixel = small.getpixel((1, 0))
    assert all(abs(a - b) < 30 for a, b in zip(pixel, colour, strict=True))  # type: ignore[arg-type]
    assert bool(made.copy) == (image.mode == "I;16")


def test_a_picture_that_cannot_be_made_says_why() -> None:
    whole = stored(Image.effect_noise((90, 90), 80), "JPEG").getvalue()
    cut = made_picture(io.BytesIO(whole[:-1500]), copy=True)
    assert (cut.size, cut.thumbnail, cut.copy) == ((90, 90), b"", b"")
    assert "truncated" in cut.fault
    none = made_picture(io.BytesIO(b"GIF89a"), copy=False)
    assert none.size is None
    assert "not an image" in none.fault


def test_an_image_inside_its_annotation_file_is_shown(tmp_path: Path) -> None:
    inside = base64.b64encode(stored(Image.new("RGB", (64, 48), (0, 200, 0)), "PNG").getvalue())
    held = document(shape("cat", SQUARE), imageData=inside.decode(), imageWidth=64, imageHeight=48)
    write(tmp_path / "data" / "a.json", held)
    report = browse(tmp_path / "data", tmp_path / "page")
    assert (report.images, report.without_picture) == (1, 0)
    assert index(tmp_path / "page")["shown"] == [2]
    shown = Image.open(tmp_path / "page" / "browse" / "images" / "a000000-000" / "0.jpg")
    assert shown.getpixel((9, 9))[1] > 180  # type: ignore[index]


# Comparing ----------------------------------------------------------------------------------------


def row(name: str, *boxes: tuple[str, tuple[float, float, float, float]]) -> Row:
    return Row(name, (9, 9), [], [], 0, [], 1, list(boxes))


def test_images_belong_together_by_path_then_name_then_stem() -> None:
    one = [row("a/x.jpg"), row("b/x.jpg"), row("b/y.jpg"), row("c/z.bmp"), row("w.jpg")]
    other = [row("images/z.jpg"), row("train/y.jpg"), row("b/x.jpg"), row("new.jpg")]
    found = [(mine, theirs) for mine, theirs, _, _ in pairs(one, other)]
    assert found == [(0, -1), (1, 2), (2, 1), (3, 0), (4, -1), (-1, 3)]


def test_objects_are_the_same_within_a_pixel() -> None:
    box = (0.0, 0.0, 9.0, 9.0)
    one = [row("a", ("cat", box), ("cat", box), ("dog", (1, 1, 5, 5)))]
    other = [row("a", ("cat", (0.5, 0, 9, 9.9)), ("dog", (1, 1, 5, 7)), ("cow", box))]
    assert pairs(one, other) == [(0, 0, 2, 2)]


def test_a_report_is_json(data: Path, tmp_path: Path) -> None:
    report = browse(data, tmp_path / "page", BrowseOptions(compare=str(data)))
    again = msgspec.json.decode(msgspec.json.encode(report), type=type(report))
    assert again == report
    assert again.compared is not None
    assert again.differing == 0
