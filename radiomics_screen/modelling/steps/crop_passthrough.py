"""Numbers are prepared, crops pass by: what tables with pictures begin with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from radiomics_screen.modelling.data.blocks import CROP
from radiomics_screen.modelling.steps.base import PlainStep, step
from radiomics_screen.modelling.steps.chain import chain_from_dict, chain_to_dict, fitted_chain, names_after
from radiomics_screen.modelling.steps.numerics.frames import FrameStep


@step("apart")
class CropPassthrough(FrameStep):
    """Prepare the columns of numbers by other steps, and let the column of crops pass as it is, to the end.

    Parameters
    ----------
    steps
        list of (name, unfitted step): what the other columns go through, in this order. None: there are none.

    Attributes
    ----------
    chain_ : Pipeline or None
        The fitted steps.
    """

    def __init__(self, steps: list[tuple[str, PlainStep]] | None = None) -> None:
        self.steps = steps

    def fit(self, X: Any, y: Any = None, groups: Any = None, measured: Any = None) -> Self:
        """Learn from the rows `X`; `groups` and `measured` go to the steps that ask for them.

        `measured` has the columns of `X`, shape (rows, measurements, columns).
        """
        self._fit_params = {"groups": groups, "measured": measured}
        try:
            return super().fit(X, y)
        finally:
            del self._fit_params

    def _learn(self, frame: pd.DataFrame, outcome: npt.NDArray[Any] | None) -> None:
        numbers = frame.drop(columns=CROP)
        self.chain_: Pipeline | None = None
        if numbers.shape[1]:
            steps = [(name, clone(one)) for name, one in self.steps or []]
            fit_params = dict(self._fit_params)
            if fit_params["measured"] is not None:  # of all columns, the crops too, which nobody measures
                fit_params["measured"] = fit_params["measured"][:, :, frame.columns != CROP]
            self.chain_, _ = fitted_chain(steps, numbers, outcome, fit_params)

    def _apply(self, frame: pd.DataFrame) -> pd.DataFrame:
        crops = frame[[CROP]]
        if self.chain_ is None:
            return crops
        values = np.asarray(self.chain_.transform(frame.drop(columns=CROP)), dtype=np.float64)
        numbers = pd.DataFrame(values, columns=names_after(self.chain_), index=frame.index)
        return pd.concat([numbers, crops], axis=1)

    def _names_out(self) -> list[str]:
        return [*([] if self.chain_ is None else names_after(self.chain_)), CROP]

    def to_dict(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the step and its inner chain as plain data."""
        numbers = [name for name in names if name != CROP]
        written = None if self.chain_ is None else chain_to_dict(self.chain_.steps, numbers)
        return {"step": self.step_name, "options": {}, "chain": written}

    def learned(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the learned values as plain data for the model folder, by column name."""
        return {"chain": self.to_dict(names)["chain"]}

    def restore(self, learned: Mapping[str, Any], names: Sequence[str]) -> None:
        """Set the learned values from what `learned` returned, for columns in the order of `names`."""
        super().restore(learned, names)
        written = learned["chain"]
        self.chain_ = None if written is None else Pipeline(chain_from_dict(written))
