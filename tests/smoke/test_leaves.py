"""What a run leaves to look at, however it ends, over a framework that exists here alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from browsing import Shown
from helpers import write
from PIL import Image

from dataforge.errors import MissingDependencyError
from dataforge.frameworks import (
    BuiltDataset,
    Detections,
    ImageInfo,
    Operators,
    Part,
    TrainingConfig,
    Trial,
    TrialSettings,
    Truth,
)
from dataforge.interrupts import Interrupted
from dataforge.verbs.smoke import SmokeOptions, SmokeReport, smoke

torch = pytest.importorskip("torch")
Show = Callable[..., Shown]
BOX = (10.0, 10.0, 40.0, 40.0)


class ToyPart(Part):
    """Images of 60 x 60 pixels with a cat each; the first has a dog, too."""

    where = "toy.train"

    def __init__(self, folder: Path, names: Sequence[str], classes: tuple[str, ...]) -> None:
        self.classes = classes
        for name in names:
            Image.new("RGB", (60, 60), (90, 90, 90)).save(folder / name)
        self.images = [ImageInfo(name, folder / name, 60, 60) for name in names]

    def build(self, *, training: bool) -> BuiltDataset:
        def truth(index: int) -> Truth:
            return Truth([0] if index else [0, 1], [BOX] if index else [BOX, (45, 45, 59, 59)])

        return BuiltDataset(classes=self.classes, images=self.images, truth=truth)


class ToyTrial(Trial):
    """Learns in twenty iterations, without looking; finds the cats, and no dog."""

    left_out = ("Flip",)

    def __init__(self, images: Sequence[str], ends: BaseException | None) -> None:
        self.images = images
        self.ends = ends
        self.step = 0

    def new_model(self) -> Any:
        return torch.nn.Linear(1, 1)

    def batches(self) -> Iterator[Any]:
        while True:
            yield torch.ones(1)

    def loss(self, model: Any, batch: Any) -> tuple[Any, Mapping[str, float]]:
        self.step += 1
        if self.ends is not None and self.step == 15:
            raise self.ends
        return model(batch).sum() ** 2, {"loss": 2.0 - 0.05 * self.step}

    def detect(self, model: Any) -> Any:
        return None

    def ap50(self, found: Any) -> float:
        return 0.95

    def ap50_per_class(self, found: Any) -> dict[str, float]:
        return {"cat": 0.95}

    def detections(self, model: Any) -> Sequence[Detections]:
        return [Detections([0], [0.9], [BOX]) for _ in self.images]

    def save(self, model: Any, path: Path, classes: Sequence[str]) -> None:
        torch.save({"state_dict": model.state_dict()}, str(path))


class ToyConfig(TrainingConfig):
    """One part for all splits."""

    title = "toy"
    truth_method = "boxes_of"
    rules: Mapping[str, str] = {}

    def __init__(self, part: Part, ends: BaseException | None) -> None:
        self.part = part
        self.ends = ends

    def where(self, split: str) -> str:
        return f"toy.{split}"

    def parts(self, split: str) -> Sequence[Part]:
        return [self.part]

    def same(self, split: str, other: str) -> bool:
        return True

    def heads(self) -> Sequence[tuple[str, int]]:
        return []

    def trial(self, images: Sequence[str], size: int, settings: TrialSettings) -> Trial:
        return ToyTrial(images, self.ends)


Run = Callable[..., SmokeReport]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    return tmp_path


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def run(folder: Path, log: list[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run smoke on a toy."""

    def runner(
        names: Sequence[str] = ("a.png", "b.png", "c.png"),
        classes: tuple[str, ...] = ("cat", "dog"),
        ends: BaseException | None = None,
        damage: Callable[[], object] = lambda: None,
    ) -> SmokeReport:
        config = ToyConfig(ToyPart(folder / "images", names, classes), ends)
        damage()
        adapter = SimpleNamespace(
            packages=(), operators=Operators(""), require=lambda: None,
            prepare=lambda device: None, load=lambda path: config,
        )  # fmt: skip
        framework = SimpleNamespace(name="toy", adapter=lambda: adapter)
        monkeypatch.setattr("dataforge.verbs.smoke.run.framework_of", lambda path: framework)
        path = write(folder / "toy.cfg", "")
        return smoke(path, SmokeOptions(work_dir=folder / "out", device="cpu"), log.append)

    return runner


def written(folder: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((folder / "out" / "smoke_report.json").read_text())
    return report


def test_the_page_of_a_proof(run: Run, folder: Path, log: list[str], show: Show) -> None:
    report = run()
    assert report.verdict == "proved", report.reasons
    # 20 of at most 200 iterations: what is left is said after ten.
    assert [line for line in log if line.startswith("iteration 10: loss 1.500; at most ")]
    assert log[-1] == "iteration 20: loss 1.000, AP50 0.950"
    shown = show(folder / "out" / "report.html").page
    assert shown.inner_text(".verdict .word") == "Proved"
    assert "AP50 0.950" in shown.inner_text(".verdict")
    assert shown.locator("#loss path.line").count() == 2  # the loss, and AP50
    limits = shown.inner_text("#limits")
    assert "Wrong labels" in limits
    assert "3 images by heart" in limits
    assert "Flip" in shown.inner_text("#loss")
    # The three cats are found, and the dog is not.
    rows = [row.split()[:2] for row in shown.locator("#classes tbody tr").all_inner_texts()]
    assert rows == [["cat", "1.000"], ["dog", "0.000"]]
    pair = shown.locator(".pair").first
    pair.scroll_into_view_if_needed()
    assert "2 objects · 1 missed · 0 wrong" in pair.inner_text()


def test_a_refused_run_draws_and_names_every_bad_image(run: Run, folder: Path, show: Show) -> None:
    images = folder / "images"

    def damage() -> None:
        (images / "b.png").unlink()
        (images / "c.png").write_bytes(b"no image")
        Image.new("RGB", (30, 60)).save(images / "d.png")

    report = run(("a.png", "b.png", "c.png", "d.png", "e.png"), damage=damage)
    assert report.verdict == "refused"
    # train and val are the same images, test is not looked at.
    bad = [(Path(one.path).name, one.fault) for one in report.bad_images]
    assert [name for name, _ in bad] == ["b.png", "c.png", "d.png"] * 2
    assert bad[0][1] == "does not exist"
    assert "30x60" in bad[2][1]
    assert (folder / "out" / "ground_truth.png").is_file()
    shown = show(folder / "out" / "report.html").page
    assert shown.inner_text(".verdict .word") == "Refused"
    for name in ("b.png", "c.png", "d.png"):
        assert name in shown.inner_text("#remarks")
    assert shown.locator(".pair").count() == 5


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Interrupted(15)])
def test_an_interrupted_run_leaves_a_report(
    run: Run, folder: Path, show: Show, error: BaseException
) -> None:
    with pytest.raises(type(error)):
        run(ends=error)
    report = written(folder)
    assert report["verdict"] == "interrupted"
    assert len(report["proof"]["losses"]) == 14
    assert report["reasons"] == ["the run was interrupted"]
    shown = show(folder / "out" / "report.html").page
    assert shown.inner_text(".verdict .word") == "Interrupted"
    assert "14 iterations" in shown.inner_text(".verdict")


def test_a_run_without_matplotlib_has_its_curve_on_the_page(
    run: Run, folder: Path, log: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def loss_curve(*_: object) -> None:
        raise MissingDependencyError("pip install matplotlib")

    monkeypatch.setattr("dataforge.verbs.smoke.shown.loss_curve", loss_curve)
    assert run().verdict == "proved"
    assert not (folder / "out" / "loss_curve.png").exists()
    assert "report.html has the curve" in log[-1]


def test_hostile_classes_are_text(run: Run, folder: Path, show: Show) -> None:
    run(classes=("<script>alert(1)</script>", "<b>x</b>"))
    shown = show(folder / "out" / "report.html").page
    assert "<script>alert(1)</script>" in shown.inner_text("#classes")
    assert shown.locator("#report script, #report b").count() == 0


def test_a_folder_that_is_no_page_is_left_alone(run: Run, folder: Path, log: list[str]) -> None:
    write(folder / "out" / "evaluation" / "thesis.txt", "years of work")
    assert run().verdict == "proved"
    assert (folder / "out" / "evaluation" / "thesis.txt").read_text() == "years of work"
    assert "is not an earlier page" in log[-1]
