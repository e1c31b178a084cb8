"""The verdict follows from the figures: other figures, other sentences."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from radiomics_screen.modelling import Model, fit
from radiomics_screen.modelling.assessment.findings import (
    AucTest,
    Block,
    BlockComparison,
    ControlFinding,
    Findings,
    Permutation,
)
from radiomics_screen.modelling.assessment.performance_types import (
    AucEstimate,
    FigureEstimate,
    Performance,
    Subgroup,
)
from radiomics_screen.modelling.external_evaluation import evaluate
from radiomics_screen.report.sections.out_of_fold import out_of_fold
from radiomics_screen.report.sections.verdict import verdict_of_external, verdict_of_fit
from tests.helpers.tables import ASKED, FAST, small_table


@pytest.fixture(scope="module")
def model() -> Model:
    return fit(small_table(), **ASKED, **FAST)


@pytest.fixture
def judgement(model: Model) -> Performance:
    """Figures that give no cause for worry; tests change the dictionary of figures."""
    made = out_of_fold(model).performance({}, resamples=20, seed=0)
    figures = {
        "auc": FigureEstimate(0.9, 0.8, 0.95),
        "slope": FigureEstimate(1.0, 0.8, 1.2),
        "intercept_in_the_large": FigureEstimate(0.0, -0.2, 0.2),
    }
    return replace(made, figures={**made.figures, **figures}, subgroups={})


@pytest.fixture
def findings(model: Model) -> Findings:
    found = model.evaluation.findings
    plenty = replace(found.cohort, rows=400, positives=150, negatives=250, patients=390)
    return replace(found, cohort=plenty, controls=None, permutation=None, comparison=None)


def said(findings: Findings, judgement: Performance) -> dict[str, str]:
    return dict(verdict_of_fit(findings, judgement))


def test_without_a_worry_it_says_what_was_not_tested(findings: Findings, judgement: Performance) -> None:
    judgement.figures["sensitivity"] = FigureEstimate(0.75)
    judgement.figures["specificity"] = FigureEstimate(0.9)
    found = said(findings, judgement)
    assert found["How well"].startswith("AUC 0.900 (0.800 to 0.950) on patients that it had not seen (")
    assert "(cross-validated on 3 stratified folds" in found["How well"]
    assert "75.0\N{NO-BREAK SPACE}% of the" in found["How well"]
    assert "10.0\N{NO-BREAK SPACE}% of the others" in found["How well"]
    assert "390 patients" in found["For whom"]
    assert "37.5\N{NO-BREAK SPACE}%" in found["For whom"]
    assert found["What radiomics adds"].startswith("not tested")
    assert "no other place was tested" in found["Main worry"]


def control(verdict: Any, title: str = "Size alone") -> ControlFinding:
    return ControlFinding("size", title, verdict, "")


def test_the_main_worry_is_the_gravest(findings: Findings, judgement: Performance) -> None:
    """Each is added to those before, which are less grave, and is named instead of them."""
    figures = judgement.figures

    def worry(other: Findings = findings) -> str:
        return said(other, judgement)["Main worry"]

    unsure = replace(findings, controls=(control("unsure"), control("passed")))
    assert "does not settle" in worry(unsure)
    weak = Subgroup("B", 90, 40, 50, 80, 1, AucEstimate(0.6, 0.5, 0.7))
    judgement.subgroups["site"] = (weak,)
    assert worry(unsure).startswith("it does worse where site is B: AUC 0.600")
    figures["intercept_in_the_large"] = FigureEstimate(-0.5, -0.8, -0.2)
    assert worry(unsure).startswith("probabilities are too high on the whole")
    figures["slope"] = FigureEstimate(0.5, 0.3, 0.7)
    assert worry(unsure).startswith("probabilities are too extreme (calibration slope 0.50")
    few = replace(unsure, cohort=replace(unsure.cohort, positives=12))
    assert "one class has only 12 rows" in worry(few)
    figures["auc"] = FigureEstimate(0.9, 0.45, 0.95)
    assert "reaches down to 0.450" in worry(few)
    look = replace(few, controls=(control("unsure"), control("look", "Site"), control("look")))
    assert worry(look) == "the control “Site” asks for an explanation, as does 1 more."
    chance = replace(look, permutation=Permutation(0.7, (0.6,), 0.2))
    assert "shuffled outcomes did as well too often" in worry(chance)
    assert worry(replace(look, permutation=Permutation(0.7, (0.6,) * 99, 0.01))) == worry(look)


@pytest.mark.parametrize(("done", "words"), [(19, "19 permutations"), (1, "1 permutation of")])
def test_few_permutations_of_which_none_did_as_well(
    findings: Findings, judgement: Performance, done: int, words: str
) -> None:
    chance = replace(findings, permutation=Permutation(0.7, (0.5,) * done, 1 / (done + 1)))
    worry = said(chance, judgement)["Main worry"]
    assert worry.startswith(words)
    assert "did as well" not in worry


@pytest.mark.parametrize(
    ("slope", "words"), [((1.2, 1.05, 1.4), "too close to the middle"), ((1.2, 0.9, 1.4), "no other place")]
)
def test_a_slope_is_a_worry_where_its_interval_excludes_1(
    findings: Findings, judgement: Performance, slope: tuple[float, float, float], words: str
) -> None:
    judgement.figures["slope"] = FigureEstimate(*slope)
    assert words in said(findings, judgement)["Main worry"]


@pytest.mark.parametrize(
    ("difference", "p", "words"),
    [(0.05, 0.01, "0.050 (0.040 to 0.060) of AUC"), (0.05, 0.2, "nothing that could"), (-0.05, 0.01, "harm")],
)
@pytest.mark.parametrize("way", ["both", "turned", "blocks"])
def test_what_radiomics_adds_is_what_its_test_says(
    findings: Findings, judgement: Performance, difference: float, p: float, words: str, way: str
) -> None:
    ends = (difference - 0.01, difference + 0.01)
    test = AucTest("both", "clinical", difference, *ends, p / 2, p)
    other = AucTest("both", "radiomics", 0.3, 0.2, 0.4, 1e-6, 1e-6)
    blocks: tuple[Block, ...] = ()
    if way == "turned":
        test = AucTest("clinical", "both", -difference, -ends[1], -ends[0], p / 2, p)
    if way == "blocks":
        test = replace(test, first="all blocks", second="all but radiomics")
        blocks = (Block("radiomics", "all but radiomics"), Block("crop", "all but crop"))
    compared = replace(findings, comparison=BlockComparison((), (other, test), blocks))
    assert words in said(compared, judgement)["What radiomics adds"]


def test_a_figure_without_an_interval_says_so(findings: Findings, judgement: Performance) -> None:
    figures = judgement.figures
    figures.update({name: FigureEstimate(figure.value) for name, figure in figures.items()})
    found = said(findings, judgement)
    assert found["How well"].startswith("AUC 0.900 (no interval) on patients")
    assert "no other place was tested" in found["Main worry"]


def test_each_part_of_a_column_is_named(findings: Findings, judgement: Performance) -> None:
    parted = replace(findings, fold_design=replace(findings.fold_design, column="site"))
    assert "each part of 'site' was tested" in said(parted, judgement)["For whom"]


def test_the_verdict_on_other_data_counts_both_tables(model: Model, judgement: Performance) -> None:
    other = small_table(40, seed=5)
    other[["case_id", "patient_id"]] = "q" + other[["case_id", "patient_id"]]
    external = evaluate(model, other, resamples=50)
    found = dict(verdict_of_external(external))
    auc = external.summary["judgement"]["figures"]["auc"]["value"]
    assert found["How well"].startswith(f"AUC {auc:.3f} (")
    assert "(other data, nothing learned anew)" in found["How well"]
    assert "the 40 patients tested here" in found["For whom"]
    assert f"learning from {external.findings.model.rows} rows" in found["For whom"]
    assert "What radiomics adds" not in found
    calm = replace(external, summary={**external.summary, "judgement": judgement.to_json()})
    few = external.findings.cohort.positives
    assert dict(verdict_of_external(calm))["Main worry"].startswith(f"one class has only {few} rows")


def test_one_class_has_no_auc(findings: Findings, judgement: Performance) -> None:
    judgement.figures.update(dict.fromkeys(judgement.figures, FigureEstimate(None)))
    assert said(findings, judgement)["How well"] == "not known: all rows are of one class."
