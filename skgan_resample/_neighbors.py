"""Distances between rows of mixed type, their nearest neighbours, and what is drawn between and around rows.

Everything works on codes (see `_tables`), in blocks of rows: no n x n matrix is ever held.
"""

from typing import NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.neighbors import NearestNeighbors

BLOCK_CELLS = 2**21  # distances held at once: 16 MB
MAX_ONE_HOT = 32  # a nominal column with more levels is compared value by value instead
MAX_EXACT_ROWS = 20_000  # above this many rows, medians come from a sample and neighbours from a tree
MEDIAN_SAMPLE = 2_000
MAX_PASSES = 32  # more neighbours than this are found by a partition


class Neighbors(NamedTuple):
    """Neighbours of m rows among n, nearest first.

    Attributes
    ----------
    indices, distances : ndarray of shape (m, k)
    half_median : ndarray of shape (m,) or None
        Half the median distance to all other rows. It may be infinity where all k neighbours are nearer than that.
    """

    indices: np.ndarray
    distances: np.ndarray
    half_median: np.ndarray | None


class HeomSpace:
    """Rows prepared so that all squared HEOM distances of a block are one matrix product.

    The heterogeneous Euclidean-overlap metric (Wilson & Martinez, 1997) adds, over the columns, the squared difference
    in units of the column's range, 1 for two different levels, and 1 where either cell is missing.

    Parameters
    ----------
    codes : ndarray of shape (n_samples, n_features)
    nominal : ndarray of bool, shape (n_features,)
    low, high : ndarray of shape (n_features,)
        Range of each column; a column without one adds nothing but for missing cells.
    metric : {"heom", "euclidean"}, default="heom"
        "euclidean" takes numeric columns in their own units.

    Notes
    -----
    Squared differences, overlaps and missing cells all expand into sums of products of one factor of either row,
    ``D2[i, j] = left[i] @ right[j]``. Nominal columns with many levels are added by comparison.
    """

    def __init__(self, codes, nominal, low, high, *, metric="heom"):
        numbers = codes[:, ~nominal]
        if metric == "heom":
            span = (high - low)[~nominal]
            numbers = (numbers - low[~nominal]) / np.where(span > 0, span, 1.0)
        elif nominal.any():
            raise ValueError("metric='euclidean' needs numeric columns only; use metric='heom' for nominal ones.")
        has_missing = np.isnan(numbers).any(axis=0)
        full, gappy = numbers[:, ~has_missing], numbers[:, has_missing]
        full = full - full[:1]  # numbers around zero cancel less
        levels = codes[:, nominal]
        n_levels = np.fmax.reduce(levels, axis=0, initial=0).astype(int) + 1
        heads = [_one_hot(levels[:, j], n_levels[j]) for j in np.flatnonzero(n_levels <= MAX_ONE_HOT)]
        self._wide = levels[:, n_levels > MAX_ONE_HOT]

        squares = np.einsum("ij,ij->i", full, full)[:, None]
        one = np.ones((len(codes), 1))
        left, right = [full, one, squares], [-2 * full, squares + len(heads) + gappy.shape[1], one]
        if gappy.shape[1]:
            present = ~np.isnan(gappy) * 1.0
            filled = np.where(present, gappy, 0.0)
            left += [filled, filled**2, present, present]
            right += [-2 * filled, present, filled**2, -present]
        if heads:
            left += heads
            right += [-head for head in heads]
        self._left, self._right = np.hstack(left), np.hstack(right)
        self.has_missing = bool(gappy.shape[1] or np.isnan(levels).any())
        self._full, self._heads = full, heads

    def __len__(self):
        return len(self._left)

    def squared_distances(self, rows, others=slice(None)):
        """Return squared distances of shape (len(rows), n_others); never negative."""
        squared = self._left[rows] @ self._right[others].T
        for column in self._wide.T:
            squared += column[rows][:, None] != column[others]  # NaN differs from everything
        return np.maximum(squared, 0.0, out=squared)

    def embedding(self):
        """Return points whose Euclidean distances are the HEOM ones, for nearest-neighbour objects.

        Raises
        ------
        ValueError
            If cells are missing: no such points exist then.
        """
        if self.has_missing:
            raise ValueError("A neighbours object cannot take missing cells; impute them or give k_neighbors as int.")
        wide = [_one_hot(column, int(column.max()) + 1) for column in self._wide.T]
        return np.hstack([self._full, *(head / np.sqrt(2) for head in [*self._heads, *wide])])


def nearest(space, rows, k_neighbors, *, half_median=False, rng=None):
    """Return the nearest neighbours of some rows among all other rows of a space.

    Parameters
    ----------
    space : HeomSpace
    rows : ndarray of int, shape (m,)
    k_neighbors : int or object with ``fit`` and ``kneighbors``
        At most n - 1 neighbours are returned. An object counts the row itself, as in imbalanced-learn: its
        ``n_neighbors`` is one more than the neighbours used. It is cloned.
    half_median : bool, default=False
        Also return half the median distance to all other rows, the safe distance of SMOGN, or infinity where all
        neighbours are nearer than that.
    rng : numpy.random.RandomState
        Draws the sample of 2,000 rows that stands for the others where there are more than 20,000.

    Returns
    -------
    neighbors : Neighbors
        Nearest first.
    """
    n_rows = len(space)
    if not isinstance(k_neighbors, int | np.integer):
        found = _ask_object(space, rows, clone(k_neighbors))
        return found._replace(half_median=_half_medians(space, rows, rng) if half_median else None)
    k = min(int(k_neighbors), n_rows - 1)
    if n_rows > MAX_EXACT_ROWS and not space.has_missing:
        found = _ask_object(space, rows, NearestNeighbors(n_neighbors=k + 1))
        return found._replace(half_median=_half_medians(space, rows, rng) if half_median else None)

    indices, distances, medians = np.empty((len(rows), k), dtype=np.intp), np.empty((len(rows), k)), np.empty(len(rows))
    for block in row_blocks(len(rows), n_rows):
        squared = space.squared_distances(rows[block])
        squared[np.arange(len(squared)), rows[block]] = np.inf  # the row itself
        indices[block], values = smallest_of_rows(squared, k)
        distances[block] = np.sqrt(values)
        if half_median:
            medians[block] = _half_medians_if_near(squared, values[:, -1])
    return Neighbors(indices, distances, medians if half_median else None)


def interpolate(codes, seeds, partners, u, nominal, rng, share=0.5):
    """Return rows between seeds and partners.

    Parameters
    ----------
    codes : ndarray of shape (n_samples, n_features)
    seeds, partners : ndarray of int, shape (m,)
    u : ndarray of shape (m,)
        Position on the segment: 0 at the seed, 1 at the partner.
    nominal : ndarray of bool, shape (n_features,)
        These cells come from either parent.
    rng : numpy.random.RandomState
    share : float or ndarray of shape (m,), default=0.5
        Probability that a nominal cell comes from the partner; below 0 counts as 0, above 1 as 1.

    Returns
    -------
    rows : ndarray of shape (m, n_features)
        A cell that one parent lacks is copied from the other; it is NaN only if both lack it.
    """
    start, end = codes[seeds], codes[partners]
    rows = start + u[:, None] * (end - start)
    if nominal.any():
        from_end = rng.uniform(size=(len(seeds), int(nominal.sum()))) < np.reshape(share, (-1, 1))
        rows[:, nominal] = np.where(from_end, end[:, nominal], start[:, nominal])
    gaps = np.isnan(rows)
    if gaps.any():
        rows[gaps] = np.where(np.isnan(start), end, start)[gaps]
    return rows


def perturb(codes, seeds, scale, spread, nominal, rng):
    """Return rows scattered around seeds.

    Parameters
    ----------
    codes : ndarray of shape (n_samples, n_features)
        The rows that nominal cells are drawn from, with their frequencies.
    seeds : ndarray of int, shape (m,)
    scale : ndarray of shape (m,)
        Standard deviation of the noise of each new row, as a share of `spread`.
    spread : ndarray of shape (n_features,)
        Standard deviation of each column.
    nominal : ndarray of bool, shape (n_features,)
    rng : numpy.random.RandomState

    Returns
    -------
    rows : ndarray of shape (m, n_features)
        A cell is NaN exactly where the seed's is.
    """
    rows = codes[seeds]
    rows[:, ~nominal] += rng.standard_normal((len(seeds), int((~nominal).sum()))) * scale[:, None] * spread[~nominal]
    for j in np.flatnonzero(nominal):
        observed = codes[~np.isnan(codes[:, j]), j]
        if len(observed):
            rows[:, j] = np.where(np.isnan(rows[:, j]), np.nan, observed[rng.randint(len(observed), size=len(seeds))])
    return rows


def _one_hot(codes, n_levels):
    """Return codes of shape (n,) as rows of zeros with a one; a row of zeros for NaN."""
    head = np.zeros((len(codes), n_levels))
    known = np.flatnonzero(~np.isnan(codes))
    head[known, codes[known].astype(int)] = 1.0
    return head


def row_blocks(n, width):
    size = max(1, BLOCK_CELLS // max(1, width))
    return (slice(start, min(start + size, n)) for start in range(0, n, size))


def smallest_of_rows(values, k):
    """Return columns and values of the k smallest entries of each row, smallest first; of equal ones the first."""
    if k > MAX_PASSES:
        columns = np.sort(np.argpartition(values, k - 1, axis=1)[:, :k], axis=1)
        found = np.take_along_axis(values, columns, axis=1)
        order = np.argsort(found, axis=1, kind="stable")
        return np.take_along_axis(columns, order, axis=1), np.take_along_axis(found, order, axis=1)
    every = np.arange(len(values))
    columns, found = np.empty((len(values), k), dtype=np.intp), np.empty((len(values), k))
    for j in range(k):  # k passes of argmin are many times faster than one partition
        columns[:, j] = values.argmin(axis=1)
        found[:, j] = values[every, columns[:, j]]
        values[every, columns[:, j]] = np.inf
    values[every[:, None], columns] = found
    return columns, found


def _half_medians_if_near(squared, farthest):
    """Return half the median distance of each row, or infinity if even its farthest neighbour is nearer than that.

    Counting tells which rows these are, and spares them the search for the median, most of the work.

    Parameters
    ----------
    squared : ndarray of shape (n, n_samples)
        Squared distances, infinity at the row itself.
    farthest : ndarray of shape (n,)
        Squared distance to the farthest neighbour.
    """
    n_others = squared.shape[1] - 1
    low, high = (n_others - 1) // 2, n_others // 2  # the middle of the sorted distances, counted from 0
    is_far = np.count_nonzero(squared <= 4 * farthest[:, None], axis=1) > low
    medians = np.full(len(squared), np.inf)
    if is_far.any():
        lower_half = np.partition(squared[is_far], high, axis=1)[:, : high + 1]
        lower = lower_half[:, high] if low == high else lower_half[:, :high].max(axis=1)
        medians[is_far] = (np.sqrt(lower) + np.sqrt(lower_half[:, high])) / 4
    return medians


def _ask_object(space, rows, finder):
    """Return the neighbours that an object with `fit` and `kneighbors` finds, the row itself left out."""
    points = space.embedding()
    if getattr(finder, "n_neighbors", 2) < 2:
        raise ValueError("The n_neighbors of a neighbours object counts the row itself and must be at least 2.")
    if getattr(finder, "n_neighbors", 0) > len(points):
        finder.set_params(n_neighbors=len(points))
    finder.fit(points)
    distances, indices = finder.kneighbors(points[rows])
    distances, indices = np.asarray(distances, dtype=float), np.asarray(indices).astype(np.intp)
    itself = indices == rows[:, None]
    itself[~itself.any(axis=1), -1] = True  # a duplicate took its place: leave out the farthest
    keep = ~itself
    shape = (len(rows), indices.shape[1] - 1)
    return Neighbors(indices[keep].reshape(shape), distances[keep].reshape(shape), None)


def _half_medians(space, rows, rng):
    """Return half the median distance of each row to the others, or to a sample of them where they are many."""
    n_rows = len(space)
    others = np.arange(n_rows)
    if n_rows > MAX_EXACT_ROWS:
        others = rng.choice(n_rows, MEDIAN_SAMPLE, replace=False)
    medians = np.empty(len(rows))
    for block in row_blocks(len(rows), len(others)):
        squared = space.squared_distances(rows[block], others)
        squared[rows[block][:, None] == others] = np.nan
        medians[block] = np.nanmedian(np.sqrt(squared), axis=1) / 2
    return medians
