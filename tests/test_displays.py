"""All displays: legible for everybody and at half the width of a page, at home in any figure."""

import subprocess
import sys
from dataclasses import replace
from functools import cache
from itertools import combinations

import matplotlib
import numpy as np
import pytest
from _colours import TOLD_APART, VISIONS, ciede2000, contrast_to_white, lab, least_difference

matplotlib.use("agg")

import matplotlib.pyplot as plt
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from skgan_resample import Relevance, RobustATWrapper, plots
from skgan_resample.metrics import SyntheticGap

HALF = 3.3  # inches, a column of a two-column page


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


# ------------------------------------------------------------------------------------------------ displays to look at
NAME = "US$ of_a $1.5 year"


def relevance(n):
    y = np.random.RandomState(0).gamma(1.0, 40_000, size=n)
    return plots.RelevanceDisplay.from_target(y, Relevance("quantile", side="high"), target_name=NAME)


def resampling(n):
    rng = np.random.RandomState(0)
    y, feature = rng.gamma(1.0, 40_000, size=n), rng.normal(0, 3e5, size=n)
    names = {"feature_name": NAME, "target_name": NAME, "title": "SMOGANRegressorResampler: 12,345 new rows"}
    return plots.ResamplingDisplay(y=y, is_synthetic=np.arange(n) % 4 == 0, feature=feature, **names)


def comparison(n):
    rng = np.random.RandomState(0)
    names = ["recalibration(0.2)", "recalibration", "weights", "weights+recalibration", "duplicate", "random", "noise"]
    names += ["smoter", "smogn", "_own $x$"]
    rows = [
        {
            "method": name,
            **{"rmse_ratio": x, "rmse_low": x - 0.1, "rmse_high": x + 0.1},
            **{"score_ratio": y, "low": y - 0.2, "high": y + 0.2},
        }
        for name, x, y in zip(names, *rng.rand(2, 10) / 2 + 0.8)
    ]
    return plots.ComparisonDisplay(summary=rows)


def robust_comparison(n):
    rows = []
    for i, name in enumerate(["none", "at", "at-strong", "robust-at", "_own $x$"]):
        clean, robust = 0.95 - 0.02 * i, 0.5 + 0.07 * i
        limits = {"clean_low": clean - 0.02, "clean_high": clean + 0.02}
        limits |= {"robust_low": robust - 0.05, "robust_high": robust + 0.05}
        attack = "black-box" if i == 4 else "white-box"
        rows.append({"method": name, "attack": attack, "clean": clean, "robust": robust, **limits})
    return plots.RobustComparisonDisplay(summary=rows, commonest=0.45)


def history(n):
    return [{"step": 100 * i, "score": 0.1 / (1 + i) + 0.001 * i} for i in range(12)]


def training(n):
    return plots.TrainingDisplay(history=history(n), best_step=1000, score_name="MMD² to held-out rare rows")


def training_losses(n):
    names = "discriminator_loss", "generator_loss", "triplet_loss", "reverse_loss", "classifier_loss"
    records = [{"step": 20 * i, **{name: 1.0 / (i + j) for j, name in enumerate(names)}} for i in range(1, 9)]
    return plots.TrainingDisplay(history=records, best_step=160)


def refinement(n):
    rng = np.random.RandomState(0)
    before = np.column_stack([rng.normal(0, 3e5, size=n), rng.gamma(1.0, 40_000, size=n)])
    return plots.RefinementDisplay(
        history=history(n), best_step=300, feature=rng.normal(0, 3e5, size=n), y=rng.gamma(1.0, 40_000, size=n),
        before=before, after=before * 1.1, feature_name=NAME, target_name=NAME, title=f"{n:,} of {n:,} new rows moved",
    )  # fmt: skip


@cache
def adversarial_run():
    return RobustATWrapper(max_epochs=2, cv=2, random_state=0).fit(np.eye(20), np.arange(20) % 2).runs_["plain"]


def robust_overfitting(n):
    rng, epochs = np.random.RandomState(0), np.arange(0, 61, 3)
    runs = {}
    for i, name in enumerate(["plain", "loss scaling + awp", "loss scaling + awp + strong"]):
        clean, robust = (rng.rand(len(epochs), n) < chance + 0.05 * i for chance in (0.8, 0.5))
        seen = [{"train_robust": 0.4 + 0.008 * epoch} for epoch in epochs]
        runs[name] = replace(
            adversarial_run(), name=name, rows=np.arange(n), fold=np.zeros(n), weight=np.ones(n), epochs=epochs,
            clean=clean.astype(float), robust=robust.astype(float), history=seen,
        )  # fmt: skip
    return plots.RobustOverfittingDisplay(runs=runs, kept="loss scaling + awp", best_epoch=30, gap=(0.09, 0.05, 0.12))


def ser_curve(n):
    rng = np.random.RandomState(0)
    y = rng.gamma(1.0, 40_000, size=n)
    predictions = {name: y + rng.normal(0, 2e4, size=n) * y / 5e4 for name in ("ridge", "_own $x$", "smogn", "boosted")}
    relevance = Relevance("quantile", side="high").fit(y)
    return plots.SerCurveDisplay.from_predictions(y, predictions, relevance=relevance, baseline=y.mean())


def synthetic_gap(n):
    rng = np.random.RandomState(0)

    def gap(scale):
        values = dict.fromkeys(plots.SyntheticGapDisplay.MEASURES, 0.5) | {"utility": 0.0}
        measures = [
            {
                "measure": name, "as_is": scale * value + 0.1 * rng.rand(), "snapped": value, "floor": 0.0,
                "as_is_error": 0.02, "snapped_error": 0.02, "floor_error": 0.04, "reading": "",
            }
            for name, value in values.items()
        ]  # fmt: skip
        return SyntheticGap(
            measures=measures, columns=[], worst_column="x", n_real=n, n_synthetic=n, n_train=0, n_compared=n,
            n_repeats=5, target_type=None,
        )  # fmt: skip

    before, after = gap(1.0), gap(0.4)
    after["coverage"]["as_is"] = 0.9  # worse than before
    return plots.SyntheticGapDisplay(before=before, after=after)


def triplets(n):
    rng = np.random.RandomState(0)
    y = np.array([f"_class $a$ {i}" for i in range(10)])[np.arange(n) % 10]
    kind = np.array(["original", "original", "original", "hard positive", "hard negative", "fallback"])
    return plots.TripletDisplay(
        points=rng.normal(size=(n, 2)) * 1e4, y=y, kind=kind[np.arange(n) // 10 % 6],
        triplets=rng.randint(n, size=(4, 3)),
        hardness={"real rows": rng.normal(-1, 9, size=n), "with a new row": rng.normal(0, 9, size=n)},
        variance_shares=(0.61, 0.22), title="HardTripletSampler: 12,345 new rows",
    )  # fmt: skip


MAKERS = [relevance, resampling, comparison, robust_comparison, training, training_losses, refinement]
MAKERS += [robust_overfitting, ser_curve, synthetic_gap, triplets]
every_display = pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)


def n_axes_of(display):
    return 2 if isinstance(display, plots.ResamplingDisplay | plots.RefinementDisplay | plots.TripletDisplay) else 1


def figure_for(display, width, height=None, **options):
    """Return a figure with the axes that a display needs, one above the other."""
    n = n_axes_of(display)
    figure, axes = plt.subplots(n, 1, figsize=(width, (height or 3.4) * n), squeeze=False, **options)
    return figure, axes[:, 0] if n > 1 else axes[0, 0]


def axes_in(figure):
    return [each for ax in figure.axes for each in (ax, *ax.child_axes)]


def tick_labels(axis):
    low, high = sorted(axis.get_view_interval())
    reach = 1e-9 * (high - low)
    seen = [low - reach <= place <= high + reach for place in axis.get_majorticklocs()]
    return [text for text, is_seen in zip(axis.get_majorticklabels(), seen) if is_seen]


def texts_of(figure):
    """Return every text that can be seen."""
    found = []
    for ax in axes_in(figure):
        found += [*ax.texts, ax.title]
        for axis in (ax.xaxis, ax.yaxis):
            found += [axis.label, axis.offsetText, *tick_labels(axis)] if axis.get_visible() else []
        found += ax.get_legend().get_texts() if ax.get_legend() else []
    return [text for text in found if text.get_visible() and text.get_text().strip()]


def test_every_public_display_is_looked_at():
    assert {type(make(30)).__name__ for make in MAKERS} == set(plots.__all__)


# ------------------------------------------------------------------------------------------------ colours
@pytest.mark.parametrize(
    ("first", "second", "difference"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0000),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((50, 2.5, 0), (56, -27, -3), 31.9030),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ],
)
def test_colour_difference_agrees_with_published_pairs(first, second, difference):
    """G. Sharma, W. Wu, E. N. Dalal, "The CIEDE2000 color-difference formula", Color Research & Application, 2005."""
    assert ciede2000(first, second) == pytest.approx(difference, abs=5e-5)


def test_the_simulation_finds_the_colours_that_were_confused():
    """An orange and a yellow that a reader without red cones sees as one."""
    assert ciede2000(lab("#E69F00", "protanopia"), lab("#B8A800", "protanopia")) < 0.1
    assert least_difference("#E69F00", "#B8A800") < 0.1 < 10 < ciede2000(lab("#E69F00"), lab("#B8A800"))
    for vision in VISIONS:  # greys stay grey
        assert np.abs(lab("#777777", vision)[1:]).max() < 0.02


def entries_of(legend):
    """Return (colour, what else tells it apart) of the entries of a legend."""
    entries = []
    for artist in legend.findobj(lambda artist: isinstance(artist, Line2D | Patch | PathCollection)):
        if artist is legend.get_frame() or not artist.get_visible():
            continue
        alpha = 1.0 if artist.get_alpha() is None else artist.get_alpha()
        if isinstance(artist, Line2D):
            marker, style = str(artist.get_marker()), str(artist.get_linestyle())
            look = marker if marker not in ("None", "none", "") else None
            is_line = style not in ("None", "none", "") and artist.get_linewidth() > 0
            if look is None and not is_line:
                continue
            hollow = look is not None and to_rgb(artist.get_markerfacecolor()) == (1, 1, 1)
            hollow = hollow or artist.get_markerfacecolor() == "none"
            dashes = (str(artist._unscaled_dash_pattern), artist.get_linewidth() > 3) if is_line else None
            entries.append(((*to_rgb(artist.get_color()), alpha), ("line", look, hollow, dashes)))
        elif isinstance(artist, Patch):
            entries.append(((*artist.get_facecolor()[:3], alpha), ("patch",)))
        else:
            color = artist.get_facecolor() if len(artist.get_facecolor()) else artist.get_edgecolor()
            shape = artist.get_paths()[0].vertices.round(3).tobytes()
            entries.append(((*color[0][:3], alpha), ("points", shape)))
    return entries


@every_display
def test_what_a_legend_tells_apart_is_told_apart_by_everybody(make):
    """By colour under every kind of colour blindness, and by shape, dashes or, for bars, lightness as well."""
    figure = make(300).plot().figure_
    legends = [ax.get_legend() for ax in axes_in(figure) if ax.get_legend()]
    assert legends
    for legend in legends:
        entries = entries_of(legend)
        assert len(entries) >= len(legend.get_texts())
        for (color, look), (other, other_look) in combinations(entries, 2):
            if to_rgb(color) != to_rgb(other):
                assert least_difference(color, other) > TOLD_APART, (color, other)
            if look == other_look == ("patch",):  # stacked bars, or a shaded part beside no other patch
                assert min(abs(lab(color, v)[0] - lab(other, v)[0]) for v in VISIONS) > 10
            else:
                assert look != other_look, (look, other_look)


def test_classes_in_the_picture_are_told_apart_by_everybody():
    """As they are drawn: half transparent."""
    collections = triplets(300).plot().axes_[0].collections
    colors = {tuple(each.get_facecolor()[0]) for each in collections if len(each.get_facecolor())}
    assert len(colors) == plots.TripletDisplay.MAX_CLASSES + 1
    assert min(least_difference(*pair) for pair in combinations(colors, 2)) > 10


# ------------------------------------------------------------------------------------------------ text
@every_display
@pytest.mark.parametrize("n_rows", [30, 20_000])
@pytest.mark.parametrize("width", [None, HALF, 6.8], ids=["own figure", "half width", "full width"])
@pytest.mark.slow
def test_text_can_be_read(make, n_rows, width):
    """Nothing is cut off, lies upon other text, is too small or too pale, or is taken for a formula."""
    display = make(n_rows)
    if width is None:
        figure = display.plot().figure_
    else:
        figure, axes = figure_for(display, width, layout="constrained")
        display.plot(axes)
    figure.canvas.draw()
    texts = texts_of(figure)
    assert len(texts) > 8
    boxes = [text.get_window_extent() for text in texts]
    room = figure.bbox
    for text, box in zip(texts, boxes):
        assert text.get_fontsize() >= 6
        assert contrast_to_white(text.get_color()) >= 4.5
        inside = box.x0 >= -1 and box.y0 >= -1 and box.x1 <= room.width + 1 and box.y1 <= room.height + 1
        assert inside, (text.get_text(), box)
        assert "$" not in text.get_text() or not text.get_parse_math()
    for (text, box), (other, other_box) in combinations(zip(texts, boxes), 2):
        shared = np.minimum(box.max, other_box.max) - np.maximum(box.min, other_box.min)
        assert min(shared) < 1.5, (text.get_text(), other.get_text())
    for ax in figure.axes:
        legend = ax.get_legend()
        assert legend is None or not any(legend.get_window_extent().overlaps(other.bbox) for other in figure.axes)
        assert min(ax.bbox.size) > 0.2 * figure.dpi * min(HALF, figure.get_figwidth()) / 2


@every_display
def test_in_a_figure_without_layout_the_legend_stays_inside(make):
    display = make(300)
    figure, axes = figure_for(display, 6.4, 4.8)
    display.plot(axes)
    figure.canvas.draw()
    for ax in figure.axes:
        if ax.get_legend():
            box = ax.get_legend().get_window_extent()
            assert box.y0 >= 0, ax
            assert box.y1 <= figure.bbox.height


def test_names_with_an_underscore_are_in_the_legend():
    display = comparison(30).plot()
    assert "_own $x$" in [text.get_text() for text in display.ax_.get_legend().get_texts()]


# ------------------------------------------------------------------------------------------------ axes
@every_display
def test_given_axes_are_drawn_on_and_their_figure_keeps_its_layout(make):
    display = make(300)
    figure, axes = figure_for(display, 6.4, 4.8)
    (mark,) = np.ravel(axes)[0].plot([0, 1], [0, 1])
    before = [ax.get_position().bounds for ax in figure.axes]
    engine, size = figure.get_layout_engine(), figure.get_size_inches().tolist()
    pars = vars(figure.subplotpars).copy()
    assert display.plot(axes) is display
    assert display.figure_ is figure
    kept = display.axes_ if hasattr(display, "axes_") else [display.ax_]
    assert list(kept) == list(np.ravel(axes))
    assert [ax.get_position().bounds for ax in figure.axes][: len(before)] == before
    assert (figure.get_layout_engine(), figure.get_size_inches().tolist()) == (engine, size)
    assert vars(figure.subplotpars) == pars
    assert mark in np.ravel(axes)[0].lines


def picture_of(figure):
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba()).copy()


@every_display
@pytest.mark.slow
def test_drawing_again_on_the_same_axes_gives_the_same_picture(make):
    display = make(300)
    figure, axes = figure_for(display, 6.4, 4.8)
    first = picture_of(display.plot(axes).figure_)
    n_artists = len(figure.findobj())
    assert np.array_equal(picture_of(display.plot(axes).figure_), first)
    assert len(figure.findobj()) == n_artists
    assert display.plot().figure_ is not figure


def test_a_wrong_number_of_axes_is_refused():
    with pytest.raises(ValueError, match="TripletDisplay draws on 2 axes; got 1"):
        triplets(60).plot(plt.subplots()[1])


@pytest.mark.slow
def test_importing_displays_imports_neither_torch_nor_matplotlib(tmp_path):
    code = "import sys, skgan_resample.plots; print(sorted({'torch', 'matplotlib'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
