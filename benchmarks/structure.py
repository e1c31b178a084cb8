"""The rooms of the package, read from their own first lines and from the imports.

Every room is a folder of ``radiomics_screen`` whose ``__init__`` says, in its docstring, what the room is
for (first line), which rooms it may import (``May import:``), which packages it never imports (``Never:``),
and where a new thing goes. That docstring is the only source: the test of the layers reads it, and so do
the table and the diagram in CONTRIBUTING.md.

    python -m benchmarks.structure             # the figures: rooms, circles, long files and functions
    python -m benchmarks.structure --write     # the table and the diagram in CONTRIBUTING.md
"""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
PACKAGE = REPOSITORY / "radiomics_screen"
CONTRIBUTING = REPOSITORY / "CONTRIBUTING.md"
DIAGRAM = REPOSITORY / "docs" / "pictures" / "rooms.svg"
LONG_FILE, LONG_FUNCTION = 300, 40

#: Rooms of the room `modelling`, which are rooms of their own.
_DIVIDED = ("modelling", "extraction", "report")


@dataclass(frozen=True)
class Room:
    """One folder of the package.

    Attributes
    ----------
    name
        Dotted, without the package: "modelling.steps".
    docstring
        Of its ``__init__``.
    """

    name: str
    docstring: str

    @property
    def purpose(self) -> str:
        """First line of the docstring."""
        return self.docstring.partition("\n")[0]

    @cached_property
    def may_import(self) -> frozenset[str]:
        """Names of the rooms that it may import; empty: none."""
        return frozenset(self._listed("May import"))

    @cached_property
    def never(self) -> frozenset[str]:
        """Packages that it does not import, at the top of a module or inside a function."""
        return frozenset(self._listed("Never"))

    def _listed(self, what: str) -> list[str]:
        found = re.search(rf"^{what}: ([^.]*(?:\.[^\s][^.]*)*)\.(?:\s|$)", self.docstring, re.MULTILINE)
        if found is None:
            if what == "May import":
                raise ValueError(f"radiomics_screen/{self.name}/__init__.py has no line 'May import: ...'")
            return []
        names = re.split(r",\s*", " ".join(found.group(1).split()))
        return [] if names == ["nothing of this package"] else names


def rooms() -> dict[str, Room]:
    """Return all rooms by name, each after those that it may import."""
    folders = [p.parent for p in PACKAGE.glob("*/__init__.py")]
    folders += [p.parent for room in _DIVIDED for p in (PACKAGE / room).glob("*/__init__.py")]
    found = {}
    for folder in sorted(folders):
        name = ".".join(folder.relative_to(PACKAGE).parts)
        text = (folder / "__init__.py").read_text(encoding="utf-8")
        found[name] = Room(name, ast.get_docstring(ast.parse(text)) or "")
    return _sorted(found)


def _sorted(found: Mapping[str, Room]) -> dict[str, Room]:
    """Sort rooms so that each comes after those that it may import; a ValueError where there is a circle."""
    done: dict[str, Room] = {}
    while len(done) < len(found):
        ready = [
            name
            for name in found
            if name not in done
            and all(_is_done(known, found, done, name) for known in found[name].may_import)
        ]
        if not ready:
            raise ValueError(f"rooms may import each other in a circle: {sorted(found.keys() - done.keys())}")
        done |= {name: found[name] for name in ready}
    return done


def _is_done(known: str, found: Mapping[str, Room], done: Mapping[str, Room], name: str) -> bool:
    if known not in found:
        raise ValueError(f"room {name} may import '{known}', and there is no such room")
    return known in done


def modules() -> list[str]:
    """Return the dotted names of all modules, without the package; that of a folder ends in ``__init__``."""
    paths = (p for p in PACKAGE.rglob("*.py"))
    return sorted(".".join(p.relative_to(PACKAGE).with_suffix("").parts) for p in paths)


def room_of(module: str, known: Mapping[str, Room]) -> str:
    """Return the innermost room that a module lies in; "" for the root."""
    parts = module.removesuffix(".__init__").split(".")
    for length in range(len(parts), 0, -1):
        if (name := ".".join(parts[:length])) in known:
            return name
    return ""


def path_of(module: str) -> Path:
    """Return the file of a module."""
    return PACKAGE.joinpath(*module.split(".")).with_suffix(".py")


def imports_of(module: str) -> Iterator[str]:
    """Yield every module and package that is imported, wherever in the file, with its full name."""
    for node in ast.walk(ast.parse(path_of(module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"{module} imports relatively")
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def faults() -> list[str]:
    """Return every import that a room may not do, in words."""
    known = rooms()
    found = []
    for module in modules():
        here = room_of(module, known)
        if not here:
            continue
        # what the room around a room may import, its rooms may
        around = [here, *(p for p in known if here.startswith(f"{p}."))]
        allowed = frozenset().union(*(known[name].may_import for name in around))
        never = frozenset().union(*(known[name].never for name in around))
        for imported in imports_of(module):
            top, _, rest = imported.partition(".")
            if top in never:
                found.append(f"{module} imports {top}")
            there = room_of(rest, known) if top == PACKAGE.name else ""
            outer = there.partition(".")[0] if there.partition(".")[0] != here.partition(".")[0] else ""
            inside = there.startswith(f"{here}.")  # the front of a room uses what lies in it
            if there and there != here and not inside and there not in allowed and outer not in allowed:
                found.append(f"{module} imports {imported}")
    return found


def imports_between_rooms(known: Mapping[str, Room]) -> dict[str, set[str]]:
    """Return the outer rooms that each outer room does import."""
    outer: dict[str, set[str]] = {name: set() for name in known if "." not in name}
    for module in modules():
        here = room_of(module, known).partition(".")[0]
        for imported in imports_of(module):
            top, _, rest = imported.partition(".")
            there = room_of(rest, known).partition(".")[0] if top == PACKAGE.name else ""
            if here and there and here != there:
                outer[here].add(there)
    return outer


def table_of_rooms() -> str:
    """Return the rooms as a Markdown table."""
    lines = ["| room | what it is for | may import |", "|---|---|---|"]
    for name, room in _in_layers(rooms()).items():
        allowed = ", ".join(f"`{known}`" for known in sorted(room.may_import)) or "nothing"
        lines.append(f"| `{name.replace('.', '/')}/` | {room.purpose.rstrip('.')} | {allowed} |")
    return "\n".join(lines)


def _in_layers(known: Mapping[str, Room]) -> dict[str, Room]:
    """Return the rooms with those inside a room right after it."""
    ordered: dict[str, Room] = {}
    for name in known:
        if "." not in name:
            ordered[name] = known[name]
            ordered |= {inner: known[inner] for inner in known if inner.startswith(f"{name}.")}
    return ordered


_BOX, _GAP, _LEVEL = (150, 34), 18, 74


def diagram() -> str:
    """Return the outer rooms and their imports as SVG; an arrow that others imply is left out."""
    known = rooms()
    imports = imports_between_rooms(known)
    level: dict[str, int] = {}
    for name in [n for n in known if "." not in n]:
        level[name] = 1 + max((level[other] for other in imports[name]), default=-1)
    rows = [[name for name in level if level[name] == row] for row in range(max(level.values()) + 1)]
    width = max(len(row) for row in rows) * (_BOX[0] + _GAP) + _GAP
    height = len(rows) * _LEVEL + _GAP
    place = {
        name: (
            (width - len(row) * (_BOX[0] + _GAP) + _GAP) / 2 + n * (_BOX[0] + _GAP),
            height - (y + 1) * _LEVEL,
        )
        for y, row in enumerate(rows)
        for n, name in enumerate(row)
    }
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="system-ui, sans-serif" font-size="14">',
        "<title>The rooms of radiomics_screen: each imports those that its arrows point to</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0L8 4L0 8z" fill="#5b6b7b"/></marker></defs>',
    ]
    for name, (x, y) in place.items():
        for other in sorted(imports[name] - _implied(name, imports)):
            to_x, to_y = place[other]
            parts.append(
                f'<line x1="{x + _BOX[0] / 2:g}" y1="{y + _BOX[1]:g}" x2="{to_x + _BOX[0] / 2:g}" '
                f'y2="{to_y:g}" stroke="#5b6b7b" stroke-width="1.2" marker-end="url(#tip)"/>'
            )
    for name, (x, y) in place.items():
        parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{_BOX[0]}" height="{_BOX[1]}" rx="6" fill="#eef3f8" '
            f'stroke="#2b5f8a"/><text x="{x + _BOX[0] / 2:g}" y="{y + 22:g}" text-anchor="middle" '
            f'fill="#12293d">{name}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def _implied(name: str, imports: Mapping[str, set[str]]) -> set[str]:
    """Return the rooms that `name` reaches through another one that it imports."""
    reached: set[str] = set()
    todo = [further for other in imports[name] for further in imports[other]]
    while todo:
        if (one := todo.pop()) not in reached:
            reached.add(one)
            todo += imports[one]
    return reached


def circles() -> list[list[str]]:
    """Return every group of modules that import each other, wherever in the file the import stands."""
    known = set(modules())
    graph: dict[str, set[str]] = {}
    for module in known:
        tree = ast.parse(path_of(module).read_text(encoding="utf-8"))
        names = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module]
        targets = {f"{n.module}.{a.name}".removeprefix(f"{PACKAGE.name}.") for n in names for a in n.names}
        targets |= {(n.module or "").removeprefix(f"{PACKAGE.name}.") for n in names}
        graph[module] = targets & known - {module}
    reach = {module: _reached(module, graph) for module in known}
    groups = {tuple(sorted(o for o in reach[m] if m in reach[o])) for m in known if m in reach[m]}
    return [list(group) for group in sorted(groups)]


def _reached(module: str, graph: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    todo = list(graph[module])
    while todo:
        if (one := todo.pop()) not in found:
            found.add(one)
            todo += graph[one]
    return found


def figures() -> dict[str, object]:
    """Return the structure as numbers."""
    names = modules()
    per_room: dict[str, int] = {}
    for module in names:
        folder = module.rpartition(".")[0]
        per_room[folder] = per_room.get(folder, 0) + 1
    largest = max((f for f in per_room if f), key=lambda folder: per_room[folder], default="")
    lengths = {m: len(path_of(m).read_text(encoding="utf-8").splitlines()) for m in names}
    functions = [
        node
        for m in names
        for node in ast.walk(ast.parse(path_of(m).read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return {
        "modules": len(names),
        "modules at the root": per_room.get("", 0),
        "modules in the largest folder": f"{per_room.get(largest, 0)} ({largest})",
        "circles": len(circles()),
        f"files over {LONG_FILE} lines": sum(n > LONG_FILE for n in lengths.values()),
        f"functions over {LONG_FUNCTION} lines, docstring and signature left out": sum(
            _length(node) > LONG_FUNCTION for node in functions
        ),
    }


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how many lines the body of a function has, without its docstring."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def main() -> None:
    """Print the figures, or write the table and the diagram."""
    parser = argparse.ArgumentParser(description="The rooms of the package, from the code itself.")
    parser.add_argument("--write", action="store_true", help="renew CONTRIBUTING.md and its diagram")
    if parser.parse_args().write:
        text = CONTRIBUTING.read_text(encoding="utf-8")
        block = f"<!-- rooms -->\n{table_of_rooms()}\n<!-- /rooms -->"
        CONTRIBUTING.write_text(
            re.sub(r"<!-- rooms -->.*<!-- /rooms -->", lambda _: block, text, flags=re.DOTALL), "utf-8"
        )
        DIAGRAM.write_text(diagram(), encoding="utf-8")
    for name, value in figures().items():
        print(f"{name:<70} {value}")
    for fault in faults():
        print(f"not allowed: {fault}")


if __name__ == "__main__":
    main()
