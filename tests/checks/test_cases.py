"""Every check on its cases, ``cases/<group>/<code>.txt``; casefile.py says how they are written.

`DATAFORGE_UPDATE_GOLDEN=1 pytest tests/checks/test_cases.py tests/checks/test_fixes.py` writes down
what is found and fixed: read the diff.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from casefile import UPDATE, Case, cases, trees

from dataforge.codes import code, codes
from dataforge.findings import Finding
from dataforge.verbs.check import CheckOptions, CheckReport, check

# Groups of codes that `check` does not print.
OTHER_VERBS = {"smoke", "writing"}

# Codes without cases, and where they are tested instead.
WITHOUT_CASES = {
    "coords": "says how boxes are read, and is no finding: test_voc.py",
    "dangling-link": "needs a link: test_planted.py",
    "image-folder": "says where images are, and is no finding: formats/coco/test_read.py",
    "keypoint-says-more": "needs --keypoints: formats/labelme/test_poses.py",
    "label-attribute": "says what the class is, and is no finding: formats/via/test_read.py",
    "labels-of-same-image": "needs two folders of labels: formats/dota/test_dota.py",
    "layout": "says where things are, and is no finding: cli/test_check.py",
    "name-not-utf8": "its file would not survive an archive: test_convert.py",
    "name-too-long": "comes with others, on the missing image: endurance/test_names.py",
    "no-keypoint": "needs --keypoints: formats/labelme/test_poses.py",
    "normalised-corners": "says how corners are read: formats/dota/test_dota.py",
    "not-read-in-full": "needs a file that changes: test_check.py",
    "other-format": "only `convert` and `split` say it: cases/test_other_formats.py",
    "ratios-not-met": "only `split` says it: test_split.py",
    "too-many-objects": "needs 50,000 of them: formats/test_too_many_objects.py",
    "several-annotations": "says which is read: formats/labelstudio/test_read.py",
    "table-dialect": "says how tables are read, and is no finding: formats/csv/test_read.py",
    "unusable-key": "needs a bucket: io/test_store.py",
}


def parameters(*kinds: str) -> list[Any]:
    """Every tree of these kinds, as parameters of a test."""
    return [pytest.param(case, tree, id=f"{case.code}-{tree}") for case, tree in trees(*kinds)]


def line(finding: Finding) -> str:
    """A finding as it is written down."""
    lost = f" ({finding.lost} lost)" if finding.lost else ""
    return f"{finding.severity}{lost} {finding}"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trees are unpacked and named here, so that no path is in a finding."""
    monkeypatch.chdir(tmp_path)
    # What is said of a missing module depends on it: test_config.py.
    monkeypatch.setattr("dataforge.mmconfig.data.installed", lambda generation: None)


def run(case: Case, tree: str) -> CheckReport:
    """Its check on a tree, alone."""
    case.unpack(tree, Path())
    config = Path(tree, "config.py")
    options = msgspec.convert({"select": [case.code]} | case.options, CheckOptions)
    return check(str(config if config.exists() else tree), options)


@pytest.mark.parametrize(("case", "tree"), parameters("good"))
def test_good_case_has_no_findings(case: Case, tree: str) -> None:
    report = run(case, tree)
    assert [line(finding) for finding in report.findings] == []
    assert report.counts == {}


@pytest.mark.parametrize(("case", "tree"), parameters("bad", "fixed"))
def test_findings_in_bad_and_fixed_cases(case: Case, tree: str) -> None:
    findings = run(case, tree).findings
    assert {finding.code for finding in findings} <= {case.code}
    assert findings or tree not in case.trees("bad")
    found = [line(finding) for finding in findings]
    if UPDATE:
        case.expect(tree, found)
    assert found == case.expected(tree)


def test_every_code_has_good_and_bad_cases() -> None:
    """If this fails: a code has no case, or one in `WITHOUT_CASES` has got some."""
    assert [case.code for case in cases() if not (case.trees("good") and case.trees("bad"))] == []
    tried = {case.code for case in cases()}
    of_check = {name for name in codes() if code(name).group not in OTHER_VERBS}
    assert tried | WITHOUT_CASES.keys() == of_check
    assert not tried & WITHOUT_CASES.keys()


def test_cases_are_in_the_folder_of_their_group() -> None:
    assert [case.path for case in cases() if case.group != code(case.code).group] == []


@pytest.mark.parametrize("case", [pytest.param(case, id=case.code) for case in cases()])
def test_case_has_only_known_parts(case: Case) -> None:
    """A part with a misspelt name would never be read."""
    bad = case.trees("bad")
    assert {tree.replace("fixed", "bad", 1) for tree in case.trees("fixed")} <= set(bad)
    read = {tree for kind in ("good", "bad", "fixed") for tree in case.trees(kind)}
    known = {f"expect {tree}" for tree in read if "good" not in tree} | {"options.toml"}
    names = [section.name for section in case.sections]
    assert {name for name in names if name.split("/")[0] not in read | known} == set()
    assert [
        section.name for section in case.sections if section.how and "/" not in section.name
    ] == []
    images = [section for section in case.sections if section.how.startswith("image")]
    assert [section.name for section in images if section.text] == []
