"""SerCurveDisplay: its curves are the definition of SER, its areas are SERA."""

import matplotlib
import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_diabetes
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

matplotlib.use("agg")

import matplotlib.pyplot as plt

from skgan_resample import Relevance
from skgan_resample.metrics import sera_score
from skgan_resample.plots import SerCurveDisplay


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def table():
    X, y = load_diabetes(return_X_y=True)
    return X, y, Relevance("quantile", side="high").fit(y[:300])


def value_at(line, t):
    """What a drawn step curve shows at t."""
    assert line.get_drawstyle() == "steps-pre"
    return line.get_ydata()[np.searchsorted(line.get_xdata(), t)]


def texts_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_curves_show_the_squared_error_of_rows_with_at_least_this_relevance(table):
    X, y, relevance = table
    predictions = {"mean": np.full(len(y), y.mean()), "ridge": Ridge(0.1).fit(X, y).predict(X)}
    display = SerCurveDisplay.from_predictions(y, predictions, relevance=relevance, baseline=100.0)
    phi = relevance(y)
    for line, y_pred in zip(display.lines_, predictions.values()):
        for t in (0, 0.05, 0.3, 0.8, 0.99, 1):
            assert_allclose(value_at(line, t), np.sum((y_pred - y)[phi >= t] ** 2))
    assert_allclose(value_at(display.ax_.lines[-1], 0.3), np.sum((100 - y)[phi >= 0.3] ** 2))


def test_areas_are_sera_and_stand_in_the_legend(table):
    X, y, relevance = table
    predictions = {"mean": np.full(len(y), y.mean()), "ridge": Ridge(0.1).fit(X, y).predict(X)}
    display = SerCurveDisplay.from_predictions(y, predictions, relevance=relevance, baseline=y[::-1])
    expected = {name: sera_score(y, y_pred, relevance=relevance) for name, y_pred in predictions.items()}
    assert display.sera == pytest.approx(expected)
    baseline = sera_score(y, y[::-1], relevance=relevance)
    assert texts_of(display.ax_) == [
        f"mean: SERA {expected['mean'] / 1e6:.3g}×10⁶",
        f"ridge: SERA {expected['ridge']:,.0f}",
        f"baseline: SERA {baseline / 1e6:.3g}×10⁶",
    ]


def test_numbers_of_rows_stand_above_the_axes(table):
    _, y, relevance = table
    ax = SerCurveDisplay.from_predictions(y, y + 1, relevance=relevance).ax_
    (top,) = ax.child_axes
    ticks = top.get_xticks()
    assert len(ticks) > 3
    words = [label.get_text() for label in top.get_xticklabels()]
    assert words == [f"{np.sum(relevance(y) >= t - 1e-9):,}" for t in ticks]
    assert words[0] == "442"


@pytest.mark.parametrize(
    ("unit", "label", "legend"),
    [(1.0, "(squared", "SERA 4.5"), (1e3, "(10⁶ squared", "SERA 4.5×10⁶"), (1e-4, "(10⁻⁹ squared", "SERA 45×10⁻⁹")],
)
def test_axis_and_legend_name_the_unit(unit, label, legend):
    relevance = Relevance("control_points", control_points=[(0, 0), (2 * unit, 1)]).fit([0, 2 * unit])
    y = np.array([0, 1, 2]) * unit
    display = SerCurveDisplay.from_predictions(y, y + np.array([5, 1, 2]) * unit, relevance=relevance)
    assert f"{label} target units)" in display.ax_.get_ylabel().replace("\n", " ")
    assert texts_of(display.ax_)[0] == f"predictions: {legend}"
    assert_allclose(display.sera["predictions"], 4.5 * unit**2)  # 0.5 (1 + 4) + 0.5 4
    display.figure_.canvas.draw()
    words = [text.get_text() for text in display.ax_.get_yticklabels()]
    factor = {1.0: 1, 1e3: 1e6, 1e-4: 1e-9}[unit]
    assert_allclose([float(word) * factor for word in words], display.ax_.get_yticks())


def test_estimators_are_named_after_their_class(table):
    X, y, relevance = table
    model = make_pipeline(StandardScaler(), Ridge()).fit(X[:300], y[:300])
    display = SerCurveDisplay.from_estimator(model, X[300:], y[300:], relevance=relevance)
    assert list(display.ser) == ["Pipeline"]
    assert_allclose(display.sera["Pipeline"], sera_score(y[300:], model.predict(X[300:]), relevance=relevance))
    named = SerCurveDisplay.from_estimator(model, X[300:], y[300:], relevance=relevance, name="_mine")
    assert texts_of(named.ax_)[0].startswith("_mine: SERA")


def test_several_displays_share_axes(table):
    _, y, relevance = table
    _, ax = plt.subplots()
    first = SerCurveDisplay.from_predictions(y, y + 1, relevance=relevance, name="one", baseline=0.0, ax=ax)
    second = SerCurveDisplay.from_predictions(y[:50], y[:50] + 9, relevance=relevance, name="two", ax=ax)
    assert [text.split(":")[0] for text in texts_of(ax)] == ["one", "baseline", "two"]
    assert first.lines_[0].get_color() != second.lines_[0].get_color()
    assert first.lines_[0].get_linestyle() != second.lines_[0].get_linestyle()
    assert len(ax.child_axes) == 1
    assert ax.get_ylim()[1] >= max(line.get_ydata()[1:].max() for line in ax.lines)
    assert ax.get_xlim() == (0, 1)


def test_perfect_predictions_are_drawn(table):
    _, y, relevance = table
    display = SerCurveDisplay.from_predictions(y, y, relevance=relevance)
    assert display.sera == {"predictions": 0.0}
    display.figure_.canvas.draw()


def test_what_cannot_be_drawn_is_refused(table):
    _, y, relevance = table
    with pytest.raises(TypeError, match="SerCurveDisplay needs a fitted Relevance; got ndarray"):
        SerCurveDisplay.from_predictions(y, y, relevance=np.ones(len(y)))
    with pytest.raises(NotFittedError, match="not fitted yet"):
        SerCurveDisplay.from_predictions(y, y, relevance=Relevance())
    with pytest.raises(ValueError, match="names of several predictions are their keys; got name='x'"):
        SerCurveDisplay.from_predictions(y, {"a": y}, relevance=relevance, name="x")
    with pytest.raises(ValueError, match="empty dict"):
        SerCurveDisplay.from_predictions(y, {}, relevance=relevance)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        SerCurveDisplay.from_predictions(y, y[:-1], relevance=relevance)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        SerCurveDisplay.from_predictions(y, y, relevance=relevance, baseline=y[:-1])
    assert not plt.get_fignums()
