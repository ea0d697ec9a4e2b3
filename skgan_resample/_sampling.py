"""Positions of rows: evenly spaced, drawn equally often, or drawn in proportion to weights."""

import numpy as np


def evenly_spaced(n_rows, n, start=0.5):
    """Return `n` positions among `n_rows`, one in each of `n` equal stretches; `start` in [0, 1) is where in each.

    With a random start this is systematic sampling. With more positions than rows, rows are repeated evenly.
    """
    return ((np.arange(n) + start) * n_rows / n).astype(int)


def drawn_equally(n_rows, n, rng, *, shuffle=False):
    """Return `n` positions among `n_rows`: each as often as the others, the remainder drawn without replacement.

    Whole rounds through the rows come first, in order or, with `shuffle`, each in another random order.
    """
    n_rounds, rest = divmod(n, n_rows)
    if shuffle:
        n_rounds += rest > 0
        return np.concatenate([rng.permutation(n_rows) for _ in range(n_rounds)])[:n]
    return np.concatenate([np.tile(np.arange(n_rows), n_rounds), rng.permutation(n_rows)[:rest]])


def drawn_in_proportion(weights, n, rng):
    """Return `n` positions, each as often as its share of the weights says, rounded up or down at random.

    This is systematic sampling with unequal probabilities (Madow, 1949): equidistant points from a random start fall on
    rows laid end to end in random order.
    """
    order = rng.permutation(len(weights))
    ends = np.cumsum(weights[order])
    points = (np.arange(n) + rng.uniform()) / n * ends[-1]
    return order[np.searchsorted(ends, points, side="right").clip(max=len(weights) - 1)]
