"""Checkpoints of detectors, and of backbones alone."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

from dataforge.errors import InputError, shortened
from dataforge.frameworks.adapter import quiet


def _inner(model: Any) -> Any:
    """The model itself, without DataParallel."""
    return getattr(model, "module", model)


def load_weights(model: Any, path: Path, log: Callable[[str], None]) -> None:
    """Load every tensor that fits by name and shape.

    Raises:
        InputError: the file does not exist, or no tensor fits.
    """
    given = _read_weights(path)
    own = _inner(model).state_dict()
    fitting = {name: v for name, v in given.items() if name in own and own[name].shape == v.shape}
    if not fitting:  # weights of only a backbone, such as torchvision's
        prefix = "backbone.body." if "backbone.body.conv1.weight" in own else "backbone."
        given = {prefix + name: value for name, value in given.items()}
        fitting = {n: v for n, v in given.items() if n in own and own[n].shape == v.shape}
    if not fitting:
        raise InputError(
            f"--checkpoint {path}: none of its {len(given)} tensors fits this detector"
        )
    _inner(model).load_state_dict(fitting, strict=False)
    log(f"{len(fitting)} of {len(own)} tensors are from {path}")


def load_strictly(model: Any, path: Path) -> None:
    """Load a checkpoint that has exactly the model's tensors.

    Raises:
        InputError: the file is not a checkpoint.
        RuntimeError: it is one of another model.
    """
    _inner(model).load_state_dict(_read_weights(path), strict=True)


def first_that_fits(builders: Iterable[Callable[[], Any]], weights: Path) -> Any:
    """The first of some models that a checkpoint is of, with its weights.

    Raises:
        InputError: the file is not a checkpoint, or is of none of them.
    """
    why = ""
    for build in builders:
        model = build()
        try:
            load_strictly(model, weights)
        except RuntimeError as error:
            lines = str(error).splitlines()
            why = why or " ".join(line.strip() for line in lines[1:2] or lines)
        else:
            return model
    raise InputError(
        f"{weights}: is a checkpoint of another model than the config's: {shortened(why, 200)}"
    )


def _read_weights(path: Path) -> dict[str, Any]:
    import torch

    try:
        with quiet():  # torch warns of its own storages
            try:
                content = torch.load(str(path), map_location="cpu", weights_only=True)
            except pickle.UnpicklingError:  # mmengine's have a log in classes of its own
                options = {"weights_only": False, "pickle_module": _TensorsAlone}
                content = torch.load(str(path), map_location="cpu", **options)
    except Exception as error:  # torch raises anything for what is no checkpoint
        what = f"{type(error).__name__}: {error}"  # of a text file it is KeyError: 101
        raise InputError(f"{path}: cannot be read as a checkpoint: {what}") from error
    state = content
    for key in ("state_dict", "model"):  # OpenMMLab, torchvision's references
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            state = content[key]
    if not isinstance(state, dict) or not all(hasattr(value, "shape") for value in state.values()):
        raise InputError(f"{path}: is not a checkpoint: expected tensors by name")
    return state


class _Ignored:
    """In the place of every object that is neither a tensor nor a builtin; it does nothing."""

    def __new__(cls, *_: Any, **__: Any) -> _Ignored:
        return object.__new__(cls)

    def __call__(self, *_: Any, **__: Any) -> _Ignored:
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    __setstate__ = append = extend = __call__


class _TensorsAlone:
    """A module `pickle` that looks up nothing but what tensors are made of.

    Like ``weights_only``, but what else is in the file is left out, not refused: none of its code
    runs.
    """

    class Unpickler(pickle.Unpickler):
        """See `_TensorsAlone`."""

        def find_class(self, module_name: str, global_name: str) -> Any:
            """The function or class of a name; storages are torch's own business."""
            import torch

            tensors = ("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_parameter")
            if (module_name, global_name) == ("collections", "OrderedDict"):
                return OrderedDict
            if (module_name, global_name) == ("torch", "Size"):
                return torch.Size
            if module_name == "torch._utils" and global_name in tensors:
                return getattr(torch._utils, global_name)
            return _Ignored

    @staticmethod
    def load(file: IO[bytes], **options: Any) -> Any:
        """An object from a file in torch's old format."""
        return _TensorsAlone.Unpickler(file, **options).load()
