"""``dataforge demo --no-train``: the commands before a training, run one after the other."""

from __future__ import annotations

from pathlib import Path

from command_line import Cli


def test_it_runs_what_it_says(cli: Cli, tmp_path: Path) -> None:
    result = cli("demo", "made", "--no-train", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    said = [line for line in result.stdout.splitlines() if line.startswith("$ dataforge ")]
    assert [line.split()[2] for line in said] == ["inspect", "check", "convert", "stats", "browse"]
    # The sample has 69 shapes in 14 files, and an image without any.
    assert "14 images, 69 shapes as 68 instances" in result.stdout
    assert "14 images, 68 objects, 3 classes" in result.stdout
    made = tmp_path / "made"
    assert (made / "page" / "index.html").is_file()
    assert len([*(made / "coco" / "annotations").iterdir()]) == 2
    again = cli("demo", "made", "--no-train", cwd=tmp_path)
    assert again.returncode == 0
    assert cli("demo", "made", "--no-train", "--json", cwd=tmp_path).returncode == 2


def test_a_folder_of_somebody_is_left_alone(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    result = cli("demo", tmp_path, "--no-train")
    assert result.returncode == 3
    assert "is not a demo" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
