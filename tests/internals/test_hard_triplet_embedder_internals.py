"""HardTripletEmbedder: which space it returns and why, and that tables, pipelines and pickles come through."""

import numpy as np
import pandas as pd
import pytest
from _hard_triplet_embedder_data import LEARNED, QUICK, hidden_in_noise, table
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from skgan_resample import HardTripletEmbedder
from skgan_resample.metrics import recall_at_k


def numbered(X, y):
    """A table that says of each row which one it is, by a level of its own: the same distance between any two rows."""
    numbers = [f"{number:04d}" for number in range(len(y))]
    return pd.DataFrame({"row": pd.Categorical(numbers), "x": np.asarray(X, dtype=float)}), np.asarray(y)


@pytest.fixture
def trainings(monkeypatch):
    """What each training was given: rows of a numbered table, their one number as the network gets it, labels."""
    seen = []
    train = HardTripletEmbedder._train_networks

    def recorded(self, rows, labels, n_classes, rng, **options):
        seen.append(
            {"rows": rows[:, :-1].argmax(axis=1), "x": rows[:, -1], "labels": labels, "n": n_classes, **options}
        )
        return train(self, rows, labels, n_classes, rng, **options)

    monkeypatch.setattr(HardTripletEmbedder, "_train_networks", recorded)
    return seen


def replace_space(monkeypatch, learn, place):
    """Let ``learn(rows, labels)`` stand for the training, and ``place(learned, rows)`` for the embedding of rows."""

    def train(self, rows, labels, n_classes, rng, **options):
        self.embedding_network_ = learn(rows, labels)

    monkeypatch.setattr(HardTripletEmbedder, "_train_networks", train)
    monkeypatch.setattr(HardTripletEmbedder, "_embedded", lambda self, rows: place(self.embedding_network_, rows))


@pytest.mark.parametrize(
    ("n_gained", "n_lost"), [(0, 0), (0, 1), (1, 4), (2, 4), (3, 4), (4, 4), (4, 3), (1, 0)], ids=str
)
def test_raw_features_must_be_better_by_more_than_one_standard_error(monkeypatch, n_gained, n_lost):
    """The two spaces put some rows, counted by hand, among those of the other class."""
    rng = np.random.RandomState(0)
    y = np.arange(60) % 2
    raw, learned = (np.where(y == 0, 0.0, 10.0) + rng.uniform(size=60) for _ in range(2))
    raw[:n_gained] = 10 - raw[:n_gained]
    learned[20 : 20 + n_lost] = 10 - learned[20 : 20 + n_lost]
    replace_space(monkeypatch, lambda rows, labels: "fake", lambda _, rows: learned[rows[:, :-1].argmax(axis=1), None])
    embedder = HardTripletEmbedder(n_neighbors=15, random_state=0).fit(*numbered(raw, y))
    assert embedder.cv_results_["raw"].mean() == pytest.approx(1 - n_gained / 60)
    assert embedder.cv_results_["learned"].mean() == pytest.approx(1 - n_lost / 60)
    gains = np.repeat([1.0, -1.0, 0.0], [n_gained, n_lost, 60 - n_gained - n_lost])
    clearly_better = -gains.mean() >= gains.std() / np.sqrt(60)
    assert embedder.selected_ == ("raw" if clearly_better else "learned")


def test_held_out_rows_never_enter_the_training(trainings):
    rng = np.random.RandomState(0)
    y = np.arange(45) % 3
    x = 3 * rng.gamma(1.0, size=45) + y
    X, y = numbered(x, y)
    embedder = HardTripletEmbedder(**QUICK).fit(X, y)
    held_out = [np.setdiff1d(np.arange(45), training["rows"]) for training in trainings[:3]]
    assert_array_equal(np.sort(np.concatenate(held_out)), np.arange(45))  # each row once
    for fold, (training, left) in enumerate(zip(trainings, held_out)):
        rows = training["rows"]
        assert_array_equal(np.bincount(y[left]), [5, 5, 5])  # stratified
        assert_array_equal(training["labels"], y[rows])
        assert_allclose(training["x"], (x[rows] - x[rows].mean()) / x[rows].std())  # the scale of these rows alone
        near, far = ((x[part, None] - x[rows].mean()) / x[rows].std() for part in (rows, left))
        oracle = KNeighborsClassifier(5).fit(near, y[rows])  # levels are equally far from each other
        assert embedder.cv_results_["raw"][fold] == pytest.approx(oracle.score(far, y[left]))
    assert [len(training["rows"]) for training in trainings[3:]] == [45] * (embedder.selected_ == "learned")


def test_a_space_that_knows_its_training_rows_by_heart_does_not_win(monkeypatch):
    X, y = table(60)
    X[:, 0] += 5 * y

    def by_heart(known, rows):
        return np.array([[known.get(row.tobytes(), 0.5)] for row in rows])

    replace_space(monkeypatch, lambda rows, labels: dict(zip(map(bytes, rows), labels.astype(float))), by_heart)
    embedder = HardTripletEmbedder(random_state=0).fit(X, y)
    assert embedder.selected_ == "raw"
    assert embedder.cv_results_["learned"].mean() < 0.7


def test_all_rows_train_the_final_space(trainings):
    X, y = numbered(np.arange(20.0), np.arange(20) % 2)
    HardTripletEmbedder(**LEARNED).fit(X, y)
    (only,) = trainings
    assert_array_equal(only["rows"], np.arange(20))
    assert_allclose(only["x"], StandardScaler().fit_transform(np.arange(20.0)[:, None])[:, 0])


def test_whole_classes_are_held_out_on_demand(trainings):
    rng = np.random.RandomState(0)
    y = np.arange(50) % 5
    x = rng.normal(size=50) + y
    embedder = HardTripletEmbedder(cv_by="classes", **QUICK).fit(*numbered(x, y))
    first, second = (training["rows"] for training in trainings[:2])
    assert set(y[first]) | set(y[second]) == set(range(5))
    assert not set(y[first]) & set(y[second])
    assert {training["n"] for training in trainings[:2]} == {2, 3}
    assert len(first) + len(second) == 50
    for fold, (rows, left) in enumerate([(first, second), (second, first)]):
        assert_allclose(trainings[fold]["x"], (x[rows] - x[rows].mean()) / x[rows].std())
        assert_array_equal(np.unique(trainings[fold]["labels"]), np.arange(trainings[fold]["n"]))
        scaled = (x[left, None] - x[rows].mean()) / x[rows].std()
        assert embedder.cv_results_["raw"][fold] == pytest.approx(recall_at_k(scaled, y[left], 1))


def test_a_class_of_one_row_is_never_held_out(trainings):
    y = np.array([0] * 9 + [1] * 9 + [2])
    embedder = HardTripletEmbedder(**QUICK).fit(*numbered(np.arange(19.0), y))
    assert all(18 in training["rows"] for training in trainings)
    assert len(trainings) >= 3
    assert len(embedder.cv_results_["raw"]) == 3


@pytest.mark.parametrize("select", ["raw", "learned"])
def test_a_given_space_needs_no_folds(trainings, select):
    X, y = numbered(np.arange(20.0), np.arange(20) % 2)
    embedder = HardTripletEmbedder(**{**QUICK, "select": select}).fit(X, y)
    assert embedder.selected_ == select
    assert embedder.cv_results_ == {}
    assert len(trainings) == (select == "learned")
    assert embedder.transform(X).shape == (20, 4 if select == "learned" else 21)


@pytest.mark.slow
def test_history_tells_of_the_final_training_alone(trainings):
    X, y = hidden_in_noise(60)
    embedder = HardTripletEmbedder(**{**LEARNED, "max_steps": 25}).fit(X, y)
    assert [record["step"] for record in embedder.history_] == [0, 20, 25]
    auto = HardTripletEmbedder(**{**QUICK, "max_steps": 25}).fit(X, y)
    assert auto.selected_ == "learned"
    assert [record["step"] for record in auto.history_] == [0, 20, 25]


@pytest.mark.parametrize(
    ("cv_by", "better", "worse", "selected"),
    [
        ("rows", 12, 10, "learned"),  # a small gain, within one standard error
        ("rows", 10, 12, "learned"),  # a small loss
        ("rows", 5, 40, "raw"),
        ("classes", 12, 10, "raw"),
        ("classes", 40, 5, "learned"),
    ],
)
def test_doubt_is_for_the_learned_space_with_rows_and_against_it_with_classes(
    monkeypatch, cv_by, better, worse, selected
):
    X, y = np.random.RandomState(0).standard_normal((120, 3)), np.arange(120) % 4
    calls = []

    def found(self, near, near_labels, far, far_labels):
        calls.append(len(far))
        hits = np.zeros(50)
        rows = slice(0, better) if len(calls) % 2 == 0 else slice(50 - worse, 50)  # raw first, then learned
        hits[rows] = 1.0
        return hits

    monkeypatch.setattr(HardTripletEmbedder, "_found", found)
    assert HardTripletEmbedder(**{**QUICK, "select": "auto", "cv_by": cv_by}).fit(X, y).selected_ == selected


def test_only_the_final_training_is_told(monkeypatch, capsys):
    X, y, calls = np.random.RandomState(0).standard_normal((60, 3)), np.arange(60) % 2, []

    def found(self, *given):
        calls.append(None)
        return np.full(20, len(calls) % 2 == 0, dtype=float)  # raw first, then learned

    monkeypatch.setattr(HardTripletEmbedder, "_found", found)
    embedder = HardTripletEmbedder(**{**QUICK, "verbose": 1}).fit(X, y)
    assert len(calls) == 6  # three folds
    assert embedder.selected_ == "learned"
    assert len(capsys.readouterr().out.splitlines()) == len(embedder.history_)
