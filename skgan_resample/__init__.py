"""Deep resampling, refinement and robust training for tables, as scikit-learn estimators.

Names are loaded when they are first used: importing the package imports neither torch nor matplotlib.
"""

from importlib import import_module

from skgan_resample._version import __version__

_HOMES = {  # public name -> module that defines it
    "SMOGANRegressorResampler": "skgan_resample.over_sampling",
    "DistGANOptions": "skgan_resample.over_sampling",
    "Draft": "skgan_resample.over_sampling",
    "NonFiniteLossError": "skgan_resample.exceptions",
    "HardTripletSampler": "skgan_resample._hard_triplet",
    "HardTripletEmbedder": "skgan_resample._hard_triplet",
    "TripletNetworkOptions": "skgan_resample._hard_triplet",
    "SMCAETransformer": "skgan_resample._smcae",
    "AutoencoderOptions": "skgan_resample._smcae",
    "RobustATWrapper": "skgan_resample._robust_at",
    "AdversarialTrainingOptions": "skgan_resample._robust_at",
    "ThreatModel": "skgan_resample.threat",
    "Relevance": "skgan_resample.relevance",
    "TableEncoder": "skgan_resample._tables._encoder",
    "SMOGN": "skgan_resample.over_sampling",
    "SMOTER": "skgan_resample.over_sampling",
    "GaussianNoise": "skgan_resample.over_sampling",
    "RandomOverSampler": "skgan_resample.over_sampling",
    "SmognPackageSampler": "skgan_resample.over_sampling",
    "ResampledClassifier": "skgan_resample.compose",
    "ResampledRegressor": "skgan_resample.compose",
    "RelevanceWeightedRegressor": "skgan_resample.compose",
    "OutputCorrectedRegressor": "skgan_resample.compose",
    "SyntheticRefiner": "skgan_resample.compose",
    "compare": "skgan_resample.model_selection",
    "Comparison": "skgan_resample.model_selection",
    "read_table": "skgan_resample._user_table",
    "NoRareRowsError": "skgan_resample.exceptions",
    "ResamplingWarning": "skgan_resample.exceptions",
    "show_versions": "skgan_resample._versions",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
