"""How features and probabilities were prepared, in words; what could be done and was not is said too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from radiomics_screen.modelling.assessment.findings import Embedding, Findings, Harmonisation, Robustness

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


def preparation_of(findings: Findings, *, crops: str = "", features: bool = True) -> list[tuple[str, str]]:
    """Return what was prepared and how; only of what its version could do.

    Parameters
    ----------
    findings
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
    if embedding := findings.embedding:
        rows.append(("Embedding", embedding_text(embedding)))
    for key, (label, text) in known.items():
        if key in findings.entries and (features or key != "robustness"):
            missing = "given beforehand" if key == "threshold_rule" else NOT_DONE
            value = getattr(findings, key)
            rows.append((label, text(value) if value else missing))
    return rows


def embedding_text(found: Embedding) -> str:
    """Return how the columns of an embedding became few, in words."""
    kind = _METHODS.get(found.method, found.method)
    return f"{found.of} columns became {found.components} {kind}, learned inside each fold"


def robustness_text(found: Robustness) -> str:
    """Return how many features were robust enough, in words."""
    return (
        f"{found.kept} of {found.of} features kept: over {found.measurements} measurements of "
        f"{found.cases} cases, the lower bound of their intraclass correlation is at least "
        f"{found.least:g}"
    )


def harmonised_text(found: Harmonisation) -> str:
    """Return between which sources features were harmonised, in words."""
    batches = list(map(str, found.batches))
    return (
        f"ComBat between the {len(batches)} values of '{found.batch}' ({', '.join(batches)}), learned "
        "inside each fold"
    )
