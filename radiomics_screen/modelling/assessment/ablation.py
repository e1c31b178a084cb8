"""Several models of the same rows and folds, side by side: do they differ by more than chance?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy.typing as npt

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.assessment.json_values import plain
from radiomics_screen.modelling.assessment.performance import auc_of_repeats
from radiomics_screen.modelling.data.blocks import CLINICAL
from radiomics_screen.modelling.statistics.delong import compare_mean_aucs
from radiomics_screen.modelling.statistics.multiple_comparison import holm

#: The model of all columns; where they are clinical variables and radiomics, "both".
WHOLE, BOTH = "all blocks", "both"


@dataclass(frozen=True)
class AblationPlan:
    """Which models of some of the columns stand beside that of all of them.

    Attributes
    ----------
    whole
        Name of the model of all columns.
    models
        Name of each other model -> the blocks that it learns from.
    pairs
        Which are tested against each other; None: each against each.
    without
        Each block -> the name of the model of all the others; empty where that was not asked for.
    """

    whole: str
    models: Mapping[str, tuple[str, ...]]
    pairs: Sequence[tuple[str, str]] | None
    without: Mapping[str, str]

    def summarize(self, compared: dict[str, Any]) -> dict[str, Any]:
        """Return a comparison that also names, for each block, the model without it."""
        if not self.without:
            return compared
        blocks = [{"name": block, "without": without} for block, without in self.without.items()]
        return {**compared, "blocks": blocks}


def plan_ablation(blocks: Sequence[str], *, each: bool) -> AblationPlan | None:
    """Return which models are compared.

    Parameters
    ----------
    blocks
        Of the columns.
    each
        Whether each block is to be judged alone, and by what is lost without it. Else features, of whatever
        block, are compared with clinical variables.

    Returns
    -------
    AblationPlan or None
        None where there is nothing to compare.
    """
    features = tuple(block for block in blocks if block != CLINICAL)
    clinical = CLINICAL in blocks
    if clinical and (not each or features == ("radiomics",)):
        return AblationPlan(BOTH, {"radiomics": features, CLINICAL: (CLINICAL,)}, None, {})
    if not each or len(blocks) < 2:
        return None
    alone = {block: (block,) for block in blocks}
    if len(blocks) == 2:
        first, second = blocks
        without = {first: second, second: first}
        return AblationPlan(WHOLE, alone, [(WHOLE, second), (WHOLE, first)], without)
    without = {block: f"all but {block}" for block in blocks}
    lacking = {without[one]: tuple(other for other in blocks if other != one) for one in blocks}
    pairs = [(WHOLE, name) for name in [*without.values(), *([CLINICAL] if clinical else [])]]
    return AblationPlan(WHOLE, {**alone, **lacking}, pairs, without)


def compare(
    outcome: npt.ArrayLike,
    models: Mapping[str, tuple[FloatArray, int | None]],
    patients: npt.ArrayLike,
    pairs: Sequence[tuple[str, str]] | None = None,
) -> dict[str, Any]:
    """Return each model's AUC, and a test of pairs of them, as plain JSON values.

    Parameters
    ----------
    outcome
        1 or 0, shape (rows,).
    models
        Name -> out-of-fold probabilities, shape (repeats, rows), and the number of columns that it
        learned from.
    patients
        Patient of each row, shape (rows,).
    pairs
        Names of the models that are tested against each other; None: each against each.

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
    pairs = list(combinations(models, 2)) if pairs is None else pairs
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
