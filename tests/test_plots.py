"""Displays: what they draw is what they were given."""

import matplotlib
import numpy as np
import pytest
from numpy.testing import assert_allclose

matplotlib.use("agg")

from skgan_resample import SMOGN, Relevance, RobustATWrapper, SMOGANRegressorResampler
from skgan_resample.plots import (
    ComparisonDisplay,
    RefinementDisplay,
    RelevanceDisplay,
    ResamplingDisplay,
    RobustOverfittingDisplay,
    TrainingDisplay,
)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def skewed(n_rows=300):
    rng = np.random.RandomState(0)
    X = rng.gamma(1.0, size=(n_rows, 3))
    return X, X[:, 1] * 10 + rng.normal(size=n_rows)


def test_relevance_display_counts_every_row_once():
    _, y = skewed()
    display = RelevanceDisplay.from_target(y, Relevance("quantile", side="high"), target_name="cost in EUR")
    heights = sum(patch.get_height() for container in display.ax_.containers for patch in container)
    assert heights == len(y)
    assert display.ax_.get_xlabel() == "cost in EUR"
    line = display.ax_relevance_.lines[0]
    assert_allclose(line.get_ydata(), Relevance("quantile", side="high").fit(y)(line.get_xdata()))


def test_resampling_display_shows_real_and_synthetic_rows_of_the_strongest_column():
    X, y = skewed()
    sampler = SMOGN(sampling_strategy="balance", random_state=0)
    display = ResamplingDisplay.from_sampler(sampler, X, y)
    assert display.feature_name == "column 1"
    real, new = display.axes_[1].collections
    assert len(real.get_offsets()) == len(y)
    assert len(new.get_offsets()) == display.is_synthetic.sum() > 0
    assert not hasattr(sampler, "encoder_")  # a clone was fitted


def test_resampling_display_without_numeric_columns():
    _, y = skewed()
    X = np.array([["a" if value > 5 else "b"] for value in y], dtype=object)
    display = ResamplingDisplay.from_sampler(SMOGN(random_state=0), X, y)
    assert len(display.axes_) == 1


def test_comparison_display_has_a_point_per_method_where_the_summary_says():
    row = {"rmse_low": 0.9, "rmse_high": 1.1, "low": 0.5, "high": 1.2}
    summary = [
        {"method": "none", "rmse_ratio": 1.0, "score_ratio": 1.0, **row},
        {"method": "smogn", "rmse_ratio": 1.01, "score_ratio": 0.8, **row},
        {"method": "weights", "rmse_ratio": 1.05, "score_ratio": 0.7, **row},
        {"method": "chosen by inner folds", "rmse_ratio": 1.01, "score_ratio": 0.8, **row},
    ]
    display = ComparisonDisplay(summary=summary, score_name="SERA").plot()
    points = [container.lines[0].get_xydata()[0].tolist() for container in display.ax_.containers]
    assert points == [[1.01, 0.8], [1.05, 0.7]]
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == ["none", "smogn", "weights"]


def test_displays_draw_on_given_axes():
    import matplotlib.pyplot as plt

    _, y = skewed()
    figure, ax = plt.subplots()
    display = RelevanceDisplay.from_target(y, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure


@pytest.mark.parametrize("name", ["cost $^$", "$x", "US$ and CA$"])
def test_dollars_in_a_column_name_are_no_formula(name):
    X, y = skewed()
    figures = [
        RelevanceDisplay.from_target(y, target_name=name).figure_,
        ResamplingDisplay(y=y, is_synthetic=y > 9, feature=X[:, 0], feature_name=name, target_name=name).plot().figure_,
    ]
    for figure in figures:
        figure.canvas.draw()
        labels = [label for ax in figure.axes for label in (ax.xaxis.label, ax.yaxis.label) if "$" in label.get_text()]
        assert labels
        assert not any(label.get_parse_math() for label in labels)


def test_training_display_draws_the_history_and_marks_the_step_kept():
    X, y = skewed()
    sampler = SMOGANRegressorResampler(max_steps=30, hidden_layer_sizes=(8,), random_state=0).fit(X, y)
    display = TrainingDisplay.from_estimator(sampler, score_name="MMD")
    curve, _, kept = display.ax_.lines
    assert curve.get_xdata().tolist() == [0, 10, 20, 30]
    assert curve.get_ydata().tolist() == [record["score"] for record in sampler.history_]
    assert kept.get_xdata().tolist() == [sampler.best_step_]
    assert display.ax_.get_ylabel() == "MMD"
    with pytest.raises(ValueError, match="trained no network"):
        TrainingDisplay.from_estimator(SMOGANRegressorResampler(refine=False).fit(X, y))


def test_refinement_display_pairs_each_row_with_its_candidate():
    X, y = skewed()
    sampler = SMOGANRegressorResampler(max_steps=30, hidden_layer_sizes=(8,), reject_fraction=0.5, random_state=0)
    display = RefinementDisplay.from_sampler(sampler, X, y)
    plain = SMOGANRegressorResampler(refine=False, random_state=0)
    X_plain, y_plain = plain.fit_resample(X, y)
    assert display.feature_name == "column 1"
    assert_allclose(display.before, np.column_stack([X_plain[:, 1], y_plain])[plain.is_synthetic_])
    assert display.after.shape == display.before.shape
    assert (display.after[:, 1] != display.before[:, 1]).mean() > 0.9
    real, start, end = display.axes_[1].collections
    assert len(real.get_offsets()) == len(y)
    shown = len(start.get_offsets())
    assert shown == len(end.get_offsets()) == min(len(display.before), RefinementDisplay.MAX_ARROWS)
    segments = display.axes_[1].lines
    assert len(segments) == shown
    assert_allclose(segments[0].get_xydata(), [display.before[0], display.after[0]])
    with pytest.raises(ValueError, match="No network was trained: too few rare rows"):
        RefinementDisplay.from_sampler(sampler.set_params(min_rare=1000), X, y)


@pytest.mark.parametrize("kind", [int, np.random.RandomState], ids=lambda kind: kind.__name__)
def test_refinement_display_pairs_rows_whatever_the_random_state(kind):
    """With a generator that stays the identity both ends of each pair must be the same."""
    X, y = skewed()
    random_state = kind(7)
    sampler = SMOGANRegressorResampler(
        max_steps=10, hidden_layer_sizes=(8,), learning_rate=1e-30, teacher_weight=0, random_state=random_state
    )
    display = RefinementDisplay.from_sampler(sampler, X, y)
    assert len(np.unique(display.before, axis=0)) > 50
    assert_allclose(display.after, display.before)
    if kind is np.random.RandomState:
        assert random_state.randint(2**31) == kind(7).randint(2**31)  # the caller's was not advanced


def test_robust_overfitting_display_draws_what_held_out_rows_said():
    X, y = np.random.RandomState(0).normal(size=(90, 4)), np.arange(90) % 3
    model = RobustATWrapper(max_epochs=6, validation=2, random_state=0).fit(X, y)
    display = RobustOverfittingDisplay.from_estimator(model)
    robust, clean, seen = display.ax_.lines[:3]
    assert robust.get_xdata().tolist() == [0, 2, 4, 6]
    assert_allclose(robust.get_ydata(), [record["val_robust"] for record in model.history_], atol=1e-6)
    assert_allclose(clean.get_ydata(), [record["val_clean"] for record in model.history_], atol=1e-6)
    assert seen.get_ydata().tolist() == [record["train_robust"] for record in model.history_]
    assert f"{model.ro_gap_:.3f}" in display.ax_.get_title()
    with pytest.raises(ValueError, match="without validation"):
        RobustOverfittingDisplay.from_estimator(RobustATWrapper(max_epochs=1, validation=None).fit(X, y))
