"""What `skgan-resample compare` shows: answer and table in the terminal, and a folder with a page and a script."""

from skgan_resample._report._classification import ClassificationReport
from skgan_resample._report._regression import RegressionReport, refined_in_words
from skgan_resample._report._robustness import RobustnessReport

__all__ = ["refined_in_words", "report_of"]

REPORTS = {"regression": RegressionReport, "classification": ClassificationReport, "robustness": RobustnessReport}


def report_of(comparison, request):
    """Return the report of a comparison: `print()` shows it, `write(folder)` writes index.html and other files."""
    return REPORTS[request.table.task](comparison, request)
