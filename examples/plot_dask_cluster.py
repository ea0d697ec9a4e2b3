"""
A grid search on a Dask cluster
===============================

Everything here runs in parallel by joblib, so any backend of joblib works: other processes, or the workers of a Dask
cluster, on this machine or on many. Seeds are drawn before the work is distributed, so the scores are the same to the
last bit, wherever they are computed.
"""

# %%
import joblib
import matplotlib.pyplot as plt
import numpy as np
from dask.distributed import Client, LocalCluster
from imblearn.pipeline import Pipeline
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV

from skgan_resample import SMOGN, Relevance
from skgan_resample.metrics import make_sera_scorer

X, y = load_diabetes(return_X_y=True)
relevance = Relevance("quantile", side="high").fit(y)
pipeline = Pipeline([("resample", SMOGN(relevance=relevance, random_state=0)), ("model", Ridge(0.1))])
grid = {"resample__k_neighbors": [3, 5, 9], "resample__sampling_strategy": ["auto", 0.3, "balance"]}
search = GridSearchCV(pipeline, grid, scoring=make_sera_scorer(relevance))

# %%
# Two workers, each a process with one thread. New processes begin by importing the script, so the part that starts them
# must be guarded by ``__name__ == "__main__"``. ``Client("tcp://scheduler:8786")`` joins a running cluster instead.
# Large tables are sent once by ``parallel_config(backend="dask", scatter=[X, y])``.
if __name__ == "__main__":
    serial = search.fit(X, y).cv_results_["mean_test_score"]
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs="ERROR") as cluster,
        Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        parallel = search.set_params(n_jobs=-1).fit(X, y).cv_results_["mean_test_score"]
    assert np.array_equal(serial, parallel)
    print(f"{len(serial)} candidates, the same scores to the last bit: {np.array_equal(serial, parallel)}")

# %%
# Every candidate lies on the diagonal.
if __name__ == "__main__":
    figure, ax = plt.subplots(figsize=(5, 4.2), layout="constrained")
    ax.axline((-serial[0], -serial[0]), slope=1, color="#8C8C8C", linewidth=0.8)
    ax.plot(-serial, -parallel, "o", color="#0072B2", markersize=8, alpha=0.6)
    ax.set(xlabel="SERA in this process", ylabel="SERA on the Dask cluster")
    ax.ticklabel_format(scilimits=(-3, 4))
    ax.spines[["top", "right"]].set_visible(False)
