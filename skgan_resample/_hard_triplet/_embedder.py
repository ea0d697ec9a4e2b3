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
from skgan_resample.exceptions import warn

SPACES = ("raw", "learned")


class HardTripletEmbedder(TripletNetworks, TransformerMixin, BaseEstimator):
    """Embed rows so that neighbours are of one class, where that helps; else return the raw features.

    A network is trained on triplets of real rows and of rows made hard on purpose, in the spirit of Zhu et al. [1]_:
    see `HardTripletSampler`, which trains the same way. Then, ours, nearest neighbours of held-out rows decide whether
    the learned space or the raw features are returned.

    Parameters
    ----------
    n_components : int, default=16
        Columns of the embedding.
    generator : {"cgan", "linear"} or None, default="cgan"
        What makes hard rows: the generators of a conditional GAN, stretched straight lines through pairs of rows, or
        nothing (triplets of real rows alone). Our benchmark has all three.
    select : {"auto", "raw", "learned"}, default="auto"
        "auto" lets held-out rows decide; the others do without.
    held_out : {"rows", "classes"}, default="rows"
        What "auto" holds out. "rows": folds of rows, judged by the accuracy of the nearest neighbours; for classes that
        are all known. "classes": half of the classes at a time, judged by recall at 1; for a space that is to serve
        classes not seen in training. Needs four classes.
    cv : int, default=3
        Folds of rows; fewer where a class has fewer rows. Rows of a class of one row are never held out.
    n_neighbors : int, default=5
        Neighbours that judge.
    stretch : float, default=0.6
        By what share of its length a near pair of one class is stretched at most, half at either end; see Notes.
    hardness : "adaptive" or float in [0, 1], default="adaptive"
        How much of `stretch` is used in training. "adaptive": from none after the warm-up to all at the end, while the
        threshold of the reverse triplet loss follows `threshold_rule`. A number stays, and the threshold at this share
        of its way.
    threshold_rule : {"controller", "loss"}, default="controller"
        What moves the threshold of the reverse triplet loss from that of real triplets towards 0, where a made negative
        is as near to the anchor as the positive: a controller (on while more than 80 % of the made negatives are near
        enough and, of rows that a GAN makes, more than 90 % are still taken for their class; back when fewer than 80 %
        are), or the triplet loss of real rows, by the law of HDML [2]_: half-way at the loss after the warm-up, on
        while it falls.
    share_variation : "auto" or float in [0, 1], default="auto"
        Of ``generator="linear"``: share of pairs that borrow their direction, the difference of two rows, from any
        class. "auto": half.
    mining : {"all", "semihard", "hard"}, default="all"
        Which triplets of real rows train the encoder, and which with positives on straight lines: random ones, those of
        them whose negative is farther than the positive but within the margin, or the hardest of each anchor in the
        batch. Triplets that are made as such count as they are.
    hidden_layer_sizes : sequence of int, default=(64, 64)
        Of every network.
    margin : float, default=0.2
        Of the triplet loss; embeddings begin with a root mean square length of 1.
    warm_up : float in [0, 1), default=0.25
        Share of the steps on real rows alone.
    loss_weights : dict, default=None
        Changes some of the weights "synthetic" (0.5, share of made triplets in the encoder's loss) and, for "cgan",
        "reconstruction" (1), "consistency" (1), "classification" (1), "reverse" (1), "keep" (0.1), "adversarial" (0.1).
    max_steps : int, default=150
        Steps of training, each on one batch.
    batch_size : int, default=128
        Rows of a step, equally many of each class.
    learning_rate : float, default=1e-3
        Of Adam.
    patience : int, default=None
        With a number, a tenth of the rows of each class of ten or more is held out, training ends after so many looks
        (one every 20 steps) that did not lower the share of wrongly ordered triplets by `tol`, and the best state is
        kept. None trains on all rows to the end.
    tol : float, default=0.0
        See `patience`.
    max_time : float, default=None
        Seconds after which training ends; the result then depends on the machine.
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
    A space learned from part of the rows is rather worse than one learned from all of them, so with held-out rows the
    raw features are taken only where they are better by more than one standard error of the difference, or where every
    row found the same in both. With held-out classes it is the learned space that must be better by so much: classes
    not seen in training are mostly found more surely among raw features. `max_time` is shared by the trainings.

    References
    ----------
    .. [1] C. Zhu, Z. Hu, H. Dong, G. He, Z. Yu, S. Zhang, "Construct informative triplet with two-stage hard-sample
       generation", arXiv:2112.02259, 2021.
    .. [2] W. Zheng et al., "Hardness-aware deep metric learning", CVPR 2019.

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
        "held_out": [StrOptions({"rows", "classes"})],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        *,
        n_components=16,
        generator="cgan",
        select="auto",
        held_out="rows",
        cv=3,
        n_neighbors=5,
        stretch=0.6,
        hardness="adaptive",
        threshold_rule="controller",
        share_variation="auto",
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
        folds = _class_folds(labels, rng) if self.held_out == "classes" else _row_folds(labels, self.cv, rng)
        if not folds:
            lacking = "four classes of two rows" if self.held_out == "classes" else "a class of two rows"
            warn(f"Without {lacking} none can be held out: the raw features are returned, unless select='learned'.")
        return folds

    def _chosen(self, encoder, codes, labels, folds, rng):
        """Return the space in which held-out rows find their classes; see Notes for what happens in doubt."""
        found = {space: [] for space in SPACES}
        for train, test in folds:
            scaled = copy.deepcopy(encoder).rescale(codes[train])  # as if the others were not known
            known, own = np.unique(labels[train], return_inverse=True)
            near, far = (encoded_rows(scaled, codes[rows]) for rows in (train, test))
            self._train(near, own, len(known), rng, n_trainings=1 + len(folds), is_final=False)
            for space in SPACES:
                if space == "learned" and self.embedding_network_ is not None:
                    near, far = self._embedded(near), self._embedded(far)
                found[space].append(self._found(near, labels[train], far, labels[test]))
        if not folds:
            return "raw"
        self.cv_results_ = {space: np.array([hits.mean() for hits in parts]) for space, parts in found.items()}
        gain = np.concatenate(found["learned"]) - np.concatenate(found["raw"])
        error = gain.std() / np.sqrt(len(gain))
        if self.held_out == "classes":
            return "learned" if gain.mean() > error else "raw"
        return "learned" if gain.any() and gain.mean() >= -error else "raw"

    def _found(self, near, near_labels, far, far_labels):
        """Return for each held-out row whether it found its class."""
        if self.held_out == "classes":
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
    """Return two folds, each holding out the rows of half the classes that have two rows; none for fewer than four."""
    classes = rng.permutation(np.flatnonzero(np.bincount(labels) > 1))
    if len(classes) < 4:
        return []
    halves = [np.flatnonzero(np.isin(labels, half)) for half in np.array_split(classes, 2)]
    return [(np.setdiff1d(np.arange(len(labels)), half), half) for half in halves]
