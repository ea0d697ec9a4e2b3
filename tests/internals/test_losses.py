"""Losses against plain Python loops and cases worked out by hand."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist
from torch import nn

from skgan_resample import _distances
from skgan_resample._distances import energy_by_row
from skgan_resample._nn.losses import (
    energy_distance,
    gradient_penalty,
    median_squared_distance,
    mmd,
    self_similarity,
)


def kernel(a, b, scale, bandwidths):
    squared = sum((x - y) ** 2 for x, y in zip(a, b))
    return sum(math.exp(-squared / (2 * s * scale)) for s in bandwidths) / len(bandwidths)


def slow_mmd(fake, real, scale, bandwidths, fake_pairs, cross_pairs):
    """The definition, pair by pair."""
    within = [
        [kernel(fake[i], fake[j], scale, bandwidths) for j in range(len(fake)) if i != j and fake_pairs[i][j]]
        for i in range(len(fake))
    ]
    across = [
        [kernel(fake[i], real[j], scale, bandwidths) for j in range(len(real)) if cross_pairs[i][j]]
        for i in range(len(fake))
    ]
    parts = []
    for found in (within, across):
        means = [sum(values) / len(values) for values in found if values]  # every fake row counts once
        parts.append(sum(means) / len(means) if means else 0.0)
    return parts[0] - 2 * parts[1]


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 7), st.integers(1, 7), st.integers(1, 4), st.integers(0, 2**31 - 1))
def test_mmd_is_its_definition(n_fake, n_real, width, seed):
    rng = np.random.RandomState(seed)
    fake, real = rng.normal(size=(n_fake, width)), rng.normal(size=(n_real, width))
    fake_pairs, cross_pairs = rng.uniform(size=(n_fake, n_fake)) < 0.7, rng.uniform(size=(n_fake, n_real)) < 0.7
    bandwidths, scale = (0.5, 3.0), 1.7
    found = mmd(*map(torch.tensor, (fake, real)), scale, bandwidths, *map(torch.tensor, (fake_pairs, cross_pairs)))
    assert found.item() == pytest.approx(slow_mmd(fake, real, scale, bandwidths, fake_pairs, cross_pairs), abs=1e-12)
    everything = np.ones((n_fake, n_fake), bool), np.ones((n_fake, n_real), bool)
    found = mmd(torch.tensor(fake), torch.tensor(real), scale, bandwidths)
    assert found.item() == pytest.approx(slow_mmd(fake, real, scale, bandwidths, *everything), abs=1e-12)


@pytest.mark.slow
def test_mmd_with_its_constant_vanishes_on_average_for_one_distribution_and_not_for_two():
    rng = np.random.RandomState(0)
    same, other = [], []
    for _ in range(200):
        fake, real = (torch.tensor(rng.normal(size=(20, 2))) for _ in range(2))
        same.append((mmd(fake, real, 2.0) + self_similarity(real, 2.0)).item())
        other.append((mmd(fake + 1.0, real, 2.0) + self_similarity(real, 2.0)).item())
    error = np.std(same) / np.sqrt(len(same))
    assert abs(np.mean(same)) < 3 * error  # unbiased: pairs of a row with itself are left out
    assert np.mean(other) > 20 * error


def test_mmd_of_two_points_by_hand():
    fake, real = torch.tensor([[0.0], [2.0]]), torch.tensor([[0.0]])
    assert mmd(fake, real, scale=1.0, bandwidths=[1.0]).item() == pytest.approx(math.exp(-2) - (1 + math.exp(-2)))


@pytest.mark.parametrize("weight", [[3.0, 4.0], [0.3, 0.4], [1.0, 0.0]])
def test_gradient_penalty_of_a_linear_critic(weight):
    critic = nn.Linear(2, 1)
    with torch.no_grad():
        critic.weight.copy_(torch.tensor([weight]))
    penalty = gradient_penalty(critic, torch.randn(5, 2), torch.randn(5, 2))
    norm = math.hypot(*weight)
    assert penalty.item() == pytest.approx((norm - 1) ** 2, abs=1e-6)
    penalty.backward()
    expected = [2 * (norm - 1) * w / norm for w in weight]
    assert critic.weight.grad[0].tolist() == pytest.approx(expected, abs=1e-5)


def test_gradient_penalty_looks_between_real_and_fake_rows():
    seen = []

    def critic(rows):
        seen.append(rows.detach())
        return rows.sum(dim=1, keepdim=True)

    gradient_penalty(critic, torch.zeros(1000, 1), torch.ones(1000, 1))
    (between,) = seen
    assert 0 <= between.min() < 0.05
    assert 0.95 < between.max() <= 1
    assert 0.45 < between.mean() < 0.55


def test_median_squared_distance():
    rng = np.random.RandomState(0)
    rows = rng.normal(size=(10, 3))  # 45 pairs: the median is one of them
    slow = np.median([np.sum((rows[i] - rows[j]) ** 2) for i in range(10) for j in range(i)])
    assert median_squared_distance(torch.tensor(rows)) == pytest.approx(slow)
    assert median_squared_distance(torch.tensor(rows[:1])) == 1.0
    assert median_squared_distance(torch.zeros(4, 2)) == 1.0
    many = torch.tensor(rng.normal(size=(5000, 3)))
    assert median_squared_distance(many) == pytest.approx(median_squared_distance(many[:1500], n_at_most=1500), rel=0.1)


# ------------------------------------------------------------------------------------------------ energy distance
@pytest.mark.parametrize(("n_fake", "n_real", "width"), [(12, 9, 3), (2, 5, 1), (7, 2, 4)])
def test_the_energy_distance_of_torch_is_that_of_numpy(n_fake, n_real, width):
    rng = np.random.RandomState(n_fake)
    fake, real = rng.normal(size=(n_fake, width)), rng.normal(0.5, 1.5, size=(n_real, width))
    found = energy_distance(*map(torch.from_numpy, (fake, real))).item()
    assert found == pytest.approx(energy_by_row(real, fake).mean(), abs=1e-12)
    real_term = pdist(real).mean()
    assert found - real_term == pytest.approx(_distances.energy_distance(fake, real), abs=1e-12)


def test_the_energy_distance_counts_the_pairs_that_it_is_given():
    rng = np.random.RandomState(0)
    fake, real = rng.normal(size=(6, 2)), rng.normal(size=(5, 2))
    fake_pairs, cross_pairs = rng.uniform(size=(6, 6)) < 0.5, rng.uniform(size=(6, 5)) < 0.5
    cross_pairs[2] = False  # a row without partners does not count
    across, within = [], []
    for i in range(6):
        distances = [np.linalg.norm(fake[i] - real[j]) for j in range(5) if cross_pairs[i, j]]
        across += [np.mean(distances)] if distances else []
        distances = [np.linalg.norm(fake[i] - fake[j]) for j in range(6) if fake_pairs[i, j] and i != j]
        within += [np.mean(distances)] if distances else []
    found = energy_distance(*map(torch.from_numpy, (fake, real, fake_pairs, cross_pairs))).item()
    assert len(across) == 5
    assert found == pytest.approx(2 * np.mean(across) - np.mean(within), abs=1e-12)
