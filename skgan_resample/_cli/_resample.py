"""`skgan-resample resample`: a table with new rows behind the old ones."""

import tempfile
from pathlib import Path

import numpy as np

from skgan_resample._cli._arguments import asked_relevance
from skgan_resample._user_table._messages import CommandError, listed, one_sentence
from skgan_resample._user_table._reading import is_text, read_frame
from skgan_resample._user_table._roles import check_column, identifiers

PROVENANCE = ("is_synthetic", "source_row", "parent_row_1", "parent_row_2")


def run_resample(options):
    """Write a table with new rows behind the old ones, and columns with the origin of each row."""
    sampler = _sampler(options)
    notes = []
    frame, file = read_frame(options.data, notes, separator=options.sep, decimal=options.decimal)
    out = Path(options.output)
    _check_output(out, options.data)
    taken = [name for name in PROVENANCE if name in frame.columns]
    if taken:
        raise CommandError(f"{options.data} has a column {taken[0]!r} already, which the result needs; rename it.")
    check_column(frame.columns, options.target, options.data)
    frame = _with_numeric_target(frame, options.target)
    used, constant = _selected_rows(frame, options)
    part = frame[used].drop(columns=list(constant)).reset_index(drop=True)
    ids = identifiers(part.drop(columns=options.target))
    for note in notes:
        print(f"- {note}")
    if ids:
        print(f"- They look like row identifiers and stay empty in new rows: {listed(ids)}.")
    # (n_used, n_features) and (n_used,)
    X, y = part.drop(columns=[options.target, *ids]), part[options.target]
    if not X.shape[1]:
        raise CommandError(f"No column of {options.data} is left beside {options.target!r} to resample.")
    with one_sentence():
        X_new, y_new = sampler.fit_resample(X, y)
    new = sampler.is_synthetic_
    made = X_new[new].assign(**{options.target: y_new[new], **constant}).reset_index(drop=True)
    made = made.astype({name: frame.dtypes[name] for name in made.columns}).reindex(columns=frame.columns)
    plain = getattr(sampler, "sampler_", sampler)  # of a refined one the sampler inside, which knows the parents
    # positions in the file of the rows that were resampled, (n_used,); parents as positions among those, (n_new, 2)
    positions, parents = np.flatnonzero(used), plain.parent_indices_[: len(made)]
    parents = np.where(parents >= 0, positions[parents], -1)  # rows of the file, (n_new, 2)
    with one_sentence():
        _write_table(_joined(frame, made, parents, ids, out, file), out, file)
    rare = plain.relevance_.explain(y.to_numpy(dtype=float), plain.threshold) if plain.bumps_ else "Nothing is rare"
    print(f"{rare}.")
    if plain is not sampler and sampler.selected_ is not None:
        from skgan_resample._report import refined_in_words

        print(f"{options.method} {refined_in_words(sampler)}")
    print(f"{len(frame):,} rows and {len(made):,} new ones: {out}")
    if not options.only_rows_where:
        print("Resample after splitting: rows made from test rows leak into training. --only-rows-where COLUMN=VALUE "
              "resamples the training rows alone.")  # fmt: skip
    return 0


def _sampler(options):
    """Return the sampler that --method names, with the relevance, strategy, threshold and seed of the options."""
    from skgan_resample.model_selection._methods import default_methods, named_samplers

    known = named_samplers(default_methods(relevance=asked_relevance(options)))
    if options.method not in known:
        raise CommandError(f"--method {options.method} is unknown; known are {listed(known, most=len(known))}.")
    sampler = known[options.method]
    plain = getattr(sampler, "sampler", sampler)  # of "+smcae" the sampler inside
    plain.set_params(sampling_strategy=options.strategy)
    if options.threshold is not None:
        plain.set_params(threshold=options.threshold)
    return sampler.set_params(random_state=options.seed)


def _check_output(out, data):
    if out.suffix not in (".csv", ".parquet"):
        raise CommandError(f"-o {out} must end in .csv or .parquet.")
    if out.is_dir():
        raise CommandError(f"-o {out} is a folder.")
    if out.exists() and out.samefile(data):
        raise CommandError(f"-o {out} would overwrite the table itself; choose another file.")
    if not out.absolute().parent.is_dir():
        raise CommandError(f"The folder {out.absolute().parent} for the result does not exist.")


def _with_numeric_target(frame, target):
    """Return the frame with its target as numbers, also if they are written with leading zeros; refuse all else."""
    import pandas as pd

    if is_text(frame[target]):
        numbers = pd.to_numeric(frame[target], errors="coerce")
        if numbers.notna().all():
            return frame.assign(**{target: numbers})
    if not pd.api.types.is_numeric_dtype(frame[target]):
        raise CommandError(f"The target {target!r} must hold numbers.")
    return frame


def _selected_rows(frame, options):
    """Return a mask of the rows to resample and, for the new rows, the value of the column that selects them."""
    if not options.only_rows_where:
        return np.ones(len(frame), dtype=bool), {}
    name, equals, value = options.only_rows_where.partition("=")
    if not equals:
        raise CommandError(f"--only-rows-where {options.only_rows_where} must read COLUMN=VALUE.")
    check_column(frame.columns, name, options.data)
    if name == options.target:
        raise CommandError(f"--only-rows-where cannot select by {name!r}, which is the target.")
    mask = (frame[name].astype(str) == value).to_numpy()
    if not mask.any():
        raise CommandError(f"No row has {name} = {value}; found are {listed(frame[name].astype(str).unique())}.")
    return mask, {name: frame.loc[mask, name].iloc[0]}


# ------------------------------------------------------------------------------------------------ the result
def _joined(frame, made, parents, ids, out, file):
    """Return old rows, new rows behind them, and the columns with the origin of each."""
    import pandas as pd

    old = frame
    if out.suffix == ".csv" and file is not None:
        old, made = file.cells(), _as_text(made, file)
    else:
        whole = [name for name in ids if pd.api.types.is_integer_dtype(frame[name])]
        old, made = (table.astype(dict.fromkeys(whole, "Int64")) for table in (frame, made))  # may be missing
    result = pd.concat([old, made], ignore_index=True)
    n_old, n_new = len(frame), len(made)
    origin = np.full((n_old + n_new, 3), -1)  # source row and two parents, -1 where there is none
    origin[:n_old, 0] = np.arange(n_old)
    origin[n_old:, 1:] = parents
    is_synthetic, *others = PROVENANCE
    return result.assign(**{is_synthetic: np.arange(n_old + n_new) >= n_old}, **dict(zip(others, origin.T)))


def _as_text(frame, file):
    """Return new rows as the file writes its cells: an empty one for a missing value, its decimal sign, percent."""
    import pandas as pd

    frame = frame.copy()
    for name in frame.columns:
        is_percent = name in file.percent
        if is_percent or (file.decimal != "." and pd.api.types.is_float_dtype(frame[name])):
            sign = "%" if is_percent else ""
            cells = frame[name].map(lambda value, sign=sign: repr(float(value)).replace(".", file.decimal) + sign)
            frame[name] = cells.where(frame[name].notna())
    return frame.astype(object)


def _write_table(frame, out, file):
    """Write a table to a file beside the wanted one, then rename it: never half a file."""
    with tempfile.TemporaryDirectory(dir=out.absolute().parent) as folder:
        draft = Path(folder) / out.name
        if out.suffix == ".csv":
            frame.to_csv(draft, index=False, sep=";" if file is not None and file.separator == ";" else ",")
        else:
            frame.to_parquet(draft, index=False)
        draft.replace(out)
