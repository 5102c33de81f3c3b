"""A Python with fake packages: an environment of its own, and what lies in its site-packages."""

from __future__ import annotations

import venv
from pathlib import Path

from helpers import write

TORCH = """
__version__ = "2.14.1"
class version: cuda = hip = None
class cuda: is_available = staticmethod(lambda: False)
"""

TORCH_ON_GPU = """
__version__ = "2.11.0"
class version: cuda = "13.0"; hip = None
class cuda:
    is_available = staticmethod(lambda: True)
    get_arch_list = staticmethod(lambda: ["sm_80", "sm_90"])
    device_count = staticmethod(lambda: 1)
    get_device_name = staticmethod(lambda number: "NVIDIA H100 80GB HBM3")
    get_device_capability = staticmethod(lambda number: (9, 0))
class _C: _cuda_getDriverVersion = staticmethod(lambda: 13000)
def ones(*shape, device): raise RuntimeError(f"CUDA error on {device}")
def tensor(values, device): raise RuntimeError(f"no tensor on {device}")
arange = tensor
"""


def fake_python(folder: Path, packages: dict[str, str], modules: dict[str, str]) -> str:
    """Make an environment.

    Args:
        folder: to make it in.
        packages: distribution -> version.
        modules: file -> its text.
    """
    venv.create(folder)
    (site,) = folder.glob("lib/python*/site-packages")
    for name, version in packages.items():
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        write(site / f"{name.replace('-', '_')}-{version}.dist-info" / "METADATA", text)
    for file, text in modules.items():
        write(site / file, text)
    return str(folder / "bin" / "python")
