"""Every check on the cases of its folder: ``cases/<code>/good*``, ``bad*`` and ``fixed*``.

A case is a dataset, or a folder with a ``config.py``. Beside them, ``options.toml`` may hold fields
of `CheckOptions`. What a bad case gives stands in ``report.json``, that of ``bad_x`` in
``report_x.json``; `DATAFORGE_UPDATE_GOLDEN=1 pytest tests/checks` writes them anew: read the diff.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dataforge.check import CheckOptions, CheckReport, check
from dataforge.checks.table import checks
from dataforge.io.files import load_toml, write_json

CASES = Path(__file__).parent / "cases"

# Groups of codes that `check` does not print.
OTHER_VERBS = {"smoke", "writing"}

# Codes without a folder, and where they are tested instead.
WITHOUT_CASES = {
    "coords": "says how boxes are read, and is no finding: test_voc.py",
    "image-folder": "says where images are, and is no finding: test_coco_read.py",
    "layout": "says where things are, and is no finding: cli/test_check.py",
    "name-not-utf8": "its file would not survive an archive: test_convert.py",
    "not-read-in-full": "needs a file that changes: test_check.py",
}


def cases(kind: str) -> list[Any]:
    """Every case of a kind, as a parameter of a test."""
    return [
        pytest.param(path, id=f"{path.parent.name}-{path.name}")
        for path in sorted(CASES.glob(f"*/{kind}*"))
        if path.is_dir()
    ]


def run(case: Path) -> CheckReport:
    """Its check on a case, alone, seen from the folder above so that no path is in the report."""
    os.chdir(case.parent)
    said = load_toml(Path("options.toml")) if Path("options.toml").exists() else {}
    config = Path(case.name, "config.py")
    options = msgspec.convert({"select": [case.parent.name]} | said, CheckOptions)
    return check(str(config if config.exists() else case.name), options)


@pytest.fixture(autouse=True)
def _come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(".")
    # What is said of a missing module depends on it: test_config.py.
    monkeypatch.setattr("dataforge.mmconfig.data.installed", lambda generation: None)


@pytest.mark.parametrize("case", [*cases("good"), *cases("fixed")])
def test_nothing_is_found_in_good(case: Path) -> None:
    report = run(case)
    assert [str(finding) for finding in report.findings] == []
    assert report.counts == {}


@pytest.mark.parametrize("case", cases("bad"))
def test_what_is_found_in_bad(case: Path) -> None:
    report = run(case)
    assert {finding.code for finding in report.findings} == {case.parent.name}
    golden = case.with_name(f"report{case.name.removeprefix('bad')}.json")
    if os.environ.get("DATAFORGE_UPDATE_GOLDEN") == "1":
        write_json(golden, report)
    assert msgspec.json.decode(golden.read_bytes()) == msgspec.to_builtins(report)


def test_every_code_has_good_and_bad_cases() -> None:
    """If this fails: a code has no case, or one in `WITHOUT_CASES` has got some."""
    good = {path.parent.name for path in CASES.glob("*/good*")}
    bad = {path.parent.name for path in CASES.glob("*/bad*") if path.is_dir()}
    assert good == bad
    of_check = {row.code for row in checks().values() if row.group not in OTHER_VERBS}
    assert good | WITHOUT_CASES.keys() == of_check
    assert not good & WITHOUT_CASES.keys()


def test_every_code_that_is_fixed_has_fixed_cases() -> None:
    """`fixed_x` is what ``--fix`` makes of `bad_x`."""
    fixed = {path.parent.name for path in CASES.glob("*/fixed*")}
    assert fixed == {row.code for row in checks().values() if row.fix}


def test_no_golden_is_left_over() -> None:
    bad = {path for path in CASES.glob("*/bad*") if path.is_dir()}
    wanted = {path.with_name(f"report{path.name.removeprefix('bad')}.json") for path in bad}
    assert {*CASES.glob("*/report*.json")} == wanted
