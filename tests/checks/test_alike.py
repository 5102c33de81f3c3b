"""Images that are the same or look so: hashes, thresholds, and what is kept apart."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from helpers import picture
from PIL import Image as PILImage

from dataforge.checks import DatasetInfo, Facts, Whole
from dataforge.checks.alike import (
    DISTANCE,
    Bytes,
    Looks,
    SameFiles,
    SameLooks,
    perceptual_hash,
)
from dataforge.checks.opened import ImageFile
from dataforge.classes import ClassRules, Tally
from dataforge.datasets import KeepingRoot, Seen
from dataforge.errors import ParseError
from dataforge.findings import Place
from dataforge.io import Root
from dataforge.records import Header, Image


def waves(*wanted: tuple[int, int]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """(32, 32) levels of grey that are made of these frequencies (down, across)."""
    steps = np.pi / 32 * (np.arange(32) + 0.5)
    parts = [20 * np.outer(np.cos(v * steps), np.cos(u * steps)) for v, u in wanted]
    return 128 + np.sum(parts, axis=0)


def saved(path: Path, grey: object, scale: int = 4) -> None:
    pixels = np.kron(np.asarray(grey), np.ones((scale, scale)))
    PILImage.fromarray(np.rint(pixels).astype(np.uint8)).save(path)


def image(name: str, split: str | None = None) -> Image:
    return Image(file_name=name, width=4, height=4, place=Place(name), split=split)


def whole_of(folder: Path, images: Sequence[Image]) -> Whole:
    data = DatasetInfo(KeepingRoot(str(folder)), "images", ClassRules().resolver())
    seen = [Seen(each.file_name, each.place, (4, 4), split=each.split) for each in images]
    return Whole(data, seen, Header(), data.resolver.settle(Tally()))


def same_files(folder: Path, *images: Image) -> SameFiles:
    whole = whole_of(folder, images)
    values = [value for each in images for value in Bytes(whole.data).image(each)]
    return SameFiles(Facts({Bytes.key: values}), whole)


def same_looks(folder: Path, *images: Image) -> SameLooks:
    whole = whole_of(folder, images)
    values = [value for each in images for value in Looks(whole.data).image(each)]
    return SameLooks(Facts({Looks.key: values}), whole)


def of_hashes(folder: Path, hashes: dict[str, int]) -> SameLooks:
    """Images of these hashes, whatever they look like."""
    values = [[name, 100, bits, bytes(256)] for name, bits in hashes.items()]
    return SameLooks(Facts({Looks.key: values}), whole_of(folder, [*map(image, hashes)]))


def test_hash_reflects_the_frequencies_present() -> None:
    # Bit 63 is the frequency (0, 0), then along the first row: (0, 1) is bit 62, (1, 0) bit 55.
    assert perceptual_hash(waves((0, 1))) == 1 << 62
    assert perceptual_hash(waves((0, 1), (1, 0), (7, 7))) == 1 << 62 | 1 << 55 | 1
    assert perceptual_hash(np.full((32, 32), 200.0)) == 0


def test_similar_and_different_images_are_distinguished(tmp_path: Path) -> None:
    saved(tmp_path / "a.png", waves((0, 1), (1, 0)))
    saved(tmp_path / "b.png", waves((0, 1), (1, 0)), scale=2)
    saved(tmp_path / "c.png", waves((0, 1), (1, 0)) + 30)  # lighter
    saved(tmp_path / "d.png", waves((0, 1), (1, 0), (2, 2)))  # one bit of the hash, other pixels
    saved(tmp_path / "e.png", 255 - waves((0, 1), (1, 0)))
    saved(tmp_path / "f.png", waves((0, 1), (1, 0)))  # the bytes of a.png
    alike = same_looks(tmp_path, *(image(f"{name}.png") for name in "abcdef"))
    assert [*alike.inside()] == [("b.png", "a.png"), ("c.png", "a.png"), ("f.png", "b.png")]
    assert [*alike.across()] == []


def test_hashes_within_the_distance_are_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SameLooks, "_like", lambda _, name, others: others)
    hashes = {
        "a": 0,
        "near": 0b11111 << 9,
        "spread": 1 << 0 | 1 << 12 | 1 << 25 | 1 << 37 | 1 << 60,
    }
    hashes["far"] = (1 << DISTANCE + 1) - 1 << 58
    alike = of_hashes(tmp_path, hashes)
    assert [*alike.inside()] == [("near", "a"), ("spread", "a")]


def test_many_alike_images_are_not_compared_pairwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[int] = []

    def like(_: SameLooks, name: str, others: list[str]) -> list[str]:
        compared.append(len(others))
        return others

    monkeypatch.setattr(SameLooks, "_like", like)
    alike = of_hashes(tmp_path, {str(number): 5 for number in range(1000)})
    assert len([*alike.inside()]) == 999
    assert sum(compared) == 49 * 50 // 2 + 950 * 50


def test_duplicates_across_and_inside_splits_are_separated(tmp_path: Path) -> None:
    for name in "abcd":
        picture(tmp_path / f"{name}.png")
    listed = [("a", "train"), ("b", "val"), ("c", "train"), ("c", "trainval"), ("d", None)]
    alike = same_files(tmp_path, *(image(f"{name}.png", split) for name, split in listed))
    assert [*alike.across()] == [("b.png", "a.png"), ("c.png", "b.png")]
    assert [*alike.inside()] == [("d.png", "a.png")]
    assert alike.splits("c.png") == "train and trainval"


def test_files_of_one_size_alone_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture(tmp_path / "a.png")
    picture(tmp_path / "b.png", (300, 200))
    alike = same_files(tmp_path, image("a.png"), image("b.png"))
    monkeypatch.setattr(Root, "open", lambda *_: pytest.fail("read"))
    assert [*alike.inside()] == []


def test_memory_for_many_identical_images_is_linear(tmp_path: Path) -> None:
    picture(tmp_path / "0.png")
    names = ["0.png", *(f"{number}.png" for number in range(1, 2000))]
    for name in names[1:]:
        (tmp_path / name).symlink_to(tmp_path / "0.png")
    alike = same_files(tmp_path, *map(image, names))
    tracemalloc.start()
    found = [*alike.inside()]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == [(name, "0.png") for name in names[1:]]
    assert peak < 4 * 2**20  # each with all before it: 2,000 * 1,999 / 2 places of 8 bytes, 16 MB


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "I;16", "I", "F", "CMYK"])
def test_every_pixel_format_is_downscaled(tmp_path: Path, mode: str) -> None:
    half = np.zeros((64, 64), dtype=np.uint8)
    half[:, 32:] = 255
    drawn = PILImage.fromarray(half)
    if mode == "I;16":
        drawn = PILImage.fromarray(half.astype(np.uint16) * 200)
    else:
        drawn = drawn.convert(mode)
    drawn.save(tmp_path / "a.tif")
    file = ImageFile(Root(str(tmp_path)), "a.tif")
    assert file.grey is not None
    assert file.fault == ""
    assert (file.grey[:, :16] == 0).all()
    assert (file.grey[:, 16:] == 255).all()


def test_an_image_that_is_too_large_is_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataforge.io.limits.MAX_DECODED_BYTES", 100 * 8)
    for name, size in (("a.png", (10, 10)), ("b.png", (10, 11)), ("c.jpg", (80, 80))):
        picture(tmp_path / name, size)
    root = Root(str(tmp_path))
    assert ImageFile(root, "a.png").grey is not None
    assert ImageFile(root, "c.jpg").grey is not None
    with pytest.raises(ParseError, match="10x11 pixels"):
        _ = ImageFile(root, "b.png").fault


def test_non_image_is_not_reported_as_decoding_fault(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"<html>")
    file = ImageFile(Root(str(tmp_path)), "a.png")
    assert (file.header, file.grey, file.fault) == (None, None, "")
