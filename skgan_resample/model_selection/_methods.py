"""The methods that a comparison tries."""

from difflib import get_close_matches

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.utils import check_random_state
from sklearn.utils.class_weight import compute_sample_weight

from skgan_resample._tables._containers import take_rows
from skgan_resample._tables._encoder import admit_tables
from skgan_resample._thresholds import prior_corrected
from skgan_resample._weights import fit_weighted
from skgan_resample.compose import OutputCorrectedRegressor, RelevanceWeightedRegressor, SyntheticRefiner
from skgan_resample.model_selection._result import LIGHT
from skgan_resample.over_sampling import SMOGN, SMOTER, BaseRegressionSampler, Draft, GaussianNoise, RandomOverSampler
from skgan_resample.over_sampling._base import single_parents
from skgan_resample.over_sampling._smogan import DEFAULT_THRESHOLD, SMOGANRegressorResampler


# ------------------------------------------------------------------------------------------------ what is compared
class BalancedWeights(BaseEstimator):
    """Weights of rows for a learner: every class weighs the same in total."""

    def sample_weight(self, y):
        """Return the weight of each row, shape (n_samples,)."""
        return compute_sample_weight("balanced", y)


class ClassWeighted(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """A classifier for which every class weighs the same in total; on request with probabilities of the real shares."""

    def __init__(self, estimator, *, prior_correction=False):
        self.estimator = estimator
        self.prior_correction = prior_correction

    def fit(self, X, y):
        """Fit a clone of the estimator with balanced weights."""
        self.estimator_ = clone(self.estimator)
        fit_weighted(self.estimator_, X, y, BalancedWeights().sample_weight(y))
        self.classes_, counts = np.unique(y, return_counts=True)
        self.shares_ = counts / len(y)
        return self

    def predict(self, X):
        """Return the most probable class of each row."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X):
        """Return the probability of each class, shape (n_samples, n_classes)."""
        found = self.estimator_.predict_proba(X)
        if not self.prior_correction:
            return found
        return prior_corrected(found, np.full(len(self.classes_), 1 / len(self.classes_)), self.shares_)


class ClassDuplicator(BaseEstimator):
    """Copy rows drawn from the whole table until there are as many as balancing the classes gives.

    The control for "more rows help": shares of classes stay as they are, up to chance.
    """

    def __init__(self, *, random_state=None):
        self.random_state = random_state

    def fit_resample(self, X, y):
        """Return the rows given, and copies of some of them behind."""
        counts = np.unique(y, return_counts=True)[1]
        n_new = len(counts) * counts.max() - counts.sum()
        copied = check_random_state(self.random_state).randint(counts.sum(), size=n_new)
        rows = np.concatenate([np.arange(counts.sum()), copied])
        return take_rows(X, rows), take_rows(y, rows)

    def __sklearn_tags__(self):
        return admit_tables(super().__sklearn_tags__())


REFINED = "+smcae"  # behind the name of a sampler: its new rows are refined


# ------------------------------------------------------------------------------------------------ what is compared
class UniformDuplicator(BaseRegressionSampler):
    """Copy rows drawn from the whole table, as many as the other samplers make: the control for "more rows help"."""

    def _draw(self, X, y, rng):
        rows = rng.randint(len(y), size=sum(self.sampling_strategy_.values()))
        return Draft(X[rows], y[rows], single_parents(rows))


def default_methods(relevance=None, threshold=0.8):
    """Return the methods that `compare` tries, from the simplest to the most involved.

    Parameters
    ----------
    relevance : Relevance, default=None
        What is rare; given to every method. None is ``Relevance()``.
    threshold : float, default=0.8
        Relevance from which a row is rare. SMOGAN begins at 0.5, its own default, if that is lower.

    Returns
    -------
    methods : dict
        Name to None (the learner as it is), a sampler, or a regressor around the learner, whose innermost `estimator`
        is None.

    See Also
    --------
    named_samplers : Those of the methods that make new rows, and their refined variants.
    """
    common = {"relevance": relevance, "threshold": threshold}
    weights = RelevanceWeightedRegressor(None, **common)
    return {
        "none": None,
        "light-correction": OutputCorrectedRegressor(None, strength=LIGHT, cv=3, **common),
        "correction": OutputCorrectedRegressor(None, cv=3, **common),
        "weights": weights,
        "weights+correction": OutputCorrectedRegressor(weights, cv=3, **common),
        "duplicate": UniformDuplicator(**common),
        "random": RandomOverSampler(**common),
        "noise": GaussianNoise(**common),
        "smoter": SMOTER(**common),
        "smogn": SMOGN(**common),
        "smogan": SMOGANRegressorResampler(relevance=relevance, threshold=min(threshold, DEFAULT_THRESHOLD)),
    }


def named_samplers(methods):
    """Return the samplers among methods and, last, each of them refined: "smogn+smcae" is ``SyntheticRefiner(smogn)``.

    The control "duplicate" is none of them. The refined ones take their time, so that they must be asked for by name.
    """
    plain = {name: method for name, method in methods.items() if hasattr(method, "fit_resample")}
    plain.pop("duplicate", None)
    return {**plain, **{f"{name}{REFINED}": SyntheticRefiner(sampler) for name, sampler in plain.items()}}


def default_learner():
    """Return the learner that `compare` uses unless told otherwise."""
    # Leaves of 20 rows, scikit-learn's default, would hide rare rows from the learner and let mere copies win; trees of
    # 15 leaves suit tables with few rare rows, and are twice as fast. Early stopping, on by default above 10,000 rows,
    # would hold out copies of rows that it trains on.
    return HistGradientBoostingRegressor(min_samples_leaf=5, max_leaf_nodes=15, early_stopping=False, random_state=0)


def wrap(method, learner):
    """Return a regressor around a learner: the innermost `estimator` of `method` is None and becomes the learner."""
    inner = getattr(method, "estimator", None)
    return clone(method).set_params(estimator=learner if inner is None else wrap(inner, learner))


def methods_by_name(names, known):
    """Return those of the known methods that are named, samplers also refined, in their own order."""
    names = [names] if isinstance(names, str) else list(names)
    known = known | named_samplers(known)
    unknown = [name for name in names if name not in known]
    if unknown:
        plain = [name for name in known if not name.endswith(REFINED)]
        refinable = [name.removesuffix(REFINED) for name in known if name.endswith(REFINED)]
        close = get_close_matches(str(unknown[0]), list(known), n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ValueError(
            f"Unknown methods {unknown}; known are {plain}, and {refinable} also with {REFINED!r} behind the name."
            f"{hint}"
        )
    return {name: method for name, method in known.items() if name in names}
