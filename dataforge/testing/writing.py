"""What every format promises when it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from dataforge.findings import Finding
from dataforge.io import is_image
from dataforge.records import Category, Header, Image
from dataforge.testing import driver
from dataforge.testing.base import Subject, check_findings
from dataforge.testing.files import picture, snapshot
from dataforge.testing.samples import BOX, NAMES, RICH, marked


class WritingContract(Subject):
    """The tests."""

    def write(
        self, out: Path, splits: Mapping[str, Sequence[Image]], classes: Sequence[str],
        shard: int = 2,
    ) -> list[Finding]:  # fmt: skip
        """Write records, and a picture for each; returns the findings."""
        header = Header(categories=tuple(Category(name=name) for name in classes))
        found = driver.write(self.row, out, splits, header, shard=shard)
        writer = driver.writer_of(self.row)
        for split, images in splits.items():
            for image in images:
                picture(out / writer.image_path(split, image.file_name))
        return found

    def test_losses_are_documented_in_sentences(self) -> None:
        for sentence in self.row.lossy:
            assert len(sentence.split()) > 2, "a few words at least"
            assert sentence == sentence.strip().rstrip(".")
        assert self.row.lossy

    def test_writing_an_empty_dataset_succeeds(self, tmp_path: Path) -> None:
        found = self.write(tmp_path / "out", {"train": [], "val": []}, ["cat"])
        assert [finding.code for finding in found if finding.severity != "note"] == []
        assert self.read_nothing(tmp_path / "out").images == []

    @pytest.mark.parametrize("name", NAMES)
    def test_written_name_is_read_back(self, tmp_path: Path, name: str) -> None:
        splits = {"train": [marked(name, "cat")], "val": [marked("other.jpg", "dog")]}
        found = self.write(tmp_path, splits, ["cat", "dog"])
        assert [finding.code for finding in found if finding.severity != "note"] == []
        read = self.read(tmp_path)
        writer = driver.writer_of(self.row)
        paths = {writer.image_path(split, images[0].file_name): images[0].instances[0].label
                 for split, images in splits.items()}  # fmt: skip
        assert {
            image.file_name.removeprefix("./"): [one.label for one in image.instances]
            for image in read.images
        } == {path: [label] for path, label in paths.items()}
        for image in read.images:
            assert image.instances[0].box == pytest.approx(BOX)
        assert [str(finding) for finding in read.findings if finding.severity != "note"] == []

    def test_every_shape_is_written_or_counted_as_lost(self, tmp_path: Path) -> None:
        found = self.write(tmp_path, _SPLITS, ["cat", "dog"])
        check_findings(found)
        read = self.read(tmp_path)
        kept = sum(len(image.instances) for image in read.images)
        there = sum(len(image.instances) for image in RICH)
        assert there == kept + sum(finding.lost for finding in found) == 8
        assert len(read.images) == len(RICH)

    def test_output_does_not_depend_on_shard_size(self, tmp_path: Path) -> None:
        findings = [
            self.write(tmp_path / f"{shard}" / "out", _SPLITS, ["cat", "dog"], shard)
            for shard in (1, 2, 100)
        ]
        assert findings[0] == findings[1] == findings[2]
        made = [snapshot(tmp_path / f"{shard}") for shard in (1, 2, 100)]
        assert made[0] == made[1] == made[2]

    def test_writing_does_not_mutate_records(self, tmp_path: Path) -> None:
        before = repr(RICH)
        self.write(tmp_path, {"train": RICH}, ["cat", "dog"])
        assert repr(RICH) == before

    def test_all_files_are_below_the_targets(self, tmp_path: Path) -> None:
        """The caller clears and replaces only these."""
        out = tmp_path / "out"
        self.write(out, _SPLITS, ["cat", "dog"])
        targets = driver.writer_of(self.row).targets(out, [*_SPLITS])
        for name in snapshot(out):
            path = out / name
            assert not targets or is_image(name) or any(
                target in (path, *path.parents) for target in targets
            ), name  # fmt: skip


_SPLITS = {"train": RICH[:2], "val": RICH[2:]}
