"""What the README says works as it says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    """Return the code blocks after a `<!-- tested: kind -->` line."""
    return re.findall(rf"<!-- tested: {kind} -->\n```[a-z]*\n(.*?)```", README, re.DOTALL)


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    # the package under test, wherever the command runs
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONWARNINGS": "default"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.mark.slow
def test_commands_and_python_run_as_written(tmp_path: Path) -> None:
    main = "from radiomics_screen.cli import main; main()"
    for line in "".join(blocks("commands")).splitlines():
        command, _, target = line.partition("#")[0].partition(">")
        program, *arguments = shlex.split(command)
        assert program == "radiomics-screen"
        done = run([sys.executable, "-c", main, *arguments], tmp_path)
        if target:
            (tmp_path / target.strip()).write_text(done.stdout, encoding="utf-8")
    for made in ("features.parquet", "features.provenance.json", "model/evaluation.json", "readings.csv"):
        assert (tmp_path / made).is_file()
    (python,) = blocks("python")
    printed = run([sys.executable, "-c", python], tmp_path).stdout
    assert "Figure(value=0." in printed
    assert "synthetic-001-a" in printed


def test_the_parameter_file_shown_is_valid(tmp_path: Path) -> None:
    from radiomics_screen import load_settings

    (shown,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "p.yaml").write_text(shown, encoding="utf-8")
    settings = load_settings(tmp_path / "p.yaml")
    assert [step.name for step in settings.preprocessing] == ["median"]
    assert settings.setting["binWidth"] == 10


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


def test_the_new_family_of_the_contributing_guide_works(tmp_path: Path) -> None:
    guide = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (family,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    (tmp_path / "spread.py").write_text(family, encoding="utf-8")
    use = (
        "import numpy as np, spread\n"
        "from radiomics_screen import extract\n"
        "image = np.arange(16.0).reshape(4, 4)\n"
        "print(extract(image, image > 0, {'featureClass': {'spread': []}, 'setting': {'spreadPower': 2}}))\n"
        "from radiomics_screen.settings.template import commented_default\n"
        "print(commented_default())\n"
    )
    told = run([sys.executable, "-c", use], tmp_path).stdout
    assert told.startswith("{'original_spread_Spread': 18.6666")  # the variance of 1 ... 15
    assert "Power that distances are raised to." in told
