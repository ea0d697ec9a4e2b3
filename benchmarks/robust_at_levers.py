"""What each treatment of robust overfitting does on the tuning sets: one training a row, evaluated on the test rows.

    OMP_NUM_THREADS=1 python benchmarks/robust_at_levers.py [set ...]

For each training the robust accuracy at its best epoch (of a curve smoothed over three evaluations; the test rows
choose it, so it is an upper limit of early stopping), at the last epoch, and the clean accuracy at both. The curves are
of the quick attack. Writes results/robust_at_levers.csv and resumes. Rows "augment", "label_smoothing" and "ema" there
are of treatments of the first edition that "auto" never tried; the second edition has them no more.
"""

import sys
import time
import warnings

import numpy as np
from _common import Results
from _robust_sets import EPS, TUNING, load
from sklearn.neural_network import MLPClassifier

from skgan_resample import AdversarialTrainingOptions, RobustATWrapper
from skgan_resample._sklearn_networks import DEFAULTS
from skgan_resample.threat import ThreatModel

LEVERS = {
    "plain": {},
    "loss_scale": {"ro_strategy": ["loss_scale"]},
    "awp": {"ro_strategy": ["awp"]},
    "loss_scale + attack_strength": {"ro_strategy": ["loss_scale", "attack_strength"]},
    "loss_scale + awp": {"ro_strategy": ["loss_scale", "awp"]},
    "loss_scale + attack_strength + awp": {"ro_strategy": ["loss_scale", "attack_strength", "awp"]},
    "trades": {"objective": "trades"},
    "eps x 1.5": {"eps": 1.5 * EPS},
}
SETTINGS = {
    "batch 32": {"batch_size": 32},
    "batch 64": {"batch_size": 64},
}
SEEDS = (0, 1)
N_TEST = 1000


def main(names):
    results = Results("robust_at_levers", eps=EPS, defaults=DEFAULTS, levers=LEVERS, settings=SETTINGS)
    for seed in SEEDS:
        for name in names:
            X, y, X_test, y_test = load(name, seed)
            for setting, training in SETTINGS.items():
                for lever, changes in LEVERS.items():
                    key = {"set": name, "seed": seed, "setting": setting, "lever": lever}
                    if not results.has(**key):
                        test = X_test[:N_TEST], y_test[:N_TEST]
                        results.add(**key, **measure(X, y, *test, seed, {**training, **changes}))


def measure(X, y, X_test, y_test, seed, changes):
    # The weight decay of a specification is divided by the batch; here it is the same for all batches.
    batch_size = changes.pop("batch_size")
    spec = MLPClassifier(**{**DEFAULTS, "batch_size": batch_size, "alpha": 5e-4 * batch_size})
    eps = changes.pop("eps", EPS)
    training = AdversarialTrainingOptions(batch_size=batch_size, validate_every=4)
    settings = {"ro_strategy": None, "early_stopping": False, "training": training, **changes}
    model = RobustATWrapper(spec, threat_model=ThreatModel(eps), random_state=seed, **settings)
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
