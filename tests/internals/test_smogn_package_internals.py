"""SmognPackageSampler runs the real package: valid rows out, nothing left behind in it, one clear error if it fails."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from _smogn_package_data import digest, load

from skgan_resample import Relevance
from skgan_resample.over_sampling import SmognPackageSampler
from skgan_resample.over_sampling._smogn_package import _count_by_bump, _part_real_rows


def test_real_rows_are_told_from_new_ones_by_their_bytes():
    table = np.array([[1.0, 5.0], [2.0, 0.0], [1.0, 5.0], [3.0, 7.0]])
    # a new row that equals a real one, another new row, and behind them real rows as the package orders them
    drawn = np.array([[3.0, 7.0], [1.5, 5.5], [1.0, 5.0], [2.0, -0.0], [3.0, 7.0]])
    kept, new = _part_real_rows(table, drawn)
    assert kept.tolist() == [0, 1, 3]
    assert new.tolist() == [[3.0, 7.0], [1.5, 5.5]]


def test_new_rows_are_counted_by_the_nearest_bump():
    values = [0, 2, 4, 12, 20, 25]
    points = [(2, 1), (3, 0), (14, 0), (20, 1)]
    bumps = Relevance("control_points", control_points=points).fit(values).bumps(values)
    assert _count_by_bump(np.array([-3.0, 1.0, 19.0, 30.0]), bumps) == {"low": 2, "high": 2}
    assert _count_by_bump(np.array([4.0, 11.0]), bumps) == {"low": 0, "common_1": 2, "high": 0}
    assert _count_by_bump(np.empty(0), bumps) == {"low": 0, "high": 0}


@pytest.mark.slow
def test_another_process_gives_the_same_bytes_and_imports_the_package_only_when_rows_are_drawn():
    code = """
import sys
from skgan_resample.over_sampling._smogn_package import SmognPackageSampler
sampler = SmognPackageSampler(random_state=7).fit([[i, -i] for i in range(30)], [*range(29), 99])
assert not {"smogn", "tqdm"} & set(sys.modules), "imported too early"
sys.path.insert(0, "tests")
from test_smogn_package import digest, load
print(digest(*sampler.fit_resample(*load("made"))))
"""
    here = digest(*SmognPackageSampler(random_state=7).fit_resample(*load("made")))
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONHASHSEED": "123"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == here, done.stderr
