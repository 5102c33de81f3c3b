"""``--backbone``, ``--set``, ``--frozen-stages`` and ``--weights`` of register."""

from __future__ import annotations

from pathlib import Path

import pytest
from register.datasets import Cli

from dataforge.models import get_network, networks
from dataforge.verbs.check import check


def mm(framework: str, *more: str) -> tuple[str, ...]:
    """A call for mmdetection."""
    return ("register", "HumanParts", "--framework", framework, *more)


@pytest.mark.parametrize("style", ["mmdet2", "mmdet3", "mmdet3 --style lazy"])
@pytest.mark.parametrize("backbone", [name for name in networks() if get_network(name).mmdet])
def test_check_finds_nothing_in_what_is_generated(
    cli: Cli, parts: Path, backbone: str, style: str
) -> None:
    framework, *more = style.split()
    code, _, errors = cli(
        *mm(framework, *more, "--backbone", backbone, "--root", str(parts), "-o", "out")
    )
    assert (code, errors) == (0, "")
    (config,) = Path("out").glob(f"configs/{framework}*/humanparts/*.py")
    found = check(config)
    assert [f for f in found.findings if f.severity != "note"] == []


def test_a_network_comes_with_the_package(cli: Cli, parts: Path) -> None:
    code, out, errors = cli(
        *mm("mmdet2,mmdet3", "--backbone", "detnet59", "--root", str(parts), "-o", "out")
    )
    assert (code, errors) == (0, "")
    assert "those of torchvision://resnet50 are loaded where they fit" in out
    assert {path.name for path in Path("out/python/humanparts_dataset").iterdir()} == {
        "__init__.py", "annotations.py", "index.py", "detnet.py", "parts.py",
        "mmdet2.py", "mmdet2_detnet.py", "mmdet3.py", "mmdet3_detnet.py",
    }  # fmt: skip
    assert out.count("detnet.py") == 3  # the copy is written once
    # A second backbone leaves the files of the first as they are.
    before = Path("out/configs/mmdet2/humanparts/faster_rcnn_detnet59_fpn_humanparts.py")
    text = before.read_text()
    code, out, _ = cli(
        *mm("mmdet2", "--backbone", "res2net50_26w_6s", "--root", str(parts), "-o", "out")
    )
    assert code == 0
    assert "no weights of res2net50_26w_6s can be fetched" in out
    assert "registered-otherwise" not in out
    assert before.read_text() == text
    code, out, _ = cli("unregister", "HumanParts")
    assert code == 0
    assert not Path("out").exists()


def test_settings_land_in_the_config(cli: Cli, parts: Path, tmp_path: Path) -> None:
    weights = tmp_path / "weights.pth"
    weights.write_bytes(b"PK\x03\x04")
    code, _, errors = cli(
        *mm("mmdet3", "--root", str(parts), "-o", "out", "--backbone", "resnet101"),
        "--set", "neck.start_level=1", "--set", "neck.add_extra_convs=on_input",
        "--set", "backbone.norm_eval=false", "--frozen-stages", "-1", "--weights", str(weights),
    )  # fmt: skip
    assert (code, errors) == (0, "")
    text = Path("out/configs/mmdet3/humanparts/faster-rcnn_r101_fpn_humanparts.py").read_text()
    for line in (
        "        depth=101,\n        frozen_stages=-1,\n        norm_eval=False,\n",
        f"checkpoint={str(weights)!r})),\n",
        "    neck=dict(start_level=1, add_extra_convs='on_input'),\n",
        "    rpn_head=dict(anchor_generator=dict(strides=[8, 16, 32, 64, 128])),\n",
        "        bbox_roi_extractor=dict(featmap_strides=[8, 16, 32], finest_scale=112),\n",
    ):
        assert line in text


@pytest.mark.parametrize(
    ("more", "exit_code", "said"),
    [
        (("--set", "neck.levels=3"), 2, "--set neck.levels: FPN has no such argument"),
        (("--set", "neck"), 2, "expected PART.ARGUMENT=VALUE"),
        (("--backbone", "resnet19"), 2, "--backbone resnet19: mmdetection has detnet59"),
        (("--frozen-stages", "-2"), 2, "must be at least -1"),
        (("--weights", "none.pth"), 3, "none.pth: no such file"),
        (("--weights", __file__), 3, "is not a checkpoint that torch has saved"),
        (("--pretrained", "random", "--frozen-stages", "1"), 2, "would freeze random weights"),
    ],
)
def test_refused(cli: Cli, parts: Path, more: tuple[str, ...], exit_code: int, said: str) -> None:
    code, _, errors = cli(*mm("mmdet2", "--root", str(parts), "-o", "out", *more))
    assert code == exit_code
    assert said in errors
    assert not Path("out").exists()
