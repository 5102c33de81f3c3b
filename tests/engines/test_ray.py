"""A cluster of two nodes: the same bytes as one process here, whatever is lost on the way."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from engines import tasks
from helpers import REPO, SAMPLE

from dataforge.engines import get_engine
from dataforge.errors import DataforgeError
from dataforge.verbs.check import CheckOptions, check
from dataforge.verbs.convert import Job, Pieces, convert
from dataforge.verbs.inspect import inspect
from dataforge.verbs.register import Request, plan
from dataforge.verbs.split import SplitJob, make

ray = pytest.importorskip("ray")

from ray.cluster_utils import Cluster

from dataforge.engines import ray as engine

pytestmark = [pytest.mark.ray, pytest.mark.filterwarnings("ignore")]

SHARD = 200
"""Files that are read together."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A node with one core, and one with two; the connection to them is this process's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(REPO), str(REPO / "tests")]))
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_AUTH_MODE", "disabled")  # else it writes a token into the home folder
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
        cluster.add_node(num_cpus=2)
        yield cluster
        ray.shutdown()
        cluster.shutdown()


def draw(folder: Path, shards: int, shapes: int) -> Path:
    """labelme files, some with faults."""
    for number in range(SHARD * shards):
        x = float(number % 50)
        shape = {"label": f"c{number % 7}", "points": [[x, 5], [x + 40.5, 30], [x, 44]]}
        file = {
            "version": "5.4.1",
            "flags": {},
            "shapes": [{**shape, "group_id": None, "shape_type": "polygon", "flags": {}}] * shapes,
            "imagePath": f"{number:05}.jpg",
            "imageData": None,
            "imageHeight": 100,
            "imageWidth": 120,
        }
        text = json.dumps(file)[: 80 if number % 400 == 399 else None]
        (folder / f"{number:05}.json").write_text(text)
    return folder


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some shards that are read at once."""
    return draw(tmp_path_factory.mktemp("drawn"), 5, 3)


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shards that take long enough for all nodes to get some."""
    return draw(tmp_path_factory.mktemp("slow"), 10, 40)


def on_ray(cluster: Any, workers: int = 0) -> Any:
    """The engine."""
    return get_engine("ray", workers, {"address": cluster.address})


def files(folder: Path) -> dict[str, bytes]:
    """All that is written."""
    found = [folder] if folder.is_file() else sorted(folder.rglob("*"))
    return {str(one.relative_to(folder)): one.read_bytes() for one in found if one.is_file()}


def job(drawn: Path, out: Path, writes: str, cluster: Any = None, workers: int = 1) -> Job:
    """A conversion, on the cluster if there is one."""
    where = {"engine": "ray", "engine_options": {"address": cluster.address}} if cluster else {}
    return Job(
        source=str(drawn),
        out=str(out),
        reads="labelme",
        writes=writes,
        workers=workers,
        split="train=70,val=30",
        image_mode="reference",
        **where,
    )


def second_node(cluster: Any) -> Any:
    """The node that may be lost; it comes back if it was."""
    others = [node for node in cluster.list_all_nodes() if node is not cluster.head_node]
    return others[0] if others else cluster.add_node(num_cpus=2)


def wait_for_work(cluster: Any) -> None:
    """Until the second node works, which takes seconds when it is new."""
    while len(set(on_ray(cluster).map(tasks.node, range(40)))) < 2:
        pass


def lose(cluster: Any, node: Any) -> None:
    """Kill all of a node's processes at once, as a power cut does."""
    parent = f"PPid:\t{node.all_processes['raylet'][0].process.pid}\n"
    workers = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            if parent in (process / "status").read_text():
                workers.append(int(process.name))
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)
    cluster.remove_node(node, allow_graceful=False)
    for worker in workers:
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)


# The engine -----------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_results_keep_the_order_of_items(cluster: Any, workers: int) -> None:
    results = on_ray(cluster, workers).map(tasks.slow_at_times, range(50))
    assert list(results) == [10 * item for item in range(50)]


def test_work_is_done_on_both_nodes(cluster: Any) -> None:
    second_node(cluster)
    assert set(on_ray(cluster).map(tasks.node, range(40))) == {
        node["NodeID"] for node in ray.nodes() if node["Alive"]
    }


@pytest.mark.parametrize("workers", [1, 2])
def test_items_are_fetched_within_bounds(cluster: Any, workers: int) -> None:
    asked = 0

    def items() -> Iterator[int]:
        nonlocal asked
        for number in range(1, 1001):
            asked = number
            yield number

    results = on_ray(cluster, workers).map(tasks.slow_at_times, items())
    assert asked == 0
    for taken in range(1, 41):
        assert next(results) == 10 * taken
        assert asked < taken + engine.AHEAD * workers


def test_a_process_gets_the_function_once(cluster: Any) -> None:
    seen = set(on_ray(cluster).map(tasks.Heavy().times, range(100)))
    assert {loads for _, loads in seen} == {1}
    assert os.getpid() not in {pid for pid, _ in seen}


def test_an_exception_is_raised_with_its_traceback(cluster: Any) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        list(on_ray(cluster).map(tasks.inverse, range(100)))
    assert "return 1 / (item - 50)" in str(caught.value.__cause__)


def test_items_of_a_process_that_died_are_done_again(cluster: Any, tmp_path: Path) -> None:
    working = on_ray(cluster)
    items = [(item, str(tmp_path / "died")) for item in range(60)]
    assert list(working.map(tasks.dies_once, items)) == list(range(60))
    (note,) = working.notes()
    assert note.endswith("done again: a worker process died")
    assert working.notes() == []


def test_items_of_a_node_that_was_lost_are_done_again(cluster: Any) -> None:
    node = second_node(cluster)
    wait_for_work(cluster)
    working = on_ray(cluster)
    results = working.map(tasks.node, range(60))
    found = [next(results)]
    while found[-1] != node.node_id:  # the others that it has are not done
        found.append(next(results))
    lose(cluster, node)
    found += results
    assert len(found) == 60
    assert re.fullmatch(r"\d shards? done again: a node was lost", *working.notes())


def test_an_item_that_kills_every_process_ends_the_work(cluster: Any) -> None:
    with pytest.raises(DataforgeError, match="a worker process died, 4 times on the same shard"):
        list(on_ray(cluster).map(tasks.dies, range(50, 60)))


def test_closing_the_results_cancels_what_runs(cluster: Any) -> None:
    results = on_ray(cluster).map(tasks.sleeps, range(100))
    next(results)
    results.close()
    assert list(on_ray(cluster).map(abs, range(9))) == list(range(9))  # the cores are free


# Datasets -------------------------------------------------------------------------------------


@pytest.mark.parametrize("writes", ["coco", "voc", "yolo", "labelme"])
def test_a_conversion_has_the_same_bytes(
    cluster: Any, drawn: Path, tmp_path: Path, writes: str
) -> None:
    here = convert(job(drawn, tmp_path / "here" / "out", writes))
    expected = files(tmp_path / "here" / "out")
    assert expected
    for workers in (1, 2, 4):
        out = tmp_path / "there" / "out"  # its name stands in findings
        there = convert(job(drawn, out, writes, cluster, workers))
        assert files(out) == expected
        assert there.findings == here.findings
        assert not [*out.parent.glob(".*")]
        subprocess.run(["rm", "-r", out], check=True)


def test_what_is_kept_of_files_is_as_good_as_reading_them(
    cluster: Any, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Kept by workers of the cluster, used by them and here, after a change, too."""
    source = draw(tmp_path_factory.mktemp("kept"), 3, 2)
    kept = tmp_path / "kept"
    for number, name in enumerate([None, None, "00007.json", "00399.json"]):
        if name:
            (source / name).write_bytes((source / "00000.json").read_bytes())
        out = tmp_path / "out"
        reports, written = [], []
        for where in (None, cluster, None):
            cache = str(kept) if where or number else None  # the first is all read
            one = msgspec.structs.replace(job(source, out, "yolo", where), cache=cache)
            reports.append(convert(one).findings)
            written.append(files(out))
            subprocess.run(["rm", "-r", out], check=True)
        assert reports[0] == reports[1] == reports[2]
        assert written[0] == written[1] == written[2]
        assert files(kept)


def test_a_check_finds_the_same(cluster: Any, drawn: Path) -> None:
    here = check(str(drawn), CheckOptions(images=False))
    there = check(
        str(drawn),
        CheckOptions(images=False, engine="ray", engine_options={"address": cluster.address}),
    )
    assert there.findings == here.findings
    assert len(here.findings) > 3


def test_surveys_find_the_same(cluster: Any, drawn: Path, tmp_path: Path) -> None:
    here = inspect(str(drawn))
    assert inspect(str(drawn), engine=on_ray(cluster)) == here
    job = SplitJob(source=str(drawn), out=str(tmp_path / "here.json"), ratios="70,30")
    split = make(job)
    where = {"engine": "ray", "engine_options": {"address": cluster.address}}
    there = msgspec.structs.replace(job, out=str(tmp_path / "there.json"), **where)
    assert make(there).manifest == split.manifest
    request = Request(
        name="Parts",
        root=str(SAMPLE / "humanparts"),
        frameworks=("mmdet3",),
        out=str(tmp_path / "o"),
    )
    planned = plan(request)
    again = plan(msgspec.structs.replace(request, **where))
    assert (again.files, again.findings) == (planned.files, planned.findings)


@pytest.mark.parametrize("writes", ["coco", "yolo"])
def test_a_node_may_be_lost_while_files_are_read(
    cluster: Any, slow: Path, tmp_path: Path, writes: str
) -> None:
    convert(job(slow, tmp_path / "here" / "out", writes))
    there: list[Any] = [second_node(cluster)]
    wait_for_work(cluster)

    def at(done: int, total: int, what: str) -> None:
        if there and done > 0.1 * total:
            lose(cluster, there.pop())

    convert(job(slow, tmp_path / "there" / "out", writes, cluster), at)
    assert not there
    assert files(tmp_path / "there" / "out") == files(tmp_path / "here" / "out")


def test_a_node_may_be_lost_while_files_are_written(
    cluster: Any, slow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert(job(slow, tmp_path / "here" / "out", "yolo"))
    there: list[Any] = [second_node(cluster)]
    wait_for_work(cluster)
    take = Pieces.take

    def at(self: Pieces, written: Any) -> Any:
        if there:
            lose(cluster, there.pop())
        return take(self, written)

    monkeypatch.setattr(Pieces, "take", at)
    convert(job(slow, tmp_path / "there" / "out", "yolo", cluster))
    assert not there
    assert files(tmp_path / "there" / "out") == files(tmp_path / "here" / "out")


# A process of its own -------------------------------------------------------------------------

SLEEPS = """
import sys
from dataforge.engines import get_engine
from dataforge.interrupts import Interrupted, Signals
from engines.tasks import sleeps
if __name__ == "__main__":
    Signals().install()
    try:
        for pid in get_engine("ray", 0, {"address": sys.argv[1]}).map(sleeps, range(100)):
            print(pid, flush=True)
    except Interrupted as error:
        print("ended", error.number, flush=True)
        sys.exit(128 + error.number)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_and_its_tasks(cluster: Any, tmp_path: Path, number: int) -> None:
    script = tmp_path / "script.py"
    script.write_text(SLEEPS)
    with subprocess.Popen(
        [sys.executable, script, cluster.address], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        pids = [int(process.stdout.readline()) for _ in range(4)]
        process.send_signal(number)
        begun = time.monotonic()
        assert process.stdout.readline() == f"ended {number}\n"
        print(f"ended after {time.monotonic() - begun:.2f} s")
        assert process.wait(60) == 128 + number
    end = time.monotonic() + 60
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < end:
        time.sleep(0.1)
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    assert list(on_ray(cluster).map(abs, range(9))) == list(range(9))  # the cores are free


def dataforge(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command line."""
    command = [sys.executable, "-m", "dataforge", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_line_prints_what_it_does_without_ray(cluster: Any, drawn: Path) -> None:
    here = dataforge("check", drawn, "--no-images", "--json")
    there = dataforge(
        "check", drawn, "--no-images", "--json", "--engine", "ray", "--address", cluster.address
    )
    assert (there.stdout, there.stderr, there.returncode) == (here.stdout, here.stderr, 1)


@pytest.mark.parametrize("verb", ["inspect", "convert"])
def test_the_cluster_that_this_machine_is_part_of_is_found(
    cluster: Any, drawn: Path, tmp_path: Path, verb: str
) -> None:
    """There is one here; what another program has started may be found as well."""
    words: list[object] = [drawn]
    if verb == "convert":
        words = ["labelme2coco", drawn, tmp_path / "out.json", "--force"]
    here = dataforge(verb, *words)
    there = dataforge(verb, *words, "--engine", "ray", "--address", "auto")
    assert (there.stdout, there.stderr, there.returncode) == (here.stdout, here.stderr, 1)


@pytest.mark.parametrize(
    ("address", "said"),
    [("127.0.0.1:9", "Connection refused"), ("nowhere.invalid:6379", "")],
)
def test_an_address_without_a_cluster_is_named(
    drawn: Path, tmp_path: Path, address: str, said: str
) -> None:
    done = dataforge(
        "convert", "labelme2coco", drawn, tmp_path / "o", "--engine", "ray", "--address", address
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(f"error: --address {address}: no Ray cluster can be reached: ")
    assert said in done.stderr
    assert done.stderr.endswith("start one with `ray start --head`, or leave out --address\n")
    assert not (tmp_path / "o").exists()
