"""What a dataset's name becomes, and the colours of its classes."""

from __future__ import annotations

import colorsys
import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataforge.errors import UsageError
from dataforge.frameworks.spec import identify, palette, snake_case


@pytest.mark.parametrize(
    ("name", "key", "class_name"),
    [
        ("HumanParts", "humanparts", "HumanPartsDataset"),
        ("humanparts", "humanparts", "HumanpartsDataset"),
        ("human-parts", "human_parts", "HumanPartsDataset"),
        ("  my data.set 2 ", "my_data_set_2", "MyDataSet2Dataset"),
        ("a__b", "a_b", "ABDataset"),
        ("BCCD", "bccd", "BCCDDataset"),
        ("BccdDataset", "bccddataset", "BccdDataset"),  # not BccdDatasetDataset
        ('Bob\'s "best" \\ set', "bob_s_best_set", "BobSBestSetDataset"),
        ("dataset", "dataset", "DatasetDataset"),  # torch's Dataset is imported beside it
        ("two\nlines", "two_lines", "TwoLinesDataset"),
        ("人物", "人物", "人物Dataset"),
        ("Ｗｉｄｅ", "wide", "WideDataset"),  # full-width letters
        ("été", "été", "ÉtéDataset"),
    ],
)
def test_identify(name: str, key: str, class_name: str) -> None:
    assert identify(name) == (key, class_name)


@pytest.mark.parametrize("name", ["", " ", "--", "2020 set", "class", "Class", "import", "_", "'"])
def test_invalid_names_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be a Python name") as caught:
        identify(name)
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("class", "'class' cannot be a Python name, as class is a keyword; add a word"),
        ("2020", "'2020' cannot be a Python name; begin it with a letter"),
    ],
)
def test_it_is_said_why_a_name_is_refused(name: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        identify(name)
    assert str(caught.value) == said


@given(st.text(max_size=12))
def test_accepted_names_become_identifiers(name: str) -> None:
    try:
        key, class_name = identify(name)
    except UsageError:
        return
    assert key.isidentifier()
    assert not keyword.iskeyword(key)
    assert f"{key}_classes".isidentifier()
    assert class_name.isidentifier()
    # `import` and `def` see identifiers in NFKC: a file of another name would not be found.
    namespace: dict[str, object] = {}
    exec(f"{key}_classes = 1\n{class_name} = 2", namespace)
    assert namespace.keys() >= {f"{key}_classes", class_name}


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("HumanParts", "human_parts"),
        ("humanparts", "humanparts"),
        ("BCCD", "bccd"),
        ("Parts2Go", "parts2_go"),
    ],
)
def test_snake_case(name: str, snake: str) -> None:
    assert snake_case(name) == snake


def test_colours_are_distinguishable() -> None:
    colours = palette(80)
    assert len(set(colours)) == 80
    assert all(0 <= value <= 255 for colour in colours for value in colour)
    assert palette(3) == colours[:3]  # one class more changes no colour
    # Of any six in a row, no two have hues less than a twelfth of the circle apart.
    hues = [colorsys.rgb_to_hsv(*colour)[0] for colour in colours]
    for start in range(75):
        near = sorted(hues[start : start + 6])
        gaps = [b - a for a, b in zip(near, [*near[1:], near[0] + 1], strict=True)]
        assert min(gaps) > 1 / 12
    assert palette(0) == []
