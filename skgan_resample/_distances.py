"""How far two samples of rows are apart, as numbers that need no model; `_nn/losses.py` has the same for torch."""

from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import rankdata

MAX_ROWS = 4_000  # rows of each sample that are compared; more of them change the third digit and cost memory
CHUNK = 1_000  # rows whose distances to all others are held at a time
MAX_CLASS_ROWS = 1_000  # rows of each class that are compared, evenly spaced; twice as many take four times as long


# ------------------------------------------------------------------------------------------------ energy distance
def energy_of_sums(between, within_a, within_b, n_a, n_b):
    """Return the energy distance of two samples from the sums of distances over all ordered pairs of rows.

    This is the one formula, 2 E|A - B| - E|A - A'| - E|B - B'|, without bias: no row is paired with itself.
    """
    return 2 * between / (n_a * n_b) - within_a / (n_a * (n_a - 1)) - within_b / (n_b * (n_b - 1))


def energy_distance(a, b, rng=None):
    """Return the squared energy distance of two samples.

    Source: G. J. Szekely, M. L. Rizzo, "Energy statistics: a class of statistics based on distances", Journal of
    Statistical Planning and Inference 143, 2013.
    """
    # a (n_a, width), b (n_b, width)
    a, b = (_some(rows, rng) for rows in (a, b))
    return float(energy_of_sums(_sum(a, b), _sum(a, a), _sum(b, b), len(a), len(b)))


def energy_by_row(rows, sample):
    """Return the part of each of `rows`, (n_rows,), in their energy distance to a sample: 2 E|x - A| - E|A - A'|.

    The mean over rows lacks the term E|B - B'| of the rows alone, which is the same for all samples.
    """
    within = _sum(sample, sample) / (len(sample) * (len(sample) - 1))
    return 2 * cdist(rows, sample).mean(axis=1) - within


def energy_distance_by_class(moved, moved_classes, real, real_classes):
    """Return the energy distance of synthetic to real rows of the same class, averaged over the real rows.

    Classes with fewer than two rows on one side do not count; NaN if none is left. `moved` and `real` are of shape
    (n_samples, width), the classes integers of shape (n_samples,).
    """
    distances, sizes = [], []
    for number in np.unique(real_classes):
        pair = [rows[classes == number] for rows, classes in ((moved, moved_classes), (real, real_classes))]
        pair = [rows[:: -(-len(rows) // MAX_CLASS_ROWS) or 1] for rows in pair]  # every k-th, k rounded up
        if min(len(rows) for rows in pair) >= 2:
            distances.append(energy_distance(*pair))
            sizes.append(len(pair[1]))
    return float(np.average(distances, weights=sizes)) if sizes else np.nan


def _some(rows, rng):
    if len(rows) <= MAX_ROWS:
        return rows
    return rows[:MAX_ROWS] if rng is None else rows[rng.choice(len(rows), MAX_ROWS, replace=False)]


def _sum(a, b):
    """Return the sum of the distances over all pairs of rows of two samples."""
    return sum(cdist(a[start : start + CHUNK], b).sum() for start in range(0, len(a), CHUNK))


# ------------------------------------------------------------------------------- from matrices of distances, held once
class Distances(NamedTuple):
    """Euclidean distances of two samples `a` and `b`, from which several measures are read."""

    between: np.ndarray  # (n_a, n_b)
    within_a: np.ndarray  # (n_a, n_a)
    within_b: np.ndarray  # (n_b, n_b)

    @classmethod
    def of(cls, a, b):
        """Return the distances of two samples of shape (n_a, width) and (n_b, width)."""
        return cls(cdist(a, b), cdist(a, a), cdist(b, b))

    def energy(self):
        """Return what `energy_distance` returns."""
        return float(energy_of_sums(*(matrix.sum() for matrix in self), *self.between.shape))


def coverage(distances, k_neighbors=5):
    """Return how much of the real rows `a` the rows `b` reach.

    A row of `a` has a ball around it that reaches to its k-th nearest neighbour in `a`; k is at most one less than
    there are rows.

    Source: M. F. Naeem et al., "Reliable fidelity and diversity metrics for generative models", ICML 2020.
    """
    k_neighbors = min(k_neighbors, len(distances.within_a) - 1)
    radius = np.partition(distances.within_a, k_neighbors, axis=1)[:, k_neighbors]  # position 0 is the row itself
    return float((distances.between <= radius[:, None]).any(axis=1).mean())


# ------------------------------------------------------------------------------------------------ column by column
def ks_distances(a, b):
    """Return the Kolmogorov-Smirnov distance of each column of two samples; a missing cell is above any number."""
    # a (n_a, n_features), b (n_b, n_features) -> (n_features,)
    pooled = np.vstack([a, b])
    pooled[np.isnan(pooled)] = np.inf
    order = np.argsort(pooled, axis=0, kind="stable")
    # Each row of `a` is a step up of 1 / n_a, each of `b` one down: the running sum is the difference of both CDFs.
    differences = np.abs(np.cumsum(np.where(order < len(a), 1 / len(a), -1 / len(b)), axis=0))
    ordered = np.take_along_axis(pooled, order, axis=0)
    differences[:-1][ordered[1:] == ordered[:-1]] = 0  # equal values are passed all at once
    return differences.max(axis=0)


def total_variation(a, b):
    """Return half the sum of absolute differences of the shares of each value in two columns; missing is a value."""
    values, positions = np.unique(np.concatenate([a, b]), return_inverse=True)
    shares = [np.bincount(part, minlength=len(values)) / len(part) for part in np.split(positions, [len(a)])]
    return float(np.abs(shares[0] - shares[1]).sum() / 2)


def rank_correlations(values):
    """Return Spearman's correlations of the columns of a matrix, each pair over the rows where both are known."""
    # values (n_samples, n_features) -> (n_features, n_features)
    seen = ~np.isnan(values)
    ranks = rankdata(np.where(seen, values, np.inf), axis=0)  # missing cells last, where they move no other rank
    known = seen.astype(float)
    ranks = np.where(seen, ranks - (known.sum(axis=0) + 1) / 2, 0.0)
    n_both = known.T @ known
    with np.errstate(divide="ignore", invalid="ignore"):
        sums = ranks.T @ known  # of column i over the rows where j is known
        scatter = (ranks**2).T @ known - sums**2 / n_both
        scatter[scatter <= 1e-9 * n_both] = np.nan
        correlations = (ranks.T @ ranks - sums * sums.T / n_both) / np.sqrt(scatter * scatter.T)
    return np.clip(correlations, -1, 1)
