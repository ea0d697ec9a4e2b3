"""Models around models: trained on resampled rows, weighted by relevance, corrected in their output.

The table passes through untouched: strings, missing cells and data frames reach the inner sampler and estimator as
they came.
"""

from skgan_resample._tables._vectorizer import MatrixEncoder
from skgan_resample.compose._corrected import OutputCorrectedRegressor, RelevanceWeightedRegressor, output_correction
from skgan_resample.compose._refiner import SyntheticRefiner
from skgan_resample.compose._resampled import ResampledClassifier, ResampledRegressor

__all__ = [
    "MatrixEncoder",
    "OutputCorrectedRegressor",
    "RelevanceWeightedRegressor",
    "ResampledClassifier",
    "ResampledRegressor",
    "SyntheticRefiner",
    "output_correction",
]
