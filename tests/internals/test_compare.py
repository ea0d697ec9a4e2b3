"""compare(): the engine, the statistics, and the verdict."""

import importlib
import linecache
import re
import sys
import warnings
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from joblib import Parallel, delayed
from numpy.testing import assert_allclose
from scipy import stats
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeRegressor

from skgan_resample import SMOGN, NoRareRowsError, Relevance, ResamplingWarning, SMCAETransformer
from skgan_resample._estimators import seeded_clone
from skgan_resample._statistics import corrected_interval, holm, rows_needed
from skgan_resample._tables._vectorizer import MatrixEncoder
from skgan_resample.compose import OutputCorrectedRegressor, RelevanceWeightedRegressor, SyntheticRefiner
from skgan_resample.metrics import sera_score
from skgan_resample.model_selection import _methods, compare, default_methods
from skgan_resample.model_selection._methods import CONSTANT, UniformDuplicator, named_samplers, wrap
from skgan_resample.model_selection._regression import RegressionJudge, evaluate, least_convex, regression_plan
from skgan_resample.model_selection._splits import OUTER
from skgan_resample.over_sampling import RandomOverSampler

HIGHEST_TENTH = Relevance("quantile", side="high")


class CountingSampler(RandomOverSampler):
    """Write a line to a file at every call, so that calls in other processes and skipped calls are seen."""

    path = None

    def fit_resample(self, X, y):
        with open(self.path, "a") as file:
            file.write("called\n")
        return super().fit_resample(X, y)


class FailingSampler(RandomOverSampler):
    def fit_resample(self, X, y):
        raise RuntimeError("no luck today")


def beyond_two(y):
    return (y > 2).astype(float)


def splits_of(X, y, cv, n_repeats, inner_cv, groups, random_state):
    """Return the splits of a comparison with these folds."""
    folds = {"cv": cv, "n_repeats": n_repeats, "inner_cv": inner_cv, "groups": groups, "random_state": random_state}
    return regression_plan(X, y, estimators=Ridge(), relevance=HIGHEST_TENTH, **folds).splits


def listed(results):
    """Return the rows of a summary in their order."""
    return list(results.values())


def skewed_table(n_rows=120, seed=0):
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n_rows, 3))
    return X, np.exp(X[:, 0]) + 0.1 * rng.normal(size=n_rows)


def test_interval_is_that_of_nadeau_and_bengio():
    differences, share = np.array([-0.3, -0.1, -0.2, 0.1, -0.4]), 0.25
    mean, low, high, p = corrected_interval(differences, share)
    error = np.sqrt((1 / 5 + share) * np.var(differences, ddof=1))
    assert_allclose([mean, low, high], [-0.18, -0.18 - 2.7764451 * error, -0.18 + 2.7764451 * error], rtol=1e-7)
    plain = stats.ttest_1samp(differences, 0)
    assert_allclose(corrected_interval(differences, 0.0)[3], plain.pvalue)  # without overlap it is the t test
    assert p > plain.pvalue
    assert corrected_interval([0.5, np.nan], share) == (0.5, -np.inf, np.inf, 1.0)


def test_folds_that_agree_leave_open_how_far_others_would_be():
    assert corrected_interval([0.1, 0.1 + 1e-17], 0.25) == (0.1, -np.inf, np.inf, 1.0)
    assert corrected_interval([0.0, 0.0, 0.0], 0.25) == (0.0, 0.0, 0.0, 1.0)
    mean, _, high, p = corrected_interval([0.1, 0.1], 0.25, n_rows=50)
    error = np.sqrt(0.1 * 0.9 / 50)
    assert_allclose([mean, high - mean, p], [0.1, 12.7062047 * error, 2 * stats.t.sf(0.1 / error, 1)], rtol=1e-6)
    wide = [0.3, -0.1, 0.2]
    assert corrected_interval(wide, 0.25, n_rows=1000) == corrected_interval(wide, 0.25)  # a floor, no more


def test_holm_by_hand():
    assert_allclose(holm([0.01, 0.04, 0.03]), [0.03, 0.06, 0.06])
    assert holm([]) == []
    assert_allclose(holm([0.5, 0.9]), [1.0, 1.0])


def test_wrap_puts_the_learner_innermost():
    method = OutputCorrectedRegressor(RelevanceWeightedRegressor(None), cv=4)
    model = wrap(method, Ridge(3.0))
    assert model.cv == 4
    assert model.estimator.estimator.alpha == 3.0
    assert method.estimator.estimator is None


def test_measures_of_a_row_are_those_of_the_test_rows():
    X, y = skewed_table()
    train, test = np.arange(90), np.arange(90, 120)
    rows = evaluate(
        X, y, [(0, OUTER, train, test)], {"none": None}, {"ols": LinearRegression()}, relevance=HIGHEST_TENTH
    )
    by_method = {row["method"]: row for row in rows}
    phi = clone(HIGHEST_TENTH).fit(y[train])
    predicted = LinearRegression().fit(X[train], y[train]).predict(X[test])
    assert_allclose(by_method["none"]["sera"], sera_score(y[test], predicted, relevance=phi))
    assert_allclose(by_method["none"]["rmse"], np.sqrt(np.mean((y[test] - predicted) ** 2)))
    assert_allclose(by_method[CONSTANT]["rmse"], np.sqrt(np.mean((y[test] - y[train].mean()) ** 2)))


def test_a_table_is_resampled_once_per_split_whatever_the_number_of_learners(tmp_path):
    X, y = skewed_table()
    sampler = CountingSampler(relevance=HIGHEST_TENTH)
    CountingSampler.path = str(tmp_path / "calls")
    splits = [(0, OUTER, np.arange(90), np.arange(90, 120)), (1, OUTER, np.arange(30, 120), np.arange(30))]
    learners = {"a": LinearRegression(), "b": Ridge()}
    rows = evaluate(X, y, splits, {"counted": sampler}, learners, relevance=HIGHEST_TENTH)
    assert len((tmp_path / "calls").read_text().split()) == 2
    assert {row["estimator"] for row in rows if row["method"] == "counted"} == {"a", "b"}


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path):
    X, y = skewed_table()
    CountingSampler.path = str(tmp_path / "calls")
    methods = {"counted": CountingSampler(relevance=HIGHEST_TENTH)}
    splits = [(fold, OUTER, np.arange(90), np.arange(90, 120)) for fold in range(3)]
    options = {"relevance": HIGHEST_TENTH, "memory": str(tmp_path / "cache")}
    evaluate(X, y, splits[:2], methods, {"ols": LinearRegression()}, **options)
    evaluate(X, y, splits, methods, {"ols": LinearRegression()}, **options)
    assert len((tmp_path / "calls").read_text().split()) == 3


@pytest.mark.slow
def test_results_do_not_depend_on_the_number_of_jobs_and_global_states_stay(give_back):
    X, y = skewed_table()
    runs = [
        compare(
            X, y, methods=["smogn", "weights"], estimators=Ridge(), relevance=HIGHEST_TENTH, n_repeats=1, n_jobs=n_jobs
        )
        for n_jobs in (None, 2)
    ]

    def strip(run):
        return [{k: v for k, v in row.items() if k != "seconds"} for row in run.rows]

    assert strip(runs[0]) == strip(runs[1])


@pytest.mark.parametrize("where", ["class", "helper", "base class"])
def test_changed_code_is_not_taken_from_the_cache(tmp_path, monkeypatch, where):
    X, y = skewed_table()
    splits = [(0, OUTER, np.arange(90), np.arange(90, 120))]
    rmse = []
    for value in ("1.0", "20.0"):  # of another length, or a stale .pyc would be used
        (tmp_path / "homemade.py").write_text(
            "import numpy as np\nfrom sklearn.base import BaseEstimator, RegressorMixin\n\n\n"
            "class Fixed(RegressorMixin, BaseEstimator):\n    def fit(self, X, y):\n"
            f"        self.fixed_ = {value if where == 'class' else 'number()'}\n        return self\n\n"
            "    def predict(self, X):\n        return np.full(len(X), self.fixed_)\n\n\n"
            f"def number():\n    return {value}\n"
        )
        monkeypatch.syspath_prepend(tmp_path)
        (tmp_path / "homeleaf.py").write_text("from homemade import Fixed\n\n\nclass Leaf(Fixed):\n    pass\n")
        for name in ("homemade", "homeleaf"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        importlib.invalidate_caches()
        linecache.clearcache()
        learner = importlib.import_module("homeleaf").Leaf() if where == "base class" else \
            importlib.import_module("homemade").Fixed()  # fmt: skip
        rows = evaluate(
            X, y, splits, {"none": None}, {"fixed": learner}, relevance=HIGHEST_TENTH, memory=str(tmp_path / "cache")
        )
        rmse.append(rows[0]["rmse"])
    assert rmse[0] != rmse[1]


def test_output_correction_keeps_groups_together_and_time_in_order():
    from sklearn.model_selection import TimeSeriesSplit

    X, y = skewed_table()
    groups = np.repeat(np.arange(30), 4)
    for _, _, train, _, calibration in splits_of(X, y, 5, 2, 3, groups, 0):
        assert calibration
        for part, held_out in calibration:
            assert not set(groups[train[part]]) & set(groups[train[held_out]])
    for _, _, train, _, calibration in splits_of(X, y, TimeSeriesSplit(4), 1, 3, None, 0):
        for part, held_out in calibration:
            assert train[part].max() < train[held_out].min()
    # With rows that repeat within groups, shuffled folds see the test rows' twins and leave the slope near 1.
    rng = np.random.RandomState(0)
    X, y = np.repeat(rng.normal(size=(40, 30)), 6, axis=0), np.repeat(rng.gamma(1.0, size=40), 6)
    learners = {"ols": LinearRegression()}
    methods = {"recalibration": OutputCorrectedRegressor(None, relevance=HIGHEST_TENTH, cv=3)}
    split = splits_of(X, y, 4, 1, 3, np.repeat(np.arange(40), 6), 0)[0]
    grouped = evaluate(X, y, [split], methods, learners, relevance=HIGHEST_TENTH)[0]
    shuffled = evaluate(X, y, [split[:4]], methods, learners, relevance=HIGHEST_TENTH)[0]
    assert grouped["rmse"] < 0.9 * shuffled["rmse"]


@pytest.mark.slow
def test_a_failing_method_is_left_out_aloud():
    X, y = skewed_table()
    methods = {"broken": FailingSampler(), "random": RandomOverSampler(relevance=HIGHEST_TENTH)}
    with pytest.warns(ResamplingWarning, match="'broken' failed.*no luck today"):
        comparison = compare(X, y, methods=methods, estimators=Ridge(), relevance=HIGHEST_TENTH, n_repeats=1)
    names = ["none", "recalibration(0.2)", "recalibration", "random", "chosen by inner folds"]
    assert list(comparison.results) == names
    assert "no luck" in comparison.failures["broken"]


def test_groups_stay_together_and_time_runs_forward():
    from sklearn.model_selection import TimeSeriesSplit

    X, y = skewed_table()
    groups = np.repeat(np.arange(30), 4)
    for _, _, train, test, *_ in splits_of(X, y, 5, 2, 3, groups, 0):
        assert not set(groups[train]) & set(groups[test])
    for _, _, train, test, *_ in splits_of(X, y, TimeSeriesSplit(4), 1, 3, None, 0):
        assert train.max() < test.min()


@pytest.mark.parametrize(("cv", "n_groups"), [(5, 5), (3, 5), (2, 6), (5, 30)])
def test_few_groups_get_fewer_inner_folds(cv, n_groups):
    X, y = skewed_table()
    groups = np.arange(120) % n_groups
    splits = splits_of(X, y, cv, 1, 3, groups, 0)
    assert len({fold for fold, *_ in splits}) == cv
    for _, _, train, test, calibration in splits:
        assert not set(groups[train]) & set(groups[test])
        assert len(calibration) == min(3, len(np.unique(groups[train]))) >= 2


@pytest.mark.parametrize(
    ("cv", "n_groups", "message"),
    [(2, 5, "There are 5 groups, too few .* at least 6 groups"), (5, 4, "There are 4 groups, too few for 5 folds")],
)
def test_too_few_groups_are_refused_with_the_number_needed(cv, n_groups, message):
    X, y = skewed_table()
    with pytest.raises(ValueError, match=message):
        compare(X, y, estimators=Ridge(), relevance=HIGHEST_TENTH, cv=cv, groups=np.arange(120) % n_groups)


def test_splits_without_rare_training_rows_are_passed_over():
    from sklearn.model_selection import TimeSeriesSplit

    X, y = skewed_table(160)
    order = np.argsort(y)
    y[order[-20:]] += 20  # the only extremes ...
    late = np.concatenate([order[:-20][:60], order[-20:-10], order[:-20][60:], order[-10:]])  # ... come late
    X, y = X[late], y[late]
    comparison = compare(X, y, methods=["random"], estimators=Ridge(), cv=TimeSeriesSplit(4))
    splits = {(row["fold"], row["inner"]) for row in comparison.rows}
    assert {(1, OUTER), (2, OUTER), (3, OUTER)} <= splits
    assert len(splits) < 4 * 4
    assert all("error" not in row for row in comparison.rows)


def test_inner_folds_lie_inside_the_outer_training_rows():
    X, y = skewed_table()
    outer = {}
    for fold, inner, train, test, *_ in splits_of(X, y, 4, 2, 3, None, 0):
        if inner == OUTER:
            outer[fold] = set(train)
            assert len(train) + len(test) == len(y)
        else:
            assert set(train) | set(test) == outer[fold]
            assert not set(train) & set(test)
    assert len(outer) == 8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"methods": ["smogn", "magic"]}, "Unknown methods .'magic'."),
        ({"methods": ["none", "weight"]}, r"Unknown methods .'weight'.; .*Did you mean 'weights'\?"),
        (
            {"methods": ["smote+smcae"]},
            r"methods \['smote\+smcae'\]; known are \['none', .*'smogan'\] also with '\+smcae'",
        ),
        ({"methods": ["weights+smcae"]}, r"Unknown methods \['weights\+smcae'\]"),
        ({"methods": ["duplicate+smcae"]}, r"Unknown methods \['duplicate\+smcae'\]"),
        (
            {"methods": {"recalibration": RandomOverSampler()}},
            "'recalibration' is taken by a method that is always compared",
        ),
        ({"methods": {"none": RandomOverSampler()}}, "'none' is taken by a method that is always compared"),
        ({"methods": {"mine": "smogn"}}, "'mine' must be a sampler"),
        ({"random_state": None}, "random_state must be a whole number"),
        ({"cv": None}, "cv must be a number of folds"),
        ({"y": np.ones((120, 2))}, "one column, got 2"),
        ({"X": np.full((120, 3), np.inf)}, "contains infinity"),
        ({"relevance": Relevance(beyond_two), "memory": "cache"}, "cannot tell one callable relevance from another"),
        ({"scoring": "r2"}, "scoring must be one of"),
        ({"estimators": object()}, "no fit and predict"),
        ({"estimators": LogisticRegression()}, "is a classifier; give a regressor"),
        ({"max_time": 0.0}, "too short for two outer folds"),
        ({"estimators": Ridge(alpha=-1.0)}, "could not be fitted.*alpha"),
        ({"y": np.r_[np.nan, np.ones(119)]}, "NaN in 1 of 120 rows"),
        ({"y": ["a"] * 120}, "y must be numeric, but holds text"),
        ({"y": np.ones(7)}, "inconsistent numbers of samples"),
        ({"y": np.ones(120)}, "more than one class or value"),
    ],
)
@pytest.mark.slow
def test_what_cannot_be_compared_is_refused_in_one_sentence(change, message):
    X, y = skewed_table()
    arguments = {"X": X, "y": y, "methods": ["weights"], "estimators": Ridge(), "relevance": HIGHEST_TENTH, **change}
    with pytest.raises((ValueError, TypeError), match=message):
        compare(**arguments)


def test_a_target_without_rare_rows_is_refused():
    X, _ = skewed_table()
    with pytest.raises(NoRareRowsError, match="quantile"):
        compare(X, np.linspace(0, 1, 120), estimators=Ridge())


def test_the_vectorizer_keeps_frequent_levels_and_bounds_the_width():
    rng = np.random.RandomState(0)
    X = np.array([[f"level {i % 60 if i > 50 else 0}", rng.normal()] for i in range(500)], dtype=object)
    vectorizer = MatrixEncoder(max_categories=5).fit(X)
    encoded = vectorizer.transform(X)
    assert encoded.shape == (500, 6)
    assert encoded[:51, :5].sum() == 51  # "level 0" is the most frequent one
    unseen = vectorizer.transform(np.array([["new", 0.0]], dtype=object))
    assert unseen[0, :5].sum() == 0


def test_uniform_duplication_copies_common_rows_as_well():
    X, y = skewed_table(400)
    sampler = UniformDuplicator(relevance=HIGHEST_TENTH, sampling_strategy="balance", random_state=0)
    other = RandomOverSampler(relevance=HIGHEST_TENTH, sampling_strategy="balance", random_state=0)
    _, y_new = sampler.fit_resample(X, y)
    assert len(y_new) == len(other.fit_resample(X, y)[1])
    share = np.mean(clone(HIGHEST_TENTH).fit(y).rare_mask(y_new[400:]))
    assert 0 < share < 0.3


# ------------------------------------------------------------------------------------------------ refined samplers
@pytest.fixture
def quick_refiner(monkeypatch):
    """Let the refined methods take a fraction of their time; return what they are made with."""
    refiner = SMCAETransformer(estimator=Ridge(), cv=2, max_steps=5)
    monkeypatch.setattr(_methods, "SyntheticRefiner", partial(SyntheticRefiner, refiner=refiner))
    return refiner


def test_each_sampler_but_the_control_has_a_refined_variant_that_must_be_asked_for():
    methods = default_methods(relevance=HIGHEST_TENTH, threshold=0.7)
    found = named_samplers(methods)
    plain = ["random", "noise", "smoter", "smogn", "smogan"]
    assert list(found) == plain + [f"{name}+smcae" for name in plain]
    assert not set(methods) & set(found) - set(plain)
    for name in plain:
        refined = found[f"{name}+smcae"]
        assert isinstance(refined, SyntheticRefiner)
        assert refined.sampler is methods[name]


@pytest.mark.slow
def test_a_refined_sampler_is_measured_as_fitting_it_by_hand_would(quick_refiner):
    X, y = skewed_table()
    quick_refiner.set_params(select="linear_ot")  # so that rows are moved, and none dropped
    options = {"methods": ["smogn+smcae", "smogn"], "estimators": Ridge(), "relevance": HIGHEST_TENTH}
    comparison = compare(X, y, **options, cv=[(np.arange(80), np.arange(80, 120)), (np.arange(40, 120), np.arange(40))])
    names = list(comparison.results)
    assert names[-3:] == ["smogn", "smogn+smcae", "chosen by inner folds"]
    assert comparison.samplers == ["smogn", "smogn+smcae"]
    row = next(row for row in comparison.rows if row["method"] == "smogn+smcae" and row["inner"] == OUTER)
    train, test = np.arange(80), np.arange(80, 120)  # real rows alone are tested, also where others were made
    seed = int(np.random.SeedSequence([0, 0, 0]).generate_state(1)[0] % 2**31)
    refiner = seeded_clone(SyntheticRefiner(SMOGN(relevance=HIGHEST_TENTH), quick_refiner), np.random.RandomState(seed))
    X_all, y_all = refiner.fit_resample(X[train], y[train])
    assert row["fold"] == 0
    assert row["n_train"] == 80
    assert row["n_synthetic"] == refiner.is_synthetic_.sum() == len(y_all) - 80 > 0
    predicted = make_pipeline(MatrixEncoder(), Ridge()).fit(X_all, y_all).predict(X[test])
    phi = clone(HIGHEST_TENTH).fit(y[train])
    assert_allclose(row["sera"], sera_score(y[test], predicted, relevance=phi), rtol=1e-6)


@pytest.mark.usefixtures("quick_refiner")
@pytest.mark.slow
def test_refined_samplers_go_on_where_they_stopped(tmp_path, monkeypatch):
    X, y = skewed_table()
    CountingSampler.path = str(tmp_path / "calls")
    monkeypatch.setattr(_methods, "RandomOverSampler", CountingSampler)
    options = {"methods": ["random+smcae"], "estimators": Ridge(), "relevance": HIGHEST_TENTH, "cv": 2, "n_repeats": 1}
    runs = [compare(X, y, **options, memory=str(tmp_path / "cache"))]
    n_calls = len((tmp_path / "calls").read_text().split())
    runs.append(compare(X, y, **options, memory=str(tmp_path / "cache")))
    assert n_calls == len((tmp_path / "calls").read_text().split()) >= 8  # 2 outer folds, 3 inner ones in each
    assert runs[0].rows == runs[1].rows


# ------------------------------------------------------------------------------------------------ the verdict
def made_up(effects, *, common=1.0, constant=2.0, spread=0.02, n_folds=10, seed=0):
    """Return a judge of methods that have these (score ratio, RMSE ratio), with a little noise, in all folds."""
    rng, other = np.random.RandomState(seed), np.random.RandomState(seed + 1)
    rows = []
    for fold in range(n_folds):
        for inner in (OUTER, 0, 1, 2):
            base = np.exp(0.1 * rng.normal())
            for method, (score, rmse) in {"none": (1, 1), **effects, CONSTANT: (constant, constant)}.items():
                noise = np.exp([spread, spread / 10] * rng.normal(size=2)) if method in effects else (1, 1)
                noise = np.exp([0.01, 0.01] * other.normal(size=2)) if method == CONSTANT else noise
                values = dict.fromkeys(("rare_mae", "rare_rmse", "common_rmse", "total_ratio", "seconds"), 1.0)
                values["common_rmse"] = common * noise[1] if method in effects else 1.0
                rows.append({"fold": fold, "inner": inner, "method": method, "estimator": "made", **values,
                             "sera": base * score * noise[0], "rmse": base * rmse * noise[1]})  # fmt: skip
    return RegressionJudge(
        rows=rows, methods=["none", *effects], samplers=["smogn"], estimators=["made"],
        scoring="sera", max_rmse_increase=0.02, max_common_increase=0.05, n_rows=200, n_tested=200, n_rare=20,
        relevance="made up", test_share=0.25,
    )  # fmt: skip


def test_a_clear_gain_at_no_price_helps():
    verdict = made_up({"weights": (0.9, 1.0), "smogn": (0.7, 0.98)}).verdict
    assert (verdict.answer, verdict.method) == ("helps", "smogn")
    assert "-30%" in verdict.sentence


def test_of_two_equal_methods_the_simpler_is_named():
    comparison = made_up({"weights": (0.7, 1.0), "smogn": (0.7, 1.0)}, spread=0.05)
    assert comparison.verdict.method == "weights"
    assert comparison.verdict.sentence.startswith("A simpler remedy than new rows")


def test_a_gain_that_costs_too_much_is_reported():
    verdict = made_up({"weights": (0.6, 1.08), "smogn": (1.02, 1.0)}).verdict
    assert verdict.answer == "does not help"
    assert "excluded" in verdict.sentence
    assert "At too high a cost: 'weights' changes SERA by -40%" in verdict.sentence


def test_a_gain_that_common_rows_pay_for_is_not_recommended():
    assert made_up({"smogn": (0.7, 0.98)}, common=1.04).verdict.answer == "helps"
    verdict = made_up({"smogn": (0.7, 0.98)}, common=1.3).verdict
    assert verdict.answer == "does not help"
    assert "At too high a cost" in verdict.sentence
    assert "on common rows by +30." in verdict.sentence


def test_worse_than_the_mean_is_never_recommended():
    verdict = made_up({"smogn": (0.5, 0.99)}, constant=0.9).verdict
    assert verdict.answer == "does not help"
    assert "mean of the target" in verdict.sentence


def test_a_gain_within_the_noise_cannot_be_told_and_needs_more_rows():
    verdict = made_up({"smogn": (0.85, 1.0)}, spread=0.4, seed=3).verdict
    assert verdict.answer == "cannot tell"
    assert verdict.rows_needed > 200


def moved_predictions(seed=0, scale=1.0):
    """Return a function of the share that gives SERA and RMSE, as ratios to none, of shifted predictions."""
    rng = np.random.RandomState(seed)
    error, shift, phi = rng.normal(size=50), scale * rng.uniform(0.2, 0.6, size=50), rng.uniform(size=50)
    error += 0.8 * phi  # too low where it matters

    def at(share):
        moved = error - share * shift
        return np.sum(phi * moved**2) / np.sum(phi * error**2), np.sqrt(np.mean(moved**2) / np.mean(error**2))

    return at


def test_recalibrated_ratio_is_one_for_moved_predictions_in_disguise():
    at = moved_predictions()
    effects = {"recalibration(0.2)": at(0.2), "recalibration": at(1.0), "smogn": at(0.37)}
    comparison = made_up(effects, spread=0.0)
    price = np.log(at(0.37)[1])
    row = comparison.results["smogn"]
    cheaper = [at(share)[0] for share in np.linspace(0, 1, 101) if np.log(at(share)[1]) <= max(price, 0) + 1e-12]
    assert_allclose(row["recalibrated_ratio"], at(0.37)[0] / min(cheaper), rtol=1e-9)


def test_a_sampler_is_not_named_for_what_moved_predictions_do_as_well():
    at = moved_predictions()
    effects = {"recalibration(0.2)": at(0.2), "recalibration": at(1.0), "smogn": at(0.25)}
    verdict = made_up(effects, spread=0.01).verdict
    assert verdict.answer == "helps"
    assert verdict.method in ("recalibration(0.2)", "recalibration")
    effects["smogn"] = (0.5 * at(0.25)[0], at(0.25)[1])
    assert made_up(effects, spread=0.01).verdict.method == "smogn"


def as_if_scored_by(scoring, effects, **options):
    """Return a comparison as from `made_up`, whose score is `scoring` instead of SERA."""
    comparison = made_up(effects, **options)
    rows = [{**row, scoring: row["sera"]} for row in comparison.rows]
    return replace(comparison, rows=rows, scoring=scoring)


def test_a_shift_is_not_named_under_a_mean_of_absolute_errors():
    """Rare rows all too low by 1: a shift of s leaves a rare MAE of 1 - s, until it goes beyond."""

    def shifted(share):
        return abs(1 - 0.8 * share), np.sqrt(1 + (0.1 * share) ** 2)

    effects = {"recalibration(0.2)": shifted(0.2), "recalibration": shifted(1.0), "smogn": shifted(0.6)}
    comparison = as_if_scored_by("rare_mae", effects, spread=1e-5)
    row = comparison.results["smogn"]
    assert row["recalibrated_ratio"] == pytest.approx(1.0, abs=0.02)
    assert comparison.verdict.method in ("recalibration(0.2)", "recalibration")
    better = {**effects, "smogn": (0.3 * shifted(0.6)[0], shifted(0.6)[1])}
    assert as_if_scored_by("rare_mae", better, spread=0.001).verdict.method == "smogn"


def test_the_bound_of_moved_absolute_errors_is_never_above_them():
    rng = np.random.RandomState(0)
    errors, moves, shares = rng.normal(size=30), rng.normal(size=30), np.linspace(0, 1, 101)
    exact = np.abs(errors - shares[:, None] * moves).mean(axis=1)
    bound = least_convex(shares, *(np.array([[exact[i]]]) for i in (0, 20, 100)))[:, 0, 0]
    assert (bound <= exact + 1e-12).all()
    assert_allclose(bound[[0, 20, 100]], exact[[0, 20, 100]])
    straight = least_convex(shares, *(np.array([[value]]) for value in (1.0, 0.9, 0.5)))[:, 0, 0]
    assert_allclose(straight, 1 - shares / 2)  # nothing to lose where errors do not change sides


@pytest.mark.parametrize("scoring", ["rmse", "common_rmse"])
def test_moved_predictions_are_matched_under_roots_of_squares(scoring):
    at = moved_predictions()
    effects = {"recalibration(0.2)": at(0.2), "recalibration": at(1.0), "smogn": at(0.25)}
    effects = {name: (rmse, rmse) for name, (_, rmse) in effects.items()}
    comparison = as_if_scored_by(scoring, effects, spread=0.0)
    price = at(0.25)[1]
    reachable = min(at(share)[1] for share in np.linspace(0, 1, 101) if at(share)[1] <= max(1, price) + 1e-12)
    assert_allclose(np.exp(comparison.over_recalibrated_by(scoring, "smogn")), price / reachable, rtol=1e-9)


def test_a_shift_by_sera_is_no_more_under_another_score():
    at = moved_predictions()
    effects = {"recalibration(0.2)": at(0.2), "recalibration": at(1.0), "smogn": at(0.25)}
    comparison = made_up(effects, spread=0.01)
    rows = [{**row, "rare_mae": row["sera"] * (0.5 if row["method"] == "smogn" else 1)} for row in comparison.rows]
    comparison = replace(comparison, rows=rows, scoring="rare_mae")
    assert comparison.over_recalibrated_by("rare_mae", "smogn").mean() < -0.4
    assert comparison.verdict.method != "smogn"


def test_without_the_corrections_the_verdict_says_what_was_not_tested():
    assert "could not be tested" in made_up({"smogn": (0.7, 0.98)}).verdict.sentence
    at = moved_predictions()
    effects = {"recalibration(0.2)": at(0.2), "recalibration": at(1.0), "smogn": (0.5, 1.0)}
    assert "could not be tested" not in made_up(effects, spread=0.01).verdict.sentence


# ------------------------------------------------------------------------------------------------ no error at all
@pytest.mark.parametrize("nothing", [0.0, 1e-25])
def test_a_learner_without_error_cannot_be_told_from_others(nothing):
    at = moved_predictions()
    effects = {"recalibration(0.2)": at(0.2), "recalibration": at(1.0), "smogn": (0.5, 1.0)}
    comparison = made_up(effects)
    rows = [{**row, "sera": nothing if row["method"] == "none" and row["fold"] in (2, 5) else row["sera"]}
            for row in comparison.rows]  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        comparison = replace(comparison, rows=rows)
    assert comparison.verdict.answer == "cannot tell"
    assert "already has no error on rare rows in 2 of 10 folds" in comparison.verdict.sentence
    assert (
        np.isnan(comparison.log_ratios("sera", "smogn")).sum()
        == np.isnan(comparison.over_recalibrated("smogn")).sum()
        == 2
    )
    perfect = replace(comparison, rows=[{**row, "sera": 0.0, "rmse": 0.0} if row["method"] != CONSTANT else row
                                        for row in rows])  # fmt: skip
    assert "in 10 of 10 folds" in perfect.verdict.sentence


def test_no_sentence_holds_an_endless_number():
    comparison = made_up({"smogn": (1.0, 1.0)}, spread=200.0, n_folds=3)
    assert comparison.verdict.answer == "cannot tell"
    assert not re.search(r"nan|inf|\d{6}", comparison.effect_sentence(listed(comparison.results)[1]))


def test_a_method_that_changes_nothing_is_said_to():
    verdict = made_up({"smogn": (1.0, 1.0)}, spread=0.0).verdict
    assert verdict.answer == "does not help"
    assert "No method changes anything" in verdict.sentence


def test_worse_than_the_mean_must_be_shown():
    comparison = made_up({"smogn": (0.8, 1.0)}, spread=0.5, seed=2)
    rng = np.random.RandomState(0)
    noise = np.exp(0.3 * rng.normal(size=10) - 0.02)
    rows = [{**row, "rmse": noise[row["fold"]] if row["method"] == CONSTANT else 1.3} for row in comparison.rows]
    comparison = replace(comparison, rows=rows)
    mean, _, high = comparison.over_null("none")
    assert mean < 0 < high
    assert comparison.verdict.answer == "cannot tell"
    assert "No method predicts better than the mean" in comparison.verdict.sentence


def test_wide_intervals_do_not_say_that_nothing_helps():
    verdict = made_up({"smogn": (1.1, 1.0)}, spread=0.6, seed=1).verdict
    assert verdict.answer == "cannot tell"
    assert verdict.rows_needed is None


def test_rows_needed_shrink_with_the_square_of_the_effect():
    def needed(effect):
        comparison = made_up({"smogn": (0.9, 1.0)}, spread=0.3, seed=3)
        low, high = np.exp(-effect - 0.5), np.exp(0.5 - effect)
        row = dict(comparison.results["smogn"], score_ratio=np.exp(-effect), low=low, high=high)
        return comparison.rows_needed(row, 1)

    # standard error 0.5 / t(0.975, 9), one method: (1.96 + 0.84)**2 = 7.85 standard errors squared
    assert needed(0.1) == pytest.approx(200 * 7.849 * (0.5 / 2.2622 / 0.1) ** 2, abs=10)
    assert needed(0.1) == pytest.approx(4 * needed(0.2), rel=0.01)
    assert needed(2.0) is None


def test_a_handful_of_folds_does_not_say_how_many_rows_would_tell():
    assert rows_needed(200, 0.1, 0.5, 4, 1) > 200
    assert rows_needed(200, 0.1, 0.5, 3, 1) is None


def test_a_learner_that_misses_the_total_and_a_small_table_are_cautioned_against():
    comparison = made_up({"smogn": (0.7, 0.98)})
    assert len(comparison.caveats) == 1
    assert "200 rows are few" in comparison.caveats[0]
    listed(comparison.results)[0]["total_ratio"] = 0.52
    comparison.n_rows = 5000
    assert len(comparison.caveats) == 1
    assert "predicts 52% of the total" in comparison.caveats[0]


@pytest.mark.parametrize(
    "weakness",
    [
        {"p_holm": 0.2},
        {"score_ratio": 0.97, "low": 0.96, "high": 0.98},
        {"chosen": 0.0},
        {"recalibrated_p_holm": 0.2},
        {"rmse_ratio": 1.03},
        {"common_ratio": 1.06},
    ],
    ids=lambda weakness: next(iter(weakness)),
)
def test_each_requirement_of_a_recommendation_is_needed(weakness):
    comparison = made_up({"smogn": (0.7, 0.98)})
    row = listed(comparison.results)[1]
    row["recalibrated_p_holm"] = 0.01
    assert comparison.judge().method == "smogn"
    row.update(weakness)
    assert comparison.judge().answer != "helps"


def test_inner_folds_do_not_choose_what_moved_predictions_do_as_well():
    at = moved_predictions(scale=4.0)
    effects = {"recalibration(0.2)": at(0.2), "recalibration": at(1.0), "smogn": (1.01 * at(0.25)[0], at(0.25)[1])}
    comparison = made_up(effects, spread=1e-4)
    assert effects["smogn"][0] < effects["recalibration(0.2)"][0]  # it has the lower SERA, and a price within the limit
    assert effects["smogn"][1] < 1.02
    assert comparison.choose(0) == "recalibration(0.2)"


def test_recalibrated_p_values_are_one_sided_and_adjusted():
    at = moved_predictions()
    effects = {"recalibration(0.2)": at(0.2), "recalibration": at(1.0), "worse": (1.2, 1.0), "better": (0.5, 1.0)}
    comparison = made_up(effects, spread=0.3)
    rows = comparison.results
    two_sided = {name: corrected_interval(comparison.over_recalibrated(name), 0.25)[3] for name in ("worse", "better")}
    assert rows["worse"]["recalibrated_p"] == pytest.approx(1 - two_sided["worse"] / 2)
    assert rows["better"]["recalibrated_p"] == pytest.approx(two_sided["better"] / 2)
    assert rows["better"]["recalibrated_p_holm"] == pytest.approx(two_sided["better"])  # twice one half: of two tests
    assert np.isnan(rows["recalibration"]["recalibrated_p_holm"])


def test_what_inner_folds_choose_must_hold_up_on_outer_folds():
    comparison = made_up({"smogn": (0.7, 0.98)})
    assert comparison.verdict.answer == "helps"
    chosen = listed(comparison.results)[-1]
    chosen["high"] = 1.1
    assert comparison.judge().answer == "cannot tell"


def test_no_effect_does_not_help():
    verdict = made_up({"smogn": (1.0, 1.0)}, spread=0.01).verdict
    assert verdict.answer == "does not help"


def test_inner_folds_choose_without_looking_at_the_outer_fold():
    comparison = made_up({"weights": (0.9, 1.0), "smogn": (0.7, 1.0)})
    for row in comparison.rows:
        if row["inner"] == OUTER and row["method"] == "smogn":
            row["sera"] *= 100
    assert comparison.choose(0) == "smogn"


@pytest.mark.slow
def test_abstains_on_a_shuffled_target_and_finds_a_planted_gain():
    """One seed each; benchmarks/compare_verdicts.py counts over twenty."""
    X, y = load_diabetes(return_X_y=True)
    shuffled = np.random.RandomState(0).permutation(y)
    methods = ["recalibration", "weights", "random", "smogn"]
    null = compare(X, shuffled, methods=methods, estimators=Ridge(), relevance=HIGHEST_TENTH)
    assert null.verdict.answer != "helps"

    rng = np.random.RandomState(1)
    X = np.column_stack([rng.uniform(size=1500), rng.normal(size=(1500, 3))])
    y = 8 * X[:, 0] + rng.normal(size=1500)
    X[:40, 1], y[:40] = 6 + 0.3 * rng.normal(size=40), 20 + 2 * rng.normal(size=40)
    gain = compare(X, y, methods=methods, estimators=DecisionTreeRegressor(min_samples_leaf=60, random_state=0))
    assert gain.verdict.answer == "helps"
    assert gain.verdict.method in ("random", "smogn")


@pytest.mark.slow
def test_summary_as_a_frame_and_several_learners():
    X, y = skewed_table()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        comparison = compare(
            X, y, methods=["random"], estimators={"a": LinearRegression(), "b": Ridge(5.0)}, relevance=HIGHEST_TENTH,
            n_repeats=1, cv=3,
        )  # fmt: skip
    frame = comparison.summary
    assert list(frame["method"])[3:] == ["random", "chosen by inner folds"]
    assert comparison.judge.measured("sera", "random").shape == (3, 2)
    each = np.log(comparison.judge.measured("sera", "random") / comparison.judge.measured("sera", "none"))
    assert_allclose(np.log(frame["score_ratio"][3]), each.mean())


@pytest.mark.slow
def test_a_comparison_with_a_deadline_leaves_the_workers_of_joblib_usable():
    X, y = skewed_table()
    options = {"methods": ["weights"], "estimators": Ridge(), "relevance": HIGHEST_TENTH, "n_repeats": 1, "cv": 3}
    compare(X, y, **options, n_jobs=2, max_time=600)
    assert Parallel(n_jobs=2)(delayed(abs)(number) for number in (-1, -2)) == [1, 2]
