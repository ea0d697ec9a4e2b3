"""
A sampler as one step of a pipeline, and a search that may drop it
===================================================================

Progression of diabetes after one year, where the highest tenth matters most. `SMOGN` stands in an
`imblearn.pipeline.Pipeline`: it sees the training rows of each fold only, and `predict` never resamples. The grid has
two parts, since a step that is replaced by "passthrough" has no parameters to search.
"""

# %%
import numpy as np
from imblearn.pipeline import Pipeline
from sklearn.datasets import load_diabetes
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import GridSearchCV, train_test_split

from skgan_resample import SMOGN, Relevance
from skgan_resample.metrics import make_sera_scorer, rare_mae, total_ratio
from skgan_resample.model_selection import RegressionStratifiedKFold
from skgan_resample.plots import ResamplingDisplay

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
relevance = Relevance("quantile", side="high").fit(y_train)
print(relevance.explain())

# %%
# All candidates are judged by one yardstick: SERA with a relevance that is fixed outside of them.
pipeline = Pipeline(
    [
        ("resample", SMOGN(relevance=Relevance("quantile", side="high"), random_state=0)),
        ("model", HistGradientBoostingRegressor(max_iter=60, min_samples_leaf=5, random_state=0)),
    ]
)
grids = [
    {"resample": ["passthrough"]},
    {"resample__sampling_strategy": ["auto", "balance"], "resample__k_neighbors": [3, 5]},
]
search = GridSearchCV(
    pipeline,
    grids,
    scoring=make_sera_scorer(relevance),
    cv=RegressionStratifiedKFold(4, shuffle=True, random_state=0),
    n_jobs=2,
)
search.fit(X_train, y_train)
for parameters, score in zip(search.cv_results_["params"], search.cv_results_["mean_test_score"]):
    print(f"{-score:12,.0f}  {parameters}")

# %%
# On rows that no search has seen. It may well lose: that is what the test rows are for.
plain = HistGradientBoostingRegressor(max_iter=60, min_samples_leaf=5, random_state=0).fit(X_train, y_train)
for name, model in (("plain", plain), ("searched", search)):
    predicted = model.predict(X_test)
    print(
        f"{name:9s} rare MAE {rare_mae(y_test, predicted, relevance=relevance):5.1f}   "
        f"RMSE {np.sqrt(np.mean((y_test - predicted) ** 2)):5.1f}   "
        f"predicted / actual {total_ratio(y_test, predicted):.3f}"
    )

# %%
display = ResamplingDisplay.from_sampler(
    SMOGN(relevance=Relevance("quantile", side="high"), sampling_strategy="balance", random_state=0),
    X_train,
    y_train,
    target_name="progression after one year",
)
display.figure_
