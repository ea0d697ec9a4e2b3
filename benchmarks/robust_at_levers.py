"""What each treatment of robust overfitting does on the tuning sets: one training a row, looked at on the test rows.

    OMP_NUM_THREADS=1 python benchmarks/robust_at_levers.py [set ...]

For each training the robust accuracy at its best epoch (of a curve smoothed over three looks; the test rows choose it,
so it is an upper limit of early stopping), at the last epoch, and the clean accuracy at both. The curves are of the
quick attack. Writes results/robust_at_levers.csv and resumes.
"""

import sys
import time
import warnings

import numpy as np
from _common import Results
from _robust_sets import EPS, TUNING, load
from sklearn.neural_network import MLPClassifier

from skgan_resample import RobustATWrapper
from skgan_resample._robust_at._twin import DEFAULTS
from skgan_resample.threat import ThreatModel

LEVERS = {
    "plain": {},
    "eps x 1.5": {"eps": 1.5 * EPS},
    "loss_scale": {"ro_strategy": ["loss_scale"]},
    "loss_scale + augment": {"ro_strategy": ["loss_scale", "augment"]},
    "loss_scale + attack_strength": {"ro_strategy": ["loss_scale", "attack_strength"]},
    "augment": {"ro_strategy": ["augment"]},
    "awp": {"ro_strategy": ["awp"]},
    "ema": {"ro_strategy": ["ema"]},
    "label_smoothing": {"ro_strategy": ["label_smoothing"]},
    "trades": {"objective": "trades"},
    "loss_scale + augment + ema": {"ro_strategy": ["loss_scale", "augment", "ema"]},
    "loss_scale + augment + awp": {"ro_strategy": ["loss_scale", "augment", "awp"]},
}
BATCHES = (128, 64, 32)
SEEDS = (0, 1)


def main(names):
    results = Results("robust_at_levers", eps=EPS, defaults=DEFAULTS)
    for seed in SEEDS:
        for name in names:
            X, y, X_test, y_test = load(name, seed)
            for batch_size in BATCHES:
                for lever, changes in LEVERS.items():
                    key = {"set": name, "seed": seed, "batch_size": batch_size, "lever": lever}
                    if not results.has(**key):
                        results.add(**key, **measure(X, y, X_test, y_test, seed, batch_size, dict(changes)))


def measure(X, y, X_test, y_test, seed, batch_size, changes):
    # The weight decay of the specification is divided by the batch, so it is kept at that of the defaults.
    spec = MLPClassifier(**{**DEFAULTS, "batch_size": batch_size, "alpha": DEFAULTS["alpha"] * batch_size / 128})
    eps = changes.pop("eps", EPS)
    model = RobustATWrapper(
        spec, threat_model=ThreatModel(eps), random_state=seed, **{"ro_strategy": None, "early_stopping": False, **changes}
    )
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y, X_val=X_test, y_val=y_test)
    seconds = time.perf_counter() - started
    (curves,) = model.runs_.values()
    best = curves.best
    robust = curves.curve()
    if eps != EPS:  # the curve is of the larger budget
        model_robust = model.robust_score(X_test, y_test, threat_model=ThreatModel(EPS))
        return {"best": np.nan, "best_epoch": np.nan, "clean_best": np.nan, "last": model_robust,
                "clean_last": curves.curve("clean")[-1], "seconds": seconds}  # fmt: skip
    return {
        "best": robust[best], "best_epoch": curves.epochs[best], "clean_best": curves.curve("clean")[best],
        "last": robust[-1], "clean_last": curves.curve("clean")[-1], "seconds": seconds,
    }  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:] or TUNING)
