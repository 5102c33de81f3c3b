"""Elements, tasks, frames and files of CVAT XML; expected values by hand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from helpers import picture, write

from dataforge.datasets import guess_format
from dataforge.findings import Place
from dataforge.formats import get_format
from dataforge.io import Root
from dataforge.records import Instance, Polygons
from dataforge.testing import Read, driver
from dataforge.verbs.inspect import inspect


def read(folder: Path, **options: Any) -> Read:
    row = get_format("cvat")
    return Read(driver.read(row, folder, driver.reader_of(row).Options(**options)))


def one(folder: Path, shapes: str, meta: str = "<meta/>") -> Read:
    """What is read of an image with some shapes."""
    image = f'<image id="0" name="a.png" width="64" height="48">{shapes}</image>'
    write(folder / "annotations.xml", f"<annotations>{meta}{image}</annotations>")
    picture(folder / "images" / "a.png")
    return read(folder)


def video(folder: Path, tracks: str, meta: str = "", size: tuple[int, int] = (64, 48)) -> Read:
    width, height = size
    said = f"<original_size><width>{width}</width><height>{height}</height></original_size>"
    task = f"<meta><task><id>1</id>{meta}{said}</task></meta>"
    write(folder / "annotations.xml", f"<annotations>{task}{tracks}</annotations>")
    return read(folder)


def box(frame: int, x: float, **more: object) -> str:
    said = "".join(f' {name}="{value}"' for name, value in more.items())
    return f'<box frame="{frame}" xtl="{x}" ytl="2" xbr="{x + 8}" ybr="8"{said}/>'


def boxes(found: Read) -> dict[str, list[tuple[float, ...]]]:
    return {image.file_name: [one.box for one in image.instances] for image in found.images}


EVERY_SECOND = (
    "<size>10</size><start_frame>100</start_frame><stop_frame>118</stop_frame>"
    "<frame_filter>step=2</frame_filter>"
)


# Shapes -----------------------------------------------------------------------------------------


def test_a_turned_box_is_its_outline(tmp_path: Path) -> None:
    """A box of 20 x 10 around (20, 15), turned by a quarter: 10 x 20."""
    found = one(tmp_path, '<box label="cat" xtl="10" ytl="10" xbr="30" ybr="20" rotation="90"/>')
    instance: Instance = found.instance
    assert instance.box == (15, 5, 25, 25)
    assert instance.area == 200
    assert instance.shape == Polygons(((25.0, 5.0, 25.0, 25.0, 15.0, 25.0, 15.0, 5.0),))


def test_an_ellipse_is_an_outline_around_it(tmp_path: Path) -> None:
    found = one(tmp_path, '<ellipse label="cat" cx="30" cy="20" rx="12" ry="6" rotation="90"/>')
    instance = found.instance
    assert instance.box == pytest.approx((24, 8, 36, 32))
    assert instance.area == pytest.approx(math.pi * 72)
    (ring,) = instance.shape.rings
    for x, y in zip(ring[::2], ring[1::2], strict=True):
        assert ((x - 30) / 6) ** 2 + ((y - 20) / 12) ** 2 == pytest.approx(1)


def test_values_have_the_types_of_the_labels(tmp_path: Path) -> None:
    def attribute(name: str, type_: str) -> str:
        return f"<attribute><name>{name}</name><input_type>{type_}</input_type></attribute>"

    kinds = {"n": "number", "c": "checkbox", "t": "text", "s": "select"}
    held = "".join(attribute(*kind) for kind in kinds.items())
    label = f"<label><name>cat</name><attributes>{held}</attributes></label>"
    meta = f"<meta><job><labels>{label}</labels></job></meta>"
    texts = {"n": "3", "c": "true", "t": "7", "s": "true", "difficult": "true"}
    given = "".join(f'<attribute name="{name}">{text}</attribute>' for name, text in texts.items())
    found = one(tmp_path, f'<box label="cat" xtl="1" ytl="2" xbr="3" ybr="4">{given}</box>', meta)
    assert found.instance.attributes == {"n": 3, "c": True, "t": "7", "s": "true"}
    assert found.instance.difficult
    assert [category.name for category in found.headers[0].categories] == ["cat"]


def test_parts_of_skeletons_are_no_classes(tmp_path: Path) -> None:
    labels = "<label><name>man</name></label><label><name>nose</name><parent>man</parent></label>"
    meta = f"<meta><task><labels>{labels}</labels></task></meta>"
    skeleton = '<skeleton label="man"><points label="nose" points="1,2"/></skeleton>'
    found = one(tmp_path, skeleton + '<tag label="night"/>', meta)
    assert [category.name for category in found.headers[0].categories] == ["man"]
    assert found.finding("shape-not-read").lost == 1
    assert found.image.attributes == {"tags": ["night"]}


# Files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place", ["images/x/a.png", "x/a.png", "images/Train/x/a.png", "elsewhere/x/a.png", "b/a.png"]
)
def test_images_are_found(tmp_path: Path, place: str) -> None:
    image = '<image name="x/a.png" subset="Train" width="64" height="48"/>'
    write(tmp_path / "annotations.xml", f"<annotations><meta/>{image}</annotations>")
    picture(tmp_path / place)
    found = read(tmp_path)
    assert (found.image.file_name, found.image.split) == (place, "train")
    assert found.codes == (["image-name-differs"] if place == "b/a.png" else [])


def named(folder: Path, file: str, **labels: str) -> None:
    """An XML file with images of a box each; the names have __ for / and no extension."""
    images = "".join(
        f'<image name="{name.replace("__", "/")}.png" width="64" height="48">'
        f'<box label="{label}" xtl="1" ytl="2" xbr="3" ybr="4"/></image>'
        for name, label in labels.items()
    )
    write(folder / file, f"<annotations><meta/>{images}</annotations>")


def labels(found: Read) -> dict[str, list[str]]:
    return {image.file_name: [one.label for one in image.instances] for image in found.images}


def test_an_image_that_another_entry_means_is_not_borrowed(tmp_path: Path) -> None:
    named(tmp_path, "annotations.xml", x__1="cat", y__1="dog")
    picture(tmp_path / "images/y/1.png")
    found = read(tmp_path)
    assert labels(found) == {"x/1.png": ["cat"], "images/y/1.png": ["dog"]}
    assert found.codes == ["image-missing"]


def test_an_image_that_another_file_means_is_not_borrowed(tmp_path: Path) -> None:
    named(tmp_path, "A/annotations.xml", one="cat")
    named(tmp_path, "B/annotations.xml", one="dog")
    picture(tmp_path / "B/images/one.png")
    found = read(tmp_path)
    assert labels(found) == {"A/one.png": ["cat"], "B/images/one.png": ["dog"]}
    assert found.codes == ["image-missing"]


def test_an_image_that_two_files_may_mean_is_not_borrowed(tmp_path: Path) -> None:
    for folder in "AB":
        named(tmp_path, f"{folder}/annotations.xml", one="cat", **{f"of{folder}": "cat"})
        picture(tmp_path / f"C/of{folder}.png")
    picture(tmp_path / "C/one.png")
    found = read(tmp_path)
    assert sorted(labels(found)) == ["A/one.png", "B/one.png", "C/ofA.png", "C/ofB.png"]
    assert found.finding("image-name-differs").message == (
        "has no image where it should be: C/ofA.png is used, the only one of that name "
        "(2 images, this is the first)"
    )


@pytest.mark.parametrize("written", [r"C:\data\y\a.png", "C:/data/y/a.png", "/data/y/a.png"])
def test_a_name_that_leaves_the_root_is_found_by_its_end(tmp_path: Path, written: str) -> None:
    shape = '<box label="cat" xtl="1" ytl="2" xbr="3" ybr="4"/>'
    image = f'<image name="{written}" width="64" height="48">{shape}</image>'
    write(tmp_path / "annotations.xml", f"<annotations><meta/>{image}</annotations>")
    picture(tmp_path / "images" / "a.png")
    found = read(tmp_path)
    assert labels(found) == {"images/a.png": ["cat"]}
    (said,) = found.findings
    assert (said.code, said.severity, said.lost) == ("path-leaves-root", "warning", 0)
    assert said.message == f"{written!r} leaves the image folder; images/a.png is used"

    picture(tmp_path / "images" / "x" / "a.png")  # which of the two it is, nobody knows
    (said,) = read(tmp_path).findings
    assert (said.code, said.severity, said.lost) == ("path-leaves-root", "error", 1)

    picture(tmp_path / "images" / "y" / "a.png")  # more of the name
    assert labels(read(tmp_path)) == {"images/y/a.png": ["cat"]}


def test_an_image_that_another_entry_means_is_not_found_by_the_end_of_a_name(
    tmp_path: Path,
) -> None:
    """Nor one that two names beyond the root may mean."""
    names = ("C:/one/a.png", "a.png", "C:/one/b.png", "C:/two/b.png")
    images = "".join(f'<image name="{name}" width="64" height="48"/>' for name in names)
    write(tmp_path / "annotations.xml", f"<annotations><meta/>{images}</annotations>")
    picture(tmp_path / "images" / "a.png")
    picture(tmp_path / "images" / "b.png")
    found = read(tmp_path)
    assert labels(found) == {"images/a.png": []}
    assert [(one.code, one.place.pointer) for one in found.findings] == [
        ("path-leaves-root", "image[0]"),
        ("path-leaves-root", "image[2]"),
        ("path-leaves-root", "image[3]"),
    ]


def test_images_that_no_file_names_are_said(tmp_path: Path) -> None:
    """In images/ beside a file and where named ones are; not those in folders of others."""
    named(tmp_path, "A/annotations.xml", one="cat", gone="cat")
    named(tmp_path, "A/more.xml", two="cat")
    named(tmp_path, "B/annotations.xml", x__three="dog")
    for name in ("A/images/one", "A/images/two", "A/images/sub/four", "B/x/three", "B/x/five"):
        picture(tmp_path / f"{name}.png")
    picture(tmp_path / "logo.png")
    picture(tmp_path / "C/JPEGImages/six.png")
    found = read(tmp_path)
    assert sorted(labels(found)) == [
        "A/gone.png", "A/images/one.png", "A/images/two.png", "B/x/three.png"
    ]  # fmt: skip
    said = found.finding("image-without-labels")
    assert (said.severity, said.place) == ("note", Place("A/images/sub/four.png"))
    assert said.message == ("2 images that no CVAT file names (this is the first): not written")


def test_images_are_not_said_to_be_unnamed_if_a_file_cannot_be_read(tmp_path: Path) -> None:
    named(tmp_path, "annotations.xml", one="cat")
    for name in ("one", "two"):
        picture(tmp_path / "images" / f"{name}.png")
    assert read(tmp_path).codes == ["image-without-labels"]
    write(tmp_path / "more.xml", "<annotations><image")
    assert read(tmp_path).codes == ["unreadable-xml"]
    named(tmp_path, "more.xml", two="cat")
    assert read(tmp_path).codes == []


def test_frames_after_the_last_of_a_video_without_a_length_are_said(tmp_path: Path) -> None:
    for frame in range(4):
        picture(tmp_path / "images" / f"frame_{frame:06}.png")
    found = video(tmp_path, f'<track id="0" label="cat">{box(0, 4)}{box(2, 8)}</track>')
    assert boxes(found) == {
        "images/frame_000000.png": [(4, 2, 12, 8)],
        "images/frame_000001.png": [(6, 2, 14, 8)],
        "images/frame_000002.png": [(8, 2, 16, 8)],
    }
    assert found.finding("image-without-labels").place == Place("images/frame_000003.png")


def test_entries_of_overlapping_jobs_are_united(tmp_path: Path) -> None:
    """One object in both, one moved a little, one only in each."""

    def drawn(label: str, *corners: float) -> str:
        names = ("xtl", "ytl", "xbr", "ybr")
        written = " ".join(f'{name}="{at}"' for name, at in zip(names, corners, strict=True))
        return f'<box label="{label}" occluded="0" {written}></box>'

    first = [drawn("cat", 2, 2, 12, 12), drawn("cat", 20, 20, 30, 30), drawn("cat", 40, 2, 50, 12)]
    second = [drawn("cat", 2, 2, 12, 12), drawn("cat", 21, 20, 31, 30), drawn("dog", 40, 2, 50, 12)]
    for name in "ab":
        picture(tmp_path / "images" / f"{name}.jpg")
    entries = "".join(
        f'<image id="{at}" name="{name}.jpg" width="64" height="48">{"".join(shapes)}</image>'
        for at, (name, shapes) in enumerate([("a", first), ("b", []), ("a", second), ("b", [])])
    )
    write(tmp_path / "x.xml", f"<annotations><meta/>{entries}</annotations>")
    found = read(tmp_path)
    one, other = found.images
    assert [(each.label, each.box) for each in one.instances] == [
        ("cat", (2, 2, 12, 12)),
        ("cat", (20, 20, 30, 30)),  # IoU with the other 90 / 110
        ("cat", (40, 2, 50, 12)),
        ("dog", (40, 2, 50, 12)),
    ]
    assert other.instances == ()
    said = [each for each in found.findings if each.code == "image-marked-twice"]
    assert [(each.severity, each.lost) for each in said] == [("warning", 1), ("note", 0)]
    assert "1 object in both; 1 object only here: added; 1 object where image[0] has" in (
        said[0].message
    )
    assert "1 object only in image[0]: kept" in said[0].message


def test_frames_beside_two_videos_are_of_neither(tmp_path: Path) -> None:
    """Unless they are in a folder that is called as one of the tasks."""
    for name in ("one", "two"):
        track = (
            '<track id="0" label="cat"><box frame="0" outside="0" occluded="0" keyframe="1" '
            'xtl="2" ytl="2" xbr="12" ybr="12"></box></track>'
        )
        said = (
            f"<meta><task><id>{len(name)}</id><name>{name}</name><mode>interpolation</mode>"
            "<original_size><width>64</width><height>48</height></original_size></task></meta>"
        )
        write(tmp_path / f"{name}.xml", f"<annotations>{said}{track}</annotations>")
    picture(tmp_path / "images" / "frame_000000.png")
    found = read(tmp_path)
    assert [each.file_name for each in found.images] == [
        "images/one/frame_000000.png",
        "images/two/frame_000000.png",
    ]
    (said,) = (each for each in found.findings if each.code == "image-missing")
    assert "2 images not found" in said.message
    assert "2 videos here (one.xml, two.xml)" in said.remedy
    picture(tmp_path / "images" / "two" / "frame_000000.png")
    assert [each.code for each in read(tmp_path).findings] == ["image-missing"]


def test_the_frames_of_another_file_are_not_borrowed(tmp_path: Path) -> None:
    for folder, x in (("A", 4), ("B", 20), ("", 40)):
        track = f'<track id="0" label="cat">{box(0, x, keyframe=1)}</track>'
        video(tmp_path / folder, track, "<size>1</size>")
    picture(tmp_path / "B/images/frame_000000.PNG")
    assert boxes(read(tmp_path)) == {
        "A/images/frame_000000.png": [(4, 2, 12, 8)],
        "B/images/frame_000000.PNG": [(20, 2, 28, 8)],
        "images/frame_000000.png": [(40, 2, 48, 8)],
    }


def test_names_without_an_extension(tmp_path: Path) -> None:
    image = '<image name="frame_000000" width="64" height="48"/>'
    write(tmp_path / "annotations.xml", f"<annotations><meta/>{image}</annotations>")
    picture(tmp_path / "images/frame_000000.PNG")
    found = read(tmp_path)
    assert (found.image.file_name, found.codes) == ("images/frame_000000.PNG", [])


def test_stated_sizes_are_compared_with_the_images(tmp_path: Path) -> None:
    named(tmp_path, "annotations.xml", one="cat", two="cat")
    picture(tmp_path / "images/one.png", size=(64, 48))
    picture(tmp_path / "images/two.png", size=(48, 64))
    assert read(tmp_path).codes == []
    found = read(tmp_path, verify_images=True)
    assert found.codes == ["swapped-size"]
    assert "images/two.png" in found.findings[0].message


def test_a_missing_image_is_kept_or_skipped(tmp_path: Path) -> None:
    shape = '<box label="cat" xtl="1" ytl="2" xbr="3" ybr="4"/>'
    image = f'<image name="a.png" width="64" height="48">{shape}</image>'
    write(tmp_path / "annotations.xml", f"<annotations><meta/>{image}</annotations>")
    found = read(tmp_path)
    assert (found.image.file_name, len(found.image.instances)) == ("a.png", 1)
    assert found.finding("image-missing").severity == "warning"
    found = read(tmp_path, missing_images="skip")
    assert found.images == []
    assert found.finding("image-missing").lost == 1


def test_splits_of_tasks_and_of_files(tmp_path: Path) -> None:
    tasks = "".join(
        f"<task><id>{number}</id><subset>{subset}</subset></task>"
        for number, subset in ((1, "Train"), (2, "Validation"), (3, "mine"))
    )
    meta = f"<meta><project><tasks>{tasks}</tasks></project></meta>"
    images = "".join(
        f'<image name="{number}.png" task_id="{number}" width="64" height="48"/>'
        for number in (1, 2, 3)
    )
    write(tmp_path / "all.xml", f"<annotations>{meta}{images}</annotations>")
    image = '<image name="4.png" width="64" height="48"/>'
    write(tmp_path / "test.xml", f"<annotations><meta/>{image}</annotations>")
    for number in (1, 2, 3, 4):
        picture(tmp_path / "images" / f"{number}.png")
    assert [image.split for image in read(tmp_path).images] == ["train", "val", "mine", "test"]


# Tracks -----------------------------------------------------------------------------------------


def test_frames_between_keyframes_are_as_cvat_computes_them(tmp_path: Path) -> None:
    """From 4 to 12 in four frames: 6, 8 and 10; from 12 on it is outside, then there again."""
    shapes = box(0, 4, keyframe=1), box(4, 12, keyframe=1), box(6, 12, keyframe=1, outside=1)
    again = box(8, 20, keyframe=1, occluded=1)
    track = f'<track id="7" label="cat">{"".join(shapes)}{again}</track>'
    for frame in range(10):
        picture(tmp_path / "images" / f"frame_{frame:06}.PNG")
    found = video(tmp_path, track, "<size>10</size>")
    starts = [[one[0] for one in own] for own in boxes(found).values()]
    assert starts == [[4], [6], [8], [10], [12], [12], [], [], [20], [20]]
    assert [image.file_name for image in found.images][3] == "images/frame_000003.PNG"
    last = found.images[-1].instances[0]
    assert last.attributes == {"occluded": True, "track_id": 7}
    assert found.findings == []


def test_a_file_with_all_frames_is_read_as_it_stands(tmp_path: Path) -> None:
    """As CVAT exports it: no frame is added, not even behind the last."""
    shapes = box(0, 4, keyframe=1), box(1, 9, keyframe=0), box(4, 12, keyframe=1)
    track = f'<track id="0" label="cat">{"".join(shapes)}</track>'
    found = video(tmp_path, track, "<size>10</size>")
    assert boxes(found) == {
        "images/frame_000000.png": [(4, 2, 12, 8)],
        "images/frame_000001.png": [(9, 2, 17, 8)],
        "images/frame_000004.png": [(12, 2, 20, 8)],
    }
    assert found.finding("image-missing").message.startswith("3 images not found")


def test_steps_of_frames_and_turns_the_short_way(tmp_path: Path) -> None:
    shapes = box(10, 4, rotation=350), box(14, 4, rotation=10)
    meta = "<start_frame>10</start_frame><stop_frame>14</stop_frame>"
    meta += "<frame_filter>step=2</frame_filter>"
    found = video(tmp_path, f'<track id="0" label="cat">{"".join(shapes)}</track>', meta)
    assert [*boxes(found)] == [f"images/frame_0000{frame}.png" for frame in (10, 12, 14)]
    assert found.images[1].instances[0].box == (4, 2, 12, 8)  # turned by 0


def test_frames_that_are_counted_from_0(tmp_path: Path) -> None:
    """Ten frames of the video, 100 to 118; the track counts them. From 10 to 18 in four: by 2."""
    for frame in range(10):
        picture(tmp_path / "images" / f"frame_{frame:06}.PNG")
    shapes = box(0, 10, keyframe=1), box(4, 18, keyframe=1), box(6, 18, keyframe=1, outside=1)
    found = video(tmp_path, f'<track id="0" label="cat">{"".join(shapes)}</track>', EVERY_SECOND)
    starts = [[one[0] for one in own] for own in boxes(found).values()]
    assert starts == [[10], [12], [14], [16], [18], [18], [], [], [], []]
    (said,) = found.findings
    assert (said.code, said.severity, said.count, said.lost) == (
        "frame-not-of-task",
        "warning",
        2,
        0,
    )
    assert said.place.pointer == "track[0]"
    assert said.message == (
        "2 shapes in frames that are none of the task's 100 to 118 in steps of 2 (this is the "
        "first, in frame 0): frames are taken as counted from 0 to 9"
    )


def test_frames_that_are_none_of_the_task(tmp_path: Path) -> None:
    """Numbered one by one, but not from 0; then one keyframe alone is beside the others."""
    track = f'<track id="0" label="cat">{box(40, 10)}{box(42, 14)}</track>'
    found = video(tmp_path, track, EVERY_SECOND)
    starts = {name[-6:-4]: [one[0] for one in own] for name, own in boxes(found).items()}
    assert starts == {"40": [10], "41": [12], "42": [14]}
    assert found.finding("frame-not-of-task").message.endswith(
        "in frame 40): all frames between keyframes are taken as the task's"
    )
    track = f'<track id="0" label="cat">{box(100, 10)}{box(103, 16)}{box(118, 46)}</track>'
    found = video(tmp_path, track, EVERY_SECOND)
    starts = {name[-6:-4]: [one[0] for one in own] for name, own in boxes(found).items()}
    by_two = {f"{frame % 100:02}": [10 + 2 * (frame - 100)] for frame in range(100, 119, 2)}
    assert starts == by_two | {"03": [16]}
    assert found.finding("frame-not-of-task").count == 1


def test_a_track_may_end_outside_the_frames_of_its_task(tmp_path: Path) -> None:
    track = f'<track id="0" label="cat">{box(118, 10)}{box(119, 10, outside=1)}</track>'
    assert "frame-not-of-task" not in video(tmp_path, track, EVERY_SECOND).codes


def test_several_tasks_have_their_own_frames(tmp_path: Path) -> None:
    size = "<original_size><width>64</width><height>48</height></original_size>"
    tasks = "".join(
        f"<task><id>{number}</id><name>{name}</name><subset>{subset}</subset><size>1</size>{size}"
        "</task>"
        for number, name, subset in ((1, "one", "train"), (2, "two", "val"))
    )
    tracks = "".join(
        f'<track id="{number}" label="cat" task_id="{number}">{box(0, number, keyframe=1)}</track>'
        for number in (2, 1)
    )
    meta = f"<meta><project><tasks>{tasks}</tasks></project></meta>"
    write(tmp_path / "annotations.xml", f"<annotations>{meta}{tracks}</annotations>")
    for name in ("one", "two"):
        picture(tmp_path / "images" / name / "frame_000000.png")
    found = read(tmp_path)
    assert boxes(found) == {
        "images/one/frame_000000.png": [(1, 2, 9, 8)],
        "images/two/frame_000000.png": [(2, 2, 10, 8)],
    }
    assert [image.split for image in found.images] == ["train", "val"]


def test_an_endless_track_is_read_in_its_keyframes(tmp_path: Path) -> None:
    track = f'<track id="0" label="cat">{box(0, 4)}{box(999999999, 8)}</track>'
    found = video(tmp_path, track)
    assert found.finding("too-many-frames").lost == 0
    shown = [image for image in found.images if image.instances]
    assert [image.place.pointer for image in shown] == ["frame 0", "frame 999999999"]


def test_masks_that_unfold_are_refused(tmp_path: Path) -> None:
    mask = '<mask label="cat" rle="0,100000000" left="0" top="0" width="10000" height="10000"/>'
    found = one(tmp_path, mask * 9)
    assert len(found.image.instances) < 9
    assert {*found.codes} == {"unusable-shape"}


def test_entities_are_refused(tmp_path: Path) -> None:
    write(
        tmp_path / "annotations.xml",
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotations><meta>&x;</meta>'
        "</annotations>",
    )
    assert read(tmp_path).finding("unreadable-xml").message.startswith("declares entities")


def test_inspect_proposes_commands_that_run(tmp_path: Path) -> None:
    one(tmp_path, '<box label="cat" xtl="1" ytl="2" xbr="30" ybr="40"/>')
    assert guess_format(Root(tmp_path)) == "cvat"
    (part,) = inspect(str(tmp_path)).parts
    assert part.commands[0].startswith("dataforge convert cvat2coco ")
