"""Who may import whom, and what `import dataforge` costs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import REPO, python

PACKAGE = REPO / "dataforge"

# DESIGN.md's picture from the bottom to the top. A unit is a module or a folder of dataforge/;
# it may import what stands below it and what is in its own folder.
LAYERS = (
    {"__init__", "errors"},
    {"records", "assets"},
    {"geometry", "fileio"},
    {"labels", "layout", "sharing", "plots"},
    {"classes", "manifest", "formats", "codegen", "engines"},
    {"infer"},
    {"source"},
    {"inspect", "placing"},
    {"split"},
    {"convert"},
    {"coco_tools", "converters", "register", "smoke"},
    {"demo"},
    {"cli"},
    {"__main__"},
)
RANK = {unit: rank for rank, units in enumerate(LAYERS) for unit in units}


def modules() -> dict[str, Path]:
    """Dotted name below dataforge -> file."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if len(parts) > 1 and parts[-1] == "__init__":
            parts = parts[:-1]
        found[".".join(parts)] = path
    return found


def imports(path: Path) -> Iterator[str]:
    """Dotted names that a file imports, functions included, `if TYPE_CHECKING` left out."""
    waiting: list[ast.AST] = [ast.parse(path.read_text("utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            waiting.extend(node.orelse)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        else:
            waiting.extend(ast.iter_child_nodes(node))


def imported_modules(name: str, path: Path, known: dict[str, Path]) -> set[str]:
    """Modules of dataforge that a module imports."""
    found = {
        item.removeprefix("dataforge.") for item in imports(path) if item.startswith("dataforge.")
    }
    return {item for item in found if item in known and item != name}


MODULES = modules()


def test_the_walk_sees_what_is_there() -> None:
    assert {"convert", "formats.coco", "cli", "cli.convert", "__init__"} <= MODULES.keys()
    assert {"geometry", "fileio", "records", "formats._base"} <= imported_modules(
        "formats.labelme", MODULES["formats.labelme"], MODULES
    )
    # only for its types
    assert "convert" not in imported_modules("__init__", MODULES["__init__"], MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_imports_go_down_only(name: str) -> None:
    unit = name.split(".")[0]
    assert unit in RANK, f"say in LAYERS where {unit} stands"
    for other in imported_modules(name, MODULES[name], MODULES):
        below = other.split(".")[0]
        assert below == unit or RANK[below] < RANK[unit], f"{name} imports {other}"


def test_no_circles_inside_a_folder() -> None:
    edges = {name: imported_modules(name, path, MODULES) for name, path in MODULES.items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " > ".join((*trail, name))
        if name not in done:
            for other in edges[name]:
                visit(other, (*trail, name))
            done.add(name)

    for name in edges:
        visit(name, ())


@pytest.mark.parametrize("name", [name for name in MODULES if name.split(".")[0] != "cli"])
def test_nothing_outside_the_command_line_prints_or_exits(name: str) -> None:
    for node in ast.walk(ast.parse(MODULES[name].read_text("utf-8"))):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in {"print", "exit", "quit", "sys.exit", "os._exit"}, node.lineno
            assert not called.startswith(("sys.stdout", "sys.stderr", "typer.")), node.lineno
        assert not (isinstance(node, ast.Name) and node.id == "SystemExit"), node.lineno


HEAVY = {"numpy", "lxml", "jinja2", "pycocotools", "torch", "mmcv", "mmdet", "PIL", "cv2",
         "matplotlib", "fsspec", "rich"}  # fmt: skip


def imported_by(code: str) -> set[str]:
    result = python("-c", f"{code}; import sys; print(*sys.modules)")
    assert result.returncode == 0, result.stderr
    return set(result.stdout.split())


@pytest.mark.parametrize(
    "code", ["import dataforge", "from dataforge import Job, Layout, Image, CONVERTERS, Report"]
)
def test_importing_dataforge_is_light(code: str) -> None:
    loaded = imported_by(code)
    assert "dataforge" in loaded
    assert loaded & HEAVY == set()


def test_the_command_line_starts_light() -> None:
    code = (
        "import atexit, sys; atexit.register(lambda: print(*sys.modules));"
        "sys.argv = ['dataforge', '--version'];"
        "from dataforge.cli import main; main()"
    )
    result = python("-c", code)
    version, loaded = result.stdout.split("\n", 1)
    assert version == "0.1.0"
    assert set(loaded.split()) & (HEAVY - {"rich"}) == set()  # typer brings rich


def test_a_conversion_needs_no_trainer(tmp_path: Path) -> None:
    source = REPO / "sample_data" / "labelme"
    code = (
        "from dataforge.convert import Job, convert; convert(Job("
        f"source={str(source)!r}, out={str(tmp_path)!r}, reads='labelme', writes='coco'))"
    )
    assert imported_by(code) & {"torch", "mmcv", "mmdet", "jinja2", "matplotlib", "cv2"} == set()
