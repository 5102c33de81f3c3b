"""One pass of a model, with a look at each of its modules: shapes, and multiply-adds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from dataforge.frameworks import LiveModel, quiet
from dataforge.hooks import hooked, tensors


class Ran(msgspec.Struct):
    """What a module did in a pass.

    Attributes:
        outputs: shape of each tensor of its last output, by its place in it.
        batch: number of maps or rows in its first input; None if that is neither.
        multiply_adds: of all its calls.
    """

    outputs: dict[str, tuple[int, ...]] = {}
    batch: int | None = None
    multiply_adds: int = 0


def measure(
    live: LiveModel, size: tuple[int, int], run: Callable[[int, int], None]
) -> dict[str, Ran]:
    """Run a model on an empty image.

    torch counts floating-point operations, of which a multiply-add is two.

    Args:
        live: in evaluation mode.
        size: (width, height) of the image, pixels.
        run: `live.run_blank`, or `live.extract_blank`.

    Returns:
        Dotted name -> what it did, for all modules that ran; the whole model has none.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    counter = FlopCounterMode(display=False)
    ran: dict[str, Ran] = {}
    begun: list[int] = []

    def before(module: Any, inputs: Any) -> None:
        begun.append(counter.get_total_flops())

    def after(name: str) -> Callable[..., None]:
        def function(module: Any, inputs: Any, output: Any) -> None:
            one = ran.setdefault(name, Ran())
            one.multiply_adds += (counter.get_total_flops() - begun.pop()) // 2
            one.outputs = {place: tuple(t.shape) for place, t in tensors(output, "")}
            first = next((tensor for _, tensor in tensors(inputs, "")), None)
            one.batch = int(first.shape[0]) if first is not None and first.ndim in (2, 4) else None

        return function

    modules = dict(live.model.named_modules())
    with (
        quiet(),
        torch.no_grad(),
        hooked(
            [(module, after(name)) for name, module in modules.items()],
            [(module, before) for module in modules.values()],
        ),
        counter,
    ):
        run(*size)
    ran.setdefault("", Ran()).multiply_adds = counter.get_total_flops() // 2
    return ran
