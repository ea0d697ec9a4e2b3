"""factor_ablation: the gap by groups, its bootstrap, and sentences provoked by one made table and not by another."""

import numpy as np
import pytest
from _ablation_data import made
from skgan_resample._robust_at._ablation import CONTRASTS, GROUPS, gap_values, verdicts
from sklearn.neural_network import MLPClassifier

from skgan_resample import RobustATWrapper, ThreatModel
from skgan_resample._robust_at._overfitting import robust_gap
from skgan_resample._robust_at._training import Curves


def curves(robust, fold):
    n_looks, n_rows = robust.shape
    return Curves(
        name="x",
        rows=np.arange(n_rows),
        fold=fold,
        weight=np.ones(n_rows),
        epochs=np.arange(float(n_looks)),
        clean=robust,
        robust=robust,
        history=[],
    )


def test_the_gap_of_the_ablation_is_that_of_the_detector():
    rng = np.random.RandomState(0)
    fold = np.arange(90) % 3
    one = curves((rng.uniform(size=(8, 90)) < np.linspace(0.8, 0.5, 8)[:, None]).astype(float), fold)
    gap = robust_gap(one, rng)
    draws = np.ones((90, 401))
    for number in range(3):
        inside = np.flatnonzero(fold == number)
        draws[inside, 1:] = rng.multinomial(30, np.full(30, 1 / 30), 400).T
    values = gap_values(one, draws)
    assert values[0] == pytest.approx(gap.value)
    assert values[1:].std() == pytest.approx(gap.error, rel=0.15)
    assert values[1:].mean() == pytest.approx(
        gap.value, abs=3 * gap.error / 20
    )  # draws do not choose epochs of their own


def row(group="baseline", low=0.05, high=0.15):
    return {"group": group, "ro_gap": (low + high) / 2, "low": low, "high": high}


def contrast(name, low, high):
    more, less, _ = CONTRASTS[name]
    return {"name": name, "more": more, "less": less, "value": (low + high) / 2, "low": low, "high": high}


def test_a_contrast_is_told_only_if_its_interval_excludes_zero_and_there_is_overfitting():
    told = verdicts([row()], [contrast("size", 0.01, 0.05), contrast("attack strength", -0.01, 0.05)], 0.0, 0.0)
    assert len(told) == 1
    assert told[0].startswith("Size: with as many random rows left out, the gap is smaller by 0.030")
    (told,) = verdicts([row()], [contrast("small-loss rows", -0.05, -0.01)], 0.0, 0.0)
    assert "the gap is larger by 0.030 (-0.050 to -0.010)" in told
    (told,) = verdicts([row(low=0.005)], [contrast("size", 0.01, 0.05)], 0.0, 0.0)
    assert told.startswith("Robust overfitting is not shown")
    (told,) = verdicts([row(low=-0.005, high=0.008)], [contrast("size", 0.01, 0.05)], 0.0, 0.0)
    assert told.startswith("No robust overfitting")
    (told,) = verdicts([row()], [contrast("size", -0.01, 0.05)], 0.0, 0.0)
    assert "no group differs" in told
    assert verdicts([row()], [], 0.3, 0.2)[0].startswith("Attack too weak")


def test_groups_share_their_beginning_and_part_where_they_should():
    X, y = made(60, 0.2, 0)
    wrapper = RobustATWrapper(
        MLPClassifier((8,), solver="sgd", learning_rate_init=0.1, batch_size=16, max_iter=6),
        threat_model=ThreatModel(0.2),
        random_state=0,
        validate_every=1,
    )
    found = wrapper.factor_ablation(X, y, start_epoch=5, n_folds=2)
    assert found.start_epoch == 5
    assert [one["group"] for one in found.rows] == list(GROUPS)
    assert len({one["best"] for one in found.rows}) <= 2  # five of six epochs are the same
    assert not hasattr(wrapper, "network_")
    assert str(found).startswith("From epoch 5 on")
    again = wrapper.factor_ablation(X, y, start_epoch=5, n_folds=2)
    drop_seconds = [[{**one, "seconds": 0} for one in ablation.rows] for ablation in (found, again)]
    assert drop_seconds[0] == drop_seconds[1]
