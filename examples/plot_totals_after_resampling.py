"""
Totals kept right after resampling
==================================

More rare rows in training push predictions towards them. Where predictions are summed, to a budget or a reserve, the
total is then too high. `ResampledRegressor` corrects that on real rows: it predicts the training rows
out of fold, sampler and model together, and learns a constant ("mean") or a monotone curve ("isotonic") from them.
"""

# %%
# The progression of diabetes after one year. Twenty splits, since one split says little about a total.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.model_selection import ShuffleSplit

from skgan_resample import SMOGN, Relevance, ResampledRegressor
from skgan_resample.metrics import rare_mae, total_ratio

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
highest_tenth = Relevance("quantile", side="high")
sampler = SMOGN(relevance=highest_tenth, sampling_strategy="balance")
models = {
    "no resampling": ResampledRegressor(None, Ridge(), random_state=0),
    "SMOGN": ResampledRegressor(sampler, Ridge(), random_state=0),
    'SMOGN, recalibrate="mean"': ResampledRegressor(sampler, Ridge(), recalibrate="mean", random_state=0),
    'SMOGN, recalibrate="isotonic"': ResampledRegressor(sampler, Ridge(), recalibrate="isotonic", random_state=0),
}
totals, errors = {name: [] for name in models}, {name: [] for name in models}
for train, test in ShuffleSplit(20, test_size=0.3, random_state=0).split(X):
    relevance = highest_tenth.fit(y[train])
    for name, model in models.items():
        predicted = model.fit(X.iloc[train], y[train]).predict(X.iloc[test])
        totals[name].append(total_ratio(y[test], predicted))
        errors[name].append(rare_mae(y[test], predicted, relevance=relevance))

# %%
# Mean over the splits:
for name in models:
    print(f"{name:30s} predicted / actual {np.mean(totals[name]):.3f}   rare MAE {np.mean(errors[name]):5.1f}")

# %%
# Dots are splits, bars are their means.
figure, axes = plt.subplots(1, 2, figsize=(9, 3), sharey=True, layout="constrained")
for ax, measured in zip(axes, (totals, errors)):
    for i, values in enumerate(measured.values()):
        ax.plot(values, np.full(len(values), i), "o", color="#0072B2", alpha=0.4, markersize=5, markeredgewidth=0)
        ax.plot(np.mean(values), i, "|", color="#D55E00", markersize=18, markeredgewidth=3)
    ax.spines[["top", "right"]].set_visible(False)
axes[0].axvline(1, color="#8C8C8C", linewidth=0.8, zorder=0)
axes[0].set(xlabel="sum predicted / sum actual", yticks=range(len(models)), yticklabels=list(models))
axes[0].set_ylim(len(models) - 0.5, -0.5)
axes[1].set_xlabel("MAE of rare rows, points of progression")

# %%
# Both corrections put the total right. But they lower the predictions of rare rows, too, and with them much of what
# resampling had gained there. If only the rare rows count, keep ``recalibrate=None``; if totals count as well, this is
# the cost of each choice.
