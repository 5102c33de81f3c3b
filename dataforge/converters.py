"""CONVERTERS: the registry of converters by name.

It has the interface of mmcv's registries::

    CONVERTERS.build(dict(type="labelme2coco", source="labels/", out="coco/"))()

    @CONVERTERS.register_module()
    class acme2coco: ...

There is one for each pair of a readable and a writable format. Other packages add theirs with the
entry point group ``dataforge.converters``: a name, and a callable that takes ``source``, ``out``
and its own options, and returns a callable without arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from dataforge.errors import DataforgeError, UsageError, did_you_mean
from dataforge.formats import formats
from dataforge.io import Plugins


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
        """A conversion, ready to be called; options are those of `dataforge.jobs.Job`."""
        from dataforge.jobs import Job
        from dataforge.verbs.convert import convert

        job = Job(source=source, out=out, reads=self.reads, writes=self.writes, **options)
        return lambda: convert(job)


class Converters(Mapping[str, Any]):
    """Converters by name; `build` creates one from its arguments."""

    def __init__(self) -> None:
        self._converters: dict[str, Any] = {}
        self._complete = False
        self._table = Plugins("dataforge.converters", {})

    def register_module(
        self, name: str | None = None, force: bool = False, module: Any = None
    ) -> Callable[[Any], Any]:
        """Add a class or function under its own name or another; usable as a decorator.

        Raises:
            UsageError: the name is already registered, and `force` is not set.
        """

        def register(item: Any) -> Any:
            key = name or item.__name__
            if key in self._all() and not force:
                owner = self._converters[key].__module__
                raise UsageError(f"converter {key!r} is already registered by {owner}")
            self._converters[key] = item
            return item

        return register if module is None else register(module)

    def build(self, config: Mapping[str, Any]) -> Any:
        """Create a converter from ``dict(type=name, **arguments)``.

        Raises:
            UsageError: no `type`, or one that is not registered.
            DataforgeError: it belongs to another package and cannot be loaded.
        """
        arguments = dict(config)
        name = arguments.pop("type", None)
        if name not in self._all():
            raise self.unknown(name)
        return self._converters[name](**arguments)

    def unknown(self, name: str) -> DataforgeError:
        """The exception for a name that is not registered."""
        reason = self._table.failure(name)
        if reason:
            return DataforgeError(reason)
        hint = did_you_mean(str(name), self, f"name one {self.choices()}")
        return UsageError(f"no converter {name!r}; {hint}")

    def choices(self) -> str:
        """Which converters there are, in words; of formats, not every pair."""
        reads = [name for name, one in formats().items() if one.reader]
        writes = [name for name, one in formats().items() if one.writer]
        pairs = {f"{one}2{other}" for one in reads for other in writes}
        pattern = f"FROM2TO, where FROM is {_or(reads)}, and TO is {_or(writes)}"
        return ", or ".join([pattern, *(name for name in self if name not in pairs)])

    def _all(self) -> dict[str, Any]:
        """All converters; those of formats and other packages are added on first use."""
        if not self._complete:
            self._complete = True
            for reads, source in formats().items():
                for writes, target in formats().items():
                    wanted = source.converts_to is None or writes in source.converts_to
                    if reads != writes and source.reader and target.writer and wanted:
                        self.register_module(f"{reads}2{writes}", module=Between(reads, writes))
            owners = {name: item.__module__ for name, item in self._converters.items()}
            self._table = Plugins("dataforge.converters", owners)
            self._converters.update(self._table.added(lambda _, converter: converter))
        return self._converters

    def __getitem__(self, name: str) -> Any:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._all()))

    def __len__(self) -> int:
        return len(self._all())


def _or(names: Sequence[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]])


CONVERTERS = Converters()
