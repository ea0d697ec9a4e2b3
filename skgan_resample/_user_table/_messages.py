"""Errors that a user can correct, each in one sentence, and lists of names in words."""

import contextlib
import importlib.util
import warnings
from concurrent.futures import BrokenExecutor

from skgan_resample.exceptions import NoRareRowsError, ResamplingWarning


class CommandError(ValueError):
    """Something that the user can correct; the message is the whole output."""


def listed(names, most=8):
    """Return names as text, the first ones if they are many."""
    names = [str(name) for name in names]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def need(*modules):
    """Refuse to go on without a module of the extra "compare"."""
    for name in modules:
        if importlib.util.find_spec(name) is None:
            raise CommandError(f'{name} is missing; install it with pip install "skgan-resample[compare]".')


@contextlib.contextmanager
def one_sentence():
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
        except BrokenExecutor:
            raise CommandError(
                "The system ended a worker process, mostly because memory ran out; take fewer --jobs. The same command "
                "goes on from there."
            ) from None
    for warning in caught:
        if issubclass(warning.category, ResamplingWarning):
            print(f"- {warning.message}")
