"""Pick triplets and pairs of rows, within a budget; NumPy only."""

import numpy as np

from skgan_resample._sampling import drawn_equally

CHOICES = 16  # positives, and as many negatives, that are compared for an anchor in a round
MAX_ROUNDS = 8
BLOCK = 2048  # anchors at a time


class Runs:
    """Rows sorted by group and class, so that one class of one group is a run of positions."""

    def __init__(self, labels, groups=None):
        groups = np.zeros(len(labels), dtype=np.intp) if groups is None else groups
        self.order = np.lexsort([labels, groups])
        _, run_of_place, sizes = np.unique(
            np.column_stack([groups, labels])[self.order], axis=0, return_inverse=True, return_counts=True
        )
        run_of_place = run_of_place.ravel()
        _, group_sizes = np.unique(groups[self.order], return_counts=True)
        group_of_run = groups[self.order][np.cumsum(sizes) - sizes]
        group_of_run = np.unique(group_of_run, return_inverse=True)[1]
        place = np.empty(len(labels), dtype=np.intp)
        place[self.order] = np.arange(len(labels))
        self.place, self.run = place, np.empty(len(labels), dtype=np.intp)
        self.run[self.order] = run_of_place
        self.first, self.size = np.cumsum(sizes) - sizes, sizes
        self.group_first = (np.cumsum(group_sizes) - group_sizes)[group_of_run]
        self.group_size = group_sizes[group_of_run]

    def anchors(self):
        """Return the rows that have both a positive and a negative."""
        has_both = (self.size > 1) & (self.group_size > self.size)
        return np.flatnonzero(has_both[self.run])

    def positives(self, rows, n, rng):
        """Return `n` random other rows of the same class for each row, shape (len(rows), n)."""
        run = self.run[rows]
        first, size = self.first[run][:, None], self.size[run][:, None]
        within = self.place[rows][:, None] - first
        # One step ahead at least and size - 1 at most, around the run: never the row itself.
        steps = 1 + (rng.uniform(size=(len(rows), n)) * (size - 1)).astype(np.intp)
        return self.order[first + (within + steps) % size]

    def negatives(self, rows, n, rng):
        """Return `n` random rows of other classes for each row, shape (len(rows), n)."""
        run = self.run[rows]
        first, size = self.first[run][:, None], self.size[run][:, None]
        start, whole = self.group_first[run][:, None], self.group_size[run][:, None]
        found = start + (rng.uniform(size=(len(rows), n)) * (whole - size)).astype(np.intp)
        return self.order[found + size * (found >= first)]  # jumps over the run of the row's own class


def even_anchors(labels, rows, n, rng):
    """Return `n` of `rows`: every class equally often, and every row of a class."""
    classes = np.unique(labels[rows])
    counts = np.bincount(drawn_equally(len(classes), n, rng), minlength=len(classes))
    parts = [
        rows[labels[rows] == label][drawn_equally(int((labels[rows] == label).sum()), count, rng)]
        for label, count in zip(classes, counts)
    ]
    return rng.permutation(np.concatenate(parts))


def pick_triplets(places, labels, n, low, high, rng, *, is_synthetic=None, synthetic=None, groups=None):
    """Return `n` triplets of rows, shape (n, 3): anchor, positive, negative."""
    # places (n_samples, n_components); labels, is_synthetic, groups (n_samples,) -> (n, 3), (n,)
    usable = np.arange(len(labels))
    if synthetic is False and is_synthetic is not None:
        usable = np.flatnonzero(~is_synthetic)
    runs = Runs(labels[usable], None if groups is None else groups[usable])
    anchors = runs.anchors()
    if not len(anchors):
        raise ValueError("There is no triplet: no row has both another row of its class and a row of another class.")
    wanted = even_anchors(labels[usable], anchors, n, rng)
    must_have = is_synthetic if synthetic else None
    made = anchors[is_synthetic[anchors]] if synthetic else anchors
    if not len(made):
        raise ValueError("There is no synthetic row to make triplets with; give synthetic=None or False.")
    parts = [
        _best(places[usable], runs, wanted[start : start + BLOCK], low, high, must_have, rng)
        for start in range(0, n, BLOCK)
    ]
    triplets, hardness = (np.concatenate(values) for values in zip(*parts))
    lacking = np.flatnonzero(np.isnan(hardness))
    if len(lacking):  # no synthetic row was met: let one be the anchor
        again = made[drawn_equally(len(made), len(lacking), rng)]
        triplets[lacking], hardness[lacking] = _best(places[usable], runs, again, low, high, must_have, rng)
    return usable[triplets], hardness


def _best(places, runs, anchors, low, high, must_have, rng):
    """Return a triplet for each anchor, of the hardness wanted or as near to it as was found, and its hardness.

    The hardness is NaN where no triplet had one of the rows that it must have.
    """
    n = len(anchors)
    triplets, hardness, miss = np.zeros((n, 3), dtype=np.intp), np.full(n, np.nan), np.full(n, np.inf)
    for _ in range(MAX_ROUNDS):
        open_ones = np.flatnonzero(miss > 0)
        if not len(open_ones):
            break
        rows = anchors[open_ones]
        positives, negatives = (draw(rows, CHOICES, rng) for draw in (runs.positives, runs.negatives))
        near, far = (
            np.linalg.norm(places[rows][:, None] - places[others], axis=2) for others in (positives, negatives)
        )
        hard = near[:, :, None] - far[:, None, :]  # (n_open, CHOICES, CHOICES)
        off = np.maximum(np.maximum(low - hard, hard - high), 0.0)
        if must_have is not None:
            has = must_have[rows][:, None, None] | must_have[positives][:, :, None] | must_have[negatives][:, None, :]
            off = np.where(has, off, np.inf)
        off, hard = off.reshape(len(rows), -1), hard.reshape(len(rows), -1)
        chosen = (off + (off == 0) * rng.uniform(-1, 0, size=off.shape)).argmin(axis=1)  # a random one of those wanted
        at = np.arange(len(rows))
        better = off[at, chosen] < miss[open_ones]
        picked = open_ones[better]
        p, q = np.divmod(chosen[better], CHOICES)
        triplets[picked] = np.column_stack([rows[better], positives[better, p], negatives[better, q]])
        hardness[picked], miss[picked] = hard[at, chosen][better], off[at, chosen][better]
    return triplets, hardness


def pick_pairs(labels, n, rng, groups=None):
    """Return `n` pairs of rows, shape (n, 2), half of them (rounded up) of one class, and 1 or -1 for each."""
    runs = Runs(labels, groups)
    n_same = -(-n // 2)
    has_positive = np.flatnonzero((runs.size > 1)[runs.run])
    has_negative = np.flatnonzero((runs.group_size > runs.size)[runs.run])
    if (n_same and not len(has_positive)) or (n > n_same and not len(has_negative)):
        raise ValueError("There are no such pairs: every row needs another one of its class and one of another class.")
    first = even_anchors(labels, has_positive, n_same, rng)
    second = even_anchors(labels, has_negative, n - n_same, rng) if n > n_same else np.empty(0, dtype=np.intp)
    pairs = np.concatenate(
        [
            np.column_stack([first, runs.positives(first, 1, rng)[:, 0]]),
            np.column_stack([second, runs.negatives(second, 1, rng)[:, 0]]),
        ]
    )
    order = rng.permutation(n)
    return pairs[order], np.repeat([1, -1], [n_same, n - n_same])[order]
