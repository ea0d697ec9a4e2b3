"""The multichannel autoencoder: objectives and gradients against formulas written out, training stage by stage."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skgan_resample._nn.autoencoder import (
    MultichannelAutoencoder,
    Rows,
    balanced,
    energy_by_class,
    guarded_step,
    paper_objective,
    paper_stages,
    reconstruction_error,
    sparsity_divergence,
)
from skgan_resample._nn.training import Adam, seeded

SIZES = (3, 2, 4)
SETTINGS = {"gamma": 1.0, "decay": 0.0, "sparsity_weight": 0.0, "sparsity": 0.1}


def rows_of(vectors, classes=None, n_condition=0, dtype=torch.float32):
    """Return `Rows`; with a condition, that of their classes."""
    vectors = torch.as_tensor(np.asarray(vectors), dtype=dtype)
    classes = torch.zeros(len(vectors), dtype=torch.int64) if classes is None else torch.as_tensor(classes)
    condition = torch.zeros(len(vectors), n_condition, dtype=dtype)
    if n_condition:
        condition = torch.eye(n_condition, dtype=dtype)[classes]
    return Rows(vectors, condition, classes)


def guarded(width=2, n_condition=0, sizes=SIZES):
    return MultichannelAutoencoder(width, n_condition, sizes, residual=True, activation="silu")


def as_in_the_paper(width=2, n_condition=0, sizes=SIZES):
    return MultichannelAutoencoder(width, n_condition, sizes, residual=False, activation="sigmoid")


# ------------------------------------------------------------------------------------------------ the network
def test_an_untrained_residual_network_moves_nothing():
    network, rows = guarded(3, 2), torch.randn(20, 3)
    condition = torch.eye(2)[torch.randint(2, (20,))]
    assert torch.equal(network.moved(rows, condition), rows)
    assert not torch.allclose(network.rebuilt(rows, condition), rows)
    with torch.no_grad():
        network.left.bias.copy_(torch.tensor([1.0, 0.0, -2.0]))
    assert torch.equal(network.moved(rows, condition), rows + torch.tensor([1.0, 0.0, -2.0]))


@pytest.mark.parametrize("make", [guarded, as_in_the_paper])
def test_the_layers_are_those_asked_for(make):
    network = make(5, 2, (4, 3, 6))
    shapes = {name: tuple(weight.shape) for name, weight in network.named_parameters() if name.endswith("weight")}
    assert shapes == {
        "encoder.0.0.weight": (4, 7),
        "encoder.1.0.weight": (3, 4),
        "encoder.2.0.weight": (6, 3),
        "left.weight": (5, 6),
        "right.weight": (5, 6),
    }
    rows, condition = torch.rand(9, 5), torch.rand(9, 2)
    assert [tuple(code.shape) for code in network.codes(rows, condition)] == [(9, 4), (9, 3), (9, 6)]
    assert network.moved(rows, condition).shape == network.rebuilt(rows, condition).shape == (9, 5)


def test_each_row_is_what_the_formula_makes_of_it():
    torch.manual_seed(0)
    network = as_in_the_paper(2, 1, (3,)).double()
    x, c = torch.rand(1, 2, dtype=torch.float64), torch.rand(1, 1, dtype=torch.float64)
    weights = {name: weight.detach().numpy() for name, weight in network.named_parameters()}
    code = squashed(np.append(x, c) @ weights["encoder.0.0.weight"].T + weights["encoder.0.0.bias"])
    for side, made in (("left", network.moved(x, c)), ("right", network.rebuilt(x, c))):
        expected = squashed(code @ weights[f"{side}.weight"].T + weights[f"{side}.bias"])
        assert made.detach().numpy()[0] == pytest.approx(expected, abs=1e-12)
    assert network.codes(x, c)[0].detach().numpy()[0] == pytest.approx(code, abs=1e-12)


def test_rows_are_taken_together_with_their_condition_and_class():
    part = rows_of(np.arange(8.0).reshape(4, 2), [0, 1, 1, 0], n_condition=2)[torch.tensor([3, 1])]
    assert len(part) == 2
    assert part.vectors.tolist() == [[6.0, 7.0], [2.0, 3.0]]
    assert part.condition.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert part.classes.tolist() == [0, 1]


# ------------------------------------------------------------------------------------------------ the objective
def squashed(values):
    return 1 / (1 + np.exp(-values))


def plain_layer(rows, weight, bias):
    return [
        [1 / (1 + math.exp(-b - sum(w * x for w, x in zip(ws, row)))) for ws, b in zip(weight, bias)] for row in rows
    ]


def plain_objective(weights, inputs, targets, *, gamma, decay, sparsity_weight, sparsity):
    """E and the errors of the two channels, number by number."""
    codes = [plain_layer(rows, weights["encoder"], weights["encoder_bias"]) for rows in inputs]
    together = codes[0] + codes[1]
    divergence = 0.0
    for unit in range(len(weights["encoder"])):
        mean = sum(code[unit] for code in together) / len(together)
        divergence += sparsity * math.log(sparsity / mean) + (1 - sparsity) * math.log((1 - sparsity) / (1 - mean))
    errors = []
    for side, code, target in zip(("left", "right"), codes, targets):
        made = plain_layer(code, weights[side], weights[f"{side}_bias"])
        squared = sum((m - t) ** 2 for row, goal in zip(made, target) for m, t in zip(row, goal))
        squares = sum(w**2 for name in ("encoder", side) for ws in weights[name] for w in ws)
        errors.append(squared / (2 * len(made)) + decay / 2 * squares + sparsity_weight * divergence)
    return errors[0] + errors[1] + gamma / 2 * (errors[0] - errors[1]) ** 2, errors


def slopes(function, weights, step=1e-5):
    """The gradient of a function of named arrays by central differences."""
    found = {}
    for name, values in weights.items():
        found[name] = np.zeros_like(values)
        for place in np.ndindex(values.shape):
            ends = []
            for sign in (1, -1):
                moved = {other: array.copy() for other, array in weights.items()}
                moved[name][place] += sign * step
                ends.append(function(moved))
            found[name][place] = (ends[0] - ends[1]) / (2 * step)
    return found


def small_case():
    """3 synthetic and 4 real rows of 2 columns; the left channel is far off, the right one less."""
    rng = np.random.RandomState(0)
    weights = {
        name: rng.normal(size=shape)
        for name, shape in {
            "encoder": (2, 2), "encoder_bias": (2,), "left": (2, 2), "left_bias": (2,), "right": (2, 2),
            "right_bias": (2,),
        }.items()
    }  # fmt: skip
    inputs = rng.uniform(size=(3, 2)), rng.uniform(size=(4, 2))
    made = [
        np.array(plain_layer(plain_layer(rows, weights["encoder"], weights["encoder_bias"]), weights[side], bias))
        for rows, side, bias in zip(inputs, ("left", "right"), (weights["left_bias"], weights["right_bias"]))
    ]
    return weights, inputs, (np.where(made[0] > 0.5, 0.0, 1.0), made[1] + 0.2)


def by_torch(weights, inputs, targets, settings):
    """The same with `paper_objective`: E, the errors, and the gradient of E."""
    leaves = {name: torch.tensor(values, requires_grad=True) for name, values in weights.items()}
    codes = [torch.sigmoid(torch.as_tensor(rows) @ leaves["encoder"].T + leaves["encoder_bias"]) for rows in inputs]
    channels = [
        (torch.sigmoid(code @ leaves[side].T + leaves[f"{side}_bias"]), torch.as_tensor(target))
        for side, code, target in zip(("left", "right"), codes, targets)
    ]
    decayed = tuple([leaves["encoder"], leaves[side]] for side in ("left", "right"))
    value, errors = paper_objective(*channels, decayed=decayed, activations=torch.cat(codes), **settings)
    value.backward()
    gradient = {name: leaf.grad.numpy() for name, leaf in leaves.items()}
    return value.item(), [error.item() for error in errors], gradient


@pytest.mark.parametrize("gamma", [0.0, 1.0, 40.0])
def test_the_objective_and_its_gradient_are_those_of_the_formula(gamma):
    weights, inputs, targets = small_case()
    settings = {"gamma": gamma, "decay": 0.05, "sparsity_weight": 0.3, "sparsity": 0.1}
    value, errors, gradient = by_torch(weights, inputs, targets, settings)
    expected, expected_errors = plain_objective(weights, inputs, targets, **settings)
    assert value == pytest.approx(expected, rel=1e-12)
    assert errors == pytest.approx(expected_errors, rel=1e-12)
    expected_gradient = slopes(lambda moved: plain_objective(moved, inputs, targets, **settings)[0], weights)
    for name in weights:
        assert gradient[name] == pytest.approx(expected_gradient[name], rel=1e-6, abs=1e-8)


def test_the_better_channel_is_unlearned_where_gamma_times_the_difference_exceeds_one():
    weights, inputs, targets = small_case()
    settings = {**SETTINGS, "gamma": 40.0}
    _, (left, right), gradient = by_torch(weights, inputs, targets, settings)
    assert 40 * (left - right) > 1
    of_channel = [
        slopes(lambda moved, k=k: plain_objective(moved, inputs, targets, **settings)[1][k], weights) for k in (0, 1)
    ]
    assert gradient["left"] == pytest.approx((1 + 40 * (left - right)) * of_channel[0]["left"], rel=1e-6, abs=1e-8)
    assert gradient["right"] == pytest.approx((1 - 40 * (left - right)) * of_channel[1]["right"], rel=1e-6, abs=1e-8)
    assert (gradient["right"] * of_channel[1]["right"] < 0).all()  # its error grows


@given(st.floats(0, 5), st.floats(0, 5), st.floats(0, 10), st.floats(0, 3))
def test_clipping_changes_the_weights_of_the_gradients_and_not_the_value(left, right, gamma, left_weight):
    """The weight of the left channel is one of its error, not of the balance."""
    weights = left_weight + gamma * (left - right), 1 - gamma * (left - right)
    for clip in (False, True):
        errors = [torch.tensor(error, dtype=torch.float64, requires_grad=True) for error in (left, right)]
        value = balanced(*errors, gamma, clip=clip, left_weight=left_weight)
        assert value.item() == pytest.approx(left_weight * left + right + gamma / 2 * (left - right) ** 2, abs=1e-9)
        value.backward()
        found = [error.grad.item() for error in errors]
        assert found == pytest.approx([max(weight, 0) if clip else weight for weight in weights], abs=1e-9)


def test_both_channels_weigh_the_same_unless_told_otherwise():
    values = [balanced(torch.tensor(2.0), torch.tensor(3.0), 1.0, clip=clip).item() for clip in (False, True)]
    assert values == [5.5, 5.5]


def test_weight_decay_counts_the_shared_weights_twice():
    shared, left, right = (torch.full((2, 2), value, requires_grad=True) for value in (1.0, 2.0, 3.0))
    rows = torch.rand(3, 2)
    settings = {**SETTINGS, "gamma": 0.0, "decay": 0.1}
    value, _ = paper_objective(
        (rows, rows), (rows, rows), decayed=([shared, left], [shared, right]), activations=None, **settings
    )
    assert value.item() == pytest.approx(0.1 / 2 * (2 * 4 * 1 + 4 * 4 + 4 * 9))
    value.backward()
    assert [weight.grad[0, 0].item() for weight in (shared, left, right)] == pytest.approx([0.2, 0.2, 0.3])


def test_sparsity_is_judged_by_the_mean_activation_of_both_channels():
    synthetic, real = torch.tensor([[0.1, 0.8]]), torch.tensor([[0.3, 0.2], [0.5, 0.5]])
    expected = sum(0.2 * math.log(0.2 / mean) + 0.8 * math.log(0.8 / (1 - mean)) for mean in (0.3, 0.5))
    assert sparsity_divergence(torch.cat([synthetic, real]), 0.2).item() == pytest.approx(expected, abs=1e-6)
    assert sparsity_divergence(torch.full((5, 3), 0.2), 0.2).item() == pytest.approx(0, abs=1e-6)
    assert torch.isfinite(sparsity_divergence(torch.tensor([[0.0, 1.0]]), 0.2))


def test_sparsity_cancels_inside_the_balance_term():
    weights, inputs, targets = small_case()
    values = {
        (gamma, weight): by_torch(weights, inputs, targets, {**SETTINGS, "gamma": gamma, "sparsity_weight": weight})[0]
        for gamma in (0.0, 10.0)
        for weight in (0.0, 2.0)
    }
    assert values[0.0, 2.0] > values[0.0, 0.0] + 0.1
    assert values[10.0, 2.0] - values[0.0, 2.0] == pytest.approx(values[10.0, 0.0] - values[0.0, 0.0])


def test_reconstruction_error_sums_over_columns_and_averages_over_rows():
    made, targets = torch.tensor([[1.0, 2.0], [0.0, 0.0]]), torch.tensor([[0.0, 0.0], [0.0, 3.0]])
    assert reconstruction_error(made, targets).item() == 0.5 * (1 + 4 + 9) / 2


# ------------------------------------------------------------------------------------------------ energy
def slow_energy(moved, real, moved_classes, real_classes):
    """Mean over moved rows with real rows in their class, pair by pair."""
    across, within = [], []
    for i, row in enumerate(moved):
        to_real = [math.dist(row, other) for other, label in zip(real, real_classes) if label == moved_classes[i]]
        to_others = [
            math.dist(row, other) for k, other in enumerate(moved) if k != i and moved_classes[k] == moved_classes[i]
        ]
        if to_real:
            across.append(sum(to_real) / len(to_real))
            if to_others:
                within.append(sum(to_others) / len(to_others))
    return 2 * (sum(across) / len(across) if across else 0) - (sum(within) / len(within) if within else 0)


@pytest.mark.parametrize(
    ("moved_classes", "real_classes"),
    [
        ([0] * 6, [0] * 5),
        ([0, 1, 0, 1, 1, 0], [1, 1, 0, 0, 0]),
        ([0, 0, 2, 2, 2, 0], [0, 1, 1, 0, 1]),  # 1 and 2 on one side only
        ([0, 1, 1, 1, 2, 1], [0, 1, 2, 2, 1]),  # single rows
        ([0] * 6, [1] * 5),
    ],
)
def test_energy_of_classes_is_its_definition(moved_classes, real_classes):
    rng = np.random.RandomState(1)
    moved, real = rng.normal(size=(6, 3)), rng.normal(size=(5, 3)) + 1
    found = energy_by_class(*map(torch.tensor, (moved, real, moved_classes, real_classes)))
    assert found.item() == pytest.approx(slow_energy(moved, real, moved_classes, real_classes), abs=1e-12)


@pytest.mark.parametrize("n_rows", [4, 40])  # torch computes distances of more than 25 rows in another way
def test_energy_of_identical_rows_has_a_finite_gradient(n_rows):
    moved = torch.full((n_rows, 3), 7.3, requires_grad=True)
    energy_by_class(moved, torch.full((n_rows, 3), 7.3), *torch.zeros(2, n_rows)).backward()
    assert torch.isfinite(moved.grad).all()


def test_energy_falls_towards_the_real_rows_and_is_lowest_at_their_spread():
    real = torch.linspace(-1, 1, 21)[:, None]
    classes = torch.zeros(21)
    values = [energy_by_class(real * scale + shift, real, classes, classes).item() for scale, shift in
              [(1, 0), (1, 1), (0.3, 0), (3, 0)]]  # fmt: skip
    assert min(values) == values[0]


# ------------------------------------------------------------------------------------------------ guarded training
class Watching:
    """An optimizer that changes nothing, so that the gradient can be read."""

    def __init__(self, network, learning_rate):
        self.network, self.learning_rate = network, learning_rate

    def zero_grad(self, set_to_none=True):
        self.network.zero_grad()

    def step(self):
        pass


def test_a_guarded_step_descends_its_formula():
    torch.manual_seed(0)
    network = guarded(2, 2).double()
    torch.nn.init.normal_(network.left.weight)
    rng = np.random.RandomState(0)
    synthetic = rows_of(rng.normal(size=(5, 2)), [0, 1, 1, 0, 1], 2, torch.float64)
    real = rows_of(rng.normal(size=(4, 2)), [0, 0, 1, 1], 2, torch.float64)
    targets, goals = torch.tensor(rng.normal(size=(5, 2))), torch.tensor(rng.normal(size=(4, 2)))
    a, b = torch.tensor([4, 0, 1, 2]), torch.tensor([3, 1, 0, 2])
    weights = {"gamma": 0.7, "pair_weight": 0.4, "energy_weight": 3.0, "identity_weight": 0.2}
    step = guarded_step(
        network, Watching(network, 1.0), synthetic=synthetic, real=real, goals=goals, targets=targets, **weights
    )
    losses = step((a, b), 0.3)
    found = {name: weight.grad.clone() for name, weight in network.named_parameters()}

    network.zero_grad()
    moved = network.moved(synthetic.vectors[a], synthetic.condition[a])
    rebuilt = network.rebuilt(real.vectors[b], real.condition[b])
    left = sum(((moved[i] - targets[a[i]]) ** 2).sum() for i in range(4)) / (2 * 4 * 2)
    right = sum(((rebuilt[i] - real.vectors[b[i]]) ** 2).sum() for i in range(4)) / (2 * 4 * 2)
    length = sum(((moved[i] - synthetic.vectors[a[i]]) ** 2).sum() for i in range(4)) / (4 * 2)
    energy = energy_by_class(moved, goals[b], synthetic.classes[a], real.classes[b]) / math.sqrt(2)
    difference = (left - right).detach()
    assert -0.4 < 0.7 * difference < 1  # nothing is clipped
    (0.4 * left + right + 0.35 * (left - right) ** 2 + 3 * energy + 0.2 * length).backward()
    assert {name: value.item() for name, value in losses.items()} == pytest.approx(
        {"left_loss": left.item(), "right_loss": right.item(), "energy": energy.item()}
    )
    for name, weight in network.named_parameters():
        assert found[name].numpy() == pytest.approx(weight.grad.numpy(), abs=1e-12)


def test_a_guarded_step_never_unlearns_the_right_channel():
    network = guarded(2)
    synthetic, real = rows_of(np.zeros((4, 2))), rows_of(np.random.RandomState(0).normal(size=(4, 2)))
    step = guarded_step(
        network, Watching(network, 1.0), synthetic=synthetic, real=real, goals=real.vectors,
        targets=torch.full((4, 2), 50.0), gamma=10.0, pair_weight=1.0, energy_weight=0.0, identity_weight=0.0,
    )  # fmt: skip
    losses = step((torch.arange(4), torch.arange(4)), 0.0)
    assert 10 * (losses["left_loss"] - losses["right_loss"]) > 1
    assert (network.right.weight.grad == 0).all()
    assert (network.left.bias.grad != 0).all()


def test_the_learning_rate_of_guarded_training_falls_to_zero_along_a_cosine():
    network = guarded(2)
    optimizer, rows = Watching(network, 0.01), rows_of(np.eye(2))
    step = guarded_step(
        network, optimizer, synthetic=rows, real=rows, goals=rows.vectors, targets=rows.vectors, gamma=0.0,
        pair_weight=1.0, energy_weight=0.0, identity_weight=0.0,
    )  # fmt: skip
    rates = []
    for progress in (0.0, 1 / 3, 0.5, 1.0):
        step((torch.arange(2), torch.arange(2)), progress)
        rates.append(optimizer.learning_rate)
    assert rates == pytest.approx([0.01, 0.0075, 0.005, 0.0])


# ------------------------------------------------------------------------------------------------ as in the paper
def errors_of_stage(network, modules, number, synthetic, real, partners, *, decay, sparsity_weight, sparsity):
    """What the two channels of a stage must report, from the weights as they are; `number` None for the fine-tuning."""
    codes = [network.codes(rows.vectors, rows.condition) for rows in (synthetic, real)]
    n_layers, common, goal = len(network.encoder), 0.0, real.vectors
    if number is None:
        encoders, decoders, code = [layer[0] for layer in network.encoder], (network.left, network.right), -1
    else:
        encoders, decoders, code = [network.encoder[number][0]], (modules["left"], modules["right"]), number
        mean = torch.cat([codes[0][number], codes[1][number]]).mean(dim=0)
        divergence = sparsity * (sparsity / mean).log() + (1 - sparsity) * ((1 - sparsity) / (1 - mean)).log()
        common = sparsity_weight * divergence.sum()
        if 0 < number < n_layers - 1:
            goal = codes[1][number - 1]
    errors = []
    for decoder, layers, target in zip(decoders, codes, (goal[partners], goal)):
        made = torch.sigmoid(decoder(layers[code]))
        squares = sum((linear.weight**2).sum() for linear in [*encoders, decoder])
        errors.append((((made - target) ** 2).sum() / 2 / len(made) + decay / 2 * squares + common).item())
    return errors


@pytest.mark.parametrize("n_condition", [0, 2])
@pytest.mark.slow
def test_the_paper_trains_layer_by_layer_and_then_everything(n_condition):
    rng = np.random.RandomState(0)
    synthetic = rows_of(rng.uniform(size=(6, 2)), [0, 1, 0, 1, 1, 0], n_condition)
    real = rows_of(rng.uniform(size=(4, 2)), [1, 1, 0, 0], n_condition)
    partners = torch.tensor([3, 0, 2, 1, 0, 3])
    costs = {"decay": 0.003, "sparsity_weight": 0.1, "sparsity": 0.2}
    names = []
    with seeded(rng):
        network = as_in_the_paper(2, n_condition)
        for number, (name, modules, step) in enumerate(
            paper_stages(network, synthetic, real, partners, learning_rate=0.01, gamma=1.0, **costs)
        ):
            names.append(name)
            before = {key: weight.clone() for key, weight in network.state_dict().items()}
            decoders = {key: modules[key].weight.clone() for key in ("left", "right") if key in modules}
            stage = number if number < 3 else None
            with torch.no_grad():
                expected = errors_of_stage(network, modules, stage, synthetic, real, partners, **costs)
            losses = [step(None, 0.0) for _ in range(150)]
            assert [losses[0]["left_loss"].item(), losses[0]["right_loss"].item()] == pytest.approx(expected, abs=1e-5)
            changed = {key for key, weight in network.state_dict().items() if not torch.equal(weight, before[key])}
            layer = {f"encoder.{number}.0.weight", f"encoder.{number}.0.bias"}
            ends = {"left.weight", "left.bias", "right.weight", "right.bias"}
            assert changed == (layer if number < 2 else layer | ends if number == 2 else set(before))
            assert all(not torch.equal(modules[key].weight, weight) for key, weight in decoders.items())
            assert modules["network"] is network
            if number == 2:
                assert (modules["left"], modules["right"]) == (network.left, network.right)
            totals = [(loss["left_loss"] + loss["right_loss"]).item() for loss in losses]
            assert totals[-1] < totals[0]
    assert names == ["layer 1", "layer 2", "layer 3", "fine-tuning"]


@pytest.mark.slow
def test_a_middle_layer_is_to_make_the_code_of_the_real_partner():
    """After the first layer the left decoder can learn the real code of a partner alone: its own would be another."""
    torch.manual_seed(0)
    synthetic, real = rows_of([[0.1, 0.9], [0.9, 0.1]]), rows_of([[0.8, 0.7], [0.2, 0.1]])
    partners = torch.tensor([1, 0])
    network = as_in_the_paper(2)
    stages = paper_stages(network, synthetic, real, partners, learning_rate=0.05, **SETTINGS)
    for _, _, step in (next(stages),):
        for _ in range(100):
            step(None, 0.0)
    _, modules, step = next(stages)
    for _ in range(1500):
        step(None, 0.0)
    codes = [network.codes(rows.vectors, rows.condition) for rows in (synthetic, real)]
    left = torch.sigmoid(modules["left"](codes[0][1]))
    assert (left - codes[1][0][partners]).abs().max() < 0.02
    assert (left - codes[1][0]).abs().max() > 0.05
    assert (left - codes[0][0]).abs().max() > 0.05
    right = torch.sigmoid(modules["right"](codes[1][1]))
    assert (right - codes[1][0]).abs().max() < 0.02


def test_weights_are_drawn_anew_within_the_bounds_of_the_paper():
    torch.manual_seed(0)
    network = as_in_the_paper(30, 0, (20, 40))
    for weight in network.parameters():
        torch.nn.init.constant_(weight, 9.0)
    rows = rows_of(np.random.RandomState(0).uniform(size=(3, 30)))
    _, modules, _ = next(paper_stages(network, rows, rows, torch.arange(3), learning_rate=0.1, **SETTINGS))
    linear = [*(layer[0] for layer in network.encoder), network.left, network.right, modules["left"], modules["right"]]
    for layer in linear:
        bound = math.sqrt(6 / (layer.in_features + layer.out_features + 1))
        assert 0.9 * bound < layer.weight.abs().max() <= bound
        assert layer.weight.min() < -0.9 * bound
        assert (layer.bias == 0).all()
    assert not torch.equal(modules["left"].weight, modules["right"].weight)


@pytest.mark.slow
def test_both_channels_of_the_paper_reach_an_affine_pair():
    rng = np.random.RandomState(0)
    real = rng.uniform(0.2, 0.8, size=(12, 1))
    order = rng.permutation(12)
    synthetic = 0.9 - real[order]  # row i is made of real row order[i]
    with seeded(rng):
        network = as_in_the_paper(1, 0, (8,))
        sides = rows_of(synthetic), rows_of(real)
        settings = {**SETTINGS, "gamma": 1.0}
        for _, _, step in paper_stages(network, *sides, torch.as_tensor(order), learning_rate=0.03, **settings):
            for _ in range(1500):
                losses = step(None, 0.0)
    mean_predictor = real.var() / 2
    assert losses["left_loss"] < 0.02 * mean_predictor
    assert losses["right_loss"] < 0.02 * mean_predictor
    moved = network.moved(sides[0].vectors, sides[0].condition).detach().numpy()
    assert moved == pytest.approx(real[order], abs=0.06)


@pytest.mark.slow
def test_a_guarded_network_reaches_an_affine_pair():
    rng = np.random.RandomState(0)
    real = rng.normal(size=(40, 2))
    synthetic = real @ np.array([[0.6, 0.5], [-0.4, 0.8]]) + np.array([1.0, -0.5])
    with seeded(rng):
        network = guarded(2, 0, (16, 4, 16))
        step = guarded_step(
            network, Adam(network.parameters(), 0.01), synthetic=rows_of(synthetic), real=rows_of(real),
            goals=rows_of(real).vectors, targets=rows_of(real).vectors, gamma=1.0, pair_weight=1.0, energy_weight=0.0,
            identity_weight=0.0,
        )  # fmt: skip
        n_steps = 500
        losses = [step((torch.arange(40), torch.arange(40)), k / n_steps) for k in range(n_steps)]
    assert losses[-1]["left_loss"] < 0.01 * losses[0]["left_loss"]
    assert losses[-1]["right_loss"] < 0.01 * losses[0]["right_loss"]
