"""factor_ablation: the gap by groups, its bootstrap, and sentences provoked by one made table and not by another."""

import numpy as np
import pytest
from _ablation_data import ablation, made
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split

from skgan_resample import RobustATWrapper


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
def test_a_noisy_table_provokes_what_an_easy_one_does_not(overfitted, easy, sentence):
    assert any(told.startswith(sentence) for told in overfitted.verdicts)
    assert not any(sentence.split(":")[0] in told for told in easy.verdicts)


def test_no_overfitting_is_said_of_the_easy_table_alone(overfitted, easy):
    assert any(told.startswith(("No robust overfitting", "Robust overfitting is not shown")) for told in easy.verdicts)
    assert not any("nothing to explain" in told for told in overfitted.verdicts)


@pytest.mark.parametrize(("attack_steps", "is_weak"), [(1, True), (10, False)])
def test_a_weak_attack_is_noticed(attack_steps, is_weak):
    found = ablation(*noisy_table(), 0.3, ["baseline"], attack_steps=attack_steps)
    assert any(told.startswith("Attack too weak") for told in found.verdicts) == is_weak


def test_bad_requests_are_refused():
    X, y = made(60, 0.2, 0)
    with pytest.raises(ValueError, match="'baseline' among them"):
        RobustATWrapper().factor_ablation(X, y, groups=["drop_both"])
    with pytest.raises(ValueError, match="start_epoch=60 must be from 1"):
        RobustATWrapper().factor_ablation(X, y, start_epoch=60)
    with pytest.raises(ValueError, match="needs at least 10 rows"):
        RobustATWrapper().factor_ablation(X[:6], np.arange(6) % 2)
