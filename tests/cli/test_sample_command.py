"""`sample` may run twice, and replaces no cases file but its own."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from radiomics_screen.cli.app import app

RUN = CliRunner().invoke


def test_the_same_sample_may_be_made_again(tmp_path: Path) -> None:
    made = [RUN(app, ["sample", str(tmp_path), "--patients", "2"]) for _ in range(2)]
    assert [one.exit_code for one in made] == [0, 0]
    assert made[0].output == made[1].output


def test_a_cases_file_of_other_content_is_not_replaced(tmp_path: Path) -> None:
    RUN(app, ["sample", str(tmp_path), "--patients", "2"])
    cases = tmp_path / "cases.csv"
    sample = cases.read_bytes()
    for content, asked in ((sample + b"mine.png,mine\r\n", "2"), (sample, "3")):
        cases.write_bytes(content)
        refused = RUN(app, ["sample", str(tmp_path), "--patients", asked])
        assert refused.exit_code == 2
        assert "is there already" in refused.output
        assert "name another folder" in refused.output
        assert cases.read_bytes() == content
