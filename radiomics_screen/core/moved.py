"""Modules and names of version 0.5 under their old names: they forward with a warning until version 0.7.

Public are the names in ``radiomics_screen.__all__``; of everything else, what the documentation, the
notebooks and plug-ins of version 0.5 imported is forwarded too.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType

PACKAGE = "radiomics_screen"
#: The first version without the old names.
UNTIL = "0.7"

#: Old module: new module, or those that it was divided into; without the name of the package.
MODULES: dict[str, str | tuple[str, ...]] = {
    "altering": "perturbation",
    "comparing": "table.comparison",
    "conventions": "core.conventions",
    "crops": "prediction.crop_inputs",
    "deep": "networks",
    "duplicates": "image_controls.near_duplicates",
    "errors": "core.errors",
    "evidence": "image_controls.run",
    "extraction.altered": "extraction.perturbed",
    "extraction.case": "extraction.measuring.case",
    "extraction.crops": "extraction.lesion_crops",
    "extraction.lesion": (
        "extraction.measuring.describing",
        "extraction.measuring.preparing",
        "extraction.measuring.wanted",
    ),
    "extraction.sources": "imaging.sources",
    "extraction.table_cases": "extraction.cases_of_table",
    "features.aggregation": "features.texture.aggregation",
    "features.lattice": "features.texture.lattice",
    "features.plane": "features.picture.plane",
    "features.window": "features.picture.window",
    "kernels": "core.kernels",
    "matching": "table.matching",
    "modelling.blocks": "modelling.data.blocks",
    "modelling.evaluation": "modelling.assessment.evaluation",
    "modelling.external": "modelling.external_evaluation",
    "modelling.judgement": "modelling.assessment.performance",
    "modelling.metrics": "modelling.statistics.metrics",
    "modelling.model": "modelling.bundle.model",
    "modelling.signing_keys": "modelling.bundle.signing_keys",
    "modelling.statistics.comparing": "modelling.statistics.multiple_comparison",
    "modelling.statistics.outlying": "modelling.statistics.novelty",
    "modelling.watch": "modelling.classifiers.shared.watch",
    "naming": "core.column_names",
    "notes": "core.remarks",
    "options": "core.options",
    "parameter_file": "settings.template",
    "presets": "settings.presets",
    "reading": "prediction.reading",
    "sample": "cohort.synthetic",
    "schema": "settings.schema",
    "sections": "settings.sections",
}

#: Old name: new name, wherever it is asked for in an old module or in the package itself.
RENAMED = {
    "Attempt": "CaseResult",
    "Doubt": "Uncertainty",
    "ImageEvidence": "ImageControlInputs",
    "collected_notes": "collect_remarks",
    "fit_doubt": "fit_uncertainty",
    "image_evidence": "run_image_controls",
    "note": "add_remark",
}


def install() -> None:
    """Let old modules be found, after everything that is really there."""
    if not any(isinstance(finder, _OldModules) for finder in sys.meta_path):
        sys.meta_path.append(_OldModules())


def renamed(place: str, name: str, load: Callable[[str], object]) -> object:
    """Return what is now called otherwise, with a warning; `load` finds a name as it is now."""
    _warn(f"{place}.{name} is now called {RENAMED[name]}")
    return load(RENAMED[name])


def new_homes(old: str) -> list[str]:
    """Return the full names of the modules where an old module's names are now."""
    new = MODULES[old]
    return [f"{PACKAGE}.{name}" for name in ((new,) if isinstance(new, str) else new)]


class _OldModules:
    """Finds a module of version 0.5 where it is now.

    A finder and loader of the import system without its base classes, whose module takes 10 ms to import.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        top, _, old = fullname.partition(".")
        if top != PACKAGE or old not in MODULES:
            return None
        return ModuleSpec(fullname, self)  # type: ignore[arg-type]  # a loader by its methods

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return a module that asks the new one for every name."""
        homes = [import_module(name) for name in new_homes(spec.name.partition(".")[2])]
        names = " and ".join(home.__name__ for home in homes)
        _warn(f"{spec.name} is now {names}")
        module = ModuleType(spec.name, homes[0].__doc__)

        def find(name: str) -> object:
            home = next((home for home in homes if hasattr(home, name)), homes[0])
            if name in RENAMED and not hasattr(home, name):
                return renamed(home.__name__, name, lambda known: getattr(home, known))
            return getattr(home, name)

        module.__getattr__ = find  # type: ignore[method-assign]
        public = {name: None for home in homes for name in dir(home) if not name.startswith("_")}
        module.__dict__["__all__"] = list(public)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run: the new module has done it."""


def _warn(what: str) -> None:
    warnings.warn(f"{what}; the old name goes in version {UNTIL}", DeprecationWarning, stacklevel=3)
