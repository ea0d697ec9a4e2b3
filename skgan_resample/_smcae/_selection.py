"""Which map brings synthetic rows nearest to real ones? Cross-validated over real rows, from the simplest map up."""

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from skgan_resample._discrepancy import energy_by_class
from skgan_resample._smcae._maps import coral, identity, linear_transport, location_scale, with_drawn_means

LADDER = ("identity", "location_scale", "coral", "linear_ot", "smcae")  # from the simplest to the most involved
MIN_ROWS = 20  # with fewer real rows only the first two are tried
MAX_ROWS = 2_000  # rows of each side that take part in the choice
N_TREES = 30  # of the forest among the models that judge synthetic rows
TIE = 0.25  # a simpler map is taken when it is worse by at most so many standard errors


@dataclass
class Trial:
    """What one candidate did on the held-out real rows.

    Parameters
    ----------
    scores : ndarray of shape (n_real,)
        Of each real row when it was held out; higher is better. Their mean is the score of the candidate.
    folds : list of float
        Mean score of each fold.
    gap : float
        Energy distance of the moved to the held-out rows, the mean over folds; NaN where it cannot be told.
    """

    scores: np.ndarray
    folds: list
    gap: float


def closed_form(name, synthetic, real):
    """Return a map of the ladder, fitted to two `Sample`."""
    if name == "identity":
        return identity(synthetic.vectors.shape[1])
    if name == "location_scale":
        return location_scale(synthetic.vectors, real.vectors)
    if name == "coral":
        return coral(synthetic.vectors, real.vectors)
    n_classes = synthetic.membership.shape[1]
    vectors = drawn_to_classes(synthetic, real).vectors
    return linear_transport(synthetic.vectors, vectors, synthetic.classes, real.classes, n_classes)


def drawn_to_classes(synthetic, real):
    """Return real rows with less noisy class means, where there are classes; see `with_drawn_means`."""
    if real.membership.shape[1] == 1:
        return real
    return real.at(with_drawn_means(synthetic.vectors, real.vectors, synthetic.classes, real.classes))


class Yardstick:
    """Scores of real rows by models that learned from synthetic rows.

    Parameters
    ----------
    scoring : {"accuracy", "balanced_accuracy", "r2", "gap"}
        "gap" needs no model: how near the synthetic rows are to the real ones.
    learner : estimator or None
        None is a linear model, 5 nearest neighbours and 30 randomized trees, whose scores are averaged.
    n_features : int
        Leading columns of the vectors that are features.
    weights : ndarray of shape (n_real,)
        How much each real row counts.
    alone : bool
        Whether models learn also from the synthetic rows alone, or only together with the real ones.
    """

    def __init__(self, scoring, learner, n_features, weights, *, alone):
        self.scoring = scoring
        self.weights = weights / weights.mean()
        self.alone = alone
        self.n_features = n_features
        if learner is not None:
            self.probes = [learner]
        elif scoring == "r2":
            self.probes = [Ridge(), KNeighborsRegressor(), ExtraTreesRegressor(N_TREES, random_state=0)]
        else:
            self.probes = [
                LogisticRegression(max_iter=100),
                KNeighborsClassifier(),
                ExtraTreesClassifier(N_TREES, random_state=0),
            ]

    def __call__(self, moved, real, held_out):
        """Return the score of each held-out row.

        Parameters
        ----------
        moved : Sample or None
            Synthetic rows; None to learn from the real ones alone.
        real, held_out : Sample
        """
        if self.scoring == "gap":
            return -row_gaps(moved, held_out)
        trainings = [real if moved is None else _joined(moved, real)]
        if self.alone and moved is not None:
            trainings.append(moved)
        scores = [self._scores(probe, rows, held_out) for rows in trainings for probe in self.probes]
        return np.mean(scores, axis=0)

    def _scores(self, probe, rows, held_out):
        X, y = rows.vectors[:, : self.n_features], rows.target
        X_test, y_test = held_out.vectors[:, : self.n_features], held_out.target
        if self.scoring == "r2":
            predicted = _fitted(probe, X, y).predict(X_test)
            return 1 - (predicted - y_test) ** 2 / max(np.var(y_test), 1e-300)
        if len(np.unique(y)) < 2:
            predicted = np.full(len(y_test), y[0])
        else:
            predicted = _fitted(probe, X, y).predict(X_test)
        hits = (predicted == y_test).astype(float)
        if self.scoring == "balanced_accuracy":
            counts = np.bincount(y_test)
            hits *= len(y_test) / ((counts > 0).sum() * counts[y_test])
        return hits


def row_gaps(moved, held_out, n_at_most=500):
    """Return, for each held-out row, its part in the energy distance to the moved rows of its class.

    The mean over rows is 2 E|M - R| - E|M - M'|; the term of the real rows alone is the same for all maps.
    """
    gaps = np.full(len(held_out), np.nan)
    for number in np.unique(held_out.classes):
        members = np.flatnonzero(held_out.classes == number)
        rows = moved.vectors[moved.classes == number]
        rows = rows[:: max(1, len(rows) // n_at_most)]
        if len(rows) > 1:
            within = cdist(rows, rows).sum() / (len(rows) * (len(rows) - 1))
            gaps[members] = 2 * cdist(held_out.vectors[members], rows).mean(axis=1) - within
    return np.where(np.isnan(gaps), np.nanmean(gaps) if not np.isnan(gaps).all() else 0.0, gaps)


def folds(real, n_splits, rng):
    """Return (train, test) positions of real rows, stratified by class."""
    seed = rng.randint(np.iinfo(np.int32).max)
    counts = np.bincount(real.classes)
    n_splits = min(n_splits, len(real) // 2)
    if real.membership.shape[1] > 1 and counts.max() >= n_splits:
        # classes of fewer rows than folds are spread over some of them; that is meant, so no warning of scikit-learn
        strata = np.where(counts[real.classes] >= n_splits, real.classes, -1)
        if np.count_nonzero(strata == -1) in range(1, n_splits):
            strata = np.where(strata == -1, counts.argmax(), strata)
        return list(StratifiedKFold(n_splits, shuffle=True, random_state=seed).split(strata, strata))
    return list(KFold(n_splits, shuffle=True, random_state=seed).split(real.vectors))


def assess(yardstick, splits, real, moved_in_fold, compared):
    """Return the `Trial` of a candidate.

    Parameters
    ----------
    yardstick : Yardstick
    splits : list of (train, test)
    real : Sample
    moved_in_fold : list of Sample or None
        The synthetic rows as the candidate moved them, knowing the training part of each fold only.
    compared : list of Sample
        Held-out real rows of each fold that the moved ones are to be like.
    """
    scores, means, gaps = np.zeros(len(real)), [], []
    for (train, test), moved, like in zip(splits, moved_in_fold, compared):
        scores[test] = yardstick.weights[test] * yardstick(moved, real[train], real[test])
        means.append(float(scores[test].mean()))
        if moved is not None:
            gaps.append(energy_by_class(moved.vectors, moved.classes, like.vectors, like.classes))
    known = [gap for gap in gaps if not np.isnan(gap)]
    return Trial(scores, means, float(np.mean(known)) if known else np.nan)


def nearest_counts(values, others):
    """Return how many of `others` are nearest to each of `values`; both of shape (n,)."""
    order = np.argsort(values, kind="stable")
    middles = (values[order][1:] + values[order][:-1]) / 2
    counts = np.empty(len(values))
    counts[order] = np.bincount(np.searchsorted(middles, others), minlength=len(values))
    return counts


def chosen(trials, order):
    """Return the name of the simplest candidate that is worse than the best by a quarter of a standard error at most.

    The error is that of the mean difference between the scores of the same rows.
    """
    best = max(order, key=lambda name: trials[name].scores.mean())
    for name in order:
        difference = trials[best].scores - trials[name].scores
        if difference.mean() <= TIE * difference.std() / np.sqrt(len(difference)):
            return name
    return best


def _joined(a, b):
    joined = [
        np.concatenate([getattr(a, name), getattr(b, name)]) for name in ("codes", "vectors", "membership", "target")
    ]
    return type(a)(*joined)


def _fitted(probe, X, y):
    probe = clone(probe)
    if getattr(probe, "n_neighbors", 0) > len(y):
        probe.set_params(n_neighbors=len(y))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a probe need not be at its optimum
        return probe.fit(X, y)
