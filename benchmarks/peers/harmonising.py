"""ComBat by other packages, for `with_statistics`: harmonised values as a list, row by row.

Each takes values (rows of features), the batch of each row, covariates by name, and the number of the
reference batch or None.
"""

from __future__ import annotations

import contextlib
import io

import numpy as np
from missing import NotThere


def neurocombat(values, batch, covariates, reference):
    import pandas as pd
    from neuroCombat import neuroCombat

    if not hasattr(np, "int"):  # 0.2.12 asks for NumPy's former alias where there is a reference
        vars(np)["int"] = lambda place: int(np.ravel(place)[0])
    table = pd.DataFrame({"batch": batch, **covariates})
    with contextlib.redirect_stdout(io.StringIO()):
        found = neuroCombat(
            np.array(values).T,
            table,
            "batch",
            continuous_cols=list(covariates) or None,
            ref_batch=reference,
        )
    return found["data"].T.ravel()


def neuroharmonize(values, batch, covariates, reference):
    import pandas as pd
    from neuroHarmonize import harmonizationLearn

    table = pd.DataFrame({"SITE": batch, **covariates})
    return harmonizationLearn(np.array(values), table, ref_batch=reference, seed=0)[1].ravel()


def inmoose_combat(values, batch, covariates, reference):
    from inmoose.pycombat import pycombat_norm

    if covariates:
        raise NotThere("inmoose takes categories only")
    return np.asarray(pycombat_norm(np.array(values).T, list(batch), ref_batch=reference)).T.ravel()
