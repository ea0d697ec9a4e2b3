"""From samples to a trained autoencoder and back: pairs, training, what a fitted map is. torch is imported inside."""

import itertools
import math
from dataclasses import dataclass, field
from numbers import Real

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.utils._param_validation import Interval

from skgan_resample._estimators import OPTIMIZER_CONSTRAINTS, Options
from skgan_resample._sampling import drawn_equally
from skgan_resample._smcae._maps import AffineMap
from skgan_resample._smcae._selection import drawn_to_classes, row_gaps

EVALUATE_EVERY = 50  # steps between two records
PLAN_ROWS = 1_000  # rows of each side in one transport plan; more of them are dealt to several plans
MAX_EVALUATED = 1_000  # synthetic rows that held-out rows are compared with
MOVED = 1e-3  # a row counts as moved by the network when a column changes by more than this
MAX_STRETCH = 2.0  # by how much rows are spread, at most, behind the network


# ------------------------------------------------------------------------------------------------ which row to which?
class AutoencoderOptions(Options):
    """Settings of the network of `SMCAETransformer`, the stacked multichannel autoencoder.

    The defaults were chosen on tuning tables. Give an object, or set single values by nested names:
    ``transformer.set_params(autoencoder__gamma=10.0)``.

    Parameters
    ----------
    gamma : float >= 0, default=1.0
        Weight of the balance, gamma / 2 (J_L - J_R)^2. Errors are means over columns in the guarded variant and sums
        in the paper's, whose author tried 10 to 90. Training is by Adam in both; the author used conjugate gradients.
    pair_weight : float >= 0, default=1.0
        Guarded: weight of the error of the left channel, the distance to the partners.
    energy_weight : float >= 0, default=5.0
        Guarded: weight of the energy distance between moved and real rows of a class.
    identity_weight : float >= 0, default=0.0
        Guarded: weight of the mean squared length of the network's moves; raise it to stay near the simulator.
    weight_decay : float >= 0, default=3e-3
        Paper: half of it times the squared weights of each channel is added to its error.
    sparsity_weight, sparsity : float, default=0.0 and 0.05
        Paper: weight of the divergence of mean activations from `sparsity`, in the training layer by layer.
    hidden_layer_sizes : array-like of int, default=None
        Of the encoder. None: a wide, a narrow and a wide layer, of 2d, d and 2d units for d encoded columns, within 16
        to 128 and 4 to 64.
    batch_size : int, default=256
        Rows of each side in an update of the guarded variant.
    learning_rate : float, default=5e-3
        At the beginning; in the guarded variant it falls to zero along half a cosine.

    See Also
    --------
    SMCAETransformer : Takes these settings as its parameter `autoencoder`.

    Examples
    --------
    >>> from skgan_resample import AutoencoderOptions, SMCAETransformer
    >>> transformer = SMCAETransformer(autoencoder=AutoencoderOptions(energy_weight=10.0))
    >>> transformer.set_params(autoencoder__gamma=0.5).autoencoder
    AutoencoderOptions(energy_weight=10.0, gamma=0.5)
    """

    _parameter_constraints: dict = {
        "gamma": [Interval(Real, 0, None, closed="left")],
        "pair_weight": [Interval(Real, 0, None, closed="left")],
        "energy_weight": [Interval(Real, 0, None, closed="left")],
        "identity_weight": [Interval(Real, 0, None, closed="left")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "sparsity_weight": [Interval(Real, 0, None, closed="left")],
        "sparsity": [Interval(Real, 0, 1, closed="neither")],
        "hidden_layer_sizes": ["array-like", None],
        "batch_size": OPTIMIZER_CONSTRAINTS["batch_size"],
        "learning_rate": OPTIMIZER_CONSTRAINTS["learning_rate"],
    }

    def __init__(
        self,
        *,
        gamma=1.0,
        pair_weight=1.0,
        energy_weight=5.0,
        identity_weight=0.0,
        weight_decay=3e-3,
        sparsity_weight=0.0,
        sparsity=0.05,
        hidden_layer_sizes=None,
        batch_size=256,
        learning_rate=5e-3,
    ):
        self.gamma = gamma
        self.pair_weight = pair_weight
        self.energy_weight = energy_weight
        self.identity_weight = identity_weight
        self.weight_decay = weight_decay
        self.sparsity_weight = sparsity_weight
        self.sparsity = sparsity
        self.hidden_layer_sizes = hidden_layer_sizes
        self.batch_size = batch_size
        self.learning_rate = learning_rate


def pair_up(synthetic, real, pairing, rng):
    """Return, for each synthetic row, the position of the real row of its class that it is to become.

    Parameters
    ----------
    synthetic, real : Sample
        The synthetic rows at the places where the base map puts them.
    pairing : {"ot", "nearest", "given"}
        "ot": the assignment of least squared distance in which real rows are used equally often; of many rows, in parts
        drawn at random. "nearest": the nearest real row. "given": row i of one side is row i of the other.
    rng : RandomState

    Returns
    -------
    partners : ndarray of int, shape (n_synthetic,)
        -1 for rows of a class without real rows.
    """
    if pairing == "given":
        return np.arange(len(synthetic))
    partners = np.full(len(synthetic), -1)
    for number in np.unique(synthetic.classes):
        rows, candidates = (np.flatnonzero(side.classes == number) for side in (synthetic, real))
        if not len(candidates):
            continue
        n_parts = math.ceil(len(rows) / PLAN_ROWS)
        drawn = candidates[drawn_equally(len(candidates), len(rows), rng, shuffle=True)]
        for part, own in zip(np.array_split(rng.permutation(rows), n_parts), np.array_split(drawn, n_parts)):
            offered = own if pairing == "ot" else candidates
            costs = cdist(synthetic.vectors[part], real.vectors[offered], "sqeuclidean")
            found = linear_sum_assignment(costs)[1] if pairing == "ot" else costs.argmin(axis=1)
            partners[part] = offered[found]
    return partners


# ------------------------------------------------------------------------------------------------ what is fitted
@dataclass
class Mover:
    """A fitted map of synthetic rows, all but the weights of its network.

    Parameters
    ----------
    base : AffineMap
        Comes first; without a network it is all.
    shape : tuple or None
        What the network is built from: width, columns of condition, sizes of the hidden layers, whether as in the
        paper. None: there is no network.
    output : AffineMap or None
        From what the network makes to vectors.
    spread : AffineMap or None
        Comes last: gives rows the spread of the real ones around the means of their classes.
    real_input : AffineMap or None
        What real rows pass before the network.
    """

    base: AffineMap
    shape: tuple | None = None
    output: AffineMap | None = None
    spread: AffineMap | None = None
    real_input: AffineMap | None = None

    def build(self):
        """Return the untrained network."""
        from skgan_resample._nn.autoencoder import MultichannelAutoencoder

        width, n_condition, sizes, as_in_paper = self.shape
        activation = "sigmoid" if as_in_paper else "silu"
        return MultichannelAutoencoder(width, n_condition, sizes, residual=not as_in_paper, activation=activation)

    def __call__(self, sample, network=None):
        """Return the vectors to which the synthetic rows of a `Sample` are moved; the network is on the CPU."""
        vectors = self.base(sample.vectors, sample.membership)
        if network is not None:
            vectors = _evaluated(network, network.moved, self.inputs(vectors, sample))
        for further in (self.output, self.spread):
            vectors = vectors if further is None else further(vectors, sample.membership)
        return vectors

    def network_share(self, sample, network):
        """Return the share of rows that the network moves from where the base puts them."""
        vectors = self.base(sample.vectors, sample.membership)
        moved = _evaluated(network, network.moved, self.inputs(vectors, sample))
        return float((np.abs(moved - vectors) > MOVED).any(axis=1).mean())

    def synthetic_codes(self, sample, network):
        """Return the activations of all layers for synthetic rows, and what the left decoder makes of them."""
        rows = self.inputs(self.base(sample.vectors, sample.membership), sample)
        return _evaluated(network, _with_codes(network, network.moved), rows)

    def real_codes(self, sample, network):
        """Return the activations of all layers for real rows, and what the right decoder makes of them."""
        return _evaluated(network, _with_codes(network, network.rebuilt), self.real_inputs(sample))

    def rebuilt(self, sample, network):
        """Return the vectors that the right decoder makes of real rows."""
        vectors = _evaluated(network, network.rebuilt, self.real_inputs(sample))
        return vectors if self.output is None else self.output(vectors)

    def inputs(self, vectors, sample, *, labelled=True, device="cpu"):
        """Return vectors of the rows of a sample as `Rows` for the network.

        Real rows are not labelled: their code must not depend on a class that is unknown when it is asked for.
        """
        import torch

        from skgan_resample._nn.autoencoder import Rows

        condition = np.zeros((len(sample), self.shape[1]))
        if labelled and self.shape[1]:
            condition = sample.membership
        tensors = [torch.as_tensor(np.ascontiguousarray(part, dtype=np.float32)) for part in (vectors, condition)]
        return Rows(*(tensor.to(device) for tensor in (*tensors, torch.as_tensor(sample.classes))))

    def real_inputs(self, sample, **options):
        """Return real rows as `Rows` for the network."""
        vectors = sample.vectors if self.real_input is None else self.real_input(sample.vectors)
        return self.inputs(vectors, sample, labelled=False, **options)


@dataclass
class Training:
    """A trained network and what was seen on the way.

    Parameters
    ----------
    mover : Mover
    network : MultichannelAutoencoder
        At its last step; on the CPU once training is over.
    history : list of dict
    steps : list of int
        Steps at which held-out rows were compared with the moved ones; the next two are parallel to it.
    gaps : list of ndarray of shape (n_held_out,)
        The part of each held-out row in the energy distance.
    states : list of dict
        The weights.
    """

    mover: Mover
    network: object
    history: list = field(default_factory=list)
    steps: list = field(default_factory=list)
    gaps: list = field(default_factory=list)
    states: list = field(default_factory=list)

    def at(self, step):
        """Return the network as it was at a step, or at the last one of `steps` before it."""
        from skgan_resample._nn.training import restore

        if self.states:
            last = max(k for k, recorded in enumerate(self.steps) if recorded <= step)
            restore({"network": self.network}, self.states[last])
        return self.network.eval()


def _evaluated(network, call, rows):
    import torch

    from skgan_resample._nn.training import one_thread

    with one_thread(), torch.no_grad():
        return call(rows.vectors, rows.condition).cpu().numpy().astype(float)


def _with_codes(network, decode):
    import torch

    return lambda *rows: torch.cat([*network.codes(*rows), decode(*rows)], dim=1)


def hidden_sizes(given, width):
    """Return the sizes of the layers of the encoder; by default a wide one on either side of a narrow one."""
    if given is None:
        wide, narrow = int(np.clip(2 * width, 16, 128)), int(np.clip(width, 4, 64))
        return wide, narrow, wide
    sizes = tuple(np.ravel(given).tolist())
    if not sizes or not all(type(size) is int and size >= 1 for size in sizes):
        raise ValueError(f"hidden_layer_sizes must hold whole numbers of at least 1, one a layer; got {given!r}.")
    return sizes


# ------------------------------------------------------------------------------------------------ training
def train_guarded(base, synthetic, real, settings, rng, *, held_out=None, n_steps=None, callbacks=()):
    """Train a network that moves rows on from where the base map puts them.

    Parameters
    ----------
    base : AffineMap
    synthetic, real : Sample
    settings : SMCAETransformer
    rng : RandomState
    held_out : Sample, default=None
        Real rows that the moved ones are compared with at each record.
    n_steps : int, default=None
        Stop after so many of the steps; the learning rate falls as if all of them were taken.
    callbacks : sequence of callable

    Returns
    -------
    training : Training
    """
    from skgan_resample._nn.autoencoder import guarded_step
    from skgan_resample._nn.training import Adam, copied_state, paired_batches, resolve_device, seeded, train

    device = resolve_device(settings.device)
    width, n_classes = synthetic.vectors.shape[1], synthetic.membership.shape[1]
    options = AutoencoderOptions.of(settings.autoencoder)
    sizes = hidden_sizes(options.hidden_layer_sizes, width)
    mover = Mover(base, (width, n_classes if n_classes > 1 else 0, sizes, False))
    goals = real if settings.pairing_ == "given" else drawn_to_classes(synthetic, real)
    vectors = base(synthetic.vectors, synthetic.membership)
    based = synthetic.at(vectors)
    partners = pair_up(based, goals, settings.pairing_, rng)
    targets = np.where(partners[:, None] >= 0, goals.vectors[partners], vectors)
    looked_at = based[np.linspace(0, len(based) - 1, min(len(based), MAX_EVALUATED)).astype(int)]

    with seeded(rng, device):
        network = mover.build().to(device)
        training = Training(mover, network)
        shown = mover.inputs(looked_at.vectors, looked_at, device=device)

        def evaluate():
            moved = looked_at.at(_evaluated(network, network.moved, shown))
            training.gaps.append(row_gaps(moved, held_out))
            training.states.append(copied_state({"network": network}))
            return float(training.gaps[-1].mean())

        def stop(record):
            training.steps.append(record["step"])
            return n_steps is not None and record["step"] >= n_steps

        result = train(
            guarded_step(
                network,
                Adam(network.parameters(), options.learning_rate),
                synthetic=mover.inputs(vectors, synthetic, device=device),
                real=mover.real_inputs(real, device=device),
                goals=mover.inputs(goals.vectors, goals, device=device).vectors,
                targets=mover.inputs(targets, synthetic, device=device).vectors,
                gamma=options.gamma,
                pair_weight=options.pair_weight,
                energy_weight=options.energy_weight,
                identity_weight=options.identity_weight,
            ),
            paired_batches(len(synthetic), len(real), options.batch_size, rng, device=device),
            max_steps=settings.max_steps,
            evaluate=None if held_out is None else evaluate,
            evaluate_every=EVALUATE_EVERY,
            max_time=settings.max_time,
            callbacks=[*callbacks, stop],
            modules={"network": network},
        )
    training.network, training.history = network.cpu(), result.history
    return training


def spread_like(moved, real):
    """Return the map that gives moved rows the spread of the real ones, column by column, around their class means.

    Columns are stretched by up to two and never narrowed; the spread is that within classes, over all of them.
    """
    n_classes = moved.membership.shape[1]
    means, spreads = [], []
    for sample in (real, moved):
        counts = np.bincount(sample.classes, minlength=n_classes)
        mean = np.zeros((n_classes, sample.vectors.shape[1])) if not means else means[0].copy()
        for number in np.flatnonzero(counts):
            mean[number] = sample.vectors[sample.classes == number].mean(axis=0)
        n_free = max(len(sample) - np.count_nonzero(counts), 1)
        means.append(mean)
        spreads.append(np.sqrt(((sample.vectors - mean[sample.classes]) ** 2).sum(axis=0) / n_free))
    real_spread, spread = spreads
    stretch = np.where(spread > 0, real_spread / np.where(spread > 0, spread, 1), 1).clip(1, MAX_STRETCH)
    return AffineMap(np.tile(stretch, (n_classes, 1)), means[1] * (1 - stretch))


def train_paper(synthetic, real, settings, rng, *, callbacks=()):
    """Train the autoencoder as in the paper: layer by layer, then all of it, on all rows at each step.

    Both domains are scaled to [0, 1] by their own lowest and highest values. Parameters as in `train_guarded`.
    """
    import torch

    from skgan_resample._nn.autoencoder import paper_stages
    from skgan_resample._nn.training import resolve_device, seeded, train

    device = resolve_device(settings.device)
    width = synthetic.vectors.shape[1]
    options = AutoencoderOptions.of(settings.autoencoder)
    sizes = hidden_sizes(options.hidden_layer_sizes, width)
    to_unit, real_input = _to_unit(synthetic.vectors), _to_unit(real.vectors)
    output = AffineMap(1 / real_input.matrices, -real_input.offsets / real_input.matrices)
    mover = Mover(to_unit, (width, 0, sizes, True), output, None, real_input)
    partners = pair_up(synthetic, real, settings.pairing_, rng)
    partners = np.where(partners >= 0, partners, rng.randint(len(real), size=len(partners)))
    history = []
    with seeded(rng, device):
        network = mover.build().to(device)
        stages = paper_stages(
            network,
            mover.inputs(to_unit(synthetic.vectors), synthetic, device=device),
            mover.real_inputs(real, device=device),
            torch.as_tensor(partners, device=device),
            learning_rate=options.learning_rate,
            gamma=options.gamma,
            decay=options.weight_decay,
            sparsity_weight=options.sparsity_weight,
            sparsity=options.sparsity,
        )
        for stage, modules, step in stages:
            result = train(
                step,
                itertools.repeat(None),
                max_steps=settings.max_steps,
                evaluate_every=EVALUATE_EVERY,
                max_time=settings.max_time,
                callbacks=callbacks,
                modules=modules,
            )
            history += [{"stage": stage, **record} for record in result.history]
    return Training(mover, network.cpu(), history)


def _to_unit(vectors):
    """Return the map of columns to [0, 1]; a constant one is only shifted."""
    low, width = vectors.min(axis=0), np.ptp(vectors, axis=0)
    stretch = 1 / np.where(width > 0, width, 1)
    return AffineMap(stretch[None], (-low * stretch)[None])
