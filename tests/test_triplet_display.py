"""TripletDisplay: it draws the rows, triplets and distances of the sampler or the embedding."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError

matplotlib.use("agg")

from matplotlib.colors import to_hex

from skgan_resample import HardTripletEmbedder, HardTripletSampler, ResamplingWarning, TripletNetworkOptions
from skgan_resample.plots import TripletDisplay

QUICK = {"max_steps": 10, "network": TripletNetworkOptions(hidden_layer_sizes=(8,)), "random_state": 0}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def rows(n_common=40, n_rare=8):
    rng = np.random.RandomState(0)
    y = np.repeat(["common", "rare"], [n_common, n_rare])
    return rng.normal(size=(len(y), 3)) + 2 * (y == "rare")[:, None], y


@pytest.fixture(scope="module")
def fitted():
    """A sampler, and its table with rows of every kind: one candidate in a hundred passes its filter."""
    sampler = HardTripletSampler(positive_fraction=0.5, filter=lambda X, name: X[:, 0] * 1e3 % 1 < 0.01, **QUICK)
    X, y = rows()
    resampled = sampler.fit_resample(X, y)
    assert set(sampler.sample_info_["kind"]) == {"original", "hard positive", "hard negative", "fallback"}
    return sampler, *resampled


def legend_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def colors_of(legend):
    return {text.get_text(): to_hex(line.get_color()) for text, line in zip(legend.get_texts(), legend.legend_handles)}


def line_ends(ax, style):
    """Ends of the lines drawn in a style; the proxies in the legend have none."""
    return np.array([line.get_xydata() for line in ax.lines if line.get_linestyle() == style])


def places_of(collections):
    return np.array(sorted(place for collection in collections for place in collection.get_offsets().tolist()))


def test_every_row_stands_once_where_its_embedding_is(fitted):
    sampler, X, y = fitted
    display = TripletDisplay.from_sampler(sampler, X, y, n_drawn=0)
    embedding = sampler.embed(X)
    components = PCA(2).fit(embedding[~sampler.is_synthetic_])  # of real rows: the many new ones must not turn them
    expected = components.transform(embedding)
    signs = np.sign(expected[0] * display.points[0])
    assert_allclose(display.points, expected * signs, atol=1e-5)
    assert_allclose(display.variance_shares, components.explained_variance_ratio_, rtol=1e-4)
    assert_allclose(places_of(display.axes_[0].collections), np.array(sorted(display.points.tolist())))


def test_shape_shows_the_kind_or_the_class_and_colour_the_class(fitted):
    sampler, X, y = fitted
    ax = TripletDisplay.from_sampler(sampler, X, y, n_drawn=0).axes_[0]
    kind = sampler.sample_info_["kind"]
    paths = {}
    for collection in ax.collections:
        paints = collection.get_facecolor() if len(collection.get_facecolor()) else collection.get_edgecolor()
        shape = collection.get_paths()[0].vertices.round(3).tobytes()
        paths[shape, to_hex(paints[0])] = len(collection.get_offsets())
    counts = [paths[key] for key in paths]
    expected = [np.sum((kind == name) & (y == label)) for name in np.unique(kind) for label in np.unique(y)]
    assert sorted(counts) == sorted(count for count in expected if count)
    assert len({shape for shape, _ in paths}) == 2 + 3  # real rows of two classes, new rows of three kinds
    colors = colors_of(ax.get_legend())
    assert {color for _, color in paths} == {colors["common: 40 rows"], colors["rare: 8 rows"]}
    assert len({color for _, color in paths}) == 2
    for name in ("hard positive", "hard negative", "fallback"):
        assert f"{name}: {np.sum(kind == name)} new" in legend_of(ax)


def test_lines_lead_from_anchors_to_rows_of_their_class_and_of_another(fitted):
    sampler, X, y = fitted
    display = TripletDisplay.from_sampler(sampler, X, y, n_drawn=4, random_state=0)
    to_positive, to_negative = (line_ends(display.axes_[0], style) for style in "-:")
    assert_allclose(to_positive, display.points[display.triplets[:, :2]])
    assert_allclose(to_negative, display.points[display.triplets[:, [0, 2]]])
    assert len(to_positive) == 4
    anchor, positive, negative = y[display.triplets].T
    assert (anchor == positive).all()
    assert (anchor != negative).all()
    assert sampler.is_synthetic_[display.triplets].any(axis=1).all()


def test_hardness_is_in_margins_and_of_the_triplets_named(fitted):
    """Looked at by drawing every triplet of the histogram as lines."""
    sampler, X, y = fitted
    display = TripletDisplay.from_sampler(sampler, X, y, n_triplets=60, n_drawn=60, random_state=0)
    embedding = sampler.embed(X)
    expected = []
    for anchor, positive, negative in display.triplets:
        to_positive = np.sqrt(np.sum((embedding[anchor] - embedding[positive]) ** 2))
        to_negative = np.sqrt(np.sum((embedding[anchor] - embedding[negative]) ** 2))
        expected.append((to_positive - to_negative) / sampler.network.margin)
    assert_allclose(display.hardness["with a new row"], expected)
    rng = np.random.RandomState(0)
    real = sampler.sample_triplets(60, X, y, synthetic=False, random_state=rng)
    assert not sampler.is_synthetic_[real].any()
    assert len(display.hardness["real rows"]) == 60
    a, p, n = (embedding[place] for place in real.T)
    assert_allclose(
        display.hardness["real rows"], (np.linalg.norm(a - p, axis=1) - np.linalg.norm(a - n, axis=1)) / 0.2
    )


def made_up(**changes):
    hardness = {"real rows": np.array([-3.0, -1.0, -0.5, 0.0, 0.0]), "with a new row": np.array([0.5, 2.0])}
    parts = {
        "points": np.arange(8.0).reshape(4, 2),
        "y": np.array(["a", "a", "b", "b"]),
        "kind": np.full(4, "original"),
        "triplets": np.array([[0, 1, 2]]),
        "hardness": hardness,
        "variance_shares": (0.75, 0.25),
    }
    return TripletDisplay(**{**parts, **changes})


def test_histogram_holds_every_triplet_and_names_the_zones():
    display = made_up().plot()
    ax = display.axes_[1]
    assert display.shares() == {
        "real rows": {"hard": 0.0, "semihard": 0.6, "easy": 0.4},
        "with a new row": {"hard": 1.0, "semihard": 0.0, "easy": 0.0},
    }
    assert sum(patch.get_height() for patch in ax.containers[0]) == pytest.approx(1)
    assert [line.get_xdata()[0] for line in ax.lines] == [-1, 0]
    assert {text.get_text(): text.xy[0] for text in ax.texts} == {"easy": -1, "hard": 0, "semihard": -0.5}
    low, high = ax.get_xlim()
    assert low <= -3
    assert high >= 2
    assert "real rows: 0% hard, 60% semihard" in legend_of(ax)
    assert "with a new row: 100% hard, 0% semihard" in legend_of(ax)


def test_both_lines_are_seen_where_all_triplets_are_easy():
    low, high = made_up(hardness={"real rows": np.full(5, -30.0)}).plot().axes_[1].get_xlim()
    assert low <= -30
    assert high > 0


def test_no_new_rows_leave_real_ones():
    X, y = rows(10, 10)
    sampler = HardTripletSampler(**QUICK)
    display = TripletDisplay.from_sampler(sampler, *sampler.fit_resample(X, y))
    assert list(display.hardness) == ["real rows"]
    assert display.title == "HardTripletSampler: 0 new rows"


def test_classes_of_one_row_have_no_real_triplets():
    sampler = HardTripletSampler(sampling_strategy={0: 4, 1: 4}, **QUICK)
    with pytest.warns(ResamplingWarning, match="has one row"):
        resampled = sampler.fit_resample([[0.0, 1.0], [3.0, 2.0]], [0, 1])
    display = TripletDisplay.from_sampler(sampler, *resampled)
    assert list(display.hardness) == ["with a new row"]


def test_rows_that_were_not_made_by_the_sampler_are_refused(fitted):
    sampler, X, y = fitted
    with pytest.raises(ValueError, match=r"fit_resample returned 80 rows, but here are 48 rows and 48 classes"):
        TripletDisplay.from_sampler(sampler, *rows())
    with pytest.raises(NotFittedError, match="Call fit_resample first"):
        TripletDisplay.from_sampler(HardTripletSampler(**QUICK).fit(*rows()), X, y)
    diverged = HardTripletSampler(**{**QUICK, "network": TripletNetworkOptions(learning_rate=1e9)})
    with pytest.warns(ResamplingWarning, match="diverged"):
        resampled = diverged.fit_resample(*rows())
    with pytest.raises(ValueError, match="there is no embedding"):
        TripletDisplay.from_sampler(diverged, *resampled)


def test_tables_and_one_hot_classes_are_taken(fitted):
    X, y = rows()
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(kind=np.where(X[:, 0] > 0, "x", "y"))
    one_hot = np.stack([y == "common", y == "rare"], axis=1).astype(int)
    sampler = HardTripletSampler(**QUICK)
    display = TripletDisplay.from_sampler(sampler, *sampler.fit_resample(frame, one_hot))
    assert legend_of(display.axes_[0])[:2] == ["0: 40 rows", "1: 8 rows"]


def test_an_embedding_is_shown_with_random_triplets_and_those_given():
    X, y = load_iris(return_X_y=True)
    embedding = HardTripletEmbedder(select="learned", **QUICK).fit(X, y).transform(X)
    given = np.array([[0, 1, 60], [60, 61, 120], [120, 121, 0]])
    display = TripletDisplay.from_embedding(embedding, y, given, margin=0.5, n_triplets=300, n_drawn=2, title="iris")
    assert {name: len(values) for name, values in display.hardness.items()} == {
        "random triplets": 300,
        "triplets given": 3,
    }
    a, p, n = (embedding[place] for place in given.T)
    expected = 2 * (np.linalg.norm(a - p, axis=1) - np.linalg.norm(a - n, axis=1))
    assert_allclose(display.hardness["triplets given"], expected)
    assert display.triplets.tolist() == given[:2].tolist()
    assert display.axes_[0].get_title() == "iris"
    alone = TripletDisplay.from_embedding(embedding, y)
    assert list(alone.hardness) == ["random triplets"]
    assert len(alone.triplets) == 5


def test_without_a_margin_the_scale_of_an_embedding_does_not_matter():
    X, y = load_iris(return_X_y=True)
    small, large = (TripletDisplay.from_embedding(X * scale + 7, y, random_state=0) for scale in (0.01, 100))
    assert_allclose(small.hardness["random triplets"], large.hardness["random triplets"], atol=1e-9)
    unit = X / np.sqrt(((X - X.mean(axis=0)) ** 2).sum(axis=1).mean())
    fixed = TripletDisplay.from_embedding(unit, y, margin=0.2, random_state=0)
    assert_allclose(small.hardness["random triplets"], fixed.hardness["random triplets"], atol=1e-9)


def test_embeddings_of_one_column_and_of_one_place_are_drawn():
    y = np.arange(12) % 2
    display = TripletDisplay.from_embedding(np.arange(12.0)[:, None], y)
    assert display.variance_shares == (1.0, 0.0)
    assert (display.points[:, 1] == 0).all()
    same = TripletDisplay.from_embedding(np.ones((12, 3)), y)
    assert (same.hardness["random triplets"] == 0).all()
    same.figure_.canvas.draw()


@pytest.mark.parametrize(
    ("triplets", "message"),
    [
        ([[0, 1]], r"shape \(n, 3\), got int64 \(1, 2\)"),
        ([[0.0, 1.0, 2.0]], r"shape \(n, 3\), got float64"),
        (np.empty((0, 3), dtype=int), r"shape \(n, 3\)"),
        ([[0, 1, 150]], "from 0 to 149"),
        ([[0, 1, -1]], "from 0 to 149"),
    ],
)
def test_triplets_that_are_none_are_refused(triplets, message):
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=message):
        TripletDisplay.from_embedding(X, y, triplets)


def test_embeddings_without_triplets_are_refused():
    with pytest.raises(ValueError, match="There is no triplet"):
        TripletDisplay.from_embedding(np.eye(3), [0, 0, 0])
    with pytest.raises(ValueError, match="There is no triplet"):
        TripletDisplay.from_embedding(np.eye(3), [0, 1, 2])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        TripletDisplay.from_embedding(np.eye(3), [0, 1])


@pytest.mark.slow
def test_same_seed_same_triplets_and_the_global_state_is_left_alone(fitted, give_back):
    first, again, other = (TripletDisplay.from_sampler(*fitted, random_state=seed) for seed in (0, 0, 1))
    assert first.triplets.tolist() == again.triplets.tolist() != other.triplets.tolist()
    assert first.hardness["real rows"].tolist() == again.hardness["real rows"].tolist()


def test_of_many_classes_the_largest_have_colours_and_the_others_are_grey():
    sizes = np.array([3, 9, 8, 7, 2, 6, 5, 12, 10, 11, 13, 14])
    y = np.repeat([f"c{i:02d}" for i in range(12)], sizes)
    ax = TripletDisplay.from_embedding(np.random.RandomState(0).normal(size=(len(y), 3)), y, n_drawn=0).axes_[0]
    assert legend_of(ax) == [
        *(f"c{i:02d}: {sizes[i]} rows" for i in (1, 2, 3, 7, 8, 9, 10, 11)),
        "4 others: 16 rows",
    ]
    drawn = {to_hex(part.get_facecolor()[0]): len(part.get_offsets()) for part in ax.collections}
    colors = colors_of(ax.get_legend())
    assert drawn == dict(zip(colors.values(), [9, 8, 7, 12, 10, 11, 13, 14, 16]))
    assert len(drawn) == TripletDisplay.MAX_CLASSES + 1
    grey = colors["4 others: 16 rows"]
    assert grey[1:3] == grey[3:5] == grey[5:7]  # as much red as green as blue
    assert to_hex(ax.collections[0].get_facecolor()[0]) == grey  # below the others


def test_of_very_many_rows_some_are_drawn_and_all_are_counted():
    y = np.repeat([0, 1], [1300, 4])
    ax = TripletDisplay.from_embedding(np.random.RandomState(0).normal(size=(len(y), 3)), y, n_drawn=0).axes_[0]
    assert sorted(len(part.get_offsets()) for part in ax.collections) == [4, TripletDisplay.MAX_ROWS]
    assert legend_of(ax) == ["0: 1,300 rows", "1: 4 rows"]


def test_given_axes_are_drawn_on_and_distances_are_true():
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 1)
    display = made_up().plot(axes=axes)
    assert list(display.axes_) == list(axes)
    assert display.figure_ is figure
    assert axes[0].get_aspect() == 1


@pytest.mark.parametrize("name", ["cost $^$", "US$ and CA$", "_hidden", "a name that goes on and on and on"])
def test_any_class_name_is_shown_as_it_is(name):
    display = made_up(y=np.array([name, name, "b", "b"])).plot()
    display.figure_.canvas.draw()
    text = next(t for t in display.axes_[0].get_legend().get_texts() if t.get_text().endswith(": 2 rows"))
    texts = legend_of(display.axes_[0])
    assert any(shown.startswith(name[:17]) for shown in texts)
    assert max(map(len, texts)) < 30
    assert not text.get_parse_math()


@pytest.mark.parametrize("n_classes", [2, 11])
@pytest.mark.parametrize("layout", ["side by side", "one above the other"])
def test_no_text_is_written_over_another_or_cut_off(n_classes, layout):
    import matplotlib.pyplot as plt

    axes = None
    if layout == "one above the other":
        _, axes = plt.subplots(2, 1, figsize=(4.6, 9.0), layout="constrained")
    rng = np.random.RandomState(0)
    n_rows = 40 * n_classes
    kind = np.resize(["original", "hard positive", "hard negative", "fallback"], n_rows)
    display = made_up(
        points=rng.normal(size=(n_rows, 2)),
        y=np.arange(n_rows) % n_classes,
        kind=kind,
        hardness={"real rows": rng.normal(-1, 9, size=100), "with a new row": rng.normal(0, 9, size=100)},
        title="HardTripletSampler: 12,345 new rows",
    ).plot(axes=axes)
    figure = display.figure_
    figure.canvas.draw()
    texts = [text for ax in display.axes_ for text in (*ax.texts, ax.title, ax.xaxis.label, ax.yaxis.label)]
    texts += [text for ax in display.axes_ for text in ax.get_legend().get_texts()]
    boxes = [text.get_window_extent() for text in texts]
    assert len(boxes) > 10 + n_classes
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.width + 1
