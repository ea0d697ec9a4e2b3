"""What `compare` measures for classes, and how that is judged: ranks, decisions with tuned thresholds, probabilities.

Thresholds are tuned for all methods alike, so that a moved threshold is not taken for a better model.
"""

import time
from dataclasses import dataclass
from functools import partial
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.metrics import average_precision_score
from sklearn.model_selection import check_cv
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.validation import check_is_fitted

from skgan_resample._estimators import seeded_clone
from skgan_resample._statistics import corrected_interval, folds_agree
from skgan_resample._tables._containers import take_rows
from skgan_resample._tables._vectorizer import MatrixEncoder
from skgan_resample._thresholds import MEASURES, TUNED, best_cuts, brier_score, decide, decision_scores, prior_corrected
from skgan_resample._weights import fit_weighted, no_weights, weight_parameter
from skgan_resample.model_selection._methods import DUPLICATE, NONE, checked_methods, default_methods, named_estimators
from skgan_resample.model_selection._result import Judge, Plan, check_settings
from skgan_resample.model_selection._splits import (
    OUTER,
    Split,
    comparable_classes,
    few_rows_allowed,
    inner_folds,
    outer_folds,
    tuning_folds,
)
from skgan_resample.model_selection._tasks import evaluate_methods

NEIGHBORS = {"k_neighbors", "n_neighbors"}  # parameters of imbalanced-learn: neighbours within one class
SHOWN = ("average_precision", *(name + kind for name in TUNED for kind in ("", "_tuned")), "brier", "brier_corrected")
SCORE_LABELS = {
    "average_precision": "average precision",
    "f1": "F1 (thresholds tuned)",
    "g_mean": "the geometric mean of recalls (thresholds tuned)",
    "balanced_accuracy": "balanced accuracy (thresholds tuned)",
    "brier": "the Brier score (prior corrected)",
}
# Our choices: a smaller gain is not worth a step in a pipeline.
ONE_POINT = 0.01
BRIER_SHARE = 0.05  # of the Brier score of the estimator alone
FEW_IN_CLASS = 50  # fewer rows get a caveat


# ------------------------------------------------------------------------------------------------ fitting
@dataclass
class Fitted:
    """A model on a training part, and what its probabilities are corrected with."""

    vectorizer: MatrixEncoder
    model: object
    classes: np.ndarray  # of the whole table, (n_classes,)
    shares: np.ndarray  # of the classes in the rows (or weights) that were trained on, (n_classes,)
    prior: np.ndarray  # their shares in the real training rows, (n_classes,)
    facts: dict  # counts and seconds

    def probabilities(self, X):
        """Return probabilities, (n_samples, n_classes), 0 for a class that was not trained on; and corrected ones."""
        found = np.zeros((X.shape[0], len(self.classes)))
        known = np.searchsorted(self.classes, self.model.classes_)
        found[:, known] = self.model.predict_proba(X)
        return found, prior_corrected(found, self.shares, self.prior)


def fitted_models(method, estimators, X, y, classes, seed):
    """Resample or weigh a training part once and fit every estimator to it; return a `Fitted` by estimator."""
    vectorizer = MatrixEncoder().fit(X)
    X_train, y_train, weights, facts, sampling = _resampled(method, X, y, vectorizer, seed)
    codes = np.searchsorted(classes, y_train)
    prior = np.bincount(np.searchsorted(classes, y), minlength=len(classes)) / len(y)
    shares = np.bincount(codes, weights, minlength=len(classes))
    shares = shares / shares.sum()
    found = {}
    for name, estimator in estimators.items():
        started = time.perf_counter()
        model = seeded_clone(estimator, check_random_state(seed)) if len(np.unique(codes)) > 1 else DummyClassifier()
        fit_weighted(model, X_train, y_train, weights)
        seconds = sampling + time.perf_counter() - started
        own = {"n_train": len(y), "n_synthetic": 0, **facts, "seconds": seconds}
        found[name] = Fitted(vectorizer, model, classes, shares, prior, own)
    return found


def _resampled(method, X, y, vectorizer, seed):
    """Return a training part for the estimators: encoded rows, classes, weights or None, facts, seconds of sampling.

    One with a single class is not resampled.
    """
    if method is None or len(np.unique(y)) == 1:
        return vectorizer.transform(X), y, None, {}, 0.0
    started = time.perf_counter()
    if _weighs(method):
        weights, seconds = method.sample_weight(y), time.perf_counter() - started
        return vectorizer.transform(X), y, weights, {}, seconds
    sampler = seeded_clone(method, check_random_state(seed))
    _limit_neighbors(sampler, np.unique(y, return_counts=True)[1].min() - 1)
    is_raw = _takes_table(sampler, vectorizer)
    X_given = X if is_raw else vectorizer.transform(X)
    started = time.perf_counter()
    X_new, y_new = sampler.fit_resample(X_given, y)
    seconds = time.perf_counter() - started
    return vectorizer.transform(X_new) if is_raw else X_new, y_new, None, _facts_of(sampler, y, y_new), seconds


def _weighs(method):
    return hasattr(method, "sample_weight") and not hasattr(method, "fit_resample")


def _limit_neighbors(sampler, most):
    """Let a sampler of imbalanced-learn, or one inside of another, ask for no more neighbours than `most`."""
    for part in [sampler, *sampler.get_params().values()]:
        if type(part).__module__.startswith("imblearn.") and hasattr(part, "get_params"):
            asked = {name: k for name, k in part.get_params(deep=False).items() if name in NEIGHBORS}
            part.set_params(**{name: most for name, k in asked.items() if isinstance(k, Integral) and k > most > 0})


def _takes_table(sampler, vectorizer):
    """Whether a sampler takes the table itself: text, if there were any, and the missing cells that there are."""
    if not hasattr(sampler, "__sklearn_tags__"):
        return False
    tags = sampler.__sklearn_tags__().input_tags
    return tags.string and (tags.allow_nan or not any(column.has_missing for column in vectorizer.encoder_.columns_))


def _facts_of(sampler, y, y_new):
    """Return what a fitted sampler did."""
    is_synthetic = getattr(sampler, "is_synthetic_", None)
    n_new = max(0, len(y_new) - len(y)) if is_synthetic is None else np.count_nonzero(is_synthetic)
    facts = {"n_synthetic": int(n_new)}
    for part in (sampler, getattr(sampler, "sampler_", None)):
        share = getattr(part, "fallback_share_", None)
        if share is not None:
            facts["fallback_share"] = float(share)
    return facts


# ------------------------------------------------------------------------------------------------ measuring
@dataclass
class Part:
    """What one model predicts for the test rows of a split or inner fold, and what the truth is."""

    truth: np.ndarray  # ordinal-encoded classes, (n_test,)
    probabilities: np.ndarray  # (n_test, n_classes), 0 for a class that was not trained on
    corrected: np.ndarray  # the same after prior correction
    prior: np.ndarray  # (n_classes,), 1 for a class that was not trained on
    judged: np.ndarray  # classes that measures are made of
    positive: int | None
    facts: dict

    def measures(self, cuts):
        """Return all measures; `cuts` holds a threshold, or an exponent of the prior, by the measure it is best for."""
        truth, judged, positive = self.truth, self.judged, self.positive
        scored = judged if positive is None else [positive]
        found = {
            "average_precision": _mean([average_precision_score(truth == c, self.probabilities[:, c]) for c in scored]),
            "base_rate": _mean([np.mean(truth == c) for c in scored]),
            "brier": brier_score(truth, self.probabilities, positive),
            "brier_corrected": brier_score(truth, self.corrected, positive),
            **decision_scores(truth, self.probabilities.argmax(axis=1), judged, positive),
        }
        for name in TUNED:
            called = self.decide(cuts[name])
            found[f"{name}_tuned"] = decision_scores(truth, called, judged, positive)[name]
        return found

    def decide(self, cut):
        """Return the classes called with a threshold, or an exponent of the prior."""
        probabilities = self.corrected if self.positive is None else self.probabilities
        return decide(probabilities, cut, self.prior, self.positive)


@dataclass
class Problem:
    """A table and its classes, ordinal-encoded in `truth`; of two classes `positive` is the number of the smaller one.

    Shared by all tasks of a comparison.
    """

    X: object
    y: np.ndarray
    estimators: dict
    inner_cv: int = 3
    inner_rows: bool = False
    positive: int | None = None

    def __post_init__(self):
        self.classes, self.truth, counts = np.unique(self.y, return_inverse=True, return_counts=True)
        if len(self.classes) < 2:
            raise ValueError("The target has one class only: there is nothing to tell apart.")
        if self.positive is None and len(counts) == 2:
            self.positive = int(counts[1] <= counts[0])

    def judged(self, train, test):
        """Return the classes that measures are made of: none if nothing can be said."""
        found = np.intersect1d(self.truth[train], self.truth[test])
        return found if self.positive is None or self.positive in found else found[:0]

    def parts(self, method, estimators, train, test, seed):
        """Fit to a training part and predict a test part; return a `Part` by estimator."""
        X_test, found = take_rows(self.X, test), {}
        models = fitted_models(method, estimators, take_rows(self.X, train), self.y[train], self.classes, seed)
        for name, fitted in models.items():
            probabilities, corrected = fitted.probabilities(fitted.vectorizer.transform(X_test))
            found[name] = Part(
                self.truth[test],
                probabilities,
                corrected,
                np.where(fitted.prior > 0, fitted.prior, 1.0),
                self.judged(train, test),
                self.positive,
                {"n_test": len(test), **fitted.facts},
            )
        return found


def evaluate(X, y, splits, methods, estimators, *, inner_cv=3, inner_rows=False, random_state=0, **settings):
    """Fit every method with every estimator on every split and measure it on the real test rows, thresholds tuned.

    Every method is run anew in inner folds of the training part, "none" as well. Out-of-fold probabilities are pooled,
    and the threshold that is best on them is used on the test rows. A table is resampled once per fold, inner ones
    included, and the estimators share the result. `splits` are `Split` or tuples like it; one without inner folds gets
    `inner_cv` stratified ones, the same for all methods. With `inner_rows`, measures on inner folds are returned, too.

    A row of the result has fold, inner, method, estimator, the measures that `Comparison.values` names, n_train,
    n_test, n_synthetic and seconds; or fold, inner, method and error.

    Of two classes, the one with fewer rows in all of `y` is the positive one (of equal ones the last). Average
    precision, F1 and the Brier score are those of the positive class, and a row is positive when its probability
    reaches the threshold. Of more classes, measures are means over classes (the Brier score is a sum), and the
    "threshold" is one exponent: the class called is that of the largest ``p_c / prior_c**alpha``, where ``prior_c`` is
    the share of class c among the real training rows. alpha is 0, 0.05, ..., 1.5: 0 goes for the number of hits, 1
    gives classes equal weight. p is corrected for the prior first, so that alpha means the same with balanced rows.

    A class that is absent from the training or the test part is left out of means over classes; its rows count as
    errors of the others. Where nothing is left, or of two classes the positive one is absent, there is an error. A
    training part with one class only is not resampled, and predicts that class.
    """
    problem = Problem(X, column_or_1d(np.asarray(y)), estimators, inner_cv, inner_rows)
    depends_on = [*methods.values(), *estimators.values()]
    return evaluate_methods(run, problem, splits, methods, depends_on, random_state=random_state, **settings)


def run(problem, train, test, inside, method, seed, fingerprint):
    """Return one row of measures per estimator, for one method on one split, and of inner folds if that is wanted."""
    if not len(problem.judged(train, test)):
        raise ValueError("The training or the test part lacks the class that is to be judged.")
    usable, rows = {}, []
    for name, estimator in problem.estimators.items():
        if _weighs(method) and weight_parameter(estimator) is None:
            rows.append({"estimator": name, "error": no_weights(estimator)})
        else:
            usable[name] = estimator
    if not usable:
        return rows
    folds = tuning_folds(problem.y[train], problem.inner_cv, seed) if inside is None else inside
    inner = [problem.parts(method, usable, train[part], train[held_out], seed) for part, held_out in folds]
    outer = problem.parts(method, usable, train, test, seed)  # last: it is timed, and torch is loaded by now
    for name in usable:
        parts = [found[name] for found in inner]
        rows.append({"estimator": name, **outer[name].facts, **outer[name].measures(best_cuts(parts))})
        for number, part in enumerate(parts):
            if problem.inner_rows and len(part.judged):
                cuts = best_cuts([other for other in parts if other is not part])
                rows.append({"inner": number, "estimator": name, **part.facts, **part.measures(cuts)})
    return rows


def _mean(values):
    return float(np.mean(values))


class MethodClassifier(ClassifierMixin, BaseEstimator):
    """A classifier with a method for imbalanced classes, fitted as `compare` fits it.

    The table is encoded, resampled (or its rows are weighted), and given to the estimator; then the threshold is tuned,
    or the prior corrected. `compare` recommends one by ``comparison.pipeline()``.

    Parameters
    ----------
    estimator : classifier
        With ``predict_proba``. It is cloned, and given the encoded table.
    method : sampler, object with ``sample_weight(y)``, or None, default=None
        A sampler that takes text gets the table, others get it encoded. One of imbalanced-learn asks for no more
        neighbours than the smallest class has. None is the estimator alone.
    tuned_for : {"f1", "g_mean", "balanced_accuracy"}, default=None
        What `predict` is to be good in: the threshold that is best on pooled out-of-fold probabilities decides; with
        more than two classes it is an exponent of the prior. With None the most probable class is predicted.
    prior_correction : bool, default=False
        Whether probabilities are corrected for the shares of the classes that the method has changed.
    cv : int, splitter or iterable, default=3
        Inner folds for `tuned_for`.
    pos_label : label, default=None
        Of two classes, the positive one; None is the one of fewer rows.
    random_state : int, RandomState instance or None, default=None
        For every random_state in `method` and `estimator` that is None, and for the folds of an int `cv`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted.
    cut_ : float or None
        The threshold, or the exponent of the prior.

    Examples
    --------
    >>> from imblearn.over_sampling import SMOTE
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skgan_resample.model_selection import MethodClassifier
    >>> X, y = make_classification(300, weights=[0.9], random_state=0)
    >>> model = MethodClassifier(LogisticRegression(), method=SMOTE(), tuned_for="f1", random_state=0).fit(X, y)
    >>> 0 < model.cut_ < 1
    True
    """

    def __init__(
        self, estimator, *, method=None, tuned_for=None, prior_correction=False, cv=3, pos_label=None, random_state=None
    ):
        self.estimator = estimator
        self.method = method
        self.tuned_for = tuned_for
        self.prior_correction = prior_correction
        self.cv = cv
        self.pos_label = pos_label
        self.random_state = random_state

    def fit(self, X, y):
        """Tune the threshold on inner folds, if that is wanted, and fit to all rows.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            Numbers, text, dates, missing cells.
        y : array-like of shape (n_samples,)
            Classes.

        Returns
        -------
        self : MethodClassifier
            The fitted classifier.
        """
        y, estimators = column_or_1d(np.asarray(y)), {"": self.estimator}
        problem = Problem(X, y, estimators)
        if problem.positive is not None and self.pos_label is not None:
            problem.positive = _position_of(self.pos_label, problem.classes.tolist())
        seed, cut = self.random_state, None
        if self.tuned_for is not None:
            if isinstance(self.cv, Integral):
                folds = tuning_folds(y, self.cv, seed)
            else:
                with few_rows_allowed():
                    folds = list(check_cv(self.cv).split(np.zeros(len(y)), y))
            parts = [problem.parts(self.method, estimators, train, test, seed)[""] for train, test in folds]
            cut = best_cuts(parts)[self.tuned_for]
        fitted = fitted_models(self.method, estimators, X, y, problem.classes, seed)[""]
        self.classes_, self.cut_, self._positive, self._fitted = problem.classes, cut, problem.positive, fitted
        return self

    def predict(self, X):
        """Predict the class.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            As in `fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Labels as in `classes_`.
        """
        check_is_fitted(self)
        plain, corrected = self._fitted.probabilities(self._fitted.vectorizer.transform(X))
        if self.cut_ is None:
            return self.classes_[(corrected if self.prior_correction else plain).argmax(axis=1)]
        probabilities = corrected if self._positive is None else plain
        return self.classes_[decide(probabilities, self.cut_, self._fitted.prior, self._positive)]

    def predict_proba(self, X):
        """Predict probabilities of the classes, corrected if ``prior_correction``.

        Parameters
        ----------
        X : table of shape (n_samples, n_features)
            As in `fit`.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        check_is_fitted(self)
        plain, corrected = self._fitted.probabilities(self._fitted.vectorizer.transform(X))
        return corrected if self.prior_correction else plain


def _position_of(label, classes):
    """Return where a class stands among the classes; `compare` reads labels of unusual types as text."""
    for number, each in enumerate(classes):
        if each == label or str(each) == str(label):
            return number
    raise ValueError(f"pos_label={label!r} is none of the classes {classes}.")


# ------------------------------------------------------------------------------------------------ the plan
def assembled(scoring, positive, method, estimator, folds, seed):
    """Return a method with its estimator, unfitted and seeded, as it is judged by a score."""
    return MethodClassifier(
        estimator,
        method=method,
        tuned_for=scoring if scoring in TUNED else None,
        prior_correction=scoring == "brier",
        cv=folds,
        pos_label=positive,
        random_state=seed,
    )


def classification_plan(
    X, y, *, methods=None, estimators=None, scoring=None, cv=5, n_repeats=None, inner_cv=3, groups=None, random_state=0
):
    """Return what `compare` runs and judges for classes; the parameters are those of `compare`."""
    y, scoring = comparable_classes(y), scoring or "average_precision"
    check_settings(X, y, random_state, scoring, MEASURES)
    methods = checked_methods("classification", methods, default_methods("classification"))
    estimators = named_estimators("classification", estimators)
    labels, counts = np.unique(y, return_counts=True)
    counts = dict(zip(labels.tolist(), counts.tolist()))
    inner = inner_folds(y, cv, inner_cv, groups, random_state, is_regression=False)
    outer = outer_folds(X, y, cv, n_repeats or 2, groups, random_state, needs_all=len(labels) == 2)
    splits = [Split(fold, OUTER, train, test, inner(train)) for fold, (train, test) in enumerate(outer)]
    return Plan(
        evaluate=partial(evaluate, X, y, splits, methods, estimators, inner_rows=True),
        judge=partial(ClassificationJudge, scoring=scoring, n_rows=len(y), counts=counts),
        assemble=partial(assembled, scoring, smaller_class(counts)),
        methods=methods,
        estimators=estimators,
        splits=splits,
        inner=inner,
    )


def smaller_class(counts):
    """Return the label of the smaller of two classes (of equal ones the last); None for more classes."""
    return min(reversed(counts), key=counts.get) if len(counts) == 2 else None


# ------------------------------------------------------------------------------------------------ judging
@dataclass(kw_only=True)
class ClassificationJudge(Judge):
    """Judges scores of classes, as differences to those of the estimator alone."""

    counts: dict  # rows by class

    task = "classification"
    score_labels = SCORE_LABELS
    unchanged = SHOWN
    null_model = ("ranks rows better than chance", "the classes")

    @property
    def minimum(self):
        """The minimum relevant difference."""
        return BRIER_SHARE if self.scoring == "brier" else ONE_POINT

    @property
    def minimum_in_words(self):
        """The minimum relevant difference as text."""
        return f"{f'{self.minimum:.0%}' if self.scoring == 'brier' else f'{self.minimum:g}'} in {self.score_label}"

    @property
    def facts(self):
        """Rows by class, and the positive class."""
        return {"counts": self.counts, "positive": smaller_class(self.counts)}

    def gains(self, method, *, base=None, fold=None):
        """Return differences in what was asked for; for the Brier score as a share of the mean of that of "none"."""
        measure = MEASURES[self.scoring]
        ours, theirs, usual = (self.measured(measure, name, fold) for name in (method, base or NONE, NONE))
        if not ours.size:
            return np.empty(0)
        differences = ours - theirs
        if self.scoring == "brier":
            usual = usual.mean(axis=0)
            differences = -differences / np.where(usual > 0, usual, 1.0)
        return differences.mean(axis=1)

    def scores(self, method):
        """Return the score, higher is better."""
        return self.measured(MEASURES[self.scoring], method) * (-1 if self.scoring == "brier" else 1)

    def interval(self, gains, methods=()):
        """Return mean, low, high and p-value of differences by fold.

        Folds may agree because a score of decisions or ranks moves in steps, one row of a class at a time: then the
        number of rows of the smallest class says how sure that is.
        """
        moves_in_steps = self.scoring != "brier" and not all(map(self.changes_nothing, set(methods)))
        n_rows = min(self.counts.values()) if moves_in_steps and folds_agree(gains) else None
        return corrected_interval(gains, self.test_share, n_rows=n_rows)

    def over_null(self, name):
        """Return mean, low and high of how much more average precision a method has than chance."""
        base, found = (self.measured(measure, name).mean(axis=1) for measure in ("base_rate", "average_precision"))
        n_rows = min(self.counts.values()) if folds_agree(found - base) else None
        return corrected_interval(found - base, self.test_share, n_rows=n_rows)[:3]

    # ---------------------------------------------------------------------------------------- summary and words
    def summary_row(self, name, methods):
        """Return the gain over "none" with its interval, and the means of all measures."""

        def gather(values_of):
            return np.array([values_of(method)[i] for i, method in enumerate(methods)])

        mean, low, high, p = self.interval(gather(self.gains), methods)
        row = {"gain": mean, "low": low, "high": high, "p": p}
        for measure in (*SHOWN, "n_synthetic", "seconds"):
            row[measure] = float(gather(lambda method, measure=measure: self.measured(measure, method)).mean())
        return row

    def in_words(self, gain):
        """Return a gain as text: a percentage for the Brier score, else a number."""
        if not np.isfinite(gain):
            return f"{gain:+}"
        return f"{gain:+z.0%}" if self.scoring == "brier" else f"{gain:+z.3f}"

    def effect_sentence(self, row):
        """Return what a method does to the score."""
        measure = MEASURES[self.scoring]
        gain, low, high = (self.in_words(row[name]) for name in ("gain", "low", "high"))
        return (
            f"{row['method']!r} changes {self.score_label} from {self.results[NONE][measure]:.3g} to "
            f"{row[measure]:.3g}, a gain of {gain} (95 % interval {low} to {high})."
        )

    def recommendation(self, row):
        """Return what a method does that helps, and whether mere copies do as much."""
        name = row["method"]
        if name not in self.samplers or name == DUPLICATE:
            return f"A simpler remedy than new rows of small classes: {self.effect_sentence(row)}"
        if DUPLICATE not in self.methods:
            return self.effect_sentence(row)
        mean, low, high, _ = self.interval(self.gains(name, base=DUPLICATE), [name])
        found = "more than" if low > 0 else "no more than" if high < self.minimum else "not proven to be more than"
        return (
            f"{self.effect_sentence(row)} That is {found} copies of rows of all classes give ({self.in_words(mean)})."
        )

    def weaknesses(self):
        """Return caveats on what only the usual threshold shows, and on a small class."""
        found = []
        none, *others = (self.results[name] for name in self.methods)
        flattered = max(others, key=lambda row: row["f1"], default=none)
        if flattered["f1"] - none["f1"] >= ONE_POINT and none["f1_tuned"] >= flattered["f1"] - ONE_POINT:
            found.append(
                f"At the usual threshold {flattered['method']!r} has a better F1 ({flattered['f1']:.2f}) than the "
                f"estimator alone ({none['f1']:.2f}); a tuned threshold gives the estimator alone "
                f"{none['f1_tuned']:.2f}, without any new row."
            )
        label, least = min(self.counts.items(), key=lambda item: item[1])
        if least < FEW_IN_CLASS:
            found.append(
                f"The smallest class, {label!r}, has {least} rows: every fold tests on about "
                f"{max(1, round(least * self.test_share / (1 + self.test_share)))} of them."
            )
        return found
