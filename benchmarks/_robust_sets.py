"""Tables of the robustness benchmarks: a given number of training rows, and test rows from the rest, by seed."""

import numpy as np
import pandas as pd
from _common import load_table
from sklearn.datasets import load_breast_cancer, load_digits, make_classification
from sklearn.model_selection import train_test_split

EPS = 0.3  # standard deviations of each column, L_inf, no bounds
TUNING = ("made-600", "made-300", "spambase", "cancer")
REPORTING = ("waveform", "phishing", "magic", "winequality")
CONTROLS = ("digits", "letter")
N_TRAIN = {"waveform": 600, "phishing": 1000, "magic": 600, "winequality": 600}
N_TRAIN |= {"spambase": 1000, "cancer": 300, "digits": 1000, "letter": 2000}
N_TEST = 1500


def load(name, seed):
    """Return X_train, y_train, X_test, y_test; columns as float, classes as 0, 1, ...."""
    if name.startswith("made"):
        return _made(int(name.split("-")[1]), seed)
    X, y = _table(name)
    return _split(X, y, N_TRAIN[name], seed)


def _table(name):
    if name == "cancer":
        return load_breast_cancer(return_X_y=True)
    if name == "digits":
        return load_digits(return_X_y=True)
    files = {"waveform": "waveform5000", "phishing": "url_phishing", "winequality": "winequality-red"}
    X, y = load_table(files.get(name, name))
    frame = X.assign(target=y).drop_duplicates()
    y = frame.pop("target")
    if name == "winequality":  # seven grades, the outer ones with a handful of wines: low, middle, high
        y = y.astype(int).clip(5, 7)
    y = pd.factorize(y, sort=True)[0]
    return frame.to_numpy(float), y


def _made(n_rows, seed):
    """Four classes in twenty columns, with the labels of 30 % of the training rows drawn anew."""
    X, y = make_classification(
        6000, 20, n_informative=10, n_redundant=4, n_classes=4, n_clusters_per_class=2, class_sep=1.5, random_state=0
    )
    X_train, y_train, X_test, y_test = _split(X, y, n_rows, seed)
    rng = np.random.RandomState(seed)
    drawn = rng.uniform(size=n_rows) < 0.3
    y_train = np.where(drawn, rng.randint(4, size=n_rows), y_train)
    return X_train, y_train, X_test, y_test


def _split(X, y, n_train, seed):
    X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=n_train, stratify=y, random_state=seed)
    return X_train, y_train, X_test[:N_TEST], y_test[:N_TEST]
