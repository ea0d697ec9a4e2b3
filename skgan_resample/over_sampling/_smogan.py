"""SMOGAN: rare target values over-sampled by interpolation, the new rows refined by a GAN."""

import copy
from numbers import Integral, Real

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.validation import has_fit_parameter

from skgan_resample._estimators import (
    OPTIMIZER_CONSTRAINTS,
    RUN_CONSTRAINTS,
    CallbackSupportMixin,
    Options,
    OptionsMixin,
    TorchStateMixin,
    fit_callbacks,
    seeded_clone,
)
from skgan_resample._tables._containers import reader_of
from skgan_resample._tables._origins import synthetic_rows
from skgan_resample.exceptions import NonFiniteLossError, warn
from skgan_resample.over_sampling._base import BaseRegressionSampler, Draft, described, rows_per_bump
from skgan_resample.over_sampling._classical import SMOGN

# Guesses that were never tuned, unless the comment says where the value comes from.
EVALUATE_EVERY = 10  # steps between two evaluations on the held-out rows
MIN_HELD_OUT = 2  # held-out rows of each bump; the MMD needs a pair
TRAINING_DRAFTS = 4  # candidates to train on, as a multiple of the rare rows, at least
MAX_EVALUATED = 512  # candidates that the held-out rows are compared with; bounds the pairwise distances
CRITIC_RATE = 3  # times the learning rate of the generator: two time-scale updates, arXiv:1706.08500
BETAS = (0.5, 0.9)  # of Adam, usual for a critic with gradient penalty
N_TREES = 60  # of the default regressor that refines targets
MAX_TARGET_ROWS = 10_000  # rows that this regressor is fitted to; more cost time and change little
MOVED = 1e-3  # standard deviations; a row that moves less in every column counts as unmoved
DEFAULT_THRESHOLD = 0.5  # chosen on tuning tables, together with "balance"


class DistGANOptions(Options):
    """Settings of DistGAN, the network of `SMOGANRegressorResampler`; rarely searched.

    The defaults were chosen on tuning tables. Give an object, or set single values by nested names:
    ``sampler.set_params(gan__mmd_weight=50.0)``.

    Parameters
    ----------
    noise_dim : int, default=8
        Columns of Gaussian noise that the generator gets beside the candidate; 0 for none. Our choice.
    hidden_layer_sizes : array-like of int, default=(64, 64)
        Of generator and critic.
    n_critic : int, default=3
        Updates of the critic for each update of the generator.
    adversarial_weight, mmd_weight, anchor_weight : float, default=1.0, 200.0 and 20.0
        Weights in the generator's loss of the critic's score (0: no critic), the squared maximum mean discrepancy (MMD)
        and the mean squared length of the moves in standard deviations of the rare rows.
    penalty_weight : float, default=10.0
        Weight of the gradient penalty of the critic, as in the paper.
    mmd_bandwidths : array-like of float, default=(0.25, 0.5, 1.0, 2.0, 4.0)
        Of the Gaussian kernels, in units of the median squared distance between real rare rows.
    leave_parents_out : bool, default=True
        Whether the MMD compares no candidate with its own parents. Our choice: a generator would otherwise copy them.
    batch_size : int, default=128
        Candidates in each update, and as many real rare rows.
    learning_rate : float, default=2e-3
        Of the generator; the critic's is three times that.
    tol : float, default=0.0
        An evaluation counts as better only if its score is lower by more than this.

    Examples
    --------
    >>> from skgan_resample import DistGANOptions, SMOGANRegressorResampler
    >>> sampler = SMOGANRegressorResampler(gan=DistGANOptions(mmd_weight=50.0))
    >>> sampler.set_params(gan__batch_size=64).gan
    DistGANOptions(batch_size=64, mmd_weight=50.0)
    """

    _parameter_constraints: dict = {
        "noise_dim": [Interval(Integral, 0, None, closed="left")],
        "hidden_layer_sizes": ["array-like"],
        "n_critic": [Interval(Integral, 1, None, closed="left")],
        "adversarial_weight": [Interval(Real, 0, None, closed="left")],
        "mmd_weight": [Interval(Real, 0, None, closed="left")],
        "anchor_weight": [Interval(Real, 0, None, closed="left")],
        "penalty_weight": [Interval(Real, 0, None, closed="left")],
        "mmd_bandwidths": ["array-like"],
        "leave_parents_out": ["boolean"],
        **OPTIMIZER_CONSTRAINTS,
    }

    def __init__(
        self,
        *,
        noise_dim=8,
        hidden_layer_sizes=(64, 64),
        n_critic=3,
        adversarial_weight=1.0,
        mmd_weight=200.0,
        anchor_weight=20.0,
        penalty_weight=10.0,
        mmd_bandwidths=(0.25, 0.5, 1.0, 2.0, 4.0),
        leave_parents_out=True,
        batch_size=128,
        learning_rate=2e-3,
        tol=0.0,
    ):
        self.noise_dim = noise_dim
        self.hidden_layer_sizes = hidden_layer_sizes
        self.n_critic = n_critic
        self.adversarial_weight = adversarial_weight
        self.mmd_weight = mmd_weight
        self.anchor_weight = anchor_weight
        self.penalty_weight = penalty_weight
        self.mmd_bandwidths = mmd_bandwidths
        self.leave_parents_out = leave_parents_out
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.tol = tol

    def _check_values(self):
        bandwidths = self.mmd_bandwidths
        if not len(bandwidths) or not all(isinstance(value, Real) and 0 < value < np.inf for value in bandwidths):
            raise ValueError(f"mmd_bandwidths must be positive numbers, got {bandwidths!r}.")
        if not all(isinstance(size, Integral) and size > 0 and size is not True for size in self.hidden_layer_sizes):
            raise ValueError(f"hidden_layer_sizes must be whole numbers above 0, got {self.hidden_layer_sizes!r}.")


@described
class SMOGANRegressorResampler(OptionsMixin, CallbackSupportMixin, TorchStateMixin, BaseRegressionSampler):
    """Over-sample rare target values with SMOGAN [1]_: candidates of a classical sampler, refined by a GAN.

    Stage 1 makes new rows with rare target values, by default with `SMOGN`. Stage 2, DistGAN, moves them: a generator
    gets each candidate, features and target together. It is trained against a Wasserstein critic that sees real rare
    rows only, and to lower the maximum mean discrepancy (MMD) to these rows. Stage 3 is our addition: the targets of
    the new rows are shrunk towards the predictions of a regressor. `refinement_` counts the rows that changed.

    Parameters
    ----------
    base_sampler : sampler, default=None
        Stage 1: any object whose ``fit_resample`` takes a continuous target; it is cloned. None is
        ``SMOGN(sampling_strategy="balance")``. For a sampler of this library, what is rare, which columns are nominal,
        and under-sampling are set here; any other decides itself.
    {relevance}
    threshold : float in (0, 1], default=0.5
        A row is rare when the relevance of its target reaches this value. Our choice for a large gain on rare values of
        tuning tables; elsewhere `SMOGN` with 0.8 and "auto" gained as much at a lower cost (``benchmarks/results``).
    sampling_strategy : {"auto", "balance"}, float or dict, default="auto"
        How many rows are made: as in `SMOGN`, but "auto" is what `base_sampler` has. A `base_sampler` from elsewhere
        decides itself; anything but "auto" is refused then.
    {under_sampling, emphasis}
    refine : bool, default=True
        False returns the candidates: exactly the rows of `base_sampler` with the same seed.
    estimator : regressor, default=None
        Refines the targets of the new rows. It is cloned and fitted to all rows (to a sample of more than 10,000),
        weighted by relevance if it takes weights. None is
        ``ExtraTreesRegressor(60, min_samples_leaf=3, max_features=0.5)``.
    target_refinement : float in [0, 1], default=0.3
        How far the target of a new row moves towards the prediction of `estimator`, at most to the edge of its bump.
        Our addition: with larger values over-sampling costs less total error and gains less on rare values.
    min_rare : int >= 4, default=10
        Bumps with fewer rows get no network, with a `ResamplingWarning`.
    validation_fraction : float in (0, 1), default=0.2
        Share of the rare rows of each bump, at least 2, that neither the networks nor their candidates see. The
        generator of the step whose rows are nearest to them in MMD is kept, step 0 included.
    gan : DistGANOptions, default=None
        Settings of the network; None is ``DistGANOptions()``.
    max_steps : int, default=200
        Updates of the generator.
    patience : int, default=None
        Stop after this many evaluations, one every 10 steps, that improve the score by no more than ``gan.tol``.
    max_time : float, default=None
        Seconds after which training stops. Results then depend on the machine.
    {categorical_features, on_no_rare}
    device : str, default="auto"
        "cpu", "cuda", "cuda:1", ...; "auto" is CUDA where there is one.
    verbose : int, default=0
        If not 0, every evaluation is printed.
    {random_state}

    Attributes
    ----------
    generator_, critic_ : torch.nn.Module or None
        The generator of the step that was kept and the critic of the last one, on the CPU; None if none were trained.
    history_ : list of dict
        One record per evaluation: ``step``, ``seconds``, ``score`` (unbiased estimate of the squared MMD between moved
        candidates and held-out rows) and the means of ``critic_loss``, ``generator_loss`` and ``mmd``.
    best_step_ : int
        The step that was kept; at 0 the generator moves nothing.
    refinement_ : dict
        ``status`` in words; ``mmd_before`` and ``mmd_after``, the held-out score of step 0 and of the kept step (the
        lowest of all, so a little too good); ``n_rows`` new rows. The generator moved ``n_moved`` of them and
        `estimator` ``n_target_refined``, by more than 0.001 standard deviations; ``n_fallback`` kept their candidate
        because the target would have left its bump.
    base_sampler_ : sampler
        The clone of stage 1, unfitted.
    device_ : str or None
        Where networks are trained; None if nothing was to be refined.
    {relevance_, bumps_, sampling_strategy_, is_synthetic_, kept_indices_, parent_indices_, encoder_, n_features_in_}

    See Also
    --------
    SMOGN : Stage 1 alone, some hundred times faster.
    skgan_resample.plots.RefinementDisplay : A picture of what stage 2 changed.

    Notes
    -----
    From the paper, whose text was not available, by what reviews report of it: the two stages, the generator that gets
    candidates, the critic that sees real rare rows only, the gradient penalty of 10, the adversarial loss with an MMD.
    Everything else is our choice, because nothing is known of it: kernels, weights, layers, schedule, residual
    generator that begins as the identity, held-out rows, fallbacks, nominal and missing cells (those of the candidate).

    The generator moves numeric columns that vary among the rare rows, and the target. If training diverges, all
    candidates stay, with a warning. On most tables the network changes little; ``benchmarks/results`` holds what each
    part contributes.

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

    draws_codes = False  # `_learn` and `_amounts` differ from those of the base class
    _network_names = ("generator_", "critic_")
    _options = {"gan": DistGANOptions}

    _parameter_constraints: dict = {
        **BaseRegressionSampler._parameter_constraints,
        **RUN_CONSTRAINTS,
        "base_sampler": [HasMethods(["fit_resample"]), None],
        "refine": ["boolean"],
        "estimator": [HasMethods(["fit", "predict"]), None],
        "target_refinement": [Interval(Real, 0, 1, closed="both")],
        "min_rare": [Interval(Integral, 4, None, closed="left")],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "gan": [DistGANOptions, None],
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
        estimator=None,
        target_refinement=0.3,
        min_rare=10,
        validation_fraction=0.2,
        gan=None,
        max_steps=200,
        patience=None,
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
        self.estimator = estimator
        self.target_refinement = target_refinement
        self.min_rare = min_rare
        self.validation_fraction = validation_fraction
        self.gan = gan
        self.max_steps = max_steps
        self.patience = patience
        self.max_time = max_time
        self.device = device
        self.verbose = verbose

    def _learn(self, X, y):
        self.generator_ = self.critic_ = self.space_ = self.device_ = None
        self.history_, self.best_step_ = [], 0
        self.refinement_ = dict(_NOTHING_REFINED)
        DistGANOptions.of(self.gan)  # refuse wrong settings before any work
        return super()._learn(X, y)

    # ------------------------------------------------------------------------------------------ stage 1
    def _amounts(self, n_rows):
        """Return how many rows each rare bump gets; nothing if a base sampler from elsewhere decides while it draws."""
        self.base_sampler_ = self._make_base()
        if _draws_codes(self.base_sampler_):
            decides = self.base_sampler_ if self.sampling_strategy == "auto" else self
            return rows_per_bump(decides.sampling_strategy, self.bumps_, n_rows)
        if self.sampling_strategy != "auto":
            raise ValueError(
                f"{type(self.base_sampler_).__name__} decides itself how many rows it makes: set that there and "
                f"leave sampling_strategy='auto', got {self.sampling_strategy!r}."
            )
        return {}

    def _make_base(self):
        """Return the sampler of stage 1, unfitted."""
        if self.base_sampler is None:
            return SMOGN(
                sampling_strategy="balance", emphasis=self.emphasis, categorical_features=self.categorical_features
            )
        base = clone(self.base_sampler)
        if _draws_codes(base):
            for name, default in (("under_sampling", None), ("categorical_features", "auto")):
                value = getattr(base, name, default)
                if not np.array_equal(value, default) and not np.array_equal(value, getattr(self, name)):
                    raise ValueError(f"base_sampler has {name}={value!r}; set it on {type(self).__name__}.")
        return base

    def _draws_rows(self):
        return super()._draws_rows() if _draws_codes(self.base_sampler_) else bool(self.bumps_)

    def _rare_bumps(self):
        """Return the rare bumps that get rows; all of them where a base sampler from elsewhere decides."""
        amounts = self.sampling_strategy_
        return [bump for bump in self.bumps_ if bump.is_rare and (not amounts or amounts.get(bump.name, 0))]

    def _candidates(self, X, y, bumps, amounts, rng):
        """Return a Draft of unrefined new rows, made of the rows of `X` and `y` alone."""
        if not _draws_codes(self.base_sampler_):
            return _foreign_draft(seeded_clone(self.base_sampler_, rng), self.encoder_, X, y)
        base = clone(self.base_sampler_)
        rng = rng if base.random_state is None else check_random_state(base.random_state)
        for name in ("encoder_", "_target_encoder", "relevance_"):
            setattr(base, name, getattr(self, name))
        base.bumps_, base.sampling_strategy_ = bumps, amounts
        base._fit(X, y, rng)
        return base._draw(X, y, rng)

    # ------------------------------------------------------------------------------------------ training of stage 2
    def _fit(self, X, y, rng):
        """Train DistGAN on the rare rows. Stage 1 later finds `rng` as it would without it: same seed, same rows."""
        if not self.refine:
            return
        from skgan_resample._nn.training import resolve_device

        self.device_ = str(resolve_device(self.device))
        own_rng = np.random.RandomState(copy.deepcopy(rng).randint(np.iinfo(np.int32).max))
        bumps = self._rare_bumps()
        large = [bump for bump in bumps if len(bump.indices) >= self.min_rare]
        small = [bump for bump in bumps if len(bump.indices) < self.min_rare]
        if small:
            names = ", ".join(f"{bump.name!r} with {len(bump.indices)}" for bump in small)
            warn(f"Too few rows to refine (min_rare={self.min_rare}): new rows of {names} stay as stage 1 made them.")
        if not large:
            self.refinement_["status"] = "too few rare rows"
            return
        options = DistGANOptions.of(self.gan)
        train_rows, held_out = _split(large, self.validation_fraction, own_rng)
        self.space_ = _RareSpace(self.encoder_, large, X, y, options.noise_dim, options.hidden_layer_sizes)
        drafts = self._training_candidates(X, y, large, held_out, own_rng)
        if not len(drafts.y):
            self.refinement_["status"] = "stage 1 made no rare row without the held-out ones"
            return
        self._train(X, y, train_rows, held_out, drafts, own_rng)

    def _training_candidates(self, X, y, bumps, held_out, rng):
        """Return candidates in the rare bumps that know nothing of the held-out rows, parents counted in `X`."""
        kept = np.setdiff1d(np.arange(len(y)), held_out)
        position = np.full(len(y), -1)  # of each row among those kept
        position[kept] = np.arange(len(kept))
        remaining, amounts = [], {}
        for bump in bumps:
            rows = position[bump.indices]
            remaining.append(bump._replace(indices=np.sort(rows[rows >= 0])))
            amounts[bump.name] = max(self.sampling_strategy_.get(bump.name, 0), TRAINING_DRAFTS * len(bump.indices))
        draft = self._candidates(X[kept], y[kept], remaining, amounts, rng)
        rare = self.space_.bump_of(draft.y) >= 0
        parents = np.where(draft.parents >= 0, kept[draft.parents], -1)
        return Draft(draft.X[rare], draft.y[rare], parents[rare])

    def _train(self, X, y, train_rows, held_out, drafts, rng):
        """Train generator and critic; keep the state whose rows come nearest to the held-out rare rows."""
        import torch

        from skgan_resample._nn.distgan import distgan_step, held_out_mmd
        from skgan_resample._nn.losses import median_squared_distance
        from skgan_resample._nn.training import Adam, plain_batches, restore, seeded, train

        options = DistGANOptions.of(self.gan)
        real = self._tensors(X[train_rows], y[train_rows], train_rows[:, None])
        unseen = self._tensors(X[held_out], y[held_out], held_out[:, None])
        candidates = self._tensors(*drafts)
        n_records = 1 + -(-self.max_steps // EVALUATE_EVERY)  # rounded up
        device = torch.device(self.device_)
        with seeded(rng, device), fit_callbacks(self, X, y, n_records=n_records) as callbacks:
            networks = {name: self._build_network(f"{name}_").to(device) for name in ("generator", "critic")}
            rates = {"generator": options.learning_rate, "critic": options.learning_rate * CRITIC_RATE}
            optimizers = {name: Adam(networks[name].parameters(), rates[name], betas=BETAS) for name in networks}
            scale = median_squared_distance(real.vectors)
            step = distgan_step(
                **networks, optimizers=optimizers, real=real, candidates=candidates, scale=scale, options=options
            )
            evaluate = held_out_mmd(networks["generator"], candidates, unseen, scale, options, MAX_EVALUATED)
            try:
                result = train(
                    step,
                    plain_batches(len(candidates), options.batch_size, rng, device=device),
                    max_steps=self.max_steps,
                    evaluate=evaluate,
                    evaluate_every=EVALUATE_EVERY,
                    patience=self.patience,
                    tol=options.tol,
                    max_time=self.max_time,
                    callbacks=callbacks,
                    modules=networks,
                )
            except NonFiniteLossError as error:
                warn(f"DistGAN diverged, so new rows stay as stage 1 made them. {error}")
                self.refinement_["status"] = "diverged"
                return
            restore({"generator": networks["generator"]}, result.best_state)  # the critic stays that of the last step
        self.generator_, self.critic_ = (networks[name].cpu().eval() for name in ("generator", "critic"))
        self.history_, self.best_step_ = result.history, result.best_step
        scores = {record["step"]: record["score"] for record in result.history}
        self.refinement_.update(
            status="refined" if result.best_step else "no step came nearer to the held-out rows",
            mmd_before=scores[0],
            mmd_after=scores[result.best_step],
        )

    def _tensors(self, X, y, parents):
        """Return rare rows as the networks see them, on the device."""
        import torch

        from skgan_resample._nn.distgan import RareRows

        bump = self.space_.bump_of(y)
        arrays = (self.space_.vectors(X, y, bump), bump, parents)
        return RareRows(*(torch.from_numpy(array).to(self.device_) for array in arrays))

    def _build_network(self, name):
        from skgan_resample._nn.networks import ResidualGenerator, mlp

        space = self.space_
        if name == "critic_":
            return mlp(space.width, space.hidden_layer_sizes, 1)
        return ResidualGenerator(space.width, space.n_moved, space.noise_dim, space.hidden_layer_sizes)

    # ------------------------------------------------------------------------------------------ new rows
    def _draw(self, X, y, rng):
        """Return candidates, moved by the generator, with targets refined by the regressor."""
        draft = self._candidates(X, y, self.bumps_, self.sampling_strategy_, rng)
        if not _draws_codes(self.base_sampler_):  # only now is known how many rows it makes
            counts = {bump.name: int(_within(draft.y, bump).sum()) for bump in self._rare_bumps()}
            self.sampling_strategy_ = {name: n for name, n in counts.items() if n}
        self.refinement_["n_rows"] = len(draft.y)
        if not self.refine or not len(draft.y):
            return draft
        return self._with_refined_targets(self._moved(draft, y, rng), X, y, rng)

    def _moved(self, draft, y, rng):
        """Return the Draft moved by the generator; a row whose target would leave its bump keeps its candidate."""
        if self.generator_ is None:
            return draft
        import torch

        from skgan_resample._nn.training import one_thread, seeded

        space, bump = self.space_, self.space_.bump_of(draft.y)
        rows = np.flatnonzero(bump >= 0)
        X_old, y_old, bump = draft.X[rows], draft.y[rows], bump[rows]
        on_device = self._on_device(self.device_, "generator_")
        with seeded(rng), one_thread(), torch.no_grad(), on_device as (generator,):
            vectors = torch.from_numpy(space.vectors(X_old, y_old, bump)).to(self.device_)
            noise = torch.randn(len(rows), space.noise_dim).to(self.device_)  # the same on every device
            steps = (generator(vectors, noise) - vectors)[:, : space.n_moved].cpu().numpy().astype(float)
        X_new, y_new = space.shifted(X_old, y_old, steps, bump)
        X_new, y_new = self.encoder_.snap(X_new), self._snapped(np.clip(y_new, y.min(), y.max()))
        stays = space.bump_of(y_new) == bump
        distance = space.distance(self.encoder_.snap(X_old), self._snapped(y_old), X_new, y_new, bump)
        self.refinement_["n_moved"] = int((stays & (distance > MOVED)).sum())
        self.refinement_["n_fallback"] = int((~stays).sum())
        moved = Draft(draft.X.copy(), draft.y.copy(), draft.parents)
        moved.X[rows[stays]], moved.y[rows[stays]] = X_new[stays], y_new[stays]
        return moved

    def _with_refined_targets(self, draft, X, y, rng):
        """Return a Draft with targets shrunk towards a regressor's predictions, at most to the edge of their bump."""
        if self.target_refinement == 0:
            return draft
        trees = ExtraTreesRegressor(N_TREES, min_samples_leaf=3, max_features=0.5)  # a guess
        estimator = seeded_clone(trees if self.estimator is None else self.estimator, rng)
        encoder = copy.deepcopy(self.encoder_).rescale(X)
        if not encoder.width_:  # constant columns alone
            return draft
        rows = _rows_to_fit(self.relevance_.rare_mask(y, self.threshold), rng)
        weights = {}
        if has_fit_parameter(estimator, "sample_weight"):
            weights["sample_weight"] = self.relevance_.sample_weight(y[rows], self.threshold)
        estimator.fit(encoder.encode_codes(X[rows]), y[rows], **weights)
        predicted = estimator.predict(encoder.encode_codes(draft.X))
        refined, spread = draft.y.copy(), np.ones(len(draft.y))
        for bump in self._rare_bumps():
            inside = _within(draft.y, bump)  # (n_new,)
            target = draft.y[inside] + self.target_refinement * (predicted[inside] - draft.y[inside])
            refined[inside] = np.clip(target, bump.low, bump.high)
            spread[inside] = y[bump.indices].std() if bump.low < bump.high else 1.0
        differs = np.abs(self._snapped(refined) - self._snapped(draft.y)) / spread > MOVED
        self.refinement_["n_target_refined"] = int(differs.sum())
        return draft._replace(y=refined)


class _RareSpace:
    """What the networks see of a row: numeric columns and the target in units of the rare rows, then one-hot blocks.

    A vector has `width` columns. The generator moves the first `n_moved` of them: the numeric columns of the table that
    vary among the rare rows (`columns`), and the target. Behind them come all others, and which bump the row is in.
    """

    def __init__(self, encoder, bumps, X, y, noise_dim=0, hidden_layer_sizes=()):
        self.noise_dim, self.hidden_layer_sizes = noise_dim, tuple(hidden_layer_sizes)
        rare = X[np.concatenate([bump.indices for bump in bumps])]
        self.encoder = copy.deepcopy(encoder).rescale(rare)
        varies = np.array([len(np.unique(column[~np.isnan(column)])) > 1 for column in rare.T], dtype=bool)
        self.columns = np.flatnonzero(varies & ~encoder.nominal_)
        self.spread = self.encoder.scaling[1][self.columns]  # (n_moved - 1,)
        # Where these columns, and all others, stand in the encoded row.
        self.positions = np.array([self.encoder.columns_[j].encoded.start for j in self.columns], dtype=np.intp)
        self.others = np.setdiff1d(np.arange(self.encoder.width_), self.positions)
        # Of each bump, shape (n_bumps,); a bump of a single target value does not move.
        self.low, self.high = np.array([bump.low for bump in bumps]), np.array([bump.high for bump in bumps])
        self.target_moves = self.low < self.high
        self.target_center = np.where(self.target_moves, [y[bump.indices].mean() for bump in bumps], self.low)
        self.target_spread = np.where(self.target_moves, [y[bump.indices].std() for bump in bumps], 1.0)
        self.n_moved = len(self.columns) + 1
        self.width = self.n_moved + len(self.others) + len(bumps)

    def bump_of(self, y):
        """Return the number of the bump that each target lies in, -1 where there is none."""
        inside = (y[:, None] >= self.low) & (y[:, None] <= self.high)  # (n_samples, n_bumps)
        return np.where(inside.any(axis=1), inside.argmax(axis=1), -1)

    def vectors(self, X, y, bump):
        """Return rows as float32 vectors of shape (n_samples, width)."""
        encoded = self.encoder.encode_codes(X)
        target = (y - self.target_center[bump]) / self.target_spread[bump]
        one_hot = np.eye(len(self.low))[bump]
        parts = [encoded[:, self.positions], target, encoded[:, self.others], one_hot]
        return np.column_stack(parts).astype(np.float32)

    def shifted(self, X, y, steps, bump):
        """Return rows and targets shifted by `steps`, shape (n_samples, n_moved), in units of the rare rows."""
        X_new = X.copy()
        X_new[:, self.columns] += steps[:, :-1] * self.spread
        return X_new, y + steps[:, -1] * (self.target_spread * self.target_moves)[bump]

    def distance(self, X_old, y_old, X_new, y_new, bump):
        """Return how far each row went in the column where it went farthest, in standard deviations of rare rows."""
        in_X = np.nan_to_num(np.abs(X_new - X_old)[:, self.columns] / self.spread)  # 0 for missing cells
        in_y = np.abs(y_new - y_old) / self.target_spread[bump]
        return np.column_stack([in_X, in_y]).max(axis=1)


# ------------------------------------------------------------------------------------------------ helpers
_NOTHING_REFINED = {
    "status": "not refined",
    **dict.fromkeys(("n_rows", "n_moved", "n_target_refined", "n_fallback"), 0),
    **dict.fromkeys(("mmd_before", "mmd_after")),
}


def _within(y, bump):
    return (y >= bump.low) & (y <= bump.high)


def _draws_codes(sampler):
    """Whether stage 1 can call the sampler's `_draw` on the encoded table, so that the table is read only once."""
    return getattr(sampler, "draws_codes", False)


def _foreign_draft(sampler, encoder, X, y):
    """Return the new rows that a sampler from elsewhere makes of an encoded table."""
    name, table = type(sampler).__name__, encoder.from_codes(X)
    X_new, y_new = sampler.fit_resample(table, y)
    columns, given = reader_of(X_new).names, [column.name for column in encoder.columns_]
    if len(columns) != len(given) or (reader_of(table).names == given and list(columns) != given):
        raise ValueError(f"The base sampler {name} returned the columns {list(columns)} for {given}.")
    made = synthetic_rows(sampler, table, y, X_new, y_new)
    if made.all() and len(made) >= len(y) and not hasattr(sampler, "is_synthetic_"):
        raise ValueError(
            f"The base sampler {name} returned none of the given rows unchanged, so the new ones cannot be found; "
            "does it scale them or change their data type?"
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


def _rows_to_fit(is_rare, rng):
    """Return the rows to fit the regressor to: all, or of a large table the rare ones and a sample of the others."""
    if len(is_rare) <= MAX_TARGET_ROWS:
        return np.arange(len(is_rare))
    rare, common = np.flatnonzero(is_rare), np.flatnonzero(~is_rare)
    rare = rng.permutation(rare)[: MAX_TARGET_ROWS // 2]
    return np.sort(np.concatenate([rare, rng.permutation(common)[: MAX_TARGET_ROWS - len(rare)]]))


def _split(bumps, validation_fraction, rng):
    """Return positions of rare rows to train on, and of those held out, of every bump."""
    parts = []
    for bump in bumps:
        rows = rng.permutation(np.sort(bump.indices))
        n_held_out = min(max(MIN_HELD_OUT, round(validation_fraction * len(rows))), len(rows) - MIN_HELD_OUT)
        parts.append((rows[n_held_out:], rows[:n_held_out]))
    return tuple(np.sort(np.concatenate(part)) for part in zip(*parts))
