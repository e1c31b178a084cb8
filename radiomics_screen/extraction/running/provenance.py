"""What a table says about how it came about."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from radiomics_screen import __version__
from radiomics_screen.cohort.cases import Case
from radiomics_screen.core.diff import differences
from radiomics_screen.core.errors import SettingsError, TableError, option_named
from radiomics_screen.extraction.measuring.embedding import embedded_files
from radiomics_screen.extraction.measuring.engines import OWN
from radiomics_screen.extraction.running.case_keys import content_hash, digest_of
from radiomics_screen.extraction.running.finished_row import Measured
from radiomics_screen.features.catalogue import describe_columns
from radiomics_screen.imaging.preprocessing import files_of
from radiomics_screen.networks.requirements import distributions_of
from radiomics_screen.settings.settings import Settings

PACKAGE = "radiomics-screen"
#: Packages that compute, or that read and write what is computed.
COMPUTING = (
    "SimpleITK", "numpy", "scipy", "scikit-image", "numba", "llvmlite", "PyWavelets",
    "pandas", "pyarrow", "pydicom", "pydantic", "joblib",
)  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """All that the values depend on beside the cases.

    Attributes
    ----------
    parameters
        The resolved parameter file.
    fingerprint
        Digest of the parameters.
    content
        Digest of parameters, package version, engine and the files that the parameters name.
    files
        Digest of each file that the parameters name.
    engine
        What measured: "own", or the other engine's package and version.
    """

    parameters: dict[str, Any]
    fingerprint: str
    content: str
    files: dict[str, str]
    engine: str = OWN

    @classmethod
    def of(cls, settings: Settings, engine: str = OWN) -> Recipe:
        """Describe the settings, this package and the files that the settings name.

        `engine` is told with its version, as :func:`require_engine` returns it.

        Raises
        ------
        SettingsError
            A file that the settings name cannot be read.
        """
        files = [
            (f"preprocessing.{step.name}", file)
            for step in settings.preprocessing
            for file in files_of(step.name, step.options)
        ]
        files += [("embedding", file) for file in embedded_files(settings)]
        hashes = {str(file): _hash_of(file, where) for where, file in files}
        other = () if engine == OWN else (engine,)
        content = digest_of((__version__, settings.fingerprint, *hashes.values(), *other))
        return cls(settings.to_dict(), settings.fingerprint, content, hashes, engine)

    def to_dict(self) -> dict[str, Any]:
        """Return what identifies the recipe, for a journal or a table."""
        return {
            "package": PACKAGE,
            "version": __version__,
            "fingerprint": self.fingerprint,
            "content": self.content,
            "parameters": self.parameters,
            "files": self.files,
            "engine": self.engine,
        }


def _hash_of(file: Path, where: str) -> str:
    try:
        return content_hash(file)
    except OSError as failure:
        raise SettingsError(f"{where}: {file} cannot be read: {failure.strerror or failure}") from failure


def require_same(recipe: Recipe, other: Mapping[str, Any] | None, what: str) -> None:
    """Refuse to continue rows that were made in another way.

    Raises
    ------
    TableError
        Saying what differs, and how to go on.
    """
    way_out = f"name another {option_named('output')}, or replace it with {option_named('overwrite', True)}"
    if other is None or other.get("package") != PACKAGE:
        raise TableError(f"{what} is there already, and was not made by this command; {way_out}")
    if other.get("content") == recipe.content:
        return
    if other.get("version") != __version__:
        found = other.get("version")
        raise TableError(
            f"{what} was made by version {found} of this package, this is {__version__}; {way_out}"
        )
    if (engine := other.get("engine", OWN)) != recipe.engine:
        raise TableError(f"{what} was measured with engine {engine}, this is {recipe.engine}; {way_out}")
    differing = differences(other.get("parameters", {}), recipe.parameters)
    if not differing:
        differing = ["a file that the parameters name has changed"]
    listed = "\n  ".join(differing)
    raise TableError(f"{what} was made with other parameters:\n  {listed}\n{way_out}")


def describe_run(
    recipe: Recipe, cases: Iterable[Case], rows: Iterable[Measured], started: datetime
) -> dict[str, Any]:
    """Return the provenance of a finished run, but for what the table itself adds."""
    pairs = list(zip(cases, rows, strict=True))
    failures = sum(row.status != "ok" for _, row in pairs)
    return {
        **recipe.to_dict(),
        "counts": {"rows": len(pairs), "ok": len(pairs) - failures, "failed": failures},
        "started": started.isoformat(timespec="seconds"),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join(sys.argv),
        "versions": versions(COMPUTING + _packages_of(recipe.parameters.get("embedding"))),
        "machine": machine(),
        "definitions": describe_columns(dict.fromkeys(n for _, row in pairs for n in row.names)),
        "inputs": {
            case.id: {"image": row.contents.image, "mask": row.contents.mask}
            for case, row in pairs
            if row.contents.key
        },
    }


def _packages_of(embedding: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the packages that an embedding is made with."""
    return () if embedding is None else ("torch", *distributions_of(embedding["model"]))


def versions(packages: Iterable[str] = COMPUTING) -> dict[str, str]:
    """Return the versions of Python and of every package that computes."""
    found = {"python": platform.python_version(), PACKAGE: __version__}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found


def machine() -> dict[str, Any]:
    """Return the machine's kind: operating system, processor and number of cores."""
    return {"platform": platform.platform(), "processor": _processor(), "cores": os.cpu_count()}


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            models = (line.partition(":")[2].strip() for line in file if line.startswith("model name"))
            return next(models, platform.machine())
    except OSError:
        return platform.processor() or platform.machine()
