"""What an attacker may do to the rows of a RobustATWrapper, and its scores under attack."""

from itertools import pairwise

import numpy as np
import pandas as pd
import polars as pl
import pytest
from _robust_at_data import MIXED, REGRESSION, SPEC, table, wrapper
from sklearn.base import clone, is_classifier
from sklearn.linear_model import LogisticRegression, Ridge

from skgan_resample.threat import ThreatModel


# ------------------------------------------------------------------------------------------------ what attackers may do
def check_moved(frame, moved, attacked):
    """Check pandas frames, before and after, against the words of MIXED; return which columns changed."""
    assert moved.dtypes.equals(frame.dtypes)
    assert list(moved.columns) == list(frame.columns)
    pd.testing.assert_frame_equal(moved[["new", "same"]], frame[["new", "same"]])
    assert np.array_equal(moved.isna(), frame.isna())
    change = (moved != frame) & ~frame.isna()
    assert not change[~attacked].any(axis=None)
    steps = {name: (moved[name] - frame[name]).dropna() for name in ("x", "gap", "rooms")}
    assert steps["x"].between(-0.1 - 1e-12, 0.5 + 1e-12).all()
    assert steps["gap"].between(-0.4 - 1e-12, 0.4 + 1e-12).all()
    assert steps["rooms"].isin([-2, -1, 0, 1, 2]).all()
    assert set(moved["town"].dropna()) <= {"Ulm", "Bonn", "Kiel"}
    assert (moved[["red", "blue"]].sum(axis=1) == 1).all()
    switched = change[["town", "size"]].sum(axis=1) + change[["red", "blue"]].any(axis=1)
    assert switched.max() <= 1
    return {name for name in frame if change[name].any()}


@pytest.mark.slow
def test_perturbed_rows_stay_in_the_threat_model_with_their_data_types(fitted_wrapper):
    model, frame, y = fitted_wrapper
    changed = check_moved(frame, model.perturb(frame, y), np.ones(len(y), dtype=bool))
    assert {"x", "gap", "rooms"} <= changed
    assert changed & {"town", "size", "red"}
    alone = check_moved(frame, model.perturb(frame), np.ones(len(y), dtype=bool))
    assert {"x", "gap", "rooms"} <= alone
    found = model.robust_score(frame, y)
    assert np.mean((model.predict(frame) == y) & (model.predict(model.perturb(frame, y)) == y)) == found


@pytest.mark.slow
def test_only_attackable_classes_are_touched(fitted_wrapper):
    _, frame, y = fitted_wrapper
    threat = clone(MIXED).set_params(attackable_classes=["yes"])
    model = wrapper(threat_model=threat).fit(frame, y)
    check_moved(frame, model.perturb(frame, y), y == "yes")
    assert not model.perturb(frame, y)[y == "yes"].equals(frame[y == "yes"])
    right = model.predict(frame) == y
    everything = ThreatModel({"x": 1e4}, unit="raw", attackable_classes=["yes"])
    assert model.robust_score(frame, y, threat_model=everything) >= np.mean(right & (y == "no"))
    safe = np.flatnonzero(right & (y == "no"))[:10]
    assert np.isinf(model.min_budget(frame.iloc[safe], y[safe])).all()


def test_attackable_classes_can_be_an_array():
    X, y = table()
    wrapper(threat_model=ThreatModel(attackable_classes=np.array([0, 1])), max_epochs=1).fit(X, y)


def test_polars_frames_come_back_as_such(fitted_wrapper):
    _, frame, y = fitted_wrapper
    frame = frame.astype({"size": object})
    polars = pl.from_pandas(frame)
    model = wrapper(threat_model=MIXED).fit(polars, y)
    moved = model.perturb(polars, y)
    assert isinstance(moved, pl.DataFrame)
    assert moved.schema == polars.schema
    back = moved.to_pandas().astype(frame.dtypes)
    assert {"x", "rooms"} <= check_moved(frame, back.where(back.notna(), frame), np.ones(len(y), dtype=bool))
    with pytest.raises(TypeError, match="give perturb the same"):
        model.perturb(frame, y)


@pytest.mark.parametrize("kind", ["float32", "int64", "list", "frame"])
def test_perturb_gives_back_what_it_was_given(kind):
    X, y = table()
    X = np.round(4 * X)
    given = {
        "float32": X.astype(np.float32), "int64": X.astype(np.int64), "list": X.tolist(),
        "frame": pd.DataFrame(X.astype(int), columns=list("abcd")).astype({"a": float}),
    }[kind]  # fmt: skip
    model = wrapper(threat_model=ThreatModel(2.5, unit="raw", integer_features=None)).fit(given, y)
    moved = model.perturb(given, y)
    assert type(moved) is type(given)
    if kind == "frame":
        assert moved.dtypes.equals(given.dtypes)
    elif kind != "list":
        assert moved.dtype == given.dtype
    steps = np.abs(np.asarray(moved, dtype=float) - X)
    assert 0 < steps.max() <= 2.5 + 1e-6
    assert kind in ("float32", "list") or np.isin(steps[:, 1:], [0, 1, 2]).all()


def test_immutable_columns_and_one_sided_budgets():
    X, y = table()
    threat = ThreatModel(eps=(0.0, 0.5), immutable=[2], bounds="train")
    model = wrapper(threat_model=threat).fit(X, y)
    step = model.perturb(X, y) - X
    assert not step[:, 2].any()
    assert (step >= 0).all()
    assert step.max(axis=0)[[0, 1, 3]] == pytest.approx(0.5 * X.std(axis=0)[[0, 1, 3]])
    assert ((X + step) <= X.max(axis=0)).all()


def test_missing_cells_are_never_attacked():
    X, y = table()
    holes = np.random.RandomState(0).uniform(size=X.shape) < 0.3
    X = np.where(holes, np.nan, X)
    model = wrapper(threat_model=ThreatModel(0.5)).fit(X, y)
    moved = model.perturb(X, y)
    assert np.array_equal(np.isnan(moved), holes)
    assert (moved[~holes] != X[~holes]).mean() > 0.5


def test_dates_come_back_right_from_some_of_the_rows():
    X, y = table()
    frame = pd.DataFrame({"day": pd.date_range("2020-01-01", periods=120), "x": X[:, 0]})
    model = wrapper(threat_model=ThreatModel({"day": 0.0, "x": 0.1})).fit(frame, y)
    some = frame[50:80:3].reset_index(drop=True)
    pd.testing.assert_series_equal(model.perturb(some)["day"], some["day"])


@pytest.mark.parametrize("column", ["town", "size"])
def test_levels_that_were_not_seen_come_back_as_they_are_or_are_refused_by_name(column, fitted_wrapper):
    model, frame, y = fitted_wrapper
    strange = frame.astype({"size": object})
    strange.loc[3, column] = "Rome"
    assert model.predict(strange).shape == y.shape
    try:
        found = model.perturb(strange, y)[column][3]
    except ValueError as error:
        found = str(error)
    assert "Rome" in str(found)


# ------------------------------------------------------------------------------------------------ scores under attack
@pytest.fixture(scope="module")
def linear():
    X, y = table()
    X = X * [0.1, 1, 10, 100]
    return wrapper(LogisticRegression(), threat_model=ThreatModel(0.2), max_epochs=10).fit(X, y), X, y


def lead_and_pull(model, X, y, eps):
    """By how much a linear model is right about each row, and by how much an attacker can pull that down."""
    leads = model.decision_function(X) * np.where(y == model.classes_[1], 1, -1)
    origin = X.mean(axis=0)
    step = X.std(axis=0)
    slopes = (model.decision_function(origin + np.diag(step)) - model.decision_function(origin[None])) / step
    return leads, np.abs(slopes) @ eps


@pytest.mark.slow
def test_the_score_under_attack_is_the_closed_form_of_a_linear_model(linear):
    model, X, y = linear
    for share in (0.0, 0.1, 0.2, 0.5):
        leads, pull = lead_and_pull(model, X, y, share * X.std(axis=0))
        expected = np.mean(leads > pull)
        for threat in (ThreatModel(share), ThreatModel(list(share * X.std(axis=0)), unit="raw")):
            found = model.robust_score(X, y, threat_model=threat)
            assert found == pytest.approx(expected, abs=0.5 / len(y))
            assert threat.fit(X).explain() in str(model.robust_score(X, y, threat_model=threat, return_report=True))
    assert model.robust_score(X, y) == model.robust_score(X, y, threat_model=ThreatModel(0.2))
    assert model.robust_score(X, y, threat_model=ThreatModel(0.0)) == model.score(X, y)


@pytest.mark.parametrize("spec", [SPEC, REGRESSION], ids=repr)
def test_scores_fall_with_the_budget_from_the_plain_one(spec):
    X, y = table()
    y = y if is_classifier(spec) else X[:, 0] + X[:, 1] ** 2
    model = wrapper(spec).fit(X, y)
    scores = [model.robust_score(X, y, threat_model=ThreatModel(eps)) for eps in (0.0, 0.05, 0.2, 0.8, 3.0)]
    assert scores[0] == model.score(X, y)
    assert all(a >= b for a, b in pairwise(scores))
    assert scores[0] > scores[2] > scores[-1]
    weight = np.arange(len(y)) % 2
    part = weight == 1
    weighted, alone = model.score(X, y, sample_weight=weight), model.score(X[part], y[part])
    assert weighted == pytest.approx(alone)
    report = model.robust_score(X, y, return_report=True)
    assert report == {
        **report, "robust": model.robust_score(X, y), "clean": model.score(X, y),
        "threat_model": model.threat_model_.explain(), "n_rows": 120,
    }  # fmt: skip


def test_a_regression_is_attacked_by_the_closed_form():
    X, _ = table()
    y = X[:, 0] - 2 * X[:, 1] + 5
    model = wrapper(Ridge(), max_epochs=10).fit(X, y)
    slopes = model.predict(np.eye(4)) - model.predict(np.zeros((1, 4)))
    eps = 0.3 * X.std(axis=0)
    error = np.abs(model.predict(X) - y) + np.abs(slopes) @ eps
    expected = 1 - np.sum(error**2) / np.sum((y - y.mean()) ** 2)
    assert model.robust_score(X, y, threat_model=ThreatModel(0.3)) == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_a_threat_model_may_be_fitted_to_a_table_with_more_categories():
    X, y = table()
    frame = pd.DataFrame({"x": X[:, 0], "town": ["Ulm", "Bonn"] * 60, "shop": "a"})
    frame["town"] = np.where(y == 1, "Ulm", frame["town"])
    more = frame.assign(town=["Ulm", "Bonn", "Kiel"] * 40, shop=["a", "b"] * 60)
    model = wrapper(max_epochs=10).fit(frame, y)
    parts = {"eps": {"x": 0.1}, "unit": "raw", "max_categorical_changes": 2}
    known, all_of_them = (ThreatModel(**parts).fit(seen) for seen in (frame, more))
    scores = [model.robust_score(frame, y, threat_model=threat) for threat in (known, all_of_them)]
    assert scores[0] == scores[1] < model.score(frame, y)  # what fit has not seen cannot be switched to
    assert set(model.perturb(frame, y, threat_model=all_of_them)["town"]) == {"Ulm", "Bonn"}


@pytest.mark.slow
def test_the_smallest_budget_of_a_linear_model_is_its_closed_form(linear):
    model, X, y = linear
    leads, pull = lead_and_pull(model, X, y, 0.2 * X.std(axis=0))
    expected = np.maximum(leads, 0) / pull
    assert (expected == 0).any()
    np.testing.assert_allclose(model.min_budget(X, y), np.where(expected > 16, np.inf, expected), rtol=0.011, atol=1e-3)
    stuck = model.min_budget(X, y, threat_model=ThreatModel(1e-6))
    assert np.array_equal(np.isinf(stuck), leads > 0)


@pytest.mark.slow
def test_the_smallest_budget_is_where_the_prediction_changes():
    X, y = table(3)
    model = wrapper(threat_model=ThreatModel(0.3), max_epochs=10).fit(X, y)
    X, y = X[:40], y[:40]
    budget = model.min_budget(X, y)
    right = model.predict(X) == y
    assert np.array_equal(budget == 0, ~right)
    rows = np.flatnonzero(right & np.isfinite(budget))[:8]
    below, above = [], []
    for row in rows:
        one, label = X[[row]], y[[row]]
        for share, found in ((0.97, below), (1.02, above)):
            threat = ThreatModel(0.3 * budget[row] * share)
            found.append(model.robust_score(one, label, threat_model=threat))
    assert np.mean(below) > 0.9
    assert np.mean(above) < 0.1
