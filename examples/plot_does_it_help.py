"""
Does it help, and what does it cost?
====================================

`compare` gives every method the same folds and judges on real rows only. The picture shows what most methods gain and
cost: the error on rare values falls, the error on all others rises. A method helps if it is below the horizontal line
and left of the grey area, and only if it does better than predictions that are merely recalibrated.
"""

# %%
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge

from skgan_resample import Relevance, compare
from skgan_resample.plots import ComparisonDisplay

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
highest_tenth = Relevance("quantile", side="high")
print(highest_tenth.fit(y).explain())

# %%
# Ten outer folds, and inner ones that choose. SMOGAN, which takes seconds a fit, is left out here; without ``methods``
# it takes part, and so do the others.
methods = ["weights", "duplicate", "random", "smoter", "smogn"]
comparison = compare(X, y, methods=methods, estimators=Ridge(), relevance=highest_tenth)
print(comparison.verdict.answer.upper())
print(comparison.verdict.sentence)

# %%
# ``recalibrated_ratio`` compares each method with recalibrated predictions of the same RMSE: about 1 means that all its
# new rows or weights did was to raise the predictions. (Recalibration itself has no such figure.) Here that holds for
# every sampler: so the verdict names a light recalibration of the output, and no new rows.
columns = ["method", "score_ratio", "rmse_ratio", "recalibrated_ratio"]
print(comparison.summary[columns].round(3).to_string(index=False))

# %%
display = ComparisonDisplay.from_comparison(comparison)
display.figure_
