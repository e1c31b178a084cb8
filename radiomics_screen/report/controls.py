"""Negative controls in words: would something else than the lesion do as well?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

#: Verdict -> its mark, in the order in which verdicts are shown.
MARKS = {"look": "!", "passed": "\N{CHECK MARK}", "not run": "\N{EN DASH}"}
#: Verdict -> what it is called on the page.
_CALLED = {"look": "look at this", "passed": "passed", "not run": "not run"}


class Control(NamedTuple):
    """One control: ``verdict`` ("look", "passed" or "not run"), its mark, and what was found."""

    verdict: str
    mark: str
    called: str
    title: str
    text: str


def controls_of(summary: Mapping[str, Any]) -> list[Control]:
    """Return the controls of a fit, those to look at first; none where none were asked for."""
    order = list(MARKS)
    found = [
        Control(one["verdict"], MARKS[one["verdict"]], _CALLED[one["verdict"]], one["title"], one["text"])
        for one in summary.get("controls") or []
    ]
    return sorted(found, key=lambda one: order.index(one.verdict))


def controls_intro(summary: Mapping[str, Any]) -> str:
    """Return why the AUC of the features in the controls is not that at the top; "" where it is."""
    reasons = []
    if (summary.get("repeats") or 1) > 1:
        reasons.append("the first repeat only")
    if summary.get("clinical"):
        reasons.append("the radiomic features without clinical columns")
    if summary.get("tuning") or summary.get("recalibration") not in (None, "none"):
        reasons.append("one classifier with its defaults or given options, no search or recalibration")
    if not reasons:
        return ""
    return (
        "To be quick and alike for all that is compared, AUCs “of the features” are here of "
        f"{'; '.join(reasons)}. So they differ from the AUC at the top."
    )


def in_short(controls: list[Control]) -> str:
    """Return how many controls came out how, in one sentence; "" where none was run."""
    counts = {verdict: sum(one.verdict == verdict for one in controls) for verdict in MARKS}
    if not counts["look"] + counts["passed"]:
        return ""
    to_look_at = ", ".join(one.title for one in controls if one.verdict == "look")
    parts = [f"{counts['passed']} passed"]
    parts += [f"{counts['look']} to look at ({to_look_at})"] if counts["look"] else []
    parts += [f"{counts['not run']} not run"] if counts["not run"] else []
    return f"Negative controls: {', '.join(parts)}"
