"""compare_robustness(): what does adversarial training buy on this table, at what price, and is treating it worth it?

Every method meets the same folds and is attacked with the same budget, in the units of the columns.
"""

import time
from dataclasses import dataclass, field
from numbers import Real

import numpy as np
from sklearn.base import clone, is_regressor
from sklearn.pipeline import make_pipeline
from sklearn.utils.validation import check_consistent_length

from skgan_resample._estimators import seeded_clone
from skgan_resample._robust_at import RobustATWrapper
from skgan_resample._statistics import ALPHA, corrected_interval, holm, rows_needed
from skgan_resample._tables._containers import take_rows
from skgan_resample._tables._vectorizer import MatrixEncoder
from skgan_resample.metrics import make_robust_scorer
from skgan_resample.model_selection._result import FEW_ROWS, OUTER, Summarized, Verdict
from skgan_resample.model_selection._splits import check_settings, class_splits, comparable_classes
from skgan_resample.model_selection._tasks import finished_folds, mean_test_share, run_tasks, task_seed
from skgan_resample.threat import ThreatModel

NONE, AT, STRONGER, AUTO, LEARNER = "none", "at", "at-1.5", "auto", "learner"


YARDSTICKS = (NONE, AT)  # always compared: the answers are differences to them
FACTOR = 1.5  # of the budget in the control
WORTHWHILE = 0.01  # a smaller difference of accuracy is not worth a longer training
BLACK_BOX = "black-box"  # the weaker attack, as `make_robust_scorer` calls it


# ------------------------------------------------------------------------------------------------ what is compared
def default_methods(threat_model, X):
    """Return the methods that `compare_robustness` tries, from the simplest to the most involved.

    They train against the budget that `threat_model` has on all rows of `X`, in the units of the columns: the same with
    which they are attacked later.

    Parameters
    ----------
    threat_model : ThreatModel
    X : table of shape (n_samples, n_features)

    Returns
    -------
    methods : dict
        Name to RobustATWrapper.
    """
    threat, stronger = (_in_column_units(threat_model, X, factor) for factor in (1, FACTOR))
    no_threat = clone(threat).set_params(eps=0, max_categorical_changes=0)
    return {
        NONE: RobustATWrapper(threat_model=no_threat, ro_strategy=None, cv=None),
        AT: RobustATWrapper(threat_model=threat, ro_strategy=None),
        STRONGER: RobustATWrapper(threat_model=stronger, ro_strategy=None),
        AUTO: RobustATWrapper(threat_model=threat, ro_strategy="auto"),
    }


def _in_column_units(threat_model, X, factor):
    """Return an unfitted threat model that says in raw units what `threat_model` with `factor` x eps means on `X`."""
    fitted = clone(threat_model).set_params(eps=_times(threat_model.eps, factor)).fit(X)
    raw = clone(threat_model).set_params(eps=list(zip(fitted.left_.tolist(), fitted.right_.tolist())), unit="raw")
    if isinstance(threat_model.bounds, str):
        names = [column.name for column in fitted.encoder_.columns_]
        raw.set_params(bounds=dict(zip(names, zip(fitted.low_.tolist(), fitted.high_.tolist()))))
    return raw


def _times(eps, factor):
    """Return a budget in any of the forms that ThreatModel takes, multiplied."""
    if isinstance(eps, Real):
        return eps * factor
    if isinstance(eps, dict):
        return {name: _times(value, factor) for name, value in eps.items()}
    return (tuple if isinstance(eps, tuple) else list)(_times(value, factor) for value in eps)


# ------------------------------------------------------------------------------------------------ the engine
def _measure(X, y, splits, methods, threat, *, random_state, n_jobs, memory, max_time, callback):
    """Fit every method on every split and attack it on the test rows.

    Each (split, method) is one task: tasks run in parallel, are kept in `memory`, and an interrupted run goes on where
    it stopped.

    Returns
    -------
    rows : list of dict
        One per split and method: fold, method and the measures of `_run_task`, or fold, method and error.
    """
    tasks = [
        (
            {"fold": fold, "method": name},
            (X, y, *splits[fold], methods[name], threat, task_seed(random_state, fold)),
        )
        for fold in range(len(splits))
        for name in methods
    ]
    return run_tasks(
        _run_task,
        tasks,
        [threat, *methods.values()],
        n_jobs=n_jobs,
        memory=memory,
        max_time=max_time,
        callback=callback,
    )


def _run_task(X, y, train, test, method, threat, seed, code):
    """Return the measures of one method on one split, as one row; `code` only tells cached results apart."""
    model = seeded_clone(method, np.random.RandomState(seed))
    started = time.perf_counter()
    model.fit(take_rows(X, train), y[train])
    seconds = time.perf_counter() - started
    found = make_robust_scorer(threat, random_state=seed).report(model, take_rows(X, test), y[test])
    strategy = getattr(model, "strategy_", None)
    return [
        {
            "attack": found["attack"],
            "n_train": len(train),
            "n_test": len(test),
            "clean": found["clean"],
            "robust": found["robust"],
            "ro_detected": getattr(model, "ro_detected_", None),
            "ro_gap": getattr(model, "ro_gap_", None),
            "ro_power": getattr(model, "ro_power_", None),
            "strategy": strategy,
            "treated": None if strategy is None else strategy != "plain",
            "best_epoch": getattr(model, "best_epoch_", None),
            "seconds": seconds,
        }
    ]


# ------------------------------------------------------------------------------------------------ the comparison
def compare_robustness(
    X,
    y,
    threat_model,
    *,
    methods=None,
    learner=None,
    cv=5,
    n_repeats=1,
    groups=None,
    random_state=0,
    n_jobs=None,
    memory=None,
    max_time=None,
    callback=None,
):
    """Find out what adversarial training buys on this table, at what price, and whether treating it helps.

    The threat model is resolved once, on the features of all rows, into the units of the columns. All methods train
    against this budget and are attacked with it on the test rows of the same folds.

    Parameters
    ----------
    X : array-like or pandas, polars or pyarrow table of shape (n_samples, n_features)
        Real rows; numbers, and nominal columns if the threat model leaves them or switches their levels.
    y : array-like of shape (n_samples,)
        Classes: text, booleans, or at most 30 different whole numbers.
    threat_model : ThreatModel
        What an attacker may change. A clone is fitted to `X`, whether it was fitted before or not.
    methods : list of names, dict or None, default=None
        "none": the network trained without attacks. "at": adversarial training, stopped where held-out rows say.
        "at-1.5": the same with 1.5 times the budget, which explains most of what stronger treatments gain. "auto": as
        "at", and robust overfitting is treated where it is found. Or name to classifier; they are attacked as
        `make_robust_scorer` can. "none" and "at" are always added: the answers are differences to them. None
        is all four.
    learner : classifier, default=None
        Your own model, compared as "learner". Missing cells and nominal columns are encoded for it. Unless it is one of
        the networks and linear models whose gradient `make_robust_scorer` knows, it is attacked by a black-box search,
        which finds less than the attacks on the others, so no p-value is given for it.
    cv : int, splitter or iterable, default=5
        Folds. An int is stratified by class and shuffled; rows of one group stay together.
    n_repeats : int, default=1
        How often an int `cv` is repeated with other folds.
    groups : array-like of shape (n_samples,), default=None
        Rows of one group are never on both sides of a split.
    random_state : int, default=0
        Seed of folds and methods. In a fold all methods get the same one.
    n_jobs : int, default=None
        Processes, by joblib. Results do not depend on it.
    memory : str or joblib.Memory, default=None
        Folder that keeps the result of every task; the same call later goes on from there.
    max_time : float, default=None
        Seconds after which the comparison ends; complete folds are judged. Tasks then run in processes of their own,
        also one at a time, so that one that does not return can be ended. Results then depend on the machine.
    callback : callable, default=None
        Called with (tasks done, tasks in all) after each task. If it has a method ``time_left``, that is called before,
        with an estimate of the seconds left, or None as long as there is none.

    Returns
    -------
    RobustComparison
        ``comparison.verdict`` holds the answers, ``comparison.summary`` one row per method, ``comparison.rows`` all
        measurements.

    Raises
    ------
    ValueError
        If `y` holds amounts instead of classes, a class has too few rows, the threat model moves nothing, "none" or
        "at" fails, or no two folds could be finished in `max_time`.
    TypeError
        If `learner` is a regressor or `threat_model` no ThreatModel.

    Notes
    -----
    Differences between methods are paired by fold; intervals allow for training sets that overlap [1]_, and for the
    number of rows: a few folds that agree by chance do not make a difference certain. P-values are adjusted for the
    number of methods that are compared with "at" (Holm). "Helps" means a gain of one point of robust accuracy or more
    with an adjusted p-value below 0.05, "does not help" that such a gain is excluded (or that "auto" found nothing to
    treat), and "cannot tell" all else.

    References
    ----------
    .. [1] C. Nadeau, Y. Bengio, "Inference for the generalization error", Machine Learning 52, 2003.

    Examples
    --------
    Both columns tell the classes apart, the second one by so little that an attacker undoes it:

    >>> import numpy as np
    >>> from skgan_resample import RobustATWrapper
    >>> from skgan_resample.model_selection import compare_robustness
    >>> from skgan_resample.threat import ThreatModel
    >>> y = np.arange(120) % 2
    >>> rng = np.random.RandomState(0)
    >>> X = np.column_stack([y + rng.normal(scale=0.4, size=120), 0.1 * y])
    >>> threat = ThreatModel(eps=[0.2, 0.1], unit="raw")
    >>> quick = {"max_epochs": 20, "cv": None, "ro_strategy": None}
    >>> methods = {
    ...     "none": RobustATWrapper(threat_model=ThreatModel(eps=0), **quick),
    ...     "at": RobustATWrapper(threat_model=threat, **quick),
    ... }
    >>> comparison = compare_robustness(X, y, threat, methods=methods, cv=3)
    >>> comparison.verdict.training.answer
    'helps'
    """
    started = time.monotonic()
    if not isinstance(threat_model, ThreatModel):
        raise TypeError(f"threat_model must be a ThreatModel, got {threat_model!r}.")
    check_settings(random_state)
    y = comparable_classes(y)
    threat = clone(threat_model).fit(X)
    check_consistent_length(X, y)
    switches = threat.max_categorical_changes and (threat.switchable_.any() or threat.groups_)
    if not switches and not (threat.left_ > 0).any() and not (threat.right_ > 0).any():
        raise ValueError("The threat model changes no row; give a larger eps, or a column that can be moved.")
    methods = check_methods(methods, threat_model, X, learner)
    splits = class_splits(X, y, cv, n_repeats, groups, random_state)
    rows = _measure(
        X,
        y,
        splits,
        methods,
        threat,
        random_state=random_state,
        n_jobs=n_jobs,
        memory=memory,
        max_time=max_time,
        callback=callback,
    )
    for row in rows:
        if "error" in row and row["method"] in YARDSTICKS:
            raise ValueError(f"{row['method']!r} could not be trained and attacked: {row['error']}")
    places = [(fold, OUTER, name) for fold in range(len(splits)) for name in methods]
    rows, folds, failures = finished_folds(rows, places, YARDSTICKS, max_time, "two folds")
    judged = [splits[fold] for fold in folds]
    return RobustComparison(
        rows=rows,
        methods=[name for name in methods if name not in failures],
        threat_model=threat.explain(),
        n_rows=len(y),
        classes=np.unique(y).tolist(),
        n_tested=len(np.unique(np.concatenate([test for _, test in judged]))),
        test_share=mean_test_share(judged),
        commonest=[_commonest(y, *split) for split in judged],
        failures=failures,
        n_planned=len(splits),
        seconds=time.monotonic() - started,
    )


def _commonest(y, train, test):
    """Return the accuracy of always answering the commonest class."""
    labels, counts = np.unique(y[train], return_counts=True)
    return float(np.mean(y[test] == labels[counts.argmax()]))


# ------------------------------------------------------------------------------------------------ arguments
def check_methods(methods, threat_model, X, learner):
    """Return the methods by name, from simple to involved, the user's learner last."""
    known = default_methods(threat_model, X)
    if isinstance(methods, dict):
        for name, method in methods.items():
            if not hasattr(method, "fit") or not hasattr(method, "predict"):
                raise TypeError(f"The method {name!r} has no fit and predict: {method!r}.")
        methods = {**{name: known[name] for name in YARDSTICKS}, **methods}
    else:
        names = list(known) if methods is None else [methods] if isinstance(methods, str) else list(methods)
        unknown = [name for name in names if name not in known]
        if unknown:
            raise ValueError(f"Unknown methods {unknown}; for robustness there are {list(known)}.")
        methods = {name: known[name] for name in known if name in names or name in YARDSTICKS}
    if learner is None:
        return methods
    if not hasattr(learner, "fit") or not hasattr(learner, "predict"):
        raise TypeError(f"The learner has no fit and predict: {learner!r}.")
    if is_regressor(learner):
        raise TypeError(f"The learner {type(learner).__name__} is a regressor; give a classifier.")
    is_ours = isinstance(learner, RobustATWrapper)
    return {**methods, LEARNER: learner if is_ours else make_pipeline(MatrixEncoder(), learner)}


# ------------------------------------------------------------------------------------------------ the verdict
@dataclass
class RobustVerdict:
    """The two answers of `compare_robustness`.

    Parameters
    ----------
    training : Verdict
        Does adversarial training raise robust accuracy over "none", and at which price in clean accuracy: the answer.
    treatment : Verdict or None
        Does "auto" raise it over plain adversarial training? None if it was not tried.
    """

    training: Verdict
    treatment: Verdict | None

    @property
    def method(self):
        """The method to use, or None if no gain is proven."""
        if self.treatment is not None and self.treatment.method and self.training.method:
            return self.treatment.method
        return self.training.method

    @property
    def parts(self):
        """Each question with its answer, as (question, Verdict)."""
        asked = {"Adversarial training": self.training, "Treating robust overfitting": self.treatment}
        return [(question, verdict) for question, verdict in asked.items() if verdict is not None]


@dataclass
class RobustComparison(Summarized):
    """Measurements of `compare_robustness` and what they say.

    Made by `compare_robustness`; its constructor is not meant to be called.

    Attributes
    ----------
    rows : list of dict
        One per fold and method: ``attack`` ("black-box" is weaker than the others), ``clean`` and ``robust`` accuracy
        on the ``n_test`` test rows, ``ro_detected``, ``ro_gap``, ``ro_power``, ``strategy``, ``treated``,
        ``best_epoch`` as `RobustATWrapper` says, ``seconds`` of the fit.
    summary : list of dict
        One per method: ``clean`` and ``robust`` with ``..._low`` and ``..._high`` (95 %); ``gain`` with ``gain_low``,
        ``gain_high``, ``p`` and ``p_holm``, the difference of robust accuracy to "at", and ``clean_gain`` likewise, as
        means over folds; ``ro_detected`` and ``treated``, in how many folds, None where nobody looked; ``seconds``.
    verdict : RobustVerdict
    threat_model : str
        In words.
    n_rows : int
    classes : list
    n_folds, n_planned : int
        Folds that were judged, and that were planned.
    n_tested : int
        Rows that were test rows of one of these folds.
    commonest : list of float
        Accuracy of always answering the commonest class, by fold.
    failures : dict
        Methods that failed, with the error.
    seconds : float
        Duration of the whole comparison.
    """

    rows: list = field(repr=False)
    methods: list
    threat_model: str
    n_rows: int
    classes: list
    n_tested: int
    test_share: float
    commonest: list
    failures: dict
    n_planned: int
    seconds: float
    summary: list = field(init=False, repr=False)
    verdict: RobustVerdict = field(init=False)

    def __post_init__(self):
        self.n_folds = len({row["fold"] for row in self.rows})
        self.summary = self._summarize()
        self.verdict = RobustVerdict(self._judge_training(), self._judge_treatment())

    def values(self, measure, method):
        """Return a measure by fold.

        Parameters
        ----------
        measure : str
            A key of `rows`, such as "robust".
        method : str
            Name of a method.

        Returns
        -------
        ndarray of shape (n_folds,)
            In the order of the folds.
        """
        return np.array([row[measure] for row in self.rows if row["method"] == method])

    def difference(self, measure, method, base):
        """Return the difference of two methods over folds.

        Parameters
        ----------
        measure : str
            A key of `rows`, such as "robust".
        method : str
            Name of a method.
        base : str
            Name of the method that is subtracted.

        Returns
        -------
        tuple of float
            Mean, low and high end of the 95 % interval, two-sided p-value.
        """
        return self._interval(self.values(measure, method) - self.values(measure, base))

    def _interval(self, differences):
        """Return mean, low, high and p of paired differences of accuracy by fold."""
        return corrected_interval(differences, self.test_share, n_rows=self.n_tested)

    def _summarize(self):
        summary = []
        for name in self.methods:
            attacks = self.values("attack", name).tolist()
            row = {"method": name, "attack": BLACK_BOX if BLACK_BOX in attacks else attacks[0]}
            for measure in ("clean", "robust"):
                mean, low, high, _ = self._interval(self.values(measure, name))
                row |= {measure: mean, f"{measure}_low": max(low, 0.0), f"{measure}_high": min(high, 1.0)}
            for measure, gain in (("robust", "gain"), ("clean", "clean_gain")):
                found = (0.0, 0.0, 0.0, np.nan) if self._is_plain(name) else self.difference(measure, name, AT)
                row |= dict(zip((gain, f"{gain}_low", f"{gain}_high", "p" if gain == "gain" else "clean_p"), found))
            found, treated = self.values("ro_detected", name).tolist(), self.values("treated", name).tolist()
            nobody_looked = set(found) == {None}
            row |= {"ro_detected": None if nobody_looked else found.count(True)}
            row |= {"treated": None if nobody_looked else treated.count(True)}
            row["seconds"] = float(self.values("seconds", name).mean())
            if row["attack"] == BLACK_BOX:
                row["p"] = np.nan  # attacked more weakly than "at": no fair test
            summary.append(row)
        tested = [row for row in summary if not np.isnan(row["p"])]
        for row, p in zip(tested, holm([row["p"] for row in tested])):
            row["p_holm"] = p
        return [{"p_holm": np.nan, **row} for row in summary]

    def _is_plain(self, name):
        """Whether a method is "at" itself, or did in every fold exactly what "at" does."""
        if name == AUTO and not any(self.values("treated", AUTO)):
            return all(
                (self.values(measure, AUTO) == self.values(measure, AT)).all() for measure in ("clean", "robust")
            )
        return name == AT

    # ------------------------------------------------------------------------------------------ judging
    def _judge_training(self):
        """Does adversarial training raise robust accuracy, at which price?"""
        rows = {row["method"]: row for row in self.summary}
        none, at = rows[NONE], rows[AT]
        mean, low, high, _ = self.difference("robust", AT, NONE)
        effect = (
            f"Robust accuracy is {none['robust']:.1%} without it and {at['robust']:.1%} with it: "
            f"{_points(mean, low, high)}. Its price: clean accuracy is {none['clean']:.1%} and {at['clean']:.1%}, "
            f"{_points(*self.difference('clean', AT, NONE)[:3])}{self._price()}."
        )
        base = float(np.mean(self.commonest))
        over, _, most, _ = self._interval(self.values("robust", AT) - self.commonest)
        if most <= 0:
            return Verdict(
                "does not help",
                None,
                f"Under this attack the trained network is right on {at['robust']:.1%} of the rows, which is no more "
                f"than always answering the commonest class ({base:.1%}): the budget leaves nothing to learn. {effect}",
            )
        verdict = self._judged(AT, (mean, low, high, none["p_holm"]), effect)
        if over <= 0 and verdict.answer != "does not help":
            sentence = (
                f"Under this attack the trained network is right on {at['robust']:.1%} of the rows, not shown to be "
                f"more than always answering the commonest class ({base:.1%}): the budget may leave nothing to learn. "
                f"{effect}"
            )
            return Verdict("cannot tell", None, sentence)
        return verdict

    def _price(self):
        """Return what is known about the price in clean accuracy."""
        _, low, high, _ = self.difference("clean", AT, NONE)
        if high < 0:
            return ""
        return ", so a price is not proven" if low < 0 else ", so there is none"

    def _judge_treatment(self):
        """Does treating robust overfitting help, and is it more than training against a larger budget?"""
        if AUTO not in self.methods:
            return None
        row = next(row for row in self.summary if row["method"] == AUTO)
        found, folds = row["ro_detected"], f"{self.n_folds} folds"
        if self._is_plain(AUTO):
            if found:
                return Verdict(
                    "does not help",
                    None,
                    f"Robust overfitting was found in {found} of {folds}, but no treatment did better on held-out "
                    "rows, so 'auto' trained as 'at' does.",
                )
            power = [p for p in self.values("ro_power", AUTO) if p is not None and np.isfinite(p)]
            seen = (
                f" (one that costs 5 points would be found with a chance of {min(np.mean(power), 0.99):.0%})"
                if power
                else ""
            )
            return Verdict(
                "does not help",
                None,
                f"No robust overfitting was found in {folds}{seen}, so there was nothing to treat and 'auto' trained "
                "as 'at' does.",
            )
        effect = (
            f"Robust overfitting was treated in {row['treated'] or 0} of {folds}. Over all folds 'auto' changes the "
            f"robust accuracy of 'at' by {_points(row['gain'], row['gain_low'], row['gain_high'])} and its clean "
            f"accuracy by {_points(row['clean_gain'], row['clean_gain_low'], row['clean_gain_high'])}."
        )
        verdict = self._judged(AUTO, (row["gain"], row["gain_low"], row["gain_high"], row["p_holm"]), effect)
        verdict.sentence += self._against_stronger()
        return verdict

    def _against_stronger(self):
        """Return a sentence on "auto" against the control, training with 1.5 times the budget."""
        if STRONGER not in self.methods:
            return ""
        mean, low, high, _ = self.difference("robust", AUTO, STRONGER)
        if low > 0:
            says = "that is more than training at 1.5 x eps gives"
        elif high < WORTHWHILE:
            says = "training at 1.5 x eps gives as much"
        else:
            says = "whether that is more than training at 1.5 x eps gives cannot be told"
        return f" Against 'at-1.5' the difference is {_points(mean, low, high)}: {says}."

    def _judged(self, method, interval, effect):
        """Return the verdict on a gain of robust accuracy, given as mean, low, high and adjusted p-value."""
        mean, low, high, p = interval
        if low > 0 and p < ALPHA and mean >= WORTHWHILE:
            return Verdict("helps", method, effect)
        if high < WORTHWHILE:
            return Verdict("does not help", None, f"{effect} A gain of one point is excluded.")
        needed = rows_needed(self.n_rows, mean, high - mean, self.n_folds, self._n_tests)
        advice = "" if needed is None else f" Roughly {needed:,} rows would tell a gain of this size."
        if low > 0 and p >= ALPHA:
            advice = f" That is not proven after allowing for {self._n_tests} methods.{advice}"
        return Verdict("cannot tell", None, f"{effect}{advice}", needed)

    @property
    def _n_tests(self):
        return sum(not np.isnan(row["p"]) for row in self.summary)

    @property
    def cautions(self):
        """Sentences on what the numbers stand on, if that is weak."""
        found = []
        for row in self.summary:
            if row["attack"] == BLACK_BOX:
                proven = " Even so it is less robust than 'at'." if row["gain_high"] < 0 else ""
                found.append(
                    f"{row['method']!r} was attacked more weakly than the others, by a search that sees predictions "
                    f"only: its robust accuracy can be lower than shown.{proven}"
                )
        if self.n_rows < FEW_ROWS:
            found.append(f"{self.n_rows} rows are few: expect wide intervals.")
        return found


def _points(mean, low, high):
    """Return a difference of accuracies with its 95 % interval, in words."""
    return f"{100 * mean:+z.1f} points ({100 * low:+z.1f} to {100 * high:+z.1f})"
