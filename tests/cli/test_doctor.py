"""`dataforge doctor`: what a user reads, and what a program does."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from command_line import Cli
from doctor.known import GPU, LITE3, MMDET2, NONE, TORCHVISION, facts

from dataforge.verbs.doctor import Diagnosis, Facts
from dataforge.verbs.register import Registered

NVIDIA = ["NVIDIA H100 80GB HBM3", "580.65", "9.0"]


@pytest.fixture
def has(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What the Python has, and what is registered for it; a test sets it."""
    given: dict[str, object] = {"facts": facts(NONE), "datasets": []}
    monkeypatch.setattr("dataforge.verbs.doctor.examine", lambda python: given["facts"])
    monkeypatch.setattr("dataforge.verbs.doctor.registered", lambda python: given["datasets"])
    return given


def test_nothing_there(cli: Cli, has: dict[str, object]) -> None:
    result = cli("doctor")
    assert (result.returncode, result.stderr) == (3, "")
    assert result.stdout.splitlines() == [
        "error nothing-installed: no torch, no torchvision, no mmdet: there is nothing to train "
        "with",
        "  way out: pip install torch torchvision pycocotools; or one of the groups mmdet2-lite "
        "and mmdet3-lite of dataforge's pyproject.toml",
        "/python: CPython 3.11.7",
        "  GPU  none",
        "no framework can be driven: none is installed",
    ]


def test_a_good_one(cli: Cli, has: dict[str, object]) -> None:
    has["facts"] = facts(MMDET2, platform="Linux x86_64 glibc 2.36")
    result = cli("doctor")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[:-2] == [
        "/python: CPython 3.11.7, Linux x86_64 glibc 2.36",
        "  torch        2.1.2, built for CUDA 12.1",
        "  GPU          none",
        "  torchvision  0.16.2; nms and RoIAlign run on the CPU",
        "  mmcv         mmcv-full 1.7.2; nms and RoIAlign run on the CPU",
        "  mmdet        2.28.2",
        "  numpy        1.26.4",
        "  OpenCV       opencv-python-headless 4.11.0.86",
        "  pycocotools  2.0.11",
        "mmdetection 2 can be driven, with the operators of mmcv",
        "torchvision can be driven, with the operators of torchvision",
    ]
    assert result.stdout.splitlines()[-2].startswith("note np-int: mmdet 2 with numpy 1.24")


def test_on_a_gpu(cli: Cli, has: dict[str, object]) -> None:
    torch = {
        "devices": [GPU],
        "archs": ["sm_80", "sm_90"],
        "cuda": "13.0",
        "cuda_of_driver": "13.0",
    }
    operators = {"nms": "", "RoIAlign": ""}
    has["facts"] = facts(
        TORCHVISION,
        gpus=[NVIDIA],
        tried={"torch": torch, "torchvision on cuda": {"operators": operators}},
    )
    result = cli("doctor")
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    assert lines[1:5] == [
        "  torch        2.11.0, built for CUDA 13.0",
        "  GPU          NVIDIA H100 80GB HBM3, compute capability 9.0, supported by torch",
        "  driver       580.65, supports CUDA up to 13.0",
        "  torchvision  0.26.0; nms and RoIAlign run on the CPU; nms and RoIAlign run on the GPU",
    ]


def test_a_gpu_that_is_not_used(cli: Cli, has: dict[str, object]) -> None:
    has["facts"] = facts(TORCHVISION, gpus=[NVIDIA])
    result = cli("doctor")
    assert result.returncode == 0  # training on the CPU works
    assert result.stdout.startswith("warning driver-too-old: a GPU that torch, built for CUDA,")
    assert "NVIDIA H100 80GB HBM3, compute capability 9.0, not used by torch\n" in result.stdout


def test_the_fault_comes_first_and_quiet_leaves_it(cli: Cli, has: dict[str, object]) -> None:
    error = "AssertionError: MMCV==2.2.0 is used but incompatible"
    packages = {**LITE3, "mmcv-lite": "", "mmcv": "2.2.0"}
    has["facts"] = facts(packages, tried={"mmdet": {"error": error}})
    result = cli("doctor")
    assert result.returncode == 3
    assert result.stdout.startswith("error mmdet3-with-mmcv2.2: mmdet 3.3 with mmcv 2.2 or later (")
    quiet = cli("doctor", "--quiet")
    assert quiet.returncode == 3
    assert "compute" not in quiet.stdout
    assert "/python" not in quiet.stdout
    assert "mmdetection 3 cannot be driven: mmdet cannot be imported" in quiet.stdout


def test_datasets(cli: Cli, has: dict[str, object]) -> None:
    has["facts"] = facts(TORCHVISION)
    has["datasets"] = [
        Registered(
            name="Cats",
            folder=Path("/out/cats"),
            path_file=Path("/site/dataforge_cats.pth"),
            frameworks=("mmdet2", "torchvision"),
            missing=("/data/cats",),
        )
    ]
    result = cli("doctor", "--python", "/p/python")
    assert result.returncode == 0
    assert result.stdout.splitlines()[:2] == [
        "warning dataset: Cats, registered here: 1 path gone: /data/cats",
        "  way out: put it back, or register it anew; "
        "dataforge unregister Cats --python /p/python forgets it",
    ]
    assert "dataset Cats (mmdet2, torchvision): /out/cats\n" in result.stdout


def test_json(cli: Cli, has: dict[str, object]) -> None:
    has["facts"] = found = facts(LITE3)
    result = cli("doctor", "--json")
    assert result.returncode == 0
    diagnosis = msgspec.json.decode(result.stdout, type=Diagnosis)
    assert diagnosis.ready
    assert diagnosis.facts == found
    assert isinstance(diagnosis.facts, Facts)
    document = json.loads(result.stdout)
    assert [one["name"] for one in document["problems"]] == [
        "weights-only",
        "no-compiled-operators",
    ]
    assert {one["name"]: one["operators"] for one in document["frameworks"]} == {
        "mmdet2": "",
        "mmdet3": "torchvision",
        "torchvision": "torchvision",
    }


def test_what_is_no_python(cli: Cli, tmp_path: Path) -> None:
    result = cli("doctor", "--python", tmp_path / "nothing")
    assert result.returncode == 2
    assert result.stderr.startswith(f"error: --python {tmp_path / 'nothing'}: cannot be run: ")
