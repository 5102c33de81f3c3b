"""``cli``: the command line in this process."""

from __future__ import annotations

from functools import partial

import pytest
from command_line import Cli, run_cli


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    return partial(run_cli, capsys)
