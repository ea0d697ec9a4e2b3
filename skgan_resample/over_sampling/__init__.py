"""Over-samplers for a continuous target, and the base class that they share."""

from importlib import import_module

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
    "HardTripletSampler",
    "RandomOverSampler",
    "SMOGANRegressorResampler",
    "SmognPackageSampler",
]


def __getattr__(name):
    """Find `HardTripletSampler` here too; the four methods stand side by side, so it comes from the package."""
    if name == "HardTripletSampler":
        return getattr(import_module("skgan_resample"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
