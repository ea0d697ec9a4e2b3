"""Networks that the methods share: plain multilayer perceptrons, and a generator that begins as the identity."""

from itertools import pairwise

import torch
from torch import cat, nn

SLOPE = 0.2  # of LeakyReLU below zero, the usual value for critics


def mlp(n_inputs, hidden_layer_sizes, n_outputs):
    """Return a multilayer perceptron with LeakyReLU between its linear layers."""
    # No batch normalisation: a gradient penalty needs the gradient of each row by itself.
    sizes = [n_inputs, *hidden_layer_sizes]
    layers = []
    for n_in, n_out in pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], n_outputs))


class ResidualGenerator(nn.Module):
    """Move the first `n_moved` of the `n_inputs` columns of a row, given all of them and noise."""

    def __init__(self, n_inputs, n_moved, noise_dim, hidden_layer_sizes):
        super().__init__()
        self.n_moved = n_moved
        self.move = mlp(n_inputs + noise_dim, hidden_layer_sizes, n_moved)
        # A last layer of zeros: training starts at the candidates, and step 0 is a fallback that changes nothing.
        nn.init.zeros_(self.move[-1].weight)
        nn.init.zeros_(self.move[-1].bias)

    def forward(self, rows, noise):
        """Return rows of shape (n, n_inputs) moved; `noise` is of shape (n, noise_dim)."""
        moved = rows[:, : self.n_moved] + self.move(cat([rows, noise], dim=1))
        return cat([moved, rows[:, self.n_moved :]], dim=1)


ACTIVATIONS = {"identity": nn.Identity, "logistic": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU}

# Activations as functions, and the gradient before each from the one behind it and its values.
FORWARD = {"identity": lambda x: x, "logistic": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}
BACKWARD = {
    "identity": lambda gradient, values: gradient,
    "logistic": torch.ops.aten.sigmoid_backward,
    "tanh": torch.ops.aten.tanh_backward,
    "relu": lambda gradient, values: torch.ops.aten.threshold_backward(gradient, values, 0),
}


class TwoLogits(nn.Module):
    """The one output of a two-class network as two logits, 0 and itself."""

    def forward(self, outputs):
        """Return (n, 2) for (n, 1)."""
        return cat([torch.zeros_like(outputs), outputs], dim=1)


class SklearnMLP(nn.Sequential):
    """The network of scikit-learn's MLPClassifier or, without hidden layers, of a linear model.

    `activation` is a key of `ACTIVATIONS`; with `two_logits`, the one output is the logit of the second of two classes.
    """

    def __init__(self, n_inputs, hidden_layer_sizes, n_outputs, activation, *, two_logits):
        sizes = [n_inputs, *hidden_layer_sizes]
        layers = []
        for n_in, n_out in pairwise(sizes):
            layers += [nn.Linear(n_in, n_out), ACTIVATIONS[activation]()]
        layers.append(nn.Linear(sizes[-1], n_outputs))
        super().__init__(*layers, *([TwoLogits()] if two_logits else []))
        self.activation, self.two_logits = activation, two_logits
        self.linear = linear_layers(self)

    @torch.no_grad()
    def input_gradient(self, x, slope):
        """Return the outputs at `x` and the gradient there of something that is a function of the outputs.

        Adversarial training spends its time on this gradient, and written out it is cheaper than by autograd.
        """
        # x (n, n_inputs) -> (n, n_outputs), (n, n_inputs)
        forward, backward = FORWARD[self.activation], BACKWARD[self.activation]
        weights = [layer.weight for layer in self.linear]
        values, outputs = [], x  # behind the activation of each hidden layer, (n, n_units)
        for layer, weight in zip(self.linear[:-1], weights):
            outputs = forward(torch.addmm(layer.bias, outputs, weight.T))
            values.append(outputs)
        outputs = torch.addmm(self.linear[-1].bias, outputs, weights[-1].T)
        if self.two_logits:
            outputs = self[-1](outputs)
        gradient = slope(outputs)
        if self.two_logits:
            gradient = gradient[:, 1:]
        # From the last layer to the second; weight: (n_out, n_in), gradient: (n, n_out) -> (n, n_in)
        for weight, value in zip(weights[:0:-1], values[::-1]):
            gradient = backward(gradient @ weight, value)
        return outputs, gradient @ weights[0]


def linear_layers(network):
    """Return the linear layers of a network, in order."""
    return [layer for layer in network.modules() if isinstance(layer, nn.Linear)]


def affine_then(network, matrix, offset):
    """Return the network behind an affine map of its input, ``x @ matrix + offset``; arrays of float."""
    first = nn.utils.skip_init(nn.Linear, *matrix.shape)  # else first weights would be drawn
    with torch.no_grad():
        first.weight.copy_(torch.as_tensor(matrix.T))
        first.bias.copy_(torch.as_tensor(offset))
    return nn.Sequential(first, network).eval()


def with_weights(network, weights):
    """Load `weights`, pairs of (n_in, n_out) and (n_out,) arrays, into the linear layers of a network; return it."""
    with torch.no_grad():
        for layer, (weight, bias) in zip(linear_layers(network), weights, strict=True):
            layer.weight.copy_(torch.as_tensor(weight.T))
            layer.bias.copy_(torch.as_tensor(bias))
    return network.eval()
