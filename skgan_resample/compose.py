"""Regressors around regressors: resampled, weighted by relevance, corrected in their output.

The table passes through untouched: strings, missing cells and data frames reach the inner sampler and estimator as
they came.
"""

from inspect import signature
from numbers import Integral, Real

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, _fit_context, clone
from sklearn.isotonic import IsotonicRegression
from sklearn.model_selection import check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing, check_array, check_random_state, get_tags
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    has_fit_parameter,
    indexable,
    validate_data,
)

from skgan_resample._refiner import SyntheticRefiner
from skgan_resample._tables import row_origins, synthetic_rows
from skgan_resample._validation import NoRareRowsError, seeded_clone, warn
from skgan_resample.model_selection._folds import RegressionStratifiedKFold
from skgan_resample.relevance import Relevance

__all__ = [
    "OutputCorrectedRegressor",
    "RelevanceWeightedRegressor",
    "ResampledRegressor",
    "SyntheticRefiner",
    "output_correction",
]


class _RegressorAround(MetaEstimatorMixin, RegressorMixin, BaseEstimator):
    """What the regressors here share: they check rows, not cells, and predict by `estimator_`."""

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"])],
        "random_state": ["random_state"],
    }

    def predict(self, X):
        """Predict the target.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            Whatever the inner estimator takes.

        Returns
        -------
        y : ndarray of shape (n_rows,)
        """
        check_is_fitted(self)
        return self._corrected(np.asarray(self.estimator_.predict(X)))

    def _corrected(self, predictions):
        return predictions

    def _check_rows(self, X, y, sample_weight):
        """Return `X`, the target as floats and the weights, None if none were given; learn the columns of `X`."""
        validate_data(self, X, y, skip_check_array=True)  # n_features_in_ and feature_names_in_
        (X,) = indexable(X)  # a no-op for arrays and frames
        y = column_or_1d(check_array(y, ensure_2d=False, dtype=np.float64, input_name="y"), warn=True)
        check_consistent_length(X, y)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, y, dtype=np.float64, ensure_non_negative=True)
        return X, y, sample_weight

    def _emphasis(self, y):
        """Fit the relevance and return its weights; ones after a warning if no row is rare."""
        self.relevance_ = Relevance() if self.relevance is None else clone(self.relevance)
        try:
            self.relevance_.fit(y)
            if not self.relevance_.rare_mask(y, self.threshold).any():
                raise NoRareRowsError(
                    f"No row reaches the relevance {self.threshold:g}; lower `threshold` or choose another relevance."
                )
        except NoRareRowsError as error:
            warn(f"All rows weigh the same. {error}")
            return np.ones(len(y))
        return self.relevance_.sample_weight(y, self.threshold)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "estimator_")

    def __sklearn_tags__(self):
        tags, inner = super().__sklearn_tags__(), get_tags(self.estimator).input_tags
        tags.input_tags.allow_nan = inner.allow_nan
        tags.input_tags.sparse = inner.sparse
        tags.input_tags.string = inner.string
        tags.input_tags.categorical = inner.categorical
        tags.input_tags.pairwise = False
        return tags


_RELEVANCE_CONSTRAINTS: dict = {
    "relevance": [HasMethods(["fit", "rare_mask", "sample_weight"]), None],
    "threshold": [Interval(Real, 0, 1, closed="right")],
}


class RelevanceWeightedRegressor(_RegressorAround):
    """Fit a regressor with weights, so that rare target values together count as much as common ones.

    The simplest remedy for an imbalanced target, without a new row, and often the best. As the last step of an
    imbalanced-learn Pipeline it stands behind any sampler, where plain weights cannot travel.

    Parameters
    ----------
    estimator : regressor
        It is cloned. In a Pipeline, the weights go to the last step.
    relevance : Relevance, default=None
        What is rare. It is cloned and fitted to the training target; None is ``Relevance()``, the box-plot extremes.
    threshold : float in (0, 1], default=0.8
        A row is rare when the relevance of its target reaches this value. The weight of a row is
        1 + phi (n_common / n_rare - 1), with phi its relevance: see `Relevance.sample_weight`.
    fallback : {"bootstrap", "raise"}, default="bootstrap"
        What to do if `estimator` takes no sample_weight, as nearest neighbours do. "bootstrap" fits it on as many rows
        as there are, drawn with replacement, with probabilities proportional to the weights. "raise" raises.
    random_state : int, RandomState instance or None, default=None
        For the bootstrap, and for every random_state in `estimator` that is None.

    Attributes
    ----------
    estimator_ : regressor
        The fitted clone.
    relevance_ : Relevance
        Fitted to the target, unless no row is rare.
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    Notes
    -----
    If no row is rare, all rows weigh the same, with one `ResamplingWarning`. Weights given to `fit` multiply those of
    the relevance, which is itself learned from the rows without weights.

    See Also
    --------
    OutputCorrectedRegressor : The emphasis put on a line through the predictions instead.

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
        **_RegressorAround._parameter_constraints,
        **_RELEVANCE_CONSTRAINTS,
        "fallback": [StrOptions({"bootstrap", "raise"})],
    }

    def __init__(self, estimator, *, relevance=None, threshold=0.8, fallback="bootstrap", random_state=None):
        self.estimator = estimator
        self.relevance = relevance
        self.threshold = threshold
        self.fallback = fallback
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None):
        """Learn what is rare, then fit the estimator with the weights.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            Whatever `estimator` takes.
        y : array-like of shape (n_rows,)
            Continuous target, finite.
        sample_weight : array-like of shape (n_rows,), default=None
            Multiplied with the weights from the relevance.

        Returns
        -------
        self : RelevanceWeightedRegressor
        """
        rng = check_random_state(self.random_state)
        X, y, sample_weight = self._check_rows(X, y, sample_weight)
        weights = self._emphasis(y) * (1.0 if sample_weight is None else sample_weight)
        estimator = seeded_clone(self.estimator, rng)
        if _weight_parameter(estimator) is not None:
            self.estimator_ = _fit_weighted(estimator, X, y, weights)
        elif self.fallback == "raise":
            raise ValueError(_no_weights(estimator))
        elif np.ptp(weights) == 0:
            self.estimator_ = estimator.fit(X, y)
        else:
            rows = rng.choice(len(y), size=len(y), p=weights / weights.sum())
            self.estimator_ = estimator.fit(_safe_indexing(X, rows), y[rows])
        return self


class OutputCorrectedRegressor(_RegressorAround):
    """Correct the predictions of a regressor by a straight line that fits where it matters.

    Regressors shrink towards the mean, so high targets are predicted too low and low ones too high. Here the line
    ``y = intercept + slope * prediction`` is fitted by least squares to inner out-of-fold predictions, weighted so
    that rare target values together count as much as common ones. It is to regression what a tuned decision threshold
    is to classification: the model stays, its output moves.

    Parameters
    ----------
    estimator : regressor
        It is cloned. ``OutputCorrectedRegressor(RelevanceWeightedRegressor(estimator))`` puts weights before the line.
    relevance : Relevance, default=None
        What is rare. It is cloned and fitted to the training target; None is ``Relevance()``, the box-plot extremes.
    threshold : float in (0, 1], default=0.8
        A row is rare when the relevance of its target reaches this value.
    strength : float in [0, 1], default=1.0
        How far predictions move towards the line, ours: 0 leaves them alone. A part of the way lowers the error on rare
        values first and raises that on all others last, so a little of it is the cheapest remedy there is.
    cv : int, splitter or iterable of (train, test), default=5
        Inner folds; an int or None (5) means shuffled `RegressionStratifiedKFold`. `estimator` is fitted once a fold
        and once more. Rows that a splitter never tests are left out of the line.
    random_state : int, RandomState instance or None, default=None
        For the folds, and for every random_state in `estimator` that is None.

    Attributes
    ----------
    slope_, intercept_ : float
        The line. A slope above 1 spreads the predictions out; a negative one says that out-of-fold predictions point
        the wrong way. If they are all the same, the slope is 0 and the intercept the weighted mean of the target.
    estimator_ : regressor
        Fitted to all rows.
    relevance_ : Relevance
        Fitted to the target, unless no row is rare.
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    Notes
    -----
    If no row is rare, the line is fitted with equal weights, with one `ResamplingWarning`. If `estimator` takes no
    sample_weight, weights given to `fit` are used for the line alone, also with a warning.

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
        **_RegressorAround._parameter_constraints,
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

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None):
        """Fit the line to out-of-fold predictions, then the estimator to all rows.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            Whatever `estimator` takes.
        y : array-like of shape (n_rows,)
            Continuous target, finite.
        sample_weight : array-like of shape (n_rows,), default=None
            Given to `estimator`, and multiplied with the weights of the relevance for the line.

        Returns
        -------
        self : OutputCorrectedRegressor
        """
        rng = check_random_state(self.random_state)
        X, y, sample_weight = self._check_rows(X, y, sample_weight)
        weights = self._emphasis(y) * (1.0 if sample_weight is None else sample_weight)
        estimator = seeded_clone(self.estimator, rng)
        if sample_weight is not None and _weight_parameter(estimator) is None:
            message = f"{_no_weights(estimator)} The weights are used for the line alone."
            warn(message)
            sample_weight = None
        tested, predictions = _out_of_fold(estimator, X, y, sample_weight, _folds(self.cv, rng))
        self.slope_, self.intercept_ = output_correction(y[tested], predictions, weights[tested])
        self.estimator_ = _fit_weighted(estimator, X, y, sample_weight)
        return self

    def _corrected(self, predictions):
        return predictions + self.strength * (self.intercept_ + self.slope_ * predictions - predictions)


class ResampledRegressor(_RegressorAround):
    """Resample the training rows, then fit a regressor to them.

    An imbalanced-learn Pipeline of the two does the same, and takes further steps; here weights travel with the rows,
    and predictions can be calibrated again on the real rows, since resampling shifts their mean.

    Parameters
    ----------
    sampler : sampler, "passthrough" or None
        Anything with ``fit_resample(X, y)`` for a continuous target. It is cloned. "passthrough" and None leave the
        rows as they are.
    estimator : regressor
        It is cloned.
    recalibrate : {"mean", "isotonic"}, default=None
        What is learned from inner out-of-fold predictions of sampler and estimator together, on rows that were given to
        `fit`. "mean": a constant is added so that predictions have the mean of the target. "isotonic": predictions pass
        through an isotonic regression, clipped to the range seen.
    cv : int, splitter or iterable of (train, test), default=5
        Inner folds for `recalibrate`; an int or None (5) means shuffled `RegressionStratifiedKFold`. Sampler and
        estimator are fitted once a fold and once more.
    random_state : int, RandomState instance or None, default=None
        For the folds, and for every random_state in `sampler` and `estimator` that is None.

    Attributes
    ----------
    sampler_ : sampler or None
        The fitted clone. It says which rows were made, from which ones.
    estimator_ : regressor
        The fitted clone.
    offset_ : float
        What is added to each prediction; 0 without ``recalibrate="mean"``.
    calibrator_ : IsotonicRegression or None
        What predictions pass through; None without ``recalibrate="isotonic"``.
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    Notes
    -----
    With weights, a new row weighs the mean of its parents (``sampler.parent_indices_``). Where a sampler does not say
    which rows it kept or made, kept rows are found by their values, and a new row without known parents weighs the
    mean of all rows.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.ensemble import HistGradientBoostingRegressor
    >>> from skgan_resample import SMOGN, Relevance, ResampledRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> sampler = SMOGN(relevance=Relevance("quantile", side="high"), sampling_strategy="balance")
    >>> learner = HistGradientBoostingRegressor(max_iter=20)
    >>> model = ResampledRegressor(sampler, learner, recalibrate="mean", random_state=0).fit(X, y)
    >>> bool(model.offset_ < 0)  # more high targets in training make predictions too high
    True
    >>> len(X), len(model.sampler_.is_synthetic_)
    (442, 616)
    """

    _parameter_constraints: dict = {
        **_RegressorAround._parameter_constraints,
        "sampler": [HasMethods(["fit_resample"]), StrOptions({"passthrough"}), None],
        "recalibrate": [StrOptions({"mean", "isotonic"}), None],
        "cv": ["cv_object"],
    }

    def __init__(self, sampler, estimator, *, recalibrate=None, cv=5, random_state=None):
        self.sampler = sampler
        self.estimator = estimator
        self.recalibrate = recalibrate
        self.cv = cv
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None):
        """Resample the rows and fit the estimator; then recalibrate, if asked for.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            Whatever `sampler` and `estimator` take.
        y : array-like of shape (n_rows,)
            Continuous target, finite.
        sample_weight : array-like of shape (n_rows,), default=None
            For `estimator`, which must take weights then; a new row weighs the mean of its parents.

        Returns
        -------
        self : ResampledRegressor
        """
        rng = check_random_state(self.random_state)
        X, y, sample_weight = self._check_rows(X, y, sample_weight)
        sampler = None if self._passes_through() else seeded_clone(self.sampler, rng)
        estimator = seeded_clone(self.estimator, rng)
        self.offset_, self.calibrator_ = 0.0, None
        if self.recalibrate is not None:
            plain = ResampledRegressor(sampler, estimator)
            tested, predictions = _out_of_fold(plain, X, y, sample_weight, _folds(self.cv, rng))
            self._calibrate(y[tested], predictions, None if sample_weight is None else sample_weight[tested])
        self.sampler_ = sampler
        if sampler is None:
            X_new, y_new, new_weight = X, y, sample_weight
        else:
            X_new, y_new = sampler.fit_resample(X, y)
            new_weight = None
            if sample_weight is not None:
                new_weight = _resampled_weight(sampler, sample_weight, X, y, X_new, y_new)
        self.estimator_ = _fit_weighted(estimator, X_new, y_new, new_weight)
        return self

    def _calibrate(self, y, predictions, sample_weight):
        if self.recalibrate == "mean":
            self.offset_ = float(np.average(y - predictions, weights=sample_weight))
        else:
            self.calibrator_ = IsotonicRegression(out_of_bounds="clip").fit(predictions, y, sample_weight)

    def _corrected(self, predictions):
        return self.offset_ + (predictions if self.calibrator_ is None else self.calibrator_.predict(predictions))

    def _passes_through(self):
        return self.sampler is None or (isinstance(self.sampler, str) and self.sampler == "passthrough")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if not self._passes_through() and hasattr(self.sampler, "__sklearn_tags__"):
            inner = get_tags(self.sampler).input_tags
            tags.input_tags.allow_nan &= inner.allow_nan
            tags.input_tags.sparse &= inner.sparse
            tags.input_tags.string &= inner.string
            tags.input_tags.categorical &= inner.categorical
        return tags


def output_correction(y, predictions, weights=None):
    """Return the line that fits the target best, given predictions of it.

    Parameters
    ----------
    y : array-like of shape (n_rows,)
        Target.
    predictions : array-like of shape (n_rows,)
        Predictions of rows that the model was not fitted to.
    weights : array-like of shape (n_rows,), default=None
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
    y_mean, center = shares @ y, shares @ predictions
    deviations = predictions - center
    variance = shares @ deviations**2
    if np.sqrt(variance) <= 1e-12 * np.abs(predictions).max():
        return 0.0, float(y_mean)
    slope = shares @ (deviations * (y - y_mean)) / variance
    return float(slope), float(y_mean - slope * center)


# ------------------------------------------------------------------------------------------------ clones and folds
def _folds(cv, rng):
    """Return a splitter: shuffled folds for a number, `cv` itself otherwise."""
    if cv is None or isinstance(cv, Integral):
        return RegressionStratifiedKFold(cv or 5, shuffle=True, random_state=rng.randint(np.iinfo(np.int32).max))
    return check_cv(cv)


def _out_of_fold(estimator, X, y, sample_weight, folds):
    """Return the rows that were tested, and for each the mean prediction of the clones fitted without it."""
    total, count = np.zeros(len(y)), np.zeros(len(y))
    for train, test in folds.split(X, y):
        weights = None if sample_weight is None else sample_weight[train]
        fitted = _fit_weighted(clone(estimator), _safe_indexing(X, train), y[train], weights)
        total[test] += fitted.predict(_safe_indexing(X, test))
        count[test] += 1
    tested = np.flatnonzero(count)
    return tested, total[tested] / count[tested]


# ------------------------------------------------------------------------------------------------ weights
def _weight_parameter(estimator):
    """Return the name under which ``fit`` of an estimator takes sample weights, None if it takes none."""
    if has_fit_parameter(estimator, "sample_weight"):
        return "sample_weight"
    if isinstance(estimator, Pipeline):
        if any(hasattr(step, "fit_resample") for _, step in estimator.steps[:-1]):
            raise ValueError(
                "Weights cannot travel through a Pipeline that resamples: use ResampledRegressor(sampler, estimator), "
                "or make RelevanceWeightedRegressor the last step of the Pipeline."
            )
        name, last = estimator.steps[-1]
        inner = _weight_parameter(last) if hasattr(last, "fit") else None
        if inner is not None and get_config()["enable_metadata_routing"]:
            return inner  # routed: the step must have asked for it by set_fit_request
        return None if inner is None else f"{name}__{inner}"
    if any(p.kind is p.VAR_KEYWORD for p in signature(estimator.fit).parameters.values()):
        for role in ("estimator", "regressor"):  # a search or TransformedTargetRegressor hands on what it does not know
            if getattr(estimator, role, None) is not None:
                return _weight_parameter(getattr(estimator, role))
    return None


def _no_weights(estimator):
    last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    return f"{type(last).__name__} takes no sample_weight in fit."


def _fit_weighted(estimator, X, y, sample_weight):
    """Fit an estimator in place, with weights unless they are None, and return it."""
    if sample_weight is None:
        return estimator.fit(X, y)
    name = _weight_parameter(estimator)
    if name is None:
        raise ValueError(_no_weights(estimator))
    return estimator.fit(X, y, **{name: sample_weight})


def _resampled_weight(sampler, sample_weight, X, y, X_new, y_new):
    """Return weights of resampled rows: kept rows keep theirs, a new row gets the mean of its parents."""
    kept, parents = getattr(sampler, "kept_indices_", None), getattr(sampler, "parent_indices_", None)
    if kept is None or parents is None or len(kept) + len(parents) != len(y_new):
        origins = row_origins(X, y, X_new, y_new)
        made = synthetic_rows(sampler, X, y, X_new, y_new) | (origins < 0)
        return np.where(made, sample_weight.mean(), sample_weight[origins])
    known = parents >= 0
    n_parents = known.sum(axis=1)
    total = np.where(known, sample_weight[parents], 0.0).sum(axis=1)
    new = np.where(n_parents > 0, total / np.maximum(n_parents, 1), sample_weight.mean())
    return np.concatenate([sample_weight[kept], new])
