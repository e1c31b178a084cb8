"""How features and probabilities were prepared, in words; what could be done and was not is said too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

NOT_DONE = "not done"
_METHODS = {
    "pca": "principal components",
    "pls": "components that tell the outcome (partial least squares)",
}
_RECALIBRATED = {
    "none": NOT_DONE,
    "platt": "by a logistic curve (Platt), learned inside each fold",
    "isotonic": "by an isotonic curve, learned inside each fold",
}


def preparation_of(
    summary: Mapping[str, Any], *, crops: str = "", features: bool = True
) -> list[tuple[str, str]]:
    """Return what was prepared and how; only of what the summary speaks of.

    Parameters
    ----------
    summary
        Of the evaluation.
    crops
        How the crops are cut that the model looks at, in words; "" where it looks at none.
    features
        Whether there are features; else nothing is said of those.
    """
    known: dict[str, tuple[str, Callable[[Any], str]]] = {
        "robustness": ("Robust features", robustness_text),
        "harmonised": ("Harmonisation of sources", harmonised_text),
        "clinical": ("Clinical variables", lambda columns: ", ".join(map(str, columns))),
        "recalibration": ("Recalibration of probabilities", lambda kind: _RECALIBRATED.get(kind, str(kind))),
        "threshold_rule": ("Threshold", str),
    }
    rows = [("Crops of the lesions", crops)] if crops else []
    if embedding := summary.get("embedding"):
        rows.append(("Embedding", embedding_text(embedding)))
    for key, (label, text) in known.items():
        if key in summary and (features or key != "robustness"):
            missing = "given beforehand" if key == "threshold_rule" else NOT_DONE
            rows.append((label, text(summary[key]) if summary[key] else missing))
    return rows


def embedding_text(found: Mapping[str, Any]) -> str:
    """Return how the columns of an embedding became few, in words."""
    kind = _METHODS.get(found["method"], found["method"])
    return f"{found['of']} columns became {found['components']} {kind}, learned inside each fold"


def robustness_text(found: Mapping[str, Any]) -> str:
    """Return how many features were robust enough, in words."""
    return (
        f"{found['kept']} of {found['of']} features kept: over {found['measurements']} measurements of "
        f"{found['cases']} cases, the lower bound of their intraclass correlation is at least "
        f"{found['least']:g}"
    )


def harmonised_text(found: Mapping[str, Any]) -> str:
    """Return between which sources features were harmonised, in words."""
    batches = list(map(str, found["batches"]))
    return (
        f"ComBat between the {len(batches)} values of '{found['batch']}' ({', '.join(batches)}), learned "
        "inside each fold"
    )
