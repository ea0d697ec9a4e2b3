"""Networks in pickles, on devices, and behind scikit-learn's callbacks; the constraints of training parameters."""

import copy
import pickle

import joblib
import numpy as np
import pytest
import torch
from _shared import Listener, needs_callbacks, run_python
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context, clone
from sklearn.pipeline import make_pipeline
from torch import nn

from skgan_resample._estimators import TRAINING_CONSTRAINTS, CallbackSupportMixin, TorchStateMixin, fit_callbacks
from skgan_resample._nn.training import descend, plain_batches, resolve_device, seeded, train


@pytest.fixture
def X():
    return np.random.RandomState(0).randn(30, 4)


class Compressor(CallbackSupportMixin, TorchStateMixin, TransformerMixin, BaseEstimator):
    """A small autoencoder with batch norm, dropout and an integer buffer."""

    _parameter_constraints: dict = {**TRAINING_CONSTRAINTS, "width": [int], "dtype": [str]}
    _network_names = ("encoder_", "decoder_")

    def __init__(
        self,
        width=3,
        dtype="float32",
        *,
        max_steps=12,
        batch_size=10,
        learning_rate=0.01,
        patience=None,
        tol=0.0,
        max_time=None,
        device="cpu",
        verbose=0,
        random_state=0,
    ):
        self.width = width
        self.dtype = dtype
        self.max_steps = max_steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.patience = patience
        self.tol = tol
        self.max_time = max_time
        self.device = device
        self.verbose = verbose
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        rng = np.random.RandomState(self.random_state)
        device = resolve_device(self.device)
        self.n_features_in_ = X.shape[1]
        self.device_ = str(device)
        x = torch.tensor(X, dtype=getattr(torch, self.dtype), device=device)
        with seeded(rng, device), fit_callbacks(self, X, y, n_records=4, reconstruct=lambda: {}) as callbacks:
            networks = {name: self._build_network(name).to(x) for name in self._network_names}
            optimizer = torch.optim.Adam([w for net in networks.values() for w in net.parameters()], self.learning_rate)

            def step(indices, progress):
                networks["encoder_"][0].n_rows += len(indices)
                loss = (networks["decoder_"](networks["encoder_"](x[indices])) - x[indices]).square().mean()
                descend(optimizer, loss)
                return {"loss": loss}

            self.history_ = train(
                step,
                plain_batches(len(x), self.batch_size, rng, device=device),
                max_steps=self.max_steps,
                evaluate_every=4,
                callbacks=callbacks,
                modules=networks,
            ).history
        for name, network in networks.items():
            setattr(self, name, network.cpu().eval())
        return self

    def transform(self, X):
        with self._on_device(self.device_, "encoder_", "decoder_") as (encoder, decoder), torch.no_grad():
            x = torch.tensor(X, dtype=getattr(torch, self.dtype), device=self.device_)
            return decoder(encoder(x)).cpu().numpy()

    def _build_network(self, name):
        sizes = (self.n_features_in_, self.width) if name == "encoder_" else (self.width, self.n_features_in_)
        first = nn.BatchNorm1d(sizes[0])
        first.register_buffer("n_rows", torch.tensor(0))
        return nn.Sequential(first, nn.Linear(*sizes), nn.Dropout(0.1))


class Judged(Compressor):
    """One more network, as a subclass of a subclass."""

    _network_names = (*Compressor._network_names, "judge_")

    def _build_network(self, name):
        return nn.Linear(self.n_features_in_, 1) if name == "judge_" else super()._build_network(name)

    def fit(self, X, y=None):
        self.judge_ = None
        super().fit(X, y)
        return self


def through_joblib(estimator, tmp_path, **options):
    joblib.dump(estimator, tmp_path / "estimator.joblib")
    return joblib.load(tmp_path / "estimator.joblib", **options)


def through_skops(estimator):
    skops_io = pytest.importorskip("skops.io")
    data = skops_io.dumps(estimator)
    ours = f"{type(estimator).__module__}.{type(estimator).__qualname__}"
    assert set(skops_io.get_untrusted_types(data=data)) <= {ours}  # nothing else has to be trusted
    return skops_io.loads(data, trusted=[ours])


WAYS = {
    "pickle": lambda estimator, tmp_path: pickle.loads(pickle.dumps(estimator)),
    "pickle, protocol 2": lambda estimator, tmp_path: pickle.loads(pickle.dumps(estimator, protocol=2)),
    "joblib": through_joblib,
    "joblib, memory-mapped": lambda estimator, tmp_path: through_joblib(estimator, tmp_path, mmap_mode="r"),
    "skops": lambda estimator, tmp_path: through_skops(estimator),
    "deepcopy": lambda estimator, tmp_path: copy.deepcopy(estimator),
    "copy": lambda estimator, tmp_path: copy.copy(estimator),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", [Compressor, Judged])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.slow
def test_a_loaded_model_predicts_the_same_bits(way, kind, dtype, X, tmp_path):
    estimator = kind(dtype=dtype).fit(X)
    if kind is Judged:
        assert estimator.judge_ is not None
    loaded = WAYS[way](estimator, tmp_path)
    assert estimator.transform(X).tobytes() == loaded.transform(X).tobytes()
    assert loaded.get_params() == estimator.get_params()
    assert loaded.history_ == estimator.history_
    for name in estimator._network_names:
        before, after = getattr(estimator, name), getattr(loaded, name)
        assert isinstance(before, nn.Module)  # saving did not turn ours into arrays
        assert not after.training
        assert list(before.state_dict()) == list(after.state_dict())
        for key, tensor in before.state_dict().items():
            assert tensor.dtype == after.state_dict()[key].dtype
            assert torch.equal(tensor, after.state_dict()[key])
        assert all(weight.requires_grad for weight in after.parameters())
    assert loaded.encoder_[0].n_rows == 120  # the integer buffer: 12 batches of 10 rows
    assert loaded.encoder_[0].num_batches_tracked == 12
    assert not torch.equal(loaded.encoder_[0].running_var, torch.ones(4))
    with torch.no_grad():  # and it lives on its own memory
        loaded.encoder_[1].weight += 1
    assert estimator.transform(X).tobytes() != loaded.transform(X).tobytes()
    assert estimator.transform(X).tobytes() == kind(dtype=dtype).fit(X).transform(X).tobytes()


@pytest.mark.parametrize("way", WAYS)
def test_an_unfitted_estimator_and_a_missing_network_survive(way, X, tmp_path):
    unfitted = WAYS[way](Compressor(width=2), tmp_path)
    assert unfitted.get_params() == Compressor(width=2).get_params()
    assert not hasattr(unfitted, "encoder_")
    estimator = Compressor().fit(X)
    estimator.decoder_ = None  # a part that this fit did not need
    assert WAYS[way](estimator, tmp_path).decoder_ is None


def test_saved_state_is_numpy_and_a_copy(X):
    estimator = Compressor().fit(X)
    state = estimator.__getstate__()
    before = state["encoder_"]["1.weight"].copy()
    assert all(isinstance(array, np.ndarray) for name in ("encoder_", "decoder_") for array in state[name].values())
    with torch.no_grad():
        estimator.encoder_[1].weight += 1
    assert np.array_equal(state["encoder_"]["1.weight"], before)
    assert b"torch" not in pickle.dumps(Compressor().fit(X)).replace(b"test_torch_state", b"")


def test_loading_leaves_the_random_state_alone(X):
    data = pickle.dumps(Compressor().fit(X))
    state = torch.get_rng_state()
    pickle.loads(data)
    assert torch.equal(torch.get_rng_state(), state)


def test_clone_forgets_networks_and_a_pipeline_pickles(X):
    pipeline = make_pipeline(Compressor(), Compressor(width=2)).fit(X)
    assert not hasattr(clone(pipeline)[0], "encoder_")
    assert np.array_equal(pickle.loads(pickle.dumps(pipeline)).transform(X), pipeline.transform(X))


def test_a_class_that_cannot_build_its_network_says_so():
    class Forgetful(TorchStateMixin, BaseEstimator):
        _network_names = ("net_",)

    estimator = Forgetful()
    estimator.net_ = nn.Linear(1, 1)
    with pytest.raises(NotImplementedError, match="Forgetful does not say how to build 'net_'"):
        copy.deepcopy(estimator)


def test_networks_come_home_from_a_device_after_an_exception(X, device):
    estimator = Compressor(device=device).fit(X)
    encoder = estimator.encoder_

    def fail():
        with estimator._on_device(device, "encoder_", "decoder_") as networks:
            assert {weight.device.type for net in networks for weight in net.parameters()} == {device}
            assert not any(net.training for net in networks)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert estimator.encoder_ is encoder
    assert {weight.device.type for weight in encoder.parameters()} == {"cpu"}


def test_a_full_gpu_in_a_call_is_a_memory_error(X):
    with (
        pytest.raises(MemoryError, match="batch_size"),
        Compressor().fit(X)._on_device("cpu", "encoder_"),
    ):
        raise torch.cuda.OutOfMemoryError("full")


@pytest.mark.slow
def test_importing_the_shared_pieces_does_not_import_torch():
    code = "import skgan_resample._estimators, sys; sys.exit('torch' in sys.modules)"
    run_python(code)


# Constraints ---------------------------------------------------------------------------------------------------------


def test_training_constraints_take_what_they_should():
    assert TRAINING_CONSTRAINTS.keys() <= Compressor().get_params().keys()
    extremes = {"max_steps": 1, "batch_size": 1, "learning_rate": 1e-9, "patience": None, "tol": 0, "max_time": None}
    Compressor(**extremes, device="cuda:1", verbose=False, random_state=None)._validate_params()
    Compressor(patience=np.int64(3), max_time=60, verbose=2, random_state=np.random.RandomState(0))._validate_params()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_steps", 0),
        ("max_steps", 1.5),
        ("batch_size", 0),
        ("learning_rate", 0),
        ("patience", 0),
        ("tol", -1e-9),
        ("max_time", 0),
        ("device", None),
        ("verbose", -1),
        ("random_state", "seed"),
    ],
)
def test_training_constraints_refuse_other_values(name, value, X):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of Compressor must be"):
        Compressor(**{name: value}).fit(X)


# Callbacks -----------------------------------------------------------------------------------------------------------


class Recorder(Listener):
    """Sees to what is told of each record."""

    def on_fit_task_end(self, estimator, context, *, X=None):
        if context.parent is not None:
            assert X.shape == (30, 4)
            assert context.task_name == f"step {context.record['step']}"
        return super().on_fit_task_end(estimator, context)


@needs_callbacks
def test_scikit_learn_callbacks_hear_of_every_record(X):
    recorder = Recorder()
    estimator = Compressor().set_callbacks(recorder).fit(X)
    steps = [event for step in (0, 4, 8, 12) for event in (f"begin step {step}", f"end step {step}")]
    assert recorder.events == ["setup", "begin fit", *steps, "end fit", "teardown"]
    assert np.array_equal(estimator.transform(X), Compressor().fit(X).transform(X))


@needs_callbacks
def test_scikit_learn_callback_stops_training(X):
    estimator = Compressor().set_callbacks(Recorder(n_records=2)).fit(X)
    assert [record["step"] for record in estimator.history_] == [0, 4]


@needs_callbacks
def test_scikit_learn_callback_is_taken_down_after_an_error(X):
    recorder = Recorder()
    with pytest.raises(FloatingPointError):
        Compressor().set_callbacks(recorder).fit(np.full_like(X, np.nan))
    assert recorder.events[-1] == "teardown"


@needs_callbacks
def test_progress_bar_runs_and_ends_full(X, capsys):
    pytest.importorskip("rich")
    from sklearn.callback import ProgressBar

    estimator = Compressor().set_callbacks(ProgressBar()).fit(X)
    shown = capsys.readouterr().out
    assert "Compressor - fit" in shown
    assert "100%" in shown
    pickle.loads(pickle.dumps(estimator))


@pytest.mark.slow
def test_without_scikit_learn_callbacks_the_plain_path_remains():
    code = """
import sys
sys.modules["sklearn.callback"] = None  # as before scikit-learn 1.9
from skgan_resample._estimators import CallbackSupportMixin, fit_callbacks
assert not hasattr(CallbackSupportMixin, "set_callbacks")
with fit_callbacks(CallbackSupportMixin()) as callbacks:
    assert callbacks == []
"""
    run_python(code)


def test_verbose_prints_one_line_per_record_and_silence_is_the_default(X, capsys):
    Compressor().fit(X)
    assert capsys.readouterr().out == ""
    estimator = Compressor(verbose=1).fit(X)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(estimator.history_) == 4
    assert lines[0].startswith("[Compressor] step 0 after")
    assert lines[3].endswith(f"loss {estimator.history_[3]['loss']:.4g}")
