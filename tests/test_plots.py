"""Displays: what they draw is what they were given."""

import matplotlib
import numpy as np
import pytest
from numpy.testing import assert_allclose

matplotlib.use("agg")

from skgan_resample import SMOGN, DistGANOptions, Relevance, RobustATWrapper, SMOGANRegressorResampler
from skgan_resample.metrics import SyntheticGap, synthetic_gap
from skgan_resample.plots import (
    ComparisonDisplay,
    RefinementDisplay,
    RelevanceDisplay,
    ResamplingDisplay,
    RobustOverfittingDisplay,
    SyntheticGapDisplay,
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
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == [
        "none",
        "smogn",
        "weights",
        "RMSE +2% or more",
        "hollow: RMSE over +2%, or +5% on common rows",
    ]


def test_hollow_markers_are_over_either_limit():
    row = {"rmse_low": 0.9, "rmse_high": 1.1, "low": 0.5, "high": 1.2, "score_ratio": 0.8}
    costs = {"fair": (1.01, 1.04), "over all": (1.03, 1.0), "on common rows": (1.0, 1.06)}
    summary = [{"method": name, "rmse_ratio": rmse, "common_ratio": common, **row}
               for name, (rmse, common) in costs.items()]  # fmt: skip
    display = ComparisonDisplay(summary=summary).plot()
    faces = [container.lines[0].get_markerfacecolor() for container in display.ax_.containers]
    assert [face == "white" for face in faces] == [False, True, True]
    lenient = ComparisonDisplay(summary=summary, max_rmse_increase=0.04, max_common_increase=0.07).plot()
    faces = [container.lines[0].get_markerfacecolor() for container in lenient.ax_.containers]
    assert "white" not in faces


def test_a_wide_interval_is_cut_with_arrow_heads():
    row = {"rmse_ratio": 1.01, "rmse_low": 0.99, "rmse_high": 1.03, "score_ratio": 0.8, "low": 0.7, "high": 0.9}
    summary = [{"method": "usual", **row}, {"method": "wide", **row, "low": 0.0, "high": 4e14, "rmse_high": np.inf},
               {"method": "unknown", **row, "score_ratio": np.nan}]  # fmt: skip
    display = ComparisonDisplay(summary=summary).plot()
    assert display.ax_.get_ylim()[1] < 2
    assert display.ax_.get_xlim()[1] < 1.2
    heads = [line.get_marker() for line in display.ax_.lines if line.get_marker() in list("<>v^")]
    assert sorted(heads) == ["<", ">", "^", "v"][1:]
    assert len(display.ax_.containers) == 2


@pytest.mark.parametrize("feature", ["zip", 3, -4, 1.5])
def test_a_feature_that_is_no_column_is_refused(feature):
    X, y = skewed()
    with pytest.raises(ValueError, match=f"feature names {feature!r}, which is no column of the table"):
        ResamplingDisplay.from_sampler(SMOGN(random_state=0), X, y, feature=feature)


def test_a_target_is_read_as_samplers_read_it():
    _, y = skewed()
    column = y[:, None].tolist()
    assert_allclose(RelevanceDisplay.from_target(column).y, y)
    with pytest.raises(ValueError, match="Input y must be numeric, but holds text"):
        RelevanceDisplay.from_target(["a", "b", "c"])
    with pytest.raises(ValueError, match="Input y holds True and False, which are classes"):
        RelevanceDisplay.from_target(y > 9)


def test_displays_draw_on_given_axes():
    import matplotlib.pyplot as plt

    _, y = skewed()
    figure, ax = plt.subplots()
    display = RelevanceDisplay.from_target(y, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure


@pytest.mark.parametrize("name", ["cost $^$", "$x", "US$ and CA$"])
@pytest.mark.slow
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
    sampler = SMOGANRegressorResampler(max_steps=30, gan=DistGANOptions(hidden_layer_sizes=(8,)), random_state=0).fit(
        X, y
    )
    display = TrainingDisplay.from_estimator(sampler, score_name="MMD")
    curve, _, kept = display.ax_.lines
    assert curve.get_xdata().tolist() == [0, 10, 20, 30]
    assert curve.get_ydata().tolist() == [record["score"] for record in sampler.history_]
    assert kept.get_xdata().tolist() == [sampler.best_step_]
    assert display.ax_.get_ylabel() == "MMD"
    with pytest.raises(ValueError, match="trained no network"):
        TrainingDisplay.from_estimator(SMOGANRegressorResampler(refine=False).fit(X, y))


@pytest.mark.slow
def test_refinement_display_pairs_each_row_with_its_candidate():
    X, y = skewed()
    sampler = SMOGANRegressorResampler(max_steps=30, gan=DistGANOptions(hidden_layer_sizes=(8,)), random_state=0)
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
        max_steps=10,
        gan=DistGANOptions(hidden_layer_sizes=(8,), learning_rate=1e-30),
        target_refinement=0,
        random_state=random_state,
    )
    display = RefinementDisplay.from_sampler(sampler, X, y)
    assert len(np.unique(display.before, axis=0)) > 50
    assert_allclose(display.after, display.before)
    if kind is np.random.RandomState:
        assert random_state.randint(2**31) == kind(7).randint(2**31)  # the caller's was not advanced


def test_robust_overfitting_display_draws_the_curves_of_held_out_rows():
    X, y = np.random.RandomState(0).normal(size=(90, 4)), np.arange(90) % 3
    model = RobustATWrapper(max_epochs=6, cv=2, random_state=0).fit(X, y)
    display = RobustOverfittingDisplay.from_estimator(model)
    robust, clean, seen = display.ax_.lines[:3]
    assert robust.get_xdata().tolist() == [0, 2, 4, 6]
    assert_allclose(robust.get_ydata(), [record["val_robust"] for record in model.history_], atol=1e-6)
    assert_allclose(clean.get_ydata(), [record["val_clean"] for record in model.history_], atol=1e-6)
    assert seen.get_ydata().tolist() == [record["train_robust"] for record in model.history_]
    assert f"{model.ro_gap_:.3f}" in display.ax_.get_title()
    with pytest.raises(ValueError, match="without validation"):
        RobustOverfittingDisplay.from_estimator(RobustATWrapper(max_epochs=1, cv=None).fit(X, y))


def made_up_gap(**values):
    """A SyntheticGap with these (value, snapped, floor) and errors of 0.01."""
    measures = [
        {
            "measure": name, "as_is": value, "snapped": snapped, "floor": floor, "reading": "",
            "as_is_error": 0.01, "snapped_error": 0.01, "floor_error": 0.01,
        }
        for name, (value, snapped, floor) in values.items()
    ]  # fmt: skip
    return SyntheticGap(
        measures=measures, columns=[], worst_column="x", n_real=9, n_synthetic=9, n_train=0, n_compared=4,
        n_repeats=5, target_type=None,
    )  # fmt: skip


def texts_of(ax):
    return [text.get_text() for text in ax.texts]


def test_synthetic_gap_display_shows_the_share_of_each_gap_that_is_left():
    before = made_up_gap(coverage=(0.2, 0.3, 1.0), utility=(0.8, 0.8, 0.79), **{"domain AUC, forest": (0.5, 0.5, 0.9)})
    after = made_up_gap(coverage=(0.8, 0.9, 1.0), utility=(0.7, 0.7, 0.79), **{"domain AUC, forest": (1.0, 1.0, 0.9)})
    display = SyntheticGapDisplay(before=before, after=after).plot()
    shares = display.shares()
    assert list(shares) == ["domain AUC, forest", "coverage", "utility"]  # as in the table, not as they came
    assert_allclose([shares["domain AUC, forest"], shares["coverage"]], [-0.25, 0.25])
    assert shares["utility"] is None
    assert "no gap before" in texts_of(display.ax_)
    assert_allclose(SyntheticGapDisplay(before=before, after=after, rows="snapped").shares()["coverage"], 1 / 7)
    points = [container.lines[0].get_xydata()[0] for container in display.ax_.containers]
    assert_allclose(points, [[-0.25, 0], [0.25, 1]])
    reach = display.ax_.containers[1].lines[2][0].get_segments()[0][:, 0]
    assert_allclose(reach, 0.25 + np.array([-1, 1]) * 0.01 / 0.8)
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == list(shares)
    for number in ("0.200", "0.800", "1.000"):
        assert number in texts_of(display.ax_)


def test_synthetic_gap_display_marks_what_became_worse_and_what_is_off_the_picture():
    before = made_up_gap(**{"energy distance": (0.1, 0.1, 0.0), "coverage": (0.8, 0.8, 1.0)})
    after = made_up_gap(**{"energy distance": (0.9, 0.9, 0.0), "coverage": (0.7, 0.7, 1.0)})
    display = SyntheticGapDisplay(before=before, after=after).plot()
    off, worse = (container.lines[0] for container in display.ax_.containers)
    assert_allclose(display.shares()["energy distance"], 9)
    assert off.get_xdata()[0] == display.LIMITS[1]
    assert (off.get_marker(), worse.get_marker()) == (">", "D")
    legend = display.ax_.get_legend()
    colors = {text.get_text(): line.get_color() for text, line in zip(legend.get_texts(), legend.legend_handles)}
    assert off.get_color() == worse.get_color() == colors["after, gap has grown"] != colors["after"]
    low, high = display.ax_.get_xlim()
    assert low < 0 < display.LIMITS[1] < high


def test_synthetic_gap_display_of_one_gap_shows_what_snapping_does():
    display = SyntheticGapDisplay(before=made_up_gap(coverage=(0.2, 0.6, 1.0))).plot()
    assert_allclose(display.shares()["coverage"], 0.5)
    assert {"as is", "snapped", "real"} <= set(texts_of(display.ax_))


@pytest.mark.slow
def test_synthetic_gap_display_measures_both_with_the_same_halves():
    import matplotlib.pyplot as plt

    rng = np.random.RandomState(0)
    real, before = rng.normal(size=(60, 2)), rng.normal(2.0, size=(50, 2))
    y_real, y_before = (rows[:, 0] > 1 for rows in (real, before))
    figure, ax = plt.subplots()
    display = SyntheticGapDisplay.from_rows(
        real,
        before,
        before - 2,
        y_real=y_real,
        y_before=y_before,
        n_repeats=2,
        random_state=np.random.RandomState(1),
        ax=ax,
    )
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert display.before["coverage"]["floor"] == display.after["coverage"]["floor"]
    assert display.before["energy distance"]["as_is"] > display.after["energy distance"]["as_is"] + 1
    assert "utility" in display.after  # with the labels before
    direct = synthetic_gap(real, before, y_real=y_real, y_synthetic=y_before, n_repeats=2, random_state=0)
    given = SyntheticGapDisplay.from_rows(real, before, y_real=y_real, y_before=y_before, n_repeats=2, random_state=0)
    assert given.after is None
    assert given.before["utility"] == direct["utility"]


def test_synthetic_gap_display_writes_no_text_over_another():
    import matplotlib.pyplot as plt

    names = SyntheticGapDisplay.MEASURES
    numbers = dict.fromkeys(names, (-12.345, 1.0, 3.0)) | {"utility": (1.0, 1.0, 1.0)}
    gap = made_up_gap(**numbers)
    for width in (5.0, 8.0):
        figure, ax = plt.subplots(figsize=(width, 5), layout="constrained")
        SyntheticGapDisplay(before=gap, after=gap).plot(ax=ax)
        figure.canvas.draw()
        texts = [*ax.texts, *ax.get_yticklabels(), *ax.get_legend().get_texts()]
        boxes = [text.get_window_extent() for text in texts if text.get_text()]
        assert len(boxes) > 4 * len(names)
        for i, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[:i])
            assert box.x0 >= 0
            assert box.x1 <= figure.bbox.width + 1


def test_training_display_draws_losses_where_there_is_no_score():
    history = [{"step": 0}, {"step": 50, "left_loss": 2.0}, {"step": 100, "left_loss": 1.0, "right_loss": 3.0}]
    ax = TrainingDisplay(history=history, best_step=50).plot().ax_
    left, right, kept = ax.lines
    assert left.get_xydata().tolist() == [[50, 2], [100, 1]]
    assert right.get_xydata().tolist() == [[100, 3]]
    assert set(kept.get_xdata()) == {50}
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["left loss", "right loss", "step kept"]
    assert ax.get_ylabel() == "loss"


def test_training_display_refuses_what_has_no_history():
    X, y = np.random.RandomState(0).normal(size=(60, 3)), np.arange(60) % 2
    with pytest.raises(TypeError, match="no history_ and best_step_ to draw; see RobustOverfittingDisplay"):
        TrainingDisplay.from_estimator(RobustATWrapper(max_epochs=1, random_state=0).fit(X, y))


def test_resampling_display_counts_rows_beyond_the_real_ones():
    y = np.array([1.0, 2.0, 3.0, 9.0, 12.0])
    ax = ResamplingDisplay(y=y, is_synthetic=y > 10).plot().axes_[0]
    assert sum(patch.get_height() for container in ax.containers for patch in container) == 5


def test_resampling_display_of_many_rows_shows_some_and_counts_all():
    y = np.random.RandomState(0).gamma(1.0, size=7000)
    display = ResamplingDisplay(y=y, is_synthetic=np.arange(7000) >= 6000, feature=y, feature_name="x").plot()
    real, new = display.axes_[1].collections
    assert (len(real.get_offsets()), len(new.get_offsets())) == (ResamplingDisplay.MAX_ROWS, 1000)
    shown = [text.get_text() for text in display.axes_[1].get_legend().get_texts()]
    assert shown == ["real, 2,000 shown", "synthetic"]
    counted = [text.get_text() for text in display.axes_[0].get_legend().get_texts()]
    assert counted == ["real, 6,000", "synthetic, 1,000"]
