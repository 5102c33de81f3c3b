"""The values of a config's names: plain Python values, and three special kinds.

An unknown value is `UNKNOWN`; an imported object is `Imported`; a class is `Class`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Unknown:
    """A value that can only be determined by running the config."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __deepcopy__(self, memo: object) -> Unknown:
        return self


UNKNOWN = Unknown()


class Imported(str):
    """The dotted name of an imported object: a module, or a name in a module."""

    __slots__ = ()

    @property
    def module(self) -> str:
        """The dotted name without its last part."""
        return self.rpartition(".")[0]

    @property
    def name(self) -> str:
        """The last word."""
        return self.rpartition(".")[2]


class Class(NamedTuple):
    """A class in a module: the names assigned in its body."""

    name: str
    values: Mapping[str, Any]


def inside(value: Any, path: str) -> Any:
    """The value at a dotted path in nested dicts; None if there is none."""
    for key in path.split("."):
        if not isinstance(value, Mapping):
            return UNKNOWN if value is UNKNOWN else None
        value = value.get(key)
    return value


def custom_imports(values: Mapping[str, Any]) -> list[str]:
    """The modules of `custom_imports` in the values of a config, as far as known."""
    imports = inside(values, "custom_imports.imports")
    return [one for one in (imports if is_list(imports) else [imports]) if isinstance(one, str)]


def dicts(value: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(dotted path, dict) of every dict at or below a value located at `path`."""
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            yield from dicts(inner, f"{path}.{key}")
    elif is_list(value):
        for place, inner in enumerate(value):
            yield from dicts(inner, f"{path}[{place}]")


def count_values(value: Any, most: int) -> int:
    """The number of values in a value, itself included; shared ones count each time.

    Args:
        value: of a config.
        most: number at which the count ends; the result is then larger.
    """
    waiting, seen = [value], 0
    while waiting and seen + len(waiting) <= most:
        seen += 1
        top = waiting.pop()
        if isinstance(top, Mapping):
            waiting += top.values()
        elif is_list(top):
            waiting += top
    return seen + len(waiting)


def is_list(value: Any) -> bool:
    """Whether a value is a list or a tuple."""
    return isinstance(value, (list, tuple))


def unwrapped(config: Any, where: str = "", times: int = 1) -> Iterator[tuple[str, int, Any]]:
    """(path, times per epoch, config) of the datasets in wrappers such as RepeatDataset.

    A list of annotation files counts as one dataset each. Unknown values are left out.

    Args:
        config: config of a dataset, a plain dict or the framework's own type; or a list of them.
        where: its path in the config.
        times: number of passes over it per epoch; 0 if unknown.
    """
    if is_list(config):
        for place, item in enumerate(config):
            yield from unwrapped(item, f"{where}[{place}]", times)
    elif not isinstance(config, Mapping):
        return
    elif "dataset" in config:
        again = config.get("times", 1)
        # A ClassBalancedDataset repeats images depending on their classes.
        again = again if isinstance(again, int) and "oversample_thr" not in config else 0
        yield from unwrapped(config["dataset"], f"{where}.dataset", times * again)
    elif "datasets" in config:
        yield from unwrapped(config["datasets"], f"{where}.datasets", times)
    elif isinstance(config.get("ann_file"), (list, tuple)):
        prefixes = config.get("img_prefix")
        for place, ann_file in enumerate(config["ann_file"]):
            prefix = prefixes[place] if isinstance(prefixes, (list, tuple)) else prefixes
            one: Any = type(config)
            yield where, times, one({**config, "ann_file": ann_file, "img_prefix": prefix})
    else:
        yield where, times, config


def merged(over: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """Merge dicts as mmcv and mmengine do: lists are replaced, ``_delete_`` resets a dict."""
    result = dict(base)
    for key, value in over.items():
        if isinstance(value, dict):
            old = None if value.get("_delete_") else result.get(key)
            value = {inner: what for inner, what in value.items() if inner != "_delete_"}
            value = merged(value, old) if isinstance(old, dict) else value
        result[key] = value
    return result
