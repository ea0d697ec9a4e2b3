"""Distances between rows of mixed type, their nearest neighbours, and new rows between and around given ones.

Everything works on codes, the ordinal-encoded array of `TableEncoder`, in blocks of rows: no n x n matrix is ever held.
"""

from typing import NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.neighbors import NearestNeighbors

# Our choices, for time and memory alone; the results depend on them only where medians come from a sample.
BLOCK_CELLS = 2**21  # distances held at once: 16 MB
MAX_ONE_HOT = 32  # a nominal column with more categories is compared value by value instead
MAX_EXACT_ROWS = 20_000  # above this many rows, medians come from a sample and neighbours from a tree
MEDIAN_SAMPLE = 2_000  # rows in that sample
MAX_PASSES = 32  # more neighbours than this are found by a partition


class Neighbors(NamedTuple):
    """Neighbours of m rows among n, nearest first."""

    indices: np.ndarray  # (m, k)
    distances: np.ndarray
    # (m,): half the median distance to all other rows. It may be infinity where all k neighbours are nearer than that
    half_median: np.ndarray | None


class HeomSpace:
    """Rows prepared so that all squared HEOM distances of a block are one matrix product.

    The heterogeneous Euclidean-overlap metric (HEOM; Wilson & Martinez, 1997) adds, over the columns, the squared
    difference in units of the column's range ``high - low``, 1 for two different categories, and 1 where either cell is
    missing. The metric "euclidean" takes numeric columns in their own units.

    Squared differences, overlaps and missing cells all expand into sums of products of one factor of either row,
    ``D2[i, j] = left[i] @ right[j]``. Nominal columns with many categories are added by comparison.
    """

    def __init__(self, codes, nominal, low, high, *, metric="heom"):
        numbers = codes[:, ~nominal]
        if metric == "heom":
            span = (high - low)[~nominal]
            numbers = (numbers - low[~nominal]) / np.where(span > 0, span, 1.0)
        elif nominal.any():
            raise ValueError("metric='euclidean' needs numeric columns only; use metric='heom' for nominal ones.")
        has_missing = np.isnan(numbers).any(axis=0)
        complete, partial = numbers[:, ~has_missing], numbers[:, has_missing]
        complete = complete - complete[:1]  # numbers around zero cancel less
        categories = codes[:, nominal]
        n_categories = np.fmax.reduce(categories, axis=0, initial=0).astype(int) + 1
        is_wide = n_categories > MAX_ONE_HOT
        blocks = [_one_hot(categories[:, j], n_categories[j]) for j in np.flatnonzero(~is_wide)]
        self._wide = categories[:, is_wide]

        # (a - b)^2 = a * -2b + 1 * b^2 + a^2 * 1. An overlap is 1 - one_hot(a) @ one_hot(b): the ones stand beside b^2.
        squares = np.einsum("ij,ij->i", complete, complete)[:, None]  # (n_samples, 1)
        one = np.ones((len(codes), 1))
        left, right = [complete, one, squares], [-2 * complete, squares + len(blocks) + partial.shape[1], one]
        if partial.shape[1]:
            # 1 where either cell is missing, (a - b)^2 where both are present: a missing cell is 0 in all factors.
            present = ~np.isnan(partial) * 1.0
            filled = np.where(present, partial, 0.0)
            left += [filled, filled**2, present, present]
            right += [-2 * filled, present, filled**2, -present]
        left += blocks
        right += [-block for block in blocks]
        self._left, self._right = np.hstack(left), np.hstack(right)  # (n_samples, n_factors)
        self.has_missing = bool(partial.shape[1] or np.isnan(categories).any())
        self._complete, self._blocks = complete, blocks

    def __len__(self):
        return len(self._left)

    def squared_distances(self, rows, others=slice(None)):
        """Return squared distances of shape (len(rows), n_others); never negative."""
        squared = self._left[rows] @ self._right[others].T
        for column in self._wide.T:
            squared += column[rows][:, None] != column[others]  # NaN differs from everything
        return np.maximum(squared, 0.0, out=squared)

    def embedding(self):
        """Return points whose Euclidean distances are the HEOM ones; no such points exist where cells are missing."""
        if self.has_missing:
            raise ValueError("A neighbours object cannot take missing cells; impute them or give k_neighbors as int.")
        wide = [_one_hot(column, int(column.max()) + 1) for column in self._wide.T]
        return np.hstack([self._complete, *(block / np.sqrt(2) for block in [*self._blocks, *wide])])


def nearest(space, rows, k_neighbors, *, half_median=False, rng=None):
    """Return the nearest neighbours of some rows among all other rows of a space.

    `k_neighbors` is an int, or an object with ``fit`` and ``kneighbors``, which is cloned. As in imbalanced-learn such
    an object counts the row itself: its ``n_neighbors`` is one more than the neighbours used. With `half_median`, the
    safe distance of SMOGN is returned, too; where there are more than 20,000 rows, `rng` draws a sample for it.
    """
    n_rows = len(space)
    finder = None if isinstance(k_neighbors, int | np.integer) else clone(k_neighbors)
    k = min(int(k_neighbors), n_rows - 1) if finder is None else None
    if finder is None and n_rows > MAX_EXACT_ROWS and not space.has_missing:
        finder = NearestNeighbors(n_neighbors=k + 1)
    if finder is not None:
        found = _found_by(finder, space, rows)
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
    """Return rows at the positions `u`, (n_new,), on the segments from seeds (0) to partners (1).

    A nominal cell comes from the partner with probability `share`, a float or one for each row. A cell that one parent
    lacks is copied from the other; it is NaN only if both lack it.
    """
    start, end = codes[seeds], codes[partners]  # (n_new, n_features)
    rows = start + u[:, None] * (end - start)
    if nominal.any():
        from_end = rng.uniform(size=(len(seeds), int(nominal.sum()))) < np.reshape(share, (-1, 1))
        rows[:, nominal] = np.where(from_end, end[:, nominal], start[:, nominal])
    missing = np.isnan(rows)
    if missing.any():
        rows[missing] = np.where(np.isnan(start), end, start)[missing]
    return rows


def perturb(codes, seeds, scale, spread, nominal, rng):
    """Return rows scattered around seeds; a cell is NaN exactly where the seed's is.

    Noise is normal, its standard deviation ``scale * spread``: a share for each new row, (n_new,), of the spread of
    each column, (n_features,). Nominal cells are drawn from `codes` with their frequencies.
    """
    rows = codes[seeds]  # (n_new, n_features)
    rows[:, ~nominal] += rng.standard_normal((len(seeds), int((~nominal).sum()))) * scale[:, None] * spread[~nominal]
    for j in np.flatnonzero(nominal):
        observed = codes[~np.isnan(codes[:, j]), j]
        if len(observed):
            rows[:, j] = np.where(np.isnan(rows[:, j]), np.nan, observed[rng.randint(len(observed), size=len(seeds))])
    return rows


def _one_hot(codes, n_categories):
    """Return the codes of a column as its one-hot block, (n_samples, n_categories); a row of zeros for NaN."""
    block = np.zeros((len(codes), n_categories))
    known = np.flatnonzero(~np.isnan(codes))
    block[known, codes[known].astype(int)] = 1.0
    return block


def row_blocks(n, width):
    """Return slices of `n` rows with at most `BLOCK_CELLS` numbers each, at `width` numbers a row."""
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

    `squared` holds distances, (n_block, n_samples), infinity at the row itself; `farthest` those of the farthest
    neighbours, (n_block,). Counting finds the rows without a need of the median, whose search is most of the work.
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


def _found_by(finder, space, rows):
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
