"""sample_weight through any estimator, a pipeline included."""

from inspect import signature

from sklearn import get_config
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter


# ------------------------------------------------------------------------------------------------ weights
def weight_parameter(estimator):
    """Return the name under which ``fit`` of an estimator takes sample weights, None if it takes none."""
    if has_fit_parameter(estimator, "sample_weight"):
        return "sample_weight"
    if isinstance(estimator, Pipeline):
        if any(hasattr(step, "fit_resample") for _, step in estimator.steps[:-1]):
            raise ValueError(
                "Weights cannot travel through a Pipeline that resamples: use ResampledRegressor or "
                "ResampledClassifier(sampler, estimator), or make RelevanceWeightedRegressor the last step of the "
                "Pipeline."
            )
        name, last = estimator.steps[-1]
        inner = weight_parameter(last) if hasattr(last, "fit") else None
        if inner is not None and get_config()["enable_metadata_routing"]:
            return inner  # routed: the step must have requested it by set_fit_request
        return None if inner is None else f"{name}__{inner}"
    if any(p.kind is p.VAR_KEYWORD for p in signature(estimator.fit).parameters.values()):
        for role in ("estimator", "regressor"):  # a search or TransformedTargetRegressor hands on what it does not know
            if getattr(estimator, role, None) is not None:
                return weight_parameter(getattr(estimator, role))
    return None


def no_weights(estimator):
    last = estimator.steps[-1][1] if isinstance(estimator, Pipeline) else estimator
    return f"{type(last).__name__} takes no sample_weight in fit."


def fit_weighted(estimator, X, y, sample_weight):
    """Fit an estimator in place, with weights unless they are None, and return it."""
    if sample_weight is None:
        return estimator.fit(X, y)
    name = weight_parameter(estimator)
    if name is None:
        raise ValueError(no_weights(estimator))
    return estimator.fit(X, y, **{name: sample_weight})
