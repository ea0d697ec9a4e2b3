"""How far two samples of rows are apart, as numbers that need no model."""

from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import cdist
from scipy.stats import rankdata

MAX_ROWS = 4_000  # rows of each sample that are compared; more of them change the third digit and cost memory
CHUNK = 1_000  # rows whose distances to all others are held at a time


def energy_distance(a, b, rng=None):
    """Return the squared energy distance of two samples, 2 E|A - B| - E|A - A'| - E|B - B'|, without bias [1]_.

    Parameters
    ----------
    a, b : ndarray of shape (n_a, width) and (n_b, width)
        Two rows of each at least; distances are Euclidean, so scale the columns first.
    rng : numpy.random.RandomState, default=None
        Draws 4,000 rows of a sample that has more; None takes the first ones.

    Returns
    -------
    distance : float
        0 on average where both are of one distribution, so it can be negative.

    References
    ----------
    .. [1] G. J. Szekely, M. L. Rizzo, "Energy statistics: a class of statistics based on distances", Journal of
       Statistical Planning and Inference 143, 2013.
    """
    a, b = (_some(rows, rng) for rows in (a, b))
    return 2 * _mean_distance(a, b) - _mean_distance(a) - _mean_distance(b)


def _some(rows, rng):
    if len(rows) <= MAX_ROWS:
        return rows
    return rows[:MAX_ROWS] if rng is None else rows[rng.choice(len(rows), MAX_ROWS, replace=False)]


def _mean_distance(a, b=None):
    """Return the mean distance over pairs of two samples, or over pairs of different rows of one."""
    others = a if b is None else b
    total = sum(cdist(a[start : start + CHUNK], others).sum() for start in range(0, len(a), CHUNK))
    return float(total / (len(a) * (len(others) - (b is None))))


# ------------------------------------------------------------------------------- from matrices of distances, held once
class Distances(NamedTuple):
    """Euclidean distances of two samples `a` and `b`, from which several measures are read.

    Parameters
    ----------
    between : ndarray of shape (n_a, n_b)
    within_a : ndarray of shape (n_a, n_a)
    within_b : ndarray of shape (n_b, n_b)
    """

    between: np.ndarray
    within_a: np.ndarray
    within_b: np.ndarray

    @classmethod
    def of(cls, a, b):
        """Return the distances of two samples of shape (n_a, width) and (n_b, width)."""
        return cls(cdist(a, b), cdist(a, a), cdist(b, b))


def energy(distances):
    """Return what `energy_distance` returns, from `Distances`."""
    return float(2 * distances.between.mean() - _mean_of_pairs(distances.within_a) - _mean_of_pairs(distances.within_b))


def mmd(distances, bandwidth=None):
    """Return the squared maximum mean discrepancy of two samples, without bias [1]_.

    Parameters
    ----------
    distances : Distances
    bandwidth : float > 0, default=None
        Sigma of the kernel exp(-d^2 / (2 sigma^2)). None takes the median distance of the pooled rows.

    Returns
    -------
    mmd : float
        Mean over the kernels of half, once and twice the bandwidth. 0 on average where both samples are of one
        distribution, so it can be negative; at most 2.

    References
    ----------
    .. [1] A. Gretton et al., "A kernel two-sample test", Journal of Machine Learning Research 13, 2012.
    """
    if bandwidth is None:
        pairs = [matrix[np.triu_indices(len(matrix), 1)] for matrix in distances[1:]]
        bandwidth = positive_median(np.concatenate([distances.between.ravel(), *pairs]))
    total = 0.0
    for factor in (0.5, 1.0, 2.0):
        between, within_a, within_b = (np.exp(-0.5 * (matrix / (factor * bandwidth)) ** 2) for matrix in distances)
        total += _mean_of_pairs(within_a) + _mean_of_pairs(within_b) - 2 * between.mean()
    return float(total / 3)


def positive_median(values):
    """Return the median; 1 where it is 0, as for a table of constants."""
    median = float(np.median(values))
    return median if median > 0 else 1.0


def precision_and_coverage(distances, k_neighbors=5):
    """Return how many rows of `b` lie where `a` has rows [1]_, and how much of `a` the rows of `b` reach [2]_.

    A row of `a` has a ball around it that reaches to its k-th nearest neighbour in `a`.

    Parameters
    ----------
    distances : Distances
        Of real rows `a` and the rows in question `b`.
    k_neighbors : int, default=5
        At most one less than there are rows in `a`.

    Returns
    -------
    precision : float
        Share of rows of `b` in at least one ball.
    coverage : float
        Share of balls with at least one row of `b`.

    References
    ----------
    .. [1] T. Kynkaanniemi et al., "Improved precision and recall metric for assessing generative models", NeurIPS 2019.
    .. [2] M. F. Naeem et al., "Reliable fidelity and diversity metrics for generative models", ICML 2020.
    """
    k_neighbors = min(k_neighbors, len(distances.within_a) - 1)
    radius = np.partition(distances.within_a, k_neighbors, axis=1)[:, k_neighbors]  # the row itself is at place 0
    inside = distances.between <= radius[:, None]
    return float(inside.any(axis=0).mean()), float(inside.any(axis=1).mean())


def energy_test(a, b, rng, *, max_rows=1_000, n_permutations=199):
    """Return the p-value of the energy distance under random exchange of rows between two samples.

    Parameters
    ----------
    a, b : ndarray of shape (n_a, width) and (n_b, width)
    rng : numpy.random.RandomState
    max_rows : int, default=1000
        Of a larger sample so many rows are drawn.
    n_permutations : int, default=199

    Returns
    -------
    p_value : float
        From 1 / (n_permutations + 1) to 1; small where the samples differ.
    """
    a, b = (rows[rng.permutation(len(rows))[:max_rows]] for rows in (a, b))
    pooled, n_a, n_b = np.vstack([a, b]), len(a), len(b)
    matrix = cdist(pooled, pooled)
    member = np.zeros((n_a + n_b, n_permutations + 1))  # column 0 is the division as it is
    member[:n_a, 0] = 1
    for column in range(1, n_permutations + 1):
        member[rng.permutation(n_a + n_b)[:n_a], column] = 1
    row_sums = matrix.sum(axis=1)
    in_a = np.einsum("ij,ij->j", member, matrix @ member)  # sums over ordered pairs
    between = row_sums @ member - in_a
    in_b = row_sums.sum() - 2 * between - in_a
    energies = 2 * between / (n_a * n_b) - in_a / (n_a * (n_a - 1)) - in_b / (n_b * (n_b - 1))
    slack = 1e-9 * row_sums.sum() / len(pooled) ** 2  # equal divisions differ in the last digits
    return float((energies >= energies[0] - slack).mean())


def ks_distances(a, b):
    """Return the Kolmogorov-Smirnov distance of each column of two samples; a missing cell is above any number.

    Parameters
    ----------
    a, b : ndarray of shape (n_a, n_features) and (n_b, n_columns)

    Returns
    -------
    distances : ndarray of shape (n_features,)
        From 0 to 1.
    """
    pooled = np.vstack([a, b])
    pooled[np.isnan(pooled)] = np.inf
    order = np.argsort(pooled, axis=0, kind="stable")
    gaps = np.abs(np.cumsum(np.where(order < len(a), 1 / len(a), -1 / len(b)), axis=0))
    ordered = np.take_along_axis(pooled, order, axis=0)
    gaps[:-1][ordered[1:] == ordered[:-1]] = 0  # equal values are passed all at once
    return gaps.max(axis=0)


def total_variation(a, b):
    """Return half the sum of absolute differences of the shares of each value in two columns; missing is a value."""
    values, places = np.unique(np.concatenate([a, b]), return_inverse=True)
    shares = [np.bincount(part, minlength=len(values)) / len(part) for part in np.split(places, [len(a)])]
    return float(np.abs(shares[0] - shares[1]).sum() / 2)


def rank_correlations(values):
    """Return Spearman's correlations of the columns of a matrix, each pair over the rows where both are known.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_features)
        A value's rank is among all known values of its column.

    Returns
    -------
    correlations : ndarray of shape (n_features, n_features)
        NaN where one of the columns does not vary.
    """
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


def _mean_of_pairs(matrix):
    """Return the mean of a symmetric matrix without its diagonal."""
    n_rows = len(matrix)
    return (matrix.sum() - np.trace(matrix)) / (n_rows * (n_rows - 1))


def energy_by_class(moved, moved_classes, real, real_classes, n_at_most=1_000):
    """Return the energy distance of synthetic to real rows of the same class, averaged over the real rows.

    Parameters
    ----------
    moved, real : ndarray of shape (n_samples, width)
    moved_classes, real_classes : ndarray of int, shape (n_samples,)
    n_at_most : int, default=1000
        About so many rows of each class and side are compared, evenly spaced ones.

    Returns
    -------
    distance : float
        Classes with fewer than two rows on one side do not count; NaN if none is left.
    """
    distances, sizes = [], []
    for number in np.unique(real_classes):
        pair = [rows[classes == number] for rows, classes in ((moved, moved_classes), (real, real_classes))]
        pair = [rows[:: -(-len(rows) // n_at_most) or 1] for rows in pair]
        if min(len(rows) for rows in pair) >= 2:
            distances.append(energy_distance(*pair))
            sizes.append(len(pair[1]))
    return float(np.average(distances, weights=sizes)) if sizes else np.nan
