"""A table as numbers for estimators that take only those."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from skgan_resample._tables._encoder import TableEncoder


class TableVectorizer(TransformerMixin, BaseEstimator):
    """Turn a mixed table into numbers for any learner: scaled, one-hot, with indicators of missing cells.

    Parameters
    ----------
    max_levels : int, default=20
        Of a nominal column, so many of the most frequent levels get a column; the others share a row of zeros.
    """

    def __init__(self, max_levels=20):
        self.max_levels = max_levels

    @classmethod
    def around(cls, encoder):
        """Return a fitted vectorizer that does what a fitted `TableEncoder` does, all levels included."""
        vectorizer = cls(max_levels=max([1, *(column.n_levels for column in encoder.columns_)]))
        vectorizer.encoder_, vectorizer.kept_ = encoder, np.arange(encoder.width_)
        return vectorizer

    def fit(self, X, y=None):
        self.encoder_ = TableEncoder()
        encoded = self.encoder_.encode_codes(self.encoder_.fit_to_codes(X))
        kept = []
        for column in self.encoder_.columns_:
            places = np.arange(column.encoded.start, column.encoded.stop)
            if column.n_levels > self.max_levels:
                heads = places[: column.n_levels]
                frequent = np.argsort(-encoded[:, heads].sum(axis=0), kind="stable")[: self.max_levels]
                places = np.concatenate([np.sort(heads[frequent]), places[column.n_levels :]])
            kept.append(places)
        self.kept_ = np.concatenate(kept)
        return self

    def transform(self, X):
        return self.encoder_.encode(X)[:, self.kept_]
