"""Making a manifest, and adding to it as the data grow."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from helpers import (
    SAMPLE,
    SQUARE,
    document,
    picture,
    python,
    shape,
    snapshot,
    voc_object,
    voc_xml,
    write,
)

from dataforge.errors import InputError, UsageError
from dataforge.splits import load_manifest
from dataforge.verbs.split import SplitJob, SplitReport, make

RATIOS = "train=0.8,val=0.2"


def labelled(folder: Path, *names: str, label: str = "cat") -> Path:
    for name in names:
        last = name.rsplit("/", 1)[-1]
        write(folder / f"{name}.json", document(shape(label, SQUARE), image=f"{last}.jpg"))
        picture(folder / f"{name}.jpg")
    return folder


def made(source: Path, out: Path, **options: Any) -> SplitReport:
    return make(SplitJob(source=str(source), out=str(out), **options))


def codes(report: SplitReport) -> list[str]:
    return [finding.code for finding in report.findings]


def test_a_new_manifest(tmp_path: Path) -> None:
    source = labelled(tmp_path / "in", *(f"{n}" for n in range(8)))
    labelled(source, "sub/8", "9", label="dog")
    out = tmp_path / "splits.json"
    report = made(source, out, ratios=RATIOS, stratify=True)
    assert (report.format, report.kept, report.new, report.written) == ("labelme", 0, 10, True)
    assert report.images == {"train": 8, "val": 2}
    assert load_manifest(out) == report.manifest
    table = json.loads(out.read_text())
    assert set(table["images"]) == {f"{n}.jpg" for n in (*range(8), 9)} | {"sub/8.jpg"}
    assert table["ratios"] == {"train": 0.8, "val": 0.2}
    # 8 cats: 6.4 and 1.6; 2 dogs: 1.6 and 0.4; of ten images 8 and 2
    assert table["counts"] == {"train": {"cat": 6, "dog": 2}, "val": {"cat": 2, "dog": 0}}
    sides = Counter(table["images"].values())
    assert sides == {"train": 8, "val": 2}
    assert codes(report) == []


def test_existing_images_keep_their_split(tmp_path: Path) -> None:
    source = labelled(tmp_path / "in", *(f"{n:02}" for n in range(10)))
    out = tmp_path / "splits.toml"
    first = made(source, out, ratios=RATIOS).manifest.images
    labelled(source, *(f"{n:02}" for n in range(10, 20)), "0000")
    (source / "03.json").unlink()
    (source / "03.jpg").unlink()
    report = made(source, out)  # the ratios are the manifest's
    assert (report.kept, report.new) == (9, 11)
    assert report.images == {"train": 16, "val": 4}
    grown = load_manifest(out).images
    assert grown | first == grown
    assert len(grown) == 21
    assert codes(report) == ["image-gone"]
    assert report.findings[0].file == "03.jpg"
    assert report.findings[0].severity == "note"
    stamp = out.stat().st_mtime_ns
    assert not made(source, out).written
    assert out.stat().st_mtime_ns == stamp


def test_changed_ratios_apply_to_new_images_only(tmp_path: Path) -> None:
    source = labelled(tmp_path / "in", *(f"{n:02}" for n in range(10)))
    out = tmp_path / "splits.json"
    first = made(source, out, ratios=RATIOS).manifest.images
    labelled(source, *(f"{n:02}" for n in range(10, 20)))
    report = made(source, out, ratios="train=0.5,val=0.3,test=0.2", seed=7)
    assert report.manifest.images | first == report.manifest.images
    assert report.images == {"train": 10, "val": 6, "test": 4}
    (finding,) = report.findings
    assert (finding.code, finding.severity) == ("rule-changed", "note")
    assert "ratios was {'train': 0.8, 'val': 0.2}, seed was 0" in finding.message
    again = load_manifest(out)
    assert (again.seed, list(again.ratios)) == (7, ["train", "val", "test"])
    assert codes(made(source, out)) == []


def test_split_removed_from_ratios_is_kept(tmp_path: Path) -> None:
    source = labelled(tmp_path / "in", *"abcdefghij")
    out = tmp_path / "splits.json"
    made(source, out, ratios="train=0.5,val=0.3,old=0.2")
    report = made(source, out, ratios="train=0.5,val=0.5")
    assert report.images == {"train": 5, "val": 3, "old": 2}


def test_frames_of_a_video_stay_together(tmp_path: Path) -> None:
    source = labelled(tmp_path / "in", *(f"v{n % 5}_{n:02}" for n in range(20)), "photo")
    out = tmp_path / "splits.json"
    report = made(source, out, ratios=RATIOS, group_by=r"(v\d)_")
    images = report.manifest.images
    assert len({(name[:2], side) for name, side in images.items()}) == 6
    assert codes(report) == ["without-group"]
    assert report.findings[0].file == "photo.jpg"
    labelled(source, "v0_99", "v3_99")
    grown = made(source, out).manifest.images
    assert grown["v0_99.jpg"] == images["v0_00.jpg"]
    assert grown["v3_99.jpg"] == images["v3_03.jpg"]


def test_group_already_divided_between_splits_stays_divided(tmp_path: Path) -> None:
    source = labelled(tmp_path / "in", "v_1", "v_2", "w_1")
    images = {"v_1.jpg": "train", "v_2.jpg": "val", "w_1.jpg": "val"}
    out = write(tmp_path / "s.json", {"images": images})
    report = made(source, out, ratios=RATIOS, group_by="^(.)_")
    assert report.manifest.images == images
    finding = next(f for f in report.findings if f.code == "divided-group")
    assert (finding.severity, finding.where) == ("warning", "v")


def test_every_format_is_found_out(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "a.jpg")
    picture(tmp_path / "images" / "b.jpg")
    half = "a=0.5,b=0.5"
    assert made(tmp_path / "images", tmp_path / "i.json", ratios=half).format == "images"
    for id_ in "ab":
        xml = voc_xml(voc_object("cat", (0, 0, 5, 5)))
        write(tmp_path / "voc" / "Annotations" / f"{id_}.xml", xml)
        picture(tmp_path / "voc" / "JPEGImages" / f"{id_}.png")
    report = made(tmp_path / "voc", tmp_path / "v.json", ratios=half)
    assert report.format == "voc"
    assert set(report.manifest.images) == {"JPEGImages/a.png", "JPEGImages/b.png"}
    images = [{"id": n, "file_name": f"{n}.jpg", "width": 9, "height": 9} for n in (1, 2)]
    write(tmp_path / "coco" / "x.json", {"images": images, "annotations": [], "categories": []})
    assert made(tmp_path / "coco", tmp_path / "c.json", ratios=half).format == "coco"
    with pytest.raises(InputError, match="no image"):
        made(tmp_path / "voc", tmp_path / "x.json", ratios=half, reads="labelme")
    assert not (tmp_path / "x.json").exists()


def test_a_layouts_rules_name_the_classes(tmp_path: Path) -> None:
    report = made(
        SAMPLE / "humanparts",
        tmp_path / "s.json",
        ratios=RATIOS,
        layout="humanparts",
        stratify=True,
    )
    counts = report.manifest.counts
    assert list(counts["train"]) == ["face", "hand", "person"]
    # 30, 60 and 30, of which a fifth is 6, 12 and 6 (see test_convert)
    assert {name: counts["train"][name] + counts["val"][name] for name in counts["val"]} == {
        "face": 30, "hand": 60, "person": 30,
    }  # fmt: skip
    assert all(abs(counts["val"][name] - number) <= 1 for name, number in
               {"face": 6, "hand": 12, "person": 6}.items())  # fmt: skip


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({}, UsageError, "requires --split"),
        ({"ratios": "a=0.5"}, UsageError, "--split a=0.5: the ratios add up"),
        ({"ratios": RATIOS, "group_by": "("}, UsageError, "--group-by"),
        ({"ratios": "a=0.5,b=0.3,c=0.2"}, UsageError, "2 images cannot fill 3"),
        ({"ratios": RATIOS, "group_by": "."}, None, ""),
        ({"ratios": RATIOS, "reads": "nothing"}, UsageError, "no format 'nothing'"),
        ({"ratios": RATIOS, "layout": "voc"}, UsageError, "--layout does not apply to labelme"),
    ],
)
def test_invalid_requests_are_refused(
    options: dict[str, Any], error: type[Exception] | None, said: str, tmp_path: Path
) -> None:
    source = labelled(tmp_path / "in", "a", "b")
    before = snapshot(tmp_path)
    if error is None:
        made(source, tmp_path / "s.json", **options)
        return
    with pytest.raises(error) as caught:
        made(source, tmp_path / "s.json", **options)
    assert said in str(caught.value)
    assert snapshot(tmp_path) == before


def test_output_must_be_a_manifest(tmp_path: Path) -> None:
    source = labelled(tmp_path / "in", "a", "b")
    with pytest.raises(UsageError, match=r"expected a \.json or \.toml file"):
        made(source, tmp_path / "splits.txt", ratios=RATIOS)
    own = write(tmp_path / "mine.json", {"answer": 42})
    with pytest.raises(InputError, match="answer"):
        made(source, own, ratios=RATIOS)
    assert json.loads(own.read_text()) == {"answer": 42}


def test_output_is_identical_under_every_hash_seed(tmp_path: Path) -> None:
    code = (
        "import sys; from dataforge.verbs.split import SplitJob, make;"
        "make(SplitJob(source=sys.argv[1], out=sys.argv[2], ratios='a=0.6,b=0.4',"
        "stratify=True, group_by='(.)[.]'))"
    )
    for name in ("s.json", "s.toml"):
        found = set()
        for run, seed in enumerate("001"):
            out = tmp_path / str(run) / name
            result = python("-c", code, str(SAMPLE / "labelme"), str(out), PYTHONHASHSEED=seed)
            assert result.returncode == 0, result.stderr
            found.add(out.read_bytes())
        assert len(found) == 1


def test_stratified_groups_keep_to_the_ratios_as_nearly_as_they_can(tmp_path: Path) -> None:
    """Of 9 images, 6 are nearer to four fifths than 3; one finding says how near that is."""
    source = labelled(tmp_path / "in", *(f"a_{n}" for n in range(6)))
    labelled(source, *(f"b_{n}" for n in range(3)), label="dog")
    report = made(source, tmp_path / "s.json", ratios=RATIOS, stratify=True, group_by=r"^(\w)_")
    assert report.images == {"train": 6, "val": 3}
    (finding,) = [one for one in report.findings if one.code == "ratios-not-met"]
    assert finding.message.startswith("train 67% instead of 80%, val 33% instead of 20%")
