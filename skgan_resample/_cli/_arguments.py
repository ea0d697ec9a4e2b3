"""The parser of the command line, and words of an option that become objects."""

import argparse
import contextlib
import importlib
import sys
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from skgan_resample._user_table._messages import CommandError

SCORINGS = {  # the first one is the default
    "regression": ["sera", "rmse", "rare_mae", "common_rmse"],
    "classification": ["average_precision", "f1", "g_mean", "balanced_accuracy", "brier"],
}
SEPARATOR_NAMES = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "bar": "|", "pipe": "|"}
THREAT_VALUES = {  # parameters of ThreatModel, and what makes them of text
    **{"eps": float, "unit": str, "norm": str, "bounds": str, "max_categorical_changes": int},
    "immutable": lambda text: [name.strip() for name in text.split("+")],
}
ABOUT = """\
Rare cases in a table: does resampling help here, which method, at what cost, and is that more than noise?

examples:
  skgan-resample compare                                        a real table of numbers, built in; some minutes
  skgan-resample compare --task classification                  a real table of classes, built in
  skgan-resample compare DATA.csv --target COLUMN               your table, a numeric target or classes
  skgan-resample compare DATA.csv --target COLUMN --max-time 300      an answer after five minutes
  skgan-resample compare DATA.csv --target COLUMN --threat eps=0.1    does adversarial training help?
  skgan-resample resample DATA.csv --target COLUMN -o MORE.csv  write the table with new rows

`skgan-resample compare --help` lists the options. The answer is printed, and written to report/index.html.
"""
COMPARE_EXAMPLES = """\
examples:
  skgan-resample compare claims.csv --target cost --group customer --max-time 600
  skgan-resample compare claims.csv --target cost --time day --estimator sklearn.svm:SVR
  skgan-resample compare churn.csv --target left --scoring f1 --methods weights,smote,hard-triplet
  skgan-resample compare churn.csv --target left --threat eps=0.1,unit=std,immutable=age

Ctrl-C loses nothing: the same command goes on where it stopped.
"""
RESAMPLE_EXAMPLES = """\
examples:
  skgan-resample resample claims.csv --target cost --only-rows-where split=train -o more.csv
  skgan-resample resample claims.csv --target cost --method smogan --strategy balance -o more.parquet
"""


# ------------------------------------------------------------------------------------------------ values of options
def _value(convert, is_right, complaint):
    """Return a type for argparse: text converted, and refused with a complaint unless it is right."""

    def read(text):
        with contextlib.suppress(ValueError):
            value = convert(text)
            if is_right(value):
                return value
        raise argparse.ArgumentTypeError(f"{text!r} {complaint}")

    return read


def _whole(least):
    return _value(int, lambda value: value >= least, f"is no whole number of at least {least}")


SECONDS = _value(float, lambda value: 0 < value < np.inf, "is no number of seconds above 0, such as 300")
SHARE = _value(float, lambda value: value >= 0, "must be at least 0, such as 0.02 for 2 %")
STRATEGY = _value(
    lambda text: text if text in ("auto", "balance") else float(text),
    lambda value: value == value,  # NaN is not
    "is neither auto, balance nor a number",
)
SEPARATOR = _value(
    lambda text: SEPARATOR_NAMES.get(text.lower(), text),
    lambda sign: len(sign) == 1 and not sign.isalnum() and sign not in "\"'\n\r",
    "is no sign such as ';', nor comma, semicolon, tab or bar",
)


# ------------------------------------------------------------------------------------------------ the parser
class _Parser(argparse.ArgumentParser):
    """A parser that reports a mistake in one sentence, without a page of usage before it."""

    def error(self, message):
        raise CommandError(f"{message.removeprefix('argument ')}; {self.prog} --help lists the options.")


def parser():
    """Return the parser; what it returns names the command in `command`."""
    top = _Parser(prog="skgan-resample", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(required=True, metavar="COMMAND", dest="command")
    _add_compare(commands)
    _add_resample(commands)
    commands.add_parser("versions", help="print the versions that results depend on")
    return top


def _command(commands, name, sentence, examples):
    return commands.add_parser(
        name,
        help=sentence,
        description=sentence[0].upper() + sentence[1:],
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _add_compare(commands):
    sentence = "does resampling help on this table, which method, at what cost?"
    add = _command(commands, "compare", sentence, COMPARE_EXAMPLES).add_argument
    add("data", nargs="?", help="a .csv, .tsv (also .gz) or .parquet file; if left out scikit-learn's diabetes data, "
        "with --task classification or --threat its breast cancer data")  # fmt: skip
    add("--target", metavar="COLUMN", help="the column to predict")
    _add_reading(add)
    add("--task", choices=list(SCORINGS), help="default: classification for a target of text, booleans or at most 20 "
        "different whole numbers")  # fmt: skip
    add("--estimator", metavar="MODULE:CLASS", help="your model; default gradient boosting")
    add(
        "--scoring",
        choices=[name for names in SCORINGS.values() for name in names],
        metavar="NAME",
        help=f"for a numeric target {', '.join(SCORINGS['regression'])}; for classes "
        f"{', '.join(SCORINGS['classification'])}; default the first of each",
    )
    add("--methods", metavar="A,B,...", help="default: all; see the first column of the table. With +smcae behind the "
        "name of a sampler, such as smogn+smcae, its new rows are moved into the distribution of the real ones, or "
        "dropped")  # fmt: skip
    add("--group", metavar="COLUMN", help="rows of one group stay together")
    add("--time", metavar="COLUMN", help="train on the past, test on the future")
    add("--cv", type=_whole(2), metavar="N", default=5, help="outer folds, default %(default)s")
    add("--repeats", type=_whole(1), metavar="N", help="repeats of the outer folds, default 2, with --threat 1")
    add("--max-rmse-increase", type=SHARE, metavar="SHARE", help="a method may raise the RMSE by at most this share, "
        "default 0.02")  # fmt: skip
    add("--max-common-increase", type=SHARE, metavar="SHARE", help="likewise on common rows alone, default 0.05")
    add("--max-time", type=SECONDS, metavar="SECONDS", help="end after this time, judge the folds that are done, and "
        "draw fewer rows if the table is too large for all of them; the same command goes on later")  # fmt: skip
    add("--jobs", type=_whole(1), metavar="N", help="processes, default one per core")
    add("-o", "--output", default="report", metavar="FOLDER", help="default %(default)s/")
    add("--threat", metavar="eps=E,KEY=VALUE,...", help="compare adversarial training instead, for classes: "
        "what does it buy if each column can be moved by eps? Keys: eps, unit (std, range, iqr or raw), norm (linf or "
        "l2), bounds=train, immutable=COLUMN+COLUMN, max_categorical_changes. Methods: none, at, at-1.5, "
        "auto")  # fmt: skip
    _add_shared(add)


def _add_resample(commands):
    sentence = "write the table with new rows behind the old ones"
    add = _command(commands, "resample", sentence, RESAMPLE_EXAMPLES).add_argument
    add("data", help="a .csv, .tsv (also .gz) or .parquet file")
    add("--target", metavar="COLUMN", required=True, help="the column whose rare values get rows")
    _add_reading(add)
    add("--method", default="smogn", metavar="NAME", help="smogn, smogan, smoter, noise or random, also with +smcae "
        "behind it; default %(default)s")  # fmt: skip
    add("--strategy", type=STRATEGY, default="auto", help='"auto", "balance" or rare / common rows')
    add("--only-rows-where", metavar="COLUMN=VALUE", help="resample these rows, such as split=train")
    add("-o", "--output", required=True, metavar="FILE", help=".csv or .parquet")
    _add_shared(add)


def _add_reading(add):
    add("--sep", type=SEPARATOR, metavar="SIGN", help="between columns, such as ';' or tab; default what the header "
        "shows")  # fmt: skip
    add("--decimal", choices=[".", ","], help="decimal sign; default what the numbers show")


def _add_shared(add):
    add("--relevance", choices=["extremes", "quantile"], help="what is rare: the extremes of the box plot, default for "
        "your table, or the outer tenth of each side asked for, default for the built-in one")  # fmt: skip
    add("--side", choices=["both", "high", "low"], help="which tail matters; default both, for the "
        "built-in table high")  # fmt: skip
    add("--quantile", type=float, metavar="Q", help="for --relevance quantile, default 0.9")
    add("--threshold", type=float, metavar="T", help="relevance from which a row is rare; default 0.8, or 0.5 for "
        "smogan")  # fmt: skip
    add("--seed", type=_whole(0), metavar="N", default=0, help="default %(default)s")


# ------------------------------------------------------------------------------------------------ words to objects
def asked_relevance(options, *, is_builtin=False):
    """Return the relevance that the options describe; on the built-in table the highest tenth is rare."""
    from skgan_resample.relevance import Relevance

    method = options.relevance or ("quantile" if is_builtin else "extremes")
    side = options.side or ("high" if is_builtin else "both")
    if options.quantile is None:
        return Relevance(method, side=side)
    if method != "quantile":
        raise CommandError(f"--quantile needs --relevance quantile; the relevance is {method!r}.")
    return Relevance(method, side=side, quantile=options.quantile)


def asked_estimator(name, example="sklearn.svm:SVR"):
    """Return an instance of "module:Class", also of a file in this folder, or None for the default estimator."""
    if name is None:
        return None
    module, _, kind = name.partition(":")  # sklearn.svm:SVR
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))  # at the end, where it hides nothing
    try:
        estimator = getattr(importlib.import_module(module), kind)()
    except Exception as error:  # the user's module can raise anything
        reason = str(error).split("\n")[0]
        raise CommandError(
            f"--estimator {name} cannot be used ({reason}); give module:Class, such as {example}."
        ) from None
    return estimator  # `compare` refuses what has no fit and predict


def asked_threat(text):
    """Return the threat model of "eps=0.1,unit=std,..."; its values are checked where it is fitted."""
    from skgan_resample.threat import ThreatModel

    chosen = {}
    for part in text.split(","):  # key=value
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if name not in THREAT_VALUES or not equals:
            is_number = not equals and name.replace(".", "", 1).isdecimal()
            close = [f"eps={name}"] if is_number else get_close_matches(name, THREAT_VALUES, n=1)
            hint = f"; did you mean {close[0]}?" if close and close[0] != name else "."
            raise CommandError(f"--threat {part.strip()!r} must be one of {'=, '.join(THREAT_VALUES)}={hint}")
        if name in chosen:
            raise CommandError(f"--threat names {name} twice.")
        try:
            chosen[name] = THREAT_VALUES[name](value)
        except ValueError:
            raise CommandError(f"--threat {name}={value} must be a number.") from None
    if "eps" not in chosen:
        raise CommandError("--threat needs eps, how far a column may be moved, such as --threat eps=0.1,unit=std.")
    return ThreatModel(**chosen)
