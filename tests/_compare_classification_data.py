"""What the tests of compare classification in both rooms share."""

import numpy as np


def clusters(n_rows=240, shares=(0.8, 0.2), seed=0, width=1.2):
    """Return overlapping classes on a line of points, labelled by letters; the later a letter, the rarer."""
    rng = np.random.RandomState(seed)
    counts = (np.array(shares) * n_rows).astype(int)
    codes = rng.permutation(np.repeat(np.arange(len(shares)), counts))
    X = rng.normal(scale=width, size=(len(codes), 2)) + np.column_stack([codes, (codes == 1) * 1.5])
    return X, np.array(list("abcdef"))[codes]


X, Y = clusters(60)
