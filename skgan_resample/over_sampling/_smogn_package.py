"""SmognPackageSampler: the `smogn` package itself, made to run on today's NumPy and pandas, as a baseline.

`smogn` is under the GPL and none of its code is here. It is imported when rows are drawn; what keeps it from running
on NumPy 2.4 and pandas 3 is replaced in the namespaces of its modules, for the time of one call.
"""

import random
import sys
import warnings
from contextlib import contextmanager
from numbers import Integral, Real
from threading import Lock

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from skgan_resample._tables._origins import matched_rows
from skgan_resample.exceptions import NoRareRowsError, warn
from skgan_resample.over_sampling._base import BaseRegressionSampler, Draft, described


@described
class SmognPackageSampler(BaseRegressionSampler):
    """Over-sample rare target values with the `smogn` package, version 0.1.2 [1]_.

    A baseline for comparisons. `SMOGN` of this library is written from the paper, has none of the defects listed below
    and is many times faster. The package is an extra, ``pip install "skgan-resample[smogn]"``, and under the GPL.

    Parameters
    ----------
    relevance : Relevance, default=None
        What is rare; None is ``Relevance()``. Of the box-plot extremes the package takes `side` and `coef` and computes
        its own, with other quartiles. Otherwise it gets the control points; a callable has none and is refused.
    {threshold}
    sampling_strategy : {"balance", "extreme"}, default="balance"
        How the package decides on the number of new rows. "extreme" makes more of them.
    under_sampling : {"balance"}, default=None
        None keeps every real row. "balance" lets the package remove common rows, as it does by default.
    k_neighbors : int, default=5
        Neighbours to choose from.
    perturbation : float in (0, 1], default=0.02
        Standard deviation of the noise, as a share of the standard deviation of a column.
    {on_no_rare, random_state}

    Attributes
    ----------
    {relevance_, bumps_}
    sampling_strategy_ : dict
        Number of new rows by name of the bump in which their targets lie, or which is nearest; empty after `fit`.
    {is_synthetic_, kept_indices_, parent_indices_, encoder_, n_features_in_}

    Raises
    ------
    ImportError
        By `fit_resample`, if smogn or pandas cannot be imported.
    ValueError
        If a column is not numeric or has missing cells (the package drops such columns silently).
    RuntimeError
        If the package fails on the table; its own exception is the cause.

    See Also
    --------
    SMOGN : The same method from the paper, for tables of every kind.

    Notes
    -----
    During the call, and in the package's modules only, stand-ins replace what NumPy and pandas no longer allow; random
    numbers come from generators seeded by `random_state`; progress bars, prints and warnings are silent. Calls in
    several threads wait for one another. Our additions: rows that equal a real one are dropped, the new ones stand
    behind the real ones, and their values are snapped to the observed range and grid of each column.

    Defects of the package that remain:

    - the target of an interpolated row comes from distances that include the cell to be computed, uninitialised in the
      package, zero here;
    - a negative value in a column that also has positive ones becomes 0, or what is nearest to 0 on its grid;
    - distances include the target and are unscaled, so the column with the largest unit decides;
    - neighbours at equal distance give y_i + y_j / 2;
    - quartiles of the relevance are midpoints of neighbouring values, not hinges;
    - with ``under_sampling="balance"`` it removes the share that the paper keeps;
    - the time grows with the square of the number of rare rows: about a minute for 1,000 of them.

    References
    ----------
    .. [1] N. Kunz, "SMOGN: Synthetic Minority Over-Sampling Technique for Regression with Gaussian Noise",
       https://pypi.org/project/smogn, version 0.1.2, 2020.
    .. [2] P. Branco, L. Torgo, R. P. Ribeiro, "SMOGN: a pre-processing approach for imbalanced regression",
       PMLR 74, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan_resample.over_sampling import SmognPackageSampler
    >>> y = np.r_[np.arange(40.0), 80.0:100.0:4]
    >>> X = np.column_stack([y / 10, np.sqrt(y)])
    >>> sampler = SmognPackageSampler(random_state=0)
    >>> X_resampled, y_resampled = sampler.fit_resample(X, y)
    >>> len(y), len(y_resampled), sampler.sampling_strategy_
    (45, 57, {'high': 12})
    """

    draws_codes = False  # the package makes whole tables
    _parameter_constraints: dict = {
        **{
            name: BaseRegressionSampler._parameter_constraints[name]
            for name in ("relevance", "threshold", "under_sampling", "on_no_rare", "random_state")
        },
        "sampling_strategy": [StrOptions({"balance", "extreme"})],
        "k_neighbors": [Interval(Integral, 1, None, closed="left")],
        "perturbation": [Interval(Real, 0, 1, closed="right")],
    }

    def __init__(
        self,
        *,
        relevance=None,
        threshold=0.8,
        sampling_strategy="balance",
        under_sampling=None,
        k_neighbors=5,
        perturbation=0.02,
        on_no_rare="warn",
        random_state=None,
    ):
        super().__init__(
            relevance=relevance,
            threshold=threshold,
            sampling_strategy=sampling_strategy,
            under_sampling=under_sampling,
            on_no_rare=on_no_rare,
            random_state=random_state,
        )
        self.k_neighbors = k_neighbors
        self.perturbation = perturbation

    def _amounts(self, n_rows):
        """Return nothing: the package decides while it draws."""
        return {}

    def _check_X_y(self, X, y):
        """Read the table as the base class does; refuse columns that are not numeric or not complete."""
        codes, target = super()._check_X_y(X, y)
        columns = self.encoder_.columns_
        others = [c.name for c in columns if c.is_nominal or c.kind == "datetime"]
        if others:
            raise ValueError(
                f"SmognPackageSampler needs numeric columns; {others} hold text, categories, booleans or dates. "
                "Encode or drop them, or use SMOGN, which takes such columns."
            )
        missing = [c.name for c in columns if c.has_missing]
        if missing:
            raise ValueError(
                f"SmognPackageSampler needs complete rows; {missing} contain NaN, and the package would drop these "
                "columns. Impute them first, for instance with sklearn.impute.SimpleImputer, or use SMOGN."
            )
        return codes, target

    def _fit_resample(self, X, y):
        _import_smogn()
        return super()._fit_resample(X, y)

    def _resample(self, X, y, rng):
        """Return the positions of the rows kept and a Draft of the new ones."""
        table = np.column_stack([X, y])
        kept, drawn = np.arange(len(y)), table[:0]
        if self.bumps_:
            try:
                returned, drawn = _part_real_rows(table, self._call_package(table, rng))
                if self.under_sampling == "balance":
                    kept = returned
            except NoRareRowsError as error:
                if self.on_no_rare == "raise":
                    raise
                warn(f"The table is returned unchanged. {error}")
        self.sampling_strategy_ = _count_by_bump(drawn[:, -1], self.bumps_)
        return kept, Draft(drawn[:, :-1], drawn[:, -1], np.full((len(drawn), 2), -1))

    def _call_package(self, table, rng):
        """Return the rows that the package makes of a table, real ones among them, both with the target last."""
        pandas = _import_smogn()
        names = [f"column_{j}" for j in range(table.shape[1])]  # the caller's names and index could confuse the package
        options = {
            "y": names[-1],
            "k": self.k_neighbors,
            "pert": self.perturbation,
            "samp_method": self.sampling_strategy,
            "under_samp": self.under_sampling == "balance",
            "rel_thres": self.threshold,
            **_relevance_options(self.relevance_),
        }
        with _mended_package(rng) as smoter:
            try:
                frame = smoter(data=pandas.DataFrame(table, columns=names), **options)
                drawn = frame[names].to_numpy(dtype=float)
                if not np.isfinite(drawn).all():
                    raise ValueError("the rows returned contain NaN or infinity")
            except Exception as error:
                if "redefine phi relevance function" in str(error):
                    raise NoRareRowsError(
                        f"The package smogn finds that all rows of y or none are rare at threshold={self.threshold:g}; "
                        "change `threshold` or choose another relevance, such as Relevance(method='quantile')."
                    ) from error
                raise RuntimeError(
                    f"The package smogn failed on this table of {len(table)} rows and {table.shape[1] - 1} columns "
                    f"({type(error).__name__}: {error}). SMOGN of this library does the same without the package."
                ) from error
        return drawn

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.string = tags.input_tags.categorical = False
        return tags


# ------------------------------------------------------------------------------------------------ in and out
def _relevance_options(relevance):
    """Return the arguments by which the package decides what is rare."""
    if getattr(relevance, "method", None) == "extremes" and relevance.boxplot == "tukey":
        return {"rel_method": "auto", "rel_xtrm_type": relevance.side, "rel_coef": relevance.coef}
    points = getattr(relevance, "control_points_", None)
    if points is None:
        raise ValueError(
            f"SmognPackageSampler cannot pass {relevance!r} to the package, which takes box-plot extremes or control "
            "points; use Relevance(method='control_points', control_points=[(y, relevance), ...])."
        )
    return {"rel_method": "manual", "rel_ctrl_pts_rg": points}


def _part_real_rows(table, drawn):
    """Return the positions in `table` of the rows of `drawn` that are real, and the other rows of `drawn`."""
    # From the end, where the package puts real rows: of equal rows, those count as real and the ones before as new.
    origins = matched_rows(table, drawn[::-1])[::-1]
    return np.sort(origins[origins >= 0]), drawn[origins < 0]


def _count_by_bump(targets, bumps):
    """Return how many targets lie in or nearest to each bump; common bumps only where there are any."""
    if not bumps:
        return {}
    distances = [np.maximum(bump.low - targets, targets - bump.high) for bump in bumps]  # (n_bumps, n_drawn)
    counts = np.bincount(np.argmin(distances, axis=0), minlength=len(bumps)).tolist()
    return {bump.name: count for bump, count in zip(bumps, counts) if bump.is_rare or count}


# ------------------------------------------------------------------------------------------------ the package
_PATCHING = Lock()


def _import_smogn():
    """Import the package; return pandas."""
    try:
        import pandas
        import smogn  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f'SmognPackageSampler needs the packages smogn and pandas: pip install "skgan-resample[smogn]" ({error}).'
        ) from error
    return pandas


@contextmanager
def _mended_package(rng):
    """Yield the package's `smoter` while stand-ins are in the namespaces of its modules, and there alone."""
    seed = rng.randint(2**31 - 1)
    stand_ins = {
        "np": _Numpy(np.random.RandomState(seed)),
        "rd": random.Random(seed),
        "tqdm": lambda rows, **options: rows,  # no progress bar
    }
    with _PATCHING:
        modules = [vars(module) for name, module in sys.modules.items() if name.split(".")[0] == "smogn"]
        swapped = [(space, name, space[name]) for space in modules for name in stand_ins if name in space]
        try:
            for space, name, _ in swapped:
                space[name] = stand_ins[name]
            for space in modules:
                space["print"] = lambda *args, **options: None  # hides the builtin
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # pandas' deprecations, once for each column
                yield sys.modules["smogn"].smoter
        finally:
            for space, name, original in swapped:
                space[name] = original
            for space in modules:
                space.pop("print", None)


class _Numpy:
    """NumPy, but for what the package uses in a way that NumPy no longer allows or never promised."""

    def __init__(self, rng):
        self.random = _Draws(rng)
        self.ndarray = _ZeroedArray

    def __getattr__(self, name):
        return getattr(np, name)

    @staticmethod
    def quantile(a, q, interpolation="linear"):
        return np.quantile(a, q, method=interpolation)


class _ZeroedArrayType(type):
    def __call__(cls, shape):
        return np.zeros(shape)

    def __instancecheck__(cls, instance):
        return isinstance(instance, np.ndarray)


class _ZeroedArray(metaclass=_ZeroedArrayType):
    """`np.ndarray`, whose memory is uninitialised, as a call; still itself in `isinstance`."""


class _Draws:
    """The functions of `np.random`, drawing from a private generator."""

    def __init__(self, rng):
        self._rng = rng

    def choice(self, *args, **kwargs):
        return np.asarray(self._rng.choice(*args, **kwargs)).view(_Drawn)

    def normal(self, *args, **kwargs):
        return np.asarray(self._rng.normal(*args, **kwargs)).view(_Drawn)

    def __getattr__(self, name):
        return getattr(self._rng, name)


class _Drawn(np.ndarray):
    """An array that `int` and `float` take if it has one element, as they did before NumPy 2.4."""

    def __int__(self):
        return int(self.item())

    def __float__(self):
        return float(self.item())
