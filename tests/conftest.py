"""Fixtures of several test files."""

import random

import numpy as np
import pytest
import torch
from _robust_at_data import MIXED, mixed, wrapper
from _shared import needs_cuda
from _smcae_data import real_rows, simulated


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=needs_cuda)])
def device(request):
    return request.param


def global_states():
    """All that a fit may borrow from the process and has to give back."""
    return {
        "seed of Python": random.getstate(),
        "seed of NumPy": [np.asarray(part).tolist() for part in np.random.get_state()],  # noqa: NPY002
        "seed of torch": torch.get_rng_state().tolist(),
        "threads of torch": torch.get_num_threads(),
        "gradients": torch.is_grad_enabled(),
    }


@pytest.fixture
def give_back():
    """Fail where a test changes a global random state, torch's thread count or its gradient mode."""
    threads = torch.get_num_threads()
    torch.set_num_threads(2)  # so that one is a change
    random.random(), np.random.rand(), torch.rand(1)  # noqa: NPY002 (a seed set anew differs from states under way)
    try:
        before = global_states()
        yield
        after = global_states()
    finally:
        torch.set_num_threads(threads)
    assert [name for name in before if before[name] != after[name]] == []


# ------------------------------------------------------------------------------------------------ SMCAE
@pytest.fixture
def sides():
    """Real rows and classes, synthetic rows and classes."""
    return *real_rows(), *simulated()


@pytest.fixture
def mingled():
    """One table in which real and synthetic rows alternate in no order, the classes, and the domain."""
    (X, y), (S, y_S) = real_rows(), simulated()
    order = np.random.RandomState(3).permutation(140)
    domain = np.r_[np.full(60, -2), np.ones(80, dtype=int)]
    return np.r_[X, S][order], np.r_[y, y_S][order], domain[order]


# ------------------------------------------------------------------------------------------------ RobustATWrapper
@pytest.fixture(scope="session")
def fitted_wrapper():
    """A wrapper of a mixed table, with what it was fitted to; nobody changes it."""
    frame, y = mixed()
    return wrapper(threat_model=MIXED).fit(frame, y), frame, y
