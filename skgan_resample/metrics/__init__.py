"""Scores that say how well the rows that matter are predicted, and at what cost for the others."""

from skgan_resample.metrics._relevance import (
    common_rmse,
    make_sera_scorer,
    rare_mae,
    rare_rmse,
    relevance_weighted_mae,
    relevance_weighted_mse,
    relevance_weighted_rmse,
    ser_curve,
    sera_score,
    total_ratio,
)
from skgan_resample.metrics._retrieval import (
    HardnessProfile,
    clustering_nmi,
    hardness_profile,
    map_at_r,
    recall_at_k,
    triplet_accuracy,
)
from skgan_resample.metrics._robust import RobustScorer, make_robust_scorer
from skgan_resample.metrics._synthetic_gap import SyntheticGap, gap_closed, synthetic_gap

__all__ = [
    "HardnessProfile",
    "RobustScorer",
    "SyntheticGap",
    "clustering_nmi",
    "common_rmse",
    "gap_closed",
    "hardness_profile",
    "make_robust_scorer",
    "make_sera_scorer",
    "map_at_r",
    "rare_mae",
    "rare_rmse",
    "recall_at_k",
    "relevance_weighted_mae",
    "relevance_weighted_mse",
    "relevance_weighted_rmse",
    "ser_curve",
    "sera_score",
    "synthetic_gap",
    "total_ratio",
    "triplet_accuracy",
]
