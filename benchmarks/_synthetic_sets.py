"""Pairs of synthetic and real tables: those that are reported, and those on which defaults were chosen."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from _common import DATA, load_table
from imblearn.over_sampling import SMOTE
from sklearn.model_selection import train_test_split

FOLDER = DATA / "domain_adaptation"
N_SYNTHETIC = 2_000  # rows that maps are fitted to; the others are new to them
TUNING_FONTS = 42  # digits of the first fonts served for choosing defaults, those of the others are reported

REPORTING = [
    *[("digits", n) for n in (50, 150, 500)],
    ("ctgan", 300),
    ("tvae", 300),
    *[("smote", name) for name in ("imb_abalone9-18", "imb_ecoli3", "pima")],
]
LARGER = [("ctgan", 1000), ("tvae", 1000)]  # reported too, when the others are done
TUNING = [("friedman", 60), ("friedman", 120)]


@dataclass
class Problem:
    """One draw: real rows to learn from, synthetic rows, real rows to be predicted, and further synthetic rows."""

    real: tuple
    synthetic: tuple
    test: tuple
    new: tuple | None
    score: str
    sampler: object = None  # makes the synthetic rows, where they are made of the real ones


def problem(name, size, seed):
    """Return a `Problem` by the names of `REPORTING` and `TUNING`."""
    rng = np.random.RandomState(seed)
    if name == "smote":
        return _smote(size, seed)
    if name == "friedman":
        data = np.load(FOLDER / "friedman_sim_vs_real.npz")
        rows = rng.permutation(len(data["y_real_train"]))[:size]
        real = data["X_real_train"][rows], data["y_real_train"][rows]
        synthetic = data["X_synth"], data["y_synth"]
        return Problem(real, synthetic, (data["X_real_test"], data["y_real_test"]), None, "r2")
    X, y, X_new, y_new, X_test, y_test = _digits() if name == "digits" else _adult(name)
    rows, _ = train_test_split(np.arange(len(y)), train_size=size, stratify=y, random_state=seed)
    made = rng.permutation(len(y_new))
    return Problem(
        (_take(X, rows), y[rows]),
        *[(_take(X_new, part), y_new[part]) for part in (made[:N_SYNTHETIC],)],
        (X_test, y_test),
        (_take(X_new, made[N_SYNTHETIC:]), y_new[made[N_SYNTHETIC:]]),
        "accuracy",
    )


def _digits():
    data = np.load(FOLDER / "digits_rendered_vs_real.npz")
    reported = data["font_synth"] >= TUNING_FONTS
    synthetic = data["X_synth"][reported].astype(int), data["y_synth"][reported]
    real = data["X_real_train"].astype(int), data["y_real_train"]
    return *real, *synthetic, data["X_real_test"].astype(int), data["y_real_test"]


def _adult(generator):
    frame = pd.read_csv(FOLDER / "adult_real_ctgan_tvae.csv.gz")
    parts = []
    for split in ("real_train", generator, "real_test"):
        rows = frame[frame["split"] == split].drop(columns="split").reset_index(drop=True)
        rows = rows.iloc[:3_000] if split == "real_test" else rows
        parts += [rows.drop(columns="income"), rows["income"].to_numpy(str)]
    return parts


def _smote(name, seed):
    X, y = load_table(name)
    X, y = X.select_dtypes("number"), y.to_numpy(str)
    train, test = train_test_split(np.arange(len(y)), test_size=0.5, stratify=y, random_state=seed)
    sampler = SMOTE(random_state=seed)
    real = X.iloc[train].reset_index(drop=True), y[train]
    X_all, y_all = sampler.fit_resample(*real)
    synthetic = X_all.iloc[len(train) :].reset_index(drop=True), y_all[len(train) :]
    return Problem(real, synthetic, (X.iloc[test], y[test]), None, "balanced_accuracy", sampler)


def _take(X, rows):
    return X.iloc[rows].reset_index(drop=True) if hasattr(X, "iloc") else X[rows]
