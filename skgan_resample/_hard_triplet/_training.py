"""What sampler and embedder share: parameters of the training, the training itself, and its networks."""

from contextlib import nullcontext
from math import ceil
from numbers import Integral, Real

import numpy as np
from imblearn.utils import check_target_type
from scipy.sparse import issparse
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from skgan_resample._estimators import (
    OPTIMIZER_CONSTRAINTS,
    RUN_CONSTRAINTS,
    CallbackSupportMixin,
    Options,
    OptionsMixin,
    TorchStateMixin,
    fit_callbacks,
)
from skgan_resample._tables._containers import table_reader
from skgan_resample._tables._encoder import TableEncoder, admit_tables
from skgan_resample._tables._targets import read_classes
from skgan_resample.exceptions import warn

EVALUATE_EVERY = 20  # steps between two records
LIMIT = 5.0  # standard deviations; networks see larger numbers clipped
MIN_CLASS_ROWS = 10  # of a class from which rows are held out for early stopping
BLOCK = 8192  # rows that a network sees at once outside of training
NETWORKS = {  # attribute of the estimator -> field of `Networks`
    "embedding_network_": "encoder",
    "classifier_network_": "classifier",
    "positive_generator_": "positives",
    "negative_generator_": "negatives",
    "discriminator_": "discriminator",
}


TRIPLET_CONSTRAINTS: dict = {
    "mining": [StrOptions({"all", "semihard", "hard"})],
    "stretch": [Interval(Real, 0, None, closed="left")],
    "n_components": [Interval(Integral, 1, None, closed="left")],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "categorical_features": [StrOptions({"auto"}), "array-like", None],
    **RUN_CONSTRAINTS,
}


class TripletNetworkOptions(Options):
    """Settings of the networks of `HardTripletSampler` and `HardTripletEmbedder` and of their training.

    The defaults were chosen on tuning tables and rarely need a search. Set single values by nested names:
    ``sampler.set_params(network__margin=0.5)``.

    Parameters
    ----------
    hardness : "adaptive" or float in [0, 1], default="adaptive"
        How much of `stretch` is used in training. "adaptive": from none after the warm-up to all at the end, while the
        threshold of the reverse triplet loss moves from that of real triplets towards 0, where a synthetic negative is
        as near to the anchor as the positive. It rises while more than 80 % of the synthetic negatives are near enough
        and more than 90 % keep their class; it falls when fewer than 80 % do. A number fixes both at this share.
    share_variation : "auto" or float in [0, 1], default="auto"
        Share of pairs that borrow their direction, the difference of two near rows, from other classes. "auto": half
        in training and in classes of fewer than 10 rows, none elsewhere. With ``generator="cgan"`` it is 0. A class of
        one row always borrows.
    hidden_layer_sizes : array-like of int, default=(64, 64)
        Of every network.
    margin : float, default=0.2
        Of the triplet loss; embeddings begin with a root mean square length of 1.
    warm_up : float in [0, 1), default=0.25
        Share of the steps on real rows alone.
    loss_weights : dict, default=None
        Changes some of the weights "synthetic" (0.5, share of synthetic triplets in the encoder's loss) and, for
        "cgan", "reconstruction" (1), "consistency" (1), "classification" (1), "reverse" (1), "keep" (0.1),
        "adversarial" (0.1).
    batch_size : int, default=128
        Rows of a step, equally many of each class.
    learning_rate : float, default=1e-3
        Of Adam.
    tol : float, default=0.0
        By how much an evaluation must lower the share of wrongly ordered triplets; see `patience` of the sampler.

    See Also
    --------
    HardTripletSampler : Takes these settings as its parameter `network`.
    HardTripletEmbedder : Takes these settings as its parameter `network`.

    Examples
    --------
    >>> from skgan_resample import HardTripletSampler, TripletNetworkOptions
    >>> sampler = HardTripletSampler(network=TripletNetworkOptions(margin=0.5))
    >>> sampler.set_params(network__batch_size=64).network
    TripletNetworkOptions(batch_size=64, margin=0.5)
    """

    _parameter_constraints: dict = {
        "hardness": [StrOptions({"adaptive"}), Interval(Real, 0, 1, closed="both")],
        "share_variation": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="both")],
        "hidden_layer_sizes": ["array-like"],
        "margin": [Interval(Real, 0, None, closed="neither")],
        "warm_up": [Interval(Real, 0, 1, closed="left")],
        "loss_weights": [dict, None],
        **OPTIMIZER_CONSTRAINTS,
    }

    def __init__(
        self,
        *,
        hardness="adaptive",
        share_variation="auto",
        hidden_layer_sizes=(64, 64),
        margin=0.2,
        warm_up=0.25,
        loss_weights=None,
        batch_size=128,
        learning_rate=1e-3,
        tol=0.0,
    ):
        self.hardness = hardness
        self.share_variation = share_variation
        self.hidden_layer_sizes = hidden_layer_sizes
        self.margin = margin
        self.warm_up = warm_up
        self.loss_weights = loss_weights
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.tol = tol

    def _check_values(self):
        sizes = self.hidden_layer_sizes
        if not all(isinstance(size, Integral) and size > 0 and size is not True for size in sizes):
            raise ValueError(f"hidden_layer_sizes must be whole numbers of at least 1, got {sizes!r}.")
        if self.loss_weights is not None:
            from skgan_resample._nn.triplets import loss_weights

            loss_weights(self.loss_weights)


TRIPLET_CONSTRAINTS["network"] = [TripletNetworkOptions, None]


class TripletNetworks(OptionsMixin, CallbackSupportMixin, TorchStateMixin):
    """Mixin with the networks of the two-stage method."""

    _network_names = tuple(NETWORKS)
    _options = {"network": TripletNetworkOptions}

    def _forget_networks(self):
        """Set what a training sets, for fits without one."""
        for name in NETWORKS:
            setattr(self, name, None)
        # best_step_: the step whose encoder is kept, the last one without `patience`
        # curriculum_: the last `strength` of the stretch and the last `threshold` of the reverse triplet loss
        self.history_, self.best_step_, self.curriculum_, self.device_, self._sizes = [], None, None, None, None

    def _begin(self):
        """Check the options, then forget an earlier fit: an estimator whose fit fails is not fitted."""
        TripletNetworkOptions.of(self.network)
        for name in [name for name in vars(self) if name.endswith("_") and not name.startswith("_")]:
            delattr(self, name)
        self._forget_networks()

    def _read_labels(self, y):
        """Return the classes of `y` as an array of shape (n_samples,), and whether they were one-hot."""
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        if issparse(y):
            y = y.toarray()
        if np.asarray(y).ndim != 2:  # not one-hot
            read_classes(y)
        check_classification_targets(y)
        flat, is_one_hot = check_target_type(np.asarray(y), indicate_one_vs_all=True)
        return np.ravel(flat), is_one_hot

    def _read_rows(self, X):
        """Return the schema of `X`, its codes and the encoded rows."""
        encoder = TableEncoder(categorical_features=self.categorical_features)
        codes = encoder.fit_to_codes(table_reader(X))
        validate_data(self, X, skip_check_array=True)  # n_features_in_ and feature_names_in_
        return encoder, codes, encoded_rows(encoder, codes)

    def _codes_of(self, X):
        """Return rows with the columns of `fit` as codes."""
        reader = table_reader(X)
        validate_data(self, X, skip_check_array=True, reset=False)
        return self.encoder_.to_codes(reader)

    def _train_networks(self, rows, labels, n_classes, rng, *, generator, makes, max_time=None, is_final=True):
        """Train on encoded rows, shape (n, width), and labels from 0 to `n_classes` - 1."""
        import torch

        from skgan_resample._nn import triplet_gan, triplets
        from skgan_resample._nn.training import Adam, class_balanced_batches, resolve_device, restore, seeded, train
        from skgan_resample.exceptions import NonFiniteLossError

        options = TripletNetworkOptions.of(self.network)
        self.device_ = str(resolve_device(self.device))
        device = torch.device(self.device_)
        self._sizes = {
            "n_inputs": rows.shape[1],
            "n_classes": int(n_classes),
            "hidden": tuple(int(size) for size in options.hidden_layer_sizes),
            "n_components": int(self.n_components),
            "has_gan": generator == "cgan",
        }
        held_out = np.empty(0, dtype=np.intp)
        if self.patience is not None:
            held_out = _held_out(labels, self.validation_fraction, rng)
            if not len(held_out):
                warn(f"patience has no effect: no class has {MIN_CLASS_ROWS} rows, so none is held out.")
        kept = np.setdiff1d(np.arange(len(labels)), held_out)
        n_per_class = max(2, options.batch_size // min(n_classes, max(2, options.batch_size // 4)))
        n_records = 1 + ceil(self.max_steps / EVALUATE_EVERY)
        listening = fit_callbacks(self, n_records=n_records) if is_final else nullcontext([])
        with seeded(rng, device), listening as callbacks:
            x = torch.from_numpy(self._network_inputs(rows)).to(device)
            y = torch.from_numpy(np.asarray(labels, dtype=np.int64)).to(device)
            networks = triplets.Networks(
                **{field: self._build_network(name).to(device) for name, field in NETWORKS.items() if self._has(name)}
            )
            modules = {field: network for field, network in vars(networks).items() if network is not None}
            networks.encoder.begin_at(triplets.principal_directions(x[kept], self.n_components))
            optimizers = {
                field: Adam(network.parameters(), options.learning_rate) for field, network in modules.items()
            }
            curriculum = triplets.Curriculum(self.stretch, options.hardness)
            make_step = triplet_gan.gan_step if generator == "cgan" else triplets.triplet_step
            step = make_step(
                networks,
                optimizers,
                x[kept],
                y[kept],
                curriculum=curriculum,
                margin=options.margin,
                mining=self.mining,
                makes=makes,
                share_variation=0.5 if options.share_variation == "auto" else options.share_variation,
                warm_up=options.warm_up,
                weights=triplets.loss_weights(options.loss_weights),
            )
            evaluate = None
            if len(held_out):
                evaluate = triplets.held_out_error(networks.encoder, x[kept], y[kept], x[held_out], y[held_out])
            batches = class_balanced_batches(
                labels[kept], max(2, options.batch_size // n_per_class), n_per_class, rng, device=device
            )
            try:
                result = train(
                    step,
                    batches,
                    max_steps=self.max_steps,
                    evaluate=evaluate,
                    evaluate_every=EVALUATE_EVERY,
                    patience=self.patience if evaluate is not None else None,
                    tol=options.tol,
                    max_time=max_time,
                    callbacks=callbacks,
                    modules=modules,
                )
            except NonFiniteLossError as error:
                self._forget_networks()
                warn(f"The training of {type(self).__name__} diverged, so nothing was learned. {error}")
                return
            if evaluate is not None:  # the score is that of the encoder alone; the others keep their last state
                restore({"encoder": networks.encoder}, result.best_state)
        for name, field in NETWORKS.items():
            network = getattr(networks, field)
            setattr(self, name, None if network is None else network.cpu().eval())
        self.history_, self.best_step_, self.curriculum_ = result.history, result.best_step, curriculum.summary()

    def _has(self, name):
        return self._sizes["has_gan"] or name in ("embedding_network_", "classifier_network_")

    def _build_network(self, name):
        from skgan_resample._nn.networks import mlp
        from skgan_resample._nn.triplet_gan import Discriminator
        from skgan_resample._nn.triplets import Encoder

        sizes = self._sizes
        n_inputs, n_classes, hidden = sizes["n_inputs"], sizes["n_classes"], sizes["hidden"]
        if name == "embedding_network_":
            return Encoder(n_inputs, hidden, sizes["n_components"])
        if name == "classifier_network_":
            return mlp(n_inputs, hidden, n_classes)
        if name == "positive_generator_":
            return mlp(sizes["n_components"] + n_classes, hidden, n_inputs)
        if name == "negative_generator_":
            return mlp(3 * sizes["n_components"] + n_classes, hidden, n_inputs)
        return Discriminator(n_inputs, hidden, n_classes)

    @staticmethod
    def _network_inputs(rows):
        return np.clip(rows, -LIMIT, LIMIT).astype(np.float32)

    def _through(self, name, rows):
        """Return the outputs of a network for float32 rows, block by block, as float64."""
        import torch

        from skgan_resample._nn.training import one_thread

        with one_thread(), torch.no_grad(), self._on_device(self.device_, name) as (network,):
            blocks = [
                network(torch.from_numpy(rows[start : start + BLOCK]).to(self.device_)).cpu().double().numpy()
                for start in range(0, max(len(rows), 1), BLOCK)
            ]
        return np.concatenate(blocks)

    def _embedded(self, rows):
        """Return embeddings of encoded rows, shape (n, n_components)."""
        return self._through("embedding_network_", self._network_inputs(rows))

    def _probabilities(self, rows):
        """Return the classifier's probabilities of encoded rows; all alike where training diverged."""
        if self.classifier_network_ is None:
            return np.full((len(rows), len(self.classes_)), 1 / len(self.classes_))
        # (n, width) -> (n, n_classes)
        scores = self._through("classifier_network_", self._network_inputs(rows))
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))  # softmax without overflow
        return odds / odds.sum(axis=1, keepdims=True)

    def __sklearn_tags__(self):
        tags = admit_tables(super().__sklearn_tags__(), self.categorical_features is not None)
        tags.target_tags.required = True
        return tags


def encoded_rows(encoder, codes):
    """Return the encoded matrix; a column of zeros where all columns are constant."""
    encoded = encoder.encode_codes(codes)
    return encoded if encoded.shape[1] else np.zeros((len(codes), 1))


def _held_out(labels, fraction, rng):
    """Return this share of the rows of each class of ten or more, at least two; two stay for training."""
    chosen = []
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        if len(rows) >= MIN_CLASS_ROWS:
            n_rows = min(max(2, round(fraction * len(rows))), len(rows) - 2)
            chosen.append(rng.choice(rows, n_rows, replace=False))
    return np.sort(np.concatenate(chosen)) if chosen else np.empty(0, dtype=np.intp)
