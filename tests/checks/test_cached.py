"""Every check's cases with `--cache`: what was kept gives the same report."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from casefile import Case, trees

from dataforge.io import tracing
from dataforge.verbs.check import CheckOptions, check

CASES = [pytest.param(case, tree, id=f"{case.code}-{tree}") for case, tree in trees("bad", "good")]


@pytest.mark.parametrize(("case", "tree"), CASES)
def test_what_was_kept_gives_the_same_report(
    case: Case, tree: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With all checks, of which one case sees much."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tracing, "_YOUNG", -1)
    case.unpack(tree, Path())
    config = Path(tree, "config.py")
    path = str(config if config.exists() else tree)
    options = msgspec.convert(case.options, CheckOptions)
    full = check(path, options)
    for _ in range(2):
        assert check(path, msgspec.structs.replace(options, cache="cache")) == full
    assert config.exists() or Path("cache").exists()
