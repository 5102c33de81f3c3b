"""Small files with large shapes: a finding says what is too large, and the rest is converted."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from formats.labelme.instances import write_labelme
from formats.yolo.test_write import photo, write_yolo
from helpers import document, picture, read_labelme, shape, write
from PIL import Image as PILImage

from dataforge import geometry
from dataforge.records import Image, Instance, Mask


def png(pixels: np.ndarray) -> str:
    stream = io.BytesIO()
    PILImage.fromarray(pixels).save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


def test_circles_with_more_corners_than_their_file_may_have(tmp_path: Path) -> None:
    """Four numbers for 20,000: of 64 MiB, 32 bytes each, there is room for about 100 circles."""
    circles = [shape("cat", [[0, 0], [1e7, 0]], "circle") for _ in range(500)]
    write(tmp_path / "a.json", document(*circles, shape("dog", [[1, 1], [9, 9]], "rectangle")))
    picture(tmp_path / "a.jpg")
    found = read_labelme(tmp_path)
    assert 100 < len(found.image.instances) < 200
    assert found.image.instances[-1].label == "dog"
    assert {*found.codes} == {"bad-shape"}
    message = found.findings[0].message
    assert message == "the outlines of the file, with 0.61 MiB for this, are too large"


def test_points_with_more_corners_than_their_file_may_have(tmp_path: Path) -> None:
    write(tmp_path / "a.json", document(shape("cat", [[i, i] for i in range(2000)], "points")))
    picture(tmp_path / "a.jpg")
    found = read_labelme(tmp_path, points="radius=900000")
    assert "are too large" in found.finding("bad-shape").message


def test_masks_with_more_runs_than_their_file_may_have(tmp_path: Path) -> None:
    """A checkerboard of a million pixels takes 2 KB; of 8 MiB of runs, there is room for some."""
    board = (np.indices((1000, 1000)).sum(axis=0) % 2).astype(bool)
    points = [[0, 0], [999, 999]]
    masks = [shape("cat", points, "mask", mask=png(board)) for _ in range(30)]
    more = {"imageWidth": 1000, "imageHeight": 1000}
    write(tmp_path / "a.json", document(*masks, **more))
    picture(tmp_path / "a.jpg", (1000, 1000))
    found = read_labelme(tmp_path)
    assert 5 < len(found.image.instances) < 20
    assert {*found.codes} == {"bad-mask"}
    wide = (np.indices((1000, 5000)).sum(axis=0) % 2).astype(bool)
    more["imageWidth"] = 5000
    write(tmp_path / "a.json", document(shape("cat", points, "mask", mask=png(wide)), **more))
    message = read_labelme(tmp_path).finding("bad-mask").message
    assert message.startswith("the mask has 5,000,000 runs of pixels, more than 2,097,152")


def test_a_group_whose_pixels_cannot_be_counted(tmp_path: Path) -> None:
    """Up and down a large image 200 times, and one pixel beside it."""
    side = 32_768
    zigzag = [[i, side * (i % 2)] for i in range(200)]
    shapes = [
        shape("cat", zigzag, group_id=1),
        shape("cat", [[5, 5], [5, 5]], "mask", mask=png(np.ones((1, 1), bool)), group_id=1),
        shape("dog", [[1, 1], [9, 9]], "rectangle"),
    ]
    write(tmp_path / "a.json", document(*shapes, imageWidth=side // 2, imageHeight=side))
    picture(tmp_path / "a.jpg")
    found = read_labelme(tmp_path)
    assert [instance.label for instance in found.image.instances] == ["dog"]
    finding = found.finding("shape-too-large")
    assert (finding.where, finding.lost) == ("$.shapes[0]", 2)
    assert "px of outline, more than 4,194,304" in finding.message


NOISE = geometry.mask_from_crop(np.random.default_rng(0).random((900, 900)) < 0.3, 0, 0, (900, 900))
STRIPES = geometry.mask_from_runs([1] * 2**22, (2**11, 2**11))
WHOLE = geometry.mask_from_runs([0, 2**27], (2**14, 2**13))


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (STRIPES, "characters of runs, more than 2,097,152"),
        (NOISE, "corners, more than 100,000"),
    ],
)
def test_a_mask_with_too_many_corners_is_no_row_of_yolo(
    tmp_path: Path, mask: Mask, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataforge.geometry.outlines.MAX_CORNERS", 100_000)
    height, width = mask.size_hw
    large = Instance(label="cat", box=(0, 0, width, height), area=1, shape=mask)
    small = Instance(label="cat", box=(0, 0, 5, 5), area=25)
    image = photo(large, small, size=(width, height))
    findings = write_yolo(tmp_path, {"train": [image], "val": [photo()]}, segments=True)
    (finding,) = [finding for finding in findings if finding.code == "shape-too-large"]
    assert (finding.severity, finding.lost) == ("error", 1)
    assert said in finding.message
    assert len((tmp_path / "labels" / "train" / "a.txt").read_text().splitlines()) == 1


def test_a_mask_too_large_for_an_image_leaves_its_box(tmp_path: Path) -> None:
    height, width = WHOLE.size_hw
    instance = Instance(label="cat", box=(0, 0, width, height), area=2**27, shape=WHOLE)
    image = Image(file_name="a.jpg", width=width, height=height, instances=(instance,))
    findings = write_labelme(tmp_path, {"all": [image]})
    assert [(f.code, f.severity) for f in findings] == [("shape-too-large", "error")]
    assert '"rectangle"' in (tmp_path / "a.json").read_text()
