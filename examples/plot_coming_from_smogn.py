"""
Coming from smogn
=================

The `smogn <https://pypi.org/project/smogn>`_ package wants one data frame with the target inside, and returns another::

    table = smogn.smoter(data=table.reset_index(drop=True), y="area error", samp_method="balance", k=5, pert=0.02)

Here predictors and target are separate, as everywhere in scikit-learn, and the sampler is an object with parameters
that a search can vary.
"""

# %%
# `SMOGN` is the same method, written from the paper. `SmognPackageSampler` runs the package itself, with its defaults,
# on today's NumPy and pandas (extra "smogn": the package is under the GPL and has no release since 2020, so nothing
# here needs it).
import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer

from skgan_resample import SMOGN, SmognPackageSampler

table = load_breast_cancer(as_frame=True).data
X, y = table.filter(like="mean "), table["area error"]
samplers = {
    "smogn": SmognPackageSampler(under_sampling="balance", random_state=0),
    "SMOGN": SMOGN(random_state=0),
}
targets = {}
for name, sampler in samplers.items():
    start = time.perf_counter()
    _, y_resampled = sampler.fit_resample(X, y)
    seconds = time.perf_counter() - start
    kept, new = len(sampler.kept_indices_), sampler.is_synthetic_
    targets[name] = y.iloc[sampler.kept_indices_], y_resampled[new]
    print(f"{name}: {kept} of {len(y)} real rows kept, {new.sum()} new ones, {seconds:.3f} s")

# %%
# What differs:
#
# ===================  ===========================================  ================================================
# .                    smogn 0.1.2                                  here
# ===================  ===========================================  ================================================
# target               a column of the frame                        separate, as in scikit-learn
# real rows            common ones are removed (``under_samp``)     kept first, unchanged (see ``under_sampling``)
# which rows are new   not returned                                 ``is_synthetic_``, ``parent_indices_``
# rare                 relevance from 0.5 on (``rel_thres``)        from 0.8 on (``threshold``)
# numbers of new rows  "balance" or "extreme"                       "auto", "balance", a ratio, or counts
# seed                 none                                         ``random_state``
# missing cells        such rows and columns are dropped            kept; a new cell is empty if its parents' are
# in a pipeline        no                                           yes, `imblearn.pipeline.Pipeline`
# licence              GPL                                          BSD
# ===================  ===========================================  ================================================
#
# `SmognPackageSampler` lists the known defects of the package, such as targets that are not interpolated. For as many
# rows as it makes, write ``SMOGN(sampling_strategy="balance", under_sampling="balance")``.

# %%
# The targets before and after. By default the package removes common rows for new rare ones, and keeps the number of
# rows about the same; here no real row is lost by default.
figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharex=True, sharey=True, layout="constrained")
bins = np.geomspace(y.min(), y.max(), 31)
for ax, (name, (y_kept, y_new)) in zip(axes, targets.items()):
    ax.hist([y_kept, y_new], bins, stacked=True, color=["#B8B8B8", "#D55E00"], label=["real, kept", "new"])
    ax.hist(y, bins, histtype="step", color="black", label="real, before")
    ax.set(title=f"{name}: {len(y_kept)} real rows, {len(y_new)} new ones", xscale="log")
    ax.set_xlabel("standard error of the area, in pixels")
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("rows")
axes[1].legend(frameon=False)
