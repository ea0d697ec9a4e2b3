"""
Does it help, and what does it cost?
====================================

`compare` gives every method the same folds and judges on real rows only. The picture shows gain and cost of each
method: the error on rare values falls, the error on all others rises. A method is useful below the horizontal line and
left of the grey area, and only if it does better than recalibrated predictions.
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
# Ten outer folds judge, inner ones choose. SMOGAN, which takes seconds per fit, is left out here; without ``methods``
# all methods are compared.
methods = ["weights", "duplicate", "random", "smoter", "smogn"]
comparison = compare(X, y, methods=methods, estimators=Ridge(), relevance=highest_tenth)
print(comparison.verdict.answer.upper())
print(comparison.verdict.sentence)

# %%
# "recalibrated_ratio" compares each method with recalibrated predictions of the same RMSE. About 1 means that its new
# rows or weights only raised the predictions. (For the recalibrations themselves there is no such figure.) Here that
# holds for every sampler, so the verdict recommends a light recalibration, and no new rows.
summary = comparison.summary.set_index("method")
print(summary[["score_ratio", "rmse_ratio", "recalibrated_ratio"]].round(3).to_string())

# %%
display = ComparisonDisplay.from_comparison(comparison)
display.figure_
