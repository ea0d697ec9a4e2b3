"""`skgan-resample compare`: three comparisons, one way through them."""

import contextlib
import json
import shutil
import time
from pathlib import Path

import numpy as np

from skgan_resample._cli._arguments import asked_learner, asked_relevance, asked_threat
from skgan_resample._cli._common import in_words, one_sentence, progress
from skgan_resample._cli._time_budget import PILOT_ROWS, affordable_rows, draw_rows
from skgan_resample._user_table._messages import CommandError, need
from skgan_resample._user_table._roles import REGRESSION_ONLY, breast_cancer, builtin_table, used_columns, user_table

REPORT_FILES = {"index.html", "results.csv", "run.json", "recipe.py"}


RESAMPLING_ONLY = (*REGRESSION_ONLY, "scoring", "time", "task")  # not with --threat


def run_compare(options):
    """Compare methods on a table, print table and verdict, write the report."""
    need("pandas", "matplotlib")
    _check_output_folder(Path(options.output))
    if options.threat is not None:
        return _compare_robustness(options)
    options.repeats = 2 if options.repeats is None else options.repeats
    with one_sentence():
        table = user_table(options) if options.data is not None else builtin_table(options)
    compared = _compare_regression if options.task == "regression" else _compare_classification
    return compared(table, options)


def _compare_regression(table, options):
    from skgan_resample._report import print_summary, write_report
    from skgan_resample.model_selection import compare
    from skgan_resample.model_selection._methods import default_methods, methods_by_name

    def check(names):
        methods_by_name(names, default_methods())

    relevance = asked_relevance(options, is_builtin=options.data is None)
    for name, default in REGRESSION_ONLY.items():
        if getattr(options, name) is None:
            setattr(options, name, default)
    for name, price in (("--max-price", options.max_price), ("--max-common-price", options.max_common_price)):
        if not price >= 0:
            raise CommandError(f"{name} {price:g} must be at least 0, such as 0.02 for 2 %.")
    settings = {
        "learners": asked_learner(options.learner),
        "relevance": relevance,
        "scoring": options.scoring,
        "threshold": options.threshold,
        "cv": _outer_folds(table, options),
        "max_price": options.max_price,
        "max_common_price": options.max_common_price,
    }

    def report(out, comparison, table, shown):
        print_summary(comparison)
        write_report(out, comparison, table, relevance, shown)

    return _run(compare, (), table, options, settings, check, report, splits_per_fold=4)


def _compare_classification(table, options):
    from skgan_resample._report import print_classification, write_classification_report
    from skgan_resample.model_selection import compare_classification
    from skgan_resample.model_selection._classification import default_methods
    from skgan_resample.model_selection._methods import methods_by_name

    def check(names):
        methods_by_name(names, default_methods())

    settings = {
        "learners": asked_learner(options.learner, "sklearn.linear_model:LogisticRegression"),
        "scoring": options.scoring,
        "cv": _outer_folds(table, options),
    }

    def report(out, comparison, table, shown):
        print_classification(comparison)
        write_classification_report(out, comparison, table, shown)

    return _run(compare_classification, (), table, options, settings, check, report)


def _compare_robustness(options):
    from skgan_resample._report import print_robustness, write_robustness_report
    from skgan_resample.model_selection import compare_robustness
    from skgan_resample.model_selection._robustness import check_methods

    given = [name for name in RESAMPLING_ONLY if getattr(options, name) is not None]
    if given:
        raise CommandError(f"--{given[0].replace('_', '-')} is for resampling: it cannot be used with --threat.")
    threat = asked_threat(options.threat)
    options.repeats = 1 if options.repeats is None else options.repeats
    with one_sentence():
        table = breast_cancer(options) if options.data is None else user_table(options)
    threat.set_params(immutable=used_columns(threat.immutable, table))
    settings = {"learner": asked_learner(options.learner, "sklearn.svm:SVC"), "cv": options.cv}

    def check(names):
        check_methods(names, threat, table.X, None)

    def report(out, comparison, table, shown):
        print_robustness(comparison)
        write_robustness_report(out, comparison, table, shown)

    return _run(compare_robustness, (threat,), table, options, settings, check, report)


def _outer_folds(table, options):
    from sklearn.model_selection import TimeSeriesSplit

    with one_sentence():
        return TimeSeriesSplit(options.cv) if table.times is not None else options.cv


# ------------------------------------------------------------------------------------------------ one way for all
def _run(compare, arguments, table, options, settings, check, report, *, splits_per_fold=1):
    """Compare, print and report; what was computed is kept on disk until then, so that the same command goes on.

    Parameters
    ----------
    compare : callable
    arguments : tuple
        What it takes behind X and y.
    table : Table
    options : argparse.Namespace
    settings : dict
        Keywords of `compare` that only this one has.
    check : callable
        Given the names of --methods, it raises a ValueError if one is unknown.
    report : callable
        Given folder, comparison, table and options, it prints and writes.
    splits_per_fold : int, default=1
        The outer split and inner ones that are tasks of their own.
    """
    from joblib import cpu_count

    for note in table.notes:
        print(f"- {note}", flush=True)
    methods = [name.strip() for name in options.methods.split(",")] if options.methods else None
    if methods is not None:
        with one_sentence():
            check(methods)
    out = Path(options.output)
    cache = out.parent / f".{out.resolve().name}-cache"
    is_new = not cache.exists()
    settings |= {
        "methods": methods,
        "n_repeats": options.repeats,
        "groups": table.groups,
        "random_state": options.seed,
        "n_jobs": options.jobs or cpu_count(),
    }
    shown = vars(options) | {"run": "compare"}
    try:
        if options.max_time is not None:
            with one_sentence():
                table = _drawn_to_time(compare, arguments, table, options, settings, splits_per_fold, cache)
            settings |= {"groups": table.groups, "max_time": max(0.0, _time_left(options))}
        with one_sentence(), progress("methods x folds") as callback:
            comparison = compare(table.X, table.y, *arguments, memory=cache, callback=callback, **settings)
    except CommandError as error:
        if options.max_time is None or "max_time" not in str(error):
            if is_new and not _has_results(cache):
                shutil.rmtree(cache, ignore_errors=True)
            raise
        said = str(error).replace(f"max_time={settings['max_time']:g} seconds", f"--max-time {options.max_time:g}")
        raise CommandError(f"{said} The same command, best with more time, goes on from there.") from None
    with one_sentence():
        report(out, comparison, table, shown)
    if callback.n_done < callback.n_tasks:
        print(f"\n--max-time {options.max_time:g} lasted for {comparison.n_folds} of {comparison.n_planned} folds; the "
              f"same command goes on from there: what is done is kept in {cache}.")  # fmt: skip
    else:
        shutil.rmtree(cache, ignore_errors=True)
    print(f"\nThe report: {out / 'index.html'}\nThe code to paste: {out / 'recipe.py'}")
    return 0


def _has_results(cache):
    return any(cache.rglob("output.pkl"))  # as joblib keeps them


def _time_left(options):
    return options.started + options.max_time - time.monotonic()


def _drawn_to_time(compare, arguments, table, options, settings, splits_per_fold, cache):
    """Return the table, or fewer of its rows where --max-time does not last for all of them, said aloud."""
    n_rows = len(table.y)
    kept = cache / "rows.json"  # an interrupted run goes on with the same rows
    free = ("started", "output", "run", "jobs", "max_time")  # what is done serves whatever these say
    asked = {name: str(value) for name, value in vars(options).items() if name not in free}
    asked["n_rows"] = n_rows

    def drawn(n):
        has_classes = options.task != "regression"
        return table.drawn(draw_rows(table, n, has_classes=has_classes, n_folds=options.cv, seed=options.seed))

    def seconds_per_fold(n, limit):
        return _seconds_per_fold(compare, arguments, drawn(n), options.cv, settings, limit, splits_per_fold)

    try:
        known = json.loads(kept.read_text())
    except (OSError, ValueError):
        known = {}
    is_same = known.get("asked") == asked
    if not is_same or (known["max_time"] != options.max_time and not _has_results(cache)):
        if n_rows > PILOT_ROWS:
            print(f"- For how many rows --max-time {options.max_time:g} lasts is tried out on few of them.", flush=True)
        n_drawn, needed = affordable_rows(seconds_per_fold, n_rows, options.cv, lambda: max(1.0, _time_left(options)))
        known = {"asked": asked, "n_drawn": n_drawn, "needed": needed, "max_time": options.max_time}
        cache.mkdir(exist_ok=True)
        kept.write_text(json.dumps(known))
    n_drawn, needed = known["n_drawn"], known["needed"]
    if n_drawn >= n_rows:
        return table
    table = drawn(n_drawn)
    how = "as whole groups" if table.groups is not None else "evenly over time" if table.times is not None else (
        "evenly over the values of the target" if options.task == "regression" else "class by class"
    )  # fmt: skip
    all_rows = "" if needed is None else f"; all rows would take about {in_words(needed)}"
    note = (
        f"{n_rows:,} rows are too many for --max-time {known['max_time']:g}: {len(table.y):,} of them are compared, "
        f"drawn {how}{all_rows}. With more rows the answer can be another one."
    )
    print(f"- {note}", flush=True)
    table.notes = [*table.notes, note]
    return table


def _seconds_per_fold(compare, arguments, table, cv, settings, limit, splits_per_fold):
    """Return how long one fold of all methods takes on a table, by its outer split; None if that exceeds the limit."""
    rows = np.random.RandomState(0).permutation(len(table.y))
    n_test = len(rows) // cv
    n_done = 0

    def count(done, total):
        nonlocal n_done
        n_done = done / total

    without_inner = {"inner_cv": None} if splits_per_fold > 1 else {}
    settings = settings | {"cv": [(rows[n_test:], rows[:n_test])], "groups": None} | without_inner
    started = time.monotonic()
    with contextlib.suppress(ValueError, TypeError):  # one fold is no comparison; all else the comparison itself says
        compare(table.X, table.y, *arguments, max_time=limit, callback=count, **settings)
    return (time.monotonic() - started) * splits_per_fold if n_done == 1 else None


def _check_output_folder(out):
    here = Path.cwd().resolve()
    if out.resolve() in (here, *here.parents):
        raise CommandError(f"-o {out} is no folder for a report: you are in it; name a new one, such as -o report.")
    if out.exists() and not (out.is_dir() and {path.name for path in out.iterdir()} <= REPORT_FILES):
        raise CommandError(f"{out} exists and is no earlier report; choose another folder with -o.")
    if not out.absolute().parent.is_dir():
        raise CommandError(f"The folder {out.absolute().parent} for the report does not exist.")
