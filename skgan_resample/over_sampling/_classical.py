"""Over-samplers for a continuous target that copy, perturb or interpolate rows."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from skgan_resample._neighbors import HeomSpace, interpolate, nearest, perturb
from skgan_resample.exceptions import warn
from skgan_resample.over_sampling._base import BaseRegressionSampler, Draft, described, single_parents, stack_drafts


@described
class RandomOverSampler(BaseRegressionSampler):
    """Over-sample rare target values by copying their rows.

    The plainest over-sampler, and often as good as any.

    Parameters
    ----------
    {relevance, threshold, sampling_strategy, under_sampling, emphasis, categorical_features}
    {on_no_rare, random_state}

    Attributes
    ----------
    {relevance_, bumps_, sampling_strategy_, is_synthetic_, kept_indices_, parent_indices_, encoder_, n_features_in_}

    See Also
    --------
    SMOGN : New rows between and around rare ones instead of copies.
    skgan_resample.compose.RelevanceWeightedRegressor : The same emphasis without new rows, by weights.

    References
    ----------
    .. [1] P. Branco, L. Torgo, R. P. Ribeiro, "Pre-processing approaches for imbalanced distributions in regression",
       Neurocomputing 343, 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan_resample.over_sampling import RandomOverSampler
    >>> y = np.r_[np.arange(20.0), 60.0, 70.0]
    >>> X = y[:, None] / 10
    >>> sampler = RandomOverSampler(sampling_strategy={"high": 8}, random_state=0)
    >>> X_resampled, y_resampled = sampler.fit_resample(X, y)
    >>> len(y), len(y_resampled), sampler.is_synthetic_.sum().item()
    (22, 25, 3)
    """

    def _draw(self, X, y, rng):
        drawn = [rows[self._choose_seeds(y[rows], n_new, rng)] for _, rows, n_new in self._growing_bumps()]
        rows = np.concatenate(drawn)  # (n_new,): positions in the input
        return Draft(X[rows], y[rows], single_parents(rows))


@described
class GaussianNoise(BaseRegressionSampler):
    """Over-sample rare target values by copies with Gaussian noise, target included.

    Parameters
    ----------
    {relevance, threshold, sampling_strategy, under_sampling, emphasis}
    perturbation : float, default=0.1
        Standard deviation of the noise, as a share of that of each column among the rows of the bump. Nominal cells are
        drawn at random, with the frequencies in the bump.
    {categorical_features, on_no_rare, random_state}

    Attributes
    ----------
    relevance_, bumps_, sampling_strategy_, is_synthetic_, kept_indices_, parent_indices_, encoder_
        As in `RandomOverSampler`.

    References
    ----------
    .. [1] P. Branco, R. P. Ribeiro, L. Torgo, "UBL: an R package for utility-based learning", arXiv:1604.08079, 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan_resample.over_sampling import GaussianNoise
    >>> y = np.r_[np.arange(20.0), 60.0, 70.0]
    >>> X = y[:, None] / 10
    >>> X_resampled, y_resampled = GaussianNoise(sampling_strategy="balance", random_state=0).fit_resample(X, y)
    >>> len(y_resampled), bool((y_resampled[22:] >= 17).all())  # from 17 on, targets are rare
    (28, True)
    """

    _parameter_constraints: dict = {
        **BaseRegressionSampler._parameter_constraints,
        "perturbation": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        *,
        relevance=None,
        threshold=0.8,
        sampling_strategy="auto",
        under_sampling=None,
        emphasis="equal",
        perturbation=0.1,
        categorical_features="auto",
        on_no_rare="warn",
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
        self.perturbation = perturbation

    def _draw(self, X, y, rng):
        drafts = []
        for bump, rows, n_new in self._growing_bumps():
            seeds = self._choose_seeds(y[rows], n_new, rng)
            scale = np.full(n_new, self.perturbation)
            drafts.append(_rows_around(X, y, bump, rows, seeds, scale, self.encoder_.nominal_, rng))
        return stack_drafts(drafts)


class _NeighborSampler(BaseRegressionSampler):
    """Parameters of the samplers that draw between neighbours."""

    _parameter_constraints: dict = {
        **BaseRegressionSampler._parameter_constraints,
        "k_neighbors": [Interval(Integral, 1, None, closed="left"), HasMethods(["fit", "kneighbors"])],
        "metric": [StrOptions({"heom", "euclidean"})],
    }

    def __init__(
        self,
        *,
        relevance=None,
        threshold=0.8,
        sampling_strategy="auto",
        under_sampling=None,
        emphasis="equal",
        k_neighbors=5,
        metric="heom",
        categorical_features="auto",
        on_no_rare="warn",
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
        self.k_neighbors = k_neighbors
        self.metric = metric

    def _choose_pairs(self, X, y, rows, n_new, rng, *, half_median=False):
        """Return seeds, one random neighbour of each, their distance and the safe distance, each of shape (n_new,).

        Seeds and neighbours are positions in `rows`, the rows of the bump.
        """
        schema = self.encoder_
        space = HeomSpace(X[rows], schema.nominal_, *schema.ranges, metric=self.metric)
        seeds = self._choose_seeds(y[rows], n_new, rng)
        if n_new < len(rows) or self.emphasis == "relevance":
            distinct, which = np.unique(seeds, return_inverse=True)  # seeds == distinct[which]
        else:  # every row is a seed
            distinct, which = np.arange(len(rows)), seeds
        found = nearest(space, distinct, self.k_neighbors, half_median=half_median, rng=rng)
        pick = which, rng.randint(found.indices.shape[1], size=n_new)  # into arrays of (n_distinct, k)
        safe = found.half_median if half_median else np.median(found.distances, axis=1) / 2  # (n_distinct,)
        return seeds, found.indices[pick], found.distances[pick], safe[which]


@described
class SMOTER(_NeighborSampler):
    """Over-sample rare target values by interpolation between neighbours (SMOTE for regression).

    A new row lies on the segment between a rare row and one of its nearest neighbours in the same bump; its target is
    interpolated by the same share. Nominal cells come from either parent.

    Parameters
    ----------
    {relevance, threshold, sampling_strategy, under_sampling, emphasis, k_neighbors, metric}
    {categorical_features, on_no_rare, random_state}

    Attributes
    ----------
    relevance_, bumps_, sampling_strategy_, is_synthetic_, kept_indices_, parent_indices_, encoder_
        As in `RandomOverSampler`.

    Notes
    -----
    A bump of a single row has no neighbours: the row is copied, with a `ResamplingWarning`.

    References
    ----------
    .. [1] L. Torgo, R. P. Ribeiro, B. Pfahringer, P. Branco, "SMOTE for regression", EPIA 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan_resample.over_sampling import SMOTER
    >>> y = np.r_[np.arange(20.0), 60.0, 70.0]
    >>> X = y[:, None] / 10
    >>> X_resampled, y_resampled = SMOTER(sampling_strategy="balance", random_state=0).fit_resample(X, y)
    >>> bool(np.allclose(X_resampled[:, 0], y_resampled / 10, atol=0.1))
    True
    """

    def _draw(self, X, y, rng):
        drafts = []
        for _, rows, n_new in self._growing_bumps():
            if len(rows) == 1:
                warn("A rare row without neighbours was copied.")
                copies = np.repeat(rows, n_new)
                drafts.append(Draft(X[copies], y[copies], single_parents(copies)))
                continue
            seeds, partners, _, _ = self._choose_pairs(X, y, rows, n_new, rng)
            drafts.append(_rows_between(X, y, rows, seeds, partners, self.encoder_.nominal_, rng))
        return stack_drafts(drafts)


@described
class SMOGN(_NeighborSampler):
    """Over-sample rare target values by interpolation where it is safe and by noise where it is not.

    Each new row begins at a rare row and one of its nearest neighbours in the same bump, a run of rare target values.
    If the neighbour is nearer than a safe distance, the new row is drawn between the two, else close to the rare row.
    The target is treated the same way as the features [1]_.

    Parameters
    ----------
    {relevance, threshold, sampling_strategy, under_sampling, emphasis, k_neighbors, metric}
    safe_distance : {"bin", "neighbors"}, default="bin"
        "bin": half the median distance to the other rows of the bump, as in the paper. "neighbors": to the
        `k_neighbors` nearest, the reading attributed to SMOGAN; few draws interpolate then.
    perturbation : float, default=0.02
        Upper limit of the noise: its standard deviation is the smaller of this and the safe distance, times that of
        each column among the rows of the bump.
    {categorical_features, on_no_rare, random_state}

    Attributes
    ----------
    relevance_, bumps_, sampling_strategy_, is_synthetic_, kept_indices_, parent_indices_, encoder_
        As in `RandomOverSampler`. A row made by noise has one parent.

    Notes
    -----
    Our choices, where the paper is silent: targets stay in the range of their bump, so every new row is rare; values
    are snapped to the observed grid of their column; a cell is NaN only if it is in every parent; in bumps of more than
    20,000 rows the median distance is estimated from 2,000 of them, for speed.

    References
    ----------
    .. [1] P. Branco, L. Torgo, R. P. Ribeiro, "SMOGN: a pre-processing approach for imbalanced regression",
       PMLR 74, 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skgan_resample import SMOGN, Relevance
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> sampler = SMOGN(relevance=Relevance("quantile", side="high"), random_state=0)
    >>> X_resampled, y_resampled = sampler.fit_resample(X, y)
    >>> print(sampler.relevance_.explain())
    47 of 442 rows are rare: y >= 265
    >>> len(X), len(X_resampled), sampler.sampling_strategy_
    (442, 486, {'high': 44})
    """

    _parameter_constraints: dict = {
        **_NeighborSampler._parameter_constraints,
        "safe_distance": [StrOptions({"bin", "neighbors"})],
        "perturbation": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        *,
        relevance=None,
        threshold=0.8,
        sampling_strategy="auto",
        under_sampling=None,
        emphasis="equal",
        k_neighbors=5,
        metric="heom",
        safe_distance="bin",
        perturbation=0.02,
        categorical_features="auto",
        on_no_rare="warn",
        random_state=None,
    ):
        super().__init__(
            relevance=relevance,
            threshold=threshold,
            sampling_strategy=sampling_strategy,
            under_sampling=under_sampling,
            emphasis=emphasis,
            k_neighbors=k_neighbors,
            metric=metric,
            categorical_features=categorical_features,
            on_no_rare=on_no_rare,
            random_state=random_state,
        )
        self.safe_distance = safe_distance
        self.perturbation = perturbation

    def _draw(self, X, y, rng):
        drafts, nominal = [], self.encoder_.nominal_
        for bump, rows, n_new in self._growing_bumps():
            if len(rows) == 1:  # no neighbour and no distance: noise of the full width
                seeds, scale = np.zeros(n_new, dtype=np.intp), np.full(n_new, self.perturbation)
                drafts.append(_rows_around(X, y, bump, rows, seeds, scale, nominal, rng))
                continue
            seeds, partners, distance, safe = self._choose_pairs(
                X, y, rows, n_new, rng, half_median=self.safe_distance == "bin"
            )
            near = distance < safe  # interpolate where the neighbour is near enough, else add noise
            drafts.append(_rows_between(X, y, rows, seeds[near], partners[near], nominal, rng))
            scale = np.minimum(safe, self.perturbation)[~near]  # as in the paper
            drafts.append(_rows_around(X, y, bump, rows, seeds[~near], scale, nominal, rng))
        return stack_drafts(drafts)


def _rows_between(X, y, rows, seeds, partners, nominal, rng):
    """Return a Draft of rows between seeds and partners, both counted within `rows`."""
    joined = np.column_stack([X[rows], y[rows]])  # (n_in_bump, n_features + 1): the target is drawn like a feature
    u = rng.uniform(size=len(seeds))
    drawn = interpolate(joined, seeds, partners, u, np.append(nominal, False), rng)
    return Draft(drawn[:, :-1], drawn[:, -1], np.column_stack([rows[seeds], rows[partners]]))


def _rows_around(X, y, bump, rows, seeds, scale, nominal, rng):
    """Return a Draft of rows scattered around seeds, counted within `rows`; targets stay in the bump."""
    joined = np.column_stack([X[rows], y[rows]])
    spread = _spread(joined if len(rows) > 1 else np.column_stack([X, y]))  # one row has none: that of the table
    drawn = perturb(joined, seeds, scale, spread, np.append(nominal, False), rng)
    target = np.minimum(np.maximum(drawn[:, -1], bump.low), bump.high)
    return Draft(drawn[:, :-1], target, single_parents(rows[seeds]))


def _spread(values):
    """Return the standard deviation of each column, NaN aside; 0 for a column of NaN alone."""
    present = ~np.isnan(values)
    count = np.maximum(present.sum(axis=0), 1)  # (n_columns,); 1 keeps a column of NaN from dividing by zero
    mean = np.where(present, values, 0.0).sum(axis=0) / count
    return np.sqrt(np.where(present, (values - mean) ** 2, 0.0).sum(axis=0) / count)
