"""A dataset in a bucket, read and written by the nodes of a cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from helpers import REPO, SAMPLE, snapshot

from dataforge.jobs import Job, Report
from dataforge.verbs.check import CheckOptions, check
from dataforge.verbs.convert import convert

if TYPE_CHECKING:
    from conftest import Bucket  # type: ignore[import-not-found]

ray = pytest.importorskip("ray")

from ray.cluster_utils import Cluster

pytestmark = [pytest.mark.ray, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def cluster(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Two nodes, whose environment says where the bucket is."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(REPO), str(REPO / "tests")]))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")  # else it writes a token into the home folder
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    cluster.add_node(num_cpus=1)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def run(source: str, out: str | Path, writes: str, **options: Any) -> Report:
    job = Job(source=source, out=str(out), reads="labelme", writes=writes, **options)
    return convert(job)


def test_a_bucket_is_read_and_written_by_the_nodes(
    bucket: Bucket, cluster: Any, tmp_path: Path
) -> None:
    there = bucket.put_folder(SAMPLE / "labelme", "set")
    where = {"engine": "ray", "engine_options": {"address": cluster.address}}
    for writes in ("coco", "yolo"):
        here = run(there, tmp_path / writes, writes, image_mode="copy", split="70,30")
        wanted = snapshot(tmp_path / writes)
        assert len(wanted) > 15
        out = f"{bucket.server.url}/{writes}"
        done = run(there, out, writes, image_mode="copy", split="70,30", **where)
        assert bucket.files(writes) == wanted
        assert done.findings == here.findings
    assert check(there, CheckOptions(**where)).findings == check(there).findings
