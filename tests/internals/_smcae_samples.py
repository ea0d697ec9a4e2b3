"""Samples of the tests of SMCAE's parts."""

import numpy as np
from _smcae_data import smcae

from skgan_resample._smcae._space import Sample
from skgan_resample._smcae._training import resolved_settings


def sample_of(vectors, classes=None, n_classes=1, target=None):
    """Return a `Sample` whose target is its class, unless another one is given."""
    vectors = np.asarray(vectors, dtype=float)
    classes = np.zeros(len(vectors), dtype=int) if classes is None else np.asarray(classes)
    return Sample(vectors, vectors, np.eye(n_classes)[classes], classes if target is None else np.asarray(target))


def two_domains(n_synthetic=60, n_real=45, n_classes=2, seed=0):
    """Rows of classes that lie apart; the synthetic ones are shifted and too narrow."""
    rng = np.random.RandomState(seed)
    classes = [np.resize(np.arange(n_classes), n) for n in (n_synthetic, n_real)]
    synthetic, real = (rng.normal(size=(len(labels), 2)) + 3 * labels[:, None] for labels in classes)
    return sample_of(0.5 * synthetic + [2, -1], classes[0], n_classes), sample_of(real, classes[1], n_classes)


def options(pairing="ot", **changes):
    """Return the settings of a short training."""
    defaults = {"hidden_layer_sizes": (6, 4), "max_steps": 100, "batch_size": 32, "device": "cpu"}
    return resolved_settings(smcae(pairing=pairing, **{**defaults, **changes}))
