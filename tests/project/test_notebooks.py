"""The notebooks run from top to bottom, tell the truth, and are committed without outputs."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

REPOSITORY = Path(__file__).parents[2]
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
ANNOUNCED = "compiling the numerical kernels"  # once after installing, wherever it happens to be

#: Number of pictures, and what has to hold at the end, before the folder is cleaned up.
EXPECTED = {
    "first_steps": (3, "assert len(readings) == len(frame)"),
    "extraction": (
        15,
        "assert compared['difference'].abs().max() < 1e-12\n"  # by hand, and by the library
        "assert typical.loc['glcm', ['mirrored', 'turned 90°']].max() < 1e-9\n"
        "assert typical.loc['glcm', 'noise'] > 0.1",
    ),
    "cohort": (
        12,
        "assert failed.sum() == 2 and len(frame) == 60\n"  # the empty mask, the missing one, the inverted one
        "assert measured.loc[failed, 'error'].str.contains('mask').all()\n"
        "assert np.diff(-distances[ranking[:2]]) > 0.2 * distances.max()\n"
        "assert explained(scores_after, devices).median() < 0.02 < 0.1 < of_batch.median()",
    ),
    "modelling": (
        9,
        "wrong, right = (np.mean(aucs) for aucs in trapped.loc[3000])\n"
        "assert wrong > 0.75 and 0.35 < right < 0.6\n"
        "assert not set(patients[learned]) & set(patients[aside])\n"
        "assert (same >= SENSITIVITY - 1e-9).all() and 0.2 < short_of < 0.8\n"
        "assert len(external.predictions) == len(readings) == len(aside)\n"
        "assert np.allclose(loaded.predict_probability(held_out.frame), readings['probability'], atol=1e-9)\n"
        "assert np.allclose(added.sum(axis=1), logit(readings['probability']), atol=1e-6)\n"
        "assert readings['case_id'][readings['unusual'].idxmax()] == 'synthetic-009-a'  # smoothed\n"
        "assert abs(judgement['figures']['auc']['value'] - model.evaluation.figure('auc').value) < 1e-12",
    ),
    "pictures": (
        14,
        "assert told['malignant', 'mask'].low > 0.75 and told['malignant', 'keep'].low > 0.7\n"
        "assert {'FractalDimension', 'CornerCount', 'Solidity'} <= set(best.index[:6])\n"
        "assert all(found[n].low > 0.6 for n in range(2))\n"
        "assert all(len(maps) == len(frame) for maps in heat.values())\n"
        "had = (drawn_on == crops['keep']).all(axis=(1, 2, 3))  # calipers, burned in\n"
        "assert had[positive].mean() > 0.6 > 0.4 > had[~positive].mean()\n"
        "assert np.abs(moves['image'][had]).max() < 1e-6 < 0.15 < moves['image'][~had].mean()\n"
        "assert changed['image'] > 0.15 > 0.1 > changed['image+mask']\n"
        "hull = contour.points[contour.hull]\n"
        "solid = contour.area_mm2 / (np.linalg.det(np.stack([hull, np.roll(hull, 1, 0)], 1)).sum() / 2)\n"
        "assert abs(abs(solid) - values.loc[typical['malignant'], 'Solidity']) < 1e-9",  # as it was measured
    ),
}
#: What else has to be said of a cohort with other columns: (in the notebook, instead).
TOLD = {"modelling": [('CLINICAL = ["age"]', 'CLINICAL = ["birads"]')]}


def test_all_are_known() -> None:
    assert {path.stem for path in NOTEBOOKS} == set(EXPECTED)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_committed_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not cell.outputs
            assert cell.execution_count is None


@pytest.fixture
def _own_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    # the kernel of the environment that runs the tests, whatever kernels the user has installed
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(REPOSITORY), os.environ.get("PYTHONPATH", ""))))
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")


@pytest.mark.slow
@pytest.mark.usefixtures("_own_kernel")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning:zmq")
def test_runs(path: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    fewest_pictures, holds = EXPECTED[path.stem]
    assert "cleanup()" in notebook.cells[-1].source
    notebook.cells.insert(-1, nbformat.v4.new_code_cell(holds))
    outputs = _run(notebook, tmp_path)
    assert len(_pictures(outputs)) >= fewest_pictures
    assert not _complaints(outputs)


@pytest.mark.slow
@pytest.mark.usefixtures("_own_kernel")
@pytest.mark.parametrize("name", ["extraction", "cohort", "modelling", "pictures"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning:zmq")
def test_takes_an_own_cohort(name: str, tmp_path: Path, data_dir: Path) -> None:
    listed = pd.read_csv(data_dir / "busbra" / "cases.csv").iloc[::25]  # 60 cases of four devices
    for column in ("image", "mask"):
        listed[column] = [str(data_dir / "busbra" / file) for file in listed[column]]
    listed.to_csv(tmp_path / "own.csv", index=False)
    notebook = nbformat.read(REPOSITORY / "notebooks" / f"{name}.ipynb", as_version=4)
    (first,) = (cell for cell in notebook.cells if "CASES = None" in cell.source)
    for here, instead in (("CASES = None", 'CASES = "own.csv"'), *TOLD.get(name, ())):
        assert here in first.source
        first.source = first.source.replace(here, instead)
    outputs = _run(notebook, tmp_path)
    assert len(_pictures(outputs)) >= EXPECTED[name][0]
    assert not _complaints(outputs)


def _run(notebook: nbformat.NotebookNode, folder: Path) -> list[nbformat.NotebookNode]:
    """Run a notebook in a folder and return the outputs of all its cells."""
    NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": folder}}
    ).execute()
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def _pictures(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    return [output for output in outputs if "image/png" in output.get("data", {})]


def _complaints(outputs: list[nbformat.NotebookNode]) -> list[str]:
    told = "".join(output["text"] for output in outputs if output.get("name") == "stderr")
    return [line for line in told.splitlines() if line and ANNOUNCED not in line]
