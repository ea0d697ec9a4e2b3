"""Which map SMCAETransformer takes, what it tells of the choice, and which parameters it refuses."""

import numpy as np
import pytest
from _smcae_data import DISTORTIONS, QUICK, RUNGS, fitted, real_rows, simulated
from sklearn.linear_model import LogisticRegression

from skgan_resample._smcae._selection import N_ERRORS_OF_MAPS


@pytest.fixture(scope="module")
def selected():
    """Transformers that chose, by the distortion that they met."""
    found = {}
    for distortion in DISTORTIONS:
        found[distortion] = fitted(
            (*real_rows(90), *simulated(120, distortion)), **QUICK, cv=3, estimator=LogisticRegression()
        )
    return found


@pytest.mark.parametrize("distortion", DISTORTIONS)
@pytest.mark.slow
def test_the_simplest_candidate_within_the_error_of_the_best_is_taken(selected, distortion):
    transformer = selected[distortion]
    results = transformer.cv_results_
    lost = results["mean_test_score"].max() - results["mean_test_score"]
    tied = lost <= N_ERRORS_OF_MAPS * results["error_of_difference"]
    assert transformer.selected_ == RUNGS[np.flatnonzero(tied)[0]]
