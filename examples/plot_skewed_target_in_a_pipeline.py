"""
A skewed target in a pipeline
=============================

A sampler is one step of an `imblearn.pipeline.Pipeline`. It sees the training rows of each fold only, and ``predict``
never resamples. Here the target has a long tail: the uncertainty of the area of cell nuclei, given ten other measures
of the same image. Uncertain images are few, and somebody should look at them.
"""

# %%
# `Relevance` is how much each value of the target matters, here by the fences of a box plot. All models below are
# judged by it, and it is fixed before any of them is trained.
from imblearn.pipeline import Pipeline
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import cross_val_predict

from skgan_resample import SMOGN, Relevance, RelevanceWeightedRegressor
from skgan_resample.metrics import common_rmse, rare_mae, sera_score, total_ratio
from skgan_resample.model_selection import RegressionStratifiedKFold
from skgan_resample.plots import SerCurveDisplay

table = load_breast_cancer(as_frame=True).data
y = table["area error"]  # its standard error, in pixels
X = table.filter(like="mean ")
relevance = Relevance().fit(y)
print(relevance.explain())

# %%
# Leaves of five rows let the trees separate rare rows; with scikit-learn's twenty, copies of rows would already help.
trees = HistGradientBoostingRegressor(max_iter=60, min_samples_leaf=5, random_state=0)
models = {
    "no treatment": trees,
    "weights": RelevanceWeightedRegressor(trees),
    "SMOGN": Pipeline([("resample", SMOGN(random_state=0)), ("model", trees)]),
    "SMOGN, balanced": Pipeline(
        [("resample", SMOGN(sampling_strategy="balance", random_state=0)), ("model", trees)],
    ),
}
folds = RegressionStratifiedKFold(5, shuffle=True, random_state=0)
predictions = {name: cross_val_predict(model, X, y, cv=folds) for name, model in models.items()}

# %%
# Every row is predicted by a model that has not seen it. SERA is the squared error weighted by relevance.
print(f"{'':16s} {'SERA':>9s} {'rare MAE':>9s} {'common RMSE':>12s} {'predicted / actual':>19s}")
for name, predicted in predictions.items():
    print(
        f"{name:16s} {sera_score(y, predicted, relevance=relevance):9,.0f} "
        f"{rare_mae(y, predicted, relevance=relevance):9.1f} {common_rmse(y, predicted, relevance=relevance):12.1f} "
        f"{total_ratio(y, predicted):19.3f}"
    )

# %%
# The area under a curve is SERA. At the left all rows count, at the right only the most relevant ones. The curves are
# flat: nearly all of the squared error is made on a few rows of the tail. With so few of them, other folds can
# change the order. `skgan_resample.compare` repeats the folds, and tests whether the difference is more than noise.
display = SerCurveDisplay.from_predictions(y, predictions, relevance=relevance, baseline=y.mean())
display.figure_
