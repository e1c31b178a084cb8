"""Imports point one way: a room knows only what its first lines allow. Starting up loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

from benchmarks import structure


def test_rooms_import_only_what_they_say() -> None:
    assert structure.faults() == []


def test_every_module_lies_in_a_room() -> None:
    known = structure.rooms()
    outside = [module for module in structure.modules() if not structure.room_of(module, known)]
    assert set(outside) <= {"__init__", "__main__"}


@pytest.mark.parametrize("name", list(structure.rooms()))
def test_a_room_says_what_it_is_for(name: str) -> None:
    room = structure.rooms()[name]
    assert room.purpose.endswith((".", "?"))
    assert name in {*room.may_import, name}


def test_a_forbidden_import_is_found(tmp_path, monkeypatch) -> None:
    package = tmp_path / "radiomics_screen"
    for room, may in {"core": "nothing of this package", "table": "core"}.items():
        (package / room).mkdir(parents=True)
        text = f'"""A room.\n\nMay import: {may}.\nNever: numba.\n"""\n'
        (package / room / "__init__.py").write_text(text)
    (package / "core" / "wrong.py").write_text(
        "def late():\n    import numba.core\n    from radiomics_screen.table import rows\n"
    )
    monkeypatch.setattr(structure, "PACKAGE", package)
    assert structure.faults() == [
        "core.wrong imports numba",
        "core.wrong imports radiomics_screen.table.rows",
    ]


def test_contributing_shows_the_rooms_as_they_are() -> None:
    assert structure.table_of_rooms() in structure.CONTRIBUTING.read_text(encoding="utf-8")
    assert structure.DIAGRAM.read_text(encoding="utf-8") == structure.diagram(), (
        "run: python -m benchmarks.structure --write"
    )


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
        "import sys; sys.argv = ['radiomics-screen', 'fit', '--help']\n"
        "from radiomics_screen.cli import main\ntry: main()\nexcept SystemExit: pass",
    ],
    ids=["import", "help", "help of extract", "help of fit"],
)
def test_starting_up_loads_nothing_heavy(code: str) -> None:
    assert not loaded_by(code) & HEAVY
