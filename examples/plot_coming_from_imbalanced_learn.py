"""
Coming from imbalanced-learn
============================

imbalanced-learn over-samples classes and refuses a continuous target. The usual workaround cuts the target into classes
and hides it among the predictors while `SMOTE` works. This example shows the workaround, and what replaces it.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
from imblearn.over_sampling import SMOTE
from sklearn.datasets import load_diabetes

from skgan_resample import SMOTER, Relevance

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
highest_tenth = Relevance("quantile", side="high")
is_rare = highest_tenth.fit(y).rare_mask(y)
stacked, _ = SMOTE(random_state=0).fit_resample(X.assign(target=y), is_rare)  # X and y go in as one table
X_around, y_around = stacked.drop(columns="target"), stacked["target"]

# %%
# Here the target stays continuous. The result is a frame and a series again, real rows come first, and the sampler
# keeps which rows are new and where they come from.
sampler = SMOTER(relevance=highest_tenth, sampling_strategy="balance", random_state=0)
X_here, y_here = sampler.fit_resample(X, y)
print("new rows by run of rare values:", sampler.sampling_strategy_)
print("parents of the first new row:", sampler.parent_indices_[0])

# %%
# What differs:
#
# ====================  =====================================  =====================================================
# .                     SMOTE around the target                here
# ====================  =====================================  =====================================================
# rare                  cut into classes by hand               `Relevance`, learned from the training rows of a fold
# whole numbers         fractions, or cut towards zero         values that occur in the column
# distances             raw units                              each column scaled; categories differ or agree
# in a pipeline         no: the target is inside the table     yes, the same `imblearn.pipeline.Pipeline`
# where rows come from  not returned                           ``is_synthetic_``, ``parent_indices_``
# ====================  =====================================  =====================================================
#
# What stays: ``fit_resample``, ``sampling_strategy``, ``k_neighbors``, ``random_state``, the Pipeline, `GridSearchCV`.
# With real classes, `HardTripletSampler` takes the place of `SMOTE`.

# %%
# The column "sex" holds 1 and 2. A value of 1.4 only shows that the row is synthetic, and a tree will find that out.
# (imbalanced-learn's ``SMOTENC`` keeps categories if it is given the columns, but whole numbers become fractions.)
new = {
    "SMOTE": (X_around[len(X) :], y_around[len(X) :]),
    "SMOTER": (X_here[sampler.is_synthetic_], y_here[sampler.is_synthetic_]),
}
rng = np.random.RandomState(0)
figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharex=True, sharey=True, layout="constrained")
for ax, (name, (X_new, y_new)) in zip(axes, new.items()):
    shift = rng.uniform(-0.03, 0.03, size=(len(X_new) + len(X)))  # so that dots do not hide one another
    ax.plot(X["sex"] + shift[: len(X)], y, "o", color="#8C8C8C", alpha=0.4, markersize=4, label="real")
    ax.plot(X_new["sex"] + shift[len(X) :], y_new, "^", color="#D55E00", alpha=0.6, markersize=5, label="new")
    share = np.isin(X_new["sex"], X["sex"]).mean()
    ax.set(title=f"{name}: {share:.0%} of new rows with a known category", xlabel="sex, 1 or 2", xticks=[1, 1.5, 2])
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("progression after one year")
axes[1].legend(loc="center", frameon=False)
