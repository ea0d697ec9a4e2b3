"""Robust overfitting seen by RobustATWrapper: held-out rows, the epoch that is kept, gaps, suspects and warnings."""

import numpy as np
import pytest
import torch
from _robust_at_data import table, wrapper
from _shared import Listener, needs_callbacks, needs_cuda
from torch import nn

from skgan_resample import ResamplingWarning
from skgan_resample.threat import ThreatModel


@pytest.fixture(scope="module")
def validated():
    """A wrapper that looked at three folds."""
    X, y = table()
    return wrapper(cv=3, threat_model=ThreatModel(0.2)).fit(X, y), X, y


# ------------------------------------------------------------------------------------------------ held-out rows
CURVES = {"epoch", "seconds", "val_clean", "val_robust", "train_clean", "train_robust", "feature_gap"}


def test_the_history_says_what_each_look_saw(validated):
    model, X, _ = validated
    assert [record["epoch"] for record in model.history_] == [0, 2, 4, 5]
    assert set(model.history_[0]) == CURVES
    assert all(set(record) == CURVES | {"train_loss", "small_loss_fraction"} for record in model.history_[1:])
    assert next(iter(model.runs_)) == "plain"
    curves = model.runs_["plain"]
    assert sorted(curves.rows) == list(range(len(X)))  # each row is held out once
    assert set(curves.fold) == {0, 1, 2}
    for look, record in enumerate(curves.history):
        by_fold = [curves.robust[look, curves.fold == fold].mean() for fold in range(3)]
        assert record["val_robust"] == pytest.approx(np.mean(by_fold), abs=1e-6)
        assert record["val_robust"] <= record["val_clean"]
        assert record["train_robust"] <= record["train_clean"]
    assert set(np.unique(curves.robust)) <= {0.0, 1.0}
    assert (curves.robust <= curves.clean).all()
    assert model.robust_val_last_ == pytest.approx(curves.robust[-1].mean())
    assert model.best_epoch_ == model.n_iter_ == curves.epochs[curves.kept]
    assert model.ro_gap_interval_[0] <= model.ro_gap_ <= model.ro_gap_interval_[1]
    assert model.suspected_labels_.shape == (len(X),)
    assert f"With {len(X)} held-out rows" in model.ro_report()


def test_without_validation_the_losses_alone_are_known(fitted_wrapper):
    model, *_ = fitted_wrapper
    assert model.runs_ == {}
    assert set(model.history_[-1]) == {"epoch", "seconds", "train_loss", "small_loss_fraction"}
    assert model.history_[-1]["epoch"] == model.n_iter_ == 5
    assert model.ro_detected_ is None
    assert np.isnan([model.ro_gap_, model.ro_power_, model.masking_gap_, model.attack_gap_]).all()
    assert "Nothing was measured" in model.ro_report()


@pytest.mark.parametrize("early_stopping", [True, False])
def test_a_share_of_the_rows_is_held_out_and_the_epoch_chosen_on_it(early_stopping):
    X, y = table()
    model = wrapper(validation_fraction=0.3, validate_every=1, early_stopping=early_stopping).fit(X, y)
    curves = model.runs_["plain"]
    assert len(curves.rows) == 36
    assert np.mean(y[curves.rows]) == pytest.approx(np.mean(y), abs=0.03)  # each part is like the whole
    look = curves.kept
    assert look == 5 or early_stopping
    assert model.best_epoch_ == model.n_iter_ == look
    # The network that is kept says of the held-out rows what was seen at that look.
    assert np.array_equal(model.predict(X[curves.rows]) == y[curves.rows], curves.clean[look] == 1)


def test_an_untrained_network_is_never_kept():
    X, y = table()
    model = wrapper(validation_fraction=0.3, learning_rate=1e-9).fit(X, y)
    assert model.n_iter_ >= 1


def test_the_last_epoch_is_kept_where_nothing_is_lost():
    X, y = table()
    assert wrapper(cv=2, learning_rate=1e-9).fit(X, y).n_iter_ == 5


@pytest.mark.slow
def test_given_validation_rows_are_looked_at_and_not_learned_from():
    X, y = table(n_rows=200)
    train, one, other = slice(0, 100), slice(100, 150), slice(150, 200)
    models = [
        wrapper(early_stopping=False, cv=5).fit(X[train], y[train], X_val=X[part], y_val=y[part])
        for part in (one, other)
    ]
    assert np.array_equal(*(model.decision_function(X) for model in models))
    assert models[0].history_ != models[1].history_
    curves = models[0].runs_["plain"]
    assert np.array_equal(curves.rows, np.arange(100, 150))
    assert np.array_equal(curves.clean[-1] == 1, models[0].predict(X[one]) == y[one])
    assert models[0].suspected_labels_.shape == (100,)
    assert "Held-out rows were given" in models[0].ro_report()
    kept = wrapper(validate_every=1).fit(X[train], y[train], X_val=X[one], y_val=y[one])
    assert np.mean(kept.predict(X[one]) == y[one]) == kept.runs_["plain"].clean[kept.best_epoch_].mean()


@pytest.mark.parametrize("cv", [None, 3])
def test_time_ends_the_fit(cv):
    X, y = table()
    model = wrapper(max_epochs=100_000, max_time=0.3, cv=cv).fit(X, y)
    assert model.fit_seconds_ < 20
    assert model.predict(X).shape == (120,)


def test_epochs_are_those_that_were_trained_when_time_ended_the_fit():
    X, y = table()
    model = wrapper(max_epochs=100_000, max_time=0.1).fit(X, y)
    assert model.n_iter_ == pytest.approx(model.history_[-1]["epoch"], abs=1)


def test_progress_is_printed_only_when_asked_for(capsys):
    X, y = table()
    wrapper(cv=2, max_epochs=2).fit(X, y)
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "")
    wrapper(cv=2, max_epochs=2, verbose=1).fit(X, y)
    assert capsys.readouterr().out.count("[RobustATWrapper] step") >= 4


@needs_callbacks
def test_callbacks_of_scikit_learn_hear_of_every_look():
    X, y = table()
    model = wrapper(cv=2, max_epochs=4)
    listener = Listener()
    model.set_callbacks(listener).fit(X, y)
    looks = [record for record in listener.records if "val_robust" in record]
    assert len(looks) == 2 * 3
    assert np.mean([looks[2]["val_robust"], looks[5]["val_robust"]]) == pytest.approx(model.history_[-1]["val_robust"])
    stopped = wrapper(validation_fraction=0.3, max_epochs=4)
    listener = Listener(1)
    stopped.set_callbacks(listener).fit(X, y)
    assert len(listener.records) == 1
    assert len(stopped.history_) == 1


def test_planted_flips_are_found_by_the_wrapper():
    rng = np.random.RandomState(0)
    X = np.vstack([rng.normal(-5, 1, size=(60, 2)), rng.normal(5, 1, size=(60, 2))])
    y = np.repeat([0, 1], 60)
    flipped = np.array([3, 13, 23, 40, 70, 80, 90, 100])
    y[flipped] = 1 - y[flipped]
    model = wrapper(cv=3, max_epochs=10).fit(X, y)
    found = np.flatnonzero(model.suspected_labels_)
    assert set(found) <= set(flipped)
    assert len(found) >= 4  # a row that is less typical than the mean of its class is let off


class Certain(nn.Module):
    """Right about all rows, with logits so large that float32 loses the gradient of the cross-entropy."""

    def __init__(self, scale=1.0):
        super().__init__()
        self.layer = nn.Linear(2, 2)
        with torch.no_grad():
            self.layer.weight.copy_(scale * torch.tensor([[-1.0, 0.0], [1.0, 0.0]]))
            self.layer.bias.zero_()

    def forward(self, x):
        return self.layer(x)


STILL = {"task": "classification", "learning_rate": 1e-12, "optimizer": "adam", "max_epochs": 2, "cv": 3}


def test_a_hidden_gradient_is_noticed():
    X = np.random.RandomState(0).normal(size=(120, 2))
    y = (X[:, 0] > X[:, 0].mean()).astype(int)
    settings = {**STILL, "threat_model": ThreatModel(0.5, attackable_classes=[0, 1])}
    with pytest.warns(ResamplingWarning, match="the network hides its gradient") as caught:
        masked = wrapper(Certain(1e5), **settings).fit(X, y)
    assert len(caught) == 1
    assert masked.masking_gap_ > 0.1
    assert "do not trust figures of PGD" in masked.ro_report()
    assert masked.robust_score(X, y) == pytest.approx(np.mean(np.abs(X[:, 0] - X[:, 0].mean()) > 0.5 * X[:, 0].std()))


@pytest.mark.filterwarnings("error::skgan_resample.ResamplingWarning")
def test_an_open_gradient_is_no_cause_for_a_warning(validated):
    X = np.random.RandomState(0).normal(size=(120, 2))
    y = (X[:, 0] > X[:, 0].mean()).astype(int)
    honest = wrapper(Certain(), **STILL, threat_model=ThreatModel(0.5)).fit(X, y)
    assert honest.masking_gap_ == 0
    assert abs(validated[0].masking_gap_) < 0.03


class Saddle(nn.Module):
    """From most places one step up the slope of a saddle ends on a ridge, several find the way down.

    Columns 0 and 1 are -1 or 1; around these, moved by v in [-1, 1] half units, a row of the class of column 2 leads by
    0.3 + v0 * v1 + v0 / 2.
    """

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1, 1))

    def forward(self, x):
        v = 2 * (x[:, :2] - x[:, :2].detach().sign())
        lead = (0.3 + v[:, 0] * v[:, 1] + v[:, 0] / 2) * x[:, 2].sign() * self.scale[0, 0]
        return torch.stack([-lead, lead], dim=1)


@pytest.mark.parametrize("n_steps", [1, 7])
def test_an_attack_of_one_step_is_called_too_weak_where_it_is(n_steps):
    cube = np.array([[a, b, c] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)], dtype=float)
    X = np.tile(cube, (20, 1))
    y = (X[:, 2] > 0).astype(int)
    model = wrapper(
        Saddle(),
        **STILL,
        threat_model=ThreatModel([0.5, 0.5, 0.0]),
        n_steps=n_steps,
        batch_size=64,
        warm_up=0.0,
    ).fit(X, y)
    assert model.attack_too_weak_ == (n_steps == 1)
    assert (model.attack_gap_ > 0.3) == (n_steps == 1)
    assert ("raise n_steps first" in model.ro_report()) == (n_steps == 1)


@needs_cuda
def test_the_gpu_learns_much_the_same_and_leaves_its_network_on_the_cpu():
    X, y = table()
    scores = {}
    for device in ("cpu", "cuda"):
        model = wrapper(device=device, ro_strategy=["loss_scale", "awp"]).fit(X, y)
        assert next(model.network_.parameters()).device.type == "cpu"
        scores[device] = model.score(X, y), model.robust_score(X, y)
    assert scores["cuda"] == pytest.approx(scores["cpu"], abs=0.1)
