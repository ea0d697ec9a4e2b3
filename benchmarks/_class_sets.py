"""Tables with classes for the benchmarks of hard triplets, and which of them were tuned on."""

import numpy as np
from _common import load_table
from sklearn.datasets import load_digits

# Defaults were chosen on all yeast, page-blocks and glass tables, imb_new-thyroid1, imb_vehicle3, vowel and optdigits.
# Reporting: one table of each other family. Two classes as they are, or one class (name:label) against all others. What
# is coded as a number (contraceptive, dermatology) is a number here, for all methods alike.
IMBALANCED = (
    "imb_ecoli3",
    "imb_abalone9-18",
    "imb_dermatology-6",
    "imb_winequality-white-3_vs_7",
    "imb_shuttle-2_vs_5",
    "imb_mammography",
    "imb_car-good",
    "imb_flare-F",
    "imb_kr-vs-k-zero_vs_fifteen",
    "sick",
    "pima",
    "phoneme",
    "magic",
    "adult-train",
    "ionosphere",
    "letter:Z",
    "movement_libras:1",
    "waveform5000:0",
    "arrhythmia:5",
    "contraceptive:2",
)
MOST_ROWS, FEWEST_RARE = 2_000, 40  # larger tables are drawn down to so many rows, with at least so many rare ones

CLOSED = (
    "letter",
    "movement_libras",
    "digits",
    "waveform5000",
    "soybean",
    "ecoli",
    "winequality-white",
    "splice",
    "arrhythmia",
)
DISJOINT = ("letter", "movement_libras", "digits", "soybean")
ROWS_PER_CLASS, MOST_TEST_ROWS = 12, 200  # of a class, for training and for testing


def table(name):
    """Return X (a frame) and y (text) of a table of the data folder or of scikit-learn."""
    if name == "digits":
        data = load_digits(as_frame=True)
        return data.data, data.target.astype(str)
    return load_table(name)


def imbalanced(name):
    """Return X, y and groups of a two-class table; 1 is the rarer class, equal rows are of one group.

    A larger table is drawn down, always to the same rows.
    """
    name, _, label = name.partition(":")
    X, y = table(name)
    y = (y == label).to_numpy().astype(int) if label else (y == y.value_counts().idxmin()).to_numpy().astype(int)
    if len(y) > MOST_ROWS:
        rng = np.random.RandomState(0)
        rare, common = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
        n_rare = max(round(len(rare) * MOST_ROWS / len(y)), min(FEWEST_RARE, len(rare)))
        rows = np.concatenate([rng.permutation(rare)[:n_rare], rng.permutation(common)[: MOST_ROWS - n_rare]])
        rows = rng.permutation(rows)
        X, y = X.iloc[rows].reset_index(drop=True), y[rows]
    X = X.fillna(X.median(numeric_only=True))  # a sampler of imbalanced-learn takes no missing cells
    text = X.columns[X.isna().any()]
    X[text] = X[text].astype(object).fillna("missing")
    groups = X.groupby(list(X.columns), sort=False).ngroup().to_numpy()
    return X, y, groups


def episode(name, seed):
    """Return training and test rows, 12 of each class that has 16 or more and up to 200 of the others."""
    X, y = table(name)
    y = y.to_numpy()
    rng = np.random.RandomState(seed)
    train, test = [], []
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        if len(rows) >= ROWS_PER_CLASS + 4:
            train.append(rows[:ROWS_PER_CLASS])
            test.append(rows[ROWS_PER_CLASS:][:MOST_TEST_ROWS])
    train, test = np.concatenate(train), np.concatenate(test)
    return X.iloc[train], y[train], X.iloc[test], y[test]


def disjoint(name, seed):
    """Return rows of half of the classes for training, and rows of the others for testing, up to 100 of each class."""
    X, y = table(name)
    y = y.to_numpy()
    rng = np.random.RandomState(seed)
    classes = [label for label in np.unique(y) if (y == label).sum() >= 8]
    known = set(rng.permutation(classes)[: len(classes) // 2])
    rows = {True: [], False: []}
    for label in classes:
        rows[label in known].append(rng.permutation(np.flatnonzero(y == label))[:100])
    train, test = np.concatenate(rows[True]), np.concatenate(rows[False])
    return X.iloc[train], y[train], X.iloc[test], y[test]
