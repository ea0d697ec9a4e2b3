"""compare(): the engine with its tuned thresholds, the verdict, and the command line."""

import gzip
import json
import os
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from _compare_classification_data import X, Y, clusters
from _shared import main
from imblearn.over_sampling import SMOTE
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import TimeSeriesSplit
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from skgan_resample import compare


def without_seconds(rows):
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


@pytest.mark.slow
def test_results_do_not_depend_on_the_number_of_jobs_and_global_states_stay(give_back):
    X, y = clusters(100)
    options = {"methods": ["smote", "weights"], "estimators": LogisticRegression(), "n_repeats": 1, "cv": 3}
    runs = [compare(X, y, **options, n_jobs=n_jobs) for n_jobs in (1, 2)]
    assert without_seconds(runs[0].rows) == without_seconds(runs[1].rows)


def test_a_moved_threshold_is_not_taken_for_a_better_model():
    """Where a logistic model is true, weights and copies of rare rows shift its probabilities and no more."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(1500, 2))
    y = (X[:, 0] + X[:, 1] + rng.logistic(size=1500) * 0.6 > 2.6).astype(int)
    options = {"methods": ["weights", "random"], "estimators": LogisticRegression(), "n_repeats": 1}
    comparison = compare(X, y, scoring="g_mean", **options)
    none, weights, _, _ = comparison.results.values()
    assert weights["g_mean"] > none["g_mean"] + 0.1  # as it looks at the usual threshold
    assert abs(weights["g_mean_tuned"] - none["g_mean_tuned"]) < 0.02
    assert comparison.verdict.method is None


@pytest.mark.slow
def test_a_planted_gain_is_found():
    """Leaves of 40 rows cannot hold a cluster of 15 positive ones: rows make the difference, weights cannot."""
    rng = np.random.RandomState(0)
    X = np.vstack([rng.uniform(-4, 4, size=(500, 2)), rng.normal(2, 0.15, size=(60, 2))])
    y = np.repeat(["common", "rare"], [500, 60])
    learner = DecisionTreeClassifier(min_samples_leaf=90, random_state=0)
    comparison = compare(X, y, methods=["weights", "random", "smote"], estimators=learner)
    assert comparison.verdict.answer == "helps"
    assert comparison.verdict.method in ("random", "smote")
    assert "copies of rows" not in comparison.verdict.sentence  # the control was not asked for
    assert comparison.results["random"]["low"] > 0


def test_of_several_classes_one_may_be_tiny():
    X, y = clusters(100, (0.6, 0.38, 0.02))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        comparison = compare(X, y, methods=["random"], estimators=LogisticRegression(), n_repeats=1)
    assert comparison.n_folds == 5
    assert comparison.facts["positive"] is None
    assert any("'c', has 2 rows" in caution for caution in comparison.caveats)
    two = np.where(y == "c", "c", "a")
    with pytest.raises(ValueError, match="'c' has only 2 rows, too few for 5 folds"):
        compare(X, two, methods=["random"], estimators=LogisticRegression())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"methods": ["smote", "smogn"]}, r"Unknown methods \['smogn'\]; known are \['none', 'weights', 'duplicate'"),
        ({"methods": ["duplicate+smcae"]}, r"Unknown methods \['duplicate\+smcae'\]"),
        ({"methods": {"none": SMOTE()}}, "'none' is taken"),
        ({"methods": {"mine": "smote"}}, "'mine' must be a sampler"),
        ({"scoring": "r2"}, "scoring must be one of"),
        ({"scoring": "sera", "task": "classification"}, "scoring must be one of"),
        ({"cv": None}, "cv must be a number of folds"),
        ({"random_state": None}, "random_state must be a whole number"),
        (
            {"y": np.linspace(0, 1, 60), "task": "classification"},
            "Classes are compared here, and the target holds 60 different numbers",
        ),
        ({"y": ["a"] * 60}, "one class only"),
        ({"y": ["a", None] * 30}, "contains NaN or a missing class"),
        ({"y": Y[:-1]}, "inconsistent numbers of samples"),
        ({"X": np.full((60, 2), np.inf)}, "contains infinity"),
        ({"estimators": object()}, "no fit and predict"),
        ({"estimators": LinearRegression()}, "is a regressor; give a classifier"),
        ({"estimators": LinearSVC()}, "no predict_proba; put it into a CalibratedClassifierCV"),
        ({"estimators": LogisticRegression(C=-1.0)}, "could not be fitted and judged on two outer folds.*'C'"),
        ({"max_time": 0.0}, "too short for two outer folds"),
        ({"cv": TimeSeriesSplit(2), "groups": np.arange(60)}, "not both"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_sentence(change, message):
    options = {"X": X, "y": Y, "methods": ["random"], "estimators": LogisticRegression(), "cv": 3, "n_repeats": 1}
    with pytest.raises((ValueError, TypeError), match=message):
        compare(**{**options, **change})


# ------------------------------------------------------------------------------------------------ the command line
LINEAR = ["--estimator", "sklearn.linear_model:LogisticRegression", "--cv", "3", "--repeats", "1", "--jobs", "1"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.RandomState(0)
    size = rng.normal(size=120)
    pd.DataFrame(
        {
            "size": size,
            "kind": rng.choice(["fire", "water"], size=120),
            "claim": np.where(size + 0.5 * rng.normal(size=120) > 1, "yes", "no"),
            "flag": np.where(size > 0.8, True, False),
            "rooms": np.where(np.arange(120) % 20, rng.randint(1, 5, size=120), 15),
            "cost": np.round(np.exp(size), 2),
            "token": [f"t{i}" for i in range(120)],
            "dirty": [f"{value:.1f}" if value < 2 else "unknown" for value in size],
        }
    ).to_csv("claims.csv", index=False)
    return tmp_path


def run(capsys, *arguments):
    status = main([str(argument) for argument in arguments])
    output = capsys.readouterr()
    return status, output.out, output.err


@pytest.mark.skipif("SKGAN_RESAMPLE_DATA" not in os.environ, reason="needs the folder in SKGAN_RESAMPLE_DATA")
@pytest.mark.slow
def test_report_on_a_benchmark_table(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    source = Path(os.environ["SKGAN_RESAMPLE_DATA"]) / "classification" / "imb_ecoli3.csv.gz"
    Path("ecoli.csv").write_bytes(gzip.decompress(source.read_bytes()))
    methods = ["--methods", "weights,random,smote,kmeans-smote"]
    status, out, _ = run(capsys, "compare", "ecoli.csv", "--target", "target", *LINEAR, *methods, "--scoring", "f1")
    assert status == 0
    assert "336 rows of 2 classes: positive (35), negative (301); positive is the positive class" in out
    assert re.search(r"\n(HELPS|DOES NOT HELP|CANNOT TELL)\. ", out)
    assert "'kmeans-smote' failed and is left out" in out
    page = Path("report/index.html").read_text()
    assert page.count('<img src="data:image/png;base64,') == 1
    assert page.count('alt="') == 1
    assert not re.search(r'(src|href)="(?!data:)', page)  # opens offline
    assert "kmeans-smote failed" in page
    rows = pd.read_csv("report/results.csv")
    assert set(rows["method"]) == {"none", "weights", "random", "smote"}
    assert len(rows) == 3 * (1 + 3) * 4  # outer folds x (outer + inner) x methods
    facts = json.loads(Path("report/run.json").read_text())
    assert facts["options"]["task"] == "classification"
    assert facts["counts"] == {"negative": 301, "positive": 35}
    assert facts["verdict"]["answer"].upper() in out
    assert list(Path().iterdir()) == [Path("report"), Path("ecoli.csv")] or not Path(".report-cache").exists()


@pytest.mark.parametrize(
    ("target", "options", "task"),
    [
        ("claim", [], "classification"),
        ("flag", [], "classification"),
        ("rooms", [], "classification"),
        ("rooms", ["--scoring", "brier"], "classification"),
        ("rooms", ["--task", "regression", "--relevance", "quantile"], "regression"),
        ("rooms", ["--relevance", "quantile", "--side", "low"], "regression"),
        ("rooms", ["--scoring", "rmse"], "regression"),
        ("cost", [], "regression"),
    ],
)
@pytest.mark.slow
def test_the_task_is_that_of_the_target_unless_options_say_else(folder, capsys, target, options, task):
    learner = "LogisticRegression" if task == "classification" else "LinearRegression"
    linear = [f"sklearn.linear_model:{learner}" if "LogisticRegression" in part else part for part in LINEAR]
    status, out, err = run(
        capsys, "compare", "claims.csv", "--target", target, *linear, "--methods", "weights", *options
    )
    assert status == 0, err  # a slow machine tells there how long it will take
    assert ("classes:" in out) == (task == "classification")
    is_told = "change that with --task" in out
    assert is_told == (options == [])
    assert json.loads((folder / "report" / "run.json").read_text())["options"]["task"] == task


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--target", "claim", "--task", "classification", "--threshold", "0.8"], "--threshold is for regression"),
        (["--target", "claim", "--scoring", "f1", "--side", "low"], "--scoring f1 is not for regression; give one of"),
        (["--target", "claim", "--task", "classification", "--scoring", "sera"], "not for classification; give one of"),
        (["--target", "cost", "--task", "classification"], "Classes are compared here"),
        (["--target", "token"], "must hold numbers, but 120 cells do not"),
        (["--target", "dirty"], "must hold numbers, but . cells do not, such as 'unknown'"),
        (["--target", "claim", "--methods", "smogn"], r"Unknown methods \['smogn'\]; known are \['none', 'weights'"),
        (["--target", "claim", "--estimator", "sklearn.svm:LinearSVC"], "no predict_proba"),
        (["--target", "claim", "--estimator", "nowhere:Nothing"], "such as sklearn.linear_model:LogisticRegression"),
        (["--target", "claim", "--threat", "eps=0.1", "--task", "classification"], "--task is for resampling"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_gives_one_sentence_and_writes_nothing(folder, capsys, arguments, message):
    learner = [] if "--estimator" in arguments or "--threat" in arguments else LINEAR[:2]
    status, _, err = run(capsys, "compare", "claims.csv", *learner, "--jobs", "1", *arguments)
    assert status == 2
    assert re.search(message, err)
    assert err.count("\n") == 1
    assert [path.name for path in folder.iterdir()] == ["claims.csv"]


@pytest.mark.slow
def test_without_a_table_classes_are_those_of_breast_cancer(folder, capsys):
    status, out, _ = run(capsys, "compare", "--task", "classification", *LINEAR, "--methods", "weights")
    assert status == 0
    assert "breast cancer data" in out
    assert "malignant is the positive class" in out


@pytest.mark.slow
def test_several_classes_with_time_and_with_groups(folder, capsys):
    frame = pd.read_csv("claims.csv").assign(day=np.arange(120) // 2, shop=np.arange(120) % 30)
    frame.to_csv("claims.csv", index=False)
    common = ["compare", "claims.csv", "--target", "rooms", *LINEAR, "--methods", "random"]
    for option in (["--time", "day"], ["--group", "shop"]):
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            status, out, _ = run(capsys, *common, *option)
        assert status == 0
        assert "120 rows of 5 classes" in out
        assert "the mean over classes" in out
