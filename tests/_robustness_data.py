"""What the tests of robustness in both rooms share."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class SignRule(ClassifierMixin, BaseEstimator):
    """Answer whether the first column is above `cut`; how robust that is can be worked out by hand."""

    def __init__(self, cut=0.0, path=None):
        self.cut = cut
        self.path = path

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        if self.path is not None:
            with open(self.path, "a") as file:
                file.write("fitted\n")
        return self

    def predict(self, X):
        return self.classes_[(np.asarray(X)[:, 0] > self.cut).astype(int)]


def line(n_rows=100, seed=0):
    """Return a column whose sign is the class, with an outlier that doubles its standard deviation."""
    X = np.random.RandomState(seed).uniform(-2, 2, size=(n_rows, 1))
    X[0] = 20.0
    return X, (X[:, 0] > 0).astype(int)


X, Y = line(40)
