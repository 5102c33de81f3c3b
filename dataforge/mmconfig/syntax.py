"""Parts of a syntax tree of Python."""

from __future__ import annotations

import ast


def dotted(node: ast.expr) -> str:
    """The dotted name that an expression is; empty if it is anything else."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def first_of_base(node: ast.AST) -> str:
    """``_base_.data`` of ``_base_.data[0].x.y()``."""
    first = "_base_"
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        first = node.attr if isinstance(node, ast.Attribute) else "_base_"
        node = node.func if isinstance(node, ast.Call) else node.value
    return f"_base_.{first}"


def is_stored(name: ast.Name) -> bool:
    """Whether a name is assigned or deleted."""
    return isinstance(name.ctx, (ast.Store, ast.Del))


def loaded(node: ast.expr) -> ast.expr:
    """The expression that reads an assignment target."""
    parsed = ast.parse(ast.unparse(node), mode="eval")
    return parsed.body
