"""MatrixEncoder: a table as numbers, for estimators that take only those."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from skgan_resample._tables._encoder import TableEncoder


class MatrixEncoder(TransformerMixin, BaseEstimator):
    """Turn a mixed table into a matrix: scaled numbers, one-hot blocks, indicators of missing cells.

    `compare` puts it before estimators that take only numbers; it needs no list of columns.

    Parameters
    ----------
    max_categories : int, default=20
        The most frequent categories of a nominal column get a column each, up to this many; others are rows of zeros.

    Attributes
    ----------
    encoder_ : TableEncoder
        The schema of the table.

    Examples
    --------
    >>> import pandas as pd
    >>> from skgan_resample.compose import MatrixEncoder
    >>> X = pd.DataFrame({"size": [1.0, 2.0, 3.0], "town": ["Bath", "York", "Bath"]})
    >>> MatrixEncoder().fit_transform(X)[:, 1:]
    array([[1., 0.],
           [0., 1.],
           [1., 0.]])
    """

    def __init__(self, max_categories=20):
        self.max_categories = max_categories

    @classmethod
    def from_encoder(cls, encoder):
        """Return a fitted one that does what a fitted `TableEncoder` does, all categories included.

        Parameters
        ----------
        encoder : TableEncoder
            A fitted one.

        Returns
        -------
        matrix_encoder : MatrixEncoder
            Also fitted.
        """
        fitted = cls(max_categories=max([1, *(column.n_categories for column in encoder.columns_)]))
        fitted.encoder_, fitted.kept_ = encoder, np.arange(encoder.width_)
        return fitted

    def fit(self, X, y=None):
        """Learn the columns of a table and their categories.

        Parameters
        ----------
        X : array-like or pandas, polars or pyarrow table of shape (n_samples, n_features)
            Numbers, strings, booleans, categories, dates; missing cells are allowed.
        y : object, default=None
            Not used.

        Returns
        -------
        self : MatrixEncoder
            The fitted transformer.
        """
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
        """Return the matrix of a table.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            With the columns of `fit`.

        Returns
        -------
        matrix : ndarray of float, shape (n_samples, n_encoded)
            Without missing cells.
        """
        return self.encoder_.encode(X)[:, self.kept_]
