"""
Coming from ctgan
=================

A generator of tables such as `ctgan <https://pypi.org/project/ctgan>`_ learns the whole table and draws rows like
those that are there::

    model = CTGAN(epochs=300)
    model.fit(table, discrete_columns=["sex"])
    new_rows = model.sample(200)  # 200 more rows; condition_column="sex", condition_value="2" for more of one category

Rare values are rare in what it draws, too. It can draw more rows of a category, but not of a range of numbers.
"""

# %%
# Any generator of the joint distribution does the same. Here it is a kernel density, so that this example needs no
# further package. `SMOGANRegressorResampler` makes new rows where the target is rare, and moves them by a GAN.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.neighbors import KernelDensity

from skgan_resample import Relevance, ResampledRegressor, SMCAETransformer, SMOGANRegressorResampler, SyntheticRefiner

X, y = load_diabetes(return_X_y=True, as_frame=True)
highest_tenth = Relevance("quantile", side="high").fit(y)


def joint_rows(X, y):
    """Return as many new rows as there are: a model of the whole table, target included."""
    table = X.assign(target=y)
    density = KernelDensity(bandwidth=0.2).fit(table / table.std())
    rows = pd.DataFrame(density.sample(len(y), random_state=0), columns=table.columns) * table.std()
    return rows.drop(columns="target"), rows["target"]


_, y_joint = joint_rows(X, y)
sampler = SMOGANRegressorResampler(relevance=highest_tenth, random_state=0)
_, y_resampled = sampler.fit_resample(X, y)
y_new = y_resampled[sampler.is_synthetic_]
for name, values in {"real": y, "joint generator": y_joint, "SMOGAN": y_new}.items():
    print(f"{name:15s} {len(values):4d} rows, {highest_tenth.rare_mask(values, sampler.threshold).mean():.0%} rare")

# %%
# What differs:
#
# ===================  ==========================================  =================================================
# .                    ctgan                                       here
# ===================  ==========================================  =================================================
# target               one column among others                     separate; new rows where it is rare
# needs                the names of discrete columns               nothing: kinds of columns are read from the table
# rows                 new ones only                               real ones first, unchanged, then new ones
# parents              none: rows are drawn from noise             ``parent_indices_``
# seed                 ``set_random_state``, after construction    ``random_state``
# in a pipeline        no                                          yes, `imblearn.pipeline.Pipeline`
# which step           the last one                                the one that held-out rows prefer
# licence              Business Source Licence                     BSD
# ===================  ==========================================  =================================================
#
# For a whole table of new rows, to share it or to test software, use a generator: this library makes none.

# %%
# You can keep your generator. Any function ``(X, y) -> (X_new, y_new)`` is a sampler once it is in a
# `SyntheticRefiner`, which moves its rows nearer to the real ones, or drops them where models do better without: here
# it drops them all ("none").
refiner = SyntheticRefiner(joint_rows, SMCAETransformer(cv=3, max_steps=100), random_state=0)
model = ResampledRegressor(refiner, Ridge(0.1), random_state=0).fit(X, y)
print("what became of the rows of the generator:", model.sampler_.selected_)

# %%
# The target is rare in the shaded region.
figure, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
bins = np.linspace(min(y.min(), y_joint.min()), max(y.max(), y_joint.max()), 31)
ax.hist(y, bins, color="#C8C8C8", label="real")
ax.hist(y_joint, bins, histtype="step", color="#0072B2", linewidth=2, label="new, joint generator")
ax.hist(y_new, bins, histtype="step", color="#D55E00", linewidth=2, linestyle="--", label="new, SMOGAN")
rare_from = y[highest_tenth.rare_mask(y, sampler.threshold)].min()
ax.axvspan(rare_from, bins[-1], color="#8C8C8C", alpha=0.15, linewidth=0)
ax.set(xlabel="progression after one year", ylabel="rows", xlim=(bins[0], bins[-1]))
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False)
