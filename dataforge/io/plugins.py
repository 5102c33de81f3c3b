"""Plug-ins from other packages via entry points: formats, checks, converters, engines.

Each table of dataforge has built-in rows and those of one entry point group::

    ENGINES = Plugins("dataforge.engines", {"local": "dataforge.engines.local:LocalEngine"})
    ENGINES.names()          # ["acme", "local"]
    ENGINES.load("local")    # the class

A plug-in that cannot be loaded must not break commands that do not use it: it is left out of its
table, `failed_plugins` reports it, and loading it by name raises the reason. The same holds for one
that fails where many are tried. Of two with one name the second is left out: a built-in row comes
first, then the packages by their names.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from functools import cached_property, lru_cache
from importlib.metadata import Distribution, EntryPoint, distributions, entry_points
from typing import Any, TypeVar

from dataforge.errors import DataforgeError, UsageError, did_you_mean, one_line
from dataforge.interrupts import Interrupted

T = TypeVar("T")

_failures: dict[tuple[str, str], str] = {}
"""(group, name) -> why the plug-in is left out."""


def failed_plugins() -> list[str]:
    """A line for each plug-in that has been left out so far: its name, its owner and the reason."""
    return list(_failures.values())


class Plugins:
    """The rows of a table, by name: built-in ones and those of other packages.

    Entry points are read on first use, and each object is imported only when it is loaded.

    Args:
        group: entry point group, such as ``dataforge.formats``.
        own: name -> reference of a built-in object, ``module`` or ``module:attribute``.
    """

    def __init__(self, group: str, own: Mapping[str, str]) -> None:
        self.group = group
        self.noun = group.rpartition(".")[2].removesuffix("s")
        self._own = {name: EntryPoint(name, value, group) for name, value in own.items()}

    def names(self) -> list[str]:
        """All names, sorted, except plug-ins that are known to fail."""
        rows = {**self._own, **self._added}
        return sorted(name for name in rows if not self.failure(name))

    def load(self, name: str) -> Any:
        """Load the object that a name refers to.

        Raises:
            UsageError: there is no such name.
            DataforgeError: the plug-in cannot be loaded.
        """
        if name in self._added:
            return self._load(self._added[name], _as_it_is)
        if name in self._own:
            return self._own[name].load()
        raise self.unknown(name)

    def added(self, make: Callable[[EntryPoint, Any], T]) -> dict[str, T]:
        """The rows of other packages, except those that cannot be loaded.

        Args:
            make: builds the row from an entry point and the loaded object; an exception counts
                as a failure of the plug-in.
        """
        rows: dict[str, T] = {}
        for name, point in self._added.items():
            try:
                rows[name] = self._load(point, make)
            except DataforgeError:
                continue  # recorded in `_failures`
        return rows

    def failure(self, name: str) -> str | None:
        """Why the plug-in of this name is left out, if known; None for all others."""
        return _failures.get((self.group, name))

    def unknown(self, name: str) -> DataforgeError:
        """The exception for a name that is not in the table."""
        if reason := self.failure(name):
            return DataforgeError(reason)
        choices = self.names()
        hint = did_you_mean(name, choices, f"choose from {', '.join(choices)}")
        return UsageError(f"no {self.noun} {name!r}; {hint}")

    @contextmanager
    def using(self, name: str) -> Iterator[None]:
        """Call a plug-in in a block: what it raises, other than on purpose, leaves it out.

        Raises:
            DataforgeError: it failed. Exceptions of built-in rows are raised as they are.
        """
        try:
            yield
        except (DataforgeError, KeyboardInterrupt, Interrupted):
            raise
        except BaseException as error:
            if name not in self._added:
                raise
            raise self._failed(self._added[name], error, "failed") from error

    @cached_property
    def _added(self) -> dict[str, EntryPoint]:
        found: dict[str, EntryPoint] = {}
        for point in sorted(_points(self.group), key=_rank):
            other = self._own.get(point.name) or found.get(point.name)
            if other is None:
                found[point.name] = point
                continue
            owners = " or ".join(filter(None, [_owner(point), _owner(other)]))
            _failures[self.group, f"{point.name} of {_owner(point)}"] = (
                f"{self.noun} {point.name!r} of {point.value} clashes with {other.value}: "
                f"uninstall {owners or 'one of them'}"
            )
        return found

    def _load(self, point: EntryPoint, make: Callable[[EntryPoint, Any], T]) -> T:
        try:
            with redirect_stdout(sys.stderr):  # the other is for the report, which may be JSON
                return make(point, point.load())
        except (KeyboardInterrupt, Interrupted):
            raise
        except BaseException as error:  # a plug-in may raise anything, and exit too
            raise self._failed(point, error, "cannot be loaded") from error

    def _failed(self, point: EntryPoint, error: BaseException, how: str) -> DataforgeError:
        of = f" of {_owner(point)}" if _owner(point) else ""
        what = f"{self.noun} {point.name!r} ({point.value}){of} {how}"
        _failures[self.group, point.name] = f"{what}: {_reason(error)}; fix or uninstall it"
        return DataforgeError(_failures[self.group, point.name])


def _points(group: str) -> list[EntryPoint]:
    """The entry points of a group, without those of packages whose metadata is broken."""
    try:
        return list(_all_points(tuple(sys.path)).select(group=group))
    except Exception:  # noqa: BLE001 - it does not say whose; now one by one
        return [point for one in distributions() for point in _points_of(one, group)]


@lru_cache(maxsize=1)
def _all_points(path: tuple[str, ...]) -> Any:
    """All entry points of the packages on the path: each has a file that is parsed."""
    return entry_points()


def _points_of(distribution: Distribution, group: str) -> list[EntryPoint]:
    try:
        return [point for point in distribution.entry_points if point.group == group]
    except Exception as error:  # noqa: BLE001
        name = distribution.metadata["Name"]
        _failures["", name] = (
            f"the plug-ins of {name} cannot be listed: {_reason(error)}; fix or uninstall it"
        )
        return []


def _reason(error: BaseException) -> str:
    return one_line(f"{type(error).__name__}: {error}")


def _as_it_is(_: EntryPoint, loaded: Any) -> Any:
    return loaded


def _rank(point: EntryPoint) -> tuple[str, str, str]:
    return point.name, _owner(point), point.value


def _owner(point: EntryPoint) -> str:
    """The distribution that provides the entry point; empty for built-in rows."""
    return point.dist.name if point.dist else ""
