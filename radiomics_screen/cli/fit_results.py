"""What `fit` prints of a fitted model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from radiomics_screen.cli.verbosity import is_quiet, say

if TYPE_CHECKING:
    from radiomics_screen.modelling.assessment.findings import Findings
    from radiomics_screen.modelling.bundle.model import Model


def show_results(model: Model) -> None:
    """Print who was learned from, the figures with their intervals, and what should not be looked for."""
    from rich.console import Console
    from rich.table import Table

    say(f"{model.card.target} = {model.card.positive}, on patients that the model had not seen")
    counts = model.evaluation.counts()
    width = max(len(name) for name, _ in counts)
    for name, count in counts:
        say(f"{name:{width}}  {count}")
    shown = Table()
    for name in ("figure", "value", "95 % interval"):
        shown.add_column(name)
    for row in model.evaluation.table():
        shown.add_row(*row)
    if not is_quiet():
        Console().print(shown)
    for line in _further(model.evaluation.findings):
        say(line)
    for message in model.evaluation.findings.messages:
        say(message)


def _further(findings: Findings) -> Iterator[str]:
    """Yield what a user should not have to look for in the report."""
    from radiomics_screen.report.wording.numbers import with_interval

    if findings.threshold_rule:
        yield f"threshold of the model: {findings.threshold:.3g} ({findings.threshold_rule})"
    if kept := findings.robustness:
        yield f"features that come out alike on perturbed images: {kept.kept} of {kept.of}"
    if compared := findings.comparison:
        for one in compared.models:
            yield f"AUC of {one.name}: {with_interval(one.auc)}"
        for test in compared.tests:
            pair = f"{test.first} less {test.second}"
            p = "none" if test.p_holm is None else f"{test.p_holm:.2g}"
            yield f"  {pair}: {with_interval(test.estimate)}, p (Holm) {p}"
    if chance := findings.permutation:
        done = len(chance.permuted)
        yield f"permuted labels did as well with p = {chance.p:.3g} ({done} permutations)"
    if controls := findings.controls:
        looks = [control for control in controls if control.verdict == "look"]
        passed = sum(control.verdict == "passed" for control in controls)
        unsure = [control for control in controls if control.verdict == "unsure"]
        rest = len(controls) - len(looks) - len(unsure) - passed
        yield f"controls: {len(looks)} to look at, {len(unsure)} unsure, {passed} passed, {rest} not run"
        for look in looks:
            yield f"  LOOK  {look.title}: {look.text}"
        for doubted in unsure:
            yield f"  NOT SURE  {doubted.title}: {doubted.text}"
