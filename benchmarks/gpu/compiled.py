"""mmcv's own operators, compiled for the GPU that is there, in the background."""

from __future__ import annotations

import os
import subprocess
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from environments import make_environment

SOURCES = {"mmdet2": "mmcv[_-]full-*.tar.gz", "mmdet3": "mmcv-2*.tar.gz"}
JOBS = 6


class Build:
    """Builds mmcv for one framework with the lowest priority.

    Attributes:
        log: what the compilers say.
    """

    def __init__(
        self, framework: str, wheels: Path, work: Path, environ: Mapping[str, str]
    ) -> None:
        self.framework = framework
        self.wheels = wheels
        self.work = work
        self.folder = work / "compiled" / framework
        self.folder.mkdir(parents=True)
        (source,) = (wheels / "compiled").glob(SOURCES[framework])
        with tarfile.open(source) as archive:
            archive.extractall(self.folder / "source", filter="data")
        tools = self.folder / "tools"
        for wheel in (wheels / "compiled").glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(tools)
        self.python_path = make_environment(framework, work, wheels, str(self.folder / "site"))
        (tree,) = (self.folder / "source").iterdir()
        self.log = (self.folder / "log.txt").open("w", encoding="utf-8")
        self.process = subprocess.Popen(
            [str(self.python_path), "setup.py", "build", "--build-lib", str(self.folder / "site")],
            cwd=tree,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            preexec_fn=lambda: os.nice(19),
            env={
                **environ,
                "PYTHONPATH": str(tools),
                "MMCV_WITH_OPS": "1",
                "FORCE_CUDA": "1",
                "TORCH_CUDA_ARCH_LIST": "9.0",
                "MAX_JOBS": str(JOBS),
            },
        )

    @property
    def finished(self) -> bool:
        return self.process.poll() is not None

    def python(self) -> Path:
        """The Python that has what was built."""
        return self.python_path
