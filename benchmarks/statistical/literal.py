"""Definitions written out with loops, from the papers and not from the package: slow, and easy to check."""

from __future__ import annotations

from collections.abc import Callable
from statistics import fmean, variance

import numpy as np
import numpy.typing as npt

from benchmarks.statistical.samples import Floats, Numbers


def auc_covariance(outcome: Numbers, scores: Floats, patients: Numbers) -> tuple[Floats, Floats]:
    """Return AUCs and covariance, comparing every pair of rows (DeLong 1988; Obuchowski 1997, section 2)."""
    high, low = np.flatnonzero(outcome == 1), np.flatnonzero(outcome == 0)
    m, n, models = len(high), len(low), len(scores)
    kernel = np.zeros((models, m, n))
    for k in range(models):
        for a, i in enumerate(high):
            for b, j in enumerate(low):
                gap = scores[k, i] - scores[k, j]
                kernel[k, a, b] = 1.0 if gap > 0 else 0.5 if gap == 0 else 0.0
    aucs = np.array([kernel[k].sum() / (m * n) for k in range(models)])
    named = sorted(set(patients.tolist()))
    x, y = np.zeros((models, len(named))), np.zeros((models, len(named)))
    for c, patient in enumerate(named):
        mine = [a for a, i in enumerate(high) if patients[i] == patient]
        yours = [b for b, j in enumerate(low) if patients[j] == patient]
        for k in range(models):
            x[k, c] = sum(kernel[k, a].mean() - aucs[k] for a in mine)
            y[k, c] = sum(kernel[k, :, b].mean() - aucs[k] for b in yours)
    i10, i01, owners = len(set(patients[high])), len(set(patients[low])), len(named)
    found = np.zeros((models, models))
    for k in range(models):
        for q in range(models):
            s10 = i10 / ((i10 - 1) * m) * sum(x[k] * x[q])
            s01 = i01 / ((i01 - 1) * n) * sum(y[k] * y[q])
            s11, s11_turned = (owners / (owners - 1) * sum(u * v) for u, v in ((x[k], y[q]), (x[q], y[k])))
            found[k, q] = s10 / m + s01 / n + (s11 + s11_turned) / (m * n)
    return aucs, found


def points(outcome: Numbers, score: Floats) -> list[tuple[float, float, float]]:
    """Return threshold, sensitivity and specificity of every score, and of a threshold above all."""
    found = []
    for threshold in (np.nextafter(score.max(), np.inf), *sorted(set(score.tolist()), reverse=True)):
        called = score >= threshold
        sensitivity = float(np.mean(called[outcome == 1]))
        found.append((float(threshold), sensitivity, float(np.mean(~called[outcome == 0]))))
    return found


def operating(outcome: Numbers, score: Floats, part: float) -> list[float]:
    """Return the threshold at a sensitivity and at a specificity, the best of one at the other, Youden's."""
    all_points = points(outcome, score)
    sensitive = [p for p in all_points if p[1] >= part - 1e-12]
    specific = [p for p in all_points if p[2] >= part - 1e-12]
    index = max(p[1] + p[2] - 1 for p in all_points[1:])
    best = [p for p in all_points[1:] if p[1] + p[2] - 1 >= index - 1e-12]
    return [
        max(p[0] for p in sensitive),
        min(p[0] for p in specific),
        max(p[1] for p in specific),
        max(p[2] for p in sensitive),
        min(p[0] for p in best),
        index,
    ]


def bootstrap(compute: Callable[[Numbers], npt.ArrayLike], counts: Floats, level: float = 0.95) -> Floats:
    """Return the ends of percentile intervals, row numbers being written out for each resample.

    Parameters
    ----------
    compute
        Takes the numbers of the rows drawn, one drawn twice being there twice; returns figures.
    counts
        How often each row is drawn, shape (resamples, rows).

    Returns
    -------
    Floats
        Shape (2, figures), of the resamples that have a value.
    """
    rows = np.arange(counts.shape[1])
    found = np.array([compute(np.repeat(rows, count.astype(int))) for count in counts])
    tails = [(1 - level) / 2, (1 + level) / 2]
    return np.array([np.quantile(one[~np.isnan(one)], tails) for one in found.T]).T


def expected_calibration_error(outcome: Numbers, p: Floats, bins: int) -> float:
    """Return it for rows without ties, as many of them in each bin."""
    order = np.argsort(p)
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return sum(abs(outcome[part].mean() - p[part].mean()) * len(part) for part in parts) / len(p)


def local_lines(outcome: Numbers, p: Floats, grid: Floats, span: float) -> Floats:
    """Return a weighted straight line at each place, fitted by least squares to the nearest rows."""
    found = []
    for place in grid:
        away = np.abs(p - place)
        width = np.sort(away)[int(np.ceil(span * len(p))) - 1] * (1 + 1e-9)
        weight = np.where(away < width, (1 - np.minimum(away / width, 1) ** 3) ** 3, 0)
        design = np.c_[np.ones(len(p)), p - place] * np.sqrt(weight)[:, np.newaxis]
        found.append(np.linalg.lstsq(design, outcome * np.sqrt(weight), rcond=None)[0][0])
    return np.clip(found, 0, 1)


def brier_parts(outcome: Numbers, p: Floats) -> list[float]:
    """Return Brier score, miscalibration, discrimination and uncertainty, by scikit-learn's isotonic fit."""
    from sklearn.isotonic import IsotonicRegression

    best = IsotonicRegression(out_of_bounds="clip").fit_transform(p, outcome)
    mean = outcome.mean()
    score, fitted, flat = (float(np.mean((q - outcome) ** 2)) for q in (p, best, mean))
    return [score, score - fitted, flat - fitted, flat]


def effective_rows(hit: Floats, patients: Numbers) -> float:
    """Return rows over the design effect (Rao and Scott 1992, formula 1, the effect at least 1)."""
    named = sorted(set(patients.tolist()))
    share, rows, m = hit.mean(), len(hit), len(named)
    if share in (0, 1):
        return float(m)
    residuals = [sum(hit[patients == c]) - sum(patients == c) * share for c in named]
    between = m / (m - 1) * sum(r**2 for r in residuals) / rows**2
    return float(rows / max(1.0, between / (share * (1 - share) / rows)))


def nogueira(chosen: Floats) -> tuple[float, float, float]:
    """Return stability and its 95 % interval from the 0/1 table (Nogueira et al. 2018, JMLR 18:174)."""
    count, features = chosen.shape
    spread = fmean(variance(column) for column in chosen.T.tolist())
    mean_part = chosen.sum() / count / features
    index = 1 - spread / (mean_part * (1 - mean_part))
    share, each = chosen.mean(axis=0), []
    for row in chosen:
        part = row.sum() / features
        inner = sum(row * share) / features - part * mean_part
        inner += index / 2 * (2 * mean_part * part - part - mean_part + 1)
        each.append(inner / (mean_part * (1 - mean_part)))
    error = (4 / count**2 * sum((one - fmean(each)) ** 2 for one in each)) ** 0.5
    return (
        index,
        max(index - 1.959963984540054 * error, -1 / (count - 1)),
        min(index + 1.959963984540054 * error, 1.0),
    )


def conformal_p(outcome: Numbers, p: Floats, patients: Numbers, new: float, label: int) -> float:
    """Return the p-value of a label by class, rows of one patient sharing a weight of 1."""
    above = size = 0.0
    for patient in set(patients.tolist()):
        own = p[(patients == patient) & (outcome == label)]
        if len(own):
            size += 1
            strange, limit = (1 - own, 1 - new) if label else (own, new)
            above += np.mean(strange >= limit - 1e-12)
    return float((1 + above) / (1 + size))


def combat(values: Floats, site: Numbers) -> Floats:
    """Return harmonised values, without covariates (Johnson, Li and Rabinovic 2007, section 3)."""
    named, features = sorted(set(site.tolist())), values.shape[1]
    level = {s: values[site == s].mean(axis=0) for s in named}
    mean = sum(level[s] * np.sum(site == s) for s in named) / len(site)
    noise = np.sqrt(
        np.mean([(v - level[s]) ** 2 for v, s in zip(values, site.tolist(), strict=True)], axis=0)
    )
    z, out = (values - mean) / noise, np.empty_like(values)
    for s in named:
        part = z[site == s]
        n, own, wide = len(part), part.mean(axis=0), part.var(axis=0, ddof=1)
        prior, tau, middle, scatter = own.mean(), own.var(ddof=1), wide.mean(), wide.var(ddof=1)
        a, b = (2 * scatter + middle**2) / scatter, (middle * scatter + middle**3) / scatter
        for f in range(features):
            shift, spread = own[f], wide[f]
            for _ in range(400):
                shift = (n * tau * own[f] + spread * prior) / (n * tau + spread)
                spread = (b + 0.5 * sum((part[:, f] - shift) ** 2)) / (n / 2 + a - 1)
            out[site == s, f] = noise[f] * (part[:, f] - shift) / np.sqrt(spread) + mean[f]
    return out
