"""Tables that other packages add to: names, clashes, and plug-ins that cannot be loaded."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from helpers import write

from dataforge.errors import DataforgeError, UsageError
from dataforge.interrupts import Interrupted
from dataforge.io import Plugins, failed_plugins, plugins

GROUP = "dataforge.gadgets"
OWN = {"path": "pathlib:Path", "text": "textwrap"}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed packages, and no failures so far."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(plugins, "_failures", {})
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def install(site: Path, package: str, code: str, **points: str) -> None:
    """A distribution of one module, with its entry points in `GROUP`."""
    write(site / f"{package}.py", code)
    info = site / f"{package}_dist-1.0.dist-info"
    write(info / "METADATA", f"Metadata-Version: 2.1\nName: {package}-dist\nVersion: 1.0\n")
    rows = "".join(f"{name} = {value}\n" for name, value in points.items())
    write(info / "entry_points.txt", f"[{GROUP}]\n{rows}")


def named(point: EntryPoint, loaded: Any) -> tuple[str, Any]:
    return point.value, loaded


def test_built_in_entries(site: Path) -> None:
    table = Plugins(GROUP, OWN)
    assert table.names() == ["path", "text"]
    assert table.load("path") is Path
    assert table.load("text").__name__ == "textwrap"
    assert table.added(named) == {}


def test_entries_added_by_other_packages(site: Path) -> None:
    install(site, "good", "class Gadget: pass", gadget="good:Gadget", all="good")
    table = Plugins(GROUP, OWN)
    assert table.names() == ["all", "gadget", "path", "text"]
    assert "good" not in sys.modules  # names import nothing
    assert table.load("gadget").__name__ == "Gadget"
    module = sys.modules["good"]
    assert table.added(named) == {"all": ("good", module), "gadget": ("good:Gadget", module.Gadget)}
    assert failed_plugins() == []


@pytest.mark.parametrize(
    ("name", "said"),
    [("gadgett", "did you mean 'gadget'?"), ("x", "choose from gadget, path, text")],
)
def test_unknown_entry_is_refused(site: Path, name: str, said: str) -> None:
    install(site, "good", "class Gadget: pass", gadget="good:Gadget")
    with pytest.raises(UsageError) as caught:
        Plugins(GROUP, OWN).load(name)
    assert str(caught.value) == f"no gadget {name!r}; {said}"


def test_built_in_name_cannot_be_taken(site: Path) -> None:
    install(site, "greedy", "", text="greedy", gadget="greedy")
    table = Plugins(GROUP, OWN)
    assert table.names() == ["gadget", "path", "text"]
    assert table.load("text").__name__ == "textwrap"
    assert [*table.added(named)] == ["gadget"]  # what else the package has is used
    assert failed_plugins() == ["gadget 'text' of greedy clashes with textwrap: "
                                "uninstall greedy-dist"]  # fmt: skip


def test_of_a_name_claimed_by_two_packages_the_first_is_used(site: Path) -> None:
    install(site, "two", "", gadget="two")
    install(site, "one", "", gadget="one")
    table = Plugins(GROUP, OWN)
    assert table.names() == ["gadget", "path", "text"]
    assert table.load("gadget").__name__ == "one"
    assert failed_plugins() == [
        "gadget 'gadget' of two clashes with one: uninstall two-dist or one-dist"
    ]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import no_such_package", "ModuleNotFoundError: No module named 'no_such_package'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("class Panic(BaseException): pass\nraise Panic('rust')", "Panic: rust"),
        ("raise OSError('two\\nlines')", "OSError: two\\nlines"),
        ("x = (", "SyntaxError: '(' was never closed (bad.py, line 1)"),
        ("", "AttributeError: module 'bad' has no attribute 'Gadget'"),
    ],
)
def test_unloadable_plugin_is_left_out_and_named(site: Path, code: str, reason: str) -> None:
    install(site, "bad", code, broken="bad:Gadget")
    install(site, "good", "class Gadget: pass", gadget="good:Gadget")
    table = Plugins(GROUP, OWN)
    assert list(table.added(named)) == ["gadget"]
    said = f"gadget 'broken' (bad:Gadget) of bad-dist cannot be loaded: {reason}"
    [failure] = failed_plugins()
    if not code.startswith("x"):  # the words of a SyntaxError are those of a version of Python
        assert failure == f"{said}; fix or uninstall it"
    assert table.names() == ["gadget", "path", "text"]
    for error in (
        pytest.raises(DataforgeError, table.load, "broken").value,
        table.unknown("broken"),
    ):
        assert not isinstance(error, UsageError)
        assert str(error) == failure
    assert failed_plugins() == [failure]  # once


def test_what_a_plugin_prints_is_not_in_the_output(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install(site, "loud", "print('hello')\nclass Gadget: pass", gadget="loud:Gadget")
    assert [*Plugins(GROUP, OWN).added(named)] == ["gadget"]
    assert capsys.readouterr() == ("", "hello\n")


def test_one_of_which_no_row_can_be_made_is_left_out(site: Path) -> None:
    install(site, "good", "NUMBER = 1", gadget="good")
    table = Plugins(GROUP, OWN)
    assert table.added(lambda _, module: module.NAME) == {}
    assert "AttributeError: module 'good' has no attribute 'NAME'" in (
        table.failure("gadget") or ""
    )
    assert table.failure("path") is None


def test_one_that_fails_in_use_is_left_out_and_named(site: Path) -> None:
    install(site, "bad", "class Gadget: pass", gadget="bad:Gadget")
    table = Plugins(GROUP, OWN)
    with pytest.raises(DataforgeError) as caught, table.using("gadget"):
        raise SystemExit(0)
    said = "gadget 'gadget' (bad:Gadget) of bad-dist failed: SystemExit: 0; fix or uninstall it"
    assert failed_plugins() == [str(caught.value)] == [said]
    assert table.names() == ["path", "text"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Interrupted(15), UsageError("on purpose")])
def test_what_is_no_failure_in_use_passes(site: Path, error: BaseException) -> None:
    install(site, "good", "class Gadget: pass", gadget="good:Gadget")
    with pytest.raises(type(error)) as caught, Plugins(GROUP, OWN).using("gadget"):
        raise error
    assert caught.value is error
    assert failed_plugins() == []


def test_errors_of_built_in_entries_pass_as_they_are(site: Path) -> None:
    with pytest.raises(ZeroDivisionError), Plugins(GROUP, OWN).using("path"):
        raise ZeroDivisionError
    assert failed_plugins() == []


def test_broken_metadata_of_one_package_does_not_hide_the_others(site: Path) -> None:
    install(site, "good", "class Gadget: pass", gadget="good:Gadget")
    install(site, "bad", "")
    write(site / "bad_dist-1.0.dist-info" / "entry_points.txt", f"[{GROUP}]\nno equals sign\n")
    assert Plugins(GROUP, OWN).names() == ["gadget", "path", "text"]
    [said] = failed_plugins()
    assert said.startswith("the plug-ins of bad-dist cannot be listed: ")
    assert said.endswith("; fix or uninstall it")


def test_ctrl_c_is_not_reported_as_plugin_failure(site: Path) -> None:
    install(site, "bad", "raise KeyboardInterrupt", broken="bad")
    with pytest.raises(KeyboardInterrupt):
        Plugins(GROUP, OWN).load("broken")
    assert failed_plugins() == []
