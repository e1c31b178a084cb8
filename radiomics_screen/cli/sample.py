"""``radiomics-screen sample``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def sample(
    folder: Annotated[Path, typer.Argument(help="Where to put cases.csv, images/ and masks/.")],
    patients: Annotated[int, typer.Option(help="Number of synthetic patients.")] = 40,
    seed: Annotated[int, typer.Option(help="The same seed makes the same images.")] = 0,
) -> None:
    """Make a small synthetic cohort to try things on.

    The images look like breast ultrasound and show no patient.
    """
    from radiomics_screen.sample import make_sample

    _require_no_other(folder / "cases.csv", patients, seed)
    cases = make_sample(folder, patients=patients, seed=seed)
    typer.echo(f"synthetic cases  {cases}")


def _require_no_other(cases: Path, patients: int, seed: int) -> None:
    """Refuse to replace a cases file that is not the one that would be written."""
    from tempfile import TemporaryDirectory

    from radiomics_screen.errors import CohortError
    from radiomics_screen.sample import make_sample

    if not cases.exists():
        return
    with TemporaryDirectory() as aside:
        same = cases.is_file() and (
            make_sample(aside, patients=patients, seed=seed).read_bytes() == cases.read_bytes()
        )
    if not same:
        raise CohortError(
            f"{cases} is there already, and is not what would be written (another list, --patients or "
            "--seed, or edited since): name another folder, or move it away"
        )
