"""How closely the features agree with the values that pyradiomics publishes.

Usage: python -m benchmarks.parity [DATA]   (DATA holds pyradiomics/; default: RADIOMICS_SCREEN_DATA)
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.golden.baseline import FAMILIES, compared


def main() -> None:
    data_dir = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ["RADIOMICS_SCREEN_DATA"])
    print(f"{'family':<12}{'values':>8}{'largest relative difference':>30}  where")
    total, largest = 0, 0.0
    for family in FAMILIES:
        values = list(compared(data_dir, family))
        worst = max(values, key=lambda v: v.relative_difference)
        total, largest = total + len(values), max(largest, worst.relative_difference)
        print(
            f"{family:<12}{len(values):>8}{worst.relative_difference:>30.1e}  "
            f"{worst.configuration} {worst.feature}"
        )
    print(f"{'all':<12}{total:>8}{largest:>30.1e}")


if __name__ == "__main__":
    main()
