"""Attacks against a slow checker of what is allowed, closed forms for linear models, and exhaustive search."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from skgan_resample._nn.attacks import (
    Budget,
    OneHotBlock,
    adaptive_pgd,
    cross_entropy,
    downward,
    gradient_of,
    margin,
    mixed,
    pgd,
    squared_error,
    strongest,
    targeted_margin,
    upward,
)
from skgan_resample._nn.networks import SklearnMLP
from skgan_resample._nn.training import seeded

pytestmark = pytest.mark.usefixtures("fixed_seed")


@pytest.fixture
def fixed_seed():
    with seeded(np.random.RandomState(0)):
        yield


def budget_of(width, **parts):
    """Eps 1 for all columns and no bounds, but for `parts`."""
    defaults = {
        "left": np.ones(width),
        "right": np.ones(width),
        "low": np.full(width, -np.inf),
        "high": np.full(width, np.inf),
        "grid": np.zeros(width),
    }
    arrays = {name: torch.tensor(parts.pop(name, default), dtype=torch.float32) for name, default in defaults.items()}
    indicator = torch.tensor(parts.pop("indicator", np.full(width, -1)))
    return Budget(**arrays, indicator=indicator, **parts)


def block_of(columns, on=None, off=None):
    on = [1.0] * len(columns) if on is None else on
    off = [0.0] * len(columns) if off is None else off
    return OneHotBlock(torch.tensor(columns), torch.tensor(on), torch.tensor(off))


def linear(weight, offset=0.0):
    """The network ``x @ weight + offset``; weight of shape (width, n_outputs)."""
    weight, offset = torch.tensor(weight, dtype=torch.float32), torch.tensor(offset, dtype=torch.float32)
    return lambda x: x @ weight + offset


def two_classes(w, lead):
    """A network by which a row of class 0 leads by ``lead - x @ w``: its margin is ``x @ w - lead``."""
    w = np.asarray(w, dtype=float)
    return linear(np.column_stack([-w, np.zeros_like(w)]), [lead, 0.0])


def mlp(width, n_outputs, hidden=8, scale=1.0):
    network = nn.Sequential(nn.Linear(width, hidden), nn.Tanh(), nn.Linear(hidden, n_outputs)).eval()
    with torch.no_grad():
        network[2].weight.mul_(scale)
    return network


# ------------------------------------------------------------------------------------------------------ what is allowed
def category_of(row, columns, on, off):
    """Position of the only category of a block, None if there is not exactly one."""
    is_on = [abs(row[c] - a) < 1e-3 for c, a in zip(columns, on)]
    is_off = [abs(row[c] - b) < 1e-3 for c, b in zip(columns, off)]
    return is_on.index(True) if sum(is_on) == 1 and sum(is_off) == len(columns) - 1 else None


def violations(x, x_adv, budget, factor):
    """What is wrong with attacked rows, read off the words of `Budget` with plain loops."""
    found = []
    left, right, low, high, grid = (
        getattr(budget, name).double().tolist() for name in ("left", "right", "low", "high", "grid")
    )
    indicator = budget.indicator.tolist()
    blocks = [(block.columns.tolist(), block.on.tolist(), block.off.tolist()) for block in budget.blocks]
    in_block = {c for columns, _, _ in blocks for c in columns}
    for i, (old, new) in enumerate(zip(x.double().tolist(), x_adv.double().tolist())):
        f = factor[i]
        shares = rounding = 0.0
        if f == 0 and old != new:
            found.append(f"row {i} has no budget, but changed")
        for j in range(len(old)):
            if j in in_block:
                continue
            move, noise = new[j] - old[j], 2e-6 * (1 + abs(old[j]))
            missing = indicator[j] >= 0 and old[indicator[j]] > 0.5
            down, up = f * left[j], f * right[j]
            if grid[j] > 0:
                if budget.norm == "linf":  # of a ball, several columns use a part each
                    down, up = (np.floor(side / grid[j] + 1e-4) * grid[j] for side in (down, up))
                steps = move / grid[j]
                if abs(steps - round(steps)) > 1e-3:
                    found.append(f"cell {i}, {j} moved by {steps} steps")
            if (missing or down == up == 0) and new[j] != old[j]:
                found.append(f"cell {i}, {j} must not move")
            if not -down - noise <= move <= up + noise:
                found.append(f"cell {i}, {j} moved by {move}, allowed {-down} to {up}")
            # A bound is for a row inside it; outside, where the row stands is the bound.
            slack = noise + 1e-3 * grid[j]
            if new[j] < min(low[j], old[j]) - slack or new[j] > max(high[j], old[j]) + slack:
                found.append(f"cell {i}, {j} left its bounds")
            reach = up if move > 0 else down
            if reach > 0:
                shares += (move / reach) ** 2
                rounding += 2 * abs(move / reach) * 1e-6 * (1 + abs(old[j])) / reach  # of a move in single precision
        # Rounding to a step may cost 1e-4 of it.
        if budget.norm == "l2" and shares > 1 + rounding + (5e-4 if max(grid) > 0 else 1e-5):
            found.append(f"row {i} has a squared length of {shares}")
        n_switched = 0
        for columns, on, off in blocks:
            same = all(old[c] == new[c] for c in columns)
            n_switched += not same
            if category_of(old, columns, on, off) is None and not same:
                found.append(f"row {i} has no single category in {columns}, but changed it")
            if category_of(old, columns, on, off) is not None and category_of(new, columns, on, off) is None:
                found.append(f"row {i} lost its category in {columns}")
        if n_switched > budget.max_switches:
            found.append(f"row {i} has {n_switched} switches")
    return found


WIDTH, N_NUMBERS = 11, 5  # five numbers, an indicator, a block of three categories, a pair that was made one-hot before


def random_case(seed, norm, max_switches):
    """A budget with everything in it, rows for it, and a factor a row."""
    rng = np.random.RandomState(seed)
    left, right = np.zeros(WIDTH), np.zeros(WIDTH)
    left[:N_NUMBERS], right[:N_NUMBERS] = rng.uniform(0, 2, (2, N_NUMBERS)) * (rng.uniform(size=(2, N_NUMBERS)) < 0.8)
    grid = np.zeros(WIDTH)
    grid[:2] = rng.choice([0.0, 0.25, 0.7], size=2)
    low, high = np.full(WIDTH, -np.inf), np.full(WIDTH, np.inf)
    bounded = rng.uniform(size=N_NUMBERS) < 0.5
    low[:N_NUMBERS][bounded], high[:N_NUMBERS][bounded] = -rng.uniform(0, 1.5), rng.uniform(0, 1.5)
    indicator = np.full(WIDTH, -1)
    indicator[2] = 5
    blocks = (block_of([6, 7, 8]), block_of([9, 10], on=[2.0, 0.5], off=[-0.5, -2.0]))
    budget = budget_of(
        WIDTH, left=left, right=right, low=low, high=high, grid=grid, indicator=indicator, norm=norm, blocks=blocks,
        max_switches=max_switches,
    )  # fmt: skip
    n = 12
    x = np.zeros((n, WIDTH))
    x[:, :N_NUMBERS] = rng.normal(scale=1.5, size=(n, N_NUMBERS))  # some rows lie outside the bounds
    x[:, 5] = rng.uniform(size=n) < 0.3
    x[np.arange(n), 6 + rng.randint(3, size=n)] = 1.0
    one = rng.randint(2, size=n)
    x[:, 9], x[:, 10] = np.where(one == 0, 2.0, -0.5), np.where(one == 1, 0.5, -2.0)
    x[0, 6:9] = 0.0  # missing
    x[1, 6:9] = [1.0, 1.0, 0.0]  # two categories
    x[2, 9:11] = [0.9, -2.0]  # neither on nor off
    factor = rng.choice([0.0, 0.5, 1.0, 1.5], size=n)
    return budget, torch.tensor(x, dtype=torch.float32), factor


AIMS = [cross_entropy, margin, mixed, targeted_margin, squared_error, upward, downward]


@pytest.mark.parametrize("aim", AIMS)
@settings(deadline=None, max_examples=4)
@given(st.integers(0, 10**6), st.sampled_from(["linf", "l2"]), st.sampled_from([0, 1, 2]))
@pytest.mark.slow
def test_no_search_leaves_the_budget(aim, seed, norm, max_switches):
    budget, x, factor = random_case(seed, norm, max_switches)
    torch.manual_seed(seed)
    n = len(x)
    if aim in (squared_error, upward, downward):
        network, y = mlp(WIDTH, 1, scale=5.0), torch.randn(n)
    else:
        network, y = mlp(WIDTH, 3, scale=5.0), torch.randint(3, (n,))
    y = torch.stack([y, (y + 1) % 3], dim=1) if aim is targeted_margin else y
    of_rows = torch.tensor(factor, dtype=torch.float32)[:, None]
    for start in ("random", "centre"):
        found = pgd(network, x, y, budget, aim, n_steps=4, factor=of_rows, start=start)
        assert violations(x, found, budget, factor) == []
    found = pgd(network, x, y, budget, aim, n_steps=4, factor=1.5)  # a number for all rows
    assert violations(x, found, budget, np.full(n, 1.5)) == []
    for start in (None, budget.random_start(x)):
        found, _ = adaptive_pgd(network, x, y, budget, aim, n_steps=6, factor=of_rows, start=start)
        assert violations(x, found, budget, factor) == []


@pytest.mark.parametrize("is_classifier", [True, False])
@settings(deadline=None, max_examples=6)
@given(st.integers(0, 10**6), st.sampled_from(["linf", "l2"]), st.sampled_from([0, 1, 2]))
@pytest.mark.slow
def test_the_strongest_search_stays_in_the_budget(is_classifier, seed, norm, max_switches):
    budget, x, factor = random_case(seed, norm, max_switches)
    torch.manual_seed(seed)
    network, n = mlp(WIDTH, 3 if is_classifier else 1, scale=5.0), len(x)
    y = network(x).argmax(dim=1) if is_classifier else torch.randn(n)
    of_rows = torch.tensor(factor, dtype=torch.float32)[:, None]
    for thorough in (True, False):
        found, _ = strongest(
            network, x, y, budget, is_classifier=is_classifier, n_steps=6, factor=of_rows, n_rounds=4 * thorough
        )
        assert violations(x, found, budget, factor) == []


def test_the_checker_sees_each_violation():
    blocks = (block_of([4, 5]),)
    budget = budget_of(
        6, left=[1, 1, 1, 0, 0, 0], right=[1, 1, 1, 0, 0, 0], low=[-1] * 6, grid=[0, 0.5, 0, 0, 0, 0],
        indicator=[-1, -1, 3, -1, -1, -1], norm="l2", blocks=blocks, max_switches=0,
    )  # fmt: skip
    x = torch.tensor([[0.0, 0.0, 0.0, 1.0, 1.0, 0.0]])
    assert violations(x, x, budget, [1.0]) == []
    for column, value in [(0, 1.1), (0, -1.1), (1, 0.3), (2, 0.1), (4, 0.0), (3, 0.0)]:
        moved = x.clone()
        moved[0, column] = value
        assert violations(x, moved, budget, [1.0])
    assert violations(x, x + torch.tensor([[0.9, 0.5, 0, 0, 0, 0]]), budget, [1.0])  # the ball
    assert violations(x, x + torch.tensor([[0.1, 0, 0, 0, 0, 0]]), budget, [0.0])
    assert violations(x, x[:, [0, 1, 2, 3, 5, 4]], budget, [1.0])  # a switch too many


def test_a_row_outside_its_bounds_comes_back_if_that_pays_and_never_goes_further_out():
    budget = budget_of(2, low=[0, 0], high=[1, 1])
    x = torch.tensor([[3.0, 3.0], [-2.0, -2.0], [0.5, 0.5]])
    found, _ = strongest(
        two_classes([1.0, -1.0], 50.0), x, torch.zeros(3, dtype=torch.long), budget, is_classifier=True, n_steps=10
    )
    assert found.tolist() == [[3.0, 2.0], [-1.0, -2.0], [1.0, 0.0]]


def test_whole_steps_are_reached_where_they_are_small_beside_the_numbers():
    step = 1e-4  # an integer column with a standard deviation of ten thousand
    budget = budget_of(1, left=[step], right=[step], grid=[step])
    x = torch.linspace(-3, 3, 41)[:, None]
    found = pgd(two_classes([1.0], 10.0), x, torch.zeros(41, dtype=torch.long), budget, margin, n_steps=4)
    assert ((found - x) / step).round().tolist() == [[1.0]] * 41
    # Neither does a quotient that is a little less than a whole number lose a step.
    rng = np.random.RandomState(0)
    grid, count = rng.uniform(0.01, 3, 300), rng.randint(1, 50, 300)
    budget = budget_of(300, left=grid * count, right=grid * count, grid=grid)
    moved, _ = budget.place(torch.zeros(1, 300), torch.ones(1, 300), budget.reach(torch.zeros(1, 300)))
    np.testing.assert_allclose(moved.numpy()[0] / grid, count, rtol=1e-5)


# --------------------------------------------------------------------------------------------------------- closed forms
def worst_move(w, x, left, right, low, high, norm):
    """The move that makes ``move @ w`` largest, for one row, in NumPy."""
    up = np.minimum(right, np.maximum(high - x, 0))
    down = np.minimum(left, np.maximum(x - low, 0))
    side, limit = np.where(w > 0, right, left), np.where(w > 0, up, down)
    if norm == "linf":
        return np.sign(w) * limit
    gain = np.abs(w) * side
    cap = np.divide(limit, side, out=np.zeros_like(limit), where=side > 0)
    if np.sum(np.where(gain > 0, cap, 0) ** 2) <= 1:
        return np.sign(w) * limit
    small, large = 0.0, 1e12  # shares min(t * gain, cap) of length 1
    for _ in range(200):
        t = (small + large) / 2
        small, large = (t, large) if np.sum(np.minimum(t * gain, cap) ** 2) < 1 else (small, t)
    return np.sign(w) * side * np.minimum(t * gain, cap)


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("bounded", [False, True])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.slow
def test_a_linear_model_is_attacked_by_the_closed_form(norm, bounded, seed):
    rng = np.random.RandomState(seed)
    width, n = 5, 30
    w, x = rng.normal(size=width), rng.uniform(0, 1, (n, width))
    left, right = rng.uniform(0.2, 1, (2, width))
    left[0], right[1] = 0.0, 0.0  # one way only
    low, high = (np.zeros(width), np.ones(width)) if bounded else (np.full(width, -np.inf), np.full(width, np.inf))
    x[0] = 1.5  # outside
    network = two_classes(w, lead=12.0)
    budget = budget_of(width, left=left, right=right, low=low, high=high, norm=norm)
    rows, y = torch.tensor(x, dtype=torch.float32), torch.zeros(n, dtype=torch.long)
    for factor in (1.0, 0.5):
        moves = np.array([worst_move(w, row, factor * left, factor * right, low, high, norm) for row in x])
        if not bounded and norm == "l2":
            eps = factor * np.where(w > 0, right, left)
            np.testing.assert_allclose(moves, np.tile(eps**2 * w / np.linalg.norm(eps * w), (n, 1)), atol=1e-9)
        of_rows = torch.full((n, 1), factor)
        found = {
            "strongest": strongest(network, rows, y, budget, is_classifier=True, n_steps=20, factor=of_rows)[0],
            "quick": strongest(network, rows, y, budget, is_classifier=True, n_steps=20, factor=of_rows, n_rounds=0)[0],
            "cross-entropy": adaptive_pgd(network, rows, y, budget, cross_entropy, n_steps=20, factor=of_rows)[0],
            "pgd": pgd(network, rows, y, budget, margin, n_steps=20, factor=of_rows),
            "centre": pgd(network, rows, y, budget, margin, n_steps=20, factor=of_rows, start="centre"),
        }
        for name, x_adv in found.items():
            gain, best = (x_adv.numpy() - x) @ w, moves @ w
            assert (gain <= best + 1e-5).all(), name
            assert (gain >= 0.99 * best - 1e-6).all(), name
            if norm == "linf":  # nothing else is as good; in a ball, the last digits of a step are worth nothing
                np.testing.assert_allclose(x_adv.numpy(), x + moves, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.slow
def test_several_classes_fall_to_the_worst_of_the_closed_forms(norm):
    rng = np.random.RandomState(0)
    width, n, n_classes = 4, 120, 4
    weight, x = rng.normal(size=(width, n_classes)), rng.normal(size=(n, width))
    eps = rng.uniform(0.05, 0.5, width)
    rows = torch.tensor(x, dtype=torch.float32)
    outputs = x @ weight
    y = outputs.argmax(axis=1)
    free = np.full(width, -np.inf), np.full(width, np.inf)
    best = np.full(n, -np.inf)
    for i in range(n):
        for k in range(n_classes):
            if k != y[i]:
                w = weight[:, k] - weight[:, y[i]]
                best[i] = max(best[i], (x[i] + worst_move(w, x[i], eps, eps, *free, norm)) @ w)
    _, badness = strongest(
        linear(weight), rows, torch.tensor(y), budget_of(width, left=eps, right=eps, norm=norm), is_classifier=True,
        n_steps=30,
    )  # fmt: skip
    badness, clear = badness.numpy(), np.abs(best) > 1e-3
    assert 20 < (best > 0).sum() < 100
    np.testing.assert_array_equal((badness > 0)[clear], (best > 0)[clear])
    assert (badness <= best + 1e-5).all()
    standing = best < 0  # every class was aimed at there
    np.testing.assert_allclose(badness[standing], best[standing], atol=2e-3)


def test_a_linear_regression_is_attacked_by_the_closed_form():
    rng = np.random.RandomState(0)
    w, x, eps = rng.normal(size=3), rng.normal(size=(40, 3)), np.array([0.5, 0.0, 2.0])
    y = x @ w + rng.normal(size=40)
    budget = budget_of(3, left=eps, right=eps)
    worst, badness = strongest(
        linear(w[:, None]), *(torch.tensor(part, dtype=torch.float32) for part in (x, y)), budget, is_classifier=False,
        n_steps=10,
    )  # fmt: skip
    expected = (np.abs(x @ w - y) + np.abs(w) @ eps) ** 2
    np.testing.assert_allclose(badness.numpy(), expected, rtol=1e-4)
    np.testing.assert_allclose((worst.numpy() @ w - y) ** 2, expected, rtol=1e-4)


# ------------------------------------------------------------------------------------------------------ what comes back
@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.slow
def test_adaptive_pgd_returns_the_best_point_and_its_value(norm, seed):
    budget, x, _ = random_case(seed, norm, 1)
    network, y = mlp(WIDTH, 3, scale=20.0), torch.randint(3, (len(x),))
    for start in (None, budget.random_start(x)):
        found, values = adaptive_pgd(network, x, y, budget, margin, n_steps=10, start=start)
        torch.testing.assert_close(values, margin(network(found), y))
        begin = x if start is None else budget.place(x, start, budget.reach(x))[0]
        assert (values >= margin(network(begin), y) - 1e-5).all()
        assert (values > margin(network(begin), y) + 1e-3).any()
        # More steps of a search that keeps the best are not promised to be better; none at all is its start.
        found, values = adaptive_pgd(network, x, y, budget, margin, n_steps=0, start=start)
        torch.testing.assert_close(found, begin)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_steps_become_smaller_until_they_meet_an_optimum_inside(norm):
    x = torch.zeros(30, 3)
    top = (torch.rand(30, 3) - 0.5) * 2  # in units of the numbers; eps is 2

    def hill(rows):
        return -((rows - top) ** 2).sum(dim=1, keepdim=True)

    budget = budget_of(3, left=[2, 2, 2], right=[2, 2, 2], norm=norm)
    _, values = adaptive_pgd(hill, x, torch.zeros(30), budget, upward, n_steps=50)
    assert hill(x).median() < -0.5
    assert values.min() > -0.02
    found = pgd(hill, x, torch.zeros(30), budget, upward, n_steps=50)
    assert hill(found).min() > -0.05


@pytest.mark.parametrize("is_classifier", [True, False])
def test_strongest_says_how_bad_its_rows_are_and_they_are_no_better_than_the_given_ones(is_classifier):
    budget, x, factor = random_case(3, "linf", 1)
    network = mlp(WIDTH, 3 if is_classifier else 1, scale=20.0)
    y = torch.randint(3, (len(x),)) if is_classifier else torch.randn(len(x))
    measure = margin if is_classifier else squared_error
    of_rows = torch.tensor(factor, dtype=torch.float32)[:, None]
    before = measure(network(x), y)
    for thorough in (True, False):
        worst, badness = strongest(
            network, x, y, budget, is_classifier=is_classifier, n_steps=10, factor=of_rows, n_rounds=4 * thorough
        )
        torch.testing.assert_close(badness, measure(network(worst), y))
        assert (badness >= before - 1e-5).all()
        assert (worst[factor == 0] == x[factor == 0]).all()
        assert (badness[factor > 0] > before[factor > 0] + 1e-3).any()


def test_chunks_of_rows_are_put_together_again(monkeypatch):
    from skgan_resample._nn import attacks

    network, x, y = linear([[1.0, -1.0], [0.5, 0.2]], [0.0, 0.1]), torch.randn(23, 2), torch.randint(2, (23,))
    factor = torch.rand(23, 1)
    whole = strongest(network, x, y, budget_of(2), is_classifier=True, n_steps=5, factor=factor, n_rounds=0)
    monkeypatch.setattr(attacks, "CHUNK", 5)
    parts = strongest(network, x, y, budget_of(2), is_classifier=True, n_steps=5, factor=factor, n_rounds=0)
    torch.testing.assert_close(parts, whole)


@pytest.fixture(scope="module")
def moons():
    """Two interleaved half circles and a small network trained on them by plain gradient descent."""
    rng = np.random.RandomState(0)
    angle, y = rng.uniform(0, np.pi, 200), np.arange(200) % 2
    x = np.column_stack([np.cos(angle), np.sin(angle)])
    x[y == 1] = [1.0, 0.5] - x[y == 1]
    x = torch.tensor(x + rng.normal(scale=0.1, size=x.shape), dtype=torch.float32)
    y = torch.tensor(y)
    with seeded(np.random.RandomState(1)):
        network = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
        optimizer = torch.optim.Adam(network.parameters(), 0.05)
        for _ in range(150):
            optimizer.zero_grad()
            cross_entropy(network(x), y).mean().backward()
            optimizer.step()
    return network.eval().requires_grad_(False), x, y


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.slow
def test_robust_accuracy_falls_with_the_budget_from_the_clean_one_to_zero(moons, norm):
    network, x, y = moons
    budget, accuracies = budget_of(2, left=[0.2, 0.2], right=[0.2, 0.2], norm=norm), []
    for factor in (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0):
        _, badness = strongest(
            network, x, y, budget, is_classifier=True, n_steps=20, factor=torch.full((len(x), 1), factor)
        )
        accuracies.append((badness <= 0).float().mean().item())
    clean = (network(x).argmax(dim=1) == y).float().mean().item()
    assert clean > 0.9  # there is something to lose
    assert accuracies[0] == clean
    assert all(larger >= smaller for larger, smaller in itertools.pairwise(accuracies))
    assert accuracies[-1] == 0.0
    assert len(set(accuracies)) > 3


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.slow
def test_the_searches_find_what_a_fine_grid_of_moves_finds(moons, norm):
    network, x, y = moons
    eps = 0.25
    grid = torch.linspace(-1, 1, 41)
    moves = torch.cartesian_prod(grid, grid)
    if norm == "l2":
        moves = moves / moves.norm(dim=1, keepdim=True).clamp(min=1)
    tried = torch.stack([margin(network(x + eps * move), y) for move in moves])
    best = tried.max(dim=0).values
    budget = budget_of(2, left=[eps, eps], right=[eps, eps], norm=norm)
    broken = {}
    for thorough in (True, False):
        _, badness = strongest(network, x, y, budget, is_classifier=True, n_steps=30, n_rounds=4 * thorough)
        broken[thorough] = badness > 0
        assert (badness - margin(network(x), y) >= -1e-6).all()
    clear = best.abs() > 0.02
    assert (best > 0)[clear & broken[True]].all()
    missed = clear & (best > 0) & ~broken[True]  # a corner of the cube that is better than its neighbours
    assert missed.float().mean() <= 0.02
    assert (broken[False] <= broken[True]).all()  # the quick search is the first of the thorough one
    assert (broken[False] != broken[True]).float().mean() < 0.05
    assert 0.1 < broken[True].float().mean() < 0.9


# ------------------------------------------------------------------------------------------------------------- switches
SIZES = (3, 2, 4)  # categories of three columns, behind two numbers


def table_of_categories(n, rng):
    x = np.zeros((n, 2 + sum(SIZES)))
    x[:, :2] = rng.normal(size=(n, 2))
    starts = 2 + np.cumsum([0, *SIZES[:-1]])
    for start, size in zip(starts, SIZES):
        x[np.arange(n), start + rng.randint(size, size=n)] = 1.0
    blocks = tuple(block_of(list(range(start, start + size))) for start, size in zip(starts.tolist(), SIZES))
    return torch.tensor(x, dtype=torch.float32), blocks


def all_switches(x, most):
    """Every row of categories that differs from `x`, one row, in `most` blocks at most."""
    starts = 2 + np.cumsum([0, *SIZES[:-1]])
    now = [int(x[start : start + size].argmax()) for start, size in zip(starts, SIZES)]
    for categories in itertools.product(*map(range, SIZES)):
        if sum(a != b for a, b in zip(categories, now)) <= most:
            tried = x.clone()
            for start, size, category in zip(starts, SIZES, categories):
                tried[start : start + size] = 0.0
                tried[start + category] = 1.0
            yield tried


@pytest.mark.parametrize("most", [0, 1, 2, 3])
@pytest.mark.slow
def test_switches_of_a_linear_model_are_those_of_an_exhaustive_search(most):
    rng = np.random.RandomState(most)
    x, blocks = table_of_categories(40, rng)
    w = rng.normal(size=x.shape[1])
    eps = np.where(np.arange(x.shape[1]) < 2, 0.3, 0.0)
    network, y = two_classes(w, lead=8.0), torch.zeros(40, dtype=torch.long)
    budget = budget_of(x.shape[1], left=eps, right=eps, blocks=blocks, max_switches=most)
    before = margin(network(x), y)
    best = torch.stack(
        [torch.stack([margin(network(t[None]), y[:1])[0] for t in all_switches(r, most)]).max() for r in x]
    )
    best = best + float(np.abs(w) @ eps)
    assert (before < 0).all()
    for thorough in (True, False):
        worst, badness = strongest(network, x, y, budget, is_classifier=True, n_steps=10, n_rounds=4 * thorough)
        torch.testing.assert_close(badness, best, rtol=0, atol=1e-4)
        assert violations(x, worst, budget, np.ones(40)) == []
    found = pgd(network, x, y, budget, cross_entropy, n_steps=10)
    torch.testing.assert_close(margin(network(found), y), best, rtol=0, atol=1e-4)


@pytest.mark.slow
def test_the_thorough_search_tries_every_single_switch_of_a_network():
    rng = np.random.RandomState(0)
    x, blocks = table_of_categories(60, rng)
    still = np.zeros(x.shape[1])
    budget = budget_of(x.shape[1], left=still, right=still, blocks=blocks, max_switches=1)
    gradient_misses = 0
    for _ in range(4):
        network = mlp(x.shape[1], 2, scale=5.0)
        with torch.no_grad():
            network[0].weight.mul_(4.0)  # curved enough to mislead a first-order guess
        y = network(x).argmax(dim=1)
        best = torch.stack(
            [
                torch.stack([margin(network(t[None]), y[i : i + 1])[0] for t in all_switches(x[i], 1)]).max()
                for i in range(60)
            ]
        )
        _, badness = strongest(network, x, y, budget, is_classifier=True, n_steps=5)
        clear = best.abs() > 1e-4
        assert ((badness > 0) == (best > 0))[clear].all()
        held = badness <= 0
        torch.testing.assert_close(badness[held], best[held], rtol=0, atol=1e-4)
        _, quick = strongest(network, x, y, budget, is_classifier=True, n_steps=5, n_rounds=0)
        gradient_misses += ((quick <= 0) & (best > 1e-4)).sum().item()
    assert gradient_misses > 0  # else this test could not tell the two


def test_switches_and_moves_together_break_what_neither_breaks_alone():
    blocks = (block_of([1, 2]),)
    network, y = two_classes([1.0, 0.0, 1.0], lead=1.5), torch.zeros(1, dtype=torch.long)
    x = torch.tensor([[0.0, 1.0, 0.0]])
    outcomes = []
    for eps, most in ((1.0, 0), (0.0, 1), (1.0, 1)):
        budget = budget_of(3, left=[eps, 0, 0], right=[eps, 0, 0], blocks=blocks, max_switches=most)
        outcomes.append(strongest(network, x, y, budget, is_classifier=True, n_steps=5)[1].item())
    assert outcomes == pytest.approx([-0.5, -0.5, 0.5])


def test_a_group_that_is_not_quite_one_hot_keeps_what_it_has():
    blocks = (block_of([0, 1]),)
    budget = budget_of(2, left=[0, 0], right=[0, 0], blocks=blocks, max_switches=1)
    x = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.8, 0.0], [0.8, 0.2], [0.0, 0.0], [1.0, 1.0]])
    found, _ = strongest(
        two_classes([0.0, 5.0], 9.0), x, torch.zeros(6, dtype=torch.long), budget, is_classifier=True, n_steps=3
    )
    assert found[0].tolist() == [0.0, 1.0]
    assert (found[1:] == x[1:]).all()


# -------------------------------------------------------------------------------------------------- balls, cubes, grids
@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.sampled_from(["linf", "l2"]), st.sampled_from(["even", "uneven", "everything"]))
def test_a_row_stands_for_its_move_in_budget_units(seed, norm, kind):
    if kind == "everything":
        budget, x, _ = random_case(seed, norm, 0)
    else:
        rng = np.random.RandomState(seed)
        left, right = rng.choice([0.0, 0.5, 2.0], size=(2, 6))
        budget = budget_of(6, left=left, right=left if kind == "even" else right, norm=norm)
        x = torch.tensor(rng.normal(size=(8, 6)), dtype=torch.float32)
    drawn = budget.project(torch.randn(x.shape, generator=torch.Generator().manual_seed(seed)))
    reach = budget.reach(x)
    moved, u = budget.place(x, drawn, reach)
    for i, j in itertools.product(range(len(x)), range(x.shape[1])):
        far = [side.expand(len(x), -1)[i, j].item() for side in reach]
        move, share = (moved - x)[i, j].item(), u[i, j].item()
        side = far[1] if share > 0 else far[0]
        if norm == "l2" and budget.has_grid:
            continue  # whole steps take their part of the ball first
        if budget.grid[j] == 0:
            assert move == pytest.approx(side * share, abs=1e-5)
        elif norm == "linf":  # the nearest whole number of steps below
            assert abs(move) <= side * abs(share) + 1e-3 * budget.grid[j]
            assert abs(move) > side * abs(share) - budget.grid[j]
        assert 0 <= share * drawn[i, j].item() <= drawn[i, j].item() ** 2 + 1e-6  # never further, nor the other way
        if far[int(drawn[i, j] > 0)] == 0 and (norm == "l2" or kind != "even"):
            assert share == 0  # else it would take part of a ball, or have a way to come back from


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.sampled_from(["linf", "l2"]), st.booleans())
def test_project_stays_inside_and_changes_nothing_there(seed, norm, with_limits):
    rng = np.random.RandomState(seed)
    u = torch.tensor(rng.normal(scale=rng.choice([0.3, 3.0]), size=(20, 6)), dtype=torch.float32)
    limits = None
    if with_limits:
        limits = (torch.tensor(side, dtype=torch.float32) for side in (-rng.uniform(0, 1, 6), rng.uniform(0, 1, 6)))
        limits = tuple(limits)
    budget = budget_of(6, norm=norm)
    inside = budget.project(u, limits)
    length = inside.abs().max(dim=1).values if norm == "linf" else inside.norm(dim=1)
    assert (length <= 1 + 1e-6).all()
    torch.testing.assert_close(budget.project(inside, limits), inside, rtol=0, atol=1e-5)
    assert (inside * u >= 0).all()


@pytest.mark.parametrize("seed", range(3))
def test_project_onto_a_bounded_ball_is_the_nearest_point(seed):
    rng = np.random.RandomState(seed)
    u, cap = rng.normal(scale=3, size=(50, 4)), rng.uniform(0, 1, 4)
    limits = torch.tensor(-cap, dtype=torch.float32), torch.tensor(cap, dtype=torch.float32)
    found = budget_of(4, norm="l2").project(torch.tensor(u, dtype=torch.float32), limits).double().numpy()
    for row, near in zip(u, found):
        small, large = 0.0, 1.0  # the nearest point is clip(t * row) with the largest t that stays in the ball
        for _ in range(60):
            t = (small + large) / 2
            small, large = (t, large) if np.linalg.norm(np.clip(t * row, -cap, cap)) < 1 else (small, t)
        np.testing.assert_allclose(near, np.clip(t * row, -cap, cap), atol=1e-5)


def test_project_keeps_columns_whose_bounds_take_the_whole_ball():
    u = torch.rand(500, 2) * 9 + 2
    limits = -torch.ones(2), torch.tensor([0.6, 0.8])  # 0.36 + 0.64 leaves nothing, or next to nothing by rounding
    found = budget_of(2, norm="l2").project(u, limits)
    torch.testing.assert_close(found, limits[1].expand(500, 2), rtol=0, atol=1e-3)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_random_starts_fill_the_cube_or_ball_and_nothing_else(norm):
    budget = budget_of(3, left=[1, 0, 0], right=[1, 2, 0], norm=norm)
    u = budget.random_start(torch.zeros(4000, 3))
    if norm == "linf":
        assert u.abs().max() <= 1
        assert u.mean(dim=0).abs().max() < 0.05
        assert (u.std(dim=0) - 1 / np.sqrt(3)).abs().max() < 0.03
    else:
        length = u.norm(dim=1)
        assert length.max() <= 1 + 1e-6
        assert (u[:, 2] == 0).all()  # what cannot move takes no share of the ball
        # The share of a disc within radius r is r squared.
        for radius in (0.3, 0.6, 0.9):
            assert (length < radius).float().mean().item() == pytest.approx(radius**2, abs=0.04)


@pytest.mark.slow
def test_the_ball_has_no_room_for_columns_without_a_budget():
    w = np.array([1.0, 100.0, 1.0])  # the second would take the whole length
    eps = np.array([1.0, 0.0, 1.0])
    network, x = two_classes(w, 500.0), torch.randn(10, 3)
    budget = budget_of(3, left=eps, right=eps, norm="l2")
    _, badness = strongest(network, x, torch.zeros(10, dtype=torch.long), budget, is_classifier=True, n_steps=15)
    np.testing.assert_allclose(badness.numpy(), x.numpy() @ w - 500 + np.sqrt(2), atol=1e-3)


@pytest.mark.slow
def test_nothing_to_move_and_nothing_to_switch_returns_the_rows():
    x, y = torch.randn(5, 3), torch.randint(2, (5,))
    still = budget_of(3, left=[0, 0, 0], right=[0, 0, 0])
    for norm in ("linf", "l2"):
        budget = budget_of(3, left=[0, 0, 0], right=[0, 0, 0], norm=norm)
        assert (pgd(mlp(3, 2), x, y, budget, margin, n_steps=3) == x).all()
        assert (strongest(mlp(3, 2), x, y, budget, is_classifier=True, n_steps=3)[0] == x).all()
    worst, badness = strongest(mlp(3, 2), x[:0], y[:0], still, is_classifier=True, n_steps=3)
    assert worst.shape == (0, 3)
    assert badness.shape == (0,)


# ----------------------------------------------------------------------------------------------------------------- aims
def test_aims_by_hand():
    outputs, y = torch.tensor([[2.0, 1.0, -1.0], [0.0, 3.0, 5.0]]), torch.tensor([0, 1])
    assert margin(outputs, y).tolist() == [-1.0, 2.0]
    assert targeted_margin(outputs, torch.tensor([[0, 2], [1, 0]])).tolist() == [-3.0, -3.0]
    expected = [-row[k] + np.log(np.sum(np.exp(row))) for row, k in zip(outputs.numpy(), y)]
    assert cross_entropy(outputs, y).tolist() == pytest.approx(expected, rel=1e-5)
    number, target = torch.tensor([[1.0], [-2.0]]), torch.tensor([3.0, -2.0])
    assert squared_error(number, target).tolist() == [4.0, 0.0]
    assert upward(number, target).tolist() == [1.0, -2.0]
    assert downward(number, target).tolist() == [-1.0, 2.0]
    drawn = {tuple(mixed(outputs, y).tolist()) for _ in range(50)}
    assert drawn == {tuple(aim(outputs, y).tolist()) for aim in (cross_entropy, margin)}


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("hidden", [(), (5,), (6, 4)])
@pytest.mark.parametrize(("n_outputs", "two_logits"), [(1, True), (2, False), (4, False), (1, False)])
def test_the_gradient_by_hand_is_that_of_autograd(activation, hidden, n_outputs, two_logits):
    network = SklearnMLP(3, hidden, n_outputs, activation, two_logits=two_logits)
    n_classes = 2 if two_logits else n_outputs
    x, y = torch.randn(20, 3), torch.randint(n_classes, (20,))
    if n_classes == 1:
        y, aims = torch.randn(20), (squared_error, upward, downward)
    else:
        aims = (cross_entropy, margin, targeted_margin)
    for aim in aims:
        truth = torch.stack([y, (y + 1) % n_classes], dim=1) if aim is targeted_margin else y
        outputs, gradient = gradient_of(network, x, aim, truth)
        expected_outputs, expected = gradient_of(lambda rows: network(rows), x, aim, truth)  # nothing but a function
        torch.testing.assert_close(outputs, expected_outputs)
        torch.testing.assert_close(gradient, expected)
