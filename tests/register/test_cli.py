"""``dataforge register`` and ``dataforge unregister``: what is printed, and exit codes."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import snapshot, write
from register.datasets import Cli

import dataforge
from dataforge.io import REGISTRATION

SOURCE = Path(dataforge.__file__).parents[1]


def test_cli_class_options(cli: Cli, parts: Path, tmp_path: Path) -> None:
    code, out, errors = cli(
        "register", "HumanParts", "--root", parts, "--drop", "face", "--merge", "body=person,hand",
    )  # fmt: skip
    assert (code, errors) == (0, "")
    # 30 persons and 60 hands, less what is in the other split; by grep
    rows = [line.split() for line in out.splitlines()]
    assert ["body", "66", "24"] in rows
    assert "note dropped-class: 1, 30 shapes left out" in out
    text = Path("humanparts_registered/python/humanparts_dataset/annotations.py").read_text()
    assert "CLASSES = ('body', )" in text or "CLASSES = ('body',)" in text
    assert "face" not in text


def test_cli_dry_run(cli: Cli, parts: Path, tmp_path: Path) -> None:
    before = snapshot(tmp_path)
    code, out, errors = cli("register", "HumanParts", "--root", parts, "--dry-run")
    assert (code, errors) == (0, "")
    lines = out.splitlines()
    assert lines[0] == f"HumanParts: voc in {parts}"
    assert ["person", "22", "8"] in [line.split() for line in lines]
    assert ["(images)", "16", "6"] in [line.split() for line in lines]
    assert "+++ " in out
    assert "+class HumanPartsDataset(XMLDataset):" in lines
    assert "-" not in {line[0] for line in lines if line and not line.startswith("---")}
    assert lines[-1] == "nothing was written (--dry-run)"
    assert snapshot(tmp_path) == before


def test_cli_register_twice_and_unregister(cli: Cli, parts: Path, site: Path) -> None:
    out_folder = Path.cwd() / "humanparts_registered"
    code, out, errors = cli("register", "HumanParts", "--layout", "custom-voc", "--root", parts)
    assert (code, errors) == (0, "")
    assert out.count("\nwrote ") == 6
    assert f"importable as humanparts_dataset.mmdet2, by the line in {site}" in out
    assert "registered HumanPartsDataset; get_classes() knows it as humanparts, HumanParts" in out
    config = out_folder / "configs/mmdet2/humanparts/faster_rcnn_r50_fpn_humanparts.py"
    assert f"dataforge smoke {config}" in out
    assert config.is_file()
    code, out, _ = cli("register", "HumanParts", "--root", parts)
    assert code == 0
    assert f"{out_folder} is up to date (6 files)" in out
    code, out, _ = cli("register", "HumanParts", "--root", parts, "--dry-run")
    assert "nothing would change" in out
    config.write_text("mine\n")
    code, out, errors = cli("register", "HumanParts", "--root", parts)
    assert code == 3
    assert "changed by hand" in errors
    assert "faster_rcnn_r50_fpn_humanparts.py" in errors
    code, out, errors = cli("unregister", "HumanParts")
    assert (code, errors) == (1, "")
    assert out.count("removed ") == 5
    assert f"kept {config}: changed by hand" in out
    code, out, _ = cli("unregister", "HumanParts", "--force")
    assert (code, out.count("removed ")) == (0, 2)
    assert list(site.iterdir()) == []
    code, _, errors = cli("unregister", "HumanParts")
    assert code == 3
    assert errors.startswith("error: HumanParts is not registered here")


def test_cli_prints_commands_ready_to_paste(
    cli: Cli, parts: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quoted, and with the Python that trains."""

    def answer(python: str, code: str) -> str:
        return json.dumps([str(site)] if "site" in code else [""])

    monkeypatch.setattr("dataforge.verbs.register.path_file.ask_python", answer)
    options = ("--framework", "torchvision,", "--python", "/my env/python", "--output", "my out")
    code, out, _ = cli("register", "My Parts", "--root", parts, *options)
    assert code == 0
    script = Path.cwd() / "my out" / "configs/torchvision/my_parts/train.py"
    assert out.splitlines()[-4:] == [
        "registered MyPartsDataset",
        "prove it:  '/my env/python' -c "
        "'import sys; sys.path = [path for path in sys.path if path]; "
        f"from dataforge.cli import main; main()' smoke '{script}'",
        f"train it:  '/my env/python' '{script}'",
        "undo it:   dataforge unregister 'My Parts' --python '/my env/python'",
    ]
    code, _, errors = cli("register", "My Parts", "--root", parts, *options[:-1], "another")
    assert code == 3
    assert "`dataforge unregister 'My Parts'` undoes that" in errors


@pytest.mark.parametrize("has_script", [True, False])
def test_cli_prints_commands_that_run_nothing_in_the_dataset(
    has_script: bool, cli: Cli, parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may be run in its folder: a dataforge.py there is not imported."""
    python = tmp_path / "env" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    if has_script:
        start = f"#!{python}\nfrom dataforge.cli import main\nmain()\n"
        write(tmp_path / "env" / "dataforge", start).chmod(0o755)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(SOURCE), *filter(None, sys.path)]))
    for name in ("dataforge.py", "tools/train.py"):
        write(parts / name, "print('the code of the dataset')\n")
    options = ("--python", python, "--framework", "mmdet2", "--output", tmp_path / "out", "--force")
    monkeypatch.setattr("dataforge.verbs.register.path_file.site_folders", lambda _: [])
    code, out, errors = cli("register", "HumanParts", "--root", parts, *options)
    assert (code, errors) == (0, "")
    lines = {line[:9]: line[9:].strip() for line in out.splitlines()}
    assert lines["train it:"].startswith(
        f"in your checkout of mmdetection 2: {python} tools/train.py "
    )
    command = shlex.split(lines["prove it:"])
    assert (command[0] == str(python.with_name("dataforge"))) is has_script
    shown = [*command[:-2], "--version"]
    ran = subprocess.run(shown, check=True, cwd=parts, capture_output=True, text=True)
    assert ran.stdout == f"{dataforge.__version__}\n"


def test_cli_options(cli: Cli, parts: Path, tmp_path: Path) -> None:
    aliases = write(tmp_path / "aliases.toml", 'people = ["person"]\n')
    classes = write(tmp_path / "classes.txt", "people\nface\nhand\n")
    code, out, _ = cli(
        "register", "Parts", "--layout", "humanparts", "--root", parts, "--labels", classes,
        "--label-aliases", aliases, "--alias", " pp, p 2,,", "-o", tmp_path / "out",
        "--base", "retinanet_r50_fpn", "--gpus", "8", "--repeat", "3", "--pretrained", "random",
        "--difficult", "ignore", "--coords", "voc", "--no-index",
    )  # fmt: skip
    assert code == 0
    module = (tmp_path / "out/python/parts_dataset/mmdet2.py").read_text()
    assert "index=False," in module
    assert "get_classes() knows it as parts, Parts, pp, p 2" in out
    assert ["people", "22", "8"] in [line.split() for line in out.splitlines()]
    config = (tmp_path / "out/configs/mmdet2/parts/retinanet_r50_fpn_parts.py").read_text()
    assert "lr=0.01)" in config
    assert "init_cfg=None" in config
    assert "times=3" in config
    recorded = json.loads((tmp_path / "out" / REGISTRATION).read_text())
    assert recorded["name"] == "Parts"
    assert len(recorded["files"]) == 6


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--labels", "face,hand"], 1, ""),
        (["--coords", "one"], 2, "--coords one: must be one of auto, voc, mmdet, zero"),
        (["--difficult", "no"], 2, "--difficult no"),
        (["--split-files", "train"], 2, "--split-files train: expected train=FILE,val=FILE"),
        (["--base", "yolo"], 2, "--base yolo"),
        (["--framework", "mmdet9"], 2, "no framework 'mmdet9'"),
        (["--layout", "nonsense"], 2, "--layout nonsense"),
        (["--gpus", "0"], 2, "gpus"),
        (["--labels", "a,a"], 2, "class 'a' is declared twice"),
        (["--root", "/no/such/folder"], 3, "/no/such/folder: no such file or folder"),
        (["--layout", "voc"], 3, "does not have the layout voc"),
        (["--layout", "no.toml"], 3, "no.toml: cannot be read"),
        (["--image-dir", "Pictures", "--layout", "humanparts"], 3, "--image-dir Pictures: "),
    ],
)
def test_cli_exit_codes(arguments: list[str], code: int, said: str, cli: Cli, parts: Path) -> None:
    result = cli("register", "HumanParts", "--root", parts, *arguments)
    assert result[0] == code
    assert said in result[2]
    assert "Traceback" not in result[2]
    assert Path("humanparts_registered").exists() is (code == 1)
