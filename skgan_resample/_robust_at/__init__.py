"""Adversarial training that knows when it over-fits.

`_wrapper` is the estimator, `_runs` trains networks and looks at rows they have not seen, `_diagnosis` turns what was
seen into facts, and `_ablation` asks what drives them.
"""

from skgan_resample._robust_at._wrapper import RobustATWrapper

__all__ = ["RobustATWrapper"]
