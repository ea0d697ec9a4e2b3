"""How fast is SMOGN? Against the smogn package, against imbreg, and on 100,000 rows x 50 columns.

    OMP_NUM_THREADS=1 python benchmarks/smogn_speed.py peers    # ratios per table, resumable; takes half an hour
    OMP_NUM_THREADS=1 python benchmarks/smogn_speed.py large    # seconds and extra memory, numeric and mixed

Every ratio is peer / ours, measured one after the other in one process with one thread on the same array, the best of
several runs for ours and imbreg, a single run for smogn where it takes longer than ten seconds. smogn runs through
SmognPackageSampler, and only the time inside its own function is counted. Making a RandomState from a seed, 0.1 ms in
NumPy, is counted for neither: smogn takes no seed, and ours is given a RandomState.
"""

import resource
import subprocess
import sys
import time
import warnings

import numpy as np
import pandas as pd
from _common import Results, best_time, index, load

from skgan_resample import SMOGN

RNG = np.random.RandomState(0)


def ours(X, y, **parameters):
    return SMOGN(sampling_strategy="balance", random_state=RNG, **parameters).fit_resample(X, y)


def time_smogn_package(X, y):
    """Return the seconds that smogn.smoter takes on a table, or the error."""
    import smogn

    from skgan_resample import SmognPackageSampler

    spent, smoter = [], smogn.smoter

    def timed(*arguments, **keywords):
        started = time.perf_counter()
        try:
            return smoter(*arguments, **keywords)
        finally:
            spent.append(time.perf_counter() - started)

    smogn.smoter = timed
    try:
        SmognPackageSampler(random_state=0).fit_resample(X, y)
        if spent[0] < 10:
            SmognPackageSampler(random_state=0).fit_resample(X, y)
        return min(spent), ""
    except Exception as error:
        return float("nan"), str(error).split("\n")[0][:80]
    finally:
        smogn.smoter = smoter


def time_imbreg(X, y):
    """Return the seconds that imbreg takes, the rows it returns, or the error."""
    from imbreg.resampling import smogn_regress

    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])]).assign(y=y)
    try:
        result = smogn_regress(frame, "y", thr_rel=0.8, c_perc="balance", seed=0)
        return (
            best_time(lambda: smogn_regress(frame, "y", thr_rel=0.8, c_perc="balance", seed=0), at_most=10),
            len(result),
            "",
        )
    except Exception as error:
        return float("nan"), 0, f"{type(error).__name__}: {error}".split("\n")[0][:80]


def peers():
    results = Results("smogn_speed_peers", threads=1, threshold=0.8, k_neighbors=5, sampling_strategy="balance")
    for name in index()["name"]:
        X, y = load(name, numeric=True)
        # stock has no rare rows, and the peers take no NaN
        if name != "stock" and not np.isnan(X).any() and not results.has(table=name):
            compare_peers(results, name, X, y)


def compare_peers(results, name, X, y):
    """Time all three on one table and write the row."""
    n_rare = int(index().set_index("name").loc[name, "n_rare_08"])
    keep_all = best_time(lambda: ours(X, y), repeats=20, at_most=3)
    same_size = best_time(lambda: ours(X, y, under_sampling="balance"), repeats=20, at_most=3)
    rows_ours = len(ours(X, y, under_sampling="balance")[1])
    imbreg, rows_imbreg, imbreg_error = time_imbreg(X, y)
    smogn, smogn_error = time_smogn_package(X, y)
    results.add(
        table=name, rows=len(X), columns=X.shape[1], rare=n_rare,
        ours_seconds=keep_all, smogn_seconds=smogn, smogn_ratio=smogn / keep_all,
        ours_same_size_seconds=same_size, imbreg_seconds=imbreg, imbreg_ratio=imbreg / same_size,
        rows_ours=rows_ours, rows_imbreg=rows_imbreg, smogn_error=smogn_error, imbreg_error=imbreg_error,
    )  # fmt: skip


def large():
    """Measure each case in a process of its own, whose peak memory beyond the table is the extra memory."""
    results = Results("smogn_speed_large", threads=1, rows=100_000, columns=50, rare_share=0.05)
    results.path.unlink(missing_ok=True)
    results.rows = []
    for case in ("array", "frame", "mixed"):
        output = subprocess.run([sys.executable, __file__, "case", case], capture_output=True, text=True, check=True)
        seconds, megabytes, n_new = output.stdout.split()
        numeric = float(results.rows[0]["seconds"]) if results.rows else float(seconds)
        results.add(case=case, seconds=float(seconds), extra_megabytes=float(megabytes), synthetic_rows=n_new,
                    ratio_to_array=float(seconds) / numeric)  # fmt: skip


def large_table(case):
    rng = np.random.RandomState(0)
    y = np.r_[rng.normal(size=95_000), rng.uniform(6, 9, size=5_000)]
    X = rng.normal(size=(100_000, 50)) + y[:, None] * rng.uniform(size=50)
    if case == "array":
        return X, y
    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(50)])
    if case == "mixed":  # half the columns: 10 text, 10 whole numbers, 5 booleans
        for j in range(10):
            frame[f"x{j}"] = np.array([f"level {i}" for i in range(8)])[(np.abs(X[:, j]) * 2).astype(int) % 8]
        for j in range(10, 20):
            frame[f"x{j}"] = np.round(X[:, j] * 3).astype(int)
        for j in range(20, 25):
            frame[f"x{j}"] = X[:, j] > 0
    return frame, y


def run_case(case):
    X, y = large_table(case)
    ours(X[94_500:95_100], y[94_500:95_100])  # imports and first calls are not counted
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    _, y_new = ours(X, y)
    seconds = time.perf_counter() - started
    print(seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, len(y_new) - len(y))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    command = sys.argv[1] if len(sys.argv) > 1 else "large"
    {"peers": peers, "large": large, "case": lambda: run_case(sys.argv[2])}[command]()
