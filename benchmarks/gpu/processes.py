"""Ending a process with all that it has started."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that was started with a session of its own, and everything in that session.

    Not only its process group: ninja gives each compiler a group of its own.
    """
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(ProcessLookupError, PermissionError):
            if os.getsid(int(folder.name)) == process.pid:
                os.kill(int(folder.name), signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
