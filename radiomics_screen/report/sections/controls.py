"""Negative controls in words: would something else than the lesion do as well?"""

from __future__ import annotations

from typing import NamedTuple

from radiomics_screen.modelling.assessment.findings import Findings
from radiomics_screen.modelling.controls.crop_surroundings import BACKGROUND

#: Verdict -> its mark, in the order in which verdicts are shown.
MARKS = {"look": "!", "unsure": "?", "passed": "\N{CHECK MARK}", "not run": "\N{EN DASH}"}
#: Verdict -> what it is called on the page.
_CALLED = {"look": "look at this", "unsure": "not sure", "passed": "passed", "not run": "not run"}


class ControlRow(NamedTuple):
    """One control: ``verdict`` ("look", "unsure", "passed" or "not run"), its mark, and what was found."""

    verdict: str
    mark: str
    called: str
    title: str
    text: str


def controls_of(findings: Findings) -> list[ControlRow]:
    """Return the controls of a fit, those to look at first; none where none were asked for."""
    order = list(MARKS)
    found = [
        ControlRow(one.verdict, MARKS[one.verdict], _CALLED[one.verdict], one.title, one.text)
        for one in findings.controls or ()
    ]
    return sorted(found, key=lambda one: order.index(one.verdict))


def controls_intro(findings: Findings) -> str:
    """Return why AUCs in the controls are not that at the top; "" where they are."""
    reasons = []
    without = [*(["clinical columns"] if findings.clinical else []), *_crops_beside_features(findings)]
    if findings.fold_design.repeats > 1:
        reasons.append("the first repeat only")
    if without:
        learned = "crops" if _network_alone(findings) else "radiomic features"
        reasons.append(f"the {learned} without {' and '.join(without)}")
    if findings.tuning or findings.recalibration not in (None, "none"):
        reasons.append("one classifier with its defaults or given options, no search or recalibration")
    if not reasons:
        return ""
    network = " Those of what a network sees are of the network alone." if "crops" in without else ""
    whose = "" if _network_alone(findings) else " “of the features”"
    return (
        f"To be quick and alike for all that is compared, AUCs{whose} are here of "
        f"{'; '.join(reasons)}.{network} So they differ from the AUC at the top."
    )


def _crops_beside_features(findings: Findings) -> list[str]:
    return ["crops"] if _asks_network(findings) and not _network_alone(findings) else []


def _network_alone(findings: Findings) -> bool:
    """Tell whether there was nothing but crops to learn from."""
    return _asks_network(findings) and not findings.cohort.features


def _asks_network(findings: Findings) -> bool:
    """Tell whether controls ask what a network on crops looks at."""
    return any(one.name == BACKGROUND for one in findings.controls or ())


def in_short(controls: list[ControlRow]) -> str:
    """Return how many controls came out how, in one sentence; "" where none was run."""
    counts = {verdict: sum(one.verdict == verdict for one in controls) for verdict in MARKS}
    if not counts["look"] + counts["unsure"] + counts["passed"]:
        return ""
    to_look_at = ", ".join(one.title for one in controls if one.verdict == "look")
    parts = [f"{counts['passed']} passed"]
    parts += [f"{counts['look']} to look at ({to_look_at})"] if counts["look"] else []
    parts += [f"{counts['unsure']} unsure"] if counts["unsure"] else []
    parts += [f"{counts['not run']} not run"] if counts["not run"] else []
    return f"Negative controls: {', '.join(parts)}"
