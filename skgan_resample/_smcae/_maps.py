"""Maps of synthetic rows into the distribution of real ones: closed forms, and a closed form with a network behind it.

SMCAE starts from a closed form and competes with all of them. torch is imported inside functions.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.covariance import ledoit_wolf

# Our choices: they keep maps of few rows from extremes.
MIN_SHARE = 0.1  # a synthetic column is not stretched by more than the inverse of this
MIN_CLASS_ROWS = 3  # a class with fewer rows on one side is moved as all rows are
MEAN_PRIOR = 2  # rows that the map for all rows counts for in the mean of a class
RIDGE = 1e-6  # added to covariances in units of their mean variance, so that roots can be inverted
MOVED = 1e-3  # a row counts as moved by the network when a column changes by more than this


@dataclass
class AffineMap:
    """One affine map for all rows, or one for each class: ``x @ matrix + offset``.

    Matrices are of shape (n_classes, width, width), or (n_classes, width) for maps that stretch columns, offsets of
    shape (n_classes, width). With one class the map is the same for all rows.
    """

    matrices: np.ndarray
    offsets: np.ndarray

    def __call__(self, rows, membership=None):
        """Return rows of shape (n_samples, width) moved.

        `membership`, (n_samples, n_classes), holds the share of each class in each row; shares sum to one. A row is
        moved to the mean, by these shares, of where the maps of the classes would move it. Not needed with one class.
        """
        if len(self.offsets) == 1:
            return self._of_class(0, rows)
        moved = np.zeros_like(rows)
        for number in range(len(self.offsets)):
            members = np.flatnonzero(membership[:, number])
            moved[members] += membership[members, number, None] * self._of_class(number, rows[members])
        return moved

    def _of_class(self, number, rows):
        matrix = self.matrices[number]
        return (rows * matrix if matrix.ndim == 1 else rows @ matrix) + self.offsets[number]


# ------------------------------------------------------------------------------------------------ closed forms
def identity(width):
    """Return the map that moves nothing."""
    return AffineMap(np.ones((1, width)), np.zeros((1, width)))


def location_scale(synthetic, real):
    """Return the map that gives each column the mean and the standard deviation of the real one."""
    stretch = _ratio(real.std(axis=0), synthetic.std(axis=0))
    return AffineMap(stretch[None], (real.mean(axis=0) - synthetic.mean(axis=0) * stretch)[None])


def coral(synthetic, real):
    """Return the map of correlation alignment: rows are whitened and then coloured as the real ones."""
    matrix = _power(_covariance(synthetic), -0.5) @ _power(_covariance(real), 0.5)
    return AffineMap(matrix[None], (real.mean(axis=0) - synthetic.mean(axis=0) @ matrix)[None])


def linear_transport(synthetic, real, synthetic_classes=None, real_classes=None, n_classes=1, overall=None):
    """Return the optimal transport between normal distributions, for each class by itself if there are classes.

    With means m and covariances C of either side, ``x -> m_R + (x - m_S) A`` where
    ``A = C_S^-1/2 (C_S^1/2 C_R C_S^1/2)^1/2 C_S^-1/2``. `overall` is the map for all rows; None is that between the
    rows given.

    Covariances are shrunk (Ledoit and Wolf). That of a class is shrunk towards the one within classes, pooled over all
    of them, with n rows and d columns by d / (n + d). A class of fewer than three rows on one side gets the map for all
    rows.
    """
    if overall is None:
        matrix = _transport(_covariance(synthetic), _covariance(real))
        overall = AffineMap(matrix[None], (real.mean(axis=0) - synthetic.mean(axis=0) @ matrix)[None])
    if n_classes == 1:
        return overall
    sides = [(synthetic, synthetic_classes), (real, real_classes)]
    pooled = [_pooled_covariance(rows, classes, n_classes) for rows, classes in sides]
    matrices, offsets = [], []
    for number in range(n_classes):
        members = [rows[classes == number] for rows, classes in sides]
        if min(len(rows) for rows in members) < MIN_CLASS_ROWS:
            matrices.append(overall.matrices[0])
            offsets.append(overall.offsets[0])
            continue
        matrix = _transport(*(_shrunken(rows, shared) for rows, shared in zip(members, pooled)))
        matrices.append(matrix)
        offsets.append(members[1].mean(axis=0) - members[0].mean(axis=0) @ matrix)
    return AffineMap(np.array(matrices), np.array(offsets))


def with_shrunken_means(synthetic, real, synthetic_classes, real_classes, overall):
    """Return real rows, shifted so that the means of small classes are shrunk towards where one map puts them.

    The mean of a class of n real rows goes 2 / (n + 2) of the way to where `overall` moves the synthetic mean of the
    class. Means of few rows are noise, which a map would otherwise learn.
    """
    shifted = real.copy()
    for number in np.intersect1d(synthetic_classes, real_classes):
        members = real_classes == number
        expected = overall(synthetic[synthetic_classes == number].mean(axis=0, keepdims=True))
        shifted[members] += MEAN_PRIOR / (members.sum() + MEAN_PRIOR) * (expected - real[members].mean(axis=0))
    return shifted


def _ratio(real_spread, synthetic_spread):
    """Return by what synthetic columns are stretched; a synthetic column without spread is shifted only."""
    floor = MIN_SHARE * real_spread
    varies = synthetic_spread > 0
    return np.where(varies, real_spread / np.where(varies, np.maximum(synthetic_spread, floor), 1), 1.0)


def _pooled_covariance(rows, classes, n_classes):
    """Return the shrunk covariance within classes; each class takes a degree of freedom for its mean."""
    counts = np.bincount(classes, minlength=n_classes)
    means = np.array(
        [rows[classes == number].mean(axis=0) if counts[number] else rows[0] for number in range(n_classes)]
    )
    n_free = max(len(rows) - (counts > 0).sum(), 1)
    return _covariance(rows - means[classes]) * len(rows) / n_free


def _covariance(rows):
    if len(rows) < 2:
        return np.eye(rows.shape[1])
    return ledoit_wolf(rows)[0]


def _shrunken(rows, pooled):
    """Return the covariance of few rows, shrunk towards a pooled one."""
    if len(rows) < 2:
        return pooled
    share = len(rows) / (len(rows) + rows.shape[1])
    return share * np.cov(rows.T).reshape(pooled.shape) + (1 - share) * pooled


def _power(covariance, exponent):
    """Return a power of a symmetric matrix; for a negative one, eigenvalues are raised to a small positive floor."""
    values, vectors = np.linalg.eigh(covariance)
    floor = RIDGE * max(values.mean(), 1e-12) if exponent < 0 else 0.0
    return (vectors * np.maximum(values, floor) ** exponent) @ vectors.T


def _transport(synthetic, real):
    root, inverse = _power(synthetic, 0.5), _power(synthetic, -0.5)
    return inverse @ _power(root @ real @ root, 0.5) @ inverse


# ------------------------------------------------------------------------------------------------ with a network
@dataclass
class RowMap:
    """What `SMCAETransformer` fits: the map of synthetic rows, all but the weights of its network."""

    base: AffineMap  # comes first; without a network it is all
    # what the network is built from: width, columns of condition, sizes of the hidden layers, whether as in the
    # paper. None: there is no network
    architecture: tuple | None = None
    output: AffineMap | None = None  # from what the network makes to vectors
    # comes last: gives rows the spread of the real ones around the means of their classes
    stretch: AffineMap | None = None
    real_input: AffineMap | None = None  # what real rows pass before the network

    def build_network(self):
        """Return the untrained network."""
        from skgan_resample._nn.autoencoder import MultichannelAutoencoder

        width, n_condition, sizes, as_in_paper = self.architecture
        activation = "sigmoid" if as_in_paper else "silu"
        return MultichannelAutoencoder(width, n_condition, sizes, residual=not as_in_paper, activation=activation)

    def __call__(self, sample, network=None):
        """Return the vectors to which the synthetic rows of a `Sample` are moved; the network is on the CPU."""
        vectors = self.base(sample.vectors, sample.membership)
        if network is not None:
            vectors = evaluated(network.moved, self.inputs(vectors, sample))
        for further in (self.output, self.stretch):
            vectors = vectors if further is None else further(vectors, sample.membership)
        return vectors

    def network_share(self, sample, network):
        """Return the share of rows that the network moves from where the base puts them."""
        vectors = self.base(sample.vectors, sample.membership)
        moved = evaluated(network.moved, self.inputs(vectors, sample))
        return float((np.abs(moved - vectors) > MOVED).any(axis=1).mean())

    def synthetic_codes(self, sample, network):
        """Return the activations of all layers for synthetic rows, and what the left decoder makes of them."""
        rows = self.inputs(self.base(sample.vectors, sample.membership), sample)
        return evaluated(_with_codes(network, network.moved), rows)

    def real_codes(self, sample, network):
        """Return the activations of all layers for real rows, and what the right decoder makes of them."""
        return evaluated(_with_codes(network, network.rebuilt), self.real_inputs(sample))

    def rebuilt(self, sample, network):
        """Return the vectors that the right decoder makes of real rows."""
        vectors = evaluated(network.rebuilt, self.real_inputs(sample))
        return vectors if self.output is None else self.output(vectors)

    def inputs(self, vectors, sample, *, labelled=True, device="cpu"):
        """Return vectors of the rows of a sample as `Rows` for the network.

        Real rows are not labelled: their code must not depend on a class that is unknown when it is asked for.
        """
        import torch

        from skgan_resample._nn.autoencoder import Rows

        n_condition = self.architecture[1]
        condition = np.zeros((len(sample), n_condition))
        if labelled and n_condition:
            condition = sample.membership
        tensors = [torch.as_tensor(np.ascontiguousarray(part, dtype=np.float32)) for part in (vectors, condition)]
        return Rows(*(tensor.to(device) for tensor in (*tensors, torch.as_tensor(sample.classes))))

    def real_inputs(self, sample, **options):
        """Return real rows as `Rows` for the network."""
        vectors = sample.vectors if self.real_input is None else self.real_input(sample.vectors)
        return self.inputs(vectors, sample, labelled=False, **options)


def evaluated(call, rows):
    """Return what a function of the network makes of `Rows`, as an array of float64."""
    import torch

    from skgan_resample._nn.training import one_thread

    with one_thread(), torch.no_grad():
        return call(rows.vectors, rows.condition).cpu().numpy().astype(float)


def _with_codes(network, decode):
    import torch

    return lambda *rows: torch.cat([*network.codes(*rows), decode(*rows)], dim=1)
