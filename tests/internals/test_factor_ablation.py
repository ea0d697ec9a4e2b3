"""The factor ablation of benchmarks/: the gap by groups, its bootstrap, and sentences that one made table provokes."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from skgan_resample import AdversarialTrainingOptions, RobustATWrapper, ThreatModel
from skgan_resample._robust_at._overfitting import robust_gap
from skgan_resample._robust_at._training import Curves

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "_factor_ablation.py"
spec = importlib.util.spec_from_file_location("_factor_ablation", SCRIPT)
script = importlib.util.module_from_spec(spec)
sys.modules["_factor_ablation"] = script  # dataclasses look their module up
spec.loader.exec_module(script)
CONTRASTS, GROUPS, factor_ablation = script.CONTRASTS, script.GROUPS, script.factor_ablation
gap_values, verdicts = script.gap_values, script.verdicts


def made(n, noise, seed, *, n_features=10, n_classes=2, sep=1.5):
    X, y = make_classification(
        n, n_features, n_informative=n_features // 2, n_redundant=0, n_classes=n_classes, n_clusters_per_class=2,
        class_sep=sep, random_state=seed,
    )  # fmt: skip
    rng = np.random.RandomState(seed)
    return X, np.where(rng.uniform(size=n) < noise, rng.randint(n_classes, size=n), y)


def ablation(X, y, eps, groups, *, hidden=(64, 64), epochs=40, **settings):
    model = MLPClassifier(hidden, solver="sgd", learning_rate_init=0.05, batch_size=16, alpha=0.0, max_iter=epochs)
    wrapper = RobustATWrapper(model, threat_model=ThreatModel(eps), random_state=0, **settings)
    return factor_ablation(wrapper, X, y, groups=groups, n_folds=2)


def noisy_table():
    """Few rows, four classes, three labels in ten drawn anew: a network soon learns them by heart."""
    X, y = make_classification(
        6000, 20, n_informative=10, n_redundant=4, n_classes=4, n_clusters_per_class=2, class_sep=1.5, random_state=0
    )
    X, _, y, _ = train_test_split(X, y, train_size=300, stratify=y, random_state=0)
    rng = np.random.RandomState(0)
    drawn = rng.uniform(size=300) < 0.3
    return X, np.where(drawn, rng.randint(4, size=300), y)


@pytest.fixture(scope="module")
def overfitted():
    return ablation(*noisy_table(), 0.3, ["baseline", "drop_both", "drop_random", "stronger_attack"])


@pytest.fixture(scope="module")
def easy():
    X, y = made(300, 0.0, 4, sep=2.5)
    return ablation(X, y, 0.1, ["baseline", "drop_both", "drop_random", "stronger_attack"], epochs=10)


@pytest.mark.parametrize(
    "sentence",
    [
        "Size: with as many random rows left out, the gap is smaller",
        "Small-loss rows: with small-loss rows left out, against as many random ones, the gap is larger",
        "Attack strength: with small-loss rows attacked more strongly, the gap is smaller",
    ],
)
@pytest.mark.slow
def test_a_noisy_table_provokes_what_an_easy_one_does_not(overfitted, easy, sentence):
    assert any(told.startswith(sentence) for told in overfitted.verdicts)
    assert not any(sentence.split(":")[0] in told for told in easy.verdicts)


@pytest.mark.slow
def test_no_overfitting_is_said_of_the_easy_table_alone(overfitted, easy):
    assert any(told.startswith(("No robust overfitting", "Robust overfitting is not shown")) for told in easy.verdicts)
    assert not any("nothing to explain" in told for told in overfitted.verdicts)


@pytest.mark.parametrize(("n_steps", "is_weak"), [(1, True), (10, False)])
@pytest.mark.slow
def test_a_weak_attack_is_noticed(n_steps, is_weak):
    found = ablation(*noisy_table(), 0.3, ["baseline"], n_steps=n_steps)
    assert any(told.startswith("Attack too weak") for told in found.verdicts) == is_weak


def test_bad_requests_are_refused():
    X, y = made(60, 0.2, 0)
    with pytest.raises(ValueError, match="'baseline' among them"):
        factor_ablation(RobustATWrapper(), X, y, groups=["drop_both"])
    with pytest.raises(ValueError, match="start_epoch=60 must be from 1"):
        factor_ablation(RobustATWrapper(), X, y, start_epoch=60)
    with pytest.raises(ValueError, match="needs at least 10 rows"):
        factor_ablation(RobustATWrapper(), X[:6], np.arange(6) % 2)


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


@pytest.mark.slow
def test_groups_share_their_beginning_and_part_where_they_should():
    X, y = made(60, 0.2, 0)
    wrapper = RobustATWrapper(
        MLPClassifier((8,), solver="sgd", learning_rate_init=0.1, batch_size=16, max_iter=6),
        threat_model=ThreatModel(0.2),
        random_state=0,
        training=AdversarialTrainingOptions(validate_every=1),
    )
    found = factor_ablation(wrapper, X, y, start_epoch=5, n_folds=2)
    assert found.start_epoch == 5
    assert [one["group"] for one in found.rows] == list(GROUPS)
    assert len({one["best"] for one in found.rows}) <= 2  # five of six epochs are the same
    assert not hasattr(wrapper, "network_")
    assert str(found).startswith("From epoch 5 on")
    again = factor_ablation(wrapper, X, y, start_epoch=5, n_folds=2)
    drop_seconds = [[{**one, "seconds": 0} for one in ablation.rows] for ablation in (found, again)]
    assert drop_seconds[0] == drop_seconds[1]
