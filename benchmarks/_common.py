"""What the benchmark scripts share: tables of the data folder, versions, and results written row by row."""

import csv
import json
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd

from skgan_resample._versions import versions

if os.environ.get("OMP_NUM_THREADS") != "1":
    raise SystemExit("Timings are of one thread: run with OMP_NUM_THREADS=1.")

RESULTS = Path(__file__).parent / "results"
DATA = Path(os.environ.get("SKGAN_RESAMPLE_DATA", Path(__file__).parents[2] / "shared" / "data"))


FOLDERS = {"regression": "imbalanced_regression", "classification": "classification", "robustness": "robustness"}


def table_names(task=None, *, folder=DATA):
    """Return the names of the tables of one task, or of all, in alphabetical order."""
    return sorted(_tables(folder, [task] if task else FOLDERS))


def load_table(name, *, folder=DATA):
    """Return X (a frame) and y of a table: the column "target" or else the last one; labels are text, as spelt."""
    found = _tables(folder, FOLDERS)
    if name not in found:
        raise ValueError(f"There is no table {name!r} in {folder}; see table_names().")
    task, path = found[name]
    frame = pd.read_csv(path)
    target = "target" if "target" in frame else frame.columns[-1]
    y = frame.pop(target)
    if task != "regression":  # a label may be "01" or "NA"
        y = pd.read_csv(path, usecols=[target], dtype=str, keep_default_na=False, na_values=[""])[target]
    return frame, y


def _tables(folder, tasks):
    """Return {name: (task, path)} of the tables of these tasks."""
    paths = [(task, path) for task in tasks for path in sorted((Path(folder) / FOLDERS[task]).glob("*.csv*"))]
    found = {path.name.removesuffix(".gz").removesuffix(".csv"): (task, path) for task, path in paths}
    others = {"index", "meta"}  # files beside the tables that tell of them
    return {name: place for name, place in found.items() if name not in others and not name.startswith("url_phishing_")}


def load(name, *, numeric=False):
    """Return X (a frame, or with `numeric` an array of the numeric columns) and y of a table of the data folder."""
    X, y = load_table(name)
    if numeric:
        return X.select_dtypes("number").to_numpy(float), y.to_numpy(float)
    return X, y


def index():
    """Return the index of the imbalanced-regression tables."""
    return pd.read_csv(DATA / "imbalanced_regression" / "index.csv")


def best_time(call, *, repeats=5, at_most=60.0):
    """Return the shortest duration of `call` in seconds; fewer repeats once `at_most` seconds are spent."""
    times, spent = [], 0.0
    while len(times) < repeats and (not times or spent < at_most):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
        spent += times[-1]
    return min(times)


class Results:
    """A CSV file that grows row by row, beside a JSON file with versions and settings; it resumes where it stopped."""

    def __init__(self, name, **settings):
        self.path = RESULTS / f"{name}.csv"
        self.path.parent.mkdir(exist_ok=True)
        self.rows = list(csv.DictReader(self.path.open())) if self.path.exists() else []
        (RESULTS / f"{name}.json").write_text(json.dumps({**settings, "versions": versions()}, indent=1) + "\n")

    def has(self, **key):
        """Whether a row with these values was written already."""
        self.rows = list(csv.DictReader(self.path.open())) if self.path.exists() else []  # others may write, too
        return any(all(row.get(name) == str(value) for name, value in key.items()) for row in self.rows)

    def add(self, **row):
        """Write a row at once, and print it."""
        row = {
            name: f"{value:.5g}" if isinstance(value, float | np.floating) else str(value)
            for name, value in row.items()
        }
        is_new = not self.path.exists()
        with self.path.open("a", newline="") as file:
            writer = csv.DictWriter(file, list(row))
            if is_new:
                writer.writeheader()
            writer.writerow(row)
        self.rows.append(row)
        print("  ".join(f"{name}={value}" for name, value in row.items()), flush=True)
