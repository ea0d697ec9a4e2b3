"""SMOGAN: rare target values over-sampled by interpolation, the new rows refined by a GAN."""

import copy
from math import ceil
from numbers import Integral, Real

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.validation import has_fit_parameter

from skgan_resample._estimators import (
    TRAINING_CONSTRAINTS,
    CallbackSupportMixin,
    TorchStateMixin,
    fit_callbacks,
    seeded_clone,
)
from skgan_resample._tables._containers import reader_of
from skgan_resample._tables._origins import synthetic_rows
from skgan_resample.exceptions import warn
from skgan_resample.over_sampling._base import BaseRegressionSampler, Draft, rows_per_bump, stack_drafts
from skgan_resample.over_sampling._classical import SMOGN

EVALUATE_EVERY = 10  # steps between two looks at the held-out rows


MIN_HELD_OUT = 2  # held-out rows of each bump


TRAINING_DRAFTS = 4  # candidates to train on, at least so many times the rare rows


MAX_EVALUATED = 512  # candidates that the held-out rows are compared with


N_TREES = 60  # of the default teacher


MAX_TAUGHT = 10_000  # rows that the teacher learns from


MOVED = 1e-3  # a row counts as moved when a column changes by more than so many standard deviations


DEFAULT_THRESHOLD = 0.5


class SMOGANRegressorResampler(CallbackSupportMixin, TorchStateMixin, BaseRegressionSampler):
    """Over-sample rare target values with SMOGAN [1]_: candidates of a classical sampler, refined by a GAN.

    Stage 1 makes new rows with rare target values, by default with `SMOGN`. Stage 2, DistGAN, moves them: a generator
    gets each candidate, features and target together, and is trained against a Wasserstein critic that sees real rare
    rows only, and to lower the maximum mean discrepancy (MMD) to these. Then, ours, the targets of the new rows are
    drawn towards what a regressor says of their features. Every step is guarded, and `refinement_` says how much of it
    was used.

    Parameters
    ----------
    base_sampler : sampler, default=None
        Stage 1: a sampler of `skgan_resample.over_sampling`, or any object whose ``fit_resample`` takes a continuous
        target. It is cloned and keeps its parameters. For a sampler of this library, `relevance` and `threshold` decide
        here what is rare, and nominal columns and under-sampling are set here, too; any other decides itself, and new
        rows that are not rare by `relevance` and `threshold` stay as it made them. None is
        ``SMOGN(sampling_strategy="balance")``. To search its parameters, give one: with
        ``SMOGANRegressorResampler(SMOGN())`` there is ``base_sampler__k_neighbors``.
    relevance : Relevance, default=None
        What is rare. It is cloned and fitted to the target; None is ``Relevance()``, the box-plot extremes.
    threshold : float in (0, 1], default=0.5
        A row is rare when the relevance of its target reaches this value. Ours, and lower than the 0.8 of the other
        samplers: chosen on tuning tables, with "balance", for a large gain on rare values. On other tables `SMOGN` with
        its own defaults gained as much at a lower price (``benchmarks/results``).
    sampling_strategy : {"auto", "balance"}, float or dict, default="auto"
        How many rows are made. With B = (number of rows) / (number of bumps), where a bump is a run of consecutive
        target values that are all rare or all common, and n rows in a rare bump:

        - "auto": as `base_sampler` says; the default one makes "balance";
        - "balance": each rare bump with fewer than B rows is raised to B rows;
        - float: rare rows afterwards, as a multiple of the common rows before under-sampling; new rows are shared
          out in proportion to the bumps' sizes;
        - dict such as ``{"low": 40, "high": 90}``: rows of each rare bump afterwards. The names are those of
          ``relevance_.bumps(y)``: "low" for the lowest values, "high" for the highest.

        A `base_sampler` from elsewhere decides itself; anything but "auto" is refused then.
    under_sampling : {"balance"}, default=None
        None keeps every row. "balance" keeps B rows, drawn at random, of each common bump that has more.
    emphasis : {"equal", "relevance"}, default="equal"
        How often new rows of the default `base_sampler` begin at each rare row of a bump: all equally often, or in
        proportion to their relevance.
    refine : bool, default=True
        False returns the candidates: exactly the rows of `base_sampler` with the same seed.
    teacher : regressor, default=None
        It is cloned and fitted to all rows, encoded as numbers, with the weights of the relevance if it takes weights.
        None is extremely randomized trees, 60 of them, with at least 3 rows a leaf. Of more than 10,000 rows it gets
        a sample.
    teacher_weight : float in [0, 1], default=0.3
        How far targets go towards what the teacher says (ours). 0 leaves them alone; more of it takes the noise out of
        them, lowers the price of over-sampling in total error, and weakens its effect. A target goes no further than
        to the edge of its bump.
    reject_fraction : float in [0, 1), default=0.0
        Share of refined rows that is thrown away, those that the critic likes least, and replaced by others: the
        "filtering" reading of the paper. It takes diversity away; half of the rows thrown away costs more than it
        gives (``benchmarks/results``).
    min_rare : int >= 4, default=10
        Bumps with fewer rows get no network, with a `ResamplingWarning`.
    validation_fraction : float in (0, 1), default=0.2
        Share of the rare rows of each bump, at least 2, that is held out: networks are not trained on them, nor are the
        candidates that they learn from made of them (only the scale of columns is learned from all rare rows). The
        generator of the step whose rows are nearest to these in MMD is kept, step 0 included.
    noise_dim : int, default=8
        Columns of Gaussian noise that the generator gets beside the candidate (ours; 0 for none).
    hidden_layer_sizes : array-like of int, default=(64, 64)
        Of generator and critic.
    n_critic : int, default=3
        Updates of the critic for each of the generator.
    adversarial_weight, mmd_weight, anchor_weight : float, default=1.0, 200.0 and 20.0
        Weights of the parts of the generator's loss: what the critic says, the squared MMD, and the mean squared length
        of the moves in standard deviations of the rare rows. Without the first the critic is not trained.
    penalty_weight : float, default=10.0
        Weight of the gradient penalty of the critic, as in the paper.
    mmd_bandwidths : array-like of float, default=(0.25, 0.5, 1.0, 2.0, 4.0)
        Of the Gaussian kernels, in units of the median squared distance between real rare rows.
    leave_parents_out : bool, default=True
        Whether the MMD compares no candidate with the rows that it was made from (ours). Otherwise copies of the
        training rows are the best that a generator can do.
    max_steps : int, default=200
        Updates of the generator.
    batch_size : int, default=128
        Candidates, and as many real rare rows, in each update.
    learning_rate : float, default=2e-3
        Of the generator; the critic's is three times that.
    patience : int, default=None
        Stop after this many evaluations, one every 10 steps, in a row without improvement by more than `tol`.
    tol : float, default=0.0
        See `patience`.
    max_time : float, default=None
        Seconds after which training stops. Results then depend on the machine.
    categorical_features : "auto", None, or array-like of names, positions or a mask of bool, default="auto"
        Nominal columns. "auto": strings, booleans, categories. Numeric columns can be named as well.
    on_no_rare : {"warn", "raise"}, default="warn"
        Without rare rows, return the table unchanged with one `ResamplingWarning`, or raise `NoRareRowsError`.
    device : str, default="auto"
        "cpu", "cuda", "cuda:1", ...; "auto" is CUDA where there is one.
    verbose : int, default=0
        If not 0, every evaluation is printed.
    random_state : int, RandomState instance or None, default=None
        Same seed, same rows; on one device, and unless `max_time` is set.

    Attributes
    ----------
    generator_, critic_ : torch.nn.Module or None
        The generator of the step that was kept and the critic of the last one, on the CPU; None if none were trained.
    history_ : list of dict
        One record per evaluation: ``step``, ``seconds``, ``score`` (squared MMD between moved candidates and held-out
        rows; an estimate without pairs of a row with itself, so it can be negative), and, from the second on, the means
        of ``critic_loss``, ``generator_loss`` and ``mmd`` (squared MMD to the training rows but for a constant). Empty
        without training.
    best_step_ : int
        The step that was kept; at 0 the generator moves nothing.
    refinement_ : dict
        What stage 2 did: ``status`` in words, ``mmd_before`` and ``mmd_after`` (the held-out score of step 0 and of
        the kept step, the lowest of all, hence a little flattering; None without training), ``n_rows`` new rows, of
        them ``n_moved`` by the generator and ``n_taught`` by the teacher by more than 0.001 standard deviations,
        ``n_fallback`` whose target would have left its bump, and ``n_rejected`` thrown away.
    base_sampler_ : sampler
        The clone of stage 1, unfitted.
    device_ : str or None
        Where networks are trained; None if nothing was to be refined.
    relevance_ : Relevance
        Fitted to the target.
    bumps_ : list of Bump
        Runs of rare and of common target values; empty if nothing is rare.
    sampling_strategy_ : dict
        Number of new rows by name of the rare bump; empty after `fit` if a base sampler from elsewhere decides.
    is_synthetic_ : ndarray of bool, shape (n_kept + n_new,)
        Which rows of the result are new.
    kept_indices_ : ndarray of int, shape (n_kept,)
        Positions in the input of the rows kept.
    parent_indices_ : ndarray of int, shape (n_new, 2)
        Positions in the input of the rows that each candidate was made from; -1 where there is none or none is known.
    encoder_ : TableEncoder
        Schema of the table: kind, range and grid of every column.
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    See Also
    --------
    SMOGN : Stage 1 alone, some hundred times faster.
    skgan_resample.plots.RefinementDisplay : A picture of what stage 2 changed.

    Notes
    -----
    From the paper, as far as reviews of it tell, since its text could not be had: the two stages, the generator that is
    fed candidates, the critic that sees real rare rows only, the gradient penalty of 10, the adversarial loss with an
    MMD. Everything else is ours: kernels, weights, layers, schedule, residual generator that begins as the identity,
    held-out rows, fallbacks, the treatment of nominal cells and gaps (those of the candidate), and the teacher.

    The generator moves numeric columns that vary among the rare rows, and the target, which stays in its bump: a row
    whose target would leave it falls back to the candidate. Values are snapped to the observed grid of their column. If
    training diverges, all candidates stay, with a warning.

    ``benchmarks/results`` holds what each part contributes; on most tables the network changes little.

    References
    ----------
    .. [1] S. Alahyari, M. Domaratzki, "SMOGAN: synthetic minority oversampling with GAN refinement for imbalanced
       regression", arXiv:2504.21152, 2025.
    .. [2] I. Gulrajani et al., "Improved training of Wasserstein GANs", arXiv:1704.00028, 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skgan_resample import Relevance, SMOGANRegressorResampler
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> sampler = SMOGANRegressorResampler(relevance=Relevance("quantile", side="high"), max_steps=50, random_state=0)
    >>> X_resampled, y_resampled = sampler.fit_resample(X, y)
    >>> len(y), sampler.refinement_["n_rows"], sampler.refinement_["status"]
    (442, 128, 'refined')
    >>> bool(sampler.refinement_["mmd_after"] < sampler.refinement_["mmd_before"])
    True
    """

    _network_names = ("generator_", "critic_")

    _parameter_constraints: dict = {
        **BaseRegressionSampler._parameter_constraints,
        **TRAINING_CONSTRAINTS,
        "base_sampler": [HasMethods(["fit_resample"]), None],
        "refine": ["boolean"],
        "teacher": [HasMethods(["fit", "predict"]), None],
        "teacher_weight": [Interval(Real, 0, 1, closed="both")],
        "reject_fraction": [Interval(Real, 0, 1, closed="left")],
        "min_rare": [Interval(Integral, 4, None, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "noise_dim": [Interval(Integral, 0, None, closed="left")],
        "hidden_layer_sizes": ["array-like"],
        "n_critic": [Interval(Integral, 1, None, closed="left")],
        "adversarial_weight": [Interval(Real, 0, None, closed="left")],
        "mmd_weight": [Interval(Real, 0, None, closed="left")],
        "anchor_weight": [Interval(Real, 0, None, closed="left")],
        "penalty_weight": [Interval(Real, 0, None, closed="left")],
        "mmd_bandwidths": ["array-like"],
        "leave_parents_out": ["boolean"],
    }

    def __init__(
        self,
        base_sampler=None,
        *,
        relevance=None,
        threshold=DEFAULT_THRESHOLD,
        sampling_strategy="auto",
        under_sampling=None,
        emphasis="equal",
        refine=True,
        teacher=None,
        teacher_weight=0.3,
        reject_fraction=0.0,
        min_rare=10,
        validation_fraction=0.2,
        noise_dim=8,
        hidden_layer_sizes=(64, 64),
        n_critic=3,
        adversarial_weight=1.0,
        mmd_weight=200.0,
        anchor_weight=20.0,
        penalty_weight=10.0,
        mmd_bandwidths=(0.25, 0.5, 1.0, 2.0, 4.0),
        leave_parents_out=True,
        max_steps=200,
        batch_size=128,
        learning_rate=2e-3,
        patience=None,
        tol=0.0,
        max_time=None,
        categorical_features="auto",
        on_no_rare="warn",
        device="auto",
        verbose=0,
        random_state=None,
    ):
        super().__init__(
            relevance=relevance,
            threshold=threshold,
            sampling_strategy=sampling_strategy,
            under_sampling=under_sampling,
            emphasis=emphasis,
            categorical_features=categorical_features,
            on_no_rare=on_no_rare,
            random_state=random_state,
        )
        self.base_sampler = base_sampler
        self.refine = refine
        self.teacher = teacher
        self.teacher_weight = teacher_weight
        self.reject_fraction = reject_fraction
        self.min_rare = min_rare
        self.validation_fraction = validation_fraction
        self.noise_dim = noise_dim
        self.hidden_layer_sizes = hidden_layer_sizes
        self.n_critic = n_critic
        self.adversarial_weight = adversarial_weight
        self.mmd_weight = mmd_weight
        self.anchor_weight = anchor_weight
        self.penalty_weight = penalty_weight
        self.mmd_bandwidths = mmd_bandwidths
        self.leave_parents_out = leave_parents_out
        self.max_steps = max_steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.patience = patience
        self.tol = tol
        self.max_time = max_time
        self.device = device
        self.verbose = verbose

    def _learn(self, X, y):
        self.generator_ = self.critic_ = self.space_ = self.device_ = None
        self.history_, self.best_step_ = [], 0
        self.refinement_ = dict(_NOTHING_REFINED)
        _check_parameters(self)
        return super()._learn(X, y)

    def _check_X_y(self, X, y):
        codes, target, self._target_encoder = super()._check_X_y(X, y)
        return codes, target, self._target_encoder

    def _amounts(self, n_rows):
        """Return how many rows each rare bump gets; nothing if a foreign base sampler decides while it draws."""
        self.base_sampler_ = self._make_base()
        if not _is_ours(self.base_sampler_):
            if self.sampling_strategy != "auto":
                raise ValueError(
                    f"{type(self.base_sampler_).__name__} decides itself how many rows it makes: set that there and "
                    f"leave sampling_strategy='auto', got {self.sampling_strategy!r}."
                )
            return {}
        strategy = self.base_sampler_.sampling_strategy if self.sampling_strategy == "auto" else self.sampling_strategy
        return rows_per_bump(strategy, self.bumps_, n_rows)

    def _draws_rows(self):
        return super()._draws_rows() if _is_ours(self.base_sampler_) else bool(self.bumps_)

    def _make_base(self):
        """Return the sampler of stage 1, unfitted."""
        if self.base_sampler is None:
            return SMOGN(
                sampling_strategy="balance", emphasis=self.emphasis, categorical_features=self.categorical_features
            )
        base = clone(self.base_sampler)
        for name, plain in (("under_sampling", None), ("categorical_features", "auto")):
            theirs = getattr(base, name, plain)
            if _is_ours(base) and not np.array_equal(theirs, plain) and not np.array_equal(theirs, getattr(self, name)):
                raise ValueError(f"base_sampler has {name}={theirs!r}; set it on {type(self).__name__}.")
        return base

    def _rare_bumps(self):
        """Return the rare bumps that get rows; all of them where a foreign base sampler decides."""
        amounts = self.sampling_strategy_
        return [bump for bump in self.bumps_ if bump.is_rare and (not amounts or amounts.get(bump.name, 0))]

    # ------------------------------------------------------------------------------------------ stage 1
    def _candidates(self, X, y, bumps, amounts, rng, *, reseed=False):
        """Return a Draft of unrefined new rows, made of the rows of `X` and `y` alone."""
        if _is_ours(self.base_sampler_):
            base = clone(self.base_sampler_)
            rng = rng if base.random_state is None or reseed else check_random_state(base.random_state)
            base.encoder_, base.relevance_ = self.encoder_, self.relevance_
            base.bumps_, base.sampling_strategy_ = bumps, amounts
            base._fit(X, y, rng)
            return base._draw(X, y, rng)
        sampler = clone(self.base_sampler_)
        if reseed and "random_state" in sampler.get_params():
            sampler.set_params(random_state=None)
        sampler = seeded_clone(sampler, rng)
        return _foreign_draft(sampler, self.encoder_, X, y)

    # ------------------------------------------------------------------------------------------ stage 2
    def _fit(self, X, y, rng):
        """Train DistGAN on the rare rows. Stage 1 later finds `rng` as it would without it: same seed, same rows."""
        if not self.refine:
            return
        from skgan_resample._nn.training import resolve_device

        self.device_ = str(resolve_device(self.device))
        own = np.random.RandomState(copy.deepcopy(rng).randint(np.iinfo(np.int32).max))
        large, small = _by_size(self._rare_bumps(), self.min_rare)
        if small:
            names = ", ".join(f"{bump.name!r} with {len(bump.indices)}" for bump in small)
            warn(f"Too few rows to refine (min_rare={self.min_rare}): new rows of {names} stay as stage 1 made them.")
        if not large:
            self.refinement_["status"] = "too few rare rows"
            return
        train_rows, held_out = _split(large, self.validation_fraction, own)
        self.space_ = _RareSpace(self.encoder_, large, X, y, self.noise_dim, self.hidden_layer_sizes)
        drafts = self._training_candidates(X, y, large, held_out, own)
        if not len(drafts.y):
            self.refinement_["status"] = "stage 1 made no rare row without the held-out ones"
            return
        self._train(X, y, train_rows, held_out, drafts, own)

    def _training_candidates(self, X, y, bumps, held_out, rng):
        """Return candidates in the rare bumps that know nothing of the held-out rows, parents counted in `X`."""
        kept = np.setdiff1d(np.arange(len(y)), held_out)
        place = np.full(len(y), -1)
        place[kept] = np.arange(len(kept))
        remaining = [bump._replace(indices=np.sort(place[bump.indices][place[bump.indices] >= 0])) for bump in bumps]
        amounts = {
            bump.name: max(self.sampling_strategy_.get(bump.name, 0), TRAINING_DRAFTS * len(bump.indices))
            for bump in bumps
        }
        draft = self._candidates(X[kept], y[kept], remaining, amounts, rng)
        rare = self.space_.bump_of(draft.y) >= 0
        parents = np.where(draft.parents >= 0, kept[draft.parents], -1)
        return Draft(draft.X[rare], draft.y[rare], parents[rare])

    def _train(self, X, y, train_rows, held_out, drafts, rng):
        """Train generator and critic; keep the state whose rows come nearest to the held-out rare rows."""
        import torch

        from skgan_resample._nn.distgan import Rows, distgan_step, held_out_mmd
        from skgan_resample._nn.losses import median_squared_distance
        from skgan_resample._nn.training import Adam, plain_batches, restore, seeded, train
        from skgan_resample.exceptions import NonFiniteLossError

        device = torch.device(self.device_)

        def rows_of(X, y, parents):
            bump = self.space_.bump_of(y)
            return Rows(
                *(torch.from_numpy(part).to(device) for part in (self.space_.vectors(X, y, bump), bump, parents))
            )

        real = rows_of(X[train_rows], y[train_rows], train_rows[:, None])
        unseen = rows_of(X[held_out], y[held_out], held_out[:, None])
        candidates = rows_of(drafts.X, drafts.y, drafts.parents)
        n_records = 1 + -(-self.max_steps // EVALUATE_EVERY)
        with seeded(rng, device), fit_callbacks(self, X, y, n_records=n_records) as callbacks:
            networks = {name: self._build_network(f"{name}_").to(device) for name in ("generator", "critic")}
            optimizers = {
                name: Adam(network.parameters(), self.learning_rate * (3 if name == "critic" else 1), betas=(0.5, 0.9))
                for name, network in networks.items()
            }
            scale = median_squared_distance(real.vectors)
            step = distgan_step(
                **networks,
                optimizers=optimizers,
                real=real,
                candidates=candidates,
                batch_size=self.batch_size,
                noise_dim=self.noise_dim,
                n_critic=self.n_critic,
                adversarial_weight=self.adversarial_weight,
                mmd_weight=self.mmd_weight,
                anchor_weight=self.anchor_weight,
                penalty_weight=self.penalty_weight,
                bandwidths=self.mmd_bandwidths,
                scale=scale,
                leave_parents_out=self.leave_parents_out,
            )
            evaluate = held_out_mmd(
                networks["generator"], candidates, unseen, self.noise_dim, scale, self.mmd_bandwidths, MAX_EVALUATED
            )
            try:
                result = train(
                    step,
                    plain_batches(len(candidates), self.batch_size, rng, device=device),
                    max_steps=self.max_steps,
                    evaluate=evaluate,
                    evaluate_every=EVALUATE_EVERY,
                    patience=self.patience,
                    tol=self.tol,
                    max_time=self.max_time,
                    callbacks=callbacks,
                    modules=networks,
                )
            except NonFiniteLossError as error:
                warn(f"DistGAN diverged, so new rows stay as stage 1 made them. {error}")
                self.refinement_["status"] = "diverged"
                return
            restore({"generator": networks["generator"]}, result.best_state)  # the critic stays as trained as it is
        self.generator_, self.critic_ = (networks[name].cpu().eval() for name in ("generator", "critic"))
        self.history_, self.best_step_ = result.history, result.best_step
        scores = {record["step"]: record["score"] for record in result.history}
        self.refinement_.update(
            status="refined" if result.best_step else "no step came nearer to the held-out rows",
            mmd_before=scores[0],
            mmd_after=scores[result.best_step],
        )

    def _build_network(self, name):
        from skgan_resample._nn.networks import ResidualGenerator, mlp

        space = self.space_
        if name == "critic_":
            return mlp(space.width, space.hidden_layer_sizes, 1)
        return ResidualGenerator(space.width, space.n_moved, space.noise_dim, space.hidden_layer_sizes)

    def _draw(self, X, y, rng):
        """Return candidates, moved by the generator, their targets drawn to what the teacher says."""
        wanted, pool = self._pool(X, y, rng)
        self.sampling_strategy_ = {name: n for name, n in wanted.items() if name}
        self.refinement_["n_rows"] = sum(wanted.values())
        if not self.refine or not len(pool.y):
            return pool
        moved, fell_back, liking = self._moved(pool, y, rng)
        kept = _best_liked(self._names(pool.y), wanted, liking)
        candidates, moved = (Draft(*(part[kept] for part in draft)) for draft in (pool, moved))
        refined = self._taught(moved, X, y, rng)
        self.refinement_.update(
            n_moved=int(self._differ(candidates, moved, X, y).sum()),
            n_taught=int(self._differ(moved, refined, X, y).sum()),
            n_fallback=int(fell_back[kept].sum()),
            n_rejected=len(pool.y) - len(kept),
        )
        return refined

    def _pool(self, X, y, rng):
        """Return how many rows each rare bump gets, and candidates: more of them if the critic is to reject some."""
        surplus = 1 / (1 - self.reject_fraction) if self.generator_ is not None else 1
        if _is_ours(self.base_sampler_):
            wanted = self.sampling_strategy_
            amounts = {name: ceil(surplus * n - 1e-9) for name, n in wanted.items()}
            return wanted, self._candidates(X, y, self.bumps_, amounts, rng)
        n_rounds = ceil(surplus - 1e-9)
        drafts = [self._candidates(X, y, self.bumps_, None, rng, reseed=number > 0) for number in range(n_rounds)]
        names, counts = np.unique(self._names(drafts[0].y), return_counts=True)
        return dict(zip(names.tolist(), counts.tolist())), stack_drafts(drafts)

    def _moved(self, draft, y, rng):
        """Return the Draft moved by the generator, which rows fell back, and how much the critic likes each."""
        fell_back, liking = np.zeros(len(draft.y), dtype=bool), np.full(len(draft.y), np.inf)
        if self.generator_ is None:
            return draft, fell_back, liking
        import torch

        from skgan_resample._nn.training import one_thread, seeded

        bump = self.space_.bump_of(draft.y)
        rows = np.flatnonzero(bump >= 0)
        candidates = Draft(*(part[rows] for part in draft))
        lent = self._on_device(self.device_, *self._network_names)
        with seeded(rng), one_thread(), torch.no_grad(), lent as (generator, critic):
            before = torch.from_numpy(self.space_.vectors(candidates.X, candidates.y, bump[rows])).to(self.device_)
            noise = torch.randn(len(rows), self.space_.noise_dim).to(self.device_)  # the same on every device
            after = generator(before, noise)
            liking[rows] = critic(after)[:, 0].cpu().numpy()
            steps = (after - before)[:, : self.space_.n_moved].cpu().numpy().astype(float)
        X_new, y_new = self.space_.shifted(candidates, steps, bump[rows])
        y_new = self._snapped(np.clip(y_new, y.min(), y.max()))
        stays = self.space_.bump_of(y_new) == bump[rows]
        moved = Draft(draft.X.copy(), draft.y.copy(), draft.parents)
        moved.X[rows[stays]], moved.y[rows[stays]] = X_new[stays], y_new[stays]
        fell_back[rows[~stays]] = True
        return moved, fell_back, liking

    def _taught(self, draft, X, y, rng):
        """Return a Draft with targets a share of the way to what the teacher says, at most to the edge of the bump."""
        if self.teacher_weight == 0:
            return draft
        teacher = seeded_clone(_default_teacher() if self.teacher is None else self.teacher, rng)
        encoder = copy.deepcopy(self.encoder_).rescale(X)
        if not encoder.width_:  # constant columns alone
            return draft
        rows = _teaching_rows(self.relevance_.rare_mask(y, self.threshold), rng)
        weights = {}
        if has_fit_parameter(teacher, "sample_weight"):
            weights["sample_weight"] = self.relevance_.sample_weight(y[rows], self.threshold)
        said = teacher.fit(encoder.encode_codes(X[rows]), y[rows], **weights).predict(encoder.encode_codes(draft.X))
        taught = draft.y.copy()
        for bump in self._rare_bumps():
            rows = (draft.y >= bump.low) & (draft.y <= bump.high)
            target = draft.y[rows] + self.teacher_weight * (said[rows] - draft.y[rows])
            taught[rows] = np.clip(target, bump.low, bump.high)
        return draft._replace(y=taught)

    def _snapped(self, y):
        """Return targets on the observed grid."""
        return self._target_encoder.snap(y[:, None])[:, 0]

    def _differ(self, old, new, X, y):
        """Return which rows of two Drafts differ, once snapped, by more than 0.001 standard deviations of rare rows."""
        space = _RareSpace(self.encoder_, self._rare_bumps(), X, y)
        old, new = (draft._replace(y=self._snapped(draft.y)) for draft in (old, new))
        return space.distance(old, new) > MOVED

    def _names(self, y):
        """Return the name of the rare bump that each target lies in, empty where there is none."""
        names = np.full(len(y), "", dtype=object)
        for bump in self._rare_bumps():
            names[(y >= bump.low) & (y <= bump.high)] = bump.name
        return names


class _RareSpace:
    """What the networks see of a row: numeric columns and target in units of the rare rows, then levels and gaps.

    Parameters
    ----------
    encoder : TableEncoder
        Of the whole table.
    bumps : list of Bump
        The rare ones that are refined.
    X, y : ndarray of shape (n_samples, n_features) and (n_rows,)
    noise_dim, hidden_layer_sizes
        Of the networks, to build them again.

    Attributes
    ----------
    columns : ndarray of int
        The numeric columns that vary among the rare rows. With the target, they are what the generator moves.
    n_moved, width : int
        Columns of a vector that are moved, and all of them.
    """

    def __init__(self, encoder, bumps, X, y, noise_dim=0, hidden_layer_sizes=()):
        self.noise_dim, self.hidden_layer_sizes = noise_dim, tuple(hidden_layer_sizes)
        rare = X[np.concatenate([bump.indices for bump in bumps])]
        self.encoder = copy.deepcopy(encoder).rescale(rare)
        varies = np.array([len(np.unique(column[~np.isnan(column)])) > 1 for column in rare.T], dtype=bool)
        self.columns = np.flatnonzero(varies & ~encoder.nominal_)
        self.spread = self.encoder.scaling[1][self.columns]
        self.places = np.array([self.encoder.columns_[j].encoded.start for j in self.columns], dtype=np.intp)
        self.others = np.setdiff1d(np.arange(self.encoder.width_), self.places)
        self.low, self.high = np.array([bump.low for bump in bumps]), np.array([bump.high for bump in bumps])
        self.target_moves = self.low < self.high
        self.target_center = np.where(self.target_moves, [y[bump.indices].mean() for bump in bumps], self.low)
        self.target_spread = np.where(self.target_moves, [y[bump.indices].std() for bump in bumps], 1.0)
        self.n_moved = len(self.columns) + 1
        self.width = self.n_moved + len(self.others) + len(bumps)

    def bump_of(self, y):
        """Return the number of the bump that each target lies in, -1 where there is none."""
        inside = (y[:, None] >= self.low) & (y[:, None] <= self.high)
        return np.where(inside.any(axis=1), inside.argmax(axis=1), -1)

    def vectors(self, X, y, bump):
        """Return rows as float32 vectors of shape (n_samples, width)."""
        encoded = self.encoder.encode_codes(X)
        target = (y - self.target_center[bump]) / self.target_spread[bump]
        indicator = np.eye(len(self.low))[bump]
        return np.column_stack([encoded[:, self.places], target, encoded[:, self.others], indicator]).astype(np.float32)

    def shifted(self, draft, steps, bump):
        """Return the rows of a Draft shifted by `steps`, shape (n_samples, n_moved): valid cells, and targets."""
        X_new = draft.X.copy()
        X_new[:, self.columns] += steps[:, :-1] * self.spread
        return self.encoder.snap(X_new), draft.y + steps[:, -1] * (self.target_spread * self.target_moves)[bump]

    def distance(self, old, new):
        """Return how far each row went in the column where it went farthest, in standard deviations of rare rows."""
        in_X = np.abs(self.encoder.snap(new.X) - self.encoder.snap(old.X))[:, self.columns] / self.spread
        in_y = np.abs(new.y - old.y) / self.target_spread[self.bump_of(old.y)]
        return np.column_stack([np.nan_to_num(in_X), in_y]).max(axis=1)


# ------------------------------------------------------------------------------------------------ helpers
_NOTHING_REFINED = {
    "status": "not refined",
    "n_rows": 0,
    "n_moved": 0,
    "n_taught": 0,
    "n_fallback": 0,
    "n_rejected": 0,
    "mmd_before": None,
    "mmd_after": None,
}


def _check_parameters(sampler):
    """Refuse values that the table of constraints cannot tell."""
    bandwidths = sampler.mmd_bandwidths
    if not len(bandwidths) or not all(isinstance(value, Real) and 0 < value < np.inf for value in bandwidths):
        raise ValueError(f"mmd_bandwidths must be positive numbers, got {bandwidths!r}.")
    if not all(isinstance(size, Integral) and size > 0 and size is not True for size in sampler.hidden_layer_sizes):
        raise ValueError(f"hidden_layer_sizes must be whole numbers above 0, got {sampler.hidden_layer_sizes!r}.")
    if sampler.reject_fraction and not sampler.adversarial_weight:
        raise ValueError("reject_fraction needs a critic, and adversarial_weight=0 trains none; raise it.")


def _is_ours(sampler):
    """Whether a sampler draws rows in codes, as those of `over_sampling` do, so that stage 1 needs no second table."""
    own_steps = ("_learn", "_amounts", "_resample")
    return isinstance(sampler, BaseRegressionSampler) and all(
        getattr(type(sampler), name) is getattr(BaseRegressionSampler, name) for name in own_steps
    )


def _foreign_draft(sampler, encoder, X, y):
    """Return the new rows that somebody else's sampler makes of a table in codes."""
    name, table = type(sampler).__name__, encoder.from_codes(X)
    X_new, y_new = sampler.fit_resample(table, y)
    columns, given = reader_of(X_new).names, [column.name for column in encoder.columns_]
    if len(columns) != len(given) or (reader_of(table).names == given and list(columns) != given):
        raise ValueError(f"The base sampler {name} returned the columns {list(columns)} for {given}.")
    made = synthetic_rows(sampler, table, y, X_new, y_new)
    if made.all() and len(made) >= len(y) and not hasattr(sampler, "is_synthetic_"):
        raise ValueError(
            f"The base sampler {name} returned none of the given rows unchanged, so new ones cannot be told; does it "
            "scale them or change their data type?"
        )
    codes, target = encoder.to_codes(X_new)[made], np.asarray(y_new, dtype=float)[made]
    if not np.isfinite(target).all():
        raise ValueError(f"The base sampler {name} made rows whose target is NaN or infinite.")
    for column, values in zip(encoder.columns_, codes.T):
        if np.isnan(values).any() and not column.has_missing:
            raise ValueError(f"The base sampler {name} made missing cells in column {column.name!r}, which has none.")
    parents = getattr(sampler, "parent_indices_", None)
    if np.shape(parents) != (len(target), 2):
        parents = np.full((len(target), 2), -1)
    return Draft(codes, target, np.asarray(parents, dtype=np.intp))


def _default_teacher():
    return ExtraTreesRegressor(N_TREES, min_samples_leaf=3, max_features=0.5)


def _teaching_rows(is_rare, rng):
    """Return the rows that the teacher learns from: all, or of a large table the rare ones and a sample of the rest."""
    if len(is_rare) <= MAX_TAUGHT:
        return np.arange(len(is_rare))
    rare, common = np.flatnonzero(is_rare), np.flatnonzero(~is_rare)
    rare = rng.permutation(rare)[: MAX_TAUGHT // 2]
    return np.sort(np.concatenate([rare, rng.permutation(common)[: MAX_TAUGHT - len(rare)]]))


def _by_size(bumps, min_rare):
    """Return the bumps of at least `min_rare` rows, and the others."""
    large = [bump for bump in bumps if len(bump.indices) >= min_rare]
    return large, [bump for bump in bumps if len(bump.indices) < min_rare]


def _split(bumps, validation_fraction, rng):
    """Return positions of rare rows to train on, and of those held out, of every bump."""
    parts = []
    for bump in bumps:
        rows = rng.permutation(np.sort(bump.indices))
        n_held_out = min(max(MIN_HELD_OUT, round(validation_fraction * len(rows))), len(rows) - MIN_HELD_OUT)
        parts.append((rows[n_held_out:], rows[:n_held_out]))
    return tuple(np.sort(np.concatenate(part)) for part in zip(*parts))


def _best_liked(names, wanted, liking):
    """Return positions of as many rows of each name as are wanted, those that are liked best, in the order given."""
    kept = []
    for name, n in wanted.items():
        rows = np.flatnonzero(names == name)
        kept.append(rows[np.argsort(-liking[rows], kind="stable")[:n]])
    return np.sort(np.concatenate(kept)) if kept else np.empty(0, dtype=np.intp)
