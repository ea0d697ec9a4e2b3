"""Options objects: defaults for None, checked parameters, nested names that reach options left at None."""

from numbers import Real

import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.utils._param_validation import Interval

from skgan_resample._estimators import Options, OptionsMixin


class Weights(Options):
    _parameter_constraints = {"power": [Interval(Real, 0, None, closed="left")]}

    def __init__(self, *, power=1.0):
        self.power = power


class Model(OptionsMixin, BaseEstimator):
    _options = {"weights": Weights}

    def __init__(self, *, weights=None, size=1):
        self.weights = weights
        self.size = size


def test_none_means_the_defaults():
    assert Weights.of(None).power == 1.0
    given = Weights(power=3)
    assert Weights.of(given) is given


def test_a_setting_out_of_range_is_refused():
    with pytest.raises(ValueError, match="'power' parameter of Weights must be a float in the range"):
        Weights.of(Weights(power=-1))


def test_nested_names_reach_options_that_are_none():
    model = Model().set_params(weights__power=2.0, size=5)
    assert (model.weights.power, model.size) == (2.0, 5)
    assert clone(model).weights.power == 2.0


def test_nested_names_keep_the_other_settings_of_given_options():
    model = Model(weights=Weights(power=4))
    assert model.set_params(size=2).weights.power == 4
    assert Model().set_params(size=2).weights is None


def test_an_unknown_nested_name_is_refused():
    with pytest.raises(ValueError, match="Invalid parameter 'force' for estimator Weights"):
        Model().set_params(weights__force=1)
