"""Closed-form maps of synthetic rows into the distribution of real ones: what SMCAE starts from and competes with."""

from dataclasses import dataclass

import numpy as np
from sklearn.covariance import ledoit_wolf

MIN_SHARE = 0.1  # a synthetic column is not stretched by more than the inverse of this
MIN_CLASS_ROWS = 3  # a class with fewer rows on one side is moved as all rows are
MEAN_PRIOR = 2  # rows that the map for all rows counts for in the mean of a class
RIDGE = 1e-6  # added to covariances in units of their mean variance, so that roots can be inverted


@dataclass
class AffineMap:
    """One affine map for all rows, or one for each class: ``x @ matrix + offset``.

    Parameters
    ----------
    matrices : ndarray of shape (n_classes, width, width), or (n_classes, width) for maps that stretch columns
        With one class the map is the same for all rows.
    offsets : ndarray of shape (n_classes, width)
    """

    matrices: np.ndarray
    offsets: np.ndarray

    def __call__(self, rows, membership=None):
        """Return rows of shape (n, width) moved.

        Parameters
        ----------
        rows : ndarray of shape (n, width)
        membership : ndarray of shape (n, n_classes), default=None
            Share of each class in each row, summing to one: one-hot where the class is known. A row is moved to the
            mean, by these shares, of where the maps of the classes would move it. Not needed with one class.
        """
        if len(self.offsets) == 1:
            return self._of_class(0, rows)
        moved = np.zeros_like(rows)
        for number in range(len(self.offsets)):
            members = np.flatnonzero(membership[:, number])
            moved[members] += membership[members, number, None] * self._of_class(number, rows[members])
        return moved

    def _of_class(self, number, rows):
        matrix = self.matrices[number]
        return (rows * matrix if matrix.ndim == 1 else rows @ matrix) + self.offsets[number]


def identity(width):
    """Return the map that moves nothing."""
    return AffineMap(np.ones((1, width)), np.zeros((1, width)))


def location_scale(synthetic, real):
    """Return the map that gives each column the mean and the standard deviation of the real one."""
    stretch = _ratio(real.std(axis=0), synthetic.std(axis=0))
    return AffineMap(stretch[None], (real.mean(axis=0) - synthetic.mean(axis=0) * stretch)[None])


def coral(synthetic, real):
    """Return the map of correlation alignment: rows are whitened and then coloured as the real ones."""
    matrix = _power(_covariance(synthetic), -0.5) @ _power(_covariance(real), 0.5)
    return AffineMap(matrix[None], (real.mean(axis=0) - synthetic.mean(axis=0) @ matrix)[None])


def linear_transport(synthetic, real, synthetic_classes=None, real_classes=None, n_classes=1, overall=None):
    """Return the optimal transport between normal distributions, for each class by itself if there are classes.

    With means m and covariances C of either side, ``x -> m_R + (x - m_S) A`` where
    ``A = C_S^-1/2 (C_S^1/2 C_R C_S^1/2)^1/2 C_S^-1/2``.

    Parameters
    ----------
    synthetic, real : ndarray of shape (n_samples, width)
    synthetic_classes, real_classes : ndarray of int, shape (n_samples,), default=None
        Numbers of the classes, below `n_classes`.
    n_classes : int, default=1
    overall : AffineMap, default=None
        The map for all rows; None: that between the rows given.

    Notes
    -----
    Covariances are shrunk (Ledoit and Wolf). That of a class is drawn to the one within classes, pooled over all of
    them, with n rows and d columns by d / (n + d). A class of fewer than three rows on one side gets the map for all
    rows.
    """
    if overall is None:
        matrix = _transport(_covariance(synthetic), _covariance(real))
        overall = AffineMap(matrix[None], (real.mean(axis=0) - synthetic.mean(axis=0) @ matrix)[None])
    if n_classes == 1:
        return overall
    sides = [(synthetic, synthetic_classes), (real, real_classes)]
    pooled = [_pooled_covariance(rows, classes, n_classes) for rows, classes in sides]
    matrices, offsets = [], []
    for number in range(n_classes):
        members = [rows[classes == number] for rows, classes in sides]
        if min(len(rows) for rows in members) < MIN_CLASS_ROWS:
            matrices.append(overall.matrices[0])
            offsets.append(overall.offsets[0])
            continue
        matrix = _transport(*(_drawn_to(rows, shared) for rows, shared in zip(members, pooled)))
        matrices.append(matrix)
        offsets.append(members[1].mean(axis=0) - members[0].mean(axis=0) @ matrix)
    return AffineMap(np.array(matrices), np.array(offsets))


def with_drawn_means(synthetic, real, synthetic_classes, real_classes, overall):
    """Return real rows, shifted so that the means of small classes are drawn to where a map for all rows puts them.

    The mean of a class of n real rows goes 2 / (n + 2) of the way to where `overall` moves the synthetic mean of the
    class: means of few rows are noise, and moving rows there is learning it by heart.
    """
    drawn = real.copy()
    for number in np.intersect1d(synthetic_classes, real_classes):
        members = real_classes == number
        expected = overall(synthetic[synthetic_classes == number].mean(axis=0, keepdims=True))
        drawn[members] += MEAN_PRIOR / (members.sum() + MEAN_PRIOR) * (expected - real[members].mean(axis=0))
    return drawn


def _ratio(real_spread, synthetic_spread):
    """Return by what synthetic columns are stretched; a synthetic column without spread is shifted only."""
    floor = MIN_SHARE * real_spread
    return np.where(
        synthetic_spread > 0, real_spread / np.where(synthetic_spread > 0, np.maximum(synthetic_spread, floor), 1), 1.0
    )


def _pooled_covariance(rows, classes, n_classes):
    """Return the shrunk covariance within classes; each class takes a degree of freedom for its mean."""
    counts = np.bincount(classes, minlength=n_classes)
    means = np.array(
        [rows[classes == number].mean(axis=0) if counts[number] else rows[0] for number in range(n_classes)]
    )
    n_free = max(len(rows) - (counts > 0).sum(), 1)
    return _covariance(rows - means[classes]) * len(rows) / n_free


def _covariance(rows):
    if len(rows) < 2:
        return np.eye(rows.shape[1])
    return ledoit_wolf(rows)[0]


def _drawn_to(rows, pooled):
    """Return the covariance of few rows, drawn to a pooled one."""
    if len(rows) < 2:
        return pooled
    share = len(rows) / (len(rows) + rows.shape[1])
    return share * np.cov(rows.T).reshape(pooled.shape) + (1 - share) * pooled


def _power(covariance, exponent):
    """Return a power of a symmetric matrix without negative eigenvalues; a negative one after a ridge is put under."""
    values, vectors = np.linalg.eigh(covariance)
    floor = RIDGE * max(values.mean(), 1e-12) if exponent < 0 else 0.0
    return (vectors * np.maximum(values, floor) ** exponent) @ vectors.T


def _transport(synthetic, real):
    root, inverse = _power(synthetic, 0.5), _power(synthetic, -0.5)
    return inverse @ _power(root @ real @ root, 0.5) @ inverse
