"""
Does it help, and what does it cost?
====================================

`compare` gives every method the same folds and judges on real rows only. The picture shows the trade that most methods
make: the error on rare values falls, the error on all others rises. A method is worth its place below the horizontal
line and left of the grey area, and only if it does better than predictions that are merely moved.
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
comparison = compare(X, y, methods=methods, learners=Ridge(), relevance=highest_tenth)
print(comparison.verdict.answer.upper())
print(comparison.verdict.sentence)

# %%
# "matched" compares each method with moved predictions of the same RMSE: about 1 means that all its new rows or weights
# did was to raise the predictions. (The corrections are such moved predictions themselves, hence no figure.) Here that
# holds for every sampler: so the verdict names a light correction of the output, and no new rows.
for row in comparison.summary[:-1]:
    print(f"{row['method']:20s} SERA x {row['score_ratio']:.2f}   RMSE x {row['rmse_ratio']:.3f}   "
          f"matched x {row['matched_ratio']:.2f}")  # fmt: skip

# %%
display = ComparisonDisplay.from_comparison(comparison)
display.figure_
