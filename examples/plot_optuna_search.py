"""
A search by Optuna
==================

A grid wastes trials where a parameter does not matter. Optuna draws the next trial from the results of the last ones,
and its search space may branch: the number of new rows is a parameter only of candidates that make rows.
"""

# %%
# A trial is judged by its mean SERA on the folds, with one fitted relevance for all. No trial sees the test rows.
import matplotlib.pyplot as plt
import numpy as np
import optuna
from imblearn.pipeline import Pipeline
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skgan_resample import SMOGN, Relevance
from skgan_resample.metrics import make_sera_scorer, rare_mae
from skgan_resample.model_selection import RegressionStratifiedKFold

table = load_breast_cancer(as_frame=True).data
y = table["area error"]  # in pixels
X_train, X_test, y_train, y_test = train_test_split(table.filter(like="mean "), y, random_state=0)
relevance = Relevance().fit(y_train)
scorer = make_sera_scorer(relevance)
folds = RegressionStratifiedKFold(5, shuffle=True, random_state=0)


def build(params):
    """Return the pipeline of a trial."""
    sampler = "passthrough"
    if params["resample"] == "SMOGN":
        sampler = SMOGN(
            sampling_strategy=params["ratio"],
            k_neighbors=params["k_neighbors"],
            perturbation=params["perturbation"],
            random_state=0,
        )
    model = make_pipeline(StandardScaler(), Ridge(params["alpha"]))
    return Pipeline([("resample", sampler), ("model", model)])


def objective(trial):
    params = {
        "resample": trial.suggest_categorical("resample", ["passthrough", "SMOGN"]),
        "alpha": trial.suggest_float("alpha", 1e-3, 1e3, log=True),
    }
    if params["resample"] == "SMOGN":
        params["ratio"] = trial.suggest_float("ratio", 0.25, 1.0)  # rare rows to common ones, afterwards
        params["k_neighbors"] = trial.suggest_int("k_neighbors", 1, 10)
        params["perturbation"] = trial.suggest_float("perturbation", 0.001, 0.1, log=True)
    return -cross_val_score(build(params), X_train, y_train, scoring=scorer, cv=folds).mean()


optuna.logging.set_verbosity(optuna.logging.WARNING)
study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
study.optimize(objective, n_trials=40)
print(f"best of {len(study.trials)}: SERA {study.best_value:,.0f}, {study.best_params}")

# %%
# The trials in their order. The best of many looks better than it will be on new rows, since it was chosen for that.
figure, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
values = np.array([trial.value for trial in study.trials])
for kind, marker, color in (("passthrough", "o", "#0072B2"), ("SMOGN", "^", "#D55E00")):
    chosen = np.array([trial.params["resample"] == kind for trial in study.trials])
    ax.plot(np.flatnonzero(chosen), values[chosen], marker, color=color, label=kind)
ax.step(np.arange(len(values)), np.minimum.accumulate(values), where="post", color="#8C8C8C", label="best so far")
ax.set(xlabel="trial", ylabel="SERA on the folds, squared target units")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False)

# %%
# Here the best trials make no new rows. On rows that no trial has seen, the search gains little over the same model
# with default parameters:
for name, params in {"default": {"resample": "passthrough", "alpha": 1.0}, "best": study.best_params}.items():
    predicted = build(params).fit(X_train, y_train).predict(X_test)
    print(f"{name:8s} rare MAE {rare_mae(y_test, predicted, relevance=relevance):.1f}")
