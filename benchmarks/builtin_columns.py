"""What the families and filters of this package call their columns, written down for who reads tables.

A table is read without loading a family or a filter: these need numba and SimpleITK. So what they declare
(``@family(..., block=...)``, ``@image_type(..., columns=...)``) is copied into
``radiomics_screen/core/builtin_columns.py``, and a test makes sure that the copy is theirs.

    python -m benchmarks.builtin_columns             # tell whether it is
    python -m benchmarks.builtin_columns --write     # write it anew
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

FILE = Path(__file__).parents[1] / "radiomics_screen" / "core" / "builtin_columns.py"

_HEAD = '''"""What the families and filters of this package call their columns.

Written by ``python -m benchmarks.builtin_columns --write`` from what they declare; not to be edited.
"""

#: Name of each family: the block of its columns, and a pattern of the names of its features.
'''

#: Tells what is declared by whoever is imported, in a process without plug-ins and other leftovers.
_DECLARED = """
from importlib import metadata
metadata.entry_points = lambda **_: ()
from radiomics_screen.core import builtin_columns
builtin_columns.FAMILIES, builtin_columns.IMAGE_TYPES = {}, {}
import radiomics_screen.features, radiomics_screen.filters
from radiomics_screen.core.column_names import EMBEDDING, names_declared
families, image_types = names_declared()
del families[EMBEDDING]
print(repr((families, image_types)))
"""


def text_of_declared() -> str:
    """Return what the file should hold."""
    done = subprocess.run([sys.executable, "-c", _DECLARED], capture_output=True, text=True, check=True)
    families, image_types = eval(done.stdout, {"__builtins__": {}})  # its own output: two dictionaries
    lines = [f'    "{name}": ("{block}", r"{names}"),' for name, (block, names) in families.items()]
    images = [line for name, pattern in image_types.items() for line in _image_type(name, pattern)]
    return "\n".join(
        (
            f"{_HEAD}FAMILIES: dict[str, tuple[str, str]] = {{",
            *lines,
            "}",
            "",
            "#: Name of each image type: a pattern of the names of its images.",
            "IMAGE_TYPES: dict[str, str] = {",
            *images,
            "}",
            "",
        )
    )


def _image_type(name: str, pattern: str) -> list[str]:
    line = f'    "{name}": r"{pattern}",'
    return [line] if len(line) <= 110 else [f'    "{name}": (', f'        r"{pattern}"', "    ),"]


def main() -> None:
    """Write the file, or tell whether it is up to date."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="write the file anew")
    if parser.parse_args().write:
        FILE.write_text(text_of_declared(), encoding="utf-8")
    elif FILE.read_text(encoding="utf-8") != text_of_declared():
        sys.exit("it is not what families and filters declare: run it with --write")


if __name__ == "__main__":
    main()
