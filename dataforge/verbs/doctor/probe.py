"""Runs in the Python that trains: what it has, and what of it works; the standard library alone.

Not imported by dataforge but sent to that Python, which may be old and have no dataforge. The
arguments are the names of steps. Each step that ends is a line of JSON on standard output; after
one that fails the process ends, since what it half imported could break the next. A step that
crashes or hangs leaves no line.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import warnings
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

MODULES = (
    "dataforge", "numpy", "cv2", "pycocotools", "torch", "torchvision", "mmengine", "mmcv", "mmdet",
)  # fmt: skip
MARK = "\n--- "
"""Before the name of a step on standard error: what follows was said by it."""

_LISTED = ("mmcv", "mmdet", "mmengine")


def environment() -> dict[str, Any]:
    """What is installed, without importing any of it."""
    return {
        "executable": sys.executable,
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "platform": " ".join([platform.system(), platform.machine(), *filter(None, _libc())]),
        "packages": _packages(),
        "contents": {name: _contents(name) for name in MODULES if find_spec(name) is not None},
        "gpus": _gpus(),
        "visible": os.environ.get("CUDA_VISIBLE_DEVICES"),
    }


def _libc() -> tuple[str, str]:
    try:
        return platform.libc_ver()
    except (OSError, ValueError):
        return ("", "")


def _packages() -> dict[str, str]:
    """Distribution in lower case -> version; of two of one name, the one that is found first."""
    try:
        from importlib.metadata import distributions
    except ImportError:  # Python 3.7
        return {}
    found: dict[str, str] = {}
    for one in distributions():
        name = one.metadata["Name"]
        if name:
            found.setdefault(name.lower().replace("_", "-"), str(one.version))
    return found


def _contents(module: str) -> list[str]:
    """The modules inside those packages that more than one distribution writes into."""
    spec = find_spec(module)
    folders = list(spec.submodule_search_locations or []) if spec and module in _LISTED else []
    try:
        return sorted({name.split(".")[0] for folder in folders for name in os.listdir(folder)})
    except OSError:
        return []


def _gpus() -> list[list[str]]:
    """Name, driver and compute capability of each GPU that the driver knows."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    query = "--query-gpu=name,driver_version,compute_cap"
    try:
        output = subprocess.run(
            [program, query, "--format=csv,noheader"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=30,
            check=True,
        ).stdout.decode("utf-8", "replace")
    except (OSError, subprocess.SubprocessError):
        return []
    return [[part.strip() for part in line.split(",")] for line in output.splitlines() if line]


# What is imported -------------------------------------------------------------------------------


def torch() -> dict[str, Any]:
    """torch, what it is built for, and whether it works with numpy and with the GPU."""
    import torch

    result: dict[str, Any] = {
        "version": str(torch.__version__),
        "cuda": torch.version.cuda,
        "hip": torch.version.hip,
        "archs": [],
        "devices": [],
        "numpy_error": "",
        "cuda_error": "",
        "cuda_of_driver": "",
    }
    if find_spec("numpy") is not None:
        result["numpy_error"] = _error_of(_share_with_numpy)
    if torch.cuda.is_available():
        result["cuda_of_driver"] = _cuda_of_driver()
        result["archs"] = torch.cuda.get_arch_list()
        result["devices"] = [
            [torch.cuda.get_device_name(n), *torch.cuda.get_device_capability(n)]
            for n in range(torch.cuda.device_count())
        ]
        result["cuda_error"] = _error_of(lambda: torch.ones(2, device="cuda").sum().item())
    elif torch.version.cuda:
        result["cuda_error"] = _error_of(torch.cuda.init)
    return result


def _cuda_of_driver() -> str:
    import torch

    version = getattr(torch._C, "_cuda_getDriverVersion", lambda: 0)()
    return f"{version // 1000}.{version % 1000 // 10}" if version else ""


def _share_with_numpy() -> None:
    import numpy
    import torch

    torch.from_numpy(numpy.zeros(1)).numpy()


def torchvision(device: str = "cpu") -> dict[str, Any]:
    """torchvision, and its operators."""
    import torchvision

    return {
        "version": str(torchvision.__version__),
        "operators": _operators(
            device,
            lambda boxes, scores: torchvision.ops.nms(boxes, scores, 0.5),
            lambda features, rois: torchvision.ops.roi_align(features, rois, (2, 2), 1.0, 2, True),
        ),
    }


def mmcv(device: str = "cpu") -> dict[str, Any]:
    """mmcv, and its operators if they are compiled."""
    import mmcv

    compiled = "_ext" in _contents("mmcv")
    result: dict[str, Any] = {"version": str(mmcv.__version__), "compiled": compiled}
    if compiled:
        ops: Any = import_module("mmcv.ops")
        result["operators"] = _operators(
            device,
            lambda boxes, scores: ops.nms(boxes, scores, iou_threshold=0.5)[1],
            lambda features, rois: ops.roi_align(features, rois, (2, 2), 1.0, 2, "avg", True),
        )
    return result


def mmdet() -> dict[str, Any]:
    """mmdet, as what trains imports it; a smoke run does without compiled operators of mmcv."""
    try:
        import_module("torch")  # loads the libraries that the operators are linked to
        import_module("mmcv._ext")
    except (ImportError, OSError):
        sys.modules["mmcv._ext"] = _NoOperators("mmcv._ext")
    version = str(import_module("mmdet").__version__)
    if find_spec("mmdet.registry") is None:
        import_module("mmdet.apis")
    else:
        import_module("mmdet.utils").register_all_modules(init_default_scope=True)
    return {"version": version}


class _NoOperators(ModuleType):
    """Has something of every name, which is never called here."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__spec__ = ModuleSpec(name, None)  # mmengine looks for it

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return None


def imported(module: str) -> dict[str, Any]:
    """A module that needs no more than to be imported."""
    import_module(module)
    return {}


def _operators(device: str, nms: Any, roi_align: Any) -> dict[str, str]:
    """What is wrong with each operator, forward and backward; empty if nothing is."""
    import torch

    def try_nms() -> None:
        corners = [[0.0, 0.0, 10.0, 10.0], [1.0, 1.0, 11.0, 11.0], [20.0, 20.0, 30.0, 30.0]]
        boxes = torch.tensor(corners, device=device)
        kept = nms(boxes, torch.tensor([0.9, 0.8, 0.7], device=device)).tolist()
        _expect(kept, [0, 2])

    def try_roi_align() -> None:
        # 8 y + x at the pixel centres is linear, so that each bin has its value at its own centre.
        features = torch.arange(64.0, device=device).reshape(1, 1, 8, 8).requires_grad_()
        found = roi_align(features, torch.tensor([[0.0, 1.0, 1.0, 5.0, 5.0]], device=device))
        _expect(found.flatten().tolist(), [13.5, 15.5, 29.5, 31.5])
        found.sum().backward()
        _expect(round(features.grad.sum().item(), 4), 4.0)

    return {"nms": _error_of(try_nms), "RoIAlign": _error_of(try_roi_align)}


def _expect(found: Any, right: Any) -> None:
    if found != right:
        raise ValueError(f"gives {found!r} where {right!r} is right")


def _error_of(run: Any) -> str:
    """What a function raises, in words; empty if it succeeds."""
    try:
        run()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        return _words(error)
    return ""


def _words(error: BaseException) -> str:
    """Type and first lines of an error; of its cause if it has no text, as mmcv raises some."""
    cause: BaseException | None = error
    while cause is not None and not str(cause):
        cause = cause.__cause__ or cause.__context__
    text = " ".join(str(cause or error).split())
    return f"{type(cause or error).__name__}: {text[:1000]}"


STEPS: dict[str, Any] = {
    "environment": environment,
    "numpy": lambda: imported("numpy"),
    "cv2": lambda: imported("cv2"),
    "pycocotools": lambda: imported("pycocotools.mask"),
    "torch": torch,
    "torchvision": torchvision,
    "mmengine": lambda: imported("mmengine.runner"),
    "mmcv": mmcv,
    "mmdet": mmdet,
    "torchvision on cuda": lambda: torchvision("cuda"),
    "mmcv on cuda": lambda: mmcv("cuda"),
}


def main(names: list[str]) -> None:
    """Take the steps; what imports print goes to standard error."""
    answers = os.dup(1)
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    for name in names:
        os.write(2, f"{MARK}{name}\n".encode())
        try:
            answer = {"step": name, "error": "", **STEPS[name]()}
        except BaseException as error:  # noqa: BLE001 - an import may exit, too
            answer = {"step": name, "error": _words(error)}
        os.write(answers, (json.dumps(answer) + "\n").encode())
        if answer["error"]:
            break
    os.close(answers)
    os._exit(0)  # what a half imported library does at the end is of no interest


if __name__ == "__main__":
    main(sys.argv[1:])
