"""The script that a report recommends: it reads, prepares, resamples and judges as the comparison did."""

import os
import pickle
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from _reports import (
    EVIL,
    EVIL_COLUMN,
    classification_comparison,
    options_of,
    regression_comparison,
    robust_comparison,
    table_of,
)
from _shared import main
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import TunedThresholdClassifierCV
from sklearn.pipeline import make_pipeline

from skgan_resample import Relevance, ThreatModel, _thresholds
from skgan_resample._cli._arguments import parser
from skgan_resample._report._code import Script, comment
from skgan_resample._report._recipe import classification_recipe, regression_recipe, robustness_recipe
from skgan_resample._tables._vectorizer import TableVectorizer
from skgan_resample._user_table._roles import user_table
from skgan_resample.model_selection import _classification, _methods, _regression, _robustness
from skgan_resample.model_selection._result import Verdict

SEED = 3
SAVED = "import runpy, pickle, sys; found = runpy.run_path('report/pipeline.py'); keep = ('X', 'y', 'folds', {0!r}); "
SAVED += "pickle.dump([found[name] for name in keep], open('found.pkl', 'wb'))"


def messy_frame(n_rows=120):
    """Return a table with numbers, text, dates, flags, gaps, a counter and a constant, and two targets."""
    rng = np.random.RandomState(0)
    size = rng.gamma(2.0, size=n_rows)
    frame = pd.DataFrame(
        {
            "claim_id": np.arange(1000, 1000 + n_rows),
            "day": pd.date_range("2024-01-01", periods=n_rows).astype(str),
            "kind": rng.choice(["fire", "water", "theft"], size=n_rows, p=[0.5, 0.3, 0.2]),
            "size": size,
            "rooms": rng.randint(1, 6, size=n_rows),
            "insured": rng.uniform(size=n_rows) < 0.5,
            "country": "DE",
            "shop": [f"shop {i % 12}" for i in range(n_rows)],
            "cost": np.round(100 * size**2 + 50 * rng.normal(size=n_rows), 2),
            "churn": np.where(size + 0.7 * rng.normal(size=n_rows) > 3.3, "leaves", "stays"),
        }
    )
    frame.loc[::7, "size"] = np.nan
    frame.loc[::11, "kind"] = None
    frame.loc[::13, "day"] = None
    frame.loc[3, ["cost", "churn"]] = None
    return frame


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "our_model", raising=False)  # that of another test
    messy_frame().drop(columns="churn").to_csv("claims.csv", index=False)
    messy_frame().drop(columns="cost").to_csv("churn.csv", index=False)
    (tmp_path / "report").mkdir()
    return tmp_path


def read(*arguments):
    """Return a table and options as the command line has them."""
    options = parser().parse_args(["compare", *arguments, "--cv", "2", "--repeats", "1", "--seed", str(SEED)])
    table = user_table(options)
    return table, {"threshold": 0.8, **{k: v for k, v in vars(options).items() if v is not None}}


def executed(recipe):
    """Run a recipe in this process; return its variables."""
    found = {"__name__": "__main__"}
    exec(compile(recipe, "pipeline.py", "exec"), found)
    return found


def executed_alone(recipe, values):
    """Run a recipe in a process of its own; return its X, y, folds and measures, and what it printed."""
    with open("report/pipeline.py", "w", encoding="utf-8") as file:
        file.write(recipe)
    command = [sys.executable, "-W", "error::FutureWarning", "-c", SAVED.format(values)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    with open("found.pkl", "rb") as file:
        return *pickle.load(file), done.stdout


def seeded(method):
    """Return a method with the seed where the recipe writes one."""
    if method is None or not hasattr(method, "get_params"):
        return method
    names = [name for name, value in method.get_params().items() if name.endswith("random_state") and value is None]
    return method.set_params(**dict.fromkeys(names, SEED))


def named_verdict(comparison, method):
    comparison.verdict = Verdict("cannot tell" if method is None else "helps", method, "So it is.")
    return comparison


# ------------------------------------------------------------------------------------------------ amounts
def amounts(table, options, method, relevance, scoring="sera"):
    """Return the recipe of a method; the figures of the comparison play no part."""
    comparison = regression_comparison()
    comparison.n_planned = 2
    comparison.rows = [row for row in comparison.rows if row["fold"] < 2]
    comparison.scoring = scoring
    comparison.summary = [{**comparison.summary[0], "method": name} for name in ("none", method)]
    return regression_recipe(named_verdict(comparison, method), table, relevance, options)


def errors_of_compare(table, method, learner, folds, relevance, measure="sera", calibrations=(None, None)):
    """Return what the engine of compare measures on folds, with the seed of the recipe."""
    known = _methods.default_methods(relevance)
    known |= _methods.named_samplers(known)
    found = []
    for (train, test), calibration in zip(folds, calibrations, strict=True):
        chosen = None if method is None else seeded(known[method])
        if calibration is not None:
            chosen.set_params(cv=calibration)
        learners = {"own": make_pipeline(TableVectorizer(), learner)}
        rows = _regression._run_task(table.X, table.y, train, test, chosen, learners, relevance, 0.8, SEED, None)
        found.append(rows[0][measure])
    return found


RELEVANCE = Relevance("quantile", side="high", quantile=0.85)
RIDGE = ["--estimator", "sklearn.linear_model:Ridge"]
METHODS = [None, "light-correction", "correction", "weights", "weights+correction"]
METHODS += ["duplicate", "random", "noise", "smoter", "smogn"]


@pytest.mark.parametrize("method", METHODS)
def test_a_recipe_for_amounts_is_the_model_of_compare(folder, method):
    table, options = read("claims.csv", "--target", "cost", *RIDGE)
    found = executed(amounts(table, options, method, RELEVANCE))
    pd.testing.assert_frame_equal(found["X"], table.X)
    np.testing.assert_array_equal(found["y"], table.y)
    outer = _regression._make_splits(table.X, table.y, 2, 1, 3, None, SEED)
    outer = [(train, test) for _, inner, train, test, *_ in outer if inner == -1]
    for ours, theirs in zip(found["folds"], outer, strict=True):
        np.testing.assert_array_equal(ours[0], theirs[0])
        np.testing.assert_array_equal(ours[1], theirs[1])
    learner = Ridge(random_state=SEED)
    wanted = {"alone": errors_of_compare(table, None, learner, outer, RELEVANCE)}
    if method is not None:
        wanted["recommended"] = errors_of_compare(table, method, learner, outer, RELEVANCE)
        assert wanted["alone"] != wanted["recommended"]
    assert found["errors"].keys() == wanted.keys()
    for name in wanted:
        np.testing.assert_allclose(found["errors"][name], wanted[name], rtol=1e-7)
    last = found["fitted"](found["models"][list(wanted)[-1]], np.arange(len(table.y)))
    np.testing.assert_array_equal(found["model"].predict(table.X), last.predict(table.X))


def test_a_recipe_for_amounts_in_a_process_of_its_own(folder):
    table, options = read("claims.csv", "--target", "cost")
    recipe = amounts(table, options, "smogn", RELEVANCE)
    X, y, folds, errors, printed = executed_alone(recipe, "errors")
    pd.testing.assert_frame_equal(X, table.X)
    np.testing.assert_array_equal(y, table.y)
    learner = HistGradientBoostingRegressor(min_samples_leaf=5, max_leaf_nodes=15, early_stopping=False, random_state=0)
    wanted = errors_of_compare(table, "smogn", learner, folds, RELEVANCE)
    np.testing.assert_allclose(errors["recommended"], wanted, rtol=0.02)  # rounding can move a split of a tree
    ratio = np.exp(np.mean(np.log(errors["recommended"] / errors["alone"])))
    assert float(re.search(r"SERA of smogn: ([\d.]+) times that", printed).group(1)) == pytest.approx(ratio, abs=1e-4)


@pytest.mark.parametrize("measure", ["rmse", "rare_mae", "common_rmse"])
def test_every_score_for_amounts(folder, measure):
    table, options = read("claims.csv", "--target", "cost", *RIDGE)
    found = executed(amounts(table, options, "weights", RELEVANCE, measure))
    wanted = errors_of_compare(table, "weights", Ridge(random_state=SEED), found["folds"], RELEVANCE, measure)
    np.testing.assert_allclose(found["errors"]["recommended"], wanted, rtol=1e-7)


@pytest.mark.parametrize("role", [["--group", "shop"], ["--time", "day"]])
def test_groups_and_times_are_kept(folder, role):
    messy_frame().drop(columns="churn").dropna(subset="day").to_csv("claims.csv", index=False)
    table, options = read("claims.csv", "--target", "cost", *RIDGE, *role)
    found = executed(amounts(table, options, "correction", RELEVANCE))
    pd.testing.assert_frame_equal(found["X"], table.X)
    np.testing.assert_array_equal(found["y"], table.y)
    cv = _regression.TimeSeriesSplit(2) if table.times is not None else 2
    outer = [
        split for split in _regression._make_splits(table.X, table.y, cv, 1, 3, table.groups, SEED) if split[1] == -1
    ]
    for ours, theirs in zip(found["folds"], outer, strict=True):
        np.testing.assert_array_equal(ours[1], theirs[3])
    learner, folds = Ridge(random_state=SEED), [split[2:4] for split in outer]
    calibrations = [split[4] for split in outer]
    wanted = errors_of_compare(table, "correction", learner, folds, RELEVANCE, calibrations=calibrations)
    np.testing.assert_allclose(found["errors"]["recommended"], wanted, rtol=1e-7)


def test_only_the_folds_that_were_judged(folder):
    table, options = read("claims.csv", "--target", "cost", *RIDGE)
    comparison = named_verdict(regression_comparison(), None)
    comparison.rows = [row for row in comparison.rows if row["fold"] in (1, 2)]
    comparison.n_planned = 4
    options |= {"cv": 4}
    found = executed(regression_recipe(comparison, table, RELEVANCE, options))
    all_folds = executed(amounts(table, options, None, RELEVANCE))["folds"]
    assert [test.tolist() for _, test in found["folds"]] == [test.tolist() for _, test in all_folds[1:3]]


# ------------------------------------------------------------------------------------------------ classes
def classes(table, options, method, scoring):
    comparison = classification_comparison()
    comparison.counts = dict(zip(*(part.tolist() for part in np.unique(table.y, return_counts=True)), strict=True))
    comparison.n_planned = 2
    comparison.rows = [row for row in comparison.rows if row["fold"] < 2]
    comparison.scoring, comparison.test_share = scoring, 1.0
    comparison.summary = [{**comparison.summary[0], "method": name} for name in ("none", method)]
    return classification_recipe(named_verdict(comparison, method), table, options)


def part_of_compare(table, method, learner, train, test):
    """Return what the engine of compare_classification says of a fold, with the seed of the recipe."""
    chosen = None if method is None else seeded(_classification.default_methods()[method])
    problem = _classification._Problem(table.X, np.asarray(table.y))
    return _classification._fit_part(problem, train, test, chosen, {"own": learner}, SEED)["own"]


LOGISTIC = ["--estimator", "sklearn.linear_model:LogisticRegression"]
BAYES = ["--estimator", "sklearn.naive_bayes:BernoulliNB"]  # takes weights, and has no class_weight
CASES = [(None, "average_precision"), ("weights", "average_precision"), ("weights", "brier"), ("smote", "brier")]
CASES += [("smote", "average_precision"), ("random", "average_precision"), ("duplicate", "brier")]
CASES += [("borderline-smote", "average_precision"), ("svm-smote", "average_precision")]


@pytest.mark.parametrize(("method", "scoring"), CASES)
def test_a_recipe_for_classes_is_the_model_of_compare(folder, method, scoring):
    table, options = read("churn.csv", "--target", "churn", *LOGISTIC)
    check_classes(table, options, method, scoring, LogisticRegression(random_state=SEED))


def test_weights_for_a_learner_without_class_weight(folder):
    from sklearn.naive_bayes import BernoulliNB

    table, options = read("churn.csv", "--target", "churn", *BAYES)
    check_classes(table, options, "weights", "average_precision", BernoulliNB())


def check_classes(table, options, method, scoring, learner):
    found = executed(classes(table, options, method, scoring))
    pd.testing.assert_frame_equal(found["X"], table.X)
    np.testing.assert_array_equal(found["y"], table.y)
    name = "alone" if method is None else "recommended"
    measure = "brier_corrected" if scoring == "brier" else scoring
    wanted = []
    for train, test in found["folds"]:
        part = part_of_compare(table, method, learner, train, test)
        cuts = dict.fromkeys(("f1", "g_mean", "balanced_accuracy"), 0.5)
        wanted.append(part.measures(cuts)[measure])
        fitted = found["fitted"](found["models"][name], train)
        shown = part.corrected if scoring == "brier" else part.probabilities
        np.testing.assert_allclose(fitted.predict_proba(table.X.iloc[test]), shown, atol=2e-4)
    np.testing.assert_allclose(found["scores"][name], wanted, atol=1e-3)


@pytest.mark.parametrize(("method", "scoring"), [("smote", "f1"), ("weights", "g_mean"), (None, "balanced_accuracy")])
def test_thresholds_are_tuned_where_compare_tuned_them(folder, method, scoring):
    table, options = read("churn.csv", "--target", "churn", *LOGISTIC)
    found = executed(classes(table, options, method, scoring))
    name = "alone" if method is None else "recommended"
    assert all(isinstance(model, TunedThresholdClassifierCV) for model in found["models"].values())
    for (train, test), score in zip(found["folds"], found["scores"][name], strict=True):
        part = part_of_compare(table, method, LogisticRegression(random_state=SEED), train, test)
        fitted = found["fitted"](found["models"][name], train)
        np.testing.assert_allclose(fitted.predict_proba(table.X.iloc[test]), part.probabilities, atol=2e-4)
        cut = fitted.best_threshold_
        wanted = _thresholds.decision_scores(part.truth, part.decide(cut), part.judged, part.positive)
        if scoring != "balanced_accuracy":
            assert score == pytest.approx(wanted[scoring], abs=1e-9)
        else:  # which class is positive is scikit-learn's choice here
            other = _thresholds.decision_scores(part.truth, part.decide(1 - cut), part.judged, part.positive)
            assert min(abs(score - wanted[scoring]), abs(score - other[scoring])) < 1e-9


def test_a_recipe_for_classes_in_a_process_of_its_own(folder):
    table, options = read("churn.csv", "--target", "churn", *LOGISTIC)
    X, y, folds, scores, printed = executed_alone(classes(table, options, "smote", "average_precision"), "scores")
    pd.testing.assert_frame_equal(X, table.X)
    np.testing.assert_array_equal(y, table.y)
    learner = LogisticRegression(random_state=SEED)
    cuts = dict.fromkeys(("f1", "g_mean", "balanced_accuracy"), 0.5)
    wanted = [part_of_compare(table, "smote", learner, *fold).measures(cuts)["average_precision"] for fold in folds]
    np.testing.assert_allclose(scores["recommended"], wanted, atol=1e-3)
    assert f"average precision of smote: {np.mean(scores['recommended']):.4f}" in printed


def test_three_classes_of_numbers_and_few_rows(folder):
    frame = messy_frame().drop(columns=["cost", "churn"])
    frame["stars"] = np.where(np.arange(len(frame)) % 24 == 5, 3.0, np.arange(len(frame)) % 2)  # five rows of 3
    frame.loc[7, "stars"] = np.nan
    frame.to_csv("stars.csv", index=False)
    table, options = read("stars.csv", "--target", "stars", *LOGISTIC)
    for scoring in ("average_precision", "brier", "f1"):
        found = executed(classes(table, options, "smote", scoring))
        assert found["y"].dtype.kind == "i"
        np.testing.assert_array_equal(found["y"], table.y)
        assert found["models"]["recommended"][1].get_params()["sampler" if scoring == "brier" else "k_neighbors"]
        for (train, test), score in zip(found["folds"], found["scores"]["alone"], strict=True):
            part = part_of_compare(table, None, LogisticRegression(random_state=SEED), train, test)
            cuts = dict.fromkeys(("f1", "g_mean", "balanced_accuracy"), 0.0)
            assert score == pytest.approx(part.measures(cuts)[scoring], abs=1e-3)


# ------------------------------------------------------------------------------------------------ adversarial training
def test_a_recipe_for_robustness_in_a_process_of_its_own(folder):
    messy_frame(60).drop(columns="cost").to_csv("churn.csv", index=False)
    text = "eps=0.3,unit=std,bounds=train,immutable=rooms"
    table, options = read("churn.csv", "--target", "churn", "--threat", text)
    threat = ThreatModel(eps=0.3, bounds="train", immutable=["rooms"])
    methods = _robustness.default_methods(threat, table.X)
    summary = [{"method": name, "clean": 0.9, "robust": 0.8} for name in ("none", "at")]
    comparison = robust_comparison()
    comparison.summary, comparison.n_planned = summary, 2
    comparison.rows = [row for row in comparison.rows if row["fold"] < 2]
    comparison.verdict.training.method = "at"
    recipe = robustness_recipe(comparison, table, options)
    X, y, folds, shares, printed = executed_alone(recipe, "shares")
    pd.testing.assert_frame_equal(X, table.X)
    np.testing.assert_array_equal(y, table.y)
    outer = _robustness.class_splits(table.X, table.y, 2, 1, None, SEED)
    np.testing.assert_array_equal(folds[1][1], outer[1][1])
    fitted = threat.fit(table.X)
    for name, key in (("alone", "none"), ("recommended", "at")):
        (row,) = _robustness._run_task(table.X, table.y, *outer[0], seeded(methods[key]), fitted, SEED, None)
        assert shares[name][0] == pytest.approx((row["clean"], row["robust"]))
    assert "at: accuracy " in printed


# ------------------------------------------------------------------------------------------------ as people have it
def write_european(frame):
    frame["day"] = pd.to_datetime(frame["day"]).dt.strftime("%d.%m.%Y")
    frame["size"] = (1000 * frame["size"]).map(lambda v: "" if v != v else f"{v:,.2f}".translate({44: 46, 46: 44}))
    frame.to_csv("t.csv", index=False, sep=";", decimal=",", encoding="cp1252")
    return "t.csv"


def write_thousands(frame):
    frame["size"] = (1e4 * frame["size"]).map(lambda v: "" if v != v else f"{v:,.0f}")
    frame["day"] = pd.to_datetime(frame["day"]).dt.strftime("%d/%m/%Y")
    frame.rename(columns={"kind": " kind "}).to_csv("t.csv.gz", index=False)
    return "t.csv.gz"


def write_tsv(frame):
    frame.to_csv("t.tsv", index=False, sep="\t")
    return "t.tsv"


def write_parquet(frame):
    frame["day"] = pd.to_datetime(frame["day"], utc=True)
    frame.to_parquet("t.parquet")
    return "t.parquet"


def write_trailing(frame):
    frame["share"] = [f"{x}%" for x in np.arange(len(frame)) % 31 / 2]
    frame["zip"] = np.where(frame["rooms"] > 3, "00017", "10115")
    frame["level"] = np.where(frame["rooms"] > 2, "None", "low")
    frame["size"] = frame["size"].astype(str).replace("nan", "NULL")
    text = frame.to_csv(index=False).splitlines()
    with open("t.csv", "w", encoding="utf-8") as file:
        file.write("\n".join([text[0], *(f"{line}," for line in text[1:])]))
    return "t.csv"


def write_points(frame):
    frame["size"] = frame["size"].map(lambda v: f"{v:.3f}" if v == v else "")
    frame["many"] = [f"{1000 + 700 * i:,}".replace(",", ".") for i in range(len(frame))]
    frame["ratio"] = [f"{1 + i % 9}.{i % 100:03}" for i in range(len(frame))]
    frame["share"] = [f"{i % 31},5" for i in range(len(frame))]
    frame.assign(cost=frame["cost"].map("{:.2f}".format)).to_csv("t.csv", index=False, sep=";")
    return "t.csv"


@pytest.mark.parametrize(
    "write", [write_european, write_thousands, write_tsv, write_parquet, write_trailing, write_points]
)
def test_files_are_read_as_compare_reads_them(folder, write):
    name = write(messy_frame().drop(columns="churn").replace({"kind": {"theft": "Käse"}}))
    table, options = read(name, "--target", "cost", *RIDGE)
    assert {"size", "rooms", "day", "kind"} <= set(table.X.columns)
    assert table.X["size"].dtype == float
    found = executed(amounts(table, options, None, RELEVANCE))
    pd.testing.assert_frame_equal(found["X"], table.X)
    np.testing.assert_array_equal(found["y"], table.y)
    again = found["prepared"](pd.read_parquet(name)) if name.endswith("parquet") else None
    if again is not None:
        assert len(found["model"].predict(again[found["X"].columns])) == 120


def clock_changes(n_rows):
    return pd.date_range("2024-03-01", periods=n_rows, freq="10h", tz="Europe/Berlin").astype(str)


TIMES = {
    "days": lambda n_rows: pd.date_range("2023-12-20", periods=n_rows).strftime("%d.%m.%Y"),
    "numbers": lambda n_rows: [f"{17 * i:,}" for i in range(n_rows)],
    "zeros": lambda n_rows: [f"{7 * i:04}" for i in range(n_rows)],
    "clock changes": clock_changes,
}


@pytest.mark.parametrize("times", TIMES)
def test_rows_are_in_the_order_of_time_however_it_is_written(folder, times):
    frame = messy_frame().drop(columns=["churn", "claim_id", "day"])
    frame = frame.assign(when=TIMES[times](len(frame)), order=np.sqrt(np.arange(len(frame))))
    frame.sample(frac=1, random_state=0).to_csv("t.csv", index=False)
    table, options = read("t.csv", "--target", "cost", *RIDGE, "--time", "when")
    assert table.X["order"].is_monotonic_increasing
    found = executed(amounts(table, options, None, RELEVANCE))
    pd.testing.assert_frame_equal(found["X"], table.X)
    np.testing.assert_array_equal(found["y"], table.y)


def test_a_date_column_with_clock_changes_is_read_as_compare_reads_it(folder):
    messy_frame().drop(columns="churn").assign(day=clock_changes(120)).to_csv("t.csv", index=False)
    table, options = read("t.csv", "--target", "cost", *RIDGE)
    assert pd.api.types.is_datetime64_any_dtype(table.X["day"])
    pd.testing.assert_frame_equal(executed(amounts(table, options, None, RELEVANCE))["X"], table.X)


@pytest.mark.parametrize(("n_rare", "n_folds"), [(3, None), (4, 2), (6, 3)])
def test_thresholds_of_few_positives(folder, n_rare, n_folds):
    frame = messy_frame().drop(columns=["cost", "churn"]).assign(rare="no")
    frame.loc[np.arange(n_rare) * 11, "rare"] = "yes"
    frame.to_csv("t.csv", index=False)
    table, options = read("t.csv", "--target", "rare", *LOGISTIC)
    found = executed(classes(table, options, None, "f1"))  # two folds: half of them in training
    assert getattr(getattr(found["alone"], "cv", None), "n_splits", None) == n_folds


def test_what_the_command_writes_is_run_as_people_run_it(folder, capsys):
    (folder / "our_model.py").write_text("from sklearn.linear_model import LinearRegression as Model")
    (folder / "report").rmdir()
    learner = ["--estimator", "our_model:Model", "--methods", "none", "--relevance", "quantile"]
    assert (
        main(["compare", "claims.csv", "--target", "cost", *learner, "--cv", "3", "--repeats", "1", "--jobs", "1"]) == 0
    )
    out = capsys.readouterr().out
    assert "pipeline.py" in out
    assert {path.name for path in (folder / "report").iterdir()} == {
        "index.html",
        "pipeline.py",
        "results.csv",
        "run.json",
    }
    done = subprocess.run([sys.executable, "report/pipeline.py"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = pd.read_csv("report/results.csv")
    rows = rows[rows["inner"] == -1].set_index("method")["sera"]
    if "HELPS" not in out:
        assert float(done.stdout.split(":")[1]) == pytest.approx(rows["none"].mean(), rel=1e-3)
    else:
        assert "SERA of light-correction" in done.stdout or "SERA of correction" in done.stdout


@pytest.mark.parametrize("has_classes", [False, True])
def test_names_that_are_code_stay_names(tmp_path, has_classes):
    table = table_of(tmp_path, has_classes=has_classes)
    options = options_of(table, cv=3, repeats=2, learner="sklearn.linear_model:LinearRegression")
    if has_classes:
        options["learner"] = "sklearn.linear_model:LogisticRegression"
        recipe = classification_recipe(classification_comparison(), table, options)
    else:
        recipe = regression_recipe(regression_comparison(), table, Relevance(), options)
    found = executed(recipe)
    assert list(found["X"].columns) == ["size", EVIL_COLUMN]
    if has_classes:
        assert found["POSITIVE"] == EVIL
        np.testing.assert_array_equal(found["y"], table.y)
    else:  # parsers of numbers may differ in the last bit
        np.testing.assert_allclose(found["y"], table.y, rtol=1e-12)


def test_a_comment_cannot_end_its_line():
    text = comment("a\nimport os\r\x0b\x0c\x85\u2028b = 1\0")
    assert text.count("\n") == 0
    exec(compile(text, "text", "exec"), found := {})
    assert "b" not in found


def test_code_of_estimators_builds_equal_estimators():
    methods = _methods.default_methods(Relevance("control_points", control_points=[(0, 0), (5.5, 1)]), 0.7)
    for name, method in {**methods, **_methods.named_samplers(methods)}.items():
        if method is None:
            continue
        script = Script(inside="None")
        code = script.code(method)
        found = {"SEED": None, "np": np}
        exec(f"{script.import_lines()}\nmade = {code}", found)
        assert repr(found["made"].get_params()) == repr(method.get_params()), name
