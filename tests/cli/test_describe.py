"""Options of `dataforge describe`, which are settled before any framework is looked for."""

from __future__ import annotations

import pytest
from command_line import run_cli


@pytest.mark.parametrize("size", ["31x800", "800x0", "100000x800", "800", "axb", "-5x800"])
def test_an_image_size_that_is_none_is_refused(
    capsys: pytest.CaptureFixture[str], size: str
) -> None:
    done = run_cli(capsys, "describe", "none.py", "--image-size", size)
    assert done.returncode == 2
    assert f"--image-size {size}: must be WIDTHxHEIGHT" in done.stderr
    assert "each from 32 to 99999" in done.stderr
