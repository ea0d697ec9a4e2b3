"""Where the new rows come from, and how they compare with the real ones."""

import numpy as np
from scipy.spatial.distance import pdist
from sklearn.neighbors import NearestNeighbors

from skgan_resample._hard_triplet._candidates import KINDS, NEAR
from skgan_resample._hard_triplet._mining import pick_triplets

AT_MOST = 1000  # rows drawn at random stand for all: distances of pairs take quadratic time
FIELDS = [
    ("kind", "U13"),
    ("seed", np.intp),
    ("partner", np.intp),
    ("positive", np.intp),
    ("donor", np.intp, (2,)),
    ("position", float),
    ("confidence", float),
]


def parents(drawn):
    """Return the rows that each new one was made from, shape (n_new, 2), -1 for no second one."""
    return np.column_stack([drawn.seed, np.where(drawn.partner == drawn.seed, -1, drawn.partner)])


def row_info(n_real, drawn, confidence):
    """Return one record for each real row and, behind them, for each new one; `confidence` is that of all of them."""
    real = np.full((n_real, 2), -1)
    info = np.zeros(n_real + len(drawn.kind), dtype=FIELDS)
    info["kind"] = np.array(KINDS)[np.concatenate([np.zeros(n_real, dtype=np.intp), drawn.kind])]
    info["seed"] = np.concatenate([np.arange(n_real), drawn.seed])
    info["partner"] = np.concatenate([real[:, 0], parents(drawn)[:, 1]])
    info["positive"] = np.concatenate([real[:, 0], drawn.positive])
    info["donor"] = np.concatenate([real, drawn.donor])
    info["position"] = np.concatenate([np.zeros(n_real), drawn.position])
    info["confidence"] = confidence
    return info


def compared(encoded, labels, n_real, rng):
    """Return how new rows compare with the real ones; see `report_` of HardTripletSampler."""
    # encoded (n, width), labels (n,)
    real, real_labels = encoded[:n_real], labels[:n_real]
    chosen = n_real + rng.permutation(len(labels) - n_real)[:AT_MOST]  # positions of new rows
    near = _neighbors(real, min(NEAR, n_real)).kneighbors(encoded[chosen], return_distance=False)
    nearest_ratio, diversity = [], []
    for label in np.unique(labels[chosen]):
        own, new = real[real_labels == label], encoded[chosen][labels[chosen] == label]
        if len(own) < 2:
            continue
        distance = np.median(_neighbors(own, 2).kneighbors(own)[0][:, 1])
        if distance > 0:
            nearest_ratio.append(np.median(_neighbors(own, 1).kneighbors(new)[0]) / distance)
        spread = pdist(own[rng.permutation(len(own))[:AT_MOST]]).mean()
        if len(new) > 1 and spread > 0:
            diversity.append(pdist(new).mean() / spread)
    return {
        "label_agreement": float((real_labels[near] == labels[chosen][:, None]).mean()),
        "nearest_real_ratio": float(np.mean(nearest_ratio)) if nearest_ratio else np.nan,
        "diversity": float(np.mean(diversity)) if diversity else np.nan,
    }


def active_shares(places, labels, n_real, margin, rng):
    """Return the share of random triplets that violate the margin, among real rows and with a new row in each."""
    shares = {}
    for name, synthetic in (("active_triplets_real", False), ("active_triplets_synthetic", True)):
        is_new = np.arange(len(labels)) >= n_real
        try:
            _, hardness = pick_triplets(
                places, labels, AT_MOST, -np.inf, np.inf, rng, is_synthetic=is_new, synthetic=synthetic
            )
            shares[name] = float((hardness > -margin).mean())
        except ValueError:  # classes of one row alone
            shares[name] = np.nan
    return shares


def _neighbors(points, k):
    return NearestNeighbors(n_neighbors=k).fit(points)
