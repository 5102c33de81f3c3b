"""The rows as text and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

COLUMNS = (
    "framework", "what", "detector", "backbone", "data", "AMP", "operators", "result", "s",
    "iterations", "s/iteration", "AP50", "peak GPU MB",
)  # fmt: skip


def cells(row: Mapping[str, Any]) -> list[str]:
    """A row's cells, in the order of `COLUMNS`."""
    result = row["status"]
    if result == "ok":
        result = row.get("verdict") or result
    per_iteration = row.get("seconds_per_iteration")
    ap50 = row.get("ap50")
    return [
        row["framework"],
        row["what"],
        {"faster": "Faster R-CNN", "mask": "Mask R-CNN", "cascade": "Cascade R-CNN"}.get(
            row["detector"], row["detector"]
        ),
        row["backbone"],
        row["data"],
        {None: "", True: "on", False: "off"}[row["amp"]],
        str(row.get("operators", "")),
        result,
        f"{row.get('seconds', 0):.0f}",
        str(row.get("iterations") or ""),
        "" if per_iteration is None else f"{per_iteration:.3f}",
        "" if ap50 is None else f"{ap50:.3f}",
        str(row.get("peak_mb") or ""),
    ]


def line(row: Mapping[str, Any]) -> str:
    """A row on its own, with its reason."""
    said = "  ".join(cell for cell in cells(row) if cell)
    return f"{said}  {row['reason']}".strip()


def heading(head: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    """What it ran on, in one line."""
    versions: dict[str, set[str]] = {}
    for row in rows:
        for name, version in row.get("versions", {}).items():
            versions.setdefault(name, set()).add(version)
    listed = ", ".join(f"{name} {' and '.join(sorted(found))}" for name, found in versions.items())
    passed = sum(row["status"] == "ok" for row in rows)
    return (
        f"{head['device']}: {passed} of {len(rows)} parts succeeded in {head['seconds']:.0f} s, "
        f"up to {head['slots']} at a time ({listed})"
    )


def text(head: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [list(COLUMNS), *(cells(row) for row in ordered(rows))]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    shown = ["  ".join(f"{c:{w}}" for c, w in zip(line, widths, strict=True)) for line in lines]
    return "\n".join([heading(head, rows), "", *shown, *reasons(rows)])


def markdown(head: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [COLUMNS, ["---"] * len(COLUMNS), *(cells(row) for row in ordered(rows))]
    shown = [f"| {' | '.join(line)} |" for line in lines]
    return "\n".join([heading(head, rows), "", *shown, *reasons(rows)])


def reasons(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    found = [f"- {row['id']}: {row['reason']}" for row in ordered(rows) if row["reason"]]
    return ["", *found] if found else []


def ordered(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """By framework and what was done, whatever was finished first."""
    names = [row["framework"] for row in rows]
    kinds = ("set-up", "register", "operators", "proof", "training", "test", "resume", "compile")
    return sorted(
        rows,
        key=lambda row: (names.index(row["framework"]), kinds.index(row["what"]), row["id"]),
    )
