"""compare() and its Comparison: one function for three tasks, and estimators that are exactly what was judged."""

import numpy as np
import pandas as pd
import pytest
from _robustness_data import SignRule, line
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold

from skgan_resample import Relevance, ThreatModel, compare
from skgan_resample.metrics import sera_score
from skgan_resample.model_selection import (
    BalancedWeights,
    Comparison,
    RegressionStratifiedKFold,
    compare_classification,
    compare_regression,
    compare_robustness,
)

RNG = np.random.RandomState(0)
X = RNG.normal(size=(90, 3))
Y = np.exp(X[:, 0]) + 0.1 * RNG.normal(size=90)  # a few large values
LABEL = np.where(X[:, 0] + 0.5 * RNG.normal(size=90) > 1.0, "rare", "usual")
HIGH = Relevance("quantile", side="high")
QUICK = {"cv": 3, "n_repeats": 1, "inner_cv": 2}
REGRESSION = {"methods": ["weights", "smogn"], "estimators": Ridge(), "relevance": HIGH, **QUICK}
CLASSES = {"methods": ["weights", "random"], "estimators": LogisticRegression(), **QUICK}
ATTACKED = {"threat_model": ThreatModel(0.2), "methods": {"none": SignRule(), "at": SignRule()}, "cv": 2}


@pytest.mark.parametrize(
    ("y", "options", "task"),
    [
        (Y, {}, "regression"),
        (LABEL, {}, "classification"),
        (np.arange(90) % 3, {}, "classification"),
        (np.round(10 * Y).astype(int), {}, "regression"),
        (np.round(Y).astype(int), {"scoring": "sera"}, "regression"),
        (np.arange(90) % 25, {"scoring": "f1"}, "classification"),
    ],
)
def test_the_task_follows_from_target_and_score(y, options, task):
    estimator = LogisticRegression() if task == "classification" else Ridge()
    assert compare(X, y, methods=["weights"], estimators=estimator, **QUICK, **options).task == task


def test_a_threat_model_makes_it_robustness():
    assert compare(*line(40), **ATTACKED).task == "robustness"


@pytest.mark.parametrize(
    ("y", "options", "name"),
    [
        (LABEL, {"task": "classification", "relevance": HIGH}, "relevance"),
        (LABEL, {"task": "classification", "max_rmse_increase": 0.1}, "max_rmse_increase"),
        (Y, {"task": "regression", "threat_model": ThreatModel()}, "threat_model"),
        (LABEL, {"threat_model": ThreatModel(), "inner_cv": 5}, "inner_cv"),
    ],
)
def test_a_parameter_of_another_task_is_refused(y, options, name):
    with pytest.raises(ValueError, match=f"{name} does not belong to task="):
        compare(X, y, **options)
    with pytest.raises(ValueError, match="task must be one of"):
        compare(X, y, task="ranking")


# ------------------------------------------------------------------------------------------------ pipeline()
def test_a_pipeline_of_a_fold_has_the_score_that_was_judged():
    folds = list(RegressionStratifiedKFold(3, shuffle=True, random_state=1).split(X, Y))
    comparison = compare(X, Y, **{**REGRESSION, "cv": folds})
    values = comparison.values.query("inner == -1").set_index(["method", "fold"])["sera"]
    for method in comparison.methods:
        for fold, (train, test) in enumerate(folds):
            model = comparison.pipeline(method, fold=fold).fit(X[train], Y[train])
            relevance = Relevance("quantile", side="high").fit(Y[train])
            assert_allclose(sera_score(Y[test], model.predict(X[test]), relevance=relevance), values[method, fold])


def test_a_classifier_of_a_fold_has_the_score_that_was_judged():
    folds = list(StratifiedKFold(3, shuffle=True, random_state=1).split(X, LABEL))
    comparison = compare(X, LABEL, **{**CLASSES, "cv": folds})
    values = comparison.values.query("inner == -1").set_index(["method", "fold"])["average_precision"]
    for method in comparison.methods:
        for fold, (train, test) in enumerate(folds):
            model = comparison.pipeline(method, fold=fold).fit(X[train], LABEL[train])
            probabilities = model.predict_proba(X[test])[:, list(model.classes_).index("rare")]
            assert_allclose(average_precision_score(LABEL[test] == "rare", probabilities), values[method, fold])


def test_without_a_name_it_is_the_recommended_method_or_the_estimator_alone():
    comparison = compare(X, Y, **REGRESSION)
    recommended = comparison.pipeline()
    assert repr(recommended) == repr(comparison.pipeline(comparison.verdict.method or "none"))
    noise = compare(X, np.random.RandomState(1).permutation(Y), **REGRESSION)
    assert noise.verdict.method is None
    alone = noise.pipeline().fit(X, Y)
    assert_allclose(alone.predict(X), Ridge().fit(X, Y).predict(X), rtol=0.05)  # but for the encoding of the table
    with pytest.raises(ValueError, match="no method 'smote' to build"):
        comparison.pipeline("smote")
    with pytest.raises(ValueError, match="no estimator 'Lasso'"):
        comparison.pipeline(estimator="Lasso")
    with pytest.raises(ValueError, match=r"no outer fold 3; known are \[0, 1, 2\]"):
        comparison.pipeline(fold=3)


# ------------------------------------------------------------------------------------------------ how it shows itself
def test_a_notebook_sees_answer_caveats_and_table_and_no_code():
    evil = '<script>alert("1")</script>'
    comparison = compare(X, LABEL, **{**CLASSES, "methods": {evil: BalancedWeights()}})
    page = comparison._repr_html_()
    assert comparison.verdict.answer.capitalize() in page
    assert "90 rows are few" in page
    assert page.count("<tr>") == 1 + len(comparison.summary)
    assert "<script" not in page
    assert repr(comparison).startswith("Comparison of classification on 90 rows, 3 folds: ")
    assert isinstance(comparison, Comparison)


@pytest.mark.parametrize(
    ("former", "y", "options"),
    [
        (compare_regression, Y, REGRESSION),
        (compare_classification, LABEL, CLASSES),
        (compare_robustness, None, ATTACKED),
    ],
)
def test_former_names_warn_and_give_the_same_numbers(former, y, options):
    table, target = (X, y) if y is not None else line(40)
    with pytest.warns(FutureWarning, match=f"{former.__name__} is deprecated; use compare"):
        found = former(table, target, **options).values
    expected = compare(table, target, **options).values
    pd.testing.assert_frame_equal(found.drop(columns="seconds"), expected.drop(columns="seconds"))
