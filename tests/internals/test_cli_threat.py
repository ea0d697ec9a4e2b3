"""`skgan-resample compare --threat`: the command line for adversarial training, on tables as people have them."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from _shared import main

from skgan_resample import ThreatModel
from skgan_resample._cli._arguments import asked_threat
from skgan_resample.model_selection import _robustness

THREAT = ["--threat", "eps=0.2,unit=std"]


FOLDS = ["--cv", "2", "--jobs", "1"]


@pytest.fixture(autouse=True)
def _short_training(monkeypatch):
    """Train the methods of the command for two epochs, and keep silent about the time left."""
    monkeypatch.setattr("skgan_resample._cli._progress.FIRST_ESTIMATE", np.inf)
    methods_of = _robustness.default_methods

    def quick(task, **given):
        methods = methods_of(task, **given)
        for method in methods.values():
            method.set_params(max_epochs=2, n_steps=1, training__learning_rate=0.1)
            if method.cv is not None:
                method.set_params(cv=2)
        return methods

    monkeypatch.setattr(_robustness, "default_methods", quick)


def messy_frame(n_rows=80):
    rng = np.random.RandomState(0)
    churn = rng.choice(["stays", "leaves"], size=n_rows)
    frame = pd.DataFrame(
        {
            "customer_id": np.arange(1000, 1000 + n_rows),
            "since": pd.date_range("2024-01-01", periods=n_rows).astype(str),
            "plan": rng.choice(["basic", "plus", "pro"], size=n_rows),
            "minutes": 10 * (churn == "leaves") + rng.normal(scale=4, size=n_rows),
            "age": rng.randint(18, 80, size=n_rows),
            "shop": [f"shop {i // 4}" for i in range(n_rows)],
            "country": "DE",
            "churn": churn,
        }
    )
    frame.loc[::7, "minutes"] = np.nan
    frame.loc[3, "churn"] = None
    return frame


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    messy_frame().to_csv("churn.csv", index=False)
    return tmp_path


def run(capsys, *arguments):
    status = main([str(argument) for argument in arguments])
    output = capsys.readouterr()
    return status, output.out, output.err


@pytest.mark.slow
def test_report_on_a_messy_csv(folder, capsys):
    threat = "eps=0.2, unit=std, immutable=age+country, bounds=train"
    learner = ["--estimator", "sklearn.tree:DecisionTreeClassifier"]
    status, out, err = run(capsys, "compare", "churn.csv", "--target", "churn", "--threat", threat, *learner, *FOLDS)
    assert status == 0, err
    assert "row identifiers: customer_id" in out
    assert "'since' holds dates" in out
    assert "--time" not in out
    assert "1 rows without a value of 'churn'" in out
    assert "linf, eps 0.2 std: 2 of 5 columns can be moved" in out  # since and minutes, not age
    assert "within bounds" in out
    for method in ("none", "at", "at-1.5", "auto"):
        assert re.search(rf"\n{re.escape(method)} +[\d.]+% +[\d.]+% ", out)
    assert re.search(r"\nestimator +[\d.]+% +[\d.]+%\* ", out)
    assert "'estimator' was attacked more weakly" in out
    for question in ("Adversarial training", "Treating robust overfitting"):
        assert re.search(rf"\n{question}: (HELPS|DOES NOT HELP|CANNOT TELL)\. ", out)

    page = (folder / "report" / "index.html").read_text()
    assert page.count("<h1>") == 1
    assert page.count("<h2>") == 1
    assert page.count('<img src="data:image/png;base64,') == page.count('alt="Robust against clean') == 1
    assert not re.search(r'(src|href)="(?!data:)', page)  # opens offline
    assert "adversarial training gain for churn?" in page
    assert "79 rows, 2 classes (leaves, stays)" in page
    rows = pd.read_csv(folder / "report" / "results.csv")
    assert sorted(rows["method"]) == sorted(2 * ["none", "at", "at-1.5", "auto", "estimator"])
    assert (rows.loc[rows["method"] == "estimator", "attack"] == "black-box").all()
    facts = json.loads((folder / "report" / "run.json").read_text(), parse_constant=pytest.fail)
    assert facts["options"]["threat"] == threat
    assert facts["options"]["repeats"] == 1
    assert facts["verdict"]["Adversarial training"]["answer"].upper() in out
    assert facts["versions"]["torch"]
    assert sorted(path.name for path in folder.iterdir()) == ["churn.csv", "report"]  # no cache, no drafts


@pytest.mark.slow
def test_without_a_table_it_is_breast_cancer(folder, capsys):
    status, out, _ = run(capsys, "compare", "--threat", "eps=0.1", "--methods", "none,at", *FOLDS)
    assert status == 0
    assert "breast cancer data (569 rows" in out
    assert "30 of 30 columns can be moved" in out
    assert "Treating robust overfitting" not in out
    assert "malignant" in (folder / "report" / "index.html").read_text()


@pytest.mark.slow
def test_groups_names_that_look_like_code_and_the_same_seed(folder, capsys):
    frame = messy_frame().rename(columns={"churn": "<script>alert(1)</script>"})
    frame.iloc[:, -1] = frame.iloc[:, -1].str.replace("stays", "<b>stays")
    frame.to_csv("evil.csv", index=False)
    arguments = ["compare", "evil.csv", "--target", "<script>alert(1)</script>", "--group", "shop", *THREAT]
    found = []
    for _ in range(2):
        status, out, _ = run(capsys, *arguments, "--methods", "none,at", *FOLDS)
        assert status == 0
        found.append(pd.read_csv("report/results.csv").drop(columns="seconds"))
    assert "stay on one side" in out
    pd.testing.assert_frame_equal(*found)
    page = (folder / "report" / "index.html").read_text()
    assert "<script>" not in page
    assert "<b>stays" not in page


@pytest.mark.slow
def test_whole_numbers_with_gaps_are_classes(folder, capsys):
    frame = messy_frame()
    frame["stars"] = np.where(np.arange(80) == 5, np.nan, np.arange(80) % 3)  # pandas reads floats
    frame.to_csv("stars.csv", index=False)
    status, _, _ = run(capsys, "compare", "stars.csv", "--target", "stars", "--methods", "none", *THREAT, *FOLDS)
    assert status == 0
    assert "3 classes (0, 1, 2)" in (folder / "report" / "index.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--threat", "foo=1,eps=0.1"], "--threat 'foo=1' must be one of eps=, unit="),
        (["--threat", "ep=0.1"], "did you mean eps?"),
        (["--threat", "eps"], "--threat 'eps' must be one of"),
        (["--threat", "unit=std"], "--threat needs eps"),
        (["--threat", "eps=much"], "--threat eps=much must be a number"),
        (["--threat", "eps=0"], "changes no row; give a larger eps"),
        (["--threat", "eps=nan"], "'eps' parameter .* Got nan"),
        (["--threat", "eps=0.1,eps=0.2"], "names eps twice"),
        (["--threat", "eps=0.1,unit=sd"], "'unit' parameter .* Got 'sd'"),
        (["--threat", "eps=0.1,norm=l1"], "'norm' parameter .* Got 'l1'"),
        (["--threat", "eps=0.1,bounds=0"], "'bounds' parameter .* Got '0'"),
        (["--threat", "eps=0.1,max_categorical_changes=-1"], "'max_categorical_changes' parameter .* Got -1"),
        (["--threat", "0.1"], r"did you mean eps=0.1\?"),
        (["--threat", "eps=0.1,immutable=agee"], "no column 'agee'; did you mean 'age'"),
        ([*THREAT, "--target", "minutes"], "Classes are compared here"),
        ([*THREAT, "--target", "age"], "different numbers"),
        ([*THREAT, "--target", "country"], "one class only"),
        ([*THREAT, "--target", "shop"], "has only [34] rows, too few for 5 folds"),
        ([*THREAT, "--relevance", "quantile"], "--relevance is for resampling"),
        ([*THREAT, "--side", "both"], "--side is for resampling"),
        ([*THREAT, "--quantile", "0.9"], "--quantile is for resampling"),
        ([*THREAT, "--threshold", "0.8"], "--threshold is for resampling"),
        ([*THREAT, "--scoring", "sera"], "--scoring is for resampling"),
        ([*THREAT, "--max-rmse-increase", "0.1"], "--max-rmse-increase is for resampling"),
        ([*THREAT, "--max-common-increase", "0.1"], "--max-common-increase is for resampling"),
        ([*THREAT, "--time", "since"], "--time is for resampling"),
        ([*THREAT, "--methods", "at,smogn"], r"Unknown methods \['smogn'\]; known are \['none', 'at'"),
        ([*THREAT, "--estimator", "sklearn.linear_model:Ridge"], "a regressor; give a classifier"),
        ([*THREAT, "--estimator", "nowhere:Nothing"], "such as sklearn.svm:SVC"),
        ([*THREAT, "--max-time", "0.001"], "too short for two outer folds"),
        ([*THREAT, "--cv", "1"], "--cv: '1' is no whole number"),
        ([*THREAT, "-o", "nowhere/report"], "folder .* does not exist"),
    ],
)
def test_what_makes_no_sense_gives_one_sentence_and_writes_nothing(folder, capsys, arguments, message):
    target = [] if "--target" in arguments else ["--target", "churn"]
    status, _, err = run(capsys, "compare", "churn.csv", "--jobs", "1", *target, *arguments)
    assert status == 2
    assert re.search(message, err)
    assert err.count("\n") == 1
    assert {path.name for path in folder.iterdir()} <= {"churn.csv", ".report-cache"}


@pytest.mark.parametrize("option", ["--target", "--group"])
def test_columns_need_a_table(folder, capsys, option):
    status, _, err = run(capsys, "compare", *THREAT, option, "age")
    assert status == 2
    assert f"{option} needs a table" in err


def test_methods_of_robustness_need_a_threat(folder, capsys):
    status, _, err = run(capsys, "compare", "--methods", "auto")
    assert status == 2
    assert "Unknown methods ['auto']" in err


def test_all_keys_of_a_threat_model():
    found = asked_threat("eps=0.5,unit=iqr,norm=l2,bounds=train,immutable=a b+c,max_categorical_changes=2").get_params()
    wanted = {"eps": 0.5, "unit": "iqr", "norm": "l2", "bounds": "train", "immutable": ["a b", "c"]}
    assert found == {**ThreatModel().get_params(), **wanted, "max_categorical_changes": 2}
