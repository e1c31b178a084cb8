"""Options that had camelCase names: older files keep their meaning, and the remark says today's name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from radiomics_screen.core.errors import SettingsError
from radiomics_screen.core.older_options import PRESENT_NAMES, with_present_names
from radiomics_screen.core.options import options_of
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.filters import FILTERS
from radiomics_screen.imaging.preprocessing import STEPS
from radiomics_screen.modelling.bundle.card import Card
from radiomics_screen.settings.schema import known_of_embedding, known_settings
from radiomics_screen.settings.settings import load_settings
from radiomics_screen.table.feature_table import FeatureTable, read_table, write_table

OLDER = {
    "conventions": "ibsi",
    "preprocessing": [{"bilateral": {"rangeSigma": 30.0}}, "median"],
    "imageType": {"Original": {}, "LaplacianOfGaussian": {"sigma": [1.0], "boundaryValue": 3.0}},
    "featureClass": {"stat": None},
    "regions": {
        "rim": {"outer": 2.0, "featureClass": {"stat": None}, "imageType": {"Mean": {"meanSupport": [5]}}}
    },
    "setting": {"binWidth": 10, "binOrigin": "multiples", "resamplingGrid": "fit"},
}
PRESENT = {
    "conventions": "ibsi",
    "preprocessing": [{"bilateral": {"range_sigma": 30.0}}, "median"],
    "imageType": {"Original": {}, "LaplacianOfGaussian": {"sigma": [1.0], "boundary_value": 3.0}},
    "featureClass": {"stat": None},
    "regions": {
        "rim": {"outer": 2.0, "featureClass": {"stat": None}, "imageType": {"Mean": {"mean_support": [5]}}}
    },
    "setting": {"binWidth": 10, "bin_origin": "multiples", "resampling_grid": "fit"},
}


def test_every_option_of_our_own_is_in_snake_case() -> None:
    ours = set(PRESENT_NAMES.values())
    filters = [option for _, filter_ in FILTERS.items() for option in options_of(filter_)]
    steps = [option for _, step in STEPS.items() for option in options_of(step)]
    assert ours <= {*known_settings(), *filters, *steps}
    assert not [name for name in {*ours, *steps, *known_of_embedding()} if name != name.lower()]


def test_older_names_mean_the_same_wherever_they_stand() -> None:
    with collect_remarks():
        assert load_settings(OLDER) == load_settings(PRESENT)


def test_a_remark_says_the_present_name_each_time() -> None:
    for _ in range(2):
        with collect_remarks() as remarks:
            load_settings(OLDER)
        assert len(remarks) == 1
        for name in ("binOrigin", "boundaryValue", "meanSupport", "rangeSigma", "resamplingGrid"):
            assert f"{name} is now {PRESENT_NAMES[name]}" in remarks[0]
    with collect_remarks() as remarks:
        load_settings(PRESENT)
    assert not remarks


def test_both_names_at_once_are_refused() -> None:
    with pytest.raises(SettingsError, match="'binOrigin' and 'bin_origin' are one option"):
        load_settings({"setting": {"binOrigin": "range", "bin_origin": "multiples"}})


def test_other_spellings_are_not_accepted() -> None:
    with pytest.raises(SettingsError, match="unknown option 'bin_width': did you mean 'binWidth'"):
        load_settings({"setting": {"bin_width": 10}})
    with pytest.raises(SettingsError, match="unknown option 'startLevel'"):
        load_settings({"setting": {"startLevel": 1}})


def test_tables_of_earlier_versions_tell_their_parameters_in_present_names(tmp_path: Path) -> None:
    frame = pd.DataFrame({"case_id": ["a"], "original_firstorder_Mean": [1.0], "status": ["ok"]})
    older = {"package": "radiomics_screen", "version": "0.5.0", "parameters": OLDER}
    for ending in ("csv", "parquet"):
        path = tmp_path / f"table.{ending}"
        write_table(FeatureTable(frame, ["original_firstorder_Mean"], older), path)
        read = read_table(path).provenance
        assert read is not None
        assert read["parameters"] == PRESENT
        assert read["version"] == "0.5.0"


def test_models_of_earlier_versions_know_their_settings_in_present_names() -> None:
    content = {name: None for name, field in Card.model_fields.items() if field.annotation == str | None}
    card = Card.model_validate(
        {
            **content,
            "versions": {},
            "created": "2026-01-01",
            "target": "pathology",
            "positive": "malignant",
            "negative": "benign",
            "threshold": 0.5,
            "classifier": "logistic",
            "hyperparameters": {},
            "seed": 1,
            "device": "cpu",
            "settings": OLDER,
            "training": {},
            "probe": 0.5,
        }
    )
    assert card.settings == PRESENT
    assert card.model_copy(update={"settings": None}).settings is None


def test_only_names_change() -> None:
    assert with_present_names(("binOrigin", 1, None, np.float64(2.0))) == ("binOrigin", 1, None, 2.0)
