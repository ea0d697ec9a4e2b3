"""What the comparisons share: tasks that run in parallel, are kept on disk, and fail one by one; arguments and folds.

Tasks stand fold by fold, all methods of a split one after another: whenever time is up, whole folds are there.
"""

import inspect
import os
import sys
import time
import warnings
from collections import Counter, defaultdict
from concurrent.futures import FIRST_COMPLETED, wait
from pathlib import Path

import numpy as np
from joblib import Memory, Parallel, cpu_count, delayed, effective_n_jobs
from joblib.executor import get_memmapping_executor

from skgan_resample._versions import versions
from skgan_resample.exceptions import warn
from skgan_resample.model_selection._result import OUTER

# packages whose code is told by their version alone, see `versions`
BY_VERSION = {"skgan_resample", "sklearn", "imblearn", "torch", "numpy", "scipy", "joblib", "pandas", "polars"}
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run_tasks(run, tasks, estimators, *, n_jobs=None, memory=None, max_time=None, callback=None):
    """Return the rows of all tasks, in the order of the tasks.

    Tasks run in parallel, are kept in `memory`, and an interrupted run goes on where it stopped.

    Parameters
    ----------
    run : function
        Called with the arguments of a task and, last, what a cached result depends on beside them, which only tells
        cached results apart; returns a list of rows (dict).
    tasks : list of (label, arguments)
        `label` is a dict that every row of the task begins with. An error becomes a row too: the label and ``error``.
    estimators : iterable
        What the results depend on; see `code_in_use`. Looked at only with `memory`.
    n_jobs, memory, max_time, callback
        As in `compare`.

    Returns
    -------
    rows : list of dict
    """
    code = code_in_use(estimators) if memory is not None else None
    run = run if memory is None else as_memory(memory).cache(run)
    calls = ((number, label, run, (*arguments, code)) for number, (label, arguments) in enumerate(tasks))
    if max_time is None:
        parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered", pre_dispatch="2*n_jobs")
        results = parallel(delayed(_labelled)(*call) for call in calls)
    else:
        results = _in_time(calls, effective_n_jobs(n_jobs), time.monotonic() + max_time)
    found, pace = {}, _Pace([label["method"] for label, _ in tasks], effective_n_jobs(n_jobs))
    for number, rows, seconds in results:
        found[number] = rows
        pace.note(number, seconds)
        if callback is not None:
            if hasattr(callback, "time_left"):
                callback.time_left(pace.time_left())
            callback(len(found), len(tasks))
    return [row for number in sorted(found) for row in found[number]]


def _in_time(calls, n_jobs, deadline):
    """Yield what calls of `_labelled` return until the deadline, in processes that are ended then.

    A call may not return for hours inside compiled code, where nothing but the end of its process stops it.
    """
    n_threads = max(1, cpu_count() // n_jobs)  # as joblib shares the cores out
    env = {name: os.environ.get(name, str(n_threads)) for name in THREADS}
    running, executor = set(), None
    try:
        while (left := deadline - time.monotonic()) > 0:
            while len(running) < n_jobs and (call := next(calls, None)) is not None:
                executor = executor or get_memmapping_executor(n_jobs, env=env)
                running.add(executor.submit(_labelled, *call))
            if not running:
                return
            done, running = wait(running, timeout=left, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    finally:
        if running:
            executor.terminate(kill_workers=True)


class _Pace:
    """Tells how long the tasks that are left will take, by the finished ones of the same method.

    Parameters
    ----------
    methods : list of str
        By task.
    n_jobs : int
    """

    def __init__(self, methods, n_jobs):
        self.methods, self.n_jobs = methods, n_jobs
        self.left = Counter(methods)
        self.seconds = defaultdict(list)

    def note(self, number, seconds):
        """A task is done, in so many seconds; None if its result lay on disk."""
        self.left[self.methods[number]] -= 1
        if seconds is not None:
            self.seconds[self.methods[number]].append(seconds)

    def time_left(self):
        """Return an estimate in seconds, or None as long as only results from disk are known."""
        if not self.seconds:
            return None
        means = {method: np.mean(seconds) for method, seconds in self.seconds.items()}
        usual = np.mean(list(means.values()))
        return float(sum(count * means.get(method, usual) for method, count in self.left.items()) / self.n_jobs)


def finished_folds(rows, places, needed, max_time, least="two outer folds"):
    """Return what there is to judge: folds in which every method was tried, without methods that failed.

    Parameters
    ----------
    rows : list of dict
        From `run_tasks`.
    places : list of (fold, inner, method)
        Those of all tasks, `inner` being OUTER for outer folds.
    needed : tuple of str
        Methods without which a split says nothing: it is left out where one of them failed.
    max_time : float or None
        As in `compare`.
    least : str
        What a verdict needs, in words.

    Returns
    -------
    rows : list of dict
    folds : list of int
    failures : dict
        Methods that failed somewhere, with the error; each has been warned of.

    Raises
    ------
    ValueError
        If there are fewer than two folds.
    """
    done = {(row["fold"], row.get("inner", OUTER), row["method"]) for row in rows}
    errors = [row for row in rows if "error" in row and row["method"] in needed]
    broken = {(row["fold"], row.get("inner", OUTER)) for row in errors}
    unfinished = {fold for fold, inner, method in places if (fold, inner, method) not in done}
    folds = sorted({fold for fold, *_ in places if fold not in unfinished and (fold, OUTER) not in broken})
    if len(folds) < 2:
        if errors:
            commonest = Counter(row["error"] for row in errors).most_common(1)[0][0]
            raise ValueError(f"The learner could not be fitted and judged on {least}: {commonest}")
        n_done = len(done.intersection(places))
        raise ValueError(
            f"A verdict takes {least}, and cv gives one."
            if n_done == len(places)
            else f"Cannot tell: max_time={max_time:g} seconds was too short for {least}; {n_done} of {len(places)} "
            "tasks were done."
        )
    rows = [row for row in rows if row["fold"] in folds and (row["fold"], row.get("inner", OUTER)) not in broken]
    failures = {row["method"]: row["error"] for row in rows if "error" in row}
    for name, error in failures.items():
        warn(f"The method {name!r} failed and is left out: {error}")
    return [row for row in rows if row["method"] not in failures], folds, failures


def mean_test_share(splits):
    """Return the number of test rows per training row, the mean over splits (train, test)."""
    return float(np.mean([len(test) / len(train) for train, test in splits]))


def task_seed(random_state, *place):
    """Return the seed of the tasks at one place, such as a fold; all methods get the same one."""
    return int(np.random.SeedSequence([random_state, *place]).generate_state(1)[0] % 2**31)


def code_in_use(estimators):
    """Return what a cached result depends on beside its arguments: versions, and the source of the user's own modules.

    joblib tells classes apart by name alone. A class is as its whole module says, and as those of its base classes do:
    helpers and constants count. What such a module imports is not looked at.
    """
    parts = {"versions": versions()}
    for estimator in estimators:
        nested = estimator.get_params().values() if hasattr(estimator, "get_params") else []
        for part in (estimator, *nested):
            if hasattr(part, "get_params") or hasattr(part, "fit"):
                used = type(part).__mro__
            elif callable(part):
                used = [part]
            else:
                continue
            for each in used:
                name = getattr(each, "__module__", None) or "builtins"
                root = name.split(".")[0]
                if root not in BY_VERSION and root not in sys.stdlib_module_names - {"__main__"}:
                    parts[f"{name}.{getattr(each, '__qualname__', '')}"] = _source(name, each)
    return parts


def _source(module, kind):
    """Return the source of a module; of a notebook or a prompt, which has no file, that of the class if it is known."""
    try:
        return Path(sys.modules[module].__file__).read_text(encoding="utf-8")
    except (KeyError, AttributeError, TypeError, OSError, UnicodeDecodeError):  # none, or a compiled one
        try:
            return inspect.getsource(kind)
        except (OSError, TypeError):
            return None


def as_memory(memory):
    """Return a joblib.Memory; a folder becomes one that says nothing."""
    return memory if isinstance(memory, Memory) else Memory(memory, verbose=0)


def _labelled(number, label, run, arguments):
    """Run a task; return its number, its rows, and the seconds it took, None if they lay on disk.

    An error of the method becomes a row, so that it does not end the whole comparison.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        is_kept, started = False, time.perf_counter()
        try:
            is_kept = hasattr(run, "check_call_in_cache") and run.check_call_in_cache(*arguments)
            rows = [{**label, **row} for row in run(*arguments)]
        except Exception as error:
            rows = [{**label, "error": f"{type(error).__name__}: {error}".split("\n")[0]}]
        return number, rows, None if is_kept else time.perf_counter() - started
