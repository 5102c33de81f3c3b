"""``dataforge.toml`` and what is selected."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import write

from dataforge.checks import Ignore, Selection, find_settings, load_settings
from dataforge.codes import code, codes
from dataforge.errors import UsageError
from dataforge.findings import Finding, Place


def finding(name: str, file: str = "a.json") -> Finding:
    return Finding(code=name, severity="error", place=Place(file), message="")


def test_everything_is_selected_by_default() -> None:
    selection = Selection((), ())
    assert selection.codes() == codes()
    assert selection.takes(finding("of-another-package"))


def test_codes_and_groups_are_selected_and_ignored() -> None:
    selection = Selection(("boxes", "duplicate-image"), (Ignore(code="zero-area"),))
    assert selection.takes(finding("outside-image"))
    assert selection.takes(finding("duplicate-image"))
    assert not selection.takes(finding("zero-area"))
    assert not selection.takes(finding("look-alike-labels"))
    assert not selection.takes(finding("of-another-package"))


def test_image_checks_are_deselected_without_opening_images() -> None:
    selection = Selection((), ())
    opened = {name for name in codes() if code(name).opens == "images"}
    decoded = {name for name in codes() if code(name).opens == "pixels"}
    assert opened
    assert decoded
    assert set(selection.codes(pixels=False)) == {*codes()} - decoded
    assert set(selection.codes(images=False)) == {*codes()} - decoded - opened


def test_findings_are_ignored_per_file() -> None:
    selection = Selection((), (Ignore(code="boxes", files="old/*"),))
    assert selection.has("zero-area")
    assert not selection.takes(finding("zero-area", "old/a/b.json"))
    assert selection.takes(finding("zero-area", "new/old/b.json"))
    assert selection.takes(finding("look-alike-labels", "old/a.json"))


def test_settings_are_those_where_the_user_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    above = write(tmp_path / "dataforge.toml")
    (tmp_path / "work").mkdir()
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    assert find_settings(tmp_path / "data") == (above, [])
    assert find_settings(None) == (above, [])
    own = write(tmp_path / "data" / "dataforge.toml")
    assert find_settings(tmp_path / "data") == (above, [own])
    monkeypatch.chdir(tmp_path / "data")
    assert find_settings(tmp_path / "data") == (above, [own])
    assert find_settings(tmp_path / "data", data=False) == (own, [])
    assert find_settings(tmp_path) == (None, [above, own])


def test_settings_are_read(tmp_path: Path) -> None:
    text = """
        [check]
        select = ["boxes"]
        ignore = [{ code = "zero-area", reason = "points" }]
        per-file = [{ files = "old/*", code = "boxes", reason = "replaced" }]
    """
    settings = load_settings(write(tmp_path / "dataforge.toml", text))
    assert settings.select == ("boxes",)
    assert settings.ignore == (Ignore(code="zero-area", reason="points"),)
    assert settings.per_file == (Ignore(code="boxes", reason="replaced", files="old/*"),)


@pytest.mark.parametrize(
    ("table", "said"), [("chek", "did you mean 'check'"), ("other", r"expected \[check\]")]
)
def test_another_table_is_an_error(tmp_path: Path, table: str, said: str) -> None:
    with pytest.raises(UsageError, match=rf"no table \[{table}\]; {said}"):
        load_settings(write(tmp_path / "dataforge.toml", f"[{table}]\nx = 1\n"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ignore = [{ code = 'zero-area' }]", "ignoring 'zero-area' requires reason"),
        ("ignore = [{ code = 'zero-area', reason = ' ' }]", "requires reason"),
        ("ignore = ['zero-area']", "expected select"),
        ("ignore = [{ code = 'x', reason = 'y', files = 'z' }]", "belongs in per-file"),
        ("per-file = [{ code = 'x', reason = 'y' }]", "per-file requires"),
        ("selekt = []", "selekt"),
    ],
)
def test_settings_that_are_not_understood(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        load_settings(write(tmp_path / "dataforge.toml", f"[check]\n{line}\n"))
