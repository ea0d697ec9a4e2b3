"""Adversarial training: one step on a batch of attacked rows, and the treatments of robust overfitting."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from skgan_resample._nn.attacks import cross_entropy, margin, mixed, pgd, squared_error
from skgan_resample._nn.networks import SklearnMLP, TwoLogits, linear_layers
from skgan_resample._nn.training import eval_mode

# Layers that do the same in training and evaluation mode.
PLAIN = (SklearnMLP, TwoLogits, nn.Sequential, nn.Linear, nn.ReLU, nn.Tanh, nn.Sigmoid, nn.Identity)

ATTACK_LOSSES = {"mixed": mixed, "ce": cross_entropy, "margin": margin}

MIN_LOSS = 1e-6  # below this a loss is not scaled up any further, or a row that is certain would outweigh all others


@dataclass(frozen=True)
class Treatment:
    """What is done beside plain adversarial training; all of it is off by default."""

    threshold: float  # a row whose adversarial loss is below it is a small-loss row
    loss_scale: bool = False  # small losses l weigh ``threshold / l``
    attack_strength: float | None = None  # small-loss rows are attacked anew with so many times the budget
    # Adversarial weight perturbation (AWP): the gradient is taken where the loss is larger, at this distance relative
    # to the norm of each weight matrix.
    awp_gamma: float | None = None
    # For studies: ``(rows, moved, weights, is_small) -> (moved, weights)`` changes an attacked batch.
    change_batch: Callable | None = None

    @property
    def needs_small_losses(self):
        """Whether the losses of a batch must be known before it is trained on."""
        return self.attack_strength is not None or self.change_batch is not None


def adversarial_step(
    network,
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
    n_steps,
    decay,
    learning_rate,
    strength,
):
    """Return the function ``(indices, progress) -> losses`` that attacks a batch and updates the network on it.

    `factor` multiplies the budget of a row: 0 for classes that nobody attacks. `decay` is the weight decay of the
    matrices; biases have none. `learning_rate` and `strength`, a factor of all budgets, are functions of the progress.
    """
    # x (n, width); y (n,), classes as int64 or standardized numbers; weight (n,); factor (n, 1)
    is_classifier = not y.is_floating_point()
    loss_of = cross_entropy if is_classifier else squared_error
    attacked_loss = ATTACK_LOSSES[attack_loss] if is_classifier else squared_error
    matrices = [weights for weights in network.parameters() if weights.ndim > 1 and weights.requires_grad]
    # In evaluation mode batch statistics and dropout stand still while a batch is attacked.
    has_modes = any(not isinstance(part, PLAIN) for part in network.modules())

    def attacked(rows, targets, factors):
        if budget.is_empty:
            return rows.clone()
        loss = attacked_loss
        if objective == "trades":
            with torch.no_grad():
                clean = network(rows)
            # At the rows themselves the divergence has no slope, so the search starts beside them.
            loss = _divergence_from(clean)
        return pgd(network, rows, targets, budget, loss, n_steps=n_steps, factor=factors)

    def attacked_batch(rows, targets, weights, factors):
        """Return the rows of a batch under attack, and their weights."""
        moved = attacked(rows, targets, factors)
        if not treatment.needs_small_losses:
            return moved, weights
        with torch.no_grad():
            is_small = loss_of(network(moved), targets) < treatment.threshold  # (n,)
        if treatment.attack_strength is not None:
            chosen = torch.nonzero(is_small)[:, 0]
            stronger = factors[chosen] * treatment.attack_strength
            moved[chosen] = attacked(rows[chosen], targets[chosen], stronger)
        if treatment.change_batch is not None:
            moved, weights = treatment.change_batch(rows, moved, weights, is_small)
        return moved, weights

    def step(indices, progress):
        optimizer.learning_rate = learning_rate(progress)
        rows, targets = x[indices], y[indices]
        factors = factor[indices] * strength(progress)
        with eval_mode([network] if has_modes else []):
            moved, weights = attacked_batch(rows, targets, weight[indices], factors)

        def weighted_loss():
            outputs = network(moved)
            losses = plain = loss_of(outputs, targets)
            if objective == "trades":
                clean = network(rows)
                losses = loss_of(clean, targets) + trades_beta * _divergence(clean, outputs)
            if treatment.loss_scale:
                # Detached: with c / l in the graph the product is constant, and small losses would teach nothing.
                losses = losses * (treatment.threshold / plain.detach().clamp(min=MIN_LOSS)).clamp(min=1)
            # The mean weight is that of the table, not of the batch, so that all rows count by their weight.
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
        return {"train_loss": loss, "small_loss_fraction": (plain < treatment.threshold).float().mean()}

    return step


def _divergence(clean, attacked):
    """Return the Kullback-Leibler divergence KL(p(clean) || p(attacked)) by rows; for numbers, squared differences."""
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


def step_decay(progress):
    """Return 1, a tenth from half of the training on, a hundredth from three quarters on, as is usual in this field."""
    return 1.0 if progress < 0.5 else 0.1 if progress < 0.75 else 0.01


def cosine_decay(progress):
    """Return half a cosine, from 1 to 0."""
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
