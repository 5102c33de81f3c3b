"""mmcv's own operators, compiled for the GPU that is there, in the background."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

from environments import make_environment
from processes import end

SOURCES = {"mmdet2": "mmcv[_-]full-*.tar.gz", "mmdet3": "mmcv-2*.tar.gz"}


class Build:
    """Builds mmcv for one framework with the lowest priority.

    Attributes:
        python: of an environment that has what is built, and the framework's registrations.
    """

    def __init__(
        self, framework: str, wheels: Path, work: Path, registered: Path, environ: Mapping[str, str]
    ) -> None:
        """Start it.

        Args:
            framework: mmdet2 or mmdet3.
            wheels: made by wheels.sh.
            work: gets the folders.
            registered: a Python whose registrations count.
            environ: of all processes.
        """
        self.stopped = False
        folder = work / "compiled" / framework
        folder.mkdir(parents=True)
        (source,) = (wheels / "compiled").glob(SOURCES[framework])
        with tarfile.open(source) as archive:
            archive.extractall(folder / "source", filter="data")
        self.python = make_environment(framework, work, wheels, str(folder / "site"))
        for line in registered.parents[1].glob("lib/python*/site-packages/dataforge_*.pth"):
            (packages,) = self.python.parents[1].glob("lib/python*/site-packages")
            shutil.copy(line, packages)
        self.log = folder / "log.txt"
        (tree,) = (folder / "source").iterdir()
        words = [str(self.python), "setup.py", "build", "--build-lib", str(folder / "site")]
        with self.log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["nice", "-n", "19", *words],
                cwd=tree,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env={**environ, **_settings(environ)},
            )

    @property
    def finished(self) -> bool:
        """Whether there is nothing to wait for."""
        return self.process.poll() is not None

    def stop(self) -> None:
        """End it; a finished one stays as it is."""
        if not self.finished:
            end(self.process)
            self.stopped = True

    @property
    def problem(self) -> str:
        """Why it cannot be used; nothing if it can."""
        if self.stopped:
            return "was not compiled in time"
        if not self.process.returncode:
            return ""
        lines = self.log.read_text("utf-8", "replace").splitlines()
        errors = [line for line in lines if re.search(r"\berror\b", line, re.IGNORECASE)]
        return f"does not compile: {[*errors, *lines[-1:], ''][0][:300]}"


def _settings(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that mmcv's setup.py and torch's build extension read."""
    settings = {
        "MMCV_WITH_OPS": "1",
        "FORCE_CUDA": "1",
        "TORCH_CUDA_ARCH_LIST": "9.0",
        "MAX_JOBS": str(max(1, (os.cpu_count() or 1) - 4)),
        "CFLAGS": "-O1 -g0",
        # For ninja, which may stand beside the Python that has torch.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), environ.get("PATH", "")]),
    }
    toolkits = sorted(Path("/usr/local").glob("cuda*/include/cuda_runtime.h"))
    if toolkits:
        settings["CUDA_HOME"] = str(toolkits[-1].parents[1])
    # A toolkit of nvcc alone lacks the headers of cuBLAS and the like, which torch's wheels bring.
    headers = [
        str(folder / "include")
        for path in sys.path
        for folder in sorted(Path(path).glob("nvidia/cu*"))
        if (folder / "include").is_dir()
    ]
    settings["CPATH"] = os.pathsep.join([*headers, environ.get("CPATH", "")]).strip(os.pathsep)
    return settings
