"""The stacked multichannel autoencoder (SMCAE): one encoder for synthetic and real rows, a decoder for each."""

import itertools
import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import cat, nn

from skgan_resample._nn.losses import energy_distance
from skgan_resample._nn.training import Adam, descend

ACTIVATIONS = {"sigmoid": nn.Sigmoid, "silu": nn.SiLU}


@dataclass
class Rows:
    """Rows of one domain on one device."""

    vectors: torch.Tensor  # (n, width)
    condition: torch.Tensor  # (n, n_condition), the shares of classes; zeros for rows whose class must not matter
    classes: torch.Tensor  # (n,), integers

    def __len__(self):
        return len(self.vectors)

    def __getitem__(self, rows):
        return Rows(self.vectors[rows], self.condition[rows], self.classes[rows])


class MultichannelAutoencoder(nn.Module):
    """A shared encoder with two decoders: the left one makes real rows of synthetic ones, the right one of real ones.

    With `residual` the left decoder returns the step from its input, at first zero. The activation "sigmoid", as in the
    paper, is also that of the decoders, for rows between 0 and 1; "silu" is that of the encoder alone.
    """

    def __init__(self, n_inputs, n_condition, hidden_layer_sizes, *, residual, activation):
        super().__init__()
        sizes = [n_inputs + n_condition, *hidden_layer_sizes]
        self.encoder = nn.ModuleList(
            nn.Sequential(nn.Linear(n_in, n_out), ACTIVATIONS[activation]()) for n_in, n_out in pairwise(sizes)
        )
        self.left, self.right = (nn.Linear(sizes[-1], n_inputs) for _ in range(2))
        self.bound = nn.Sigmoid() if activation == "sigmoid" else nn.Identity()
        self.residual = residual
        if residual:
            nn.init.zeros_(self.left.weight)
            nn.init.zeros_(self.left.bias)

    def codes(self, vectors, condition):
        """Return the activations of every layer of the encoder, a list of tensors of shape (n, size)."""
        hidden, found = cat([vectors, condition], dim=1), []
        for layer in self.encoder:
            hidden = layer(hidden)
            found.append(hidden)
        return found

    def moved(self, vectors, condition):
        """Return synthetic rows, shape (n, n_inputs), as real ones."""
        made = self.bound(self.left(self.codes(vectors, condition)[-1]))
        return vectors + made if self.residual else made

    def rebuilt(self, vectors, condition):
        """Return real rows, shape (n, n_inputs), as the right decoder makes them of their code."""
        return self.bound(self.right(self.codes(vectors, condition)[-1]))


# ------------------------------------------------------------------------------------------------ errors and distances
def reconstruction_error(made, targets):
    """Return half the squared error of a row, summed over columns and averaged over rows."""
    return 0.5 * (made - targets).square().sum(dim=1).mean()


def balanced(left, right, gamma, *, clip, left_weight=1.0):
    """Return left_weight * left + right + gamma / 2 (left - right)^2, two errors that are to fall together.

    With D = left - right, the gradient is (left_weight + gamma D) times that of the left error plus (1 - gamma D) times
    that of the right one. Where a factor is negative, its channel would be trained to fail: with `clip` the factor is
    zero there. The value is the same.
    """
    value = left_weight * left + right + gamma / 2 * (left - right).square()
    if not clip:
        return value
    difference = gamma * (left - right).detach()
    clipped = (left_weight + difference).clamp_min(0) * left + (1 - difference).clamp_min(0) * right
    return value.detach() + clipped - clipped.detach()


def sparsity_divergence(activations, sparsity):
    """Return the sum over units of the Kullback-Leibler divergence of their mean activation from `sparsity`."""
    # activations (n_synthetic + n_real, size), between 0 and 1
    mean = activations.mean(dim=0).clamp(1e-6, 1 - 1e-6)
    return (sparsity * (sparsity / mean).log() + (1 - sparsity) * ((1 - sparsity) / (1 - mean)).log()).sum()


def energy_by_class(moved, real, moved_classes, real_classes):
    """Return `energy_distance` of moved rows to the real rows of their class; rows of unshared classes do not count."""
    across = moved_classes[:, None] == real_classes  # (n_moved, n_real)
    is_shared = across.any(dim=1)
    within = (moved_classes[:, None] == moved_classes) & is_shared[:, None]
    return energy_distance(moved, real, within, across)


# ------------------------------------------------------------------------------------------------ guarded
def guarded_step(
    network, optimizer, *, synthetic, real, goals, targets, gamma, pair_weight, energy_weight, identity_weight
):
    """Return the function that updates the network on a batch of synthetic and one of real rows."""
    # goals (n_real, width), targets (n_synthetic, width); all errors are means over columns
    width = synthetic.vectors.shape[1]
    full_rate = optimizer.learning_rate

    def step(indices, progress):
        optimizer.learning_rate = full_rate * 0.5 * (1 + math.cos(math.pi * progress))  # half a cosine, down to zero
        candidates, batch = synthetic[indices[0]], real[indices[1]]
        moved = network.moved(candidates.vectors, candidates.condition)
        left = reconstruction_error(moved, targets[indices[0]]) / width
        right = reconstruction_error(network.rebuilt(batch.vectors, batch.condition), batch.vectors) / width
        energy = energy_by_class(moved, goals[indices[1]], candidates.classes, batch.classes) / math.sqrt(width)
        loss = balanced(left, right, gamma, clip=True, left_weight=pair_weight) + energy_weight * energy
        loss = loss + identity_weight * (moved - candidates.vectors).square().sum(dim=1).mean() / width
        descend(optimizer, loss)
        return {"left_loss": left, "right_loss": right, "energy": energy}

    return step


# ------------------------------------------------------------------------------------------------ as in the paper
def paper_objective(left, right, *, decayed, activations, gamma, decay, sparsity_weight, sparsity):
    """Return E = J_L + J_R + gamma / 2 (J_L - J_R)^2, and the two J: error, weight decay and sparsity of a channel."""
    # activations (n_synthetic + n_real, size), or None
    common = 0.0 if activations is None else sparsity_weight * sparsity_divergence(activations, sparsity)
    channels = [
        reconstruction_error(*channel) + decay / 2 * sum(weight.square().sum() for weight in weights) + common
        for channel, weights in zip((left, right), decayed)
    ]
    return balanced(*channels, gamma, clip=False), channels


def paper_stages(network, synthetic, real, partners, *, learning_rate, gamma, decay, sparsity_weight, sparsity):
    """Yield (name, modules, step) for the layers of the encoder, one after the other, and for the fine-tuning of all.

    A layer gets the code of the layer below and has two decoders of its own. Both are to make the real code of the
    layer below, the left one that of the partner. The last layer has the decoders of the network, which are to make the
    real rows. Every step is on all rows. The network is not residual; its weights are drawn anew.
    """
    # partners (n_synthetic,)
    settings = {"gamma": gamma, "decay": decay, "sparsity_weight": sparsity_weight, "sparsity": sparsity}
    for linear in (module for module in network.modules() if isinstance(module, nn.Linear)):
        _draw_weights(linear)
    inputs = [cat([rows.vectors, rows.condition], dim=1) for rows in (synthetic, real)]
    goal = real.vectors
    for number, layer in enumerate(network.encoder, 1):
        is_last = number == len(network.encoder)
        if is_last:
            decoders, goal = (network.left, network.right), real.vectors
        else:
            decoders = tuple(_draw_weights(nn.Linear(layer[0].out_features, goal.shape[1])) for _ in range(2))
            decoders = tuple(decoder.to(goal.device) for decoder in decoders)
        yield (
            f"layer {number}",
            {"network": network, "left": decoders[0], "right": decoders[1]},
            _layer_step(layer, decoders, network.bound, inputs, goal, partners, learning_rate, settings),
        )
        with torch.no_grad():
            inputs = [layer(rows) for rows in inputs]
        goal = inputs[1]
    yield (
        "fine-tuning",
        {"network": network},
        _fine_tuning_step(network, synthetic, real, partners, learning_rate, settings),
    )


def _layer_step(layer, decoders, bound, inputs, goal, partners, learning_rate, settings):
    optimizer = Adam(
        itertools.chain(layer.parameters(), *(decoder.parameters() for decoder in decoders)), learning_rate
    )
    decayed = tuple([layer[0].weight, decoder.weight] for decoder in decoders)

    def step(indices, progress):
        codes = [layer(rows) for rows in inputs]
        made = [bound(decoder(code)) for decoder, code in zip(decoders, codes)]
        channels = (made[0], goal[partners]), (made[1], goal)
        loss, (left, right) = paper_objective(*channels, decayed=decayed, activations=cat(codes), **settings)
        descend(optimizer, loss)
        return {"left_loss": left, "right_loss": right}

    return step


def _fine_tuning_step(network, synthetic, real, partners, learning_rate, settings):
    optimizer = Adam(network.parameters(), learning_rate)
    shared = [layer[0].weight for layer in network.encoder]
    decayed = [*shared, network.left.weight], [*shared, network.right.weight]

    def step(indices, progress):
        left = network.moved(synthetic.vectors, synthetic.condition), real.vectors[partners]
        right = network.rebuilt(real.vectors, real.condition), real.vectors
        loss, (left, right) = paper_objective(left, right, decayed=decayed, activations=None, **settings)
        descend(optimizer, loss)
        return {"left_loss": left, "right_loss": right}

    return step


def _draw_weights(linear):
    """Draw weights uniformly within sqrt(6 / (inputs + outputs + 1)) of zero; biases become zero."""
    bound = math.sqrt(6 / (linear.in_features + linear.out_features + 1))
    nn.init.uniform_(linear.weight, -bound, bound)
    nn.init.zeros_(linear.bias)
    return linear
