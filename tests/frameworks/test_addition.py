"""A framework is added by one folder and one row: here by another package, with an entry point."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from helpers import REPO, SAMPLE, python, write

# A framework of one file: its script trains nothing, and its adapter proves nothing.
TOY = '''
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

import msgspec

from dataforge.errors import MissingDependencyError
from dataforge.frameworks import Adapter, Framework, Options, PlannedFile, render_text
from dataforge.mmconfig import Signs

SCRIPT = """\\
# {{ dataset.name|comment }} on {{ pace }} legs. Made by dataforge; yours to edit.
import toykit
from {{ dataset.package }} import annotations

CLASSES = {{ dataset.classes|literal(10) }}
"""


class ToyAdapter(Adapter):
    packages = ("toykit",)

    def require(self):
        raise MissingDependencyError("smoke requires toykit 7")

    def prepare(self, device):
        pass

    def load(self, config):
        raise NotImplementedError


class ToyOptions(Options, frozen=True, kw_only=True):
    pace: Annotated[
        Literal["slow", "fast"], msgspec.Meta(description="Of a toy: slow or fast.")
    ] = "slow"
    legs: Annotated[int, msgspec.Meta(description="How many.")] = 2


@dataclass(frozen=True)
class Toy(Framework):
    options: ToyOptions = field(default_factory=ToyOptions)

    name = "toy"
    title = "toykit"
    packages: ClassVar = {"toykit": "7."}
    needs = "toykit 7"
    bases: ClassVar = {"toy_r50": 0.1, "faster_rcnn_r50_fpn": 0.1}
    signs = Signs(imports=frozenset({"toykit"}))

    def adapter(self):
        return ToyAdapter()

    def check(self, dataset, train):
        pass

    def config_path(self, dataset, train):
        return "toy_train.py"

    def render_files(self, dataset, train):
        pace = f"{self.options.pace} {self.options.legs}"
        text = render_text(SCRIPT, dataset=dataset, pace=pace)
        module = PlannedFile(f"{dataset.folder}/toy.py", "")
        return [module, PlannedFile(self.config_path(dataset, train), text)]


FRAMEWORK = Toy()
'''


def install(folder: Path, row: str = "toy = toy_dataforge:FRAMEWORK", text: str = TOY) -> Path:
    """Put a package where an installer would: its folder, and its entry point."""
    write(folder / "toy_dataforge" / "__init__.py", text)
    info = folder / "toy_dataforge-1.0.dist-info"
    write(info / "METADATA", "Metadata-Version: 2.1\nName: toy-dataforge\nVersion: 1.0\n")
    write(info / "entry_points.txt", f"[dataforge.frameworks]\n{row}\n")
    return folder


@pytest.fixture
def toys(tmp_path: Path) -> Path:
    return install(tmp_path / "site")


def cli(site: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A fresh Python that has the package, in a working directory beside it."""
    cwd = site.parent / "cwd"
    cwd.mkdir(exist_ok=True)
    path = f"{site}:{REPO}"
    return python("-m", "dataforge", *map(str, arguments), cwd=cwd, PYTHONPATH=path)


def register(site: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Register the sample, into the working directory."""
    sample = ("HumanParts", "--root", SAMPLE / "humanparts", "--dry-run")
    return cli(site, "register", *sample, *arguments)


def test_help_shows_the_added_framework(toys: Path) -> None:
    words = " ".join(cli(toys, "register", "--help").stdout.split())
    assert "Frameworks to register for: mmdet2, mmdet3, torchvision, toy, several" in words
    assert "faster_rcnn_r50_fpn, mask_rcnn_r50_fpn (mmdet2, mmdet3, torchvision)" in words
    assert "toy_r50 (toy)" in words
    assert "--pace slow|fast Of a toy: slow or fast (toy). [default: slow]" in words
    assert "--legs N How many (toy). [default: 2]" in words
    assert "--framework mmdet2|mmdet3|torchvision|toy Framework to train with." in " ".join(
        cli(toys, "demo", "--help").stdout.split()
    )


def test_register_writes_its_generated_files(toys: Path) -> None:
    given = ("--framework", "toy", "--pace", "fast", "--legs", "4", "--base", "toy-r50")
    done = register(toys, *given)
    assert (done.returncode, done.stderr) == (0, "")
    assert "+# HumanParts on fast 4 legs. Made by dataforge; yours to edit.\n" in done.stdout
    assert "+CLASSES = ('face', 'person', 'hand')\n" in done.stdout
    assert "humanparts_dataset/annotations.py" in done.stdout  # what all frameworks share
    assert "would make humanparts_dataset.toy importable" in done.stdout


def test_added_framework_is_part_of_all(toys: Path) -> None:
    done = register(toys, "--framework", "all")
    assert done.returncode == 0, done.stderr
    assert "+# HumanParts on slow 2 legs." in done.stdout
    assert "class HumanPartsDataset(XMLDataset)" in done.stdout


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--framework", "toy", "--pace", "warp"], "--pace warp: must be one of slow, fast"),
        (["--framework", "mmdet3", "--pace", "fast"], "--pace has no effect for mmdet3; it is an"),
        (["--framework", "toy", "--style", "lazy"], "--style has no effect for toy; it is an"),
        (
            ["--framework", "toys"],
            "no framework 'toys'; did you mean 'toy'?",
        ),
    ],
)
def test_invalid_options_are_refused(toys: Path, given: list[str], said: str) -> None:
    done = register(toys, *given)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_check_and_smoke_recognise_its_config(toys: Path) -> None:
    config = write(toys.parent / "cwd" / "toy_train.py", "import toykit\ndata = dict()\n")
    report = json.loads(cli(toys, "check", config, "--json").stdout)
    assert report["how"][0].startswith("a config for toykit, read without")
    done = cli(toys, "smoke", config)
    assert done.returncode == 3
    assert "smoke requires toykit 7" in done.stderr


@pytest.mark.parametrize(
    ("row", "text", "said"),
    [
        (
            "mmdet2 = toy_dataforge:FRAMEWORK",
            TOY,
            "framework 'mmdet2' of toy_dataforge:FRAMEWORK clashes with dataforge.frameworks.mm",
        ),
        (
            "toy = toy_dataforge:FRAMEWORK",
            TOY.replace("legs", "gpus"),
            "two options are called --gpus: 'GPUs; the learning rate depends on them. [default: "
            "1]' and 'How many (toy). [default: 2]'",
        ),
    ],
)
def test_a_package_that_clashes_is_named(tmp_path: Path, row: str, text: str, said: str) -> None:
    done = register(install(tmp_path / "site", row, text), "--framework", "mmdet2")
    # the second framework of a name is left out; options of one name cannot be told apart
    assert done.returncode == (0 if row.startswith("mmdet2") else 3), done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "at", "text", "said"),
    [
        (
            "toy",
            "Toy",
            TOY,
            "toy_dataforge:Toy is not a dataforge.frameworks.Framework named 'toy'",
        ),
        ("horse", "FRAMEWORK", TOY, "is not a dataforge.frameworks.Framework named 'horse'"),
        ("toy", "FRAMEWORK", "import no_such_package", "No module named 'no_such_package'"),
    ],
)
def test_faulty_package_is_left_out_and_named(
    tmp_path: Path, name: str, at: str, text: str, said: str
) -> None:
    site = install(tmp_path / "site", f"{name} = toy_dataforge:{at}", text)
    owner = f"framework '{name}' (toy_dataforge:{at}) of toy-dataforge cannot be loaded: "
    done = register(site, "--framework", "mmdet2")
    assert done.returncode == 0
    (warning,) = done.stderr.splitlines()
    assert warning.startswith(f"warning: {owner}")
    assert said in warning
    done = register(site, "--framework", name)
    assert done.returncode == 3
    assert f"error: {owner}" in done.stderr
    assert "Traceback" not in done.stderr


def test_built_in_framework_is_one_folder_and_one_row() -> None:
    """Nothing else of the package names one of them, where it is not about mmdetection itself."""
    package = REPO / "dataforge"
    naming = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if '"torchvision"' in path.read_text("utf-8")
    }
    naming -= {path for path in naming if path.startswith("frameworks/torchvision/")}
    assert naming <= {
        "frameworks/table.py",  # the row
        "checks/config/import_missing.py",  # packages that are installed with a framework
        # Packages that a Python has, whatever is trained with them.
        *(f"verbs/doctor/{name}.py" for name in ("combinations", "conditions", "judge", "probe")),
        "cli/doctor.py",
        "frameworks/operators.py",  # the package whose operators take the place of mmcv's
        "verbs/smoke/run.py",  # packages whose versions a report names
    }
