"""`skgan-resample compare`: from the words of the command line to a comparison and its report."""

import shutil
from pathlib import Path

from skgan_resample._cli._arguments import SCORINGS, asked_estimator, asked_relevance, asked_threat
from skgan_resample._cli._progress import progress
from skgan_resample._cli._time_budget import has_results, within_time
from skgan_resample._user_table import Table, read_table
from skgan_resample._user_table._messages import CommandError, need, one_sentence
from skgan_resample._user_table._request import Request
from skgan_resample._user_table._roles import check_column

REPORT_FILES = {"index.html", "results.csv", "run.json", "pipeline.py", "recipe.py"}  # the last one of older reports
LIMITS = {"threshold": 0.8, "max_rmse_increase": 0.02, "max_common_increase": 0.05}  # for a numeric target; defaults
REGRESSION_ONLY = ("relevance", "side", "quantile", *LIMITS)
RESAMPLING_ONLY = (*REGRESSION_ONLY, "scoring", "time", "task")  # not with --threat
EXAMPLES = {  # of --estimator
    "regression": "sklearn.svm:SVR",
    "classification": "sklearn.linear_model:LogisticRegression",
    "robustness": "sklearn.svm:SVC",
}


def run_compare(options):
    """Compare methods on a table, print the answer, write the report; results are kept on disk until then."""
    from skgan_resample._report import report_of
    from skgan_resample.model_selection import default_methods
    from skgan_resample.model_selection._methods import methods_by_name

    need("pandas", "matplotlib", "rich", "jinja2")
    _check_output_folder(Path(options.output))
    request = requested(options)
    for note in request.table.notes:
        print(f"- {note}", flush=True)
    if request.methods is not None:
        with one_sentence():  # before anything takes time
            own = {"threat_model": request.threat_model, "X": request.table.X} if request.threat_model else {}
            methods_by_name(request.methods, default_methods(request.table.task, **own))
    cache = request.out.parent / f".{request.out.resolve().name}-cache"  # a hidden folder beside the report
    is_new = not cache.exists()
    try:
        if request.max_time is not None:
            with one_sentence():
                request = within_time(request, compared, cache)
        with one_sentence(), progress("methods x folds") as callback:
            comparison = compared(request, memory=cache, callback=callback, max_time=request.seconds_left)
    except CommandError as error:
        if request.max_time is None or "max_time" not in str(error):
            if is_new and not has_results(cache):
                shutil.rmtree(cache, ignore_errors=True)
            raise
        # the comparison got what was left of the time; the user gave all of it
        words = str(error).partition("max_time=")[2].partition(" seconds")[0]
        text = str(error).replace(f"max_time={words} seconds", f"--max-time {request.max_time:g}")
        raise CommandError(f"{text} The same command, best with more time, goes on from there.") from None
    with one_sentence():
        report = report_of(comparison, request)
        report.print()
        report.write(request.out)
    if callback.n_done < callback.n_tasks:
        print(f"\n--max-time {request.max_time:g} lasted for {comparison.n_folds} of {comparison.n_planned} folds; the "
              f"same command goes on from there: what is done is kept in {cache}.")  # fmt: skip
    else:
        shutil.rmtree(cache, ignore_errors=True)
    print(f"\nThe report: {request.out / 'index.html'}\nThe model as a script: {request.out / 'pipeline.py'}")
    return 0


def _check_output_folder(out):
    here = Path.cwd().resolve()
    if out.resolve() in (here, *here.parents):
        raise CommandError(f"-o {out} is no folder for a report: you are in it; name a new one, such as -o report.")
    if out.exists() and not (out.is_dir() and {path.name for path in out.iterdir()} <= REPORT_FILES):
        raise CommandError(f"{out} exists and is no earlier report; choose another folder with -o.")
    if not out.absolute().parent.is_dir():
        raise CommandError(f"The folder {out.absolute().parent} for the report does not exist.")


# ------------------------------------------------------------------------------------------------ what was asked
def requested(options):
    """Return the options as objects; refuse what contradicts itself."""
    task = _task_asked_for(options)
    threat = None if options.threat is None else asked_threat(options.threat)
    if options.data is None:
        table = _builtin_table(options, task or "regression")
    else:
        with one_sentence():
            table = read_table(
                options.data, target=options.target, group=options.group, time=options.time, task=task,
                sep=options.sep, decimal=options.decimal,
            )  # fmt: skip
    task = table.task
    if options.scoring is None and task != "robustness":
        options.scoring = SCORINGS[task][0]
    if options.repeats is None:
        options.repeats = 1 if task == "robustness" else 2
    if task == "regression":
        for name, default in LIMITS.items():
            if getattr(options, name) is None:
                setattr(options, name, default)
    asked = {name: value for name, value in vars(options).items() if name not in ("started", "command")}
    return Request(
        table=table,
        out=Path(options.output),
        asked=asked | {"run": "compare", "task": task},
        estimator=asked_estimator(options.estimator, EXAMPLES[task]),
        methods=[name.strip() for name in options.methods.split(",")] if options.methods else None,
        scoring=options.scoring,
        cv=options.cv,
        n_repeats=options.repeats,
        seed=options.seed,
        n_jobs=options.jobs,
        max_time=options.max_time,
        started=options.started,
        relevance=asked_relevance(options, is_builtin=options.data is None) if task == "regression" else None,
        threat_model=None if threat is None else _of_table(threat, table),
        **{name: getattr(options, name) for name in LIMITS},
    )


def _task_asked_for(options):
    """Return the task that the options name or imply, None if that is left to the target."""
    if options.threat is not None:
        given = [name for name in RESAMPLING_ONLY if getattr(options, name) is not None]
        if given:
            raise CommandError(f"--{given[0].replace('_', '-')} is for resampling: it cannot be used with --threat.")
        return "robustness"
    given = [name for name in REGRESSION_ONLY if getattr(options, name) is not None]
    # a score, or an option of regression alone, implies the task
    implied = ["regression"] if given else [task for task, names in SCORINGS.items() if options.scoring in names]
    task = options.task or (implied[0] if implied else None)
    if task == "classification" and given:
        raise CommandError(f"--{given[0].replace('_', '-')} is for regression: a class has no such thing.")
    if options.scoring is not None and options.scoring not in SCORINGS[task]:
        raise CommandError(f"--scoring {options.scoring} is not for {task}; give one of {', '.join(SCORINGS[task])}.")
    return task


def _builtin_table(options, task):
    """Return a table that scikit-learn ships; no network."""
    from sklearn.datasets import load_breast_cancer, load_diabetes

    for name in ("target", "group", "time"):
        if getattr(options, name):
            raise CommandError(f"--{name} needs a table: skgan-resample compare DATA.csv --{name} COLUMN.")
    if task == "regression":
        X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
        note = "No table was given: this is scikit-learn's diabetes data (442 rows, progression after one year)."
        return Table(X, y.to_numpy(), "progression", "diabetes (scikit-learn)", task, notes=[note])
    data = load_breast_cancer(as_frame=True)
    y = data.target_names[data.target].astype(str)
    note = "No table was given: this is scikit-learn's breast cancer data (569 rows, malignant or benign)."
    return Table(data.data, y, "diagnosis", "breast cancer (scikit-learn)", task, list(data.data), notes=[note])


def _of_table(threat, table):
    """Return a threat model with the immutable columns that the table uses; others cannot be attacked anyway."""
    for name in threat.immutable or ():
        check_column(table.columns, name, table.source)
    return threat.set_params(immutable=[name for name in threat.immutable or () if name in table.X.columns] or None)


# ------------------------------------------------------------------------------------------------ the comparison
def compared(request, **changes):
    """Return the comparison that is asked for, with some keywords changed."""
    from joblib import cpu_count
    from sklearn.model_selection import TimeSeriesSplit

    from skgan_resample.model_selection import compare

    table = request.table
    settings = {
        "task": table.task,
        "estimators": request.estimator,
        "cv": request.cv if table.times is None else TimeSeriesSplit(request.cv),
        "groups": table.groups,
        "random_state": request.seed,
        "n_jobs": request.n_jobs or cpu_count(),
    }
    for name in ("methods", "n_repeats", "scoring", "relevance", *LIMITS, "threat_model"):
        if getattr(request, name) is not None:
            settings[name] = getattr(request, name)
    return compare(table.X, table.y, **settings | changes)
