"""What is found out of a Python, whatever it does when something is imported."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from doctor.fakes import TORCH, TORCH_ON_GPU, fake_python
from helpers import write

from dataforge.errors import UsageError
from dataforge.verbs.doctor import doctor, examine, problems

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="its environments differ")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", "")  # no nvidia-smi


def test_a_bare_environment(tmp_path: Path) -> None:
    found = examine(fake_python(tmp_path, {}, {}))
    assert found.executable.startswith(str(tmp_path))
    assert found.python == ".".join(map(str, sys.version_info[:3]))
    assert (found.packages, found.contents, found.tried) == ({}, {}, {})
    assert [one.name for one in problems(found)] == ["nothing-installed"]


def test_every_import_is_tried_whatever_the_others_do(tmp_path: Path) -> None:
    python = fake_python(
        tmp_path,
        {"Torch": "2.14.1", "torchvision": "0.16.2", "mmcv_full": "1.7.2", "opencv-python": "5"},
        {
            "numpy.py": 'print(\'{"step": "torch"}\', flush=True)',
            "cv2.py": "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
            "pycocotools/__init__.py": "",
            "pycocotools/mask.py": "raise SystemExit('no display')",
            "torch.py": TORCH,
            "torchvision.py": "raise RuntimeError('operator torchvision::nms does not exist')",
            "mmcv/__init__.py": "import warnings; warnings.warn('old'); raise ImportError",
            "mmcv/_ext.cpython-311-x86_64-linux-gnu.so": "",
            "mmcv/ops/__init__.py": "",
            "mmdet.py": "import sys; sys.stderr.write('bye\\n'); sys.stderr.flush(); "
            "import os; os._exit(7)",
        },
    )
    found = examine(python)
    assert found.packages == {
        "torch": "2.14.1", "torchvision": "0.16.2", "mmcv-full": "1.7.2", "opencv-python": "5",
    }  # fmt: skip
    assert found.contents["mmcv"] == ["__init__", "_ext", "ops"]
    assert {step: tried.error for step, tried in found.tried.items()} == {
        "numpy": "",
        "cv2": "is ended by SIGSEGV",
        "pycocotools": "SystemExit: no display",
        "torch": "",
        "torchvision": "RuntimeError: operator torchvision::nms does not exist",
        "mmcv": "ImportError: ",
        "mmdet": "exits with 7: bye",
    }
    assert found.torch.version == "2.14.1"
    assert "torchvision-of-another-torch" in [one.name for one in problems(found)]


def test_an_import_that_hangs(tmp_path: Path) -> None:
    modules = {"numpy.py": "", "cv2.py": "while True: pass", "torch.py": TORCH}
    found = examine(fake_python(tmp_path, {"torch": "2.14.1"}, modules), patience=2)
    assert found.tried["cv2"].error == "does not end within 2 s"
    assert found.works("numpy")
    assert found.works("torch")


def test_operators_are_tried_on_the_gpu_too(tmp_path: Path) -> None:
    modules = {"torch.py": TORCH_ON_GPU, "torchvision.py": "__version__ = '0.26.0'"}
    found = examine(fake_python(tmp_path, {}, modules))
    (device,) = found.torch.devices
    assert (device.name, device.major, device.minor) == ("NVIDIA H100 80GB HBM3", 9, 0)
    assert found.torch.archs == ["sm_80", "sm_90"]
    assert found.torch.cuda_of_driver == "13.0"
    assert found.torch.cuda_error == "RuntimeError: CUDA error on cuda"
    for step, where in (("torchvision", "cpu"), ("torchvision on cuda", "cuda")):
        assert set(found.tried[step].operators) == {"nms", "RoIAlign"}
        assert found.tried[step].operators["nms"] == f"RuntimeError: no tensor on {where}"


def test_the_reason_of_an_error_without_text(tmp_path: Path) -> None:
    """mmcv 1.x raises a bare ImportError."""
    text = "try:\n    import addict\nexcept ImportError:\n    raise ImportError"
    found = examine(fake_python(tmp_path, {}, {"mmcv/__init__.py": text}))
    assert found.tried["mmcv"].error == "ModuleNotFoundError: No module named 'addict'"


def test_the_working_directory_is_not_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "here" / "torch.py", "raise SystemExit")
    write(tmp_path / "here" / "json.py", "raise SystemExit")
    monkeypatch.chdir(tmp_path / "here")
    assert examine(fake_python(tmp_path / "p", {}, {})).contents == {}


@pytest.mark.parametrize("text", ["#!/bin/sh\nexit 1\n", "#!/bin/sh\necho hello\n", "x"])
def test_what_is_no_python(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "python", text)
    path.chmod(0o755)
    with pytest.raises(UsageError, match=r"--python .*python: (is not a Python|cannot be run)"):
        examine(str(path))
    with pytest.raises(UsageError, match=r"--python .*nothing: "):
        examine(str(tmp_path / "nothing"))


def check_running_python(framework: str, package: str) -> None:
    pytest.importorskip(package)
    diagnosis = doctor()
    assert diagnosis.ready, diagnosis.problems
    found = {one.name: one.operators for one in diagnosis.frameworks if one.ready}
    assert found[framework]
    if framework != "torchvision" and "_ext" in diagnosis.facts.contents["mmcv"]:
        assert found[framework] == "mmcv"


@pytest.mark.mmdet
def test_the_running_python_with_mmdet2() -> None:
    check_running_python("mmdet2", "mmcv.runner")  # mmcv 1 alone has it


@pytest.mark.mmdet3
def test_the_running_python_with_mmdet3() -> None:
    check_running_python("mmdet3", "mmengine")


@pytest.mark.torchvision
def test_the_running_python_with_torchvision() -> None:
    check_running_python("torchvision", "torchvision")
