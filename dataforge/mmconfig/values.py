"""The values of a config's names: plain Python values, and four special kinds.

An unknown value is `UNKNOWN`; a dict of which not all is known is a `Settings`; an imported object
is `Imported`; a class is `Class`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from dataforge.mmconfig.registered import BUILT_IN, WRAPPERS


class Unknown:
    """A value that can only be determined by running the config."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __deepcopy__(self, memo: object) -> Unknown:
        return self


UNKNOWN = Unknown()


class Function(Unknown):
    """A function: neither mmcv nor mmengine keeps it in a config."""


class Settings(dict[str, Any]):
    """A dict in a config.

    Attributes:
        complete: whether a key that is not here is certainly absent.
        attributes: whether it comes from a base, where mmengine reads and sets keys as attributes,
            and updates dicts inside.
    """

    def __init__(
        self, *args: Any, complete: bool = True, attributes: bool = False, **named: Any
    ) -> None:
        super().__init__(*args, **named)
        self.complete = complete
        self.attributes = attributes

    def __deepcopy__(self, memo: dict[int, Any]) -> Settings:
        new = Settings(complete=self.complete, attributes=self.attributes)
        memo[id(self)] = new
        for key, value in self.items():
            new[key] = copy.deepcopy(value, memo)
        return new

    def forget(self) -> None:
        """Make the whole content unknown."""
        self.clear()
        self.complete = False


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
    """A class in a module.

    Attributes:
        name: its name.
        values: the names assigned in its body.
        bases: its base classes, as written.
    """

    name: str
    values: Mapping[str, Any]
    bases: tuple[str, ...] = ()


def inside(value: Any, path: str) -> Any:
    """The value at a dotted path in nested dicts; None if there is none, `UNKNOWN` if unknown."""
    for key in path.split("."):
        if not isinstance(value, Mapping):
            return UNKNOWN if isinstance(value, Unknown) else None
        value = value[key] if key in value else None if is_complete(value) else UNKNOWN
    return value


def is_complete(value: Any) -> bool:
    """Whether a key that a dict does not have is certainly absent."""
    return value.complete if isinstance(value, Settings) else isinstance(value, Mapping)


def as_base(value: Any) -> Any:
    """A copy of a value, as a config that is based on it sees it: no two parts are shared."""
    if isinstance(value, dict):
        new = Settings(complete=is_complete(value), attributes=True)
        new.update((key, as_base(inner)) for key, inner in value.items())
        return new
    if type(value) in (list, tuple):
        return type(value)(as_base(inner) for inner in value)
    return copy.copy(value) if isinstance(value, set) else value


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


def count_values(value: Any, most: int, *, characters: bool = False) -> int:
    """The number of values in a value, itself included; shared ones count each time.

    Args:
        value: of a config.
        most: number at which the count ends; the result is then larger.
        characters: count those of strings, too.
    """
    waiting, seen = [value], 0
    while waiting and seen + len(waiting) <= most:
        seen += 1
        top = waiting.pop()
        if isinstance(top, Mapping):
            waiting += top.values()
        elif isinstance(top, (list, tuple, set)):
            waiting += top
        elif characters and isinstance(top, (str, range)):
            seen += len(top)
    return seen + len(waiting)


def is_deep(value: Any, most: int) -> bool:
    """Whether more lists and dicts are inside one another than `most`; their number is known."""
    waiting = [(value, 0)]
    while waiting:
        top, level = waiting.pop()
        if level > most:
            return True
        if isinstance(top, Mapping):
            waiting += [(inner, level + 1) for inner in top.values()]
        elif is_list(top):
            waiting += [(inner, level + 1) for inner in top]
    return False


_MAX_KEY = 20


def check_key(key: Any) -> Any:
    """A key of a dict, or an item of a set.

    Raises:
        TypeError: it is not known, or takes long to hash: tuples can share parts.
    """
    if isinstance(key, (Unknown, Imported)):
        raise TypeError("a key is not known")
    if isinstance(key, tuple) and count_values(key, _MAX_KEY) > _MAX_KEY:
        raise TypeError("a key is too large")
    return key


def is_list(value: Any) -> bool:
    """Whether a value is a list or a tuple."""
    return isinstance(value, (list, tuple))


def type_name(values: Any) -> str:
    """The `type` of a config without its scope; empty if unknown."""
    type_ = values.get("type") if isinstance(values, Mapping) else None
    return type_.rpartition(".")[2] if isinstance(type_, str) else ""


def wrapped_key(config: Mapping[str, Any]) -> str:
    """The key of the datasets inside a wrapper; empty for a plain dataset."""
    kind = type_name(config)
    if kind in BUILT_IN[2] | BUILT_IN[3] and kind not in WRAPPERS:
        return ""
    keys = ("datasets", "dataset") if kind == "ConcatDataset" else ("dataset", "datasets")
    return next((key for key in keys if key in config), "")


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
    elif key := wrapped_key(config):
        again = config.get("times", 1) if key == "dataset" else 1
        # A ClassBalancedDataset repeats images depending on their classes.
        again = again if isinstance(again, int) and "oversample_thr" not in config else 0
        yield from unwrapped(config[key], f"{where}.{key}", times * again)
    elif isinstance(config.get("ann_file"), (list, tuple)):
        prefixes = config.get("img_prefix")
        for place, ann_file in enumerate(config["ann_file"]):
            prefix = prefixes[place] if isinstance(prefixes, (list, tuple)) else prefixes
            one: Any = copy.copy(config)
            one.update({"ann_file": ann_file, "img_prefix": prefix})
            yield where, times, one
    else:
        yield where, times, config


def nested(config: Any, where: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(path, config) of datasets, of the wrappers around them and of those inside."""
    if is_list(config):
        for place, item in enumerate(config):
            yield from nested(item, f"{where}[{place}]")
    elif isinstance(config, Mapping):
        yield where, config
        if key := wrapped_key(config):
            yield from nested(config[key], f"{where}.{key}")


def merged(
    over: Mapping[str, Any],
    base: Mapping[str, Any],
    refuse: Callable[[str, Any], object] = lambda where, value: None,
    where: str = "",
) -> Settings:
    """Merge dicts as mmcv and mmengine do: lists are replaced, ``_delete_`` resets a dict.

    What is merged over an unknown value is known only as far as it goes itself.

    Args:
        over: the child.
        base: its base.
        refuse: told of each dict over something else, which does not load: dotted path, and value
            in the base.
        where: path of the dicts.
    """
    result = Settings(base, complete=is_complete(base))
    for key, value in over.items():
        place = f"{where}.{key}" if where else key
        known = key in result or not result.complete
        if not isinstance(value, dict) or not known:
            result[key] = value  # a _delete_ that deletes nothing stays
            continue
        deletes = value.get("_delete_", False)
        rest = {inner: what for inner, what in value.items() if inner != "_delete_"}
        own = Settings(rest, complete=is_complete(value))
        old = result.get(key, UNKNOWN)
        if deletes:
            result[key] = own
        elif isinstance(old, dict):
            result[key] = merged(own, old, refuse, place)
        elif isinstance(old, Unknown):
            result[key] = merged(own, Settings(complete=False), refuse, place)
        else:
            refuse(place, old)
            result[key] = own
    return result
