"""A framework that cannot be imported is no traceback: `dataforge doctor` explains it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers import write

from dataforge.errors import DataforgeError, InputError, MissingDependencyError, UsageError
from dataforge.verbs.demo import demo
from dataforge.verbs.smoke import Device, SmokeOptions, SmokeReport, explained, smoke
from dataforge.verbs.smoke.run import run_proof

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
    monkeypatch.setattr("dataforge.verbs.smoke.run.framework_of", lambda config: framework)
    monkeypatch.setattr("dataforge.verbs.demo.get_framework", lambda name: framework)
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


@pytest.mark.parametrize(
    ("error", "says_so"),
    [
        (ImportError("libnvrtc.so is not there"), True),
        (RuntimeError("Couldn't load custom C++ ops. This can happen if"), True),
        (RuntimeError("nms_impl: implementation for device cuda:0 not found."), True),
        (RuntimeError("CUDA error: no kernel image is available for execution"), True),
        (AttributeError("module 'numpy' has no attribute 'int'"), True),
        (ValueError("need at least one array to stack"), False),
    ],
)
def test_what_stops_training_for_the_environment(
    monkeypatch: pytest.MonkeyPatch, error: Exception, says_so: bool
) -> None:
    def prove(*_: object) -> None:
        raise error

    monkeypatch.setattr("dataforge.verbs.smoke.run.prove", prove)
    report = SmokeReport(target=0.9, config="c", framework="f", device="cpu", seed=0)
    run_proof(None, None, SmokeOptions(work_dir=Path()), "cpu", report, print)  # type: ignore[arg-type]
    (reason,) = report.reasons
    assert reason.startswith(f"training stopped: {type(error).__name__}: ")
    assert reason.endswith(EXPLAINS) is says_so
