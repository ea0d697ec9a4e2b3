"""What models around models share: they check rows, not cells, and take what the inner estimator takes."""

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, _fit_context, clone
from sklearn.utils import check_random_state, get_tags
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    indexable,
    validate_data,
)

from skgan_resample._docstrings import shared_descriptions
from skgan_resample._tables._targets import read_target
from skgan_resample.exceptions import NoRareRowsError, warn
from skgan_resample.relevance import Relevance

INPUT_TAGS = ("allow_nan", "sparse", "string", "categorical")  # what a model takes is what its inner models take


described = shared_descriptions("""
    estimator : estimator with ``fit`` and ``predict``
        It is cloned. In a Pipeline, weights go to the last step.
    sampler : sampler, "passthrough" or None
        Anything with ``fit_resample(X, y)`` for such a target; it is cloned. "passthrough" and None leave the rows
        unchanged.
    relevance : Relevance, default=None
        What is rare. It is cloned and fitted to the training target; None is ``Relevance()``, the box-plot extremes.
    threshold : float in (0, 1], default=0.8
        A row is rare when the relevance of its target reaches this value.
    cv : int, splitter or iterable of (train, test), default=5
        Inner folds; an int or None (5) means shuffled `RegressionStratifiedKFold`. All is fitted once a fold and once
        more.
    random_state : int, RandomState instance or None, default=None
        Seeds what is drawn here, and every random_state inside that is None.
    estimator_ : estimator
        The fitted clone.
    sampler_ : sampler or None
        The fitted clone; its attributes show which rows are new.
    relevance_ : Relevance
        Fitted to the target, unless no row is rare.
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.
    X : table of shape (n_samples, n_features)
        Whatever the inner estimator and, where there is one, the sampler take.
    """)


class AroundMixin(MetaEstimatorMixin):
    """`fit` and `predict` of all models here; a child fits in `_fit` and predicts in `_predict`."""

    @described
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None):
        """Fit the estimator, and what goes before or behind it.

        Parameters
        ----------
        {X}
        y : array-like of shape (n_samples,)
            Continuous target, finite; for a classifier, numbers or strings.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, at least 0; the notes of the class describe their use.

        Returns
        -------
        self : estimator
            The fitted estimator.
        """
        vars(self).pop("estimator_", None)  # a fit that fails leaves nothing of an earlier one to predict with
        rng = check_random_state(self.random_state)
        self._fit(*self._check_rows(X, y, sample_weight), rng)
        return self

    @described
    def predict(self, X):
        """Predict the target or, for a classifier, the class.

        Parameters
        ----------
        {X}

        Returns
        -------
        y : ndarray of shape (n_samples,)
            In the units of the target; labels as in `classes_`.
        """
        check_is_fitted(self)
        return self._predict(X)

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
        for name in INPUT_TAGS:
            setattr(tags.input_tags, name, getattr(inner, name))
        tags.input_tags.pairwise = False
        return tags


class RegressorAround(AroundMixin, RegressorMixin, BaseEstimator):
    """What the regressors here share: their target is continuous, and they predict by `estimator_`."""

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"])],
        "random_state": ["random_state"],
    }

    def _predict(self, X):
        return self._corrected(np.asarray(self.estimator_.predict(X)))

    def _corrected(self, predictions):
        return predictions

    def _read_target(self, y):
        return read_target(y, warn=True)

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
