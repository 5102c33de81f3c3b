"""Contact sheets: colours are sampled where the annotations are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import SAMPLE, document, picture, shape, write
from PIL import Image, ImageDraw, ImageFont
from pycocotools import mask as coco_mask

from dataforge.drawing import class_colours, draw_text, fitting, fonts, text_width
from dataforge.errors import InputError, OutputError, UsageError
from dataforge.verbs.view import ViewOptions, view

GREY = (120, 130, 140)
TOP, LEFT = 74, 12
"""Of the first tile, below a title and a line of classes."""


def coco(folder: Path, images: list[tuple[str, int, int]], annotations: list[dict[str, Any]],
         names: tuple[str, ...] = ("cat", "dog")) -> Path:  # fmt: skip
    """A COCO file beside its images."""
    return write(folder / "instances.json", {
        "images": [
            {"id": n, "file_name": name, "width": width, "height": height}
            for n, (name, width, height) in enumerate(images, 1)
        ],
        "annotations": [
            {"id": n, "image_id": 1, "category_id": 1, "iscrowd": 0, "segmentation": [],
             "area": one["bbox"][2] * one["bbox"][3]} | one
            for n, one in enumerate(annotations, 1)
        ],
        "categories": [{"id": n, "name": name} for n, name in enumerate(names, 1)],
    })  # fmt: skip


def sheet_of(path: Path, **options: Any) -> tuple[Image.Image, Any]:
    out = path.parent / "out" / "sheet.png"
    report = view(path, out, ViewOptions(**options), force=True)
    with Image.open(out) as opened:
        return opened.convert("RGB"), report


def near(pixel: Any, colour: tuple[int, int, int], most: int = 40) -> bool:
    return max(abs(a - b) for a, b in zip(pixel, colour, strict=True)) <= most


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A folder with a grey image of 320x240, which is drawn without scaling."""
    folder = tmp_path / "set"
    folder.mkdir()
    Image.new("RGB", (320, 240), GREY).save(folder / "a.png")
    return folder


RED, GREEN = class_colours(["cat", "dog"]).values()


def test_a_box_is_drawn_where_it_is(plain: Path) -> None:
    path = coco(plain, [("a.png", 320, 240)], [{"bbox": [40, 60, 100, 80]}])
    sheet, report = sheet_of(path)
    assert report.images == ["a.png"]
    for x, y in ((41, 100), (138, 100), (90, 61), (90, 138)):  # on each side
        assert near(sheet.getpixel((LEFT + x, TOP + y)), RED)
    for x, y in ((90, 100), (37, 100), (143, 100), (90, 143)):  # inside and outside
        assert near(sheet.getpixel((LEFT + x, TOP + y)), GREY, 2)


def test_a_large_image_is_scaled_with_its_objects(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    image = Image.new("RGB", (1280, 960), GREY)
    ImageDraw.Draw(image).rectangle((800, 400, 999, 599), fill="white")
    image.save(tmp_path / "set" / "a.jpg")
    path = coco(tmp_path / "set", [("a.jpg", 1280, 960)], [{"bbox": [800, 400, 200, 200]}])
    sheet, _ = sheet_of(path)
    assert near(sheet.getpixel((LEFT + 201, TOP + 125)), RED)
    assert near(sheet.getpixel((LEFT + 225, TOP + 125)), (255, 255, 255))
    assert near(sheet.getpixel((LEFT + 195, TOP + 125)), GREY)


def test_an_outline_is_filled(plain: Path) -> None:
    ring = [[40, 40, 200, 40, 200, 160]]
    path = coco(plain, [("a.png", 320, 240)], [
        {"bbox": [40, 40, 160, 120], "segmentation": ring, "category_id": 2},
    ])  # fmt: skip
    sheet, _ = sheet_of(path)
    inside = tuple(g + (c - g) * 70 // 255 for g, c in zip(GREY, GREEN, strict=True))
    assert near(sheet.getpixel((LEFT + 160, TOP + 80)), inside, 6)
    assert near(sheet.getpixel((LEFT + 60, TOP + 140)), GREY, 2)  # in the box, not the outline
    assert near(sheet.getpixel((LEFT + 199, TOP + 100)), GREEN)


def test_labelled_keypoints_are_dots_and_hidden_ones_circles(plain: Path) -> None:
    points = [60, 60, 2, 120, 60, 1, 180, 60, 0, 900, -50, 2]
    path = coco(plain, [("a.png", 320, 240)], [{"bbox": [40, 30, 200, 160], "keypoints": points}])
    sheet, _ = sheet_of(path)
    assert near(sheet.getpixel((LEFT + 60, TOP + 60)), RED)
    assert near(sheet.getpixel((LEFT + 120, TOP + 60)), GREY)
    ring = [sheet.getpixel((LEFT + 120 + at, TOP + 60)) for at in range(-8, 9)]
    assert any(near(pixel, RED, 60) for pixel in ring)
    assert near(sheet.getpixel((LEFT + 180, TOP + 60)), GREY)


def test_a_hole_of_a_mask_stays_empty(plain: Path) -> None:
    pixels = np.zeros((240, 320), np.uint8, order="F")
    pixels[40:200, 40:200] = 1
    pixels[90:150, 90:150] = 0
    rle = coco_mask.encode(pixels)
    segmentation = {"size": [240, 320], "counts": rle["counts"].decode()}
    path = coco(plain, [("a.png", 320, 240)], [
        {"bbox": [40, 40, 160, 160], "area": int(pixels.sum()), "segmentation": segmentation},
    ])  # fmt: skip
    sheet, _ = sheet_of(path)
    assert near(sheet.getpixel((LEFT + 120, TOP + 120)), GREY, 2)
    assert not near(sheet.getpixel((LEFT + 65, TOP + 120)), GREY, 20)
    assert near(sheet.getpixel((LEFT + 89, TOP + 120)), RED)  # the edge of the hole


@pytest.mark.parametrize("orientation", [1, 2, 3, 4, 5, 6, 7, 8])
def test_exif_is_applied(tmp_path: Path, orientation: int) -> None:
    """A white block, which is at (40, 60) to (140, 140) of the image as it is displayed."""
    shown = Image.new("RGB", (320, 240), GREY)
    ImageDraw.Draw(shown).rectangle((40, 60, 139, 139), fill="white")
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # what makes the stored image of it
    stored = shown if orientation == 1 else shown.transpose(Image.Transpose(back[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    (tmp_path / "set").mkdir()
    stored.save(tmp_path / "set" / "a.png", exif=exif)
    path = coco(tmp_path / "set", [("a.png", 320, 240)], [{"bbox": [40, 60, 100, 80]}])
    sheet, _ = sheet_of(path)
    for x, y in ((46, 66), (134, 66), (46, 134), (134, 134)):
        assert near(sheet.getpixel((LEFT + x, TOP + y)), (255, 255, 255))
    assert near(sheet.getpixel((LEFT + 150, TOP + 100)), GREY, 2)
    assert near(sheet.getpixel((LEFT + 138, TOP + 100)), RED)


def test_an_image_that_cannot_be_shown_is_a_tile_that_says_so(plain: Path) -> None:
    write(plain / "b.jpg", "no image")
    content = picture(plain / "c.jpg", (320, 240)).read_bytes()
    (plain / "c.jpg").write_bytes(content[: len(content) // 2])
    names = [(name, 320, 240) for name in ("a.png", "b.jpg", "c.jpg", "gone.jpg")]
    sheet, report = sheet_of(coco(plain, names, [{"bbox": [40, 60, 100, 80]}]), columns=4)
    assert report.images == ["a.png", "b.jpg", "c.jpg", "gone.jpg"]
    for column in (1, 2, 3):
        tile = sheet.crop((LEFT + 332 * column, TOP, LEFT + 332 * column + 320, TOP + 240))
        assert (176, 32, 32) in {colour for _, colour in tile.getcolors(10**6)}


def test_findings_are_lit_and_the_rest_is_dimmed(plain: Path) -> None:
    path = coco(plain, [("a.png", 320, 240), ("b.png", 320, 240)], [
        {"bbox": [40, 60, 100, 80]}, {"bbox": [200, 60, 0, 80]},
        {"bbox": [10, 10, 20, 20], "image_id": 2},
    ])  # fmt: skip
    sheet, report = sheet_of(path, code="zero-area")
    assert report.images == ["a.png"]
    assert report.fitting == 1
    assert near(sheet.getpixel((LEFT + 41, TOP + 100)), (150, 150, 150), 20)
    assert near(sheet.getpixel((LEFT + 200, TOP + 100)), RED)
    with pytest.raises(InputError, match="no such finding"):
        sheet_of(path, code="duplicate-box")
    with pytest.raises(UsageError, match="did you mean 'zero-area'"):
        sheet_of(path, code="zeroarea")


def test_findings_inside_an_object_and_on_those_that_are_lost(tmp_path: Path) -> None:
    """`$.shapes[1].points` is on the second object; a shape that was not read is on no object."""
    for name in ("a", "b"):
        picture(tmp_path / f"{name}.jpg", (320, 240))
    good = shape("cat", [[40, 60], [140, 60], [140, 140]])
    size = {"imageWidth": 320, "imageHeight": 240}
    write(tmp_path / "a.json", document(good, shape("cat", [[1, 1]]), image="a.jpg", **size))
    write(tmp_path / "b.json", document(good, image="b.jpg", **size))
    out = tmp_path / "out" / "s.png"
    report = view(tmp_path, out, ViewOptions(code="bad-shape"))
    assert report.images == ["a.jpg"]
    box = "<object><name> cat</name><bndbox><xmin>10</xmin><ymin>12</ymin>"
    box += "<xmax>30</xmax><ymax>40</ymax></bndbox></object>"
    for name, objects in (("a", box), ("b", box.replace("> cat", ">cat"))):
        picture(tmp_path / "voc" / "JPEGImages" / f"{name}.jpg")
        xml = f"<annotation><size><width>64</width><height>48</height></size>{objects}</annotation>"
        write(tmp_path / "voc" / "Annotations" / f"{name}.xml", xml)
    report = view(tmp_path / "voc", out, ViewOptions(code="untidy-label"), force=True)
    assert report.images == ["JPEGImages/a.jpg"]


def test_findings_on_entries_of_images(plain: Path) -> None:
    names = [("a.png", 320, 240), ("gone.png", 320, 240)]
    _, report = sheet_of(coco(plain, names, []), code="image-missing")
    assert report.images == ["gone.png"]


def test_findings_on_image_files_are_found_by_their_name(plain: Path) -> None:
    Image.new("RGB", (320, 240), "black").save(plain / "b.png")
    boxes = [{"bbox": [40, 60, 100, 80], "image_id": n} for n in (1, 2)]
    _, report = sheet_of(coco(plain, [("a.png", 320, 240), ("b.png", 320, 240)], boxes),
                         code="dark-image")  # fmt: skip
    assert report.images == ["b.png"]


def test_images_are_chosen_by_name_end_of_path_pattern_and_class(tmp_path: Path) -> None:
    names = ["x/a.jpg", "y/a.jpg", "y/b1.jpg", "y/b2.jpg"]
    for name in names:
        picture(tmp_path / "set" / name)
    boxes = [
        {"bbox": [4, 6, 10, 8], "image_id": n, "category_id": 1 + (n > 2)} for n in range(1, 5)
    ]
    path = coco(tmp_path / "set", [(name, 64, 48) for name in names], boxes)

    def shown(*asked: str, **options: Any) -> list[str]:
        return sheet_of(path, images=asked, **options)[1].images  # type: ignore[no-any-return]

    assert shown("x/a.jpg") == ["x/a.jpg"]
    assert shown("a.jpg") == ["x/a.jpg", "y/a.jpg"]
    assert shown("b*.jpg") == ["y/b1.jpg", "y/b2.jpg"]
    assert shown(f"{tmp_path}/set/y/a.jpg") == ["y/a.jpg"]
    assert shown(classes=("dog",)) == ["y/b1.jpg", "y/b2.jpg"]
    assert shown(most=2) == ["x/a.jpg", "y/b1.jpg"]  # evenly spread
    with pytest.raises(UsageError, match=r"no image c\.jpg"):
        shown("c.jpg")
    with pytest.raises(UsageError, match="did you mean 'dog'"):
        shown(classes=("dogs",))
    with pytest.raises(InputError, match="no image with dog to show"):
        shown("a.jpg", classes=("dog",))


def test_a_class_has_the_same_colour_whatever_is_shown(plain: Path) -> None:
    boxes = [{"bbox": [40, 60, 100, 80], "category_id": 2}]
    path = coco(plain, [("a.png", 320, 240)], boxes)
    _, one = sheet_of(path)
    assert one.classes == {"cat": RED, "dog": GREEN}
    assert len(set(class_colours([str(n) for n in range(500)]).values())) > 400


def test_the_dataset_is_never_overwritten(plain: Path) -> None:
    path = coco(plain, [("a.png", 320, 240)], [])
    before = (plain / "a.png").read_bytes()
    for dataset in (path, plain):
        with pytest.raises(OutputError, match="is part of"):
            view(dataset, plain / "a.png", force=True)
    assert (plain / "a.png").read_bytes() == before
    view(plain, plain / "new.png")  # a new file is no part of it
    with pytest.raises(OutputError, match="already exists"):
        view(path, plain / "new.png")
    view(path, plain / "new.png", force=True)
    for ending in ("jpg", "webp"):
        view(path, plain / f"new.{ending}")
        view(path, plain / f"new.{ending}", force=True)
    with pytest.raises(UsageError, match="must end in"):
        view(path, plain / "new.gif")


def test_the_same_sheet_on_any_number_of_workers(tmp_path: Path) -> None:
    for workers in (1, 2):
        view(SAMPLE / "labelme", tmp_path / f"{workers}.png", ViewOptions(workers=workers))
    assert (tmp_path / "1.png").read_bytes() == (tmp_path / "2.png").read_bytes()


def test_hostile_numbers_and_names_are_drawn(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    shapes = [
        shape("x" * 500, [[-1e6, -1e6], [1e6, 1e6], [5, 1e6]]),
        shape("a\nb\u202e", [[60, 40], [70, 50]], "rectangle"),
        shape("\x1b[31m", [[5, 5], [9, 9]], "circle"),
    ]
    write(tmp_path / "a.json", document(*shapes, image="a.jpg"))
    report = view(tmp_path, tmp_path / "out" / "s.webp")
    assert report.images == ["a.jpg"]
    with Image.open(report.sheet) as opened:
        assert opened.size == (report.width, report.height)


# Letters ---------------------------------------------------------------------------------------


def drawn(text: str) -> bytes:
    image = Image.new("L", (300, 24), 255)
    draw_text(ImageDraw.Draw(image), (2, 12), text, 13, 0)
    return image.tobytes()


def test_names_in_any_script_have_letters_of_their_own_or_are_escaped() -> None:
    pytest.importorskip("matplotlib")  # whose fonts are there on each machine
    for one, other in (("é", "è"), ("кот", "код"), ("عربى", "عربي"), ("שלום", "שלוה")):
        assert drawn(one) != drawn(other)
        assert drawn(one) not in {drawn("?" * len(one)), drawn("\uffff" * len(one))}
    text = "кот \U000f1234 é"  # a letter of private use beside others: only that is escaped
    assert text_width(text, 13) >= text_width("кот  é", 13)


def test_without_any_font_names_are_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataforge.drawing import lettering

    monkeypatch.setattr(lettering, "font_of", lambda letters, height: None)
    lettering._parts.cache_clear()
    try:
        assert lettering._parts("a人é", 13)[0][0] == "a\\u4eba\\xe9"
    finally:
        lettering._parts.cache_clear()


def test_a_name_in_two_scripts_has_two_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataforge.drawing import lettering

    fonts_of = {"т": ImageFont.load_default(13), "人": ImageFont.load_default(14)}
    monkeypatch.setattr(lettering, "font_of", lambda letters, height: fonts_of.get(letters))
    lettering._parts.cache_clear()
    try:
        assert [text for text, _ in lettering._parts("ab тт人c", 13)] == ["ab ", "тт", "人", "c"]
    finally:
        lettering._parts.cache_clear()


def test_without_raqm_words_from_right_to_left_are_reversed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from PIL import features

    from dataforge.drawing import lettering

    monkeypatch.setattr(features, "check", lambda name: False)
    assert lettering._ordered("שלום") == "םולש"
    assert lettering._ordered("abc") == "abc"


def test_long_texts_lose_their_middle_or_their_end() -> None:
    text = "abcdefghij" * 10
    for ends in (True, False):
        shown = fitting(text, 100, 13, ends=ends)
        assert text_width(shown, 13) <= 100
        assert len(shown) > 8
        assert shown.startswith("abc")
        assert shown.endswith("j" if ends else "...")
    assert fitting("abc", 100, 13) == "abc"
    assert fitting("abc", 1, 13) == "..."


def test_the_font_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataforge.drawing import fonts_to_install

    assert fonts_to_install(["cat", "é" * 0]) == ""
    monkeypatch.setattr(fonts, "font_of", lambda letters, height: None)
    said = fonts_to_install(["人物", "ab"])
    assert said == (
        "no font of this machine has 人, 物: drawn as numbers, such as \\u4eba; install one "
        "(on Debian: fonts-noto-cjk; anywhere: pip install noto-cjk-sans-otc)"
    )
    both = "(on Debian: fonts-noto-cjk, fonts-noto-core; anywhere: pip install noto-cjk-sans-otc)"
    assert fonts_to_install(["한", "ก"]).endswith(both)
    assert fonts_to_install(["👩"]).endswith("(on Debian: fonts-symbola)")


def test_the_font_of_a_package_is_found_without_importing_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "noto_cjk_sans_otc"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError")
    (package / "NotoSansCJK-Regular.ttc").write_bytes(b"")
    monkeypatch.syspath_prepend(tmp_path)
    assert str(package / "NotoSansCJK-Regular.ttc") in fonts._found()


def test_fonts_without_letters_are_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """matplotlib 3.11 and macOS have a font with a box for every letter."""
    for name in ("LastResortHE-Regular.ttf", "Own.ttf"):
        write(tmp_path / ".fonts" / name, "")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    found = {Path(path).name for path in fonts._found()}
    assert "Own.ttf" in found
    assert "LastResortHE-Regular.ttf" not in found


def test_joiners_are_no_letters_that_a_font_must_have() -> None:
    pytest.importorskip("matplotlib")
    from dataforge.drawing import lettering

    assert len(lettering._parts("می\u200cشود", 13)) == 1


def test_plain_fonts_come_before_bold_ones() -> None:
    paths = ["/f/NotoSansThai-Bold.ttf", "/f/NotoSansThai-Regular.ttf", "/f/DejaVuSans.ttf"]
    assert sorted(paths, key=fonts._rank)[1] == "/f/NotoSansThai-Regular.ttf"
