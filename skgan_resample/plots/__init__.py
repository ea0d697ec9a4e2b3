"""Display classes in scikit-learn's style: built by `from_...`, drawn by `plot(ax=None)`.

Displays of one picture take `ax` and keep it as ``ax_``, those of two take `axes` and keep them as ``axes_``; all have
``figure_``. Without axes they make a figure with a constrained layout. On given axes they leave the layout of the
figure alone, so make it with ``layout="constrained"`` or save it with ``bbox_inches="tight"``. A display that is drawn
again on its own axes starts afresh. At half the width of a page (3.3 inches) text gets smaller, down to 6 points.

Only this package imports matplotlib, and only when something is drawn.
"""

from skgan_resample.plots._comparison import ComparisonDisplay
from skgan_resample.plots._refinement import RefinementDisplay
from skgan_resample.plots._relevance import RelevanceDisplay
from skgan_resample.plots._resampling import ResamplingDisplay
from skgan_resample.plots._robust_comparison import RobustComparisonDisplay
from skgan_resample.plots._robust_overfitting import RobustOverfittingDisplay
from skgan_resample.plots._ser_curve import SerCurveDisplay
from skgan_resample.plots._synthetic_gap import SyntheticGapDisplay
from skgan_resample.plots._training import TrainingDisplay
from skgan_resample.plots._triplet import TripletDisplay

__all__ = [
    "ComparisonDisplay",
    "RefinementDisplay",
    "RelevanceDisplay",
    "ResamplingDisplay",
    "RobustComparisonDisplay",
    "RobustOverfittingDisplay",
    "SerCurveDisplay",
    "SyntheticGapDisplay",
    "TrainingDisplay",
    "TripletDisplay",
]
