"""Public names of this package."""

from rastervision.core.report.report import make_report as make_report
