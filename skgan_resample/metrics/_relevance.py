"""Scores of regression for the rows that matter, and for what these cost on the others.

The relevance is fixed beforehand, from training targets, so that all candidates are judged alike.
"""

from copy import deepcopy

import numpy as np
from sklearn.metrics import make_scorer
from sklearn.utils import check_consistent_length

from skgan_resample._docstrings import shared_descriptions
from skgan_resample._tables._targets import read_numbers, read_target
from skgan_resample.relevance import Relevance, check_relevance_fitted, check_relevance_threshold

described = shared_descriptions("""
    y_true : array-like of shape (n_samples,)
        Target values.
    y_pred : array-like of shape (n_samples,)
        Predictions.
    relevance : Relevance or array-like of shape (n_samples,)
        A fitted `Relevance`, or the relevance of each row, in [0, 1]. Fit it on training targets.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights >= 0 of the rows; None means 1 each.
    threshold : float in (0, 1], default=0.8
        A row is rare when its relevance reaches this value.
    """)


@described
def sera_score(y_true, y_pred, *, relevance, sample_weight=None, normalize=False):
    """Squared error-relevance area (SERA) [1]_: the sum of squared errors, each times the relevance of its row.

    SERA is the area under SER(t), the sum of squared errors over rows with relevance of at least t, for t from 0 to 1.
    Exchanging sum and integral gives sum_i phi(y_i) (y_pred_i - y_i)^2, with phi the relevance.

    Parameters
    ----------
    {y_true, y_pred, relevance, sample_weight}
    normalize : bool, default=False
        Divide by the sum of (weighted) relevance. The result is comparable between folds of different size: it is
        scikit-learn's `mean_squared_error` with the relevance as ``sample_weight``.

    Returns
    -------
    sera : float
        In squared target units; 0 is perfect. With `normalize`, NaN when no row has relevance above 0.

    References
    ----------
    .. [1] R. P. Ribeiro, N. Moniz, "Imbalanced regression and extreme value prediction", Machine Learning
       109:1803-1835, 2020.

    Examples
    --------
    >>> from skgan_resample.metrics import sera_score
    >>> sera_score([1, 2, 9], [1, 3, 7], relevance=[0, 0.5, 1])
    4.5
    >>> sera_score([1, 2, 9], [1, 3, 7], relevance=[0, 0.5, 1], normalize=True)
    3.0
    """
    y_true, error = _target_and_error(y_true, y_pred)
    weight = _weight(relevance, y_true, sample_weight)
    return _mean(error**2, weight) if normalize else float(weight @ error**2)


@described
def ser_curve(y_true, y_pred, *, relevance, thresholds=None):
    """Sum of squared errors over the rows with at least a given relevance, for all thresholds.

    Parameters
    ----------
    {y_true, y_pred, relevance}
    thresholds : array-like of shape (n_thresholds,), default=None
        Where to compute the curve, in [0, 1]. None: at 0, 1 and each relevance that occurs, which is the whole curve.

    Returns
    -------
    thresholds : ndarray of shape (n_thresholds,)
        The thresholds; increasing when they were not given.
    ser : ndarray of shape (n_thresholds,)
        Sum of squared errors over rows with relevance >= threshold; it never increases with the threshold. The curve
        is a step function that keeps ``ser[k]`` from (without) ``thresholds[k - 1]`` to (with) ``thresholds[k]``, so
        draw it with ``drawstyle="steps-pre"``; ``np.diff(thresholds) @ ser[1:]`` is `sera_score`.

    Examples
    --------
    >>> from skgan_resample.metrics import ser_curve
    >>> thresholds, ser = ser_curve([1, 2, 9], [1.5, 3, 7], relevance=[0, 0.5, 1])
    >>> thresholds
    array([0. , 0.5, 1. ])
    >>> ser
    array([5.25, 5.  , 4.  ])
    """
    y_true, error = _target_and_error(y_true, y_pred)
    phi = _phi_of(relevance, y_true)
    if thresholds is None:
        thresholds = np.unique(np.concatenate([[0.0], phi, [1.0]]))
    else:
        thresholds = _read_shares(thresholds, "thresholds")
    order = np.argsort(phi)  # (n_samples,), the least relevant row first
    from_the_top = np.cumsum(error[order[::-1]] ** 2)  # (n_samples,): of the k most relevant rows, k = 1 ... n
    n_reaching = len(phi) - np.searchsorted(phi[order], thresholds)  # (n_thresholds,)
    return thresholds, np.concatenate([[0.0], from_the_top])[n_reaching]


# scikit-learn has these three, given the relevance as `sample_weight`; the names stay for those who use them.
def relevance_weighted_mse(y_true, y_pred, *, relevance, sample_weight=None):
    """Return scikit-learn's `mean_squared_error` with the relevance as weights, which is normalized SERA."""
    return sera_score(y_true, y_pred, relevance=relevance, sample_weight=sample_weight, normalize=True)


def relevance_weighted_rmse(y_true, y_pred, *, relevance, sample_weight=None):
    """Return scikit-learn's `root_mean_squared_error` with the relevance as weights."""
    return float(np.sqrt(relevance_weighted_mse(y_true, y_pred, relevance=relevance, sample_weight=sample_weight)))


def relevance_weighted_mae(y_true, y_pred, *, relevance, sample_weight=None):
    """Return scikit-learn's `mean_absolute_error` with the relevance as weights."""
    y_true, error = _target_and_error(y_true, y_pred)
    return _mean(np.abs(error), _weight(relevance, y_true, sample_weight))


@described
def rare_mae(y_true, y_pred, *, relevance, threshold=0.8):
    """Mean absolute error of the rare rows, in target units.

    Parameters
    ----------
    {y_true, y_pred, relevance, threshold}

    Returns
    -------
    mae : float
        In target units; NaN when no row is rare.

    Examples
    --------
    >>> from skgan_resample.metrics import rare_mae
    >>> rare_mae([1, 2, 8, 9], [5, 3, 7, 6], relevance=[0, 0.5, 0.8, 1])
    2.0
    """
    error, rare = _error_and_rare(y_true, y_pred, relevance, threshold)
    return _mean(np.abs(error), rare)


@described
def rare_rmse(y_true, y_pred, *, relevance, threshold=0.8):
    """Root mean squared error of the rare rows, in target units.

    Parameters
    ----------
    {y_true, y_pred, relevance, threshold}

    Returns
    -------
    rmse : float
        In target units; NaN when no row is rare.

    Examples
    --------
    >>> from skgan_resample.metrics import rare_rmse
    >>> rare_rmse([1, 2, 8, 9], [5, 3, 7, 2], relevance=[0, 0.5, 0.8, 1])
    5.0
    """
    error, rare = _error_and_rare(y_true, y_pred, relevance, threshold)
    return float(np.sqrt(_mean(error**2, rare)))


@described
def common_rmse(y_true, y_pred, *, relevance, threshold=0.8):
    """Root mean squared error of the rows that are not rare, in target units: what rare ones cost.

    Parameters
    ----------
    {y_true, y_pred, relevance, threshold}

    Returns
    -------
    rmse : float
        In target units; NaN when every row is rare.

    Examples
    --------
    >>> from skgan_resample.metrics import common_rmse
    >>> common_rmse([1, 2, 8, 9], [2, 9, 7, 6], relevance=[0, 0.5, 0.8, 1])
    5.0
    """
    error, rare = _error_and_rare(y_true, y_pred, relevance, threshold)
    return float(np.sqrt(_mean(error**2, ~rare)))


@described
def total_ratio(y_true, y_pred):
    """Sum of the predictions divided by the sum of the target values.

    Training on more rare rows shifts predictions towards them; where totals matter (a budget, a reserve), this shows by
    how much. 1 is unbiased in total, at 1.1 the predicted total is 10 % too high.

    Parameters
    ----------
    {y_true, y_pred}

    Returns
    -------
    ratio : float
        NaN when the target values sum to zero within rounding. Of little meaning when positive and negative target
        values nearly cancel.

    Examples
    --------
    >>> from skgan_resample.metrics import total_ratio
    >>> total_ratio([1, 2, 5], [2, 3, 5])
    1.25
    """
    y_true, error = _target_and_error(y_true, y_pred)
    total = y_true.sum()
    # A total below the rounding error of the sum is zero.
    if abs(total) <= len(y_true) * np.finfo(float).eps * np.abs(y_true).sum():
        return float("nan")
    return float((y_true + error).sum() / total)


def make_sera_scorer(relevance, *, normalize=False):
    """Return a scikit-learn scorer for SERA, for `GridSearchCV`, `cross_validate` and the like.

    Parameters
    ----------
    relevance : Relevance
        A fitted relevance. It is copied, so all candidates and folds are judged alike even if it is fitted again.
    normalize : bool, default=False
        Divide by the sum of the relevance, see `sera_score`. A fold without any relevant row then scores NaN.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y)`` returns **minus** SERA, because scikit-learn maximizes scores.

    Raises
    ------
    TypeError
        When `relevance` is not a `Relevance`; relevances of single rows cannot follow the folds.
    sklearn.exceptions.NotFittedError
        When `relevance` is not fitted.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skgan_resample.metrics import make_sera_scorer
    >>> from skgan_resample.relevance import Relevance
    >>> X, y = load_diabetes(return_X_y=True)
    >>> scorer = make_sera_scorer(Relevance(method="quantile", side="high").fit(y))
    >>> search = GridSearchCV(Ridge(), {"alpha": [0.01, 1, 100]}, scoring=scorer).fit(X, y)
    >>> search.best_params_
    {'alpha': 0.01}
    """
    if not isinstance(relevance, Relevance):
        raise TypeError(f"make_sera_scorer needs a fitted Relevance; got {type(relevance).__name__}.")
    check_relevance_fitted(relevance)
    return make_scorer(sera_score, greater_is_better=False, relevance=deepcopy(relevance), normalize=normalize)


def _target_and_error(y_true, y_pred):
    """Return the target values and the errors (predicted minus actual) as arrays of shape (n_samples,)."""
    y_true, y_pred = read_target(y_true, name="y_true"), read_target(y_pred, name="y_pred")
    check_consistent_length(y_true, y_pred)
    return y_true, y_pred - y_true


def _error_and_rare(y_true, y_pred, relevance, threshold):
    y_true, error = _target_and_error(y_true, y_pred)
    return error, _phi_of(relevance, y_true) >= check_relevance_threshold(threshold)


def _phi_of(relevance, y_true):
    """Return the relevance of each row, from a fitted Relevance or from the given values."""
    if isinstance(relevance, Relevance):
        return relevance(y_true)
    if callable(relevance):
        raise TypeError(
            f"relevance must be a fitted Relevance or an array; got {relevance!r}. "
            "A function becomes one by Relevance(method=function).fit(y_train)."
        )
    phi = _read_shares(relevance, "relevance")
    check_consistent_length(y_true, phi)
    return phi


def _read_shares(values, name):
    """Return numbers as an array; refuse any outside of [0, 1]."""
    values = read_numbers(values, name)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(f"{name} must be in [0, 1]; got values from {values.min():g} to {values.max():g}.")
    return values


def _weight(relevance, y_true, sample_weight):
    """Return relevance times sample weight."""
    phi = _phi_of(relevance, y_true)
    if sample_weight is None:
        return phi
    sample_weight = read_numbers(sample_weight, "sample_weight")
    check_consistent_length(y_true, sample_weight)
    if (sample_weight < 0).any():
        raise ValueError(f"sample_weight must not be negative; got {sample_weight.min():g}.")
    return phi * sample_weight


def _mean(values, weight):
    """Return the weighted mean as a float; NaN when the weights sum to zero."""
    total = weight.sum()
    return float(weight @ values / total) if total > 0 else float("nan")
