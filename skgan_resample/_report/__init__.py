"""What `skgan-resample compare` shows: a table and a verdict in the terminal, and a folder with one page.

`_base` has what all three reports share, `_regression`, `_classification` and `_robustness` what each of them reports,
`_grid` the table, `_page` and `templates/` the HTML, `_script` the Python code of the recommended model.
"""

from skgan_resample._report._classification import ClassificationReport
from skgan_resample._report._regression import RegressionReport, refined_in_words
from skgan_resample._report._robustness import RobustnessReport

__all__ = ["refined_in_words", "report_of"]

REPORTS = {
    "regression": RegressionReport,
    "classification": ClassificationReport,
    "robustness": RobustnessReport,
}


def report_of(comparison, request):
    """Return the report of a comparison: `print()` shows it, `write(folder)` writes index.html and other files."""
    return REPORTS[request.table.task](comparison, request)
