"""HardTripletEmbedder: a space for nearest neighbours, learned from hard triplets where that helps."""

import copy
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_feature_names_in,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from skgan_resample._hard_triplet._training import TRIPLET_CONSTRAINTS, TripletNetworks
from skgan_resample._retrieval import recall_at_k
from skgan_resample._tables import TableEncoder
from skgan_resample._validation import warn

SPACES = ("raw", "learned")  # from the simplest on: of equally good ones the first is taken


class HardTripletEmbedder(TripletNetworks, TransformerMixin, BaseEstimator):
    """TODO"""

    _parameter_constraints: dict = {
        **TRIPLET_CONSTRAINTS,
        "generator": [StrOptions({"linear", "cgan"}), None],
        "select": [StrOptions({"auto", *SPACES})],
        "held_out": [StrOptions({"rows", "classes"})],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        *,
        n_components=16,
        generator="linear",
        select="auto",
        held_out="rows",
        cv=3,
        n_neighbors=5,
        stretch=0.6,
        hardness="adaptive",
        threshold_rule="controller",
        share_variation=0.5,
        mining="all",
        hidden_layer_sizes=(64, 64),
        margin=0.2,
        warm_up=0.25,
        loss_weights=None,
        max_steps=150,
        batch_size=128,
        learning_rate=1e-3,
        patience=None,
        tol=0.0,
        max_time=None,
        categorical_features="auto",
        device="auto",
        verbose=0,
        random_state=None,
    ):
        self.n_components = n_components
        self.generator = generator
        self.select = select
        self.held_out = held_out
        self.cv = cv
        self.n_neighbors = n_neighbors
        self.stretch = stretch
        self.hardness = hardness
        self.threshold_rule = threshold_rule
        self.share_variation = share_variation
        self.mining = mining
        self.hidden_layer_sizes = hidden_layer_sizes
        self.margin = margin
        self.warm_up = warm_up
        self.loss_weights = loss_weights
        self.max_steps = max_steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.patience = patience
        self.tol = tol
        self.max_time = max_time
        self.categorical_features = categorical_features
        self.device = device
        self.verbose = verbose
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Learn the space.

        Parameters
        ----------
        X : array-like or pandas, polars or pyarrow table of shape (n_rows, n_columns)
            Numbers, strings, booleans, categories, dates. Missing cells are allowed.
        y : array-like of shape (n_rows,)
            Classes, two at least.

        Returns
        -------
        self : HardTripletEmbedder
        """
        rng = check_random_state(self.random_state)
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        self.encoder_ = TableEncoder(categorical_features=self.categorical_features)
        codes = self.encoder_.fit_to_codes(X)
        if self.encoder_.is_column_:
            raise ValueError(
                "Expected 2D array, got 1D array instead. Reshape your data: make a single column a table of one column."
            )
        validate_data(self, X, skip_check_array=True)
        check_classification_targets(y)
        self.classes_, labels = np.unique(column_or_1d(y, warn=True), return_inverse=True)
        check_consistent_length(codes, labels)
        if len(self.classes_) < 2:
            raise ValueError(f"{type(self).__name__} needs two classes at least, got 1 class.")
        encoded = self.encoder_.encode_codes(codes)
        self.cv_results_ = {}
        self.selected_ = self._chosen(codes, labels, rng) if self.select == "auto" else self.select
        self._forget_networks()
        if self.selected_ == "learned":
            self._train(encoded, labels, len(self.classes_), rng)
        self.selected_ = "raw" if self.embedding_network_ is None else "learned"
        return self

    def _train(self, encoded, labels, n_classes, rng):
        makes = set() if self.generator is None else {"positives", "negatives"}
        self._train_networks(encoded, labels, n_classes, rng, generator=self.generator or "linear", makes=makes)

    def _chosen(self, codes, labels, rng):
        """Return the space in which held-out rows find their classes more often, the raw one when in doubt."""
        folds = _class_folds(labels, rng) if self.held_out == "classes" else _row_folds(labels, self.cv, rng)
        scores = {space: [] for space in SPACES}
        for train, test in folds:
            encoder = copy.deepcopy(self.encoder_).rescale(codes[train])  # as if the others were not known
            known, own = np.unique(labels[train], return_inverse=True)
            near, far = (encoder.encode_codes(codes[rows]) for rows in (train, test))
            self._train(near, own, len(known), rng)
            for space in SPACES:
                if space == "learned" and self.embedding_network_ is not None:
                    near, far = self._embedded(near), self._embedded(far)
                scores[space].append(self._score(near, labels[train], far, labels[test]))
        if not scores["raw"]:
            warn("Too few rows of each class to hold some out, so the raw features are returned; or select='learned'.")
            return "raw"
        self.cv_results_ = {space: np.array(values) for space, values in scores.items()}
        return max(SPACES, key=lambda space: self.cv_results_[space].mean())

    def _score(self, near, near_labels, far, far_labels):
        """Return how well held-out rows find their classes."""
        if self.held_out == "classes":
            return recall_at_k(far, far_labels, 1)
        neighbors = KNeighborsClassifier(min(self.n_neighbors, len(near))).fit(near, near_labels)
        return balanced_accuracy_score(far_labels, neighbors.predict(far))

    # ------------------------------------------------------------------------------------------ use
    def transform(self, X):
        """Return rows in the space that `selected_` names.

        Parameters
        ----------
        X : table of shape (n_rows, n_columns)
            With the columns of `fit`.

        Returns
        -------
        X_new : ndarray of shape (n_rows, n_components), or (n_rows, n_encoded) where raw features are returned
        """
        check_is_fitted(self, "encoder_")
        validate_data(self, X, skip_check_array=True, reset=False)
        encoded = self.encoder_.encode(X)
        return encoded if self.selected_ == "raw" else self._embedded(encoded)

    def get_feature_names_out(self, input_features=None):
        """Return the names of the columns of `transform`.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Ignored but for a check that they are the columns of `fit`.

        Returns
        -------
        names : ndarray of str
            "hardtripletembedder0", ... for a learned space; for raw features those of the table, the columns of a
            nominal one numbered.
        """
        check_is_fitted(self, "encoder_")
        _check_feature_names_in(self, input_features)
        if self.selected_ == "learned":
            prefix = type(self).__name__.lower()
            return np.array([f"{prefix}{number}" for number in range(self.n_components)], dtype=object)
        names = []
        for name, column in zip(_check_feature_names_in(self, input_features), self.encoder_.columns_):
            width = column.encoded.stop - column.encoded.start
            names += [name] if width == 1 else [f"{name}_{number}" for number in range(width)]
        return np.array(names, dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        tags.input_tags.allow_nan = True
        tags.input_tags.string = self.categorical_features is not None
        tags.input_tags.categorical = self.categorical_features is not None
        tags.target_tags.required = True
        return tags


def _row_folds(labels, cv, rng):
    """Return stratified folds; rows of a class of fewer than two rows are never held out."""
    counts = np.bincount(labels)
    common = np.flatnonzero((counts >= 2)[labels])
    n_splits = min(cv, counts[counts >= 2].min()) if len(common) else 0
    if n_splits < 2:
        return []
    folds = StratifiedKFold(n_splits, shuffle=True, random_state=rng.randint(np.iinfo(np.int32).max))
    everything = np.arange(len(labels))
    return [
        (np.setdiff1d(everything, common[test]), common[test])
        for _, test in folds.split(common, labels[common])
    ]


def _class_folds(labels, rng):
    """Return two folds, each holding out the rows of half the classes; none where that leaves one class."""
    classes = rng.permutation(labels.max() + 1)
    if len(classes) < 4:
        return []
    halves = [np.flatnonzero(np.isin(labels, half)) for half in np.array_split(classes, 2)]
    return [(halves[0], halves[1]), (halves[1], halves[0])]
