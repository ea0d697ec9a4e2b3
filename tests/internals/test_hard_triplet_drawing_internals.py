"""The rows that HardTripletSampler draws: on which lines candidates lie, and what the filter lets pass."""

import numpy as np
import pytest
from _hard_triplet_data import blobs

from skgan_resample._hard_triplet._candidates import KINDS, POSITIVE, CandidateFilter, Drawing, Table, _candidates


# ------------------------------------------------------------------------------------------------ candidates
def table_of(X, y):
    """A table whose codes, encoded rows and embeddings are all `X`."""
    X = np.asarray(X, dtype=float)
    return Table(X, X, np.asarray(y), X)


def drawing_of(table, **options):
    defaults = {"strength": 1.0, "threshold": -0.5, "k_neighbors": 3, "share_variation": 0.0}
    nominal = np.zeros(table.codes.shape[1], dtype=bool)
    return Drawing(table, nominal, **{**defaults, **options})


def breakpoints_of(table, label, k):
    """The median and the 90 % quantile of the distances to the k nearest rows of the class, by plain loops."""
    rows = table.places[table.labels == label]
    return np.quantile([np.sort(np.linalg.norm(rows - row, axis=1))[1 : k + 1] for row in rows], [0.5, 0.9])


def stretched(distance, low, high, strength):
    high = max(high, (1 + strength) * low)
    if distance <= low:
        return (1 + strength) * distance
    return distance + strength * low * (high - distance) / (high - low) if distance < high else distance


def test_positives_use_the_whole_stretched_line_and_not_more():
    table = table_of(*blobs((30, 15), apart=1.0))
    found = drawing_of(table).positives(1, 3000, np.random.RandomState(0))
    others = table.places[table.labels == 0]
    low, high = breakpoints_of(table, 1, 3)
    ends = []
    for seed, partner in zip(found.seed, found.partner):
        apart = np.linalg.norm(table.places[seed] - table.places[partner])
        grown = (stretched(apart, low, high, 1.0) - apart) / 2
        room = [np.linalg.norm(others - table.places[row], axis=1).min() for row in (seed, partner)]
        ends.append(np.minimum(grown, np.array(room) / 2) / apart)
    before, after = np.array(ends).T
    assert (found.position >= -before - 1e-9).all()
    assert (found.position <= 1 + after + 1e-9).all()
    share = (found.position + before) / (1 + before + after)  # uniform, if the line is drawn from evenly
    assert np.allclose(np.quantile(share, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.03)
    assert np.ptp(np.bincount(found.seed)[30:]) <= 1  # every row as often as every other


def test_negatives_are_pulled_as_far_as_the_threshold_asks_and_half_way_at_most():
    table = table_of(*blobs((30, 15), apart=3.0))
    found = drawing_of(table, threshold=-1.0).negatives(1, 3000, np.random.RandomState(0))
    assert np.allclose(found.codes, table.codes[found.seed] * (1 - found.position[:, None])
                       + table.codes[found.partner] * found.position[:, None])  # fmt: skip
    breakpoints, own = breakpoints_of(table, 0, 3), table.places[30:]
    most = []
    for seed, anchor, positive in zip(*(table.places[rows] for rows in (found.seed, found.partner, found.positive))):
        apart = np.linalg.norm(positive - anchor)
        grown = (stretched(apart, *breakpoints, 1.0) - apart) / 2
        room = [np.linalg.norm(own - end, axis=1).min() for end in (anchor, positive)]
        before, after = np.minimum(grown, np.array(room) / 2) / apart
        place = anchor - before * (positive - anchor)
        pull = 1 - ((1 + before + after) * apart + 1.0) / np.linalg.norm(seed - place)
        most.append(min(pull, 0.5) if pull > 0 else 0.5)
    share = found.position / most
    assert (share <= 1 + 1e-9).all()
    assert np.allclose(np.quantile(share, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.03)
    assert len(np.unique(most)) > 2  # both rules were met
    for seed, anchor in zip(found.seed[:100], found.partner[:100]):
        apart = np.linalg.norm(table.places[:30] - table.places[seed], axis=1)
        assert anchor in np.argsort(apart)[:5]
    assert (table.labels[found.positive] == 0).all()


@pytest.mark.parametrize("sizes", [(30, 15), (30, 1), (30, 12, 2)], ids=str)
def test_borrowed_directions_are_differences_of_near_rows_of_one_other_class(sizes):
    table = table_of(*blobs(sizes))
    label = len(sizes) - 1
    found = drawing_of(table, share_variation=1.0).positives(label, 400, np.random.RandomState(0))
    first, second = found.donor.T
    assert np.allclose(found.codes, table.codes[found.seed]
                       + found.position[:, None] * (table.codes[second] - table.codes[first]))  # fmt: skip
    assert np.array_equal(found.partner, found.seed)
    assert (table.labels[found.seed] == label).all()
    assert (table.labels[first] == table.labels[second]).all()
    assert (table.labels[first] != label).all()
    assert (first != second).all()
    assert set(table.labels[first]) == set(range(label))


def test_borrowed_lines_go_at_most_half_way_to_another_class():
    table = table_of(*blobs((30, 8), apart=1.0))
    found = drawing_of(table, share_variation=1.0).positives(1, 500, np.random.RandomState(0))
    first, second = (table.places[rows] for rows in found.donor.T)
    moved = np.abs(found.position) * np.linalg.norm(second - first, axis=1)
    room = np.array([np.linalg.norm(table.places[:30] - table.places[seed], axis=1).min() for seed in found.seed])
    assert (moved <= room / 2 + 1e-9).all()


@pytest.mark.parametrize(("n_rows", "low", "high"), [(1, 1, 1), (9, 0.4, 0.6), (10, 0, 0)])
def test_small_classes_borrow_half_of_their_directions(n_rows, low, high):
    found = drawing_of(table_of(*blobs((30, n_rows))), share_variation="auto").positives(
        1, 600, np.random.RandomState(0)
    )
    assert low <= (found.donor[:, 0] >= 0).mean() <= high
    assert np.array_equal(found.donor[:, 0] >= 0, found.partner == found.seed)


def test_levels_are_never_borrowed_and_gaps_of_donors_do_no_harm():
    X, y = blobs((30, 5))
    X[:, 3] = np.arange(35) % 2
    X[:10, 1] = X[31, 0] = np.nan
    table = table_of(X, y)._replace(encoded=np.nan_to_num(X), places=np.nan_to_num(X))
    drawing = Drawing(table, np.array([False, False, False, True]), strength=1.0, threshold=0.0, k_neighbors=3,
                      share_variation=1.0)  # fmt: skip
    found = drawing.positives(1, 300, np.random.RandomState(0))
    assert np.array_equal(found.codes[:, 3], X[found.seed, 3])
    assert np.array_equal(np.isnan(found.codes), np.isnan(X[found.seed]))


def test_plain_rows_are_those_of_smote():
    table = table_of(*blobs((30, 15)))
    found = drawing_of(table).plain(1, 300, np.random.RandomState(0))
    assert np.allclose(found.codes, table.codes[found.seed] * (1 - found.position[:, None])
                       + table.codes[found.partner] * found.position[:, None])  # fmt: skip
    assert (table.labels[found.partner] == 1).all()
    assert ((found.position >= 0) & (found.position <= 1)).all()
    assert {KINDS[kind] for kind in found.kind} == {"fallback"}


# ------------------------------------------------------------------------------------------------ the filter
LINE = [[0.0, 0], [1, 0], [2, 0], [3, 0], [4, 0]]  # class 1: a step apart, so that new rows may lie 1.5 away


CROWD = [[5.0, 1], [5.1, 1], [4.9, 1], [5, 1.1], [5, 0.9]]  # class 0


def passes(rows, seeds, *, own=LINE, others=CROWD, probabilities=None, **parts):
    table = table_of([*others, *own], [0] * len(others) + [1] * len(own))
    parts = {"by_neighbors": True, "by_classifier": False, "refuse_copies": True, **parts}
    rows = np.asarray(rows, dtype=float)
    seeds = len(others) + np.asarray(seeds)
    candidates = _candidates(rows, POSITIVE, seeds, seeds, np.zeros(len(rows)))
    return CandidateFilter(table, 1, **parts).passes(candidates, rows, probabilities).tolist()


def test_a_new_row_lies_near_a_real_one_of_its_class():
    assert passes([[2.5, 0], [2, 1.49], [2, 1.51], [-1.6, 0]], [2, 2, 2, 0]) == [True, True, False, False]


def test_a_new_row_is_no_copy_unless_rows_repeat_anyway():
    assert passes([[2, 0], [2.001, 0]], [2, 2]) == [False, True]
    assert passes([[2, 0], [2.001, 0]], [2, 2], refuse_copies=False) == [True, True]


def test_a_new_row_is_not_among_foreign_rows_alone_unless_its_seed_is():
    assert passes([[5, 1.01]], [4]) == [False]
    own = [*LINE, [5.0, 3.0]]
    ring = [[4.8, 3.0], [5.2, 3.0], [5.0, 3.2], [5.0, 2.8], [4.9, 3.1]]
    crowd = [*ring, [5.6, 3.0], [5.6, 3.1], [5.7, 3.0], [5.7, 3.1]]
    row = [5.65, 3.05]  # five of the crowd are nearer than any row of its class
    assert passes([row, row], [5, 4], own=own, others=crowd) == [True, False]


@pytest.mark.parametrize(("n_classes", "expected"), [(2, [True, True, False]), (4, [True, True, True])])
def test_its_class_must_be_likelier_than_guessing(n_classes, expected):
    mine = np.array([0.6, 0.5, 0.4])
    probabilities = np.column_stack([1 - mine, mine, *np.zeros((n_classes - 2, 3))])
    rows = [[2.5, 0]] * 3
    assert passes(rows, [2] * 3, probabilities=probabilities, by_classifier=True) == expected
    assert passes(rows, [2] * 3, probabilities=probabilities, by_classifier=False) == [True] * 3
    far = [[90.0, 0]] * 3
    assert passes(far, [2] * 3, probabilities=probabilities, by_classifier=True, by_neighbors=False) == expected


def test_a_class_of_one_row_may_spread_as_far_as_it_likes():
    assert passes([[-30.0, 0], [0, 0]], [0, 0], own=[[0.0, 0]]) == [True, False]


@pytest.mark.parametrize("n_columns", [3, 20])
def test_copies_are_seen_in_tables_of_any_width(n_columns):
    X, y = blobs((200, 200), n_columns)
    table, own = table_of(X, y), np.flatnonzero(y == 1)
    candidate_filter = CandidateFilter(table, 1, by_neighbors=True, by_classifier=False, refuse_copies=True)
    assert not candidate_filter.passes(_candidates(X[own], POSITIVE, own, own, np.zeros(len(own))), X[own], None).any()
