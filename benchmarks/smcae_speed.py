"""Seconds and memory of SMCAETransformer on one thread.

    OMP_NUM_THREADS=1 python benchmarks/smcae_speed.py

Real and synthetic rows of made tables, half of the rows each; results/smcae_speed.csv.
"""

import resource
import subprocess
import sys
import time

import numpy as np
from _common import Results

from skgan_resample import SMCAETransformer

CASES = [  # real and synthetic rows together, columns, classes
    (2_000, 64, 10, None),
    (2_000, 64, 10, "cv"),
    (20_000, 30, 2, None),
    (20_000, 30, 2, "cv"),
]


def table(n_rows, n_columns, n_classes):
    """Return real rows, bent images of a few hidden columns, and synthetic ones, straight images of them."""
    rng = np.random.RandomState(0)
    hidden = rng.normal(size=(n_rows, 6))
    y = np.digitize(hidden[:, 0], np.quantile(hidden[:, 0], np.linspace(0, 1, n_classes + 1)[1:-1]))
    images = hidden @ rng.normal(size=(6, n_columns))
    half = n_rows // 2
    return (np.sin(images[:half]), y[:half]), (images[half:], y[half:])


def one(case):
    """Fit and refine once in this process; print seconds, peak memory and what was selected."""
    n_rows, n_columns, n_classes, select = CASES[case]
    real, synthetic = table(n_rows, n_columns, n_classes)
    warm_up = SMCAETransformer(select=None, max_steps=1, random_state=0)
    warm_up.fit(real[0][:100], real[1][:100], X_synthetic=synthetic[0][:100], y_synthetic=synthetic[1][:100])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    model = SMCAETransformer(select=select, random_state=0)
    model.fit(*real, X_synthetic=synthetic[0], y_synthetic=synthetic[1]).refine(*synthetic)
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(seconds, before / 1024, after / 1024, model.selected_)


def main():
    results = Results("smcae_speed", note="total rows, half of them synthetic; memory is that of the whole process")
    for repeat in range(2):
        for case, (n_rows, n_columns, _, select) in enumerate(CASES):
            key = {"rows": n_rows, "columns": n_columns, "select": select, "repeat": repeat}
            if not results.has(**key):
                done = subprocess.run(
                    [sys.executable, __file__, str(case)], capture_output=True, text=True, check=True
                ).stdout.split()  # fmt: skip
                seconds, before, after = map(float, done[:3])
                results.add(**key, seconds=seconds, mib_before=before, mib_peak=after, selected=done[3])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        one(int(sys.argv[1]))
    else:
        main()
