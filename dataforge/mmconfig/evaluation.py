"""Static evaluation of the statements in a config file.

Literals, ``dict(...)``, names, sums, paths, simple comprehensions and the location of an installed
package are supported. Everything else is `UNKNOWN`, and so is a value that is too large: its size
is worked out before it is built.
"""

from __future__ import annotations

import ast
import copy
import operator
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from dataforge.errors import ParseError
from dataforge.mmconfig.modules import find_module, relative_module
from dataforge.mmconfig.syntax import dotted, first_of_base, is_stored, loaded
from dataforge.mmconfig.values import UNKNOWN, Class, Imported, count_values, inside, is_list

if TYPE_CHECKING:
    from dataforge.mmconfig.files import Files

MAX_LENGTH = 100_000
"""Maximum length of a string or list that an expression builds."""

CHANGES = "changes of _base_"
"""The key for changes to a base among the names of a file, beside ``_base_``."""

_MAX_NUMBER = 10**18
_MAX_DIGITS = 400
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


class Evaluation:
    """Evaluates the statements of one file in order.

    Args:
        file: path of the file.
        files: the files that it imports or uses as bases.
    """

    def __init__(self, file: Path, files: Files) -> None:
        self.file = file
        self.files = files
        self.names: dict[str, Any] = {}

    def run(self, body: Sequence[ast.stmt]) -> dict[str, Any]:
        """Evaluate the statements; returns the names assigned at the end."""
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
            both = ast.BinOp(loaded(node.target), node.op, node.value)
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
            self._build(len(self.names))
            body = Evaluation(self.file, self.files)
            body.names = dict(self.names)
            values = body.run([s for s in node.body if isinstance(s, (ast.Assign, ast.AnnAssign))])
            self.names[node.name] = Class(node.name, values)
        elif isinstance(node, ast.Expr):
            self._expression(node.value)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):  # not run here
            self._forget(node)

    def _assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            known = is_list(value) and len(value) == len(target.elts)
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
        elif dotted(target).startswith("_base_."):
            self._change_base(dotted(target), value)
        else:
            self._forget(target)

    def _change_base(self, target: str, value: Any) -> None:
        """``_base_.train_dataloader.batch_size = 2``: mmengine's syntax for changing a base."""
        value = {**value, "_delete_": True} if isinstance(value, dict) else value
        for key in reversed(target.split(".")[1:]):
            value = {key: value}
        before = self.names.get(CHANGES, [])
        self._build(len(before))
        self.names[CHANGES] = [*before, value]

    def _import_from(self, node: ast.ImportFrom) -> None:
        """Follow relative imports; for other modules only the names are recorded."""
        module = node.module or ""
        if not node.level:
            for alias in node.names:
                if alias.name != "*":
                    self.names[alias.asname or alias.name] = Imported(f"{module}.{alias.name}")
                elif found := find_module(module):  # `from mmdet.configs.x import *`
                    names = self.files.names(found.file) if found.file else {}
                    self._build(len(names))
                    self.names |= names
                else:
                    self.files.lost = True
            return
        path = relative_module(self.file, node)
        if path is None:
            self.files.lost = True
            self.files.missing.append("." * node.level + module)
            return
        known = self.files.names(path)
        for alias in node.names:
            if alias.name == "*":
                self._build(len(known))
                self.names |= {k: v for k, v in known.items() if not k.startswith("_")}
            else:
                self.names[alias.asname or alias.name] = known.get(alias.name, UNKNOWN)

    def _expression(self, node: ast.expr) -> None:
        """`name.update(...)` is supported; other calls that may change a name make it unknown."""
        if not isinstance(node, ast.Call):
            return
        if isinstance(node.func, ast.Attribute):
            held = self.value(node.func.value)
            given = [self.value(argument) for argument in node.args]
            update = node.func.attr == "update" and isinstance(held, dict) and not node.keywords
            if update and len(given) == 1 and isinstance(given[0], dict):
                self._build(len(given[0]))
                held.update(given[0])
                return
            self._forget(node.func)
        elif dotted(node.func) != "print":
            for argument in node.args:
                if isinstance(argument, ast.Name):
                    self.names[argument.id] = UNKNOWN

    def _forget(self, node: ast.AST) -> None:
        """Mark every name as unknown that a statement assigns or may mutate."""
        for inner in ast.walk(node):
            root: ast.AST = inner
            while isinstance(root, (ast.Attribute, ast.Subscript, ast.Call)):
                root = root.func if isinstance(root, ast.Call) else root.value
            if isinstance(root, ast.Name) and (root is not inner or is_stored(root)):
                if root.id == "_base_":
                    self._change_base(first_of_base(inner), UNKNOWN)
                else:
                    self.names[root.id] = UNKNOWN

    # Values

    def value(self, node: ast.expr) -> Any:
        """The value of an expression, or `UNKNOWN`."""
        self.files.step(self.file)
        handler = getattr(self, f"_{type(node).__name__.lower()}", None)
        if handler is None:
            return UNKNOWN
        try:
            return handler(node)
        except ParseError:
            raise
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            return UNKNOWN  # it would fail, or contains unknown parts

    def _build(self, size: int) -> None:
        """Count what is about to be built.

        Args:
            size: number of its values, or of its characters.

        Raises:
            ValueError: it is too large.
            ParseError: the config builds too much.
        """
        if size > MAX_LENGTH:
            raise ValueError("too large")
        self.files.step(self.file, size)

    def _constant(self, node: ast.Constant) -> Any:
        # mmcv replaces '{{ fileDirname }}' and the like.
        hole = isinstance(node.value, str) and "{{" in node.value
        huge = isinstance(node.value, int) and node.value.bit_length() > _MAX_DIGITS
        return UNKNOWN if hole or huge else node.value

    def _name(self, node: ast.Name) -> Any:
        return self.names.get(node.id, UNKNOWN)

    def _list(self, node: ast.List) -> list[Any]:
        return self._all_items(node.elts)

    def _tuple(self, node: ast.Tuple) -> tuple[Any, ...]:
        return tuple(self._all_items(node.elts))

    def _all_items(self, nodes: Sequence[ast.expr]) -> list[Any]:
        parts = [self._items(node) for node in nodes]
        self._build(sum(map(len, parts)))
        return [item for part in parts for item in part]

    def _items(self, node: ast.expr) -> Sequence[Any]:
        if not isinstance(node, ast.Starred):
            return [self.value(node)]
        spread = self.value(node.value)
        if not is_list(spread):
            raise TypeError("unpacked value is unknown")
        return cast("Sequence[Any]", spread)

    def _dict(self, node: ast.Dict) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            more = self.value(value) if key is None else {self._key(key): self.value(value)}
            self._build(len(more))
            found |= more
        return found

    def _key(self, node: ast.expr) -> Any:
        key = self.value(node)
        if key is UNKNOWN:
            raise TypeError("a key is not known")
        return key

    def _set(self, node: ast.Set) -> Any:
        """``{{_base_.name}}``, which parses as a set in a set."""
        inner = node.elts[0]
        if isinstance(inner, ast.Set) and len(inner.elts) == 1:
            return self.value(inner.elts[0])
        return UNKNOWN

    def _attribute(self, node: ast.Attribute) -> Any:
        written = dotted(node)
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
        self._build(sum(map(len, parts)))
        return "".join(parts)

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
            if len(left) * right > _MOST_COPIES:
                return UNKNOWN
            self._build(max(len(left) * right, 0))
            return left * right
        if _are_numbers(left, right):
            return _bounded(_OPERATORS[type(node.op)](left, right))
        if not isinstance(node.op, ast.Add):
            return UNKNOWN
        self._build(len(left) + len(right))
        return left + right

    def _call(self, node: ast.Call) -> Any:
        name = self._function(node.func)
        given = self._all_items(node.args)
        if name == "__import__" and len(given) == 1:
            return Imported(given[0])
        if name == "copy.deepcopy":
            self._build(count_values(given[0], MAX_LENGTH))
            return copy.deepcopy(given[0])
        named: dict[str, Any] = {}
        for keyword in node.keywords:
            value = self.value(keyword.value)
            more = {keyword.arg: value} if keyword.arg else value
            self._build(len(more))
            named |= more
        if name not in _OF_SCALARS:
            self._build(sum(map(len, given)) if name != "len" else 0)
            return _FUNCTIONS[name](*given, **named)
        if not all(isinstance(value, (str, int, float)) for value in given):
            return UNKNOWN
        texts = [len(value) for value in given if isinstance(value, str)]
        self._build(sum(texts) + len(texts))
        digits = given[1:] if name == "round" else texts if name in ("int", "float") else ()
        if any(abs(number) > _MAX_DIGITS for number in digits):
            return UNKNOWN
        return _OF_SCALARS[name](*given, **named)

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

    def _dictcomp(self, node: ast.DictComp) -> dict[Any, Any]:
        rounds = self._rounds(node.generators)
        return {self._key(node.key): self.value(node.value) for _ in rounds}

    def _rounds(self, generators: Sequence[ast.comprehension]) -> Iterator[None]:
        """Iterate over one known list, binding each item to the loop variable."""
        over = self.value(generators[0].iter)
        if len(generators) > 1 or generators[0].ifs or not isinstance(over, (list, tuple, range)):
            raise TypeError("not a simple comprehension")
        self._build(len(self.names))
        before = dict(self.names)
        for item in over:
            self._assign(generators[0].target, item)
            yield
        self.names = before


def _are_numbers(*values: object) -> bool:
    return all(isinstance(value, (int, float)) for value in values)


def _bounded(number: float) -> Any:
    """A number that is not too large, else `UNKNOWN`."""
    return number if abs(number) < _MAX_NUMBER else UNKNOWN
