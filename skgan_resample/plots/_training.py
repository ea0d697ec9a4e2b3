"""How networks were trained."""

from skgan_resample.plots._base import Display, described
from skgan_resample.plots._frame import finish, vertical_line
from skgan_resample.plots._palette import BLUE, GREY, LINE_STYLES, RED, SERIES


@described
class TrainingDisplay(Display):
    """How a network was trained: the score at each evaluation, lower is better, and the step that was kept.

    A history without scores is shown by its losses, one line each.

    Parameters
    ----------
    history : list of dict
        As an estimator's ``history_``: "step" in each record, and "score" or names that end in "loss".
    best_step : int
        The step that was kept.
    {score_name}

    {Attributes, ax_, figure_}

    Examples
    --------
    >>> from skgan_resample.plots import TrainingDisplay
    >>> history = [{"step": 0, "score": 0.5}, {"step": 10, "score": 0.2}, {"step": 20, "score": 0.3}]
    >>> display = TrainingDisplay(history=history, best_step=10).plot()
    >>> display.ax_.get_title()
    'kept: step 10 of 20'
    """

    def __init__(self, *, history, best_step, score_name="score"):
        self.history = history
        self.best_step = best_step
        self.score_name = score_name

    @classmethod
    def from_estimator(cls, estimator, *, score_name="score", ax=None):
        """Draw the history of a fitted estimator.

        Parameters
        ----------
        estimator : estimator with ``history_`` and ``best_step_``
            `SMOGANRegressorResampler`, `SMCAETransformer`, `HardTripletSampler` or `HardTripletEmbedder`.
        {score_name, ax}

        {Returns, display}

        Raises
        ------
        ValueError
            If no network was trained.
        TypeError
            If the estimator has no such history.
        """
        if not hasattr(estimator, "history_") or not hasattr(estimator, "best_step_"):
            hint = "; see RobustOverfittingDisplay" if hasattr(estimator, "runs_") else ""
            raise TypeError(f"{type(estimator).__name__} has no history_ and best_step_ to draw{hint}.")
        if not estimator.history_:
            raise ValueError(f"{type(estimator).__name__} has trained no network, so there is no history to draw.")
        return cls(history=estimator.history_, best_step=estimator.best_step_, score_name=score_name).plot(ax=ax)

    def _draw(self, ax):
        scores, height = self._series("score"), None
        if scores:
            marker = "." if len(scores) < 40 else ""  # more of them would be a thick line
            (curve,) = ax.plot(*zip(*scores), color=BLUE, marker=marker, label="score")
            start = ax.axhline(scores[0][1], color=GREY, linestyle=":", linewidth=1.2, label="untrained")
            height = dict(scores).get(self.best_step)
            lines = [curve, start] if scores[0][0] == 0 else [curve]
        else:
            # A dict keeps the order in which the losses first come.
            names = [name for name in dict.fromkeys(key for record in self.history for key in record) if "loss" in name]
            lines = []
            for name, color, style in zip(names, SERIES, LINE_STYLES):
                words = name.replace("_", " ")
                lines += ax.plot(*zip(*self._series(name)), color=color, linestyle=style, label=words)
        if height is not None:  # without a score at that step there is only its place on the horizontal axis
            lines += ax.plot(self.best_step, height, "D", color=RED, markersize=6, linestyle="none", label="step kept")
        elif self.best_step is not None:
            lines.append(vertical_line(ax, self.best_step, "step kept"))
        last = self.history[-1]["step"]
        kept = "" if self.best_step is None else f"kept: step {self.best_step:,} of {last:,}"
        finish(ax, lines, title=kept, xlabel="step", ylabel=self.score_name if scores else "loss")

    def _series(self, name):
        """Return (step, value) of the records that have this value."""
        return [(record["step"], record[name]) for record in self.history if record.get(name) is not None]
