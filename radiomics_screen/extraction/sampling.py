"""Some of a cohort's cases, drawn by chance."""

from __future__ import annotations

from dataclasses import replace

from radiomics_screen.cohort.cases import Cohort
from radiomics_screen.perturbation.chain import generator


def sample_of(cohort: Cohort, count: int, *, seed: int = 0) -> Cohort:
    """Draw cases, one a patient, in the order of the cohort; all there are if that is fewer than `count`.

    A case whose patient is not known counts as one of another patient. Cases with a problem are left out.
    """
    random = generator(seed, "sample")
    sound = [place for place, case in enumerate(cohort.cases) if not case.problem]
    one_each: dict[str, int] = {}
    for place in random.permutation(sound).tolist() if sound else []:
        case = cohort.cases[place]
        one_each.setdefault(f"case {case.id}" if case.patient_id is None else f"of {case.patient_id}", place)
    drawn = sorted(list(one_each.values())[:count])
    return replace(cohort, cases=tuple(cohort.cases[place] for place in drawn), problems=())
