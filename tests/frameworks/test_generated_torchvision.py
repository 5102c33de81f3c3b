"""The generated dataset and training script, in the real torchvision."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from generated import planned, write_files
from helpers import HEIGHT, SQUARE, WIDTH, picture, voc_object, voc_xml, write

from dataforge.verbs.curves import read_log
from dataforge.verbs.register.path_file import write_line

pytest.importorskip("torchvision.tv_tensors")
import torch
from torch import nn
from torchvision import tv_tensors
from torchvision.models import ResNet50_Weights, resnet50
from torchvision.ops import FrozenBatchNorm2d
from torchvision.transforms import v2


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Many threads on a busy machine wait for one another."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Registered:
    """A folder registered for torchvision: its dataset module and its training script."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch, **options: Any) -> None:
        self.plan = planned(root, framework="torchvision", **options)
        write_files(self.plan.out, self.plan.files, patch)
        (target,) = self.plan.targets
        self.script = self.plan.out / target.config
        self.module: ModuleType = importlib.import_module(target.module)

    def dataset(self, *arguments: Any, **options: Any) -> Any:
        return getattr(self.module, self.plan.dataset.class_name)(*arguments, **options)

    def train(self) -> Any:
        """The training script as a module."""
        spec = importlib.util.spec_from_file_location(f"train_{self.plan.dataset.key}", self.script)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


def voc_folder(root: Path, **xmls: str) -> Path:
    for id_, text in xmls.items():
        write(root / "xml" / f"{id_}.xml", text)
        picture(root / "img" / f"{id_}.jpg")
    for split in ("train", "val"):
        write(root / "lists" / f"{split}.txt", "".join(f"{id_}\n" for id_ in xmls))
    return root


def coco_entry(id_: int, image: int, category: int, box: list[float], **more: Any) -> Any:
    x, y, w, h = box
    corners = [x, y, x + w, y, x + w, y + h, x, y + h]
    entry = {
        "id": id_,
        "image_id": image,
        "category_id": category,
        "bbox": box,
        "area": w * h,
        "iscrowd": 0,
        "segmentation": [corners],
    }
    return {**entry, **more}


def coco_folder(root: Path, *entries: Any, val: Any = None, **categories: int) -> Path:
    """images/7.jpg, 3.jpg and 5.jpg, in that order; categories in the order given."""
    document = {
        "images": [
            {"id": n, "file_name": f"{n}.jpg", "width": WIDTH, "height": HEIGHT} for n in (7, 3, 5)
        ],
        "annotations": list(entries),
        "categories": [{"id": id_, "name": name} for name, id_ in categories.items()],
    }
    for n in (7, 3, 5):
        picture(root / "images" / f"{n}.jpg")
    write(root / "annotations" / "instances_train.json", document)
    write(root / "annotations" / "instances_val.json", val or document)
    return root


# Dataset ----------------------------------------------------------------------------------------


def test_voc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marked = voc_xml(
        voc_object("dog", (11, 13, 30, 40)),
        voc_object("cat", (1, 1, WIDTH + 9, 20)),  # overhangs, and is not clipped
        voc_object("cat", (10, 12, 30, 40), difficult="1"),
        voc_object("cat", ("nan", 12, 30, 40)),
        voc_object("cat", (WIDTH + 1, 12, WIDTH + 20, 40)),  # outside
        voc_object("none", (1, 1, 20, 20)),
    )
    root = voc_folder(tmp_path / "d", a=marked, b=voc_xml())
    registered = Registered(
        root, monkeypatch, coords="voc", difficult="ignore", classes=("cat", "dog"), skip=("none",)
    )
    dataset = registered.dataset("train")
    assert len(dataset) == 2
    assert dataset.CLASSES == ("cat", "dog")
    assert (dataset.class_of(" dog "), dataset.class_of("none")) == ("dog", None)
    image, target = dataset[0]
    assert isinstance(image, tv_tensors.Image)
    assert (image.shape, image.dtype) == ((3, HEIGHT, WIDTH), torch.uint8)
    assert abs(int(image.float().mean()) - 90) <= 1  # the grey of helpers.picture
    boxes = target["boxes"]
    assert isinstance(boxes, tv_tensors.BoundingBoxes)
    assert (boxes.format.value, boxes.canvas_size) == ("XYXY", (HEIGHT, WIDTH))
    assert boxes.dtype == torch.float32
    assert boxes.tolist() == [[10, 12, 30, 40], [0, 0, WIDTH + 9, 20]]
    assert (target["labels"].dtype, target["labels"].tolist()) == (torch.int64, [2, 1])
    assert target["area"].tolist() == [20 * 28, (WIDTH + 9) * 20]
    assert (target["iscrowd"].dtype, target["iscrowd"].tolist()) == (torch.int64, [0, 0])
    assert target["image_id"] == 0
    assert target.keys() == {"boxes", "labels", "area", "iscrowd", "image_id"}
    _, empty = dataset[1]
    assert (empty["boxes"].shape, empty["boxes"].dtype) == ((0, 4), torch.float32)
    assert (empty["labels"].shape, empty["labels"].dtype) == ((0,), torch.int64)
    truth = dataset.ground_truth()
    assert truth["categories"] == [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
    assert [image["id"] for image in truth["images"]] == [0, 1]
    assert [(a["category_id"], a["bbox"], a["iscrowd"]) for a in truth["annotations"]] == [
        (2, [10, 12, 20, 28], 0),
        (1, [0, 0, WIDTH + 9, 20], 0),
        (1, [9, 11, 21, 29], 1),  # the difficult one
    ]


def test_another_folder_of_the_same_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = voc_folder(tmp_path / "d", a=voc_xml(voc_object("cat", (1, 2, 30, 40))))
    two = voc_folder(tmp_path / "e", a=voc_xml(voc_object("cat", (5, 2, 30, 40))))
    registered = Registered(one, monkeypatch, coords="zero")
    assert registered.dataset()[0][1]["boxes"].tolist() == [[1, 2, 30, 40]]
    assert registered.dataset("val", root=str(two))[0][1]["boxes"].tolist() == [[5, 2, 30, 40]]
    (two / "img" / "a.jpg").unlink()
    with pytest.raises(FileNotFoundError, match="1 of the 1 images"):
        registered.dataset("val", root=str(two))


def test_image_respects_exif_orientation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import Image

    root = voc_folder(tmp_path / "d", a=voc_xml(voc_object("cat", (1, 2, 30, 60)), size=None))
    picture(root / "img" / "a.jpg", orientation=6)  # lies on its side: shown as 48 x 64
    image, target = Registered(root, monkeypatch).dataset()[0]
    assert image.shape == (3, WIDTH, HEIGHT)
    assert target["boxes"].canvas_size == (WIDTH, HEIGHT)
    for mode in ("L", "P", "RGBA", "CMYK", "1"):
        Image.new(mode, (HEIGHT, WIDTH)).save(root / "img" / "a.tif")
        (root / "img" / "a.jpg").unlink(missing_ok=True)
        image, _ = Registered(root, monkeypatch).dataset()[0]
        assert (image.shape, image.dtype) == ((3, WIDTH, HEIGHT), torch.uint8), mode


ENTRIES = [
    coco_entry(1, 7, 4, [10, 10, 20, 20], segmentation=[[float(v) for p in SQUARE for v in p]]),
    coco_entry(2, 3, 9, [0, 0, 8, 6], segmentation={"size": [48, 64], "counts": [0, 6, 42, 3024]}),
    coco_entry(3, 7, 9, [40, 2, 10, 10], area=77.5),
    coco_entry(4, 7, 9, [1, 1, 30, 30], iscrowd=1),
    coco_entry(5, 7, 9, [2, 2, 30, 30], ignore=1),
    coco_entry(6, 7, 4, [2, 2, 0.5, 30]),
    coco_entry(7, 7, 4, [WIDTH, 2, 9, 30]),
    coco_entry(8, 7, 4, [2, 2, 9, 9], area=0),
    coco_entry(9, 7, 6, [2, 2, 9, 9]),
]


def test_coco_categories_match_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = coco_folder(tmp_path / "d", *ENTRIES, dog=9, none=6, cat=4)
    registered = Registered(root, monkeypatch, classes=("cat", "dog"))
    dataset = registered.dataset("train", masks=False)
    found = [(t["boxes"].tolist(), t["labels"].tolist(), t["area"].tolist()) for _, t in dataset]
    assert found == [
        ([[10, 10, 30, 30], [40, 2, 50, 12]], [1, 2], [400, 77.5]),
        ([[0, 0, 8, 6]], [2], [48]),
        ([], [], []),
    ]
    assert [target["image_id"] for _, target in dataset] == [0, 1, 2]
    assert "masks" not in dataset[0][1]
    truth = dataset.ground_truth()
    assert [(a["image_id"], a["bbox"][0], a["iscrowd"]) for a in truth["annotations"]] == [
        (0, 10, 0), (0, 40, 0), (0, 1, 1), (0, 2, 1), (1, 0, 0),
    ]  # fmt: skip


def test_masks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = coco_folder(tmp_path / "d", *ENTRIES, dog=9, none=6, cat=4)
    registered = Registered(root, monkeypatch, classes=("cat", "dog"))
    dataset = registered.dataset("train")
    (_, first), (_, second), (_, empty) = dataset
    assert isinstance(first["masks"], tv_tensors.Mask)
    assert (first["masks"].shape, first["masks"].dtype) == ((2, HEIGHT, WIDTH), torch.uint8)
    square = torch.zeros(HEIGHT, WIDTH, dtype=torch.uint8)
    square[10:30, 10:30] = 1
    assert torch.equal(torch.as_tensor(first["masks"][0]), square)
    # Run lengths go down the columns: six pixels that are, 42 that are not, and all the others.
    rest = torch.ones(HEIGHT, WIDTH, dtype=torch.uint8)
    rest[6:, 0] = 0
    assert torch.equal(torch.as_tensor(second["masks"][0]), rest)
    assert empty["masks"].shape == (0, HEIGHT, WIDTH)
    flipped = registered.dataset("train", v2.RandomHorizontalFlip(p=1))[0][1]
    assert flipped["boxes"].tolist() == [[34, 10, 54, 30], [14, 2, 24, 12]]
    assert torch.equal(torch.as_tensor(flipped["masks"][0]), square.flip(1))
    segmentation = dataset.ground_truth()["annotations"][0]["segmentation"]
    assert segmentation["size"] == [HEIGHT, WIDTH]
    picture(root / "images" / "7.jpg", (WIDTH + 1, HEIGHT))
    with pytest.raises(ValueError, match=r"7\.jpg is 65 x 48, and its masks are for 64 x 48"):
        dataset[0]


def test_degenerate_polygons_are_empty_masks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = coco_entry(2, 7, 4, [2, 2, 9, 9])
    root = coco_folder(tmp_path / "d", good, cat=4)
    registered = Registered(root, monkeypatch)
    flat = coco_entry(1, 7, 4, [2, 2, 9, 9], segmentation=[[2, 2, 11, 11]])
    coco_folder(root, flat, good, cat=4)  # as the files may become later
    masks = registered.dataset("train")[0][1]["masks"]
    assert masks.sum(dim=(1, 2)).tolist() == [0, 81]
    write(
        root / "annotations" / "instances_val.json",
        {
            "images": [{"id": 7, "file_name": "7.jpg", "width": WIDTH, "height": HEIGHT}],
            "annotations": [coco_entry(12, 7, 4, [2, 2, 9, 9], segmentation=[])],
            "categories": [{"id": 4, "name": "cat"}],
        },
    )
    with pytest.raises(ValueError, match="the annotation 12 has no mask"):
        registered.dataset("val")
    assert len(registered.dataset("val", masks=False)) == 1


def test_class_missing_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = {"id": 1, "file_name": "5.jpg", "width": WIDTH, "height": HEIGHT}
    val = {"images": [image], "annotations": [], "categories": [{"id": 1, "name": "cat"}]}
    root = coco_folder(tmp_path / "d", *ENTRIES, val=val, cat=4, dog=9)
    registered = Registered(root, monkeypatch, classes=("cat", "dog"))
    assert len(registered.dataset("val")) == 1
    write(root / "annotations" / "instances_train.json", val)
    with pytest.raises(ValueError, match=r"train\.json has no category \['dog'\]"):
        registered.dataset("train")


# Script -----------------------------------------------------------------------------------------

SMALL = ["--size", "64", "96", "--workers", "0", "--device", "cpu"]


@pytest.fixture
def pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registered:
    root = coco_folder(tmp_path / "pets", *ENTRIES[:4], dog=9, cat=4)
    return Registered(root, monkeypatch, classes=("cat", "dog"), base="retinanet_resnet50_fpn")


class Oracle(nn.Module):
    """Finds what the ground truth holds, one image after another."""

    def __init__(self, dataset: Any, change: Any = lambda found: found) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        targets = (target for _, target in dataset)
        self.found = iter(
            [change({**target, "scores": torch.ones(len(target["labels"]))}) for target in targets]
        )

    def forward(self, images: Any) -> Any:
        return [next(self.found) for _ in images]


def test_evaluation(pets: Registered) -> None:
    train = pets.train()
    args = train.parse_args(SMALL)
    dataset = train.build_dataset("val", args)
    loader = train.build_loader(dataset, args, train=False)
    scores = train.evaluate(Oracle(dataset), loader)
    assert scores["AP"] == scores["AP50"] == pytest.approx(1)
    assert scores["by_class"].keys() == {"cat", "dog"}

    def swapped(found: Any) -> Any:
        return {**found, "labels": 3 - found["labels"]}

    assert train.evaluate(Oracle(dataset, swapped), loader)["AP50"] == 0

    def without_cats(found: Any) -> Any:
        kept = found["labels"] == 2
        return {key: found[key][kept] for key in ("boxes", "labels", "scores")}

    scores = train.evaluate(Oracle(dataset, without_cats), loader)
    assert scores["by_class"] == {
        "cat": {"AP": 0, "AP50": 0},
        "dog": {"AP": pytest.approx(1), "AP50": pytest.approx(1)},
    }
    assert scores["AP50"] == pytest.approx(0.5)

    def narrower(found: Any) -> Any:
        boxes = found["boxes"].clone()
        boxes[:, 2] -= (boxes[:, 2] - boxes[:, 0]) * 0.37
        return {**found, "boxes": boxes}

    scores = train.evaluate(Oracle(dataset, narrower), loader)
    assert scores["AP50"] == pytest.approx(1)
    assert scores["AP"] == pytest.approx(0.3)  # IoU 0.63 is enough for 0.5, 0.55 and 0.6 of ten

    def nothing(found: Any) -> Any:
        return {key: found[key][:0] for key in ("boxes", "labels", "scores")}

    assert train.evaluate(Oracle(dataset, nothing), loader)["AP"] == 0

    def inside_the_crowd(found: Any) -> Any:
        """A dog more, where a crowd of dogs is: neither right nor wrong."""
        if found["image_id"] != 0:
            return found
        more = {"boxes": [[3.0, 3.0, 9.0, 9.0]], "labels": [2], "scores": [1.0]}
        return {key: torch.cat([torch.tensor(more[key]), found[key]]) for key in more}

    assert train.evaluate(Oracle(dataset, inside_the_crowd), loader)["AP"] == pytest.approx(1)
    dataset.images = dataset.images[1:2]  # no cat here
    scores = train.evaluate(Oracle(dataset), loader)
    assert scores["by_class"]["cat"] == {"AP": None, "AP50": None}
    assert scores["AP"] == pytest.approx(1)


def test_masks_are_evaluated(pets: Registered) -> None:
    train = pets.train()
    args = train.parse_args([*SMALL, "--model", "maskrcnn_resnet50_fpn"])
    dataset = train.build_dataset("val", args)
    loader = train.build_loader(dataset, args, train=False)

    class Heads(nn.Module):
        def has_mask(self) -> bool:
            return True

    def with_masks(found: Any) -> Any:
        return {**found, "masks": found["masks"][:, None].float()}

    def moved_masks(found: Any) -> Any:
        return {**found, "masks": found["masks"][:, None].float().roll(30, dims=3)}

    for change, score in ((with_masks, 1), (moved_masks, 0.5)):
        oracle = Oracle(dataset, change)
        oracle.roi_heads = Heads()
        scores = train.evaluate(oracle, loader)
        assert scores["AP50"] == pytest.approx(1)
        # The second dog fills nearly the whole picture, wherever it is moved.
        assert scores["masks"]["by_class"]["cat"]["AP50"] == pytest.approx(1 if score == 1 else 0)
    assert "masks" not in train.build_dataset("val", train.parse_args(SMALL))[0][1]


@pytest.mark.parametrize(
    ("options", "lr"),
    [
        ([], 0.01 * 2 / 16),
        (["--model", "fasterrcnn_resnet50_fpn", "--batch-size", "4"], 0.02 * 4 / 16),
        (["--lr", "0.3"], 0.3),
    ],
)
def test_the_learning_rate(pets: Registered, options: list[str], lr: float) -> None:
    train = pets.train()
    args = train.parse_args([*SMALL, "--lr-steps", "16", "22", *options])
    optimizer = train.build_optimizer(nn.Linear(2, 2), args)
    assert optimizer.defaults["lr"] == pytest.approx(lr)
    scheduler = train.build_scheduler(optimizer, args, iterations=201)
    rates = []
    for _ in range(201 * 23):
        rates.append(scheduler.get_last_lr()[0] / lr)
        optimizer.step()
        scheduler.step()
    assert rates[:201:50] == pytest.approx([0.001, 0.25075, 0.5005, 0.75025, 1])
    assert set(rates[200 : 201 * 16]) == {1}
    assert rates[201 * 16 : 201 * 22] == pytest.approx([0.1] * 201 * 6)
    assert rates[201 * 22 :] == pytest.approx([0.01] * 201)


@pytest.mark.parametrize(
    ("iterations", "warm_up"), [(5, 100), (101, 100), (601, 600), (9999, 1000)]
)
def test_the_warm_up(pets: Registered, iterations: int, warm_up: int) -> None:
    """After one of five iterations, an epoch of ten images, Mask R-CNN's loss went to 1e21."""
    train = pets.train()
    optimizer = torch.optim.SGD(nn.Linear(2, 2).parameters(), lr=1)
    args = train.parse_args([*SMALL, "--lr-steps"])
    scheduler = train.build_scheduler(optimizer, args, iterations)
    (factor,) = scheduler.lr_lambdas
    assert factor(warm_up / 2) == pytest.approx(0.5005)
    assert (factor(warm_up - 1) < 1, factor(warm_up)) == (True, 1)


def test_wrong_options(pets: Registered, capsys: pytest.CaptureFixture[str]) -> None:
    train = pets.train()
    for options, said in (
        (["--amp", "--device", "cpu"], "--amp needs a GPU"),
        (["--test-only"], "--test-only needs --resume"),
        (["--model", "yolo"], "invalid choice"),
    ):
        with pytest.raises(SystemExit):
            train.parse_args(options)
        assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "name",
    [
        "fasterrcnn_resnet50_fpn",
        "fasterrcnn_resnet50_fpn_v2",
        "maskrcnn_resnet50_fpn",
        "retinanet_resnet50_fpn",
    ],
)
def test_models(name: str, pets: Registered, monkeypatch: pytest.MonkeyPatch) -> None:
    train = pets.train()
    assert name in train.LEARNING_RATES
    model = train.build_model(name, size=(64, 96))
    assert not any(isinstance(m, (nn.BatchNorm2d, FrozenBatchNorm2d)) for m in model.modules())
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert (model.transform.min_size, model.transform.max_size) == ((64,), 96)
    if name.startswith("retina"):
        classes = model.head.classification_head.num_classes
    else:
        classes = model.roi_heads.box_predictor.cls_score.out_features
    assert classes == 3  # the background, cat, dog
    weights = resnet50().state_dict()
    monkeypatch.setattr(ResNet50_Weights, "get_state_dict", lambda *_, **__: weights)
    model = train.build_model(name, weights_backbone="imagenet")
    body = model.backbone.body
    assert torch.equal(body.layer4[0].conv1.weight, weights["layer4.0.conv1.weight"])
    assert not body.conv1.weight.requires_grad
    assert body.layer4[0].conv1.weight.requires_grad
    assert isinstance(body.bn1, nn.BatchNorm2d if name.endswith("v2") else FrozenBatchNorm2d)


def test_nan_loss_stops_the_training(pets: Registered, tmp_path: Path) -> None:
    train = pets.train()

    class Broken(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(1))

        def forward(self, images: Any, targets: Any) -> Any:
            return {"loss_a": self.weight.sum(), "loss_b": (self.weight - 1).sum().log()}

    model = Broken()
    args = train.parse_args(SMALL)
    loader = train.build_loader(train.build_dataset("train", args), args, train=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    log = tmp_path / "log.json"
    with pytest.raises(FloatingPointError, match=r"epoch 3, iteration 1: the loss is -inf .*--lr"):
        train.train_one_epoch(model, optimizer, loader, 3, log=str(log))
    assert model.weight.item() == 1
    (row,) = [json.loads(line) for line in log.read_text().splitlines()]
    assert (row["loss_a"], row["loss_b"]) == (1, float("-inf"))


def test_validation_losses_leave_the_model_as_it_is(pets: Registered) -> None:
    train = pets.train()

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.BatchNorm2d(3)
            self.seen: list[bool] = []

        def forward(self, images: Any, targets: Any) -> Any:
            assert self.training
            assert not self.norm(images[0][None]).isnan().any()
            self.seen.append(torch.is_grad_enabled())
            boxes = len(targets[0]["boxes"])
            return {"loss_a": self.norm.weight.sum() * boxes, "loss_b": torch.tensor(1.0)}

    model = Model()
    args = train.parse_args(SMALL)
    dataset = train.build_dataset("train", args)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    losses = train.validation_losses(model, train.build_loader(dataset, args, train=False))
    boxes = [len(dataset[i][1]["boxes"]) for i in range(len(dataset))]
    assert losses["loss_a"] == pytest.approx(3 * sum(boxes) / len(boxes))
    assert losses == {"loss": losses["loss_a"] + 1, "loss_a": losses["loss_a"], "loss_b": 1}
    assert model.seen == [False] * len(dataset)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_the_schedule_is_that_for_few_images(pets: Registered) -> None:
    """Three images are two steps an epoch: 104 epochs, evaluated every fourth."""
    args = pets.train().parse_args([])
    assert (args.epochs, args.lr_steps, args.every, args.val_loss) == (104, [64, 88], 4, False)


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.json").read_text().splitlines()]


@pytest.mark.torchvision
@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")  # torch 2.1, of itself
def test_training_resuming_and_testing(
    pets: Registered, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = pets.train()
    once, twice = tmp_path / "once", tmp_path / "twice"
    options = [*SMALL, "--weights-backbone", "none", "--epochs"]
    scores = train.main([*options, "2", "--output-dir", str(once)])
    log = rows(once)
    # 3 images in batches of 2, the one without objects among them.
    assert [(row["mode"], row["epoch"], row.get("iter")) for row in log] == [
        ("train", 1, 1), ("train", 1, 2), ("val", 1, None),
        ("train", 2, 1), ("train", 2, 2), ("val", 2, None),
    ]  # fmt: skip
    assert log[0].keys() == {
        "mode", "epoch", "iter", "lr", "loss", "classification", "bbox_regression", "time",
    }  # fmt: skip
    assert log[0]["loss"] == pytest.approx(log[0]["classification"] + log[0]["bbox_regression"])
    assert {key: log[-1][key] for key in scores} == scores
    assert sorted(path.name for path in once.iterdir()) == [
        "epoch_1.pth", "epoch_2.pth", "log.json",
    ]  # fmt: skip

    train.main([*options, "1", "--output-dir", str(twice)])
    middle = str(twice / "epoch_1.pth")
    train.main([*options, "2", "--output-dir", str(twice), "--resume", middle])
    first, second = (
        torch.load(folder / "epoch_2.pth", weights_only=True) for folder in (once, twice)
    )
    assert first["epoch"] == second["epoch"] == 2
    assert first["model"].keys() == second["model"].keys()
    for name, value in first["model"].items():
        assert torch.equal(value, second["model"][name]), name
    times = {"time": 0}
    assert [{**row, **times} for row in rows(twice)] == [{**row, **times} for row in log]

    capsys.readouterr()
    tested = train.main([*SMALL, "--weights-backbone", "none", "--test-only", "--resume", middle])
    assert "boxes: AP " in capsys.readouterr().out
    assert tested == {key: log[2][key] for key in tested}
    content = torch.load(middle, weights_only=True)
    torch.save({**content, "classes": ["dog", "cat"]}, middle)
    with pytest.raises(SystemExit, match=r"is of the classes \['dog', 'cat'\], and this is"):
        train.main([*SMALL, "--weights-backbone", "none", "--test-only", "--resume", middle])


def run_script(registered: Registered, python: str, *command: str, cwd: Path) -> str:
    """Its output, from another directory and with nothing on PYTHONPATH, but registered."""
    (packages,) = Path(python).parents[1].glob("lib/python*/site-packages")
    write_line(packages / f"dataforge_{registered.plan.dataset.key}.pth", registered.plan.out)
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    result = subprocess.run(
        [python, *command],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**env, "OMP_NUM_THREADS": "1"},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.torchvision
def test_losses_on_the_validation_set(pets: Registered, tmp_path: Path) -> None:
    """After each epoch; evaluations and checkpoints are as many as asked for."""
    train = pets.train()
    options = [*SMALL, "--weights-backbone", "none", "--epochs", "3", "--every", "2"]
    train.main([*options, "--val-loss", "--output-dir", str(tmp_path)])
    val = [row for row in rows(tmp_path) if row["mode"] == "val"]
    assert [("AP50" in row, "bbox_regression" in row) for row in val] == [
        (False, True), (True, True), (True, True),
    ]  # fmt: skip
    for row in val:
        assert row["loss"] == pytest.approx(row["classification"] + row["bbox_regression"])
    assert sorted(path.name for path in tmp_path.glob("*.pth")) == ["epoch_2.pth", "epoch_3.pth"]
    log = read_log(tmp_path)
    assert [point.epoch for point in log.val["loss"]] == [1, 2, 3]
    assert [point.step for point in log.val["loss"]] == [2, 4, 6]
    assert [point.epoch for point in log.val["AP50"]] == [2, 3]


@pytest.mark.torchvision
def test_two_processes(pets: Registered, own_python: str, tmp_path: Path) -> None:
    """Each sees a part of the images; losses and scores are those of all, said once."""
    port = str(20000 + os.getpid() % 20000)
    launch = ["-m", "torch.distributed.run", "--nproc_per_node=2", "--master_port", port]
    options = [*SMALL, "--weights-backbone", "none", "--epochs", "1", "--batch-size", "1"]
    out = run_script(
        pets, own_python, *launch, str(pets.script), *options, "--output-dir", "runs", cwd=tmp_path
    )
    assert out.count("boxes: AP ") == 1
    log = rows(tmp_path / "runs")
    assert [(row["mode"], row.get("iter")) for row in log] == [
        ("train", 1), ("train", 2), ("val", None),
    ]  # fmt: skip
    args = ["--test-only", "--resume", "runs/epoch_1.pth", "--weights-backbone", "none"]
    alone = run_script(pets, own_python, str(pets.script), *SMALL, *args, cwd=tmp_path)
    assert alone.splitlines() == out.splitlines()[-len(alone.splitlines()) :]


@pytest.mark.torchvision
@pytest.mark.parametrize(
    "name", ["fasterrcnn_resnet50_fpn", "fasterrcnn_resnet50_fpn_v2", "maskrcnn_resnet50_fpn"]
)
def test_every_model_trains(name: str, pets: Registered, tmp_path: Path) -> None:
    train = pets.train()
    args = ["--model", name, "--weights-backbone", "none", "--epochs", "1", "--batch-size", "1"]
    scores = train.main([*SMALL, *args, "--workers", "1", "--output-dir", str(tmp_path / "runs")])
    assert scores.keys() == {"AP", "AP50", "by_class"} | (
        {"masks"} if name.startswith("mask") else set()
    )
    *steps, last = rows(tmp_path / "runs")
    # The image without objects is a batch of its own.
    assert len(steps) == 3
    assert ("loss_mask" in steps[0]) == name.startswith("mask")
    assert last["mode"] == "val"
