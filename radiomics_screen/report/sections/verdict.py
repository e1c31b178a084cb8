"""The verdict at the top of a report: how well, for whom, what radiomics adds, and the main worry.

Each is one sentence made from the figures. Which worry is the main one follows from a fixed order: what would
make the other figures meaningless comes first. The order is: permutation test not significant, controls to
look at, interval of the AUC that holds 0.5, few rows of a class, calibration, a subgroup that does worse,
controls that are not sure, no test elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from radiomics_screen.core.plurals import counted
from radiomics_screen.modelling.assessment.ablation import BOTH, WHOLE
from radiomics_screen.modelling.assessment.findings import AucTest, Cohort, Findings, Permutation
from radiomics_screen.modelling.assessment.performance_types import FigureEstimate, Performance
from radiomics_screen.modelling.data.blocks import CLINICAL
from radiomics_screen.report.sections.ablation import smallest_text
from radiomics_screen.report.wording.numbers import (
    number,
    p_equals,
    per_cent,
    repeats_text,
    with_interval,
)

if TYPE_CHECKING:
    from radiomics_screen.modelling.external_evaluation import External

_LEVEL = 0.05  # p from which on shuffled outcomes do too well
_FEW = 50  # rows of a class, below which every figure is unsure; as a judgement says it
_RADIOMICS = "radiomics"
_NOT_ELSEWHERE = "no other place was tested, and figures at home are often better than elsewhere"


class Statement(NamedTuple):
    """One line of the verdict: what it is about, and a sentence."""

    topic: str
    text: str


def verdict_of_fit(findings: Findings, judgement: Performance, *, features: bool = True) -> list[Statement]:
    """Return the verdict on a cross-validated model.

    Parameters
    ----------
    findings
        Of the evaluation.
    judgement
        What :func:`~radiomics_screen.modelling.assessment.performance.judge` returned of it.
    features
        Whether the model learned from radiomic features.
    """
    worries = [*_worries_of_fit(findings), *_worries(judgement, findings.cohort), *_unsure(findings)]
    return [
        Statement("How well", _how_well(judgement, findings.positive, _design(findings))),
        Statement("For whom", _learned_from(findings)),
        *([Statement("What radiomics adds", _added(findings))] if features else []),
        Statement("Main worry", _main(worries, _NOT_ELSEWHERE)),
    ]


def verdict_of_external(found: External) -> list[Statement]:
    """Return the verdict on a model that was tested on other data."""
    findings, judgement = found.findings, found.performance
    cohort, learned = findings.cohort, findings.model
    patients = counted(cohort.patients, "patient")
    tested = f"patients like the {patients} tested here ({_shares(cohort, findings.positive)})"
    learned_from = "" if learned.rows is None else f", after learning from {counted(learned.rows, 'row')}"
    left = cohort.rows_read - cohort.rows
    otherwise = "one test at one place says little of the next"
    if left:
        otherwise = f"{left} of {counted(cohort.rows_read, 'row')} could not be tested (see who took part)"
    return [
        Statement("How well", _how_well(judgement, findings.positive, "other data, nothing learned anew")),
        Statement("For whom", f"{tested}{learned_from}."),
        Statement("Main worry", _main([*_worries(judgement, cohort)], otherwise)),
    ]


def _design(findings: Findings) -> str:
    design = findings.fold_design
    return f"cross-validated on {design.text}{repeats_text(design.repeats)}"


def _how_well(judgement: Performance, positive: str, design: str) -> str:
    figures = judgement.figures
    auc = figures["auc"]
    if auc.value is None:
        return "not known: all rows are of one class."
    calls = ""
    if "sensitivity" in figures and figures["sensitivity"].value is not None:
        found, spared = figures["sensitivity"].value, figures["specificity"].value
        calls = f"; at the threshold it calls {per_cent(found)} of the {positive} rows {positive}, and "
        calls += f"{per_cent(None if spared is None else 1 - spared)} of the others too"
    return f"AUC {with_interval(auc)} on patients that it had not seen ({design}){calls}."


def _learned_from(findings: Findings) -> str:
    where = "no other hospital was tested"
    if findings.fold_design.column is not None:
        where = f"each part of '{findings.fold_design.column}' was tested by a model of the others"
    patients = counted(findings.cohort.patients, "patient")
    return f"patients like the {patients} here ({_shares(findings.cohort, findings.positive)}); {where}."


def _shares(cohort: Cohort, positive: str) -> str:
    part = per_cent(cohort.positives / cohort.rows if cohort.rows else None)
    return f"{counted(cohort.rows, 'row')}, {part} {positive}"


def _added(findings: Findings) -> str:
    """Return what radiomics adds to clinical variables, as their test says."""
    test = _radiomics_test(findings)
    if test is None:
        return "not tested: the model was not compared with one of clinical columns (--clinical) alone."
    p = test.p if test.p_holm is None else test.p_holm
    shown = f"{with_interval(test.estimate)} of AUC{'' if p is None else f', {p_equals(p)}'}"
    if p is None or p >= _LEVEL:
        return f"nothing that could be shown, against clinical data alone: {shown}."
    if test.difference < 0:
        return f"it does harm: against clinical data alone, the AUC changes by {shown}."
    return f"{shown}, against clinical data alone."


def _radiomics_test(findings: Findings) -> AucTest | None:
    """Return the test of the whole model against the one without radiomics, from whichever comparison."""
    found = findings.comparison
    if found is None:
        return None
    without = {block.without for block in found.blocks if block.name == _RADIOMICS} or {CLINICAL}
    for one in found.tests:
        if one.first in (BOTH, WHOLE) and one.second in without:
            return one
        if one.second in (BOTH, WHOLE) and one.first in without:
            low, high = (None if end is None else -end for end in (one.high, one.low))
            return AucTest(one.second, one.first, -one.difference, low, high, one.p, one.p_holm)
    return None


def _worries_of_fit(findings: Findings) -> Iterator[str]:
    if chance := findings.permutation:
        yield from _chance(chance)
    looks = [one.title for one in findings.controls or () if one.verdict == "look"]
    if looks:
        others = f", as {'does' if len(looks) == 2 else 'do'} {len(looks) - 1} more" if len(looks) > 1 else ""
        yield f"the control “{looks[0]}” asks for an explanation{others}"


def _chance(found: Permutation) -> Iterator[str]:
    """Say that chance is not excluded: by too few permutations, or as too many did as well."""
    if found.p < _LEVEL:
        return
    if smallest_text(found):  # none did as well
        done = counted(len(found.permuted), "permutation")
        yield f"{done} of the outcomes cannot exclude chance: they give no less than {p_equals(found.p)}"
    else:
        yield f"shuffled outcomes did as well too often for this to be more than chance, {p_equals(found.p)}"


def _worries(judgement: Performance, cohort: Cohort) -> Iterator[str]:
    auc = judgement.figures["auc"]
    if auc.low is not None and auc.low <= 0.5:
        yield f"the interval of the AUC reaches down to {number(auc.low)}, so that chance is not excluded"
    rarer = min(cohort.positives, cohort.negatives)
    if rarer < _FEW:
        yield f"one class has only {counted(rarer, 'row')}, too few to rely on any figure"
    yield from _calibration(judgement)
    yield from _weak_subgroup(judgement, auc)


def _calibration(judgement: Performance) -> Iterator[str]:
    slope = judgement.figures["slope"]
    if slope.low is None or slope.high is None:
        return
    if slope.high < 1:
        yield f"probabilities are too extreme (calibration slope {with_interval(slope, 2)})"
    elif slope.low > 1:
        yield f"probabilities are too close to the middle (calibration slope {with_interval(slope, 2)})"
    large = judgement.figures["intercept_in_the_large"]
    if large.low is not None and large.high is not None and not large.low <= 0 <= large.high:
        way = "high" if large.high < 0 else "low"
        yield f"probabilities are too {way} on the whole (calibration in the large {with_interval(large, 2)})"


def _weak_subgroup(judgement: Performance, whole: FigureEstimate) -> Iterator[str]:
    """Name the subgroup whose interval lies below the AUC of all by most."""
    weak = [
        (part.auc.high, name, part.value, part.auc)
        for name, parts in judgement.subgroups.items()
        for part in parts
        if whole.value is not None and part.auc.high is not None and part.auc.high < whole.value
    ]
    if weak:
        _, name, value, auc = min(weak, key=lambda one: one[:3])
        yield f"it does worse where {name} is {value}: AUC {with_interval(auc)}"


def _unsure(findings: Findings) -> Iterator[str]:
    unsure = [one.title for one in findings.controls or () if one.verdict == "unsure"]
    if unsure:
        others = (
            f", nor {'does' if len(unsure) == 2 else 'do'} {len(unsure) - 1} more" if len(unsure) > 1 else ""
        )
        yield f"the control “{unsure[0]}” does not settle what the model looks at{others}"


def _main(worries: list[str], otherwise: str) -> str:
    return f"{worries[0] if worries else otherwise}."
