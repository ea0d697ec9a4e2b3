"""Models around models: trained on resampled rows, weighted by relevance, corrected in their output.

The table passes through untouched: strings, missing cells and data frames reach the inner sampler and estimator as
they came.
"""

from inspect import signature
from numbers import Integral, Real

import numpy as np
from sklearn import get_config
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    MetaEstimatorMixin,
    RegressorMixin,
    _fit_context,
    clone,
    is_classifier,
)
from sklearn.isotonic import IsotonicRegression
from sklearn.model_selection import check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils import check_array, check_random_state, get_tags
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    has_fit_parameter,
    indexable,
    validate_data,
)

from skgan_resample._containers import take_rows
from skgan_resample._refiner import SyntheticRefiner
from skgan_resample._tables import read_classes, row_origins, synthetic_rows
from skgan_resample._validation import NoRareRowsError, seeded_clone, warn
from skgan_resample.model_selection._folds import RegressionStratifiedKFold
from skgan_resample.relevance import Relevance

__all__ = [
    "OutputCorrectedRegressor",
    "RelevanceWeightedRegressor",
    "ResampledClassifier",
    "ResampledRegressor",
    "SyntheticRefiner",
    "output_correction",
]


class _AroundMixin(MetaEstimatorMixin):
    """What all models here share: they check rows, not cells, and take what the inner estimator takes."""

    def _check_rows(self, X, y, sample_weight):
        """Return `X`, the target as read and the weights, None if none were given; learn the columns of `X`."""
        validate_data(self, X, y, skip_check_array=True)  # n_features_in_ and feature_names_in_
        (X,) = indexable(X)  # a no-op for arrays and frames
        y = self._read_target(y)
        check_consistent_length(X, y)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, y, dtype=np.float64, ensure_non_negative=True)
        return X, y, sample_weight

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


class _RegressorAround(_AroundMixin, RegressorMixin, BaseEstimator):
    """What the regressors here share: their target is continuous, and they predict by `estimator_`."""

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
            In the units of the target.
        """
        check_is_fitted(self)
        return self._corrected(np.asarray(self.estimator_.predict(X)))

    def _corrected(self, predictions):
        return predictions

    def _read_target(self, y):
        return column_or_1d(check_array(y, ensure_2d=False, dtype=np.float64, input_name="y"), warn=True)

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

    See Also
    --------
    OutputCorrectedRegressor : The emphasis put on a line through the predictions instead.

    Notes
    -----
    If no row is rare, all rows weigh the same, with one `ResamplingWarning`. Weights given to `fit` multiply those of
    the relevance, which is itself learned from the rows without weights.

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
            The fitted estimator.
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
            self.estimator_ = estimator.fit(take_rows(X, rows), y[rows])
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
            The fitted estimator.
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


class _ResamplesMixin:
    """What `ResampledRegressor` and `ResampledClassifier` share: the sampler before the estimator."""

    def _passes_through(self):
        return self.sampler is None or (isinstance(self.sampler, str) and self.sampler == "passthrough")

    def _resample(self, sampler, X, y, sample_weight):
        """Return the rows that a sampler makes of these, and their weights; the rows themselves if it is None."""
        if sampler is None:
            return X, y, sample_weight
        X_new, y_new = sampler.fit_resample(X, y)
        if is_classifier(self):
            _check_classes(sampler, y, y_new)
        if sample_weight is not None:
            sample_weight = _resampled_weight(sampler, sample_weight, X, y, X_new, y_new, by_class=is_classifier(self))
        return X_new, y_new, sample_weight

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if not self._passes_through() and hasattr(self.sampler, "__sklearn_tags__"):
            inner = get_tags(self.sampler).input_tags
            tags.input_tags.allow_nan &= inner.allow_nan
            tags.input_tags.sparse &= inner.sparse
            tags.input_tags.string &= inner.string
            tags.input_tags.categorical &= inner.categorical
        return tags


class ResampledRegressor(_ResamplesMixin, _RegressorAround):
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

    See Also
    --------
    ResampledClassifier : The same for classes.

    Notes
    -----
    With weights, a new row weighs the mean of its parents (``sampler.parent_indices_``), a copy as much as its original
    (``sampler.sample_indices_``). Where a sampler does not say which rows it kept or made, kept rows are found by their
    values, and a new row without known parents weighs the mean of all rows.

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
            The fitted estimator.
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
        self.estimator_ = _fit_weighted(estimator, *self._resample(sampler, X, y, sample_weight))
        return self

    def _calibrate(self, y, predictions, sample_weight):
        if self.recalibrate == "mean":
            self.offset_ = float(np.average(y - predictions, weights=sample_weight))
        else:
            self.calibrator_ = IsotonicRegression(out_of_bounds="clip").fit(predictions, y, sample_weight)

    def _corrected(self, predictions):
        return self.offset_ + (predictions if self.calibrator_ is None else self.calibrator_.predict(predictions))


def _passes_on(method):
    """Make a method available where the inner estimator has it, a decision function only without prior correction."""

    def check(model):
        getattr(getattr(model, "estimator_", model.estimator), method)
        corrects = model.prior_ratio_ is not None if hasattr(model, "prior_ratio_") else model.prior_correction
        return method == "predict_proba" or not corrects

    return available_if(check)


class ResampledClassifier(_ResamplesMixin, _AroundMixin, ClassifierMixin, BaseEstimator):
    """Resample the training rows, then fit a classifier to them.

    An imbalanced-learn Pipeline of the two does the same, and takes further steps; here weights travel with the rows,
    and probabilities can be corrected for the changed class frequencies: after balancing, a rare class looks more
    probable than it is.

    Parameters
    ----------
    sampler : sampler, "passthrough" or None
        Anything with ``fit_resample(X, y)`` for classes. It is cloned. "passthrough" and None leave the rows as they
        are.
    estimator : classifier
        It is cloned.
    prior_correction : bool, default=False
        Multiply the probability of each class by its share of the given rows, divide it by its share of the resampled
        rows, and normalize [1]_. `predict` then returns the class of highest corrected probability. That is right where
        the sampler has changed how many rows a class has but not where they lie; it undoes what resampling does to the
        decision, and keeps what it does to the model. With weights, shares are sums of weights.
    random_state : int, RandomState instance or None, default=None
        For every random_state in `sampler` and `estimator` that is None.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted.
    class_prior_, resampled_class_prior_ : ndarray of shape (n_classes,)
        Share of each class in the given and in the resampled rows, by weight.
    prior_ratio_ : ndarray of shape (n_classes,) or None
        What probabilities are multiplied by, the one divided by the other; None without `prior_correction`.
    sampler_ : sampler or None
        The fitted clone. It says which rows were made, from which ones.
    estimator_ : classifier
        The fitted clone.
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    See Also
    --------
    ResampledRegressor : The same for a continuous target.

    Notes
    -----
    With weights, a new row weighs the mean of its parents (``sampler.parent_indices_``), a copy as much as its original
    (``sampler.sample_indices_``). Where a sampler does not say which rows it kept or made, kept rows are found by their
    values, and a new row without known parents weighs the mean of the rows of its class.

    The correction knows of the sampler and of the weights alone. A ``class_weight`` of `estimator`, or a sampler inside
    it, shifts the frequencies once more; leave them out where probabilities matter. With correction there is no
    ``decision_function``.

    References
    ----------
    .. [1] M. Saerens, P. Latinne, C. Decaestecker, "Adjusting the outputs of a classifier to new a priori
       probabilities: a simple procedure", Neural Computation 14(1):21-41, 2002 (the form for known frequencies).

    Examples
    --------
    >>> from imblearn.over_sampling import RandomOverSampler
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skgan_resample import ResampledClassifier
    >>> X, y = make_classification(1000, weights=[0.9], class_sep=0.5, random_state=0)
    >>> model = ResampledClassifier(RandomOverSampler(), LogisticRegression(), random_state=0)
    >>> corrected = ResampledClassifier(model.sampler, model.estimator, prior_correction=True, random_state=0)
    >>> model, corrected = model.fit(X, y), corrected.fit(X, y)
    >>> shares = y.mean(), model.predict_proba(X)[:, 1].mean(), corrected.predict_proba(X)[:, 1].mean()
    >>> print(*(f"{share:.2f}" for share in shares))
    0.10 0.29 0.10
    """

    _parameter_constraints: dict = {
        "sampler": [HasMethods(["fit_resample"]), StrOptions({"passthrough"}), None],
        "estimator": [HasMethods(["fit", "predict"])],
        "prior_correction": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(self, sampler, estimator, *, prior_correction=False, random_state=None):
        self.sampler = sampler
        self.estimator = estimator
        self.prior_correction = prior_correction
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None):
        """Resample the rows and fit the estimator.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            Whatever `sampler` and `estimator` take.
        y : array-like of shape (n_rows,)
            Classes: numbers or strings.
        sample_weight : array-like of shape (n_rows,), default=None
            For `estimator`, which must take weights then; a new row weighs the mean of its parents.

        Returns
        -------
        self : ResampledClassifier
            The fitted estimator.
        """
        rng = check_random_state(self.random_state)
        X, y, sample_weight = self._check_rows(X, y, sample_weight)
        sampler = None if self._passes_through() else seeded_clone(self.sampler, rng)
        estimator = seeded_clone(self.estimator, rng)
        if self.prior_correction and not hasattr(estimator, "predict_proba"):
            raise ValueError(f"prior_correction=True needs predict_proba, which {type(estimator).__name__} lacks.")
        X_new, y_new, new_weight = self._resample(sampler, X, y, sample_weight)
        classes = np.unique(y)
        prior, resampled = _class_shares(classes, y, sample_weight), _class_shares(classes, y_new, new_weight)
        without = classes[prior * resampled == 0].tolist()
        if self.prior_correction and without:
            raise ValueError(
                f"prior_correction=True needs rows of positive weight in every class, not so in {without}."
            )
        self.estimator_ = _fit_weighted(estimator, X_new, y_new, new_weight)
        self.sampler_, self.classes_ = sampler, classes
        self.class_prior_, self.resampled_class_prior_ = prior, resampled
        self.prior_ratio_ = prior / resampled if self.prior_correction else None
        return self

    def predict(self, X):
        """Predict the class.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            Whatever the inner estimator takes.

        Returns
        -------
        y : ndarray of shape (n_rows,)
            Labels as in `classes_`.
        """
        check_is_fitted(self)
        if self.prior_ratio_ is not None:
            return self.classes_[self.predict_proba(X).argmax(axis=1)]
        return self.estimator_.predict(X)

    @_passes_on("predict_proba")
    def predict_proba(self, X):
        """Predict probabilities of the classes, corrected if ``prior_correction``.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            Whatever the inner estimator takes.

        Returns
        -------
        probabilities : ndarray of shape (n_rows, n_classes)
            In the order of `classes_`.
        """
        check_is_fitted(self)
        probabilities = self.estimator_.predict_proba(X)
        if self.prior_ratio_ is None:
            return probabilities
        corrected = probabilities * self.prior_ratio_
        return corrected / corrected.sum(axis=1, keepdims=True)

    @_passes_on("decision_function")
    def decision_function(self, X):
        """Return the decision function of the inner estimator; there is none with ``prior_correction``.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            Whatever the inner estimator takes.

        Returns
        -------
        decision : ndarray of shape (n_rows,) or (n_rows, n_classes)
            As the inner estimator gives it.
        """
        check_is_fitted(self)
        return self.estimator_.decision_function(X)

    def _read_target(self, y):
        y = read_classes(y, warn=True)
        check_classification_targets(y)
        return y

    def __sklearn_tags__(self):
        tags, inner = super().__sklearn_tags__(), get_tags(self.estimator).classifier_tags
        if inner is not None:
            tags.classifier_tags.multi_class = inner.multi_class
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
        fitted = _fit_weighted(clone(estimator), take_rows(X, train), y[train], weights)
        total[test] += fitted.predict(take_rows(X, test))
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
                "Weights cannot travel through a Pipeline that resamples: use ResampledRegressor or "
                "ResampledClassifier(sampler, estimator), or make RelevanceWeightedRegressor the last step of the "
                "Pipeline."
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


def _resampled_weight(sampler, sample_weight, X, y, X_new, y_new, *, by_class=False):
    """Return weights of resampled rows: kept rows keep theirs, a new row gets the mean of its parents.

    Where these are not known it is the mean of all rows, or of those of its class.
    """
    sources = getattr(sampler, "sample_indices_", None)
    if sources is not None and len(sources) == len(y_new):
        return sample_weight[sources]
    mean = np.full(len(y_new), sample_weight.mean())
    if by_class:
        classes, codes = np.unique(y, return_inverse=True)
        mean = (np.bincount(codes, sample_weight) / np.bincount(codes))[np.searchsorted(classes, y_new)]
    kept, parents = getattr(sampler, "kept_indices_", None), getattr(sampler, "parent_indices_", None)
    if kept is None or parents is None or len(kept) + len(parents) != len(y_new):
        origins = row_origins(X, y, X_new, y_new)
        made = synthetic_rows(sampler, X, y, X_new, y_new) | (origins < 0)
        return np.where(made, mean, sample_weight[origins])
    known = parents >= 0
    n_parents = known.sum(axis=1)
    total = np.where(known, sample_weight[parents], 0.0).sum(axis=1)
    new = np.where(n_parents > 0, total / np.maximum(n_parents, 1), mean[len(kept) :])
    return np.concatenate([sample_weight[kept], new])


# ------------------------------------------------------------------------------------------------ classes
def _check_classes(sampler, y, y_new):
    """Raise if a sampler dropped or invented a class."""
    given, returned = np.unique(y).tolist(), np.unique(y_new).tolist()
    if given != returned:
        raise ValueError(
            f"{type(sampler).__name__} must return rows of every class; it was given {given} and returned {returned}."
        )


def _class_shares(classes, y, sample_weight):
    """Return the share of each class in the rows, by weight."""
    sums = np.bincount(np.searchsorted(classes, y), sample_weight, minlength=len(classes))
    return sums / sums.sum()
