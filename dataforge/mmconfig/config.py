"""A training config of mmdetection 2 or 3, resolved from its text; nothing of it is run.

    config.py ─ _base_, read_base ─► evaluated statement by statement ─► merged, child over base

Literals, ``dict(...)``, names, sums, paths, simple comprehensions and the place of an installed
package are understood. All else is `UNKNOWN`, and no check speaks of it: a check asks a value for
its type before it judges it, and `Config.settled` before it judges one that is not there.
"""

from __future__ import annotations

import ast
import copy
import importlib.util
import operator
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any, NamedTuple

from dataforge.errors import ParseError
from dataforge.io import read_file

MAX_NODES = 100_000
"""Values in one file; a text of a few lines can mean more than a computer holds."""

MAX_LENGTH = 100_000
"""Characters of a text, or items of a list, that is put together."""

MAX_STEPS = 300_000
"""Expressions that are evaluated for one config."""

MAX_DEPTH = 20
"""Files that lead from one to the next."""


class Unknown:
    """A value that only running the config would tell."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __deepcopy__(self, memo: object) -> Unknown:
        return self


UNKNOWN = Unknown()


class Imported(str):
    """What a file imports, by its dotted name: a module, or something in one."""

    __slots__ = ()

    @property
    def module(self) -> str:
        """The dotted name without the last word."""
        return self.rpartition(".")[0]

    @property
    def name(self) -> str:
        """The last word."""
        return self.rpartition(".")[2]


class Class(NamedTuple):
    """A class of a module: what is assigned in its body."""

    name: str
    values: Mapping[str, Any]


# Modules ----------------------------------------------------------------------------------------


class Module(NamedTuple):
    """Where a module is.

    Attributes:
        file: its source; None where it has none.
        folder: of a package; None for a plain module.
    """

    file: Path | None
    folder: Path | None


def find_module(name: str) -> Module | None:
    """Where this Python, or the working directory, has a module; None where neither has it.

    Nothing is imported, not even the packages around it.
    """
    parts = name.split(".")
    if not all(part.isidentifier() for part in parts):
        return None
    try:
        spec = importlib.util.find_spec(parts[0]) or PathFinder.find_spec(parts[0], [os.getcwd()])
        for end in range(2, len(parts) + 1):
            if spec is None or spec.submodule_search_locations is None:
                return None
            inside = [*spec.submodule_search_locations]
            spec = PathFinder.find_spec(".".join(parts[:end]), inside)
    except (ImportError, ValueError, OSError):
        return None
    if spec is None:
        return None
    folders = spec.submodule_search_locations
    source = spec.origin if spec.origin and spec.origin.endswith(".py") else None
    return Module(Path(source) if source else None, Path(next(iter(folders))) if folders else None)


def module_values(file: Path) -> Mapping[str, Any]:
    """Names of a module's source and what they are, as far as that is known without running it.

    Raises:
        ParseError: it is not Python, or too much.
    """
    return _Files().names(file)


# Configs ----------------------------------------------------------------------------------------


class Config:
    """A training config.

    Attributes:
        values: name -> value, bases below.
        own: names that the file itself assigns, its bases not asked.
        files: that it is made of, by their real paths.
        missing: bases that are not there, as they are written.
        is_complete: all bases are known.
        read: what was read of its annotation files, for all checks; each is read once.
    """

    def __init__(self, tree: ast.Module, path: Path) -> None:
        files = _Files()
        self.path = path
        self.read: dict[tuple[str, str | None], Any] = {}
        self.own = {
            target.id
            for statement in tree.body
            if isinstance(statement, ast.Assign)
            for target in statement.targets
            if isinstance(target, ast.Name)
        }
        resolved = files.with_bases(path, files.read(path, tree))
        self.values: Mapping[str, Any] = resolved.values
        self.files = frozenset([Path(os.path.realpath(path)), *files.known])
        self.missing = files.missing
        self._settled = frozenset() if files.lost else resolved.settled
        self.is_complete = resolved.complete and not files.lost

    @cached_property
    def generation(self) -> int:
        """2 or 3, of mmdetection; 0 where it is no training config of either."""
        if isinstance(self.get("train_dataloader"), dict):
            return 3
        return 2 if isinstance(self.get("data"), dict) else 0

    def settled(self, key: str) -> bool:
        """Whether what is not found below a key at the top is nowhere: no unknown base has it."""
        return self.is_complete or key in self._settled

    def get(self, path: str) -> Any:
        """What stands at a dotted path; None where nothing does, or None."""
        return inside(self.values, path)

    def nodes(self, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """(dotted path, dict) of every dict at or below a path."""
        return _dicts(self.get(path), path)


def inside(value: Any, path: str) -> Any:
    """What stands in nested dicts at a dotted path; None where nothing does."""
    for key in path.split("."):
        if not isinstance(value, Mapping):
            return UNKNOWN if value is UNKNOWN else None
        value = value.get(key)
    return value


def _dicts(value: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            yield from _dicts(inner, f"{path}.{key}")
    elif isinstance(value, (list, tuple)):
        for place, inner in enumerate(value):
            yield from _dicts(inner, f"{path}[{place}]")


def unwrapped(config: Any, where: str = "", times: int = 1) -> Iterator[tuple[str, int, Any]]:
    """(place, times an epoch, config) of the datasets inside RepeatDataset, ConcatDataset and such.

    A list of annotation files counts as so many datasets. What is not known is left out.

    Args:
        config: of a dataset, a plain dict or a framework's own; or a list of them.
        where: it stands.
        times: that it is gone over in an epoch; 0 where that is not known.
    """
    if isinstance(config, (list, tuple)):
        for place, item in enumerate(config):
            yield from unwrapped(item, f"{where}[{place}]", times)
    elif not isinstance(config, Mapping):
        return
    elif "dataset" in config:
        again = config.get("times", 1)
        # A ClassBalancedDataset repeats what its classes ask for.
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
    """Dicts as mmcv and mmengine merge them: lists are replaced, ``_delete_`` resets a dict."""
    result = dict(base)
    for key, value in over.items():
        if isinstance(value, dict):
            old = None if value.get("_delete_") else result.get(key)
            value = {inner: what for inner, what in value.items() if inner != "_delete_"}
            value = merged(value, old) if isinstance(old, dict) else value
        result[key] = value
    return result


class _Resolved(NamedTuple):
    """A file and the bases under it.

    Attributes:
        values: what they say.
        complete: all bases are known.
        settled: keys at the top that no unknown base has: two bases must not have the same.
    """

    values: dict[str, Any]
    complete: bool
    settled: frozenset[str]


_CHANGES = "changes of _base_"  # where they stand among the names of a file, beside `_base_`
_NO_BASE = _Resolved({}, False, frozenset())


class _Files:
    """The files of one config, each read once.

    Attributes:
        known: real path -> what a file assigns.
        lost: an import that could not be followed.
        missing: bases that are not there, as they are written.
    """

    def __init__(self) -> None:
        self.lost = False
        self.missing: list[str] = []
        self.known: dict[Path, Mapping[str, Any]] = {}
        self._open: list[Path] = []
        self._bases: dict[Path, _Resolved] = {}
        self._chain: list[Path] = []
        self._steps = 0

    def step(self, file: Path) -> None:
        """Count one more expression.

        Raises:
            ParseError: they are too many.
        """
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise ParseError(str(file), "", f"takes more than {MAX_STEPS:,} steps to be followed")

    def names(self, file: Path) -> Mapping[str, Any]:
        """What a file assigns; nothing where it is being read already."""
        file = Path(os.path.realpath(file))
        if file in self._open:
            return {}
        if file not in self.known:
            data = read_file(file)
            try:
                tree = ast.parse(data, str(file))
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                raise ParseError(str(file), "", f"is not Python: {error}") from error
            self.known[file] = self.read(file, tree)
        return self.known[file]

    def read(self, file: Path, tree: ast.Module) -> Mapping[str, Any]:
        """What a parsed file assigns.

        Raises:
            ParseError: files lead to one another without end, or it means too much.
        """
        if len(self._open) > MAX_DEPTH:
            raise ParseError(str(file), "", f"more than {MAX_DEPTH} files import one another")
        self._open.append(Path(os.path.realpath(file)))
        try:
            names = _Evaluation(file, self).run(tree.body)
            if _too_many(names):
                raise ParseError(str(file), "", f"holds more than {MAX_NODES:,} values")
        except RecursionError as error:
            raise ParseError(str(file), "", "is nested too deep") from error
        finally:
            self._open.pop()
        return names

    def with_bases(self, file: Path, own: Mapping[str, Any]) -> _Resolved:
        """What a file and the bases under it say."""
        said = {key: value for key, value in own.items() if key not in ("_base_", _CHANGES)}
        written = own.get("_base_", [])
        written = written if _is_list(written) else [written]
        bases = [self._base(file, base) for base in written]
        below: dict[str, Any] = {}
        for base in bases:
            below |= base.values
        for change in own.get(_CHANGES, []):
            below = merged(change, below)
        values = merged(said, below)
        if all(base.complete for base in bases):
            return _Resolved(values, True, frozenset(values))
        return _Resolved(values, False, frozenset().union(*(base.settled for base in bases)))

    def _base(self, file: Path, base: Any) -> _Resolved:
        """What a base of a file says, as it is written there."""
        path = _base_path(file, base)
        if path is None or path.suffix != ".py":
            return _NO_BASE
        if not path.is_file():
            self.missing.append(str(base))
            return _NO_BASE
        path = Path(os.path.realpath(path))
        if path in self._chain or len(self._chain) > MAX_DEPTH:
            raise ParseError(str(file), "", "its bases lead back to themselves, or too deep")
        if path not in self._bases:
            self._chain.append(path)
            self._bases[path] = self.with_bases(path, self.names(path))
            self._chain.pop()
        return self._bases[path]


def _base_path(file: Path, base: Any) -> Path | None:
    """The file that is meant by a base; None where that cannot be told."""
    if not isinstance(base, str) or "://" in base or "{{" in base:
        return None
    package, scoped, rest = base.partition("::")
    if not scoped:
        return file.parent / base
    module = find_module(package)
    return module.folder / ".mim" / "configs" / rest if module and module.folder else None


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _too_many(value: Any) -> bool:
    """Whether a value holds more than `MAX_NODES`, one that is held twice counted twice."""
    waiting, seen = [value], 0
    while waiting and seen <= MAX_NODES:
        seen += 1
        top = waiting.pop()
        if isinstance(top, Mapping):
            waiting += top.values()
        elif _is_list(top):
            waiting += top
    return seen > MAX_NODES


# Evaluation -------------------------------------------------------------------------------------


_MAX_NUMBER = 10**18
_MOST_COPIES = 1000

_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}

_OF_SCALARS: dict[str, Callable[..., Any]] = {
    "float": float, "int": int, "max": max, "min": min, "range": range, "round": round, "str": str,
    "os.path.join": os.path.join, "os.path.dirname": os.path.dirname,
}  # fmt: skip
_FUNCTIONS = _OF_SCALARS | {"dict": dict, "len": len, "list": list, "tuple": tuple}


class _Evaluation:
    """The statements of one file, one after the other.

    Args:
        file: that they are of.
        files: that it imports or has as its base.
    """

    def __init__(self, file: Path, files: _Files) -> None:
        self.file = file
        self.files = files
        self.names: dict[str, Any] = {}

    def run(self, body: Sequence[ast.stmt]) -> dict[str, Any]:
        """The names at the end."""
        for statement in body:
            self._statement(statement)
        return self.names

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Assign):
            value = self.value(node.value)
            for target in node.targets:
                self._assign(target, value)
        elif isinstance(node, ast.AnnAssign) and node.value:
            self._assign(node.target, self.value(node.value))
        elif isinstance(node, ast.AugAssign):
            both = ast.BinOp(_loaded(node.target), node.op, node.value)
            self._assign(node.target, self.value(both))
        elif isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                self.names[alias.asname or top] = Imported(alias.name if alias.asname else top)
        elif isinstance(node, ast.ImportFrom):
            self._import_from(node)
        elif isinstance(node, ast.With):  # read_base()
            for inner in node.body:
                self._statement(inner)
        elif isinstance(node, ast.ClassDef):
            body = _Evaluation(self.file, self.files)
            body.names = dict(self.names)
            values = body.run([s for s in node.body if isinstance(s, (ast.Assign, ast.AnnAssign))])
            self.names[node.name] = Class(node.name, values)
        elif isinstance(node, ast.Expr):
            self._expression(node.value)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):  # those do not run here
            self._forget(node)

    def _assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            known = _is_list(value) and len(value) == len(target.elts)
            for place, inner in enumerate(target.elts):
                self._assign(inner, value[place] if known else UNKNOWN)
        elif isinstance(target, ast.Subscript):
            held, key = self.value(target.value), self.value(target.slice)
            known = (isinstance(held, dict) and isinstance(key, str)) or (
                isinstance(held, list) and isinstance(key, int) and -len(held) <= key < len(held)
            )
            if known:
                held[key] = value
            else:
                self._forget(target)
        elif re.fullmatch(r"_base_(\.\w+)+", ast.unparse(target)):
            self._change_base(ast.unparse(target), value)
        else:
            self._forget(target)

    def _change_base(self, target: str, value: Any) -> None:
        """``_base_.train_dataloader.batch_size = 2``: mmengine's way to change a base."""
        value = {**value, "_delete_": True} if isinstance(value, dict) else value
        for key in reversed(target.split(".")[1:]):
            value = {key: value}
        self.names[_CHANGES] = [*self.names.get(_CHANGES, []), value]

    def _import_from(self, node: ast.ImportFrom) -> None:
        """Relative imports are followed; of other modules the names are kept."""
        module = node.module or ""
        if not node.level:
            for alias in node.names:
                if alias.name != "*":
                    self.names[alias.asname or alias.name] = Imported(f"{module}.{alias.name}")
                elif found := find_module(module):  # `from mmdet.configs.x import *`
                    self.names |= self.files.names(found.file) if found.file else {}
                else:
                    self.files.lost = True
            return
        folder = self.file.parent
        for _ in range(node.level - 1):
            folder = folder.parent
        path = folder.joinpath(*module.split(".")) if module else folder
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if not path.is_file():
            self.files.lost = True
            self.files.missing.append("." * node.level + module)
            return
        known = self.files.names(path)
        for alias in node.names:
            if alias.name == "*":
                self.names |= {k: v for k, v in known.items() if not k.startswith("_")}
            else:
                self.names[alias.asname or alias.name] = known.get(alias.name, UNKNOWN)

    def _expression(self, node: ast.expr) -> None:
        """`name.update(...)` is understood; what else may change a name makes it unknown."""
        if not isinstance(node, ast.Call):
            return
        if isinstance(node.func, ast.Attribute):
            held = self.value(node.func.value)
            given = [self.value(argument) for argument in node.args]
            update = node.func.attr == "update" and isinstance(held, dict) and not node.keywords
            if update and len(given) == 1 and isinstance(given[0], dict):
                held.update(given[0])
                return
            self._forget(node.func)
        elif ast.unparse(node.func) != "print":
            for argument in node.args:
                if isinstance(argument, ast.Name):
                    self.names[argument.id] = UNKNOWN

    def _forget(self, node: ast.AST) -> None:
        """Make every name unknown that a piece of text stores, or reaches into."""
        for inner in ast.walk(node):
            root: ast.AST = inner
            while isinstance(root, (ast.Attribute, ast.Subscript, ast.Call)):
                root = root.func if isinstance(root, ast.Call) else root.value
            if isinstance(root, ast.Name) and (root is not inner or _is_stored(root)):
                if root.id == "_base_":
                    self._change_base(_first_of_base(inner), UNKNOWN)
                else:
                    self.names[root.id] = UNKNOWN

    # Values

    def value(self, node: ast.expr) -> Any:
        """What an expression is, or `UNKNOWN`."""
        self.files.step(self.file)
        handler = getattr(self, f"_{type(node).__name__.lower()}", None)
        if handler is None:
            return UNKNOWN
        try:
            return handler(node)
        except ParseError:
            raise
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            return UNKNOWN  # where it would fail, or has parts that are not known

    def _constant(self, node: ast.Constant) -> Any:
        # mmcv puts its own values in the place of '{{ fileDirname }}'.
        hole = isinstance(node.value, str) and "{{" in node.value
        return UNKNOWN if hole else node.value

    def _name(self, node: ast.Name) -> Any:
        return self.names.get(node.id, UNKNOWN)

    def _list(self, node: ast.List) -> list[Any]:
        return [inner for item in node.elts for inner in self._items(item)]

    def _tuple(self, node: ast.Tuple) -> tuple[Any, ...]:
        return tuple(inner for item in node.elts for inner in self._items(item))

    def _items(self, node: ast.expr) -> Sequence[Any]:
        if not isinstance(node, ast.Starred):
            return [self.value(node)]
        spread = self.value(node.value)
        if not _is_list(spread):
            raise TypeError("what is spread is not known")
        return list(spread)

    def _dict(self, node: ast.Dict) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            found |= self.value(value) if key is None else {self._key(key): self.value(value)}
        return found

    def _key(self, node: ast.expr) -> Any:
        key = self.value(node)
        if key is UNKNOWN:
            raise TypeError("a key is not known")
        return key

    def _set(self, node: ast.Set) -> Any:
        """``{{_base_.name}}``, which is a set in a set."""
        inner = node.elts[0]
        if isinstance(inner, ast.Set) and len(inner.elts) == 1:
            return self.value(inner.elts[0])
        return UNKNOWN

    def _attribute(self, node: ast.Attribute) -> Any:
        written = ast.unparse(node)
        if written.startswith("_base_."):
            return inside(self._bases(), written.removeprefix("_base_."))
        of = self.value(node.value)
        if isinstance(of, Imported):
            found = find_module(of) if node.attr in ("__file__", "__path__") else None
            if found and node.attr == "__file__":
                return str(found.file)
            if found:
                return [str(found.folder)]
            return Imported(f"{of}.{node.attr}") if node.attr.isidentifier() else UNKNOWN
        return UNKNOWN

    def _bases(self) -> Mapping[str, Any]:
        bases = {"_base_": self.names.get("_base_", UNKNOWN)}
        return self.files.with_bases(self.file, bases).values

    def _subscript(self, node: ast.Subscript) -> Any:
        return self.value(node.value)[self._key(node.slice)]

    def _joinedstr(self, node: ast.JoinedStr) -> Any:
        parts = [self.value(part) for part in node.values]
        return _bounded("".join(parts))

    def _formattedvalue(self, node: ast.FormattedValue) -> Any:
        value = self.value(node.value)
        plain = isinstance(value, (str, int, float)) and not isinstance(value, Imported)
        if not plain or node.format_spec or node.conversion != -1:
            return UNKNOWN
        return str(value)

    def _ifexp(self, node: ast.IfExp) -> Any:
        test = self._key(node.test)
        return self.value(node.body if test else node.orelse)

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        value = self._key(node.operand)
        if isinstance(node.op, ast.Not):
            return not value
        return -value if isinstance(node.op, ast.USub) else UNKNOWN

    def _binop(self, node: ast.BinOp) -> Any:
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(left, Imported) or isinstance(right, Imported):
            return UNKNOWN
        if isinstance(node.op, ast.Mult) and isinstance(left, list) and _are_numbers(right):
            return left * right if len(left) * right <= _MOST_COPIES else UNKNOWN
        if not _are_numbers(left, right) and not isinstance(node.op, ast.Add):
            return UNKNOWN
        return _bounded(_OPERATORS[type(node.op)](left, right))

    def _call(self, node: ast.Call) -> Any:
        name = self._function(node.func)
        given = [inner for item in node.args for inner in self._items(item)]
        if name == "__import__" and len(given) == 1:
            return Imported(given[0])
        if name == "copy.deepcopy":
            return copy.deepcopy(given[0])
        named: dict[str, Any] = {}
        for keyword in node.keywords:
            value = self.value(keyword.value)
            named |= {keyword.arg: value} if keyword.arg else value
        if name in _OF_SCALARS and not all(isinstance(v, (str, int, float)) for v in given):
            return UNKNOWN
        return _FUNCTIONS[name](*given, **named)

    def _function(self, node: ast.expr) -> str:
        """The dotted name of what is called, whatever the file calls it."""
        name = ast.unparse(node)
        first, dot, rest = name.partition(".")
        held = self.names.get(first)
        return f"{held}{dot}{rest}" if isinstance(held, Imported) else name

    def _listcomp(self, node: ast.ListComp | ast.GeneratorExp) -> list[Any]:
        return [self.value(node.elt) for _ in self._rounds(node.generators)]

    def _generatorexp(self, node: ast.GeneratorExp) -> list[Any]:
        return self._listcomp(node)

    def _dictcomp(self, node: ast.DictComp) -> dict[Any, Any]:
        rounds = self._rounds(node.generators)
        return {self._key(node.key): self.value(node.value) for _ in rounds}

    def _rounds(self, generators: Sequence[ast.comprehension]) -> Iterator[None]:
        """Go over one known list, with its item in the place of the loop's name."""
        over = self.value(generators[0].iter)
        if len(generators) > 1 or generators[0].ifs or not isinstance(over, (list, tuple, range)):
            raise TypeError("not a simple comprehension")
        before = dict(self.names)
        for item in over:
            self._assign(generators[0].target, item)
            yield
        self.names = before


def _first_of_base(node: ast.AST) -> str:
    """``_base_.data`` of ``_base_.data[0].x.y()``."""
    found = re.match(r"_base_\.\w+", ast.unparse(node))
    return found[0] if found else "_base_._base_"


def _is_stored(name: ast.Name) -> bool:
    return isinstance(name.ctx, (ast.Store, ast.Del))


def _are_numbers(*values: object) -> bool:
    return all(isinstance(value, (int, float)) for value in values)


def _bounded(value: Any) -> Any:
    """A number, a text or a list that is not too large; `UNKNOWN` in the place of another."""
    small = abs(value) < _MAX_NUMBER if _are_numbers(value) else len(value) <= MAX_LENGTH
    return value if small else UNKNOWN


def _loaded(node: ast.expr) -> ast.expr:
    """The expression that reads what a target stores."""
    parsed = ast.parse(ast.unparse(node), mode="eval")
    return parsed.body
