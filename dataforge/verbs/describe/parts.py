"""The parts of a model by what its modules did, whatever they are called.

A stage is a child of the backbone that ran. Children that consist of nothing else join those
before them (conv1, bn1, relu and maxpool are the stem of a ResNet), and numbered ones
(``features.0`` to ``features.30`` of a VGG) join while their stride is the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from dataforge.frameworks import LiveModel
from dataforge.hooks import Module
from dataforge.verbs.describe.measuring import Ran
from dataforge.verbs.describe.report import Level, Part, Trained


class Parts:
    """The parts of a model that ran on an image.

    A head is a child of the model that is neither backbone nor neck. One that holds parts which run
    on boxes, and not on the image, is taken apart.

    Args:
        live: the model, in the mode of training: what its `train` freezes is frozen.
        ran: see `measure`.
        size: (width, height) of the image, pixels.
    """

    def __init__(self, live: LiveModel, ran: Mapping[str, Ran], size: tuple[int, int]) -> None:
        self.live = live
        self.ran = ran
        self.size = size
        self.modules: dict[str, Module] = dict(live.model.named_modules())
        self._counted: set[int] = set()

    def stages(self) -> list[Part]:
        """The stages of the backbone."""
        root = self.live.backbone
        groups: list[list[str]] = []
        units = [unit for one in self._children(root) for unit in self._units(one, self._is_list)]
        for unit in units:
            if groups and self._joins(groups[-1], unit):
                groups[-1].append(unit)
            else:
                groups.append([unit])
        return [
            self._part(_name([one.removeprefix(f"{root}.") for one in group], first), group)
            for first, group in zip([True] + [False] * len(groups), groups, strict=False)
        ]

    def neck(self) -> Part | None:
        """The neck as a whole."""
        return self._part(self.live.neck, [self.live.neck]) if self.live.neck else None

    def levels(self) -> list[Level]:
        """The output of the neck, or of the backbone."""
        maps = self._maps(self.live.neck or self.live.backbone)
        strides = [self._stride(shape) for shape in maps]
        first = next((stride for stride in strides if stride), None) or 1
        letter, number = "P" if self.live.neck else "C", round(math.log2(first))
        return [
            Level(name=f"{letter}{number + place}", shape=shape, stride=stride)
            for place, (shape, stride) in enumerate(zip(maps, strides, strict=True))
        ]

    def heads(self) -> list[Part]:
        """All else that has parameters."""
        done = [name for name in (self.live.backbone, self.live.neck) if name]
        tops = [name for name, _ in self.live.model.named_children()]
        others = [top for top in tops if not any(f"{one}.".startswith(f"{top}.") for one in done)]
        units = [unit for top in others for unit in self._units(top, self._holds_boxes)]
        return [part for unit in units if (part := self._part(unit, [unit])).parameters]

    def _units(self, name: str, apart: Callable[[str], bool]) -> Iterator[str]:
        """The topmost modules, at a name or below it, that are not to be taken apart.

        Those that neither ran nor have parameters are left out.
        """
        if apart(name):
            for child in self._children(name):
                yield from self._units(child, apart)
        elif self._ran_below(name) or any(True for _ in self.modules[name].parameters()):
            yield name

    def _children(self, name: str) -> list[str]:
        return [f"{name}.{child}" for child, _ in self.modules[name].named_children()]

    def _ran_below(self, name: str) -> list[str]:
        """The topmost modules that ran, at a name or below it."""
        if name in self.ran:
            return [name]
        return [one for child in self._children(name) for one in self._ran_below(child)]

    def _is_list(self, name: str) -> bool:
        """Whether a module only holds others, which run."""
        return name not in self.ran and bool(self._ran_below(name))

    def _holds_boxes(self, name: str) -> bool:
        """Whether a module does not run on boxes, and one in it does."""
        return not self._boxes(name) and any(
            self._boxes(one) for one in self.ran if one.startswith(f"{name}.")
        )

    def _boxes(self, name: str) -> int | None:
        """How many boxes a module runs on: the model was given one image."""
        batch = self.ran[name].batch if name in self.ran else None
        return batch if batch != 1 else None

    def _joins(self, group: Sequence[str], unit: str) -> bool:
        last, module = group[-1], self.modules[unit]
        (parent, number), (before, other) = _numbered(unit), _numbered(last)
        if number and other and parent == before:
            stride = self._stride_of(unit)
            return stride is not None and stride == self._stride_of(last)
        if number or any(True for _ in module.children()):
            return False
        # A pooling layer belongs to what it pools.
        has_none = not any(True for _ in module.parameters())
        return has_none or not any(True for _ in self.modules[last].children())

    def _part(self, name: str, units: Sequence[str]) -> Part:
        ran = [one for unit in units for one in self._ran_below(unit)]
        parameters = list(self._parameters(units))
        number = sum(value.numel() for value in parameters)
        trainable = sum(value.numel() for value in parameters if value.requires_grad)
        boxes = [batch for one in ran if (batch := self._boxes(one))]
        return Part(
            name=name,
            modules=list(units),
            outputs=self._maps(units[-1]),
            stride=self._stride_of(units[-1]),
            parameters=number,
            trainable=trainable,
            trained=_in_a_word(trainable, number),
            statistics=_statistics(self.modules[unit] for unit in units),  # type: ignore[arg-type]
            multiply_adds=sum(self.ran[one].multiply_adds for one in ran) if ran else None,
            boxes=boxes[0] if boxes else None,
        )

    def _parameters(self, units: Iterable[str]) -> Iterator[Any]:
        """Parameters that no part before has."""
        for unit in units:
            for value in self.modules[unit].parameters():
                if id(value) not in self._counted:
                    self._counted.add(id(value))
                    yield value

    def _maps(self, name: str) -> list[list[int]]:
        """The output shapes of a module; of maps without the batch."""
        shapes = self.ran[name].outputs.values() if name in self.ran else ()
        return [list(shape[1:] if len(shape) == 4 else shape) for shape in shapes]

    def _stride_of(self, name: str) -> float | None:
        ran = self.ran.get(name)
        shape = next(iter(ran.outputs.values()), ()) if ran else ()
        return self._stride(shape[1:]) if ran and len(shape) == 4 and ran.batch == 1 else None

    def _stride(self, shape: Sequence[int]) -> float | None:
        """Pixels of the image for each cell of a map: a power of two where one fits both sides."""
        if len(shape) != 3 or not all(shape):
            return None
        width, height = self.size
        least = max(width / shape[2], height / shape[1])
        power = 2.0 ** math.ceil(math.log2(least) - 1e-9)
        cells = math.ceil(width / power), math.ceil(height / power)
        return power if cells == (shape[2], shape[1]) else round(least, 2)


def _numbered(name: str) -> tuple[str, str]:
    """What comes before the first number in a name, and the rest: features., 4.block.1."""
    words = name.split(".")
    first = next((place for place, word in enumerate(words) if word.isdigit()), len(words))
    return "".join(f"{word}." for word in words[:first]), ".".join(words[first:])


def _name(group: Sequence[str], first: bool) -> str:
    """``layer1``; ``stem`` for several at the beginning; ``features.5-9`` for numbered ones."""
    if len(group) == 1:
        return group[0]
    begin, (_, end) = group[0], _numbered(group[-1])
    if end and _numbered(begin)[1]:
        return f"{begin}-{end}"
    return "stem" if first else "+".join(group)


def _in_a_word(trainable: int, number: int) -> Trained:
    if not number:
        return ""
    return "trained" if trainable == number else "partly" if trainable else "frozen"


def _statistics(modules: Iterable[Module]) -> str:
    """Whether BatchNorm layers in the mode of training estimate mean and variance."""
    updated = {
        "Frozen" not in type(one).__name__ and one.training
        for module in modules
        for one in module.modules()
        if hasattr(one, "running_mean") and one.running_mean is not None
    }
    if not updated:
        return ""
    return "partly" if len(updated) == 2 else "updated" if updated.pop() else "fixed"
