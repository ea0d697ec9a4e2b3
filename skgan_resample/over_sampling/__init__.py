"""Over-samplers for a continuous target, and the base class that they share."""

from skgan_resample.over_sampling._base import BaseRegressionSampler, Draft
from skgan_resample.over_sampling._classical import SMOGN, SMOTER, GaussianNoise, RandomOverSampler
from skgan_resample.over_sampling._smogan import DistGANOptions, SMOGANRegressorResampler
from skgan_resample.over_sampling._smogn_package import SmognPackageSampler

__all__ = [
    "SMOGN",
    "SMOTER",
    "BaseRegressionSampler",
    "DistGANOptions",
    "Draft",
    "GaussianNoise",
    "RandomOverSampler",
    "SMOGANRegressorResampler",
    "SmognPackageSampler",
]
