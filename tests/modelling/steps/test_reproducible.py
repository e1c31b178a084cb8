"""Features that hold when they are measured again, and the table of perturbed measurements."""

from __future__ import annotations

import json
import time

import numpy as np
import pandas as pd
import pytest

from radiomics_screen.cohort.cases import read_cohort
from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.extraction.perturbed import extract_altered
from radiomics_screen.extraction.run import extract_cohort
from radiomics_screen.extraction.sampling import sample_of
from radiomics_screen.modelling.data.repeated_measurements import measured_again
from radiomics_screen.modelling.statistics.reliability import icc
from radiomics_screen.modelling.steps import step_from_dict
from radiomics_screen.modelling.steps.reproducible import ReproducibleFilter
from radiomics_screen.table.feature_table import FeatureTable, as_table, with_origin

NAMES = [f"original_firstorder_F{number}" for number in range(6)]


def measurements(rows=60, times=5, spreads=(0.05, 0.3, 0.6, 1.0, 3.0, 0.1), seed=0) -> np.ndarray:
    """Features of variance 1 between rows, and of other spreads from measurement to measurement."""
    random = np.random.default_rng(seed)
    true = random.normal(size=(rows, 1, len(spreads)))
    return true + np.array(spreads) * random.normal(size=(rows, times, len(spreads)))


def frame(rows=60) -> pd.DataFrame:
    values = np.random.default_rng(1).normal(size=(rows, len(NAMES)))
    return pd.DataFrame(values, columns=NAMES).assign(site=["a", "b"] * (rows // 2))


def beside_site(measured: np.ndarray) -> np.ndarray:
    return np.pad(measured, ((0, 0), (0, 0), (0, 1)), constant_values=np.nan)


# --- the step -------------------------------------------------------------------------------------


def test_features_whose_lower_bound_is_high_enough_stay():
    measured = measurements()
    one_by_one = [icc(measured[:, :, j], "ICC(1,1)") for j in range(6)]
    for least in (0.5, 0.75, 0.9):
        step = ReproducibleFilter(least).fit(frame(), measured=beside_site(measured))
        np.testing.assert_allclose(step.low_[:6], [float(found.low[0]) for found in one_by_one])
        np.testing.assert_allclose(step.icc_[:6], [float(found.value[0]) for found in one_by_one])
        expected = [name for name, found in zip(NAMES, one_by_one, strict=True) if found.low[0] >= least]
        assert 0 < len(expected) < 6
        assert list(step.get_feature_names_out()) == [*expected, "site"]
        pd.testing.assert_frame_equal(step.transform(frame()), frame()[[*expected, "site"]])


def test_the_values_of_the_rows_and_the_outcome_do_not_matter():
    measured = beside_site(measurements())
    first = ReproducibleFilter().fit(frame(), measured=measured).support_
    other = frame().assign(**dict.fromkeys(NAMES, 0.0))
    np.testing.assert_array_equal(ReproducibleFilter().fit(other, [0, 1] * 30, measured).support_, first)


def test_of_a_patients_rows_the_first_that_was_measured_counts():
    measured = measurements()
    patients = np.array([f"p{number // 2}" for number in range(60)])
    measured[0] = np.nan
    counting = [1, *range(2, 60, 2)]
    found = ReproducibleFilter().fit(frame()[NAMES], measured=measured, groups=patients)
    np.testing.assert_allclose(found.low_, icc(np.moveaxis(measured[counting], 2, 0), "ICC(1,1)").low)
    alone = ReproducibleFilter().fit(frame()[NAMES], measured=measured)
    assert (alone.low_ != found.low_).all()


def test_rows_that_were_not_measured_change_nothing():
    measured = measurements(rows=100)
    measured[60:] = np.nan
    order = np.random.default_rng(3).permutation(100)
    few = ReproducibleFilter().fit(frame(60)[NAMES], measured=measured[:60])
    many = ReproducibleFilter().fit(frame(100)[NAMES], measured=measured[order])
    np.testing.assert_allclose(many.low_, few.low_)


def test_columns_that_were_never_measured_stay_and_those_without_an_icc_go():
    measured = measurements()
    measured[:, :, 0] = np.nan  # never measured
    measured[:, :, 1] = 7.0  # alike everywhere
    measured[1:, 2, 5] = np.nan  # complete in one row only
    step = ReproducibleFilter(0.5).fit(frame()[NAMES], measured=measured)
    assert np.isnan(step.low_).tolist() == [True, True, False, False, False, True]
    assert step.support_.tolist() == [True, False, True, False, False, False]


def test_without_measurements_all_stay_and_it_is_told():
    with collect_remarks() as notes:
        step = ReproducibleFilter().fit(frame())
    assert step.support_.all()
    assert notes == ["there are no repeated measurements: every feature was taken for reproducible"]


def test_it_comes_back_from_json():
    step = ReproducibleFilter().fit(frame(), measured=beside_site(measurements()))
    names = [*NAMES, "site"]
    again = step_from_dict(json.loads(json.dumps(step.to_dict(names), allow_nan=False)), names)
    np.testing.assert_array_equal(again.low_, step.low_)
    pd.testing.assert_frame_equal(again.transform(frame()), step.transform(frame()))


@pytest.mark.parametrize(
    ("least", "measured", "groups", "message"),
    [
        (1.0, None, None, "least ICC of a reproducible feature is 1.0"),
        (0.75, np.zeros((60, 5, 3)), None, r"shape \(60, 5, 3\), but there are 60 rows and 6 columns"),
        (0.75, np.full((60, 5, 6), np.nan), None, "0 of the patients to learn from were measured again"),
        (0.75, measurements(), ["p"] * 60, "1 of the patients to learn from were measured again"),
        (0.75, measurements(), ["p"] * 3, r"groups have shape \(3,\), but there are 60 rows"),
        (0.999, measurements(), None, r"none of the 6 features is reproducible: the best .* is 0.99\d"),
        (0.75, np.full((60, 5, 6), np.inf), None, "infinite"),
    ],
)
def test_what_it_refuses(least, measured, groups, message):
    with pytest.raises(ModelError, match=message):
        ReproducibleFilter(least).fit(frame()[NAMES], measured=measured, groups=groups)


def test_many_features_take_no_time():
    measured = np.random.default_rng(0).normal(size=(1000, 10, 750))
    rows = pd.DataFrame(np.zeros((1000, 750)))
    measured += 4 * measured[:, :1]
    start = time.process_time()
    ReproducibleFilter(0.5).fit(rows, measured=measured)
    assert time.process_time() - start < 5


# --- the table ------------------------------------------------------------------------------------


def tables(cases=("a", "b", "c"), done=("", "x 1", "x 2")) -> tuple[FeatureTable, pd.DataFrame]:
    """A feature table, and one of the same cases perturbed."""
    random = np.random.default_rng(0)
    plain = pd.DataFrame(random.normal(size=(len(cases), 3)), columns=NAMES[:3])
    rows = [
        {"case_id": case, "alteration": name, **(plain.iloc[n] + (0 if not name else random.normal()))}
        for n, case in enumerate(cases)
        for name in done
    ]
    plain.insert(0, "case_id", list(cases))
    return as_table(plain), pd.DataFrame(rows)


def origin(frame: pd.DataFrame, **about) -> pd.DataFrame:
    features = [name for name in frame if name in NAMES]
    told = {"fingerprint": "f", "engine": "own", "version": "1", "files": {}, "parameters": {}, **about}
    return with_origin(frame, features, told)


def laid(perturbed: pd.DataFrame, table: FeatureTable, order=None, names=None) -> np.ndarray:
    rows = table.frame if order is None else table.frame.iloc[order]
    return measured_again(
        perturbed, table, cases=rows["case_id"].to_numpy(), features=rows[names or table.features]
    )


def test_measurements_are_laid_beside_their_rows_and_columns():
    table, perturbed = tables()
    shuffled = perturbed.sample(frac=1, random_state=0).reset_index(drop=True)
    names = [NAMES[2], NAMES[0]]
    found = laid(shuffled, table, order=[2, 0], names=names)
    assert found.shape == (2, 2, 2)
    order = list(dict.fromkeys(name for name in shuffled["alteration"] if name))
    for i, case in enumerate("ca"):
        for k, done in enumerate(order):
            row = perturbed[(perturbed["case_id"] == case) & (perturbed["alteration"] == done)]
            np.testing.assert_array_equal(found[i, k], row[names].to_numpy()[0])


def test_cases_and_measurements_that_are_missing_are_nan():
    table, perturbed = tables(("a", "b", "c", "d"))
    perturbed.loc[perturbed["alteration"] == "x 2", NAMES[:3]] = np.nan  # failed
    perturbed = perturbed[perturbed["case_id"] != "c"]
    found = laid(perturbed, table)
    assert np.isnan(found).all(axis=2).tolist() == [[False, True], [False, True], [True, True], [False, True]]


@pytest.mark.parametrize("empty", ["", None])
def test_the_cases_as_they_are_must_have_the_features_values(empty):
    table, perturbed = tables()
    perturbed["alteration"] = perturbed["alteration"].replace("", empty)
    assert laid(perturbed, table).shape == (3, 2, 3)  # they are no measurement of their own
    perturbed.loc[3, NAMES[1]] += 1e-3
    with pytest.raises(ModelError, match=r"other images or masks than the features \(b\).*F1 of case b is"):
        laid(perturbed, table)


def test_the_origin_must_be_the_same():
    table, perturbed = tables()
    plain = as_table(origin(table.frame, parameters={"setting": {"binWidth": 8}}))
    assert laid(origin(perturbed.copy()), plain).shape == (3, 2, 3)
    other = origin(perturbed.copy(), fingerprint="g", parameters={"setting": {"binWidth": 4}})
    with pytest.raises(ModelError, match=r"other parameters than the features \(setting.binWidth\)"):
        laid(other, plain)
    with pytest.raises(ModelError, match="other engine than the features: pyradiomics, not own"):
        laid(origin(perturbed.copy(), engine="pyradiomics"), plain)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="alteration"), "no table of perturbed measurements"),
        (lambda t: t.drop(columns=NAMES[1]), f"1 of the 3 features were not measured again: {NAMES[1]}"),
        (lambda t: pd.concat([t, t.iloc[[1]]]), "case a is there more than once after 'x 1'"),
        (lambda t: t.assign(case_id=t["case_id"] + "z"), "shares 0 cases"),
        (lambda t: t[t["case_id"] == "a"], "shares 1 cases"),
        (lambda t: t[t["alteration"] != "x 2"], "has 1 alteration of each case"),
        (lambda t: t.assign(**{NAMES[0]: np.where(t["alteration"] == "", t[NAMES[0]], np.inf)}), "infinite"),
    ],
)
def test_what_is_wrong_with_the_table_is_told(change, message):
    table, perturbed = tables()
    with pytest.raises(ModelError, match=message):
        laid(change(perturbed), table)


def test_real_ultrasound(data_dir):
    settings = {"imageType": {"Original": {}}, "featureClass": {"shape2D": [], "firstorder": [], "ngtdm": []}}
    cohort = sample_of(read_cohort(data_dir / "busbra" / "cases.csv"), 16)
    table = as_table(extract_cohort(cohort, settings))
    chains = [f"noise+translate+resize+contour {number}" for number in range(4)]
    perturbed = extract_altered(cohort, settings, ["", *chains])
    measured = laid(perturbed, table)
    assert not np.isnan(measured).any()
    step = ReproducibleFilter(0.5).fit(table.frame[table.features], measured=measured)
    found = dict(zip(table.features, step.icc_, strict=True))
    assert found["original_firstorder_Mean"] > 0.9
    assert found["original_shape2D_PixelSurface"] > 0.9
    mixed = np.stack([np.roll(measured[:, k], 5 * k, axis=0) for k in range(4)], axis=1)  # of other cases
    with pytest.raises(ModelError, match=r"none of the .* features is reproducible"):
        ReproducibleFilter(0.75).fit(table.frame[table.features], measured=mixed)
