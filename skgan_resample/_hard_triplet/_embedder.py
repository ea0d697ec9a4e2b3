"""HardTripletEmbedder: a space for nearest neighbours, learned from hard triplets where that helps."""

import copy
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.model_selection import StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_feature_names_in, check_consistent_length, check_is_fitted

from skgan_resample._hard_triplet._candidates import nearest_others
from skgan_resample._hard_triplet._training import TRIPLET_CONSTRAINTS, TripletNetworks, encoded_rows
from skgan_resample._statistics import simplest_within
from skgan_resample.exceptions import warn

SPACES = ("raw", "learned")


class HardTripletEmbedder(TripletNetworks, TransformerMixin, BaseEstimator):
    """Embed rows so that neighbours are of one class, where that helps; else return the raw features.

    A network is trained on triplets of real rows and of rows made hard on purpose, in the spirit of Zhu et al. [1]_,
    as in `HardTripletSampler`. Then nearest neighbours of held-out rows decide whether the learned space or the raw
    features are returned. That is our choice, because the raw features are sometimes the better space.

    Parameters
    ----------
    n_components : int, default=16
        Columns of the embedding.
    generator : {"cgan", "linear"} or None, default="cgan"
        What makes hard rows: the generators of a conditional GAN, stretched straight lines through pairs of rows, or
        nothing (triplets of real rows alone).
    select : {"auto", "raw", "learned"}, default="auto"
        The space of `transform`; with "auto" held-out rows decide.
    cv_by : {"rows", "classes"}, default="rows"
        What "auto" holds out. "rows": `cv` folds, judged by the accuracy of the nearest neighbours. "classes": half of
        at least four classes at a time, judged by recall at 1; for a space that serves classes not seen in training.
    cv : int, default=3
        Folds of rows; fewer where a class has fewer rows. Rows of a class of one row are never held out.
    n_neighbors : int, default=5
        Neighbours that judge.
    stretch : float, default=0.6
        As in `HardTripletSampler`.
    mining : {"all", "semihard", "hard"}, default="all"
        As in `HardTripletSampler`.
    network : TripletNetworkOptions, default=None
        Settings of the networks and their training; None is ``TripletNetworkOptions()``.
    max_steps : int, default=150
        Steps of training, each on one batch.
    patience : int, default=None
        As in `HardTripletSampler`.
    validation_fraction : float in (0, 1), default=0.1
        As in `HardTripletSampler`.
    max_time : float, default=None
        Seconds, shared by all trainings; the result then depends on the machine.
    categorical_features : "auto", None, or array-like of names, positions or a mask of bool, default="auto"
        Nominal columns. "auto": strings, booleans, categories. Numeric columns can be named as well.
    device : str, default="auto"
        "cpu", "cuda", "cuda:1", or "auto": CUDA where there is one.
    verbose : int, default=0
        Whether to print one line for each record of `history_`.
    random_state : int, RandomState instance or None, default=None
        Same seed, same space, on the CPU.

    Attributes
    ----------
    selected_ : {"raw", "learned"}
        What `transform` returns. "raw" also where training diverged.
    cv_results_ : dict
        Share of held-out rows that found their class, an array over the folds by space; empty without a selection.
    classes_ : ndarray of shape (n_classes,)
    encoder_ : TableEncoder
        The schema of the table; raw features are its encoded matrix: numbers scaled to a standard deviation of 1,
        nominal columns as zeros and ones.
    embedding_network_, classifier_network_, positive_generator_, negative_generator_, discriminator_
        As in `HardTripletSampler`; None where raw features are returned.
    curriculum_, history_, device_, n_features_in_, feature_names_in_
        As in `HardTripletSampler`.

    Notes
    -----
    A space learned from part of the rows is usually worse than one learned from all. So with held-out rows the raw
    features are taken only where they are better by more than one standard error of the difference, or where every row
    found the same in both. With held-out classes the learned space must be better by as much, because classes not seen
    in training are mostly found better among raw features.

    References
    ----------
    .. [1] C. Zhu, Z. Hu, H. Dong, G. He, Z. Yu, S. Zhang, "Construct informative triplet with two-stage hard-sample
       generation", arXiv:2112.02259, 2021.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from skgan_resample import HardTripletEmbedder
    >>> X, y = load_digits(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=120, stratify=y, random_state=0)
    >>> model = make_pipeline(HardTripletEmbedder(random_state=0), KNeighborsClassifier()).fit(X_train, y_train)
    >>> model[0].selected_
    'learned'
    >>> bool(model.score(X_test, y_test) > KNeighborsClassifier().fit(X_train, y_train).score(X_test, y_test))
    True
    """

    _parameter_constraints: dict = {
        **TRIPLET_CONSTRAINTS,
        "generator": [StrOptions({"linear", "cgan"}), None],
        "select": [StrOptions({"auto", *SPACES})],
        "cv_by": [StrOptions({"rows", "classes"})],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        *,
        n_components=16,
        generator="cgan",
        select="auto",
        cv_by="rows",
        cv=3,
        n_neighbors=5,
        stretch=0.6,
        mining="all",
        network=None,
        max_steps=150,
        patience=None,
        validation_fraction=0.1,
        max_time=None,
        categorical_features="auto",
        device="auto",
        verbose=0,
        random_state=None,
    ):
        self.n_components = n_components
        self.generator = generator
        self.select = select
        self.cv_by = cv_by
        self.cv = cv
        self.n_neighbors = n_neighbors
        self.stretch = stretch
        self.mining = mining
        self.network = network
        self.max_steps = max_steps
        self.patience = patience
        self.validation_fraction = validation_fraction
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
        X : array-like or pandas, polars or pyarrow table of shape (n_samples, n_features)
            Numbers, strings, booleans, categories, dates. Missing cells are allowed.
        y : array-like of shape (n_samples,)
            Classes, two at least; or one-hot classes of shape (n_samples, n_classes).

        Returns
        -------
        self : HardTripletEmbedder
            The fitted estimator.
        """
        rng = check_random_state(self.random_state)
        self._begin()
        flat, _ = self._read_labels(y)
        classes, labels = np.unique(flat, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(f"{type(self).__name__} needs two classes at least, got 1 class.")
        encoder, codes, encoded = self._read_rows(X)
        check_consistent_length(codes, labels)
        folds = self._folds(labels, rng) if self.select == "auto" else []
        self.cv_results_, selected = {}, self.select
        if selected == "auto":
            selected = self._chosen(encoder, codes, labels, folds, rng)
        self._forget_networks()
        if selected == "learned":
            self._train(encoded, labels, len(classes), rng, n_trainings=1 + len(folds))
        self.selected_ = "raw" if self.embedding_network_ is None else "learned"
        self.encoder_, self.classes_ = encoder, classes
        return self

    def _train(self, encoded, labels, n_classes, rng, *, n_trainings, is_final=True):
        self._train_networks(
            encoded,
            labels,
            n_classes,
            rng,
            generator=self.generator or "linear",
            makes=set() if self.generator is None else {"positives", "negatives"},
            max_time=None if self.max_time is None else self.max_time / n_trainings,
            is_final=is_final,
        )

    def _folds(self, labels, rng):
        """Return the folds that choose, pairs of training and test rows; a warning where there are none."""
        folds = _class_folds(labels, rng) if self.cv_by == "classes" else _row_folds(labels, self.cv, rng)
        if not folds:
            lacking = "four classes of two rows" if self.cv_by == "classes" else "a class of two rows"
            warn(f"Without {lacking} none can be held out: the raw features are returned, unless select='learned'.")
        return folds

    def _chosen(self, encoder, codes, labels, folds, rng):
        """Return the space in which held-out rows find their classes; see Notes for what happens in doubt."""
        found = {space: [] for space in SPACES}
        for train, test in folds:
            scaled = copy.deepcopy(encoder).rescale(codes[train])  # as if the others were not known
            known, own = np.unique(labels[train], return_inverse=True)
            # (n_train, width), (n_test, width)
            near, far = (encoded_rows(scaled, codes[rows]) for rows in (train, test))
            self._train(near, own, len(known), rng, n_trainings=1 + len(folds), is_final=False)
            for space in SPACES:
                if space == "learned" and self.embedding_network_ is not None:
                    near, far = self._embedded(near), self._embedded(far)
                found[space].append(self._found(near, labels[train], far, labels[test]))
        if not folds:
            return "raw"
        self.cv_results_ = {space: np.array([hits.mean() for hits in parts]) for space, parts in found.items()}
        hits = {space: np.concatenate(parts) for space, parts in found.items()}  # (n_held_out,), 0 or 1
        if (hits["learned"] == hits["raw"]).all():
            return "raw"
        # In doubt new classes keep the raw features, and further rows of known ones get the learned space.
        order = ("raw", "learned") if self.cv_by == "classes" else ("learned", "raw")
        return simplest_within(hits, order, ddof=0)

    def _found(self, near, near_labels, far, far_labels):
        """Return for each held-out row whether it found its class."""
        if self.cv_by == "classes":
            return (far_labels[nearest_others(far, np.arange(len(far)), 1)[:, 0]] == far_labels).astype(float)
        neighbors = KNeighborsClassifier(min(self.n_neighbors, len(near))).fit(near, near_labels)
        return (neighbors.predict(far) == far_labels).astype(float)

    # ------------------------------------------------------------------------------------------ use
    def transform(self, X):
        """Return rows in the space that `selected_` names.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            With the columns of `fit`. Infinity is refused. A category that `fit` did not see is encoded as none of the
            known ones. A missing cell in a column that was complete in `fit` counts as the mean of the column, or as no
            known category, with a ResamplingWarning.

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_components), or (n_rows, n_encoded) where raw features are returned
            One row for each of `X`, in its order.
        """
        check_is_fitted(self, "encoder_")
        encoded = encoded_rows(self.encoder_, self._codes_of(X))
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
        table = _check_feature_names_in(self, input_features).tolist()
        if self.selected_ == "learned":
            prefix = type(self).__name__.lower()
            return np.array([f"{prefix}{number}" for number in range(self._sizes["n_components"])], dtype=object)
        names = []
        for name, column in zip(table, self.encoder_.columns_):
            width = column.encoded.stop - column.encoded.start
            numbered = [f"{name}_{number}" for number in range(width)]
            while set(numbered) & {*table, *names}:
                numbered = [f"{numbered_name}_" for numbered_name in numbered]
            names += [name] if width == 1 else numbered
        return np.array(names or ["constant"], dtype=object)


def _row_folds(labels, cv, rng):
    """Return stratified folds; rows of a class of fewer than two rows are never held out."""
    counts = np.bincount(labels)
    common = np.flatnonzero((counts >= 2)[labels])
    n_splits = min(cv, counts[counts >= 2].min()) if len(common) else 0
    if n_splits < 2:
        return []
    folds = StratifiedKFold(n_splits, shuffle=True, random_state=rng.randint(np.iinfo(np.int32).max))
    everything = np.arange(len(labels))
    return [(np.setdiff1d(everything, common[test]), common[test]) for _, test in folds.split(common, labels[common])]


def _class_folds(labels, rng):
    """Return two folds, each holding out the rows of half the classes; none for fewer than four classes of two rows."""
    classes = rng.permutation(np.flatnonzero(np.bincount(labels) > 1))
    if len(classes) < 4:
        return []
    halves = [np.flatnonzero(np.isin(labels, half)) for half in np.array_split(classes, 2)]
    return [(np.setdiff1d(np.arange(len(labels)), half), half) for half in halves]
