"""Tables, settings and samples of the tests of SMCAE."""

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist
from sklearn.linear_model import LogisticRegression

from skgan_resample import AutoencoderOptions, SMCAETransformer

QUICK = {"max_steps": 50, "hidden_layer_sizes": (8, 4, 8), "random_state": 0}
NETWORK = {**QUICK, "select": None}  # always trains the autoencoder
LINEAR = {"select": "linear_ot", "random_state": 0}  # the quickest way to move something
CHOOSES = {**QUICK, "select": "cv", "cv": 2, "max_steps": 10, "estimator": LogisticRegression()}
RUNGS = ["identity", "location_scale", "coral", "linear_ot", "smcae"]


def real_rows(n_rows=60, seed=0):
    """Rows of two classes that overlap a little, with correlated columns."""
    rng = np.random.RandomState(seed)
    y = np.arange(n_rows) % 2
    X = rng.normal(size=(n_rows, 3))
    X[:, 1] += 0.6 * X[:, 0]
    X[:, 0] += 2.5 * y
    X[:, 2] -= 1.5 * y
    return X, y


ROTATION = np.linalg.qr(np.random.RandomState(5).normal(size=(3, 3)))[0]
DISTORTIONS = {
    "affine": lambda X, y: X @ np.diag([2.0, 0.5, 1.0]) + [3, -2, 1],
    "rotated": lambda X, y: 1.5 * X @ ROTATION + 1,
    "by class": lambda X, y: np.where(y[:, None] == 0, 1.5 * X @ ROTATION + 2, 0.5 * X - 3),
    "none": lambda X, y: X,
}


def simulated(n_rows=80, distortion="affine", seed=1):
    """Rows of the same origin, distorted."""
    X, y = real_rows(n_rows, seed)
    return DISTORTIONS[distortion](X, y), y


def gap(X, y, X_real, y_real):
    """Energy distance within classes, in units of the real columns: 2 E|a - b| - E|a - a'| - E|b - b'|."""
    scale = X_real.std(axis=0)
    distances = []
    for label in np.unique(y_real):
        a, b = X[y == label] / scale, X_real[y_real == label] / scale
        distances.append(2 * cdist(a, b).mean() - sum(cdist(s, s).sum() / (len(s) * (len(s) - 1)) for s in (a, b)))
    return np.mean(distances)


def smcae(kind=SMCAETransformer, **parameters):
    """Return a transformer; parameters that belong to its network go into `autoencoder`."""
    options = AutoencoderOptions().get_params()
    network = {name: parameters.pop(name) for name in list(parameters) if name in options}
    return kind(autoencoder=AutoencoderOptions(**network) if network else None, **parameters)


def fitted(sides, **parameters):
    X, y, S, y_S = sides
    return smcae(**parameters).fit(X, y, X_synthetic=S, y_synthetic=y_S)


def mixed(n_rows=140, seed=0):
    """A frame with a column of every kind, and two classes."""
    rng = np.random.RandomState(seed)
    X, y = real_rows(n_rows, seed)
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    frame["level"] = pd.Categorical(rng.choice(list("uvw"), n_rows), categories=list("wvuz"))
    frame["flag"] = rng.uniform(size=n_rows) < 0.4
    frame["count"] = rng.randint(0, 20, n_rows)
    frame["small"] = rng.randint(0, 20, n_rows).astype(np.int8)
    frame["cents"] = np.round(rng.uniform(0, 9, n_rows), 2)
    frame["day"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.randint(0, 100, n_rows), "D")
    frame["gaps"] = np.where(rng.uniform(size=n_rows) < 0.1, np.nan, rng.normal(size=n_rows))
    frame["text"] = rng.choice(["x", "yy"], n_rows)
    frame["rain"] = np.where(rng.uniform(size=n_rows) < 0.5, 0.0, rng.exponential(size=n_rows))
    frame["same"] = 3.5
    return frame, y


def mixed_sides(n_real=60):
    """Real rows of the mixed table, and others whose numbers are distorted."""
    frame, y = mixed()
    S = frame.iloc[n_real:].reset_index(drop=True)
    S[["a", "b", "c", "cents", "rain"]] = 1.37 * S[["a", "b", "c", "cents", "rain"]] + 1 / 3
    S["count"] = S["count"] + 7
    return frame.iloc[:n_real], y[:n_real], S, y[n_real:]


def numbers(n_rows, seed, shift=0.0, decimals=None):
    """A line with noise; a simulator has other offsets in x and in y."""
    rng = np.random.RandomState(seed)
    X = rng.uniform(0, 3, size=(n_rows, 2))
    y = 2 * X[:, 0] - X[:, 1] + 0.1 * rng.normal(size=n_rows)
    return X + shift, (y if decimals is None else np.round(y, decimals)) + 3 * shift
