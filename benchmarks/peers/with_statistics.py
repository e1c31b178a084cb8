"""Statistics by other packages: each function imports its own, so that one missing leaves the rest.

A case is ``{"package": ..., "function": ..., "given": {...}}``; running it gives ``{"values": [...],
"version": ...}``. Numbers come as lists and go as lists, in the order that the function says.
"""

from __future__ import annotations

import warnings
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of

from harmonising import inmoose_combat, neurocombat, neuroharmonize
from missing import NotThere


def prepared(case):
    """Return the function that computes a case, once its package is known to be there."""
    package = case["package"]
    try:
        version = version_of(package)
    except PackageNotFoundError:
        raise NotThere(f"{package} is not installed") from None
    function = FUNCTIONS[package, case["function"]]

    def call():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return {"values": [float(v) for v in function(**case["given"])], "version": version}

    return call


def version():
    return ", ".join(sorted({package for package, _ in FUNCTIONS}))


# --- ranking ---------------------------------------------------------------------------------------


def confidenceinterval_auc(outcome, score):
    """AUC and its plain interval after DeLong."""
    from confidenceinterval import roc_auc_score

    value, (low, high) = roc_auc_score(outcome, score)
    return [value, low, high]


def mlstatkit_delong(outcome, first, second):
    """AUCs, plain intervals of both, z and p of the first less the second."""
    from MLstatkit.delong import Delong_test

    z, p, one, two, auc_one, auc_two, info = Delong_test(outcome, first, second)
    if info["method"] != "delong":
        raise ValueError(f"MLstatkit fell back on {info['method']}")
    return [auc_one, auc_two, *one, *two, -z, p]


def sklearn_figures(outcome, score, threshold):
    """Figures of a classifier in the order of METRICS."""
    from sklearn import metrics

    called = [int(one >= threshold) for one in score]
    return [
        metrics.roc_auc_score(outcome, score),
        metrics.average_precision_score(outcome, score),
        metrics.accuracy_score(outcome, called),
        metrics.balanced_accuracy_score(outcome, called),
        metrics.recall_score(outcome, called),
        metrics.recall_score(outcome, called, pos_label=0),
        metrics.precision_score(outcome, called),
        metrics.precision_score(outcome, called, pos_label=0),
        metrics.f1_score(outcome, called),
        metrics.brier_score_loss(outcome, score),
    ]


def sklearn_roc(outcome, score):
    """False positive rates, then sensitivities, of all points."""
    from sklearn.metrics import roc_curve

    false, true, _ = roc_curve(outcome, score, drop_intermediate=False)
    return [*false, *true]


def sklearn_precision_recall(outcome, score):
    """Recalls, then precisions, from the highest threshold down; without the added point at recall 0."""
    from sklearn.metrics import precision_recall_curve

    precision, recall, _ = precision_recall_curve(outcome, score)
    return [*recall[:-1][::-1], *precision[:-1][::-1]]


# --- calibration and decisions -----------------------------------------------------------------------


def statsmodels_calibration(outcome, logit, weights):
    """Calibration in the large, intercept and slope, by generalised linear models."""
    import numpy as np
    import statsmodels.api as sm

    family, one = sm.families.Binomial(), np.ones((len(logit), 1))
    tight = {"tol": 1e-14, "maxiter": 200}
    large = sm.GLM(outcome, one, family=family, offset=np.array(logit), freq_weights=weights).fit(**tight)
    line = sm.GLM(outcome, np.c_[one, logit], family=family, freq_weights=weights).fit(**tight)
    return [large.params[0], line.params[0], line.params[1]]


def sklearn_brier(outcome, probability, weights):
    """Brier score and its scaled form."""
    from sklearn.metrics import brier_score_loss, d2_brier_score

    return [
        brier_score_loss(outcome, probability, sample_weight=weights),
        d2_brier_score(outcome, probability, sample_weight=weights),
    ]


def sklearn_bins(outcome, probability, bins):
    """Mean probabilities, then parts of positives, in quantile bins."""
    from sklearn.calibration import calibration_curve

    observed, predicted = calibration_curve(outcome, probability, n_bins=bins, strategy="quantile")
    return [*predicted, *observed]


def statsmodels_lowess(outcome, probability, grid, span):
    """Local linear regression without robustness rounds, cut off at 0 and 1."""
    import numpy as np
    from statsmodels.nonparametric.smoothers_lowess import lowess

    return np.clip(lowess(outcome, probability, frac=span, it=0, xvals=grid), 0, 1)


def sklearn_isotonic(outcome, probability, new):
    """Isotonic regression, joined by lines and read at new probabilities."""
    from sklearn.isotonic import IsotonicRegression

    return IsotonicRegression(out_of_bounds="clip").fit(probability, outcome).predict(new)


def sklearn_sigmoid(outcome, logit):
    """Platt's intercept and slope, as CalibratedClassifierCV finds them."""
    from sklearn.calibration import _SigmoidCalibration

    found = _SigmoidCalibration().fit(logit, outcome)
    return [-found.b_, -found.a_]


def statsmodels_fractions(target, logit):
    """Intercept and slope of a logistic regression of parts between 0 and 1."""
    import numpy as np
    import statsmodels.api as sm

    design = np.c_[np.ones(len(logit)), logit]
    return sm.GLM(target, design, family=sm.families.Binomial()).fit(tol=1e-14, maxiter=200).params


def dcurves_net_benefit(outcome, probability, thresholds, prevalence):
    """Net benefits of the model, then of acting on all."""
    import pandas as pd
    from dcurves import dca

    table = pd.DataFrame({"outcome": outcome, "model": probability})
    found = dca(
        data=table, outcome="outcome", modelnames=["model"], thresholds=thresholds, prevalence=prevalence
    )
    ordered = found.sort_values("threshold")
    return [
        value
        for name in ("model", "all")
        for value in ordered.loc[ordered["model"] == name, "net_benefit"].tolist()
    ]


# --- proportions, tests, reliability -------------------------------------------------------------------


def statsmodels_proportion(hits, trials, method):
    """Lower ends, then upper ends."""
    from statsmodels.stats.proportion import proportion_confint

    ends = [proportion_confint(h, t, method=method) for h, t in zip(hits, trials, strict=True)]
    return [low for low, _ in ends] + [high for _, high in ends]


def statsmodels_ratio(tables):
    """Ratio of two proportions with the interval of its logarithm, of each [[a, b], [c, d]]."""
    from statsmodels.stats.contingency_tables import Table2x2

    found = [Table2x2(one) for one in tables]
    return [v for one in found for v in (one.riskratio, *one.riskratio_confint())]


def statsmodels_holm(p):
    from statsmodels.stats.multitest import multipletests

    return multipletests(p, method="holm")[1]


def pingouin_icc(table):
    """ICC(1,1), ICC(2,1) and ICC(3,1), each with low and high."""
    import pandas as pd
    import pingouin

    pingouin.options["round.column.CI95"] = None
    long = [(i, j, v) for i, row in enumerate(table) for j, v in enumerate(row)]
    data = pd.DataFrame(long, columns=["subject", "way", "value"])
    found = pingouin.intraclass_corr(data, targets="subject", raters="way", ratings="value")
    found = found.set_index("Type")
    return [v for kind in ("ICC(1,1)", "ICC(A,1)", "ICC(C,1)") for v in _of_kind(found.loc[kind])]


def _of_kind(row):
    return [row["ICC"], *row["CI95"]]


def scipy_exact_permutation(outcome, score):
    """P-value of the rank sum over all labellings."""
    import numpy as np
    from scipy.stats import permutation_test, rankdata

    ranks, labels = rankdata(score), np.array(outcome)
    high, low = ranks[labels == 1], ranks[labels == 0]
    found = permutation_test((high, low), lambda a, b: a.sum(), n_resamples=np.inf, alternative="greater")
    return [found.pvalue]


def scipy_beta(patients, error_rate):
    """Mean and 95 % range of the coverage of split conformal sets."""
    from scipy.stats import beta

    ruled_out = int(error_rate * (patients + 1) + 1e-12)
    law = beta(patients + 1 - ruled_out, ruled_out)
    return [law.mean(), *law.interval(0.95)]


def crepes_p_values(outcome, probability, new, by_class):
    """P-values of outcome 0, then of outcome 1, for new rows; not smoothed."""
    import numpy as np
    from crepes import ConformalClassifier

    y, p, n = np.array(outcome), np.array(probability), np.array(new)
    own = np.where(y == 1, 1 - p, p)
    values = []
    for label, strange in ((0, n), (1, 1 - n)):
        rows = y == label if by_class else np.ones(len(y), bool)
        fitted = ConformalClassifier().fit(own[rows])
        values.append(fitted.predict_p(np.c_[strange], classes=[label], smoothing=False)[:, 0])
    return np.concatenate(values)


def sklearn_ledoit_wolf(rows, new):
    """Mahalanobis distance of new rows, root of the mean square by direction."""
    import numpy as np
    from sklearn.covariance import LedoitWolf

    return np.sqrt(LedoitWolf().fit(rows).mahalanobis(new) / len(rows[0]))


FUNCTIONS = {
    ("confidenceinterval", "auc"): confidenceinterval_auc,
    ("MLstatkit", "delong"): mlstatkit_delong,
    ("scikit-learn", "figures"): sklearn_figures,
    ("scikit-learn", "roc"): sklearn_roc,
    ("scikit-learn", "precision_recall"): sklearn_precision_recall,
    ("scikit-learn", "brier"): sklearn_brier,
    ("scikit-learn", "bins"): sklearn_bins,
    ("scikit-learn", "isotonic"): sklearn_isotonic,
    ("scikit-learn", "sigmoid"): sklearn_sigmoid,
    ("scikit-learn", "ledoit_wolf"): sklearn_ledoit_wolf,
    ("statsmodels", "calibration"): statsmodels_calibration,
    ("statsmodels", "lowess"): statsmodels_lowess,
    ("statsmodels", "fractions"): statsmodels_fractions,
    ("statsmodels", "proportion"): statsmodels_proportion,
    ("statsmodels", "ratio"): statsmodels_ratio,
    ("statsmodels", "holm"): statsmodels_holm,
    ("dcurves", "net_benefit"): dcurves_net_benefit,
    ("pingouin", "icc"): pingouin_icc,
    ("scipy", "exact_permutation"): scipy_exact_permutation,
    ("scipy", "beta"): scipy_beta,
    ("crepes", "p_values"): crepes_p_values,
    ("neuroCombat", "combat"): neurocombat,
    ("neuroHarmonize", "combat"): neuroharmonize,
    ("inmoose", "combat"): inmoose_combat,
}
