"""Differences between scanners or sites, taken out (ComBat)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from radiomics_screen.core.arrays import BoolArray, FloatArray
from radiomics_screen.core.errors import ModelError, did_you_mean
from radiomics_screen.core.remarks import add_remark
from radiomics_screen.core.threads import single_threaded
from radiomics_screen.modelling.data.values import beyond_largest, listed
from radiomics_screen.modelling.steps.base import ArrayTransform, step
from radiomics_screen.modelling.steps.numerics.clinical import Texts, levels_in, numbers_in, one_hot, texts_of
from radiomics_screen.modelling.steps.numerics.combat_estimates import Estimates, estimate
from radiomics_screen.modelling.steps.numerics.covariates import centred_covariate, covariate_coding, width_of
from radiomics_screen.modelling.steps.numerics.frames import FrameStep, radiomic_flags, require_columns


@step("combat")
class ComBat(FrameStep):
    """Take the shift and the stretch of each batch out of the radiomic features.

    Goes first in a pipeline. It is handed the features, the batch column and the covariates in one
    DataFrame, and returns all but the batch column. Missing values (NaN) are left missing.

    Shifts and spreads are learned from the rows of the fold alone and applied to any row:

    - a row of a batch that was learned: its batch's shift and spread are taken out;
    - a row of another batch, or of none: its values stay as they are, with a note
      (:meth:`unknown_batches` tells which rows). Nothing is learned from new rows, so that the answer
      to a case does not depend on the cases beside it;
    - a row of the reference batch: its values stay as they are.

    Features that do not vary but with batch and covariates (or not within the reference batch) cannot
    be standardised and are dropped. Where all rows learned from are of one batch nothing is harmonised,
    with a note.

    Parameters
    ----------
    batch_column
        str, default ``"batch"``: the column with scanner or site. Values are compared as text.
    covariates
        list of str, or None (default): columns whose effect on the features is preserved where
        batches differ in them (age, sex). Texts are coded by their levels, numbers as they are. A
        missing value, or a level that was not learned, counts as the mean of the rows learned from.
    reference_batch
        str, or None (default): the batch that the others are brought to; None: to the mean of all.
        A reference makes the harmonised values those of a scanner that one knows.
    stretch
        bool, default True: bring the batches' spreads together, too, not their means only.
    preserve_outcome
        bool, default False: count the outcome among the covariates when shifts are learned. Off,
        since the outcome then acts on the features that are to predict it: where batches differ in
        their part of positives, effects of batch and outcome are told apart by a guess that is
        kept as if it were known, and group differences come out too sure (Nygaard, Rødland and
        Hovig, Biostatistics 17, 2016, 29-39). On, no row is changed by its own outcome: each is
        treated as one of the average outcome, in training as in use.
    prefixes
        list of str, or None (default): what is harmonised are the columns that begin with one of
        these; None: those that are named like a feature of an extraction. Other columns pass.

    Attributes
    ----------
    batches_ : list of str
        The batches that were learned.
    estimates_ : Estimates
        Mean, sd, weights, shift and spread of the columns in ``harmonised_``.
    harmonised_ : list of str
        The columns that are harmonised.
    dropped_ : list of str
        The features that say nothing but the batch.

    Notes
    -----
    Parametric empirical Bayes of Johnson, Li and Rabinovic (Biostatistics 8, 2007, 118-127), for
    imaging Fortin et al. (NeuroImage 167, 2018, 104-120). Estimates are iterated to 1e-13, where the
    common programs stop at 1e-4. A batch of one row has a shift, its spread is not changed.

    What it cannot do: tell a scanner from the patients that were sent to it. Where batches differ in
    the outcome, part of the outcome's effect goes with the batch.
    """

    def __init__(
        self,
        batch_column: str = "batch",
        covariates: Sequence[str] | None = None,
        reference_batch: str | None = None,
        stretch: bool = True,
        preserve_outcome: bool = False,
        prefixes: Sequence[str] | None = None,
    ) -> None:
        self.batch_column = batch_column
        self.covariates = covariates
        self.reference_batch = reference_batch
        self.stretch = stretch
        self.preserve_outcome = preserve_outcome
        self.prefixes = prefixes

    def unknown_batches(self, rows: pd.DataFrame) -> BoolArray:
        """Return for each row whether its batch was not learned, so that it is not harmonised."""
        return ~np.isin(texts_of(self._frame(rows)[self.batch_column]), self.batches_)

    def _learn(self, frame: pd.DataFrame, outcome: npt.NDArray[Any] | None) -> None:
        names = list(frame.columns)
        covariates = self._covariate_names()
        require_columns([self.batch_column], names, "batch")
        require_columns(covariates, names, "covariate")
        features = self._feature_names(names)
        batches = texts_of(frame[self.batch_column])
        if empty := int((batches == "").sum()):
            raise ModelError(
                f"{empty} rows have no batch: '{self.batch_column}' is empty; fill it or leave them out"
            )
        self.batches_ = levels_in(batches)
        self.coding_ = {name: covariate_coding(frame[name], name) for name in covariates}
        reference = self._reference()
        design = np.hstack([self._coded(frame), *self._outcome_column(outcome)])
        if len(self.batches_) == 1:
            add_remark(f"all rows learned from are of batch '{self.batches_[0]}': nothing is harmonised")
            self._take(features, [], _nothing(design.shape[1], len(features)))
            return
        values = _values(frame, features)
        owners = one_hot(batches, self.batches_)
        with single_threaded():  # the order of the sums, and so their last digit, depends on threads
            found = estimate(values, owners, design, reference=reference, stretch=self.stretch)
        if not (found.sd > 0).any():
            raise ModelError(
                f"none of the {len(features)} features varies within a batch: nothing to learn from"
            )
        dropped = [name for name, sd in zip(features, found.sd, strict=True) if sd == 0]
        kept = found.sd > 0
        parts = (found.mean[kept], found.sd[kept])
        wide = (found.weights[:, kept], found.shift[:, kept], found.spread[:, kept])
        self._take([name for name in features if name not in set(dropped)], dropped, Estimates(*parts, *wide))

    def _covariate_names(self) -> list[str]:
        if isinstance(self.covariates, str):
            raise ModelError(f"covariates is the text {self.covariates!r}; it must be a list of column names")
        return list(self.covariates or ())

    def _feature_names(self, names: list[str]) -> list[str]:
        radiomic = radiomic_flags(names, self.prefixes)
        aside = {self.batch_column, *self._covariate_names()}
        features = [
            n for n, is_radiomic in zip(names, radiomic, strict=True) if is_radiomic and n not in aside
        ]
        if not features:
            raise ModelError(f"none of the {len(names)} columns is a radiomic feature; set prefixes")
        return features

    def _reference(self) -> int | None:
        if self.reference_batch is None:
            return None
        if self.reference_batch not in self.batches_:
            hint = did_you_mean(self.reference_batch, self.batches_)
            raise ModelError(f"no row learned from is of the reference batch '{self.reference_batch}'{hint}")
        return self.batches_.index(self.reference_batch)

    def _outcome_column(self, outcome: npt.NDArray[Any] | None) -> list[FloatArray]:
        if not self.preserve_outcome:
            return []
        if outcome is None:
            raise ModelError("preserve_outcome is on, but there is no outcome to learn with")
        classes, codes = np.unique(outcome, return_inverse=True)
        if len(classes) != 2:
            raise ModelError(f"the outcome has {len(classes)} values; preserving it needs two")
        return [(codes - codes.mean())[:, None]]

    def _coded(self, frame: pd.DataFrame) -> FloatArray:
        """Return the covariates as centred numbers, shape (rows, covariate columns)."""
        parts = [np.empty((len(frame), 0))]
        parts.extend(centred_covariate(frame[name], name, coding) for name, coding in self.coding_.items())
        return np.hstack(parts)

    def _take(self, harmonised: list[str], dropped: list[str], estimates: Estimates) -> None:
        self.harmonised_, self.dropped_, self.estimates_ = harmonised, dropped, estimates

    def _apply(self, frame: pd.DataFrame) -> pd.DataFrame:
        batches = texts_of(frame[self.batch_column])
        changed = self._changed(batches)
        out = frame.loc[:, self._names_out()].copy()
        if changed.any():
            values = _values(frame, self.harmonised_)
            values[changed] = self._harmonise(values[changed], batches[changed], self._coded(frame)[changed])
            out[self.harmonised_] = values
        return out

    def array_transform(self, names: Sequence[str]) -> ArrayTransform | None:
        """Return the step as a function of arrays (rows, columns), or None where it needs a data frame."""
        if self._covariate_names():
            return None
        place = {name: number for number, name in enumerate(names)}
        kept = [place[name] for name in self._names_out()]
        at = {name: number for number, name in enumerate(self._names_out())}
        harmonised = [at[name] for name in self.harmonised_]

        def without_batch_effects(numbers: FloatArray, texts: Mapping[str, Texts]) -> FloatArray:
            batches = texts[self.batch_column]
            changed = self._changed(batches)
            out = numbers[:, kept]
            if changed.any():
                values = out[:, harmonised]
                _refuse_beyond(values, self.harmonised_)
                nothing = np.empty((int(changed.sum()), 0))
                values[changed] = self._harmonise(values[changed], batches[changed], nothing)
                out[:, harmonised] = values
            return out

        return without_batch_effects

    def _changed(self, batches: Texts) -> BoolArray:
        """Return which rows are harmonised; a remark says which batches were not learned."""
        unknown = ~np.isin(batches, self.batches_)
        if unknown.any():
            named = sorted({batch or "(empty)" for batch in batches[unknown]})
            add_remark(
                f"{int(unknown.sum())} rows are of a batch that was not learned ('{self.batch_column}': "
                f"{listed(named)}): their features are not harmonised"
            )
        changed: BoolArray = ~unknown & (batches != self.reference_batch) & (len(self.batches_) > 1)
        return changed

    def _harmonise(self, values: FloatArray, batches: Texts, covariates: FloatArray) -> FloatArray:
        found = self.estimates_
        # The outcome's weight, where there is one, stands last; every row has the average outcome.
        weights = found.weights[: covariates.shape[1]]
        middle = found.mean + np.einsum("rc,cf->rf", covariates, weights)
        owner = np.searchsorted(np.array(self.batches_, dtype=object), batches)
        standard = (values - middle) / found.sd
        adjusted = (standard - found.shift[owner]) / np.sqrt(found.spread[owner])
        return adjusted * found.sd + middle

    def _names_out(self) -> list[str]:
        gone = {self.batch_column, *self.dropped_}
        return [str(name) for name in self.feature_names_in_ if name not in gone]

    def learned(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the learned values as plain data for the model folder, by column name."""
        found = self.estimates_
        columns = {
            name: {
                "mean": float(found.mean[j]),
                "sd": float(found.sd[j]),
                "weights": found.weights[:, j].tolist(),
                "shift": found.shift[:, j].tolist(),
                "spread": found.spread[:, j].tolist(),
            }
            for j, name in enumerate(self.harmonised_)
        }
        head = {"batches": self.batches_, "covariates": self.coding_, "dropped": self.dropped_}
        return {**head, "columns": columns}

    def restore(self, learned: Mapping[str, Any], names: Sequence[str]) -> None:
        """Set the learned values from what `learned` returned, for columns in the order of `names`."""
        super().restore(learned, names)
        columns, self.coding_ = learned["columns"], dict(learned["covariates"])
        self.batches_ = list(learned["batches"])
        require_columns(
            [self.batch_column, *self.coding_, *columns, *learned["dropped"]], names, "harmonised"
        )
        one, wide = ("mean", "sd"), ("weights", "shift", "spread")
        parts = [np.array([column[key] for column in columns.values()], dtype=np.float64) for key in one]
        tables = [np.array([column[key] for column in columns.values()], dtype=np.float64).T for key in wide]
        found = Estimates(*parts, *tables)
        if not all(np.isfinite(part).all() for part in (*parts, *tables)):
            raise ModelError("an estimate of the batch effects is not a finite number")
        numbers = sum(width_of(coding) for coding in self.coding_.values()) + bool(self.preserve_outcome)
        batches = len(self.batches_)
        sizes = [len(table) for table in tables]
        if sizes != [numbers, batches, batches] or (found.sd <= 0).any() or (found.spread <= 0).any():
            raise ModelError("the estimates of the batch effects are damaged")
        self._take(list(columns), list(learned["dropped"]), found)


def _values(frame: pd.DataFrame, names: Sequence[str]) -> FloatArray:
    part = frame[names]
    if all(kind == np.float64 for kind in part.dtypes):
        values: FloatArray = part.to_numpy(copy=True)
        if not beyond_largest(values).any():
            return values
    return np.column_stack([numbers_in(part[name], name) for name in names])  # which names what is wrong


def _refuse_beyond(values: FloatArray, names: Sequence[str]) -> None:
    for place in np.flatnonzero(beyond_largest(values).any(axis=0)).tolist():
        numbers_in(pd.Series(values[:, place]), names[place])  # which names what is wrong


def _nothing(covariates: int, features: int) -> Estimates:
    """Return the estimates of one batch: no shift, no stretch."""
    one = np.ones(features)
    return Estimates(np.zeros(features), one, np.zeros((covariates, features)), 0 * one[None], one[None])
