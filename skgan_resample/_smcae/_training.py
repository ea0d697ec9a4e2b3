"""Training of the autoencoder on samples, guarded or as in the paper. torch is imported inside functions."""

import itertools
from dataclasses import dataclass, field
from numbers import Real
from types import SimpleNamespace

import numpy as np
from sklearn.utils._param_validation import Interval

from skgan_resample._estimators import OPTIMIZER_CONSTRAINTS, Options
from skgan_resample._smcae._maps import AffineMap, RowMap, evaluated
from skgan_resample._smcae._pairing import partners_of, with_steady_classes
from skgan_resample._smcae._selection import energies

EVALUATE_EVERY = 50  # steps between two records
MAX_EVALUATED = 1_000  # synthetic rows that held-out rows are compared with
MAX_STRETCH = 2.0  # by how much rows are stretched, at most, behind the network


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


def resolved_settings(transformer):
    """Return the parameters of a transformer as attributes: the network's checked, an "auto" pairing resolved."""
    settings = SimpleNamespace(**transformer.get_params(deep=False))
    settings.network = AutoencoderOptions.of(transformer.autoencoder)
    if settings.pairing == "auto":
        settings.pairing = "given" if settings.variant == "paper" else "ot"
    return settings


@dataclass
class Training:
    """A trained network and what was recorded on the way."""

    row_map: RowMap
    network: object  # at its last step; on the CPU once training is over
    history: list = field(default_factory=list)
    # Parallel: steps at which held-out rows were compared with moved ones, the part of each held-out row in the energy
    # distance, (n_held_out,), and the weights.
    steps: list = field(default_factory=list)
    energies: list = field(default_factory=list)
    states: list = field(default_factory=list)

    def network_at(self, step):
        """Return the network as it was at a step, or at the last one of `steps` before it."""
        from skgan_resample._nn.training import restore

        if self.states:
            last = max(k for k, recorded in enumerate(self.steps) if recorded <= step)
            restore({"network": self.network}, self.states[last])
        return self.network.eval()


def hidden_sizes(given, width):
    """Return the sizes of the layers of the encoder; by default a wide one on either side of a narrow one."""
    if given is None:
        wide, narrow = int(np.clip(2 * width, 16, 128)), int(np.clip(width, 4, 64))
        return wide, narrow, wide
    sizes = tuple(np.ravel(given).tolist())
    if not sizes or not all(type(size) is int and size >= 1 for size in sizes):
        raise ValueError(f"hidden_layer_sizes must hold whole numbers of at least 1, one a layer; got {given!r}.")
    return sizes


# ------------------------------------------------------------------------------------------------ guarded
def train_guarded(base, synthetic, real, settings, rng, *, held_out=None, n_steps=None, callbacks=()):
    """Train a network that moves rows on from where the base map puts them; return a `Training`."""
    # The moved rows are compared with the real rows `held_out` at each record. Training ends after `n_steps`, but the
    # learning rate falls as if all steps were taken.
    from skgan_resample._nn.autoencoder import guarded_step
    from skgan_resample._nn.training import Adam, copied_state, paired_batches, resolve_device, seeded, train

    device = resolve_device(settings.device)
    width, n_classes = synthetic.vectors.shape[1], synthetic.membership.shape[1]
    options = settings.network
    sizes = hidden_sizes(options.hidden_layer_sizes, width)
    row_map = RowMap(base, (width, n_classes if n_classes > 1 else 0, sizes, False))
    goals = real if settings.pairing == "given" else with_steady_classes(synthetic, real)
    vectors = base(synthetic.vectors, synthetic.membership)
    based = synthetic.with_vectors(vectors)
    partners = partners_of(based, goals, settings.pairing, rng)
    targets = np.where(partners[:, None] >= 0, goals.vectors[partners], vectors)
    compared = based[np.linspace(0, len(based) - 1, min(len(based), MAX_EVALUATED)).astype(int)]

    with seeded(rng, device):
        network = row_map.build_network().to(device)
        training = Training(row_map, network)
        compared_inputs = row_map.inputs(compared.vectors, compared, device=device)

        def evaluate():
            moved = compared.with_vectors(evaluated(network.moved, compared_inputs))
            training.energies.append(energies(moved, held_out))
            training.states.append(copied_state({"network": network}))
            return float(training.energies[-1].mean())

        def stop(record):
            training.steps.append(record["step"])
            return n_steps is not None and record["step"] >= n_steps

        result = train(
            guarded_step(
                network,
                Adam(network.parameters(), options.learning_rate),
                synthetic=row_map.inputs(vectors, synthetic, device=device),
                real=row_map.real_inputs(real, device=device),
                goals=row_map.inputs(goals.vectors, goals, device=device).vectors,
                targets=row_map.inputs(targets, synthetic, device=device).vectors,
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


def stretch_to(moved, real):
    """Return the map that gives moved rows the spread of the real ones, by column, around their class means."""
    # Columns are never narrowed. The mean of a class that was not moved is that of the real rows.
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


# ------------------------------------------------------------------------------------------------ as in the paper
def train_paper(synthetic, real, settings, rng, *, callbacks=()):
    """Train the autoencoder as in the paper: layer by layer, then all of it, on all rows at each step."""
    # Both domains are scaled to [0, 1] by their own lowest and highest values.
    import torch

    from skgan_resample._nn.autoencoder import paper_stages
    from skgan_resample._nn.training import resolve_device, seeded, train

    device = resolve_device(settings.device)
    width = synthetic.vectors.shape[1]
    options = settings.network
    sizes = hidden_sizes(options.hidden_layer_sizes, width)
    to_unit, real_input = _to_unit(synthetic.vectors), _to_unit(real.vectors)
    output = AffineMap(1 / real_input.matrices, -real_input.offsets / real_input.matrices)
    row_map = RowMap(to_unit, (width, 0, sizes, True), output, None, real_input)
    partners = partners_of(synthetic, real, settings.pairing, rng)
    partners = np.where(partners >= 0, partners, rng.randint(len(real), size=len(partners)))
    history = []
    with seeded(rng, device):
        network = row_map.build_network().to(device)
        stages = paper_stages(
            network,
            row_map.inputs(to_unit(synthetic.vectors), synthetic, device=device),
            row_map.real_inputs(real, device=device),
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
    return Training(row_map, network.cpu(), history)


def _to_unit(vectors):
    """Return the map of columns to [0, 1]; a constant one is only shifted."""
    low, width = vectors.min(axis=0), np.ptp(vectors, axis=0)
    stretch = 1 / np.where(width > 0, width, 1)
    return AffineMap(stretch[None], (-low * stretch)[None])
