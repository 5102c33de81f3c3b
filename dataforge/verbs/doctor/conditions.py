"""Conditions of bad combinations: pure functions of the facts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dataforge.verbs.doctor.facts import ON_CUDA, Device, Facts

MMCV = ("mmcv-full", "mmcv", "mmcv-lite", "onedl-mmcv")
MMDET = ("mmdet", "onedl-mmdetection")
MMENGINE = ("mmengine", "mmengine-lite", "onedl-mmengine")
OPENCV = (
    "opencv-python", "opencv-python-headless", "opencv-contrib-python",
    "opencv-contrib-python-headless",
)  # fmt: skip


def pair(facts: Facts) -> int | None:
    """The minor version of torchvision 0.x for a torch: 16 for 2.1; None before 2.0."""
    version = facts.version("torch")
    return 15 + version[1] if len(version) > 1 and version[0] == 2 else None


def supports(archs: Sequence[str], device: Device) -> bool:
    """Whether code of these architectures runs on a GPU.

    Binary code (``sm_80``) runs on GPUs of the same major version, from its minor version on;
    ``compute_80`` is compiled by the driver for any later GPU; ``sm_90a`` runs on 9.0 alone.
    """
    for arch in archs:
        kind, _, version = arch.partition("_")
        number = version.rstrip("abcdefghijklmnopqrstuvwxyz")
        if not number.isdecimal():
            continue
        major, minor = divmod(int(number), 10)
        if number != version:
            fits = (major, minor) == (device.major, device.minor)
        elif kind == "compute":
            fits = (major, minor) <= (device.major, device.minor)
        else:
            fits = major == device.major and minor <= device.minor
        if fits:
            return True
    return False


def has_mmcv(facts: Facts, major: int) -> bool:
    return any(facts.has(name, start=f"{major}.") for name in MMCV)


def has_mmdet(facts: Facts, major: int) -> bool:
    return any(facts.has(name, start=f"{major}.") for name in MMDET)


def is_mixed(facts: Facts, module: str, *marks: str) -> bool:
    """Whether a package has modules that only different generations of it have."""
    return set(marks) <= {*facts.contents.get(module, ())}


def stops_on_gpu(facts: Facts, pattern: str) -> bool:
    """Whether an operator of mmcv that runs on the CPU stops on the GPU, with such an error."""
    step = facts.tried.get("mmcv" + ON_CUDA)
    errors = step.operators.values() if step is not None else ()
    return facts.operators_work("mmcv") and any(re.search(pattern, error) for error in errors)


def has_several(facts: Facts, names: Sequence[str]) -> bool:
    return sum(name in facts.packages for name in names) > 1


def has_no_files(facts: Facts, module: str, names: Sequence[str]) -> bool:
    """Whether a package is listed as installed, but its files are gone."""
    return facts.has(*names) and "__init__" not in facts.contents.get(module, ())


def without_operators(facts: Facts) -> bool:
    return facts.works("mmcv") and not facts.tried["mmcv"].compiled


def is_of_another_torch(facts: Facts) -> bool:
    """Whether torchvision is not of this torch: it says so, or its version does."""
    made_for = facts.version("torchvision")[1:2]
    differs = pair(facts) is not None and bool(made_for) and made_for[0] != pair(facts)
    torchvision = facts.tried.get("torchvision")
    broken = torchvision is not None and (torchvision.error or any(torchvision.operators.values()))
    return (
        facts.works("torch")
        and bool(broken)
        and (differs or facts.fails("torchvision", _OTHER_BUILD))
    )


_OTHER_BUILD = r"torchvision::|undefined symbol|custom C\+\+ ops|CUDA major versions"
NO_DISPLAY = r"lib(GL|EGL|gthread|glib|SM|ICE|X\w+|xcb)\S*\.so.*cannot open shared object"
_NUMPY_ABI = (
    r"numpy\.core\.multiarray failed|_ARRAY_API not found|numpy\.dtype size changed|"
    r"compiled using NumPy 1|module that was compiled"
)


def is_of_another_numpy(facts: Facts) -> bool:
    return any(facts.fails(step, _NUMPY_ABI) for step in ("cv2", "pycocotools", "mmdet"))


def is_gpu_hidden(facts: Facts) -> bool:
    return bool(facts.gpus and not facts.torch.devices and facts.visible in ("", "-1"))


def is_gpu_unused(facts: Facts) -> bool:
    """Whether there is a GPU that torch, which works, cannot use, and nobody hid it."""
    usable = bool(facts.torch.devices)
    return bool(facts.gpus) and facts.works("torch") and not usable and not is_gpu_hidden(facts)


def has_nothing(facts: Facts) -> bool:
    """Whether there is no framework to train with."""
    return not facts.has("torchvision", *MMDET)
