"""Run the notebooks and keep them, with their outputs, for the gallery of the documentation.

    python docs/execute_notebooks.py                # all of them; some minutes
    python docs/execute_notebooks.py modelling      # this one

The notebooks in ``notebooks/`` stay free of outputs, so that their changes can be read. The gallery's copies
are committed because the site is built without running anything: ``tests/project/test_docs.py`` fails where a
copy and its notebook no longer have the same cells.
"""

from __future__ import annotations

import base64
import io
import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

REPOSITORY = Path(__file__).parents[1]
NOTEBOOKS = REPOSITORY / "notebooks"
GALLERY = REPOSITORY / "docs" / "gallery"
TIMEOUT_S = 1200
LARGEST_WIDTH, COLOURS = 760, 32  # of a picture: the repository keeps them


def execute(path: Path) -> nbformat.NotebookNode:
    """Return a notebook with the outputs of a run in an empty folder."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=TIMEOUT_S, kernel_name="python3", resources=resources).execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # the clock: another one at each run
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    shrink_pictures(notebook)
    return notebook


def shrink_pictures(notebook: nbformat.NotebookNode) -> None:
    """Reduce every PNG of a notebook to a screen's width and a palette, in place."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                data["image/png"] = _smaller(data["image/png"])


def _smaller(encoded: str) -> str:
    picture = Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB")
    picture.thumbnail((LARGEST_WIDTH, picture.height))
    file = io.BytesIO()
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(file, "png", optimize=True)
    return base64.b64encode(file.getvalue()).decode("ascii")


def main(names: list[str]) -> None:
    """Execute the named notebooks, or all of them, into the gallery."""
    os.environ["PYTHONPATH"] = os.pathsep.join((str(REPOSITORY), os.environ.get("PYTHONPATH", "")))
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        if not names or path.stem in names:
            print(path.stem, flush=True)
            nbformat.write(execute(path), GALLERY / path.name)


if __name__ == "__main__":
    main(sys.argv[1:])
