"""MatrixEncoder: a table as numbers, for estimators that take only those."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from skgan_resample._tables._encoder import TableEncoder


class MatrixEncoder(TransformerMixin, BaseEstimator):
    """Turn a mixed table into a matrix: scaled numbers, one-hot blocks, indicators of missing cells."""

    def __init__(self, max_categories=20):
        # the most frequent categories of a nominal column get a column each; the others share a row of zeros
        self.max_categories = max_categories

    @classmethod
    def from_encoder(cls, encoder):
        """Return a fitted one that does what a fitted `TableEncoder` does, all categories included."""
        fitted = cls(max_categories=max([1, *(column.n_categories for column in encoder.columns_)]))
        fitted.encoder_, fitted.kept_ = encoder, np.arange(encoder.width_)
        return fitted

    def fit(self, X, y=None):
        self.encoder_ = TableEncoder()
        encoded = self.encoder_.encode_codes(self.encoder_.fit_to_codes(X))
        kept = []  # positions in the encoded matrix
        for column in self.encoder_.columns_:
            positions = np.arange(column.encoded.start, column.encoded.stop)
            if column.n_categories > self.max_categories:
                block, indicator = np.split(positions, [column.n_categories])
                frequent = np.argsort(-encoded[:, block].sum(axis=0), kind="stable")[: self.max_categories]
                positions = np.concatenate([np.sort(block[frequent]), indicator])
            kept.append(positions)
        self.kept_ = np.concatenate(kept)
        return self

    def transform(self, X):
        return self.encoder_.encode(X)[:, self.kept_]
