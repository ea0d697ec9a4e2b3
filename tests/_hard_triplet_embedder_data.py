"""What the tests of hard triplet embedder in both rooms share."""

import numpy as np

from skgan_resample import TripletNetworkOptions

SMALL = TripletNetworkOptions(hidden_layer_sizes=(8,))


QUICK = {"generator": "linear", "max_steps": 10, "network": SMALL, "n_components": 4, "random_state": 0}


LEARNED = {**QUICK, "select": "learned"}


def table(n_rows=40, n_classes=2):
    rng = np.random.RandomState(0)
    y = np.arange(n_rows) % n_classes
    return rng.normal(size=(n_rows, 3)) + y[:, None], y


def hidden_in_noise(n_rows=120):
    """Two columns tell three classes; thirty columns of noise drown them in distances."""
    rng = np.random.RandomState(0)
    y = np.arange(n_rows) % 3
    angle = 2 * np.pi * y / 3
    X = rng.normal(size=(n_rows, 32))
    X[:, :2] = 2.2 * np.column_stack([np.cos(angle), np.sin(angle)]) + 0.7 * X[:, :2]
    return X, y
