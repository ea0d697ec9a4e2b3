"""Made tables are as promised."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from skgan_resample.datasets import make_rare_pocket, make_skewed_regression


def test_skewed_regression_is_linear_and_skewed():
    X, y = make_skewed_regression(2000, noise=0, random_state=0)
    np.testing.assert_allclose(y, X @ [2, 1, 0.5])
    noisy = make_skewed_regression(2000, random_state=0)[1]
    assert np.std(noisy - y) == pytest.approx(1, abs=0.1)
    assert ((y - y.mean()) ** 3).mean() / y.std() ** 3 > 1


def test_the_pocket_lies_apart_and_the_common_rows_are_linear():
    X, y = make_rare_pocket(800, 20, random_state=0)
    assert X.shape == (800, 4)
    assert X[:20, 1].min() > X[20:, 1].max()
    assert y[:20].min() > y[20:].max()
    fitted = LinearRegression().fit(X[20:], y[20:])
    np.testing.assert_allclose(fitted.coef_, [8, 0, 0, 0], atol=0.5)


@pytest.mark.parametrize("make", [make_skewed_regression, make_rare_pocket])
def test_makers_repeat_and_leave_the_global_state_alone(make, give_back):
    for first, second in zip(make(random_state=3), make(random_state=3)):
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(make(random_state=3)[1], make(random_state=4)[1])


def test_a_pocket_larger_than_the_table_is_refused():
    with pytest.raises(ValueError, match="n_rare=11 must be at most n_samples=10"):
        make_rare_pocket(10, 11)
