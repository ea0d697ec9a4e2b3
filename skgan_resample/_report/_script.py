"""The recommended model as a short Python script: the table, the model, the folds and the score of the comparison."""

import numpy as np
from imblearn.metrics import geometric_mean_score
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.metrics import average_precision_score, balanced_accuracy_score, brier_score_loss, f1_score, make_scorer
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, StratifiedKFold, TimeSeriesSplit
from sklearn.utils import check_random_state

from skgan_resample import __version__, metrics, read_table
from skgan_resample._folds import RepeatedRegressionStratifiedKFold
from skgan_resample._report._code import Code, comment, joined, quoted
from skgan_resample._thresholds import MEASURES
from skgan_resample.model_selection import default_methods

ERRORS = {  # of a numeric target: scoring to a metric that takes a relevance
    "sera": metrics.sera_score,
    "rare_mae": metrics.rare_mae,
    "common_rmse": metrics.common_rmse,
}
INNER = 3  # inner folds of all comparisons
CLASS_SCORES = {
    "average_precision": average_precision_score,
    "f1": f1_score,
    "g_mean": geometric_mean_score,
    "balanced_accuracy": balanced_accuracy_score,
    "brier": brier_score_loss,
}


def generated_script(comparison, request):
    """Return the script of what a comparison recommends.

    The seeds of a comparison differ from fold to fold, those of the script do not, so that its figures differ a little.
    """
    code, table = Code(request.seed), request.table
    code.use(clone)
    start = _table(code, request)
    models = _models(comparison)
    judge = {"regression": _error, "classification": _class_score, "robustness": _attack}[table.task]
    setup, score, label = judge(code, comparison, request)
    found = ", ".join(f"{name} {figures}" for name, figures in _found(comparison, table.task, models).items())
    lines = [
        *start,
        *setup,
        joined("models = {", [f"{quoted(name)}: {code.of(model)}" for name, model in models.items()], "}"),
        *_folds(code, comparison, request),
        "for name, model in models.items():",
        "    scores = []",
        "    for train, test in folds:",
        "        fitted = clone(model)",
        *_inner_folds(code, request, models.values()),
        "        fitted.fit(X.iloc[train], y[train])",
        f"        scores.append({score})",
        f'    print("{label} of", name, np.round(np.nanmean(scores, axis=0), 4))',
        *comment(f"compare found: {found}. Its seeds differ from fold to fold."),
        f"model = models[{quoted(list(models)[-1])}].fit(X, y)  # then model.predict(rows with the columns of X)",
    ]
    verdicts = comparison.verdict.parts or {"Verdict": comparison.verdict}
    head = comment(
        f"To predict {table.target!r} from {table.source!r}: what skgan-resample compare recommends (version "
        f"{__version__}, seed {request.seed}). Run it in the folder where you ran compare.",
        *(f"{question}: {verdict.answer}. {verdict.sentence}" for question, verdict in verdicts.items()),
    )
    imports = ["import numpy as np", *code.import_lines()]
    if request.estimator is not None:
        imports = ["import sys", 'sys.path.append(".")  # the estimator may be in this folder', *imports]
    return "\n".join([*head, "", *imports, "", *lines]) + "\n"


def _models(comparison):
    """Return the estimator alone and the recommended pipeline, if there is one, by name."""
    method = comparison.verdict.method
    alone = "estimator" if comparison.task == "robustness" and "estimator" in comparison.methods else "none"
    models = {name: comparison.pipeline(name) for name in dict.fromkeys((alone, method or alone))}
    for model in models.values():
        if isinstance(getattr(model, "cv", None), list):  # of groups or of time: the script makes them for each fold
            model.set_params(cv=INNER)
    return models


# ------------------------------------------------------------------------------------------------ the table
def _table(code, request):
    """Return lines that read the table, or load the one that was built in."""
    table, asked = request.table, request.asked
    if asked.get("data") is None and table.task == "regression":
        code.use(load_diabetes)
        return ["X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)", "y = y.to_numpy()"]
    if asked.get("data") is None:
        code.use(load_breast_cancer)
        return ["data = load_breast_cancer(as_frame=True)",
                "X, y = data.data, data.target_names[data.target].astype(str)"]  # fmt: skip
    code.use(read_table)
    options = {name: asked.get(name) for name in ("target", "group", "time", "sep", "decimal")} | {"task": table.task}
    parts = [quoted(asked["data"]), *(f"{name}={quoted(value)}" for name, value in options.items() if value)]
    lines = [joined("table = read_table(", parts, ")"), "X, y = table.X, table.y"]
    if request.max_time is not None:
        lines += comment(f"compare used {len(table.y):,} rows, as many as --max-time lasted for.")
    return lines


# ------------------------------------------------------------------------------------------------ the folds
def _folds(code, comparison, request):
    """Return lines that make the outer folds of the comparison, without those that could not be judged."""
    groups = ", table.groups" if request.table.groups is not None else ""
    rng = check_random_state(request.seed)  # draws the seeds of folds as `compare` does, in the same order
    if request.table.times is not None:
        line = f"folds = list({code.use(TimeSeriesSplit)}({request.cv}).split(X))"
    elif request.table.task == "regression" and groups:
        line = f"folds = list({code.use(GroupKFold)}({request.cv}).split(X, y{groups}))"
    elif request.table.task == "regression":
        kind, state = code.use(RepeatedRegressionStratifiedKFold), int(rng.randint(2**31 - 1))
        settings = f"n_splits={request.cv}, n_repeats={request.n_repeats}, random_state={state}"
        line = f"folds = list({kind}({settings}).split(X, y))"
    else:
        kind = code.use(StratifiedGroupKFold if groups else StratifiedKFold)
        states = [int(rng.randint(2**31 - 1)) for _ in range(request.n_repeats)]
        line = joined(
            "folds = [",
            [f"*{kind}({request.cv}, shuffle=True, random_state={state}).split(X, y{groups})" for state in states],
            "]",
        )
    # folds that could not be judged are left out by their number
    judged = sorted({row["fold"] for row in comparison.rows})
    if len(judged) == comparison.n_planned:
        return [line]
    return [line, f"folds = [folds[i] for i in {judged}]  # the others lacked rare rows, or time"]


def _inner_folds(code, request, models):
    """Return lines that give a model its inner folds, where rows of one group, or of one time, belong together."""
    table = request.table
    is_plain = table.times is None and table.groups is None
    if is_plain or not any(hasattr(model, "cv") for model in models):
        return []
    if table.times is not None:
        split = f"{code.use(TimeSeriesSplit)}({INNER}).split(train)"
    else:
        kind = GroupKFold if table.task == "regression" else StratifiedGroupKFold
        split = f"{code.use(kind)}({INNER}).split(train, y[train], table.groups[train])"
    return ['        if hasattr(fitted, "cv"):', f"            fitted.set_params(cv=list({split}))"]


# ------------------------------------------------------------------------------------------------ the score
# Each function returns lines before the models, code of the score of `fitted` on one fold, and the name of the score.
def _error(code, comparison, request):
    label = comparison.score_label.removeprefix("the ")
    setup = [f"relevance = {code.of(request.relevance)}"]
    code.stands_for("relevance", request.relevance)
    if comparison.scoring == "rmse":
        return setup, "np.sqrt(np.mean((y[test] - fitted.predict(X.iloc[test])) ** 2))", label
    metric = code.use(ERRORS[comparison.scoring])
    more = "" if comparison.scoring == "sera" else f", threshold={request.threshold!r}"
    relevance = f"relevance=clone(relevance).fit(y[train]){more}"
    return setup, f"{metric}(y[test], fitted.predict(X.iloc[test]), {relevance})", label


def _class_score(code, comparison, request):
    scoring, positive, options = comparison.scoring, comparison.facts["positive"], {}
    if scoring in ("average_precision", "brier"):
        options["response_method"] = "predict_proba"  # these two scores are of probabilities
    if positive is not None and scoring != "balanced_accuracy":
        options["pos_label"] = positive
    elif scoring == "f1":
        options["average"] = "macro"
    parts = [code.use(CLASS_SCORES[scoring]), *(f"{name}={quoted(value)}" for name, value in options.items())]
    setup = [joined(f"score = {code.use(make_scorer)}(", parts, ")")]
    return setup, "score(fitted, X.iloc[test], y[test])", scoring


def _attack(code, comparison, request):
    """The budget is turned into the units of the columns, on all rows without their target, as in the comparison."""
    units = ["eps=list(zip(budget.left_.tolist(), budget.right_.tolist()))", 'unit="raw"']
    if isinstance(request.threat_model.bounds, str):
        units.append("bounds=dict(zip(X.columns, zip(budget.low_.tolist(), budget.high_.tolist())))")
    setup = [
        f"budget = {code.of(request.threat_model)}.fit(X)",
        joined("threat = clone(budget).set_params(", units, ")"),
        f"attack = {code.use(metrics.make_robust_scorer)}(budget, random_state={request.seed})",
    ]
    known = default_methods("robustness", threat_model=request.threat_model, X=request.table.X)
    none, threat = (known[name].threat_model for name in ("none", "at"))
    code.stands_for("clone(threat).set_params(eps=0, max_categorical_changes=0)", none)
    code.stands_for("threat", threat)
    report = "attack.report(fitted, X.iloc[test], y[test])"
    score = f'[(report := {report})["clean"], report["robust"]]'
    return setup, score, "accuracy without and under attack"


def _found(comparison, task, models):
    """Return what the comparison found, by model, as text."""
    rows = comparison.results
    if task == "robustness":
        return {name: f"{rows[name]['clean']:.4f} {rows[name]['robust']:.4f}" for name in models}
    if task == "classification":
        return {name: f"{rows[name][MEASURES[comparison.scoring]]:.4f}" for name in models}
    return {name: f"{np.nanmean(comparison.judge.measured(comparison.scoring, name)):.4g}" for name in models}
