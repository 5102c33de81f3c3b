"""An environment for each framework, over the packages of the Python that runs this."""

from __future__ import annotations

import importlib.util
import sys
import venv
import zipfile
from importlib import metadata
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
FRAMEWORKS = ("torchvision", "mmdet3", "mmdet2")


def make_environment(framework: str, work: Path, wheels: Path | None, extra: str = "") -> Path:
    """Make an environment; the Python in it.

    What is registered for it is written into it alone, and nothing into the outer Python. A wheel
    is unpacked, which is all that installing a wheel without scripts needs.

    Args:
        framework: one of `FRAMEWORKS`.
        work: gets the folders.
        wheels: made by wheels.sh; None where this Python has what is needed.
        extra: a folder of packages that go before all others.
    """
    folder = work / "environments" / (framework + "-compiled" * bool(extra))
    venv.EnvBuilder(symlinks=True, with_pip=False, clear=True).create(folder)
    site = work / "sites" / framework
    for source in ("common", framework) if wheels is not None else ():
        for wheel in sorted((wheels / source).glob("*.whl")):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(site)
    outer = [Path(path) for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    lines = [*filter(None, [extra]), str(REPO)]
    for packages in (site, *outer):
        lines += [str(packages), *_path_lines(packages)]
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "outer.pth").write_text("\n".join(lines) + "\n", "utf-8")
    return folder / "bin" / "python"


def _path_lines(packages: Path) -> list[str]:
    """What the path files of a site-packages say; Python reads them in an environment's own alone.

    Not those of registered datasets. setuptools offers distutils in this way, which mmengine needs.
    """
    lines = [
        line.strip()
        for file in sorted(packages.glob("*.pth"))
        if not file.name.startswith("dataforge_")
        for line in file.read_text("utf-8", "replace").splitlines()
    ]
    return [
        line if line.startswith(("import ", "import\t")) else str(packages / line)
        for line in lines
        if line and not line.startswith("#")
    ]


def available(wheels: Path | None) -> dict[str, str]:
    """Framework -> why it cannot be had here; empty if it can."""
    reasons = {}
    for framework in FRAMEWORKS:
        reasons[framework] = ""
        if importlib.util.find_spec("torchvision") is None:
            reasons[framework] = "torchvision is not installed"
        elif framework != "torchvision" and not _has(framework, wheels):
            reasons[framework] = f"{framework} is neither installed nor in --wheels"
    return reasons


def _has(framework: str, wheels: Path | None) -> bool:
    if wheels is not None:
        return any((wheels / framework).glob("mmdet-*.whl"))
    try:
        return metadata.version("mmdet").startswith(framework[-1])
    except metadata.PackageNotFoundError:
        return False
