"""`skgan-resample compare --threat`: the command line for adversarial training, on tables as people have them."""

import numpy as np
import pytest

from skgan_resample._cli._arguments import asked_threat
from skgan_resample.model_selection import _robustness
from skgan_resample.threat import ThreatModel


@pytest.fixture(autouse=True)
def _short_training(monkeypatch):
    """Train the methods of the command for two epochs, and keep silent about the time left."""
    monkeypatch.setattr("skgan_resample._cli._progress.FIRST_ESTIMATE", np.inf)
    methods_of = _robustness.default_methods

    def quick(task, **given):
        methods = methods_of(task, **given)
        for method in methods.values():
            method.set_params(max_epochs=2, n_steps=1, training__learning_rate=0.1)
            if method.cv is not None:
                method.set_params(cv=2)
        return methods

    monkeypatch.setattr(_robustness, "default_methods", quick)


def test_all_keys_of_a_threat_model():
    found = asked_threat("eps=0.5,unit=iqr,norm=l2,bounds=train,immutable=a b+c,max_categorical_changes=2").get_params()
    wanted = {"eps": 0.5, "unit": "iqr", "norm": "l2", "bounds": "train", "immutable": ["a b", "c"]}
    assert found == {**ThreatModel().get_params(), **wanted, "max_categorical_changes": 2}
