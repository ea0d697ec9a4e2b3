"""Squared error by relevance."""

import numpy as np
from sklearn.utils.validation import check_consistent_length

from skgan_resample.plots._base import Display, described
from skgan_resample.plots._frame import finish, shortened, text_size
from skgan_resample.plots._palette import GREY, LINE_STYLES, SERIES
from skgan_resample.relevance import Relevance

CURVE = "squared error-relevance curve"  # marks our curves, so that other displays on the same axes know them


@described
class SerCurveDisplay(Display):
    """Squared error of the rows that matter at least so much: the curve whose area is SERA.

    SERA is the squared error-relevance area (`sera_score`). SER(t) is the sum of squared errors over the rows with a
    relevance of at least t (`ser_curve`). At 0 it counts every row, which adds no area and may lie above the picture;
    at 1 it counts the most relevant ones alone. A curve below another one at all t is better for every threshold of
    relevance; where curves cross, SERA weighs one part against the other. How many rows are left stands above the axes:
    with few of them the right end is decided by a handful of errors. Several displays can share axes; the numbers of
    rows are those of the first one.

    Parameters
    ----------
    thresholds : ndarray of shape (n_thresholds,)
        From 0 to 1, increasing.
    ser : dict of ndarray of shape (n_thresholds,)
        By name of the predictions, SER at the thresholds.
    n_rows : ndarray of int, shape (n_thresholds,)
        How many rows reach each threshold.
    baseline : ndarray of shape (n_thresholds,) or None, default=None
        SER of the predictions to beat.

    Attributes
    ----------
    sera : dict of float
        By name of the predictions, the area under the curve.
    lines_ : list of matplotlib Line2D
        The curves, in the order of `ser`.
    {ax_, figure_}

    Examples
    --------
    >>> from skgan_resample import Relevance
    >>> from skgan_resample.plots import SerCurveDisplay
    >>> relevance = Relevance("control_points", control_points=[(0, 0), (10, 1)]).fit([0, 10])
    >>> display = SerCurveDisplay.from_predictions([0, 5, 10], [1, 3, 7], relevance=relevance)
    >>> display.thresholds, display.ser["predictions"], display.n_rows
    (array([0. , 0.5, 1. ]), array([14., 13.,  9.]), array([3, 2, 1]))
    >>> display.sera
    {'predictions': 11.0}
    """

    _size = 6.4, 3.8

    def __init__(self, *, thresholds, ser, n_rows, baseline=None):
        self.thresholds = thresholds
        self.ser = ser
        self.n_rows = n_rows
        self.baseline = baseline

    @classmethod
    def from_estimator(cls, estimator, X, y, *, relevance, name=None, baseline=None, ax=None):
        """Draw the curve of a fitted regressor, on rows that it was not trained on.

        Parameters
        ----------
        estimator : regressor
            Fitted; it may be a Pipeline.
        {X, y}
        relevance : Relevance
            Fitted to the training targets.
        name : str, default=None
            Of the curve; None takes the class of the estimator.
        baseline : float or array-like of shape (n_samples,), default=None
            Predictions to beat, such as the mean of the training targets, drawn in grey.
        {ax}

        {Returns, display}
        """
        name = type(estimator).__name__ if name is None else name
        return cls.from_predictions(y, estimator.predict(X), relevance=relevance, name=name, baseline=baseline, ax=ax)

    @classmethod
    def from_predictions(cls, y_true, y_pred, *, relevance, name=None, baseline=None, ax=None):
        """Draw the curves of predictions.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            Target values.
        y_pred : array-like of shape (n_samples,) or dict of array-like
            Predictions, or several by name.
        relevance : Relevance
            Fitted to the training targets.
        name : str, default=None
            Of a single curve; None is "predictions".
        baseline : float or array-like of shape (n_samples,), default=None
            Predictions to beat, such as the mean of the training targets, drawn in grey.
        {ax}

        {Returns, display}

        Raises
        ------
        TypeError
            When `relevance` is not a `Relevance`; its values for single rows would not say what it was fitted to.
        ValueError
            When there are no predictions, or a name for several.
        """
        from skgan_resample.metrics import ser_curve

        if not isinstance(relevance, Relevance):
            raise TypeError(f"SerCurveDisplay needs a fitted Relevance; got {type(relevance).__name__}.")
        phi = relevance(y_true)
        if not isinstance(y_pred, dict):
            y_pred = {"predictions" if name is None else name: y_pred}
        elif name is not None:
            raise ValueError(f"The names of several predictions are their keys; got name={name!r} as well.")
        if not y_pred:
            raise ValueError("There are no predictions to draw: y_pred is an empty dict.")
        ser = {}
        for key, values in y_pred.items():
            check_consistent_length(y_true, values)
            thresholds, ser[key] = ser_curve(y_true, values, relevance=phi)
        if baseline is not None:
            if np.ndim(baseline) == 0:
                baseline = np.full(len(phi), float(baseline))
            baseline = ser_curve(y_true, baseline, relevance=phi)[1]
        n_rows = len(phi) - np.searchsorted(np.sort(phi), thresholds)
        return cls(thresholds=thresholds, ser=ser, n_rows=n_rows, baseline=baseline).plot(ax=ax)

    @property
    def sera(self):
        """The area under each curve, by name."""
        return {name: self._area(ser) for name, ser in self.ser.items()}

    def _draw(self, ax):
        known = [line for line in ax.lines if line.get_gid() == CURVE]  # of other displays
        start = sum(line.get_color() != GREY for line in known)  # grey lines are baselines
        self.lines_ = []
        for i, (name, ser) in enumerate(self.ser.items(), start=start):
            style = {"color": SERIES[i % len(SERIES)], "linestyle": LINE_STYLES[i % len(LINE_STYLES)]}
            self.lines_.append(self._step(ax, ser, shortened(name, 34), **style))
            if len(self.ser) == 1 and not known:
                ax.fill_between(self.thresholds, ser, step="pre", color=style["color"], alpha=0.12, linewidth=0)
        lines = [*known, *self.lines_]
        if self.baseline is not None:
            lines.append(self._step(ax, self.baseline, "baseline", color=GREY, linewidth=3.5, zorder=1))
        ax.set_xlim(0, 1)
        highest = max(line.get_ydata()[1:].max() for line in lines)  # without SER(0), which adds no area
        ax.set_ylim(0, 1.05 * highest or 1.0)
        unit = f"{_scale(ax.yaxis, highest)}squared target units"
        finish(ax, lines, xlabel="relevance of at least t", ylabel=f"squared error, SER(t)\n({unit})")
        if not ax.child_axes:
            self._write_numbers(ax)

    def _step(self, ax, ser, name, **style):
        """Draw one curve: SER keeps its value up to and with a threshold."""
        words = f"{name}: SERA {_number(self._area(ser))}"
        (line,) = ax.plot(self.thresholds, ser, drawstyle="steps-pre", gid=CURVE, label=words, **style)
        return line

    def _area(self, ser):
        return float(np.diff(self.thresholds) @ ser[1:])

    def _write_numbers(self, ax):
        """Write above an axes how many rows have at least the relevance below."""
        ticks = ax.get_xticks()
        ticks = ticks[(ticks >= 0) & (ticks <= 1)]
        counts = self.n_rows[np.searchsorted(self.thresholds, ticks - 1e-9)]
        top = ax.secondary_xaxis("top")
        top.set_xticks(ticks, [f"{count:,}" for count in counts])
        top.tick_params(labelsize=text_size(ax, 0.9), length=2)
        top.spines["top"].set_visible(False)
        top.set_xlabel("number of rows", fontsize=text_size(ax))


def _number(value):
    """Return a number with at least three digits."""
    if 0.01 <= value < 1e6 or value == 0:
        return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
    power = _power(value)
    return f"{value / 10.0**power:.3g}×{_ten(power)}"


def _scale(axis, highest):
    """Let an axis of large or small numbers be labelled in powers of ten; return the power, for its label."""
    from matplotlib.ticker import FuncFormatter

    if highest == 0 or 0.01 <= highest < 10_000:
        return ""
    power = _power(highest)
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 10.0**power:g}"))
    return f"{_ten(power)} "


def _power(value):
    """Return the power of ten of a number, as a multiple of three."""
    return 3 * int(np.floor(np.log10(value) / 3))


def _ten(power):
    return "10" + str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
