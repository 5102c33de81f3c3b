"""The page in a real browser, from disk: what it shows, and that it is shown where it is."""

from __future__ import annotations

import colorsys
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browsing import NARROW, Shown
from helpers import SQUARE, document, mask_shape, picture, shape, voc_object, voc_xml, write
from PIL import Image

from dataforge.verbs.browse import BrowseOptions, browse

Show = Callable[..., Shown]
GREY = (90, 90, 90)  # of a picture
RED, BLUE = (255, 93, 93), (53, 182, 255)  # of the first and the second class


def near(one: tuple[int, ...], other: tuple[int, ...], most: int = 24) -> bool:
    return all(abs(a - b) <= most for a, b in zip(one, other, strict=True))


def hue(colour: tuple[int, int, int]) -> float:
    return colorsys.rgb_to_hsv(*(value / 255 for value in colour))[0] * 360


def tinted(colour: tuple[int, int, int], by: tuple[int, int, int]) -> bool:
    """Whether grey is covered by some of a colour."""
    spread = max(colour) - min(colour)
    return spread > 15 and abs(hue(colour) - hue(by)) < 25


@pytest.fixture(scope="module")
def pets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of six images: classes cat and dog, two splits, an object without area."""
    folder = tmp_path_factory.mktemp("pets") / "Pets"
    boxes = {
        "a1": ["cat"], "a2": ["cat", "dog"], "a10": ["dog", "dog", "dog"], "b1": [], "b2": ["cat"],
        "b3": ["dog"],
    }  # fmt: skip
    for number, (name, labels) in enumerate(boxes.items()):
        objects = [
            voc_object(label, (5 + 9 * at, 6 + 7 * at, 20 + 9 * at, 24 + 7 * at))
            for at, label in enumerate(labels)
        ]
        if name == "b2":
            objects.append(voc_object("cat", (40, 30, 39, 45), difficult="1"))
        size = (64 + 10 * number, 48)
        write(folder / "Annotations" / f"{name}.xml", voc_xml(*objects, size=size))
        picture(folder / "JPEGImages" / f"{name}.jpg", size)
    write(folder / "ImageSets" / "Main" / "train.txt", "a1\na2\na10\nb1\n")
    write(folder / "ImageSets" / "Main" / "val.txt", "b2\nb3\n")
    out = folder.parent / "page"
    browse(folder, out)
    return out


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of a polygon, a mask with a hole, a box, and a turned image."""
    folder = tmp_path_factory.mktemp("shapes") / "data"
    triangle = [[8, 8], [56, 8], [8, 40]]
    ring = ["#" * 30, *(["#" * 10 + "." * 10 + "#" * 10] * 10), "#" * 30]
    ring = [*["#" * 30] * 10, *ring[1:11], *["#" * 30] * 10]
    write(folder / "1.json", document(shape("cat", triangle), image="1.jpg"))
    write(folder / "2.json", document(mask_shape("cat", ring, 10, 10), image="2.jpg"))
    write(
        folder / "3.json", document(shape("dog", [[16, 12], [48, 36]], "rectangle"), image="3.jpg")
    )
    for name in ("1", "2", "3"):
        picture(folder / f"{name}.jpg")
    # Stored as 64x48, displayed as 48x64 with the white square at (10, 40).
    upright = Image.new("RGB", (48, 64), GREY)
    upright.paste((255, 255, 255), (10, 40, 30, 60))
    exif = Image.Exif()
    exif[0x0112] = 6
    upright.transpose(Image.Transpose.ROTATE_90).save(folder / "4.jpg", exif=exif, quality=95)
    square = shape("dog", [[10, 40], [30, 60]], "rectangle")
    write(folder / "4.json", document(square, image="4.jpg", imageWidth=48, imageHeight=64))
    out = folder.parent / "page"
    browse(folder, out)
    return out


# Where things are drawn ---------------------------------------------------------------------------


def test_a_polygon_is_filled_and_outlined_where_it_is(show: Show, shapes: Path) -> None:
    shown = show(shapes)
    shown.open(0)
    at = shown.pixels()
    assert tinted(at(16, 16), RED)
    assert tinted(at(40, 14), RED)
    assert near(at(50, 35), GREY)  # the other half of its box
    assert near(at(4, 4), GREY)
    assert near(at(30, 8), RED)  # its upper edge
    assert near(at(8, 24), RED)


def test_a_mask_has_its_hole(show: Show, shapes: Path) -> None:
    shown = show(shapes)
    shown.open(1)
    at = shown.pixels()
    for place in ((12, 12), (15, 25), (35, 25), (25, 15), (25, 35)):
        assert tinted(at(*place), RED), place
    for place in ((25, 25), (22, 22), (28, 28), (6, 6), (45, 25)):
        assert near(at(*place), GREY), place


@pytest.fixture(scope="module")
def pose(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of a nose and a tail that are joined, a hidden paw, and an ear not labelled."""
    folder = tmp_path_factory.mktemp("pose") / "data"
    names = ["nose", "tail", "paw", "ear"]
    content = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}],
        "categories": [{"id": 1, "name": "cat", "keypoints": names, "skeleton": [[1, 2], [2, 4]]}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [8, 8, 48, 32], "area": 1536,
             "iscrowd": 1, "num_keypoints": 3,
             "keypoints": [16, 16, 2, 48, 16, 2, 32, 30, 1, 50, 34, 0]},
        ],
    }  # fmt: skip
    write(folder / "instances_train.json", content)
    picture(folder / "a.jpg")
    out = folder.parent / "page"
    browse(folder, out)
    return out


def test_keypoints_are_drawn_where_they_are(show: Show, pose: Path) -> None:
    shown = show(pose)
    shown.open(0)
    at = shown.pixels()
    for place in ((16, 16), (48, 16), (32, 16), (24, 16), (40, 16)):  # dots, and the line
        assert near(at(*place), RED), place
    for place in (
        (32, 30),
        (50, 34),
        (49, 25),
        (20, 30),
    ):  # inside the circle, and where nothing is
        assert near(at(*place), GREY), place
    around = [at(32 + x / 20, 30) for x in range(2, 16)]
    assert any(near(colour, RED) for colour in around)  # the circle


def test_keypoints_are_named(show: Show, pose: Path) -> None:
    shown = show(pose)
    shown.open(0)
    panel = shown.page.inner_text(".panel")
    assert "nose, tail, paw, ear" in panel
    assert "3 keypoints" in panel
    box = shown.page.locator(".stage .world").bounding_box()
    scale = box["width"] / 64
    for (x, y), text in (
        ((32, 30), "cat 48 × 32, crowd, paw, hidden"),
        ((48, 16), "cat 48 × 32, crowd, tail"),
        ((20, 30), "cat 48 × 32, crowd"),
    ):
        shown.page.mouse.move(box["x"] + x * scale, box["y"] + y * scale)
        assert shown.page.inner_text(".stage .tip") == text


def test_keypoints_are_in_thumbnails(show: Show, pose: Path) -> None:
    shown = show(pose)
    shown.page.wait_for_timeout(200)
    found = shown.page.evaluate(
        """() => {
          const canvas = document.querySelector(".tile canvas");
          const scale = Math.min(canvas.width / 64, canvas.height / 48);
          const left = (canvas.width - 64 * scale) / 2, top = (canvas.height - 48 * scale) / 2;
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return [[16, 16], [48, 16], [32, 16], [50, 34]].map(([x, y]) => {
            const at = Math.round(top + y * scale) * canvas.width + Math.round(left + x * scale);
            return [...data.slice(4 * at, 4 * at + 4)];
          });
        }"""
    )
    *drawn, nothing = found
    assert all(near((r, g, b), RED, 60) and alpha > 200 for r, g, b, alpha in drawn), found
    assert nothing[3] == 0


def test_a_box_is_drawn_on_its_edges(show: Show, shapes: Path) -> None:
    shown = show(shapes)
    shown.open(2)
    at = shown.pixels()
    for place in ((16, 20), (48, 20), (30, 12), (30, 36)):
        assert near(at(*place), BLUE), place
    for place in ((14, 20), (50, 20), (30, 10), (30, 38), (62, 46)):
        assert near(at(*place), GREY), place


def test_a_turned_image_is_shown_as_it_was_annotated(show: Show, shapes: Path) -> None:
    shown = show(shapes)
    shown.open(3)
    assert "48 × 64" in shown.page.inner_text(".panel")
    at = shown.pixels()
    assert near(at(12, 42), (255, 255, 255), 40) or tinted(at(12, 42), BLUE)
    assert min(at(20, 50)) > 150  # the white square
    assert near(at(40, 10), GREY)
    for place in ((10, 50), (30, 50), (20, 40), (20, 60)):
        assert near(at(*place), BLUE), place
    thumbnail = Image.open(shapes / "browse" / "thumbs" / "a000000-000" / "3.jpg")
    assert thumbnail.size == (48, 64)
    assert near(thumbnail.getpixel((20, 50)), (255, 255, 255))  # type: ignore[arg-type]


def test_drawing_follows_zoom_and_pan(show: Show, shapes: Path) -> None:
    shown = show(shapes)
    shown.open(2)
    shown.page.mouse.move(300, 300)
    shown.page.mouse.wheel(0, -200)
    shown.page.mouse.down()
    shown.page.mouse.move(340, 330, steps=4)
    shown.page.mouse.up()
    shown.page.mouse.move(5, 790)
    shown.page.wait_for_timeout(100)
    at = shown.pixels()
    assert near(at(16, 20), BLUE)
    assert near(at(14, 20), GREY)


def test_thumbnails_have_their_objects(show: Show, shapes: Path) -> None:
    shown = show(shapes)
    shown.page.wait_for_timeout(300)
    tile = shown.page.locator(".picture").nth(2)
    box = tile.bounding_box()
    screen = Image.open(io.BytesIO(tile.screenshot())).convert("RGB")
    scale = box["width"] / 64
    colours = [screen.getpixel((round(16 * scale) + dx, round(24 * scale))) for dx in (-1, 0, 1)]
    assert any(tinted(colour, BLUE) for colour in colours)  # type: ignore[arg-type]


# Filters ------------------------------------------------------------------------------------------


def test_all_images_are_there(show: Show, pets: Path) -> None:
    shown = show(pets)
    assert shown.status() == "6 images"
    assert shown.names() == ["a1.jpg", "a2.jpg", "a10.jpg", "b1.jpg", "b2.jpg", "b3.jpg"]
    assert shown.page.title() == "Pets · dataforge browse"


@pytest.mark.parametrize(
    ("label", "names"),
    [
        ("train", ["a1.jpg", "a2.jpg", "a10.jpg", "b1.jpg"]),
        ("dog", ["a2.jpg", "a10.jpg", "b3.jpg"]),
        ("zero-area", ["b2.jpg"]),
        ("Only without objects", ["b1.jpg"]),
    ],
)
def test_a_filter_leaves_what_meets_it(
    show: Show, pets: Path, label: str, names: list[str]
) -> None:
    shown = show(pets)
    shown.page.locator("#side .choice", has_text=label).locator("input").check()
    assert shown.names() == names
    assert shown.status() == f"{len(names)} of 6 images"
    shown.page.click("text=Clear")
    assert shown.status() == "6 images"


def test_filters_of_numbers_and_sizes(show: Show, pets: Path) -> None:
    shown = show(pets)
    shown.page.fill("[aria-label='Objects in an image: at least']", "2")
    assert shown.names() == ["a2.jpg", "a10.jpg", "b2.jpg"]
    shown.page.fill("[aria-label='Objects in an image: at most']", "2")
    assert shown.names() == ["a2.jpg", "b2.jpg"]
    shown.page.fill("[aria-label='Longest side: at least']", "100")
    assert shown.names() == ["b2.jpg"]


def test_search_and_sort(show: Show, pets: Path) -> None:
    shown = show(pets)
    shown.page.keyboard.press("/")
    shown.page.keyboard.type("a1")
    assert shown.names() == ["a1.jpg", "a10.jpg"]
    shown.page.keyboard.press("Escape")
    assert shown.status() == "6 images"
    shown.page.select_option("#sort", "name")
    assert shown.names()[:3] == ["a1.jpg", "a2.jpg", "a10.jpg"]
    shown.page.select_option("#sort", "wide-")
    assert shown.names()[0] == "a1.jpg"
    shown.page.select_option("#sort", "objects")
    assert shown.names()[0] == "a10.jpg"
    shown.page.select_option("#sort", "findings")
    assert shown.names()[0] == "b2.jpg"


# One image ----------------------------------------------------------------------------------------


def test_keys_go_through_the_images(show: Show, pets: Path) -> None:
    shown = show(pets)
    press, title = shown.page.keyboard.press, lambda: shown.page.inner_text("dialog h2")
    press("ArrowRight")  # to the first thumbnail, and to the second
    press("ArrowRight")
    press("Enter")
    shown.wait_for_stage()
    assert title() == "JPEGImages/a2.jpg"
    press("ArrowRight")
    assert title() == "JPEGImages/a10.jpg"
    press("ArrowLeft")
    press("ArrowLeft")
    assert title() == "JPEGImages/a1.jpg"
    press("Escape")
    assert not shown.page.locator("dialog[open]").count()
    focused = shown.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused.startswith("JPEGImages/a1.jpg, 1 object")


def test_labels_on_hover_and_layers(show: Show, pets: Path) -> None:
    shown = show(pets, "#image=JPEGImages/a2.jpg")
    shown.wait_for_stage()
    box = shown.page.locator(".stage .world").bounding_box()
    width = 74  # of the image, pixels
    scale = box["width"] / width
    shown.page.mouse.move(box["x"] + 8 * scale, box["y"] + 15 * scale)
    assert shown.page.inner_text(".tip") == "cat 16 × 19"
    assert shown.page.locator(".object.lit").inner_text().startswith("cat")
    shown.page.locator(".layers .choice", has_text="cat").locator("input").uncheck()
    shown.page.mouse.move(box["x"] + 7 * scale, box["y"] + 15 * scale)
    assert not shown.page.locator(".tip").is_visible()
    assert "hide=cat" in shown.hash()


def test_a_finding_is_one_click_from_its_picture(show: Show, pets: Path) -> None:
    shown = show(pets)
    shown.page.click("#tab-findings")
    section = shown.page.locator(".code", has_text="zero-area")
    section.locator(".card").click()
    shown.wait_for_stage()
    assert shown.page.inner_text("dialog h2") == "JPEGImages/b2.jpg"
    chosen = shown.page.locator(".finding[aria-pressed=true]")
    assert "zero-area" in chosen.inner_text()
    assert shown.page.locator(".object.lit").inner_text().split("\n")[1:] == ["difficult", "0 × 16"]
    assert "finding=0" in shown.hash()


def test_a_link_reproduces_the_view(show: Show, pets: Path) -> None:
    shown = show(pets)
    shown.page.locator("#side .choice", has_text="train").locator("input").check()
    shown.page.select_option("#sort", "objects")
    shown.open(1)
    shown.page.mouse.move(500, 300)
    shown.page.mouse.wheel(0, -300)
    shown.page.mouse.move(5, 790)
    shown.page.check("dialog header input")
    link = shown.hash()
    again = show(pets, link)
    again.wait_for_stage()
    assert again.page.inner_text("dialog h2") == "JPEGImages/a2.jpg"
    assert again.page.inner_text(".position") == "2 / 4"
    assert again.hash() == shown.hash() == link
    one, other = (each.page.locator(".world").bounding_box() for each in (shown, again))
    assert one == pytest.approx(other, abs=0.5)
    again.page.keyboard.press("Escape")
    assert again.names() == ["a10.jpg", "a2.jpg", "a1.jpg", "b1.jpg"]


def test_back_closes_the_image(show: Show, pets: Path) -> None:
    shown = show(pets)
    shown.open(0)
    shown.page.go_back()
    assert not shown.page.locator("dialog[open]").count()
    assert shown.status() == "6 images"


# Looks --------------------------------------------------------------------------------------------


def contrast(shown: Shown, selector: str) -> float:
    """The least contrast of the texts of some elements with what is behind them."""
    script = """all => Math.min(...all.filter(e => e.checkVisibility() && e.textContent).map(e => {
      const rgb = c => (c.match(/[\\d.]+/g) || []).map(Number)
        .map((v, at) => c.startsWith("color(srgb") && at < 3 ? 255 * v : v);
      const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
        .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
        .reduce((s, v, i) => s + v * [.2126, .7152, .0722][i], 0);
      let home = e;
      while (home.parentElement && rgb(getComputedStyle(home).backgroundColor)[3] === 0)
        home = home.parentElement;
      const a = light(rgb(getComputedStyle(e).color));
      const b = light(rgb(getComputedStyle(home).backgroundColor));
      return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    }))"""
    found: float = shown.page.eval_on_selector_all(selector, script)
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_stand_out_in_both_themes(show: Show, pets: Path, theme: str) -> None:
    shown = show(pets, theme=theme)
    texts = (
        ".name, .number, legend, label, button, #status, h1, h2, h3, p, dd, dt, td, th, code, em"
    )
    ground = shown.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 22, 24)"}[theme]
    assert contrast(shown, texts) >= 4.5
    shown.page.click("#tab-findings")
    shown.page.wait_for_selector(".card")
    assert contrast(shown, texts) >= 4.5
    shown.page.click("#tab-overview")
    assert contrast(shown, texts) >= 4.5
    shown.page.click("#tab-images")
    shown.open(4)
    assert contrast(shown, texts) >= 4.5


def test_the_theme_is_switched_and_kept(show: Show, pets: Path) -> None:
    shown = show(pets)
    shown.page.click("#theme")
    assert shown.page.evaluate("document.documentElement.dataset.theme") == "dark"
    shown.page.reload()
    shown.page.wait_for_selector("html[data-ready]")
    assert shown.page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_a_narrow_screen(show: Show, pets: Path) -> None:
    shown = show(pets, size=NARROW)
    overflow = "document.documentElement.scrollWidth > innerWidth"
    assert not shown.page.evaluate(overflow)
    assert not shown.page.locator("#side").is_visible()
    shown.page.click("#show-filters")
    shown.page.locator("#side .choice", has_text="val").locator("input").check()
    shown.page.keyboard.press("Escape")
    shown.page.wait_for_timeout(300)
    assert shown.names() == ["b2.jpg", "b3.jpg"]
    shown.open(0)
    stage, panel = (shown.page.locator(one).bounding_box() for one in (".stage", ".panel"))
    assert stage["width"] == panel["width"] == 400
    assert panel["y"] >= stage["y"] + stage["height"] - 1
    shown.page.keyboard.press("Escape")
    for tab in ("findings", "overview"):
        shown.page.click(f"#tab-{tab}")
        shown.page.wait_for_timeout(200)
        assert not shown.page.evaluate(overflow)


def test_everything_that_is_used_has_a_name_and_can_be_reached(show: Show, pets: Path) -> None:
    shown = show(pets, "#image=JPEGImages/b2.jpg")
    shown.wait_for_stage()
    nameless = """all => all.filter(e => !(e.ariaLabel || e.textContent.trim() || e.title ||
      e.placeholder || e.labels?.length)).map(e => e.outerHTML)"""
    assert shown.page.eval_on_selector_all("button, input, select, a", nameless) == []
    order = []
    for _ in range(12):
        shown.page.keyboard.press("Tab")
        now = "document.activeElement"
        order.append(shown.page.evaluate(f"{now}.ariaLabel || {now}.textContent.slice(0, 9)"))
    assert any(name and name.startswith("zero-area") for name in order)


# Other places -------------------------------------------------------------------------------------


def moved(page: Path, pictures: Path) -> Path:
    """The page elsewhere, and its images gone."""
    there = page.rename(page.parent / "moved")
    pictures.rename(pictures.with_name("gone"))
    return there


@pytest.mark.parametrize("embed", [False, True])
def test_a_page_that_was_moved(show: Show, tmp_path: Path, embed: bool) -> None:
    write(tmp_path / "data" / "a.json", document(shape("cat", SQUARE)))
    picture(tmp_path / "data" / "a.jpg")
    browse(tmp_path / "data", tmp_path / "page", BrowseOptions(embed=embed))
    shown = show(moved(tmp_path / "page", tmp_path / "data"))
    shown.open(0)
    loaded = shown.page.get_attribute(".stage", "data-loaded")
    assert loaded == ("full" if embed else "thumbnail")
    note = shown.page.locator(".stage-note")
    assert note.is_visible() == (not embed)
    if not embed:
        assert "not where it was" in note.inner_text()
        shown.said = [one for one in shown.said if "ERR_FILE_NOT_FOUND" not in one]


def test_an_image_that_is_broken_or_missing(show: Show, tmp_path: Path) -> None:
    for name in ("broken", "missing", "good"):
        write(
            tmp_path / "data" / f"{name}.json", document(shape("cat", SQUARE), image=f"{name}.jpg")
        )
    picture(tmp_path / "data" / "good.jpg")
    whole = (tmp_path / "data" / "good.jpg").read_bytes()
    write(tmp_path / "data" / "broken.jpg", whole[: len(whole) - 40])
    report = browse(tmp_path / "data", tmp_path / "page")
    assert report.without_picture == 3 - 1 - (report.images < 3)
    shown = show(tmp_path / "page")
    shown.page.locator(".picture", has_text="no picture").first.click()
    shown.page.wait_for_selector(".stage-note:visible")
    assert shown.page.inner_text(".stage-note").startswith("No picture: ")


def test_images_that_browsers_do_not_show_are_copied(show: Show, tmp_path: Path) -> None:
    write(tmp_path / "data" / "a.json", document(shape("cat", SQUARE), image="a.tif"))
    deep = Image.new("I;16", (64, 48))
    deep.putdata([at * 13 for at in range(64 * 48)])
    deep.save(tmp_path / "data" / "a.tif")
    browse(tmp_path / "data", tmp_path / "page")
    shown = show(tmp_path / "page")
    shown.open(0)
    assert shown.page.get_attribute(".stage", "data-loaded") == "full"
    at = shown.pixels()
    assert max(at(60, 1)) < 40
    assert min(at(4, 46)) > 215


# Two versions -------------------------------------------------------------------------------------


def test_compare(show: Show, tmp_path: Path) -> None:
    for name, objects in {"a": ["cat"], "b": ["cat", "dog"], "c": ["cat"]}.items():
        shapes: list[Any] = [
            shape(label, [[5 + 9 * at, 5], [20 + 9 * at, 25]], "rectangle")
            for at, label in enumerate(objects)
        ]
        write(tmp_path / "old" / f"{name}.json", document(*shapes, image=f"{name}.jpg"))
        picture(tmp_path / "old" / f"{name}.jpg")
    new = [voc_object("cat", (6, 6, 20, 25))], [voc_object("cat", (6, 6, 20, 25))], None
    for name, objects in zip("abc", new, strict=True):
        if objects is not None:
            write(tmp_path / "new" / "Annotations" / f"{name}.xml", voc_xml(*objects))
            picture(tmp_path / "new" / "JPEGImages" / f"{name}.jpg")
    report = browse(
        tmp_path / "old", tmp_path / "page", BrowseOptions(compare=str(tmp_path / "new"))
    )
    assert report.compared is not None
    assert (report.images, report.compared.images, report.differing) == (3, 2, 2)
    shown = show(tmp_path / "page")
    assert shown.page.title() == "old / new · dataforge browse"
    shown.page.check("text=Only where objects differ")
    assert shown.names() == ["b.jpg", "c.jpg"]
    shown.open(0)
    shown.page.wait_for_selector(".stage >> nth=1")
    assert "1 only in old, 0 only in new" in shown.page.inner_text(".panel")
    heads = shown.page.locator(".head").all_inner_texts()
    assert heads == ["old labelme, 2 objects", "new voc, 1 object"]
    shown.page.mouse.move(200, 300)
    shown.page.mouse.wheel(0, -200)
    shown.page.wait_for_timeout(200)
    one, other = (shown.page.locator(".world").nth(at).bounding_box() for at in (0, 1))
    assert one["width"] == pytest.approx(other["width"])
    assert one["width"] > 600
