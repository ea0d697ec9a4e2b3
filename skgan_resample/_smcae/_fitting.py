"""One fit of SMCAETransformer: which map is taken, and that map for all rows."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from skgan_resample._smcae import _selection, _training
from skgan_resample._smcae._maps import identity
from skgan_resample._validation import warn

MIN_HELD_OUT_FROM = 60  # real rows from which, without a selection, some are held out to choose the step
N_NEAREST = 5  # real rows with the nearest targets, of which one stands for a synthetic row
MIN_CLASS_ROWS = 5  # rows of a class on both sides for its variance to be looked at
VARIANCE_RATIOS = 0.5, 2.0  # variance of moved rows within classes over that of real ones; beyond: the base map alone


@dataclass
class Origin:
    """How synthetic rows came about, as far as `SyntheticRefiner` knows.

    Parameters
    ----------
    draw : callable (rows) -> Sample or None
        Makes synthetic rows of some of the real ones, for the folds of the selection. None: the rows given do.
    can_drop : bool
        Whether doing without synthetic rows is a candidate.
    shifts_target : bool
        Whether the synthetic rows have other targets than the real ones on purpose, as those of an over-sampler:
        they are compared with real rows of such targets then, and what is well predicted is weighed accordingly.
    """

    draw: object = None
    can_drop: bool = False
    shifts_target: bool = False


class Fitting:
    """Fit the candidates to samples, choose one and fit it to all rows.

    Parameters
    ----------
    settings : SMCAETransformer
    space : Space
    real, synthetic : Sample
    origin : Origin
    rng : RandomState
    callbacks : list of callable

    Attributes
    ----------
    selected_ : str
        Name of the candidate taken.
    mover_, network_, masses_, history_, best_step_, network_share_
        What was fitted; see `SMCAETransformer`.
    trials_ : dict of str to Trial
        What each candidate did on held-out real rows; empty without a selection.
    """

    def __init__(self, settings, space, real, synthetic, origin, rng, callbacks):
        self.settings = settings
        self.space = space
        self.real = real
        self.synthetic = synthetic
        self.origin = origin
        self.rng = rng
        self.callbacks = callbacks
        self.network_, self.masses_, self.history_, self.best_step_, self.trials_ = None, [], [], None, {}
        self.network_share_ = 0.0

    def run(self):
        """Choose and fit; return self."""
        settings = self.settings
        if settings.select is None:
            base = settings.base if settings.base != "auto" else _default_base(self.space)
            self.selected_, n_steps = "smcae", self._held_out_step(base)
        elif settings.select in _selection.LADDER:
            self.selected_ = settings.select
        else:
            self.selected_, base, n_steps = self._chosen()
        if self.selected_ == "none":
            self.mover_ = _training.Mover(identity(self.space.width_))
            return self
        reference = self._reference(self.real, self.synthetic)
        if self.selected_ == "smcae":
            self._train_finally(base, n_steps, reference)
        else:
            self.mover_ = _training.Mover(_selection.closed_form(self.selected_, self.synthetic, reference))
        vectors = self.mover_(self.synthetic, self.network_)
        self.masses_ = self.space.masses(self.synthetic, vectors, reference)
        return self

    def _reference(self, real, synthetic):
        """Return the real rows that synthetic ones are to be like: all of them, or such with like targets."""
        if not self.origin.shifts_target or self.space.role not in ("moves", "stays"):
            return real
        order = np.argsort(real.target, kind="stable")
        middle = np.searchsorted(real.target[order], synthetic.target)
        n_nearest = min(N_NEAREST, len(real))
        first = np.clip(middle - n_nearest // 2, 0, len(real) - n_nearest)
        return real[order[first + self.rng.randint(n_nearest, size=len(first))]]

    # ------------------------------------------------------------------------------------------ which map?
    def _chosen(self):
        """Return the name of the best candidate, that of the base of the network, and when to stop its training."""
        rows = _some(len(self.real), self.rng)
        real = self.real[rows]
        splits = _selection.folds(real, self.settings.cv, self.rng)
        drafts = [self._drafts(rows[train]) for train, _ in splits]
        references = [self._reference(real[train], rows) for (train, _), rows in zip(splits, drafts)]
        yardstick = self._yardstick(real)
        compared = [self._reference(real[test], rows) for (_, test), rows in zip(splits, drafts)]
        assess = partial(_selection.assess, yardstick, splits, real, compared=compared)
        order = list(_selection.LADDER if len(real) >= _selection.MIN_ROWS else _selection.LADDER[:2])
        if self.origin.can_drop and yardstick.scoring != "gap":  # no rows are no distance
            order.insert(0, "none")
            self.trials_["none"] = assess([None] * len(splits))
        for name in order:
            if name not in ("none", "smcae"):
                fitted = [_selection.closed_form(name, *sides) for sides in zip(drafts, references)]
                moved = [mover(rows.vectors, rows.membership) for mover, rows in zip(fitted, drafts)]
                self.trials_[name] = assess(self._landed(drafts, moved, references))
        closed = [name for name in self.trials_ if name != "none"]
        base = self.settings.base
        if base == "auto":
            base = max(closed, key=lambda name: self.trials_[name].scores.mean())
        n_steps = None
        if "smcae" in order:
            try:
                n_steps, moved = self._networks_in_folds(base, drafts, references, [real[test] for _, test in splits])
                self.trials_["smcae"] = assess(self._landed(drafts, moved, references))
            except FloatingPointError as error:
                warn(f"SMCAE is no candidate, since its training diverged. {error}")
                order.remove("smcae")
        return _selection.chosen(self.trials_, order), base, n_steps

    def _yardstick(self, real):
        settings, role = self.settings, self.space.role
        scoring = settings.scoring
        if settings.select == "gap" or role is None:
            scoring = "gap"
        elif scoring == "auto":
            scoring = "accuracy" if role == "classes" else "r2"
        weights = np.ones(len(real))
        if settings.scoring == "auto" and role == "classes":
            counts = [np.bincount(side.target, minlength=self.space.n_classes_) for side in (real, self.synthetic)]
            weights = (1 + counts[1] / np.maximum(counts[0], 1))[real.target]
        elif settings.scoring == "auto" and self.origin.shifts_target and role is not None:
            weights = 1 + _selection.nearest_counts(real.target, self.synthetic.target)
        return _selection.Yardstick(
            scoring, settings.learner, self.space.n_features_, weights, alone=not self.origin.can_drop
        )

    def _drafts(self, train):
        """Return the synthetic rows that go with some real ones."""
        if self.settings.pairing_ == "given":
            return self.synthetic[train]
        drawn = None if self.origin.draw is None else self.origin.draw(train)
        drawn = self.synthetic if drawn is None else drawn
        return drawn[_some(len(drawn), self.rng)]

    def _landed(self, drafts, moved, references):
        """Return moved rows, by fold, as the valid rows that they will be."""
        return [
            self.space.landed(rows, vectors, self.space.masses(rows, vectors, reference))
            for rows, vectors, reference in zip(drafts, moved, references)
        ]

    def _networks_in_folds(self, base, drafts, references, held_out):
        """Train a network in each fold; return the step at which they are best, and where they move rows then."""
        trainings = [self._train(base, *sides, held_out=rows) for *sides, rows in zip(drafts, references, held_out)]
        n_steps = _kept_step(trainings)
        moved = []
        for training, rows, reference in zip(trainings, drafts, references):
            network = training.at(n_steps)
            moved.append(self._spread(training.mover, network, rows, reference)(rows, network))
        return n_steps, moved

    def _held_out_step(self, base):
        """Return the step at which training is to stop, by real rows that are held out for it."""
        if self.settings.variant == "paper" or self.settings.pairing_ == "given" or len(self.real) < MIN_HELD_OUT_FROM:
            return None
        rows = _some(len(self.real), self.rng)
        train, test = _selection.folds(self.real[rows], 6, self.rng)[0]
        real, drafts = self.real[rows[train]], self._drafts(rows[train])
        try:
            training = self._train(base, drafts, self._reference(real, drafts), held_out=self.real[rows[test]])
        except FloatingPointError:  # the final training says so
            return None
        return _kept_step([training])

    # ------------------------------------------------------------------------------------------ networks
    def _train(self, base, synthetic, reference, *, held_out=None, n_steps=None, callbacks=()):
        if self.settings.variant == "paper":
            return _training.train_paper(synthetic, reference, self.settings, self.rng, callbacks=callbacks)
        fitted = _selection.closed_form(base, synthetic, reference)
        return _training.train_guarded(
            fitted, synthetic, reference, self.settings, self.rng,
            held_out=held_out, n_steps=n_steps, callbacks=callbacks,
        )  # fmt: skip

    def _spread(self, mover, network, synthetic, reference):
        """Let moved rows have the spread of the real ones; the paper knows no such thing."""
        if self.settings.variant == "guarded":
            mover.spread = _training.spread_like(synthetic.at(mover(synthetic, network)), reference)
        return mover

    def _train_finally(self, base, n_steps, reference):
        """Train the network on all rows; where that fails, or rows collapse, the base map stays."""
        self.mover_ = _training.Mover(_selection.closed_form(base, self.synthetic, reference))
        try:
            training = self._train(base, self.synthetic, reference, n_steps=n_steps, callbacks=self.callbacks)
        except FloatingPointError as error:
            warn(f"Training diverged, so rows are moved by {base} alone. {error}")
            return
        network = training.network.eval()
        mover = self._spread(training.mover, network, self.synthetic, reference)
        self.history_, self.best_step_ = training.history, training.history[-1]["step"]
        ratio = _variance_ratio(self.synthetic.at(mover(self.synthetic, network)), reference)
        if self.settings.variant == "guarded" and not VARIANCE_RATIOS[0] <= ratio <= VARIANCE_RATIOS[1]:
            warn(f"The network gave rows {ratio:.2g} times the variance of real ones: {base} moves them alone.")
            return
        self.mover_, self.network_ = mover, network
        self.network_share_ = mover.network_share(self.synthetic, network)


def _default_base(space):
    return "linear_ot" if space.role == "classes" else "location_scale"


def _some(n_rows, rng):
    """Return positions of at most 2,000 rows, drawn at random."""
    if n_rows <= _selection.MAX_ROWS:
        return np.arange(n_rows)
    return np.sort(rng.choice(n_rows, _selection.MAX_ROWS, replace=False))


def _kept_step(trainings):
    """Return the last step, unless an earlier one brought rows nearer to the held-out ones beyond its error; None for
    trainings that did not look."""
    steps = trainings[0].steps
    if not trainings[0].gaps:
        return None
    n_records = min(len(training.gaps) for training in trainings)
    gaps = np.array([np.concatenate([training.gaps[k] for training in trainings]) for k in range(n_records)])
    gains = gaps[-1] - gaps  # (n_records, n_held_out)
    errors = gains.std(axis=1) / np.sqrt(gains.shape[1])
    better = np.flatnonzero(gains.mean(axis=1) > errors)
    return steps[better[gains[better].mean(axis=1).argmax()]] if len(better) else steps[n_records - 1]


def _variance_ratio(moved, real):
    """Return the variance within classes of moved rows over that of real ones; classes of fewer than 5 rows aside."""
    ratios, sizes = [], []
    for number in np.unique(moved.classes):
        sides = [side.vectors[side.classes == number] for side in (moved, real)]
        if min(len(rows) for rows in sides) >= MIN_CLASS_ROWS and sides[1].var() > 0:
            ratios.append(sides[0].var(axis=0).sum() / sides[1].var(axis=0).sum())
            sizes.append(len(sides[0]))
    return float(np.average(ratios, weights=sizes)) if ratios else 1.0
