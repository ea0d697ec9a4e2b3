"""
What does the GAN change?
=========================

SMOGAN moves the new rows of SMOGN by a network, then shrinks their targets towards the predictions of a regressor.
``refinement_`` counts what each step changed, and the picture shows where the rows went.
"""

# %%
from sklearn.datasets import load_diabetes

from skgan_resample import Relevance, SMOGANRegressorResampler
from skgan_resample.plots import RefinementDisplay

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
sampler = SMOGANRegressorResampler(relevance=Relevance("quantile", side="high"), random_state=0)
X_resampled, y_resampled = sampler.fit_resample(X, y)
print(sampler.relevance_.explain(y, sampler.threshold))
for name, value in sampler.refinement_.items():
    print(f"{name:12s} {value}")

# %%
# Left: the squared distance (MMD) between new rows and rare rows that the network has not seen, step by step. At step 0
# the generator moves nothing; the step with the lowest distance is kept. Right: each new row before and after.
display = RefinementDisplay.from_sampler(sampler, X, y, target_name="progression after one year")
display.figure_

# %%
# Nearly every row was moved, and the distance fell by little. In our benchmarks no model predicts better for it.
# ``refine=False`` gives the candidates with the same seed, so that you can compare the two in a search or by `compare`.
candidates = SMOGANRegressorResampler(relevance=Relevance("quantile", side="high"), refine=False, random_state=0)
X_candidates, y_candidates = candidates.fit_resample(X, y)
new = sampler.is_synthetic_
print(f"mean target of the new rows: {y_candidates[new].mean():.0f} before, {y_resampled[new].mean():.0f} after")
