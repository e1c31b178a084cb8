"""What earlier versions wrote into ``evaluation.json``, brought to the current format."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.training.fold_design import FoldDesign

#: Format of ``evaluation.json``. Versions 0.3 to 0.5 wrote no ``format``.
FORMAT = 1

_GIVEN = re.compile(r"folds of column '(.*)'", re.DOTALL)
_DRAWN = re.compile(r"(\d+) stratified folds of whole patients")


def upgraded(written: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Return the content of an ``evaluation.json`` in the current format.

    Parameters
    ----------
    written
        As any version wrote it.
    source
        Where it was read, for messages.

    Raises
    ------
    ModelError
        If a newer version wrote it, or it does not say what the folds were.
    """
    found = written.get("format")
    if found is None:
        return {"format": FORMAT, **written, "fold_design": _fold_design(written, source).to_json()}
    if isinstance(found, bool) or not isinstance(found, int) or found < 1:
        raise ModelError(f"{source} is damaged: format: {found!r} is not a number of a format")
    if found > FORMAT:
        raise ModelError(
            f"{source} has format {found}, this version reads up to {FORMAT}: "
            "install a newer radiomics_screen"
        )
    return dict(written)


def _fold_design(written: Mapping[str, Any], source: str) -> FoldDesign:
    """Return what the folds were, from the sentence in ``folds_from``: 0.3 to 0.5 wrote nothing else."""
    sentence = str(written.get("folds_from"))
    if given := _GIVEN.fullmatch(sentence):
        folds = len(written.get("folds") or ())
        return FoldDesign(given[1], folds, repeats=1, stratified=False, seed=None)
    if drawn := _DRAWN.fullmatch(sentence):
        repeats, seed = written.get("repeats"), written.get("seed")
        return FoldDesign(None, int(drawn[1]), int(repeats or 1), stratified=True, seed=seed)
    raise ModelError(f"{source} is damaged: folds_from: '{sentence}' does not say what the folds were")
