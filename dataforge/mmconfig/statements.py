"""The statements of a config file, executed in order on values that are known without running it.

What is not supported makes unknown what it may assign or change.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dataforge.errors import ParseError
from dataforge.mmconfig.budget import LOOK_UP
from dataforge.mmconfig.evaluation import FAILURES, Evaluation
from dataforge.mmconfig.methods import ConfigError, UnsupportedError, set_item
from dataforge.mmconfig.modules import find_module, module_file, relative_module
from dataforge.mmconfig.syntax import dotted, reads_base, written
from dataforge.mmconfig.values import (
    UNKNOWN,
    Class,
    Function,
    Imported,
    Settings,
    Unknown,
    as_base,
    is_list,
)

if TYPE_CHECKING:
    from dataforge.mmconfig.files import Files


class Script(Evaluation):
    """Executes the statements of one file.

    Args:
        file: path of the file.
        files: the files that it imports or uses as bases.
        lazy: whether mmengine takes it for a lazy config.
    """

    def __init__(self, file: Path, files: Files, *, lazy: bool = False) -> None:
        super().__init__(file, files)
        self.lazy = lazy
        self._reads_base = False

    def run(self, body: Sequence[ast.stmt]) -> None:
        """Execute the statements of a file."""
        self.body = body
        self._run(body)

    def _run(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            self.files.budget.step(self.file)
            try:
                self._statement(statement)
            except ConfigError as error:
                self.files.fault(self.file, statement, str(error))
                self.forget(statement)
            except UnsupportedError:
                self.forget(statement)
            except ParseError:
                raise
            except FAILURES:
                self.forget(statement)

    def _statement(self, node: ast.stmt) -> None:
        handler = getattr(self, f"_do_{type(node).__name__.lower()}", self.forget)
        handler(node)

    def _do_assign(self, node: ast.Assign) -> None:
        value = self.value(node.value)
        self.build(len(node.targets))
        for target in node.targets:
            self.assign(target, value)

    def _do_annassign(self, node: ast.AnnAssign) -> None:
        if node.value:
            self.assign(node.target, self.value(node.value))

    def _do_augassign(self, node: ast.AugAssign) -> None:
        value = ast.BinOp(node.target, node.op, node.value)
        self.assign(node.target, self.value(ast.copy_location(value, node)))

    def _do_expr(self, node: ast.Expr) -> None:
        call = node.value
        if not isinstance(call, ast.Call) or not isinstance(self.value(call), Unknown):
            return
        for argument in call.args if dotted(call.func) != "print" else ():
            self._forget_value(argument)

    def _do_pass(self, node: ast.Pass) -> None:
        """Nothing."""

    _do_assert = _do_pass

    def _do_functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.names[node.name] = Function()

    _do_asyncfunctiondef = _do_functiondef

    def _do_classdef(self, node: ast.ClassDef) -> None:
        self.build(len(self.names) + len(node.body))
        body = Script(self.file, self.files, lazy=self.lazy)
        body.names = dict(self.names)
        body.knows_names = False
        body._run([s for s in node.body if isinstance(s, (ast.Assign, ast.AnnAssign))])
        self.names[node.name] = Class(node.name, body.names, tuple(map(dotted, node.bases)))

    def _do_with(self, node: ast.With) -> None:
        reads = reads_base(node)
        if not reads:
            self.forget(node)
        self._reads_base = reads
        self._run(node.body)
        self._reads_base = False

    def _do_if(self, node: ast.If) -> None:
        test = self.value(node.test)
        if isinstance(test, (Unknown, Imported)):
            self.forget(node)
        else:
            self._run(node.body if test else node.orelse)

    def _do_for(self, node: ast.For) -> None:
        over = self.value(node.iter)
        inside = [*ast.walk(node)]
        self.files.budget.build(self.file, len(inside))
        plain = not any(isinstance(n, (ast.Break, ast.Continue, ast.Return)) for n in inside)
        if not isinstance(over, (list, tuple, range)) or not plain or node.orelse:
            self.forget(node)
            return
        self.build(len(over))
        for item in [*over]:
            self.assign(node.target, item)
            self._run(node.body)

    def _do_delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.value(target)  # which reports a name that is not there
                self.names.pop(target.id, None)
                continue
            held, key = self._place(target)
            if isinstance(held, Settings) and key not in held and held.complete:
                raise ConfigError(f"{written(target)} does not exist")
            if isinstance(held, Settings):
                held.pop(key, None)
            elif isinstance(held, list) and isinstance(key, int):
                self.build(len(held))
                del held[key]
            else:
                self.forget(target)

    # Assigning

    def _place(self, target: ast.expr) -> tuple[Any, Any]:
        """(what holds the target of an assignment, its key)."""
        if isinstance(target, ast.Subscript):
            return self.value(target.value), self._key(target.slice)
        if isinstance(target, ast.Attribute):
            held = self.value(target.value)
            if isinstance(held, Settings) and not held.attributes:
                raise ConfigError(
                    f"{written(target.value)} is a plain dict, which has no attributes: "
                    f"write [{target.attr!r}]"
                )
            return (held if isinstance(held, Settings) else UNKNOWN), target.attr
        return UNKNOWN, None

    def assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = value
            return
        if isinstance(target, (ast.Tuple, ast.List)):
            self.build(len(target.elts))
            known = is_list(value) and len(value) == len(target.elts)
            for place, inner in enumerate(target.elts):
                self.assign(inner, value[place] if known else UNKNOWN)
            return
        held, key = self._place(target)
        if isinstance(held, Settings) and isinstance(key, str):
            set_item(held, key, value, self.build)
        elif isinstance(held, list) and isinstance(key, int) and -len(held) <= key < len(held):
            held[key] = value
        else:
            self.forget(target)

    # Importing

    def _do_import(self, node: ast.Import) -> None:
        self.build(len(node.names))
        for alias in node.names:
            top = alias.name.partition(".")[0]
            self.names[alias.asname or top] = Imported(alias.name if alias.asname else top)

    def _do_importfrom(self, node: ast.ImportFrom) -> None:
        """Follow relative imports and those of bases; of other modules, record the names."""
        self.build(len(node.names))
        module = node.module or ""
        star = any(alias.name == "*" for alias in node.names)
        if not node.level and not star and not self._reads_base:
            for alias in node.names:
                self.names[alias.asname or alias.name] = Imported(f"{module}.{alias.name}")
            return
        self.build(LOOK_UP)
        found = relative_module(self.file, node) if node.level else module_file(module)
        if found is None:
            self._lose(node, module)
            return
        known = self.files.names(found)
        self.knows_names &= self._reads_base or not star  # any module may make names by code
        for alias in node.names:
            if alias.name == "*":
                self._count(known)
                kept = {k: as_base(v) for k, v in known.items() if not k.startswith("__")}
                self.names |= {key: value for key, value in kept.items() if key != "_base_"}
                continue
            if self._reads_base and alias.name not in known:
                self.files.fault(self.file, node, f"{found.name} has no {alias.name}")
            value = self._count(known.get(alias.name, UNKNOWN))
            self.names[alias.asname or alias.name] = as_base(value)

    def _lose(self, node: ast.ImportFrom, module: str) -> None:
        """A module that cannot be found."""
        self.files.lost = True
        self.knows_names = False
        top = find_module(module.partition(".")[0]) if not node.level else None
        if node.level or (top is not None and self._reads_base):
            self.files.missing.append("." * node.level + module)
        for alias in node.names:
            self.names[alias.asname or alias.name] = UNKNOWN
        self.names.pop("*", None)

    # Forgetting

    def _forget_value(self, node: ast.expr) -> None:
        """Make unknown the value of an expression that is passed to unknown code."""
        value = self.value(node)
        if isinstance(value, Settings):
            value.forget()
        if isinstance(node, ast.Name) and node.id != "_base_":
            self.names[node.id] = UNKNOWN

    def forget(self, node: ast.AST) -> None:
        """Mark every name as unknown that a statement assigns or may change."""
        walked = [*ast.walk(node)]
        self.files.budget.build(self.file, len(walked))
        seen: set[ast.AST] = set()
        for inner in walked:
            for name in _bound(inner):
                self.knows_names &= name != "*"
                self.names[name] = UNKNOWN
            root: ast.AST = inner
            while root not in seen and isinstance(root, (ast.Attribute, ast.Subscript, ast.Call)):
                seen.add(root)  # the parts of a chain have one root
                root = root.func if isinstance(root, ast.Call) else root.value
            if not isinstance(root, ast.Name) or root is inner:
                continue
            if root.id == "_base_":
                self._forget_base(inner)
            else:
                held = self.names.get(root.id)
                if isinstance(held, Settings):
                    held.forget()
                self.names[root.id] = UNKNOWN

    def _forget_base(self, node: ast.AST) -> None:
        """Forget ``_base_.data`` of ``_base_.data[0].x.y()``."""
        steps = []
        while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
            steps.append(node)
            node = node.func if isinstance(node, ast.Call) else node.value
        first = steps[-1]
        if isinstance(first, ast.Attribute):
            self.base[first.attr] = UNKNOWN
        else:
            self.base.forget()


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a node binds."""
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        for alias in node.names:
            yield alias.asname or alias.name.partition(".")[0]
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler)):
        yield node.name or ""
