"""Positions of rows, drawn evenly or in proportion."""

import math

import numpy as np


def dealt_rows(rows, n, rng):
    """Return `n` of `rows`, no row more than once oftener than another."""
    return np.concatenate([rng.permutation(rows) for _ in range(math.ceil(n / len(rows)))])[:n]


def in_turn(n_rows, n_new, rng):
    """Return `n_new` positions of rows: every row equally often, the remainder at random."""
    rounds, rest = divmod(n_new, n_rows)
    return np.concatenate([np.tile(np.arange(n_rows), rounds), rng.permutation(n_rows)[:rest]])


def in_proportion(weights, n_new, rng):
    """Return `n_new` positions of rows, each as often as its share of the weights says, rounded up or down at random.

    This is systematic sampling: equidistant points from a random start fall on rows laid end to end in random order.
    """
    order = rng.permutation(len(weights))
    ends = np.cumsum(weights[order])
    points = (np.arange(n_new) + rng.uniform()) / n_new * ends[-1]
    return order[np.searchsorted(ends, points, side="right").clip(max=len(weights) - 1)]
