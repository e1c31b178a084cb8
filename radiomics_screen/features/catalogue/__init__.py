"""What every feature is: its name in words, its code in the IBSI, its unit and its definition.

One module a family, in which :func:`~radiomics_screen.features.catalogue.facts.add_facts` enters its
facts; modules whose names begin with an underscore hold what several of them share. pyradiomics'
families take the text of their counterparts in the IBSI, so that no definition is written twice. All
text is ASCII, so that every terminal shows it.
"""

from importlib import import_module
from pkgutil import iter_modules

from radiomics_screen.features.catalogue.aggregations import AGGREGATIONS, Aggregation
from radiomics_screen.features.catalogue.facts import (
    CATALOGUE,
    Facts,
    FamilyFacts,
    add_facts,
    describe_columns,
    described,
)

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = [
    "AGGREGATIONS",
    "CATALOGUE",
    "Aggregation",
    "Facts",
    "FamilyFacts",
    "add_facts",
    "describe_columns",
    "described",
]
