"""The command line: exit codes, messages, interruptions; what it computes is tested elsewhere."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from radiomics_screen import __version__, load_settings, read_table
from radiomics_screen.cli.progress import clock
from radiomics_screen.cohort.cases import read_cohort
from radiomics_screen.cohort.synthetic import make_sample
from radiomics_screen.settings.presets import preset_names
from tests.helpers.command_line import run_command as run
from tests.helpers.figures import not_rendered

REPOSITORY = Path(__file__).parents[2]
COMMAND = [sys.executable, "-W", "default", "-c", "from radiomics_screen.cli import main; main()"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "120"}


def run_in_a_process(*arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a command as a user does, for what a process shows: its start, exit code and warnings."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False, env=ENVIRONMENT
    )
    assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sample(tmp_path_factory.mktemp("sample"), patients=12)


@pytest.fixture(scope="module")
def model(sample: Path) -> Path:
    table, folder = sample.with_name("features.parquet"), sample.with_name("model")
    run("extract", sample, "--output", table)
    with not_rendered():
        told = fitted(table, folder)
    assert "AUC" in told
    assert str(folder) in told
    return folder


def fitted(table: Path, folder: Path) -> str:
    return run(
        *("fit", table, "--target", "pathology", "--positive", "malignant", "--group", "patient_id"),
        *(
            "--splits",
            "2",
            "--repeats",
            "1",
            "--controls",
            "table",
            "--no-montage",
            "--set",
            "n_estimators=30",
        ),
        *("--device", "cpu", "--output", folder),
    ).stdout


@pytest.fixture
def cohort(sample: Path, tmp_path: Path) -> Path:
    shutil.copytree(sample.parent, tmp_path / "cohort", ignore=shutil.ignore_patterns("model", "features*"))
    return tmp_path / "cohort" / "cases.csv"


def test_help_comes_at_once() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = run_in_a_process("--help").stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.4
    for command in ("extract", "fit", "predict", "compare", "params", "sample"):
        assert re.search(rf"^  {command} ", told, re.MULTILINE)
    assert "research use only" in told


def test_version() -> None:
    assert run("--version").stdout == f"radiomics-screen {__version__}\n"


def test_parameters_printed_are_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(run("params").stdout)
    assert load_settings(tmp_path / "p.yaml").fingerprint == load_settings().fingerprint


def test_presets_are_listed_printed_and_valid(tmp_path: Path) -> None:
    lines = run("params", "--list").stdout.splitlines()
    names = [line.split()[0] for line in lines]
    assert names == preset_names()
    assert all(re.fullmatch(r"\S+  +[A-Z].{10,120}\.", line) for line in lines)
    assert "breast-ultrasound" in names
    for name in names:
        (tmp_path / "p.yaml").write_text(run("params", "--preset", name).stdout)
        load_settings(tmp_path / "p.yaml")
    assert "did you mean 'breast-ultrasound'" in run("params", "--preset", "breast-ultrasuond", code=2).stderr


def test_extract_says_what_it_did(cohort: Path, tmp_path: Path) -> None:
    (cohort.parent / "masks" / "synthetic-002-a.png").write_text("no image")
    (cohort.parent / "images" / "synthetic-003-a.png").unlink()
    done = run("extract", cohort, "--output", tmp_path / "t.csv", code=1)
    total = len(pd.read_csv(cohort))
    assert f"{total} cases in " in done.stdout
    assert f"{total - 2} ok" in done.stdout
    assert "2 failed" in done.stdout
    assert re.search(r"1 failed: .*synthetic-002-a\.png.*\[synthetic-002-a\]", done.stdout)
    assert re.search(r"1 failed: .*synthetic-003-a\.png.*\[synthetic-003-a\]", done.stdout)
    assert f"table       {tmp_path / 't.csv'}" in done.stdout
    assert f"provenance  {tmp_path / 't.provenance.json'}" in done.stdout
    assert "1 problems in" in done.stderr  # told before the work
    assert f"{total} of {total}, " in done.stderr
    assert "\x1b" not in done.stderr


def test_strict_does_not_start(cohort: Path, tmp_path: Path) -> None:
    (cohort.parent / "images" / "synthetic-003-a.png").unlink()
    done = run("extract", cohort, "--output", tmp_path / "t.csv", "--strict", code=2)
    assert "synthetic-003-a.png" in done.stderr
    assert not (tmp_path / "t.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["extract", "none.csv", "--output", "t.csv"], "none.csv"),
        (["extract", "CASES", "--output", "t.txt"], "ends in .parquet or .csv"),
        (["extract", "CASES", "--output", "t.csv", "--params", "none.yaml"], "none.yaml"),
        (["extract", "CASES", "--output", "t.csv", "--params", "a", "--preset", "b"], "not both"),
        (["extract", "CASES", "--output", "t.csv", "--jobs", "0"], "jobs is 0"),
        (["extract", "CASES"], "output"),
        (["extract", "CASES", "--output", "t.csv", "--engine", "x"], "unknown engine 'x'"),
        (["compare", "none.parquet", "none.csv"], "none.parquet"),
        (["fit", "none.parquet", "--target", "a", "--output", "m"], "none.parquet"),
        (["predict", "none", "CASES", "--output", "r.csv"], "none"),
        (["predict", "none", "CASES", "--output", "r.doc"], "ends in .csv or .parquet or .xlsx"),
        (["sample", "s", "--patients", "1"], "at least 2 patients"),
        (["nothing"], "nothing"),
    ],
)
def test_mistakes_are_one_message(
    arguments: list[str], message: str, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in run(*(str(sample) if a == "CASES" else a for a in arguments), code=2).stderr


def test_a_mistake_ends_the_process_with_one_message(tmp_path: Path) -> None:
    done = run_in_a_process("compare", tmp_path / "none.parquet", tmp_path / "none.csv", code=2)
    assert done.stdout == ""
    assert re.fullmatch(r"radiomics-screen: .*none\.parquet.*\n", done.stderr)


def test_fit_asks_for_the_patients(model: Path, tmp_path: Path) -> None:
    table = model.with_name("features.parquet")
    done = run("fit", table, "--target", "pathology", "--positive", "malignant", "--output", tmp_path, code=2)
    assert "group" in done.stderr


def test_predict_writes_readings(model: Path, cohort: Path, tmp_path: Path) -> None:
    (cohort.parent / "masks" / "synthetic-002-a.png").write_text("no image")
    output = tmp_path / "r.csv"
    done = run("predict", model, cohort, "--output", output, code=1)
    assert "1 failed" in done.stdout
    assert "research use only" in done.stdout
    readings = pd.read_csv(output)
    assert len(readings) == len(read_cohort(cohort).cases)
    assert readings["probability"].isna().sum() == 1


# -- comparing --------------------------------------------------------------------------------


@pytest.fixture
def altered(model: Path, tmp_path: Path) -> Path:
    """Return the table of the model with one value changed and one left out, as others would write it."""
    frame = read_table(model.with_name("features.parquet")).frame
    frame.loc[3, "original_glcm_Contrast"] *= 1.001
    frame.loc[5, "original_ngtdm_Busyness"] = None
    frame.drop(columns="original_shape2D_Perimeter").to_csv(tmp_path / "altered.csv", index=False)
    return tmp_path / "altered.csv"


def test_compare_says_that_tables_agree(model: Path, tmp_path: Path) -> None:
    table = model.with_name("features.parquet")
    told = run("compare", table, table).stdout
    assert "They agree" in told
    assert re.search(r"^all +\d+ +0 +0 +0\.0e\+00$", told, re.MULTILINE)


def test_compare_says_where_tables_differ(model: Path, altered: Path, tmp_path: Path) -> None:
    table = model.with_name("features.parquet")
    told = run("compare", table, altered, "--json", tmp_path / "c.json", code=1).stdout
    case = read_table(table).frame["case_id"][3]
    assert re.search(rf"^glcm +\d+ +1 +0 +1\.0e-03  original_glcm_Contrast of {case}: ", told, re.MULTILINE)
    assert re.search(r"^ngtdm +\d+ +1 +1 +inf  original_ngtdm_Busyness of .* and nan$", told, re.MULTILINE)
    assert "only in A: 1 features: original_shape2D_Perimeter" in told
    assert "They differ: 2 of " in told
    assert json.loads((tmp_path / "c.json").read_text())["total"]["differing"] == 2


def test_compare_takes_a_tolerance(model: Path, altered: Path) -> None:
    told = run("compare", model.with_name("features.parquet"), altered, "--tolerance", "0.01", code=1).stdout
    assert "They differ: 1 of " in told  # the missing value still does


# -- interruptions ----------------------------------------------------------------------------


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
        start_new_session=True,
        # a shell that starts the tests in the background lets them, and all they start, ignore Ctrl-C
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def stop_when_some_rows_are_there(
    process: subprocess.Popen[str], journal: Path, number: signal.Signals
) -> str:
    """Send a signal to the process and all its children once a few rows are on disk; return what it said."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if journal.exists() and journal.read_bytes().count(b'"case"') >= 4:
            break
        time.sleep(0.005)
    assert process.poll() is None, "it ended before it could be stopped"
    os.killpg(process.pid, number)
    return process.communicate(timeout=60)[1]


def slow(cohort: Path, tmp_path: Path) -> list[str | Path]:
    """Return arguments of a run that takes long enough to be stopped in its middle."""
    params = tmp_path / "slow.yaml"
    params.write_text(
        "imageType:\n  Original:\n  Wavelet:\n    level: 4\n  LoG:\n    sigma: [1, 2, 3, 4, 5, 6]\n"
    )
    return ["extract", cohort, "--params", params]


def assert_equal_but_for_the_clock(first: Path, second: Path) -> None:
    a, b = (read_table(path).frame.drop(columns="seconds") for path in (first, second))
    pd.testing.assert_frame_equal(a, b, check_exact=True)


JOBS = pytest.mark.parametrize("jobs", ["1", pytest.param("2", marks=pytest.mark.slow)])


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_killed_and_run_again(cohort: Path, tmp_path: Path, jobs: str) -> None:
    arguments = [*slow(cohort, tmp_path), "--jobs", jobs, "--output"]
    output = tmp_path / "t.parquet"
    journal = tmp_path / "t.parquet.journal"
    stop_when_some_rows_are_there(start(*arguments, output), journal, signal.SIGKILL)
    assert journal.exists()
    assert not output.exists()
    done = run(*arguments, output)
    reused = re.search(r"(\d+) of them from an earlier run", done.stderr)
    assert reused
    assert int(reused[1]) >= 4
    assert not journal.exists()
    run(*arguments, tmp_path / "undisturbed.parquet")
    assert_equal_but_for_the_clock(output, tmp_path / "undisturbed.parquet")


@JOBS
def test_ctrl_c_ends_cleanly(cohort: Path, tmp_path: Path, jobs: str) -> None:
    arguments = [*slow(cohort, tmp_path), "--jobs", jobs, "--output"]
    output = tmp_path / "t.parquet"
    process = start(*arguments, output)
    told = stop_when_some_rows_are_there(process, tmp_path / "t.parquet.journal", signal.SIGINT)
    assert process.returncode == 130
    assert "run the same command again to resume" in told
    assert "Traceback" not in told
    assert "KeyboardInterrupt" not in told
    assert "from an earlier run" in run(*arguments, output).stderr


@pytest.mark.slow
def test_a_bar_on_a_terminal(cohort: Path, tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    shown, terminal = pty.openpty()
    command = [*COMMAND, "extract", str(cohort), "--output", str(tmp_path / "t.csv")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=terminal, env=ENVIRONMENT) as process:
        os.close(terminal)
        text = read_all(lambda: os.read(shown, 65536)).decode()
    os.close(shown)
    assert process.returncode == 0
    total = len(read_cohort(cohort).cases)
    assert f"{total}/{total}" in text
    assert "/s" in text
    assert "left" in text


def read_all(read: Callable[[], bytes]) -> bytes:
    """Read until the other side has closed, which a terminal on Linux tells by an error."""
    parts = []
    while True:
        try:
            part = read()
        except OSError:
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (59.6, "1:00"), (125, "2:05"), (3599, "59:59"), (3661, "1:01:01")]
)
def test_durations_are_for_people(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown
