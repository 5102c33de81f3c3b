"""Modules of a torch model by name, hooks on them, and what they return, level by level."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from difflib import get_close_matches
from typing import Any

from dataforge.errors import UsageError, first_of

Module = Any
"""A `torch.nn.Module`; torch is not imported here."""


def unwrapped(model: Module) -> Module:
    """The model inside DataParallel, DistributedDataParallel and the like.

    Wrappers are recognised by what they have in common: their only child is called ``module``.
    """
    while [name for name, _ in model.named_children()] == ["module"]:
        model = model.module
    return model


def find_modules(model: Module, names: Iterable[str]) -> dict[str, Module]:
    """Modules by their dotted names, such as ``backbone.layer4``.

    Args:
        model: wrapped or not.
        names: with or without the prefix of a wrapper (``module.``).

    Raises:
        UsageError: the model has no module of that name; the message lists similar ones.
    """
    inner = dict(unwrapped(model).named_modules(remove_duplicate=False))
    known = {**dict(model.named_modules(remove_duplicate=False)), **inner}
    found = {}
    for name in names:
        if not name or name not in known:
            raise UsageError(f"the model has no module {name!r}; {_near(name, inner)}")
        found[name] = known[name]
    return found


def _near(name: str, known: Mapping[str, Module]) -> str:
    """The hint for a name that does not exist: similar ones, else those beside it."""
    parent, _, last = name.rpartition(".")
    beside = {one.rpartition(".")[2]: one for one in known if one.rpartition(".")[0] == parent}
    beside.pop("", None)  # the model itself
    near = [beside[one] for one in get_close_matches(last, beside, n=3)]
    if not near and not (parent and beside):  # the name may lack its beginning
        near = [one for one in known if last and one.endswith(f".{last}")][:3]
        near += get_close_matches(name, filter(None, known), n=1, cutoff=0.8)
    if near:
        return f"did you mean {' or '.join(map(repr, dict.fromkeys(near)))}?"
    return f"there are {first_of(beside.values() or known, 12)} in {parent or 'it'}"


@contextmanager
def hooked(
    after: Iterable[tuple[Module, Callable[..., None]]],
    before: Iterable[tuple[Module, Callable[..., None]]] = (),
) -> Iterator[None]:
    """Call functions before and after modules run; the hooks are removed in any case.

    Args:
        after: (module, function of (module, inputs, output)).
        before: (module, function of (module, inputs)).
    """
    with ExitStack() as stack:
        for module, function in before:
            stack.callback(module.register_forward_pre_hook(function).remove)
        for module, function in after:
            stack.callback(module.register_forward_hook(function).remove)
        yield


def is_tensor(value: Any) -> bool:
    """Whether a value is a torch tensor."""
    return hasattr(value, "detach") and hasattr(value, "requires_grad")


def mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """The same nest of tuples, lists and dicts, with its tensors changed; all else stays."""
    if is_tensor(value):
        return change(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(mapped(each, change) for each in value))
    if isinstance(value, (tuple, list)):
        return type(value)(mapped(each, change) for each in value)
    if isinstance(value, Mapping):
        pairs = {key: mapped(each, change) for key, each in value.items()}
        return pairs if type(value) is dict else _like(value, pairs)
    return value


def _like(value: Mapping[Any, Any], pairs: dict[Any, Any]) -> Any:
    try:
        return type(value)(pairs)  # type: ignore[call-arg]
    except TypeError:  # a mapping that is made in another way
        return pairs


def tensors(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """(name, tensor) of each tensor in a nest: ``neck/0``, ``backbone/pool``."""
    if is_tensor(value):
        yield name, value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from tensors(each, f"{name}/{key}")
    elif isinstance(value, (tuple, list)):
        for number, each in enumerate(value):
            yield from tensors(each, f"{name}/{number}")
