"""A report that people can read: one HTML file with everything in it."""

from radiomics_screen.report.external import write_external_report
from radiomics_screen.report.fitted import check_subgroups, report_beside, write_fit_report

__all__ = ["check_subgroups", "report_beside", "write_external_report", "write_fit_report"]
