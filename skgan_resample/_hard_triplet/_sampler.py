"""HardTripletSampler: rare classes are over-sampled with rows on stretched pairs, chosen by a classifier."""

from functools import partial
from numbers import Integral, Real

import numpy as np
from imblearn.over_sampling.base import BaseOverSampler
from imblearn.utils import check_sampling_strategy
from sklearn.base import _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_consistent_length

from skgan_resample._hard_triplet import _quality
from skgan_resample._hard_triplet._candidates import FALLBACK, KINDS, NEGATIVE, POSITIVE, Drawing, Table
from skgan_resample._hard_triplet._picking import PickingMixin, fingerprint
from skgan_resample._hard_triplet._rejection import MAX_ROUNDS, RejectionSampler
from skgan_resample._hard_triplet._training import (
    TRIPLET_CONSTRAINTS,
    TripletNetworkOptions,
    TripletNetworks,
    encoded_rows,
)
from skgan_resample._tables._containers import append_rows
from skgan_resample._tables._encoder import TableEncoder
from skgan_resample.exceptions import warn

COLLAPSED = 0.5  # of the real rows' mean distance from each other: below, new rows are too alike


class HardTripletSampler(PickingMixin, TripletNetworks, BaseOverSampler):
    """Over-sample rare classes with rows on stretched pairs, chosen by their predicted probability.

    In the spirit of the two-stage hard samples of Zhu et al. [1]_, carried over to tables. Stage 1 stretches a pair of
    rows of one class beyond its ends, which makes hard positives; stage 2 pulls rows of a class towards stretched pairs
    of other classes, which makes hard negatives. New rows are drawn on these lines; the more probable their class is to
    a classifier trained on the real rows, the more often they are kept. An embedding trained on real and made triplets
    sets how far a pair may be stretched, and serves metric learning: `sample_triplets`, `sample_pairs`, `embed`.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default="auto"
        How many rows each class gets, as in imbalanced-learn: "auto" raises all classes but the largest to its size. A
        dict of rows afterwards can augment balanced classes, too. Amounts are exact.
    generator : {"linear", "cgan"}, default="linear"
        "linear": rows on straight lines, no network makes them. "cgan": generators add to the line what they learned in
        a conditional GAN. In our benchmarks the GAN brings nothing for its time, hence the default.
    positive_fraction : float in [0, 1], default=1.0
        Share of hard positives among the candidates; the others are hard negatives.
    stretch : float, default=2.0
        By what share of its length a near pair of one class is stretched at most, half at either end; see Notes.
    mining : {"all", "semihard", "hard"}, default="all"
        Which triplets train the encoder: random ones, those of them whose negative is farther than the positive but
        within the margin, or the hardest of each anchor in the batch. Triplets of the GAN all count.
    k_neighbors : int, default=5
        A pair is a row and one of this many nearest rows of the same class.
    filter : {"knn+classifier", "knn", "classifier"}, callable or None, default="knn+classifier"
        What a candidate must pass. "knn": it lies within 1.5 times the 95 % quantile of nearest-neighbour distances of
        its class from a real row of it; it is no copy, where the table has measurements; and one of its five nearest
        real rows is of its class, unless its seed has none either. "classifier": its class is likelier than by
        guessing. A callable gets the candidates in the container of `X` and the class, and returns a mask.
    confidence_power : float, default=6.0
        Of eight candidates for each row wanted, some are kept with chances proportional to this power of the
        classifier's probability of their class. With 0 all chances are equal.
    fallback : {"interpolate", "raise", "fewer"}, default="interpolate"
        When too few candidates pass in ten rounds: plain interpolation for the rest, an error, or fewer rows.
    n_components : int, default=16
        Columns of the embedding.
    network : TripletNetworkOptions, default=None
        Settings of the networks and their training; None is ``TripletNetworkOptions()``.
    max_steps : int, default=100
        Steps of training, each on one batch.
    patience : int, default=None
        Training ends after this many evaluations in a row, one every 20 steps, without a lower share of wrongly ordered
        held-out triplets; the best state is kept. None trains on all rows to the end.
    validation_fraction : float in (0, 1), default=0.1
        Share of the rows of each class of ten or more that is held out for `patience`, at least two rows.
    max_time : float, default=None
        Seconds after which training ends; the result then depends on the machine.
    categorical_features : "auto", None, or array-like of names, positions or a mask of bool, default="auto"
        Nominal columns. "auto": strings, booleans, categories. Numeric columns can be named as well.
    store_rows : bool, default=False
        Whether to keep the rows for `sample_triplets` and `sample_pairs`, which otherwise need them passed.
    device : str, default="auto"
        "cpu", "cuda", "cuda:1", or "auto": CUDA where there is one.
    verbose : int, default=0
        Whether to print one line for each record of `history_`.
    random_state : int, RandomState instance or None, default=None
        Same seed, same rows, on the CPU.

    Attributes
    ----------
    sampling_strategy_ : dict
        How many new rows each class was to get.
    is_synthetic_, kept_indices_, parent_indices_ : ndarray
        Of shapes (n_all,), (n_rows,) and (n_new, 2): which rows of the result are new; the rows kept, all of them; the
        rows each new one was made from, -1 for no second one.
    sample_info_ : structured ndarray of shape (n_all,)
        Of every row of the result: ``kind`` ("original", "hard positive", "hard negative", "fallback"), ``seed`` and
        ``partner`` (rows of the input; for a hard negative the partner is the anchor, of another class), ``positive``
        (the anchor's positive, else -1), ``donor`` (the two rows whose difference is the direction, where it was
        borrowed, else -1), ``position`` (0 at the seed, 1 at the partner or at the seed moved by the whole difference,
        below or beyond where it is stretched; NaN for hard negatives of a GAN), ``confidence`` (the classifier's
        probability of its class).
    report_ : dict
        How the new rows compare with the real ones: counts by kind, ``fallback_share``, ``acceptance_rate`` by class
        (of the candidates evaluated, probable ones first),
        ``label_agreement`` (share of the five nearest real rows that are of the same class), ``nearest_real_ratio``
        (median distance to the nearest real row of the class over that among real rows), ``diversity`` (mean distance
        among new rows over that among real ones; a warning below 0.5), ``active_triplets_real`` and
        ``active_triplets_synthetic`` (share of random triplets that violate the margin). Empty without new rows.
    fallback_share_, acceptance_rate_ : float, dict
        As in `report_`.
    classes_ : ndarray of shape (n_classes,)
    encoder_ : TableEncoder
        The schema of the table.
    embedding_network_, classifier_network_ : torch.nn.Module
        On the CPU; None where training diverged: new rows are plain interpolation then, of kind "fallback".
    positive_generator_, negative_generator_, discriminator_ : torch.nn.Module or None
        Of the GAN.
    curriculum_ : dict or None
        The last ``strength`` of the stretch and the last ``threshold`` of the reverse triplet loss.
    history_ : list of dict
        One record every 20 steps: losses by name, ``threshold``, with `patience` also ``score``.
    device_, n_features_in_, feature_names_in_
        As everywhere.

    See Also
    --------
    HardTripletEmbedder : The embedding as a transformer.
    skgan_resample.ResampledClassifier : A sampler and a classifier in one, for plain scikit-learn pipelines.

    Notes
    -----
    A pair at the distance d in the embedding is stretched to d + s d where d is below the median of such distances in
    its class, to d beyond their 90 % quantile (or 1 + s times the median, if that is more), linearly less in between;
    either end moves at most half-way to the nearest row of another class. s is `stretch`, as far as training got.

    The formulas are our choice, because we could not obtain the text of the paper. So are the choice by confidence, the
    filter and the borrowed directions (an idea of DVML, deep variational metric learning). Where rows are many and
    classes overlap, resampling mostly moves the threshold of a classifier: compare with a tuned one
    (``skgan-resample compare``), and see ``ResampledClassifier(prior_correction=True)`` for probabilities.

    References
    ----------
    .. [1] C. Zhu, Z. Hu, H. Dong, G. He, Z. Yu, S. Zhang, "Construct informative triplet with two-stage hard-sample
       generation", arXiv:2112.02259, 2021.

    Examples
    --------
    >>> from collections import Counter
    >>> from sklearn.datasets import make_classification
    >>> from skgan_resample import HardTripletSampler
    >>> X, y = make_classification(300, n_features=6, weights=[0.9], random_state=0)
    >>> sampler = HardTripletSampler(random_state=0)
    >>> X_resampled, y_resampled = sampler.fit_resample(X, y)
    >>> sorted(Counter(y.tolist()).items()), sorted(Counter(y_resampled.tolist()).items())
    ([(0, 269), (1, 31)], [(0, 269), (1, 269)])
    >>> sampler.report_["n_new"]
    {'hard positive': 238, 'hard negative': 0, 'fallback': 0}
    >>> sampler.sample_triplets(1000, X_resampled, y_resampled, hardness="semihard", random_state=0).shape
    (1000, 3)
    """

    _parameter_constraints: dict = {
        **BaseOverSampler._parameter_constraints,
        "generator": [StrOptions({"linear", "cgan"})],
        "positive_fraction": [Interval(Real, 0, 1, closed="both")],
        "k_neighbors": [Interval(Integral, 1, None, closed="left")],
        "filter": [StrOptions({"knn+classifier", "knn", "classifier"}), callable, None],
        "confidence_power": [Interval(Real, 0, None, closed="left")],
        "fallback": [StrOptions({"interpolate", "raise", "fewer"})],
        "store_rows": ["boolean"],
        **TRIPLET_CONSTRAINTS,
    }

    def __init__(
        self,
        *,
        sampling_strategy="auto",
        generator="linear",
        positive_fraction=1.0,
        stretch=2.0,
        mining="all",
        k_neighbors=5,
        filter="knn+classifier",
        confidence_power=6.0,
        fallback="interpolate",
        n_components=16,
        network=None,
        max_steps=100,
        patience=None,
        validation_fraction=0.1,
        max_time=None,
        categorical_features="auto",
        store_rows=False,
        device="auto",
        verbose=0,
        random_state=None,
    ):
        super().__init__(sampling_strategy=sampling_strategy)
        self.generator = generator
        self.positive_fraction = positive_fraction
        self.stretch = stretch
        self.mining = mining
        self.k_neighbors = k_neighbors
        self.filter = filter
        self.confidence_power = confidence_power
        self.fallback = fallback
        self.n_components = n_components
        self.network = network
        self.max_steps = max_steps
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.max_time = max_time
        self.categorical_features = categorical_features
        self.store_rows = store_rows
        self.device = device
        self.verbose = verbose
        self.random_state = random_state

    # ------------------------------------------------------------------------------------------ fit, resample
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y):
        """Learn the schema of the table, what is rare, and the networks.

        Parameters
        ----------
        X : array-like or pandas, polars or pyarrow table of shape (n_samples, n_features)
            Numbers, strings, booleans, categories, dates. Missing cells are allowed.
        y : array-like of shape (n_samples,)
            Classes.

        Returns
        -------
        self : HardTripletSampler
            The fitted estimator.
        """
        table, *_ = self._learn(X, y)
        if self.store_rows:
            self._rows = table.codes, table.labels
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_resample(self, X, y):
        """Return the rows given, and new ones of rare classes behind them.

        Parameters
        ----------
        X : array-like or pandas, polars or pyarrow table of shape (n_samples, n_features)
            Numbers, strings, booleans, categories, dates. Missing cells are allowed.
        y : array-like of shape (n_samples,)
            Classes, or one-hot classes of shape (n_samples, n_classes).

        Returns
        -------
        X_resampled : same container as `X`, shape (n_samples + n_new, n_features)
            Rows given first, unchanged and in their order. A pandas index becomes 0, 1, 2, ....
        y_resampled : same container as `y`, shape (n_samples + n_new,)
            Their classes, in the form of `y`.

        Raises
        ------
        ValueError
            If `X` or `y` cannot be used, or too few candidates passed and ``fallback="raise"``.
        """
        return self._fit_resample(X, y)

    def _fit_resample(self, X, y):
        table, y_encoder, y_codes, rng = self._learn(X, y)
        drawn, confidence = self._draw(table, rng)
        X_new = y_new = None
        if len(drawn.kind):
            X_new = self.encoder_.from_codes(drawn.codes)
            y_new = y_encoder.from_codes(y_codes[drawn.seed])
        self._describe(table, drawn, confidence, rng)
        return append_rows(X, self.kept_indices_, X_new), append_rows(y, self.kept_indices_, y_new)

    def _learn(self, X, y):
        """Read the table and train the networks."""
        rng = check_random_state(self.random_state)
        self._begin()
        self._rows = self._fingerprint = None
        flat, is_one_hot = self._read_labels(y)
        strategy = check_sampling_strategy(self.sampling_strategy, flat, self._sampling_type)
        classes, labels = np.unique(flat, return_inverse=True)
        y_encoder = TableEncoder(categorical_features=None if is_one_hot else [0], scale=None)
        y_codes = y_encoder.fit_to_codes(y)
        encoder, codes, encoded = self._read_rows(X)
        check_consistent_length(codes, labels)
        self._train_networks(
            encoded,
            labels,
            len(classes),
            rng,
            generator=self.generator,
            makes={"positives", "negatives"},
            max_time=self.max_time,
        )
        self.encoder_, self.classes_, self.sampling_strategy_ = encoder, classes, strategy
        places = encoded if self.embedding_network_ is None else self._embedded(encoded)
        return Table(codes, encoded, labels, places), y_encoder, y_codes, rng

    def _draw(self, table, rng):
        """Return Candidates, as many of each class as `sampling_strategy_` asks for, and the confidence in each."""
        options = TripletNetworkOptions.of(self.network)
        untrained = 0.0 if options.hardness == "adaptive" else self.stretch * options.hardness
        has_gan = self.positive_generator_ is not None
        drawing = Drawing(
            table,
            self.encoder_.nominal_,
            strength=self.curriculum_["strength"] if self.curriculum_ else untrained,
            threshold=self.curriculum_["threshold"] if self.curriculum_ else 0.0,
            k_neighbors=self.k_neighbors,
            share_variation=0.0 if has_gan else options.share_variation,
        )
        names = {POSITIVE: "positive_generator_", NEGATIVE: "negative_generator_"} if has_gan else {}
        rejection = RejectionSampler(
            drawing,
            self.encoder_,
            self.classes_,
            probabilities=self._probabilities,
            generators={kind: partial(self._through, name) for kind, name in names.items()},
            max_rounds=0 if self.classifier_network_ is None else MAX_ROUNDS,
            filter=self.filter,
            fallback=self.fallback,
            positive_fraction=self.positive_fraction,
            confidence_power=self.confidence_power,
        )
        drawn = rejection.draw(self.sampling_strategy_, rng)
        self.acceptance_rate_ = rejection.acceptance_rate
        return drawn

    def _describe(self, table, drawn, confidence, rng):
        """Set the attributes on where each row comes from, and on how the new ones compare with the real ones."""
        n_real, n_new = len(table.labels), len(drawn.kind)
        codes = np.concatenate([table.codes, drawn.codes])
        encoded = np.concatenate([table.encoded, encoded_rows(self.encoder_, drawn.codes)])  # (n_real + n_new, width)
        labels = np.concatenate([table.labels, table.labels[drawn.seed]])
        self.kept_indices_ = np.arange(n_real)
        self.is_synthetic_ = np.arange(n_real + n_new) >= n_real
        self.parent_indices_ = _quality.parents(drawn)
        of_real = self._probabilities(table.encoded)[np.arange(n_real), table.labels]
        self.sample_info_ = _quality.row_info(n_real, drawn, np.concatenate([of_real, confidence]))
        self.fallback_share_ = float(np.mean(drawn.kind == FALLBACK)) if n_new else 0.0
        self.report_ = self._reported(drawn, encoded, labels, n_real, rng) if n_new else {}
        self._fingerprint = fingerprint(codes)
        if self.store_rows:
            self._rows = codes, labels

    def _reported(self, drawn, encoded, labels, n_real, rng):
        """Return `report_`; warn of rows that are too alike."""
        places = encoded if self.embedding_network_ is None else self._embedded(encoded)
        report = {
            "n_new": {name: int((drawn.kind == kind).sum()) for kind, name in enumerate(KINDS) if kind},
            "fallback_share": self.fallback_share_,
            "acceptance_rate": dict(self.acceptance_rate_),
            **_quality.compared(encoded, labels, n_real, rng),
            **_quality.active_shares(places, labels, n_real, TripletNetworkOptions.of(self.network).margin, rng),
        }
        if report["diversity"] < COLLAPSED:
            warn(f"The new rows are much alike: their mean distance is {report['diversity']:.2f} of the real rows'.")
        return report
