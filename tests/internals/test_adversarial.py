"""The step of adversarial training against hand-worked cases and autograd, and scikit-learn's networks in torch."""

import copy
import math

import numpy as np
import pytest
import torch
from sklearn.datasets import make_classification, make_regression
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.svm import LinearSVC
from torch import nn

from skgan_resample._nn.adversarial import SCHEDULES, Treatment, adversarial_step, penultimate
from skgan_resample._nn.attacks import Budget
from skgan_resample._nn.networks import SklearnMLP, affine_then, linear_layers, with_weights
from skgan_resample._nn.training import SGD, copied_state, restore, seeded
from skgan_resample._sklearn_networks import Architecture, settings_of, weights_of

pytestmark = pytest.mark.usefixtures("fixed_seed")
OFF = Treatment(threshold=0.0)


@pytest.fixture
def fixed_seed():
    with seeded(np.random.RandomState(0)):
        yield


def budget_of(width, eps):
    """An attacker who can move every column by `eps` and has no bounds."""
    reach, endless = torch.full((width,), float(eps)), torch.full((width,), torch.inf)
    return Budget(reach, reach, -endless, endless, torch.zeros(width), torch.full((width,), -1))


def rows_of(n, width, n_classes=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, width, generator=generator), torch.arange(n) % n_classes


def step_of(network, x, y, *, eps=0.0, treatment=OFF, weight=None, factor=None, rate=1.0, **changes):
    """Return a step of plain gradient descent; without attack unless `eps` is given."""
    settings = {
        "objective": "at",
        "trades_beta": 6.0,
        "attack_loss": "margin",
        "n_steps": 5,
        "decay": 0.0,
        "learning_rate": lambda progress: rate,
        "strength": lambda progress: 1.0,
    }
    return adversarial_step(
        network,
        optimizer=SGD(network.parameters(), rate, momentum=0.0),
        x=x,
        y=y,
        weight=torch.ones(len(x)) if weight is None else torch.tensor(weight),
        factor=torch.ones(len(x), 1) if factor is None else torch.tensor(factor)[:, None],
        budget=budget_of(x.shape[1], eps),
        treatment=treatment,
        **{**settings, **changes},
    )


def gradient(network, x, y, indices=None, progress=0.0, **settings):
    """Return what a step of rate 1 subtracts from each weight of a copy of the network, and what the step says."""
    network = copy.deepcopy(network)
    before = [parameter.detach().clone() for parameter in network.parameters()]
    indices = torch.arange(len(x)) if indices is None else torch.as_tensor(indices)
    said = step_of(network, x, y, **settings)(indices, progress)
    return [old - new.detach() for old, new in zip(before, network.parameters())], said


def gradient_of(network, loss):
    return torch.autograd.grad(loss, list(network.parameters()))


def assert_same(found, expected, **tolerance):
    tolerance = {"rtol": 1e-4, "atol": 1e-6} | tolerance
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, **tolerance)


def trained_on(network, x, y, indices=None, **settings):
    """Return the rows that the network gets for the loss of one step: the last ones it sees."""
    seen = []
    hook = network.register_forward_hook(lambda module, inputs, outputs: seen.append(inputs[0].detach().clone()))
    step_of(network, x, y, rate=1e-9, **settings)(torch.arange(len(x)) if indices is None else indices, 0.0)
    hook.remove()
    return seen[-1]


class Plain(nn.Module):
    """A network that is attacked by autograd, and whose calls can be listened to."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return self.network(x)


def linear(weight, bias=0.0):
    """Two or more logits ``x @ weight + bias``."""
    weight = torch.tensor(weight)
    layer = nn.Linear(*weight.shape)
    with torch.no_grad():
        layer.weight.copy_(weight.T)
        layer.bias.copy_(torch.as_tensor(bias).expand(weight.shape[1]))
    return layer


# ------------------------------------------------------------------------------------------------ networks
SLOPES = {
    "one output": lambda outputs: torch.eye(outputs.shape[1])[-1].expand(outputs.shape),
    "log-softmax": lambda outputs: torch.eye(outputs.shape[1])[0] - outputs.softmax(dim=1),
    "square": lambda outputs: 2 * outputs,
}
VALUES = {
    "one output": lambda outputs: outputs[:, -1],
    "log-softmax": lambda outputs: outputs.log_softmax(dim=1)[:, 0],
    "square": lambda outputs: outputs.square().sum(dim=1),
}


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("depth", [0, 1, 2, 3])
@pytest.mark.parametrize("two_logits", [False, True])
def test_the_gradient_by_hand_is_that_of_autograd(activation, depth, two_logits):
    network = SklearnMLP(4, (5, 6, 7)[:depth], 1 if two_logits else 3, activation, two_logits=two_logits).eval()
    x = torch.randn(9, 4, requires_grad=True)
    for name, slope in SLOPES.items():
        outputs = network(x)
        (expected,) = torch.autograd.grad(VALUES[name](outputs).sum(), x)
        found_outputs, found = network.input_gradient(x.detach(), slope)
        assert_same([found_outputs, found], [outputs.detach(), expected], atol=1e-5)
        assert not found.requires_grad


def test_two_logits_are_zero_and_the_output():
    network = SklearnMLP(3, (4,), 1, "relu", two_logits=True)
    x = torch.randn(5, 3)
    outputs = network(x)
    assert not outputs[:, 0].any()
    torch.testing.assert_close(outputs[:, 1:], nn.Sequential(*list(network)[:-1])(x))


SPECS = [
    *(MLPClassifier((5,), activation=name) for name in ("identity", "logistic", "tanh", "relu")),
    MLPClassifier((6, 5, 4)),
    MLPClassifier(()),
    LogisticRegression(),
    LogisticRegression(fit_intercept=False),
    LinearSVC(),
    MLPRegressor(hidden_layer_sizes=(5, 4), activation="tanh"),
    Ridge(),
    Ridge(fit_intercept=False),
    LinearRegression(),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_a_fitted_model_of_scikit_learn_says_the_same_as_a_network(spec, n_classes):
    if hasattr(spec, "max_iter"):
        spec = spec.set_params(max_iter=20, random_state=0)
    X, y = make_classification(80, 6, n_informative=4, n_classes=n_classes, random_state=0)
    if hasattr(spec, "decision_function") or isinstance(spec, MLPClassifier):
        fitted = spec.fit(X, y)
        architecture = Architecture.from_sklearn(spec, 6, n_classes)
    else:
        fitted = spec.fit(X, X[:, 0] - X[:, 1] ** 2)
        architecture = Architecture.from_sklearn(spec, 6, None)
    network = with_weights(architecture.build(), weights_of(fitted))
    with torch.no_grad():
        outputs = network(torch.as_tensor(X, dtype=torch.float32)).double().numpy()
    if hasattr(fitted, "predict_proba"):
        probabilities = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(probabilities, fitted.predict_proba(X), atol=1e-5)
    elif hasattr(fitted, "decision_function"):
        scores = outputs[:, 1] - outputs[:, 0] if n_classes == 2 else outputs
        np.testing.assert_allclose(scores, fitted.decision_function(X), atol=1e-5)
    else:
        np.testing.assert_allclose(outputs[:, 0], fitted.predict(X), rtol=1e-4, atol=1e-4)
    if hasattr(fitted, "classes_"):
        assert np.array_equal(fitted.classes_[outputs.argmax(axis=1)], fitted.predict(X))


def test_a_network_behind_an_affine_map():
    network = SklearnMLP(2, (4,), 3, "tanh", two_logits=False)
    matrix, offset = np.random.RandomState(0).normal(size=(5, 2)), np.array([1.0, -2.0])
    x = torch.randn(7, 5)
    inside = x @ torch.tensor(matrix, dtype=torch.float32) + torch.tensor(offset, dtype=torch.float32)
    torch.testing.assert_close(affine_then(network, matrix, offset)(x), network(inside))


# ------------------------------------------------------------------------------------------------ the optimizer
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_takes_the_steps_of_torch(momentum):
    ours, theirs = nn.Linear(3, 2), nn.Linear(3, 2)
    theirs.load_state_dict(ours.state_dict())
    optimizers = SGD(ours.parameters(), 0.1, momentum), torch.optim.SGD(theirs.parameters(), 0.1, momentum=momentum)
    for number in range(10):
        x = torch.randn(8, 3)
        if number == 5:  # a state put away and taken up again
            kept = copied_state({"network": ours, "optimizer": optimizers[0]})
            for _ in range(3):
                optimizers[0].zero_grad()
                ours(x).square().sum().backward()
                optimizers[0].step()
            optimizers = SGD(ours.parameters(), 0.1, momentum), optimizers[1]
            restore({"network": ours, "optimizer": optimizers[0]}, kept)
        for network, optimizer in zip((ours, theirs), optimizers):
            optimizer.zero_grad()
            network(x).square().sum().backward()
            optimizer.step()
        assert_same([p.detach() for p in ours.parameters()], [p.detach() for p in theirs.parameters()])


def test_sgd_leaves_weights_without_a_gradient_alone():
    network = nn.ModuleList([nn.Linear(2, 1), nn.Linear(2, 1)])
    before = copy.deepcopy(network)
    optimizer = SGD(network.parameters(), 0.1)
    network[0](torch.ones(1, 2)).sum().backward()
    optimizer.step()
    assert torch.equal(network[1].weight, before[1].weight)
    assert not torch.equal(network[0].weight, before[0].weight)


# ------------------------------------------------------------------------------------------------ plain steps
@pytest.mark.parametrize("n_classes", [2, 3, None])
@pytest.mark.parametrize("alpha", [0.0, 5.0])
def test_an_unattacked_step_is_that_of_scikit_learn_penalty_included(n_classes, alpha):
    """`partial_fit` on one batch is one step of SGD; of a regression scikit-learn halves the squared error."""
    common = {"hidden_layer_sizes": (5,), "solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.2, "alpha": alpha}
    if n_classes is None:
        X, y = make_regression(40, 4, random_state=0)
        model, targets = MLPRegressor(random_state=0, **common), torch.tensor(y / y.std(), dtype=torch.float32)
        X, y = X.astype(np.float64), targets.numpy()
        model.partial_fit(X, y)
    else:
        X, y = make_classification(40, 4, n_informative=3, n_redundant=0, n_classes=n_classes, random_state=0)
        model, targets = MLPClassifier(random_state=0, **common), torch.tensor(y)
        model.partial_fit(X, y, classes=np.unique(y))
    network = with_weights(Architecture.from_sklearn(model, 4, n_classes).build(), weights_of(model)).requires_grad_(
        True
    )
    model.partial_fit(X, y)
    settings = settings_of(model, len(X))
    rate = settings["learning_rate"] / (2 if n_classes is None else 1)
    step_of(network, torch.tensor(X, dtype=torch.float32), targets, rate=rate, decay=settings["decay"])(
        torch.arange(40), 0.0
    )
    for layer, (weight, bias) in zip(linear_layers(network), weights_of(model), strict=True):
        np.testing.assert_allclose(layer.weight.detach().numpy().T, weight, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(layer.bias.detach().numpy(), bias, rtol=1e-4, atol=1e-5)


def test_decay_is_for_matrices_only_and_uses_the_weights_before_the_step():
    network = SklearnMLP(3, (4,), 2, "tanh", two_logits=False)
    x, y = rows_of(6, 3)
    plain, _ = gradient(network, x, y)
    decayed, _ = gradient(network, x, y, decay=0.5)
    expected = [g + 0.5 * w.detach() if w.ndim > 1 else g for g, w in zip(plain, network.parameters())]
    assert_same(decayed, expected)


def test_a_weight_of_two_is_the_row_twice():
    network = SklearnMLP(3, (4,), 3, "tanh", two_logits=False)
    x, y = rows_of(3, 3, n_classes=3)
    weighted, _ = gradient(network, x, y, weight=[1.5, 0.75, 0.75])  # (2, 1, 1) with mean 1, as the training hands them
    repeated, _ = gradient(network, x, y, indices=[0, 0, 1, 2])
    assert_same(weighted, repeated)
    without, _ = gradient(network, x, y, weight=[1.5, 1.5, 0.0])
    assert_same(without, gradient(network, x[:2], y[:2])[0])


@pytest.mark.parametrize("attack_loss", ["mixed", "ce", "margin"])
def test_rows_are_trained_on_where_a_linear_model_hurts_most(attack_loss):
    network = linear([[1.0, -1.0], [-2.0, 2.0], [0.0, 0.0]])
    x, y = rows_of(5, 3)
    towards = torch.where(y[:, None] == 0, -1.0, 1.0) * torch.tensor([1.0, -1.0])
    moved = trained_on(network, x, y, eps=0.3, attack_loss=attack_loss, n_steps=7)
    torch.testing.assert_close(moved[:, :2], x[:, :2] + 0.3 * towards)


def test_a_regression_is_attacked_away_from_its_target():
    network = linear([[1.0], [-2.0]])
    x = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    moved = trained_on(network, x, torch.tensor([0.0, 2.0]), eps=0.3, n_steps=7)
    torch.testing.assert_close(moved, torch.tensor([[1.3, -0.3], [0.7, 0.3]]))


def test_factors_and_the_strength_of_the_moment_multiply_the_budget():
    network = linear([[1.0, -1.0]])
    x, y = torch.zeros(3, 1), torch.zeros(3, dtype=torch.long)
    moved = trained_on(network, x, y, eps=0.8, factor=[0.0, 0.5, 1.0], strength=lambda progress: 0.25)
    torch.testing.assert_close(moved[:, 0], torch.tensor([0.0, -0.1, -0.2]))


def test_rate_and_strength_follow_the_progress():
    network = linear([[1.0, -1.0]])
    x, y = torch.full((1, 1), 0.5), torch.zeros(1, dtype=torch.long)
    full, _ = gradient(network, x, y, progress=0.5)
    half, _ = gradient(network, x, y, progress=0.5, learning_rate=lambda progress: progress)
    assert_same(half, [g / 2 for g in full])
    asked = []
    gradient(network, x, y, progress=0.125, strength=lambda progress: asked.append(progress) or 1.0)
    assert asked == [0.125]


def test_schedules_by_hand():
    assert [SCHEDULES["step"](p) for p in (0, 0.49, 0.5, 0.74, 0.75, 0.99)] == [1, 1, 0.1, 0.1, 0.01, 0.01]
    assert [round(SCHEDULES["cosine"](p), 6) for p in (0, 1 / 3, 0.5, 1)] == [1, 0.75, 0.5, 0]
    assert {SCHEDULES["constant"](p) for p in (0, 0.5, 0.99)} == {1}


@pytest.mark.parametrize("used", [True, False], ids=["frozen", "unused"])
@pytest.mark.parametrize("awp_gamma", [None, 0.01])
def test_a_module_may_hold_weights_that_have_no_gradient(used, awp_gamma):
    class Some(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Linear(3, 3), nn.Linear(3, 2)
            self.first.requires_grad_(not used)

        def forward(self, x):
            return self.last(self.first(x) if used else x)

    x, y = rows_of(4, 3)
    moved, _ = gradient(Some(), x, y, eps=0.1, treatment=Treatment(0.0, awp_gamma=awp_gamma), decay=0.1)
    assert not moved[0].any()
    assert moved[2].any()


# ------------------------------------------------------------------------------------------------ treatments
def easy_and_hard():
    """A network with two logits and rows whose losses are known: log(1 + exp(-lead))."""
    network = linear([[0.5, -0.5], [0.0, 0.0]])
    leads = torch.tensor([3.0, -1.0, 2.0, 0.0])
    x = torch.column_stack([leads, torch.tensor([1.0, 2.0, 3.0, 4.0])])
    losses = [math.log1p(math.exp(-lead)) for lead in leads.tolist()]
    return network, x, torch.zeros(4, dtype=torch.long), losses


def test_small_losses_count_for_more_and_large_ones_as_they_are():
    network, x, y, losses = easy_and_hard()
    threshold = 0.5
    for row, loss in enumerate(losses):
        one = slice(row, row + 1)
        plain, _ = gradient(network, x[one], y[one])
        scaled, said = gradient(network, x[one], y[one], treatment=Treatment(threshold, loss_scale=True))
        assert_same(scaled, [g * max(1.0, threshold / loss) for g in plain])
        assert said["small_loss_fraction"] == (loss < threshold)
    _, said = gradient(network, x, y, treatment=Treatment(threshold))
    assert said["small_loss_fraction"] == 0.5
    assert said["train_loss"].item() == pytest.approx(np.mean(losses), rel=1e-5)


def test_a_loss_of_next_to_nothing_is_scaled_by_a_limited_number():
    network = linear([[0.5, -0.5]])
    x, y = torch.tensor([[15.0], [1e4]]), torch.zeros(2, dtype=torch.long)
    plain, said = gradient(network, x[:1], y[:1])
    assert 0 < said["train_loss"] < 1e-6
    scaled, _ = gradient(network, x[:1], y[:1], treatment=Treatment(0.5, loss_scale=True))
    assert_same(scaled, [g * 0.5e6 for g in plain], rtol=1e-3, atol=1e-3)
    nothing, said = gradient(network, x[1:], y[1:], treatment=Treatment(0.5, loss_scale=True))
    assert all(g.isfinite().all() for g in nothing)
    assert said["train_loss"].isfinite()


def test_only_small_loss_rows_are_attacked_more_strongly():
    network, x, y, _ = easy_and_hard()
    treatment = Treatment(0.5, attack_strength=3.0)
    moved = trained_on(network, x, y, eps=0.1, treatment=treatment)
    under_attack = [math.log1p(math.exp(-(lead - 0.1))) for lead in x[:, 0].tolist()]
    expected = [0.3 if loss < 0.5 else 0.1 for loss in under_attack]
    assert set(expected) == {0.1, 0.3}
    torch.testing.assert_close(x[:, 0] - moved[:, 0], torch.tensor(expected))
    unattacked = trained_on(network, x, y, eps=0.1, treatment=treatment, factor=[0.0] * 4)
    torch.testing.assert_close(unattacked, x)


def test_adversarial_weight_perturbation_takes_the_gradient_elsewhere_and_leaves_nothing():
    network = SklearnMLP(3, (4,), 2, "tanh", two_logits=False)
    x, y = rows_of(6, 3)
    gamma = 0.3
    elsewhere = copy.deepcopy(network)
    first = gradient_of(network, nn.functional.cross_entropy(network(x), y))
    with torch.no_grad():
        for w, g in zip(elsewhere.parameters(), first):
            if w.ndim > 1:
                w += gamma * w.norm() * g / g.norm()
    expected = gradient_of(elsewhere, nn.functional.cross_entropy(elsewhere(x), y))
    found, said = gradient(network, x, y, treatment=Treatment(0.0, awp_gamma=gamma))
    assert_same(found, expected, atol=2e-6)
    assert said["train_loss"] > nn.functional.cross_entropy(network(x), y)
    with_decay, _ = gradient(network, x, y, treatment=Treatment(0.0, awp_gamma=gamma), decay=0.5)
    moved = [g + 0.5 * w.detach() if w.ndim > 1 else g for g, w in zip(expected, network.parameters())]
    assert_same(with_decay, moved, atol=2e-6)  # the decay is that of the weights themselves
    still = copy.deepcopy(network)
    step_of(still, x, y, treatment=Treatment(0.0, awp_gamma=gamma), rate=0.0)(torch.arange(6), 0.0)
    assert_same([w.detach() for w in still.parameters()], [w.detach() for w in network.parameters()], rtol=1e-6)


def divergence_in_words(clean, attacked):
    """KL(clean || attacked), one row and one class after the other."""
    total = []
    for a, b in zip(clean.tolist(), attacked.tolist()):
        p, q = ([math.exp(v) / sum(map(math.exp, row)) for v in row] for row in (a, b))
        total.append(sum(pi * math.log(pi / qi) for pi, qi in zip(p, q)))
    return np.array(total)


def test_trades_is_the_clean_loss_and_beta_times_the_divergence():
    network = Plain(SklearnMLP(3, (4,), 3, "tanh", two_logits=False))
    x, y = rows_of(9, 3, n_classes=3)
    seen = []
    listening = copy.deepcopy(network)
    listening.register_forward_hook(lambda module, inputs, outputs: seen.append(inputs[0].detach().clone()))
    step = step_of(listening, x, y, eps=0.5, objective="trades", trades_beta=4.0)
    said = step(torch.arange(9), 0.0)
    (moved,) = [rows for rows in seen[-2:] if not torch.equal(rows, x)]
    with torch.no_grad():
        clean, attacked = network(x), network(moved)
    divergence = divergence_in_words(clean, attacked)
    assert divergence.mean() > 1e-3
    expected = nn.functional.cross_entropy(clean, y).item() + 4.0 * divergence.mean()
    assert said["train_loss"].item() == pytest.approx(expected, rel=1e-4)
    calm = np.mean([divergence_in_words(clean, network(x + 0.5 * torch.randn_like(x).sign())).mean() for _ in range(5)])
    assert divergence.mean() > calm  # the attack looks for divergence


def test_trades_learns_through_both_predictions():
    network = SklearnMLP(3, (4,), 3, "tanh", two_logits=False)
    x, y = rows_of(4, 3, n_classes=3)
    listening, seen = Plain(copy.deepcopy(network)), []
    listening.register_forward_hook(lambda module, inputs, outputs: seen.append(inputs[0].detach().clone()))
    found, _ = gradient(listening, x, y, eps=0.5, objective="trades")  # its copy listens too
    (moved,) = [rows for rows in seen[-2:] if not torch.equal(rows, x)]
    clean, attacked = network(x).log_softmax(dim=1), network(moved).log_softmax(dim=1)
    loss = -clean[torch.arange(4), y] + 6.0 * (clean.exp() * (clean - attacked)).sum(dim=1)
    assert_same(found, gradient_of(network, loss.mean()), atol=1e-5)


def test_trades_of_a_regression_is_the_squared_difference():
    network = linear([[1.0], [-2.0]])
    x, y = torch.tensor([[1.0, 0.0]]), torch.tensor([0.5])
    _, said = gradient(network, x, y, eps=0.1, objective="trades", trades_beta=2.0, n_steps=7)
    assert said["train_loss"].item() == pytest.approx(0.5**2 + 2.0 * 0.3**2, rel=1e-4)


def test_a_batch_can_be_changed_with_what_is_known_of_its_losses():
    """A study takes the attack off small-loss rows, and leaves out row 3."""
    network, x, y, losses = easy_and_hard()
    small = torch.tensor([loss < 0.5 for loss in losses])
    seen = []

    def change_batch(rows, moved, weights, is_small):
        seen.append(is_small)
        return torch.where(is_small[:, None], rows, moved), weights * (torch.arange(4) != 3)

    treatment = Treatment(0.5, change_batch=change_batch)
    moved = trained_on(network, x, y, eps=0.1, treatment=treatment)
    assert torch.equal(seen[0], small)
    torch.testing.assert_close(x[:, 0] - moved[:, 0], torch.where(small, 0.0, 0.1))
    found, _ = gradient(network, x, y, treatment=treatment)
    assert_same(found, gradient(network, x, y, weight=[1.0, 1.0, 1.0, 0.0])[0])


@pytest.mark.parametrize("n_inputs", [3, 1])
def test_the_last_hidden_layer_is_what_the_last_layer_gets(n_inputs):
    network = SklearnMLP(n_inputs, (4, 5), 1, "relu", two_logits=True)
    x = torch.randn(6, n_inputs)
    torch.testing.assert_close(penultimate(network, x), nn.Sequential(*list(network)[:4])(x).detach())
    assert penultimate(nn.Flatten(), x) is None
    assert not network[4]._forward_pre_hooks
