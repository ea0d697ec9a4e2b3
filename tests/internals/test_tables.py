"""Tables of every library and of every kind of column are read by one encoder and come back as they were."""

import copy
import datetime
import decimal
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from polars.testing import assert_frame_equal as assert_polars_equal
from scipy import sparse

from skgan_resample._tables._columns import columns_named
from skgan_resample._tables._containers import append_rows, reader_of
from skgan_resample._tables._encoder import TableEncoder
from skgan_resample._tables._targets import read_classes, read_target
from skgan_resample.exceptions import ResamplingWarning

quick = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

TOWNS = np.array(["Bath", "York", "Ely", "Wells", "Ripon"], dtype=object)
DAYS = np.datetime64("2021-03-27T00:00", "s")  # around the change to summer time
SMALL = np.array([1, 2, 3, 5, 8])


# ------------------------------------------------------------------------------------------------ columns of one kind
def with_gaps(values, rng, share=0.3):
    """Return the values as a list with None in some places, but never everywhere."""
    gone = rng.uniform(size=len(values)) < share
    gone[rng.randint(len(values))] = False
    return [None if missing else value for value, missing in zip(list(values), gone)]


def instants(n, rng, unit="us"):
    return (DAYS + rng.randint(0, 2000, size=n) * np.timedelta64(1800, "s")).astype(f"datetime64[{unit}]")


PLAIN = {  # for every library, and without missing cells
    "float": lambda n, rng: rng.normal(size=n),
    "huge": lambda n, rng: rng.normal(size=n) * 1e8,
    "tiny": lambda n, rng: rng.normal(size=n) * 1e-20,
    "float32": lambda n, rng: rng.normal(size=n).astype(np.float32),
    "price": lambda n, rng: np.round(rng.uniform(-5, 900, size=n), 2),
    "rain": lambda n, rng: np.where(rng.uniform(size=n) < 0.5, 0.0, rng.gamma(2, size=n)),
    "whole": lambda n, rng: np.round(rng.uniform(-5, 900, size=n)),
    "int": lambda n, rng: rng.randint(-1000, 1000, size=n),
    "int8": lambda n, rng: rng.randint(-128, 128, size=n).astype(np.int8),
    "scale": lambda n, rng: SMALL[rng.randint(5, size=n)],
    "uint64": lambda n, rng: rng.randint(0, 2**50, size=n).astype(np.uint64),
    "constant": lambda n, rng: np.full(n, 3.25),
    "bool": lambda n, rng: rng.uniform(size=n) < 0.4,
    "true": lambda n, rng: np.full(n, True),
    "text": lambda n, rng: TOWNS[rng.randint(5, size=n)],
    "one_text": lambda n, rng: np.full(n, "x", dtype=object),
}


def gappy(kind):
    return lambda n, rng: with_gaps(PLAIN[kind](n, rng).tolist(), rng)


PANDAS = {
    **{kind: lambda n, rng, make=make: pd.Series(make(n, rng)) for kind, make in PLAIN.items()},
    "float_nan": lambda n, rng: pd.Series(with_gaps(rng.normal(size=n), rng), dtype=float),
    "text_none": lambda n, rng: pd.Series(gappy("text")(n, rng)),
    "object": lambda n, rng: pd.Series(gappy("text")(n, rng), dtype=object),
    "object_numbers": lambda n, rng: pd.Series(rng.randint(0, 99, size=n).tolist(), dtype=object),
    "object_mixed": lambda n, rng: pd.Series(
        np.array([1, "one", 2.5, None, (1, 2), True], dtype=object)[rng.randint(6, size=n)], dtype=object
    ),
    "nothing": lambda n, rng: pd.Series([np.nan] * n),
    "nothing_object": lambda n, rng: pd.Series([None] * n, dtype=object),
    "category": lambda n, rng: pd.Series(
        pd.Categorical(gappy("text")(n, rng), categories=["Atlantis", *TOWNS[::-1]], ordered=bool(rng.randint(2)))
    ),
    "category_int": lambda n, rng: pd.Series(pd.Categorical(SMALL[rng.randint(5, size=n)])),
    "datetime_ns": lambda n, rng: pd.Series(instants(n, rng, "ns")),
    "datetime_nat": lambda n, rng: pd.Series(with_gaps(instants(n, rng), rng), dtype="datetime64[us]"),
    "datetime_tz": lambda n, rng: pd.Series(instants(n, rng, "ns")).dt.tz_localize("UTC").dt.tz_convert("Europe/Rome"),
    "no_datetime": lambda n, rng: pd.Series([pd.NaT] * n, dtype="datetime64[ns]"),
    "timedelta": lambda n, rng: pd.Series(instants(n, rng, "ns") - DAYS),
    "period": lambda n, rng: pd.Series(pd.PeriodIndex.from_ordinals(rng.randint(0, 50, size=n), freq="M")),
    "Int64": lambda n, rng: pd.Series(gappy("int")(n, rng), dtype="Int64"),
    "Float64": lambda n, rng: pd.Series(gappy("float")(n, rng), dtype="Float64"),
    "boolean": lambda n, rng: pd.Series(gappy("bool")(n, rng), dtype="boolean"),
    "string": lambda n, rng: pd.Series(gappy("text")(n, rng), dtype="string"),
    "arrow_int": lambda n, rng: pd.Series(gappy("int")(n, rng), dtype="int32[pyarrow]"),
    "arrow_float": lambda n, rng: pd.Series(gappy("float")(n, rng), dtype="double[pyarrow]"),
    "arrow_bool": lambda n, rng: pd.Series(gappy("bool")(n, rng), dtype="bool[pyarrow]"),
    "arrow_text": lambda n, rng: pd.Series(gappy("text")(n, rng), dtype=pd.ArrowDtype(pa.string())),
    "arrow_time": lambda n, rng: pd.Series(instants(n, rng), dtype=pd.ArrowDtype(pa.timestamp("us"))),
    "arrow_time_tz": lambda n, rng: pd.Series(
        pd.Series(instants(n, rng)).dt.tz_localize("UTC"), dtype=pd.ArrowDtype(pa.timestamp("us", "Europe/Rome"))
    ),
}


def polars_with_gaps(kind, dtype=None):
    return lambda n, rng: pl.Series(gappy(kind)(n, rng), dtype=dtype)


POLARS = {
    **{kind: lambda n, rng, make=make: pl.Series(make(n, rng).tolist()) for kind, make in PLAIN.items()},
    "uint64": lambda n, rng: pl.Series(PLAIN["uint64"](n, rng)),
    "float32": lambda n, rng: pl.Series(PLAIN["float32"](n, rng)),
    "int8": lambda n, rng: pl.Series(PLAIN["int8"](n, rng)),
    "float_nan": lambda n, rng: pl.Series(np.where(rng.uniform(size=n) < 0.3, np.nan, rng.normal(size=n))),
    "float_null": polars_with_gaps("float"),
    "int_null": polars_with_gaps("int"),
    "bool_null": polars_with_gaps("bool"),
    "text_null": polars_with_gaps("text"),
    "category": polars_with_gaps("text", pl.Categorical),
    "enum": polars_with_gaps("text", pl.Enum(["Atlantis", *TOWNS])),
    "decimal": lambda n, rng: pl.Series([decimal.Decimal(int(v)) / 100 for v in rng.randint(0, 999, size=n)]).cast(
        pl.Decimal(10, 2)
    ),
    "datetime": lambda n, rng: pl.Series(instants(n, rng)),
    "datetime_null": lambda n, rng: pl.Series(with_gaps(instants(n, rng).tolist(), rng)),
    "datetime_tz": lambda n, rng: (
        pl.Series(instants(n, rng)).dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo")
    ),
    "date": lambda n, rng: pl.Series(with_gaps([datetime.date(2020, 1, int(d)) for d in rng.randint(1, 30, n)], rng)),
    "duration": lambda n, rng: pl.Series(instants(n, rng) - DAYS),
    "time": lambda n, rng: pl.Series([datetime.time(int(h), 30) for h in rng.randint(0, 24, n)]),
    "nothing": lambda n, rng: pl.Series([None] * n),
    "no_int": lambda n, rng: pl.Series([None] * n, dtype=pl.Int32),
}

ARROW = {
    **{kind: lambda n, rng, make=make: pa.array(make(n, rng)) for kind, make in PLAIN.items()},
    "float_null": lambda n, rng: pa.array(gappy("float")(n, rng)),
    "int_null": lambda n, rng: pa.array(gappy("int")(n, rng), type=pa.int16()),
    "bool_null": lambda n, rng: pa.array(gappy("bool")(n, rng)),
    "text_null": lambda n, rng: pa.array(gappy("text")(n, rng), type=pa.large_string()),
    "dictionary": lambda n, rng: pa.array(gappy("text")(n, rng)).dictionary_encode(),
    "decimal": lambda n, rng: pa.array(
        [decimal.Decimal(int(v)) / 4 for v in rng.randint(0, 99, size=n)], pa.decimal128(8, 2)
    ),
    "datetime": lambda n, rng: pa.array(instants(n, rng), type=pa.timestamp("ms")),
    "datetime_tz": lambda n, rng: pa.array(instants(n, rng), type=pa.timestamp("us", "Europe/Rome")),
    "date": lambda n, rng: pa.array(with_gaps([datetime.date(2020, 1, int(d)) for d in rng.randint(1, 30, n)], rng)),
    "duration": lambda n, rng: pa.array(instants(n, rng) - DAYS, type=pa.duration("s")),
    "nothing": lambda n, rng: pa.nulls(n),
}
KINDS = {"pandas": PANDAS, "polars": POLARS, "pyarrow": ARROW}


def build(library, kinds, n, seed, index="range"):
    """Return a table of `library` with one column of each kind."""
    rng = np.random.RandomState(seed)
    columns = {f"{j}_{kind}": KINDS[library][kind](n, rng) for j, kind in enumerate(kinds)}
    if library == "polars":
        return pl.DataFrame(columns)
    if library == "pyarrow":
        return pa.table(columns)
    frame = pd.DataFrame(columns)
    indices = {
        "range": frame.index,
        "text": [f"row {i}" for i in range(n)],
        "double": np.arange(n) // 2,
        "dates": pd.date_range("2020-01-01", periods=n),
        "pairs": pd.MultiIndex.from_arrays([np.arange(n) // 3, np.arange(n) % 3]),
    }
    return frame.set_axis(pd.Index(indices[index]))


@st.composite
def frames(draw, min_rows=1):
    library = draw(st.sampled_from(sorted(KINDS)))
    kinds = draw(st.lists(st.sampled_from(sorted(KINDS[library])), min_size=1, max_size=6))
    index = draw(st.sampled_from(["range", "text", "double", "dates", "pairs"]))
    n = draw(st.integers(min_rows, 60))
    return build(library, kinds, n, draw(st.integers(0, 2**16)), index)


@st.composite
def arrays(draw, min_rows=1):
    """Arrays of numbers, of objects, of booleans, and lists of rows."""
    n, seed = draw(st.integers(min_rows, 60)), draw(st.integers(0, 2**16))
    rng, form = (
        np.random.RandomState(seed),
        draw(st.sampled_from(["float", "float32", "int", "bool", "object", "list"])),
    )
    if form == "bool":
        return rng.uniform(size=(n, 3)) < 0.4
    if form in ("float", "float32", "int"):
        kinds = ["float", "price", "rain", "scale", "constant"] if form != "int" else ["int", "scale", "int8"]
        table = np.column_stack([PLAIN[kind](n, rng) for kind in draw(st.lists(st.sampled_from(kinds), min_size=1))])
        table = table.astype({"float": float, "float32": np.float32, "int": np.int16}[form])
        if form == "float" and draw(st.booleans()):
            table[rng.uniform(size=table.shape) < 0.3] = np.nan
        return table
    kinds = draw(st.lists(st.sampled_from(["float", "price", "int", "bool", "text"]), min_size=1, max_size=5))
    columns = [with_gaps(PLAIN[kind](n, rng).tolist(), rng, 0.3 * draw(st.booleans())) for kind in kinds]
    rows = [list(row) for row in zip(*columns)]
    if form == "list":
        return rows
    table = np.empty((n, len(kinds)), dtype=object)
    table[:] = rows
    return table


TABLES = st.one_of(frames(), frames(), arrays())


def plain_rows(table):
    """Return the cells of any table as lists of Python objects, a missing cell as None."""
    if isinstance(table, pd.DataFrame):
        rows = table.astype(object).to_numpy().tolist()
    elif isinstance(table, pl.DataFrame):
        rows = [list(row) for row in table.rows()]
    elif isinstance(table, pa.Table):
        rows = [list(row.values()) for row in table.to_pylist()]
    else:
        rows = np.asarray(table, dtype=object).tolist() if isinstance(table, list) else table.tolist()
    return [[None if cell is pd.NaT or cell is pd.NA or cell != cell else cell for cell in row] for row in rows]


def assert_same_table(new, old):
    assert type(new) is type(old)
    if isinstance(old, pd.DataFrame):
        assert_frame_equal(new, old.reset_index(drop=True), check_exact=True)
        assert isinstance(new.index, pd.RangeIndex)
    elif isinstance(old, pl.DataFrame):
        assert_polars_equal(new, old, check_exact=True)
    elif isinstance(old, pa.Table):
        assert new.schema.equals(old.schema), f"{new.schema}\n{old.schema}"
        assert plain_rows(new) == plain_rows(old)
    elif isinstance(old, list):
        assert plain_rows(new) == plain_rows(old)
        if any(isinstance(cell, str) for cell in old[0]):  # a list of numbers alone is read as one array of floats
            assert [[type(cell) for cell in row] for row in plain_rows(new)] == [
                [type(cell) for cell in row] for row in plain_rows(old)
            ]
    else:
        assert new.dtype == old.dtype
        assert plain_rows(new) == plain_rows(old)


# ----------------------------------------------------------------------------------------------------- there and back
@quick
@given(TABLES)
def test_codes_come_back_as_the_same_table(table):
    before = copy.deepcopy(table)
    encoder = TableEncoder()
    codes = encoder.fit_to_codes(table)
    assert codes.dtype == float
    assert_same_table(encoder.from_codes(codes), table)
    assert_same_table(encoder.from_codes(encoder.snap(codes)), table)
    np.testing.assert_array_equal(encoder.to_codes(table), codes)
    assert_same_table(append_rows(table, np.arange(len(codes)), None), table)
    if isinstance(table, pd.DataFrame):
        assert_frame_equal(table, before)
    else:
        assert_same_table(table, before)


@pytest.mark.parametrize(("library", "kind"), [(library, kind) for library, kinds in KINDS.items() for kind in kinds])
def test_every_kind_of_column_comes_back(library, kind):
    for seed in range(3):
        table = build(library, [kind, "float"], [1, 7, 40][seed], seed)
        encoder = TableEncoder()
        codes = encoder.fit_to_codes(table)
        assert_same_table(encoder.from_codes(encoder.snap(codes)), table)
        doubled = append_rows(table, np.arange(len(codes)), encoder.from_codes(codes))
        assert plain_rows(doubled) == 2 * plain_rows(table)
        assert_same_table(append_rows(doubled, np.arange(len(codes)), None), table)


# ------------------------------------------------------------------------------------------------- encoded and decoded
def assert_close(codes, wanted, encoder, precision=1e-9):
    """Compare codes; what is continuous up to a share of its largest value."""
    for j, column in enumerate(encoder.columns_):
        exact = column.decimals is not None or column.grid is not None or column.is_nominal
        reach = 0 if exact else precision * max(abs(column.high), abs(column.low))
        np.testing.assert_allclose(codes[:, j], wanted[:, j], rtol=0, atol=reach, err_msg=repr(column))


@quick
@given(TABLES, st.sampled_from(["std", "iqr", "range"]))
def test_decode_undoes_encode(table, scale):
    encoder = TableEncoder(scale=scale)
    codes = encoder.fit_to_codes(table)
    encoded = encoder.encode(table)
    assert encoded.shape == (len(codes), encoder.width_)
    assert np.isfinite(encoded).all()
    assert_close(encoder.to_codes(encoder.decode(encoded)), codes, encoder)
    drawn = encoder.decode(encoded, np.random.RandomState(0))  # a head that is one-hot leaves no choice
    assert_close(encoder.to_codes(drawn), codes, encoder)


@quick
@given(TABLES)
def test_slices_tile_the_encoded_matrix_and_mean_what_they_say(table):
    encoder = TableEncoder()
    codes = encoder.fit_to_codes(table)
    encoded = encoder.encode_codes(codes)
    position = 0
    for j, column in enumerate(encoder.columns_):
        assert column.encoded.start == position
        position = column.encoded.stop
        block, missing = encoded[:, column.encoded], np.isnan(codes[:, j])
        assert column.has_missing == missing.any()
        width = column.n_categories if column.is_nominal else int(column.kind != "constant")
        assert block.shape[1] == width + column.has_missing
        if column.has_missing:
            np.testing.assert_array_equal(block[:, -1], missing)
        if column.is_nominal:
            np.testing.assert_array_equal(block.sum(axis=1), 1)
        elif width and not missing.all():
            assert abs(block[~missing, 0].mean()) < 1e-9
            assert block[~missing, 0].std() == pytest.approx(1)
            assert (block[missing, 0] == 0).all()
    assert position == encoder.width_


def test_scales_are_those_of_scikit_learn():
    from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

    X = np.random.RandomState(0).gamma(2, size=(50, 3))
    for scale, scaler in {"std": StandardScaler(), "iqr": RobustScaler(), "range": MinMaxScaler()}.items():
        np.testing.assert_allclose(TableEncoder(scale=scale).fit(X).encode(X), scaler.fit_transform(X), atol=1e-12)


# ------------------------------------------------------------------------------------------------------------ snapping
@quick
@given(TABLES, st.integers(0, 2**16), st.sampled_from([1e-9, 0.3, 1.0, 50.0]))
def test_snap_brings_any_codes_to_valid_values(table, seed, size):
    rng, encoder = np.random.RandomState(seed), TableEncoder()
    codes = encoder.fit_to_codes(table)
    moved = codes + size * rng.standard_normal(codes.shape) * (1 + np.abs(codes))
    moved[rng.uniform(size=moved.shape) < 0.05] *= 1e6
    before = moved.copy()
    snapped = encoder.snap(moved)
    np.testing.assert_array_equal(moved, before)
    np.testing.assert_array_equal(encoder.snap(snapped), snapped)
    np.testing.assert_array_equal(encoder.snap(codes), codes)
    np.testing.assert_array_equal(np.isnan(snapped), np.isnan(moved))
    for j, column in enumerate(encoder.columns_):
        new, old = snapped[:, j], codes[:, j]
        seen, new = old[~np.isnan(old)], new[~np.isnan(new)]
        if not len(seen):
            continue
        assert new.min() >= seen.min()
        assert new.max() <= seen.max()
        if column.is_nominal or column.kind in ("boolean", "categorical", "constant"):
            assert set(new) <= set(seen)
        if column.decimals is not None:
            stored = np.float32 if (seen == seen.astype(np.float32)).all() else float  # a float32 holds 0.1 as it can
            assert (np.round(new, column.decimals).astype(stored) == new).all()
        if column.kind == "integer":
            assert (new % 1 == 0).all()
        if column.grid is not None:
            assert set(new) <= set(column.grid) == set(seen)
            distance = np.abs(before[~np.isnan(old), j][:, None] - column.grid).min(axis=1)
            np.testing.assert_allclose(np.abs(new - before[~np.isnan(old), j]), distance)
    rows = plain_rows(encoder.from_codes(snapped))
    assert_close(encoder.to_codes(encoder.from_codes(snapped)), snapped, encoder, precision=1e-6)  # float32 rounds
    observed = plain_rows(table)
    for j, column in enumerate(encoder.columns_):
        if column.is_nominal:
            assert {repr(row[j]) for row in rows} <= {repr(row[j]) for row in observed}


@pytest.mark.parametrize(
    ("values", "kind", "decimals", "grid"),
    [
        ([0.5, 1.25, 3.0], "float", 2, None),
        ([0.1 + 0.2, 1 / 3, 3.0], "float", None, None),
        ([1.0, 2.0, 7.0], "integer", 0, None),
        ([1.5] * 10 + [2.5] * 10, "float", 1, [1.5, 2.5]),
        ([1.5] * 10 + [2.5] * 9, "float", 1, None),
        ([1e-7, 2e-7], "float", None, None),
        ([4.0, np.nan], "constant", None, None),
        ([np.nan, np.nan], "constant", None, None),
    ],
)
def test_numeric_columns_are_described_as_worked_out_by_hand(values, kind, decimals, grid):
    (column,) = TableEncoder().fit(np.array(values)[:, None]).columns_
    assert (column.kind, column.decimals) == (kind, decimals)
    assert (column.grid is None) == (grid is None)
    assert grid is None or column.grid.tolist() == grid


@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame, pl.from_pandas, pa.Table.from_pandas])
def test_single_precision_keeps_its_decimals(container):
    rng = np.random.RandomState(0)
    prices = np.round(rng.uniform(0, 50, size=500), 2)  # 0.1 is 0.10000000149 in float32
    X = np.column_stack([prices, rng.normal(size=500)]).astype(np.float32)
    if container is not np.asarray:
        X = pd.DataFrame(X, columns=["price", "measured"])
    table = container(X)
    encoder = TableEncoder().fit(table)
    assert [column.decimals for column in encoder.columns_] == [2, None]
    codes = encoder.to_codes(table)
    np.testing.assert_array_equal(encoder.snap(codes), codes)
    new = encoder.from_codes(encoder.snap(codes + 0.003 * rng.normal(size=codes.shape)))
    new = np.asarray(new if container is not pa.Table.from_pandas else new.to_pandas())
    assert new.dtype == np.float32
    assert [f"{value:.2f}" for value in new[:, 0]] == [
        str(np.format_float_positional(v, min_digits=2)) for v in new[:, 0]
    ]
    assert not np.array_equal(new[:, 1], np.asarray(X)[:, 1])


def test_a_value_that_holds_a_twentieth_is_a_mass_point():
    rng = np.random.RandomState(0)
    for n_zeros, expected in ((5, [0.0]), (4, [])):
        values = np.r_[np.zeros(n_zeros), rng.normal(size=100 - n_zeros)]
        (column,) = TableEncoder().fit(rng.permutation(values)[:, None]).columns_
        assert column.mass_points.tolist() == expected


# ------------------------------------------------------------------------------------------------------------- drawing
def test_drawn_levels_occur_with_the_probabilities_of_the_head():
    frame = pd.DataFrame(
        {"town": pd.Categorical(["Bath", "Ely", "York"], categories=["Atlantis", "Bath", "Ely", "York"])}
    )
    encoder = TableEncoder().fit(frame)
    head = np.tile([0.5, -3.0, 0.25], (4000, 1))
    towns = encoder.decode(head, np.random.RandomState(0))["town"]
    assert set(towns) == {"Bath", "York"}
    assert (towns == "Bath").mean() == pytest.approx(2 / 3, abs=0.03)
    assert set(encoder.decode(head)["town"]) == {"Bath"}
    nothing = encoder.decode(np.zeros((4000, 3)), np.random.RandomState(0))["town"]
    assert nothing.value_counts(normalize=True)[["Bath", "Ely", "York"]].to_numpy() == pytest.approx(1 / 3, abs=0.03)


@quick
@given(TABLES, st.integers(0, 2**16))
def test_decoding_noise_never_yields_an_unseen_level(table, seed):
    rng, encoder = np.random.RandomState(seed), TableEncoder().fit(table)
    observed = plain_rows(table)
    for generator in (None, rng):
        rows = plain_rows(encoder.decode(rng.standard_normal((30, encoder.width_)), generator))
        for j, column in enumerate(encoder.columns_):
            if column.is_nominal:
                assert {repr(row[j]) for row in rows} <= {repr(row[j]) for row in observed}
            if not column.has_missing:
                assert all(row[j] is not None for row in rows)


# ------------------------------------------------------------------------------------------------- states and strangers
@quick
@given(TABLES)
def test_a_pickled_encoder_works_alike(table):
    encoder = TableEncoder().fit(table)
    loaded = pickle.loads(pickle.dumps(encoder))
    np.testing.assert_array_equal(loaded.encode(table), encoder.encode(table))
    assert_same_table(loaded.decode(encoder.encode(table)), encoder.decode(encoder.encode(table)))


def test_an_unseen_level_counts_as_missing():
    old = pd.DataFrame({"town": ["Bath", None, "Ely"], "garden": pd.array([True, None, False], dtype="boolean")})
    new = pd.DataFrame({"town": ["Paris", "Ely"], "garden": pd.array([None, True], dtype="boolean")})
    encoder = TableEncoder().fit(old)
    assert np.isnan(encoder.to_codes(new)).tolist() == [[True, True], [False, False]]
    assert encoder.encode(new).tolist() == [[0, 0, 1, 0, 0, 1], [0, 1, 0, 0, 1, 0]]
    assert encoder.decode(encoder.encode(new))["town"].isna().tolist() == [True, False]
    gapless = TableEncoder().fit(old.dropna())
    with pytest.warns(ResamplingWarning, match="Missing cells in 'garden', where fit saw none"):  # 'town' is unseen
        assert gapless.encode(new).tolist() == [[0, 0, 0, 0], [0, 1, 0, 1]]
    with pytest.raises(ValueError, match="'town' cannot hold a missing cell"):
        gapless.from_codes(gapless.to_codes(new, warn_missing=False))


@pytest.mark.parametrize("container", ["array", "object", "list", "pandas", "polars", "pyarrow"])
def test_numeric_columns_named_as_categorical_keep_their_values(container):
    X = np.array([[10, 3], [20, 3], [10, 5], [40, 8]])
    table, names = {
        "array": (X, [0]),
        "object": (X.astype(object), [True, False]),
        "list": (X.tolist(), [-2]),
        "pandas": (pd.DataFrame(X, columns=["code", "size"]), ["code"]),
        "polars": (pl.DataFrame(X, schema=["code", "size"]), ["code"]),
        "pyarrow": (pa.table({"code": X[:, 0], "size": X[:, 1]}), [0]),
    }[container]
    encoder = TableEncoder(categorical_features=names)
    codes = encoder.fit_to_codes(table)
    assert encoder.nominal_.tolist() == [True, False]
    assert codes[:, 0].tolist() == [0, 1, 0, 2]
    assert_same_table(encoder.from_codes(codes), table)
    assert plain_rows(encoder.from_codes(encoder.snap([[1.2, 4.4]]))) == [[20, 4]]


def test_names_and_positions_of_categorical_features_mix():
    frame = pd.DataFrame({"a": [1, 2], "b": [1, 2], "c": [1, 2]})
    assert TableEncoder(categorical_features=["c", 0]).fit(frame).nominal_.tolist() == [True, False, True]
    assert not TableEncoder(categorical_features=[]).fit(frame).nominal_.any()


def test_a_pandas_frame_of_numbers_is_read_at_once_as_it_would_be_column_by_column():
    cells = {"small": np.int8([3, -4]), "large": np.uint64([2**64 - 1, 7]), "single": np.float32([0.1, np.nan])}
    frame = pd.DataFrame({**cells, "double": [1e300, -0.0]})
    reader, beside_text = reader_of(frame), reader_of(frame.assign(town=["Bath", "York"]))
    assert beside_text.matrix is None
    assert reader.matrix.flags.c_contiguous
    assert not np.shares_memory(reader.matrix, frame["double"].to_numpy())
    expected = np.column_stack([beside_text.numbers(j) for j in range(4)])
    assert reader.matrix.tobytes() == expected.tobytes()
    assert [reader.kind(j) for j in range(4)] == ["number"] * 4
    kept, expected = reader.writer(), beside_text.writer()
    for attribute in ("dtypes", "pandas_dtypes", "is_integer", "has_null"):
        assert getattr(kept, attribute) == getattr(expected, attribute)[:4]


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, np.uint64, np.float16, np.float32])
def test_arrays_of_numbers_keep_their_dtype_and_integers_are_rounded(dtype):
    X = np.array([[1, 100], [2, 7], [4, 50]]).astype(dtype)
    encoder = TableEncoder().fit(X)
    new = encoder.from_codes(encoder.snap([[1.6, 99.7], [2.5, -1e9], [1e9, 49.6]]))
    assert new.dtype == dtype
    assert new.tolist() == [[2, 100], [2, 7], [4, 50]]


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_the_largest_integers_do_not_overflow(dtype):
    limits = np.iinfo(dtype)
    X = np.array([[limits.max], [limits.min], [5]], dtype=dtype)
    for table in (X, pd.DataFrame(X), pl.DataFrame(X)):
        encoder = TableEncoder()
        cells = plain_rows(encoder.from_codes(encoder.fit_to_codes(table)))
        assert cells[1:] == [[limits.min], [5]]
        assert 0 <= limits.max - cells[0][0] < 2**12


def test_sparse_columns_of_pandas_are_read_as_dense_and_stay_sparse_in_a_grown_table():
    dense = pd.DataFrame({0: [0.0, 1.5, 0.0], 1: [1.0, 2.0, 3.0], 2: [False, True, False]})
    mixed = dense.astype({0: pd.SparseDtype(float, 0.0), 2: pd.SparseDtype(bool, False)})
    encoder = TableEncoder()
    codes = encoder.fit_to_codes(mixed)
    assert_frame_equal(encoder.from_codes(codes), dense)
    grown = append_rows(mixed, np.arange(3), encoder.from_codes(codes[:1]))
    assert_frame_equal(grown, mixed.iloc[[0, 1, 2, 0]].reset_index(drop=True))
    column = mixed[0]
    assert_frame_equal(append_rows(column, np.arange(2), None).to_frame(), mixed[[0]].iloc[:2])


@pytest.mark.parametrize(
    "cells", [[1.5, 2.5, 4.5], np.arange(3, dtype=np.int32), pd.Series([1, 2, 3], name="y", index=[4, 4, 5])]
)
def test_a_single_column_comes_back_as_such(cells):
    for column in (cells, pl.Series("y", list(cells)), pa.chunked_array([list(cells)])):
        encoder = TableEncoder()
        codes = encoder.fit_to_codes(column)
        assert codes.shape == (3, 1)
        new = encoder.from_codes(codes)
        assert type(new) is type(column)
        assert getattr(new, "dtype", None) == getattr(column, "dtype", None)
        assert getattr(new, "name", None) == getattr(column, "name", None)
        assert list(append_rows(column, np.array([0, 2]), new)) == [list(column)[i] for i in (0, 2, 0, 1, 2)]


# ------------------------------------------------------------------------------------------------- what is refused, how
UNUSABLE = {
    "infinity": (pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, -np.inf]}), ValueError, "'b' contains infinity"),
    "infinity in an array": (np.array([[1.0, np.inf]]), ValueError, "Column 1 contains infinity"),
    "infinity among objects": (pd.DataFrame({"a": pd.Series([1, np.inf], dtype=object)}), ValueError, "'a'.*infinity"),
    "two names": (pd.DataFrame(np.eye(2), columns=["a", "a"]), ValueError, r"\['a'\] occur more than once"),
    "two numbers": (pd.DataFrame(np.eye(2), columns=[3, 3]), ValueError, r"\[3\] occur more than once"),
    "two pairs": (pd.DataFrame(np.eye(2), columns=[("a", 1), ("a", 1)]), ValueError, "occur more than once"),
    "two names in pyarrow": (
        pa.Table.from_arrays([pa.array([1, 2])] * 2, names=["a", "a"]),
        ValueError,
        r"\['a'\] occur more than once",
    ),
    "a sparse matrix": (sparse.csr_matrix(np.eye(3)), TypeError, "Sparse.*toarray"),
    "a sparse array": (sparse.csr_array(np.eye(3)), TypeError, "Sparse.*toarray"),
    "three dimensions": (np.zeros((2, 2, 2)), ValueError, "dim 3"),
    "a number": (3.0, ValueError, "Expected 2D array"),
    "nothing": (None, ValueError, "Expected 2D array"),
    "no rows": (pd.DataFrame({"a": []}), ValueError, r"0 sample\(s\)"),
    "no rows in polars": (pl.DataFrame({"a": []}), ValueError, r"0 sample\(s\)"),
    "no columns": (pd.DataFrame(index=range(3)), ValueError, r"0 feature\(s\)"),
    "an empty list": ([], ValueError, r"0 sample\(s\)"),
    "lists in cells": (pd.DataFrame({"a": [[1], [2]]}), TypeError, "'a' holds values of type list"),
    "lists in cells of polars": (pl.DataFrame({"a": [[1], [2]]}), TypeError, "'a' holds values of type list"),
    "records in cells": (pl.DataFrame({"a": [{"x": 1}]}), TypeError, "'a' holds values of type dict"),
    "rows of unequal length": ([[1, 2], [3]], ValueError, "differ in length"),
    "complex numbers": (np.array([[1j]]), ValueError, "Complex data not supported"),
    "dates in an array": (np.array([["2020-01-01"]], dtype="M8[D]"), TypeError, "data frame"),
    "a masked array": (np.ma.masked_array([[1.0]], [[True]]), TypeError, "masked array"),
    "a lazy frame": (pl.LazyFrame({"a": [1, 2]}), TypeError, "collect"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_what_cannot_be_used_is_refused_in_one_clear_sentence(case):
    table, error, message = UNUSABLE[case]
    with pytest.raises(error, match=message):
        TableEncoder().fit(table)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"categorical_features": ["z"]}, "names 'z', which is no column of the table"),
        ({"categorical_features": [7]}, "names 7, which is no column"),
        ({"categorical_features": [True]}, "mask of 1 entries for 2 columns"),
        ({"categorical_features": None}, "'town' holds text"),
        ({"scale": "wide"}, "scale must be"),
    ],
)
def test_parameters_that_do_not_fit_the_table_are_refused(parameters, message):
    frame = pd.DataFrame({"town": ["Bath", "Ely"], "area": [1.5, 2.5]})
    with pytest.raises(ValueError, match=message):
        TableEncoder(**parameters).fit(frame)


NAMES = ["town", "area", 7]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, []),
        ([], []),
        (["area", 0, -1], [1, 0, 2]),
        ([7], [2]),  # a name, not a position
        (np.array([1]), [1]),
        ([np.int64(1), np.str_("town")], [1, 0]),
        (pd.Index(["town"]), [0]),
        ([True, False, True], [0, 2]),
        (np.array([False, True, False]), [1]),
        (pd.Series([False, True, False]), [1]),
    ],
)
def test_columns_are_named_in_any_form(value, expected):
    assert columns_named("keep", value, NAMES).tolist() == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("town", "keep must be a list of columns, got 'town'"),
        (3, "keep must be a list of columns"),
        ([np.int64(3)], "keep names 3, which is no column of the table"),
        (["area", True], "keep names True, which is no column"),
        ([["town"]], r"keep names \['town'\], which is no column"),
        ([1.0], "keep names 1.0, which is no column"),
        ([True], "keep is a mask of 1 entries for 3 columns"),
    ],
)
def test_what_names_no_column_is_refused(value, message):
    with pytest.raises(ValueError, match=message):
        columns_named("keep", value, NAMES)


@pytest.mark.parametrize("value", [np.inf, -np.inf, 2e300])
@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, lambda cells: np.column_stack(list(cells.values()))])
def test_what_fit_refuses_is_refused_later_too(make, value):
    good, bad = ({"a": [1.0, 2.0, 3.0], "b": [1.5, cell, 0.1]} for cell in (2.5, value))
    for call in (TableEncoder().fit, TableEncoder().fit(make(good)).to_codes):
        with pytest.raises(ValueError, match=r"Column ('b'|1) contains .* in row 1; re"):
            call(make(bad))
    with pytest.raises(ValueError, match=r"Column ('b'|1) of the new rows contains"):
        TableEncoder().fit(make(good)).to_codes(make(bad), "the new rows")


def test_numbers_that_the_network_could_not_hold_are_refused():
    encoder = TableEncoder().fit([[1.0, 0.0], [2.0, 1.0]])
    with pytest.raises(ValueError, match=r"Column 1 holds values too large .* such as 1e\+40 in row 0"):
        encoder.encode([[1.0, 1e40]])


def test_missing_cells_that_fit_had_seen_give_no_warning(recwarn):
    table = pd.DataFrame({"a": [1.0, np.nan, 2.0], "b": ["x", None, "y"]})
    TableEncoder().fit(table).to_codes(table)
    assert not recwarn.list
    with pytest.warns(ResamplingWarning, match="Missing cells in 'a', 'b', where fit saw none"):
        TableEncoder().fit(table.dropna()).to_codes(table)


@pytest.mark.parametrize("make", [list, np.array, pd.Series, pl.Series, pa.array, lambda y: np.array(y)[:, None]])
def test_a_target_is_read_from_any_column(make):
    assert read_target(make([1.5, 2.0])).tolist() == [1.5, 2.0]
    assert read_target(make([decimal.Decimal("1.5"), decimal.Decimal(2)])).tolist() == [1.5, 2.0]


def test_labels_that_cannot_be_compared_or_are_dates_are_refused():
    with pytest.raises(TypeError, match="mixes labels of the types int, str"):
        read_classes(np.array([1, "a"], dtype=object))
    with pytest.raises(ValueError, match="holds dates"):
        read_classes(np.array([datetime.date(2020, 1, 1)]))
    with pytest.raises(ValueError, match="contains infinity"):
        read_classes([1.0, np.inf])
    assert read_classes([True, False]).tolist() == [True, False]


def test_a_table_with_other_columns_is_refused():
    encoder = TableEncoder().fit(np.eye(3))
    with pytest.raises(ValueError, match="2 columns, but 3 were fitted"):
        encoder.to_codes(np.eye(2))


def test_missing_cells_have_no_place_among_integers_that_had_none():
    for table in (pd.DataFrame({"a": [1, 2]}), np.array([[1], [2]]), pl.DataFrame({"a": [1, 2]})):
        with pytest.raises(ValueError, match="cannot hold a missing cell"):
            TableEncoder().fit(table).from_codes([[np.nan]])


def test_a_pyarrow_array_is_a_column_and_comes_back_chunked():
    y = pa.array([1.5, 2.5, None])
    encoder = TableEncoder(categorical_features=None)
    assert encoder.fit_to_codes(y)[:2, 0].tolist() == [1.5, 2.5]
    again = append_rows(y, np.arange(2), encoder.from_codes([[2.0]]))
    assert isinstance(again, pa.ChunkedArray)
    assert again.to_pylist() == [1.5, 2.5, 2.0]
