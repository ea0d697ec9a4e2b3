"""How often SMCAE and the refiner open the tables that they are given: each conversion of a container costs time."""

import numpy as np
import pandas as pd
import pytest
from _smcae_data import real_rows, simulated
from sklearn.linear_model import LogisticRegression

from skgan_resample import SMOGN, Relevance, SMCAETransformer, SyntheticRefiner
from skgan_resample._tables import _containers

QUICK = {"max_steps": 5, "cv": 2, "random_state": 0}


@pytest.fixture
def opened(monkeypatch):
    """Numbers of rows of the tables that were opened; a column, such as a target, is no table."""
    found = []
    for kind in (_containers.ArrayReader, _containers.FrameReader):

        def counting(self, X, init=kind.__init__):
            init(self, X)
            if len(self.names) > 1:
                found.append(self.n_rows)

        monkeypatch.setattr(kind, "__init__", counting)
    return found


def as_frame(X):
    return pd.DataFrame(X, columns=["a", "b", "c"])


@pytest.mark.parametrize("container", [np.asarray, as_frame, np.ndarray.tolist])
@pytest.mark.parametrize("select", ["linear_ot", "cv"])
def test_each_table_is_opened_once(opened, container, select):
    (X, y), (S, y_S) = real_rows(60), simulated(50)
    smcae = SMCAETransformer(select=select, estimator=LogisticRegression(), **QUICK)
    smcae.fit(container(X), y, X_synthetic=container(S), y_synthetic=y_S)
    assert opened == [60, 50]
    opened.clear()
    smcae.refine(container(S), y_S)
    assert opened == [50]


@pytest.mark.parametrize("container", [np.asarray, as_frame])
def test_a_table_of_both_kinds_of_rows_is_opened_once_in_fit_and_twice_in_transform(opened, container):
    (X, y), (S, y_S) = real_rows(60), simulated(50)
    both, domain = container(np.vstack([X, S])), np.repeat([-1, 1], [60, 50])
    smcae = SMCAETransformer(select="linear_ot", random_state=0).fit(both, np.r_[y, y_S], sample_domain=domain)
    assert opened == [110]
    opened.clear()
    smcae.transform(both, sample_domain=domain)
    assert opened == [110, 110]  # read, and copied


@pytest.mark.parametrize("cv", [2, 4])
@pytest.mark.slow
def test_the_refiner_opens_four_tables_and_two_in_each_fold(opened, cv):
    X, _ = real_rows(80)
    y = X[:, 0] + X[:, 1]
    sampler = SMOGN(relevance=Relevance("quantile", side="high").fit(y))
    refiner = SyntheticRefiner(sampler, SMCAETransformer(max_steps=5, cv=cv), can_drop=False, random_state=0)
    refiner.fit_resample(as_frame(X), y)
    n_new = refiner.is_synthetic_.sum()
    assert n_new > 0
    outside = [80, 80, n_new, 80 + n_new]  # its own look, the sampler's, the new rows, the result
    assert len(opened) == 4 + 2 * cv  # in a fold the sampler opens its part, and its new rows are read
    assert [opened[0], opened[1], opened[2], opened[-1]] == outside
