"""Networks that the methods share: plain multilayer perceptrons, and a generator that begins as the identity."""

from itertools import pairwise

from torch import cat, nn

SLOPE = 0.2  # of LeakyReLU below zero, the usual value for critics


def mlp(n_inputs, hidden_layer_sizes, n_outputs):
    """Return a multilayer perceptron with LeakyReLU between its linear layers.

    No batch normalisation: a gradient penalty needs the gradient of each row by itself.
    """
    sizes = [n_inputs, *hidden_layer_sizes]
    layers = []
    for n_in, n_out in pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], n_outputs))


class ResidualGenerator(nn.Module):
    """Move the first `n_moved` columns of a row, given all of them and noise; untrained, it moves nothing.

    Parameters
    ----------
    n_inputs : int
        Columns of a row.
    n_moved : int
        Leading columns that are moved; the others are handed on as they are.
    noise_dim : int
        Columns of noise.
    hidden_layer_sizes : sequence of int
    """

    def __init__(self, n_inputs, n_moved, noise_dim, hidden_layer_sizes):
        super().__init__()
        self.n_moved = n_moved
        self.move = mlp(n_inputs + noise_dim, hidden_layer_sizes, n_moved)
        nn.init.zeros_(self.move[-1].weight)
        nn.init.zeros_(self.move[-1].bias)

    def forward(self, rows, noise):
        """Return rows of shape (n, n_inputs) moved; `noise` is of shape (n, noise_dim)."""
        moved = rows[:, : self.n_moved] + self.move(cat([rows, noise], dim=1))
        return cat([moved, rows[:, self.n_moved :]], dim=1)
