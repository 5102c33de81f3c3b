"""Hooks that keep what layers return."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dataforge.errors import UsageError
from dataforge.hooks import Module, find_modules, hooked, mapped, tensors


@contextmanager
def capture(
    model: Module, *names: str, detach: bool = True, clone: bool = True
) -> Iterator[dict[str, Any]]:
    """Keep what layers of a model return while the block runs.

    The dictionary is empty until the model has run, and filled again by each forward pass: in a
    loop over batches it holds the features of the last one. Of a layer that runs several times in
    a pass, such as the convolution that an RPN head shares between levels, it holds the last
    output. The hooks are removed when the block ends, also by an exception. Blocks may be nested.

    Outputs keep their form. A stage of a backbone is a tensor (N, C, H, W): 256, 512, 1024 and
    2048 channels at strides 4, 8, 16 and 32 for layer1 to layer4 of a ResNet-50, where H is the
    height of the padded batch divided by the stride and rounded up. ``neck`` of mmdetection is a
    tuple with a tensor for each level; ``backbone`` of torchvision, and its ``backbone.fpn``, a
    dictionary of them ('0', '1', '2', '3', 'pool'). What is no tensor is kept as it is.

    Args:
        model: a torch model, in DataParallel or DistributedDataParallel or not. Of a DataParallel
            over several GPUs, the part of the batch on the first one is kept.
        names: dotted names of modules, as in ``model.named_modules()``.
        detach: without gradient. False keeps the graph, so that a loss on the features trains the
            model (distillation), and with it the memory of the pass.
        clone: copy the tensors. False keeps the model's own: what an in-place operation does to
            them later is then in them, as the ReLU after nearly every BatchNorm does.

    Yields:
        Name as given -> what that module returned last.

    Raises:
        UsageError: no name is given, or the model has no such module; nothing is hooked then.
    """
    if not names:
        raise UsageError("name at least one module to capture, such as 'backbone'")
    modules = find_modules(model, names)
    captured: dict[str, Any] = {}

    def keep(value: Any) -> Any:
        value = value.detach() if detach else value
        return value.clone() if clone else value

    def hook(name: str, original: Module) -> Callable[..., None]:
        def function(module: Module, inputs: Any, output: Any) -> None:
            # DataParallel runs copies of a module, one on each GPU, which share its hooks.
            if module is original or _on_device_of(original, output):
                captured[name] = mapped(output, keep)

        return function

    with hooked([(module, hook(name, module)) for name, module in modules.items()]):
        yield captured


def _on_device_of(module: Module, output: Any) -> bool:
    """Whether the output of a copy of a module is on the module's own device."""
    own = next(module.parameters(), None)
    found = next((tensor for _, tensor in tensors(output, "")), None)
    return own is None or found is None or own.device == found.device
