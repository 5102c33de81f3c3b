"""Static evaluation of the expressions in a config file.

Literals, ``dict(...)``, names, sums, paths, methods of strings, lists and dicts, comprehensions and
the location of an installed package are supported. Everything else is `UNKNOWN`, and so is a value
that is too large: its size is worked out before it is built.
"""

from __future__ import annotations

import ast
import builtins
import copy
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from dataforge.errors import ParseError
from dataforge.mmconfig.budget import LOOK_UP, MAX_LENGTH
from dataforge.mmconfig.functions import FUNCTIONS, call_function, combined, is_huge, is_scalar
from dataforge.mmconfig.lazy import written_base
from dataforge.mmconfig.methods import (
    COMPARISONS,
    ConfigError,
    UnsupportedError,
    call_method,
    item,
)
from dataforge.mmconfig.modules import find_module
from dataforge.mmconfig.syntax import dotted, written
from dataforge.mmconfig.templates import filled
from dataforge.mmconfig.values import (
    UNKNOWN,
    Imported,
    Settings,
    Unknown,
    check_key,
    count_values,
    is_complete,
    is_list,
)

if TYPE_CHECKING:
    from dataforge.mmconfig.files import Files

FAILURES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What an expression with unknown parts, or one that would fail, raises here."""

_FILLING = 10  # a character with templates takes as long as building ten
_NAMES_OF_NAMES = frozenset({"eval", "exec", "globals", "locals", "vars"})


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
        self.files.budget.step(self.file)
        handler = getattr(self, f"_{type(node).__name__.lower()}", None)
        if handler is None:
            return UNKNOWN
        try:
            return handler(node)
        except ConfigError as error:
            self.files.fault(self.file, node, str(error))
        except ParseError:
            raise
        except (*FAILURES, UnsupportedError):
            pass  # it would fail, or contains unknown parts
        return UNKNOWN

    def build(self, size: int) -> None:
        """Count what is about to be built.

        Args:
            size: number of its values, or of its characters.

        Raises:
            ValueError: it is too large.
            ParseError: the config builds too much.
        """
        if size > MAX_LENGTH:
            raise ValueError("too large")
        self.files.budget.build(self.file, size)

    def _count(self, value: Any) -> Any:
        """A value, after counting that it is about to be copied."""
        self.build(count_values(value, MAX_LENGTH))
        return value

    def _constant(self, node: ast.Constant) -> Any:
        value = node.value
        if is_huge(value) or (isinstance(value, (str, bytes)) and len(value) > MAX_LENGTH):
            return UNKNOWN
        if isinstance(value, str) and "{{" in value and not self.lazy:
            return self._filled(value)
        return value

    def _filled(self, text: str, *, alone: bool = False) -> Any:
        self.build(_FILLING * len(text))
        value = filled(text, self.file, alone=alone)
        self.build(len(value) if isinstance(value, str) else 0)
        return value

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
        return self.knows_names and not self._hides_names

    @cached_property
    def _hides_names(self) -> bool:
        """Whether the file may make names that it does not assign."""
        nodes = [node for stmt in self.body for node in ast.walk(stmt)]
        used = {node.id for node in nodes if isinstance(node, ast.Name)}
        hidden = any(isinstance(node, (ast.Global, ast.Match)) for node in nodes)
        return hidden or not _NAMES_OF_NAMES.isdisjoint(used)

    def _namedexpr(self, node: ast.NamedExpr) -> Any:
        value = self.value(node.value)
        self.assign(node.target, value)
        return value

    def _list(self, node: ast.List) -> list[Any]:
        return self._all_items(node.elts)

    def _tuple(self, node: ast.Tuple) -> tuple[Any, ...]:
        return tuple(self._all_items(node.elts))

    def _all_items(self, nodes: Sequence[ast.expr]) -> list[Any]:
        parts = [self._items(node) for node in nodes]
        self.build(sum(map(len, parts)))
        return [item for part in parts for item in part]

    def _items(self, node: ast.expr) -> Sequence[Any]:
        if not isinstance(node, ast.Starred):
            return [self.value(node)]
        spread = self.value(node.value)
        if not is_list(spread):
            raise TypeError("unpacked value is unknown")
        return cast("Sequence[Any]", spread)

    def _dict(self, node: ast.Dict) -> Any:
        found = Settings()
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                self._spread(found, self.value(value))
            else:
                found[self._key(key)] = self.value(value)
        return found or (found if found.complete else UNKNOWN)

    def _spread(self, found: Settings, value: Any, *, replace: bool = True) -> None:
        """Add the items of an unpacked dict, which may replace those before it."""
        if not isinstance(value, (Unknown, Settings)):
            raise TypeError("not a dict")
        if not is_complete(value):
            if replace:
                found.forget()
            found.complete = False
        if isinstance(value, Settings):
            self.build(len(value))
            found.update(value)

    def _key(self, node: ast.expr) -> Any:
        return check_key(self.value(node))

    def _known(self, node: ast.expr) -> Any:
        value = self.value(node)
        if isinstance(value, (Unknown, Imported)):
            raise TypeError("a value is not known")
        return value

    def _set(self, node: ast.Set) -> Any:
        """A set, or ``{{_base_.name}}``, which parses as a set in a set."""
        inner = node.elts[0]
        if not isinstance(inner, ast.Set) or len(inner.elts) != 1:
            self.build(len(node.elts))
            return {self._key(item) for item in node.elts}
        filler = inner.elts[0]
        if isinstance(filler, ast.Constant) and isinstance(filler.value, str):
            return self._filled(f"{{{{{filler.value}}}}}", alone=True)
        return copy.deepcopy(self._count(self.value(filler)))

    def _attribute(self, node: ast.Attribute) -> Any:
        of = self.value(node.value)
        if isinstance(of, Settings):
            if not of.attributes:
                raise ConfigError(
                    f"{written(node.value)} is a plain dict, which has no attributes: write "
                    f"[{node.attr!r}]"
                )
            return item(of, node.attr, node)
        if not isinstance(of, Imported):
            return UNKNOWN
        if node.attr in ("__file__", "__path__"):
            self.build(LOOK_UP)
            found = find_module(of)
            if found is None:
                return UNKNOWN
            return str(found.file) if node.attr == "__file__" else [str(found.folder)]
        self.build(len(of) + len(node.attr))
        return Imported(f"{of}.{node.attr}")

    def _subscript(self, node: ast.Subscript) -> Any:
        held = self.value(node.value)
        if isinstance(held, Imported):
            return UNKNOWN
        if isinstance(node.slice, ast.Slice):
            ends = (node.slice.lower, node.slice.upper, node.slice.step)
            part = slice(*(self._known(end) if end else None for end in ends))
            self.build(len(range(*part.indices(len(held)))))
            return held[part]
        key = self._key(node.slice)
        if isinstance(held, (Settings, list, tuple)):
            return item(held, key, node)
        return held[key]

    def _compare(self, node: ast.Compare) -> Any:
        left, right = self._known(node.left), self._known(node.comparators[0])
        if len(node.ops) > 1 or type(node.ops[0]) not in COMPARISONS:
            return UNKNOWN
        if isinstance(right, (dict, set)):
            check_key(left if isinstance(left, tuple) else None)
        self.build(count_values((left, right), MAX_LENGTH, characters=True))
        return COMPARISONS[type(node.ops[0])](left, right)

    def _boolop(self, node: ast.BoolOp) -> Any:
        for operand in node.values:
            value = self._known(operand)
            if bool(value) != isinstance(node.op, ast.And):
                return value
        return value

    def _joinedstr(self, node: ast.JoinedStr) -> Any:
        parts = [self.value(part) for part in node.values]
        self.build(sum(map(len, parts)))
        return "".join(parts)

    def _formattedvalue(self, node: ast.FormattedValue) -> Any:
        value = self.value(node.value)
        if not is_scalar(value) or node.format_spec or node.conversion != -1:
            return UNKNOWN
        return str(value)

    def _ifexp(self, node: ast.IfExp) -> Any:
        test = self._known(node.test)
        return self.value(node.body if test else node.orelse)

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        value = self._known(node.operand)
        if isinstance(node.op, ast.Not):
            return not value
        return -value if isinstance(node.op, ast.USub) else UNKNOWN

    def _binop(self, node: ast.BinOp) -> Any:
        left, right = self.value(node.left), self.value(node.right)
        return combined(left, node.op, right, self.build)

    def _call(self, node: ast.Call) -> Any:
        name = self._function(node.func)
        given = self._all_items(node.args)
        named = self._named(node, name)
        if name in FUNCTIONS:
            return call_function(name, given, named, self.build)
        if name == "__import__" and len(given) == 1 and isinstance(given[0], str):
            return Imported(given[0])
        if name == "copy.deepcopy":
            return copy.deepcopy(self._count(given[0]))
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
        elif given:
            (pairs,) = given
            self.build(len(pairs))
            new.update((check_key(key), value) for key, value in pairs)
        self._spread(new, named, replace=False)
        return new or (new if new.complete else UNKNOWN)

    def _method(self, func: ast.expr, given: Sequence[Any], named: Settings) -> Any:
        """Call a method; one that is not known makes the value unknown."""
        held = self.value(func.value) if isinstance(func, ast.Attribute) else UNKNOWN
        known = not isinstance(held, (Unknown, Imported)) and named.complete
        if not isinstance(func, ast.Attribute) or not known:
            return UNKNOWN
        try:
            return call_method(held, func.attr, given, named, self.build)
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
        name = dotted(node)
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
            self.build(len(over))
            over = [*over]
        if not isinstance(over, (list, tuple, range)):
            raise TypeError("not a list")
        self.build(len(self.names))
        before = dict(self.names)
        for one in over:
            self.assign(first.target, one)
            if not all(self._known(test) for test in first.ifs):
                continue
            if inner:
                yield from self._rounds(inner)
            else:
                yield
        self.names = before
