"""What the tests of ablation in both rooms share."""

import numpy as np
from sklearn.datasets import make_classification
from sklearn.neural_network import MLPClassifier

from skgan_resample import RobustATWrapper, ThreatModel


def made(n, noise, seed, *, n_features=10, n_classes=2, sep=1.5):
    X, y = make_classification(
        n, n_features, n_informative=n_features // 2, n_redundant=0, n_classes=n_classes, n_clusters_per_class=2,
        class_sep=sep, random_state=seed,
    )  # fmt: skip
    rng = np.random.RandomState(seed)
    return X, np.where(rng.uniform(size=n) < noise, rng.randint(n_classes, size=n), y)


def ablation(X, y, eps, groups, *, hidden=(64, 64), epochs=40, **settings):
    spec = MLPClassifier(hidden, solver="sgd", learning_rate_init=0.05, batch_size=16, alpha=0.0, max_iter=epochs)
    return RobustATWrapper(spec, threat_model=ThreatModel(eps), random_state=0, **settings).factor_ablation(
        X, y, groups=groups, n_folds=2
    )
