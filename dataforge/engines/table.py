"""Every engine by name: its module, which is imported when it is asked for."""

from __future__ import annotations

from importlib import import_module

from dataforge.engines.base import Engine
from dataforge.errors import UsageError

_ENGINES = {"local": "dataforge.engines.local"}


def get_engine(workers: int, name: str = "local") -> Engine:
    """An engine with so many workers, 0 for as many as it has cores.

    Raises:
        UsageError: there is none of that name, or the number is negative.
    """
    if name not in _ENGINES:
        raise UsageError(f"no engine {name!r}; there are {', '.join(_ENGINES)}")
    if workers < 0:
        raise UsageError(f"--workers {workers}: want a number of processes, or 0 for all cores")
    engine: Engine = import_module(_ENGINES[name]).Engine(workers)
    return engine
