"""Tasks of a comparison: each fits one method on one split. They run in parallel, are kept on disk, fail one by one.

Tasks are ordered by fold, all methods of a split one after another: whenever time is up, whole folds are done.
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
from skgan_resample.model_selection._splits import OUTER, Split

# packages whose code is told by their version alone, see `versions`
BY_VERSION = {"skgan_resample", "sklearn", "imblearn", "torch", "numpy", "scipy", "joblib", "pandas", "polars"}
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def evaluate_methods(run, problem, splits, methods, depends_on, *, random_state=0, memory=None, **settings):
    """Run every method on every split; return the rows of all tasks, in their order."""
    fingerprint = code_in_use(depends_on) if memory is not None else None
    run = run if memory is None else as_memory(memory).cache(run)
    tasks = []
    for split in splits:
        fold, inner, train, test, inside = Split(*split)
        seed = task_seed(random_state, fold, inner + 1)
        for name, method in methods.items():
            label = {"fold": fold, "inner": inner, "method": name}
            tasks.append((label, run, (problem, train, test, inside, method, seed, fingerprint)))
    return run_tasks(tasks, **settings)


def run_tasks(tasks, *, n_jobs=None, max_time=None, callback=None):
    """Return the rows of tasks (label, function, arguments), in the order of the tasks."""
    calls = ((number, *task) for number, task in enumerate(tasks))
    if max_time is None:
        parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered", pre_dispatch="2*n_jobs")
        results = parallel(delayed(_labelled)(*call) for call in calls)
    else:
        results = _in_time(calls, effective_n_jobs(n_jobs), time.monotonic() + max_time)
    found, pace = {}, _Pace([label["method"] for label, *_ in tasks], effective_n_jobs(n_jobs))
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
    """Estimates how long the tasks that are left will take, by the finished ones of the same method."""

    def __init__(self, methods, n_jobs):  # methods by task
        self.methods, self.n_jobs = methods, n_jobs
        self.left = Counter(methods)
        self.seconds = defaultdict(list)

    def note(self, number, seconds):
        """Count a finished task; `seconds` is None if its result lay on disk."""
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


def finished_folds(rows, splits, methods, needed, max_time):
    """Return what can be judged: whole folds, without the methods that failed."""
    places = [(split.fold, split.inner, name) for split in splits for name in methods]
    done = {(row["fold"], row["inner"], row["method"]) for row in rows}
    errors = [row for row in rows if "error" in row and row["method"] in needed]
    broken = {(row["fold"], row["inner"]) for row in errors}
    unfinished = {fold for fold, inner, method in places if (fold, inner, method) not in done}
    folds = sorted({fold for fold, *_ in places if fold not in unfinished and (fold, OUTER) not in broken})
    if len(folds) < 2:
        if errors:
            commonest = Counter(row["error"] for row in errors).most_common(1)[0][0]
            raise ValueError(f"The estimator could not be fitted and judged on two outer folds: {commonest}")
        n_done = len(done.intersection(places))
        if n_done == len(places):
            raise ValueError("A verdict takes two outer folds, and cv gives one.")
        raise ValueError(
            f"Cannot tell: max_time={max_time:g} seconds was too short for two outer folds; {n_done} of {len(places)} "
            "tasks were done."
        )
    rows = [row for row in rows if row["fold"] in folds and (row["fold"], row["inner"]) not in broken]
    failures = {row["method"]: row["error"] for row in rows if "error" in row}
    for name, error in failures.items():
        warn(f"The method {name!r} failed and is left out: {error}")
    return [row for row in rows if row["method"] not in failures], folds, failures


def mean_test_share(splits):
    """Return the number of test rows per training row, the mean over splits (train, test)."""
    return float(np.mean([len(test) / len(train) for train, test in splits]))


def task_seed(random_state, fold, number=0):
    """Return the seed of all methods on an outer fold (number 0) or on one of its inner folds (1, 2, ...)."""
    return int(np.random.SeedSequence([random_state, fold, number]).generate_state(1)[0] % 2**31)


def code_in_use(estimators):
    """Return what a cached result depends on beside its arguments: versions, and the source of the user's own modules.

    joblib tells classes apart by name alone. Here the source of the whole module of a class counts, and that of the
    modules of its base classes, for the sake of helpers and constants; not that of the modules which they import.
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
    """Return the source of a module, or that of a class in a notebook, which has no file; None if it is not known."""
    try:
        return Path(sys.modules[module].__file__).read_text(encoding="utf-8")
    except (KeyError, AttributeError, TypeError, OSError, UnicodeDecodeError):  # none, or a compiled one
        try:
            return inspect.getsource(kind)
        except (OSError, TypeError):
            return None


def as_memory(memory):
    """Return a joblib.Memory; a folder becomes a silent one."""
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
