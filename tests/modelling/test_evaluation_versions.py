"""What earlier versions wrote about an evaluation is read, and what is damaged is refused."""

from __future__ import annotations

from typing import Any

import pytest

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling.assessment.evaluation_versions import FORMAT, upgraded
from radiomics_screen.modelling.training.fold_design import FoldDesign


def old(**entries: Any) -> dict[str, Any]:
    return {"folds_from": "5 stratified folds of whole patients", "repeats": 3, "seed": 7, **entries}


@pytest.mark.parametrize(
    "design",
    [
        FoldDesign("site's 'fold'\n2", 4, repeats=1, stratified=False, seed=None),
        FoldDesign(None, 5, repeats=3, stratified=True, seed=7),
    ],
)
def test_the_sentence_that_earlier_versions_wrote_is_read(design: FoldDesign) -> None:
    read = upgraded(old(folds_from=design.text, folds=[{}] * 4), "evaluation.json")
    assert read["format"] == FORMAT
    assert FoldDesign.from_json(read["fold_design"]) == design
    assert upgraded(read, "evaluation.json") == read


@pytest.mark.parametrize("entries", [{"folds_from": "some folds"}, {"folds_from": None}])
def test_folds_that_nobody_named_are_refused(entries: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match=r"m/evaluation\.json is damaged: folds_from"):
        upgraded(old(**entries), "m/evaluation.json")


@pytest.mark.parametrize(
    ("found", "said"),
    [(FORMAT + 1, "install a newer"), ("1", "is damaged: format"), (True, "is damaged"), (0, "is damaged")],
)
def test_an_unknown_format_is_refused(found: object, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        upgraded(old(format=found), "evaluation.json")
