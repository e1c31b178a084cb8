"""``radiomics-screen sample``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from radiomics_screen.cli.verbosity import say


def sample(
    folder: Annotated[Path, typer.Argument(help="Folder for cases.csv, images/ and masks/.")],
    patients: Annotated[int, typer.Option(help="Number of synthetic patients.")] = 40,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
) -> None:
    """Make a small synthetic cohort to try everything on.

    The images resemble breast ultrasound and show no patient.
    """
    from radiomics_screen.cohort.synthetic import make_sample

    cases = make_sample(folder, patients=patients, seed=seed)
    say(f"synthetic cases  {cases}")
