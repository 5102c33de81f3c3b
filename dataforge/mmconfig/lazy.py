"""mmengine's lazy configs, which import what they use and inherit by ``with read_base():``."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator


def is_lazy(tree: ast.Module) -> bool:
    """Whether mmengine takes a file for a lazy config: the first sign of either kind decides."""
    for node in statements(tree):
        if isinstance(node, ast.Assign) and _is_base(node):
            return False
        if isinstance(node, ast.With):
            return True
        if isinstance(node, (ast.Import, ast.ImportFrom)) and any(map(is_foreign, modules(node))):
            return True
    return False


def statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """All statements of a file, in the order of `ast.walk`."""
    level: list[ast.AST] = [tree]
    while level:
        inner = [child for node in level for child in ast.iter_child_nodes(node)]
        level = [n for n in inner if isinstance(n, (ast.stmt, ast.ExceptHandler))]
        yield from (node for node in level if isinstance(node, ast.stmt))


def written_base(body: Iterable[ast.stmt]) -> Iterator[ast.expr]:
    """What is assigned to ``_base_`` at the top level of a file."""
    for node in body:
        if isinstance(node, ast.Assign) and _is_base(node):
            yield node.value


def assigns_base(tree: ast.Module) -> int:
    """The line where a file assigns ``_base_``; 0 if it does not."""
    return next((value.lineno for value in written_base(tree.body)), 0)


def _is_base(node: ast.Assign) -> bool:
    target = node.targets[0]
    return isinstance(target, ast.Name) and target.id == "_base_"


def modules(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """The modules that a statement imports, with dots if they are relative."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif node.module != "mmengine" or [alias.name for alias in node.names] != ["Config"]:
        yield "." * node.level + (node.module or "")


def is_foreign(module: str) -> bool:
    """Whether importing a module makes a config lazy: it is not Python's own."""
    top = module.partition(".")[0]
    return top not in sys.stdlib_module_names and not module.startswith("mmengine.config")
