"""What a Python has, and what of it works: plain data, from which `judge` draws its conclusions."""

from __future__ import annotations

import re

import msgspec

ON_CUDA = " on cuda"
"""Ends the name of a step that is taken on the GPU."""


class Gpu(msgspec.Struct, frozen=True, array_like=True):
    """A GPU that the driver knows; texts as `nvidia-smi` has them.

    Attributes:
        name: of the card.
        driver: version of the driver.
        capability: compute capability, such as ``9.0``.
    """

    name: str
    driver: str = ""
    capability: str = ""


class Device(msgspec.Struct, frozen=True, array_like=True):
    """A GPU that torch can use; its compute capability is `major`.`minor`."""

    name: str
    major: int
    minor: int


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an import.

    Attributes:
        step: what was tried, a key of the probe's `STEPS`.
        error: type and text of what it raised; of a process that ended, how; empty if it worked.
        version: what the module says its version is.
        cuda, hip: what torch is built for; None if it is built without.
        cuda_of_driver: the newest CUDA that the driver supports.
        archs: what torch has code for, such as ``sm_90`` and ``compute_90``.
        devices: GPUs that torch can use.
        numpy_error: why torch and numpy cannot share an array.
        cuda_error: why torch cannot use a GPU, if it is built for CUDA.
        compiled: mmcv has compiled operators.
        operators: operator -> what is wrong with it, forward and backward; empty if nothing is.
    """

    step: str
    error: str = ""
    version: str = ""
    cuda: str | None = None
    hip: str | None = None
    cuda_of_driver: str = ""
    archs: list[str] = []
    devices: list[Device] = []
    numpy_error: str = ""
    cuda_error: str = ""
    compiled: bool = False
    operators: dict[str, str] = {}


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a Python has.

    Attributes:
        executable: its path.
        python: its version.
        implementation: such as ``CPython``.
        free_threaded: it is built without the global lock.
        platform: system, machine and C library, in words.
        packages: distribution in lower case, with hyphens -> version.
        contents: module that can be found -> the modules inside it, for mmcv, mmdet and mmengine.
        gpus: that the driver knows.
        visible: value of CUDA_VISIBLE_DEVICES; None if it is not set.
        tried: step -> what became of it.
    """

    executable: str
    python: str
    implementation: str = "CPython"
    free_threaded: bool = False
    platform: str = ""
    packages: dict[str, str] = {}
    contents: dict[str, list[str]] = {}
    gpus: list[Gpu] = []
    visible: str | None = None
    tried: dict[str, Tried] = {}

    def has(self, *packages: str, start: str = "") -> bool:
        """Whether one of these distributions is installed, in a version that begins so."""
        return any(
            name in self.packages and self.packages[name].startswith(start) for name in packages
        )

    def version(self, *packages: str) -> tuple[int, ...]:
        """The version of the first of these that is installed, as numbers; () if none is."""
        for name in packages:
            if name in self.packages:
                return numbers(self.packages[name])
        return ()

    def fails(self, step: str, pattern: str = "") -> bool:
        """Whether a step failed, with an error that has this in it."""
        error = self.tried[step].error if step in self.tried else ""
        return bool(error and re.search(pattern, error))

    def works(self, step: str) -> bool:
        """Whether a step was taken, and did not fail."""
        return step in self.tried and not self.tried[step].error

    @property
    def torch(self) -> Tried:
        """What torch says of itself; of nothing, if it cannot be imported."""
        return self.tried.get("torch", Tried(step="torch"))

    def operators_work(self, owner: str, device: str = "cpu") -> bool:
        """Whether nms and RoIAlign of mmcv or torchvision run on `cpu` or `cuda`."""
        step = self.tried.get(owner + ON_CUDA * (device == "cuda"))
        return step is not None and bool(step.operators) and not any(step.operators.values())


def numbers(version: str) -> tuple[int, ...]:
    """The release numbers of a version.

    >>> numbers("2.14.1+cu130"), numbers("2.2.0rc1"), numbers("unknown")
    ((2, 14, 1), (2, 2, 0), ())
    """
    release = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, release[0].split("."))) if release else ()
