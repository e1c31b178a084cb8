"""Pages of the reference that are made from the code: API, command line and parameters.

``conf.py`` writes them before each build, so that they cannot fall behind; git does not keep them.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import typer

import radiomics_screen
from radiomics_screen.cli.app import app
from radiomics_screen.core.conventions import SWITCHES
from radiomics_screen.settings.presets import preset_names, preset_path
from radiomics_screen.settings.template import commented_default

PROGRAM = "radiomics-screen"

#: Types that public functions take or return, documented even where the package does not export them.
MAIN_TYPES = (
    "radiomics_screen.cohort.cases.Case",
    "radiomics_screen.cohort.cases.Cohort",
    "radiomics_screen.cohort.cases.read_cohort",
    "radiomics_screen.settings.settings.Settings",
    "radiomics_screen.table.feature_table.FeatureTable",
    "radiomics_screen.modelling.bundle.model.Model",
    "radiomics_screen.modelling.bundle.model.Contribution",
    "radiomics_screen.modelling.assessment.evaluation.Evaluation",
    "radiomics_screen.perturbation.Chain",
    "radiomics_screen.prediction.crop_inputs.crops_of",
    "radiomics_screen.prediction.crop_inputs.with_crops",
)
ERRORS = "radiomics_screen.core.errors"

Pages = dict[str, str]


def generated_pages() -> Pages:
    """Return every generated page: its path below ``docs/``, and its Markdown."""
    return {**_api_pages(), **_command_pages(), **_parameter_pages()}


def write_pages(docs: Path) -> None:
    """Write the generated pages; leave those alone that have not changed, so that a second build is fast."""
    pages = generated_pages()
    for folder in {(docs / name).parent for name in pages}:
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob("*.md"):
            if left.relative_to(docs).as_posix() not in pages and folder.name in {"api", "cli"}:
                left.unlink()  # of a command or a name that is gone
    for name, text in pages.items():
        path = docs / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def public_objects() -> dict[str, Any]:
    """Return what the API reference documents, by its full name: what is exported, then the main types."""
    found = {
        f"radiomics_screen.{name}": getattr(radiomics_screen, name)
        for name in radiomics_screen.__all__
        if name != "__version__"
    }
    for full_name in MAIN_TYPES:
        module, _, name = full_name.rpartition(".")
        value = getattr(import_module(module), name)
        if not any(value is known for known in found.values()):
            found[full_name] = value
    return {
        name: value
        for name, value in found.items()
        if not (inspect.isclass(value) and issubclass(value, Exception))  # errors have a page of their own
    }


def _api_pages() -> Pages:
    pages: Pages = {}
    lines: dict[str, list[str]] = {"Functions": [], "Types": []}
    for full_name, value in public_objects().items():
        short = full_name.rpartition(".")[2]
        is_type = inspect.isclass(value)
        directive = "autoclass" if is_type else "autofunction" if callable(value) else "autodata"
        members = "   :members:\n" if is_type else ""
        pages[f"reference/api/{short}.md"] = (
            f"# {short}\n\n```{{eval-rst}}\n.. {directive}:: {full_name}\n{members}```\n"
        )
        summary = (inspect.getdoc(value) or "").split("\n\n")[0].replace("\n", " ").replace("``", "`")
        lines["Types" if is_type else "Functions"].append(f"| [`{short}`](api/{short}.md) | {summary} |")
    pages["reference/api/errors.md"] = (
        "# Errors and warnings\n\nEvery error that you can mend is a `ScreenError`.\n"
        "Its message says which case or option it concerns, what was found, and what to do.\n\n"
        f"```{{eval-rst}}\n.. automodule:: {ERRORS}\n   :members:\n   :show-inheritance:\n```\n"
    )
    toctree = "\n".join(f"api/{Path(name).stem}" for name in pages)
    index = [
        "# API",
        "",
        "Import these names from `radiomics_screen`, unless their page gives another module.",
        "",
    ]
    for title, rows in lines.items():
        index += [f"## {title}", "", "| name | purpose |", "|---|---|", *rows, ""]
    index += ["## Errors", "", "See [errors and warnings](api/errors.md).", ""]
    index += ["```{toctree}", ":hidden:", "", toctree, "```", ""]
    return {"reference/api.md": "\n".join(index), **pages}


def commands() -> Mapping[str, Any]:
    """Return the commands of the command line by name."""
    return dict(sorted(typer.main.get_command(app).commands.items()))


def _command_pages() -> Pages:
    pages: Pages = {}
    rows = []
    for name, command in commands().items():
        pages[f"reference/cli/{name}.md"] = "\n".join(_command_page(name, command))
        rows.append(
            f"| [`{name}`](cli/{name}.md) | {command.help.split(chr(10) * 2)[0].replace(chr(10), ' ')} |"
        )
    index = [
        "# Command line",
        "",
        f"`{PROGRAM} COMMAND --help` prints the same as these pages, and `{PROGRAM} --version` the version.",
        "",
        "| command | purpose |",
        "|---|---|",
        *rows,
        "",
        "```{toctree}",
        ":hidden:",
        "",
        *(f"cli/{name}" for name in commands()),
        "```",
        "",
    ]
    return {"reference/cli.md": "\n".join(index), **pages}


def _command_page(name: str, command: Any) -> Iterator[str]:
    context = command.context_class(command, info_name=f"{PROGRAM} {name}")
    shown = [p for p in command.params if not getattr(p, "hidden", False)]
    yield f"# `{name}`"
    yield ""
    yield "```text"
    yield command.get_usage(context).removeprefix("Usage: ")
    yield "```"
    yield ""
    yield from _escaped(command.help).split("\n")
    for title, kind in (("Arguments", "argument"), ("Options", "option")):
        of_kind = [p for p in shown if p.param_type_name == kind]
        if not of_kind:
            continue
        yield from ("", f"## {title}", "")
        for parameter in of_kind:
            written, explained = parameter.get_help_record(context)
            yield f"`{written}`"
            yield f": {_escaped(' '.join(explained.split()))}"
            yield ""


def _escaped(text: str) -> str:
    """Escape what plain help text has and Markdown would read as markup."""
    parts = text.split("`")
    for n in range(0, len(parts), 2):  # outside of `code`
        for character in "*_<[":
            parts[n] = parts[n].replace(character, f"\\{character}")
    return "`".join(parts)


def _parameter_pages() -> Pages:
    parts = [
        "# All parameters",
        "",
        "Every option with its default and its meaning, as [`radiomics-screen params`](cli/params.md) prints",
        "them.",
        "[The parameter file](parameters.md) explains how the sections work together.",
        "",
    ]
    for conventions in SWITCHES:
        parts += [f"## Defaults of the conventions `{conventions}`", ""]
        parts += ["```yaml", commented_default(conventions).rstrip(), "```", ""]
    parts += ["## Presets", "", "Use one with `--preset NAME`, or print it and change it.", ""]
    for name in preset_names():
        parts += [
            f"### {name}",
            "",
            "```yaml",
            preset_path(name).read_text(encoding="utf-8").rstrip(),
            "```",
            "",
        ]
    return {"reference/all-parameters.md": "\n".join(parts)}
