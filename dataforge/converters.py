"""CONVERTERS: the name of a converter -> something that converts.

The registry has the face that users of mmcv know::

    CONVERTERS.build(dict(type="labelme2coco", source="labels/", out="coco/"))()

    @CONVERTERS.register_module()
    class acme2coco: ...

There is one for each pair of formats that can be read and written. Other packages add theirs by
the entry point group ``dataforge.converters``: a name, and a callable that takes ``source``,
``out`` and its own options, and gives a callable without arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any

from dataforge.errors import DataforgeError, UsageError
from dataforge.formats import formats, load_plugin

_ONLY_TO = {"images": ("coco",)}
"""Formats that are not worth writing as all others."""


class Between:
    """The converter from one format to another.

    Args:
        reads, writes: format names.
    """

    def __init__(self, reads: str, writes: str) -> None:
        self.reads = reads
        self.writes = writes
        self.__doc__ = f"{reads} to {writes}"

    def __call__(self, source: str, out: str, **options: Any) -> Callable[[], Any]:
        """A conversion, ready to be called; options are `dataforge.convert.Job`'s."""
        from dataforge.convert import Job, convert

        job = Job(source=source, out=out, reads=self.reads, writes=self.writes, **options)
        return lambda: convert(job)


class Converters(Mapping[str, Any]):
    """Converters by name; `build` calls one with its arguments and gives something to call."""

    def __init__(self) -> None:
        self._converters: dict[str, Any] = {}
        self._complete = False

    def register_module(
        self, name: str | None = None, force: bool = False, module: Any = None
    ) -> Callable[[Any], Any]:
        """Add a class or function under its own name or another; usable as a decorator.

        Raises:
            UsageError: the name is taken, saying by whom, and `force` is not set.
        """

        def register(item: Any) -> Any:
            key = name or item.__name__
            if key in self._all() and not force:
                owner = self._converters[key].__module__
                raise UsageError(f"converter {key!r} is registered already, by {owner}")
            self._converters[key] = item
            return item

        return register if module is None else register(module)

    def get(self, name: str, default: Any = None) -> Any:
        """The converter of a name, or `default`."""
        return self._all().get(name, default)

    def build(self, config: Mapping[str, Any]) -> Any:
        """Make a converter from ``dict(type=name, **arguments)``.

        Raises:
            UsageError: no `type`, or one that is not registered.
        """
        arguments = dict(config)
        name = arguments.pop("type", None)
        if name not in self._all():
            raise UsageError(f"no converter {name!r}; there are {', '.join(self)}")
        return self._converters[name](**arguments)

    def _all(self) -> dict[str, Any]:
        """All converters; those of formats and other packages are looked up once."""
        if not self._complete:
            self._complete = True
            for reads, source in formats().items():
                for writes, target in formats().items():
                    wanted = writes in _ONLY_TO.get(reads, (writes,))
                    if reads != writes and source.reads and target.writes and wanted:
                        self.register_module(f"{reads}2{writes}", module=Between(reads, writes))
            for point in entry_points(group="dataforge.converters"):
                if point.name in self._converters:
                    owner = self._converters[point.name].__module__
                    raise DataforgeError(
                        f"converter {point.name!r} of {point.value} clashes with {owner}: "
                        "uninstall one"
                    )
                self.register_module(point.name, module=load_plugin(point))
        return self._converters

    def __getitem__(self, name: str) -> Any:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._all()))

    def __len__(self) -> int:
        return len(self._all())


CONVERTERS = Converters()
