"""Folds for a continuous target, splits that test on real rows only, and comparisons: `compare`,
`compare_classification`, `compare_robustness`.
"""

from skgan_resample._folds import RealRowsTestSplit, RegressionStratifiedKFold, RepeatedRegressionStratifiedKFold

__all__ = [
    "RealRowsTestSplit",
    "RegressionStratifiedKFold",
    "RepeatedRegressionStratifiedKFold",
    "compare",
    "compare_classification",
    "compare_robustness",
]


def __getattr__(name):
    """Load a comparison when it is asked for: it imports `compose`, which imports the folds above."""
    if name == "compare":
        from skgan_resample.model_selection._regression import compare

        return compare
    if name == "compare_classification":
        from skgan_resample.model_selection._classification import compare_classification

        return compare_classification
    if name == "compare_robustness":
        from skgan_resample.model_selection._robustness import compare_robustness

        return compare_robustness
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
