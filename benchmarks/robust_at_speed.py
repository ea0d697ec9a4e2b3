"""How long RobustATWrapper takes: beside ART's trainer at equal work, and a whole fit with the defaults.

    OMP_NUM_THREADS=1 python benchmarks/robust_at_speed.py

Training: same network, rows, batches, epochs, inner attack of 7 steps, no validation, one thread; the ratio is to ART's
AdversarialTrainerMadryPGD in the same run, the shortest of three times after a warm-up each. Whole fits: 1,000 rows of
url_phishing (87 columns). Writes results/robust_at_speed.csv.
"""

import time
import warnings

import torch
from _common import Results, best_time
from _robust_sets import EPS, load
from robust_at_quality import art_networks

from skgan_resample import RobustATWrapper
from skgan_resample._sklearn_networks import DEFAULTS
from skgan_resample.threat import ThreatModel

TREATED = {
    "plain": None,
    "loss_scale + awp": ["loss_scale", "awp"],
    "loss_scale + attack_strength + awp": ["loss_scale", "attack_strength", "awp"],
}


def main():
    torch.set_num_threads(1)
    results = Results("robust_at_speed", eps=EPS, defaults=DEFAULTS)
    for name in ("phishing", "waveform", "digits"):
        X, y, *_ = load(name, 0)

        def ours(strategy, X=X, y=y):
            model = RobustATWrapper(threat_model=ThreatModel(EPS), ro_strategy=strategy, cv=None, random_state=0)
            return lambda: model.fit(X, y)

        def theirs(X=X, y=y):
            return list(art_networks(X, y, 0, 1.0, "eps/4"))

        theirs()
        art = best_time(theirs, repeats=3)
        for method, strategy in TREATED.items():
            if results.has(what=name, method=method):
                continue
            fit = ours(strategy)
            fit()
            seconds = best_time(fit, repeats=3)
            results.add(what=name, method=method, seconds=seconds, art_seconds=art, ratio=art / seconds)
    X, y, *_ = load("phishing", 0)
    for method, settings in {"default, ro_strategy=None": {"ro_strategy": None}, "default (auto)": {}}.items():
        for eps in (0.1, EPS):
            key = {"what": f"whole fit, eps {eps}", "method": method}
            if not results.has(**key):
                started = time.perf_counter()
                model = RobustATWrapper(threat_model=ThreatModel(eps), random_state=0, **settings).fit(X, y)
                seconds = time.perf_counter() - started
                results.add(**key, seconds=seconds, art_seconds=float("nan"), ratio=len(model.runs_))


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        main()
