"""The report: one file that loads nothing, says what was found, and is the same each time."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from radiomics_screen.cli.app import app
from radiomics_screen.errors import ModelError
from radiomics_screen.modelling import Model, fit
from radiomics_screen.modelling.external import evaluate
from radiomics_screen.report import write_external_report, write_fit_report
from tests.unit.tables import ASKED, FAST, small_table

VOID = {"meta", "link", "br", "hr", "img", "input", "path", "use", "rect", "line", "circle", "stop"}


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
    assert "@import" not in text
    for _, attributes in page.tags:
        for name, value in attributes.items():
            if name in ("href", "src", "xlink:href"):
                assert (value or "").startswith("#")
    assert re.findall(r"url\((?!#)", text) == []


def test_every_id_is_there_once_and_every_reference_leads_somewhere(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:xlink:href="#|url\(#)([^")]+)', text)) <= set(ids)


def test_every_figure_has_a_description_and_its_n(written: Path) -> None:
    page = read(written)
    pictures = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert len(pictures) == 7
    assert all(one["role"] == "img" and one["aria-label"] and "viewbox" in one for one in pictures)
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", written.read_text(encoding="utf-8"))
    assert len(captions) == 7
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


def test_a_report_without_its_table_has_no_features_and_no_subgroups(model: Model, tmp_path: Path) -> None:
    write_fit_report(model, tmp_path / "r.html", resamples=50)
    assert sum(tag == "svg" for tag, _ in read(tmp_path / "r.html").tags) == 5
    with pytest.raises(ModelError, match="'site' needs a table"):
        write_fit_report(model, tmp_path / "r.html", subgroups=["site"], resamples=50)


def test_an_external_report_counts_who_was_left_out(model: Model, tmp_path: Path) -> None:
    other = small_table(40, seed=3)
    other = other.assign(case_id="x" + other["case_id"], patient_id="x" + other["patient_id"])
    other.loc[:2, "finding"] = None
    found = evaluate(model, other, resamples=50)
    write_external_report(found, tmp_path / "r.html")
    words = " ".join(" ".join(read(tmp_path / "r.html").words).split())
    assert "no value of 'finding'" in words
    assert "threshold, frozen" in words


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
    for more in ([], ["--subgroups", "site"]):
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
