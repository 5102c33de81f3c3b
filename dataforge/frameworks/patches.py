"""What mmcv 1.7 and mmengine 0.10 need on a torch that is younger than they are."""

from __future__ import annotations

import importlib
from typing import Any


def adapt_mmcv_streams() -> None:
    """Make mmcv 1.7's scatter to a GPU work with torch 2.1 and later; no effect with mmcv 2.

    mmcv 1.7.2 parallel/_functions.py:75 passes device numbers to torch's `_get_stream`, which has
    required a `torch.device` since torch 2.1 (mmdetection issue 10720).
    """
    import torch

    try:
        functions: Any = importlib.import_module("mmcv.parallel._functions")
    except ModuleNotFoundError:
        return
    original = functions._get_stream
    if getattr(original, "takes_numbers", False):
        return

    def get_stream(device: Any) -> Any:
        if isinstance(device, int):
            device = torch.device("cpu") if device < 0 else torch.device("cuda", device)
        return original(device)

    get_stream.takes_numbers = True  # type: ignore[attr-defined]
    functions._get_stream = get_stream


def adapt_replicated_tensors() -> None:
    """Make mmcv 1.7's training on several GPUs work with torch 2.1 and later.

    mmcv 1.7.2 parallel/distributed.py:159 reads an attribute that torch 2.1 removed.
    """
    from torch.nn.parallel import DistributedDataParallel

    if not hasattr(DistributedDataParallel, "_use_replicated_tensor_module"):
        DistributedDataParallel._use_replicated_tensor_module = False


def allow_histories() -> None:
    """Make mmengine 0.10's own checkpoints load with torch 2.6 and later; no effect without it.

    Since torch 2.6 `torch.load` builds objects of named classes alone, by default, and mmengine
    stores the log in a class of its own (mmengine issue 1655). Of what its pickle looks up, only
    the methods of that class are given out.
    """
    import numpy as np
    import torch

    try:
        histories: Any = importlib.import_module("mmengine.logging.history_buffer")
    except ModuleNotFoundError:
        return
    if not hasattr(torch.serialization, "get_unsafe_globals_in_checkpoint"):  # since torch 2.6
        return

    def method(owner: Any, name: str) -> Any:
        if owner is not histories.HistoryBuffer or name not in ("min", "max", "current", "mean"):
            raise TypeError(f"a checkpoint asks for {name} of {owner}")
        return getattr(owner, name)

    number, array = np.float64(0).__reduce__()[0], np.empty(0).__reduce__()[0]
    torch.serialization.add_safe_globals(
        [
            histories.HistoryBuffer,
            (method, "builtins.getattr"),
            number,
            array,
            (number, "numpy.core.multiarray.scalar"),  # by the names of numpy 1, too
            (array, "numpy.core.multiarray._reconstruct"),
            np.ndarray,
            np.dtype,
            *(type(np.dtype(code)) for code in "?bBhHiIlLqQefd"),
        ]
    )
