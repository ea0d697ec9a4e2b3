"""What the tests of smogan in both rooms share."""

import numpy as np
import pandas as pd

from skgan_resample import DistGANOptions, Relevance, SMOGANRegressorResampler

QUICK = {"max_steps": 20, "hidden_layer_sizes": (16,), "random_state": 0}


def skewed(n_rows=300, n_columns=3, seed=0):
    """A table whose large targets are rare."""
    rng = np.random.RandomState(seed)
    X = rng.gamma(1.0, size=(n_rows, n_columns))
    return X, X @ np.arange(1, n_columns + 1) + 0.3 * rng.normal(size=n_rows)


def both_tails(n_rows=500):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n_rows, 3))
    return X, X[:, 0] + rng.standard_t(3, size=n_rows)


def smogan(base_sampler=None, kind=SMOGANRegressorResampler, **parameters):
    """Return a sampler; parameters that belong to its network go into `gan`."""
    options = DistGANOptions().get_params()
    gan = {name: parameters.pop(name) for name in list(parameters) if name in options}
    return kind(base_sampler, gan=DistGANOptions(**gan) if gan else None, **parameters)


def mixed():
    """A frame with levels, integers, gaps and a constant, and its target."""
    X, y = skewed(400)
    rng = np.random.RandomState(1)
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    frame.loc[rng.uniform(size=400) < 0.2, "b"] = np.nan
    frame["rooms"] = rng.poisson(2 + y / 5)
    frame["town"] = rng.choice(["Ulm", "Bonn", "Kiel"], size=400)
    frame["new"] = rng.uniform(size=400) < 0.5
    frame["same"] = 7.5
    return frame, pd.Series(y, name="cost")


def beyond_five(y):
    """A relevance: 1 beyond 5 on both sides."""
    return Relevance(lambda values: (np.abs(values) > 5) * 1.0).fit(y)


def one_column_and(target):
    """A table of one column for 200 common targets and those given, and which rows are rare."""
    rng = np.random.RandomState(0)
    y = np.concatenate([np.round(rng.uniform(-4, 4, size=200), 3), target])
    return rng.normal(size=(len(y), 1)), y, np.arange(200, len(y))
