"""The recommended model as an estimator, and the estimator alone beside it.

To be replaced by `Comparison.pipeline()`; until then the models are put together here from the parts of the engine.
"""

from imblearn.pipeline import make_pipeline as make_sampling_pipeline
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold, TunedThresholdClassifierCV
from sklearn.pipeline import make_pipeline

from skgan_resample._tables._vectorizer import MatrixEncoder
from skgan_resample._thresholds import TUNED
from skgan_resample.compose import ResampledClassifier
from skgan_resample.model_selection import _classification, _methods, _robustness

INNER = 3  # inner folds of all comparisons


def recommended_models(comparison, request, scorer=None):
    """Return the estimator alone and, if one is recommended, the method, by name; `scorer` is what tunes thresholds."""
    method, task = comparison.verdict.method, request.table.task
    if task == "robustness":
        known = _robustness.check_methods(None, request.threat_model, request.table.X, request.estimator)
        alone = "learner" if "learner" in known and "learner" in comparison.methods else "none"
        return {name: known[name] for name in dict.fromkeys((alone, method)) if name is not None}
    if task == "regression":
        known = _methods.default_methods(request.relevance, request.threshold)
        alone = make_pipeline(MatrixEncoder(), request.estimator or _methods.default_learner())
        build = _around_regressor
    else:
        known = _classification.default_methods()
        alone = make_pipeline(MatrixEncoder(), request.estimator or _classification.default_learner())
        build = _around_classifier
    models = {"none": alone}
    if method is not None:
        models[method] = build((known | _methods.named_samplers(known))[method], alone, comparison, request)
    if task == "classification" and comparison.scoring in TUNED and comparison.positive is not None:
        models = {name: _tuned(model, comparison, request, scorer) for name, model in models.items()}
    return models


def _around_regressor(method, alone, comparison, request):
    if hasattr(method, "fit_resample"):
        return make_sampling_pipeline(method, *(step for _, step in alone.steps))
    return _methods.wrap(method, alone)


def _around_classifier(method, alone, comparison, request):
    """Return a method for classes around the estimator; judged by the Brier score, its prior is corrected."""
    vectorizer, estimator = (step for _, step in alone.steps)
    corrects = comparison.scoring == "brier"
    if not hasattr(method, "fit_resample"):
        return make_pipeline(vectorizer, _methods.ClassWeighted(estimator, prior_correction=corrects))
    _ask_for_fewer_neighbors(method, comparison)
    encoder = MatrixEncoder().fit(request.table.X)
    takes_table = _classification.takes_table(method, encoder)
    if corrects:
        inside = alone if takes_table else estimator
        resampled = ResampledClassifier(method, inside, prior_correction=True)
        return resampled if takes_table else make_pipeline(vectorizer, resampled)
    steps = (method, vectorizer) if takes_table else (vectorizer, method)
    return make_sampling_pipeline(*steps, estimator)


def _ask_for_fewer_neighbors(sampler, comparison):
    """Let a sampler of imbalanced-learn ask for no more neighbours than the smallest class has in a training part."""
    least = min(comparison.counts.values()) / (1 + comparison.test_share)
    is_tuned = comparison.scoring in TUNED and comparison.positive is not None
    _classification.limit_neighbors(sampler, int(least * (1 - 1 / INNER if is_tuned else 1)) - 1)


def _tuned(model, comparison, request, scorer):
    """Return a model with a tuned threshold; the comparison tunes on the pooled predictions of its inner folds."""
    least = min(comparison.counts.values())
    is_plain = request.table.times is None and request.table.groups is None
    n_folds = min(INNER, least - -(-least // request.cv)) if is_plain else INNER  # rows of the class in training
    if n_folds < 2:
        return model
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=request.seed)
    return TunedThresholdClassifierCV(clone(model), scoring=scorer, cv=folds)
