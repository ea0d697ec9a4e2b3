"""What `compare` measures under attack, and how that is judged: what adversarial training buys, and what it costs.

Every method meets the same folds and is attacked with the same budget, in the units of the columns.
"""

import time
from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.utils import check_random_state

from skgan_resample._estimators import seeded_clone
from skgan_resample._robust_at import RobustATWrapper
from skgan_resample._statistics import ALPHA, corrected_interval
from skgan_resample._tables._containers import take_rows
from skgan_resample._tables._vectorizer import MatrixEncoder
from skgan_resample.metrics import make_robust_scorer
from skgan_resample.model_selection._methods import (
    ALWAYS,
    AT,
    AUTO,
    NONE,
    STRONGER,
    checked_methods,
    default_methods,
    named_estimators,
)
from skgan_resample.model_selection._result import Judge, Plan, Verdict, check_settings
from skgan_resample.model_selection._splits import OUTER, Split, comparable_classes, outer_folds
from skgan_resample.model_selection._tasks import evaluate_methods
from skgan_resample.threat import ThreatModel

BLACK_BOX = "black-box"  # the weaker attack, as `make_robust_scorer` calls it
ONE_POINT = 0.01  # a smaller difference of accuracy is not worth a longer training: our choice
TRAINING, TREATMENT = "Adversarial training", "Treating robust overfitting"


# ------------------------------------------------------------------------------------------------ measuring
@dataclass
class Problem:
    """What all tasks share."""

    X: object
    y: np.ndarray
    threat: ThreatModel


def evaluate(X, y, splits, methods, threat, **settings):
    """Fit every method on every split and attack it on the test rows; return one row per split and method."""
    depends_on = [threat, *methods.values()]
    return evaluate_methods(run, Problem(X, y, threat), splits, methods, depends_on, **settings)


def run(problem, train, test, inside, method, seed, fingerprint):
    """Return the measures of one method on one split, as one row."""
    X, y = problem.X, problem.y
    model = assembled(method, None, inside, seed)
    started = time.perf_counter()
    model.fit(take_rows(X, train), y[train])
    seconds = time.perf_counter() - started
    found = make_robust_scorer(problem.threat, random_state=seed).report(model, take_rows(X, test), y[test])
    strategy = getattr(model, "strategy_", None)
    return [
        {
            "attack": found["attack"],
            "n_train": len(train),
            "n_test": len(test),
            "clean": found["clean"],
            "robust": found["robust"],
            "commonest": accuracy_of_commonest(y, train, test),
            "ro_detected": getattr(model, "ro_detected_", None),
            "ro_gap": getattr(model, "ro_gap_", None),
            "ro_power": getattr(model, "ro_power_", None),
            "strategy": strategy,
            "treated": None if strategy is None else strategy != "plain",
            "best_epoch": getattr(model, "best_epoch_", None),
            "seconds": seconds,
        }
    ]


def assembled(method, estimator, folds, seed):
    """Return a method, unfitted and seeded."""
    return seeded_clone(method, check_random_state(seed))


# ------------------------------------------------------------------------------------------------ the plan
def robustness_plan(
    X, y, *, threat_model, methods=None, estimators=None, cv=5, n_repeats=None, groups=None, random_state=0
):
    """Return what `compare` runs and judges under attack; the parameters are those of `compare`."""
    if not isinstance(threat_model, ThreatModel):
        raise TypeError(f"threat_model must be a ThreatModel, got {threat_model!r}.")
    y = comparable_classes(y)
    threat = clone(threat_model).fit(X)
    check_settings(X, y, random_state)
    switches = threat.max_categorical_changes and (threat.switchable_.any() or threat.groups_)
    if not switches and not (threat.left_ > 0).any() and not (threat.right_ > 0).any():
        raise ValueError("The threat model changes no row; give a larger eps, or a column that can be moved.")
    known = default_methods("robustness", threat_model=threat_model, X=X)
    methods = checked_methods("robustness", methods, known)
    own = {} if estimators is None else named_estimators("robustness", estimators)
    for name, estimator in own.items():
        is_ours = isinstance(estimator, RobustATWrapper)
        methods[name] = estimator if is_ours else make_pipeline(MatrixEncoder(), estimator)
    folds = outer_folds(X, y, cv, n_repeats or 1, groups, random_state)
    splits = [Split(fold, OUTER, train, test) for fold, (train, test) in enumerate(folds)]
    judge = partial(RobustnessJudge, n_rows=len(y), threat_model=threat.explain(), classes=np.unique(y).tolist())
    return Plan(
        evaluate=partial(evaluate, X, y, splits, methods, threat),
        judge=judge,
        assemble=assembled,
        methods=methods,
        estimators={None: None},
        splits=splits,
        needed=ALWAYS["robustness"],
        must_not_fail=ALWAYS["robustness"],
    )


# ------------------------------------------------------------------------------------------------ judging
@dataclass(kw_only=True)
class RobustnessJudge(Judge):
    """Judges accuracies under attack, as differences to plain adversarial training ("at").

    It answers two questions: does adversarial training raise robust accuracy, and does treating robust overfitting?
    """

    threat_model: str
    classes: list

    task = "robustness"
    score_labels = {None: "accuracy under attack"}
    baseline = AT
    chooses = False
    minimum = ONE_POINT

    @property
    def commonest(self):
        """Accuracy of always answering the commonest class, by fold."""
        return self.accuracies("commonest", AT)

    @property
    def facts(self):
        """The attack, the classes and what is known of the folds."""
        return {
            "threat_model": self.threat_model,
            "classes": self.classes,
            "n_tested": self.n_tested,
            "commonest": self.commonest.tolist(),
        }

    def accuracies(self, measure, method):
        """Return a measure by fold."""
        return self.measured(measure, method)[:, 0]

    def gains(self, method, *, base=None, fold=None):
        """Return differences of robust accuracy."""
        return self.accuracies("robust", method) - self.accuracies("robust", base or AT)

    def scores(self, method):
        """Return the robust accuracy."""
        return self.measured("robust", method)

    def interval(self, gains, methods=()):
        """Return mean, low, high and p-value of paired differences of accuracy by fold."""
        return corrected_interval(gains, self.test_share, n_rows=self.n_tested)

    def difference(self, measure, method, base):
        """Return mean, low, high and p-value of a measure of one method minus that of another."""
        return self.interval(self.accuracies(measure, method) - self.accuracies(measure, base))

    def is_plain(self, name):
        """Whether a method is "at" itself, or did in every fold exactly what "at" does."""
        if name == AUTO and not any(self.accuracies("treated", AUTO)):
            return all(
                (self.accuracies(measure, AUTO) == self.accuracies(measure, AT)).all()
                for measure in ("clean", "robust")
            )
        return name == AT

    def summary_row(self, name, methods):
        """Return accuracies and differences to "at" with their intervals, what was found and treated, and seconds."""
        attacks = self.accuracies("attack", name).tolist()
        row = {"attack": BLACK_BOX if BLACK_BOX in attacks else attacks[0]}
        for measure in ("clean", "robust"):
            mean, low, high, _ = self.interval(self.accuracies(measure, name))
            row |= {measure: mean, f"{measure}_low": max(low, 0.0), f"{measure}_high": min(high, 1.0)}
        columns = {
            "robust": ("gain", "low", "high", "p"),
            "clean": ("clean_gain", "clean_gain_low", "clean_gain_high", "clean_p"),
        }
        for measure, names in columns.items():
            found = (0.0, 0.0, 0.0, np.nan) if self.is_plain(name) else self.difference(measure, name, AT)
            row |= dict(zip(names, found))
        detected, treated = (self.accuracies(fact, name).tolist() for fact in ("ro_detected", "treated"))
        nobody_looked = set(detected) == {None}
        row["ro_detected"] = None if nobody_looked else detected.count(True)
        row["treated"] = None if nobody_looked else treated.count(True)
        row["seconds"] = float(self.accuracies("seconds", name).mean())
        if row["attack"] == BLACK_BOX:
            row["p"] = np.nan  # attacked more weakly than "at": no fair test
        return row

    # ---------------------------------------------------------------------------------------- the two answers
    def judge(self):
        """Return the verdict: the answer on training, the method to use, and both answers as `parts`."""
        parts = {TRAINING: self._judge_training()}
        if AUTO in self.methods:
            parts[TREATMENT] = self._judge_treatment()
        training, treatment = parts[TRAINING], parts.get(TREATMENT)
        method = treatment.method if treatment and treatment.method and training.method else training.method
        sentence = " ".join(f"{question}: {part.answer}. {part.sentence}" for question, part in parts.items())
        return Verdict(training.answer, method, sentence, training.rows_needed, training.numbers, parts)

    def _judge_training(self):
        """Does adversarial training raise robust accuracy, and at which cost in clean accuracy?"""
        none, at = self.results[NONE], self.results[AT]
        mean, low, high, _ = self.difference("robust", AT, NONE)
        clean, clean_low, clean_high, _ = self.difference("clean", AT, NONE)
        cost = "" if clean_high < 0 else ", so a cost is not proven" if clean_low < 0 else ", so there is none"
        effect = (
            f"Robust accuracy is {none['robust']:.1%} without it and {at['robust']:.1%} with it: "
            f"{points(mean, low, high)}. Its cost: clean accuracy is {none['clean']:.1%} and {at['clean']:.1%}, "
            f"{points(clean, clean_low, clean_high)}{cost}."
        )
        base = float(np.mean(self.commonest))
        over, _, most, _ = self.interval(self.accuracies("robust", AT) - self.commonest)
        right = f"Under this attack the trained network is right on {at['robust']:.1%} of the rows,"
        always = f"more than always answering the commonest class ({base:.1%}): the budget"
        if most <= 0:
            sentence = f"{right} which is no {always} leaves nothing to learn. {effect}"
            return Verdict("does not help", None, sentence, numbers=at)
        row = {"gain": mean, "low": low, "high": high, "p_holm": none["p_holm"]}
        verdict = self._answer(AT, row, effect)
        if over <= 0 and verdict.answer != "does not help":
            sentence = f"{right} not shown to be {always} may leave nothing to learn. {effect}"
            return Verdict("cannot tell", None, sentence, numbers=row)
        return verdict

    def _judge_treatment(self):
        """Does treating robust overfitting help, and is it more than training against a larger budget?"""
        row = self.results[AUTO]
        found, folds = row["ro_detected"], f"{self.n_folds} folds"
        if self.is_plain(AUTO) and found:
            sentence = (
                f"Robust overfitting was found in {found} of {folds}, but no treatment did better on held-out rows, so "
                "'auto' trained as 'at' does."
            )
            return Verdict("does not help", None, sentence, numbers=row)
        if self.is_plain(AUTO):
            power = [p for p in self.accuracies("ro_power", AUTO) if p is not None and np.isfinite(p)]
            chance = f"{min(np.mean(power), 0.99):.0%}" if power else ""
            seen = f" (one that costs 5 points would be found with a chance of {chance})" if power else ""
            sentence = (
                f"No robust overfitting was found in {folds}{seen}, so there was nothing to treat and 'auto' trained "
                "as 'at' does."
            )
            return Verdict("does not help", None, sentence, numbers=row)
        effect = (
            f"Robust overfitting was treated in {row['treated'] or 0} of {folds}. Over all folds 'auto' changes the "
            f"robust accuracy of 'at' by {points(row['gain'], row['low'], row['high'])} and its clean accuracy by "
            f"{points(row['clean_gain'], row['clean_gain_low'], row['clean_gain_high'])}."
        )
        verdict = self._answer(AUTO, row, effect)
        verdict.sentence += self._against_stronger()
        return verdict

    def _against_stronger(self):
        """Return a sentence on "auto" against the control, training with 1.5 times the budget."""
        if STRONGER not in self.methods:
            return ""
        mean, low, high, _ = self.difference("robust", AUTO, STRONGER)
        if low > 0:
            found = "that is more than training at 1.5 x eps gives"
        elif high < ONE_POINT:
            found = "training at 1.5 x eps gives as much"
        else:
            found = "whether that is more than training at 1.5 x eps gives cannot be told"
        return f" Against 'at-1.5' the difference is {points(mean, low, high)}: {found}."

    def _answer(self, method, row, effect):
        """Return the verdict on a gain of robust accuracy, given as a dict with gain, low, high and p_holm."""
        if self.is_better(row) and row["p_holm"] < ALPHA and row["gain"] >= ONE_POINT:
            return Verdict("helps", method, effect, numbers=row)
        if not self.is_possible(row):
            return Verdict("does not help", None, f"{effect} A gain of one point is excluded.", numbers=row)
        n_tests = sum(not np.isnan(each["p"]) for each in self.results.values())
        needed = self.rows_needed(row, n_tests)
        return Verdict("cannot tell", None, f"{effect}{self.advice(row, needed, n_tests)}", needed, row)

    def weaknesses(self):
        """Return a caveat for each method that was attacked more weakly."""
        found = []
        for name, row in self.results.items():
            if row["attack"] == BLACK_BOX:
                proven = " Even so it is less robust than 'at'." if row["high"] < 0 else ""
                found.append(
                    f"{name!r} was attacked more weakly than the others, by a search that sees predictions only: its "
                    f"robust accuracy can be lower than shown.{proven}"
                )
        return found


def points(mean, low, high):
    """Return a difference of accuracies with its 95 % interval, in words."""
    return f"{100 * mean:+z.1f} points ({100 * low:+z.1f} to {100 * high:+z.1f})"


def accuracy_of_commonest(y, train, test):
    """Return the accuracy of always answering the commonest class."""
    labels, counts = np.unique(y[train], return_counts=True)
    return float(np.mean(y[test] == labels[counts.argmax()]))
