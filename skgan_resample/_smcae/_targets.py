"""What the target is for, and a model of it for synthetic rows that come without one."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_consistent_length

from skgan_resample._smcae._selection import fitted
from skgan_resample._tables._targets import is_continuous_target, open_target, read_classes, read_target
from skgan_resample.exceptions import warn

MAX_ROWS = 2_000  # synthetic rows that the model learns from


def target_role(y, y_synthetic, n_synthetic, *, target_type, scoring, can_move_target):
    """Return the role of the target, "classes", "moves", "stays" or None; see `Space`."""
    if y is None and y_synthetic is not None:
        raise ValueError("y_synthetic was given without y: the targets of the real rows are needed, too.")
    if target_type is None or y is None:
        return None
    if y_synthetic is None:
        warn("y_synthetic was not given, so rows are matched without their targets, and less well.")
        return None
    open_target(y_synthetic, "y_synthetic")
    check_consistent_length(range(n_synthetic), y_synthetic)
    is_continuous = is_continuous_target(y, y_synthetic) if target_type == "auto" else target_type == "regression"
    if scoring not in (("auto", "r2") if is_continuous else ("auto", "accuracy", "balanced_accuracy")):
        kind = "a continuous target" if is_continuous else "classes"
        raise ValueError(f"scoring={scoring!r} is not for {kind}; set target_type if the target is none.")
    read = read_target if is_continuous else read_classes
    target, _ = read(y, name="y"), read(y_synthetic, name="y_synthetic")
    if not is_continuous:
        return "classes"
    if np.ptp(target) == 0:
        return None
    if not can_move_target:
        warn(
            "A transformer cannot change the target, so rows are moved without it. SyntheticRefiner, or fit and "
            "refine(X, y), move features and target together, which is better."
        )
    return "moves" if can_move_target else "stays"


def fit_target_model(space, synthetic, rng, *, by_class):
    """Return a model of the target of synthetic rows; None where the map (`by_class`) or the target needs none."""
    if space.role != "moves" and not (space.role == "classes" and by_class):
        return None
    if len(synthetic) > MAX_ROWS:
        synthetic = synthetic[rng.permutation(len(synthetic))[:MAX_ROWS]]
    features = synthetic.vectors[:, : space.n_features_]
    if space.role == "moves":
        return HistGradientBoostingRegressor(max_iter=50).fit(features, synthetic.target)
    if len(np.unique(synthetic.target)) == 1:
        return None
    return fitted(LogisticRegression(max_iter=200), features, synthetic.target)


def read_without_target(space, reader, model):
    """Return synthetic rows as a `Sample`, with the target or the shares of classes that the model predicts."""
    if space.role == "classes":
        sample = space.read(reader, membership=np.zeros((reader.n_rows, space.n_classes_)))
        if model is None:  # the map does not depend on classes, or there is one class
            sample.membership[:, 0] = 1
        else:
            sample.membership[:, model.classes_] = model.predict_proba(sample.vectors)
        return sample
    features = space.read(reader, np.zeros(reader.n_rows)).vectors[:, : space.n_features_]
    return space.read(reader, model.predict(features))
