"""How SMCAE pairs rows, trains its network and spreads what it moved."""

import itertools
import math

import numpy as np
import pytest
import torch
from _smcae_samples import options, sample_of, two_domains
from hypothesis import given
from hypothesis import strategies as st

from skgan_resample._nn import autoencoder
from skgan_resample._smcae import _pairing
from skgan_resample._smcae._fitting import _variance_ratio
from skgan_resample._smcae._maps import AffineMap, RowMap, identity
from skgan_resample._smcae._pairing import partners_of, with_steady_classes
from skgan_resample._smcae._selection import closed_form, energies
from skgan_resample._smcae._training import hidden_sizes, stretch_to, train_guarded, train_paper


def weights_of(network):
    return np.concatenate([weight.detach().numpy().ravel() for weight in network.parameters()])


# ------------------------------------------------------------------------------------------------ which row to which?
@pytest.mark.parametrize("seed", range(5))
def test_transport_pairs_are_the_cheapest_permutation(seed):
    rng = np.random.RandomState(seed)
    synthetic, real = sample_of(rng.normal(size=(5, 2))), sample_of(rng.normal(size=(5, 2)) + 1)
    cost = lambda order: sum(((synthetic.vectors[i] - real.vectors[j]) ** 2).sum() for i, j in enumerate(order))  # noqa: E731
    best = min(itertools.permutations(range(5)), key=cost)
    assert partners_of(synthetic, real, "ot", rng).tolist() == list(best)


def test_transport_with_more_synthetic_rows_is_the_cheapest_equal_use():
    rng = np.random.RandomState(0)
    synthetic, real = sample_of(rng.normal(size=(6, 2))), sample_of(rng.normal(size=(3, 2)) + 1)
    distances = ((synthetic.vectors[:, None] - real.vectors) ** 2).sum(axis=2)
    best = min(itertools.permutations([0, 0, 1, 1, 2, 2]), key=lambda order: distances[np.arange(6), order].sum())
    assert partners_of(synthetic, real, "ot", rng).tolist() == list(best)


@given(st.integers(1, 30), st.integers(1, 12), st.integers(0, 1000))
def test_transport_uses_real_rows_equally_often(n_synthetic, n_real, seed):
    rng = np.random.RandomState(seed)
    synthetic, real = sample_of(rng.normal(size=(n_synthetic, 2))), sample_of(rng.normal(size=(n_real, 2)))
    counts = np.bincount(partners_of(synthetic, real, "ot", rng), minlength=n_real)
    assert counts.sum() == n_synthetic
    assert np.ptp(counts) <= 1


@pytest.mark.parametrize("n_synthetic", [12, 30, 47])
def test_transport_in_parts_uses_real_rows_equally_often(monkeypatch, n_synthetic):
    monkeypatch.setattr(_pairing, "PLAN_ROWS", 5)
    rng = np.random.RandomState(0)
    synthetic, real = sample_of(rng.normal(size=(n_synthetic, 2))), sample_of(rng.normal(size=(20, 2)))
    counts = np.bincount(partners_of(synthetic, real, "ot", rng), minlength=20)
    assert counts.sum() == n_synthetic
    assert np.ptp(counts) <= 1


@pytest.mark.parametrize("pairing", ["ot", "nearest"])
def test_pairs_are_of_one_class(pairing, monkeypatch):
    synthetic, real = two_domains(30, 20, 4)
    real = real[real.classes != 3]
    for plan_rows in (1000, 3):
        monkeypatch.setattr(_pairing, "PLAN_ROWS", plan_rows)
        partners = partners_of(synthetic, real, pairing, np.random.RandomState(0))
        has_partner = synthetic.classes != 3
        assert (partners[~has_partner] == -1).all()
        assert np.array_equal(real.classes[partners[has_partner]], synthetic.classes[has_partner])


def test_nearest_pairs_are_the_nearest_of_the_class():
    synthetic, real = two_domains(30, 20)
    for i, partner in enumerate(partners_of(synthetic, real, "nearest", np.random.RandomState(0))):
        candidates = [j for j in range(20) if real.classes[j] == synthetic.classes[i]]
        nearest = min(candidates, key=lambda j, i=i: math.dist(synthetic.vectors[i], real.vectors[j]))
        assert partner == nearest


def test_given_pairs_are_taken_in_order():
    synthetic, real = two_domains(10, 10)
    assert partners_of(synthetic, real, "given", np.random.RandomState(0)).tolist() == list(range(10))


# ------------------------------------------------------------------------------------------------ spread
def within(sample):
    """Standard deviation within classes, loop by loop."""
    rest = []
    for number in set(sample.classes):
        rows = sample.vectors[sample.classes == number]
        rest += [row - rows.mean(axis=0) for row in rows]
    return np.sqrt(np.square(rest).sum(axis=0) / (len(rest) - len(set(sample.classes))))


def test_moved_rows_get_the_spread_of_the_real_ones_around_their_own_means():
    moved, real = two_domains(60, 45, 3)
    moved = moved.with_vectors(moved.vectors * [1.5, 1.2])
    there = moved.with_vectors(stretch_to(moved, real)(moved.vectors, moved.membership))
    assert within(there) == pytest.approx(within(real))
    for number in range(3):
        own = moved.classes == number
        assert there.vectors[own].mean(axis=0) == pytest.approx(moved.vectors[own].mean(axis=0))


def test_rows_are_spread_by_two_at_most_and_never_narrowed():
    rng = np.random.RandomState(0)
    real = sample_of(rng.normal(size=(50, 3)))
    moved = sample_of(rng.normal(size=(50, 3)) * [0.1, 5.0, 0.0])
    there = moved.with_vectors(stretch_to(moved, real)(moved.vectors))
    assert within(there) == pytest.approx(within(moved) * [2, 1, 1])
    assert np.array_equal(there.vectors[:, 1:], moved.vectors[:, 1:])


def test_rows_of_a_class_that_was_not_moved_in_fit_are_not_thrown_away_from_zero():
    rng = np.random.RandomState(0)
    moved = sample_of(0.5 * rng.normal(size=(10, 1)), [0] * 10, 2)
    real = sample_of(np.r_[rng.normal(size=(10, 1)), rng.normal(size=(10, 1)) + 10], [0] * 10 + [1] * 10, 2)
    found = stretch_to(moved, real)(np.array([[10.0]]), np.array([[0.0, 1.0]]))
    assert found[0, 0] == pytest.approx(10, abs=1)
    mean = real.vectors[10:].mean(axis=0)
    assert stretch_to(moved, real)(mean[None], np.array([[0.0, 1.0]]))[0] == pytest.approx(mean)


def test_the_variance_ratio_is_the_mean_over_classes_by_their_rows():
    rng = np.random.RandomState(0)
    real = sample_of(rng.normal(size=(24, 2)), np.repeat([0, 1, 2], [10, 10, 4]), 4)
    scales = np.array([1.0, 2.0, 100.0, 100.0])
    moved = sample_of(
        np.vstack([real.vectors[:10], real.vectors[10:20], real.vectors[10:20], real.vectors[:10]])
        * np.repeat(scales[[0, 1, 1, 3]], 10)[:, None],
        np.repeat([0, 1, 1, 3], 10), 4,
    )  # fmt: skip
    assert _variance_ratio(moved, real) == pytest.approx((10 * 1 + 20 * 4) / 30)  # classes 2 and 3 have too few rows
    assert _variance_ratio(moved[:3], real) == 1.0


def test_a_class_of_equal_real_rows_does_not_count_for_the_variance_ratio():
    real = sample_of(np.tile([1.0, 2.0], (6, 1)))
    moved = sample_of(np.random.RandomState(0).normal(size=(6, 2)))
    assert _variance_ratio(moved, real) == 1.0


# ------------------------------------------------------------------------------------------------ what is fitted
@pytest.mark.parametrize(("width", "sizes"), [(1, (16, 4, 16)), (10, (20, 10, 20)), (500, (128, 64, 128))])
def test_default_layers_grow_with_the_columns(width, sizes):
    assert hidden_sizes(None, width) == sizes


@pytest.mark.parametrize("given", [[5, 3], (5, 3), np.array([5, 3], dtype=np.int32)])
def test_given_layers_are_taken_as_they_are(given):
    sizes = hidden_sizes(given, 100)
    assert sizes == (5, 3)
    assert all(type(size) is int for size in sizes)


@pytest.mark.parametrize("given", [[], [0], [4, -1], [2.5], [4.0], ["4"], [None, 3]])
@pytest.mark.parametrize("train", [train_guarded, train_paper])
def test_layers_that_cannot_be_are_refused(given, train):
    synthetic, real = two_domains(6, 6)
    base = (identity(2),) if train is train_guarded else ()
    with pytest.raises(ValueError, match=r"hidden_layer_sizes must hold whole numbers of at least 1, .*; got \["):
        train(*base, synthetic, real, options(hidden_layer_sizes=given), np.random.RandomState(0))


def test_a_map_without_network_is_its_base():
    synthetic, real = two_domains()
    base = closed_form("linear_ot", synthetic, real)
    assert np.array_equal(RowMap(base)(synthetic), base(synthetic.vectors, synthetic.membership))


def test_an_untrained_network_leaves_rows_where_the_base_puts_them():
    synthetic, real = two_domains()
    row_map = RowMap(closed_form("linear_ot", synthetic, real), (2, 2, (5, 3), False))
    assert row_map(synthetic, row_map.build_network()) == pytest.approx(RowMap(row_map.base)(synthetic), abs=1e-6)
    spread = AffineMap(np.full((2, 2), 2.0), np.array([[0.0, 0.0], [1.0, 1.0]]))
    row_map.stretch = spread
    expected = spread(row_map.base(synthetic.vectors, synthetic.membership), synthetic.membership)
    assert row_map(synthetic, row_map.build_network()) == pytest.approx(expected, abs=1e-5)


def test_codes_of_real_rows_do_not_depend_on_their_labels():
    synthetic, real = two_domains()
    row_map = RowMap(identity(2), (2, 2, (5, 3), False))
    torch.manual_seed(0)
    network = row_map.build_network()
    others = sample_of(real.vectors, 1 - real.classes, 2)
    assert row_map.real_codes(real, network).shape == (45, 5 + 3 + 2)
    assert np.array_equal(row_map.real_codes(real, network), row_map.real_codes(others, network))
    assert np.array_equal(row_map.rebuilt(real, network), row_map.real_codes(real, network)[:, -2:])
    relabelled = sample_of(synthetic.vectors, 1 - synthetic.classes, 2)
    codes = [row_map.synthetic_codes(side, network) for side in (synthetic, relabelled)]
    assert codes[0].shape == (60, 10)
    assert np.abs(codes[0] - codes[1])[:, :8].max() > 0.01


# ------------------------------------------------------------------------------------------------ training
def test_training_brings_rows_nearer_to_held_out_ones():
    synthetic, real = two_domains(120, 80)
    training = train_guarded(
        identity(2), synthetic, real[:60], options(max_steps=200, learning_rate=0.02), np.random.RandomState(0),
        held_out=real[60:],
    )  # fmt: skip
    assert training.steps == [0, 50, 100, 150, 200]
    assert len(training.energies) == len(training.states) == 5
    gaps = [values.mean() for values in training.energies]
    floor = energies(real[:60], real[60:]).mean()
    assert gaps[-1] - floor < 0.15 * (gaps[0] - floor)
    for k, step in enumerate(training.steps):  # the network can be had as it was
        moved = synthetic.with_vectors(training.row_map(synthetic, training.network_at(step)))
        assert energies(moved, real[60:]) == pytest.approx(training.energies[k], abs=1e-5)
    assert [record["step"] for record in training.history] == training.steps


def test_a_shorter_training_is_the_beginning_of_the_longer_one():
    synthetic, real = two_domains()
    longer = train_guarded(
        identity(2), synthetic, real, options(max_steps=150), np.random.RandomState(0), held_out=real
    )
    shorter = train_guarded(identity(2), synthetic, real, options(max_steps=150), np.random.RandomState(0), n_steps=50)
    assert [record["step"] for record in shorter.history] == [0, 50]
    last = weights_of(longer.network)
    assert np.array_equal(weights_of(longer.network_at(50)), weights_of(shorter.network))
    assert not np.array_equal(last, weights_of(shorter.network))
    assert weights_of(train_guarded(
        identity(2), synthetic, real, options(max_steps=150), np.random.RandomState(0), n_steps=0
    ).network) == pytest.approx(weights_of(longer.network_at(0)))  # fmt: skip


def test_a_network_can_be_had_as_it_was_at_the_last_record_not_after_a_step():
    synthetic, real = two_domains()
    training = train_guarded(
        identity(2), synthetic, real, options(max_steps=120), np.random.RandomState(0), held_out=real
    )
    assert training.steps == [0, 50, 100, 120]
    at_records = [state["network"]["left.bias"].numpy() for state in training.states]
    assert len({weights.tobytes() for weights in at_records}) == 4
    for step, record in [(0, 0), (49, 0), (50, 1), (99, 1), (119, 2), (120, 3), (9_999, 3), (75, 1)]:
        network = training.network_at(step)
        assert np.array_equal(network.left.bias.detach().numpy(), at_records[record])
        assert not network.training


@pytest.mark.usefixtures("give_back")
@pytest.mark.parametrize("train", [train_guarded, train_paper])
def test_training_follows_its_seed_and_borrows_nothing_for_good(train):
    synthetic, real = two_domains(30, 30)
    base = (identity(2),) if train is train_guarded else ()
    found = [
        weights_of(train(*base, synthetic, real, options(max_steps=20), np.random.RandomState(seed)).network)
        for seed in (0, 0, 1)
    ]
    assert np.array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])


def test_rows_of_a_class_without_real_rows_are_to_stay_where_the_base_puts_them():
    synthetic, real = two_domains(60, 40, 3)
    real = real[real.classes != 2]
    settings = options(max_steps=200, energy_weight=0.0, learning_rate=0.02, hidden_layer_sizes=(16, 16))
    training = train_guarded(identity(2), synthetic, real, settings, np.random.RandomState(0))
    moves = training.row_map(synthetic, training.network.eval()) - synthetic.vectors
    length = [np.abs(moves[synthetic.classes == number].mean(axis=0)).max() for number in range(3)]
    assert length[2] < 0.3 * min(length[:2])


@pytest.mark.slow
def test_given_pairs_are_learned():
    rng = np.random.RandomState(0)
    real = sample_of(rng.normal(size=(40, 2)))
    synthetic = sample_of(real.vectors @ [[0.0, 1.5], [-0.5, 0.3]] + [2.0, -1.0])
    settings = options(
        "given", max_steps=500, energy_weight=0.0, learning_rate=0.02, batch_size=40, hidden_layer_sizes=(16, 16)
    )
    training = train_guarded(identity(2), synthetic, real, settings, rng)
    errors = training.row_map(synthetic, training.network.eval()) - real.vectors
    assert np.square(errors).mean() < 0.01


@pytest.mark.parametrize("pairing", ["given", "ot", "nearest"])
def test_class_means_are_drawn_for_the_left_channel_alone_and_not_for_given_pairs(pairing, monkeypatch):
    told = {}

    def listening(*args, **options):
        told.update(options)
        return guarded_step(*args, **options)

    guarded_step = autoencoder.guarded_step
    monkeypatch.setattr(autoencoder, "guarded_step", listening)
    synthetic, real = two_domains(12, 12, 3)
    train_guarded(identity(2), synthetic, real, options(pairing, max_steps=1), np.random.RandomState(0))
    drawn = with_steady_classes(synthetic, real)
    assert np.abs(drawn.vectors - real.vectors).max() > 0.1
    goals = real if pairing == "given" else drawn
    partners = partners_of(synthetic, goals, pairing, np.random.RandomState(0))
    assert told["goals"].numpy() == pytest.approx(goals.vectors, abs=1e-5)
    assert told["targets"].numpy() == pytest.approx(goals.vectors[partners], abs=1e-5)
    assert told["real"].vectors.numpy() == pytest.approx(real.vectors, abs=1e-5)


@pytest.mark.slow
def test_given_pairs_are_learned_where_there_are_classes():
    rng = np.random.RandomState(0)
    classes = np.resize([0, 1, 2], 18)
    real = sample_of(rng.normal(size=(18, 2)) + np.array([[0, 0], [6, 0], [0, 6]])[classes], classes, 3)
    synthetic = sample_of(real.vectors + np.array([[6, 0], [-6, 6], [0, -6]])[classes], classes, 3)
    settings = options(
        "given", max_steps=400, energy_weight=0.0, learning_rate=0.02, batch_size=18, hidden_layer_sizes=(16, 16)
    )
    training = train_guarded(identity(2), synthetic, real, settings, rng)
    errors = training.row_map(synthetic, training.network.eval()) - real.vectors
    for number in range(3):
        assert np.abs(errors[classes == number].mean(axis=0)).max() < 0.2


def test_the_paper_scales_each_domain_by_its_own_range():
    synthetic, real = two_domains(30, 30)
    synthetic.vectors[:, 1] = 4.0  # constant
    training = train_paper(synthetic, real, options("given", max_steps=30), np.random.RandomState(0))
    row_map = training.row_map
    assert np.ptp(row_map.base(synthetic.vectors), axis=0) == pytest.approx([1, 0])
    assert row_map.base(synthetic.vectors).min(axis=0) == pytest.approx([0, 0], abs=1e-12)
    scaled = row_map.real_input(real.vectors)
    assert [scaled.min(), scaled.max()] == pytest.approx([0, 1], abs=1e-12)
    assert row_map.output(scaled) == pytest.approx(real.vectors)
    for made in (row_map(synthetic, training.network.eval()), row_map.rebuilt(real, training.network)):
        assert (made >= real.vectors.min(axis=0)).all()
        assert (made <= real.vectors.max(axis=0)).all()
    stages = list(dict.fromkeys(record["stage"] for record in training.history))
    assert stages == ["layer 1", "layer 2", "fine-tuning"]
    assert row_map.architecture == (2, 0, (6, 4), True)
