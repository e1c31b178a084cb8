"""The stages of a fit: plan, rows, cross-validation, secondary analyses, model."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from radiomics_screen.core.remarks import collect_remarks
from radiomics_screen.core.timing import collect_stages, stage
from radiomics_screen.modelling.arguments import (
    candidates_of,
    device_for,
    features_for,
    refuse_beside_crops,
    refuse_reserved,
    rule_of,
    seconds_a_search,
)
from radiomics_screen.modelling.assessment.ablation import plan_ablation
from radiomics_screen.modelling.assessment.evaluation import Evaluation, evaluate_folds
from radiomics_screen.modelling.assessment.uncertainty import fit_uncertainty
from radiomics_screen.modelling.bundle.card import Card
from radiomics_screen.modelling.bundle.model import Model
from radiomics_screen.modelling.classifiers.shared.watch import Watch
from radiomics_screen.modelling.controls import ImageControlInputs
from radiomics_screen.modelling.data.blocks import CLINICAL, CROP
from radiomics_screen.modelling.data.crop_column import Crops, placeholder_crops
from radiomics_screen.modelling.data.dataset import Dataset
from radiomics_screen.modelling.data.from_table import prepare
from radiomics_screen.modelling.data.repeated_measurements import measured_again
from radiomics_screen.modelling.fit_progress import FitStages, OnStage
from radiomics_screen.modelling.fit_summary import about_fit, messages, on_threshold, scheme
from radiomics_screen.modelling.options.request import FitOptions
from radiomics_screen.modelling.secondary_analyses import Run
from radiomics_screen.modelling.training.finished_work import FinishedWork
from radiomics_screen.modelling.training.fold_design import Divider, Division
from radiomics_screen.modelling.training.folds import FoldProgress, FoldResult, learn_everywhere
from radiomics_screen.modelling.training.learning import Learned
from radiomics_screen.modelling.training.pipeline import (
    feature_counts,
    input_names,
    probe_of,
    values_reaching,
)
from radiomics_screen.modelling.training.plan import Plan
from radiomics_screen.table.feature_table import FeatureTable

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FitInputs:
    """What a fit takes besides the table and its options.

    Attributes
    ----------
    crops
        Crops of the lesions, or a function that cuts them.
    images
        Findings in the images, or a function that looks at them.
    watch
        Receives the progress of long trainings, and says where they are kept.
    progress
        Called after each fold and each permutation.
    on_stage
        Called with a sentence when a stage begins.
    checkpoints
        Folder that keeps what is finished; None: nothing is kept.
    """

    crops: Crops | Callable[[], Crops] | None
    images: ImageControlInputs | Callable[[], ImageControlInputs] | None
    watch: Watch
    progress: FoldProgress | None = None
    on_stage: OnStage | None = None
    checkpoints: Path | None = None


def run_fit(table: FeatureTable, asked: FitOptions, inputs: FitInputs) -> Model:
    """Run the stages of a fit, one after the other; what is finished is kept where the inputs say so."""
    plan = _plan(table, asked, inputs)
    if inputs.checkpoints is None:
        return _run(table, asked, inputs, plan)
    with FinishedWork(inputs.checkpoints) as finished:
        watch = replace(plan.watch, checkpoints=plan.watch.checkpoints or inputs.checkpoints)
        return _run(table, asked, inputs, replace(plan, watch=watch, finished=finished))


def _run(table: FeatureTable, asked: FitOptions, inputs: FitInputs, plan: Plan) -> Model:
    started = time.monotonic()
    stages = FitStages(inputs.on_stage)
    dataset, crops = _rows(table, asked, inputs, plan)
    divide = _divider(asked)
    division = divide.all(dataset)
    jobs = 1 if plan.device == "cuda" else asked.compute.jobs  # parallel folds would share one GPU
    plan = _with_time_limit(plan, asked, dataset, division, jobs)
    timed = _logger.isEnabledFor(logging.INFO)
    with collect_stages(on=timed) as times, stage("folds"):
        final, tested = _learned(dataset, plan, division, jobs, inputs.progress, stages)
    resamples = asked.checks.resamples
    stages.begin("computing figures and their intervals")
    evaluation = evaluate_folds(dataset, plan, division.splits, tested, resamples=resamples)
    run = Run(dataset, table.frame, plan, division.splits, evaluation, jobs, resamples, inputs.progress)
    with collect_remarks() as remarks, collect_stages(times, on=timed), stage("controls and analyses"):
        further = _secondary(run, asked, inputs, divide, stages)
    if timed:
        _logger.info("stages, summed over folds: %s", times)
    about = about_fit(dataset, plan, final)
    summary = {
        **about,
        **scheme(plan, division, asked.learner.minutes, final, dataset, evaluation),
        **further,
        **evaluation.summary,
        "final_threshold": (threshold := run.threshold(final.threshold)),
        "messages": [
            *messages(plan, division, dataset, table, final, evaluation),
            *on_threshold(threshold),
            *remarks,
        ],
        "seconds": round(time.monotonic() - started, 3),
    }
    card = _card(about, table, dataset, final, crops, asked)
    return _model(run, final, card, replace(evaluation, summary=summary))


def _learned(
    dataset: Dataset,
    plan: Plan,
    division: Division,
    jobs: int,
    progress: FoldProgress | None,
    stages: FitStages,
) -> tuple[Learned, list[FoldResult]]:
    """Learn from all rows and in each fold, and time it for the estimates of what comes."""
    folds = len(division.splits)
    stages.begin(f"learning from all {len(dataset.outcome)} rows, and in {folds} folds")
    started = time.monotonic()
    found = learn_everywhere(dataset, plan, division.splits, jobs=jobs, progress=progress)
    reused = plan.finished.reused if plan.finished is not None else 0
    if reused:
        stages.begin(f"{reused} results of a fit that was interrupted were reused")
    else:
        stages.learned(folds + 1, started)
    return found


def _plan(table: FeatureTable, asked: FitOptions, inputs: FitInputs) -> Plan:
    """Return how a model is learned, once all that needs no rows is checked."""
    task, learner = asked.task, asked.learner
    refuse_reserved([*table.features, *task.clinical, task.batch])
    blocks = {table.columns[name].block for name in table.features if name in table.columns}
    blocks |= {CLINICAL for _ in task.clinical} | ({CROP} if inputs.crops is not None else set())
    candidates, options = candidates_of(learner.classifier, learner.hyperparameters or {}, blocks)
    refuse_beside_crops(
        candidates, clinical=task.clinical, batch=task.batch, perturbed=task.perturbed is not None,
        blocks=asked.checks.blocks,
    )  # fmt: skip
    return Plan(
        preparation=replace(asked.preparation, reproducible=task.perturbed is not None),
        candidates=candidates,
        hyperparameters=options,
        trials=learner.trials,
        inner_folds=learner.inner_folds,
        recalibrate=learner.recalibrate,
        rule=rule_of(learner),
        seed=asked.compute.seed,
        device=device_for(candidates, asked.compute.device),
        watch=inputs.watch,
    )


def _rows(
    table: FeatureTable, asked: FitOptions, inputs: FitInputs, plan: Plan
) -> tuple[Dataset, Crops | None]:
    """Return the rows to learn from, and their crops where there are any."""
    task = asked.task
    features = features_for(plan.candidates, table.features, crops_given=inputs.crops is not None)
    prepared = partial(
        prepare, table.frame, features, target=task.target, positive=task.positive, group=task.group,
        folds=asked.design.folds, clinical=task.clinical, batch=task.batch,
        roles=table.columns,
    )  # fmt: skip
    if callable(inputs.crops):  # cutting takes long, so faults of the table are reported before
        prepared(crops=placeholder_crops(len(table.frame)))
    crops = inputs.crops() if callable(inputs.crops) else inputs.crops
    dataset = prepared(crops=None if crops is None else crops.column)
    if task.perturbed is not None:
        again = measured_again(task.perturbed, table, cases=dataset.cases, features=dataset.features)
        dataset = replace(dataset, measured=again)
    return dataset, crops


def _divider(asked: FitOptions) -> Divider:
    """Return how rows are split; a search makes each repeat expensive, so one is the default then."""
    design = asked.design
    one = design.repeats is None and asked.learner.trials > 0 and design.folds is None
    return Divider(design.folds, design.splits, 1 if one else design.repeats, asked.compute.seed)


def _with_time_limit(plan: Plan, asked: FitOptions, dataset: Dataset, division: Division, jobs: int) -> Plan:
    """Return the plan with the time of one search, of the time of all of them."""
    parts = plan_ablation(dataset.blocks, each=asked.checks.blocks)
    searches = 1 + len(division.splits) * (1 + (len(parts.models) if parts else 0))
    return replace(plan, seconds=seconds_a_search(asked.learner.minutes, searches, jobs))


def _secondary(
    run: Run, asked: FitOptions, inputs: FitInputs, divide: Divider, stages: FitStages
) -> dict[str, Any]:
    """Return what is found out besides the figures, as plain JSON values."""
    checks, images, controls = asked.checks, inputs.images, None
    folds = len(run.splits)
    sets = run.sets(checks.error_rate)
    if parts := plan_ablation(run.dataset.blocks, each=checks.blocks):
        count = len(parts.models)
        stages.begin(f"comparing with models of {count} groups of columns", folds=folds * count)
    blocks = run.blocks(each=checks.blocks)
    if checks.controls:
        stages.begin("running the controls")
        controls = run.controls(images() if callable(images) else images)
    permutation = None
    if checks.permutations:
        of_one = sum(split.repeat == 1 for split in run.splits)
        stages.begin(
            f"learning from permuted labels, up to {checks.permutations} times",
            folds=of_one * checks.permutations,
        )
        permutation = run.chance(divide.one, checks.permutations)
    return {"doubt": sets, "comparison": blocks, "controls": controls, "permutation": permutation}


def _model(run: Run, final: Learned, card: Card, evaluation: Evaluation) -> Model:
    """Return the model, with what its uncertainty needs."""
    dataset = run.dataset
    reaching = values_reaching(final.pipeline, dataset.inputs)
    groups = dataset.groups.astype(str)
    doubt = fit_uncertainty(dataset.outcome, run.unseen, reaching, groups, seed=run.plan.seed)
    return Model(final.pipeline, card, evaluation, doubt)


def _card(
    about: dict[str, Any],
    table: FeatureTable,
    dataset: Dataset,
    final: Learned,
    crops: Crops | None,
    asked: FitOptions,
) -> Card:
    provenance = table.provenance or {}
    looks = CROP in input_names(final.pipeline)
    return Card(
        **about,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        settings=provenance.get("parameters"),
        setting_files=provenance.get("files") or {},
        training={
            **dataset.cohort,
            "features_left": feature_counts(final.pipeline),
            "fingerprint": dataset.fingerprint,
        },
        crop=dict(crops.options) if crops is not None and looks else None,
        probe=probe_of(final.pipeline),
        options=asked.changed(),
    )
