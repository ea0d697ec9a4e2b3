"""Tables, models and threats of the tests of RobustATWrapper."""

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skgan_resample import AdversarialTrainingOptions, RobustATWrapper
from skgan_resample.threat import ThreatModel

SPEC = MLPClassifier((8,), solver="sgd", learning_rate_init=0.05, batch_size=32, max_iter=5)
REGRESSION = MLPRegressor(
    hidden_layer_sizes=(8,), solver="sgd", learning_rate_init=0.05, batch_size=32, max_iter=5, alpha=0.01
)


def wrapper(estimator=SPEC, **changes):
    """A wrapper on the CPU that holds out no rows, but for `changes`; those of its training options go there."""
    names = set(changes) & set(AdversarialTrainingOptions().get_params())
    training = AdversarialTrainingOptions(**{name: changes.pop(name) for name in names})
    settings = {"cv": None, "device": "cpu", "random_state": 0, "training": training, **changes}
    return RobustATWrapper(clone(estimator, safe=False), **settings)


def table(n_classes=2, n_rows=120, seed=0):
    return make_classification(
        n_rows, 4, n_informative=3, n_redundant=1, n_classes=n_classes, n_clusters_per_class=1, flip_y=0.1,
        random_state=seed,
    )  # fmt: skip


def mixed(n_rows=120):
    """A frame with gaps, whole numbers, levels, a constant and a one-hot group, and its classes."""
    rng = np.random.RandomState(1)
    frame = pd.DataFrame({"x": rng.normal(size=n_rows), "gap": rng.normal(size=n_rows)})
    frame.loc[rng.uniform(size=n_rows) < 0.2, "gap"] = np.nan
    frame["rooms"] = rng.poisson(5, size=n_rows)
    frame["town"] = rng.choice(["Ulm", "Bonn", "Kiel"], size=n_rows)
    frame.loc[::10, "town"] = None
    frame["new"] = rng.uniform(size=n_rows) < 0.5
    frame["size"] = pd.Categorical(rng.choice(["s", "m", "l"], size=n_rows), ["s", "m", "l"], ordered=True)
    frame["same"] = 7.5
    frame[["red", "blue"]] = np.eye(2)[rng.randint(2, size=n_rows)]
    y = np.where(frame["x"] + (frame["town"] == "Ulm") + 0.3 * rng.normal(size=n_rows) > 0.3, "yes", "no")
    return frame, y


MIXED = ThreatModel(
    {"x": (0.1, 0.5), "gap": 0.4, "rooms": 2.5, "same": 1.0}, unit="raw", immutable=["new"], max_categorical_changes=1,
    onehot_groups=[["red", "blue"]],
)  # fmt: skip
