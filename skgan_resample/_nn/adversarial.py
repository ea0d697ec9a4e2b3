"""Adversarial training: one step on a batch of attacked rows, and the treatments of robust overfitting."""

import copy
import math
from dataclasses import dataclass

import torch
from torch import nn

from skgan_resample._nn.attacks import cross_entropy, margin, mixed, pgd, squared_error
from skgan_resample._nn.networks import SklearnMLP, TwoLogits, linear_layers
from skgan_resample._nn.training import eval_mode

SWAPPED = 0.3  # of the columns of a row, by within-class feature swap
PLAIN = (SklearnMLP, TwoLogits, nn.Sequential, nn.Linear, nn.ReLU, nn.Tanh, nn.Sigmoid, nn.Identity)  # no modes
AIMS = {"mixed": mixed, "ce": cross_entropy, "margin": margin}
MAX_ROUNDS = 3  # of swapping, for rows that stay too easy
MIN_LOSS = 1e-6  # below this a loss is not scaled up any further


@dataclass(frozen=True)
class Treatment:
    """What is done beside plain adversarial training; all of it is off by default.

    Parameters
    ----------
    threshold : float
        A row whose adversarial loss is below it counts as a small-loss row.
    loss_scale : bool
        Small losses l weigh ``threshold / l``.
    attack_strength : float or None
        Small-loss rows are attacked anew with so many times the budget.
    swap_above : float or None
        While more than this share of a batch has a small loss, such rows swap columns with others of their class.
    awp_gamma : float or None
        Adversarial weight perturbation: the gradient is taken where the loss is larger, so far away relative to the
        norm of each weight matrix.
    label_smoothing : float
        Share of the target that is spread over all classes.
    ema_decay : float or None
        The averaged weights keep this share of themselves at each step.
    remove : {"rows", "perturbation", "random"} or None
        For diagnosis, not for treatment: small-loss rows are left out of the loss, or trained on unattacked, or as many
        rows are left out at random.
    """

    threshold: float
    loss_scale: bool = False
    attack_strength: float | None = None
    swap_above: float | None = None
    awp_gamma: float | None = None
    label_smoothing: float = 0.0
    ema_decay: float | None = None
    remove: str | None = None

    @property
    def needs_small_losses(self):
        """Whether the losses of a batch must be known before it is trained on."""
        return self.attack_strength is not None or self.swap_above is not None or self.remove is not None


def adversarial_step(
    network,
    averaged,
    *,
    optimizer,
    x,
    y,
    weight,
    factor,
    budget,
    treatment,
    objective,
    trades_beta,
    attack_loss,
    attack_steps,
    decay,
    learning_rate,
    strength,
    blocks,
):
    """Return the function that attacks a batch and updates the network on it.

    Parameters
    ----------
    network : torch.nn.Module
    averaged : torch.nn.Module or None
        Running average of the weights, updated in place.
    optimizer : Adam or SGD
    x : tensor of shape (n, width)
    y : tensor of shape (n,)
        Classes as int64, or standardized numbers.
    weight : tensor of shape (n,)
    factor : tensor of shape (n, 1)
        Multiplies the budget of each row: 0 for classes that nobody attacks.
    budget : Budget
    treatment : Treatment
    objective : {"at", "trades"}
    trades_beta : float
    attack_loss : {"mixed", "ce", "margin"}
    attack_steps : int
    decay : float
        Times each weight is added to its gradient; biases are left alone.
    learning_rate, strength : callable ``progress -> float``
        The learning rate, and what multiplies every budget, at this share of the training.
    blocks : list of tensor of int
        Columns that belong together when columns are swapped: a head, a number with its indicator.
    """
    is_classifier = not y.is_floating_point()
    loss_of = _Loss(is_classifier, treatment.label_smoothing)
    aim = AIMS[attack_loss] if is_classifier else squared_error
    matrices = [weights for weights in network.parameters() if weights.ndim > 1 and weights.requires_grad]
    donors_of = None
    if treatment.swap_above is not None:
        donors_of = _Classmates(y) if is_classifier else _Neighbours(y)
    # In evaluation mode batch statistics and dropout stand still while a batch is attacked.
    has_modes = any(not isinstance(part, PLAIN) for part in network.modules())
    block_of = _block_of(blocks, x.shape[1], x.device)

    def attacked(rows, targets, factors):
        if budget.is_empty:
            return rows.clone()
        if objective == "trades":
            with torch.no_grad():
                clean = network(rows)
            # At the rows themselves the divergence has no slope, so it starts beside them.
            return pgd(network, rows, targets, budget, _divergence_from(clean), n_steps=attack_steps, factor=factors)
        return pgd(network, rows, targets, budget, aim, n_steps=attack_steps, factor=factors)

    def small(moved, targets):
        with torch.no_grad():
            return loss_of.plain(network(moved), targets) < treatment.threshold

    def attacked_batch(indices, rows, targets, weights, factors):
        """Return the rows of a batch under attack, the rows themselves (swapped, maybe), and their weights."""
        moved = attacked(rows, targets, factors)
        if treatment.needs_small_losses:
            is_small = small(moved, targets)
            if treatment.swap_above is not None:
                for _ in range(MAX_ROUNDS):
                    if is_small.float().mean() <= treatment.swap_above:  # a GPU waits here; the round costs far more
                        break
                    donors = x[donors_of.of(indices)]
                    swaps = (torch.rand(len(rows), len(blocks), device=x.device) < SWAPPED)[:, block_of]
                    chosen = torch.nonzero(is_small)[:, 0]
                    rows = rows.clone()
                    rows[chosen] = torch.where(swaps[chosen], donors[chosen], rows[chosen])
                    moved[chosen] = attacked(rows[chosen], targets[chosen], factors[chosen])
                    is_small = small(moved, targets)
            if treatment.attack_strength is not None:
                chosen = torch.nonzero(is_small)[:, 0]
                stronger = factors[chosen] * treatment.attack_strength
                moved[chosen] = attacked(rows[chosen], targets[chosen], stronger)
            if treatment.remove == "perturbation":
                moved = torch.where(is_small[:, None], rows, moved)
            elif treatment.remove == "rows":
                weights = torch.where(is_small, 0.0, weights)
            elif treatment.remove == "random":
                weights = torch.where(is_small[torch.randperm(len(rows), device=x.device)], 0.0, weights)
        return moved, rows, weights

    def step(indices, progress):
        optimizer.learning_rate = learning_rate(progress)
        rows, targets, weights = x[indices], y[indices], weight[indices]
        factors = factor[indices] * strength(progress)
        with eval_mode([network] if has_modes else []):
            moved, rows, weights = attacked_batch(indices, rows, targets, weights, factors)

        def weighted_loss():
            outputs = network(moved)
            losses = plain = loss_of.plain(outputs, targets)
            if objective == "trades":
                clean = network(rows)
                losses = loss_of(clean, targets) + trades_beta * _divergence(clean, outputs)
            elif treatment.label_smoothing:
                losses = loss_of(outputs, targets)
            if treatment.loss_scale:
                # Detached: with c / l in the graph the product is constant, and small losses would teach nothing.
                losses = losses * (treatment.threshold / plain.detach().clamp(min=MIN_LOSS)).clamp(min=1)
            # The mean weight is that of the table, not of the batch, so that all rows have their say.
            return (weights * losses).mean(), plain.detach()

        if treatment.awp_gamma is None:
            loss, plain = weighted_loss()
            optimizer.zero_grad()
            loss.backward()
        else:
            loss, plain = _perturbed_gradient(optimizer, weighted_loss, matrices, treatment.awp_gamma)
        for matrix in matrices:
            if matrix.grad is not None:
                matrix.grad.add_(matrix.detach(), alpha=decay)
        optimizer.step()
        if averaged is not None:
            _average(averaged, network, treatment.ema_decay)
        return {"train_loss": loss, "small_loss_fraction": (plain < treatment.threshold).float().mean()}

    return step


class _Loss:
    """Loss by rows: cross-entropy, with smoothed labels if asked for, or squared error."""

    def __init__(self, is_classifier, label_smoothing):
        self.plain = cross_entropy if is_classifier else squared_error
        self.label_smoothing = label_smoothing

    def __call__(self, outputs, y):
        if self.label_smoothing and self.plain is cross_entropy:
            return nn.functional.cross_entropy(outputs, y, reduction="none", label_smoothing=self.label_smoothing)
        return self.plain(outputs, y)


def _divergence(clean, attacked):
    """KL(p(clean) || p(attacked)) by rows; of a regression, the squared difference."""
    if clean.shape[1] == 1:
        return (clean - attacked)[:, 0] ** 2
    log_clean, log_attacked = clean.log_softmax(dim=1), attacked.log_softmax(dim=1)
    return (log_clean.exp() * (log_clean - log_attacked)).sum(dim=1)


def _divergence_from(clean):
    return lambda outputs, y: _divergence(clean, outputs)


def _perturbed_gradient(optimizer, weighted_loss, matrices, gamma):
    """Leave the gradient at weights moved uphill, each matrix by `gamma` times its norm, in the weights."""
    loss, _ = weighted_loss()
    gradients = torch.autograd.grad(loss, matrices, allow_unused=True)
    matrices, gradients = zip(*[(w, g) for w, g in zip(matrices, gradients) if g is not None])
    moves = [gamma * w.detach().norm() * g / g.norm().clamp(min=1e-12) for w, g in zip(matrices, gradients)]
    with torch.no_grad():
        for matrix, move in zip(matrices, moves):
            matrix.add_(move)
    loss, plain = weighted_loss()
    optimizer.zero_grad()
    loss.backward()
    with torch.no_grad():
        for matrix, move in zip(matrices, moves):
            matrix.sub_(move)
    return loss, plain


@torch.no_grad()
def _average(averaged, network, decay):
    """Pull the averaged weights towards the present ones; buffers are copied."""
    for mean, now in zip(averaged.parameters(), network.parameters()):
        mean.lerp_(now, 1 - decay)
    for mean, now in zip(averaged.buffers(), network.buffers()):
        mean.copy_(now)


class _Classmates:
    """Draws, for each row, another row of its class."""

    def __init__(self, y):
        self.y = y
        self.order = torch.argsort(y, stable=True)
        self.counts = torch.bincount(y)
        self.first = self.counts.cumsum(0) - self.counts

    def of(self, indices):
        """Return one row of the same class for each of `indices`, drawn with replacement."""
        classes = self.y[indices]
        place = (torch.rand(len(indices), device=self.y.device) * self.counts[classes]).long()
        return self.order[self.first[classes] + place]


class _Neighbours:
    """Draws, for each row, a row with a similar target: no more than a fiftieth of the rows away in their order."""

    def __init__(self, y):
        self.order = torch.argsort(y)
        self.rank = torch.argsort(self.order)
        self.reach = max(1, len(y) // 50)

    def of(self, indices):
        """Return one such row for each of `indices`, drawn with replacement."""
        moves = torch.randint(-self.reach, self.reach + 1, indices.shape, device=indices.device)
        return self.order[(self.rank[indices] + moves).clamp(0, len(self.order) - 1)]


def _block_of(blocks, width, device):
    """Return which block each column belongs to."""
    block_of = torch.zeros(width, dtype=torch.long, device=device)
    for number, columns in enumerate(blocks):
        block_of[columns] = number
    return block_of


def averaged_copy(network):
    """Return a copy of a network to hold the average of its weights."""
    return copy.deepcopy(network).requires_grad_(False)


def step_decay(progress):
    """A tenth from the half of training on, a hundredth from three quarters on: the usual schedule of this field."""
    return 1.0 if progress < 0.5 else 0.1 if progress < 0.75 else 0.01


def cosine_decay(progress):
    """From 1 to 0 along half a cosine."""
    return 0.5 * (1 + math.cos(math.pi * progress))


SCHEDULES = {"step": step_decay, "cosine": cosine_decay, "constant": lambda progress: 1.0}


def penultimate(network, x):
    """Return what goes into the last linear layer, (n, width), or None if there is no such layer."""
    layers = linear_layers(network)
    if not layers:
        return None
    seen = []
    hook = layers[-1].register_forward_pre_hook(lambda layer, inputs: seen.append(inputs[0].detach()))
    try:
        with torch.no_grad():
            network(x)
    finally:
        hook.remove()
    return seen[-1].flatten(1) if seen else None
