"""``radiomics-screen fit``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from radiomics_screen.cli.extract import ReadAgainOption, time_limit_of
from radiomics_screen.cli.option_groups import Form, with_groups
from radiomics_screen.cli.verbosity import say
from radiomics_screen.modelling.options.groups import Checks, Compute, Design, Learner, Preparation, Task

if TYPE_CHECKING:
    from radiomics_screen.cli.fit_progress import FitDisplay
    from radiomics_screen.modelling.bundle.model import Model
    from radiomics_screen.modelling.classifiers.shared.watch import Watch
    from radiomics_screen.modelling.controls import ImageControlInputs
    from radiomics_screen.modelling.data.crop_column import Crops
    from radiomics_screen.table.feature_table import FeatureTable

#: Settings that --tune tries in each fold.
_TRIALS = 30


_MODEL_AND_REPORT = "Model and report"

#: Groups of options, by the title of their section.
_GROUPS = {
    "Task": Task,
    "Cross-validation": Design,
    "Preparation of the columns": Preparation,
    "Classifier": Learner,
    "Further checks": Checks,
    "Computing": Compute,
}

_FORMS = {
    "positive": Form("str | None"),
    "clinical": Form("str", "", more="Separate several by commas."),
    "perturbed": Form("path | None"),
    "classifier": Form(
        "str | None",
        None,
        "xgboost; with --tune auto",
        ("--classifier", "--model"),
        "Separate several by commas.",
    ),
    "trials": Form("int | None", None, f"0; with --tune {_TRIALS}"),
    "jobs": Form(names=("--jobs", "-j")),
}


def _fit(
    given: Mapping[str, Any],
    *,
    table: Annotated[Path, typer.Argument(help="Feature table (.parquet or .csv), as `extract` writes it.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="Folder for the model and its evaluation.",
            rich_help_panel=_MODEL_AND_REPORT,
        ),
    ],
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Replace a model, report and card that are there already.",
            rich_help_panel=_MODEL_AND_REPORT,
        ),
    ] = False,
    subgroups: Annotated[
        str,
        typer.Option(
            help="Columns to report subgroups of, separated by commas: device,birads.",
            rich_help_panel=_MODEL_AND_REPORT,
        ),
    ] = "",
    montage: Annotated[
        bool,
        typer.Option(
            help="Show images and names of the most extreme hits and misses in the report.",
            rich_help_panel=_MODEL_AND_REPORT,
        ),
    ] = True,
    sign: Annotated[
        Path | None,
        typer.Option(
            help="Private key to sign the model with; `keys` makes one.", rich_help_panel=_MODEL_AND_REPORT
        ),
    ] = None,
    tune: Annotated[
        bool,
        typer.Option(
            "--tune",
            help="Choose classifier and settings on inner folds, in each fold.",
            rich_help_panel="Classifier",
        ),
    ] = False,
    options: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Fix a hyperparameter, such as epochs=20; of several classifiers, stack.pull=2. Repeatable.",
            rich_help_panel="Classifier",
        ),
    ] = None,
    crops: Annotated[
        bool,
        typer.Option(
            "--crops",
            help="Let late fusion use crops of the lesions as well, through a network.",
            rich_help_panel="Networks",
        ),
    ] = False,
    crop: Annotated[
        list[str] | None,
        typer.Option(
            help="How crops are cut, such as margin=0.5 or background=mask. Repeatable.",
            rich_help_panel="Networks",
        ),
    ] = None,
    checkpoints: Annotated[
        Path | None,
        typer.Option(
            help="Folder for what is finished: folds, settings that were tried, permutations, trainings of "
            "networks. After an interruption the same command goes on from there; the folder is removed when "
            "the fit ends.",
            show_default="beside the model",
            rich_help_panel="Computing",
        ),
    ] = None,
    time_limit: ReadAgainOption = None,
    controls: Annotated[
        str,
        typer.Option(
            help="Tests of whether it is the lesion at all: all; table (without reading the images again); "
            "or none.",
            rich_help_panel="Further checks",
        ),
    ] = "all",
) -> None:
    """Cross-validate a way to learn, patients kept together, then learn from all rows."""
    from radiomics_screen.cli.fit_progress import fit_display
    from radiomics_screen.cli.fit_results import show_results
    from radiomics_screen.cli.keys import signing_key
    from radiomics_screen.cli.network_options import forget_unfinished, nested, watching_networks
    from radiomics_screen.report import check_subgroups
    from radiomics_screen.report.fit_files import fit_files, write_fit
    from radiomics_screen.table.feature_table import read_table

    files = fit_files(output, overwrite=overwrite)
    _check_controls(controls)
    key = signing_key(sign)
    with fit_display() as display:
        read = read_table(table)
        named = check_subgroups(read.frame, subgroups)
        asked = _as_in_python(given, nested(options or [], "--set"), tune=tune, controls=controls)
        looks = crops or "cnn" in asked["classifier"]
        if not looks and crop:
            _refuse_without_networks(crop=crop)
        kept = checkpoints or files.model.with_name(f"{files.model.name}.training")
        work = {"jobs": asked["jobs"], "time_limit": time_limit_of(time_limit, asked["jobs"])}
        cut = cache(partial(_crops, read, table, nested(crop or [], "--crop"), work))
        images = partial(_evidence, read, table, asked, cut if looks else None, work)
        model = _fitted(
            read,
            asked,
            kept,
            display,
            images=images if controls == "all" else None,
            crops=cut if looks else None,
            watch=watching_networks(display.line) if looks else None,
        )
        display.stage("writing the model, its report and its card")
        frame = read.frame.assign(crop=cut().column.to_numpy()) if model.looks_at_crops else read.frame
        write_fit(model, files, table=frame, subgroups=named, montage=montage, sign_with=key)
    forget_unfinished(kept)
    show_results(model)
    say(f"model       {output}\nevaluation  {output / 'evaluation.json'}, {output / 'metrics.csv'}")
    say(f"report      {files.report}\nmodel card  {files.card}")


fit = with_groups(
    _fit,
    _GROUPS,
    forms=_FORMS,
    leave_out=frozenset({"hyperparameters", "controls"}),
    sections=(_MODEL_AND_REPORT, *list(_GROUPS)[:4], "Networks", *list(_GROUPS)[4:]),
)


def _as_in_python(
    given: Mapping[str, Any], hyperparameters: dict[str, Any], *, tune: bool, controls: str
) -> dict[str, Any]:
    """Return the options as Python takes them: lists for commas, and what --tune stands for."""
    trials, classifier = given["trials"], given["classifier"]
    return {
        **given,
        "clinical": _listed(given["clinical"]),
        "classifier": _listed(classifier) if classifier else ["auto" if tune else "xgboost"],
        "hyperparameters": hyperparameters,
        "trials": (_TRIALS if tune else 0) if trials is None else trials,
        "controls": controls != "none",
    }


def _fitted(
    read: FeatureTable,
    asked: Mapping[str, Any],
    kept: Path,
    display: FitDisplay,
    *,
    images: Callable[[], ImageControlInputs] | None,
    crops: Callable[[], Crops] | None,
    watch: Watch | None,
) -> Model:
    """Fit; where that is interrupted, say how to go on."""
    from radiomics_screen.modelling import fit as fit_model

    try:
        return fit_model(
            read,
            **asked,
            images=images,
            crops=crops,
            watch=watch,
            progress=display.piece,
            on_stage=display.stage,
            checkpoints=kept,
        )
    except KeyboardInterrupt:
        say("What is finished is kept: run the same command again to go on.", err=True)
        raise


def _crops(read: FeatureTable, path: Path, options: dict[str, Any], work: Mapping[str, Any]) -> Crops:
    """Cut the lesions out of their images."""
    from radiomics_screen.cli.progress import watching
    from radiomics_screen.prediction.crop_inputs import crops_of

    say("cutting the lesions out of their images", err=True)
    with watching() as progress:
        return crops_of(read, options, folder=path.parent, progress=progress, **work)


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
    read: FeatureTable,
    path: Path,
    asked: Mapping[str, Any],
    crops: Callable[[], Crops] | None,
    work: Mapping[str, Any],
) -> ImageControlInputs:
    """Look at the images again, for the controls."""
    from radiomics_screen.cli.progress import watching
    from radiomics_screen.image_controls.run import run_image_controls

    say("looking at the images again, for the controls", err=True)
    with watching() as progress:
        return run_image_controls(
            read,
            group=asked["group"],
            folder=path.parent,
            crop=None if crops is None else crops().options,
            seed=asked["seed"],
            progress=progress,
            **work,
        )
