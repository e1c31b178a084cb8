"""A report that people can read: one HTML file with everything in it, and a model card in Markdown.

May import: core, imaging, table, modelling.

A new section is a file in ``sections/`` and its place in the template; a new kind of figure is a file in
``figures/``. ``sharing`` writes a model and its report for others, without what names people.
"""

from radiomics_screen.report.external_report import write_external_report
from radiomics_screen.report.fit_report import check_subgroups, report_beside, write_fit_report
from radiomics_screen.report.model_card import card_beside, write_model_card

__all__ = [
    "card_beside",
    "check_subgroups",
    "report_beside",
    "write_external_report",
    "write_fit_report",
    "write_model_card",
]
