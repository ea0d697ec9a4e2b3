"""The budget of an attacker in NumPy: against a slow checker, and against the budget in torch on the same tables."""

import datetime

import numpy as np
import pandas as pd
import pytest
import torch
from _threat_data import X, mixed_frame
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skgan_resample import ThreatModel
from skgan_resample._budget import NumpyBudget, OneHotBlock
from skgan_resample._nn.attacks import Budget
from skgan_resample.threat import is_attacked, resolved_like


def budget_of(threat):
    """The budget for codes of the threat model's own encoder."""
    return NumpyBudget.of(threat, threat.encoder_)


# ------------------------------------------------------------------------------------------------ NumPy against torch
def random_threat(rng, norm, *, n=12):
    """A table of all kinds of columns and a threat model of all kinds of budgets."""
    columns = {
        "f": rng.normal(size=n) * rng.choice([1e-2, 1.0, 1e2]),
        "g": np.where(rng.uniform(size=n) < 0.2, np.nan, rng.exponential(size=n)),
        "i": rng.randint(-20, 20, n),
        "k": rng.randint(0, 1000, n),
        "j": rng.randint(0, 4, n),
    }
    frame = pd.DataFrame(columns)
    eps = {name: tuple(rng.choice([0.0, 0.3, 1.0, 2.5], size=2)) for name in columns}
    bounds = None
    if rng.uniform() < 0.6:  # some rows are outside, some bounds fall between two whole numbers
        bounds = {name: tuple(np.nanquantile(frame[name], [0.2, 0.85])) for name in columns}
    return frame, ThreatModel(eps, norm=norm, bounds=bounds).fit(frame)


def placed_by_both(threat, frame, move, factor):
    """Move rows and pull them back; return the rows, what NumPy makes of them, and the moves of torch, in codes."""
    encoder, budget = threat.encoder_, budget_of(threat)
    codes = encoder.to_codes(frame)
    placed = budget.place(codes, move, factor=factor)
    x = torch.tensor(encoder.encode_codes(codes), dtype=torch.float32)
    encoded = Budget.encoded(budget, encoder)
    at = [column.encoded.start for column in encoder.columns_]
    u = torch.zeros_like(x)
    u[:, at] = torch.tensor(move / encoder.scaling[1], dtype=torch.float32)
    reach = encoded.reach(x, torch.tensor(factor, dtype=torch.float32))
    side = torch.where(u > 0, *reach[::-1])
    u = torch.where(side > 0, u / side, 0.0)  # as in a search, what cannot move has no share of a ball
    moved, _ = encoded.place(x, encoded.project(u, encoded.limits(x, reach)), reach)
    return codes, placed, (moved.double() - x.double()).numpy()[:, at] * encoder.scaling[1]


def random_move(rng, threat, factor, scale):
    """Moves that are mostly out of the budget."""
    shares = rng.normal(scale=scale, size=(len(factor), len(threat.left_)))
    return np.where(shares > 0, threat.right_, threat.left_) * factor * shares


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 10**6), st.sampled_from(["linf", "l2"]))
@pytest.mark.slow
def test_both_budgets_allow_the_same_rows(seed, norm):
    rng = np.random.RandomState(seed)
    frame, threat = random_threat(rng, norm)
    factor = rng.choice([0.0, 0.5, 1.0, 2.0], size=(len(frame), 1))
    move = random_move(rng, threat, factor, rng.choice([0.3, 1.5]))
    codes, placed, by_torch = placed_by_both(threat, frame, move, factor)
    by_numpy = np.nan_to_num(placed - codes)
    assert wrong_cells(codes, placed, threat, factor, np.zeros(5, dtype=bool)) == []
    # Where a step more or less is a matter of the last digits, the two may differ.
    budget, steps = budget_of(threat), threat.integer_
    less, more = (budget.place(codes, move * (1 + noise), factor=factor)[:, steps] for noise in (-1e-3, 1e-3))
    clear = (less == more).all(axis=1)
    noise = 2e-6 * (threat.encoder_.scaling[1] + np.nan_to_num(np.abs(codes))) + 2e-5 * np.abs(by_numpy)
    noise += 1e-5 * np.maximum(threat.left_, threat.right_) * factor
    assert (np.abs(by_torch - by_numpy) <= noise)[clear].all()
    np.testing.assert_array_equal(np.round(by_torch)[clear][:, steps], by_numpy[clear][:, steps])


def test_the_comparison_of_the_two_budgets_is_about_something():
    """Nearly all rows agree, most moves are pulled back, and many columns move in steps."""
    n_alike = n_shorter = n_in_steps = n = 0
    for seed in range(40):
        rng = np.random.RandomState(seed)
        frame, threat = random_threat(rng, "l2")
        factor = np.ones((len(frame), 1))
        move = random_move(rng, threat, factor, 1.5)
        codes, placed, by_torch = placed_by_both(threat, frame, move, factor)
        by_numpy = np.nan_to_num(placed - codes)
        n_alike += (np.abs(by_numpy - by_torch) < 1e-3 * np.maximum(1, np.abs(by_torch))).all(axis=1).sum()
        n_shorter += (np.abs(by_numpy) < 0.9 * np.abs(move)).any(axis=1).sum()
        n_in_steps += (by_numpy[:, threat.integer_] != 0).any(axis=1).sum()
        n += len(frame)
    assert n_alike > 0.95 * n
    assert n_shorter > 0.6 * n
    assert n_in_steps > 0.6 * n


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6))
def test_both_budgets_know_and_switch_the_same_categories(seed):
    rng = np.random.RandomState(seed)
    n = 20
    table = pd.DataFrame({"town": rng.choice(["Ulm", "Bonn", "Kiel", None], size=n), "x": rng.normal(size=n)})
    group = np.eye(3)[rng.randint(3, size=n)]
    odd = rng.uniform(size=n) < 0.3
    group[odd] = rng.choice([0.0, 1.0, 0.5, 2.0, np.nan], size=(odd.sum(), 3))
    group[:3] = np.eye(3)
    table[["r", "g", "b"]] = group
    threat = ThreatModel(0.0, max_categorical_changes=2, onehot_groups=[["r", "g", "b"]]).fit(table)
    encoder, budget = threat.encoder_, budget_of(threat)
    codes = encoder.to_codes(table)
    x = torch.tensor(encoder.encode_codes(codes), dtype=torch.float32)
    encoded = Budget.encoded(budget, encoder)
    expected, wanted, chosen = codes.copy(), np.zeros((n, 2), dtype=bool), []
    for b, (block, theirs) in enumerate(zip(budget.blocks, encoded.blocks, strict=True)):
        now, has_one = block.category(codes)
        np.testing.assert_array_equal(has_one, theirs.category(x)[1].numpy())
        np.testing.assert_array_equal(now[has_one], theirs.category(x)[0].numpy()[has_one])
        goal = rng.randint(block.n_categories, size=n)
        block.switch(expected, np.where(rng.uniform(size=n) < 0.2, -1, goal))
        wanted[:, b] = (block.category(expected)[0] != now) & has_one
        chosen.append(torch.tensor(np.where(wanted[:, b], goal, 0)))
    switched = encoded.with_categories(x, torch.tensor(wanted), chosen)
    np.testing.assert_array_equal(budget.land(encoder, codes, x.numpy(), switched.numpy()), expected)


def test_a_row_without_exactly_one_category_keeps_its_group():
    group = np.array([[1, 0, 0], [0, 0, 0], [1, 1, 0], [1, 0, 0.5], [1, 0, np.nan], [0.9995, 0, 0]])
    block = OneHotBlock(np.arange(3), 3)
    switched = group.copy()
    block.switch(switched, np.full(6, 2))
    expected = group.copy()
    expected[[0, 5]] = [0, 0, 1]
    np.testing.assert_array_equal(switched, expected)


def test_a_ball_of_one_column_is_used_to_its_edge():
    """A move that rounding puts a digit beyond its limit is stopped there, and not taken for one that has no room."""
    rng = np.random.RandomState(0)
    frame = pd.DataFrame({"f": rng.normal(size=500), "g": rng.normal(size=500)})
    threat = ThreatModel({"f": 1.0}, unit="raw", norm="l2").fit(frame)
    codes, factor = frame.to_numpy(), rng.uniform(0.5, 2, size=(500, 1))
    move = rng.uniform(2, 9, size=(500, 2)) * rng.choice([-1, 1], size=(500, 2))
    placed = budget_of(threat).place(codes, move, factor=factor)
    np.testing.assert_allclose(placed - codes, np.c_[factor * np.sign(move[:, :1]), np.zeros(500)], rtol=1e-12)


def test_a_ball_is_shared_by_whole_steps_the_largest_first():
    frame = pd.DataFrame({"n": [0, 5, 10], "m": [3, 0, 6], "f": [0.5, 1.0, 2.5]})
    budget = budget_of(ThreatModel([4, 4, 1.0], unit="raw", norm="l2").fit(frame))
    codes = frame.to_numpy(dtype=float)
    # Each wants 4 / sqrt(2) = 2.8 of its 4 steps: 3 for the first, and then no 3 for the second.
    placed = budget.place(codes, np.tile([4.0, 3.99, 0.0], (3, 1)))
    np.testing.assert_array_equal(placed - codes, np.tile([3.0, 0.0, 0.0], (3, 1)))
    # A share of less than half a step is worth one step, and what is left of the ball goes to the fraction.
    placed = budget.place(codes, np.tile([0.1, 0.0, 2.0], (3, 1)))
    np.testing.assert_allclose(placed - codes, np.tile([1.0, 0.0, np.sqrt(1 - 1 / 16)], (3, 1)))


# ------------------------------------------------------------------------------------------------ for other modules
def test_rows_of_attackable_classes_alone_have_a_factor():
    y = np.array(["fraud", "fine", "fraud"], dtype=object)
    for chosen, expected in [
        (None, [1, 1, 1]),
        (["fraud"], [1, 0, 1]),
        (["fine", "fraud"], [1, 1, 1]),
        (["x"], [0] * 3),
    ]:
        factor = is_attacked(ThreatModel(attackable_classes=chosen), y)
        assert factor.shape == (3, 1)
        assert factor[:, 0].tolist() == expected
    assert is_attacked(ThreatModel(attackable_classes=[1]), pd.Series([0, 1, 1]))[:, 0].tolist() == [0, 1, 1]


def test_resolving_on_the_columns_of_another_is_fitting_to_its_rows():
    frame = mixed_frame()
    fitted = ThreatModel().fit(frame)
    for parts in ({"eps": 0.3, "unit": "iqr"}, {"eps": {"age": 2}, "unit": "range", "bounds": "train"}):
        found, expected = resolved_like(ThreatModel(**parts), fitted), ThreatModel(**parts).fit(frame)
        for name in ("left_", "right_", "low_", "high_", "integer_", "switchable_"):
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
    assert not hasattr(ThreatModel(), "left_")
    own = ThreatModel(2.0).fit(frame)
    assert resolved_like(own, fitted) is own
    with pytest.raises(ValueError, match="was fitted to 3 columns, the table has 9"):
        resolved_like(ThreatModel().fit(X), fitted)
    with pytest.raises(ValueError, match="'unit' parameter"):
        resolved_like(ThreatModel(unit="foot"), fitted)


def test_a_group_is_a_block_of_the_categories_that_were_seen():
    table = np.zeros((12, 5))
    table[:, 0] = np.arange(12)
    table[np.arange(12), [1] * 3 + [3] * 9] = 1.0  # category 2 of the group does not occur
    table[:, 4] = np.tile([0.0, 1.0], 6)
    threat = ThreatModel(onehot_groups=[[1, 2, 3]], max_categorical_changes=1).fit(table)
    encoder = threat.encoder_
    encoded = Budget.encoded(budget_of(threat), encoder)
    (block,) = encoded.blocks
    x = torch.tensor(encoder.encode_codes(table), dtype=torch.float32)
    now, has_one = block.category(x)
    assert has_one.all()
    assert now.tolist() == [0] * 3 + [1] * 9
    switched = encoded.with_categories(x, torch.ones(12, 1, dtype=torch.bool), [1 - now])
    landed = budget_of(threat).land(encoder, table, x.numpy(), switched.numpy())
    expected = table.copy()
    expected[:, [1, 3]] = 1 - table[:, [1, 3]]
    np.testing.assert_array_equal(landed, expected)


def test_switched_categories_land_as_categories_and_others_stay():
    frame = mixed_frame()
    threat = ThreatModel(0.0, max_categorical_changes=3).fit(frame)
    encoder = threat.encoder_
    codes = encoder.to_codes(frame)
    x = encoder.encode_codes(codes).astype(np.float32)
    budget, moved, expected = (
        Budget.encoded(budget_of(threat), encoder),
        torch.tensor(x),
        codes.copy(),
    )
    for g, name in enumerate(("city", "member", "colour")):
        now, has_one = budget.blocks[g].category(moved)
        j = list(frame.columns).index(name)
        np.testing.assert_array_equal(has_one.numpy(), ~np.isnan(codes[:, j]))
        goal = (now + 1) % len(budget.blocks[g].columns)
        wanted = torch.zeros(len(x), 3, dtype=torch.bool)
        wanted[:, g] = has_one & (torch.arange(len(x)) % (g + 2) == 0)
        moved = budget.with_categories(moved, wanted, [goal if h == g else torch.zeros_like(goal) for h in range(3)])
        expected[wanted[:, g].numpy(), j] = goal[wanted[:, g]].numpy()
    landed = budget_of(threat).land(encoder, codes, x, moved.numpy())
    np.testing.assert_array_equal(landed, expected)
    assert (landed != codes).any(axis=0)[[3, 4, 8]].all()


# ------------------------------------------------------------------------------------------------ landing
def wrong_cells(old, new, threat, factor, whole):
    """What is wrong with landed codes of numbers, by plain loops in double precision."""
    found = []
    for i in range(len(old)):
        length, slack = 0.0, 1e-9
        for j in range(old.shape[1]):
            a, b, f = old[i, j], new[i, j], factor[i, 0]
            if np.isnan(a):
                if not np.isnan(b):
                    found.append(f"{i}, {j} was missing")
                continue
            down, up = f * threat.left_[j], f * threat.right_[j]
            in_steps = threat.integer_[j] or (whole[j] and a == round(a))
            if in_steps and threat.norm == "linf":  # of a ball, several columns use a part each
                down, up = np.floor(down + 1e-4), np.floor(up + 1e-4)
            move, ulp = b - a, 2 * np.spacing(max(abs(a), abs(b)))
            if not -down - ulp <= move <= up + ulp:
                found.append(f"{i}, {j} moved by {move!r}, allowed {-down!r} to {up!r}")
            if not min(threat.low_[j], a) <= b <= max(threat.high_[j], a):
                found.append(f"{i}, {j} left its bounds: {b!r}")
            if in_steps and abs(move - round(move)) > ulp:
                found.append(f"{i}, {j} moved by a fraction: {move!r}")
            reach = up if move > 0 else down
            if reach > 0:
                length += (move / reach) ** 2
                slack += 3 * ulp / reach  # a float of this size cannot say it more exactly
        if threat.norm == "l2" and length > 1 + slack:
            found.append(f"row {i} has a squared length of {length!r}")
    return found


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.sampled_from(["linf", "l2"]), st.booleans(), st.sampled_from([0.0, 1e6]))
@example(5393, "linf", True, 0.0)  # a bound that is one step away but for the last digit
def test_landed_rows_are_allowed_to_the_last_digit(seed, norm, bounded, offset):
    rng = np.random.RandomState(seed)
    n = 15
    columns = {
        "f": rng.normal(size=n) * rng.choice([1e-3, 1.0, 1e3]) + offset,
        "g": np.where(rng.uniform(size=n) < 0.2, np.nan, rng.exponential(size=n)),
        "i": rng.randint(-20, 20, n) + int(offset),
        "k": rng.randint(0, 10**5, n),
        "h": np.round(rng.normal(scale=10, size=n)) + 0.5 * (rng.uniform(size=n) < 0.3),
    }
    frame = pd.DataFrame(columns)
    eps = {name: tuple(rng.choice([0.0, 0.3, 1.0, 2.5], size=2)) for name in columns}
    bounds = None
    if bounded:  # some rows are outside, some bounds fall between two whole numbers
        bounds = {name: tuple(np.nanquantile(frame[name], [0.2, 0.85])) for name in columns}
    integer_features = [None, "dtype", ["h"]][rng.randint(3)]
    threat = ThreatModel(eps, norm=norm, bounds=bounds, integer_features=integer_features).fit(frame)
    encoder = threat.encoder_
    codes = encoder.to_codes(frame)
    x = encoder.encode_codes(codes).astype(np.float32)
    budget = Budget.encoded(budget_of(threat), encoder)
    factor = rng.choice([0.0, 0.7, 1.0, 2.0], size=(n, 1))
    # A row that the search made, and one that is out of the budget a little.
    u = torch.tensor(rng.normal(scale=3, size=x.shape), dtype=torch.float32)
    rows, factors = torch.tensor(x), torch.tensor(factor, dtype=torch.float32)
    moved = budget.place(rows, budget.project(u), budget.reach(rows, factors))[0].numpy()
    moved = np.where(moved != x, moved + rng.normal(scale=1e-6, size=x.shape), x).astype(np.float32)
    whole = np.array([False, False, True, True, bool(rng.randint(2))])
    landed = budget_of(threat).land(encoder, codes, x, moved, whole=whole, factor=factor)
    assert wrong_cells(codes, landed, threat, factor, whole) == []
    at = [column.encoded.start for column in encoder.columns_]
    untouched = (moved == x)[:, at] | np.isnan(codes)
    np.testing.assert_array_equal(landed[untouched], codes[untouched])
    np.testing.assert_array_equal(landed[factor[:, 0] == 0], codes[factor[:, 0] == 0])
    # It does not throw the attack away either: within rounding, continuous columns are where the search put them.
    if norm == "linf":
        j = 0
        goal = codes[:, j] + (moved[:, at[j]].astype(float) - x[:, at[j]]) * encoder.scaling[1][j]
        np.testing.assert_allclose(landed[:, j], goal, rtol=0, atol=1e-4 * encoder.scaling[1][j])


def landed_by(threat, codes, move, **parts):
    """Land rows whose numbers were moved by so much, in their own units."""
    encoder = threat.encoder_
    x = encoder.encode_codes(codes).astype(np.float32)
    return budget_of(threat).land(encoder, codes, x, x + (move / encoder.scaling[1]).astype(np.float32), **parts)


def test_what_was_not_moved_keeps_every_bit():
    codes = np.array([[-0.0, 1 / 3], [1e30, np.nan], [5e-324, 0.1]])
    threat = ThreatModel(1.0, unit="raw", bounds=(0.0, 1.0), norm="l2").fit(np.array([[0.0, 1.0], [2.0, 3.5]]))
    landed = landed_by(threat, codes, np.zeros((3, 2)))
    assert landed.tobytes() == codes.tobytes()
    assert landed is not codes


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_landing_rounds_away_what_the_network_could_not_hold(norm):
    frame = pd.DataFrame({"n": [0, 700, 1000, 300]})
    threat = ThreatModel(3, unit="raw", norm=norm).fit(frame)
    codes = frame.to_numpy(dtype=float)
    for noise in (-2e-4, 0.0, 2e-4):
        assert (landed_by(threat, codes, np.full((4, 1), 3 + noise)) == codes + 3).all()
        assert (landed_by(threat, codes, np.full((4, 1), -3 + noise)) == codes - 3).all()
    # Without whole steps in the threat model, a column that cannot hold fractions goes back towards where it was.
    threat = ThreatModel(3, unit="raw", norm=norm, integer_features=None).fit(frame)
    for move, expected in [(2.9, 2), (-2.9, -2), (2.99999, 3), (0.4, 0), (-3.0, -3)]:
        landed = landed_by(threat, codes, np.full((4, 1), float(move)), whole=True)
        assert (landed == codes + expected).all(), move


def test_whole_steps_on_the_edge_of_a_ball_are_kept():
    frame = pd.DataFrame({"n": [0, 5, 10], "m": [3, 0, 6], "f": [0.5, 1.0, 2.5]})
    threat = ThreatModel([5, 13, 1.0], unit="raw", norm="l2").fit(frame)
    codes = frame.to_numpy(dtype=float)
    # A fraction that rounding put on top of whole steps which fill the ball is what gives way.
    landed = landed_by(threat, codes, np.tile([5.0, 0.0, 0.01], (3, 1)))
    np.testing.assert_array_equal(landed - codes, np.tile([5.0, 0.0, 0.0], (3, 1)))
    landed = landed_by(
        ThreatModel([5, 5, 0], unit="raw", norm="l2").fit(frame), codes, np.tile([3.0, 4.0, 0.0], (3, 1))
    )
    np.testing.assert_array_equal(landed - codes, np.tile([3.0, 4.0, 0.0], (3, 1)))
    landed = landed_by(threat, codes, np.tile([3.0, 0.0, 0.9], (3, 1)))
    np.testing.assert_allclose(landed - codes, np.tile([3.0, 0.0, 0.8], (3, 1)), atol=1e-12)


def test_whole_numbers_stay_whole_at_a_bound_between_two():
    frame = pd.DataFrame({"n": [0, 5, 10]})
    threat = ThreatModel(6, unit="raw", integer_features=None, bounds=(-0.5, 7.5)).fit(frame)
    codes = frame.to_numpy(dtype=float)
    assert landed_by(threat, codes, np.full((3, 1), 6.0), whole=True)[:, 0].tolist() == [6.0, 7.0, 10.0]
    assert landed_by(threat, codes, np.full((3, 1), -6.0), whole=True)[:, 0].tolist() == [0.0, 0.0, 4.0]
    assert landed_by(threat, codes, np.full((3, 1), 6.0))[:, 0].tolist() == [6.0, 7.5, 10.0]
    # A fractional number in a column of whole steps keeps its fraction.
    threat = ThreatModel(6, unit="raw", integer_features=[0], bounds=(0, 7.5)).fit(np.array([[0.0], [2.5], [9.0]]))
    assert landed_by(threat, np.array([[2.5]]), np.array([[6.0]]))[0, 0] == 6.5


def test_dates_move_in_whole_steps_of_what_was_seen():
    days = [datetime.datetime(2024, 1, 1) + datetime.timedelta(days=7 * k) for k in (0, 3, 10, 4)]
    threat = ThreatModel(2.5, unit="raw").fit(pd.DataFrame({"day": days, "x": [0.0, 1.0, 2.5, 3.0]}))
    assert threat.left_.tolist() == [2.0, 2.5]
    codes = threat.encoder_.to_codes(pd.DataFrame({"day": days, "x": [0.0, 1.0, 2.5, 3.0]}))
    landed = landed_by(threat, codes, np.tile([2.0, 0.0], (4, 1)))
    back = threat.encoder_.from_codes(landed)
    assert [b - a for a, b in zip(days, back["day"])] == [datetime.timedelta(days=14)] * 4


def test_a_fitted_threat_model_counts_dates_in_the_steps_of_another():
    """Twelve days of a table with daily rows are twelve days in one with weekly rows: one whole week and no more."""
    days = pd.DataFrame({"day": pd.date_range("2026-01-01", periods=60, freq="D"), "x": np.arange(60.0)})
    weeks = days.iloc[6::7]
    daily = ThreatModel([12, 1.5], unit="raw", bounds="train").fit(days)
    moved = resolved_like(daily, ThreatModel().fit(weeks))
    assert moved.left_.tolist() == [1.0, 1.5]
    assert moved.low_.tolist() == [0.0, 0.0]  # the first of the weeks; the six days before it are no whole step
    assert moved.high_.tolist() == [7.0, 59.0]
    assert daily.left_.tolist() == [12.0, 1.5]
