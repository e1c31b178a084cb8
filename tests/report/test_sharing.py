"""A shared model gives the same answers, and holds no name: every identifier is looked for."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling import Model, fit, load_model
from radiomics_screen.report import write_fit_report
from radiomics_screen.report.identifiers import Identifiers, named_in
from radiomics_screen.report.nameless_model import stripped
from radiomics_screen.report.sharing import share
from tests.helpers.command_line import run_command
from tests.helpers.tables import ASKED, FAST, small_table

pytestmark = pytest.mark.usefixtures("figures_not_rendered")

NASTY = [
    "Müller, Ünal",
    'O"Neil <b>',
    "Smith & Sons",
    "back\\slash",
    "1.2.840.99.7",
    "space in id",
    "c'est",
    "123456789",
]


def table() -> pd.DataFrame:
    made = small_table(40)
    made["case_id"] = [f"{NASTY[n % len(NASTY)]} {n}" for n in range(len(made))]
    made["patient_id"] = [f"Pat/{owner}" for owner in made["patient_id"]]
    made["image"] = [f"/data/hospital/{n}/scan-{n:03d}.nii.gz" for n in range(len(made))]
    made["ward"] = np.where(np.arange(len(made)) % 3, "west", "east")
    made["place"] = [f"Clinic {int(owner[-2:]) % 4}" for owner in made["patient_id"]]
    made.loc[[3, 4], "status"] = "failed"  # left out, with their names
    return made


@pytest.fixture(scope="module")
def fitted() -> Model:
    plan = {**FAST, "splits": None, "repeats": None, "folds": "place", "clinical": ["ward"]}
    return fit(table(), **ASKED, **plan)


def all_text(*places: Path) -> str:
    """Return all that lies in some files and folders, with what is escaped or embedded written out."""
    texts = []
    for place in places:
        for path in [place] if place.is_file() else sorted(place.rglob("*")):
            text = path.read_text(encoding="utf-8")
            embedded = map(base64.b64decode, re.findall(r"base64,([\w+/=]+)", text))
            texts += [path.name, text, unescape(text), text.replace("\\\\", "\\").replace('\\"', '"')]
            texts += [one.decode("latin-1") for one in embedded]
    return "\n".join(texts)


def test_the_original_names_cases(fitted: Model, tmp_path: Path) -> None:
    """What is searched below can be found by the same search."""
    fitted.save(tmp_path / "m")
    without = replace(fitted, evaluation=replace(fitted.evaluation, predictions=None))
    without.save(tmp_path / "n")
    write_fit_report(fitted, tmp_path / "r.html", montage=False, resamples=50)
    for place in (tmp_path / "m", tmp_path / "n", tmp_path / "r.html"):
        assert f"{NASTY[3]} 3" in all_text(place)
    assert "Clinic 0" in all_text(tmp_path / "n")


def test_no_identifier_is_left_and_answers_stay(fitted: Model, tmp_path: Path) -> None:
    rows = table()
    made = share(fitted, rows, tmp_path / "shared")
    text = all_text(made.files.model, made.files.report, made.files.card)
    for name in ("case_id", "patient_id", "image", "place"):
        for one in set(rows[name]):
            assert one not in text
            assert Path(one).name not in text
    assert not (made.files.model / "predictions.csv").exists()
    assert made.searched >= len(rows)
    assert any("'ward'" in remark and "east, west" in remark for remark in made.remarks)
    again = load_model(made.files.model)
    chosen = rows[rows["status"] == "ok"]
    np.testing.assert_array_equal(again.predict_proba(chosen), fitted.predict_proba(chosen))
    ours, theirs = (model.answer(model.inputs.read(chosen)) for model in (again, fitted))
    assert ours.sets is not None
    assert theirs.sets is not None
    np.testing.assert_array_equal(ours.sets, theirs.sets)
    assert ours.reasons == theirs.reasons
    for name in ("auc", "sensitivity", "brier"):
        assert again.evaluation.figure(name) == fitted.evaluation.figure(name)
    assert again.evaluation.findings.cohort.left_out[0].cases == ()
    assert {fold.fold for fold in again.evaluation.findings.folds} == {str(n) for n in range(1, 5)}


def test_figures_of_the_report_are_those_of_the_original(fitted: Model, tmp_path: Path) -> None:
    """Names are replaced in their order, so that the same patients are drawn."""
    rows = table()
    made = share(fitted, rows, tmp_path / "shared")
    write_fit_report(fitted, tmp_path / "r.html", table=rows, montage=False)
    figures = [
        re.findall(r'<td class="n">(.*?)</td>', path.read_text(encoding="utf-8"))
        for path in (tmp_path / "r.html", made.files.report)
    ]
    assert figures[0] == figures[1]


def test_controls_and_sentences_name_nobody(fitted: Model) -> None:
    pair = "1 pair among 40 images: 7 and 12. If they are one patient ..."
    control = {"name": "near duplicates", "title": "t", "verdict": "look", "text": pair}
    named = {
        "controls": [{**control, "figures": {"pairs": 1, "compared": 40}}],
        "messages": ["patients 7 and 12 have both; see case Anna-1 (0.7 of 120)"],
    }
    summary = {**fitted.evaluation.summary, **named}
    model = replace(fitted, evaluation=replace(fitted.evaluation, summary=summary))
    found = stripped(model, Identifiers.of(["7", "12", "Anna-1"])).evaluation.summary
    assert found["controls"][0]["text"] == "Found (pairs: 1, compared: 40). Which cases they are is left out."
    assert found["messages"] == ["patients … and … have both; see case … (0.7 of 120)"]


def test_a_model_that_learned_names_is_not_shared(tmp_path: Path) -> None:
    rows = table()
    rows["ward"] = rows["patient_id"].str[-2:].radd("Pat/p")  # looks like a ward, and is a patient
    rows["patient_id"] = rows["ward"]
    few = rows[rows["ward"].isin(sorted(set(rows["ward"]))[:15])]
    model = fit(few, **ASKED, **FAST, clinical=["ward"])
    with pytest.raises(ModelError, match=r"nothing was written: identifiers are still in it .* 'Pat/p"):
        share(model, few, tmp_path / "shared")
    assert list(tmp_path.iterdir()) == []


def test_another_table_or_no_predictions(fitted: Model, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not the table that the model was fitted on: it lacks"):
        share(fitted, table().iloc[:20], tmp_path / "shared")
    bare = replace(fitted, evaluation=replace(fitted.evaluation, predictions=None))
    with pytest.raises(ModelError, match=r"no predictions\.csv"):
        share(bare, table(), tmp_path / "shared")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<td>Smith &amp; Sons</td>", True),
        ('{"a": "M\\u00fcller"}', True),
        ("a Müllerin", False),
        ("0.123456", False),
        ("x123456", False),
        ("id=123456,", True),
        ("1.2.840.1.5", False),
        ("/1.2.840.1/", True),
        ("O%22Neil", True),
        ("size of 12", False),
    ],
)
def test_an_identifier_is_found_in_any_writing_as_a_whole(text: str, found: bool) -> None:
    known = Identifiers.of(
        ["Smith & Sons", "Müller", "123456", "1.2.840.1", 'O"Neil', "12", "AUC"], needed=["AUC"]
    )
    assert bool(list(known.in_text(text))) is found
    assert (known.short, known.shared) == ({"12"}, {"AUC"})


def test_paths_name_by_their_parts() -> None:
    frame = pd.DataFrame({"case_id": ["a"], "image": ["C:\\scans\\Anna-1.nii.gz"], "other": ["z"]})
    assert {"Anna-1", "Anna-1.nii.gz", "a"} < named_in(frame)
    assert "z" in named_in(frame, ["other"])


def test_the_command(fitted: Model, tmp_path: Path) -> None:
    rows: Any = table()
    rows.to_csv(tmp_path / "t.csv", index=False)
    fitted.save(tmp_path / "m")
    asked = ("share", tmp_path / "m", tmp_path / "t.csv", "-o", tmp_path / "out" / "shared")
    done = run_command(*asked)
    assert "none found" in done.stdout
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "shared",
        "shared.report.html",
        "shared.card.md",
    }
    again = run_command(*asked, code=2)
    assert "--overwrite" in again.stderr
