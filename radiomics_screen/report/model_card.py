"""The model card: one page of Markdown that goes with a model, and says what cannot be known here.

Headings follow Mitchell et al. 2019, "Model cards for model reporting", FAT* 2019, pages 220-229.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from radiomics_screen.core.plurals import counted
from radiomics_screen.core.whole_files import write_whole
from radiomics_screen.modelling.assessment.findings import Findings
from radiomics_screen.modelling.options.request import all_options
from radiomics_screen.report.fit_report import kept_together
from radiomics_screen.report.sections.ablation import of_first_repeat, smallest_text
from radiomics_screen.report.sections.checklist import AUTHOR
from radiomics_screen.report.sections.controls import controls_intro, controls_of
from radiomics_screen.report.sections.headline import MEAN_AUC, inputs_of, mean_auc_text
from radiomics_screen.report.sections.preparation import preparation_of
from radiomics_screen.report.sections.stability import stability_text
from radiomics_screen.report.wording.crop_models import input_text, sees_crops_alone
from radiomics_screen.report.wording.numbers import (
    number,
    options_text,
    p_equals,
    per_cent_with_interval,
    repeats_text,
    with_interval,
)

if TYPE_CHECKING:
    from pydantic import JsonValue

    from radiomics_screen.modelling.bundle.model import Model

_OPEN = f"*{AUTHOR}*"


def write_model_card(model: Model, path: str | Path) -> None:
    """Write what is known about a model as Markdown.

    What software cannot know, such as the intended use, is marked "needs the author".

    Parameters
    ----------
    model
        With its evaluation; its predictions are not needed.
    path
        Of the file.

    Raises
    ------
    ModelError
        If it cannot be written.
    """
    card = model.card
    parts = [
        f"# Model card: {_plain(card.target)} = {_plain(card.positive)}",
        "**Research use only.** Not a medical device: nothing that the model says is a diagnosis, and no "
        "decision about a patient may rest on it.",
        _section("Model details", _table(("", ""), _details(model))),
        *_asked(model),
        _section("Intended use", _list(_intended_use(model))),
        _section("Factors", _list(_factors(model))),
        _section("Metrics", _metrics(model)),
        _section("Training data", _list(_training_data(model))),
        _section("Evaluation", _list(_evaluation(model))),
        _section("Ethical considerations and limits", _list(_limits(model))),
        f"Made by radiomics-screen {card.versions.get('radiomics_screen', '')}.",
    ]
    write_whole("\n\n".join(parts) + "\n", path)


def card_beside(folder: str | Path) -> Path:
    """Return where the card of a model folder lies: a folder ``model`` has ``model.card.md`` beside it."""
    place = Path(folder).absolute()
    return place.with_name(f"{place.name}.card.md")


def _details(model: Model) -> list[tuple[str, str]]:
    card = model.card
    options = options_text(card.hyperparameters)
    return [
        ("Question", f"Is {card.target} {card.positive} (rather than {card.negative})?"),
        ("Fitted", card.created),
        ("Classifier", f"{card.classifier} ({options})" if options else card.classifier),
        ("Input", input_text(model)),
        ("Output", f"probability of {card.positive}; called so from {card.threshold:.4g} on"),
        ("Settings of the extraction", _settings_text(model)),
        *preparation_of(model.evaluation.findings, features=not sees_crops_alone(model)),
        ("Versions", ", ".join(f"{name} {version}" for name, version in card.versions.items())),
        ("Fingerprint of the training table", str(card.training["fingerprint"])),
        ("Who made it, licence, contact", _OPEN),
    ]


def _asked(model: Model) -> list[str]:
    """Return the section of what the fit was asked for; nothing for a model of before it was kept."""
    asked = model.card.options
    if asked is None:
        return []
    known = all_options()
    rows = [
        (name, _value(value), _plain(known[name].default_text if name in known else "not known"))
        for name, value in asked.items()
    ]
    text = "Options that differ from their defaults; all others kept theirs."
    return [
        _section("What the fit was asked for", f"{text}\n\n{_table(('option', 'value', 'default'), rows)}")
    ]


def _value(value: JsonValue) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return options_text(value) if isinstance(value, dict) else str(value)


def _settings_text(model: Model) -> str:
    if sees_crops_alone(model):
        return "no features are extracted"
    return "in the model folder" if model.settings else "not known"


def _intended_use(model: Model) -> list[str]:
    return [
        "Research on images of the kind that it was fitted on, with the lesion marked by hand.",
        f"Primary use and users: {_OPEN}",
        "Out of scope: diagnosis, screening, any decision about a patient; images of other kinds, devices or "
        "patients than those below; lesions that were marked in another way.",
    ]


def _factors(model: Model) -> list[str]:
    findings = model.evaluation.findings
    harmonised = findings.harmonised
    between = (
        f"Features were harmonised between the values of '{_plain(harmonised.batch)}'." if harmonised else ""
    )
    groups = "Groups that matter (age, sex, device, site, size of the lesion) and figures in them"
    return [
        *([between] if between else []),
        f"{groups}: the report shows those that were asked for (--subgroups); which matter: {_OPEN}",
        f"Devices and protocol of the images: {_OPEN}",
    ]


def _metrics(model: Model) -> str:
    evaluation = model.evaluation
    headings = ("figure", "value", "95 % interval")
    text = (
        "On patients that the pipeline had not seen; intervals by bootstrap over patients. They say how sure "
        "the figures of these fitted models are, not how much other training patients would have changed."
    )
    inputs = inputs_of(model)
    text = f"{_plain(inputs)} {text}" if inputs else text
    return f"{text}\n\n{_table(headings, evaluation.table())}"


def _training_data(model: Model) -> list[str]:
    training, card = model.card.training, model.card
    gaps = training["missing_values"]
    filled = f"{gaps}, which took the medians of the training rows" if gaps else "none"
    return [
        f"{training['rows']} rows of {training['patients']} patients: {training['positives']} "
        f"{_plain(card.positive)}, {training['negatives']} {_plain(card.negative)}; "
        f"{training['rows_read']} rows were read.",
        *(
            f"{counted(part['rows'], 'row')} left out: {_plain(part['reason'])}."
            for part in training["left_out"]
        ),
        *([] if sees_crops_alone(model) else [f"Missing values: {filled}."]),
        f"Place, period, eligibility, devices, reference standard, who marked the lesions: {_OPEN}",
    ]


def _evaluation(model: Model) -> list[str]:
    findings = model.evaluation.findings
    repeats = repeats_text(findings.fold_design.repeats)
    return [
        f"Cross-validated on {_plain(findings.fold_design.text)}{repeats}, {kept_together(model)}; all that "
        f"is learned is learned inside the folds. {MEAN_AUC}: {mean_auc_text(model.evaluation)}.",
        *_further(findings),
        f"Test on patients of another place: {_OPEN}",
    ]


def _further(findings: Findings) -> list[str]:
    """Return what else was found out, each only where it was done."""
    found = []
    if stable := stability_text(findings):
        found.append(stable)
    if tuning := findings.tuning:
        found.append(
            f"Hyperparameters: {tuning.trials} trials of {', '.join(tuning.candidates)} in each fold."
        )
    if permutation := findings.permutation:
        found.append(
            f"Against chance: AUC{of_first_repeat(findings)} {number(permutation.observed)}, "
            f"{counted(len(permutation.permuted), 'permutation')} of the outcomes among patients, "
            f"{p_equals(permutation.p)}{smallest_text(permutation)}."
        )
    for one in findings.comparison.tests if findings.comparison else ():
        found.append(
            f"AUC of {_plain(one.first)} less that of {_plain(one.second)}: "
            f"{with_interval(one.estimate)}, {p_equals(one.p_holm)} (DeLong, Holm)."
        )
    if sets := findings.prediction_sets:
        held, single, wrong = (
            per_cent_with_interval(sets.figures[name]) for name in ("coverage", "single", "error_of_single")
        )
        found.append(
            f"Prediction sets at an error rate of {sets.error_rate:g}: the true outcome is in {held}; "
            f"one outcome only in {single}, of which wrong {wrong}."
        )
    controls = controls_of(findings)
    if controls and (intro := controls_intro(findings)):
        found.append(f"Controls: {intro}")
    found += [f"Control, {one.called}: {_plain(one.title)}. {_plain(one.text)}" for one in controls]
    return found


def _limits(model: Model) -> list[str]:
    return [
        *(f"{_sentence(_plain(message))}" for message in model.evaluation.findings.messages),
        "Probabilities, predictive values and net benefit hold for a population with the same part of "
        f"{_plain(model.card.positive)} rows.",
        "Contributions say what moves this model, not what causes the disease.",
        *(["Heat maps say where its network looks, not why."] if model.looks_at_crops else []),
        "predictions.csv in the model folder names cases and patients, and the report beside it may show "
        "images: hand them on only where that is allowed.",
        f"Ethics approval, consent, possible harms and who may be worse served: {_OPEN}",
        f"What would have to be shown before any use: {_OPEN}",
    ]


def _section(title: str, text: str) -> str:
    return f"## {title}\n\n{text}"


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    return text if text == _OPEN else _plain(text)


def _plain(text: str) -> str:
    """Return a text that Markdown shows as it is, in one line."""
    one_line = " ".join(str(text).split())
    return "".join(f"\\{letter}" if letter in "\\`*_<>|[]#" else letter for letter in one_line)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
