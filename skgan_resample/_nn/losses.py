"""Losses as functions of tensors; `_distances.py` has the energy distance for NumPy."""

import torch

BANDWIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0)  # of the kernels of `mmd`, in units of its scale


def gradient_penalty(critic, real, fake):
    """Return the mean of (norm of the critic's gradient - 1)^2 at random points between real and fake rows.

    Source: I. Gulrajani et al., "Improved training of Wasserstein GANs", arXiv:1704.00028, 2017.
    """
    # real, fake (n, width)
    u = torch.rand(len(real), 1, device=real.device)
    between = (u * real + (1 - u) * fake).detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return (gradient.norm(dim=1) - 1).square().mean()


def median_squared_distance(rows, n_at_most=1000):
    """Return the median squared distance between different rows, or a sample of them; 1 if that is 0."""
    if len(rows) > n_at_most:
        rows = rows[torch.randperm(len(rows), device=rows.device)[:n_at_most]]
    if len(rows) < 2:
        return 1.0
    return torch.pdist(rows).square().median().item() or 1.0


def mmd(fake, real, scale, bandwidths=BANDWIDTHS, fake_pairs=None, cross_pairs=None):
    """Return the squared maximum mean discrepancy of two sets of rows, but for the term of the real ones alone.

    It is the mean kernel value over pairs of different fake rows, less twice that over pairs of a fake and a real row.
    The kernel is the mean over `bandwidths` b of exp(-d^2 / (2 b scale)) with d the Euclidean distance. Means are taken
    over the partners of each fake row, then over fake rows, so that each of these counts once. The term left out is
    constant for the fake rows: add ``self_similarity(real, ...)`` for the value itself.

    Source: A. Gretton et al., "A kernel two-sample test", JMLR 13, 2012.
    """
    # fake (n_fake, width), real (n_real, width), fake_pairs (n_fake, n_fake), cross_pairs (n_fake, n_real)
    across = _mean(_kernel(fake, real, scale, bandwidths), cross_pairs)
    return self_similarity(fake, scale, bandwidths, fake_pairs) - 2 * across


def self_similarity(rows, scale, bandwidths=BANDWIDTHS, pairs=None):
    """Return the mean kernel value between each row of a set and its partners, all others or `pairs`; see `mmd`."""
    return _mean(_kernel(rows, rows, scale, bandwidths), _different(rows, pairs))


def energy_distance(fake, real, fake_pairs=None, cross_pairs=None):
    """Return the squared energy distance of two sets of rows, but for the term of the real ones alone.

    It is twice the mean Euclidean distance over pairs of a fake and a real row, less that over pairs of different fake
    rows; means, pairs and shapes are those of `mmd`. The term left out is constant for the fake rows.

    Source: G. J. Szekely, M. L. Rizzo, "Energy statistics: a class of statistics based on distances", Journal of
    Statistical Planning and Inference 143, 2013.
    """
    across = _mean(torch.cdist(fake, real), cross_pairs)
    return 2 * across - _mean(torch.cdist(fake, fake), _different(fake, fake_pairs))


def _different(rows, pairs):
    """Return which pairs of one set count, (n, n): those of different rows, and of them only `pairs` if given."""
    different = ~torch.eye(len(rows), dtype=torch.bool, device=rows.device)
    return different if pairs is None else different & pairs


def _kernel(a, b, scale, bandwidths):
    squared = (a.square().sum(dim=1)[:, None] + b.square().sum(dim=1) - 2 * a @ b.T).clamp_min(0)
    return sum(torch.exp(squared / (-2 * bandwidth * scale)) for bandwidth in bandwidths) / len(bandwidths)


def _mean(values, pairs):
    """Return the mean over rows of the mean over the partners of each; 0 if there are none."""
    if pairs is None:
        return values.mean()
    n_partners = pairs.sum(dim=1)
    means = (values * pairs).sum(dim=1) / n_partners.clamp_min(1)
    return means.sum() / (n_partners > 0).sum().clamp_min(1)
