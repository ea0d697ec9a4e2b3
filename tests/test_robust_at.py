"""RobustATWrapper: what it learns, what it can wrap, its model without torch, and as an estimator."""

import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from _robust_at_data import MIXED, REGRESSION, SPEC, mixed, table, wrapper
from _shared import COPIES, run_python
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from torch import nn

from skgan_resample.exceptions import NonFiniteLossError
from skgan_resample.threat import ThreatModel

# ------------------------------------------------------------------------------------------------ what is learned
LONG = {"max_epochs": 400, "batch_size": 10_000, "learning_rate_schedule": "constant", "n_steps": 1}


def scaled_slopes(model, X):
    """What the outputs of a linear model gain by one standard deviation of each column."""
    return model.coef_ * X.std(axis=0)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.slow
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


def test_one_weight_for_all_rows_is_no_weight():
    X, y = table()
    with_weight = wrapper(max_epochs=2, cv=2).fit(X, y, sample_weight=2.0)
    assert np.array_equal(with_weight.predict_proba(X), wrapper(max_epochs=2, cv=2).fit(X, y).predict_proba(X))


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


@pytest.mark.parametrize("cv", [None, 3])
@pytest.mark.slow
def test_rows_of_weight_zero_change_nothing(cv):
    X, y = table()
    weight = np.where(np.arange(len(y)) % 3 == 0, 0.0, 2.0)
    wild = np.where(weight[:, None] == 0, 1e4 + X, X)
    settings = {"cv": cv, "class_weight": "balanced", "max_epochs": 3}
    without = wrapper(LogisticRegression(C=0.1), **settings).fit(X[weight > 0], y[weight > 0])
    ours = wrapper(LogisticRegression(C=0.1), **settings).fit(wild, y, sample_weight=weight)
    assert np.array_equal(ours.threat_model_.left_, without.threat_model_.left_)
    np.testing.assert_allclose(ours.decision_function(X), without.decision_function(X), atol=1e-6)


@pytest.mark.slow
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


@pytest.mark.parametrize("treatment", ["loss_scale", "attack_strength", "awp"])
def test_every_treatment_changes_the_training_and_names_it(treatment):
    X, y = table()
    eager = {"max_epochs": 3, "small_loss_threshold": 1.2}
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
@pytest.mark.slow
def test_torch_modules(estimator):
    X, y = table()
    state = copy.deepcopy(estimator.state_dict()) if isinstance(estimator, nn.Module) else None
    model = wrapper(
        estimator, task="classification", max_epochs=10, batch_size=32, learning_rate=0.02, validation_fraction=0.3
    ).fit(X, y)
    assert model.score(X, y) > max(np.mean(y), 1 - np.mean(y)) + 0.1
    assert not model.network_.training
    assert np.array_equal(model.predict(X), pickle.loads(pickle.dumps(model)).predict(X))
    assert np.array_equal(model.predict(X), copy.deepcopy(model).predict(X))
    with pytest.raises(TypeError, match="to_sklearn needs a scikit-learn model"):
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
@pytest.mark.slow
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
@pytest.mark.parametrize("held_out", [{"cv": 5}, {"validation_fraction": 0.3}], ids=str)
@pytest.mark.parametrize("n_rows", [2, 3, 9, 11])
def test_small_tables(n_rows, held_out):
    X, _ = table()
    y = np.arange(n_rows) % 2
    model = wrapper(max_epochs=2, **held_out).fit(X[:n_rows], y)
    assert model.predict(X).shape == (120,)
    assert bool(model.runs_) == (n_rows >= 10)
    assert (model.ro_detected_ is None) == (n_rows < 10)
    assert isinstance(model.ro_report(), str)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("parts", [("attack_strength",), None])
@pytest.mark.slow
def test_a_class_of_one_row_and_constant_columns(parts):
    X, y = table()
    y = y.copy()
    y[7] = 5
    X = np.column_stack([X, np.full(120, 3.0), np.full(120, np.nan)])
    model = wrapper(cv=3, ro_strategy=parts, max_epochs=2).fit(X, y)
    assert model.classes_.tolist() == [0, 1, 5]
    assert model.predict_proba(X).shape == (120, 3)
    moved = model.perturb(X, y)
    assert np.array_equal(moved[:, 4:], X[:, 4:], equal_nan=True)
    assert (moved[:, :4] != X[:, :4]).any()


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


@pytest.mark.slow
def test_the_model_of_scikit_learn_is_unpickled_without_torch(fitted_wrapper, tmp_path):
    mixed_model, frame, _ = fitted_wrapper
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
    run_python(code)


@pytest.mark.parametrize(
    "change", [{"estimator__activation": "tanh"}, {"estimator": LogisticRegression()}, {"estimator": Bumpy}], ids=str
)
def test_the_model_of_scikit_learn_is_that_of_the_fit_whatever_parameters_were_set_since(change):
    X, y = table()
    model = wrapper(max_epochs=2).fit(X, y)
    expected = model.to_sklearn().predict_proba(X)
    np.testing.assert_allclose(model.set_params(**change).to_sklearn().predict_proba(X), expected)


# ------------------------------------------------------------------------------------------------ as an estimator
@pytest.fixture(scope="module")
def set_since():
    """A wrapper whose parameters were set after fit, the rows, and what it said of them before."""
    frame, y = mixed()
    model = wrapper(threat_model=MIXED, cv=2, max_epochs=2).fit(frame, y)
    before = model.predict_proba(frame), model.robust_score(frame, y), model.ro_report()
    model.set_params(estimator=LogisticRegression(), threat_model=ThreatModel(5.0), task="regression", max_epochs=3)
    return model, frame, y, before


@pytest.mark.parametrize("way", ["pickle", "deepcopy", "joblib"])
@pytest.mark.slow
def test_copies_say_the_same_whatever_parameters_were_set_since(way, set_since):
    model, frame, y, before = set_since
    for one in (model, COPIES[way](model)):
        assert np.array_equal(one.predict_proba(frame), before[0])
        assert (one.robust_score(frame, y), one.ro_report()) == before[1:]
        assert one.perturb(frame, y).shape == frame.shape
    assert b"torch" not in pickle.dumps(model)


def test_a_clone_is_not_fitted_and_fits_the_same():
    X, y = table()
    model = wrapper(cv=2, max_epochs=2, threat_model=ThreatModel(0.2)).fit(X, y)
    other = clone(model)
    assert not hasattr(other, "network_")
    assert str(other.get_params()) == str(model.get_params())
    assert np.array_equal(other.fit(X, y).decision_function(X), model.decision_function(X))
    assert not hasattr(model.threat_model, "left_")  # fit leaves its parameters alone
    assert not hasattr(model.estimator, "coefs_")


@pytest.mark.parametrize("failure", ["another table", "one class", "it diverges"])
def test_a_fit_that_fails_leaves_the_old_fit_or_none(failure):
    X, y = table()
    other, labels = pd.DataFrame(X[:60, :3], columns=list("abc")), np.array(["no", "yes"])[y[:60]]
    model, fresh = (wrapper(max_epochs=2, threat_model=ThreatModel(0.2)) for _ in range(2))
    model.fit(X, y)
    before = model.predict_proba(X), model.robust_score(X, y), model.ro_report()
    for one in (model, fresh):
        if failure == "another table":
            one.set_params(threat_model__immutable=["z"])
        elif failure == "one class":
            labels[:] = "no"
        else:
            one.set_params(training__learning_rate=1e30)
        with pytest.raises((ValueError, NonFiniteLossError)):
            one.fit(other, labels)
        one.set_params(threat_model=ThreatModel(0.2), training__learning_rate=None)
    assert model.n_features_in_ == 4
    assert not hasattr(model, "feature_names_in_")
    assert np.array_equal(model.predict_proba(X), before[0])
    assert (model.robust_score(X, y), model.ro_report()) == before[1:]
    with pytest.raises(NotFittedError):
        fresh.predict(X)
    # What a fit to other data leaves behind would be as bad.
    model.set_params(task="regression", estimator=REGRESSION).fit(X, X[:, 0])
    assert not hasattr(model, "classes_")


def test_options_of_the_training_are_reached_by_nested_names():
    X, y = table()
    model = wrapper(training=None)
    assert model.set_params(training__batch_size=16).training.batch_size == 16
    assert clone(model).get_params()["training__batch_size"] == 16
    one, other = (wrapper(max_epochs=2, batch_size=size).fit(X, y).decision_function(X) for size in (16, 32))
    assert np.array_equal(model.set_params(max_epochs=2).fit(X, y).decision_function(X), one)
    assert not np.allclose(one, other)
    assert model.training.get_params()["batch_size"] == 16  # fit writes no parameter


@pytest.mark.usefixtures("give_back")
@pytest.mark.slow
def test_the_seed_decides_and_nothing_global_is_touched():
    X, y = table()
    settings = {"cv": 2, "max_epochs": 2, "ro_strategy": ["attack_strength", "awp"]}
    models = [wrapper(**settings, random_state=seed).fit(X, y) for seed in (3, 3, np.random.RandomState(3), 4)]
    results = []
    for model in models:
        moved = model.perturb(X, y)
        model.robust_score(X[:20], y[:20])
        model.min_budget(X[:5], y[:5])
        weights = b"".join(w.detach().numpy().tobytes() for w in model.network_.parameters())
        records = [{k: v for k, v in record.items() if k != "seconds"} for record in model.history_]
        results.append((weights, moved.tobytes(), str(records), model.ro_gap_))
    assert results[0] == results[1] == results[2]
    assert results[0][0] != results[3][0]


@pytest.mark.slow
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
    with pytest.raises(ValueError, match=r"y contains NaN in \d+ of 120 rows"):
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
    with pytest.raises(ValueError, match=r"attackable_classes names \['5'\], which y does not hold"):
        wrapper(threat_model=ThreatModel(attackable_classes=[0, 5])).fit(X, y)
    with pytest.raises(ValueError, match="X_val and y_val belong together"):
        wrapper().fit(X, y, X_val=X)
    with pytest.raises(ValueError, match="X_val and y_val belong together"):
        wrapper().fit(X, y, y_val=y)
    with pytest.raises(ValueError, match="no class of the training rows"):
        wrapper().fit(X, y, X_val=X, y_val=y + 1)
    wrong = {
        "n_steps": 0,
        "warm_up": 1.0,
        "cv": 1,
        "validation_fraction": 1.0,
        "objective": "gan",
        "threat_model": 0.1,
        "max_epochs": 0,
    }
    for name, value in wrong.items():
        with pytest.raises(ValueError, match=f"{name!r} parameter"):
            wrapper(**{name: value}).fit(X, y)
    with pytest.raises(ValueError, match=r"validation_fraction=0\.2 needs cv=None"):
        wrapper(cv=3, validation_fraction=0.2).fit(X, y)
    with pytest.raises(ValueError, match="device="):
        wrapper(device="abacus").fit(X, y)


def test_bad_rows_are_named_by_a_fitted_one(fitted_wrapper):
    model, frame, _ = fitted_wrapper
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array"):
        model.predict(frame["x"])
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(frame.rename(columns={"x": "z"}))
    with pytest.raises(ValueError, match="Column 'x' contains infinity"):
        model.predict(frame.assign(x=np.inf))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.robust_score(frame, ["yes"])
