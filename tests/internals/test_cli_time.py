"""Runs that are interrupted or short of time: nothing is lost, nothing is changed silently."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from _shared import main
from joblib.externals.loky import get_reusable_executor

from skgan_resample._cli._progress import Progress, in_words
from skgan_resample._cli._time_budget import affordable_rows, draw_rows
from skgan_resample._user_table._roles import Table
from skgan_resample.model_selection import _tasks

MODELS = """
import time
from pathlib import Path
from sklearn.linear_model import LinearRegression, LogisticRegression

def wait_at(number):
    with open("fits", "a") as fits:
        fits.write(".")
    if Path("fits").stat().st_size == number:
        Path("reached").touch()
        for _ in range(1000):
            if Path("go").exists():
                return
            time.sleep(0.02)
        Path("ended").touch()  # nobody stopped it

class Regressor(LinearRegression):
    def fit(self, X, y, sample_weight=None):
        wait_at(30)
        return super().fit(X, y, sample_weight)

class Classifier(LogisticRegression):
    def fit(self, X, y, sample_weight=None):
        wait_at(12)
        return super().fit(X, y, sample_weight)
"""
COMMANDS = {
    "regression": "compare t.csv --target y --estimator models:Regressor --methods weights --cv 2 --repeats 1",
    "classification": "compare t.csv --target z --estimator models:Classifier --methods weights,random --cv 2 "
    "--repeats 1",
}
TASKS = {"regression": 2 * 4 * 5, "classification": 2 * 3}  # folds x splits x methods

pytestmark = pytest.mark.clock  # what these tests see depends on the time that passes


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a table, and models that stop in the midst of the run until there is a file "go"."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "models", raising=False)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr("skgan_resample._cli._progress.FIRST_ESTIMATE", np.inf)
    rng = np.random.RandomState(0)
    X = rng.normal(size=(120, 3)).round(3)
    y = np.exp(X[:, 0] + 0.3 * rng.normal(size=120))
    pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "y": y, "z": np.where(y > 2, "high", "low")}).to_csv(
        "t.csv"
    )
    Path("models.py").write_text(MODELS)
    get_reusable_executor().shutdown(wait=True)  # workers of earlier tests do not see this folder
    yield tmp_path
    get_reusable_executor().shutdown(wait=True)  # its workers have imported the models of this folder


def results(folder):
    """Return results.csv as text, without the column of seconds, which no two runs share."""
    table = pd.read_csv(folder / "results.csv", dtype=str, keep_default_na=False)
    return table.drop(columns="seconds").to_csv(index=False)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("task", "stop", "jobs"), [("regression", signal.SIGINT, 2), ("classification", signal.SIGKILL, 1)]
)
@pytest.mark.slow
def test_an_interrupted_run_goes_on_and_ends_as_if_nothing_had_been(folder, capsys, task, stop, jobs):
    command = [*COMMANDS[task].split(), "--jobs", str(jobs), "-o", "resumed"]
    program = "import sys; from skgan_resample._cli import main; sys.exit(main(sys.argv[1:]))"
    with subprocess.Popen(
        [sys.executable, "-c", program, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        while not Path("reached").exists() and process.poll() is None:
            time.sleep(0.02)
        if stop == signal.SIGINT:
            os.killpg(process.pid, stop)  # as a terminal does: the workers hear it too
        else:
            process.send_signal(stop)
        err = process.communicate()[1].decode()
    assert not Path("resumed").exists()  # no half a report
    assert Path(".resumed-cache").exists()
    if stop == signal.SIGINT:
        assert process.returncode == 130, err
        assert "The same command goes on where it stopped" in err
        assert "Traceback" not in err
    Path("go").touch()
    Path("fits").write_text("")
    assert main(command) == 0, capsys.readouterr().err
    n_fits = Path("fits").stat().st_size
    Path("fits").write_text("")
    assert main([*command[:-1], "whole", "--jobs", "1"]) == 0
    assert n_fits < Path("fits").stat().st_size  # what had been done was not done again
    assert results(Path("resumed")) == results(Path("whole"))
    assert not [path for path in folder.iterdir() if "cache" in path.name and "pycache" not in path.name]


@pytest.mark.slow
def test_a_run_that_met_its_time_goes_on_with_more_of_it(folder, capsys):
    Path("models.py").write_text(MODELS.replace("wait_at(30)", "wait_at(1)"))
    command = [*COMMANDS["regression"].split(), "--jobs", "1", "-o", "resumed"]
    status = main([*command, "--max-time", "4"])
    assert status == 2
    assert not Path("ended").exists()  # the process of the fit that did not end was ended
    err = capsys.readouterr().err
    assert "Cannot tell: --max-time 4 was too short for two outer folds; " in err
    assert f" of {TASKS['regression']} tasks were done. The same command" in err
    assert err.count("\n") == 1
    Path("go").touch()
    assert main([*command, "--max-time", "600"]) == 0
    assert main([*command[:-1], "whole"]) == 0
    assert results(Path("resumed")) == results(Path("whole"))


@pytest.mark.slow
def test_folds_that_were_not_reached_are_told_and_can_follow(folder, capsys, monkeypatch):
    Path("go").touch()
    command = [*COMMANDS["classification"].replace("--cv 2", "--cv 3").split(), "--jobs", "1", "-o", "resumed"]
    with monkeypatch.context() as patch:
        patch.setattr(_tasks, "_in_time", lambda calls, *_: (_tasks._labelled(*next(calls)) for _ in range(7)))
        assert main([*command, "--max-time", "600"]) == 0
    out = capsys.readouterr().out
    assert "--max-time 600 lasted for 2 of 3 folds; the same command goes on from there" in out
    assert main(command) == 0
    assert "lasted for" not in capsys.readouterr().out
    assert main([*command[:-1], "whole"]) == 0
    assert results(Path("resumed")) == results(Path("whole"))


# ------------------------------------------------------------------------------------------------ fewer rows
def linear(n, limit):
    return 1e-3 * n if 1e-3 * n <= limit else None


def test_rows_are_those_that_the_time_lasts_for():
    tried = []

    def seconds(n, limit):
        tried.append(n)
        return linear(n, limit)

    # 5 folds of n / 1000 seconds in 0.7 * 100 seconds: 14,000 rows; all rows would take 500 seconds
    assert affordable_rows(seconds, 100_000, 5, lambda: 100) == (14_000, pytest.approx(500))
    assert tried == [500, 1000, 4000]
    assert affordable_rows(linear, 13_000, 5, lambda: 100)[0] == 13_000
    assert affordable_rows(linear, 100_000, 5, lambda: 1000)[0] == 100_000
    assert affordable_rows(None, 1000, 5, None) == (1000, None)  # small tables are not timed


def test_a_method_that_grows_with_the_square_of_the_rows_gets_fewer():
    def square(n, limit):
        return (n / 1000) ** 2

    n_drawn, needed = affordable_rows(square, 64_000, 5, lambda: 200)
    assert n_drawn == 5200  # 5 (n / 1000)^2 = 0.7 * 200 at 5,291 rows
    assert needed == pytest.approx(5 * 64**2)


def test_where_even_few_rows_take_too_long_few_rows_are_taken():
    assert affordable_rows(lambda n, limit: None, 100_000, 5, lambda: 100) == (1000, None)


def table(y, task="regression", **more):
    return Table(pd.DataFrame({"x": np.arange(len(y))}), np.asarray(y), "y", "t.csv", task, **more)


def test_drawn_rows_keep_shares_groups_and_time():
    y = np.random.RandomState(0).gamma(1.0, size=1000)
    rows = draw_rows(table(y), 100, n_folds=5, seed=0)
    assert len(rows) == 100
    assert (np.diff(rows) > 0).all()
    assert np.histogram(y[rows], [*np.sort(y)[::100], np.inf])[0].tolist() == [10] * 10  # ten of each tenth
    labels = np.repeat(["a", "b", "c"], [900, 96, 4])
    rows = draw_rows(table(labels, "classification"), 100, n_folds=5, seed=0)
    assert np.unique(labels[rows], return_counts=True)[1].tolist() == [90, 10, 4]  # twice the folds, or all there are
    groups = np.arange(1000) // 7
    rows = draw_rows(table(y, groups=groups), 100, n_folds=5, seed=0)
    assert 100 <= len(rows) < 107
    assert not np.isin(np.delete(groups, rows), groups[rows]).any()  # whole groups
    rows = draw_rows(table(y, times=np.arange(1000)), 100, n_folds=5, seed=0)
    assert rows.tolist() == list(range(5, 1000, 10))
    part = table(y, groups=groups).drawn(rows)
    assert part.X["x"].tolist() == rows.tolist()
    assert (part.y == y[rows]).all()
    assert (part.groups == groups[rows]).all()


@pytest.mark.parametrize("task", ["regression", "classification"])
@pytest.mark.slow
def test_a_table_too_large_for_the_time_is_drawn_down_aloud(folder, capsys, monkeypatch, task):
    Path("go").touch()
    monkeypatch.setattr("skgan_resample._cli._time_budget.affordable_rows", lambda *_: (60, 7200.0))
    command = [*COMMANDS[task].split(), "--jobs", "1", "--max-time", "600"]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert re.search(r"120 rows are too many for --max-time 600: 6[01] of them are compared, drawn (evenly|class)", out)
    assert "all rows would take about 2.0 h" in out
    rows = pd.read_csv("report/results.csv")
    assert set(rows.loc[rows["inner"] == -1, "n_train"].dropna()) <= {30, 31, 32}
    assert "too many for --max-time" in Path("report/index.html").read_text()


def test_rows_drawn_before_an_interruption_are_drawn_again(folder, capsys, monkeypatch):
    counts = iter([(60, None), (80, None)])
    monkeypatch.setattr("skgan_resample._cli._time_budget.affordable_rows", lambda *_: next(counts))
    command = [*COMMANDS["regression"].split(), "--jobs", "1", "--max-time", "600"]
    with monkeypatch.context() as patch:
        patch.setattr(_tasks, "_in_time", lambda calls, *_: iter(()))
        assert main(command) == 2
        assert main(command) == 2
    assert capsys.readouterr().out.count("60 of them are compared") == 2


@pytest.mark.slow
def test_more_time_goes_on_with_the_rows_that_have_results(folder, capsys, monkeypatch):
    counts = iter([(60, None), (80, None), (100, None)])
    monkeypatch.setattr("skgan_resample._cli._time_budget.affordable_rows", lambda *_: next(counts))
    command = COMMANDS["regression"].split()
    with monkeypatch.context() as patch:
        patch.setattr(_tasks, "_in_time", lambda calls, *_: iter(()))
        assert main([*command, "--jobs", "1", "--max-time", "600"]) == 2
        assert main([*command, "--jobs", "1", "--max-time", "700"]) == 2  # no results: drawn anew
    assert "120 rows are too many for --max-time 700: 80 of them" in capsys.readouterr().out
    Path(".report-cache/joblib").mkdir(parents=True, exist_ok=True)
    Path(".report-cache/joblib/output.pkl").touch()
    Path("go").touch()
    assert main([*command, "--jobs", "2", "--max-time", "800"]) == 0
    assert "120 rows are too many for --max-time 700: 80 of them" in capsys.readouterr().out


# ------------------------------------------------------------------------------------------------ errors in between
@pytest.mark.parametrize("mistake", [["--methods", "magic"], ["--estimator", "models:Nothing"], ["--target", "q"]])
def test_a_mistyped_command_leaves_the_results_of_another_one(folder, capsys, mistake):
    kept = Path(".report-cache/joblib/output.pkl")
    kept.parent.mkdir(parents=True)
    kept.touch()
    assert main([*COMMANDS["regression"].split(), *mistake, "--jobs", "1"]) == 2
    assert main([*COMMANDS["regression"].split(), *mistake, "--jobs", "1", "--max-time", "60"]) == 2
    assert kept.exists()
    assert capsys.readouterr().err.count("\n") == 2


def test_an_error_of_the_data_keeps_results_and_clears_an_empty_folder(folder, capsys):
    frame = pd.read_csv("t.csv", index_col=0)
    frame.assign(y=np.where(frame["a"] > 0, 1.5, 2.5)).to_csv("t.csv")
    command = [*COMMANDS["regression"].split(), "--jobs", "1"]
    assert main(command) == 2  # nothing is rare
    assert not Path(".report-cache").exists()
    kept = Path(".report-cache/joblib/output.pkl")
    kept.parent.mkdir(parents=True)
    kept.touch()
    assert main(command) == 2
    assert kept.exists()


@pytest.mark.slow
def test_a_worker_that_the_system_ended_is_one_sentence(folder, capsys):
    killed = MODELS.replace('Path("reached").touch()', "os.kill(os.getpid(), 9)")
    Path("models.py").write_text(f"import os\n{killed}")
    assert main([*COMMANDS["regression"].split(), "--jobs", "2"]) == 2
    err = capsys.readouterr().err
    assert "ended a worker process" in err
    assert "fewer --jobs. The same command goes on" in err
    assert any(Path(".report-cache").rglob("output.pkl"))  # what had been done before
    assert "Traceback" not in err


# ------------------------------------------------------------------------------------------------ the time left
def test_time_left_is_that_of_finished_tasks_of_the_same_method():
    pace = _tasks._Pace(["quick", "slow", "quick", "slow", "other"], n_jobs=2)
    pace.note(0, None)  # from disk: it tells nothing
    assert pace.time_left() is None
    pace.note(1, 9.0)
    assert pace.time_left() == 9 * 3 / 2
    pace.note(2, 1.0)
    assert pace.time_left() == (9 + 5) / 2  # one slow, and one of a method of which nothing is known
    assert [in_words(seconds) for seconds in (0.2, 61, 130, 7000, 9000)] == ["1 s", "61 s", "2 min", "1.9 h", "2.5 h"]


def test_the_time_left_is_told_early_and_rarely(capsys, monkeypatch):
    clock = iter([0.0, 1.0, 6.0, 6.0, 7.0, 70.0, 70.0])
    monkeypatch.setattr("skgan_resample._cli._progress.time.monotonic", lambda: next(clock))
    progress = Progress()
    for done in range(1, 5):
        progress.time_left(1000.0)
        progress(done, 5)
    assert capsys.readouterr().err.splitlines() == [
        "2 of 5 tasks done, about 17 min left; Ctrl-C keeps what is done, --max-time SECONDS ends it in time.",
        "4 of 5 tasks done, about 17 min left; Ctrl-C keeps what is done, --max-time SECONDS ends it in time.",
    ]


def test_without_arguments_it_shows_examples(capsys):
    with pytest.raises(SystemExit) as end:
        main([])
    out = capsys.readouterr().out
    assert end.value.code == 0
    assert "skgan-resample compare DATA.csv --target COLUMN" in out
    assert len(out.splitlines()) < 40
