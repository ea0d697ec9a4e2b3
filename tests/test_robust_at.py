"""RobustATWrapper: what it learns, what an attacker may do to it, and what it says of robust overfitting."""

import copy
import pickle
import random
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
import torch
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.datasets import make_classification
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.fixes import parse_version
from torch import nn

from skgan_resample import ResamplingWarning, RobustATWrapper
from skgan_resample._robust_at._diagnosis import (
    cross_fitted,
    mean_difference,
    onset,
    robust_gap,
    suspected_labels,
    telling_apart,
)
from skgan_resample._robust_at._runs import Curves, smoothed
from skgan_resample.threat import ThreatModel

SPEC = MLPClassifier((8,), solver="sgd", learning_rate_init=0.05, batch_size=32, max_iter=5)
REGRESSION = MLPRegressor(
    hidden_layer_sizes=(8,), solver="sgd", learning_rate_init=0.05, batch_size=32, max_iter=5, alpha=0.01
)


def wrapper(estimator=SPEC, **changes):
    return RobustATWrapper(
        clone(estimator, safe=False), **{"validation": None, "device": "cpu", "random_state": 0, **changes}
    )


def table(n_classes=2, n_rows=120, seed=0):
    return make_classification(
        n_rows, 4, n_informative=3, n_redundant=1, n_classes=n_classes, n_clusters_per_class=1, flip_y=0.1,
        random_state=seed,
    )  # fmt: skip


def mixed(n_rows=120):
    """A frame with gaps, whole numbers, levels, a constant and a one-hot group, and its classes."""
    rng = np.random.RandomState(1)
    frame = pd.DataFrame({"x": rng.normal(size=n_rows), "gap": rng.normal(size=n_rows)})
    frame.loc[rng.uniform(size=n_rows) < 0.2, "gap"] = np.nan
    frame["rooms"] = rng.poisson(5, size=n_rows)
    frame["town"] = rng.choice(["Ulm", "Bonn", "Kiel"], size=n_rows)
    frame.loc[::10, "town"] = None
    frame["new"] = rng.uniform(size=n_rows) < 0.5
    frame["size"] = pd.Categorical(rng.choice(["s", "m", "l"], size=n_rows), ["s", "m", "l"], ordered=True)
    frame["same"] = 7.5
    frame[["red", "blue"]] = np.eye(2)[rng.randint(2, size=n_rows)]
    y = np.where(frame["x"] + (frame["town"] == "Ulm") + 0.3 * rng.normal(size=n_rows) > 0.3, "yes", "no")
    return frame, y


MIXED = ThreatModel(
    {"x": (0.1, 0.5), "gap": 0.4, "rooms": 2.5, "same": 1.0}, unit="raw", immutable=["new"], max_categorical_changes=1,
    onehot_groups=[["red", "blue"]],
)  # fmt: skip


@pytest.fixture(scope="module")
def fitted():
    """A wrapper of a mixed table, with what it was fitted to; nobody changes it."""
    frame, y = mixed()
    return wrapper(threat_model=MIXED).fit(frame, y), frame, y


@pytest.fixture(scope="module")
def validated():
    """A wrapper that looked at three folds."""
    X, y = table()
    return wrapper(validation=3, threat_model=ThreatModel(0.2)).fit(X, y), X, y


# ------------------------------------------------------------------------------------------------ what is learned
LONG = {"max_epochs": 400, "batch_size": 10_000, "learning_rate_schedule": "constant", "attack_steps": 1}


def scaled_slopes(model, X):
    """What the outputs of a linear model gain by one standard deviation of each column."""
    return model.coef_ * X.std(axis=0)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_without_attack_it_is_logistic_regression_on_standardized_columns(n_classes, class_weight):
    X, y = table(n_classes)
    keep = (y > 0) | (np.arange(len(y)) % 3 == 0)  # classes of different size
    X, y = X[keep] * [1, 10, 0.1, 5] + 3, y[keep]
    spec = LogisticRegression(C=0.3, class_weight=class_weight, tol=1e-8, max_iter=1000)
    ours = wrapper(spec, threat_model=ThreatModel(0.0), learning_rate=0.5, **LONG).fit(X, y).to_sklearn()
    theirs = spec.fit(StandardScaler().fit_transform(X), y)
    np.testing.assert_allclose(scaled_slopes(ours, X), theirs.coef_, atol=2e-3)
    found, expected = ours.decision_function(X), theirs.decision_function(StandardScaler().fit_transform(X))
    if n_classes > 2:  # a number added to all of them has no meaning
        found, expected = (scores - scores.mean(axis=1, keepdims=True) for scores in (found, expected))
    np.testing.assert_allclose(found, expected, atol=1e-2)


@pytest.mark.parametrize("spec", [Ridge(alpha=20.0), LinearRegression()], ids=repr)
def test_without_attack_it_is_ridge_on_standardized_columns(spec):
    X = table()[0] * [1, 10, 0.1, 5] + 3
    X = X[:, [0, 1, 2]]
    y = 100 + X @ [3.0, 1.0, 50.0] + np.random.RandomState(0).normal(size=len(X))
    ours = wrapper(spec, threat_model=ThreatModel(0.0), learning_rate=0.05, **LONG).fit(X, y)
    theirs = spec.fit(StandardScaler().fit_transform(X), y)
    np.testing.assert_allclose(scaled_slopes(ours.to_sklearn(), X), theirs.coef_, rtol=2e-3, atol=2e-3 * y.std())
    np.testing.assert_allclose(ours.predict(X), theirs.predict(StandardScaler().fit_transform(X)), atol=0.01 * y.std())


def test_weights_of_whole_numbers_are_repeated_rows():
    X = np.random.RandomState(0).normal(size=(120, 3))
    y = (X @ [1.0, -1.0, 0.5] + np.random.RandomState(1).logistic(size=120) > 0).astype(int)
    weight = 1 + 3 * (X[:, 0] * (2 * y - 1) > 0)
    rows = np.repeat(np.arange(len(y)), weight)
    # Without a penalty the scale of the columns, that of the rows as they stand, changes nothing.
    settings = {"threat_model": ThreatModel(0.0), **LONG, "learning_rate": 1.0}
    weighted, repeated, plain = (
        wrapper(LogisticRegression(C=np.inf), **settings).fit(X[part], y[part], sample_weight=w).to_sklearn()
        for part, w in ((slice(None), weight), (rows, None), (slice(None), None))
    )
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, atol=5e-3)
    np.testing.assert_allclose(weighted.intercept_, repeated.intercept_, atol=5e-3)
    assert np.abs(plain.coef_ - repeated.coef_).max() > 0.1


@pytest.mark.parametrize("validation", [None, 3])
def test_rows_of_weight_zero_change_nothing(validation):
    X, y = table()
    weight = np.where(np.arange(len(y)) % 3 == 0, 0.0, 2.0)
    wild = np.where(weight[:, None] == 0, 1e4 + X, X)
    settings = {"validation": validation, "class_weight": "balanced", "max_epochs": 3}
    without = wrapper(LogisticRegression(C=0.1), **settings).fit(X[weight > 0], y[weight > 0])
    ours = wrapper(LogisticRegression(C=0.1), **settings).fit(wild, y, sample_weight=weight)
    assert np.array_equal(ours.threat_model_.left_, without.threat_model_.left_)
    np.testing.assert_allclose(ours.decision_function(X), without.decision_function(X), atol=1e-6)


def test_adversarial_training_is_more_robust_than_plain_training_where_that_can_be():
    """Column 0 tells the classes by a little, which an attacker takes; column 1 tells less, and keeps it."""
    rng = np.random.RandomState(0)
    sign = np.where(rng.uniform(size=200) < 0.5, 1, -1)
    X = np.column_stack([0.2 * sign, 3.0 * sign * np.where(rng.uniform(size=200) < 0.85, 1, -1)])
    X = X + 0.02 * rng.normal(size=X.shape)
    threat = ThreatModel(0.5, unit="raw")
    plain, robust = (
        wrapper(threat_model=ThreatModel(eps, unit="raw"), max_epochs=15).fit(X, sign) for eps in (0.0, 0.5)
    )
    share = np.mean((X[:, 1] > 0) == (sign > 0))
    assert plain.score(X, sign) > 0.98
    assert plain.robust_score(X, sign, threat_model=threat) < share - 0.2
    assert robust.robust_score(X, sign) == pytest.approx(share, abs=0.01)
    trades = wrapper(threat_model=threat, objective="trades", max_epochs=15).fit(X, sign)
    assert trades.robust_score(X, sign) == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize("treatment", ["loss_scale", "attack_strength", "augment", "awp", "label_smoothing", "ema"])
def test_every_treatment_changes_the_training_and_names_it(treatment):
    X, y = table()
    eager = {"max_epochs": 3, "small_loss_threshold": 1.2, "swap_above": 0.1}
    plain, treated = (wrapper(ro_strategy=parts, **eager).fit(X, y) for parts in (None, [treatment]))
    assert (plain.strategy_, treated.strategy_) == ("plain", treatment)
    assert not np.allclose(plain.decision_function(X), treated.decision_function(X), atol=1e-5)
    target = X[:, 0]
    regression = wrapper(REGRESSION, ro_strategy=[treatment], **eager).fit(X, target)
    assert np.isfinite(regression.predict(X)).all()


# ------------------------------------------------------------------------------------------------ what can be wrapped
@pytest.mark.parametrize(
    ("estimator", "task", "kind"),
    [
        (SPEC, "auto", "classifier"),
        (None, "auto", "classifier"),
        (None, "regression", "regressor"),
        (REGRESSION, "auto", "regressor"),
        (Ridge(), "regression", "regressor"),
        (LinearSVC(), "auto", "classifier"),
        (lambda n_in, n_out: nn.Linear(n_in, n_out), "regression", "regressor"),
    ],
)
def test_it_is_what_it_wraps(estimator, task, kind):
    model = wrapper(estimator, task=task)
    assert (is_classifier(model), is_regressor(model)) == (kind == "classifier", kind == "regressor")
    for name in ("predict_proba", "decision_function", "min_budget"):
        assert hasattr(model, name) == (kind == "classifier")
    X, y = table()
    model.set_params(max_epochs=2).fit(X, y)
    assert (is_classifier(model), is_regressor(model)) == (kind == "classifier", kind == "regressor")
    assert hasattr(model, "classes_") == (kind == "classifier")
    assert set(model.predict(X)) <= {0, 1} or kind == "regressor"


@pytest.mark.parametrize("tree", [DecisionTreeClassifier(), DecisionTreeRegressor()], ids=repr)
def test_trees_are_refused_with_a_sentence(tree):
    with pytest.raises(TypeError, match=r"DecisionTree\w+ has no gradient that we know of; give MLPClassifier"):
        wrapper(tree).fit(*table())
    clone(wrapper(tree))


def test_tasks_that_do_not_fit_are_refused():
    X, y = table()
    with pytest.raises(ValueError, match="task='regression', but MLPClassifier is for classification"):
        wrapper(task="regression").fit(X, y)
    if "loss" in REGRESSION.get_params():  # scikit-learn 1.7
        with pytest.raises(ValueError, match="only the squared error"):
            wrapper(clone(REGRESSION).set_params(loss="poisson")).fit(X, y)
    with pytest.raises(ValueError, match="A torch module does not say what it is for"):
        wrapper(lambda n_in, n_out: nn.Linear(n_in, n_out)).fit(X, y)
    with pytest.raises(TypeError, match=r"estimator must return a torch\.nn\.Module, got int"):
        wrapper(lambda n_in, n_out: 3, task="classification").fit(X, y)
    with pytest.raises(TypeError, match="is neither a scikit-learn model"):
        wrapper("network", task="classification").fit(X, y)


class Bumpy(nn.Module):
    """A module with a buffer, batch norm and dropout."""

    def __init__(self, n_in=4, n_out=2):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_in, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, n_out)
        )

    def forward(self, x):
        return self.layers(x)


@pytest.mark.parametrize("estimator", [Bumpy, Bumpy()], ids=["factory", "module"])
def test_torch_modules(estimator):
    X, y = table()
    state = copy.deepcopy(estimator.state_dict()) if isinstance(estimator, nn.Module) else None
    model = wrapper(
        estimator, task="classification", max_epochs=10, batch_size=32, learning_rate=0.02, validation=0.3
    ).fit(X, y)
    assert model.score(X, y) > max(np.mean(y), 1 - np.mean(y)) + 0.1
    assert not model.network_.training
    assert np.array_equal(model.predict(X), pickle.loads(pickle.dumps(model)).predict(X))
    assert np.array_equal(model.predict(X), copy.deepcopy(model).predict(X))
    with pytest.raises(TypeError, match="to_sklearn needs a scikit-learn specification"):
        model.to_sklearn()
    if state:
        assert all(torch.equal(tensor, estimator.state_dict()[name]) for name, tensor in state.items())


@pytest.mark.parametrize(
    "labels",
    [
        np.array([0, 1]),
        np.array([-3, 7]),
        np.array([False, True]),
        np.array(["no", "yes"]),
        np.array(["c", "a", "b"], dtype=object),
        np.arange(6) * 10.0,
    ],
    ids=str,
)
def test_labels_of_any_kind_come_back(labels):
    X, _ = table()
    y = labels[np.digitize(X[:, 0], np.quantile(X[:, 0], np.linspace(0, 1, len(labels) + 1)[1:-1]))]
    model = wrapper(max_epochs=30, threat_model=ThreatModel(0.05)).fit(X, y)
    assert np.array_equal(model.classes_, np.unique(y))
    assert model.predict(X).dtype == model.classes_.dtype
    assert model.score(X, y) == np.mean(model.predict(X) == y) > 1 / len(labels) + 0.1
    probabilities = model.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert np.array_equal(model.classes_[probabilities.argmax(axis=1)], model.predict(X))
    scores = model.decision_function(X)
    if len(labels) == 2:
        np.testing.assert_allclose(1 / (1 + np.exp(-scores)), probabilities[:, 1], atol=1e-6)
    else:
        assert scores.shape == (len(X), len(labels))
    for given in (y.tolist(), pd.Series(y), pd.Series(y).astype("category")):
        assert np.array_equal(clone(model).set_params(max_epochs=2).fit(X, given).classes_, model.classes_)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("validation", [5, 0.3])
@pytest.mark.parametrize("n_rows", [2, 3, 9, 11])
def test_small_tables(n_rows, validation):
    X, _ = table()
    y = np.arange(n_rows) % 2
    model = wrapper(max_epochs=2, validation=validation).fit(X[:n_rows], y)
    assert model.predict(X).shape == (120,)
    assert bool(model.runs_) == (n_rows >= 10)
    assert (model.ro_detected_ is None) == (n_rows < 10)
    assert isinstance(model.ro_report(), str)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("parts", [("augment",), None])
def test_a_class_of_one_row_and_constant_columns(parts):
    X, y = table()
    y = y.copy()
    y[7] = 5
    X = np.column_stack([X, np.full(120, 3.0), np.full(120, np.nan)])
    model = wrapper(validation=3, ro_strategy=parts, swap_above=0.0, max_epochs=2).fit(X, y)
    assert model.classes_.tolist() == [0, 1, 5]
    assert model.predict_proba(X).shape == (120, 3)
    moved = model.perturb(X, y)
    assert np.array_equal(moved[:, 4:], X[:, 4:], equal_nan=True)
    assert (moved[:, :4] != X[:, :4]).any()


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


def test_perturbed_rows_stay_in_the_threat_model_with_their_data_types(fitted):
    model, frame, y = fitted
    changed = check_moved(frame, model.perturb(frame, y), np.ones(len(y), dtype=bool))
    assert {"x", "gap", "rooms"} <= changed
    assert changed & {"town", "size", "red"}
    alone = check_moved(frame, model.perturb(frame), np.ones(len(y), dtype=bool))
    assert {"x", "gap", "rooms"} <= alone
    found = model.robust_score(frame, y)
    assert np.mean((model.predict(frame) == y) & (model.predict(model.perturb(frame, y)) == y)) == found


def test_only_attackable_classes_are_touched(fitted):
    _, frame, y = fitted
    threat = clone(MIXED).set_params(attackable_classes=["yes"])
    model = wrapper(threat_model=threat).fit(frame, y)
    check_moved(frame, model.perturb(frame, y), y == "yes")
    assert not model.perturb(frame, y)[y == "yes"].equals(frame[y == "yes"])
    right = model.predict(frame) == y
    everything = ThreatModel({"x": 1e4}, unit="raw", attackable_classes=["yes"])
    assert model.robust_score(frame, y, threat_model=everything) >= np.mean(right & (y == "no"))
    budget = model.min_budget(frame, y)
    assert np.isinf(budget[right & (y == "no")]).all()


def test_attackable_classes_can_be_an_array():
    X, y = table()
    wrapper(threat_model=ThreatModel(attackable_classes=np.array([0, 1])), max_epochs=1).fit(X, y)


def test_polars_frames_come_back_as_such(fitted):
    _, frame, y = fitted
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
def test_levels_that_were_not_seen_come_back_as_they_are_or_are_refused_by_name(column, fitted):
    model, frame, y = fitted
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


def test_the_smallest_budget_of_a_linear_model_is_its_closed_form(linear):
    model, X, y = linear
    leads, pull = lead_and_pull(model, X, y, 0.2 * X.std(axis=0))
    expected = np.maximum(leads, 0) / pull
    assert (expected == 0).any()
    np.testing.assert_allclose(model.min_budget(X, y), np.where(expected > 16, np.inf, expected), rtol=0.011, atol=1e-3)
    stuck = model.min_budget(X, y, threat_model=ThreatModel(1e-6))
    assert np.array_equal(np.isinf(stuck), leads > 0)


def test_the_smallest_budget_is_where_the_prediction_changes():
    X, y = table(3)
    model = wrapper(threat_model=ThreatModel(0.3), max_epochs=10).fit(X, y)
    budget = model.min_budget(X, y)
    right = model.predict(X) == y
    assert np.array_equal(budget == 0, ~right)
    rows = np.flatnonzero(right & np.isfinite(budget))[:12]
    below, above = [], []
    for row in rows:
        one, label = X[[row]], y[[row]]
        for share, found in ((0.97, below), (1.02, above)):
            threat = ThreatModel(0.3 * budget[row] * share)
            found.append(model.robust_score(one, label, threat_model=threat))
    assert np.mean(below) > 0.9
    assert np.mean(above) < 0.1


# ------------------------------------------------------------------------------------------------ without torch
SPECS = [
    SPEC,
    MLPClassifier((5, 4), activation="tanh"),
    LogisticRegression(),
    LinearSVC(),
    REGRESSION,
    Ridge(),
    LinearRegression(),
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", ["numbers", "frame", "mixed"])
@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_the_model_of_scikit_learn_says_the_same(spec, kind):
    for n_classes in (2, 3) if is_classifier(spec) else (None,):
        X, y = table(n_classes or 2)
        X = X * [0.1, 1, 10, 100] + [0, 5, 0, 1000]
        if kind == "frame":
            X = pd.DataFrame(X, columns=list("abcd")).assign(same=3.0)
        elif kind == "mixed":
            X = mixed()[0]
        y = y if n_classes else 1000 + 50 * table()[0][:, 0]
        ours = wrapper(spec, max_epochs=2).fit(X, y)
        theirs = ours.to_sklearn()
        assert isinstance(theirs, type(spec)) == (kind != "mixed")
        if hasattr(theirs, "predict_proba"):
            np.testing.assert_allclose(theirs.predict_proba(X), ours.predict_proba(X), atol=1e-5)
        if hasattr(theirs, "decision_function"):
            np.testing.assert_allclose(theirs.decision_function(X), ours.decision_function(X), rtol=1e-5, atol=1e-5)
        if n_classes:
            assert np.array_equal(theirs.predict(X), ours.predict(X))
            assert np.array_equal(theirs.classes_, ours.classes_)
        else:
            np.testing.assert_allclose(theirs.predict(X), ours.predict(X), rtol=1e-5)
        assert theirs.score(X, y) == pytest.approx(ours.score(X, y), rel=1e-4)


def test_the_model_of_scikit_learn_is_unpickled_without_torch(fitted, tmp_path):
    mixed_model, frame, _ = fitted
    X, labels = table()
    plain = wrapper(max_epochs=2).fit(X, labels)
    stored = {
        "models": [mixed_model.to_sklearn(), plain.to_sklearn()], "tables": [frame, X],
        "expected": [mixed_model.predict(frame), plain.predict(X)],
    }  # fmt: skip
    joblib.dump(stored, tmp_path / "models")
    code = f"""
import joblib, sys
stored = joblib.load({str(tmp_path / "models")!r})
for model, table, expected in zip(stored["models"], stored["tables"], stored["expected"]):
    assert (model.predict(table) == expected).all()
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    "change", [{"estimator__activation": "tanh"}, {"estimator": LogisticRegression()}, {"estimator": Bumpy}], ids=str
)
def test_the_model_of_scikit_learn_is_that_of_the_fit_whatever_parameters_were_set_since(change):
    X, y = table()
    model = wrapper(max_epochs=2).fit(X, y)
    expected = model.to_sklearn().predict_proba(X)
    np.testing.assert_allclose(model.set_params(**change).to_sklearn().predict_proba(X), expected)


# ------------------------------------------------------------------------------------------------ as an estimator
@pytest.mark.parametrize(
    "copied",
    [lambda model, path: pickle.loads(pickle.dumps(model)), lambda model, path: copy.deepcopy(model),
     lambda model, path: joblib.load(joblib.dump(model, path / "model")[0])],
    ids=["pickle", "deepcopy", "joblib"],
)  # fmt: skip
def test_copies_say_the_same_whatever_parameters_were_set_since(copied, tmp_path):
    frame, y = mixed()
    model = wrapper(threat_model=MIXED, validation=2, max_epochs=2).fit(frame, y)
    before = model.predict_proba(frame), model.robust_score(frame, y), model.ro_report()
    model.set_params(estimator=LogisticRegression(), threat_model=ThreatModel(5.0), task="regression", batch_size=3)
    for one in (model, copied(model, tmp_path)):
        assert np.array_equal(one.predict_proba(frame), before[0])
        assert (one.robust_score(frame, y), one.ro_report()) == before[1:]
        assert one.perturb(frame, y).shape == frame.shape
    assert b"torch" not in pickle.dumps(model)


def test_a_clone_is_not_fitted_and_fits_the_same():
    X, y = table()
    model = wrapper(validation=2, max_epochs=2, threat_model=ThreatModel(0.2)).fit(X, y)
    other = clone(model)
    assert not hasattr(other, "network_")
    assert str(other.get_params()) == str(model.get_params())
    assert np.array_equal(other.fit(X, y).decision_function(X), model.decision_function(X))
    assert not hasattr(model.threat_model, "left_")  # fit leaves its parameters alone
    assert not hasattr(model.estimator, "coefs_")


def test_the_seed_decides_and_nothing_global_is_touched():
    X, y = table()
    torch.set_num_threads(3)
    before = np.random.get_state()[1].tolist(), random.getstate(), torch.get_rng_state().tolist()  # noqa: NPY002
    settings = {"validation": 2, "max_epochs": 2, "ro_strategy": ["augment", "awp"], "swap_above": 0.1}
    models = [wrapper(**settings, random_state=seed).fit(X, y) for seed in (3, 3, np.random.RandomState(3), 4)]
    results = []
    for model in models:
        moved = model.perturb(X, y)
        model.robust_score(X, y)
        model.min_budget(X[:5], y[:5])
        weights = b"".join(w.detach().numpy().tobytes() for w in model.network_.parameters())
        records = [{k: v for k, v in record.items() if k != "seconds"} for record in model.history_]
        results.append((weights, moved.tobytes(), str(records), model.ro_gap_))
    after = np.random.get_state()[1].tolist(), random.getstate(), torch.get_rng_state().tolist()  # noqa: NPY002
    assert before == after
    assert torch.get_num_threads() == 3
    torch.set_num_threads(1)
    assert results[0] == results[1] == results[2]
    assert results[0][0] != results[3][0]


def test_grid_search_over_eps_gives_the_same_scores_serially_and_in_parallel():
    X, y = table()
    grid = {"threat_model__eps": [0.0, 0.3, 3.0], "ro_strategy": ["auto", ["awp"]]}
    candidate = wrapper(threat_model=ThreatModel(), max_epochs=8, warm_up=0.0)
    scores = []
    for n_jobs in (1, 2):
        search = GridSearchCV(candidate, grid, cv=2, n_jobs=n_jobs, error_score="raise").fit(X, y)
        scores.append(search.cv_results_["mean_test_score"])
    assert np.array_equal(*scores)
    assert len(set(scores[0].tolist())) >= 4  # the parameters change something


# ------------------------------------------------------------------------------------------------ held-out rows
CURVES = {"epoch", "seconds", "val_clean", "val_robust", "train_clean", "train_robust", "feature_gap"}


def test_the_history_says_what_each_look_saw(validated):
    model, X, _ = validated
    assert [record["epoch"] for record in model.history_] == [0, 2, 4, 5]
    assert set(model.history_[0]) == CURVES
    assert all(set(record) == CURVES | {"train_loss", "small_loss_fraction"} for record in model.history_[1:])
    assert next(iter(model.runs_)) == "plain"
    curves = model.runs_["plain"]
    assert sorted(curves.rows) == list(range(len(X)))  # each row is held out once
    assert set(curves.fold) == {0, 1, 2}
    for look, record in enumerate(curves.history):
        by_fold = [curves.robust[look, curves.fold == fold].mean() for fold in range(3)]
        assert record["val_robust"] == pytest.approx(np.mean(by_fold), abs=1e-6)
        assert record["val_robust"] <= record["val_clean"]
        assert record["train_robust"] <= record["train_clean"]
    assert set(np.unique(curves.robust)) <= {0.0, 1.0}
    assert (curves.robust <= curves.clean).all()
    assert model.robust_val_last_ == pytest.approx(curves.robust[-1].mean())
    assert model.best_epoch_ == model.n_iter_ == curves.epochs[curves.kept]
    assert model.ro_gap_interval_[0] <= model.ro_gap_ <= model.ro_gap_interval_[1]
    assert model.suspected_labels_.shape == (len(X),)
    assert f"With {len(X)} held-out rows" in model.ro_report()


def test_without_validation_the_losses_alone_are_known(fitted):
    model, *_ = fitted
    assert model.runs_ == {}
    assert set(model.history_[-1]) == {"epoch", "seconds", "train_loss", "small_loss_fraction"}
    assert model.history_[-1]["epoch"] == model.n_iter_ == 5
    assert model.ro_detected_ is None
    assert np.isnan([model.ro_gap_, model.ro_power_, model.masking_gap_, model.attack_gap_]).all()
    assert "Nothing was measured" in model.ro_report()


@pytest.mark.parametrize("early_stopping", [True, False])
def test_a_share_of_the_rows_is_held_out_and_the_epoch_chosen_on_it(early_stopping):
    X, y = table()
    model = wrapper(validation=0.3, validate_every=1, early_stopping=early_stopping).fit(X, y)
    curves = model.runs_["plain"]
    assert len(curves.rows) == 36
    assert np.mean(y[curves.rows]) == pytest.approx(np.mean(y), abs=0.03)  # each part is like the whole
    look = curves.kept
    assert look == 5 or early_stopping
    assert model.best_epoch_ == model.n_iter_ == look
    # The network that is kept says of the held-out rows what was seen at that look.
    assert np.array_equal(model.predict(X[curves.rows]) == y[curves.rows], curves.clean[look] == 1)


def test_an_untrained_network_is_never_kept():
    X, y = table()
    model = wrapper(validation=0.3, learning_rate=1e-9).fit(X, y)
    assert model.n_iter_ >= 1


@pytest.fixture
def overfits(monkeypatch):
    """Let every run lose 0.2 of robust accuracy after its best epoch."""
    import skgan_resample._robust_at._wrapper as module

    def found(curves, rng):
        return replace(robust_gap(curves, rng), value=0.2, low=0.1, high=0.3, error=0.05, detected=True)

    monkeypatch.setattr(module, "robust_gap", found)
    return module


@pytest.mark.parametrize("validation", [2, 0.3])
def test_the_best_epoch_is_kept_where_later_ones_are_worse_unless_the_last_is_asked_for(validation, overfits):
    X, y = table()
    still = {"validation": validation, "learning_rate": 1e-9, "ro_strategy": None}  # the first of equals is the best
    early = wrapper(**still).fit(X, y)
    curves = early.runs_["plain"]
    assert early.n_iter_ == curves.epochs[1 + int(np.argmax(smoothed(curves.curve())[1:].round(9)))] == 2
    assert wrapper(**still, early_stopping=False).fit(X, y).n_iter_ == 5


def test_the_last_epoch_is_kept_where_nothing_is_lost():
    X, y = table()
    assert wrapper(validation=2, learning_rate=1e-9).fit(X, y).n_iter_ == 5


def test_given_validation_rows_are_looked_at_and_not_learned_from():
    X, y = table(n_rows=200)
    train, one, other = slice(0, 100), slice(100, 150), slice(150, 200)
    models = [
        wrapper(early_stopping=False, validation=5).fit(X[train], y[train], X_val=X[part], y_val=y[part])
        for part in (one, other)
    ]
    assert np.array_equal(*(model.decision_function(X) for model in models))
    assert models[0].history_ != models[1].history_
    curves = models[0].runs_["plain"]
    assert np.array_equal(curves.rows, np.arange(100, 150))
    assert np.array_equal(curves.clean[-1] == 1, models[0].predict(X[one]) == y[one])
    assert models[0].suspected_labels_.shape == (100,)
    assert "a classifier tells them apart" in models[0].ro_report()
    kept = wrapper(validate_every=1).fit(X[train], y[train], X_val=X[one], y_val=y[one])
    assert np.mean(kept.predict(X[one]) == y[one]) == kept.runs_["plain"].clean[kept.best_epoch_].mean()


def test_auto_tries_treatments_only_where_overfitting_is_found(overfits, validated):
    model, X, y = validated
    assert list(model.runs_) == ["plain"]
    assert not model.ro_detected_
    treated = wrapper(validation=3, max_epochs=2).fit(X, y)
    assert list(treated.runs_) == ["plain", *(" + ".join(parts) for parts in overfits.AUTO)]
    assert treated.strategy_ in treated.runs_
    best = {name: smoothed(curves.curve())[curves.best] for name, curves in treated.runs_.items()}
    clean = {name: smoothed(curves.curve("clean"))[curves.best] for name, curves in treated.runs_.items()}
    allowed = [name for name in best if name == "plain" or clean[name] >= clean["plain"] - 0.02]
    assert best[treated.strategy_] == max(best[name] for name in allowed)
    off = wrapper(validation=3, max_epochs=2, ro_strategy=None).fit(X, y)
    assert list(off.runs_) == ["plain"]


@pytest.mark.parametrize("validation", [None, 3])
def test_time_ends_the_fit(validation):
    X, y = table()
    model = wrapper(max_epochs=100_000, max_time=0.3, validation=validation).fit(X, y)
    assert model.fit_seconds_ < 20
    assert model.predict(X).shape == (120,)


def test_epochs_are_those_that_were_trained_when_time_ended_the_fit():
    X, y = table()
    model = wrapper(max_epochs=100_000, max_time=0.1).fit(X, y)
    assert model.n_iter_ == pytest.approx(model.history_[-1]["epoch"], abs=1)


def test_progress_is_printed_only_when_asked_for(capsys):
    X, y = table()
    wrapper(validation=2, max_epochs=2).fit(X, y)
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "")
    wrapper(validation=2, max_epochs=2, verbose=1).fit(X, y)
    assert capsys.readouterr().out.count("[RobustATWrapper] step") >= 4


@pytest.mark.skipif(parse_version(sklearn.__version__).release < (1, 9), reason="sklearn.callback is of 1.9")
def test_callbacks_of_scikit_learn_hear_of_every_look():
    class Recorder:
        def __init__(self, stop=False):
            self.stop, self.records = stop, []

        def setup(self, estimator, context):
            pass

        def on_fit_task_begin(self, estimator, context):
            pass

        def on_fit_task_end(self, estimator, context):
            if context.parent is not None:
                self.records.append(context.record)
                return self.stop
            return None

        def teardown(self, estimator, context):
            pass

    X, y = table()
    model = wrapper(validation=2, max_epochs=4)
    recorder = Recorder()
    model.set_callbacks(recorder).fit(X, y)
    looks = [record for record in recorder.records if "val_robust" in record]
    assert len(looks) == 2 * 3
    assert np.mean([looks[2]["val_robust"], looks[5]["val_robust"]]) == pytest.approx(model.history_[-1]["val_robust"])
    stopped = wrapper(validation=0.3, max_epochs=4)
    recorder = Recorder(stop=True)
    stopped.set_callbacks(recorder).fit(X, y)
    assert len(recorder.records) == 1
    assert len(stopped.history_) == 1


# ------------------------------------------------------------------------------------------------ bad inputs
def test_bad_tables_and_targets_are_named():
    X, y = table()
    infinite = X.copy()
    infinite[3, 2] = np.inf
    with pytest.raises(ValueError, match="Column 2 contains infinity"):
        wrapper().fit(infinite, y)
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array"):
        wrapper().fit(X[:, 0], y)
    with pytest.raises(ValueError, match="X has 120 rows, y has 119"):
        wrapper().fit(X, y[1:])
    with pytest.raises(ValueError, match="y holds one class only"):
        wrapper().fit(X, np.zeros(120))
    with pytest.raises(ValueError, match="Unknown label type"):
        wrapper().fit(X, X[:, 0])
    with pytest.raises(ValueError, match="y contains NaN or infinity"):
        wrapper(REGRESSION).fit(X, np.where(X[:, 0] > 1, np.nan, 1.0))
    with pytest.raises(ValueError, match="requires y to be passed"):
        wrapper().fit(X, None)
    with pytest.raises(ValueError, match="All columns of X are constant"):
        wrapper().fit(np.ones((20, 2)), np.arange(20) % 2)
    with pytest.raises(ValueError, match="1 sample"):
        wrapper().fit(X[:1], y[:1])
    with pytest.raises(ValueError, match=r"at least one non-zero|sample_weight is zero"):
        wrapper().fit(X, y, sample_weight=np.zeros(120))
    with pytest.raises(ValueError, match="Negative values"):
        wrapper().fit(X, y, sample_weight=-np.ones(120))


def test_bad_parameters_are_named():
    X, y = table()
    with pytest.raises(ValueError, match=r"ro_strategy names \['magic'\]; known are"):
        wrapper(ro_strategy=["awp", "magic"]).fit(X, y)
    with pytest.raises(ValueError, match=r"attackable_classes names \['5'\], which is no class of y"):
        wrapper(threat_model=ThreatModel(attackable_classes=[0, 5])).fit(X, y)
    with pytest.raises(ValueError, match="X_val and y_val belong together"):
        wrapper().fit(X, y, X_val=X)
    with pytest.raises(ValueError, match="X_val and y_val belong together"):
        wrapper().fit(X, y, y_val=y)
    with pytest.raises(ValueError, match="no class of the training rows"):
        wrapper().fit(X, y, X_val=X, y_val=y + 1)
    wrong = {
        "attack_steps": 0,
        "warm_up": 1.0,
        "validation": 1,
        "objective": "gan",
        "threat_model": 0.1,
        "max_epochs": 0,
    }
    for name, value in wrong.items():
        with pytest.raises(ValueError, match=f"{name!r} parameter"):
            wrapper(**{name: value}).fit(X, y)
    with pytest.raises(ValueError, match="device="):
        wrapper(device="abacus").fit(X, y)


def test_bad_rows_are_named_by_a_fitted_one(fitted):
    model, frame, _ = fitted
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array"):
        model.predict(frame["x"])
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame.rename(columns={"x": "z"}))
    with pytest.raises(ValueError, match="Column 'x' contains infinity"):
        model.predict(frame.assign(x=np.inf))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.robust_score(frame, ["yes"])


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


def test_planted_flips_are_found_by_the_wrapper():
    rng = np.random.RandomState(0)
    X = np.vstack([rng.normal(-5, 1, size=(60, 2)), rng.normal(5, 1, size=(60, 2))])
    y = np.repeat([0, 1], 60)
    flipped = np.array([3, 13, 23, 40, 70, 80, 90, 100])
    y[flipped] = 1 - y[flipped]
    model = wrapper(validation=3, max_epochs=10).fit(X, y)
    found = np.flatnonzero(model.suspected_labels_)
    assert set(found) <= set(flipped)
    assert len(found) >= 4  # a row that is less typical than the mean of its class is let off


def test_tables_are_told_apart_only_where_they_differ():
    rng = np.random.RandomState(0)
    one, same, other = rng.normal(size=(200, 3)), rng.normal(size=(150, 3)), rng.normal(3, 1, size=(150, 3))
    auc, error = telling_apart(one, same, rng)
    assert auc == pytest.approx(0.5, abs=3 * error)
    assert error == pytest.approx(0.031, abs=0.002)  # that of the U statistic
    assert telling_apart(one, other, rng)[0] > 0.98
    assert telling_apart(one, same[:1], rng) == (0.5, np.inf)


def test_a_mean_difference_and_its_lower_limit():
    value, low = mean_difference(np.array([1.0, 1, 0, 1]), np.array([0.0, 1, 0, 0]))
    assert value == 0.5
    assert low == pytest.approx(0.5 - 1.6448536 * 0.5 / 2)


class Certain(nn.Module):
    """Right about all rows, with logits so large that float32 loses the gradient of the cross-entropy."""

    def __init__(self, scale=1.0):
        super().__init__()
        self.layer = nn.Linear(2, 2)
        with torch.no_grad():
            self.layer.weight.copy_(scale * torch.tensor([[-1.0, 0.0], [1.0, 0.0]]))
            self.layer.bias.zero_()

    def forward(self, x):
        return self.layer(x)


STILL = {"task": "classification", "learning_rate": 1e-12, "optimizer": "adam", "max_epochs": 2, "validation": 3}


def test_a_hidden_gradient_is_noticed():
    X = np.random.RandomState(0).normal(size=(120, 2))
    y = (X[:, 0] > X[:, 0].mean()).astype(int)
    settings = {**STILL, "threat_model": ThreatModel(0.5, attackable_classes=[0, 1])}
    with pytest.warns(ResamplingWarning, match="the network hides its gradient") as caught:
        masked = wrapper(Certain(1e5), **settings).fit(X, y)
    assert len(caught) == 1
    assert masked.masking_gap_ > 0.1
    assert "do not trust figures of PGD" in masked.ro_report()
    assert masked.robust_score(X, y) == pytest.approx(np.mean(np.abs(X[:, 0] - X[:, 0].mean()) > 0.5 * X[:, 0].std()))


@pytest.mark.filterwarnings("error::skgan_resample.ResamplingWarning")
def test_an_open_gradient_is_no_cause_for_a_warning(validated):
    X = np.random.RandomState(0).normal(size=(120, 2))
    y = (X[:, 0] > X[:, 0].mean()).astype(int)
    honest = wrapper(Certain(), **STILL, threat_model=ThreatModel(0.5)).fit(X, y)
    assert honest.masking_gap_ == 0
    assert abs(validated[0].masking_gap_) < 0.03


class Saddle(nn.Module):
    """From most places one step up the slope of a saddle ends on a ridge, several find the way down.

    Columns 0 and 1 are -1 or 1; around these, moved by v in [-1, 1] half units, a row of the class of column 2 leads by
    0.3 + v0 * v1 + v0 / 2.
    """

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1, 1))

    def forward(self, x):
        v = 2 * (x[:, :2] - x[:, :2].detach().sign())
        lead = (0.3 + v[:, 0] * v[:, 1] + v[:, 0] / 2) * x[:, 2].sign() * self.scale[0, 0]
        return torch.stack([-lead, lead], dim=1)


@pytest.mark.parametrize("attack_steps", [1, 7])
def test_an_attack_of_one_step_is_called_too_weak_where_it_is(attack_steps):
    cube = np.array([[a, b, c] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)], dtype=float)
    X = np.tile(cube, (20, 1))
    y = (X[:, 2] > 0).astype(int)
    model = wrapper(
        Saddle(),
        **STILL,
        threat_model=ThreatModel([0.5, 0.5, 0.0]),
        attack_steps=attack_steps,
        batch_size=64,
        warm_up=0.0,
    ).fit(X, y)
    assert model.attack_too_weak_ == (attack_steps == 1)
    assert (model.attack_gap_ > 0.3) == (attack_steps == 1)
    assert ("raise attack_steps first" in model.ro_report()) == (attack_steps == 1)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_gpu_learns_much_the_same_and_leaves_its_network_on_the_cpu():
    X, y = table()
    scores = {}
    for device in ("cpu", "cuda"):
        model = wrapper(device=device, ro_strategy=["loss_scale", "awp"]).fit(X, y)
        assert next(model.network_.parameters()).device.type == "cpu"
        scores[device] = model.score(X, y), model.robust_score(X, y)
    assert scores["cuda"] == pytest.approx(scores["cpu"], abs=0.1)


def made_curves(name, robust, clean, kept, n_rows=200):
    """Curves whose rows are right in the stated shares, the first ones, in two folds that are alike."""
    share = np.arange(n_rows) // 2 / (n_rows // 2)
    outcomes = [(share[None, :] < np.array(values)[:, None]).astype(float) for values in (clean, robust)]
    return Curves(
        name=name, rows=np.arange(n_rows), fold=np.arange(n_rows) % 2, weight=np.ones(n_rows),
        epochs=np.arange(float(len(robust))), clean=outcomes[0], robust=outcomes[1], history=[], kept=kept,
    )  # fmt: skip


def test_a_strategy_that_costs_too_much_at_its_best_epoch_can_be_kept_at_its_last():
    model = RobustATWrapper(max_clean_loss=0.02)
    plain = {"robust": [0.1, 0.5, 0.5, 0.5, 0.3, 0.3, 0.3], "clean": [0.3, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8], "kept": 2}
    treated = {
        "robust": [0.1, 0.7, 0.7, 0.7, 0.6, 0.6, 0.6],
        "clean": [0.3, 0.6, 0.6, 0.6, 0.79, 0.79, 0.79],
        "kept": 2,
    }
    model.runs_ = {"plain": made_curves("plain", **plain), "treated": made_curves("treated", **treated)}
    assert model._preferred(0) == "treated"
    assert model.runs_["treated"].kept == 6
    model.runs_["treated"] = made_curves("treated", **{**treated, "clean": [0.3, 0.79, 0.79, 0.79, 0.79, 0.79, 0.79]})
    assert (model._preferred(0), model.runs_["treated"].kept) == ("treated", 2)
    model.runs_["treated"] = made_curves("treated", **{**treated, "clean": [0.7] * 7})
    assert (model._preferred(0), model.runs_["plain"].kept) == ("plain", 2)


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
