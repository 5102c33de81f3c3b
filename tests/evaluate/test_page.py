"""The page in a real browser, from disk: its numbers, its pictures, and what is drawn on them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from browsing import NARROW, WIDE, Shown
from by_hand import annotations, results, written
from PIL import Image

from dataforge.errors import OutputError
from dataforge.verbs.evaluate import (
    Detected,
    EvaluateOptions,
    Loss,
    Marked,
    Material,
    Page,
    Pictured,
    SplitCounts,
    Verdict,
    evaluate_material,
    evaluate_results,
    write_page,
)

Show = Callable[..., Shown]
RIGHT, WRONG, MISSED = (79, 217, 123), (255, 93, 93), (255, 182, 46)


def near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(a - b) <= 40 for a, b in zip(one, other, strict=True))


def made(folder: Path, names: tuple[str, str] = ("cat", "dog"), file: str = "{}.jpg") -> Path:
    """The page of the dataset that is worked out by hand, on grey images."""
    truth = annotations(names)
    for at, image in enumerate(truth["images"]):
        image["file_name"] = file.format(at)
        path = folder / "images" / image["file_name"]
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (100, 100), (90, 90, 90)).save(path, "JPEG")
    paths = written(folder / "annotations", annotations=truth)
    evaluate_results(*paths, EvaluateOptions(out=folder / "page", score=0.35))
    return folder / "page"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("page"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_numbers_stand_on_the_page(page: Path, show: Show, theme: str) -> None:
    shown = show(page, theme=theme).page
    scores = dict(
        zip(shown.locator(".score dt").all_inner_texts(),
            shown.locator(".score dd").all_inner_texts(), strict=True)
    )  # fmt: skip
    # (34 + 25.5) / 101 / 2
    assert (scores["AP50"], scores["AP small"], scores["AP large"]) == ("0.295", "0.295", "–")
    rows = shown.locator("#classes tbody tr").all_inner_texts()
    assert [row.split()[:2] for row in rows] == [["cat", "0.337"], ["dog", "0.252"]]
    # At 0.35 the last cat does not count.
    cells = shown.locator("#confusion tbody tr").all_inner_texts()
    assert [row.split() for row in cells] == [
        ["cat", "1", "0", "2"], ["dog", "1", "1", "0"], ["nothing", "there", "2", "1"],
    ]  # fmt: skip
    assert shown.locator(".chart path.line").count() == 3  # two classes and their mean


def test_mistakes_are_chosen_by_kind_and_open_their_image(page: Path, show: Show) -> None:
    shown = show(page).page
    assert shown.locator(".cards .card").count() == 6
    shown.locator("#kinds button", has_text="missed").click()
    (text,) = shown.locator(".cards .card").all_inner_texts()
    # 17 of 101 points of one of two classes.
    assert text.split() == ["cat", "missed", "+0.0842"]
    assert "+0.084" in shown.locator("#kinds button", has_text="missed").inner_text()
    shown.locator(".cards .card").click()
    assert shown.inner_text("dialog h2") == "1.jpg"
    shown.keyboard.press("Escape")
    assert not shown.locator("dialog[open]").count()


def test_colours_say_what_was_found_where_it_is(page: Path, show: Show) -> None:
    shown = show(page)
    first = shown.page.locator(".pair", has_text="0.jpg")
    first.scroll_into_view_if_needed()
    assert "0 missed" not in first.inner_text()
    first.click()
    shown.page.wait_for_selector("dialog[open] .stage[data-loaded=full]")
    shown.page.keyboard.press("l")  # no labels
    shown.page.wait_for_timeout(150)
    at = shown.pixels()
    assert near(at(10, 20), RIGHT)  # the lower edge of the cat
    assert near(at(60, 20), MISSED)  # of the dog, which was taken for a cat
    assert near(at(30, 50), (90, 90, 90))
    # The other half: the cat, and the cat that is a dog.
    stages = shown.page.locator(".stage .world")
    assert stages.count() == 2
    shown.page.keyboard.press("ArrowRight")
    assert shown.page.inner_text(".position") == "2 / 3"


def test_the_least_score_changes_what_is_missed(page: Path, show: Show) -> None:
    shown = show(page).page
    pair = shown.locator(".pair", has_text="2.jpg")
    pair.scroll_into_view_if_needed()
    assert "2 objects · 0 missed · 0 wrong" in pair.inner_text()
    shown.fill("#score", "0.3")
    assert "0 missed · 1 wrong" in pair.inner_text()
    shown.fill("#score", "0.5")
    assert "1 missed · 0 wrong" in pair.inner_text()


def test_the_confusion_is_shown_at_any_score(page: Path, show: Show) -> None:
    shown = show(page).page

    def cells() -> list[list[str]]:
        rows = shown.locator("#confusion tbody tr").all_inner_texts()
        return [row.split()[-3:] for row in rows]

    slider = shown.locator("#confusion-score")
    assert slider.get_attribute("aria-valuetext") == "0.35"
    slider.press("Home")  # all detections: three cats are near nothing, or found already
    assert cells() == [["1", "0", "2"], ["1", "1", "0"], ["there", "3", "1"]]
    slider.press("End")
    assert shown.inner_text("#confusion output") == "0.95"
    # The detection of 0.95 is in a crowd, and does not count.
    assert cells() == [["0", "0", "3"], ["0", "0", "2"], ["there", "0", "0"]]
    shown.wait_for_timeout(250)
    assert shown.evaluate("location.hash") == "#confusion=0.95"


def test_a_link_shows_the_same(page: Path, show: Show) -> None:
    shown = show(page)
    shown.page.locator("#kinds button", has_text="missed").click()
    shown.page.fill("#score", "0.5")
    shown.page.locator("#confusion-score").press("Home")
    shown.page.locator(".cards .card").click()
    shown.page.wait_for_selector("dialog[open] .stage[data-loaded=full]")
    shown.page.keyboard.press("l")
    hash_ = shown.hash()
    where = "document.querySelector('.stage .world').style.transform"
    place = shown.page.evaluate(where)
    assert "image=1.jpg" in hash_

    again = show(page, hash_)
    again.page.wait_for_selector("dialog[open] .stage[data-loaded=full]")
    assert again.page.inner_text("dialog h2") == "1.jpg"
    # To the four digits of an address.
    number = r"-?[\d.]+"
    for one, other in zip(
        re.findall(number, place), re.findall(number, again.page.evaluate(where)), strict=True
    ):
        assert float(one) == pytest.approx(float(other), abs=0.5)
    assert not again.page.is_checked("dialog input[type=checkbox]")
    again.page.keyboard.press("Escape")
    assert again.page.locator(".cards .card").count() == 1
    assert again.page.input_value("#score") == "0.5"
    assert again.page.inner_text("#confusion output") == "0.00"
    assert "image" not in again.hash()
    again.page.go_back()  # to the image
    assert again.page.inner_text("dialog[open] h2") == "1.jpg"


@pytest.mark.parametrize("hash_", ["#image=none&view=1,2", "#score=x&kind=<b>&view=NaN,1,1", "#%"])
def test_an_address_that_makes_no_sense_shows_the_page(page: Path, show: Show, hash_: str) -> None:
    shown = show(page, hash_)
    assert shown.page.locator(".cards .card").count() == 6
    assert not shown.page.locator("dialog[open]").count()


def test_letters_of_a_chart_are_readable_on_a_narrow_screen(page: Path, show: Show) -> None:
    shown = show(page, size=NARROW).page
    height = "document.querySelector('#curves .chart text').getBoundingClientRect().height"
    assert shown.evaluate(height) >= 10


def test_a_narrow_screen_is_not_wider_than_it_is(page: Path, show: Show) -> None:
    shown = show(page, size=NARROW).page
    assert shown.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
    assert shown.evaluate("document.getElementById('report').scrollWidth") <= NARROW[0]


def test_hostile_names_are_text(tmp_path: Path, show: Show) -> None:
    bad = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    other = "\"'&\u202egpj</script>\u2028\nline " + "x" * 500
    shown = show(made(tmp_path, (bad, other), "a<b>'&quot;{}.jpg")).page
    shown.on("dialog", lambda dialog: pytest.fail(dialog.message))
    assert bad[:39] in shown.locator("#classes tbody").inner_text()
    for selector in ("#curves .legend", "#confusion", "#mistakes .cards"):
        assert "<script>" in shown.locator(selector).inner_text()
    assert shown.locator("#report script, #report img[src=x]").count() == 0
    shown.locator(".pair").first.click()
    assert "a<b>'&quot;" in shown.inner_text("dialog h2")
    assert shown.evaluate("document.getElementById('report').scrollWidth") <= 1200


def test_hostile_texts_of_a_report_are_text(tmp_path: Path, show: Show) -> None:
    bad = "<script>alert(1)</script><img src=x onerror=alert(1)>\u202egpj\u2028\n" + "x" * 500
    material = Material(
        classes=[bad], images=[Pictured(bad, None, 60, 60)],
        marked=[[Marked(0, (9, 9, 30, 30), 441)]], found=[[Detected(0, 0.9, (9, 9, 40, 30))]],
    )  # fmt: skip
    page = Page(
        title=bad, verb="smoke", verdict=Verdict("not proved", "bad", bad, [bad]),
        facts=[("Config", bad)], notes=[bad], cannot_see=[bad],
        loss=Loss(losses=[2, 1], ap50=[(1, 0.5)], target=0.9, about=bad),
        counts=[SplitCounts(bad, 1, 1, [1], [1])], dropped=[bad],
        findings=[("warning", "zero-area", bad)], about_classes=bad, about_pictures=bad,
    )  # fmt: skip
    write_page(tmp_path, page, material, evaluate_material(material, [bad]), force=False)
    for size in (WIDE, NARROW):
        shown = show(tmp_path, size=size).page
        shown.on("dialog", lambda dialog: pytest.fail(dialog.message))
        for part in ("", "limits", "loss", "classes", "pictures", "counts", "remarks"):
            said = shown.inner_text(f"#{part}" if part else "#report header")
            assert "<script>" in said
            assert "\u202e" not in said
        assert shown.locator("#report script, #report img[src=x]").count() == 0
        assert shown.evaluate("document.getElementById('report').scrollWidth") <= size[0]
        assert shown.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_a_page_is_replaced_only_by_force_and_nothing_else_is(tmp_path: Path) -> None:
    page = made(tmp_path)
    paths = [tmp_path / "annotations" / name for name in ("instances.json", "results.json")]
    with pytest.raises(OutputError, match="already exists"):
        evaluate_results(*paths, EvaluateOptions(out=page))
    evaluate_results(*paths, EvaluateOptions(out=page, force=True, most=1))
    assert len([*(page / "evaluation" / "images").iterdir()]) == 1
    (tmp_path / "mine" / "evaluation").mkdir(parents=True)
    (tmp_path / "mine" / "evaluation" / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="not an earlier page"):
        evaluate_results(*paths, EvaluateOptions(out=tmp_path / "mine", force=True))


def test_images_that_are_not_there_are_said_to_be_missing(tmp_path: Path, show: Show) -> None:
    paths = written(tmp_path / "annotations")
    evaluate_results(*paths, EvaluateOptions(out=tmp_path / "page"))
    shown = show(tmp_path / "page").page
    assert "exist" in shown.locator(".pair").first.inner_text()
    said = "no image file was found; name the folder of the images with --images DIR"
    assert said in shown.inner_text("#report header")


def test_images_of_a_named_folder_are_found_by_their_last_names(tmp_path: Path) -> None:
    from dataforge.verbs.evaluate.reading import read_coco

    # 0.jpg is where its name says, 1.jpg can mean one file only, 2.jpg one of two.
    truth = annotations()
    for at, image in enumerate(truth["images"]):
        image["file_name"] = f"JPEGImages/{at}.jpg"
    images = tmp_path / "voc" / "JPEGImages"
    for name, grey in (("JPEGImages/0", 10), ("0", 20), ("1", 30), ("a/2", 40), ("b/2", 50)):
        (images / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (100, 100), grey).save(images / f"{name}.png", "PNG")
        (images / f"{name}.png").rename(images / f"{name}.jpg")
    paths = written(tmp_path / "annotations", annotations=truth)
    material = read_coco(*paths, images=images)
    greys = []
    for one in material.images[:2]:
        assert one.opened is not None
        with one.opened() as stream, Image.open(stream) as image:
            greys.append(image.getpixel((0, 0)))
    assert greys == [10, 30]
    unknown = material.images[2].opened
    assert unknown is not None
    with pytest.raises(FileNotFoundError):
        unknown()
    report = evaluate_results(*paths, EvaluateOptions(out=tmp_path / "page", images=images))
    assert not [note for note in report.notes if "no image file" in note]


def test_scores_may_be_below_0_and_above_1(tmp_path: Path, show: Show) -> None:
    # 2.jpg: a dog that is right at -3, and a cat that is wrong at -4; the highest score is 5.
    scores = [5, 4, 3, 2, 1, -3, 0.5, -4]
    found = [{**one, "score": score} for one, score in zip(results(), scores, strict=True)]
    paths = written(tmp_path / "annotations", results=found)
    report = evaluate_results(*paths, EvaluateOptions(out=tmp_path / "page"))
    said = "6 results with a score that is not from 0 to 1; the first is $[0] (5.0)"
    assert said in report.notes
    shown = show(tmp_path / "page").page
    slider = shown.locator("#score")
    assert [slider.get_attribute(name) for name in ("min", "max")] == ["-4", "5"]
    pair = shown.locator(".pair", has_text="2.jpg")
    pair.scroll_into_view_if_needed()
    shown.fill("#score", "-4")
    assert "0 missed · 1 wrong" in pair.inner_text()
    shown.fill("#score", "-3.01")
    assert "0 missed · 0 wrong" in pair.inner_text()
    shown.fill("#score", "-2.02")
    assert "1 missed · 0 wrong" in pair.inner_text()
    assert "2 missed" in shown.locator(".pair", has_text="1.jpg").inner_text()


def test_without_mistakes_there_are_no_rows_of_kinds(tmp_path: Path, show: Show) -> None:
    truth = {**annotations(), "annotations": annotations()["annotations"][:1]}
    paths = written(tmp_path / "annotations", annotations=truth, results=results()[:1])
    evaluate_results(*paths, EvaluateOptions(out=tmp_path / "page"))
    shown = show(tmp_path / "page").page
    assert "There are none." in shown.inner_text("#kinds")
    assert shown.locator("#kinds button").count() == 0


def test_links_out_of_the_dataset_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.jpg"
    Image.new("RGB", (100, 100)).save(secret)
    data = tmp_path / "data"
    (data / "images").mkdir(parents=True)
    (data / "images" / "0.jpg").symlink_to(secret)
    truth = annotations()
    truth["images"][1]["file_name"] = "../../secret.jpg"
    truth["images"][2]["file_name"] = str(secret)
    paths = written(data / "annotations", annotations=truth, results=results())
    evaluate_results(*paths, EvaluateOptions(out=tmp_path / "page"))
    assert [*(tmp_path / "page").rglob("*.jpg")] == []
