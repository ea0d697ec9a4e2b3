"""Seconds and memory of HardTripletSampler on one thread, beside SMOTE on the same rows.

OMP_NUM_THREADS=1 python benchmarks/hard_triplet_speed.py
"""

import subprocess
import sys
import time

import numpy as np
from _class_sets import table
from _common import Results
from imblearn.over_sampling import SMOTE
from sklearn.datasets import make_classification

from skgan_resample import HardTripletEmbedder, HardTripletSampler

MEMORY = """
import resource, sys
import numpy as np
from skgan_resample import HardTripletSampler
X = np.random.RandomState(0).standard_normal((int(sys.argv[1]), 20))
y = (X[:, 0] > 1).astype(int)
HardTripletSampler(random_state=0).fit_resample(X[:500], y[:500])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
HardTripletSampler(random_state=0).fit_resample(X, y)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def seconds(call, repeats=3):
    """Return the shortest of some durations; the first call of all has imported torch."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times)


if __name__ == "__main__":
    results = Results("hard_triplet_speed")
    X, y = make_classification(2_000, 60, n_informative=20, weights=[0.9], random_state=0)
    HardTripletSampler(max_steps=1).fit_resample(X, y)
    smote = seconds(lambda: SMOTE(random_state=0).fit_resample(X, y))
    for name, sampler in {
        "linear": HardTripletSampler(random_state=0),
        "cgan": HardTripletSampler(generator="cgan", random_state=0),
    }.items():
        needed = seconds(lambda sampler=sampler: sampler.fit_resample(X, y))
        results.add(what=f"fit_resample 2,000 x 60, {name}", seconds=needed, times_smote=needed / smote, MiB=np.nan)
    for name, options in {"selected": {}, "always learned": {"select": "learned"}}.items():
        embedder = HardTripletEmbedder(random_state=0, **options)
        needed = seconds(lambda embedder=embedder: embedder.fit(X, y))
        results.add(what=f"embedder 2,000 x 60, {name}", seconds=needed, times_smote=np.nan, MiB=np.nan)
    letters, labels = table("letter")
    smote = seconds(lambda: SMOTE(random_state=0).fit_resample(letters, labels), 1)
    for name in ("linear", "cgan"):
        sampler = HardTripletSampler(generator=name, random_state=0)
        needed = seconds(lambda sampler=sampler: sampler.fit_resample(letters, labels), 1)
        results.add(what=f"fit_resample letter, {name}", seconds=needed, times_smote=needed / smote, MiB=np.nan)
    for n_rows in (10_000, 20_000, 40_000):
        found = subprocess.run([sys.executable, "-c", MEMORY, str(n_rows)], capture_output=True, text=True, check=True)
        results.add(what=f"memory {n_rows:,} x 20", seconds=np.nan, times_smote=np.nan, MiB=float(found.stdout))
