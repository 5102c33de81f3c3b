"""Shards that are written on a machine that does not have the output's folder."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from dataforge.classes import ClassRules, Tally
from dataforge.datasets import WriteShard
from dataforge.errors import OutputError
from dataforge.formats import WritePlan, get_format
from dataforge.records import Header, Image


def shard(name: str, stage: Path) -> WriteShard:
    writer = get_format(name).writer
    assert writer is not None
    plan = WritePlan(stage=stage, out="out", header=Header(), splits=("all",))
    return WriteShard(
        writer.open(plan, writer.Options()),
        ClassRules().resolver().settle(Tally(), ()),
        stage.parent,
    )


TASK = msgspec.msgpack.encode([Image(file_name="a.jpg", width=4, height=4)]), [("all", 1, 1)]


@pytest.mark.parametrize("name", ["voc", "yolo", "labelme"])
def test_files_in_a_folder_of_that_machine_alone_are_an_error(name: str, tmp_path: Path) -> None:
    home = tmp_path / "there" / ".out.dataforge-tmp"
    with pytest.raises(OutputError, match="there: is not the same folder on "):
        shard(name, home / "out")(TASK)
    assert not home.exists()
    home.mkdir()
    shard(name, home / "out")(TASK)
    assert [*home.rglob("a.*")]


def test_what_travels_back_needs_no_folder(tmp_path: Path) -> None:
    assert shard("coco", tmp_path / "there" / ".tmp" / "out.json")(TASK).streams
    assert not (tmp_path / "there").exists()
