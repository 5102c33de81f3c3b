"""Names that are not written as they should be, and which of them can be fixed."""

from __future__ import annotations

from typing import Any, cast

import pytest

from dataforge.findings import Edit, Finding, Place, Set
from dataforge.formats.base import Evidence
from dataforge.formats.labels import UntidyLabels, tidied
from dataforge.testing.driver import AnyLabel


class Aliases(AnyLabel):
    """Some labels mean the class of another, and some no class."""

    def __init__(self, table: dict[str, str | None]) -> None:
        self.table = table

    def same(self, label: str) -> str | None:
        return self.table.get(label, super().same(label))


def find(
    *files: list[str], table: dict[str, str | None] | None = None, **options: Any
) -> list[tuple[str, str]]:
    """(name with its file, what it becomes) of all findings."""
    labels = UntidyLabels(cast(Any, Aliases(table or {})), ".label", **options)
    findings: list[Finding] = []
    found: dict[str, list[Any]] = {}
    for file, names in enumerate(files):
        places = [Place(f"{file}", f"$[{at}]") for at, _ in enumerate(names)]
        for record in labels.in_file(names, places.__getitem__):
            if isinstance(record, Evidence):
                found.setdefault(record.kind, []).append(record.value)
            else:
                findings.append(record)
    findings += labels.finish(found)
    assert all(f.place.pointer.endswith(".label") for f in findings)
    return [(str(f.place).removesuffix(".label"), fix_of(f)) for f in findings]


def fix_of(finding: Finding) -> str:
    if not finding.edits:
        return ""
    (edit,) = finding.edits
    assert edit == Edit(
        Place(finding.file, finding.place.pointer.removesuffix(".label")), edit.action
    )
    assert isinstance(edit.action, Set)
    name: str = edit.action.values["label"]
    return name


@pytest.mark.parametrize(
    ("name", "new"),
    [(" cat\t", "cat"), ("ｃａｔ\u3000１", "cat 1"), ("ne\u0301", "né"), ("人", "人")],
)
def test_tidied(name: str, new: str) -> None:
    assert tidied(name) == new


def test_context_dependent_label_fixes_come_at_the_end() -> None:
    assert find(["ｄｏｇ", "cat "], ["ne\u0301", "fox", "", " "]) == [
        ("0::$[1]", "cat"),
        ("1::$[0]", "né"),
        ("0::$[0]", "dog"),
    ]


def test_full_width_letters_stay_where_another_class_has_the_name() -> None:
    assert find(["ｄｏｇ"], ["ｄｏｇ "]) == [("0::$[0]", "dog"), ("1::$[0]", "dog")]
    assert find(["ｄｏｇ"], ["dog"]) == [("0::$[0]", "")]
    assert find(["ｄｏｇ"], ["ｄog"]) == [("0::$[0]", ""), ("1::$[0]", "")]
    assert find(["ｄｏｇ"], table={"dog": "hound"}) == [("0::$[0]", "")]
    assert find(["ｄｏｇ"], table={"dog": "hound", "ｄｏｇ": "hound"}) == [("0::$[0]", "dog")]


def test_distinct_names_of_a_list_stay_distinct() -> None:
    assert find(["cat ", "cat"]) == [("0::$[0]", "cat")]
    assert find(["cat ", "cat", "dog "], declared=True) == [("0::$[0]", ""), ("0::$[2]", "dog")]


def test_look_alike_characters_are_shown_escaped() -> None:
    labels = UntidyLabels(cast(Any, AnyLabel()))
    findings = [*labels.in_file(["ne\u0301"], lambda _: Place("a.xml", "object[2]", line=7))]
    (finding,) = [one for one in findings if isinstance(one, Finding)]
    assert str(finding).startswith("a.xml:7: expected 'né', got 'ne\\u0301'; ")
