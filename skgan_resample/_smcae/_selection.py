"""Which map brings synthetic rows nearest to real ones? Cross-validated over real rows, from the simplest map up."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from skgan_resample._distances import energy_by_row, energy_distance_by_class
from skgan_resample._smcae._maps import coral, identity, linear_transport, location_scale
from skgan_resample._smcae._pairing import transport_of_all, with_classes_of, with_steady_classes
from skgan_resample._statistics import simplest_within

CANDIDATES = ("identity", "location_scale", "coral", "linear_ot", "smcae")  # from the simplest to the most involved
MIN_ROWS = 20  # with fewer real rows only the first two are tried
MAX_ROWS = 2_000  # rows of each side that take part in the choice
MAX_COMPARED = 500  # moved rows of a class, at least, that are compared with held-out ones, evenly spaced
N_TREES = 30  # of the forest among the models that judge synthetic rows
# A simpler candidate is taken when it is worse than the best by at most these standard errors: one for doing nothing,
# because what moves rows must earn it, and a quarter between maps. Both are our choice.
N_ERRORS = {"none": 1.0, "identity": 1.0}
N_ERRORS_OF_MAPS = 0.25


@dataclass
class CandidateScores:
    """What one candidate did on the held-out real rows."""

    scores: np.ndarray  # (n_real,), of each row when it was held out; higher is better, their mean is what counts
    folds: list  # mean score of each fold
    energy: float  # energy distance of the moved to the held-out rows, the mean over folds; NaN where it is unknown


def closed_form(name, synthetic, real):
    """Return a candidate map without a network, fitted to two `Sample`."""
    # A map for all rows is fitted to real rows in which classes are as frequent as among the synthetic ones: these may
    # be of the rare class alone.
    if name == "identity":
        return identity(synthetic.vectors.shape[1])
    if name == "linear_ot":
        sides = synthetic.classes, real.classes
        overall, steady = transport_of_all(synthetic, real), with_steady_classes(synthetic, real)
        return linear_transport(synthetic.vectors, steady.vectors, *sides, real.membership.shape[1], overall)
    fit = {"location_scale": location_scale, "coral": coral}[name]
    return fit(synthetic.vectors, with_classes_of(synthetic, real).vectors)


class HeldOutScorer:
    """Scores held-out real rows by models that learned from synthetic rows, or by their distance to these."""

    def __init__(self, scoring, estimator, n_features, real, weights, *, synthetic_alone):
        self.scoring = scoring  # "gap" needs no model: minus the part of a row in the energy distance
        self.weights = weights / weights.mean()  # (n_real,), how much each real row counts
        self.variance = np.average((real.target - real.target.mean()) ** 2) if scoring == "r2" else None
        # whether models learn also from the synthetic rows alone, or only together with the real ones
        self.synthetic_alone = synthetic_alone
        self.n_features = n_features  # leading columns of the vectors that are features
        if estimator is not None:
            self.estimators = [estimator]
        elif scoring == "r2":
            self.estimators = [Ridge(), KNeighborsRegressor(), ExtraTreesRegressor(N_TREES, random_state=0)]
        else:
            trees = ExtraTreesClassifier(N_TREES, random_state=0)
            self.estimators = [LogisticRegression(max_iter=100), KNeighborsClassifier(), trees]

    def __call__(self, moved, real, held_out):
        """Return the score of each held-out row, (n_held_out,); without moved rows (None) from the real ones alone."""
        if self.scoring == "gap":
            return -energies(moved, held_out)
        trainings = [real if moved is None else _joined(moved, real)]
        if self.synthetic_alone and moved is not None:
            trainings.append(moved)
        scores = [self._scores(estimator, rows, held_out) for rows in trainings for estimator in self.estimators]
        return np.mean(scores, axis=0)

    def _scores(self, estimator, rows, held_out):
        X, y = rows.vectors[:, : self.n_features], rows.target
        X_test, y_test = held_out.vectors[:, : self.n_features], held_out.target
        if self.scoring == "r2":
            predicted = fitted(estimator, X, y).predict(X_test)
            return 1 - (predicted - y_test) ** 2 / self.variance
        if len(np.unique(y)) < 2:
            predicted = np.full(len(y_test), y[0])
        else:
            predicted = fitted(estimator, X, y).predict(X_test)
        hits = (predicted == y_test).astype(float)
        if self.scoring == "balanced_accuracy":  # a row counts by the inverse frequency of its class
            counts = np.bincount(y_test)
            hits *= len(y_test) / ((counts > 0).sum() * counts[y_test])
        return hits


def energies(moved, held_out):
    """Return the part of each held-out row in the energy distance to the moved rows of its class, (n_held_out,)."""
    # A row of a class with fewer than two moved rows gets the mean of the others.
    parts = np.full(len(held_out), np.nan)
    for number in np.unique(held_out.classes):
        members = np.flatnonzero(held_out.classes == number)
        rows = moved.vectors[moved.classes == number]
        rows = rows[:: max(1, len(rows) // MAX_COMPARED)]
        if len(rows) > 1:
            parts[members] = energy_by_row(held_out.vectors[members], rows)
    unknown = np.isnan(parts)
    return np.where(unknown, 0.0 if unknown.all() else np.nanmean(parts), parts)


def folds(real, n_splits, rng):
    """Return (train, test) positions of real rows, stratified by class."""
    seed = rng.randint(np.iinfo(np.int32).max)
    counts = np.bincount(real.classes)
    n_splits = max(2, min(n_splits, len(real) // 2))
    if real.membership.shape[1] > 1 and counts.max() >= n_splits:
        # Classes of fewer rows than folds are one stratum, spread over some folds, so scikit-learn has no need to warn.
        strata = np.where(counts[real.classes] >= n_splits, real.classes, -1)
        if np.count_nonzero(strata == -1) in range(1, n_splits):
            strata = np.where(strata == -1, counts.argmax(), strata)
        return list(StratifiedKFold(n_splits, shuffle=True, random_state=seed).split(strata, strata))
    return list(KFold(n_splits, shuffle=True, random_state=seed).split(real.vectors))


def scores_of(scorer, folds, moved):
    """Return the `CandidateScores` of a candidate; `moved` holds its rows by fold, or None without synthetic rows."""
    scores, means, distances = np.zeros(sum(len(fold.test) for fold in folds)), [], []
    for fold, rows in zip(folds, moved):
        scores[fold.positions] = scorer.weights[fold.positions] * scorer(rows, fold.train, fold.test)
        means.append(float(scores[fold.positions].mean()))
        if rows is not None:
            like = fold.compared
            distances.append(energy_distance_by_class(rows.vectors, rows.classes, like.vectors, like.classes))
    known = [distance for distance in distances if not np.isnan(distance)]
    return CandidateScores(scores, means, float(np.mean(known)) if known else np.nan)


def nearest_counts(values, others):
    """Return how many of `others` are nearest to each of `values`, those nearest to equal values shared out evenly."""
    distinct, positions, multiplicity = np.unique(values, return_inverse=True, return_counts=True)
    middles = (distinct[1:] + distinct[:-1]) / 2
    counts = np.bincount(np.searchsorted(middles, others), minlength=len(distinct))
    return (counts / multiplicity)[positions]


def chosen(found, order):
    """Return the name of the simplest candidate, the first in `order`, that is hardly worse than the best."""
    scores = {name: found[name].scores for name in order}
    n_errors = {name: N_ERRORS.get(name, N_ERRORS_OF_MAPS) for name in order}
    return simplest_within(scores, order, n_errors=n_errors, ddof=0)


def selection_results(found):
    """Return `cv_results_` of the candidates, in the order in which they were tried."""
    order = list(found)
    means = np.array([found[name].scores.mean() for name in order])
    lost = [found[order[means.argmax()]].scores - found[name].scores for name in order]
    results = {
        "candidate": order,
        "mean_test_score": means,
        "rank_test_score": (-means).argsort().argsort() + 1,
        "error_of_difference": np.array([values.std() / np.sqrt(len(values)) for values in lost]),
        "gap": np.array([found[name].energy for name in order]),
    }
    for k in range(len(found[order[0]].folds)):
        results[f"split{k}_test_score"] = np.array([found[name].folds[k] for name in order])
    return results


def _joined(a, b):
    names = ("codes", "vectors", "membership", "target")
    return type(a)(*(np.concatenate([getattr(a, name), getattr(b, name)]) for name in names))


def fitted(estimator, X, y):
    """Return a fitted clone of a model, without warnings about its convergence."""
    estimator = clone(estimator)
    if getattr(estimator, "n_neighbors", 0) > len(y):
        estimator.set_params(n_neighbors=len(y))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a model that only judges need not be at its optimum
        return estimator.fit(X, y)
