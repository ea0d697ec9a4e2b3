"""The recommended pipeline as a Python script: rows, columns, preparation, folds and seed of the comparison.

It is plain scikit-learn where that says the same, so that it can be read and changed without knowing this library's
inside. Each function below returns one script; `_script` is their frame.
"""

import numpy as np
from sklearn.model_selection import (
    GroupKFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
    TunedThresholdClassifierCV,
)
from sklearn.utils import check_random_state

from skgan_resample import __version__
from skgan_resample._cli._arguments import asked_learner, asked_threat
from skgan_resample._folds import RepeatedRegressionStratifiedKFold
from skgan_resample._report._code import SEED, Code, Script, comment
from skgan_resample._report._recipe_table import path_to_learner, preparation, reading
from skgan_resample._tables._vectorizer import TableVectorizer
from skgan_resample._user_table._roles import used_columns
from skgan_resample.compose import ResampledClassifier
from skgan_resample.model_selection import _classification, _methods, _robustness
from skgan_resample.model_selection._class_verdict import CLASS_SCORE_LABELS, MEASURES, TUNED
from skgan_resample.model_selection._methods import named_samplers
from skgan_resample.model_selection._result import SCORE_LABELS
from skgan_resample.threat import ThreatModel

INNER = 3  # inner folds of all comparisons


ALONE = "the learner alone"


PREPARE, LEARNER = Code("prepare"), Code("learner")


COPIES = ("duplicate", "random")  # their rows are the same whether copied before or after the preparation


# ------------------------------------------------------------------------------------------------ amounts
def regression_recipe(comparison, table, relevance, options):
    """Return the script of what a comparison of methods for amounts recommends."""
    script = Script(names=[(relevance, "relevance")], inside="alone")
    known = _methods.default_methods(relevance, options["threshold"])
    method = (known | named_samplers(known)).get(comparison.verdict.method)
    is_corrected = hasattr(method, "strength")
    models = [
        f"relevance = {Script(imports=script.imports).code(relevance)}",
        *_learner(script, options, _methods.default_learner()),
        f"alone = {script.pipeline(PREPARE, LEARNER)}",
    ]
    if hasattr(method, "fit_resample"):
        models.append(f"recommended = {script.pipeline(method, PREPARE, LEARNER)}")
    elif method is not None:
        if is_corrected and table.times is not None:
            method.set_params(cv=TimeSeriesSplit(INNER))
        models.append(f"recommended = {script.code(method)}")
    inner = None
    if is_corrected and table.groups is not None:
        inner = f"{script.use(GroupKFold)}({INNER}).split(rows, y[rows], groups[rows])"

    measure = _error(script, comparison.scoring, options["threshold"])
    label = SCORE_LABELS[comparison.scoring].removeprefix("the ")
    alone = float(np.nanmean(comparison.values(comparison.scoring, "none")))
    report = [
        "errors = {name: np.array([error(model, *fold) for fold in folds]) for name, model in models.items()}",
        f"print(f\"{label} of {ALONE}: {{np.nanmean(errors['alone']):.4g}}\")  # compare found {alone:.4g}",
    ]
    if method is not None:
        ratio = next(row["score_ratio"] for row in comparison.summary if row["method"] == comparison.verdict.method)
        report += [
            'ratio = np.exp(np.nanmean(np.log(errors["recommended"] / errors["alone"])))',
            f'print(f"{label} of {comparison.verdict.method}: {{ratio:.4f}} times that")  # compare found {ratio:.4f}',
        ]
    return _script(
        script,
        comparison,
        table,
        options,
        has_classes=False,
        models=models,
        folds=_folds_of_amounts(script, table, options),
        measure=measure,
        report=report,
        inner=inner,
    )


def _folds_of_amounts(script, table, options):
    """Return code of the outer folds of `compare`."""
    if table.times is not None:
        return f"list({script.use(TimeSeriesSplit)}({options['cv']}).split(X))"
    if table.groups is not None:
        return f"list({script.use(GroupKFold)}({options['cv']}).split(X, y, groups))"
    kind = script.use(RepeatedRegressionStratifiedKFold)
    state = int(check_random_state(options["seed"]).randint(2**31 - 1))
    sizes = f"n_splits={options['cv']}, n_repeats={options['repeats']}"
    return f"list({kind}({sizes}, random_state={state}).split(X, y))"


def _error(script, scoring, threshold):
    """Return code of the function that measures a regressor on one fold."""
    if scoring == "rmse":
        formula = "np.sqrt(np.mean((y[test] - predicted) ** 2))"
    else:
        function = script.use_from("skgan_resample.metrics", "sera_score" if scoring == "sera" else scoring)
        cut = "" if scoring == "sera" else f", threshold={threshold!r}"
        formula = f"{function}(y[test], predicted, relevance=clone(relevance).fit(y[train]){cut})"
    return f'''def error(model, train, test):
    """Return the error on the test rows of a fold of a model fitted to its training rows."""
    predicted = fitted(model, train).predict(X.iloc[test])
    return {formula}'''


# ------------------------------------------------------------------------------------------------ classes
def classification_recipe(comparison, table, options):
    """Return the script of what a comparison of methods for classes recommends."""
    script = Script()
    scoring, method, positive = comparison.scoring, comparison.verdict.method, comparison.positive
    is_binary = positive is not None
    n_inner = _inner_folds_of_thresholds(comparison, table, options)
    is_tuned = scoring in TUNED and is_binary and n_inner >= 2
    models = _learner(script, options, _classification.default_learner())
    if is_binary and scoring != "balanced_accuracy":
        models = [f"POSITIVE = {script.code(positive)}  # the smaller class", *models]
    wrap, inner = "{}", None
    if is_tuned:
        models.append(_tuning(script, scoring, n_inner))
        wrap, inner = "tuned({})", _inner_folds(script, table)
    elif scoring in TUNED and is_binary:
        models.append(
            comment(f"Too few rows of class {positive!r} to tune a threshold: the more probable class is called.")
        )
    elif scoring in TUNED:
        models.append(
            comment(
                "compare also tuned the weight of rare classes, one exponent of their shares, for all methods alike. "
                "scikit-learn tunes thresholds of two classes only: here the most probable class is called."
            )
        )
    models.append(f"alone = {wrap.format(script.pipeline(PREPARE, LEARNER))}")
    if method is not None:
        before, code = _class_method(script, comparison, table, options)
        models += [*before, f"recommended = {wrap.format(code)}"]

    label, shown = CLASS_SCORE_LABELS[scoring].removeprefix("the "), MEASURES[scoring]
    if scoring in TUNED and not is_binary:
        label, shown = f"{label.partition(' (')[0]} (most probable class)", scoring
    found = {row["method"]: row[shown] for row in comparison.summary}
    names = {"alone": ("none", ALONE)} | ({} if method is None else {"recommended": (method, method)})
    report = ["scores = {name: [score(model, *fold) for fold in folds] for name, model in models.items()}"]
    report += [
        f"print(f\"{label} of {words}: {{np.mean(scores['{name}']):.4f}}\")  # compare found {found[key]:.4f}"
        for name, (key, words) in names.items()
    ]
    return _script(
        script,
        comparison,
        table,
        options,
        has_classes=True,
        models=models,
        folds=_folds_of_classes(script, table, options),
        measure=_score(script, scoring, is_binary=is_binary),
        report=report,
        inner=inner,
    )


def _folds_of_classes(script, table, options):
    """Return code of the outer folds of `compare_classification` and `compare_robustness`."""
    if table.times is not None:
        return f"list({script.use(TimeSeriesSplit)}({options['cv']}).split(X))"
    rng = check_random_state(options["seed"])
    states = [int(rng.randint(2**31 - 1)) for _ in range(options["repeats"])]
    kind, groups = (StratifiedKFold, "") if table.groups is None else (StratifiedGroupKFold, ", groups")
    splitter = f"{script.use(kind)}({options['cv']}, shuffle=True, random_state=state)"
    return (
        f"[\n    fold\n    for state in {states}  # one a repetition\n    for fold in {splitter}.split(X, y{groups})\n]"
    )


def _inner_folds(script, table):
    """Return code of the folds that tune a threshold, None where plain ones will do."""
    if table.times is not None:
        return f"{script.use(TimeSeriesSplit)}({INNER}).split(rows)"
    if table.groups is None:
        return None
    splitter = f"{script.use(StratifiedGroupKFold)}({INNER}, shuffle=True, random_state={SEED})"
    return f"{splitter}.split(rows, y[rows], groups[rows])"


def _inner_folds_of_thresholds(comparison, table, options):
    """Return how many inner folds tune a threshold: at most as many as the smaller class has rows in training."""
    if table.times is not None or table.groups is not None:
        return INNER
    least = min(comparison.counts.values())
    return min(INNER, least - -(-least // options["cv"]))


def _tuning(script, scoring, n_folds):
    """Return code of a function that puts a tuned threshold around a model."""
    script.use(TunedThresholdClassifierCV, StratifiedKFold)
    if scoring == "balanced_accuracy":
        score = '"balanced_accuracy"'
    else:
        script.use_from("sklearn.metrics", "make_scorer")
        home, function = {
            "f1": ("sklearn.metrics", "f1_score"),
            "g_mean": ("imblearn.metrics", "geometric_mean_score"),
        }[scoring]
        score = f"make_scorer({script.use_from(home, function)}, pos_label=POSITIVE)"
    return f'''

def tuned(model):
    """Return a model whose threshold is tuned on inner folds; compare does so too, in its own way."""
    folds = StratifiedKFold({n_folds}, shuffle=True, random_state={SEED})
    return TunedThresholdClassifierCV(model, scoring={score}, cv=folds)

'''


def _class_method(script, comparison, table, options):
    """Return code that comes before the recommended method for classes, and code of the method around the learner."""
    known = _classification.default_methods()
    name = comparison.verdict.method
    method = (known | named_samplers(known))[name]
    corrects = comparison.scoring == "brier"
    if _classification._weighs(method):
        if not corrects and "class_weight" in _learner_parameters(options):
            return [], script.pipeline(PREPARE, Code('clone(learner).set_params(class_weight="balanced")'))
        script.use_from("sklearn.base", "BaseEstimator", "ClassifierMixin", "MetaEstimatorMixin")
        script.use_from("sklearn.utils.class_weight", "compute_sample_weight")
        balanced = BALANCED.format(correction=" * self.shares_" if corrects else "")
        return [balanced], script.pipeline(PREPARE, Code("Balanced(learner)"))
    _ask_for_fewer_neighbors(method, comparison)
    takes_table = name not in COPIES and _classification._takes_table(method, TableVectorizer().fit(table.X))
    if not corrects:
        return [], script.pipeline(*((method, PREPARE) if takes_table else (PREPARE, method)), LEARNER)
    inside = Code(script.pipeline(PREPARE, LEARNER)) if takes_table else LEARNER
    parts = (method, inside, Code("prior_correction=True"), Code(f"random_state={SEED}"))
    corrected = Code(script.call(script.use(ResampledClassifier), *parts))
    return [], corrected if takes_table else script.pipeline(PREPARE, corrected)


BALANCED = '''

class Balanced(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """A classifier for which every class weighs the same in total."""

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y):
        weights = compute_sample_weight("balanced", y)
        self.estimator_ = clone(self.estimator).fit(X, y, sample_weight=weights)
        self.classes_, counts = np.unique(y, return_counts=True)
        self.shares_ = counts / len(y)
        return self

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X):
        found = self.estimator_.predict_proba(X){correction}
        return found / found.sum(axis=1, keepdims=True)

'''


def _ask_for_fewer_neighbors(sampler, comparison):
    """Let a sampler of imbalanced-learn ask for no more neighbours than the smallest class has in a training part."""
    least = min(comparison.counts.values()) / (1 + comparison.test_share)
    is_tuned = comparison.scoring in TUNED and comparison.positive is not None
    most = int(least * (1 - 1 / INNER if is_tuned else 1)) - 1
    for part in [sampler, *sampler.get_params().values()]:
        if type(part).__module__.startswith("imblearn.") and hasattr(part, "get_params"):
            asked = {name: k for name, k in part.get_params(deep=False).items() if name in _classification.NEIGHBORS}
            part.set_params(**{name: most for name, k in asked.items() if isinstance(k, int) and k > most > 0})


def _score(script, scoring, *, is_binary):
    """Return code of the function that judges a classifier on one fold."""
    start = '''def score(model, train, test):
    """Return the score on the test rows of a fold of a model fitted to its training rows."""
    model = fitted(model, train)
'''
    if scoring in TUNED:
        home = "imblearn.metrics" if scoring == "g_mean" else "sklearn.metrics"
        function = {"f1": "f1_score", "g_mean": "geometric_mean_score"}.get(scoring, "balanced_accuracy_score")
        more = (", pos_label=POSITIVE" if is_binary else ', average="macro"') if scoring == "f1" else ""
        return f"{start}    return {script.use_from(home, function)}(y[test], model.predict(X.iloc[test]){more})"
    start += "    probabilities = dict(zip(model.classes_, model.predict_proba(X.iloc[test]).T))\n"
    if scoring == "brier":
        classes = "[POSITIVE]" if is_binary else "model.classes_"
        return f"{start}    return sum(np.mean(((y[test] == c) - probabilities[c]) ** 2) for c in {classes})"
    function = script.use_from("sklearn.metrics", "average_precision_score")
    if is_binary:
        return f"{start}    return {function}(y[test] == POSITIVE, probabilities[POSITIVE])"
    return (
        f"{start}    classes = np.intersect1d(model.classes_, y[test])\n"
        f"    return np.mean([{function}(y[test] == c, probabilities[c]) for c in classes])"
    )


# ------------------------------------------------------------------------------------------------ adversarial training
def robustness_recipe(comparison, table, options):
    """Return the script of what a comparison of adversarial training recommends."""
    script = Script()
    threat = asked_threat(options["threat"])
    threat.set_params(immutable=used_columns(threat.immutable, table))
    known, method = _robustness.default_methods(threat, table.X), comparison.verdict.method
    units = ["eps=list(zip(budget.left_.tolist(), budget.right_.tolist()))", 'unit="raw"']
    if isinstance(threat.bounds, str):
        units.append("bounds=dict(zip(X.columns, zip(budget.low_.tolist(), budget.high_.tolist())))")
    models = [
        comment("What an attacker may do, in the units of the columns, learned from all rows without their target."),
        f"budget = {script.code(threat)}.fit(X)",
        f"threat = {script.call('clone(budget).set_params', *map(Code, units))}",
    ]
    has_learner = bool(options.get("learner"))
    if has_learner:
        models += [*_learner(script, options, None), f"alone = {script.pipeline(PREPARE, LEARNER)}"]
    else:
        no_threat = Code("clone(threat).set_params(eps=0, max_categorical_changes=0)")
        models.append(f"alone = {script.code(known['none'].set_params(threat_model=no_threat))}")
    if method is not None:
        models.append(f"recommended = {script.code(known[method].set_params(threat_model=Code('threat')))}")

    rows = {row["method"]: row for row in comparison.summary}
    names = {"alone": ("learner" if has_learner else "none", "your learner" if has_learner else "without attacks")}
    names |= {} if method is None else {"recommended": (method, method)}
    report = [
        "shares = {name: [accuracies(model, *fold) for fold in folds] for name, model in models.items()}",
        *(
            f'print("{words}: accuracy {{:.4f}}, under attack {{:.4f}}".format(*np.mean(shares["{name}"], axis=0)))'
            + (f"\n# compare found {rows[key]['clean']:.4f} and {rows[key]['robust']:.4f}" if key in rows else "")
            for name, (key, words) in names.items()
        ),
    ]
    scorer = script.use_from("skgan_resample.metrics", "make_robust_scorer")
    measure = f'''def accuracies(model, train, test):
    """Return the accuracy on the test rows of a fold, as they are and attacked, of a model fitted to the others."""
    attack = {scorer}(budget, random_state={SEED})
    found = attack.report(fitted(model, train), X.iloc[test], y[test])
    return found["clean"], found["robust"]'''
    script.use(ThreatModel)
    return _script(
        script,
        comparison,
        table,
        options,
        has_classes=True,
        models=models,
        folds=_folds_of_classes(script, table, options),
        measure=measure,
        report=report,
        needs_preparation=has_learner,
    )


# ------------------------------------------------------------------------------------------------ the frame
def _script(
    script,
    comparison,
    table,
    options,
    *,
    has_classes,
    models,
    folds,
    measure,
    report,
    inner=None,
    needs_preparation=True,
):
    """Return a whole script.

    Parameters
    ----------
    has_classes : bool
        Whether the target holds classes, not amounts.
    folds, measure : str
        Code that makes the outer folds, and of the function that judges a model on one of them.
    models, report : list of str
        Lines that build `alone` and, if a method is recommended, `recommended`; and lines that print their scores.
    inner : str or None
        Code of the folds within training rows `rows`, for models whose `cv` must be told.
    needs_preparation : bool
        Whether there is a learner that cannot take the table as it is.
    """
    script.use_from("sklearn.base", "clone")
    table_code = reading(script, table, options, has_classes=has_classes)
    verdicts = getattr(comparison.verdict, "parts", None) or [("Verdict", comparison.verdict)]
    names = ["alone"] if comparison.verdict.method is None else ["alone", "recommended"]
    listed = ", ".join(f'"{name}": {name}' for name in names)
    told = "" if inner is None else f'    if hasattr(model, "cv"):\n        model.set_params(cv=list({inner}))\n'
    judged = sorted({row["fold"] for row in comparison.rows})
    if len(judged) < comparison.n_planned:
        folds += f"\nfolds = [folds[i] for i in {judged}]  # the others lacked rare rows, or time"
    blocks = [_section("The table, read as compare read it.", table_code)]
    if needs_preparation:
        title = "Its columns: numbers scaled, text one-hot, gaps filled and marked."
        blocks.append(_section(title, preparation(script, table.X)))
    blocks += [
        _section("The models.", "\n".join([*models, f"models = {{{listed}}}"])),
        _section(
            "Their scores on the folds of compare. Its seeds differ from fold to fold, so its figures differ a little.",
            f'''folds = {folds}


def fitted(model, rows):
    """Return a copy of a model, fitted to some rows."""
    model = clone(model)
{told}    return model.fit(X.iloc[rows], y[rows])


{measure}


''' + "\n".join(report),
        ),
        _section(
            "For use, fitted to all rows. New rows: "
            f"model.predict({'prepared(new_table)' if 'def prepared(' in table_code else 'new_table'}[X.columns])",
            f"model = fitted({names[-1]}, np.arange(len(y)))",
        ),
    ]  # fmt: skip
    head = comment(
        f"To predict {table.target!r} from {table.source!r}: what skgan-resample compare recommends (version "
        f"{__version__}, seed {options['seed']}). Run it in the folder where you ran compare.",
        *(f"{question}: {verdict.answer}. {verdict.sentence}" for question, verdict in verdicts),
    )
    seed = f"{SEED} = {options['seed']!r}"
    start = [part for part in (head, path_to_learner(options), script.import_lines(), seed) if part]
    return "\n\n".join([*start, *blocks]) + "\n"


def _section(title, code):
    """Return code below a comment; a definition is kept apart from it."""
    gap = "\n\n\n" if code.startswith(("def ", "class ")) else "\n"
    return comment(title) + gap + _evenly_spaced(code)


def _evenly_spaced(code):
    """Return code with no more than two empty lines in a row."""
    while "\n\n\n\n" in code:
        code = code.replace("\n\n\n\n", "\n\n\n")
    return code.strip("\n")


def _learner(script, options, default):
    """Return lines that define the learner: the user's, or the default of the comparison."""
    if not options.get("learner"):
        return [f"learner = {script.code(default)}"]
    module, _, name = options["learner"].partition(":")
    script.use_from(module, name)
    is_open = _learner_parameters(options).get("random_state", 0) is None
    return [f"learner = {name}({f'random_state={SEED}' if is_open else ''})"]


def _learner_parameters(options):
    """Return the parameters of the learner by name."""
    learner = asked_learner(options.get("learner")) or _classification.default_learner()
    return learner.get_params(deep=False) if hasattr(learner, "get_params") else {}
