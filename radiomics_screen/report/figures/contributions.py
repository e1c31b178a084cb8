"""What each feature adds in each row that the model was fitted on: the ground of the figures of features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from radiomics_screen.modelling.data.values import texts_of
from radiomics_screen.report.wording.crop_models import hindrance, sees_crops_alone

if TYPE_CHECKING:
    from radiomics_screen.modelling.bundle.model import Model


@dataclass(frozen=True)
class Explained:
    """Features that reach the classifier, the strongest first.

    Attributes
    ----------
    added
        What a feature adds to the log-odds, shape (rows, features); all features that add something.
    values
        What the classifier sees of them, same shape; a missing one is NaN, and so is a crop.
    reaching
        Number of features that reach the classifier.
    """

    added: pd.DataFrame
    values: pd.DataFrame
    reaching: int

    @property
    def names(self) -> list[str]:
        """Names of the features, the strongest first."""
        return [str(name) for name in self.added.columns]

    @property
    def strength(self) -> pd.Series[float]:
        """Mean absolute contribution of each feature."""
        return self.added.abs().mean()


def explained(model: Model, table: pd.DataFrame | None) -> Explained | None:
    """Return the contributions in the rows that were learned from; None where there are none.

    There are none of a crop alone: what it adds is the answer itself.
    """
    if table is None or sees_crops_alone(model) or hindrance(model, table):
        return None
    used = table[texts_of(table[model.card.target]) != ""]
    used = used[model.unreadable(used) == ""] if len(used) else used
    if used.empty:
        return None
    added = model.contributions(used).drop(columns="bias")
    mean = added.abs().mean()
    order = mean[mean > 0].sort_values(ascending=False, kind="stable").index
    if order.empty:
        return None
    values = _values(model, used).reindex(columns=order)  # the crop has no value
    return Explained(added[order], values, len(model.kept))


def _values(model: Model, used: pd.DataFrame) -> pd.DataFrame:
    """Return what the classifier sees, shape (rows, kept); NaN where a feature is missing."""
    found = model.values(used)
    plain = [name for name in found.columns if name in used]
    if plain:
        found[plain] = found[plain].mask(used[plain].isna().to_numpy())
    return found
