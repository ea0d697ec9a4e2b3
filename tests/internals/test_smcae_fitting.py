"""One fit of SMCAE: what is tried, trained, weighed and kept, and what stays where training fails."""

import itertools
import warnings

import numpy as np
import pytest
from _smcae_samples import options
from sklearn.linear_model import LogisticRegression

from skgan_resample._smcae import _fitting, _selection, _training
from skgan_resample._smcae._fitting import Fitting, Origin
from skgan_resample._smcae._maps import location_scale
from skgan_resample._smcae._selection import CANDIDATES, closed_form
from skgan_resample._smcae._space import Space
from skgan_resample._smcae._training import Training


def fitting(settings, real, y, synthetic, y_synthetic, role="classes", seed=0, **origin):
    """Return a run on arrays, with the two samples."""
    space = Space(role=role)
    sides = space.fit(real, y, synthetic, y_synthetic)
    return Fitting(settings, space, *sides, Origin(**origin), np.random.RandomState(seed), []).run()


def shifted_classes(n_rows=60, seed=0):
    """Real rows, and synthetic ones whose classes are shifted against each other."""
    rng = np.random.RandomState(seed)
    labels = np.resize([0, 1], n_rows)
    real, synthetic = (rng.normal(size=(n_rows, 2)) + 4 * labels[:, None] for _ in range(2))
    return real, labels, synthetic + np.where(labels, -6.0, 4.0)[:, None], labels


@pytest.mark.parametrize("name", CANDIDATES[:4])
def test_a_map_that_is_asked_for_is_fitted_and_nothing_else(name):
    run = fitting(options(select=name), *shifted_classes())
    assert run.selected_ == name
    assert run.network_ is None
    assert run.candidates_ == {}
    assert run.history_ == []
    expected = closed_form(name, run.synthetic, run.real)(run.synthetic.vectors, run.synthetic.membership)
    assert np.array_equal(run.row_map_(run.synthetic), expected)


@pytest.mark.slow
def test_the_simplest_map_is_chosen_where_the_rows_are_right_already():
    real, y, _, _ = shifted_classes()
    other = shifted_classes(seed=1)[0]
    run = fitting(options(max_steps=50), real, y, other, y)
    assert run.selected_ == "identity"
    assert list(run.candidates_) == list(CANDIDATES)


@pytest.mark.parametrize("select", ["cv", "gap"])
@pytest.mark.slow
def test_a_map_by_class_is_chosen_where_classes_are_shifted_apart(select):
    run = fitting(options(select=select, max_steps=50), *shifted_classes())
    assert run.selected_ in ("linear_ot", "smcae")
    assert run.candidates_["linear_ot"].energy < 0.2 * run.candidates_["location_scale"].energy
    moved = run.row_map_(run.synthetic, run.network_)
    for number in (0, 1):
        sides = moved[run.synthetic.classes == number], run.real.vectors[run.real.classes == number]
        assert sides[0].mean(axis=0) == pytest.approx(sides[1].mean(axis=0), abs=0.3)


@pytest.mark.slow
def test_few_real_rows_have_few_candidates():
    real, y, synthetic, y_synthetic = shifted_classes()
    settings = options(max_steps=20, estimator=LogisticRegression())
    for n_rows, n_candidates in ((19, 2), (20, 5)):
        run = fitting(settings, real[:n_rows], y[:n_rows], synthetic, y_synthetic)
        assert list(run.candidates_) == list(CANDIDATES[:n_candidates])


@pytest.mark.slow
def test_synthetic_rows_with_wrong_labels_are_dropped_where_they_may_be():
    real, y, *_ = shifted_classes()
    noise = np.random.RandomState(3).normal(size=(200, 2)) + 2
    labels = np.random.RandomState(4).randint(2, size=200)
    run = fitting(options(max_steps=50, estimator=LogisticRegression()), real, y, noise, labels, can_drop=True)
    assert next(iter(run.candidates_)) == "none"
    assert run.selected_ == "none"
    assert np.array_equal(run.row_map_(run.synthetic), run.synthetic.vectors)


@pytest.mark.slow
def test_without_a_choice_the_network_is_trained_and_stopped_by_held_out_rows():
    run = fitting(options(select=None, max_steps=100, learning_rate=0.01), *shifted_classes(70))
    assert run.selected_ == "smcae"
    assert run.candidates_ == {}
    assert run.best_step_ == run.history_[-1]["step"] in (0, 50, 100)
    assert run.history_[0]["step"] == 0
    assert np.array_equal(run.row_map_.base.offsets, closed_form("linear_ot", run.synthetic, run.real).offsets)
    assert not run.network_.training
    run = fitting(options(select=None, max_steps=100), *shifted_classes(40))  # too few to hold some out
    assert run.best_step_ == 100


@pytest.mark.filterwarnings("ignore:The network gave rows")
@pytest.mark.slow
def test_the_network_stops_early_where_that_was_better_for_held_out_rows():
    """Rows are right already, and steps are far too long."""
    real, y, *_ = shifted_classes(70)
    other = shifted_classes(70, seed=1)[0]
    settings = options(select=None, base="identity", max_steps=100, learning_rate=1.0)
    steps = []
    for seed in range(5):
        run = fitting(settings, real, y, other, y, seed=seed)
        steps.append(run.history_[-1]["step"] if run.history_ else 0)
        if run.selected_ == "smcae":
            assert run.best_step_ == steps[-1]
            assert [record["step"] for record in run.history_] == list(range(0, run.best_step_ + 1, 50))
        else:  # held-out rows prefer the base, or moved rows collapsed
            assert run.selected_ == "identity"
            assert run.network_ is run.best_step_ is None
    assert min(steps) < 100


@pytest.mark.slow
def test_a_fit_follows_its_seed():
    settings = options(select=None, max_steps=50)
    runs = [fitting(settings, *shifted_classes(), seed=seed) for seed in (0, 0, 1)]
    moved = [run.row_map_(run.synthetic, run.network_) for run in runs]
    assert np.array_equal(moved[0], moved[1])
    assert not np.array_equal(moved[0], moved[2])


@pytest.mark.parametrize("n_rows", [40, 70])  # with and without rows held out for the number of steps
def test_the_base_map_stays_where_training_diverges(n_rows):
    with pytest.warns(UserWarning, match="Training diverged, so rows are moved by 'coral' alone"):
        run = fitting(options(select=None, base="coral", learning_rate=1e30), *shifted_classes(n_rows))
    assert run.selected_ == "coral"
    assert run.network_ is run.best_step_ is None
    assert run.network_share_ == 0
    expected = closed_form("coral", run.synthetic, run.real)(run.synthetic.vectors)
    assert np.array_equal(run.row_map_(run.synthetic), expected)


@pytest.mark.slow
def test_a_network_that_diverges_is_no_candidate():
    with pytest.warns(UserWarning, match="SMCAE is no candidate, since its training diverged"):
        run = fitting(options(learning_rate=1e30, estimator=LogisticRegression()), *shifted_classes())
    assert list(run.candidates_) == list(CANDIDATES[:-1])
    assert run.selected_ == "linear_ot"


def test_the_base_map_stays_where_held_out_rows_prefer_it(monkeypatch):
    monkeypatch.setattr(_fitting, "_chosen_step", lambda trainings: 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = fitting(options(select=None, base="coral", max_steps=50), *shifted_classes(70))
    assert run.selected_ == "coral"
    assert run.network_ is run.best_step_ is None
    expected = closed_form("coral", run.synthetic, run.real)(run.synthetic.vectors)
    assert np.array_equal(run.row_map_(run.synthetic), expected)


@pytest.mark.slow
def test_a_network_to_which_the_folds_prefer_its_base_is_no_candidate(monkeypatch):
    monkeypatch.setattr(_fitting, "_chosen_step", lambda trainings: 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = fitting(options(max_steps=50, estimator=LogisticRegression()), *shifted_classes())
    assert list(run.candidates_) == list(CANDIDATES[:-1])


def test_one_training_that_diverges_in_a_fold_is_enough(monkeypatch):
    train, n_calls = _training.train_guarded, itertools.count(1)

    def failing(*args, **options):
        if next(n_calls) == 3:
            raise FloatingPointError("Not a number.")
        return train(*args, **options)

    monkeypatch.setattr(_training, "train_guarded", failing)
    with pytest.warns(UserWarning, match=r"SMCAE is no candidate, since its training diverged\. Not a number\."):
        run = fitting(options(max_steps=20, cv=3, estimator=LogisticRegression()), *shifted_classes())
    assert list(run.candidates_) == list(CANDIDATES[:-1])


@pytest.mark.slow
def test_what_is_scored_in_a_fold_is_the_network_at_the_step_that_the_others_prefer(monkeypatch):
    """Else the rows of a fold would choose the network by which they are then predicted."""
    trained, asked, shown = [], [], []
    train, network_at = _training.train_guarded, Training.network_at

    def number_of(training):
        return next(k for k, one in enumerate(trained) if one is training)

    def training(*args, **options):
        made = train(*args, **options)
        if options["held_out"] is not None:
            trained.append(made)
        return made

    def kept_step(trainings):
        asked.append([number_of(one) for one in trainings])
        return 100 if len(trainings) == 3 else 50 * (3 - sum(asked[-1]))

    def look(self, step):
        shown.append((number_of(self), step))
        return network_at(self, step)

    monkeypatch.setattr(_training, "train_guarded", training)
    monkeypatch.setattr(_fitting, "_chosen_step", kept_step)
    monkeypatch.setattr(Training, "network_at", look)
    run = fitting(options(cv=3, estimator=LogisticRegression()), *shifted_classes())
    assert asked == [[0, 1, 2], [1, 2], [0, 2], [0, 1]]
    assert shown == [(0, 0), (1, 50), (2, 100)]
    assert "smcae" in run.candidates_
    if run.selected_ == "smcae":
        assert run.best_step_ == 100


@pytest.mark.parametrize("n_rows", [2, 5, 6])
def test_fewer_than_six_real_rows_choose_nothing_and_it_says_so(n_rows):
    real, y, synthetic, y_synthetic = shifted_classes()
    settings = options(estimator=LogisticRegression())
    if n_rows == 6:
        assert fitting(settings, real[:n_rows], y[:n_rows], synthetic, y_synthetic).candidates_
        return
    with pytest.warns(UserWarning, match=rf"^{n_rows} real rows are too few to choose a map by: rows stay as they are"):
        run = fitting(settings, real[:n_rows], y[:n_rows], synthetic, y_synthetic)
    assert (run.selected_, run.candidates_, run.network_) == ("identity", {}, None)
    assert np.array_equal(run.row_map_(run.synthetic), run.synthetic.vectors)


@pytest.mark.parametrize("n_good", [0, 2, 3])
@pytest.mark.slow
def test_a_sampler_that_cannot_work_in_a_fold_leaves_rows_as_they_are_and_it_says_so(n_good):
    real, y, synthetic, y_synthetic = shifted_classes()
    space, asked = Space(role="classes"), []
    sides = space.fit(real, y, synthetic, y_synthetic)

    def draw(rows):
        asked.append(rows)
        return (synthetic[rows], y_synthetic[rows]) if len(asked) <= n_good else None

    settings = options(cv=3, max_steps=20, estimator=LogisticRegression())
    run = Fitting(settings, space, *sides, Origin(draw=draw), np.random.RandomState(0), [])
    if n_good == 3:
        assert run.run().candidates_
        assert sorted(np.concatenate(asked)) == sorted([*range(60)] * 2)  # each row is held out once
        return
    with pytest.warns(
        UserWarning, match="The sampler cannot work on a part of the table, so its rows cannot be judged"
    ):
        run.run()
    assert len(asked) == n_good + 1
    assert (run.selected_, run.candidates_, run.network_) == ("identity", {}, None)
    assert np.array_equal(run.row_map_(run.synthetic), run.synthetic.vectors)


@pytest.mark.slow
def test_rows_cannot_be_dropped_by_their_distance():
    settings = options(select="gap", max_steps=20)
    assert "none" not in fitting(settings, *shifted_classes(), can_drop=True).candidates_
    run = fitting(options(max_steps=20, estimator=LogisticRegression()), *shifted_classes(), can_drop=False)
    assert "none" not in run.candidates_


@pytest.mark.slow
def test_the_base_map_stays_where_rows_collapse():
    """Partners given at random teach the network nothing but the mean."""
    real, y, synthetic, _ = shifted_classes(200)
    settings = options(
        "given", select=None, base="location_scale", max_steps=300, energy_weight=0.0, learning_rate=0.02
    )
    with pytest.warns(UserWarning, match="times the variance of real ones, so 'location_scale' moves them alone"):
        run = fitting(settings, real, y, np.random.RandomState(7).permutation(synthetic), y, role=None)
    assert run.selected_ == "location_scale"
    assert run.network_ is run.best_step_ is None
    assert run.row_map_(run.synthetic) == pytest.approx(location_scale(run.synthetic.vectors, run.real.vectors)(
        run.synthetic.vectors
    ))  # fmt: skip


@pytest.mark.parametrize("shifts_target", [False, True])
def test_rows_with_other_targets_on_purpose_are_compared_with_real_rows_of_such_targets(shifts_target):
    rng = np.random.RandomState(0)
    y, y_synthetic = rng.uniform(size=100), rng.uniform(0.8, 1, size=60)
    real, synthetic = y[:, None] * [10.0, -1.0], y_synthetic[:, None] * [10.0, -1.0]
    run = fitting(
        options(select="location_scale"), real, y, synthetic, y_synthetic, role="stays", shifts_target=shifts_target
    )
    moved = run.row_map_(run.synthetic)
    if shifts_target:
        assert moved == pytest.approx(run.synthetic.vectors, abs=0.2)
        reference = run._reference(run.real, run.synthetic)
        for target, like in zip(y_synthetic, reference.target):
            low, high = sorted([like, target])
            assert np.count_nonzero((y > low) & (y < high)) <= 4
    else:
        assert moved.mean(axis=0) == pytest.approx(run.real.vectors.mean(axis=0))


def test_frequent_values_are_found_with_the_map():
    rng = np.random.RandomState(0)
    real, synthetic = rng.exponential(size=(80, 1)) + 0.5, rng.exponential(size=(50, 1)) + 0.3
    real[:40] = 0.0
    run = fitting(options(select="location_scale"), real, None, synthetic, None, role=None)
    landed = run.space.valid_rows(run.synthetic, run.row_map_(run.synthetic), run.point_masses_)
    assert (landed.codes == 0).mean() == pytest.approx(0.5, abs=0.021)


def weights_of_rows(run, rows=None):
    """Return how much real rows count in the choice, all or some of them."""
    rows = np.arange(len(run.real)) if rows is None else rows
    return run._scorer(run.real[rows], rows).weights


def test_classes_of_which_many_rows_were_made_weigh_more():
    real, y, synthetic, _ = shifted_classes()
    labels = np.r_[np.zeros(15, dtype=int), np.ones(45, dtype=int)]
    run = fitting(options(select="identity"), real, y, synthetic, labels, shifts_target=True)
    weights = weights_of_rows(run)
    assert weights[y == 1] / weights[0] == pytest.approx(np.full(30, (1 + 45 / 30) / (1 + 15 / 30)))
    for scoring, shifts_target in (("accuracy", True), ("auto", False)):
        given_options = options(select="identity", scoring=scoring)
        run = fitting(given_options, real, y, synthetic, labels, shifts_target=shifts_target)
        assert (weights_of_rows(run) == 1).all()


def test_rows_of_classes_that_are_not_real_give_no_weight_to_others():
    real, y, synthetic, _ = shifted_classes()
    labels = np.repeat([0, 1, 2], [15, 15, 30])
    weights = weights_of_rows(fitting(options(select="identity"), real, y, synthetic, labels, shifts_target=True))
    assert weights == pytest.approx(np.ones(60))


def test_classes_weigh_by_all_real_rows_though_only_some_take_part():
    real, y, synthetic, _ = shifted_classes()
    labels = np.r_[np.zeros(15, dtype=int), np.ones(45, dtype=int)]
    run = fitting(options(select="identity"), real, y, synthetic, labels, shifts_target=True)
    weights = weights_of_rows(run, np.r_[np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:6]])
    assert weights[30:] / weights[0] == pytest.approx(np.full(6, (1 + 45 / 30) / (1 + 15 / 30)))


def of_targets(y, y_synthetic, shifts_target=True, **settings):
    """Return a run over rows with a continuous target, made with other targets on purpose unless told otherwise."""
    rng = np.random.RandomState(0)
    return fitting(
        options(select="identity", **settings), rng.normal(size=(len(y), 1)), y,
        rng.normal(size=(len(y_synthetic), 1)), y_synthetic, role="stays", shifts_target=shifts_target,
    )  # fmt: skip


def test_targets_of_which_many_rows_were_made_weigh_more():
    y, y_synthetic = np.repeat([1.0, 2.0], [30, 10]), np.full(20, 2.2)
    weights = weights_of_rows(of_targets(y, y_synthetic))
    assert weights / weights[0] == pytest.approx(np.repeat([1.0, 3.0], [30, 10]))
    assert (weights_of_rows(of_targets(y, y_synthetic, scoring="r2")) == 1).all()
    assert (weights_of_rows(of_targets(y, y_synthetic, shifts_target=False)) == 1).all()


def test_targets_weigh_by_all_real_rows_though_only_some_take_part():
    run = of_targets(np.repeat([1.0, 2.0], [30, 10]), np.full(20, 2.2))
    weights = weights_of_rows(run, np.arange(0, 40, 2))  # half of them, of either target
    assert weights / weights[0] == pytest.approx(np.repeat([1.0, 3.0], [15, 5]))


def test_r2_is_measured_by_the_targets_of_all_real_rows_that_take_part():
    run = of_targets(np.arange(40.0), np.arange(20.0), scoring="r2")
    assert run._scorer(run.real[:20], np.arange(20)).variance == pytest.approx(np.arange(20.0).var())


def test_the_choice_is_made_on_two_thousand_rows_at_most(monkeypatch):
    assert _selection.MAX_ROWS == 2_000
    monkeypatch.setattr(_selection, "MAX_ROWS", 40)
    run = fitting(options(cv=2, max_steps=20, estimator=LogisticRegression()), *shifted_classes(100))
    assert all(len(trial.scores) == 40 for trial in run.candidates_.values())
