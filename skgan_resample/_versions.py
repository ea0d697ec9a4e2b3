"""The versions that results depend on, for reports and bug reports."""

import os
import platform
import sys

from skgan_resample._version import __version__


def show_versions():
    """Print the versions of Python, the machine and the libraries that results depend on.

    Also how torch was built, which GPUs it sees and how many threads it uses; torch is imported for that. Paste the
    output into a bug report.

    Examples
    --------
    >>> from skgan_resample import show_versions
    >>> show_versions()
    python...
    """
    for name, found in (versions() | _torch_facts()).items():
        print(f"{name:18s} {found}")


def _torch_facts():
    try:
        import torch
    except ImportError as error:  # show_versions is for broken installations, too
        return {"torch import": f"fails: {error}"}
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {
        "torch build": f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPU",
        "torch GPUs": ", ".join(gpus) or "none",
        "torch threads": str(torch.get_num_threads()),
    }


def versions():
    """Return the versions that results depend on as a dict of strings; torch is not imported for it."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": sys.version.split()[0], "platform": platform.platform(), "cores": str(os.cpu_count())}
    found["skgan_resample"] = __version__
    for name in (
        "numpy",
        "scipy",
        "scikit-learn",
        "imbalanced-learn",
        "torch",
        "narwhals",
        "joblib",
        "pandas",
        "polars",
    ):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    found["OMP_NUM_THREADS"] = os.environ.get("OMP_NUM_THREADS", "unset")
    return found
