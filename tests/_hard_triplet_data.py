"""Tables and settings of the tests of hard triplets."""

import numpy as np
import pandas as pd
from sklearn.base import clone

from skgan_resample import HardTripletSampler, TripletNetworkOptions

QUICK = {"max_steps": 10, "network": TripletNetworkOptions(hidden_layer_sizes=(8,)), "random_state": 0}
SIZES = (60, 20, 10)


def blobs(sizes=SIZES, n_columns=4, seed=0, apart=1.5):
    """Normal classes along the diagonal, of these sizes."""
    rng = np.random.RandomState(seed)
    y = np.repeat(np.arange(len(sizes)), sizes)
    return rng.normal(size=(len(y), n_columns)) + apart * y[:, None], y


def quick(**parameters):
    """Return `QUICK` with some parameters changed; those that belong to the networks go into `network`."""
    names = TripletNetworkOptions().get_params()
    network = {name: parameters.pop(name) for name in list(parameters) if name in names}
    return {**QUICK, "network": clone(QUICK["network"]).set_params(**network), **parameters}


def resample(X, y, **options):
    """Return what a new sampler makes of the rows, and the sampler."""
    sampler = HardTripletSampler(**quick(**options))
    return *sampler.fit_resample(X, y), sampler


def new_rows(X, y, **options):
    """Return the new rows and their labels as arrays, and the sampler."""
    X_all, y_all, sampler = resample(X, y, **options)
    return np.asarray(X_all)[sampler.is_synthetic_], np.asarray(y_all)[sampler.is_synthetic_], sampler


def mixed():
    """A frame with levels, integers, decimals, gaps, a boolean, a category and a constant, and its classes."""
    X, y = blobs((80, 30))
    rng = np.random.RandomState(1)
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    frame.loc[rng.uniform(size=110) < 0.3, "b"] = np.nan
    frame["c"] = frame["c"].round(1)
    frame["a"] = frame["a"].astype("float32")
    frame["rooms"] = rng.poisson(60, size=110)
    frame["town"] = rng.choice(["Ulm", "Bonn", "Kiel"], size=110)
    frame.loc[rng.uniform(size=110) < 0.3, "town"] = None
    frame["size"] = pd.Categorical(rng.choice(["s", "l"], size=110), categories=["s", "m", "l"], ordered=True)
    frame["new"] = rng.uniform(size=110) < 0.5
    frame["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.randint(90, size=110), unit="D")
    frame["same"] = 7.5
    return frame, pd.Series(y, name="sold")


def as_matrix(table):
    return np.asarray(table if isinstance(table, list) else table.to_pandas() if hasattr(table, "to_pandas") else table)
