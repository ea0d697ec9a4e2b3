"""Real and synthetic tables read together and encoded alike, so that their rows can be compared."""

import numpy as np

from skgan_resample._tables._containers import reader_of
from skgan_resample._tables._encoder import (
    Categories,
    DatetimeCodec,
    TableEncoder,
    named_nominal,
    read_datetimes,
    read_numbers,
    refuse_large,
)
from skgan_resample._tables._targets import is_continuous_target, open_target, read_target

MAX_CATEGORIES = 50  # a nominal column keeps this many categories, the most frequent real ones
MAX_REACH = 3.0  # in standard deviations of the real rows: root mean square of a column of synthetic rows, at most


def read_tables(given, categorical_features):
    """Return names, kinds and nominality of the columns, and every table as codes, (n_samples, n_features)."""
    # The first table decides on names, order and types. Categories are numbered over all tables.
    readers = {role: reader_of(table) for role, table in given.items()}
    first = next(iter(readers.values()))
    names = first.names
    positions = {role: _match_columns(reader.names, names, role) for role, reader in readers.items()}
    forced = named_nominal(categorical_features, names)
    kinds = ["nominal" if j in forced else first.kind(j) for j in range(len(names))]
    tables = [np.empty((reader.n_rows, len(names))) for reader in readers.values()]
    for j, (name, kind) in enumerate(zip(names, kinds)):
        if kind == "nominal" and categorical_features is None:
            raise ValueError(f"Column {name!r} holds text, categories or booleans where only numbers are possible.")
        read = {"nominal": _read_categories, "datetime": _read_datetimes, "number": _read_numbers}[kind]
        columns = read([(role, reader, positions[role][j]) for role, reader in readers.items()], name)
        for table, values in zip(tables, columns):
            table[:, j] = values
    for role, table in zip(readers, tables):
        refuse_large(table, names, role)
    return names, kinds, np.array([kind == "nominal" for kind in kinds]), tables


def _match_columns(names, wanted, role):
    """Return the positions of the wanted columns among the columns `names` of a table."""
    if set(names) == set(wanted):
        return [names.index(name) for name in wanted]
    are_names = all(isinstance(name, str) for name in (*names, *wanted))
    if are_names:
        lacking, extra = ([n for n in one if n not in other] for one, other in ((wanted, names), (names, wanted)))
        raise ValueError(f"The columns of {role} are not those of X_real: missing {lacking}, unknown {extra}.")
    if len(names) != len(wanted):
        raise ValueError(f"{role} has {len(names)} columns, but X_real has {len(wanted)}.")
    return list(range(len(wanted)))


def _read_categories(sources, name):
    cells = [reader.values(position) for _, reader, position in sources]
    categories = Categories([value for column in cells for value in column], name)
    return [categories.to_codes(column) for column in cells]


def _read_datetimes(sources, name):
    datetimes = [read_datetimes(reader, position, name, role) for role, reader, position in sources]
    codec = DatetimeCodec(datetimes[0])
    return [codec.to_codes(column) for column in datetimes]


def _read_numbers(sources, name):
    return [read_numbers(reader, position, name, role) for role, reader, position in sources]


def check_sizes(**tables):
    for role, (table, least) in tables.items():
        if len(table) < least:
            raise ValueError(f"{role} has {len(table)} rows; at least {least} are needed to say anything.")


def read_targets(y_real, y_synthetic, n_real, n_synthetic, target_type):
    """Return the type of the target, and both targets as numbers; None, None where there is none."""
    if (y_real is None) != (y_synthetic is None):
        raise ValueError("Give both y_real and y_synthetic, or none of them.")
    if y_real is None:
        return None, [None, None]
    readers = {"y_real": open_target(y_real, "y_real"), "y_synthetic": open_target(y_synthetic, "y_synthetic")}
    for (role, reader), n_rows in zip(readers.items(), (n_real, n_synthetic)):
        if reader.n_rows != n_rows:
            raise ValueError(f"{role} has {reader.n_rows} values for {n_rows} rows.")
    sources = [(role, reader, 0) for role, reader in readers.items()]
    kind = readers["y_real"].kind(0)
    if target_type == "auto":
        is_class = kind == "nominal"
        if kind == "number":
            values = _read_numbers(sources[:1], "y")[0]
            is_class = not is_continuous_target(values)
        target_type = "classification" if is_class else "regression"
    if target_type == "classification":
        y = _read_categories(sources, "y")
    else:
        y = [read_target(y_real, name="y_real"), read_target(y_synthetic, name="y_synthetic")]
    for role, values in zip(readers, y):
        if not np.isfinite(values).all():
            raise ValueError(f"{role} contains missing or infinite values; drop these rows first.")
    if target_type == "classification" and not np.isin(y[1], y[0]).any():
        raise ValueError("y_real and y_synthetic have no label in common.")
    return target_type, y


# ------------------------------------------------------------------------------------------------ rows as numbers
def snapped_codes(schema, codes, nominal):
    """Return codes on the grid of the real rows; categories stay, also those that no real row has."""
    return np.where(nominal, codes, schema.snap(codes))


class CommonEncoding:
    """All tables in one encoding, in which categories or missing cells that real rows do not have gain nothing."""

    def __init__(self, parts, nominal, *, real, synthetic):
        # parts: codes, (n_samples, n_features) each; columns are scaled by the spread of the first. `real`: positions
        # of parts whose categories are real; `synthetic`: of those that count where a column would lie too far away.
        sizes = [len(part) for part in parts]
        part_of = np.repeat(np.arange(len(parts)), sizes)  # (n_samples,), of all rows one after the other
        pooled = _merge_categories(np.vstack(parts), nominal, np.isin(part_of, real))
        encoder = TableEncoder(categorical_features=np.flatnonzero(nominal).tolist(), scale=None)
        pooled = encoder.fit_to_codes(pooled)
        encoded = encoder.rescale(pooled[: sizes[0]]).encode_codes(pooled, largest=np.inf)
        numeric = [c.encoded.start for c in encoder.columns_ if not c.is_nominal and c.kind != "constant"]
        encoded[:, numeric] = _within_reach(encoded[:, numeric], sizes[0], np.isin(part_of, synthetic))
        if not encoder.width_:  # constants only
            encoded = np.zeros((len(pooled), 1))
        self.nominal = nominal
        self.numeric = np.array(numeric, dtype=int)
        ends = np.cumsum(sizes)[:-1]
        self.codes, self.encoded = np.split(pooled, ends), np.split(encoded, ends)


def _merge_categories(codes, nominal, is_real):
    """Number categories by how many real rows they have; the rare ones share a number, and so do the unreal ones."""
    codes = codes.copy()
    for j in np.flatnonzero(nominal):
        known = ~np.isnan(codes[:, j])
        if not known.any():
            continue
        categories = codes[known, j].astype(int)
        counts = np.bincount(categories[is_real[known]], minlength=categories.max() + 1)
        number = np.empty(len(counts))  # (n_categories,): the new number of each old one
        number[np.argsort(-counts, kind="stable")] = np.minimum(np.arange(len(counts)), MAX_CATEGORIES)
        number[counts == 0] = MAX_CATEGORIES + 1
        codes[known, j] = number[categories]
    return codes


def _within_reach(encoded, n_real, is_synthetic):
    """Shrink columns in which synthetic rows lie so far from the real mean that no other column would count."""
    encoded = np.clip(encoded, -1e6, 1e6)  # our choice: far beyond what counts, and squares stay finite
    reach = np.sqrt((encoded[is_synthetic] ** 2).mean(axis=0))
    is_far = (reach > MAX_REACH) | ((np.ptp(encoded[:n_real], axis=0) == 0) & (reach > 0))  # a constant has no unit
    return encoded * np.where(is_far, MAX_REACH / np.where(reach > 0, reach, 1), 1.0)
