"""The report: one file that loads nothing, says what was found, and is the same each time."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from radiomics_screen.cli.app import app
from radiomics_screen.cohort.synthetic import make_sample
from radiomics_screen.core.errors import ModelError
from radiomics_screen.modelling import Model, fit
from radiomics_screen.modelling.external_evaluation import evaluate
from radiomics_screen.report import write_external_report, write_fit_report
from tests.helpers.summaries import full_summary
from tests.helpers.tables import ASKED, FAST, small_table

VOID = {"meta", "link", "br", "hr", "img", "input", "path", "use", "rect", "line", "circle", "stop", "image"}


class _Read(HTMLParser):
    """Collects tags, ids and text; fails on tags that do not match."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(path: Path) -> _Read:
    page = _Read()
    page.feed(path.read_text(encoding="utf-8"))
    assert page.open == []
    return page


def table() -> pd.DataFrame:
    made = small_table()
    made["site"] = ["<b>north</b>" if n % 2 else "a $5 site & co" for n in range(len(made))]
    return made


@pytest.fixture(scope="module")
def model() -> Model:
    return fit(table(), **ASKED, **{**FAST, "repeats": 2})


@pytest.fixture(scope="module")
def written(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_fit_report(model, path, table=table(), subgroups=["site"], resamples=50)
    return path


def test_the_page_loads_nothing_and_runs_nothing(written: Path) -> None:
    page, text = read(written), written.read_text(encoding="utf-8")
    assert not {"script", "link", "iframe", "img", "object"} & {tag for tag, _ in page.tags}
    assert "javascript:" not in text
    assert "@import" not in text
    for _, attributes in page.tags:
        for name, value in attributes.items():
            if name in ("href", "src", "xlink:href"):
                assert (value or "").startswith(("#", "data:image/png;base64,"))
    assert re.findall(r"url\((?!#)", text) == []


def test_every_id_is_there_once_and_every_reference_leads_somewhere(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:xlink:href="#|url\(#)([^")]+)', text)) <= set(ids)


def test_every_figure_has_a_description_and_its_n(written: Path) -> None:
    page = read(written)
    pictures = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert len(pictures) == 8
    assert all(one["role"] == "img" and one["aria-label"] and "viewbox" in one for one in pictures)
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", written.read_text(encoding="utf-8"))
    assert len(captions) == 8
    rows = len(table())
    assert sum(f"n = {rows} rows" in caption for caption in captions) == 5


def test_the_page_says_what_was_found(written: Path, model: Model) -> None:
    words = " ".join(read(written).words)
    assert words.count("Research use only") == 2
    assert "needs the author" in words
    auc = model.evaluation.figure("auc")
    assert f"{auc.value:.3f}" in words
    assert model.card.training["fingerprint"] in words
    assert words.count("fold ") >= 6


def test_values_of_the_table_are_text_not_html(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    assert "<b>north</b>" not in text
    assert "&lt;b&gt;north&lt;/b&gt;" in text
    assert "a $5 site &amp; co" in text


def test_the_same_model_gives_the_same_bytes(written: Path, model: Model, tmp_path: Path) -> None:
    write_fit_report(model, tmp_path / "again.html", table=table(), subgroups=["site"], resamples=50)
    assert (tmp_path / "again.html").read_bytes() == written.read_bytes()


@pytest.mark.usefixtures("figures_not_rendered")
def test_a_report_without_its_table_has_no_features_and_no_subgroups(model: Model, tmp_path: Path) -> None:
    write_fit_report(model, tmp_path / "r.html", resamples=50)
    assert sum(tag == "svg" for tag, _ in read(tmp_path / "r.html").tags) == 5
    assert "the table names none" in (tmp_path / "r.html").read_text(encoding="utf-8")
    with pytest.raises(ModelError, match="no column 'site' \\(subgroups\\)"):
        write_fit_report(model, tmp_path / "r.html", subgroups=["site"], resamples=50)


SECTIONS = {
    "lesion": "Is it the lesion at all?",
    "doubt": "How sure",
    "simpler": "Better than simpler models, and than chance?",
    "tuning": "What each fold chose",
    "preparation": "How features and probabilities were prepared",
}


def with_summary(model: Model, **entries: Any) -> Model:
    return replace(
        model, evaluation=replace(model.evaluation, summary={**model.evaluation.summary, **entries})
    )


@pytest.mark.usefixtures("figures_not_rendered")
def test_what_was_not_done_has_no_section(model: Model, tmp_path: Path) -> None:
    bare = with_summary(model, **dict.fromkeys(full_summary()))
    write_fit_report(bare, tmp_path / "r.html", resamples=50)
    ids = {attributes.get("id") for _, attributes in read(tmp_path / "r.html").tags}
    assert ids & {"preparation"} == ids & set(SECTIONS)
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert text.count("not done") == 4


@pytest.mark.usefixtures("figures_not_rendered")
def test_a_model_of_an_older_version_still_has_a_report(model: Model, tmp_path: Path) -> None:
    entries = {name: value for name, value in model.evaluation.summary.items() if name not in full_summary()}
    predictions = model.evaluation.predictions
    assert predictions is not None
    old = predictions.drop(columns="threshold", errors="ignore")
    older = replace(model, evaluation=replace(model.evaluation, summary=entries, predictions=old))
    write_fit_report(older, tmp_path / "r.html", table=table(), resamples=50)
    ids = {attributes.get("id") for _, attributes in read(tmp_path / "r.html").tags}
    assert not ids & set(SECTIONS)


def with_everything(model: Model, folder: Path) -> tuple[Model, pd.DataFrame]:
    """Return a model whose summary tells of all that can be done, and its table with pictures."""
    made = pd.read_csv(make_sample(folder, patients=2))
    cases = table()
    chosen = [n % len(made) for n in range(len(cases))]
    for name in ("image", "mask"):
        cases[name] = [str(folder / made[name][n]) for n in chosen]
    return with_summary(model, **full_summary()), cases


def test_a_report_of_everything(model: Model, tmp_path: Path) -> None:
    whole, cases = with_everything(model, tmp_path)
    json.dumps(dict(whole.evaluation.summary))  # plain JSON, as a model folder needs it
    path = tmp_path / "r.html"
    write_fit_report(whole, path, table=cases, subgroups=["site"], resamples=50)
    page, text = read(path), path.read_text(encoding="utf-8")
    words = " ".join(" ".join(page.words).split())
    ids = {attributes["id"] for _, attributes in page.tags if attributes.get("id")}
    for place, title in {**SECTIONS, "cases": "Hits and misses with the most extreme probabilities"}.items():
        assert place in ids
        assert title in words
    inside = {a["href"] for tag, a in page.tags if tag == "a"}
    assert inside <= {f"#{place}" for place in ids}
    assert words.index("Size alone") < words.index("Shuffled") < words.index("Device <alone>")
    assert "hand it on only where these may go" in words
    assert text.count("data:image/png;base64,") >= 9  # at least 8 pictures of cases, and the points
    assert "needs the author" in words
    assert len(text) < 3_000_000
    write_fit_report(whole, path, table=cases, resamples=50, montage=False)
    without = path.read_text(encoding="utf-8")
    assert 'class="lesion"' not in without
    assert not {case for case in cases["case_id"] if f"<br>{case}<" in without}


@pytest.mark.usefixtures("figures_not_rendered")
def test_the_page_says_what_its_figures_are_of(model: Model, tmp_path: Path) -> None:
    whole, cases = with_everything(model, tmp_path)
    path = tmp_path / "r.html"
    write_fit_report(whole, path, table=cases, resamples=50)
    words = " ".join(" ".join(read(path).words).split())
    assert "the clinical variables age, side: these figures are not of radiomics alone" in words
    assert "here of the first repeat only; the radiomic features without clinical columns; one" in words
    assert "an AUC in the first repeat of 0.900 or more (that of this model)" in words
    assert "; means of 2 repeats Rows called bad" in words  # the heading, then its table's caption
    assert "surely so only where its band, too, lies above both" in words
    assert re.search(r"probability \d\.\d{3} · truth: (bad|good) ", words)
    bare = with_summary(model, **dict.fromkeys(full_summary()))
    write_fit_report(bare, path, resamples=50)
    assert "radiomics alone" not in " ".join(read(path).words)


@pytest.mark.usefixtures("figures_not_rendered")
def test_delong_stands_beside_an_interval_that_is_too_narrow(model: Model, tmp_path: Path) -> None:
    other = small_table(40, seed=3)
    other = other.assign(case_id="x" + other["case_id"], patient_id="x" + other["patient_id"])
    for patients in (None, 60):
        found = evaluate(model, other, resamples=50)
        counts = found.summary["judgement"]["counts"]
        assert counts["patients"] < 60
        counts["patients"] = patients or counts["patients"]
        write_external_report(found, tmp_path / "r.html")
        words = " ".join(" ".join(read(tmp_path / "r.html").words).split())
        delong = found.summary["judgement"]["delong"]
        shown = f"with DeLong's: {delong['value']:.3f} ({delong['low']:.3f} to {delong['high']:.3f})."
        assert (shown in words) == (patients is None)
        assert any("somewhat too narrow" in message for message in found.summary["messages"])


@pytest.mark.usefixtures("figures_not_rendered")
def test_thresholds_of_the_folds_are_used(model: Model, tmp_path: Path) -> None:
    predictions = model.evaluation.predictions
    assert predictions is not None
    first = predictions["fold"].astype(str) == "1"
    low = predictions.assign(threshold=first.map({True: 0.01, False: 0.02}))
    own = replace(model, evaluation=replace(model.evaluation, predictions=low))
    write_fit_report(own, tmp_path / "r.html", resamples=50)
    words = " ".join(" ".join(read(tmp_path / "r.html").words).split())
    assert "Calls at a threshold of 0.01 to 0.02, by fold" in words
    rows = len(low)
    called = sum(low["probability"] >= low["threshold"])
    assert called > sum(low["probability"] >= 0.5)
    bad = low[low["target"] == "bad"]
    found = (bad["probability"] >= bad["threshold"]).mean()
    assert rows == 2 * len(table())
    assert f"sensitivity (recall) {found:.3f}" in words


@pytest.mark.usefixtures("figures_not_rendered")
def test_an_external_report_shows_prediction_sets(model: Model, tmp_path: Path) -> None:
    other = small_table(40, seed=3)
    other = other.assign(case_id="x" + other["case_id"], patient_id="x" + other["patient_id"])
    found = evaluate(model, other, resamples=50)
    found.summary.pop("doubt", None)
    write_external_report(found, tmp_path / "r.html")
    assert "How sure" not in " ".join(read(tmp_path / "r.html").words)
    found.summary["doubt"] = full_summary()["doubt"]
    write_external_report(found, tmp_path / "r.html")
    assert "How sure" in " ".join(read(tmp_path / "r.html").words)


@pytest.mark.usefixtures("figures_not_rendered")
def test_an_external_report_counts_who_was_left_out(model: Model, tmp_path: Path) -> None:
    other = small_table(40, seed=3)
    other = other.assign(case_id="x" + other["case_id"], patient_id="x" + other["patient_id"])
    other.loc[:2, "finding"] = None
    found = evaluate(model, other, resamples=50)
    write_external_report(found, tmp_path / "r.html")
    words = " ".join(" ".join(read(tmp_path / "r.html").words).split())
    assert "no value of 'finding'" in words
    assert "threshold, frozen" in words


@pytest.mark.usefixtures("figures_not_rendered")
def test_fit_writes_its_report_beside_the_model_and_may_be_repeated(tmp_path: Path) -> None:
    table().to_csv(tmp_path / "t.csv", index=False)
    asked = [
        "fit",
        str(tmp_path / "t.csv"),
        "--target",
        "finding",
        "--positive",
        "bad",
        "--group",
        "patient_id",
    ]
    asked += ["--splits", "2", "--repeats", "1", "--device", "cpu", "-o", str(tmp_path / "model")]
    for more in ([], ["--subgroups", "site", "--overwrite"]):
        done = CliRunner().invoke(app, [*asked, *more])
        assert done.exit_code == 0, done.output
    assert "By site" in " ".join(read(tmp_path / "model.report.html").words)
    assert not list((tmp_path / "model").glob("*.html"))
    refused = CliRunner().invoke(app, [*asked, "--subgroups", "nowhere"])
    assert refused.exit_code == 2
    assert "fold" not in refused.output


def test_evaluate_on_the_command_line(model: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    other = small_table(40, seed=3)
    other = other.assign(case_id="x" + other["case_id"], patient_id="x" + other["patient_id"])
    other.to_csv(tmp_path / "other.csv", index=False)
    asked = ["evaluate", str(tmp_path / "model"), str(tmp_path / "other.csv"), "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "evaluation.json", "metrics.csv", "predictions.csv", "report.html",
    }  # fmt: skip
    assert "For research use only" in done.output
    into_model = [*asked[:-1], str(tmp_path / "model")]
    assert CliRunner().invoke(app, into_model).exit_code == 2


def test_a_cases_file_needs_a_model_that_knows_how_to_extract(model: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    pd.DataFrame({"case_id": ["a"], "image": ["a.png"], "mask": ["b.png"]}).to_csv(
        tmp_path / "c.csv", index=False
    )
    asked = ["evaluate", str(tmp_path / "model"), str(tmp_path / "c.csv"), "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 2
    assert "does not say how to extract" in done.output
