"""What trained estimators share: parameter constraints, seeds of inner estimators, network state, callbacks."""

import copy
from contextlib import contextmanager
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils._param_validation import Interval

try:
    from sklearn.callback import CallbackSupportMixin  # experimental in scikit-learn 1.9
except ImportError:

    class CallbackSupportMixin:
        """Replaces scikit-learn's mixin before 1.9: an estimator without ``set_callbacks``."""


def seeded_clone(estimator, rng):
    """Return a clone in which every random_state that is None, also a nested one, has got a seed."""
    estimator = clone(estimator)
    params = estimator.get_params(deep=True)
    unset = [name for name in sorted(params) if name.split("__")[-1] == "random_state" and params[name] is None]
    return estimator.set_params(**{name: rng.randint(np.iinfo(np.int32).max) for name in unset})


# The parameters that every trained estimator has, for its `_parameter_constraints`. `device` is a string so that an
# estimator prints, clones and saves like any other; whether there is such a device is seen in `fit`.
RUN_CONSTRAINTS: dict = {
    "max_steps": [Interval(Integral, 1, None, closed="left")],
    "patience": [Interval(Integral, 1, None, closed="left"), None],
    "max_time": [Interval(Real, 0, None, closed="neither"), None],
    "device": [str],
    "verbose": ["verbose"],
    "random_state": ["random_state"],
}
OPTIMIZER_CONSTRAINTS: dict = {  # of options objects
    "batch_size": [Interval(Integral, 1, None, closed="left")],
    "learning_rate": [Interval(Real, 0, None, closed="neither")],
    "tol": [Interval(Real, 0, None, closed="left")],
}
TRAINING_CONSTRAINTS: dict = {**RUN_CONSTRAINTS, **OPTIMIZER_CONSTRAINTS}


class TorchStateMixin:
    """Keep networks as torch modules in memory and as NumPy arrays in pickles.

    To be named before BaseEstimator among the bases. The class lists the attributes that hold its networks in
    `_network_names` and builds each of them, untrained, in `_build_network(name)` from its parameters and other
    fitted attributes. `fit` leaves them on the CPU in eval mode. So pickle, joblib, skops and ``copy.deepcopy`` need no
    torch object, and a model fitted on a GPU loads anywhere. What else `fit` stores should be plain too
    (``self.device_ = str(device)``).

    A subclass with further networks extends both::

        _network_names = (*Parent._network_names, "critic_")

        def _build_network(self, name):
            return make_critic(self.n_features_in_) if name == "critic_" else super()._build_network(name)

    This is not for a network that the user passes in as a parameter: pickle finds its class by reference.
    """

    _network_names: tuple = ()

    def _build_network(self, name):
        """Return the untrained module for the attribute `name`, the same architecture as the fitted one."""
        raise NotImplementedError(f"{type(self).__name__} does not say how to build {name!r}.")

    def __getstate__(self):
        state = dict(super().__getstate__())  # a copy: what BaseEstimator returns can be our own __dict__
        for name in self._network_names:
            if state.get(name) is not None:
                tensors = state[name].state_dict()
                state[name] = {key: tensor.detach().cpu().numpy().copy() for key, tensor in tensors.items()}
        return state

    def __setstate__(self, state):
        saved = {name: state[name] for name in self._network_names if isinstance(state.get(name), dict)}
        super().__setstate__({name: value for name, value in state.items() if name not in saved})
        if saved:
            import torch

            from skgan_resample._nn.training import seeded

            with seeded(np.random.RandomState(0)):  # building draws weights, and loading must leave the seeds alone
                networks = {name: self._build_network(name) for name in saved}
            for name, arrays in saved.items():
                tensors = {key: torch.from_numpy(np.array(array)) for key, array in arrays.items()}
                networks[name].load_state_dict(tensors, assign=True)  # keeps the dtype, float64 for example
                setattr(self, name, networks[name].eval())

    @contextmanager
    def _on_device(self, device, *names):
        """Yield the networks `names` on `device`: ``with self._on_device("cuda", "encoder_") as (encoder,):``.

        On another device than the CPU they are copies, so the fitted ones never leave it, and two threads can predict.
        """
        from skgan_resample._nn.training import memory_advice

        with memory_advice():
            networks = [getattr(self, name) for name in names]
            if str(device) != "cpu":
                networks = [copy.deepcopy(network).to(device) for network in networks]
            yield [network.eval() for network in networks]


@contextmanager
def all_or_nothing(estimator):
    """Give an estimator its earlier fitted attributes back, or none, where the `fit` inside fails or is interrupted."""
    before = _fitted_attributes(estimator)
    try:
        yield
    except BaseException:
        for name in _fitted_attributes(estimator):
            delattr(estimator, name)
        vars(estimator).update(before)
        raise


def _fitted_attributes(estimator):
    return {name: value for name, value in vars(estimator).items() if name.endswith("_") and name[0] != "_"}


class Options(BaseEstimator):
    """Settings of a network that few people search, in one object instead of a dozen parameters of the estimator.

    A child class has keyword-only parameters and their `_parameter_constraints`; nothing is fitted.
    """

    _parameter_constraints: dict = {}

    @classmethod
    def of(cls, given):
        """Return checked options.

        Parameters
        ----------
        given : options object or None
            None stands for the defaults.

        Returns
        -------
        options : options object
            The given ones, or new ones.

        Raises
        ------
        ValueError
            If a setting is out of its range.
        """
        options = cls() if given is None else given
        options._validate_params()
        options._check_values()
        return options

    def _check_values(self):
        """Refuse values that the table of constraints lets pass."""


class OptionsMixin:
    """Nested names reach options that were left at None: ``set_params(gan__mmd_weight=5)`` puts the defaults first."""

    _options: dict = {}  # parameter -> its child class of `Options`

    def set_params(self, **params):
        """Set parameters, those of nested objects as ``name__parameter``.

        Parameters
        ----------
        **params : dict
            New values by name. A nested name of options that are None starts from the default options.

        Returns
        -------
        self : estimator
            This object.
        """
        for name, cls in self._options.items():
            if getattr(self, name) is None and any(key.startswith(f"{name}__") for key in params):
                setattr(self, name, cls())
        return super().set_params(**params)


@contextmanager
def fit_callbacks(estimator, X=None, y=None, *, n_records=None, reconstruct=None):
    """Yield an estimator's callbacks as plain callables for `train`: ``with fit_callbacks(self, X, y) as callbacks:``.

    They print each record of the history when ``estimator.verbose``, and pass it to what was set by ``set_callbacks``.
    An estimator has that method if it inherits from the `CallbackSupportMixin` of this module and scikit-learn is 1.9
    or newer. For such a callback each record is one task below "fit", with the record itself in ``context.record``, and
    returning True ends the training. To be used once per fit, inside a method under scikit-learn's ``_fit_context``,
    which takes the callbacks down afterwards.

    Parameters
    ----------
    estimator : estimator
        The one being fitted.
    X, y : array-like, default=None
        Its training data, for callbacks that need them.
    n_records : int, default=None
        How many records all calls of `train` will make at most, ``1 + ceil(max_steps / evaluate_every)`` each, for the
        length of a progress bar; None if unknown.
    reconstruct : callable ``() -> dict``, default=None
        Returns the fitted attributes as they would be if fit ended now. Called only for callbacks that ask for a
        fitted estimator, such as ScoringMonitor.
    """
    callbacks = [_printer(type(estimator).__name__)] if getattr(estimator, "verbose", False) else []
    if not hasattr(estimator, "_init_callback_context"):
        yield callbacks
        return
    context = estimator._init_callback_context(max_subtasks=n_records)
    given = {"estimator": estimator, "X": X, "y": y, "reconstruction_attributes": reconstruct}
    context.call_on_fit_task_begin(**given)

    def report(record):
        task = context.subcontext(task_name=f"step {record['step']}")
        task.record = record
        task.call_on_fit_task_begin(**given)
        return task.call_on_fit_task_end(**given)

    yield [*callbacks, report]
    context.call_on_fit_task_end(**given)


def _printer(title):
    """Return a callback that prints a record on one line."""

    def show(record):
        numbers = ", ".join(f"{name} {value:.4g}" for name, value in record.items() if name not in ("step", "seconds"))
        print(f"[{title}] step {record['step']} after {record['seconds']:.1f} s: {numbers}")

    return show
