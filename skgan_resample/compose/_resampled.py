"""Models that are trained on resampled rows."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, is_classifier
from sklearn.isotonic import IsotonicRegression
from sklearn.utils import get_tags
from sklearn.utils._param_validation import HasMethods, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from skgan_resample._estimators import seeded_clone
from skgan_resample._tables._origins import row_origins, synthetic_rows
from skgan_resample._tables._targets import read_classes
from skgan_resample._thresholds import prior_corrected
from skgan_resample._weights import fit_weighted
from skgan_resample.compose._base import INPUT_TAGS, AroundMixin, RegressorAround, described
from skgan_resample.compose._corrected import inner_folds, out_of_fold
from skgan_resample.over_sampling._base import single_parents


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
            parents = _parents(sampler, X, y, X_new, y_new)
            default = sample_weight.mean()
            if is_classifier(self):
                classes, codes = np.unique(y, return_inverse=True)
                means = np.bincount(codes, sample_weight) / np.bincount(codes)  # (n_classes,)
                default = means[np.searchsorted(classes, y_new)]
            sample_weight = _mean_weight(sample_weight, parents, default)
        return X_new, y_new, sample_weight

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if not self._passes_through() and hasattr(self.sampler, "__sklearn_tags__"):
            inner = get_tags(self.sampler).input_tags
            for name in INPUT_TAGS:
                setattr(tags.input_tags, name, getattr(tags.input_tags, name) and getattr(inner, name))
        return tags


@described
class ResampledRegressor(_ResamplesMixin, RegressorAround):
    """Resample the training rows, then fit a regressor to them.

    An imbalanced-learn Pipeline of the two does the same; here weights travel with the rows, and predictions can be
    calibrated again on the real rows, since resampling shifts their mean.

    Parameters
    ----------
    {sampler, estimator}
    recalibrate : {"mean", "isotonic"}, default=None
        What is learned from inner out-of-fold predictions for the rows given to `fit`. "mean": a constant is added so
        that predictions have the mean of the target. "isotonic": predictions pass through an isotonic regression.
    {cv, random_state}

    Attributes
    ----------
    {sampler_, estimator_}
    offset_ : float
        What is added to each prediction; 0 without ``recalibrate="mean"``.
    calibrator_ : IsotonicRegression or None
        What predictions pass through; None without ``recalibrate="isotonic"``.
    {n_features_in_}

    See Also
    --------
    ResampledClassifier : The same for classes.

    Notes
    -----
    Weights given to `fit` need an `estimator` that takes them. A new row weighs the mean of its parents
    (``sampler.parent_indices_``), a copy as much as its original (``sampler.sample_indices_``). Where a sampler has no
    such attributes, kept rows are found by their values, and a new row weighs the mean of all rows.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.ensemble import HistGradientBoostingRegressor
    >>> from skgan_resample import SMOGN, Relevance, ResampledRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> sampler = SMOGN(relevance=Relevance("quantile", side="high"), sampling_strategy="balance")
    >>> regressor = HistGradientBoostingRegressor(max_iter=20)
    >>> model = ResampledRegressor(sampler, regressor, recalibrate="mean", random_state=0).fit(X, y)
    >>> bool(model.offset_ < 0)  # more high targets in training make predictions too high
    True
    >>> len(X), len(model.sampler_.is_synthetic_)
    (442, 616)
    """

    _parameter_constraints: dict = {
        **RegressorAround._parameter_constraints,
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

    def _fit(self, X, y, sample_weight, rng):
        sampler = None if self._passes_through() else seeded_clone(self.sampler, rng)
        estimator = seeded_clone(self.estimator, rng)
        self.offset_, self.calibrator_ = 0.0, None
        if self.recalibrate is not None:
            plain = ResampledRegressor(sampler, estimator)  # sampler and estimator together, on each inner fold
            tested, predictions = out_of_fold(plain, X, y, sample_weight, inner_folds(self.cv, rng))
            self._calibrate(y[tested], predictions, None if sample_weight is None else sample_weight[tested])
        self.sampler_ = sampler
        self.estimator_ = fit_weighted(estimator, *self._resample(sampler, X, y, sample_weight))

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
        # Before `fit` only the parameter is known, afterwards only what was fitted counts.
        corrects = model.prior_ratio_ is not None if hasattr(model, "prior_ratio_") else model.prior_correction
        return method == "predict_proba" or not corrects

    return available_if(check)


@described
class ResampledClassifier(_ResamplesMixin, AroundMixin, ClassifierMixin, BaseEstimator):
    """Resample the training rows, then fit a classifier to them.

    An imbalanced-learn Pipeline of the two does the same; here weights travel with the rows, and probabilities can be
    corrected for the changed class frequencies: after balancing, those of a rare class are too high.

    Parameters
    ----------
    {sampler, estimator}
    prior_correction : bool, default=False
        Multiply the probability of each class by its share of the given rows, divide it by its share of the resampled
        rows, and normalize [1]_; shares are sums of weights. `predict` then returns the class of highest corrected
        probability. Right where the sampler changes how many rows a class has but not where they lie.
    {random_state}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted.
    class_prior_, resampled_class_prior_ : ndarray of shape (n_classes,)
        Share of each class in the given and in the resampled rows, by weight.
    prior_ratio_ : ndarray of shape (n_classes,) or None
        What probabilities are multiplied by, the one divided by the other; None without `prior_correction`.
    {sampler_, estimator_, n_features_in_}

    See Also
    --------
    ResampledRegressor : The same for a continuous target.

    Notes
    -----
    Weights given to `fit` are used as in `ResampledRegressor`; a new row without known parents weighs the mean of its
    class. The correction does not know of a ``class_weight`` of `estimator` or of a sampler inside it. With correction
    there is no ``decision_function``.

    References
    ----------
    .. [1] M. Saerens, P. Latinne, C. Decaestecker, "Adjusting the outputs of a classifier to new a priori
       probabilities: a simple procedure", Neural Computation 14(1), 2002.

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

    def _fit(self, X, y, sample_weight, rng):
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
        self.sampler_, self.classes_ = sampler, classes
        self.class_prior_, self.resampled_class_prior_ = prior, resampled
        self.prior_ratio_ = prior / resampled if self.prior_correction else None
        self.estimator_ = fit_weighted(estimator, X_new, y_new, new_weight)

    def _predict(self, X):
        if self.prior_ratio_ is not None:
            return self.classes_[self.predict_proba(X).argmax(axis=1)]
        return self.estimator_.predict(X)

    @_passes_on("predict_proba")
    @described
    def predict_proba(self, X):
        """Predict probabilities of the classes, corrected if ``prior_correction``.

        Parameters
        ----------
        {X}

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        check_is_fitted(self)
        probabilities = self.estimator_.predict_proba(X)
        if self.prior_ratio_ is None:
            return probabilities
        return prior_corrected(probabilities, self.resampled_class_prior_, self.class_prior_)

    @_passes_on("decision_function")
    @described
    def decision_function(self, X):
        """Return the decision function of the inner estimator; there is none with ``prior_correction``.

        Parameters
        ----------
        {X}

        Returns
        -------
        decision : ndarray of shape (n_samples,) or (n_samples, n_classes)
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


def _parents(sampler, X, y, X_new, y_new):
    """Return the positions in `X` that each resampled row comes from, (n_resampled, n_parents); -1 where not known."""
    sources = getattr(sampler, "sample_indices_", None)
    if sources is not None and len(sources) == len(y_new):
        return sources[:, None]
    kept, parents = getattr(sampler, "kept_indices_", None), getattr(sampler, "parent_indices_", None)
    if kept is not None and parents is not None and len(kept) + len(parents) == len(y_new):
        return np.concatenate([single_parents(kept), parents])  # kept rows first, each its own parent
    made = synthetic_rows(sampler, X, y, X_new, y_new)  # a sampler without such attributes: by values
    return np.where(made, -1, row_origins(X, y, X_new, y_new))[:, None]


def _mean_weight(sample_weight, parents, default):
    """Return the mean weight of the known parents of each row, (n_resampled,), and `default` where there is none."""
    known = parents >= 0  # (n_resampled, n_parents)
    n_parents = known.sum(axis=1)  # (n_resampled,)
    total = np.where(known, sample_weight[parents], 0.0).sum(axis=1)
    return np.where(n_parents > 0, total / np.maximum(n_parents, 1), default)


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
