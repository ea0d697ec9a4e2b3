"""Tables to try things on: benchmark tables of a local folder, and made ones whose answer is known.

Nothing is downloaded. What scikit-learn bundles is loaded there (`sklearn.datasets.load_diabetes`), and what it can
fetch is fetched there (`sklearn.datasets.fetch_openml`).
"""

import os
from difflib import get_close_matches
from numbers import Integral, Real
from pathlib import Path

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, validate_params

__all__ = ["load_table", "make_rare_pocket", "make_skewed_regression", "table_names"]


FOLDER_VARIABLE = "SKGAN_RESAMPLE_DATA"
_FOLDERS = {"regression": "imbalanced_regression", "classification": "classification", "robustness": "robustness"}
_ABOUT = {"index", "meta"}  # files beside the tables that tell of them


def table_names(task=None, *, folder=None):
    """Return the names of the benchmark tables that `load_table` finds.

    Parameters
    ----------
    task : {"regression", "classification", "robustness"}, default=None
        None names all.
    folder : str or path, default=None
        The folder that holds the tables; None takes the environment variable ``SKGAN_RESAMPLE_DATA``.

    Returns
    -------
    names : list of str
        In alphabetical order.

    Raises
    ------
    FileNotFoundError
        If no folder is given or set, or it is not there.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skgan_resample.datasets import table_names
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     (Path(folder) / "classification").mkdir()
    ...     _ = (Path(folder) / "classification" / "coins.csv").write_text("weight,target\\n7.5,euro\\n")
    ...     table_names("classification", folder=folder)
    ['coins']
    """
    if task is not None and task not in _FOLDERS:
        raise ValueError(f"task={task!r} is none of {', '.join(_FOLDERS)}.")
    return sorted(_tables(folder, [task] if task else _FOLDERS))


def load_table(name, *, folder=None):
    """Return a benchmark table as a frame of predictors and a target.

    The tables lie in ``imbalanced_regression``, ``classification`` and ``robustness`` below the folder, as ``.csv`` or
    ``.csv.gz``. The target is the column "target", or the last one where no column has this name.

    Parameters
    ----------
    name : str
        The file's name without its ending, such as "airfoild"; see `table_names`.
    folder : str or path, default=None
        The folder that holds the tables; None takes the environment variable ``SKGAN_RESAMPLE_DATA``.

    Returns
    -------
    X : DataFrame of shape (n_samples, n_features)
        Text columns are as pandas reads them, cells may be missing.
    y : Series of shape (n_samples,)
        Numbers for a regression table, labels as text for the others.

    Raises
    ------
    FileNotFoundError
        If no folder is given or set, or it is not there.
    ValueError
        If there is no such table.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skgan_resample.datasets import load_table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     (Path(folder) / "classification").mkdir()
    ...     _ = (Path(folder) / "classification" / "coins.csv").write_text("weight,target\\n7.5,1\\n8.5,2\\n")
    ...     X, y = load_table("coins", folder=folder)
    >>> X.shape, y.tolist()
    ((2, 1), ['1', '2'])
    """
    import pandas as pd

    found = _tables(folder, _FOLDERS)
    if name not in found:
        close = get_close_matches(str(name), list(found), n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {len(found)}, see table_names()."
        raise ValueError(f"There is no table {name!r}; {hint}")
    task, path = found[name]
    frame = pd.read_csv(path)
    target = "target" if "target" in frame else frame.columns[-1]
    y = frame.pop(target)
    if task != "regression":  # a label may be "01" or "NA"
        y = pd.read_csv(path, usecols=[target], dtype=str, keep_default_na=False, na_values=[""])[target]
    return frame, y


def _tables(folder, tasks):
    """Return {name: (task, path)} of the tables of these tasks."""
    if folder is None:
        folder = os.environ.get(FOLDER_VARIABLE)
        if not folder:
            raise FileNotFoundError(f"Set {FOLDER_VARIABLE} to the folder of the benchmark tables, or give folder=.")
    if not Path(folder).is_dir():
        raise FileNotFoundError(f"The folder of the benchmark tables, {folder}, is not there.")
    paths = [(task, path) for task in tasks for path in sorted((Path(folder) / _FOLDERS[task]).glob("*.csv*"))]
    found = {path.name.removesuffix(".gz").removesuffix(".csv"): (task, path) for task, path in paths}
    return {name: place for name, place in found.items() if name not in _ABOUT and not name.startswith("url_phishing_")}


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "noise": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_skewed_regression(n_samples=600, *, noise=1.0, random_state=None):
    """Make a table whose target has a long upper tail, and depends on three skewed columns linearly.

    Parameters
    ----------
    n_samples : int, default=600
        Number of rows, at least 1.
    noise : float, default=1.0
        Standard deviation of the normal noise on the target, at least 0.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same rows in every call.

    Returns
    -------
    X : ndarray of shape (n_samples, 3)
        Exponentially distributed, of mean 1.
    y : ndarray of shape (n_samples,)
        ``2 * X[:, 0] + X[:, 1] + 0.5 * X[:, 2]``, with noise.

    Examples
    --------
    >>> from skgan_resample import Relevance
    >>> from skgan_resample.datasets import make_skewed_regression
    >>> X, y = make_skewed_regression(random_state=0)
    >>> Relevance(side="high").fit(y).explain()
    '41 of 600 rows are rare: y >= 7.93...'
    """
    rng = check_random_state(random_state)
    X = rng.exponential(size=(n_samples, 3))
    return X, X @ np.array([2.0, 1.0, 0.5]) + noise * rng.normal(size=n_samples)


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "n_rare": [Interval(Integral, 0, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_rare_pocket(n_samples=1500, n_rare=40, *, random_state=None):
    """Make a table whose largest targets lie together in a pocket of the features, apart from all other rows.

    A learner that must put more than `n_rare` rows into a leaf cannot give the pocket one of its own: there new rows
    help, and weights and moved predictions do not. `benchmarks/compare_verdicts.py` asks `compare` to find that out.

    Parameters
    ----------
    n_samples : int, default=1500
        Number of rows, those in the pocket included.
    n_rare : int, default=40
        Number of rows in the pocket, at most `n_samples`; they come first.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same rows in every call.

    Returns
    -------
    X : ndarray of shape (n_samples, 4)
        The first column is uniform on [0, 1] and predicts the common targets, the second one tells the pocket, where it
        is about 6 instead of 0; the others are noise.
    y : ndarray of shape (n_samples,)
        About 20 in the pocket, and about 0 to 8 elsewhere.

    Examples
    --------
    >>> from skgan_resample.datasets import make_rare_pocket
    >>> X, y = make_rare_pocket(random_state=0)
    >>> bool(y[:40].min() > y[40:].max())
    True
    """
    if n_rare > n_samples:
        raise ValueError(f"n_rare={n_rare} must be at most n_samples={n_samples}.")
    rng = check_random_state(random_state)
    X = np.column_stack([rng.uniform(size=n_samples), rng.normal(size=(n_samples, 3))])
    y = 8 * X[:, 0] + rng.normal(size=n_samples)
    X[:n_rare, 1] = 6 + 0.3 * rng.normal(size=n_rare)
    y[:n_rare] = 20 + 2 * rng.normal(size=n_rare)
    return X, y
