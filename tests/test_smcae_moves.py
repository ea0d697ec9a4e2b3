"""Where SMCAETransformer moves rows: known distortions undone, targets that move along, the paper's variant, codes."""

import numpy as np
import pandas as pd
import pytest
from _smcae_data import LINEAR, NETWORK, QUICK, ROTATION, RUNGS, fitted, gap, numbers, real_rows, simulated, smcae
from numpy.testing import assert_allclose

from skgan_resample import ResamplingWarning, SMCAETransformer


# ------------------------------------------------------------------------------------------------ golden
def test_a_column_by_column_distortion_of_the_very_rows_is_undone_exactly():
    X, y = real_rows()
    S = X * [2.0, 0.5, 3.0] + [1.0, -4.0, 0.3]
    transformer = SMCAETransformer(select="location_scale").fit(X, y, X_synthetic=S, y_synthetic=y)
    assert_allclose(transformer.refine(S, y)[0], X, atol=1e-9)


@pytest.mark.parametrize("select", ["identity", "location_scale", "coral", "linear_ot"])
def test_the_very_rows_stay_where_they_are(select):
    X, y = real_rows()
    transformer = SMCAETransformer(select=select).fit(X, y, X_synthetic=X, y_synthetic=y)
    assert_allclose(transformer.refine(X, y)[0], X, atol=1e-6)


@pytest.mark.parametrize("distortion", ["affine", "rotated", "by class"])
@pytest.mark.parametrize("select", ["linear_ot", None], ids=["linear_ot", "smcae"])
@pytest.mark.slow
def test_a_known_distortion_is_undone(distortion, select):
    X, y = real_rows(120)
    S, y_S = simulated(240, distortion)
    X_test, y_test = real_rows(800, seed=9)
    transformer = fitted((X, y, S, y_S), **{**QUICK, "max_steps": 150, "select": select})
    before, after = gap(S, y_S, X_test, y_test), gap(transformer.refine(S, y_S)[0], y_S, X_test, y_test)
    floor = gap(X, y, X_test, y_test)  # what as many real rows reach
    assert before > 0.5
    assert after < max(0.02 * before, floor + 0.03)
    fresh, y_fresh = simulated(240, distortion, seed=12)
    assert gap(transformer.refine(fresh, y_fresh)[0], y_fresh, X_test, y_test) < floor + 0.05


def test_a_map_for_each_class_undoes_what_one_for_all_cannot():
    X, y = real_rows(120)
    S, y_S = simulated(240, "by class")
    X_test, y_test = real_rows(800, seed=9)
    gaps = {}
    for select in ("coral", "linear_ot"):
        moved, _ = fitted((X, y, S, y_S), select=select).refine(S, y_S)
        gaps[select] = gap(moved, y_S, X_test, y_test)
    assert gaps["linear_ot"] < 0.05 < 0.5 < gaps["coral"]


def arcs(n_rows, seed):
    """Two half rings, one of each class."""
    rng = np.random.RandomState(seed)
    y, angle = np.arange(n_rows) % 2, rng.uniform(0, np.pi, n_rows)
    return np.c_[np.cos(angle), np.sin(angle)] * (1 + y[:, None]) + 0.08 * rng.normal(size=(n_rows, 2)), y


@pytest.fixture(scope="module")
def bent():
    """What the linear map and the network make of clouds where the real rows lie on arcs."""
    X, y = arcs(300, 0)
    y_S = np.arange(400) % 2
    S = np.random.RandomState(3).normal(size=(400, 2)) + 2 * y_S[:, None]
    sides = X, y, S, y_S
    network = fitted(
        sides, select=None, base="linear_ot", max_steps=250, hidden_layer_sizes=(24, 12, 24), random_state=0
    )
    return sides, fitted(sides, select="linear_ot"), network


@pytest.mark.slow
def test_the_network_undoes_what_its_base_map_cannot(bent):
    (X, y, S, y_S), linear, network = bent
    X_test, y_test = arcs(800, 9)
    gaps = [gap(moved, y_S, X_test, y_test) for moved in (S, *(t.refine(S, y_S)[0] for t in (linear, network)))]
    assert gaps[2] < gaps[1] / 2 < gaps[0] / 4
    assert gaps[2] < gap(X, y, X_test, y_test) + 0.03


@pytest.mark.slow
def test_the_network_gives_rows_the_spread_of_real_ones_and_does_not_copy_them(bent):
    (X, y, S, y_S), _, network = bent
    moved, _ = network.refine(S, y_S)
    for k in (0, 1):
        ratio = moved[y_S == k].var(axis=0).sum() / X[y == k].var(axis=0).sum()
        assert 0.8 < ratio < 1.25
    nearest = np.abs(moved[:, None] - X).max(axis=2).min(axis=1)
    assert (nearest > 1e-6).mean() > 0.99


def test_training_lowers_the_energy_that_it_reports(bent):
    *_, network = bent
    records = network.history_
    assert [record["step"] for record in records][:2] == [0, 50]
    assert {"step", "seconds", "left_loss", "right_loss", "energy"} <= set(records[-1])
    assert records[-1]["energy"] < records[1]["energy"]
    assert records[-1]["right_loss"] < records[1]["right_loss"] / 2
    assert network.best_step_ == records[-1]["step"]


def test_an_untrained_network_moves_rows_as_its_base_map_does(sides):
    barely = {**NETWORK, "max_steps": 1, "learning_rate": 1e-12, "base": "linear_ot"}
    moved, _ = fitted(sides, **barely).refine(sides[2], sides[3])
    expected, _ = fitted(sides, **LINEAR).refine(sides[2], sides[3])
    inside = (expected > sides[0].min(axis=0)) & (expected < sides[0].max(axis=0))
    stretched = np.abs(moved - expected)[inside]
    assert np.median(stretched) < 0.1 < np.abs(sides[2] - expected).mean()


@pytest.mark.slow
def test_a_large_identity_weight_holds_rows_where_the_base_map_puts_them(sides):
    options = {**NETWORK, "max_steps": 100, "base": "identity"}
    moves = []
    for weight in (0.0, 1e4):
        transformer = fitted(sides, **options, identity_weight=weight)
        sample = transformer.space_.read(sides[2], sides[3])
        transformer.row_map_.stretch = None
        moves.append(np.abs(transformer.row_map_(sample, transformer.network_) - sample.vectors).mean())
    assert moves[1] < moves[0] / 5


# ------------------------------------------------------------------------------------------------ continuous targets
@pytest.mark.slow
def test_features_and_a_continuous_target_move_together():
    X, y = numbers(100, 0)
    S, y_S = numbers(200, 1, shift=4.0)
    transformer = SMCAETransformer(select="linear_ot", snap=False).fit(X, y, X_synthetic=S, y_synthetic=y_S)
    X_moved, y_moved = transformer.refine(S, y_S)
    joint = np.c_[X_moved, y_moved]
    assert_allclose(joint.mean(axis=0), np.c_[X, y].mean(axis=0), atol=1e-6)
    assert_allclose(np.cov(joint.T), np.cov(np.c_[X, y].T), atol=0.1)
    residual = y_moved - (2 * X_moved[:, 0] - X_moved[:, 1])
    assert residual.std() < 0.3
    assert abs(residual.mean()) < 0.1
    assert transformer.refine(S).shape == S.shape  # the target is guessed where it is not known


@pytest.mark.parametrize("settings", [LINEAR, NETWORK], ids=["linear", "network"])
@pytest.mark.parametrize("kind", [np.asarray, pd.Series, list], ids=["array", "series", "list"])
@pytest.mark.slow
def test_a_moved_target_lies_on_the_grid_and_in_the_range_of_the_real_one(settings, kind):
    X, y = numbers(100, 0, decimals=1)
    S, y_S = numbers(150, 1, shift=4.0)
    transformer = smcae(**settings).fit(X, kind(y), X_synthetic=S, y_synthetic=kind(y_S))
    X_moved, y_moved = transformer.refine(S, kind(y_S))
    assert isinstance(y_moved, type(kind(y_S)))
    y_moved = np.asarray(y_moved)
    assert np.array_equal(y_moved, np.round(y_moved, 1))
    assert y.min() <= y_moved.min() <= y_moved.max() <= y.max()
    assert (X_moved >= X.min(axis=0)).all()
    assert (X_moved <= X.max(axis=0)).all()


@pytest.mark.slow
def test_whole_numbers_of_many_values_are_continuous_and_stay_whole():
    X, y = numbers(100, 0)
    S, y_S = numbers(150, 1, shift=4.0)
    whole, whole_S = (10 * y).astype(int), (10 * y_S).astype(np.int64)
    transformer = smcae(**LINEAR).fit(X, whole, X_synthetic=S, y_synthetic=whole_S)
    _, y_moved = transformer.refine(S, whole_S)
    assert y_moved.dtype == whole.dtype
    assert whole.min() <= y_moved.min() <= y_moved.max() <= whole.max()
    as_classes = smcae(**LINEAR, target_type="classification").fit(X, whole % 3, X_synthetic=S, y_synthetic=whole_S % 3)
    assert np.array_equal(as_classes.refine(S, whole_S % 3)[1], whole_S % 3)


def test_target_type_overrules_the_guess():
    X, y = numbers(60, 0)
    S, y_S = numbers(80, 1, shift=4.0)
    digits, digits_S = (np.round(y).astype(int) % 4, np.round(y_S).astype(int) % 4)
    moved = smcae(**LINEAR, target_type="regression").fit(X, digits, X_synthetic=S, y_synthetic=digits_S)
    assert moved.space_.role == "moves"
    ignored = smcae(**LINEAR, target_type=None).fit(X, digits, X_synthetic=S, y_synthetic=digits_S)
    blind = smcae(**LINEAR).fit(X, X_synthetic=S)
    assert np.array_equal(ignored.refine(S, digits_S)[0], blind.refine(S))
    with pytest.raises(ValueError):
        SMCAETransformer(target_type="other").fit(X, digits, X_synthetic=S, y_synthetic=digits_S)


def test_fit_transform_says_once_that_it_cannot_move_a_continuous_target():
    X, y = numbers(60, 0)
    S, y_S = numbers(80, 1, shift=4.0)
    domain = np.r_[np.full(60, -1), np.full(80, 1)]
    with pytest.warns(ResamplingWarning, match="cannot change the target") as caught:
        out = smcae(**LINEAR).fit_transform(np.r_[X, S], np.r_[y, y_S], sample_domain=domain)
    assert len(caught) == 1
    assert np.array_equal(out[:60], X)
    alone = smcae(**LINEAR).fit(X, X_synthetic=S)
    assert_allclose(out[60:], alone.refine(S))  # matched without the target


def test_encode_and_reconstruct_ask_for_a_target_that_moved_along():
    X, y = numbers(60, 0)
    S, y_S = numbers(80, 1, shift=1.0)
    transformer = smcae(**NETWORK).fit(X, y, X_synthetic=S, y_synthetic=y_S)
    for call in (transformer.encode, transformer.reconstruct):
        with pytest.raises(ValueError, match="give y, too"):
            call(X)
    assert transformer.encode(X, y).shape == (60, 8 + 4 + 8 + 3)
    assert transformer.reconstruct(X, y).shape == X.shape


# ------------------------------------------------------------------------------------------------ as in the paper
PAPER = {**NETWORK, "variant": "paper", "learning_rate": 0.01}


@pytest.mark.slow
def test_the_paper_pairs_row_by_row():
    """Targets that no distribution tells: only who belongs to whom does."""
    rng = np.random.RandomState(0)
    S = rng.uniform(-1, 1, size=(100, 2))
    X = S[:, ::-1] * [1, -1]
    options = {
        **PAPER,
        "max_steps": 150,
        "learning_rate": 0.03,
        "gamma": 0.0,
        "weight_decay": 0.0,
        "hidden_layer_sizes": (12, 12, 12),
    }
    paired, crossed = (smcae(**options).fit(rows, X_synthetic=S).refine(S) for rows in (X, X[rng.permutation(100)]))
    errors = [np.square(moved - X).mean() / X.var() for moved in (paired, crossed)]
    assert errors[0] < 0.1
    assert errors[1] > 0.7


def test_unequal_numbers_of_pairs_are_refused_with_a_way_out(sides):
    for options in (PAPER, {**NETWORK, "pairing": "given"}):
        with pytest.raises(ValueError, match=r'synthetic rows \(80\) as real ones \(60\).*use pairing="ot"'):
            fitted(sides, **options)
    assert fitted(sides, **{**PAPER, "pairing": "ot", "max_steps": 2}).refine(sides[2]).shape == (80, 3)


def test_the_paper_has_a_stage_for_each_layer_and_one_for_all():
    X, y = real_rows()
    transformer = smcae(**PAPER).fit(X, y, X_synthetic=X + 1, y_synthetic=y)
    stages = list(dict.fromkeys(record["stage"] for record in transformer.history_))
    assert stages == ["layer 1", "layer 2", "layer 3", "fine-tuning"]
    assert transformer.encode(X).shape == (60, 8 + 4 + 8 + 3)


@pytest.mark.slow
def test_given_pairs_stay_together_in_the_folds_of_a_selection():
    X, y = real_rows(60)
    order = np.random.RandomState(0).permutation(60)
    S = 1.5 * X @ ROTATION + 1
    together = smcae(**QUICK, pairing="given").fit(X[order], y[order], X_synthetic=S[order], y_synthetic=y[order])
    assert together.cv_results_["candidate"] == RUNGS
    assert gap(together.refine(S, y)[0], y, X, y) < gap(S, y, X, y) / 4


# ------------------------------------------------------------------------------------------------ codes
def test_codes_are_all_activations_and_the_rebuilt_row(sides):
    X, _, S, y_S = sides
    transformer = fitted(sides, **NETWORK)
    codes = transformer.encode(X)
    assert codes.shape == (60, 8 + 4 + 8 + 3)
    assert np.isfinite(codes).all()
    assert np.array_equal(codes, transformer.encode(X, sample_domain=-1))
    assert transformer.encode(S, y_S, sample_domain=1).shape == (80, 8 + 4 + 8 + 3)


def test_the_code_of_a_real_row_does_not_know_its_label(sides):
    X, y, *_ = sides
    transformer = fitted(sides, **NETWORK)
    for labels in (None, y, 1 - y):
        assert np.array_equal(transformer.encode(X, labels), transformer.encode(X))
        assert np.array_equal(transformer.reconstruct(X, labels), transformer.reconstruct(X))
    synthetic = [transformer.encode(X, labels, sample_domain=1) for labels in (y, 1 - y)]
    assert not np.allclose(*synthetic)


def test_in_one_call_each_domain_has_the_code_of_its_channel(sides):
    X, y, *_ = sides
    transformer = fitted(sides, **NETWORK)
    domain = np.where(np.arange(60) % 3, -1, 1)
    codes = transformer.encode(X, y, sample_domain=domain)
    assert_allclose(codes[domain < 0], transformer.encode(X)[domain < 0], rtol=1e-5, atol=1e-6)
    assert_allclose(codes[domain > 0], transformer.encode(X, y, sample_domain=1)[domain > 0], rtol=1e-5, atol=1e-6)


def test_real_rows_are_rebuilt_better_than_by_their_mean(bent):
    sides, _, network = bent
    X_test, _ = arcs(300, 4)
    assert np.square(network.reconstruct(X_test) - X_test).mean() < 0.2 * sides[0].var(axis=0).mean()


def test_without_a_network_there_is_no_code(sides):
    transformer = fitted(sides, **LINEAR)
    for call in (transformer.encode, transformer.reconstruct):
        with pytest.raises(ValueError, match="no learned code, since 'linear_ot' was taken; select=None"):
            call(sides[0])
