"""mmcv's own operators, compiled for the GPU that is there, in the background."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

from environments import make_environment

SOURCES = {"mmdet2": "mmcv[_-]full-*.tar.gz", "mmdet3": "mmcv-2*.tar.gz"}
JOBS = 6


class Build:
    """Builds mmcv for one framework with the lowest priority.

    Attributes:
        python: of the environment that has what is built.
        seconds: that it took so far.
    """

    def __init__(
        self, framework: str, wheels: Path, work: Path, environ: Mapping[str, str]
    ) -> None:
        self.stopped = False
        self.folder = work / "compiled" / framework
        self.folder.mkdir(parents=True)
        (source,) = (wheels / "compiled").glob(SOURCES[framework])
        with tarfile.open(source) as archive:
            archive.extractall(self.folder / "source", filter="data")
        self.python = make_environment(framework, work, wheels, str(self.folder / "site"))
        (tree,) = (self.folder / "source").iterdir()
        self.log = (self.folder / "log.txt").open("w", encoding="utf-8")
        self.process = subprocess.Popen(
            [
                "nice",
                "-n",
                "19",
                str(self.python),
                "setup.py",
                "build",
                "--build-lib",
                str(self.folder / "site"),
            ],
            cwd=tree,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env={
                **environ,
                "MMCV_WITH_OPS": "1",
                "FORCE_CUDA": "1",
                "TORCH_CUDA_ARCH_LIST": "9.0",
                "MAX_JOBS": str(JOBS),
            },
        )

    @property
    def finished(self) -> bool:
        """Whether there is nothing to wait for."""
        return self.process.poll() is not None

    def stop(self) -> None:
        """End it; a finished one stays as it is."""
        if not self.finished:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.stopped = True

    @property
    def problem(self) -> str:
        """Why it cannot be used; nothing if it can."""
        if self.stopped:
            return "was not compiled in time"
        errors = [
            line
            for line in (self.folder / "log.txt").read_text("utf-8", "replace").splitlines()
            if re.search(r"\berror\b", line, re.IGNORECASE)
        ]
        return f"does not compile: {errors[0][:300]}" if self.process.returncode else ""
