"""Expressions as they are written, for names and for messages."""

from __future__ import annotations

import ast

_MAX_SHOWN = 200  # characters


def dotted(node: ast.expr) -> str:
    """The dotted name that an expression is; empty if it is anything else."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def written(node: ast.expr) -> str:
    """An expression for a message; ``...`` if it is long."""
    one_line = node.end_lineno == node.lineno
    length = (node.end_col_offset or 0) - node.col_offset
    return ast.unparse(node) if one_line and length <= _MAX_SHOWN else "..."


def reads_base(node: ast.With) -> bool:
    """Whether a statement is ``with read_base():``."""
    call = node.items[0].context_expr
    if len(node.items) > 1 or not isinstance(call, ast.Call) or call.args or call.keywords:
        return False
    return dotted(call.func) == "read_base"


def is_main(test: ast.expr) -> bool:
    """Whether a condition is ``__name__ == ...``."""
    while isinstance(test, ast.BoolOp):
        test = test.values[0]
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
        and isinstance(test.ops[0], ast.Eq)
    )


def is_base(node: ast.expr) -> bool:
    """Whether an expression is the name ``_base_``."""
    return isinstance(node, ast.Name) and node.id == "_base_"
