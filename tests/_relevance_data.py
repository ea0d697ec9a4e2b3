"""What the tests of relevance in both rooms share."""

import statistics

from hypothesis import strategies as st


def targets(values):
    """Return lists of `values` with at least two different ones."""
    return st.lists(values, min_size=2, max_size=60).filter(lambda y: min(y) < max(y))


def slow_medcouple(y):
    """The definition of Brys, Hubert and Struyf over all pairs."""
    middle = statistics.median(y)
    left, right = [v for v in sorted(y) if v <= middle], [v for v in sorted(y) if v >= middle]
    n_tied = sum(v == middle for v in y)
    kernel = [((b - middle) - (middle - a)) / (b - a) for a in left for b in right if a < b]
    for i in range(1, n_tied + 1):
        for j in range(1, n_tied + 1):
            kernel.append((i + j - 1 > n_tied) - (i + j - 1 < n_tied))
    return statistics.median(kernel)
