"""What every test may use; the factories themselves are in helpers.py, imported as `helpers`.

No test writes into the environment that it runs in: what registers calls
`helpers.redirect_registrations`, and a process of its own is `own_python`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import site
import sys
import sysconfig
import venv
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import hypothesis
import pytest

# --import-mode=importlib puts no folder of tests on the path.
sys.path.insert(0, str(Path(__file__).parent))

from browsing import browser, show

__all__ = ["browser", "show"]

# A shell starts what runs in its background with SIGINT ignored, and nohup does that with SIGHUP:
# every process of a test would inherit it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Before anything imports mmdet in an environment of the groups mmdet2-lite and mmdet3-lite.
for package, start in (("mmcv", "1."), ("mmcv-lite", "")):
    with contextlib.suppress(metadata.PackageNotFoundError):
        if metadata.version(package).startswith(start):
            from dataforge.frameworks.operators import serve

            serve()

hypothesis.settings.register_profile("dataforge", max_examples=60, deadline=None, database=None)
hypothesis.settings.load_profile("dataforge")


@pytest.fixture
def own_python(tmp_path: Path) -> str:
    """The Python of an environment of its own, with all packages of this one, and the checkout.

    What is registered for it is written there; what is registered for this one is not seen there,
    as no path file of this one is read.
    """
    folder = tmp_path / "environment"
    venv.create(folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    paths = [str(Path(__file__).parents[1]), *site.getsitepackages(), site.getusersitepackages()]
    (packages / "tests.pth").write_text("\n".join(paths) + "\n")
    return str(folder / "bin" / "python")


@pytest.fixture(autouse=True)
def _the_environment_is_as_before() -> Iterator[None]:
    before = dict(os.environ)
    yield
    for variables in (after := dict(os.environ), before):
        variables.pop("PYTEST_CURRENT_TEST", None)
        variables.pop("LD_LIBRARY_PATH", None)  # cv2 changes it, whoever imports it first
    assert after == before, "a test changed environment variables for those after it"


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_registered_here() -> Iterator[None]:
    """Holds the promise above."""
    folders = [Path(sysconfig.get_path("purelib")), Path(site.getusersitepackages())]
    before = {path for folder in folders for path in folder.glob("dataforge_*.pth")}
    yield
    after = {path for folder in folders for path in folder.glob("dataforge_*.pth")}
    assert after == before, "a test registered a dataset for the Python that runs it"


@pytest.fixture(scope="session", autouse=True)
def _the_sample_data_are_as_before() -> Iterator[None]:
    """A generated class keeps an index beside the files that it reads: tests train on copies."""
    folder = Path(__file__).parents[1] / "sample_data"
    before = {*folder.rglob("*")}
    yield
    assert {*folder.rglob("*")} == before, "a test wrote into sample_data"
