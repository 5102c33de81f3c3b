"""The Ray engine where Ray is not installed."""

from __future__ import annotations

import pytest

from dataforge.engines import engine_options, engines, get_engine
from dataforge.errors import MissingDependencyError


def test_ray_is_named_and_has_options_without_being_imported() -> None:
    assert "ray" in engines()
    assert "address" in engine_options()["ray"].__struct_fields__


def test_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataforge.engines.ray.find_spec", lambda _: None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'ray>=2\.49'"):
        get_engine("ray", 1)
