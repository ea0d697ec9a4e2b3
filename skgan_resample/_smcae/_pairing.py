"""Which real rows synthetic rows are to become like: all together, class by class, and row by row."""

import math

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from skgan_resample._sampling import drawn_equally, evenly_spaced
from skgan_resample._smcae._maps import linear_transport, with_shrunken_means

PLAN_ROWS = 1_000  # rows of each side in one transport plan, whose cost grows with their cube; more go to several plans
N_NEAREST = 5  # real rows with the nearest targets, of which one stands for a synthetic row


def with_like_targets(real, synthetic, rng):
    """Return for each synthetic row a real row, drawn among the five or more whose targets are nearest to its own."""
    order = np.argsort(real.target, kind="stable")
    # Real rows of the same target, first to last in this order; where they are few, the neighbours on both sides join.
    first, last = (np.searchsorted(real.target[order], synthetic.target, side) for side in ("left", "right"))
    lacking = np.maximum(min(N_NEAREST, len(real)) - (last - first), 0)
    first = np.maximum(first - (lacking + 1) // 2, 0)
    last = np.clip(last + lacking // 2, first + 1, len(real))
    return real[order[first + (rng.uniform(size=len(first)) * (last - first)).astype(int)]]


def with_classes_of(synthetic, real):
    """Return real rows, some of them repeated or left out, with classes in the proportions of the synthetic rows."""
    if real.membership.shape[1] == 1:
        return real
    counts, available = (np.bincount(side.classes, minlength=real.membership.shape[1]) for side in (synthetic, real))
    counts = np.where(available > 0, counts, 0)
    if not counts.any():
        return real
    wanted = np.ceil(counts / counts.sum() * len(real)).astype(int)
    rows = []
    for number, n in enumerate(wanted):
        own = np.flatnonzero(real.classes == number)
        if n:
            rows.append(own[evenly_spaced(len(own), n, start=0.0)])
    return real[np.concatenate(rows)]


def transport_of_all(synthetic, real):
    """Return the linear transport for all rows, to real rows with the classes of the synthetic ones."""
    return linear_transport(synthetic.vectors, with_classes_of(synthetic, real).vectors)


def with_steady_classes(synthetic, real):
    """Return real rows with less noisy class means, where there are classes; see `with_shrunken_means`."""
    if real.membership.shape[1] == 1:
        return real
    sides = synthetic.classes, real.classes
    overall = transport_of_all(synthetic, real)
    return real.with_vectors(with_shrunken_means(synthetic.vectors, real.vectors, *sides, overall))


def partners_of(synthetic, real, pairing, rng):
    """Return the position of the real row of its class that each synthetic row is to become; -1 without one."""
    # Synthetic rows are where the base map puts them. "ot" uses real rows equally often; many rows go in parts.
    if pairing == "given":
        return np.arange(len(synthetic))
    partners = np.full(len(synthetic), -1)
    for number in np.unique(synthetic.classes):
        rows, candidates = (np.flatnonzero(side.classes == number) for side in (synthetic, real))
        if not len(candidates):
            continue
        n_parts = math.ceil(len(rows) / PLAN_ROWS)
        drawn = candidates[drawn_equally(len(candidates), len(rows), rng, shuffle=True)]
        for part, own in zip(np.array_split(rng.permutation(rows), n_parts), np.array_split(drawn, n_parts)):
            offered = own if pairing == "ot" else candidates
            costs = cdist(synthetic.vectors[part], real.vectors[offered], "sqeuclidean")  # (n_part, n_offered)
            found = linear_sum_assignment(costs)[1] if pairing == "ot" else costs.argmin(axis=1)
            partners[part] = offered[found]
    return partners
