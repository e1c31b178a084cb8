"""What names may not do to a terminal."""

from __future__ import annotations

from pathlib import Path

from radiomics_screen.core.printable import printable
from tests.helpers.command_line import run_command

HOSTILE = "a\x1b]0;owned\x07\x1b[2J\u202eb\x9b31m"


def test_commands_to_a_terminal_are_written_out() -> None:
    shown = printable(HOSTILE)
    assert shown == "a\\x1b]0;owned\\x07\\x1b[2J\\u202eb\\x9b31m"
    assert printable("größe 北京\tµ\n") == "größe 北京\tµ\n"
    assert printable("a\r\udcffb") == "a\\r\\udcffb"


def test_names_of_cases_reach_the_terminal_harmless(tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text(f"case_id,image,mask\n{HOSTILE},{HOSTILE}.png,m.png\n")
    done = run_command("extract", tmp_path / "cases.csv", "-o", tmp_path / "t.csv", code=1)
    shown = done.stdout + done.stderr
    assert "\\x1b]0;owned" in shown
    assert not any(character in shown for character in "\x1b\x07\u202e\x9b")
