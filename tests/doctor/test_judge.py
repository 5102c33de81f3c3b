"""What is concluded from facts that are given by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from doctor.known import GPU, LITE3, MMDET2, MMDET3, NONE, RUN, TORCHVISION, facts
from helpers import REPO

from dataforge.verbs.doctor import COMBINATIONS, Facts, driven, markdown, problems, stale, supports
from dataforge.verbs.doctor.facts import Device
from dataforge.verbs.register import Registered

NVIDIA = ["NVIDIA H100 80GB HBM3", "580.65", "9.0"]
ON_GPU: dict[str, Any] = {"torch": {"devices": [GPU], "archs": ["sm_90"], "cuda": "12.1"}}


def fails(step: str, error: str) -> dict[str, dict[str, Any]]:
    """What is tried, with a step that fails."""
    return {step: {"error": error, "operators": {}}}


CASES: dict[str, Facts] = {
    "no-wheels": facts(NONE, implementation="PyPy"),
    "nothing-installed": facts(NONE),
    "torch-alone": facts({"torch": "2.14.1+cpu", "numpy": "2.4.6"}),
    "mmcv-without-mmdet": facts({**MMDET2, "mmdet": ""}),
    "mmdet-without-mmcv": facts(
        {**MMDET2, "mmcv-full": ""}, tried=fails("mmdet", "ModuleNotFoundError: No module")
    ),
    "mmdet3-without-mmengine": facts(
        {**MMDET3, "mmengine": ""},
        tried=fails("mmcv", "ModuleNotFoundError: No module named 'mmengine'"),
    ),
    "mmcv1-without-torchvision": facts(
        {**MMDET2, "torchvision": ""},
        tried=fails("mmcv", "ModuleNotFoundError: No module named 'torchvision'"),
    ),
    "two-mmcv": facts({**MMDET2, "mmcv": "2.1.0"}, tried=fails("mmdet", "ImportError: Config")),
    "two-mmdet": facts({**MMDET3, "onedl-mmdetection": "3.5.1"}),
    "two-mmengine": facts({**MMDET3, "onedl-mmengine": "0.10.12"}),
    "mixed-mmcv": facts(
        MMDET3, contents={"mmcv": ["__init__", "_ext", "runner", "transforms"]},
        tried=fails("mmcv", "ImportError: cannot import name 'Config' from 'mmcv'"),
    ),
    "mixed-mmdet": facts(MMDET3, contents={"mmdet": ["__init__", "core", "structures"]}),
    "mmcv-gone": facts(MMDET2, contents={"mmcv": ["ops"]}),
    "mmdet-gone": facts(MMDET3, contents={"mmdet": []}),
    "mmdet2-with-mmcv2": facts(
        {**MMDET2, "mmcv-full": "", "mmcv": "2.1.0"},
        tried=fails("mmdet", "AssertionError: MMCV==2.1.0 is used but incompatible."),
    ),
    "mmdet2-with-old-mmcv": facts({**MMDET2, "mmcv-full": "1.3.0"}),
    "mmdet3-with-mmcv1": facts(
        {**MMDET3, "mmcv": "", "mmcv-full": "1.7.2"},
        tried=fails("mmdet", "AssertionError: MMCV==1.7.2 is used but incompatible."),
    ),
    "mmdet3-with-mmcv2.2": facts(
        {**MMDET3, "mmcv": "2.2.0"},
        tried=fails("mmdet", "AssertionError: MMCV==2.2.0 is used but incompatible."),
    ),
    "torchvision-of-another-torch": facts(
        {**TORCHVISION, "torchvision": "0.26.0+cu130", "torch": "2.11.0+cpu"},
        tried=fails("torchvision", "RuntimeError: operator torchvision::nms does not exist"),
    ),
    "mmcv-of-another-torch": facts(
        MMDET2,
        tried=fails("mmcv", "ImportError: mmcv/_ext.so: undefined symbol: _ZN2at4_ops"),
    ),
    "numpy2-with-old-torch": facts(
        {**MMDET2, "numpy": "2.0.0"},
        tried={"torch": {"numpy_error": "RuntimeError: Numpy is not available"}},
    ),
    "numpy-abi": facts(
        MMDET2, tried=fails("cv2", "ImportError: numpy.core.multiarray failed to import")
    ),
    "opencv-without-libgl": facts(
        {**MMDET2, "opencv-python": "4.9.0.80"},
        tried=fails(
            "cv2",
            "ImportError: libGL.so.1: cannot open shared object file: No such file or directory",
        ),
    ),
    "adafactor-twice": facts(
        {**LITE3, "mmengine": "0.10.4"},
        tried=fails("mmengine", "KeyError: 'Adafactor is already registered in optimizer'"),
    ),
    "find-loader": facts(LITE3, python="3.14.0"),
    "yapf": facts({**MMDET2, "mmcv-full": "1.7.1"}),
    "torchvision-too-old": facts({**TORCHVISION, "torch": "2.0.1", "torchvision": "0.15.2"}),
    "gpu-not-supported": facts(
        TORCHVISION, tried={"torch": {"devices": [["NVIDIA B200", 10, 0]], "archs": ["sm_90"]}}
    ),
    "torch-without-cuda": facts(TORCHVISION, gpus=[NVIDIA], tried={"torch": {"cuda": None}}),
    "driver-too-old": facts(TORCHVISION, gpus=[NVIDIA], tried={"torch": {"cuda": "13.0"}}),
    "gpu-hidden": facts(TORCHVISION, gpus=[NVIDIA], visible="-1"),
    "mmcv-without-cuda": facts(
        MMDET2,
        tried={**ON_GPU, "mmcv on cuda": {"operators": {
            "nms": "RuntimeError: nms_impl: implementation for device cuda:0 not found."}}},
    ),
    "mmcv-of-another-gpu": facts(
        MMDET2,
        tried={**ON_GPU, "mmcv on cuda": {"operators": {
            "nms": "RuntimeError: CUDA error: no kernel image is available for execution"}}},
    ),
    "get-stream": facts(MMDET2, tried=ON_GPU),
    "replicated-tensor": facts(
        MMDET2, tried={"torch": {"devices": [GPU, GPU], "archs": ["sm_90"]}}
    ),
    "weights-only": facts(LITE3),
    "weights-only-mmcv1": facts({**MMDET2, "torch": "2.6.0", "torchvision": "0.21.0"}),
    "pkg-resources": facts({**MMDET3, "setuptools": "82.0.0"}),
    "no-compiled-operators": facts(LITE3),
    "np-int": facts(MMDET2),
    "old-python": facts(MMDET2, python="3.8.10"),
    "torch-2.1-needs-3.11": facts({"torch": "2.11.0"}, python="3.12.1"),
}  # fmt: skip
"""Row of the table -> a Python that has it."""


def named(found: Facts) -> dict[str, str]:
    """Problem -> its severity."""
    return {problem.name: problem.severity for problem in problems(found)}


def test_every_row_has_a_case() -> None:
    assert list(CASES) == [row.name for row in COMBINATIONS]


def test_the_documentation_has_the_table() -> None:
    text = (REPO / "docs" / "environment.md").read_text("utf-8")
    begin, end = "<!-- combinations:begin -->\n", "\n<!-- combinations:end -->"
    assert text.partition(begin)[2].partition(end)[0] == markdown()


@pytest.mark.parametrize("row", COMBINATIONS, ids=lambda row: row.name)
def test_a_row_is_found_and_names_the_way_out(row: Any) -> None:
    (found,) = [one for one in problems(CASES[row.name]) if one.name == row.name]
    assert found.severity == row.severity
    assert found.message.startswith(row.about)
    assert found.message.endswith(f": {row.wrong}")
    assert "\n" not in found.message + found.way_out
    assert not {"{", "}"} & {*found.message, *found.way_out}


@pytest.mark.parametrize("name", CASES)
def test_what_a_row_explains_is_said_once(name: str) -> None:
    found = named(CASES[name])
    assert not {"import-fails", "operator-fails", "torch-without-numpy"} & {*found}


@pytest.mark.parametrize(
    ("packages", "notes"),
    [
        (MMDET2, ["np-int"]),
        (MMDET3, []),
        (LITE3, ["weights-only", "no-compiled-operators"]),
        (TORCHVISION, []),
    ],
)
def test_a_good_python_has_no_error(packages: dict[str, str], notes: list[str]) -> None:
    found = named(facts(packages))
    assert [*found] == notes
    assert "error" not in found.values()


def test_errors_come_first() -> None:
    found = problems(facts({**LITE3, "mmengine": "0.10.4"}))
    assert [one.severity for one in found] == sorted(one.severity for one in found)
    assert found[0].name == "adafactor-twice"


def test_versions_stand_in_the_message_and_the_fitting_one_in_the_way_out() -> None:
    (found,) = problems(CASES["torchvision-of-another-torch"])
    assert "(torch 2.11.0+cpu, torchvision 0.26.0+cu130)" in found.message
    assert "'torchvision==0.26.*'" in found.way_out
    (found, *_) = problems(CASES["mmcv-of-another-torch"])
    assert "--no-build-isolation --no-cache-dir mmcv-full==1.7.2" in found.way_out


# What is in no row ------------------------------------------------------------------------------


def test_only_the_first_of_those_that_fail_together_is_named() -> None:
    error = "ImportError: libcudart.so.12: cannot open shared object file"
    steps = ["torch", "torchvision", "mmcv", "mmdet"]
    found = facts(MMDET2, tried={step: {"error": error, "operators": {}} for step in steps})
    (first, *_) = problems(found)
    assert named(found) == {"import-fails": "error", "np-int": "note"}
    assert first.message == f"import torch fails: {error}"
    assert first.way_out == "pip install --force-reinstall --no-deps torch==2.1.2"


@pytest.mark.parametrize(
    ("error", "way_out"),
    [
        ("ModuleNotFoundError: No module named 'terminaltables'", "pip install terminaltables"),
        ("ModuleNotFoundError: No module named 'yaml.x'", "pip install pyyaml"),
        ("ModuleNotFoundError: No module named 'mmdet.core'",
         "pip install --force-reinstall --no-deps mmdet==3.3.0"),
        ("is ended by SIGSEGV", "python -X faulthandler -c 'import mmdet' shows where; "
         "pip install --force-reinstall --no-deps mmdet==3.3.0"),
    ],
)  # fmt: skip
def test_an_import_that_fails(error: str, way_out: str) -> None:
    (found,) = problems(facts(MMDET3, tried=fails("mmdet", error)))
    assert (found.severity, found.name) == ("error", "import-fails")
    assert found.message == f"import mmdet fails: {error}"
    assert found.way_out == way_out


def test_a_package_that_is_missing_is_named_beside_a_row() -> None:
    error = "ModuleNotFoundError: No module named 'requests'"
    packages = {**TORCHVISION, "torchvision": "0.16.2"}
    found = problems(facts(packages, tried=fails("torchvision", error)))
    assert [(one.name, one.way_out.split(",")[0]) for one in found] == [
        ("torchvision-of-another-torch", found[0].way_out.split(",")[0]),
        ("import-fails", "pip install requests"),
    ]


def test_what_no_framework_needs_is_no_error() -> None:
    packages = {**TORCHVISION, "opencv-python": "4.9.0.80"}
    found = facts(packages, tried=fails("cv2", "ImportError: some.so is not there"))
    assert named(found) == {"import-fails": "warning"}


def test_what_a_framework_needs_and_is_not_there() -> None:
    found = facts({**TORCHVISION, "pycocotools": ""})
    (problem,) = problems(found)
    assert (problem.severity, problem.way_out) == ("error", "pip install pycocotools")
    assert {one.name: one.reason for one in driven(found)} == {
        "mmdet2": "not installed",
        "mmdet3": "not installed",
        "torchvision": "pycocotools is not installed",
    }


def test_an_operator_that_stops() -> None:
    operators = {**RUN, "RoIAlign": "ValueError: gives [0.0] where [13.5] is right"}
    found = facts(TORCHVISION, tried={"torchvision": {"operators": operators}})
    (problem,) = problems(found)
    assert problem.message == f"RoIAlign of torchvision stops on the CPU: {operators['RoIAlign']}"
    (torchvision,) = [one for one in driven(found) if one.name == "torchvision"]
    assert torchvision.reason == "nms and RoIAlign of torchvision do not run"


def test_a_gpu_that_does_not_work() -> None:
    error = "RuntimeError: CUDA error: out of memory"
    tried: dict[str, Any] = {"torch": {**ON_GPU["torch"], "cuda_error": error}}
    (problem,) = problems(facts(TORCHVISION, tried=tried))
    assert problem.message == f"torch cannot use NVIDIA H100 80GB HBM3: {error}"


# Frameworks -------------------------------------------------------------------------------------


def operators(found: Facts) -> dict[str, str]:
    """Framework that can be driven -> whose operators it uses."""
    return {one.name: one.operators for one in driven(found) if one.ready}


def test_frameworks_and_their_operators() -> None:
    torchvision = {"torchvision": "torchvision"}
    assert operators(facts(MMDET2)) == {"mmdet2": "mmcv", **torchvision}
    assert operators(facts(MMDET3)) == {"mmdet3": "mmcv", **torchvision}
    assert operators(facts(LITE3)) == {"mmdet3": "torchvision", **torchvision}
    assert operators(facts(TORCHVISION)) == torchvision
    assert operators(facts(NONE)) == {}
    # What smoke does if mmcv's operators do not load.
    assert operators(CASES["mmcv-of-another-torch"]) == {"mmdet2": "torchvision", **torchvision}
    assert operators(CASES["mmdet2-with-mmcv2"]) == torchvision


# The GPU ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("archs", "capability", "fits"),
    [
        (["sm_80", "sm_90"], (9, 0), True),
        (["sm_80"], (8, 6), True),
        (["sm_86"], (8, 0), False),
        (["sm_80"], (9, 0), False),
        (["sm_80", "compute_80"], (9, 0), True),
        (["sm_90a"], (9, 0), True),
        (["sm_90a"], (9, 1), False),
        (["sm_100", "sm_120"], (12, 0), True),
        (["gfx90a"], (9, 0), False),
        ([], (9, 0), False),
    ],
)
def test_code_for_a_gpu(archs: list[str], capability: tuple[int, int], fits: bool) -> None:
    assert supports(archs, Device("x", *capability)) is fits


# Datasets ---------------------------------------------------------------------------------------


def test_datasets_that_do_not_stand_any_more() -> None:
    good = Registered(name="Good", folder=Path("/good"), path_file=Path("/site/good.pth"))
    gone = Registered(
        name="Gone", folder=Path("/gone"), path_file=Path("/site/gone.pth"), exists=False
    )
    moved = Registered(
        name="Moved data",
        folder=Path("/moved"),
        path_file=Path("/site/moved.pth"),
        missing=("/data/a", "/data/b"),
    )
    first, second = stale([good, gone, moved], "/python")
    assert (first.severity, second.severity) == ("warning", "warning")
    assert first.message == "Gone, registered here: /gone does not exist"
    assert second.message == "Moved data, registered here: 2 paths gone: /data/a, /data/b"
    assert "dataforge unregister 'Moved data' --python /python" in second.way_out
