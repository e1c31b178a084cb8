"""Options of a fit: each is defined once, and shown the same everywhere."""

from __future__ import annotations

import inspect
import re
from typing import Any

import numpy as np
import pytest
from typer.main import get_command

from benchmarks import fit_options
from radiomics_screen.cli.app import app
from radiomics_screen.core.errors import ModelError
from radiomics_screen.core.options import options_of
from radiomics_screen.modelling import Checks, Design, Learner, Preparation, fit
from radiomics_screen.modelling.arguments import faults_beyond_ranges
from radiomics_screen.modelling.assessment import uncertainty
from radiomics_screen.modelling.options.groups import ERROR_RATE, REDUCTIONS, SELECTIONS
from radiomics_screen.modelling.options.option import OptionError
from radiomics_screen.modelling.options.request import all_options, gathered
from radiomics_screen.modelling.steps import STEPS
from radiomics_screen.modelling.steps.reduce import COMPONENTS
from tests.helpers.tables import ASKED, FAST, small_table


def test_signature_docstring_and_documentation_list_the_options_as_they_are() -> None:
    assert fit_options.outdated() == [], "run: python -m benchmarks.fit_options --write"


def test_the_signature_of_fit_has_every_option_with_its_default_and_help() -> None:
    shown = options_of(inspect.unwrap(fit))
    for name, one in all_options().items():
        expected = inspect.Parameter.empty if one.required else one.default
        assert shown[name].default == expected
        assert shown[name].doc.startswith(one.help("docstring"))
    assert all(one.doc for one in shown.values())


def test_the_command_line_has_every_option_with_its_help() -> None:
    command = get_command(app).commands["fit"]  # type: ignore[attr-defined]
    shown = {flag: one for one in command.params for flag in one.opts}
    for name, one in all_options().items():
        assert one.flag in shown
        if name not in ("hyperparameters", "controls"):
            assert shown[one.flag].help.startswith(one.help("command line"))
    for flag in ("--model", "-j", "-o", "--tune", "--set", "--crop", "--crops", "--checkpoints", "--sign"):
        assert flag in shown
    assert not re.search(r"[{}]", "".join(getattr(one, "help", None) or "" for one in command.params))


def test_choices_are_those_of_the_steps() -> None:
    assert set(SELECTIONS[1:]) <= set(STEPS)
    assert set(REDUCTIONS) == {*COMPONENTS, "none"}
    assert ERROR_RATE == uncertainty.ERROR_RATE


def test_all_wrong_options_are_reported_at_once_in_the_callers_syntax() -> None:
    wrong: dict[str, object] = {
        "target": "y",
        "inner_folds": 1,
        "select": "mrmrr",
        "classifier": "svn",
        "threshold": float("nan"),
    }
    with pytest.raises(OptionError) as caught:
        gathered(wrong, faults_beyond_ranges)
    assert len(caught.value.faults) == 4
    text = str(caught.value)
    assert text.startswith("4 options are wrong\n")
    assert "  inner_folds is 1; it must be at least 2" in text
    assert "select is 'mrmrr'; it must be none, mrmr, elasticnet or boruta: did you mean 'mrmr'?" in text
    assert "unknown classifier 'svn': did you mean 'svm'?" in text
    assert "--inner-folds is 1; it must be at least 2" in caught.value.on_command_line()


def test_a_group_is_checked_when_it_is_made() -> None:
    with pytest.raises(OptionError, match=r"2 options are wrong\n  splits is 1; .*\n  repeats is 0"):
        Design(splits=1, repeats=0)
    with pytest.raises(OptionError, match="give one of the three"):
        Learner(at_sensitivity=0.9, at_specificity=0.9)
    with pytest.raises(OptionError, match="correlation is None; it must have a value"):
        Preparation(correlation=None)  # type: ignore[arg-type]


def test_flat_options_and_groups_ask_for_the_same() -> None:
    flat = gathered({"target": "y", "splits": 3, "correlation": 0.9})
    grouped = gathered(
        {"target": "y", "design": Design(splits=3), "preparation": Preparation(correlation=0.9)}
    )
    assert flat == grouped
    assert flat.changed() == {"target": "y", "splits": 3, "correlation": 0.9}
    with pytest.raises(OptionError, match="splits is given twice: as 4, and as 3 in design"):
        gathered({"target": "y", "splits": 4, "design": Design(splits=3)})
    with pytest.raises(ModelError, match=r"design is 3; it must be Design\(...\)"):
        gathered({"target": "y", "design": 3})


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ModelError, match="fit has no option 'corelation': did you mean 'correlation'"):
        fit(small_table(), **ASKED, corelation=0.9)  # type: ignore[call-arg]


def test_a_model_keeps_what_it_was_asked_for() -> None:
    table = small_table()
    groups: dict[str, Any] = {
        "design": Design(splits=3, repeats=1),
        "checks": Checks(controls=False, resamples=20),
    }
    flat: dict[str, Any] = {"splits": np.int64(3), "repeats": 1, "controls": False, "resamples": 20}
    grouped, given = (
        fit(table, **ASKED, **options, classifier="logistic", device="cpu") for options in (groups, flat)
    )
    np.testing.assert_array_equal(given.predict_probability(table), grouped.predict_probability(table))
    assert given.card.options == grouped.card.options
    assert given.card.options == {
        **ASKED, "splits": 3, "repeats": 1, "classifier": "logistic", "controls": False, "resamples": 20,
        "device": "cpu",
    }  # fmt: skip
    assert set(FAST) <= set(all_options())
