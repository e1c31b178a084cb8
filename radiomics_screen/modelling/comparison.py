"""Several models of the same rows and folds, side by side: do they differ by more than chance?"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy.typing as npt

from radiomics_screen.errors import ModelError
from radiomics_screen.modelling.judgement import auc_of_repeats, plain
from radiomics_screen.modelling.metrics import Floats
from radiomics_screen.modelling.statistics.comparing import holm
from radiomics_screen.modelling.statistics.delong import compare_mean_aucs


def compare(
    outcome: npt.ArrayLike,
    models: Mapping[str, tuple[Floats, int | None]],
    patients: npt.ArrayLike,
) -> dict[str, Any]:
    """Return each model's AUC, and a test of each pair, as plain JSON values.

    Parameters
    ----------
    outcome
        1 or 0, shape (rows,).
    models
        Name -> out-of-fold probabilities, shape (repeats, rows), and the number of columns that it
        learned from.
    patients
        Patient of each row, shape (rows,).

    Returns
    -------
    dict
        "models": list of name, features, auc (value, low, high); "tests": list of first, second,
        difference with its standard error, low, high, z, p, and p_holm, corrected for the number of tests.

    Raises
    ------
    ModelError
        With fewer than two models.
    """
    if len(models) < 2:
        raise ModelError("a comparison needs at least two models")
    pairs = list(combinations(models, 2))
    found = [compare_mean_aucs(outcome, models[a][0], models[b][0], patients) for a, b in pairs]
    corrected = holm([one.p for one in found])
    return plain(
        {
            "models": [
                {"name": name, "features": columns, "auc": auc_of_repeats(outcome, scores, patients)}
                for name, (scores, columns) in models.items()
            ],
            "tests": [
                {"first": a, "second": b, **vars(one), "p_holm": p}
                for (a, b), one, p in zip(pairs, found, corrected.tolist(), strict=True)
            ],
        }
    )
