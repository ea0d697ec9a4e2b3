"""One fit of SMCAETransformer: which map is taken, and that map for all rows."""

from dataclasses import dataclass

import numpy as np

from skgan_resample._estimators import seeded_clone
from skgan_resample._smcae import _selection, _training
from skgan_resample._smcae._maps import RowMap, identity
from skgan_resample._smcae._pairing import with_like_targets
from skgan_resample.exceptions import warn

MIN_HELD_OUT_FROM = 60  # real rows from which, without a selection, some are held out to choose the step,
N_HELD_OUT_FOLDS = 6  # one in six
N_ERRORS_OF_STEPS = 2  # an earlier step is taken when it is better than the last one by more standard errors than this
MIN_TEST_ROWS = 3  # real rows that a choice needs for training, and as many for testing
MIN_CLASS_ROWS = 5  # rows of a class on both sides from which its variance is compared
VARIANCE_RATIOS = 0.5, 2.0  # variance of moved rows within classes over that of real ones; beyond: the base map alone


@dataclass
class Origin:
    """How synthetic rows came about, as far as `SyntheticRefiner` knows."""

    # makes synthetic rows of some of the real rows, for the folds of the selection; None where it cannot. Without it
    # the rows given serve all folds
    draw: object = None
    can_drop: bool = False  # whether doing without synthetic rows is a candidate
    # whether the synthetic rows have other targets than the real ones on purpose, as those of an over-sampler. They
    # are compared with real rows of such targets then, and scores of real rows are weighted accordingly
    shifts_target: bool = False


@dataclass
class Fold:
    """One fold of the selection; all parts but the positions are a `Sample`."""

    train: object  # real rows
    test: object  # real rows
    positions: np.ndarray  # (n_test,), of the test rows among all real rows of the selection
    synthetic: object  # rows that know nothing of the test rows, as far as that can be helped
    reference: object  # training rows that the moved rows are to become like
    compared: object  # test rows to measure it


class Fitting:
    """Fit the candidates to samples, choose one and fit it to all rows."""

    def __init__(self, settings, space, real, synthetic, origin, rng, callbacks):
        self.settings = settings
        self.space = space
        self.real = real
        self.synthetic = synthetic
        self.origin = origin
        self.rng = rng
        self.callbacks = callbacks
        # candidates_: what each candidate did on held-out real rows; empty without a selection
        self.network_, self.point_masses_, self.history_, self.best_step_, self.candidates_ = None, [], [], None, {}
        self.network_share_ = 0.0

    def run(self):
        """Choose and fit; return self."""
        self.selected_, base, n_steps = self._decided()  # name of the candidate taken
        reference = self._reference(self.real, self.synthetic)
        if self.selected_ == "none":
            self.row_map_ = RowMap(identity(self.space.width_))
        elif self.selected_ == "smcae":
            self._train_finally(base, n_steps, reference)
        else:
            self.row_map_ = RowMap(_selection.closed_form(self.selected_, self.synthetic, reference))
        vectors = self.row_map_(self.synthetic, self.network_)
        self.point_masses_ = self.space.point_masses(self.synthetic, vectors, reference)
        return self

    def _decided(self):
        """Return the name of the map, that of the base of a network, and when to stop its training."""
        settings = self.settings
        if self.space.width_ == 0:  # constant columns alone
            return "identity", None, None
        if settings.select is None:
            base = settings.base if settings.base != "auto" else _default_base(self.space)
            return "smcae", base, self._held_out_step(base)
        if settings.select in _selection.CANDIDATES:
            return settings.select, None, None
        return self._selected()

    def _reference(self, real, synthetic):
        """Return the real rows that synthetic ones are to become like: all of them, or such with like targets."""
        if self.origin.shifts_target and self.space.role in ("moves", "stays"):
            return with_like_targets(real, synthetic, self.rng)
        return real

    # ------------------------------------------------------------------------------------------ which map?
    def _selected(self):
        """Return what `_decided` does, by cross-validation over real rows."""
        rows = _subsample(len(self.real), self.rng)
        real = self.real[rows]
        if len(real) < 2 * MIN_TEST_ROWS:
            warn(f"{len(real)} real rows are too few to choose a map by: rows stay as they are.")
            return "identity", None, None
        folds = self._folds(real, rows)
        if folds is None:
            return "identity", None, None
        scorer = self._scorer(real, rows)
        order = list(_selection.CANDIDATES if len(real) >= _selection.MIN_ROWS else _selection.CANDIDATES[:2])
        if self.origin.can_drop and scorer.scoring != "gap":  # no rows are at no distance
            order.insert(0, "none")
            self.candidates_["none"] = _selection.scores_of(scorer, folds, [None] * len(folds))
        for name in order:
            if name not in ("none", "smcae"):
                maps = [_selection.closed_form(name, fold.synthetic, fold.reference) for fold in folds]
                moved = [each(fold.synthetic.vectors, fold.synthetic.membership) for each, fold in zip(maps, folds)]
                self.candidates_[name] = _selection.scores_of(scorer, folds, self._valid_rows(folds, moved))
        base, n_steps = self.settings.base, None
        if base == "auto":
            tried = [name for name in self.candidates_ if name != "none"]
            base = max(tried, key=lambda name: self.candidates_[name].scores.mean())
        if "smcae" in order:
            n_steps, moved = self._networks_in_folds(base, folds)
            if moved is not None:
                self.candidates_["smcae"] = _selection.scores_of(scorer, folds, self._valid_rows(folds, moved))
        order = [name for name in order if name in self.candidates_]
        return _selection.chosen(self.candidates_, order), base, n_steps

    def _folds(self, real, rows):
        """Return the folds over some real rows, `rows` their positions; None, after a warning, where it cannot be."""
        folds = []
        for train, test in _selection.folds(real, self.settings.cv, self.rng):
            if self.settings.pairing == "given":
                synthetic = self.synthetic[rows[train]]
            else:
                synthetic = self.synthetic if self.origin.draw is None else self.origin.draw(rows[train])
            if synthetic is None:
                warn(
                    "The sampler cannot work on a part of the table, so its rows cannot be judged and stay as they are."
                )
                return None
            synthetic = synthetic[_subsample(len(synthetic), self.rng)]
            sides = [self._reference(real[part], synthetic) for part in (train, test)]
            folds.append(Fold(real[train], real[test], test, synthetic, *sides))
        return folds

    def _scorer(self, real, rows):
        """Return the scorer of the selection over some real rows, `rows` their positions."""
        settings, role = self.settings, self.space.role
        scoring, weights = settings.scoring, np.ones(len(real))
        if settings.select == "gap" or role is None:
            scoring = "gap"
        elif scoring == "auto":
            scoring = "accuracy" if role == "classes" else "r2"
        if settings.scoring == "auto" and self.origin.shifts_target and role is not None:
            made = self.synthetic.target
            made = made[np.isin(made, self.real.target)] if role == "classes" else made
            weights = (1 + _selection.nearest_counts(self.real.target, made))[rows]
        estimator = settings.estimator if settings.estimator is None else seeded_clone(settings.estimator, self.rng)
        alone = not self.origin.can_drop
        return _selection.HeldOutScorer(
            scoring, estimator, self.space.n_features_, real, weights, synthetic_alone=alone
        )

    def _valid_rows(self, folds, moved):
        """Return moved rows, by fold, as the valid rows that they will be."""
        return [
            self.space.valid_rows(fold.synthetic, vectors, like=fold.reference) for fold, vectors in zip(folds, moved)
        ]

    def _networks_in_folds(self, base, folds):
        """Train a network in each fold; return the step at which they are best, and to where they move rows.

        What is scored on the test rows of a fold is the network at the step that the other folds prefer. No network is
        a candidate, and None comes back, if its training diverges or if all folds together prefer the base as it is.
        """
        try:
            trainings = [self._train(base, fold.synthetic, fold.reference, held_out=fold.compared) for fold in folds]
        except FloatingPointError as error:
            warn(f"SMCAE is no candidate, since its training diverged. {error}")
            return None, None
        n_steps = _chosen_step(trainings)
        if n_steps == 0:
            return None, None
        moved = []
        for number, (training, fold) in enumerate(zip(trainings, folds)):
            network = training.network_at(_chosen_step(trainings[:number] + trainings[number + 1 :]))
            row_map = self._stretched(training.row_map, network, fold.synthetic, fold.reference)
            moved.append(row_map(fold.synthetic, network))
        return n_steps, moved

    def _held_out_step(self, base):
        """Return the step at which training is to stop, by real rows that are held out for it."""
        if self.settings.variant == "paper" or self.settings.pairing == "given" or len(self.real) < MIN_HELD_OUT_FROM:
            return None
        rows = _subsample(len(self.real), self.rng)
        train, test = _selection.folds(self.real[rows], N_HELD_OUT_FOLDS, self.rng)[0]
        synthetic = self.synthetic[_subsample(len(self.synthetic), self.rng)]
        reference, compared = (self._reference(self.real[rows[part]], synthetic) for part in (train, test))
        try:
            training = self._train(base, synthetic, reference, held_out=compared)
        except FloatingPointError:  # the final training warns of it
            return None
        return _chosen_step([training])

    # ------------------------------------------------------------------------------------------ networks
    def _train(self, base, synthetic, reference, *, held_out=None, n_steps=None, callbacks=()):
        if self.settings.variant == "paper":
            return _training.train_paper(synthetic, reference, self.settings, self.rng, callbacks=callbacks)
        base_map = _selection.closed_form(base, synthetic, reference)
        return _training.train_guarded(
            base_map, synthetic, reference, self.settings, self.rng,
            held_out=held_out, n_steps=n_steps, callbacks=callbacks,
        )  # fmt: skip

    def _stretched(self, row_map, network, synthetic, reference):
        """Let moved rows have the spread of the real ones, which the paper does not do."""
        if self.settings.variant == "guarded":
            row_map.stretch = _training.stretch_to(synthetic.with_vectors(row_map(synthetic, network)), reference)
        return row_map

    def _train_finally(self, base, n_steps, reference):
        """Train the network on all rows; where that fails, or rows collapse, the base map stays."""
        self.row_map_ = RowMap(_selection.closed_form(base, self.synthetic, reference))
        if n_steps == 0:
            self.selected_ = base
            return
        try:
            training = self._train(base, self.synthetic, reference, n_steps=n_steps, callbacks=self.callbacks)
        except FloatingPointError as error:
            warn(f"Training diverged, so rows are moved by {base!r} alone. {error}")
            self.selected_ = base
            return
        network = training.network.eval()
        row_map = self._stretched(training.row_map, network, self.synthetic, reference)
        self.history_ = training.history
        ratio = _variance_ratio(self.synthetic.with_vectors(row_map(self.synthetic, network)), reference)
        if self.settings.variant == "guarded" and not VARIANCE_RATIOS[0] <= ratio <= VARIANCE_RATIOS[1]:
            warn(f"The network gave rows {ratio:.2g} times the variance of real ones, so {base!r} moves them alone.")
            self.selected_ = base
            return
        self.row_map_, self.network_, self.best_step_ = row_map, network, training.history[-1]["step"]
        self.network_share_ = row_map.network_share(self.synthetic, network)


def _default_base(space):
    return "linear_ot" if space.role == "classes" else "location_scale"


def _subsample(n_rows, rng):
    """Return positions of at most 2,000 rows, drawn at random."""
    if n_rows <= _selection.MAX_ROWS:
        return np.arange(n_rows)
    return np.sort(rng.choice(n_rows, _selection.MAX_ROWS, replace=False))


def _chosen_step(trainings):
    """Return the last step, unless an earlier one brought rows clearly nearer to the held-out ones; None for
    trainings without held-out rows."""
    n_records = min(len(training.energies) for training in trainings)
    if not n_records:
        return None
    energies = np.array([np.concatenate([training.energies[k] for training in trainings]) for k in range(n_records)])
    gains = energies[-1] - energies  # (n_records, n_held_out)
    errors = gains.std(axis=1) / np.sqrt(gains.shape[1])
    better = np.flatnonzero(gains.mean(axis=1) > N_ERRORS_OF_STEPS * errors)
    best = better[gains[better].mean(axis=1).argmax()] if len(better) else n_records - 1
    return max(training.steps[best] for training in trainings)  # with max_time the last records differ


def _variance_ratio(moved, real):
    """Return the variance within classes of moved rows over that of real ones; classes of fewer than 5 rows aside."""
    ratios, sizes = [], []
    for number in np.unique(moved.classes):
        sides = [side.vectors[side.classes == number] for side in (moved, real)]
        if min(len(rows) for rows in sides) >= MIN_CLASS_ROWS and sides[1].var(axis=0).sum() > 0:
            ratios.append(sides[0].var(axis=0).sum() / sides[1].var(axis=0).sum())
            sizes.append(len(sides[0]))
    return float(np.average(ratios, weights=sizes)) if ratios else 1.0
