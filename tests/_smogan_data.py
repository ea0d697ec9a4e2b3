"""What the tests of smogan in both rooms share."""

import numpy as np

from skgan_resample import DistGANOptions, SMOGANRegressorResampler

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
