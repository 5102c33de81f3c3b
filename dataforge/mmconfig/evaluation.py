"""Static evaluation of the expressions in a config file.

Literals, ``dict(...)``, names, sums, paths, methods of strings, lists and dicts, comprehensions and
the location of an installed package are supported. Everything else is `UNKNOWN`.
"""

from __future__ import annotations

import ast
import builtins
import copy
import operator
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataforge.errors import ParseError
from dataforge.mmconfig.lazy import written_base
from dataforge.mmconfig.methods import (
    COMPARISONS,
    ConfigError,
    UnsupportedError,
    call_method,
    item,
)
from dataforge.mmconfig.modules import find_module
from dataforge.mmconfig.templates import filled
from dataforge.mmconfig.values import (
    UNKNOWN,
    Imported,
    Settings,
    Unknown,
    is_complete,
    is_list,
    too_many,
)

if TYPE_CHECKING:
    from dataforge.mmconfig.files import Files

MAX_LENGTH = 100_000
"""Maximum length of a string or list that an expression builds."""

FAILURES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What an expression with unknown parts, or one that would fail, raises here."""

_MAX_NUMBER = 10**18
_MOST_COPIES = 1000
_NAMES_OF_NAMES = frozenset({"eval", "exec", "globals", "locals", "vars"})
_MOST_POWER = 8

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
_FUNCTIONS = _OF_SCALARS | {
    "bool": bool, "enumerate": lambda of, start=0: list(enumerate(of, start)), "len": len,
    "list": list, "reversed": lambda of: list(reversed(of)), "tuple": tuple,
    "zip": lambda *of: list(zip(*of, strict=False)),
}  # fmt: skip


class Evaluation(ABC):
    """Evaluates the expressions of one file.

    Attributes:
        names: name -> value, as assigned so far.
        knows_names: whether a name that is not among them, and not Python's, does not exist.
        body: the statements of the file.
        lazy: whether mmengine takes it for a lazy config.

    Args:
        file: path of the file.
        files: the files that it imports or uses as bases.
    """

    def __init__(self, file: Path, files: Files) -> None:
        self.file = file
        self.files = files
        self.names: dict[str, Any] = {}
        self.knows_names = True
        self.body: Sequence[ast.stmt] = ()
        self.lazy = False
        self._base: Settings | None = None

    @property
    def base(self) -> Settings:
        """The merged bases, with the changes that the file has made to them so far."""
        if self._base is None:
            written = self.names.get("_base_")
            if written is None:  # mmengine knows it before it is assigned
                written = next(map(self.value, written_base(self.body)), [])
            self._base = self.files.merged_bases(self.file, written)
        return self._base

    # Values

    def value(self, node: ast.expr) -> Any:
        """The value of an expression, or `UNKNOWN`."""
        self.files.step(self.file)
        handler = getattr(self, f"_{type(node).__name__.lower()}", None)
        if handler is None:
            return UNKNOWN
        try:
            value = handler(node)
            self.files.hold(self.file, value)
            return value
        except ConfigError as error:
            self.files.fault(self.file, node, str(error))
        except ParseError:
            raise
        except (*FAILURES, UnsupportedError):
            pass  # it would fail, or contains unknown parts
        return UNKNOWN

    def _constant(self, node: ast.Constant) -> Any:
        if isinstance(node.value, str) and "{{" in node.value and not self.lazy:
            return filled(node.value, self.file)
        return node.value

    def _name(self, node: ast.Name) -> Any:
        if node.id == "_base_":
            return self.base
        if node.id in self.names:
            return self.names[node.id]
        if node.id != "__file__" and not hasattr(builtins, node.id) and self._is_undefined():
            raise ConfigError(f"the name {node.id} is not defined")
        return UNKNOWN

    def _is_undefined(self) -> bool:
        """Whether a name that is not known does certainly not exist."""
        if self.knows_names:
            nodes = [node for stmt in self.body for node in ast.walk(stmt)]
            used = {node.id for node in nodes if isinstance(node, ast.Name)}
            hidden = any(isinstance(node, (ast.Global, ast.Match)) for node in nodes)
            self.knows_names = not hidden and _NAMES_OF_NAMES.isdisjoint(used)
        return self.knows_names

    def _namedexpr(self, node: ast.NamedExpr) -> Any:
        value = self.value(node.value)
        self.assign(node.target, value)
        return value

    def _list(self, node: ast.List) -> list[Any]:
        return [inner for item in node.elts for inner in self._items(item)]

    def _tuple(self, node: ast.Tuple) -> tuple[Any, ...]:
        return tuple(inner for item in node.elts for inner in self._items(item))

    def _items(self, node: ast.expr) -> Sequence[Any]:
        if not isinstance(node, ast.Starred):
            return [self.value(node)]
        spread = self.value(node.value)
        if not is_list(spread):
            raise TypeError("unpacked value is unknown")
        return list(spread)

    def _dict(self, node: ast.Dict) -> Any:
        found = Settings()
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                self._spread(found, self.value(value))
            else:
                found[self._key(key)] = self.value(value)
        return found or (found if found.complete else UNKNOWN)

    @staticmethod
    def _spread(found: Settings, value: Any, *, replace: bool = True) -> None:
        """Add the items of an unpacked dict, which may replace those before it."""
        if not isinstance(value, (Unknown, Settings)):
            raise TypeError("not a dict")
        if not is_complete(value):
            if replace:
                found.forget()
            found.complete = False
        found.update(value if isinstance(value, Settings) else {})

    def _key(self, node: ast.expr) -> Any:
        key = self.value(node)
        if isinstance(key, (Unknown, Imported)):
            raise TypeError("a key is not known")
        return key

    def _set(self, node: ast.Set) -> Any:
        """A set, or ``{{_base_.name}}``, which parses as a set in a set."""
        inner = node.elts[0]
        if not isinstance(inner, ast.Set) or len(inner.elts) != 1:
            return {self._key(item) for item in node.elts}
        filler = inner.elts[0]
        if isinstance(filler, ast.Constant) and isinstance(filler.value, str):
            return filled(f"{{{{{filler.value}}}}}", self.file, alone=True)
        return copy.deepcopy(self.value(filler))

    def _attribute(self, node: ast.Attribute) -> Any:
        of = self.value(node.value)
        if isinstance(of, Settings):
            if not of.attributes:
                raise ConfigError(
                    f"{ast.unparse(node.value)} is a plain dict, which has no attributes: write "
                    f"[{node.attr!r}]"
                )
            return item(of, node.attr, node)
        if not isinstance(of, Imported):
            return UNKNOWN
        if node.attr in ("__file__", "__path__"):
            found = find_module(of)
            if found is None:
                return UNKNOWN
            return str(found.file) if node.attr == "__file__" else [str(found.folder)]
        return Imported(f"{of}.{node.attr}")

    def _subscript(self, node: ast.Subscript) -> Any:
        held = self.value(node.value)
        if isinstance(held, Imported):
            return UNKNOWN
        if isinstance(node.slice, ast.Slice):
            ends = (node.slice.lower, node.slice.upper, node.slice.step)
            return held[slice(*(self._key(end) if end else None for end in ends))]
        key = self._key(node.slice)
        if isinstance(held, (Settings, list, tuple)):
            return item(held, key, node)
        return held[key]

    def _compare(self, node: ast.Compare) -> Any:
        left, right = self._key(node.left), self._key(node.comparators[0])
        if len(node.ops) > 1 or type(node.ops[0]) not in COMPARISONS or too_many((left, right)):
            return UNKNOWN
        return COMPARISONS[type(node.ops[0])](left, right)

    def _boolop(self, node: ast.BoolOp) -> Any:
        for operand in node.values:
            value = self._key(operand)
            if bool(value) != isinstance(node.op, ast.And):
                return value
        return value

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
        if isinstance(node.op, ast.Pow) and _are_numbers(left, right) and abs(right) <= _MOST_POWER:
            return _bounded(left**right)
        if isinstance(node.op, ast.Mult) and isinstance(left, list) and _are_numbers(right):
            return left * right if len(left) * right <= _MOST_COPIES else UNKNOWN
        if not _are_numbers(left, right) and not isinstance(node.op, ast.Add):
            return UNKNOWN
        return _bounded(_OPERATORS[type(node.op)](left, right))

    def _call(self, node: ast.Call) -> Any:
        name = self._function(node.func)
        given = [inner for item in node.args for inner in self._items(item)]
        named = self._named(node, name)
        if name in _FUNCTIONS:
            fits = _is_scalar if name in _OF_SCALARS else _is_whole
            return _FUNCTIONS[name](*given, **named) if all(map(fits, given)) else UNKNOWN
        if name == "__import__" and len(given) == 1:
            return Imported(given[0])
        if name == "copy.deepcopy":
            return copy.deepcopy(given[0])
        if name == "dict":
            return self._new_dict(given, named)
        return self._method(node.func, given, named)

    def _named(self, node: ast.Call, name: str) -> Settings:
        """The keyword arguments of a call."""
        named = Settings()
        for keyword in node.keywords:
            value = self.value(keyword.value)
            more = Settings({keyword.arg: value}) if keyword.arg else value
            if isinstance(more, Settings) and (twice := named.keys() & more.keys()):
                raise ConfigError(f"{name}() is given {min(twice)} twice")
            self._spread(named, more, replace=False)
        return named

    def _new_dict(self, given: Sequence[Any], named: Settings) -> Any:
        new = Settings()
        if given and isinstance(given[0], (Unknown, Settings)):
            self._spread(new, given[0])
        else:
            new.update(*given)
        self._spread(new, named, replace=False)
        return new or (new if new.complete else UNKNOWN)

    def _method(self, func: ast.expr, given: Sequence[Any], named: Settings) -> Any:
        """Call a method; one that is not known makes the value unknown."""
        held = self.value(func.value) if isinstance(func, ast.Attribute) else UNKNOWN
        known = not isinstance(held, (Unknown, Imported)) and named.complete
        if not isinstance(func, ast.Attribute) or not known:
            return UNKNOWN
        try:
            return call_method(held, func.attr, given, named)
        except (*FAILURES, UnsupportedError):
            self.forget(func)
            return UNKNOWN

    @abstractmethod
    def assign(self, target: ast.expr, value: Any) -> None:
        """Assign a value."""

    @abstractmethod
    def forget(self, node: ast.AST) -> None:
        """Mark every name as unknown that a part of the file assigns or may change."""

    def _function(self, node: ast.expr) -> str:
        """The full dotted name of the called function, regardless of import aliases."""
        name = ast.unparse(node)
        first, dot, rest = name.partition(".")
        held = self.names.get(first)
        return f"{held}{dot}{rest}" if isinstance(held, Imported) else name

    def _listcomp(self, node: ast.ListComp | ast.GeneratorExp) -> list[Any]:
        return [self.value(node.elt) for _ in self._rounds(node.generators)]

    def _generatorexp(self, node: ast.GeneratorExp) -> list[Any]:
        return self._listcomp(node)

    def _dictcomp(self, node: ast.DictComp) -> Settings:
        rounds = self._rounds(node.generators)
        return Settings((self._key(node.key), self.value(node.value)) for _ in rounds)

    def _rounds(self, generators: Sequence[ast.comprehension]) -> Iterator[None]:
        """Iterate over known lists, binding each item to the loop variables."""
        first, *inner = generators
        over = self.value(first.iter)
        if isinstance(over, Settings) and over.complete:
            over = [*over]
        if not isinstance(over, (list, tuple, range)):
            raise TypeError("not a list")
        before = dict(self.names)
        for one in over:
            self.assign(first.target, one)
            if not all(self._key(test) for test in first.ifs):
                continue
            if inner:
                yield from self._rounds(inner)
            else:
                yield
        self.names = before


def _is_scalar(value: object) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, Imported)


def _is_whole(value: object) -> bool:
    """Whether nothing is missing in a list or dict, though an item may be unknown.

    A range that is too long for a list is not whole.
    """
    if isinstance(value, range) and len(value) > MAX_LENGTH:
        return False
    return is_complete(value) or (
        isinstance(value, (str, list, tuple, range, set)) and not (isinstance(value, Imported))
    )


def _are_numbers(*values: object) -> bool:
    return all(isinstance(value, (int, float)) for value in values)


def _bounded(value: Any) -> Any:
    """A number, string or list that is not too large, else `UNKNOWN`."""
    small = abs(value) < _MAX_NUMBER if _are_numbers(value) else len(value) <= MAX_LENGTH
    return value if small else UNKNOWN
