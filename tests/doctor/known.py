"""Facts by hand: what Pythons that train have, and how each is spoiled."""

from __future__ import annotations

from typing import Any

import msgspec

from dataforge.verbs.doctor import Facts

GPU = ["NVIDIA H100 80GB HBM3", 9, 0]
RUN = {"nms": "", "RoIAlign": ""}
MMDET2 = {
    "torch": "2.1.2", "torchvision": "0.16.2", "mmcv-full": "1.7.2", "mmdet": "2.28.2",
    "numpy": "1.26.4", "opencv-python-headless": "4.11.0.86", "pycocotools": "2.0.11",
    "setuptools": "80.10.2", "yapf": "0.40.2",
}  # fmt: skip
MMDET3 = {
    **{name: version for name, version in MMDET2.items() if name != "mmcv-full"},
    "mmcv": "2.1.0", "mmdet": "3.3.0", "mmengine": "0.10.7",
}  # fmt: skip
LITE3 = {
    **{name: version for name, version in MMDET3.items() if name != "mmcv"},
    "mmcv-lite": "2.1.0", "torch": "2.14.1", "torchvision": "0.29.1", "numpy": "2.4.6",
}  # fmt: skip
TORCHVISION = {
    "torch": "2.11.0", "torchvision": "0.26.0", "numpy": "2.5.2", "pycocotools": "2.0.11"
}  # fmt: skip
NONE: dict[str, str] = {}

_MODULES = {"opencv-python-headless": "cv2", "opencv-python": "cv2"}
_INSIDE = {
    "mmcv-full": ["__init__", "_ext", "ops", "runner"], "mmcv": ["__init__", "_ext", "ops"],
    "mmcv-lite": ["__init__", "ops", "transforms"], "mmdet": ["__init__", "apis"],
}  # fmt: skip


def facts(packages: dict[str, str], **more: Any) -> Facts:
    """A Python that has these, all of which work.

    Args:
        packages: distribution -> version; those without a version are left out.
        more: fields of `Facts`; of those in `tried`, only what differs.
    """
    packages = {name: version for name, version in packages.items() if version}
    contents: dict[str, list[str]] = {}
    for name in packages:
        module = _MODULES.get(name, name.split("-")[0])
        if module not in ("setuptools", "yapf"):
            contents[module] = sorted({*contents.get(module, []), *_INSIDE.get(name, ["__init__"])})
    contents |= more.pop("contents", {})
    tried: dict[str, dict[str, Any]] = {module: {} for module in contents}
    tried.get("torch", {}).update(version=packages.get("torch", ""), cuda="12.1")
    tried.get("torchvision", {}).update(operators=RUN)
    if "mmcv" in tried:
        compiled = "_ext" in contents["mmcv"]
        tried["mmcv"].update(compiled=compiled, operators=RUN if compiled else {})
    for step, differs in more.pop("tried", {}).items():
        tried.setdefault(step, {}).update(differs)
    given = {
        "executable": "/python",
        "python": "3.11.7",
        "packages": packages,
        "contents": contents,
        "tried": {step: {"step": step, **fields} for step, fields in tried.items()},
    }
    return msgspec.convert({**given, **more}, Facts)
