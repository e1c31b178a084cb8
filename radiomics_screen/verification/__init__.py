"""Is this installation right? Measured values against the reference values of the IBSI.

May import: core, imaging, filters, features, settings, extraction.
"""

from radiomics_screen.verification.results import Group, Omitted, ReferenceComparison, Report
from radiomics_screen.verification.run import require_place, verify, write_report

__all__ = ["Group", "Omitted", "ReferenceComparison", "Report", "require_place", "verify", "write_report"]
