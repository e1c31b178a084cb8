"""Draw the picture of the README and the landing page: lesion, features, reading.

    python docs/overview_picture.py

Everything in it is computed: a model is fitted on synthetic patients and reads others that it has not seen.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from skimage.io import imread

from radiomics_screen import extract_cohort, fit, read_cases

PICTURE = Path(__file__).parent / "pictures" / "overview.svg"
PATIENTS, LEARNED = 60, 40
DARK, LIGHT, RED, BLUE = "#22303c", "#d5dce3", "#b3402e", "#2b6ca3"
FEATURES = {
    "original_shape2D_Sphericity": "sphericity",
    "original_firstorder_Mean": "mean intensity",
    "original_glcm_Contrast": "GLCM contrast",
    "original_glrlm_RunPercentage": "GLRLM run percentage",
    "original_gldm_DependenceEntropy": "GLDM dependence entropy",
}


def main() -> None:
    """Compute the readings and write the picture."""
    from radiomics_screen.cohort.synthetic import make_sample

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        cases = pd.read_csv(make_sample(folder / "cohort", patients=PATIENTS), dtype={"patient_id": str})
        patients = cases["patient_id"].unique()
        known = cases["patient_id"].isin(patients[:LEARNED])
        cases[known].to_csv(folder / "cohort" / "known.csv", index=False)
        cases[~known].to_csv(folder / "cohort" / "new.csv", index=False)
        table = extract_cohort(folder / "cohort" / "known.csv", output=folder / "known.parquet")
        model = fit(
            folder / "known.parquet",
            target="pathology",
            positive="malignant",
            group="patient_id",
            classifier="logistic",
            repeats=1,
            resamples=200,
            controls=False,
        )
        readings = read_cases(model, folder / "cohort" / "new.csv").set_index("case_id")
        new = extract_cohort(folder / "cohort" / "new.csv").set_index("case_id")
        draw(folder / "cohort", table, new, readings)


def draw(folder: Path, table: pd.DataFrame, new: pd.DataFrame, readings: pd.DataFrame) -> None:
    """Draw the least likely, the least certain and the most likely case, one a row."""
    ordered = readings["probability"].sort_values().index
    both = readings[readings["not_ruled_out"].str.contains(" ")]  # two outcomes are named
    doubtful = ((both if len(both) else readings)["probability"] - 0.5).abs().idxmin()
    chosen = [ordered[0], doubtful, ordered[-1]]
    mpl.rcParams |= {"svg.fonttype": "path", "svg.hashsalt": "overview", "font.size": 10, "text.color": DARK}
    figure, axes = plt.subplots(3, 3, figsize=(9, 5.6), width_ratios=(1.25, 1.6, 1.4), layout="constrained")
    for title, axis in zip(("1  lesion", "2  features", "3  reading"), axes[0], strict=True):
        axis.set_title(title, loc="left", fontweight="bold", color=DARK)
    for row, case in zip(axes, chosen, strict=True):
        lesion(row[0], folder, new.loc[case])
        features(row[1], table, new.loc[case])
        reading(row[2], readings.loc[case])
    figure.text(1, -0.02, "synthetic images; no patient", ha="right", va="top", fontsize=8, color="#5b6b79")
    figure.savefig(PICTURE, bbox_inches="tight", facecolor="white", metadata={"Date": None}, dpi=100)


def lesion(axis: Axes, folder: Path, case: pd.Series) -> None:
    """Draw a lesion with its outline."""
    image, mask = (imread(folder / case[column]) for column in ("image", "mask"))
    axis.imshow(image, cmap="gray")
    axis.contour(mask > 0, levels=[0.5], colors=["#ffb000"], linewidths=1.4)
    axis.set_axis_off()


def features(axis: Axes, table: pd.DataFrame, case: pd.Series) -> None:
    """Draw where some features of a case lie among those of the known cases, as percentiles."""
    percentiles = [100 * (table[name] <= case[name]).mean() for name in FEATURES]
    places = range(len(FEATURES))
    axis.barh(places, [100] * len(FEATURES), color=LIGHT, height=0.35)
    axis.plot(percentiles, places, "o", color=DARK, markersize=7)
    axis.set_yticks(list(places), list(FEATURES.values()), fontsize=9)
    axis.set_xticks([0, 50, 100], ["lowest", "median", "highest"], fontsize=8, color="#5b6b79")
    axis.invert_yaxis()
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)


def reading(axis: Axes, case: pd.Series) -> None:
    """Draw the probability of a case, and say what cannot be ruled out."""
    malignant = case["probability"] >= 0.5
    color = RED if malignant else BLUE
    axis.barh([0], [1], color=LIGHT, height=0.12)
    axis.barh([0], [case["probability"]], color=color, height=0.12)
    axis.text(0, 0.2, f"{case['prediction']}", fontsize=13, fontweight="bold", color=color)
    axis.text(0, -0.25, "probability of malignant", fontsize=8, color="#5b6b79")
    axis.text(1, 0.2, f"{case['probability']:.2f}", fontsize=13, ha="right", color=color)
    axis.text(0, -0.55, f"not ruled out: {case['not_ruled_out']}", fontsize=9)
    axis.set(xlim=(0, 1), ylim=(-0.8, 0.6))
    axis.set_axis_off()


if __name__ == "__main__":
    main()
