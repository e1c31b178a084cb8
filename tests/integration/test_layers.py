"""Imports point one way: a room knows only the rooms before it, and starting up loads nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import radiomics_screen

PACKAGE = Path(radiomics_screen.__file__).parent
#: Rooms in the order in which they may know each other, the first knowing none.
ORDER: list[tuple[str, ...]] = [
    ("errors", "notes", "kernels", "differing", "conventions", "naming"),
    ("options",),
    ("deep",),
    ("cases_file",),
    ("cohort",),
    ("imaging",),
    ("altering",),
    ("filters",),
    ("features",),
    ("schema",),
    ("regions", "sections"),
    ("settings", "presets"),
    ("parameter_file",),
    ("extraction.attempt", "extraction.sources", "extraction.sharing", "extraction.columns"),
    ("extraction.lesion",),
    ("extraction.regions", "extraction.embedding"),
    ("extraction.case",),
    ("table",),
    ("matching",),
    ("comparing",),
    ("extraction",),
    ("duplicates",),
    ("verification",),
    ("modelling",),
    ("sample",),
    ("crops",),
    ("reading",),
    ("evidence",),
    ("report",),
    ("cli",),
]
#: Rooms that may know less than their place in the order says.
ONLY = {
    "modelling": {"errors", "naming", "notes", "options", "table", "deep"},
    "deep": {"errors", "notes", "options"},
    "cohort": {"errors", "notes", "options", "cases_file"},
    "altering": {"errors", "notes", "options", "imaging"},
    "sample": {"errors"},
}
#: Packages that a room may not import, whatever else it does.
NEVER = {
    "features": {"SimpleITK", "pandas", "pydicom"},
    "modelling": {"SimpleITK", "pydicom", "skimage", "torch"},
    "deep": {"SimpleITK", "pandas", "sklearn"},
    "table": {"SimpleITK", "numba"},
    "cohort": {"SimpleITK", "numba"},
}
MODULES = sorted(".".join(p.relative_to(PACKAGE).with_suffix("").parts) for p in PACKAGE.rglob("*.py"))


def room_of(module: str) -> str:
    """Return the most exact entry of ORDER that a module belongs to; "" for the package itself."""
    rooms = [room for rooms in ORDER for room in rooms if module == room or module.startswith(f"{room}.")]
    return max(rooms, key=len, default="")


def rank_of(room: str) -> int:
    return next(rank for rank, rooms in enumerate(ORDER) if room in rooms)


def imports_of(module: str) -> Iterator[str]:
    """Yield every module that is imported, wherever in the file; of this package without its name."""
    path = PACKAGE.joinpath(*module.split(".")).with_suffix(".py")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("module", [m for m in MODULES if m != "__init__"])
def test_a_room_knows_only_the_rooms_before_it(module: str) -> None:
    room = room_of(module.removesuffix(".__init__"))
    assert room, f"{module} has no place in ORDER"
    for imported in imports_of(module):
        top, _, rest = imported.partition(".")
        assert top not in NEVER.get(room, ()), f"{module} imports {top}"
        known = room_of(rest) if top == "radiomics_screen" else ""
        if known in ("", room):
            continue
        assert rank_of(known) < rank_of(room), f"{module} imports {imported}"
        if room in ONLY:
            assert known in ONLY[room], f"{module} imports {imported}"


def loaded_by(code: str) -> set[str]:
    """Return the packages that a fresh interpreter has loaded after running `code`."""
    tell = f"{code}\nimport sys; print(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", tell], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


HEAVY = {"numpy", "pandas", "SimpleITK", "numba", "sklearn", "xgboost", "scipy", "pyarrow", "joblib", "rich"}
HEAVY |= {"matplotlib", "jinja2", "torch"}


@pytest.mark.parametrize(
    "code",
    [
        "import radiomics_screen; dir(radiomics_screen)",
        "import sys; sys.argv = ['radiomics-screen', '--help']\n"
        "from radiomics_screen.cli import main\ntry: main()\nexcept SystemExit: pass",
        "import sys; sys.argv = ['radiomics-screen', 'extract', '--help']\n"
        "from radiomics_screen.cli import main\ntry: main()\nexcept SystemExit: pass",
    ],
    ids=["import", "help", "help of extract"],
)
def test_starting_up_loads_nothing_heavy(code: str) -> None:
    assert not loaded_by(code) & HEAVY


def test_every_public_name_is_there() -> None:
    for name in radiomics_screen.__all__:
        assert getattr(radiomics_screen, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = radiomics_screen.nothing  # type: ignore[attr-defined]
