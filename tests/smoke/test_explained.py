"""A framework that cannot be imported is no traceback: `dataforge doctor` explains it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers import write

from dataforge.demo import demo
from dataforge.errors import DataforgeError, InputError, MissingDependencyError, UsageError
from dataforge.smoke import Device, SmokeOptions, explained, smoke

EXPLAINS = "; `dataforge doctor` explains"


class Broken:
    """An adapter of a framework that is not as it should be."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def require(self) -> None:
        raise self.error


ERRORS: list[tuple[Exception, type[DataforgeError], str]] = [
    (
        RuntimeError("operator torchvision::nms does not exist"),
        DataforgeError,
        "the framework cannot be imported: RuntimeError: operator torchvision::nms does not exist",
    ),
    (AssertionError("MMCV==2.2.0 is used but incompatible"), DataforgeError, "MMCV==2.2.0 is used"),
    (ModuleNotFoundError("No module named 'mmcv._ext'"), DataforgeError, "No module named"),
    (DataforgeError("mmdet 3 is installed"), DataforgeError, "mmdet 3 is installed"),
    (MissingDependencyError("smoke requires x"), MissingDependencyError, "smoke requires x"),
]


@pytest.mark.parametrize(("error", "raised", "words"), ERRORS)
def test_smoke_and_demo_say_who_explains(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    raised: type[DataforgeError],
    words: str,
) -> None:
    framework = SimpleNamespace(name="mmdet3", adapter=lambda: Broken(error))
    monkeypatch.setattr("dataforge.smoke.run.framework_of", lambda config: framework)
    monkeypatch.setattr("dataforge.demo.get_framework", lambda name: framework)
    config = write(tmp_path / "config.py", "model = 1\n")
    device: Device = "auto"
    with pytest.raises(raised) as found:
        smoke(config, SmokeOptions(work_dir=tmp_path / "out"), print)
    assert words in str(found.value)
    assert str(found.value).endswith(EXPLAINS)
    with pytest.raises(raised) as found:
        demo(tmp_path / "demo", device, print, "mmdet3")
    assert words in str(found.value)
    assert str(found.value).endswith(EXPLAINS)
    assert not (tmp_path / "demo").exists()


def test_no_framework_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataforge.frameworks.table.installed_versions", lambda names: {})
    with pytest.raises(MissingDependencyError, match=r"none of mmdet2, .* explains"):
        demo(tmp_path / "demo", "auto", print)
    config = write(tmp_path / "config.py", "x = 1\n")
    with pytest.raises(MissingDependencyError, match=r"none of mmdet2, .* explains"):
        smoke(config, SmokeOptions(work_dir=tmp_path / "out"), print)


@pytest.mark.parametrize("error", [InputError("no such config"), UsageError("--x")])
def test_what_is_wrong_with_the_call_stays(error: DataforgeError) -> None:
    with pytest.raises(type(error)) as found, explained():
        raise error
    assert found.value is error
