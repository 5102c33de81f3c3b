"""Makes docs/terminal.svg: what `dataforge check` shows on a terminal, for README.

python docs/terminal_picture.py
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

from rich.console import Console
from rich.text import Text

REPO = Path(__file__).parents[1]
COLUMNS = 96
SHOWN = "dataforge check sample_data/humanparts --max-findings 3"


def printed(command: list[str]) -> str:
    """What a command prints on a terminal, with its colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    environment = {**os.environ, "PYTHONPATH": str(REPO), "TERM": "xterm-256color"}
    process = subprocess.Popen(
        command, cwd=REPO, env=environment, stdout=theirs, stderr=subprocess.DEVNULL
    )
    os.close(theirs)
    data = b""
    try:
        while part := os.read(ours, 65_536):
            data += part
    except OSError:  # how Linux says that nobody writes there any longer
        pass
    process.wait()
    return data.decode().replace("\r\n", "\n")


def main() -> None:
    """Write the picture."""
    text = printed([sys.executable, "-m", *SHOWN.split()])
    console = Console(record=True, width=COLUMNS, force_terminal=True, file=io.StringIO())
    console.print(Text.from_ansi(f"$ {SHOWN}\n{text.rstrip()}"))
    picture = console.export_svg(title="dataforge")
    # Fonts of other servers would not be loaded within a page.
    picture = re.sub(r"@font-face \{.*?\}\n", "", picture, flags=re.DOTALL)
    (REPO / "docs" / "terminal.svg").write_text(picture, "utf-8")


if __name__ == "__main__":
    main()
