"""compare() under attack: one budget, planted cases, and verdicts that claim no more than their intervals."""

import subprocess
import sys
from itertools import islice

import numpy as np
import pytest
from _robustness_data import SignRule, line
from numpy.testing import assert_allclose
from scipy import stats
from sklearn.base import clone

from skgan_resample._statistics import corrected_interval, holm
from skgan_resample.model_selection import _tasks, compare, default_methods
from skgan_resample.model_selection._robustness import TRAINING, TREATMENT, RobustnessJudge
from skgan_resample.model_selection._splits import OUTER, outer_folds
from skgan_resample.threat import ThreatModel


def planted(n_test=100, n_folds=5, commonest=0.5, seed=0, noise=0.0, **methods):
    """Return a judge of measurements whose robust accuracies are as given, and a little lower than the clean ones.

    A method is (robust accuracy, strategies by fold or None) or a robust accuracy by fold.
    """
    rng = np.random.RandomState(seed)
    rows = []
    for name, accuracy in methods.items():
        name = name.replace("_", "-").replace("at-15", "at-1.5")
        by_fold = np.broadcast_to(accuracy, n_folds) + noise * rng.normal(size=n_folds)
        is_auto = name == "auto"
        for fold, robust in enumerate(by_fold):
            rows.append(
                {
                    "fold": fold,
                    "inner": OUTER,
                    "commonest": commonest,
                    "method": name,
                    "attack": "black-box" if name == "estimator" else "white-box",
                    "clean": min(1.0, robust + 0.02),
                    "robust": robust,
                    "ro_detected": None if name in ("none", "estimator") else is_auto,
                    "ro_power": 0.5,
                    "treated": None if name == "estimator" else is_auto,
                    "seconds": 1.0,
                }
            )
    n_rows = n_test * n_folds
    return RobustnessJudge(
        rows=rows,
        methods=list(dict.fromkeys(row["method"] for row in rows)),
        samplers=[],
        estimators=[None],
        threat_model="eps 0.1",
        n_rows=n_rows,
        classes=[0, 1],
        n_tested=n_rows,
        test_share=1 / (n_folds - 1),
    )


@pytest.mark.parametrize(
    "eps", [0.5, (0.0, 0.5), {"a": 0.5, "b": (0.1, 0.2)}, [0.1, (0.2, 0.3), 0.4], np.array([0.1, 0.2, 0.3])]
)
def test_methods_train_against_the_same_budget_in_column_units(eps):
    pandas = pytest.importorskip("pandas")
    rng = np.random.RandomState(0)
    X = pandas.DataFrame(rng.normal(scale=[1, 10, 100], size=(50, 3)), columns=["a", "b", "c"])
    threat = ThreatModel(eps, bounds="train", immutable=["c"])
    fitted = clone(threat).fit(X)
    methods = default_methods("robustness", threat_model=threat, X=X)
    part = X[:20]  # of a fold, with other spreads and ranges
    for name, factor in (("at", 1.0), ("auto", 1.0), ("at-1.5", 1.5), ("none", 0.0)):
        trained = methods[name].threat_model.fit(part)
        assert_allclose(trained.left_, factor * fitted.left_, err_msg=name)
        assert_allclose(trained.right_, factor * fitted.right_, err_msg=name)
        assert_allclose([trained.low_, trained.high_], [fitted.low_, fitted.high_])


def test_a_larger_budget_is_multiplied_before_whole_steps_are_counted():
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame({"age": [1, 5, 9, 4]})
    methods = default_methods("robustness", threat_model=ThreatModel(1.4, unit="raw"), X=X)
    assert methods["at"].threat_model.fit(X).right_[0] == 1
    assert methods["at-1.5"].threat_model.fit(X).right_[0] == 2


# ------------------------------------------------------------------------------------------------ verdicts
def test_a_planted_gain_of_training_is_found_with_its_cost():
    comparison = planted(none=0.5, at=0.8, noise=0.01)
    verdict = comparison.verdict
    assert verdict.parts[TRAINING].answer == "helps"
    assert verdict.method == "at"
    assert "Its cost: clean accuracy" in verdict.parts[TRAINING].sentence


def test_noise_is_not_called_a_gain():
    answers = [
        planted(none=0.8, at=0.8, auto=0.8, noise=0.03, seed=seed).verdict.parts[TRAINING].answer for seed in range(40)
    ]
    assert answers.count("helps") <= 4
    assert "cannot tell" in answers


def test_an_excluded_gain_is_no_help():
    comparison = planted(n_test=100_000, none=0.8, at=0.8, auto=0.79, noise=0.001)
    assert comparison.verdict.parts[TRAINING].answer == "does not help"
    assert comparison.verdict.parts[TREATMENT].answer == "does not help"
    assert "excluded" in comparison.verdict.parts[TREATMENT].sentence
    assert comparison.verdict.method is None


def test_more_robust_than_none_but_not_than_the_commonest_class_is_no_help():
    assert planted(none=0.1, at=0.6, noise=0.01, commonest=0.5).verdict.parts[TRAINING].answer == "helps"
    verdict = planted(none=0.1, at=0.6, noise=0.01, commonest=0.7).verdict.parts[TRAINING]
    assert verdict.answer == "does not help"
    assert "always answering the commonest class (70.0%)" in verdict.sentence
    unclear = planted(none=0.1, at=0.6, noise=0.01, commonest=0.61).verdict
    assert unclear.parts[TRAINING].answer == "cannot tell"  # 61 % is within the noise of 500 rows
    assert "not shown to be more than always answering the commonest class (61.0%)" in unclear.parts[TRAINING].sentence
    assert unclear.method is None


def test_rows_needed_would_shrink_the_interval_to_the_gain():
    none, at = np.array([0.7, 0.8, 0.75, 0.7, 0.8]), np.array([0.74, 0.8, 0.78, 0.69, 0.85])
    verdict = planted(none=none, at=at).verdict.parts[TRAINING]
    assert verdict.answer == "cannot tell"
    gain = (at - none).mean()
    error = np.sqrt((1 / 5 + 1 / 4) * (at - none).var(ddof=1))
    factor = (error * (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) / gain) ** 2
    assert_allclose(verdict.rows_needed, 500 * factor, atol=10)
    assert f"{verdict.rows_needed:,} rows" in verdict.sentence


def test_gains_of_treatment_are_held_against_a_larger_budget():
    methods = {"none": 0.5, "at": 0.7, "auto": 0.8, "noise": 0.005}
    as_good = planted(at_15=0.81, **methods).verdict.parts[TREATMENT]
    worse = planted(at_15=0.71, **methods).verdict.parts[TREATMENT]
    open_question = planted(at_15=[0.7, 0.85, 0.8, 0.75, 0.85], **methods).verdict.parts[TREATMENT]
    assert as_good.answer == worse.answer == open_question.answer == "helps"
    assert "1.5 x eps gives as much" in as_good.sentence
    assert "more than training at 1.5 x eps gives." in worse.sentence
    assert "cannot be told" not in worse.sentence
    assert "cannot be told" in open_question.sentence


def test_folds_that_agree_by_chance_are_not_certain():
    few = planted(n_test=10, none=0.8, at=0.9)  # every fold differs by one row
    mean, low, high, p = few.difference("robust", "at", "none")
    blind = corrected_interval(few.accuracies("robust", "at") - few.accuracies("robust", "none"), 0.25)
    assert blind[1:] == (-np.inf, np.inf, 1.0)  # without the number of rows nothing can be said
    error = np.sqrt(0.1 * 0.9 / 50)  # at least 5 of 50 rows go one way
    assert_allclose([mean, low, high], [0.1, 0.1 - 2.7764451 * error, 0.1 + 2.7764451 * error])
    assert_allclose(p, 2 * stats.t.sf(0.1 / error, 4))
    _, low, high, _ = planted(n_test=10, none=0.8, at=0.8).difference("robust", "at", "none")
    assert_allclose(high, 2.7764451 / 50)  # about the "rule of three" of a fold without a difference
    assert low == -high


def test_p_values_are_adjusted_and_a_weaker_attack_is_not_tested():
    comparison = planted(none=0.7, at=0.75, at_15=0.77, auto=0.78, estimator=0.9, noise=0.02)
    rows = comparison.results
    tested = ["none", "at-1.5", "auto"]
    assert_allclose([rows[name]["p_holm"] for name in tested], holm([rows[name]["p"] for name in tested]))
    assert np.isnan([rows["estimator"]["p_holm"], rows["at"]["p_holm"]]).all()
    assert "attacked more weakly" in comparison.caveats[0]
    assert "Even so" not in comparison.caveats[0]
    assert "Even so it is less robust" in planted(none=0.7, at=0.9, estimator=0.6, noise=0.01).caveats[0]


def test_only_whole_folds_are_judged(monkeypatch):
    X, y = line(40)
    monkeypatch.setattr(_tasks, "_in_time", lambda calls, *_: (_tasks._labelled(*call) for call in islice(calls, 5)))
    methods = {"none": SignRule(), "at": SignRule()}
    comparison = compare(X, y, threat_model=ThreatModel(0.2), methods=methods, cv=4, max_time=5)
    assert (comparison.n_folds, comparison.n_planned) == (2, 4)  # five of eight tasks: the third fold is half done
    assert {row["fold"] for row in comparison.rows} == {0, 1}
    assert comparison.facts["n_tested"] == 20


def test_groups_stay_together():
    X, y = line(60)
    groups = np.arange(60) // 3
    for train, test in outer_folds(X, y, 3, 2, groups, 0):
        assert not set(groups[train]) & set(groups[test])
    rare = (groups == 0).astype(int)
    with pytest.raises(ValueError, match=r"without the class 1 in its training rows\. It is in too few groups"):
        outer_folds(X, rare, 3, 1, groups, 0)


@pytest.mark.slow
def test_torch_waits_for_a_fit():
    code = (
        "import sys, skgan_resample._cli, skgan_resample._report, skgan_resample.model_selection as m;"
        "m.compare; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
