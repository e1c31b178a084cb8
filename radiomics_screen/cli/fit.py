"""``radiomics-screen fit``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from radiomics_screen.cli.verbosity import is_quiet, say

if TYPE_CHECKING:
    from radiomics_screen.modelling.bundle.model import Model
    from radiomics_screen.modelling.controls import ImageControlInputs
    from radiomics_screen.modelling.data.crop_column import Crops
    from radiomics_screen.table.feature_table import FeatureTable

#: Settings that --tune tries in each fold.
_TRIALS = 30


def fit(
    table: Annotated[Path, typer.Argument(help="Feature table (.parquet or .csv), as `extract` writes it.")],
    target: Annotated[str, typer.Option(help="Column with the outcome, which has two values.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the model and its evaluation.")],
    positive: Annotated[
        str | None, typer.Option(help="The outcome's positive value; not needed for 0 and 1.")
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(help="Column that tells patients apart; 'none': each row is another patient."),
    ] = None,
    folds: Annotated[
        str | None, typer.Option(help="Column with given folds, instead of --splits and --repeats.")
    ] = None,
    splits: Annotated[int | None, typer.Option(help="Number of folds.", show_default="5")] = None,
    repeats: Annotated[
        int | None,
        typer.Option(
            help="How often all rows are divided anew.", show_default="5; 1 where settings are searched"
        ),
    ] = None,
    clinical: Annotated[
        str, typer.Option(help="Columns of clinical variables to learn from as well, with commas between.")
    ] = "",
    batch: Annotated[
        str | None,
        typer.Option(help="Column with scanner or site, whose differences are taken out inside each fold."),
    ] = None,
    perturbed: Annotated[
        Path | None,
        typer.Option(help="Table that `perturb` wrote: features that do not come out alike are dropped."),
    ] = None,
    least_icc: Annotated[
        float, typer.Option(help="Least lower bound of the ICC of a feature that is kept, with --perturbed.")
    ] = 0.75,
    common_value: Annotated[
        float,
        typer.Option(help="Part of the rows above which one value makes a feature useless; 1: only all."),
    ] = 1.0,
    correlation: Annotated[
        float,
        typer.Option(help="Rank correlation above which the later of two features is dropped; 1 keeps all."),
    ] = 0.95,
    select: Annotated[
        str,
        typer.Option(help="How features are chosen inside each fold: none, mrmr, elasticnet or boruta."),
    ] = "none",
    most_features: Annotated[int, typer.Option(help="How many features mrmr keeps.")] = 20,
    embedding: Annotated[
        str,
        typer.Option(help="How an embedding becomes few columns inside each fold: pca, pls or none."),
    ] = "pca",
    components: Annotated[
        float | None,
        typer.Option(
            help="How many they are; below 1, for pca: as many as hold this part of their variance.",
            show_default="32; with pls 4",
        ),
    ] = None,
    classifier: Annotated[
        str | None,
        typer.Option(
            "--classifier",
            "--model",
            help="What learns: xgboost, logistic, forest, svm, stack, late (classifiers of its own for each "
            "block of columns), cnn (a network on crops of lesions); several with commas between, or auto.",
            show_default="xgboost; with --tune auto",
        ),
    ] = None,
    options: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Hyperparameter, such as epochs=20; of several classifiers, stack.pull=2. Repeat for more.",
        ),
    ] = None,
    crops: Annotated[
        bool,
        typer.Option("--crops", help="Let late fusion look at crops of the lesions, too, through a network."),
    ] = False,
    crop: Annotated[
        list[str] | None,
        typer.Option(help="How crops are cut, such as margin=0.5 or background=mask. Repeat for more."),
    ] = None,
    checkpoints: Annotated[
        Path | None,
        typer.Option(
            help="Folder in which trainings of networks are kept until the fit ends; the same command then "
            "goes on where it was cut off.",
            show_default="beside the model",
        ),
    ] = None,
    tune: Annotated[
        bool,
        typer.Option("--tune", help="Choose classifier and settings on inner folds, in each fold anew."),
    ] = False,
    trials: Annotated[
        int | None,
        typer.Option(help="Settings tried on inner folds.", show_default="0; with --tune 30"),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="After which no further setting is tried; for the whole fit.")
    ] = None,
    inner_folds: Annotated[int, typer.Option(help="Folds inside the training rows.")] = 5,
    recalibrate: Annotated[
        str, typer.Option(help="Correct probabilities on inner folds: none, platt or isotonic.")
    ] = "none",
    threshold: Annotated[
        float, typer.Option(help="Probability from which on a case is called positive.")
    ] = 0.5,
    at_sensitivity: Annotated[
        float | None, typer.Option(help="Put the threshold, on inner folds, at this sensitivity instead.")
    ] = None,
    at_specificity: Annotated[
        float | None, typer.Option(help="Put the threshold, on inner folds, at this specificity instead.")
    ] = None,
    permutations: Annotated[
        int, typer.Option(help="Do all of it again so often, at most, with permuted labels: a p-value.")
    ] = 0,
    blocks: Annotated[
        bool,
        typer.Option(
            "--blocks",
            help="Judge what each block of columns adds (clinical, radiomics, breast, embedding, a region): "
            "two further cross-validations for each block.",
        ),
    ] = False,
    controls: Annotated[
        str,
        typer.Option(
            help="Is it the lesion at all? all; table: without looking at the images again; or none."
        ),
    ] = "all",
    error_rate: Annotated[float, typer.Option(help="How often prediction sets may miss the outcome.")] = 0.1,
    subgroups: Annotated[
        str,
        typer.Option(help="Columns that part the rows in the report, with commas between: device,birads."),
    ] = "",
    montage: Annotated[
        bool,
        typer.Option(help="Show the most extreme hits and misses in the report, with pictures and names."),
    ] = True,
    sign: Annotated[
        Path | None, typer.Option(help="Private key (`keys` makes one) to sign the model with.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of all that is drawn.")] = 0,
    device: Annotated[str, typer.Option(help="Where trees are trained: cpu, cuda or auto.")] = "auto",
    jobs: Annotated[
        int,
        typer.Option(
            "--jobs", "-j", help="Folds worked on, and images looked at, at a time; -1: one a core."
        ),
    ] = 1,
) -> None:
    """Cross-validate a way to learn, patients kept together, then learn from all rows."""
    from radiomics_screen.cli.keys import signing_key
    from radiomics_screen.cli.network_options import forget_trainings, nested, watching_networks
    from radiomics_screen.modelling import check_destination
    from radiomics_screen.modelling import fit as fit_model
    from radiomics_screen.report import (
        card_beside,
        check_subgroups,
        report_beside,
        write_fit_report,
        write_model_card,
    )
    from radiomics_screen.table.feature_table import read_table

    check_destination(output)
    _check_controls(controls)
    key = signing_key(sign)
    read = read_table(table)
    named = check_subgroups(read.frame, subgroups)
    candidates = _listed(classifier) if classifier else ["auto" if tune else "xgboost"]
    looks = crops or "cnn" in candidates
    if not looks:
        _refuse_without_networks(crop=crop, checkpoints=checkpoints)
    place = output.resolve()  # "." has no name of its own
    kept = checkpoints or place.with_name(f"{place.name}.training")
    cut = cache(partial(_crops, read, table, nested(crop or [], "--crop"), jobs))
    report, card = report_beside(place), card_beside(place)
    model = fit_model(
        read,
        target=target,
        positive=positive,
        group=group,
        folds=folds,
        splits=splits,
        repeats=repeats,
        clinical=_listed(clinical),
        batch=batch,
        perturbed=perturbed,
        least_icc=least_icc,
        common_value=common_value,
        correlation=correlation,
        select=select,
        most_features=most_features,
        embedding=embedding,
        components=components,
        classifier=candidates,
        hyperparameters=nested(options or [], "--set"),
        trials=(_TRIALS if tune else 0) if trials is None else trials,
        minutes=minutes,
        inner_folds=inner_folds,
        recalibrate=recalibrate,
        threshold=threshold,
        at_sensitivity=at_sensitivity,
        at_specificity=at_specificity,
        permutations=permutations,
        blocks=blocks,
        controls=controls != "none",
        images=partial(_evidence, read, table, group, cut if looks else None, seed, jobs)
        if controls == "all"
        else None,
        error_rate=error_rate,
        seed=seed,
        device=device,
        crops=cut if looks else None,
        watch=watching_networks(kept) if looks else None,
        jobs=jobs,
        progress=lambda what, finished, of: say(f"{what} {finished} of {of}", err=True),
    )
    model.save(output, sign_with=key)
    if looks:
        forget_trainings(kept)
    frame = read.frame.assign(crop=cut().column.to_numpy()) if model.looks_at_crops else read.frame
    write_fit_report(model, report, table=frame, subgroups=named, montage=montage)
    write_model_card(model, card)
    _show(model)
    say(f"model       {output}\nevaluation  {output / 'evaluation.json'}, {output / 'metrics.csv'}")
    say(f"report      {report}\nmodel card  {card}")


def _crops(read: FeatureTable, path: Path, options: dict[str, Any], jobs: int) -> Crops:
    """Cut the lesions out of their images."""
    from radiomics_screen.cli.progress import watching
    from radiomics_screen.prediction.crop_inputs import crops_of

    say("cutting the lesions out of their images", err=True)
    with watching() as progress:
        return crops_of(read, options, folder=path.parent, jobs=jobs, progress=progress)


def _refuse_without_networks(**given: object) -> None:
    """Refuse options that nothing but a network heeds."""
    from radiomics_screen.core.errors import ModelError

    if asked := [name for name, what in given.items() if what]:
        raise ModelError(
            f"--{asked[0]} has no effect, for nothing looks at crops: take --model cnn, or late with --crops"
        )


def _listed(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _check_controls(controls: str) -> None:
    from radiomics_screen.core.errors import ModelError, did_you_mean

    known = ("all", "table", "none")
    if controls not in known:
        raise ModelError(f"unknown controls '{controls}'{did_you_mean(controls, known)}")


def _evidence(
    read: FeatureTable, path: Path, group: str | None, crops: Callable[[], Crops] | None, seed: int, jobs: int
) -> ImageControlInputs:
    """Look at the images again, for the controls."""
    from radiomics_screen.cli.progress import watching
    from radiomics_screen.image_controls.run import run_image_controls

    say("looking at the images again, for the controls", err=True)
    with watching() as progress:
        return run_image_controls(
            read,
            group=group,
            folder=path.parent,
            crop=None if crops is None else crops().options,
            seed=seed,
            jobs=jobs,
            progress=progress,
        )


def _show(model: Model) -> None:
    from rich.console import Console
    from rich.table import Table

    say(f"{model.card.target} = {model.card.positive}, on patients that the model had not seen")
    counts = model.evaluation.counts()
    width = max(len(name) for name, _ in counts)
    for name, count in counts:
        say(f"{name:{width}}  {count}")
    shown = Table()
    for name in ("figure", "value", "95 % interval"):
        shown.add_column(name)
    for row in model.evaluation.table():
        shown.add_row(*row)
    if not is_quiet():
        Console().print(shown)
    for line in _further(model.evaluation.summary):
        say(line)
    for message in model.evaluation.summary["messages"]:
        say(message)


def _further(summary: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a user should not have to look for in the report."""
    from radiomics_screen.report.wording.numbers import with_interval

    if summary["threshold_rule"]:
        yield f"threshold of the model: {summary['threshold']:.3g} ({summary['threshold_rule']})"
    if kept := summary["robustness"]:
        yield f"features that come out alike on perturbed images: {kept['kept']} of {kept['of']}"
    if compared := summary["comparison"]:
        for one in compared["models"]:
            yield f"AUC of {one['name']}: {with_interval(one['auc'])}"
        for test in compared["tests"]:
            pair = f"{test['first']} less {test['second']}"
            p = "none" if test["p_holm"] is None else f"{test['p_holm']:.2g}"
            yield f"  {pair}: {with_interval({**test, 'value': test['difference']})}, p (Holm) {p}"
    if chance := summary["permutation"]:
        done = chance["permutations"]
        yield f"permuted labels did as well with p = {chance['p']:.3g} ({done} permutations)"
    if controls := summary["controls"]:
        looks = [one for one in controls if one["verdict"] == "look"]
        passed = sum(one["verdict"] == "passed" for one in controls)
        rest = len(controls) - len(looks) - passed
        yield f"controls: {len(looks)} to look at, {passed} passed, {rest} not run"
        for one in looks:
            yield f"  LOOK  {one['title']}: {one['text']}"
