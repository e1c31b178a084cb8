"""The documentation is whole: every page is found, every link leads somewhere, nothing public is left out."""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path, PurePosixPath
from posixpath import normpath

import nbformat
import pytest

import radiomics_screen
from radiomics_screen.core.errors import ScreenError
from radiomics_screen.settings.presets import preset_names

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"
sys.path.insert(0, str(DOCS))
import generate  # noqa: E402

sys.path.pop(0)

#: Pages that show a file from the top of the repository: their links start there.
INCLUDED = {"changelog.md": "CHANGELOG.md", "contributing.md": "CONTRIBUTING.md"}
NOTEBOOKS = sorted(path.stem for path in (REPOSITORY / "notebooks").glob("*.ipynb"))


@cache
def pages() -> dict[str, str]:
    """Return every Markdown page by its path below docs/, those made from the code, too."""
    written = {
        path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8")
        for path in DOCS.rglob("*.md")
        if "_build" not in path.parts
    }
    return written | generate.generated_pages()


def _without_code(text: str) -> str:
    text = re.sub(r"^(```+|~~~+)(?!\{).*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "code", text)


@cache
def anchors(page: str) -> frozenset[str]:
    """Return the anchors of a page's headings, as GitHub and MyST make them."""
    headings = re.findall(
        r"^#{1,4} (.*)$", re.sub(r"```.*?```", "", pages()[page], flags=re.DOTALL), re.MULTILINE
    )
    slugs = (re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings)
    return frozenset(slugs)


def test_every_page_is_in_a_table_of_contents() -> None:
    found, todo = set(), ["index"]
    while todo:
        name = todo.pop()
        found.add(name)
        for block in re.findall(r"```\{toctree\}\n(.*?)```", pages().get(f"{name}.md", ""), re.DOTALL):
            entries = [line for line in block.splitlines() if line and not line.startswith(":")]
            for entry in entries:
                target = normpath(PurePosixPath(name).parent / entry)
                assert f"{target}.md" in pages() or (DOCS / f"{target}.ipynb").is_file(), f"{name}: {entry}"
                todo.append(target)
    expected = {page.removesuffix(".md") for page in pages()} | {f"gallery/{name}" for name in NOTEBOOKS}
    assert expected - found == set()


def test_every_internal_link_and_anchor_resolves() -> None:
    lost = []
    for page, text in pages().items():
        for target in re.findall(r"\]\(([^)\s]+)\)", _without_code(text)):
            path, _, anchor = target.partition("#")
            if "://" in target:
                continue
            place = normpath(PurePosixPath(page).parent / path) if path else page
            if place not in pages():
                if not (DOCS / place).is_file() or anchor:
                    lost.append(f"{page}: {target}")
            elif anchor and anchor not in anchors(place):
                lost.append(f"{page}: {target} (headings: {sorted(anchors(place))})")
    assert lost == []


def test_cards_of_the_landing_page_lead_to_pages() -> None:
    targets = re.findall(r"^:link: (\S+)$", pages()["index.md"], re.MULTILINE)
    assert len(targets) == 8
    assert [target for target in targets if f"{target}.md" not in pages()] == []


@pytest.mark.parametrize("folder", ["radiomics_screen", "benchmarks", "tests", "notebooks"])
def test_pages_that_the_code_names_exist(folder: str) -> None:
    lost = []
    for path in (REPOSITORY / folder).rglob("*"):
        if path.suffix in {".py", ".ipynb", ".html", ".yaml"}:
            named = re.findall(r"\bdocs/[\w/-]+\.(?:md|svg|py)\b", path.read_text(encoding="utf-8"))
            lost += [f"{path.name}: {name}" for name in named if not (REPOSITORY / name).is_file()]
    assert lost == []


def test_every_public_name_is_in_the_reference() -> None:
    documented = {name.rpartition(".")[2] for name in generate.public_objects()}
    for name in radiomics_screen.__all__:
        value = getattr(radiomics_screen, name)
        if isinstance(value, type) and issubclass(value, (ScreenError, Warning)):
            continue  # on the page of errors, which documents their whole module
        assert name in documented or name == "__version__"
    for name in documented:
        assert f"](api/{name}.md)" in pages()["reference/api.md"]
        assert f"# {name}\n" in pages()[f"reference/api/{name}.md"]
    assert f"automodule:: {ScreenError.__module__}\n" in pages()["reference/api/errors.md"]


def test_every_command_has_a_page_with_all_its_options() -> None:
    commands = generate.commands()
    assert {"extract", "fit", "predict"} <= set(commands)
    for name, command in commands.items():
        page = pages()[f"reference/cli/{name}.md"]
        assert f"](cli/{name}.md)" in pages()["reference/cli.md"]
        for parameter in command.params:
            assert parameter.help, f"{name}: {parameter.name} has no help"
            for written in parameter.opts if parameter.param_type_name == "option" else []:
                assert re.search(rf"^`.*{re.escape(written)}\b.*`\n: \S", page, re.MULTILINE), (
                    f"{name} {written}"
                )


def test_all_parameters_and_presets_are_shown() -> None:
    page = pages()["reference/all-parameters.md"]
    assert "binWidth" in page
    assert "conventions: ibsi" in page
    for name in preset_names():
        assert f"### {name}\n" in page


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_gallery_shows_the_notebooks_as_they_are(name: str) -> None:
    """To renew it: make gallery."""
    shown, source = (
        nbformat.read(folder / f"{name}.ipynb", as_version=4)
        for folder in (DOCS / "gallery", REPOSITORY / "notebooks")
    )
    assert [(c.cell_type, c.source) for c in shown.cells] == [(c.cell_type, c.source) for c in source.cells]
    assert any("image/png" in o.get("data", {}) for c in shown.cells for o in c.get("outputs", []))
    assert not any(o.output_type == "error" for c in shown.cells for o in c.get("outputs", []))


def test_included_pages_show_the_files_at_the_top() -> None:
    for page, file in INCLUDED.items():
        assert f"```{{include}} ../{file}\n" in pages()[page]
        assert (REPOSITORY / file).is_file()
