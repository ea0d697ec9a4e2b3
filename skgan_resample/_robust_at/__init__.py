"""Adversarial training that knows when it over-fits.

`_wrapper` is the estimator. `_preparation` reads and resolves what it is given, `_strategies` decides which treatments
are tried and kept, `_training` trains networks and evaluates them on held-out rows, and `_overfitting` turns these
evaluations into findings.
"""

from skgan_resample._robust_at._training import AdversarialTrainingOptions
from skgan_resample._robust_at._wrapper import RobustATWrapper

__all__ = ["AdversarialTrainingOptions", "RobustATWrapper"]
