"""
A search over samplers, and over none
=====================================

In a grid a whole step can be a parameter, and "passthrough" is the candidate that leaves it out. The search itself then
answers whether a sampler helps. The grid has two parts, since a step that is left out has no parameters.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
from imblearn.pipeline import Pipeline
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV

from skgan_resample import SMOGN, SMOTER, GaussianNoise, RandomOverSampler, Relevance
from skgan_resample.metrics import make_sera_scorer
from skgan_resample.model_selection import RepeatedRegressionStratifiedKFold

X, y = load_diabetes(return_X_y=True, as_frame=True)
relevance = Relevance("quantile", side="high").fit(y)
print(relevance.explain())

# %%
# Two scores are computed: SERA, by which the search chooses, and the error over all rows, which is the cost. SERA uses
# one fitted relevance for all candidates, and test rows are never resampled.
samplers = [
    sampler(relevance=Relevance("quantile", side="high"), random_state=0)
    for sampler in (RandomOverSampler, GaussianNoise, SMOTER, SMOGN)
]
pipeline = Pipeline([("resample", "passthrough"), ("model", Ridge(0.1))])
grids = [
    {"resample": ["passthrough"]},
    {"resample": samplers, "resample__sampling_strategy": ["auto", "balance"]},
]
search = GridSearchCV(
    pipeline,
    grids,
    scoring={"sera": make_sera_scorer(relevance), "rmse": "neg_root_mean_squared_error"},
    refit="sera",
    cv=RepeatedRegressionStratifiedKFold(n_splits=5, n_repeats=2, random_state=0),
)
search.fit(X, y)
print("best by SERA:", search.best_params_)

# %%
# Each dot is one fold: the score of a candidate divided by that of "passthrough" on the same fold, so that easy and
# hard folds can be compared. The bar is the geometric mean. Lower is better in both halves.
names = [
    "passthrough"
    if params["resample"] == "passthrough"
    else f"{type(params['resample']).__name__}, {params['resample__sampling_strategy']}"
    for params in search.cv_results_["params"]
]
figure, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
for ax, (score, label) in zip(axes, {"sera": "SERA", "rmse": "RMSE over all rows"}.items()):
    folds = np.array([search.cv_results_[f"split{k}_test_{score}"] for k in range(search.n_splits_)])  # (folds, names)
    ratios = folds / folds[:, :1]
    for i, ratio in enumerate(ratios.T):
        ax.plot(ratio, np.full(len(ratio), i), "o", color="#0072B2", alpha=0.4, markersize=5, markeredgewidth=0)
        ax.plot(np.exp(np.log(ratio).mean()), i, "|", color="#D55E00", markersize=18, markeredgewidth=3)
    ax.axvline(1, color="#8C8C8C", linewidth=0.8, zorder=0)
    ax.set(xlabel=f"{label}, ratio to passthrough", yticks=range(len(names)), yticklabels=names)
    ax.spines[["top", "right"]].set_visible(False)
axes[0].invert_yaxis()
axes[0].set_title("what is gained", fontsize="medium")
axes[1].set_title("what it costs", fontsize="medium")

# %%
# A search by SERA alone prefers whatever raises predictions, and ignores the right half. Use `compare`, or search by a
# score that includes both, before you believe it.
