"""``dataforge plot``."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from command_line import Cli
from helpers import write

from dataforge.cli import plot
from dataforge.cli.output import can_show


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a run with two epochs of two steps."""
    lines = []
    for epoch in (1, 2):
        for step in (1, 2):
            loss = 5 - 2 * epoch - step / 2
            lines.append({"mode": "train", "epoch": epoch, "iter": step, "lr": 0.5, "loss": loss})
        lines.append({"mode": "val", "epoch": epoch, "iter": 9, "AP50": epoch / 4, "loss": 2.0})
    text = "".join(json.dumps(line) + "\n" for line in lines)
    return write(tmp_path / "run" / "20260101_000000.log.json", text).parent


def test_a_table_for_the_terminal(cli: Cli, run: Path) -> None:
    result = cli("plot", run)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "  curve       first  last  least  most",
        "  loss          2.5     0      0   2.5  █▇▂▁",
        "  loss (val)      2     2      2     2  ▄▄",
        "  AP50         0.25   0.5   0.25   0.5  ▁█",
    ]


def test_without_blocks_it_is_ascii(
    cli: Cli, run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="cp1252"))
        assert can_show("ä_.:-=+*#")
        assert not can_show("▁")
    monkeypatch.setattr(plot, "can_show", lambda characters: False)
    result = cli("plot", run)
    assert result.stdout.isascii()
    assert "  loss          2.5     0      0   2.5  #*._\n" in result.stdout


@pytest.mark.parametrize(
    "keys",
    [["--keys", "loss", "lr"], ["--keys", "loss,lr"], ["--keys=loss,lr"]],
)
def test_keys_are_several_words(cli: Cli, run: Path, keys: list[str]) -> None:
    for call in (["plot", run, *keys, "--x", "epochs"], ["plot", *keys, run]):
        result = cli(*call)
        rows = result.stdout.splitlines()[1:]
        assert [row.split()[0] for row in rows] == ["loss", "loss", "lr"], result.stderr


def test_several_runs_are_named(cli: Cli, run: Path) -> None:
    other = write(run.parent / "other" / "log.json", (run / "20260101_000000.log.json").read_text())
    result = cli("plot", run, other, "--keys", "loss")
    names = [line.split(":")[0].strip() for line in result.stdout.splitlines()[1:]]
    assert names == ["run", "run", "other", "other"]


def test_a_picture(cli: Cli, run: Path) -> None:
    pytest.importorskip("matplotlib")
    out = run / "curves.png"  # beside the log
    result = cli("plot", run, "--out", out)
    assert (result.returncode, result.stdout, result.stderr) == (0, f"wrote {out}\n", "")
    assert out.read_bytes().startswith(b"\x89PNG")
    again = cli("plot", run, "-o", out)
    assert (again.returncode, again.stderr) == (3, f"error: {out} already exists; use --force to "
                                                   "overwrite\n")  # fmt: skip
    assert cli("plot", run, "--out", out, "--force").returncode == 0


def test_without_matplotlib(
    cli: Cli, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = cli("plot", run, "--out", tmp_path / "a.png")
    assert result.returncode == 3
    assert "plots need matplotlib: pip install matplotlib" in result.stderr
    assert cli("plot", run).returncode == 0


def test_as_json(cli: Cli, run: Path) -> None:
    log = run / "20260101_000000.log.json"
    log.write_text(log.read_text().replace('"loss": 2.5', '"loss": NaN') + '{"mode"')
    result = cli("plot", run, "--json", "--keys", "loss")
    document = json.loads(result.stdout)
    assert (document["logs"], document["axis"], document["picture"]) == ([str(log)], "epochs", None)
    train, val = document["curves"]
    assert (train["key"], train["split"], val["split"]) == ("loss", "train", "val")
    assert train["points"][:2] == [
        {"epoch": 0.5, "step": 1.0, "value": None},
        {"epoch": 1.0, "step": 2.0, "value": 2.0},
    ]
    assert document["notes"] == [
        f"{log}: the last line is cut off, and is left out",
        "run: loss is no number in 1 of 4 values, first at step 1",
    ]
    assert [f"warning: {note}" for note in document["notes"]] == result.stderr.splitlines()


def test_wrong_usage_and_what_cannot_be_read(cli: Cli, run: Path, tmp_path: Path) -> None:
    wrong = (
        ["--keys", "zebra"], ["--x", "days"], ["--smooth", "0"], ["--out", tmp_path / "a.txt"],
    )  # fmt: skip
    for options in wrong:
        assert cli("plot", run, *options).returncode == 2
    assert cli("plot").returncode == 2
    broken = write(tmp_path / "broken.log.json", '{"mode": "train"}\n{\n')
    for path, message in (
        (broken, f"{broken}:1: has no epoch"),
        (tmp_path / "none", "cannot be read: No such file"),
        (write(tmp_path / "empty" / "a.txt").parent, "no log in this folder"),
    ):
        result = cli("plot", path, "--out", tmp_path / "a.png")
        assert (result.returncode, result.stdout) == (3, "")
        assert message in result.stderr
        assert not (tmp_path / "a.png").exists()


def test_the_axis(cli: Cli, tmp_path: Path) -> None:
    log = write(tmp_path / "a.json", '{"loss": 2.0, "iter": 10, "step": 10}\n')
    assert json.loads(cli("plot", log, "--json").stdout)["axis"] == "iterations"
    result = cli("plot", log, "--x", "epochs")
    assert (result.returncode, "does not say the epochs" in result.stderr) == (2, True)


def test_values_that_are_not_drawn_are_named(cli: Cli, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    lines = (
        {"mode": "train", "epoch": 1, "iter": 10 * at, "loss": loss, "lr": 0.1}
        for at, loss in enumerate((1e308, -1e308, 1e-320), 1)
    )
    log = write(tmp_path / "run.log.json", "".join(json.dumps(line) + "\n" for line in lines))
    result = cli("plot", log, "--out", tmp_path / "a.png")
    said = "warning: run: 2 of 3 values of loss are beyond 1e+300, and not drawn\n"
    assert (result.returncode, result.stderr) == (0, said)
    assert cli("plot", log).stderr == ""
