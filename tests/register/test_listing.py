"""Whether what is registered still stands."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from register.datasets import planned

from dataforge.verbs.register import apply, registered, unregister

Cli = Callable[..., tuple[int, str, str]]


def test_what_is_gone_is_named(cli: Cli, parts: Path) -> None:
    plan = planned(parts)
    apply(plan)
    (found,) = registered()
    assert (found.exists, found.missing) == (True, ())
    module = plan.out / plan.dataset.folder / "annotations.py"
    module.unlink()
    shutil.rmtree(parts / "Annotations")
    (found,) = registered()
    assert found.exists
    assert {*found.missing} == {str(module), str(parts / "Annotations")}
    code, _, errors = cli("list")
    assert code == 0
    assert errors.startswith("HumanParts: 2 paths gone: ")
    shutil.rmtree(parts)
    (found,) = registered()
    assert str(parts) in found.missing


def test_what_is_left_by_unregister_is_still_listed_with_its_data(parts: Path) -> None:
    plan = planned(parts)
    apply(plan)
    (plan.out / plan.dataset.folder / "annotations.py").write_text("# mine\n")
    unregister("HumanParts")
    (found,) = registered()
    assert found.missing == ()
    shutil.rmtree(parts)
    (found,) = registered()
    assert str(parts) in found.missing
