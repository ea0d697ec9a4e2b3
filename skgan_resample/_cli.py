"""The command `skgan-resample`: compare | resample | versions."""

import argparse
import contextlib
import importlib
import re
import shutil
import sys
import tempfile
import warnings
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from skgan_resample._validation import NoRareRowsError, ResamplingWarning, show_versions

ID_NAME = re.compile(r"(^|[_\W])(id|uuid|guid|key|index|row|nr)($|[_\W])", re.IGNORECASE)
DISTINCT_IS_ID = 0.95  # a text column with this share of distinct values tells rows apart, not kinds of rows
DATE = r"(?<!\d)(?:\d{4}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})(?!\d)"  # no band 5-10, no hour 12:30
PROVENANCE = ("is_synthetic", "source_row", "parent_row_1", "parent_row_2")
REPORT_FILES = {"index.html", "results.csv", "run.json"}
REGRESSION_ONLY = {  # options of compare for amounts, and their defaults
    "relevance": None,
    "side": None,
    "quantile": None,
    "threshold": 0.8,
    "max_price": 0.02,
    "max_common_price": 0.05,
}
SCORINGS = {  # the first one is the default
    "regression": ["sera", "rmse", "rare_mae", "common_rmse"],
    "classification": ["average_precision", "f1", "g_mean", "balanced_accuracy", "brier"],
}
RESAMPLING_ONLY = (*REGRESSION_ONLY, "scoring", "time", "task")  # not with --threat
MANY_LABELS = 0.5  # text with this share of distinct values tells rows apart, not classes
THREAT_EXAMPLE = "such as --threat eps=0.1,unit=std"


class CommandError(Exception):
    """Something the user can mend; the message is the whole output."""


@dataclass
class Table:
    """A table made ready: what predicts, what is predicted, how rows hang together, and what was done to get there."""

    X: object
    y: np.ndarray
    target: str
    source: str
    columns: list = field(default_factory=list)  # of the file, also those that are not used
    groups: np.ndarray | None = None
    times: np.ndarray | None = None
    notes: list = field(default_factory=list)


def main(arguments=None):
    """Run the command line; return the exit status: 0, or 2 after one sentence of explanation."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except CommandError as error:
        print(f"skgan-resample: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nInterrupted. The same command goes on where it stopped.", file=sys.stderr)
        return 130


# ------------------------------------------------------------------------------------------------ compare
def run_compare(options):
    """Compare methods on a table, print table and verdict, write the report."""
    _need("pandas", "matplotlib")
    if options.threat is not None:
        given = [name for name in RESAMPLING_ONLY if getattr(options, name) is not None]
        if given:
            raise CommandError(f"--{given[0].replace('_', '-')} is for resampling: it cannot be used with --threat.")
        return _compare_robustness(options)
    options.repeats = 2 if options.repeats is None else options.repeats
    table = _user_table(options) if options.data is not None else _builtin_table(options)
    compared = _compare_regression if options.task == "regression" else _compare_classification
    return compared(table, options)


def _compare_regression(table, options):
    from skgan_resample._report import print_summary, write_report
    from skgan_resample.model_selection import compare

    relevance = _relevance(options, is_builtin=options.data is None)
    for name, default in REGRESSION_ONLY.items():
        if getattr(options, name) is None:
            setattr(options, name, default)
    for name, price in (("--max-price", options.max_price), ("--max-common-price", options.max_common_price)):
        if not price >= 0:
            raise CommandError(f"{name} {price:g} must be at least 0, such as 0.02 for 2 %.")
    out = _begin(table, options)
    settings = {
        "learners": _learner(options.learner),
        "relevance": relevance,
        "scoring": options.scoring,
        "threshold": options.threshold,
        "cv": _outer_folds(table, options),
        "max_price": options.max_price,
        "max_common_price": options.max_common_price,
    }
    with _compared(compare, (table.X, table.y), table, options, settings) as comparison:
        print_summary(comparison)
        write_report(out, comparison, table, relevance, {**vars(options), "run": "compare"})
    return 0


def _compare_classification(table, options):
    from skgan_resample._report import print_classification, write_classification_report
    from skgan_resample.model_selection import compare_classification

    out = _begin(table, options)
    settings = {
        "learners": _learner(options.learner, "sklearn.linear_model:LogisticRegression"),
        "scoring": options.scoring,
        "cv": _outer_folds(table, options),
    }
    with _compared(compare_classification, (table.X, table.y), table, options, settings) as comparison:
        print_classification(comparison)
        write_classification_report(out, comparison, table, {**vars(options), "run": "compare"})
    return 0


def _compare_robustness(options):
    from skgan_resample._report import print_robustness, write_robustness_report
    from skgan_resample.model_selection import compare_robustness

    threat = _threat(options.threat)
    options.repeats = 1 if options.repeats is None else options.repeats
    table = _breast_cancer(options) if options.data is None else _user_table(options)
    threat.set_params(immutable=_used_columns(threat.immutable, table))
    out = _begin(table, options)
    settings = {"learner": _learner(options.learner, "sklearn.svm:SVC"), "cv": options.cv}
    with _compared(compare_robustness, (table.X, table.y, threat), table, options, settings) as comparison:
        print_robustness(comparison)
        write_robustness_report(out, comparison, table, {**vars(options), "run": "compare"})
    return 0


def _outer_folds(table, options):
    from sklearn.model_selection import TimeSeriesSplit

    with _one_sentence():
        return TimeSeriesSplit(options.cv) if table.times is not None else options.cv


def _begin(table, options):
    """Print what was done to the table; return the folder of the report."""
    for note in table.notes:
        print(f"- {note}")
    out = Path(options.output)
    _check_output_folder(out)
    return out


@contextlib.contextmanager
def _compared(run, arguments, table, options, settings):
    """Yield a comparison to be reported; what was computed is kept until then, so that it can be resumed."""
    from joblib import cpu_count

    out = Path(options.output)
    cache = out.parent / f".{out.name}-cache"
    settings |= {
        "methods": [name.strip() for name in options.methods.split(",")] if options.methods else None,
        "n_repeats": options.repeats,
        "groups": table.groups,
        "max_time": options.max_time,
        "random_state": options.seed,
        "n_jobs": options.jobs or cpu_count(),
        "memory": cache,
    }
    try:
        with _one_sentence(), _progress("methods x folds") as callback:
            comparison = run(*arguments, callback=callback, **settings)
    except CommandError:
        if options.max_time is None:  # else the same command with more time can go on
            shutil.rmtree(cache, ignore_errors=True)
        raise
    with _one_sentence():
        yield comparison
    shutil.rmtree(cache, ignore_errors=True)
    print(f"\nThe report: {out / 'index.html'}")


def _builtin_table(options):
    """Return a table that scikit-learn ships, for the task that the options ask for: amounts unless they say else."""
    _settle_task(options, None)
    return _diabetes(options) if options.task == "regression" else _breast_cancer(options)


def _diabetes(options):
    """Return the diabetes table that scikit-learn ships; no network."""
    from sklearn.datasets import load_diabetes

    _refuse_columns(options)
    X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
    note = "No table was given: this is scikit-learn's diabetes data (442 rows, progression after one year)."
    return Table(X, y.to_numpy(), "progression", "diabetes (scikit-learn)", notes=[note])


def _breast_cancer(options):
    """Return the breast cancer table that scikit-learn ships; no network."""
    from sklearn.datasets import load_breast_cancer

    _refuse_columns(options)
    data = load_breast_cancer(as_frame=True)
    note = "No table was given: this is scikit-learn's breast cancer data (569 rows, malignant or benign)."
    y = data.target_names[data.target].astype(str)
    return Table(data.data, y, "diagnosis", "breast cancer (scikit-learn)", list(data.data), notes=[note])


def _refuse_columns(options):
    for name in ("target", "group"):
        if getattr(options, name):
            raise CommandError(f"--{name} needs a table: skgan-resample compare DATA.csv --{name} COLUMN.")


def _user_table(options):
    """Read a table; set the target, groups and times apart; drop aloud what cannot predict."""
    frame = read_table(options.data)
    if not options.target:
        raise CommandError(f"--target is missing; the columns are {_listed(frame.columns)}.")
    _check_roles(frame, options)
    columns = list(frame.columns)
    notes = [f"{options.data}: {len(frame):,} rows, {len(columns)} columns."]
    if options.threat is None:
        _settle_task(options, frame[options.target], notes)
    has_classes = options.threat is not None or options.task == "classification"
    frame = (_with_classes if has_classes else _with_numeric_target)(frame, options.target, notes)
    groups = times = None
    if options.time:
        order = np.argsort(_as_times(frame[options.time], options.time), kind="stable")
        frame = frame.iloc[order].reset_index(drop=True)
        times = frame.pop(options.time)
        tied = int(times.duplicated(keep=False).sum())
        tested = "no earlier" if tied else "later"
        ties = f" {tied:,} rows have an equal {options.time!r}: they can be on both sides of a split." if tied else ""
        notes.append(
            f"Rows are sorted by {options.time!r}; every fold is tested on {tested} rows than it was trained on.{ties}"
        )
        times = times.to_numpy()
    if options.group:
        missing = int(frame[options.group].isna().sum())
        if missing:
            raise CommandError(f"The column {options.group!r} of --group is empty in {missing} rows.")
        groups = frame.pop(options.group).astype(str).to_numpy()
        notes.append(f"Rows with the same {options.group!r} stay on one side of every split.")
    y = frame.pop(options.target).to_numpy()
    X = _with_dates(frame, notes, times is not None, can_sort=options.threat is None)
    X = _without_useless(X, notes)
    if not X.shape[1]:
        raise CommandError(f"No column of {options.data} is left to predict {options.target!r} with.")
    return Table(X, y, options.target, str(options.data), columns, groups, times, notes)


def read_table(path):
    """Return a CSV, TSV or Parquet file as a pandas frame."""
    _need("pandas")
    import pandas as pd

    path = Path(path)
    readers = {".csv": pd.read_csv, ".tsv": lambda p: pd.read_csv(p, sep="\t"), ".parquet": pd.read_parquet}
    suffix = path.suffixes[-2] if path.suffix == ".gz" and len(path.suffixes) > 1 else path.suffix
    if suffix.lower() not in readers:
        raise CommandError(f"{path} is not a .csv, .tsv or .parquet file.")
    if not path.is_file():
        raise CommandError(f"There is no file {path}.")
    try:
        frame = readers[suffix.lower()](path)
    except Exception as error:  # pandas and pyarrow raise many kinds
        raise CommandError(f"{path} cannot be read as {suffix[1:]}: {str(error).splitlines()[0]}") from None
    if suffix.lower() != ".parquet":
        _refuse_duplicated_header(path, frame)
    if frame.empty:
        raise CommandError(f"{path} holds no rows.")
    if frame.shape[1] == 1 and ";" in str(frame.columns[0]):
        raise CommandError(f"{path} looks separated by semicolons; write it with commas, or as .tsv or .parquet.")
    frame.columns = [str(name) for name in frame.columns]
    return frame


def _refuse_duplicated_header(path, frame):
    """pandas renames a second column "a" to "a.1" silently; say so instead."""
    doubled = [
        name for name in frame.columns if re.fullmatch(r"(.+)\.1", str(name)) and str(name)[:-2] in frame.columns
    ]
    if doubled:
        import pandas as pd

        separator = "\t" if ".tsv" in path.suffixes else ","
        header = pd.read_csv(path, sep=separator, header=None, nrows=1, dtype=str).iloc[0].tolist()
        twice = sorted({name for name in header if header.count(name) > 1})
        if twice:
            raise CommandError(f"{path} names {_listed(twice)} more than once; rename the columns.")


def _check_roles(frame, options):
    """Refuse columns that are not there, and options that contradict each other."""
    named = {"--target": options.target, "--group": options.group, "--time": options.time}
    named = {option: name for option, name in named.items() if name}
    for name in named.values():
        _check_column(frame.columns, name, options.data)
        twice = [option for option, other in named.items() if other == name]
        if len(twice) > 1:
            raise CommandError(f"The column {name!r} is named by both {' and '.join(twice)}.")
    if options.group and options.time:
        raise CommandError("--time and --group cannot be combined: splits by time do not keep groups together.")


def _check_column(columns, name, path):
    if name not in columns:
        close = get_close_matches(name, list(columns), n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"the columns are {_listed(columns)}."
        raise CommandError(f"{path} has no column {name!r}; {hint}")


def _settle_task(options, target, notes=()):
    """Set `options.task` and `options.scoring`: what --task says, else what other options imply, else what fits the
    target (None for a built-in table); refuse options of the other task.
    """
    given = [name for name in REGRESSION_ONLY if getattr(options, name) is not None]
    tasks = [task for task, names in SCORINGS.items() if options.scoring in names]
    if options.task is None:
        implied = ["regression"] if given else tasks
        if implied or target is None:
            options.task = implied[0] if implied else "regression"
        else:
            options.task = _task_of(target, notes)
    if options.task == "classification" and given:
        raise CommandError(f"--{given[0].replace('_', '-')} is for regression: a class has no such thing.")
    known = SCORINGS[options.task]
    options.scoring = known[0] if options.scoring is None else options.scoring
    if options.scoring not in known:
        raise CommandError(f"--scoring {options.scoring} is not for {options.task}; give one of {', '.join(known)}.")


def _task_of(target, notes):
    """Return "regression" for numbers with fractions or more than 20 different values, "classification" for others.

    Mostly numbers, or text that differs in every other row, is left to "regression", which says what is wrong with it.
    """
    import pandas as pd

    from skgan_resample._tables import is_continuous_target

    seen = target.dropna()
    if pd.api.types.is_bool_dtype(seen) or isinstance(seen.dtype, pd.CategoricalDtype):
        return "classification"
    numbers = pd.to_numeric(seen, errors="coerce").astype(float).dropna()
    if len(numbers) < len(seen):
        is_dirt = len(numbers) > len(seen) / 2 and is_continuous_target(numbers)
        return "regression" if is_dirt or seen.nunique() > MANY_LABELS * len(seen) else "classification"
    n_values = numbers.nunique()
    if n_values < 2 or np.isinf(numbers).any() or is_continuous_target(numbers):
        return "regression"
    notes.append(
        f"{target.name!r} holds {n_values} different whole numbers, taken as classes; --task regression takes them as "
        "amounts."
    )
    return "classification"


def _with_numeric_target(frame, target, notes):
    """Return the rows whose target is a number; refuse a target that is not numeric."""
    import pandas as pd

    values = frame[target]
    numbers = pd.to_numeric(values, errors="coerce").astype(float)
    words = values[numbers.isna() & values.notna()]
    if len(words):
        raise CommandError(
            f"The target {target!r} must hold numbers, but {len(words)} cells do not, such as {words.iloc[0]!r}."
        )
    if np.isinf(numbers).any():
        raise CommandError(f"The target {target!r} contains infinity in {int(np.isinf(numbers).sum())} rows.")
    missing = int(numbers.isna().sum())
    if missing:
        notes.append(f"{missing} rows without a value of {target!r} are left out.")
    frame = frame.assign(**{target: numbers})[numbers.notna()].reset_index(drop=True)
    if frame[target].nunique() < 2:
        raise CommandError(f"The target {target!r} has fewer than two different values: there is nothing to predict.")
    return frame


def _with_classes(frame, target, notes):
    """Return the rows whose class is known; numbers stay numbers, all else is text."""
    import pandas as pd

    known = frame[target].notna()
    if not known.all():
        notes.append(f"{int((~known).sum())} rows without a value of {target!r} are left out.")
    frame = frame[known].reset_index(drop=True)
    labels = frame[target]
    is_number = pd.api.types.is_numeric_dtype(labels) and not pd.api.types.is_bool_dtype(labels)
    return frame.assign(**{target: labels.astype(float if is_number else str)})


def _as_times(column, name):
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        times = column
    else:
        times = _parsed_dates(column)
        if times is None:
            raise CommandError(f"The column {name!r} of --time holds neither dates nor numbers.")
    if times.isna().any():
        raise CommandError(f"The column {name!r} of --time is empty in {int(times.isna().sum())} rows.")
    return times.to_numpy()


def _parsed_dates(column):
    """Return a text column as dates if every value reads as one, else None."""
    import pandas as pd

    seen = column.dropna().astype(str)
    if seen.empty or not seen.head(20).str.contains(DATE).all():
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dates = pd.to_datetime(column, errors="coerce")
    return dates if dates.notna().sum() == len(seen) else None


def _is_text(column):
    import pandas as pd

    return pd.api.types.is_string_dtype(column) or pd.api.types.is_object_dtype(column)


def _with_dates(X, notes, is_sorted, *, can_sort=True):
    """Return the table with text columns of dates turned into dates, said aloud."""
    import pandas as pd

    for name in X.columns:
        dates = _parsed_dates(X[name]) if _is_text(X[name]) else None
        if dates is not None:
            X = X.assign(**{name: dates})
        if pd.api.types.is_datetime64_any_dtype(X[name]) and not is_sorted:
            advice = f" If the future must not predict the past, use --time {name}." if can_sort else ""
            notes.append(f"{name!r} holds dates and is used as a number; rows are shuffled between folds.{advice}")
    return X


def _without_useless(X, notes):
    """Return the table without columns that hold one value or that only tell rows apart, said aloud."""
    for name in X.columns:
        nested = _is_text(X[name]) and X[name].map(lambda cell: isinstance(cell, list | dict | set | np.ndarray)).any()
        if nested:
            raise CommandError(f"The column {name!r} holds lists or records; leave it out or spread it over columns.")
    constant = [name for name in X.columns if X[name].nunique(dropna=False) <= 1]
    if constant:
        notes.append(f"Dropped, one value only: {_listed(constant)}.")
    ids = _identifiers(X.drop(columns=constant))
    if ids:
        notes.append(f"Dropped, they look like row identifiers: {_listed(ids)}.")
    many = [name for name in X.columns.difference([*constant, *ids], sort=False)
            if _is_text(X[name]) and X[name].nunique() > 20]  # fmt: skip
    if many:
        notes.append(f"Many levels, of which the learner sees the 20 most frequent: {_listed(many)}.")
    return X.drop(columns=[*constant, *ids])


def _identifiers(frame):
    """Return the columns that only tell rows apart: counters, unique integers named like keys, nearly unique text."""
    import pandas as pd

    found = []
    for name in frame.columns:
        column = frame[name].dropna()
        distinct = column.nunique() / max(1, len(column))
        if len(column) < 20:
            continue
        if pd.api.types.is_integer_dtype(column):
            counts_up = distinct == 1 and (np.abs(np.diff(column.to_numpy())) == 1).all()
            if counts_up or (distinct == 1 and ID_NAME.search(name)):
                found.append(name)
        elif _is_text(column) and distinct >= DISTINCT_IS_ID:
            found.append(name)
    return found


def _relevance(options, *, is_builtin):
    """Return the relevance that the options ask for; on the built-in table the highest tenth is rare."""
    from skgan_resample.relevance import Relevance

    method = options.relevance or ("quantile" if is_builtin else "extremes")
    side = options.side or ("high" if is_builtin else "both")
    if options.quantile is None:
        return Relevance(method, side=side)
    if method != "quantile":
        raise CommandError(f"--quantile needs --relevance quantile; the relevance is {method!r}.")
    return Relevance(method, side=side, quantile=options.quantile)


def _threat(text):
    """Return the threat model that "eps=0.1,unit=std,..." asks for; immutable columns are names still to be found."""
    from skgan_resample.threat import ThreatModel

    chosen = {}
    for part in text.split(","):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if name not in THREAT_VALUES or not equals:
            close = get_close_matches(name, THREAT_VALUES, n=1)
            hint = f"; did you mean {close[0]}?" if close and close[0] != name else "."
            raise CommandError(f"--threat {part.strip()!r} must be one of {'=, '.join(THREAT_VALUES)}={hint}")
        if name in chosen:
            raise CommandError(f"--threat says {name} twice.")
        try:
            chosen[name] = THREAT_VALUES[name](value)
        except ValueError as error:
            raise CommandError(f"--threat {name}={value}: {error}.") from None
    if "eps" not in chosen:
        raise CommandError(f"--threat needs eps, how far a column may be moved, {THREAT_EXAMPLE}.")
    return ThreatModel(**chosen)


def _amount(text):
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not (np.isfinite(value) and value > 0):
        raise ValueError("must be a number above 0, such as 0.1")
    return value


def _count(text):
    if not text.isdecimal():
        raise ValueError("must be a whole number, such as 1")
    return int(text)


def _one_of(*words):
    def read(text):
        if text not in words:
            raise ValueError(f"must be {' or '.join(words)}")
        return text

    return read


THREAT_VALUES = {
    "eps": _amount,
    "unit": _one_of("std", "range", "iqr", "raw"),
    "norm": _one_of("linf", "l2"),
    "bounds": _one_of("train"),
    "immutable": lambda text: [name.strip() for name in text.split("+")],
    "max_categorical_changes": _count,
}


def _used_columns(immutable, table):
    """Return the names among the columns that predict; others cannot be attacked anyway, if the table has them."""
    for name in immutable or ():
        _check_column(table.columns, name, table.source)
    return [name for name in immutable or () if name in table.X.columns] or None


def _learner(name, example="sklearn.svm:SVR"):
    """Return an instance of "module:Class", also of a file in this folder, or None for the default learner."""
    if name is None:
        return None
    module, _, cls = name.partition(":")
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))  # at the end, where it hides nothing
    try:
        learner = getattr(importlib.import_module(module), cls)()
    except Exception as error:  # the user's module can raise anything
        reason = str(error).split("\n")[0]
        raise CommandError(
            f"--learner {name} cannot be used ({reason}); give module:Class, such as {example}."
        ) from None
    if not hasattr(learner, "fit") or not hasattr(learner, "predict"):
        raise CommandError(f"--learner {name} has no fit and predict.")
    return learner


def _check_output_folder(out):
    if out.exists() and not (out.is_dir() and {path.name for path in out.iterdir()} <= REPORT_FILES):
        raise CommandError(f"{out} exists and is no earlier report; choose another folder with -o.")
    if not out.absolute().parent.is_dir():
        raise CommandError(f"The folder {out.absolute().parent} for the report does not exist.")


# ------------------------------------------------------------------------------------------------ resample
def run_resample(options):
    """Write a table with new rows behind the old ones, and columns that say where each row came from."""
    import pandas as pd

    from skgan_resample._report import refined_in_words

    sampler = _sampler(options)
    frame = read_table(options.data)
    out = Path(options.output)
    if out.suffix not in (".csv", ".parquet"):
        raise CommandError(f"-o {out} must end in .csv or .parquet.")
    if out.is_dir():
        raise CommandError(f"-o {out} is a folder.")
    if out.exists() and out.samefile(options.data):
        raise CommandError(f"-o {out} would overwrite the table itself; choose another file.")
    if not out.absolute().parent.is_dir():
        raise CommandError(f"The folder {out.absolute().parent} for the result does not exist.")
    taken = [name for name in PROVENANCE if name in frame.columns]
    if taken:
        raise CommandError(f"{options.data} has a column {taken[0]!r} already, which the result needs; rename it.")
    _check_column(frame.columns, options.target, options.data)
    used, constant = _selected_rows(frame, options)
    part = frame[used].drop(columns=list(constant)).reset_index(drop=True)
    if not pd.api.types.is_numeric_dtype(part[options.target]):
        raise CommandError(f"The target {options.target!r} must hold numbers.")
    ids = _identifiers(part.drop(columns=options.target))
    if ids:
        print(f"- They look like row identifiers and stay empty in new rows: {_listed(ids)}.")
    X, y = part.drop(columns=[options.target, *ids]), part[options.target]
    if not X.shape[1]:
        raise CommandError(f"No column of {options.data} is left beside {options.target!r} to resample.")
    with _one_sentence():
        X_new, y_new = sampler.fit_resample(X, y)
    new = sampler.is_synthetic_
    plain = getattr(sampler, "sampler_", sampler)  # of a refined one the sampler inside, which knows the parents
    made = X_new[new].assign(**{options.target: y_new[new], **constant}).reset_index(drop=True)
    made = made.astype({name: frame.dtypes[name] for name in made.columns}).reindex(columns=frame.columns)
    positions, parents = np.flatnonzero(used), plain.parent_indices_[: len(made)]
    parents = np.where(parents >= 0, positions[parents], -1)
    if out.suffix == ".csv" and not str(options.data).endswith(".parquet"):
        old, made = _cells_as_written(options.data), made.astype(object)
    else:
        whole = [name for name in ids if pd.api.types.is_integer_dtype(frame[name])]
        old = frame.astype(dict.fromkeys(whole, "Int64"))  # integers that may be missing
        made = made.astype(dict.fromkeys(whole, "Int64"))
    result = pd.concat([old, made], ignore_index=True)
    result["is_synthetic"] = np.arange(len(result)) >= len(frame)
    result["source_row"] = np.r_[np.arange(len(frame)), np.full(len(made), -1)]
    for j, name in enumerate(PROVENANCE[2:]):
        result[name] = np.r_[np.full(len(frame), -1), parents[:, j]]
    with _one_sentence():
        _write_table(result, out)
    if plain.bumps_:
        print(plain.relevance_.explain(y.to_numpy(dtype=float), plain.threshold) + ".")
    else:
        print("Nothing is rare.")
    if plain is not sampler and sampler.selected_ is not None:
        print(f"{options.method} {refined_in_words(sampler)}")
    print(f"{len(frame):,} rows and {len(made):,} new ones: {out}")
    if not options.only_rows_where:
        print("Resample after splitting: rows made from test rows leak into training. --only-rows-where COLUMN=VALUE "
              "resamples the training rows alone.")  # fmt: skip
    return 0


def _sampler(options):
    """Return the sampler that --method names, with the relevance, strategy, threshold and seed of the options."""
    from skgan_resample.model_selection._compare import default_methods, named_samplers

    known = named_samplers(default_methods(_relevance(options, is_builtin=False)))
    if options.method not in known:
        raise CommandError(f"--method {options.method} is unknown; known are {_listed(known, most=len(known))}.")
    sampler = known[options.method]
    plain = getattr(sampler, "sampler", sampler)
    plain.set_params(sampling_strategy=options.strategy)
    if options.threshold is not None:
        plain.set_params(threshold=options.threshold)
    return sampler.set_params(random_state=options.seed)


def _cells_as_written(path):
    """Return a text file's cells as they stand there: "00037" stays, and so do "NA" and an empty cell."""
    import pandas as pd

    separator = "\t" if ".tsv" in Path(path).suffixes else ","
    cells = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False)
    return cells.set_axis([str(name) for name in cells.columns], axis=1)


def _selected_rows(frame, options):
    """Return a mask of the rows to resample and, for the new rows, the value of the column that selects them."""
    if not options.only_rows_where:
        return np.ones(len(frame), dtype=bool), {}
    name, equals, value = options.only_rows_where.partition("=")
    if not equals:
        raise CommandError(f"--only-rows-where {options.only_rows_where} must read COLUMN=VALUE.")
    _check_column(frame.columns, name, options.data)
    if name == options.target:
        raise CommandError(f"--only-rows-where cannot select by {name!r}, which is the target.")
    mask = (frame[name].astype(str) == value).to_numpy()
    if not mask.any():
        raise CommandError(f"No row has {name} = {value}; found are {_listed(frame[name].astype(str).unique())}.")
    return mask, {name: frame.loc[mask, name].iloc[0]}


def _write_table(frame, out):
    """Write a table to a file beside the wanted one, then rename it: never half a file."""
    with tempfile.TemporaryDirectory(dir=out.absolute().parent) as folder:
        draft = Path(folder) / out.name
        if out.suffix == ".csv":
            frame.to_csv(draft, index=False)
        else:
            frame.to_parquet(draft, index=False)
        draft.replace(out)


# ------------------------------------------------------------------------------------------------ shared
def _listed(names, most=8):
    names = [str(name) for name in names]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _need(*modules):
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise CommandError(
            f'{" and ".join(missing)} is missing; install it with pip install "skgan-resample[compare]".'
        )


@contextlib.contextmanager
def _one_sentence():
    """Turn errors about the data into one sentence, and our own warnings into lines."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResamplingWarning)
        try:
            yield
        except NoRareRowsError as error:
            if "box plot" not in str(error):  # the user chose another relevance, or a threshold that nothing reaches
                raise CommandError(str(error)) from None
            raise CommandError(
                "No value of the target is an extreme of its box plot, so none is rare; --relevance quantile makes the "
                "outer tenth of each tail rare, with --side high or --side low of one."
            ) from None
        except (ValueError, TypeError, OSError) as error:
            raise CommandError(str(error)) from None
    for warning in caught:
        if issubclass(warning.category, ResamplingWarning):
            print(f"- {warning.message}")


@contextlib.contextmanager
def _progress(label):
    """Yield a callback (done, total) that moves a bar on a terminal, and does nothing elsewhere."""
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    except ImportError:
        yield None
        return
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _parser():
    parser = argparse.ArgumentParser(
        prog="skgan-resample", description="Resampling for skewed targets: does it help here?"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    compare = commands.add_parser("compare", help="does resampling help on this table, which method, at what price?")
    compare.add_argument(
        "data",
        nargs="?",
        help="a .csv, .tsv or .parquet file; if left out scikit-learn's diabetes data, with --task "
        "classification its breast cancer data",
    )
    compare.add_argument("--target", metavar="COLUMN", help="the column to predict")
    compare.add_argument("--learner", metavar="MODULE:CLASS", help="your model; default gradient boosting")
    compare.add_argument(
        "--task",
        choices=list(SCORINGS),
        help="default: classification for a target of text, booleans or at most 20 different whole numbers",
    )
    compare.add_argument(
        "--scoring",
        choices=[name for names in SCORINGS.values() for name in names],
        metavar="NAME",
        help=f"of amounts {', '.join(SCORINGS['regression'])}; of classes {', '.join(SCORINGS['classification'])}; "
        "default the first of each",
    )
    compare.add_argument(
        "--methods",
        metavar="A,B,...",
        help="default: all; see the first column of the table. With +smcae behind the name of a sampler, such as "
        "smogn+smcae, its new rows are moved into the distribution of the real ones, or dropped",
    )
    compare.add_argument("--group", metavar="COLUMN", help="rows of one group stay together")
    compare.add_argument("--time", metavar="COLUMN", help="train on the past, test on the future")
    compare.add_argument("--cv", type=int, default=5, help="outer folds, default %(default)s")
    compare.add_argument("--repeats", type=int, help="repeats of the outer folds, default 2, with --threat 1")
    compare.add_argument("--max-price", type=float, help="largest share by which the RMSE may rise, default 0.02")
    compare.add_argument("--max-common-price", type=float, help="likewise for common rows alone, default 0.05")
    compare.add_argument("--max-time", type=float, metavar="SECONDS", help="judge the folds that are done by then")
    compare.add_argument("--jobs", type=int, help="processes, default one per core")
    compare.add_argument("-o", "--output", default="report", metavar="FOLDER", help="default %(default)s/")
    compare.add_argument(
        "--threat",
        metavar="eps=E,KEY=VALUE,...",
        help="compare adversarial training instead, for a target of classes: what does it buy if each column can be "
        "moved by eps? Keys: eps, unit (std, range, iqr or raw), norm (linf or l2), bounds=train, "
        "immutable=COLUMN+COLUMN, max_categorical_changes. Methods: none, at, at-1.5, auto. Without DATA: "
        "scikit-learn's breast cancer data",
    )
    _add_shared(compare)
    compare.set_defaults(run=run_compare)

    resample = commands.add_parser("resample", help="write the table with new rows behind the old ones")
    resample.add_argument("data", help="a .csv, .tsv or .parquet file")
    resample.add_argument("--target", metavar="COLUMN", required=True, help="the column whose rare values get rows")
    resample.add_argument(
        "--method",
        default="smogn",
        metavar="NAME",
        help="smogn, smogan, smoter, noise or random, also with +smcae behind it; default %(default)s",
    )
    resample.add_argument("--strategy", type=_strategy, default="auto", help='"auto", "balance" or rare / common rows')
    resample.add_argument("--only-rows-where", metavar="COLUMN=VALUE", help="resample these rows, such as split=train")
    resample.add_argument("-o", "--output", required=True, metavar="FILE", help=".csv or .parquet")
    _add_shared(resample)
    resample.set_defaults(run=run_resample)

    versions = commands.add_parser("versions", help="print the versions that results depend on")
    versions.set_defaults(run=lambda options: show_versions())
    return parser


def _add_shared(parser):
    add = parser.add_argument
    add("--relevance", choices=["extremes", "quantile"], help="what is rare: the extremes of the box plot, default for "
        "your table, or the outer tenth, default for the built-in one")  # fmt: skip
    add("--side", choices=["both", "high", "low"], help="which tail matters; default both")
    add("--quantile", type=float, help="for --relevance quantile, default 0.9")
    add(
        "--threshold",
        type=float,
        help="relevance from which a row is rare; default 0.8, or 0.5 for smogan",
    )
    add("--seed", type=int, default=0, help="default %(default)s")


def _strategy(text):
    if text in ("auto", "balance"):
        return text
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither auto, balance nor a number") from None
