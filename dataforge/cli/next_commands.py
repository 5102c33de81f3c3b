"""What a person can run after ``dataforge register``."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from dataforge.frameworks import NOT_FROM_HERE, get_framework
from dataforge.shell import command_line, path_word
from dataforge.verbs.register import Plan

_LONGEST_LINE = 4096
"""Bytes of a script's first line, which names its Python."""


def next_commands(planned: Plan, python: str | None) -> Iterator[tuple[str, str]]:
    """(what for, command) for what was registered; the command is empty if it cannot be shown."""
    if python and os.path.dirname(python):
        python = os.path.abspath(python)  # the commands are for several folders
    runs = path_word(python or "python")
    dataforge = _dataforge(python) if python else ["dataforge"]
    for target in planned.targets:
        config = path_word(str(planned.out / target.config))
        yield "prove it: ", command_line(*dataforge, "smoke", config)
        framework = get_framework(target.framework)
        trainer = [framework.trainer] if framework.trainer else []
        where = f" in your checkout of {framework.title}:" if trainer else ""
        yield f"train it: {where}", command_line(runs, *trainer, config)
    option = ["--python", runs] if python else []
    name = planned.dataset.name
    words = [*option, "--", name] if name.startswith("-") else [name, *option]
    yield "undo it:  ", command_line("dataforge", "unregister", *words)


def _dataforge(python: str) -> list[str]:
    """Words that start a Python's dataforge, and nothing that lies in the working directory.

    That is often the dataset, and ``python -m dataforge`` would run a dataforge.py in it.
    """
    found = shutil.which(python) or python
    script = Path(os.path.abspath(found)).with_name("dataforge")
    with suppress(OSError, ValueError), script.open("rb") as stream:
        # A folder such as /usr/bin has several Pythons.
        if os.path.samefile(os.fsdecode(stream.readline(_LONGEST_LINE)[2:].strip()), found):
            return [str(script)]
    return [path_word(python), "-c", f"{NOT_FROM_HERE}; from dataforge.cli import main; main()"]
