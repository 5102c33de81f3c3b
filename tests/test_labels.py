"""Which class a label means."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from dataforge.classes.resolver import ClassMap, Unknown, look_alikes
from dataforge.errors import UsageError
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
    assert [finding.code for finding in classes.findings()] == ["look-alike-labels"]


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
    # what else is said of unknown labels does not help here
    assert finding.remedy == "give it a label in the tool that it was marked with"
    assert applied(ClassMap(["cat"], {"cat": [""]}, unknown="add"), "", "cat") == ["cat"]


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


def test_findings_are_in_the_order_of_labels() -> None:
    classes = ClassMap(["cat"])
    applied(classes, "zebra", "ape")
    assert [finding.where for finding in classes.findings()] == ["$.shapes[1]", "$.shapes[0]"]
    assert all(isinstance(finding, Finding) for finding in classes.findings())


# Dropping and merging --------------------------------------------------------------------------


def test_dropped_classes_are_counted_and_are_no_classes() -> None:
    classes = ClassMap(["person", "bg", "hand"], {"bg": ["Background"]}, dropped=["bg"])
    assert applied(classes, "person", "bg", "Background", "hand", "bg") == ["person", "hand"]
    assert classes.names() == ["person", "hand"]
    assert classes.spellings() == {"person": "person", "hand": "hand"}
    found = [(f.code, f.severity, f.lost, f.where) for f in classes.findings()]
    assert found == [
        ("dropped-class", "note", 1, "$.shapes[2]"),  # by label: Background, then bg
        ("dropped-class", "note", 2, "$.shapes[1]"),
    ]


def test_a_dropped_class_need_not_be_declared() -> None:
    classes = ClassMap(["person"], dropped=["background"])
    assert applied(classes, "background", "person") == ["person"]
    assert [finding.severity for finding in classes.findings()] == ["note"]
    taken = ClassMap(dropped=["background"])
    assert applied(taken, "background", "person", "dog") == ["person", "dog"]
    assert taken.names() == ["dog", "person"]


@pytest.mark.parametrize(
    ("names", "merged", "wanted"),
    [
        (
            ["person", "hand", "head", "foot"],
            {"limb": ["hand", "foot"]},
            ["person", "limb", "head"],
        ),
        (["person", "hand", "head", "foot"], {"foot": ["hand"]}, ["person", "foot", "head"]),
        (["head", "man", "person"], {"person": ["man", "woman"]}, ["head", "person"]),
        (["head"], {"limb": ["hand", "foot"]}, ["head", "limb"]),  # none of them declared: last
        (None, {"limb": ["hand", "foot"]}, ["limb", "zebra"]),  # as used below, sorted
    ],
)
def test_a_merged_class_stands_where_the_first_of_them_stood(
    names: list[str] | None, merged: dict[str, list[str]], wanted: list[str]
) -> None:
    classes = ClassMap(names, merged=merged)
    labels = names or ["hand", "zebra", "foot"]
    assert len(applied(classes, *labels)) == len(labels)
    assert classes.names() == wanted


def test_aliases_are_resolved_before_classes_are_merged() -> None:
    classes = ClassMap(
        ["person", "hand"],
        {"hand": ["Paw"], "foot": ["feet"]},
        merged={"limb": ["hand", "foot"]},
        ignore_case=True,
    )
    assert applied(classes, "PAW", "Feet", "limb", "hand", "Foot", "person") == [
        *["limb"] * 5,
        "person",
    ]
    # the generated classes look labels up in exactly this
    assert classes.spellings() == {
        "person": "person", "feet": "limb", "foot": "limb", "hand": "limb", "limb": "limb",
        "paw": "limb",
    }  # fmt: skip
    assert list(classes.findings()) == []


def test_the_sources_own_classes_are_merged_and_dropped_in_their_order() -> None:
    classes = ClassMap(merged={"limb": ["foot", "hand"]}, dropped=["bg"])
    classes.declare(["zebra", "hand", "bg", "ape", "foot"])
    assert classes.names() == ["zebra", "limb", "ape"]


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"dropped": ["a"], "merged": {"x": ["a"]}}, "'a' is both dropped and merged into 'x'"),
        ({"merged": {"x": ["a"], "y": ["a"]}}, "'a' is merged into both 'x' and 'y'"),
        ({"merged": {"x": ["a"], "y": ["x"]}}, "which is merged into 'y': merge all of them"),
        ({"names": ["a"], "dropped": ["a"]}, "no class is left"),
    ],
)
def test_rules_that_contradict_each_other(rules: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        ClassMap(**rules)


def test_dropping_what_is_merged_drops_all_of_it() -> None:
    classes = ClassMap(["a", "b", "c"], merged={"x": ["a", "b"]}, dropped=["x"])
    assert applied(classes, "a", "b", "c", "x") == ["c"]
    assert classes.names() == ["c"]


def test_a_rule_for_a_class_that_never_comes_is_noted() -> None:
    classes = ClassMap(dropped=["backgruond"], merged={"limb": ["hand", "foot"]})
    applied(classes, "background", "hand")
    findings = [f for f in classes.findings() if f.code == "class-rule-without-effect"]
    assert [(f.severity, f.message.split(",")[0]) for f in findings] == [
        ("note", "'backgruond' is to be dropped"),
        ("note", "'foot' is to be merged"),
    ]
    assert "did you mean 'background'?" in findings[0].remedy


# Look-alikes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "by_case"),
    [
        ("cat", "Cat", True),
        ("cat", "ｃａｔ", False),  # full width
        ("left hand", "left  hand", False),
        ("left hand", "lefthand", False),
        ("ﬁn", "fin", True),  # a ligature; casefold takes it apart, too
        ("Straße", "STRASSE", True),
        ("left hand", "left_hand", False),
        ("car", "cars", False),
        ("platelets", "platelet", False),
    ],
)
def test_look_alikes_are_one_warning_with_counts(one: str, other: str, by_case: bool) -> None:
    classes = ClassMap()
    applied(classes, one, other, one, "dog")
    (finding,) = classes.findings()
    assert (finding.code, finding.severity, finding.lost) == ("look-alike-labels", "warning", 0)
    assert f"{one!r} (2 shapes)" in finding.message
    assert f"{other!r} (1 shape)" in finding.message
    assert (finding.file, finding.where) == ("a.json", "$.shapes[1]")  # the rarer one
    assert ("--ignore-case" in finding.remedy) is by_case
    assert f"--merge '{one}={other}'" in finding.remedy


@pytest.mark.parametrize(
    ("counts", "groups"),
    [
        ({"person": 6, "Person": 2, "persn": 2}, [["person", "Person", "persn"]]),
        ({"bicycle": 9, "bicycl": 1, "cat": 4, "CAT": 5}, [["bicycle", "bicycl"], ["CAT", "cat"]]),
        ({"monkey": 20, "money": 7}, []),  # 7 * 3 > 20: no slip
        ({"monkey": 21, "money": 7}, [["monkey", "money"]]),
        ({"monkey": 5, "money": 0}, []),  # nobody wrote it
        ({"bicycle": 9, "bycicle": 1}, []),  # two letters: another word for all we know
        ({"wheel1": 9, "wheel2": 1}, []),
        ({"cat": 9, "car": 1}, []),
        ({"female": 9, "male": 1}, []),
        ({"model 1.1": 9, "model 11": 1}, []),
        ({"C": 9, "C++": 1, "c#": 1}, []),
        ({"-": 9, "_": 1, "": 1}, []),
    ],
)
def test_what_looks_alike(counts: dict[str, int], groups: list[list[str]]) -> None:
    assert list(look_alikes(counts)) == groups
    assert list(look_alikes(dict(reversed(counts.items())))) == groups


def test_thousands_of_names_are_compared_soon() -> None:
    many = {f"{number:x}" * 3: 1 for number in range(20_000)}
    assert list(look_alikes({**many, "person": 9, "persn": 1, "Person": 1})) == [
        ["person", "Person", "persn"]
    ]


def test_following_the_remedy_ends_the_warning() -> None:
    for classes in (ClassMap(ignore_case=True), ClassMap(merged={"cat": ["Cat"]})):
        assert applied(classes, "cat", "Cat") == ["cat", "cat"]
        assert list(classes.findings()) == []


def test_spaces_at_the_ends_and_composition_are_no_difference_at_all() -> None:
    classes = ClassMap()
    applied(classes, "cat", " cat\u3000", "cafe\u0301", "caf\u00e9")
    assert list(classes.findings()) == []


def test_declared_look_alikes_are_warned_of_too() -> None:
    classes = ClassMap(["Cat", "cat", "dog"])
    assert [finding.code for finding in classes.findings()] == ["look-alike-labels"]
    dropped = ClassMap(dropped=["Cat"])  # and what is left, perhaps by mistake
    applied(dropped, "Cat", "cat")
    assert {finding.code for finding in dropped.findings()} == {
        "dropped-class", "look-alike-labels",
    }  # fmt: skip


def test_skipped_labels_are_no_spelling_of_a_class() -> None:
    """What a generated class takes is what a conversion takes."""
    classes = ClassMap(["cat", "none"], {"cat": ["nil"]}, skipped=["none", "nil"])
    assert applied(classes, "none", "nil", "cat") == ["cat"]
    assert classes.spellings() == {"cat": "cat"}


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("person", "persno", True),  # swapped
        ("person", "perosn", True),
        ("person", "persn", True),  # missing
        ("person", "personn", True),  # too many
        ("person", "persom", True),  # wrong
        ("traffic light", "trafic-light", True),
        ("person", "pesrno", False),  # two swaps
        ("train", "brain", False),  # the first letter
        ("wheel1", "wheel2", False),
        ("cat", "car", False),
        ("→", "←", False),
        ("bird", "birds", True),
        ("人物", "人物s", True),
        ("x" * 200, "x" * 198 + "yx", False),
    ],
)
def test_slips(one: str, other: str, near: bool) -> None:
    assert list(look_alikes({one: 9, other: 3})) == [[one, other]] * near
    assert list(look_alikes({other: 9, one: 3})) == [[other, one]] * near


def test_what_is_as_frequent_is_no_slip() -> None:
    assert list(look_alikes({"horse": 9, "house": 4})) == []
    assert list(look_alikes({"car": 5, "cars": 5})) == [["car", "cars"]]
