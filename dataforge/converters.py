"""CONVERTERS: the name of a converter -> (format to read, format to write).

The registry has the face that users of mmcv know::

    CONVERTERS.build(dict(type="labelme2coco", source="labels/", out="coco/"))()

    @CONVERTERS.register_module()
    class acme2coco: ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dataforge.errors import UsageError


class Converters(Mapping[str, Any]):
    """Converters by name; `build` calls one with its arguments and gives something to call."""

    def __init__(self) -> None:
        self._converters: dict[str, Any] = {}

    def register_module(
        self, name: str | None = None, force: bool = False, module: Any = None
    ) -> Callable[[Any], Any]:
        """Add a class or function under its own name or another; usable as a decorator.

        Raises:
            UsageError: the name is taken, saying by whom, and `force` is not set.
        """

        def register(item: Any) -> Any:
            key = name or item.__name__
            if key in self._converters and not force:
                owner = self._converters[key].__module__
                raise UsageError(f"converter {key!r} is registered already, by {owner}")
            self._converters[key] = item
            return item

        return register if module is None else register(module)

    def get(self, name: str, default: Any = None) -> Any:
        """The converter of a name, or `default`."""
        return self._converters.get(name, default)

    def build(self, config: Mapping[str, Any]) -> Any:
        """Make a converter from ``dict(type=name, **arguments)``.

        Raises:
            UsageError: no `type`, or one that is not registered.
        """
        arguments = dict(config)
        name = arguments.pop("type", None)
        if name not in self._converters:
            raise UsageError(f"no converter {name!r}; there are {', '.join(sorted(self))}")
        return self._converters[name](**arguments)

    def __getitem__(self, name: str) -> Any:
        return self._converters[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._converters)

    def __len__(self) -> int:
        return len(self._converters)


CONVERTERS = Converters()


def _add(reads: str, writes: str) -> None:
    def build(source: str, out: str, **options: Any) -> Callable[[], Any]:
        from dataforge.convert import Job, convert

        job = Job(source=source, out=out, reads=reads, writes=writes, **options)
        return lambda: convert(job)

    build.__module__ = __name__
    build.__doc__ = f"{reads} to {writes}"
    CONVERTERS.register_module(name=f"{reads}2{writes}", module=build)


for _reads, _writes in (("labelme", "coco"), ("voc", "coco")):
    _add(_reads, _writes)
