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

from skgan_resample._distances import energy_by_class
from skgan_resample._sampling import evenly_spaced
from skgan_resample._smcae._maps import coral, identity, linear_transport, location_scale, with_drawn_means

LADDER = ("identity", "location_scale", "coral", "linear_ot", "smcae")  # from the simplest to the most involved
MIN_ROWS = 20  # with fewer real rows only the first two are tried
MAX_ROWS = 2_000  # rows of each side that take part in the choice
N_TREES = 30  # of the forest among the models that judge synthetic rows
TIE = 0.25  # a simpler map is taken when it is worse than the best by at most so many standard errors
NOTHING_TIE = 1.0  # the same for "none" and "identity": what moves rows must earn it


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
    """Return a map of the ladder, fitted to two `Sample`.

    A map for all rows is fitted to real rows in which classes are as frequent as among the synthetic ones: these may be
    of the rare class alone.
    """
    if name == "identity":
        return identity(synthetic.vectors.shape[1])
    if name == "linear_ot":
        sides = synthetic.classes, real.classes
        overall, drawn = _overall(synthetic, real), drawn_to_classes(synthetic, real)
        return linear_transport(synthetic.vectors, drawn.vectors, *sides, real.membership.shape[1], overall)
    fit = {"location_scale": location_scale, "coral": coral}[name]
    return fit(synthetic.vectors, with_classes_of(synthetic, real).vectors)


def drawn_to_classes(synthetic, real):
    """Return real rows with less noisy class means, where there are classes; see `with_drawn_means`."""
    if real.membership.shape[1] == 1:
        return real
    sides = synthetic.classes, real.classes
    return real.at(with_drawn_means(synthetic.vectors, real.vectors, *sides, _overall(synthetic, real)))


def _overall(synthetic, real):
    return linear_transport(synthetic.vectors, with_classes_of(synthetic, real).vectors)


def with_classes_of(synthetic, real):
    """Return real rows, some of them repeated or left out, with classes in the proportions of the synthetic rows."""
    if real.membership.shape[1] == 1:
        return real
    counts, available = (np.bincount(side.classes, minlength=real.membership.shape[1]) for side in (synthetic, real))
    counts = np.where(available > 0, counts, 0)
    if not counts.any():
        return real
    wanted = np.ceil(counts / counts.sum() * len(real)).astype(int)
    rows = []
    for number, n in enumerate(wanted):
        own = np.flatnonzero(real.classes == number)
        if n:
            rows.append(own[evenly_spaced(len(own), n, start=0.0)])
    return real[np.concatenate(rows)]


class Yardstick:
    """Scores of real rows by models that learned from synthetic rows.

    Parameters
    ----------
    scoring : {"accuracy", "balanced_accuracy", "r2", "gap"}
        "gap" needs no model: how near the synthetic rows are to the real ones.
    estimator : estimator or None
        None is a linear model, 5 nearest neighbours and 30 randomized trees, whose scores are averaged.
    n_features : int
        Leading columns of the vectors that are features.
    real : Sample
        All real rows that take part.
    weights : ndarray of shape (n_real,)
        How much each of them counts.
    alone : bool
        Whether models learn also from the synthetic rows alone, or only together with the real ones.
    """

    def __init__(self, scoring, estimator, n_features, real, weights, *, alone):
        self.scoring = scoring
        self.weights = weights / weights.mean()
        self.variance = np.average((real.target - real.target.mean()) ** 2) if scoring == "r2" else None
        self.alone = alone
        self.n_features = n_features
        if estimator is not None:
            self.probes = [estimator]
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
            predicted = fitted(probe, X, y).predict(X_test)
            return 1 - (predicted - y_test) ** 2 / self.variance
        if len(np.unique(y)) < 2:
            predicted = np.full(len(y_test), y[0])
        else:
            predicted = fitted(probe, X, y).predict(X_test)
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
    n_splits = max(2, min(n_splits, len(real) // 2))
    if real.membership.shape[1] > 1 and counts.max() >= n_splits:
        # classes of fewer rows than folds are spread over some of them; that is meant, so no warning of scikit-learn
        strata = np.where(counts[real.classes] >= n_splits, real.classes, -1)
        if np.count_nonzero(strata == -1) in range(1, n_splits):
            strata = np.where(strata == -1, counts.argmax(), strata)
        return list(StratifiedKFold(n_splits, shuffle=True, random_state=seed).split(strata, strata))
    return list(KFold(n_splits, shuffle=True, random_state=seed).split(real.vectors))


def assess(yardstick, folds, moved):
    """Return the `Trial` of a candidate.

    Parameters
    ----------
    yardstick : Yardstick
    folds : list of Fold
    moved : list of Sample or None
        The synthetic rows of each fold as the candidate moves them, knowing its training rows only.
    """
    scores, means, gaps = np.zeros(sum(len(fold.test) for fold in folds)), [], []
    for fold, rows in zip(folds, moved):
        scores[fold.places] = yardstick.weights[fold.places] * yardstick(rows, fold.train, fold.test)
        means.append(float(scores[fold.places].mean()))
        if rows is not None:
            gaps.append(energy_by_class(rows.vectors, rows.classes, fold.compared.vectors, fold.compared.classes))
    known = [gap for gap in gaps if not np.isnan(gap)]
    return Trial(scores, means, float(np.mean(known)) if known else np.nan)


def nearest_counts(values, others):
    """Return how many of `others` are nearest to each of `values`, those nearest to equal values shared out evenly."""
    distinct, places, multiplicity = np.unique(values, return_inverse=True, return_counts=True)
    middles = (distinct[1:] + distinct[:-1]) / 2
    counts = np.bincount(np.searchsorted(middles, others), minlength=len(distinct))
    return (counts / multiplicity)[places]


def chosen(trials, order):
    """Return the name of the simplest candidate that is hardly worse than the best.

    "Hardly" is a quarter of the standard error of the mean difference between the scores of the same rows, and one
    standard error for doing nothing.
    """
    best = max(order, key=lambda name: trials[name].scores.mean())
    for name in order:
        difference = trials[best].scores - trials[name].scores
        tie = NOTHING_TIE if name in ("none", "identity") else TIE
        if difference.mean() <= tie * difference.std() / np.sqrt(len(difference)):
            return name
    return best


def _joined(a, b):
    joined = [
        np.concatenate([getattr(a, name), getattr(b, name)]) for name in ("codes", "vectors", "membership", "target")
    ]
    return type(a)(*joined)


def fitted(probe, X, y):
    """Return a fitted clone of a model, without complaints about its convergence."""
    probe = clone(probe)
    if getattr(probe, "n_neighbors", 0) > len(y):
        probe.set_params(n_neighbors=len(y))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a probe need not be at its optimum
        return probe.fit(X, y)
