"""What many test files need: a callback that listens, estimators that remember, ways to copy, a fresh interpreter."""

import copy
import io
import os
import pickle
import subprocess
import sys
from importlib.metadata import entry_points

import joblib
import numpy as np
import pytest
import sklearn
import torch
from sklearn.base import BaseEstimator
from sklearn.utils.fixes import parse_version

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
sklearn_version = parse_version(sklearn.__version__).release
has_callbacks = sklearn_version >= (1, 9)
needs_callbacks = pytest.mark.skipif(not has_callbacks, reason="sklearn.callback came with scikit-learn 1.9")


class Listener:
    """A callback in scikit-learn's sense: it notes what it hears and ends the training after so many records."""

    def __init__(self, n_records=None):
        self.n_records = n_records
        self.events, self.records = [], []

    def setup(self, estimator, context):
        self.events.append("setup")

    def on_fit_task_begin(self, estimator, context):
        self.events.append(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context):
        self.events.append(f"end {context.task_name}")
        if context.parent is None:  # the fit itself
            return None
        self.records.append(context.record)
        return len(self.records) == self.n_records

    def teardown(self, estimator, context):
        self.events.append("teardown")


class KeepsRows:
    """Put before an estimator with weights: it keeps what it was fitted to."""

    def fit(self, X, y, sample_weight=None):
        self.X_, self.y_, self.sample_weight_ = X, y, sample_weight
        return super().fit(X, y, sample_weight)


class ScriptedSampler(BaseEstimator):
    """Returns rows by position, or -1 for a row of nines, under `labels` if given; tells of them what it is told to."""

    def __init__(self, rows=(), *, kept=None, parents=None, flags=None, labels=None):
        self.rows = rows
        self.kept = kept
        self.parents = parents
        self.flags = flags
        self.labels = labels

    def fit_resample(self, X, y):
        told = {"kept_indices_": self.kept, "parent_indices_": self.parents, "is_synthetic_": self.flags}
        for name, value in told.items():
            if value is not None:
                setattr(self, name, np.array(value))
        rows = np.array(self.rows)
        X_new, y_new = X[rows], y[rows]
        X_new[rows < 0], y_new[rows < 0] = 9, 9
        return X_new, y_new if self.labels is None else self.labels


def main(arguments):
    """Run the command `skgan-resample` in this process, found as the shell finds it."""
    return entry_points(group="console_scripts")["skgan-resample"].load()(arguments)


def through_joblib(estimator):
    buffer = io.BytesIO()
    joblib.dump(estimator, buffer)
    buffer.seek(0)
    return joblib.load(buffer)


def through_skops(estimator):
    skops = pytest.importorskip("skops.io")
    stored = skops.dumps(estimator)
    return skops.loads(stored, trusted=skops.get_untrusted_types(data=stored))


COPIES = {
    "pickle": lambda estimator: pickle.loads(pickle.dumps(estimator)),
    "joblib": through_joblib,
    "deepcopy": copy.deepcopy,
    "skops": through_skops,
}


def run_python(code):
    """Run code in a fresh interpreter and return what it prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
