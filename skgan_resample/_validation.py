"""What several estimators share: errors and warnings of our own, and the report of versions."""

import importlib
import os
import platform
import sys


class ResamplingWarning(UserWarning):
    """Something was done that the caller may not expect, such as a table returned unchanged."""


class NoRareRowsError(ValueError):
    """The relevance function finds no rare target value, so there is nothing to over-sample."""


def show_versions():
    """Print the versions of Python, the machine and the libraries that results depend on.

    Paste the output into a bug report.

    Examples
    --------
    >>> from skgan_resample import show_versions
    >>> show_versions()  # doctest: +ELLIPSIS
    python...
    """
    for name, version in versions().items():
        print(f"{name:18s} {version}")


def versions():
    """Return the versions that results depend on as a dict of strings; torch is not imported for it."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": sys.version.split()[0], "platform": platform.platform(), "cores": str(os.cpu_count())}
    found["skgan_resample"] = importlib.import_module("skgan_resample").__version__
    for name in ("numpy", "scipy", "scikit-learn", "imbalanced-learn", "torch", "narwhals", "joblib", "pandas", "polars"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    found["OMP_NUM_THREADS"] = os.environ.get("OMP_NUM_THREADS", "unset")
    return found
