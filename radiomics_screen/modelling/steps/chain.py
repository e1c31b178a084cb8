"""Steps one after the other: fitted with what they ask for, and as plain JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from radiomics_screen.core.arrays import FloatArray
from radiomics_screen.modelling.steps.base import ArrayTransform, PlainStep, Texts, step_from_dict
from radiomics_screen.modelling.steps.numerics.frames import FrameStep

Steps = Sequence[tuple[str, Any]]


def fitted_chain(
    steps: Steps, rows: Any, outcome: Any, fit_params: Mapping[str, Any]
) -> tuple[Pipeline, Any]:
    """Fit steps one after the other; return them, and what becomes of the rows.

    Parameters
    ----------
    steps
        Named and unfitted.
    rows, outcome
        What they learn from.
    fit_params
        Further arguments by name, such as the patients of the rows, for each step that asks for them.
    """
    handed = {
        f"{name}__{what}": value
        for name, one in steps
        for what, value in fit_params.items()
        if value is not None and has_fit_parameter(one, what)
    }
    chain = Pipeline(list(steps))
    return chain, chain.fit_transform(rows, outcome, **handed)


def names_after(chain: Pipeline) -> list[str]:
    """Return the names of the columns that fitted steps leave."""
    return [str(name) for name in chain.get_feature_names_out()]


def array_chain(steps: Steps, names: Sequence[str]) -> ArrayTransform | None:
    """Return what fitted steps do to rows that a model has read, one after the other, on arrays alone.

    None where one of them does not offer it; see
    :meth:`~radiomics_screen.modelling.steps.base.PlainStep.array_transform`.
    """
    transforms: list[ArrayTransform] = []
    for _, one in steps:
        transform = one.array_transform(names) if isinstance(one, PlainStep) else None
        if transform is None:
            return None
        transforms.append(transform)
        names = [str(name) for name in one.get_feature_names_out(np.array(names, dtype=object))]

    def through_all(numbers: FloatArray, texts: Mapping[str, Texts]) -> FloatArray:
        for transform in transforms:
            numbers = transform(numbers, texts)
        return numbers

    return through_all


def chain_to_dict(steps: Steps, names: Sequence[str]) -> dict[str, Any]:
    """Return all that fitted steps have learned, as plain JSON values; `names` are those that go in."""
    names = list(names)
    written: dict[str, Any] = {"features": names, "steps": []}
    for _, one in steps:
        written["steps"].append(one.to_dict(names))
        names = [str(name) for name in one.get_feature_names_out(names)]
    return {**written, "kept": names}


def chain_from_dict(written: Mapping[str, Any]) -> list[tuple[str, PlainStep]]:
    """Return the fitted steps that :func:`chain_to_dict` wrote.

    Raises
    ------
    ValueError
        If they do not lead from the names that go in to those that come out.
    """
    names: Sequence[str] = written["features"]
    steps: list[tuple[str, PlainStep]] = []
    for part in written["steps"]:
        one = step_from_dict(part, names)
        if not steps or isinstance(steps[-1][1], FrameStep):  # what gets a DataFrame knows its columns
            one.feature_names_in_ = np.array(names, dtype=object)
        names = [str(name) for name in one.get_feature_names_out(np.array(names, dtype=object))]
        steps.append((part["step"], one))
    if list(names) != list(written["kept"]):
        raise ValueError("the steps do not lead from 'features' to 'kept'")
    return steps
