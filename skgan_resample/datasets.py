"""Made tables whose answer is known."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, validate_params

__all__ = ["make_rare_pocket", "make_skewed_regression"]


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

    A tree that needs more than `n_rare` rows in a leaf cannot separate the pocket: there new rows help, and weights and
    recalibrated predictions do not. `benchmarks/compare_verdicts.py` checks that `compare` finds that out.

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
        The first column is uniform on [0, 1] and predicts the common targets. The second one is about 6 in the pocket
        and about 0 elsewhere. The others are noise.
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
