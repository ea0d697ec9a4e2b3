"""synthetic_gap: how far synthetic rows are from real ones, beside how far real rows are from one another."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import roc_auc_score
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from skgan_resample._distances import (
    Distances,
    coverage,
    energy_of_sums,
    ks_distances,
    rank_correlations,
    total_variation,
)
from skgan_resample._docstrings import shared_descriptions
from skgan_resample._tables._encoder import TableEncoder
from skgan_resample._tables._origins import row_keys
from skgan_resample.exceptions import warn
from skgan_resample.metrics._common_encoding import (
    CommonEncoding,
    check_sizes,
    read_tables,
    read_targets,
    snapped_codes,
)

described = shared_descriptions("""
    X_real : table of shape (n_real, n_features)
        Real rows that played no part in making the synthetic ones; 8 at least. Cells of any type, some may be missing.
    categorical_features : "auto", None, or array-like of names, positions or a mask of bool, default="auto"
        Nominal columns. "auto": booleans, strings, categories and objects of `X_real`; a list names further, numeric
        ones. None admits no nominal column at all.
    random_state : int, RandomState instance or None, default=None
        Of halvings, draws, folds and forests.
    """)

MAX_HALF = 1_000  # rows of a half, and of the synthetic rows compared with it; twice as many take four times as long
MAX_PAIR_COLUMNS = 200  # numeric columns whose correlations are compared: 19,900 pairs
K_NEIGHBORS = 5  # as in the paper of coverage
N_GROUPS = 20  # of rows, left out one by one for the error of `gap_closed`
VERSIONS = ("as_is", "snapped", "floor")

# What is measured, in the order of the report, and how it reads. The floor column says what real rows reach.
READINGS = {
    "domain AUC, forest": "0.5: told apart by no tree rule",
    "energy distance": "0: the same distribution",
    "columns, mean": "1: every column is alike",
    "columns, worst": "1: this column is alike",
    "correlation difference": "0: columns depend on others alike",
    "variance ratio": "1: as spread as real; 0: collapsed",
    "coverage": "high: rows reach all that is real",
    "utility": "high: what is learned from them holds",
    "nearer to training rows": "above the floor: rows are remembered",
    "copies of training rows": "above the floor: rows are copied",
}


@dataclass(kw_only=True, eq=False, repr=False)
class SyntheticGap(Mapping):
    """What `synthetic_gap` found: a mapping from the name of a measure to its record, and a table when printed.

    Parameters
    ----------
    measures : list of dict
        One record a measure, keys "measure", "as_is", "snapped" and "floor", each of these also with "_error", and
        "reading" (how to read it, in words). NaN where there is no number.
    columns : list of dict
        One record a column, in the order of the table, keys "column", "kind", "as_is", "snapped" and "floor": one
        minus the Kolmogorov-Smirnov distance (numeric) or the total variation (categorical).
    worst_column : str or int
        The column that falls short of its floor by the most.
    n_real, n_synthetic, n_train : int
        Rows that were given; no training rows are 0.
    n_compared : int
        Rows of each half of the real rows, and of the synthetic rows that a half was compared with.
    n_repeats : int
        How often the rows were halved.
    target_type : {"classification", "regression", None}
        What the target was taken for; None without one.

    Notes
    -----
    ``1 - 2 * abs(gap["domain AUC, forest"]["as_is"] - 0.5)`` is the detection score of other libraries.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan_resample.metrics import synthetic_gap
    >>> rng = np.random.RandomState(0)
    >>> gap = synthetic_gap(rng.normal(size=(200, 2)), rng.normal(1.0, size=(200, 2)), random_state=0)
    >>> gap["energy distance"]["as_is"] > 10 * abs(gap["energy distance"]["floor"])
    True
    >>> list(gap)[:3]
    ['domain AUC, forest', 'energy distance', 'columns, mean']
    """

    measures: list
    columns: list
    worst_column: str | int
    n_real: int
    n_synthetic: int
    n_train: int
    n_compared: int
    n_repeats: int
    target_type: str | None

    def __getitem__(self, name):
        for record in self.measures:
            if record["measure"] == name:
                return record
        raise KeyError(f"{name!r} was not measured; there are {[record['measure'] for record in self.measures]}.")

    def __iter__(self):
        return iter([record["measure"] for record in self.measures])

    def __len__(self):
        return len(self.measures)

    def __repr__(self):
        return f"<SyntheticGap of {self.n_synthetic} synthetic and {self.n_real} real rows, {len(self)} measures>"

    def __str__(self):
        return self.summary()

    def summary(self):
        """Return the measures as a plain text table, with the numbers of rows and the worst column.

        Returns
        -------
        text : str
            Several lines of some 120 characters.
        """
        header = ("", "as is", "snapped", "real vs real", "how to read it")
        body = []
        for record in self.measures:
            cells = [_cell(record, version) for version in VERSIONS]
            body.append((record["measure"], *cells, record["reading"]))
        widths = [max(len(row[k]) for row in (header, *body)) for k in range(5)]
        lines = [
            "  ".join([row[0].ljust(widths[0]), *(row[k].rjust(widths[k]) for k in (1, 2, 3)), row[4]]).rstrip()
            for row in (header, *body)
        ]
        lines.insert(1, "-" * max(map(len, lines)))
        train = f", {self.n_train:,} training rows" if self.n_train else ""
        errors = f", mean and standard error of {self.n_repeats} halvings" if self.n_repeats > 1 else ", one halving"
        lines += [
            "",
            f"{self.n_synthetic:,} synthetic rows against {self.n_real:,} real rows{train}.",
            f"{self.n_compared:,} rows on either side{errors}; worst column: {self.worst_column!r}.",
        ]
        return "\n".join(lines)

    def to_frame(self):
        """Return the measures as a pandas DataFrame with the name of the measure as index.

        Returns
        -------
        frame : pandas.DataFrame of shape (n_measures, 7)
            The columns are the other keys of `measures`.
        """
        import pandas as pd

        return pd.DataFrame(self.measures).set_index("measure")


@described
@validate_params(
    {
        "target_type": [StrOptions({"auto", "classification", "regression"})],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def synthetic_gap(
    X_real,
    X_synthetic,
    *,
    y_real=None,
    y_synthetic=None,
    X_train=None,
    categorical_features="auto",
    target_type="auto",
    n_repeats=5,
    random_state=None,
):
    """Measure how far synthetic rows are from real rows, beside how far real rows are from one another.

    The real rows are halved at random. One half is compared with an equal number of synthetic rows, which is the
    value, and with the other half of the real rows, which is the floor: what no generator can beat but by copying.

    Parameters
    ----------
    {X_real}
    X_synthetic : table of shape (n_synthetic, n_features)
        Synthetic rows, 4 at least. Columns of two frames are matched by name, else by position.
    y_real, y_synthetic : array-like of shape (n_real,) and (n_synthetic,), default=None
        Labels or target values; both or none. For the utility alone: other measures need the target in both tables.
    X_train : table of shape (n_train, n_features), default=None
        The real rows that the synthetic ones were made from, to show whether rows were memorised. They count as real
        where ranges, decimals and categories are learned.
    {categorical_features}
    target_type : {"auto", "classification", "regression"}, default="auto"
        "auto" takes text, booleans, categories, and whole numbers with at most 20 distinct values for classes.
    n_repeats : int, default=5
        Halvings. Results are the mean over them and its standard error, NaN for one repeat. All repeats share the rows,
        so the error does not cover how much other rows would change the numbers.
    {random_state}

    Returns
    -------
    gap : SyntheticGap
        ``print(gap)`` shows it all; ``gap["coverage"]["snapped"]`` is one number of it.

    Raises
    ------
    ValueError
        If there are too few rows, the columns do not match, a cell is infinite, or only one target is given.

    Notes
    -----
    Everything is measured twice: "as is", and "snapped" to the ranges, decimals and few values of the real rows. Number
    formatting alone gives rows away, so an AUC near 1 can mean no more than unrounded numbers.

    =================================== ==============================================================================
    measure                             definition; R is a half of the real rows, S the synthetic rows
    =================================== ==============================================================================
    domain AUC, forest                  3-fold cross-validated AUC of a random forest that tells R from S [1]_
    energy distance                     ``2 E|R - S| - E|R - R'| - E|S - S'|``, without bias [2]_
    columns, mean | worst               1 - Kolmogorov-Smirnov distance, or 1 - total variation for categories;
                                        missing is a value of its own. The worst falls short of its floor by the most
    correlation difference              mean absolute difference of Spearman correlations over pairs of numeric columns
    variance ratio                      variance of S to that of R, summed over numeric columns in real units
    coverage                            share of the balls of R, to the 5th nearest neighbour, with a row of S [3]_
    utility                             train on S, test on the other half; floor: train on R. Balanced accuracy or
                                        R^2, mean of logistic regression (ridge) and 5 nearest neighbours
    nearer to training rows             share of S nearer to one of m training rows than to one of m real rows
    copies of training rows             share of S equal to a training row in every column
    =================================== ==============================================================================

    A measure that makes no sense for a table, such as correlations of a single column, is left out. The packages
    sdmetrics, prdc and hyppo have further measures. The floor is our choice, since numbers of finite samples mean
    little without it.

    Distances are Euclidean on encoded columns: numbers divided by the standard deviation of the real rows, categories
    one-hot, missing cells at the mean with an indicator. A column in which synthetic values lie more than 3 standard
    deviations from the real mean is shrunk to 3, lest one nearly constant column decide. Of more than 50 categories the
    rarer real ones are merged. At most 1,000 rows of each side are compared in a repeat, drawn at random.

    References
    ----------
    .. [1] D. Lopez-Paz, M. Oquab, "Revisiting classifier two-sample tests", ICLR 2017.
    .. [2] G. J. Szekely, M. L. Rizzo, "Energy statistics: a class of statistics based on distances", Journal of
       Statistical Planning and Inference 143, 2013.
    .. [3] M. F. Naeem et al., "Reliable fidelity and diversity metrics for generative models", ICML 2020.

    Examples
    --------
    Whole numbers, and synthetic rows that are right but for the decimals:

    >>> import numpy as np
    >>> from skgan_resample.metrics import synthetic_gap
    >>> rng = np.random.RandomState(0)
    >>> real = np.round(rng.normal(10, 3, size=(400, 3)))
    >>> gap = synthetic_gap(real, rng.normal(10, 3, size=(400, 3)), random_state=0)
    >>> forest = gap["domain AUC, forest"]
    >>> bool(forest["as_is"] > 0.9), bool(forest["snapped"] < 0.65)
    (True, True)
    >>> print(gap)
                                       as is  ...
    -----...
    domain AUC, forest ...
    """
    rng = check_random_state(random_state)
    given = {"X_real": X_real, "X_synthetic": X_synthetic} | ({} if X_train is None else {"X_train": X_train})
    names, kinds, nominal, tables = read_tables(given, categorical_features)
    real, synthetic, train = tables[0], tables[1], tables[2] if X_train is not None else np.empty((0, len(names)))
    check_sizes(X_real=(real, 8), X_synthetic=(synthetic, 4))
    target_type, y = read_targets(y_real, y_synthetic, len(real), len(synthetic), target_type)

    schema = TableEncoder(categorical_features=np.flatnonzero(nominal).tolist(), scale=None)
    schema.fit(np.vstack([real, train]))
    snapped = snapped_codes(schema, synthetic, nominal)
    parts = [real, train, synthetic] + ([] if np.array_equal(snapped, synthetic, equal_nan=True) else [snapped])
    common = CommonEncoding(parts, nominal, real=[0, 1], synthetic=[2])
    rows = [_Rows.of(common, number, part) for number, part in enumerate(parts)]
    rows[0].y, rows[2].y = y
    if len(parts) > 3:
        rows[3].y = y[1]

    n_compared = min(len(real) // 2, len(synthetic), MAX_HALF)
    seeds = rng.randint(np.iinfo(np.int32).max, size=n_repeats)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of small models, whose last digit does not matter
        repeats = [_repeat(rows, common, n_compared, target_type, np.random.RandomState(seed)) for seed in seeds]

    columns = _column_records(names, kinds, schema, repeats)
    worst = int(np.argmax([record["floor"] - record["as_is"] for record in columns]))
    for repeat in repeats:
        for found in repeat.values():
            found["columns, worst"] = found["columns"][worst]
            found["columns, mean"] = float(np.mean(found["columns"]))
    measures = [_record(name, repeats) for name in READINGS]
    return SyntheticGap(
        measures=[record for record in measures if np.isfinite([record["as_is"], record["snapped"]]).any()],
        columns=columns,
        worst_column=names[worst],
        n_real=len(real),
        n_synthetic=len(synthetic),
        n_train=len(train),
        n_compared=n_compared,
        n_repeats=n_repeats,
        target_type=target_type,
    )


@described
@validate_params(
    {
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "snap": ["boolean"],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def gap_closed(X_real, X_before, X_after, *, categorical_features="auto", n_repeats=5, random_state=None, snap=False):
    """Share of the gap between synthetic and real rows that was closed, in energy distance.

    1 - (G_after - G_floor) / (G_before - G_floor), where G is the energy distance to a half of the real rows, and the
    floor that of the other half.

    Parameters
    ----------
    {X_real}
    X_before, X_after : table of shape (n_before, n_features) and (n_after, n_features)
        Synthetic rows, 4 at least. If there are equally many, row i of both is taken for the same row before and
        after it was moved, which makes the error smaller.
    {categorical_features}
    n_repeats : int, default=5
        Random halvings. Each half takes either part once.
    {random_state}
    snap : bool, default=False
        Whether both sets of synthetic rows are first brought to the ranges, decimals and few values of the real rows.

    Returns
    -------
    value : float
        1 where nothing is left of the gap, 0 where it is as before, negative where it has grown. NaN, with a
        ResamplingWarning, where the gap before is less than two standard errors above the floor.
    error : float
        Standard error, by a jackknife over 20 groups of rows; NaN with the value.

    Raises
    ------
    ValueError
        If there are too few rows, or the columns do not match.

    Notes
    -----
    Rows are encoded as in `synthetic_gap`, but with the synthetic rows before and after together. At most 2,000
    rows of each table are used.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan_resample.metrics import gap_closed
    >>> rng = np.random.RandomState(0)
    >>> real, before = rng.normal(size=(300, 2)), rng.normal(2.0, size=(300, 2))
    >>> value, error = gap_closed(real, before, before - 1.0, random_state=0)
    >>> 0.5 < value < 0.9, error < 0.1
    (True, True)
    """
    rng = check_random_state(random_state)
    given = {"X_real": X_real, "X_before": X_before, "X_after": X_after}
    _, _, nominal, tables = read_tables(given, categorical_features)
    check_sizes(**{name: (table, 8 if name == "X_real" else 4) for name, table in zip(given, tables)})
    if snap:
        schema = TableEncoder(categorical_features=np.flatnonzero(nominal).tolist(), scale=None).fit(tables[0])
        tables[1:] = [snapped_codes(schema, table, nominal) for table in tables[1:]]
    common = CommonEncoding(tables, nominal, real=[0], synthetic=[1, 2])

    is_paired = len(tables[1]) == len(tables[2])
    orders = [rng.permutation(len(table)) for table in tables]
    if is_paired:
        orders[1] = orders[2] = rng.permutation(len(tables[1]))
    real, before, after = (rows[order[: 2 * MAX_HALF]] for rows, order in zip(common.encoded, orders))
    distances = [Distances.of(real, moved) for moved in (before, after)]

    half = min(len(real) // 2, len(before), len(after))
    gaps = np.zeros(3)  # before, after, floor
    for _ in range(n_repeats):
        order = rng.permutation(len(real))[: 2 * half]  # the first half of these is one half, the rest the other
        drawn = rng.permutation(len(before))[:half]
        drawn = [drawn, drawn if is_paired else rng.permutation(len(after))[:half]]
        for one, other in ((order[:half], order[half:]), (order[half:], order[:half])):
            gaps[:2] += [_some_of(part, one, chosen).energy() for part, chosen in zip(distances, drawn)]
            within = distances[0].within_a
            gaps[2] += Distances(within[np.ix_(one, other)], *(within[np.ix_(i, i)] for i in (one, other))).energy()
    g_before, g_after = (gaps[:2] - gaps[2]) / (2 * n_repeats)

    error_before, error = _jackknife(distances, is_paired)
    if not g_before > 2 * error_before:
        warn(
            f"The gap before, {g_before:.3g} above the floor, is less than two standard errors ({error_before:.2g}) "
            "from it: there is no gap to close, so the share of it that was closed is NaN."
        )
        return float("nan"), float("nan")
    return float(1 - g_after / g_before), error


# ------------------------------------------------------------------------------------------------ one halving
@dataclass
class _Rows:
    """Rows in the forms that the measures need."""

    encoded: np.ndarray  # (n_samples, width)
    codes: np.ndarray  # (n_samples, n_features)
    keys: np.ndarray  # (n_samples,), objects that are equal where the rows are
    y: np.ndarray | None = None

    @classmethod
    def of(cls, common, part, identity):
        keys = np.empty(len(identity), dtype=object)
        keys[:] = row_keys(identity) if len(identity) else []
        return cls(common.encoded[part], common.codes[part], keys)

    def __getitem__(self, chosen):
        y = None if self.y is None else self.y[chosen]
        return _Rows(self.encoded[chosen], self.codes[chosen], self.keys[chosen], y)

    def __len__(self):
        return len(self.encoded)


def _repeat(rows, common, size, target_type, rng):
    """Return what one random halving says: by version ("floor", "as_is", "snapped"), a dict of measures."""
    real, train, *synthetic = rows
    order = rng.permutation(len(real))
    first, second = real[order[:size]], real[order[size : 2 * size]]
    drawn = rng.permutation(len(synthetic[0]))[:size]
    fold_seed = rng.randint(np.iinfo(np.int32).max)
    numeric = rng.permutation(len(common.nominal))  # of columns, should there be too many for all correlations
    numeric = np.sort(numeric[~common.nominal[numeric]][:MAX_PAIR_COLUMNS])
    some_train = train[rng.permutation(len(train))[:size]]
    within_first = cdist(first.encoded, first.encoded)

    found = {}
    # The floor comes first: real rows in the place of synthetic ones.
    for version, candidate in zip(("floor", "as_is", "snapped"), (second, *(part[drawn] for part in synthetic))):
        between = cdist(first.encoded, candidate.encoded)  # (n_first, n_candidate)
        distances = Distances(between, within_first, cdist(candidate.encoded, candidate.encoded))
        measured = {
            "domain AUC, forest": _domain_auc(first.encoded, candidate.encoded, fold_seed),
            "energy distance": distances.energy(),
            "columns": _complements(first.codes, candidate.codes, common.nominal),
            "correlation difference": _correlation_difference(first.codes[:, numeric], candidate.codes[:, numeric]),
            "variance ratio": _variance_ratio(first.encoded[:, common.numeric], candidate.encoded[:, common.numeric]),
            "coverage": coverage(distances, K_NEIGHBORS),
        }
        # The second half is the judge of what follows, so the first half takes the place of synthetic rows there.
        judged = first if version == "floor" else candidate
        if target_type is not None:
            measured["utility"] = _utility(judged, second, target_type)
        if len(train):
            measured |= _memory(judged, some_train, second, train)
        found[version] = measured
    found.setdefault("snapped", dict(found["as_is"]))  # snapping changed nothing
    return found


def _domain_auc(a, b, seed):
    """Return the cross-validated AUC of a forest that tells rows of one sample from those of the other."""
    from sklearn.ensemble import RandomForestClassifier  # models are imported when rows are compared
    from sklearn.model_selection import StratifiedKFold

    classifier = RandomForestClassifier(n_estimators=30, random_state=seed)
    X, is_a = np.vstack([a, b]), np.repeat([1, 0], [len(a), len(b)])
    scores = []
    for fit, test in StratifiedKFold(3, shuffle=True, random_state=seed).split(X, is_a):
        probability = classifier.fit(X[fit], is_a[fit]).predict_proba(X[test])[:, 1]
        scores.append(roc_auc_score(is_a[test], probability))
    return float(np.mean(scores))


def _complements(a, b, nominal):
    """Return for each column one minus the distance of its two distributions."""
    distances = np.empty(len(nominal))
    distances[~nominal] = ks_distances(a[:, ~nominal], b[:, ~nominal])
    for j in np.flatnonzero(nominal):
        distances[j] = total_variation(a[:, j], b[:, j])
    return 1 - distances


def _correlation_difference(a, b):
    """Return the mean absolute difference of rank correlations; a column that became constant has none left, 0."""
    pairs = np.triu_indices(a.shape[1], 1)  # each pair of columns once: n_features (n_features - 1) / 2
    expected, got = rank_correlations(a)[pairs], rank_correlations(b)[pairs]
    known = ~np.isnan(expected)
    return float(np.abs(expected - np.nan_to_num(got))[known].mean()) if known.any() else float("nan")


def _variance_ratio(a, b):
    """Return the summed variance of the columns of `b` to that of `a`."""
    # A mean of ratios would be decided by the columns that hardly vary in `a`.
    total = a.var(axis=0).sum() if a.size else 0.0
    return float(b.var(axis=0).sum() / total) if total > 0 else float("nan")


# ------------------------------------------------------------------------------------------------ labels and memory
def _utility(rows, test, target_type):
    """Return the mean score on real test rows of two small models that learned from some rows."""
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

    k_neighbors = min(5, len(rows))
    if target_type == "regression":
        models, score = [Ridge(), KNeighborsRegressor(k_neighbors)], _r2
    elif len(np.unique(rows.y)) == 1:
        return float(_balanced_accuracy(test.y, np.full(len(test), rows.y[0])))
    else:
        models, score = [LogisticRegression(max_iter=200), KNeighborsClassifier(k_neighbors)], _balanced_accuracy
    predicted = [model.fit(rows.encoded, rows.y).predict(test.encoded) for model in models]
    return float(np.mean([score(test.y, values) for values in predicted]))


def _balanced_accuracy(y, predicted):
    return np.mean([np.mean(predicted[y == label] == label) for label in np.unique(y)])


def _r2(y, predicted):
    scatter = np.sum((y - y.mean()) ** 2)
    return 1 - np.sum((y - predicted) ** 2) / scatter if scatter > 0 else float("nan")


def _memory(rows, some_train, others, train):
    """Return how many rows are nearer to a training row than to one of as many others, and how many are copies."""
    size = min(len(some_train), len(others))
    # (n_samples,) each: the distance of a row to the nearest of `size` rows
    to_train, to_others = (cdist(rows.encoded, part.encoded[:size]).min(axis=1) for part in (some_train, others))
    known = set(train.keys.tolist())
    return {
        "nearer to training rows": float(np.mean((to_train < to_others) + 0.5 * (to_train == to_others))),
        "copies of training rows": float(np.mean([key in known for key in rows.keys])),
    }


# ------------------------------------------------------------------------------------------------ records
def _column_records(names, kinds, schema, repeats):
    means = {version: np.mean([repeat[version]["columns"] for repeat in repeats], axis=0) for version in VERSIONS}
    return [
        {
            "column": name,
            "kind": "datetime" if kinds[j] == "datetime" else schema.columns_[j].kind,
            **{version: float(mean[j]) for version, mean in means.items()},
        }
        for j, name in enumerate(names)
    ]


def _record(name, repeats):
    """Return mean and standard error of one measure over the repeats in which there is one; NaN for none."""
    record = {"measure": name}
    for version in VERSIONS:
        values = np.array([repeat[version].get(name, np.nan) for repeat in repeats])
        values = values[~np.isnan(values)]
        record[version] = float(values.mean()) if len(values) else np.nan
        record[f"{version}_error"] = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.nan
    return {**record, "reading": READINGS[name]}


def _cell(record, version):
    """Return a value with its error as text; all versions of a measure have the same decimals."""
    value, error = record[version], record[f"{version}_error"]
    if np.isnan(value):
        return "-"
    largest = np.nanmax(np.abs([record[key] for key in VERSIONS]))
    decimals = 4 if largest < 0.1 else 3 if largest < 100 else 1
    return f"{value:.{decimals}f}" + ("" if np.isnan(error) else f" ± {error:.{decimals}f}")


# ------------------------------------------------------------------------------------------------ gap_closed
def _some_of(distances, a, b):
    """Return the distances of the rows `a` and `b` only."""
    return Distances(
        distances.between[np.ix_(a, b)], distances.within_a[np.ix_(a, a)], distances.within_b[np.ix_(b, b)]
    )


def _jackknife(distances, is_paired):
    """Return the standard errors of the energy distance before, and of the share that was closed."""
    # Halvings share their rows, so their scatter says little about other rows. A jackknife leaves out groups of rows in
    # turn and computes both distances again from sums over groups. The floor is 0 here, the mean of the unbiased
    # distance of two halves over all halvings.
    sums = [_GroupSums(part) for part in distances]

    def shares(before, after):
        energies = [part.energy(*left_out) for part, left_out in zip(sums, (before, after))]
        return energies[0], 1 - energies[1] / energies[0] if energies[0] != 0 else np.nan

    n_real, (n_before, n_after) = sums[0].n_groups[0], (part.n_groups[1] for part in sums)
    scenes = [[shares((g, None), (g, None)) for g in range(n_real)]]
    if is_paired:
        scenes.append([shares((None, g), (None, g)) for g in range(n_before)])
    else:
        scenes.append([shares((None, g), (None, None)) for g in range(n_before)])
        scenes.append([shares((None, None), (None, g)) for g in range(n_after)])
    # Jackknife: (n - 1) / n times the sum of squares, added up over independent sets of rows.
    variance = sum((len(values) - 1) * np.var(values, axis=0) for values in scenes)
    return tuple(np.sqrt(variance).tolist())


class _GroupSums:
    """Sums of distances over pairs of groups of rows, so that the energy distance without a group costs nothing."""

    def __init__(self, distances):
        sizes = distances.between.shape
        self.n_groups = [min(N_GROUPS, size) for size in sizes]
        starts = [np.arange(n) * size // n for n, size in zip(self.n_groups, sizes)]
        self._counts = [np.diff(start, append=size) for start, size in zip(starts, sizes)]
        pairs = [(starts[0], starts[1]), (starts[0], starts[0]), (starts[1], starts[1])]
        # (n_groups_a, n_groups_b) each: rows and then columns of a matrix of distances are summed from start to start
        self._sums = [
            np.add.reduceat(np.add.reduceat(matrix, rows, axis=0), columns, axis=1)
            for matrix, (rows, columns) in zip(distances, pairs)
        ]

    def energy(self, left_out_a=None, left_out_b=None):
        """Return the energy distance without a group of each sample."""
        a, b = (np.arange(n) != (-1 if g is None else g) for n, g in zip(self.n_groups, (left_out_a, left_out_b)))
        n_a, n_b = self._counts[0][a].sum(), self._counts[1][b].sum()
        between, within_a, within_b = self._sums
        sums = between[np.ix_(a, b)].sum(), within_a[np.ix_(a, a)].sum(), within_b[np.ix_(b, b)].sum()
        return energy_of_sums(*sums, n_a, n_b)
