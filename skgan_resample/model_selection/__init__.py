"""Folds for a continuous target, splits that test on real rows only, and `compare`."""

from skgan_resample.model_selection._folds import (
    RealRowsTestSplit,
    RegressionStratifiedKFold,
    RepeatedRegressionStratifiedKFold,
)

__all__ = [
    "RealRowsTestSplit",
    "RegressionStratifiedKFold",
    "RepeatedRegressionStratifiedKFold",
    "compare",
]


def __getattr__(name):
    """Load compare when it is asked for: it imports `compose`, which imports the folds above."""
    if name == "compare":
        from skgan_resample.model_selection._compare import compare

        return compare
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
