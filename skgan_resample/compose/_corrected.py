"""Regressors weighted by relevance, or corrected in their output."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import check_cv
from sklearn.utils import check_array
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, check_consistent_length

from skgan_resample._estimators import seeded_clone
from skgan_resample._folds import RegressionStratifiedKFold
from skgan_resample._tables._containers import take_rows
from skgan_resample._weights import fit_weighted, no_weights, weight_parameter
from skgan_resample.compose._base import RegressorAround, described
from skgan_resample.exceptions import warn

_RELEVANCE_CONSTRAINTS: dict = {
    "relevance": [HasMethods(["fit", "rare_mask", "sample_weight"]), None],
    "threshold": [Interval(Real, 0, 1, closed="right")],
}


@described
class RelevanceWeightedRegressor(RegressorAround):
    """Fit a regressor with weights, so that rare target values together count as much as common ones.

    The simplest remedy for an imbalanced target, without a new row, and often the best. As the last step of an
    imbalanced-learn Pipeline it can follow any sampler, which plain weights cannot.

    Parameters
    ----------
    {estimator, relevance, threshold}
    fallback : {"bootstrap", "raise"}, default="bootstrap"
        What to do if `estimator` takes no sample_weight, as nearest neighbours do. "bootstrap" fits it on as many rows
        as there are, drawn with replacement, with probabilities proportional to the weights. "raise" raises.
    {random_state}

    Attributes
    ----------
    {estimator_, relevance_, n_features_in_}

    See Also
    --------
    OutputCorrectedRegressor : The emphasis put on a line through the predictions instead.

    Notes
    -----
    The weight of a row is 1 + phi (n_common / n_rare - 1), with phi its relevance: see `Relevance.sample_weight`. If no
    row is rare, all weigh the same, with one `ResamplingWarning`. Weights given to `fit` multiply those of the
    relevance, which is itself learned without them.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import LinearRegression
    >>> from skgan_resample import Relevance, RelevanceWeightedRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> highest_tenth = Relevance("quantile", side="high")
    >>> model = RelevanceWeightedRegressor(LinearRegression(), relevance=highest_tenth).fit(X, y)
    >>> rare = model.relevance_.rare_mask(y)
    >>> print(LinearRegression().fit(X, y).predict(X)[rare].mean().round(), model.predict(X)[rare].mean().round())
    224.0 258.0
    """

    _parameter_constraints: dict = {
        **RegressorAround._parameter_constraints,
        **_RELEVANCE_CONSTRAINTS,
        "fallback": [StrOptions({"bootstrap", "raise"})],
    }

    def __init__(self, estimator, *, relevance=None, threshold=0.8, fallback="bootstrap", random_state=None):
        self.estimator = estimator
        self.relevance = relevance
        self.threshold = threshold
        self.fallback = fallback
        self.random_state = random_state

    def _fit(self, X, y, sample_weight, rng):
        weights = self._emphasis(y) * (1.0 if sample_weight is None else sample_weight)
        estimator = seeded_clone(self.estimator, rng)
        if weight_parameter(estimator) is not None:
            self.estimator_ = fit_weighted(estimator, X, y, weights)
        elif self.fallback == "raise":
            raise ValueError(no_weights(estimator))
        elif np.ptp(weights) == 0:
            self.estimator_ = estimator.fit(X, y)
        else:
            # Weighted bootstrap: each row is expected to occur in proportion to its weight.
            rows = rng.choice(len(y), size=len(y), p=weights / weights.sum())
            self.estimator_ = estimator.fit(take_rows(X, rows), y[rows])


@described
class OutputCorrectedRegressor(RegressorAround):
    """Correct the predictions of a regressor by a straight line that fits where it matters.

    Regressors shrink towards the mean, so high targets are predicted too low and low ones too high. Here the line
    ``y = intercept + slope * prediction`` is fitted by least squares to inner out-of-fold predictions, weighted so
    that rare target values together count as much as common ones. It is to regression what a tuned decision threshold
    is to classification: the model stays as it is, its output is recalibrated.

    Parameters
    ----------
    {estimator, relevance, threshold}
    strength : float in [0, 1], default=1.0
        How far predictions are shifted towards the line. Our addition, because a small step lowers the error on rare
        values much and raises that on all others little.
    {cv, random_state}

    Attributes
    ----------
    slope_, intercept_ : float
        The line. A slope above 1 spreads the predictions out; with a negative one, out-of-fold predictions point the
        wrong way. If they are all the same, the slope is 0 and the intercept the weighted mean of the target.
    {estimator_, relevance_, n_features_in_}

    Notes
    -----
    If no row is rare, the line is fitted with equal weights, with one `ResamplingWarning`. Weights given to `fit` reach
    `estimator`, and multiply those of the relevance for the line. If `estimator` takes none, they are used for the line
    alone, also with a warning. Rows that a splitter never tests are left out of the line. To put weights before the
    line, give ``RelevanceWeightedRegressor(estimator)`` as the estimator.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from skgan_resample import OutputCorrectedRegressor, Relevance
    >>> X, y = load_diabetes(return_X_y=True)
    >>> highest_tenth = Relevance("quantile", side="high")
    >>> model = OutputCorrectedRegressor(Ridge(), relevance=highest_tenth, random_state=0).fit(X, y)
    >>> print(f"{model.intercept_:.0f} + {model.slope_:.1f} * prediction")
    -43 + 1.5 * prediction
    """

    _parameter_constraints: dict = {
        **RegressorAround._parameter_constraints,
        **_RELEVANCE_CONSTRAINTS,
        "strength": [Interval(Real, 0, 1, closed="both")],
        "cv": ["cv_object"],
    }

    def __init__(self, estimator, *, relevance=None, threshold=0.8, strength=1.0, cv=5, random_state=None):
        self.estimator = estimator
        self.relevance = relevance
        self.threshold = threshold
        self.strength = strength
        self.cv = cv
        self.random_state = random_state

    def _fit(self, X, y, sample_weight, rng):
        weights = self._emphasis(y) * (1.0 if sample_weight is None else sample_weight)
        estimator = seeded_clone(self.estimator, rng)
        if sample_weight is not None and weight_parameter(estimator) is None:
            warn(f"{no_weights(estimator)} The weights are used for the line alone.")
            sample_weight = None
        tested, predictions = out_of_fold(estimator, X, y, sample_weight, inner_folds(self.cv, rng))
        self.slope_, self.intercept_ = output_correction(y[tested], predictions, weights[tested])
        self.estimator_ = fit_weighted(estimator, X, y, sample_weight)

    def _corrected(self, predictions):
        return predictions + self.strength * (self.intercept_ + self.slope_ * predictions - predictions)


def output_correction(y, predictions, weights=None):
    """Return the line that fits the target best, given predictions of it.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Target.
    predictions : array-like of shape (n_samples,)
        Predictions of rows that the model was not fitted to.
    weights : array-like of shape (n_samples,), default=None
        How much each row counts, at least 0; such as ``relevance.sample_weight(y)``. None is one for each.

    Returns
    -------
    slope, intercept : float
        They minimise the sum of weights * (y - intercept - slope * predictions)**2. If predictions are all the same
        (but for rounding), the slope is 0 and the intercept the weighted mean of the target.

    Examples
    --------
    >>> from skgan_resample.compose import output_correction
    >>> output_correction([0, 10, 20], [5, 10, 15])
    (2.0, -10.0)
    >>> output_correction([0, 10, 20], [7, 7, 7], weights=[1, 1, 2])
    (0.0, 12.5)
    """
    y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
    predictions = check_array(predictions, ensure_2d=False, dtype=np.float64, input_name="predictions")
    check_consistent_length(y, predictions)
    weights = _check_sample_weight(weights, y, dtype=np.float64, ensure_non_negative=True)
    shares = weights / weights.sum()
    # Weighted simple linear regression in centred form: slope = cov(y, predictions) / var(predictions).
    y_mean, center = shares @ y, shares @ predictions
    deviations = predictions - center  # (n_samples,)
    variance = shares @ deviations**2
    if np.sqrt(variance) <= 1e-12 * np.abs(predictions).max():  # all the same but for rounding
        return 0.0, float(y_mean)
    slope = shares @ (deviations * (y - y_mean)) / variance
    return float(slope), float(y_mean - slope * center)


# ------------------------------------------------------------------------------------------------ clones and folds
def inner_folds(cv, rng):
    """Return a splitter: shuffled folds for a number, else `cv`."""
    if cv is None or isinstance(cv, Integral):
        return RegressionStratifiedKFold(cv or 5, shuffle=True, random_state=rng.randint(np.iinfo(np.int32).max))
    return check_cv(cv)


def out_of_fold(estimator, X, y, sample_weight, folds):
    """Return the rows that were tested, and for each the mean prediction of the clones fitted without it."""
    total, count = np.zeros(len(y)), np.zeros(len(y))  # a splitter may test a row several times, or never
    for train, test in folds.split(X, y):
        weights = None if sample_weight is None else sample_weight[train]
        fitted = fit_weighted(clone(estimator), take_rows(X, train), y[train], weights)
        total[test] += fitted.predict(take_rows(X, test))
        count[test] += 1
    tested = np.flatnonzero(count)
    return tested, total[tested] / count[tested]
