"""Triplets and pairs of rows for metric learning, picked in the embedding of a fitted sampler."""

from hashlib import sha256
from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from skgan_resample._hard_triplet._mining import pick_pairs, pick_triplets
from skgan_resample._hard_triplet._training import TripletNetworkOptions, encoded_rows
from skgan_resample.exceptions import warn


class PickingMixin:
    """`embed`, `sample_triplets` and `sample_pairs` of a sampler that is fitted and has networks.

    The sampler keeps ``_rows`` (codes and labels, or None), and the ``_fingerprint`` of the result of `fit_resample`,
    in which it knows the new rows.
    """

    def embed(self, X):
        """Return the embedding of rows.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            With the columns of `fit`. Infinity is refused. A category that `fit` did not see is encoded as none of the
            known ones. A missing cell in a column that was complete in `fit` counts as the mean of the column, or as no
            known category, with a ResamplingWarning.

        Returns
        -------
        embedding : ndarray of shape (n_samples, n_components)
            One row for each of `X`, in its order.
        """
        check_is_fitted(self, "encoder_")
        return self._placed(encoded_rows(self.encoder_, self._codes_of(X)))

    def _placed(self, encoded):
        if self.embedding_network_ is None:
            raise ValueError("The training diverged, so there is no embedding; use a smaller learning_rate.")
        return self._embedded(encoded)

    def sample_triplets(
        self,
        n_triplets,
        X=None,
        y=None,
        *,
        hardness="all",
        synthetic=None,
        groups=None,
        output="indices",
        random_state=None,
    ):
        """Return triplets of rows: anchor, positive, negative.

        Anchors are drawn evenly over classes and rows. For each, 16 x 16 random pairs of a positive and a negative are
        compared in up to eight rounds, so time and memory grow with `n_triplets`, not with all triplets.

        Parameters
        ----------
        n_triplets : int
            How many.
        X, y : table of shape (n_samples, n_features) and array-like of shape (n_samples,), default=None
            Usually the result of `fit_resample`. None takes the rows kept by ``store_rows=True``.
        hardness : {"all", "semihard", "hard"} or (low, high), default="all"
            In the embedding: any; the negative farther than the positive by less than the margin; the negative nearer
            than the positive; or bounds of distance to the positive less distance to the negative.
        synthetic : bool, default=None
            True: a new row in every triplet; False: none. Both need the result of `fit_resample`. None: any.
        groups : array-like of shape (n_samples,), default=None
            All rows of a triplet are of one group.
        output : {"indices", "rows"}, default="indices"
            Positions in `X`, as pytorch-metric-learning and metric-learn's ``preprocessor=X`` take them, or the rows
            as numbers, as metric-learn's ``fit`` takes them: the table itself, or encoded where it has nominal columns.
        random_state : int, RandomState instance or None, default=None
            Same seed, same triplets.

        Returns
        -------
        triplets : ndarray of int, shape (n_triplets, 3), or of float, shape (n_triplets, 3, n_features)
            Where no triplet of the hardness wanted was found for an anchor, the nearest one stands there, and a
            `ResamplingWarning` reports the share.
        """
        codes, labels, rng = self._rows_to_pick(n_triplets, X, y, output, random_state)
        margin = TripletNetworkOptions.of(self.network).margin
        bounds = {"all": (-np.inf, np.inf), "hard": (0.0, np.inf), "semihard": (-margin, 0.0)}
        if isinstance(hardness, str) and hardness not in bounds:
            raise ValueError(f"hardness={hardness!r} is none of {sorted(bounds)} and no pair of bounds.")
        low, high = _bounds(bounds[hardness] if isinstance(hardness, str) else hardness)
        encoded = encoded_rows(self.encoder_, codes)
        is_synthetic = np.zeros(len(labels), dtype=bool)
        if synthetic is not None:
            if self._fingerprint is None or self._fingerprint != fingerprint(codes):
                raise ValueError("Which rows are synthetic is known for the result of fit_resample only: pass that.")
            is_synthetic = self.is_synthetic_
        groups = _numbered(groups, labels)
        triplets, found = pick_triplets(
            self._placed(encoded),
            labels,
            n_triplets,
            low,
            high,
            rng,
            is_synthetic=is_synthetic,
            synthetic=synthetic,
            groups=groups,
        )
        off = np.mean((found < low) | (found > high))
        if off:
            warn(f"{off:.0%} of the triplets are not {hardness!r}, but the nearest to it that were found.")
        return triplets if output == "indices" else self._as_numbers(codes, encoded)[triplets]

    def sample_pairs(self, n_pairs, X=None, y=None, *, groups=None, output="indices", random_state=None):
        """Return pairs of rows, half of them of one class.

        Parameters
        ----------
        n_pairs : int
            How many.
        X, y : table of shape (n_samples, n_features) and array-like of shape (n_samples,), default=None
            As in `sample_triplets`.
        groups : array-like of shape (n_samples,), default=None
            Both rows of a pair are of one group.
        output : {"indices", "rows"}, default="indices"
            As in `sample_triplets`.
        random_state : int, RandomState instance or None, default=None
            Same seed, same pairs.

        Returns
        -------
        pairs : ndarray of int, shape (n_pairs, 2), or of float, shape (n_pairs, 2, n_features)
            Positions or rows, as `output` says.
        similar : ndarray of int, shape (n_pairs,)
            1 for two rows of one class, -1 otherwise, as metric-learn's ITML, MMC and SDML take it.
        """
        codes, labels, rng = self._rows_to_pick(n_pairs, X, y, output, random_state)
        groups = _numbered(groups, labels)
        pairs, same = pick_pairs(labels, n_pairs, rng, groups)
        if output == "indices":
            return pairs, same
        return self._as_numbers(codes, encoded_rows(self.encoder_, codes))[pairs], same

    def _rows_to_pick(self, n, X, y, output, random_state):
        check_is_fitted(self, "encoder_")
        if not isinstance(n, Integral) or n < 1:
            raise ValueError(f"Ask for a whole number of at least 1, got {n!r}.")
        if output not in ("indices", "rows"):
            raise ValueError(f"output={output!r} is neither 'indices' nor 'rows'.")
        if X is None and getattr(self, "_rows", None) is None:
            raise ValueError("Pass X and y, such as the result of fit_resample, or set store_rows=True before fitting.")
        if (X is None) != (y is None):
            raise ValueError("Pass X and y together, or neither of them.")
        if X is None:
            codes, labels = self._rows
        else:
            codes = self._codes_of(X)
            _, labels = np.unique(self._read_labels(y)[0], return_inverse=True)
            check_consistent_length(codes, labels)
        return codes, labels, check_random_state(random_state)

    def _as_numbers(self, codes, encoded):
        return encoded if self.encoder_.nominal_.any() else codes


def _numbered(groups, labels):
    """Return groups as numbers from 0 on; None stays."""
    if groups is None:
        return None
    check_consistent_length(labels, groups)
    return np.unique(np.asarray(groups), return_inverse=True)[1]


def fingerprint(codes):
    """Return what tells one table from another."""
    return sha256(np.ascontiguousarray(codes)).hexdigest()


def _bounds(hardness):
    """Return the lower and the upper bound of a hardness."""
    try:
        low, high = (float(bound) for bound in hardness)
    except (TypeError, ValueError):
        low = high = np.nan
    if not low <= high:
        raise ValueError(f"hardness={hardness!r} is neither a name nor a lower and an upper bound.")
    return low, high
