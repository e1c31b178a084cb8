"""A report that people can read: one HTML file with everything in it, and a card in Markdown."""

from radiomics_screen.report.external import write_external_report
from radiomics_screen.report.fitted import check_subgroups, report_beside, write_fit_report
from radiomics_screen.report.model_card import card_beside, write_model_card

__all__ = [
    "card_beside",
    "check_subgroups",
    "report_beside",
    "write_external_report",
    "write_fit_report",
    "write_model_card",
]
