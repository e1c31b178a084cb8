"""Seeded data sets: ties, few rows, few positives, patients with several rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Sample:
    """Rows with an outcome, two probabilities and a patient.

    Attributes
    ----------
    name
        For people.
    outcome
        1 or 0, shape (rows,).
    scores
        Probabilities of two models, shape (2, rows).
    patients
        Patient of each row, shape (rows,).
    """

    name: str
    outcome: Numbers
    scores: Floats
    patients: Numbers

    def given(self, model: int = 0) -> dict[str, list[float]]:
        """Return outcome and score as a package is given them."""
        return {"outcome": self.outcome.tolist(), "score": self.scores[model].tolist()}


def drawn(
    name: str,
    seed: int,
    *,
    patients: int,
    most: int = 1,
    positives: int | None = None,
    levels: int | None = None,
) -> Sample:
    """Return a sample in which probabilities are too extreme and patients' rows resemble each other.

    Parameters
    ----------
    patients
        How many.
    most
        Rows of a patient, at most; with more than one, some patients have rows of both classes.
    positives
        Positive patients; half of them without.
    levels
        Probabilities are rounded to so many parts of 1.
    """
    random = np.random.default_rng(seed)
    owner = np.repeat(np.arange(patients), random.integers(1, most + 1, patients))
    ill = random.permutation(np.arange(patients) < (patients // 2 if positives is None else positives))
    other = (random.random(len(owner)) < 0.2) & (most > 1)
    outcome = (ill[owner] ^ other).astype(np.int64)
    shared = 0.8 * random.normal(size=patients)[owner]
    logits = 1.6 * (outcome - 0.4) + shared + random.normal(size=(2, len(owner))) * [[1.0], [1.6]]
    scores = expit(logits)
    scores = np.clip(np.round(scores * levels) / levels, 0.01, 0.99) if levels else scores
    return Sample(name, outcome, scores, owner)


INDEPENDENT = drawn("120 rows", 1, patients=120)
TIES = drawn("200 rows, 10 levels", 2, patients=200, levels=10)
FEW = drawn("12 rows, 4 positive", 3, patients=12, positives=4)
UNBALANCED = drawn("400 rows, 15 positive", 4, patients=400, positives=15)
CLUSTERS = drawn("60 patients, 1 to 4 rows", 5, patients=60, most=4)
TIED_CLUSTERS = drawn("40 patients, 1 to 6 rows, 5 levels", 6, patients=40, most=6, levels=5)

#: Rows that are independent, and all sets.
BY_ROW = (INDEPENDENT, TIES, FEW, UNBALANCED)
ALL = (*BY_ROW, CLUSTERS, TIED_CLUSTERS)

#: Albumin, total protein, 10 - K-G score and outcome of the 43 complete patients of DeLong et al. 1988,
#: as the user's guide of SAS/STAT prints them (PROC LOGISTIC, "Comparing ROC curves").
_OVARIAN = """
3.0 5.8 10 0  3.2 6.3 5 1  3.9 6.8 3 1  2.8 4.8 6 0  3.2 5.8 3 1  0.9 4.0 5 0  2.5 5.7 8 0  1.6 5.6 5 1
3.8 5.7 5 1  3.7 6.7 6 1  3.2 5.4 4 1  3.8 6.6 6 1  4.1 6.6 5 1  3.6 5.7 5 1  4.3 7.0 4 1  3.6 6.7 4 0
2.3 4.4 6 1  4.2 7.6 4 0  4.0 6.6 6 0  3.5 5.8 6 1  3.8 6.8 7 1  3.0 4.7 8 0  4.5 7.4 5 1  3.7 7.4 5 1
3.1 6.6 6 1  4.1 8.2 6 1  4.3 7.0 5 1  4.3 6.5 4 1  3.2 5.1 5 1  2.6 4.7 6 1  3.3 6.8 6 0  1.7 4.0 7 0
3.7 6.1 5 1  3.3 6.3 7 1  4.2 7.7 6 1  3.5 6.2 5 1  2.9 5.7 9 0  2.1 4.8 7 1  2.8 6.2 8 0  4.0 7.0 7 1
3.3 5.7 6 1  3.7 6.9 5 1  3.6 6.6 5 1
"""


def ovarian() -> Sample:
    """Return albumin and the K-G score of 43 patients, by which DeLong et al. 1988 explain their test."""
    table = np.array(_OVARIAN.split(), dtype=np.float64).reshape(-1, 4)
    scores = np.stack([table[:, 0], 10 - table[:, 2]])
    return Sample("43 patients of DeLong et al. 1988", table[:, 3].astype(np.int64), scores, np.arange(43))


def ratings(seed: int, subjects: int, ways: int, spread: float, shift: float) -> Floats:
    """Return measurements, shape (subjects, ways), of noise 1: `spread` of subjects, `shift` of ways."""
    random = np.random.default_rng(seed)
    between = spread * random.normal(size=(subjects, 1))
    return 10 + between + shift * random.normal(size=(1, ways)) + random.normal(size=(subjects, ways))


@dataclass(frozen=True)
class Sites:
    """Features of several sites, shape (rows, features), the site of each row, and age."""

    values: Floats
    site: Numbers
    age: Floats


def sites(seed: int, sizes: tuple[int, ...], features: int) -> Sites:
    """Return features with a standard deviation of about 1, shifted and stretched by site."""
    random = np.random.default_rng(seed)
    site = np.repeat(np.arange(len(sizes)), sizes)
    age = random.uniform(30, 80, len(site))
    noise = random.normal(size=(len(site), features))
    shift = random.normal(size=(len(sizes), features))
    stretch = np.exp(0.3 * random.normal(size=(len(sizes), features)))
    by_age = 0.02 * random.normal(size=features) * (age - 55)[:, np.newaxis]
    return Sites(3 + shift[site] + stretch[site] * noise + by_age, site, age)
