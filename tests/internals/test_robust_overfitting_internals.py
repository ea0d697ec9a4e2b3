"""Robust overfitting seen by RobustATWrapper: held-out rows, the epoch that is kept, gaps, suspects and warnings."""

from dataclasses import replace

import numpy as np
import pytest
from _robust_at_data import table, wrapper

from skgan_resample._robust_at._overfitting import mean_difference, onset, robust_gap, suspected_labels
from skgan_resample._robust_at._strategies import cross_fitted, preferred
from skgan_resample._robust_at._training import Curves, smoothed
from skgan_resample.threat import ThreatModel


@pytest.fixture(scope="module")
def validated():
    """A wrapper that looked at three folds."""
    X, y = table()
    return wrapper(cv=3, threat_model=ThreatModel(0.2)).fit(X, y), X, y


@pytest.fixture
def overfits(monkeypatch):
    """Let every run lose 0.2 of robust accuracy after its best epoch."""
    import skgan_resample._robust_at._strategies as module

    def found(curves, rng):
        return replace(robust_gap(curves, rng), value=0.2, low=0.1, high=0.3, error=0.05, detected=True)

    monkeypatch.setattr(module, "robust_gap", found)
    return module


@pytest.mark.parametrize("held_out", [{"cv": 2}, {"validation_fraction": 0.3}], ids=str)
def test_the_best_epoch_is_kept_where_later_ones_are_worse_unless_early_stopping_is_off(held_out, overfits):
    X, y = table()
    still = {**held_out, "learning_rate": 1e-9, "ro_strategy": None}  # the first of equals is the best
    early = wrapper(**still).fit(X, y)
    curves = early.runs_["plain"]
    assert early.n_iter_ == curves.epochs[1 + int(np.argmax(smoothed(curves.curve())[1:].round(9)))] == 2
    assert wrapper(**still, early_stopping=False).fit(X, y).n_iter_ == 5


@pytest.mark.slow
def test_auto_tries_treatments_only_where_overfitting_is_found(overfits, validated):
    model, X, y = validated
    assert list(model.runs_) == ["plain"]
    assert not model.ro_detected_
    treated = wrapper(cv=3, max_epochs=2).fit(X, y)
    assert list(treated.runs_) == ["plain", *(" + ".join(parts) for parts in overfits.AUTO)]
    assert treated.strategy_ in treated.runs_
    best = {name: smoothed(curves.curve())[curves.best] for name, curves in treated.runs_.items()}
    clean = {name: smoothed(curves.curve("clean"))[curves.best] for name, curves in treated.runs_.items()}
    allowed = [name for name in best if name == "plain" or clean[name] >= clean["plain"] - 0.02]
    assert best[treated.strategy_] == max(best[name] for name in allowed)
    off = wrapper(cv=3, max_epochs=2, ro_strategy=None).fit(X, y)
    assert list(off.runs_) == ["plain"]


# ------------------------------------------------------------------------------------------------ facts
def curves_of(robust, n_folds=3, weight=None):
    """Curves with these outcomes, (n_evaluations, n_rows)."""
    n_looks, n = robust.shape
    return Curves(
        "made", np.arange(n), np.arange(n) % n_folds, np.ones(n) if weight is None else weight,
        np.arange(n_looks) * 2.0, robust, robust, [],
    )  # fmt: skip


def gap_in_words(curves):
    """The gap, its error and limits, one row after the other."""
    n_looks, n = curves.robust.shape
    differences = []
    for i in range(n):
        others = [k for k in range(n) if curves.fold[k] != curves.fold[i]]
        total = sum(curves.weight[k] for k in others)
        curve = [sum(curves.weight[k] * curves.robust[t, k] for k in others) / total for t in range(n_looks)]
        smooth = [np.mean(curve[max(0, t - 1) : t + 2]) for t in range(n_looks)]
        best = max(range(1, n_looks), key=lambda t: (round(smooth[t], 12), -t))
        differences.append(curves.robust[best, i] - curves.robust[-1, i])
    share = curves.weight / curves.weight.sum()
    value = sum(share * differences)
    return value, sum((w * (d - value)) ** 2 for w, d in zip(share, differences)) ** 0.5


@pytest.mark.parametrize("seed", range(3))
def test_the_gap_against_a_slow_reference(seed):
    rng = np.random.RandomState(seed)
    curves = curves_of((rng.uniform(size=(9, 50)) < 0.6).astype(float), 4, rng.uniform(0.5, 2, size=50))
    gap = robust_gap(curves, rng)
    value, error = gap_in_words(curves)
    assert (gap.value, gap.error) == pytest.approx((value, error))
    assert (gap.low, gap.high) == pytest.approx((value - 1.6448536 * error, value + 1.6448536 * error))
    assert gap.detected == (gap.low > 0.01)


@pytest.mark.parametrize("n_folds", [3, 1])
def test_the_gap_of_a_curve_that_only_wobbles_is_nothing(n_folds):
    rng = np.random.RandomState(0)
    values, naive, detected = [], [], []
    for _ in range(300):
        curves = curves_of((rng.uniform(size=(15, 60)) < 0.6).astype(float), n_folds)
        gap = robust_gap(curves, rng)
        values.append(gap.value)
        detected.append(gap.detected)
        naive.append(curves.curve()[1:].max() - curves.curve()[-1])
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(300)
    assert np.mean(naive) > 0.08
    assert np.mean(detected) < 0.08


def test_a_planted_fall_is_found_as_often_as_the_power_says():
    rng = np.random.RandomState(0)
    values, powers, detected = [], [], []
    for _ in range(300):
        level = np.where(np.arange(14) < 8, 0.7, 0.6)[:, None]
        gap = robust_gap(curves_of((rng.uniform(size=(14, 200)) < level).astype(float)), rng)
        values.append(gap.value)
        powers.append(gap.power(0.1))
        detected.append(gap.detected)
    assert np.mean(values) == pytest.approx(0.1, abs=0.015)
    assert 0.3 < np.mean(detected) < 0.8
    assert np.mean(detected) == pytest.approx(np.mean(powers), abs=0.08)


def test_power_grows_with_the_gap_and_the_rows():
    rng = np.random.RandomState(0)
    few, many = (robust_gap(curves_of((rng.uniform(size=(9, n)) < 0.6).astype(float)), rng) for n in (50, 800))
    assert 0 < few.power(0.05) < many.power(0.05) < 1
    assert many.power(0.02) < many.power(0.1)
    assert few.power(few.error * 1.6448536 + 0.01) == pytest.approx(0.5)


def test_the_onset_is_where_the_curve_leaves_its_top_for_good():
    n = 100
    robust = np.ones((12, n))
    assert onset(curves_of(robust)) is None
    robust[7:, :40] = 0.0
    assert onset(curves_of(robust)) == pytest.approx(14, abs=2)  # two epochs a look; the smoothing sees one ahead
    robust[10:] = 1.0
    assert onset(curves_of(robust)) is None
    robust[:] = 1.0
    robust[7:, :3], robust[:7, 3:5] = 0.0, 0.0  # three rows lost and two won are no more than chance
    assert onset(curves_of(robust)) is None


def test_suspected_labels_by_hand_and_planted():
    rng = np.random.RandomState(0)
    truth = np.arange(90) % 3
    probabilities = np.full((90, 3), 0.1)
    probabilities[np.arange(90), truth] = 0.8
    y = truth.copy()
    flipped = np.array([1, 17, 33, 80])
    y[flipped] = (y[flipped] + 1) % 3
    assert np.array_equal(np.flatnonzero(suspected_labels(probabilities, y)), flipped)
    for _ in range(5):
        y = rng.randint(3, size=40)
        p = 0.4 * rng.dirichlet([1, 1, 1], size=40) + 0.6 * np.eye(3)[np.where(rng.uniform(size=40) < 0.7, y, 2 - y)]
        usual = [p[y == k, k].mean() for k in range(3)]
        expected = []
        for row, label in zip(p, y):
            confident = [k for k in range(3) if row[k] >= usual[k]]
            top = max(confident, key=lambda k: row[k], default=label)
            expected.append(top != label and row[top] > row[label])
        assert suspected_labels(p, y).tolist() == expected
    assert not suspected_labels(
        np.array([[0.2, 0.8, 0.0], [0.9, 0.1, 0.0]]), np.array([1, 0])
    ).any()  # no row of class 2


def test_a_mean_difference_and_its_lower_limit():
    value, low = mean_difference(np.array([1.0, 1, 0, 1]), np.array([0.0, 1, 0, 0]))
    assert value == 0.5
    assert low == pytest.approx(0.5 - 1.6448536 * 0.5 / 2)


def made_curves(name, robust, clean, kept, n_rows=200):
    """Curves whose rows are right in the stated shares, the first ones, in two folds that are alike."""
    share = np.arange(n_rows) // 2 / (n_rows // 2)
    outcomes = [(share[None, :] < np.array(values)[:, None]).astype(float) for values in (clean, robust)]
    return Curves(
        name=name, rows=np.arange(n_rows), fold=np.arange(n_rows) % 2, weight=np.ones(n_rows),
        epochs=np.arange(float(len(robust))), clean=outcomes[0], robust=outcomes[1], history=[], kept=kept,
    )  # fmt: skip


def test_a_strategy_that_costs_too_much_at_its_best_epoch_can_be_kept_at_its_last():
    plain = {"robust": [0.1, 0.5, 0.5, 0.5, 0.3, 0.3, 0.3], "clean": [0.3, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8], "kept": 2}
    treated = {
        "robust": [0.1, 0.7, 0.7, 0.7, 0.6, 0.6, 0.6],
        "clean": [0.3, 0.6, 0.6, 0.6, 0.79, 0.79, 0.79],
        "kept": 2,
    }
    runs = {"plain": made_curves("plain", **plain), "treated": made_curves("treated", **treated)}
    assert preferred(runs, 0.02, 0) == ("treated", 6)
    runs["treated"] = made_curves("treated", **{**treated, "clean": [0.3, 0.79, 0.79, 0.79, 0.79, 0.79, 0.79]})
    assert preferred(runs, 0.02, 0) == ("treated", 2)
    runs["treated"] = made_curves("treated", **{**treated, "clean": [0.7] * 7})
    assert preferred(runs, 0.02, 0) == ("plain", 2)


def test_a_strategy_is_judged_without_the_luck_of_its_best_epoch():
    """Thirty epochs equally good: the best of them looks better than it is, and the cross-fitted figure does not."""
    rng = np.random.RandomState(0)
    lucky, fair = [], []
    for _ in range(40):
        curves = made_curves("noise", [0.5] * 30, [0.5] * 30, 0, n_rows=90)
        curves.robust = (rng.uniform(size=curves.robust.shape) < 0.5).astype(float)
        lucky.append(curves.curve()[1:].max())
        fair.append(cross_fitted(curves, "robust", True, rng))
    assert np.mean(lucky) > 0.58
    assert np.mean(fair) == pytest.approx(0.5, abs=0.02)
    assert cross_fitted(curves, "robust", False, rng) == pytest.approx(curves.curve()[-1])
