"""DistGAN: which pairs are compared, what one step does, and that training moves candidates where it should."""

import numpy as np
import pytest
import torch
from torch.optim import SGD, Adam

from skgan_resample._nn.distgan import RareRows, distgan_step, held_out_mmd
from skgan_resample._nn.losses import BANDWIDTHS, mmd, self_similarity
from skgan_resample._nn.networks import ResidualGenerator, mlp
from skgan_resample._nn.training import plain_batches, restore, seeded, train
from skgan_resample.over_sampling import DistGANOptions


def rows_of(vectors, parents, bump=None):
    vectors = torch.as_tensor(np.asarray(vectors, dtype=np.float32))
    bump = torch.zeros(len(vectors), dtype=torch.int64) if bump is None else torch.as_tensor(bump)
    return RareRows(vectors, bump, torch.as_tensor(parents))


def settings(generator, critic, optimizers=None, scale=1.0, **changes):
    """Return what `distgan_step` takes beside networks and rows; `changes` are options of DistGAN."""
    if optimizers is None:
        optimizers = {"generator": SGD(generator.parameters(), 0.1), "critic": SGD(critic.parameters(), 0.1)}
    defaults = {"batch_size": 64, "noise_dim": 2, "n_critic": 2, "mmd_weight": 1.0, "anchor_weight": 0.0}
    return {"optimizers": optimizers, "scale": scale, "options": DistGANOptions(**{**defaults, **changes})}


def test_pairs_are_of_one_bump_and_unrelated_ones_share_no_parent():
    candidates = rows_of(np.zeros((4, 1)), [[0, 1], [2, -1], [-1, -1], [0, 2]], [0, 0, 0, 1])
    real = rows_of(np.zeros((4, 1)), [[0], [1], [2], [3]], [0, 0, 0, 1])
    assert candidates.pairs(real).tolist() == [[True, True, True, False]] * 3 + [[False, False, False, True]]
    assert candidates.unrelated_pairs(real).tolist() == [
        [False, False, True, False],  # made from real rows 0 and 1
        [True, True, False, False],  # made from real row 2
        [True, True, True, False],  # of unknown parents
        [False, False, False, True],
    ]


def test_untrained_generator_moves_nothing_and_never_the_columns_that_it_only_reads():
    generator = ResidualGenerator(n_inputs=5, n_moved=3, noise_dim=2, hidden_layer_sizes=(8,))
    rows = torch.randn(20, 5)
    assert torch.equal(generator(rows, torch.randn(20, 2)), rows)
    with torch.no_grad():
        generator.move[-1].bias.fill_(1.0)
    moved = generator(rows, torch.randn(20, 2))
    assert torch.allclose(moved[:, :3], rows[:, :3] + 1)
    assert torch.equal(moved[:, 3:], rows[:, 3:])


def test_a_network_has_the_layers_asked_for():
    assert [tuple(p.shape) for p in mlp(3, (5, 4), 2).parameters()] == [(5, 3), (5,), (4, 5), (4,), (2, 4), (2,)]
    assert [tuple(p.shape) for p in mlp(3, (), 2).parameters()] == [(2, 3), (2,)]


def test_one_step_without_a_critic_is_gradient_descent_on_the_mmd():
    generator, critic = ResidualGenerator(2, 2, 0, ()), mlp(2, (4,), 1)
    candidates, real = (
        rows_of([[0.0, 0.0], [0.5, 0.0]], [[0, -1], [1, -1]]),
        rows_of([[0.0, 0.0], [1.0, 0.0]], [[0], [1]]),
    )
    before = [weight.clone() for weight in critic.parameters()]
    shift = torch.zeros(2, requires_grad=True)  # the gradient of the bias is that of a common shift
    unrelated = torch.tensor([[False, True], [True, False]])
    mmd(candidates.vectors + shift, real.vectors, 1.0, BANDWIDTHS, None, unrelated).backward()
    given = settings(generator, critic, adversarial_weight=0.0, mmd_weight=3.0, noise_dim=0)
    losses = distgan_step(generator, critic, real=real, candidates=candidates, **given)(torch.arange(2), 0.0)
    assert generator.move[-1].bias.tolist() == pytest.approx((-0.1 * 3.0 * shift.grad).tolist(), abs=1e-7)
    assert generator.move[-1].bias[0].abs() > 1e-3
    assert "critic_loss" not in losses
    assert all(torch.equal(old, new) for old, new in zip(before, critic.parameters()))


def test_the_generator_climbs_the_critic():
    generator, critic = ResidualGenerator(2, 2, 0, ()), mlp(2, (), 1)
    with torch.no_grad():
        critic[-1].weight.copy_(torch.tensor([[0.6, 0.8]]))
    candidates, real = rows_of(np.zeros((4, 2)), [[-1]] * 4), rows_of(np.zeros((4, 2)), [[-1]] * 4)
    optimizers = {"generator": SGD(generator.parameters(), 0.1), "critic": SGD(critic.parameters(), 0.0)}
    given = settings(generator, critic, optimizers=optimizers, mmd_weight=0.0, adversarial_weight=2.0, noise_dim=0)
    distgan_step(generator, critic, real=real, candidates=candidates, **given)(torch.arange(4), 0.0)
    assert generator.move[-1].bias.tolist() == pytest.approx([0.1 * 2 * 0.6, 0.1 * 2 * 0.8])


@pytest.mark.parametrize(("adversarial_weight", "n_updates"), [(1.0, 3), (0.0, 0)])
def test_the_critic_is_updated_so_often_for_each_update_of_the_generator(adversarial_weight, n_updates):
    class Counting(SGD):
        n_steps = 0

        def step(self):
            self.n_steps += 1
            super().step()

    generator, critic = ResidualGenerator(2, 2, 2, (4,)), mlp(2, (4,), 1)
    rows = rows_of(np.random.RandomState(0).normal(size=(8, 2)), [[-1]] * 8)
    optimizers = {"generator": Counting(generator.parameters(), 0.1), "critic": Counting(critic.parameters(), 0.1)}
    given = settings(generator, critic, optimizers=optimizers, n_critic=3, adversarial_weight=adversarial_weight)
    step = distgan_step(generator, critic, real=rows, candidates=rows, **given)
    for _ in range(2):
        step(torch.arange(8), 0.0)
    assert {name: optimizer.n_steps for name, optimizer in optimizers.items()} == {
        "generator": 2,
        "critic": 2 * n_updates,
    }


@pytest.mark.slow
def test_the_critic_learns_to_prefer_real_rows():
    torch.manual_seed(0)
    generator, critic = ResidualGenerator(1, 1, 0, ()), mlp(1, (16,), 1)
    real, candidates = rows_of(np.ones((30, 1)), [[-1]] * 30), rows_of(-np.ones((30, 1)), [[-1]] * 30)
    optimizers = {"generator": SGD(generator.parameters(), 0.0), "critic": Adam(critic.parameters(), 0.01)}
    step = distgan_step(
        generator,
        critic,
        real=real,
        candidates=candidates,
        **settings(generator, critic, optimizers=optimizers, noise_dim=0),
    )
    for _ in range(50):
        step(torch.arange(30), 0.0)
    difference = (critic(real.vectors).mean() - critic(candidates.vectors).mean()).item()
    assert 1.5 < difference < 2.5  # a gradient of norm 1 over a distance of 2


def test_the_anchor_holds_rows_back():
    steps = []
    for anchor_weight in (0.0, 100.0):
        with seeded(np.random.RandomState(0)):
            generator, critic = ResidualGenerator(1, 1, 0, ()), mlp(1, (4,), 1)
            real, candidates = rows_of(np.ones((9, 1)), [[-1]] * 9), rows_of(np.zeros((9, 1)), [[-1]] * 9)
            optimizers = {
                name: Adam(net.parameters(), 0.01) for name, net in (("generator", generator), ("critic", critic))
            }
            given = settings(
                generator,
                critic,
                optimizers=optimizers,
                anchor_weight=anchor_weight,
                adversarial_weight=0.0,
                noise_dim=0,
            )
            step = distgan_step(generator, critic, real=real, candidates=candidates, **given)
            for _ in range(100):
                step(torch.arange(9), 0.0)
            steps.append(generator(candidates.vectors, torch.zeros(9, 0)).mean().item())
    assert steps[0] > 0.5
    assert abs(steps[1]) < 0.05


@pytest.mark.slow
def test_training_moves_shifted_candidates_onto_held_out_rows():
    rng = np.random.RandomState(0)
    real, held_out = (rows_of(rng.normal(size=(60, 3)), [[-1]] * 60) for _ in range(2))
    shifted = rng.normal(size=(200, 3)) * 0.3 + np.array([1.0, -1.0, 0.0])
    candidates = rows_of(shifted, [[-1]] * 200)
    with seeded(rng):
        generator, critic = ResidualGenerator(3, 3, 2, (32,)), mlp(3, (32,), 1)
        optimizers = {
            name: Adam(net.parameters(), 3e-3) for name, net in (("generator", generator), ("critic", critic))
        }
        given = settings(generator, critic, optimizers=optimizers, scale=6.0, adversarial_weight=0.01)
        step = distgan_step(generator, critic, real=real, candidates=candidates, **given)
        evaluate = held_out_mmd(generator, candidates, held_out, 6.0, DistGANOptions(noise_dim=2), n_rows=150)
        result = train(
            step, plain_batches(200, 64, rng), max_steps=300, evaluate=evaluate, evaluate_every=10,
            modules={"generator": generator},
        )  # fmt: skip
    restore({"generator": generator}, result.best_state)
    assert evaluate()["score"] == evaluate()["score"]  # the same rows, the same noise
    scores = [record["score"] for record in result.history]
    assert min(scores) < 0.15 * scores[0]
    moved = generator(candidates.vectors, torch.randn(200, 2)).detach().numpy()
    assert np.abs(moved.mean(axis=0)).max() < 0.5 < np.abs(shifted.mean(axis=0)).max()
    assert moved.std(axis=0).min() > 0.5 > shifted.std(axis=0).max()  # the spread is learned, too


@pytest.mark.slow
def test_leaving_parents_out_spreads_copies_where_comparing_with_parents_keeps_them():
    """Copies of the real rows match these perfectly; compared with all other rows alone they are too concentrated."""
    rng = np.random.RandomState(0)
    vectors = rng.normal(size=(25, 4))
    real = rows_of(vectors, np.arange(25)[:, None])
    copies = rows_of(np.tile(vectors, (4, 1)), np.tile(np.arange(25), 4)[:, None])
    spread = {}
    for leave_parents_out in (False, True):
        with seeded(np.random.RandomState(1)):
            generator, critic = ResidualGenerator(4, 4, 4, (32,)), mlp(4, (4,), 1)
            optimizers = {"generator": Adam(generator.parameters(), 5e-3), "critic": None}
            given = settings(
                generator, critic, optimizers=optimizers, adversarial_weight=0.0, leave_parents_out=leave_parents_out,
                noise_dim=4, scale=4.0, batch_size=100,
            )  # fmt: skip
            step = distgan_step(generator, critic, real=real, candidates=copies, **given)
            for _ in range(200):
                step(torch.arange(100), 0.0)
            moves = generator(copies.vectors, torch.randn(100, 4)) - copies.vectors
            spread[leave_parents_out] = moves.square().sum(dim=1).mean().sqrt().item()
    assert spread[True] > 2 * spread[False]


def test_held_out_score_is_the_mmd_with_its_constant():
    rng = np.random.RandomState(0)
    candidates = rows_of(rng.normal(size=(12, 2)), [[-1]] * 12, np.repeat([0, 1], [4, 8]))
    held_out = rows_of(rng.normal(size=(5, 2)), [[-1]] * 5, np.array([0, 0, 1, 1, 1]))
    generator = ResidualGenerator(2, 2, 0, (4,))
    one_kernel = DistGANOptions(noise_dim=0, mmd_bandwidths=(1.0,))
    evaluate = held_out_mmd(generator, candidates, held_out, 2.0, one_kernel, n_rows=100)
    of_bumps = []
    for bump in (0, 1):
        ours, theirs = candidates.vectors[candidates.bump == bump], held_out.vectors[held_out.bump == bump]
        of_bumps.append(mmd(ours, theirs, 2.0, (1.0,)).item() + self_similarity(theirs, 2.0, (1.0,)).item())
    expected = (4 * of_bumps[0] + 8 * of_bumps[1]) / 12
    assert float(evaluate()["score"]) == pytest.approx(expected, abs=1e-6)


def test_held_out_score_samples_candidates_of_all_bumps():
    """The first bump alone has more candidates than are compared, and yet those of the second count."""
    rng = np.random.RandomState(0)
    vectors, bump = rng.normal(size=(80, 2)), np.repeat([0, 1], 40)
    held_out = rows_of(rng.normal(size=(20, 2)), [[-1]] * 20, np.repeat([0, 1], 10))
    n_seen, one_kernel = [], DistGANOptions(noise_dim=2, mmd_bandwidths=(1.0,))

    def generator(rows, noise):
        n_seen.append((len(rows), len(noise)))
        return rows

    def score(shift):
        """Return the score of candidates with each bump shifted by its own number."""
        candidates = rows_of(vectors + np.array(shift)[bump][:, None], [[-1]] * 80, bump)
        with seeded(np.random.RandomState(0)):
            return float(held_out_mmd(generator, candidates, held_out, 2.0, one_kernel, n_rows=30)()["score"])

    assert score([0.0, 1.0]) > score([0.0, 0.0]) + 0.05
    assert score([1.0, 0.0]) > score([0.0, 0.0]) + 0.05
    assert set(n_seen) == {(30, 30)}


@pytest.mark.slow
def test_two_bumps_of_unequal_size_that_are_right_already_are_left_alone():
    """Candidates are as many in both bumps, real rows are not: each bump must be compared by itself."""
    rng = np.random.RandomState(0)
    sizes = {"real": (180, 20), "candidates": (360, 440)}
    real, candidates = (
        rows_of(rng.normal(size=(sum(n), 3)), [[-1]] * sum(n), np.repeat([0, 1], n)) for n in sizes.values()
    )
    with seeded(rng):
        generator, critic = ResidualGenerator(3, 3, 0, (32,)), mlp(3, (4,), 1)
        optimizers = {"generator": Adam(generator.parameters(), 2e-3), "critic": None}
        given = settings(
            generator, critic, optimizers=optimizers, adversarial_weight=0.0, noise_dim=0, scale=6.0, batch_size=128
        )
        step = distgan_step(generator, critic, real=real, candidates=candidates, **given)
        for indices, _ in zip(plain_batches(800, 128, rng), range(200)):
            step(indices, 0.0)
    moved = generator(candidates.vectors, torch.zeros(800, 0)).detach()
    large = moved[candidates.bump == 0].std(dim=0).mean().item()
    assert large == pytest.approx(1, abs=0.12)
