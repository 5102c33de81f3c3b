"""Engines by name, imported on demand.

Other packages add engines through the entry point group ``dataforge.engines``: a name, and a
subclass of `dataforge.engines.Engine`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from dataforge.engines.base import Engine
from dataforge.errors import DataforgeError, UsageError
from dataforge.io import Plugins, convert_options

_TABLE = Plugins(
    "dataforge.engines",
    {
        "local": "dataforge.engines.local:LocalEngine",
        "ray": "dataforge.engines.ray:RayEngine",
    },
)


def engines() -> list[str]:
    """The names of all engines, including those of other packages, sorted; none is imported."""
    return _TABLE.names()


def get_engine(name: str, workers: int | None, options: Mapping[str, Any] | None = None) -> Engine:
    """Create an engine by name.

    Args:
        name: one of `engines`.
        workers: number of workers, 0 for one per core of the engine; None for as many as pay.
        options: fields of the engine's `Options`.

    Raises:
        UsageError: there is no engine of that name, the number is negative, or an option is
            invalid.
        DataforgeError: the engine is from another package and cannot be loaded.
    """
    if workers is not None and workers < 0:
        raise UsageError(f"--workers {workers}: expected a number of processes, or 0 for all cores")
    engine = _checked(name, _TABLE.load(name))
    where = f"with --engine {name}"
    if workers is None and not engine.adapts:
        workers = 0
    return engine(workers, convert_options(engine.Options, options or {}, where))


def engine_options() -> dict[str, type[msgspec.Struct]]:
    """Engine name -> its `Options`; engines that cannot be loaded are left out."""
    kinds = _TABLE.added(lambda point, kind: _checked(point.name, kind))
    own = {name: _checked(name, _TABLE.load(name)) for name in _TABLE.names() if name not in kinds}
    return {name: kind.Options for name, kind in sorted({**own, **kinds}.items())}


def _checked(name: str, engine: Any) -> type[Engine]:
    if not (isinstance(engine, type) and issubclass(engine, Engine)):
        raise DataforgeError(f"engine {name!r} is not a subclass of dataforge.engines.Engine")
    return engine
