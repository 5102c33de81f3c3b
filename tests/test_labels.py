"""Which class a label means."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from helpers import write

from dataforge.errors import ParseError, UsageError
from dataforge.labels import ClassMap, Unknown, load_aliases, load_names
from dataforge.records import Finding, Image, Instance


def image(*labels: str, parts: int = 1) -> Image:
    instances = tuple(
        Instance(label=label, box=(0, 0, 1, 1), area=1, parts=parts, where=f"$.shapes[{index}]")
        for index, label in enumerate(labels)
    )
    return Image(file_name="a.jpg", width=9, height=9, instances=instances, source="a.json")


def applied(classes: ClassMap, *labels: str) -> list[str]:
    return [instance.label for instance in classes.apply(image(*labels)).instances]


def test_without_names_every_label_is_a_class_sorted() -> None:
    classes = ClassMap()
    assert applied(classes, " dog ", "Cat", "cat", "dog") == ["dog", "Cat", "cat", "dog"]
    assert classes.names() == ["Cat", "cat", "dog"]
    assert list(classes.findings()) == []


def test_declared_names_keep_their_order_used_or_not() -> None:
    classes = ClassMap(["zebra", " ape ", "cat"])
    assert applied(classes, "cat", " zebra") == ["cat", "zebra"]
    assert classes.names() == ["zebra", "ape", "cat"]


def test_aliases_and_case() -> None:
    classes = ClassMap(["person", "Hand"], {"person": ["pedestrian", "人"]}, ignore_case=True)
    assert applied(classes, "PEDESTRIAN", "人", "Person", "hand") == ["person"] * 3 + ["Hand"]
    assert applied(ClassMap(["cat"]), "Cat") == []  # as written, unless told otherwise


def test_aliases_without_names_still_map() -> None:
    classes = ClassMap(None, {"person": ["man", "woman"]})
    assert applied(classes, "man", "dog", "person") == ["person", "dog", "person"]
    assert classes.names() == ["dog", "person"]


def test_composed_and_decomposed_letters_are_one_label() -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    assert unicodedata.normalize("NFC", decomposed) == composed != decomposed
    assert applied(ClassMap([composed]), decomposed) == [composed]
    assert applied(ClassMap(), composed, decomposed) == [composed, composed]


@pytest.mark.parametrize(
    ("policy", "kept", "names", "severities"),
    [
        ("error", ["cat"], ["cat", "bird"], ["error", "error"]),
        ("ignore", ["cat"], ["cat", "bird"], ["note", "note"]),
        ("add", ["cat", "dog", "cet", "cet"], ["cat", "bird", "cet", "dog"], []),
    ],
)
def test_unknown_labels(
    policy: Unknown, kept: list[str], names: list[str], severities: list[str]
) -> None:
    classes = ClassMap(["cat", "bird"], unknown=policy)
    assert applied(classes, "cat", "dog", "cet", "cet") == kept
    assert classes.names() == names
    findings = list(classes.findings())
    assert [finding.severity for finding in findings] == severities
    if findings:
        cet, dog = findings
        assert (cet.code, cet.lost, cet.file, cet.where) == (
            "unknown-label", 2, "a.json", "$.shapes[2]",
        )  # fmt: skip
        assert "did you mean 'cat'?" in cet.remedy
        assert dog.lost == 1
        assert "did you mean" not in dog.remedy


def test_a_left_out_group_counts_all_its_shapes() -> None:
    classes = ClassMap(["cat"])
    classes.apply(image("dog", parts=3))
    assert [finding.lost for finding in classes.findings()] == [3]


def test_an_empty_label_is_a_finding_even_where_all_labels_are_taken() -> None:
    classes = ClassMap()
    assert applied(classes, "", "  ", "cat") == ["cat"]
    (finding,) = classes.findings()
    assert (finding.code, finding.severity, finding.lost) == ("empty-label", "error", 2)


def test_labels_to_skip_are_counted_in_a_note() -> None:
    classes = ClassMap(["cat"], skipped=["none"], ignore_case=True)
    assert applied(classes, "cat", "None ", "none") == ["cat"]
    findings = list(classes.findings())
    assert {finding.code for finding in findings} == {"skipped-label"}
    assert {finding.severity for finding in findings} == {"note"}
    assert sum(finding.lost for finding in findings) == 2


def test_applying_changes_no_record() -> None:
    before = image(" cat ", "dog")
    after = ClassMap(["cat"]).apply(before)
    assert [instance.label for instance in before.instances] == [" cat ", "dog"]
    assert after is not before


@pytest.mark.parametrize(
    ("names", "aliases", "said"),
    [
        (["cat", "dog", "cat "], {}, "'cat' is declared twice"),
        (["cat"], {"dog": ["hound"]}, "'dog', which is not among the classes"),
        (["cat", "dog"], {"cat": ["pet"], "dog": ["pet"]}, "belongs to 'cat' and 'dog'"),
        (["cat", "dog"], {"cat": ["dog"]}, "belongs to 'dog' and 'cat'"),
    ],
)
def test_contradictions_are_refused(
    names: list[str], aliases: dict[str, list[str]], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        ClassMap(names, aliases)


def test_ignore_case_finds_the_same_class_twice() -> None:
    ClassMap(["Cat", "cat"])
    with pytest.raises(UsageError, match="declared twice"):
        ClassMap(["Cat", "cat"], ignore_case=True)


# Files -----------------------------------------------------------------------------------------


def test_load_names_of_labelmes_own_file(tmp_path: Path) -> None:
    path = write(
        tmp_path / "labels.txt", "\ufeff__ignore__\r\n_background_\r\n person \r\n\r\n手\r\n"
    )
    names, skipped = load_names(str(path))
    assert names == ["person", "手"]
    assert skipped == ["__ignore__", "_background_"]


def test_load_names_of_a_list() -> None:
    assert load_names("b, a,two words")[0] == ["b", "a", "two words"]
    assert load_names(None)[0] is None


def test_a_list_longer_than_a_file_name_can_be() -> None:
    names = [f"class_{number:03}" for number in range(600)]  # 600 * 10 letters
    assert load_names(",".join(names))[0] == names


@pytest.mark.parametrize("source", ["absent.txt", "no/such/names", "", " , ", "__ignore__"])
def test_load_names_of_nothing(source: str) -> None:
    with pytest.raises(UsageError):
        load_names(source)


def test_a_labels_file_that_is_no_utf8(tmp_path: Path) -> None:
    path = write(tmp_path / "labels.txt", "人物\n".encode("gb18030"))
    with pytest.raises(UsageError, match="UTF-8"):
        load_names(str(path))


@pytest.mark.parametrize(
    "content", ["person = ['man', 'woman']", "[aliases]\nperson = ['man', 'woman']"]
)
def test_load_aliases(tmp_path: Path, content: str) -> None:
    assert load_aliases(write(tmp_path / "a.toml", content)) == {"person": ["man", "woman"]}


@pytest.mark.parametrize(
    ("content", "error"), [("person = 'man'", UsageError), ("person = [", ParseError)]
)
def test_load_aliases_of_something_else(
    tmp_path: Path, content: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"a\.toml"):
        load_aliases(write(tmp_path / "a.toml", content))


def test_findings_are_in_the_order_of_labels() -> None:
    classes = ClassMap(["cat"])
    applied(classes, "zebra", "ape")
    assert [finding.where for finding in classes.findings()] == ["$.shapes[1]", "$.shapes[0]"]
    assert all(isinstance(finding, Finding) for finding in classes.findings())
