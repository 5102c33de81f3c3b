"""What somebody says of the classes: options, files, and which of them goes first."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import write

from dataforge.classes.options import load_names, parse_merge
from dataforge.classes.rules import (
    ClassOptions,
    ClassRules,
    load_aliases,
    load_classes,
)
from dataforge.errors import ParseError, UsageError

CLASSES = """
[classes]
names = ["person", "face", "hand"]
drop = ["background"]
skip = ["none"]
unknown = "ignore"
ignore_case = true

[aliases]
person = ["pedestrian"]

[merge]
limb = ["hand", "foot"]
"""


def test_load_names_of_a_labelme_labels_file(tmp_path: Path) -> None:
    path = write(
        tmp_path / "labels.txt", "\ufeff__ignore__\r\n_background_\r\n person \r\n\r\n手\r\n"
    )
    assert load_names(str(path)) == ["person", "手"]


def test_load_names_of_a_list() -> None:
    assert load_names("b, a,two words") == ["b", "a", "two words"]


def test_a_list_longer_than_a_file_name_can_be() -> None:
    names = [f"class_{number:03}" for number in range(600)]  # 600 * 10 letters
    assert load_names(",".join(names)) == names


@pytest.mark.parametrize("source", ["", " , ", "__ignore__"])
def test_load_names_of_an_empty_source(source: str) -> None:
    with pytest.raises(UsageError, match="no class names"):
        load_names(source)


@pytest.mark.parametrize(
    "source",
    ["absent.txt", "a,b.txt", "obj.names", "no/such/names", "no\\names", "my cats.v2", "cat/dog"],
)
def test_missing_labels_file_is_not_a_class_name(tmp_path: Path, source: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_names(source)
    assert f"--labels {source}: there is no such file" in str(caught.value)
    # both ways that it names work
    assert load_names(f"{source},") == source.split(",")
    file = write(tmp_path / "classes.toml", f"[classes]\nnames = ['{source}']\n")
    assert load_classes(file).names == (source,)


@pytest.mark.parametrize("source", ["cat", "St. Bernard", "Mr. X", "a/b,c", "v1.0,v1.1", "etc."])
def test_names_not_taken_for_a_file(source: str) -> None:
    assert load_names(source) == source.split(",")


def test_labels_file_that_is_not_utf8(tmp_path: Path) -> None:
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
def test_load_aliases_of_invalid_content(
    tmp_path: Path, content: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"a\.toml"):
        load_aliases(write(tmp_path / "a.toml", content))


def test_parse_merge() -> None:
    assert parse_merge(" limb = hand, foot ;person=man;limb=arm;") == {
        "limb": ["hand", "foot", "arm"],
        "person": ["man"],
    }


@pytest.mark.parametrize("text", ["limb", "limb=", "=hand", "limb= , ", "a=b;c"])
def test_parse_merge_of_invalid_text(text: str) -> None:
    with pytest.raises(UsageError, match="expected new=a,b"):
        parse_merge(text)


def test_load_classes(tmp_path: Path) -> None:
    assert load_classes(write(tmp_path / "classes.toml", CLASSES)) == ClassRules(
        names=("person", "face", "hand"),
        drop=("background",),
        skip=("none",),
        unknown="ignore",
        ignore_case=True,
        aliases={"person": ["pedestrian"]},
        merge={"limb": ["hand", "foot"]},
    )
    assert load_classes(write(tmp_path / "empty.toml", "")) == ClassRules()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[classes]\nname = ['a']", 'unknown key "name"'),
        ("[classes]\nnames = 'a,b'", "classes.names: expected a list or null, got text"),
        ("[classes]\nunknown = 'maybe'", "classes.unknown: invalid value 'maybe'"),
        ("classes = ['a']", "classes: expected an object, got a list"),
        ("[alias]\na = ['b']", 'unknown key "alias"'),
        ("[merge]\na = 'b'", "merge.a: expected a list, got text"),
        ("names = ['a']", 'unknown key "names"'),
    ],
)
def test_load_classes_of_invalid_content(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(UsageError, match=rf"(?s)c\.toml.*{said}.*expected \[classes\]"):
        load_classes(write(tmp_path / "c.toml", content))


def test_options_override_the_file_and_the_file_the_layout(tmp_path: Path) -> None:
    path = write(tmp_path / "classes.toml", CLASSES)
    options = ClassOptions(labels=str(path), drop="a,b", unknown="add", ignore_case=False)
    rules = options.rules().over(
        ClassRules(names=("x",), skip=("nil",), aliases={"x": ["y"]}, ignore_case=True)
    )
    assert rules.names == ("person", "face", "hand")
    assert rules.drop == ("a", "b")  # in the place of the file's
    assert rules.skip == ("none",)
    assert (rules.unknown, rules.ignore_case) == ("add", False)
    assert rules.aliases == {"person": ["pedestrian"]}
    assert ClassOptions().rules().over(ClassRules(names=("x",))).names == ("x",)


def test_layout_aliases_for_unselected_classes_are_ignored() -> None:
    layout = ClassRules(
        names=("person", "hand"), aliases={"Person": ["man"], "hand": ["paw"]}, ignore_case=True
    )
    rules = ClassOptions(labels="hand,face").rules().over(layout)
    assert rules.aliases == {"hand": ["paw"]}
    assert rules.resolver().same("Paw") == "hand"
    with pytest.raises(UsageError, match="'person', which is not among the classes"):
        ClassRules(names=("hand",), aliases={"person": ["man"]}).resolver()


def test_labelme_reserved_labels_have_no_effect() -> None:
    classes = ClassRules().resolver()
    assert classes.same("__ignore__") is None
    assert classes.same("_background_") is None
    assert classes.same("background") == "background"
