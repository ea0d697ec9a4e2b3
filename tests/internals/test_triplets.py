"""Triplets on the training floor: each formula against a slow one, and that the steps train what they say."""

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from torch.utils._python_dispatch import TorchDispatchMode

from skgan_resample._nn import triplet_gan, triplets
from skgan_resample._nn.networks import mlp
from skgan_resample._nn.training import Adam, class_balanced_batches

QUICK = settings(max_examples=40, deadline=None, derandomize=True)
DOUBLE = torch.float64


def reals(low, high):
    return st.floats(low, high, allow_subnormal=False)


def phi(distance, low, high, strength):
    """The stretch of section 5.3, case by case."""
    high = max(high, (1 + strength) * low)
    if distance <= low:
        return (1 + strength) * distance
    if distance < high:
        return distance + strength * low * (high - distance) / (high - low)
    return distance


def tensor(values):
    return torch.as_tensor(values, dtype=DOUBLE)


# ------------------------------------------------------------------------------------------------ the stretch
@QUICK
@given(low=reals(0.01, 5), gap=reals(0, 5), strength=reals(0, 3), distance=st.lists(reals(0, 20), min_size=2))
def test_the_stretch_is_its_formula_and_never_falls(low, gap, strength, distance):
    distance = np.sort([*distance, low, low + gap, (1 + strength) * low])
    found = triplets.stretched_distance(tensor(distance), low, low + gap, strength).numpy()
    assert np.allclose(found, [phi(d, low, low + gap, strength) for d in distance], rtol=1e-9, atol=1e-9)
    assert (np.diff(found) >= -1e-9).all()
    assert (found >= distance).all()


@pytest.mark.parametrize("bend", [1.0, 3.0])
def test_the_stretch_has_no_jump_at_its_breakpoints(bend):
    before, at, after = triplets.stretched_distance(tensor([bend - 1e-9, bend, bend + 1e-9]), 1.0, 3.0, 0.5).tolist()
    assert before == pytest.approx(at, abs=1e-8)
    assert after == pytest.approx(at, abs=1e-8)


def test_the_stretch_by_hand():
    distance = tensor([0.5, 1.0, 2.0, 3.0, 4.0])
    assert triplets.stretched_distance(distance, 1.0, 3.0, 0.5).tolist() == [0.75, 1.5, 2.25, 3.0, 4.0]
    # the far breakpoint of 1.2 counts as (1 + 0.5) * 1.0: flat from 1.0 on, not falling
    assert triplets.stretched_distance(tensor([1.0, 1.2, 1.5, 2.0]), 1.0, 1.2, 0.5).tolist() == [1.5, 1.5, 1.5, 2.0]


@QUICK
@given(low=reals(0.1, 3), gap=reals(0, 3), strength=reals(0, 3), seed=st.integers(0, 99))
def test_stretched_ends_are_as_far_apart_as_the_formula_says(low, gap, strength, seed):
    anchor, positive = tensor(np.random.RandomState(seed).normal(size=(2, 40, 3)))
    distance = (positive - anchor).norm(dim=1)
    share = triplets.stretch_shares(distance, low, low + gap, strength)[:, None]
    ends = (positive + share * (positive - anchor)) - (anchor - share * (positive - anchor))
    expected = [phi(d, low, low + gap, strength) for d in distance.tolist()]
    assert np.allclose(ends.norm(dim=1), expected, atol=1e-6)


def test_no_end_moves_more_than_half_way_to_another_class():
    rng = np.random.RandomState(0)
    distance, room = tensor(rng.uniform(0.1, 3, 200)), tensor(rng.uniform(0, 3, (200, 2)))
    free = triplets.stretch_shares(distance, 1.0, 2.0, 1.5)
    share = triplets.stretch_shares(distance, 1.0, 2.0, 1.5, room)
    assert share.shape == (200, 2)
    moved = share * distance[:, None]
    expected = torch.minimum((free * distance)[:, None], room / 2)
    assert torch.allclose(moved, expected)
    capped = (moved < (free * distance)[:, None] - 1e-9).float().mean()
    assert 0.1 < capped < 0.9  # both cases were met


def test_a_strength_of_zero_stretches_nothing():
    distance = tensor([0.1, 1.0, 5.0])
    assert torch.equal(triplets.stretch_shares(distance, 1.0, 2.0, 0.0), torch.zeros(3, dtype=DOUBLE))


def test_a_pair_without_length_does_not_shrink():
    assert triplets.stretch_shares(tensor([0.0]), 1.0, 2.0, 0.5).item() >= 0


# ------------------------------------------------------------------------------------------------ the pull
@pytest.mark.parametrize(
    ("to_negative", "to_positive", "threshold", "expected"),
    [
        ([3.0, 2.0], [2.0, 1.0], -1.0, 0.0),  # exactly met
        ([5.0, 2.0], [1.0, 1.0], -4.0, 0.0),
        ([3.0, 2.0], [2.0, 1.0], 0.0, 1.0),
        ([1.0, 2.0], [2.0, 1.0], 0.5, 0.75),  # [1 - 2 + .5]+ = 0 and [2 - 1 + .5]+ = 1.5
    ],
)
def test_reverse_triplet_loss_by_hand(to_negative, to_positive, threshold, expected):
    found = triplets.reverse_triplet_loss(tensor(to_negative), tensor(to_positive), threshold)
    assert found.item() == pytest.approx(expected)


@QUICK
@given(to_negative=reals(0.01, 10), to_positive=reals(0, 10), threshold=reals(-5, 0))
def test_a_pulled_negative_meets_the_constraint_exactly_or_stops_half_way(to_negative, to_positive, threshold):
    share = triplets.pulled_share(tensor(to_negative), tensor(to_positive), threshold).item()
    pulled, wanted = (1 - share) * to_negative, to_positive - threshold
    if to_negative <= wanted:
        assert share == 0
    elif wanted <= to_negative / 2:
        assert share == 0.5
    else:
        assert pulled == pytest.approx(wanted, abs=1e-9)


@QUICK
@given(to_negative=reals(0.01, 10), part=reals(0, 1))
def test_at_threshold_zero_the_pull_is_that_of_hdml(to_negative, part):
    to_positive = part * to_negative
    pulled = (1 - triplets.pulled_share(tensor(to_negative), tensor(to_positive), 0.0).item()) * to_negative
    assert to_positive - 1e-9 <= pulled <= to_negative + 1e-9


# ------------------------------------------------------------------------------------------------ the threshold
def test_the_threshold_goes_on_while_constraints_are_met_and_classes_kept():
    rule = triplets.ThresholdController(-2.0)
    path = [rule.value]
    for _ in range(30):
        rule.update(0.81, 0.91)
        path.append(rule.value)
    assert path[:3] == pytest.approx([-2.0, -1.9, -1.8])
    assert (np.diff(path) >= 0).all()
    assert path[-1] == 0


@pytest.mark.parametrize(
    ("met", "kept", "moved"),
    [(0.9, 0.95, 1), (0.8, 0.95, 0), (0.9, 0.9, 0), (0.9, 0.85, 0), (0.9, 0.8, 0), (0.9, 0.79, -1), (0.1, 0.1, -1)],
)
def test_the_threshold_goes_back_only_when_classes_are_lost(met, kept, moved):
    rule = triplets.ThresholdController(-1.0)
    rule.value = -0.5
    rule.update(met, kept)
    assert rule.value == pytest.approx(-0.5 + 0.05 * moved)


@QUICK
@given(start=reals(-5, 0), shares=st.lists(st.tuples(reals(0, 1), reals(0, 1)), max_size=60))
def test_the_threshold_never_leaves_its_range(start, shares):
    rule = triplets.ThresholdController(start)
    for met, kept in shares:
        rule.update(met, kept)
        assert start <= rule.value <= 0


# ------------------------------------------------------------------------------------------------ the curriculum
def curriculum_of(hardness="adaptive", stretch=2.0):
    return triplets.Curriculum(stretch, hardness)


def test_the_breakpoints_are_running_quantiles_of_the_pairs():
    curriculum, rng = curriculum_of(), np.random.RandomState(0)
    first, second = rng.uniform(size=(2, 50)).astype(np.float32)
    curriculum.follow(0.0, torch.from_numpy(first))
    curriculum.follow(0.5, torch.from_numpy(second))
    expected = 0.9 * np.quantile(first, [0.5, 0.9]) + 0.1 * np.quantile(second, [0.5, 0.9])
    assert [float(curriculum.low), float(curriculum.high)] == pytest.approx(expected.tolist())
    assert curriculum.strength == 1.0  # half of the way to a stretch of 2


def test_a_number_for_hardness_stays_and_so_does_the_threshold():
    curriculum, one = curriculum_of(hardness=0.25), torch.ones(())
    curriculum.begin(torch.tensor([[0.0, 3.0], [3.0, 0.0]]), torch.tensor([0, 1]))
    start = curriculum.threshold.value
    for progress in np.linspace(0, 1, 40):
        curriculum.follow(progress, torch.ones(4))
        curriculum.judge(one, one)
        assert curriculum.strength == 0.5
    assert curriculum.threshold.value == start


def test_the_threshold_starts_at_the_gap_between_classes_and_moves_every_tenth_step():
    curriculum, one = curriculum_of(), torch.ones(())
    assert curriculum.summary() is None
    line = torch.tensor([0.0, 1.0, 5.0])  # two rows of one class and one of another
    curriculum.begin((line[:, None] - line).abs(), torch.tensor([0, 0, 1]))
    assert curriculum.threshold.value == pytest.approx(1 - 4.5)
    path = []
    for _ in range(20):
        curriculum.judge(one, one)
        path.append(round(curriculum.threshold.value / -3.5, 6))
    assert path == [1.0] * 9 + [0.95] * 10 + [0.9]
    assert curriculum.summary() == {"strength": 0.0, "threshold": pytest.approx(-3.5 * 0.9)}


def test_the_threshold_starts_at_zero_where_classes_overlap_altogether():
    curriculum = curriculum_of()
    line = torch.tensor([0.0, 5.0, 1.0])
    curriculum.begin((line[:, None] - line).abs(), torch.tensor([0, 0, 1]))
    assert curriculum.threshold.value == 0


# ------------------------------------------------------------------------------------------------ triplets of a batch
SIX = torch.tensor([0, 0, 0, 1, 1, 1, 2, 2, 2])


def points(seed, n=9, width=2):
    return tensor(np.random.RandomState(seed).normal(size=(n, width)))


def exhaustive(labels, n_positive, n_negative):
    """All rows of the same class, the row itself included, and all of other classes; for classes of equal size."""
    same = labels[:, None] == labels
    return tuple(torch.stack([mask.nonzero()[:, 0] for mask in masks]) for masks in (same, ~same))


def slow_triplet_loss(z, labels, margin, mining, is_itself):
    n, kept = len(z), []
    apart = [[float((z[i] - z[j]).norm()) for j in range(n)] for i in range(n)]
    for a in range(n):
        positives = [p for p in range(n) if labels[p] == labels[a] and not is_itself(a, p)]
        negatives = [k for k in range(n) if labels[k] != labels[a]]
        if mining == "hard" and positives:
            positives = [max(positives, key=lambda p: apart[a][p])]
            negatives = [min(negatives, key=lambda k: apart[a][k])]
        for p, k in itertools.product(positives, negatives):
            loss = apart[a][p] - apart[a][k] + margin
            if loss > 0 and (mining != "semihard" or apart[a][k] > apart[a][p]):
                kept.append(loss)
    return sum(kept) / max(len(kept), 1)


@pytest.mark.parametrize("mining", ["all", "semihard", "hard"])
@pytest.mark.parametrize("margin", [0.2, 2.0])
@pytest.mark.parametrize("rows", ["all different", "one twice", "anchors elsewhere"])
def test_triplet_loss_is_that_of_plain_loops(mining, margin, rows, monkeypatch):
    monkeypatch.setattr(triplets, "drawn_places", exhaustive)
    indices = torch.arange(9) if rows != "one twice" else torch.tensor([0, 1, 0, 3, 4, 5, 6, 7, 8])
    itself = None if rows == "anchors elsewhere" else indices[:, None] == indices
    for seed in range(5):
        z = points(seed)[indices]
        found = triplets.triplet_loss(triplets.distances(z, z), SIX, margin, mining, itself)
        expected = slow_triplet_loss(z, SIX, margin, mining, lambda a, p: itself is not None and itself[a, p])
        assert found.item() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("mining", ["all", "semihard", "hard"])
def test_triplet_loss_is_that_of_pytorch_metric_learning(mining, monkeypatch):
    pytest.importorskip("pytorch_metric_learning")
    from pytorch_metric_learning.distances import LpDistance
    from pytorch_metric_learning.losses import TripletMarginLoss
    from pytorch_metric_learning.miners import BatchHardMiner, TripletMarginMiner

    monkeypatch.setattr(triplets, "drawn_places", exhaustive)
    plain, margin = LpDistance(normalize_embeddings=False), 0.5
    miner = {
        "all": TripletMarginMiner(margin=margin, type_of_triplets="all", distance=plain),
        "semihard": TripletMarginMiner(margin=margin, type_of_triplets="semihard", distance=plain),
        "hard": BatchHardMiner(distance=plain),
    }[mining]
    for seed in range(5):
        z = points(seed).float()
        expected = TripletMarginLoss(margin=margin, distance=plain)(z, SIX, miner(z, SIX))
        itself = torch.eye(9, dtype=torch.bool)
        found = triplets.triplet_loss(triplets.distances(z, z), SIX, margin, mining, itself)
        assert found.item() == pytest.approx(expected.item(), abs=1e-5)


@pytest.mark.parametrize("mining", ["all", "semihard", "hard"])
def test_without_a_violated_triplet_the_loss_is_zero_with_a_finite_slope(mining):
    z = torch.tensor([[0.0], [0.0], [9.0], [9.0]], requires_grad=True)  # duplicates: the root has no slope there
    itself = torch.eye(4, dtype=torch.bool)
    loss = triplets.triplet_loss(triplets.distances(z, z), torch.tensor([0, 0, 1, 1]), 0.2, mining, itself)
    loss.backward()
    assert loss.item() == 0
    assert z.grad.isfinite().all()


def test_a_class_of_one_row_adds_no_triplet_to_hard_mining():
    z, labels = tensor([[0.0], [1.0], [1.5]]), torch.tensor([0, 1, 1])
    loss = triplets.triplet_loss(triplets.distances(z, z), labels, 0.2, "hard", torch.eye(3, dtype=torch.bool))
    assert loss.item() == 0  # 0.5 - 1 + 0.2 and 0.5 - 1.5 + 0.2
    loss = triplets.triplet_loss(triplets.distances(z, z), labels, 1.5, "hard", torch.eye(3, dtype=torch.bool))
    assert loss.item() == pytest.approx((1.0 + 0.5) / 2)


def test_distances_are_euclidean():
    rows, others = points(0, 7, 3), points(1, 5, 3)
    assert torch.allclose(triplets.distances(rows, others), torch.cdist(rows, others), atol=1e-6)


def layouts():
    """Labels class after class: the sizes of the classes, and their numbers in any order."""
    sizes = st.lists(st.integers(1, 6), min_size=2, max_size=5)
    return sizes.flatmap(lambda size: st.permutations(range(len(size))).map(lambda names: np.repeat(names, size)))


@QUICK
@given(labels=layouts())
def test_drawn_places_reach_all_rows_of_the_right_classes_and_no_others(labels):
    torch.manual_seed(0)
    drawn = triplets.drawn_places(torch.as_tensor(labels), 900, 901)
    assert [places.shape for places in drawn] == [(len(labels), 900), (len(labels), 901)]
    for places, same in zip(drawn, (True, False)):
        for row, found in enumerate(places.tolist()):
            assert set(found) == set(np.flatnonzero((labels == labels[row]) == same))


@QUICK
@given(labels=layouts())
def test_partners_are_all_other_rows_of_the_class_and_itself_only_where_there_is_none(labels):
    torch.manual_seed(0)
    found = torch.stack([triplets.partners(torch.as_tensor(labels)) for _ in range(100)], dim=1)
    for row, partners in enumerate(found.tolist()):
        others = set(np.flatnonzero(labels == labels[row])) - {row}
        assert set(partners) == (others or {row})


# ------------------------------------------------------------------------------------------------ networks and helpers
def test_an_untrained_encoder_is_the_projection_it_begins_at():
    encoder = triplets.Encoder(4, (8,), 3)
    directions = torch.tensor([[1.0, 0, 0, 0], [0, 0, 2.0, 0]])
    encoder.begin_at(directions)
    rows = torch.randn(10, 4)
    assert torch.allclose(encoder(rows), torch.cat([rows @ directions.T, torch.zeros(10, 1)], dim=1))


@pytest.mark.parametrize("n_components", [2, 16])
def test_principal_directions_are_those_of_scikit_learn_at_unit_length(n_components):
    rows = np.random.RandomState(0).normal(size=(60, 5)) * [5, 3, 2, 1, 0.1] + 7
    found = triplets.principal_directions(tensor(rows), n_components).numpy()
    projected = (rows - rows.mean(axis=0)) @ found.T
    assert (projected**2).sum(axis=1).mean() == pytest.approx(1)
    expected = PCA(min(n_components, 5)).fit(rows).components_
    assert np.allclose(np.abs(found @ expected.T), np.linalg.norm(found[0]) * np.eye(len(expected)), atol=1e-8)


def test_principal_directions_of_constant_rows_are_finite():
    assert triplets.principal_directions(torch.ones(5, 3), 2).isfinite().all()


def test_the_discriminator_is_smooth_whatever_its_weights_and_knows_the_class():
    torch.manual_seed(0)
    discriminator = triplet_gan.Discriminator(4, (8, 8), 3)
    with torch.no_grad():
        for name, weight in discriminator.named_parameters():
            if "weight" in name:
                weight.mul_(50)  # spectral norm takes that away
    member = torch.eye(3)[torch.arange(30) % 3]
    rows = torch.randn(30, 4)
    for _ in range(100):  # in training mode each call is a step of the power iteration
        scores = discriminator(rows, member)
    assert scores.shape == (30,)
    discriminator.eval()
    others = rows + 0.1 * torch.randn(30, 4)
    slope = (discriminator(rows, member) - discriminator(others, member)).abs() / (rows - others).norm(dim=1)
    assert slope.max() <= 2.01  # 1 for the score and 1 for the class
    assert slope.max() > 0
    assert not torch.allclose(discriminator(rows, member), discriminator(rows, member.roll(1, dims=1)))


def test_made_triplets_never_weigh_more_than_they_may_and_nothing_while_the_generator_is_poor():
    memory, mean, share = {}, 4.0, []
    losses = [4.0, *[40.0] * 30, *[0.01] * 60]
    for loss in losses:
        share.append(triplet_gan._share_of_real(torch.tensor(loss), memory, 0.7).item())
        mean = 0.9 * mean + 0.1 * loss
        assert share[-1] == pytest.approx(max(0.3, 2 ** (-4.0 / mean)), abs=1e-4)
    assert share[0] == pytest.approx(0.5)
    assert max(share) > 0.9
    assert share[-1] == pytest.approx(0.3)
    assert triplet_gan._share_of_real(torch.tensor(0.1), {}, 0.0) == 1


def test_interquartile_ranges_are_those_of_each_class():
    rows, labels = points(0, 12, 3).float(), torch.tensor([0] * 5 + [2] * 7)
    found = triplet_gan._interquartile_ranges(rows, labels, 3).numpy()
    for label in (0, 2):
        own = rows[labels == label].numpy()
        assert np.allclose(found[label], np.quantile(own, 0.75, axis=0) - np.quantile(own, 0.25, axis=0))
    assert (found[1] == 0).all()


def test_nearest_other_is_that_of_plain_loops():
    z, labels = points(0), SIX
    found = triplets.nearest_other(z, z, labels[:, None] == labels)
    for row in range(9):
        assert found[row].item() == pytest.approx(min((z[row] - z[i]).norm().item() for i in range(9)
                                                      if labels[i] != labels[row]))  # fmt: skip


def test_loss_weights_are_the_usual_ones_but_for_those_changed():
    assert triplets.loss_weights() == triplets.WEIGHTS
    assert triplets.loss_weights({"keep": 3}) == {**triplets.WEIGHTS, "keep": 3}
    with pytest.raises(ValueError, match=r"names \['margin'\]; there are \["):
        triplets.loss_weights({"margin": 1.0})


# ------------------------------------------------------------------------------------------------ held-out triplets
class FirstColumn(torch.nn.Module):
    def forward(self, rows):
        return rows[:, :1]


ROWS, LABELS = torch.tensor([[0.0], [10.0]]), torch.tensor([0, 1])


@pytest.mark.parametrize(
    ("test_rows", "expected"),
    [
        ([[1.0], [2.0]], 0.0),
        ([[9.0], [8.0]], 1.0),
        ([[5.0], [5.0]], 1.0),  # a tie is not in order
    ],
)
def test_held_out_error_by_hand(test_rows, expected):
    error = triplets.held_out_error(FirstColumn(), ROWS, LABELS, torch.tensor(test_rows), torch.tensor([0, 0]))
    assert error().item() == expected


def test_held_out_error_is_a_share_of_anchors_drawn_once():
    torch.manual_seed(0)
    rows = torch.tensor([[1.0], [9.0], [9.5], [0.5]])  # the second of class 0 and the last of class 1 are misplaced
    error = triplets.held_out_error(FirstColumn(), ROWS, LABELS, rows, torch.tensor([0, 0, 1, 1]), n_triplets=4000)
    assert error().item() == pytest.approx(0.5, abs=0.04)
    assert error() == error()


def test_held_out_error_needs_no_matrix_of_all_rows():
    largest = 0

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            nonlocal largest
            found = function(*args, **(kwargs or {}))
            largest = max(largest, found.numel() if isinstance(found, torch.Tensor) else 0)
            return found

    rows, labels = torch.randn(2000, 2), torch.arange(2000) % 2
    with Watch():
        triplets.held_out_error(FirstColumn(), rows, labels, rows[:500], labels[:500], n_triplets=20)()
    assert largest < 500 * 2000


# ------------------------------------------------------------------------------------------------ the steps
def toy(kind="linear", *, makes=("positives", "negatives"), mining="all", warm_up=0.2, **weights):
    """Three classes apart in two quiet columns among noisy ones; a step, and everything that it moves."""
    torch.manual_seed(0)
    rng = np.random.RandomState(0)
    labels = np.repeat(np.arange(3), 30)
    rows = np.hstack([np.eye(3)[labels][:, :2] + 0.1 * rng.normal(size=(90, 2)), rng.normal(size=(90, 4))])
    networks = triplets.Networks(triplets.Encoder(6, (16,), 4), mlp(6, (16,), 3))
    if kind == "cgan":
        networks.positives, networks.negatives = mlp(4 + 3, (16,), 6), mlp(3 * 4 + 3, (16,), 6)
        networks.discriminator = triplet_gan.Discriminator(6, (16,), 3)
    x, y = torch.as_tensor(rows, dtype=torch.float32), torch.as_tensor(labels)
    networks.encoder.begin_at(triplets.principal_directions(x, 4))
    modules = {name: network for name, network in vars(networks).items() if network is not None}
    optimizers = {name: Adam(network.parameters(), 0.01) for name, network in modules.items()}
    curriculum = curriculum_of()
    step = {"linear": triplets.triplet_step, "cgan": triplet_gan.gan_step}[kind](
        networks, optimizers, x, y, curriculum=curriculum, margin=0.5, mining=mining, makes=set(makes),
        share_variation=0.5, warm_up=warm_up, weights=triplets.loss_weights(weights),
    )  # fmt: skip
    batches = class_balanced_batches(labels, 3, 10, np.random.RandomState(0))
    return SimpleNamespace(
        step=step, batches=batches, modules=modules, optimizers=optimizers, curriculum=curriculum, x=x, y=y
    )


def weights_of(modules):
    return {name: [w.detach().clone() for w in network.parameters()] for name, network in modules.items()}


def changed(modules, before):
    after = weights_of(modules)
    return {name for name in modules if any(not torch.equal(a, b) for a, b in zip(after[name], before[name]))}


def run(made, n_steps):
    return [made.step(next(made.batches), i / n_steps) for i in range(n_steps)]


def wrongly_ordered(made):
    z = made.modules["encoder"](made.x).detach()
    apart, same = torch.cdist(z, z), made.y[:, None] == made.y
    off = ~torch.eye(len(z), dtype=torch.bool)
    return np.mean([(apart[i][same[i] & off[i]][:, None] >= apart[i][~same[i]]).double().mean() for i in range(len(z))])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"mining": "semihard"},
        {"mining": "hard"},
        {"makes": ()},
        {"makes": ("positives",)},
        {"makes": ("negatives",)},
        {"kind": "cgan"},
        {"kind": "cgan", "makes": ()},
        {"kind": "cgan", "mining": "hard"},
    ],
    ids=str,
)
@pytest.mark.slow
def test_steps_train_what_they_say(options):
    made = toy(**options)
    before, at_first = weights_of(made.modules), wrongly_ordered(made)
    reports = run(made, 80)
    means = [np.mean([r["classifier_loss"].item() for r in part if "classifier_loss" in r])
             for part in (reports[:10], reports[-10:])]  # fmt: skip
    assert means[1] < 0.5 * means[0]
    assert wrongly_ordered(made) < 0.6 * at_first
    synthetic = [i for i, report in enumerate(reports) if "synthetic_loss" in report]
    if options.get("makes") == ():
        assert changed(made.modules, before) == {"encoder", "classifier"}
        assert not synthetic
        assert made.curriculum.threshold is None
    else:
        assert changed(made.modules, before) == set(made.modules)
        assert synthetic == list(range(16, 80))  # after the warm-up
        assert all(math.isfinite(value.item()) for report in reports for value in report.values())
        assert made.curriculum.strength == pytest.approx(2.0 * (79 / 80 - 0.2) / 0.8)


@pytest.mark.parametrize("kind", ["linear", "cgan"])
def test_every_step_with_made_negatives_is_judged(kind):
    made, judged = toy(kind), []
    made.curriculum.judge = lambda met, kept: judged.append([value.item() for value in (met, kept)])
    run(made, 20)
    met, kept = np.array(judged).T
    assert len(met) == 16  # after the warm-up
    assert ((met >= 0) & (met <= 1) & (kept >= 0) & (kept <= 1)).all()
    assert (kept < 1).any() == (kind == "cgan")  # without a network nothing loses its class


def test_the_phases_of_the_gan_train_one_network_after_the_other():
    for progress, expected in [(0.05, {"encoder", "classifier"}), (0.15, {"positives"}), (0.5, None)]:
        made = toy("cgan")
        before = weights_of(made.modules)
        report = made.step(next(made.batches), progress)
        assert changed(made.modules, before) == (expected or set(made.modules))
        assert ("discriminator_loss" in report) == (expected is None)


@pytest.mark.parametrize("weights", [{"synthetic": 0.0}, {"synthetic": 0.5}], ids=str)
def test_made_triplets_move_the_encoder_by_their_weight(weights):
    both = [toy(mining="hard", **weights), toy(mining="hard", makes=(), **weights)]  # hard mining draws nothing
    for made in both:
        run(made, 20)
    same = [torch.equal(*pair) for pair in zip(*(made.modules["encoder"].parameters() for made in both))]
    assert all(same) == (weights["synthetic"] == 0)


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_the_loss_of_the_encoder_is_the_weighted_mean_of_real_and_made_triplets(weight, monkeypatch):
    losses, descend = {}, triplets.descend

    def watched(optimizer, loss):
        losses[optimizer] = loss.item()
        descend(optimizer, loss)

    monkeypatch.setattr(triplets, "descend", watched)
    made = toy(synthetic=weight)
    for report in run(made, 20)[-10:]:
        expected = (1 - weight) * report["triplet_loss"].item() + weight * report["synthetic_loss"].item()
    assert losses[made.optimizers["encoder"]] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", sorted(set(triplets.WEIGHTS) - {"synthetic"}))
@pytest.mark.slow
def test_every_weight_of_the_gan_lowers_its_own_loss(name):
    ends = []
    for weight in (0.0, 10.0):
        made = toy("cgan", warm_up=0.0, **{name: weight})
        made.curriculum.begin(torch.zeros(2, 2), torch.tensor([0, 1]))
        made.curriculum.threshold.value = 1.0  # asks for nearer negatives than there are
        ends.append(np.mean([report[f"{name}_loss"].item() for report in run(made, 40)[-10:]]))
    assert ends[1] < ends[0] - 0.1 * abs(ends[0])
