"""The author's paired sketches: is the photo of a moved sketch the nearest one?

    OMP_NUM_THREADS=1 python benchmarks/smcae_pairs.py

88 pairs to learn from, 100 pairs to find; HOG of 5,329 columns. Row i of the sketches is the partner of photo i
(pairing="given"). Rank-1, rank-5 and rank-10 of the photo by Euclidean distance; results/smcae_pairs.csv. The paper's
variant has layers of 250, 125 and 250 units and 100 steps a stage here, a small part of the author's budget.
"""

import time
import warnings

import numpy as np
from _common import DATA, Results
from scipy.spatial.distance import cdist

from skgan_resample import AutoencoderOptions, SMCAETransformer

GUARDED = {"select": None, "pairing": "given", "base": "location_scale"}
SIZES = (256, 128, 256)
PAPER = {"variant": "paper", "select": None, "max_steps": 100}
PAPER_SIZES = (250, 125, 250)


def paper(gamma):
    network = AutoencoderOptions(hidden_layer_sizes=PAPER_SIZES, gamma=gamma, learning_rate=1e-3)
    return {**PAPER, "autoencoder": network}


METHODS = {
    "raw": {"select": "identity"},
    "location-scale": {"select": "location_scale"},
    "SMCAE on raw": {**GUARDED, "base": "identity", "autoencoder": AutoencoderOptions(hidden_layer_sizes=SIZES)},
    "SMCAE on location-scale": {**GUARDED, "autoencoder": AutoencoderOptions(hidden_layer_sizes=SIZES)},
    "SMCAE on location-scale, no energy": {
        **GUARDED,
        "autoencoder": AutoencoderOptions(hidden_layer_sizes=SIZES, energy_weight=0.0),
    },
    "paper, gamma 0": paper(gamma=0.0),
    "paper, gamma 10": paper(gamma=10.0),
}


def ranks(moved, photos):
    """Return the shares of rows whose partner is among the nearest 1, 5 and 10."""
    distances = cdist(moved, photos)
    nearer = (distances < np.diag(distances)[:, None]).sum(axis=1)
    return [float((nearer < k).mean()) for k in (1, 5, 10)]


def main():
    warnings.simplefilter("ignore")
    data = np.load(DATA / "domain_adaptation" / "smcae_hog_pairs.npz")
    real, sketches, photos, test = (
        data[name].astype(np.float64) for name in ("real_train", "synth_train", "real_test", "synth_test")
    )
    results = Results("smcae_pairs", max_steps=200)
    for seed in range(3):
        for name, options in METHODS.items():
            if results.has(seed=seed, method=name):
                continue
            started = time.perf_counter()
            settings = {"max_steps": 200, "snap": False, **options}
            model = SMCAETransformer(random_state=seed, **settings).fit(real, X_synthetic=sketches)
            moved = model.refine(test)
            row = {"seed": seed, "method": name}
            row |= dict(zip(("rank_1", "rank_5", "rank_10"), ranks(moved, photos)))
            row["variance_ratio"] = moved.var(axis=0).sum() / photos.var(axis=0).sum()
            row["code_rank_1"] = np.nan
            if model.network_ is not None:
                codes = model.encode(test, sample_domain=1), model.encode(photos)
                row["code_rank_1"] = ranks(*codes)[0]
            results.add(**row, seconds=time.perf_counter() - started)


if __name__ == "__main__":
    main()
