"""Where `dataforge features` writes, which is settled before any framework is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Cli, run_cli
from helpers import picture, snapshot, write

from dataforge.features import FeaturesReport
from dataforge.features.saving import _as_arrays


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    return lambda *arguments, cwd=None: run_cli(capsys, *arguments, cwd=cwd)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A config of no framework, an image, and a folder of the user's."""
    folder = tmp_path / "here"
    write(folder / "config.py", "model = 1\n")
    picture(folder / "images" / "a.png")
    write(tmp_path / "home" / "kept", "kept")
    return folder


@pytest.mark.parametrize("name", ["out.npz", "out.png"])
def test_neither_file_is_overwritten(cli: Cli, here: Path, name: str) -> None:
    write(here / name, "kept")
    done = cli("features", "config.py", "images/a.png", "--layers", "neck", "-o", "out.npz",
               cwd=here)  # fmt: skip
    assert done.returncode == 3
    assert f"{name} already exists; use --force to overwrite" in done.stderr
    assert (here / name).read_text() == "kept"


@pytest.mark.parametrize("more", [[], ["--force"]])
def test_the_image_is_not_overwritten_by_the_picture(cli: Cli, here: Path, more: list[str]) -> None:
    before = snapshot(here)
    done = cli("features", "config.py", "images/a.png", "--layers", "neck", "-o", "images/a.npz",
               *more, cwd=here)  # fmt: skip
    assert done.returncode == 3
    assert "is read by this run, and is not overwritten" in done.stderr
    assert snapshot(here) == before


@pytest.mark.parametrize("more", [[], ["--force"]])
def test_a_link_beside_the_image_is_not_written_through(
    cli: Cli, here: Path, tmp_path: Path, more: list[str]
) -> None:
    (here / "images" / "way").symlink_to(tmp_path / "home")
    done = cli("features", "config.py", "images/a.png", "--layers", "neck", "-o",
               "images/way/out.npz", *more, cwd=here)  # fmt: skip
    assert done.returncode == 3
    assert "is a link inside" in done.stderr
    assert snapshot(tmp_path / "home") == {"kept": b"kept"}


def test_other_refusals(cli: Cli, here: Path) -> None:
    write(here / "no.jpg", "text")
    for image, code, message, *more in (
        ("images/a.png", 2, "must end in .npz", "--layers", "neck", "-o", "out.npy"),
        ("images/a.png", 2, "missing option --layers"),
        ("images/a.png", 2, "name at least one module", "--layers", ","),
        ("none.jpg", 3, "none.jpg: no such file", "--layers", "neck"),
        ("no.jpg", 3, "is not an image", "--layers", "neck"),
        ("images/a.png", 3, "b.pth: no such file", "--layers", "neck", "--checkpoint", "b.pth"),
    ):
        done = cli("features", "config.py", image, *more, cwd=here)
        assert (done.returncode, message in done.stderr) == (code, True), done.stderr
    assert sorted(path.name for path in here.iterdir()) == ["config.py", "images", "no.jpg"]


def test_a_layer_named_twice_is_saved_once() -> None:
    torch = pytest.importorskip("torch")
    report = FeaturesReport(config="c", framework="mmdet3", image="a.png", weights="random")
    found = _as_arrays({"neck": (torch.ones(1, 2, 3, 4),)}, ["neck", "neck"], report)
    assert [*found] == [one.name for one in report.maps] == ["neck/0"]
    assert report.notes == []
