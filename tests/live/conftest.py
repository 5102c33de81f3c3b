"""The sample data, registered in each framework, for what runs their models."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial

import pytest
from command_line import Cli, run_cli
from helpers import SAMPLE
from smoke_data import Registered, register_here


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Registered]:
    """Framework -> sample_data/humanparts, registered for its Faster R-CNN."""
    made: dict[str, Registered] = {}

    def get(framework: str) -> Registered:
        if framework not in made:
            folder = tmp_path_factory.mktemp(f"live_{framework}")
            shutil.copytree(SAMPLE / "humanparts", folder / "data")
            name = f"Live{framework.title()}"
            where = (folder / "data", folder / "out")
            made[framework] = register_here(name, *where, framework, layout="humanparts")
        return made[framework]

    return get


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line in this process."""
    return partial(run_cli, capsys)
