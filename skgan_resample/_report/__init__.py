"""What `skgan-resample compare` shows: a table and a verdict in the terminal, and a folder with one page.

`_frame` has what all three reports share, `_regression`, `_classification` and `_robustness` what each of them says,
`_grid` the table, `_page` the HTML, `_recipe` the Python code to paste.
"""

from skgan_resample._report._classification import ClassificationReport
from skgan_resample._report._regression import RegressionReport, refined_in_words
from skgan_resample._report._robustness import RobustnessReport

__all__ = [
    "print_classification",
    "print_robustness",
    "print_summary",
    "refined_in_words",
    "write_classification_report",
    "write_report",
    "write_robustness_report",
]


def print_summary(comparison):
    """Print what is rare, the table and the verdict."""
    RegressionReport(comparison).print()


def print_classification(comparison):
    """Print the classes, the table and the verdict."""
    ClassificationReport(comparison).print()


def print_robustness(comparison):
    """Print the threat model, the table and the two answers."""
    RobustnessReport(comparison).print()


def write_report(out, comparison, table, relevance, options):
    """Write a folder with index.html, recipe.py, results.csv and run.json.

    An earlier report is replaced when the new one is complete.

    Parameters
    ----------
    out : pathlib.Path
    comparison : Comparison
    table : Table
        As made ready by the command line.
    relevance : Relevance
    options : dict
        The command's options.
    """
    RegressionReport(comparison, table, options, relevance).write(out)


def write_classification_report(out, comparison, table, options):
    """Write a folder on methods for classes, as `write_report` does."""
    ClassificationReport(comparison, table, options).write(out)


def write_robustness_report(out, comparison, table, options):
    """Write a folder on adversarial training, as `write_report` does."""
    RobustnessReport(comparison, table, options).write(out)
