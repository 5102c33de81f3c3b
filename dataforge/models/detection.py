"""torchvision's detectors on any backbone, and torchvision's classifiers as backbones.

A body is a network that returns maps, the largest first: one of this folder, such as DetNet, or a
classifier of torchvision's that `classifier_body` cuts into blocks. Its maps after the activation,
for an image of 224 x 224:

    body                  strides       channels                blocks
    resnet18, resnet34    4 8 16 32     64 128 256 512          stem, layer1 to layer4
    resnet50 to 152       4 8 16 32     256 512 1024 2048       stem, layer1 to layer4
    vgg16, vgg16_bn       4 8 16 32     256 512 512 512         conv1 to conv5, pool5
    mobilenet_v3_large    4 8 16 32     72 240 672 960          up to each stride; the last, the end

    body = classifier_body('vgg16')
    taken = load_weights(body, imagenet_weights('vgg16'))
    settle(body, taken, trainable=3)
    model = build_detector('fasterrcnn', body, num_classes=4)
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

import torch
from torch import Tensor, nn
from torchvision import models, ops
from torchvision.models.detection import FasterRCNN, MaskRCNN, RetinaNet
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool, LastLevelP6P7

from .parts import Backbone, initialise, load_fitting, weight_names

DETECTORS = ("fasterrcnn", "maskrcnn", "retinanet")

# Bodies -----------------------------------------------------------------------------------------


class Body(Backbone):
    """A classifier without its head, in blocks; modules keep their names, for weights to fit.

    Args:
        network: the classifier.
        blocks: paths of the modules of each block, in the order in which they run.
        outs: indices of the blocks whose maps are returned.
    """

    def __init__(
        self, network: nn.Module, blocks: Sequence[Sequence[str]], outs: Sequence[int]
    ) -> None:
        super().__init__()
        for path in [path for block in blocks for path in block]:
            name = path.partition(".")[0]
            self.add_module(name, getattr(network, name))
        self.paths = [list(block) for block in blocks]
        self.outs = tuple(outs)

    def blocks(self) -> List[List[nn.Module]]:
        """See `Backbone.blocks`; what has no weights is no block."""
        found = [[self.get_submodule(path) for path in block] for block in self.paths]
        return [block for block in found if any(True for m in block for _ in m.parameters())]

    def forward(self, x: Tensor) -> Tuple[Tensor, ...]:
        """The maps of the blocks `outs`."""
        maps = []
        for index, block in enumerate(self.paths):
            for path in block:
                x = self.get_submodule(path)(x)
            if index in self.outs:
                maps.append(x)
        return tuple(maps)


def classifier_body(name: str) -> Body:
    """One of torchvision's ResNets, VGGs or MobileNets V3 as a body, with random weights.

    Raises:
        ValueError: it is none of these.
    """
    with torch.device("meta"):  # a VGG's classifier, which is not used, has 120 million weights
        network = models.get_model(name, weights=None)
    if isinstance(network, models.ResNet):
        stem = ["conv1", "bn1", "relu", "maxpool"]
        body = Body(network, [stem, ["layer1"], ["layer2"], ["layer3"], ["layer4"]], range(1, 5))
    elif isinstance(network, models.VGG):
        body = Body(network, vgg_blocks(network), range(2, 6))
    elif isinstance(network, models.MobileNetV3):
        body = Body(network, mobilenet_blocks(network), range(1, 5))
    else:
        raise ValueError(f"{name} is no ResNet, VGG or MobileNetV3 of torchvision's")
    initialise(body.to_empty(device="cpu"))
    return body


def vgg_blocks(network: nn.Module) -> List[List[str]]:
    """conv1 to conv5 and pool5: a block begins with a pool and ends with an activation."""
    blocks: List[List[str]] = [[]]
    for index, layer in enumerate(network.features):
        if isinstance(layer, nn.MaxPool2d):
            blocks.append([])
        blocks[-1].append(f"features.{index}")
    return blocks


def mobilenet_blocks(network: nn.Module) -> List[List[str]]:
    """A block ends before a stride: with the expansion, whose output has an activation."""
    blocks: List[List[str]] = [[]]
    for index, layer in enumerate(network.features):
        path = f"features.{index}"
        strided = any(getattr(part, "stride", None) == (2, 2) for part in layer.modules())
        if index and strided:
            expansion, *others = [f"{path}.block.{part}" for part in range(len(layer.block))]
            blocks[-1].append(expansion)
            blocks.append(others)
        else:
            blocks[-1].append(path)
    return blocks


# Weights ----------------------------------------------------------------------------------------


def imagenet_weights(name: str) -> Dict[str, Tensor]:
    """torchvision's ImageNet weights of a classifier, which are downloaded once."""
    return dict(models.get_model_weights(name)["IMAGENET1K_V1"].get_state_dict(progress=False))


def read_weights(path: str) -> Dict[str, Tensor]:
    """The tensors of a checkpoint: a state dict, or a file that has one as state_dict or model.

    Raises:
        ValueError: there is no state dict in it.
    """
    content = torch.load(path, map_location="cpu", weights_only=True)
    for key in ("state_dict", "model"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict) or not all(map(torch.is_tensor, content.values())):
        raise ValueError(f"{path}: expected tensors by name")
    return dict(content)


def load_weights(body: nn.Module, weights: Mapping[str, Tensor]) -> List[str]:
    """Take over what fits by name and shape; the names may be those of a whole detector.

    Returns:
        The names of the body's tensors that were taken.

    Raises:
        ValueError: nothing fits.
    """
    for prefix in ("", "module.", "backbone.", "backbone.body."):
        cut = {
            name[len(prefix) :]: value for name, value in weights.items() if name.startswith(prefix)
        }
        taken = load_fitting(body, cut)
        if taken:
            return taken
    raise ValueError(f"none of the {len(weights)} tensors fits the backbone")


def share(body: nn.Module, taken: Sequence[str]) -> str:
    """How much of a body was taken over, in words."""
    return f"{len(taken)} of {len(weight_names(body))} tensors of the backbone"


def settle(body: Backbone, taken: Sequence[str], trainable: int) -> None:
    """Choose the norms by where their weights are from, and what is trained.

    A BatchNorm with weights that were taken over stays as it is for good; one with random weights
    becomes a GroupNorm, as it learns little from the few images of a step.

    Args:
        taken: what `load_weights` returned; empty if all is random.
        trainable: number of blocks that are trained, counted from the end.

    Raises:
        ValueError: there are not as many blocks, or random weights would not be trained.
    """
    blocks = body.blocks()
    if not 0 <= trainable <= len(blocks):
        raise ValueError(f"{trainable} trainable blocks: the backbone has {len(blocks)}")
    frozen = {
        id(parameter)
        for block in blocks[: len(blocks) - trainable]
        for module in block
        for parameter in module.parameters()
    }
    for name, parameter in body.named_parameters():
        if id(parameter) in frozen and name not in taken:
            raise ValueError(
                f"{trainable} trainable blocks: {name} is random and would not be trained"
            )
    known = {name.rpartition(".")[0] for name in taken}
    for path, module in list(body.named_modules()):
        if isinstance(module, nn.BatchNorm2d):
            parent, _, name = path.rpartition(".")
            channels = module.num_features
            norm: nn.Module
            if path in known:
                norm = ops.FrozenBatchNorm2d(channels, module.eps)
                norm.load_state_dict(module.state_dict())
            else:
                norm = nn.GroupNorm(math.gcd(32, channels), channels)
            setattr(body.get_submodule(parent), name, norm)
    body.frozen_stages = len(blocks) - trainable - 1
    body.train()


# Detectors --------------------------------------------------------------------------------------


class PyramidBackbone(nn.Module):
    """A body and a pyramid on its maps, as torchvision's detectors take them.

    Args:
        body: returns the maps.
        fpn: takes the maps in a dict, or in a tuple where `as_dict` is False.
        skipped: number of maps, the largest ones, that the pyramid does not get.
    """

    out_channels = 256

    def __init__(self, body: nn.Module, fpn: nn.Module, skipped: int, as_dict: bool) -> None:
        super().__init__()
        self.body = body
        self.fpn = fpn
        self.skipped = skipped
        self.as_dict = as_dict

    def forward(self, x: Tensor) -> Dict[str, Tensor]:
        """Name -> map, the largest first; the maps of the body are 0, 1, ..."""
        maps = self.body(x)[self.skipped :]
        if self.as_dict:
            named = OrderedDict((str(index), one) for index, one in enumerate(maps))
            return dict(self.fpn(named))
        return {str(index): one for index, one in enumerate(self.fpn(maps))}


class RoIAlignBySize(ops.MultiScaleRoIAlign):
    """RoIAlign that finds the map of a box by the box's size alone.

    torchvision finds it by the strides too, and of maps with the same stride uses only the first.
    A box of 224 px is on the third map; half of that is on the second, and so on.

    Args:
        strides: of the maps, the largest first; they are named 0, 1, ...
    """

    def __init__(self, strides: Sequence[int], output_size: int) -> None:
        super().__init__([str(index) for index, _ in enumerate(strides)], output_size, 2)
        self.strides = tuple(strides)

    def levels(self, boxes: Tensor) -> Tensor:
        """Index of the map of each box."""
        sizes = ((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).sqrt()
        levels = torch.floor(torch.log2(sizes / 56) + 1e-6)
        return levels.clamp(0, len(self.strides) - 1).to(torch.int64)

    def forward(
        self, x: Dict[str, Tensor], boxes: List[Tensor], image_shapes: List[Tuple[int, int]]
    ) -> Tensor:
        """What is in each box, for all boxes of all images."""
        maps = [x[name] for name in self.featmap_names]
        index = [torch.full_like(of[:, :1], i) for i, of in enumerate(boxes)]
        rois = torch.cat([torch.cat(index), torch.cat(boxes)], 1)
        levels = self.levels(rois[:, 1:])
        found = maps[0].new_zeros((len(rois), maps[0].shape[1], *self.output_size))
        for level, (one, stride) in enumerate(zip(maps, self.strides)):
            chosen = torch.where(levels == level)[0]
            # In mixed precision maps have half; halved boxes would be pixels off.
            aligned = ops.roi_align(
                one.to(rois.dtype), rois[chosen], self.output_size, 1 / stride, self.sampling_ratio
            )
            found[chosen] = aligned.to(found.dtype)
        return found


def build_detector(
    kind: str,
    body: nn.Module,
    num_classes: int,
    neck: Optional[Callable[..., nn.Module]] = None,
    **options: Any,
) -> nn.Module:
    """One of torchvision's detectors.

    Args:
        kind: one of DETECTORS.
        num_classes: with the background.
        neck: makes the pyramid of in_channels, out_channels, num_outs and strides, in place of
            torchvision's; for maps that share a stride, DetNetFPN.
        options: of the detector, such as min_size and max_size.
    """
    channels, strides = measured(body)
    dense = kind == "retinanet"
    skipped = 1 if dense else 0  # RetinaNet's largest map has stride 8
    width = PyramidBackbone.out_channels
    if neck is not None:
        fpn = neck(channels[skipped:], width, num_outs=5, strides=strides[skipped:])
    else:
        extra = LastLevelP6P7(width, width) if dense else LastLevelMaxPool()
        fpn = ops.FeaturePyramidNetwork(channels[skipped:], width, extra_blocks=extra)
    backbone = PyramidBackbone(body, fpn, skipped, as_dict=neck is None)
    if dense:
        return RetinaNet(backbone, num_classes, **options)
    options.update(
        rpn_anchor_generator=AnchorGenerator(
            sizes=tuple((32 * 2**level,) for level in range(5)),
            aspect_ratios=((0.5, 1.0, 2.0),) * 5,
        ),
        box_roi_pool=RoIAlignBySize(strides[:4], output_size=7),
    )
    if kind == "maskrcnn":
        pool = RoIAlignBySize(strides[:4], output_size=14)
        return MaskRCNN(backbone, num_classes, mask_roi_pool=pool, **options)
    return FasterRCNN(backbone, num_classes, **options)


def measured(body: nn.Module) -> Tuple[List[int], List[int]]:
    """(channels, strides) of a body's maps."""
    was_training = body.training
    body.eval()
    with torch.no_grad():
        maps = body(torch.zeros(1, 3, 64, 64))
    body.train(was_training)
    return [one.shape[1] for one in maps], [64 // one.shape[-1] for one in maps]
