"""The script that a report holds: it reads, resamples and judges as the comparison did."""

import contextlib
import io
import os
import re
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from _reports import EVIL, EVIL_COLUMN, MADE, request_of
from _shared import main

from skgan_resample import Relevance
from skgan_resample._cli._arguments import parser
from skgan_resample._cli._compare import compared, requested
from skgan_resample._report._code import Code, comment
from skgan_resample._report._script import generated_script
from skgan_resample.model_selection import _methods

SEED = 3
RIDGE = ["--estimator", "sklearn.linear_model:Ridge"]
LOGISTIC = ["--estimator", "sklearn.linear_model:LogisticRegression"]


def messy_frame(n_rows=150):
    """Return a table with numbers, text, dates, flags, missing cells, a counter and a constant, and two targets."""
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
    frame.loc[3, ["cost", "churn"]] = None
    return frame


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "our_model", raising=False)  # that of another test
    messy_frame().drop(columns="churn").to_csv("claims.csv", index=False)
    messy_frame().drop(columns="cost").to_csv("churn.csv", index=False)
    return tmp_path


def compared_on(*arguments, **changes):
    """Return what the command would compare, and what was asked."""
    words = ["compare", *arguments, "--cv", "3", "--repeats", "1", "--seed", str(SEED), "--jobs", "1"]
    options = parser().parse_args(words)
    options.started = time.monotonic()
    request = requested(options)
    return compared(request, **changes), request


def executed(script):
    """Run a script in this process; return its variables, with the scores of each model by fold in `found`."""
    variables = {"__name__": "__main__"}
    collected = script.replace("    scores = []\n", "    scores = found[name] = []\n")
    assert collected != script
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(f"found = {{}}\n{collected}", "pipeline.py", "exec"), variables)
    return variables, printed.getvalue()


def recommending(comparison, method):
    """Let a comparison recommend a method."""
    verdict = getattr(comparison.verdict, "training", comparison.verdict)
    verdict.answer, verdict.method = "cannot tell" if method is None else "helps", method
    return comparison


def code_lines(script):
    """Return the lines of a script that do something: no comments, imports or empty lines."""
    script = re.sub(r"\((?=\n)[^)]*\)", "()", script)  # a broken import is one line
    return [
        line for line in script.splitlines() if line and not line.startswith(("#", "from", "import", " ", "}", ")"))
    ]


# ------------------------------------------------------------------------------------------------ the figures
EXACT = ["weights"]  # no random numbers: the figures are those of the comparison
NEAR = ["recalibration", "duplicate", "random", "noise", "smoter", "smogn"]  # other seeds


@pytest.mark.parametrize("scoring", ["sera", "rmse", "rare_mae", "common_rmse"])
@pytest.mark.slow
def test_scores_of_a_numeric_target_are_those_of_the_comparison(folder, scoring):
    methods = [*EXACT, *NEAR] if scoring == "sera" else EXACT
    comparison, request = compared_on(
        "claims.csv", "--target", "cost", *RIDGE, "--scoring", scoring, "--methods", ",".join(methods)
    )
    wanted = {name: comparison.judge.measured(scoring, name).ravel() for name in comparison.methods}
    for method in (None, *methods):
        variables, printed = executed(generated_script(recommending(comparison, method), request))
        pd.testing.assert_frame_equal(variables["X"], request.table.X)
        np.testing.assert_array_equal(variables["y"], request.table.y)
        assert list(variables["found"]) == (["none"] if method is None else ["none", method])
        for name, scores in variables["found"].items():
            if name in NEAR:
                assert np.mean(scores) == pytest.approx(np.mean(wanted[name]), rel=0.2)
                assert np.all(np.not_equal(scores, variables["found"]["none"]))
            else:
                np.testing.assert_allclose(scores, wanted[name], rtol=1e-7)
            assert f" of {name} {np.round(np.mean(scores), 4)}" in printed
        assert len(variables["model"].predict(request.table.X)) == len(request.table.y)


@pytest.mark.parametrize("role", [["--group", "shop"], ["--time", "day"]])
@pytest.mark.slow
def test_groups_and_times_stay_apart(folder, role):
    methods = ["--methods", "weights,recalibration"]
    comparison, request = compared_on("claims.csv", "--target", "cost", *RIDGE, *role, *methods)
    for method in ("weights", "recalibration"):
        variables, _ = executed(generated_script(recommending(comparison, method), request))
        pd.testing.assert_frame_equal(variables["X"], request.table.X)
        wanted = comparison.judge.measured("sera", method).ravel()  # folds of groups and of time are not random
        np.testing.assert_allclose(variables["found"][method], wanted, rtol=1e-7)


@pytest.mark.slow
def test_only_the_folds_that_were_judged(folder):
    comparison, request = compared_on("claims.csv", "--target", "cost", *RIDGE, "--methods", "weights")
    rows = [row for row in comparison.rows if row["fold"] in (0, 2)]
    part = replace(comparison, judge=replace(comparison.judge, rows=rows))
    variables, _ = executed(generated_script(recommending(part, None), request))
    np.testing.assert_allclose(variables["found"]["none"], part.judge.measured("sera", "none").ravel(), rtol=1e-7)


@pytest.mark.parametrize("scoring", ["average_precision", "f1", "g_mean", "balanced_accuracy", "brier"])
@pytest.mark.slow
def test_scores_of_classes_are_near_those_of_the_comparison(folder, scoring):
    methods = ["weights", "random", "smote"] if scoring in ("average_precision", "brier") else ["smote"]
    arguments = ["churn.csv", "--target", "churn", *LOGISTIC, "--scoring", scoring, "--methods", ",".join(methods)]
    comparison, request = compared_on(*arguments)
    for method in (None, *methods):
        variables, _ = executed(generated_script(recommending(comparison, method), request))
        pd.testing.assert_frame_equal(variables["X"], request.table.X)
        np.testing.assert_array_equal(variables["y"], request.table.y)
        for name, scores in variables["found"].items():
            row = comparison.results[name]
            measure = {"average_precision": scoring, "brier": "brier_corrected"}.get(scoring, f"{scoring}_tuned")
            is_exact = name in ("none", "weights") and not measure.endswith("tuned")
            assert np.mean(scores) == pytest.approx(row[measure], abs=1e-4 if is_exact else 0.08)


@pytest.mark.slow
def test_three_classes_of_numbers(folder):
    frame = messy_frame().drop(columns=["cost", "churn"])
    frame["stars"] = np.where(np.arange(len(frame)) % 15 == 5, 3.0, np.arange(len(frame)) % 2)
    frame.loc[7, "stars"] = np.nan
    frame.to_csv("stars.csv", index=False)
    for scoring in ("average_precision", "brier", "f1"):
        arguments = ["stars.csv", "--target", "stars", *LOGISTIC, "--scoring", scoring, "--methods", "smote"]
        comparison, request = compared_on(*arguments)
        variables, _ = executed(generated_script(recommending(comparison, "smote"), request))
        assert variables["y"].dtype.kind == "i"
        row = comparison.results["none"]
        measure = {"brier": "brier_corrected"}.get(scoring, scoring)
        assert np.mean(variables["found"]["none"]) == pytest.approx(row[measure], abs=0.02)


@pytest.mark.slow
def test_accuracies_under_attack_are_those_of_the_comparison(folder):
    messy_frame(60).drop(columns="cost").to_csv("churn.csv", index=False)
    threat = ["--threat", "eps=0.3,unit=std,bounds=train,immutable=rooms"]
    comparison, request = compared_on("churn.csv", "--target", "churn", *threat, "--methods", "none,at")
    variables, _ = executed(generated_script(recommending(comparison, "at"), request))
    for name in ("none", "at"):
        for j, measure in enumerate(("clean", "robust")):
            scores = np.array(variables["found"][name])[:, j]
            assert np.mean(scores) == pytest.approx(comparison.judge.measured(measure, name).mean(), abs=0.15)
    fitted = variables["models"]["at"].threat_model
    assert fitted.unit == "raw"
    assert len(fitted.eps) == request.table.X.shape[1]


# ------------------------------------------------------------------------------------------------ the text
@pytest.mark.parametrize("task", list(MADE))
def test_a_script_is_short_and_names_that_are_code_stay_names(tmp_path, task):
    request = request_of(tmp_path, task)
    comparison = recommending(
        MADE[task](), {"regression": "smogn", "classification": "smote", "robustness": "at"}[task]
    )
    script = generated_script(comparison, request)
    table, _, _ = script.partition("models = {")
    assert len(code_lines(script)) <= 15
    exec(compile(table, "pipeline.py", "exec"), found := {})
    assert list(found["X"].columns) == ["size", EVIL_COLUMN]
    assert found["table"].target == EVIL
    if task != "regression":
        np.testing.assert_array_equal(found["y"], request.table.y)
        assert repr(EVIL)[1:-1] in script or task == "robustness"


@pytest.mark.slow
def test_what_the_command_writes_is_run_as_people_run_it(folder, capsys):
    (folder / "our_model.py").write_text("from sklearn.linear_model import LinearRegression as Model")
    words = ["--estimator", "our_model:Model", "--methods", "none", "--relevance", "quantile", "--cv", "3"]
    assert main(["compare", "claims.csv", "--target", "cost", *words, "--repeats", "1", "--jobs", "1"]) == 0
    assert "report/pipeline.py" in capsys.readouterr().out
    names = {path.name for path in (folder / "report").iterdir()}
    assert names == {"index.html", "pipeline.py", "results.csv", "run.json"}
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "error::FutureWarning", "report/pipeline.py"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    rows = pd.read_csv("report/results.csv")
    wanted = rows[rows["inner"] == -1].groupby("method")["sera"].mean()["none"]
    assert float(re.search(r"SERA of none ([\d.]+)", done.stdout).group(1)) == pytest.approx(wanted, rel=1e-6)


def test_a_comment_cannot_end_its_line():
    (text,) = comment("a\nimport os\r\x0b\x0c\x85\u2028b = 1\0")
    assert text.count("\n") == 0
    exec(compile(text, "text", "exec"), found := {})
    assert "b" not in found


def test_code_of_estimators_builds_equal_estimators():
    relevance = Relevance("control_points", control_points=[(0, 0), (5.5, 1)])
    methods = _methods.default_methods(relevance=relevance, threshold=0.7)
    for name, method in {**methods, **_methods.named_samplers(methods)}.items():
        if method is None:
            continue
        code = Code(SEED)
        text = code.of(method)
        exec("\n".join([*code.import_lines(), f"made = {text}"]), found := {})
        seeds = [key for key, value in method.get_params().items() if key.endswith("random_state") and value is None]
        assert repr(found["made"].get_params()) == repr(method.set_params(**dict.fromkeys(seeds, SEED)).get_params()), (
            name
        )
