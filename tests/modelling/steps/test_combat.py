"""ComBat: against other programs, the paper's formulas, and by simulation."""

from __future__ import annotations

import json
import math
from statistics import mean, variance

import numpy as np
import pandas as pd
import pytest
from scipy.stats import f_oneway, kstest
from sklearn.base import clone

from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.remarks import ScreenWarning, collect_remarks
from radiomics_screen.modelling.steps import step_from_dict
from radiomics_screen.modelling.steps.combat import ComBat


def named(count: int) -> list[str]:
    return [f"original_firstorder_F{number}" for number in range(count)]


def simulated(rows=120, features=25, batches=4, *, draw=0, effects=7) -> pd.DataFrame:
    """Rows of one world: `effects` draws what its batches and covariates do, `draw` the rows."""
    world, random = np.random.default_rng(effects), np.random.default_rng(draw)
    shift, stretch = (
        world.normal(size=(batches, features)),
        np.exp(0.4 * world.normal(size=(batches, features))),
    )
    by_age, by_sex = 0.03 * world.normal(size=features), world.normal(size=features)
    unit, offset = np.exp(3 * world.normal(size=features)), 5 * world.normal(size=features)
    owner = np.concatenate([np.arange(batches), random.integers(0, batches, rows - batches)])
    age, sex = random.integers(30, 80, rows).astype(float), random.random(rows) < 0.4
    values = shift[owner] + stretch[owner] * random.normal(size=(rows, features))
    values += (age[:, None] - 50) * by_age + sex[:, None] * by_sex
    table = pd.DataFrame(values * unit + offset, columns=named(features))
    return table.assign(site=[f"s{number}" for number in owner], age=age, sex=np.where(sex, "F", "M"))


def features_of(table: pd.DataFrame) -> np.ndarray:
    return table[[name for name in table if name.startswith("original")]].to_numpy()


# --- other programs -----------------------------------------------------------------------------


def twelve_rows() -> pd.DataFrame:
    i = np.arange(12)
    columns = [np.sin(1.7 * i + j * j) * (1 + j) + (i % 3) * (j - 1) + i * i % 5 for j in range(4)]
    table = pd.DataFrame(dict(zip(named(4), columns, strict=True)))
    sex = np.where(i * i % 7 < 3, "F", "M")
    return table.assign(site=[f"s{n}" for n in i % 3], age=(i * 7 % 11 + 40).astype(float), sex=sex)


#: Rows 0, 4, 8 and 11 as neuroCombat 0.2.12 gives them, its iteration run on to convergence.
NEUROCOMBAT = {
    "plain": [
        [0.087182158056, 2.127726034548, -1.562828128516, 2.522208717151],
        [0.648602238302, 2.964616398178, -0.266250572147, 3.025016888095],
        [2.250394101695, 4.719069747226, 2.469085027405, 4.689825193420],
        [-1.066315268812, 1.963080978608, 0.715484122902, 5.929849320998],
    ],
    "covariates": [
        [0.754593217635, 2.741337670739, -1.157551541950, 3.188427663954],
        [1.172792883904, 3.484127595982, 0.950518384747, 4.378695876193],
        [1.365964559887, 3.901289396089, 0.844328183252, 2.887270784673],
        [-2.120785365704, 0.868431877127, -1.070431382258, 4.191131592213],
    ],
    "reference": [
        [-0.234633558279, 2.139458893965, -1.789802290257, 2.510718771583],
        [0.494113351139, 2.997086690749, -0.942808690199, 2.632372599089],
        [2.067281194086, 4.611201899018, 2.083210640627, 4.435191453435],
        [-1.215060810632, 1.806354523604, 0.448723986747, 5.716337526585],
    ],
}


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("plain", {}),
        ("covariates", {"covariates": ["sex", "age"]}),
        ("reference", {"reference_batch": "s1"}),
    ],
)
def test_values_are_those_of_neurocombat(kind, options):
    table = twelve_rows()
    found = features_of(ComBat("site", **options).fit(table).transform(table))
    np.testing.assert_allclose(found[[0, 4, 8, 11]], NEUROCOMBAT[kind], rtol=0, atol=5e-11)


# --- the paper's formulas, number by number -------------------------------------------------------


def by_the_paper(table: pd.DataFrame) -> dict[str, list[float]]:
    """Johnson, Li and Rabinovic 2007, section 3, without covariates; one number at a time."""
    sites = sorted(set(table["site"]))
    columns = named(sum(name.startswith("original") for name in table))
    z: dict[str, list[float]] = {}
    alpha, sigma = {}, {}
    for name in columns:
        y = table[name].tolist()
        level = {s: mean(v for v, t in zip(y, table["site"], strict=True) if t == s) for s in sites}
        alpha[name] = sum(level[s] for s in table["site"]) / len(y)
        residual = [(v - level[s]) ** 2 for v, s in zip(y, table["site"], strict=True)]
        sigma[name] = math.sqrt(sum(residual) / len(y))
        z[name] = [(v - alpha[name]) / sigma[name] for v in y]
    adjusted: dict[str, list[float]] = {name: [0.0] * len(table) for name in columns}
    for site in sites:
        rows = [j for j, s in enumerate(table["site"]) if s == site]
        n = len(rows)
        gamma_hat = {name: mean(z[name][j] for j in rows) for name in columns}
        delta_hat = {name: variance(z[name][j] for j in rows) for name in columns}
        gamma_bar, tau = mean(gamma_hat.values()), variance(gamma_hat.values())
        v_bar, s2 = mean(delta_hat.values()), variance(delta_hat.values())
        lamda, theta = (v_bar**2 + 2 * s2) / s2, (v_bar**3 + v_bar * s2) / s2
        for name in columns:
            gamma, delta = gamma_hat[name], delta_hat[name]
            for _ in range(500):
                gamma = (n * tau * gamma_hat[name] + delta * gamma_bar) / (n * tau + delta)
                squares = sum((z[name][j] - gamma) ** 2 for j in rows)
                delta = (theta + squares / 2) / (n / 2 + lamda - 1)
            for j in rows:
                adjusted[name][j] = sigma[name] / math.sqrt(delta) * (z[name][j] - gamma) + alpha[name]
    return adjusted


def test_values_are_those_of_the_paper():
    table = simulated(rows=30, features=5, batches=3)
    found = ComBat("site").fit(table).transform(table)
    for name, expected in by_the_paper(table).items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-10, atol=1e-10 * table[name].std())


# --- simulation ---------------------------------------------------------------------------------


def explained(table: pd.DataFrame) -> float:
    """Return the part of the variance that lies between sites, mean over features."""
    found = []
    for column in features_of(table).T:
        means = pd.Series(column).groupby(table["site"].to_numpy()).transform("mean")
        found.append(np.var(means) / np.var(column))
    return float(np.mean(found))


def spreads(table: pd.DataFrame) -> np.ndarray:
    """Return how much the logarithm of the sites' standard deviations varies, for each feature."""
    parts = [part for _, part in table.groupby("site")]
    return np.std([np.log(features_of(part).std(axis=0)) for part in parts], axis=0)


def test_batch_effects_vanish_in_rows_learned_from_and_in_new_rows():
    """By chance alone four sites explain 3 / 600 of the variance."""
    old, new = simulated(rows=600, draw=1), simulated(rows=600, draw=2)
    step = ComBat("site", covariates=["age", "sex"]).fit(old)
    for table, limit in ((old, 0.001), (new, 0.015)):
        harmonised = step.transform(table).assign(site=table["site"])
        assert explained(table) > 0.25
        assert explained(harmonised) < limit
        assert spreads(table).mean() > 0.2
        assert spreads(harmonised).mean() < 0.06


def test_without_batch_effects_new_rows_show_none_but_chance():
    """Learned shifts are noise here; they must not make sites differ where they do not."""
    random = np.random.default_rng(5)
    tables = [
        pd.DataFrame(random.normal(size=(400, 40)), columns=named(40)).assign(
            site=random.choice(["a", "b"], 400)
        )
        for _ in range(2)
    ]
    step = ComBat("site").fit(tables[0])
    changed = step.transform(tables[1])
    p = [f_oneway(*[c[tables[1]["site"] == s] for s in "ab"]).pvalue for _, c in changed.items()]
    assert kstest(p, "uniform").pvalue > 0.01
    assert np.abs(features_of(changed) - features_of(tables[1])).max() < 0.6


def test_the_effect_of_a_covariate_is_preserved_where_sites_differ_in_it():
    random = np.random.default_rng(3)
    site = np.repeat(["a", "b"], 300)
    age = np.where(site == "a", 40.0, 60.0) + random.normal(0, 8, 600)
    values = 0.1 * age[:, None] + (site == "b")[:, None] * 3.0 + random.normal(size=(600, 10))
    table = pd.DataFrame(values, columns=named(10)).assign(site=site, age=age)
    slopes = {}
    for name, covariates in (("with", ["age"]), ("without", None)):
        found = features_of(ComBat("site", covariates=covariates).fit(table).transform(table))
        slopes[name] = np.polyfit(age, found, 1)[0].mean()
    assert slopes["with"] == pytest.approx(0.1, abs=0.01)
    assert slopes["without"] < 0.06


# --- new rows -----------------------------------------------------------------------------------


def test_what_is_learned_does_not_change_with_the_rows_it_is_applied_to():
    table, new = simulated(), simulated(draw=9)
    step = ComBat("site", covariates=["sex"]).fit(table)
    whole = step.transform(new)
    one_by_one = pd.concat([step.transform(new.iloc[[row]]) for row in range(len(new))])
    pd.testing.assert_frame_equal(whole, one_by_one, check_exact=True)
    assert list(whole.columns) == [*named(25), "age", "sex"]
    assert list(step.get_feature_names_out()) == list(whole.columns)


def test_an_unknown_batch_passes_unchanged_and_is_told():
    step = ComBat("site").fit(simulated())
    new = simulated(draw=4).iloc[:6].assign(site=["s0", "elsewhere", None, "s3", "elsewhere", "s1"])
    assert step.unknown_batches(new).tolist() == [False, True, True, False, True, False]
    with collect_remarks() as notes:
        found = step.transform(new)
    assert notes == [
        "3 rows are of a batch that was not learned ('site': (empty), elsewhere): "
        "their features are not harmonised"
    ]
    same = (features_of(found) == features_of(new)).all(axis=1)
    assert same.tolist() == [False, True, True, False, True, False]
    with pytest.warns(ScreenWarning, match="not harmonised"):
        step.transform(new)


def test_rows_of_the_reference_stay_as_they_are():
    table = simulated(rows=300)
    step = ComBat("site", reference_batch="s2").fit(table)
    found, reference = step.transform(table), (table["site"] == "s2").to_numpy()
    np.testing.assert_array_equal(features_of(found)[reference], features_of(table)[reference])
    gap = features_of(found)[~reference].mean(axis=0) - features_of(table)[reference].mean(axis=0)
    assert np.abs(gap / features_of(table)[reference].std(axis=0)).max() < 0.2


def test_a_covariate_that_is_missing_or_new_counts_as_the_mean():
    table = simulated()
    step = ComBat("site", covariates=["age", "sex"]).fit(table)
    row = simulated(draw=4).iloc[[0]]
    missing = step.transform(row.assign(age=np.nan, sex=None))
    with collect_remarks() as notes:
        unseen = step.transform(row.assign(age=table["age"].mean(), sex="X"))
    assert notes == ["covariate 'sex' is X, which was not learned: the mean is taken"]
    np.testing.assert_allclose(features_of(missing), features_of(unseen), rtol=1e-12)


# --- the outcome --------------------------------------------------------------------------------


def test_the_outcome_is_not_looked_at_unless_asked_for():
    table, random = simulated(), np.random.default_rng(0)
    one, other = (random.integers(0, 2, len(table)) for _ in range(2))
    names = list(table.columns)
    assert ComBat("site").fit(table, one).to_dict(names) == ComBat("site").fit(table, other).to_dict(names)
    asked = [ComBat("site", preserve_outcome=True).fit(table, y).to_dict(names) for y in (one, other)]
    assert asked[0] != asked[1]


def test_a_preserved_outcome_does_not_pull_its_own_rows():
    """The gap between the classes is kept where sites differ in their part of positives, not widened."""
    random = np.random.default_rng(1)
    site = np.repeat(["a", "b"], 500)
    outcome = (random.random(1000) < np.where(site == "a", 0.2, 0.8)).astype(int)
    values = random.normal(size=(1000, 30)) + 0.5 * outcome[:, None] + 2 * (site == "b")[:, None]
    table = pd.DataFrame(values, columns=named(30)).assign(site=site)
    gaps = {}
    for preserve in (False, True):
        step = ComBat("site", preserve_outcome=preserve).fit(table, outcome)
        found = features_of(step.transform(table))
        gaps[preserve] = (found[outcome == 1].mean(axis=0) - found[outcome == 0].mean(axis=0)).mean()
        flipped = features_of(clone(step).fit(table, 1 - outcome).transform(table))
        np.testing.assert_allclose(found, flipped, atol=1e-10)  # which class is called 1 does not matter
    assert gaps[True] == pytest.approx(0.5, abs=0.05)
    assert gaps[False] == pytest.approx(0.5 * (1 - 0.6**2), abs=0.05)
    with pytest.raises(ModelError, match="no outcome"):
        ComBat("site", preserve_outcome=True).fit(table)


# --- awkward tables -----------------------------------------------------------------------------


def test_a_batch_of_one_row_is_shifted_only():
    table = simulated(rows=80, batches=3)
    table.loc[0, "site"] = "single"
    step = ComBat("site").fit(table)
    number = step.batches_.index("single")
    np.testing.assert_array_equal(step.estimates_.spread[number], 1.0)
    shift = (table.loc[0, named(25)].to_numpy(float) - step.estimates_.mean) / step.estimates_.sd
    around, centre = shift.var(ddof=1), shift.mean()
    np.testing.assert_allclose(
        step.estimates_.shift[number], (around * shift + centre) / (around + 1), rtol=1e-9
    )


def test_copies_of_one_row_have_no_spread_to_take_out():
    table = simulated(rows=80, batches=3)
    table.loc[[0, 1, 2], named(25)] = table.loc[0, named(25)].to_numpy()
    table.loc[[0, 1, 2], "site"] = "copies"
    found = ComBat("site").fit(table).transform(table)
    assert (
        np.abs(features_of(found)[:3] - found[named(25)].mean().to_numpy()).max()
        < 10 * found[named(25)].std().max()
    )
    np.testing.assert_array_equal(features_of(found)[0], features_of(found)[2])


def test_a_single_feature_has_no_others_to_learn_from():
    table = simulated(features=1, rows=90, batches=2)
    step = ComBat("site").fit(table)
    by_site = step.transform(table).iloc[:, 0].groupby(table["site"])
    np.testing.assert_allclose(by_site.mean(), by_site.mean().iloc[0], rtol=1e-12)
    np.testing.assert_allclose(by_site.std(), by_site.std().iloc[0], rtol=1e-12)


def test_units_do_not_matter():
    table, units = simulated(rows=60, features=5), np.array([1e30, 1e-30, 1.0, 1e6, 1e-9])
    other = table.copy()
    other[named(5)] *= units
    one, two = (features_of(ComBat("site", covariates=["age"]).fit(t).transform(t)) for t in (table, other))
    assert np.abs((two / units - one) / one.std(axis=0)).max() < 1e-9


def test_what_says_only_the_batch_is_dropped():
    table = simulated(features=4).assign(
        original_glcm_Batch=lambda t: t["site"].str[1:].astype(float) / 3,
        original_glcm_Constant=0.1,
        original_glcm_Empty=np.nan,
    )
    step = ComBat("site").fit(table)
    assert step.dropped_ == ["original_glcm_Batch", "original_glcm_Constant", "original_glcm_Empty"]
    assert list(step.transform(table).columns) == [*named(4), "age", "sex"]


def test_missing_values_stay_missing_and_do_not_move_the_others():
    table = simulated(rows=200, features=8)
    holes, absent, few = table.copy(), named(8)[5], named(8)[2]
    holes.loc[::7, few] = np.nan
    holes.loc[table["site"] == "s3", absent] = np.nan
    step = ComBat("site", covariates=["age"]).fit(holes)
    found = step.transform(holes)
    pd.testing.assert_frame_equal(found[named(8)].isna(), holes[named(8)].isna())
    # Mean and sd of a feature are those of the rows that have it.
    alone = ComBat("site", covariates=["age"]).fit(table[holes[few].notna()])
    np.testing.assert_allclose(step.estimates_.sd[2], alone.estimates_.sd[2], rtol=1e-10)
    # Without a value in a batch, it is shifted there by what the other features show on the average.
    rows = table["site"] == "s3"
    others = [0, 1, 2, 3, 4, 6, 7]
    age = (holes["age"] - holes["age"].mean()) / holes["age"].std(ddof=0)
    z = (
        features_of(holes) - step.estimates_.mean - age.to_numpy()[:, None] * step.estimates_.weights[0]
    ) / step.estimates_.sd
    own = np.nanmean(z[rows][:, others], axis=0)
    assert step.estimates_.shift[3, 5] == pytest.approx(own.mean(), rel=1e-9)
    # Where a batch has all values, nothing has changed for the complete features.
    full = ComBat("site", covariates=["age"]).fit(table)
    np.testing.assert_allclose(step.estimates_.sd[others[:2]], full.estimates_.sd[others[:2]], rtol=1e-12)


def test_one_batch_is_left_alone_with_a_note():
    table = simulated().assign(site="here")
    with collect_remarks() as notes:
        step = ComBat("site").fit(table)
    assert notes == ["all rows learned from are of batch 'here': nothing is harmonised"]
    np.testing.assert_array_equal(features_of(step.transform(table)), features_of(table))
    assert step.unknown_batches(simulated()).all()


@pytest.mark.parametrize(
    ("options", "change", "message"),
    [
        ({"batch_column": "sites"}, {}, "no column 'sites' \\(batch\\): did you mean 'site'"),
        ({"covariates": ["aage"]}, {}, "no column 'aage' \\(covariate\\): did you mean 'age'"),
        ({"covariates": "age"}, {}, "must be a list"),
        ({"reference_batch": "s9"}, {}, "reference batch 's9'"),
        ({"prefixes": ["wavelet"]}, {}, "none of the 28 columns is a radiomic feature"),
        ({}, {"site": [None] * 3 + ["a"] * 117}, "3 rows have no batch"),
        (
            {"covariates": ["site again"]},
            {"site again": simulated()["site"].tolist()},
            "cannot tell 4 batches",
        ),
        ({}, {"site": [f"p{n}" for n in range(120)]}, "too few rows"),
        ({}, {named(1)[0]: ["high"] * 120}, "holds 'high', which is no number"),
        ({}, {named(1)[0]: [np.inf] * 120}, "infinite"),
        ({}, dict.fromkeys(named(25), 1.5), "none of the 25 features varies within a batch"),
    ],
)
def test_what_cannot_be_harmonised_is_said(options, change, message):
    with pytest.raises(ModelError, match=message):
        ComBat(**{"batch_column": "site", **options}).fit(simulated().assign(**change))


def test_an_array_has_no_batch_column():
    with pytest.raises(ModelError, match="no column 'batch'"):
        ComBat().fit(np.eye(4))


def test_it_comes_back_from_json_to_the_bit():
    table, new = simulated(), simulated(draw=3)
    options = {"covariates": ["sex", "age"], "reference_batch": "s1", "preserve_outcome": True}
    step = ComBat("site", **options).fit(table, np.arange(len(table)) % 2)
    written = json.loads(json.dumps(step.to_dict(list(table.columns)), allow_nan=False))
    back = step_from_dict(written, list(table.columns))
    pd.testing.assert_frame_equal(back.transform(new), step.transform(new), check_exact=True)
    assert back.get_params() == step.get_params()
    assert back.to_dict(list(table.columns)) == step.to_dict(list(table.columns))
    written["columns"][named(1)[0]]["spread"][0] = -1.0
    with pytest.raises(ModelError, match="damaged"):
        step_from_dict(written, list(table.columns))
