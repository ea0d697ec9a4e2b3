"""Folds for a continuous target, splits that test on real rows only, and `compare`."""

from importlib import import_module

from skgan_resample._folds import RealRowsTestSplit, RegressionStratifiedKFold, RepeatedRegressionStratifiedKFold

_HOMES = {  # loaded when they are asked for: they import all methods
    "compare": "_compare",
    "compare_classification": "_compare",
    "compare_regression": "_compare",
    "compare_robustness": "_compare",
    "Comparison": "_result",
    "Verdict": "_result",
    "default_methods": "_methods",
    "MethodClassifier": "_classification",
    "BalancedWeights": "_methods",
    "ClassDuplicator": "_methods",
    "UniformDuplicator": "_methods",
}

__all__ = [
    "BalancedWeights",
    "ClassDuplicator",
    "Comparison",
    "MethodClassifier",
    "RealRowsTestSplit",
    "RegressionStratifiedKFold",
    "RepeatedRegressionStratifiedKFold",
    "UniformDuplicator",
    "Verdict",
    "compare",
    "compare_classification",
    "compare_regression",
    "compare_robustness",
    "default_methods",
]


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
