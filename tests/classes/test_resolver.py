"""Which class a label means."""

from __future__ import annotations

import pickle
import shlex
import time
import unicodedata
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import pytest
from helpers import write
from hypothesis import given
from hypothesis import strategies as st

from dataforge.classes import Classes, ClassOptions, ClassRules, Resolver, Tally
from dataforge.classes.resolver import Unknown
from dataforge.errors import UsageError, one_line
from dataforge.findings import Finding, Place
from dataforge.records import Image, Instance


def image(*labels: str, parts: int = 1) -> Image:
    instances = tuple(
        Instance(
            label=label,
            box=(0, 0, 1, 1),
            area=1,
            parts=parts,
            place=Place("a.json", f"$.shapes[{index}]"),
        )
        for index, label in enumerate(labels)
    )
    return Image(file_name="a.jpg", width=9, height=9, instances=instances, place=Place("a.json"))


def resolver(names: Sequence[str] | None = None, **rules: Any) -> Resolver:
    return ClassRules(names=None if names is None else tuple(names), **rules).resolver()


def settled(rules: Resolver, *labels: str, declared: Sequence[str] = (), parts: int = 1) -> Classes:
    tally = Tally()
    for instance in image(*labels, parts=parts).instances:
        tally.add(instance.label, instance.parts, instance.place)
    return rules.settle(tally, declared)


def applied(classes: Classes, *labels: str) -> list[str]:
    return [instance.label for instance in classes.apply(image(*labels)).instances]


def met(rules: Resolver, *labels: str) -> tuple[Classes, list[str]]:
    """(the classes, what the labels become)."""
    classes = settled(rules, *labels)
    return classes, applied(classes, *labels)


def test_without_names_every_label_is_a_class_sorted() -> None:
    classes, labels = met(resolver(), " dog ", "Cat", "cat", "dog")
    assert labels == ["dog", "Cat", "cat", "dog"]
    assert classes.names == ("Cat", "cat", "dog")
    assert [finding.code for finding in classes.findings()] == ["look-alike-labels"]


def test_labels_that_are_all_whole_numbers_are_sorted_as_numbers() -> None:
    """One that is none, such as 3d, makes texts of all; classes in an order stay in it."""
    assert settled(resolver(None), "10", "2", "0").names == ("0", "2", "10")
    assert settled(resolver(None), "10", "2", "3d").names == ("10", "2", "3d")
    assert settled(resolver(None), "10", "9", "2", declared=["cat", "9"]).names == (
        "cat", "9", "2", "10",
    )  # fmt: skip


def test_declared_names_keep_their_order_used_or_not() -> None:
    classes, labels = met(resolver(["zebra", " ape ", "cat"]), "cat", " zebra")
    assert labels == ["cat", "zebra"]
    assert classes.names == ("zebra", "ape", "cat")


def test_aliases_and_case() -> None:
    rules = resolver(["person", "Hand"], aliases={"person": ["pedestrian", "人"]}, ignore_case=True)
    labels = met(rules, "PEDESTRIAN", "人", "Person", "hand")[1]
    assert labels == ["person"] * 3 + ["Hand"]
    assert met(resolver(["cat"]), "Cat")[1] == []  # as written, unless told otherwise


def test_aliases_without_names_still_map() -> None:
    classes, labels = met(resolver(aliases={"person": ["man", "woman"]}), "man", "dog", "person")
    assert labels == ["person", "dog", "person"]
    assert classes.names == ("dog", "person")


def test_composed_and_decomposed_letters_are_one_label() -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    assert unicodedata.normalize("NFC", decomposed) == composed != decomposed
    assert met(resolver([composed]), decomposed)[1] == [composed]
    assert met(resolver(), composed, decomposed)[1] == [composed, composed]


@pytest.mark.parametrize(
    ("policy", "kept", "names", "severities"),
    [
        ("error", ["cat"], ("cat", "bird"), ["error", "error"]),
        ("ignore", ["cat"], ("cat", "bird"), ["note", "note"]),
        ("add", ["cat", "dog", "cet", "cet"], ("cat", "bird", "cet", "dog"), []),
    ],
)
def test_unknown_labels(
    policy: Unknown, kept: list[str], names: tuple[str, ...], severities: list[str]
) -> None:
    classes, labels = met(resolver(["cat", "bird"], unknown=policy), "cat", "dog", "cet", "cet")
    assert labels == kept
    assert classes.names == names
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
    classes = settled(resolver(["cat"]), "dog", parts=3)
    assert [finding.lost for finding in classes.findings()] == [3]


def test_empty_label_is_a_finding_even_if_all_labels_are_accepted() -> None:
    classes, labels = met(resolver(), "", "  ", "cat")
    assert labels == ["cat"]
    (finding,) = classes.findings()
    assert (finding.code, finding.severity, finding.lost) == ("empty-label", "error", 2)
    # what else is said of unknown labels does not help here
    assert finding.remedy == "add a label, or delete the shapes"


def test_an_alias_cannot_make_an_empty_label_a_class() -> None:
    rules = resolver(["cat"], aliases={"cat": [""]}, unknown="add")
    classes, labels = met(rules, "", "cat")
    assert labels == ["cat"]
    assert [finding.code for finding in classes.findings()] == ["empty-label"]


def test_labels_to_skip_are_counted_in_a_note() -> None:
    classes, labels = met(
        resolver(["cat"], skip=("none",), ignore_case=True), "cat", "None ", "none"
    )
    assert labels == ["cat"]
    findings = list(classes.findings())
    assert {finding.code for finding in findings} == {"skipped-label"}
    assert {finding.severity for finding in findings} == {"note"}
    assert sum(finding.lost for finding in findings) == 2


def test_applying_changes_no_record() -> None:
    before = image(" cat ", "dog")
    after = settled(resolver(["cat"]), " cat ", "dog").apply(before)
    assert [instance.label for instance in before.instances] == [" cat ", "dog"]
    assert after is not before


@pytest.mark.parametrize(
    ("names", "aliases", "message"),
    [
        (["cat", "dog", "cat "], {}, "'cat' is declared twice"),
        (["cat"], {"dog": ["hound"]}, "'dog', which is not among the classes"),
        (["cat", "dog"], {"cat": ["pet"], "dog": ["pet"]}, "belongs to 'cat' and 'dog'"),
        (["cat", "dog"], {"cat": ["dog"]}, "belongs to 'dog' and 'cat'"),
    ],
)
def test_contradictions_are_refused(
    names: list[str], aliases: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        resolver(names, aliases=aliases)


def test_ignore_case_finds_the_same_class_twice() -> None:
    resolver(["Cat", "cat"])
    with pytest.raises(UsageError, match="declared twice"):
        resolver(["Cat", "cat"], ignore_case=True)


def test_findings_are_in_the_order_of_labels() -> None:
    classes = settled(resolver(["cat"]), "zebra", "ape")
    assert [finding.where for finding in classes.findings()] == ["$.shapes[1]", "$.shapes[0]"]
    assert all(isinstance(finding, Finding) for finding in classes.findings())


# While reading ---------------------------------------------------------------------------------


def test_same_distinguishes_classes_before_settling() -> None:
    rules = resolver(aliases={"person": ["man"]}, drop=("bg",), skip=("none",), ignore_case=True)
    assert rules.same("Man") == rules.same(" PERSON") is not None
    assert rules.same("Dog") == rules.same("dog ") not in (None, rules.same("man"))
    assert rules.same("bg") is rules.same("None") is rules.same(" ") is None
    closed = resolver(["cat", "dog"], merge={"pet": ["cat", "dog"]})
    assert closed.same("cat") == closed.same("dog") == closed.same("pet") is not None
    assert closed.same("Cat") is None


@given(
    labels=st.lists(st.text("aAé\u0301ﬁ ", max_size=3), max_size=8),
    names=st.none() | st.lists(st.sampled_from(["a", "é", "ﬁ", "aa"]), min_size=1, unique=True),
    unknown=st.sampled_from(["error", "ignore", "add"]),
    ignore_case=st.booleans(),
)
def test_same_is_equal_where_the_classes_are(
    labels: list[str], names: list[str] | None, unknown: Unknown, ignore_case: bool
) -> None:
    rules = resolver(names, unknown=unknown, ignore_case=ignore_case)
    classes = settled(rules, *labels)
    for one, other in product(labels, labels):
        assert (rules.same(one) == rules.same(other)) == (classes.of(one) == classes.of(other))
        assert (rules.same(one) is None) == (classes.of(one) is None)


def test_the_first_spelling_names_a_class() -> None:
    rules = resolver(ignore_case=True)
    assert settled(rules, "CAT", "cat", "Dog").names == ("CAT", "Dog")
    assert settled(rules, "CAT", declared=["Cat"]).names == ("Cat",)


def test_uncounted_label_resolves_only_to_an_existing_class() -> None:
    classes = settled(resolver(ignore_case=True), "cat")
    assert classes.of("Cat") == "cat"
    assert classes.of("dog") is None


def test_settling_changes_neither_rules_nor_tally() -> None:
    rules, tally = resolver(merge={"pet": ["cat"]}), Tally()
    tally.add("cat", 1, Place("a.json", "$"))
    classes = rules.settle(tally)
    before = pickle.dumps((rules, tally, classes))
    tally.add("cat", 1, Place("b.json", "$"))
    assert rules.settle(tally).shapes() == {"pet": 2}
    assert classes.shapes() == {"pet": 1}
    assert pickle.loads(before) == (rules, pickle.loads(before)[1], classes)


# Tallies ---------------------------------------------------------------------------------------


def test_tally_holds_count_and_first_place() -> None:
    tally = Tally()
    tally.add("cat", 2, Place("b.json", "$.shapes[1]"))
    tally.add("cat", 1, Place("a.json", "$.shapes[0]"))
    classes = resolver().settle(tally)
    assert classes.shapes() == {"cat": 3}
    assert classes.first("cat") == Place("b.json", "$.shapes[1]")
    assert classes.first("dog") == Place(".")


@given(st.lists(st.sampled_from("abAB"), max_size=12), st.integers(0, 12), st.booleans())
def test_merged_tallies_equal_the_whole(labels: list[str], at: int, ignore_case: bool) -> None:
    parts = [Tally(), Tally(), Tally()]
    for number, label in enumerate(labels):
        for tally in (parts[number >= at], parts[2]):
            tally.add(label, 1, Place(f"{number}.json", "$"))
    first, later, whole = parts
    first.merge(pickle.loads(pickle.dumps(later)))
    encoded = msgspec.msgpack.decode(msgspec.msgpack.encode(first), type=Tally)
    assert encoded == first == whole
    assert list(encoded.labels) == list(whole.labels)
    rules = resolver(ignore_case=ignore_case)
    assert rules.settle(first).names == rules.settle(whole).names


def test_counts_are_summed_by_class() -> None:
    classes = settled(resolver(["cat"], aliases={"cat": ["kitty"]}), "cat")
    assert classes.counts({"cat": 2, "kitty": 3, "dog": 9}) == {"cat": 5}


# Dropping and merging --------------------------------------------------------------------------


def test_dropped_classes_are_counted_and_excluded() -> None:
    rules = resolver(["person", "bg", "hand"], aliases={"bg": ["Background"]}, drop=("bg",))
    classes, labels = met(rules, "person", "bg", "Background", "hand", "bg")
    assert labels == ["person", "hand"]
    assert classes.names == ("person", "hand")
    assert classes.spellings() == {"person": "person", "hand": "hand"}
    found = [(f.code, f.severity, f.lost, f.where) for f in classes.findings()]
    assert found == [
        ("dropped-class", "note", 1, "$.shapes[2]"),  # by label: Background, then bg
        ("dropped-class", "note", 2, "$.shapes[1]"),
    ]


def test_a_dropped_class_need_not_be_declared() -> None:
    classes, labels = met(resolver(["person"], drop=("background",)), "background", "person")
    assert labels == ["person"]
    assert [finding.severity for finding in classes.findings()] == ["note"]
    taken, labels = met(resolver(drop=("background",)), "background", "person", "dog")
    assert labels == ["person", "dog"]
    assert taken.names == ("dog", "person")


@pytest.mark.parametrize(
    ("names", "merge", "expected"),
    [
        (
            ["person", "hand", "head", "foot"],
            {"limb": ["hand", "foot"]},
            ("person", "limb", "head"),
        ),
        (["person", "hand", "head", "foot"], {"foot": ["hand"]}, ("person", "foot", "head")),
        (["head", "man", "person"], {"person": ["man", "woman"]}, ("head", "person")),
        (["head"], {"limb": ["hand", "foot"]}, ("head", "limb")),  # none of them declared: last
        (None, {"limb": ["hand", "foot"]}, ("limb", "zebra")),  # as used below, sorted
    ],
)
def test_merged_class_takes_the_first_position(
    names: list[str] | None, merge: dict[str, list[str]], expected: tuple[str, ...]
) -> None:
    labels = names or ["hand", "zebra", "foot"]
    classes, kept = met(resolver(names, merge=merge), *labels)
    assert len(kept) == len(labels)
    assert classes.names == expected


def test_aliases_are_resolved_before_classes_are_merged() -> None:
    rules = resolver(
        ["person", "hand"],
        aliases={"hand": ["Paw"], "foot": ["feet"]},
        merge={"limb": ["hand", "foot"]},
        ignore_case=True,
    )
    classes, labels = met(rules, "PAW", "Feet", "limb", "hand", "Foot", "person")
    assert labels == [*["limb"] * 5, "person"]
    # the generated classes look labels up in exactly this
    assert classes.spellings() == {
        "person": "person", "feet": "limb", "foot": "limb", "hand": "limb", "limb": "limb",
        "paw": "limb",
    }  # fmt: skip
    assert list(classes.findings()) == []


def test_source_classes_are_merged_and_dropped_in_order() -> None:
    rules = resolver(merge={"limb": ["foot", "hand"]}, drop=("bg",))
    classes = settled(rules, declared=["zebra", "hand", "bg", "ape", "foot"])
    assert classes.names == ("zebra", "limb", "ape")


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"drop": ("a",), "merge": {"x": ["a"]}}, "'a' is both dropped and merged into 'x'"),
        ({"merge": {"x": ["a"], "y": ["a"]}}, "'a' is merged into both 'x' and 'y'"),
        ({"merge": {"x": ["a"], "y": ["x"]}}, "which is merged into 'y': merge all of them"),
        ({"names": ["a"], "drop": ("a",)}, "no class is left"),
    ],
)
def test_rules_that_contradict_each_other(rules: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        resolver(**rules)


def test_dropping_a_merged_class_drops_all_its_parts() -> None:
    rules = resolver(["a", "b", "c"], merge={"x": ["a", "b"]}, drop=("x",))
    classes, labels = met(rules, "a", "b", "c", "x")
    assert labels == ["c"]
    assert classes.names == ("c",)


def test_rule_for_an_absent_class_is_noted() -> None:
    rules = resolver(drop=("backgruond",), merge={"limb": ["hand", "foot"]})
    classes = settled(rules, "background", "hand")
    findings = [f for f in classes.findings() if f.code == "class-rule-without-effect"]
    assert [(f.severity, f.message.split(",")[0]) for f in findings] == [
        ("note", "'backgruond' should be dropped"),
        ("note", "'foot' should be merged"),
    ]
    assert "did you mean 'background'?" in findings[0].remedy


def test_a_category_without_objects_is_met_by_a_rule() -> None:
    classes = settled(resolver(drop=("bg",)), "cat", declared=["bg", "cat"])
    assert list(classes.findings()) == []


def test_skipped_label_is_not_a_spelling_of_a_class() -> None:
    """A generated class accepts the same labels as a conversion."""
    rules = resolver(["cat", "none"], aliases={"cat": ["nil"]}, skip=("none", "nil"))
    classes, labels = met(rules, "none", "nil", "cat")
    assert labels == ["cat"]
    assert classes.spellings() == {"cat": "cat"}


def test_an_alias_of_a_skipped_label_means_its_class() -> None:
    rules = resolver(["none"], aliases={"none": ["nothing"]}, skip=("none",))
    assert met(rules, "nothing", "none")[1] == ["none"]


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
    (finding,) = settled(resolver(), one, other, one, "dog").findings()
    assert (finding.code, finding.severity, finding.lost) == ("look-alike-labels", "warning", 0)
    assert f"{one!r} (2 shapes)" in finding.message
    assert f"{other!r} (1 shape)" in finding.message
    assert (finding.file, finding.where) == ("a.json", "$.shapes[1]")  # the rarer one
    assert ("--ignore-case" in finding.remedy) is by_case
    assert f"--merge '{one}={other}'" in finding.remedy


@pytest.mark.parametrize(
    ("one", "other", "remedy"),
    [
        ("red car", "red\tcar", '--label-aliases FILE with the line "red car" = ["red\\tcar"]'),
        ("red\tcar", "red car", '--label-aliases FILE with the line "red\\tcar" = ["red car"]'),
        ("a;b c", "a;b  c", '--label-aliases FILE with the line "a;b c" = ["a;b  c"]'),
        ("a,b c", "a,b  c", '--label-aliases FILE with the line "a,b c" = ["a,b  c"]'),
        ("a=b c", "a=b  c", '--label-aliases FILE with the line "a=b c" = ["a=b  c"]'),
        (
            "red car",
            "red\u202fcar",
            '--label-aliases FILE with the line "red car" = ["red\\U0000202fcar"]',
        ),
        ("it's a", "it's  a", """--merge 'it'"'"'s a=it'"'"'s  a' or an alias"""),
    ],
)
def test_a_merge_is_proposed_only_if_the_option_can_name_the_labels(
    tmp_path: Path, one: str, other: str, remedy: str
) -> None:
    r"""A tab is shown as `\t`, and `--merge` would take that for a backslash and a `t`."""
    found = settled(resolver(), one, other, one)
    (finding,) = found.findings()
    assert finding.remedy == f"if they are one, use {remedy}"
    if "FILE" in remedy:  # what is shown does what it says
        line = remedy.partition("the line ")[2]
        aliases = write(tmp_path / "aliases.toml", one_line(line) + "\n")
        options = ClassOptions(aliases=str(aliases))
    else:
        argument = shlex.split(remedy.removesuffix(" or an alias"))[1]
        options = ClassOptions(merge=argument)
    rules = options.rules().resolver()
    assert met(rules, one, other)[1] == [one, one]


def test_labels_that_no_option_can_name_are_to_be_renamed() -> None:
    (finding,) = settled(resolver(), "caf\udce9 x", "caf\udce9  x").findings()
    assert finding.remedy == "if they are one, rename them: no option can name them as they are"


def test_following_the_remedy_ends_the_warning() -> None:
    for rules in (resolver(ignore_case=True), resolver(merge={"cat": ["Cat"]})):
        classes, labels = met(rules, "cat", "Cat")
        assert labels == ["cat", "cat"]
        assert list(classes.findings()) == []


def test_outer_spaces_and_unicode_composition_are_ignored() -> None:
    classes = settled(resolver(), "cat", " cat\u3000", "cafe\u0301", "caf\u00e9")
    assert list(classes.findings()) == []


def test_declared_look_alikes_are_warned_of_too() -> None:
    classes = settled(resolver(["Cat", "cat", "dog"]))
    assert [finding.code for finding in classes.findings()] == ["look-alike-labels"]
    dropped = settled(resolver(drop=("Cat",)), "Cat", "cat")  # and what is left, maybe by mistake
    assert {finding.code for finding in dropped.findings()} == {
        "dropped-class", "look-alike-labels",
    }  # fmt: skip


def test_thousands_of_unknown_labels_are_reported_quickly() -> None:
    names = [f"class number {number:x}" for number in range(5_000)]
    labels = [f"label {number:x}" for number in range(5_000)] + ["Class_Number 1f"]
    start = time.process_time()
    findings = list(settled(resolver(names), *labels).findings())
    assert time.process_time() - start < 30  # compared pair by pair, minutes
    assert len(findings) == 5_001
    assert any("did you mean 'class number 1f'?" in finding.remedy for finding in findings)
