"""Comparisons made of numbers, of the real classes, and the reports that are written of them: no model is fitted."""

from functools import partial

import numpy as np
import pandas as pd
from sklearn.naive_bayes import GaussianNB

from skgan_resample import Relevance, ThreatModel
from skgan_resample._report import report_of
from skgan_resample._user_table import Table
from skgan_resample._user_table._request import Request
from skgan_resample.model_selection import Comparison, default_methods
from skgan_resample.model_selection import _classification as classification
from skgan_resample.model_selection import _regression as regression
from skgan_resample.model_selection import _robustness as robustness
from skgan_resample.model_selection._methods import CONSTANT, default_estimator
from skgan_resample.model_selection._result import Models
from skgan_resample.model_selection._splits import OUTER

EVIL = '<script>alert("1")</script>'
EVIL_COLUMN = '</code></pre><img src=x onerror="window.hacked=1">\'"""{size}'
N_FOLDS = 6
SECONDS = {"none": 9.0, "recalibration(0.2)": 10.0, "recalibration": 100.0, "weights": 8.5, "smogn": 0.25}


def comparison_of(judge, assemble, failures=None):
    """Return the comparison of a judge, with the estimators that `compare` would build."""
    X = np.random.RandomState(0).normal(size=(20, 2))
    known = default_methods(judge.task, threat_model=ThreatModel(eps=0.1), X=X) | {"estimator": GaussianNB()}
    estimators = {name: None if name is None else default_estimator(judge.task) for name in judge.estimators}
    models = Models(assemble, {name: known[name] for name in judge.methods}, estimators, {}, None, 0)
    return Comparison(judge, failures or {}, N_FOLDS, seconds=12.0, models=models)


def regression_comparison(*, helps=True):
    """Return a comparison in which SMOGN lowers SERA by 30 % in every fold, or nothing does anything."""
    rng = np.random.RandomState(0)
    sera = {"none": 1.0, "recalibration(0.2)": 0.98, "recalibration": 0.97, "weights": 0.9, "smogn": 0.7, CONSTANT: 3.0}
    rmse = {"none": 1.0, "recalibration(0.2)": 1.0, "recalibration": 1.05, "weights": 1.03, "smogn": 1.0, CONSTANT: 2.0}
    rows = []
    for fold in range(N_FOLDS):
        for inner in range(-1, 3):
            level = rng.uniform(90, 110)
            for name in sera:
                factor = sera[name] if helps or name == CONSTANT else 1.0
                noise = np.exp(0.01 * rng.normal())
                rows.append(
                    {
                        "fold": fold,
                        "inner": inner,
                        "method": name,
                        "estimator": "Learner",
                        "sera": level * factor * noise,
                        "rmse": 10 * rmse[name] * np.exp(0.002 * rng.normal()),
                        "common_rmse": 8.0 * noise,
                        "rare_mae": 20.0 * factor * noise,
                        "total_ratio": 0.99,
                        "seconds": SECONDS.get(name, 0.0),
                        "n_synthetic": 40 if name == "smogn" else 0,
                    }
                )
    judge = regression.RegressionJudge(
        rows=rows,
        methods=[name for name in sera if name != CONSTANT],
        samplers=["smogn"],
        estimators=["Learner"],
        scoring="sera",
        max_rmse_increase=0.02,
        max_common_increase=0.05,
        n_rows=160,
        n_tested=160,
        n_rare=16,
        relevance="16 of 160 rows are rare: y >= 4.2",
        test_share=0.25,
    )
    return comparison_of(judge, regression.assembled, {"noise": f"ValueError: {EVIL}"})


def classification_comparison():
    """Return a comparison in which SMOTE raises the average precision by 0.1 in every fold."""
    rng = np.random.RandomState(0)
    gain = {"none": 0.0, "weights": 0.005, "smote": 0.1, "adasyn": -0.11}
    rows = []
    for fold in range(N_FOLDS):
        for inner in range(-1, 3):
            for name, more in gain.items():
                row = {"fold": fold, "inner": inner, "method": name, "estimator": "Learner", "base_rate": 0.1}
                row |= {measure: 0.5 + more + 0.005 * rng.normal() for measure in classification.SHOWN}
                rows.append({**row, "n_synthetic": 30, "seconds": {"none": 9.0, "smote": 10.0}.get(name, 100.0)})
    judge = classification.ClassificationJudge(
        rows=rows,
        methods=list(gain),
        samplers=["smote", "adasyn"],
        estimators=["Learner"],
        scoring="average_precision",
        counts={EVIL: 16, "usual": 144},
        n_rows=160,
        n_tested=160,
        test_share=0.25,
    )
    return comparison_of(judge, partial(classification.assembled, "average_precision", EVIL))


def robust_comparison():
    """Return a comparison in which adversarial training helps, and one of the methods was attacked more weakly."""
    rng = np.random.RandomState(0)
    accuracies = {"none": (0.9, 0.4), "at": (0.88, 0.7), "at-1.5": (0.85, 0.72), "estimator": (0.95, 0.8)}
    rows = []
    for fold in range(N_FOLDS):
        for name, (clean, robust) in accuracies.items():
            rows.append(
                {
                    "fold": fold,
                    "inner": OUTER,
                    "commonest": 0.6,
                    "method": name,
                    "attack": "black-box" if name == "estimator" else "white-box",
                    "clean": clean + 0.01 * rng.normal(),
                    "robust": robust + 0.01 * rng.normal(),
                    "ro_detected": None if name in ("none", "estimator") else False,
                    "treated": None if name in ("none", "estimator") else False,
                    "ro_power": None,
                    "seconds": {"none": 9.0, "at": 10.0}.get(name, 100.0),
                }
            )
    judge = robustness.RobustnessJudge(
        rows=rows,
        methods=list(accuracies),
        samplers=[],
        estimators=[None],
        threat_model="linf, eps 0.1 std: 2 of 2 columns can be moved, none switched",
        n_rows=1600,
        classes=[EVIL, "usual"],
        n_tested=1600,
        test_share=0.25,
    )
    return comparison_of(judge, robustness.assembled)


def table_of(folder, task):
    """Write a CSV file whose column names are code, and return it as the command line would."""
    rng = np.random.RandomState(0)
    frame = pd.DataFrame({"size": rng.gamma(2.0, size=160).round(3), EVIL_COLUMN: rng.choice(["a", "b"], size=160)})
    y = frame["size"].to_numpy() ** 2 / 3 + rng.normal(scale=0.1, size=160)
    if task != "regression":
        y = np.where(np.arange(160) < 16, EVIL, "usual")
    path = folder / f"{task}.csv"
    frame.assign(**{EVIL: y}).to_csv(path, index=False)
    notes = [f"'{EVIL}' is a name", "\"><img src=x onerror='window.hacked=1'>"]
    return Table(frame, y, EVIL, str(path), task, [*frame.columns, EVIL], notes=notes)


def request_of(folder, task, **more):
    """Return what was asked, of a table in a folder."""
    table = more.pop("table", None) or table_of(folder, task)
    own = {"relevance": Relevance(), "threshold": 0.8, "max_rmse_increase": 0.02, "max_common_increase": 0.05}
    own = {"regression": own, "classification": {}, "robustness": {"threat_model": ThreatModel(eps=0.1)}}[task]
    asked = {"data": table.source, "target": EVIL, "seed": 0}
    n_repeats = 1 if task == "robustness" else 2
    return Request(table, folder / task, asked, cv=3, n_repeats=n_repeats, **own | more)


MADE = {
    "regression": regression_comparison,
    "classification": classification_comparison,
    "robustness": robust_comparison,
}


def write_all(folder):
    """Write a report for each task; return its folder by task."""
    for task, make in MADE.items():
        report_of(make(), request_of(folder, task)).write(folder / task)
    return {task: folder / task for task in MADE}
