"""compare() under attack: one budget, planted cases, and verdicts that claim no more than their intervals."""

import warnings

import numpy as np
import pytest
from _robustness_data import SignRule, X, Y, line
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.tree import DecisionTreeClassifier

from skgan_resample import ResamplingWarning, RobustATWrapper, ThreatModel, compare

QUICK = {"max_epochs": 20, "cv": None, "ro_strategy": None}


class Failing(SignRule):
    def fit(self, X, y):
        raise RuntimeError("no luck today")


def measured(comparison, measure, method):
    """Return a measure of a method, one number for each fold."""
    values = comparison.values
    return values.loc[values["method"] == method, measure].to_numpy()


# ------------------------------------------------------------------------------------------------ one budget
def test_the_budget_is_that_of_the_whole_table_for_every_method_in_every_fold():
    X, y = line()
    methods = {"none": SignRule(), "at": SignRule()}
    comparison = compare(X, y, threat_model=ThreatModel(0.3, unit="std"), methods=methods, cv=4)
    reach = 0.3 * X.std()
    assert reach > 1.3 * 0.3 * X[1:].std()  # folds without the outlier would have a smaller one
    assert_allclose(np.mean(measured(comparison, "clean", "at")), 1.0)
    assert_allclose(np.mean(measured(comparison, "robust", "at")), np.mean(np.abs(X[:, 0]) > reach))
    assert_array_equal(measured(comparison, "robust", "at"), measured(comparison, "robust", "none"))


# ------------------------------------------------------------------------------------------------ planted tables
def test_a_feature_that_the_attacker_undoes_leaves_nothing_to_learn():
    y = np.arange(60) % 2
    X = 0.1 * y[:, None] + 0.001 * np.random.RandomState(0).normal(size=(60, 1))
    threat = ThreatModel(eps=0.1, unit="raw")
    methods = {
        "none": RobustATWrapper(threat_model=ThreatModel(eps=0), **QUICK),
        "at": RobustATWrapper(threat_model=threat, **QUICK),
    }
    comparison = compare(X, y, threat_model=threat, methods=methods, cv=2)
    assert measured(comparison, "clean", "none").mean() > 0.9
    assert measured(comparison, "robust", "none").mean() < 0.5
    assert (
        comparison.verdict.parts["Adversarial training"].answer == "cannot tell"
    )  # 60 rows do not exclude that a little is left
    assert "may leave nothing to learn" in comparison.verdict.parts["Adversarial training"].sentence
    assert "Treating robust overfitting" not in comparison.verdict.parts


@pytest.mark.slow
def test_without_robust_overfitting_auto_is_plain_training():
    rng = np.random.RandomState(0)
    y = np.arange(60) % 2
    X = y[:, None] + rng.normal(size=(60, 2))
    threat = ThreatModel(eps=0.1)
    quick = {"threat_model": threat, "max_epochs": 4, "cv": 2, "n_steps": 2}
    methods = {
        "none": RobustATWrapper(threat_model=ThreatModel(eps=0), **QUICK),
        "at": RobustATWrapper(ro_strategy=None, **quick),
        "auto": RobustATWrapper(ro_strategy="auto", **quick),
    }
    comparison = compare(X, y, threat_model=threat, methods=methods, cv=2)
    auto = comparison.results["auto"]
    assert auto["treated"] == auto["ro_detected"] == 0
    assert (auto["gain"], auto["low"], auto["high"]) == (0, 0, 0)
    assert np.isnan(auto["p"])
    assert comparison.verdict.parts["Treating robust overfitting"].answer == "does not help"
    assert "nothing to treat" in comparison.verdict.parts["Treating robust overfitting"].sentence
    assert comparison.results["none"]["ro_detected"] is None


# ------------------------------------------------------------------------------------------------ the engine
def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path):
    X, y = line(30)
    methods = {"none": SignRule(), "at": SignRule(path=str(tmp_path / "fits"))}
    folds = list(StratifiedKFold(3).split(X, y))
    threat, memory = ThreatModel(0.1), str(tmp_path / "cache")
    compare(X, y, threat_model=threat, methods=methods, cv=folds[:2], memory=memory)
    compare(X, y, threat_model=threat, methods=methods, cv=folds, memory=memory)
    assert len((tmp_path / "fits").read_text().split()) == 3


def test_results_do_not_depend_on_the_number_of_jobs_and_seeds_do_not_leak(give_back):
    X, y = line(40)
    methods = {"none": SignRule(), "at": DecisionTreeClassifier(splitter="random", max_depth=1)}
    found = []
    for n_jobs in (1, 2):
        with parallel_config("threading"):
            comparison = compare(X, y, threat_model=ThreatModel(0.2), methods=methods, cv=2, n_jobs=n_jobs)
        found.append(comparison.rows)
    for row in [*found[0], *found[1]]:
        del row["seconds"]
    assert found[0] == found[1]


def test_progress_is_reported_and_repeats_are_further_folds():
    X, y = line(40)
    calls = []
    methods = {"none": SignRule(), "at": SignRule()}
    comparison = compare(
        X,
        y,
        threat_model=ThreatModel(0.2),
        methods=methods,
        cv=2,
        n_repeats=2,
        callback=lambda *progress: calls.append(progress),
    )
    assert calls == [(done, 8) for done in range(1, 9)]
    assert comparison.n_folds == comparison.n_planned == 4


@pytest.mark.slow
def test_an_own_model_sees_encoded_columns_and_is_attacked_by_search():
    pandas = pytest.importorskip("pandas")
    X, y = line(60)
    frame = pandas.DataFrame({"x": X[:, 0], "kind": np.where(np.arange(60) % 3, "a", None)})
    methods = {"none": DecisionTreeClassifier(), "at": DecisionTreeClassifier()}
    methods = {name: RobustATWrapper(threat_model=ThreatModel(0), **{**QUICK, "max_epochs": 2}) for name in methods}
    comparison = compare(
        frame,
        y,
        threat_model=ThreatModel(0.05),
        methods=methods,
        estimators=DecisionTreeClassifier(random_state=0),
        cv=2,
    )
    own = comparison.results["estimator"]
    assert own["attack"] == "black-box"
    assert own["clean"] > 0.9
    assert comparison.results["at"]["attack"] == "white-box"


def test_a_method_that_fails_is_left_out_and_reported():
    X, y = line(40)
    methods = {"none": SignRule(), "at": SignRule(), "mine": Failing()}
    with pytest.warns(ResamplingWarning, match="'mine' failed and is left out: RuntimeError: no luck"):
        comparison = compare(X, y, threat_model=ThreatModel(0.2), methods=methods, cv=2)
    assert comparison.methods == ["none", "at"]
    with pytest.raises(ValueError, match="'at' could not be trained and attacked: RuntimeError: no luck"):
        compare(X, y, threat_model=ThreatModel(0.2), methods={"none": SignRule(), "at": Failing()}, cv=2)


RULES = {"none": SignRule(), "at": SignRule()}


@pytest.mark.parametrize(
    ("y", "options", "message"),
    [
        (X[:, 0], {}, "Classes are compared here, and the target holds 40 different numbers"),
        (np.arange(40), {}, "Classes are compared here"),
        (np.where(Y, 1.5, 0.0), {}, "Classes are compared here"),
        (np.where(np.arange(40) == 3, np.nan, Y), {}, "missing"),
        (np.where(np.arange(40) == 3, None, Y), {}, "missing"),
        (np.zeros(40), {}, "one class only"),
        (np.arange(40) == 3, {}, "class True has only 1 rows, too few for 5 folds"),
        (Y[:-1], {}, "inconsistent numbers of samples"),
        (Y, {"threat_model": ThreatModel(0)}, "changes no row"),
        (Y, {"threat_model": ThreatModel(immutable=[0])}, "changes no row"),
        (Y, {"threat_model": 0.1}, "must be a ThreatModel"),
        (Y, {"methods": ["smogn"]}, r"Unknown methods \['smogn'\]; known are \['none', 'at'"),
        (Y, {"methods": {"mine": 3}}, "'mine' has no fit and predict"),
        (Y, {"estimators": LinearRegression()}, "a regressor; give a classifier"),
        (Y, {"estimators": 3}, "no fit and predict"),
        (Y, {"cv": None}, "cv must be"),
        (Y, {"random_state": -1}, "random_state must be"),
        (Y, {"max_time": 0}, "too short for two outer folds"),
    ],
)
def test_what_cannot_be_compared_is_refused(y, options, message):
    options = {"threat_model": ThreatModel(0.1), "methods": RULES, **options}
    with pytest.raises((ValueError, TypeError), match=message):
        compare(X, y, task="robustness", **options)


@pytest.mark.parametrize("y", [Y.astype(float), Y.astype(bool), np.where(Y, "yes", "no").astype(object), list(Y)])
def test_classes_come_in_any_type(y):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        comparison = compare(X, y, threat_model=ThreatModel(0.01), methods=RULES, cv=2)
    assert_allclose(comparison.results["at"]["clean"], 1.0)
