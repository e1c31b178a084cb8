"""What the README says works as it says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.helpers.command_line import run_command

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def page(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


def blocks(kind: str, text: str = README) -> list[str]:
    """Return the code blocks after a `<!-- tested: kind -->` line."""
    return re.findall(rf"<!-- tested: {kind} -->\n```[a-z]*\n(.*?)```", text, re.DOTALL)


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    # the package under test, wherever the command runs
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONWARNINGS": "default"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}\n{done.stderr}"
    return done


#: Pages whose tested commands run one after the other in one folder; those of the tutorial are the README's.
COMMAND_PAGES = (
    "README.md",
    "docs/how-to/model.md",
    "docs/how-to/maps.md",
    "docs/reference/parameters.md",
    "docs/explanation/ibsi.md",
)
PYTHON_PAGES = ("docs/tutorial.md", "docs/how-to/from-pyradiomics.md")


#: What is added to a command of the README, by its name, where it is to be quick.
QUICKLY = {
    "sample": ["--patients", "10"],
    "fit": ["--splits", "2", "--repeats", "1", "--controls", "none", "--no-montage"],
}


def test_the_readmes_commands_lead_from_images_to_readings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one process and on few patients; `test_commands_and_python_run_as_written` adds nothing to them."""
    monkeypatch.chdir(tmp_path)
    for line in "".join(blocks("commands")).splitlines():
        program, command, *arguments = shlex.split(line.partition("#")[0].replace("--jobs 2", "--jobs 1"))
        assert program == "radiomics-screen"
        run_command(command, *arguments, *QUICKLY.get(command, []))
    assert pd.read_csv("readings.csv")["probability"].between(0, 1).all()


@pytest.mark.slow
def test_commands_and_python_run_as_written(tmp_path: Path) -> None:
    main = "from radiomics_screen.cli import main; main()"
    lines = [line for name in COMMAND_PAGES for line in "".join(blocks("commands", page(name))).splitlines()]
    for line in lines:
        command, _, target = line.partition("#")[0].partition(">")
        program, *arguments = shlex.split(command)
        assert program == "radiomics-screen"
        done = run([sys.executable, "-c", main, *arguments], tmp_path)
        if target:
            (tmp_path / target.strip()).write_text(done.stdout, encoding="utf-8")
    for made in ("features.parquet", "features.provenance.json", "model/evaluation.json", "readings.csv"):
        assert (tmp_path / made).is_file()
    tutorial, from_pyradiomics = (blocks("python", page(name)) for name in PYTHON_PAGES)
    printed = run([sys.executable, "-c", "".join(tutorial)], tmp_path).stdout
    assert "Figure(value=0." in printed
    assert "synthetic-001-a" in printed
    assert float(run([sys.executable, "-c", "".join(from_pyradiomics)], tmp_path).stdout) > 0


def test_every_page_with_tested_commands_is_run() -> None:
    tested = {name for name in COMMAND_PAGES if blocks("commands", page(name))}
    assert tested == set(COMMAND_PAGES)
    assert "".join(blocks("commands", page("docs/tutorial.md"))) == "".join(blocks("commands"))
    marked = {p.relative_to(REPOSITORY).as_posix() for p in (REPOSITORY / "docs").rglob("*.md")
              if "<!-- tested: commands -->" in p.read_text(encoding="utf-8")}  # fmt: skip
    assert marked == {*COMMAND_PAGES, "docs/tutorial.md"} - {"README.md"}


def test_the_readme_is_one_screen() -> None:
    assert len(README.splitlines()) <= 70
    assert README.count("![") == 1


def test_the_parameter_file_shown_is_valid(tmp_path: Path) -> None:
    from radiomics_screen import load_settings

    shown = re.findall(r"```yaml\n(.*?)```", page("docs/reference/parameters.md"), re.DOTALL)[0]
    (tmp_path / "p.yaml").write_text(shown, encoding="utf-8")
    settings = load_settings(tmp_path / "p.yaml")
    assert [step.name for step in settings.preprocessing] == ["median"]
    assert settings.setting["binWidth"] == 25


def test_links_lead_somewhere() -> None:
    for name in ("README.md", "CONTRIBUTING.md"):
        text = (REPOSITORY / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert "://" in target or (REPOSITORY / target).exists(), f"{name}: {target}"


def test_the_makefile_makes_what_the_readme_promises() -> None:
    """The demo runs the same commands; that they are spelled right can be seen without installing."""
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    for command in ("sample", "extract", "fit", "predict"):
        assert f"$(SCREEN) {command} " in makefile
    for target in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target}"


@pytest.fixture
def guide(tmp_path: Path) -> Path:
    """The examples of the contributing guide, each as a module of its own."""
    text = page("CONTRIBUTING.md")
    found = re.findall(r"<!-- tested: (\w+) -->\n```python\n(.*?)```", text, re.DOTALL)
    assert len(found) == text.count("```python")
    for name, code in found:
        (tmp_path / f"example_{name}.py").write_text(code, encoding="utf-8")
    return tmp_path


def test_the_new_family_of_the_contributing_guide_works(guide: Path) -> None:
    use = (
        "import numpy as np, example_family\n"
        "from radiomics_screen import extract\n"
        "image = np.arange(16.0).reshape(4, 4)\n"
        "print(extract(image, image > 0, {'featureClass': {'spread': []}, 'setting': {'spread_power': 2}}))\n"
        "from radiomics_screen.settings.template import commented_default\n"
        "print(commented_default())\n"
    )
    printed = run([sys.executable, "-c", use], guide).stdout
    assert printed.startswith("{'original_spread_Spread': 18.6666")  # the variance of 1 ... 15
    assert "Power that distances are raised to." in printed


def test_the_new_format_of_the_contributing_guide_works(guide: Path) -> None:
    use = (
        "import numpy as np, example_format\n"
        "from radiomics_screen.core.errors import ReadError\n"
        "from radiomics_screen.imaging.reading import read_image, read_mask\n"
        "picture = np.arange(12, dtype=np.uint8).reshape(3, 4)\n"
        "np.save('picture.npy', picture)\n"
        "print(read_image('picture.npy').GetSize(), read_mask('picture.npy')[3, 2])\n"
        "content = open('picture.npy', 'rb').read()\n"
        "open('cut.npy', 'wb').write(content[:-3])\n"
        "try:\n    read_image('cut.npy')\nexcept ReadError as error:\n    print(error)\n"
    )
    size, error = run([sys.executable, "-c", use], guide).stdout.splitlines()
    assert size == "(4, 3) 11"
    assert error.startswith("cut.npy: damaged NumPy file: ")


def test_the_new_statistic_and_command_of_the_contributing_guide_work(guide: Path) -> None:
    (guide / "cases.csv").write_text("case_id,image,mask\n1,a.png,b.png\n2,c.png,d.png\n", encoding="utf-8")
    use = (
        "import doctest, typer, example_statistic, example_command\n"
        "print(doctest.testmod(example_statistic))\n"
        "print(example_statistic.youden_index([1, 1], [1, 0]))\n"
        "typer.run(example_command.count)\n"
    )
    printed = run([sys.executable, "-c", use, "cases.csv"], guide).stdout.splitlines()
    assert printed == ["TestResults(failed=0, attempted=1)", "nan", "2"]
