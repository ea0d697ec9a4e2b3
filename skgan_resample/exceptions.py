"""Every warning and error of this library that a user can meet."""

import sys
import warnings


class ResamplingWarning(UserWarning):
    """Something was done that the caller may not expect, such as a table returned unchanged.

    Examples
    --------
    Make an error of it where nobody reads warnings:

    >>> import warnings
    >>> from skgan_resample import SMOGN, ResamplingWarning
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", ResamplingWarning)
    ...     try:
    ...         SMOGN().fit_resample([[0], [1], [2], [3]], [1, 2, 3, 4])
    ...     except ResamplingWarning:
    ...         print("no rare row, nothing done")
    no rare row, nothing done
    """


class NoRareRowsError(ValueError):
    """The relevance function finds no rare target value, so there is nothing to over-sample.

    Examples
    --------
    >>> from skgan_resample import SMOGN, NoRareRowsError
    >>> try:
    ...     SMOGN(on_no_rare="raise").fit_resample([[0], [1], [2], [3]], [1, 2, 3, 4])
    ... except NoRareRowsError:
    ...     print("no rare row")
    no rare row
    """


class NonFiniteLossError(FloatingPointError):
    """A loss, a score or a weight became NaN or infinite during training, so the networks are of no use.

    Examples
    --------
    It can be caught as the FloatingPointError that it is:

    >>> from skgan_resample import NonFiniteLossError
    >>> issubclass(NonFiniteLossError, FloatingPointError)
    True
    """


_LIBRARIES = {"skgan_resample", "sklearn", "imblearn", "joblib", "contextlib"}  # a warning points outside of these


def warn(message):
    """Issue a ResamplingWarning that points at the line of the caller's own code."""
    # Up the stack to the first frame outside of the libraries; a module is named by the globals of its frame.
    level, frame = 1, sys._getframe(0)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] in _LIBRARIES:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, ResamplingWarning, stacklevel=level)
